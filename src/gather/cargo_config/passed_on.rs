//! What a cargo that runs away from the checkout is given of the configuration: what its answer depends on, and nothing that runs a
//! program, holds a secret or replaces a source; and the values of `--config` that put another index in a registry's place.

use camino::Utf8Path;
use toml::{Table, Value as Toml};

use super::config::CargoConfig;
use super::error::CargoConfigError;
use super::layers::Layer;
use super::registries::CRATES_IO;
use super::sources::{Location, same_registry};
use crate::gather::toml_tree::{self, Value};
use crate::model::source::Registry;

/// What a stand-in's name begins with; cargo's messages name it.
pub(crate) const STAND_IN: &str = "sequester-filter";

/// The tables, and of those that hold more than this the keys; `*` stands for any name. `source` is left out because other replacements
/// take its place: with a git source replaced cargo refuses to resolve anew, and no option takes that back.
const KEYS: [Selection; 8] = [
    (&["paths"], &[]),
    (&["patch"], &[]),
    (&["registries", "*"], &["index", "protocol", "min-publish-age"]),
    (&["registry"], &["default", "global-min-publish-age"]),
    (&["http"], &[]),
    (&["net"], &[]),
    (&["resolver"], &[]),
    // Manifests may use what only these switches let a nightly cargo read.
    (&["unstable"], &[]),
];

/// Those of them that put other packages in the place of a dependency.
const SUBSTITUTIONS: [Selection; 2] = [(&["paths"], &[]), (&["patch"], &[])];

/// How the network is reached.
const NETWORK: [Selection; 2] = [(&["http"], &[]), (&["net"], &[])];

/// A table, and its keys that count; all where none are listed.
type Selection = (&'static [&'static str], &'static [&'static str]);

impl CargoConfig {
    /// What the files outside of `$CARGO_HOME`, which every cargo reads, say of it; paths are absolute. Where a variable says something
    /// else, the file keeps silent, because it would go before the variable.
    #[must_use]
    pub(crate) fn for_cargo_away(&self) -> String {
        let home = self.home();
        self.merged(&KEYS, |layer| !layer.path.starts_with(&home), |keys| self.in_environment(keys).is_some())
            .to_string()
    }

    /// What all files together say about putting other packages in the place of a dependency: `[patch]` and `paths`, which are
    /// absolute.
    #[must_use]
    pub(crate) fn substitutions(&self) -> String {
        self.merged(&SUBSTITUTIONS, |_| true, |_| false).to_string()
    }

    /// What all files say about how the network is reached, for a cargo that reads none of them; paths are absolute. Whether it may be
    /// reached is said on the command line.
    #[must_use]
    pub(crate) fn for_fetching(&self) -> String {
        let mut merged = self.merged(&NETWORK, |_| true, |_| false);
        if let Some(Toml::Table(net)) = merged.get_mut("net") {
            net.remove("offline");
        }
        merged.to_string()
    }

    fn merged(
        &self,
        selected: &[Selection],
        counts: impl Fn(&Layer) -> bool,
        silent: impl Fn(&[&str]) -> bool,
    ) -> Table {
        let is_selected = |keys: &[&str]| is_selected(selected, keys) && !silent(keys);
        let mut merged = Table::new();
        for layer in self.layers().iter().filter(|layer| counts(layer)) {
            for (key, entry) in layer.table.iter() {
                if let Some(value) = absolute(&entry.value, &layer.base, &[key], &is_selected) {
                    merge(&mut merged, key, value);
                }
            }
        }
        merged
    }

    /// Values for `--config` that put the index at `url` in the place of each registry. A place may have one name only, so a registry that
    /// a file names already keeps that name; `registries.NAME.index` is never touched, because that would rewrite the lock file.
    ///
    /// # Errors
    /// `[source]` says something that cargo refuses.
    pub(crate) fn stand_ins<'r>(
        &self,
        replacements: impl IntoIterator<Item = (&'r Registry, String)>,
    ) -> Result<Vec<String>, CargoConfigError> {
        self.put_in_place("registry", replacements)
    }

    /// The same with local registries: folders with an `index` below them.
    ///
    /// # Errors
    /// `[source]` says something that cargo refuses.
    pub(crate) fn folder_stand_ins<'r>(
        &self,
        replacements: impl IntoIterator<Item = (&'r Registry, String)>,
    ) -> Result<Vec<String>, CargoConfigError> {
        self.put_in_place("local-registry", replacements)
    }

    fn put_in_place<'r>(
        &self,
        kind: &str,
        replacements: impl IntoIterator<Item = (&'r Registry, String)>,
    ) -> Result<Vec<String>, CargoConfigError> {
        let sources = self.sources()?;
        let mut taken: Vec<String> = sources.keys().cloned().chain(self.registry_names()?).collect();
        let mut unused = |stem: &str| {
            let mut free = stem.to_owned();
            while taken.contains(&free) {
                free.push('x');
            }
            taken.push(free.clone());
            free
        };
        let mut values = Vec::new();
        for (registry, url) in replacements {
            let stand_in = unused(STAND_IN);
            values.push(format!("source.{stand_in}.{kind}={}", quoted(&url)));
            let key = match registry {
                Registry::CratesIo => quoted(CRATES_IO),
                Registry::Sparse(_) | Registry::Git(_) => {
                    let named = sources.iter().find(|(name, table)| {
                        *name != CRATES_IO
                            && matches!(&table.place, Location::Registry(other) if same_registry(other, registry))
                    });
                    if let Some((name, _)) = named {
                        quoted(name)
                    } else {
                        let name = unused("sequester-filtered");
                        let address = match registry {
                            Registry::Git(url) => url.to_string(),
                            Registry::CratesIo | Registry::Sparse(_) => registry.to_string(),
                        };
                        values.push(format!("source.{name}.registry={}", quoted(&address)));
                        name
                    }
                }
            };
            values.push(format!("source.{key}.replace-with={}", quoted(&stand_in)));
        }
        Ok(values)
    }
}

fn absolute(value: &Value, base: &Utf8Path, keys: &[&str], is_selected: &dyn Fn(&[&str]) -> bool) -> Option<Toml> {
    if !is_selected(keys) {
        return None;
    }
    let is_path = matches!(keys, ["paths"] | ["patch", _, _, "path"] | ["http", "cainfo" | "proxy-cainfo"]);
    match value {
        Value::Text(text) if is_path => Some(Toml::String(base.join(text).into_string())),
        Value::Text(text) => Some(Toml::String(text.clone())),
        Value::Integer(number) => number.map(Toml::Integer),
        Value::Boolean(value) => Some(Toml::Boolean(*value)),
        Value::List(nodes) => {
            Some(Toml::Array(nodes.iter().filter_map(|node| absolute(&node.value, base, keys, is_selected)).collect()))
        }
        Value::Table(table) => Some(Toml::Table(members(table, base, keys, is_selected))),
        // Nothing that cargo's answer depends on has such a value.
        Value::Float | Value::Datetime(_) => None,
    }
}

fn members(table: &toml_tree::Table, base: &Utf8Path, keys: &[&str], is_selected: &dyn Fn(&[&str]) -> bool) -> Table {
    let members = table.iter().filter_map(|(key, entry)| {
        let keys: Vec<&str> = keys.iter().copied().chain([key]).collect();
        Some((key.to_owned(), absolute(&entry.value, base, &keys, is_selected)?))
    });
    members.collect()
}

/// Whether a key, or something below it, is passed on.
fn is_selected(selected: &[Selection], keys: &[&str]) -> bool {
    selected.iter().any(|(table, members)| {
        let mut both = keys.iter().zip(*table);
        let within = both.all(|(key, name)| *name == "*" || key == name);
        within && keys.get(table.len()).is_none_or(|key| members.is_empty() || members.contains(key))
    })
}

/// The closest file comes first and wins; tables are joined, and lists as cargo joins them.
fn merge(into: &mut Table, key: &str, value: Toml) {
    match (into.get_mut(key), value) {
        (Some(Toml::Table(known)), Toml::Table(more)) => {
            for (key, value) in more {
                merge(known, &key, value);
            }
        }
        (Some(Toml::Array(known)), Toml::Array(mut more)) => {
            more.append(known);
            *known = more;
        }
        (Some(_), _) => {}
        (None, value) => {
            into.insert(key.to_owned(), value);
        }
    }
}

fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}
