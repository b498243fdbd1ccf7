//! `/TEAM/api/v1/…`: the same as the pages say, as documents by `docs/team-*-v1.schema.json`.

use std::io::{self, Write};

use serde::Serialize;

use super::{Crate, Overview, Release, Search, Shown, Team};
use crate::model::verdict::Verdict;
use crate::report::audit::json::Db;
use crate::report::json::{self, Object};
#[cfg(test)]
use crate::report::shape;
use crate::report::words::rfc3339;

/// What a document says in `schema`, and the schema's `$id`: a name, not an address.
pub(crate) const HELD_V1: &str = "urn:cargo-sequester:team-held-v1";
pub(crate) const CRATE_V1: &str = "urn:cargo-sequester:team-crate-v1";
pub(crate) const SEARCH_V1: &str = "urn:cargo-sequester:team-search-v1";

/// The document at `/TEAM/api/v1/held`: what a team registry holds of the crates that the team uses. Its field `schema` holds this schema's
/// $id, which is a name and no address. Texts from outside (names, titles, addresses, causes) are raw once read: escape them before showing
/// them. Messages are for people and may change in any release; everything else changes only with the version in the $id.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(title = "what a team registry holds, version 1", extend("$id" = HELD_V1)))]
pub(in crate::report) struct Held<'a> {
    #[cfg_attr(test, schemars(extend("const" = HELD_V1)))]
    schema: &'static str,
    team: TeamTold<'a>,
    /// How many crates were looked at: those that somebody of the team asked this node for, and those of posted lock files.
    crates: usize,
    /// How many of them could not be looked at yet: nothing is said of their releases.
    unread: usize,
    /// What somebody was refused first, then by when time lifts it, then what time does not lift. Of rejected releases only those are
    /// listed that somebody wants or locks, and the newest of its crate.
    releases: Vec<ReleaseTold<'a>>,
    /// How many more there are, which are not listed.
    more: usize,
    projects: Vec<ProjectTold<'a>>,
}

/// The document at `/TEAM/api/v1/crate/NAME` and `/TEAM/api/v1/crate/NAME/VERSION`: what a team registry decided about the releases of one
/// crate, or about one. Its field `schema` holds this schema's $id, which is a name and no address. Texts from outside (names, titles,
/// addresses, causes) are raw once read: escape them before showing them. Messages are for people and may change in any release;
/// everything else changes only with the version in the $id.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(title = "what a team registry decided about a crate, version 1", extend("$id" = CRATE_V1)))]
pub(in crate::report) struct CrateTold<'a> {
    #[cfg_attr(test, schemars(extend("const" = CRATE_V1)))]
    schema: &'static str,
    team: TeamTold<'a>,
    /// The name of the registry in this server's paths.
    registry: &'a str,
    name: &'a str,
    /// When the registry last said what releases there are.
    #[cfg_attr(test, schemars(with = "shape::Time"))]
    checked: String,
    /// Whether the registry is away, and this is its last answer.
    stale: bool,
    /// The newest release that the team may take up; null where there is none.
    #[cfg_attr(test, schemars(with = "Option<shape::Version>"))]
    newest_approved: Option<String>,
    /// Newest version first; exactly one where a version was asked for. Lines of the index that cannot be read are no releases.
    releases: Vec<ReleaseTold<'a>>,
}

/// The document at `/TEAM/api/v1/search?q=WORDS`: crates that are known here and have these words in their names. Its field `schema` holds
/// this schema's $id, which is a name and no address. Names are raw once read: escape them before showing them. Everything changes only
/// with the version in the $id.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(title = "crates that a team registry knows, version 1", extend("$id" = SEARCH_V1)))]
pub(in crate::report) struct SearchTold<'a> {
    #[cfg_attr(test, schemars(extend("const" = SEARCH_V1)))]
    schema: &'static str,
    words: &'a str,
    crates: Vec<HitTold<'a>>,
    /// How many more there are, which are not listed.
    more: usize,
    /// Why not every registry could be asked; null where each was.
    away: Option<&'a str>,
}

/// Whose view it is, and what it was judged by.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct TeamTold<'a> {
    name: &'a str,
    /// The moment that was judged by.
    #[cfg_attr(test, schemars(with = "shape::Time"))]
    now: String,
    /// What was judged by, in words.
    policy: String,
    /// Of the policy's text.
    #[cfg_attr(test, schemars(with = "shape::Sha256"))]
    policy_sha256: String,
    /// What the advisories were read from; null where they were skipped or are not to be had.
    advisory_db: Option<Db<'a>>,
    alarms: Vec<AlarmTold<'a>>,
}

/// Something that somebody should look at.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct AlarmTold<'a> {
    #[cfg_attr(test, schemars(extend("enum" = ALARMS)))]
    kind: &'static str,
    #[cfg_attr(test, schemars(with = "shape::Message"))]
    message: &'a str,
    #[cfg_attr(test, schemars(with = "shape::Time"))]
    first: String,
    #[cfg_attr(test, schemars(with = "shape::Time"))]
    last: String,
    times: u64,
}

/// Every kind of alarm.
pub(crate) const ALARMS: [&str; 12] = [
    "contradiction",
    "deleted",
    "poisoned",
    "wrong-bytes",
    "upstream-away",
    "store-away",
    "policy-refused",
    "not-looked-into",
    "policy-loosened",
    "advisories-forgotten",
    "advisories",
    "clock",
];

/// One release, and everything that is known of it here.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct ReleaseTold<'a> {
    /// The package-id spec that `cargo pkgid` prints.
    #[cfg_attr(test, schemars(with = "shape::PackageId"))]
    id: String,
    /// The name of its registry in this server's paths.
    registry: &'a str,
    name: &'a str,
    #[cfg_attr(test, schemars(with = "shape::Version"))]
    version: String,
    #[cfg_attr(test, schemars(with = "shape::Sha256"))]
    sha256: String,
    /// When it was published; null where the index does not say, or not readably.
    #[cfg_attr(test, schemars(with = "Option<shape::Time>"))]
    pubtime: Option<String>,
    /// Whether its own registry says so; a release that is held is shown to cargo as yanked all the same.
    yanked: bool,
    /// `undecided` where there are no advisories to decide by.
    #[cfg_attr(test, schemars(extend("enum" = ["approved", "quarantined", "rejected", "undecided"])))]
    verdict: &'static str,
    /// What stands against it; empty for what is approved or undecided.
    #[cfg_attr(test, schemars(with = "Vec<shape::Reason>"))]
    reasons: Vec<Object>,
    /// What it stands on; null for what is not approved.
    #[cfg_attr(test, schemars(with = "Option<shape::Basis>"))]
    basis: Option<Object>,
    /// When time has lifted every reason; null where it does not, or there is none.
    #[cfg_attr(test, schemars(with = "Option<shape::Time>"))]
    eligible_at: Option<String>,
    /// What cargo sees of it.
    #[cfg_attr(test, schemars(extend("enum" = ["as-it-is", "as-yanked", "left-out"])))]
    shown: &'static str,
    /// Whether its bytes are given to the team.
    served: bool,
    /// When its registry was found to have it no more; null where it has it.
    #[cfg_attr(test, schemars(with = "Option<shape::Time>"))]
    deleted_at: Option<String>,
    /// When it was first seen here.
    #[cfg_attr(test, schemars(with = "Option<shape::Time>"))]
    first_seen: Option<String>,
    /// The newest release of its crate that the team may take up; null where there is none.
    #[cfg_attr(test, schemars(with = "Option<shape::Version>"))]
    newest_approved: Option<String>,
    /// That somebody wanted its bytes and was refused, since this node began; null where nobody was.
    wanted: Option<WantedTold<'a>>,
    /// The projects whose posted lock files have it.
    locked_by: Vec<LockerTold<'a>>,
    /// The path of its page.
    page: String,
}

/// That somebody was refused.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct WantedTold<'a> {
    times: u64,
    #[cfg_attr(test, schemars(with = "shape::Time"))]
    first: String,
    #[cfg_attr(test, schemars(with = "shape::Time"))]
    last: String,
    /// The name of the token that asked first; null where the team has none.
    first_by: Option<&'a str>,
}

/// A project that locks a release.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct LockerTold<'a> {
    project: &'a str,
    /// When its lock file came.
    #[cfg_attr(test, schemars(with = "shape::Time"))]
    at: String,
    /// The name of the token that it came with; null where the team has none.
    by: Option<&'a str>,
    /// Whether the release was not approved when it came, so that nobody gets it for being locked there.
    refused: bool,
}

/// A posted lock file.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct ProjectTold<'a> {
    project: &'a str,
    #[cfg_attr(test, schemars(with = "shape::Time"))]
    at: String,
    /// The name of the token that it came with; null where the team has none.
    by: Option<&'a str>,
    packages: usize,
    /// How many of them were not approved when they came.
    refused: usize,
}

/// A crate that was found.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct HitTold<'a> {
    /// The name of its registry in this server's paths.
    registry: &'a str,
    name: &'a str,
    releases: usize,
    /// How many of them are quarantined or rejected.
    held: usize,
    #[cfg_attr(test, schemars(with = "Option<shape::Version>"))]
    newest_approved: Option<String>,
}

/// `held`.
pub(crate) fn held(overview: &Overview<'_>, out: &mut impl Write) -> io::Result<()> {
    let document = Held {
        schema: HELD_V1,
        team: told(&overview.team),
        crates: overview.crates,
        unread: overview.unread,
        releases: overview.releases.iter().map(|one| release(one, &overview.team)).collect(),
        more: overview.more,
        projects: overview
            .projects
            .iter()
            .map(|project| ProjectTold {
                project: &project.name,
                at: rfc3339(project.at),
                by: project.by.as_deref(),
                packages: project.packages,
                refused: project.refused,
            })
            .collect(),
    };
    json::write(&document, out)
}

/// `crate/NAME`, and `crate/NAME/VERSION` where `page` has one release.
pub(crate) fn of_crate(page: &Crate<'_>, out: &mut impl Write) -> io::Result<()> {
    let document = CrateTold {
        schema: CRATE_V1,
        team: told(&page.team),
        registry: page.registry,
        name: page.name,
        checked: rfc3339(page.checked),
        stale: page.stale,
        newest_approved: page.newest_approved.map(ToString::to_string),
        releases: page.releases.iter().map(|one| release(one, &page.team)).collect(),
    };
    json::write(&document, out)
}

/// `search`.
pub(crate) fn search(search: &Search<'_>, out: &mut impl Write) -> io::Result<()> {
    let crates = search.hits.iter().map(|hit| HitTold {
        registry: &hit.registry,
        name: &hit.name,
        releases: hit.releases,
        held: hit.held,
        newest_approved: hit.newest_approved.as_ref().map(ToString::to_string),
    });
    let document = SearchTold {
        schema: SEARCH_V1,
        words: search.words,
        crates: crates.collect(),
        more: search.more,
        away: search.away,
    };
    json::write(&document, out)
}

fn told<'a>(team: &Team<'a>) -> TeamTold<'a> {
    let alarms = team.alarms.iter().map(|alarm| AlarmTold {
        kind: alarm.kind,
        message: &alarm.words,
        first: rfc3339(alarm.first),
        last: rfc3339(alarm.last),
        times: alarm.times,
    });
    TeamTold {
        name: team.name,
        now: rfc3339(team.context.now),
        policy: team.context.judged_by.sentence(),
        policy_sha256: team.policy.to_string(),
        advisory_db: Db::of(team.context.advisories),
        alarms: alarms.collect(),
    }
}

fn release<'a>(one: &'a Release, team: &Team<'_>) -> ReleaseTold<'a> {
    let (id, context) = (&one.id, &team.context);
    let basis = match &one.verdict {
        Some(Verdict::Approved(basis)) => Some(json::basis(basis)),
        None | Some(Verdict::Local | Verdict::Quarantined(_) | Verdict::Rejected(_)) => None,
    };
    ReleaseTold {
        id: id.to_string(),
        registry: &one.registry,
        name: &id.name,
        version: id.version.to_string(),
        sha256: one.checksum.to_string(),
        pubtime: one.pubtime.map(rfc3339),
        yanked: one.yanked,
        verdict: one.standing(),
        reasons: one.reasons().into_iter().flatten().map(|reason| json::reason(reason, id, context)).collect(),
        basis,
        eligible_at: one.eligible_at().map(rfc3339),
        shown: match one.shown {
            Shown::AsItIs => "as-it-is",
            Shown::AsYanked => "as-yanked",
            Shown::LeftOut => "left-out",
        },
        served: one.served,
        deleted_at: one.deleted.map(rfc3339),
        first_seen: one.first_seen.map(rfc3339),
        newest_approved: one.newest_approved.as_ref().map(ToString::to_string),
        wanted: one.asked.as_ref().map(|asked| WantedTold {
            times: asked.times,
            first: rfc3339(asked.first),
            last: rfc3339(asked.last),
            first_by: asked.by.as_deref(),
        }),
        locked_by: one
            .locked_by
            .iter()
            .map(|locker| LockerTold {
                project: &locker.project,
                at: rfc3339(locker.at),
                by: locker.by.as_deref(),
                refused: locker.refused,
            })
            .collect(),
        page: team.release_path(&one.registry, id),
    }
}
