//! A lock file, an index and advisories, built by hand around one moment.

use crate::report::SITUATION;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use camino::Utf8Path;
use cargo_sequester::door::model::Timestamp;
use cargo_sequester::door::model::adoption::Carried;
use cargo_sequester::door::model::advisory::{Advisory, AdvisoryDb, AdvisoryKind};
use cargo_sequester::door::model::calendar::{Calendar, CalendarEntry, Foretold};
use cargo_sequester::door::model::checksum::Checksum;
use cargo_sequester::door::model::evaluation::Evaluation;
use cargo_sequester::door::model::facts::{AdvisoryFact, Facts, IndexFact, OldLock, TrailFact};
use cargo_sequester::door::model::history::{History, Standing};
use cargo_sequester::door::model::index_line::{DependencyKind, Requirement};
use cargo_sequester::door::model::package::{CrateId, LocalPackage, LockedChecksum, Package, PackageId};
use cargo_sequester::door::model::policy::{JudgedBy, Policy};
use cargo_sequester::door::model::source::{Registry, Source};
use cargo_sequester::door::policy::calendar::calendar;
use cargo_sequester::door::policy::evaluate;
use cargo_sequester::door::report::audit::AuditReport;
use cargo_sequester::door::report::status::StatusReport;
use jiff::SignedDuration;
use rustsec::advisory::Versions;

const DIGEST: [u8; 32] = [7; 32];

pub fn now() -> Timestamp {
    "2026-11-22T00:00:00Z".parse().unwrap()
}

/// So many days before now; negative ones lie ahead.
pub fn days_ago(days: i64) -> Timestamp {
    now().checked_sub(SignedDuration::from_hours(24 * days)).unwrap()
}

/// What is gathered, before the decision.
pub struct World {
    pub facts: Facts,
    pub policy: Policy,
    /// Whether index files are those of cargo's cache or of a registry.
    cached: bool,
    lines: BTreeMap<String, Vec<(String, String)>>,
}

/// The decision and the calendar of a world.
pub struct Seen {
    pub world: World,
    pub evaluation: Evaluation,
    pub calendar: Calendar,
}

impl World {
    /// The package `app`, no index, advisories that were read an hour ago.
    pub fn new() -> Self {
        let db = AdvisoryDb {
            source: "https://example.org/advisories.tar.gz".to_owned(),
            copy: None,
            commit: None,
            committed: Some(now()),
            newest: None,
            confirmed: Some(now()),
            rolled_back_from: None,
            forgotten: Vec::new(),
            total: 1193,
            by_crate: BTreeMap::new(),
            unreadable: Vec::new(),
        };
        let facts = Facts {
            surroundings: cargo_sequester::door::model::facts::Surroundings::default(),
            packages: Vec::new(),
            index: BTreeMap::new(),
            advisories: AdvisoryFact::Read(db),
            publications: BTreeMap::new(),
            registry_clock: None,
            refused_mirrors: Vec::new(),
            base: None,
            old_lock: OldLock::Judged,
            licenses: cargo_sequester::door::model::license::Licenses::default(),
            inspections: cargo_sequester::door::model::finding::Inspections::default(),
            lock: cargo_sequester::door::model::lock_proof::LockFact::NotChecked,
            trail: TrailFact::default(),
            notices: Vec::new(),
        };
        let world = Self { facts, policy: Policy::default(), cached: true, lines: BTreeMap::new() };
        let mut world = world.package("app", "0.1.0", Source::Local);
        let (root, requirements) = ("project".into(), Vec::new());
        world.facts.packages[0].local = Some(LocalPackage {
            root,
            member: true,
            inside_workspace: true,
            other_repository: false,
            source_elsewhere: None,
            requirements,
            written: Vec::new(),
            rust_version: None,
        });
        world
    }

    /// The same with index files as a registry serves them.
    pub fn uncached(mut self) -> Self {
        self.cached = false;
        self
    }

    fn package(mut self, name: &str, version: &str, source: Source) -> Self {
        let id = PackageId { name: name.into(), version: version.parse().unwrap(), source };
        let checksum = match id.source {
            Source::Registry(_) => LockedChecksum::Known(Checksum::from_bytes(DIGEST)),
            Source::Local | Source::Git(_) | Source::Other(_) => LockedChecksum::Missing,
        };
        self.facts.packages.push(Package { id, checksum, dependencies: Vec::new(), local: None });
        self
    }

    /// Locks a release of crates.io, of which `app` asks `1`.
    pub fn locked(mut self, name: &str, version: &str) -> Self {
        let position = self.facts.packages.len();
        let app = &mut self.facts.packages[0];
        app.dependencies.push(position);
        let local = app.local.as_mut().unwrap();
        local.requirements.push(Requirement {
            name: name.into(),
            renamed: None,
            req: "1".parse().unwrap(),
            registry: None,
            kind: DependencyKind::Normal,
            optional: false,
            features: Vec::new(),
            default_features: true,
            target: None,
        });
        self.package(name, version, Source::Registry(Registry::CratesIo))
    }

    /// Lets the package locked before the last one depend on the last one.
    pub fn below(mut self) -> Self {
        let last = self.facts.packages.len() - 1;
        self.facts.packages[0].dependencies.retain(|dependency| *dependency != last);
        self.facts.packages[last - 1].dependencies.push(last);
        self
    }

    /// Publishes a release this many days ago.
    pub fn released(self, name: &str, version: &str, days: i64) -> Self {
        self.line(name, version, days, "")
    }

    /// Publishes one with more keys in its line, or other ones: `,"yanked":true`.
    pub fn line(mut self, name: &str, version: &str, days: i64, more: &str) -> Self {
        let (checksum, pubtime) = (Checksum::from_bytes(DIGEST), days_ago(days));
        let yanked = if more.contains("yanked") { "" } else { r#","yanked":false"# };
        let deps = if more.contains("deps") { "" } else { r#","deps":[]"# };
        let name_json = serde_json::to_string(name).unwrap();
        let line = format!(
            r#"{{"name":{name_json},"vers":"{version}","cksum":"{checksum}","features":{{}},"pubtime":"{pubtime}"{yanked}{deps}{more}}}"#
        );
        self.lines.entry(name.to_owned()).or_default().push((version.to_owned(), line));
        self
    }

    /// Files an old release under a version that is not its own.
    pub fn misfiled(self, name: &str, filed: &str, version: &str) -> Self {
        let mut world = self.released(name, version, 50);
        let lines = world.lines.get_mut(name).unwrap();
        filed.clone_into(&mut lines.last_mut().unwrap().0);
        world
    }

    /// A vulnerability of the crate, reported today, that this requirement's releases do not have.
    pub fn advisory(self, id: &str, name: &str, patched: &str) -> Self {
        self.advisory_of(AdvisoryKind::Vulnerability, id, name, patched)
    }

    pub fn advisory_of(mut self, kind: AdvisoryKind, id: &str, name: &str, patched: &str) -> Self {
        let patched = if patched.is_empty() { Vec::new() } else { vec![patched.parse().unwrap()] };
        let advisory = Advisory {
            id: id.into(),
            crate_name: name.into(),
            date: "2026-11-20".parse().unwrap(),
            kind,
            title: format!("A flaw made up for tests in {name}").into(),
            url: None,
            aliases: Vec::new(),
            os: Vec::new(),
            arch: Vec::new(),
            versions: Versions::new(patched, Vec::new()).unwrap(),
            withdrawn: false,
        };
        let AdvisoryFact::Read(db) = &mut self.facts.advisories else { unreachable!() };
        db.by_crate.entry(name.into()).or_default().push(advisory);
        self
    }

    /// Decides and looks ahead.
    pub fn see(mut self) -> Seen {
        for (name, lines) in &self.lines {
            let standing = Standing::Cached(None);
            let history = if self.cached {
                let file: String = lines.iter().map(|(version, line)| format!("{version}\0{line}\0")).collect();
                History::from_cache(name, file, 0, standing).unwrap()
            } else {
                let file: String = lines.iter().map(|(_, line)| format!("{line}\n")).collect();
                History::from_lines(name, file, standing)
            };
            let id = CrateId { registry: Registry::CratesIo, name: name.as_str().into() };
            self.facts.index.insert(id, IndexFact::Read(Arc::new(history)));
        }
        let evaluation = evaluate(&self.facts, &self.policy, &Vec::new(), now());
        let nobody_asked = Err("not in these tests".to_owned());
        let mut calendar = calendar(&self.facts, &self.policy, &Vec::new(), &evaluation, &nobody_asked);
        calendar.foretold = Foretold::Resolution;
        Seen { world: self, evaluation, calendar }
    }
}

impl Seen {
    /// What lies ahead of the first locked package of this name.
    #[track_caller]
    pub fn entry(&self, name: &str) -> &CalendarEntry {
        let named = |entry: &&CalendarEntry| *self.world.facts.packages[entry.package].id.name == *name;
        self.calendar.entries.iter().find(named).unwrap()
    }

    /// The names of the packages, in the calendar's order.
    pub fn order(&self) -> Vec<&str> {
        self.calendar.entries.iter().map(|entry| &*self.world.facts.packages[entry.package].id.name).collect()
    }

    pub fn report(&self, until: Option<Timestamp>) -> StatusReport<'_> {
        StatusReport {
            audit: AuditReport {
                packages: &self.world.facts.packages,
                evaluation: &self.evaluation,
                advisories: &self.world.facts.advisories,
                carried: Carried::default(),
                loosened: &[],
                decided: &[],
                policy: &self.world.policy,
                judged_by: JudgedBy::File(Utf8Path::new("sequester.toml")),
                locked: Utf8Path::new("Cargo.lock"),
                lines: &[],
                situation: &SITUATION,
                changes: None,
                elapsed: Some(Duration::from_millis(80)),
            },
            calendar: &self.calendar,
            until,
        }
    }
}
