//! The test support is believed by every other test, so it is tried against real cargo first.

use crate::support::{Advisory, AdvisoryFolder, Dependency, Package, Project, Reply, TestRegistry};

#[test]
fn cargo_resolves_and_builds_from_the_registry() {
    let registry = TestRegistry::new();
    Package::new("leaf", "0.1.0").feature("extra", &[]).file("src/lib.rs", "pub fn leaf() {}\n").publish(&registry);
    Package::new("twig", "0.1.0").publish(&registry);
    Package::new("bar", "1.0.0").yanked().publish(&registry);
    let checksum = Package::new("bar", "1.1.0")
        .dependency(Dependency::new("leaf", "^0.1").rename("petal").feature("extra").no_default_features())
        .dependency(Dependency::new("twig", "^0.1").target("cfg(unix)"))
        .dependency(Dependency::new("twig", "^0.1").build().optional())
        .dependency(Dependency::new("absent", "^9").dev())
        .file("src/lib.rs", "pub use petal::leaf;\n")
        .publish(&registry);
    let project = Project::new().crates_io(&registry).dep("bar", "1");
    project.write("src/lib.rs", "pub use bar::leaf;\n");
    let lock = project.lock_with_cargo();
    assert!(lock.contains("source = \"registry+https://github.com/rust-lang/crates.io-index\""), "{lock}");
    assert!(lock.contains(&checksum), "{lock}");
    project.cargo(&["check", "--locked"]).expect_code(0);
    assert!(registry.requested_paths().contains(&TestRegistry::download_path("bar", "1.1.0")));
}

#[test]
fn another_registry_keeps_its_own_identity() {
    let registry = TestRegistry::new();
    let other = TestRegistry::new();
    Package::new("deep", "1.0.0").publish(&other);
    Package::new("bar", "1.0.0").dependency(Dependency::new("deep", "1").registry(&other.url())).publish(&registry);
    let project = Project::new().registry("mine", &registry).dep_toml("bar = { version = \"1\", registry = \"mine\" }");
    let lock = project.lock_with_cargo();
    for url in [registry.url(), other.url()] {
        assert!(lock.contains(&format!("source = \"{url}\"")), "{lock}");
    }
}

#[test]
fn replies_serve_as_often_as_they_say() {
    let registry = TestRegistry::new();
    Package::new("bar", "1.0.0").publish(&registry);
    let path = TestRegistry::index_path("bar");
    registry.reply(&path, Reply::status(503).times(2));
    let project = Project::new().crates_io(&registry).dep("bar", "1");
    project.lock_with_cargo();
    assert_eq!(registry.requested_paths().iter().filter(|requested| **requested == path).count(), 3);
    registry.reply("*", Reply::usual().truncated()).delete_crate("bar").forget_requests();
    let project = project.env("CARGO_NET_RETRY", "0");
    project.cargo(&["update"]).expect_code(101);
    assert!(!registry.requested_paths().is_empty());
}

#[test]
fn an_unchanged_index_file_is_not_sent_twice() {
    let registry = TestRegistry::new();
    Package::new("bar", "1.0.0").publish(&registry);
    let project = Project::new().crates_io(&registry).dep("bar", "1");
    project.lock_with_cargo();
    registry.forget_requests();
    project.cargo(&["update"]).expect_code(0);
    let request = registry.requests().into_iter().find(|request| request.path == "/index/3/b/bar").unwrap();
    assert!(request.headers.contains_key("if-none-match"), "{request:?}");
}

#[test]
fn rustsec_reads_the_advisories() {
    let folder = AdvisoryFolder::new()
        .with(&Advisory::new("RUSTSEC-2026-9001", "bar").patched(">= 1.2.3").withdrawn("2026-02-01"))
        .with(&Advisory::new("RUSTSEC-2026-9002", "bar").informational("unsound"));
    let database = rustsec::Database::open(folder.root().as_std_path()).unwrap();
    assert_eq!(database.iter().count(), 2);
    let archive = folder.archive("0123456789012345678901234567890123456789", 1_780_000_000);
    let mut tar = tar::Archive::new(flate2::read::GzDecoder::new(&archive[..]));
    let first = tar.entries().unwrap().next().unwrap().unwrap();
    assert_eq!(first.header().mtime().unwrap(), 1_780_000_000);
}

#[test]
fn a_registry_with_a_token_serves_those_who_have_it() {
    let registry = TestRegistry::new();
    Package::new("bar", "1.0.0").publish(&registry);
    registry.require_token("a-secret");
    let project = Project::new()
        .registry("mine", &registry)
        .config("[registry]\nglobal-credential-providers = [\"cargo:token\"]")
        .dep_toml("bar = { version = \"1\", registry = \"mine\" }");
    project.cargo(&["generate-lockfile"]).expect_code(101);
    let project = project.env("CARGO_REGISTRIES_MINE_TOKEN", "a-secret");
    project.lock_with_cargo();
    project.cargo(&["fetch", "--locked"]).expect_code(0);
    let last = registry.requests().pop().unwrap();
    assert_eq!(last.path, TestRegistry::download_path("bar", "1.0.0"));
    assert_eq!(last.headers.get("authorization").map(String::as_str), Some("a-secret"));
}

#[test]
fn an_endless_answer_ends_with_its_reader() {
    use std::io::{Read as _, Write as _};
    let registry = TestRegistry::new();
    registry.reply("/index/config.json", Reply::ok("x".repeat(1000)).endless());
    let address = registry.address("");
    let mut stream = std::net::TcpStream::connect(address.trim_start_matches("http://")).unwrap();
    stream.write_all(b"GET /index/config.json HTTP/1.1\r\n\r\n").unwrap();
    let mut read = vec![0; 100_000];
    stream.read_exact(&mut read).unwrap();
    assert!(read.ends_with(b"xxx"));
}
