//! The manifests that cargo will open to describe a workspace: what is no file there makes it wait, or fills its memory.

use std::collections::{BTreeSet, VecDeque};

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};

use super::{MAX_MANIFEST, WorkspaceError, is_manifest};
use crate::files::plain;
use crate::files::regular::{self, Links};
use crate::gather::toml_tree::{self, Table, Value};

/// The most manifests that are looked at; the largest known workspaces have some hundreds of members.
const MOST: usize = 10_000;

/// Refuses what is no file in the place of a manifest that these lead to: by `workspace`, by the members that they list, or by a path.
/// What cannot be read is cargo's to tell.
pub(super) fn check(first: impl Iterator<Item = Utf8PathBuf>) -> Result<(), WorkspaceError> {
    let mut waiting: VecDeque<Utf8PathBuf> = first.collect();
    let mut known: BTreeSet<Utf8PathBuf> = BTreeSet::new();
    while let Some(path) = waiting.pop_front() {
        if known.len() >= MOST || !known.insert(path.clone()) {
            continue;
        }
        is_manifest(&path)?;
        let Ok(text) = regular::text(&path, Links::Followed, MAX_MANIFEST) else { continue };
        let Ok(table) = toml_tree::parse(&text) else { continue };
        let folder = path.parent().unwrap_or(&path);
        let mut named = BTreeSet::new();
        collect(&table, &mut named);
        waiting.extend(named.iter().map(|name| plain(&folder.join(name)).join("Cargo.toml")));
        let members = table.get("workspace").and_then(|entry| entry.value.as_table()?.get("members"));
        let listed = members.and_then(|entry| entry.value.as_list()).into_iter().flatten();
        for pattern in listed.filter_map(|node| node.value.as_text()) {
            waiting.extend(expand(folder, Utf8Path::new(pattern)).into_iter().map(|member| member.join("Cargo.toml")));
        }
    }
    Ok(())
}

/// The values of `path` and `workspace`, wherever they stand: too many rather than too few.
fn collect(table: &Table, named: &mut BTreeSet<String>) {
    for (key, entry) in table.iter() {
        let value = &entry.value;
        if let Some(text) = value.as_text().filter(|_| matches!(key, "path" | "workspace")) {
            named.insert(text.clone());
        }
        let items = value.as_list().into_iter().flatten().map(|node| &node.value);
        [value].into_iter().chain(items).filter_map(Value::as_table).for_each(|table| collect(table, named));
    }
}

/// The folders that a pattern can mean; a component with a wildcard is taken for every folder.
fn expand(folder: &Utf8Path, pattern: &Utf8Path) -> Vec<Utf8PathBuf> {
    let mut found = vec![folder.to_owned()];
    for component in pattern.components() {
        let is_wild = matches!(component, Utf8Component::Normal(name) if name.contains(['*', '?', '[']));
        if is_wild {
            let entries = found.iter().filter_map(|folder| folder.read_dir_utf8().ok()).flatten().flatten();
            found = entries.take(MOST).map(|entry| entry.path().to_owned()).collect();
        } else {
            found = found.into_iter().map(|folder| plain(&folder.join(component))).collect();
        }
    }
    found
}
