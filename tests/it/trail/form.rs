//! The canonical form: one event, one text, one id.

use super::{at, checksum, crates_io, event, noon, release, tools, version};
use cargo_sequester::door::model::package::CrateId;
use cargo_sequester::door::model::resemblance::Likeness;
use cargo_sequester::door::model::signal::{Imitated, Signal};
use cargo_sequester::door::model::source::Registry;
use cargo_sequester::door::model::trail::event::TRAIL_EVENT_V1;
use cargo_sequester::door::model::trail::release::{ApprovalRecord, parse_purl, purl};
use cargo_sequester::door::model::trail::{
    AdvisoryCopy, Event, EventError, EventFileName, EventId, Kind, PolicyChange, ReleaseRecord, Schema,
};
use cargo_sequester::door::model::verdict::{
    Basis, FixNeed, FixRole, LockedBy, Reason, ReasonCode, Reasons, Verdict, VerdictCode,
};

/// An event with everything in it.
pub fn full() -> Event {
    let mut event = event(Kind::Approved, at("2026-11-22T17:05:00.75Z"));
    event.advisories = Some(AdvisoryCopy {
        commit: Some("0123456789abcdef0123456789abcdef01234567".to_owned()),
        source: "https://example.org/advisories.tar.gz".to_owned(),
        time: Some(noon(21)),
    });
    event.machine_time = Some(at("2026-11-22T17:06:30Z"));
    event.min_publish_age_seconds = Some(86_400);
    event.parents = [EventId::of(b"one"), EventId::of(b"two")].into();
    event.policy = Some(checksum(7));
    event.loosened = vec![PolicyChange {
        before: Some("7 days".to_owned()),
        key: "quarantine.min-publish-age".to_owned(),
        now: Some("1 day".to_owned()),
    }];
    let imitated = Imitated::Name { name: "serde".into(), how: Likeness::Edit };
    let signal = Signal::LookAlike { imitated, first_published: None };
    let held = Reasons::of(
        Reason::Signal { signal, eligible_at: Some(noon(30)) },
        [Reason::Malicious { advisory: "RUSTSEC-2026-9001".into() }],
    );
    let mut approved = release("cc", "1.11.3", 1, "2026-11-20T11:48:48Z");
    approved.replaced = Some(version("1.11.2"));
    approved.tree = Some(checksum(2));
    approved.approval = Some(ApprovalRecord {
        ignores: vec!["RUSTSEC-2026-9002".to_owned()],
        lifts: vec![ReasonCode::TooNew],
        reason: Some("read the diff\nline by line".to_owned()),
        until: Some("2026-12-22".parse().unwrap()),
    });
    let need = FixNeed::Vulnerable { version: version("4.0.0"), locked_by: LockedBy::LockFile };
    let fix = FixRole::Companion { of: "clap".into(), version: version("4.0.1") };
    let fixed = Basis::SecurityFix { advisory: "RUSTSEC-2026-9003".into(), fix, need };
    let elsewhere = Registry::parse("sparse+https://my.registry/index/").unwrap();
    event.releases = vec![
        approved.with_verdict(&Verdict::Approved(Basis::Aged)),
        release("serd", "1.0.0+a.b", 3, "2026-11-21T00:00:00Z").with_verdict(&Verdict::Rejected(held)),
        ReleaseRecord::new(CrateId { registry: elsewhere, name: "inner".into() }, version("0.1.0-rc.1"))
            .with_verdict(&Verdict::Approved(fixed)),
    ];
    event
}

#[test]
fn the_form_and_the_id_stay_as_they_are() {
    let bytes = full().to_bytes().unwrap();
    let id = EventId::of(&bytes);
    insta::assert_snapshot!(String::from_utf8(bytes).unwrap());
    assert_eq!(id.to_string(), "14ac88089f9ab48f66d43491829438f5737be0bc0ed4b766ed57dda008c2925b");
    assert_eq!(full().file_name(id).to_string(), format!("20261122T170630Z-{id}.json"));
}

#[test]
fn the_smallest_event_stays_as_it_is() {
    let bytes = Event::new(Kind::Init, noon(1), tools()).to_bytes().unwrap();
    insta::assert_snapshot!(String::from_utf8(bytes).unwrap());
}

#[test]
fn what_is_written_reads_back() {
    let event = full();
    let read = Event::parse(&event.to_bytes().unwrap()).unwrap();
    assert_eq!(read, event);
    assert_eq!(read.releases[1].verdict, Some(VerdictCode::Rejected));
    assert_eq!(read.schema, Schema::V1);
}

/// Keys are sorted at every depth: a map that sorts its keys writes the same compact text.
#[test]
fn keys_are_sorted() {
    let text = String::from_utf8(full().to_bytes().unwrap()).unwrap();
    let compact: String = text.lines().map(|line| line.trim_start().replacen("\": ", "\":", 1)).collect();
    let sorted: std::collections::BTreeMap<String, serde_json::Value> = serde_json::from_str(&text).unwrap();
    assert_eq!(compact, serde_json::to_string(&sorted).unwrap());
    let releases = sorted["releases"].as_array().unwrap().len();
    assert_eq!(text.lines().filter(|line| line.starts_with("    {\"") && line.contains("purl")).count(), releases);
}

#[test]
fn other_spellings_are_refused() {
    let text = String::from_utf8(full().to_bytes().unwrap()).unwrap();
    let parse = |text: &str| Event::parse(text.as_bytes()).unwrap_err();
    assert_eq!(parse(text.trim_end()), EventError::NotCanonical);
    assert_eq!(parse(&text.replace("\": ", "\":")), EventError::NotCanonical);
    assert_eq!(parse(&text.replace("\"approved\"", "\"\\u0061pproved\"")), EventError::NotCanonical);
    assert_eq!(parse(&text.replace("2026-12-22", "20261222")), EventError::NotCanonical);
    for broken in [
        text.replace("\"kind\"", "\"surprise\": 1,\n  \"kind\""),
        text.replace("\"kind\": \"approved\"", "\"kind\": \"approved\",\n  \"kind\": \"init\""),
        text.replace("approved", "blessed"),
        text.replace("pkg:cargo/cc@1.11.3", "pkg:npm/cc@1.11.3"),
        text.replace("pkg:cargo/serd@", "pkg:cargo/serd%65@1#"),
        text.replace("?repository_url=https:%2F%2Fmy.registry%2Findex%2F", ""),
        text.replace("2026-11-22T17:05:00Z", "2026-11-22T17:05:00+00:00"),
    ] {
        assert_ne!(broken, text);
        assert!(matches!(parse(&broken), EventError::Unreadable(_)), "{broken}");
    }
    let newer = text.replace(TRAIL_EVENT_V1, "urn:cargo-sequester:trail-event-v2").replace("\"kind\"", "\"sort\"");
    assert_eq!(parse(&newer), EventError::UnknownSchema("urn:cargo-sequester:trail-event-v2".into()));
}

#[test]
fn every_reason_and_basis_has_the_name_that_reports_use() {
    let record = |reason: Reason| {
        let verdict = Verdict::Rejected(Reasons::of(reason, []));
        ReleaseRecord::new(crates_io("bar"), version("1.0.0")).with_verdict(&verdict).reasons.remove(0)
    };
    assert_eq!(record(Reason::NotInIndex).code, ReasonCode::NotInIndex);
    let yanked = Signal::YankLure { yanked: vec![version("1.0.0"), version("1.0.1")], seen: None };
    let signal = record(Reason::Signal { signal: yanked, eligible_at: Some(noon(9)) });
    assert_eq!((signal.about.as_deref(), signal.until), (Some("1.0.0, 1.0.1"), Some(noon(9))));
    for kind in Kind::ALL {
        assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
    }
    for basis in [Basis::Aged, Basis::TrustedRegistry, Basis::AllowedSource] {
        let record = ReleaseRecord::new(crates_io("bar"), version("1.0.0"))
            .with_verdict(&Verdict::Approved(basis))
            .basis
            .unwrap();
        assert_eq!(serde_json::to_value(record.code).unwrap(), record.code.as_str());
    }
}

#[test]
fn package_urls_follow_the_specification() {
    let other = |url: &str| CrateId { registry: Registry::parse(url).unwrap(), name: "a_b-C".into() };
    assert_eq!(purl(&crates_io("serde"), &version("1.0.228")), "pkg:cargo/serde@1.0.228");
    assert_eq!(purl(&crates_io("serde"), &version("1.0.0-rc.1+a.1")), "pkg:cargo/serde@1.0.0-rc.1%2Ba.1");
    let expected = "pkg:cargo/a_b-C@1.0.0?repository_url=https:%2F%2Fmy.registry%2Fi%3Fa%3D%26%2F";
    assert_eq!(purl(&other("sparse+https://my.registry/i?a=&"), &version("1.0.0")), expected);
    assert_eq!(parse_purl(expected), Ok(("a_b-C".to_owned(), version("1.0.0"))));
    assert_eq!(parse_purl("pkg:cargo/serde@1.0.0%2ba"), Ok(("serde".to_owned(), version("1.0.0+a"))));
    for wrong in [
        "cargo/serde@1.0.0",
        "pkg:npm/serde@1.0.0",
        "pkg:cargo/serde",
        "pkg:cargo/@1.0.0",
        "pkg:cargo/serde@1",
        "pkg:cargo/ns/serde@1.0.0",
        "pkg:cargo/serde@1.0.0#sub",
        "pkg:cargo/serd%6@1.0.0",
        "pkg:cargo/serd%GG@1.0.0",
        "pkg:cargo/serd%FF@1.0.0",
        "pkg:cargo/se rde@1.0.0",
    ] {
        assert!(parse_purl(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_file_name_has_one_spelling() {
    let name = EventFileName::new(noon(5), EventId::of(b"x"));
    assert_eq!(name.to_string().parse(), Ok(name));
    let id = name.id;
    for wrong in [
        format!("2026-11-05T120000Z-{id}.json"),
        format!("20261105T120000-{id}.json"),
        format!("20261105t120000z-{id}.json"),
        format!("20261105T120000.0Z-{id}.json"),
        format!("20261105T120000Z-{}.json", id.to_string().to_uppercase()),
        format!("20261105T120000Z-{id}.JSON"),
        format!("../20261105T120000Z-{id}.json"),
        "README.md".to_owned(),
    ] {
        assert!(wrong.parse::<EventFileName>().is_err(), "{wrong}");
    }
}
