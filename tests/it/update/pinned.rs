//! A requirement of the project's own that stands in the way is named by file and line; nobody is told to edit what is not theirs.

use super::{FRESH, NOW, OLD, json, locked, project, update};
use crate::support::{Advisory, AdvisoryFolder, Outcome, Package, Project, TestRegistry};

/// `bar`, of which the newest release is fresh.
fn registry() -> TestRegistry {
    let registry = TestRegistry::new();
    Package::new("bar", "1.0.0").pubtime(OLD).publish(&registry);
    Package::new("bar", "1.1.0").pubtime(FRESH).publish(&registry);
    registry
}

fn run(project: &Project, words: &[&str]) -> Outcome {
    let (verb, rest) = words.split_first().unwrap();
    project.sequester(&[&[*verb, "--now", NOW, "--no-advisories"], rest].concat())
}

/// The line of a manifest that has this text.
fn line(project: &Project, file: &str, text: &str) -> String {
    let number = project.read(file).lines().position(|line| line.contains(text)).unwrap() + 1;
    format!("{file}:{number}")
}

/// What every verb says of the pin, and that following it works.
#[track_caller]
fn is_named(project: &Project, file: &str, text: &str) {
    let line = line(project, file, text);
    let advice = format!("help: change `=1.1.0` in {line}: bar 1.0.0 is approved");
    let judged = run(project, &["audit"]).expect_code(1).stdout;
    assert!(judged.contains(&advice), "{advice}\n{judged}");
    let kept = run(project, &["update"]).expect_code(0).stdout;
    assert!(kept.contains("Kept bar@1.1.0") && kept.contains(&advice), "{advice}\n{kept}");
    let explained = run(project, &["explain", "bar@1.1.0"]).expect_code(1).stdout;
    assert!(
        explained.contains(&advice) && explained.contains("asks =1.1.0 (") && explained.contains(&format!("{line})")),
        "{explained}"
    );
    let (path, number) = line.split_once(':').unwrap();
    let explained = run(project, &["explain", "bar@1.1.0", "--format", "json"]).expect_code(1);
    let explained: serde_json::Value = serde_json::from_str(&explained.stdout).unwrap();
    let written = &explained["release"]["dependents"][0]["requirements"][0]["written"][0];
    assert_eq!((written["file"].as_str(), written["line"].to_string()), (Some(path), number.to_owned()), "{explained}");
    // Where there is no lock file yet, the same pin is what stands in the way.
    let lock = project.read("Cargo.lock");
    std::fs::remove_file(project.path("Cargo.lock")).unwrap();
    let first = update(project, &[]).expect_code(1).stdout;
    assert!(first.contains(&format!("(=1.1.0, {line})")) && first.contains(&advice), "{advice}\n{first}");
    assert!(!project.path("Cargo.lock").exists());
    let first = json(&update(project, &["--format", "json"]).expect_code(1));
    let asking = &first["unresolved"]["obstacles"][0]["asked_by"][0];
    assert_eq!(asking["written"][0]["file"].as_str(), Some(path), "{first}");
    project.write("Cargo.lock", lock);
    // It is followed.
    let text = project.read(file).replace("=1.1.0", "1");
    project.write(file, text);
    run(project, &["update", "--workspace"]).expect_code(0);
    assert_eq!(locked(project, "bar"), "1.0.0");
    run(project, &["audit"]).expect_code(0);
}

#[test]
fn a_pin_of_the_manifest_is_named_by_its_line() {
    let registry = registry();
    let project = project(&registry).dep("bar", "=1.1.0");
    project.lock_with_cargo();
    is_named(&project, "Cargo.toml", "bar =");
}

#[test]
fn the_line_is_that_of_the_version() {
    for (table, text) in [
        ("[target.'cfg(all())'.dependencies]\nbar = \"=1.1.0\"\n", "bar ="),
        ("[dependencies.bar]\ndefault-features = false\nversion = \"=1.1.0\"\n", "version = \"=1.1.0\""),
        ("[build-dependencies]\nother = { package = \"bar\", version = \"=1.1.0\" }\n", "other ="),
        ("[dev-dependencies]\n\n# Why.\nbar = { version = \"=1.1.0\", features = [] }\n", "bar ="),
    ] {
        let registry = registry();
        let project = project(&registry);
        let manifest = project.read("Cargo.toml");
        project.write("Cargo.toml", format!("{}\n{table}", manifest.replace("[dependencies]", "")));
        project.lock_with_cargo();
        is_named(&project, "Cargo.toml", text);
    }
}

#[test]
fn an_inherited_pin_is_named_where_it_is_written() {
    let registry = registry();
    let project = project(&registry);
    project.write(
        "Cargo.toml",
        "[workspace]\nmembers = [\"crates/*\"]\nresolver = \"3\"\n\n[workspace.dependencies]\nbar = \"=1.1.0\"\n",
    );
    let member =
        "[package]\nname = \"one\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[dependencies]\nbar.workspace = true\n";
    project.write("crates/one/Cargo.toml", member).write("crates/one/src/lib.rs", "");
    project.lock_with_cargo();
    is_named(&project, "Cargo.toml", "bar =");
}

#[test]
fn a_members_pin_is_named_in_its_manifest() {
    let registry = registry();
    let project = project(&registry);
    project.write("Cargo.toml", "[workspace]\nmembers = [\"crates/*\"]\nresolver = \"3\"\n");
    let member =
        "[package]\nname = \"one\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[dependencies]\nbar = \"=1.1.0\"\n";
    project.write("crates/one/Cargo.toml", member).write("crates/one/src/lib.rs", "");
    project.lock_with_cargo();
    is_named(&project, "crates/one/Cargo.toml", "bar =");
}

#[test]
fn a_fix_that_an_own_requirement_keeps_out_is_named_with_it() {
    let registry = TestRegistry::new();
    for version in ["1.0.0", "1.0.1"] {
        Package::new("bar", version).pubtime(OLD).publish(&registry);
    }
    let project = project(&registry).dep("bar", "=1.0.0");
    let policy = project.read("sequester.toml");
    project.write("sequester.toml", format!("{policy}\n[advisories]\nmax-copy-age = \"9000 days\"\n"));
    project.lock_with_cargo();
    let advisories = AdvisoryFolder::new();
    advisories.add(&Advisory::new("RUSTSEC-2025-9401", "bar").date("2025-07-01").patched(">= 1.0.1"));
    let root = advisories.root();
    for (verb, code) in [("audit", 1), ("update", 0), ("fix", 1)] {
        let outcome = project.sequester(&[verb, "--now", NOW, "--advisory-db", root.as_str()]).expect_code(code);
        let advice =
            format!("help: change `=1.0.0` in {}: bar 1.0.1 is approved", line(&project, "Cargo.toml", "bar ="));
        assert!(outcome.stdout.contains(&advice), "{verb}: {}", outcome.stdout);
    }
}

#[test]
fn nobody_is_told_to_edit_a_package_from_elsewhere() {
    let registry = registry();
    Package::new("user", "1.0.0").pubtime(OLD).dep("bar", "=1.1.0").publish(&registry);
    let project = project(&registry).dep("bar", "1").dep("user", "1");
    project.lock_with_cargo();
    for (words, code) in [(&["audit"][..], 1), (&["update"], 0), (&["fix"], 1), (&["explain", "bar@1.1.0"], 1)] {
        let outcome = run(&project, words).expect_code(code);
        for advice in ["help: change", "loosen"] {
            assert!(!outcome.stdout.contains(advice), "{words:?}: {}", outcome.stdout);
        }
    }
    // Nor where the release that would mend it is kept out by one.
    let advisories = AdvisoryFolder::new();
    advisories.add(&Advisory::new("RUSTSEC-2025-9401", "hit").date("2025-07-01").patched(">= 1.0.1"));
    for version in ["1.0.0", "1.0.1"] {
        Package::new("hit", version).pubtime(OLD).publish(&registry);
    }
    Package::new("holder", "1.0.0").pubtime(OLD).dep("hit", "=1.0.0").publish(&registry);
    let project = crate::update::project(&registry).dep("hit", "1").dep("holder", "1");
    let policy = project.read("sequester.toml");
    project.write("sequester.toml", format!("{policy}\n[advisories]\nmax-copy-age = \"9000 days\"\n"));
    project.lock_with_cargo();
    let root = advisories.root();
    let outcome = project.sequester(&["audit", "--now", NOW, "--advisory-db", root.as_str()]).expect_code(1);
    let expected = "1.0.1 is an approved fix, and a requirement of a package from elsewhere does not accept it";
    assert!(outcome.stdout.contains(expected) && !outcome.stdout.contains("help: change"), "{}", outcome.stdout);
    // A folder outside the workspace is somebody else's, too.
    let manifest =
        "[package]\nname = \"beside\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[dependencies]\nbar = \"=1.1.0\"\n";
    let project = crate::update::project(&registry).dep_toml("beside = { path = \"../beside\" }");
    std::fs::create_dir_all(project.outside().join("beside/src")).unwrap();
    std::fs::write(project.outside().join("beside/src/lib.rs"), "").unwrap();
    std::fs::write(project.outside().join("beside/Cargo.toml"), manifest).unwrap();
    project.lock_with_cargo();
    let outcome = run(&project, &["audit"]).expect_code(1);
    assert!(!outcome.stdout.contains("help: change"), "{}", outcome.stdout);
}
