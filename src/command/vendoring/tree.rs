//! The vendor folder: what can stay, what is written anew, what goes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use camino::{Utf8Path, Utf8PathBuf};

use super::derive::{Derived, derive};
use super::place::{Done, Left, Place, Run, VendorRequest};
use crate::archive::vendor_files;
use crate::command::outcome::CommandError;
use crate::gather::cargo_config::ConfiguredRegistry;
use crate::gather::environment::Environment;
use crate::gather::git_packages::{self, GitRequest};
use crate::gather::vendor_tree;
use crate::model::allow_list::{AllowList, AllowedId, AllowedRelease};
use crate::model::checksum::Checksum;
use crate::model::package::PackageId;
use crate::model::source::Source;
use crate::model::vendored::{VendorChecksums, VendorRoot, VendoredDirectory, VendoredTree};
use crate::model::vendoring::{
    Alteration, AlteredFile, Healed, PackageChange, PlannedFrom, PlannedPackage, VendorPlan, VendoredPackage,
};
use crate::policy::plan::{Genuine, altered, strange, tells};
use crate::project::ProjectError;
use crate::write::vendor_dir::{Changes, Stage};

/// Where they go unless the command line says otherwise.
const DEFAULT_FOLDER: &str = "vendor";

/// Brings the folder to what the plan says.
pub(super) fn write(run: &Run<'_>, plan: &VendorPlan) -> Result<Done, CommandError> {
    let root = &run.made.subject().root;
    let place = Place::open(run, plan, &folder(run.arguments, root, run.environment), false)?;
    let found = match vendor_tree::read(root, place.vendor.path())? {
        VendorRoot::Read(tree) => tree,
        VendorRoot::Absent | VendorRoot::Link | VendorRoot::NotFolder | VendorRoot::Crates(_) => {
            VendoredTree::default()
        }
    };
    let mut work = Work::sort(plan, &found);
    let mut derived = Derived::default();
    work.prove(run, &mut derived)?;
    let write: BTreeSet<String> = work.write.iter().map(|package| package.directory.clone()).collect();
    let git = work.git.iter().map(|package| package.directory.clone());
    place.may_write_over(&write.iter().cloned().chain(git).collect())?;

    let wanted: BTreeSet<String> = plan.packages.iter().map(|package| package.directory.clone()).collect();
    let mut remains = place.vendor.remains(&found, place.previous.as_ref(), &wanted)?;
    let mut kept = BTreeSet::new();
    if run.arguments.no_delete {
        std::mem::swap(&mut kept, &mut remains.ours);
    }
    let genuine = Mutex::new(BTreeMap::new());
    let mut stage = place.vendor.stage(Changes { write, remove: remains.ours.clone(), attributes: true })?;
    derive(run.cli, run.made, &work.write, &mut derived, &|package, proven| {
        if place.vendor.holds(&package.directory) {
            let files = vendor_files(proven.opened).checksums;
            genuine.lock().unwrap_or_else(PoisonError::into_inner).insert(package.position, files);
        }
        stage.write(&package.directory, proven.tree, None)
    })?;
    if !derived.problems.is_empty() {
        return Ok(Done::Refused(derived));
    }
    let genuine = genuine.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mut before = Before::default();
    for package in &work.write {
        if let Some(files) = genuine.get(&package.position) {
            before.look(&place, &found, package, files)?;
        }
    }
    work.git_packages(plan, &place, &found, &mut stage, &mut before)?;
    let Before { mut healed, strange } = before;
    place.vendor.in_the_way(strange, place.known())?;
    healed.sort_by(|one, other| one.directory.cmp(&other.directory));
    let (packages, allow) = work.packages(plan, &derived, &found, &run.arguments.platform)?;
    let left = Left { packages, allow, removed: remains.ours, kept, foreign: remains.foreign, healed };
    let done = place.publish(stage, left, derived)?;
    Ok(place.leave(done))
}

/// The folder that the command line names.
pub(super) fn folder(arguments: &VendorRequest, root: &Utf8Path, environment: &Environment) -> Utf8PathBuf {
    let given = arguments.path.as_ref().map(|path| environment.current_dir().join(path));
    given.unwrap_or_else(|| root.join(DEFAULT_FOLDER))
}

/// The packages by what has to be done about each.
struct Work<'p> {
    /// There, and shown in this run to be the archive's or the commit's own tree.
    keep: BTreeMap<usize, Checksum>,
    /// There, and whole by its own account: the archive has to be asked.
    prove: Vec<(&'p PlannedPackage, Checksum)>,
    /// Absent, or something else.
    write: Vec<&'p PlannedPackage>,
    /// For cargo to derive, whether they are there or not.
    git: Vec<&'p PlannedPackage>,
    /// The trees of those that cargo has derived.
    derived: BTreeMap<usize, Checksum>,
}

impl<'p> Work<'p> {
    /// Nothing that lies in the project or in a cache says of a tree that it is genuine.
    fn sort(plan: &'p VendorPlan, found: &VendoredTree) -> Self {
        let (keep, derived) = (BTreeMap::new(), BTreeMap::new());
        let mut work = Self { keep, prove: Vec::new(), write: Vec::new(), git: Vec::new(), derived };
        for package in &plan.packages {
            if let Some(tree) = package.kept {
                work.keep.insert(package.position, tree);
                continue;
            }
            let listed = directory(found, &package.directory).and_then(VendoredDirectory::whole);
            match (package.from, listed) {
                (PlannedFrom::Crate(checksum), Some(listed)) if listed.package == Some(checksum) => {
                    work.prove.push((package, listed.tree_digest()));
                }
                (PlannedFrom::Crate(_), _) => work.write.push(package),
                (PlannedFrom::Git, _) => work.git.push(package),
            }
        }
        work
    }

    /// Derives what is there from its archive; what differs has to be written.
    fn prove(&mut self, run: &Run<'_>, derived: &mut Derived) -> Result<(), CommandError> {
        let packages: Vec<&PlannedPackage> = self.prove.iter().map(|(package, _)| *package).collect();
        derive(run.cli, run.made, &packages, derived, &|_, _| Ok(()))?;
        for (package, there) in std::mem::take(&mut self.prove) {
            match derived.trees.get(&package.position) {
                Some(tree) if *tree == there => {
                    self.keep.insert(package.position, there);
                }
                Some(_) => self.write.push(package),
                // It is among the problems, and nothing will be written at all.
                None => {}
            }
        }
        Ok(())
    }

    /// Lets cargo derive the git dependencies, from what was proven of everything else, and writes those that are not there as they
    /// must be.
    fn git_packages(
        &mut self,
        plan: &VendorPlan,
        place: &Place<'_>,
        found: &VendoredTree,
        stage: &mut Stage<'_>,
        before: &mut Before,
    ) -> Result<(), CommandError> {
        if self.git.is_empty() {
            return Ok(());
        }
        let run = place.run;
        let ids: Vec<&PackageId> = self.git.iter().map(|package| &package.id).collect();
        let lies = |package: &PlannedPackage| {
            stage.written(&package.directory).unwrap_or_else(|| place.vendor.path().join(&package.directory))
        };
        let proven: Vec<Utf8PathBuf> =
            plan.packages.iter().filter(|package| package.from != PlannedFrom::Git).map(lies).collect();
        let registries = plan.packages.iter().filter_map(|package| match &package.id.source {
            Source::Registry(registry) => Some(registry.clone()),
            Source::Local | Source::Git(_) | Source::Other(_) => None,
        });
        let configured = run.made.project().configs().found().registries().map_err(ProjectError::from)?;
        let names: Vec<(String, String)> = configured.iter().filter_map(ConfiguredRegistry::index_variable).collect();
        let request = GitRequest {
            root: &run.made.subject().root,
            lock: &run.made.subject().lock_path,
            offline: run.made.http().is_none(),
            proven: &proven,
            registries: &registries.collect(),
            names: &names,
        };
        let made = git_packages::vendor(&ids, &request, run.environment)?;
        for (package, git) in self.git.iter().zip(&made.packages) {
            let there = directory(found, &package.directory).and_then(VendoredDirectory::whole);
            if there == Some(&git.listed) {
                self.keep.insert(package.position, git.listed.tree_digest());
                continue;
            }
            before.look(place, found, package, &git.listed)?;
            self.derived.insert(package.position, git.listed.tree_digest());
            stage.also_write(&package.directory)?;
            stage.copy(&package.directory, &git.folder)?;
        }
        Ok(())
    }

    fn packages(
        &self,
        plan: &VendorPlan,
        derived: &Derived,
        found: &VendoredTree,
        platforms: &[String],
    ) -> Result<(Vec<VendoredPackage>, AllowList), CommandError> {
        let mut packages = Vec::with_capacity(plan.packages.len());
        let mut allow = AllowList::default();
        for package in &plan.packages {
            let kept = self.keep.get(&package.position).copied();
            let tree = kept
                .or_else(|| derived.trees.get(&package.position).copied())
                .or_else(|| self.derived.get(&package.position).copied());
            let (Some(tree), Some(id)) = (tree, AllowedId::of(&package.id)) else {
                return Err(CommandError::NotDerived { id: Box::new(package.id.clone()) });
            };
            let checksum = match package.from {
                PlannedFrom::Crate(checksum) => Some(checksum),
                PlannedFrom::Git => None,
            };
            let change = match (kept, directory(found, &package.directory)) {
                (Some(_), _) => PackageChange::Kept,
                (None, None) => PackageChange::New,
                (None, Some(_)) => PackageChange::Rewritten,
            };
            allow.releases.insert(id, AllowedRelease { checksum, tree, stub: package.stub });
            let (id, directory, stub) = (package.id.clone(), package.directory.clone(), package.stub);
            let approved = package.kept.is_none();
            packages.push(VendoredPackage { id, directory, checksum, tree, stub, change, approved });
        }
        if packages.iter().any(|package| package.stub) {
            allow.platforms.extend(platforms.iter().cloned().collect::<BTreeSet<_>>());
        }
        Ok((packages, allow))
    }
}

fn directory<'t>(found: &'t VendoredTree, name: &str) -> Option<&'t VendoredDirectory> {
    let at = found.directories.binary_search_by(|directory| (*directory.name).cmp(name)).ok()?;
    found.directories.get(at)
}

/// What lies where packages are written anew.
#[derive(Default)]
struct Before {
    /// What was altered in folders of ours.
    healed: Vec<Healed>,
    /// What no run wrote, by path below the vendor folder.
    strange: BTreeSet<String>,
}

impl Before {
    /// Holds what is there against the release that belongs there now, with these files.
    fn look(
        &mut self,
        place: &Place<'_>,
        found: &VendoredTree,
        package: &PlannedPackage,
        files: &VendorChecksums,
    ) -> Result<(), CommandError> {
        let name = &package.directory;
        let altered = match directory(found, name) {
            Some(directory) => {
                let recorded = place.previous.as_ref();
                let was_stub = recorded
                    .zip(AllowedId::of(&package.id))
                    .is_some_and(|(list, id)| list.releases.get(&id).is_some_and(|release| release.stub));
                let genuine = Genuine { files, stub: package.stub || was_stub, recorded };
                let hashed = (!tells(directory, genuine))
                    .then(|| vendor_tree::against(place.vendor.path(), directory, files))
                    .transpose()?;
                let directory = hashed.as_ref().unwrap_or(directory);
                let strange = strange(directory, files, place.known().lists(name));
                self.strange.extend(strange.into_iter().map(|path| format!("{name}/{path}")));
                altered(directory, genuine)
            }
            None if found.strays.iter().any(|stray| stray.path == *name) => {
                vec![AlteredFile { path: String::new(), how: Alteration::NotAFile }]
            }
            None => Vec::new(),
        };
        if !altered.is_empty() {
            let (directory, id) = (name.clone(), Some(package.id.clone()));
            self.healed.push(Healed { directory, id, files: altered });
        }
        Ok(())
    }
}
