//! `approve --prune`: removes approvals and ignores that are unused or over; `update` does so with what is over of the baseline.

use std::collections::BTreeSet;

use super::approve::recorded;
use super::audit::{assess, context_of};
use super::policy_text::PolicyText;
use super::record::Record;
use super::{CommandError, Outcome, output};
use crate::cli::{self, Cli};
use crate::gather::environment::Environment;
use crate::model::adoption::is_from_adoption;
use crate::model::evaluation::{Idle, Notice};
use crate::model::package::{CrateId, Package};
use crate::model::trail::release::ApprovalRecord;
use crate::model::trail::{Kind, ReleaseRecord};
use crate::project::{Decision, Project, Purpose, relative};
use crate::report::{blocker, curation, notice};
use crate::write::policy_file::without_entries;

pub(super) fn run(cli: &Cli, arguments: &cli::Approve, environment: &Environment) -> Result<Outcome, CommandError> {
    let made = assess(cli, &arguments.subject, &arguments.judge, Purpose::Change, environment)?;
    let context = context_of(cli, &made);
    let mut text = Vec::new();
    // As long as it is not decided what stands against the packages, nobody knows what is unused.
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
    after.write_over(&before)?;
    let id = writing.write(Kind::PolicyChanged, records(&made.facts().packages, &before, &lines), &before, &after)?;
    recorded(id, writing.who.as_ref(), &mut text)?;
    output::report(cli, &text)?;
    Ok(Outcome::Approved)
}

/// Removes what is over of the baseline, and says how many entries that was: nobody has anything to decide about them.
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
    after.write_over(&before)?;
    record.write(Kind::PolicyChanged, records(&decision.facts().packages, &before, &lines), &before, &after)?;
    Ok(lines.len())
}

/// The releases whose entries go. An ignore is recorded with the locked releases of its crate.
fn records(packages: &[Package], before: &PolicyText, lines: &BTreeSet<u32>) -> Vec<ReleaseRecord> {
    let approvals = before.approvals.iter().filter(|one| lines.contains(&one.line)).map(|one| {
        let crate_id = CrateId { registry: one.registry.clone(), name: one.crate_name.as_written().into() };
        ReleaseRecord { checksum: Some(one.checksum), ..ReleaseRecord::new(crate_id, one.version.clone()) }
    });
    let over = before.policy.advisories.ignore.iter().filter(|one| lines.contains(&one.line));
    let ignored = over.flat_map(|one| {
        packages
            .iter()
            .filter(|package| one.crate_name.as_ref().is_some_and(|name| name.names(&package.id.name)))
            .filter_map(|package| {
                let mut record = ReleaseRecord::new(package.id.crate_id()?, package.id.version.clone());
                record.approval =
                    Some(ApprovalRecord { ignores: vec![one.id.to_string()], ..ApprovalRecord::default() });
                Some(record)
            })
    });
    approvals.chain(ignored).collect()
}
