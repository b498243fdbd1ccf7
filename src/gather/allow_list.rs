//! Reads the allow-list back from the one file that holds it.
//!
//! Cargo merges tables of parent folders, of `$CARGO_HOME` and of included files into the same table; none of that is looked at
//! here, since a list that the machine can lengthen proves nothing.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};

use crate::files::regular::{self, Links, ReadError};
use crate::gather::toml_tree::{self, Node, Table, Value, shown, shown_key};
use crate::model::allow_list::{ALLOW_LIST_VERSION, AllowList, AllowedId, AllowedRelease};
use crate::model::checksum::Checksum;
use crate::model::source::{CRATES_IO_INDEX, CRATES_IO_SPARSE_INDEX};

/// 1,300 packages need a quarter of a mebibyte.
const LIMIT: u64 = 16 * 1024 * 1024;

/// Why there is no allow-list to hold anything against.
#[derive(Debug, thiserror::Error)]
pub enum AllowListError {
    /// The file could not be read.
    #[error(
        "{path}: cannot be read: {cause}\nhelp: cargo's configuration is a UTF-8 TOML file; see that this file may be read"
    )]
    Unreadable {
        /// The file.
        path: Utf8PathBuf,
        /// Why.
        #[source]
        cause: ReadError,
    },
    /// The table is not as `vendor` writes it.
    #[error("{path}:{line}: {fault}\nhelp: {}", .fault.help())]
    Invalid {
        /// The file.
        path: Utf8PathBuf,
        /// The first mistake's line, counted from 1.
        line: u32,
        /// What is wrong.
        fault: AllowListFault,
    },
}

/// What is wrong with the table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the message of each says what it is")]
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
pub fn read_text(text: &str, path: &Utf8Path) -> Result<Option<AllowList>, AllowListError> {
    parse(text).map_err(|(line, fault)| AllowListError::Invalid { path: path.to_owned(), line, fault })
}

/// A mistake and its line.
type Fault = (u32, AllowListFault);

fn parse(text: &str) -> Result<Option<AllowList>, Fault> {
    let document = toml_tree::parse(text).map_err(|error| (error.line, AllowListFault::Syntax(error.message)))?;
    let Some(entry) = document.get("sequester") else { return Ok(None) };
    let table = as_table("sequester", entry)?;
    known_keys(table, &["version", "platforms", "allow"])?;

    let version = table.get("version").ok_or((entry.line, AllowListFault::Missing("sequester.version")))?;
    let Value::Integer(found) = version.value else {
        return Err((version.line, wrong_type("sequester.version", "an integer", &version.value)));
    };
    if found != Some(i64::from(ALLOW_LIST_VERSION)) {
        let found = found.map_or_else(|| "out of range".to_owned(), |found| found.to_string());
        return Err((version.line, AllowListFault::Version(found)));
    }

    let allow = table.get("allow").ok_or((entry.line, AllowListFault::Missing("sequester.allow")))?;
    let mut releases = BTreeMap::new();
    for (key, entry) in as_table("sequester.allow", allow)?.iter() {
        let id = id(key).map_err(|fault| (entry.line, fault))?;
        releases.insert(id, release(key, as_table(key, entry)?, entry.line)?);
    }
    Ok(Some(AllowList { releases, platforms: platforms(table)? }))
}

/// The triples, in the order in which `vendor` writes them.
fn platforms(table: &Table) -> Result<Vec<String>, Fault> {
    let Some(entry) = table.get("platforms") else { return Ok(Vec::new()) };
    let wrong = |value: &Value| (entry.line, wrong_type("sequester.platforms", "an array of strings", value));
    let Value::List(nodes) = &entry.value else { return Err(wrong(&entry.value)) };
    let text = |node: &Node| {
        if let Value::Text(text) = &node.value { Ok(text.clone()) } else { Err(wrong(&node.value)) }
    };
    nodes.iter().map(text).collect()
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

fn release(id: &str, table: &Table, line: u32) -> Result<AllowedRelease, Fault> {
    known_keys(table, &["checksum", "tree", "stub"])?;
    let checksum = digest(id, table, "checksum")?;
    if checksum.is_none() && !id.starts_with("git+") {
        return Err((line, AllowListFault::ChecksumMissing(shown(id))));
    }
    let tree = digest(id, table, "tree")?.ok_or((line, AllowListFault::Missing("tree")))?;
    let stub = match table.get("stub").map(|entry| (entry.line, &entry.value)) {
        None => false,
        Some((_, Value::Boolean(stub))) => *stub,
        Some((line, other)) => return Err((line, wrong_type("stub", "`true` or `false`", other))),
    };
    Ok(AllowedRelease { checksum, tree, stub })
}

fn digest(id: &str, table: &Table, key: &'static str) -> Result<Option<Checksum>, Fault> {
    let Some(entry) = table.get(key) else { return Ok(None) };
    let Value::Text(text) = &entry.value else {
        return Err((entry.line, wrong_type(key, "a string", &entry.value)));
    };
    let digest = text.parse().map_err(|_| (entry.line, AllowListFault::Digest { id: shown(id), key }))?;
    Ok(Some(digest))
}

fn as_table<'n>(key: &str, node: &'n Node) -> Result<&'n Table, Fault> {
    node.value.as_table().ok_or_else(|| (node.line, wrong_type(key, "a table", &node.value)))
}

fn wrong_type(key: &str, expected: &'static str, found: &Value) -> AllowListFault {
    AllowListFault::WrongType { key: shown_key(key), expected, found: found.kind() }
}

fn known_keys(table: &Table, known: &[&str]) -> Result<(), Fault> {
    let unknown = table.iter().filter(|(key, _)| !known.contains(key)).min_by_key(|(_, entry)| entry.line);
    unknown.map_or(Ok(()), |(key, entry)| Err((entry.line, AllowListFault::UnknownKey(shown_key(key)))))
}
