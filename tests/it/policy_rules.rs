//! The rules of the decision, row by row: when a reason arises, and what lifts it.

use crate::support::facts::{
    Line, World, advisory, approval, at, checksum, crates_io, date, days_ago, now, other_registry, short, version,
    vulnerability,
};
use crate::support::rules::{ban, ignore, of_everything, one, plain};
use cargo_sequester::door::model::advisory::{AdvisoryKind, UnreadableAdvisory};
use cargo_sequester::door::model::approval::Approval;
use cargo_sequester::door::model::evaluation::{Blocker, IndexGap, Notice};
use cargo_sequester::door::model::facts::IndexFact;
use cargo_sequester::door::model::history::Standing;
use cargo_sequester::door::model::lock_proof::{LockFact, Unproven};
use cargo_sequester::door::model::package::{CrateId, LockedChecksum};
use cargo_sequester::door::model::policy::Level;
use cargo_sequester::door::model::source::Source;
use cargo_sequester::door::model::verdict::{ReasonCode, Warning};
use cargo_sequester::door::policy::evaluate;
use cargo_sequester::door::policy::evaluate::lasts_until;
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;

/// Each reason that can arise here: a world that has it, its verdict, and its verdict once a person approved all they could.
fn table() -> Vec<(&'static str, World, &'static str, &'static str)> {
    let lifted = "approved by line 7";
    let young_crate = || World::new().publish(Line::new("foo", "1.0.0").days_old(10)).lock("foo", "1.0.0");
    vec![
        ("too-new", one(Line::new("foo", "1.0.0").days_old(2)), "quarantined too-new", lifted),
        ("new-crate", young_crate(), "quarantined new-crate", lifted),
        ("unknown", one(Line::new("foo", "1.0.0").pubtime(None)), "rejected pubtime-unknown", lifted),
        ("malformed", one(Line::new("foo", "1.0.0").pubtime(Some("2020-01-01"))), "rejected pubtime-unknown", lifted),
        (
            "future",
            one(Line::new("foo", "1.0.0").days_old(-2)),
            "quarantined too-new pubtime-in-future",
            "quarantined pubtime-in-future",
        ),
        (
            "mismatch",
            plain().with(|world| world.packages[1].checksum = LockedChecksum::Known(checksum("foo", "evil"))),
            "rejected checksum-mismatch",
            "rejected checksum-mismatch",
        ),
        (
            "malformed checksum",
            plain().with(|world| world.packages[1].checksum = LockedChecksum::Malformed("ABC".into())),
            "rejected checksum-mismatch",
            "rejected checksum-mismatch",
        ),
        (
            "missing checksum",
            plain().with(|world| world.packages[1].checksum = LockedChecksum::Missing),
            "rejected checksum-missing",
            "rejected checksum-missing",
        ),
        (
            "gone",
            World::new().publish(Line::new("foo", "0.9.0")).lock("foo", "1.0.0"),
            "rejected not-in-index",
            "rejected not-in-index",
        ),
        (
            "malicious",
            plain().advise(advisory("RUSTSEC-2026-9001", "foo", AdvisoryKind::Malicious, &[], &[])),
            "rejected malicious",
            "rejected malicious",
        ),
        ("advisory", plain().advise(vulnerability("foo", &[])), "rejected advisory", "rejected advisory"),
        (
            "unreadable advisory",
            plain().with(|world| {
                world.db.as_mut().unwrap().unreadable.push(UnreadableAdvisory {
                    crate_name: "foo".into(),
                    ignorable: Some("RUSTSEC-2026-9001".into()),
                    file: "crates/foo/RUSTSEC-2026-9001.md".into(),
                    cause: "no date".into(),
                });
            }),
            "rejected advisory-unreadable",
            "rejected advisory-unreadable",
        ),
        (
            "yanked",
            one(Line::new("foo", "1.0.0").yanked()).with(|world| world.policy.advisories.yanked = Level::Reject),
            "rejected yanked",
            lifted,
        ),
        ("denied", plain().with(|world| world.policy.deny.push(ban("foo"))), "rejected denied", "rejected denied"),
    ]
}

#[test]
fn each_reason_arises_and_is_lifted_by_what_the_table_says() {
    for (name, world, without, with) in table() {
        assert_eq!(world.outcome("foo"), without, "{name}");
        let approved = world.clone().with(|world| world.approvals.push(of_everything(7)));
        assert_eq!(approved.outcome("foo"), with, "{name}, approved");
        let later = world.outcome_at("foo", days_ago(-60));
        let time_lifts = without.starts_with("quarantined");
        // The advisories are stale by then, which blocks the run and holds no package.
        assert_eq!(later == "approved aged", time_lifts, "{name}, two months later: {later}");
    }
}

#[test]
fn i5_an_approval_is_of_one_version_these_bytes_and_the_named_reasons() {
    let young = || one(Line::new("foo", "1.0.0").days_old(2));
    let by = |change: &dyn Fn(&mut Approval)| {
        let mut one = approval("foo", "1.0.0", &[ReasonCode::TooNew]);
        change(&mut one);
        young().with(|world| world.approvals.push(one)).outcome("foo")
    };
    assert_eq!(by(&|_| {}), "approved by line 7");
    assert_eq!(by(&|one| one.version = version("1.0.1")), "quarantined too-new");
    assert_eq!(by(&|one| one.version = version("1.0.0+a")), "quarantined too-new");
    assert_eq!(by(&|one| one.checksum = checksum("foo", "evil")), "quarantined too-new");
    // A name is one in every spelling; the checksum makes it this release.
    assert_eq!(by(&|one| one.crate_name = "Foo".into()), "approved by line 7");
    assert_eq!(by(&|one| one.crate_name = "fo-o".into()), "quarantined too-new");
    assert_eq!(by(&|one| one.registry = other_registry()), "quarantined too-new");
    assert_eq!(by(&|one| one.lifts = vec![ReasonCode::NewCrate, ReasonCode::Yanked]), "quarantined too-new");
    assert_eq!(by(&|one| one.lifts.clear()), "quarantined too-new");
    // A later yank is not covered.
    let yanked = one(Line::new("foo", "1.0.0").days_old(2).yanked())
        .with(|world| world.policy.advisories.yanked = Level::Reject)
        .with(|world| world.approvals.push(approval("foo", "1.0.0", &[ReasonCode::TooNew])));
    assert_eq!(yanked.outcome("foo"), "rejected yanked");
}

#[test]
fn an_approval_of_the_locked_bytes_does_not_cover_what_the_index_serves() {
    // The attacker approves the evil bytes that the lock file names; the index has others.
    let world = one(Line::new("foo", "1.0.0").days_old(2)).with(|world| {
        world.packages[1].checksum = LockedChecksum::Known(checksum("foo", "evil"));
        let mut evil = of_everything(7);
        evil.checksum = checksum("foo", "evil");
        world.approvals.push(evil);
    });
    assert_eq!(world.outcome("foo"), "rejected too-new checksum-mismatch");
}

#[test]
fn i4_an_approval_counts_through_its_last_day() {
    let until = |day: &str| {
        one(Line::new("foo", "1.0.0").days_old(2)).with(|world| {
            let mut one = approval("foo", "1.0.0", &[ReasonCode::TooNew]);
            one.until = Some(date(day));
            world.approvals.push(one);
        })
    };
    assert_eq!(until("2026-11-22").outcome("foo"), "approved by line 7");
    let end_of_day = now().checked_add(SignedDuration::from_secs(86_399)).unwrap();
    assert_eq!(until("2026-11-22").outcome_at("foo", end_of_day), "approved by line 7");
    assert_eq!(until("2026-11-21").outcome("foo"), "quarantined too-new");
    let lapsed = until("2026-11-21").evaluate();
    assert!(matches!(lapsed.notices[..], [Notice::ApprovalLapsed { line: 7, .. }]), "{:?}", lapsed.notices);
}

#[test]
fn a_decision_lasts_until_the_first_exemption_or_the_advisories_end() {
    let lasts = |advised: bool, ends: &[&str]| {
        let world = plain().with(|world| {
            world.db = world.db.take().filter(|_| advised);
            world.approvals.extend(ends.iter().map(|day| Approval { until: Some(date(day)), ..of_everything(7) }));
        });
        lasts_until(&world.facts(), &world.policy, &world.approvals, now())
    };
    // Confirmed an hour ago, advisories are fresh for three days.
    let stale = at("2026-11-24T23:00:00Z");
    assert_eq!(lasts(true, &[]), stale);
    assert_eq!(lasts(true, &["2026-11-30"]), stale);
    // A last day counts whole, today's too; one that is over ends nothing more.
    assert_eq!(lasts(true, &["2026-11-30", "2026-11-22"]), at("2026-11-23T00:00:00Z"));
    assert_eq!(lasts(true, &["2026-11-21"]), stale);
    assert_eq!(lasts(false, &["2026-11-30"]), at("2026-12-01T00:00:00Z"));
    assert_eq!(lasts(false, &["9999-12-31"]), Timestamp::MAX);
    assert_eq!(lasts(false, &[]), Timestamp::MAX);
}

#[test]
fn what_time_does_not_lift_is_only_approved_with_an_end() {
    let unknown = |until: Option<&str>| {
        one(Line::new("foo", "1.0.0").pubtime(None)).with(|world| {
            let mut one = approval("foo", "1.0.0", &[ReasonCode::PubtimeUnknown]);
            one.until = until.map(date);
            world.approvals.push(one);
        })
    };
    assert_eq!(unknown(Some("2026-11-22")).outcome("foo"), "approved by line 7");
    assert_eq!(unknown(None).outcome("foo"), "rejected pubtime-unknown");
}

#[test]
fn approvals_that_do_nothing_are_named() {
    let notices = |world: World, one: Approval| world.with(|world| world.approvals.push(one)).evaluate().notices;
    assert!(matches!(notices(plain(), of_everything(9))[..], [Notice::ApprovalUnused { line: 9, .. }]));
    let mut other = of_everything(9);
    other.checksum = checksum("foo", "evil");
    assert!(matches!(notices(plain(), other)[..], [Notice::ApprovalOfOtherBytes { line: 9, .. }]));
    assert!(notices(one(Line::new("foo", "1.0.0").days_old(2)), of_everything(9)).is_empty());
}

#[test]
fn c8_a_yanked_release_is_a_warning_and_never_a_way_out() {
    let world = one(Line::new("foo", "1.0.0").yanked()).publish(Line::new("foo", "1.0.1").days_old(1));
    assert_eq!(world.outcome("foo"), "approved aged");
    let judgement = world.judgement("foo");
    assert_eq!((judgement.warnings, judgement.yanked), (vec![Warning::Yanked], Some(true)));
    let silent = world.with(|world| world.policy.advisories.yanked = Level::Allow);
    assert!(silent.judgement("foo").warnings.is_empty());
}

#[test]
fn e3_informational_advisories_and_withdrawn_ones() {
    for kind in [AdvisoryKind::Unsound, AdvisoryKind::Unmaintained, AdvisoryKind::Notice] {
        let world = plain().advise(advisory("RUSTSEC-2026-9001", "foo", kind, &[], &[]));
        let level = |level: Level| {
            world.clone().with(|world| {
                let policy = &mut world.policy.advisories;
                *match kind {
                    AdvisoryKind::Unsound => &mut policy.unsound,
                    AdvisoryKind::Unmaintained => &mut policy.unmaintained,
                    AdvisoryKind::Malicious | AdvisoryKind::Vulnerability | AdvisoryKind::Notice => &mut policy.notice,
                } = level;
            })
        };
        let judgement = level(Level::Warn).judgement("foo");
        assert!(judgement.passes());
        assert!(matches!(&judgement.warnings[..], [Warning::Advisory { kind: said, .. }] if *said == kind));
        assert_eq!(level(Level::Reject).outcome("foo"), "rejected advisory");
        let allowed = level(Level::Allow).judgement("foo");
        assert!(allowed.passes() && allowed.warnings.is_empty());
        // What hits is listed, whatever the policy makes of it.
        assert_eq!(allowed.advisories, [Arc::from("RUSTSEC-2026-9001")]);
    }
    let mut withdrawn = vulnerability("foo", &[]);
    withdrawn.withdrawn = true;
    assert!(plain().advise(withdrawn).judgement("foo").advisories.is_empty());
}

#[test]
fn an_ignore_is_of_one_id_until_its_day_and_never_of_malice() {
    let ignored = |kind, id: &str, until: &str| {
        let world = plain().advise(advisory("RUSTSEC-2026-9001", "foo", kind, &[], &[]));
        world.with(|world| world.policy.advisories.ignore.push(ignore(id, until))).outcome("foo")
    };
    assert_eq!(ignored(AdvisoryKind::Vulnerability, "RUSTSEC-2026-9001", "2026-11-22"), "approved aged");
    assert_eq!(ignored(AdvisoryKind::Vulnerability, "RUSTSEC-2026-9001", "2026-11-21"), "rejected advisory");
    assert_eq!(ignored(AdvisoryKind::Vulnerability, "RUSTSEC-2026-9002", "2026-12-31"), "rejected advisory");
    // E4: whatever told that it is malicious, nothing lifts it.
    assert_eq!(ignored(AdvisoryKind::Malicious, "RUSTSEC-2026-9001", "2026-12-31"), "rejected malicious");
    let of_crate = |name: &str| {
        let mut one = ignore("RUSTSEC-2026-9001", "2026-12-31");
        one.crate_name = Some(name.into());
        let world = plain().advise(vulnerability("foo", &[]));
        world.with(|world| world.policy.advisories.ignore.push(one)).outcome("foo")
    };
    assert_eq!(of_crate("foo"), "approved aged");
    assert_eq!(of_crate("bar"), "rejected advisory");
}

#[test]
fn e5_an_unreadable_advisory_holds_its_crate_alone_until_it_is_ignored_by_its_id() {
    let mut world = plain().publish(Line::new("bar", "1.0.0")).lock("bar", "1.0.0").with(|world| {
        world.db.as_mut().unwrap().unreadable.push(UnreadableAdvisory {
            crate_name: "foo".into(),
            ignorable: Some("RUSTSEC-2026-9001".into()),
            file: "crates/foo/RUSTSEC-2026-9001.md".into(),
            cause: "no date".into(),
        });
    });
    assert_eq!(world.outcome("foo"), "rejected advisory-unreadable");
    assert_eq!(world.outcome("bar"), "approved aged");
    assert_eq!(world.evaluate().blockers, []);
    let mut of_another = ignore("RUSTSEC-2026-9001", "2026-11-22");
    of_another.crate_name = Some("bar".into());
    world.policy.advisories.ignore.extend([of_another, ignore("RUSTSEC-2026-9002", "2026-11-22")]);
    assert_eq!(world.outcome("foo"), "rejected advisory-unreadable", "what is ignored is another crate's, or another");
    world.policy.advisories.ignore.push(ignore("RUSTSEC-2026-9001", "2026-11-22"));
    assert_eq!(world.outcome("foo"), "approved aged");
    assert!(matches!(world.judgement("foo").warnings[..], [Warning::Ignored { .. }]));
    assert_eq!(world.outcome_at("foo", at("2026-11-23T00:00:00Z")), "rejected advisory-unreadable");
    // What may be about malice, nobody ignores.
    world.db.as_mut().unwrap().unreadable[0].ignorable = None;
    assert_eq!(world.outcome("foo"), "rejected advisory-unreadable");
}

#[test]
fn what_the_index_does_not_tell_is_never_approved() {
    let with = |fact: Option<IndexFact>| {
        let world = plain().with(|world| world.approvals.push(of_everything(7)));
        let mut facts = world.facts();
        facts.index.clear();
        facts.index.extend(fact.map(|fact| (crates_io("foo"), fact)));
        let evaluation = evaluate(&facts, &world.policy, &world.approvals, now());
        (short(&evaluation.judgements[1]), evaluation.blockers.len())
    };
    assert_eq!(with(None), ("rejected index-unavailable".into(), 1));
    assert_eq!(with(Some(IndexFact::Gone)), ("rejected not-in-index".into(), 0));
    assert_eq!(with(Some(IndexFact::Unavailable(IndexGap::GitIndex))), ("rejected index-unavailable".into(), 1));
    // A cached entry may be older than the release.
    let cached = World::new()
        .publish(Line::new("foo", "0.9.0"))
        .lock("foo", "1.0.0")
        .with(|world| world.standing = Standing::Cached(None));
    assert_eq!(cached.outcome("foo"), "rejected index-unavailable");
    assert!(matches!(
        &cached.evaluate().blockers[..],
        [Blocker::IndexUnavailable { cause: IndexGap::NotInCachedEntry, .. }]
    ));
    // Advisories and the rest count for it all the same.
    let hit = World::new().lock("foo", "1.0.0").advise(vulnerability("foo", &[]));
    assert_eq!(hit.outcome("foo"), "rejected index-unavailable advisory");
}

#[test]
fn a_registry_that_is_not_named_blocks_nothing_where_that_rejects_already() {
    let asked = |allowed: bool| {
        let other = other_registry();
        let world = World::new().lock_in(other.clone(), "foo", "1.0.0");
        let world = world.with(|world| {
            world.policy.sources.allow_registries.extend(allowed.then(|| other.clone()));
        });
        let mut facts = world.facts();
        let crate_id = CrateId { registry: other, name: "foo".into() };
        facts.index.insert(crate_id, IndexFact::Unavailable(IndexGap::NotNamed));
        let evaluation = evaluate(&facts, &world.policy, &world.approvals, now());
        (short(&evaluation.judgements[1]), evaluation.blockers.len())
    };
    assert_eq!(asked(false), ("rejected source-not-allowed".into(), 0));
    // Where the policy allows it, nobody asked although somebody should have.
    assert_eq!(asked(true), ("rejected index-unavailable".into(), 1));
    // And of a registry that is not allowed, anything else that is missing is told.
    let world = World::new().lock_in(other_registry(), "foo", "1.0.0");
    assert_eq!(world.evaluate().blockers.len(), 1);
}

#[test]
fn a_change_is_judged_by_what_its_registry_says_today() {
    let blocked = |with_base: bool, standing: Standing| {
        let mut world = plain().with(|world| world.standing = standing);
        if with_base {
            world = world.after(&World::new());
        }
        let evaluation = world.evaluate();
        assert_eq!(short(&evaluation.judgements[1]), "approved aged");
        evaluation
            .blockers
            .iter()
            .any(|one| matches!(one, Blocker::IndexUnavailable { cause: IndexGap::Unconfirmed, .. }))
    };
    assert!(blocked(true, Standing::Cached(None)));
    assert!(!blocked(true, Standing::Confirmed));
    assert!(!blocked(false, Standing::Cached(None)));
    assert!(!blocked(false, Standing::Confirmed));
}

#[test]
fn what_nobody_could_tell_of_the_lock_file_is_said_once() {
    let blockers = |lock: LockFact| {
        let world = plain();
        let mut facts = world.facts();
        facts.lock = lock;
        evaluate(&facts, &world.policy, &world.approvals, now()).blockers
    };
    // Where packages' own reasons say why, there is nothing left to say.
    assert_eq!(blockers(LockFact::Unproven { why: Vec::new(), cause: None }), []);
    let id = plain().packages[1].id.clone();
    let why = vec![Unproven::NoLine(id)];
    let told = blockers(LockFact::Unproven { why: why.clone(), cause: Some("no".into()) });
    assert_eq!(told, [Blocker::LockUnproven { why, cause: Some("no".into()) }]);
    assert_eq!(blockers(LockFact::Answered), []);
}

#[test]
fn a_package_from_outside_the_workspace_is_told() {
    let outside = |inside_workspace: bool| {
        let world = World::new();
        let world = world.with(|world| world.packages[0].local.as_mut().unwrap().inside_workspace = inside_workspace);
        world.judgement("app").warnings
    };
    assert_eq!(outside(true), []);
    assert_eq!(outside(false), [Warning::OutsideWorkspace { path: "/app".into() }]);
    let world = World::new();
    let world = world.with(|world| world.packages[0].local.as_mut().unwrap().other_repository = true);
    assert_eq!(world.judgement("app").warnings, [Warning::OtherRepository { path: "/app".into() }]);
}

#[test]
fn all_reasons_at_once_in_one_order() {
    let world = World::new()
        .publish(Line::new("foo", "1.0.0").days_old(-1).yanked())
        .lock("foo", "1.0.0")
        .advise(vulnerability("foo", &[]))
        .advise(advisory("RUSTSEC-2026-9002", "foo", AdvisoryKind::Malicious, &[], &[]))
        .with(|world| {
            world.policy.advisories.yanked = Level::Reject;
            world.policy.deny.push(ban("foo"));
            world.packages[1].checksum = LockedChecksum::Missing;
        });
    let all = "rejected too-new new-crate pubtime-in-future checksum-missing malicious advisory yanked denied";
    assert_eq!(world.outcome("foo"), all);
}

#[test]
fn a_base_is_judged_by_name_version_source_and_checksum() {
    let young = || one(Line::new("foo", "1.0.0").days_old(2));
    let base = |change: &dyn Fn(&mut (cargo_sequester::door::model::package::PackageId, Option<_>))| {
        let mut entry = (young().packages[1].id.clone(), Some(checksum("foo", "1.0.0")));
        change(&mut entry);
        young().with(|world| world.base = Some(vec![entry])).outcome("foo")
    };
    assert_eq!(base(&|_| {}), "not-judged");
    assert_eq!(base(&|entry| entry.0.name = "bar".into()), "quarantined too-new");
    assert_eq!(base(&|entry| entry.0.version = version("1.0.1")), "quarantined too-new");
    assert_eq!(base(&|entry| entry.0.source = Source::Registry(other_registry())), "quarantined too-new");
    assert_eq!(base(&|entry| entry.1 = Some(checksum("foo", "evil"))), "quarantined too-new");
    assert_eq!(base(&|entry| entry.1 = None), "quarantined too-new");
    // Two texts that are no digests are no ground to look away.
    let malformed = young().with(|world| {
        world.packages[1].checksum = LockedChecksum::Malformed("x".into());
        world.base = Some(vec![(world.packages[1].id.clone(), None)]);
    });
    assert_eq!(malformed.outcome("foo"), "rejected too-new checksum-mismatch");
}
