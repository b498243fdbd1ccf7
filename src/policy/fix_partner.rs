//! Releases that a security fix cannot be used without, and that share its way around the age.

use std::collections::BTreeSet;
use std::sync::Arc;

use semver::Version;

use super::advisory;
use super::graph::{line, same_line};
use super::prior::{built, is_aged, target};
use super::security_fix::{AdmittedFix, Context};
use crate::model::history::History;
use crate::model::index_line::{Outline, Release};
use crate::model::package::CrateId;
use crate::model::source::Registry;
use crate::model::verdict::FixRole;

/// What the fix requires, and what the fix is reached through.
pub(super) fn of(context: &Context<'_, '_>, fix: &AdmittedFix, release: &Release) -> Vec<AdmittedFix> {
    let mut all = companions(context, fix, release);
    all.extend(dependents(context, fix));
    all
}

/// For every requirement of the fix that no old-enough release satisfies: the lowest release that does.
fn companions(context: &Context<'_, '_>, fix: &AdmittedFix, release: &Release) -> Vec<AdmittedFix> {
    let role = FixRole::Companion { of: fix.crate_id.name.clone(), version: fix.version.clone() };
    built(release)
        .filter_map(|dependency| {
            let crate_id = target(&fix.crate_id, dependency).filter(|id| context.judge.locked.contains(id))?;
            let history = context.judge.history(&crate_id)?;
            let satisfying = history.outlines().filter(|one| dependency.req.matches(&one.version));
            let lowest = lowest_young(context, &crate_id, satisfying)?;
            partner(context, fix, crate_id, history, lowest, role.clone())
        })
        .collect()
}

/// For every locked crate that depends on the fixed one: where no old-enough release of its compatibility line lets the fix in, the
/// lowest one that does. Which release of the line is locked makes no difference, so the answer stays when the lock file has moved.
fn dependents(context: &Context<'_, '_>, fix: &AdmittedFix) -> Vec<AdmittedFix> {
    let role = FixRole::Dependent { of: fix.crate_id.name.clone(), version: fix.version.clone() };
    let judge = context.judge;
    let packages = &judge.facts.packages;
    let mut all = Vec::new();
    let mut asked: BTreeSet<(CrateId, Version)> = BTreeSet::new();
    let fixed = packages
        .iter()
        .enumerate()
        .filter(|(_, one)| one.id.name == fix.crate_id.name && one.id.crate_id().as_ref() == Some(&fix.crate_id));
    for dependent in fixed.flat_map(|(position, _)| judge.graph.dependents(position)) {
        let Some(dependent) = packages.get(*dependent) else { continue };
        let Some(crate_id) = dependent.id.crate_id() else { continue };
        let Some(history) = judge.history(&crate_id) else { continue };
        if !asked.insert((crate_id.clone(), line(&dependent.id.version))) {
            continue;
        }
        let reaching = history
            .outlined_lines()
            .filter(|(one, _)| same_line(&one.version, &dependent.id.version))
            .filter(|(_, text)| reaches(history.name(), text, &crate_id, fix))
            .map(|(one, _)| one);
        if let Some(lowest) = lowest_young(context, &crate_id, reaching) {
            all.extend(partner(context, fix, crate_id, history, lowest, role.clone()));
        }
    }
    all
}

/// The lowest of the releases, where none of them that can be used is old enough. A yanked one is not passed over for the next:
/// whoever owns the crate could choose by yanking which release comes early.
fn lowest_young<'h>(
    context: &Context<'_, '_>,
    crate_id: &CrateId,
    releases: impl Iterator<Item = &'h Outline>,
) -> Option<&'h Outline> {
    let mut lowest: Option<&Outline> = None;
    for release in releases {
        if !is_aged(context.judge, crate_id, release) {
            lowest = Some(lowest.filter(|lowest| lowest.version <= release.version).unwrap_or(release));
        } else if !release.yanked {
            return None;
        }
    }
    lowest
}

/// A release that takes part in a fix, under the conditions of the fix itself, and hit by no advisory of any kind.
fn partner(
    context: &Context<'_, '_>,
    fix: &AdmittedFix,
    crate_id: CrateId,
    history: &History,
    outline: &Outline,
    role: FixRole,
) -> Option<AdmittedFix> {
    // Of other registries' crates the database knows nothing, so it cannot say that nothing is known against them.
    if crate_id.registry != Registry::CratesIo {
        return None;
    }
    let advisory = advisory::about(&context.judge.facts.advisories, &fix.crate_id)
        .iter()
        .find(|advisory| advisory.id == fix.advisory)?;
    let (_, findings) = context.is_ripe(outline, advisory).then(|| context.clean(&crate_id, history, outline))??;
    let version = outline.version.clone();
    let admitted = AdmittedFix { crate_id, version, advisory: Arc::clone(&fix.advisory), role };
    findings.advisories.is_empty().then_some(admitted)
}

/// Whether an index line's release depends on the fixed crate in a way that lets the fix in.
fn reaches(name: &str, line: &[u8], crate_id: &CrateId, fix: &AdmittedFix) -> bool {
    Release::parse(name, line).is_ok_and(|release| {
        built(&release).any(|dependency| {
            target(crate_id, dependency).as_ref() == Some(&fix.crate_id) && dependency.req.matches(&fix.version)
        })
    })
}
