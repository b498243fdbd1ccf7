//! Which rules of the policy did something in a run: those that did nothing, and those that end soon, are told.

use std::collections::BTreeSet;

use jiff::ToSpan as _;
use jiff::civil::Date;

use super::graph::same_line;
use super::judge::Judge;
use super::{advisory, judge, license, source};
use crate::model::approval::Approval;
use crate::model::evaluation::{Idle, Judgement, Notice, RuleKind};
use crate::model::facts::AdvisoryFact;
use crate::model::license::{LicenseFact, ReleasesOf};
use crate::model::package::{CrateId, LockedChecksum, Package, PackageId};
use crate::model::policy::{Ignore, Origin};
use crate::model::source::{Registry, Source};
use crate::model::verdict::{Basis, Exemption, Verdict, Warning};

/// How many days before its end an approval or an ignore is told of.
pub(crate) const WARNING_DAYS: i32 = 14;

/// Every rule that did nothing, and every exemption that ends soon and will be missed.
#[must_use]
pub(crate) fn notices(judge: &Judge<'_>, judgements: &[Judgement]) -> Vec<Notice> {
    let mut all = approvals(judge, judgements);
    all.extend(ignores(judge, judgements));
    all.extend(of_other_files(judge));
    all.extend(unused(judge));
    all
}

/// Whether a last day is so near that somebody should look again.
fn ends_soon(until: Date, today: Date) -> bool {
    today.checked_add(WARNING_DAYS.days()).is_ok_and(|horizon| until <= horizon)
}

fn approvals(judge: &Judge<'_>, judgements: &[Judgement]) -> Vec<Notice> {
    let in_use: Vec<&Exemption> = judgements
        .iter()
        .filter_map(|judgement| match &judgement.verdict {
            Some(Verdict::Approved(Basis::Approval { given })) => Some(given),
            Some(Verdict::Local | Verdict::Approved(_) | Verdict::Quarantined(_) | Verdict::Rejected(_)) | None => None,
        })
        .flatten()
        .collect();
    let told = judge.approvals.iter().filter_map(|one| {
        let Some(exemption) = in_use.iter().find(|exemption| exemption.line == one.line) else {
            return idle(judge, judgements, one);
        };
        let until = exemption.missed_after.filter(|until| ends_soon(*until, judge.today))?;
        Some(Notice::ApprovalEnding { line: one.line, release: release(one), until })
    });
    told.collect()
}

fn release(approval: &Approval) -> String {
    format!("{}@{}", approval.crate_name, approval.version)
}

/// Why an approval did nothing.
fn idle(judge: &Judge<'_>, judgements: &[Judgement], one: &Approval) -> Option<Notice> {
    let (line, release) = (one.line, release(one));
    let locked = judge.facts.packages.iter().zip(judgements).find(|(package, _)| {
        package.id.version == one.version
            && one.crate_name.names(&package.id.name)
            && package.id.crate_id().is_some_and(|id| id.registry == one.registry)
    });
    match (one.until.filter(|_| judge::has_lapsed(one, judge.today)), locked) {
        (Some(until), _) => Some(Notice::ApprovalLapsed { line, release, until }),
        // With a base, what was not judged needs no approval, and that says nothing about the approval.
        (None, Some((_, judgement))) if judgement.verdict.is_none() => None,
        (None, Some((package, _))) if package.checksum != LockedChecksum::Known(one.checksum) => {
            Some(Notice::ApprovalOfOtherBytes { line, release })
        }
        // It lifts some of the reasons, and others remain.
        (None, Some((_, judgement))) if !judgement.passes() => None,
        (None, Some(_)) => Some(Notice::ApprovalUnused { line, release, idle: Idle::NotHeld }),
        (None, None) => Some(Notice::ApprovalUnused { line, release, idle: not_locked(judge, one) }),
    }
}

/// Whether an update may move a locked release to the approved one, which is not locked.
fn not_locked(judge: &Judge<'_>, one: &Approval) -> Idle {
    let named = || judge.facts.packages.iter().map(|package| &package.id).filter(|id| one.crate_name.names(&id.name));
    let is_before = |id: &&PackageId| {
        id.crate_id().is_some_and(|id| id.registry == one.registry)
            && id.version < one.version
            && same_line(&id.version, &one.version)
    };
    match named().find(is_before) {
        Some(id) if named().count() == 1 => Idle::Ahead(id.name.to_string()),
        Some(id) => Idle::Ahead(format!("{}@{}", id.name, id.version)),
        None => Idle::NotLocked,
    }
}

fn ignores(judge: &Judge<'_>, judgements: &[Judgement]) -> Vec<Notice> {
    let whole = matches!(judge.facts.advisories, AdvisoryFact::Read(_)) && judge.facts.base.is_none();
    let policy = &judge.policy.advisories;
    policy
        .ignore
        .iter()
        .filter_map(|ignore| {
            let (line, advisory, until) = (ignore.line, ignore.id.clone(), ignore.until);
            if until < judge.today {
                return Some(Notice::IgnoreLapsed { line, advisory, until });
            }
            if !judgements.iter().any(|judgement| is_about_a_hit(judge, ignore, judgement)) {
                return whole.then_some(Notice::IgnoreUnused { line, advisory });
            }
            // Where a longer one says the same, nothing changes on that day.
            let decides = judgements.iter().any(|judgement| {
                let mut warnings = judgement.warnings.iter();
                warnings.any(|warning| match warning {
                    Warning::Ignored { advisory: id, until: last } => {
                        *last == until
                            && advisory::is_ignored_by(&judge.facts.advisories, ignore, &judgement.id.name, id)
                    }
                    Warning::Advisory { .. }
                    | Warning::NamedByAdvisory { .. }
                    | Warning::Yanked
                    | Warning::Signal(_)
                    | Warning::OutsideWorkspace { .. }
                    | Warning::OtherRepository { .. }
                    | Warning::LicenseUndecided => false,
                })
            });
            (decides && ends_soon(until, judge.today)).then_some(Notice::IgnoreEnding { line, advisory, until })
        })
        .collect()
}

fn is_about_a_hit(judge: &Judge<'_>, ignore: &Ignore, judgement: &Judgement) -> bool {
    judgement
        .advisories
        .iter()
        .any(|id| advisory::is_ignored_by(&judge.facts.advisories, ignore, &judgement.id.name, id))
}

/// Clarifications of locked releases that have other licence files than their authors read.
fn of_other_files(judge: &Judge<'_>) -> Vec<Notice> {
    let policy = &judge.policy.licenses;
    let about = |package: &Package| {
        let LicenseFact::Read(stated) = judge.facts.licenses.of_package(package)? else { return None };
        let of_it = || policy.clarify.iter().filter(|one| one.releases.has(&package.id.name, &package.id.version));
        // One of several is enough.
        let other: Option<Vec<_>> = of_it().map(|one| Some((one, license::other_file(one, stated)?))).collect();
        let (one, file) = other?.into_iter().next()?;
        let release = format!("{}@{}", package.id.name, package.id.version);
        Some(Notice::ClarificationOfOtherFiles { line: one.line, release, file: file.path.clone() })
    };
    judge.facts.packages.iter().filter_map(about).collect()
}

/// Rules that are about nothing that the lock file has. One that is misspelled looks like this, and does nothing.
fn unused(judge: &Judge<'_>) -> Vec<Notice> {
    let policy = judge.policy;
    let releases: Vec<CrateId> = judge.facts.packages.iter().filter_map(|package| package.id.crate_id()).collect();
    let registries: BTreeSet<&Registry> = releases.iter().map(|id| &id.registry).collect();
    let mut all = Vec::new();
    let mut tell = |kind, entry: String, line| all.push(Notice::RuleUnused { kind, entry, line });
    for rule in &policy.overrides {
        let line = match rule.min_publish_age.origin {
            Origin::File { line, .. } => Some(line),
            Origin::Default | Origin::Flag | Origin::Environment(_) => None,
        };
        let of_it = || releases.iter().filter(|id| id.registry == rule.registry);
        for pattern in rule.crates.iter().filter(|pattern| !of_it().any(|id| pattern.fits(&id.name))) {
            tell(RuleKind::Override, pattern.to_string(), line);
        }
    }
    for registry in policy.registries.keys().chain(&policy.sources.allow_registries) {
        if !registries.contains(registry) {
            tell(RuleKind::Registry, registry.to_string(), None);
        }
    }
    for rule in &policy.sources.allow_git {
        let is_it = |source: &Source| matches!(source, Source::Git(git) if source::allows_git(rule, git));
        if !judge.facts.packages.iter().any(|package| is_it(&package.id.source)) {
            let rev = rule.rev.as_ref().map(|rev| format!(" at {rev}")).unwrap_or_default();
            tell(RuleKind::Git, format!("{}{rev}", rule.url), None);
        }
    }
    let has = |of: &ReleasesOf| judge.facts.packages.iter().any(|one| of.has(&one.id.name, &one.id.version));
    for rule in policy.licenses.exceptions.iter().filter(|rule| !has(&rule.releases)) {
        tell(RuleKind::LicenseException, rule.releases.to_string(), Some(rule.line));
    }
    for rule in policy.licenses.clarify.iter().filter(|rule| !has(&rule.releases)) {
        tell(RuleKind::Clarification, rule.releases.to_string(), Some(rule.line));
    }
    for ban in &policy.deny {
        let mut ids = judge.facts.packages.iter().map(|package| &package.id);
        if !ids.any(|id| source::bans(ban, &id.name, &id.version)) {
            tell(RuleKind::Ban, ban.text.clone(), None);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by it")]

    use super::{not_locked, unused};
    use crate::model::approval::Approval;
    use crate::model::evaluation::{Idle, Notice, RuleKind};
    use crate::model::license::{Clarification, LicenseException, ReleasesOf};
    use crate::policy::by_hand::{World, checksum, crates_io, version};

    #[test]
    fn an_approval_is_ahead_of_what_an_update_may_move_to_it() {
        let world = World::new().lock("foo", "1.1.0", &["app"]);
        let idle = |number: &str| {
            let approval = Approval {
                crate_name: "foo".into(),
                registry: crates_io("foo").registry,
                version: version(number),
                checksum: checksum("foo"),
                lifts: Vec::new(),
                reason: String::new(),
                by: None,
                at: None,
                until: None,
                line: 1,
            };
            not_locked(&world.judge(), &approval)
        };
        assert_eq!(idle("1.2.0"), Idle::Ahead("foo".to_owned()));
        // What is older, or of another line, no update moves to.
        assert_eq!([idle("1.0.0"), idle("2.0.0"), idle("0.9.0")], [Idle::NotLocked, Idle::NotLocked, Idle::NotLocked]);
    }
    #[test]
    fn what_is_said_of_a_licence_is_unused_where_no_release_of_its_is_locked() {
        let releases =
            |req: Option<&str>| ReleasesOf { crate_name: "foo".into(), version: req.map(|req| req.parse().unwrap()) };
        let exception = |line, req| LicenseException { releases: releases(req), allow: Vec::new(), line };
        let clarification = |line, req| Clarification {
            releases: releases(req),
            expression: "MIT".to_owned(),
            files: Vec::new(),
            line,
        };
        let world = World::new().lock("foo", "1.1.0", &["app"]).with(|world| {
            let licenses = &mut world.policy.licenses;
            licenses.exceptions = vec![exception(1, None), exception(2, Some("=1.1.0")), exception(3, Some("<1"))];
            licenses.clarify = vec![clarification(4, Some("<1")), clarification(5, Some("1")), clarification(6, None)];
        });
        let told = |kind, line| Notice::RuleUnused { kind, entry: "foo@<1".to_owned(), line: Some(line) };
        let expected = [told(RuleKind::LicenseException, 3), told(RuleKind::Clarification, 4)];
        assert_eq!(unused(&world.judge()), expected);
    }
}
