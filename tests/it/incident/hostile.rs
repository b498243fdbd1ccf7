//! Repositories that want to hide something or to run something.

use super::*;
use crate::audit_base::git;

#[test]
fn replaced_and_grafted_commits_hide_nothing() {
    let world = with_bad();
    world.project.write("Cargo.lock", lock_with("good", "1.0.0"));
    world.commit();
    let (first, last) = (world.git(&["rev-list", "--max-parents=0", "HEAD"]), world.git(&["rev-parse", "HEAD"]));
    world.git(&["replace", first.trim(), last.trim()]);
    world.found(&["bad@1.0.0", "--offline"], 1);
    world.git(&["replace", "-d", first.trim()]);
    world.project.write(".git/info/grafts", last);
    world.found(&["bad@1.0.0", "--offline"], 1);
}

#[test]
fn settings_of_the_repository_hide_nothing() {
    let world = with_bad();
    world.project.write("Cargo.lock", lock_with("good", "1.0.0"));
    world.project.write(".gitattributes", "Cargo.lock binary -diff export-ignore filter=none\n");
    world.commit();
    for (key, value) in [
        ("log.showRoot", "false"),
        ("diff.renames", "copies"),
        ("diff.orderFile", "/dev/null"),
        ("log.excludeDecoration", "refs/*"),
        ("transfer.hideRefs", "refs/"),
        ("core.quotePath", "true"),
        ("diff.noprefix", "true"),
        ("core.bigFileThreshold", "1"),
    ] {
        world.git(&["config", key, value]);
    }
    let document = world.found(&["bad@1.0.0", "--offline"], 1);
    assert_eq!(document["locked"][0]["added"], 1);
}

#[cfg(unix)]
#[test]
fn no_program_of_the_repository_is_run() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = with_bad();
    let witness = world.project.outside().join("witness");
    let program = world.project.outside().join("spy");
    std::fs::write(&program, format!("#!/bin/sh\ntouch {witness}\ncat\n")).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    for key in [
        "core.fsmonitor",
        "core.pager",
        "diff.external",
        "filter.x.clean",
        "filter.x.smudge",
        "diff.x.textconv",
        "pager.log",
    ] {
        world.git(&["config", key, program.as_str()]);
    }
    world.project.write(".git/info/attributes", "* filter=x diff=x\n");
    world.found(&["bad@1.0.0", "--offline"], 1);
    assert!(!witness.exists());
}

/// A lock file that nobody can read counts where it may name what is looked for, and is passed over where it cannot.
#[test]
fn a_lock_file_that_cannot_be_read_is_a_gap_where_it_may_name_it() {
    let world = with_bad();
    let conflict = format!("<<<<<<< ours\n{}=======\n>>>>>>> theirs\n", lock_with("torn", "1.0.0"));
    world.project.write("old/Cargo.lock", conflict);
    world.commit();
    std::fs::remove_dir_all(world.project.path("old")).unwrap();
    world.commit();
    assert_eq!(gaps(&world.found(&["torn", "--offline"], 2)), ["lock-file-unread"]);
    assert_eq!(gaps(&world.found(&["to_rn", "--offline"], 0)), [""; 0]);
    world.found(&["bad"], 1);
    // Letters that are escaped are letters.
    let world = with_bad();
    world
        .project
        .write("x/Cargo.lock", lock_with("hidden", "1.0.0").replace("name = \"hidden\"", "name = \"hidd\\u0065n\""));
    assert_eq!(world.found(&["hidden"], 1)["locked"][0]["path"], "x/Cargo.lock");
}

/// What lies below a folder that cannot be named is not passed over in silence.
#[cfg(target_os = "linux")]
#[test]
fn a_folder_whose_name_is_not_utf_8_is_a_gap() {
    use std::os::unix::ffi::OsStrExt as _;

    let world = with_bad();
    let folder = world.project.root().as_std_path().join(std::ffi::OsStr::from_bytes(b"old\xff"));
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("Cargo.lock"), lock_with("hidden", "1.0.0")).unwrap();
    assert_eq!(gaps(&world.found(&["hidden", "--offline"], 2)), ["place-unread"]);
}

#[test]
fn vendored_packages_own_lock_files_do_not_count_and_hide_nothing() {
    let world = with_bad();
    world.project.write("vendor/tool/Cargo.lock", lock_with("inner", "1.0.0"));
    world.project.write("vendor/tool/.cargo-checksum.json", "{\"files\":{}}");
    world.project.write("vendor/tool/fuzz/Cargo.lock", lock_with("inner", "1.0.0"));
    world.commit();
    for offline in [&["inner@1.0.0", "--offline"][..], &["inner", "--offline"]] {
        let document = world.found(offline, 0);
        let locked = document["locked"].as_array().unwrap();
        assert!(locked.len() == 2 && locked.iter().all(|one| one["packaged"] == true), "{document:#}");
    }
    // The project's own lock file stays its own.
    world.project.write(".cargo-checksum.json", "{\"files\":{}}");
    world.commit();
    assert_eq!(world.found(&["bad", "--offline"], 1)["locked"][0]["packaged"], false);
}

#[test]
fn a_link_is_followed_or_told() {
    let world = with_bad();
    world.project.write("locks/all.txt", lock_with("linked", "1.0.0"));
    std::fs::create_dir_all(world.project.path("sub")).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink("../locks/all.txt", world.project.path("sub/Cargo.lock")).unwrap();
    #[cfg(unix)]
    {
        world.commit();
        let document = world.found(&["linked@1.0.0", "--offline"], 2);
        assert_eq!(gaps(&document), ["lock-file-link"]);
        assert_eq!(tips(&document["locked"][0])[0].0, "working-tree");
    }
}

#[test]
fn what_a_commit_says_of_itself_is_shown_and_does_nothing() {
    let world = with_bad();
    world.project.write("a/Cargo.lock", lock_with("evil", "1.0.0"));
    git(&world.project, world.project.root().as_str(), &["add", "a"]);
    git(
        &world.project,
        world.project.root().as_str(),
        &[
            "-c",
            "commit.gpgsign=false",
            "commit",
            "-qm",
            "x",
            "--author",
            "\u{1b}[2J\u{202e}<img src=x> | @all <ana@example.org>",
        ],
    );
    world.git(&["branch", "a\u{202e}b|c"]);
    for format in ["human", "markdown", "json"] {
        let told = world.incident(&["evil", "--format", format]).expect_code(1).stdout;
        assert!(!told.contains('\u{202e}') && !told.contains("\u{1b}[2J"), "{told}");
        assert!(format != "markdown" || !told.contains("<img") && !told.contains("c |\n|"), "{told}");
    }
}
