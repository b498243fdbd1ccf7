//! `[alias]` and `CARGO_ALIAS_…`: what a user's short command turns into, by cargo's own grammar.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};

use super::{lies_below, tables};
use crate::files::plain;
use crate::gather::cargo_config::CargoConfig;
use crate::gather::command_line::{Action, CommandLine};
use crate::gather::environment::Environment;
use crate::gather::toml_tree::{Node, Table, Value, shown_key};
use crate::model::policy::{Origin, Setting};
use crate::model::way_around::WayKind;

/// Short forms that are the user's to define anew: who types one means the command.
const SHORT: [&str; 6] = ["b", "c", "d", "r", "rm", "t"];
/// No honest alias stands for a longer row of others.
const LONGEST: usize = 16;

/// Where a cargo is started, and what its aliases are.
pub(super) struct Start<'a> {
    pub(super) root: &'a Utf8Path,
    pub(super) folder: &'a Utf8Path,
    pub(super) config: &'a CargoConfig,
}

/// What an alias of this name and these words is; `None` for one that leads nowhere else.
pub(super) fn kind(name: &str, words: &[String], start: &Start<'_>) -> Option<WayKind> {
    if name == "sequester" {
        return Some(WayKind::SequesterAlias);
    }
    if is_built_in(name) {
        return Some(WayKind::BuiltinAlias);
    }
    let own = kind_of(name, words, start);
    // Cargo joins the lists that several files have of one name.
    let joined = || start.config.alias(name).ok().flatten().filter(|joined| joined != words);
    match own {
        Some(WayKind::AliasOptions) => own,
        _ => joined().and_then(|joined| kind_of(name, &joined, start)).or(own),
    }
}

fn kind_of(name: &str, words: &[String], start: &Start<'_>) -> Option<WayKind> {
    let Some(line) = expanded(name, words, start.config) else { return Some(WayKind::AliasOptions) };
    let brings = line.has(&["--config", "--lockfile-path", "-Z", "-C"]);
    let is_short = SHORT.contains(&name);
    let action = line.action();
    let telling_without_value = line.is_cut_off() && line.has(&["--manifest-path", "--path", "--target-dir"]);
    if brings || telling_without_value || line.unread().is_some() || (is_short && action == Action::Installs) {
        return Some(WayKind::AliasOptions);
    }
    let script = || line.verb.as_deref().filter(|_| action == Action::Script).map(Utf8PathBuf::from);
    if let Some(path) = line.manifest_path().or_else(script) {
        let inside = lies_below(start.root, &plain(&start.folder.join(path)));
        return Some(if inside && !is_short { WayKind::AliasManifest } else { WayKind::AliasOptions });
    }
    line.has_compiler_arguments().then_some(WayKind::Flags)
}

fn is_built_in(name: &str) -> bool {
    CommandLine { verb: Some(name.to_owned()), ..CommandLine::default() }.is_built_in()
}

/// The command line that an alias stands for in the end; `None` where no end is found. Where cargo refuses to go on, for a circle or
/// for what is no alias's value, the line ends there.
fn expanded(name: &str, words: &[String], config: &CargoConfig) -> Option<CommandLine> {
    let mut line = CommandLine::default();
    line.expand(words);
    let mut seen = BTreeSet::from([name.to_owned()]);
    for _ in 0..LONGEST {
        let next = line.verb.clone().filter(|verb| !is_built_in(verb) && seen.insert(verb.clone()));
        let Some(words) = next.and_then(|next| config.alias(&next).ok().flatten()) else { return Some(line) };
        line.expand(&words);
    }
    None
}

/// The folders for build output that aliases ask for, as they stand there: relative to wherever cargo is started.
pub(super) fn target_dirs(config: &CargoConfig, environment: &Environment) -> Vec<Setting<Utf8PathBuf>> {
    let asked = |name: &str, words: &[String], origin: Origin| {
        let value = expanded(name, words, config)?.target_dir()?.into();
        (!is_built_in(name)).then_some(Setting { value, origin })
    };
    let mut found = Vec::new();
    for layer in config.layers() {
        for (name, entry) in entries(&layer.table) {
            let words = words(&entry.value);
            found.extend(asked(&name, &words, layer.origin(entry.line, &key(&name))));
            if let Some(joined) = config.alias(&name).ok().flatten().filter(|joined| *joined != words) {
                found.extend(asked(&name, &joined, layer.origin(entry.line, &key(&name))));
            }
        }
    }
    for (variable, value) in environment.iter() {
        let Some(name) = variable.strip_prefix("CARGO_ALIAS_").map(of_variable) else { continue };
        let words = words(&Value::Text(value.to_owned()));
        found.extend(asked(&name, &words, Origin::Environment(variable.to_owned())));
    }
    found
}

/// The name of the alias that a variable defines, behind its `CARGO_ALIAS_`.
pub(super) fn of_variable(rest: &str) -> String {
    rest.to_ascii_lowercase().replace('_', "-")
}

/// Every alias of a file with its name. A table's are named with points: `cargo a.b` is `alias.a.b`.
pub(super) fn entries(table: &Table) -> Vec<(String, &Node)> {
    let mut found = Vec::new();
    let mut waiting: Vec<(String, &Node)> =
        tables::tables(table, "alias").map(|(name, entry)| (name.to_owned(), entry)).collect();
    while let Some((name, entry)) = waiting.pop() {
        match entry.value.as_table() {
            Some(inner) => waiting.extend(inner.iter().map(|(below, entry)| (format!("{name}.{below}"), entry))),
            None => found.push((name, entry)),
        }
    }
    found.reverse();
    found
}

/// The key of an alias, as a reader writes it.
pub(super) fn key(name: &str) -> String {
    let names: Vec<String> = name.split('.').map(shown_key).collect();
    format!("alias.{}", names.join("."))
}

/// The words of a setting: of a text those between white space, as cargo splits it.
pub(super) fn words(value: &Value) -> Vec<String> {
    match value {
        Value::Text(text) => text.split_whitespace().map(str::to_owned).collect(),
        Value::List(nodes) => nodes.iter().filter_map(|node| node.value.as_text().cloned()).collect(),
        Value::Integer(_) | Value::Float | Value::Boolean(_) | Value::Datetime(_) | Value::Table(_) => Vec::new(),
    }
}
