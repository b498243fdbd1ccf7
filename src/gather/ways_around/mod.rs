//! Finds every effective way around the vendored sources, as cargo would find it: in the configuration from the workspace upwards, in
//! `$CARGO_HOME`, in what those files include, below the workspace, in the root manifest and in the environment.

mod manifest;
mod nested;
mod sources;
mod tables;
mod toolchain;
mod variables;

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};

use super::cargo_config::{CargoConfig, CargoConfigError, Layer};
use super::environment::Environment;
use crate::model::policy::Origin;
use crate::model::way_around::{Scope, WayAround, WayKind};

pub use manifest::ManifestError;
pub use nested::MAX_NAMES;
pub use sources::{Replacing, plain, replaced_sources};

/// Longer values are cut: a report is no place for a whole list of flags.
const MAX_VALUE: usize = 160;

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct WaysAround {
    /// Each, those of closer files first.
    pub ways: Vec<WayAround>,
    /// Whether the search below the workspace reached [`MAX_NAMES`] before its end.
    pub ended_early: bool,
}

/// Where to look.
#[derive(Clone, Copy, Debug)]
pub struct Search<'a> {
    /// The root of the workspace.
    pub root: &'a Utf8Path,
    /// The vendored tree, which is not searched.
    pub vendor: Option<&'a Utf8Path>,
    /// Our own setting, as the workspace's `.cargo/config.toml` has it.
    pub replacing: &'a Replacing,
    /// The configuration of a cargo started in the root.
    pub config: &'a CargoConfig,
    /// The environment.
    pub environment: &'a Environment,
}

/// Why the search failed.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each is the error of the part that it is named after")]
pub enum WaysError {
    #[error(transparent)]
    Config(#[from] CargoConfigError),
    #[error(transparent)]
    Manifest(#[from] ManifestError),
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
    let mut found = Found { search, scopes: BTreeMap::new(), ways: Vec::new() };
    let below = nested::find(search.root, search.vendor);
    for folder in &below.configured {
        // A nested file wins over the workspace's for every cargo that is started below it.
        let config = CargoConfig::load(folder, search.environment)?;
        found.layers(config.layers(), tables::Rank::Closer, folder);
    }
    found.layers(search.config.layers(), tables::Rank::Farther, search.root);
    let mut ways = found.ways;
    ways.extend(manifest::ways(search.root)?);
    ways.extend(below.lock_files.iter().map(|path| whole_file(WayKind::OtherLockFile, path, Scope::Repository)));
    ways.extend(toolchain::ways(search.root, &below.toolchains));
    ways.extend(variables::ways(search.environment));
    Ok(WaysAround { ways, ended_early: below.ended_early })
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

struct Found<'a> {
    search: &'a Search<'a>,
    scopes: BTreeMap<Utf8PathBuf, Scope>,
    ways: Vec<WayAround>,
}

impl Found<'_> {
    /// Adds what the files say that were not seen yet.
    fn layers(&mut self, layers: &[Layer], rank: tables::Rank, start: &Utf8Path) {
        let own = own_config(self.search.root);
        for layer in layers {
            let inherited = layer.included_by.as_ref().and_then(|(by, _)| self.scopes.get(by));
            let scope = inherited.copied().unwrap_or_else(|| self.scope(&layer.path));
            if rank == tables::Rank::Closer && !belongs_to(layer, start, &self.scopes) {
                continue;
            }
            if self.scopes.insert(layer.path.clone(), scope).is_some() {
                continue;
            }
            // The legacy file beside ours is read in its place.
            let shadows_own = layer.shadows.as_ref() == Some(&own);
            if shadows_own {
                self.ways.push(whole_file(WayKind::LegacyConfig, &layer.path, scope));
            }
            let rank = if layer.path == own {
                tables::Rank::Own
            } else if shadows_own {
                tables::Rank::Closer
            } else {
                rank
            };
            let reader = tables::Reader { layer, scope, rank, replacing: self.search.replacing };
            self.ways.extend(reader.ways());
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

/// Whether a file is the nested folder's own or included by one that is.
fn belongs_to(layer: &Layer, folder: &Utf8Path, seen: &BTreeMap<Utf8PathBuf, Scope>) -> bool {
    match &layer.included_by {
        Some((by, _)) => seen.contains_key(by),
        None => layer.path.parent() == Some(&*folder.join(".cargo")),
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
