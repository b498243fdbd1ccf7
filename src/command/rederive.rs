//! `verify --deep` and `--base`: derives vendored packages again from their archives, which a change cannot have edited along with the
//! tree and the allow-list.

use rayon::prelude::*;

use super::CommandError;
use super::verify::Scene;
use crate::apply::archive::{ArchiveError, Limits, VerifiedCrate, vendor_files};
use crate::cli;
use crate::gather::base::Commit;
use crate::gather::crate_cache::CrateCache;
use crate::gather::environment::Environment;
use crate::gather::{allow_list, lock_file, ways_around};
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
    arguments: &cli::Verify,
    environment: &Environment,
    verification: &mut Verification,
) -> Result<(), CommandError> {
    let base = match (&arguments.base, arguments.deep) {
        (_, true) => Base::default(),
        (Some(reference), false) => Base::read(scene, reference)?,
        (None, false) => return Ok(()),
    };
    let held = scene.held();
    let wanted: Vec<(&Package, &AllowedRelease, &VendoredDirectory)> = scene
        .subject
        .lock
        .packages
        .iter()
        // What has no entry or no folder is a finding already.
        .filter_map(|package| Some((package, held.allowance(package)?, held.directory(package)?)))
        .filter(|(package, release, _)| !base.has(package, release))
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
struct Base {
    allowed: AllowList,
    locked: Vec<(AllowedId, Checksum)>,
}

impl Base {
    fn read(scene: &Scene<'_>, reference: &str) -> Result<Self, CommandError> {
        let subject = scene.subject;
        let commit = Commit::find(&subject.root, reference)?;
        let config = ways_around::own_config(&subject.root);
        let config = config.strip_prefix(&subject.root).unwrap_or(&config);
        let text = commit.file(config)?.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        // An allow-list that cannot be read vouches for nothing; then everything is derived again.
        let allowed = text.and_then(|text| allow_list::read_text(&text, config).ok().flatten()).unwrap_or_default();
        let path = subject.lock_path.strip_prefix(&subject.root).unwrap_or(&subject.lock_path);
        let lock = commit.file(path)?.and_then(|bytes| lock_file::parse(&bytes, path).ok());
        let identity = |package: &Package| match package.checksum {
            LockedChecksum::Known(checksum) => Some((AllowedId::of(&package.id)?, checksum)),
            LockedChecksum::Missing | LockedChecksum::Malformed(_) => None,
        };
        let mut locked: Vec<_> =
            lock.map(|lock| lock.packages.iter().filter_map(identity).collect()).unwrap_or_default();
        locked.sort_unstable();
        Ok(Self { allowed, locked })
    }

    fn has(&self, package: &Package, release: &AllowedRelease) -> bool {
        let Some(id) = AllowedId::of(&package.id) else { return false };
        if self.allowed.releases.get(&id) != Some(release) {
            return false;
        }
        match release.checksum {
            Some(checksum) => self.locked.binary_search(&(id, checksum)).is_ok(),
            // A git dependency's commit is part of its id.
            None => true,
        }
    }
}
