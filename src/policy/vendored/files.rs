//! A package's folder against its own list: the same files, with the same bytes, and nothing else.

use super::collision;
use crate::model::vendored::{EntryKind, Stated, VendoredDirectory};
use crate::model::verification::Finding;

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
pub(super) fn compare(directory: &VendoredDirectory, converted: &mut Converted, findings: &mut Vec<Finding>) {
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
    let collisions = collision::collisions(names).filter(|pair| !is_harmless(pair));
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
