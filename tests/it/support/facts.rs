//! Facts for the decision, built by hand: index lines, a lock file's packages, advisories, all around one moment.

use std::collections::BTreeMap;
use std::sync::Arc;

use cargo_sequester::door::model::advisory::{Advisory, AdvisoryDb, AdvisoryKind};
use cargo_sequester::door::model::age::Age;
use cargo_sequester::door::model::approval::Approval;
use cargo_sequester::door::model::checksum::Checksum;
use cargo_sequester::door::model::evaluation::{Evaluation, Judgement};
use cargo_sequester::door::model::facts::{AdvisoryFact, Facts, IndexFact, OldLock, Surroundings, TrailFact};
use cargo_sequester::door::model::finding::{Alarm, Inspections};
use cargo_sequester::door::model::history::{History, Standing};
use cargo_sequester::door::model::index_line::{DependencyKind, Requirement};
use cargo_sequester::door::model::license::Licenses;
use cargo_sequester::door::model::lock_proof::LockFact;
use cargo_sequester::door::model::package::{CrateId, LocalPackage, LockedChecksum, Package, PackageId};
use cargo_sequester::door::model::policy::Policy;
use cargo_sequester::door::model::publication::PublicationFact;
use cargo_sequester::door::model::source::{Registry, Source};
use cargo_sequester::door::model::verdict::{Basis, FixRole, ReasonCode, Verdict};
use cargo_sequester::door::policy::evaluate;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use rustsec::advisory::Versions;
use semver::Version;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// The moment that these tests judge at.
pub fn now() -> Timestamp {
    at("2026-11-22T00:00:00Z")
}

pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub fn date(text: &str) -> Date {
    text.parse().unwrap()
}

pub fn hours_ago(hours: i64) -> Timestamp {
    now().checked_sub(SignedDuration::from_hours(hours)).unwrap()
}

pub fn days_ago(days: i64) -> Timestamp {
    hours_ago(24 * days)
}

pub fn age(text: &str) -> Age {
    text.parse().unwrap()
}

pub fn version(text: &str) -> Version {
    text.parse().unwrap()
}

/// The bytes that these tests take a release to have.
pub fn checksum(name: &str, version: &str) -> Checksum {
    Checksum::from_bytes(Sha256::digest(format!("{name}@{version}")).into())
}

pub fn crates_io(name: &str) -> CrateId {
    CrateId { registry: Registry::CratesIo, name: name.into() }
}

pub fn other_registry() -> Registry {
    Registry::parse("sparse+https://crates.example.org/index/").unwrap()
}

/// An index line: a release published a year ago unless it says otherwise.
#[derive(Clone, Debug)]
pub struct Line {
    pub name: String,
    pub version: String,
    pub pubtime: Option<String>,
    pub yanked: bool,
    pub dependencies: Vec<Value>,
    pub features: Value,
    pub links: Option<String>,
}

impl Line {
    pub fn new(name: &str, version: &str) -> Self {
        Self {
            name: name.into(),
            version: version.into(),
            pubtime: Some(days_ago(365).to_string()),
            yanked: false,
            dependencies: Vec::new(),
            features: json!({}),
            links: None,
        }
    }

    pub fn at(mut self, moment: Timestamp) -> Self {
        self.pubtime = Some(moment.to_string());
        self
    }

    pub fn days_old(self, days: i64) -> Self {
        self.at(days_ago(days))
    }

    pub fn pubtime(mut self, text: Option<&str>) -> Self {
        self.pubtime = text.map(Into::into);
        self
    }

    pub fn yanked(mut self) -> Self {
        self.yanked = true;
        self
    }

    pub fn dep(self, name: &str, req: &str) -> Self {
        self.dep_of_kind(name, req, "normal")
    }

    pub fn dep_of_kind(mut self, name: &str, req: &str, kind: &str) -> Self {
        self.dependencies.push(json!({ "name": name, "req": req, "features": [], "optional": false,
            "default_features": true, "target": null, "kind": kind }));
        self
    }

    /// The last dependency, changed.
    pub fn but(mut self, change: impl FnOnce(&mut Value)) -> Self {
        change(self.dependencies.last_mut().unwrap());
        self
    }

    pub fn features(mut self, features: Value) -> Self {
        self.features = features;
        self
    }

    pub fn links(mut self, library: &str) -> Self {
        self.links = Some(library.into());
        self
    }

    pub fn text(&self) -> String {
        let mut line = json!({ "name": self.name, "vers": self.version, "deps": self.dependencies, "features": self.features, "links": self.links,
            "cksum": checksum(&self.name, &self.version).to_string(), "yanked": self.yanked });
        if let Some(pubtime) = &self.pubtime {
            line["pubtime"] = json!(pubtime);
        }
        line.to_string()
    }
}

/// A lock file with one workspace member, `app`, in its first place, and the world around it.
#[derive(Clone, Debug)]
pub struct World {
    pub lines: BTreeMap<CrateId, Vec<String>>,
    pub standing: Standing,
    pub packages: Vec<Package>,
    pub db: Option<AdvisoryDb>,
    pub publications: BTreeMap<CrateId, PublicationFact>,
    pub registry_clock: Option<Timestamp>,
    pub base: Option<Vec<(PackageId, Option<Checksum>)>>,
    /// When the base was committed.
    pub base_committed: Option<Timestamp>,
    pub ground: OldLock,
    pub trail: TrailFact,
    pub licenses: Licenses,
    pub inspections: Inspections,
    pub policy: Policy,
    pub approvals: Vec<Approval>,
}

impl World {
    pub fn new() -> Self {
        let app = Package {
            id: PackageId { name: "app".into(), version: Version::new(0, 1, 0), source: Source::Local },
            checksum: LockedChecksum::Missing,
            dependencies: Vec::new(),
            local: Some(LocalPackage {
                root: "/app".into(),
                member: true,
                inside_workspace: true,
                other_repository: false,
                source_elsewhere: None,
                requirements: Vec::new(),
                written: Vec::new(),
                rust_version: None,
            }),
        };
        Self {
            lines: BTreeMap::new(),
            standing: Standing::Confirmed,
            packages: vec![app],
            db: Some(database()),
            publications: BTreeMap::new(),
            registry_clock: None,
            base: None,
            base_committed: None,
            ground: OldLock::Judged,
            trail: TrailFact::default(),
            licenses: Licenses::default(),
            inspections: Inspections::default(),
            policy: Policy::default(),
            approvals: Vec::new(),
        }
    }

    pub fn publish(self, line: Line) -> Self {
        self.publish_in(Registry::CratesIo, line)
    }

    pub fn publish_in(mut self, registry: Registry, line: Line) -> Self {
        let text = line.text();
        let crate_id = CrateId { registry, name: line.name.into() };
        self.lines.entry(crate_id).or_default().push(text);
        self
    }

    /// Locks a release of crates.io that `app` depends on.
    pub fn lock(self, name: &str, version: &str) -> Self {
        self.lock_in(Registry::CratesIo, name, version)
    }

    pub fn lock_in(self, registry: Registry, name: &str, version: &str) -> Self {
        let source = Source::Registry(registry);
        self.lock_source(name, version, source).edge("app", name)
    }

    /// Locks a package that nothing depends on yet.
    pub fn lock_source(mut self, name: &str, version: &str, source: Source) -> Self {
        self.packages.push(Package {
            id: PackageId { name: name.into(), version: version.parse().unwrap(), source },
            checksum: LockedChecksum::Known(checksum(name, version)),
            dependencies: Vec::new(),
            local: None,
        });
        self
    }

    /// Locks a release that only another locked package depends on.
    pub fn lock_below(self, parent: &str, name: &str, version: &str) -> Self {
        self.lock_source(name, version, Source::Registry(Registry::CratesIo)).edge(parent, name)
    }

    pub fn edge(mut self, parent: &str, child: &str) -> Self {
        let (parent, child) = (self.position(parent), self.position(child));
        self.packages[parent].dependencies.push(child);
        self
    }

    /// What `app`'s manifest asks for.
    pub fn require(mut self, name: &str, req: &str) -> Self {
        self.packages[0].local.as_mut().unwrap().requirements.push(Requirement {
            name: name.into(),
            renamed: None,
            req: req.parse().unwrap(),
            registry: None,
            kind: DependencyKind::Normal,
            optional: false,
            features: Vec::new(),
            default_features: true,
            target: None,
        });
        self
    }

    pub fn position(&self, name: &str) -> usize {
        self.packages.iter().rposition(|package| *package.id.name == *name).unwrap()
    }

    pub fn advise(mut self, advisory: Advisory) -> Self {
        let db = self.db.as_mut().unwrap();
        db.by_crate.entry(Arc::clone(&advisory.crate_name)).or_default().push(advisory);
        self
    }

    /// Judges what differs from another world's lock file, which is the base.
    pub fn after(mut self, base: &Self) -> Self {
        self.ground = OldLock::Base(base.packages.clone());
        let locked = base.packages.iter().filter_map(|package| match package.checksum {
            LockedChecksum::Known(checksum) => Some((package.id.clone(), Some(checksum))),
            LockedChecksum::Missing | LockedChecksum::Malformed(_) => None,
        });
        self.base = Some(locked.collect());
        self
    }

    /// What was seen inside the archive that these tests take a release to have.
    pub fn inspected(mut self, name: &str, number: &str, alarm: Option<Alarm>) -> Self {
        self.inspections.learn(crates_io(name), version(number), checksum(name, number), alarm);
        self
    }

    pub fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    pub fn facts(&self) -> Facts {
        let index = self.lines.iter().map(|(id, lines)| {
            let history = History::from_lines(&id.name, lines.join("\n").into_bytes(), self.standing);
            (id.clone(), IndexFact::Read(Arc::new(history)))
        });
        Facts {
            surroundings: Surroundings { base_committed: self.base_committed, ..Surroundings::default() },
            packages: self.packages.clone(),
            index: index.collect(),
            advisories: self.db.clone().map_or(AdvisoryFact::Skipped, AdvisoryFact::Read),
            publications: self.publications.clone(),
            registry_clock: self.registry_clock,
            refused_mirrors: Vec::new(),
            base: self.base.clone().map(|base| base.into_iter().collect()),
            old_lock: self.ground.clone(),
            licenses: self.licenses.clone(),
            inspections: self.inspections.clone(),
            lock: LockFact::NotChecked,
            trail: self.trail.clone(),
            notices: Vec::new(),
        }
    }

    pub fn evaluate_at(&self, now: Timestamp) -> Evaluation {
        evaluate(&self.facts(), &self.policy, &self.approvals, now)
    }

    pub fn evaluate(&self) -> Evaluation {
        self.evaluate_at(now())
    }

    /// What became of a package, in short: see [`short`].
    pub fn outcome(&self, name: &str) -> String {
        self.outcome_at(name, now())
    }

    pub fn outcome_at(&self, name: &str, now: Timestamp) -> String {
        short(&self.evaluate_at(now).judgements[self.position(name)])
    }

    pub fn judgement(&self, name: &str) -> Judgement {
        self.judgement_at(name, now())
    }

    pub fn judgement_at(&self, name: &str, now: Timestamp) -> Judgement {
        self.evaluate_at(now).judgements.swap_remove(self.position(name))
    }

    /// The newest approved release of a package's crate.
    pub fn newest(&self, name: &str) -> Option<String> {
        self.judgement(name).newest_approved.map(|version| version.to_string())
    }
}

/// `approved aged`, `quarantined too-new signal`, `rejected yanked`.
pub fn short(judgement: &Judgement) -> String {
    let (word, reasons) = match judgement.verdict.as_ref() {
        None => return "not-judged".into(),
        Some(Verdict::Local) => return "local".into(),
        Some(Verdict::Approved(basis)) => {
            let basis = match basis {
                Basis::Aged => "aged".to_owned(),
                Basis::TrustedRegistry => "trusted".to_owned(),
                Basis::AllowedSource => "allowed-source".to_owned(),
                Basis::SecurityFix { fix, .. } => match fix {
                    FixRole::Named => "fix".to_owned(),
                    FixRole::Companion { of, version } => format!("companion of {of} {version}"),
                    FixRole::Dependent { of, version } => format!("dependent of {of} {version}"),
                },
                Basis::Approval { given } => {
                    let lines: Vec<_> = given.iter().map(|one| one.line.to_string()).collect();
                    format!("by line {}", lines.join(" and "))
                }
            };
            return format!("approved {basis}");
        }
        Some(Verdict::Quarantined(reasons)) => ("quarantined", reasons),
        Some(Verdict::Rejected(reasons)) => ("rejected", reasons),
    };
    let codes: Vec<_> = reasons.iter().map(|reason| reason.code().as_str()).collect();
    format!("{word} {}", codes.join(" "))
}

/// An empty database, confirmed an hour ago and committed two hours ago.
pub fn database() -> AdvisoryDb {
    AdvisoryDb {
        source: "https://example.org/advisories.tar.gz".into(),
        copy: None,
        commit: Some("c0ffee".into()),
        committed: Some(hours_ago(2)),
        newest: Some(date("2026-11-21")),
        confirmed: Some(hours_ago(1)),
        rolled_back_from: None,
        forgotten: Vec::new(),
        total: 1,
        by_crate: BTreeMap::new(),
        unreadable: Vec::new(),
    }
}

/// An advisory dated two days before these tests' moment.
pub fn advisory(id: &str, name: &str, kind: AdvisoryKind, patched: &[&str], unaffected: &[&str]) -> Advisory {
    let ranges = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
    Advisory {
        id: id.into(),
        crate_name: name.into(),
        date: date("2026-11-20"),
        kind,
        title: "a fixture".into(),
        url: None,
        aliases: Vec::new(),
        os: Vec::new(),
        arch: Vec::new(),
        versions: Versions::new(ranges(patched), ranges(unaffected)).unwrap(),
        withdrawn: false,
    }
}

pub fn vulnerability(name: &str, patched: &[&str]) -> Advisory {
    advisory("RUSTSEC-2026-9001", name, AdvisoryKind::Vulnerability, patched, &[])
}

/// An approval of a release as these tests publish it, without a last day.
pub fn approval(name: &str, version: &str, lifts: &[ReasonCode]) -> Approval {
    Approval {
        crate_name: name.into(),
        registry: Registry::CratesIo,
        version: version.parse().unwrap(),
        checksum: checksum(name, version),
        lifts: lifts.to_vec(),
        reason: "looked at it".into(),
        by: Some("ana@example.org".into()),
        at: None,
        until: None,
        line: 7,
    }
}
