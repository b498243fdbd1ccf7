//! The configuration as far as a resolution needs it, without `[source]`, for a cargo that runs in a folder of its own.
//!
//! With a git source replaced, cargo refuses to resolve anew, and no option takes a replacement back: only a cargo that does not see the
//! files does.

use camino::Utf8Path;
use toml::{Table, Value as Toml};

use super::{CargoConfig, Layer};
use crate::gather::toml_tree::{self, Value};

/// The tables that a resolution depends on; `source` is what it is all about leaving out.
const KEYS: [&str; 7] = ["paths", "patch", "registries", "registry", "http", "net", "resolver"];
/// Secrets stay where they are: a cargo behind the filter asks nobody who wants one.
const SECRETS: [&str; 2] = ["token", "secret-key"];

impl CargoConfig {
    /// What the files outside of `$CARGO_HOME`, which every cargo reads, say about resolving; paths are absolute.
    #[must_use]
    pub fn for_resolving(&self) -> String {
        let home = self.home();
        self.merged(&KEYS, |layer| !layer.path.starts_with(&home)).to_string()
    }

    /// What all files together say about putting other packages in the place of a dependency: `[patch]` and `paths`, which are
    /// absolute.
    #[must_use]
    pub fn substitutions(&self) -> String {
        self.merged(&["paths", "patch"], |_| true).to_string()
    }

    /// What all files say about how the network is reached, for a cargo that reads none of them; paths are absolute. Whether it may be
    /// reached is said on the command line.
    #[must_use]
    pub fn for_fetching(&self) -> String {
        let mut merged = self.merged(&["http", "net"], |_| true);
        if let Some(Toml::Table(net)) = merged.get_mut("net") {
            net.remove("offline");
        }
        merged.to_string()
    }

    fn merged(&self, keys: &[&str], counts: impl Fn(&Layer) -> bool) -> Table {
        let mut merged = Table::new();
        for layer in self.layers().iter().filter(|layer| counts(layer)) {
            for key in keys.iter().copied() {
                let Some(entry) = layer.table.get(key) else { continue };
                if let Some(value) = absolute(&entry.node.value, &layer.base, &[key]) {
                    merge(&mut merged, key, value);
                }
            }
        }
        merged
    }
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

fn absolute(value: &Value, base: &Utf8Path, keys: &[&str]) -> Option<Toml> {
    let is_path = matches!(keys, ["paths"] | ["patch", _, _, "path"] | ["http", "cainfo"]);
    match value {
        Value::Text(text) if is_path => Some(Toml::String(base.join(text).into_string())),
        Value::Text(text) => Some(Toml::String(text.clone())),
        Value::Integer(number) => number.map(Toml::Integer),
        Value::Boolean(value) => Some(Toml::Boolean(*value)),
        Value::List(nodes) => {
            Some(Toml::Array(nodes.iter().filter_map(|node| absolute(&node.value, base, keys)).collect()))
        }
        Value::Table(table) => Some(Toml::Table(members(table, base, keys))),
        // Nothing that a resolution reads has such a value.
        Value::Float | Value::Datetime(_) => None,
    }
}

fn members(table: &toml_tree::Table, base: &Utf8Path, keys: &[&str]) -> Table {
    let entries = table.iter().filter(|(key, _)| !SECRETS.contains(key));
    let members = entries.filter_map(|(key, entry)| {
        let keys: Vec<&str> = keys.iter().copied().chain([key]).collect();
        Some((key.to_owned(), absolute(&entry.node.value, base, &keys)?))
    });
    members.collect()
}
