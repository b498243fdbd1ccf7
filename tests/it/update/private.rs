//! Cargo tries in a copy: the project's files are written once, whole, at the end, whatever happens before.

use std::collections::BTreeMap;

use camino::Utf8Path;

use super::{FRESH, NOW, OLD, locked, project, update};
use crate::support::{Outcome, Package, Project, TestRegistry};

/// Every file of the project, with its bytes.
fn files(project: &Project) -> BTreeMap<String, Vec<u8>> {
    fn read(folder: &Utf8Path, root: &Utf8Path, files: &mut BTreeMap<String, Vec<u8>>) {
        for entry in folder.read_dir_utf8().unwrap().map(Result::unwrap) {
            if entry.file_type().unwrap().is_dir() {
                read(entry.path(), root, files);
            } else {
                let name = entry.path().strip_prefix(root).unwrap().to_string();
                files.insert(name, std::fs::read(entry.path()).unwrap());
            }
        }
    }
    let mut all = BTreeMap::new();
    read(&project.root(), &project.root(), &mut all);
    all
}

/// A lock file that an update moves on.
fn movable() -> (TestRegistry, Project) {
    let registry = TestRegistry::new();
    Package::new("bar", "1.0.0").pubtime(OLD).publish(&registry);
    Package::new("baz", "1.0.0").pubtime(OLD).publish(&registry);
    let project = project(&registry).dep("bar", "1");
    project.lock_with_cargo();
    Package::new("bar", "1.1.0").pubtime(OLD).publish(&registry);
    Package::new("bar", "1.2.0").pubtime(FRESH).publish(&registry);
    (registry, project)
}

const BY: [&str; 3] = ["--no-advisories", "--now", NOW];

fn by(project: &Project, words: &[&str]) -> Outcome {
    let (verb, rest) = words.split_first().unwrap();
    project.sequester(&[&[*verb], &BY[..], rest].concat())
}

/// What a kill leaves, at moments that do not depend on the machine's speed.
#[cfg(target_os = "linux")]
mod killed {
    use std::os::unix::fs::PermissionsExt as _;
    use std::process::{Child, Stdio};
    use std::time::{Duration, Instant};

    use super::{BY, Project, files, movable};
    use crate::support::TestRegistry;
    use crate::waiting::{Run, hold};

    fn until(what: &str, mut done: impl FnMut() -> bool) {
        let end = Instant::now() + Duration::from_secs(30);
        while !done() {
            assert!(Instant::now() < end, "{what}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// A cargo that does what it is asked, leaves a mark, and does not end.
    fn endless_cargo(project: Project) -> Project {
        let (script, started) = (project.outside().join("endless-cargo"), project.outside().join("started"));
        let cargo = env!("CARGO");
        let text = format!(
            "#!/bin/sh\ncase \"$*\" in *metadata*|*--version*) exec {cargo} \"$@\";; esac\n{cargo} \"$@\"\n\
             echo $$ > {started}.part\nmv {started}.part {started}\nexec sleep 60\n"
        );
        std::fs::write(&script, text).unwrap();
        std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
        project.env("CARGO", script.as_str())
    }

    fn start(project: &Project, words: &[&str]) -> Child {
        let (verb, rest) = words.split_first().unwrap();
        let mut command = project.command(env!("CARGO_BIN_EXE_cargo-sequester"));
        command.arg(verb).args(BY).args(rest).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().unwrap()
    }

    fn lives(process: &str) -> bool {
        // `4711 (sleep) S …`; one that has ended and that nobody waited for is a zombie.
        let state = std::fs::read_to_string(format!("/proc/{}/stat", process.trim()));
        state.is_ok_and(|state| !state.rsplit(')').next().unwrap_or_default().starts_with(" Z"))
    }

    #[test]
    fn nothing_changes_in_the_project_and_no_cargo_is_left() {
        let (_registry, project) = movable();
        let project = endless_cargo(project);
        for words in [
            &["update"][..],
            // With nothing held it would start none.
            &["fix", "--min-publish-age", "24 months"],
            &["status"],
            &["cargo", "update"],
            &["cargo", "add", "baz"],
            &["cargo", "remove", "bar"],
            &["cargo", "generate-lockfile"],
        ] {
            let (before, started) = (files(&project), project.outside().join("started"));
            let mut child = start(&project, words);
            until(&format!("{words:?}: cargo was never started"), || started.exists());
            let cargo = std::fs::read_to_string(&started).unwrap();
            assert!(lives(&cargo), "{words:?}");
            child.kill().unwrap();
            child.wait().unwrap();
            until(&format!("{words:?}: cargo was left behind"), || !lives(&cargo));
            assert_eq!(files(&project), before, "{words:?}");
            std::fs::remove_file(&started).unwrap();
        }
    }

    #[test]
    fn a_cargo_that_waits_for_another_one_ends_with_the_run() {
        let (_registry, project): (TestRegistry, Project) = movable();
        let before = files(&project);
        let held = hold(&project.cargo_home().join(".package-cache"));
        let mut run = Run::start(&project, &[&["update"][..], &BY].concat());
        run.tells("package cache");
        let home = format!("CARGO_HOME={}\0", project.cargo_home());
        let cargos = || {
            let processes = std::fs::read_dir("/proc").unwrap().filter_map(Result::ok);
            let at_home = |process: &std::fs::DirEntry| {
                let variables = std::fs::read(process.path().join("environ")).unwrap_or_default();
                String::from_utf8_lossy(&variables).contains(&home)
            };
            processes.filter(at_home).count()
        };
        assert_eq!(cargos(), 2, "this run and its cargo");
        run.child.kill().unwrap();
        run.child.wait().unwrap();
        until("cargo was left behind", || cargos() == 0);
        drop(held);
        assert_eq!(files(&project), before);
    }
}

#[test]
fn case_10_a_lock_file_that_may_not_be_written_is_enough_to_look() {
    let (_registry, project) = movable();
    let set = |readonly| {
        let mut permissions = std::fs::metadata(project.path("Cargo.lock")).unwrap().permissions();
        permissions.set_readonly(readonly);
        std::fs::set_permissions(project.path("Cargo.lock"), permissions).unwrap();
    };
    set(true);
    let before = files(&project);
    let would = by(&project, &["update", "-n"]).expect_code(0);
    assert!(would.stdout.contains("1.0.0 → 1.1.0"), "{}", would.stdout);
    by(&project, &["fix", "-n"]).expect_code(0);
    by(&project, &["audit"]).expect_code(0);
    let seen = by(&project, &["status", "--format", "json"]).expect_code(0);
    assert!(seen.stdout.contains("\"foretold_by\": \"resolution\""), "{}", seen.stdout);
    assert_eq!(files(&project), before);
    // Another run and another cargo are at work: the answer comes before either is waited for.
    let _others = [project.root(), project.cargo_home().join(".package-cache")].map(|path| crate::waiting::hold(&path));
    for words in [&["update"][..], &["fix"], &["cargo", "update"], &["cargo", "add", "baz"]] {
        let outcome = by(&project, words).expect_code(2);
        let told = &outcome.stderr;
        assert!(told.contains("Cargo.lock cannot be written: it is read-only") && told.contains("help:"), "{told}");
        assert!(!told.contains("Blocking"), "{told}");
    }
    assert_eq!(files(&project), before);
    set(false);
}

/// As somebody who may not write there: for root every folder is open.
#[cfg(target_os = "linux")]
#[test]
fn case_10_a_folder_that_may_not_be_written_is_enough_to_look() {
    use std::os::unix::fs::PermissionsExt as _;

    let (_registry, project) = movable();
    let tools = project.outside().join("tools");
    std::fs::create_dir(&tools).unwrap();
    let is_root = rustix::process::geteuid().is_root();
    let cargo = if is_root {
        // The toolchain may lie in root's own folder.
        std::fs::copy(env!("CARGO"), tools.join("cargo")).unwrap();
        let sequester = tools.join("cargo-sequester");
        std::fs::copy(env!("CARGO_BIN_EXE_cargo-sequester"), &sequester).unwrap();
        let owned =
            std::process::Command::new("chown").args(["-R", "65534:65534", project.outside().as_str()]).status();
        if !owned.is_ok_and(|status| status.success()) || !Utf8Path::new("/usr/bin/setpriv").exists() {
            eprintln!("skipped: root has no way to become somebody else here");
            return;
        }
        tools.join("cargo").into_string()
    } else {
        env!("CARGO").to_owned()
    };
    let project = project.env("CARGO", &cargo).env("TMPDIR", "/tmp");
    let run = |words: &[&str]| {
        let words = [&words[..1], &BY, &words[1..]].concat();
        if is_root {
            let becoming = ["--reuid=65534", "--regid=65534", "--clear-groups"];
            let program = tools.join("cargo-sequester");
            project.run("/usr/bin/setpriv", &[&becoming[..], &[program.as_str()], &words].concat())
        } else {
            project.sequester(&words)
        }
    };
    std::fs::set_permissions(project.root(), std::fs::Permissions::from_mode(0o555)).unwrap();
    let before = files(&project);
    let would = run(&["update", "-n"]).expect_code(0);
    assert!(would.stdout.contains("1.0.0 → 1.1.0"), "{}", would.stdout);
    run(&["fix", "-n"]).expect_code(0);
    run(&["status"]).expect_code(0);
    let told = run(&["update"]).expect_code(2).stderr;
    assert!(told.contains("Cargo.lock cannot be written: its folder is read-only"), "{told}");
    assert_eq!(files(&project), before);
    std::fs::set_permissions(project.root(), std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[cfg(unix)]
#[test]
fn a_written_file_keeps_its_mode_and_its_link() {
    use std::os::unix::fs::PermissionsExt as _;

    let (_registry, project) = movable();
    let elsewhere = project.outside().join("the-lock");
    std::fs::rename(project.path("Cargo.lock"), &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, project.path("Cargo.lock")).unwrap();
    std::fs::set_permissions(&elsewhere, std::fs::Permissions::from_mode(0o640)).unwrap();
    update(&project, &[]).expect_code(0);
    assert_eq!(locked(&project, "bar"), "1.1.0");
    assert!(std::fs::symlink_metadata(project.path("Cargo.lock")).unwrap().is_symlink());
    assert_eq!(std::fs::metadata(&elsewhere).unwrap().permissions().mode() & 0o777, 0o640);
    // A first one is made as any other file is.
    std::fs::remove_file(project.path("Cargo.lock")).unwrap();
    std::fs::write(project.path("other"), "").unwrap();
    update(&project, &[]).expect_code(0);
    let mode = |name| std::fs::metadata(project.path(name)).unwrap().permissions().mode();
    assert_eq!(mode("Cargo.lock"), mode("other"));
}

/// A workspace in which every path leads somewhere else: absolute ones, one to a neighbour that has a neighbour, one that inherits.
fn crossroads(registry: &TestRegistry) -> Project {
    Package::new("bar", "1.0.0").pubtime(OLD).publish(registry);
    let project = project(registry);
    let root = project.root();
    let package = |name: &str| format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2021\"\n");
    let outside = |path: &str, text: String| {
        let path = project.outside().join(path);
        std::fs::create_dir_all(path.join("src")).unwrap();
        std::fs::write(path.join("src/lib.rs"), "").unwrap();
        std::fs::write(path.join("Cargo.toml"), text).unwrap();
    };
    for member in ["one", "two"] {
        project.write(&format!("crates/{member}/src/lib.rs"), "");
    }
    project.write("crates/one/Cargo.toml", package("one") + "[dependencies]\nbar = \"1\"\n");
    project.write(
        "crates/two/Cargo.toml",
        package("two") + &format!("[dependencies]\none = {{ path = \"{root}/crates/one\" }}\n"),
    );
    project.write(
        "Cargo.toml",
        package("app")
            + &format!(
                "[workspace]\nmembers = [\"crates/*\"]\n[dependencies]\ntwo = {{ path = \"{root}/crates/two\" }}\n"
            ),
    );
    outside("near", package("near") + "[dependencies]\nnext = { path = \"../far/deep/next\" }\n");
    outside("far/deep/next", "[package]\nname = \"next\"\nversion.workspace = true\nedition = \"2021\"\n".to_owned());
    std::fs::write(
        project.outside().join("far/Cargo.toml"),
        "[workspace]\nmembers = [\"deep/*\"]\n[workspace.package]\nversion = \"0.7.0\"\n",
    )
    .unwrap();
    project
}

#[test]
fn paths_lead_in_the_copy_where_they_lead_in_the_project() {
    let registry = TestRegistry::new();
    let project = crossroads(&registry);
    let manifests = ["Cargo.toml", "crates/one/Cargo.toml", "crates/two/Cargo.toml"];
    let before = manifests.map(|path| project.read(path));
    update(&project, &[]).expect_code(0);
    assert_eq!(manifests.map(|path| project.read(path)), before);
    let lock = project.read("Cargo.lock");
    std::fs::remove_file(project.path("Cargo.lock")).unwrap();
    assert_eq!(project.lock_with_cargo(), lock, "cargo itself locks the same");
    // What is added is written as cargo writes it in the project itself.
    by(&project, &["cargo", "add", "--path", "../near", "-p", "two"]).expect_code(0);
    let (manifest, lock) = (project.read("crates/two/Cargo.toml"), project.read("Cargo.lock"));
    assert_eq!(locked(&project, "next"), "0.7.0");
    project.write("crates/two/Cargo.toml", &before[2]);
    project.cargo(&["add", "--path", "../near", "-p", "two"]).expect_code(0);
    project.cargo(&["metadata", "--format-version=1"]).expect_code(0);
    assert_eq!((project.read("crates/two/Cargo.toml"), project.read("Cargo.lock")), (manifest, lock));
}

#[test]
fn a_patch_of_the_configuration_that_leads_to_a_member_is_that_member() {
    let registry = TestRegistry::new();
    Package::new("bar", "1.0.0").pubtime(OLD).dep("one", "0.1").publish(&registry);
    Package::new("one", "0.1.0").pubtime(OLD).publish(&registry);
    let project = crossroads(&registry);
    let root = project.root();
    let project = project.config(&format!("[patch.crates-io]\none = {{ path = \"{root}/crates/one\" }}\n"));
    project.write("crates/one/Cargo.toml", "[package]\nname = \"one\"\nversion = \"0.1.0\"\nedition = \"2021\"\n");
    let app = project.read("Cargo.toml");
    project.write("Cargo.toml", app + "bar = \"1\"\n");
    let mine = by(&project, &["update"]).expect_code(0);
    let lock = project.read("Cargo.lock");
    std::fs::remove_file(project.path("Cargo.lock")).unwrap();
    assert_eq!(project.lock_with_cargo(), lock, "{}", mine.stdout);
}

#[test]
fn cargos_words_name_the_project_and_not_the_copy() {
    let (_registry, project) = movable();
    for words in [&["cargo", "add", "--path", "../nowhere"][..], &["cargo", "add", "bar", "--features", "none"]] {
        let outcome = by(&project, words);
        assert_ne!(outcome.code, 0);
        assert!(!outcome.stderr.contains("sequester-try"), "{}", outcome.stderr);
    }
    let outcome = by(&project, &["cargo", "add", "--path", "../nowhere"]);
    assert!(outcome.stderr.contains(project.outside().join("nowhere").as_str()), "{}", outcome.stderr);
}

#[cfg(unix)]
#[test]
fn what_somebody_else_wrote_meanwhile_is_not_lost() {
    use std::os::unix::fs::PermissionsExt as _;

    let (_registry, project) = movable();
    let (script, manifest) = (project.outside().join("cargo-beside"), project.path("Cargo.toml"));
    let text = format!(
        "#!/bin/sh\ncase \"$*\" in *metadata*|*--version*) ;; *) echo '# by hand' >> {manifest};; esac\nexec {} \"$@\"\n",
        env!("CARGO")
    );
    std::fs::write(&script, text).unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    let (before, lock) = (project.read("Cargo.toml"), project.read("Cargo.lock"));
    let project = project.env("CARGO", script.as_str());
    let outcome = by(&project, &["cargo", "add", "baz"]).expect_code(2);
    assert!(outcome.stderr.contains("Cargo.toml was changed meanwhile"), "{}", outcome.stderr);
    assert_eq!(project.read("Cargo.lock"), lock);
    assert!(project.read("Cargo.toml").starts_with(&before) && project.read("Cargo.toml").contains("# by hand"));
    assert!(!project.read("Cargo.toml").contains("baz"));
}

#[test]
fn a_folder_that_is_not_there_is_not_made() {
    let (_registry, project) = movable();
    project.write("libs/notes.txt", "no package");
    for more in [&[][..], &["--dry-run"]] {
        let words = [&["cargo", "add", "--path", "libs/new/typo"], more].concat();
        assert_ne!(project.sequester(&words).code, 0);
        assert!(!project.root().join("libs/new").exists(), "{words:?}");
    }
}

/// A folder that a manifest names and that is gone is cargo's to tell; no folder of ours is to blame, and no update mends it.
#[test]
fn a_folder_that_a_manifest_names_and_that_is_not_there_is_named() {
    for entry in ["[patch.crates-io]\nbaz = { path = \"gone\" }\n", "[dependencies.baz]\npath = \"gone\"\n"] {
        let (_registry, project) = movable();
        let manifest = project.read("Cargo.toml");
        project.write("Cargo.toml", format!("{manifest}\n{entry}"));
        let gone = project.path("gone");
        for words in [&["update", "--workspace"][..], &["cargo", "update"], &["audit"]] {
            let run = by(&project, words);
            let said = format!("{}{}", run.stdout, run.stderr);
            assert!(!matches!(run.code, 0 | 1), "{words:?}: {said}");
            assert!(said.contains(gone.as_str()) && said.contains("No such file"), "{words:?}: {said}");
            assert!(!said.contains("TMPDIR") && !said.contains("help: cargo sequester update"), "{words:?}: {said}");
        }
    }
}
