//! Reads the allow-list back from the one file that holds it.
//!
//! Cargo merges tables of parent folders, of `$CARGO_HOME` and of included files into the same table; none of that is looked at
//! here, since a list that the machine can lengthen proves nothing.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};

use crate::files::regular::{self, Links, ReadError};
use crate::gather::toml_tree::{self, Node, Section, Table, Value, WrongType, shown, shown_key};
use crate::model::allow_list::{ALLOW_LIST_VERSION, AllowList, AllowedId, AllowedRelease};
use crate::model::checksum::Checksum;
use crate::model::source::{CRATES_IO_INDEX, CRATES_IO_SPARSE_INDEX};

/// 1,300 packages need a quarter of a mebibyte.
const LIMIT: u64 = 16 * 1024 * 1024;

/// Why there is no allow-list to hold anything against.
#[derive(Debug, thiserror::Error)]
pub enum AllowListError {
    #[error(
        "{path}: cannot be read: {cause}\nhelp: cargo's configuration is a UTF-8 TOML file; see that this file may be read"
    )]
    Unreadable {
        path: Utf8PathBuf,
        #[source]
        cause: ReadError,
    },
    #[error("{path}:{line}: {fault}\nhelp: {}", .fault.help())]
    Invalid {
        path: Utf8PathBuf,
        /// The first mistake's line, counted from 1.
        line: u32,
        fault: AllowListFault,
    },
}

/// What is wrong with the table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AllowListFault {
    #[error("not TOML: {0}")]
    Syntax(String),
    #[error("unknown key `{0}`")]
    UnknownKey(String),
    #[error("`{key}`: expected {expected}, found {found}")]
    WrongType { key: String, expected: &'static str, found: &'static str },
    #[error("`{0}` is missing")]
    Missing(&'static str),
    #[error("`sequester.version` is {0}, and this program reads {ALLOW_LIST_VERSION}")]
    Version(String),
    #[error("{0} is not the id of one exact release")]
    Id(String),
    #[error("{id} is not how the release is listed; that is {canonical}")]
    NotCanonical { id: String, canonical: String },
    #[error("`{key}` of {id} is not a SHA-256 digest of 64 lower-case hexadecimal digits")]
    Digest { id: String, key: &'static str },
    #[error("`checksum` of {0} is missing; only a git dependency has none")]
    ChecksumMissing(String),
}

impl AllowListFault {
    const fn help(&self) -> &'static str {
        match self {
            Self::Syntax(_) => "cargo cannot read this file either; mend this line",
            Self::Version(_) => {
                "use the release of cargo-sequester that wrote it, or run `cargo sequester vendor` again"
            }
            Self::UnknownKey(_)
            | Self::WrongType { .. }
            | Self::Missing(_)
            | Self::Id(_)
            | Self::NotCanonical { .. }
            | Self::Digest { .. }
            | Self::ChecksumMissing(_) => {
                "see who changed this table, then remove `[sequester]` and run `cargo sequester vendor` again"
            }
        }
    }
}

/// Reads `[sequester]` of this file alone; `None` where the file or the table is absent.
///
/// # Errors
/// The file cannot be read, or anything in the table is not as `vendor` writes it.
pub fn read(path: &Utf8Path) -> Result<Option<AllowList>, AllowListError> {
    match regular::text(path, Links::Followed, LIMIT) {
        Ok(text) => read_text(&text, path),
        Err(error) if error.is_absent() => Ok(None),
        Err(cause) => Err(AllowListError::Unreadable { path: path.to_owned(), cause }),
    }
}

/// Reads it from a file's text, such as an earlier commit has it; `path` is for messages.
///
/// # Errors
/// Anything in the table is not as `vendor` writes it.
pub(crate) fn read_text(text: &str, path: &Utf8Path) -> Result<Option<AllowList>, AllowListError> {
    parse(text).map_err(|(line, fault)| AllowListError::Invalid { path: path.to_owned(), line, fault })
}

/// A mistake and its line.
type Fault = (u32, AllowListFault);

fn wrong_type(WrongType { line, key, expected, found }: WrongType) -> Fault {
    (line, AllowListFault::WrongType { key, expected, found })
}

fn parse(text: &str) -> Result<Option<AllowList>, Fault> {
    let document = toml_tree::parse(text).map_err(|error| (error.line, AllowListFault::Syntax(error.message)))?;
    let Some(section) = Section::root(&document).section("sequester").map_err(wrong_type)? else { return Ok(None) };
    known_keys(section.table, &["version", "platforms", "allow"])?;
    let missing = |key| (section.table.line, AllowListFault::Missing(key));

    let integer = |value: &Value| if let Value::Integer(number) = value { Some(*number) } else { None };
    let version = section.typed("version", "an integer", integer).map_err(wrong_type)?;
    let version = version.ok_or_else(|| missing("sequester.version"))?;
    if version != Some(i64::from(ALLOW_LIST_VERSION)) {
        let line = section.table.get("version").map_or(section.table.line, |node| node.line);
        let found = version.map_or_else(|| "out of range".to_owned(), |found| found.to_string());
        return Err((line, AllowListFault::Version(found)));
    }

    let allow = section.section("allow").map_err(wrong_type)?.ok_or_else(|| missing("sequester.allow"))?;
    let mut releases = BTreeMap::new();
    let allow = Section::root(allow.table);
    for (key, node) in allow.table.iter() {
        let id = id(key).map_err(|fault| (node.line, fault))?;
        let release = allow.inner(key, node).map_err(wrong_type)?;
        releases.insert(id, allowed(key, release.table)?);
    }
    Ok(Some(AllowList { releases, platforms: platforms(&section)? }))
}

/// The triples, in the order in which `vendor` writes them.
fn platforms(section: &Section<'_>) -> Result<Vec<String>, Fault> {
    let Some(node) = section.table.get("platforms") else { return Ok(Vec::new()) };
    let wrong = |wrong: &Node| {
        let wrong = section.wrong("platforms", wrong, "an array of strings");
        wrong_type(WrongType { line: node.line, ..wrong })
    };
    let nodes = node.value.as_list().ok_or_else(|| wrong(node))?;
    nodes.iter().map(|node| node.value.as_text().cloned().ok_or_else(|| wrong(node))).collect()
}

fn id(key: &str) -> Result<AllowedId, AllowListFault> {
    // TOML itself refuses a key that is there twice; the second spelling of crates.io would be another way to say it twice.
    for long in [format!("registry+{CRATES_IO_INDEX}#"), format!("sparse+{CRATES_IO_SPARSE_INDEX}#")] {
        if let Some(short) = key.strip_prefix(&long) {
            return Err(AllowListFault::NotCanonical { id: shown(key), canonical: shown(short) });
        }
    }
    key.parse().map_err(|_| AllowListFault::Id(shown(key)))
}

fn allowed(id: &str, table: &Table) -> Result<AllowedRelease, Fault> {
    known_keys(table, &["checksum", "tree", "stub"])?;
    let section = Section::root(table);
    let checksum = digest(id, &section, "checksum")?;
    if checksum.is_none() && !id.starts_with("git+") {
        return Err((table.line, AllowListFault::ChecksumMissing(shown(id))));
    }
    let tree = digest(id, &section, "tree")?.ok_or((table.line, AllowListFault::Missing("tree")))?;
    let stub = section.boolean("stub").map_err(wrong_type)?.unwrap_or(false);
    Ok(AllowedRelease { checksum, tree, stub })
}

fn digest(id: &str, section: &Section<'_>, key: &'static str) -> Result<Option<Checksum>, Fault> {
    let Some(text) = section.text(key).map_err(wrong_type)? else { return Ok(None) };
    let line = section.table.get(key).map_or(section.table.line, |node| node.line);
    let digest = text.parse().map_err(|_| (line, AllowListFault::Digest { id: shown(id), key }))?;
    Ok(Some(digest))
}

fn known_keys(table: &Table, known: &[&str]) -> Result<(), Fault> {
    let unknown = table.iter().filter(|(key, _)| !known.contains(key)).min_by_key(|(_, node)| node.line);
    unknown.map_or(Ok(()), |(key, node)| Err((node.line, AllowListFault::UnknownKey(shown_key(key)))))
}
