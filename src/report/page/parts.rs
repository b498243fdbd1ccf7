//! What the parts of the page share: escaping, sections, and what is known of each package.

use std::io::{self, Write};

use crate::model::Timestamp;
use crate::model::approval::Approval;
use crate::model::facts::AdvisoryFact;
use crate::model::trail::Trail;
use crate::model::verdict::Verdict;
use crate::report::audit::{Severity, severity};
use crate::report::context::Context;
use crate::report::escape::terminal;
use crate::report::status::StatusReport;
use crate::report::words::moment;

/// Everything that the page tells.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PageReport<'a> {
    pub status: StatusReport<'a>,
    pub approvals: &'a [Approval],
    pub trail: &'a Trail,
    /// Of this program.
    pub version: &'a str,
}

/// The report, and who depends on whom.
pub(super) struct Page<'r, 'a> {
    pub report: &'r PageReport<'a>,
    pub context: Context<'a>,
    /// For each package those that depend on it.
    pub dependents: Vec<Vec<usize>>,
}

impl<'r, 'a> Page<'r, 'a> {
    pub(super) fn of(report: &'r PageReport<'a>) -> Self {
        let packages = report.status.audit.packages;
        let mut dependents = vec![Vec::new(); packages.len()];
        for (at, package) in packages.iter().enumerate() {
            for dependency in &package.dependencies {
                if let Some(list) = dependents.get_mut(*dependency) {
                    list.push(at);
                }
            }
        }
        Self { report, context: report.status.audit.context(), dependents }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.report.status.audit.evaluation.now
    }

    /// How a package stands: a word, and the class that colours it.
    pub(super) fn standing(&self, at: usize) -> (&'static str, &'static str) {
        let judgement = self.report.status.audit.evaluation.judgements.get(at);
        let severity = judgement.and_then(severity);
        match (severity, judgement.and_then(|one| one.verdict.as_ref())) {
            (Some(Severity::Malicious), _) => ("malicious", "bad"),
            (Some(Severity::Rejected), _) => ("rejected", "bad"),
            (Some(Severity::Undecided), _) => ("undecided", "wait"),
            (Some(Severity::Quarantined), _) => ("quarantined", "wait"),
            (None, Some(Verdict::Local)) => ("local", "soft"),
            (None, None) => ("in the base already", "soft"),
            (None, Some(Verdict::Approved(_) | Verdict::Quarantined(_) | Verdict::Rejected(_))) => ("approved", "good"),
        }
    }

    /// Where a package stands in a table that begins with what is worst.
    pub(super) fn rank(&self, at: usize) -> u8 {
        let judgement = self.report.status.audit.evaluation.judgements.get(at);
        match (judgement.and_then(severity), judgement.and_then(|one| one.verdict.as_ref())) {
            (Some(Severity::Malicious), _) => 0,
            (Some(Severity::Rejected), _) => 1,
            (Some(Severity::Undecided), _) => 2,
            (Some(Severity::Quarantined), _) => 3,
            (None, Some(Verdict::Approved(_) | Verdict::Quarantined(_) | Verdict::Rejected(_))) => 4,
            (None, None) => 5,
            (None, Some(Verdict::Local)) => 6,
        }
    }

    /// `name@version`.
    pub(super) fn name(&self, at: usize) -> String {
        let package = self.report.status.audit.packages.get(at);
        package.map(|package| format!("{}@{}", package.id.name, package.id.version)).unwrap_or_default()
    }
}

/// A part of the page with its heading.
pub(in crate::report) fn section<W: Write>(
    out: &mut W,
    id: &str,
    title: &str,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    writeln!(out, "<section id=\"{id}\" aria-labelledby=\"{id}-title\">\n<h2 id=\"{id}-title\">{title}</h2>")?;
    write(out)?;
    writeln!(out, "</section>")
}

/// Text from anywhere, as text.
pub(in crate::report) fn html(text: &str) -> String {
    let text = terminal(text);
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            _ => safe.push(letter),
        }
    }
    safe
}

/// A name or a command; of several lines, each by itself.
pub(in crate::report) fn code(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(html).collect();
    format!("<code>{}</code>", lines.join("<br>"))
}

/// What advisories were read from. Where a folder of this machine lies is nobody's business.
pub(in crate::report) fn database(fact: &AdvisoryFact) -> String {
    match fact {
        AdvisoryFact::Skipped => "none were asked for".to_owned(),
        AdvisoryFact::Unavailable { .. } => "they could not be had".to_owned(),
        AdvisoryFact::Read(db) => {
            let source = if db.source.contains("://") { &*db.source } else { "a folder" };
            let commit = db.commit.as_deref().map(|commit| format!(" at commit {commit}")).unwrap_or_default();
            let time = db.committed.map(|at| format!(" of {}", moment(at))).unwrap_or_default();
            format!("{} in {source}{commit}{time}", db.total)
        }
    }
}

/// A table that may be wider than the page: whoever has no mouse scrolls it by keys.
pub(in crate::report) fn table(
    out: &mut dyn Write,
    label: &str,
    sorted_by: Option<&str>,
    columns: &[&str],
    rows: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let sort = sorted_by.map(|id| format!(" data-sort=\"{id}\"")).unwrap_or_default();
    writeln!(out, "<div class=\"wide\" role=\"region\" aria-label=\"Table: {label}\" tabindex=\"0\"><table{sort}>")?;
    write!(out, "<thead><tr>")?;
    columns.iter().try_for_each(|name| write!(out, "<th scope=\"col\">{name}</th>"))?;
    writeln!(out, "</tr></thead>\n<tbody>")?;
    rows(out)?;
    writeln!(out, "</tbody></table></div>")
}
