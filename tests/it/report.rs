//! What reports say, word for word, and that nothing from outside does harm in them.

mod bases;
mod cases;
mod changes;
mod crowds;
mod hostile;
mod hosts;
mod scene;
mod words;

use cargo_sequester::door::report::audit::{github, gitlab, human, json, markdown, package_lines, sarif};
use cargo_sequester::door::report::context::Verbosity;

use cases::cases;
pub use scene::SITUATION;
use scene::Scene;

/// A report for people, without its colours.
fn human_text(scene: &Scene, verbosity: Verbosity) -> String {
    anstream::adapter::strip_str(&human_raw(scene, verbosity)).to_string()
}

fn human_raw(scene: &Scene, verbosity: Verbosity) -> String {
    let mut out = Vec::new();
    human::write(&scene.report(), verbosity, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn json_text(scene: &Scene) -> String {
    let mut out = Vec::new();
    json::write(&scene.report(), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn sarif_text(scene: &Scene) -> String {
    let mut out = Vec::new();
    sarif::write(&scene.report(), &scene.places(), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn github_text(scene: &Scene) -> String {
    let mut out = Vec::new();
    github::write(&scene.report(), &scene.places(), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn gitlab_text(scene: &Scene) -> String {
    let mut out = Vec::new();
    gitlab::write(&scene.report(), &scene.places(), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn markdown_text(scene: &Scene) -> String {
    let mut out = Vec::new();
    markdown::write(&scene.report(), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn schema() -> jsonschema::Validator {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/audit-v1.schema.json");
    let schema: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    jsonschema::draft202012::meta::validate(&schema).unwrap();
    jsonschema::draft202012::options().should_validate_formats(true).build(&schema).unwrap()
}

fn assert_valid(schema: &jsonschema::Validator, name: &str, document: &str) {
    let document: serde_json::Value = serde_json::from_str(document).unwrap();
    let errors: Vec<String> =
        schema.iter_errors(&document).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{name}: {}", errors.join("\n"));
}

#[test]
fn human_reports_read_well() {
    for (name, scene) in cases() {
        insta::assert_snapshot!(format!("{name}.human"), human_text(&scene, Verbosity::Normal));
    }
}

#[test]
fn json_reports_say_the_same_to_machines() {
    for (name, scene) in cases() {
        insta::assert_snapshot!(format!("{name}.json"), json_text(&scene));
    }
}

#[test]
fn every_json_report_follows_the_schema() {
    let schema = schema();
    for (name, scene) in cases() {
        assert_valid(&schema, name, &json_text(&scene));
    }
}

#[test]
fn the_schema_is_strict() {
    let schema = schema();
    let (_, scene) = cases().into_iter().find(|(name, _)| *name == "every_reason").unwrap();
    let document: serde_json::Value = serde_json::from_str(&json_text(&scene)).unwrap();
    let mut extra = document.clone();
    extra["packages"][0]["unknown"] = true.into();
    assert!(!schema.is_valid(&extra));
    let mut missing = document.clone();
    missing["packages"][1]["reasons"][0].as_object_mut().unwrap().remove("rule");
    assert!(!schema.is_valid(&missing));
    let mut other = document;
    other["packages"][1]["reasons"][0]["code"] = "yanked".into();
    assert!(!schema.is_valid(&other));
}

#[test]
fn other_formats_tell_the_same_cases() {
    for name in ["every_reason", "every_blocker", "base_and_loosened", "cures"] {
        let (_, scene) = cases().into_iter().find(|(case, _)| *case == name).unwrap();
        insta::assert_snapshot!(format!("{name}.markdown"), markdown_text(&scene));
        insta::assert_snapshot!(format!("{name}.github"), github_text(&scene));
    }
    let (_, scene) = cases().into_iter().find(|(case, _)| *case == "cures").unwrap();
    insta::assert_snapshot!("cures.sarif", sarif_text(&scene));
}

#[test]
fn verbose_tells_each_and_quiet_only_problems() {
    for (name, scene) in cases() {
        if ["every_warning", "every_basis", "every_blocker"].contains(&name) {
            insta::assert_snapshot!(format!("{name}.verbose"), human_text(&scene, Verbosity::Verbose));
        }
        let quiet = human_text(&scene, Verbosity::Quiet);
        if scene.report().is_approved() {
            assert_eq!(quiet, "", "{name}");
        } else {
            assert!(!quiet.is_empty(), "{name}");
            for chatter in ["Finished", "     Warning", "        Note", "Policy", "    Approved"] {
                assert!(!quiet.contains(chatter), "{name}: {quiet}");
            }
        }
    }
}

#[test]
fn colours_are_written_and_nothing_else_escapes() {
    let (_, scene) = cases().into_iter().find(|(case, _)| *case == "cures").unwrap();
    insta::assert_snapshot!("cures.colours", human_raw(&scene, Verbosity::Normal).replace('\x1b', "ESC"));
}

#[test]
fn nothing_is_called_approved_where_the_run_could_not_decide() {
    for (name, scene) in cases() {
        if scene.evaluation.blockers.is_empty() {
            continue;
        }
        for text in [human_text(&scene, Verbosity::Verbose), github_text(&scene), markdown_text(&scene)] {
            for line in text.lines().filter(|line| line.contains("approved")) {
                assert!(line.contains("nothing is approved") || line.contains("not approved"), "{name}: {line}");
            }
            assert!(text.contains("could not decide"), "{name}: {text}");
            assert!(!text.contains("cargo update") || text.contains("--dry-run"), "{name}: {text}");
        }
        assert!(json_text(&scene).contains("\"complete\": false"), "{name}");
    }
}

#[test]
fn sarif_logs_have_what_the_standard_requires() {
    for (name, scene) in cases() {
        let log: serde_json::Value = serde_json::from_str(&sarif_text(&scene)).unwrap();
        assert_eq!(log["version"], "2.1.0");
        let run = &log["runs"][0];
        let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
        assert_eq!(run["invocations"][0]["executionSuccessful"], scene.evaluation.blockers.is_empty());
        let mut seen = std::collections::BTreeSet::new();
        for result in run["results"].as_array().unwrap() {
            let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
            assert_eq!(rules[index]["id"], result["ruleId"], "{name}");
            assert!(["error", "warning", "note"].contains(&result["level"].as_str().unwrap()));
            let place = &result["locations"][0]["physicalLocation"];
            let of_policy = ["policy-loosened", "change-decides"].contains(&result["ruleId"].as_str().unwrap());
            let expected = if of_policy { "sequester.toml" } else { "Cargo.lock" };
            assert_eq!(place["artifactLocation"]["uri"], expected, "{name}");
            assert!(place["region"]["startLine"].as_u64().unwrap() >= 1);
            let print = result["partialFingerprints"]["primaryLocationLineHash"].as_str().unwrap().to_owned();
            assert!(seen.insert(print), "{name}: two results are one: {result}");
        }
    }
}

#[test]
fn sarif_fingerprints_do_not_depend_on_the_moment() {
    let prints = |scene: &Scene| -> Vec<serde_json::Value> {
        let log: serde_json::Value = serde_json::from_str(&sarif_text(scene)).unwrap();
        log["runs"][0]["results"]
            .as_array()
            .unwrap()
            .iter()
            .map(|result| result["partialFingerprints"].clone())
            .collect()
    };
    let (_, mut scene) = cases().into_iter().find(|(case, _)| *case == "cures").unwrap();
    let before = prints(&scene);
    scene.evaluation.now = "2026-11-23T00:00:00Z".parse().unwrap();
    scene.lines = Vec::new();
    assert_eq!(prints(&scene), before);
}

#[test]
fn lines_of_a_lock_file_are_counted_from_one() {
    let lock = "version = 4\n\n[[package]]\nname = \"a\"\n\n[[package]]\r\nname = \"b\"\r\n";
    assert_eq!(package_lines(lock), [3, 6]);
}
