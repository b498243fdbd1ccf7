//! `[patch]` of the root manifest and of cargo's configuration; the configuration's entry wins where both name a package.

use camino::{Utf8Path, Utf8PathBuf};
use reqwest::Url;

use super::dependency::{self, Scope};
use super::document::Place as Keys;
use super::{Documents, Roots};
use crate::gather::cargo_config::CargoConfig;
use crate::gather::toml_tree::{self, Table};
use crate::model::index_line::DependencyKind;
use crate::model::manifest::{ManifestProblem, Manifests, Patch, Unfollowed, Unsupported, canonical};

/// Reads them, and notes what else in the two places only cargo can follow.
pub(super) fn read(roots: &Roots<'_>, documents: &mut Documents<'_>, into: &mut Manifests) {
    let path = roots.root.join("Cargo.toml");
    // What the configuration's files say together, with paths that are absolute.
    let merged = toml_tree::parse(&roots.config.substitutions()).unwrap_or_default();
    let configured = roots.root.join(".cargo/config.toml");
    if merged.get("paths").is_some() {
        into.unfollowed.push(unfollowed(&configured, "paths", Unsupported::PathOverrides));
    }
    let mut all = Read::default();
    take(&configured, &merged, roots, &mut all, into);
    let from_config = all.patches.len();
    match documents.read(&path) {
        Ok(table) => {
            for (key, what) in [("replace", Unsupported::Replace), ("cargo-features", Unsupported::CargoFeatures)] {
                if table.get(key).is_some() {
                    into.unfollowed.push(unfollowed(&path, key, what));
                }
            }
            take(&path, table, roots, &mut all, into);
        }
        Err(problem) => into.problems.push((path, problem)),
    }
    let (first, rest) = all.patches.split_at(from_config);
    let overridden = |patch: &&Patch| !first.iter().any(|one| one.of == patch.of && one.with.key == patch.with.key);
    into.patches = first.iter().chain(rest.iter().filter(overridden)).cloned().collect();
}

/// What was read so far.
#[derive(Default)]
struct Read {
    patches: Vec<Patch>,
    /// The tables: the file, the source as it is written, and its address.
    tables: Vec<(Utf8PathBuf, String, String)>,
}

impl Read {
    /// Whether cargo would not add this table to those before it. It holds the tables of a file by their address, and of two that are
    /// spelled differently keeps one; those of the two files it joins where they have the same spelling.
    fn takes_the_place(&mut self, path: &Utf8Path, source: &str, of: &str) -> bool {
        let before = self.tables.iter().filter(|(_, _, known)| known == of);
        let takes = before.clone().any(|(file, spelled, _)| file == path || spelled != source);
        self.tables.push((path.to_owned(), source.to_owned(), of.to_owned()));
        takes
    }
}

fn take(path: &Utf8Path, table: &Table, roots: &Roots<'_>, all: &mut Read, into: &mut Manifests) {
    if let Err(problem) = patches(path, table, roots, all, into) {
        into.problems.push((path.to_owned(), problem));
    }
}

fn patches(
    path: &Utf8Path,
    table: &Table,
    roots: &Roots<'_>,
    all: &mut Read,
    into: &mut Manifests,
) -> Result<(), ManifestProblem> {
    let Some(tables) = Keys::root(table).inner("patch")? else { return Ok(()) };
    for entries in tables.inners() {
        let (source, entries) = entries?;
        let Some(of) = address(source, roots.config) else {
            into.unfollowed.push(unfollowed(path, &tables.dotted(source), Unsupported::Address));
            continue;
        };
        if all.takes_the_place(path, source, &of) {
            into.unfollowed.push(unfollowed(path, &tables.dotted(source), Unsupported::SamePatches));
        }
        for (key, _) in entries.table.iter() {
            let scope = Scope { folder: roots.root, kind: DependencyKind::Normal, config: roots.config };
            let dependency::Read { declared, unsupported, .. } = dependency::read(&entries, key, &scope)?;
            if let Some(what) = unsupported {
                into.unfollowed.push(unfollowed(path, &entries.dotted(key), what));
            }
            all.patches.push(Patch { of: of.clone(), with: declared, path: path.to_owned() });
        }
    }
    Ok(())
}

/// The address of the source that a table patches; `None` for a folder and for what is no address.
fn address(source: &str, config: &CargoConfig) -> Option<String> {
    if let Ok(Some(registry)) = config.registry_named(source) {
        return Some(registry.address());
    }
    let url = Url::parse(source).ok().filter(|url| url.scheme() != "file" && !url.cannot_be_a_base())?;
    Some(canonical(url.as_str()))
}

fn unfollowed(path: &Utf8Path, key: &str, what: Unsupported) -> Unfollowed {
    Unfollowed { path: path.to_owned(), key: key.to_owned(), what }
}
