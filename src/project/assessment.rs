//! The decision on the lock file as it was found.

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};
use jiff::Timestamp;
use semver::Version;

use super::error::ProjectError;
use super::gathering::{About, Decision, Gathered};
use super::open::Project;
use super::rules::Rules;
use super::subject::{Subject, relative};
use crate::gather::http::Http;
use crate::gather::index::{IndexMode, RegistryAccess, RegistryConfig};
use crate::gather::policy_file::PolicyFile;
use crate::model::adoption::Carried;
use crate::model::evaluation::Evaluation;
use crate::model::facts::{Facts, IndexFact};
use crate::model::package::{CrateId, LockedChecksum, Package, PackageId};
use crate::model::source::{Registry, Source};
use crate::model::trail::Trail;
use crate::policy::baseline::carried;

/// A decision with all that it was made from.
#[derive(Debug)]
pub(crate) struct Assessment {
    gathered: Gathered,
    decision: Decision,
    locked: Utf8PathBuf,
    reached: Reached,
}

/// How registries were reached, for those who fetch from them afterwards.
#[derive(Debug)]
pub(crate) struct Reached {
    /// Whom to ask for each registry.
    pub(crate) access: BTreeMap<Registry, RegistryAccess>,
    /// The registries' `config.json`.
    pub(crate) configs: BTreeMap<Registry, RegistryConfig>,
}

impl Assessment {
    /// Makes it, and reads about some crates beside those that the lock file has.
    pub(crate) fn of(project: Project, beside: BTreeSet<CrateId>) -> Result<Self, ProjectError> {
        Self::about(project, About::These(beside))
    }

    /// The same, with more read than the decision needs.
    pub(crate) fn about(project: Project, about: About) -> Result<Self, ProjectError> {
        let locked = relative(&project.subject().lock_path, project.environment());
        let gathered = Gathered::read(project, about)?;
        let decision = gathered.decide();
        let registries = gathered.registries();
        let reached = Reached { access: registries.access(), configs: registries.configs() };
        Ok(Self { gathered, decision, locked, reached })
    }

    /// The same with what the registries' web API says of these crates too, where the caller wants to know how releases were published.
    pub(crate) fn with_publications(mut self, crates: BTreeSet<CrateId>) -> Self {
        if self.project().request().judge.facts {
            self.gathered.ask_how_published(crates);
            self.decision = self.gathered.decide();
        }
        self
    }

    /// The same with what the bytes of this release say of its licence, where they are at hand and the policy judges licences. The lock file
    /// need not have it.
    pub(crate) fn with_license_of(mut self, release: Option<(CrateId, Version)>) -> Self {
        let Some((crate_id, version)) = release.filter(|_| self.rules().policy.licenses.is_set()) else { return self };
        let Some(IndexFact::Read(history)) = self.facts().index.get(&crate_id) else { return self };
        let Some(outline) = history.outline(&version).ok().flatten() else { return self };
        let id = PackageId { name: crate_id.name, version, source: Source::Registry(crate_id.registry) };
        let checksum = LockedChecksum::Known(outline.checksum);
        self.gathered.learn_licenses(&[Package { id, checksum, dependencies: Vec::new(), local: None }], None);
        self.decision = self.gathered.decide();
        self
    }

    /// What was read for it.
    pub(crate) const fn gathered(&self) -> &Gathered {
        &self.gathered
    }

    /// The project that was judged.
    pub(crate) const fn project(&self) -> &Project {
        self.gathered.project()
    }

    pub(crate) const fn subject(&self) -> &Subject {
        self.project().subject()
    }

    /// By which rules.
    pub(crate) const fn rules(&self) -> &Rules {
        self.project().rules()
    }

    /// From which facts.
    pub(crate) const fn facts(&self) -> &Facts {
        self.decision.facts()
    }

    pub(crate) const fn evaluation(&self) -> &Evaluation {
        self.decision.evaluation()
    }

    /// The audit trail that was believed.
    pub(crate) const fn trail(&self) -> &Trail {
        self.gathered.trail()
    }

    /// The lock file, as a reader in the working directory would write it.
    pub(crate) fn locked(&self) -> &Utf8Path {
        &self.locked
    }

    /// The moment that was asked for, or the machine's time.
    pub(crate) fn moment(&self) -> Timestamp {
        self.project().moment()
    }

    /// How the registries were reached.
    pub(crate) const fn reached(&self) -> &Reached {
        &self.reached
    }

    /// The client; `None` where no registry may be asked.
    pub(crate) const fn http(&self) -> Option<&Http> {
        self.gathered.registries().http()
    }

    /// How the registries may be asked further.
    pub(crate) fn mode(&self) -> IndexMode<'_> {
        self.http().map_or(IndexMode::Offline, IndexMode::Online)
    }

    /// `$CARGO_HOME`.
    pub(crate) fn cargo_home(&self) -> &Utf8Path {
        self.gathered.registries().cargo_home()
    }

    /// What passes only because it was there at adoption.
    pub(crate) fn carried(&self) -> Carried {
        carried(self.evaluation(), &self.facts().advisories, &self.rules().policy, &self.rules().approvals)
    }

    /// What would be decided from the same facts if this file were the project's policy, and the rules that it makes.
    pub(crate) fn by(&self, file: PolicyFile) -> (Rules, Evaluation) {
        self.gathered.decide_by(file, self.facts())
    }
}
