//! What one file of cargo's configuration sets that is a way around, and where `[source]` leads: what stands in for the sources that are
//! vendored.

use std::collections::BTreeSet;

use camino::Utf8Path;

use super::commands::{
    CargoStart, alias_entries, alias_key, alias_kind, alias_words, env_key_kind, env_value, is_own_provider,
    is_tool_variable,
};
use super::documents::{ManifestError, document, inner_table, own_config, profile_settings, table_entries, value_text};
use crate::files::as_opened;
use crate::gather::cargo_config::{CargoConfig, CargoConfigError, Layer, Replacement};
use crate::gather::toml_tree::{Node, Table, Value, shown_key};
use crate::model::policy::Origin;
use crate::model::source::{Registry, Source};
use crate::model::vendored::{Destination, Lead, VendoredForm, VendoredPlace};
use crate::model::way_around::{Scope, WayAround, WayKind};

/// Cargo's name for crates.io.
const CRATES_IO: &str = "crates-io";
/// The names that `vendor` gives to its places.
const OURS: [&str; 2] = ["sequestered", "sequestered-local"];
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

/// The place that the workspace's own `.cargo/config.toml` names for vendored sources. Which sources must lead there is never read from
/// it: that follows from the lock file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Replacing {
    /// The name of the source that is the place.
    pub name: Option<String>,
    pub place: Option<VendoredPlace>,
    /// The place as it is written.
    pub written: String,
    pub origin: Option<Origin>,
}

impl Replacing {
    /// Reads the file of the workspace at `root`, even where cargo passes over it; nothing is set where there is no such file.
    ///
    /// # Errors
    /// The file cannot be read or is not TOML.
    pub(crate) fn read(root: &Utf8Path) -> Result<Self, ManifestError> {
        let path = own_config(root);
        let Some(table) = document(&path)? else { return Ok(Self::default()) };
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
        let Some(sources) = inner_table(&layer.table, "source") else { return Self::default() };
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
                let written = value_text(&entry.value);
                let path = as_opened(&layer.base.join(&written));
                let origin = Some(layer.origin(entry.line, &format!("source.{name}.{key}")));
                return Self { name: Some(name), place: Some(VendoredPlace { form, path }), written, origin };
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
            let folder = |form, path: &Utf8Path| Destination::Folder(VendoredPlace { form, path: as_opened(path) });
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
    pub(super) start: &'a CargoStart<'a>,
    /// What a cargo reads that is started in the root.
    pub(super) at_root: &'a CargoConfig,
}

impl Reader<'_> {
    pub(super) fn ways(&self) -> Vec<WayAround> {
        let mut ways = Vec::new();
        let table = &self.layer.table;
        if let Some(entry) = table.get("paths") {
            ways.push(self.way(WayKind::Paths, entry, "paths", &value_text(&entry.value)));
        }
        for (source, entry) in table_entries(table, "patch") {
            match entry.value.as_table() {
                Some(patches) => ways.extend(patches.iter().map(|(name, patch)| {
                    let key = format!("patch.{}.{}", shown_key(source), shown_key(name));
                    self.way(WayKind::ConfigPatch, patch, &key, &value_text(&patch.value))
                })),
                None => ways.push(self.way(WayKind::ConfigPatch, entry, "patch", "")),
            }
        }
        self.sources(&mut ways);
        self.registries(&mut ways);
        self.programs("build", &mut ways);
        self.programs("host", &mut ways);
        for (target, entry) in table_entries(table, "target") {
            if let Some(inner) = entry.value.as_table() {
                self.programs_of(inner, &format!("target.{}", shown_key(target)), true, &mut ways);
            }
        }
        for (key, kind, entry) in profile_settings(table) {
            ways.push(self.way(kind, entry, &key, &value_text(&entry.value)));
        }
        // A platform of one's own says which linker is run, and how.
        if let Some(entry) = inner_table(table, "build").and_then(|build| build.get("target")) {
            let value = value_text(&entry.value);
            let files: Vec<String> = value
                .split(' ')
                .filter(|one| Utf8Path::new(one).extension() == Some("json"))
                .map(|one| format!("./{one}"))
                .collect();
            if !files.is_empty() {
                ways.push(self.way(WayKind::Program, entry, "build.target", &files.join(" ")));
            }
        }
        if let Some(entry) = inner_table(table, "resolver").and_then(|resolver| resolver.get("lockfile-path")) {
            ways.push(self.way(WayKind::LockfilePath, entry, "resolver.lockfile-path", &value_text(&entry.value)));
        }
        self.credentials(&mut ways);
        self.network(&mut ways);
        if let Some(entry) = inner_table(table, "doc").and_then(|doc| doc.get("browser")) {
            ways.push(self.way(WayKind::Program, entry, "doc.browser", &value_text(&entry.value)));
        }
        for (name, entry) in alias_entries(table) {
            if let Some(kind) = alias_kind(&name, &alias_words(&entry.value), self.start) {
                ways.push(self.way(kind, entry, &alias_key(&name), &value_text(&entry.value)));
            }
        }
        for (name, entry) in table_entries(table, "env") {
            // Others may hold a secret.
            let value = if is_tool_variable(name) { env_value(&entry.value) } else { String::new() };
            ways.push(self.way(env_key_kind(name), entry, &format!("env.{}", shown_key(name)), &value));
        }
        ways
    }

    /// A registry's name that means another registry here than in the root, where the manifests were read.
    fn registries(&self, ways: &mut Vec<WayAround>) {
        if self.rank != Rank::Closer {
            return;
        }
        for (name, entry) in table_entries(&self.layer.table, "registries") {
            let Some(index) = entry.value.as_table().and_then(|table| table.get("index")) else { continue };
            let meant = |config: &CargoConfig| config.registry_named(name).ok().flatten();
            let at_root = meant(self.at_root);
            if at_root.is_some() && at_root != meant(self.start.config) {
                let key = format!("registries.{}.index", shown_key(name));
                ways.push(self.way(WayKind::SourceOverride, index, &key, &value_text(&index.value)));
            }
        }
    }

    fn programs(&self, name: &str, ways: &mut Vec<WayAround>) {
        if let Some(table) = inner_table(&self.layer.table, name) {
            self.programs_of(table, name, false, ways);
        }
    }

    fn programs_of(&self, table: &Table, prefix: &str, has_links: bool, ways: &mut Vec<WayAround>) {
        for (name, entry) in table.iter() {
            let key = format!("{prefix}.{}", shown_key(name));
            let known = PROGRAMS.iter().find(|(known, _)| *known == name);
            let value = value_text(&entry.value);
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
                        self.programs_of(inner, &key, true, ways);
                    }
                }
            }
        }
    }

    fn credentials(&self, ways: &mut Vec<WayAround>) {
        let table = &self.layer.table;
        let mut add = |key: String, entry: &Node| {
            if !serves_tokens_only(&entry.value) {
                ways.push(self.way(WayKind::CredentialProvider, entry, &key, &value_text(&entry.value)));
            }
        };
        for key in ["credential-provider", "global-credential-providers"] {
            if let Some(entry) = inner_table(table, "registry").and_then(|registry| registry.get(key)) {
                add(format!("registry.{key}"), entry);
            }
        }
        for (name, entry) in table_entries(table, "registries") {
            if let Some(provider) = entry.value.as_table().and_then(|table| table.get("credential-provider")) {
                add(format!("registries.{}.credential-provider", shown_key(name)), provider);
            }
        }
        for (name, entry) in table_entries(table, "credential-alias") {
            add(format!("credential-alias.{}", shown_key(name)), entry);
        }
    }

    /// How registries are reached, and what is checked on the way. What users set for all that they do is what their network asks for.
    fn network(&self, ways: &mut Vec<WayAround>) {
        if self.scope == Scope::Home {
            return;
        }
        let inner = |name, key| inner_table(inner_table(&self.layer.table, name)?, key);
        let setting = |name, key| inner_table(&self.layer.table, name).and_then(|table| table.get(key));
        for key in ["proxy", "cainfo", "proxy-cainfo"] {
            let Some(entry) = setting("http", key) else { continue };
            let value = value_text(&entry.value);
            // An empty text is how a setting of another file is taken back.
            if !value.is_empty() {
                let value = if key == "proxy" { without_user(&value) } else { value };
                ways.push(self.way(WayKind::IndexWay, entry, &format!("http.{key}"), &value));
            }
        }
        let is = |entry: &&Node, set: bool| matches!(entry.value, Value::Boolean(value) if value == set);
        let checks = [
            ("http.check-revoke", setting("http", "check-revoke").filter(|entry| is(entry, false))),
            ("http.ssl-version", setting("http", "ssl-version")),
            ("net.git-fetch-with-cli", setting("net", "git-fetch-with-cli").filter(|entry| is(entry, true))),
            ("net.ssh.known-hosts", inner("net", "ssh").and_then(|ssh| ssh.get("known-hosts"))),
        ];
        for (key, entry) in checks {
            if let Some(entry) = entry {
                ways.push(self.way(WayKind::FetchCheck, entry, key, &value_text(&entry.value)));
            }
        }
    }

    fn way(&self, kind: WayKind, entry: &Node, key: &str, value: &str) -> WayAround {
        WayAround { kind, origin: self.layer.origin(entry.line, key), scope: self.scope, value: value.to_owned() }
    }
}

/// A proxy without what lets somebody in. It may be written without a scheme.
fn without_user(proxy: &str) -> String {
    let (scheme, rest) = proxy.split_once("://").map_or(("", proxy), |(scheme, rest)| (scheme, rest));
    let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    if scheme.is_empty() { host.to_owned() } else { format!("{scheme}://{host}") }
}

/// Whether a provider is one of cargo's own that run no program of somebody's choice.
fn serves_tokens_only(value: &Value) -> bool {
    match value {
        Value::Text(text) => text.split_whitespace().next().is_none_or(is_own_provider),
        // Of one provider the first word is the program; of several, each stands in a text of its own.
        Value::List(nodes) => nodes.iter().all(|node| node.value.as_text().is_some_and(|text| is_own_provider(text))),
        Value::Integer(_) | Value::Float | Value::Boolean(_) | Value::Datetime(_) | Value::Table(_) => false,
    }
}

impl Reader<'_> {
    /// Adds every `[source]` key of the file that could lead elsewhere than to the vendored tree.
    fn sources(&self, ways: &mut Vec<WayAround>) {
        let own = self.replacing.name.as_deref();
        for (name, entry) in table_entries(&self.layer.table, "source") {
            let Some(table) = entry.value.as_table() else { continue };
            let is_replaced = name == CRATES_IO || self.names.contains(name);
            for (key, setting) in table.iter() {
                let value = value_text(&setting.value);
                let kind = if Some(name) == own {
                    self.own_source(key, &value)
                } else if is_replaced {
                    self.replaced_source(name, key, &value)
                } else {
                    other_source(key, &value)
                };
                if let Some(kind) = kind {
                    let key = format!("source.{}.{key}", shown_key(name));
                    ways.push(self.way(kind, setting, &key, &value));
                }
            }
        }
    }

    /// The source that is the vendored place: a folder, named by the workspace's file, replaced by nothing. Another file may say the
    /// same.
    fn own_source(&self, key: &str, value: &str) -> Option<WayKind> {
        let is_place =
            || self.replacing.place.as_ref().is_some_and(|place| place.path == as_opened(&self.layer.base.join(value)));
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
            // The place of another source than crates.io has to be named.
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
