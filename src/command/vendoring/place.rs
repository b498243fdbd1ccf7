//! A run of `vendor`: what it is asked to do, the folder that it holds under a lock, cargo's configuration, and how it ends.

use std::collections::BTreeSet;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};

use super::derive::Derived;
use crate::cli::{Cli, HumanOrJson};
use crate::command::outcome::CommandError;
use crate::command::record::Record;
use crate::command::{audit, output};
use crate::files::names::in_cargo_home;
use crate::gather::allow_list;
use crate::gather::environment::Environment;
use crate::model::allow_list::AllowList;
use crate::model::source::Source;
use crate::model::vendoring::{ConfigOutcome, Healed, VendorPlan, VendoredPackage, Vendoring};
use crate::project::{Assessment, Request};
use crate::report::vendored;
use crate::write::cargo_config::{ConfigFile, Location, Replaced, Wanted, spliced};
use crate::write::vendor_dir::{Faults, Known, Opening, Stage, TargetFault, VendorDir, VendorDirError};

/// What every part of a run needs.
pub(super) struct Run<'a> {
    pub(super) cli: &'a Cli,
    pub(super) arguments: &'a VendorRequest,
    pub(super) made: &'a Assessment,
    pub(super) environment: &'a Environment,
    pub(super) record: Record<'a>,
}

/// How the work came out.
pub(super) enum Done {
    Vendored {
        vendoring: Vendoring,
        /// Whether the project is another than before.
        changed: bool,
        /// What of the change is to be finished by the next run.
        unfinished: Option<VendorDirError>,
    },
    /// Nothing was written.
    Refused(Derived),
}

/// What a run is asked to do.
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
#[derive(Debug)]
pub(crate) struct VendorRequest {
    /// Of which project, by whose rules.
    pub(super) request: Request,
    /// The folder, from the working directory; `vendor` at the workspace's root where it is not given.
    pub(super) path: Option<Utf8PathBuf>,
    /// Whether the version is in every folder's name.
    pub(super) versioned_dirs: bool,
    /// Whether folders of packages that are no longer locked stay.
    pub(super) no_delete: bool,
    /// Whether cargo's configuration stays as it is.
    pub(super) no_config: bool,
    /// The platforms; all where none is named.
    pub(super) platform: Vec<String>,
    /// A local registry's folder, where one is asked for instead of unpacked sources.
    pub(super) local_registry: Option<Utf8PathBuf>,
    /// How the result is printed.
    pub(super) format: HumanOrJson,
    /// Whether standard output belongs to another report, and this one is told on standard error.
    pub(super) aside: bool,
}

impl VendorRequest {
    /// The sources of this project in their usual place, reported as text.
    pub(crate) const fn of(request: Request) -> Self {
        Self {
            request,
            path: None,
            versioned_dirs: false,
            no_delete: false,
            no_config: false,
            platform: Vec::new(),
            local_registry: None,
            format: HumanOrJson::Human,
            aside: false,
        }
    }

    /// The same, told on standard error where standard output belongs to another report.
    pub(crate) fn aside(self, aside: bool) -> Self {
        Self { aside, ..self }
    }
}

/// How long to wait for another run.
const PATIENCE: Duration = Duration::from_secs(60);

/// The place where the sources go, held until this value is dropped.
pub(super) struct Place<'a> {
    pub(super) run: &'a Run<'a>,
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
    pub(super) healed: Vec<Healed>,
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
        let root = &run.made.subject().root;
        let records = in_cargo_home(run.made.cargo_home(), "runs");
        let listener = run.environment.listener();
        let (command, faults) = ("cargo sequester vendor", Faults::default());
        let opening = Opening { command, wait: PATIENCE, listener, records: &records, faults };
        let vendor = VendorDir::open(root, target, opening)?;
        let config = ConfigFile::read(root)?;
        let previous = allow_list::read(config.path())?;
        let place = Self { run, vendor, config, previous, replaced: replaced(plan), local_registry };
        if let Some(name) = place.own_package().filter(|_| !local_registry) {
            let fault = TargetFault::Own(format!("{}/{name}", place.vendor.relative()));
            return Err(VendorDirError::Target { path: place.vendor.relative().into(), fault }.into());
        }
        place.vendor.is_a_place(place.known(), |name| place.holds_local(name))?;
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

    /// Refuses to write over what no run wrote.
    pub(super) fn may_write_over(&self, names: &BTreeSet<String>) -> Result<(), VendorDirError> {
        self.vendor.may_replace(names, self.known(), |name| self.holds_local(name))
    }

    pub(super) fn known(&self) -> Known<'_> {
        let path = self.vendor.relative();
        let location = if self.local_registry { Location::LocalRegistry(path) } else { Location::Directory(path) };
        let listed = self.previous.as_ref().filter(|_| self.config.names(location));
        Known { listed, local_registry: self.local_registry }
    }

    /// A package of the project's own that lies there, by its path below the folder: cargo takes it for a vendored one and misses its
    /// checksums, and nobody is to be told to remove it.
    fn own_package(&self) -> Option<String> {
        let folder = self.vendor.path().canonicalize_utf8().ok()?;
        let packages = &self.run.made.facts().packages;
        let mut roots = packages.iter().filter_map(|package| package.local.as_ref().map(|local| &local.root));
        roots.find_map(|root| Some(root.canonicalize_utf8().ok()?.strip_prefix(&folder).ok()?.to_string()))
    }

    /// Whether a package of the project's own lies there, which only a local registry has room for.
    fn holds_local(&self, name: &str) -> bool {
        let folder = self.vendor.path().join(name);
        let packages = &self.run.made.facts().packages;
        let mut roots = packages.iter().filter_map(|package| package.local.as_ref().map(|local| &local.root));
        roots.any(|root| {
            root.starts_with(&folder) || root.canonicalize_utf8().is_ok_and(|root| root.starts_with(&folder))
        })
    }

    /// Reports what is about to be written anew: afterwards it can no longer be inspected.
    fn tell(&self, healed: &[Healed]) -> Result<(), CommandError> {
        let audited = audit::report_of(self.run.cli, self.run.made, None);
        let healed = |out: &mut Vec<u8>| vendored::healed(&audited, self.vendor.relative(), healed, out);
        match self.run.arguments.format {
            HumanOrJson::Human if !self.run.arguments.aside => output::print(self.run.cli, healed),
            HumanOrJson::Human | HumanOrJson::Json => output::print_aside(self.run.cli, healed),
        }
    }

    /// Makes the staged folder and the configuration the project's.
    pub(super) fn publish(&self, stage: Stage<'_>, left: Left, derived: Derived) -> Result<Done, CommandError> {
        // Cargo or another run of ours may have moved the lock file while archives were read: what it locks now was not judged.
        let subject = self.run.made.subject();
        if !subject.is_as_read() {
            return Err(CommandError::ChangedMeanwhile { path: subject.lock_path.clone() });
        }
        let Left { packages, allow, removed, kept, foreign, healed } = left;
        self.tell(&healed)?;
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
        let changed = applied.tree || applied.config;
        let (unfinished, left_over) = match applied.left_over {
            Some(error @ VendorDirError::Unfinished { .. }) => (Some(error), None),
            other => (None, other),
        };
        let vendoring = Vendoring {
            folder: self.vendor.relative().to_owned(),
            local_registry: self.local_registry,
            packages,
            removed: removed.into_iter().collect(),
            kept: kept.into_iter().collect(),
            foreign: foreign.into_iter().collect(),
            healed,
            poisoned: derived.poisoned,
            remarks: derived.remarks,
            licenses: derived.licenses,
            downloaded: derived.downloaded,
            bytes: derived.bytes,
            config,
            recovered: self.vendor.recovered().is_some(),
            left_over: left_over.map(|error| error.to_string()),
        };
        Ok(Done::Vendored { vendoring, changed, unfinished })
    }

    /// Lets the next run in, and tells what stays of this one.
    pub(super) fn leave(self, mut done: Done) -> Done {
        if let (Err(error), Done::Vendored { vendoring, .. }) = (self.vendor.close(), &mut done) {
            vendoring.left_over.get_or_insert_with(|| error.to_string());
        }
        done
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
