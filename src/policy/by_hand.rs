//! A world by hand for the unit tests of the rules: an index, a lock file, advisories and a trail, all around one moment.
#![expect(clippy::unwrap_used, reason = "a test fails by it")]

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use rustsec::advisory::Versions;
use semver::Version;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::judge::Judge;
use crate::model::advisory::{Advisory, AdvisoryDb, AdvisoryKind};
use crate::model::approval::Approval;
use crate::model::checksum::Checksum;
use crate::model::evaluation::Judgement;
use crate::model::facts::{AdvisoryFact, Facts, IndexFact, OldLock, Surroundings, TrailFact};
use crate::model::finding::Inspections;
use crate::model::history::{History, Standing};
use crate::model::index_line::{DependencyKind, Requirement};
use crate::model::license::Licenses;
use crate::model::lock_proof::LockFact;
use crate::model::package::{CrateId, LocalPackage, LockedChecksum, Package, PackageId};
use crate::model::policy::Policy;
use crate::model::source::{Registry, Source};
use crate::model::trail::{Event, EventId, Kind, ReleaseRecord, Tools, Trail};
use crate::model::verdict::Verdict;

/// The moment of these tests.
pub(super) fn now() -> Timestamp {
    "2026-11-22T00:00:00Z".parse().unwrap()
}

pub(super) fn days_ago(days: i64) -> Timestamp {
    now() - SignedDuration::from_hours(24 * days)
}

pub(super) fn version(text: &str) -> Version {
    text.parse().unwrap()
}

/// The bytes that these tests take something to have.
pub(super) fn checksum(of: &str) -> Checksum {
    Checksum::from_bytes(Sha256::digest(of).into())
}

pub(super) fn crates_io(name: &str) -> CrateId {
    CrateId { registry: Registry::CratesIo, name: name.into() }
}

pub(super) fn elsewhere(name: &str) -> CrateId {
    CrateId { registry: Registry::parse("sparse+https://crates.example.org/index/").unwrap(), name: name.into() }
}

/// A line of an index, with what the release asks for.
pub(super) fn line(name: &str, number: &str, published: Timestamp, asks: &[(&str, &str)]) -> Value {
    let asked = |(name, req): &(&str, &str)| {
        json!({ "name": name, "req": req, "features": [], "optional": false, "default_features": true,
            "target": null, "kind": "normal" })
    };
    json!({ "name": name, "vers": number, "deps": asks.iter().map(asked).collect::<Vec<_>>(), "features": {},
        "cksum": checksum(&format!("{name}@{number}")).to_string(), "yanked": false, "pubtime": published.to_string() })
}

pub(super) fn requirement(name: &str, req: &str) -> Requirement {
    Requirement {
        name: name.into(),
        renamed: None,
        req: req.parse().unwrap(),
        registry: None,
        kind: DependencyKind::Normal,
        optional: false,
        features: Vec::new(),
        default_features: true,
        target: None,
    }
}

/// A package as a lock file has it; `app` is the workspace's only member.
pub(super) fn package(name: &str, number: &str) -> Package {
    let is_own = name == "app";
    let local = || LocalPackage {
        root: "/app".into(),
        member: true,
        inside_workspace: true,
        other_repository: false,
        source_elsewhere: None,
        requirements: Vec::new(),
        written: Vec::new(),
        rust_version: None,
    };
    Package {
        id: PackageId {
            name: name.into(),
            version: version(number),
            source: if is_own { Source::Local } else { Source::Registry(Registry::CratesIo) },
        },
        checksum: if is_own {
            LockedChecksum::Missing
        } else {
            LockedChecksum::Known(checksum(&format!("{name}@{number}")))
        },
        dependencies: Vec::new(),
        local: is_own.then(local),
    }
}

/// What was decided about a package, and nothing beside it.
pub(super) fn judgement(id: PackageId, verdict: Option<Verdict>) -> Judgement {
    Judgement {
        id,
        verdict,
        warnings: Vec::new(),
        advisories: Vec::new(),
        pubtime: None,
        yanked: None,
        path: Vec::new(),
        newest_approved: None,
        if_edited: None,
        detour: None,
        fixes: Vec::new(),
    }
}

/// A vulnerability of the day before, which these releases have no more.
pub(super) fn vulnerability(name: &str, patched: &[&str]) -> Advisory {
    let patched = patched.iter().map(|text| text.parse().unwrap()).collect();
    Advisory {
        id: "RUSTSEC-2026-9001".into(),
        crate_name: name.into(),
        date: "2026-11-21".parse().unwrap(),
        kind: AdvisoryKind::Vulnerability,
        title: Box::default(),
        url: None,
        aliases: Vec::new(),
        os: Vec::new(),
        arch: Vec::new(),
        versions: Versions::new(patched, Vec::new()).unwrap(),
        withdrawn: false,
    }
}

/// An event without parents.
pub(super) fn event(kind: Kind, at: Timestamp, releases: Vec<ReleaseRecord>) -> Event {
    let tools = Tools { cargo: None, sequester: Version::new(0, 1, 0) };
    Event { releases, ..Event::new(kind, at, tools) }
}

/// A trail of these events.
pub(super) fn trail(events: Vec<Event>) -> Trail {
    let events = events.into_iter().map(|event| (EventId::of(&event.to_bytes().unwrap()), event));
    Trail { events: events.collect(), ..Trail::default() }
}

/// The facts and the rules of one decision. `app` is locked first and alone.
pub(super) struct World {
    pub(super) facts: Facts,
    pub(super) policy: Policy,
    pub(super) approvals: Vec<Approval>,
    lines: BTreeMap<CrateId, Vec<String>>,
}

impl World {
    pub(super) fn new() -> Self {
        let database = AdvisoryDb {
            source: String::new(),
            copy: None,
            commit: None,
            committed: Some(now()),
            newest: None,
            confirmed: Some(now()),
            rolled_back_from: None,
            forgotten: Vec::new(),
            total: 0,
            by_crate: BTreeMap::new(),
            unreadable: Vec::new(),
        };
        let facts = Facts {
            surroundings: Surroundings::default(),
            packages: vec![package("app", "0.1.0")],
            index: BTreeMap::new(),
            publications: BTreeMap::new(),
            advisories: AdvisoryFact::Read(database),
            registry_clock: None,
            refused_mirrors: Vec::new(),
            base: None,
            old_lock: OldLock::Judged,
            trail: TrailFact::default(),
            licenses: Licenses::default(),
            inspections: Inspections::default(),
            lock: LockFact::NotChecked,
            notices: Vec::new(),
        };
        Self { facts, policy: Policy::default(), approvals: Vec::new(), lines: BTreeMap::new() }
    }

    /// A release of crates.io that asks for nothing.
    pub(super) fn publish(self, name: &str, number: &str, days_old: i64) -> Self {
        self.publish_line(&line(name, number, days_ago(days_old), &[]))
    }

    pub(super) fn publish_line(mut self, line: &Value) -> Self {
        let id = crates_io(line["name"].as_str().unwrap());
        let lines = self.lines.entry(id.clone()).or_default();
        lines.push(line.to_string());
        let history = History::from_lines(&id.name, lines.join("\n"), Standing::Confirmed);
        self.facts.index.insert(id, IndexFact::Read(Arc::new(history)));
        self
    }

    /// Locks a release of crates.io on which these depend, which are locked already.
    pub(super) fn lock(mut self, name: &str, number: &str, by: &[&str]) -> Self {
        let at = self.facts.packages.len();
        self.facts.packages.push(package(name, number));
        for dependent in by {
            let dependent = self.at(dependent);
            self.facts.packages[dependent].dependencies.push(at);
        }
        self
    }

    /// What `app`'s manifest asks for.
    pub(super) fn ask(mut self, name: &str, req: &str) -> Self {
        self.facts.packages[0].local.as_mut().unwrap().requirements.push(requirement(name, req));
        self
    }

    pub(super) fn advise(mut self, advisory: Advisory) -> Self {
        let AdvisoryFact::Read(database) = &mut self.facts.advisories else { panic!("there is a database") };
        database.by_crate.entry(Arc::clone(&advisory.crate_name)).or_default().push(advisory);
        self
    }

    pub(super) fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    /// Where a package stands in the lock file.
    pub(super) fn at(&self, name: &str) -> usize {
        self.facts.packages.iter().position(|one| *one.id.name == *name).unwrap()
    }

    pub(super) fn judge(&self) -> Judge<'_> {
        Judge::new(&self.facts, &self.policy, &self.approvals, now())
    }
}
