//! Finds the lock file without cargo's help.

use camino::{Utf8Path, Utf8PathBuf};

use super::MAX_MANIFEST;
use crate::files::regular::{self, Links};

/// The nearest folder, from `folder` upwards, that has a lock file beside the manifest of a workspace; else the nearest that has a lock
/// file at all. A lock file that somebody left in a member's folder thus does not stand in for the workspace's.
pub(super) fn root(folder: &Utf8Path) -> Option<Utf8PathBuf> {
    let with_lock_file = || folder.ancestors().filter(|folder| folder.join("Cargo.lock").is_file());
    with_lock_file().find(|folder| is_workspace(folder)).or_else(|| with_lock_file().next()).map(Utf8Path::to_owned)
}

/// By the text alone: a manifest that cargo refuses may not be TOML.
fn is_workspace(folder: &Utf8Path) -> bool {
    is_of_workspace(&regular::read(&folder.join("Cargo.toml"), Links::Followed, MAX_MANIFEST).unwrap_or_default())
}

/// Whether a manifest is a workspace's root.
#[must_use]
pub fn is_of_workspace(manifest: &[u8]) -> bool {
    manifest.split(|byte| *byte == b'\n').any(|line| line.trim_ascii_start().starts_with(b"[workspace"))
}
