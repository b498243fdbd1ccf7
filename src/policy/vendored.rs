//! Whether lock file, allow-list and vendored tree say the same: every package in all three or in none, every file the listed one,
//! every list the recorded one.

use std::collections::{BTreeMap, BTreeSet};

use semver::Version;

use super::vendored_contents::{Converted, collisions, compare_archives, compare_files, what};
use crate::model::allow_list::{AllowList, AllowedId, AllowedRelease};
use crate::model::checksum::Checksum;
use crate::model::package::{LockedChecksum, Package, PackageId};
use crate::model::source::Source;
use crate::model::vendored::{
    Attributes, Destination, Lead, Stated, VendorChecksums, VendorRoot, VendoredDirectory, VendoredPlace, VendoredTree,
};
use crate::model::verification::{Counts, Finding, Note, TakenFrom, Verification};

/// What is compared.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Held<'a> {
    /// The packages of the lock file.
    pub packages: &'a [Package],
    /// The allow-list; `None` where there is none.
    pub allowed: Option<&'a AllowList>,
    pub tree: &'a VendorRoot,
    /// The tree's folder, as a reader would write it.
    pub folder: &'a str,
}

impl<'a> Held<'a> {
    /// The allow-list's entry of a package.
    #[must_use]
    pub(crate) fn allowance(&self, package: &Package) -> Option<&'a AllowedRelease> {
        self.allowed?.releases.get(&AllowedId::of(&package.id)?)
    }

    /// The folder that holds this package, where the tree has one.
    #[must_use]
    pub(crate) fn directory(&self, package: &Package) -> Option<&'a VendoredDirectory> {
        let VendorRoot::Read(tree) = self.tree else { return None };
        tree.directories.iter().find(|directory| {
            directory
                .manifest
                .known()
                .is_some_and(|(name, version)| *name == package.id.name && *version == package.id.version)
        })
    }
}

/// Whether this package must be in the tree: everything must that has a source, whatever the configuration and the allow-list say of it,
/// since both may be the change under judgement.
fn must_be_vendored(package: &Package) -> bool {
    package.id.source != Source::Local
}

/// Compares the three, and adds what does not agree.
pub(crate) fn compare(held: &Held<'_>, verification: &mut Verification) {
    let covered: Vec<&Package> = held.packages.iter().filter(|package| must_be_vendored(package)).collect();
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
        VendorRoot::Crates(found) => return compare_archives(&covered, found, verification),
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
        what: what(entry.kind),
    };
    findings.extend(tree.strays.iter().map(stray));
    let names = tree.directories.iter().map(|directory| directory.name.as_str());
    let names = names.chain(tree.strays.iter().map(|stray| stray.path.as_str()));
    findings.extend(collisions(names).map(|(first, second)| Finding::Collision { directory: None, first, second }));
}

/// The tree against the other two.
fn packages(held: &Held<'_>, covered: &[&Package], tree: &VendoredTree, findings: &mut Vec<Finding>) {
    let wanted = by_release(covered);
    let mut seen: BTreeMap<(&str, &Version), &VendoredDirectory> = BTreeMap::new();
    let mut converted = Converted::default();
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
        compare_files(directory, &mut converted, findings);
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
    listed: &crate::model::vendored::VendorChecksums,
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

/// Adds where each package is taken from, and every source that leads elsewhere.
///
/// Which ones must lead there is asked of the lock file alone: a configuration that no longer replaces a source does not thereby make it one
/// that need not be replaced.
pub(crate) fn follow(
    packages: &[Package],
    leads: &[Lead],
    place: Option<&VendoredPlace>,
    verification: &mut Verification,
) {
    let is_there = |lead: &Lead| matches!(&lead.to, Destination::Folder(folder) if Some(folder) == place);
    verification.taken =
        packages.iter().map(|package| (package.id.clone(), taken(package, leads, &is_there))).collect();
    verification.findings.extend(leads.iter().filter(|lead| !is_there(lead)).map(|lead| Finding::NotReplaced {
        source: lead.source.clone(),
        to: lead.to.clone(),
        by: lead.by.clone(),
        start: lead.start.clone(),
    }));
}

fn taken(package: &Package, leads: &[Lead], is_there: &dyn Fn(&Lead) -> bool) -> TakenFrom {
    let source = package.id.source.without_commit();
    let mut of_it = leads.iter().filter(|lead| lead.source == source).peekable();
    match (&source, of_it.peek().is_some(), of_it.find(|lead| !is_there(lead)).map(|lead| &lead.to)) {
        (Source::Local, _, _) => TakenFrom::Local,
        (Source::Other(_), _, _) | (_, false, _) => TakenFrom::Unknown,
        (_, true, None) => TakenFrom::Vendored,
        (Source::Registry(_), true, Some(Destination::Itself)) => TakenFrom::Registry,
        (Source::Git(_), true, Some(Destination::Itself)) => TakenFrom::Repository,
        (_, true, Some(to)) => TakenFrom::Elsewhere(to.clone()),
    }
}

/// The most paths that one finding names.
const MAX_PATHS: usize = 8;

/// A package, its folder, and what its archive says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Derived<'a> {
    /// The package.
    pub id: &'a PackageId,
    /// Its folder in the tree.
    pub directory: &'a VendoredDirectory,
    /// The `.cargo-checksum.json` of the archive's own tree, or of the stub that is made from it.
    pub checksums: &'a VendorChecksums,
    /// The tree's digest that the allow-list records.
    pub recorded: Checksum,
}

/// What differs from the archive's tree. Both the files and the recorded digest are held against it.
///
/// The one proof that a tree and an allow-list which were edited together cannot pass.
#[must_use]
pub(crate) fn derived(derived: &Derived<'_>) -> Option<Finding> {
    let mut paths: BTreeSet<&str> = BTreeSet::new();
    for (path, digest) in digests(derived.directory) {
        // Converted line ends are a finding of their own, and no forgery.
        let is_listed = |listed: &Checksum| digest.iter().any(|digest| digest == listed);
        if !derived.checksums.files.get(path).is_some_and(is_listed) {
            paths.insert(path);
        }
    }
    let present: BTreeSet<&str> = digests(derived.directory).map(|(path, _)| path).collect();
    paths.extend(derived.checksums.files.keys().map(String::as_str).filter(|path| !present.contains(path)));
    let is_recorded = derived.checksums.tree_digest() == derived.recorded;
    (!paths.is_empty() || !is_recorded).then(|| not_from_archive(derived, &paths))
}

fn not_from_archive(derived: &Derived<'_>, paths: &BTreeSet<&str>) -> Finding {
    Finding::NotFromArchive {
        id: derived.id.clone(),
        directory: derived.directory.name.clone(),
        paths: paths.iter().take(MAX_PATHS).map(|path| (*path).to_owned()).collect(),
        more: paths.len().saturating_sub(MAX_PATHS),
    }
}

/// Every file with its digests: its own, and the one with line feeds where that was worked out.
fn digests(directory: &VendoredDirectory) -> impl Iterator<Item = (&str, Vec<Checksum>)> {
    directory.entries.iter().filter_map(|entry| {
        let file = entry.kind.file()?;
        Some((&*entry.path, [Some(file.digest), file.with_line_feeds].into_iter().flatten().collect()))
    })
}

#[cfg(test)]
mod tests {
    use super::{Held, compare};
    use crate::model::allow_list::{AllowList, AllowedId, AllowedRelease};
    use crate::model::vendored::{
        EntryKind, FileDigest, Stated, VendorChecksums, VendorRoot, VendoredDirectory, VendoredEntry, VendoredTree,
    };
    use crate::model::verification::{Counts, Finding, Verification};
    use crate::policy::by_hand::{checksum, package};

    #[test]
    fn where_a_list_is_not_the_recorded_one_it_is_told_whether_the_files_are() {
        let packages = [package("app", "0.1.0"), package("foo", "1.0.0")];
        let list = |text: &str| VendorChecksums {
            files: [("Cargo.toml".to_owned(), checksum(text))].into(),
            package: Some(checksum("foo@1.0.0")),
        };
        let verified = |listed: &str, found: &str| {
            let digest = FileDigest { digest: checksum(found), with_line_feeds: None };
            let id = &packages[1].id;
            let directory = VendoredDirectory {
                name: "foo".to_owned(),
                manifest: Stated::Known((id.name.clone(), id.version.clone())),
                listed: Stated::Known(list(listed)),
                entries: vec![VendoredEntry { path: "Cargo.toml".to_owned(), kind: EntryKind::File(digest) }],
            };
            let tree = VendorRoot::Read(VendoredTree { directories: vec![directory], ..VendoredTree::default() });
            let release =
                AllowedRelease { checksum: list("").package, tree: list("genuine").tree_digest(), stub: false };
            let releases = AllowedId::of(id).map(|id| (id, release)).into_iter().collect();
            let allowed = AllowList { releases, platforms: Vec::new() };
            let mut verification = Verification::default();
            compare(
                &Held { packages: &packages, allowed: Some(&allowed), tree: &tree, folder: "vendor" },
                &mut verification,
            );
            assert_eq!(verification.counts, Counts { packages: 2, vendored: 1, ..Counts::default() });
            verification.findings
        };
        let differs =
            |files_match| Finding::TreeDiffers { directory: "foo".to_owned(), id: packages[1].id.clone(), files_match };
        assert_eq!(verified("genuine", "genuine"), []);
        assert_eq!(verified("forged", "forged"), [differs(false)]);
        assert!(verified("forged", "genuine").contains(&differs(true)));
    }
}
