//! `--format human`: one problem one block, in cargo's look.

use std::io::{self, Write};

use super::{AuditReport, Problem, Severity, problems, severity};
use crate::model::facts::AdvisoryFact;
use crate::model::license::LicenseGap;
use crate::model::policy::JudgedBy;
use crate::model::side_effect::SideEffect;
use crate::model::verdict::{Basis, Reason, ReasonCode, Verdict};
use crate::report::change::Told;
use crate::report::context::{Verbosity, package_name};
use crate::report::cure::{cures, fix};
use crate::report::print::{Tone, detail, error, help, line};
use crate::report::way_out::WayOut;
use crate::report::words::{counted, distance, eligible, few};
use crate::report::{audit, blocker, change, cure, notice, reason};

/// How many packages one line names before it counts the rest.
const NAMES: usize = 6;
/// What is approved because it was there at adoption.
const BASELINE: &str = "baseline exception";
/// What tells an approval that the change brings along from one of its base.
const BY_CHANGE: &str = "by an approval of this change itself";

/// Writes the report, with colours.
///
/// # Errors
/// The writer's.
pub fn write(report: &AuditReport<'_>, verbosity: Verbosity, out: &mut impl Write) -> io::Result<()> {
    let talk = verbosity > Verbosity::Quiet;
    if talk {
        judge(report, out)?;
    }
    loosened(report, verbosity, out)?;
    let fix = cure::fix_line(report);
    let unseen = |problem: &Problem<'_>| problem.reasons.iter().all(is_unseen);
    let folded = verbosity < Verbosity::Verbose && problems(report).iter().filter(|one| unseen(one)).count() > 1;
    for problem in problems(report) {
        if folded && unseen(&problem) {
            continue;
        }
        // A blocker tells of an undecided package already.
        if problem.severity != Severity::Undecided || verbosity == Verbosity::Verbose {
            block(&problem, report, fix.is_some(), out)?;
        }
    }
    if folded {
        not_looked_into(problems(report).iter().filter(|problem| unseen(problem)), report, out)?;
    }
    if talk {
        exceptions(report, verbosity, out)?;
        warnings(report, verbosity, out)?;
        notices(report, verbosity, out)?;
    }
    for group in blocker::groups(&report.evaluation.blockers, &report.context()) {
        error(out, &group.message, &group.help)?;
    }
    if talk {
        summary(report, out)?;
    }
    fix.map_or(Ok(()), |way| help(out, &way))
}

/// Whose policy was judged by, and what advisories.
pub(in crate::report) fn judge(report: &AuditReport<'_>, out: &mut impl Write) -> io::Result<()> {
    line(out, Tone::Plain, "Policy", &report.judged_by.sentence())?;
    if let AdvisoryFact::Read(db) = report.advisories {
        let confirmed = db.confirmed.map(|at| distance(report.evaluation.now, at));
        let confirmed =
            confirmed.map_or_else(|| "not confirmed at its origin".to_owned(), |ago| format!("confirmed {ago}"));
        line(out, Tone::Plain, "Advisories", &format!("{} of {}, {confirmed}", db.total, db.source))?;
    }
    Ok(())
}

/// Whether a reason is no more than that nobody looked inside yet.
fn is_unseen(reason: &Reason) -> bool {
    matches!(reason, Reason::LicenseUnknown { gap: LicenseGap::NotAtHand })
}

/// Packages that one run will look into, all of them in one block.
fn not_looked_into<'p>(
    problems: impl Iterator<Item = &'p Problem<'p>>,
    report: &AuditReport<'_>,
    out: &mut impl Write,
) -> io::Result<()> {
    let names: Vec<String> = problems.map(|problem| package_name(&problem.package.id)).collect();
    line(out, Tone::Bad, "Rejected", &format!("{}: {}", counted(names.len(), "package"), few(&names, NAMES)))?;
    let words = "their licences are not known: no verified archives of them are at hand";
    detail(out, Tone::Bad, ReasonCode::LicenseUnknown.as_str(), words)?;
    cure::look_inside(&LicenseGap::NotAtHand, report).map_or(Ok(()), |way| help(out, &way))
}

fn block(problem: &Problem<'_>, report: &AuditReport<'_>, one_fix: bool, out: &mut impl Write) -> io::Result<()> {
    let context = report.context();
    let (id, judgement) = (&problem.package.id, problem.judgement);
    line(out, problem.severity.tone(), problem.severity.word(), &package_name(id))?;
    for reason in problem.reasons {
        detail(out, problem.severity.tone(), reason.code().as_str(), &reason::sentence(reason, id, &context))?;
    }
    for warning in &judgement.warnings {
        detail(out, Tone::Caution, "warning", &notice::warning(warning, id, &context))?;
    }
    let path = report.names(&judgement.path);
    if path.len() > 1 {
        detail(out, Tone::Plain, "path", &path.join(" → "))?;
    }
    if let Some(at) = problem.reasons.eligible_at() {
        detail(out, Tone::Plain, "eligible", &eligible(context.now, at))?;
    }
    for known in &judgement.fixes {
        detail(out, Tone::Plain, "fix", &fix(known, &id.name, report))?;
    }
    let ways = if one_fix { cure::beside_fix(problem, report) } else { cures(problem, report) };
    ways.iter().try_for_each(|way| help(out, way))
}

/// What the change decides and what it loosens: before all else, since it is for whoever merges it.
pub(in crate::report) fn loosened(
    report: &AuditReport<'_>,
    verbosity: Verbosity,
    out: &mut impl Write,
) -> io::Result<()> {
    let talk = verbosity > Verbosity::Quiet;
    let each = if verbosity == Verbosity::Verbose { usize::MAX } else { change::EACH_LINE };
    let decided = if talk { report.decided } else { &[] };
    let mut summed = false;
    for told in change::of_each_key(decided, each) {
        let text = match told {
            Told::One(_, one) => change::decided(one),
            Told::More(kind, count) => change::more_of(kind, count),
        };
        summed |= matches!(told, Told::More(..));
        line(out, Tone::Caution, "Decides", &text)?;
    }
    if !decided.is_empty() {
        help(out, &WayOut::words(change::DECIDED_HELP))?;
    }
    for told in change::of_each_key(report.loosened, each) {
        let (verb, text) = match told {
            Told::One(_, one) => (change::loosening_verb(one), change::loosened(one)),
            Told::More(kind, count) => ("Loosened", change::more_of(kind, count)),
        };
        summed |= matches!(told, Told::More(..));
        line(out, Tone::Bad, verb, &text)?;
    }
    if !report.loosened.is_empty() {
        help(out, &change::loosened_help(report))?;
    }
    if summed {
        help(out, &WayOut::words("run with -v to see each of them"))?;
    }
    for told in change::side_effects(&report.evaluation.also) {
        let tone = if told.fails { Tone::Bad } else { Tone::Caution };
        line(out, tone, "Also", &format!("this change {}", told.text))?;
    }
    if let Some(words) = change::side_effects_help(&report.evaluation.also) {
        help(out, &WayOut::words(words))?;
    }
    for text in change::missing_events(&report.evaluation.truncated, each) {
        line(out, Tone::Bad, "Truncated", &text)?;
    }
    if report.evaluation.truncated.is_empty() {
        return Ok(());
    }
    help(out, &WayOut::words("a change adds events and never takes one away: take the folder from the base"))
}

/// Releases that pass although something stood against them.
fn exceptions(report: &AuditReport<'_>, verbosity: Verbosity, out: &mut impl Write) -> io::Result<()> {
    let mut fixes = Vec::new();
    let (mut adopted, mut exempted, mut decided) = (Vec::new(), Vec::new(), Vec::new());
    for (package, judgement) in report.packages.iter().zip(&report.evaluation.judgements) {
        let Some(Verdict::Approved(basis)) = &judgement.verdict else { continue };
        let listed = match basis {
            Basis::SecurityFix { .. } => &mut fixes,
            Basis::Approval { .. } if report.approvals_by_change(package).next().is_some() => &mut decided,
            Basis::Approval { given } if given.iter().all(|one| one.adopted) => &mut adopted,
            Basis::Approval { .. } => &mut exempted,
            Basis::TrustedRegistry | Basis::AllowedSource | Basis::Aged => continue,
        };
        listed.push((package_name(&package.id), basis));
    }
    // A word of approval has no place beside a blocker.
    if !report.evaluation.blockers.is_empty() {
        return Ok(());
    }
    for (listed, what) in [
        (fixes, "early, as security fix"),
        (adopted, BASELINE),
        (exempted, "by a person's approval"),
        (decided, BY_CHANGE),
    ] {
        if verbosity == Verbosity::Verbose {
            for (name, basis) in listed {
                let own = if what == BY_CHANGE { "this change's own " } else { "" };
                line(
                    out,
                    Tone::Good,
                    "Approved",
                    &format!("{name}: {own}{}", notice::basis(basis, &report.context())),
                )?;
            }
        } else if !listed.is_empty() {
            let names: Vec<String> = listed.into_iter().map(|(name, _)| name).collect();
            let counted =
                if what == BASELINE { counted(names.len(), BASELINE) } else { format!("{} {what}", names.len()) };
            line(out, Tone::Good, "Approved", &format!("{counted}: {}", few(&names, NAMES)))?;
        }
    }
    Ok(())
}

/// The warnings about packages that have no block: one line a kind, or one each.
fn warnings(report: &AuditReport<'_>, verbosity: Verbosity, out: &mut impl Write) -> io::Result<()> {
    let mut groups: Vec<(&str, usize, Vec<String>)> = Vec::new();
    for (package, judgement) in report.packages.iter().zip(&report.evaluation.judgements) {
        let shown = severity(judgement).is_some_and(|severity| severity != Severity::Undecided);
        for warning in judgement.warnings.iter().filter(|_| !shown) {
            let name = package_name(&package.id);
            if verbosity == Verbosity::Verbose {
                let sentence = notice::warning(warning, &package.id, &report.context());
                line(out, Tone::Caution, "Warning", &format!("{name}: {sentence}"))?;
                continue;
            }
            let group = notice::warning_group(warning);
            let Some((_, count, names)) = groups.iter_mut().find(|(known, ..)| *known == group) else {
                groups.push((group, 1, vec![name]));
                continue;
            };
            *count += 1;
            if names.last() != Some(&name) {
                names.push(name);
            }
        }
    }
    for (group, count, names) in &groups {
        line(out, Tone::Caution, "Warning", &format!("{count} {group}: {}", few(names, NAMES)))?;
    }
    if !groups.is_empty() {
        help(out, &WayOut::words("run with -v for details"))?;
    }
    Ok(())
}

pub(in crate::report) fn notices(
    report: &AuditReport<'_>,
    verbosity: Verbosity,
    out: &mut impl Write,
) -> io::Result<()> {
    let all = || report.evaluation.notices.iter();
    let told = || all().filter(|notice| verbosity == Verbosity::Verbose || !notice::is_detail(notice));
    for notice in told() {
        if let Some(way) = cure::of_notice(notice, report) {
            line(out, Tone::Caution, "Note", &notice::notice(notice, &report.context()))?;
            help(out, &way)?;
        }
    }
    let told = || told().filter(|notice| cure::of_notice(notice, report).is_none());
    let sentences = if verbosity == Verbosity::Verbose {
        told().map(|notice| notice::notice(notice, &report.context())).collect()
    } else {
        notice::notices(told(), &report.context())
    };
    sentences.iter().try_for_each(|sentence| line(out, Tone::Caution, "Note", sentence))?;
    // The base's entries are not the working tree's to take away.
    if all().any(notice::is_prunable) && matches!(report.judged_by, JudgedBy::File(_)) {
        let command = report.context().command("approve", "--prune");
        help(out, &WayOut::to_or("remove what does not count", command))?;
    }
    Ok(())
}

pub(in crate::report) fn summary(report: &AuditReport<'_>, out: &mut impl Write) -> io::Result<()> {
    let evaluation = report.evaluation;
    let rejected = |verdict: &Option<Verdict>| matches!(verdict, Some(Verdict::Rejected(_)));
    let (tone, verb) = if !evaluation.blockers.is_empty() {
        (Tone::Bad, "Undecided")
    } else if report.is_approved() {
        (Tone::Good, "Finished")
    } else if evaluation.judgements.iter().any(|judgement| rejected(&judgement.verdict))
        || !report.loosened.is_empty()
        || !evaluation.truncated.is_empty()
        || evaluation.also.iter().any(SideEffect::fails)
    {
        (Tone::Bad, "Finished")
    } else {
        (Tone::Caution, "Finished")
    };
    line(out, tone, verb, &audit::tally_sentence(report))
}
