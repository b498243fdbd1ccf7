//! What a verb asks for: which project, and whose rules. Plain values, wherever they come from.

use camino::Utf8PathBuf;
use jiff::Timestamp;

use crate::gather::policy_file::PolicyFile;
use crate::model::age::Age;
use crate::model::loosening::Lane;

/// What a verb asks for.
#[expect(clippy::struct_excessive_bools, reason = "each stands for itself: any of them can go with any other")]
#[derive(Clone, Debug, Default)]
pub(crate) struct Request {
    /// Which project.
    pub(crate) which: Which,
    /// Whose rules.
    pub(crate) judge: JudgeBy,
    /// What the decision is for.
    pub(crate) purpose: Purpose,
    /// Values of cargo's own `--config`, which go before files and variables.
    pub(crate) config: Vec<String>,
    /// Whether nothing that lies on this machine may stand in for a registry's answer. With a base nothing may.
    pub(crate) afresh: bool,
    /// Whether archives may be downloaded whose licences are judged and that are not at hand.
    pub(crate) fetch: bool,
    /// Whether no registry may be asked.
    pub(crate) offline: bool,
    /// Whether no progress is shown.
    pub(crate) quiet: bool,
}

/// Which project. Relative paths are the working directory's.
#[derive(Clone, Debug, Default)]
pub(crate) enum Which {
    /// The one around the working directory.
    #[default]
    Here,
    /// The one of this `Cargo.toml`.
    Manifest(Utf8PathBuf),
    /// A lock file alone, without a workspace.
    LockFile(Utf8PathBuf),
}

/// What a decision is for, and so what must hold before it is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To report it. Nothing in the project changes.
    #[default]
    Judge,
    /// To report what leads around the lock file too: another one in its place is a finding, and no reason to stop.
    Prove,
    /// To change files of the working tree by it: there is no base, and the moment has come.
    Change,
    /// To write down what a person decides about one release: as before, and the lock file need not have it, nor be there, nor answer the
    /// manifests, which may be what is decided for.
    Decide,
    /// To let cargo resolve by it: as when files change, there may be no lock file yet, and cargo must be able to describe the workspace.
    Resolve,
}

/// Whose rules, which advisories, what moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct JudgeBy {
    /// Where the policy stands.
    pub(crate) policy: PolicyFrom,
    /// What the project is compared with, as the caller names it.
    pub(crate) base: Option<String>,
    /// With a base, what becomes of what the change decides itself.
    pub(crate) loosened: Lane,
    /// A minimum age that goes before the policy's.
    pub(crate) min_publish_age: Option<Age>,
    /// Where advisories come from.
    pub(crate) advisories: AdvisoriesFrom,
    /// Whether the registries' web API is asked how releases were published.
    pub(crate) facts: bool,
    /// The moment to judge by, instead of the clocks'.
    pub(crate) now: Option<Timestamp>,
}

/// Where the policy stands.
#[derive(Clone, Debug, Default)]
pub(crate) enum PolicyFrom {
    /// In the project's `sequester.toml`; without one the defaults hold.
    #[default]
    Project,
    /// In this file, which must be there.
    File(Utf8PathBuf),
    /// Nowhere yet.
    Draft(Box<PolicyFile>),
}

/// Where advisories come from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum AdvisoriesFrom {
    /// From where the policy says.
    #[default]
    Policy,
    /// From this archive, `git+` address or directory; a relative one is the working directory's.
    Database(String),
    /// From nowhere: releases are judged without them.
    Nowhere,
}
