//! What was learned of the licences of releases in one run.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use camino::Utf8Path;

use super::contents::{Look, look_inside};
use super::git_manifests;
use super::open::Project;
use super::registries::Registries;
use crate::files::regular::{self, Links};
use crate::gather::manifest::MAX_BYTES;
use crate::model::advisory::AdvisoryKind;
use crate::model::bom::{PackageFile, sha512};
use crate::model::facts::{AdvisoryFact, IndexFact};
use crate::model::index_line::Outline;
use crate::model::license::{LicenseFact, Licenses};
use crate::model::manifest::OwnDependency;
use crate::model::package::{CrateId, LockedChecksum, Package};
use crate::policy::advisory;
use crate::policy::bom::Content;

/// What is known so far; a run that resolves learns of more releases as it goes.
#[derive(Debug, Default)]
pub(super) struct KnownLicenses(Mutex<Licenses>);

/// What a run was told of the world.
#[derive(Clone, Copy)]
pub(super) struct Told<'a> {
    pub(super) project: &'a Project,
    pub(super) registries: &'a Registries,
    pub(super) index: &'a BTreeMap<CrateId, IndexFact>,
    /// What was read since.
    pub(super) more: Option<&'a BTreeMap<CrateId, IndexFact>>,
    pub(super) advisories: &'a AdvisoryFact,
}

impl KnownLicenses {
    /// Learns the licences of the packages that are judged, where the policy judges licences and they are not known yet.
    pub(super) fn learn(&self, packages: &[Package], told: Told<'_>) {
        let project = told.project;
        if !project.rules().policy.licenses.is_set() {
            return;
        }
        let base = project.base_locked().unwrap_or_default();
        let known = self.known().clone();
        let wanted: Vec<&Package> =
            packages.iter().filter(|package| !base.has(package) && known.of_package(package).is_none()).collect();
        let look = Look {
            trees: project.base().is_none(),
            fetch: &|package| project.request().fetch && may_be_fetched(package, told),
        };
        read(project, told.registries, &wanted, look, &mut |package, fact| self.known().learn(package, fact));
    }

    pub(super) fn known(&self) -> MutexGuard<'_, Licenses> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What these packages state of their licences, as far as their bytes are at hand; whether the policy judges them or not.
pub(super) fn at_hand(project: &Project, registries: &Registries, packages: &[&Package]) -> Licenses {
    let mut licenses = Licenses::default();
    let look = Look { trees: true, fetch: &|_| false };
    read(project, registries, packages, look, &mut |package, fact| licenses.learn(package, fact));
    licenses
}

/// What is inside each of the locked packages, and by position what the project's own ask for.
pub(super) fn contents_of_project(told: Told<'_>) -> (Vec<Option<Content>>, BTreeMap<usize, Vec<OwnDependency>>) {
    let subject = told.project.subject();
    let mut contents = contents(&subject.lock.packages, told);
    let mut own = BTreeMap::new();
    for (at, package) in subject.lock.packages.iter().enumerate() {
        let (Some(found), Some(slot)) = (subject.local(package), contents.get_mut(at)) else { continue };
        let manifest = manifest_file(&found.package.root);
        *slot = Some(Content { about: found.about.clone(), statement: None, sha512: None, manifest });
        own.insert(at, found.dependencies.clone());
    }
    let home = told.registries.cargo_home();
    for (at, (content, asks)) in git_manifests::read(&subject.lock.packages, home, told.project.environment()) {
        if let Some(slot) = contents.get_mut(at) {
            *slot = Some(content);
            own.insert(at, asks);
        }
    }
    (contents, own)
}

/// The manifest in a folder, as the file that a package of a repository comes with.
pub(crate) fn manifest_file(folder: &Utf8Path) -> Option<PackageFile> {
    regular::read(&folder.join("Cargo.toml"), Links::Followed, MAX_BYTES).ok().map(PackageFile::manifest)
}

/// What is inside each of these packages, in their order, as far as it is at hand or the request lets it be fetched: first from archives,
/// which alone have a digest of their own, then from vendored trees.
fn contents(packages: &[Package], told: Told<'_>) -> Vec<Option<Content>> {
    let policy = &told.project.rules().policy.licenses;
    let found: Vec<OnceLock<Content>> = packages.iter().map(|_| OnceLock::new()).collect();
    for trees in [false, true] {
        let missing: Vec<usize> = (0..packages.len()).filter(|at| found[*at].get().is_none()).collect();
        let wanted: Vec<&Package> = missing.iter().filter_map(|at| packages.get(*at)).collect();
        let look =
            Look { trees, fetch: &|package| !trees && told.project.request().fetch && may_be_fetched(package, told) };
        look_inside(told.project, told.registries, &wanted, look, &|at, inside| {
            let (Some(package), Some(slot)) = (wanted.get(at), missing.get(at).and_then(|at| found.get(*at))) else {
                return;
            };
            let Ok(inside) = inside else { return };
            let files = policy.files_of(&package.id.name, &package.id.version);
            let statement = match inside.license(files) {
                LicenseFact::Read(stated) => Some((*stated).clone()),
                LicenseFact::Unknown(_) => None,
            };
            let (about, sha512) = (inside.manifest.about().clone(), inside.archive.map(sha512));
            let _ = slot.set(Content { about, statement, sha512, manifest: None });
        });
    }
    found.into_iter().map(OnceLock::into_inner).collect()
}

fn read(
    project: &Project,
    registries: &Registries,
    wanted: &[&Package],
    look: Look<'_>,
    take: &mut dyn FnMut(&Package, LicenseFact),
) {
    let policy = &project.rules().policy.licenses;
    let found: Vec<OnceLock<LicenseFact>> = wanted.iter().map(|_| OnceLock::new()).collect();
    look_inside(project, registries, wanted, look, &|at, inside| {
        if let (Some(package), Some(slot)) = (wanted.get(at), found.get(at)) {
            let files = policy.files_of(&package.id.name, &package.id.version);
            let _ = slot.set(inside.map_or_else(LicenseFact::Unknown, |inside| inside.license(files)));
        }
    });
    for (package, fact) in wanted.iter().zip(found) {
        fact.into_inner().into_iter().for_each(|fact| take(package, fact));
    }
}

/// Whether an archive may be downloaded to look inside: of bytes that the index names too, and that are not known to do harm.
fn may_be_fetched(package: &Package, told: Told<'_>) -> bool {
    let Some(crate_id) = package.id.crate_id() else { return false };
    let fact = told.more.and_then(|more| more.get(&crate_id)).or_else(|| told.index.get(&crate_id));
    let Some(IndexFact::Read(history)) = fact else { return false };
    let is_locked = |release: Outline| package.checksum == LockedChecksum::Known(release.checksum);
    let of_index = history.outline(&package.id.version).ok().flatten().is_some_and(is_locked);
    let mut hits = advisory::hits(told.advisories, &crate_id, &package.id.version);
    of_index && !hits.any(|hit| hit.kind == AdvisoryKind::Malicious)
}
