//! Reading the advisory database: sources, cache, stand-ins, hostile archives.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use camino::{Utf8Path, Utf8PathBuf};
use cargo_sequester::gather::advisory_db::{self, AdvisoryReading, AdvisoryRequest, FetchFailure};
use cargo_sequester::gather::environment::Environment;
use cargo_sequester::gather::http::{Answer, Request};
use cargo_sequester::model::advisory::{AdvisoryDb, AdvisoryKind};
use cargo_sequester::model::evaluation::Notice;
use cargo_sequester::model::facts::AdvisoryFact;
use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;

const RUSTSEC: &str = "https://github.com/RustSec/advisory-db/archive/refs/heads/main.tar.gz";
const CUSTOM: &str = "https://advisories.example.org/db.tar.gz";
const ONE: &str = "1111111111111111111111111111111111111111";
const TWO: &str = "2222222222222222222222222222222222222222";
const NOW: &str = "2026-08-21T12:00:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn hours(count: i64) -> SignedDuration {
    SignedDuration::from_hours(count)
}

/// An advisory in our own words; `extra` goes into the `[advisory]` table.
fn advisory(id: &str, package: &str, extra: &str, title: &str) -> String {
    format!(
        "```toml\n[advisory]\nid = \"{id}\"\npackage = \"{package}\"\ndate = \"2026-08-01\"\n{extra}\n\n\
         [versions]\npatched = [\">= 1.2.0\"]\n```\n\n# {title}\n\nA fixture.\n"
    )
}

struct World {
    folder: TempDir,
    /// What every request was, and the answers that are left.
    asked: RefCell<Vec<Request>>,
    answers: RefCell<Vec<Result<Answer, FetchFailure>>>,
}

impl World {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        Self { folder, asked: RefCell::default(), answers: RefCell::default() }
    }

    fn path(&self, name: &str) -> Utf8PathBuf {
        Utf8Path::from_path(self.folder.path()).unwrap().join(name)
    }

    fn answer(&self, answer: Result<Answer, FetchFailure>) {
        self.answers.borrow_mut().push(answer);
    }

    fn archive(&self, etag: &str, body: Vec<u8>) {
        self.answer(Ok(Answer { status: 200, etag: Some(etag.to_owned()), last_modified: None, date: None, body }));
    }

    fn status(&self, status: u16) {
        self.answer(Ok(Answer { status, etag: None, last_modified: None, date: None, body: Vec::new() }));
    }

    fn unreachable(&self) {
        self.answer(Err(FetchFailure { cause: "connection refused".to_owned() }));
    }

    fn read(&self, db: &str, crates: &[&str], now: Timestamp, online: bool) -> AdvisoryReading {
        let crates: BTreeSet<Arc<str>> = crates.iter().map(|name| Arc::from(*name)).collect();
        let fetch = |request: &Request| {
            self.asked.borrow_mut().push(request.clone());
            let mut answers = self.answers.borrow_mut();
            assert!(!answers.is_empty(), "no request was expected: {request:?}");
            answers.remove(0)
        };
        #[expect(clippy::disallowed_methods, reason = "git is found by the real path")]
        let path = std::env::var("PATH").unwrap();
        let home = self.path("home");
        let environment =
            Environment::of(self.path(""), [("PATH".to_owned(), path), ("HOME".to_owned(), home.to_string())]);
        let base = self.path("");
        let cargo_home = self.path("cargo-home");
        advisory_db::read(&AdvisoryRequest {
            db,
            base: &base,
            crates: &crates,
            cargo_home: &cargo_home,
            network: online.then_some(&fetch),
            now,
            environment: &environment,
        })
    }

    fn write(&self, file: &str, text: &str) {
        let path = self.path(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn git(&self, folder: &str, arguments: &[&str], date: &str) {
        let output = Command::new("git")
            .arg("-C")
            .arg(self.path(folder))
            .args(["-c", "user.name=Ana", "-c", "user.email=ana@example.org", "-c", "init.defaultBranch=main"])
            .args(arguments)
            .envs([("GIT_AUTHOR_DATE", date), ("GIT_COMMITTER_DATE", date)])
            .envs([("GIT_CONFIG_NOSYSTEM", "1"), ("GIT_CONFIG_GLOBAL", "/dev/null")])
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// A checkout of a fixture database, with RustSec's address as its remote.
    fn checkout(&self, folder: &str, remote: &str, date: &str) {
        self.write(
            &format!("{folder}/crates/lru-fixture/RUSTSEC-2026-9001.md"),
            &advisory("RUSTSEC-2026-9001", "lru-fixture", "", "Reads past its end"),
        );
        self.git(folder, &["init", "--quiet"], date);
        self.git(folder, &["remote", "add", "origin", remote], date);
        self.git(folder, &["add", "."], date);
        self.git(folder, &["commit", "--quiet", "-m", "fixture"], date);
    }

    /// Folders of unpacked copies in the cache, whichever state they are in.
    fn generations(&self) -> usize {
        let sources = fs::read_dir(self.path("cargo-home/sequester/advisory-db")).into_iter().flatten();
        let names = sources.flat_map(|source| fs::read_dir(source.unwrap().path()).unwrap());
        names.filter(|name| name.as_ref().unwrap().file_name().to_string_lossy().starts_with("generation-")).count()
    }
}

fn db(reading: &AdvisoryReading) -> &AdvisoryDb {
    match &reading.fact {
        AdvisoryFact::Read(db) => db,
        other @ (AdvisoryFact::Skipped | AdvisoryFact::Unavailable { .. }) => panic!("{other:?}"),
    }
}

fn cause(reading: &AdvisoryReading) -> &str {
    match &reading.fact {
        AdvisoryFact::Unavailable { cause, .. } => cause,
        other @ (AdvisoryFact::Skipped | AdvisoryFact::Read(_)) => panic!("{other:?}"),
    }
}

fn ids(db: &AdvisoryDb, name: &str) -> Vec<String> {
    db.by_crate.get(name).into_iter().flatten().map(|advisory| advisory.id.to_string()).collect()
}

fn kinds(db: &AdvisoryDb, name: &str) -> Vec<AdvisoryKind> {
    db.by_crate.get(name).into_iter().flatten().map(|advisory| advisory.kind).collect()
}

fn gzip(tar: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(tar).unwrap();
    encoder.finish().unwrap()
}

/// A tar stream as `git archive` makes it: the commit in a global header, its time on every entry.
struct TarFixture {
    builder: tar::Builder<Vec<u8>>,
    mtime: u64,
}

impl TarFixture {
    fn of(commit: &str, committed: &str) -> Self {
        let mtime = u64::try_from(at(committed).as_second()).unwrap();
        let mut this = Self { builder: tar::Builder::new(Vec::new()), mtime };
        let record = format!("{} comment={commit}\n", 12 + commit.len());
        this.entry(tar::EntryType::XGlobalHeader, "pax_global_header", record.as_bytes(), "");
        this
    }

    fn entry(&mut self, kind: tar::EntryType, path: &str, content: &[u8], link: &str) {
        let mut header = tar::Header::new_ustar();
        header.set_entry_type(kind);
        header.set_size(content.len() as u64);
        header.set_mtime(self.mtime);
        header.set_mode(0o644);
        // Written past the builder's own checks, which would refuse what a hostile archive holds.
        header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
        header.as_old_mut().linkname[..link.len()].copy_from_slice(link.as_bytes());
        header.set_cksum();
        self.builder.append(&header, content).unwrap();
    }

    fn file(mut self, path: &str, text: &str) -> Self {
        self.entry(tar::EntryType::Regular, path, text.as_bytes(), "");
        self
    }

    fn advisory(self, id: &str, package: &str) -> Self {
        self.file(&format!("db-main/crates/{package}/{id}.md"), &advisory(id, package, "", "Reads past its end"))
    }

    fn tar(self) -> Vec<u8> {
        self.builder.into_inner().unwrap()
    }

    fn gz(self) -> Vec<u8> {
        gzip(&self.tar())
    }
}

fn small(commit: &str, committed: &str) -> TarFixture {
    TarFixture::of(commit, committed).advisory("RUSTSEC-2026-9001", "lru-fixture")
}

#[test]
fn an_archive_is_fetched_once_and_then_confirmed() {
    let world = World::new();
    let now = at(NOW);
    let archive = small(ONE, "2026-08-20T08:00:00Z").file("db-main/README.md", "not an advisory");
    world.archive("\"a\"", archive.advisory("RUSTSEC-2026-9002", "other").gz());
    let reading = world.read(RUSTSEC, &["lru-fixture", "absent"], now, true);
    let first = db(&reading);
    assert_eq!(first.source, RUSTSEC);
    assert_eq!(first.commit.as_deref(), Some(ONE));
    assert_eq!(first.committed, Some(at("2026-08-20T08:00:00Z")));
    assert_eq!(first.confirmed, Some(now));
    assert_eq!((first.total, first.copy.clone(), first.rolled_back_from.clone()), (2, None, None));
    assert_eq!(ids(first, "lru-fixture"), ["RUSTSEC-2026-9001"]);
    assert!(ids(first, "other").is_empty() && reading.notices.is_empty());

    // Within ten minutes nobody is asked; after that, conditionally.
    let soon = now + SignedDuration::from_mins(9);
    assert_eq!(db(&world.read(RUSTSEC, &["other"], soon, true)).confirmed, Some(now));
    assert_eq!(world.asked.borrow().len(), 1);
    world.status(304);
    let later = now + hours(2);
    let reading = world.read(RUSTSEC, &["lru-fixture"], later, true);
    assert_eq!(world.asked.borrow()[1].etag.as_deref(), Some("\"a\""));
    assert_eq!(db(&reading).confirmed, Some(later));
    assert_eq!(ids(db(&reading), "lru-fixture").len(), 1);

    // The confirmation outlives the run.
    let offline = world.read(RUSTSEC, &["lru-fixture"], later + hours(30), false);
    assert_eq!(db(&offline).confirmed, Some(later));
    assert_eq!((db(&offline).copy.clone(), offline.notices.len()), (None, 0));
}

#[test]
fn a_newer_archive_replaces_the_copy_and_the_old_one_is_removed_later() {
    let world = World::new();
    let now = at(NOW);
    world.archive("\"a\"", small(ONE, "2026-08-20T08:00:00Z").gz());
    db(&world.read(CUSTOM, &[], now, true));
    world.archive("\"b\"", small(TWO, "2026-08-21T08:00:00Z").advisory("RUSTSEC-2026-9003", "lru-fixture").gz());
    let reading = world.read(CUSTOM, &["lru-fixture"], now + hours(1), true);
    assert_eq!(ids(db(&reading), "lru-fixture"), ["RUSTSEC-2026-9001", "RUSTSEC-2026-9003"]);
    assert_eq!(db(&reading).commit.as_deref(), Some(TWO));
    assert_eq!(world.generations(), 2, "a concurrent reader may still be reading the first");
    world.archive("\"c\"", small(ONE, "2026-08-21T09:00:00Z").gz());
    db(&world.read(CUSTOM, &[], now + hours(3), true));
    assert_eq!(world.generations(), 2, "the first is removed, the second retired");
}

#[test]
fn e2_an_older_commit_of_the_same_source_is_a_rollback() {
    let world = World::new();
    let now = at(NOW);
    world.archive("\"b\"", small(TWO, "2026-08-21T08:00:00Z").advisory("RUSTSEC-2026-9003", "lru-fixture").gz());
    db(&world.read(CUSTOM, &[], now, true));
    for run in 1..3 {
        world.archive("\"a\"", small(ONE, "2026-08-20T08:00:00Z").gz());
        let reading = world.read(CUSTOM, &["lru-fixture"], now + hours(run), true);
        let rolled = db(&reading);
        assert_eq!(rolled.rolled_back_from.as_deref(), Some(TWO));
        assert_eq!(rolled.commit.as_deref(), Some(ONE));
        assert_eq!(rolled.confirmed, Some(now), "a rollback confirms nothing");
        assert_eq!(ids(rolled, "lru-fixture"), ["RUSTSEC-2026-9001", "RUSTSEC-2026-9003"], "it hides nothing");
    }
    assert_eq!(world.generations(), 1, "the older copy is not kept");
    // Another source has its own memory.
    world.archive("\"a\"", small(ONE, "2026-08-20T08:00:00Z").gz());
    let other = world.read("https://advisories.example.org/other.tar.gz", &[], now, true);
    assert_eq!(db(&other).rolled_back_from, None);
    // The honest copy is welcome again.
    world.archive("\"b\"", small(TWO, "2026-08-21T08:00:00Z").advisory("RUSTSEC-2026-9003", "lru-fixture").gz());
    assert_eq!(db(&world.read(CUSTOM, &[], now + hours(4), true)).rolled_back_from, None);
}

#[test]
fn e2_an_archive_without_times_or_with_most_advisories_gone_is_a_rollback() {
    let world = World::new();
    let now = at(NOW);
    let mut archive = small(ONE, "2026-08-20T08:00:00Z");
    for number in 9100..9110 {
        archive = archive.advisory(&format!("RUSTSEC-2026-{number}"), "other");
    }
    world.archive("\"a\"", archive.gz());
    db(&world.read(CUSTOM, &[], now, true));
    world.archive("\"b\"", small(TWO, "2026-08-21T08:00:00Z").gz());
    assert_eq!(db(&world.read(CUSTOM, &[], now + hours(1), true)).rolled_back_from.as_deref(), Some(ONE));
    world.archive("\"c\"", small(TWO, "1970-01-01T00:00:00Z").gz());
    assert_eq!(db(&world.read(CUSTOM, &[], now + hours(2), true)).rolled_back_from.as_deref(), Some(ONE));
}

#[test]
fn e2_a_commit_of_the_future_cannot_poison_the_memory() {
    let world = World::new();
    let now = at(NOW);
    world.archive("\"a\"", small(ONE, "2030-01-01T00:00:00Z").gz());
    assert!(cause(&world.read(CUSTOM, &[], now, true)).contains("in the future"));
    world.archive("\"b\"", small(TWO, "2026-08-21T08:00:00Z").gz());
    assert_eq!(db(&world.read(CUSTOM, &[], now, true)).rolled_back_from, None);
}

#[test]
fn e3_withdrawn_and_informational_advisories_are_told_apart() {
    let world = World::new();
    for (number, extra) in [
        (1, "informational = \"unsound\""),
        (2, "informational = \"unmaintained\""),
        (3, "informational = \"notice\""),
        (4, "informational = \"something-new\""),
        (5, ""),
        (6, "withdrawn = \"2026-08-02\"\naliases = [\"CVE-2026-0001\"]\nurl = \"https://example.org/a\""),
    ] {
        let id = format!("RUSTSEC-2026-900{number}");
        world.write(&format!("db/crates/lru-fixture/{id}.md"), &advisory(&id, "lru-fixture", extra, "A title"));
    }
    let reading = world.read("db", &["lru-fixture"], at(NOW), false);
    let db = db(&reading);
    use AdvisoryKind::{Notice, Unmaintained, Unsound, Vulnerability};
    assert_eq!(kinds(db, "lru-fixture"), [Unsound, Unmaintained, Notice, Notice, Vulnerability, Vulnerability]);
    let advisories = &db.by_crate["lru-fixture"];
    assert_eq!(
        advisories.iter().map(|one| one.withdrawn).collect::<Vec<_>>(),
        [false, false, false, false, false, true]
    );
    assert_eq!(
        (&*advisories[5].aliases[0], advisories[5].url.as_deref()),
        ("CVE-2026-0001", Some("https://example.org/a"))
    );
    assert!(advisories[4].versions.is_vulnerable(&"1.2.0-rc.1".parse().unwrap()), "ranges are OSV's");
    assert!(!advisories[4].versions.is_vulnerable(&"1.2.0".parse().unwrap()));
}

#[test]
fn e4_malicious_is_known_by_its_category_or_by_its_text() {
    let world = World::new();
    let deleted = "expect-deleted = true";
    let cases = [
        ("by-category", "categories = [\"malicious\"]", "It was removed", AdvisoryKind::Malicious),
        ("by-title", deleted, "It was removed due to malicious code", AdvisoryKind::Malicious),
        ("by-word", deleted, "Contained MALWARE", AdvisoryKind::Malicious),
        ("informational", "categories = [\"malicious\"]\ninformational = \"notice\"", "x", AdvisoryKind::Malicious),
        ("deleted-only", "expect-deleted = true\ninformational = \"unsound\"", "Bad pointer", AdvisoryKind::Unsound),
        ("text-only", "", "A malicious server can crash it", AdvisoryKind::Vulnerability),
    ];
    for (name, extra, title, _) in cases {
        let text = advisory("RUSTSEC-2026-9001", name, extra, title);
        world.write(&format!("db/crates/{name}/RUSTSEC-2026-9001.md"), &text);
    }
    let names: Vec<&str> = cases.iter().map(|case| case.0).collect();
    let reading = world.read("db", &names, at(NOW), false);
    for (name, _, _, kind) in cases {
        assert_eq!(kinds(db(&reading), name), [kind], "{name}");
    }
}

#[test]
fn e5_a_malformed_advisory_fails_its_own_crate_and_no_other() {
    let world = World::new();
    let good = advisory("RUSTSEC-2026-9001", "bad", "", "A title");
    let cases = [
        ("RUSTSEC-2026-9002.md", "no front matter, and longer than twenty bytes: äöü".to_owned()),
        ("RUSTSEC-2026-9003.md", good.replace("9001", "9003").replace("2026-08-01", "2026-13-41")),
        ("RUSTSEC-2026-9004.md", good.replace("9001", "9004").replace("\"bad\"", "\"worse\"")),
        ("RUSTSEC-2026-9005.md", good.clone()),
        ("RUSTSEC-2026-9006.md", good.replace("9001", "9006").replace(">= 1.2.0", "> 1.2.18446744073709551615")),
        ("RUSTSEC-2026-9007.md", good.replace("9001", "9007").replace("\">= 1.2.0\"", "\"= 1.2.0\", \"> 1.2.0\"")),
        ("RUSTSEC-2026-9008.md", good.replace("9001", "9008") + &"x".repeat(300 << 10)),
        ("RUSTSEC-2026-9009.md", String::new()),
    ];
    world.write("db/crates/bad/RUSTSEC-2026-9001.md", &good);
    for (file, text) in &cases {
        world.write(&format!("db/crates/bad/{file}"), text);
    }
    fs::write(world.path("db/crates/bad/RUSTSEC-2026-9010.md"), [b'`', 0xff]).unwrap();
    world.write("db/crates/good/RUSTSEC-2026-9011.md", &advisory("RUSTSEC-2026-9011", "good", "", "A title"));
    let reading = world.read("db", &["bad", "good"], at(NOW), false);
    let db = db(&reading);
    assert_eq!(ids(db, "bad"), ["RUSTSEC-2026-9001"]);
    assert_eq!(ids(db, "good"), ["RUSTSEC-2026-9011"]);
    let unreadable: Vec<&str> = db.unreadable.iter().map(|one| one.file.as_str()).collect();
    let expected: Vec<String> = (2..=9).map(|n| format!("crates/bad/RUSTSEC-2026-900{n}.md")).collect();
    assert_eq!(unreadable[..8], expected);
    assert_eq!(unreadable[8..], ["crates/bad/RUSTSEC-2026-9010.md"]);
    assert!(db.unreadable.iter().all(|one| &*one.crate_name == "bad" && !one.cause.is_empty()));
    assert_eq!(db.total, 11);
    // Nobody asks about `bad`: nothing is wrong.
    assert!(self::db(&world.read("db", &["good"], at(NOW), false)).unreadable.is_empty());
}

#[test]
fn a_crate_is_found_under_every_spelling_of_its_name() {
    let world = World::new();
    for (number, folder) in [(1, "some-Crate"), (2, "some_crate")] {
        let id = format!("RUSTSEC-2026-900{number}");
        world.write(&format!("db/crates/{folder}/{id}.md"), &advisory(&id, folder, "", "A title"));
    }
    let reading = world.read("db", &["Some_crate", "somecrate"], at(NOW), false);
    assert_eq!(ids(db(&reading), "Some_crate"), ["RUSTSEC-2026-9001", "RUSTSEC-2026-9002"]);
    assert!(ids(db(&reading), "somecrate").is_empty());
}

#[test]
fn titles_are_cut_to_a_length() {
    let world = World::new();
    let text = advisory("RUSTSEC-2026-9001", "long", "", &"ä\u{1b}".repeat(4_000));
    world.write("db/crates/long/RUSTSEC-2026-9001.md", &text);
    let reading = world.read("db", &["long"], at(NOW), false);
    assert!(db(&reading).by_crate["long"][0].title.len() <= 500);
}

#[test]
fn hostile_archives_are_refused_and_leave_nothing() {
    let world = World::new();
    let base = || small(ONE, "2026-08-20T08:00:00Z");
    let linked = |kind| {
        let mut archive = base();
        archive.entry(kind, "db-main/crates/evil/RUSTSEC-2026-9002.md", b"", "/etc/passwd");
        archive.gz()
    };
    let whole = base().gz();
    let mut trailing = whole.clone();
    trailing.extend_from_slice(b"more");
    let tar = base().tar();
    let mut corrupt = whole.clone();
    let end = corrupt.len() - 6;
    corrupt[end] ^= 0xff;
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("parent", base().file("db-main/crates/../../../x.md", "x").gz(), "leads out"),
        ("parent outside crates", base().file("../x", "x").gz(), "leads out"),
        ("absolute", base().file("/db/crates/x/RUSTSEC-2026-9002.md", "x").gz(), "leads out"),
        ("backslashes", base().file("db-main\\..\\..\\x.md", "x").gz(), "leads out"),
        ("drive", base().file("C:/crates/x/RUSTSEC-2026-9002.md", "x").gz(), "leads out"),
        ("symlink", linked(tar::EntryType::Symlink), "neither a file nor a folder"),
        ("hard link", linked(tar::EntryType::Link), "neither a file nor a folder"),
        ("device", linked(tar::EntryType::Char), "neither a file nor a folder"),
        ("fifo", linked(tar::EntryType::Fifo), "neither a file nor a folder"),
        ("twice", base().advisory("RUSTSEC-2026-9001", "lru-fixture").gz(), "collides"),
        ("two tops", base().file("elsewhere/crates/x/RUSTSEC-2026-9002.md", "x").gz(), "collides"),
        ("odd name", base().file("db-main/crates/x/RUSTSEC 2026.md", "x").gz(), "name that no advisory has"),
        ("no crates", TarFixture::of(ONE, NOW).file("db-main/README.md", "x").gz(), "no `crates` folder"),
        ("truncated", whole[..whole.len() / 2].to_vec(), "no whole archive"),
        ("truncated tail", whole[..whole.len() - 4].to_vec(), "no whole archive"),
        ("corrupt checksum", corrupt, "no whole archive"),
        ("truncated tar", gzip(&tar[..tar.len() / 2 - 100]), "no whole archive"),
        ("trailing bytes", trailing, "follows its end"),
        ("a page", b"<!doctype html><p>Sign in".to_vec(), "no whole archive"),
        ("nothing", Vec::new(), "no whole archive"),
    ];
    for (name, body, expected) in cases {
        world.archive("\"x\"", body);
        let reading = world.read(CUSTOM, &["evil", "lru-fixture"], at(NOW), true);
        assert!(cause(&reading).contains(expected), "{name}: {}", cause(&reading));
        assert_eq!(world.generations(), 0, "{name}");
    }
    let left: Vec<_> = fs::read_dir(world.path("")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["cargo-home"]);
}

#[test]
fn a_bomb_is_cut_off() {
    let world = World::new();
    let mut archive = small(ONE, "2026-08-20T08:00:00Z");
    let mut header = tar::Header::new_ustar();
    header.set_path("db-main/bomb").unwrap();
    header.set_size(64 << 20);
    header.set_cksum();
    archive.builder.append(&header, std::io::Read::take(std::io::repeat(0), 64 << 20)).unwrap();
    world.archive("\"x\"", archive.gz());
    let reading = world.read(CUSTOM, &[], at(NOW), true);
    assert!(cause(&reading).contains("too large"), "{}", cause(&reading));
}

#[test]
fn a_bad_answer_leaves_the_copy_and_its_confirmation() {
    let world = World::new();
    let now = at(NOW);
    world.archive("\"a\"", small(ONE, "2026-08-20T08:00:00Z").gz());
    db(&world.read(CUSTOM, &[], now, true));
    world.unreachable();
    world.status(404);
    world.archive("\"b\"", b"not an archive".to_vec());
    for run in 1..4 {
        let reading = world.read(CUSTOM, &["lru-fixture"], now + hours(run), true);
        assert_eq!(db(&reading).confirmed, Some(now));
        assert_eq!(ids(db(&reading), "lru-fixture").len(), 1);
        let copy = db(&reading).copy.clone().unwrap();
        assert!(copy.contains("sequester"));
        assert_eq!(reading.notices, [Notice::AdvisoriesFromCopy { source: CUSTOM.to_owned(), copy }]);
    }
}

#[test]
fn an_unasked_304_confirms_nothing() {
    let world = World::new();
    world.status(304);
    assert!(cause(&world.read(CUSTOM, &[], at(NOW), true)).contains("status 304"));
}

#[test]
fn a_state_that_cannot_be_read_fails_closed() {
    let world = World::new();
    world.archive("\"a\"", small(ONE, "2026-08-20T08:00:00Z").gz());
    db(&world.read(CUSTOM, &[], at(NOW), true));
    let source = fs::read_dir(world.path("cargo-home/sequester/advisory-db")).unwrap().next().unwrap().unwrap();
    let state = source.path().join("state.json");
    let text = fs::read_to_string(&state).unwrap();
    for broken in [
        text.replace("\"schema\": 1", "\"schema\": 2"),
        text.replace("generation-", "../generation-"),
        text.replace("\"schema\": 1", "\"schema\": 1, \"extra\": true"),
        text[..text.len() / 2].to_owned(),
    ] {
        fs::write(&state, broken).unwrap();
        assert!(cause(&world.read(CUSTOM, &[], at(NOW) + hours(1), true)).contains("state.json"));
    }
}

#[test]
fn without_a_copy_offline_there_is_nothing_to_judge_by() {
    let world = World::new();
    assert!(cause(&world.read(RUSTSEC, &[], at(NOW), false)).contains("no copy of"));
    world.unreachable();
    assert!(cause(&world.read(RUSTSEC, &[], at(NOW), true)).contains("connection refused"));
}

#[test]
fn another_tools_checkout_stands_in_for_rustsec_alone() {
    let world = World::new();
    let remote = "https://github.com/RustSec/advisory-db.git";
    world.checkout("cargo-home/advisory-db", remote, "2026-08-10T00:00:00Z");
    world.checkout("cargo-home/advisory-dbs/github.com-1", remote, "2026-08-15T00:00:00Z");
    world.checkout(
        "cargo-home/advisory-dbs/github.com-2",
        "https://github.com/acme/advisory-db",
        "2026-08-20T00:00:00Z",
    );
    let reading = world.read(RUSTSEC, &["lru-fixture"], at(NOW), false);
    let copy = world.path("cargo-home/advisory-dbs/github.com-1").into_string();
    assert_eq!(db(&reading).copy, Some(copy.clone()), "the freshest of RustSec's");
    assert_eq!(db(&reading).confirmed, None);
    assert_eq!(db(&reading).committed, Some(at("2026-08-15T00:00:00Z")));
    assert_eq!(db(&reading).commit.as_ref().unwrap().len(), 40);
    assert_eq!(ids(db(&reading), "lru-fixture"), ["RUSTSEC-2026-9001"]);
    assert_eq!(reading.notices, [Notice::AdvisoriesFromCopy { source: RUSTSEC.to_owned(), copy }]);
    assert!(cause(&world.read(CUSTOM, &[], at(NOW), false)).contains("no copy of"));

    // Our own copy wins as soon as it is the fresher one, and tells when another is older than what was seen.
    world.archive("\"a\"", small(ONE, "2026-08-20T08:00:00Z").gz());
    db(&world.read(RUSTSEC, &[], at(NOW), true));
    assert_eq!(db(&world.read(RUSTSEC, &[], at(NOW) + hours(1), false)).commit.as_deref(), Some(ONE));
    let cache = world.path("cargo-home/sequester/advisory-db");
    let source = fs::read_dir(&cache).unwrap().next().unwrap().unwrap().path();
    for entry in fs::read_dir(source).unwrap().map(Result::unwrap) {
        if entry.file_name().to_string_lossy().starts_with("generation-") {
            fs::remove_dir_all(entry.path()).unwrap();
        }
    }
    let reading = world.read(RUSTSEC, &[], at(NOW) + hours(1), false);
    assert_eq!(db(&reading).rolled_back_from.as_deref(), Some(ONE));
}

#[test]
fn a_git_repository_is_fetched_and_its_rollback_seen() {
    let world = World::new();
    let remote = "https://example.org/unused";
    world.checkout("origin", remote, "2026-08-10T00:00:00Z");
    let source = format!("git+file://{}", world.path("origin"));
    let first = world.read(&source, &["lru-fixture"], at(NOW), false);
    assert_eq!(db(&first).committed, Some(at("2026-08-10T00:00:00Z")));
    assert_eq!(db(&first).confirmed, Some(at(NOW)));
    assert_eq!((db(&first).total, ids(db(&first), "lru-fixture").len()), (1, 1));

    world.write(
        "origin/crates/lru-fixture/RUSTSEC-2026-9002.md",
        &advisory("RUSTSEC-2026-9002", "lru-fixture", "", "Another"),
    );
    world.git("origin", &["add", "."], "2026-08-11T00:00:00Z");
    world.git("origin", &["commit", "--quiet", "-m", "second"], "2026-08-11T00:00:00Z");
    let second = world.read(&source, &["lru-fixture"], at(NOW) + hours(1), true);
    assert_eq!(ids(db(&second), "lru-fixture").len(), 2);
    assert_eq!(db(&second).rolled_back_from, None);
    assert_eq!(db(&world.read(&source, &[], at(NOW) + hours(2), true)).confirmed, Some(at(NOW) + hours(2)));

    // A commit that does not follow the last one, although it claims to be younger.
    world.git("origin", &["reset", "--quiet", "--hard", "HEAD~1"], "2026-08-12T00:00:00Z");
    world.git("origin", &["commit", "--quiet", "--allow-empty", "-m", "third"], "2026-08-12T00:00:00Z");
    let third = world.read(&source, &["lru-fixture"], at(NOW) + hours(3), true);
    assert_eq!(db(&third).rolled_back_from, db(&second).commit);
    assert_eq!(ids(db(&third), "lru-fixture").len(), 2, "a rollback hides nothing");

    let absent = world.read(&format!("git+file://{}", world.path("absent")), &[], at(NOW), true);
    assert!(cause(&absent).contains("git fetch failed"));
}

#[test]
fn a_repositorys_hooks_and_filters_are_not_run() {
    let world = World::new();
    world.checkout("cargo-home/advisory-db", "https://github.com/RustSec/advisory-db", "2026-08-10T00:00:00Z");
    let trap = format!("touch {}", world.path("sprung"));
    let config = ["core.fsmonitor", "core.sshCommand", "core.pager", "gpg.program", "uploadpack.packObjectsHook"];
    for key in config {
        world.git("cargo-home/advisory-db", &["config", key, &trap], NOW);
    }
    db(&world.read(RUSTSEC, &[], at(NOW), false));
    assert!(!world.path("sprung").exists());
}

#[test]
fn a_plain_folder_has_the_age_of_its_newest_advisory() {
    let world = World::new();
    let dated = |number: u32, date: &str| {
        let id = format!("RUSTSEC-2026-900{number}");
        let text = advisory(&id, "dated", "", "A title").replace("2026-08-01", date);
        world.write(&format!("db/crates/dated/{id}.md"), &text);
    };
    dated(1, "2026-08-03");
    dated(2, "2026-08-17");
    dated(3, "2099-01-01");
    world.write("db/crates/dated/RUSTSEC-2026-9004.md", "date = \"not a date\" äöü");
    // A project's own repository around the folder says nothing about the advisories in it.
    world.git("", &["init", "--quiet"], NOW);
    world.git("", &["commit", "--quiet", "--allow-empty", "-m", "project"], NOW);
    let reading = world.read("db", &[], at(NOW), true);
    let db = db(&reading);
    assert_eq!(db.newest, Some("2026-08-17".parse().unwrap()), "a day that is yet to come is not believed");
    assert_eq!((db.commit.clone(), db.committed, db.confirmed), (None, None, None));
    assert_eq!(db.total, 4);
}

#[test]
fn folders_without_advisories_are_unavailable() {
    let world = World::new();
    fs::create_dir_all(world.path("empty/rust")).unwrap();
    assert!(cause(&world.read("empty", &[], at(NOW), true)).contains("no `crates` folder"));
    assert!(cause(&world.read("absent", &[], at(NOW), true)).contains("absent"));
    fs::create_dir_all(world.path("fresh/crates/a-crate")).unwrap();
    let reading = world.read("fresh", &["a-crate"], at(NOW), true);
    assert_eq!((db(&reading).total, db(&reading).unreadable.len()), (0, 0));
}

#[test]
fn addresses_that_could_do_harm_are_refused() {
    let world = World::new();
    for address in [
        "",
        "--upload-pack=x",
        "http://example.org/db.tar.gz",
        "http://127.0.0.1@example.org/db.tar.gz",
        "git+http://example.org/db",
        "git+ext://sh -c x",
        "git+ext::sh -c x",
        "git+ssh://-oProxyCommand=x/db",
        "git+https://-x/db",
        "ftp://example.org/db",
        "https://example.org/\n",
    ] {
        assert!(cause(&world.read(address, &[], at(NOW), true)).contains("no advisory database"), "{address}");
    }
    assert!(world.asked.borrow().is_empty());
}

#[cfg(unix)]
#[test]
fn links_among_the_advisories_fail_their_crate() {
    let world = World::new();
    world.write("elsewhere/RUSTSEC-2026-9001.md", &advisory("RUSTSEC-2026-9001", "linked", "", "A title"));
    fs::create_dir_all(world.path("db/crates/inner")).unwrap();
    std::os::unix::fs::symlink(world.path("elsewhere"), world.path("db/crates/linked")).unwrap();
    let target = world.path("elsewhere/RUSTSEC-2026-9001.md");
    std::os::unix::fs::symlink(target, world.path("db/crates/inner/RUSTSEC-2026-9001.md")).unwrap();
    let reading = world.read("db", &["linked", "inner"], at(NOW), true);
    let names: Vec<&str> = db(&reading).unreadable.iter().map(|one| &*one.crate_name).collect();
    assert_eq!(names, ["inner", "linked"]);
}

/// The real snapshot, beside the project where it is.
fn snapshot() -> Option<Utf8PathBuf> {
    let folder = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).parent()?.join("shared/advisory-db");
    let found = folder.join("crates").is_dir();
    if !found {
        println!("skipped: the snapshot of RustSec's database is not beside the project");
    }
    found.then_some(folder)
}

#[test]
fn e4_every_advisory_of_the_real_snapshot_is_read_and_its_kind_known() {
    let Some(folder) = snapshot() else { return };
    let world = World::new();
    let names: Vec<String> = fs::read_dir(folder.join("crates"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let started = Instant::now();
    let reading = world.read(folder.as_str(), &names, at(NOW), false);
    println!("all of the snapshot: {:?}", started.elapsed());
    let db = db(&reading);
    assert_eq!(db.unreadable, []);
    assert_eq!(db.by_crate.values().map(Vec::len).sum::<usize>(), db.total);
    assert!(db.total > 1_000);
    assert_eq!(db.newest, Some("2026-08-20".parse().unwrap()));
    for name in
        ["arone", "aronenao", "tinymember", "logprinter", "arrayref", "append-only-vec", "internment", "onering"]
    {
        assert!(kinds(db, name).contains(&AdvisoryKind::Malicious), "{name}");
    }
    assert_eq!(kinds(db, "vec-const"), [AdvisoryKind::Unsound]);
    let malicious = db.by_crate.values().flatten().filter(|one| one.kind == AdvisoryKind::Malicious).count();
    // Counted apart from our own reading: the category's 73 files and four that say it in their text alone.
    assert_eq!(malicious, 77);
}
