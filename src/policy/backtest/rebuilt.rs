//! Malicious releases, rebuilt as the index had them.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use rustsec::advisory::Versions;
use semver::{Version, VersionReq};
use serde_json::json;

use super::past::{Course, advisories, codes, course, world};
use crate::model::advisory::{Advisory, AdvisoryKind};
use crate::model::backtest::{Incident, IncidentKind, Lived, Outcome};
use crate::model::checksum::Checksum;
use crate::model::facts::{AdvisoryFact, Facts, IndexFact};
use crate::model::history::{History, Standing};
use crate::model::package::{CrateId, Package};
use crate::model::policy::Policy;
use crate::model::signal::Signal;
use crate::model::source::Registry;
use crate::model::verdict::Reason;
use crate::policy::evidence::Evidence;
use crate::policy::judge::Judge;

/// A malicious release as the index had it, before and after its advisory.
pub(super) struct Rebuilt {
    lived: Option<Lived>,
    advised: Option<Timestamp>,
    crate_id: CrateId,
    history: Arc<History>,
    version: Version,
    facts: Facts,
    advisory: Advisory,
}

impl Rebuilt {
    pub(super) fn of(incident: &Incident, packages: &[Package]) -> Self {
        let id = |name: &Arc<str>| CrateId { registry: Registry::CratesIo, name: Arc::clone(name) };
        let published = incident.lived.map_or(Timestamp::UNIX_EPOCH, |lived| lived.published);
        let before = before(incident, published);
        let version = incident.version.clone().unwrap_or_else(|| next(&before));
        let brought: Vec<&Arc<str>> = incident.brings.iter().map(|(name, _)| name).collect();
        let older = before.iter().map(|(version, at)| line(&incident.crate_name, version, *at, &[]));
        let lines: Vec<String> = older.chain([line(&incident.crate_name, &version, published, &brought)]).collect();
        let history =
            |name: &str, lines: &[String]| Arc::new(History::from_lines(name, lines.join("\n"), Standing::Confirmed));
        let own = history(&incident.crate_name, &lines);
        let mut index: BTreeMap<CrateId, IndexFact> = BTreeMap::new();
        for (name, born) in &incident.brings {
            let first = [line(name, &Version::new(0, 1, 0), *born, &[])];
            index.insert(id(name), IndexFact::Read(history(name, &first)));
        }
        index.insert(id(&incident.crate_name), IndexFact::Read(Arc::clone(&own)));
        let others = VersionReq {
            comparators: vec![semver::Comparator {
                op: semver::Op::Less,
                major: version.major,
                minor: Some(version.minor),
                patch: Some(version.patch),
                pre: version.pre.clone(),
            }],
        };
        let advisory = Advisory {
            id: incident.id.clone().unwrap_or_default(),
            crate_name: Arc::clone(&incident.crate_name),
            date: TimeZone::UTC.to_datetime(incident.advised.unwrap_or(published)).date(),
            kind: AdvisoryKind::Malicious,
            title: Box::default(),
            url: None,
            aliases: Vec::new(),
            os: Vec::new(),
            arch: Vec::new(),
            versions: Versions::new(Vec::new(), if before.is_empty() { Vec::new() } else { vec![others] })
                .unwrap_or_default(),
            withdrawn: false,
        };
        Self {
            lived: incident.lived,
            advised: incident.advised,
            crate_id: id(&incident.crate_name),
            history: own,
            version,
            facts: world(packages, index, AdvisoryFact::Skipped),
            advisory,
        }
    }

    /// The signals that it had on its day, whatever the policy makes of them.
    pub(super) fn signals(&self, policy: &Policy) -> Vec<Signal> {
        let Ok(Some(release)) = self.history.outline(&self.version) else { return Vec::new() };
        let published = self.lived.map_or(Timestamp::UNIX_EPOCH, |lived| lived.published);
        Evidence::new(&self.facts, policy, published).signals(&self.crate_id, &self.history, &release)
    }

    pub(super) fn outcome(&self, policy: &Policy) -> Outcome {
        let Some(lived) = self.lived else { return Outcome::Undated };
        let Ok(Some(release)) = self.history.outline(&self.version) else { return Outcome::Undated };
        let known = |at: Timestamp| self.advised.is_some_and(|advised| advised <= at);
        let judged = |at: Timestamp| {
            let facts = Facts {
                advisories: match policy.advisories.db {
                    Some(_) => advisories(known(at).then_some(&self.advisory), at),
                    None => AdvisoryFact::Skipped,
                },
                ..world(&self.facts.packages, self.facts.index.clone(), AdvisoryFact::Skipped)
            };
            (Judge::new(&facts, policy, &[], at).verdict(&self.crate_id, &self.history, &release), None)
        };
        match course(lived.published, lived.removed, judged) {
            Course::Approved { at, held_by, .. } => Outcome::LetIn { at, held_by },
            Course::Held(reasons) => {
                let to_the_end = |reason: &&Reason| reason.eligible_at().is_none_or(|at| at >= lived.removed);
                Outcome::Stopped { by: codes(reasons.iter().filter(to_the_end)) }
            }
        }
    }
}

/// The honest releases before a malicious one. A crate that was taken over was there before, whether or not it is known since when: then it
/// counts as a year old.
fn before(incident: &Incident, published: Timestamp) -> Vec<(Version, Timestamp)> {
    if !incident.before.is_empty() || incident.kind != IncidentKind::Takeover {
        return incident.before.clone();
    }
    let year = SignedDuration::from_hours(24 * 365);
    vec![(Version::new(0, 0, 0), published.checked_sub(year).unwrap_or(Timestamp::MIN))]
}

/// A version above these.
fn next(before: &[(Version, Timestamp)]) -> Version {
    let newest = before.iter().map(|(version, _)| version).max();
    newest.map_or(Version::new(0, 1, 0), |one| Version::new(one.major, one.minor, one.patch.saturating_add(1)))
}

/// A line of the index.
fn line(name: &str, version: &Version, published: Timestamp, brings: &[&Arc<str>]) -> String {
    let dependency = |name: &&Arc<str>| json!({ "name": &***name, "req": "*", "features": [], "optional": false, "default_features": true, "target": null, "kind": "normal" });
    let checksum = Checksum::from_bytes([0; 32]).to_string();
    json!({
        "name": name,
        "vers": version.to_string(),
        "deps": brings.iter().map(dependency).collect::<Vec<_>>(),
        "features": {},
        "cksum": checksum,
        "yanked": false,
        "pubtime": published.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
    })
    .to_string()
}
