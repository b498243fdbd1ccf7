//! What `verify` holds against each other: lock file, allow-list and vendored tree. The archives of a local registry are hashed and opened
//! here, and each stub is held against the recorded platforms.

use camino::{Utf8Path, Utf8PathBuf};
use rayon::prelude::*;

use crate::archive::{Limits, MemoryBudget, VerifiedCrate, VerifiedManifest, manifest_agrees, vendor_files};
use crate::gather::crate_files::LARGEST_CRATE;
use crate::gather::environment::Environment;
use crate::gather::target;
use crate::gather::vendor_tree::{MAX_STATEMENT, read_bounded};
use crate::model::allow_list::AllowList;
use crate::model::checksum::{Checksum, Hashed};
use crate::model::index_line::{DependencyKind, Requirement, index_path};
use crate::model::package::{LockedChecksum, Package};
use crate::model::vendored::{CrateFolder, VendorRoot};
use crate::model::verification::{Finding, Undecided, Verification};
use crate::policy::graph::built_by;
use crate::policy::vendored::Held;
use crate::policy::vendored_contents::archive_name;
use crate::project::Subject;

/// What is held against each other.
pub(super) struct Evidence<'a> {
    pub(super) subject: &'a Subject,
    pub(super) allowed: Option<AllowList>,
    pub(super) tree: VendorRoot,
    /// Where it lies.
    pub(super) place: Utf8PathBuf,
    /// The same, as a reader would write it.
    pub(super) folder: Utf8PathBuf,
}

impl Evidence<'_> {
    pub(super) fn held(&self) -> Held<'_> {
        Held {
            packages: &self.subject.lock.packages,
            allowed: self.allowed.as_ref(),
            tree: &self.tree,
            folder: self.folder.as_str(),
        }
    }
}

/// What one archive is.
struct ReadArchive {
    name: String,
    digest: Option<Checksum>,
    bytes: u64,
    finding: Option<Finding>,
}

/// Fills in the archives' digests; returns what is wrong with those that are the locked ones. Others are not opened, and what the lock
/// file does not need is not read.
pub(super) fn open_archives(evidence: &mut Evidence<'_>, folder: &Utf8Path) -> Vec<Finding> {
    let VendorRoot::Crates(found) = &evidence.tree else { return Vec::new() };
    let memory = MemoryBudget::default();
    let there = |package: &&Package| found.archives.contains_key(&archive_name(&package.id));
    let wanted: Vec<&Package> = evidence.subject.lock.packages.iter().filter(there).collect();
    let read: Vec<ReadArchive> =
        wanted.par_iter().map(|package| opened_archive(evidence, found, package, folder, &memory)).collect();
    let VendorRoot::Crates(found) = &mut evidence.tree else { return Vec::new() };
    let mut findings = Vec::new();
    for ReadArchive { name, digest, bytes, finding } in read {
        found.bytes += bytes;
        found.archives.insert(name, digest);
        findings.extend(finding);
    }
    findings
}

fn opened_archive(
    evidence: &Evidence<'_>,
    found: &CrateFolder,
    package: &Package,
    folder: &Utf8Path,
    memory: &MemoryBudget,
) -> ReadArchive {
    let (id, name) = (&package.id, archive_name(&package.id));
    let Ok(Some(bytes)) = read_bounded(&folder.join(&name), LARGEST_CRATE) else {
        return ReadArchive { name, digest: None, bytes: 0, finding: None };
    };
    let size = bytes.len() as u64;
    let hashed = Hashed::of(bytes);
    let digest = hashed.checksum();
    let read = |finding| ReadArchive { name: name.clone(), digest: Some(digest), bytes: size, finding };
    let LockedChecksum::Known(locked) = package.checksum else { return read(None) };
    if locked != digest {
        return read(None);
    }
    let refused = |cause: String| Some(Finding::ArchiveRefused { id: id.clone(), cause });
    let Ok(verified) = VerifiedCrate::of(hashed, locked, id) else { return read(None) };
    let _share = memory.take(verified.room(&Limits::default()));
    let opened = match verified.open(&Limits::default()) {
        Ok(opened) => opened,
        Err(error) => return read(refused(error.fault.to_string())),
    };
    let path = index_path(&id.name);
    let lines = found.index.get(&path).into_iter().flat_map(|file| &file.releases);
    let line = lines.map(|(_, release)| release).find(|release| release.outline.version == id.version);
    // A missing line is reported elsewhere.
    if let Some(Err(divergence)) = line.map(|release| manifest_agrees(opened.manifest(), release)) {
        let cause = format!("of {}@{}: {divergence}", id.name, id.version);
        return read(Some(Finding::IndexDiffers { path, cause }));
    }
    let tree = vendor_files(&opened).checksums.tree_digest();
    let recorded = evidence.held().allowance(package).map(|release| release.tree);
    let differs = recorded.is_some_and(|recorded| recorded != tree);
    let finding = || Finding::TreeDiffers { directory: name.clone(), id: id.clone(), files_match: false };
    read(differs.then(finding))
}

/// Adds every stub that a recorded platform can build: the allow-list says which packages are stubs, and that alone would let a change put an
/// empty package in the place of one that is built. Who depends on what is read from the vendored manifests, which stubs keep whole.
pub(super) fn check_stubs(evidence: &Evidence<'_>, environment: &Environment, verification: &mut Verification) {
    let (held, packages) = (evidence.held(), &evidence.subject.lock.packages);
    let is_stub = |package: &Package| held.allowance(package).is_some_and(|release| release.stub);
    if !packages.iter().any(is_stub) {
        return;
    }
    let platforms = evidence.allowed.as_ref().map(|allowed| allowed.platforms.as_slice()).unwrap_or_default();
    let asked = |at: usize| vendored_requirements(evidence, packages.get(at)?);
    let mut needed = vec![Vec::new(); packages.len()];
    for platform in platforms {
        let target = match target::read(platform, environment) {
            Ok(target) => target,
            Err(error) => return verification.blockers.push(Undecided::Platform(error.to_string())),
        };
        for (at, is_built) in built_by(packages, &asked, std::slice::from_ref(&target)).into_iter().enumerate() {
            if is_built && let Some(needed) = needed.get_mut(at) {
                needed.push(platform.clone());
            }
        }
    }
    for (package, needed) in packages.iter().zip(needed).filter(|(package, _)| is_stub(package)) {
        if platforms.is_empty() || !needed.is_empty() {
            verification.findings.push(Finding::StubNeeded { id: package.id.clone(), platforms: needed });
        }
    }
}

fn vendored_requirements(evidence: &Evidence<'_>, package: &Package) -> Option<Vec<Requirement>> {
    if let Some(local) = &package.local {
        return Some(local.requirements.clone());
    }
    let directory = evidence.held().directory(package)?;
    let path = evidence.place.join(&directory.name).join("Cargo.toml");
    let text = read_bounded(&path, MAX_STATEMENT).ok()??;
    let manifest = VerifiedManifest::of_vendored(&text, &package.id).ok()?;
    let needed = manifest.requirements().iter().filter(|requirement| requirement.kind != DependencyKind::Dev);
    Some(needed.cloned().collect())
}
