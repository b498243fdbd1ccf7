//! `[source]`: what stands in for crates.io and for the other sources that are vendored.

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};

use super::manifest::{self, ManifestError};
use super::own_config;
use super::tables::{Rank, Reader, inner, tables, text};
use crate::gather::cargo_config::Layer;
use crate::gather::toml_tree::Table;
use crate::model::policy::Origin;
use crate::model::source::{Registry, Source};
use crate::model::way_around::{WayAround, WayKind};

/// Cargo's name for crates.io.
const CRATES_IO: &str = "crates-io";

/// What the workspace's own `.cargo/config.toml` says of sources.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replacing {
    /// The name of the source that stands in for crates.io, where it is a folder.
    pub name: Option<String>,
    /// That folder, absolute.
    pub folder: Option<Utf8PathBuf>,
    /// Where the folder is named.
    pub origin: Option<Origin>,
    /// The sources that it stands in for, by their names in the file.
    names: BTreeSet<String>,
    /// The sources that it stands in for.
    sources: BTreeMap<String, Source>,
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
        }))
    }

    fn of(layer: &Layer) -> Self {
        let Some(sources) = inner(&layer.table, "source") else { return Self::default() };
        let source = |name: &str| sources.get(name).and_then(|entry| entry.node.value.as_table());
        let replaced_by = |name: &str| text_of(source(name)?, "replace-with");
        let Some(name) = replaced_by(CRATES_IO) else { return Self::default() };
        let Some(directory) = source(&name).and_then(|table| table.get("directory")) else {
            return Self { name: Some(name), ..Self::default() };
        };
        let folder = plain(&layer.base.join(text(&directory.node.value)));
        let origin = layer.origin(directory.line, &format!("source.{name}.directory"));
        let names: BTreeSet<String> = sources
            .iter()
            .filter(|(other, _)| replaced_by(other).as_ref() == Some(&name))
            .map(|(other, _)| other.to_owned())
            .collect();
        let places = names.iter().filter_map(|name| Some((name.clone(), place(name, source(name)?)?))).collect();
        Self { name: Some(name), folder: Some(folder), origin: Some(origin), names, sources: places }
    }
}

/// The sources, of those that a lock file names, which the workspace's own file replaces by its folder.
#[must_use]
pub fn replaced_sources<'a>(replacing: &Replacing, locked: impl Iterator<Item = &'a Source>) -> BTreeSet<Source> {
    locked.filter(|source| replacing.sources.values().any(|replaced| is_same(replaced, source))).cloned().collect()
}

fn is_same(replaced: &Source, locked: &Source) -> bool {
    let repository = |url: &str| url.trim_end_matches('/').trim_end_matches(".git").to_ascii_lowercase();
    match (replaced, locked) {
        (Source::Git(one), Source::Git(other)) => {
            repository(&one.url) == repository(&other.url) && one.reference == other.reference
        }
        (one, other) => one == other,
    }
}

/// What a `[source.NAME]` is the place of.
fn place(name: &str, table: &Table) -> Option<Source> {
    if name == CRATES_IO {
        return Some(Source::Registry(Registry::CratesIo));
    }
    if let Some(registry) = text_of(table, "registry") {
        return Registry::parse(&registry).ok().map(Source::Registry);
    }
    let url = text_of(table, "git")?;
    let reference =
        ["branch", "tag", "rev"].into_iter().find_map(|key| Some(format!("{key}={}", text_of(table, key)?)));
    let reference = reference.map(Into::into);
    Some(Source::Git(crate::model::source::GitSource { url: url.into(), reference, commit: None }))
}

fn text_of(table: &Table, key: &str) -> Option<String> {
    table.get(key)?.node.value.as_text().cloned()
}

impl Reader<'_> {
    /// Adds every `[source]` key of the file that could lead elsewhere than to the vendored tree.
    pub(super) fn sources(&self, ways: &mut Vec<WayAround>) {
        let own = self.replacing.name.as_deref();
        for (name, entry) in tables(&self.layer.table, "source") {
            let Some(table) = entry.node.value.as_table() else { continue };
            let is_replaced = name == CRATES_IO || self.replacing.names.contains(name);
            for (key, setting) in table.iter() {
                let value = text(&setting.node.value);
                let kind = if Some(name) == own {
                    self.own_source(key)
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

    /// The source that is the vendored tree: a folder, named by the workspace's file, replaced by nothing.
    fn own_source(&self, key: &str) -> Option<WayKind> {
        match (key, self.rank) {
            ("directory", Rank::Own | Rank::Farther) => None,
            _ => Some(WayKind::SourceOverride),
        }
    }

    /// A source that the vendored tree stands in for.
    fn replaced_source(&self, name: &str, key: &str, value: &str) -> Option<WayKind> {
        let is_ours = || Some(value) == self.replacing.name.as_deref() && self.replacing.folder.is_some();
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
    let is_crates_io = key == "registry" && Registry::parse(value) == Ok(Registry::CratesIo);
    match key {
        _ if is_crates_io => Some(WayKind::SourceOverride),
        "replace-with" => Some(WayKind::OtherSource),
        _ => None,
    }
}

/// The path without `.` and `..`: a folder that a link leads to is refused later, so that the two mean the same.
#[must_use]
pub fn plain(path: &Utf8Path) -> Utf8PathBuf {
    let mut plain = Utf8PathBuf::new();
    for component in path.components() {
        match component {
            camino::Utf8Component::CurDir => {}
            camino::Utf8Component::ParentDir => {
                plain.pop();
            }
            camino::Utf8Component::Prefix(_) | camino::Utf8Component::RootDir | camino::Utf8Component::Normal(_) => {
                plain.push(component);
            }
        }
    }
    plain
}
