//! `--format markdown`: for a comment on a pull request or a step's summary.

use std::io::{self, Write};

use super::{AuditReport, Problem, Severity, problems};
use crate::report::change::Told;
use crate::report::context::package_name;
use crate::report::cure::{cures, fix};
use crate::report::markdown::{Document, MOST_BYTES, cell, code, sentence, way_out};
use crate::report::review::{self, Reviewed};
use crate::report::words::eligible;
use crate::report::{audit, blocker, change, notice, reason};

/// Each of the lists before what does not pass has at most this part of the room.
pub(in crate::report) const BESIDE: usize = 8;

/// Writes the counts, what the change decides and does beside what it locks, what does not pass, every package that changed, and the rest
/// folded up.
///
/// # Errors
/// The writer's.
pub fn write(report: &AuditReport<'_>, out: &mut impl Write) -> io::Result<()> {
    write_within(report, MOST_BYTES, out)
}

/// The same in at most so many bytes.
///
/// # Errors
/// The writer's.
pub(crate) fn write_within(report: &AuditReport<'_>, most: usize, out: &mut impl Write) -> io::Result<()> {
    let outcome = match (report.evaluation.blockers.is_empty(), report.is_approved()) {
        (false, _) => "could not decide",
        (true, true) => "all approved",
        (true, false) => "not approved",
    };
    let mut document = Document::within(&format!("cargo sequester: {outcome}"), most);
    document.paragraph(&sentence(&audit::tally_sentence(report)));
    document.paragraph(&format!("Judged by {}.", sentence(&report.judged_by.sentence())));
    // However much a change loosens and brings beside, what it locks is told too.
    document.sharing(BESIDE, |document| {
        decides(report, document);
        beside(report, document);
        errors(report, document);
    });
    let problems = problems(report);
    let mut shown = problems.iter().filter(|problem| problem.severity != Severity::Undecided).peekable();
    if shown.peek().is_some() {
        document.table(["", "Package", "Why", "Eligible", "What cures it"], shown.map(|problem| row(problem, report)));
    }
    if let Some(changes) = report.changes {
        let approved = report.packages.iter().filter(|package| report.approvals_by_change(package).next().is_some());
        let reviewed = Reviewed {
            changes,
            packages: report.packages,
            evaluation: report.evaluation,
            context: report.context(),
            approved_by_change: approved.map(|package| package.id.clone()).collect(),
        };
        review::table(&reviewed, &mut document);
    }
    rest(report, &mut document);
    document.write(out)
}

/// What the change decides and what it loosens: before all else, since it is for whoever merges it.
pub(in crate::report) fn decides(report: &AuditReport<'_>, document: &mut Document) {
    if !report.decided.is_empty() {
        document.heading("This change decides");
        document.list(change::of_each_key(report.decided, change::EACH_LINE).into_iter().map(|told| match told {
            Told::One(_, one) => sentence(&change::decided(one)),
            Told::More(kind, count) => sentence(&change::more_of(kind, count)),
        }));
    }
    if !report.loosened.is_empty() {
        document.heading("This change loosens the policy");
        let rows = change::of_each_key(report.loosened, change::EACH_LINE).into_iter().map(|told| match told {
            Told::One(_, one) => {
                let (base, head) = change::sides(one);
                let given = change::given(one).as_deref().map(sentence).unwrap_or_default();
                [code(&one.key), code(base), code(head), given]
            }
            Told::More(kind, count) => {
                [code(kind), String::new(), String::new(), sentence(&change::more_of(kind, count))]
            }
        });
        document.table(["Key", "Base", "This change", "Why"], rows);
    }
}

/// What the change does beside what it locks and decides.
fn beside(report: &AuditReport<'_>, document: &mut Document) {
    let also = change::side_effects(&report.evaluation.also);
    if !also.is_empty() {
        document.heading("This change also");
        document.list(also.iter().map(|told| {
            let mark = if told.fails { "**refused:** " } else { "" };
            format!("{mark}{}", sentence(&told.text))
        }));
    }
    if !report.evaluation.truncated.is_empty() {
        document.heading("This change lacks events of the audit trail");
        let told = change::summed(&report.evaluation.truncated, change::EACH_LINE, |_| ());
        document.list(told.into_iter().map(|told| match told {
            Told::One(_, event) => code(&event.to_string()),
            Told::More((), count) => format!("and {count} more"),
        }));
    }
}

/// Why the run could not decide.
pub(in crate::report) fn errors(report: &AuditReport<'_>, document: &mut Document) {
    let blockers = blocker::groups(&report.evaluation.blockers, &report.context());
    if !blockers.is_empty() {
        document.heading("Errors");
        let lines =
            blockers.iter().map(|group| format!("{}<br>help: {}", sentence(&group.message), way_out(&group.help)));
        document.list(lines);
    }
}

fn row(problem: &Problem<'_>, report: &AuditReport<'_>) -> [String; 5] {
    let (id, judgement, context) = (&problem.package.id, problem.judgement, report.context());
    let reasons = problem
        .reasons
        .iter()
        .map(|found| format!("{}: {}", code(found.code().as_str()), sentence(&reason::sentence(found, id, &context))));
    let warnings = judgement
        .warnings
        .iter()
        .map(|warning| format!("warning: {}", sentence(&notice::warning(warning, id, &context))));
    let path = report.names(&judgement.path);
    let path = (path.len() > 1).then(|| format!("path: {}", sentence(&path.join(" → "))));
    let at = problem.reasons.eligible_at().map_or_else(|| "–".to_owned(), |at| eligible(context.now, at));
    let fixes = judgement.fixes.iter().map(|known| sentence(&fix(known, &id.name, report)));
    [
        problem.severity.word().to_owned(),
        code(&package_name(id)),
        cell(reasons.chain(path).chain(warnings)),
        at,
        cell(fixes.chain(cures(problem, report).iter().map(way_out))),
    ]
}

/// Warnings and notices, folded up.
fn rest(report: &AuditReport<'_>, document: &mut Document) {
    let context = report.context();
    let mut lines = Vec::new();
    for (package, judgement) in report.packages.iter().zip(&report.evaluation.judgements) {
        for warning in &judgement.warnings {
            let told = notice::warning(warning, &package.id, &context);
            lines.push(format!("{}: {}", code(&package_name(&package.id)), sentence(&told)));
        }
    }
    lines.extend(notice::notices(report.notices(), &context).iter().map(|notice| sentence(notice)));
    if !lines.is_empty() {
        document.folded(&format!("Warnings and notices: {}", lines.len()), |document| document.list(lines));
    }
}
