//! What a team's registry tells of its releases: to people as pages, to machines as documents.

#![cfg_attr(
    not(feature = "serve"),
    expect(dead_code, reason = "the published schemas are held against these types in every build")
)]

pub(crate) mod json;
pub(crate) mod page;

use std::sync::Arc;

use jiff::Timestamp;
use semver::Version;

use super::context::Context;
use crate::model::approval::Approval;
use crate::model::checksum::Checksum;
use crate::model::package::PackageId;
use crate::model::verdict::{Reasons, Verdict};

/// What stands on every page, and in every document.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Team<'a> {
    pub(crate) name: &'a str,
    /// The path of its pages, with a slash at its end: `/TEAM/`, and more before it where a proxy adds that.
    pub(crate) path: &'a str,
    /// Its registries, by the names in their paths.
    pub(crate) registries: &'a [String],
    pub(crate) context: Context<'a>,
    /// Of the policy's text.
    pub(crate) policy: Checksum,
    /// Those that the team may hear of.
    pub(crate) alarms: &'a [Alarm],
    /// Of this program.
    pub(crate) version: &'a str,
}

/// Something that somebody should look at.
#[derive(Clone, Debug)]
pub(crate) struct Alarm {
    pub(crate) kind: &'static str,
    pub(crate) words: String,
    pub(crate) first: Timestamp,
    pub(crate) last: Timestamp,
    pub(crate) times: u64,
}

/// One release, and everything that is known of it here.
#[derive(Clone, Debug)]
pub(crate) struct Release {
    /// The name of its registry in paths.
    pub(crate) registry: Arc<str>,
    pub(crate) id: PackageId,
    pub(crate) checksum: Checksum,
    pub(crate) pubtime: Option<Timestamp>,
    /// Whether its own registry says so.
    pub(crate) yanked: bool,
    /// `None` where there are no advisories to decide by.
    pub(crate) verdict: Option<Verdict>,
    pub(crate) shown: Shown,
    /// Whether its bytes are given to the team.
    pub(crate) served: bool,
    /// When its registry was found to have it no more.
    pub(crate) deleted: Option<Timestamp>,
    pub(crate) first_seen: Option<Timestamp>,
    pub(crate) locked_by: Vec<Locker>,
    pub(crate) asked: Option<Asked>,
    /// Of its crate.
    pub(crate) newest_approved: Option<Version>,
}

/// What cargo sees of a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    AsItIs,
    AsYanked,
    LeftOut,
}

/// A project whose posted lock file has a release.
#[derive(Clone, Debug)]
pub(crate) struct Locker {
    pub(crate) project: String,
    /// When the lock file came.
    pub(crate) at: Timestamp,
    /// The name of the token that it came with.
    pub(crate) by: Option<String>,
    /// Whether the release was not approved when it came, so that nobody gets it for being locked there.
    pub(crate) refused: bool,
}

/// That somebody wanted a release's bytes, and was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) times: u64,
    pub(crate) first: Timestamp,
    pub(crate) last: Timestamp,
    /// The name of the token that asked first.
    pub(crate) by: Option<String>,
}

/// A posted lock file.
#[derive(Clone, Debug)]
pub(crate) struct Project {
    pub(crate) name: String,
    pub(crate) at: Timestamp,
    pub(crate) by: Option<String>,
    pub(crate) packages: usize,
    /// How many of them were refused.
    pub(crate) refused: usize,
}

/// What is held for a team.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Overview<'a> {
    pub(crate) team: Team<'a>,
    /// What somebody was refused first, then by when time lifts it, then what time does not lift.
    pub(crate) releases: &'a [Release],
    /// How many more there are, which are not listed.
    pub(crate) more: usize,
    /// How many crates were looked at.
    pub(crate) crates: usize,
    /// How many could not be looked at in time, or at all.
    pub(crate) unread: usize,
    pub(crate) projects: &'a [Project],
    /// The lines for `.cargo/config.toml`.
    pub(crate) cargo_config: &'a str,
}

/// One crate, or one release of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Crate<'a> {
    pub(crate) team: Team<'a>,
    pub(crate) registry: &'a str,
    pub(crate) name: &'a str,
    /// Newest version first.
    pub(crate) releases: &'a [Release],
    pub(crate) newest_approved: Option<&'a Version>,
    /// When its registry last said what releases there are.
    pub(crate) checked: Timestamp,
    /// Whether the registry is away, and this is its last answer.
    pub(crate) stale: bool,
    /// Those of the policy that name it.
    pub(crate) approvals: &'a [&'a Approval],
}

/// Crates whose names have the words that were looked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Search<'a> {
    pub(crate) team: Team<'a>,
    pub(crate) words: &'a str,
    pub(crate) hits: &'a [Hit],
    /// How many more there are, which are not listed.
    pub(crate) more: usize,
    /// What could not be asked.
    pub(crate) away: Option<&'a str>,
}

/// One of them.
#[derive(Clone, Debug)]
pub(crate) struct Hit {
    pub(crate) registry: Arc<str>,
    pub(crate) name: Arc<str>,
    pub(crate) releases: usize,
    pub(crate) held: usize,
    pub(crate) newest_approved: Option<Version>,
}

impl Release {
    /// Held until some time, or for good.
    pub(crate) const fn is_held(&self) -> bool {
        matches!(self.verdict, Some(Verdict::Quarantined(_) | Verdict::Rejected(_)))
    }

    pub(crate) const fn reasons(&self) -> Option<&Reasons> {
        match &self.verdict {
            Some(Verdict::Quarantined(reasons) | Verdict::Rejected(reasons)) => Some(reasons),
            Some(Verdict::Local | Verdict::Approved(_)) | None => None,
        }
    }

    /// When nothing will stand against it any more, as far as that is known.
    pub(crate) fn eligible_at(&self) -> Option<Timestamp> {
        match &self.verdict {
            Some(Verdict::Quarantined(reasons)) => reasons.eligible_at(),
            Some(Verdict::Local | Verdict::Approved(_) | Verdict::Rejected(_)) | None => None,
        }
    }

    /// How it stands, in the one word that documents have.
    pub(crate) const fn standing(&self) -> &'static str {
        match (&self.verdict, self.deleted.is_some()) {
            (None, _) => "undecided",
            (Some(Verdict::Quarantined(_)), false) => "quarantined",
            (Some(Verdict::Approved(_) | Verdict::Local), false) => "approved",
            (Some(Verdict::Rejected(_)), _) | (Some(_), true) => "rejected",
        }
    }
}

impl Team<'_> {
    /// The path of a crate's page.
    pub(crate) fn crate_path(&self, registry: &str, name: &str) -> String {
        format!("{}crate/{name}{}", self.path, self.query(registry))
    }

    /// The path of a release's page.
    pub(crate) fn release_path(&self, registry: &str, id: &PackageId) -> String {
        format!("{}crate/{}/{}{}", self.path, id.name, id.version, self.query(registry))
    }

    /// A team of one registry need not say which one it means.
    fn query(&self, registry: &str) -> String {
        if self.registries.len() > 1 { format!("?registry={registry}") } else { String::new() }
    }
}
