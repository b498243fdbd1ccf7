//! What each way around means for the proof.

use crate::model::way_around::{Scope, WayAround, WayKind, Weight};

/// Whether the proof holds beside it.
///
/// It does not where the way leads to other *sources* than the vendored ones, to output that was not built from them, or puts another
/// program in the place of cargo, of this one, or (by `[env]`, which no honest project needs for it) of the compiler and what it
/// loads: then the build is not of what was looked at, wherever the setting stands. It does where a *program or an argument* is set that
/// cargo runs: the sources are still the approved ones, projects need such settings (a linker for another platform, a compiler
/// cache), and those of the repository are in front of its reviewers, as its own build scripts are. A toolchain that the
/// caller's own environment names is the caller's choice.
#[must_use]
pub const fn weight(way: &WayAround) -> Weight {
    match way.kind {
        WayKind::Paths
        | WayKind::ConfigPatch
        | WayKind::PatchOutside
        | WayKind::SourceOverride
        | WayKind::LegacyConfig
        | WayKind::LockfilePath
        | WayKind::SequesterAlias
        | WayKind::AliasOptions
        | WayKind::EnvOverride
        | WayKind::BuildOutput
        | WayKind::TargetDir => Weight::Fails,
        WayKind::ToolchainPath if !matches!(way.scope, Scope::Environment) => Weight::Fails,
        WayKind::ManifestPatch
        | WayKind::OtherSource
        | WayKind::OtherLockFile
        | WayKind::Program
        | WayKind::Runner
        | WayKind::Flags
        | WayKind::LinksOverride
        | WayKind::CredentialProvider
        | WayKind::BuiltinAlias
        | WayKind::AliasManifest
        | WayKind::EnvTable
        | WayKind::ToolchainPath => Weight::Warns,
    }
}

/// Weighs each; what breaks the proof first, each kind in a fixed order.
#[must_use]
pub fn weighed(ways: Vec<WayAround>) -> Vec<(Weight, WayAround)> {
    let mut weighed: Vec<_> = ways.into_iter().map(|way| (weight(&way), way)).collect();
    // Stable: of one kind the order is the one in which cargo would come upon them.
    weighed.sort_by_key(|(weight, way)| (*weight, way.scope, way.kind));
    weighed
}
