//! `[source]`: what stands in for the sources that are vendored, and where.

use std::collections::BTreeSet;

use camino::Utf8Path;

use super::manifest::{self, ManifestError};
use super::own_config;
use super::tables::{Rank, Reader, inner, tables, text};
use crate::files::plain;
use crate::gather::cargo_config::{CargoConfig, CargoConfigError, Layer, Replacement};
use crate::model::policy::Origin;
use crate::model::source::{Registry, Source};
use crate::model::vendored::{Destination, Lead, VendoredForm, VendoredPlace};
use crate::model::way_around::{WayAround, WayKind};

/// Cargo's name for crates.io.
const CRATES_IO: &str = "crates-io";
/// The names that `vendor` gives to its places.
const OURS: [&str; 2] = ["sequestered", "sequestered-local"];

/// The place that the workspace's own `.cargo/config.toml` names for vendored sources. Which sources must lead there is never read from
/// it: that follows from the lock file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replacing {
    /// The name of the source that is the place.
    pub name: Option<String>,
    /// The place.
    pub place: Option<VendoredPlace>,
    /// Where it is named.
    pub origin: Option<Origin>,
}

impl Replacing {
    /// Reads the file of the workspace at `root`, even where cargo passes over it; nothing is set where there is no such file.
    ///
    /// # Errors
    /// The file cannot be read or is not TOML.
    pub fn read(root: &Utf8Path) -> Result<Self, ManifestError> {
        let path = own_config(root);
        let Some(table) = manifest::document(&path)? else { return Ok(Self::default()) };
        Ok(Self::of(&Layer {
            base: root.to_owned(),
            path,
            table,
            included_by: None,
            shadows: None,
            on_command_line: false,
            home: false,
        }))
    }

    /// What stands in for crates.io goes before the names that `vendor` gives, and those before whatever else stands in for anything.
    fn of(layer: &Layer) -> Self {
        let Some(sources) = inner(&layer.table, "source") else { return Self::default() };
        let source = |name: &str| sources.get(name).and_then(|entry| entry.value.as_table());
        let replaced_by = |name: &str| source(name)?.get("replace-with")?.value.as_text().cloned();
        let others = sources.iter().filter_map(|(name, _)| replaced_by(name));
        let names = replaced_by(CRATES_IO).into_iter().chain(OURS.map(str::to_owned)).chain(others);
        let mut first = None;
        for name in names {
            let Some(table) = source(&name) else {
                first.get_or_insert(name);
                continue;
            };
            for (key, form) in [("directory", VendoredForm::Directory), ("local-registry", VendoredForm::LocalRegistry)]
            {
                let Some(entry) = table.get(key) else { continue };
                let path = plain(&layer.base.join(text(&entry.value)));
                let origin = Some(layer.origin(entry.line, &format!("source.{name}.{key}")));
                return Self { name: Some(name), place: Some(VendoredPlace { form, path }), origin };
            }
        }
        Self { name: first, ..Self::default() }
    }
}

/// Where a cargo with this configuration takes each source from. Each source once, without its commit.
pub(super) fn leads(
    sources: &BTreeSet<Source>,
    config: &CargoConfig,
    start: Option<&Utf8Path>,
) -> Result<Vec<Lead>, CargoConfigError> {
    sources
        .iter()
        .map(|source| {
            let folder = |form, path: &Utf8Path| Destination::Folder(VendoredPlace { form, path: plain(path) });
            let (to, by) = match config.replacement_of(source)? {
                Replacement::Itself => (Destination::Itself, None),
                Replacement::Directory { path, origin } => (folder(VendoredForm::Directory, &path), Some(origin)),
                Replacement::LocalRegistry { path, origin } => {
                    (folder(VendoredForm::LocalRegistry, &path), Some(origin))
                }
                Replacement::Registry { registry, origin } => {
                    (Destination::Elsewhere(registry.to_string()), Some(origin))
                }
                Replacement::Git { url, origin } => (Destination::Elsewhere(url), Some(origin)),
            };
            Ok(Lead { source: source.clone(), start: start.map(Utf8Path::to_owned), to, by })
        })
        .collect()
}

impl Reader<'_> {
    /// Adds every `[source]` key of the file that could lead elsewhere than to the vendored tree.
    pub(super) fn sources(&self, ways: &mut Vec<WayAround>) {
        let own = self.replacing.name.as_deref();
        for (name, entry) in tables(&self.layer.table, "source") {
            let Some(table) = entry.value.as_table() else { continue };
            let is_replaced = name == CRATES_IO || self.names.contains(name);
            for (key, setting) in table.iter() {
                let value = text(&setting.value);
                let kind = if Some(name) == own {
                    self.own_source(key, &value)
                } else if is_replaced {
                    self.replaced_source(name, key, &value)
                } else {
                    other_source(key, &value)
                };
                if let Some(kind) = kind {
                    let key = format!("source.{}.{key}", crate::gather::toml_tree::shown_key(name));
                    ways.push(self.way(kind, setting, &key, &value));
                }
            }
        }
    }

    /// The source that is the vendored place: a folder, named by the workspace's file, replaced by nothing. Another file may say the
    /// same.
    fn own_source(&self, key: &str, value: &str) -> Option<WayKind> {
        let is_place =
            || self.replacing.place.as_ref().is_some_and(|place| place.path == plain(&self.layer.base.join(value)));
        match (key, self.rank) {
            ("directory" | "local-registry", Rank::Own | Rank::Farther) => None,
            ("directory" | "local-registry", Rank::Closer) if is_place() => None,
            _ => Some(WayKind::SourceOverride),
        }
    }

    /// A source that the vendored tree stands in for.
    fn replaced_source(&self, name: &str, key: &str, value: &str) -> Option<WayKind> {
        let is_ours = || Some(value) == self.replacing.name.as_deref() && self.replacing.place.is_some();
        match (key, self.rank) {
            ("replace-with", Rank::Own | Rank::Closer) if is_ours() => None,
            // The workspace's own setting wins over this one, where there is one.
            ("replace-with", Rank::Farther) if self.replacing.name.is_some() => None,
            // The place of another source than crates.io has to be told.
            ("registry" | "git" | "branch" | "tag" | "rev", Rank::Own) if name != CRATES_IO => None,
            // A place of its own replaces crates.io without any `replace-with`.
            _ => Some(WayKind::SourceOverride),
        }
    }
}

/// A source that has nothing to do with the vendored tree, unless it is crates.io by another name.
fn other_source(key: &str, value: &str) -> Option<WayKind> {
    let is_crates_io = key == "registry" && Registry::meant(value) == Ok(Registry::CratesIo);
    match key {
        _ if is_crates_io => Some(WayKind::SourceOverride),
        "replace-with" => Some(WayKind::OtherSource),
        _ => None,
    }
}
