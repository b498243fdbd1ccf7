//! Finds where cargo takes each source from, and every effective way around the vendored sources, as cargo would find it: in the
//! configuration from the workspace and its members upwards, in `$CARGO_HOME`, in what those files include, in the root manifest, in the
//! build output and in the environment.

mod alias;
mod build_output;
mod manifest;
mod nested;
mod sources;
mod starts;
mod tables;
mod toolchain;
mod variables;

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};

use super::cargo_config::{CargoConfig, CargoConfigError, Layer};
use super::environment::Environment;
use crate::model::policy::Origin;
use crate::model::source::Source;
use crate::model::vendored::Lead;
use crate::model::way_around::{Scope, WayAround, WayKind};

pub use manifest::{ManifestError, text};
pub use nested::MAX_NAMES;
pub use sources::Replacing;
pub use toolchain::ToolchainError;

/// Longer values are cut: a report is no place for a whole list of flags.
const MAX_VALUE: usize = 160;

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct WaysAround {
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

/// Where to look.
#[derive(Clone, Copy, Debug)]
pub struct Search<'a> {
    /// The root of the workspace.
    pub root: &'a Utf8Path,
    /// The folders of its members.
    pub members: &'a [Utf8PathBuf],
    /// The sources, without commits, that must be taken from the vendored place.
    pub sources: &'a BTreeSet<Source>,
    /// The vendored place, which is not searched.
    pub vendor: Option<&'a Utf8Path>,
    /// Our own setting, as the workspace's `.cargo/config.toml` has it.
    pub replacing: &'a Replacing,
    /// The configuration of a cargo started in the root.
    pub config: &'a CargoConfig,
    /// The environment.
    pub environment: &'a Environment,
}

impl Search<'_> {
    /// The folders in which a cargo that is started builds this workspace, as they really lie: the members', and the one in which this run
    /// was started, where that is one of the workspace's.
    fn starts(&self) -> Vec<Utf8PathBuf> {
        let (root, here) = (starts::real(self.root), starts::real(self.environment.current_dir()));
        let mut folders: Vec<Utf8PathBuf> = self.members.iter().map(|member| starts::real(member)).collect();
        folders.extend(here.starts_with(root).then_some(here));
        folders
    }
}

/// Why the search failed.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each is the error of the part that it is named after")]
pub enum WaysError {
    #[error(transparent)]
    Config(#[from] CargoConfigError),
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    #[error(transparent)]
    Toolchain(#[from] ToolchainError),
}

/// The file that holds our setting and the allow-list.
#[must_use]
pub fn own_config(root: &Utf8Path) -> Utf8PathBuf {
    root.join(".cargo/config.toml")
}

/// Searches.
///
/// # Errors
/// A file that cargo would read cannot be read or parsed.
pub fn find(search: &Search<'_>) -> Result<WaysAround, WaysError> {
    let mut outputs = build_output::folders(search, search.root, search.config)?;
    let without: Vec<&Utf8Path> =
        search.vendor.into_iter().chain(outputs.iter().map(|output| output.folder.as_path())).collect();
    let below = nested::find(search.root, search.members, &without);
    let starts = starts::find(search, &below.configured)?;
    let mut elsewhere = Vec::new();
    for start in &starts {
        elsewhere.extend(build_output::folders(search, &start.folder, &start.config)?);
    }
    outputs.append(&mut elsewhere);
    let mut found = Found { search, told: BTreeSet::new(), scopes: BTreeMap::new(), all: WaysAround::default() };
    for start in &starts {
        // The closest file wins over the workspace's for every cargo that is started there.
        found.config(&start.config, Some(&start.folder));
    }
    found.config(search.config, None);
    let WaysAround { mut ways, leads, mut contradictions, .. } = found.all;
    contradictions.dedup();
    ways.extend(manifest::ways(search.root)?);
    let (output, unasked) = build_output::ways(search, &outputs);
    ways.extend(output);
    let is_output = |path: &Utf8Path| outputs.iter().any(|output| path.starts_with(&output.folder));
    let lock_files = below.lock_files.iter().filter(|path| !is_output(path));
    ways.extend(lock_files.map(|path| whole_file(WayKind::OtherLockFile, path, Scope::Repository)));
    ways.extend(toolchain::ways(search.root, &search.starts(), &below.toolchains)?);
    let here = alias::Start { root: search.root, folder: search.root, config: search.config };
    ways.extend(variables::ways(search.environment, &here));
    // What two starts have in common was looked at from both.
    let mut told = BTreeSet::new();
    ways.retain(|way| told.insert((way.kind, way.origin.to_string(), way.value.clone())));
    Ok(WaysAround { ways, leads, contradictions, unasked, ended_early: below.ended_early })
}

/// Whether a folder lies below the root once every link on the way is followed.
#[must_use]
pub fn lies_below(root: &Utf8Path, folder: &Utf8Path) -> bool {
    match (root.canonicalize_utf8(), folder.canonicalize_utf8()) {
        (Ok(root), Ok(folder)) => folder.starts_with(root),
        // What is not there leads nowhere.
        _ => folder.starts_with(root),
    }
}

/// Where the cargo is started whose configuration is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum From {
    /// In the root.
    Root,
    /// In a folder below it.
    Below,
    /// In a member elsewhere.
    Outside,
}

struct Found<'a> {
    search: &'a Search<'a>,
    /// The files of which all was told.
    told: BTreeSet<(Utf8PathBuf, bool)>,
    scopes: BTreeMap<Utf8PathBuf, Scope>,
    all: WaysAround,
}

impl Found<'_> {
    /// Adds where this configuration leads, and what its files say that was not told yet.
    fn config(&mut self, config: &CargoConfig, folder: Option<&Utf8Path>) {
        let sources = self.search.sources;
        // A cargo that is started outside the workspace does not read our setting, which is a limit of its own.
        if folder.is_none_or(|folder| folder.starts_with(self.search.root)) {
            match sources::leads(sources, config, folder) {
                Ok(leads) => self.all.leads.extend(leads),
                Err(error) => self.all.contradictions.push(error.to_string()),
            }
        }
        // What cannot be told is a contradiction already.
        let names = config.names_of(sources).unwrap_or_default();
        let start = alias::Start { root: self.search.root, folder: folder.unwrap_or(self.search.root), config };
        let from = match folder {
            None => From::Root,
            Some(folder) if folder.starts_with(self.search.root) => From::Below,
            Some(_) => From::Outside,
        };
        self.layers(config.layers(), &names, &start, from);
    }

    fn layers(&mut self, layers: &[Layer], names: &BTreeSet<String>, start: &alias::Start<'_>, from: From) {
        let own = own_config(self.search.root);
        let of_root = |layer: &Layer| self.search.config.layers().iter().any(|other| other.path == layer.path);
        let mut closer: BTreeSet<&Utf8Path> = BTreeSet::new();
        for layer in layers {
            let inherited = layer.included_by.as_ref().and_then(|(by, _)| self.scopes.get(by));
            let scope = inherited.copied().unwrap_or_else(|| self.scope(&layer.path));
            let is_closer = match (&layer.included_by, from) {
                (_, From::Root) => false,
                (Some((by, _)), _) => closer.contains(by.as_path()),
                (None, From::Below) => !of_root(layer),
                // Over none of them the workspace's own file wins. What the user set in every folder is no repository's.
                (None, From::Outside) => scope != Scope::Home,
            };
            if is_closer {
                closer.insert(&layer.path);
            } else if from != From::Root {
                continue;
            }
            self.scopes.insert(layer.path.clone(), scope);
            if !self.told.insert((layer.path.clone(), is_closer)) {
                continue;
            }
            // The legacy file beside ours is read in its place.
            let shadows_own = layer.shadows.as_ref() == Some(&own);
            if shadows_own {
                self.all.ways.push(whole_file(WayKind::LegacyConfig, &layer.path, scope));
            }
            let rank = if layer.path == own {
                tables::Rank::Own
            } else if shadows_own || is_closer {
                tables::Rank::Closer
            } else {
                tables::Rank::Farther
            };
            let (replacing, at_root) = (self.search.replacing, self.search.config);
            let reader = tables::Reader { layer, scope, rank, replacing, names, start, at_root };
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

/// A value for a report.
fn bounded(text: &str) -> String {
    match text.char_indices().nth(MAX_VALUE) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
