//! The vendor folder: what can stay, what is written anew, what goes.

use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8Path;

use super::derive::{Derived, derive, line_digest};
use super::place::{Left, Place};
use super::{CommandError, Done, Run};
use crate::apply::vendor_dir::Changes;
use crate::gather::git_packages::{self, GitPackages, GitRequest};
use crate::gather::index::RegistryAccess;
use crate::gather::{derived_trees, vendor_tree};
use crate::model::allow_list::{AllowList, AllowedId, AllowedRelease};
use crate::model::checksum::Checksum;
use crate::model::derived::{DerivedTree, DerivedTrees};
use crate::model::package::PackageId;
use crate::model::plan::{PlannedFrom, PlannedPackage, VendorPlan};
use crate::model::vendored::{VendorRoot, VendoredDirectory, VendoredTree};
use crate::model::vendoring::{PackageChange, VendoredPackage};

/// Where they go unless the command line says otherwise.
const DEFAULT_FOLDER: &str = "vendor";

/// Brings the folder to what the plan says.
pub(super) fn write(run: &Run<'_>, plan: &VendorPlan) -> Result<Done, CommandError> {
    let root = &run.made.subject.root;
    let given = run.arguments.path.as_ref().map(|path| run.environment.current_dir().join(path));
    let place = Place::open(run, plan, &given.unwrap_or_else(|| root.join(DEFAULT_FOLDER)), false)?;
    let found = match vendor_tree::read(root, place.vendor.path())? {
        VendorRoot::Read(tree) => tree,
        VendorRoot::Absent | VendorRoot::Link | VendorRoot::NotFolder => VendoredTree::default(),
    };
    let mut notes = derived_trees::read(&run.made.reached.cargo_home);
    let mut work = Work::sort(run, plan, &found, &notes);
    let mut derived = Derived::default();
    work.prove(run, &mut derived)?;

    let wanted: BTreeSet<String> = plan.packages.iter().map(|package| package.directory.clone()).collect();
    let mut remains = place.vendor.remains(place.previous.as_ref(), &wanted)?;
    remains.foreign.retain(|name| !holds_local(run, &place.vendor.path().join(name)));
    let mut kept = BTreeSet::new();
    if run.arguments.no_delete {
        std::mem::swap(&mut kept, &mut remains.ours);
    }
    let git = work.git_packages(run)?;
    let write = work.write.iter().map(|package| package.directory.clone()).collect();
    for (package, tree, _) in git.iter().flat_map(Git::each) {
        derived.trees.insert(package.position, DerivedTree { line: None, tree });
    }
    let stage = place.vendor.stage(Changes { write, remove: remains.ours.clone(), attributes: true })?;
    derive(run.cli, run.made, &work.write, &mut derived, &|package, _, tree| {
        stage.write(&package.directory, tree, None)
    })?;
    for (package, _, folder) in git.iter().flat_map(Git::each) {
        stage.copy(&package.directory, folder)?;
    }
    if !derived.problems.is_empty() {
        return Ok(Done::Refused(derived));
    }
    let (packages, allow) = work.packages(plan, &derived, &found)?;
    let changed = notes.note_all(plan, &derived.trees);
    let left = Left { packages, allow, removed: remains.ours, kept, foreign: remains.foreign };
    place.publish(stage, left, derived, changed.then_some(&notes))
}

/// The packages by what has to be done about each.
struct Work<'p> {
    /// There, and known on this machine to be the archive's own tree.
    keep: BTreeMap<usize, Checksum>,
    /// There, and whole by its own account: the archive has to be asked.
    prove: Vec<(&'p PlannedPackage, Checksum)>,
    /// Absent, or something else.
    write: Vec<&'p PlannedPackage>,
}

impl<'p> Work<'p> {
    fn sort(run: &Run<'_>, plan: &'p VendorPlan, found: &VendoredTree, notes: &DerivedTrees) -> Self {
        let mut work = Self { keep: BTreeMap::new(), prove: Vec::new(), write: Vec::new() };
        for package in &plan.packages {
            let listed = directory(found, &package.directory).and_then(VendoredDirectory::whole);
            let line = |from| match from {
                PlannedFrom::Crate(_) => line_digest(run.made, &package.id),
                PlannedFrom::Git => None,
            };
            let known = notes.get(package).filter(|note| note.line == line(package.from)).map(|note| note.tree);
            let there = listed.map(|listed| (listed.tree_digest(), listed.package));
            match (known, there, package.from) {
                (Some(known), Some((tree, _)), _) if known == tree => {
                    work.keep.insert(package.position, tree);
                }
                (None, Some((tree, Some(said))), PlannedFrom::Crate(checksum)) if said == checksum => {
                    work.prove.push((package, tree));
                }
                _ => work.write.push(package),
            }
        }
        work
    }

    /// Derives what is there from its archive; what differs has to be written.
    fn prove(&mut self, run: &Run<'_>, derived: &mut Derived) -> Result<(), CommandError> {
        let packages: Vec<&PlannedPackage> = self.prove.iter().map(|(package, _)| *package).collect();
        derive(run.cli, run.made, &packages, derived, &|_, _, _| Ok(()))?;
        for (package, tree) in std::mem::take(&mut self.prove) {
            match derived.trees.get(&package.position) {
                Some(note) if note.tree == tree => {
                    self.keep.insert(package.position, tree);
                }
                Some(_) => self.write.push(package),
                // It is among the problems, and nothing will be written at all.
                None => {}
            }
        }
        Ok(())
    }

    /// Lets cargo vendor the git dependencies that have to be written.
    fn git_packages(&self, run: &Run<'_>) -> Result<Option<Git<'p>>, CommandError> {
        let wanted: Vec<&PlannedPackage> =
            self.write.iter().copied().filter(|package| package.from == PlannedFrom::Git).collect();
        if wanted.is_empty() {
            return Ok(None);
        }
        let ids: Vec<&PackageId> = wanted.iter().map(|package| &package.id).collect();
        let reached = &run.made.reached;
        let own = |registry| RegistryAccess::direct(registry).from;
        let mirrored = reached.access.iter().any(|(registry, access)| access.from != own(registry));
        let request = GitRequest { root: &run.made.subject.root, offline: !reached.network, mirrored };
        let packages = git_packages::vendor(&ids, &request, run.environment)?;
        Ok(Some(Git { wanted, packages }))
    }

    fn packages(
        &self,
        plan: &VendorPlan,
        derived: &Derived,
        found: &VendoredTree,
    ) -> Result<(Vec<VendoredPackage>, AllowList), CommandError> {
        let mut packages = Vec::with_capacity(plan.packages.len());
        let mut allow = AllowList::default();
        for package in &plan.packages {
            let kept = self.keep.get(&package.position).copied();
            let tree = kept.or_else(|| derived.trees.get(&package.position).map(|note| note.tree));
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
            packages.push(VendoredPackage { id, directory, checksum, tree, stub, change });
        }
        Ok((packages, allow))
    }
}

/// What cargo vendored, and for whom.
struct Git<'p> {
    wanted: Vec<&'p PlannedPackage>,
    packages: GitPackages,
}

impl<'p> Git<'p> {
    fn each(&self) -> impl Iterator<Item = (&'p PlannedPackage, Checksum, &Utf8Path)> {
        let pairs = self.wanted.iter().zip(&self.packages.packages);
        pairs.map(|(wanted, package)| (*wanted, package.tree, &*package.folder))
    }
}

fn directory<'t>(found: &'t VendoredTree, name: &str) -> Option<&'t VendoredDirectory> {
    let at = found.directories.binary_search_by(|directory| (*directory.name).cmp(name)).ok()?;
    found.directories.get(at)
}

/// Whether a package of the project's own lies there.
fn holds_local(run: &Run<'_>, folder: &Utf8Path) -> bool {
    let mut roots =
        run.made.facts.packages.iter().filter_map(|package| package.local.as_ref().map(|local| &local.root));
    roots.any(|root| root.starts_with(folder) || root.canonicalize_utf8().is_ok_and(|root| root.starts_with(folder)))
}
