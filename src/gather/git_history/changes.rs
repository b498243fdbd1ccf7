//! What git's plumbing says of changed files, each path and each file named once.

use std::collections::{BTreeSet, HashMap};

/// Positions by text, to name each once.
#[derive(Default)]
pub(super) struct Names {
    by_name: HashMap<String, u32>,
    pub(super) list: Vec<String>,
}

impl Names {
    pub(super) fn position(&mut self, name: &str) -> u32 {
        if let Some(at) = self.by_name.get(name) {
            return *at;
        }
        let at = position(self.list.len());
        self.by_name.insert(name.to_owned(), at);
        self.list.push(name.to_owned());
        at
    }
}

/// Nobody has more commits or files than that; the last position stands for all beyond it.
pub(super) fn position(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// One line of a raw diff, or of the index.
pub(super) struct Changed<'a> {
    pub(super) mode: &'a str,
    pub(super) object: &'a str,
    pub(super) path: &'a str,
}

impl Changed<'_> {
    /// The positions of its path and of its file; `None` for a file that is gone.
    pub(super) fn noted(
        &self,
        paths: &mut Names,
        blobs: &mut Names,
        links: &mut BTreeSet<u32>,
        path_of: &mut HashMap<u32, u32>,
    ) -> (u32, Option<u32>) {
        let path = paths.position(self.path);
        // A submodule of that name is another repository.
        if self.object.bytes().all(|byte| byte == b'0') || self.mode == "160000" || self.mode == "040000" {
            return (path, None);
        }
        let blob = blobs.position(self.object);
        if self.mode == "120000" {
            links.insert(blob);
        }
        path_of.entry(blob).or_insert(path);
        (path, Some(blob))
    }
}

/// `OLDMODE NEWMODE OLDID NEWID STATUS`
pub(super) fn raw<'a>(entry: &'a str, path: &'a str) -> Option<Changed<'a>> {
    let mut words = entry.split(' ');
    let mode = words.nth(1)?;
    let object = words.nth(1)?;
    Some(Changed { mode, object, path })
}
