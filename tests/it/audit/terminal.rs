//! The command line, the terminal and the pipe.

use std::process::Stdio;

use super::*;

const PROGRAM: &str = env!("CARGO_BIN_EXE_cargo-sequester");

fn held() -> World {
    let world = World::new().dep("old", "1").dep("fresh", "1");
    Package::new("old", "1.0.0").yanked().publish(&world.registry);
    Package::new("fresh", "1.0.0").publish(&world.registry);
    Package::new("fresh", "1.1.0").pubtime("2026-11-21T00:00:00Z").publish(&world.registry);
    Package::new("old", "1.0.0").publish(&world.registry);
    world.lock();
    Package::new("old", "1.0.0").yanked().publish(&world.registry);
    world
}

#[test]
fn it_is_the_same_program_by_every_name() {
    let world = held();
    let direct = world.project.run(PROGRAM, &["audit", "--now", NOW, "--format", "json"]).expect_code(1);
    let by_cargo = world.audit(&["--format", "json"]).expect_code(1);
    let folder = camino::Utf8Path::new(PROGRAM).parent().unwrap();
    let tools = camino::Utf8Path::new(env!("CARGO")).parent().unwrap();
    let through = world
        .project
        .command(env!("CARGO"))
        .env("PATH", format!("{folder}:{tools}:/usr/bin:/bin"))
        .args(["sequester", "audit", "--now", NOW, "--format", "json"])
        .output()
        .unwrap();
    assert_eq!(through.status.code(), Some(1), "{}", String::from_utf8_lossy(&through.stderr));
    assert_eq!(direct.stdout, by_cargo.stdout);
    assert_eq!(direct.stdout, String::from_utf8_lossy(&through.stdout));
}

#[test]
fn wrong_usage_is_code_2_and_says_so_on_standard_error() {
    let world = held();
    let wrong: [&[&str]; 6] = [
        &["audit", "--frobnicate"],
        &["audit", "--format", "xml"],
        &["audit", "--now", "yesterday"],
        &["audit", "--lockfile", "a", "--manifest-path", "b"],
        &["audit", "-q", "-v"],
        &[],
    ];
    for arguments in wrong {
        let outcome = world.project.run(PROGRAM, arguments).expect_code(2);
        assert_eq!(outcome.stdout, "", "{arguments:?}");
        assert!(!outcome.stderr.is_empty(), "{arguments:?}");
    }
    for arguments in [&["--help"][..], &["audit", "-h"], &["help", "audit"]] {
        let outcome = world.project.run(PROGRAM, arguments).expect_code(0);
        assert!(outcome.stdout.contains("Exit codes:"), "{}", outcome.stdout);
    }
    assert!(world.project.run(PROGRAM, &["--version"]).expect_code(0).stdout.contains(env!("CARGO_PKG_VERSION")));
}

#[test]
fn nobody_who_stops_reading_makes_it_fail() {
    let world = held();
    for format in ["human", "json", "sarif", "github", "markdown"] {
        let mut command = world.project.command(PROGRAM);
        command.args(["audit", "--now", NOW, "--format", format]).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{format}: {stderr}");
        assert_eq!(stderr, "", "{format}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error() {
    let world = held();
    let full = std::fs::File::create("/dev/full").unwrap();
    let output = world.project.command(PROGRAM).args(["audit", "--now", NOW]).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot be written"));
}

#[test]
fn colour_is_for_terminals_and_for_who_asks() {
    let world = held();
    assert!(!world.audit(&[]).stdout.contains('\u{1b}'));
    assert!(!world.audit(&["--color", "never"]).stdout.contains('\u{1b}'));
    let coloured = world.audit(&["--color", "always"]).stdout;
    assert!(coloured.contains('\u{1b}'));
    assert_eq!(
        world.redact(&anstream::adapter::strip_str(&coloured).to_string()),
        world.redact(&world.audit(&[]).stdout)
    );
    for format in ["json", "sarif", "github", "markdown"] {
        assert!(!world.audit(&["--color", "always", "--format", format]).stdout.contains('\u{1b}'), "{format}");
    }
    let quiet = World { project: world.project.env("NO_COLOR", "1").env("CLICOLOR_FORCE", "1"), ..world };
    assert!(!quiet.audit(&[]).stdout.contains('\u{1b}'));
}

#[test]
fn quiet_tells_problems_and_verbose_everything() {
    let world = held();
    let quiet = world.redact(&world.audit(&["-q"]).expect_code(1).stdout);
    let loud = world.redact(&world.audit(&["--verbose"]).expect_code(1).stdout);
    insta::assert_snapshot!(format!("{quiet}\n--- verbose\n{loud}"));
    world.policy("[quarantine]\nmin-publish-age = \"0\"");
    assert_eq!(world.audit(&["-q"]).expect_code(0).stdout, "");
}

fn document_of(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn errors_keep_to_their_stream_in_every_format() {
    let world = held();
    world.project.write("sequester.toml", "nonsense = true\n");
    for format in ["human", "json", "sarif", "github", "gitlab", "markdown"] {
        let outcome = world.audit(&["--format", format]).expect_code(2);
        // A code host takes what is not there for a report without findings.
        let is_hosts = ["sarif", "gitlab"].contains(&format);
        assert_eq!(outcome.stdout.is_empty(), !is_hosts, "{format}: {}", outcome.stdout);
        assert!(outcome.stderr.starts_with("error: "), "{}", outcome.stderr);
        if is_hosts {
            let document = document_of(&outcome.stdout);
            assert!(document.to_string().contains("sequester.toml"), "{document}");
        }
        if format == "sarif" {
            let run = &document_of(&outcome.stdout)["runs"][0];
            assert_eq!(run["invocations"][0]["executionSuccessful"], false);
            assert_eq!(run["results"], serde_json::json!([]));
        }
    }
}

#[test]
fn nothing_is_written_into_the_project() {
    let world = held();
    let listing = |world: &World| {
        let mut files: Vec<_> = ["", "src", ".cargo"]
            .iter()
            .flat_map(|folder| {
                world.project.path(folder).read_dir_utf8().unwrap().map(|entry| entry.unwrap().path().to_owned())
            })
            .map(|path| (path.clone(), std::fs::read(&path).ok()))
            .collect();
        files.sort();
        files
    };
    let before = listing(&world);
    world.audit(&[]);
    world.audit(&["--offline"]);
    assert_eq!(listing(&world), before);
}
