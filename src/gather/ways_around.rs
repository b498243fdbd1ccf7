//! Finds where cargo takes each source from, and every effective way around the vendored sources, as cargo would find it: in the
//! configuration from the workspace and its members upwards, in `$CARGO_HOME`, in what those files include, in the root manifest, in the
//! build output and in the environment.

mod build_output;
mod commands;
mod config_file;
mod documents;
mod search;

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};

pub(crate) use self::build_output::hashed;
pub(crate) use self::config_file::Replacing;
pub(crate) use self::documents::{ManifestError, ToolchainError, file_text, lies_below, own_config};
pub(crate) use self::search::{MAX_NAMES, Search};

use self::commands::{CargoStart, variable_ways};
use self::config_file::{Rank, Reader, leads};
use self::documents::{manifest_ways, toolchain_ways};
use self::search::{configured_starts, search_below};
use super::cargo_config::{CargoConfig, CargoConfigError, Layer};
use crate::model::policy::Origin;
use crate::model::vendored::Lead;
use crate::model::way_around::{Scope, WayAround, WayKind};

#[derive(Clone, Debug, Default)]
pub(crate) struct WaysAround {
    /// Each, those of closer files first.
    pub ways: Vec<WayAround>,
    /// Where each source leads, from every folder that has a configuration of its own.
    pub leads: Vec<Lead>,
    /// Where cargo's configuration contradicts itself, so that cargo would not build at all: its error, with a `help:` line.
    pub contradictions: Vec<String>,
    /// What git could not be asked about build output that lies here, with a `help:` line.
    pub unasked: Vec<String>,
    /// Whether the search below the workspace reached [`MAX_NAMES`] before its end.
    pub ended_early: bool,
}

/// Why the search failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WaysError {
    #[error(transparent)]
    Config(#[from] CargoConfigError),
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    #[error(transparent)]
    Toolchain(#[from] ToolchainError),
    /// Something that cargo would read, and that nobody could be told of.
    #[error("`{path}` cannot be judged: its path is not UTF-8\nhelp: give the folders on the way to it names that are")]
    Unnamed { path: String },
}

/// # Errors
/// A file that cargo would read cannot be read or parsed.
pub(crate) fn find(search: &Search<'_>) -> Result<WaysAround, WaysError> {
    let mut outputs = build_output::folders(search, search.root, search.config)?;
    let without: Vec<&Utf8Path> =
        search.vendor.into_iter().chain(outputs.iter().map(|output| output.folder.as_path())).collect();
    let below = search_below(search.root, search.members, &without);
    if let Some(path) = below.unnamed {
        return Err(WaysError::Unnamed { path });
    }
    let starts = configured_starts(search, &below.configured)?;
    let mut elsewhere = Vec::new();
    for start in &starts {
        elsewhere.extend(build_output::folders(search, &start.folder, &start.config)?);
    }
    outputs.append(&mut elsewhere);
    let mut found =
        Collected { search, reported: BTreeSet::new(), scopes: BTreeMap::new(), all: WaysAround::default() };
    for start in &starts {
        // The closest file wins over the workspace's for every cargo that is started there.
        found.config(&start.config, Some(&start.folder));
    }
    found.config(search.config, None);
    let WaysAround { mut ways, leads, mut contradictions, .. } = found.all;
    contradictions.dedup();
    ways.extend(manifest_ways(search.root)?);
    let (output, unasked) = build_output::ways(search, &outputs);
    ways.extend(output);
    let is_output = |path: &Utf8Path| outputs.iter().any(|output| path.starts_with(&output.folder));
    let lock_files = below.lock_files.iter().filter(|path| !is_output(path));
    ways.extend(lock_files.map(|path| whole_file(WayKind::OtherLockFile, path, Scope::Repository)));
    ways.extend(toolchain_ways(search.root, &search.starts(), &below.toolchains)?);
    let here = CargoStart { root: search.root, folder: search.root, config: search.config };
    ways.extend(variable_ways(search.environment, &here));
    // What two starts have in common was looked at from both.
    let mut reported = BTreeSet::new();
    ways.retain(|way| reported.insert((way.kind, way.origin.to_string(), way.value.clone())));
    Ok(WaysAround { ways, leads, contradictions, unasked, ended_early: below.ended_early })
}

/// Where the cargo is started whose configuration is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum StartedIn {
    /// In the root.
    Root,
    /// In a folder below it.
    Below,
    /// In a member elsewhere.
    Outside,
}

struct Collected<'a> {
    search: &'a Search<'a>,
    /// The files of which everything is reported.
    reported: BTreeSet<(Utf8PathBuf, bool)>,
    scopes: BTreeMap<Utf8PathBuf, Scope>,
    all: WaysAround,
}

impl Collected<'_> {
    /// Adds where this configuration leads, and what its files say that is not reported yet.
    fn config(&mut self, config: &CargoConfig, folder: Option<&Utf8Path>) {
        let sources = self.search.sources;
        // A cargo that is started outside the workspace does not read our setting, which is a limit of its own.
        if folder.is_none_or(|folder| folder.starts_with(self.search.root)) {
            match leads(sources, config, folder) {
                Ok(leads) => self.all.leads.extend(leads),
                Err(error) => self.all.contradictions.push(error.to_string()),
            }
        }
        // What cannot be worked out is a contradiction already.
        let names = config.names_of(sources).unwrap_or_default();
        let start = CargoStart { root: self.search.root, folder: folder.unwrap_or(self.search.root), config };
        let from = match folder {
            None => StartedIn::Root,
            Some(folder) if folder.starts_with(self.search.root) => StartedIn::Below,
            Some(_) => StartedIn::Outside,
        };
        self.layers(config.layers(), &names, &start, from);
    }

    fn layers(&mut self, layers: &[Layer], names: &BTreeSet<String>, start: &CargoStart<'_>, from: StartedIn) {
        let own = own_config(self.search.root);
        let of_root = |layer: &Layer| self.search.config.layers().iter().any(|other| other.path == layer.path);
        let mut closer: BTreeSet<&Utf8Path> = BTreeSet::new();
        for layer in layers {
            let inherited = layer.included_by.as_ref().and_then(|(by, _)| self.scopes.get(by));
            let scope = inherited.copied().unwrap_or_else(|| self.scope(&layer.path));
            let is_closer = match (&layer.included_by, from) {
                (_, StartedIn::Root) => false,
                (Some((by, _)), _) => closer.contains(by.as_path()),
                (None, StartedIn::Below) => !of_root(layer),
                // Over none of them the workspace's own file wins. What the user set in every folder is no repository's.
                (None, StartedIn::Outside) => scope != Scope::Home,
            };
            if is_closer {
                closer.insert(&layer.path);
            } else if from != StartedIn::Root {
                continue;
            }
            self.scopes.insert(layer.path.clone(), scope);
            if !self.reported.insert((layer.path.clone(), is_closer)) {
                continue;
            }
            // The legacy file beside ours is read in its place.
            let shadows_own = layer.shadows.as_ref() == Some(&own);
            if shadows_own {
                self.all.ways.push(whole_file(WayKind::LegacyConfig, &layer.path, scope));
            }
            let rank = if layer.path == own {
                Rank::Own
            } else if shadows_own || is_closer {
                Rank::Closer
            } else {
                Rank::Farther
            };
            let (replacing, at_root) = (self.search.replacing, self.search.config);
            let reader = Reader { layer, scope, rank, replacing, names, start, at_root };
            self.all.ways.extend(reader.ways());
        }
    }

    fn scope(&self, path: &Utf8Path) -> Scope {
        if path.starts_with(self.search.root) {
            Scope::Repository
        } else if path.parent() == Some(&*self.search.config.home()) {
            Scope::Home
        } else {
            Scope::Above
        }
    }
}

/// A file that is a way around as it stands.
fn whole_file(kind: WayKind, path: &Utf8Path, scope: Scope) -> WayAround {
    let origin = Origin::File { path: path.to_owned(), line: 1, key: String::new() };
    WayAround { kind, origin, scope, value: String::new() }
}
