//! Searches the workspace's folders for files by which a cargo that is started there does something else: lock files of other workspaces,
//! toolchain files, configurations.
//!
//! A cargo that is started anywhere below a member builds this workspace, unless a manifest of another lies on the way up.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};

use super::starts::{is_configured, real};
use super::toolchain;

/// The most names that are looked at: ten times the largest repositories that are known.
pub const MAX_NAMES: usize = 2_000_000;
/// The most folders with a configuration of their own; the largest honest repositories have a few.
const MAX_CONFIGURED: usize = 256;

/// What was found, in the order of the paths.
#[derive(Debug, Default)]
pub(super) struct Nested {
    /// Lock files below the root.
    pub(super) lock_files: Vec<Utf8PathBuf>,
    /// Toolchain files in the workspace's folders.
    pub(super) toolchains: Vec<Utf8PathBuf>,
    /// The workspace's folders that have a configuration, but for the root.
    pub(super) configured: Vec<Utf8PathBuf>,
    /// Whether a bound ended the search.
    pub(super) ended_early: bool,
}

/// Searches without following links, and leaves out these folders (the vendored place, build output) and git's own. Members that lie in such
/// a folder, outside the root or behind a link are searched where they lie. A folder that cannot be read cannot be built from either.
pub(super) fn find(root: &Utf8Path, members: &[Utf8PathBuf], without: &[&Utf8Path]) -> Nested {
    let real_root = real(root);
    let mut walk = Walk {
        without,
        members: members.iter().map(|member| real(member)).filter(|member| *member != real_root).collect(),
        searched: BTreeSet::new(),
        names: 0,
        found: Nested::default(),
    };
    walk.below(root, root);
    walk.searched.insert(real_root.clone());
    for member in walk.members.clone() {
        if walk.searched.insert(member.clone()) {
            // Told by the paths that the reader knows.
            let shown = member.strip_prefix(&real_root).map_or_else(|_| member.clone(), |below| root.join(below));
            walk.below(&shown, root);
        }
    }
    for paths in [&mut walk.found.lock_files, &mut walk.found.toolchains, &mut walk.found.configured] {
        paths.sort_unstable();
    }
    walk.found
}

struct Walk<'a> {
    without: &'a [&'a Utf8Path],
    /// Where the members but for the root really lie.
    members: BTreeSet<Utf8PathBuf>,
    /// Those that were searched.
    searched: BTreeSet<Utf8PathBuf>,
    names: usize,
    found: Nested,
}

impl Walk<'_> {
    /// From the root or a member downwards.
    fn below(&mut self, start: &Utf8Path, root: &Utf8Path) {
        // Each with whether it belongs to the workspace.
        let mut waiting = vec![(start.to_owned(), true)];
        while let Some((folder, mut belongs)) = waiting.pop() {
            let Ok(entries) = folder.read_dir_utf8() else { continue };
            let mut inner = Vec::new();
            let mut has_manifest = false;
            let mut toolchains = Vec::new();
            let mut configured = false;
            for entry in entries.flatten() {
                self.names += 1;
                if self.names > MAX_NAMES {
                    self.found.ended_early = true;
                    return;
                }
                let Ok(kind) = entry.file_type() else { continue };
                let name = entry.file_name();
                has_manifest |= name == "Cargo.toml";
                configured |= name.eq_ignore_ascii_case(".cargo");
                if kind.is_dir() && name != ".git" && !self.without.contains(&entry.path()) {
                    inner.push(entry.path().to_owned());
                } else if name == "Cargo.lock" && start == root && folder != root {
                    self.found.lock_files.push(entry.path().to_owned());
                } else if toolchain::FILES.contains(&name) {
                    toolchains.push(entry.path().to_owned());
                }
            }
            if has_manifest && folder != start {
                let place = real(&folder);
                belongs = self.members.contains(&place);
                if belongs && !self.searched.insert(place) {
                    continue;
                }
            }
            if belongs && folder != root {
                self.found.toolchains.append(&mut toolchains);
                if configured && is_configured(&folder.join(".cargo")) {
                    self.found.configured.push(folder);
                }
            }
            if self.found.configured.len() > MAX_CONFIGURED {
                self.found.ended_early = true;
                return;
            }
            // Of other workspaces nothing but the lock file is looked for, and outside the root not even that.
            if belongs || start == root {
                waiting.extend(inner.into_iter().filter(|folder| folder != root).map(|folder| (folder, belongs)));
            }
        }
    }
}
