//! The root of the git repository around a folder, as far as the file system tells it: for reports alone, which name files from there.

use camino::Utf8Path;

/// The nearest folder at or above this one that has a `.git`; a linked worktree or a submodule has a file of that name.
#[must_use]
pub fn around(folder: &Utf8Path) -> Option<&Utf8Path> {
    folder.ancestors().find(|folder| folder.join(".git").symlink_metadata().is_ok())
}
