//! Stubs are not believed: no recorded platform may need one.

use super::scene::{codes, json};
use crate::support::{Dependency, Package, Project, TestRegistry};

/// `app` needs `near`, which needs `far` on a platform that nobody builds for here; `far` is a stub.
fn vendored() -> (Project, TestRegistry, String) {
    let registry = TestRegistry::new();
    let old = "2025-01-01T00:00:00Z";
    Package::new("far", "1.0.0").pubtime(old).file("src/lib.rs", "pub fn far() {}\n").publish(&registry);
    let far = Dependency::new("far", "^1").target("cfg(target_os = \"hermit\")");
    Package::new("near", "1.0.0").pubtime(old).dependency(far).publish(&registry);
    let project = Project::new().crates_io(&registry).dep("near", "1");
    project.lock_with_cargo();
    let config = project.read(".cargo/config.toml");
    std::fs::write(project.cargo_home().join("config.toml"), config).unwrap();
    std::fs::remove_file(project.path(".cargo/config.toml")).unwrap();
    let project = project.policy(&format!("[sources]\nmirrors = [\"{}\"]\n", registry.url()));
    let said = project.run("rustc", &["-vV"]).expect_code(0).stdout;
    let host = said.lines().find_map(|line| line.strip_prefix("host: ")).unwrap().to_owned();
    project.sequester(&["vendor", "--no-advisories", "--platform", &host]).expect_code(0);
    (project, registry, host)
}

#[test]
fn no_recorded_platform_needs_what_is_a_stub() {
    let (project, _registry, host) = vendored();
    let document = json(&project, &[], 0);
    assert_eq!(document["summary"]["stubs"], 1, "{document:#}");
    let config = project.read(".cargo/config.toml");
    let recorded = format!("platforms = [\"{host}\"]\n");
    assert!(config.contains(&recorded), "{config}");
    for other in ["platforms = [\"x86_64-unknown-hermit\"]\n", ""] {
        project.write(".cargo/config.toml", config.replace(&recorded, other));
        let document = json(&project, &[], 1);
        assert_eq!(codes(&document), ["stub-needed"], "{document:#}");
        assert!(document["findings"][0]["package"].as_str().unwrap().contains("far@1.0.0"), "{document:#}");
    }
    // A platform that the compiler does not know leaves it undecided.
    project.write(".cargo/config.toml", config.replace(&recorded, "platforms = [\"no-such\"]\n"));
    assert_eq!(json(&project, &[], 2)["blockers"][0]["code"], "platform");
    // A package that is built cannot be called a stub.
    let entry = config.lines().find(|line| line.starts_with("\"near@1.0.0\"")).unwrap();
    project.write(".cargo/config.toml", config.replace(entry, &entry.replace(" }", ", stub = true }")));
    let document = json(&project, &[], 1);
    assert_eq!(codes(&document), ["stub-needed"]);
    let message = document["findings"][0]["message"].as_str().unwrap();
    assert!(message.contains("near") && message.contains(&host), "{message}");
}

#[test]
fn other_platforms_than_the_bases_are_told() {
    let (project, _registry, host) = vendored();
    let git = |arguments: &[&str]| project.run("git", arguments);
    if git(&["init", "-q", "."]).code != 0 {
        eprintln!("skipped: there is no git");
        return;
    }
    git(&["add", "-A", "."]).expect_code(0);
    git(&["-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "-q", "-m", "State"]).expect_code(0);
    assert_eq!(json(&project, &["--base", "HEAD"], 0)["notes"], serde_json::json!([]));
    let config = project.read(".cargo/config.toml");
    let more = config.replace(&format!("[\"{host}\"]"), &format!("[\"{host}\", \"wasm32-unknown-unknown\"]"));
    project.write(".cargo/config.toml", more);
    assert_eq!(json(&project, &["--base", "HEAD"], 0)["notes"][0]["code"], "platforms-changed");
}
