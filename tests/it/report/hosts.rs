//! What code hosts refuse, cut or hide, by their own documentation: every report stays within it and says what it left out.

use cargo_sequester::door::model::resolution::{Change, Difference};
use cargo_sequester::door::model::verdict::{Reason, Verdict, Warning};
use cargo_sequester::door::report::audit::{MarkedFile, Places, github, sarif};
use serde_json::Value;

use super::cases::{cases, too_new};
use super::scene::{Scene, aged, crates_io, quarantined, rejected};
use super::{github_text, gitlab_text, markdown_text, sarif_text};

/// What GitHub takes of one comment.
const COMMENT: usize = 65_536;

fn changed(name: &str, from: Option<&str>, to: Option<&str>) -> Change {
    Change {
        name: name.into(),
        source: crates_io(),
        from: from.map(|version| version.parse().unwrap()),
        to: to.map(|version| version.parse().unwrap()),
        pubtime: None,
        basis: None,
        asked: true,
        newer_rust: None,
        dependencies: Difference::default(),
        advisories: Difference::default(),
    }
}

/// A change of so many packages, every third of which is not approved.
fn large(packages: usize) -> Scene {
    let mut scene = Scene::new();
    let mut changes = Vec::new();
    for number in 0..packages {
        let name = format!("package-{number}");
        let verdict = if number % 3 == 0 { quarantined(vec![too_new()]) } else { aged() };
        scene.release(&name, "1.1.0", verdict).warnings.push(Warning::Yanked);
        changes.push(changed(&name, Some("1.0.0"), Some("1.1.0")));
    }
    scene.changes = Some(changes);
    scene
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// The rows of the table of changes.
fn rows(report: &str) -> Vec<&str> {
    let (_, table) = report.split_once("| Package | Version |").unwrap();
    table.lines().skip(2).take_while(|line| line.starts_with('|')).collect()
}

#[test]
fn a_comment_fits_and_counts_what_it_leaves_out() {
    for packages in [10, 150, 1_500] {
        let report = markdown_text(&large(packages));
        assert!(report.chars().count() < COMMENT, "{packages}: {}", report.chars().count());
        assert!(report.contains(&format!("### Changed packages: {packages}")), "{packages}");
        let rows = rows(&report);
        let more = rows.last().and_then(|last| last.strip_prefix("| … and ")?.split(' ').next()?.parse::<usize>().ok());
        let shown = rows.len() - usize::from(more.is_some());
        assert_eq!(shown + more.unwrap_or(0), packages);
        assert_eq!(report.matches("<details>").count(), report.matches("</details>").count());
    }
}

#[test]
fn the_table_of_changes_has_every_package_and_the_worst_first() {
    let mut scene = Scene::new();
    scene.release("aged", "1.1.0", aged());
    scene.release("held", "2.0.0", quarantined(vec![too_new()]));
    scene.release("bad", "1.0.1", rejected(vec![Reason::Malicious { advisory: "RUSTSEC-2026-0001".into() }]));
    scene.release("swapped", "1.0.0", rejected(vec![Reason::ChecksumMissing]));
    scene.packages[0].id.name = "app".into();
    let mut aged = changed("aged", Some("1.0.0"), Some("1.1.0"));
    aged.dependencies = Difference { came: vec!["young".into()], went: vec!["old".into()] };
    aged.advisories = Difference { came: Vec::new(), went: vec!["RUSTSEC-2026-0007".into()] };
    let swapped = changed("swapped", Some("1.0.0"), Some("1.0.0"));
    let (held, gone) = (changed("held", None, Some("2.0.0")), changed("gone", Some("3.0.0"), None));
    scene.changes = Some(vec![aged, changed("bad", Some("1.0.0"), Some("1.0.1")), gone, held, swapped]);
    let report = markdown_text(&scene);
    let order: Vec<&str> =
        rows(&report).iter().map(|row| row.split("<code>").nth(1).unwrap().split('<').next().unwrap()).collect();
    assert_eq!(order, ["bad", "swapped", "held", "aged", "gone"], "{report}");
    let row = |name: &str| rows(&report).into_iter().find(|row| row.contains(&format!("<code>{name}</code>"))).unwrap();
    assert!(row("bad").contains("<code>1.0.0</code> → <code>1.0.1</code>") && row("bad").contains("**Malicious**"));
    assert!(row("held").contains("new: <code>2.0.0</code>"), "{}", row("held"));
    assert!(row("held").contains("comes in through <code>app</code>") && row("held").contains("eligible in"));
    assert!(row("gone").contains("removed: <code>3.0.0</code>"));
    assert!(row("swapped").contains("**with another checksum**"));
    assert!(row("aged").contains("+ <code>young</code><br>− <code>old</code>"), "{}", row("aged"));
    assert!(row("aged").contains("cures RUSTSEC-2026-0007"));
}

#[test]
fn github_shows_ten_annotations_of_a_level_the_last_of_which_counts_the_rest() {
    let scene = large(100);
    let text = github_text(&scene);
    let of = |level: &str| text.lines().filter(|line| line.starts_with(&format!("::{level} "))).collect::<Vec<_>>();
    let errors = of("error");
    assert_eq!(errors.len(), 10, "{text}");
    assert!(errors[9].contains("title=25 more of this level"), "{}", errors[9]);
    assert!(errors[9].contains("package-") && errors[9].contains("and 5 more"), "{}", errors[9]);
    // The counts of the run are always told.
    assert!(of("notice").last().unwrap().contains("101 packages"), "{text}");
    for (name, scene) in cases() {
        let text = github_text(&scene);
        for level in ["error", "warning", "notice"] {
            let count = text.lines().filter(|line| line.starts_with(&format!("::{level} "))).count();
            assert!(count <= 10, "{name}: {level}: {count}");
        }
    }
}

#[test]
fn github_is_shown_the_worst_errors() {
    let mut scene = large(100);
    scene.release("zz-harm", "1.0.0", rejected(vec![Reason::Malicious { advisory: "RUSTSEC-2026-0001".into() }]));
    scene.changes = None;
    let text = github_text(&scene);
    assert!(text.lines().next().unwrap().contains("title=Malicious%3A zz-harm@1.0.0"), "{text}");
}

/// A rule has what GitHub reads of it, within its limits.
#[test]
fn sarif_stays_within_githubs_limits() {
    for (name, scene) in cases() {
        let log = json(&sarif_text(&scene));
        let run = &log["runs"][0];
        assert_eq!(run["automationDetails"]["id"], "cargo-sequester/Cargo.lock/", "{name}");
        for rule in run["tool"]["driver"]["rules"].as_array().unwrap() {
            for text in ["shortDescription", "fullDescription", "help"] {
                let length = rule[text]["text"].as_str().unwrap().chars().count();
                assert!((1..=1_024).contains(&length), "{rule}");
            }
            assert!(rule["properties"]["tags"].as_array().unwrap().len() <= 10);
            let severity: f32 = rule["properties"]["security-severity"].as_str().unwrap().parse().unwrap();
            assert!((0.0..=10.0).contains(&severity));
        }
        for result in run["results"].as_array().unwrap() {
            let region = &result["locations"][0]["physicalLocation"]["region"];
            let number = |key: &str| region[key].as_u64().unwrap();
            assert!(number("startLine") >= 1 && number("endLine") == number("startLine"), "{name}: {region}");
            assert!(number("startColumn") == 1 && number("endColumn") > 1, "{name}: {region}");
        }
    }
}

#[test]
fn sarif_keeps_the_worst_five_thousand_and_counts_the_rest() {
    let mut scene = large(6_000);
    scene.release("zz-harm", "1.0.0", rejected(vec![Reason::Malicious { advisory: "RUSTSEC-2026-0001".into() }]));
    scene.changes = None;
    let text = sarif_text(&scene);
    let log = json(&text);
    let run = &log["runs"][0];
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), 5_000);
    assert_eq!(results[0]["ruleId"], "malicious");
    let found = 1 + 2_000 + 6_000;
    let told = run["invocations"][0]["toolExecutionNotifications"].to_string();
    assert!(told.contains(&format!("{} more findings are not in this log", found - 5_000)), "{told}");
    // GitHub takes 10 MB when packed; this is the log as it is.
    assert!(text.len() < 10_000_000, "{}", text.len());
}

/// A lock file as it was and as it is: one release moved, one came, one stayed.
fn two_lock_files() -> (Scene, String, String) {
    let mut scene = Scene::new();
    scene.release("kept", "1.0.0", aged());
    scene.release("moved", "1.0.1", quarantined(vec![too_new()]));
    scene.release("new", "1.0.0", quarantined(vec![too_new()]));
    let package = |name: &str, version: &str, digit: char| {
        let checksum = digit.to_string().repeat(64);
        format!("[[package]]\nname = \"{name}\"\nversion = \"{version}\"\nchecksum = \"{checksum}\"\n\n")
    };
    let (app, kept) = (package("app", "0.1.0", '0'), package("kept", "1.0.0", '1'));
    let before = format!("version = 4\n\n{app}{kept}{}", package("moved", "1.0.0", '2'));
    let after = format!("version = 4\n\n{app}{kept}{}{}", package("moved", "1.0.1", '3'), package("new", "1.0.0", '4'));
    scene.lines = (1..).zip(after.lines()).filter(|(_, line)| *line == "[[package]]").map(|(at, _)| at).collect();
    (scene, before, after)
}

#[test]
fn a_finding_lies_on_a_line_that_the_change_brought() {
    let (scene, before, after) = two_lock_files();
    let lines: Vec<&str> = after.lines().collect();
    let found = |before: Option<&[String]>| -> Vec<String> {
        let places = Places { lock_file: MarkedFile::read("Cargo.lock".into(), &after, before), ..Places::default() };
        let mut out = Vec::new();
        sarif::write(&scene.report(), &places, &mut out).unwrap();
        let log: Value = serde_json::from_slice(&out).unwrap();
        let mut annotated = Vec::new();
        github::write(&scene.report(), &places, &mut annotated).unwrap();
        let annotated = String::from_utf8(annotated).unwrap();
        let results = log["runs"][0]["results"].as_array().unwrap().iter();
        results
            .map(|result| {
                let region = &result["locations"][0]["physicalLocation"]["region"];
                let line = region["startLine"].as_u64().unwrap();
                assert!(annotated.contains(&format!("file=Cargo.lock,line={line},")), "{annotated}");
                let text = lines[usize::try_from(line).unwrap() - 1];
                assert_eq!(region["endColumn"], text.chars().count() + 1);
                text.to_owned()
            })
            .collect()
    };
    // The lines `[[package]]`, `name = "moved"` and `version = "1.0.0"` were there before.
    assert_eq!(found(Some(&[before])), ["version = \"1.0.1\"", "name = \"new\""]);
    assert_eq!(found(None), ["[[package]]", "[[package]]"]);
    // The base has no lock file: every line is new.
    assert_eq!(found(Some(&[])), ["[[package]]", "[[package]]"]);
}

/// By the documentation of GitLab's code quality reports.
#[test]
fn gitlab_reports_have_the_fields_that_gitlab_reads() {
    for (name, scene) in cases() {
        let report = json(&gitlab_text(&scene));
        let mut fingerprints = std::collections::BTreeSet::new();
        for issue in report.as_array().unwrap() {
            let keys: Vec<&String> = issue.as_object().unwrap().keys().collect();
            assert_eq!(keys, ["check_name", "description", "fingerprint", "location", "severity"], "{name}");
            assert!(["info", "minor", "major", "critical", "blocker"].contains(&issue["severity"].as_str().unwrap()));
            let path = issue["location"]["path"].as_str().unwrap();
            assert!(!path.starts_with("./") && !path.starts_with('/'), "{name}: {path}");
            assert!(issue["location"]["lines"]["begin"].as_u64().unwrap() >= 1);
            assert!(!issue["description"].as_str().unwrap().is_empty());
            assert!(fingerprints.insert(issue["fingerprint"].as_str().unwrap().to_owned()), "{name}: {issue}");
        }
        let has_blockers = report.as_array().unwrap().iter().any(|issue| issue["check_name"] == "undecided");
        assert_eq!(has_blockers, !scene.evaluation.blockers.is_empty(), "{name}");
        if scene.report().is_approved() {
            let worst = report
                .as_array()
                .unwrap()
                .iter()
                .any(|issue| ["major", "critical", "blocker"].contains(&issue["severity"].as_str().unwrap()));
            assert!(!worst, "{name}: {report:#}");
        }
    }
    let mut scene = Scene::new();
    scene.release("held", "1.0.0", quarantined(vec![too_new()]));
    scene.release("harm", "1.0.0", rejected(vec![Reason::Malicious { advisory: "RUSTSEC-2026-0001".into() }]));
    scene.release("fine", "1.0.0", Verdict::Local);
    let report = json(&gitlab_text(&scene));
    let told: Vec<(&str, &str)> = report
        .as_array()
        .unwrap()
        .iter()
        .map(|issue| (issue["check_name"].as_str().unwrap(), issue["severity"].as_str().unwrap()))
        .collect();
    assert_eq!(told, [("malicious", "blocker"), ("too-new", "major")]);
}

/// What validators of others read after the tests: `tests/validators/run`.
#[test]
fn sarif_logs_are_left_for_validators() {
    let folder = camino::Utf8Path::new(env!("CARGO_TARGET_TMPDIR")).join("documents/sarif");
    std::fs::create_dir_all(&folder).unwrap();
    let large = large(200);
    for (name, scene) in cases().iter().map(|(name, scene)| (*name, scene)).chain([("large", &large)]) {
        std::fs::write(folder.join(format!("{name}.sarif")), sarif_text(scene)).unwrap();
    }
    for text in ["| `[x](y)` {0} @team\u{202e}\n::error::", "%0A<script>\u{1b}[2J"] {
        let scene = super::hostile::everywhere(text);
        std::fs::write(folder.join(format!("hostile-{}.sarif", text.len())), sarif_text(&scene)).unwrap();
    }
}
