//! Prints the names for `data/well-known.txt`, made from lock files and index files alone: see `data/README.md`.
//!
//! `cargo run --example well_known -- INDEX-FOLDER DATE LOCK-FILE…`
//!
//! Crates are followed from the lock files through what their newest releases depend on, and once through what those are tested with. A name is
//! printed where its crate was a year old on the date, and the lock files hold it or three of the crates depend on it. Crates whose index file the
//! folder does not have are named on standard error, one path a line, to be fetched before the next run; then nothing else is printed.

#![expect(clippy::needless_for_each, reason = "it reads as what it does")]
#![allow(
    clippy::allow_attributes,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a tool for whoever keeps the list; it fails by panicking"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use jiff::{Timestamp, ToSpan as _, civil::Date, tz::TimeZone};
use serde::Deserialize;

/// So many of the crates must depend on one that no lock file holds.
const DEPENDENTS: usize = 3;

#[derive(Deserialize)]
struct Line {
    #[serde(default)]
    deps: Vec<Dependency>,
    #[serde(default)]
    yanked: bool,
    #[serde(default)]
    pubtime: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    package: Option<String>,
    kind: Option<String>,
    registry: Option<String>,
}

#[derive(Deserialize)]
struct LockFile {
    package: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    source: Option<String>,
}

struct Crate {
    born: Option<Timestamp>,
    needs: BTreeSet<String>,
    tested_with: BTreeSet<String>,
}

fn main() {
    let mut args = std::env::args().skip(1);
    let (folder, date) = (args.next().unwrap(), args.next().unwrap());
    let date: Date = date.parse().unwrap();
    let old = (date - 1.year()).to_zoned(TimeZone::UTC).unwrap().timestamp();
    let locked: BTreeSet<String> = args.flat_map(|path| locked(&path)).collect();
    let folder = Path::new(&folder);

    let (mut read, mut missing) = (BTreeMap::new(), BTreeSet::new());
    follow(folder, locked.clone(), &mut read, &mut missing);
    let tests: BTreeSet<String> = read.values().flat_map(|one: &Crate| one.tested_with.clone()).collect();
    follow(folder, tests, &mut read, &mut missing);
    if !missing.is_empty() {
        missing.iter().for_each(|path| eprintln!("{path}"));
        std::process::exit(1);
    }

    let mut dependents: BTreeMap<&str, usize> = BTreeMap::new();
    for one in read.values() {
        one.needs.union(&one.tested_with).for_each(|name| *dependents.entry(name).or_default() += 1);
    }
    for (name, one) in &read {
        let known = locked.contains(name) || dependents.get(name.as_str()).is_some_and(|count| *count >= DEPENDENTS);
        if known && one.born.is_some_and(|born| born <= old) {
            println!("{name}");
        }
    }
}

/// The packages of crates.io that a lock file holds.
fn locked(path: &str) -> Vec<String> {
    let file: LockFile = toml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let from_crates_io =
        |package: &Package| package.source.as_ref().is_some_and(|source| source.contains("crates.io-index"));
    file.package.into_iter().filter(from_crates_io).map(|package| package.name).collect()
}

/// Reads these crates and what their newest releases need to be built, and so on.
fn follow(
    folder: &Path,
    mut open: BTreeSet<String>,
    read: &mut BTreeMap<String, Crate>,
    missing: &mut BTreeSet<String>,
) {
    while let Some(name) = open.pop_first() {
        if read.contains_key(&name) {
            continue;
        }
        let path = index_path(&name);
        // An empty file stands for a crate that the index does not have.
        let Ok(text) = std::fs::read_to_string(folder.join(&path)) else {
            missing.insert(path);
            continue;
        };
        let one = newest(&text);
        open.extend(one.needs.iter().cloned());
        read.insert(name, one);
    }
}

/// What the release of a crate that was published last depends on, optional crates and those of any platform too.
fn newest(text: &str) -> Crate {
    let lines: Vec<Line> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let born = lines.iter().filter_map(|line| line.pubtime).min();
    let newest = lines.into_iter().filter(|line| !line.yanked).max_by_key(|line| line.pubtime);
    let (mut needs, mut tested_with) = (BTreeSet::new(), BTreeSet::new());
    for dependency in newest.into_iter().flat_map(|line| line.deps) {
        if dependency.registry.is_none() {
            let set = if dependency.kind.as_deref() == Some("dev") { &mut tested_with } else { &mut needs };
            set.insert(dependency.package.unwrap_or(dependency.name));
        }
    }
    Crate { born, needs, tested_with }
}

/// Where a registry's index has the file of a crate.
fn index_path(name: &str) -> String {
    let name = name.to_lowercase();
    match name.len() {
        1 | 2 => format!("{}/{name}", name.len()),
        3 => format!("3/{}/{name}", &name[..1]),
        _ => format!("{}/{}/{name}", &name[..2], &name[2..4]),
    }
}
