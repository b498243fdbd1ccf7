//! The whole drill: a pull request brings the bad release, the audit holds it, somebody merges it all the same and builds, the advisory
//! comes, and the incident is told and cleared away.

use super::*;
use crate::audit_base::Change;
use crate::support::Advisory;

/// As crates.io had it in August 2026: a release of a small, still crate that takes a crate of the same day along, which runs at build time.
#[test]
fn from_the_pull_request_to_the_report() {
    let world = World::new().dep("arrayref", "0.3");
    Package::new("arrayref", "0.3.9").pubtime(OLD).publish(&world.registry);
    world.lock();
    world.project.write(".gitignore", "/target\n");
    let change = Change::commit(world);
    // The pull request: a patch release of two days, with its first dependency.
    Package::new("proc-bits", "0.1.0")
        .pubtime("2026-11-20T10:00:00Z")
        .file("build.rs", "fn main() { println!(\"cargo::warning=harmless\"); }")
        .publish(&change.world.registry);
    Package::new("arrayref", "0.3.10")
        .pubtime("2026-11-20T10:04:00Z")
        .dep("proc-bits", "0.1")
        .publish(&change.world.registry);
    change.world.project.cargo(&["update", "-p", "arrayref"]).expect_code(0);
    let document = change.json(1);
    assert!(crate::audit::reasons(&document, "arrayref").contains(&"too-new".to_owned()), "{document:#}");
    // Merged and released all the same, and built.
    change.git(&["tag", "v1.0.0"]);
    change.git(&["branch", "release"]);
    change.world.project.cargo(&["build"]).expect_code(0);
    // Before anybody knows, nobody is warned by name.
    change.world.incident(&["RUSTSEC-2026-0321"]).expect_code(2);
    change.world.advisories.add(
        &Advisory::new("RUSTSEC-2026-0321", "arrayref")
            .malicious()
            .date("2026-11-22")
            .patched("> 0.3.10")
            .unaffected("< 0.3.10"),
    );
    let document = change.world.found(&["RUSTSEC-2026-0321", "proc-bits@0.1.0"], 1);
    assert_eq!(document["suspects"][0]["advisory"]["id"], "RUSTSEC-2026-0321");
    let locked = document["locked"].as_array().unwrap();
    let of = |name: &str| locked.iter().find(|one| one["name"] == name).unwrap();
    for name in ["arrayref", "proc-bits"] {
        let tips = tips(of(name));
        for tip in [("tag", "v1.0.0"), ("branch", "work"), ("branch", "release"), ("index", "")] {
            assert!(tips.contains(&(tip.0.to_owned(), tip.1.to_owned())), "{name}: {tips:?}");
        }
        assert!(tips.iter().any(|(kind, _)| kind == "working-tree") && !tips.iter().any(|(_, name)| name == "base"));
        assert_eq!(of(name)["products"], serde_json::json!(["app"]));
        assert_eq!(of(name)["added_by"][0]["author"], "ana <ana@example.org>");
        assert_eq!(of(name)["added_by"][0]["id"], change.git(&["rev-parse", "work"]));
        assert_eq!(of(name)["removed"], 0);
    }
    let traces = document["traces"].as_array().unwrap();
    let kinds = |name: &str| -> Vec<&str> {
        let of = traces.iter().filter(|one| one["name"] == name);
        of.map(|one| one["kind"].as_str().unwrap()).collect()
    };
    assert_eq!(kinds("arrayref"), ["archive", "unpacked", "built"]);
    assert!(kinds("proc-bits").contains(&"build-script-run"), "{traces:#?}");
    let archive = traces.iter().find(|one| one["kind"] == "archive").unwrap();
    assert_eq!(archive["bytes"], "as-locked");
    let published: Vec<_> = document["published"].as_array().unwrap().iter().map(|one| &one["pubtime"]).collect();
    assert_eq!(published, ["2026-11-20T10:04:00Z", "2026-11-20T10:00:00Z"]);
    let steps: Vec<_> = document["steps"].as_array().unwrap().iter().map(|one| one["step"].as_str().unwrap()).collect();
    assert!(steps.is_sorted_by_key(|step| ["pin", "purge", "rotate"].iter().position(|one| one == step)), "{steps:?}");
    // What is printed is done, in its order; then only history is left.
    Package::new("arrayref", "0.3.11").pubtime("2026-11-01T00:00:00Z").publish(&change.world.registry);
    let commands = document["steps"].as_array().unwrap().iter().filter_map(|one| one["command"].as_str());
    let pins: Vec<&str> = commands.clone().filter(|line| line.starts_with("cargo sequester update")).collect();
    assert!(pins.iter().any(|line| line.contains("arrayref@0.3.10")), "{pins:?}");
    change.git(&["checkout", "-q", "base", "--", "Cargo.lock"]);
    change.finish();
    for line in commands.filter(|line| line.starts_with("rm ")) {
        change.world.project.run("sh", &["-c", line]).expect_code(0);
    }
    let document = change.world.found(&["RUSTSEC-2026-0321"], 1);
    assert_eq!(document["traces"], serde_json::json!([]));
    let tips = tips(&document["locked"][0]);
    assert!(!tips.iter().any(|(kind, name)| kind == "working-tree" || kind == "index" || name == "work"), "{tips:?}");
    assert_eq!(document["locked"][0]["removed_by"][0]["id"], change.git(&["rev-parse", "work"]));
    assert_eq!(document["message"], "locked now, in a tag");
    // The report for others has all of it.
    let report = change.world.incident(&["RUSTSEC-2026-0321", "--format", "markdown"]).expect_code(1).stdout;
    for part in ["## Incident report", "RUSTSEC-2026-0321", "tag v1.0.0", "### Products and time", "### Rotate"] {
        assert!(report.contains(part), "{part}: {report}");
    }
}

#[test]
fn what_vendor_wrote_and_the_trail_has_is_found() {
    let world = with_bad();
    // The machine's configuration names the mirror: the project's own is `vendor`'s to write.
    let config = world.project.path(".cargo/config.toml");
    std::fs::rename(&config, world.project.cargo_home().join("config.toml")).unwrap();
    world.project.sequester(&["vendor", "--now", crate::audit::NOW]).expect_code(0);
    world.commit();
    let document = world.found(&["bad@1.0.0", "--offline"], 1);
    let kinds: Vec<_> =
        document["traces"].as_array().unwrap().iter().map(|one| one["kind"].as_str().unwrap()).collect();
    assert!(kinds.contains(&"allow-listed") && kinds.contains(&"vendored"), "{kinds:?}");
    assert_eq!(document["recorded"][0]["kind"], "vendored");
    assert_eq!(document["recorded"][0]["name"], "bad");
    world.found(&["bad@1.0.1", "--offline"], 0);
}

#[test]
fn an_archive_of_other_bytes_is_told() {
    let world = with_bad();
    let cache = world.project.cargo_home().join("registry/cache/index.crates.io-1949cf8c6b5b557f");
    std::fs::create_dir_all(&cache).unwrap();
    std::fs::write(cache.join("bad-1.0.0.crate"), "poisoned").unwrap();
    std::fs::write(cache.join("bad-er-1.0.0.crate"), "another crate").unwrap();
    let document = world.found(&["bad@1.0.0"], 1);
    assert_eq!(document["traces"].as_array().unwrap().len(), 1);
    assert_eq!(document["traces"][0]["bytes"], "other");
    assert!(world.incident(&["bad@1.0.0"]).expect_code(1).stdout.contains("NOT the bytes that were locked"));
}

/// As a local registry has it, or whoever kept one by hand.
#[test]
fn an_archive_that_lies_in_the_repository_is_found() {
    let world = with_bad();
    world.project.write("kept/bad-1.0.0.crate", "poisoned").write("kept/bad-er-1.0.0.crate", "another crate");
    // A folder of such a name is no lock file and in nobody's way.
    world.project.write("kept/other/Cargo.lock/file", "");
    let document = world.found(&["bad@1.0.0"], 1);
    let traces = document["traces"].as_array().unwrap();
    let told = |one: &Value| ["kind", "version", "bytes"].map(|key| one[key].as_str().unwrap().to_owned());
    assert_eq!(traces.iter().map(told).collect::<Vec<_>>(), [["vendored", "1.0.0", "other"]], "{document:#}");
    assert!(traces[0]["path"].as_str().unwrap().ends_with("kept/bad-1.0.0.crate"), "{document:#}");
    assert_eq!(gaps(&document), [""; 0]);
}

#[test]
fn build_output_elsewhere_is_found_and_an_untold_version_is_undecided() {
    let mut world = with_bad();
    let elsewhere = world.project.outside().join("elsewhere");
    world.project = world.project.env("CARGO_TARGET_DIR", elsewhere.as_str());
    world.project.cargo(&["check"]).expect_code(0);
    let document = world.found(&["bad@<2"], 1);
    let built = document["traces"].as_array().unwrap().iter().find(|one| one["kind"] == "built").unwrap();
    assert!(built["path"].as_str().unwrap().starts_with(elsewhere.as_str()));
    assert_eq!(built["version"], "1.0.0");
    // What tells the version is gone.
    for entry in std::fs::read_dir(elsewhere.join("debug/deps")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|end| end == "d") {
            std::fs::remove_file(path).unwrap();
        }
    }
    assert_eq!(gaps(&world.found(&["bad@1.0.0"], 2)), ["version-untold"]);
    world.found(&["bad"], 1);
}
