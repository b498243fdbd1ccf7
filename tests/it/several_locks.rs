//! A repository with several workspaces: one policy for all, and `audit --all`.

use crate::audit_base::Change;
use crate::support::{Advisory, Package};

/// A second workspace in `tools`, which locks `old` too.
fn with_tools(change: &Change, folder: &str) {
    let project = &change.world.project;
    let manifest = "[package]\nname = \"tools\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[workspace]\n\n[dependencies]\nold = \"1\"\n";
    project.write(&format!("{folder}/Cargo.toml"), manifest);
    project.write(&format!("{folder}/src/lib.rs"), "");
    project.cargo(&["generate-lockfile", "--manifest-path", &format!("{folder}/Cargo.toml")]).expect_code(0);
}

/// Its lock file names a release that is two days old.
fn with_fresh(change: &Change, folder: &str) {
    let world = &change.world;
    Package::new("fresh", "1.1.0").pubtime("2026-11-20T00:00:00Z").publish(&world.registry);
    let path = format!("{folder}/Cargo.toml");
    world.project.write(&path, format!("{}fresh = \"1\"\n", world.project.read(&path)));
    world.project.cargo(&["update", "--workspace", "--manifest-path", &path]).expect_code(0);
}

#[test]
fn the_nearest_policy_above_holds_and_none_beyond_the_repository() {
    let change = Change::new();
    with_tools(&change, "tools");
    // Without the root's policy the mirror would be refused.
    let told = change.world.audit(&["--manifest-path", "tools/Cargo.toml"]).expect_code(0).stdout;
    assert!(told.contains("Policy sequester.toml"), "{told}");
    // One of its own holds alone.
    change.world.project.write("tools/sequester.toml", "");
    change.world.audit(&["--manifest-path", "tools/Cargo.toml"]).expect_code(2);
    // A repository of its own ends the search.
    std::fs::remove_file(change.world.project.path("tools/sequester.toml")).unwrap();
    change.world.project.write("tools/.git/HEAD", "ref: refs/heads/main\n");
    change.world.audit(&["--manifest-path", "tools/Cargo.toml"]).expect_code(2);
}

#[test]
fn approvals_and_the_trail_stand_with_the_policy_that_holds() {
    let change = Change::new();
    with_tools(&change, "tools");
    with_fresh(&change, "tools");
    let here = ["--manifest-path", "tools/Cargo.toml", "--now", crate::audit::NOW];
    let approve = ["approve", "fresh@1.1.0", "--reason", "read it", "--by", "ana"];
    change.world.project.sequester(&[&approve[..], &here].concat()).expect_code(0);
    assert!(change.world.project.read("sequester.toml").contains("fresh"));
    assert!(!change.world.project.path("tools/.sequester").exists());
    let log = change.world.project.sequester(&["log", "--manifest-path", "tools/Cargo.toml"]).expect_code(0).stdout;
    assert!(log.contains("fresh@1.1.0"), "{log}");
}

/// What another workspace under the policy has is nothing that this one may call idle, let alone take away.
#[test]
fn what_another_workspace_uses_is_not_pruned() {
    let change = Change::new();
    with_tools(&change, "tools");
    with_fresh(&change, "tools");
    let world = &change.world;
    world.advisories.add(&Advisory::new("RUSTSEC-2026-0900", "fresh").date("2026-11-01"));
    let db = ["--now", crate::audit::NOW, "--advisory-db", world.advisories.root().as_str()].map(str::to_owned);
    let db: Vec<&str> = db.iter().map(String::as_str).collect();
    let run = |words: &[&str], code: i32| world.project.sequester(&[words, &db].concat()).expect_code(code).stdout;
    let tools = ["--reason", "read it", "--by", "ana", "--manifest-path", "tools/Cargo.toml"];
    let ignore = ["approve", "fresh", "--id", "RUSTSEC-2026-0900", "--until", "2026-12-01"];
    run(&[&ignore[..], &tools].concat(), 0);
    run(&[&["approve", "fresh@1.1.0"][..], &tools].concat(), 0);
    let told = run(&["audit", "--all"], 0);
    assert!(!told.contains("--prune") && !told.contains("not used") && !told.contains("hits no"), "{told}");
    let told = run(&["approve", "--prune"], 0);
    assert!(told.contains("every approval and ignore is in use"), "{told}");
    run(&["audit", "--all"], 0);
    // A lock file that cannot be read may have it.
    let lock = world.project.read("tools/Cargo.lock");
    world.project.write("tools/Cargo.lock", "no lock file\n");
    run(&["approve", "--prune"], 0);
    // Once no workspace has it, it goes; so where the other one has a policy of its own.
    world.project.write("tools/Cargo.lock", lock).write("tools/sequester.toml", "");
    assert!(run(&["approve", "--prune"], 0).contains("Pruned"));
    assert!(!world.project.read("sequester.toml").contains("fresh"));
}

/// With a base the nearest policy must be the base's too: neither a laxer one below nor taking the nearer one away counts.
#[test]
fn a_change_cannot_choose_another_policy() {
    let change = Change::new();
    with_tools(&change, "tools");
    with_fresh(&change, "tools");
    change.finish();
    let arguments = ["--base", "base", "--manifest-path", "tools/Cargo.toml"];
    let told = change.world.audit(&arguments).expect_code(1).stdout;
    assert!(told.contains("fresh@1.1.0"), "{told}");
    let lax = change.world.policy_text("[quarantine]\nmin-publish-age = \"0\"");
    change.world.project.write("tools/sequester.toml", &lax);
    change.finish();
    let told = change.world.audit(&arguments).expect_code(2).stderr;
    assert!(told.contains("the policy of the base is sequester.toml"), "{told}");
    // Once it is the base's, it holds, and its going is a finding.
    change.git(&["branch", "--force", "base"]);
    change.world.audit(&arguments).expect_code(0);
    change.git(&["rm", "--quiet", "tools/sequester.toml"]);
    change.finish();
    change.world.audit(&arguments).expect_code(2);
}

#[test]
fn all_judges_each_lock_file_and_ends_with_the_worst() {
    let change = Change::new();
    with_tools(&change, "tools");
    with_tools(&change, "fuzz");
    let told = change.world.audit(&["--all"]).expect_code(0).stdout;
    for name in
        ["Judging Cargo.lock", "Judging fuzz/Cargo.lock", "Judging tools/Cargo.lock", "3 lock files: 3 all approved"]
    {
        assert!(told.contains(name), "{name} in\n{told}");
    }
    with_fresh(&change, "tools");
    let told = change.world.audit(&["--all"]).expect_code(1).stdout;
    assert!(told.contains("3 lock files: 2 all approved, 1 not approved"), "{told}");
    // What is printed works when it is pasted: it means the workspace that it is about.
    let approve = told.lines().find(|line| line.contains("approve fresh@1.1.0")).unwrap();
    assert!(approve.contains("--manifest-path tools/Cargo.toml"), "{approve}");
    // One that cannot be judged keeps no other from it, and goes before everything.
    change.world.project.write("fuzz/Cargo.lock", "no lock file\n");
    let outcome = change.world.audit(&["--all"]).expect_code(2);
    assert!(outcome.stdout.contains("1 all approved, 1 not approved, 1 undecided"), "{}", outcome.stdout);
    assert!(outcome.stderr.contains("fuzz/Cargo.lock"), "{}", outcome.stderr);
    // From a folder below as well, and as data: one document after the other.
    let outcome = change.world.audit(&["--all", "--format", "json"]).expect_code(2);
    let documents: Result<Vec<serde_json::Value>, _> =
        serde_json::Deserializer::from_str(&outcome.stdout).into_iter().collect();
    assert_eq!(documents.unwrap().len(), 2);
    change.world.audit(&["--all", "--format", "sarif"]).expect_code(2);
}

#[test]
fn all_passes_over_what_vendored_packages_bring_and_what_git_ignores() {
    let change = Change::new();
    for folder in ["vendor/inner", "ignored"] {
        with_tools(&change, folder);
        with_fresh(&change, folder);
    }
    change.world.project.write("vendor/inner/.cargo-checksum.json", "{}");
    // That alone would let a change take any workspace out of sight.
    let told = change.world.audit(&["--all"]).expect_code(1).stdout;
    assert!(told.contains("Judging vendor/inner/Cargo.lock"), "{told}");
    let config = change.world.project.read(".cargo/config.toml");
    change
        .world
        .project
        .write(".cargo/config.toml", format!("{config}\n[source.sequestered]\ndirectory = \"vendor\"\n"));
    change.world.project.write(".gitignore", "/ignored\n");
    let told = change.world.audit(&["--all"]).expect_code(0).stdout;
    assert!(told.contains("1 lock file: 1 all approved, 1 of vendored packages passed over"), "{told}");
}

/// Nothing says of a workspace without a lock file that it was judged.
#[test]
fn all_names_the_workspaces_that_git_has_no_lock_file_of() {
    let change = Change::new();
    let project = &change.world.project;
    for folder in ["tools", "ignored", "vendor/inner"] {
        with_tools(&change, folder);
    }
    std::fs::remove_file(project.path("tools/Cargo.lock")).unwrap();
    std::fs::remove_file(project.path("vendor/inner/Cargo.lock")).unwrap();
    project.write("vendor/inner/.cargo-checksum.json", "{}").write(".gitignore", "ignored/Cargo.lock\n");
    let config = project.read(".cargo/config.toml");
    project.write(".cargo/config.toml", format!("{config}\n[source.sequestered]\ndirectory = \"vendor\"\n"));
    // A package that is none of its own.
    project.write("part/Cargo.toml", "[package]\nname = \"part\"\nversion = \"0.1.0\"\n");
    let told = change.world.audit(&["--all"]).expect_code(0).stdout;
    let named: Vec<&str> = told.lines().filter(|line| line.contains("Unlocked")).collect();
    assert_eq!(named.len(), 2, "{told}");
    assert!(named[0].contains("ignored/Cargo.toml: git has no lock file beside it"), "{told}");
    let way = told.lines().find(|line| line.contains("--manifest-path tools/Cargo.toml")).unwrap();
    let way = way.split_once("to write one: ").unwrap().1;
    assert!(way.starts_with("cargo sequester cargo ") && way.contains("generate-lockfile"), "{way}");
    let way = way.replace("cargo sequester ", concat!(env!("CARGO_BIN_EXE_cargo-sequester"), " sequester "));
    project.run("sh", &["-c", &way]).expect_code(0);
    assert!(project.path("tools/Cargo.lock").exists());
    let told = change.world.audit(&["--all", "--format", "markdown"]).expect_code(0).stdout;
    assert!(told.contains("## Workspaces without a lock file") && !told.contains("tools/Cargo.toml"), "{told}");
    // Where a lock file is missing that is to be judged, too, the way out is about its workspace.
    change.finish();
    change.git(&["branch", "--force", "base"]);
    change.git(&["rm", "--quiet", "tools/Cargo.lock"]);
    change.finish();
    let outcome = change.world.audit(&["--all", "--base", "base"]).expect_code(2);
    assert!(outcome.stderr.contains("generate-lockfile --manifest-path tools/Cargo.toml"), "{}", outcome.stderr);
}

/// A change that no longer tracks a lock file, or ignores it, does not take its workspace out of sight.
#[test]
fn all_sees_a_lock_file_that_a_change_takes_away() {
    let change = Change::new();
    with_tools(&change, "tools");
    change.finish();
    change.git(&["branch", "--force", "base"]);
    change.git(&["rm", "--quiet", "--cached", "tools/Cargo.lock"]);
    change.world.project.write(".gitignore", "tools/Cargo.lock\n");
    with_fresh(&change, "tools");
    change.finish();
    let told = change.world.audit(&["--all", "--base", "base"]);
    assert_ne!(told.code, 0, "{}", told.stdout);
    assert!(told.stdout.contains("Judging tools/Cargo.lock"), "{}", told.stdout);
    std::fs::remove_file(change.world.project.path("tools/Cargo.lock")).unwrap();
    change.world.audit(&["--all", "--base", "base"]).expect_code(2);
    // Where the workspace goes with it, nothing is left to judge.
    std::fs::remove_dir_all(change.world.project.path("tools")).unwrap();
    change.finish();
    change.world.audit(&["--all", "--base", "base"]).expect_code(0);
    change.world.audit(&["--all", "--base", "Cargo.lock"]).expect_code(2);
}

/// Beside a member of a workspace nothing reads a lock file; it is judged as it lies there all the same.
#[test]
fn all_judges_a_lock_file_that_cargo_does_not_use() {
    let change = Change::new();
    with_tools(&change, "stale");
    with_fresh(&change, "stale");
    change.world.project.write("stale/Cargo.toml", "");
    std::fs::remove_file(change.world.project.path("stale/Cargo.toml")).unwrap();
    let told = change.world.audit(&["--all"]).expect_code(1).stdout;
    assert!(told.contains("fresh@1.1.0"), "{told}");
}

/// Code hosts take no more than so many bytes as a comment, however many lock files there are.
#[test]
fn all_is_one_document_of_markdown_that_a_code_host_takes() {
    let change = Change::new();
    let names: Vec<String> = (0..40).map(|at| format!("fresh-{}-{at}", "long".repeat(12))).collect();
    for name in &names {
        Package::new(name, "1.0.0").pubtime("2026-11-20T00:00:00Z").publish(&change.world.registry);
    }
    let asks: String = names.iter().map(|name| format!("{name} = \"1\"\n")).collect();
    for at in 0..9 {
        let folder = format!("held{at}");
        with_tools(&change, &folder);
        let path = format!("{folder}/Cargo.toml");
        change.world.project.write(&path, format!("{}{asks}", change.world.project.read(&path)));
        change.world.project.cargo(&["update", "--workspace", "--manifest-path", &path]).expect_code(0);
    }
    (0..4).for_each(|at| with_tools(&change, &format!("approved{at}")));
    change.world.project.write("approved3/Cargo.lock", "no lock file\n");
    let text = change.world.audit(&["--all", "--format", "markdown"]).expect_code(2).stdout;
    assert!(text.len() <= 65_000, "{}", text.len());
    let told = |of: &str| {
        text.contains(&format!("# <code>{of}/Cargo.lock</code>"))
            || text.contains(&format!("- <code>{of}/Cargo.lock</code>: "))
    };
    for at in 0..9 {
        assert!(told(&format!("held{at}")), "held{at} in\n{text}");
    }
    assert!((0..4).all(|at| told(&format!("approved{at}"))), "{text}");
    assert!(text.contains("# <code>held0/Cargo.lock</code>") && text.contains("for which there is no room"), "{text}");
    // As long as there is room each has all of its own, in order.
    let few = change.world.audit(&["--format", "markdown", "--manifest-path", "held3/Cargo.toml"]).expect_code(1);
    assert!(few.stdout.len() > 10_000, "{}", few.stdout.len());
}

/// A code host shows paths from the repository's root; so does what is said there.
#[test]
fn annotations_name_manifests_from_the_root_of_the_repository() {
    let change = Change::new();
    Package::new("fresh", "1.0.0").publish(&change.world.registry);
    with_tools(&change, "inner/tools");
    with_fresh(&change, "inner/tools");
    let project = &change.world.project;
    project.write(
        "inner/tools/Cargo.toml",
        project.read("inner/tools/Cargo.toml").replace("fresh = \"1\"", "fresh = \"=1.1.0\""),
    );
    for format in ["human", "github", "gitlab", "sarif"] {
        let mut command = project.command(env!("CARGO_BIN_EXE_cargo-sequester"));
        command.args(["sequester", "audit", "--now", crate::audit::NOW, "--format", format]);
        let output = command.current_dir(project.path("inner/tools")).output().unwrap();
        let told = String::from_utf8(output.stdout).unwrap();
        let wanted = if format == "human" { "in Cargo.toml:10" } else { "in inner/tools/Cargo.toml:10" };
        assert!(told.contains(wanted), "{format}: {told}");
    }
}

/// Two paths that look alike once what is not UTF-8 is replaced are two lock files.
#[cfg(target_os = "linux")]
#[test]
fn a_lock_file_whose_path_is_not_utf_8_is_not_passed_over() {
    use std::os::unix::ffi::OsStrExt as _;

    let change = Change::new();
    with_tools(&change, "x\u{fffd}");
    change.world.audit(&["--all"]).expect_code(2);
    let root = change.world.project.path("").into_std_path_buf();
    std::fs::rename(root.join("x\u{fffd}"), root.join(std::ffi::OsStr::from_bytes(b"x\xff"))).unwrap();
    let outcome = change.world.audit(&["--all"]).expect_code(2);
    assert!(outcome.stderr.contains("Cargo.lock` cannot be judged: its path is not UTF-8"), "{}", outcome.stderr);
}
