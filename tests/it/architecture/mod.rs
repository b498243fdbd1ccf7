//! The layers, checked from the source text: imports go downward only and in no circle, the core is pure, files stay small.

mod circles;
mod scan;

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};

use circles::{before_tests, circles, own};
use scan::{children, code, mentions, paths};

/// What each top-level module may import besides itself. `lib` and `main` join everything.
const LAYERS: [(&str, &[&str]); 14] = [
    ("model", &[]),
    ("policy", &["model"]),
    ("files", &[]),
    ("gather", &["model", "files"]),
    ("archive", &["model", "files"]),
    ("scrutiny", &["model", "files", "archive"]),
    ("write", &["model", "files", "archive"]),
    ("report", &["model"]),
    ("registry", &["model", "policy"]),
    ("cli", &["model"]),
    ("project", &["model", "policy", "files", "gather", "archive", "scrutiny"]),
    ("resolve", &["model", "policy", "files", "gather", "registry", "project"]),
    ("serve", &["model", "policy", "files", "gather", "registry", "report"]),
    (
        "command",
        &[
            "model", "policy", "files", "gather", "archive", "scrutiny", "write", "report", "registry", "cli",
            "project", "resolve", "serve",
        ],
    ),
];

/// What the decision must not be able to reach.
const IMPURE: [&str; 5] = ["fs", "env", "net", "process", "time"];

/// How a file is opened or read by its path. Only `files` may: it never waits for a pipe, and refuses what is no regular file.
const OPENING: [&str; 4] = ["File::open", "fs::read", "fs::read_to_string", "OpenOptions"];
/// Where files are opened directly: the door itself, and where they are made.
const OPENS: [&str; 1] = ["src/files/"];

/// How the world outside of the project's files is reached. `.clippy.toml` bans some of these calls by their types too.
struct Door {
    to: &'static str,
    /// Two names that follow each other in a path.
    calls: &'static [(&'static str, &'static str)],
    /// The files that may, by how their paths begin.
    files: &'static [&'static str],
}

const DOORS: [Door; 4] = [
    Door {
        to: "the clock",
        calls: &[("Timestamp", "now"), ("Zoned", "now"), ("SystemTime", "now")],
        files: &["src/gather/clock.rs"],
    },
    Door {
        to: "the environment",
        calls: &[
            ("env", "var"),
            ("env", "var_os"),
            ("env", "vars"),
            ("env", "vars_os"),
            ("env", "args"),
            ("env", "args_os"),
            ("env", "current_dir"),
            ("env", "home_dir"),
            ("env", "temp_dir"),
        ],
        // The binary hands the arguments on.
        files: &["src/gather/environment.rs", "src/main.rs"],
    },
    Door {
        to: "the network",
        calls: &[
            ("reqwest", "Client"),
            ("reqwest", "RequestBuilder"),
            ("reqwest", "blocking"),
            ("reqwest", "get"),
            ("std", "net"),
            ("tokio", "net"),
        ],
        // One server listens on the loopback address only; the other's addresses are configured.
        files: &["src/gather/http", "src/registry/server.rs", "src/serve/config.rs", "src/serve/listen.rs"],
    },
    Door {
        to: "another program",
        calls: &[("Command", "new"), ("tokio", "process")],
        files: &[
            // Cargo and rustc wherever their answer counts.
            "src/gather/cargo.rs",
            "src/gather/cargo/",
            "src/gather/git.rs",
            // The credential providers that the configuration names.
            "src/gather/credentials.rs",
            // This program itself, to parse.
            "src/scrutiny/parser.rs",
            // The user's own command: as if this program were not there, and sealed.
            "src/command/cargo_itself.rs",
            // The user's own pager.
            "src/command/pager.rs",
            "src/command/verify/sealed.rs",
        ],
    },
];

impl Door {
    /// The calls of a file that lead through it; its unit tests may do what they like.
    fn calls_in(&self, text: &str) -> Vec<String> {
        let paths = paths(&own(text));
        let pairs = paths.iter().flat_map(|path| path.windows(2)).filter_map(|pair| match pair {
            [one, other] if self.calls.contains(&(one, other)) => Some(format!("{one}::{other}")),
            _ => None,
        });
        pairs.collect::<BTreeSet<_>>().into_iter().collect()
    }

    fn is_file(&self, path: &str) -> bool {
        self.files.iter().any(|file| path.starts_with(file))
    }
}

/// One thought may need a long file, but not a hall; unit tests at its end do not count.
const MAX_LINES: usize = 500;

/// A file's path below the package's root, with slashes, and its text.
type File = (String, String);

/// Everything that breaks a rule, one line each.
fn complaints(files: &[File]) -> Vec<String> {
    let mut complaints = Vec::new();
    for (path, text) in files {
        let code = code(text);
        if before_tests(text).lines().count() > MAX_LINES {
            complaints.push(format!("{path}: more than {MAX_LINES} lines"));
        }
        for macro_name in ["println!", "todo!", "unimplemented!", "dbg!"] {
            if mentions(&code, macro_name) {
                complaints.push(format!("{path}: {macro_name}"));
            }
        }
        if path.starts_with("src/") && !OPENS.iter().any(|door| path.starts_with(door)) {
            let opening = OPENING.iter().filter(|call| mentions(&code, call));
            complaints.extend(opening.map(|call| format!("{path}: {call}: files::regular opens what is read")));
        }
        for door in DOORS.iter().filter(|door| path.starts_with("src/") && !door.is_file(path)) {
            let calls = door.calls_in(text).into_iter();
            complaints.extend(
                calls.map(|call| format!("{path}: {call}: {} is reached by way of {}", door.to, door.files[0])),
            );
        }
        if let Some(inner) = path.strip_prefix("src/") {
            complaints
                .extend(layer_complaints(inner, &code).into_iter().map(|complaint| format!("{path}: {complaint}")));
        }
    }
    complaints
}

fn layer_complaints(inner: &str, code: &str) -> Vec<String> {
    let module = inner.trim_end_matches(".rs").trim_end_matches("/mod");
    let layer = module.split('/').next().unwrap_or_default();
    if matches!(layer, "lib" | "main") {
        return Vec::new();
    }
    let Some((_, below)) = LAYERS.iter().find(|(name, _)| *name == layer) else {
        return vec![format!("{layer} is no layer of the design")];
    };
    let mut complaints = Vec::new();
    // So many times `super` leads from this module to the crate's root.
    let to_root = vec!["super"; module.split('/').count()].join("::");
    for imported in ["crate", &*to_root, "cargo_sequester"].into_iter().flat_map(|root| children(code, root)) {
        let known = LAYERS.iter().any(|(name, _)| *name == imported);
        if known && imported != layer && !below.contains(&&*imported) {
            complaints.push(format!("{layer} must not import {imported}"));
        }
    }
    complaints.extend(made_up(code).into_iter().map(|name| format!("makes up a command line: cli::{name}")));
    if mentions(code, "crate as") {
        complaints.push("gives the crate another name".to_owned());
    }
    if !matches!(layer, "cli" | "command") && (mentions(code, "ExitCode") || mentions(code, "process::exit")) {
        complaints.push("knows exit codes".to_owned());
    }
    if matches!(layer, "model" | "policy") {
        for root in ["std", "core"] {
            let impure = children(code, root).into_iter().filter(|child| IMPURE.contains(&&**child));
            complaints.extend(impure.map(|child| format!("{layer} must not use {root}::{child}")));
        }
        for library in ["reqwest", "tokio", "rustix", "tempfile"] {
            if mentions(code, library) {
                complaints.push(format!("{layer} must not use {library}"));
            }
        }
    }
    complaints
}

/// The structures of the command line that are built by hand. Whoever wants something of a verb that nobody typed says so in the words of
/// `project`, where what is not said has one meaning.
fn made_up(code: &str) -> Vec<String> {
    let mut names = Vec::new();
    for (offset, root) in code.match_indices("cli::") {
        let rest = &code[offset + root.len()..];
        let name = rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
        let behind = rest[name.len()..].trim_start();
        let is_type = ["->", " for"].iter().any(|word| code[..offset].trim_end().ends_with(word));
        if name.starts_with(char::is_uppercase)
            && !is_type
            && (behind.starts_with('{') || behind.starts_with("::default"))
        {
            names.push(name.to_owned());
        }
    }
    names
}

fn read(folder: &Utf8Path, root: &Utf8Path, files: &mut Vec<File>) {
    let Ok(entries) = folder.read_dir_utf8() else { return };
    for entry in entries.map(Result::unwrap) {
        let path: Utf8PathBuf = entry.path().to_owned();
        if path.is_dir() {
            read(&path, root, files);
        } else if path.extension() == Some("rs") {
            let name = path.strip_prefix(root).unwrap().as_str().replace('\\', "/");
            files.push((name, std::fs::read_to_string(&path).unwrap()));
        }
    }
}

fn source() -> Vec<File> {
    let root = Utf8Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for folder in ["src", "tests", "benches"] {
        read(&root.join(folder), root, &mut files);
    }
    assert!(files.iter().any(|(path, _)| path == "src/main.rs"), "the source was not found");
    files
}

#[test]
fn the_source_keeps_the_rules() {
    let complaints = complaints(&source());
    assert!(complaints.is_empty(), "{complaints:#?}");
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let circles = circles(&source());
    assert!(circles.is_empty(), "these files import each other in a circle: {circles:#?}");
}

#[test]
fn every_door_is_used() {
    let source = source();
    for door in &DOORS {
        for file in door.files {
            let is_used = |(path, text): &File| path.starts_with(file) && !door.calls_in(text).is_empty();
            assert!(source.iter().any(is_used), "{file} is no door to {}: strike it", door.to);
        }
    }
}

#[test]
fn circles_are_found() {
    const NONE: [[&str; 0]; 0] = [];
    let found = |files: &[(&str, &str)]| {
        let files: Vec<File> = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
        circles(&files)
    };
    assert_eq!(
        found(&[("src/a/mod.rs", "mod b; mod c;"), ("src/a/b.rs", "use super::c::C;"), ("src/a/c.rs", "")]),
        NONE
    );
    assert_eq!(
        found(&[
            ("src/a/b.rs", "use super::{c::C, d};"),
            ("src/a/c.rs", "fn f() { crate::a::b::g() }"),
            ("src/a/d.rs", "")
        ]),
        [["a::b", "a::c"]]
    );
    assert_eq!(found(&[("src/a/mod.rs", "pub use self::b::B;"), ("src/a/b.rs", "use super::A;")]), [["a", "a::b"]]);
    assert_eq!(found(&[("src/a.rs", "mod b; fn f() { b::g() }"), ("src/a/b.rs", "use super::*;")]), [["a", "a::b"]]);
    assert_eq!(
        found(&[
            ("src/a.rs", "use crate::b;"),
            ("src/b.rs", "use crate::{c::{self, D}};"),
            ("src/c.rs", "use crate::a::A;")
        ]),
        [["a", "b", "c"]]
    );
    let test = "use crate::a::A;\n#[cfg(test)]\nmod tests { use crate::b; }";
    assert_eq!(found(&[("src/a.rs", "// crate::c\n"), ("src/b.rs", test), ("src/c.rs", "use crate::b;")]), NONE);
    // Tests in another file end nothing.
    let declared = "//! A file.\n#[cfg(test)]\nmod examples;\nuse crate::a::A;";
    assert_eq!(found(&[("src/a.rs", "use crate::b;"), ("src/b.rs", declared)]), [["a", "b"]]);
}

#[track_caller]
fn assert_complaints(path: &str, text: &str, expected: &[&str]) {
    let found = complaints(&[(path.to_owned(), text.to_owned())]);
    let expected: Vec<_> = expected.iter().map(|complaint| format!("{path}: {complaint}")).collect();
    assert_eq!(found, expected, "{text}");
}

#[test]
fn upward_and_sideward_imports_are_found() {
    assert_complaints("src/gather/a.rs", "use crate::write::b;", &["gather must not import write"]);
    assert_complaints("src/write/a.rs", "use crate::{model::x, gather::{y, z}};", &["write must not import gather"]);
    assert_complaints("src/report/a/b.rs", "fn f() { crate::policy::evaluate() }", &["report must not import policy"]);
    assert_complaints("src/policy/mod.rs", "use super::gather::clock;", &["policy must not import gather"]);
    assert_complaints("src/model/a.rs", "use super::super::policy::p;", &["model must not import policy"]);
    assert_complaints(
        "src/registry/a.rs",
        "use crate::\n    {\n policy, command};",
        &["registry must not import command"],
    );
    assert_complaints("src/project/a.rs", "use crate::resolve::Session;", &["project must not import resolve"]);
    assert_complaints("src/resolve/a.rs", "use crate::command::spec;", &["resolve must not import command"]);
    assert_complaints("src/resolve/a.rs", "use crate::{write, project};", &["resolve must not import write"]);
    assert_complaints("src/gather/a.rs", "use crate as c;", &["gives the crate another name"]);
    assert_complaints("src/toolbox/a.rs", "", &["toolbox is no layer of the design"]);
    assert_complaints("src/command/audit.rs", "use crate::{gather, write, policy, report, registry, model, cli};", &[]);
    assert_complaints("src/policy/a/b.rs", "use super::super::c; use crate::model; // crate::gather\n", &[]);
    assert_complaints("src/report/a.rs", "/// See [`crate::policy`].\nconst A: &str = \"crate::policy\";", &[]);
}

#[test]
fn command_lines_that_nobody_typed_are_found() {
    let made_up = ["makes up a command line: cli::Subject"];
    assert_complaints("src/command/a.rs", "fn f() { g(cli::Subject { offline: true }) }", &made_up);
    assert_complaints("src/command/a.rs", "fn f() { g(&cli::Subject::default()) }", &made_up);
    assert_complaints(
        "src/command/a.rs",
        "impl From<&cli::Subject> for A {} fn f(a: &cli::Subject) -> cli::Subject {}",
        &[],
    );
}

#[test]
fn exit_codes_and_impurity_are_found() {
    assert_complaints("src/gather/a.rs", "use std::process::ExitCode;", &["knows exit codes"]);
    assert_complaints("src/report/a.rs", "fn f() { std::process::exit(1) }", &["knows exit codes"]);
    assert_complaints("src/main.rs", "use std::process::ExitCode;", &[]);
    assert_complaints("src/command/mod.rs", "use std::process::ExitCode;", &[]);
    assert_complaints("src/policy/a.rs", "use std::{fs, fmt};", &["policy must not use std::fs"]);
    assert_complaints("src/model/a.rs", "use std::time::Duration;", &["model must not use std::time"]);
    assert_complaints("src/policy/a.rs", "use tokio::spawn;", &["policy must not use tokio"]);
    assert_complaints("src/policy/a.rs", "use std::fmt; const A: &str = env!(\"X\");", &[]);
    assert_complaints("src/gather/a.rs", "use std::{fs, process::Command};", &[]);
}

#[test]
fn files_that_are_read_past_the_door_are_found() {
    assert_complaints(
        "src/gather/a.rs",
        "fn f() { File::open(p); }",
        &["File::open: files::regular opens what is read"],
    );
    assert_complaints(
        "src/command/a.rs",
        "fn f() { std::fs::read(p); std::fs::read_dir(p); fs::read_to_string(p); file.read(b); }",
        &["fs::read: files::regular opens what is read", "fs::read_to_string: files::regular opens what is read"],
    );
    assert_complaints("src/files/regular.rs", "fn f() { File::open(p); }", &[]);
    assert_complaints("tests/it/a.rs", "fn f() { std::fs::read(p); }", &[]);
}

#[test]
fn what_is_reached_past_its_door_is_found() {
    assert_complaints(
        "src/gather/index.rs",
        "use std::env; fn f() { jiff::Timestamp::now(); env::var(x); std::env::{vars_os, consts}; }",
        &[
            "Timestamp::now: the clock is reached by way of src/gather/clock.rs",
            "env::var: the environment is reached by way of src/gather/environment.rs",
            "env::vars_os: the environment is reached by way of src/gather/environment.rs",
        ],
    );
    assert_complaints(
        "src/resolve/a.rs",
        "use reqwest::{Client, Url}; fn f() { std::process::Command::new(cargo); }",
        &[
            "reqwest::Client: the network is reached by way of src/gather/http",
            "Command::new: another program is reached by way of src/gather/cargo.rs",
        ],
    );
    assert_complaints("src/gather/clock.rs", "fn f() { Timestamp::now() }", &[]);
    assert_complaints("src/gather/http/transport.rs", "use reqwest::Client;", &[]);
    assert_complaints("src/resolve/a.rs", "fn f() {}\n#[cfg(test)]\nmod tests { fn f() { Command::new(x); } }", &[]);
    assert_complaints(
        "src/resolve/a.rs",
        "//! A file.\n\n#[cfg(test)]\nmod examples;\n\nfn f() { Command::new(x); }",
        &["Command::new: another program is reached by way of src/gather/cargo.rs"],
    );
    assert_complaints("tests/it/a.rs", "fn f() { std::env::var(x); Command::new(x); }", &[]);
}

#[test]
fn left_overs_and_large_files_are_found() {
    assert_complaints("src/gather/a.rs", "fn f() { todo!() }", &["todo!"]);
    assert_complaints("tests/it/a.rs", "fn f() { dbg!(1); println!(); }", &["println!", "dbg!"]);
    assert_complaints(
        "tests/it/a.rs",
        "// todo!\nfn f<'a>(x: &'a str) { let _ = ('\"', \"todo!()\", r#\"\"dbg!\"#); eprintln!() }",
        &[],
    );
    assert_complaints(
        "tests/it/a.rs",
        "const Q: [char; 2] = ['\\'', '\"']; fn f() { unimplemented!() }",
        &["unimplemented!"],
    );
    assert_complaints("tests/it/a.rs", &"\n".repeat(501), &["more than 500 lines"]);
    let with_tests = format!("{}#[cfg(test)]\nmod tests {{{}}}", "\n".repeat(500), "\n".repeat(100));
    assert_complaints("src/model/a.rs", &with_tests, &[]);
    // Tests in another file are a line of this one.
    let declared = format!("#[cfg(test)]\nmod examples;\n{}", "\n".repeat(499));
    assert_complaints("src/model/a.rs", &declared, &["more than 500 lines"]);
}
