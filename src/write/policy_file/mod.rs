//! Adds entries to `sequester.toml` and takes them out again.
//!
//! A parser only finds where the entries are; nothing is printed back from a parsed document, so comments, order, a byte-order mark and
//! line endings stay as people wrote them.

mod edit;
mod entry;
mod locate;
mod write;

pub use edit::{with_approval, with_ignore, without_approval, without_entries};
pub use entry::{NewApproval, NewIgnore, approval_entry, ignore_entry};
pub use write::{PolicyWriteError, replace};

/// Why a policy file's text cannot be changed as asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyEditError {
    /// The text is not TOML.
    #[error("line {line} is not TOML\nhelp: mend it, or restore the file from version control")]
    NotToml {
        /// The line, counted from 1.
        line: usize,
    },
    /// The entries are written in a way that leaves no room for tables of their own.
    #[error("`{key}` is written inline\nhelp: give each entry a table of its own: [[{table}]]")]
    Inline {
        /// What is inline.
        key: &'static str,
        /// The header that an entry needs.
        table: &'static str,
    },
    /// No entry begins on this line.
    #[error("no entry begins on line {line}\nhelp: give each entry a table of its own, and remove this one by hand")]
    NoEntry {
        /// The line, counted from 1.
        line: u32,
    },
}
