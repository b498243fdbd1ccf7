//! `rust-toolchain.toml` with a `path`: rustup then runs the compiler of that folder.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};

use super::bounded;
use super::starts::real;
use super::tables::{inner, text};
use crate::files::regular::{self, Irregular, Links, ReadError};
use crate::gather::toml_tree;
use crate::model::policy::Origin;
use crate::model::way_around::{Scope, WayAround, WayKind};

/// The names of the file, the one that rustup reads where both exist first.
pub(super) const FILES: [&str; 2] = ["rust-toolchain", "rust-toolchain.toml"];
/// The most bytes of such a file.
const MAX_BYTES: u64 = 1024 * 1024;

/// A file by which rustup might choose another compiler, and that does not say which.
#[derive(Debug, thiserror::Error)]
pub enum ToolchainError {
    /// It cannot be read.
    #[error("{path} could not be read: {source}\nhelp: make it a file that names a toolchain, or remove it")]
    Unreadable {
        /// The file.
        path: Utf8PathBuf,
        /// Why not.
        source: ReadError,
    },
    /// It can be read and not understood.
    #[error(
        "{path} is no toolchain file: it is neither the name of a toolchain nor TOML\nhelp: correct it, or remove it"
    )]
    NotUnderstood {
        /// The file.
        path: Utf8PathBuf,
    },
}

/// Rustup looks in the folder and in every one above it. `starts` are folders, as they really lie, in which cargo may be started, and
/// `below` the files of the workspace's other folders.
pub(super) fn ways(
    root: &Utf8Path,
    starts: &[Utf8PathBuf],
    below: &[Utf8PathBuf],
) -> Result<Vec<WayAround>, ToolchainError> {
    let real_root = real(root);
    let shown = |folder: &Utf8Path| {
        folder.strip_prefix(&real_root).map_or_else(|_| folder.to_owned(), |below| root.join(below))
    };
    // From the real root upwards they are the root's own.
    let above = starts.iter().flat_map(|start| start.ancestors()).filter(|above| !real_root.starts_with(above));
    let above: BTreeSet<Utf8PathBuf> = above.map(shown).collect();
    let folders = root.ancestors().map(Utf8Path::to_owned).chain(above);
    let files = folders.flat_map(|folder| FILES.map(|name| folder.join(name)));
    let mut seen = BTreeSet::new();
    let mut ways = Vec::new();
    for path in files.chain(below.iter().cloned()) {
        if seen.insert(path.clone()) {
            ways.extend(way(root, &path)?);
        }
    }
    Ok(ways)
}

/// `None` also for a folder of that name, which rustup passes over.
fn way(root: &Utf8Path, path: &Utf8Path) -> Result<Option<WayAround>, ToolchainError> {
    let content = match regular::text(path, Links::Followed, MAX_BYTES) {
        Ok(content) => content,
        Err(ReadError::Io(error)) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(ReadError::Irregular(Irregular::Folder)) => return Ok(None),
        Err(source) => return Err(ToolchainError::Unreadable { path: path.to_owned(), source }),
    };
    let scope = if path.starts_with(root) { Scope::Repository } else { Scope::Above };
    let found = |line, key: &str, value: &str| {
        let origin = Origin::File { path: path.to_owned(), line, key: key.to_owned() };
        Some(WayAround { kind: WayKind::ToolchainPath, origin, scope, value: bounded(value) })
    };
    // The old form of the file is one line, the name of a toolchain or the path of its folder. No name has a separator.
    let line = content.trim();
    if path.extension().is_none() && line.lines().count() == 1 {
        return Ok(if line.contains(['/', '\\']) { found(1, "", line) } else { None });
    }
    let table = toml_tree::parse(&content).map_err(|_| ToolchainError::NotUnderstood { path: path.to_owned() })?;
    let Some(entry) = inner(&table, "toolchain").and_then(|toolchain| toolchain.get("path")) else { return Ok(None) };
    Ok(found(entry.line, "toolchain.path", &text(&entry.value)))
}
