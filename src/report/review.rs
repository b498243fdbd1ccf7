//! What a change makes of the lock file, for its reviewer: one table of every package that is not what it was.

use std::collections::{BTreeMap, BTreeSet};

use super::audit::{Severity, severity};
use super::context::{Context, registry_name};
use super::markdown::{Document, cell, code, sentence};
use super::reason::{self, cited};
use super::signal::signal;
use super::status::codes;
use super::words::{distance, eligible};
use super::{notice, update};
use crate::model::evaluation::{Evaluation, Judgement};
use crate::model::package::{Package, PackageId};
use crate::model::resolution::Change;
use crate::model::source::{Registry, Source};
use crate::model::verdict::{Basis, Reason, ReasonCode, Verdict, Warning};

/// The decision on the lock file after a change, in which the packages that the change left are looked up.
#[derive(Clone, Debug)]
pub(crate) struct Reviewed<'a> {
    pub changes: &'a [Change],
    /// The packages of the lock file after the change, and the decision on them in their order.
    pub packages: &'a [Package],
    pub evaluation: &'a Evaluation,
    pub context: Context<'a>,
    /// What the change itself approves.
    pub approved_by_change: BTreeSet<PackageId>,
}

/// One change with what is known of the package after it.
struct Row<'a> {
    change: &'a Change,
    judgement: Option<&'a Judgement>,
    /// Whether the same name goes from, or comes to, another source in the same change.
    from_elsewhere: bool,
    remarks: Vec<String>,
}

/// Adds the heading and the table, what is not approved first, then what is worth a look.
pub(crate) fn table(reviewed: &Reviewed<'_>, document: &mut Document) {
    if reviewed.changes.is_empty() {
        return document.heading("Changed packages: none");
    }
    document.heading(&format!("Changed packages: {}", reviewed.changes.len()));
    let judgements: BTreeMap<&PackageId, &Judgement> =
        reviewed.evaluation.judgements.iter().map(|judgement| (&judgement.id, judgement)).collect();
    let mut sources: BTreeMap<&str, BTreeSet<&Source>> = BTreeMap::new();
    for change in reviewed.changes {
        sources.entry(&change.name).or_default().insert(&change.source);
    }
    let mut rows: Vec<Row<'_>> = reviewed
        .changes
        .iter()
        .map(|change| {
            let judgement = change.after().and_then(|id| judgements.get(&id).copied());
            let from_elsewhere = sources.get(&*change.name).is_some_and(|sources| sources.len() > 1);
            let remarks = remarks(change, judgement, from_elsewhere, &reviewed.context);
            Row { change, judgement, from_elsewhere, remarks }
        })
        .collect();
    rows.sort_by_key(|row| {
        let held = row.judgement.and_then(severity);
        (held.is_none(), held, !row.from_elsewhere, row.remarks.is_empty())
    });
    document.table(
        ["Package", "Version", "Published", "Verdict", "Dependencies", "Worth a look"],
        rows.into_iter().map(|row| {
            [
                code(&name(row.change)),
                version(row.change),
                published(row.change, &reviewed.context),
                verdict(row.change, row.judgement, reviewed),
                dependencies(row.change, row.judgement, reviewed.packages),
                cell(row.remarks),
            ]
        }),
    );
}

/// With its source, where that is not crates.io.
fn name(change: &Change) -> String {
    match &change.source {
        Source::Local | Source::Registry(Registry::CratesIo) => change.name.to_string(),
        Source::Registry(registry) => format!("{} ({})", change.name, registry_name(registry)),
        source @ (Source::Git(_) | Source::Other(_)) => format!("{} ({source})", change.name),
    }
}

fn version(change: &Change) -> String {
    let code = |version: &semver::Version| code(&version.to_string());
    match (&change.from, &change.to) {
        (Some(from), Some(to)) if from == to => format!("{}, **with another checksum**", code(to)),
        (Some(from), Some(to)) if to < from => format!("{} → {} (back)", code(from), code(to)),
        (Some(from), Some(to)) => format!("{} → {}", code(from), code(to)),
        (None, Some(to)) => format!("new: {}", code(to)),
        (Some(from), None) => format!("removed: {}", code(from)),
        (None, None) => String::new(),
    }
}

fn published(change: &Change, context: &Context<'_>) -> String {
    change.pubtime.map_or_else(
        || "–".to_owned(),
        |at| format!("{}<br>{}", distance(context.now, at), at.strftime("%Y-%m-%d %H:%M")),
    )
}

fn verdict(change: &Change, judgement: Option<&Judgement>, reviewed: &Reviewed<'_>) -> String {
    if change.to.is_none() {
        return "–".to_owned();
    }
    let Some(judgement) = judgement else { return "not judged".to_owned() };
    match &judgement.verdict {
        None => "in the base already".to_owned(),
        Some(Verdict::Local) => "local".to_owned(),
        // Where the run could not decide, nothing is called fit to be built.
        Some(Verdict::Approved(_)) if !reviewed.evaluation.blockers.is_empty() => "–".to_owned(),
        Some(Verdict::Approved(Basis::Aged)) => "approved".to_owned(),
        Some(Verdict::Approved(Basis::Approval { given })) if reviewed.approved_by_change.contains(&judgement.id) => {
            let lifted = given.iter().flat_map(|exemption| &exemption.lifted);
            let lifted: Vec<&str> = lifted.copied().map(ReasonCode::as_str).collect();
            format!("**approved by this change**: lifts {}", lifted.join(", "))
        }
        Some(Verdict::Approved(basis)) => {
            format!("approved: {}", sentence(&notice::basis(basis, &reviewed.context)))
        }
        Some(Verdict::Quarantined(reasons) | Verdict::Rejected(reasons)) => {
            let word = severity(judgement).map_or("Rejected", Severity::word);
            let at = reasons.eligible_at().map(|at| format!("eligible {}", eligible(reviewed.context.now, at)));
            cell([format!("**{word}**: {}", codes(reasons))].into_iter().chain(at))
        }
    }
}

fn dependencies(change: &Change, judgement: Option<&Judgement>, packages: &[Package]) -> String {
    if change.from.is_none() {
        let path = judgement.map_or(&[][..], |judgement| &judgement.path);
        let by = path.iter().rev().nth(1).and_then(|at| packages.get(*at));
        return by.map_or_else(|| "–".to_owned(), |by| format!("comes in through {}", code(&by.id.name)));
    }
    let signed = |sign: &str, names: &[std::sync::Arc<str>]| -> Vec<String> {
        names.iter().map(|name| format!("{sign} {}", code(name))).collect()
    };
    let lines = [signed("+", &change.dependencies.came), signed("−", &change.dependencies.went)].concat();
    if lines.is_empty() { "–".to_owned() } else { cell(lines) }
}

fn remarks(change: &Change, judgement: Option<&Judgement>, from_elsewhere: bool, context: &Context<'_>) -> Vec<String> {
    let id = change.after().or_else(|| {
        let version = change.from.clone()?;
        Some(PackageId { name: change.name.clone(), version, source: change.source.clone() })
    });
    let Some(id) = id else { return Vec::new() };
    let mut remarks = Vec::new();
    for found in judgement.and_then(Judgement::reasons).into_iter().flatten() {
        if let Reason::Signal { signal: found, .. } = found {
            remarks.push(format!("signal {}: {}", found.code().as_str(), sentence(&signal(found, context))));
        } else if matches!(found, Reason::Inspection { .. }) {
            remarks.push(format!("inspection: {}", sentence(&reason::sentence(found, &id, context))));
        }
    }
    let warnings = judgement.map_or(&[][..], |judgement| &judgement.warnings);
    remarks.extend(warnings.iter().filter_map(|warning| match warning {
        Warning::Signal(found) => {
            Some(format!("signal {}: {}", found.code().as_str(), sentence(&signal(found, context))))
        }
        // Told as what the change brings, or was there before.
        Warning::Advisory { .. } => None,
        Warning::Ignored { .. }
        | Warning::NamedByAdvisory { .. }
        | Warning::Yanked
        | Warning::OutsideWorkspace { .. }
        | Warning::OtherRepository { .. }
        | Warning::LicenseUndecided => Some(sentence(&notice::warning(warning, &id, context))),
    }));
    remarks.extend(
        change.advisories.came.iter().map(|advisory| format!("brings {}", sentence(&cited(advisory, &id, context)))),
    );
    remarks.extend(
        change.advisories.went.iter().map(|advisory| format!("cures {}", sentence(&cited(advisory, &id, context)))),
    );
    if from_elsewhere {
        remarks.push("the same name in another source comes or goes with this change".to_owned());
    }
    if let Some(newer) = &change.newer_rust {
        remarks.push(sentence(&update::needs_rust(newer)));
    }
    if !change.asked {
        remarks.push("nobody asked for this".to_owned());
    }
    remarks
}
