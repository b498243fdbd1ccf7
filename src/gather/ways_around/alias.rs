//! `[alias]` and `CARGO_ALIAS_…`: what a user's short command turns into.

use camino::{Utf8Path, Utf8PathBuf};

use super::lies_below;
use crate::files::plain;
use crate::gather::cargo_config::CargoConfig;
use crate::gather::toml_tree::Value;
use crate::model::way_around::WayKind;

/// Cargo's own commands (cargo 1.95): an alias of such a name is ignored.
const BUILTINS: [&str; 40] = [
    "add",
    "bench",
    "build",
    "check",
    "clean",
    "clippy",
    "config",
    "doc",
    "fetch",
    "fix",
    "fmt",
    "generate-lockfile",
    "help",
    "info",
    "init",
    "install",
    "locate-project",
    "login",
    "logout",
    "metadata",
    "miri",
    "new",
    "owner",
    "package",
    "pkgid",
    "publish",
    "read-manifest",
    "remove",
    "report",
    "run",
    "rustc",
    "rustdoc",
    "search",
    "test",
    "tree",
    "uninstall",
    "update",
    "vendor",
    "version",
    "yank",
];
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
    match name {
        "sequester" => return Some(WayKind::SequesterAlias),
        name if BUILTINS.contains(&name) => return Some(WayKind::BuiltinAlias),
        _ => {}
    }
    let mut words = words.to_vec();
    let mut manifest = None;
    for _ in 0..LONGEST {
        match reach(&words) {
            Reach::Options => return Some(WayKind::AliasOptions),
            Reach::Manifest(path) => manifest = Some(path),
            Reach::Nowhere => {}
        }
        let next = words.iter().find(|word| !word.starts_with(['-', '+']));
        let next = next.filter(|next| *next != name && !BUILTINS.contains(&next.as_str()));
        // What cannot be read as an alias stops cargo as well.
        let Some(next) = next.and_then(|next| start.config.alias(next).ok().flatten()) else { break };
        words = next;
    }
    let path = manifest?;
    let inside = lies_below(start.root, &plain(&start.folder.join(path)));
    Some(if inside && !SHORT.contains(&name) { WayKind::AliasManifest } else { WayKind::AliasOptions })
}

/// What an alias's own words lead to.
enum Reach {
    Nowhere,
    Manifest(Utf8PathBuf),
    Options,
}

fn reach(words: &[String]) -> Reach {
    let mut manifest = None;
    // What stands behind `--` is a program's.
    let mut words = words.iter().take_while(|word| *word != "--").map(String::as_str);
    while let Some(word) = words.next() {
        let (option, value) = word.split_once('=').unwrap_or((word, ""));
        match option {
            "--config" | "--lockfile-path" => return Reach::Options,
            "--manifest-path" => {
                let path = if value.is_empty() { words.next().unwrap_or_default() } else { value };
                manifest = Some(Utf8PathBuf::from(path));
            }
            option if option.starts_with("-Z") || option.starts_with("-C") => return Reach::Options,
            _ => {}
        }
    }
    manifest.map_or(Reach::Nowhere, Reach::Manifest)
}

/// The words of a setting: of a text those between white space, as cargo splits it.
pub(super) fn words(value: &Value) -> Vec<String> {
    match value {
        Value::Text(text) => text.split_whitespace().map(str::to_owned).collect(),
        Value::List(nodes) => nodes.iter().filter_map(|node| node.value.as_text().cloned()).collect(),
        Value::Integer(_) | Value::Float | Value::Boolean(_) | Value::Datetime(_) | Value::Table(_) => Vec::new(),
    }
}
