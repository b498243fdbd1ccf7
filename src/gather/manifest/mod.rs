//! Reads the manifests that a resolution of the workspace can need: those of the members, and of every folder that a path dependency or
//! a `[patch]` leads to, inside the workspace or not.
//!
//! Which packages are members is cargo's own answer (`cargo metadata --no-deps`). Regular files only, and a bounded number of bounded
//! size: the manifests are as hostile as everything else in a repository. What cannot be followed is named, so that cargo can be asked.

mod dependency;
mod document;
mod package;
mod patches;
mod workspace;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use camino::{Utf8Path, Utf8PathBuf};
use rayon::prelude::*;

use super::cargo_config::CargoConfig;
use super::toml_tree::Table;
use crate::files::plain;
use crate::model::index_line::DependencyKind;
use crate::model::manifest::{
    Declared, DependencySource, Manifest, ManifestProblem, Manifests, Unfollowed, Unsupported,
};
use crate::model::package::{CrateId, Line, Written};

pub use self::document::MAX_BYTES;

/// The most manifests that are read; the largest known workspaces have some hundreds of members.
const MAX_MANIFESTS: usize = 10_000;

/// Where to begin.
#[derive(Clone, Copy, Debug)]
pub struct Roots<'a> {
    /// The folder of the root manifest.
    pub root: &'a Utf8Path,
    /// The folders of the members.
    pub members: &'a [Utf8PathBuf],
    /// The configuration of a cargo that is started in the root: names of registries, `[patch]`, `paths`.
    pub config: &'a CargoConfig,
}

/// Reads them. What is wrong with a file is part of the answer: only cargo knows whether it needs that file.
#[must_use]
pub fn read(roots: &Roots<'_>) -> Manifests {
    let mut documents = Documents { config: roots.config, known: BTreeMap::new() };
    let mut manifests = Manifests::default();
    patches::read(roots, &mut documents, &mut manifests);
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
        match package::read(&at.join("Cargo.toml"), member, &mut documents) {
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
pub fn read_vendored(folders: &[Option<Utf8PathBuf>], config: &CargoConfig) -> Vec<Option<Manifest>> {
    let read = |folder: &Utf8PathBuf| {
        let mut documents = Documents { config, known: BTreeMap::new() };
        package::read(&folder.join("Cargo.toml"), false, &mut documents).ok()
    };
    folders.par_iter().map(|folder| folder.as_ref().and_then(read)).collect()
}

/// Where packages of registries are asked for, by the folder of the manifest that asks. `shown` is how a file is to be named.
#[must_use]
pub fn written(manifests: &Manifests, shown: impl Fn(&Utf8Path) -> Utf8PathBuf) -> BTreeMap<Utf8PathBuf, Vec<Written>> {
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

fn folder(place: &DependencySource) -> Option<Utf8PathBuf> {
    match place {
        DependencySource::Path(folder) => Some(folder.clone()),
        DependencySource::Registry(_) | DependencySource::Git { .. } => None,
    }
}

/// The documents that were read, each once: every member looks into its workspace's root.
pub(super) struct Documents<'a> {
    config: &'a CargoConfig,
    known: BTreeMap<Utf8PathBuf, Result<Table, ManifestProblem>>,
}

impl Documents<'_> {
    fn read(&mut self, path: &Utf8Path) -> Result<&Table, ManifestProblem> {
        let read = self.known.entry(path.to_owned()).or_insert_with(|| document::read(path));
        read.as_ref().map_err(Clone::clone)
    }
}
