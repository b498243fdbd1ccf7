//! Content that is made to stop whoever looks: bounded, told, and never fatal for the rest.

use std::time::{Duration, Instant};

use super::{inside, looked, one, told};

#[test]
fn what_a_parser_aborts_on_is_named_and_the_rest_is_parsed() {
    let nested = [
        ("a.rs", format!("pub fn a() {{ let x = {}true; }}", "!".repeat(200_000))),
        ("b.rs", format!("pub fn b() {{ let x = {}1{}; }}", "(".repeat(200_000), ")".repeat(200_000))),
        ("c.rs", format!("pub type C = {}u8{};", "Vec<".repeat(100_000), ">".repeat(100_000))),
        ("d.rs", format!("pub fn d() {{ {}{} }}", "{".repeat(200_000), "}".repeat(200_000))),
        ("e.rs", format!("pub const E: u64 = 1{};", "+1".repeat(200_000))),
    ];
    let mut package = looked().file("src/lib.rs", "mod a; mod b; mod c; mod d; mod e; mod fine; mod last;");
    for (name, text) in &nested {
        package = package.file(&format!("src/{name}"), text);
    }
    let package = package.file("src/fine.rs", "pub fn f() {}").file("src/last.rs", "pub fn g() {}");
    let started = Instant::now();
    let seen = inside(&package);
    assert!(started.elapsed() < Duration::from_secs(90), "{:?}", started.elapsed());
    assert_eq!(seen.looked.sources, 8);
    assert_eq!(seen.looked.parsed + seen.looked.scanned, 8);
    assert!(seen.looked.parsed >= 3, "{:?}", seen.looked);
    for finding in seen.findings.iter().filter(|finding| finding.code.as_str() == "not-parsed") {
        let file = finding.file.as_deref().unwrap();
        assert!(nested.iter().any(|(name, _)| file == format!("src/{name}")), "{}", one(finding));
    }
    assert!(told(&seen).contains(&"not-parsed medium src/a.rs".to_owned()), "{:#?}", told(&seen));
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
