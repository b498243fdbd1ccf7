//! What every sentence needs beside its own facts, and how packages, registries and policies are named.

use crate::model::Timestamp;
use crate::model::advisory::Advisory;
use crate::model::facts::AdvisoryFact;
use crate::model::package::PackageId;
use crate::model::policy::{JudgedBy, Origin, Policy};
use crate::model::run::Invocation;
use crate::model::source::{Registry, Source};

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
pub(crate) fn package_name(id: &PackageId) -> String {
    let release = format!("{}@{}", id.name, id.version);
    match &id.source {
        Source::Local | Source::Registry(Registry::CratesIo) => release,
        Source::Registry(registry) => format!("{release} ({})", registry_name(registry)),
        source @ (Source::Git(_) | Source::Other(_)) => format!("{release} ({source})"),
    }
}

/// A registry as people name it: `crates.io`, or its address.
#[must_use]
pub(crate) fn registry_name(registry: &Registry) -> String {
    match registry {
        Registry::CratesIo => "crates.io".to_owned(),
        Registry::Sparse(url) | Registry::Git(url) => url.to_string(),
    }
}

/// The age that holds for releases of crates.io which no override names, and what set it.
#[must_use]
pub(crate) fn general_age(policy: &Policy) -> (crate::model::age::Age, &Origin) {
    match policy.min_publish_age_flag {
        Some(age) => (age, &Origin::Flag),
        None => (policy.quarantine.min_publish_age.value, &policy.quarantine.min_publish_age.origin),
    }
}
