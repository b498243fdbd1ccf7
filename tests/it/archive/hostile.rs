//! Group A of the catalogue, and B1 and B6: each archive is refused by name, and nothing of it reaches the disk.

use camino::Utf8Path;
use cargo_sequester::door::archive::{Fault, Limits, ManifestFault, PathFault, VerifiedCrate};
use cargo_sequester::door::model::checksum::Checksum;

use super::raw_tar::{Entry, MANIFEST, Tar, gzip};
use super::{hash, package, unpack};

/// Why the archive of `foo` is refused. The message names crate and, where `entry` is given, the entry.
fn refusal_within(bytes: Vec<u8>, entry: &str, limits: &Limits) -> Fault {
    let outer = tempfile::tempdir().unwrap();
    let staging = Utf8Path::from_path(outer.path()).unwrap().join("outer/staging");
    std::fs::create_dir_all(&staging).unwrap();
    let error = unpack(bytes, &package("foo"), limits, &staging).unwrap_err();
    let message = error.to_string();
    assert!(message.contains("#foo@1.0.0`") && message.contains(&entry.escape_debug().to_string()), "{message}");
    assert!(message.lines().count() == 2 && message.lines().last().unwrap().starts_with("help: "), "{message}");
    assert_eq!(std::fs::read_dir(&staging).unwrap().count(), 0, "something is in staging");
    assert_eq!(std::fs::read_dir(staging.parent().unwrap()).unwrap().count(), 1, "something is beside staging");
    assert_eq!(std::fs::read_dir(outer.path()).unwrap().count(), 1, "something is above staging");
    error.fault
}

fn refusal(tar: Tar, entry: &str) -> Fault {
    refusal_within(tar.packed(), entry, &Limits::default())
}

fn path_fault(path: &str) -> PathFault {
    let fault = refusal(Tar::of_foo().file(path, b"x"), path);
    let Fault::Path { fault, .. } = fault else { panic!("{path}: {fault:?}") };
    fault
}

fn forbidden_kind(tar: Tar, entry: &str) -> &'static str {
    let fault = refusal(tar, entry);
    let Fault::ForbiddenKind { kind, .. } = fault else { panic!("{entry}: {fault:?}") };
    kind
}

#[test]
fn a1_parent_components_are_refused() {
    for path in ["../x", "foo-1.0.0/../../x", "foo-1.0.0/a/../b", "foo-1.0.0/.."] {
        assert_eq!(path_fault(path), PathFault::ParentComponent, "{path}");
    }
}

#[test]
fn a2_absolute_paths_and_those_of_windows_are_refused() {
    assert_eq!(path_fault("/etc/x"), PathFault::Absolute);
    assert_eq!(path_fault(r"C:\x"), PathFault::ForbiddenCharacter(':'));
    assert_eq!(path_fault("C:x"), PathFault::ForbiddenCharacter(':'));
    for path in [r"\\srv\x", r"foo-1.0.0\..\x", r"foo-1.0.0/..\x"] {
        assert_eq!(path_fault(path), PathFault::ForbiddenCharacter('\\'), "{path}");
    }
}

#[test]
fn a3_another_folder_is_refused() {
    for path in ["bar-1.0.0/src/lib.rs", "src/lib.rs", "foo-1.0.0-x/a", "foo-1.0.0", "Foo-1.0.0/a", "foo-1.0.0x"] {
        assert_eq!(path_fault(path), PathFault::OutsidePrefix, "{path}");
    }
    for path in ["foo-1.0.0//a", "./foo-1.0.0/a", "foo-1.0.0/./a", "foo-1.0.0/a//b"] {
        assert_eq!(path_fault(path), PathFault::EmptyComponent, "{path}");
    }
}

#[test]
fn a4_every_kind_but_file_and_directory_is_refused() {
    let kinds = [
        (b'1', "hard link"),
        (b'2', "symbolic link"),
        (b'3', "character device"),
        (b'4', "block device"),
        (b'6', "named pipe"),
        (b'7', "contiguous file"),
        (b'S', "sparse file"),
        (b'K', "long link name"),
        (b'g', "global extended header"),
        (b'V', "kind of entry that is not known"),
        (b'\xff', "kind of entry that is not known"),
    ];
    for (kind, name) in kinds {
        let entry = Entry { link: b"/etc/passwd", ..Entry::kind("foo-1.0.0/odd", kind) };
        assert_eq!(forbidden_kind(Tar::of_foo().entry(&entry), "foo-1.0.0/odd"), name);
    }
}

#[test]
fn a5_a_linked_cargo_ok_is_refused() {
    let link = Entry { link: b"src/lib.rs", ..Entry::kind("foo-1.0.0/.cargo-ok", b'2') };
    let tar = Tar::of_foo().file("foo-1.0.0/src/lib.rs", b"genuine").entry(&link);
    assert_eq!(forbidden_kind(tar, "foo-1.0.0/.cargo-ok"), "symbolic link");
}

#[test]
fn a6_a_link_and_then_a_directory_of_that_name_is_refused() {
    let outside = tempfile::tempdir().unwrap();
    let target = outside.path().to_str().unwrap().as_bytes().to_vec();
    let before = std::fs::metadata(outside.path()).unwrap().permissions();
    let link = Entry { link: &target, ..Entry::kind("foo-1.0.0/dir", b'2') };
    let directory = Entry { mode: 0o777, ..Entry::kind("foo-1.0.0/dir", b'5') };
    assert_eq!(forbidden_kind(Tar::of_foo().entry(&link).entry(&directory), "foo-1.0.0/dir"), "symbolic link");
    assert_eq!(std::fs::metadata(outside.path()).unwrap().permissions(), before);
}

#[test]
fn a7_two_sizes_for_one_entry_are_refused() {
    let inner = Tar::default().file("foo-1.0.0/build.rs", b"fn main() {}").bytes();
    let outer = Entry { size: Some(0), ..Entry::file("foo-1.0.0/data", &inner) };
    let tar = Tar::of_foo().pax(&[("size", &inner.len().to_string())]).entry(&outer);
    let expected = Fault::SizeMismatch { entry: "foo-1.0.0/data".into(), header: 0, extended: inner.len() as u64 };
    assert_eq!(refusal(tar, "foo-1.0.0/data"), expected);
    for malformed in ["0x10", "-1", "+1", "1e3", " 1", ""] {
        let tar = Tar::of_foo().pax(&[("size", malformed)]).file("foo-1.0.0/data", b"x");
        assert!(matches!(refusal(tar, "extended header"), Fault::ExtendedHeader { .. }), "{malformed:?}");
    }
}

#[test]
fn a7_extended_headers_that_change_the_entry_are_refused() {
    let keys = ["linkpath", "GNU.sparse.name", "GNU.sparse.realsize", "SCHILY.xattr.user.x", "hdrcharset", "charset"];
    for key in keys {
        let tar = Tar::of_foo().pax(&[(key, "x")]).file("foo-1.0.0/a", b"x");
        assert!(matches!(refusal(tar, key), Fault::ExtendedHeader { .. }), "{key}");
    }
    let doubled = [
        Tar::of_foo().pax(&[("path", "foo-1.0.0/a"), ("path", "foo-1.0.0/b")]).file("foo-1.0.0/c", b"x"),
        Tar::of_foo().pax(&[("path", "foo-1.0.0/a")]).pax(&[("path", "foo-1.0.0/b")]).file("foo-1.0.0/c", b"x"),
        Tar::of_foo().long_name(b"foo-1.0.0/a").long_name(b"foo-1.0.0/b").file("foo-1.0.0/c", b"x"),
        Tar::of_foo().long_name(b"foo-1.0.0/a").pax(&[("path", "foo-1.0.0/b")]).file("foo-1.0.0/c", b"x"),
    ];
    for tar in doubled {
        assert!(matches!(refusal(tar, "extended header"), Fault::ExtendedHeader { .. }));
    }
}

#[test]
fn a8_paths_are_checked_after_every_override() {
    let long = Tar::of_foo().long_name(b"foo-1.0.0/../../x").file("foo-1.0.0/x", b"x");
    let pax = Tar::of_foo().pax(&[("path", "../x")]).file("foo-1.0.0/x", b"x");
    let nul = Tar::of_foo().long_name(b"foo-1.0.0/a\0/../../x").file("foo-1.0.0/x", b"x");
    for (tar, expected) in
        [(long, PathFault::ParentComponent), (pax, PathFault::ParentComponent), (nul, PathFault::ControlCharacter)]
    {
        assert!(matches!(refusal(tar, "x"), Fault::Path { fault, .. } if fault == expected));
    }
}

#[test]
fn a9_bombs_are_refused_within_bounds() {
    let limits = Limits { unpacked: 64 << 10, ratio: 4, ..Limits::default() };
    let bytes = Tar::of_foo().file("foo-1.0.0/zeros", &vec![0; 1 << 20]).packed();
    let limit = (64 << 10).max(bytes.len() as u64 * 4);
    assert_eq!(refusal_within(bytes, "", &limits), Fault::TooLarge { limit });
    // The ratio allows what the size alone would not.
    let noise: Vec<u8> = (0..100_u32).flat_map(|seed| *hash(&seed.to_le_bytes()).as_bytes()).collect();
    let bytes = Tar::of_foo().file("foo-1.0.0/noise", &noise).packed();
    let limits = Limits { unpacked: 1024, ratio: 2, ..Limits::default() };
    assert!(super::open(bytes, &package("foo"), &limits).is_ok());
}

#[test]
fn a9_a_second_gzip_member_and_trailing_bytes_are_refused() {
    let good = Tar::of_foo().packed();
    let second = [good.clone(), gzip(&Tar::default().file("foo-1.0.0/build.rs", b"x").bytes())].concat();
    assert_eq!(refusal_within(second, "", &Limits::default()), Fault::SecondGzipMember);
    let split = Tar::of_foo().bytes();
    let split = [gzip(&split[..512]), gzip(&split[512..])].concat();
    assert!(matches!(refusal_within(split, "", &Limits::default()), Fault::SecondGzipMember));
    let trailing = [good, b"junk".to_vec()].concat();
    assert_eq!(refusal_within(trailing, "", &Limits::default()), Fault::BytesAfterGzip(4));
    let smuggled = Tar::of_foo().raw(&[0; 1024]).file("foo-1.0.0/build.rs", b"x");
    assert_eq!(refusal(smuggled, ""), Fault::BytesAfterTar);
    let one_zero_block = Tar::of_foo().raw(&[0; 512]).file("foo-1.0.0/build.rs", b"x");
    assert_eq!(refusal(one_zero_block, ""), Fault::BytesAfterTar);
}

#[test]
fn a10_too_many_entries_and_too_long_paths_are_refused() {
    let many = (0..20).fold(Tar::of_foo(), |tar, number| tar.file(&format!("foo-1.0.0/{number}"), b""));
    let limits = Limits { entries: 10, ..Limits::default() };
    assert_eq!(refusal_within(many.packed(), "10", &limits), Fault::TooManyEntries { limit: 10 });
    let deep = format!("foo-1.0.0/{}x", "d/".repeat(80));
    let long = format!("foo-1.0.0/{}x", "long-name/".repeat(200));
    let wide = format!("foo-1.0.0/{}", "w".repeat(256));
    for (path, expected) in [(&deep, PathFault::TooDeep), (&long, PathFault::TooLong), (&wide, PathFault::TooLong)] {
        let tar = Tar::of_foo().long_name(path.as_bytes()).file("foo-1.0.0/short", b"");
        assert!(matches!(refusal(tar, path), Fault::Path { fault, .. } if fault == expected));
    }
}

#[test]
fn a10_the_bounds_are_where_they_are_said_to_be() {
    let limits = Limits { path_bytes: 30, component_bytes: 12, path_depth: 4, ..Limits::default() };
    let open = |path: &str| super::open(Tar::of_foo().file(path, b"").packed(), &package("foo"), &limits);
    for (at, beyond, fault) in [
        ("foo-1.0.0/123456789/123456789a", "foo-1.0.0/123456789/123456789ab", PathFault::TooLong),
        ("foo-1.0.0/123456789abc", "foo-1.0.0/123456789abcd", PathFault::TooLong),
        ("foo-1.0.0/a/b/c", "foo-1.0.0/a/b/c/d", PathFault::TooDeep),
    ] {
        assert!(open(at).is_ok(), "{at}");
        assert_eq!(open(beyond).unwrap_err().fault, Fault::Path { entry: beyond.into(), fault }, "{beyond}");
    }
    let entries = |count: usize, named: usize| {
        let all = (1..count).fold(Tar::of_foo(), |tar, number| {
            let path = format!("foo-1.0.0/{number}");
            let tar = if number <= named { tar.long_name(path.as_bytes()) } else { tar };
            tar.file(&path, b"")
        });
        super::open(all.packed(), &package("foo"), &Limits { entries: 8, ..Limits::default() })
    };
    // The end mark is in the place of one more header.
    for (count, named, taken) in [(8, 0, true), (9, 0, false), (8, 7, true), (9, 8, false)] {
        let opened = entries(count, named);
        assert_eq!(opened.is_ok(), taken, "{count} {named}");
        let fault = opened.err().map(|error| error.fault);
        assert!(fault.is_none_or(|fault| fault == Fault::TooManyEntries { limit: 8 }), "{count} {named}");
    }
    let manifest = |bytes| {
        let limits = Limits { manifest_bytes: bytes, ..Limits::default() };
        super::open(Tar::of_foo().packed(), &package("foo"), &limits).map(|opened| opened.manifest_text().len())
    };
    assert_eq!(manifest(MANIFEST.len()).unwrap(), MANIFEST.len());
    let fault = manifest(MANIFEST.len() - 1).unwrap_err().fault;
    assert_eq!(fault, Fault::Manifest(ManifestFault::TooLarge));
}

#[test]
fn a11_one_path_with_two_contents_is_refused() {
    let tar = Tar::of_foo().file("foo-1.0.0/build.rs", b"one").file("foo-1.0.0/build.rs", b"two");
    assert_eq!(refusal(tar, "build.rs"), Fault::Repeated { entry: "foo-1.0.0/build.rs".into() });
    let executable = Entry { mode: 0o755, ..Entry::file("foo-1.0.0/a", b"one") };
    let tar = Tar::of_foo().file("foo-1.0.0/a", b"one").entry(&executable);
    assert_eq!(refusal(tar, "a"), Fault::Repeated { entry: "foo-1.0.0/a".into() });
}

#[test]
fn a12_paths_that_some_systems_take_for_one_and_that_differ_are_refused() {
    let pairs = [
        ("src/A.rs", "src/a.rs"),
        ("Src/a.rs", "src/b.rs"),
        ("src/a/b.rs", "src/A"),
        ("src/A", "src/a/b.rs"),
        ("caf\u{e9}.rs", "cafe\u{301}.rs"),
        ("\u{1ed9}", "o\u{302}\u{323}"),
        ("q\u{307}\u{323}", "q\u{323}\u{307}"),
        ("\u{ac01}", "\u{1100}\u{1161}\u{11a8}"),
        ("\u{212b}", "a\u{30a}"),
        ("\u{2f81a}", "\u{51ac}"),
        ("stra\u{df}e", "STRASSE"),
        ("\u{212a}elvin", "kelvin"),
        ("\u{3c3}", "\u{3c2}"),
        ("\u{1c4}", "\u{1c5}"),
    ];
    for (first, second) in pairs {
        let tar = Tar::of_foo().file(&format!("foo-1.0.0/{first}"), b"x").file(&format!("foo-1.0.0/{second}"), b"y");
        assert!(matches!(refusal(tar, ""), Fault::Collision { .. }), "{first} {second}");
    }
    let tar = Tar::of_foo().file("foo-1.0.0/cargo.toml", b"x");
    assert_eq!(
        refusal(tar, "cargo.toml"),
        Fault::Collision { first: "Cargo.toml".into(), second: "cargo.toml".into() }
    );
    let tar = Tar::of_foo().file("foo-1.0.0/.Cargo-Checksum.json", b"x");
    assert!(matches!(refusal(tar, ".Cargo-Checksum.json"), Fault::Collision { .. }));
}

#[test]
fn a13_a_path_that_is_file_and_directory_is_refused() {
    let directory = Entry::kind("foo-1.0.0/a", b'5');
    let cases = [
        Tar::of_foo().file("foo-1.0.0/a", b"x").file("foo-1.0.0/a/b", b"x"),
        Tar::of_foo().file("foo-1.0.0/a/b", b"x").file("foo-1.0.0/a", b"x"),
        Tar::of_foo().file("foo-1.0.0/a", b"x").entry(&directory),
        Tar::of_foo().entry(&directory).file("foo-1.0.0/a", b"x"),
    ];
    for tar in cases {
        assert!(matches!(refusal(tar, "a"), Fault::FileAndDirectory { .. }));
    }
    let old_directory = Entry { kind: 0, magic: b"", ..Entry::file("foo-1.0.0/a/", b"") };
    assert_eq!(forbidden_kind(Tar::of_foo().entry(&old_directory), "a/"), "file with a directory's name");
    let full = Entry::file("foo-1.0.0/a/", b"x");
    let full = Entry { kind: b'5', ..full };
    assert_eq!(forbidden_kind(Tar::of_foo().entry(&full), "a/"), "directory with content");
}

#[test]
fn a14_names_that_some_system_cannot_hold_are_refused() {
    let cases = [
        ("a\u{1b}[2Jb", PathFault::ControlCharacter),
        ("a\nb", PathFault::ControlCharacter),
        ("a\u{85}b", PathFault::ControlCharacter),
        ("a\u{202e}b", PathFault::InvisibleCharacter),
        ("a\u{2066}b", PathFault::InvisibleCharacter),
        (".g\u{200c}it", PathFault::InvisibleCharacter),
        ("a.", PathFault::TrailingDotOrSpace),
        ("a /b", PathFault::TrailingDotOrSpace),
        ("...", PathFault::TrailingDotOrSpace),
        ("lib.rs:stream", PathFault::ForbiddenCharacter(':')),
        ("a*b", PathFault::ForbiddenCharacter('*')),
    ];
    for (name, expected) in cases {
        let tar = Tar::of_foo().file(&format!("foo-1.0.0/{name}"), b"x");
        let fault = refusal(tar, name);
        assert!(matches!(fault, Fault::Path { fault, .. } if fault == expected), "{name:?}: {fault:?}");
    }
    let bytes = Entry { path: b"foo-1.0.0/\xff\xfe", ..Entry::file("", b"") };
    let expected = PathFault::NotUtf8;
    assert!(
        matches!(refusal(Tar::of_foo().entry(&bytes), "foo-1.0.0/"), Fault::Path { fault, .. } if fault == expected)
    );
}

#[test]
fn a16_what_is_cut_short_or_no_archive_is_refused() {
    let good = Tar::of_foo().file("foo-1.0.0/src/lib.rs", b"pub fn f() {}").packed();
    for length in 0..good.len() {
        let fault = refusal_within(good[..length].to_vec(), "", &Limits::default());
        assert!(matches!(fault, Fault::NotGzip | Fault::DamagedGzip), "{length}: {fault:?}");
    }
    let html = b"<!DOCTYPE html><title>Not Found</title>".to_vec();
    assert_eq!(refusal_within(html, "", &Limits::default()), Fault::NotGzip);
    assert_eq!(refusal_within(gzip(b""), "", &Limits::default()), Fault::TruncatedTar);
    let unended = Tar::of_foo().packed_unended();
    assert_eq!(refusal_within(unended, "", &Limits::default()), Fault::TruncatedTar);
    let cut = Tar::of_foo().entry(&Entry { size: Some(5000), ..Entry::file("foo-1.0.0/a", b"x") });
    assert_eq!(refusal(cut, ""), Fault::TruncatedTar);
    let dangling = Tar::of_foo().long_name(b"foo-1.0.0/a");
    assert_eq!(refusal(dangling, ""), Fault::TruncatedTar);
    let mut damaged = good;
    let middle = damaged.len() / 2;
    damaged[middle] ^= 0x10;
    assert!(matches!(refusal_within(damaged, "", &Limits::default()), Fault::DamagedGzip));
}

#[test]
fn a16_damaged_headers_are_refused() {
    let mut flipped = Tar::of_foo().bytes();
    flipped[0] ^= 1;
    let fault = refusal(Tar::default().raw(&flipped), "entry 1");
    assert_eq!(fault, Fault::DamagedHeader { position: 1, part: "checksum" });
    let odd = Entry { magic: b"ustar\x0099", ..Entry::file("foo-1.0.0/a", b"") };
    let fault = refusal(Tar::of_foo().entry(&odd), "entry 2");
    assert_eq!(fault, Fault::DamagedHeader { position: 2, part: "magic" });
}

#[test]
fn b1_other_bytes_are_not_verified() {
    let good = Tar::of_foo().packed();
    let other = Tar::of_foo().file("foo-1.0.0/build.rs", b"fn main() {}").packed();
    let error = VerifiedCrate::verify(other.clone(), hash(&good), &package("foo")).unwrap_err();
    assert_eq!(error.fault, Fault::ChecksumMismatch { expected: hash(&good), found: hash(&other) });
    let message = error.to_string();
    assert!(message.contains("#foo@1.0.0`") && message.contains(&hash(&good).to_string()), "{message}");
}

#[test]
fn b6_only_sixty_four_lower_case_digits_are_a_checksum() {
    let good = hash(b"").to_string();
    assert_eq!(good.parse(), Ok(hash(b"")));
    for bad in
        [&good[..63], &format!("{good}0"), &good.to_uppercase(), &format!(" {good}"), &good.replace('e', "g"), ""]
    {
        assert!(bad.parse::<Checksum>().is_err(), "{bad}");
    }
}
