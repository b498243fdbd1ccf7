//! A local registry: every archive hashed and opened, its manifest held against its line in the index, its tree against the allow-list.

use camino::Utf8Path;
use rayon::prelude::*;

use super::Scene;
use crate::archive::{Limits, VerifiedCrate, manifest_agrees, vendor_files};
use crate::command::gate::Gate;
use crate::gather::crate_files::LARGEST_CRATE;
use crate::gather::vendor_tree::read_bounded;
use crate::model::checksum::{Checksum, Hashed};
use crate::model::index_line::index_path;
use crate::model::package::{LockedChecksum, Package};
use crate::model::vendored::{CrateFolder, VendorRoot};
use crate::model::verification::Finding;
use crate::policy::vendored_contents::archive_name;

/// What one archive is.
struct Read {
    name: String,
    digest: Option<Checksum>,
    bytes: u64,
    finding: Option<Finding>,
}

/// Fills in the archives' digests; returns what is wrong with those that are the locked ones. Others are not opened, and what the lock
/// file does not need is not read.
pub(super) fn open(scene: &mut Scene<'_>, folder: &Utf8Path) -> Vec<Finding> {
    let VendorRoot::Crates(found) = &scene.tree else { return Vec::new() };
    let gate = Gate::default();
    let there = |package: &&Package| found.archives.contains_key(&archive_name(&package.id));
    let wanted: Vec<&Package> = scene.subject.lock.packages.iter().filter(there).collect();
    let read: Vec<Read> = wanted.par_iter().map(|package| archive(scene, found, package, folder, &gate)).collect();
    let VendorRoot::Crates(found) = &mut scene.tree else { return Vec::new() };
    let mut findings = Vec::new();
    for Read { name, digest, bytes, finding } in read {
        found.bytes += bytes;
        found.archives.insert(name, digest);
        findings.extend(finding);
    }
    findings
}

fn archive(scene: &Scene<'_>, found: &CrateFolder, package: &Package, folder: &Utf8Path, gate: &Gate) -> Read {
    let (id, name) = (&package.id, archive_name(&package.id));
    let Ok(Some(bytes)) = read_bounded(&folder.join(&name), LARGEST_CRATE) else {
        return Read { name, digest: None, bytes: 0, finding: None };
    };
    let size = bytes.len() as u64;
    let hashed = Hashed::of(bytes);
    let digest = hashed.checksum();
    let read = |finding| Read { name: name.clone(), digest: Some(digest), bytes: size, finding };
    let LockedChecksum::Known(locked) = package.checksum else { return read(None) };
    if locked != digest {
        return read(None);
    }
    let refused = |cause: String| Some(Finding::ArchiveRefused { id: id.clone(), cause });
    let Ok(verified) = VerifiedCrate::of(hashed, locked, id) else { return read(None) };
    let _pass = gate.enter(verified.room(&Limits::default()));
    let opened = match verified.open(&Limits::default()) {
        Ok(opened) => opened,
        Err(error) => return read(refused(error.fault.to_string())),
    };
    let path = index_path(&id.name);
    let lines = found.index.get(&path).into_iter().flat_map(|file| &file.releases);
    let line = lines.map(|(_, release)| release).find(|release| release.outline.version == id.version);
    // That there is none is told elsewhere.
    if let Some(Err(divergence)) = line.map(|release| manifest_agrees(opened.manifest(), release)) {
        let cause = format!("of {}@{}: {divergence}", id.name, id.version);
        return read(Some(Finding::IndexDiffers { path, cause }));
    }
    let tree = vendor_files(&opened).checksums.tree_digest();
    let recorded = scene.held().allowance(package).map(|release| release.tree);
    let differs = recorded.is_some_and(|recorded| recorded != tree);
    let finding = || Finding::TreeDiffers { directory: name.clone(), id: id.clone(), files_match: false };
    read(differs.then(finding))
}
