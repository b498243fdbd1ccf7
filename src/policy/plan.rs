//! From a decision to what `vendor` writes: only what is approved, and either all of it or nothing; and what was done to the vendored
//! packages since they were written.

use std::collections::{BTreeMap, BTreeSet};

use semver::Version;
use sha2::{Digest as _, Sha256};

use super::graph;
use crate::model::allow_list::{AllowList, AllowedId};
use crate::model::checksum::Checksum;
use crate::model::evaluation::Evaluation;
use crate::model::facts::Facts;
use crate::model::index_line::{Release, index_path};
use crate::model::package::{LockedChecksum, Package, PackageId};
use crate::model::source::Source;
use crate::model::vendored::{
    CrateFolder, EntryKind, IndexedFile, Stated, VENDOR_CHECKSUMS_FILE, VendorChecksums, VendoredDirectory,
    VendoredEntry,
};
use crate::model::vendoring::{
    Alteration, AlteredFile, KeptPlace, PlanRefusal, PlannedFrom, PlannedPackage, TargetPlatform, VendorPlan,
};
use crate::model::verdict::Verdict;

/// How to lay the packages out.
#[derive(Clone, Copy, Debug, Default)]
pub struct PlanOptions<'a> {
    /// Whether every folder has the version in its name.
    pub versioned_dirs: bool,
    /// The platforms to vendor for; empty means all there are.
    pub targets: &'a [TargetPlatform],
    /// Packages that are not approved and stay where they are, by position in the lock file.
    pub kept: Option<&'a BTreeMap<usize, KeptPlace>>,
}

/// Plans for exactly the packages of the evaluation that come from elsewhere.
///
/// # Errors
/// Something is not approved, was not judged, or could not be decided; or two packages cannot lie side by side.
pub fn plan(facts: &Facts, evaluation: &Evaluation, options: &PlanOptions<'_>) -> Result<VendorPlan, PlanRefusal> {
    let kept = |position: usize| options.kept.and_then(|kept| kept.get(&position));
    let held: Vec<PackageId> =
        held(facts, evaluation).filter(|(at, _)| kept(*at).is_none()).map(|(_, id)| id.clone()).collect();
    if !held.is_empty() || !evaluation.blockers.is_empty() || evaluation.judgements.len() != facts.packages.len() {
        return Err(PlanRefusal::NotApproved(held));
    }
    let built = graph::built_on(facts, options.targets);
    let wanted: Vec<(usize, &Package, PlannedFrom)> =
        facts.packages.iter().enumerate().filter_map(|(at, package)| Some((at, package, from(package)?))).collect();
    no_release_twice(wanted.iter().map(|(_, package, _)| &package.id))?;
    let mut newest: BTreeMap<&str, &Version> = BTreeMap::new();
    for (_, package, _) in &wanted {
        let highest = newest.entry(&package.id.name).or_insert(&package.id.version);
        *highest = (*highest).max(&package.id.version);
    }
    let mut packages: Vec<PlannedPackage> = wanted
        .iter()
        .map(|(position, package, from)| {
            let id = &package.id;
            if let Some(KeptPlace { directory, tree, stub }) = kept(*position) {
                let (directory, stub, kept) = (directory.clone(), *stub, Some(*tree));
                return PlannedPackage { position: *position, id: id.clone(), directory, from: *from, stub, kept };
            }
            let taken = |name: &str| options.kept.is_some_and(|kept| kept.values().any(|one| one.directory == name));
            let bare = !taken(&id.name)
                && !options.versioned_dirs
                && newest.get(&*id.name).is_some_and(|highest| **highest == id.version);
            let directory = if bare { id.name.to_string() } else { format!("{}-{}", id.name, id.version) };
            // There is no archive to derive a git package's stub from, and cargo writes it whole anyway.
            let stub = matches!(from, PlannedFrom::Crate(_)) && built.get(*position) == Some(&false);
            PlannedPackage { position: *position, id: id.clone(), directory, from: *from, stub, kept: None }
        })
        .collect();
    packages.sort_by(|one, other| one.directory.cmp(&other.directory));
    no_directory_twice(&packages)?;
    Ok(VendorPlan { packages })
}

/// Whatever stands against vendoring: not approved, not judged, or of a kind that nobody can check.
fn held<'a>(facts: &'a Facts, evaluation: &'a Evaluation) -> impl Iterator<Item = (usize, &'a PackageId)> {
    let pairs = facts.packages.iter().zip(&evaluation.judgements).enumerate();
    pairs
        .filter(|(_, (package, judgement))| {
            !may_be_vendored(package, judgement.verdict.as_ref()) || package.id != judgement.id
        })
        .map(|(at, (package, _))| (at, &package.id))
}

fn may_be_vendored(package: &Package, verdict: Option<&Verdict>) -> bool {
    match (&package.id.source, verdict) {
        (Source::Local, Some(Verdict::Local)) => true,
        (Source::Registry(_) | Source::Git(_), Some(Verdict::Approved(_))) => from(package).is_some(),
        (Source::Local | Source::Registry(_) | Source::Git(_) | Source::Other(_), _) => false,
    }
}

fn from(package: &Package) -> Option<PlannedFrom> {
    match (&package.id.source, &package.checksum) {
        (Source::Registry(_), LockedChecksum::Known(checksum)) => Some(PlannedFrom::Crate(*checksum)),
        // Without a commit there is no telling what cargo would fetch.
        (Source::Git(git), _) if git.commit.is_some() => Some(PlannedFrom::Git),
        (Source::Registry(_) | Source::Git(_) | Source::Local | Source::Other(_), _) => None,
    }
}

/// Cargo finds a package of a directory source by name and version alone.
fn no_release_twice<'a>(ids: impl Iterator<Item = &'a PackageId>) -> Result<(), PlanRefusal> {
    let mut seen: BTreeMap<(&str, &Version), &PackageId> = BTreeMap::new();
    for id in ids {
        if let Some(one) = seen.insert((&id.name, &id.version), id) {
            return Err(PlanRefusal::SameRelease { one: Box::new(one.clone()), other: Box::new(id.clone()) });
        }
    }
    Ok(())
}

fn no_directory_twice(packages: &[PlannedPackage]) -> Result<(), PlanRefusal> {
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    for package in packages {
        if let Some(one) = seen.insert(package.directory.to_lowercase(), &package.directory) {
            return Err(PlanRefusal::SameDirectory { one: one.to_owned(), other: package.directory.clone() });
        }
    }
    Ok(())
}

/// What the package's files are held against.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Genuine<'a> {
    /// All files of the release that belongs there now.
    pub files: &'a VendorChecksums,
    /// Whether a stub of it is there or will be: then its files may be missing or empty.
    pub stub: bool,
    /// The allow-list of the run before.
    pub recorded: Option<&'a AllowList>,
}

/// Whether the folder's own list says what its files were. Otherwise they have to be held against the release that belongs there now.
#[must_use]
pub(crate) fn tells(found: &VendoredDirectory, genuine: Genuine<'_>) -> bool {
    found.listed.known().is_some_and(|listed| {
        listed.package == genuine.files.package || genuine.is_recorded(listed) || found.whole().is_some()
    })
}

/// Every file that is not as some run wrote it. A folder of another release that agrees with its own list and, where there is a record,
/// with the record, was not altered: it is only out of date.
#[must_use]
pub(crate) fn altered(found: &VendoredDirectory, genuine: Genuine<'_>) -> Vec<AlteredFile> {
    let list = |how| AlteredFile { path: VENDOR_CHECKSUMS_FILE.to_owned(), how };
    match found.listed.known() {
        Some(listed) if listed.package == genuine.files.package => {
            let mut files = differing(found, genuine.files, genuine.stub);
            if files.is_empty() && !genuine.stub && listed != genuine.files {
                files.push(list(Alteration::Changed));
            }
            files
        }
        Some(listed) if genuine.is_recorded(listed) => differing(found, listed, false),
        Some(_) if found.whole().is_some() => vec![list(Alteration::Changed)],
        Some(_) | None => {
            let mut files = differing(found, genuine.files, genuine.stub);
            if found.listed != Stated::Absent {
                files.push(list(Alteration::Changed));
            } else if files.iter().all(|file| file.path != VENDOR_CHECKSUMS_FILE) {
                files.push(list(Alteration::Removed));
            }
            files.sort();
            files
        }
    }
}

impl Genuine<'_> {
    /// Without a record every list stands for itself.
    fn is_recorded(&self, listed: &VendorChecksums) -> bool {
        self.recorded.is_none_or(|list| {
            let tree = listed.tree_digest();
            list.releases.values().any(|release| release.tree == tree)
        })
    }
}

/// What would be lost with the folder and was written by no run: everything but files of the release that belongs there now, `files`, and
/// files that the folder's own list has with these bytes. In a folder that the allow-list names (`recorded`) an edited file is somebody's
/// alteration of ours; elsewhere it is somebody's. A folder of which neither list knows is told by its own name.
#[must_use]
pub(crate) fn strange(found: &VendoredDirectory, files: &VendorChecksums, recorded: bool) -> BTreeSet<String> {
    // The list of the same release has nothing to add to the release itself.
    let own = found.listed.known().filter(|own| own.package != files.package);
    let empty = empty();
    let is_ours = |entry: &VendoredEntry| {
        let path = &*entry.path;
        let (expected, listed) = (files.files.get(path), own.and_then(|own| own.files.get(path)));
        let is_named = expected.is_some() || listed.is_some() || path == VENDOR_CHECKSUMS_FILE;
        match entry.kind {
            EntryKind::EmptyFolder => true,
            EntryKind::File(file) => {
                let is = |digest: &Checksum| file.digest == *digest || file.with_line_feeds == Some(*digest);
                (recorded && is_named)
                    || listed.is_some_and(is)
                    || expected.is_some_and(|digest| is(digest) || is(&empty))
            }
            EntryKind::Folder | EntryKind::Link | EntryKind::Special | EntryKind::NameNotText | EntryKind::Unread => {
                recorded && is_named
            }
        }
    };
    let named = files.files.keys().chain(own.into_iter().flat_map(|own| own.files.keys()));
    let known: BTreeSet<&str> = named.flat_map(|path| folders(path)).collect();
    // A folder of which no release knows, such as `.git`, is one thing.
    let whole = |path: &str| folders(path).find(|folder| !known.contains(folder)).unwrap_or(path).to_owned();
    found.entries.iter().filter(|entry| !is_ours(entry)).map(|entry| whole(&entry.path)).collect()
}

/// The folders that a file lies in, the outermost first.
fn folders(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').filter_map(|(at, _)| path.get(..at))
}

/// Files of a local registry's index, and whatever else lies among them, that hold what no run wrote. `known` are the releases, as
/// `name@version`, with their digests, whose lines some run wrote or will write. In the files of `recorded` releases a line that is none
/// is somebody's alteration of ours.
#[must_use]
pub(crate) fn strange_lines(
    found: &CrateFolder,
    known: &BTreeSet<(String, Checksum)>,
    recorded: Option<&AllowList>,
) -> Vec<String> {
    let recorded: BTreeSet<&str> =
        recorded.into_iter().flat_map(|list| list.releases.keys()).map(AllowedId::release).collect();
    let files: BTreeSet<String> =
        recorded.iter().filter_map(|release| release.split_once('@')).map(|(name, _)| index_path(name)).collect();
    let is_ours = |(path, file): &(&String, &IndexedFile)| {
        let is_recorded = files.contains(*path);
        let is_known = |(name, release): &(String, Release)| {
            let spec = format!("{name}@{}", release.outline.version);
            (is_recorded && recorded.contains(&*spec)) || known.contains(&(spec, release.outline.checksum))
        };
        (is_recorded || file.unreadable.is_empty()) && file.releases.iter().all(is_known)
    };
    let strange = found.index.iter().filter(|file| !is_ours(file)).map(|(path, _)| format!("index/{path}"));
    let others = found.strays.iter().map(|stray| &stray.path).filter(|path| path.starts_with("index/"));
    strange.chain(others.cloned()).collect()
}

fn empty() -> Checksum {
    Checksum::from_bytes(Sha256::digest([]).into())
}

fn differing(found: &VendoredDirectory, expected: &VendorChecksums, stub: bool) -> Vec<AlteredFile> {
    let empty = empty();
    let mut missing: BTreeMap<&str, &Checksum> =
        expected.files.iter().map(|(path, digest)| (path.as_str(), digest)).collect();
    let mut files = Vec::new();
    for entry in &found.entries {
        let how = match (entry.kind, missing.remove(entry.path.as_str())) {
            (EntryKind::File(file), Some(digest)) if file.digest == *digest || (stub && file.digest == empty) => {
                continue;
            }
            (EntryKind::File(_), Some(_)) => Alteration::Changed,
            (
                EntryKind::File(_)
                | EntryKind::Unread
                | EntryKind::EmptyFolder
                | EntryKind::Folder
                | EntryKind::NameNotText,
                _,
            ) => Alteration::Added,
            (EntryKind::Link | EntryKind::Special, _) => Alteration::NotAFile,
        };
        files.push(AlteredFile { path: entry.path.clone(), how });
    }
    if !stub {
        files.extend(missing.into_keys().map(|path| AlteredFile { path: path.to_owned(), how: Alteration::Removed }));
    }
    files.sort();
    files
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by it")]

    use std::collections::BTreeSet;

    use super::{Genuine, altered, strange_lines, tells};
    use crate::model::allow_list::{AllowList, AllowedRelease};
    use crate::model::index_line::{Release, index_path};
    use crate::model::vendored::{
        CrateFolder, EntryKind, FileDigest, IndexedFile, Stated, VendorChecksums, VendoredDirectory, VendoredEntry,
    };
    use crate::model::vendoring::Alteration;
    use crate::policy::by_hand::{checksum, days_ago, line};

    fn list(package: &str, files: &[(&str, &str)]) -> VendorChecksums {
        let files = files.iter().map(|(path, text)| ((*path).to_owned(), checksum(text))).collect();
        VendorChecksums { files, package: Some(checksum(package)) }
    }

    fn folder(listed: &VendorChecksums, files: &[(&str, &str)]) -> VendoredDirectory {
        let entry = |(path, text): &(&str, &str)| {
            let digest = FileDigest { digest: checksum(text), with_line_feeds: None };
            VendoredEntry { path: (*path).to_owned(), kind: EntryKind::File(digest) }
        };
        VendoredDirectory {
            name: "foo".to_owned(),
            manifest: Stated::Absent,
            listed: Stated::Known(listed.clone()),
            entries: files.iter().map(entry).collect(),
        }
    }

    fn recorded(releases: &[(&str, &VendorChecksums)]) -> AllowList {
        let one = |(id, list): &(&str, &VendorChecksums)| {
            let release = AllowedRelease { checksum: list.package, tree: list.tree_digest(), stub: false };
            (id.parse().unwrap(), release)
        };
        AllowList { releases: releases.iter().map(one).collect(), platforms: Vec::new() }
    }

    const FILES: [(&str, &str); 2] = [("Cargo.toml", "manifest"), ("src/lib.rs", "code")];
    const EDITED: [(&str, &str); 2] = [("Cargo.toml", "manifest"), ("src/lib.rs", "other code")];
    const EMPTIED: [(&str, &str); 2] = [("Cargo.toml", "manifest"), ("src/lib.rs", "")];

    #[test]
    fn a_folders_own_list_tells_where_it_is_todays_or_recorded_or_whole() {
        let (files, other) = (list("1.1.0", &FILES), list("1.0.0", &FILES));
        let tells = |listed: &VendorChecksums, found: &[(&str, &str)], known: &VendorChecksums| {
            let allowed = recorded(&[("foo@1.0.0", known)]);
            tells(&folder(listed, found), Genuine { files: &files, stub: false, recorded: Some(&allowed) })
        };
        assert!(tells(&files, &EDITED, &files));
        assert!(tells(&other, &EDITED, &other));
        assert!(tells(&other, &FILES, &files));
        assert!(!tells(&other, &EDITED, &files));
    }

    #[test]
    fn what_is_not_as_it_was_written_is_named_and_nothing_else() {
        let files = list("1.0.0", &FILES);
        let altered = |listed: &VendorChecksums, found: &[(&str, &str)], stub: bool| {
            let found = altered(&folder(listed, found), Genuine { files: &files, stub, recorded: None });
            found.into_iter().map(|file| (file.path, file.how)).collect::<Vec<_>>()
        };
        let changed = |path: &str| vec![(path.to_owned(), Alteration::Changed)];
        assert_eq!(altered(&files, &FILES, false), []);
        assert_eq!(altered(&files, &EDITED, false), changed("src/lib.rs"));
        assert_eq!(altered(&files, &EMPTIED, false), changed("src/lib.rs"));
        assert_eq!(altered(&list("1.0.0", &EDITED), &FILES, false), changed(".cargo-checksum.json"));
        // The files of a stub are empty or gone, and its list is its own; what is left must be the release's.
        let stub = list("1.0.0", &[("Cargo.toml", "manifest"), ("src/lib.rs", "")]);
        assert_eq!(altered(&stub, &EMPTIED, true), []);
        assert_eq!(altered(&stub, &EMPTIED[..1], true), []);
        assert_eq!(altered(&stub, &EDITED, true), changed("src/lib.rs"));
    }

    #[test]
    fn a_line_of_a_local_registry_is_ours_where_it_is_recorded_or_known() {
        let release = |name: &str, number: &str| {
            let line = line(name, number, days_ago(90), &[]).to_string();
            (name.to_owned(), Release::parse(name, line.as_bytes()).unwrap())
        };
        let indexed = |one: (String, Release)| {
            (index_path(&one.0), IndexedFile { releases: vec![one], ..IndexedFile::default() })
        };
        let releases = [release("recorded", "1.0.0"), release("known", "1.0.0"), release("strange", "1.0.0")];
        let found = CrateFolder { index: releases.map(indexed).into(), ..CrateFolder::default() };
        let known = BTreeSet::from([("known@1.0.0".to_owned(), checksum("known@1.0.0"))]);
        let list = list("1.0.0", &FILES);
        let strange = |id: &str| strange_lines(&found, &known, Some(&recorded(&[(id, &list)])));
        let path = |name: &str| format!("index/{}", index_path(name));
        assert_eq!(strange("recorded@1.0.0"), [path("strange")]);
        assert_eq!(strange("recorded@1.0.1"), [path("recorded"), path("strange")]);
    }
}
