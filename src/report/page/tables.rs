//! Everything in tables: packages, approvals, advisories, signals, and the trail.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::parts::{Page, code, html, table};
use crate::model::facts::AdvisoryFact;
use crate::model::package::CrateId;
use crate::model::source::{Registry, Source};
use crate::model::verdict::{Reason, ReasonCode, Verdict, Warning};
use crate::report::context::registry_name;
use crate::report::notice;
use crate::report::reason::sentence;
use crate::report::signal::signal;
use crate::report::words::{moment, rfc3339, span};

/// How many events of the trail are listed.
const EVENTS: usize = 200;

/// Every package of the lock file.
pub(super) fn packages(page: &Page<'_, '_>, out: &mut dyn Write) -> io::Result<()> {
    let audit = &page.report.status.audit;
    writeln!(
        out,
        "<label id=\"filter\" hidden>Show only packages with these words: <input type=\"search\" autocomplete=\"off\"> <output></output></label>"
    )?;
    // What a narrow screen shows before anybody scrolls comes first.
    let columns = ["Package", "Version", "Verdict", "Age", "Why", "Published", "Needed by", "Source"];
    table(out, "Packages", Some("filter"), &columns, |out| {
        for (at, (package, judgement)) in audit.packages.iter().zip(&audit.evaluation.judgements).enumerate() {
            let (word, class) = page.standing(at);
            let published = judgement.pubtime.map(rfc3339).unwrap_or_default();
            let day = published.get(..10).unwrap_or("unknown");
            let age = judgement.pubtime.map(|at| page.now().as_second().saturating_sub(at.as_second()));
            let age_words = age.map_or_else(|| "unknown".to_owned(), |age| in_days(age.max(0).unsigned_abs()));
            let mut why: Vec<String> = match &judgement.verdict {
                Some(Verdict::Approved(basis)) => vec![notice::basis(basis, &page.context)],
                Some(Verdict::Quarantined(reasons) | Verdict::Rejected(reasons)) => {
                    reasons.iter().map(|reason| sentence(reason, &package.id, &page.context)).collect()
                }
                Some(Verdict::Local) | None => Vec::new(),
            };
            let warnings = judgement.warnings.iter();
            why.extend(warnings.map(|one| format!("warning: {}", notice::warning(one, &package.id, &page.context))));
            let why: Vec<String> = why.iter().map(|line| html(line)).collect();
            let count = page.dependents.get(at).map_or(0, Vec::len);
            let (registry, published) = match &package.id.source {
                Source::Registry(Registry::CratesIo) => ("crates.io".to_owned(), day.to_owned()),
                Source::Registry(registry) => (registry_name(registry), day.to_owned()),
                Source::Local => ("this repository".to_owned(), "–".to_owned()),
                source @ (Source::Git(_) | Source::Other(_)) => (source.to_string(), "–".to_owned()),
            };
            let age_words = if published == "–" { "–".to_owned() } else { age_words };
            writeln!(
                out,
                "<tr><td>{}</td><td>{}</td><td class=\"{class}\" data-key=\"{}\">{word}</td><td class=\"d\" data-key=\"{}\">{age_words}</td><td>{}</td><td class=\"d\">{published}</td><td class=\"n\">{count}</td><td>{}</td></tr>",
                code(&package.id.name),
                code(&package.id.version.to_string()),
                page.rank(at),
                age.unwrap_or(-1),
                why.join("<br>"),
                html(&registry),
            )?;
        }
        Ok(())
    })
}

/// An age; hours say nothing of what is older than some days.
fn in_days(seconds: u64) -> String {
    const DAY: u64 = 86_400;
    span(if seconds < 7 * DAY { seconds } else { seconds - seconds % DAY })
}

/// What persons exempted, and until when.
pub(super) fn approvals(page: &Page<'_, '_>, out: &mut dyn Write) -> io::Result<()> {
    let ignores = &page.report.status.audit.policy.advisories.ignore;
    let approvals = page.report.approvals;
    if approvals.is_empty() && ignores.is_empty() {
        return writeln!(out, "<p>There are none.</p>");
    }
    let today = jiff::tz::TimeZone::UTC.to_datetime(page.now()).date();
    let end = |until: Option<jiff::civil::Date>| match until {
        None => "no end".to_owned(),
        Some(until) if until < today => format!("<span class=\"bad\">over since {until}</span>"),
        Some(until) => format!("through {until}"),
    };
    let columns = ["What", "Lifts", "Until", "Given", "By", "Why"];
    table(out, "Approvals and ignores", None, &columns, |out| {
        for one in approvals {
            let lifts: Vec<&str> = one.lifts.iter().copied().map(ReasonCode::as_str).collect();
            let given = one.at.map(|at| at.to_string()).unwrap_or_default();
            writeln!(
                out,
                "<tr><td>{}</td><td>{}</td><td>{}</td><td>{given}</td><td>{}</td><td>{}</td></tr>",
                code(&format!("{}@{}", one.crate_name, one.version)),
                lifts.join(", "),
                end(one.until),
                html(one.by.as_deref().unwrap_or_default()),
                html(&one.reason)
            )?;
        }
        for one in ignores {
            let of = one.crate_name.as_ref().map(|name| format!(" of {name}")).unwrap_or_default();
            writeln!(
                out,
                "<tr><td>{}</td><td>advisory</td><td>{}</td><td></td><td></td><td>{}</td></tr>",
                code(&format!("{}{of}", one.id)),
                end(Some(one.until)),
                html(&one.reason)
            )?;
        }
        Ok(())
    })
}

/// What hits a locked package, whatever the policy makes of it.
pub(super) fn advisories(page: &Page<'_, '_>, out: &mut dyn Write) -> io::Result<()> {
    let audit = &page.report.status.audit;
    let mut by_id: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, judgement) in audit.evaluation.judgements.iter().enumerate() {
        for id in &judgement.advisories {
            by_id.entry(id).or_default().push(at);
        }
    }
    if by_id.is_empty() {
        let none = match audit.advisories {
            AdvisoryFact::Read(_) => "None hits a locked package.",
            AdvisoryFact::Skipped | AdvisoryFact::Unavailable { .. } => "None were read, so nothing is known of them.",
        };
        return writeln!(out, "<p>{none}</p>");
    }
    let columns = ["Advisory", "Kind", "What", "Packages", "Verdict"];
    table(out, "Advisories", None, &columns, |out| {
        for (id, hit) in &by_id {
            let known = hit.iter().find_map(|at| {
                let package = audit.packages.get(*at)?;
                page.context.advisory(&package.id.name, id)
            });
            let names: Vec<String> = hit.iter().map(|at| code(&page.name(*at))).collect();
            let standings: Vec<String> = hit
                .iter()
                .map(|at| page.standing(*at))
                .map(|(word, class)| format!("<span class=\"{class}\">{word}</span>"))
                .collect();
            writeln!(
                out,
                "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
                code(id),
                known.map(|one| one.kind.as_str()).unwrap_or_default(),
                known.map(|one| html(&one.title)).unwrap_or_default(),
                names.join("<br>"),
                standings.join("<br>")
            )?;
        }
        Ok(())
    })
}

/// Signs of a takeover, those that hold a release and those that are only told.
pub(super) fn signals(page: &Page<'_, '_>, out: &mut dyn Write) -> io::Result<()> {
    let audit = &page.report.status.audit;
    let mut rows: Vec<(usize, &str, &str, String)> = Vec::new();
    for (at, judgement) in audit.evaluation.judgements.iter().enumerate() {
        for reason in judgement.reasons().into_iter().flatten() {
            if let Reason::Signal { signal: of, .. } = reason {
                rows.push((at, of.code().as_str(), "holds it", signal(of, &page.context)));
            }
        }
        for warning in &judgement.warnings {
            if let Warning::Signal(of) = warning {
                rows.push((at, of.code().as_str(), "is told", signal(of, &page.context)));
            }
        }
    }
    if rows.is_empty() {
        return writeln!(out, "<p>None fires for a locked package.</p>");
    }
    table(out, "Signals", None, &["Package", "Signal", "Effect", "What"], |out| {
        for (at, name, effect, words) in &rows {
            let package = code(&page.name(*at));
            writeln!(out, "<tr><td>{package}</td><td>{name}</td><td>{effect}</td><td>{}</td></tr>", html(words))?;
        }
        Ok(())
    })
}

/// What was done, newest first.
pub(super) fn trail(page: &Page<'_, '_>, out: &mut dyn Write) -> io::Result<()> {
    let trail = page.report.trail;
    for problem in &trail.problems {
        let what = notice::trail_problem(&problem.kind);
        writeln!(out, "<p class=\"bad\">{}: {}</p>", code(&problem.file), html(&what))?;
    }
    let events = trail.newest_first();
    if events.is_empty() {
        return writeln!(out, "<p>The audit trail has no event yet.</p>");
    }
    table(out, "Audit trail", None, &["When", "What", "Who", "Releases", "Event"], |out| {
        for (id, event) in events.iter().take(EVENTS) {
            let named: Vec<String> = event
                .releases
                .iter()
                .take(5)
                .map(|release| code(&format!("{}@{}", name(&release.crate_id), release.version)))
                .collect();
            let more = event.releases.len().saturating_sub(5);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            writeln!(
                out,
                "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}{more}</td><td>{}</td></tr>",
                moment(event.written()),
                event.kind.as_str(),
                html(event.who.as_ref().map_or("", |who| &who.name)),
                named.join(", "),
                code(&id.short())
            )?;
        }
        if events.len() > EVENTS {
            writeln!(out, "<tr><td colspan=\"5\">{} earlier events</td></tr>", events.len() - EVENTS)?;
        }
        Ok(())
    })
}

fn name(crate_id: &CrateId) -> &str {
    &crate_id.name
}
