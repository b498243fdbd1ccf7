//! From a decision to what `vendor` writes: only what is approved, and either all of it or nothing.

use std::collections::BTreeMap;

use semver::Version;

use super::platforms;
use crate::model::evaluation::Evaluation;
use crate::model::facts::Facts;
use crate::model::package::{LockedChecksum, Package, PackageId};
use crate::model::plan::{KeptPlace, PlanRefusal, PlannedFrom, PlannedPackage, TargetPlatform, VendorPlan};
use crate::model::source::Source;
use crate::model::verdict::Verdict;

/// How to lay the packages out.
#[derive(Clone, Copy, Debug, Default)]
pub struct PlanOptions<'a> {
    /// Whether every folder has the version in its name.
    pub versioned_dirs: bool,
    /// The platforms to vendor for; empty means all there are.
    pub targets: &'a [TargetPlatform],
    /// Packages that are not approved and stay where they are, by position in the lock file.
    pub kept: Option<&'a BTreeMap<usize, KeptPlace>>,
}

/// Plans for exactly the packages of the evaluation that come from elsewhere.
///
/// # Errors
/// Something is not approved, was not judged, or could not be decided; or two packages cannot lie side by side.
pub fn plan(facts: &Facts, evaluation: &Evaluation, options: &PlanOptions<'_>) -> Result<VendorPlan, PlanRefusal> {
    let kept = |position: usize| options.kept.and_then(|kept| kept.get(&position));
    let held: Vec<PackageId> =
        held(facts, evaluation).filter(|(at, _)| kept(*at).is_none()).map(|(_, id)| id.clone()).collect();
    if !held.is_empty() || !evaluation.blockers.is_empty() || evaluation.judgements.len() != facts.packages.len() {
        return Err(PlanRefusal::NotApproved(held));
    }
    let built = platforms::built(facts, options.targets);
    let wanted: Vec<(usize, &Package, PlannedFrom)> =
        facts.packages.iter().enumerate().filter_map(|(at, package)| Some((at, package, from(package)?))).collect();
    no_release_twice(wanted.iter().map(|(_, package, _)| &package.id))?;
    let mut newest: BTreeMap<&str, &Version> = BTreeMap::new();
    for (_, package, _) in &wanted {
        let highest = newest.entry(&package.id.name).or_insert(&package.id.version);
        *highest = (*highest).max(&package.id.version);
    }
    let mut packages: Vec<PlannedPackage> = wanted
        .iter()
        .map(|(position, package, from)| {
            let id = &package.id;
            if let Some(KeptPlace { directory, tree, stub }) = kept(*position) {
                let (directory, stub, kept) = (directory.clone(), *stub, Some(*tree));
                return PlannedPackage { position: *position, id: id.clone(), directory, from: *from, stub, kept };
            }
            let taken = |name: &str| options.kept.is_some_and(|kept| kept.values().any(|one| one.directory == name));
            let bare = !taken(&id.name)
                && !options.versioned_dirs
                && newest.get(&*id.name).is_some_and(|highest| **highest == id.version);
            let directory = if bare { id.name.to_string() } else { format!("{}-{}", id.name, id.version) };
            // There is no archive to derive a git package's stub from, and cargo writes it whole anyway.
            let stub = matches!(from, PlannedFrom::Crate(_)) && built.get(*position) == Some(&false);
            PlannedPackage { position: *position, id: id.clone(), directory, from: *from, stub, kept: None }
        })
        .collect();
    packages.sort_by(|one, other| one.directory.cmp(&other.directory));
    no_directory_twice(&packages)?;
    Ok(VendorPlan { packages })
}

/// Whatever stands against vendoring: not approved, not judged, or of a kind that nobody can check.
fn held<'a>(facts: &'a Facts, evaluation: &'a Evaluation) -> impl Iterator<Item = (usize, &'a PackageId)> {
    let pairs = facts.packages.iter().zip(&evaluation.judgements).enumerate();
    pairs
        .filter(|(_, (package, judgement))| {
            !may_be_vendored(package, judgement.verdict.as_ref()) || package.id != judgement.id
        })
        .map(|(at, (package, _))| (at, &package.id))
}

fn may_be_vendored(package: &Package, verdict: Option<&Verdict>) -> bool {
    match (&package.id.source, verdict) {
        (Source::Local, Some(Verdict::Local)) => true,
        (Source::Registry(_) | Source::Git(_), Some(Verdict::Approved(_))) => from(package).is_some(),
        (Source::Local | Source::Registry(_) | Source::Git(_) | Source::Other(_), _) => false,
    }
}

fn from(package: &Package) -> Option<PlannedFrom> {
    match (&package.id.source, &package.checksum) {
        (Source::Registry(_), LockedChecksum::Known(checksum)) => Some(PlannedFrom::Crate(*checksum)),
        // Without a commit there is no telling what cargo would fetch.
        (Source::Git(git), _) if git.commit.is_some() => Some(PlannedFrom::Git),
        (Source::Registry(_) | Source::Git(_) | Source::Local | Source::Other(_), _) => None,
    }
}

/// Cargo finds a package of a directory source by name and version alone.
fn no_release_twice<'a>(ids: impl Iterator<Item = &'a PackageId>) -> Result<(), PlanRefusal> {
    let mut seen: BTreeMap<(&str, &Version), &PackageId> = BTreeMap::new();
    for id in ids {
        if let Some(one) = seen.insert((&id.name, &id.version), id) {
            return Err(PlanRefusal::SameRelease { one: Box::new(one.clone()), other: Box::new(id.clone()) });
        }
    }
    Ok(())
}

fn no_directory_twice(packages: &[PlannedPackage]) -> Result<(), PlanRefusal> {
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    for package in packages {
        if let Some(one) = seen.insert(package.directory.to_lowercase(), &package.directory) {
            return Err(PlanRefusal::SameDirectory { one: one.to_owned(), other: package.directory.clone() });
        }
    }
    Ok(())
}
