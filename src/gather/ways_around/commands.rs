//! What a command that is typed turns into: by `[alias]` and `CARGO_ALIAS_…`, in cargo's own grammar, and by the variables of the environment.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};

use super::documents::{lies_below, table_entries, value_text};
use crate::files::plain;
use crate::gather::cargo_config::CargoConfig;
use crate::gather::command_line::{Action, CommandLine};
use crate::gather::environment::Environment;
use crate::gather::toml_tree::{Node, Table, Value, shown_key};
use crate::model::policy::{Origin, Setting};
use crate::model::way_around::{Scope, WayAround, WayKind};

/// Short forms that are the user's to define anew: who types one means the command.
const SHORT: [&str; 6] = ["b", "c", "d", "r", "rm", "t"];
/// No honest alias stands for a longer row of others.
const LONGEST: usize = 16;
/// A variable of the widespread idiom that tells build scripts where the workspace lies, which neither cargo nor the compiler reads.
const WORKSPACE: &str = "CARGO_WORKSPACE_DIR";

/// Where a cargo is started, and what its aliases are.
pub(super) struct CargoStart<'a> {
    pub(super) root: &'a Utf8Path,
    pub(super) folder: &'a Utf8Path,
    pub(super) config: &'a CargoConfig,
}

/// What an alias of this name and these words is; `None` for one that leads nowhere else.
pub(super) fn alias_kind(name: &str, words: &[String], start: &CargoStart<'_>) -> Option<WayKind> {
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

fn kind_of(name: &str, words: &[String], start: &CargoStart<'_>) -> Option<WayKind> {
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
    if action == Action::Installs {
        return Some(WayKind::AliasInstall);
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
        for (name, entry) in alias_entries(&layer.table) {
            let words = alias_words(&entry.value);
            found.extend(asked(&name, &words, layer.origin(entry.line, &alias_key(&name))));
            if let Some(joined) = config.alias(&name).ok().flatten().filter(|joined| *joined != words) {
                found.extend(asked(&name, &joined, layer.origin(entry.line, &alias_key(&name))));
            }
        }
    }
    for (variable, value) in environment.iter() {
        let Some(name) = variable.strip_prefix("CARGO_ALIAS_").map(alias_of_variable) else { continue };
        let words = alias_words(&Value::Text(value.to_owned()));
        found.extend(asked(&name, &words, Origin::Environment(variable.to_owned())));
    }
    found
}

/// The name of the alias that a variable defines, behind its `CARGO_ALIAS_`.
fn alias_of_variable(rest: &str) -> String {
    rest.to_ascii_lowercase().replace('_', "-")
}

/// Every alias of a file with its name. A table's are named with points: `cargo a.b` is `alias.a.b`.
pub(super) fn alias_entries(table: &Table) -> Vec<(String, &Node)> {
    let mut found = Vec::new();
    let mut waiting: Vec<(String, &Node)> =
        table_entries(table, "alias").map(|(name, entry)| (name.to_owned(), entry)).collect();
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
pub(super) fn alias_key(name: &str) -> String {
    let names: Vec<String> = name.split('.').map(shown_key).collect();
    format!("alias.{}", names.join("."))
}

/// The words of a setting: of a text those between white space, as cargo splits it.
pub(super) fn alias_words(value: &Value) -> Vec<String> {
    match value {
        Value::Text(text) => text.split_whitespace().map(str::to_owned).collect(),
        Value::List(nodes) => nodes.iter().filter_map(|node| node.value.as_text().cloned()).collect(),
        Value::Integer(_) | Value::Float | Value::Boolean(_) | Value::Datetime(_) | Value::Table(_) => Vec::new(),
    }
}

/// What a variable does, by cargo's own list and by the names that it derives from configuration keys.
fn variable_kind(name: &str, value: &str) -> Option<WayKind> {
    match name {
        "RUSTC"
        | "RUSTC_WRAPPER"
        | "RUSTC_WORKSPACE_WRAPPER"
        | "RUSTDOC"
        | "CARGO_BUILD_RUSTC"
        | "CARGO_BUILD_RUSTC_WRAPPER"
        | "CARGO_BUILD_RUSTC_WORKSPACE_WRAPPER"
        | "CARGO_BUILD_RUSTDOC"
        | "CARGO_HOST_LINKER" => Some(WayKind::Program),
        "RUSTFLAGS"
        | "RUSTDOCFLAGS"
        | "CARGO_ENCODED_RUSTFLAGS"
        | "CARGO_ENCODED_RUSTDOCFLAGS"
        | "CARGO_BUILD_RUSTFLAGS"
        | "CARGO_BUILD_RUSTDOCFLAGS"
        | "CARGO_HOST_RUSTFLAGS" => Some(WayKind::Flags),
        "CARGO_RESOLVER_LOCKFILE_PATH" => Some(WayKind::LockfilePath),
        // A list, of which every word is one.
        "CARGO_REGISTRY_GLOBAL_CREDENTIAL_PROVIDERS" => {
            (!value.split_whitespace().all(is_own_provider)).then_some(WayKind::CredentialProvider)
        }
        "CARGO_REGISTRY_CREDENTIAL_PROVIDER" => foreign_provider(value),
        "RUSTUP_TOOLCHAIN" => value.contains(['/', '\\']).then_some(WayKind::ToolchainPath),
        _ => derived_kind(name, value),
    }
}

fn derived_kind(name: &str, value: &str) -> Option<WayKind> {
    if let Some(rest) = name.strip_prefix("CARGO_TARGET_") {
        return match rest {
            rest if rest.ends_with("_LINKER") => Some(WayKind::Program),
            rest if rest.ends_with("_RUNNER") => Some(WayKind::Runner),
            rest if rest.ends_with("_RUSTFLAGS") || rest.ends_with("_RUSTDOCFLAGS") => Some(WayKind::Flags),
            _ => None,
        };
    }
    let rest = name.strip_prefix("CARGO_REGISTRIES_")?;
    foreign_provider(value).filter(|_| rest.ends_with("_CREDENTIAL_PROVIDER"))
}

fn foreign_provider(value: &str) -> Option<WayKind> {
    (!value.split_whitespace().next().is_none_or(is_own_provider)).then_some(WayKind::CredentialProvider)
}

/// Whether the first word of a provider is one of cargo's own; of these one runs the program that comes after it.
pub(super) fn is_own_provider(word: &str) -> bool {
    word.starts_with("cargo:") && !word.starts_with("cargo:token-from-stdout")
}

/// What a key of `[env]` is: it reaches the compiler, build scripts, what they start and what is run, but not cargo itself.
pub(super) fn env_key_kind(name: &str) -> WayKind {
    let upper = name.to_ascii_uppercase();
    let is_loader = ["LD_", "DYLD_", "RUSTC"].iter().any(|prefix| upper.starts_with(prefix)) || upper == "PATH";
    if is_loader || (upper.starts_with("CARGO_") && upper != WORKSPACE) {
        WayKind::EnvOverride
    } else {
        WayKind::EnvTable
    }
}

/// Variables by which build scripts find the programs that they start: those of the crates `cc`, `cmake`, `pkg-config` and their like, also for
/// one target (`CC_x86_64-unknown-linux-gnu`, `TARGET_CC`).
const TOOLS: [&str; 17] = [
    "AR",
    "AS",
    "CC",
    "CLANG",
    "CMAKE",
    "CXX",
    "LD",
    "MAKE",
    "NASM",
    "NVCC",
    "PERL",
    "PKG_CONFIG",
    "PROTOC",
    "PYTHON",
    "RANLIB",
    "STRIP",
    "YASM",
];

/// Whether a key of `[env]` names a program.
pub(super) fn is_tool_variable(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    let bare = ["TARGET_", "HOST_"].iter().find_map(|start| upper.strip_prefix(start)).unwrap_or(&upper);
    TOOLS.iter().any(|tool| bare.strip_prefix(tool).is_some_and(|rest| rest.is_empty() || rest.starts_with('_')))
}

/// The value of a key of `[env]`. One that is relative to the configuration's folder is a path.
pub(super) fn env_value(value: &Value) -> String {
    let Some(table) = value.as_table() else { return value_text(value) };
    let text = table.get("value").map(|entry| value_text(&entry.value)).unwrap_or_default();
    let is_relative = table.get("relative").is_some_and(|entry| matches!(entry.value, Value::Boolean(true)));
    if is_relative && !text.is_empty() { format!("./{text}") } else { text }
}

/// Every variable that is set and does something.
pub(super) fn variable_ways(environment: &Environment, start: &CargoStart<'_>) -> Vec<WayAround> {
    let set = environment.iter().filter(|(_, value)| !value.is_empty());
    let ways = set.filter_map(|(name, value)| {
        let kind = match name.strip_prefix("CARGO_ALIAS_") {
            Some(alias) => {
                let alias = alias_of_variable(alias);
                alias_kind(&alias, &alias_words(&Value::Text(value.to_owned())), start)?
            }
            None => variable_kind(name, value)?,
        };
        let origin = Origin::Environment(name.to_owned());
        Some(WayAround { kind, origin, scope: Scope::Environment, value: value.to_owned() })
    });
    ways.collect()
}
