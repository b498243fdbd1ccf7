//! What a decision found, one finding each, for code hosts: by which rule, how bad, in which words and where.

use sha2::{Digest as _, Sha256};

use super::places::{Place, Places};
use super::{AuditReport, Problem, Severity, problems};
use crate::model::checksum::Checksum;
use crate::model::verdict::{Reason, ReasonCode, Warning};
use crate::report::change::Told;
use crate::report::context::package_name;
use crate::report::{change, cure, notice, reason, signal};

/// Code hosts keep no more findings of one report.
const MOST: usize = 5_000;
/// Of what a change does beside what it locks, the most findings of one kind: it leaves room for packages, whatever it brings.
const EACH: usize = 200;
/// The most characters of one finding's words.
const LONGEST: usize = 1_000;

/// How bad a finding is, worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    /// Something was made to do harm, or its bytes are not those that were seen before.
    Harm,
    /// It must not be.
    Refused,
    /// Time mends it.
    Held,
    /// Look at this.
    Warning,
    /// Whoever merges it is told.
    Note,
}

/// One finding.
#[derive(Clone, Debug)]
pub(super) struct Finding {
    /// Of [`rules`].
    pub(super) rule: &'static str,
    pub(super) rank: Rank,
    /// Raw: a format escapes it.
    pub(super) text: String,
    pub(super) place: Place,
    /// The same for the same finding, whenever and wherever it is found: code hosts tell old findings from new ones by it.
    pub(super) fingerprint: String,
}

/// The findings that a report has room for, worst first.
pub(super) struct Findings {
    pub(super) told: Vec<Finding>,
    /// How many there are beyond.
    pub(super) more: usize,
}

/// Everything that was found.
#[must_use]
pub(super) fn findings(report: &AuditReport<'_>, places: &Places) -> Findings {
    let mut all = Vec::new();
    for told in change::of_each_key(report.loosened, EACH) {
        let (text, key, place) = match told {
            Told::One(_, one) => {
                let (base, head) = change::sides(one);
                (change::loosened(one), [one.key.clone(), format!("{base}\n{head}")], places.loosening(one))
            }
            Told::More(kind, count) => {
                (change::more_of(kind, count), [kind.to_owned(), "more".to_owned()], places.policy())
            }
        };
        let text = format!("the change loosens the policy: {text}");
        all.push(finding("policy-loosened", Rank::Refused, &text, &key, place));
    }
    for text in change::missing_events(&report.evaluation.truncated, EACH) {
        let key = [text.clone(), String::new()];
        all.push(finding("trail-truncated", Rank::Refused, &text, &key, places.lock_file()));
    }
    for told in change::side_effects(&report.evaluation.also) {
        let rank = if told.fails { Rank::Refused } else { Rank::Warning };
        let text = format!("this change also {}", told.text);
        let place = places.side_effect(told.position).unwrap_or_else(|| places.lock_file());
        all.push(finding("change-also", rank, &text, &[told.code.to_owned(), told.text], place));
    }
    for problem in problems(report) {
        all.extend(problem.reasons.iter().map(|found| refused(found, &problem, places, report)));
    }
    for (position, (package, judgement)) in report.packages.iter().zip(&report.evaluation.judgements).enumerate() {
        for warning in &judgement.warnings {
            let told = notice::warning(warning, &package.id, &report.context());
            let text = format!("{}: {told}", package_name(&package.id));
            let key = [package.id.to_string(), warning_key(warning)];
            all.push(finding(warning.code(), Rank::Warning, &text, &key, places.package(position, report)));
        }
    }
    for one in report.decided {
        let text = format!("the change {}", change::decided(one));
        let key = [one.key.clone(), String::new()];
        all.push(finding("change-decides", Rank::Note, &text, &key, places.loosening(one)));
    }
    all.sort_by_key(|finding| finding.rank);
    let more = all.len().saturating_sub(MOST);
    all.truncate(MOST);
    Findings { told: all, more }
}

fn refused(found: &Reason, problem: &Problem<'_>, places: &Places, report: &AuditReport<'_>) -> Finding {
    let id = &problem.package.id;
    let told = reason::sentence(found, id, &report.context());
    let text = format!("{} is {}: {told}", package_name(id), problem.severity.word().to_lowercase());
    let help = cure::cures(problem, report).first().map(|cure| format!(". Help: {}", cure.line())).unwrap_or_default();
    // A command is whole or not there.
    let fits = text.chars().count() + help.chars().count() <= LONGEST;
    let text = if fits { format!("{text}{help}") } else { text };
    let alone = rank(found.code(), found.time_lifts());
    // What time would lift is refused with whatever else stands against the release.
    let rank = if problem.severity == Severity::Quarantined { alone } else { alone.min(Rank::Refused) };
    let key = [problem.package.id.to_string(), reason_key(found)];
    finding(found.code().as_str(), rank, &text, &key, places.package(problem.position, report))
}

fn finding(rule: &'static str, rank: Rank, text: &str, key: &[String], place: Place) -> Finding {
    let mut hash = Sha256::new_with_prefix(rule);
    for part in key {
        hash.update([0]);
        hash.update(part);
    }
    let fingerprint = Checksum::from_bytes(hash.finalize().into()).to_string();
    Finding { rule, rank, text: bounded(text), place, fingerprint }
}

/// A text that ends where one from outside would have no end.
#[must_use]
pub(super) fn bounded(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// What tells one reason of a code from another about the same package.
#[expect(clippy::wildcard_enum_match_arm, reason = "of any other code a package has one reason at most")]
fn reason_key(found: &Reason) -> String {
    match found {
        Reason::Signal { signal, .. } => signal::key(signal),
        Reason::Malicious { advisory } | Reason::Advisory { advisory, .. } => advisory.to_string(),
        Reason::AdvisoryUnreadable { file, .. } => file.clone(),
        Reason::Denied { entry } => entry.clone(),
        Reason::ChecksumMismatch { locked, expected, .. } => format!("{locked} {expected}"),
        _ => String::new(),
    }
}

fn warning_key(warning: &Warning) -> String {
    match warning {
        Warning::Advisory { advisory, .. }
        | Warning::Ignored { advisory, .. }
        | Warning::NamedByAdvisory { advisory, .. } => advisory.to_string(),
        Warning::Signal(signal) => signal::key(signal),
        Warning::Yanked
        | Warning::OutsideWorkspace { .. }
        | Warning::OtherRepository { .. }
        | Warning::LicenseUndecided => String::new(),
    }
}

/// How bad a reason is where it stands alone.
const fn rank(code: ReasonCode, time_lifts: bool) -> Rank {
    if matches!(code, ReasonCode::Malicious | ReasonCode::ChecksumMismatch | ReasonCode::PubtimeChanged) {
        Rank::Harm
    } else if time_lifts {
        Rank::Held
    } else {
        Rank::Refused
    }
}

/// One kind of finding.
pub(super) struct Rule {
    /// The reason's or warning's code.
    pub(super) id: &'static str,
    /// How bad a finding is that does not say it itself.
    pub(super) rank: Rank,
    /// What it is.
    pub(super) description: &'static str,
    /// What to do about it.
    pub(super) help: &'static str,
}

const fn error(id: &'static str, description: &'static str, help: &'static str) -> Rule {
    Rule { id, rank: Rank::Refused, description, help }
}

const fn warning(id: &'static str, description: &'static str, help: &'static str) -> Rule {
    Rule { id, rank: Rank::Warning, description, help }
}

/// Every rule, the reasons in their order.
pub(super) fn rules() -> Vec<Rule> {
    let of_reason = |code: ReasonCode| {
        let (description, help) = reason::rule(code);
        Rule { rank: rank(code, code.time_lifts()), ..error(code.as_str(), description, help) }
    };
    ReasonCode::ALL.into_iter().map(of_reason).chain(OTHERS).collect()
}

/// The rules that are no reason's.
const OTHERS: [Rule; 9] = [
    warning(
        "ignored",
        "The policy ignores an advisory for now.",
        "Mend it before the date at which the advisory counts again.",
    ),
    warning(
        "named-by-advisory",
        "An advisory is about the release of crates.io with the name and version of a package from elsewhere.",
        "Find out whether this copy has the same fault, and move it to a commit that has not.",
    ),
    warning(
        "outside-workspace",
        "A path dependency lies outside the workspace.",
        "Move it into the workspace, so that the same review sees it.",
    ),
    warning(
        "other-repository",
        "A path dependency lies in another repository inside the workspace, as a submodule does.",
        "Review what that repository has at this commit, or name the repository as a git dependency, which the policy has to allow.",
    ),
    warning(
        "license-undecided",
        "The licence of a package from git is not judged.",
        "Read its licence where it is developed; the policy allows its source.",
    ),
    Rule {
        id: "change-decides",
        rank: Rank::Note,
        description: "The change itself exempts a release, ignores an advisory or adopts the quarantine.",
        help: "Whoever merges the change decides this with it.",
    },
    error(
        "policy-loosened",
        "The change makes the policy laxer than its base has it.",
        "Whoever merges the change answers for this line.",
    ),
    error(
        "change-also",
        "Beside what it locks, the change alters what cargo builds or runs, or adds to the audit trail what no run wrote.",
        "Whoever merges the change answers for a setting. Take files that spoil the audit trail out of the change.",
    ),
    error(
        "trail-truncated",
        "The change lacks an event of the audit trail that its base has.",
        "Take the folder `.sequester/trail` from the base: a change adds events and never takes one away.",
    ),
];
