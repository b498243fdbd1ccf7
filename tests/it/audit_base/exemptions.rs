//! What events of a change say of persons: that they approved a release, or had an advisory ignored.

use cargo_sequester::door::model::trail::release::ApprovalRecord;
use cargo_sequester::door::model::verdict::ReasonCode;

use super::*;

/// What the log tells of persons must be what the policy says that this change brings.
#[test]
fn an_approval_that_only_an_event_has_was_never_given() {
    let change = Change::new();
    Package::new("young", "1.0.0").pubtime("2026-11-20T00:00:00Z").publish(&change.world.registry);
    let project = &change.world.project;
    let approve = ["approve", "young@1.0.0", "--reason", "read", "--until", "2026-12-20", "--now", NOW, "--by", "ana"];
    let audit = |loosened: &str, code: i32| {
        change.finish();
        let arguments = ["--base", "base", "--loosened", loosened];
        also(&change.world.json(&arguments, code))
    };
    let policy = project.read("sequester.toml");
    project.sequester(&approve).expect_code(0);
    assert_eq!(audit("report", 0), []);
    // Whoever takes it back by hand leaves an event that says what is not so.
    let approved = project.read("sequester.toml");
    project.write("sequester.toml", &policy);
    let not_given = expected(&[("trail-exemption-not-given", true)]);
    assert_eq!(audit("report", 1), not_given);
    let text = change.world.audit(&["--base", "base"]).expect_code(1).stdout;
    assert!(text.contains("`cargo sequester approve`") && text.contains("`cargo sequester revoke`"), "{text}");
    let way_out = || {
        project.sequester(&approve).expect_code(0);
        project.sequester(&["revoke", "young@1.0.0"]).expect_code(0);
        assert_eq!(audit("fail", 0), []);
    };
    way_out();
    // So does one that has it for longer, or for other reasons.
    project.sequester(&approve).expect_code(0);
    project.write("sequester.toml", approved.replace("2026-12-20", "2026-12-19"));
    assert_eq!(audit("report", 1), not_given);
    way_out();
    // The same of an advisory that is ignored, and of an approval of nothing, whatever the event calls itself.
    let forged = |kind, approval: Option<ApprovalRecord>| {
        let change = Change::new();
        let record = ReleaseRecord { approval, ..record("old", "1.0.0") };
        forge(&change, &Event { kind, ..event("2026-11-01T00:00:00Z", vec![record]) });
        also(&change.json(1))
    };
    let ignores = vec!["RUSTSEC-2026-0001".to_owned()];
    let ignoring = ApprovalRecord { ignores, until: "2026-12-20".parse().ok(), ..ApprovalRecord::default() };
    assert_eq!(forged(Kind::Approved, None), not_given);
    assert_eq!(forged(Kind::Approved, Some(ignoring.clone())), not_given);
    assert_eq!(forged(Kind::Vendored, Some(ignoring)), not_given);
}

/// Whoever reviews a first policy takes entries of its baseline out by hand.
#[test]
fn a_baseline_that_is_cut_before_it_counts_is_nobodys_fault() {
    let change = Change::new();
    let policy = change.world.project.read("sequester.toml");
    change.git(&["rm", "-q", "sequester.toml"]);
    change.git(&["commit", "-q", "-m", "before adoption"]);
    change.git(&["branch", "--force", "base", "HEAD"]);
    change.world.project.write("sequester.toml", policy);
    let lifts = vec![ReasonCode::TooNew];
    let approval = ApprovalRecord { lifts, until: "2026-12-20".parse().ok(), ..ApprovalRecord::default() };
    let released = ReleaseRecord { approval: Some(approval), ..record("old", "1.0.0") };
    forge(&change, &Event { kind: Kind::Init, ..event("2026-11-01T00:00:00Z", vec![released]) });
    change.finish();
    let arguments = ["--base", "base", "--loosened", "report", "--format", "json"];
    let found: Value = serde_json::from_str(&change.world.audit(&arguments).stdout).unwrap();
    assert!(also(&found).iter().all(|(code, _)| code != "trail-exemption-not-given"), "{found:#}");
}

/// What is taken back of a crate that is no longer locked leaves no event that says otherwise.
#[test]
fn an_ignore_that_a_run_removes_is_recorded_though_its_crate_is_gone() {
    let change = Change::new();
    let (project, advisories) = (&change.world.project, &change.world.advisories);
    for name in ["bar", "baz"] {
        Package::new(name, "1.0.0").publish(&change.world.registry);
        advisories.add(&Advisory::new(&format!("RUSTSEC-2026-010{}", name.len()), name).patched(">= 2.0.0"));
        let id = format!("RUSTSEC-2026-010{}", name.len());
        project.cargo(&["add", name]).expect_code(0);
        let ignore = ["approve", name, "--id", &id, "--reason", "not reached", "--until", "2026-12-20", "--now", NOW];
        project.sequester(&ignore).expect_code(0);
        project.cargo(&["remove", name]).expect_code(0);
        let taken_back: &[&str] =
            if name == "bar" { &["approve", "--prune", "--now", NOW] } else { &["revoke", name, "--id", &id] };
        project.sequester(taken_back).expect_code(0);
        change.finish();
        assert_eq!(also(&change.world.json(&["--base", "base"], 0)), [], "{name}");
    }
}
