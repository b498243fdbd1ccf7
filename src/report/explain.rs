//! What every format tells of one release: each part of an explanation in words.

pub(crate) mod human;
pub(crate) mod json;

use super::audit::{AuditReport, Problem, severity};
use super::context::Context;
use super::diff::DiffHint;
use super::reason::{kind_words, sentence};
use super::status::codes;
use super::words::{distance, moment};
use crate::model::advisory::Advisory;
use crate::model::evaluation::Judgement;
use crate::model::explanation::{
    AdvisoryEffect, AdvisoryView, Ask, ChecksumPlace, Decider, Explanation, Milestone, Paths, Releases, SignalView,
    TrailEntry,
};
use crate::model::index_line::DependencyKind;
use crate::model::policy::Origin;
use crate::model::signal::{Signal, SignalLevel};
use crate::model::verdict::{Reason, Verdict, Warning};
use crate::report::way_out::WayOut;

/// Everything that a report of `explain` tells.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ExplainReport<'a> {
    /// What was judged, and by what; its blockers are those that are in the way of this answer.
    pub audit: AuditReport<'a>,
    /// The release; `None` where a crate of several locked releases, or of none, was asked about.
    pub release: Option<&'a Explanation>,
    /// How a release that is held differs from the one before it.
    pub diff: Option<&'a DiffHint>,
    /// The crate's releases, where no version was asked for.
    pub releases: Option<&'a Releases>,
}

/// A verdict in a word, as JSON has it.
#[must_use]
pub(crate) fn verdict_word(verdict: Option<&Verdict>) -> &'static str {
    verdict.map_or("not-judged", Verdict::code)
}

/// The release as a problem, where it is one.
#[must_use]
pub(crate) fn problem(release: &Explanation) -> Option<Problem<'_>> {
    let judgement: &Judgement = &release.judgement;
    Some(Problem {
        position: release.locked.unwrap_or(usize::MAX),
        package: &release.package,
        judgement,
        reasons: judgement.reasons()?,
        severity: severity(judgement)?,
    })
}

/// What decided: the key and where it stands.
#[must_use]
pub(crate) fn decider(decider: &Decider) -> String {
    match decider {
        Decider::Fixed => "a fixed rule".to_owned(),
        Decider::Policy { key, origin: None } => format!("`{key}` of the policy"),
        Decider::Policy { key, origin: Some(Origin::Default) } => format!("`{key}`, by default"),
        Decider::Policy {
            origin: Some(origin @ (Origin::Flag | Origin::Environment(_) | Origin::File { .. })),
            ..
        } => origin.to_string(),
    }
}

/// A reason with what decided it.
#[must_use]
pub(crate) fn reason(reason: &Reason, by: Option<&Decider>, release: &Explanation, context: &Context<'_>) -> String {
    let sentence = sentence(reason, &release.package.id, context);
    match (reason, by) {
        // Its sentence names the setting.
        (Reason::TooNew { .. }, _) | (_, None) => sentence,
        (_, Some(by)) => format!("{sentence} (decided by {})", decider(by)),
    }
}

/// The signals that no reason and no warning tells of.
pub(crate) fn other_signals(release: &Explanation) -> impl Iterator<Item = &SignalView> {
    let reasons = release.judgement.reasons().into_iter().flatten().filter_map(Reason::signal);
    let warnings = release.judgement.warnings.iter().filter_map(Warning::signal);
    let told: Vec<&Signal> = reasons.chain(warnings).collect();
    release.signals.iter().filter(move |view| !told.contains(&&view.signal))
}

/// A signal by its name, with its evidence and why nothing comes of it.
#[must_use]
pub(crate) fn signal(view: &SignalView, context: &Context<'_>) -> String {
    let code = view.signal.code();
    let idle = match view.level {
        SignalLevel::Off => "; shown here only",
        SignalLevel::Warn | SignalLevel::Reason if code.time_lifts() => "; time has lifted it, or nobody can date it",
        SignalLevel::Warn | SignalLevel::Reason => "; lifted",
    };
    format!("{}: {}{idle}", code.as_str(), super::signal::signal(&view.signal, context))
}

/// When the release was published, and how old it must be.
#[must_use]
pub(crate) fn published(release: &Explanation, context: &Context<'_>) -> String {
    let at = release.judgement.pubtime.map_or_else(
        || "at a time that is not known".to_owned(),
        |at| format!("{} ({})", moment(at), distance(context.now, at)),
    );
    let yanked = if release.judgement.yanked == Some(true) { ", and yanked since" } else { "" };
    // What is too new has its age told with the reason.
    let told = release.judgement.reasons().into_iter().flatten().any(|one| matches!(one, Reason::TooNew { .. }));
    let minimum = release.minimum.as_ref().filter(|_| !told);
    let minimum = minimum.map(|age| format!("; the minimum age is {} ({})", age.value, age.origin)).unwrap_or_default();
    format!("{at}{yanked}{minimum}")
}

/// Whether somebody looked inside, where that could hold the release longer.
#[must_use]
pub(crate) const fn inspected(looked: bool) -> &'static str {
    if looked { "looked at, as its archive is at hand" } else { "not looked at: its archive is not at hand" }
}

/// What the day on which a release may be used stands on. One that is locked is there already; of another nobody has asked cargo.
#[must_use]
pub(crate) const fn stands_on(release: &Explanation) -> &'static str {
    match release.locked {
        Some(_) => "",
        None => "; by the policy alone: cargo may not take it, for its rust-version or another package",
    }
}

/// What asks cargo: of a crate that is locked, `status` tells what takes its place and when.
#[must_use]
pub(crate) fn resolved(release: &Explanation, report: &AuditReport<'_>) -> Option<WayOut> {
    release.judgement.reasons()?.eligible_at()?;
    let crate_id = release.package.id.crate_id().filter(|_| release.locked.is_none());
    report.packages.iter().find(|package| crate_id.is_some() && package.id.crate_id() == crate_id)?;
    let command = report.context().command("status", "-v")?;
    Some(WayOut::to("to see what cargo takes, now and later", command))
}

/// A release on a timeline or in a list: its verdict and its marks. Before the run is decided nothing is called approved.
#[must_use]
pub(crate) fn marks(one: &Milestone, asked: bool, decided: bool) -> String {
    let mut marks = vec![match &one.verdict {
        Verdict::Approved(_) if !decided => "undecided".to_owned(),
        Verdict::Local => "local".to_owned(),
        Verdict::Approved(basis) => match basis {
            crate::model::verdict::Basis::Aged => "approved".to_owned(),
            other @ (crate::model::verdict::Basis::TrustedRegistry
            | crate::model::verdict::Basis::AllowedSource
            | crate::model::verdict::Basis::SecurityFix { .. }
            | crate::model::verdict::Basis::Approval { .. }) => format!("approved ({})", other.code().as_str()),
        },
        Verdict::Quarantined(reasons) => format!("quarantined ({})", codes(reasons)),
        Verdict::Rejected(reasons) => format!("rejected ({})", codes(reasons)),
    }];
    if one.yanked {
        marks.push("yanked".to_owned());
    }
    if one.locked {
        marks.push("locked".to_owned());
    }
    if asked {
        marks.push("this one".to_owned());
    }
    marks.join(", ")
}

/// Where a checksum is recorded.
#[must_use]
pub(crate) fn place(place: &ChecksumPlace, context: &Context<'_>) -> String {
    match place {
        ChecksumPlace::LockFile => "the lock file".to_owned(),
        ChecksumPlace::Index => "the index".to_owned(),
        ChecksumPlace::Trail => "the audit trail".to_owned(),
        ChecksumPlace::AllowList => "the allow-list".to_owned(),
        ChecksumPlace::Approval(line) => format!("the approval in {}", context.judged_by.place(*line)),
    }
}

/// An advisory: what it is, and what the policy makes of it.
#[must_use]
pub(crate) fn advisory(view: &AdvisoryView) -> String {
    let one: &Advisory = &view.advisory;
    let effect = match view.effect {
        AdvisoryEffect::NotAffected => "this release is not affected".to_owned(),
        AdvisoryEffect::Withdrawn => "withdrawn, so it does not count".to_owned(),
        AdvisoryEffect::Rejects => "rejects this release".to_owned(),
        AdvisoryEffect::Warns => "a warning".to_owned(),
        AdvisoryEffect::Ignored(until) => format!("ignored until the end of {until}"),
        AdvisoryEffect::Allowed => "not heard".to_owned(),
    };
    let by = view.decider.as_ref().map(|by| format!(" (decided by {})", decider(by))).unwrap_or_default();
    format!("{} of {}, {}: {}; {effect}{by}", one.id, one.date, kind_words(one.kind), one.title)
}

/// Its ranges.
#[must_use]
pub(crate) fn ranges(one: &Advisory) -> String {
    let list = |reqs: &[semver::VersionReq]| reqs.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ");
    let (patched, unaffected) = (one.versions.patched(), one.versions.unaffected());
    match (patched.is_empty(), unaffected.is_empty()) {
        (true, true) => "every release is affected, and none is named as patched".to_owned(),
        (true, false) => format!("not affected: {}; none is named as patched", list(unaffected)),
        (false, true) => format!("patched: {}; every other release is affected", list(patched)),
        (false, false) => {
            format!("patched: {}; not affected: {}; every other release is affected", list(patched), list(unaffected))
        }
    }
}

/// What a dependent asks, in words.
#[must_use]
pub(crate) fn asks(asks: &[Ask]) -> String {
    let one = |ask: &Ask| {
        let mut notes = Vec::new();
        match ask.kind {
            DependencyKind::Normal => {}
            DependencyKind::Build => notes.push("to build".to_owned()),
            DependencyKind::Dev => notes.push("for tests".to_owned()),
        }
        if ask.optional {
            notes.push("optional".to_owned());
        }
        notes.extend(ask.target.clone());
        notes.extend(ask.at.iter().map(ToString::to_string));
        let notes = if notes.is_empty() { String::new() } else { format!(" ({})", notes.join(", ")) };
        format!("{}{notes}", ask.req)
    };
    let mut all: Vec<String> = asks.iter().map(one).collect();
    all.dedup();
    if all.is_empty() { "what it asks is not known".to_owned() } else { format!("asks {}", all.join("; ")) }
}

/// How many ways there are beyond those that are shown; `None` where there are no more.
#[must_use]
pub(crate) fn more_paths(paths: &Paths, shown: usize) -> Option<String> {
    let more = paths.shown.len().saturating_sub(shown) + paths.more;
    match (more, paths.complete) {
        (0, true) => None,
        (0, false) => Some("and more".to_owned()),
        (more, true) => Some(format!("and {more} more")),
        (more, false) => Some(format!("and more than {more} others")),
    }
}

/// An event about the release.
#[must_use]
pub(crate) fn entry(entry: &TrailEntry, context: &Context<'_>) -> String {
    let by = entry.by.as_ref().map(|by| format!(" by {by}")).unwrap_or_default();
    let record = &entry.record;
    let what = if entry.replaced {
        format!("; {} took its place", record.version)
    } else {
        let verdict = record.verdict.map(|verdict| format!("; {}", verdict.as_str())).unwrap_or_default();
        let reason = record.approval.as_ref().and_then(|approval| approval.reason.as_ref());
        format!("{verdict}{}", reason.map(|reason| format!("; \"{reason}\"")).unwrap_or_default())
    };
    let when = format!("{} ({})", moment(entry.at), distance(context.now, entry.at));
    format!("{} on {when}{by}{what}; event {}", entry.kind.as_str(), entry.event)
}
