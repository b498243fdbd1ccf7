//! What was done to a vendored package since it was written.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

use crate::model::allow_list::AllowList;
use crate::model::checksum::Checksum;
use crate::model::vendor::{VENDOR_CHECKSUMS_FILE, VendorChecksums};
use crate::model::vendored::{EntryKind, Stated, VendoredDirectory};
use crate::model::vendoring::{Alteration, AlteredFile};

/// What the package's files are held against.
#[derive(Clone, Copy, Debug)]
pub struct Genuine<'a> {
    /// All files of the release that belongs there now.
    pub files: &'a VendorChecksums,
    /// Whether a stub of it is there or will be: then its files may be missing or empty.
    pub stub: bool,
    /// The allow-list of the run before.
    pub recorded: Option<&'a AllowList>,
}

/// Every file that is not as some run wrote it. A folder of another release that agrees with its own list and, where there is a record,
/// with the record, was not altered: it is only out of date.
#[must_use]
pub fn altered(found: &VendoredDirectory, genuine: Genuine<'_>) -> Vec<AlteredFile> {
    let list = |how| vec![AlteredFile { path: VENDOR_CHECKSUMS_FILE.to_owned(), how }];
    let Some(listed) = found.listed.known() else {
        let how = if found.listed == Stated::Absent { Alteration::Removed } else { Alteration::Changed };
        return list(how);
    };
    if listed.package == genuine.files.package {
        let mut files = differing(found, genuine.files, genuine.stub);
        if files.is_empty() && !genuine.stub && listed != genuine.files {
            files = list(Alteration::Changed);
        }
        return files;
    }
    let files = differing(found, listed, false);
    let tree = listed.tree_digest();
    let is_recorded = |list: &AllowList| list.releases.values().any(|release| release.tree == tree);
    if files.is_empty() && !genuine.recorded.is_none_or(is_recorded) { list(Alteration::Changed) } else { files }
}

fn differing(found: &VendoredDirectory, expected: &VendorChecksums, stub: bool) -> Vec<AlteredFile> {
    let empty = Checksum::from_bytes(Sha256::digest([]).into());
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
