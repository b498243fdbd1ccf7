//! What takes exemptions back: `revoke`, `approve --prune`, and `update` for entries of the baseline that have lapsed.

use std::collections::BTreeSet;

use semver::Version;

use super::audit::{assess, context_of};
use super::outcome::{CommandError, Outcome};
use super::record::{PolicyText, Record, recorded};
use super::spec::Spec;
use super::{output, request};
use crate::cli::{self, Cli};
use crate::gather;
use crate::gather::environment::Environment;
use crate::model::adoption::is_from_adoption;
use crate::model::approval::Approval;
use crate::model::crate_name::is_same;
use crate::model::evaluation::{Idle, Notice};
use crate::model::package::{CrateId, Package, PackageId};
use crate::model::policy::Ignore;
use crate::model::source::Source;
use crate::model::trail::release::ApprovalRecord;
use crate::model::trail::{Kind, ReleaseRecord, Trail};
use crate::project::{Decision, JudgeBy, PolicyFrom, Project, Purpose, Subject, relative, trail};
use crate::report::context::package_name;
use crate::report::{blocker, curation, notice};
use crate::write::policy_file::without_entries;

pub(super) fn run(cli: &Cli, arguments: &cli::Revoke, environment: &Environment) -> Result<Outcome, CommandError> {
    let spec = Spec::parse(&arguments.spec)?;
    let judge = JudgeBy {
        policy: arguments.policy.clone().map_or(PolicyFrom::Project, PolicyFrom::File),
        ..JudgeBy::default()
    };
    let project = Project::open(request::by(cli, &arguments.subject, judge, Purpose::Change), environment)?;
    project.remove_debris();
    let file = relative(&project.policy_path(), environment);
    let before = PolicyText::read(&file)?;
    let (lines, releases, told) = match &arguments.id {
        Some(id) => ignores(&spec, id, project.subject(), &before, &recorded_in(&project)?)?,
        None => approvals(&spec, &before)?,
    };
    let writing = Record::of(&project, None, arguments.by.as_deref());
    writing.is_possible()?;
    let after = before.edited(without_entries(before.as_str(), &lines))?;
    let id = writing.write(Kind::Revoked, releases, &before, &after, Vec::new())?;
    let mut text = Vec::new();
    curation::written("Revoked", &format!("{told} in {file}"), None, &mut text).map_err(CommandError::Output)?;
    recorded(id, writing.who.as_ref(), &mut text)?;
    output::report(cli, &text)?;
    Ok(Outcome::Approved)
}

/// What the project's audit trail has.
fn recorded_in(project: &Project) -> Result<Trail, CommandError> {
    Ok(gather::trail::read(&trail::folder(&project.policy_path()))?)
}

type Found = (BTreeSet<u32>, Vec<ReleaseRecord>, String);

fn approvals(spec: &Spec, policy: &PolicyText) -> Result<Found, CommandError> {
    let found: Vec<(PackageId, &Approval)> =
        policy.approvals.iter().map(|one| (package(one), one)).filter(|(id, _)| spec.names(id)).collect();
    let releases: BTreeSet<&PackageId> = found.iter().map(|(id, _)| id).collect();
    match releases.len() {
        0 => Err(CommandError::NothingToRevoke { what: "approval", spec: spec.to_string() }),
        1 => {
            let lines = found.iter().map(|(_, one)| one.line).collect();
            let records = found.iter().take(1).map(|(_, one)| {
                let crate_id = CrateId { registry: one.registry.clone(), name: one.crate_name.as_written().into() };
                ReleaseRecord { checksum: Some(one.checksum), ..ReleaseRecord::new(crate_id, one.version.clone()) }
            });
            let name = found.first().map(|(id, _)| package_name(id)).unwrap_or_default();
            Ok((lines, records.collect(), name))
        }
        _ => Err(spec.ambiguous(releases.into_iter().map(|id| (id, id.to_string())))),
    }
}

fn package(approval: &Approval) -> PackageId {
    PackageId {
        name: approval.crate_name.as_written().into(),
        version: approval.version.clone(),
        source: Source::Registry(approval.registry.clone()),
    }
}

/// An ignore that names no crate is wider than what is asked to go, and stays.
fn ignores(
    spec: &Spec,
    id: &str,
    subject: &Subject,
    policy: &PolicyText,
    trail: &Trail,
) -> Result<Found, CommandError> {
    let name = spec.crate_name().unwrap_or_default();
    let ignores = policy.policy.advisories.ignore.iter();
    let found: Vec<&Ignore> = ignores
        .filter(|one| one.id.eq_ignore_ascii_case(id) && one.crate_name.as_ref().is_some_and(|one| one.names(name)))
        .collect();
    let lines: BTreeSet<u32> = found.iter().map(|one| one.line).collect();
    if lines.is_empty() {
        return Err(CommandError::NothingToRevoke { what: "ignore of that advisory", spec: spec.to_string() });
    }
    // As each is written, which may be another spelling.
    let written: BTreeSet<&str> = found.iter().map(|one| &*one.id).collect();
    let packages = &subject.lock.packages;
    let records = written.into_iter().flat_map(|id| no_longer_ignored(id, &|one| is_same(one, name), packages, trail));
    Ok((lines, records.collect(), format!("the ignore of {id} for {name}")))
}

/// `approve --prune`: removes approvals and ignores that are unused or over.
pub(super) fn prune(cli: &Cli, arguments: &cli::Approve, environment: &Environment) -> Result<Outcome, CommandError> {
    let made = assess(cli, &arguments.subject, &arguments.judge, Purpose::Change, environment)?;
    made.project().remove_debris();
    let context = context_of(cli, &made);
    let mut text = Vec::new();
    // Until the packages are judged, it is not known what is unused.
    if !made.evaluation().blockers.is_empty() {
        for group in blocker::groups(&made.evaluation().blockers, &context) {
            curation::refused("undecided", &group.message, &group.help, &mut text).map_err(CommandError::Output)?;
        }
        output::report(cli, &text)?;
        return Ok(Outcome::Undecided);
    }
    let mut lines = BTreeSet::new();
    for notice in &made.evaluation().notices {
        // What waits for an update is not in use yet.
        let (Notice::ApprovalUnused { line, idle: Idle::NotLocked | Idle::NotHeld, .. }
        | Notice::ApprovalLapsed { line, .. }
        | Notice::ApprovalOfOtherBytes { line, .. }
        | Notice::IgnoreUnused { line, .. }
        | Notice::IgnoreLapsed { line, .. }) = notice
        else {
            continue;
        };
        lines.insert(*line);
        curation::note("Pruned", &notice::notice(notice, &context), &mut text).map_err(CommandError::Output)?;
    }
    if lines.is_empty() {
        curation::note("Nothing", "every approval and ignore is in use", &mut text).map_err(CommandError::Output)?;
        output::report(cli, &text)?;
        return Ok(Outcome::Approved);
    }
    let file = relative(&made.project().policy_path(), made.project().environment());
    let before = PolicyText::read(&file)?;
    let writing = Record::of(made.project(), Some(&made.facts().advisories), arguments.by.as_deref());
    writing.is_possible()?;
    let after = before.edited(without_entries(before.as_str(), &lines))?;
    let id = writing.write(
        Kind::PolicyChanged,
        removed_records(&made.facts().packages, &recorded_in(made.project())?, &before, &lines),
        &before,
        &after,
        Vec::new(),
    )?;
    recorded(id, writing.who.as_ref(), &mut text)?;
    output::report(cli, &text)?;
    Ok(Outcome::Approved)
}

/// Removes the entries of the baseline that have lapsed, about which there is nothing to decide, and returns how many they were.
pub(super) fn lapsed_baseline(project: &Project, decision: &Decision) -> Result<usize, CommandError> {
    let mut lines: BTreeSet<u32> = decision
        .evaluation()
        .notices
        .iter()
        .filter_map(|notice| {
            let (Notice::ApprovalLapsed { line, .. } | Notice::IgnoreLapsed { line, .. }) = notice else { return None };
            Some(*line)
        })
        .collect();
    if lines.is_empty() {
        return Ok(0);
    }
    let before = PolicyText::read(&relative(&project.policy_path(), project.environment()))?;
    let approvals = before.approvals.iter().map(|one| (one.line, &*one.reason));
    let ignores = before.policy.advisories.ignore.iter().map(|one| (one.line, &*one.reason));
    let adopted: BTreeSet<u32> =
        approvals.chain(ignores).filter(|(_, reason)| is_from_adoption(reason)).map(|(line, _)| line).collect();
    lines.retain(|line| adopted.contains(line));
    if lines.is_empty() {
        return Ok(0);
    }
    let record = Record::of(project, Some(&decision.facts().advisories), None);
    record.is_possible()?;
    let after = before.edited(without_entries(before.as_str(), &lines))?;
    let removed = removed_records(&decision.facts().packages, &recorded_in(project)?, &before, &lines);
    record.write(Kind::PolicyChanged, removed, &before, &after, Vec::new())?;
    Ok(lines.len())
}

/// The releases whose entries go.
fn removed_records(
    packages: &[Package],
    trail: &Trail,
    before: &PolicyText,
    lines: &BTreeSet<u32>,
) -> Vec<ReleaseRecord> {
    let approvals = before.approvals.iter().filter(|one| lines.contains(&one.line)).map(|one| {
        let crate_id = CrateId { registry: one.registry.clone(), name: one.crate_name.as_written().into() };
        ReleaseRecord { checksum: Some(one.checksum), ..ReleaseRecord::new(crate_id, one.version.clone()) }
    });
    let over = before.policy.advisories.ignore.iter().filter(|one| lines.contains(&one.line));
    let ignored = over.flat_map(|one| {
        let name = one.crate_name.as_ref();
        no_longer_ignored(&one.id, &|other| name.is_some_and(|name| name.names(other)), packages, trail)
    });
    approvals.chain(ignored).collect()
}

/// An ignore that goes, recorded with the locked releases of its crate; where none is locked any more, with those of which the trail says
/// that it was given for them.
fn no_longer_ignored(
    id: &str,
    is_crate: &dyn Fn(&str) -> bool,
    packages: &[Package],
    trail: &Trail,
) -> Vec<ReleaseRecord> {
    let locked = packages.iter().filter(|package| is_crate(&package.id.name));
    let locked = locked.filter_map(|package| Some((package.id.crate_id()?, package.id.version.clone())));
    let mut releases: BTreeSet<(CrateId, Version)> = locked.collect();
    if releases.is_empty() {
        let records = trail.events.values().flat_map(|event| &event.releases);
        let is_given = |record: &&ReleaseRecord| {
            let ignores = record.approval.iter().flat_map(|given| &given.ignores);
            is_crate(&record.crate_id.name) && ignores.into_iter().any(|one| one.eq_ignore_ascii_case(id))
        };
        releases.extend(records.filter(is_given).map(|record| (record.crate_id.clone(), record.version.clone())));
    }
    let record = |(crate_id, version)| ReleaseRecord {
        approval: Some(ApprovalRecord { ignores: vec![id.to_owned()], ..ApprovalRecord::default() }),
        ..ReleaseRecord::new(crate_id, version)
    };
    releases.into_iter().map(record).collect()
}
