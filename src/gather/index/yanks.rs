//! Releases that were seen before somebody yanked them. A registry's index says that a release is yanked and not since when; what tells is an
//! older entry of cargo's cache, which the next transfer replaces. So that the second run says what the first one said, what an entry
//! showed is kept in a file of ours below cargo's home.
//!
//! Whoever can write there can only have a release held for longer: nothing is approved by it.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use jiff::{SignedDuration, Timestamp};
use semver::Version;
use serde::{Deserialize, Serialize};

use super::cache::version_of;
use crate::files::Replacement;
use crate::files::names::in_cargo_home;
use crate::files::regular::{self, Links};
use crate::model::history::History;
use crate::model::package::CrateId;

/// The form of the file; another one is not believed.
const SCHEMA: u32 = 1;
/// The most bytes of the file.
const LIMIT: u64 = 4 << 20;
/// What was yanked so long ago explains nothing that is published today.
const FORGOTTEN: SignedDuration = SignedDuration::from_hours(24 * 90);

/// When releases that are yanked now were last seen unyanked.
#[derive(Debug, Default)]
pub(super) struct Yanks {
    file: Utf8PathBuf,
    seen: BTreeMap<String, BTreeMap<String, BTreeMap<Version, Timestamp>>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    schema: u32,
    /// By registry, crate and version.
    seen: BTreeMap<String, BTreeMap<String, BTreeMap<Version, Timestamp>>>,
}

impl Yanks {
    /// What earlier runs saw; nothing where that cannot be read.
    pub(super) fn load(cargo_home: &Utf8Path) -> Self {
        let file = in_cargo_home(cargo_home, "yanks.json");
        let kept = regular::read(&file, Links::Refused, LIMIT).ok();
        let kept = kept.and_then(|bytes| serde_json::from_slice::<Kept>(&bytes).ok());
        let seen = kept.filter(|kept| kept.schema == SCHEMA).map(|kept| kept.seen).unwrap_or_default();
        Self { file, seen }
    }

    /// What is known of a crate.
    pub(super) fn of(&self, id: &CrateId) -> BTreeMap<Version, Timestamp> {
        let of_registry = self.seen.get(&id.registry.to_string());
        of_registry.and_then(|all| all.get(&*id.name)).cloned().unwrap_or_default()
    }

    /// Keeps what this run has seen anew, and forgets what is old. A file that cannot be written costs the next run what this one knew.
    pub(super) fn keep(mut self, seen: Vec<(&CrateId, BTreeMap<Version, Timestamp>)>) {
        if seen.is_empty() {
            return;
        }
        let newest = seen.iter().flat_map(|(_, seen)| seen.values()).max().copied().unwrap_or(Timestamp::MIN);
        for (id, seen) in seen {
            let of_crate =
                self.seen.entry(id.registry.to_string()).or_default().entry(id.name.to_string()).or_default();
            of_crate.extend(seen);
        }
        for crates in self.seen.values_mut() {
            for seen in crates.values_mut() {
                seen.retain(|_, at| newest.duration_since(*at) <= FORGOTTEN);
            }
            crates.retain(|_, seen| !seen.is_empty());
        }
        let Some(folder) = self.file.parent() else { return };
        let Ok(text) = serde_json::to_vec(&Kept { schema: SCHEMA, seen: self.seen }) else { return };
        if std::fs::create_dir_all(folder).is_ok() {
            let _ = Replacement::of(&self.file).private().of_a_cache().write(&text);
        }
    }
}

/// The releases that are yanked in an entry and were not in an older one of the same crate.
pub(super) fn newly_yanked(older: &History, newer: &History) -> Vec<Version> {
    let yanked = newer.lines().filter(|line| may_be_yanked(line)).filter_map(version_of);
    let is_yanked =
        |history: &History, version: &Version| history.outline(version).ok().flatten().map(|one| one.yanked);
    yanked.filter(|one| is_yanked(older, one) == Some(false) && is_yanked(newer, one) == Some(true)).collect()
}

/// Without a look at the whole line: nearly none is. A key or a value that is spelled with escapes is looked at.
fn may_be_yanked(line: &[u8]) -> bool {
    let after = memchr::memmem::find(line, b"\"yanked\"").and_then(|at| line.get(at + 8..));
    let Some(after) = after else { return memchr::memchr(b'\\', line).is_some() };
    after.trim_ascii_start().strip_prefix(b":").is_some_and(|value| value.trim_ascii_start().starts_with(b"true"))
}
