//! What advisories mean for a release, and whether they are today's.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use semver::Version;

use super::publish_age::CLOCK_TOLERANCE;
use crate::model::advisory::{Advisory, AdvisoryDb, AdvisoryKind, UnreadableAdvisory};
use crate::model::age::Age;
use crate::model::crate_name::is_same;
use crate::model::evaluation::Blocker;
use crate::model::facts::AdvisoryFact;
use crate::model::package::CrateId;
use crate::model::policy::{AdvisoryPolicy, Ignore, Level};
use crate::model::source::Registry;
use crate::model::verdict::{Reason, Warning};

/// What one advisory does to a release that it hits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// It stands against the release.
    Rejects(Reason),
    /// It is worth a word.
    Warns(Warning),
    /// The policy does not want to hear of it.
    Nothing,
}

/// The advisories that count and that hit this release. RustSec speaks of crates.io's crates only: the same name in another registry
/// is another crate.
pub(crate) fn hits<'a>(
    fact: &'a AdvisoryFact,
    crate_id: &CrateId,
    version: &'a Version,
) -> impl Iterator<Item = &'a Advisory> + use<'a> {
    about(fact, crate_id).iter().filter(|advisory| advisory.versions.is_vulnerable(version) && !advisory.withdrawn)
}

/// Every advisory about a crate, whatever it hits.
#[must_use]
pub(crate) fn about<'a>(fact: &'a AdvisoryFact, crate_id: &CrateId) -> &'a [Advisory] {
    match fact {
        AdvisoryFact::Read(db) if crate_id.registry == Registry::CratesIo => {
            db.by_crate.get(&crate_id.name).map_or(&[], Vec::as_slice)
        }
        AdvisoryFact::Read(_) | AdvisoryFact::Skipped | AdvisoryFact::Unavailable { .. } => &[],
    }
}

/// The advisory files about a crate that could not be read.
#[must_use]
pub(crate) fn unreadable<'a>(fact: &'a AdvisoryFact, crate_id: &CrateId) -> Vec<&'a UnreadableAdvisory> {
    match fact {
        AdvisoryFact::Read(db) if crate_id.registry == Registry::CratesIo => {
            db.unreadable.iter().filter(|file| is_same(&file.crate_name, &crate_id.name)).collect()
        }
        AdvisoryFact::Read(_) | AdvisoryFact::Skipped | AdvisoryFact::Unavailable { .. } => Vec::new(),
    }
}

/// What comes of a file that could not be read: it may hit every release of its crate, until a person has it ignored.
#[must_use]
pub(crate) fn unreadable_effect(policy: &AdvisoryPolicy, file: &UnreadableAdvisory, today: Date) -> Effect {
    let named = |id: &Arc<str>| {
        let ignored = policy.ignore.iter().filter(|ignore| names_file(ignore, &file.crate_name, id));
        let until = ignored.map(|ignore| ignore.until).filter(|until| *until >= today).max()?;
        Some(Warning::Ignored { advisory: Arc::clone(id), until })
    };
    match file.ignorable.as_ref().and_then(named) {
        Some(warning) => Effect::Warns(warning),
        None => Effect::Rejects(Reason::AdvisoryUnreadable {
            advisory: file.ignorable.clone(),
            file: file.file.clone(),
            cause: file.cause.clone(),
        }),
    }
}

/// What the policy makes of an advisory that hits a release.
#[must_use]
pub(crate) fn effect(policy: &AdvisoryPolicy, advisory: &Advisory, today: Date) -> Effect {
    let id = Arc::clone(&advisory.id);
    let level = match advisory.kind {
        AdvisoryKind::Malicious => return Effect::Rejects(Reason::Malicious { advisory: id }),
        AdvisoryKind::Vulnerability => Level::Reject,
        AdvisoryKind::Unsound => policy.unsound,
        AdvisoryKind::Unmaintained => policy.unmaintained,
        AdvisoryKind::Notice => policy.notice,
    };
    let ignored = policy.ignore.iter().filter(|ignore| names(ignore, advisory) && ignore.until >= today);
    match (level, ignored.map(|ignore| ignore.until).max()) {
        (Level::Allow, _) => Effect::Nothing,
        (_, Some(until)) => Effect::Warns(Warning::Ignored { advisory: id, until }),
        (Level::Warn, None) => Effect::Warns(Warning::Advisory { advisory: id, kind: advisory.kind }),
        (Level::Reject, None) => Effect::Rejects(Reason::Advisory { advisory: id, kind: advisory.kind }),
    }
}

/// Whether an ignore is about this advisory, by RustSec's id or by the one of another database (CVE, GHSA).
#[must_use]
pub(crate) fn names(ignore: &Ignore, advisory: &Advisory) -> bool {
    let mut ids = advisory.aliases.iter().map(|alias| &**alias).chain([&*advisory.id]);
    ids.any(|id| ignore.id.eq_ignore_ascii_case(id))
        && ignore.crate_name.as_ref().is_none_or(|name| name.names(&advisory.crate_name))
}

/// Whether an ignore is about an advisory of which only the file's name is known.
#[must_use]
pub(crate) fn names_file(ignore: &Ignore, crate_name: &str, id: &str) -> bool {
    ignore.id.eq_ignore_ascii_case(id) && ignore.crate_name.as_ref().is_none_or(|name| name.names(crate_name))
}

/// Whether an ignore is about the advisory of this id that was found about a crate.
#[must_use]
pub(crate) fn is_ignored_by(fact: &AdvisoryFact, ignore: &Ignore, crate_name: &Arc<str>, id: &str) -> bool {
    let namesake = CrateId { registry: Registry::CratesIo, name: Arc::clone(crate_name) };
    let known = about(fact, &namesake).iter().find(|known| *known.id == *id);
    known.map_or_else(|| names_file(ignore, crate_name, id), |known| names(ignore, known))
}

/// What stands in the way of judging by these advisories at all.
#[must_use]
pub(crate) fn blockers(policy: &AdvisoryPolicy, fact: &AdvisoryFact, now: Timestamp) -> Vec<Blocker> {
    let db = match fact {
        AdvisoryFact::Skipped => return Vec::new(),
        AdvisoryFact::Unavailable { source, cause } => {
            return vec![Blocker::AdvisoriesUnavailable { source: source.clone(), cause: cause.clone() }];
        }
        AdvisoryFact::Read(db) => db,
    };
    let source = db.copy.as_ref().unwrap_or(&db.source);
    let mut blockers = Vec::new();
    if let Some(seen) = &db.rolled_back_from {
        let (source, commit, seen) = (source.clone(), db.commit.clone(), seen.clone());
        blockers.push(Blocker::AdvisoriesRolledBack { source, commit, seen });
    }
    let (since, limit) = freshness(policy, db, now);
    if since.is_none_or(|since| limit.after(since) < now) {
        let confirmed = confirmed(db, now).is_some();
        blockers.push(Blocker::AdvisoriesStale { source: source.clone(), since, limit, confirmed });
    }
    blockers
}

/// A confirmation from the future was made by a wrong clock; believing it would keep the copy fresh until then.
#[must_use]
pub(crate) fn confirmed(db: &AdvisoryDb, now: Timestamp) -> Option<Timestamp> {
    db.confirmed.filter(|confirmed| *confirmed <= CLOCK_TOLERANCE.after(now))
}

/// Since when, and for how long, a copy is fresh.
fn freshness(policy: &AdvisoryPolicy, db: &AdvisoryDb, now: Timestamp) -> (Option<Timestamp>, Age) {
    match confirmed(db, now) {
        Some(confirmed) => (Some(confirmed), policy.max_age),
        None => (state_of(db), policy.max_copy_age),
    }
}

/// The last moment at which these advisories are fresh; `None` where none are wanted, the beginning of time where there are none.
#[must_use]
pub(crate) fn fresh_until(policy: &AdvisoryPolicy, fact: &AdvisoryFact, now: Timestamp) -> Option<Timestamp> {
    match fact {
        AdvisoryFact::Skipped => None,
        AdvisoryFact::Unavailable { .. } => Some(Timestamp::MIN),
        AdvisoryFact::Read(db) => {
            let (since, limit) = freshness(policy, db, now);
            Some(since.map_or(Timestamp::MIN, |since| limit.after(since)))
        }
    }
}

/// The moment whose knowledge a copy certainly holds: its commit's time, or the first second of its newest advisory's day.
#[must_use]
pub(crate) fn state_of(db: &AdvisoryDb) -> Option<Timestamp> {
    db.committed.or_else(|| Some(db.newest?.to_zoned(TimeZone::UTC).ok()?.timestamp()))
}
