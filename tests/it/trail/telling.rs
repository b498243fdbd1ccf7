//! How a trail is told: to people, to machines, as a statement about one release.

use std::collections::BTreeSet;

use super::form::full;
use super::{Folder, checksum, crates_io, event, four, noon, release, version};
use cargo_sequester::door::model::last_word::Today;
use cargo_sequester::door::model::trail::event::PolicyChange;
use cargo_sequester::door::model::trail::release::ApprovalRecord;
use cargo_sequester::door::model::trail::{AdvisoryCopy, EventId, Kind, Selection, Trail, TrailFinding};
use cargo_sequester::door::model::verdict::{Basis, Reason, ReasonCode, Reasons, Verdict};
use cargo_sequester::door::policy::last_word::last_word;
use cargo_sequester::door::report::context::Verbosity;
use cargo_sequester::door::report::log::{LogReport, human, json, verification};
use cargo_sequester::door::report::notice::trail_finding;
use cargo_sequester::door::report::vsa::{self, Stating, VsaError, statement};
use jiff::Timestamp;

fn report<'a>(trail: &'a Trail, selection: &'a Selection) -> LogReport<'a> {
    LogReport { trail, selection, heads: None }
}

fn told(trail: &Trail, selection: &Selection, verbosity: Verbosity) -> String {
    let mut out = Vec::new();
    human(&report(trail, selection), verbosity, &mut out).unwrap();
    plain(&out)
}

/// Without colours.
fn plain(out: &[u8]) -> String {
    anstream::adapter::strip_str(std::str::from_utf8(out).unwrap()).to_string()
}

/// A day of everything: adoption, a loosened policy, an approval on another branch, a join with many releases.
fn eventful() -> Folder {
    let folder = Folder::new();
    folder.add(event(Kind::Init, noon(1)));
    let before = folder.read();
    let mut loosened = event(Kind::PolicyLoosened, noon(2));
    let key = "quarantine.min-publish-age".to_owned();
    loosened.loosened = vec![PolicyChange { before: Some("7 days".to_owned()), key, now: Some("1 day".to_owned()) }];
    folder.add(loosened);
    let approved = full();
    cargo_sequester::door::write::trail::append(&folder.dir, &before, approved).unwrap();
    let mut join = event(Kind::Vendored, noon(24));
    join.who = None;
    join.without_advisories = true;
    join.releases = (0..12)
        .map(|patch| {
            let record = release("bar", &format!("1.0.{patch}"), patch, "2026-01-01T00:00:00Z");
            record.with_verdict(&Verdict::Approved(Basis::Aged))
        })
        .collect();
    folder.add(join);
    folder
}

#[test]
fn a_trail_is_told_newest_first() {
    let trail = eventful().read();
    insta::assert_snapshot!(told(&trail, &Selection::default(), Verbosity::Normal));
}

#[test]
fn a_reader_chooses_by_crate_kind_and_day() {
    let trail = eventful().read();
    let kinds = |selection: Selection| -> Vec<_> { selection.of(&trail).iter().map(|(_, event)| event.kind).collect() };
    let all = Selection::default;
    let bar = Selection { crate_name: Some("bar".into()), version: Some(version("1.0.3")), ..all() };
    assert_eq!(kinds(bar.clone()), [Kind::Vendored]);
    let text = told(&trail, &bar, Verbosity::Normal);
    assert!(text.contains("bar@1.0.3") && !text.contains("bar@1.0.4"), "{text}");
    assert_eq!(kinds(Selection { crate_name: Some("cc".into()), ..all() }), [Kind::Approved]);
    assert_eq!(kinds(Selection { crate_name: Some("absent".into()), ..all() }), []);
    let kind = |kind| Selection { kinds: BTreeSet::from([kind]), ..all() };
    assert_eq!(kinds(kind(Kind::PolicyLoosened)), [Kind::PolicyLoosened]);
    let day = |text: &str| Some(text.parse().unwrap());
    assert_eq!(kinds(Selection { since: day("2026-11-24"), ..all() }), [Kind::Vendored]);
    assert_eq!(kinds(Selection { until: day("2026-11-01"), ..all() }), [Kind::Init]);
    let second = Selection { since: day("2026-11-02"), until: day("2026-11-02"), ..all() };
    assert_eq!(kinds(second), [Kind::PolicyLoosened]);
    assert_eq!(kinds(all()), [Kind::Vendored, Kind::Approved, Kind::PolicyLoosened, Kind::Init]);
}

#[test]
fn verification_says_what_is_wrong_and_prints_the_heads() {
    let (folder, ids) = four();
    let verify = |trail: &Trail, expected: &[EventId]| {
        let (selection, heads) = (Selection::default(), trail.check_heads(expected));
        let report = LogReport { heads: Some(&heads), ..report(trail, &selection) };
        let mut out = Vec::new();
        verification(&report, &mut out).unwrap();
        (report.is_whole(), plain(&out))
    };
    let (whole, text) = verify(&folder.read(), &[ids[1]]);
    assert!(whole && text.contains(&format!("Head {}", ids[3])) && text.contains("Verified 4 events"), "{text}");
    std::fs::write(folder.path(ids[1]), "{}").unwrap();
    std::fs::remove_file(folder.path(ids[2])).unwrap();
    std::fs::write(folder.dir.join("\u{1b}[2J\n::error::x"), "").unwrap();
    let (whole, text) = verify(&folder.read(), &[EventId::of(b"elsewhere")]);
    assert!(!whole);
    insta::assert_snapshot!(text);
}

fn schema() -> serde_json::Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/log-v1.schema.json");
    let schema = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    jsonschema::draft202012::meta::validate(&schema).unwrap();
    schema
}

fn assert_valid(schema: &serde_json::Value, document: &serde_json::Value) {
    let schema = jsonschema::draft202012::options().should_validate_formats(true).build(schema).unwrap();
    let errors: Vec<_> =
        schema.iter_errors(document).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

#[test]
fn the_json_follows_its_schema() {
    let folder = eventful();
    std::fs::write(folder.dir.join("notes\u{202e}"), "").unwrap();
    let trail = folder.read();
    let selection = Selection::default();
    let heads = trail.check_heads(&[EventId::of(b"elsewhere")]);
    let schema = schema();
    for heads in [None, Some(&heads)] {
        let mut out = Vec::new();
        json(&LogReport { heads, ..report(&trail, &selection) }, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(!text.contains('\u{202e}'), "{text}");
        let document: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_valid(&schema, &document);
        assert_eq!(document["events"].as_array().unwrap().len(), 4);
        assert_eq!((&document["problems"][0]["file"], &document["whole"]), (&"notes\u{202e}".into(), &false.into()));
    }
    let mut of_event = schema.clone();
    for key in ["required", "properties"] {
        of_event[key] = schema["$defs"]["event"][key].clone();
    }
    for name in folder.names().iter().filter(|name| name.starts_with("2026")) {
        assert_valid(&of_event, &serde_json::from_slice(&std::fs::read(folder.dir.join(name)).unwrap()).unwrap());
    }
}

#[test]
fn f1_nothing_from_outside_is_obeyed() {
    let folder = Folder::new();
    let mut hostile = full();
    let evil = "\u{1b}]8;;https://example.org\u{7}\n::error::\u{202e}##vso[x]";
    hostile.who.as_mut().unwrap().name = evil.to_owned();
    hostile.loosened[0].key = evil.to_owned();
    hostile.advisories.as_mut().unwrap().commit = Some(evil.to_owned());
    hostile.releases[0].crate_id.name = evil.into();
    hostile.releases[0].approval.as_mut().unwrap().reason = Some(evil.to_owned());
    hostile.releases[1].reasons[0].about = Some(evil.to_owned());
    folder.add(hostile);
    let trail = folder.read();
    assert!(trail.problems.is_empty(), "such text is legal, and no reason to hide an event");
    let text = told(&trail, &Selection::default(), Verbosity::Verbose);
    for line in text.lines() {
        assert!(!line.trim_start().starts_with("::"), "{line:?}");
        assert!(!line.chars().any(|c| c.is_control() || c == '\u{202e}') && !line.contains("##"), "{line:?}");
    }
}

#[test]
fn findings_are_said_in_a_sentence() {
    let bar = crates_io("bar");
    let findings = [
        TrailFinding::ReleaseVanished { crate_id: bar.clone(), version: version("1.1.0"), since: noon(2) },
        TrailFinding::IndexShortened { crate_id: bar.clone(), missing: vec![version("1.1.0"), version("1.2.0")] },
        TrailFinding::CrateReappeared { crate_id: bar.clone(), recorded: noon(1), found: Some(noon(3)) },
        TrailFinding::CrateReappeared { crate_id: bar, recorded: noon(1), found: None },
        TrailFinding::ClockBehindTrail { now: noon(1), latest: noon(2) },
    ];
    let told: Vec<_> =
        findings.iter().map(|finding| format!("{}: {}", finding.code(), trail_finding(finding))).collect();
    insta::assert_snapshot!(told.join("\n"));
}

fn stated(trail: &Trail, number: &str) -> Result<serde_json::Value, VsaError> {
    stated_on(trail, number, noon(4))
}

fn stated_on(trail: &Trail, number: &str, now: Timestamp) -> Result<serde_json::Value, VsaError> {
    let today = Today { now, rules: None, then: None };
    let word = last_word(trail, &crates_io("bar"), &version(number), &today);
    let word = word.map_err(|why| VsaError::of(why, format!("bar@{number}")))?;
    let stating = Stating { verifier_id: "https://ci.example.org/sequester", policy_uri: None, now };
    let statement = statement(&word, &stating);
    let mut out = Vec::new();
    vsa::write(&statement, &mut out).unwrap();
    Ok(serde_json::from_slice(&out).unwrap())
}

#[test]
fn a_release_is_stated_as_slsa_and_in_toto_define_it() {
    let folder = Folder::new();
    let mut vendored = event(Kind::Vendored, noon(2));
    vendored.policy = Some(checksum(7));
    let commit = "0123456789abcdef0123456789abcdef01234567";
    let source = "https://github.com/RustSec/advisory-db/archive/refs/heads/main.tar.gz";
    vendored.advisories = Some(AdvisoryCopy { commit: Some(commit.into()), source: source.into(), time: None });
    vendored.releases =
        vec![release("bar", "1.0.0+a", 1, "2026-01-01T00:00:00Z").with_verdict(&Verdict::Approved(Basis::Aged))];
    let id = folder.add(vendored);
    let stated_then = stated(&folder.read(), "1.0.0+a").unwrap();
    let purl = "pkg:cargo/bar@1.0.0%2Ba";
    let expected = serde_json::json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{ "name": purl, "digest": { "sha256": checksum(1) } }],
        "predicateType": "https://slsa.dev/verification_summary/v1",
        "predicate": {
            "verifier": { "id": "https://ci.example.org/sequester", "version": { "cargo-sequester": "0.1.0" } },
            "timeVerified": "2026-11-02T12:00:00Z",
            "resourceUri": purl,
            "policy": { "digest": { "sha256": checksum(7) } },
            "inputAttestations": [
                { "name": format!("20261102T120000Z-{id}.json"), "digest": { "sha256": id } },
                { "name": "advisories", "uri": source, "digest": { "gitCommit": commit } },
            ],
            "verificationResult": "PASSED",
            "verifiedLevels": [
                "SLSA_BUILD_LEVEL_UNEVALUATED",
                "SEQUESTER_APPROVED",
                "SEQUESTER_AGE_DAYS_305",
                "SEQUESTER_BASIS_AGED",
            ],
            "slsaVersion": "1.2",
        },
    });
    assert_eq!(stated_then, expected);
    let mut revoked = event(Kind::Revoked, noon(3));
    revoked.releases = vec![release("bar", "1.0.0+a", 1, "2026-01-01T00:00:00Z")];
    folder.add(revoked);
    let after = &stated(&folder.read(), "1.0.0+a").unwrap()["predicate"];
    assert_eq!((&after["verificationResult"], &after["verifiedLevels"]), (&"FAILED".into(), &["FAILED"][..].into()));
}

/// What a person gave ends with its last day, whatever the trail said while it counted.
#[test]
fn an_approval_or_ignore_that_is_over_passes_nothing() {
    let of = |lifts: &[ReasonCode], ignores: &[&str], until: Option<&str>| ApprovalRecord {
        ignores: ignores.iter().map(ToString::to_string).collect(),
        lifts: lifts.to_vec(),
        reason: Some("looked inside".to_owned()),
        until: until.map(|day| day.parse().unwrap()),
    };
    let by_approval = Verdict::Approved(Basis::Approval { given: Vec::new() });
    let too_new = [ReasonCode::TooNew];
    for (verdict, given, on, expected) in [
        (&by_approval, vec![of(&too_new, &[], Some("2026-11-05"))], 5, "SEQUESTER_BASIS_APPROVAL"),
        (&by_approval, vec![of(&too_new, &[], Some("2026-11-05"))], 6, "FAILED"),
        (&by_approval, vec![of(&too_new, &[], None)], 28, "SEQUESTER_BASIS_APPROVAL"),
        // The later one counts, in whichever order they were given.
        (
            &by_approval,
            vec![of(&too_new, &[], Some("2026-11-20")), of(&too_new, &[], Some("2026-11-05"))],
            6,
            "SEQUESTER_BASIS_APPROVAL",
        ),
        (&Verdict::Approved(Basis::Aged), vec![of(&[], &["RUSTSEC-2026-0901"], Some("2026-11-05"))], 6, "FAILED"),
        (
            &Verdict::Approved(Basis::Aged),
            vec![of(&[], &["RUSTSEC-2026-0901"], Some("2026-11-05"))],
            5,
            "SEQUESTER_BASIS_AGED",
        ),
    ] {
        let folder = Folder::new();
        for (day, approval) in (1..).zip(given) {
            let mut approved = event(Kind::Approved, noon(day));
            let mut record = release("bar", "1.0.0", 1, "2026-10-30T00:00:00Z");
            record.approval = Some(approval);
            approved.releases = vec![record];
            folder.add(approved);
        }
        let mut updated = event(Kind::Updated, noon(3));
        updated.releases = vec![release("bar", "1.0.0", 1, "2026-10-30T00:00:00Z").with_verdict(verdict)];
        folder.add(updated);
        let predicate = &stated_on(&folder.read(), "1.0.0", noon(on)).unwrap()["predicate"];
        let levels = predicate["verifiedLevels"].as_array().unwrap();
        assert_eq!(levels.last().unwrap(), expected, "on day {on}");
        assert_eq!(predicate["verificationResult"] == "PASSED", expected != "FAILED", "on day {on}");
    }
}

#[test]
fn what_the_trail_does_not_know_is_not_stated() {
    let folder = Folder::new();
    let mut updated = event(Kind::Updated, noon(2));
    let held = Reasons::of(Reason::ChecksumMissing, []);
    let mut unknown = release("bar", "1.0.0", 1, "2026-01-01T00:00:00Z").with_verdict(&Verdict::Rejected(held));
    unknown.checksum = None;
    updated.releases = vec![unknown, release("bar", "1.1.0", 2, "2026-01-01T00:00:00Z")];
    folder.add(updated);
    let trail = folder.read();
    assert_eq!(stated(&trail, "1.0.0"), Err(VsaError::NoChecksum("bar@1.0.0".to_owned())));
    assert_eq!(stated(&trail, "1.1.0"), Err(VsaError::NotInTrail("bar@1.1.0".to_owned())), "no verdict, no statement");
    assert_eq!(stated(&trail, "9.9.9"), Err(VsaError::NotInTrail("bar@9.9.9".to_owned())));
    std::fs::write(folder.dir.join("foreign"), "").unwrap();
    assert!(matches!(stated(&folder.read(), "1.0.0"), Err(VsaError::NotWhole(_))));
}
