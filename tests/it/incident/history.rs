//! Where in history: every tip, every commit, every lock file, held against a reader that looks at each commit by itself.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::audit_base::git;

#[test]
fn nothing_is_said_of_what_never_was() {
    let world = with_bad();
    Package::new("other", "1.0.0").pubtime(OLD).publish(&world.registry);
    Package::new("bad", "1.0.1").pubtime(OLD).publish(&world.registry);
    let document = world.found(&["other@1.0.0", "bad@1.0.1", "bad@>=2"], 0);
    assert_eq!(document["locked"], serde_json::json!([]));
    assert_eq!(document["looked_at"]["commits"], 1);
    assert!(world.incident(&["other"]).expect_code(0).stdout.contains("Clear"));
}

#[test]
fn what_no_registry_knows_may_be_mistyped_and_is_not_clear() {
    let world = with_bad();
    for asked in ["baad", "baad@1.0.0", "bad@1.0.11"] {
        assert_eq!(gaps(&world.found(&[asked], 2)), ["unknown-release"], "{asked}");
        world.found(&[asked, "--offline"], 0);
    }
    let told = world.incident(&["baad"]).expect_code(2).stdout;
    assert!(told.contains("knows no such crate") && told.contains("Undecided"), "{told}");
}

#[test]
fn a_lock_file_is_known_by_what_is_in_it_whatever_it_is_called() {
    let world = with_bad();
    let good = lock_with("good", "1.0.0");
    world.project.write("Cargo.lock", &good);
    world.project.write("locks/release-1.lock", lock_with("evil", "1.0.0"));
    // Others' lock files look alike.
    let poetry = "[[package]]\nname = \"evil\"\nversion = \"2.0\"\n";
    world.project.write("tools.lock", poetry).write("poetry.lock", poetry);
    world.commit();
    let document = world.found(&["evil", "--offline"], 1);
    let paths: Vec<_> = document["locked"].as_array().unwrap().iter().map(|one| one["path"].clone()).collect();
    assert_eq!(paths, ["locks/release-1.lock"], "{document:#}");
}

#[test]
fn what_is_staged_in_another_working_tree_is_found() {
    let world = with_bad();
    let beside = world.project.outside().join("beside");
    git(&world.project, world.project.root().as_str(), &["worktree", "add", "--quiet", "--detach", beside.as_str()]);
    let lock = beside.join("Cargo.lock");
    let before = std::fs::read(&lock).unwrap();
    std::fs::write(&lock, lock_with("evil", "1.0.0")).unwrap();
    git(&world.project, beside.as_str(), &["add", "Cargo.lock"]);
    std::fs::write(&lock, before).unwrap();
    let document = world.found(&["evil", "--offline"], 1);
    assert_eq!(tips(&document["locked"][0]), [("index".to_owned(), beside.to_string())], "{document:#}");
}

#[test]
fn before_the_first_commit_the_index_and_the_working_tree_are_all_there_is() {
    let world = World::new().dep("bad", "1");
    Package::new("bad", "1.0.0").pubtime(OLD).publish(&world.registry);
    world.lock();
    let top = world.project.root();
    git(&world.project, top.as_str(), &["init", "--quiet"]);
    let found = || {
        let document = world.found(&["bad", "--offline"], 1);
        assert_eq!(gaps(&document), [""; 0], "{document:#}");
        tips(&document["locked"][0]).into_iter().map(|(kind, _)| kind).collect::<Vec<_>>()
    };
    assert_eq!(found(), ["working-tree"]);
    git(&world.project, top.as_str(), &["add", "Cargo.lock"]);
    assert_eq!(found(), ["working-tree", "index"]);
}

/// Another repository is another past.
#[test]
fn a_submodule_is_named_as_what_was_not_looked_at() {
    let world = with_bad();
    world.found(&["evil", "--offline"], 0);
    let top = world.project.root();
    let module = "160000,0123456789abcdef0123456789abcdef01234567,modules/inner";
    git(&world.project, top.as_str(), &["update-index", "--add", "--cacheinfo", module]);
    git(&world.project, top.as_str(), &["commit", "--quiet", "-m", "a submodule"]);
    let document = world.found(&["evil", "--offline"], 0);
    assert_eq!(document["looked_at"]["submodules"], serde_json::json!(["modules/inner"]), "{document:#}");
    let told = world.incident(&["evil", "--offline"]).expect_code(0).stdout;
    assert!(told.contains("submodules, whose repositories are their own: modules/inner"), "{told}");
}

#[test]
fn what_documents_and_cargo_print_is_taken() {
    let world = with_bad();
    for asked in [
        "pkg:cargo/bad@1.0.0",
        "pkg:cargo/bad@1.0.0?checksum=sha256:00#src",
        "bad v1.0.0",
        "bad v1.0.0 (*)",
        "bad:1.0.0",
        "registry+https://github.com/rust-lang/crates.io-index#bad@1.0.0",
    ] {
        world.found(&[asked, "--offline"], 1);
    }
    world.project.write("list.txt", "\u{feff}pkg:cargo/bad@1.0.0 # from the SBOM\n# nothing\n");
    world.found(&["./list.txt", "--offline"], 1);
}

#[test]
fn each_kind_of_tip_is_named() {
    let world = with_bad();
    let bad = world.project.read("Cargo.lock");
    let good = lock_with("good", "1.0.0");
    world.project.write("Cargo.lock", &good);
    world.commit();
    let only = |kind: &str, name: &str, path: &str| {
        let document = world.found(&["bad@1.0.0", "--offline"], 1);
        let locked = document["locked"].as_array().unwrap().iter().find(|one| one["path"] == path).unwrap();
        assert_eq!(tips(locked), [(kind.to_owned(), name.to_owned())], "{document:#}");
    };
    // In the past alone.
    let document = world.found(&["bad@1.0.0", "--offline"], 1);
    assert_eq!((tips(&document["locked"][0]).len(), &document["locked"][0]["commits"]), (0, &serde_json::json!(1)));
    assert_eq!(document["message"], "locked in the past");
    let first = world.git(&["rev-list", "--max-parents=0", "HEAD"]).trim().to_owned();
    world.git(&["branch", "old", &first]);
    only("branch", "old", "Cargo.lock");
    world.git(&["branch", "-D", "old"]);
    world.git(&["-c", "tag.gpgsign=false", "tag", "-a", "-m", "x", "v1", &first]);
    only("tag", "v1", "Cargo.lock");
    world.git(&["tag", "-d", "v1"]);
    world.git(&["tag", "tree", &format!("{first}^{{tree}}")]);
    only("tag", "tree", "Cargo.lock");
    world.git(&["tag", "-d", "tree"]);
    world.git(&["update-ref", "refs/remotes/origin/main", &first]);
    only("remote-branch", "origin/main", "Cargo.lock");
    world.git(&["update-ref", "-d", "refs/remotes/origin/main"]);
    world.git(&["update-ref", "refs/pull/7/head", &first]);
    only("other", "refs/pull/7/head", "Cargo.lock");
    world.git(&["update-ref", "-d", "refs/pull/7/head"]);
    // A lock file that git ignores, below a folder, under another name.
    world.project.write(".git/info/exclude", "ignored\n").write("ignored/Cargo-minimal.lock", &bad);
    only("working-tree", world.project.root().as_str(), "ignored/Cargo-minimal.lock");
    std::fs::remove_dir_all(world.project.path("ignored")).unwrap();
    // Staged and taken back in the working tree.
    world.project.write("sub/Cargo.lock", &bad);
    world.git(&["add", "sub"]);
    std::fs::remove_file(world.project.path("sub/Cargo.lock")).unwrap();
    only("index", "", "sub/Cargo.lock");
    // Put away.
    world.project.write("sub/Cargo.lock", &bad);
    world.git(&["add", "sub"]);
    world.git(&["-c", "commit.gpgsign=false", "stash"]);
    only("stash", "stash", "sub/Cargo.lock");
    world.git(&["stash", "drop"]);
    // Another working tree, on no branch.
    let other = world.project.outside().join("other-tree");
    world.git(&["worktree", "add", "-q", "--detach", other.as_str(), &first]);
    let document = world.found(&["bad@1.0.0", "--offline"], 1);
    let kinds: Vec<String> = tips(&document["locked"][0]).into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, ["working-tree", "index", "detached-head"], "what is staged there is as it is committed");
}

/// A commit that no reference leads to any more: a branch was deleted, or its history rewritten.
#[test]
fn what_only_a_reflog_remembers_is_history() {
    let world = with_bad();
    world.git(&["checkout", "-q", "-b", "doomed"]);
    world.project.write("Cargo.lock", lock_with("worse", "2.0.0"));
    world.commit();
    world.git(&["checkout", "-q", "main"]);
    world.git(&["branch", "-D", "doomed"]);
    let document = world.found(&["worse"], 1);
    assert_eq!((tips(&document["locked"][0]).len(), &document["locked"][0]["added"]), (0, &serde_json::json!(1)));
}

#[test]
fn a_clone_without_its_past_is_undecided_and_tells_what_it_has() {
    let world = with_bad();
    world.project.write("Cargo.lock", lock_with("good", "1.0.0"));
    world.commit();
    world.git(&["config", "uploadpack.allowFilter", "true"]);
    let top = world.project.root();
    let url = format!("file://{top}");
    for (option, code, known) in [
        ("--depth=1", "shallow-clone", 0),
        ("--filter=blob:none", "partial-clone", 0),
        ("--filter=tree:0", "partial-clone", 0),
    ] {
        let folder = world.project.outside().join(format!("clone{}", option.replace([':', '=', '-'], "")));
        git(&world.project, world.project.outside().as_str(), &["clone", "-q", option, &url, folder.as_str()]);
        let manifest = folder.join("Cargo.toml");
        let manifest = ["--manifest-path", manifest.as_str(), "--offline"];
        let document = world.found(&[&["bad@1.0.0"], &manifest[..]].concat(), 2);
        assert!(gaps(&document).contains(&code), "{option}: {document:#}");
        assert_eq!(document["locked"].as_array().unwrap().len(), known);
        // What is there is told.
        let document = world.found(&[&["good@1.0.0"], &manifest[..]].concat(), 2);
        assert_eq!((&document["found"], document["locked"].as_array().unwrap().len()), (&true.into(), 1), "{option}");
    }
    // Without any repository there is no past at all.
    std::fs::remove_dir_all(world.project.path(".git")).unwrap();
    assert_eq!(gaps(&world.found(&["bad@1.0.0", "--offline"], 2)), ["no-history"]);
}

/// Every lock file of every commit as text.
fn by_hand(world: &World) -> Vec<(String, String, String)> {
    let mut found = Vec::new();
    for commit in world.git(&["rev-list", "--all"]).lines() {
        let listed = world.git(&["ls-tree", "-r", "--name-only", commit]);
        for path in listed.lines().filter(|path| path.ends_with("Cargo.lock")) {
            let text = world.git(&["show", &format!("{commit}:{path}")]);
            found.push((commit.to_owned(), path.to_owned(), text));
        }
    }
    found
}

/// Branches that part and merge, one way and the other, on seeds that do not change.
#[test]
fn it_agrees_with_a_reader_of_every_commit() {
    let world = with_bad();
    let mut dice = 7_u64;
    let mut roll = |of: u64| {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (dice >> 33) % of
    };
    for step in 0..40 {
        match roll(6) {
            0 => {
                world.git(&["checkout", "-q", "-b", &format!("b{step}")]);
            }
            1 => {
                let branches = world.git(&["branch", "--format=%(refname:short)"]);
                let branches: Vec<&str> = branches.lines().collect();
                let other = branches[usize::try_from(roll(branches.len() as u64)).unwrap()];
                let strategy = if roll(2) == 0 { "ours" } else { "theirs" };
                world.git(&["-c", "commit.gpgsign=false", "merge", "-q", "--no-edit", "-X", strategy, other]);
            }
            _ => {
                let name = ["bad", "good", "worse"][usize::try_from(roll(3)).unwrap()];
                let path = ["Cargo.lock", "a/Cargo.lock", "a/b/Cargo.lock"][usize::try_from(roll(3)).unwrap()];
                world.project.write(path, lock_with(name, "1.0.0")).write("n", step.to_string());
                world.commit();
            }
        }
    }
    let texts = by_hand(&world);
    let graph = world.git(&["rev-list", "--all", "--parents"]);
    let parents: BTreeMap<&str, Vec<&str>> = graph
        .lines()
        .filter_map(|line| line.split(' ').next().map(|commit| (commit, line.split(' ').skip(1).collect())))
        .collect();
    let branches = world.git(&["for-each-ref", "--format=%(objectname) %(refname:short)", "refs/heads"]);
    for name in ["bad", "good", "worse"] {
        let mut expected: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (commit, path, text) in &texts {
            if text.contains(&format!("name = \"{name}\"\n")) {
                expected.entry(path).or_default().insert(commit);
            }
        }
        let document = world.found(&[name, "--offline"], 1);
        let locked = document["locked"].as_array().unwrap();
        let told: BTreeMap<&str, &Value> = locked.iter().map(|one| (one["path"].as_str().unwrap(), one)).collect();
        assert_eq!(told.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
        for (path, commits) in &expected {
            let one = told[path];
            let had = |commit: &&&str| parents[**commit].iter().any(|parent| commits.contains(parent));
            assert_eq!(one["commits"], commits.len(), "{name} {path}");
            assert_eq!(one["added"], commits.iter().filter(|commit| !had(commit)).count(), "{name} {path}");
            let others = parents.keys().filter(|commit| !commits.contains(**commit));
            assert_eq!(one["removed"], others.filter(had).count(), "{name} {path}");
            let expected: BTreeSet<&str> = branches
                .lines()
                .filter_map(|line| line.split_once(' ').filter(|(id, _)| commits.contains(id)).map(|(_, name)| name))
                .collect();
            let tips = tips(one);
            let told: BTreeSet<&str> =
                tips.iter().filter(|(kind, _)| kind == "branch").map(|(_, name)| name.as_str()).collect();
            assert_eq!(told, expected, "{name} {path}");
        }
    }
}
