//! Reads `sequester.toml`: the policy and the approvals, or every mistake in them with its line and key.

mod advisories;
mod approvals;
mod error;
mod grammar;
mod keys;
mod lists;
mod quarantine;
mod reader;
mod registries;

use camino::Utf8Path;

pub use error::{Fault, PolicyError, Problem};
pub use keys::keys;

use self::reader::{At, TableReader};
use super::toml_tree;
use crate::files::regular::{self, Links, ReadError};
use crate::model::approval::Approvals;
use crate::model::policy::{CargoAges, Origin, Policy, Setting};

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

    /// The approvals.
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
pub fn text(path: &Utf8Path) -> Result<Option<String>, PolicyError> {
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
    let read = match toml_tree::parse(text) {
        Ok(document) => document_of(TableReader::new(&document, String::new(), &mut problems), path),
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
    let names = registries::registries(&mut root, path);
    let quarantine = quarantine::quarantine(&mut root, path);
    let policy = Policy {
        min_publish_age_flag: None,
        overrides: quarantine::overrides(&mut root, path, &quarantine, &names),
        quarantine,
        cargo: CargoAges::default(),
        advisories: advisories::advisories(&mut root),
        sources: registries::sources(&mut root, &names),
        deny: lists::deny(&mut root),
        licenses: lists::licenses(&mut root),
        registries: names.into_policies(),
    };
    let approvals = approvals::approvals(&mut root, &policy);
    root.finish();
    PolicyFile { policy, approvals }
}

/// The value and where it stands.
fn setting<T>(At { line, value }: At<T>, path: &Utf8Path, key: String) -> Setting<T> {
    Setting { value, origin: Origin::File { path: path.to_owned(), line, key } }
}
