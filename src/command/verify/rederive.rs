//! `verify --deep` and `--base`: derives vendored packages again from their archives, which a change cannot have edited along with the
//! tree and the allow-list.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use camino::{Utf8Path, Utf8PathBuf};

use super::evidence::Evidence;
use crate::archive::{ArchiveError, Limits, MemoryBudget, VerifiedCrate, stub_files, vendor_files};
use crate::command::outcome::CommandError;
use crate::files::Errand;
use crate::gather::cargo_config::{CargoConfig, ConfiguredRegistry};
use crate::gather::clean_place::{CleanPlace, CleanPlaceError};
use crate::gather::crate_files::{
    self, CrateFailure, CrateFile, CratePlaces, CratesProgress, PoisonedEntry, WantedCrate,
};
use crate::gather::environment::Environment;
use crate::gather::git_packages::{self, GitRequest};
use crate::gather::http::Http;
use crate::gather::index::{self, IndexMode};
use crate::gather::{allow_list, ways_around};
use crate::model::allow_list::{AllowList, AllowedId, AllowedRelease};
use crate::model::checksum::Hashed;
use crate::model::facts::RefusedMirror;
use crate::model::package::{Locked, LockedChecksum, Package, PackageId};
use crate::model::source::{Registry, Source};
use crate::model::vendored::{VendorChecksums, VendorRoot, VendoredDirectory};
use crate::model::verification::{Finding, Note, Undecided, Verification};
use crate::policy::vendored::{Derived, derived};
use crate::project::{Access, Base, Configs, Progress, Project};

/// A vendored package whose archive is wanted.
struct Vendored<'a> {
    release: &'a AllowedRelease,
    directory: &'a VendoredDirectory,
    archive: WantedCrate<'a>,
}

/// Derives what was asked for, and adds what differs. What the base of `base` has already is believed.
pub(super) fn rederive(
    evidence: &Evidence<'_>,
    base: Option<&Project>,
    archives: &Archives<'_>,
    verification: &mut Verification,
) -> Result<(), CommandError> {
    if let VendorRoot::Crates(found) = &evidence.tree {
        // The archives themselves lie there, and each was hashed against the lock file.
        verification.counts.derived = found.archives.values().flatten().count();
        return Ok(());
    }
    let known = base.map_or_else(|| Ok(Known::default()), |project| Known::read(evidence, project))?;
    let now = evidence.allowed.as_ref().map(|allowed| allowed.platforms.clone()).unwrap_or_default();
    if base.is_some() && !known.allowed.releases.is_empty() && now != known.allowed.platforms {
        verification.notes.push(Note::Platforms { now, base: known.allowed.platforms.clone() });
    }
    let held = evidence.held();
    let (mut vendored, mut of_git) = (Vec::new(), Vec::new());
    for package in &evidence.subject.lock.packages {
        // What has no entry or no folder is a finding already.
        let (Some(release), Some(directory)) = (held.allowance(package), held.directory(package)) else { continue };
        if known.has(package, release) {
            continue;
        }
        if matches!(package.id.source, Source::Git(_)) {
            of_git.push(package);
            continue;
        }
        match wanted(package) {
            Ok(archive) => vendored.push(Vendored { release, directory, archive }),
            Err(undecided) => verification.blockers.push(*undecided),
        }
    }
    let crates: Vec<WantedCrate<'_>> = vendored.iter().map(|one| one.archive).collect();
    let (memory, found) = (MemoryBudget::default(), Mutex::new(vec![None; crates.len()]));
    let rest = archives.take(&crates, &|at, bytes| {
        let Some(finding) = vendored.get(at).map(|one| compared(one, bytes, &memory)) else { return };
        if let Some(slot) = found.lock().unwrap_or_else(PoisonError::into_inner).get_mut(at) {
            *slot = Some(finding);
        }
    })?;
    let mut failures: BTreeMap<PackageId, String> = rest.failures.into_iter().collect();
    let found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    for (one, finding) in vendored.iter().zip(found) {
        match finding {
            Some(None) => verification.counts.derived += 1,
            Some(Some(finding)) => verification.findings.push(finding),
            // Whatever the cause, what was not derived is not proven.
            None => {
                let id = one.archive.id.clone();
                let cause = failures.remove(&id).unwrap_or_else(|| format!("the file of `{id}` was not compared"));
                verification.blockers.push(Undecided::NoArchive { id, cause });
            }
        }
    }
    let project = archives.project;
    let deriving = Deriving {
        config: archives.configs.found(),
        trusted: archives.configs.trusted(),
        offline: project.request().offline,
        environment: project.environment(),
    };
    add_git(evidence, &of_git, &deriving, verification);
    verification.notes.extend(rest.poisoned.into_iter().map(|one| Note::PoisonedCache { id: one.id, path: one.path }));
    Ok(())
}

fn wanted(package: &Package) -> Result<WantedCrate<'_>, Box<Undecided>> {
    let id = &package.id;
    match (&id.source, &package.checksum) {
        (Source::Registry(_), LockedChecksum::Known(checksum)) => Ok(WantedCrate { id, checksum: *checksum }),
        (Source::Registry(_), LockedChecksum::Missing | LockedChecksum::Malformed(_)) => {
            let cause = "the lock file has no checksum to know it by".to_owned();
            Err(Box::new(Undecided::NoArchive { id: id.clone(), cause }))
        }
        (Source::Local | Source::Git(_) | Source::Other(_), _) => {
            let cause = "its source has no archives".to_owned();
            Err(Box::new(Undecided::NoArchive { id: id.clone(), cause }))
        }
    }
}

/// What differs from the archive's own tree.
fn compared(one: &Vendored<'_>, bytes: Hashed, memory: &MemoryBudget) -> Option<Finding> {
    let id = one.archive.id;
    let checksums = match unpacked(one, bytes, memory) {
        Ok(checksums) => checksums,
        Err(error) => return Some(Finding::ArchiveRefused { id: id.clone(), cause: error.fault.to_string() }),
    };
    derived(&Derived { id, directory: one.directory, checksums: &checksums, recorded: one.release.tree })
}

fn unpacked(one: &Vendored<'_>, bytes: Hashed, memory: &MemoryBudget) -> Result<VendorChecksums, ArchiveError> {
    let verified = VerifiedCrate::of(bytes, one.archive.checksum, one.archive.id)?;
    let _share = memory.take(verified.room(&Limits::default()));
    let opened = verified.open(&Limits::default())?;
    let tree = if one.release.stub { stub_files(&opened) } else { vendor_files(&opened) };
    Ok(tree.checksums)
}

/// What the base allows and locks already.
///
/// Which files a change touches is not asked of git: the tree was just shown to be the one that the allow-list's digests name, so a
/// package whose entry is the base's own, digest for digest, has the base's bytes, whatever git would call changed.
#[derive(Default)]
struct Known {
    allowed: AllowList,
    locked: Locked,
}

impl Known {
    fn read(evidence: &Evidence<'_>, project: &Project) -> Result<Self, CommandError> {
        let path = ways_around::own_config(&evidence.subject.root);
        let commit = project.base().and_then(Base::commit);
        let bytes = commit.map(|commit| commit.file(&path)).transpose()?.flatten();
        // A lock file has no allow-list, and one that cannot be read vouches for nothing: then everything is derived again.
        let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
        let allowed = text.and_then(|text| allow_list::read_text(&text, &path).ok().flatten()).unwrap_or_default();
        Ok(Self { allowed, locked: project.base_locked().unwrap_or_default() })
    }

    fn has(&self, package: &Package, release: &AllowedRelease) -> bool {
        let is_allowed = AllowedId::of(&package.id).is_some_and(|id| self.allowed.releases.get(&id) == Some(release));
        is_allowed && self.locked.has(package)
    }
}

/// Variables that would make the cargo that derives do something else than stock cargo.
const LEFT_OUT: [&str; 6] = ["CARGO_", "RUSTC", "RUSTDOC", "RUSTFLAGS", "RUSTDOCFLAGS", "GIT_"];
/// Of these, those that say how the network is reached.
const KEPT: [&str; 3] = ["CARGO_HTTP_", "CARGO_NET_", "GIT_SSH"];

/// How cargo may be run.
struct Deriving<'a> {
    config: &'a CargoConfig,
    trusted: &'a CargoConfig,
    offline: bool,
    environment: &'a Environment,
}

/// Derives these packages, each repository by itself: what cannot be had of one says nothing of the others.
fn add_git(evidence: &Evidence<'_>, wanted: &[&Package], deriving: &Deriving<'_>, verification: &mut Verification) {
    let mut repositories: BTreeMap<&Source, Vec<&Package>> = BTreeMap::new();
    for package in wanted {
        repositories.entry(&package.id.source).or_default().push(package);
    }
    for packages in repositories.values() {
        let ids: Vec<&PackageId> = packages.iter().map(|package| &package.id).collect();
        match derive_repository(evidence, &ids, deriving) {
            Ok(found) => {
                for (package, listed) in packages.iter().zip(found) {
                    let held = evidence.held();
                    // What has no entry or no folder is a finding already.
                    let (Some(release), Some(directory)) = (held.allowance(package), held.directory(package)) else {
                        continue;
                    };
                    let recorded = release.tree;
                    match derived(&Derived { id: &package.id, directory, checksums: &listed, recorded }) {
                        Some(finding) => verification.findings.push(finding),
                        None => verification.counts.derived += 1,
                    }
                }
            }
            Err(cause) => verification
                .blockers
                .extend(ids.into_iter().map(|id| Undecided::GitTree { id: id.clone(), cause: cause.clone() })),
        }
    }
}

fn derive_repository(
    evidence: &Evidence<'_>,
    ids: &[&PackageId],
    deriving: &Deriving<'_>,
) -> Result<Vec<VendorChecksums>, String> {
    if ids.iter().any(|id| matches!(&id.source, Source::Git(git) if git.commit.is_none())) {
        return Err(
            "the lock file names no commit of it\nhelp: let cargo write the lock file anew: cargo update --workspace"
                .to_owned(),
        );
    }
    let (home, environment) = home(deriving).map_err(|error| error.to_string())?;
    let (proven, registries) = proven(evidence);
    let names: Vec<(String, String)> = match deriving.config.registries() {
        Ok(registries) => registries.iter().filter_map(ConfiguredRegistry::index_variable).collect(),
        Err(error) => return Err(error.to_string()),
    };
    let request = GitRequest {
        root: &evidence.subject.root,
        lock: &evidence.subject.lock_path,
        offline: deriving.offline,
        proven: &proven,
        registries: &registries,
        names: &names,
    };
    let vendored = git_packages::vendor(ids, &request, &environment).map_err(|error| error.to_string());
    drop(home);
    Ok(vendored?.packages.into_iter().map(|package| package.listed).collect())
}

/// The vendored packages of registries, and where those come from.
fn proven(evidence: &Evidence<'_>) -> (Vec<Utf8PathBuf>, BTreeSet<Registry>) {
    let held = evidence.held();
    let (mut folders, mut registries) = (Vec::new(), BTreeSet::new());
    for package in &evidence.subject.lock.packages {
        if let (Source::Registry(registry), Some(directory)) = (&package.id.source, held.directory(package)) {
            folders.push(evidence.place.join(&directory.name));
            registries.insert(registry.clone());
        }
    }
    (folders, registries)
}

/// An empty home. Offline it has the user's repositories, whose objects git knows by their content; never the user's checkouts.
fn home(deriving: &Deriving<'_>) -> Result<(CleanPlace, Environment), CleanPlaceError> {
    let place = CleanPlace::make(Errand::Home)?;
    place.write("config.toml", &deriving.trusted.for_fetching())?;
    let repositories = deriving.environment.cargo_home().join("git/db");
    if deriving.offline && repositories.is_dir() {
        place.folder("git")?;
        link(&repositories, &place.path().join("git/db"))?;
    }
    let stays = |name: &str| {
        name == "CARGO"
            || KEPT.iter().any(|prefix| name.starts_with(prefix))
            || !LEFT_OUT.iter().any(|prefix| name.starts_with(prefix))
    };
    let variables = deriving.environment.iter().filter(|(name, _)| stays(name));
    let home = [("CARGO_HOME", place.path().as_str())];
    let variables: Vec<(String, String)> =
        variables.chain(home).map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    Ok((place, deriving.environment.with(variables)))
}

#[cfg(unix)]
fn link(from: &Utf8Path, to: &Utf8Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(from, to)
}

/// Without links cargo says that it has no such repository, and that is what is reported.
#[cfg(not(unix))]
fn link(_from: &Utf8Path, _to: &Utf8Path) -> std::io::Result<()> {
    Ok(())
}

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
