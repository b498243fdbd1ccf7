//! What lies in the vendored place, against its own lists: a package's folder file by file, and a local registry archive by archive.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::index_line::index_path;
use crate::model::package::{LockedChecksum, Package, PackageId};
use crate::model::source::Source;
use crate::model::vendored::{CrateFolder, EntryKind, Stated, VendoredDirectory};
use crate::model::verification::{Finding, Note, Verification};

/// Files that differ in their line ends alone: a checkout with another setting of git makes thousands of them, and one finding.
#[derive(Debug, Default)]
pub(super) struct Converted {
    files: usize,
    example: Option<String>,
}

impl Converted {
    pub(super) fn finding(self) -> Option<Finding> {
        let example = self.example?;
        Some(Finding::LineEndings { files: self.files, example })
    }
}

/// Adds what differs.
pub(super) fn compare_files(directory: &VendoredDirectory, converted: &mut Converted, findings: &mut Vec<Finding>) {
    let name = || directory.name.clone();
    let listed = match &directory.listed {
        Stated::Known(listed) => &listed.files,
        Stated::Absent => {
            let cause = "there is none".to_owned();
            return findings.push(Finding::NoList { directory: name(), cause });
        }
        Stated::Malformed(cause) => {
            return findings.push(Finding::NoList { directory: name(), cause: cause.clone() });
        }
    };
    if listed.is_empty() {
        // That says it all; that each file is missing in the list would only bury it.
        findings.push(Finding::NothingListed { directory: name() });
    }
    let mut present = 0;
    for entry in &directory.entries {
        let path = || entry.path.clone();
        let EntryKind::File(found) = entry.kind else {
            findings.push(Finding::NotAFile { directory: name(), path: path(), what: what(entry.kind) });
            continue;
        };
        match listed.get(&entry.path) {
            None if listed.is_empty() => {}
            None => findings.push(Finding::FileNotListed { directory: name(), path: path() }),
            Some(digest) => {
                present += 1;
                if *digest == found.digest {
                } else if found.with_line_feeds == Some(*digest) {
                    converted.files += 1;
                    converted.example.get_or_insert_with(|| format!("{}/{}", directory.name, entry.path));
                } else {
                    findings.push(Finding::FileEdited { directory: name(), path: path() });
                }
            }
        }
    }
    if present < listed.len() {
        let is_there = |path: &str| {
            let found = directory.entries.binary_search_by(|entry| entry.path.as_str().cmp(path)).ok();
            found.and_then(|at| directory.entries.get(at)).is_some_and(|e| matches!(e.kind, EntryKind::File(_)))
        };
        let missing = listed.keys().filter(|path| !is_there(path));
        findings.extend(missing.map(|path| Finding::FileMissing { directory: name(), path: path.clone() }));
    }
    let names = directory.entries.iter().map(|entry| entry.path.as_str());
    // Real archives hold `README.md` and `readme.md`: whichever of two files of the same bytes a system keeps, it keeps the same.
    let is_harmless =
        |(first, second): &(String, String)| listed.contains_key(first) && listed.get(first) == listed.get(second);
    let collisions = collisions(names).filter(|pair| !is_harmless(pair));
    let collision = |(first, second)| Finding::Collision { directory: Some(name()), first, second };
    findings.extend(collisions.map(collision));
}

/// What an entry is, with its article.
pub(super) const fn what(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::File(_) | EntryKind::Unread => "a file",
        EntryKind::EmptyFolder => "an empty folder",
        EntryKind::Folder => "a folder",
        EntryKind::Link => "a symbolic link",
        EntryKind::Special => "a socket, pipe or device",
        EntryKind::NameNotText => "a name that is not UTF-8 text",
    }
}

/// Every pair of different names that are the same without regard to case, in the order of the second.
pub(super) fn collisions<'a>(names: impl Iterator<Item = &'a str>) -> impl Iterator<Item = (String, String)> {
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    let mut found = Vec::new();
    for name in names {
        // By way of the upper case, which joins letters that have no lower-case relation, such as `ß` and `ss`.
        let folded = if name.is_ascii() { name.to_ascii_lowercase() } else { name.to_uppercase().to_lowercase() };
        if let Some(first) = seen.insert(folded, name)
            && first != name
        {
            found.push((first.to_owned(), name.to_owned()));
        }
    }
    found.into_iter()
}

/// The name of a package's archive.
#[must_use]
pub(crate) fn archive_name(id: &PackageId) -> String {
    format!("{}-{}.crate", id.name, id.version)
}

/// Adds what differs.
pub(super) fn compare_archives(covered: &[&Package], found: &CrateFolder, verification: &mut Verification) {
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
    let unneeded = "an archive that the lock file does not need";
    verification.findings.extend(strays.map(|name| Finding::Stray { path: name.clone(), what: unneeded }));
    let others = found.strays.iter();
    verification
        .findings
        .extend(others.map(|stray| Finding::Stray { path: stray.path.clone(), what: what(stray.kind) }));
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

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by it")]

    use super::{Converted, compare_archives, compare_files, what};
    use crate::model::index_line::{Release, index_path};
    use crate::model::vendored::{
        CrateFolder, EntryKind, FileDigest, IndexedFile, Stated, VendorChecksums, VendoredDirectory, VendoredEntry,
    };
    use crate::model::verification::{Finding, Verification};
    use crate::policy::by_hand::{checksum, days_ago, line, package};

    #[test]
    fn every_listed_file_that_is_not_there_is_named_and_so_is_what_stands_in_a_files_place() {
        let digest = FileDigest { digest: checksum("text"), with_line_feeds: None };
        let entry = |path: &str, kind| VendoredEntry { path: path.to_owned(), kind };
        let files = ["a", "b", "c", "d"].map(|path| (path.to_owned(), checksum("text"))).into();
        let directory = VendoredDirectory {
            name: "foo".to_owned(),
            manifest: Stated::Absent,
            listed: Stated::Known(VendorChecksums { files, package: None }),
            entries: vec![entry("a", EntryKind::File(digest)), entry("c", EntryKind::Link)],
        };
        let mut findings = Vec::new();
        compare_files(&directory, &mut Converted::default(), &mut findings);
        let named = || "foo".to_owned();
        let missing = |path: &str| Finding::FileMissing { directory: named(), path: path.to_owned() };
        let link = Finding::NotAFile { directory: named(), path: "c".to_owned(), what: "a symbolic link" };
        assert_eq!(findings, [link, missing("b"), missing("c"), missing("d")]);
        assert_eq!(what(EntryKind::File(digest)), "a file");
        assert_eq!(what(EntryKind::EmptyFolder), "an empty folder");
        assert_eq!(what(EntryKind::Special), "a socket, pipe or device");
    }

    fn indexed(path: &str, releases: &[(&str, &str)]) -> (String, IndexedFile) {
        let release = |(name, number): &(&str, &str)| {
            let line = line(name, number, days_ago(90), &[]).to_string();
            ((*name).to_owned(), Release::parse(name, line.as_bytes()).unwrap())
        };
        (path.to_owned(), IndexedFile { releases: releases.iter().map(release).collect(), unreadable: Vec::new() })
    }

    #[test]
    fn a_local_registry_lists_what_is_locked_each_in_its_own_file_and_nothing_else() {
        let locked = [package("foo", "1.0.0"), package("bar", "2.0.0")];
        let verified = |index: Vec<(String, IndexedFile)>| {
            let archive = |id: &str| (format!("{}.crate", id.replace('@', "-")), Some(checksum(id)));
            let archives = [archive("foo@1.0.0"), archive("bar@2.0.0")].into();
            let found = CrateFolder { archives, index: index.into_iter().collect(), strays: Vec::new(), bytes: 64 };
            let mut verification = Verification::default();
            compare_archives(&locked.each_ref(), &found, &mut verification);
            (verification.findings, verification.counts.files)
        };
        let (foo, bar) = (index_path("foo"), index_path("bar"));
        let own = || vec![indexed(&foo, &[("foo", "1.0.0")]), indexed(&bar, &[("bar", "2.0.0")])];
        let and = |more| own().into_iter().chain([more]).collect();
        assert_eq!(verified(own()), (Vec::new(), 4));
        let unlocked = |path: &str, release: &str| {
            let cause = format!("it lists {release}, which is not locked");
            vec![Finding::IndexDiffers { path: path.to_owned(), cause }]
        };
        let more =
            |releases: &[(&str, &str)]| verified(vec![indexed(&foo, releases), indexed(&bar, &[("bar", "2.0.0")])]).0;
        assert_eq!(more(&[("foo", "1.0.0"), ("foo", "2.0.0")]), unlocked(&foo, "foo@2.0.0"));
        assert_eq!(more(&[("foo", "1.0.0"), ("bar", "2.0.0")]), unlocked(&foo, "bar@2.0.0"));
        let other = index_path("other");
        assert_eq!(verified(and(indexed(&other, &[("other", "1.0.0")]))), (unlocked(&other, "other@1.0.0"), 5));
    }
}
