//! Evaluations built by hand.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use camino::Utf8Path;
use cargo_sequester::door::model::Timestamp;
use cargo_sequester::door::model::adoption::Carried;
use cargo_sequester::door::model::advisory::{Advisory, AdvisoryDb, AdvisoryKind};
use cargo_sequester::door::model::checksum::Checksum;
use cargo_sequester::door::model::evaluation::{Evaluation, Judgement};
use cargo_sequester::door::model::facts::AdvisoryFact;
use cargo_sequester::door::model::loosening::Loosening;
use cargo_sequester::door::model::package::{LockedChecksum, Package, PackageId};
use cargo_sequester::door::model::policy::{JudgedBy, Policy};
use cargo_sequester::door::model::resolution::Change;
use cargo_sequester::door::model::run::Invocation;
use cargo_sequester::door::model::source::{Registry, Source};
use cargo_sequester::door::model::verdict::{Basis, Reason, Reasons, Verdict, Warning};
use cargo_sequester::door::report::audit::{AuditReport, MarkedFile, Places};

/// A verb without options, in a repository.
pub static SITUATION: LazyLock<Invocation> = LazyLock::new(|| Invocation {
    verb: "audit".to_owned(),
    words: vec!["audit".to_owned()],
    repository: true,
    ..Invocation::default()
});

/// Everything that a report borrows.
pub struct Scene {
    pub packages: Vec<Package>,
    pub evaluation: Evaluation,
    pub advisories: AdvisoryFact,
    pub loosened: Vec<Loosening>,
    pub decided: Vec<Loosening>,
    pub changes: Option<Vec<Change>>,
    pub policy: Policy,
    pub judged_by: JudgedBy<'static>,
    pub locked: String,
    pub lines: Vec<u32>,
}

/// The policy of a base that was named by a branch.
pub fn by_base(file: Option<&'static str>) -> JudgedBy<'static> {
    let commit = "0123456789abcdef0123456789abcdef01234567";
    JudgedBy::Base { base: "origin/main", commit, file: file.map(Utf8Path::new) }
}

pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub fn crates_io() -> Source {
    Source::Registry(Registry::CratesIo)
}

pub fn id(name: &str, version: &str, source: Source) -> PackageId {
    PackageId { name: name.into(), version: version.parse().unwrap(), source }
}

pub fn rejected(reasons: Vec<Reason>) -> Verdict {
    Verdict::Rejected(Reasons::new(reasons).unwrap())
}

pub fn quarantined(reasons: Vec<Reason>) -> Verdict {
    Verdict::Quarantined(Reasons::new(reasons).unwrap())
}

pub fn aged() -> Verdict {
    Verdict::Approved(Basis::Aged)
}

pub fn advisory(id: &str, crate_name: &str, kind: AdvisoryKind, title: &str) -> Advisory {
    Advisory {
        id: id.into(),
        crate_name: crate_name.into(),
        date: "2026-11-18".parse().unwrap(),
        kind,
        title: title.into(),
        url: Some(format!("https://example.org/{id}").into()),
        aliases: Vec::new(),
        os: Vec::new(),
        arch: Vec::new(),
        versions: rustsec::advisory::Versions::default(),
        withdrawn: false,
    }
}

impl Scene {
    /// A scene at the same moment as every other, with the package `app` and no policy file.
    pub fn new() -> Self {
        let mut scene = Self {
            packages: Vec::new(),
            evaluation: Evaluation {
                now: at("2026-11-22T00:00:00Z"),
                judgements: Vec::new(),
                blockers: Vec::new(),
                notices: Vec::new(),
                manifests: "answered",
                truncated: Vec::new(),
                also: Vec::new(),
            },
            advisories: AdvisoryFact::Read(AdvisoryDb {
                source: "https://example.org/advisories.tar.gz".to_owned(),
                copy: None,
                commit: Some("1f0c8c6d".to_owned()),
                committed: Some(at("2026-11-21T18:00:00Z")),
                newest: None,
                confirmed: Some(at("2026-11-21T21:00:00Z")),
                rolled_back_from: None,
                forgotten: Vec::new(),
                total: 1193,
                by_crate: BTreeMap::new(),
                unreadable: Vec::new(),
            }),
            loosened: Vec::new(),
            decided: Vec::new(),
            changes: None,
            policy: Policy::default(),
            judged_by: JudgedBy::File(Utf8Path::new("sequester.toml")),
            locked: "Cargo.lock".to_owned(),
            lines: Vec::new(),
        };
        scene.add(id("app", "0.1.0", Source::Local), Some(Verdict::Local));
        scene
    }

    /// Adds a package that `app` depends on, and gives its judgement to be filled in.
    pub fn add(&mut self, id: PackageId, verdict: Option<Verdict>) -> &mut Judgement {
        let position = self.packages.len();
        let registry = matches!(id.source, Source::Registry(_));
        self.lines.push(u32::try_from(position).unwrap() * 9 + 5);
        self.packages.push(Package {
            id: id.clone(),
            checksum: if registry {
                LockedChecksum::Known(Checksum::from_bytes([7; 32]))
            } else {
                LockedChecksum::Missing
            },
            dependencies: Vec::new(),
            local: None,
        });
        self.evaluation.judgements.push(Judgement {
            id,
            verdict,
            warnings: Vec::new(),
            advisories: Vec::new(),
            pubtime: None,
            yanked: registry.then_some(false),
            path: if position == 0 { vec![0] } else { vec![0, position] },
            newest_approved: None,
            if_edited: None,
            detour: None,
            fixes: Vec::new(),
        });
        self.evaluation.judgements.last_mut().unwrap()
    }

    /// Adds a release of crates.io.
    pub fn release(&mut self, name: &str, version: &str, verdict: Verdict) -> &mut Judgement {
        self.add(id(name, version, crates_io()), Some(verdict))
    }

    /// Adds an approved release with a warning.
    pub fn warned(&mut self, name: &str, warning: Warning) {
        self.release(name, "1.0.0", aged()).warnings.push(warning);
    }

    /// Makes an advisory known.
    pub fn know(&mut self, advisory: Advisory) {
        let AdvisoryFact::Read(db) = &mut self.advisories else { panic!("no advisories to add to") };
        db.by_crate.entry(advisory.crate_name.clone()).or_default().push(advisory);
    }

    /// The lock file as the report names it, and a policy file with one line.
    pub fn places(&self) -> Places {
        Places {
            lock_file: MarkedFile::unread(self.locked.clone().into()),
            policy_file: Some(MarkedFile::unread("sequester.toml".into())),
            policy_lines: [("approval".to_owned(), 40), ("quarantine.min-publish-age".to_owned(), 2)].into(),
            side_effects: Vec::new(),
        }
    }

    pub fn report(&self) -> AuditReport<'_> {
        AuditReport {
            packages: &self.packages,
            evaluation: &self.evaluation,
            advisories: &self.advisories,
            carried: Carried::default(),
            loosened: &self.loosened,
            decided: &self.decided,
            policy: &self.policy,
            judged_by: self.judged_by,
            locked: Utf8Path::new(&self.locked),
            lines: &self.lines,
            situation: &SITUATION,
            changes: self.changes.as_deref(),
            elapsed: Some(Duration::from_millis(80)),
        }
    }
}
