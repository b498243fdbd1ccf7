//! `update --format markdown`: the body of a pull request that moves dependencies, or of the comment on why nothing moved.

use std::collections::BTreeSet;
use std::io::{self, Write};

use super::{
    End, UpdateReport, codes, held_fix_words, held_words, joined_words, kept_words, packages_are, summary_sentence,
    unresolved_words, waits_words, wanting_words,
};
use crate::model::evaluation::Judgement;
use crate::model::package::PackageId;
use crate::model::resolution::{Cause, Hidden, HiddenBecause, Obstacle};
use crate::report::context::package_name;
use crate::report::markdown::{Document, cell, code, sentence, way_out};
use crate::report::review::{self, Reviewed};
use crate::report::way_out::WayOut;
use crate::report::words::eligible;
use crate::report::{blocker, reason};

/// Writes the outcome, the table of what changed, and folded up what is held.
///
/// # Errors
/// The writer's.
pub(crate) fn write(report: &UpdateReport<'_>, out: &mut impl Write) -> io::Result<()> {
    let title = match report.end {
        End::Published if report.dry_run => "packages would change",
        End::Published => "packages changed",
        End::Unchanged => "nothing to move",
        End::NotApproved => "not approved",
        End::Unresolved(_) => "no way was found",
        End::Precise(..) => "refused",
        End::Undecided => "could not decide",
    };
    let mut document = Document::new(&format!("cargo sequester: {title}"));
    let summary = match report.end {
        End::Published | End::Unchanged | End::NotApproved => summary_sentence(report),
        End::Unresolved(unresolved) => unresolved_words(&unresolved.cause),
        End::Precise(..) => "Cargo.lock was left as it is; cargo was not run".to_owned(),
        End::Undecided => "Cargo.lock was left as it is".to_owned(),
    };
    document.paragraph(&sentence(&summary));
    document.paragraph(&format!("Judged by {}.", sentence(&report.judged_by.sentence())));
    match report.end {
        End::Published | End::Unchanged | End::NotApproved => {}
        End::Undecided => {
            document.heading("Errors");
            document.list(
                blocker::groups(&report.evaluation.blockers, &report.context())
                    .iter()
                    .map(|group| format!("{}<br>help: {}", sentence(&group.message), way_out(&group.help))),
            );
        }
        End::Unresolved(unresolved) => {
            document.heading("What cargo says");
            document.list(unresolved.words.lines().filter(|line| !line.trim().is_empty()).map(code));
            if let Cause::Hidden { obstacles, all_needed } = &unresolved.cause {
                document.heading("What would have to be approved");
                document.paragraph(&sentence(&wanting_words(obstacles.len(), *all_needed)));
                hidden(obstacles.iter().map(|Obstacle { id, hidden, .. }| (id, hidden)), report, &mut document);
            }
        }
        End::Precise(id, why) => hidden([(id, why)].into_iter(), report, &mut document),
    }
    unapproved(report, &mut document);
    if !report.changes.is_empty() || matches!(report.end, End::Published | End::Unchanged | End::NotApproved) {
        let reviewed = Reviewed {
            changes: report.changes,
            packages: report.packages,
            evaluation: report.evaluation,
            context: report.context(),
            approved_by_change: BTreeSet::new(),
        };
        review::table(&reviewed, &mut document);
    }
    let joined =
        report.joined.iter().map(|one| format!("{}: {}", code(&package_name(&one.package)), joined_words(one.because)));
    section("Moved along", joined.collect(), &mut document);
    let context = report.context();
    let kept = report.kept.iter().map(|kept| sentence(&kept_words(kept, &context)));
    let waits = report.waits.iter().map(|waits| sentence(&waits_words(waits, report.now())));
    section("Kept although not approved", kept.chain(waits).collect(), &mut document);
    let fixes = report.held_fixes.iter().map(|fix| sentence(&held_fix_words(fix, report.now())));
    section("Fixes that are held", fixes.collect(), &mut document);
    let remaining = report.remaining();
    if remaining > 0 && matches!(report.end, End::Published | End::Unchanged) {
        let see = WayOut::to_or(format!("{} not approved", packages_are(remaining)), context.command("audit", ""));
        document.paragraph(&way_out(&see));
    }
    if !report.held.is_empty() {
        document.folded(&format!("Newer releases that are held: {}", report.held.len()), |document| {
            document.list(report.held.iter().map(|held| sentence(&held_words(held, report.now()))));
        });
    }
    document.write(out)
}

fn section(heading: &str, lines: Vec<String>, document: &mut Document) {
    if !lines.is_empty() {
        document.heading(heading);
        document.list(lines);
    }
}

/// Releases that cargo was not shown, each with all that stands against it.
fn hidden<'r>(
    releases: impl Iterator<Item = (&'r PackageId, &'r Hidden)>,
    report: &UpdateReport<'_>,
    document: &mut Document,
) {
    let rows = releases.map(|(id, hidden)| {
        let why = match &hidden.because {
            HiddenBecause::Reasons(reasons) => reasons
                .iter()
                .map(|found| sentence(&reason::sentence(found, id, &report.context())))
                .collect::<Vec<_>>(),
            HiddenBecause::Yanked | HiddenBecause::Ambiguous => {
                codes(&hidden.because).into_iter().map(str::to_owned).collect()
            }
        };
        let at = hidden.eligible_at().map_or_else(|| "–".to_owned(), |at| eligible(report.now(), at));
        [code(&package_name(id)), cell(why), at]
    });
    document.table(["Release", "Why it is hidden", "Eligible"], rows);
}

/// What would change and is not approved, with every reason.
fn unapproved(report: &UpdateReport<'_>, document: &mut Document) {
    if !matches!(report.end, End::NotApproved) {
        return;
    }
    document.heading("Not approved");
    let rows = report.unapproved().into_iter().filter_map(crate::model::resolution::Change::after).map(|id| {
        let judgement = report.evaluation.judgements.iter().find(|judgement| judgement.id == id);
        let reasons = judgement.and_then(Judgement::reasons);
        let why = reasons.into_iter().flatten();
        let why = cell(why.map(|found| sentence(&reason::sentence(found, &id, &report.context()))));
        let at = reasons.and_then(crate::model::verdict::Reasons::eligible_at);
        [code(&package_name(&id)), why, at.map_or_else(|| "–".to_owned(), |at| eligible(report.now(), at))]
    });
    document.table(["Package", "Why", "Eligible"], rows);
}
