//! What the advisories and a person's ignores say of the packages of a bill of materials.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::tz::TimeZone;

use super::advisory;
use crate::model::advisory::{Advisory, AdvisoryKind};
use crate::model::bom::{Bom, Component};
use crate::model::evaluation::{Evaluation, FixStanding, Judgement};
use crate::model::facts::{AdvisoryFact, Facts};
use crate::model::package::{CrateId, PackageId};
use crate::model::policy::{Ignore, Policy};
use crate::model::source::Registry;
use crate::model::verdict::Reasons;
use crate::model::vex::{Statement, Status, Vex};

/// Makes a statement for each vulnerability that hits a package of the bill.
#[must_use]
pub(crate) fn vex(bom: &Bom, facts: &Facts, evaluation: &Evaluation, policy: &Policy) -> Vex {
    let judgements: BTreeMap<&PackageId, &Judgement> =
        evaluation.judgements.iter().map(|judgement| (&judgement.id, judgement)).collect();
    let mut statements = Vec::new();
    for component in &bom.components {
        let judgement = judgements.get(&component.id).copied();
        // A package from elsewhere has the advisories of its namesake of crates.io.
        let of_registry = component.id.crate_id();
        let namesake = CrateId { registry: Registry::CratesIo, name: Arc::clone(&component.id.name) };
        let crate_id = of_registry.clone().unwrap_or(namesake);
        for hit in advisory::hits(&facts.advisories, &crate_id, &component.id.version) {
            let counts =
                matches!(hit.kind, AdvisoryKind::Vulnerability | AdvisoryKind::Malicious | AdvisoryKind::Unsound);
            let Some(purl) = component.purl.clone().filter(|_| counts) else { continue };
            let ignore = ignored(hit, component, facts, evaluation, policy);
            let status = match (of_registry.is_some(), ignore) {
                (_, Some(Ignore { justification: Some(justification), reason, .. })) => {
                    Status::NotAffected { justification: *justification, impact: reason.clone() }
                }
                (true, Some(ignore)) => Status::Affected {
                    action: format!("accepted until the end of {}: {}", ignore.until, ignore.reason),
                },
                (true, None) => to_do(hit, component, judgement),
                (false, _) => Status::UnderInvestigation {
                    note: "the advisory is about the release of crates.io with this name and version; whether this code is the same, \
                           nobody has said"
                        .to_owned(),
                    fixed_by: None,
                },
            };
            statements.push(Statement {
                advisory: Arc::clone(&hit.id),
                aliases: aliases(hit),
                title: hit.title.to_string(),
                url: hit.url.as_ref().map(ToString::to_string),
                reference: component.reference.clone(),
                name: Arc::clone(&component.id.name),
                purl,
                version: component.id.version.to_string(),
                sha256: component.sha256().map(|digest| digest.to_string()),
                status,
            });
        }
    }
    statements.sort_by(|one, other| (&one.advisory, &one.purl).cmp(&(&other.advisory, &other.purl)));
    statements.dedup_by(|one, other| (&one.advisory, &one.purl) == (&other.advisory, &other.purl));
    Vex { statements, created: bom.created, author: bom.author.clone() }
}

fn aliases(hit: &Advisory) -> Vec<String> {
    let mut aliases: Vec<String> =
        hit.aliases.iter().map(ToString::to_string).filter(|alias| **alias != *hit.id).collect();
    aliases.sort();
    aliases.dedup();
    aliases
}

/// The ignore in force that lasts longest; nobody may ignore what was made to do harm.
fn ignored<'p>(
    hit: &Advisory,
    component: &Component,
    facts: &Facts,
    evaluation: &Evaluation,
    policy: &'p Policy,
) -> Option<&'p Ignore> {
    let today = TimeZone::UTC.to_datetime(evaluation.now).date();
    let of_it = policy.advisories.ignore.iter().filter(|ignore| {
        ignore.until >= today && advisory::is_ignored_by(&facts.advisories, ignore, &component.id.name, &hit.id)
    });
    // A justification says more than a longer ignore without one.
    of_it
        .filter(|_| hit.kind != AdvisoryKind::Malicious)
        .max_by_key(|ignore| (ignore.justification.is_some(), ignore.until))
}

/// What nobody decided, and what would mend it.
fn to_do(hit: &Advisory, component: &Component, judgement: Option<&Judgement>) -> Status {
    if hit.kind == AdvisoryKind::Malicious {
        return Status::Affected { action: format!("remove {}: it was made to do harm", component.id.name) };
    }
    let fixes = judgement.into_iter().flat_map(|one| &one.fixes).filter(|fix| fix.advisory == hit.id);
    let (what, fixed_by) = match fixes.max_by(|one, other| one.version.cmp(&other.version)) {
        Some(fix) => {
            let standing = match &fix.standing {
                FixStanding::Approved(_) => "which the policy approves".to_owned(),
                FixStanding::Held(reasons) => held(reasons),
            };
            let update = format!("{} {} mends it, {standing}", component.id.name, fix.version);
            (update, Some(fix.version.to_string()))
        }
        None if hit.versions.patched().is_empty() => ("the advisory names no release that mends it".to_owned(), None),
        None => {
            let patched: Vec<String> = hit.versions.patched().iter().map(ToString::to_string).collect();
            let ranges = patched.join(" or ");
            (format!("{} {ranges} mends it, which no update within the requirements reaches", component.id.name), None)
        }
    };
    let note = format!("nobody has said whether the code is reached; {what}");
    Status::UnderInvestigation { note, fixed_by }
}

fn held(reasons: &Reasons) -> String {
    let codes: Vec<&str> = reasons.iter().map(|reason| reason.code().as_str()).collect();
    match reasons.eligible_at() {
        Some(at) => format!("which the policy holds until {at} ({})", codes.join(", ")),
        None => format!("which the policy rejects ({})", codes.join(", ")),
    }
}

/// Whether advisories were read at all: without them nothing can be said.
#[must_use]
pub(crate) const fn knows_advisories(facts: &Facts) -> bool {
    matches!(facts.advisories, AdvisoryFact::Read(_))
}
