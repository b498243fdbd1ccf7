//! What a reviewer of a change is shown: every package that changed, and findings on lines that the change brought.

use std::collections::BTreeSet;

use super::*;

/// The base locks `gone`, `moves` and `stays`; the change takes `gone` away, moves `moves` to a release that asks for `young`, and adds one.
fn change() -> Change {
    let world = World::new().dep("gone", "1").dep("moves", "1").dep("stays", "1");
    for name in ["gone", "moves", "stays"] {
        Package::new(name, "1.0.0").publish(&world.registry);
    }
    world.lock();
    let change = Change::commit(world);
    Package::new("asked", "1.0.0").publish(&change.world.registry);
    Package::new("moves", "1.0.1").dep("asked", "1").publish(&change.world.registry);
    Package::new("fresh", "0.9.0").publish(&change.world.registry);
    Package::new("fresh", "1.0.0").pubtime("2026-11-20T00:00:00Z").publish(&change.world.registry);
    change.edit("Cargo.toml", "gone = \"1\"\n", "fresh = \"1\"\n");
    change.world.project.cargo(&["update", "moves"]).expect_code(0);
    change.world.advisories.add(&Advisory::new("RUSTSEC-2026-0801", "moves").patched(">= 1.0.1"));
    change.world.advisories.add(&Advisory::new("RUSTSEC-2026-0802", "gone"));
    change.finish();
    change
}

#[test]
fn markdown_has_one_row_for_every_package_that_changed() {
    let change = change();
    let report = change.world.audit(&["--base", "base", "--format", "markdown"]).expect_code(1).stdout;
    let (_, table) = report.split_once("### Changed packages: 4\n").unwrap_or_else(|| panic!("{report}"));
    let rows: Vec<&str> = table.lines().filter(|line| line.starts_with("| <code>")).collect();
    assert_eq!(rows.len(), 4, "{report}");
    let row = |name: &str| rows.iter().find(|row| row.starts_with(&format!("| <code>{name}</code>"))).unwrap();
    assert!(
        rows[0].starts_with("| <code>fresh</code> | new: <code>1.0.0</code> | 2 days ago<br>2026-11-20"),
        "{report}"
    );
    assert!(rows[0].contains("**Quarantined**: too-new"), "{report}");
    assert!(row("moves").contains("<code>1.0.0</code> → <code>1.0.1</code>"), "{report}");
    assert!(row("moves").contains("| approved | + <code>asked</code> | cures RUSTSEC-2026-0801"), "{report}");
    assert!(row("asked").contains("comes in through <code>moves</code>"), "{report}");
    assert!(row("gone").contains("removed: <code>1.0.0</code>") && row("gone").contains("cures RUSTSEC-2026-0802"));
    // Without a base there is nothing to compare.
    let whole = change.world.audit(&["--format", "markdown"]).expect_code(1).stdout;
    assert!(!whole.contains("Changed packages"), "{whole}");
    // Nothing changed: that is said, too.
    change.git(&["branch", "-f", "base"]);
    let none = change.world.audit(&["--base", "base", "--format", "markdown"]).expect_code(0).stdout;
    assert!(none.contains("### Changed packages: none"), "{none}");
}

#[test]
fn what_the_change_decides_comes_before_what_it_locks() {
    let change = change();
    change.edit("sequester.toml", "[advisories]", "[advisories]\nunsound = \"allow\"");
    change.append(".cargo/config.toml", "[env]\nX = \"1\"");
    change.finish();
    let report = change.world.audit(&["--base", "base", "--format", "markdown"]).expect_code(1).stdout;
    let at = |text: &str| report.find(text).unwrap_or_else(|| panic!("{text}: {report}"));
    assert!(at("### This change loosens the policy") < at("### This change also"));
    assert!(at("### This change also") < at("| Package | Why |"));
    assert!(at("| Package | Why |") < at("### Changed packages: 4"));
}

#[test]
fn other_bytes_of_the_same_release_are_a_change() {
    let change = change();
    let lock = change.world.project.read("Cargo.lock");
    let stays = lock.split("[[package]]").find(|one| one.contains("name = \"stays\"")).unwrap();
    let checksum = stays.split("checksum = \"").nth(1).unwrap().split('"').next().unwrap();
    change.edit("Cargo.lock", checksum, &"a".repeat(64));
    change.finish();
    let report = change.world.audit(&["--base", "base", "--format", "markdown"]);
    assert!(report.stdout.contains("<code>1.0.0</code>, **with another checksum**"), "{}", report.stdout);
    assert!(report.stdout.contains("### Changed packages: 5"), "{}", report.stdout);
}

/// The lines that git calls new in a file, against the commit from which the change grew.
fn added(change: &Change, file: &str) -> BTreeSet<u64> {
    let diff = change.git(&["diff", "--unified=0", "base...HEAD", "--", file]);
    let hunks = diff.lines().filter_map(|line| line.strip_prefix("@@ ")?.split('+').nth(1)?.split(' ').next());
    hunks
        .flat_map(|hunk| {
            let (start, count) = hunk.split_once(',').unwrap_or((hunk, "1"));
            let start: u64 = start.parse().unwrap();
            start..start + count.parse::<u64>().unwrap()
        })
        .collect()
}

/// Rule, file and line of every result.
fn places(log: &str) -> Vec<(String, String, u64)> {
    let log: Value = serde_json::from_str(log).unwrap();
    let results = log["runs"][0]["results"].as_array().unwrap().iter();
    results
        .map(|result| {
            let place = &result["locations"][0]["physicalLocation"];
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            let line = place["region"]["startLine"].as_u64().unwrap();
            (text(&result["ruleId"]), text(&place["artifactLocation"]["uri"]), line)
        })
        .collect()
}

#[test]
fn findings_of_a_change_lie_on_lines_that_git_calls_new() {
    let change = change();
    change.edit("sequester.toml", "[sources]", "[quarantine]\nmin-publish-age = \"1 hour\"\n\n[sources]");
    change.append(
        "sequester.toml",
        "[[advisories.ignore]]\nid = \"RUSTSEC-2026-0999\"\nreason = \"x\"\nuntil = 2026-12-01",
    );
    change.append(".cargo/config.toml", "[build]\nrustc-wrapper = \"wrapper\"");
    change.finish();
    let log = change.world.audit(&["--base", "base", "--format", "sarif"]).expect_code(1).stdout;
    let found = places(&log);
    let rules: BTreeSet<&str> = found.iter().map(|(rule, ..)| rule.as_str()).collect();
    assert_eq!(rules, BTreeSet::from(["change-also", "policy-loosened", "too-new"]), "{log}");
    for (rule, file, line) in &found {
        let new = added(&change, file);
        assert!(new.contains(line), "{rule}: {file}:{line} is none of {new:?}");
    }
    let of = |rule: &str| found.iter().filter(|one| one.0 == rule).map(|one| one.1.as_str()).collect::<Vec<_>>();
    assert_eq!(of("too-new"), ["Cargo.lock"]);
    assert_eq!(of("policy-loosened"), ["sequester.toml", "sequester.toml"]);
    assert_eq!(of("change-also"), [".cargo/config.toml"]);
    // The same places in the other formats of code hosts.
    let gitlab = change.world.audit(&["--base", "base", "--format", "gitlab"]).expect_code(1).stdout;
    let gitlab: Value = serde_json::from_str(&gitlab).unwrap();
    let told = gitlab.as_array().unwrap().iter().map(|issue| {
        let path = issue["location"]["path"].as_str().unwrap().to_owned();
        (path, issue["location"]["lines"]["begin"].as_u64().unwrap())
    });
    assert_eq!(told.collect::<Vec<_>>(), found.iter().map(|one| (one.1.clone(), one.2)).collect::<Vec<_>>());
}

/// Only a checksum tells a release of this change from one of the base by its lines.
#[test]
fn a_line_that_only_looks_new_is_not_taken() {
    let world = World::new().dep("moves", "1").dep("other", "1");
    Package::new("moves", "1.0.0").publish(&world.registry);
    Package::new("other", "1.0.1").publish(&world.registry);
    world.lock();
    let change = Change::commit(world);
    Package::new("moves", "1.0.1").pubtime("2026-11-20T00:00:00Z").publish(&change.world.registry);
    change.world.project.cargo(&["update", "moves"]).expect_code(0);
    change.finish();
    let log = change.world.audit(&["--base", "base", "--format", "sarif"]).expect_code(1).stdout;
    let [(rule, file, line)] = places(&log).try_into().unwrap();
    assert_eq!((rule.as_str(), file.as_str()), ("too-new", "Cargo.lock"));
    let lock = change.world.project.read("Cargo.lock");
    let text = lock.lines().nth(usize::try_from(line).unwrap() - 1).unwrap();
    // `version = "1.0.1"` stood there before, for the other package.
    assert!(text.starts_with("checksum = "), "{text}");
    assert!(added(&change, "Cargo.lock").contains(&line));
}
