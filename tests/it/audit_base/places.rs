//! Whether what is judged, and judged by, is where the base has it: what is elsewhere, behind a link or under an attribute's hands could
//! not be held against it.

use super::*;
use crate::support::Project;

fn kinds(document: &Value) -> Vec<(String, String)> {
    let text = |one: &Value, key: &str| one[key].as_str().unwrap().to_owned();
    document["loosened"].as_array().unwrap().iter().map(|one| (text(one, "kind"), text(one, "key"))).collect()
}

fn places(document: &Value) -> Vec<String> {
    kinds(document).into_iter().filter(|(kind, _)| kind == "place").map(|(_, key)| key).collect()
}

/// A project of no dependencies in the folder `ws` of its repository, committed as the base.
fn below() -> Change {
    let world = World::new();
    world.policy("[quarantine]\nmin-publish-age = \"10 days\"");
    world.lock();
    for file in ["Cargo.toml", "Cargo.lock", "sequester.toml", "src/lib.rs"] {
        let text = world.project.read(file);
        world.project.write(&format!("ws/{file}"), text);
        std::fs::remove_file(world.project.path(file)).unwrap();
    }
    Change::commit(world)
}

/// `audit --base base` in a folder of the project, as a shell that went there by this name starts it.
fn audit_in(change: &Change, folder: &str, arguments: &[&str]) -> Outcome {
    change.finish();
    let project = &change.world.project;
    let mut command = project.command(env!("CARGO_BIN_EXE_cargo-sequester"));
    command.args(["audit", "--now", NOW, "--format", "json", "--no-advisories", "--base", "base"]).args(arguments);
    command.current_dir(project.path(folder)).env("PWD", project.path(folder).as_str());
    let output = command.output().unwrap();
    Outcome {
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
        code: output.status.code().unwrap(),
    }
}

#[cfg(unix)]
#[test]
fn a_folder_that_became_a_link_is_not_a_base_without_rules() {
    let change = below();
    let project = &change.world.project;
    assert_eq!(document(&audit_in(&change, "ws", &[]).expect_code(0))["loosened"], serde_json::json!([]));
    std::fs::rename(project.path("ws"), project.path("ws2")).unwrap();
    std::os::unix::fs::symlink("ws2", project.path("ws")).unwrap();
    change.edit("ws2/sequester.toml", "10 days", "0");
    let found = document(&audit_in(&change, "ws", &[]).expect_code(1));
    let told = places(&found);
    for place in ["ws", "ws/sequester.toml", "policy file", "the lock file that is judged"] {
        assert!(told.iter().any(|one| one == place), "{place}: {told:?}");
    }
    // By its path, whatever the folder in which it runs.
    let found = document(&audit_in(&change, ".", &["--manifest-path", "ws/Cargo.toml"]).expect_code(1));
    assert!(places(&found).iter().any(|one| one == "ws/Cargo.lock"), "{found:#}");
}

#[test]
fn a_folder_that_moved_is_not_a_base_without_rules() {
    let change = below();
    let project = &change.world.project;
    std::fs::rename(project.path("ws"), project.path("ws2")).unwrap();
    let found = document(&audit_in(&change, "ws2", &[]).expect_code(1));
    let told = places(&found);
    for place in ["ws/sequester.toml", "policy file", "the lock file that is judged"] {
        assert!(told.iter().any(|one| one == place), "{place}: {told:?}");
    }
    // What moved cannot be called a first policy.
    let found = document(&audit_in(&change, "ws2", &["--loosened", "report"]).expect_code(1));
    assert_eq!(places(&found), told);
    assert_eq!(found["decides"], serde_json::json!([]));
}

#[cfg(unix)]
#[test]
fn neither_do_two_changes_take_the_rules_away() {
    // The first brings a second workspace with rules of its own, which nobody judges; the second puts it in the place of the first.
    let change = below();
    let project = &change.world.project;
    for file in ["Cargo.toml", "Cargo.lock", "sequester.toml", "src/lib.rs"] {
        let text = project.read(&format!("ws/{file}")).replace("10 days", "0");
        project.write(&format!("ws2/{file}"), text);
    }
    audit_in(&change, "ws", &[]);
    change.git(&["branch", "--force", "base"]);
    std::fs::remove_dir_all(project.path("ws")).unwrap();
    std::os::unix::fs::symlink("ws2", project.path("ws")).unwrap();
    for (folder, arguments) in [("ws", &[][..]), ("ws2", &[]), (".", &["--manifest-path", "ws/Cargo.toml"])] {
        for lane in [&[][..], &["--loosened", "report"]] {
            let found = document(&audit_in(&change, folder, &[arguments, lane].concat()).expect_code(1));
            assert!(!places(&found).is_empty(), "{folder}");
        }
    }
}

#[test]
fn a_workspace_that_is_told_to_lie_elsewhere_is_found() {
    // Without any policy the same is true of the lock file.
    let world = World::new().dep("old", "1");
    Package::new("old", "1.0.0").publish(&world.registry);
    world.lock();
    std::fs::remove_file(world.project.path("sequester.toml")).unwrap();
    let lock = world.project.read("Cargo.lock");
    world.project.write("tools/Cargo.lock", &lock).write("tools/Cargo.toml", "[workspace]\nmembers = [\"..\"]\n");
    let change = Change::commit(world);
    change.edit("Cargo.toml", "[dependencies]", "workspace = \"tools\"\n[dependencies]");
    let found = document(&audit_in(&change, ".", &[]));
    assert_eq!(places(&found), ["the lock file that is judged"], "{found:#}");
}

#[test]
fn a_trail_that_is_gone_elsewhere_is_found() {
    let change = below();
    change
        .world
        .project
        .write("other/.sequester/trail/20261122T185459Z-00.json", "{}")
        .write("other/sequester.toml", "");
    change.git(&["add", "-A"]);
    change.git(&["commit", "--quiet", "-m", "more"]);
    change.git(&["branch", "--force", "base"]);
    std::fs::remove_dir_all(change.world.project.path("other")).unwrap();
    let found = document(&audit_in(&change, "ws", &[]).expect_code(1));
    assert_eq!(places(&found), ["other/sequester.toml", "other/.sequester/trail"]);
}

#[test]
fn a_lock_file_that_git_does_not_track_is_nobodys_change() {
    let world = World::new().dep("old", "1");
    Package::new("old", "1.0.0").publish(&world.registry);
    world.project.write(".gitignore", "/Cargo.lock\n");
    world.lock();
    let document = Change::commit(world).json(0);
    assert_eq!(document["summary"]["not_judged"], 0);
}

#[test]
fn what_git_would_commit_otherwise_is_not_judged() {
    for (attributes, file) in [
        ("*.toml working-tree-encoding=ISO-8859-1\n", "toml"),
        ("sequester.toml working-tree-encoding=CP1252\n", "sequester.toml"),
        ("Cargo.lock filter=x\n", "Cargo.lock"),
        ("Cargo.* ident\n", "Cargo."),
        ("[attr]mine filter=x\n/Cargo.toml mine\n", "Cargo.toml"),
        ("/.cargo/** filter=lfs diff=lfs merge=lfs -text\n", ".cargo/config.toml"),
    ] {
        let change = Change::new().with_fresh();
        change.world.project.write(".gitattributes", attributes);
        // The way out that is printed is one, for each file that is named.
        let mut named = Vec::new();
        loop {
            change.finish();
            let outcome = change.world.audit(&["--base", "base"]);
            let Some((_, line)) = outcome.stderr.split_once("with this line: ") else {
                outcome.expect_code(1);
                break;
            };
            assert_eq!(outcome.code, 2);
            assert!(!named.contains(&line.to_owned()), "{line}");
            change.append(".gitattributes", line.trim());
            named.push(line.to_owned());
        }
        assert!(named.iter().any(|line| line.contains(file)), "{attributes}: {named:?}");
    }
}

#[test]
fn attributes_from_everywhere_are_heeded() {
    // Nested, of this clone alone, and of the index where the working tree's say nothing.
    let change = Change::new().with_fresh();
    change.world.project.write(".cargo/.gitattributes", "config.toml filter=x\n");
    change.finish();
    assert!(change.world.audit(&["--base", "base"]).expect_code(2).stderr.contains(".cargo/config.toml"));
    change.world.project.write(".cargo/.gitattributes", "");
    change.world.audit(&["--base", "base"]).expect_code(2);
    change.finish();
    change.world.json(&["--base", "base"], 1);
    change.world.project.write(".git/info/attributes", "sequester.toml ident\n");
    assert!(change.world.audit(&["--base", "base"]).expect_code(2).stderr.contains("sequester.toml"));
}

#[test]
fn events_of_the_trail_are_judged_as_git_would_commit_them() {
    let change = Change::new();
    change.world.project.write(".sequester/trail/20261122T185459Z-00.json", "{}");
    change.world.project.write(".gitattributes", "*.json filter=lfs\n");
    change.finish();
    assert!(change.world.audit(&["--base", "base"]).expect_code(2).stderr.contains("20261122T185459Z-00.json"));
}

#[test]
fn line_ends_are_no_difference() {
    let world = World::new().dep("old", "1");
    Package::new("old", "1.0.0").publish(&world.registry);
    world.policy("[quarantine]\nmin-publish-age = \"10 days\"");
    world.lock();
    world.project.write(".gitattributes", "* text=auto eol=crlf\n");
    let change = Change::commit(world).with_fresh();
    change.finish();
    let project = &change.world.project;
    for file in ["Cargo.lock", "sequester.toml", ".cargo/config.toml"] {
        std::fs::remove_file(project.path(file)).unwrap();
    }
    change.git(&["checkout", "--", "."]);
    assert!(project.read("Cargo.lock").contains("\r\n") && project.read("sequester.toml").contains("\r\n"));
    let document = change.world.json(&["--base", "base"], 1);
    assert_eq!(reasons(&document, "fresh"), ["too-new"]);
    assert_eq!((loosened(&document), &document["summary"]["not_judged"]), (Vec::new(), &2.into()));
}

#[test]
fn a_name_of_other_case_is_not_the_policy() {
    let change = Change::new().with_fresh();
    let text = change.world.project.read("sequester.toml");
    change.world.project.write("Sequester.toml", text.replace("10 days", "0"));
    change.finish();
    let outcome = change.world.audit(&["--base", "base"]).expect_code(2);
    assert!(outcome.stderr.contains("Sequester.toml"), "{}", outcome.stderr);
}

#[test]
fn what_a_sparse_checkout_leaves_out_is_not_gone() {
    let change = below();
    change.git(&["sparse-checkout", "set", "--no-cone", "/*", "!/ws/sequester.toml"]);
    assert!(!change.world.project.path("ws/sequester.toml").exists());
    let outcome = audit_in(&change, "ws", &[]).expect_code(2);
    let help = outcome.stderr.split_once("help: git ").unwrap().1.trim();
    change.git(&help.split(' ').collect::<Vec<_>>());
    audit_in(&change, "ws", &[]).expect_code(0);
}

/// A base whose own configuration has cargo wait for thirty days, and a change that adds a release of three weeks.
fn waiting(lay_out: impl FnOnce(&Project)) -> Change {
    let world = World::new().dep("old", "1");
    Package::new("old", "1.0.0").publish(&world.registry);
    Package::new("ripe", "1.0.0").publish(&world.registry);
    Package::new("ripe", "1.1.0").pubtime("2026-11-01T00:00:00Z").publish(&world.registry);
    world.lock();
    lay_out(&world.project);
    let mut change = Change::commit(world);
    change.add_dependency("ripe");
    change
}

const THIRTY_DAYS: &str = "\n[registry]\nglobal-min-publish-age = \"30 days\"\n";

#[test]
fn a_full_folder_does_not_hide_the_bases_own_age() {
    let change = waiting(|project| {
        for number in 0..80 {
            project.write(&format!(".cargo/a{number:02}.toml"), "");
        }
        let config = project.read(".cargo/config.toml");
        project.write(".cargo/config.toml", config + THIRTY_DAYS);
    });
    change.edit(".cargo/config.toml", "30 days", "1 day");
    assert_eq!(reasons(&change.json(1), "ripe"), ["too-new"]);
}

#[test]
fn what_the_bases_configuration_includes_is_read_as_the_base_has_it() {
    for include in ["include = [\"age.toml\"]", "include = [{ path = \"../ci/age.toml\", optional = true }]"] {
        let change = waiting(|project| {
            let config = project.read(".cargo/config.toml");
            project.write(".cargo/config.toml", format!("{include}\n{config}"));
            project.write(".cargo/age.toml", THIRTY_DAYS).write("ci/age.toml", THIRTY_DAYS);
        });
        change.world.project.write(".cargo/age.toml", "").write("ci/age.toml", "");
        assert_eq!(reasons(&change.json(1), "ripe"), ["too-new"], "{include}");
    }
    let change = waiting(|project| {
        let config = project.read(".cargo/config.toml");
        project.write(
            ".cargo/config.toml",
            format!("include = [{{ path = \"../../age.toml\", optional = true }}]\n{config}"),
        );
    });
    change.finish();
    let outcome = change.world.audit(&["--base", "base"]).expect_code(2);
    assert!(outcome.stderr.contains("../../age.toml"), "{}", outcome.stderr);
}

#[cfg(unix)]
#[test]
fn a_linked_configuration_is_undecided_in_the_base_and_a_finding_in_a_change() {
    let link = |project: &Project| {
        std::fs::rename(project.path(".cargo/config.toml"), project.path("real.toml")).unwrap();
        std::os::unix::fs::symlink("../real.toml", project.path(".cargo/config.toml")).unwrap();
    };
    let change = Change::new();
    link(&change.world.project);
    assert_eq!(loosened(&change.json(1)), [".cargo/config.toml"]);
    change.git(&["branch", "--force", "base"]);
    let outcome = change.world.audit(&["--base", "base"]).expect_code(2);
    assert!(outcome.stderr.contains(".cargo/config.toml"), "{}", outcome.stderr);
}

/// What cargo's configuration includes judges too: git must commit what lies there.
#[test]
fn an_attribute_on_an_included_configuration_is_undecided() {
    let world = World::new().dep("old", "1");
    Package::new("old", "1.0.0").publish(&world.registry);
    world.lock();
    let config = world.project.read(".cargo/config.toml");
    world.project.write(".cargo/config.toml", format!("include = [\"ages.toml\"]\n{config}"));
    world.project.write(".cargo/ages.toml", "[registry]\nglobal-min-publish-age = \"20 days\"\n");
    let change = Change::commit(world);
    change.json(0);
    change.world.project.write(".gitattributes", ".cargo/ages.toml working-tree-encoding=UTF-16LE\n");
    let outcome = change.world.audit(&["--base", "base"]).expect_code(2);
    assert!(outcome.stderr.contains("ages.toml"), "{}", outcome.stderr);
}
