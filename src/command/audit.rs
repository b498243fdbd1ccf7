//! `audit`: judges every package of the lock file and says so. It writes nothing into the project.

use std::collections::BTreeSet;
use std::mem::ManuallyDrop;
use std::time::{Duration, Instant};

use camino::{Utf8Path, Utf8PathBuf};

use super::outcome::{CommandError, Outcome};
use super::{output, request};
use crate::cli::{self, Cli, Format};
use crate::files::plain;
use crate::files::regular::{self, Links};
use crate::gather::environment::Environment;
use crate::gather::{git, lock_file, policy_file};
use crate::model::package::Line;
use crate::model::policy::Origin;
use crate::model::resolution::Change;
use crate::model::side_effect::SideEffect;
use crate::policy::lock_changes::{self, Asked};
use crate::project::{Assessment, Project, Purpose, trail};
use crate::report;
use crate::report::audit::AuditReport;
use crate::report::audit::places::{MarkedFile, Places};
use crate::report::context::Context;

pub(super) fn run(cli: &Cli, arguments: &cli::Audit, environment: &Environment) -> Result<Outcome, CommandError> {
    let started = Instant::now();
    // The process ends with this verb: giving tens of megabytes of index back piece by piece would take as long as judging them.
    let made = ManuallyDrop::new(assess(cli, &arguments.subject, &arguments.judge, Purpose::Judge, environment)?);
    print(cli, &made, arguments.format, started)
}

/// The decision about the project that the options name, on its lock file and nothing beside.
pub(super) fn assess(
    cli: &Cli,
    subject: &cli::Subject,
    judge: &cli::JudgeBy,
    purpose: Purpose,
    environment: &Environment,
) -> Result<Assessment, CommandError> {
    let project = Project::open(request::of(cli, subject, judge, purpose), environment)?;
    Ok(Assessment::of(project, BTreeSet::new())?)
}

/// Everything that a report of a decision needs.
pub(super) fn report_of<'a>(cli: &'a Cli, made: &'a Assessment, elapsed: Option<Duration>) -> AuditReport<'a> {
    AuditReport {
        packages: &made.facts().packages,
        evaluation: made.evaluation(),
        advisories: &made.facts().advisories,
        carried: made.carried(),
        loosened: &made.rules().loosened,
        decided: &made.rules().decided,
        policy: &made.rules().policy,
        judged_by: made.rules().judged_by(),
        locked: made.locked(),
        lines: &made.subject().lock.lines,
        situation: &cli.invocation,
        changes: None,
        elapsed,
    }
}

/// What sentences about a decision need.
pub(super) fn context_of<'a>(cli: &'a Cli, made: &'a Assessment) -> Context<'a> {
    Context {
        now: made.evaluation().now,
        advisories: &made.facts().advisories,
        judged_by: made.rules().judged_by(),
        situation: &cli.invocation,
    }
}

/// Reports the decision. Also used by verbs that stop at the decision.
pub(super) fn print(cli: &Cli, made: &Assessment, format: Format, started: Instant) -> Result<Outcome, CommandError> {
    let changes = (format == Format::Markdown).then(|| changes(made)).flatten();
    let report = AuditReport { changes: changes.as_deref(), ..report_of(cli, made, Some(started.elapsed())) };
    output::print(cli, |out| match format {
        Format::Human => report::audit::human::write(&report, output::verbosity(cli), out),
        Format::Json => report::audit::json::write(&report, out),
        Format::Sarif => report::audit::sarif::write(&report, &places(made), out),
        Format::Gitlab => report::audit::gitlab::write(&report, &places(made), out),
        Format::Github => report::audit::github::write(&report, &places(made), out),
        Format::Markdown => report::audit::markdown::write(&report, out),
    })?;
    Ok(outcome(&report))
}

/// With a base: every package that is not what the base has.
fn changes(made: &Assessment) -> Option<Vec<Change>> {
    let before = made.project().base_packages()?;
    Some(lock_changes::changes(before, made.facts(), made.evaluation(), &Asked::Everything))
}

/// The files that findings are about, from the root of the repository around them, or else of the project.
fn places(made: &Assessment) -> Places {
    let (lock, policy) = (&made.subject().lock_path, made.project().policy_path());
    let root = lock.parent().and_then(git::root_around).unwrap_or(&made.subject().root);
    let inside = |path: &Utf8Path| path.strip_prefix(root).ok().map(Utf8Path::to_owned);
    let before = |path: &Utf8Path| made.project().base()?.texts(path, lock);
    let marked = |path: &Utf8Path, shown: Utf8PathBuf| match regular::text(path, Links::Followed, lock_file::MAX_BYTES)
    {
        Ok(text) => MarkedFile::read(shown, &text, before(path).as_deref()),
        Err(_) => MarkedFile::unread(shown),
    };
    let keys = policy_file::keys(&policy, &policy);
    let policy_file = keys.as_ref().and_then(|_| inside(&policy)).map(|shown| marked(&policy, shown));
    let lines = keys.unwrap_or_default().into_iter().filter_map(|(key, origin)| match origin {
        Origin::File { line, .. } => Some((key, line)),
        Origin::Default | Origin::Flag | Origin::Environment(_) => None,
    });
    let events = trail::folder(&policy);
    let side_effects = made.evaluation().also.iter().map(|also| {
        let (path, number) = match also {
            SideEffect::Way { way, .. } => match &way.origin {
                Origin::File { path, line, .. } => (made.project().environment().current_dir().join(path), *line),
                Origin::Default | Origin::Flag | Origin::Environment(_) => return None,
            },
            SideEffect::Trail { file, .. } => (events.join(file), 1),
        };
        Some(Line { file: inside(&plain(&path))?, number })
    });
    let side_effects = side_effects.collect();
    let lock_file = marked(lock, inside(lock).unwrap_or_else(|| made.locked().to_owned()));
    Places { lock_file, policy_file, policy_lines: lines.collect(), side_effects }
}

/// Not knowing goes before everything: a run that could not decide has not found the rest approved.
pub(super) fn outcome(report: &AuditReport<'_>) -> Outcome {
    if !report.evaluation.blockers.is_empty() {
        Outcome::Undecided
    } else if report.is_approved() {
        Outcome::Approved
    } else {
        Outcome::Held
    }
}
