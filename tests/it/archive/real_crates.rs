//! Measurements over the crates of this machine's own download cache; run with `--ignored`, as they need one that is filled.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use cargo_sequester::door::archive::{Limits, VerifiedCrate, manifest_agrees, vendor_files};
use cargo_sequester::door::model::history::{History, Standing};
use cargo_sequester::door::write::package::write_into;
use rayon::prelude::*;

use super::release as release_of;

#[expect(clippy::disallowed_methods, reason = "the cache to measure is the machine's")]
fn registry_folder() -> Option<PathBuf> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(Path::new(&std::env::var_os("HOME")?).join(".cargo")))?;
    let registry = home.join("registry");
    registry.is_dir().then_some(registry)
}

/// The folder of crates.io below `cache` or `index`.
fn of_crates_io(folder: &Path) -> Option<PathBuf> {
    let mut entries = std::fs::read_dir(folder).ok()?.flatten();
    entries.find(|entry| entry.file_name().to_string_lossy().starts_with("index.crates.io-")).map(|entry| entry.path())
}

/// Where cargo keeps the `.crate` files of crates.io.
pub(super) fn download_cache() -> Option<PathBuf> {
    of_crates_io(&registry_folder()?.join("cache"))
}

/// The parts of `name-version`.
pub(super) fn name_and_version(stem: &str) -> Option<(&str, &str)> {
    let mut parts = stem.match_indices('-').map(|(at, _)| (&stem[..at], &stem[at + 1..]));
    parts.find(|(_, version)| version.parse::<semver::Version>().is_ok())
}

fn histories(folder: &Path, found: &mut HashMap<String, History>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            histories(&path, found);
            continue;
        }
        let Ok(bytes) = std::fs::read(&path) else { continue };
        // A version byte, the index format's version, and the server's revision, ended by NUL.
        let Some(entries) = bytes.get(5..).and_then(|rest| rest.splitn(2, |byte| *byte == 0).nth(1)) else { continue };
        let line = entries.split(|byte| *byte == 0).nth(1).unwrap_or_default();
        let Ok(line) = serde_json::from_slice::<serde_json::Value>(line) else { continue };
        let name = line["name"].as_str().unwrap_or_default();
        found.extend(
            History::from_cache(name, entries.to_vec(), 0, Standing::Cached(None))
                .map(|history| (name.to_lowercase(), history)),
        );
    }
}

/// Releases whose manifests cargo 1.95 cannot read either.
const UNREADABLE_TO_CARGO: [&str; 2] = ["glutin_core_graphics-0.1.0", "iron-0.2.0"];

#[test]
#[ignore = "reads this machine's download cache"]
fn every_real_crate_opens_and_agrees_with_its_index_line() {
    let Some(registry) = registry_folder() else { return eprintln!("skipped: there is no download cache") };
    let (Some(cache), Some(index)) = (of_crates_io(&registry.join("cache")), of_crates_io(&registry.join("index")))
    else {
        return eprintln!("skipped: the download cache has nothing of crates.io");
    };
    let mut known = HashMap::new();
    histories(&index.join(".cache"), &mut known);
    let crates: Vec<PathBuf> = std::fs::read_dir(cache).unwrap().map(|entry| entry.unwrap().path()).collect();
    let staging = tempfile::tempdir().unwrap();
    let staging = camino::Utf8Path::from_path(staging.path()).unwrap();
    let start = Instant::now();
    let faults: Vec<String> = crates
        .par_iter()
        .filter_map(|path| {
            let stem = path.file_stem()?.to_str().filter(|stem| !UNREADABLE_TO_CARGO.contains(stem))?;
            let (name, version) = name_and_version(stem)?;
            let Some(history) = known.get(&name.to_lowercase()) else {
                return Some(format!("{stem}: not in the index"));
            };
            let release = match history.release(&version.parse().unwrap()) {
                Ok(Some(release)) => release,
                other => return Some(format!("{stem}: {other:?}")),
            };
            let id = release_of(name, version);
            let bytes = std::fs::read(path).unwrap();
            let verified = match VerifiedCrate::verify(bytes, release.outline.checksum, &id) {
                Ok(verified) => verified,
                Err(error) => return Some(error.to_string()),
            };
            let opened = match verified.open(&Limits::default()) {
                Ok(opened) => opened,
                Err(error) => return Some(error.to_string()),
            };
            write_into(&staging.join(stem), &vendor_files(&opened), None).unwrap();
            for notice in opened.notices() {
                eprintln!("{stem}: {notice}");
            }
            manifest_agrees(opened.manifest(), &release).err().map(|divergence| format!("{stem}: {divergence}"))
        })
        .collect();
    eprintln!("{} crates verified, opened, compared and written in {:?}", crates.len(), start.elapsed());
    assert!(faults.is_empty(), "{} of {}:\n{}", faults.len(), crates.len(), faults.join("\n"));
}
