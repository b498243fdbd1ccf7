//! `update` for people: one table at the end, in cargo's look.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::{
    End, UpdateReport, approvable, curable, held_fix_words, held_words, joined_words, kept_words, needs_rust,
    packages_are, summary_sentence, unresolved_words, waits_words, wanting_words,
};
use crate::model::Timestamp;
use crate::model::evaluation::{Evaluation, Judgement};
use crate::model::package::{Package, PackageId};
use crate::model::resolution::{Cause, Change, Demand, Hidden, HiddenBecause, Joined, Kept, Obstacle, Unresolved};
use crate::model::source::{Registry, Source};
use crate::model::verdict::{Basis, Reason};
use crate::report::context::{Context, Verbosity, package_name, registry_name};
use crate::report::escape::{shell_word, terminal};
use crate::report::print::{Tone, detail, error, help, line, word};
use crate::report::way_out::{TEXT, WayOut};
use crate::report::words::{counted, eligible, span};
use crate::report::{blocker, cure, notice, reason};

/// Writes the report, with colours.
///
/// # Errors
/// The writer's.
pub(crate) fn write(report: &UpdateReport<'_>, verbosity: Verbosity, out: &mut impl Write) -> io::Result<()> {
    let talk = verbosity > Verbosity::Quiet;
    match report.end {
        End::Precise(id, hidden) => return refused(report, id, hidden, out),
        End::Unresolved(unresolved) => return failed(report, unresolved, out),
        End::Undecided => {
            for group in blocker::groups(&report.evaluation.blockers, &report.context()) {
                error(out, &group.message, &group.help)?;
            }
            return line(out, Tone::Bad, "Undecided", "Cargo.lock was left as it is");
        }
        End::Published | End::Unchanged | End::NotApproved => {}
    }
    if talk {
        moved(report, out)?;
        held(report, verbosity, out)?;
    }
    kept(report.kept, report.evaluation, report.packages, &report.context(), out)?;
    waits(report, out)?;
    for fix in report.held_fixes {
        line(out, Tone::Caution, "Fix held", &held_fix_words(fix, report.now()))?;
    }
    unapproved(report, out)?;
    if talk && report.pruned > 0 {
        let text = format!("{} from adoption, which are over, from the policy", entries(report.pruned));
        line(out, Tone::Good, "Pruned", &text)?;
    }
    if talk {
        summary(report, out)?;
    }
    Ok(())
}

fn moved(report: &UpdateReport<'_>, out: &mut impl Write) -> io::Result<()> {
    for Joined { package, because } in report.joined {
        line(out, Tone::Caution, "Joined", &format!("{}: {}", package_name(package), joined_words(*because)))?;
    }
    let width = report.changes.iter().map(|change| name(change).chars().count()).max().unwrap_or(0).min(40);
    for change in report.changes {
        let (tone, verb) = verb_of(change);
        let versions = match (&change.from, &change.to) {
            (Some(from), Some(to)) if from == to => format!("{to}, with another checksum"),
            (Some(from), Some(to)) => format!("{from} → {to}"),
            (None, Some(version)) | (Some(version), None) => version.to_string(),
            (None, None) => String::new(),
        };
        let mut text = format!("{:width$} {versions}", name(change));
        if let Some(published) = change.pubtime {
            let _ = write!(text, "  ({} old", age(report.now(), published));
            text.push_str(&basis(change, report).map_or_else(|| String::from(")"), |basis| format!("; {basis})")));
        }
        if !change.asked {
            text.push_str("  nobody asked for this");
        }
        if let Some(newer) = &change.newer_rust {
            let _ = write!(text, "  {}", needs_rust(newer));
        }
        line(out, tone, verb, &text)?;
    }
    Ok(())
}

/// With its registry, where that is not crates.io.
fn name(change: &Change) -> String {
    match &change.source {
        Source::Registry(registry) if *registry != Registry::CratesIo => {
            format!("{} ({})", change.name, registry_name(registry))
        }
        Source::Registry(_) | Source::Local | Source::Git(_) | Source::Other(_) => change.name.to_string(),
    }
}

/// What stays although it is not approved, a line each. `judged` is the decision on the lock file that has these packages.
///
/// # Errors
/// The writer's.
pub(crate) fn kept(
    kept: &[Kept],
    judged: &Evaluation,
    packages: &[Package],
    context: &Context<'_>,
    out: &mut impl Write,
) -> io::Result<()> {
    for stayed @ Kept { package, .. } in kept {
        line(out, Tone::Caution, "Kept", &kept_words(stayed, context))?;
        let judgement = judged.judgements.iter().find(|judgement| judgement.id == *package);
        if let Some(way) = judgement.and_then(|judgement| cure::edited(judgement, packages)) {
            help(out, &way)?;
        }
    }
    Ok(())
}

/// What would have to be approved so that what stays could move.
fn waits(report: &UpdateReport<'_>, out: &mut impl Write) -> io::Result<()> {
    report.waits.iter().try_for_each(|waits| line(out, Tone::Caution, "Waiting", &waits_words(waits, report.now())))
}

fn verb_of(change: &Change) -> (Tone, &'static str) {
    match (&change.from, &change.to) {
        (Some(from), Some(to)) if to < from => (Tone::Caution, "Moved back"),
        (Some(from), Some(to)) if to == from => (Tone::Bad, "Other bytes"),
        (Some(_), Some(_)) => (Tone::Good, "Moved"),
        (None, _) => (Tone::Good, "Added"),
        (Some(_), None) => (Tone::Bad, "Removed"),
    }
}

/// What is worth telling of a basis: that a release is old enough is no news.
fn basis(change: &Change, report: &UpdateReport<'_>) -> Option<String> {
    let basis = change.basis.as_ref().filter(|basis| **basis != Basis::Aged)?;
    Some(notice::basis(basis, &report.context()))
}

fn age(now: Timestamp, published: Timestamp) -> String {
    let seconds = now.as_second().saturating_sub(published.as_second());
    span(u64::try_from(seconds).unwrap_or(0))
}

fn held(report: &UpdateReport<'_>, verbosity: Verbosity, out: &mut impl Write) -> io::Result<()> {
    const FEW: usize = 12;
    let shown = if verbosity == Verbosity::Verbose { report.held.len() } else { FEW };
    for held in report.held.iter().take(shown) {
        line(out, Tone::Plain, "Held", &held_words(held, report.now()))?;
    }
    if report.held.len() > shown {
        let rest = counted(report.held.len() - shown, "more release");
        line(out, Tone::Plain, "Held", &format!("{rest}; run with -v for details"))?;
    }
    Ok(())
}

fn unapproved(report: &UpdateReport<'_>, out: &mut impl Write) -> io::Result<()> {
    if !matches!(report.end, End::NotApproved) {
        return Ok(());
    }
    for change in report.unapproved() {
        let Some(id) = change.after() else { continue };
        line(out, Tone::Bad, "Not approved", &package_name(&id))?;
        let judgement = report.evaluation.judgements.iter().find(|judgement| judgement.id == id);
        for found in judgement.and_then(Judgement::reasons).into_iter().flatten() {
            detail(out, Tone::Bad, found.code().as_str(), &reason::sentence(found, &id, &report.context()))?;
        }
    }
    Ok(())
}

fn summary(report: &UpdateReport<'_>, out: &mut impl Write) -> io::Result<()> {
    let remaining = report.remaining();
    let text = summary_sentence(report);
    let (tone, name) = if remaining > 0 { (Tone::Caution, "Finished") } else { (Tone::Good, "Finished") };
    line(out, tone, name, &text)?;
    if remaining > 0 && !matches!(report.end, End::NotApproved) {
        let command = report.context().command("audit", "");
        help(out, &WayOut::to_or(format!("{} not approved", packages_are(remaining)), command))?;
    }
    if report.vendored && matches!(report.end, End::Published) && !report.dry_run {
        vendor(&report.context(), out)?;
    }
    Ok(())
}

/// What is to be done after a lock file changed beside which approved sources lie.
fn vendor(context: &Context<'_>, out: &mut impl Write) -> io::Result<()> {
    help(out, &WayOut::to_or("bring the vendored sources along", context.command("vendor", "")))
}

/// Writes that packages of `[patch]` are in no build any more, which cargo warns of and audit does not see.
///
/// # Errors
/// The writer's.
pub(crate) fn unpatched(packages: &[PackageId], out: &mut impl Write) -> io::Result<()> {
    packages.iter().try_for_each(|id| {
        let text = format!("{} of [patch]: cargo found no way with it among what it may take", package_name(id));
        line(out, Tone::Caution, "Unused", &text)
    })
}

/// Writes that cargo changed the lock file, and the vendored sources are still the old one's.
///
/// # Errors
/// The writer's.
pub(crate) fn left_behind(context: &Context<'_>, out: &mut impl Write) -> io::Result<()> {
    line(out, Tone::Caution, "Vendored", "the sources in vendor are not those of the new lock file")?;
    vendor(context, out)
}

fn entries(count: usize) -> String {
    if count == 1 { String::from("1 entry") } else { format!("{count} entries") }
}

/// `--precise` to a hidden release.
fn refused(report: &UpdateReport<'_>, id: &PackageId, hidden: &Hidden, out: &mut impl Write) -> io::Result<()> {
    line(out, Tone::Bad, "Refused", &format!("{}: the policy does not approve it", package_name(id)))?;
    why(report, id, hidden, out)?;
    if approvable(hidden) {
        exempt(report, id, hidden, out)?;
    }
    line(out, Tone::Bad, "Finished", "Cargo.lock was left as it is; cargo was not run")
}

fn failed(report: &UpdateReport<'_>, unresolved: &Unresolved, out: &mut impl Write) -> io::Result<()> {
    for (number, text) in unresolved.words.lines().enumerate() {
        match text.strip_prefix("error: ").filter(|_| number == 0) {
            Some(rest) => writeln!(out, "{}: {}", word(Tone::Bad, "error"), terminal(rest))?,
            None => writeln!(out, "{}", terminal(text))?,
        }
    }
    if let Cause::Hidden { obstacles, all_needed } = &unresolved.cause {
        wanting(report, obstacles, *all_needed, out)?;
    }
    let last = unresolved_words(&unresolved.cause);
    line(out, Tone::Bad, "Finished", &last)?;
    if unresolved.cause != Cause::Elsewhere {
        return Ok(());
    }
    let way = WayOut::to_or(
        "mend what cargo names; what stands against what is locked",
        report.context().command("audit", ""),
    );
    help(out, &way)
}

/// What would have to be approved, and how that comes about.
fn wanting(
    report: &UpdateReport<'_>,
    obstacles: &[Obstacle],
    all_needed: bool,
    out: &mut impl Write,
) -> io::Result<()> {
    let what = wanting_words(obstacles.len(), all_needed);
    line(out, Tone::Bad, "Hidden", &what)?;
    for Obstacle { id, hidden, asked_by, .. } in obstacles {
        line(out, Tone::Caution, "", &format!("{}{}", package_name(id), demands(asked_by)))?;
        why(report, id, hidden, out)?;
    }
    let eligible_at: Option<Vec<Timestamp>> = obstacles.iter().map(|one| one.hidden.eligible_at()).collect();
    let soonest = eligible_at.and_then(|all| all.into_iter().max());
    if let Some(at) = soonest {
        let text = format!("wait: {} eligible {}", it_or_all(obstacles), eligible(report.now(), at));
        detail(out, Tone::Help, "help", &text)?;
    }
    // With one of them only, nothing would be won.
    if obstacles.iter().all(|one| curable(&one.hidden)) {
        for Obstacle { id, hidden, .. } in obstacles {
            for advisory in advisories(hidden) {
                let words = format!("to ignore {advisory} until a day");
                let command = cure::ignoring(&spec(id), advisory, &report.context());
                help(out, &WayOut::to_or(words, command))?;
            }
            for found in reasons(hidden) {
                if let Reason::LicenseNotAllowed { lack, .. } = found
                    && let Some(way) = cure::listed(lack, id, report.context().judged_by)
                {
                    help(out, &way)?;
                }
            }
            if advisories(hidden).count() < reasons(hidden).count() {
                exempt(report, id, hidden, out)?;
            }
        }
    }
    for Obstacle { id, asked_by, newest_visible, .. } in obstacles {
        let narrow = asked_by.iter().filter(|demand| demand.editable);
        if let Some(version) = newest_visible
            && narrow.clone().next().is_some()
            && narrow.clone().count() == asked_by.len()
            && narrow.clone().all(|demand| !demand.req.matches(version))
        {
            let asks = narrow.flat_map(|demand| demand.at.iter().map(|line| (&demand.req, line)));
            help(out, &cure::edit(&id.name, version, &asks.collect::<Vec<_>>()))?;
        }
    }
    Ok(())
}

fn it_or_all(obstacles: &[Obstacle]) -> String {
    match obstacles {
        [one] => format!("{} is", package_name(&one.id)),
        several => format!("all {} are", several.len()),
    }
}

fn reasons(hidden: &Hidden) -> impl Iterator<Item = &Reason> {
    let reasons = match &hidden.because {
        HiddenBecause::Reasons(reasons) => Some(reasons),
        HiddenBecause::Yanked | HiddenBecause::Ambiguous => None,
    };
    reasons.into_iter().flatten()
}

fn advisories(hidden: &Hidden) -> impl Iterator<Item = &str> {
    reasons(hidden)
        .filter_map(|found| if let Reason::Advisory { advisory, .. } = found { Some(&**advisory) } else { None })
}

/// `, for app (^1.1, Cargo.toml:7) and serde (=1.0.3)`.
fn demands(asked_by: &[Demand]) -> String {
    let each: Vec<String> = asked_by.iter().map(demand).collect();
    if each.is_empty() { String::new() } else { format!(", for {}", each.join(" and ")) }
}

/// `app (=1.0.3, Cargo.toml:7)`.
fn demand(demand: &Demand) -> String {
    let lines = demand.at.iter().map(ToString::to_string);
    let words: Vec<String> = [demand.req.to_string()].into_iter().chain(lines).collect();
    format!("{} ({})", demand.by.name, words.join(", "))
}

fn why(report: &UpdateReport<'_>, id: &PackageId, hidden: &Hidden, out: &mut impl Write) -> io::Result<()> {
    match &hidden.because {
        HiddenBecause::Reasons(reasons) => reasons.iter().try_for_each(|found| {
            detail(out, Tone::Bad, found.code().as_str(), &reason::sentence(found, id, &report.context()))
        })?,
        HiddenBecause::Yanked => {
            detail(out, Tone::Bad, "yanked", "yanked from its registry, and not in the lock file")?;
        }
        HiddenBecause::Ambiguous => {
            detail(out, Tone::Bad, "index-entry-unreadable", "the index has two different lines for it")?;
        }
    }
    match hidden.eligible_at() {
        Some(at) => detail(out, Tone::Plain, "eligible", &eligible(report.now(), at)),
        None => Ok(()),
    }
}

fn exempt(report: &UpdateReport<'_>, id: &PackageId, hidden: &Hidden, out: &mut impl Write) -> io::Result<()> {
    // Where time does not lift what hides it, an exemption needs a last day.
    let until = match hidden.eligible_at() {
        Some(_) => String::new(),
        None => format!(" --until {}", report.context().last_day()),
    };
    let words = format!("{} --reason \"{TEXT}\"{until}", spec(id));
    help(out, &WayOut::to_or("to exempt it after looking inside", report.context().command("approve", &words)))
}

/// A release as a word of a shell by which `approve` finds exactly it.
fn spec(id: &PackageId) -> String {
    shell_word(&match &id.source {
        Source::Registry(Registry::CratesIo) => format!("{}@{}", id.name, id.version),
        Source::Registry(_) | Source::Local | Source::Git(_) | Source::Other(_) => id.to_string(),
    })
}
