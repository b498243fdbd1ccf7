//! Gets the archives that a proof needs: from cargo's download cache, and from the registries what is not there. Nothing is written: a
//! proof leaves the machine as it found it.

use std::collections::{BTreeMap, BTreeSet};

use super::CommandError;
use crate::gather::crate_files::{
    self, CrateFailure, CrateFile, CratePlaces, CratesProgress, PoisonedEntry, WantedCrate,
};
use crate::gather::http::Http;
use crate::gather::index::{self, IndexMode};
use crate::model::checksum::Hashed;
use crate::model::facts::RefusedMirror;
use crate::model::package::PackageId;
use crate::model::source::{Registry, Source};
use crate::project::{Access, Configs, Progress, Project};

/// Where archives come from.
#[derive(Clone, Copy)]
pub(super) struct Archives<'a> {
    /// The project whose rules say which mirrors may stand in for crates.io.
    pub(super) project: &'a Project,
    /// Cargo's configuration in the project's root.
    pub(super) configs: &'a Configs,
}

/// What became of the archives, beside those that were handed on.
pub(super) struct Rest {
    /// Entries of cargo's cache that were not used.
    pub(super) poisoned: Vec<PoisonedEntry>,
    /// Packages without an archive, and why, with its `help:` line.
    pub(super) failures: Vec<(PackageId, String)>,
}

impl Archives<'_> {
    /// Hands on every archive, hashed, with its position in `wanted`, from a worker thread and in any order. No registry is asked where
    /// cargo's cache has everything.
    pub(super) fn take(
        &self,
        wanted: &[WantedCrate<'_>],
        deliver: &(dyn Fn(usize, Hashed) + Sync),
    ) -> Result<Rest, CommandError> {
        let policy = &self.project.rules().policy;
        let Access { by_registry, refused } = Access::work_out(&registries(wanted), self.configs, policy)?;
        let trusted = self.configs.trusted();
        let request = self.project.request();
        let cargo_home = self.project.environment().cargo_home();
        let unasked = BTreeMap::new();
        let places =
            CratePlaces { cargo_home: &cargo_home, access: &by_registry, configs: &unasked, mode: IndexMode::Offline };
        let progress = Progress::new(request.quiet, "Deriving", "packages");
        let from_cache = |at: usize, file: CrateFile| deliver(at, file.bytes);
        let mut advance = |at: CratesProgress| progress.with_bytes(at.done, at.of, at.bytes);
        let mut taken = crate_files::take(wanted, &places, &from_cache, &mut advance);
        if !(taken.failures.is_empty() || request.offline || trusted.offline()?) {
            let failed: BTreeSet<&PackageId> = taken.failures.iter().map(|failure| &*failure.id).collect();
            let missing = wanted.iter().copied().enumerate().filter(|(_, one)| failed.contains(one.id));
            let (positions, missing): (Vec<usize>, Vec<WantedCrate<'_>>) = missing.unzip();
            let http = Http::new(&trusted.http()?)?;
            let configs = index::read_configs(&registries(&missing), &by_registry, &cargo_home, &http);
            let places = CratePlaces { configs: &configs, mode: IndexMode::Beside(&http), ..places };
            let downloaded = |at: usize, file: CrateFile| {
                if let Some(position) = positions.get(at) {
                    deliver(*position, file.bytes);
                }
            };
            taken.failures = crate_files::take(&missing, &places, &downloaded, &mut advance).failures;
        }
        let failures = taken.failures.iter().map(|failure| (PackageId::clone(&failure.id), cause(failure, &refused)));
        Ok(Rest { failures: failures.collect(), poisoned: taken.poisoned })
    }
}

fn registries(wanted: &[WantedCrate<'_>]) -> BTreeSet<Registry> {
    let registry = |one: &WantedCrate<'_>| match &one.id.source {
        Source::Registry(registry) => Some(registry.clone()),
        Source::Local | Source::Git(_) | Source::Other(_) => None,
    };
    wanted.iter().filter_map(registry).collect()
}

/// A registry behind a mirror that is not allowed has neither a cache nor an address; the mirror is why.
fn cause(failure: &CrateFailure, refused: &[RefusedMirror]) -> String {
    let of_mirror = |one: &&RefusedMirror| failure.id.source == Source::Registry(one.registry.clone());
    match refused.iter().find(of_mirror) {
        Some(RefusedMirror { registry, by, .. }) => format!(
            "the file of `{}` could not be had: cargo's configuration replaces {registry} by {by}, which the policy does not \
             allow\nhelp: remove that setting, or allow the mirror under [sources] of the policy",
            failure.id
        ),
        None => failure.to_string(),
    }
}
