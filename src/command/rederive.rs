//! `verify --deep` and `--base`: derives vendored packages again from their archives, which a change cannot have edited along with the
//! tree and the allow-list.

use rayon::prelude::*;

use super::CommandError;
use super::base::{Base, Locked, identity};
use super::verify::Scene;
use crate::apply::archive::{ArchiveError, Limits, VerifiedCrate, vendor_files};
use crate::gather::crate_cache::CrateCache;
use crate::gather::environment::Environment;
use crate::gather::{allow_list, ways_around};
use crate::model::allow_list::{AllowList, AllowedId, AllowedRelease};
use crate::model::checksum::Checksum;
use crate::model::package::{LockedChecksum, Package};
use crate::model::source::Source;
use crate::model::vendor::VendorChecksums;
use crate::model::vendored::VendoredDirectory;
use crate::model::verification::{Finding, Undecided, Verification};
use crate::policy::vendored::{Derived, derived, derived_stub};

/// What came of one package.
enum Came {
    /// The tree is the archive's.
    Authentic,
    Found(Finding),
    Undecided(Undecided),
}

/// Derives what was asked for, and adds what differs.
pub(super) fn add(
    scene: &Scene<'_>,
    base: Option<&Base>,
    environment: &Environment,
    verification: &mut Verification,
) -> Result<(), CommandError> {
    let known = base.map_or_else(|| Ok(Known::default()), |base| Known::read(scene, base))?;
    let held = scene.held();
    let wanted: Vec<(&Package, &AllowedRelease, &VendoredDirectory)> = scene
        .subject
        .lock
        .packages
        .iter()
        // What has no entry or no folder is a finding already.
        .filter_map(|package| Some((package, held.allowance(package)?, held.directory(package)?)))
        .filter(|(package, release, _)| !known.has(package, release))
        .collect();
    let cache = CrateCache::of(environment);
    let came: Vec<Came> =
        wanted.par_iter().map(|(package, release, directory)| one(package, release, directory, &cache)).collect();
    for came in came {
        match came {
            Came::Authentic => verification.counts.derived += 1,
            Came::Found(finding) => verification.findings.push(finding),
            Came::Undecided(undecided) => verification.blockers.push(undecided),
        }
    }
    Ok(())
}

fn one(package: &Package, release: &AllowedRelease, directory: &VendoredDirectory, cache: &CrateCache) -> Came {
    let id = &package.id;
    let expected = match (&id.source, &package.checksum) {
        (Source::Registry(_), LockedChecksum::Known(checksum)) => *checksum,
        (Source::Registry(_), LockedChecksum::Missing | LockedChecksum::Malformed(_)) => {
            let cause = "the lock file has no checksum to know it by".to_owned();
            return Came::Undecided(Undecided::NoArchive { id: id.clone(), cause });
        }
        (Source::Local | Source::Git(_) | Source::Other(_), _) => {
            return Came::Undecided(Undecided::GitTree { id: id.clone() });
        }
    };
    let bytes = match cache.crate_bytes(id, expected) {
        Ok(bytes) => bytes,
        Err(error) => {
            return Came::Undecided(Undecided::NoArchive { id: id.clone(), cause: error.to_string() });
        }
    };
    let checksums = match unpacked(package, expected, bytes) {
        Ok(checksums) => checksums,
        Err(error) => {
            return Came::Found(Finding::ArchiveRefused { id: id.clone(), cause: error.fault.to_string() });
        }
    };
    let facts = Derived { id, directory, checksums: &checksums, recorded: release.tree };
    let finding = if release.stub { derived_stub(&facts) } else { derived(&facts) };
    finding.map_or(Came::Authentic, Came::Found)
}

fn unpacked(package: &Package, expected: Checksum, bytes: Vec<u8>) -> Result<VendorChecksums, ArchiveError> {
    let opened = VerifiedCrate::verify(bytes, expected, &package.id)?.open(&Limits::default())?;
    Ok(vendor_files(&opened).checksums)
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
    fn read(scene: &Scene<'_>, base: &Base) -> Result<Self, CommandError> {
        let path = ways_around::own_config(&scene.subject.root);
        let bytes = base.commit().map(|commit| commit.file(&path)).transpose()?.flatten();
        // A lock file has no allow-list, and one that cannot be read vouches for nothing: then everything is derived again.
        let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
        let allowed = text.and_then(|text| allow_list::read_text(&text, &path).ok().flatten()).unwrap_or_default();
        Ok(Self { allowed, locked: base.locked(&scene.subject.lock_path)? })
    }

    fn has(&self, package: &Package, release: &AllowedRelease) -> bool {
        let is_allowed = AllowedId::of(&package.id).is_some_and(|id| self.allowed.releases.get(&id) == Some(release));
        is_allowed && identity(package).is_some_and(|identity| self.locked.contains(&identity))
    }
}
