//! From a decision to a plan: only what is approved, all of it, each in a folder of its own.

use std::collections::{BTreeMap, BTreeSet};

use cargo_platform::Cfg;
use cargo_sequester::door::model::evaluation::{Blocker, Evaluation, Judgement};
use cargo_sequester::door::model::facts::{AdvisoryFact, Facts, IndexFact, OldLock, TrailFact};
use cargo_sequester::door::model::history::{History, Standing};
use cargo_sequester::door::model::package::{LocalPackage, LockedChecksum, Package, PackageId};
use cargo_sequester::door::model::source::{GitSource, Registry, Source};
use cargo_sequester::door::model::vendoring::{PlanRefusal, TargetPlatform, VendorPlan};
use cargo_sequester::door::model::verdict::{Basis, Reason, Reasons, Verdict};
use cargo_sequester::door::policy::plan::{PlanOptions, plan};
use proptest::prelude::*;

fn id(name: &str, version: &str, source: Source) -> PackageId {
    PackageId { name: name.into(), version: version.parse().unwrap(), source }
}

fn crates_io(name: &str, version: &str) -> PackageId {
    id(name, version, Source::Registry(Registry::CratesIo))
}

fn git(name: &str, version: &str, commit: Option<&str>) -> PackageId {
    let source = GitSource { url: "https://git.example.org/x".into(), reference: None, commit: commit.map(Into::into) };
    id(name, version, Source::Git(source))
}

fn package(id: PackageId, dependencies: &[usize]) -> Package {
    let local = (id.source == Source::Local).then(|| LocalPackage {
        root: "/nowhere".into(),
        member: true,
        inside_workspace: true,
        other_repository: false,
        source_elsewhere: None,
        requirements: Vec::new(),
        written: Vec::new(),
        rust_version: None,
    });
    let checksum = match id.source {
        Source::Registry(_) => LockedChecksum::Known("ab".repeat(32).parse().unwrap()),
        Source::Local | Source::Git(_) | Source::Other(_) => LockedChecksum::Missing,
    };
    Package { id, checksum, dependencies: dependencies.to_vec(), local }
}

fn facts(packages: Vec<Package>) -> Facts {
    Facts {
        surroundings: cargo_sequester::door::model::facts::Surroundings::default(),
        packages,
        index: BTreeMap::new(),
        advisories: AdvisoryFact::Skipped,
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
    }
}

fn judgement(id: &PackageId, verdict: Option<Verdict>) -> Judgement {
    Judgement {
        id: id.clone(),
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

/// Everything local is local, and everything else approved.
fn approved(facts: &Facts) -> Evaluation {
    let verdict = |package: &Package| match package.id.source {
        Source::Local => Verdict::Local,
        Source::Git(_) => Verdict::Approved(Basis::AllowedSource),
        Source::Registry(_) | Source::Other(_) => Verdict::Approved(Basis::Aged),
    };
    Evaluation {
        now: "2026-11-22T00:00:00Z".parse().unwrap(),
        judgements: facts.packages.iter().map(|package| judgement(&package.id, Some(verdict(package)))).collect(),
        blockers: Vec::new(),
        notices: Vec::new(),
        manifests: "answered",
        truncated: Vec::new(),
        also: Vec::new(),
    }
}

fn planned(ids: Vec<PackageId>, options: &PlanOptions<'_>) -> Result<VendorPlan, PlanRefusal> {
    let facts = facts(ids.into_iter().map(|id| package(id, &[])).collect());
    plan(&facts, &approved(&facts), options)
}

fn directories(plan: &VendorPlan) -> Vec<&str> {
    plan.packages.iter().map(|package| &*package.directory).collect()
}

#[test]
fn the_highest_version_has_the_bare_name() {
    let other = Registry::parse("sparse+https://registry.example.org/index/").unwrap();
    let ids = vec![
        id("app", "0.1.0", Source::Local),
        crates_io("bar", "1.0.0"),
        crates_io("bar", "1.10.0"),
        crates_io("bar", "1.9.0"),
        id("bar", "2.0.0-rc.1", Source::Registry(other)),
        crates_io("foo", "1.0.0+a"),
        crates_io("foo", "1.0.0+b"),
        git("gone", "0.1.0", Some("0123")),
    ];
    let plan = planned(ids.clone(), &PlanOptions::default()).unwrap();
    assert_eq!(directories(&plan), ["bar", "bar-1.0.0", "bar-1.10.0", "bar-1.9.0", "foo", "foo-1.0.0+a", "gone"]);
    assert_eq!(plan.packages[0].id.version.to_string(), "2.0.0-rc.1", "across registries, as cargo vendor does");
    let versioned = planned(ids, &PlanOptions { versioned_dirs: true, ..PlanOptions::default() }).unwrap();
    assert!(directories(&versioned).contains(&"gone-0.1.0") && directories(&versioned).contains(&"bar-2.0.0-rc.1"));
}

#[test]
fn one_release_of_two_sources_is_refused() {
    let other = Registry::parse("sparse+https://registry.example.org/index/").unwrap();
    let twin = id("bar", "1.0.0", Source::Registry(other));
    for twin in [twin, git("bar", "1.0.0", Some("0123"))] {
        let refusal = planned(vec![crates_io("bar", "1.0.0"), twin], &PlanOptions::default()).unwrap_err();
        assert!(matches!(refusal, PlanRefusal::SameRelease { .. }));
        assert!(refusal.to_string().contains("\nhelp: "), "{refusal}");
    }
    let refusal = planned(vec![crates_io("Bar", "1.0.0"), crates_io("bar", "1.0.0")], &PlanOptions::default());
    assert!(matches!(refusal, Err(PlanRefusal::SameDirectory { .. })), "{refusal:?}");
}

#[test]
fn what_was_not_judged_or_not_approved_stops_everything() {
    let facts = facts(vec![package(crates_io("bar", "1.0.0"), &[]), package(crates_io("foo", "1.0.0"), &[])]);
    let good = approved(&facts);
    assert_eq!(plan(&facts, &good, &PlanOptions::default()).unwrap().packages.len(), 2);
    let held = Reasons::of(Reason::NotInIndex, []);
    for verdict in
        [None, Some(Verdict::Local), Some(Verdict::Quarantined(held.clone())), Some(Verdict::Rejected(held.clone()))]
    {
        let mut evaluation = good.clone();
        evaluation.judgements[1].verdict = verdict;
        let refusal = plan(&facts, &evaluation, &PlanOptions::default()).unwrap_err();
        assert_eq!(refusal, PlanRefusal::NotApproved(vec![crates_io("foo", "1.0.0")]));
    }
    let mut evaluation = good.clone();
    evaluation.blockers.push(Blocker::AdvisoriesUnavailable { source: String::new(), cause: String::new() });
    assert_eq!(plan(&facts, &evaluation, &PlanOptions::default()), Err(PlanRefusal::NotApproved(Vec::new())));
    let mut evaluation = good.clone();
    evaluation.judgements.pop();
    assert!(plan(&facts, &evaluation, &PlanOptions::default()).is_err());
    let mut evaluation = good;
    evaluation.judgements.swap(0, 1);
    assert!(plan(&facts, &evaluation, &PlanOptions::default()).is_err(), "a verdict about another package");
}

#[test]
fn what_cannot_be_checked_is_refused_however_it_was_judged() {
    let mut unlocked = package(crates_io("bar", "1.0.0"), &[]);
    unlocked.checksum = LockedChecksum::Missing;
    let other = id("bar", "1.0.0", Source::Other("directory+/somewhere".into()));
    for package in [unlocked, package(git("bar", "1.0.0", None), &[]), package(other, &[])] {
        let facts = facts(vec![package]);
        assert!(plan(&facts, &approved(&facts), &PlanOptions::default()).is_err());
    }
}

fn line(name: &str, dependencies: &[(&str, &str, Option<&str>)]) -> String {
    let dependencies: Vec<_> = dependencies
        .iter()
        .map(|(name, kind, target)| serde_json::json!({"name": name, "req": "^1", "kind": kind, "target": target}))
        .collect();
    serde_json::json!({"name": name, "vers": "1.0.0", "cksum": "ab".repeat(32), "deps": dependencies}).to_string()
}

fn target(triple: &str, cfgs: &[&str]) -> TargetPlatform {
    TargetPlatform { triple: triple.to_owned(), cfgs: cfgs.iter().map(|cfg| cfg.parse::<Cfg>().unwrap()).collect() }
}

#[test]
fn packages_that_no_platform_builds_are_stubs() {
    // app → bar → { win (windows), both (windows; and everywhere as build), mac (by triple) }, win → deep
    let mut facts = facts(vec![
        package(id("app", "0.1.0", Source::Local), &[1]),
        package(crates_io("bar", "1.0.0"), &[2, 3, 4]),
        package(crates_io("win", "1.0.0"), &[5]),
        package(crates_io("both", "1.0.0"), &[]),
        package(crates_io("mac", "1.0.0"), &[]),
        package(crates_io("deep", "1.0.0"), &[]),
        package(crates_io("unknown", "1.0.0"), &[]),
    ]);
    facts.packages[0].dependencies.push(6);
    let bar = [
        ("win", "normal", Some("cfg(windows)")),
        ("both", "normal", Some("cfg(windows)")),
        ("both", "build", None),
        ("mac", "normal", Some("aarch64-apple-darwin")),
    ];
    for text in [line("bar", &bar), line("win", &[("deep", "normal", None)])] {
        let name = if text.contains("\"name\":\"bar\"") { "bar" } else { "win" };
        let history = History::from_lines(name, text, Standing::Confirmed);
        facts.index.insert(crates_io(name, "1.0.0").crate_id().unwrap(), IndexFact::Read(history.into()));
    }
    let stubs = |targets: &[TargetPlatform]| -> BTreeSet<String> {
        let plan = plan(&facts, &approved(&facts), &PlanOptions { targets, ..PlanOptions::default() }).unwrap();
        assert_eq!(plan.packages.len(), 6, "a stub is still there");
        plan.packages.iter().filter(|package| package.stub).map(|package| package.directory.clone()).collect()
    };
    let (linux, windows, mac) = (
        target("x86_64-unknown-linux-gnu", &["unix", "target_os=\"linux\""]),
        target("x86_64-pc-windows-msvc", &["windows"]),
        target("aarch64-apple-darwin", &["unix"]),
    );
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(stubs(&[]), names(&[]));
    assert_eq!(stubs(std::slice::from_ref(&linux)), names(&["win", "deep", "mac"]));
    assert_eq!(stubs(std::slice::from_ref(&windows)), names(&["mac"]));
    assert_eq!(stubs(&[linux, mac]), names(&["win", "deep"]));
}

proptest! {
    #[test]
    fn what_is_vendored_is_approved(verdicts in prop::collection::vec((0_u8..6, 0_u8..4, any::<bool>()), 0..8)) {
        let packages = verdicts.iter().enumerate().map(|(at, (_, source, has_checksum))| {
            let name = format!("crate-{at}");
            let mut package = package(match source {
                0 => id(&name, "1.0.0", Source::Local),
                1 => git(&name, "1.0.0", has_checksum.then_some("0123")),
                2 => id(&name, "1.0.0", Source::Other("x".into())),
                _ => crates_io(&name, "1.0.0"),
            }, &[]);
            if !has_checksum { package.checksum = LockedChecksum::Missing; }
            package
        }).collect();
        let facts = facts(packages);
        let mut evaluation = approved(&facts);
        for (judgement, (verdict, _, _)) in evaluation.judgements.iter_mut().zip(&verdicts) {
            let held = Reasons::of(Reason::Denied { entry: String::new() }, []);
            judgement.verdict = match verdict {
                0 => None,
                1 => Some(Verdict::Quarantined(held)),
                2 => Some(Verdict::Rejected(held)),
                _ => judgement.verdict.take(),
            };
        }
        if let Ok(plan) = plan(&facts, &evaluation, &PlanOptions::default()) {
            prop_assert!(evaluation.judgements.iter().all(|judgement| judgement.verdict.is_some() && judgement.passes()));
            let outside = facts.packages.iter().filter(|package| package.id.source != Source::Local).count();
            prop_assert_eq!(plan.packages.len(), outside);
            for package in &plan.packages {
                let verdict = &evaluation.judgements[package.position].verdict;
                prop_assert!(matches!(verdict, Some(Verdict::Approved(_))));
                prop_assert_eq!(&evaluation.judgements[package.position].id, &package.id);
            }
        }
    }
}
