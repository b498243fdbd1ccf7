//! `verify --sealed`: nothing but what was proven is built, and nothing of the machine leads in.

use std::net::TcpListener;

use super::scene::Scene;
use crate::support::{Package, Project, TestRegistry};

/// `app` prints what `bar` says, and `bar` has this build script.
fn with_build_script(script: &str) -> (Project, TestRegistry) {
    let registry = TestRegistry::new();
    Package::new("bar", "1.1.0")
        .pubtime("2025-01-01T00:00:00Z")
        .file("build.rs", script)
        .file("src/lib.rs", "pub fn say() { println!(\"genuine\"); }\n")
        .publish(&registry);
    let project = Project::new().crates_io(&registry).dep("bar", "1");
    project.write("src/main.rs", "fn main() { bar::say(); std::process::exit(7); }\n");
    std::fs::remove_file(project.path("src/lib.rs")).unwrap();
    project.lock_with_cargo();
    let config = project.read(".cargo/config.toml");
    std::fs::write(project.cargo_home().join("config.toml"), config).unwrap();
    std::fs::remove_file(project.path(".cargo/config.toml")).unwrap();
    let project = project.policy(&format!("[sources]\nmirrors = [\"{}\"]\n", registry.url()));
    project.sequester(&["vendor", "--no-advisories"]).expect_code(0);
    (project, registry)
}

#[test]
fn the_command_runs_and_its_code_is_ours() {
    let (project, _registry) = with_build_script("fn main() {}\n");
    let said = project.sequester(&["verify", "--sealed", "run", "-q"]).expect_code(7);
    assert_eq!(said.stdout, "genuine\n", "standard output is the program's");
    assert!(said.stderr.contains("Verified") && said.stderr.contains("Sealed"), "{}", said.stderr);
    assert!(!project.path("target").exists(), "it has a target folder of its own");
    project.sequester(&["verify", "--sealed", "build", "--no-such-option"]).expect_code(1);
    // The output of a build can be kept, in a folder that holds nothing yet.
    project.sequester(&["verify", "--sealed", "build", "--target-dir", "out"]).expect_code(0);
    assert!(project.path("out/debug").exists());
    let said = project.sequester(&["verify", "--sealed", "build", "--target-dir", "out"]).expect_code(2);
    assert!(said.stderr.contains("not empty"), "{}", said.stderr);
    for words in [&["install", "x"][..], &["build", "--config", "x"], &["run", "--manifest-path", "x"]] {
        project.sequester(&[&["verify", "--sealed"][..], words].concat()).expect_code(2);
    }
}

#[test]
fn a_build_script_reaches_nobody() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let connect = format!("fn main() {{ std::net::TcpStream::connect(\"{address}\").unwrap(); }}\n");
    let (project, _registry) = with_build_script(&connect);
    project.cargo(&["build", "--offline", "--locked"]).expect_code(0);
    listener.accept().expect("stock cargo lets it out");
    let said = project.sequester(&["verify", "--sealed", "build"]);
    if said.stderr.contains("build scripts can use the network") {
        eprintln!("skipped: this system allows no network namespaces");
        return;
    }
    assert_eq!(said.code, 101, "{}", said.stderr);
    assert!(said.stderr.contains("custom build command"), "{}", said.stderr);
    listener.set_nonblocking(true).unwrap();
    assert!(listener.accept().is_err(), "nobody came");
}

#[test]
fn nothing_of_the_machine_leads_in() {
    let seen = "fn main() { for name in [\"SECRET\", \"RUSTFLAGS\", \"LD_LIBRARY_PATH_OF_MINE\"] { assert!(std::env::var_os(name).is_none(), \"{name}\"); } }\n";
    let (project, _registry) = with_build_script(seen);
    let project =
        project.env("SECRET", "x").env("RUSTC_WRAPPER", "/no/such/program").env("RUSTFLAGS", "-Cno-such-flag");
    project.cargo(&["build", "--offline", "--locked"]).expect_code(101);
    project.sequester(&["verify", "-q", "--sealed", "check", "-q"]).expect_code(0);
}

#[test]
fn what_is_not_proven_is_not_run() {
    let scene = Scene::new();
    let mark = scene.project.outside().join("mark");
    scene.project.write("vendor/bar/build.rs", format!("fn main() {{ std::fs::write({mark:?}, b\"x\").unwrap(); }}"));
    scene.project.sequester(&["verify", "--sealed", "build"]).expect_code(1);
    let ours = scene.project.read(".cargo/config.toml");
    std::fs::remove_file(scene.project.path("vendor/bar/build.rs")).unwrap();
    scene.project.write(".cargo/config.toml", format!("{ours}\n[env]\nLD_PRELOAD = \"x\"\n"));
    scene.project.sequester(&["verify", "--sealed", "build"]).expect_code(1);
    assert!(!mark.exists());
}

#[cfg(unix)]
#[test]
fn a_local_registry_is_built_from_sealed_too() {
    let (project, _registry) = with_build_script("fn main() {}\n");
    std::fs::remove_dir_all(project.path("vendor")).unwrap();
    project.write(".cargo/config.toml", "");
    project.sequester(&["vendor", "--no-advisories", "--local-registry", "lr"]).expect_code(0);
    let said = project.sequester(&["verify", "--sealed", "run", "-q"]).expect_code(7);
    assert_eq!(said.stdout, "genuine\n");
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_leaves_no_folder() {
    let (project, _registry) =
        with_build_script("fn main() { std::thread::sleep(std::time::Duration::from_secs(60)); }\n");
    let temporary = project.outside().join("tmp");
    std::fs::create_dir_all(&temporary).unwrap();
    let mut command = project.command(env!("CARGO_BIN_EXE_cargo-sequester"));
    command.args(["sequester", "verify", "--sealed", "build"]).env("TMPDIR", &temporary);
    let mut child = command.stderr(std::process::Stdio::null()).spawn().unwrap();
    let entries = || temporary.read_dir_utf8().unwrap().map(|entry| entry.unwrap().into_path()).collect::<Vec<_>>();
    let builds = |folder: &camino::Utf8PathBuf| folder.join("target/debug/build").is_dir();
    while !entries().iter().any(builds) {
        assert!(child.try_wait().unwrap().is_none(), "it ended before it was interrupted");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let id = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(id, rustix::process::Signal::INT).unwrap();
    assert!(!child.wait().unwrap().success());
    assert_eq!(entries(), Vec::<camino::Utf8PathBuf>::new());
}
