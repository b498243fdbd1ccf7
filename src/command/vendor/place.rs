//! What both forms of vendored sources share: the folder under its lock, cargo's configuration, and how a run ends.

use std::collections::BTreeSet;
use std::time::Duration;

use camino::Utf8Path;

use super::derive::Derived;
use super::{CommandError, Done, Run};
use crate::apply::cargo_config::{ConfigFile, Location, Replaced, Wanted, spliced};
use crate::apply::derived_trees as kept_notes;
use crate::apply::vendor_dir::{Faults, Opening, Stage, VendorDir};
use crate::gather::{allow_list, derived_trees};
use crate::model::allow_list::AllowList;
use crate::model::derived::DerivedTrees;
use crate::model::plan::VendorPlan;
use crate::model::source::Source;
use crate::model::vendoring::{ConfigOutcome, VendoredPackage, Vendoring};

/// How long to wait for another run.
const PATIENCE: Duration = Duration::from_secs(60);

/// The place where the sources go, held until this value is dropped.
pub(super) struct Place<'a> {
    run: &'a Run<'a>,
    pub(super) vendor: VendorDir,
    config: ConfigFile,
    /// The allow-list as the run before left it.
    pub(super) previous: Option<AllowList>,
    replaced: Vec<Replaced>,
    local_registry: bool,
}

/// What lies in the folder afterwards.
pub(super) struct Left {
    pub(super) packages: Vec<VendoredPackage>,
    pub(super) allow: AllowList,
    pub(super) removed: BTreeSet<String>,
    pub(super) kept: BTreeSet<String>,
    pub(super) foreign: BTreeSet<String>,
}

impl<'a> Place<'a> {
    /// Takes the lock, finishes what a killed run left, and makes sure that the configuration has room for ours before anything is
    /// downloaded. A relative `target` is taken from the workspace's root.
    pub(super) fn open(
        run: &'a Run<'a>,
        plan: &VendorPlan,
        target: &Utf8Path,
        local_registry: bool,
    ) -> Result<Self, CommandError> {
        let root = &run.made.subject.root;
        let opening = Opening { command: "cargo sequester vendor", wait: PATIENCE, faults: Faults::default() };
        let vendor = VendorDir::open(root, target, opening)?;
        let config = ConfigFile::read(root)?;
        let previous = allow_list::read(config.path())?;
        let place = Self { run, vendor, config, previous, replaced: replaced(plan), local_registry };
        if !run.arguments.no_config {
            let allow = place.previous.clone().unwrap_or_default();
            place.config.spliced(&place.wanted(&allow))?;
        }
        Ok(place)
    }

    fn wanted<'w>(&'w self, allow: &'w AllowList) -> Wanted<'w> {
        let path = self.vendor.relative();
        let location = if self.local_registry { Location::LocalRegistry(path) } else { Location::Directory(path) };
        Wanted { location, replaced: &self.replaced, allow }
    }

    /// Makes the staged folder and the configuration the project's, and keeps the notes where they are new.
    pub(super) fn publish(
        &self,
        stage: Stage<'_>,
        left: Left,
        derived: Derived,
        notes: Option<&DerivedTrees>,
    ) -> Result<Done, CommandError> {
        let Left { packages, allow, removed, kept, foreign } = left;
        let (applied, config) = if self.run.arguments.no_config {
            let block = String::from_utf8_lossy(&spliced(None, &self.wanted(&allow))?).into_owned();
            if !stage.is_empty() {
                self.run.record.is_possible()?;
            }
            (stage.publish(None)?, ConfigOutcome::Printed(block))
        } else {
            let bytes = self.config.spliced(&self.wanted(&allow))?;
            if !stage.is_empty() || self.config.original() != Some(&bytes) {
                self.run.record.is_possible()?;
            }
            let applied = stage.publish(Some((&self.config, &bytes)))?;
            let outcome = if applied.config { ConfigOutcome::Written } else { ConfigOutcome::Unchanged };
            (applied, outcome)
        };
        if let Some(notes) = notes {
            kept_notes::keep(&derived_trees::path(&self.run.made.reached.cargo_home), notes);
        }
        let changed = applied.tree || applied.config;
        let vendoring = Vendoring {
            folder: self.vendor.relative().to_owned(),
            local_registry: self.local_registry,
            packages,
            removed: removed.into_iter().collect(),
            kept: kept.into_iter().collect(),
            foreign: foreign.into_iter().collect(),
            poisoned: derived.poisoned,
            remarks: derived.remarks,
            downloaded: derived.downloaded,
            bytes: derived.bytes,
            config,
            recovered: self.vendor.recovered().is_some(),
            left_over: applied.left_over.map(|error| error.to_string()),
        };
        Ok(Done::Vendored { vendoring, changed })
    }
}

/// Every source that the folder stands in for.
fn replaced(plan: &VendorPlan) -> Vec<Replaced> {
    let sources = plan.packages.iter().filter_map(|package| match &package.id.source {
        Source::Registry(registry) => Some(Replaced::Registry(registry.clone())),
        Source::Git(git) => Some(Replaced::Git(git.clone())),
        Source::Local | Source::Other(_) => None,
    });
    sources.collect::<BTreeSet<_>>().into_iter().collect()
}
