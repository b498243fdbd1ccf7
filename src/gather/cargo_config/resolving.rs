//! What a cargo that runs away from the checkout is told of the configuration: what its answer depends on, and nothing that runs a
//! program, holds a secret or replaces a source.

use camino::Utf8Path;
use toml::{Table, Value as Toml};

use super::{CargoConfig, Layer};
use crate::gather::toml_tree::{self, Value};

/// The tables, and of those that hold more than this the keys; `*` stands for any name. `source` is left out because other replacements
/// take its place: with a git source replaced cargo refuses to resolve anew, and no option takes that back.
const KEYS: [Told; 8] = [
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
const SUBSTITUTIONS: [Told; 2] = [(&["paths"], &[]), (&["patch"], &[])];

/// How the network is reached.
const NETWORK: [Told; 2] = [(&["http"], &[]), (&["net"], &[])];

/// A table, and its keys that count; all where none are listed.
type Told = (&'static [&'static str], &'static [&'static str]);

impl CargoConfig {
    /// What the files outside of `$CARGO_HOME`, which every cargo reads, say of it; paths are absolute. Where a variable says something
    /// else, the file keeps silent, because it would go before the variable.
    #[must_use]
    pub fn for_cargo_away(&self) -> String {
        let home = self.home();
        self.merged(&KEYS, |layer| !layer.path.starts_with(&home), |keys| self.in_environment(keys).is_some())
            .to_string()
    }

    /// What all files together say about putting other packages in the place of a dependency: `[patch]` and `paths`, which are
    /// absolute.
    #[must_use]
    pub fn substitutions(&self) -> String {
        self.merged(&SUBSTITUTIONS, |_| true, |_| false).to_string()
    }

    /// What all files say about how the network is reached, for a cargo that reads none of them; paths are absolute. Whether it may be
    /// reached is said on the command line.
    #[must_use]
    pub fn for_fetching(&self) -> String {
        let mut merged = self.merged(&NETWORK, |_| true, |_| false);
        if let Some(Toml::Table(net)) = merged.get_mut("net") {
            net.remove("offline");
        }
        merged.to_string()
    }

    fn merged(&self, told: &[Told], counts: impl Fn(&Layer) -> bool, silent: impl Fn(&[&str]) -> bool) -> Table {
        let is_told = |keys: &[&str]| is_told(told, keys) && !silent(keys);
        let mut merged = Table::new();
        for layer in self.layers().iter().filter(|layer| counts(layer)) {
            for (key, entry) in layer.table.iter() {
                if let Some(value) = absolute(&entry.node.value, &layer.base, &[key], &is_told) {
                    merge(&mut merged, key, value);
                }
            }
        }
        merged
    }
}

fn absolute(value: &Value, base: &Utf8Path, keys: &[&str], is_told: &dyn Fn(&[&str]) -> bool) -> Option<Toml> {
    if !is_told(keys) {
        return None;
    }
    let is_path = matches!(keys, ["paths"] | ["patch", _, _, "path"] | ["http", "cainfo" | "proxy-cainfo"]);
    match value {
        Value::Text(text) if is_path => Some(Toml::String(base.join(text).into_string())),
        Value::Text(text) => Some(Toml::String(text.clone())),
        Value::Integer(number) => number.map(Toml::Integer),
        Value::Boolean(value) => Some(Toml::Boolean(*value)),
        Value::List(nodes) => {
            Some(Toml::Array(nodes.iter().filter_map(|node| absolute(&node.value, base, keys, is_told)).collect()))
        }
        Value::Table(table) => Some(Toml::Table(members(table, base, keys, is_told))),
        // Nothing that cargo's answer depends on has such a value.
        Value::Float | Value::Datetime(_) => None,
    }
}

fn members(table: &toml_tree::Table, base: &Utf8Path, keys: &[&str], is_told: &dyn Fn(&[&str]) -> bool) -> Table {
    let members = table.iter().filter_map(|(key, entry)| {
        let keys: Vec<&str> = keys.iter().copied().chain([key]).collect();
        Some((key.to_owned(), absolute(&entry.node.value, base, &keys, is_told)?))
    });
    members.collect()
}

/// Whether cargo is told of a key, or of something below it.
fn is_told(told: &[Told], keys: &[&str]) -> bool {
    told.iter().any(|(table, members)| {
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
