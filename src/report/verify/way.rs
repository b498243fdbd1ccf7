//! Ways around in words.

use camino::Utf8Path;

use super::shown;
use crate::model::policy::Origin;
use crate::model::way_around::{WayAround, WayKind};

/// Where a way stands: `.cargo/config.toml:3`, or the variable's name.
pub(super) fn place(way: &WayAround, root: &Utf8Path) -> String {
    match &way.origin {
        Origin::File { path, line, .. } if names_whole_file(way.kind) => {
            debug_assert_eq!(*line, 1, "a whole file stands from its first line");
            format!("{}:{line}", shown(path, root))
        }
        Origin::File { path, line, .. } => format!("{}:{line}", shown(path, root)),
        Origin::Environment(name) => name.clone(),
        origin @ (Origin::Default | Origin::Flag) => origin.to_string(),
    }
}

const fn names_whole_file(kind: WayKind) -> bool {
    matches!(kind, WayKind::LegacyConfig | WayKind::OtherLockFile | WayKind::BuildOutput)
}

/// The sentence, with the place at its start.
pub(super) fn sentence(way: &WayAround, root: &Utf8Path) -> String {
    let setting = match &way.origin {
        Origin::File { key, .. } if !key.is_empty() && !way.value.is_empty() => format!("`{key}` = `{}`: ", way.value),
        Origin::File { key, .. } if !key.is_empty() => format!("`{key}`: "),
        Origin::Environment(_) if !way.value.is_empty() => format!("`{}`: ", way.value),
        Origin::File { .. } | Origin::Environment(_) | Origin::Default | Origin::Flag => String::new(),
    };
    format!("{}: {setting}{}", place(way, root), effect(way.kind))
}

/// What it does.
pub(in crate::report) const fn effect(kind: WayKind) -> &'static str {
    match kind {
        WayKind::Paths => "cargo builds these folders in the place of packages, even with `--locked`",
        WayKind::ConfigPatch => "other code takes the place of a package, and no manifest shows it",
        WayKind::PatchOutside => "code from outside the workspace takes the place of a package",
        WayKind::ManifestPatch => "other code takes the place of a package",
        WayKind::SourceOverride => "sources are taken from elsewhere than the vendored folder",
        WayKind::OtherSource => "a source that is not vendored is taken from another place",
        WayKind::LegacyConfig => "cargo reads this file and passes over the `config.toml` beside it",
        WayKind::LockfilePath => "cargo builds by another lock file than the one that was verified",
        WayKind::OtherLockFile => "the lock file of another workspace, which was not verified",
        WayKind::Program => "this program runs in the place of the compiler or a tool of it, or around it",
        WayKind::Runner => "this program runs what was built",
        WayKind::Flags => "arguments that the compiler gets",
        WayKind::LinksOverride => "stands in for what a build script says of a native library",
        WayKind::CredentialProvider => "this program is asked for registry tokens",
        WayKind::SequesterAlias => "`cargo sequester` runs something else than this program",
        WayKind::BuiltinAlias => "has the name of one of cargo's own commands; cargo ignores it",
        WayKind::AliasOptions => "brings a configuration, a lock file, a folder or unstable options of its own",
        WayKind::AliasManifest => "builds another manifest of the repository, with its own lock file",
        WayKind::EnvOverride => {
            "sets a variable by which the compiler, a nested cargo or the loader does something else"
        }
        WayKind::EnvTable => "sets a variable for the compiler, build scripts and what is run",
        WayKind::BuildOutput => "git tracks build output, which cargo runs without building it anew",
        WayKind::TargetDir => "build output is taken from this folder of the repository",
        WayKind::ToolchainPath => "rustup runs cargo itself and the compiler from this folder",
    }
}
