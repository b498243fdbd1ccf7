//! What `vendor --local-registry` wrote: every archive and every line of the index.

use serde_json::Value;

use super::scene::{codes, json};
use crate::support::{Package, Project, TestRegistry};

/// `app` needs `bar`, which needs `leaf`; both lie in `lr`.
struct Local {
    project: Project,
    _registry: TestRegistry,
}

impl Local {
    fn new() -> Self {
        let registry = TestRegistry::new();
        Package::new("leaf", "0.1.0").pubtime("2025-01-01T00:00:00Z").publish(&registry);
        Package::new("bar", "1.1.0").pubtime("2025-01-01T00:00:00Z").dep("leaf", "^0.1").publish(&registry);
        let project = Project::new().crates_io(&registry).dep("bar", "1");
        project.lock_with_cargo();
        let config = project.read(".cargo/config.toml");
        std::fs::write(project.cargo_home().join("config.toml"), config).unwrap();
        std::fs::remove_file(project.path(".cargo/config.toml")).unwrap();
        let project = project.policy(&format!("[sources]\nmirrors = [\"{}\"]\n", registry.url()));
        project.sequester(&["vendor", "--no-advisories", "--local-registry", "lr"]).expect_code(0);
        Self { project, _registry: registry }
    }

    #[track_caller]
    fn refused(&self, expected: &[&str]) -> Value {
        let document = json(&self.project, &[], 1);
        assert_eq!(codes(&document), expected, "{document:#}");
        document
    }

    /// Cargo builds from it, with a home that holds nothing.
    fn builds(&self) -> bool {
        let mut command = self.project.command(env!("CARGO"));
        let home = tempfile::tempdir().unwrap();
        command.args(["build", "--offline", "--locked"]).env("CARGO_HOME", home.path());
        command.output().unwrap().status.success()
    }
}

#[test]
fn what_vendor_wrote_is_verified() {
    let local = Local::new();
    assert!(local.builds());
    let document = json(&local.project, &[], 0);
    assert_eq!(document["summary"]["taken_from"]["vendored"], 2, "{document:#}");
    assert_eq!(json(&local.project, &["--deep"], 0)["summary"]["derived"], 2);
    let said = local.project.sequester(&["verify"]).expect_code(0);
    assert!(said.stdout.contains("2 vendored packages") && said.stdout.contains("lr agree"), "{}", said.stdout);
}

#[test]
fn an_altered_archive_or_one_too_few_or_too_many() {
    let local = Local::new();
    let archive = std::fs::read(local.project.path("lr/bar-1.1.0.crate")).unwrap();
    local.project.write("lr/bar-1.1.0.crate", [&archive[..], b"x"].concat());
    let document = local.refused(&["archive-differs"]);
    assert!(document["findings"][0]["help"].as_str().unwrap().ends_with("cargo sequester vendor --local-registry lr"));
    // The way out that is given works.
    local.project.sequester(&["vendor", "--local-registry", "lr", "--no-advisories"]).expect_code(0);
    json(&local.project, &[], 0);
    local.project.write("lr/more-1.0.0.crate", "x").write("lr/index/mo/re/more", "").write("lr/readme", "");
    local.refused(&["stray"]);
    for file in ["more-1.0.0.crate", "index/mo/re/more", "readme"] {
        std::fs::remove_file(local.project.path(&format!("lr/{file}"))).unwrap();
    }
    std::fs::remove_file(local.project.path("lr/bar-1.1.0.crate")).unwrap();
    local.refused(&["not-vendored"]);
}

#[test]
fn an_altered_line_of_the_index() {
    let local = Local::new();
    let line = local.project.read("lr/index/3/b/bar");
    let other = "0".repeat(64);
    let digest = line.split("\"cksum\":\"").nth(1).unwrap().split('"').next().unwrap();
    for altered in [
        line.replace(digest, &other),
        line.replace("\"name\":\"leaf\"", "\"name\":\"evil\""),
        line.replace("\"features\":{}", "\"features\":{\"default\":[\"evil\"],\"evil\":[]}"),
        line.replace("1.1.0", "1.2.0"),
        format!("{line}{line}"),
        "evil\n".to_owned(),
        String::new(),
    ] {
        assert_ne!(altered, line);
        local.project.write("lr/index/3/b/bar", &altered);
        local.refused(&["index-differs"]);
    }
    // A yank changes nothing of what is built from a lock file, and an honest one may have been vendored.
    local.project.write("lr/index/3/b/bar", line.replace("\"yanked\":false", "\"yanked\":true"));
    assert!(local.builds());
    assert_eq!(json(&local.project, &[], 0)["notes"][0]["code"], "yanked");
}

#[test]
fn the_allow_list_and_the_configuration_are_held_against_it() {
    let local = Local::new();
    let config = local.project.read(".cargo/config.toml");
    let without: String =
        config.lines().filter(|line| !line.contains("leaf@")).map(|line| format!("{line}\n")).collect();
    local.project.write(".cargo/config.toml", without);
    local.refused(&["not-allowed"]);
    let at = config.find("tree = \"").unwrap() + "tree = \"".len();
    local.project.write(".cargo/config.toml", format!("{}{}{}", &config[..at], "0".repeat(64), &config[at + 64..]));
    local.refused(&["tree-differs"]);
    local.project.write(".cargo/config.toml", config.replace("local-registry = \"lr\"", "local-registry = \"../lr\""));
    std::fs::rename(local.project.path("lr"), local.project.outside().join("lr")).unwrap();
    local.refused(&["tree-outside"]);
}

#[cfg(unix)]
#[test]
fn a_pipe_in_an_archives_place_is_refused_at_once() {
    let local = Local::new();
    std::fs::remove_file(local.project.path("lr/bar-1.1.0.crate")).unwrap();
    local.project.run("mkfifo", &["lr/bar-1.1.0.crate", "lr/index/pipe"]).expect_code(0);
    local.refused(&["not-vendored", "stray"]);
}
