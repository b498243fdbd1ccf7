//! What an archive's manifest must be, what is flagged, and which modes are written: A15, A17, A19, A20.

use camino::Utf8Path;
use cargo_sequester::door::archive::{Fault, Limits, ManifestFault, Notice, VerifiedCrate, vendor_files};
use cargo_sequester::door::model::vendored::{VENDOR_CHECKSUMS_FILE, VendorChecksums};
use cargo_sequester::door::write::package::write_into;

use super::raw_tar::{Entry, MANIFEST, Tar};
use super::{hash, open, package, release};

fn foo(tar: Tar) -> Result<cargo_sequester::door::archive::OpenedCrate<'static>, Fault> {
    open(tar.packed(), &package("foo"), &Limits::default()).map_err(|error| error.fault)
}

#[cfg(unix)]
#[test]
fn a15_special_bits_are_dropped_and_nobody_else_may_write() {
    use std::os::unix::fs::PermissionsExt;
    let modes = [(0o777, 0o755), (0o4755, 0o755), (0o2755, 0o755), (0o1777, 0o755), (0o666, 0o644), (0o100_644, 0o644)];
    let named = modes.map(|(mode, written)| (format!("foo-1.0.0/{mode:o}"), mode, written));
    let tar = named
        .iter()
        .fold(Tar::of_foo(), |tar, (path, mode, _)| tar.entry(&Entry { mode: *mode, ..Entry::file(path, b"x") }));
    let opened = foo(tar).unwrap();
    let staging = tempfile::tempdir().unwrap();
    let folder = Utf8Path::from_path(staging.path()).unwrap().join("foo");
    write_into(&folder, &vendor_files(&opened), None).unwrap();
    for (path, _, written) in &named {
        let file = folder.join(path.strip_prefix("foo-1.0.0/").unwrap());
        let mode = std::fs::metadata(&file).unwrap().permissions().mode() & 0o7777;
        // Whatever the umask of this run, nothing beyond the expected bits is there, and the owner's are.
        assert_eq!(mode & !written, 0, "{file}: {mode:o}");
        assert_eq!(mode & 0o700, written & 0o700, "{file}: {mode:o}");
    }
    let special: Vec<_> = opened.notices().iter().map(ToString::to_string).collect();
    assert_eq!(special.len(), 3, "{special:?}");
}

#[test]
fn a_path_in_two_parts_is_one_in_a_ustar_header_alone() {
    let written = |magic: &'static [u8], prefix: &'static [u8], path: &'static str| {
        let opened = foo(Tar::of_foo().entry(&Entry { magic, prefix, ..Entry::file(path, b"x") })).unwrap();
        let paths: Vec<_> = vendor_files(&opened).checksums.files.into_keys().collect();
        assert_eq!(paths.len(), 2, "{paths:?}");
        paths[1].clone()
    };
    let (ustar, gnu, old) = (b"ustar\x0000", b"ustar  \0", &[0; 8]);
    assert_eq!(written(ustar, b"foo-1.0.0/src", "deep.rs"), "src/deep.rs");
    assert_eq!(written(ustar, b"", "foo-1.0.0/src/deep.rs"), "src/deep.rs");
    // There, other formats have times and the like.
    assert_eq!(written(gnu, b"00000000017", "foo-1.0.0/src/deep.rs"), "src/deep.rs");
    assert_eq!(written(old, b"", "foo-1.0.0/src/deep.rs"), "src/deep.rs");
}

#[test]
fn a17_another_packages_manifest_is_refused() {
    for (name, version) in [("bar", "1.0.0"), ("foo", "1.0.1"), ("Foo", "1.0.0"), ("foo", "1.0.0+a"), ("foo", "1.0")] {
        let text = format!("[package]\nname = \"{name}\"\nversion = \"{version}\"\n");
        let fault = foo(Tar::default().file("foo-1.0.0/Cargo.toml", text.as_bytes())).unwrap_err();
        assert_eq!(fault, Fault::Manifest(ManifestFault::OtherPackage(format!("{name} {version}").into())));
    }
    for (text, key) in [("", "package"), ("[package]\nname = \"foo\"\n", "package.version"), ("package = 1", "package")]
    {
        let fault = foo(Tar::default().file("foo-1.0.0/Cargo.toml", text.as_bytes())).unwrap_err();
        assert_eq!(fault, Fault::Manifest(ManifestFault::Key(key.into())));
    }
    let nested = format!("a = {}", "[".repeat(200_000));
    for text in [&b"\xff = 1"[..], b"a = [", nested.as_bytes()] {
        let fault = foo(Tar::default().file("foo-1.0.0/Cargo.toml", text)).unwrap_err();
        assert_eq!(fault, Fault::Manifest(ManifestFault::NotToml));
    }
    let large = Limits { manifest_bytes: 10, ..Limits::default() };
    let error = open(Tar::of_foo().packed(), &package("foo"), &large).unwrap_err();
    assert_eq!(error.fault, Fault::Manifest(ManifestFault::TooLarge));
}

#[test]
fn a_manifest_tells_what_it_says() {
    let text = r#"
[package]
name = "foo"
version = "1.0.0"
edition = "2021"
license = "MIT"
license-file = "LICENSE.txt"
links = "native"
description = "What it is for"
authors = ["A <a@example.org>", "B"]
homepage = "https://example.org"
repository = "https://example.org/foo.git"
[lib]
proc-macro = true
[features]
default = ["std"]
std = []
"#;
    let manifest = |text: &str| {
        let opened = foo(Tar::default().file("foo-1.0.0/Cargo.toml", text.as_bytes())).unwrap();
        assert_eq!(opened.manifest_text(), text.as_bytes());
        opened.manifest().clone()
    };
    let all = manifest(text);
    let expected = (Some("MIT"), Some("LICENSE.txt"), Some("native"), None);
    assert_eq!((all.license(), all.license_file(), all.links(), all.unusual()), expected);
    let about = |manifest: &str| {
        let opened = foo(Tar::default().file("foo-1.0.0/Cargo.toml", manifest.as_bytes())).unwrap();
        let about = opened.manifest().about().clone();
        let texts = [about.license, about.license_file, about.description, about.homepage, about.repository];
        (texts.map(Option::unwrap_or_default), about.authors, about.proc_macro)
    };
    let texts = ["MIT", "LICENSE.txt", "What it is for", "https://example.org", "https://example.org/foo.git"];
    let expected = (texts.map(String::from), vec!["A <a@example.org>".into(), "B".into()], Some(true));
    assert_eq!(about(text), expected);
    assert_eq!(about(&text.replace("proc-macro", "proc_macro")), expected);
    let bare = manifest(MANIFEST);
    assert_eq!((bare.license(), bare.license_file(), bare.links(), bare.unusual()), (None, None, None, None));
    assert_eq!(about(MANIFEST), (texts.map(|_| String::new()), Vec::new(), Some(false)));
}

#[test]
fn what_not_every_cargo_knows_is_asked_of_it_alone() {
    let unusual = |before: &str, after: &str| {
        let text = format!("{before}[package]\nname = \"foo\"\nversion = \"1.0.0\"\nlicense = \"MIT\"\n{after}");
        let opened = foo(Tar::default().file("foo-1.0.0/Cargo.toml", text.as_bytes())).unwrap();
        opened.manifest().unusual().map(str::to_owned)
    };
    for usual in
        ["", "edition = \"2015\"", "edition = \"2018\"\nresolver = \"2\"", "edition = \"2024\"\nresolver = \"3\""]
    {
        assert_eq!(unusual("", usual), None, "{usual}");
    }
    assert_eq!(unusual("cargo-features = []\n", ""), None);
    let probe = "name = \"probe\"\nversion = \"0.0.0\"\n";
    for odd in ["edition = \"2099\"\n", "edition = 2021\n", "resolver = \"9\"\n"] {
        let mut told: Vec<_> = odd.lines().chain(probe.lines()).collect();
        told.sort_unstable();
        let asked = unusual("", odd).unwrap();
        let mut lines: Vec<_> = asked.lines().filter(|line| !line.is_empty()).collect();
        assert_eq!(lines.remove(0), "[package]");
        lines.sort_unstable();
        assert_eq!(lines, told);
    }
    for features in ["cargo-features = [\"codegen-backend\"]\n", "cargo-features = 1\n"] {
        let asked = unusual(features, "").unwrap();
        assert!(asked.starts_with(features) && asked.contains("[package]\n") && !asked.contains("license"), "{asked}");
    }
}

#[test]
fn a_manifest_whose_values_are_of_another_kind_is_refused_by_the_key() {
    for (rest, key) in [
        ("license = 1", "package.license"),
        ("license-file = []", "package.license-file"),
        ("links = true", "package.links"),
        ("[features]\na = \"b\"", "features.a"),
        ("[features]\na = [1]", "features.a"),
        ("[target]\nx = 1", "target.x"),
        ("[dependencies]\na = 1", "dependencies.a"),
        ("[dependencies]\na = \"no requirement\"", "dependencies.a"),
        ("[dependencies]\na = { version = 1 }", "dependencies.a"),
        ("[dependencies]\na = { version = \"1\", package = 1 }", "dependencies.a"),
        ("[dependencies]\na = { version = \"1\", optional = \"yes\" }", "dependencies.a"),
        ("[dependencies]\na = { version = \"1\", features = \"b\" }", "dependencies.a"),
        ("[dependencies]\na = { version = \"1\", default-features = 1 }", "dependencies.a"),
        ("[dependencies]\na = { version = \"1\", default_features = 1 }", "dependencies.a"),
        ("[dependencies]\na = { version = \"1\", registry = \"x\" }", "dependencies.a"),
        ("[dependencies]\na = { version = \"1\", registry-index = 1 }", "dependencies.a"),
        ("[build_dependencies]\na = 1", "build_dependencies.a"),
        ("[target.x.dev-dependencies]\na = { version = 1 }", "dev-dependencies.a"),
        ("[[dependencies]]", "dependencies"),
    ] {
        let text = format!("[package]\nname = \"foo\"\nversion = \"1.0.0\"\n{rest}\n");
        let fault = foo(Tar::default().file("foo-1.0.0/Cargo.toml", text.as_bytes())).unwrap_err();
        assert_eq!(fault, Fault::Manifest(ManifestFault::Key(key.into())), "{rest}");
    }
}

#[test]
fn a17_build_metadata_is_part_of_the_name() {
    let text = "[package]\nname = \"foo\"\nversion = \"1.0.0+a\"\n";
    let bytes = Tar::default().file("foo-1.0.0+a/Cargo.toml", text.as_bytes()).packed();
    assert!(open(bytes.clone(), &release("foo", "1.0.0+a"), &Limits::default()).is_ok());
    assert!(open(bytes, &release("foo", "1.0.0+b"), &Limits::default()).is_err());
}

#[test]
fn a19_the_archives_own_marks_are_not_used_and_the_rest_is_flagged() {
    let opened = foo(Tar::of_foo()
        .file("foo-1.0.0/.cargo-checksum.json", br#"{"files":{},"package":null}"#)
        .file("foo-1.0.0/.cargo-ok", b"ok")
        .file("foo-1.0.0/.cargo/config.toml", b"[build]\nrustc-wrapper = \"x\"\n")
        .file("foo-1.0.0/.git/config", b"[core]\n")
        .file("foo-1.0.0/rust-toolchain.toml", b"[toolchain]\n")
        .file("foo-1.0.0/sub/.cargo-ok", b"ok")
        .file("foo-1.0.0/sub/.cargo-checksum.json", b"{}"))
    .unwrap();
    let expected = [
        Notice::ChecksumFile(".cargo-checksum.json".into()),
        Notice::CargoOk(".cargo-ok".into()),
        Notice::CargoOk("sub/.cargo-ok".into()),
        Notice::CargoConfig(".cargo/config.toml".into()),
        Notice::GitDirectory(".git/config".into()),
        Notice::Toolchain("rust-toolchain.toml".into()),
    ];
    assert_eq!(opened.notices(), expected);
    let staging = tempfile::tempdir().unwrap();
    let folder = Utf8Path::from_path(staging.path()).unwrap().join("foo");
    let tree = vendor_files(&opened);
    write_into(&folder, &tree, None).unwrap();
    let written = VendorChecksums::parse(&std::fs::read(folder.join(VENDOR_CHECKSUMS_FILE)).unwrap()).unwrap();
    assert_eq!(written, tree.checksums);
    assert_eq!(written.package, Some(opened.checksum()));
    assert!(!written.files.contains_key(".cargo-checksum.json") && !written.files.contains_key("sub/.cargo-ok"));
    assert_eq!(written.files["Cargo.toml"], hash(MANIFEST.as_bytes()));
    assert!(!folder.join(".cargo-ok").exists() && !folder.join("sub/.cargo-ok").exists());
}

#[test]
fn a20_an_archive_without_a_manifest_is_refused() {
    for path in ["foo-1.0.0/src/lib.rs", "foo-1.0.0/cargo.toml", "foo-1.0.0/sub/Cargo.toml"] {
        assert_eq!(foo(Tar::default().file(path, MANIFEST.as_bytes())).unwrap_err(), Fault::NoManifest);
    }
    assert_eq!(foo(Tar::default()).unwrap_err(), Fault::NoManifest);
    let directory = Tar::default().entry(&Entry::kind("foo-1.0.0/Cargo.toml", b'5'));
    assert_eq!(foo(directory).unwrap_err(), Fault::NoManifest);
}

#[test]
fn harmless_oddities_of_real_crates_are_accepted() {
    let long = format!("foo-1.0.0/{}.txt", "long-".repeat(30));
    let opened = foo(Tar::of_foo()
        .file("foo-1.0.0/Cargo.toml", MANIFEST.as_bytes())
        .entry(&Entry::kind("foo-1.0.0/", b'5'))
        .entry(&Entry::kind("foo-1.0.0/empty/", b'5'))
        .long_name(long.as_bytes())
        .file("foo-1.0.0/cut", b"long")
        .pax(&[("path", "foo-1.0.0/pax"), ("size", "3"), ("mtime", "1.5")])
        .file("foo-1.0.0/other", b"pax")
        .entry(&Entry { mtime: &[0; 11], ..Entry::file("foo-1.0.0/timeless", b"x") })
        .entry(&Entry { kind: 0, magic: b"", ..Entry::file("foo-1.0.0/v7", b"x") })
        .file("foo-1.0.0/\u{e4}\u{2013} with space.rs", b"x")
        .raw(&[0; 8192]))
    .unwrap();
    let paths: Vec<_> = opened.files().map(|(path, _)| path).collect();
    let long = long.strip_prefix("foo-1.0.0/").unwrap();
    assert_eq!(paths, ["Cargo.toml", long, "pax", "timeless", "v7", "\u{e4}\u{2013} with space.rs"]);
    let expected = [Notice::RepeatedFile("Cargo.toml".into()), Notice::EmptyDirectory("empty".into())];
    assert_eq!(opened.notices(), expected);
}

#[test]
fn names_that_windows_cannot_hold_and_twins_are_told() {
    let names = ["CON", "src/aux.rs", "NUL.txt", "com1.tar.gz", "LPT\u{b9}", "prn .c"];
    for name in names {
        let opened = foo(Tar::of_foo().file(&format!("foo-1.0.0/{name}"), b"x")).unwrap();
        assert_eq!(opened.notices(), [Notice::WindowsDevice(name.into())]);
    }
    let twins = Tar::of_foo()
        .file("foo-1.0.0/README.md", b"same")
        .file("foo-1.0.0/readme.md", b"same")
        .file("foo-1.0.0/Readme.md", b"same")
        .file("foo-1.0.0/readme.md", b"same");
    let opened = foo(twins).unwrap();
    let expected =
        [Notice::RepeatedFile("readme.md".into()), Notice::Twin("Readme.md".into()), Notice::Twin("readme.md".into())];
    assert_eq!(opened.notices(), expected);
    let paths: Vec<_> = opened.files().map(|(path, _)| path).collect();
    assert_eq!(paths, ["Cargo.toml", "README.md", "Readme.md", "readme.md"]);
}

#[test]
fn a_large_archive_is_written_as_a_small_one_is() {
    let noise: Vec<u8> = (0..40_000_u32).flat_map(|seed| (seed.wrapping_mul(2_654_435_761)).to_le_bytes()).collect();
    let bytes = Tar::of_foo()
        .file("foo-1.0.0/src/z.rs", &noise)
        .file("foo-1.0.0/.gitignore", b"left out")
        .file("foo-1.0.0/src/empty.rs", b"")
        .file("foo-1.0.0/a.rs", b"a")
        .packed();
    let verified = VerifiedCrate::verify(bytes.clone(), hash(&bytes), &package("foo")).unwrap();
    let staging = tempfile::tempdir().unwrap();
    let write = |name: &str, held| {
        let opened = verified.open(&Limits { held, ..Limits::default() }).unwrap();
        let folder = Utf8Path::from_path(staging.path()).unwrap().join(name);
        write_into(&folder, &vendor_files(&opened), None).unwrap();
        ["src/z.rs", "src/empty.rs", "a.rs", "Cargo.toml", VENDOR_CHECKSUMS_FILE].map(|path| {
            let path = folder.join(path);
            (std::fs::read(&path).unwrap(), std::fs::metadata(&path).unwrap().modified().unwrap())
        })
    };
    let (mut held, mut again) = (write("held", 1 << 20), write("again", 0));
    // Ours has the time of writing.
    held[4].1 = again[4].1;
    assert_eq!(held[0].0, noise);
    assert!(held == again);
    again[0].0.clear();
    assert!(held != again);
}

#[test]
fn room_is_never_what_a_file_says_of_itself_alone() {
    let bytes = Tar::of_foo().file("foo-1.0.0/zeros", &vec![0; 3 << 20]).packed();
    let verified = |bytes: &[u8]| VerifiedCrate::verify(bytes.to_vec(), hash(bytes), &package("foo")).unwrap();
    let limits = Limits::default();
    assert!(verified(&bytes).room(&limits) > 3 << 20);
    for lie in [0_u32, 1024, u32::MAX] {
        let lying = [&bytes[..bytes.len() - 4], &lie.to_le_bytes()].concat();
        let verified = verified(&lying);
        assert!(verified.room(&limits) <= 2 << 20);
        let error = verified.open(&limits).unwrap_err();
        assert_eq!(error.fault, Fault::DamagedGzip);
        assert!(!error.to_string().contains("again"), "the hash was right: {error}");
    }
}

#[test]
fn writing_never_enters_what_was_there_before() {
    let opened = foo(Tar::of_foo().file("foo-1.0.0/src/lib.rs", b"x")).unwrap();
    let staging = tempfile::tempdir().unwrap();
    let folder = Utf8Path::from_path(staging.path()).unwrap().join("foo");
    std::fs::create_dir(&folder).unwrap();
    let error = write_into(&folder, &vendor_files(&opened), None).unwrap_err();
    assert_eq!((error.path.as_path(), error.source.kind()), (folder.as_path(), std::io::ErrorKind::AlreadyExists));
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
}
