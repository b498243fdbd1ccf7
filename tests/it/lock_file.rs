//! `gather::lock_file`: every format and spelling that occurs, and every way in which a file is refused.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use camino::Utf8Path;
use cargo_sequester::door::gather::lock_file::{self, LockFile, LockFileError, PackageProblem};
use cargo_sequester::door::model::package::LockedChecksum;
use cargo_sequester::door::model::source::{Registry, Source};

use crate::support::shared::shared;
use crate::support::{Package, Project, TestRegistry};

const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";
const SUM: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

fn parse(text: impl AsRef<[u8]>) -> Result<LockFile, LockFileError> {
    lock_file::parse(text.as_ref(), Utf8Path::new("some/Cargo.lock"))
}

fn entry(name: &str, version: &str, source: &str, dependencies: &[&str]) -> String {
    let mut text = format!("\n[[package]]\nname = \"{name}\"\nversion = \"{version}\"\n");
    if !source.is_empty() {
        let _ = writeln!(text, "source = \"{source}\"");
    }
    if source.starts_with("registry+") || source.starts_with("sparse+") {
        let _ = writeln!(text, "checksum = \"{SUM}\"");
    }
    if !dependencies.is_empty() {
        text += "dependencies = [\n";
        for dependency in dependencies {
            let _ = writeln!(text, " \"{dependency}\",");
        }
        text += "]\n";
    }
    text
}

fn names(lock: &LockFile) -> Vec<String> {
    lock.packages.iter().map(|package| package.id.to_string()).collect()
}

/// The error's text, whose first line must be lower-case and whose last must be of help.
#[track_caller]
fn refused(text: impl AsRef<[u8]>) -> String {
    let message = parse(text).expect_err("must be refused").to_string();
    assert!(message.lines().last().unwrap().starts_with("help: "), "{message}");
    assert!(!message.chars().next().unwrap().is_uppercase(), "{message}");
    message.lines().next().unwrap().to_owned()
}

#[track_caller]
fn problem(text: &str) -> (Option<usize>, PackageProblem) {
    match parse(text) {
        Err(LockFileError::Package { at, problem }) => (at.line, problem),
        other => panic!("{other:?}"),
    }
}

#[test]
fn format_4_with_every_kind_of_source() {
    let commit = "0123456789012345678901234567890123456789";
    let git = "git+https://example.org/work.git?branch=feature%2Fx";
    let text = ["version = 4\n".to_owned()]
        .into_iter()
        .chain([
            entry("app", "0.1.0", "", &["bar 1.0.0", "bar 2.0.0-rc.1+build.5", "mine", "tool", "local"]),
            entry("bar", "1.0.0", CRATES_IO, &[]),
            entry("bar", "2.0.0-rc.1+build.5", "sparse+https://index.crates.io/", &[]),
            entry("local", "0.2.0", "", &[]),
            entry("mine", "1.0.0", "sparse+https://registry.example.org/index/", &["bar 1.0.0"]),
            entry("old", "1.0.0", "registry+https://git.example.org/index", &[]),
            entry("tool", "0.3.0", &format!("{git}#{commit}"), &["old"]),
            entry("odd", "1.0.0", "directory+file:///somewhere", &[]),
        ])
        .collect::<String>();
    let lock = parse(&text).unwrap();
    assert_eq!(lock.version, 4);
    assert_eq!(lock.lines[..2], [3, 14]);
    assert_eq!(lock.packages[0].dependencies, [1, 2, 4, 6, 3]);
    assert_eq!(lock.packages[4].dependencies, [1]);
    let sources: Vec<_> = lock.packages.iter().map(|package| &package.id.source).collect();
    assert_eq!(*sources[0], Source::Local);
    assert_eq!(*sources[1], Source::Registry(Registry::CratesIo));
    // Cargo takes this for another registry.
    assert_eq!(*sources[2], Source::Registry(Registry::Sparse("https://index.crates.io/".into())));
    assert_eq!(*sources[4], Source::Registry(Registry::Sparse("https://registry.example.org/index/".into())));
    assert_eq!(*sources[5], Source::Registry(Registry::Git("https://git.example.org/index".into())));
    assert!(matches!(sources[7], Source::Other(text) if &**text == "directory+file:///somewhere"));
    let Source::Git(found) = sources[6] else { panic!() };
    assert_eq!(found.url.as_ref(), "https://example.org/work.git");
    assert_eq!(found.reference.as_deref(), Some("branch=feature%2Fx"));
    assert_eq!(found.commit.as_deref(), Some(commit));
    assert_eq!(lock.packages[1].checksum, LockedChecksum::Known(SUM.parse().unwrap()));
    assert_eq!(lock.packages[0].checksum, LockedChecksum::Missing);
}

#[test]
fn format_1_takes_checksums_from_metadata_by_source_too() {
    let other = "registry+https://git.example.org/index";
    let second = SUM.replace('0', "f");
    let text = format!(
        "[root]\nname = \"app\"\nversion = \"0.1.0\"\ndependencies = [\n \"bar 1.0.0 ({CRATES_IO})\",\n \"local 0.1.0\",\n]\n\
         \n[[package]]\nname = \"bar\"\nversion = \"1.0.0\"\nsource = \"{CRATES_IO}\"\n\
         \n[[package]]\nname = \"bar\"\nversion = \"1.0.0\"\nsource = \"{other}\"\n\
         \n[[package]]\nname = \"local\"\nversion = \"0.1.0\"\ndependencies = [\"work 0.1.0 (git+https://example.org/w#{commit})\"]\n\
         \n[[package]]\nname = \"work\"\nversion = \"0.1.0\"\nsource = \"git+https://example.org/w#{commit}\"\n\
         \n[metadata]\n\"checksum bar 1.0.0 ({CRATES_IO})\" = \"{SUM}\"\n\"checksum bar 1.0.0 ({other})\" = \"{second}\"\n\
         \"checksum work 0.1.0 (git+https://example.org/w#{commit})\" = \"<none>\"\n\"checksum gone 1.0.0 ({other})\" = \"{SUM}\"\n",
        commit = "a".repeat(40)
    );
    let lock = parse(text).unwrap();
    assert_eq!(lock.version, 1);
    assert_eq!(&*lock.packages[0].id.name, "app");
    assert_eq!(lock.packages[0].dependencies, [1, 3]);
    assert_eq!(lock.packages[3].dependencies, [4]);
    assert_eq!(lock.packages[1].checksum, LockedChecksum::Known(SUM.parse().unwrap()));
    assert_eq!(lock.packages[2].checksum, LockedChecksum::Known(second.parse().unwrap()));
    assert_eq!(lock.packages[4].checksum, LockedChecksum::Missing);
}

/// Cargo tells by the rest of the file whether these checksums count: each of these it takes, or drops all of its checksums.
#[test]
fn checksums_in_metadata_count_in_format_1_alone() {
    let first = |on_bar: &str, of_bar: &str, on_local: &str| {
        format!(
            "[[package]]\nname = \"app\"\nversion = \"0.1.0\"\ndependencies = [\n \"{on_bar}\",\n \"{on_local}\",\n]\n\
             \n[[package]]\nname = \"bar\"\nversion = \"1.0.0\"\nsource = \"{CRATES_IO}\"\n{of_bar}\
             \n[[package]]\nname = \"local\"\nversion = \"0.1.0\"\n\
             \n[metadata]\n\"checksum bar 1.0.0 ({CRATES_IO})\" = \"{SUM}\"\n"
        )
    };
    let long = &*format!("bar 1.0.0 ({CRATES_IO})");
    let own = &*format!("checksum = \"{SUM}\"\n");
    for (text, version, drops) in [
        (first(long, "", "local 0.1.0"), 1, false),
        (first(long, own, "local 0.1.0"), 2, true),
        (first("bar 1.0.0", "", "local 0.1.0"), 2, true),
        (first("bar", "", "local 0.1.0"), 2, true),
        (first(long, "", "local"), 2, true),
        (format!("version = 3\n\n{}", first(long, "", "local 0.1.0")), 3, true),
    ] {
        let lock = parse(&text).unwrap();
        assert_eq!((lock.version, lock.drops_checksums), (version, drops), "{text}");
        let known = !drops || text.contains(own);
        assert_eq!(lock.packages[1].checksum != LockedChecksum::Missing, known, "{text}");
    }
}

#[test]
fn formats_2_and_3_and_byte_order_mark_and_crlf() {
    let body = entry("app", "0.1.0", "", &["b"]) + &entry("b", "1.0.0", CRATES_IO, &[]);
    assert_eq!(parse(&body).unwrap().version, 2);
    let three = parse(format!("version = 3\n{body}")).unwrap();
    assert_eq!(three.version, 3);
    let windows = parse(format!("\u{feff}version = 3\n{body}").replace('\n', "\r\n")).unwrap();
    assert_eq!(names(&windows), names(&three));
    assert_eq!(windows.packages[0].dependencies, [1]);
}

#[test]
fn c13_build_metadata_and_sources_tell_packages_apart() {
    let mirror = "registry+https://git.example.org/index";
    let text = entry("app", "0.1.0", "", &["a 1.0.0+one", &format!("b 1.0.0 ({mirror})"), "c 1.0.0"])
        + &entry("a", "1.0.0+one", CRATES_IO, &[])
        + &entry("a", "1.0.0+two", CRATES_IO, &[])
        + &entry("b", "1.0.0", CRATES_IO, &[])
        + &entry("b", "1.0.0", mirror, &[])
        + &entry("c", "1.0.0", CRATES_IO, &[])
        + &entry("c", "1.0.0", "", &[]);
    // Without a source cargo means the local package of that name and version.
    assert_eq!(parse(text).unwrap().packages[0].dependencies, [1, 4, 6]);
}

#[test]
fn unused_patches_are_no_packages() {
    let text = entry("app", "0.1.0", "", &[]) + "\n[[patch.unused]]\nname = \"spare\"\nversion = \"1.0.0\"\n";
    assert_eq!(parse(text).unwrap().packages.len(), 1);
}

#[test]
fn what_a_replace_table_puts_in_place_is_reached() {
    let text = entry("app", "0.1.0", "", &[&format!("a 1.0.0 ({CRATES_IO})")])
        + &format!(
            "\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\nsource = \"{CRATES_IO}\"\nreplace = \"a 1.0.0\"\n"
        )
        + &entry("a", "1.0.0", "", &[]);
    assert_eq!(parse(text).unwrap().packages[1].dependencies, [2]);
}

#[test]
fn b6_a_digest_of_another_form_is_malformed_and_an_absent_one_is_missing() {
    let line = |sum: &str| entry("b", "1.0.0", CRATES_IO, &[]).replace(SUM, sum);
    let checksum = |text: String| parse(text).unwrap().packages.remove(0).checksum;
    let upper = SUM.to_uppercase();
    assert_eq!(checksum(line(&upper)), LockedChecksum::Malformed(upper.into()));
    assert_eq!(checksum(line("")), LockedChecksum::Malformed("".into()));
    assert_eq!(checksum(line("<none>")), LockedChecksum::Missing);
    assert_eq!(checksum(line(SUM).replace("checksum", "other")), LockedChecksum::Missing);
}

#[test]
fn files_that_are_no_lock_files_are_refused_with_their_line() {
    let good = entry("a", "1.0.0", "", &[]);
    assert_eq!(
        refused(format!("{good}<<<<<<< HEAD\n{good}=======\n>>>>>>> other\n")),
        "some/Cargo.lock:5: the lock file holds merge conflict markers"
    );
    assert!(
        refused(format!("{good}\n[[package]]\nname = \"b"))
            .starts_with("some/Cargo.lock:7: the lock file cannot be parsed: ")
    );
    assert!(refused(format!("{good}\n[[package]]\nversion = \"1.0.0\"\n")).starts_with("some/Cargo.lock:6: "));
    assert_eq!(refused(b"version = 4\n# \xff\n"), "some/Cargo.lock:2: the lock file is not UTF-8");
    assert_eq!(refused(""), "the lock file some/Cargo.lock names no package");
    for version in ["5", "0", "-1", "99999999999"] {
        let message = refused(format!("version = {version}\n{good}"));
        assert_eq!(
            message,
            format!("some/Cargo.lock: the lock file has format version {version}; versions 1 to 4 are known")
        );
    }
    let large = vec![b'#'; usize::try_from(lock_file::MAX_BYTES).unwrap() + 1];
    assert_eq!(refused(large), "the lock file some/Cargo.lock is larger than 8 MiB");
    let deep = format!("package = {}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(refused(deep).contains("cannot be parsed"));
}

#[test]
fn an_absent_file_and_a_folder_are_refused() {
    let project = Project::new();
    let absent = lock_file::read(&project.path("Cargo.lock")).unwrap_err();
    assert!(matches!(absent, LockFileError::Absent { .. }), "{absent}");
    let folder = lock_file::read(&project.root()).unwrap_err();
    assert!(matches!(folder, LockFileError::Unreadable { .. }), "{folder}");
}

#[test]
fn packages_that_make_no_sense_are_refused_with_their_line() {
    let app = |dependency: &str| entry("z", "0.1.0", "", &[]) + &entry("app", "0.1.0", "", &[dependency]);
    let (line, found) = problem(&app("absent"));
    assert_eq!(line, Some(6));
    assert_eq!(found, PackageProblem::UnknownDependency { name: "app".into(), dependency: "absent".into() });
    for unknown in ["z 0.2.0", "z 0.1.0 (x)", "z 0.1.0 (git+https://example.org/z)", "z 0.1.0 (registry+https://x", ""]
    {
        assert!(matches!(problem(&app(unknown)).1, PackageProblem::UnknownDependency { .. }), "{unknown}");
    }
    let two = entry("b", "1.0.0", CRATES_IO, &[]) + &entry("b", "2.0.0", CRATES_IO, &[]);
    assert!(matches!(problem(&(app("b") + &two)).1, PackageProblem::AmbiguousDependency { .. }));
    let sources =
        entry("b", "1.0.0", CRATES_IO, &[]) + &entry("b", "1.0.0", "registry+https://git.example.org/index", &[]);
    assert!(matches!(problem(&(app("b 1.0.0") + &sources)).1, PackageProblem::AmbiguousDependency { .. }));

    let twice = entry("b", "1.0.0", CRATES_IO, &[]) + &entry("b", "1.0.0", &format!("{CRATES_IO}.git"), &[]);
    assert_eq!(problem(&twice), (Some(8), PackageProblem::Twice { name: "b".into(), version: "1.0.0".into() }));
    let commits =
        ["a", "b"].map(|digit| entry("b", "1.0.0", &format!("git+https://example.org/b#{}", digit.repeat(40)), &[]));
    assert!(matches!(problem(&commits.concat()).1, PackageProblem::Twice { .. }));

    let sums = entry("b", "1.0.0", CRATES_IO, &[])
        + &format!("[metadata]\n\"checksum b 1.0.0 ({CRATES_IO})\" = \"{}\"\n", SUM.replace('0', "1"));
    assert_eq!(problem(&sums), (Some(2), PackageProblem::TwoChecksums { name: "b".into(), version: "1.0.0".into() }));
    assert!(matches!(problem(&entry("b", "1.0", "", &[])).1, PackageProblem::Version { .. }));
    for source in ["sparse+nothing", "registry+a b", "git+/some/path", "registry+https://x\\u0007"] {
        assert!(matches!(problem(&entry("b", "1.0.0", source, &[])).1, PackageProblem::Source { .. }), "{source}");
    }
}

#[test]
fn f3_names_that_are_paths_or_options_are_refused() {
    for name in ["", "..", "../../x", "a/b", "-p", "a b", "a\\u001b[2J", "a\\n"] {
        let (_, found) = problem(&entry(name, "1.0.0", CRATES_IO, &[]));
        assert!(matches!(found, PackageProblem::Name { .. }), "{name}");
        assert!(!found.to_string().contains(['\u{1b}', '\n']), "{found}");
    }
    assert!(matches!(problem(&entry("ä", "1.0.0", CRATES_IO, &[])).1, PackageProblem::Name { .. }));
    for name in ["a", "A", "_a", "2d", "Inflector", "a-b_c"] {
        assert!(parse(entry(name, "1.0.0", CRATES_IO, &[])).is_ok(), "{name}");
    }
    assert!(parse(entry("ä", "1.0.0", "", &[])).is_ok());
}

#[test]
fn twenty_thousand_packages_of_one_name_take_no_quadratic_time() {
    let mut text = String::from("version = 4\n");
    for number in 0..20_000 {
        text += &entry("a", &format!("1.0.{number}"), CRATES_IO, &[&format!("a 1.0.{}", (number + 7) % 20_000)]);
    }
    let start = Instant::now();
    let lock = parse(text).unwrap();
    assert_eq!(lock.packages[19_999].dependencies, [6]);
    // A debug build takes about one second; a scan for each dependency takes minutes.
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
}

#[test]
fn what_cargo_writes_is_read() {
    let registry = TestRegistry::new();
    Package::new("leaf", "0.1.0").publish(&registry);
    Package::new("leaf", "1.0.0-beta.1").publish(&registry);
    Package::new("bar", "1.1.0").dep("leaf", "^0.1").publish(&registry);
    let project = Project::new().crates_io(&registry).dep("bar", "1").dep("leaf", "=1.0.0-beta.1");
    project.lock_with_cargo();
    let lock = lock_file::read(&project.path("Cargo.lock")).unwrap();
    let graph: Vec<_> =
        lock.packages.iter().map(|package| (package.id.to_string(), package.dependencies.clone())).collect();
    let of = |spec: &str| format!("{CRATES_IO}#{spec}");
    assert_eq!(
        graph,
        [
            ("app@0.1.0".to_owned(), vec![1, 3]),
            (of("bar@1.1.0"), vec![2]),
            (of("leaf@0.1.0"), vec![]),
            (of("leaf@1.0.0-beta.1"), vec![]),
        ]
    );
}

#[test]
fn real_lock_files_are_read_whole() {
    let Some(folder) = shared("locks") else { return };
    for entry in folder.read_dir_utf8().unwrap() {
        let path = entry.unwrap().into_path();
        let text = std::fs::read_to_string(&path).unwrap();
        let lock = lock_file::read(&path).unwrap();
        assert_eq!(lock.packages.len(), text.lines().filter(|line| *line == "[[package]]").count(), "{path}");
        assert_eq!(lock.lines.len(), lock.packages.len(), "{path}");
        let edges: usize = lock.packages.iter().map(|package| package.dependencies.len()).sum();
        assert_eq!(edges, text.lines().filter(|line| line.starts_with(" \"")).count(), "{path}");
        let known = lock.packages.iter().filter(|package| matches!(package.checksum, LockedChecksum::Known(_))).count();
        assert_eq!(known, text.lines().filter(|line| line.starts_with("checksum = ")).count(), "{path}");
    }
}

/// What is told about a file that is no good must do no harm to one that is, and lead out without a repository too.
#[test]
fn the_ways_out_of_a_broken_lock_file_lead_out() {
    let world = crate::audit::World::new().dep("old", "1");
    Package::new("old", "1.0.0").publish(&world.registry);
    world.policy("");
    world.lock();
    let help = |arguments: &[&str]| {
        let told = world.audit(arguments).expect_code(2).stderr;
        told.split_once("help: ").unwrap().1.trim().to_owned()
    };
    let way = help(&["--lockfile", "Cargo.toml"]);
    assert!(way.starts_with("check that ") && way.ends_with("Cargo.toml is a lock file that cargo wrote"), "{way}");
    assert_eq!(help(&["--base", "none.lock"]), "check what `--base` names: a commit, or the path of a lock file");
    let sound = world.project.read("Cargo.lock");
    let pasted = |command: &str| {
        let command =
            command.replace("cargo sequester ", concat!(env!("CARGO_BIN_EXE_cargo-sequester"), " sequester "));
        world.project.run("sh", &["-c", &command]).expect_code(0);
        assert_eq!(world.project.read("Cargo.lock"), sound);
    };
    world.project.write("Cargo.lock", format!("{sound}broken"));
    let way = help(&[]);
    assert!(!way.contains("git "), "{way}");
    std::fs::remove_file(world.project.path("Cargo.lock")).unwrap();
    pasted(way.split_once("resolved anew: ").unwrap().1);
    world.project.write("Cargo.lock", format!("<<<<<<< HEAD\n{sound}=======\n>>>>>>> other\n"));
    let way = help(&[]);
    world.project.write("Cargo.lock", &*sound);
    pasted(way.split_once("the manifests lack: ").unwrap().1);
}
