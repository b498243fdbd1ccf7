//! A18: a manifest that says something else than the index line.

use cargo_sequester::door::archive::{Divergence, Limits, OpenedCrate, manifest_agrees};
use cargo_sequester::door::model::index_line::Release;
use cargo_sequester::door::model::package::PackageId;
use cargo_sequester::door::model::source::{Registry, Source};

use super::raw_tar::Tar;
use super::{open, package};

fn with_manifest(rest: &str, id: &PackageId) -> OpenedCrate<'static> {
    let text = format!("[package]\nname = \"foo\"\nversion = \"1.0.0\"\n{rest}");
    open(Tar::default().file("foo-1.0.0/Cargo.toml", text.as_bytes()).packed(), id, &Limits::default()).unwrap()
}

fn line(rest: &str) -> Release {
    let checksum = "0".repeat(64);
    let line = format!(r#"{{"name":"foo","vers":"1.0.0","cksum":"{checksum}","yanked":false,{rest}}}"#);
    Release::parse("foo", line.as_bytes()).unwrap()
}

fn compare(manifest: &str, index: &str) -> Result<(), Divergence> {
    manifest_agrees(with_manifest(manifest, &package("foo")).manifest(), &line(index))
}

const MANIFEST: &str = r#"
links = "native"
[dependencies]
plain = "1"
short = { version = "0.2", package = "long-name", optional = true, default-features = false, features = ["b", "a"] }
[build-dependencies]
cc = ">=1.0, <2"
[dev-dependencies]
unpublished = { path = "../x" }
[target.'cfg( any(unix,windows) )'.dependencies.libc]
version = "0.2"
[features]
default = ["std"]
std = []
native = ["dep:short", "plain?/x"]
"#;

const INDEX: &str = r#""links":"native","deps":[
 {"name":"plain","req":"^1","features":[],"optional":false,"default_features":true,"target":null,"kind":"normal"},
 {"name":"short","package":"long-name","req":"^0.2","features":["a","b"],"optional":true,"default_features":false,"target":null,"kind":"normal"},
 {"name":"cc","req":">=1.0, <2","features":[""],"optional":false,"default_features":true,"target":null,"kind":"build"},
 {"name":"libc","req":"^0.2","features":[],"optional":false,"default_features":true,"target":"cfg(any(unix, windows))","kind":"normal"}],
 "features":{"default":["std"],"std":[]},"features2":{"native":["plain?/x","dep:short"]},"v":2"#;

#[test]
fn a18_other_spellings_of_the_same_agree() {
    assert_eq!(compare(MANIFEST, INDEX), Ok(()));
    assert_eq!(compare("", r#""deps":[],"features":{}"#), Ok(()));
    // As bcc 0.0.30, plotters 0.3.1 and plotters-svg 0.3.0 have it.
    for (manifest, index) in [("0.17.0", ">=0.17.0, <0.18.0"), ("^0.3.*", "0.3.*"), ("1", ">=1.0.0, <2")] {
        let manifest = format!("[dependencies]\nplain = \"{manifest}\"");
        let index = format!(
            r#""deps":[{{"name":"plain","req":"{index}","features":[],"optional":false,"default_features":true}}],"features":{{}}"#
        );
        assert_eq!(compare(&manifest, &index), Ok(()));
    }
}

#[test]
fn a18_every_difference_is_found() {
    let edits = [
        (r#"plain = "1""#, r#"plain = "1.1""#),
        (r#"plain = "1""#, r#"plain = { version = "1", optional = true }"#),
        (r#"plain = "1""#, r#"plain = { version = "1", default-features = false }"#),
        (r#"plain = "1""#, r#"plain = { version = "1", features = ["evil"] }"#),
        (r#"plain = "1""#, r#"plain = { version = "1", package = "evil" }"#),
        (r#"plain = "1""#, r#"plain = { version = "1", registry-index = "https://registry.example.org/index" }"#),
        (r#"plain = "1""#, "plain = \"1\"\nevil = \"1\""),
        (r#"plain = "1""#, ""),
        ("package = \"long-name\", ", ""),
        ("[build-dependencies]", "[target.'cfg(windows)'.build-dependencies]"),
        ("cfg( any(unix,windows) )", "cfg(any(unix))"),
    ];
    for (before, after) in edits {
        assert!(MANIFEST.contains(before));
        let divergence = compare(&MANIFEST.replace(before, after), INDEX).unwrap_err();
        assert!(
            matches!(divergence, Divergence::OnlyInManifest(_) | Divergence::OnlyInIndex(_)),
            "{after}: {divergence}"
        );
    }
    for (before, after) in [("std = []", "std = [\"evil\"]"), ("std = []", ""), ("std = []", "std = []\nevil = []")] {
        let divergence = compare(&MANIFEST.replace(before, after), INDEX).unwrap_err();
        assert!(matches!(divergence, Divergence::Feature(_)), "{after}: {divergence}");
    }
    for after in ["", "links = \"evil\""] {
        let divergence = compare(&MANIFEST.replace("links = \"native\"", after), INDEX).unwrap_err();
        assert!(matches!(divergence, Divergence::Links { .. }), "{after}: {divergence}");
    }
}

#[test]
fn a18_the_difference_is_named() {
    let more =
        MANIFEST.replace("[build-dependencies]", "evil = { version = \"3\", optional = true }\n[build-dependencies]");
    let divergence = compare(&more, INDEX).unwrap_err();
    assert_eq!(divergence, Divergence::OnlyInManifest("evil ^3, optional".into()));
    let links = |after: &str| compare(&MANIFEST.replace("links = \"native\"", after), INDEX).unwrap_err().to_string();
    assert_eq!(links(""), "the manifest links nothing, the index says `native`");
    assert_eq!(links("links = \"evil\\n\""), "the manifest links `evil\\n`, the index says `native`");
}

#[test]
fn a18_an_absent_registry_is_the_packages_own_in_the_index_and_crates_io_in_a_manifest() {
    let own = Registry::parse("sparse+https://registry.example.org/index/").unwrap();
    let id = PackageId { source: Source::Registry(own), ..package("foo") };
    let manifest = r#"
[dependencies]
own = { version = "1", registry-index = "sparse+https://registry.example.org/index/" }
public = "1"
"#;
    let opened = with_manifest(manifest, &id);
    let dependency = |name: &str, registry: &str| {
        format!(
            r#"{{"name":"{name}","req":"^1","features":[],"optional":false,"default_features":true,"registry":{registry}}}"#
        )
    };
    let crates_io = r#""https://github.com/rust-lang/crates.io-index""#;
    let agreeing = [dependency("own", "null"), dependency("public", crates_io)].join(",");
    let swapped = [dependency("own", crates_io), dependency("public", "null")].join(",");
    let release = |deps: &str| line(&format!(r#""deps":[{deps}],"features":{{}}"#));
    assert_eq!(manifest_agrees(opened.manifest(), &release(&agreeing)), Ok(()));
    assert!(manifest_agrees(opened.manifest(), &release(&swapped)).is_err());
}
