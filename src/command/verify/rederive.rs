//! `verify --deep` and `--base`: derives vendored packages again from their archives, which a change cannot have edited along with the
//! tree and the allow-list.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::Scene;
use super::git_trees::{self, Deriving};
use crate::archive::{ArchiveError, Limits, VerifiedCrate, stub_files, vendor_files};
use crate::command::CommandError;
use crate::command::archives::Archives;
use crate::command::gate::Gate;
use crate::gather::crate_files::WantedCrate;
use crate::gather::{allow_list, ways_around};
use crate::model::allow_list::{AllowList, AllowedId, AllowedRelease};
use crate::model::checksum::Hashed;
use crate::model::package::{Locked, LockedChecksum, Package, PackageId};
use crate::model::source::Source;
use crate::model::vendored::{VendorChecksums, VendorRoot, VendoredDirectory};
use crate::model::verification::{Finding, Note, Undecided, Verification};
use crate::policy::vendored::{Derived, derived};
use crate::project::{Base, Project};

/// A vendored package whose archive is wanted.
struct Vendored<'a> {
    release: &'a AllowedRelease,
    directory: &'a VendoredDirectory,
    archive: WantedCrate<'a>,
}

/// Derives what was asked for, and adds what differs. What the base of `base` has already is believed.
pub(super) fn add(
    scene: &Scene<'_>,
    base: Option<&Project>,
    archives: &Archives<'_>,
    verification: &mut Verification,
) -> Result<(), CommandError> {
    if let VendorRoot::Crates(found) = &scene.tree {
        // The archives themselves lie there, and each was hashed against the lock file.
        verification.counts.derived = found.archives.values().flatten().count();
        return Ok(());
    }
    let known = base.map_or_else(|| Ok(Known::default()), |project| Known::read(scene, project))?;
    let now = scene.allowed.as_ref().map(|allowed| allowed.platforms.clone()).unwrap_or_default();
    if base.is_some() && !known.allowed.releases.is_empty() && now != known.allowed.platforms {
        verification.notes.push(Note::Platforms { now, base: known.allowed.platforms.clone() });
    }
    let held = scene.held();
    let (mut vendored, mut of_git) = (Vec::new(), Vec::new());
    for package in &scene.subject.lock.packages {
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
    let (gate, found) = (Gate::default(), Mutex::new(vec![None; crates.len()]));
    let rest = archives.take(&crates, &|at, bytes| {
        let Some(finding) = vendored.get(at).map(|one| compared(one, bytes, &gate)) else { return };
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
    git_trees::add(scene, &of_git, &deriving, verification);
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
fn compared(one: &Vendored<'_>, bytes: Hashed, gate: &Gate) -> Option<Finding> {
    let id = one.archive.id;
    let checksums = match unpacked(one, bytes, gate) {
        Ok(checksums) => checksums,
        Err(error) => return Some(Finding::ArchiveRefused { id: id.clone(), cause: error.fault.to_string() }),
    };
    derived(&Derived { id, directory: one.directory, checksums: &checksums, recorded: one.release.tree })
}

fn unpacked(one: &Vendored<'_>, bytes: Hashed, gate: &Gate) -> Result<VendorChecksums, ArchiveError> {
    let verified = VerifiedCrate::of(bytes, one.archive.checksum, one.archive.id)?;
    let _pass = gate.enter(verified.room(&Limits::default()));
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
    fn read(scene: &Scene<'_>, project: &Project) -> Result<Self, CommandError> {
        let path = ways_around::own_config(&scene.subject.root);
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
