//! Reading the advisory database: sources, cache, stand-ins, hostile archives.

mod archives;
mod copies;
mod forgotten;
mod sources;
mod statements;
mod tomorrow;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::process::Command;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use cargo_sequester::door::gather::advisory_db::{self, AdvisoryReading, AdvisoryRequest, FetchFailure, Memory};
use cargo_sequester::door::gather::environment::Environment;
use cargo_sequester::door::gather::http::{Answer, Request};
use cargo_sequester::door::model::advisory::{AdvisoryDb, AdvisoryKind};
use cargo_sequester::door::model::evaluation::Notice;
use cargo_sequester::door::model::facts::AdvisoryFact;
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
            crates: Some(&crates),
            memory: Memory::default(),
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
