//! Which repository is asked: the one that holds the checkout, and none that a change, a hook or a variable put in its place.

use super::*;

/// Writes the files of a bare repository below a folder of the project, as a change can bring them along, with this configuration.
fn plant(change: &Change, folder: &str, config: &str) {
    let planted = change.world.project.outside().join("planted");
    std::fs::create_dir_all(&planted).unwrap();
    git(&change.world.project, planted.as_str(), &["init", "--quiet", "--bare", "."]);
    let project = change.world.project.path(folder);
    copy(&planted, &project);
    change.world.project.write(&format!("{folder}/config"), config);
    // Git keeps no empty folders.
    change.world.project.write(&format!("{folder}/refs/.keep"), "").write(&format!("{folder}/objects/.keep"), "");
}

fn copy(from: &camino::Utf8Path, to: &camino::Utf8Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in from.read_dir_utf8().unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), &target).unwrap();
        }
    }
}

/// A project whose workspace lies in the folder `ws` of the checkout.
fn below() -> Change {
    let world = World::new().dep("old", "1");
    Package::new("old", "1.0.0").publish(&world.registry);
    world.policy("[quarantine]\nmin-publish-age = \"10 days\"");
    world.lock();
    let project = &world.project;
    for file in ["Cargo.toml", "Cargo.lock", "sequester.toml", "src/lib.rs"] {
        let text = project.read(file);
        project.write(&format!("ws/{file}"), text);
        std::fs::remove_file(project.path(file)).unwrap();
    }
    let change = Change::commit(world);
    Package::new("fresh", "1.0.0").publish(&change.world.registry);
    Package::new("fresh", "1.1.0").pubtime("2026-11-20T00:00:00Z").publish(&change.world.registry);
    change.append("ws/Cargo.toml", "fresh = \"1\"");
    change.world.project.cargo(&["update", "--workspace", "--manifest-path", "ws/Cargo.toml"]).expect_code(0);
    change
}

const HERE: [&str; 4] = ["--base", "base", "--manifest-path", "ws/Cargo.toml"];

#[test]
fn a_workspace_below_the_top_is_judged_by_the_checkouts_base() {
    let change = below();
    change.finish();
    assert_eq!(reasons(&change.world.json(&HERE, 1), "fresh"), ["too-new"]);
}

#[test]
fn a_bare_repository_that_a_change_brings_is_not_the_base() {
    for config in ["[core]\n\tbare = true\n", "[core]\n\trepositoryformatversion = 0\n\tbare = false\n\tworktree = .\n"]
    {
        let change = below();
        plant(&change, "ws", config);
        // In it `base` is a commit that has everything.
        let (ws, top) = (change.world.project.path("ws"), change.world.project.root());
        let objects = format!("--git-dir={ws}");
        git(
            &change.world.project,
            top.as_str(),
            &[&objects, "--work-tree=.", "-c", "core.bare=false", "add", "ws/Cargo.lock"],
        );
        git(
            &change.world.project,
            top.as_str(),
            &[&objects, "--work-tree=.", "-c", "core.bare=false", "commit", "--quiet", "-m", "mine"],
        );
        git(&change.world.project, top.as_str(), &[&objects, "branch", "base"]);
        change.finish();
        let outcome = change.world.audit(&HERE).expect_code(2);
        assert!(outcome.stderr.contains("bare repository") && outcome.stderr.contains("help: "), "{}", outcome.stderr);
        assert_eq!(outcome.stdout, "");
    }
}

#[cfg(unix)]
#[test]
fn no_program_of_a_repositorys_configuration_is_run() {
    use std::os::unix::fs::PermissionsExt as _;
    let mut change = below();
    let witness = change.world.project.outside().join("witness");
    let program = change.world.project.path("ws/spy");
    std::fs::write(&program, format!("#!/bin/sh\ntouch {witness}\ncat >/dev/null\n")).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let config = format!(
        "[core]\n\tbare = false\n\tworktree = .\n\tfsmonitor = {program}\n\thooksPath = {program}\n\tpager = {program}\n\tsshCommand = {program}\n[diff]\n\texternal = {program}\n[filter \"x\"]\n\tclean = {program}\n\tsmudge = {program}\n[credential]\n\thelper = {program}\n"
    );
    plant(&change, "ws", &config);
    change.finish();
    change.world.audit(&HERE).expect_code(2);
    assert!(!witness.exists(), "in a planted repository");
    // Neither does the checkout's own: whoever can write it is not the change, but a judge runs nothing.
    let planted =
        ["HEAD", "config", "objects", "refs", "hooks", "description", "info"].map(|name| format!("ws/{name}"));
    change.git(
        &[&["rm", "-r", "--quiet", "--ignore-unmatch", "--"], planted.each_ref().map(String::as_str).as_slice()]
            .concat(),
    );
    change.git(&["commit", "--quiet", "-m", "clean"]);
    for key in
        ["core.fsmonitor", "core.pager", "core.sshCommand", "diff.external", "filter.x.clean", "filter.x.process"]
    {
        change.git(&["config", key, program.as_str()]);
    }
    change.world.project.write(".git/info/attributes", "*.rs filter=x\n");
    let home = change.world.project.path("ws/home");
    std::fs::create_dir_all(&home).unwrap();
    change.world.project = change.world.project.env("CARGO_HOME", home.as_str());
    change.world.audit(&HERE);
    change.world.project.sequester(&[
        "approve",
        "fresh@1.1.0",
        "--reason",
        "x",
        "--manifest-path",
        "ws/Cargo.toml",
        "--now",
        NOW,
    ]);
    assert!(!witness.exists(), "in the checkout");
}

#[test]
fn a_submodule_is_not_the_checkout() {
    let change = below();
    let project = &change.world.project;
    let other = project.outside().join("other");
    std::fs::create_dir(&other).unwrap();
    git(project, other.as_str(), &["init", "--quiet", "--initial-branch=base"]);
    copy(&project.path("ws"), &other);
    git(project, other.as_str(), &["add", "-A"]);
    git(project, other.as_str(), &["commit", "--quiet", "-m", "mine"]);
    change.git(&["rm", "-r", "--quiet", "--cached", "ws"]);
    std::fs::remove_dir_all(project.path("ws")).unwrap();
    change.git(&["submodule", "--quiet", "add", other.as_str(), "ws"]);
    change.finish();
    let outcome = change.world.audit(&HERE).expect_code(2);
    assert!(outcome.stderr.contains("submodule") && outcome.stderr.contains("help: "), "{}", outcome.stderr);
}

#[test]
fn a_worktree_and_a_linked_path_are_checkouts_like_any_other() {
    let change = Change::new().with_fresh();
    change.finish();
    let project = &change.world.project;
    let tree = project.outside().join("tree");
    change.git(&["worktree", "add", "--quiet", "--detach", tree.as_str()]);
    // A bare repository may have working trees, and a clone may borrow its objects.
    let (bare, of_bare, borrower) =
        (project.outside().join("bare"), project.outside().join("of-bare"), project.outside().join("borrower"));
    let (top, root) = (project.outside().as_str(), project.root());
    git(project, top, &["clone", "--quiet", "--bare", root.as_str(), bare.as_str()]);
    git(project, bare.as_str(), &["worktree", "add", "--quiet", "--detach", of_bare.as_str(), "work"]);
    git(project, top, &["clone", "--quiet", "--shared", root.as_str(), borrower.as_str()]);
    git(project, borrower.as_str(), &["update-ref", "refs/heads/base", "origin/base"]);
    let mut folders = vec![tree, of_bare, borrower];
    #[cfg(unix)]
    {
        let link = project.outside().join("link");
        std::os::unix::fs::symlink(project.root(), &link).unwrap();
        folders.push(link);
    }
    for folder in folders {
        let manifest = folder.join("Cargo.toml");
        let mut command = project.command(env!("CARGO_BIN_EXE_cargo-sequester"));
        command.args([
            "audit",
            "--now",
            NOW,
            "--format",
            "json",
            "--base",
            "base",
            "--manifest-path",
            manifest.as_str(),
        ]);
        let output = command.current_dir(&folder).output().unwrap();
        let outcome = Outcome {
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
            code: output.status.code().unwrap(),
        };
        let document = document(&outcome.expect_code(1));
        assert_eq!(document["summary"]["not_judged"], 2, "{folder}");
        assert_eq!(reasons(&document, "fresh"), ["too-new"]);
    }
}

#[test]
fn nothing_in_the_environment_leads_git_elsewhere() {
    let change = Change::new().with_fresh();
    change.finish();
    let other = change.world.project.outside().join("other");
    std::fs::create_dir(&other).unwrap();
    git(&change.world.project, other.as_str(), &["init", "--quiet"]);
    std::fs::write(other.join("graft"), format!("{}\n", change.git(&["rev-parse", "HEAD"]))).unwrap();
    let (folder, graft) = (other.join(".git"), other.join("graft"));
    let mut change = change;
    for (name, value) in [
        ("GIT_DIR", folder.as_str()),
        ("GIT_COMMON_DIR", folder.as_str()),
        ("GIT_WORK_TREE", other.as_str()),
        ("GIT_INDEX_FILE", "absent"),
        ("GIT_OBJECT_DIRECTORY", folder.as_str()),
        ("GIT_NAMESPACE", "elsewhere"),
        ("GIT_GRAFT_FILE", graft.as_str()),
        ("GIT_CEILING_DIRECTORIES", change.world.project.outside().as_str().to_owned().as_str()),
        ("GIT_CONFIG_PARAMETERS", "'core.worktree=/'"),
        ("GIT_LITERAL_PATHSPECS", "1"),
        ("GIT_ICASE_PATHSPECS", "1"),
    ] {
        change.world.project = change.world.project.env(name, value);
    }
    let document = change.world.json(&["--base", "base"], 1);
    assert_eq!(document["summary"]["not_judged"], 2);
    assert_eq!(loosened(&document), [""; 0]);
}

#[test]
fn a_replaced_commit_is_not_the_base() {
    let change = Change::new().with_fresh();
    change.edit("sequester.toml", "10 days", "0");
    change.finish();
    let (base, head) = (change.git(&["rev-parse", "base"]), change.git(&["rev-parse", "HEAD"]));
    change.git(&["replace", &base, &head]);
    let document = change.world.json(&["--base", "base"], 1);
    assert_eq!(reasons(&document, "fresh"), ["too-new"]);
    assert_eq!(loosened(&document), ["quarantine.min-publish-age"]);
}

#[test]
fn what_a_partial_clone_lacks_is_undecided() {
    let change = Change::new();
    let change = change.with_fresh();
    change.finish();
    let project = &change.world.project;
    change.git(&["config", "uploadpack.allowFilter", "true"]);
    change.git(&["config", "uploadpack.allowAnySHA1InWant", "true"]);
    let (from, clone) = (format!("file://{}", project.root()), project.outside().join("clone"));
    git(
        project,
        project.outside().as_str(),
        &["clone", "--quiet", "--filter=blob:none", "--branch=work", &from, clone.as_str()],
    );
    let run = || {
        let mut command = project.command(env!("CARGO_BIN_EXE_cargo-sequester"));
        command.args(["audit", "--now", NOW, "--format", "json", "--base", "origin/base"]).current_dir(&clone);
        let output = command.output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, stderr) = run();
    assert!(code == Some(2) && stderr.contains("cannot be read from commit"), "{stderr}");
    let help = stderr.lines().find_map(|line| line.split_once("run `")?.1.strip_suffix('`')).unwrap();
    let words: Vec<&str> = help.split(' ').skip(1).collect();
    git(project, clone.as_str(), &words);
    assert_eq!(run(), (Some(1), String::new()));
}

#[cfg(unix)]
#[test]
fn a_repository_of_another_owner_is_named_with_the_way_out() {
    let change = Change::new();
    change.finish();
    let root = change.world.project.root();
    // Only the superuser can give a folder away.
    if std::os::unix::fs::chown(&root, Some(12_345), None).is_err() {
        return eprintln!("skipped: not the superuser");
    }
    std::os::unix::fs::chown(root.join(".git"), Some(12_345), None).unwrap();
    let outcome = change.world.audit(&["--base", "base"]).expect_code(2);
    let help = outcome.stderr.lines().find_map(|line| line.split_once("git config --global ")).unwrap().1;
    let words: Vec<&str> = help.split(' ').collect();
    let output = change.world.project.command("git").args(["config", "--global"]).args(&words).output().unwrap();
    assert!(output.status.success(), "{words:?}");
    change.world.json(&["--base", "base"], 0);
}

/// A submodule that is no member of the workspace has its own lock file, which keeps nobody from judging this one.
#[test]
fn a_submodule_with_a_lock_file_of_its_own_is_another_repository() {
    let change = Change::new();
    let project = &change.world.project;
    let other = project.outside().join("other");
    std::fs::create_dir(&other).unwrap();
    git(project, other.as_str(), &["init", "--quiet", "--initial-branch=base"]);
    for file in ["Cargo.toml", "Cargo.lock"] {
        std::fs::copy(project.path(file), other.join(file)).unwrap();
    }
    git(project, other.as_str(), &["add", "-A"]);
    git(project, other.as_str(), &["commit", "--quiet", "-m", "theirs"]);
    change.git(&["submodule", "--quiet", "add", other.as_str(), "third"]);
    change.finish();
    change.git(&["branch", "--force", "base", "HEAD"]);
    change.world.project.write("src/lib.rs", "pub fn changed() {}");
    change.finish();
    change.world.audit(&["--base", "base"]).expect_code(0);
}
