//! Reads `sequester.toml`: the policy and the approvals, or every mistake in them with its line and key.

mod fault;
mod grammar;
mod reader;
#[cfg(test)]
mod reference;
mod tables;

use std::collections::BTreeMap;

use camino::Utf8Path;

use self::reader::TableReader;
use super::toml_tree::{self, Node, Table, Value};
use crate::files::regular::{self, Links, ReadError};
use crate::model::approval::Approvals;
use crate::model::policy::{CargoAges, Origin, Policy};

pub use fault::PolicyError;
pub(crate) use fault::{Fault, Problem};

/// The largest policy file that is read, in bytes.
const SIZE_LIMIT: u64 = 1024 * 1024;

/// What a policy file says. Nothing is judged by that alone: cargo's own minimum ages can lengthen what it says, and whoever forgot
/// them would judge laxer without a word.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PolicyFile {
    policy: Policy,
    approvals: Approvals,
}

impl PolicyFile {
    /// The policy as it is written, to be compared with another one or changed.
    #[must_use]
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    #[must_use]
    pub const fn approvals(&self) -> &Approvals {
        &self.approvals
    }

    /// The rules to judge by where cargo's configuration has these minimum ages.
    #[must_use]
    pub fn under(self, cargo: CargoAges) -> (Policy, Approvals) {
        (Policy { cargo, ..self.policy }, self.approvals)
    }
}

/// Reads the policy file at `path`.
///
/// # Errors
/// The file is absent, cannot be read, is larger than 1 MiB, or [`parse`] refuses it.
pub fn read(path: &Utf8Path) -> Result<PolicyFile, PolicyError> {
    match regular::text(path, Links::Followed, SIZE_LIMIT) {
        Ok(text) => parse(&text, path),
        Err(cause) if cause.is_absent() => Err(PolicyError::Absent { path: path.to_owned() }),
        Err(cause) => Err(PolicyError::Unreadable { path: path.to_owned(), cause }),
    }
}

/// Reads the text of the policy file at `path`; `None` where there is none.
///
/// # Errors
/// The file cannot be read, is larger than 1 MiB, or is not UTF-8.
pub(crate) fn text(path: &Utf8Path) -> Result<Option<String>, PolicyError> {
    match regular::text(path, Links::Followed, SIZE_LIMIT) {
        Ok(text) => Ok(Some(text)),
        Err(cause) if cause.is_absent() => Ok(None),
        Err(cause) => Err(PolicyError::Unreadable { path: path.to_owned(), cause }),
    }
}

/// Reads a policy from `text`, which stands in the file `path`. Keys that are not there have the values of [`Policy`]'s default.
///
/// # Errors
/// The text is not TOML, has a key that does not exist or a value that cannot be meant. All mistakes are in the error, not the
/// first alone; where the text is not TOML, only the mistakes of syntax.
pub fn parse(text: &str, path: &Utf8Path) -> Result<PolicyFile, PolicyError> {
    if text.len() > usize::try_from(SIZE_LIMIT).unwrap_or(usize::MAX) {
        return Err(PolicyError::Unreadable { path: path.to_owned(), cause: ReadError::TooLarge(SIZE_LIMIT) });
    }
    let mut problems = Vec::new();
    let read = match toml_tree::parse_whole(text) {
        Ok(document) => document_of(TableReader::root(&document, &mut problems), path),
        Err(errors) => {
            problems.extend(errors.into_iter().map(|error| Problem {
                line: error.line,
                key: None,
                fault: Fault::Syntax(error.message),
            }));
            PolicyFile::default()
        }
    };
    if problems.is_empty() {
        return Ok(read);
    }
    problems.sort_by_key(|problem| problem.line);
    Err(PolicyError::Invalid { path: path.to_owned(), problems })
}

fn document_of(mut root: TableReader<'_, '_>, path: &Utf8Path) -> PolicyFile {
    // The registries come first: other tables call them by name.
    let registries = tables::registries(&mut root, path);
    let quarantine = tables::quarantine(&mut root, path);
    let signals = tables::signals(&mut root);
    let overrides = tables::overrides(&mut root, path, &quarantine, &registries);
    let advisories = tables::advisories(&mut root);
    let sources = tables::sources(&mut root, &registries);
    let deny = tables::deny(&mut root);
    let licenses = tables::licenses(&mut root);
    let supplier = tables::supplier(&mut root);
    let approvals = tables::approvals(&mut root, &registries);
    root.finish();
    let policy = Policy {
        min_publish_age_flag: None,
        overrides,
        quarantine,
        signals,
        cargo: CargoAges::default(),
        advisories,
        sources,
        deny,
        licenses,
        supplier,
        registries: registries.into_policies(),
    };
    PolicyFile { policy, approvals }
}

/// The tables of a policy lie no deeper than this.
const DEEPEST: usize = 4;

/// Every key of a policy file, with its tables: `quarantine.min-publish-age`; and every entry of its lists by what it is about:
/// `approval cc@1.2.3`, `advisories.ignore RUSTSEC-2023-0071`, `override a, b`. `None` where the file cannot be read; `named` is what
/// messages call it.
#[must_use]
pub(crate) fn keys(path: &Utf8Path, named: &Utf8Path) -> Option<BTreeMap<String, Origin>> {
    let document = toml_tree::read(path, SIZE_LIMIT).ok()?;
    let mut keys = BTreeMap::new();
    add_keys(&document, "", 0, named, &mut keys);
    Some(keys)
}

fn add_keys(table: &Table, prefix: &str, depth: usize, path: &Utf8Path, keys: &mut BTreeMap<String, Origin>) {
    for (name, entry) in table.iter() {
        let key = format!("{prefix}{name}");
        if let Value::Table(inner) = &entry.value
            && depth < DEEPEST
        {
            add_keys(inner, &format!("{key}."), depth + 1, path, keys);
        }
        if let Value::List(nodes) = &entry.value {
            for (about, line) in nodes.iter().filter_map(|node| about(&key, node)) {
                let key = format!("{key} {about}");
                keys.insert(key.clone(), Origin::File { path: path.to_owned(), line, key });
            }
        }
        keys.insert(key.clone(), Origin::File { path: path.to_owned(), line: entry.line, key });
    }
}

/// What an entry of a list is about, and its line.
fn about(list: &str, node: &Node) -> Option<(String, u32)> {
    let entry = node.value.as_table()?;
    let about = match list {
        "approval" => format!("{}@{}", entry.text("crate")?, entry.text("version")?),
        "advisories.ignore" => entry.text("id")?.to_owned(),
        "override" => {
            let crates = entry.get("crates")?.value.as_list().into_iter().flatten();
            crates.filter_map(|node| node.value.as_text().map(String::as_str)).collect::<Vec<_>>().join(", ")
        }
        _ => return None,
    };
    Some((about, node.line))
}
