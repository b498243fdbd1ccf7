//! The policy: what a release must be to be approved.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use jiff::civil::Date;
use semver::VersionReq;

use super::age::Age;
use super::crate_name::{CrateName, NamePattern};
use super::license::LicensePolicy;
use super::party::Party;
use super::signal::SignalPolicy;
use super::source::Registry;
use super::vex::Justification;

/// Where a setting stands, so that a reader can find and change it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nobody set it.
    Default,
    /// An option on the command line.
    Flag,
    /// An environment variable.
    Environment(String),
    /// A key of a file.
    File {
        /// The file.
        path: Utf8PathBuf,
        /// The line, counted from 1.
        line: u32,
        /// The key, with its tables: `quarantine.min-publish-age`.
        key: String,
    },
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("the default"),
            Self::Flag => f.write_str("the command line"),
            Self::Environment(name) => write!(f, "the environment variable {name}"),
            Self::File { path, line, key } => write!(f, "`{key}` in {path}:{line}"),
        }
    }
}

/// A value and where it was set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting<T> {
    pub value: T,
    /// Where it stands.
    pub origin: Origin,
}

/// A whole policy; its [`Default`] is what holds where nobody wrote one.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Policy {
    /// `--min-publish-age`, which goes before everything.
    pub min_publish_age_flag: Option<Age>,
    /// `[quarantine]`.
    pub quarantine: Quarantine,
    /// `[signals]`.
    pub signals: SignalPolicy,
    /// `[[override]]`, in the file's order.
    pub overrides: Vec<AgeOverride>,
    /// `[registries]`, by identity.
    pub registries: BTreeMap<Registry, RegistryPolicy>,
    /// Cargo's own minimum ages, which can only lengthen.
    pub cargo: CargoAges,
    /// `[advisories]`.
    pub advisories: AdvisoryPolicy,
    /// `[sources]`.
    pub sources: SourcePolicy,
    /// `[bans] deny`.
    pub deny: Vec<Ban>,
    /// `[licenses]`.
    pub licenses: LicensePolicy,
    /// `[sbom.supplier]`: who hands out the project's own packages. It judges nothing.
    pub supplier: Option<Party>,
}

/// How long releases are held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quarantine {
    /// The age that a release must have.
    pub min_publish_age: Setting<Age>,
    /// The age that a crate must have.
    pub new_crate_age: Age,
    /// The age that a release with a sign of a takeover must have.
    pub signal_age: Age,
    /// Whether releases younger than that are looked into, and held as long for what is inside them.
    pub inspect: bool,
    /// Whether a fix for a vulnerability may come earlier.
    pub security_fix: bool,
    /// The age that such a fix must have.
    pub security_fix_age: Age,
}

impl Default for Quarantine {
    fn default() -> Self {
        Self {
            min_publish_age: Setting { value: Age::days(7), origin: Origin::Default },
            new_crate_age: Age::days(30),
            signal_age: Age::days(14),
            inspect: false,
            security_fix: true,
            security_fix_age: Age::days(1),
        }
    }
}

/// One `[[override]]`: another age for some crates of one registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgeOverride {
    /// Which crates, by name.
    pub crates: Vec<NamePattern>,
    /// The registry whose crates are meant.
    pub registry: Registry,
    /// Their age.
    pub min_publish_age: Setting<Age>,
    /// Why; required where the age is shorter than the one that would otherwise apply.
    pub reason: Option<String>,
}

/// One entry of `[registries]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistryPolicy {
    /// What the policy calls it.
    pub name: String,
    /// Its releases' age; zero makes it a trusted registry.
    pub min_publish_age: Option<Setting<Age>>,
    /// The address of its web API, in place of the one that its `config.json` names.
    pub api: Option<Box<str>>,
}

/// `registry.global-min-publish-age` and `registries.<name>.min-publish-age` of cargo's configuration.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct CargoAges {
    /// For every registry.
    pub global: Option<Setting<Age>>,
    /// For one, in the place of the global one.
    pub registries: BTreeMap<Registry, Setting<Age>>,
}

/// Whose policy was judged by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JudgedBy<'a> {
    /// A policy file as it lies in the working tree, or as `--policy` names it.
    File(&'a Utf8Path),
    /// Nobody's: there is no policy file.
    Defaults,
    /// The policy of the base that the change is compared with.
    Base {
        /// As `--base` names it.
        base: &'a str,
        /// The whole id of the commit that it names.
        commit: &'a str,
        /// The base's policy file; `None` where the base has none and the defaults hold.
        file: Option<&'a Utf8Path>,
    },
}

/// What to do about something that is not plainly bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Say nothing.
    Allow,
    /// Say it.
    Warn,
    /// Reject the release.
    Reject,
}

names!(Level read { Allow => "allow", Warn => "warn", Reject => "reject" });

/// As the policy file writes it.
impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// `[advisories]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdvisoryPolicy {
    /// Where the advisories come from; `None` when the caller wants none (`--no-advisories`).
    pub db: Option<String>,
    /// How long a confirmation at the origin lasts.
    pub max_age: Age,
    /// How old a copy may be that nobody confirmed.
    pub max_copy_age: Age,
    /// Informational advisories of this kind.
    pub unsound: Level,
    /// Informational advisories of this kind.
    pub unmaintained: Level,
    /// All other informational advisories.
    pub notice: Level,
    /// Yanked releases.
    pub yanked: Level,
    /// `[[advisories.ignore]]`, in the file's order.
    pub ignore: Vec<Ignore>,
}

/// The archive of RustSec's database.
pub(crate) const RUSTSEC_DB: &str = "https://github.com/RustSec/advisory-db/archive/refs/heads/main.tar.gz";

impl Default for AdvisoryPolicy {
    fn default() -> Self {
        Self {
            db: Some(RUSTSEC_DB.to_owned()),
            max_age: Age::days(3),
            max_copy_age: Age::days(30),
            unsound: Level::Warn,
            unmaintained: Level::Warn,
            notice: Level::Warn,
            yanked: Level::Warn,
            ignore: Vec::new(),
        }
    }
}

/// One `[[advisories.ignore]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ignore {
    /// The advisory.
    pub id: Arc<str>,
    /// Only for this crate, where given.
    pub crate_name: Option<CrateName>,
    /// Why.
    pub reason: String,
    /// The last UTC day on which it is ignored.
    pub until: Date,
    /// Why the package is not affected by it, where a person says so in the words of VEX; without, it is affected and accepted.
    pub justification: Option<Justification>,
    /// Its line in the policy file.
    pub line: u32,
}

/// `[sources]`.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct SourcePolicy {
    /// Registries that packages may come from, beside crates.io and those of `[registries]`.
    pub allow_registries: Vec<Registry>,
    /// Git repositories that packages may come from.
    pub allow_git: Vec<GitRule>,
    /// Registries that may stand in for crates.io.
    pub mirrors: Vec<Registry>,
}

/// One entry of `allow-git`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GitRule {
    /// The repository's address, or the start of one up to a slash.
    pub url: String,
    /// The one commit that is allowed, in full; any where absent.
    pub rev: Option<String>,
    /// Why, where somebody said so.
    pub reason: Option<String>,
}

/// One entry of `[bans] deny`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ban {
    /// The crate's name.
    pub crate_name: CrateName,
    /// The versions; all where absent.
    pub req: Option<VersionReq>,
    /// As written.
    pub text: String,
}
