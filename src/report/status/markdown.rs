//! `status --format markdown`: a table of what asks for something, and the days on which releases become eligible.

use std::io::{self, Write};

use super::{NEEDS, Row, StatusReport, codes};
use crate::model::calendar::Need;
use crate::report::audit::markdown::decides;
use crate::report::escape::{markdown, markdown_code};
use crate::report::words::{counted, moment};
use crate::report::{audit, blocker, notice, status};

/// A longer list of releases to come is folded up.
const UNFOLDED_DAYS: usize = 20;

/// Writes a heading, the counts, the table, and the rest folded up.
///
/// # Errors
/// The writer's.
pub fn write(report: &StatusReport<'_>, out: &mut impl Write) -> io::Result<()> {
    let audit = &report.audit;
    writeln!(out, "## cargo sequester: status\n")?;
    writeln!(out, "{}\n", markdown(&audit::tally_sentence(audit)))?;
    writeln!(
        out,
        "Ahead: {}. Judged by {}.",
        markdown(&status::sentence(report)),
        markdown(&audit.judged_by.sentence())
    )?;
    decides(audit, out)?;
    let context = audit.context();
    let blockers = blocker::groups(&audit.evaluation.blockers, &context);
    if !blockers.is_empty() {
        writeln!(out, "\n### Errors\n")?;
    }
    for group in blockers {
        writeln!(out, "- {}<br>help: {}", markdown(&group.message), markdown(&group.help.line()))?;
    }
    let of = |needs: &[Need]| needs.iter().flat_map(|need| status::rows(report, *need)).collect::<Vec<Row>>();
    let (beyond, urgent): (Vec<Need>, Vec<Need>) =
        NEEDS.iter().partition(|need| matches!(need, Need::Beyond | Need::Current));
    table(&of(&urgent), out)?;
    days(report, out)?;
    let beyond = of(&beyond);
    if !beyond.is_empty() {
        writeln!(out, "\n<details><summary>Beyond a requirement, or only a warning: {}</summary>", beyond.len())?;
        table(&beyond, out)?;
        writeln!(out, "\n</details>")?;
    }
    let notices = notice::notices(audit.notices(), &context);
    if notices.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n<details><summary>Notices: {}</summary>\n", notices.len())?;
    for notice in notices {
        writeln!(out, "- {}", markdown(&notice))?;
    }
    writeln!(out, "\n</details>")
}

fn table(rows: &[Row], out: &mut impl Write) -> io::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n| | Package | Locked | Newer | |\n|---|---|---|---|---|")?;
    rows.iter().try_for_each(|row| {
        let (_, verb) = row.verb();
        let (name, locked) = (markdown_code(&row.name), markdown_code(&row.locked));
        let to = row.to.as_deref().map_or_else(|| "–".to_owned(), markdown_code);
        let remarks: Vec<String> = row.remarks.iter().chain(&row.beyond).map(|remark| markdown(remark)).collect();
        writeln!(out, "| {verb} | {name} | {locked} | {to} | {} |", remarks.join("<br>"))
    })
}

fn days(report: &StatusReport<'_>, out: &mut impl Write) -> io::Result<()> {
    let days = report.days();
    let within: usize = days.iter().map(|(_, releases)| releases.len()).sum();
    let until = report.until.filter(|until| *until != crate::model::Timestamp::MAX);
    let until = until.map(|until| format!(" until {}", moment(until))).unwrap_or_default();
    writeln!(out, "\n### {} to become eligible{until}\n", counted(within, "release"))?;
    if days.is_empty() {
        return writeln!(out, "None.");
    }
    let folds = within > UNFOLDED_DAYS;
    if folds {
        writeln!(out, "<details><summary>Day by day</summary>\n")?;
    }
    writeln!(out, "| Day | Release | At | Part | Held for |\n|---|---|---|---|---|")?;
    for (day, releases) in &days {
        for one in releases {
            let name = markdown_code(&format!("{} {}", one.package.id.name, one.version));
            let (at, part) = (one.at.strftime("%H:%M:%S UTC"), one.part.as_str());
            writeln!(out, "| {day} | {name} | {at} | {part} | {} |", codes(one.reasons))?;
        }
    }
    if folds { writeln!(out, "\n</details>") } else { Ok(()) }
}
