//! `status --format markdown`: a table of what asks for something, and the days on which releases become eligible.

use std::io::{self, Write};

use super::{NEEDS, Row, StatusReport, codes};
use crate::model::calendar::Need;
use crate::report::audit::markdown::{BESIDE, decides, errors};
use crate::report::markdown::{Document, cell, code, sentence};
use crate::report::words::{counted, moment};
use crate::report::{audit, notice, status};

/// A longer list of releases to come is folded up.
const UNFOLDED_DAYS: usize = 20;

/// Writes a heading, the counts, the table, and the rest folded up.
///
/// # Errors
/// The writer's.
pub fn write(report: &StatusReport<'_>, out: &mut impl Write) -> io::Result<()> {
    let audit = &report.audit;
    let mut document = Document::new("cargo sequester: status");
    document.paragraph(&sentence(&audit::tally_sentence(audit)));
    let (ahead, judged_by) = (status::sentence(report), audit.judged_by.sentence());
    document.paragraph(&format!("Ahead: {}. Judged by {}.", sentence(&ahead), sentence(&judged_by)));
    document.sharing(BESIDE, |document| {
        decides(audit, document);
        errors(audit, document);
    });
    let of = |needs: &[Need]| needs.iter().flat_map(|need| status::rows(report, *need)).collect::<Vec<Row>>();
    let (beyond, urgent): (Vec<Need>, Vec<Need>) =
        NEEDS.iter().partition(|need| matches!(need, Need::Beyond | Need::Current));
    table(&of(&urgent), &mut document);
    days(report, &mut document);
    let beyond = of(&beyond);
    if !beyond.is_empty() {
        let summary = format!("Beyond a requirement, or only a warning: {}", beyond.len());
        document.folded(&summary, |document| table(&beyond, document));
    }
    let notices = notice::notices(audit.notices(), &audit.context());
    if !notices.is_empty() {
        document.folded(&format!("Notices: {}", notices.len()), |document| {
            document.list(notices.iter().map(|notice| sentence(notice)));
        });
    }
    document.write(out)
}

fn table(rows: &[Row], document: &mut Document) {
    if rows.is_empty() {
        return;
    }
    let rows = rows.iter().map(|row| {
        let (_, verb) = row.verb();
        let to = row.to.as_deref().map_or_else(|| "–".to_owned(), code);
        let remarks = row.remarks.iter().chain(&row.beyond).chain(&row.from).map(|remark| sentence(remark));
        [verb.to_owned(), code(&row.name), code(&row.locked), to, cell(remarks)]
    });
    document.table(["", "Package", "Locked", "Newer", ""], rows);
}

fn days(report: &StatusReport<'_>, document: &mut Document) {
    let days = report.days();
    let within: usize = days.iter().map(|(_, releases)| releases.len()).sum();
    let until = report.until.filter(|until| *until != crate::model::Timestamp::MAX);
    let until = until.map(|until| format!(" until {}", moment(until))).unwrap_or_default();
    document.heading(&format!("{} to become eligible{until}", counted(within, "release")));
    if days.is_empty() {
        return document.paragraph("None.");
    }
    let rows = days.iter().flat_map(|(day, releases)| {
        releases.iter().map(move |one| {
            let name = code(&format!("{} {}", one.package.id.name, one.version));
            let (at, part) = (one.at.strftime("%H:%M:%S UTC").to_string(), one.part.as_str().to_owned());
            [day.to_string(), name, at, part, codes(one.reasons)]
        })
    });
    let head = ["Day", "Release", "At", "Part", "Held for"];
    if within > UNFOLDED_DAYS {
        document.folded("Day by day", |document| document.table(head, rows));
    } else {
        document.table(head, rows);
    }
}
