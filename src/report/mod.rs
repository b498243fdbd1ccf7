//! Tells people and machines what was decided: pure, from an evaluation to a writer, one format a file.
//!
//! Facts become sentences in `reason`, `remark`, `blocker` and `cure`, once, for every format. Sentences hold text from outside as
//! it came; a format escapes each whole line by its own rules (`escape`) at the moment it writes it, and adds its own marks after.

pub mod ahead;
pub mod also;
pub mod blocker;
pub mod curation;
pub mod cure;
pub mod decision;
pub mod duration;
pub mod escape;
pub mod explain;
pub mod github;
pub mod human;
pub mod init;
pub mod json;
pub mod lock_proof;
pub mod log;
pub mod log_json;
pub mod log_problem;
pub mod markdown;
pub mod places;
pub mod print;
pub mod problem;
pub mod reason;
pub mod remark;
pub mod sarif;
pub mod status;
pub mod style;
pub mod tally;
pub mod update;
pub mod vendor;
pub mod verify;
pub mod vsa;
pub mod waiting;
pub mod way_out;
pub mod wrap;

use std::time::Duration;

use camino::Utf8Path;

use crate::model::Timestamp;
use crate::model::adoption::Carried;
use crate::model::advisory::Advisory;
use crate::model::approval::Approval;
use crate::model::evaluation::{Evaluation, Notice};
use crate::model::facts::AdvisoryFact;
use crate::model::loosening::{Loosening, LooseningKind};
use crate::model::package::{LockedChecksum, Package, PackageId};
pub use crate::model::policy::JudgedBy;
use crate::model::policy::{Origin, Policy};
use crate::model::run::Invocation;
use crate::model::source::{Registry, Source};

/// Everything that a report of `audit` tells.
#[derive(Clone, Copy, Debug)]
pub struct AuditReport<'a> {
    /// The packages of the lock file, in its order.
    pub packages: &'a [Package],
    /// The decision; its judgements are in the same order.
    pub evaluation: &'a Evaluation,
    /// What was known of advisories.
    pub advisories: &'a AdvisoryFact,
    /// What passes only because it was there at adoption.
    pub carried: Carried,
    /// What the change makes looser than its base; empty without a base.
    pub loosened: &'a [Loosening],
    /// What the change decides, where it may: it counts, and whoever merges the change is shown it first.
    pub decided: &'a [Loosening],
    /// What was judged by.
    pub policy: &'a Policy,
    /// Whose policy that is.
    pub judged_by: JudgedBy<'a>,
    /// The lock file, as a reader in the repository would name it: relative to its root where it lies below it.
    pub locked: &'a Utf8Path,
    /// Each package's line in the lock file, counted from 1; empty where that is not known.
    pub lines: &'a [u32],
    /// What ways out have to fit.
    pub situation: &'a Invocation,
    /// How long the whole run took, where that is to be told.
    pub elapsed: Option<Duration>,
}

/// How much is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// Problems only.
    Quiet,
    /// Problems, and the rest in a few lines.
    #[default]
    Normal,
    /// Everything, one line each.
    Verbose,
}

/// What sentences need beside their own facts.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The moment that was judged by.
    pub now: Timestamp,
    /// Where titles and addresses of advisories are looked up.
    pub advisories: &'a AdvisoryFact,
    /// Whose policy entries are told of by their lines.
    pub judged_by: JudgedBy<'a>,
    /// What ways out have to fit.
    pub situation: &'a Invocation,
}

impl<'a> Context<'a> {
    /// The advisory of this id about this crate.
    #[must_use]
    pub fn advisory(&self, crate_name: &str, id: &str) -> Option<&'a Advisory> {
        match self.advisories {
            AdvisoryFact::Read(db) => db.by_crate.get(crate_name)?.iter().find(|advisory| &*advisory.id == id),
            AdvisoryFact::Skipped | AdvisoryFact::Unavailable { .. } => None,
        }
    }
}

impl<'a> AuditReport<'a> {
    /// What sentences of this report need.
    #[must_use]
    pub const fn context(&self) -> Context<'a> {
        Context {
            now: self.evaluation.now,
            advisories: self.advisories,
            judged_by: self.judged_by,
            situation: self.situation,
        }
    }

    /// Whether everything may be built: decided, approved, nothing made looser and nothing taken from the audit trail.
    #[must_use]
    pub fn is_approved(&self) -> bool {
        self.loosened.is_empty() && self.evaluation.is_approved()
    }

    /// What is worth knowing about the run, but for what is only told to those who ask for everything.
    pub fn notices(&self) -> impl Iterator<Item = &'a Notice> {
        self.evaluation.notices.iter().filter(|notice| !remark::is_detail(notice))
    }

    /// The change's own approvals of a package, whether or not they count here: of the same release and bytes.
    pub fn approvals_by_change<'p>(&self, package: &'p Package) -> impl Iterator<Item = &'a Approval> + use<'a, 'p> {
        let is_of = move |approval: &Approval| {
            package.checksum == LockedChecksum::Known(approval.checksum)
                && approval.version == package.id.version
                && approval.crate_name.names(&package.id.name)
                && Source::Registry(approval.registry.clone()) == package.id.source
        };
        self.loosened.iter().chain(self.decided).filter_map(move |one| match &one.kind {
            LooseningKind::Approval(approval) if is_of(approval) => Some(&**approval),
            LooseningKind::Approval(_)
            | LooseningKind::Ignore(_)
            | LooseningKind::Rule
            | LooseningKind::Adoption
            | LooseningKind::Place => None,
        })
    }

    /// Whether the change itself ignores this advisory for this crate, whether or not that counts here.
    #[must_use]
    pub fn ignored_by_change(&self, advisory: &str, crate_name: &str) -> bool {
        self.loosened.iter().chain(self.decided).any(|one| {
            matches!(&one.kind, LooseningKind::Ignore(ignore) if *ignore.id == *advisory
                && ignore.crate_name.as_ref().is_none_or(|name| name.names(crate_name)))
        })
    }

    /// The names of the packages on a path of positions in the lock file.
    #[must_use]
    pub fn names(&self, path: &[usize]) -> Vec<&'a str> {
        path.iter().filter_map(|position| self.packages.get(*position)).map(|package| &*package.id.name).collect()
    }
}

impl JudgedBy<'_> {
    /// In words that follow "judged by".
    #[must_use]
    pub fn sentence(&self) -> String {
        match self {
            Self::File(file) => format!("{file}"),
            Self::Defaults => "the defaults: there is no policy file".to_owned(),
            Self::Base { file: Some(file), .. } => format!("{file} of the base{}", self.base()),
            Self::Base { file: None, .. } => format!("the defaults: the base{} has no policy file", self.base()),
        }
    }

    /// A line of the policy, as editors and terminals open it: `sequester.toml:62`.
    #[must_use]
    pub fn place(&self, line: u32) -> String {
        match self {
            Self::File(file) => format!("{file}:{line}"),
            Self::Base { file: Some(file), .. } => format!("{file}:{line} of the base"),
            Self::Defaults | Self::Base { file: None, .. } => format!("line {line} of the policy"),
        }
    }

    /// The base after a space, with its id, so that the run can be repeated: its name may lead elsewhere tomorrow.
    fn base(&self) -> String {
        match self {
            Self::Base { base, commit, .. } if base == commit => format!(" --base {commit}"),
            Self::Base { base, commit, .. } => format!(" {base} (--base {commit})"),
            Self::File(_) | Self::Defaults => String::new(),
        }
    }
}

/// A package as people name it: `cc@1.2.3`, and where it comes from if that is not crates.io.
#[must_use]
pub fn package_name(id: &PackageId) -> String {
    let release = format!("{}@{}", id.name, id.version);
    match &id.source {
        Source::Local | Source::Registry(Registry::CratesIo) => release,
        Source::Registry(registry) => format!("{release} ({})", registry_name(registry)),
        source @ (Source::Git(_) | Source::Other(_)) => format!("{release} ({source})"),
    }
}

/// A registry as people name it: `crates.io`, or its address.
#[must_use]
pub fn registry_name(registry: &Registry) -> String {
    match registry {
        Registry::CratesIo => "crates.io".to_owned(),
        Registry::Sparse(url) | Registry::Git(url) => url.to_string(),
    }
}

/// The age that holds for releases of crates.io which no override names, and what set it.
#[must_use]
pub fn general_age(policy: &Policy) -> (crate::model::age::Age, &Origin) {
    match policy.min_publish_age_flag {
        Some(age) => (age, &Origin::Flag),
        None => (policy.quarantine.min_publish_age.value, &policy.quarantine.min_publish_age.origin),
    }
}

/// The lines of a lock file on which its packages begin, in order: a report's [`AuditReport::lines`]. Where their number is not
/// that of the packages (an old format keeps the root apart), the report leaves lines out.
#[must_use]
pub fn package_lines(lock_file: &str) -> Vec<u32> {
    (1..).zip(lock_file.lines()).filter(|(_, line)| line.trim() == "[[package]]").map(|(number, _)| number).collect()
}
