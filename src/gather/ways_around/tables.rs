//! What one file of cargo's configuration sets that is a way around.

use std::collections::BTreeSet;

use super::sources::Replacing;
use super::{alias, bounded, variables};
use crate::gather::cargo_config::{CargoConfig, Layer};
use crate::gather::toml_tree::{Node, Table, Value, shown_key};
use crate::model::way_around::{Scope, WayAround, WayKind};

/// Where a file stands in cargo's order, seen from the workspace's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rank {
    /// It wins over the workspace's.
    Closer,
    /// It is the workspace's.
    Own,
    /// The workspace's wins over it.
    Farther,
}

/// Reads one file.
pub(super) struct Reader<'a> {
    pub(super) layer: &'a Layer,
    pub(super) scope: Scope,
    pub(super) rank: Rank,
    pub(super) replacing: &'a Replacing,
    /// The names below `[source]` of what must be taken from the vendored place.
    pub(super) names: &'a BTreeSet<String>,
    /// The configuration that it is a part of.
    pub(super) start: &'a alias::Start<'a>,
    /// What a cargo reads that is started in the root.
    pub(super) at_root: &'a CargoConfig,
}

/// `[build]`, `[target.…]` and `[host]`: the programs and arguments.
const PROGRAMS: [(&str, WayKind); 9] = [
    ("linker", WayKind::Program),
    ("runner", WayKind::Runner),
    ("rustc", WayKind::Program),
    ("rustc-workspace-wrapper", WayKind::Program),
    ("rustc-wrapper", WayKind::Program),
    ("rustdoc", WayKind::Program),
    ("rustdocflags", WayKind::Flags),
    ("rustflags", WayKind::Flags),
    ("ar", WayKind::Program),
];

impl Reader<'_> {
    pub(super) fn ways(&self) -> Vec<WayAround> {
        let mut ways = Vec::new();
        let table = &self.layer.table;
        if let Some(entry) = table.get("paths") {
            ways.push(self.way(WayKind::Paths, entry, "paths", &text(&entry.value)));
        }
        for (source, entry) in tables(table, "patch") {
            match entry.value.as_table() {
                Some(patches) => ways.extend(patches.iter().map(|(name, patch)| {
                    let key = format!("patch.{}.{}", shown_key(source), shown_key(name));
                    self.way(WayKind::ConfigPatch, patch, &key, &text(&patch.value))
                })),
                None => ways.push(self.way(WayKind::ConfigPatch, entry, "patch", "")),
            }
        }
        self.sources(&mut ways);
        self.registries(&mut ways);
        self.programs("build", &mut ways);
        self.programs("host", &mut ways);
        for (target, entry) in tables(table, "target") {
            if let Some(inner) = entry.value.as_table() {
                self.programs_of(inner, &format!("target.{}", shown_key(target)), true, &mut ways);
            }
        }
        if let Some(entry) = inner(table, "resolver").and_then(|resolver| resolver.get("lockfile-path")) {
            ways.push(self.way(WayKind::LockfilePath, entry, "resolver.lockfile-path", &text(&entry.value)));
        }
        self.credentials(&mut ways);
        if let Some(entry) = inner(table, "doc").and_then(|doc| doc.get("browser")) {
            ways.push(self.way(WayKind::Program, entry, "doc.browser", &text(&entry.value)));
        }
        for (name, entry) in alias::entries(table) {
            if let Some(kind) = alias::kind(&name, &alias::words(&entry.value), self.start) {
                ways.push(self.way(kind, entry, &alias::key(&name), &text(&entry.value)));
            }
        }
        for (name, entry) in tables(table, "env") {
            ways.push(self.way(variables::env_table(name), entry, &format!("env.{}", shown_key(name)), ""));
        }
        ways
    }

    /// A registry's name that means another registry here than in the root, where the manifests were read.
    fn registries(&self, ways: &mut Vec<WayAround>) {
        if self.rank != Rank::Closer {
            return;
        }
        for (name, entry) in tables(&self.layer.table, "registries") {
            let Some(index) = entry.value.as_table().and_then(|table| table.get("index")) else { continue };
            let meant = |config: &CargoConfig| config.registry_named(name).ok().flatten();
            let at_root = meant(self.at_root);
            if at_root.is_some() && at_root != meant(self.start.config) {
                let key = format!("registries.{}.index", shown_key(name));
                ways.push(self.way(WayKind::SourceOverride, index, &key, &text(&index.value)));
            }
        }
    }

    fn programs(&self, name: &str, ways: &mut Vec<WayAround>) {
        if let Some(table) = inner(&self.layer.table, name) {
            self.programs_of(table, name, false, ways);
        }
    }

    fn programs_of(&self, table: &Table, prefix: &str, has_links: bool, ways: &mut Vec<WayAround>) {
        for (name, entry) in table.iter() {
            let key = format!("{prefix}.{}", shown_key(name));
            let known = PROGRAMS.iter().find(|(known, _)| *known == name);
            let value = text(&entry.value);
            let inner = entry.value.as_table();
            match known {
                // An empty text is how a setting of another file is taken back.
                Some((_, kind)) => {
                    if !value.is_empty() {
                        ways.push(self.way(*kind, entry, &key, &value));
                    }
                }
                None if has_links && inner.is_some() => ways.push(self.way(WayKind::LinksOverride, entry, &key, "")),
                None => {
                    if let Some(inner) = inner.filter(|_| prefix == "host") {
                        self.programs_of(inner, &key, false, ways);
                    }
                }
            }
        }
    }

    fn credentials(&self, ways: &mut Vec<WayAround>) {
        let table = &self.layer.table;
        let mut add = |key: String, entry: &Node| {
            if !serves_tokens_only(&entry.value) {
                ways.push(self.way(WayKind::CredentialProvider, entry, &key, &text(&entry.value)));
            }
        };
        for key in ["credential-provider", "global-credential-providers"] {
            if let Some(entry) = inner(table, "registry").and_then(|registry| registry.get(key)) {
                add(format!("registry.{key}"), entry);
            }
        }
        for (name, entry) in tables(table, "registries") {
            if let Some(provider) = entry.value.as_table().and_then(|table| table.get("credential-provider")) {
                add(format!("registries.{}.credential-provider", shown_key(name)), provider);
            }
        }
        for (name, entry) in tables(table, "credential-alias") {
            add(format!("credential-alias.{}", shown_key(name)), entry);
        }
    }

    pub(super) fn way(&self, kind: WayKind, entry: &Node, key: &str, value: &str) -> WayAround {
        WayAround { kind, origin: self.layer.origin(entry.line, key), scope: self.scope, value: bounded(value) }
    }
}

/// A table of the document.
pub(super) fn inner<'a>(table: &'a Table, name: &str) -> Option<&'a Table> {
    table.get(name)?.value.as_table()
}

/// The entries of a table of the document.
pub(super) fn tables<'a>(table: &'a Table, name: &str) -> impl Iterator<Item = (&'a str, &'a Node)> {
    inner(table, name).into_iter().flat_map(Table::iter)
}

/// A value in one line: texts as they are, lists joined by spaces, of a table the place that it names.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::List(nodes) => nodes.iter().map(|node| text(&node.value)).collect::<Vec<_>>().join(" "),
        Value::Table(table) => {
            let place = ["path", "git", "registry", "version"].into_iter().find_map(|key| table.get(key));
            place.map(|entry| text(&entry.value)).unwrap_or_default()
        }
        Value::Integer(_) | Value::Float | Value::Boolean(_) | Value::Datetime(_) => String::new(),
    }
}

/// Whether a provider is one of cargo's own that run no program of somebody's choice.
fn serves_tokens_only(value: &Value) -> bool {
    let own = |word: &str| word.starts_with("cargo:") && !word.starts_with("cargo:token-from-stdout");
    match value {
        Value::Text(text) => text.split_whitespace().next().is_none_or(own),
        // Of one provider the first word is the program; of several, each stands in a text of its own.
        Value::List(nodes) => nodes.iter().all(|node| node.value.as_text().is_some_and(|text| own(text))),
        Value::Integer(_) | Value::Float | Value::Boolean(_) | Value::Datetime(_) | Value::Table(_) => false,
    }
}
