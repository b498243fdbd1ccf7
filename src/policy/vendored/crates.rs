//! A local registry against the lock file: an archive with the locked digest for each package, its line in the index, and nothing else.

use std::collections::BTreeSet;

use crate::model::index_line::index_path;
use crate::model::package::{LockedChecksum, Package, PackageId};
use crate::model::source::Source;
use crate::model::vendored::CrateFolder;
use crate::model::verification::{Finding, Note, Verification};

/// The name of a package's archive.
#[must_use]
pub fn archive_name(id: &PackageId) -> String {
    format!("{}-{}.crate", id.name, id.version)
}

/// Adds what differs.
pub(super) fn compare(covered: &[&Package], found: &CrateFolder, verification: &mut Verification) {
    let archives = found.archives.values().flatten().count() as u64;
    (verification.counts.files, verification.counts.bytes) = (archives + found.index.len() as u64, found.bytes);
    let mut wanted = BTreeSet::new();
    for package in covered {
        let id = &package.id;
        let (Source::Registry(_), LockedChecksum::Known(locked)) = (&id.source, &package.checksum) else {
            // A registry holds no package of a repository; a missing checksum is a finding already.
            verification.findings.push(Finding::NotVendored { id: id.clone() });
            continue;
        };
        let file = archive_name(id);
        match found.archives.get(&file) {
            None => verification.findings.push(Finding::NotVendored { id: id.clone() }),
            Some(digest) if *digest == Some(*locked) => {}
            Some(digest) => {
                let (id, file) = (id.clone(), file.clone());
                verification.findings.push(Finding::ArchiveDiffers { id, file, found: *digest });
            }
        }
        wanted.insert(file);
        line(package, *locked, found, verification);
    }
    let is_locked = |name: &str, version: &semver::Version| {
        covered.iter().any(|package| *package.id.name == *name && package.id.version == *version)
    };
    for (path, file) in &found.index {
        let differs = |cause: String| Finding::IndexDiffers { path: path.clone(), cause };
        verification.findings.extend(file.unreadable.iter().map(|cause| differs(cause.clone())));
        for (name, release) in &file.releases {
            let version = &release.outline.version;
            if index_path(name) != *path || !is_locked(name, version) {
                verification.findings.push(differs(format!("it lists {name}@{version}, which is not locked")));
            }
        }
    }
    let strays = found.archives.keys().filter(|name| !wanted.contains(*name));
    let what = "an archive that the lock file does not need";
    verification.findings.extend(strays.map(|name| Finding::Stray { path: name.clone(), what }));
    let others = found.strays.iter();
    verification
        .findings
        .extend(others.map(|stray| Finding::Stray { path: stray.path.clone(), what: super::files::what(stray.kind) }));
}

/// The package's line in the index.
fn line(
    package: &Package,
    locked: crate::model::checksum::Checksum,
    found: &CrateFolder,
    verification: &mut Verification,
) {
    let (id, path) = (&package.id, index_path(&package.id.name));
    let lines = found.index.get(&path).into_iter().flat_map(|file| &file.releases);
    let mut lines = lines.filter(|(name, release)| **name == *id.name && release.outline.version == id.version);
    let cause = match (lines.next(), lines.next()) {
        (None, _) => format!("it has no line for {}@{}", id.name, id.version),
        (Some(_), Some(_)) => format!("it has two lines for {}@{}", id.name, id.version),
        (Some((_, release)), None) if release.outline.checksum != locked => {
            format!("its checksum of {}@{} is not the lock file's", id.name, id.version)
        }
        (Some((_, release)), None) => {
            if release.outline.yanked {
                verification.notes.push(Note::Yanked { id: id.clone() });
            }
            return;
        }
    };
    verification.findings.push(Finding::IndexDiffers { path, cause });
}
