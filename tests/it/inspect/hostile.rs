//! Content that is made to stop whoever looks: bounded, told, and never fatal for the rest.

use std::time::{Duration, Instant};

use cargo_sequester::door::scrutiny::Parser;

use super::{inside, inside_by, looked, one, told};

#[test]
fn what_a_parser_aborts_on_is_named_and_the_rest_is_parsed() {
    let nested = [
        ("a.rs", format!("pub fn a() {{ let x = {}true; }}", "!".repeat(1_000_000))),
        ("b.rs", format!("pub fn b() {{ let x = {}1{}; }}", "(".repeat(200_000), ")".repeat(200_000))),
        ("c.rs", format!("pub type C = {}u8{};", "Vec<".repeat(100_000), ">".repeat(100_000))),
        ("d.rs", format!("pub fn d() {{ {}{} }}", "{".repeat(200_000), "}".repeat(200_000))),
        ("e.rs", format!("pub const E: u64 = 1{};", "+1".repeat(200_000))),
    ];
    let mut package = looked().file("src/lib.rs", "mod fine; mod last; mod a; mod b; mod c; mod d; mod e;");
    for (name, text) in &nested {
        package = package.file(&format!("src/{name}"), text);
    }
    let package = package.file("src/fine.rs", "pub fn f() {}").file("src/last.rs", "pub fn g() {}");
    let started = Instant::now();
    let seen = inside(&package);
    assert!(started.elapsed() < Duration::from_secs(90), "{:?}", started.elapsed());
    assert_eq!(seen.looked.sources, 8);
    assert_eq!(seen.looked.parsed + seen.looked.scanned, 8);
    for finding in seen.findings.iter().filter(|finding| finding.code.as_str() == "not-parsed") {
        let file = finding.file.as_deref().unwrap();
        let is_tried = !finding.evidence.starts_with("not tried");
        assert!(!is_tried || nested.iter().any(|(name, _)| file == format!("src/{name}")), "{}", one(finding));
    }
    let ended = seen.findings.iter().filter(|finding| finding.code.as_str() == "not-parsed").count();
    assert!(ended >= 1, "{:#?}", told(&seen));
}

#[test]
fn lines_without_end_and_bytes_that_are_no_text_are_taken() {
    let long = format!("pub const A: &str = \"{}\";", "x".repeat(8 << 20));
    let seen = inside(&looked().file("src/lib.rs", long));
    assert_eq!(seen.looked.scanned, 1);
    let mut bytes = b"pub fn a() { std::env::vars(); std::net::TcpStream::connect(x()); } // ".to_vec();
    bytes.extend([0xff, 0xfe, 0, 0x80]);
    let seen = inside(&looked().file("build.rs", bytes));
    assert!(told(&seen).iter().any(|line| line.starts_with("reads-and-sends high build.rs")), "{:#?}", told(&seen));
}

#[test]
fn a_file_that_says_much_is_told_in_little() {
    let calls: String = (0..20_000).map(|at| format!("pub fn f{at}() {{ std::env::vars(); g{at}(); }}\n")).collect();
    let seen = inside(&looked().file("src/lib.rs", calls));
    assert!(seen.findings.len() < 100, "{}", seen.findings.len());
}

#[test]
fn one_file_that_ends_the_parser_costs_no_other_its_parsing() {
    let nested = format!("pub fn a() {{ let x = {}true; }}", "!".repeat(1_000_000));
    let mut package = looked().file("src/lib.rs", "mod a; mod b; mod c; mod d;").file("src/a.rs", nested);
    for name in ["b", "c", "d"] {
        package = package.file(&format!("src/{name}.rs"), "pub fn f() {}");
    }
    let seen = inside(&package);
    assert_eq!(told(&seen), ["not-parsed high src/a.rs"]);
    assert_eq!((seen.looked.sources, seen.looked.parsed, seen.looked.scanned), (5, 4, 1));
}

#[test]
fn very_many_calls_of_very_many_functions_take_no_longer() {
    let mut package = looked();
    let text: String = (0..1_500).map(|at| format!("fn f() {{ f(); g{at}(); h(); }}\n")).collect();
    let modules: String = (0..40).map(|at| format!("mod m{at};")).collect();
    for at in 0..40 {
        package = package.file(&format!("src/m{at}.rs"), &text);
    }
    let started = Instant::now();
    inside(&package.file("src/lib.rs", modules));
    assert!(started.elapsed() < Duration::from_secs(120), "{:?}", started.elapsed());
}

/// Large archives are parsed by several threads, whose processes serve whoever comes next.
#[test]
fn a_process_outlives_the_thread_that_asked_for_it() {
    let modules: String = (0..300).map(|at| format!("mod m{at};")).collect();
    let large = (0..300).fold(looked().file("src/lib.rs", modules), |package, at| {
        package.file(&format!("src/m{at}.rs"), "pub fn f() {}")
    });
    let parser = Parser::of(env!("CARGO_BIN_EXE_cargo-sequester"));
    for _ in 0..3 {
        let seen = inside_by(&large, &parser);
        assert_eq!((seen.looked.sources, seen.looked.parsed), (301, 301));
    }
}
