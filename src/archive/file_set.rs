//! The entries of an archive as a set of files: no path twice, and none that another system takes for the same.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ops::Range;

use icu_normalizer::DecomposingNormalizerBorrowed;

use crate::model::checksum::Checksum;
use crate::model::vendored::VENDOR_CHECKSUMS_FILE;

use super::entry_path;
use super::error::Fault;
use super::limits::Limits;
use super::notice::Notice;
use super::walk::Member;

/// A file of the package.
#[derive(Debug, Clone)]
pub(super) struct PackedFile {
    /// Below the package's folder, with `/` between the components.
    pub(super) path: Box<str>,
    pub(super) mode: u32,
    pub(super) mtime: Option<u64>,
    /// Where its bytes lie in the tar stream.
    pub(super) content: Range<u64>,
    pub(super) digest: Checksum,
}

/// The files in the order of their paths, and what was seen on the way.
pub(super) struct FileSet {
    pub(super) files: Vec<PackedFile>,
    pub(super) notices: Vec<Notice>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The position in the list of files.
    File(usize),
    /// Nobody has seen a file below it yet, or somebody has.
    Directory { holds_files: bool },
}

/// Every path that was seen, by its folded form, with its own spelling.
type Seen<'a> = HashMap<Box<str>, (&'a str, Kind)>;

/// Checks every path and every pair of paths.
pub(super) fn collect(members: &[Member], prefix: &str, limits: &Limits) -> Result<FileSet, Fault> {
    let mut files: Vec<PackedFile> = Vec::with_capacity(members.len());
    let mut notices = Vec::new();
    let mut seen: Seen<'_> = HashMap::with_capacity(members.len() * 2);
    // Ours is written there: an archive's file may have its name, but not another spelling of it.
    let reserved = VENDOR_CHECKSUMS_FILE;
    for member in members {
        let entry = || String::from_utf8_lossy(&member.path).into();
        let path = entry_path::relative(&member.path, prefix, member.is_directory, limits)
            .map_err(|fault| Fault::Path { entry: entry(), fault })?;
        if path.is_empty() {
            continue;
        }
        let folded = folded(path);
        if folded == reserved && path != reserved {
            return Err(Fault::Collision { first: reserved.into(), second: path.into() });
        }
        enclose(&mut seen, path, !member.is_directory)?;
        notices.extend(Notice::of(path, member));
        match (seen.entry(folded.into()), member.is_directory) {
            (Entry::Vacant(vacant), true) => {
                vacant.insert((path, Kind::Directory { holds_files: false }));
            }
            (Entry::Vacant(vacant), false) => {
                vacant.insert((path, Kind::File(files.len())));
                files.push(packed(path, member));
            }
            (Entry::Occupied(occupied), is_directory) => match *occupied.get() {
                (first, Kind::Directory { .. }) if is_directory && first == path => {}
                (first, Kind::File(at)) if !is_directory => {
                    let same = files.get(at).is_some_and(|first| is_same(first, member));
                    if same && files.iter().any(|file| *file.path == *path) {
                        // Early cargo packed `Cargo.toml` and `README.md` twice when the manifest listed them.
                        notices.push(Notice::RepeatedFile(path.into()));
                    } else if same {
                        notices.push(Notice::Twin(path.into()));
                        files.push(packed(path, member));
                    } else if first == path {
                        return Err(Fault::Repeated { entry: entry() });
                    } else {
                        return Err(Fault::Collision { first: first.into(), second: path.into() });
                    }
                }
                (first, _) if first != path => {
                    return Err(Fault::Collision { first: first.into(), second: path.into() });
                }
                (_, Kind::File(_) | Kind::Directory { .. }) => {
                    return Err(Fault::FileAndDirectory { entry: entry() });
                }
            },
        }
    }
    let empty = seen.values().filter(|(_, kind)| *kind == Kind::Directory { holds_files: false });
    notices.extend(empty.map(|(path, _)| Notice::EmptyDirectory((*path).into())));
    notices.sort();
    files.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(FileSet { files, notices })
}

fn packed(path: &str, member: &Member) -> PackedFile {
    let Member { mode, mtime, digest, content, .. } = member;
    PackedFile { path: path.into(), mode: *mode, mtime: *mtime, content: content.clone(), digest: *digest }
}

fn is_same(first: &PackedFile, member: &Member) -> bool {
    first.digest == member.digest && first.mode == member.mode
}

/// Notes every directory above `path`.
fn enclose<'a>(seen: &mut Seen<'a>, path: &'a str, for_file: bool) -> Result<(), Fault> {
    let mut rest = path;
    while let Some((above, _)) = rest.rsplit_once('/') {
        rest = above;
        match seen.entry(folded(above).into()) {
            Entry::Vacant(vacant) => {
                vacant.insert((above, Kind::Directory { holds_files: for_file }));
            }
            Entry::Occupied(mut occupied) => match occupied.get_mut() {
                (first, _) if *first != above => {
                    return Err(Fault::Collision { first: (*first).into(), second: above.into() });
                }
                (_, Kind::File(_)) => return Err(Fault::FileAndDirectory { entry: above.into() }),
                // All above a directory that holds files is noted already.
                (_, Kind::Directory { holds_files: true }) => return Ok(()),
                (_, Kind::Directory { holds_files }) => *holds_files = for_file,
            },
        }
    }
    Ok(())
}

/// One form for all spellings that some file system takes for one name: case-insensitive (NTFS, APFS) and normalising (HFS+, APFS).
/// Upper-casing first joins letters that have no lower-case relation, such as `ß` and `ss`; joining too much only refuses more.
fn folded(path: &str) -> Cow<'_, str> {
    if path.is_ascii() {
        return if path.bytes().any(|byte| byte.is_ascii_uppercase()) {
            Cow::Owned(path.to_ascii_lowercase())
        } else {
            Cow::Borrowed(path)
        };
    }
    let decomposer = DecomposingNormalizerBorrowed::new_nfd();
    let upper = decomposer.normalize(path).to_uppercase();
    Cow::Owned(decomposer.normalize(&upper.to_lowercase()).into_owned())
}
