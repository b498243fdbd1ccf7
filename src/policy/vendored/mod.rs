//! Whether lock file, allow-list and vendored tree say the same: every package in all three or in none, every file the listed one,
//! every list the recorded one.

mod archive;
mod collision;
mod crates;
mod files;
mod leads;

use std::collections::{BTreeMap, BTreeSet};

use semver::Version;

pub use archive::{Derived, derived};
pub use crates::archive_name;
pub use leads::follow;

use crate::model::allow_list::{AllowList, AllowedId, AllowedRelease};
use crate::model::checksum::Checksum;
use crate::model::package::{LockedChecksum, Package};
use crate::model::source::Source;
use crate::model::vendored::{Attributes, Stated, VendorRoot, VendoredDirectory, VendoredTree};
use crate::model::verification::{Counts, Finding, Note, Verification};

/// What is compared.
#[derive(Clone, Copy, Debug)]
pub struct Held<'a> {
    /// The packages of the lock file.
    pub packages: &'a [Package],
    /// The allow-list; `None` where there is none.
    pub allowed: Option<&'a AllowList>,
    /// The tree.
    pub tree: &'a VendorRoot,
    /// The tree's folder, as a reader would write it.
    pub folder: &'a str,
}

impl<'a> Held<'a> {
    /// Whether this package must be in the tree: everything must that has a source, whatever the configuration and the allow-list say
    /// of it, since both may be the change under judgement.
    #[must_use]
    pub fn covers(&self, package: &Package) -> bool {
        package.id.source != Source::Local
    }

    /// The allow-list's entry of a package.
    #[must_use]
    pub fn allowance(&self, package: &Package) -> Option<&'a AllowedRelease> {
        self.allowed?.releases.get(&AllowedId::of(&package.id)?)
    }

    /// The folder that holds this package, where the tree has one.
    #[must_use]
    pub fn directory(&self, package: &Package) -> Option<&'a VendoredDirectory> {
        let VendorRoot::Read(tree) = self.tree else { return None };
        tree.directories.iter().find(|directory| {
            directory
                .manifest
                .known()
                .is_some_and(|(name, version)| *name == package.id.name && *version == package.id.version)
        })
    }
}

/// Compares the three, and adds what does not agree.
pub fn compare(held: &Held<'_>, verification: &mut Verification) {
    let covered: Vec<&Package> = held.packages.iter().filter(|package| held.covers(package)).collect();
    verification.counts = Counts {
        packages: held.packages.len(),
        vendored: covered.len(),
        stubs: covered.iter().filter(|package| held.allowance(package).is_some_and(|release| release.stub)).count(),
        ..verification.counts
    };
    let findings = &mut verification.findings;
    lists(held, &covered, findings);
    shared(&covered, findings);
    let tree = match held.tree {
        VendorRoot::Read(tree) => tree,
        VendorRoot::Crates(found) => return crates::compare(&covered, found, verification),
        VendorRoot::Absent | VendorRoot::Link | VendorRoot::NotFolder if covered.is_empty() => return,
        VendorRoot::Absent => return findings.push(Finding::NoTree { path: held.folder.to_owned() }),
        VendorRoot::Link => return findings.push(Finding::TreeIsLink { path: held.folder.to_owned() }),
        VendorRoot::NotFolder => return findings.push(Finding::TreeIsNoFolder { path: held.folder.to_owned() }),
    };
    (verification.counts.files, verification.counts.bytes) = (tree.files, tree.bytes);
    match tree.attributes {
        Attributes::Ours => {}
        Attributes::Absent => verification.notes.push(Note::NoAttributes),
        Attributes::Other => verification.notes.push(Note::OtherAttributes),
    }
    strays(tree, findings);
    packages(held, &covered, tree, findings);
}

/// The lock file against the allow-list.
fn lists(held: &Held<'_>, covered: &[&Package], findings: &mut Vec<Finding>) {
    let Some(allowed) = held.allowed else {
        if !covered.is_empty() {
            findings.push(Finding::NoAllowList);
        }
        return;
    };
    for package in covered {
        let id = &package.id;
        let locked = match package.checksum {
            LockedChecksum::Known(checksum) => Some(checksum),
            LockedChecksum::Missing | LockedChecksum::Malformed(_) => None,
        };
        if locked.is_none() && matches!(id.source, Source::Registry(_)) {
            findings.push(Finding::ChecksumMissing { id: id.clone() });
        }
        match held.allowance(package) {
            None => findings.push(Finding::NotAllowed { id: id.clone() }),
            Some(release) if release.checksum != locked => {
                findings.push(Finding::AllowedChecksumDiffers { id: id.clone(), allowed: release.checksum });
            }
            Some(_) => {}
        }
    }
    let locked: BTreeSet<AllowedId> = held.packages.iter().filter_map(|package| AllowedId::of(&package.id)).collect();
    let absent = allowed.releases.keys().filter(|id| !locked.contains(*id));
    findings.extend(absent.map(|id| Finding::NotLocked { allowed: id.to_string() }));
}

fn strays(tree: &VendoredTree, findings: &mut Vec<Finding>) {
    let stray = |entry: &crate::model::vendored::VendoredEntry| Finding::Stray {
        path: entry.path.clone(),
        what: files::what(entry.kind),
    };
    findings.extend(tree.strays.iter().map(stray));
    let names = tree.directories.iter().map(|directory| directory.name.as_str());
    let names = names.chain(tree.strays.iter().map(|stray| stray.path.as_str()));
    findings.extend(collision::collisions(names).map(|(first, second)| Finding::Collision {
        directory: None,
        first,
        second,
    }));
}

/// The tree against the other two.
fn packages(held: &Held<'_>, covered: &[&Package], tree: &VendoredTree, findings: &mut Vec<Finding>) {
    let wanted = by_release(covered);
    let mut seen: BTreeMap<(&str, &Version), &VendoredDirectory> = BTreeMap::new();
    let mut converted = files::Converted::default();
    for directory in &tree.directories {
        let packages = match &directory.manifest {
            Stated::Known((name, version)) => {
                if let Some(first) = seen.insert((name, version), directory) {
                    findings.push(Finding::PackageTwice {
                        package: format!("{name}@{version}"),
                        first: first.name.clone(),
                        second: directory.name.clone(),
                    });
                }
                wanted.get(&(&**name, version)).map_or(&[][..], Vec::as_slice)
            }
            Stated::Absent => {
                let cause = "it has no `Cargo.toml`".to_owned();
                findings.push(Finding::NoPackage { directory: directory.name.clone(), cause });
                // That says it all: nothing in it is a package's.
                continue;
            }
            Stated::Malformed(cause) => {
                findings.push(Finding::NoPackage { directory: directory.name.clone(), cause: cause.clone() });
                &[]
            }
        };
        if let (true, Some((name, version))) = (packages.is_empty(), directory.manifest.known()) {
            let package = Some(format!("{name}@{version}"));
            findings.push(Finding::DirectoryNotLocked { directory: directory.name.clone(), package });
        }
        if let Some(listed) = directory.listed.known() {
            for package in packages {
                hashes(held, package, directory, listed, findings);
            }
        }
        files::compare(directory, &mut converted, findings);
    }
    findings.extend(converted.finding());
    let absent = wanted.into_iter().filter(|(release, _)| !seen.contains_key(release));
    let absent = absent.flat_map(|(_, packages)| packages);
    findings.extend(absent.map(|package| Finding::NotVendored { id: package.id.clone() }));
}

/// The packages of each name and version: more than one where they come from several sources.
fn by_release<'a>(covered: &[&'a Package]) -> BTreeMap<(&'a str, &'a Version), Vec<&'a Package>> {
    let mut releases: BTreeMap<(&str, &Version), Vec<&Package>> = BTreeMap::new();
    for package in covered {
        releases.entry((&package.id.name, &package.id.version)).or_default().push(package);
    }
    releases
}

/// Two packages that cargo takes from one folder, or from one archive of a local registry: it tells them apart by name and version alone.
fn shared(covered: &[&Package], findings: &mut Vec<Finding>) {
    for packages in by_release(covered).values() {
        let pairs = packages.iter().zip(packages.iter().skip(1));
        findings.extend(pairs.map(|(one, other)| Finding::Shared { one: one.id.clone(), other: other.id.clone() }));
    }
}

/// What `.cargo-checksum.json` says as a whole.
fn hashes(
    held: &Held<'_>,
    package: &Package,
    directory: &VendoredDirectory,
    listed: &crate::model::vendor::VendorChecksums,
    findings: &mut Vec<Finding>,
) {
    let (id, name) = (&package.id, &directory.name);
    let expected: Option<Checksum> = match (&id.source, &package.checksum) {
        (Source::Registry(_), LockedChecksum::Known(checksum)) => Some(*checksum),
        _ => None,
    };
    if listed.package != expected || (expected.is_none() && matches!(id.source, Source::Registry(_))) {
        findings.push(Finding::PackageHashDiffers { directory: name.clone(), id: id.clone(), found: listed.package });
    }
    let Some(release) = held.allowance(package) else { return };
    if listed.tree_digest() != release.tree {
        // Is the list alone altered, or what it lists as well?
        let mut actual = listed.clone();
        actual.package = release.checksum;
        let files = directory.entries.iter();
        actual.files = files.filter_map(|entry| Some((entry.path.clone(), entry.kind.file()?.digest))).collect();
        let files_match = actual.tree_digest() == release.tree;
        findings.push(Finding::TreeDiffers { directory: name.clone(), id: id.clone(), files_match });
    }
}
