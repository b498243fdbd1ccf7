//! Which locked package stands for a dependency: sources, folders and `[patch]`, as cargo's `lock` and `query` compare them.

use std::collections::{HashMap, HashSet};

use camino::Utf8Path;

use super::question::{Need, Question};
use crate::model::lock_proof::{Discord, Unproven};
use crate::model::manifest::{Declared, DependencySource, Manifest, canonical};
use crate::model::package::{Package, PackageId};
use crate::model::source::{GitReference, GitSource, Registry, Source};

/// What a lock file can choose from.
pub(super) struct Choices<'a> {
    question: &'a Question<'a>,
    /// The manifest of each locked package that has one, by position.
    manifests: HashMap<usize, &'a Manifest>,
    /// The locked package of each folder.
    folders: HashMap<&'a Utf8Path, usize>,
    patches: Vec<Patched<'a>>,
    open: Vec<Unproven>,
    discords: Vec<Discord>,
}

/// A `[patch]` whose package is known.
struct Patched<'a> {
    of: &'a str,
    id: PackageId,
    /// Where the lock file has it.
    at: Option<usize>,
}

impl<'a> Choices<'a> {
    pub(super) fn new(question: &'a Question<'a>) -> Self {
        let mut choices = Self {
            question,
            manifests: HashMap::new(),
            folders: HashMap::new(),
            patches: Vec::new(),
            open: Vec::new(),
            discords: Vec::new(),
        };
        let manifests = question.manifests;
        choices.open.extend(manifests.unfollowed.iter().cloned().map(Unproven::Unfollowed));
        let problems = manifests.problems.iter().cloned();
        choices.open.extend(problems.map(|(path, problem)| Unproven::Unread { path, problem }));
        choices.place_manifests();
        for patch in &manifests.patches {
            choices.place_patch(patch);
        }
        choices
    }

    fn place_manifests(&mut self) {
        let locals = self.question.packages.iter().enumerate().filter(|(_, one)| one.id.source == Source::Local);
        let locals: HashMap<_, _> = locals.map(|(at, one)| ((&*one.id.name, &one.id.version), at)).collect();
        for manifest in &self.question.manifests.packages {
            if let Some(at) = locals.get(&(&*manifest.name, &manifest.version)).copied() {
                if let Some(other) = self.manifests.insert(at, manifest) {
                    let (one, other) = (other.path.clone(), manifest.path.clone());
                    self.open.push(Unproven::TwoManifests { name: manifest.name.clone(), one, other });
                }
                self.folders.insert(manifest.folder(), at);
            } else if manifest.member {
                self.discords.push(Discord::NotLocked {
                    name: manifest.name.clone(),
                    version: manifest.version.clone(),
                    manifest: manifest.path.clone(),
                });
            }
        }
        for at in locals.into_values().filter(|at| !self.manifests.contains_key(at)) {
            self.discords.push(Discord::Unexplained(self.question.packages[at].id.clone()));
        }
    }

    fn place_patch(&mut self, patch: &'a crate::model::manifest::Patch) {
        let odd = || Unproven::OddPatch { name: patch.with.name.clone(), path: patch.path.clone() };
        if patch.with.from.address().as_deref() == Some(&*patch.of) {
            self.open.push(odd());
            return;
        }
        match self.patched(&patch.with) {
            Err(()) => self.open.push(odd()),
            Ok(Some((id, at))) => {
                let same =
                    |one: &Patched<'_>| one.of == patch.of && one.id.name == id.name && one.id.version == id.version;
                if self.patches.iter().any(same) {
                    self.open.push(odd());
                }
                self.patches.push(Patched { of: &patch.of, id, at });
            }
            Ok(None) => self.discords.push(Discord::PatchNotLocked {
                name: patch.with.name.clone(),
                from: patch.with.from.clone(),
                path: patch.path.clone(),
            }),
        }
    }

    /// The package that a `[patch]` puts in: the one of its folder, else the first that is locked from there.
    fn patched(&self, with: &Declared) -> Result<Option<(PackageId, Option<usize>)>, ()> {
        let fits =
            |id: &PackageId| id.name == with.name && with.req.as_ref().is_none_or(|req| req.matches(&id.version));
        if let DependencySource::Path(folder) = &with.from {
            let manifest = self.question.manifests.packages.iter().find(|one| one.folder() == folder).ok_or(())?;
            let id =
                PackageId { name: manifest.name.clone(), version: manifest.version.clone(), source: Source::Local };
            let at = self.folders.get(folder.as_path()).copied();
            return if fits(&id) { Ok(Some((id, at))) } else { Err(()) };
        }
        let packages = self.question.packages.iter().enumerate();
        let locked = packages.filter(|(_, one)| fits(&one.id) && self.is_from(&with.from, &one.id.source));
        if let Some((at, one)) = locked.min_by(|(_, one), (_, other)| one.id.version.cmp(&other.id.version)) {
            return Ok(Some((one.id.clone(), Some(at))));
        }
        let mut unused = self.question.unused_patches.iter();
        Ok(unused.find(|id| fits(id) && self.is_from(&with.from, &id.source)).map(|id| (id.clone(), None)))
    }

    /// The manifest of a locked package that has one.
    pub(super) fn manifest(&self, at: usize) -> Option<&'a Manifest> {
        self.manifests.get(&at).copied()
    }

    /// What keeps the whole from being told here.
    pub(super) fn open(&self) -> Vec<Unproven> {
        self.open.clone()
    }

    /// What does not fit whatever is asked.
    pub(super) fn discords(&self, reached: impl Fn(usize) -> bool) -> Vec<Discord> {
        let mut discords = self.discords.clone();
        let unused = self.question.unused_patches;
        for patch in &self.patches {
            let used = patch.at.is_some_and(&reached);
            if !used && !unused.contains(&patch.id) {
                let matching = self
                    .question
                    .manifests
                    .patches
                    .iter()
                    .find(|one| one.of == patch.of && one.with.name == patch.id.name);
                discords.extend(matching.map(|one| Discord::PatchNotLocked {
                    name: one.with.name.clone(),
                    from: one.with.from.clone(),
                    path: one.path.clone(),
                }));
            }
        }
        // Cargo forgets one without a source that no manifest has; every other one must be a `[patch]` without use, once. Where all
        // manifests of its name have one version, cargo takes it for theirs, whatever its own is.
        let known = |id: &PackageId| {
            let manifests = self.question.manifests.packages.iter().filter(|one| one.name == id.name);
            let versions: HashSet<_> = manifests.map(|one| &one.version).collect();
            id.source != Source::Local || versions.len() == 1 || versions.contains(&id.version)
        };
        let without_use =
            |id: &PackageId| self.patches.iter().any(|patch| patch.id == *id && !patch.at.is_some_and(&reached));
        let left_over = unused.iter().enumerate().filter(|(number, id)| {
            known(id) && (!without_use(id) || unused.iter().take(*number).any(|one| one == *id))
        });
        let left_over = left_over.map(|(_, id)| id);
        discords.extend(left_over.map(|id| Discord::PatchLeftOver(id.clone())));
        discords
    }

    /// The locked dependency that stands for a need: of those that the package is locked with the lowest that satisfies, unless a
    /// `[patch]` has the same version, which then goes before it.
    pub(super) fn choose(&self, by: &Package, need: &Need<'_>) -> Option<usize> {
        let address = if self.patches.is_empty() { None } else { need.from.address() };
        let of = || self.patches.iter().filter(|patch| Some(patch.of) == address.as_deref());
        let edges = by.dependencies.iter().copied();
        let edges = edges.filter_map(|at| Some((at, self.question.packages.get(at)?)));
        let mut fitting: Vec<(usize, &Package)> = edges.filter(|(_, one)| need.accepts(one)).collect();
        fitting.sort_by(|(_, one), (_, other)| one.id.version.cmp(&other.id.version));
        let patches = |at: usize| of().any(|patch| patch.at == Some(at));
        let (at, hit) = fitting.iter().find(|(at, one)| self.stands_for(&need.from, *at, one) || patches(*at))?;
        let mut instead = of().filter(|patch| patch.id.name == hit.id.name && patch.id.version == hit.id.version);
        match instead.next() {
            None => Some(*at),
            Some(patch) => patch.at.filter(|at| by.dependencies.contains(at)),
        }
    }

    /// Whether a locked package could stand for a need at all.
    pub(super) fn could_stand(&self, at: usize, need: &Need<'_>) -> bool {
        let Some(package) = self.question.packages.get(at) else { return false };
        let patches = || {
            let address = need.from.address();
            self.patches.iter().any(|patch| patch.at == Some(at) && Some(patch.of) == address.as_deref())
        };
        need.accepts(package) && (self.stands_for(&need.from, at, package) || patches())
    }

    fn stands_for(&self, from: &DependencySource, at: usize, package: &Package) -> bool {
        match from {
            DependencySource::Path(folder) => self.folders.get(folder.as_path()) == Some(&at),
            DependencySource::Registry(_) | DependencySource::Git { .. } => self.is_from(from, &package.id.source),
        }
    }

    /// Whether a package's source is the place that is asked for. Folders have no source.
    fn is_from(&self, from: &DependencySource, source: &Source) -> bool {
        match (from, source) {
            (DependencySource::Registry(one), Source::Registry(other)) => same_registry(one, other),
            (DependencySource::Git { url, reference }, Source::Git(git)) => {
                let locked = git.wanted();
                let same =
                    *reference == locked || (self.question.version <= 2 && is_main(reference) && is_main(&locked));
                same && canonical(url) == canonical(&git.url)
            }
            _ => false,
        }
    }

    /// What cargo holds a package's compatibility lines apart by.
    pub(super) fn origin(&self, at: usize) -> Option<Origin> {
        let package = self.question.packages.get(at)?;
        match &package.id.source {
            Source::Local => Some(Origin::Folder(self.manifests.get(&at)?.folder().to_string())),
            Source::Registry(registry) => Some(Origin::registry(registry)),
            Source::Git(git) => Some(Origin::git(git)),
            Source::Other(text) => Some(Origin::Folder(text.to_string())),
        }
    }
}

/// A source as cargo tells it from others.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) enum Origin {
    Folder(String),
    Sparse(String),
    Registry(String),
    Git(String, GitReference),
}

impl Origin {
    fn registry(registry: &Registry) -> Self {
        match registry {
            Registry::Sparse(_) => Self::Sparse(registry.address()),
            Registry::CratesIo | Registry::Git(_) => Self::Registry(registry.address()),
        }
    }

    fn git(git: &GitSource) -> Self {
        Self::Git(canonical(&git.url), git.wanted())
    }

    /// Of the place that a need names.
    pub(super) fn of(place: &DependencySource) -> Self {
        match place {
            DependencySource::Path(folder) => Self::Folder(folder.to_string()),
            DependencySource::Registry(registry) => Self::registry(registry),
            DependencySource::Git { url, reference } => Self::Git(canonical(url), reference.clone()),
        }
    }
}

fn same_registry(one: &Registry, other: &Registry) -> bool {
    one == other || Origin::registry(one) == Origin::registry(other)
}

/// Formats 1 and 2 do not tell the branch `master` from the default one.
fn is_main(reference: &GitReference) -> bool {
    matches!(reference, GitReference::DefaultBranch) || *reference == GitReference::Branch("master".to_owned())
}
