//! The entries of an archive as a set of files: no path that does harm anywhere, no path twice, and none that another system takes for
//! the same. The answer is the same on every system: a crate that would do harm on one of them is refused on all.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::ops::Range;

use unicode_normalization::UnicodeNormalization as _;

use super::fault::{Fault, Limits, PathFault};
use super::walk::Member;
use crate::model::checksum::Checksum;
use crate::model::vendored::VENDOR_CHECKSUMS_FILE;

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
        let path = relative_path(&member.path, prefix, member.is_directory, limits)
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
    let upper = path.nfd().collect::<String>().to_uppercase();
    Cow::Owned(upper.to_lowercase().nfd().collect())
}

/// The path below the package's folder; empty for that folder itself. `prefix` is `name-version`.
fn relative_path<'a>(path: &'a [u8], prefix: &str, is_directory: bool, limits: &Limits) -> Result<&'a str, PathFault> {
    let path = str::from_utf8(path).map_err(|_| PathFault::NotUtf8)?;
    if path.len() > limits.path_bytes {
        return Err(PathFault::TooLong);
    }
    let path = if is_directory { path.strip_suffix('/').unwrap_or(path) } else { path };
    if path.starts_with('/') {
        return Err(PathFault::Absolute);
    }
    path.chars().try_for_each(character)?;
    let mut depth = 0;
    for part in path.split('/') {
        depth += 1;
        component(part, limits)?;
    }
    if depth > limits.path_depth {
        return Err(PathFault::TooDeep);
    }
    match path.strip_prefix(prefix) {
        Some("") if is_directory => Ok(""),
        Some(rest) => rest.strip_prefix('/').ok_or(PathFault::OutsidePrefix),
        None => Err(PathFault::OutsidePrefix),
    }
}

fn character(character: char) -> Result<(), PathFault> {
    match character {
        '<' | '>' | ':' | '"' | '|' | '?' | '*' | '\\' => Err(PathFault::ForbiddenCharacter(character)),
        _ if character.is_control() => Err(PathFault::ControlCharacter),
        // Unicode's default-ignorable and bidi-control characters: some file systems drop them from names.
        '\u{ad}'
        | '\u{34f}'
        | '\u{61c}'
        | '\u{115f}'..='\u{1160}'
        | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{3164}'
        | '\u{fe00}'..='\u{fe0e}'
        | '\u{feff}'
        | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}' => Err(PathFault::InvisibleCharacter),
        _ => Ok(()),
    }
}

fn component(part: &str, limits: &Limits) -> Result<(), PathFault> {
    match part {
        "" | "." => Err(PathFault::EmptyComponent),
        ".." => Err(PathFault::ParentComponent),
        _ if part.ends_with(['.', ' ']) => Err(PathFault::TrailingDotOrSpace),
        _ if part.len() > limits.component_bytes => Err(PathFault::TooLong),
        _ => Ok(()),
    }
}

/// Whether a component is a device on Windows, so that no file of this name can be made there: `CON`, `nul.txt`, `COM1`, …: the part
/// before the first dot decides, spaces at its end do not count, and the superscript digits ¹²³ count as digits (Microsoft, "Naming Files, Paths, and Namespaces").
fn is_windows_device(part: &str) -> bool {
    let stem = part.split('.').next().unwrap_or_default().trim_end_matches(' ');
    let is = |name: &str| stem.eq_ignore_ascii_case(name);
    if ["con", "prn", "aux", "nul", "conin$", "conout$"].into_iter().any(is) {
        return true;
    }
    let numbered =
        stem.get(..3).is_some_and(|name| name.eq_ignore_ascii_case("com") || name.eq_ignore_ascii_case("lpt"));
    let mut rest = stem.chars().skip(3);
    numbered && matches!((rest.next(), rest.next()), (Some('0'..='9' | '¹' | '²' | '³'), None))
}

/// One observation; the text is the path below the package's folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Notice {
    /// A `.cargo-checksum.json` of its own: left out, ours is written instead.
    ChecksumFile(Box<str>),
    /// A `.cargo-ok`: left out, as cargo does.
    CargoOk(Box<str>),
    /// A cargo configuration: it would count for a cargo that runs in this folder.
    CargoConfig(Box<str>),
    /// A file of a git repository: left out, as cargo does, where the folder is spelled `.git`.
    GitDirectory(Box<str>),
    /// A `rust-toolchain` file: it would count for a cargo that runs in this folder.
    Toolchain(Box<str>),
    /// The same file twice, with the same bytes.
    RepeatedFile(Box<str>),
    /// A file whose name differs only in case, or in how its letters are composed, from another's that has the same bytes.
    Twin(Box<str>),
    /// A name that Windows keeps for a device: the file cannot be made there.
    WindowsDevice(Box<str>),
    /// A directory without a file in it: left out, as neither git nor a list of checksums can hold one.
    EmptyDirectory(Box<str>),
    /// A set-user-id, set-group-id or sticky bit: dropped.
    SpecialMode(Box<str>),
}

impl Notice {
    /// What the name and mode of a file or directory give away.
    fn of(path: &str, member: &Member) -> impl Iterator<Item = Self> {
        let lower = path.to_ascii_lowercase();
        let (folder, name) = lower.rsplit_once('/').unwrap_or(("", &lower));
        let in_cargo = folder == ".cargo" || folder.ends_with("/.cargo");
        let by_name = match name {
            ".cargo-checksum.json" if folder.is_empty() => Some(Self::ChecksumFile(path.into())),
            ".cargo-ok" => Some(Self::CargoOk(path.into())),
            "config" | "config.toml" if in_cargo => Some(Self::CargoConfig(path.into())),
            "rust-toolchain" | "rust-toolchain.toml" => Some(Self::Toolchain(path.into())),
            _ if lower.split('/').any(|part| part == ".git") => Some(Self::GitDirectory(path.into())),
            _ => None,
        };
        let device = path.split('/').any(is_windows_device).then(|| Self::WindowsDevice(path.into()));
        let special = (member.mode & 0o7000 != 0).then(|| Self::SpecialMode(path.into()));
        by_name.into_iter().chain(device).chain(special)
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (path, says) = match self {
            Self::ChecksumFile(path) => (path, "is not used"),
            Self::CargoOk(path) => (path, "is left out"),
            Self::CargoConfig(path) => (path, "configures a cargo that runs in its folder"),
            Self::GitDirectory(path) => (path, "belongs to a git repository"),
            Self::Toolchain(path) => (path, "chooses the toolchain of a cargo that runs in its folder"),
            Self::RepeatedFile(path) => (path, "is in the archive twice, with the same bytes"),
            Self::Twin(path) => (path, "is one file with another of the same bytes on some systems"),
            Self::WindowsDevice(path) => (path, "has the name of a device on Windows, where it cannot be made"),
            Self::EmptyDirectory(path) => (path, "is an empty directory and is left out"),
            Self::SpecialMode(path) => (path, "has a set-id or sticky bit, which is dropped"),
        };
        write!(f, "`{}` {says}", path.escape_debug())
    }
}
