//! `--local-registry`: the same approved set as `.crate` files with an index of their own.

use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8Path;

use super::derive::{Derived, derive, history};
use super::place::{Done, Left, Place, Run};
use crate::command::outcome::CommandError;
use crate::gather::local_registry::LocalRegistry;
use crate::gather::{local_registry, vendor_tree};
use crate::model::allow_list::{AllowList, AllowedId, AllowedRelease};
use crate::model::package::PackageId;
use crate::model::vendored::{VENDOR_ATTRIBUTES_FILE, VendorRoot, VendoredTree};
use crate::model::vendoring::{
    Alteration, AlteredFile, Healed, PackageChange, PlannedFrom, PlannedPackage, VendorPlan, VendoredPackage,
};
use crate::policy::plan::strange_lines;
use crate::write::local_index::{StagedIndex, index_path};
use crate::write::vendor_dir::Changes;

const INDEX: &str = "index";

/// Brings the folder to what the plan says.
pub(super) fn write(run: &Run<'_>, plan: &VendorPlan, folder: &Utf8Path) -> Result<Done, CommandError> {
    if let Some(git) = plan.packages.iter().find(|package| package.from == PlannedFrom::Git) {
        return Err(CommandError::GitInLocalRegistry { id: Box::new(git.id.clone()) });
    }
    let place = Place::open(run, plan, &run.environment.current_dir().join(folder), true)?;
    let index = index(run, plan)?;
    let found = local_registry::read(place.vendor.path(), &index)?;
    let mut derived = Derived::default();
    let (there, others): (Vec<&PlannedPackage>, Vec<&PlannedPackage>) =
        plan.packages.iter().partition(|package| is_there(package, &found));
    // Whatever lies there already is opened again: nothing else says what is in it.
    derive(run.cli, run.made, &there, &mut derived, &|_, _| Ok(()))?;

    let (ours, foreign) = remains(&found, &place, plan)?;
    let (kept, removed) = if run.arguments.no_delete { (ours, BTreeSet::new()) } else { (BTreeSet::new(), ours) };
    let mut write: BTreeSet<String> = others.iter().map(|package| file_name(&package.id)).collect();
    let staged_index = if found.index_is_wanted { None } else { Some(StagedIndex::write(&index)?) };
    write.extend(staged_index.iter().map(|_| INDEX.to_owned()));
    place.may_write_over(&write)?;
    if staged_index.is_some() {
        place.vendor.in_the_way(strange(run, plan, &place)?, place.known())?;
    }
    let stage = place.vendor.stage(Changes { write, remove: removed.clone(), attributes: true })?;
    derive(run.cli, run.made, &others, &mut derived, &|package, proven| {
        stage.write_file(&file_name(&package.id), proven.verified.bytes())
    })?;
    if !derived.problems.is_empty() {
        return Ok(Done::Refused(derived));
    }
    if let Some(staged) = &staged_index {
        stage.copy(INDEX, staged.path())?;
    }
    let (packages, allow) = packages(plan, &derived, &found)?;
    let healed = healed(&packages, &allow, place.known().listed, &found);
    let left = Left { packages, allow, removed, kept, foreign, healed };
    let done = place.publish(stage, left, derived)?;
    Ok(place.leave(done))
}

fn is_there(package: &PlannedPackage, found: &LocalRegistry) -> bool {
    match package.from {
        PlannedFrom::Crate(checksum) => found.files.get(&file_name(&package.id)) == Some(&Some(checksum)),
        PlannedFrom::Git => false,
    }
}

fn packages(
    plan: &VendorPlan,
    derived: &Derived,
    found: &LocalRegistry,
) -> Result<(Vec<VendoredPackage>, AllowList), CommandError> {
    let mut allow = AllowList::default();
    let mut packages = Vec::with_capacity(plan.packages.len());
    for package in &plan.packages {
        let (Some(tree), Some(id), PlannedFrom::Crate(checksum)) =
            (derived.trees.get(&package.position).copied(), AllowedId::of(&package.id), package.from)
        else {
            return Err(CommandError::NotDerived { id: Box::new(package.id.clone()) });
        };
        let (checksum, stub) = (Some(checksum), false);
        allow.releases.insert(id, AllowedRelease { checksum, tree, stub });
        let (id, directory) = (package.id.clone(), file_name(&package.id));
        let change = match (is_there(package, found), found.files.contains_key(&directory)) {
            (true, _) => PackageChange::Kept,
            (false, true) => PackageChange::Rewritten,
            (false, false) => PackageChange::New,
        };
        packages.push(VendoredPackage { id, directory, checksum, tree, stub, change, approved: true });
    }
    Ok((packages, allow))
}

/// What was altered. An archive's name says its release, so one with other bytes always was; the index was where the releases are still
/// those of the run before, which wrote it here.
fn healed(
    packages: &[VendoredPackage],
    allow: &AllowList,
    previous: Option<&AllowList>,
    found: &LocalRegistry,
) -> Vec<Healed> {
    let changed = || vec![AlteredFile { path: String::new(), how: Alteration::Changed }];
    let rewritten = packages.iter().filter(|package| package.change == PackageChange::Rewritten);
    let mut healed: Vec<Healed> = rewritten
        .map(|package| Healed { directory: package.directory.clone(), id: Some(package.id.clone()), files: changed() })
        .collect();
    if found.has_index && !found.index_is_wanted && previous.is_some_and(|previous| previous.releases == allow.releases)
    {
        healed.push(Healed { directory: INDEX.to_owned(), id: None, files: changed() });
    }
    healed
}

fn file_name(id: &PackageId) -> String {
    format!("{}-{}.crate", id.name, id.version)
}

/// The index of exactly these releases, each line as its registry served it, by the path of its file.
fn index(run: &Run<'_>, plan: &VendorPlan) -> Result<BTreeMap<String, Vec<u8>>, CommandError> {
    let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for package in &plan.packages {
        let line = history(run.made, &package.id).and_then(|history| history.line(&package.id.version).ok()?);
        let line = line.ok_or_else(|| CommandError::NotDerived { id: Box::new(package.id.clone()) })?;
        let file = files.entry(index_path(&package.id.name)).or_default();
        file.extend_from_slice(line.trim_ascii());
        file.push(b'\n');
    }
    Ok(files)
}

/// What of the index no run wrote.
fn strange(run: &Run<'_>, plan: &VendorPlan, place: &Place<'_>) -> Result<BTreeSet<String>, CommandError> {
    let VendorRoot::Crates(there) = local_registry::list(&run.made.subject().root, place.vendor.path())? else {
        return Ok(BTreeSet::new());
    };
    let planned = plan.packages.iter().filter_map(|package| match package.from {
        PlannedFrom::Crate(checksum) => Some((format!("{}@{}", package.id.name, package.id.version), checksum)),
        PlannedFrom::Git => None,
    });
    let before = place.previous.iter().flat_map(|list| &list.releases);
    let before = before.filter_map(|(id, release)| Some((id.release().to_owned(), release.checksum?)));
    Ok(strange_lines(&there, &planned.chain(before).collect(), place.known().listed).into_iter().collect())
}

/// Files that nothing locked needs: those that the allow-list before had with these bytes, and all others.
fn remains(
    found: &LocalRegistry,
    place: &Place<'_>,
    plan: &VendorPlan,
) -> Result<(BTreeSet<String>, BTreeSet<String>), CommandError> {
    let previous = place.previous.as_ref();
    let mut wanted: BTreeSet<String> = plan.packages.iter().map(|package| file_name(&package.id)).collect();
    wanted.extend([INDEX.to_owned(), VENDOR_ATTRIBUTES_FILE.to_owned()]);
    // What an earlier run left here unpacked is ours as well.
    let unpacked = match vendor_tree::read(&place.run.made.subject().root, place.vendor.path())? {
        VendorRoot::Read(tree) => tree,
        VendorRoot::Absent | VendorRoot::Link | VendorRoot::NotFolder | VendorRoot::Crates(_) => {
            VendoredTree::default()
        }
    };
    let mut others = place.vendor.remains(&unpacked, previous, &wanted)?;
    let mut ours = std::mem::take(&mut others.ours);
    let is_ours = |name: &str| {
        let digest = found.files.get(name).copied().flatten();
        let is_it = |id: &AllowedId, release: &AllowedRelease| {
            digest.is_some() && release.checksum == digest && name == id.archive_name()
        };
        previous.is_some_and(|previous| previous.releases.iter().any(|(id, release)| is_it(id, release)))
    };
    let (crates, foreign): (BTreeSet<String>, BTreeSet<String>) =
        others.foreign.into_iter().partition(|name| is_ours(name));
    ours.extend(crates);
    Ok((ours, foreign))
}
