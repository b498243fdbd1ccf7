//! Environment variables that are ways around.

use super::{alias, bounded};
use crate::gather::environment::Environment;
use crate::gather::toml_tree::Value;
use crate::model::policy::Origin;
use crate::model::way_around::{Scope, WayAround, WayKind};

/// What a variable does, by cargo's own list and by the names that it derives from configuration keys.
pub(super) fn kind(name: &str, value: &str) -> Option<WayKind> {
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
        "CARGO_REGISTRY_CREDENTIAL_PROVIDER" | "CARGO_REGISTRY_GLOBAL_CREDENTIAL_PROVIDERS" => {
            (!value.starts_with("cargo:")).then_some(WayKind::CredentialProvider)
        }
        "RUSTUP_TOOLCHAIN" => value.contains(['/', '\\']).then_some(WayKind::ToolchainPath),
        _ => derived(name, value),
    }
}

fn derived(name: &str, value: &str) -> Option<WayKind> {
    if let Some(rest) = name.strip_prefix("CARGO_TARGET_") {
        return match rest {
            rest if rest.ends_with("_LINKER") => Some(WayKind::Program),
            rest if rest.ends_with("_RUNNER") => Some(WayKind::Runner),
            rest if rest.ends_with("_RUSTFLAGS") || rest.ends_with("_RUSTDOCFLAGS") => Some(WayKind::Flags),
            _ => None,
        };
    }
    let rest = name.strip_prefix("CARGO_REGISTRIES_")?;
    let foreign = rest.ends_with("_CREDENTIAL_PROVIDER") && !value.starts_with("cargo:");
    foreign.then_some(WayKind::CredentialProvider)
}

/// A variable of the widespread idiom that tells build scripts where the workspace lies, which neither cargo nor the compiler reads.
const WORKSPACE: &str = "CARGO_WORKSPACE_DIR";

/// What a key of `[env]` is: it reaches the compiler, build scripts, what they start and what is run, but not cargo itself.
pub(super) fn env_table(name: &str) -> WayKind {
    let upper = name.to_ascii_uppercase();
    let is_loader = ["LD_", "DYLD_", "RUSTC"].iter().any(|prefix| upper.starts_with(prefix)) || upper == "PATH";
    if is_loader || (upper.starts_with("CARGO_") && upper != WORKSPACE) {
        WayKind::EnvOverride
    } else {
        WayKind::EnvTable
    }
}

/// Every variable that is set and does something.
pub(super) fn ways(environment: &Environment, start: &alias::Start<'_>) -> Vec<WayAround> {
    let set = environment.iter().filter(|(_, value)| !value.is_empty());
    let ways = set.filter_map(|(name, value)| {
        let kind = match name.strip_prefix("CARGO_ALIAS_") {
            Some(alias) => {
                let alias = alias::of_variable(alias);
                alias::kind(&alias, &alias::words(&Value::Text(value.to_owned())), start)?
            }
            None => kind(name, value)?,
        };
        let origin = Origin::Environment(name.to_owned());
        Some(WayAround { kind, origin, scope: Scope::Environment, value: bounded(value) })
    });
    ways.collect()
}
