//! Releases that a security fix cannot be used without, and that share its way around the age.

use std::collections::BTreeSet;
use std::sync::Arc;

use semver::Version;

use super::graph::{line, same_line};
use super::security_fix::{Early, FixRule, Needed, built, requires_nothing_else, target};
use crate::model::history::History;
use crate::model::index_line::{Outline, Release};
use crate::model::package::{CrateId, Package};
use crate::model::source::Registry;
use crate::model::verdict::{FixRole, ReasonCode, Warning};

/// A release that comes early along with a fix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Partner {
    /// The crate.
    pub crate_id: CrateId,
    /// The release.
    pub version: Version,
    /// Why, and from when on.
    pub early: Early,
}

/// Everything that may come along with the fixes that the locked releases need. A fix of a crate that is not locked mends nothing that
/// is, and takes nothing along.
#[must_use]
pub(crate) fn partners(rule: &FixRule<'_>) -> Vec<Partner> {
    let mut all = Vec::new();
    for (crate_id, needed) in rule.all_needed() {
        let fix = Fix { rule, crate_id, needed: &needed };
        all.extend(fix.companions());
        all.extend(fix.dependents());
    }
    all
}

/// A needed fix with what is asked about it.
struct Fix<'f, 'a> {
    rule: &'f FixRule<'a>,
    crate_id: &'f CrateId,
    needed: &'f Needed<'a>,
}

impl Fix<'_, '_> {
    fn version(&self) -> &Version {
        &self.needed.release.outline.version
    }

    /// For every requirement of the fix that no release of the usual age satisfies: the lowest release that does.
    fn companions(&self) -> Vec<Partner> {
        let role = FixRole::Companion { of: self.crate_id.name.clone(), version: self.version().clone() };
        let companion = |dependency: &crate::model::index_line::Requirement| {
            let crate_id = target(self.crate_id, dependency)?;
            let history = self.rule.evidence.history(&crate_id)?;
            let satisfies = |version: &Version| dependency.req.matches(version);
            let mut locked = self.rule.ground.locked(&crate_id).map(|(_, package)| &package.id.version).peekable();
            locked.peek()?;
            let satisfying: Vec<_> = history.outlines().filter(|one| satisfies(&one.version)).collect();
            let was_aged = |one: &&Outline| self.rule.may_have_been_aged(&crate_id, one, self.needed.moment);
            let lowest = lowest(satisfying.iter().copied())?;
            if satisfying.iter().any(was_aged) || locked.any(|one| *one != lowest.version && satisfies(one)) {
                return None;
            }
            self.partner(&crate_id, history, lowest, role.clone())
        };
        built(&self.needed.release).filter_map(companion).collect()
    }

    /// For every locked crate through which the hit release is locked: where no release of the usual age lets in one that is not hit,
    /// the lowest that lets in the fix. Only releases of the locked one's compatibility line are in question.
    fn dependents(&self) -> Vec<Partner> {
        let mended = |package: &Package| {
            let locked = &package.id.version;
            let is_hit = self.needed.advisory.versions.is_vulnerable(locked);
            locked == self.version() || (is_hit && super::graph::serves(locked, self.version()))
        };
        let locked = self.rule.ground.locked(self.crate_id);
        let positions: BTreeSet<usize> =
            locked.filter(|(_, package)| mended(package)).map(|(position, _)| position).collect();
        let mut asked: BTreeSet<(CrateId, Version)> = BTreeSet::new();
        let dependents = self.rule.ground.dependents(&positions);
        dependents
            .filter_map(|dependent| {
                let crate_id = dependent.id.crate_id()?;
                let is_new = asked.insert((crate_id.clone(), line(&dependent.id.version)));
                is_new.then(|| self.dependent(&crate_id, &dependent.id.version))?
            })
            .collect()
    }

    fn dependent(&self, crate_id: &CrateId, locked: &Version) -> Option<Partner> {
        let fixed = self.rule.evidence.history(self.crate_id)?;
        let history = self.rule.evidence.history(crate_id)?;
        let is_hit = |version: &Version| self.needed.advisory.versions.is_vulnerable(version);
        let mended: Vec<&Version> = fixed.outlines().map(|one| &one.version).filter(|one| !is_hit(one)).collect();
        let requirements = self.rule.ground.requirements(crate_id, locked);
        let mut reaching = Vec::new();
        for (release, text) in history.outlined_lines().filter(|(one, _)| same_line(&one.version, locked)) {
            let parsed = Release::parse(history.name(), text);
            // What cannot be read could be the one that makes all others unnecessary.
            let lets_in = |version: &Version| parsed.as_ref().map_or(true, |one| self.lets_in(crate_id, one, version));
            let would_do = requirements.accept(&release.version)
                && self.rule.may_have_been_aged(crate_id, release, self.needed.moment)
                && mended.iter().any(|version| lets_in(version));
            if would_do {
                return None;
            }
            if lets_in(self.version()) {
                reaching.push(release);
            }
        }
        let lowest = lowest(reaching.iter().copied())?;
        let reaches = |version: &Version| reaching.iter().any(|one| one.version == *version);
        let mut others = self.rule.ground.locked(crate_id).filter(|(_, one)| one.id.version != lowest.version);
        if others.any(|(_, one)| reaches(&one.id.version)) || self.was_aged(crate_id, lowest) {
            return None;
        }
        let role = FixRole::Dependent { of: self.crate_id.name.clone(), version: self.version().clone() };
        self.partner(crate_id, history, lowest, role)
    }

    fn was_aged(&self, crate_id: &CrateId, release: &Outline) -> bool {
        self.rule.may_have_been_aged(crate_id, release, self.needed.moment)
    }

    /// Whether a release depends on the fixed crate and accepts this version of it.
    fn lets_in(&self, crate_id: &CrateId, release: &Release, version: &Version) -> bool {
        built(release).any(|dependency| {
            target(crate_id, dependency).as_ref() == Some(self.crate_id) && dependency.req.matches(version)
        })
    }

    /// A release that takes part in a fix, under the conditions of the fix itself, with no signal and hit by no advisory of any kind.
    fn partner(&self, crate_id: &CrateId, history: &History, outline: &Outline, role: FixRole) -> Option<Partner> {
        // Of other registries' crates the database knows nothing, so it cannot say that nothing is known against them.
        if crate_id.registry != Registry::CratesIo {
            return None;
        }
        let (since, known) = self.rule.comes_of_age(outline, self.needed.advisory)?;
        let (release, findings) = self.rule.clean(crate_id, history, outline)?;
        let is_sign = |code| matches!(code, ReasonCode::Signal | ReasonCode::Inspection);
        let has_signal = findings.reasons.iter().any(|reason| is_sign(reason.code()))
            || findings.warnings.iter().any(|warning| matches!(warning, Warning::Signal(_)));
        if has_signal || !findings.advisories.is_empty() || !self.brings_nothing(crate_id, history, &release) {
            return None;
        }
        let fix = &self.needed.early;
        let early = Early {
            advisory: Arc::clone(&fix.advisory),
            role,
            need: fix.need.clone(),
            since: since.max(fix.since),
            known: known && fix.known,
        };
        Some(Partner { crate_id: crate_id.clone(), version: outline.version.clone(), early })
    }

    /// Whether the newest release of the line that had the usual age requires every crate that this one requires. Where there is none, a
    /// release may require nothing.
    fn brings_nothing(&self, crate_id: &CrateId, history: &History, release: &Release) -> bool {
        let version = &release.outline.version;
        let aged = history
            .outlines()
            .filter(|one| same_line(&one.version, version))
            .filter(|one| self.rule.was_aged(crate_id, one, self.needed.moment));
        match aged.max_by(|one, other| one.version.cmp(&other.version)) {
            Some(newest) => self
                .rule
                .release(crate_id, history, &newest.version)
                .is_some_and(|before| requires_nothing_else(crate_id, release, &before)),
            None => built(release).next().is_none(),
        }
    }
}

/// The lowest of all these releases. One that is yanked or old is not passed over for the next: whoever owns the crate could otherwise
/// choose by yanking which release comes early.
fn lowest<'h>(releases: impl Iterator<Item = &'h Outline>) -> Option<&'h Outline> {
    releases.min_by(|one, other| one.version.cmp(&other.version))
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::partners;
    use crate::model::facts::AdvisoryFact;
    use crate::policy::by_hand::{World, days_ago, line, now, vulnerability};
    use crate::policy::security_fix::FixRule;

    /// What came after the database's last change could be hit without its knowing.
    #[test]
    fn a_companion_comes_early_only_where_the_advisories_know_both_it_and_the_fix() {
        let admitted = |of_fix: i64, of_companion: i64| {
            let asking = |number: &str, days: i64, req: &str| line("foo", number, days_ago(days), &[("bar", req)]);
            let world = World::new().publish_line(&asking("1.0.0", 90, "^1.0")).lock("foo", "1.0.0", &["app"]);
            let world = world.publish_line(&asking("1.0.1", of_fix, "^1.1")).publish("bar", "1.0.0", 90);
            let world = world.publish("bar", "1.1.0", of_companion).lock("bar", "1.0.0", &["foo"]);
            let world = world.advise(vulnerability("foo", &[">= 1.0.1"])).with(|world| {
                let AdvisoryFact::Read(database) = &mut world.facts.advisories else { panic!("there is a database") };
                database.committed = Some(days_ago(3) + SignedDuration::from_secs(1));
            });
            let rule = FixRule::new(world.judge().evidence().clone());
            let partners = rule.iter().flat_map(partners).map(|one| one.early.is_admitted(now()));
            partners.collect::<Vec<_>>()
        };
        assert_eq!(admitted(3, 3), [true]);
        for (of_fix, of_companion) in [(2, 3), (3, 2), (2, 2)] {
            assert_eq!(admitted(of_fix, of_companion), [false], "{of_fix} and {of_companion} days old");
        }
    }
}
