//! What lies in a working tree, tracked by git or not: lock files, folders of vendored packages, archives, and build output, which is not
//! looked into here.

use std::collections::BTreeSet;
use std::fs;

use camino::{Utf8Path, Utf8PathBuf};
use serde::Deserialize;

use super::git_history::is_lock_name;
use super::lock_file::MAX_BYTES;
use super::traces::{archive, manifest, release_of, written};
use crate::files::regular::{self, Links};
use crate::model::crate_name::canonical;
use crate::model::incident::{Gap, Trace, TraceKind};

/// The most entries of a working tree that are looked at.
const MAX_ENTRIES: usize = 1_000_000;
/// The most bytes of a vendored package's checksums.
const MAX_FILE: u64 = 8 << 20;
/// What `vendor` and stock cargo write into each folder of a vendored package.
const CHECKSUMS: &str = ".cargo-checksum.json";

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct WorkingTree {
    pub locks: Vec<FoundLock>,
    pub traces: Vec<Trace>,
    pub build_folders: Vec<Utf8PathBuf>,
    pub gaps: Vec<Gap>,
}

/// A lock file.
#[derive(Debug)]
pub(crate) struct FoundLock {
    /// Below the top.
    pub path: Utf8PathBuf,
    pub bytes: Vec<u8>,
    /// Whether it lies in a vendored package's folder.
    pub packaged: bool,
}

#[derive(Deserialize)]
struct Checksums {
    package: Option<String>,
}

impl WorkingTree {
    /// Looks through everything below `top`; `names` are the canonical names of the crates that are looked for. Links are not followed.
    pub(crate) fn read(top: &Utf8Path, names: &BTreeSet<String>) -> Self {
        let mut read = Self::default();
        let mut left = MAX_ENTRIES;
        let mut waiting = vec![(top.to_owned(), false)];
        while let Some((folder, below_package)) = waiting.pop() {
            let mut gap = |path: String, cause: String| read.gaps.push(Gap::Place { path, cause });
            let entries = match fs::read_dir(&folder) {
                Ok(entries) => entries,
                Err(cause) => {
                    gap(folder.to_string(), cause.to_string());
                    continue;
                }
            };
            let (mut files, mut folders) = (Vec::new(), Vec::new());
            for entry in entries {
                left = left.saturating_sub(1);
                let told = entry.and_then(|entry| Ok((entry.file_type()?.is_dir(), entry.file_name())));
                let (is_folder, name) = match told {
                    Ok(told) => told,
                    Err(cause) => {
                        gap(folder.to_string(), cause.to_string());
                        continue;
                    }
                };
                match (is_folder, name.into_string()) {
                    (true, Ok(name)) => folders.push(name),
                    (true, Err(name)) => {
                        gap(
                            folder.join(name.to_string_lossy().as_ref()).into_string(),
                            "its name is not UTF-8".to_owned(),
                        );
                    }
                    (false, Ok(name)) => files.push(name),
                    // What is looked for has a name in ASCII.
                    (false, Err(_)) => {}
                }
            }
            if left == 0 {
                let cause = format!("it has more than {MAX_ENTRIES} entries");
                read.gaps.push(Gap::Place { path: top.to_string(), cause });
                break;
            }
            let has = |name: &str| files.iter().any(|file| file == name);
            if folder != top && has("CACHEDIR.TAG") && (has(".rustc_info.json") || folder.file_name() == Some("target"))
            {
                read.build_folders.push(folder);
                continue;
            }
            let is_package = has(CHECKSUMS);
            if is_package {
                read.traces.extend(package(&folder, names));
            }
            let packaged = below_package || is_package;
            for name in &files {
                let path = folder.join(name);
                if is_lock_name(name) {
                    read.lock(top, &path, packaged);
                } else if let Some(stem) = name.strip_suffix(".crate")
                    && release_of(stem, names).is_some()
                {
                    read.traces.extend(archive(&path, names, TraceKind::Vendored));
                }
            }
            let inner = folders.iter().filter(|name| *name != ".git");
            waiting.extend(inner.map(|name| (folder.join(name), packaged)));
        }
        read.locks.sort_by(|one, other| one.path.cmp(&other.path));
        read.traces.sort();
        read.build_folders.sort();
        read
    }

    fn lock(&mut self, top: &Utf8Path, path: &Utf8Path, packaged: bool) {
        let below = path.strip_prefix(top).unwrap_or(path).to_owned();
        match regular::read(path, Links::Followed, MAX_BYTES) {
            Ok(bytes) => self.locks.push(FoundLock { path: below, bytes, packaged }),
            // A folder of such a name, or a link to nothing, is no lock file.
            Err(regular::ReadError::Irregular(_)) => {}
            Err(cause) if cause.is_absent() => {}
            Err(cause) => self.gaps.push(Gap::LockFile { path: path.to_string(), cause: cause.to_string() }),
        }
    }
}

/// A vendored package, where it is one of a crate that is looked for.
fn package(folder: &Utf8Path, names: &BTreeSet<String>) -> Option<Trace> {
    let (name, version) = manifest(&folder.join("Cargo.toml"))?;
    if !names.contains(&canonical(&name)) {
        return None;
    }
    let checksums = regular::read(&folder.join(CHECKSUMS), Links::Followed, MAX_FILE).ok();
    let checksums = checksums.and_then(|bytes| serde_json::from_slice::<Checksums>(&bytes).ok());
    Some(Trace {
        kind: TraceKind::Vendored,
        name,
        version: version.parse().ok(),
        path: folder.to_owned(),
        at: written(folder),
        checksum: checksums.and_then(|all| all.package).and_then(|text| text.parse().ok()),
    })
}
