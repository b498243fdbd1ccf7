//! `incident --format markdown`: what a report within a day has to say: what, which products, since when, whether it is out, what was done.

use std::io::{self, Write};

use super::{
    IncidentReport, LIMITS, StepKind, gap_words, looked_words, products_words, published_words, recorded_words,
    source_words, suspect_words, tips_words, trace_words,
};
use crate::report::escape::{markdown, markdown_code};
use crate::report::words::moment;

/// Writes the document.
///
/// # Errors
/// The writer's.
pub(crate) fn write(report: &IncidentReport<'_>, out: &mut impl Write) -> io::Result<()> {
    let found = report.found;
    writeln!(out, "## Incident report\n")?;
    writeln!(out, "As of {}: **{}**.\n", moment(report.now), markdown(&report.verdict()))?;
    writeln!(out, "### What\n")?;
    for suspect in &found.suspects {
        let url = suspect.advisory.as_ref().and_then(|cited| cited.url.as_ref());
        let url = url.map(|url| format!(", {}", markdown_code(url))).unwrap_or_default();
        writeln!(out, "- {}{url}", markdown(&suspect_words(suspect)))?;
    }
    for published in published_words(report) {
        writeln!(out, "- published: {}", markdown(&published))?;
    }
    writeln!(out, "\n### Products and time\n")?;
    if found.locked.is_empty() {
        writeln!(out, "No lock file of this repository names it.")?;
    } else {
        writeln!(out, "| Release | Source | Lock file | Products | Since | Last | Removed | Now |")?;
        writeln!(out, "|---|---|---|---|---|---|---|---|")?;
    }
    for one in &found.locked {
        let words = |at: Option<u32>| at.map_or_else(|| "–".to_owned(), |at| markdown(&report.commit_words(at)));
        let path = markdown_code(one.path.as_str());
        let path =
            if one.packaged { format!("{path}, of a vendored package, which cargo does not read") } else { path };
        writeln!(
            out,
            "| {} | {} | {path} | {} | {} | {} | {} | {} |",
            markdown_code(&format!("{}@{}", one.id.name, one.id.version)),
            markdown(&source_words(&one.id)),
            markdown(&products_words(one)),
            words(one.added.first().copied()),
            words(one.last),
            words(one.removed.last().copied()),
            markdown(&tips_words(&one.tips)),
        )?;
    }
    writeln!(out, "\n### On this machine\n")?;
    if found.traces.is_empty() {
        writeln!(out, "Nothing of it is vendored, downloaded, unpacked, installed or built.")?;
    }
    for (trace, bytes) in &found.traces {
        writeln!(out, "- {}: {}", trace.kind.as_str(), markdown(&trace_words(trace, *bytes)))?;
    }
    if !found.recorded.is_empty() {
        writeln!(out, "\n### In the audit trail\n")?;
        for one in &found.recorded {
            writeln!(out, "- {}", markdown(&recorded_words(one)))?;
        }
    }
    if !found.gaps.is_empty() {
        writeln!(out, "\n### What could not be looked at\n")?;
        for gap in &found.gaps {
            let (message, way) = gap_words(gap);
            writeln!(out, "- {}<br>help: {}", markdown(&message), markdown(&way.line()))?;
        }
    }
    let steps = report.steps();
    for kind in [StepKind::Pin, StepKind::Purge, StepKind::Rotate] {
        let of: Vec<_> = steps.iter().filter(|step| step.kind == kind).collect();
        if !of.is_empty() {
            writeln!(out, "\n### {}\n", kind.title())?;
        }
        for step in of {
            let words = step.way.words.as_deref().map(markdown).unwrap_or_default();
            let paste = step.way.step.as_ref().filter(|_| step.way.is_printable());
            let paste = paste.map(|step| format!(": {}", markdown_code(step.text()))).unwrap_or_default();
            writeln!(out, "- {words}{paste}")?;
        }
    }
    writeln!(out, "\n### Looked at\n")?;
    writeln!(out, "{}. {}.", markdown(&looked_words(found)), markdown(LIMITS))?;
    for name in &found.looked_at.submodules {
        writeln!(out, "- not the submodule {}", markdown_code(name))?;
    }
    Ok(())
}
