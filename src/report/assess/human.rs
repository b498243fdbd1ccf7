//! `assess` for people.

use std::io::{self, Write};

use super::{AssessReport, asks, asks_more, check, evidence, lack, title, way_out};
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
        "{} requirements: {} met, {} not met, {} not for a repository to say; this is evidence, and no level",
        report.assessed.len(),
        count(Answer::Met),
        count(Answer::NotMet),
        count(Answer::NotOurs),
    );
    print::line(out, Tone::Plain, "Finished", &text)
}

fn requirement(report: &AssessReport<'_>, one: &Assessed, out: &mut impl Write) -> io::Result<()> {
    let id = one.requirement.id;
    let (tone, word) = match one.answer {
        Answer::Met => (Tone::Good, "Met"),
        Answer::NotMet => (Tone::Bad, "Not met"),
        Answer::NotOurs => (Tone::Caution, "Not ours"),
    };
    print::line(out, tone, word, &format!("{id}: {}", asks(report.standard, id)))?;
    for shown in &one.evidence {
        print::detail(out, Tone::Plain, "evidence", &evidence(shown))?;
    }
    for lacking in &one.lacking {
        print::detail(out, Tone::Bad, "lacking", &lack(lacking))?;
        print::help(out, &way_out(lacking, &report.context))?;
    }
    if let Some(more) = asks_more(report.standard, id) {
        print::detail(out, Tone::Plain, "not shown", more)?;
    }
    let command = one.requirement.question.and_then(|question| report.context.command(check(question), ""));
    if let Some(command) = command.filter(|_| one.lacking.is_empty()) {
        print::detail(out, Tone::Plain, "check", &command)?;
    }
    Ok(())
}
