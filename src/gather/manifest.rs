//! Reads the manifests that a resolution of the workspace can need: those of the members, and of every folder that a path dependency or
//! a `[patch]` leads to, inside the workspace or not.
//!
//! Which packages are members is cargo's own answer (`cargo metadata --no-deps`). Regular files only, and a bounded number of bounded
//! size: the manifests are as hostile as everything else in a repository. What cannot be followed is named, so that cargo can be asked.

mod documents;
mod package;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use camino::{Utf8Path, Utf8PathBuf};
use rayon::prelude::*;
use reqwest::Url;

pub(crate) use self::documents::MAX_BYTES;

use self::documents::Documents;
use self::package::{Dependency, Scope, read_dependency, read_package};
use super::cargo_config::CargoConfig;
use super::toml_tree::{self, Section, Table};
use crate::files::plain;
use crate::model::index_line::DependencyKind;
use crate::model::manifest::{
    Declared, DependencySource, Manifest, ManifestProblem, Manifests, Patch, Unfollowed, Unsupported, canonical,
};
use crate::model::package::{CrateId, Line, Written};

/// The most manifests that are read; the largest known workspaces have some hundreds of members.
const MAX_MANIFESTS: usize = 10_000;

/// Where to begin.
#[derive(Clone, Copy, Debug)]
pub struct Roots<'a> {
    pub root: &'a Utf8Path,
    pub members: &'a [Utf8PathBuf],
    /// The configuration of a cargo that is started in the root: names of registries, `[patch]`, `paths`.
    pub config: &'a CargoConfig,
}

/// Reads them. What is wrong with a file is part of the answer: only cargo knows whether it needs that file.
#[must_use]
pub fn read(roots: &Roots<'_>) -> Manifests {
    let mut documents = Documents::new(roots.config);
    let mut manifests = Manifests::default();
    read_patches(roots, &mut documents, &mut manifests);
    let mut waiting: VecDeque<(Utf8PathBuf, bool)> = roots.members.iter().map(|folder| (plain(folder), true)).collect();
    waiting.extend(manifests.patches.iter().filter_map(|patch| folder(&patch.with.from)).map(|folder| (folder, false)));
    let mut known: BTreeSet<Utf8PathBuf> = BTreeSet::new();
    while let Some((at, member)) = waiting.pop_front() {
        if !known.insert(at.clone()) {
            continue;
        }
        if known.len() > MAX_MANIFESTS {
            let unfollowed = Unfollowed { path: at, key: String::new(), what: Unsupported::TooMany };
            manifests.unfollowed.push(unfollowed);
            break;
        }
        match read_package(&at.join("Cargo.toml"), member, &mut documents) {
            Ok(manifest) => {
                // Cargo resolves the dev-dependencies of members only.
                let counts = |kind| member || kind != DependencyKind::Dev;
                let dependencies = manifest.dependencies.iter().filter(|one| counts(one.kind));
                waiting.extend(dependencies.filter_map(|one| folder(&one.from)).map(|folder| (folder, false)));
                manifests.packages.push(manifest);
            }
            Err(problem) if member => {
                let problem = (at.join("Cargo.toml"), problem);
                // The root's may be known.
                if !manifests.problems.contains(&problem) {
                    manifests.problems.push(problem);
                }
            }
            Err(problem) => {
                manifests.unread.insert(at, problem);
            }
        }
    }
    manifests
}

/// Reads the manifests of vendored packages, each from its folder. What cannot be read tells nothing.
#[must_use]
pub(crate) fn read_vendored(folders: &[Option<Utf8PathBuf>], config: &CargoConfig) -> Vec<Option<Manifest>> {
    let read = |folder: &Utf8PathBuf| {
        let mut documents = Documents::new(config);
        read_package(&folder.join("Cargo.toml"), false, &mut documents).ok()
    };
    folders.par_iter().map(|folder| folder.as_ref().and_then(read)).collect()
}

/// Where packages of registries are asked for, by the folder of the manifest that asks. `shown` is how a file is to be named.
#[must_use]
pub(crate) fn written(
    manifests: &Manifests,
    shown: impl Fn(&Utf8Path) -> Utf8PathBuf,
) -> BTreeMap<Utf8PathBuf, Vec<Written>> {
    let one = |(declared, line): (&Declared, &Line)| {
        let DependencySource::Registry(registry) = &declared.from else { return None };
        Some(Written {
            crate_id: CrateId { registry: registry.clone(), name: declared.name.clone() },
            req: declared.req.clone()?,
            at: Line { file: shown(&line.file), number: line.number },
        })
    };
    let of = |manifest: &Manifest| {
        let all = manifest.dependencies.iter().zip(&manifest.lines);
        (manifest.folder().to_owned(), all.filter_map(one).collect())
    };
    manifests.packages.iter().map(of).collect()
}

fn folder(source: &DependencySource) -> Option<Utf8PathBuf> {
    match source {
        DependencySource::Path(folder) => Some(folder.clone()),
        DependencySource::Registry(_) | DependencySource::Git { .. } => None,
    }
}

/// Reads `[patch]` of the root manifest and of cargo's configuration, whose entry wins where both name a package, and notes what else in
/// the two places only cargo can follow.
fn read_patches(roots: &Roots<'_>, documents: &mut Documents<'_>, into: &mut Manifests) {
    let path = roots.root.join("Cargo.toml");
    // What the configuration's files say together, with paths that are absolute.
    let merged = toml_tree::parse(&roots.config.substitutions()).unwrap_or_default();
    let configured = roots.root.join(".cargo/config.toml");
    if merged.get("paths").is_some() {
        into.unfollowed.push(unfollowed(&configured, "paths", Unsupported::PathOverrides));
    }
    let mut all = Patches::default();
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

#[derive(Default)]
struct Patches {
    patches: Vec<Patch>,
    /// The tables: the file, the source as it is written, and its address.
    tables: Vec<(Utf8PathBuf, String, String)>,
}

impl Patches {
    /// Whether cargo would not add this table to those before it. It holds the tables of a file by their address, and of two that are
    /// spelled differently keeps one; those of the two files it joins where they have the same spelling.
    fn takes_the_place(&mut self, path: &Utf8Path, source: &str, of: &str) -> bool {
        let before = self.tables.iter().filter(|(_, _, known)| known == of);
        let takes = before.clone().any(|(file, spelled, _)| file == path || spelled != source);
        self.tables.push((path.to_owned(), source.to_owned(), of.to_owned()));
        takes
    }
}

fn take(path: &Utf8Path, table: &Table, roots: &Roots<'_>, all: &mut Patches, into: &mut Manifests) {
    if let Err(problem) = patches(path, table, roots, all, into) {
        into.problems.push((path.to_owned(), problem));
    }
}

fn patches(
    path: &Utf8Path,
    table: &Table,
    roots: &Roots<'_>,
    all: &mut Patches,
    into: &mut Manifests,
) -> Result<(), ManifestProblem> {
    let Some(tables) = Section::root(table).section("patch")? else { return Ok(()) };
    for entries in tables.sections() {
        let (source, entries) = entries?;
        let Some(of) = address(source, roots.config) else {
            into.unfollowed.push(unfollowed(path, &tables.dotted(source), Unsupported::Address));
            continue;
        };
        if all.takes_the_place(path, source, &of) {
            into.unfollowed.push(unfollowed(path, &tables.dotted(source), Unsupported::SamePatches));
        }
        for (key, node) in entries.table.iter() {
            let scope = Scope { folder: roots.root, kind: DependencyKind::Normal, config: roots.config };
            let Dependency { declared, unsupported, .. } = read_dependency(&entries, key, node, &scope)?;
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
