//! Finds out whether the lock file answers the manifests: by the proof, and where that cannot tell, by asking cargo.

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};
use toml::{Table, Value};

use super::base::{Base, BaseCommit, lay_out};
use super::configs::Configs;
use super::error::ProjectError;
use super::open::Project;
use super::registries::Registries;
use super::request::Which;
use crate::files::regular::{self, Links};
use crate::files::{Errand, temporary_folder};
use crate::gather::cargo_config::CargoConfig;
use crate::gather::locked_cargo::{self, CargoSays, LockQuestion};
use crate::gather::manifest::{self, MAX_BYTES, Roots};
use crate::gather::workspace::Workspace;
use crate::model::facts::IndexFact;
use crate::model::lock_proof::{Discord, LockFact, Proof, Unproven};
use crate::model::manifest::{DependencySource, Manifests, Unfollowed, Unsupported};
use crate::model::package::{CrateId, LockedChecksum, Package, PackageId};
use crate::model::source::{Registry, Source};
use crate::policy::lock_answers_manifests::{
    Question, Told, answers, reached_by_default, stand_as_before, told_by_index,
};

/// The keys by which cargo finds out what is a member.
const MEMBERSHIP: [(&str, &[&str]); 2] = [("workspace", &["members", "exclude"]), ("package", &["workspace"])];

/// Whether the lock file that was found answers the manifests around it. `index` is what was read so far; what is missing is read now.
pub(super) fn find(
    project: &Project,
    registries: &Registries,
    index: &BTreeMap<CrateId, IndexFact>,
) -> Result<LockFact, ProjectError> {
    let Some(workspace) = described(project) else { return Ok(LockFact::NotChecked) };
    let packages = &project.subject().lock.packages;
    let more = read(packages, &missing(packages, index), registries);
    let mut index: BTreeMap<CrateId, IndexFact> =
        index.iter().map(|(id, fact)| (id.clone(), fact.clone())).chain(more).collect();
    let configs = project.configs().at_root(&project.subject().root, project.environment())?;
    let manifests = manifests(workspace, configs.found());
    let told = told_by_index(packages, &index);
    let why = match proof(project, &manifests, &told) {
        Ok(fact) => return Ok(fact),
        Err(why) => why,
    };
    let base = project.base_packages().unwrap_or_default();
    index.extend(read(base, &missing(base, &index), registries));
    let asked = Asked { project, workspace, manifests: &manifests, told: &told, index: &index };
    let (lines, other): (Vec<_>, Vec<_>) = why.into_iter().partition(|one| matches!(one, Unproven::NoLine(_)));
    if lines.is_empty() {
        return asked.cargo(&configs, other);
    }
    // Of a package that is judged, its own reason or blocker says that its line could not be had.
    let base = project.base_locked().unwrap_or_default();
    let kept = packages.iter().filter(|package| base.has(package)).map(|package| Unproven::NoLine(package.id.clone()));
    let kept: Vec<Unproven> = kept.collect();
    let mut why: Vec<Unproven> = lines.into_iter().filter(|one| kept.contains(one)).collect();
    if asked.unseen(&other)?.is_none() {
        why.extend(other);
    }
    Ok(LockFact::Unproven { why, cause: None })
}

/// By position, whether a build has a package where nobody names features; `None` where no manifests are known.
pub(super) fn built_by_default(project: &Project, index: &BTreeMap<CrateId, IndexFact>) -> Option<Vec<bool>> {
    let workspace = described(project)?;
    let configs = project.configs().at_root(&project.subject().root, project.environment()).ok()?;
    let manifests = manifests(workspace, configs.found());
    let lock = &project.subject().lock;
    let (packages, told) = (&lock.packages, told_by_index(&lock.packages, index));
    let (unused_patches, version) = (&lock.unused_patches, lock.version);
    Some(reached_by_default(&Question { manifests: &manifests, packages, unused_patches, version, told: &told }))
}

/// The same from the manifests of vendored packages; `folders` are those of the lock file's packages, where they have one. Of the others
/// the index is read as far as cargo's cache has it: no registry is asked, and what is missing is taken from the lock file.
pub(crate) fn by_vendored(
    project: &Project,
    configs: &Configs,
    folders: &[Option<Utf8PathBuf>],
) -> Result<LockFact, ProjectError> {
    let Some(workspace) = described(project) else { return Ok(LockFact::NotChecked) };
    let packages = &project.subject().lock.packages;
    let elsewhere = packages.iter().zip(folders).filter(|(_, folder)| folder.is_none());
    let elsewhere: BTreeSet<CrateId> = elsewhere.filter_map(|(package, _)| package.id.crate_id()).collect();
    let cached = |crates: &BTreeSet<CrateId>| Ok::<_, ProjectError>(Registries::of(project)?.cached(crates));
    let index = if elsewhere.is_empty() { BTreeMap::new() } else { cached(&elsewhere)? };
    let mut told = told_by_index(packages, &index);
    for (told, vendored) in told.iter_mut().zip(manifest::read_vendored(folders, configs.found())) {
        if let Some(manifest) = vendored {
            *told = Told::Manifest(Box::new(manifest));
        }
    }
    let mut manifests = manifests(workspace, configs.found());
    leave_to_others(&mut manifests.unfollowed);
    let why = match proof(project, &manifests, &told) {
        Ok(fact) => return Ok(fact),
        Err(why) => why,
    };
    let all = packages.iter().chain(project.base_packages().unwrap_or_default());
    let index = cached(&all.filter_map(|package| package.id.crate_id()).collect())?;
    let asked = Asked { project, workspace, manifests: &manifests, told: &told, index: &index };
    if let Some(packages) = asked.unseen(&why)? {
        return Ok(LockFact::Unseen(packages));
    }
    let whole = packages.iter().all(|package| package.id.crate_id().is_none() || line(package, &index).is_some());
    if whole { asked.cargo(configs, why) } else { Ok(LockFact::Unproven { why, cause: None }) }
}

/// Overriding paths are a way around, and reported as one: that the proof does not follow them is no news.
fn leave_to_others(unfollowed: &mut Vec<Unfollowed>) {
    unfollowed.retain(|one| one.what != Unsupported::PathOverrides);
}

/// The workspace that cargo described; where it could not, that is reported elsewhere.
fn described(project: &Project) -> Option<&Workspace> {
    if matches!(project.request().which, Which::LockFile(_)) {
        return None;
    }
    project.subject().workspace.as_ref().filter(|workspace| workspace.failure.is_none())
}

fn manifests(workspace: &Workspace, config: &CargoConfig) -> Manifests {
    let members = workspace.packages.iter().filter(|local| local.package.member);
    let members: Vec<Utf8PathBuf> = members.map(|local| local.package.root.clone()).collect();
    manifest::read(&Roots { root: &workspace.root, members: &members, config })
}

/// The proof's own answer, or why it has none.
fn proof(project: &Project, manifests: &Manifests, told: &[Told]) -> Result<LockFact, Vec<Unproven>> {
    let lock = &project.subject().lock;
    let (packages, unused_patches) = (&lock.packages, &lock.unused_patches);
    // Where no package has a checksum, cargo has none to drop.
    let has_registry = packages.iter().any(|package| matches!(package.id.source, Source::Registry(_)));
    let dropped = (lock.drops_checksums && has_registry).then_some(Discord::ChecksumsDropped);
    match (answers(&Question { manifests, packages, unused_patches, version: lock.version, told }), dropped) {
        (Proof::Answered, None) => Ok(LockFact::Answered),
        (Proof::Unproven(why), None) => Err(why),
        (Proof::Answered | Proof::Unproven(_), Some(dropped)) => Ok(LockFact::Broken(vec![dropped])),
        (Proof::Broken(mut discords), dropped) => {
            discords.extend(dropped);
            Ok(LockFact::Broken(discords))
        }
    }
}

/// What is asked about, and with what it was answered so far.
struct Asked<'a> {
    project: &'a Project,
    workspace: &'a Workspace,
    manifests: &'a Manifests,
    told: &'a [Told],
    /// The entries of the base's packages too.
    index: &'a BTreeMap<CrateId, IndexFact>,
}

impl Asked<'_> {
    /// What cargo says, which is asked behind exactly the locked lines.
    fn cargo(&self, configs: &Configs, why: Vec<Unproven>) -> Result<LockFact, ProjectError> {
        let (project, index) = (self.project, self.index);
        let packages = &project.subject().lock.packages;
        let mut lines: BTreeMap<CrateId, Vec<Vec<u8>>> = BTreeMap::new();
        for package in packages {
            if let (Some(id), Some(line)) = (package.id.crate_id(), line(package, index)) {
                lines.entry(id).or_default().push(line.to_vec());
            }
        }
        let question = LockQuestion {
            manifest: &project.subject().root.join("Cargo.toml"),
            config: configs.found(),
            lines: &lines,
            registries: &registries_of(self.manifests),
        };
        Ok(match locked_cargo::ask(&question, project.environment()) {
            Ok(CargoSays::Yes) => LockFact::Answered,
            Ok(CargoSays::No(words)) => LockFact::Refused(words),
            Ok(CargoSays::NoRepository(words)) => match self.unseen(&why)? {
                Some(packages) => LockFact::Unseen(packages),
                None => LockFact::Unproven { why, cause: Some(words) },
            },
            Err(error) => LockFact::Unproven { why, cause: Some(error.to_string()) },
        })
    }

    /// The packages of which only the lock file tells what they ask, where nothing else stands open. With a base all that depends on it
    /// must be as the base has it.
    fn unseen(&self, why: &[Unproven]) -> Result<Option<Vec<PackageId>>, ProjectError> {
        let packages = why.iter().map(|one| match one {
            Unproven::NoManifest(id) | Unproven::NoLine(id) => Some(id.clone()),
            Unproven::Unfollowed(_)
            | Unproven::Unread { .. }
            | Unproven::TwoManifests { .. }
            | Unproven::OddFeature { .. }
            | Unproven::OddPatch { .. } => None,
        });
        let Some(packages) = packages.collect::<Option<Vec<PackageId>>>() else { return Ok(None) };
        let Some(locked) = self.project.base_packages() else { return Ok(Some(packages)) };
        let Some(commit) = self.project.base().and_then(Base::commit) else { return Ok(None) };
        let Some(manifests) = base_manifests(self.project, self.workspace, self.manifests, commit)? else {
            return Ok(None);
        };
        let lock = &self.project.subject().lock;
        let head = question(self.manifests, &lock.packages, &lock.unused_patches, lock.version, self.told);
        let same = |package: &Package| told_of(package, &lock.packages, self.told).cloned();
        let told = told_by_index(locked, self.index);
        let told: Vec<Told> = locked.iter().zip(told).map(|(package, told)| same(package).unwrap_or(told)).collect();
        let base = question(&manifests, locked, &[], lock.version, &told);
        Ok(stand_as_before(&head, &base, &packages).then_some(packages))
    }
}

/// What is told of the very same package, with the same bytes, among these.
fn told_of<'t>(package: &Package, packages: &[Package], told: &'t [Told]) -> Option<&'t Told> {
    let at = packages.iter().position(|one| one.id == package.id && one.checksum == package.checksum)?;
    told.get(at).filter(|told| !matches!(told, Told::Nothing))
}

const fn question<'a>(
    manifests: &'a Manifests,
    packages: &'a [Package],
    unused_patches: &'a [PackageId],
    version: u8,
    told: &'a [Told],
) -> Question<'a> {
    Question { manifests, packages, unused_patches, version, told }
}

fn line<'i>(package: &Package, index: &'i BTreeMap<CrateId, IndexFact>) -> Option<&'i [u8]> {
    let Some(IndexFact::Read(history)) = index.get(&package.id.crate_id()?) else { return None };
    history.line(&package.id.version).ok().flatten()
}

/// The crates whose entries were not read: with a base those of what it has already.
fn missing(packages: &[Package], index: &BTreeMap<CrateId, IndexFact>) -> BTreeSet<CrateId> {
    packages.iter().filter_map(|package| package.id.crate_id()).filter(|id| !index.contains_key(id)).collect()
}

/// Their entries: those of cargo's cache do where they are about the locked bytes, whose dependencies never change. The rest is asked for.
fn read(packages: &[Package], crates: &BTreeSet<CrateId>, registries: &Registries) -> BTreeMap<CrateId, IndexFact> {
    if crates.is_empty() {
        return BTreeMap::new();
    }
    let mut found = registries.cached(crates);
    let of_locked_bytes = |package: &&Package| {
        let Some(IndexFact::Read(history)) = package.id.crate_id().and_then(|id| found.get(&id)) else { return false };
        let outline = history.outline(&package.id.version).ok().flatten();
        outline.is_some_and(|outline| package.checksum == LockedChecksum::Known(outline.checksum))
    };
    let asked = packages.iter().filter(|package| !of_locked_bytes(package)).filter_map(|package| package.id.crate_id());
    let asked: BTreeSet<CrateId> = asked.filter(|id| crates.contains(id)).collect();
    found.extend(registries.read(&asked, &mut |_, _| ()));
    found
}

fn registries_of(manifests: &Manifests) -> Vec<Registry> {
    let declared = manifests.packages.iter().flat_map(|manifest| &manifest.dependencies);
    let places = declared.chain(manifests.patches.iter().map(|patch| &patch.with)).map(|declared| &declared.from);
    let registries: BTreeSet<&Registry> = places
        .filter_map(|place| match place {
            DependencySource::Registry(registry) => Some(registry),
            DependencySource::Git { .. } | DependencySource::Path(_) => None,
        })
        .collect();
    registries.into_iter().cloned().collect()
}

/// The manifests of the base at the places where the change has its own, as if they lay in the working tree; `None` where the base does not
/// have one of them, or another workspace, so that nothing can be held against it.
fn base_manifests(
    project: &Project,
    workspace: &Workspace,
    head: &Manifests,
    commit: &BaseCommit,
) -> Result<Option<Manifests>, ProjectError> {
    let copy = temporary_folder(Errand::Manifests).map_err(ProjectError::Temporary)?;
    let top = Utf8PathBuf::try_from(copy.path().to_owned())
        .map_err(|error| ProjectError::Temporary(error.into_io_error()))?;
    let (Some(root), Some(prefix)) = (commit.inside(&workspace.root), top_above(commit, &workspace.root)) else {
        return Ok(None);
    };
    let own = head.packages.iter().map(|manifest| manifest.path.clone());
    let wanted = own.chain([workspace.root.join("Cargo.toml")]);
    for path in wanted {
        if !lay_out_manifest(commit, &path, &top)? {
            return Ok(None);
        }
    }
    let config = commit.cargo_config(&workspace.root, project.environment())?;
    let members = head.packages.iter().filter(|manifest| manifest.member);
    let members: Option<Vec<Utf8PathBuf>> =
        members.map(|manifest| Some(top.join(commit.inside(manifest.folder())?))).collect();
    let Some(members) = members else { return Ok(None) };
    let read = manifest::read(&Roots { root: &top.join(root), members: &members, config: &config });
    Ok(Some(read.moved(&top, &prefix)))
}

/// The top of the working tree, spelled as the workspace's root is.
fn top_above(commit: &BaseCommit, root: &Utf8Path) -> Option<Utf8PathBuf> {
    let inside = commit.inside(root)?;
    root.ancestors().find(|above| above.join(&inside) == root).map(Utf8Path::to_owned)
}

/// Lays out a manifest and those above it, of which it may inherit; false where the base does not have it, or where it says otherwise
/// what is a member.
fn lay_out_manifest(commit: &BaseCommit, path: &Utf8Path, top: &Utf8Path) -> Result<bool, ProjectError> {
    let Some(inside) = commit.inside(path) else { return Ok(false) };
    let Some(before) = commit.file(path)? else { return Ok(false) };
    let now = regular::read(path, Links::Followed, MAX_BYTES).ok();
    if membership(&before).is_none_or(|before| now.and_then(|now| membership(&now)) != Some(before)) {
        return Ok(false);
    }
    for folder in inside.ancestors().skip(1) {
        let at = top.join(folder).join("Cargo.toml");
        if !at.exists()
            && let Some(bytes) = commit.at(&folder.join("Cargo.toml"))?
        {
            lay_out(&at, &bytes)?;
        }
    }
    Ok(true)
}

/// What a manifest says of workspaces; `None` for what is no manifest.
fn membership(manifest: &[u8]) -> Option<Vec<Option<Value>>> {
    let table: Table = toml::from_str(std::str::from_utf8(manifest).ok()?).ok()?;
    let said = MEMBERSHIP.iter().flat_map(|(section, keys)| {
        let section = table.get(*section);
        keys.iter().map(move |key| section.and_then(|section| section.get(key)).cloned())
    });
    Some(said.collect())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by it")]

    use crate::gather::cargo_config::CargoConfig;
    use crate::gather::manifest::{self, Roots};
    use crate::model::checksum::Hashed;
    use crate::model::manifest::{Unfollowed, Unsupported};
    use crate::model::package::{LockedChecksum, Package, PackageId};
    use crate::model::source::{Registry, Source};
    use crate::policy::lock_answers_manifests::Told;
    use crate::project::by_hand::{Checkout, MANIFEST};
    use crate::project::lock_answer::{leave_to_others, registries_of, told_of};

    fn bar(version: &str, bytes: &str) -> Package {
        let id = PackageId {
            name: "bar".into(),
            version: version.parse().unwrap(),
            source: Source::Registry(Registry::CratesIo),
        };
        let checksum = LockedChecksum::Known(Hashed::of(bytes.as_bytes().to_vec()).checksum());
        Package { id, checksum, dependencies: Vec::new(), local: None }
    }

    #[test]
    fn what_is_told_of_a_package_is_told_of_no_other_release_and_of_no_other_bytes() {
        let line = r#"{"name":"bar","vers":"1.0.0","deps":[],"cksum":"0000000000000000000000000000000000000000000000000000000000000000","features":{},"yanked":false}"#;
        let told = [Told::Line(crate::model::index_line::Release::parse("bar", line.as_bytes()).unwrap().into())];
        let packages = [bar("1.0.0", "one")];
        assert!(told_of(&bar("1.0.0", "one"), &packages, &told).is_some());
        assert!(told_of(&bar("1.0.0", "two"), &packages, &told).is_none(), "other bytes");
        assert!(told_of(&bar("1.0.1", "one"), &packages, &told).is_none(), "another release");
        assert!(told_of(&bar("1.0.0", "one"), &packages, &[Told::Nothing]).is_none());
    }

    #[test]
    fn of_all_that_the_proof_does_not_follow_overriding_paths_alone_are_left_to_others() {
        let of = |what| Unfollowed { path: "Cargo.toml".into(), key: String::new(), what };
        let mut all = vec![of(Unsupported::Replace), of(Unsupported::PathOverrides), of(Unsupported::Artifact)];
        leave_to_others(&mut all);
        assert_eq!(all, [of(Unsupported::Replace), of(Unsupported::Artifact)]);
    }

    #[test]
    fn a_cargo_that_is_asked_knows_the_registries_of_dependencies_and_of_patches() {
        let checkout = Checkout::of_app(&[]);
        let at = |name: &str| format!("sparse+https://{name}.example.org/index/");
        let asks = format!(
            "{MANIFEST}[dependencies]\nbar = {{ version = \"1\", registry-index = \"{}\" }}\n\
             [patch.crates-io]\nbaz = {{ version = \"1\", registry-index = \"{}\" }}\n",
            at("one"),
            at("two")
        );
        checkout.write("Cargo.toml", &asks);
        let config = CargoConfig::load(&checkout.top, &checkout.environment(&checkout.top)).unwrap();
        let read = manifest::read(&Roots {
            root: &checkout.top,
            members: std::slice::from_ref(&checkout.top),
            config: &config,
        });
        assert_eq!(registries_of(&read), ["one", "two"].map(|name| Registry::parse(&at(name)).unwrap()));
    }
}
