//! `rust-toolchain.toml` with a `path`: rustup then runs the compiler of that folder.

use std::path::Path;

use camino::{Utf8Path, Utf8PathBuf};

use super::bounded;
use super::tables::{inner, text};
use crate::files::regular::{self, Links};
use crate::gather::toml_tree;
use crate::model::policy::Origin;
use crate::model::way_around::{Scope, WayAround, WayKind};

/// The names of the file, the one that rustup reads where both exist first.
pub(super) const FILES: [&str; 2] = ["rust-toolchain", "rust-toolchain.toml"];
/// The most bytes of such a file.
const MAX_BYTES: u64 = 1024 * 1024;

/// Rustup looks in the folder and in every one above it; `below` are the files below the root.
pub(super) fn ways(root: &Utf8Path, below: &[Utf8PathBuf]) -> Vec<WayAround> {
    let above = root.ancestors().flat_map(|folder| FILES.map(|name| folder.join(name)));
    let present = above.filter(|path| Path::is_file(path.as_std_path()));
    present.chain(below.iter().cloned()).filter_map(|path| way(root, &path)).collect()
}

/// `None` also for a file that is no TOML: its old form holds the name of a toolchain and nothing else.
fn way(root: &Utf8Path, path: &Utf8Path) -> Option<WayAround> {
    let table = toml_tree::parse(&regular::text(path, Links::Followed, MAX_BYTES).ok()?).ok()?;
    let entry = inner(&table, "toolchain")?.get("path")?;
    let scope = if path.starts_with(root) { Scope::Repository } else { Scope::Above };
    let origin = Origin::File { path: path.to_owned(), line: entry.line, key: "toolchain.path".to_owned() };
    Some(WayAround { kind: WayKind::ToolchainPath, origin, scope, value: bounded(&text(&entry.node.value)) })
}
