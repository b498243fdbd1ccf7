//! What stands in the way of writing cargo's configuration.

use std::io;

use camino::Utf8PathBuf;

use crate::model::allow_list::ALLOW_LIST_VERSION;

/// The file cannot be changed. It is as it was.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file could not be read.
    #[error("cannot read `{path}`: {cause}\nhelp: see that this file may be read, then run the command again")]
    Read {
        /// The file.
        path: Utf8PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// It is larger than any honest file of its kind.
    #[error("`{path}` is larger than {limit} bytes\nhelp: move what is not cargo's configuration elsewhere")]
    TooLarge {
        /// The file.
        path: Utf8PathBuf,
        /// The bound.
        limit: u64,
    },
    /// It is a link, or something else that is no file; replacing it would change more than the project.
    #[error(
        "`{path}` is not a plain file, so it is left alone\nhelp: put a file in its place, or let `vendor` leave it out with `--no-config`"
    )]
    NotAFile {
        /// What is no file.
        path: Utf8PathBuf,
    },
    /// The folder of the configuration is reached through a link.
    #[error(
        "`{path}` is not a plain folder, so it is left alone\nhelp: put a folder in its place, or let `vendor` leave it out with `--no-config`"
    )]
    NotAFolder {
        /// What is no folder.
        path: Utf8PathBuf,
    },
    /// Cargo prefers a file without the ending where both are there.
    #[error(
        "`{path}` has cargo's old name, and cargo would read it and not `config.toml`\nhelp: rename it: git mv '{path}' '{path}.toml'"
    )]
    Legacy {
        /// The file with the old name.
        path: Utf8PathBuf,
    },
    /// Its content leaves no room for ours.
    #[error("{path}:{fault}")]
    Splice {
        /// The file.
        path: Utf8PathBuf,
        /// Why.
        #[source]
        fault: SpliceError,
    },
}

/// The text cannot take our keys. Lines are counted from 1; each message begins with its line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SpliceError {
    /// It is not UTF-8.
    #[error("1: this file is not UTF-8 text\nhelp: save it as UTF-8")]
    NotUtf8,
    /// It is not TOML.
    #[error("{line}: not TOML: {message}\nhelp: cargo cannot read this file either; mend this line")]
    Syntax {
        /// Where.
        line: usize,
        /// The parser's words.
        message: String,
    },
    /// A source is already replaced, and not by us.
    #[error(
        "{line}: `{key}` is set, and `vendor` would change where crates come from\n  - {old}\n  + {new}\nhelp: remove this \
         `replace-with` (a mirror of crates.io that may stand in for it is named in `sequester.toml`), or use `--no-config`"
    )]
    Conflict {
        /// Where.
        line: usize,
        /// The key with its tables.
        key: String,
        /// The line as it is.
        old: String,
        /// The line as it would be.
        new: String,
    },
    /// Our table was written by another version of this program.
    #[error(
        "{line}: `sequester.version` is {found}, and this program writes {ALLOW_LIST_VERSION}\nhelp: use the release of cargo-sequester that \
         wrote it, or remove the table"
    )]
    Version {
        /// Where.
        line: usize,
        /// As written.
        found: String,
    },
    /// Our keys, or the tables that they belong into, are written in a form that cannot be added to.
    #[error(
        "{line}: `{key}` is written in a form that cannot be changed in place\nhelp: write it under a header: [{key}]"
    )]
    Shape {
        /// Where.
        line: usize,
        /// The table.
        key: String,
    },
    /// A name, an address or a path that must not stand in this file.
    #[error(
        "1: {0:?} cannot be written as a name or path of a source\nhelp: choose a path without control characters; see who named the package so"
    )]
    Name(String),
}
