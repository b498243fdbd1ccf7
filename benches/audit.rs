//! What an offline audit spends its time on, over a made-up project of 700 packages: `cargo bench`.
#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    missing_docs,
    reason = "a benchmark fails by panicking and has no readers but its own"
)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use cargo_sequester::door::gather::advisory_db::{self, AdvisoryRequest, Memory};
use cargo_sequester::door::gather::environment::Environment;
use cargo_sequester::door::gather::index::{self, IndexMode};
use cargo_sequester::door::gather::lock_file;
use cargo_sequester::door::model::approval::Approvals;
use cargo_sequester::door::model::facts::{AdvisoryFact, Facts, OldLock, TrailFact};
use cargo_sequester::door::model::package::CrateId;
use cargo_sequester::door::model::policy::Policy;
use cargo_sequester::door::model::{Timestamp, Version};
use cargo_sequester::door::policy;
use divan::Bencher;
use tame_index::KrateName;
use tame_index::index::IndexCache;
use tame_index::utils::url_to_local_dir;
use tempfile::TempDir;

/// The packages of the lock file.
const PACKAGES: usize = 700;
/// The releases of each crate.
const RELEASES: usize = 150;

fn main() {
    divan::main();
}

/// A lock file, a `$CARGO_HOME` whose index cache has all of its crates, and an advisory database.
struct Project {
    _folder: TempDir,
    top: Utf8PathBuf,
    lock: String,
}

fn name(package: usize) -> String {
    format!("crate-{package:03}")
}

fn checksum(package: usize, release: usize) -> String {
    format!("{package:032x}{release:032x}")
}

fn dependencies(package: usize) -> impl Iterator<Item = usize> {
    [package * 2 + 1, package * 2 + 2].into_iter().filter(|dependency| *dependency < PACKAGES)
}

impl Project {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let top = Utf8PathBuf::try_from(folder.path().to_owned()).unwrap();
        let project = Self { _folder: folder, top, lock: lock() };
        let cache = project
            .top
            .join("registry/index")
            .join(url_to_local_dir("sparse+https://index.crates.io/", true).unwrap().dir_name);
        for package in 0..PACKAGES {
            let name = name(package);
            let path = IndexCache::at_path(cache.clone()).cache_path(KrateName::try_from(name.as_str()).unwrap());
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, entry(package)).unwrap();
        }
        project
    }

    /// One advisory about every crate, which the locked release is hit by and a release of yesterday mends: the security fix's rule has
    /// then to look at everything.
    fn with_advisories(self) -> Self {
        for package in 0..PACKAGES {
            let folder = self.top.join("db/crates").join(name(package));
            std::fs::create_dir_all(&folder).unwrap();
            let id = format!("RUSTSEC-2026-{package:04}");
            let text = format!(
                "```toml\n[advisory]\nid = {id:?}\npackage = {:?}\ndate = \"2026-11-10\"\n[versions]\npatched = [\">= 1.{}.0\"]\n```\n\n# Made up\n\nNothing real.\n",
                name(package),
                RELEASES - 1
            );
            std::fs::write(folder.join(format!("{id}.md")), text).unwrap();
        }
        self
    }

    fn facts(&self, db: Option<&str>) -> Facts {
        let packages = lock_file::parse(self.lock.as_bytes(), Utf8Path::new("Cargo.lock")).unwrap().packages;
        let crates = packages.iter().filter_map(|package| package.id.crate_id()).collect();
        let index = index::read(&crates, &BTreeMap::new(), &self.top, IndexMode::Offline, &mut |_, _| {}).index;
        assert_eq!(index.len(), PACKAGES);
        let advisories = db.map_or(AdvisoryFact::Skipped, |db| self.advisories(db, &crates));
        Facts {
            surroundings: cargo_sequester::door::model::facts::Surroundings::default(),
            packages,
            index,
            advisories,
            publications: BTreeMap::new(),
            registry_clock: None,
            refused_mirrors: Vec::new(),
            base: None,
            old_lock: OldLock::Judged,
            licenses: cargo_sequester::door::model::license::Licenses::default(),
            inspections: cargo_sequester::door::model::finding::Inspections::default(),
            lock: cargo_sequester::door::model::lock_proof::LockFact::NotChecked,
            trail: TrailFact::default(),
            notices: Vec::new(),
        }
    }

    fn advisories(&self, db: &str, crates: &std::collections::BTreeSet<CrateId>) -> AdvisoryFact {
        let environment = Environment::of(self.top.clone(), []);
        let names = crates.iter().map(|id| Arc::clone(&id.name)).collect();
        advisory_db::read(&AdvisoryRequest {
            db,
            base: &self.top,
            crates: Some(&names),
            memory: Memory::default(),
            cargo_home: &self.top,
            network: None,
            now: now(),
            environment: &environment,
        })
        .fact
    }
}

fn now() -> Timestamp {
    "2026-11-22T00:00:00Z".parse().unwrap()
}

/// Every package locks the last release but one.
fn lock() -> String {
    let mut lock = String::from("version = 4\n");
    for package in 0..PACKAGES {
        let (name, release) = (name(package), RELEASES - 2);
        let _ = write!(
            lock,
            "\n[[package]]\nname = {name:?}\nversion = \"1.{release}.0\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\nchecksum = {:?}\ndependencies = [\n",
            checksum(package, release)
        );
        for dependency in dependencies(package) {
            let _ = writeln!(lock, " \"crate-{dependency:03}\",");
        }
        lock.push_str("]\n");
    }
    lock
}

/// An entry of cargo's index cache, as long as those of popular crates.
fn entry(package: usize) -> Vec<u8> {
    let name = name(package);
    let deps: Vec<String> = dependencies(package)
        .map(|dependency| format!("{{\"name\":\"crate-{dependency:03}\",\"req\":\"^1\",\"features\":[],\"optional\":false,\"default_features\":true,\"target\":null,\"kind\":\"normal\"}}"))
        .collect();
    let mut bytes = vec![3, 2, 0, 0, 0];
    bytes.extend_from_slice(b"etag: \"made-up\"\0");
    for release in 0..RELEASES {
        let version = Version::new(1, release as u64, 0);
        let pubtime = if release == RELEASES - 1 { "2026-11-20T00:00:00Z" } else { "2026-01-01T00:00:00Z" };
        let line = format!(
            "{{\"name\":{name:?},\"vers\":\"{version}\",\"deps\":[{}],\"cksum\":{:?},\"features\":{{}},\"yanked\":false,\"pubtime\":{pubtime:?}}}",
            deps.join(","),
            checksum(package, release)
        );
        bytes.extend_from_slice(format!("{version}\0{line}\0").as_bytes());
    }
    bytes
}

#[divan::bench]
fn parse_the_lock_file(bencher: Bencher<'_, '_>) {
    let lock = lock();
    bencher.bench(|| lock_file::parse(lock.as_bytes(), Utf8Path::new("Cargo.lock")).unwrap());
}

#[divan::bench]
fn read_the_index_cache(bencher: Bencher<'_, '_>) {
    let project = Project::new();
    let crates = project.facts(None).index.into_keys().collect();
    bencher.bench(|| index::read(&crates, &BTreeMap::new(), &project.top, IndexMode::Offline, &mut |_, _| {}));
}

#[divan::bench]
fn read_the_advisories(bencher: Bencher<'_, '_>) {
    let project = Project::new().with_advisories();
    let crates = project.facts(None).index.into_keys().collect();
    bencher.bench(|| project.advisories("db", &crates));
}

/// Facts remember what was parsed of them, so each round has its own.
#[divan::bench]
fn evaluate(bencher: Bencher<'_, '_>) {
    let project = Project::new();
    bencher
        .with_inputs(|| project.facts(None))
        .bench_refs(|facts| policy::evaluate(facts, &Policy::default(), &Approvals::new(), now()));
}

#[divan::bench]
fn evaluate_with_a_fix_for_everything(bencher: Bencher<'_, '_>) {
    let project = Project::new().with_advisories();
    bencher
        .with_inputs(|| project.facts(Some("db")))
        .bench_refs(|facts| policy::evaluate(facts, &Policy::default(), &Approvals::new(), now()));
}
