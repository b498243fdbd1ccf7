//! `report`: one page that holds everything, for people who do not run the program: no network, no file beside it, nothing that a browser
//! would have to be allowed but its own style and script. It reads without the script, which sorts and filters.

mod charts;
mod graph;
mod parts;
mod tables;

use std::io::{self, Write};

use sha2::{Digest as _, Sha256};

use self::parts::Page;
pub(crate) use self::parts::PageReport;
#[cfg(any(feature = "serve", test))]
pub(super) use self::parts::table;
pub(super) use self::parts::{code, database, html, section};
use super::audit::{Severity, Tally, problems, tally_sentence};
use super::blocker;
use super::context::package_name;
use super::cure::cures;
use super::notice;
use super::reason::sentence;
use super::words::eligible;
use crate::model::evaluation::Notice;

pub(super) const STYLE: &str = include_str!("page/style.css");
const SCRIPT: &str = include_str!("page/script.js");

/// Writes the page.
///
/// # Errors
/// The writer's.
pub(crate) fn write(report: &PageReport<'_>, out: &mut impl Write) -> io::Result<()> {
    let page = Page::of(report);
    head(out)?;
    verdict(&page, out)?;
    navigation(out)?;
    writeln!(out, "<main id=\"main\" tabindex=\"-1\">")?;
    section(out, "held", "Held and rejected", |out| held(&page, out))?;
    section(out, "ages", "Publish ages", |out| charts::ages(&page, out))?;
    section(out, "calendar", "Calendar", |out| charts::calendar(&page, out))?;
    section(out, "graph", "How held packages are reached", |out| graph::write(&page, out))?;
    section(out, "packages", "Packages", |out| tables::packages(&page, out))?;
    section(out, "approvals", "Approvals and ignores", |out| tables::approvals(&page, out))?;
    section(out, "advisories", "Advisories", |out| tables::advisories(&page, out))?;
    section(out, "signals", "Signals", |out| tables::signals(&page, out))?;
    section(out, "trail", "Audit trail", |out| tables::trail(&page, out))?;
    section(out, "about", "About this report", |out| about(&page, out))?;
    writeln!(out, "</main>\n<script>{SCRIPT}</script>\n</body>\n</html>")
}

fn head(out: &mut impl Write) -> io::Result<()> {
    let (style, script) = (digest(STYLE), digest(SCRIPT));
    writeln!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-{style}'; script-src 'sha256-{script}'; base-uri 'none'; form-action 'none'\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"referrer\" content=\"no-referrer\">\n<title>cargo sequester: report</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#main\">Skip to the content</a>"
    )
}

fn verdict(page: &Page<'_, '_>, out: &mut impl Write) -> io::Result<()> {
    let audit = &page.report.status.audit;
    let tally = Tally::of(audit);
    let (class, word) = if !audit.evaluation.blockers.is_empty() {
        ("wait", "Undecided")
    } else if tally.rejected > 0 {
        ("bad", "Rejected")
    } else if tally.quarantined > 0 {
        ("wait", "Quarantined")
    } else if audit.is_approved() {
        ("good", "Approved")
    } else {
        ("bad", "Not approved")
    };
    let (told, locked) = (html(&tally_sentence(audit)), code(audit.locked.as_str()));
    writeln!(out, "<header>\n<h1>Dependencies of {locked}</h1>")?;
    writeln!(out, "<div class=\"verdict {class}\"><strong>{word}</strong><br>{told}</div>")?;
    for group in blocker::groups(&audit.evaluation.blockers, &page.context) {
        writeln!(out, "<p class=\"bad\">{}</p>", html(&group.message))?;
    }
    writeln!(out, "</header>")
}

fn navigation(out: &mut impl Write) -> io::Result<()> {
    let places = [
        ("held", "Held"),
        ("ages", "Ages"),
        ("calendar", "Calendar"),
        ("graph", "Graph"),
        ("packages", "Packages"),
        ("approvals", "Approvals"),
        ("advisories", "Advisories"),
        ("signals", "Signals"),
        ("trail", "Trail"),
        ("about", "About"),
    ];
    writeln!(out, "<nav aria-label=\"Sections\"><ul>")?;
    for (id, name) in places {
        writeln!(out, "<li><a href=\"#{id}\">{name}</a></li>")?;
    }
    writeln!(out, "</ul></nav>")
}

/// Each package that does not pass, with all of its reasons and the ways out.
fn held(page: &Page<'_, '_>, out: &mut dyn Write) -> io::Result<()> {
    let audit = &page.report.status.audit;
    let all = problems(audit);
    if all.is_empty() {
        return writeln!(out, "<p>Nothing is held.</p>");
    }
    for problem in all {
        let class = match problem.severity {
            Severity::Malicious | Severity::Rejected => "bad",
            Severity::Undecided | Severity::Quarantined => "wait",
        };
        writeln!(
            out,
            "<article class=\"card {class}\"><h3><span class=\"{class}\">{}</span> {}</h3>\n<ul>",
            problem.severity.word(),
            code(&package_name(&problem.package.id))
        )?;
        for reason in problem.reasons {
            writeln!(out, "<li>{}</li>", html(&sentence(reason, &problem.package.id, &page.context)))?;
        }
        writeln!(out, "</ul>")?;
        if problem.severity == Severity::Quarantined
            && let Some(at) = problem.reasons.eligible_at()
        {
            writeln!(out, "<p>Eligible {}.</p>", html(&eligible(audit.evaluation.now, at)))?;
        }
        let way = audit.names(&problem.judgement.path).join(" → ");
        writeln!(out, "<p>Shortest way: {}</p>", code(&way))?;
        for way in cures(&problem, audit).iter().filter(|way| way.is_printable()) {
            let words = way.words.as_deref().map(html).unwrap_or_default();
            let joined = if words.is_empty() || way.step.is_none() { "" } else { ": " };
            let step = way.step.as_ref().map(|step| code(step.text())).unwrap_or_default();
            writeln!(out, "<p>Way out: {words}{joined}{step}</p>")?;
        }
        writeln!(out, "</article>")?;
    }
    Ok(())
}

fn about(page: &Page<'_, '_>, out: &mut dyn Write) -> io::Result<()> {
    let audit = &page.report.status.audit;
    writeln!(out, "<ul>\n<li>made by version {} of cargo-sequester</li>", html(page.report.version))?;
    writeln!(out, "<li>judged by {}</li>", html(&audit.judged_by.sentence()))?;
    writeln!(out, "<li>advisories: {}</li>", html(&database(audit.advisories)))?;
    writeln!(out, "</ul>")?;
    // How long ago a cache was written is the machine's affair.
    let of_project = audit.notices().filter(|notice| !matches!(notice, Notice::IndexFromCache { .. }));
    let notices = notice::notices(of_project, &page.context);
    if notices.is_empty() {
        return Ok(());
    }
    writeln!(out, "<h3>Notices</h3>\n<ul>")?;
    for notice in notices {
        writeln!(out, "<li>{}</li>", html(&notice))?;
    }
    writeln!(out, "</ul>")
}

/// A text as it stands in the page.
#[must_use]
pub(crate) fn escaped(text: &str) -> String {
    html(text)
}

/// The SHA-256 of a text in base 64, as a content security policy names it.
pub(super) fn digest(text: &str) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digest = Sha256::digest(text.as_bytes());
    let mut encoded = String::with_capacity(44);
    for group in digest.chunks(3) {
        let bits = group.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        for place in 0..4 {
            let letter = LETTERS.get((bits >> (18 - 6 * place)) as usize & 63).copied().map(char::from);
            encoded.extend(letter.map(|letter| if place > group.len() { '=' } else { letter }));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By `printf '' | openssl dgst -sha256 -binary | base64`.
    #[test]
    fn a_digest_is_what_browsers_compare() {
        assert_eq!(digest(""), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
    }

    #[test]
    fn style_and_script_end_nowhere_early() {
        assert!(!STYLE.contains("</") && !SCRIPT.contains("</") && !SCRIPT.contains("<!--"));
    }
}
