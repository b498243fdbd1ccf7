//! The first event of an audit trail: what the project had locked when it adopted the gate, and what was known of it.

use super::draft::Draft;
use crate::command::record::release;
use crate::model::policy::Ignore;
use crate::model::trail::ReleaseRecord;
use crate::model::trail::release::ApprovalRecord;
use crate::project::Assessment;

/// Every release of a registry: its checksum and pubtime can be held against the registry from now on, and what is carried of it is not
/// told as a loosened policy later. A release that both an approval and an ignore carry has a record for each, because they end on
/// different days.
pub(super) fn releases(made: &Assessment, draft: &Draft) -> Vec<ReleaseRecord> {
    let mut releases = Vec::new();
    for (package, judgement) in made.facts().packages.iter().zip(&draft.evaluation.judgements) {
        let Some(mut record) = release(package, judgement) else { continue };
        let approval = draft.baseline.approvals.iter().find(|one| {
            one.crate_name.names(&record.crate_id.name)
                && one.registry == record.crate_id.registry
                && one.version == record.version
        });
        let of_crate = |one: &&Ignore| {
            one.crate_name.as_ref().is_some_and(|name| name.names(&record.crate_id.name))
                && judgement.advisories.contains(&one.id)
        };
        let ignores: Vec<_> = draft.baseline.ignores.iter().filter(of_crate).collect();
        let waived = ignores.first().map(|first| ApprovalRecord {
            ignores: ignores.iter().map(|one| one.id.to_string()).collect(),
            lifts: Vec::new(),
            reason: Some(first.reason.clone()),
            until: Some(first.until),
        });
        let Some(approval) = approval else {
            record.approval = waived;
            releases.push(record);
            continue;
        };
        let beside = waived.map(|waived| ReleaseRecord {
            approval: Some(waived),
            ..ReleaseRecord::new(record.crate_id.clone(), record.version.clone())
        });
        record.approval = Some(ApprovalRecord {
            ignores: Vec::new(),
            lifts: approval.lifts.clone(),
            reason: Some(approval.reason.clone()),
            until: approval.until,
        });
        releases.push(record);
        releases.extend(beside);
    }
    releases
}
