//! `explain --format human`: one release from its verdict to what would cure it, a section a question.

use std::io::{self, Write};

use super::ExplainReport;
use crate::model::advisory::Advisory;
use crate::model::explanation::{Agreement, Explanation, Milestone};
use crate::model::package::PackageId;
use crate::model::source::Source;
use crate::model::verdict::Verdict;
use crate::report::audit::Severity;
use crate::report::audit::human::judge;
use crate::report::context::{Verbosity, package_name};
use crate::report::cure::{cures, fix};
use crate::report::escape::terminal;
use crate::report::print::{Tone, detail, error, help, indent, line, word};
use crate::report::reason::platforms;
use crate::report::status::Canvas;
use crate::report::way_out::WayOut;
use crate::report::words::{counted, eligible, few};
use crate::report::{blocker, diff, explain, notice, publication};

/// How many lines a section has before it counts the rest; `-v` shows more.
const ROWS: usize = 6;

/// Writes the report, with colours.
///
/// # Errors
/// The writer's.
pub(crate) fn write(
    report: &ExplainReport<'_>,
    canvas: Canvas,
    verbosity: Verbosity,
    out: &mut impl Write,
) -> io::Result<()> {
    if verbosity > Verbosity::Quiet {
        judge(&report.audit, out)?;
    }
    if let Some(release) = report.release {
        verdict(release, report, out)?;
        if verbosity > Verbosity::Quiet {
            signals(release, report, out)?;
            history(release, report, canvas, out)?;
            checksums(release, report, out)?;
            advisories(release, report, verbosity, out)?;
            ways(release, report, canvas, verbosity, out)?;
            trail(release, report, verbosity, out)?;
            report.diff.map_or(Ok(()), |hint| diff::told(hint, out))?;
        }
        cure(release, report, out)?;
        report.diff.map_or(Ok(()), |hint| diff::way(hint, &report.audit.context(), out))?;
    }
    if let Some(releases) = report.releases {
        let total = releases.shown.len() + releases.more;
        line(out, Tone::Plain, "Releases", &format!("{} of {}", counted(total, "release"), releases.name))?;
        let asked = report.release.map(|release| &release.package.id.version);
        rows(&releases.shown, |version| asked == Some(version), report, canvas, out)?;
        more(releases.more, "older", out)?;
        if report.release.is_none() {
            let mut locked = releases.shown.iter().filter(|one| one.locked);
            let example = locked.next().or(releases.shown.first());
            if let Some(example) = example {
                let spec = crate::report::escape::shell_word(&format!("{}@{}", releases.name, example.version));
                help(out, &WayOut::to_or("everything about one", report.audit.context().command("explain", &spec)))?;
            }
        }
    }
    for group in blocker::groups(&report.audit.evaluation.blockers, &report.audit.context()) {
        error(out, &group.message, &group.help)?;
    }
    Ok(())
}

fn verdict(release: &Explanation, report: &ExplainReport<'_>, out: &mut impl Write) -> io::Result<()> {
    let (context, judgement) = (report.audit.context(), &release.judgement);
    let (tone, title) = match (&judgement.verdict, explain::problem(release).map(|problem| problem.severity)) {
        (_, Some(severity)) => (severity.tone(), severity.word()),
        // A word of approval has no place beside a blocker.
        (Some(Verdict::Approved(_)), None) if !report.audit.evaluation.blockers.is_empty() => {
            (Tone::Caution, Severity::Undecided.word())
        }
        (Some(Verdict::Approved(_)), None) => (Tone::Good, "Approved"),
        (Some(Verdict::Local | Verdict::Quarantined(_) | Verdict::Rejected(_)), None) => (Tone::Plain, "Local"),
        (None, None) => (Tone::Plain, "Not judged"),
    };
    let id: &PackageId = &release.package.id;
    let absent = if release.locked.is_some() { "" } else { ", which is not in the lock file" };
    line(out, tone, title, &format!("{}{absent}", package_name(id)))?;
    for (at, reason) in judgement.reasons().into_iter().flatten().enumerate() {
        let sentence = explain::reason(reason, release.reasons.get(at), release, &context);
        detail(out, tone, reason.code().as_str(), &sentence)?;
    }
    match &judgement.verdict {
        Some(Verdict::Approved(basis)) => {
            let by = release.basis.as_ref().map(|by| format!(" (decided by {})", explain::decider(by)));
            detail(out, tone, "because", &format!("{}{}", notice::basis(basis, &context), by.unwrap_or_default()))?;
        }
        Some(Verdict::Local) => detail(out, tone, "because", "it is the project's own, and comes from no registry")?,
        None => detail(out, tone, "because", "the base has exactly this package already")?,
        Some(Verdict::Quarantined(_) | Verdict::Rejected(_)) => {}
    }
    for (at, warning) in judgement.warnings.iter().enumerate() {
        let by = release.warnings.get(at).map(|by| format!(" (decided by {})", explain::decider(by)));
        let sentence = notice::warning(warning, id, &context);
        detail(out, Tone::Caution, "warning", &format!("{sentence}{}", by.unwrap_or_default()))?;
    }
    if matches!(id.source, Source::Registry(_)) {
        detail(out, Tone::Plain, "published", &explain::published(release, &context))?;
    }
    if let Some(looked) = release.inspected {
        detail(out, Tone::Plain, "inside", explain::inspected(looked))?;
    }
    if let Some(published) = &release.publication {
        detail(out, Tone::Plain, "publisher", &publication::published(published))?;
        for action in &published.yanks {
            detail(out, Tone::Caution, "yanked", &publication::yank(action))?;
        }
    }
    match judgement.reasons().and_then(crate::model::verdict::Reasons::eligible_at) {
        Some(at) => detail(
            out,
            Tone::Plain,
            "eligible",
            &format!("{}{}", eligible(context.now, at), explain::stands_on(release)),
        ),
        None => Ok(()),
    }
}

/// Those that no reason and no warning tells of.
fn signals(release: &Explanation, report: &ExplainReport<'_>, out: &mut impl Write) -> io::Result<()> {
    let context = report.audit.context();
    explain::other_signals(release)
        .try_for_each(|view| line(out, Tone::Plain, "Signal", &explain::signal(view, &context)))
}

fn history(release: &Explanation, report: &ExplainReport<'_>, canvas: Canvas, out: &mut impl Write) -> io::Result<()> {
    let timeline = &release.timeline;
    let total = timeline.releases.len() + timeline.earlier + timeline.later;
    // The list of all releases tells the same.
    if total == 0 || report.releases.is_some() {
        return Ok(());
    }
    line(out, Tone::Plain, "History", &counted(total, "release"))?;
    more(timeline.earlier, "earlier", out)?;
    rows(&timeline.releases, |version| *version == release.package.id.version, report, canvas, out)?;
    more(timeline.later, "later", out)
}

fn more(count: usize, what: &str, out: &mut impl Write) -> io::Result<()> {
    if count == 0 { Ok(()) } else { writeln!(out, "{}and {count} {what}", indent()) }
}

/// One line a release: a mark, the day, the version, the verdict.
fn rows(
    releases: &[Milestone],
    is_asked: impl Fn(&semver::Version) -> bool,
    report: &ExplainReport<'_>,
    canvas: Canvas,
    out: &mut impl Write,
) -> io::Result<()> {
    let versions: Vec<String> = releases.iter().map(|one| terminal(&one.version.to_string())).collect();
    let width = versions.iter().map(|version| version.chars().count()).filter(|width| *width <= 24).max().unwrap_or(0);
    for (one, version) in releases.iter().zip(versions) {
        let asked = is_asked(&one.version);
        let decided = report.audit.evaluation.blockers.is_empty();
        let mark = match (asked || one.locked, canvas.ascii) {
            (true, false) => "●",
            (false, false) => "○",
            (true, true) => "*",
            (false, true) => "-",
        };
        let tone = match &one.verdict {
            Verdict::Local => Tone::Plain,
            Verdict::Approved(_) if decided => Tone::Good,
            Verdict::Approved(_) | Verdict::Quarantined(_) => Tone::Caution,
            Verdict::Rejected(_) => Tone::Bad,
        };
        let day = one.pubtime.map_or_else(|| "unknown   ".to_owned(), |at| at.strftime("%Y-%m-%d").to_string());
        let marks = terminal(&explain::marks(one, asked, decided));
        writeln!(out, "{}{} {day}  {version:width$}  {marks}", indent(), word(tone, mark))?;
    }
    Ok(())
}

fn checksums(release: &Explanation, report: &ExplainReport<'_>, out: &mut impl Write) -> io::Result<()> {
    let Some(first) = release.checksums.iter().find_map(|record| record.checksum.as_ref()) else { return Ok(()) };
    line(out, Tone::Plain, "Checksum", first)?;
    for record in &release.checksums {
        let place = explain::place(&record.place, &report.audit.context());
        match (record.agreement, &record.checksum) {
            (Agreement::Differs, Some(other)) => {
                detail(out, Tone::Bad, "differs", &format!("{place} has {other}"))?;
            }
            (Agreement::Agrees, _) => detail(out, Tone::Good, "agrees", &place)?,
            (Agreement::Silent | Agreement::Differs, _) => {
                detail(out, Tone::Caution, "silent", &format!("{place} has none"))?;
            }
        }
    }
    Ok(())
}

fn advisories(
    release: &Explanation,
    report: &ExplainReport<'_>,
    verbosity: Verbosity,
    out: &mut impl Write,
) -> io::Result<()> {
    let (hits, others): (Vec<_>, Vec<_>) = release.advisories.iter().partition(|view| view.hits);
    let shown = if verbosity == Verbosity::Verbose { others.len() } else { others.len().min(ROWS) };
    for view in hits.iter().chain(others.iter().take(shown)) {
        let tone = if view.hits { Tone::Bad } else { Tone::Plain };
        line(out, tone, "Advisory", &explain::advisory(view))?;
        let one: &Advisory = &view.advisory;
        detail(out, Tone::Plain, "ranges", &explain::ranges(one))?;
        if let Some(platforms) = platforms(one) {
            detail(out, Tone::Plain, "platforms", &platforms)?;
        }
        if !one.aliases.is_empty() {
            let aliases: Vec<String> = one.aliases.iter().map(ToString::to_string).collect();
            detail(out, Tone::Plain, "aliases", &few(&aliases, ROWS))?;
        }
        if let Some(url) = &one.url {
            detail(out, Tone::Plain, "url", url)?;
        }
        for known in release.judgement.fixes.iter().filter(|known| known.advisory == one.id) {
            detail(out, Tone::Plain, "fix", &fix(known, &release.package.id.name, &report.audit))?;
        }
    }
    match others.len() - shown {
        0 => Ok(()),
        rest => {
            let do_not = if rest == 1 { "does not" } else { "do not" };
            writeln!(out, "{}and {rest} that {do_not} count here; run with -v for all", indent())
        }
    }
}

fn ways(
    release: &Explanation,
    report: &ExplainReport<'_>,
    canvas: Canvas,
    verbosity: Verbosity,
    out: &mut impl Write,
) -> io::Result<()> {
    let limit = if verbosity == Verbosity::Verbose { usize::MAX } else { ROWS };
    let arrow = if canvas.ascii { " -> " } else { " → " };
    let ways = release.paths.shown.iter().filter(|way| way.len() > 1);
    for way in ways.take(limit) {
        line(out, Tone::Plain, "Path", &report.audit.names(way).join(arrow))?;
    }
    if let Some(more) = explain::more_paths(&release.paths, limit) {
        writeln!(out, "{}{more}", indent())?;
    }
    for dependent in release.dependents.iter().take(limit) {
        let Some(package) = report.audit.packages.get(dependent.package) else { continue };
        let asks = explain::asks(&dependent.asks);
        line(out, Tone::Plain, "Dependent", &format!("{} {asks}", package_name(&package.id)))?;
    }
    more(release.dependents.len().saturating_sub(limit), "more; run with -v for all", out)
}

fn trail(
    release: &Explanation,
    report: &ExplainReport<'_>,
    verbosity: Verbosity,
    out: &mut impl Write,
) -> io::Result<()> {
    let limit = if verbosity == Verbosity::Verbose { usize::MAX } else { ROWS };
    for entry in release.trail.iter().take(limit) {
        line(out, Tone::Plain, "Trail", &explain::entry(entry, &report.audit.context()))?;
    }
    more(release.trail.len().saturating_sub(limit), "older; run with -v for all", out)
}

fn cure(release: &Explanation, report: &ExplainReport<'_>, out: &mut impl Write) -> io::Result<()> {
    let Some(problem) = explain::problem(release) else { return Ok(()) };
    cures(&problem, &report.audit).iter().try_for_each(|cure| help(out, cure))?;
    match explain::resolved(release, &report.audit) {
        Some(way) => help(out, &way),
        None => Ok(()),
    }
}
