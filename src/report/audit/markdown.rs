//! `--format markdown`: for a comment on a pull request or a step's summary.

use std::io::{self, Write};

use super::{AuditReport, Problem, Severity, problems};
use crate::report::context::package_name;
use crate::report::cure::{cures, fix};
use crate::report::escape::{markdown, markdown_code};
use crate::report::way_out::WayOut;
use crate::report::words::eligible;
use crate::report::{audit, blocker, change, notice, reason};

/// Writes a heading, the counts, a table of problems, and the rest folded up.
///
/// # Errors
/// The writer's.
pub fn write(report: &AuditReport<'_>, out: &mut impl Write) -> io::Result<()> {
    let outcome = match (report.evaluation.blockers.is_empty(), report.is_approved()) {
        (false, _) => "could not decide",
        (true, true) => "all approved",
        (true, false) => "not approved",
    };
    writeln!(out, "## cargo sequester: {outcome}\n")?;
    writeln!(out, "{}\n", markdown(&audit::tally_sentence(report)))?;
    writeln!(out, "Judged by {}.", markdown(&report.judged_by.sentence()))?;
    decides(report, out)?;
    let context = report.context();
    let blockers = blocker::groups(&report.evaluation.blockers, &context);
    if !blockers.is_empty() {
        writeln!(out, "\n### Errors\n")?;
    }
    for group in blockers {
        writeln!(out, "- {}<br>help: {}", markdown(&group.message), markdown(&group.help.line()))?;
    }
    let problems = problems(report);
    let mut shown = problems.iter().filter(|problem| problem.severity != Severity::Undecided).peekable();
    if shown.peek().is_some() {
        writeln!(out, "\n| | Package | Why | Eligible | What cures it |\n|---|---|---|---|---|")?;
    }
    shown.try_for_each(|problem| row(problem, report, out))?;
    let also = change::side_effects(&report.evaluation.also);
    if !also.is_empty() {
        writeln!(out, "\n### This change also\n")?;
    }
    for told in also {
        let mark = if told.fails { "**refused:** " } else { "" };
        writeln!(out, "- {mark}{}", markdown(&told.text))?;
    }
    if !report.evaluation.truncated.is_empty() {
        writeln!(out, "\n### This change lacks events of the audit trail\n")?;
    }
    for event in &report.evaluation.truncated {
        writeln!(out, "- {}", markdown_code(&event.to_string()))?;
    }
    rest(report, out)
}

/// What the change decides and what it loosens: before all else, since it is for whoever merges it.
pub(in crate::report) fn decides(report: &AuditReport<'_>, out: &mut impl Write) -> io::Result<()> {
    if !report.decided.is_empty() {
        writeln!(out, "\n### This change decides\n")?;
    }
    for one in report.decided {
        writeln!(out, "- {}", markdown(&change::decided(one)))?;
    }
    if !report.loosened.is_empty() {
        writeln!(out, "\n### This change loosens the policy\n\n| Key | Base | This change |\n|---|---|---|")?;
    }
    for one in report.loosened {
        let (base, head) = change::sides(one);
        writeln!(out, "| {} | {} | {} |", markdown_code(&one.key), markdown_code(base), markdown_code(head))?;
    }
    Ok(())
}

fn row(problem: &Problem<'_>, report: &AuditReport<'_>, out: &mut impl Write) -> io::Result<()> {
    let (id, judgement, context) = (&problem.package.id, problem.judgement, report.context());
    let reasons = problem.reasons.iter().map(|found| {
        format!("{}: {}", markdown_code(found.code().as_str()), markdown(&reason::sentence(found, id, &context)))
    });
    let warnings = judgement
        .warnings
        .iter()
        .map(|warning| format!("warning: {}", markdown(&notice::warning(warning, id, &context))));
    let path = report.names(&judgement.path);
    let path = (path.len() > 1).then(|| format!("path: {}", markdown(&path.join(" → "))));
    let why: Vec<String> = reasons.chain(warnings).chain(path).collect();
    let at = problem.reasons.eligible_at().map_or_else(|| "–".to_owned(), |at| eligible(context.now, at));
    let fixes = judgement.fixes.iter().map(|known| markdown(&fix(known, &id.name, report)));
    let cures: Vec<String> = fixes.chain(cures(problem, report).iter().map(cure)).collect();
    writeln!(
        out,
        "| {} | {} | {} | {at} | {} |",
        problem.severity.word(),
        markdown_code(&package_name(id)),
        why.join("<br>"),
        cures.join("<br>")
    )
}

fn cure(cure: &WayOut) -> String {
    let words = cure.words.as_deref().map(markdown);
    let paste = cure.step.as_ref().map(|step| markdown_code(&step.text().replace('\n', "; ")));
    words.into_iter().chain(paste).collect::<Vec<_>>().join(": ")
}

/// Warnings and notices, folded up.
fn rest(report: &AuditReport<'_>, out: &mut impl Write) -> io::Result<()> {
    let context = report.context();
    let mut lines = Vec::new();
    for (package, judgement) in report.packages.iter().zip(&report.evaluation.judgements) {
        for warning in &judgement.warnings {
            let sentence = notice::warning(warning, &package.id, &context);
            lines.push(format!("- {}: {}", markdown_code(&package_name(&package.id)), markdown(&sentence)));
        }
    }
    let notices = notice::notices(report.notices(), &context);
    lines.extend(notices.iter().map(|notice| format!("- {}", markdown(notice))));
    if lines.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n<details><summary>Warnings and notices: {}</summary>\n", lines.len())?;
    lines.iter().try_for_each(|line| writeln!(out, "{line}"))?;
    writeln!(out, "\n</details>")
}
