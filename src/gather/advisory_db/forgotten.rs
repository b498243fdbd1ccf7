//! What a source once said of malicious releases and says no more: it counts until the source itself, or a person, takes it back.
//!
//! A database of advisories deletes none of them: it gives one that was wrong a day on which it was withdrawn. A copy that lacks one, or has
//! made something else of it, is therefore a copy from which somebody took it, however young it is.

use std::collections::BTreeSet;
use std::sync::Arc;

use camino::Utf8Path;
use serde::{Deserialize, Serialize};

use super::collection::{Collection, Selection};
use super::request::{AdvisoryDbError, Memory};
use super::statement::{FILE_LIMIT, parse_advisory};
use crate::files::regular::{self, Links};
use crate::model::advisory::{AdvisoryKind, ForgottenAdvisory};
use crate::model::crate_name::{canonical, is_same};

/// Where a generation has those that it lacks.
const FILE: &str = "forgotten.json";
/// The most bytes of that file.
const LIMIT: u64 = 64 << 20;
/// The most that are kept; no source ever had so many.
const MOST: usize = 10_000;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    advisories: Vec<ForgottenAdvisory>,
}

/// All that a generation knew of malicious releases, and others know of them, as far as the copy that came after says nothing of it.
pub(super) fn since(
    before: Option<&Utf8Path>,
    memory: Memory<'_>,
    after: &Collection,
) -> Result<Vec<ForgottenAdvisory>, AdvisoryDbError> {
    let own = match before {
        Some(before) => [Collection::open(before)?.malicious(), read(before)?].concat(),
        None => Vec::new(),
    };
    Ok(left(own, memory, after))
}

/// Those of which neither the copy says anything nor a person that they were wrong, each once.
pub(super) fn left(own: Vec<ForgottenAdvisory>, memory: Memory<'_>, copy: &Collection) -> Vec<ForgottenAdvisory> {
    let mut known = BTreeSet::new();
    let all = own.into_iter().chain(memory.kept.iter().cloned());
    let mut left: Vec<ForgottenAdvisory> = all.filter(|one| known.insert(one.id.clone())).collect();
    left.retain(|one| !memory.withdrawn.contains(&one.id) && !copy.speaks_of(&one.crate_name, &one.id));
    left.truncate(MOST);
    left
}

/// Puts them beside the copy that lacks them.
pub(super) fn write(all: &[ForgottenAdvisory], generation: &Utf8Path) -> Result<(), AdvisoryDbError> {
    if all.is_empty() {
        return Ok(());
    }
    let path = generation.join(FILE);
    let text = serde_json::to_vec(&Kept { advisories: all.to_vec() })
        .map_err(|source| AdvisoryDbError::State { path: path.clone(), source })?;
    std::fs::write(&path, text).map_err(AdvisoryDbError::io(path))
}

/// Those beside a copy. That they cannot be read is an error: nobody would know what is missing.
pub(super) fn read(generation: &Utf8Path) -> Result<Vec<ForgottenAdvisory>, AdvisoryDbError> {
    let path = generation.join(FILE);
    let text = match regular::read(&path, Links::Refused, LIMIT) {
        Ok(text) => text,
        Err(error) if error.is_absent() => return Ok(Vec::new()),
        Err(error) => return Err(AdvisoryDbError::io(path)(error.into())),
    };
    let kept: Kept = serde_json::from_slice(&text).map_err(|source| AdvisoryDbError::State { path, source })?;
    Ok(kept.advisories)
}

/// Lets them count, as far as they are about crates in question.
pub(super) fn add(forgotten: &[ForgottenAdvisory], crates: Option<&BTreeSet<Arc<str>>>, selection: &mut Selection) {
    for one in forgotten {
        let own = BTreeSet::from([Arc::from(&*one.crate_name)]);
        let names = crates.unwrap_or(&own).iter().filter(|name| is_same(name, &one.crate_name));
        for name in names {
            let Ok(Some(advisory)) = parse_advisory(&one.text, &one.id, name) else { continue };
            let have = selection.by_crate.entry(Arc::clone(name)).or_default();
            if !have.iter().any(|known| known.id == advisory.id && known.kind == advisory.kind) {
                have.push(advisory);
                have.sort_by(|a, b| a.id.cmp(&b.id));
            }
        }
    }
}

impl Collection {
    /// What it says of malicious releases and has not taken back.
    fn malicious(&self) -> Vec<ForgottenAdvisory> {
        let all = self.select(None).by_crate.into_values().flatten();
        let malicious = all.filter(|one| one.kind == AdvisoryKind::Malicious && !one.withdrawn);
        let with_text = malicious.filter_map(|one| {
            let text = self.text(&one.crate_name, &one.id)?;
            Some(ForgottenAdvisory { crate_name: one.crate_name.to_string(), id: one.id.to_string(), text })
        });
        with_text.collect()
    }

    /// Whether it says of this release that it is malicious, or that it was wrongly called so.
    fn speaks_of(&self, crate_name: &str, id: &str) -> bool {
        let crate_name = &Arc::from(crate_name);
        self.spellings(&canonical(crate_name)).any(|name| {
            let said = self.text(name, id).map(|text| parse_advisory(&text, id, crate_name));
            match said {
                Some(Ok(Some(advisory))) => advisory.withdrawn || advisory.kind == AdvisoryKind::Malicious,
                // Withdrawn, and it says no more.
                Some(Ok(None)) => true,
                Some(Err(_)) | None => false,
            }
        })
    }

    /// The text of an advisory, by the name of its crate's folder.
    fn text(&self, folder: &str, id: &str) -> Option<String> {
        let is_plain = |part: &str| !part.is_empty() && !part.contains(['/', '\\']) && !part.starts_with('.');
        let path = (is_plain(folder) && is_plain(id)).then(|| self.folder().join(folder).join(format!("{id}.md")))?;
        regular::text(&path, Links::Refused, FILE_LIMIT).ok()
    }
}
