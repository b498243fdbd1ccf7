//! `--local-registry`: the same approved set as `.crate` files with an index of their own.

use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8Path;

use super::derive::{Derived, derive, history, line_digest};
use super::tree::{PATIENCE, replaced};
use super::{CommandError, Done, Run};
use crate::apply::cargo_config::{ConfigFile, Location, Wanted, spliced};
use crate::apply::derived_trees as kept_notes;
use crate::apply::local_index::{StagedIndex, index_path};
use crate::apply::vendor_dir::{Changes, Faults, Opening, VendorDir};
use crate::gather::local_registry::LocalRegistry;
use crate::gather::{allow_list, derived_trees, local_registry};
use crate::model::allow_list::{AllowList, AllowedId, AllowedRelease};
use crate::model::package::PackageId;
use crate::model::plan::{PlannedFrom, PlannedPackage, VendorPlan};
use crate::model::vendor::VENDOR_ATTRIBUTES_FILE;
use crate::model::vendoring::{ConfigOutcome, PackageChange, VendoredPackage, Vendoring};

const INDEX: &str = "index";

/// Brings the folder to what the plan says.
pub(super) fn write(run: &Run<'_>, plan: &VendorPlan, folder: &Utf8Path) -> Result<Done, CommandError> {
    if let Some(git) = plan.packages.iter().find(|package| package.from == PlannedFrom::Git) {
        return Err(CommandError::GitInLocalRegistry { id: Box::new(git.id.clone()) });
    }
    let root = &run.made.subject.root;
    let opening =
        Opening { command: "cargo sequester vendor --local-registry", wait: PATIENCE, faults: Faults::default() };
    let vendor = VendorDir::open(root, &run.environment.current_dir().join(folder), opening)?;
    let config = ConfigFile::read(root)?;
    let previous = allow_list::read(config.path())?;
    let (replaced, location) = (replaced(plan), Location::LocalRegistry(vendor.relative()));
    if !run.arguments.no_config {
        let allow = previous.clone().unwrap_or_default();
        config.spliced(&Wanted { location, replaced: &replaced, allow: &allow })?;
    }
    let index = index(run, plan)?;
    let found = local_registry::read(vendor.path(), &index)?;
    let cargo_home = &run.made.reached.cargo_home;
    let mut notes = derived_trees::read(cargo_home);
    let mut derived = Derived::default();
    let there = |package: &PlannedPackage| match package.from {
        PlannedFrom::Crate(checksum) => found.files.get(&file_name(&package.id)) == Some(&Some(checksum)),
        PlannedFrom::Git => false,
    };
    // A file that is there with the right bytes was opened before where the notes know its tree.
    let is_known = |package: &PlannedPackage| {
        notes.get(package).is_some_and(|note| note.line.is_some() && note.line == line_digest(run.made, &package.id))
    };
    let (kept, others): (Vec<&PlannedPackage>, Vec<&PlannedPackage>) =
        plan.packages.iter().partition(|package| there(package));
    let unknown: Vec<&PlannedPackage> = kept.iter().copied().filter(|package| !is_known(package)).collect();
    derive(run.cli, run.made, &unknown, &mut derived, &|_, _, _| Ok(()))?;

    let (ours, foreign) = remains(&found, &vendor, plan, previous.as_ref())?;
    let (kept_on_request, remove) =
        if run.arguments.no_delete { (ours, BTreeSet::new()) } else { (BTreeSet::new(), ours) };
    let mut names: BTreeSet<String> = others.iter().map(|package| file_name(&package.id)).collect();
    let staged_index = if found.index_is_wanted { None } else { Some(StagedIndex::write(&index)?) };
    names.extend(staged_index.iter().map(|_| INDEX.to_owned()));
    let stage = vendor.stage(Changes { write: names, remove: remove.clone(), attributes: true })?;
    derive(run.cli, run.made, &others, &mut derived, &|package, verified, _| {
        stage.write_file(&file_name(&package.id), verified.bytes())
    })?;
    if !derived.problems.is_empty() {
        return Ok(Done::Refused(derived));
    }
    if let Some(staged) = &staged_index {
        stage.copy(INDEX, staged.path())?;
    }
    let mut allow = AllowList::default();
    let mut packages = Vec::with_capacity(plan.packages.len());
    let mut changed = false;
    for package in &plan.packages {
        if let Some(note) = derived.trees.get(&package.position) {
            changed |= notes.note(package, *note);
        }
        let (Some(note), Some(id), PlannedFrom::Crate(checksum)) =
            (notes.get(package), AllowedId::of(&package.id), package.from)
        else {
            return Err(CommandError::NotDerived { id: Box::new(package.id.clone()) });
        };
        let change = match (there(package), found.files.contains_key(&file_name(&package.id))) {
            (true, _) => PackageChange::Kept,
            (false, true) => PackageChange::Rewritten,
            (false, false) => PackageChange::New,
        };
        allow.releases.insert(id, AllowedRelease { checksum: Some(checksum), tree: note.tree, stub: false });
        let (id, directory) = (package.id.clone(), file_name(&package.id));
        packages.push(VendoredPackage {
            id,
            directory,
            checksum: Some(checksum),
            tree: note.tree,
            stub: false,
            change,
        });
    }
    let wanted = Wanted { location, replaced: &replaced, allow: &allow };
    let (applied, outcome) = if run.arguments.no_config {
        let block = String::from_utf8_lossy(&spliced(None, &wanted)?).into_owned();
        (stage.publish(None)?, ConfigOutcome::Printed(block))
    } else {
        let applied = stage.publish(Some((&config, &config.spliced(&wanted)?)))?;
        let outcome = if applied.config { ConfigOutcome::Written } else { ConfigOutcome::Unchanged };
        (applied, outcome)
    };
    if changed {
        kept_notes::keep(&derived_trees::path(cargo_home), &notes);
    }
    Ok(Done::Vendored(Vendoring {
        folder: vendor.relative().to_owned(),
        local_registry: true,
        packages,
        removed: remove.into_iter().collect(),
        kept: kept_on_request.into_iter().collect(),
        foreign: foreign.into_iter().collect(),
        poisoned: derived.poisoned,
        remarks: derived.remarks,
        downloaded: derived.downloaded,
        bytes: derived.bytes,
        config: outcome,
        recovered: vendor.recovered().is_some(),
        left_over: applied.left_over.map(|error| error.to_string()),
    }))
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

/// Files that nothing locked needs: those that the allow-list before had with these bytes, and all others.
fn remains(
    found: &LocalRegistry,
    vendor: &VendorDir,
    plan: &VendorPlan,
    previous: Option<&AllowList>,
) -> Result<(BTreeSet<String>, BTreeSet<String>), CommandError> {
    let mut wanted: BTreeSet<String> = plan.packages.iter().map(|package| file_name(&package.id)).collect();
    wanted.insert(INDEX.to_owned());
    wanted.insert(VENDOR_ATTRIBUTES_FILE.to_owned());
    let mut others = vendor.remains(previous, &wanted)?;
    let mut ours = std::mem::take(&mut others.ours);
    let listed = |name: &str, digest| {
        previous.is_some_and(|previous| {
            previous.releases.iter().any(|(id, release)| {
                release.checksum.is_some()
                    && release.checksum == digest
                    && name == format!("{}.crate", id.release().replace('@', "-"))
            })
        })
    };
    let (crates, foreign): (BTreeSet<String>, BTreeSet<String>) =
        others.foreign.into_iter().partition(|name| listed(name, found.files.get(name).copied().flatten()));
    ours.extend(crates);
    Ok((ours, foreign))
}
