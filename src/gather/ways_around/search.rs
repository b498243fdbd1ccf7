//! Where to look: the folders in which a cargo that is started builds this workspace, each with its configuration, and the files in them by
//! which it does something else: lock files of other workspaces, toolchain files, configurations.
//!
//! A cargo that is started anywhere below a member builds this workspace, unless a manifest of another lies on the way up.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use camino::{Utf8Path, Utf8PathBuf};

use super::config_file::Replacing;
use super::documents::{TOOLCHAIN_FILES, real};
use crate::gather::cargo_config::{CargoConfig, CargoConfigError};
use crate::gather::environment::Environment;
use crate::model::source::Source;

/// The most names that are looked at: ten times the largest repositories that are known.
pub(crate) const MAX_NAMES: usize = 2_000_000;
/// The most folders with a configuration of their own; the largest honest repositories have a few.
const MAX_CONFIGURED: usize = 256;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Search<'a> {
    pub root: &'a Utf8Path,
    pub members: &'a [Utf8PathBuf],
    /// The sources, without commits, that must be taken from the vendored place.
    pub sources: &'a BTreeSet<Source>,
    /// The vendored place, which is not searched.
    pub vendor: Option<&'a Utf8Path>,
    /// Our own setting, as the workspace's `.cargo/config.toml` has it.
    pub replacing: &'a Replacing,
    /// The configuration of a cargo started in the root.
    pub config: &'a CargoConfig,
    pub environment: &'a Environment,
}

impl Search<'_> {
    /// The folders in which a cargo that is started builds this workspace, as they really lie: the members', and the one in which this run
    /// was started, where that is one of the workspace's.
    pub(super) fn starts(&self) -> Vec<Utf8PathBuf> {
        let (root, here) = (real(self.root), real(self.environment.current_dir()));
        let mut folders: Vec<Utf8PathBuf> = self.members.iter().map(|member| real(member)).collect();
        folders.extend(here.starts_with(root).then_some(here));
        folders
    }
}

/// A folder with a configuration that the workspace's root does not have.
pub(super) struct ConfiguredFolder {
    /// The closest folder with a configuration, at or above the one in which cargo is started.
    pub(super) folder: Utf8PathBuf,
    /// What a cargo started there reads.
    pub(super) config: CargoConfig,
}

/// One for each configuration that counts beside the root's: those of the workspace's folders (`configured`), and those that lie on the
/// way up from a member, wherever it lies, and from the folder in which this run was started. A member that is reached by a link counts
/// where it really lies, as for the shell that goes there.
pub(super) fn configured_starts(
    search: &Search<'_>,
    configured: &[Utf8PathBuf],
) -> Result<Vec<ConfiguredFolder>, CargoConfigError> {
    let root = real(search.root);
    let mut starts = BTreeMap::new();
    let closest = search.starts().into_iter().filter_map(|folder| {
        let is_below = folder.starts_with(&root);
        // From the root upwards there is nothing that the root does not have. Who starts elsewhere does not come by the root, whose own
        // file wins over those above it.
        let mut own = folder.ancestors().take_while(|above| !(is_below && root.starts_with(above)));
        let own = own.find(|above| is_configured(&above.join(".cargo")))?;
        // Told by the paths that the reader knows.
        Some(own.strip_prefix(&root).map_or_else(|_| own.to_owned(), |below| search.root.join(below)))
    });
    for folder in closest.chain(configured.iter().cloned()) {
        if let Entry::Vacant(new) = starts.entry(folder) {
            let config = CargoConfig::load(new.key(), search.environment)?;
            new.insert(config);
        }
    }
    Ok(starts.into_iter().map(|(folder, config)| ConfiguredFolder { folder, config }).collect())
}

/// Whether a `.cargo` folder has a configuration. A link counts for where it leads: cargo reads through it.
fn is_configured(folder: &Utf8Path) -> bool {
    ["config", "config.toml"].iter().any(|name| folder.join(name).exists())
}

/// What was found, in the order of the paths.
#[derive(Debug, Default)]
pub(super) struct Nested {
    /// Lock files below the root.
    pub(super) lock_files: Vec<Utf8PathBuf>,
    /// Toolchain files in the workspace's folders.
    pub(super) toolchains: Vec<Utf8PathBuf>,
    /// The workspace's folders that have a configuration, but for the root.
    pub(super) configured: Vec<Utf8PathBuf>,
    /// The first file that would be one of these, or a manifest, where the way to it is not UTF-8; what is not is replaced.
    pub(super) unnamed: Option<String>,
    /// Whether a bound ended the search.
    pub(super) ended_early: bool,
}

/// Searches without following links, and leaves out these folders (the vendored place, build output) and git's own. Members that lie in such
/// a folder, outside the root or behind a link are searched where they lie. A folder that cannot be read cannot be built from either.
pub(super) fn search_below(root: &Utf8Path, members: &[Utf8PathBuf], without: &[&Utf8Path]) -> Nested {
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
    /// Looks for whatever cargo would read below a folder whose path is not UTF-8: nothing of it can be judged or told by its name.
    fn look_into_unnamed(&mut self, folder: PathBuf) {
        let mut waiting = vec![folder];
        while let Some(folder) = waiting.pop() {
            let Ok(entries) = folder.read_dir() else { continue };
            for entry in entries.flatten() {
                self.names += 1;
                if self.names > MAX_NAMES || self.found.unnamed.is_some() {
                    self.found.ended_early |= self.names > MAX_NAMES;
                    return;
                }
                let name = entry.file_name();
                let is = |other: &str| name.eq_ignore_ascii_case(other);
                if is(".cargo") || is("Cargo.toml") || is("Cargo.lock") || TOOLCHAIN_FILES.iter().any(|file| is(file)) {
                    self.found.unnamed = Some(entry.path().to_string_lossy().into_owned());
                } else if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    waiting.push(entry.path());
                }
            }
        }
    }

    /// From the root or a member downwards.
    fn below(&mut self, start: &Utf8Path, root: &Utf8Path) {
        // Each with whether it belongs to the workspace.
        let mut waiting = vec![(start.to_owned(), true)];
        while let Some((folder, mut belongs)) = waiting.pop() {
            let Ok(entries) = folder.as_std_path().read_dir() else { continue };
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
                let path = match Utf8PathBuf::from_path_buf(entry.path()) {
                    Ok(path) => path,
                    // Of no file that is looked for.
                    Err(_) if !kind.is_dir() => continue,
                    Err(path) => {
                        self.look_into_unnamed(path);
                        continue;
                    }
                };
                let name = path.file_name().unwrap_or_default();
                // Cargo passes over a link that leads nowhere, and goes on upwards.
                has_manifest |= name == "Cargo.toml" && path.exists();
                configured |= name.eq_ignore_ascii_case(".cargo");
                if kind.is_dir() && name != ".git" && !self.without.contains(&path.as_path()) {
                    inner.push(path);
                } else if name == "Cargo.lock" && start == root && folder != root {
                    self.found.lock_files.push(path);
                } else if TOOLCHAIN_FILES.contains(&name) {
                    toolchains.push(path);
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
