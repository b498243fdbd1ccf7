//! Searches below the workspace for files by which a cargo that is started there does something else: lock files of other workspaces,
//! toolchain files.

use camino::{Utf8Path, Utf8PathBuf};

use super::toolchain;

/// The most names that are looked at: ten times the largest repositories that are known.
pub const MAX_NAMES: usize = 2_000_000;

/// What was found below the root, in the order of the paths.
#[derive(Debug, Default)]
pub(super) struct Nested {
    /// Lock files.
    pub(super) lock_files: Vec<Utf8PathBuf>,
    /// Toolchain files.
    pub(super) toolchains: Vec<Utf8PathBuf>,
    /// Whether [`MAX_NAMES`] ended the search.
    pub(super) ended_early: bool,
}

/// Searches without following links, and leaves out these folders (the vendored place, build output) and git's own. A folder that
/// cannot be read cannot be built from either.
pub(super) fn find(root: &Utf8Path, without: &[&Utf8Path]) -> Nested {
    let mut nested = Nested::default();
    let mut waiting = vec![root.to_owned()];
    let mut names = 0;
    while let Some(folder) = waiting.pop() {
        let Ok(entries) = folder.read_dir_utf8() else { continue };
        for entry in entries.flatten() {
            names += 1;
            if names > MAX_NAMES {
                nested.ended_early = true;
                return nested.sorted();
            }
            let Ok(kind) = entry.file_type() else { continue };
            let (name, is_root) = (entry.file_name(), folder == root);
            let skipped = name == ".git" || without.contains(&entry.path());
            if kind.is_dir() && !skipped {
                waiting.push(entry.path().to_owned());
            } else if name == "Cargo.lock" && !is_root {
                nested.lock_files.push(entry.path().to_owned());
            } else if toolchain::FILES.contains(&name) && !is_root {
                nested.toolchains.push(entry.path().to_owned());
            }
        }
    }
    nested.sorted()
}

impl Nested {
    fn sorted(mut self) -> Self {
        for paths in [&mut self.lock_files, &mut self.toolchains] {
            paths.sort_unstable();
        }
        self
    }
}
