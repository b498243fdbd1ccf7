//! `.cargo/config.toml` as `vendor` leaves it: source replacement and the allow-list, spliced into the file's own bytes.
//!
//! A parser only finds where our keys are; nothing is printed back from a parsed document, so comments, order, a byte-order mark and
//! line endings stay as they are.

mod error;
mod file;
mod insert;
mod lines;
mod locate;
mod minimum_age;
mod remaining;
mod replaced;
mod splice;

pub use error::{ConfigError, SpliceError};
pub use file::ConfigFile;
pub use minimum_age::with_minimum_age;
pub use replaced::Replaced;
pub use splice::spliced;

use crate::model::allow_list::AllowList;

/// What the file is to say.
#[derive(Clone, Debug)]
pub struct Wanted<'a> {
    /// Where the approved sources lie.
    pub location: Location<'a>,
    /// The sources that this location stands in for, beside crates.io, which it always replaces. In any order.
    pub replaced: &'a [Replaced],
    /// What may be built.
    pub allow: &'a AllowList,
}

/// Where cargo is to take sources from. The path is relative to the folder that holds `.cargo`, as cargo resolves it, with `/`
/// between the components.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Location<'a> {
    /// A directory source, which holds unpacked packages.
    Directory(&'a str),
    /// A local registry, which holds an index and `.crate` files.
    LocalRegistry(&'a str),
}

/// The names of our two sources. They differ by kind: cargo refuses a source that has two locations.
const SOURCE_NAMES: [&str; 2] = ["sequestered", "sequestered-local"];

impl Location<'_> {
    const fn source_name(self) -> &'static str {
        match self {
            Self::Directory(_) => "sequestered",
            Self::LocalRegistry(_) => "sequestered-local",
        }
    }

    const fn key(self) -> &'static str {
        match self {
            Self::Directory(_) => "directory",
            Self::LocalRegistry(_) => "local-registry",
        }
    }

    const fn path(&self) -> &str {
        match self {
            Self::Directory(path) | Self::LocalRegistry(path) => path,
        }
    }
}
