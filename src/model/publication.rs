//! How releases were published, as the registry's web API tells it: by whom, from which run of a CI, and when they were yanked. The
//! index says nothing of it.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use semver::Version;
use serde::{Deserialize, Serialize};

/// What was learned of how one crate's releases were published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublicationFact {
    /// What the registry said in this run.
    Read(Publications),
    /// Nothing could be learned.
    Unavailable(ApiGap),
}

impl PublicationFact {
    /// What is known of one release.
    #[must_use]
    pub fn release(&self, version: &Version) -> Option<&Publication> {
        match self {
            Self::Read(publications) => publications.releases.get(version),
            Self::Unavailable(_) => None,
        }
    }
}

/// The publications of one crate, by exact version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Publications {
    pub releases: BTreeMap<Version, Publication>,
}

/// How one release was published.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Publication {
    /// When the registry took it.
    pub created_at: Option<Timestamp>,
    /// The login of the account that published it; `None` for a trusted publisher, and where the registry does not know.
    pub by: Option<Box<str>>,
    /// The run of a CI that published it without anybody's token.
    pub trusted: Option<TrustedPublisher>,
    /// The manifest's `repository`.
    pub repository: Option<Box<str>>,
    /// When it was yanked and taken back, the oldest first.
    pub yanks: Vec<YankAction>,
}

impl Publication {
    /// Who published it; `None` where the registry does not say.
    #[must_use]
    pub fn publisher(&self) -> Option<Publisher> {
        Publisher::of(self.by.as_deref(), self.trusted.as_ref())
    }
}

/// The run of a CI whose identity the registry has checked. Fields are declared in the order of their names, as the audit trail writes them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TrustedPublisher {
    /// The commit that it was published from, in hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "String"))]
    pub commit: Option<Box<str>>,
    /// Such as `github` or `gitlab`.
    pub provider: Box<str>,
    /// The repository there, as `owner/name`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "String"))]
    pub repository: Option<Box<str>>,
    /// The run or job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "String"))]
    pub run: Option<Box<str>>,
}

/// What the audit trail keeps of a publication, so that it can be compared later without the registry.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PublicationRecord {
    /// The login of the account that published it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "String"))]
    pub by: Option<Box<str>>,
    /// The run of a CI that published it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "TrustedPublisher"))]
    pub trusted: Option<TrustedPublisher>,
}

impl PublicationRecord {
    /// `None` where the registry says nothing that could be compared.
    #[must_use]
    pub fn of(publication: &Publication) -> Option<Self> {
        let Publication { by, trusted, .. } = publication;
        (by.is_some() || trusted.is_some()).then(|| Self { by: by.clone(), trusted: trusted.clone() })
    }

    #[must_use]
    pub fn publisher(&self) -> Option<Publisher> {
        Publisher::of(self.by.as_deref(), self.trusted.as_ref())
    }
}

/// What is known of one release's publication, and who says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Published {
    pub record: PublicationRecord,
    /// Whether it is the audit trail's word, and the registry was not asked in this run.
    pub recorded: bool,
    /// When it was yanked and taken back, the oldest first; nothing where only the trail is known.
    pub yanks: Vec<YankAction>,
}

/// One action of an owner.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct YankAction {
    pub at: Timestamp,
    /// Whether it took a yank back.
    pub undone: bool,
    /// The login of whoever did it.
    pub by: Option<Box<str>>,
}

/// Who publishes, as far as two releases can be said to have the same publisher.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Publisher {
    /// An account of the registry.
    Account(Box<str>),
    /// Runs of one repository's CI.
    Trusted {
        provider: Box<str>,
        /// As `owner/name`.
        repository: Box<str>,
    },
}

codes!(Publisher { Account => "account", Trusted => "trusted-publishing" });

impl Publisher {
    /// Of what a registry or a record says. Logins and repositories are compared without case, as GitHub has them.
    #[must_use]
    pub fn of(by: Option<&str>, trusted: Option<&TrustedPublisher>) -> Option<Self> {
        if let Some(trusted) = trusted {
            let repository = trusted.repository.as_deref()?.to_lowercase().into();
            return Some(Self::Trusted { provider: trusted.provider.to_lowercase().into(), repository });
        }
        by.map(|login| Self::Account(login.to_lowercase().into()))
    }
}

/// The login, or `github:owner/name`.
impl fmt::Display for Publisher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account(login) => f.write_str(login),
            Self::Trusted { provider, repository } => write!(f, "{provider}:{repository}"),
        }
    }
}

/// Why nothing is known of a crate's publications.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ApiGap {
    /// No registry may be asked in this run.
    Offline,
    /// The registry's `config.json` names no web API, or could not be had.
    NoApi,
    /// The registry's index is not asked for this crate either.
    NotAsked,
    /// More crates are in question than one run asks about at the pace that registries allow.
    TooMany,
    /// The API answered that it has no such crate, or no such page.
    Absent {
        status: u16,
        /// What it says to people; an attacker's text until escaped.
        words: String,
    },
    /// It answered, and its answer does not have a release that the registry's index has.
    Unlisted,
    /// It refused, could not be reached, or wants a token that is not there.
    Failed(String),
    /// Its answer is of another shape than the documented one.
    Unreadable(String),
}

codes!(ApiGap {
    Offline => "offline",
    NoApi => "no-api",
    NotAsked => "not-asked",
    TooMany => "too-many",
    Absent => "absent",
    Unlisted => "unlisted",
    Failed => "failed",
    Unreadable => "unreadable",
});
