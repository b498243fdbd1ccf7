//! `incident --format markdown`: what a report within a day has to say: what, which products, since when, whether it is out, what was done.

use std::io::{self, Write};

use super::{
    IncidentReport, LIMITS, StepKind, gap_words, looked_words, products_words, published_words, recorded_words,
    source_words, suspect_words, tips_words, trace_words,
};
use crate::report::markdown::{Document, code, sentence, way_out};
use crate::report::words::moment;

/// As many lists as there can be: none of them takes the room of another.
const LISTS: usize = 8;

/// Writes the document.
///
/// # Errors
/// The writer's.
pub(crate) fn write(report: &IncidentReport<'_>, out: &mut impl Write) -> io::Result<()> {
    let mut document = Document::new("Incident report");
    document.sharing(LISTS, |document| sections(report, document));
    document.write(out)
}

fn sections(report: &IncidentReport<'_>, document: &mut Document) {
    let found = report.found;
    document.paragraph(&format!("As of {}: **{}**.", moment(report.now), sentence(&report.verdict())));
    document.heading("What");
    let suspects = found.suspects.iter().map(|suspect| {
        let url = suspect.advisory.as_ref().and_then(|cited| cited.url.as_ref());
        let url = url.map(|url| format!(", {}", code(url))).unwrap_or_default();
        format!("{}{url}", sentence(&suspect_words(suspect)))
    });
    let published = published_words(report);
    let published = published.iter().map(|published| format!("published: {}", sentence(published)));
    document.list(suspects.chain(published));
    document.heading("Products and time");
    products(report, document);
    document.heading("On this machine");
    if found.traces.is_empty() {
        document.paragraph("Nothing of it is vendored, downloaded, unpacked, installed or built.");
    } else {
        let line = |trace, bytes| sentence(&trace_words(trace, bytes));
        document.list(
            found.traces.iter().map(|(trace, bytes)| format!("{}: {}", trace.kind.as_str(), line(trace, *bytes))),
        );
    }
    if !found.recorded.is_empty() {
        document.heading("In the audit trail");
        document.list(found.recorded.iter().map(|one| sentence(&recorded_words(one))));
    }
    if !found.gaps.is_empty() {
        document.heading("What could not be looked at");
        document.list(found.gaps.iter().map(|gap| {
            let (message, way) = gap_words(gap);
            format!("{}<br>help: {}", sentence(&message), way_out(&way))
        }));
    }
    let steps = report.steps();
    for kind in [StepKind::Pin, StepKind::Purge, StepKind::Rotate] {
        let mut of = steps.iter().filter(|step| step.kind == kind).peekable();
        if of.peek().is_some() {
            document.heading(kind.title());
            document.list(of.map(|step| way_out(&step.way)));
        }
    }
    document.heading("Looked at");
    document.paragraph(&format!("{}. {}.", sentence(&looked_words(found)), sentence(LIMITS)));
    let submodules = &found.looked_at.submodules;
    if !submodules.is_empty() {
        document.list(submodules.iter().map(|name| format!("not the submodule {}", code(name))));
    }
}

fn products(report: &IncidentReport<'_>, document: &mut Document) {
    let found = report.found;
    if found.locked.is_empty() {
        return document.paragraph("No lock file of this repository names it.");
    }
    let words = |at: Option<u32>| at.map_or_else(|| "–".to_owned(), |at| sentence(&report.commit_words(at)));
    let rows = found.locked.iter().map(|one| {
        let path = code(one.path.as_str());
        let path =
            if one.packaged { format!("{path}, of a vendored package, which cargo does not read") } else { path };
        [
            code(&format!("{}@{}", one.id.name, one.id.version)),
            sentence(&source_words(&one.id)),
            path,
            sentence(&products_words(one)),
            words(one.added.first().copied()),
            words(one.last),
            words(one.removed.last().copied()),
            sentence(&tips_words(&one.tips)),
        ]
    });
    document.table(["Release", "Source", "Lock file", "Products", "Since", "Last", "Removed", "Now"], rows);
}
