//! What the trail has of approvals and ignores, and what it has no more.
#![expect(clippy::unwrap_used, reason = "a test fails by it")]

use super::{PolicyDrift, policy_drift};
use crate::model::approval::Approval;
use crate::model::policy::{Ignore, Policy};
use crate::model::trail::release::ApprovalRecord;
use crate::model::trail::{Event, Kind, PolicyChange, ReleaseRecord, Trail};
use crate::model::verdict::ReasonCode;
use crate::policy::by_hand::{checksum, crates_io, days_ago, event, trail, version};

const UNTIL: &str = "2026-12-31";

fn release(name: &str, number: &str) -> ReleaseRecord {
    let checksum = Some(checksum(&format!("{name}@{number}")));
    ReleaseRecord { checksum, ..ReleaseRecord::new(crates_io(name), version(number)) }
}

fn given(record: ReleaseRecord) -> ReleaseRecord {
    let (lifts, until) = (vec![ReasonCode::TooNew], UNTIL.parse().ok());
    ReleaseRecord { approval: Some(ApprovalRecord { lifts, until, ..ApprovalRecord::default() }), ..record }
}

fn ignoring(id: &str, record: ReleaseRecord) -> ReleaseRecord {
    let (ignores, until) = (vec![id.to_owned()], UNTIL.parse().ok());
    ReleaseRecord { approval: Some(ApprovalRecord { ignores, until, ..ApprovalRecord::default() }), ..record }
}

fn written(name: &str, number: &str) -> Approval {
    Approval {
        crate_name: name.into(),
        registry: crates_io(name).registry,
        version: version(number),
        checksum: checksum(&format!("{name}@{number}")),
        lifts: vec![ReasonCode::TooNew],
        reason: String::new(),
        by: None,
        at: None,
        until: UNTIL.parse().ok(),
        line: 1,
    }
}

/// A trail that begins with rules, of one event a day.
fn following(events: Vec<Event>) -> Trail {
    let rules = Event { rules: Some("rules".to_owned()), ..event(Kind::Init, days_ago(60), Vec::new()) };
    let daily = (1_i64..).zip(events).map(|(day, event)| Event { time: days_ago(60 - day), ..event });
    trail([rules].into_iter().chain(daily).collect())
}

fn loosened(trail: &Trail, policy: &Policy, approvals: &[Approval]) -> Vec<String> {
    match policy_drift(trail, Some(Policy::default()), (policy, approvals), "rules") {
        PolicyDrift::None => Vec::new(),
        PolicyDrift::Changed => panic!("it says the same"),
        PolicyDrift::Loosened(changes) => changes.into_iter().map(|change| change.key).collect(),
    }
}

#[test]
fn rules_that_nobody_can_read_any_more_are_the_same_where_their_text_is() {
    let drift = |rules: &str| policy_drift(&following(Vec::new()), None, (&Policy::default(), &[]), rules);
    assert_eq!(drift("rules"), PolicyDrift::None);
    let change = PolicyChange { before: None, key: "sequester.toml".to_owned(), now: None };
    assert_eq!(drift("other rules"), PolicyDrift::Loosened(vec![change]));
}

#[test]
fn an_approval_that_was_taken_back_is_told_when_it_stands_there_again_and_no_other() {
    let three = || [("foo", "1.0.0"), ("foo", "1.1.0"), ("bar", "1.0.0")];
    let records = three().map(|(name, number)| given(release(name, number)));
    let approved = event(Kind::Approved, days_ago(0), records.into());
    let approvals = three().map(|(name, number)| written(name, number));
    assert_eq!(loosened(&following(vec![approved.clone()]), &Policy::default(), &approvals), [""; 0]);
    let revoked = event(Kind::Revoked, days_ago(0), vec![release("foo", "1.0.0")]);
    let trail = following(vec![approved, revoked]);
    assert_eq!(loosened(&trail, &Policy::default(), &approvals), ["approval foo@1.0.0"]);
}

#[test]
fn an_ignore_that_was_taken_back_is_told_when_it_stands_there_again_and_no_other() {
    let ids = ["RUSTSEC-2026-0001", "RUSTSEC-2026-0002"];
    let told = |id: &str| PolicyChange {
        before: None,
        key: format!("advisories.ignore {id}"),
        now: Some(format!("until {UNTIL}")),
    };
    let mut policy = Policy::default();
    policy.advisories.ignore.extend(ids.map(|id| Ignore {
        id: id.into(),
        crate_name: Some("foo".into()),
        reason: String::new(),
        until: UNTIL.parse().unwrap(),
        justification: None,
        line: 1,
    }));
    let by_hand = Event { loosened: ids.map(told).into(), ..event(Kind::PolicyLoosened, days_ago(0), Vec::new()) };
    let by_command = event(Kind::Approved, days_ago(0), ids.map(|id| ignoring(id, release("foo", "1.0.0"))).into());
    let revoked = event(Kind::Revoked, days_ago(0), vec![ignoring(ids[0], release("foo", "1.0.0"))]);
    for given in [by_hand, by_command] {
        assert_eq!(loosened(&following(vec![given.clone()]), &policy, &[]), [""; 0]);
        let trail = following(vec![given, revoked.clone()]);
        assert_eq!(loosened(&trail, &policy, &[]), ["advisories.ignore RUSTSEC-2026-0001"]);
    }
}
