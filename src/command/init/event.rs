//! The first event of an audit trail: what the project had locked when it adopted the gate, and what was known of it.

use camino::Utf8Path;
use jiff::Timestamp;
use semver::Version;

use super::draft::Draft;
use crate::cli;
use crate::command::assessment::Assessment;
use crate::gather::git_user::git_user;
use crate::model::checksum::Checksum;
use crate::model::facts::AdvisoryFact;
use crate::model::package::LockedChecksum;
use crate::model::trail::release::ApprovalRecord;
use crate::model::trail::{AdvisoryCopy, Event, Kind, KnownFrom, ReleaseRecord, Tools, Who};
use crate::model::verdict::Verdict;

/// Every release of a registry is in it: its checksum and pubtime can be held against the registry from now on.
pub(super) fn event(
    made: &Assessment,
    draft: &Draft,
    arguments: &cli::Init,
    who: Option<Who>,
    machine: Timestamp,
) -> Option<Event> {
    let sequester: Version = env!("CARGO_PKG_VERSION").parse().ok()?;
    let mut event = Event::new(Kind::Init, made.evaluation.now, Tools { cargo: None, sequester });
    event.advisories = match &made.facts.advisories {
        AdvisoryFact::Read(db) => {
            Some(AdvisoryCopy { commit: db.commit.clone(), source: db.source.clone(), time: db.committed })
        }
        AdvisoryFact::Skipped | AdvisoryFact::Unavailable { .. } => None,
    };
    event.machine_time = arguments.now.map(|_| machine);
    event.policy = Some(digest(&draft.text));
    event.releases = releases(made, draft);
    event.who = who;
    event.without_advisories = arguments.no_advisories;
    Some(event)
}

/// The person named on the command line, or git's user.
pub(super) fn who(by: Option<&str>, root: &Utf8Path) -> Option<Who> {
    match by {
        Some(name) => Some(Who { known_from: KnownFrom::Flag, name: name.to_owned() }),
        None => git_user(root).map(|name| Who { known_from: KnownFrom::Git, name }),
    }
}

fn releases(made: &Assessment, draft: &Draft) -> Vec<ReleaseRecord> {
    let mut releases = Vec::new();
    for (package, judgement) in made.facts.packages.iter().zip(&draft.evaluation.judgements) {
        let Some(crate_id) = package.id.crate_id() else { continue };
        let approval = draft.baseline.approvals.iter().find(|one| {
            one.crate_name == crate_id.name && one.registry == crate_id.registry && one.version == package.id.version
        });
        let of_crate = |one: &&crate::model::policy::Ignore| {
            one.crate_name.as_ref() == Some(&crate_id.name) && judgement.advisories.contains(&one.id)
        };
        let ignores: Vec<_> = draft.baseline.ignores.iter().filter(of_crate).collect();
        let mut record = ReleaseRecord::new(crate_id.clone(), package.id.version.clone());
        record.checksum = match package.checksum {
            LockedChecksum::Known(checksum) => Some(checksum),
            LockedChecksum::Missing | LockedChecksum::Malformed(_) => None,
        };
        record.pubtime = judgement.pubtime;
        if let Some(verdict) = judgement.verdict.as_ref().filter(|verdict| **verdict != Verdict::Local) {
            record = record.with_verdict(verdict);
        }
        if approval.is_some() || !ignores.is_empty() {
            record.approval = Some(ApprovalRecord {
                ignores: ignores.iter().map(|one| one.id.to_string()).collect(),
                lifts: approval.map(|one| one.lifts.clone()).unwrap_or_default(),
                reason: approval.map(|one| &one.reason).or(ignores.first().map(|one| &one.reason)).cloned(),
                until: approval.and_then(|one| one.until).or(ignores.first().map(|one| one.until)),
            });
        }
        releases.push(record);
    }
    releases
}

fn digest(text: &str) -> Checksum {
    use sha2::Digest as _;
    Checksum::from_bytes(sha2::Sha256::digest(text).into())
}
