//! `assess` for people.

use std::io::{self, Write};

use super::requirements::title;
use super::{AssessReport, check_command, evidence, lack, unseen, way_out};
use crate::model::standard::{Answer, Assessed};
use crate::report::context::Verbosity;
use crate::report::print::{self, Tone};

/// # Errors
/// The writer's.
pub(crate) fn write(report: &AssessReport<'_>, verbosity: Verbosity, out: &mut impl Write) -> io::Result<()> {
    print::line(out, Tone::Plain, "Standard", title(report.standard))?;
    for one in report.assessed {
        if verbosity == Verbosity::Quiet && one.answer != Answer::NotMet {
            continue;
        }
        requirement(report, one, out)?;
    }
    let count = |answer| report.assessed.iter().filter(|one| one.answer == answer).count();
    let text = format!(
        "{} requirements: {} met, {} met in part, {} not met, {} not for a repository to say; this is evidence, and no level",
        report.assessed.len(),
        count(Answer::Met),
        count(Answer::Partly),
        count(Answer::NotMet),
        count(Answer::NotOurs),
    );
    print::line(out, Tone::Plain, "Finished", &text)
}

fn requirement(report: &AssessReport<'_>, one: &Assessed, out: &mut impl Write) -> io::Result<()> {
    let requirement = &one.requirement;
    let (tone, word) = match one.answer {
        Answer::Met => (Tone::Good, "Met"),
        Answer::Partly => (Tone::Good, "Met in part"),
        Answer::NotMet => (Tone::Bad, "Not met"),
        Answer::NotOurs => (Tone::Caution, "Not ours"),
    };
    print::line(out, tone, word, &format!("{}: {}", requirement.id, requirement.asks))?;
    for shown in &one.evidence {
        print::detail(out, Tone::Plain, "evidence", &evidence(shown))?;
    }
    for lacking in &one.lacking {
        print::detail(out, Tone::Bad, "lacking", &lack(lacking))?;
        print::help(out, &way_out(lacking, &report.context))?;
    }
    for open in &one.unseen {
        let (text, look) = unseen(open, &report.context);
        print::detail(out, Tone::Caution, "not seen", &text)?;
        print::help(out, &look)?;
    }
    if let Some(more) = requirement.beyond {
        print::detail(out, Tone::Plain, "not shown", more)?;
    }
    let command = requirement.question.and_then(|question| check_command(question, report));
    if let Some(command) = command.filter(|_| one.lacking.is_empty()) {
        print::detail(out, Tone::Plain, "check", &command)?;
    }
    Ok(())
}
