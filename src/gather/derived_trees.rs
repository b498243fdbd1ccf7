//! Reads this machine's notes of derived trees.

use std::fs::File;
use std::io::Read as _;

use camino::{Utf8Path, Utf8PathBuf};

use crate::model::derived::DerivedTrees;

/// More than this is not read: the notes are then begun anew.
const LIMIT: u64 = 32 << 20;

/// Where they lie.
#[must_use]
pub fn path(cargo_home: &Utf8Path) -> Utf8PathBuf {
    cargo_home.join("sequester").join("derived-trees.json")
}

/// What they say; nothing where there are none or they cannot be read, and then everything is derived again.
#[must_use]
pub fn read(cargo_home: &Utf8Path) -> DerivedTrees {
    let mut bytes = Vec::new();
    let read = File::open(path(cargo_home)).and_then(|file| file.take(LIMIT + 1).read_to_end(&mut bytes));
    match read {
        Ok(_) if bytes.len() as u64 <= LIMIT => DerivedTrees::parse(&bytes),
        Ok(_) | Err(_) => DerivedTrees::default(),
    }
}
