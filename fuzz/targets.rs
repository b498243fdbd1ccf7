//! What is tried with bytes from anywhere: by libFuzzer for as long as one likes (`fuzz/run`), and by the suite with mutations of its own.
//!
//! Each target holds more than that nothing panics: what was read reads back, two readers agree, a refusal says what to do.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::LazyLock;

use camino::Utf8Path;
use cargo_sequester::door::archive::{Limits, VerifiedCrate, vendor_files};
use cargo_sequester::door::gather::cargo_config::CargoConfig;
use cargo_sequester::door::gather::environment::Environment;
use cargo_sequester::door::gather::manifest::{self, Roots};
use cargo_sequester::door::gather::{self, policy_file};
use cargo_sequester::door::model::age::Age;
use cargo_sequester::door::model::allow_list::AllowList;
use cargo_sequester::door::model::checksum::Checksum;
use cargo_sequester::door::model::history::{History, Standing};
use cargo_sequester::door::model::package::{CrateId, PackageId};
use cargo_sequester::door::model::source::{Registry, Source, without_credentials};
use cargo_sequester::door::model::trail::Event;
use cargo_sequester::door::model::trail::release::{parse_purl, purl};
use cargo_sequester::door::model::vendored::VendorChecksums;
use cargo_sequester::door::policy::lock_answers_manifests::{Question, answers, told_by_index};
use cargo_sequester::door::readers;
use cargo_sequester::door::report::escape;
use cargo_sequester::door::scrutiny::{Parser, Side, difference, inspect, parses};
use cargo_sequester::door::write::cargo_config::{Location, Wanted, spliced, with_minimum_age};
use cargo_sequester::door::write::policy_file::{NewIgnore, with_ignore};
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

/// The name of a target, what it does with an input and whether that got in, and inputs that do.
pub type Target = (&'static str, fn(&[u8]) -> bool, &'static [&'static [u8]]);

macro_rules! targets {
    ($($name:ident: $($seed:literal)+,)+) => {
        &[$((stringify!($name), $name, &[$(include_bytes!(concat!("seeds/", stringify!($name), "/", $seed))),+])),+]
    };
}

pub const TARGETS: &[Target] = targets! {
    lock_file: "1",
    index: "1",
    index_cache: "1",
    policy: "1",
    advisory: "1",
    archive: "1",
    config: "1",
    trail: "1",
    spec: "1" "2" "3",
    command_line: "1" "2",
    lock_proof: "1",
    source: "1",
    diff: "1",
    vendor_checksums: "1",
    shown: "1",
};

/// Runs one of them.
///
/// # Panics
/// Nothing has this name, or what must hold does not.
pub fn run(name: &str, data: &[u8]) {
    let (_, target, _) = TARGETS.iter().find(|(known, ..)| *known == name).expect("a target");
    target(data);
}

fn text(data: &[u8]) -> Option<&str> {
    std::str::from_utf8(data).ok()
}

fn bar() -> PackageId {
    PackageId { name: "bar".into(), version: "1.0.0".parse().unwrap(), source: Source::Registry(Registry::CratesIo) }
}

/// What stands on the last line of whatever a person is told.
fn told(error: &str) {
    assert!(error.lines().last().is_some_and(|line| line.starts_with("help: ")), "{error}");
}

/// The reader of what cargo writes and the one of TOML say the same: a line end of the other kind leads to the second.
fn lock_file(data: &[u8]) -> bool {
    let path = Utf8Path::new("Cargo.lock");
    let read = gather::lock_file::parse(data, path);
    let Some(text) = text(data).filter(|text| !text.contains('\r')) else { return false };
    let other = gather::lock_file::parse(text.replace('\n', "\r\n").as_bytes(), path);
    let is_read = read.is_ok();
    match (read, other) {
        (Ok(read), Ok(other)) => assert_eq!(format!("{:?}", read.packages), format!("{:?}", other.packages)),
        (Err(read), Err(_)) => told(&read.to_string()),
        (read, other) => {
            // A line end within a text of several lines is part of what it says.
            assert!(text.contains("\"\"\"") || text.contains("'''"), "{read:?}\n{other:?}");
        }
    }
    is_read
}

fn index(data: &[u8]) -> bool {
    let history = History::from_lines("bar", data.to_vec(), Standing::Confirmed);
    let mut is_read = false;
    for outline in history.outlines() {
        // Whoever has an outline may still have a dependency that nobody can read; that is told and not passed over.
        if let Ok(release) = history.release(&outline.version) {
            let release = release.expect("what is outlined is there");
            assert_eq!(release.outline.version, outline.version);
            assert_eq!(release.outline.yanked, outline.yanked);
            is_read = true;
        }
    }
    is_read
}

fn index_cache(data: &[u8]) -> bool {
    let read = [0, 1, data.len() / 2, data.len()].map(|start| {
        let history = History::from_cache("bar", data.to_vec(), start, Standing::Cached(None))?;
        Some(history.outlines().filter(|one| history.release(&one.version).is_ok()).count())
    });
    read.into_iter().flatten().any(|read| read > 0)
}

/// An entry that is added to what can be read leaves something that can be read, with one entry more.
fn policy(data: &[u8]) -> bool {
    let Some(text) = text(data) else { return false };
    match policy_file::parse(text, Utf8Path::new("sequester.toml")) {
        Err(error) => {
            told(&error.to_string());
            false
        }
        Ok(before) => {
            let until = "2027-01-01".parse().unwrap();
            let ignore = NewIgnore {
                id: "RUSTSEC-2099-9999".into(),
                crate_name: None,
                reason: "tried".into(),
                until,
                justification: None,
            };
            // Not every form can be added to, and what cannot is refused.
            let Ok(edited) = with_ignore(text, &ignore) else { return true };
            let after = policy_file::parse(&edited, Utf8Path::new("sequester.toml")).expect("what we wrote");
            assert_eq!(after.policy().advisories.ignore.len(), before.policy().advisories.ignore.len() + 1);
            true
        }
    }
}

fn advisory(data: &[u8]) -> bool {
    text(data).is_some_and(|text| readers::advisory(text, "RUSTSEC-2026-0001", "bar"))
}

/// The rest of a path, a zero and a content, again and again; without a zero the bytes are the tar itself. Held whole or unpacked again for
/// each use, an archive is the same one.
fn archive(data: &[u8]) -> bool {
    let tar = if data.contains(&0) { packed(data) } else { Some(data.to_vec()) };
    let Some(tar) = tar else { return false };
    let mut is_read = false;
    for bytes in [gzipped(&tar), data.to_vec()] {
        let checksum = Checksum::from_bytes(Sha256::digest(&bytes).into());
        let Ok(verified) = VerifiedCrate::verify(bytes, checksum, &bar()) else { continue };
        let limits = Limits { unpacked: 1 << 20, ..Limits::default() };
        match (verified.open(&limits), verified.open(&Limits { held: 0, ..limits })) {
            (Ok(held), Ok(again)) => {
                assert_eq!(held.notices(), again.notices());
                assert_eq!(vendor_files(&held).checksums, vendor_files(&again).checksums);
                is_read = true;
            }
            (held, again) => assert_eq!(held.is_ok(), again.is_ok()),
        }
    }
    is_read
}

fn packed(data: &[u8]) -> Option<Vec<u8>> {
    let mut tar = tar::Builder::new(Vec::new());
    let mut parts = data.split(|byte| *byte == 0);
    while let (Some(path), Some(content)) = (parts.next(), parts.next()) {
        let mut header = tar::Header::new_gnu();
        let field = &mut header.as_old_mut().name;
        let length = path.len().min(field.len());
        field[..length].copy_from_slice(&path[..length]);
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        tar.append(&header, content).ok()?;
    }
    tar.into_inner().ok()
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).unwrap_or_default()
}

/// What was changed once is not changed again.
fn config(data: &[u8]) -> bool {
    let allow = AllowList::default();
    let wanted = Wanted { location: Location::Directory("vendor"), replaced: &[], allow: &allow };
    let once = spliced(Some(data), &wanted);
    if let Ok(once) = &once {
        assert_eq!(spliced(Some(once), &wanted).expect("our own"), *once);
    }
    if let Ok(once) = with_minimum_age(Some(data), Age::days(7)) {
        assert_eq!(with_minimum_age(Some(&once), Age::days(7)).expect("our own"), once);
    }
    once.is_ok()
}

/// There is one way to write an event.
fn trail(data: &[u8]) -> bool {
    let event = Event::parse(data);
    if let Ok(event) = &event {
        assert_eq!(event.to_bytes().expect("what was read"), data);
    }
    drop(gather::trail::of_files(vec![("20260101T000000Z-00.json".to_owned(), data.to_vec())]));
    event.is_ok()
}

/// A package's address that can be read is written as one that reads the same.
fn spec(data: &[u8]) -> bool {
    let Some(text) = text(data) else { return false };
    let purl_of = parse_purl(text);
    let is_read = readers::spec(text) || purl_of.is_ok();
    if let Ok((name, version)) = purl_of {
        let crate_id = CrateId { registry: Registry::CratesIo, name: name.as_str().into() };
        assert_eq!(parse_purl(&purl(&crate_id, &version)).expect("our own"), (name, version));
    }
    is_read
}

fn command_line(data: &[u8]) -> bool {
    let Some(text) = text(data) else { return false };
    let words: Vec<String> = text.split('\n').map(str::to_owned).collect();
    assert_eq!(readers::command_line(&words), words);
    true
}

/// A manifest, a zero and a lock file.
fn lock_proof(data: &[u8]) -> bool {
    static FOLDER: LazyLock<tempfile::TempDir> = LazyLock::new(|| tempfile::tempdir().unwrap());
    let Some((manifest, lock)) = text(data).and_then(|text| text.split_once('\0')) else { return false };
    let folder = FOLDER.path().join(format!("{:?}", std::thread::current().id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    let lock = gather::lock_file::parse(lock.as_bytes(), Utf8Path::new("Cargo.lock"));
    if let Ok(lock) = &lock {
        let folder = Utf8Path::from_path(&folder).unwrap();
        let environment = Environment::of(folder.to_owned(), Vec::new());
        let config = CargoConfig::load(folder, &environment).expect("no configuration");
        let manifests = manifest::read(&Roots { root: folder, members: &[folder.to_owned()], config: &config });
        let told = told_by_index(&lock.packages, &BTreeMap::new());
        let question = Question {
            manifests: &manifests,
            packages: &lock.packages,
            unused_patches: &lock.unused_patches,
            version: lock.version,
            told: &told,
        };
        assert_eq!(format!("{:?}", answers(&question)), format!("{:?}", answers(&question)));
    }
    lock.is_ok()
}

fn source(data: &[u8]) -> bool {
    let is_read = text(data).is_some_and(parses);
    // No such program: what is seen then is what the words say by themselves.
    if let Ok(opened) = release_of(data).open(&Limits::default()) {
        inspect(&opened, None, &Parser::of("")).expect("in memory");
    }
    is_read
}

/// A release whose build script and library are these bytes.
fn release_of(data: &[u8]) -> VerifiedCrate {
    let manifest = "[package]\nname = \"bar\"\nversion = \"1.0.0\"\nedition = \"2021\"\n";
    let mut tar = tar::Builder::new(Vec::new());
    for (path, content) in [("Cargo.toml", manifest.as_bytes()), ("build.rs", data), ("src/lib.rs", data)] {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, format!("bar-1.0.0/{path}"), content).expect("in memory");
    }
    let bytes = gzipped(&tar.into_inner().expect("in memory"));
    let checksum = Checksum::from_bytes(Sha256::digest(&bytes).into());
    VerifiedCrate::verify(bytes, checksum, &bar()).expect("its own")
}

/// Two texts, parted by a NUL. A release differs from itself in nothing, and from another by as many lines as the one has more than the other.
fn diff(data: &[u8]) -> bool {
    let mut parts = data.splitn(2, |byte| *byte == 0);
    let sides = [parts.next().unwrap_or_default(), parts.next().unwrap_or_default()];
    let packed = sides.map(release_of);
    let [Ok(old), Ok(new)] = packed.each_ref().map(|one| one.open(&Limits::default())) else { return false };
    let [seen, anew] = [&old, &new].map(|one| inspect(one, None, &Parser::of("")).expect("in memory"));
    let old = || Side { opened: &old, inspection: seen.clone() };
    let lines = |new| difference(old(), new).expect("in memory").lines();
    assert_eq!(lines(old()), (0, 0));
    let (added, removed) = lines(Side { opened: &new, inspection: anew });
    // What is no text has no lines, and a carriage return ends one or does not.
    let texts = sides.map(|side| text(side).filter(|text| !text.contains('\r')));
    let [Some(before), Some(after)] = texts else { return false };
    // Both files have the text.
    assert_eq!(added + 2 * before.lines().count(), removed + 2 * after.lines().count(), "{before:?} {after:?}");
    added + removed > 0
}

fn vendor_checksums(data: &[u8]) -> bool {
    VendorChecksums::parse(data).is_ok()
}

/// Nothing that is shown is obeyed.
fn shown(data: &[u8]) -> bool {
    let Some(text) = text(data) else { return false };
    let terminal = escape::terminal(text);
    assert!(!terminal.chars().any(|one| one.is_control() && one != '\n'), "{terminal:?}");
    let message = escape::github_message(text);
    assert!(!message.contains(['\r', '\n']), "{message:?}");
    let document = escape::json(&serde_json::to_string(text).expect("a text"));
    assert_eq!(serde_json::from_str::<String>(&document).expect("JSON"), without_credentials(text));
    true
}
