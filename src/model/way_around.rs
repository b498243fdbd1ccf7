//! Ways around the vendored sources: settings, files and variables by which a build would take or run something else.

use std::borrow::Cow;

use super::policy::Origin;

/// One way around, where it stands, and what was made of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WayAround {
    /// What it is.
    pub kind: WayKind,
    /// Where it stands.
    pub origin: Origin,
    /// Whose it is.
    pub scope: Scope,
    /// What it is set to, all of it, for it decides what comes of it; empty where that is nobody's business or says nothing.
    pub value: String,
}

/// Longer values are cut: a report is no place for a whole list of flags.
const MAX_SHOWN: usize = 160;

impl WayAround {
    /// What it is set to, as short as a report wants it.
    #[must_use]
    pub fn shown(&self) -> Cow<'_, str> {
        match self.value.char_indices().nth(MAX_SHOWN) {
            Some((end, _)) => format!("{}…", self.value.get(..end).unwrap_or_default()).into(),
            None => (&*self.value).into(),
        }
    }
}

/// Whose a setting is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// The repository's: in the workspace root or below it.
    Repository,
    /// A folder's above the workspace.
    Above,
    /// The user's, in `$CARGO_HOME`.
    Home,
    /// This process's environment.
    Environment,
}

names!(Scope {
    Repository => "repository",
    Above => "above",
    Home => "cargo-home",
    Environment => "environment",
});

/// What a way around does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WayKind {
    /// `paths`: cargo builds folders in the place of packages, even with `--locked`.
    Paths,
    /// `[patch]` in a configuration file, which no manifest shows.
    ConfigPatch,
    /// `[patch]` or `[replace]` in the root manifest that leads to a folder outside the workspace.
    PatchOutside,
    /// `[patch]` or `[replace]` in the root manifest that leads anywhere else; the lock file shows what it brings.
    ManifestPatch,
    /// A `[source]` that gives crates.io, or what stands in for it, another place.
    SourceOverride,
    /// A `[source]` that concerns nothing which is vendored.
    OtherSource,
    /// Where the vendored sources lie, beside an allow-list by which they are proven.
    VendoredPlace,
    /// A legacy `.cargo/config` for which cargo passes over the `config.toml` beside it.
    LegacyConfig,
    /// `resolver.lockfile-path`: cargo builds by another lock file.
    LockfilePath,
    /// A lock file of another workspace in the repository, which nothing here looks at.
    OtherLockFile,
    /// A lock file of another workspace that the base has and the change took away.
    LockFileGone,
    /// A submodule: the repository has its commit, and another repository what is built.
    Submodule,
    /// A link that leads out of the repository, or to what git does not track.
    LinkOut,
    /// A package is built from what git does not track.
    UntrackedSource,
    /// A program in the place of the compiler, the linker or the documentation tool, or around them.
    Program,
    /// A program that runs what was built.
    Runner,
    /// Further arguments for the compiler.
    Flags,
    /// What a build script would say of a native library, said by the configuration in its place.
    LinksOverride,
    /// A program that is asked for the tokens of registries.
    CredentialProvider,
    /// An alias in the place of `cargo sequester`.
    SequesterAlias,
    /// An alias with the name of one of cargo's own commands, which cargo ignores.
    BuiltinAlias,
    /// An alias, or what it stands for in turn, that brings a configuration, a lock file or unstable options of its own.
    AliasOptions,
    /// An alias that builds another manifest of the repository, as a task runner's does.
    AliasManifest,
    /// An alias that installs a program, for which cargo resolves anew.
    AliasInstall,
    /// `[env]` sets a variable by which cargo, the compiler or the loader does something else.
    EnvOverride,
    /// `[env]` sets another variable.
    EnvTable,
    /// Build output that git tracks: cargo runs it without building it anew.
    BuildOutput,
    /// The repository's own setting of the target folder leads to another place in the repository.
    TargetDir,
    /// A toolchain, and cargo with it, from a folder.
    ToolchainPath,
    /// `[http]` has registries asked through somebody's proxy, or believed by somebody's certificates.
    IndexWay,
    /// `[http]` or `[net]` has less checked where something is fetched, or other keys trusted, or git's own program fetch it.
    FetchCheck,
}

names!(WayKind {
    Paths => "paths",
    ConfigPatch => "config-patch",
    PatchOutside => "patch-outside",
    ManifestPatch => "manifest-patch",
    SourceOverride => "source-override",
    OtherSource => "other-source",
    VendoredPlace => "vendored-place",
    LegacyConfig => "legacy-config",
    LockfilePath => "lockfile-path",
    OtherLockFile => "other-lock-file",
    LockFileGone => "lock-file-gone",
    Submodule => "submodule",
    LinkOut => "link-out",
    UntrackedSource => "untracked-source",
    Program => "program",
    Runner => "runner",
    Flags => "flags",
    LinksOverride => "links-override",
    CredentialProvider => "credential-provider",
    SequesterAlias => "sequester-alias",
    BuiltinAlias => "builtin-alias",
    AliasOptions => "alias-options",
    AliasManifest => "alias-manifest",
    AliasInstall => "alias-install",
    EnvOverride => "env-override",
    EnvTable => "env-table",
    BuildOutput => "build-output",
    TargetDir => "target-dir",
    ToolchainPath => "toolchain-path",
    IndexWay => "index-way",
    FetchCheck => "fetch-check",
});

/// What a way around means for the proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// There is no proof while it is there.
    Fails,
    /// A person should know of it.
    Warns,
}

names!(Weight { Fails => "fails", Warns => "warns" });
