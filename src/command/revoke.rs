//! `revoke`: takes an approval, or the ignore of an advisory, out of the policy. It asks no registry.

use std::collections::BTreeSet;

use super::approve::recorded;
use super::policy_text::PolicyText;
use super::record::Record;
use super::spec::Spec;
use super::{CommandError, Outcome, output, request};
use crate::cli::{self, Cli};
use crate::gather::environment::Environment;
use crate::model::approval::Approval;
use crate::model::crate_name::is_same;
use crate::model::package::{CrateId, PackageId};
use crate::model::policy::Ignore;
use crate::model::source::Source;
use crate::model::trail::release::ApprovalRecord;
use crate::model::trail::{Kind, ReleaseRecord};
use crate::project::{JudgeBy, PolicyFrom, Project, Purpose, Subject, relative};
use crate::report::curation;
use crate::write::policy_file::without_entries;

pub(super) fn run(cli: &Cli, arguments: &cli::Revoke, environment: &Environment) -> Result<Outcome, CommandError> {
    let spec = Spec::parse(&arguments.spec)?;
    let judge = JudgeBy {
        policy: arguments.policy.clone().map_or(PolicyFrom::Project, PolicyFrom::File),
        ..JudgeBy::default()
    };
    let project = Project::open(request::by(cli, &arguments.subject, judge, Purpose::Change), environment)?;
    let file = relative(&project.policy_path(), environment);
    let before = PolicyText::read(&file)?;
    let (lines, releases, told) = match &arguments.id {
        Some(id) => ignores(&spec, id, project.subject(), &before)?,
        None => approvals(&spec, &before)?,
    };
    let writing = Record::of(&project, None, arguments.by.as_deref());
    writing.is_possible()?;
    let after = before.edited(without_entries(before.as_str(), &lines))?;
    after.write_over(&before)?;
    let id = writing.write(Kind::Revoked, releases, &before, &after)?;
    let mut text = Vec::new();
    curation::written("Revoked", &format!("{told} in {file}"), None, &mut text).map_err(CommandError::Output)?;
    recorded(id, writing.who.as_ref(), &mut text)?;
    output::report(cli, &text)?;
    Ok(Outcome::Approved)
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
            let name = found.first().map(|(id, _)| crate::report::context::package_name(id)).unwrap_or_default();
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
fn ignores(spec: &Spec, id: &str, subject: &Subject, policy: &PolicyText) -> Result<Found, CommandError> {
    let name = spec.crate_name().unwrap_or_default();
    let ignores = policy.policy.advisories.ignore.iter();
    let found: Vec<&Ignore> = ignores
        .filter(|one| one.id.eq_ignore_ascii_case(id) && one.crate_name.as_ref().is_some_and(|one| one.names(name)))
        .collect();
    let lines: BTreeSet<u32> = found.iter().map(|one| one.line).collect();
    if lines.is_empty() {
        return Err(CommandError::NothingToRevoke { what: "ignore of that advisory", spec: spec.to_string() });
    }
    let locked = subject.lock.packages.iter().filter(|package| is_same(&package.id.name, name));
    let records = locked.filter_map(|package| {
        let mut record = ReleaseRecord::new(package.id.crate_id()?, package.id.version.clone());
        let ignores = found.iter().map(|one| one.id.to_string()).collect();
        record.approval = Some(ApprovalRecord { ignores, ..ApprovalRecord::default() });
        Some(record)
    });
    Ok((lines, records.collect(), format!("the ignore of {id} for {name}")))
}
