//! Single questions about a project that need no decision on its lock file.

use std::collections::{BTreeMap, BTreeSet};

use super::advisories::read_advisories;
use super::error::ProjectError;
use super::open::Project;
use super::registries::Registries;
use crate::gather::advisory_db::AdvisoryReading;
use crate::model::facts::IndexFact;
use crate::model::package::CrateId;

/// Asks for what is wanted, by the project's policy and configuration.
#[derive(Debug)]
pub(crate) struct Lookup<'p> {
    project: &'p Project,
    registries: Registries,
}

impl<'p> Lookup<'p> {
    /// Asks nobody yet.
    pub(crate) fn of(project: &'p Project) -> Result<Self, ProjectError> {
        Ok(Self { project, registries: Registries::of(project)? })
    }

    /// The advisories about all crates.
    pub(crate) fn advisories(&self) -> AdvisoryReading {
        read_advisories(self.project, None, self.registries.http())
    }

    /// The index entries of these crates.
    pub(crate) fn index(&self, crates: &BTreeSet<CrateId>) -> BTreeMap<CrateId, IndexFact> {
        self.registries.read(crates, &mut |_, _| ())
    }
}
