//! Much of one kind never takes the place of another: what is held stays named, in every format, however much stands beside it.

use cargo_sequester::door::model::loosening::{Loosening, LooseningKind};
use cargo_sequester::door::model::verdict::Reason;
use cargo_sequester::door::report::context::Verbosity;
use serde_json::Value;

use super::cases::{event_file, too_new};
use super::scene::{Scene, by_base, quarantined, rejected};
use super::{github_text, gitlab_text, human_text, markdown_text, sarif_text};

fn rule(key: String, base: Option<&str>, head: Option<&str>) -> Loosening {
    let (base, head) = (base.map(str::to_owned), head.map(str::to_owned));
    Loosening { kind: LooseningKind::Rule, key, base, head, reason: None }
}

/// A change that brings so many overrides, takes as many events from the trail, and at the end lets in all of a code host; beside two
/// packages that do not pass.
fn crowd(many: u32) -> Scene {
    let mut scene = Scene::new();
    scene.judged_by = by_base(Some("sequester.toml"));
    scene.release("held", "1.0.0", quarantined(vec![too_new()]));
    scene.release("refused", "2.0.0", rejected(vec![Reason::Yanked]));
    let overrides = (0..many).map(|at| rule(format!("override c{at}* of crates-io"), None, Some("0 seconds")));
    let last = rule("sources.allow-git".to_owned(), None, Some("https://example.org"));
    scene.loosened = overrides.chain([last]).collect();
    scene.evaluation.truncated = (0..many).map(|at| event_file(u8::try_from(at % 9 + 1).unwrap())).collect();
    scene
}

/// Lines of a text that name something.
fn naming<'t>(text: &'t str, what: &str) -> Vec<&'t str> {
    text.lines().filter(|line| line.contains(what)).collect()
}

#[test]
fn thousands_of_loosenings_leave_a_comment_its_rows() {
    let report = markdown_text(&crowd(2_000));
    let rows = |name: &str| naming(&report, &format!("| <code>{name}</code> |")).len();
    assert_eq!((rows("held&#64;1.0.0"), rows("refused&#64;2.0.0")), (1, 1), "{report}");
    assert!(report.contains("sources.allow-git"), "{report}");
    let told = naming(&report, "<code>override c").len();
    assert!((1..=30).contains(&told), "{told}");
    assert!(report.contains(&format!("{} more of the same kind", 2_000 - told)), "{report}");
    assert!(report.len() < 16_000, "{}", report.len());
}

#[test]
fn thousands_of_loosenings_leave_the_terminal_readable_and_are_told_whole_when_asked() {
    let told = human_text(&crowd(2_000), Verbosity::Normal);
    for name in
        ["Quarantined held@1.0.0", "Rejected refused@2.0.0", "sources.allow-git", "more of the same kind (override)"]
    {
        assert!(told.contains(name), "{name} in\n{told}");
    }
    assert!(told.lines().count() < 80, "{}", told.lines().count());
    let every = human_text(&crowd(2_000), Verbosity::Verbose);
    assert_eq!(naming(&every, "override c").len(), 2_000);
    assert!(!every.contains("more of the same kind"));
}

#[test]
fn thousands_of_loosenings_leave_annotations_to_what_is_held() {
    for many in [12, 2_000] {
        let text = github_text(&crowd(many));
        let errors = naming(&text, "::error ");
        assert!(errors.len() <= 10, "{text}");
        for title in [
            "title=Quarantined%3A held@1.0.0",
            "title=Rejected%3A refused@2.0.0",
            "sources.allow-git",
            "audit trail truncated",
        ] {
            assert!(errors.iter().any(|line| line.contains(title)), "{many}: {title} in\n{text}");
        }
    }
}

#[test]
fn thousands_of_loosenings_leave_code_scanning_what_is_held() {
    let scene = crowd(6_000);
    let log: Value = serde_json::from_str(&sarif_text(&scene)).unwrap();
    let results = log["runs"][0]["results"].as_array().unwrap();
    let issues: Value = serde_json::from_str(&gitlab_text(&scene)).unwrap();
    let texts = |all: &[Value], key: &str| all.iter().map(|one| one[key].to_string()).collect::<Vec<String>>();
    for told in [texts(results, "message"), texts(issues.as_array().unwrap(), "description")] {
        for name in [
            "held@1.0.0 is quarantined",
            "refused@2.0.0 is rejected",
            "sources.allow-git",
            "more of the same kind (override)",
        ] {
            assert!(told.iter().any(|text| text.contains(name)), "{name}: {}", told.len());
        }
        assert!(told.len() < 1_000, "{}", told.len());
    }
}
