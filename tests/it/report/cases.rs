//! Every reason, warning, notice, blocker and basis, and what cures them.

use std::sync::Arc;

use camino::Utf8Path;
use cargo_sequester::door::model::advisory::AdvisoryKind;
use cargo_sequester::door::model::age::Age;
use cargo_sequester::door::model::checksum::Checksum;
use cargo_sequester::door::model::evaluation::{Blocker, Fix, FixStanding, Idle, IndexGap, Notice};
use cargo_sequester::door::model::facts::AdvisoryFact;
use cargo_sequester::door::model::finding::{Alarm, Finding, FindingCode, Severity};
use cargo_sequester::door::model::index_line::DependencyKind;
use cargo_sequester::door::model::license::{LicenseGap, LicenseLack};
use cargo_sequester::door::model::package::{CrateId, LocalPackage, LockedChecksum};
use cargo_sequester::door::model::policy::{JudgedBy, Origin};
use cargo_sequester::door::model::resemblance::Likeness;
use cargo_sequester::door::model::signal::{
    AddedDependency, Birth, Imitated, SeenBy, Sighting, Signal, SignalCode, SignalLevel, SignalPolicy, Swap,
};
use cargo_sequester::door::model::source::{GitSource, Registry, Source};
use cargo_sequester::door::model::trail::{EventFileName, EventId, TrailFinding, TrailProblem, TrailProblemKind};
use cargo_sequester::door::model::verdict::{Basis, HeldFix, Reason, ReasonCode, Reasons, Verdict, Warning, Witness};

use super::bases::{every_basis, named_fix};
use super::changes;
use super::scene::{Scene, advisory, aged, at, by_base, crates_io, id, quarantined, rejected};

pub fn cases() -> Vec<(&'static str, Scene)> {
    vec![
        ("all_approved", all_approved()),
        ("every_reason", every_reason()),
        ("every_warning", every_warning()),
        ("every_basis", every_basis()),
        ("every_notice", every_notice()),
        ("every_blocker", every_blocker()),
        ("base_and_loosened", changes::base_and_loosened()),
        ("change_decides", changes::decides()),
        ("change_approves_in_vain", changes::approves_in_vain()),
        ("cures", cures()),
        ("malicious_without_way_out", malicious_without_way_out()),
        ("no_advisories", no_advisories()),
    ]
}

pub fn too_new() -> Reason {
    Reason::TooNew {
        pubtime: at("2026-11-20T11:48:48Z"),
        min_age: Age::days(7),
        rule: Origin::Default,
        eligible_at: at("2026-11-27T11:48:48Z"),
        fix: None,
    }
}

/// Too new, but not for long: it mends a vulnerability.
fn too_new_fix() -> Reason {
    Reason::TooNew {
        pubtime: at("2026-11-21T11:48:48Z"),
        min_age: Age::days(7),
        rule: Origin::Default,
        eligible_at: at("2026-11-22T11:48:48Z"),
        fix: Some(HeldFix { advisory: "RUSTSEC-2026-0202".into(), min_age: Age::days(1) }),
    }
}

fn in_file(key: &str, line: u32) -> Origin {
    Origin::File { path: "sequester.toml".into(), line, key: key.to_owned() }
}

fn added(name: &str, born: Birth) -> AddedDependency {
    let kind = DependencyKind::Normal;
    AddedDependency { name: name.into(), renamed: None, registry: None, kind, optional: false, target: None, born }
}

fn all_signals() -> Vec<Signal> {
    let since = || "0.3.9".parse().unwrap();
    let first = || added("tinyhelp", Birth::At(at("2026-11-19T09:00:00Z")));
    let odd = AddedDependency {
        renamed: Some("libc".into()),
        registry: Some("https://crates.example.org/index/".into()),
        kind: DependencyKind::Build,
        optional: true,
        target: Some("cfg(unix)".into()),
        ..added("oddity", Birth::Unknown)
    };
    let seen = Sighting { at: at("2026-11-18T00:00:00Z"), by: SeenBy::Trail };
    let resembles = Imitated::Name { name: "serde".into(), how: Likeness::Swapped };
    let twin = Imitated::Twin { source: git() };
    let first_published = Some(at("2026-11-01T00:00:00Z"));
    let swap = Swap { name: "syn".into(), before: "^1".parse().unwrap(), after: "^2".parse().unwrap() };
    vec![
        Signal::YoungDependency { since: since(), added: vec![first(), odd.clone(), added("vanished", Birth::Gone)] },
        Signal::DormantGrowth {
            before: since(),
            before_pubtime: at("2024-12-20T00:00:00Z"),
            resumed: "0.3.10".parse().unwrap(),
            resumed_pubtime: at("2026-11-20T00:00:00Z"),
            added: vec![first()],
        },
        Signal::FirstBuildScriptInput { since: since(), inputs: vec![odd], links: Some("z".into()) },
        Signal::LookAlike { imitated: resembles, first_published },
        Signal::LookAlike { imitated: twin, first_published: None },
        Signal::YankLure { yanked: vec!["0.3.8".parse().unwrap(), since()], seen: Some(seen) },
        Signal::YankLure { yanked: vec![since()], seen: None },
        Signal::Dormant { previous: since(), previous_pubtime: at("2024-12-20T00:00:00Z") },
        Signal::NewDependency { since: since(), added: vec![first()] },
        Signal::Burst { releases: 7 },
        Signal::MajorSwap { since: since(), swapped: vec![swap] },
    ]
}

/// Those that a reason or a warning can be about.
fn effective_signals() -> impl Iterator<Item = Signal> {
    let effective = SignalPolicy::default();
    all_signals().into_iter().filter(move |signal| effective.level(signal.code()) > SignalLevel::Off)
}

pub fn git() -> Source {
    Source::Git(GitSource {
        url: "https://example.org/team/fork".into(),
        reference: Some("branch=main".into()),
        commit: Some("0123456789abcdef0123456789abcdef01234567".into()),
    })
}

fn all_approved() -> Scene {
    let mut scene = Scene::new();
    scene.judged_by = JudgedBy::Defaults;
    scene.packages[0].local = Some(LocalPackage {
        root: "/src/my app".into(),
        member: true,
        inside_workspace: true,
        other_repository: false,
        source_elsewhere: None,
        requirements: Vec::new(),
        written: Vec::new(),
        rust_version: None,
    });
    scene.release("cc", "1.2.0", aged()).pubtime = Some(at("2026-01-05T10:00:00Z"));
    scene.add(id("fork", "0.2.0", git()), Some(Verdict::Approved(Basis::AllowedSource)));
    scene
}

#[expect(clippy::too_many_lines, reason = "a list, one entry a reason")]
fn every_reason() -> Scene {
    let mut scene = Scene::new();
    scene.know(advisory("RUSTSEC-2026-0201", "evil", AdvisoryKind::Malicious, "reads keys while it is built."));
    scene.know(advisory("RUSTSEC-2026-0202", "leaky", AdvisoryKind::Vulnerability, "reads past the end of a buffer"));
    let cc = scene.release("cc", "1.11.3", quarantined(vec![too_new()]));
    cc.pubtime = Some(at("2026-11-20T11:48:48Z"));
    cc.newest_approved = Some("1.11.1".parse().unwrap());
    let eligible_at = at("2026-12-02T00:00:00Z");
    let rule = in_file("override.min-publish-age", 12);
    scene.release(
        "windows-sys",
        "0.70.0",
        quarantined(vec![Reason::TooNew {
            pubtime: at("2026-11-18T00:00:00Z"),
            min_age: Age::days(14),
            rule,
            eligible_at,
            fix: None,
        }]),
    );
    let sparse = Source::Registry(Registry::Sparse("https://registry.example.org/index/".into()));
    let (pubtime, rule) = (at("2026-11-21T23:59:00Z"), Origin::Flag);
    let eligible_at = at("2026-11-22T23:59:00Z");
    let inside = Reason::TooNew { pubtime, min_age: Age::days(1), rule, eligible_at, fix: None };
    scene.release("mended", "1.0.2", quarantined(vec![too_new_fix()])).pubtime = Some(at("2026-11-21T11:48:48Z"));
    scene.add(id("inside", "2.0.0", sparse.clone()), Some(quarantined(vec![inside])));
    let (first, min_age, eligible_at) = (at("2026-11-01T06:30:15Z"), Age::days(30), at("2026-12-01T06:30:15Z"));
    scene.release(
        "young",
        "0.1.2",
        quarantined(vec![Reason::NewCrate { first_published: Some(first), min_age, eligible_at }, too_new()]),
    );
    scene.release(
        "unborn",
        "0.1.0",
        quarantined(vec![Reason::NewCrate { first_published: None, min_age, eligible_at }]),
    );
    let (lasting, passing): (Vec<Signal>, Vec<Signal>) =
        effective_signals().partition(|signal| signal.code() == SignalCode::LookAlike);
    let held = passing.into_iter().map(|signal| Reason::Signal { signal, eligible_at: Some(eligible_at) });
    scene.release("arrays", "0.3.10", quarantined(held.collect()));
    let named = lasting.into_iter().map(|signal| Reason::Signal { signal, eligible_at: None });
    scene.release("sedre", "1.0.0", rejected(named.collect()));
    let inside = |alarm| Reason::Inspection { alarm: Arc::new(alarm), eligible_at };
    let seen = |code, evidence| Finding::new(code, Severity::High, evidence).at("build.rs", 7);
    let sends = seen(FindingCode::ReadsAndSends, "env::vars (line 7) → net::TcpStream::connect (line 9)");
    let runs = seen(FindingCode::FetchesAndRuns, "reqwest::get (line 7) → process::Command (line 12)");
    let one = Alarm::Findings { first: vec![sends.clone()], more: 0 };
    scene.release("greedy", "1.0.0", quarantined(vec![inside(one)]));
    let several = Alarm::Findings { first: vec![sends, runs], more: 2 };
    scene.release("greedier", "1.0.0", quarantined(vec![inside(several), too_new()]));
    let closed = Alarm::Unreadable { cause: "the archive ends in the middle".into() };
    scene.release("closed", "1.0.0", quarantined(vec![inside(closed)]));
    scene.release("timeless", "1.0.0", rejected(vec![Reason::PubtimeUnknown { found: None }]));
    scene.release("odd-time", "1.0.0", rejected(vec![Reason::PubtimeUnknown { found: Some("yesterday".into()) }]));
    let future =
        Reason::PubtimeInFuture { pubtime: at("2026-11-22T03:00:00Z"), eligible_at: at("2026-11-29T03:00:00Z") };
    scene.release("future", "1.0.0", quarantined(vec![future])).pubtime = Some(at("2026-11-22T03:00:00Z"));
    let recorded = at("2026-05-01T00:00:00Z");
    let moved = Reason::PubtimeChanged { recorded, found: Some(at("2026-04-01T00:00:00Z")) };
    scene.release("moved", "1.0.0", rejected(vec![moved]));
    scene.release("unset", "1.0.0", rejected(vec![Reason::PubtimeChanged { recorded, found: None }]));
    let expected = Checksum::from_bytes([0xab; 32]);
    let swapped = |locked: &str, witness| Reason::ChecksumMismatch { locked: locked.into(), expected, witness };
    scene.release("swapped", "1.0.0", rejected(vec![swapped(&"07".repeat(32), Witness::Index)]));
    scene.release("forged", "1.0.0", rejected(vec![swapped("not-a-digest", Witness::Trail)]));
    scene.packages.last_mut().unwrap().checksum = LockedChecksum::Malformed("not-a-digest".into());
    scene.release("bare", "1.0.0", rejected(vec![Reason::ChecksumMissing]));
    scene.packages.last_mut().unwrap().checksum = LockedChecksum::Missing;
    scene.release("gone", "1.0.0", rejected(vec![Reason::NotInIndex])).yanked = None;
    scene.release(
        "garbled",
        "1.0.0",
        rejected(vec![Reason::IndexEntryUnreadable {
            cause: "the index line has version 9 of its format, which is not supported".to_owned(),
        }]),
    );
    let evil = scene.release(
        "evil",
        "0.4.2",
        rejected(vec![Reason::Malicious { advisory: "RUSTSEC-2026-0201".into() }, too_new()]),
    );
    evil.advisories.push("RUSTSEC-2026-0201".into());
    evil.newest_approved = Some("0.4.1".parse().unwrap());
    let kind = AdvisoryKind::Vulnerability;
    let leaky = scene.release(
        "leaky",
        "2.1.0",
        rejected(vec![Reason::Advisory { advisory: "RUSTSEC-2026-0202".into(), kind }]),
    );
    leaky.advisories.push("RUSTSEC-2026-0202".into());
    leaky.warnings.push(Warning::Yanked);
    for (name, kind) in
        [("shaky", AdvisoryKind::Unsound), ("orphan", AdvisoryKind::Unmaintained), ("noted", AdvisoryKind::Notice)]
    {
        scene.release(name, "1.0.0", rejected(vec![Reason::Advisory { advisory: "RUSTSEC-2026-0203".into(), kind }]));
    }
    scene.release("withdrawn", "1.0.0", rejected(vec![Reason::Yanked])).yanked = Some(true);
    scene.add(id("fork", "0.2.0", git()), Some(rejected(vec![Reason::SourceNotAllowed])));
    let loose = GitSource { url: "https://example.org/loose".into(), reference: None, commit: None };
    scene.add(id("loose", "0.2.0", Source::Git(loose)), Some(rejected(vec![Reason::SourceNotAllowed])));
    scene.add(id("private", "3.0.0", sparse), Some(rejected(vec![Reason::SourceNotAllowed])));
    let other = Source::Other("directory+file:///elsewhere".into());
    scene.add(id("elsewhere", "3.0.0", other), Some(rejected(vec![Reason::SourceNotAllowed])));
    scene.release("openssl-sys", "0.9.1", rejected(vec![Reason::Denied { entry: "openssl-sys@<1".to_owned() }]));
    scene.release(
        "viral",
        "1.0.0",
        rejected(vec![Reason::LicenseNotAllowed {
            expression: Some("AGPL-3.0-only".to_owned()),
            lack: LicenseLack::Unlisted { licenses: vec!["AGPL-3.0-only".to_owned()] },
        }]),
    );
    let lacks = [
        ("unlicensed", None, LicenseLack::Unstated),
        (
            "text",
            None,
            LicenseLack::FileAlone { path: "LICENSE.txt".into(), digest: Some(Checksum::from_bytes([7; 32])) },
        ),
        ("lost", None, LicenseLack::FileAlone { path: "LICENSE".into(), digest: None }),
        ("vague", Some("Proprietary"), LicenseLack::Malformed { cause: "unknown term".to_owned() }),
        (
            "both",
            Some("MIT AND (MPL-2.0 OR ISC)"),
            LicenseLack::Unlisted { licenses: vec!["ISC".to_owned(), "MPL-2.0".to_owned()] },
        ),
    ];
    for (name, expression, lack) in lacks {
        let expression = expression.map(str::to_owned);
        scene.release(name, "1.0.0", rejected(vec![Reason::LicenseNotAllowed { expression, lack }]));
    }
    let gaps = [
        ("unseen", LicenseGap::NotAtHand),
        ("away", LicenseGap::NotFetched("the registry answered with status 500".to_owned())),
        ("torn", LicenseGap::Unreadable("the archive ends in the middle".to_owned())),
    ];
    for (name, gap) in gaps {
        scene.release(name, "1.0.0", rejected(vec![Reason::LicenseUnknown { gap }]));
    }
    scene
}

fn every_warning() -> Scene {
    let mut scene = Scene::new();
    scene.know(advisory("RUSTSEC-2026-0301", "old", AdvisoryKind::Unmaintained, "nobody looks after it"));
    let warn = |advisory: &str, kind| Warning::Advisory { advisory: advisory.into(), kind };
    scene.warned("old", warn("RUSTSEC-2026-0301", AdvisoryKind::Unmaintained));
    for name in ["a", "b", "c", "d", "e", "f", "g"] {
        scene.warned(name, warn("RUSTSEC-2026-0302", AdvisoryKind::Unmaintained));
    }
    scene.warned("shaky", warn("RUSTSEC-2026-0303", AdvisoryKind::Unsound));
    scene.warned("noted", warn("RUSTSEC-2026-0304", AdvisoryKind::Notice));
    scene
        .warned("rsa", Warning::Ignored { advisory: "RUSTSEC-2023-0071".into(), until: "2027-01-31".parse().unwrap() });
    scene.warned("yanked", Warning::Yanked);
    for signal in effective_signals() {
        scene.warned("arrays", Warning::Signal(signal));
    }
    scene.add(id("beside", "0.1.0", Source::Local), Some(Verdict::Local)).warnings =
        vec![Warning::OutsideWorkspace { path: "../beside".into() }];
    scene.warned("unread", Warning::LicenseUndecided);
    scene
}

fn every_notice() -> Scene {
    let mut scene = Scene::new();
    let (line, until) = (31, "2026-11-01".parse().unwrap());
    let release = || "cc@1.11.3".to_owned();
    let origin = || Origin::Environment("CARGO_REGISTRY_GLOBAL_MIN_PUBLISH_AGE".to_owned());
    scene.evaluation.notices = vec![
        Notice::ApprovalUnused { line, release: release(), idle: Idle::Ahead("cc".to_owned()) },
        Notice::ApprovalUnused { line, release: release(), idle: Idle::NotLocked },
        Notice::ApprovalUnused { line, release: release(), idle: Idle::NotHeld },
        Notice::ApprovalLapsed { line, release: release(), until },
        Notice::ApprovalLapsed { line: 40, release: "anyhow@1.0.99".to_owned(), until },
        Notice::ApprovalOfOtherBytes { line, release: release() },
        Notice::IgnoreLapsed { line, advisory: "RUSTSEC-2023-0071".into(), until },
        Notice::IgnoreUnused { line, advisory: "RUSTSEC-2023-0071".into() },
        Notice::AdvisoriesSkipped,
        Notice::AdvisoriesFromCopy { source: "https://example.org/db".to_owned(), copy: "/cache/db".to_owned() },
        Notice::AdvisoriesForgotten {
            source: "https://example.org/db".to_owned(),
            advisories: vec!["RUSTSEC-2025-0001 (evil)".to_owned(), "RUSTSEC-2025-0002 (worse)".to_owned()],
            memory: "/cache/db".to_owned(),
        },
        Notice::CargoAgeLonger { origin: origin(), cargo: Age::days(10), policy: Age::days(7) },
        Notice::CargoAgeShorter { origin: origin(), cargo: Age::days(3), policy: Age::days(7) },
        Notice::CargoIgnoresAge { origin: origin(), version: "1.95.0".parse().unwrap() },
        Notice::CooldownDisagrees { file: "cooldown.toml".into(), cooldown: Age::minutes(90), policy: Age::days(7) },
        Notice::IndexFromCache { oldest: Some(at("2026-11-20T00:00:00Z")) },
        Notice::IndexFromCache { oldest: None },
        Notice::PubtimesMissing {
            registry: Registry::CratesIo,
            from: Some("sparse+https://mirror.example.org/".to_owned()),
            packages: 3,
            of: 4,
        },
        Notice::BaseMovedOn { keys: vec!["quarantine.min-publish-age".to_owned()], events: 2 },
        Notice::NoMergeBase,
        Notice::BaseWithoutRules { base: "saved.lock".to_owned() },
        Notice::Paths(Origin::File { path: ".cargo/config.toml".into(), line: 3, key: "paths".to_owned() }),
        Notice::TrailDisordered(TrailProblem { file: event_file(1).to_string(), kind: TrailProblemKind::Unparented }),
        Notice::Trail(TrailFinding::ReleaseVanished {
            crate_id: crate_id("arrayref"),
            version: "0.3.10".parse().unwrap(),
            since: at("2026-08-20T09:00:00Z"),
        }),
        Notice::Trail(TrailFinding::CrateReappeared {
            crate_id: crate_id("rpc-check"),
            recorded: at("2026-02-01T00:00:00Z"),
            found: Some(at("2026-03-01T00:00:00Z")),
        }),
    ];
    scene
}

pub fn event_file(day: u8) -> EventFileName {
    EventFileName::new(at(&format!("2026-11-0{day}T12:00:00Z")), EventId::of(&[day]))
}

fn crate_id(name: &str) -> CrateId {
    CrateId { registry: Registry::CratesIo, name: name.into() }
}

fn every_blocker() -> Scene {
    let mut scene = Scene::new();
    scene.release("cc", "1.2.0", aged());
    scene.release("ring", "0.17.0", quarantined(vec![too_new()])).newest_approved = Some("0.16.0".parse().unwrap());
    let early = named_fix("RUSTSEC-2026-0501");
    let known = Fix {
        advisory: "RUSTSEC-2026-0501".into(),
        version: "0.4.16".parse().unwrap(),
        standing: FixStanding::Approved(early),
    };
    let kind = AdvisoryKind::Vulnerability;
    let h2 =
        scene.release("h2", "0.4.15", rejected(vec![Reason::Advisory { advisory: "RUSTSEC-2026-0501".into(), kind }]));
    h2.fixes = vec![known];
    for number in 0..12 {
        scene.release(&format!("unseen-{number}"), "1.0.0", rejected(vec![Reason::IndexUnavailable])).yanked = None;
    }
    let package = |name: &str| id(name, "1.0.0", crates_io());
    let source = || "https://example.org/advisories.tar.gz".to_owned();
    let since = Some(at("2026-10-10T12:00:00Z"));
    let limit = Age::days(3);
    let mut blockers = vec![
        Blocker::WorkspaceUnread { cause: "failed to load manifest for workspace member `b`".to_owned() },
        Blocker::AdvisoriesUnavailable { source: source(), cause: "connection refused".to_owned() },
        Blocker::AdvisoriesStale { source: source(), since, limit, confirmed: true },
        Blocker::AdvisoriesStale {
            source: "/mirror/advisories".to_owned(),
            since,
            limit: Age::days(30),
            confirmed: false,
        },
        Blocker::AdvisoriesStale { source: "/mirror/advisories".to_owned(), since: None, limit, confirmed: false },
        Blocker::AdvisoriesRolledBack { source: source(), commit: Some("aaaa".to_owned()), seen: "bbbb".to_owned() },
        Blocker::AdvisoriesRolledBack { source: source(), commit: None, seen: "bbbb".to_owned() },
    ];
    blockers.extend((0..12).map(|number| Blocker::IndexUnavailable {
        package: package(format!("unseen-{number}").as_str()),
        cause: IndexGap::NotCached,
    }));
    let gaps = [
        IndexGap::NotInCachedEntry,
        IndexGap::Unconfirmed,
        IndexGap::GitIndex,
        IndexGap::BadName,
        IndexGap::Failed("the registry answered 503".to_owned()),
        IndexGap::Refused,
    ];
    blockers.extend(gaps.map(|cause| Blocker::IndexUnavailable { package: package("unseen-0"), cause }));
    blockers.push(Blocker::MirrorNotAllowed {
        registry: Registry::CratesIo,
        by: "sparse+https://mirror.example.org/".to_owned(),
        origin: Origin::File {
            path: ".cargo/config.toml".into(),
            line: 2,
            key: "source.crates-io.replace-with".to_owned(),
        },
    });
    blockers.push(Blocker::ClockSkew { machine: at("2026-12-24T00:00:00Z"), registry: at("2026-11-22T00:00:00Z") });
    let (file, found) = (event_file(1), event_file(2).id);
    blockers
        .push(Blocker::TrailBroken(TrailProblem { file: file.to_string(), kind: TrailProblemKind::Edited { found } }));
    let crate_id = crate_id("ring");
    let missing = vec!["0.17.1".parse().unwrap(), "0.17.2".parse().unwrap()];
    blockers.push(Blocker::Trail(TrailFinding::IndexShortened { crate_id, missing }));
    let (now, latest) = (at("2026-11-22T00:00:00Z"), at("2026-11-22T06:00:00Z"));
    blockers.push(Blocker::Trail(TrailFinding::ClockBehindTrail { now, latest }));
    scene.evaluation.blockers = blockers;
    scene
}

fn cures() -> Scene {
    let mut scene = Scene::new();
    scene.judged_by = by_base(None);
    scene.know(advisory("RUSTSEC-2026-0501", "h2", AdvisoryKind::Vulnerability, "a flood of resets exhausts memory"));
    let vulnerable =
        || rejected(vec![Reason::Advisory { advisory: "RUSTSEC-2026-0501".into(), kind: AdvisoryKind::Vulnerability }]);
    let fix = |version: &str, standing| Fix {
        advisory: "RUSTSEC-2026-0501".into(),
        version: version.parse().unwrap(),
        standing,
    };
    let early = named_fix("RUSTSEC-2026-0501");
    scene.release("h2", "0.3.9", vulnerable()).fixes =
        vec![fix("0.3.17", FixStanding::Held(Reasons::new(vec![too_new()]).unwrap()))];
    scene.release("h2", "0.4.15", vulnerable()).fixes = vec![fix("0.4.16", FixStanding::Approved(early))];
    scene.release("h2", "0.5.0", vulnerable()).fixes =
        vec![fix("0.5.1", FixStanding::Held(Reasons::new(vec![Reason::Yanked, too_new()]).unwrap()))];
    let cc = scene.release("cc", "1.11.3", quarantined(vec![too_new()]));
    cc.newest_approved = Some("1.11.1".parse().unwrap());
    scene.evaluation.judgements[4].path = vec![0, 1, 2, 4];
    // The same name and version from two registries: only the whole spec tells them apart.
    let sparse = Source::Registry(Registry::Sparse("https://registry.example.org/index/".into()));
    scene.add(id("cc", "1.11.3", sparse), Some(quarantined(vec![too_new()]))).newest_approved =
        Some("1.11.1".parse().unwrap());
    // Nothing to be pasted may carry an attacker's words, and the locked release is no cure of itself.
    scene.release("--config=x", "1.0.0", quarantined(vec![too_new()])).newest_approved = Some("0.9.0".parse().unwrap());
    scene.release("same", "1.0.0", quarantined(vec![too_new()])).newest_approved = Some("1.0.0".parse().unwrap());
    scene
}

fn malicious_without_way_out() -> Scene {
    let mut scene = Scene::new();
    scene.release("evil", "0.4.2", rejected(vec![Reason::Malicious { advisory: "RUSTSEC-2026-0201".into() }]));
    scene
}

fn no_advisories() -> Scene {
    let mut scene = Scene::new();
    scene.advisories = AdvisoryFact::Skipped;
    scene.evaluation.notices.push(Notice::AdvisoriesSkipped);
    scene.release("cc", "1.2.0", aged());
    scene
}
