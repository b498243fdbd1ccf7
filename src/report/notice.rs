//! What holds nothing back, in words: warnings, notices, what an approval stands on, and what is wrong with an audit trail.

use super::context::{Context, registry_name};
use super::publication;
use super::reason::{cited, kind_words};
use super::signal::signal;
use super::words::{counted, few, moment, span};
use crate::model::advisory::AdvisoryKind;
use crate::model::evaluation::{Fetched, Idle, Notice, RuleKind};
use crate::model::package::{CrateId, PackageId};
use crate::model::signal::SignalCode;
use crate::model::source::Source;
use crate::model::trail::{TrailFinding, TrailProblemKind};
use crate::model::verdict::{Basis, Exemption, FixNeed, FixRole, LockedBy, ReasonCode, Warning};

/// How many keys of a policy one line names before it counts the rest.
const KEYS: usize = 6;

/// A warning about the package `id`.
#[must_use]
pub(crate) fn warning(warning: &Warning, id: &PackageId, context: &Context<'_>) -> String {
    match warning {
        Warning::Advisory { advisory, kind } => format!("{}: {}", kind_words(*kind), cited(advisory, id, context)),
        Warning::Ignored { advisory, until } => {
            format!("the policy ignores {} until the end of {until}", cited(advisory, id, context))
        }
        Warning::NamedByAdvisory { advisory, kind } => format!(
            "{}, says an advisory about the release of crates.io with this name and version: {}",
            kind_words(*kind),
            cited(advisory, id, context)
        ),
        Warning::Yanked => "yanked from its registry".to_owned(),
        Warning::Signal(found) => signal(found, context),
        Warning::OutsideWorkspace { path } => format!("built from outside the workspace: {path}"),
        Warning::OtherRepository { path } => format!("built from another repository: {path}"),
        Warning::LicenseUndecided => match id.source {
            Source::Git(_) => "its licence is not judged, because it comes from git".to_owned(),
            Source::Registry(_) | Source::Local | Source::Other(_) => {
                "its licence is judged once it is locked".to_owned()
            }
        },
    }
}

/// What warnings are counted by: finer than the code, so that a line about many says one thing.
#[must_use]
pub(crate) const fn warning_group(warning: &Warning) -> &'static str {
    match warning {
        Warning::Advisory { kind: AdvisoryKind::Notice, .. } => "with a notice",
        Warning::Advisory { kind, .. } => kind.as_str(),
        Warning::Ignored { .. } => "with an advisory that the policy ignores",
        Warning::NamedByAdvisory { kind: AdvisoryKind::Malicious, .. } => {
            "from git or a folder, made to do harm by their name and version"
        }
        Warning::NamedByAdvisory { .. } => "from git or a folder, with an advisory about their name and version",
        Warning::Yanked => "yanked",
        Warning::Signal(found) => match found.code() {
            SignalCode::YoungDependency => "with the signal young-dependency",
            SignalCode::DormantGrowth => "with the signal dormant-growth",
            SignalCode::FirstBuildScriptInput => "with the signal first-build-script-input",
            SignalCode::LookAlike => "with the signal look-alike",
            SignalCode::YankLure => "with the signal yank-lure",
            SignalCode::PublisherChange => "with the signal publisher-change",
            SignalCode::TrustedPublishingLost => "with the signal trusted-publishing-lost",
            SignalCode::Dormant => "with the signal dormant",
            SignalCode::NewDependency => "with the signal new-dependency",
            SignalCode::Burst => "with the signal burst",
            SignalCode::MajorSwap => "with the signal major-swap",
        },
        Warning::OutsideWorkspace { .. } => "from outside the workspace",
        Warning::OtherRepository { .. } => "from another repository inside the workspace",
        Warning::LicenseUndecided => "with a licence that is not judged",
    }
}

/// What an approved release stands on, in words that follow "approved".
#[must_use]
pub(crate) fn basis(basis: &Basis, context: &Context<'_>) -> String {
    match basis {
        Basis::Aged => "nothing stands against it".to_owned(),
        Basis::TrustedRegistry => "its registry is trusted by the policy".to_owned(),
        Basis::AllowedSource => "its git repository is allowed by the policy".to_owned(),
        Basis::SecurityFix { advisory, fix, need } => {
            let part = match fix {
                FixRole::Named => format!("security fix of {advisory}"),
                FixRole::Companion { of, version } => {
                    format!("required by {of} {version}, the security fix of {advisory}")
                }
                FixRole::Dependent { of, version } => {
                    format!("the way to {of} {version}, the security fix of {advisory}")
                }
            };
            format!("{part}, needed {}", fix_need(need))
        }
        Basis::Approval { given } => {
            let one = |exemption: &Exemption| {
                let by = exemption.by.as_ref().map(|by| format!(" by {by}")).unwrap_or_default();
                let lifted: Vec<&str> = exemption.lifted.iter().copied().map(ReasonCode::as_str).collect();
                let what = if exemption.adopted { "baseline" } else { "approval" };
                format!("{what}{by} ({}), lifts {}", context.judged_by.place(exemption.line), lifted.join(", "))
            };
            given.iter().map(one).collect::<Vec<_>>().join("; ")
        }
    }
}

/// What made a security fix needed, in words that follow "needed".
fn fix_need(need: &FixNeed) -> String {
    match need {
        FixNeed::Vulnerable { version, locked_by } => {
            let place = match locked_by {
                LockedBy::LockFile => "the lock file has",
                LockedBy::Base => "the base locks",
                LockedBy::ReplacedLockFile => "the lock file had",
                LockedBy::Trail => "the audit trail has in use",
            };
            format!("in place of {version}, which {place}")
        }
        FixNeed::Locked { instead_of } | FixNeed::NotLocked { instead_of } => {
            format!("because {instead_of}, which would do otherwise, is vulnerable")
        }
    }
}

/// A notice about the run.
#[expect(clippy::too_many_lines, reason = "one sentence a notice")]
#[must_use]
pub(crate) fn notice(notice: &Notice, context: &Context<'_>) -> String {
    match notice {
        Notice::ApprovalUnused { line, release, idle } => unused(release, idle, &context.judged_by.place(*line)),
        Notice::ApprovalLapsed { line, release, until } => {
            let place = context.judged_by.place(*line);
            format!("the approval of {release} ({place}) lapsed at the end of {until} and does not count")
        }
        Notice::ApprovalOfOtherBytes { line, release } => format!(
            "the approval of {release} ({}) is of another checksum than the lock file's and does not count",
            context.judged_by.place(*line)
        ),
        Notice::IgnoreLapsed { line, advisory, until } => {
            let place = context.judged_by.place(*line);
            format!("{advisory} was ignored until the end of {until} ({place}); it counts again")
        }
        Notice::IgnoreUnused { line, advisory } => {
            format!("{advisory} is ignored ({}), but hits no locked package", context.judged_by.place(*line))
        }
        Notice::ApprovalEnding { line, release, until } => {
            let place = context.judged_by.place(*line);
            format!("the approval of {release} ({place}) ends with {until}; it will be held again")
        }
        Notice::IgnoreEnding { line, advisory, until } => {
            let place = context.judged_by.place(*line);
            format!("{advisory} is ignored until the end of {until} ({place}); then it counts again")
        }
        Notice::RuleUnused { kind, entry, line } => {
            let place = line.map(|line| format!(" ({})", context.judged_by.place(line))).unwrap_or_default();
            format!("{} `{entry}`{place} is about nothing that is locked", rule_words(*kind))
        }
        Notice::ClarificationOfOtherFiles { line, release, file } => format!(
            "the clarification of the licence of {release} ({}) does not count: its {file} is not the file that was read",
            context.judged_by.place(*line)
        ),
        Notice::AdvisoriesSkipped => {
            "advisories were not looked at, as the command line asks (--no-advisories)".to_owned()
        }
        Notice::AdvisoriesFromCopy { source, copy } => {
            format!("{source} could not be reached; its copy was read instead: {copy}")
        }
        Notice::AdvisoriesForgotten { source, advisories, memory } => format!(
            "{source} no longer has {}, which it never withdrew: of malicious releases nothing is forgotten, and it counts as before; only \
             where somebody knows that it was wrong, remove {memory}",
            few(advisories, 5)
        ),
        Notice::NotKept { what, folder, cause } => {
            let what = match what {
                Fetched::Advisories => "advisories",
                Fetched::Index => "index entries",
            };
            format!("the {what} that were fetched could not be kept in {folder} for the next run: {cause}")
        }
        Notice::CargoAgeLonger { origin, cargo, policy } => {
            format!("cargo's own minimum age of {cargo} ({origin}) is longer than the policy's {policy} and was used")
        }
        Notice::CargoAgeShorter { origin, cargo, policy } => format!(
            "cargo's own minimum age of {cargo} ({origin}) is shorter than the policy's {policy}: plain cargo lets younger \
             releases in"
        ),
        Notice::CargoIgnoresAge { origin, version } => {
            format!("cargo {version} ignores its own minimum age, set by {origin}")
        }
        Notice::CooldownDisagrees { file, cooldown, policy } => {
            format!("{file} says {cooldown}, the policy says {policy}; the policy was used")
        }
        Notice::IndexFromCache { oldest: Some(oldest) } if *oldest > context.now => format!(
            "the index was read from cargo's cache, all of it written later than the moment that is judged by ({})",
            moment(*oldest)
        ),
        Notice::IndexFromCache { oldest: Some(oldest) } => format!(
            "the index was read from cargo's cache; its oldest entry was written {} ({})",
            super::words::distance(context.now, *oldest),
            moment(*oldest)
        ),
        Notice::IndexFromCache { oldest: None } => {
            "the index was read from cargo's cache; how old that is cannot be told".to_owned()
        }
        Notice::PublicationsUnknown { gap, crates } => publication::unknown(gap, crates),
        Notice::PublisherRewritten { crate_id, version, recorded, found } => {
            let now = match found {
                Some(found) => format!("names {} now", publication::publisher(found)),
                None => "no longer says who it was".to_owned(),
            };
            let recorded = publication::publisher(recorded);
            let name = &crate_id.name;
            format!("{name} {version} is recorded as published by {recorded}; the registry {now} (accounts can be renamed)")
        }
        Notice::PubtimesMissing { registry, from, packages, of } => {
            let index = match from {
                Some(from) => format!("{from}, which stands in for {},", super::context::registry_name(registry)),
                None => format!("the index of {}", super::context::registry_name(registry)),
            };
            format!("{index} does not say when {packages} of {} were published", counted(*of, "package"))
        }
        Notice::ManifestsNotChecked => {
            "the lock file was judged alone: whether it answers the manifests was not checked".to_owned()
        }
        Notice::ManifestsUnseen { packages } => {
            let names: Vec<String> = packages.iter().map(super::context::package_name).collect();
            format!("what these ask was taken from the lock file, their manifests are not at hand: {}", few(&names, 4))
        }
        Notice::BaseMovedOn { keys, events } => {
            let keys = (!keys.is_empty()).then(|| format!("it is stricter in {}", few(keys, KEYS)));
            let events = (*events > 0).then(|| format!("its audit trail has {} more", counted(*events, "event")));
            let what: Vec<String> = keys.into_iter().chain(events).collect();
            format!(
                "the base has moved on since this change grew from it ({}); the change takes nothing of that back, and is judged by \
                 the base as it is today",
                what.join(", ")
            )
        }
        Notice::NoMergeBase => "where this change grew from its base is not known, as in a clone whose history is cut off: it was \
                                compared with the base as it is today, so that what the base gained meanwhile can be told as taken away"
            .to_owned(),
        Notice::BaseWithoutRules { base } => format!(
            "{base} is a lock file and protects no rules: policy, approvals and audit trail are the working tree's own"
        ),
        Notice::Paths(origin) => {
            format!("{origin} makes cargo build other folders in the place of locked packages, which are not judged")
        }
        Notice::TrailDisordered(problem) => {
            format!("audit trail, {}: {}", problem.file, trail_problem(&problem.kind))
        }
        Notice::Trail(finding) => trail_finding(finding),
    }
}

/// Why an approval does nothing.
fn unused(release: &str, idle: &Idle, place: &str) -> String {
    match idle {
        Idle::Ahead(spec) => {
            format!("the approval of {release} ({place}) is not used yet: run `cargo sequester update {spec}`")
        }
        Idle::NotLocked => format!("the approval of {release} ({place}) is not used: the release is not locked"),
        Idle::NotHeld => format!("the approval of {release} ({place}) is no longer needed: nothing holds it"),
    }
}

/// Whether a notice is only for those who want to hear everything: a deny list does its work best by having none, and that an older
/// cargo ignores its own minimum age is as true tomorrow, and no reason to change anything.
#[must_use]
pub(crate) const fn is_detail(notice: &Notice) -> bool {
    matches!(notice, Notice::RuleUnused { kind: RuleKind::Ban, .. } | Notice::CargoIgnoresAge { .. })
}

/// Whether `approve --prune` takes the entry away that a notice is about.
#[must_use]
pub(crate) const fn is_prunable(notice: &Notice) -> bool {
    matches!(
        notice,
        Notice::ApprovalUnused { idle: Idle::NotLocked | Idle::NotHeld, .. }
            | Notice::ApprovalLapsed { .. }
            | Notice::ApprovalOfOtherBytes { .. }
            | Notice::IgnoreUnused { .. }
            | Notice::IgnoreLapsed { .. }
    )
}

/// Every notice in a sentence, those together that say the same of several entries: a baseline lapses in one night.
#[must_use]
pub(crate) fn notices<'a>(all: impl Iterator<Item = &'a Notice>, context: &Context<'_>) -> Vec<String> {
    let mut told = Vec::new();
    let mut groups: Vec<(Group, usize, Vec<String>)> = Vec::new();
    for notice in all {
        let Some((group, name)) = grouped(notice, context) else {
            told.push(self::notice(notice, context));
            continue;
        };
        if let Some((_, _, names)) = groups.iter_mut().find(|(known, ..)| *known == group) {
            names.push(name);
            continue;
        }
        groups.push((group, told.len(), vec![name]));
        told.push(self::notice(notice, context));
    }
    for (group, position, names) in groups {
        if let (2.., Some(sentence)) = (names.len(), told.get_mut(position)) {
            *sentence = format!("{} {}: {}", names.len(), group.words(), few(&names, KEYS));
        }
    }
    told
}

/// Notices that can be told in one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Group {
    NotUsed,
    NotNeeded,
    Lapsed,
    IgnoresLapsed,
    IgnoresUnused,
}

impl Group {
    const fn words(self) -> &'static str {
        match self {
            Self::NotUsed => "approvals are not used, because their releases are not locked",
            Self::NotNeeded => "approvals are no longer needed",
            Self::Lapsed => "approvals lapsed and do not count",
            Self::IgnoresLapsed => "advisories are no longer ignored, and count again",
            Self::IgnoresUnused => "ignored advisories hit no locked package",
        }
    }
}

/// The group of a notice, and what it is called in it.
fn grouped(notice: &Notice, context: &Context<'_>) -> Option<(Group, String)> {
    let (group, name, line): (_, &str, _) = if let Notice::ApprovalUnused { line, release, idle } = notice {
        match idle {
            Idle::NotLocked => (Group::NotUsed, release, line),
            Idle::NotHeld => (Group::NotNeeded, release, line),
            Idle::Ahead(_) => return None,
        }
    } else if let Notice::ApprovalLapsed { line, release, .. } = notice {
        (Group::Lapsed, release, line)
    } else if let Notice::IgnoreLapsed { line, advisory, .. } = notice {
        (Group::IgnoresLapsed, advisory, line)
    } else if let Notice::IgnoreUnused { line, advisory } = notice {
        (Group::IgnoresUnused, advisory, line)
    } else {
        return None;
    };
    Some((group, format!("{name} ({})", context.judged_by.place(*line))))
}

const fn rule_words(kind: RuleKind) -> &'static str {
    match kind {
        RuleKind::Override => "the override of",
        RuleKind::Registry => "the registry",
        RuleKind::Git => "the entry of allow-git",
        RuleKind::Ban => "the entry of deny",
        RuleKind::LicenseException => "the licence exception of",
        RuleKind::Clarification => "the licence clarification of",
    }
}

/// What is wrong with a file; the sentence follows the file's name and a colon.
#[must_use]
pub(crate) fn trail_problem(kind: &TrailProblemKind) -> String {
    match kind {
        TrailProblemKind::Edited { found } => {
            format!("edited: its content has the id {}, not the one of its name", found.short())
        }
        TrailProblemKind::Deleted { named_by, .. } => {
            format!("deleted: event {} names it as a parent, and it is not there", named_by.short())
        }
        TrailProblemKind::Renamed { written } => format!("renamed: it was written at {}", moment(*written)),
        TrailProblemKind::Reordered { parent, seconds } => {
            format!("reordered: written {} before its parent {}", span(*seconds), parent.short())
        }
        TrailProblemKind::Unparented => "put in: it has no parents and is not where the trail began".to_owned(),
        TrailProblemKind::Duplicate { of } => format!("a copy of event {} under another name", of.short()),
        TrailProblemKind::UnknownSchema { schema } => {
            format!("of the form `{schema}`, which this version cannot read; a newer one may")
        }
        TrailProblemKind::Malformed { cause } => format!("no event: {cause}"),
        TrailProblemKind::TooLarge => "larger than any event".to_owned(),
        TrailProblemKind::Foreign => "no event, and nothing that belongs here".to_owned(),
    }
}

/// What to do about a trail that is not whole.
#[must_use]
pub(crate) const fn whole_trail_help() -> &'static str {
    "find out who changed it (`git log -- .sequester/trail`) and restore it from there"
}

/// What a trail says of today's registry and clock.
#[must_use]
pub fn trail_finding(finding: &TrailFinding) -> String {
    match finding {
        TrailFinding::ReleaseVanished { crate_id, version, since } => format!(
            "the registry has removed {}@{version}, which the audit trail has since {}: look for an advisory, and at what was built with it",
            crate_name(crate_id),
            moment(*since)
        ),
        TrailFinding::IndexShortened { crate_id, missing } => {
            let missing: Vec<_> = missing.iter().map(ToString::to_string).collect();
            format!(
                "the registry's list of {} ends before {}, which the audit trail has: it may be an old list",
                crate_name(crate_id),
                missing.join(", ")
            )
        }
        TrailFinding::CrateReappeared { crate_id, recorded, found } => {
            let found = found.map_or_else(
                || "has no release with a known time".to_owned(),
                |at| format!("begins at {}", moment(at)),
            );
            format!(
                "the name {} belongs to another crate now: the audit trail has a release of {}, and the registry's list {found}",
                crate_name(crate_id),
                moment(*recorded)
            )
        }
        TrailFinding::ClockBehindTrail { now, latest } => format!(
            "the machine's clock says {}, but the audit trail has an event of {}",
            moment(*now),
            moment(*latest)
        ),
    }
}

fn crate_name(crate_id: &CrateId) -> String {
    match registry_name(&crate_id.registry).as_str() {
        "crates.io" => crate_id.name.to_string(),
        other => format!("{} ({other})", crate_id.name),
    }
}
