//! `status`: what is held and until when, and what is newer. It writes nothing into the project.

use std::collections::BTreeSet;
use std::time::Instant;

use camino::Utf8Path;

use super::audit::{outcome, report_of};
use super::moves::{Moves, Which};
use super::outcome::{CommandError, Outcome};
use super::{output, request};
use crate::cli::{self, Cli, HumanJsonOrMarkdown};
use crate::gather::environment::Environment;
use crate::model::Timestamp;
use crate::model::calendar::{Ahead, Calendar, Held};
use crate::model::package::PackageId;
use crate::policy::calendar::calendar;
use crate::project::{About, Assessment, Project, Purpose, Request};
use crate::report::status::StatusReport;
use crate::resolve::{ResolveError, Resolved, Session, Trials, asked_crates, behind};
use crate::{files, report};

pub(super) fn run(cli: &Cli, arguments: &cli::Status, environment: &Environment) -> Result<Outcome, CommandError> {
    let started = Instant::now();
    if arguments.short {
        return short(cli, arguments, environment);
    }
    let (made, prevented) = read(cli, arguments, environment)?;
    let is_decided = made.evaluation().blockers.is_empty();
    let prevented =
        prevented.or_else(|| (!is_decided).then(|| "nothing is resolved where nothing can be decided".to_owned()));
    let (policy, approvals) = (&made.rules().policy, &made.rules().approvals);
    let seen = |ahead: &Result<Ahead, String>| calendar(made.facts(), policy, approvals, made.evaluation(), ahead);
    let by_index = seen(&Err(String::new()));
    let calendar = match prevented {
        Some(cause) => seen(&Err(cause)),
        None => seen(&foretell(&made, last_day(&by_index))),
    };
    let audit = report_of(cli, &made, Some(started.elapsed()));
    let until = arguments.until.map(|horizon| horizon.end(made.evaluation().now));
    let report = StatusReport { audit, calendar: &calendar, until };
    output::print(cli, |out| match arguments.format {
        HumanJsonOrMarkdown::Human => {
            report::status::human::write(&report, output::canvas(environment), output::verbosity(cli), out)
        }
        HumanJsonOrMarkdown::Json => report::status::json::write(&report, out),
        HumanJsonOrMarkdown::Markdown => report::status::markdown::write(&report, out),
    })?;
    Ok(outcome(&report.audit))
}

/// A few words for a prompt, which is drawn in any folder and must not wait: nothing is asked and nothing resolved, where there is no project
/// there is nothing to say, and whatever else goes wrong is one word.
fn short(cli: &Cli, arguments: &cli::Status, environment: &Environment) -> Result<Outcome, CommandError> {
    let request = request::of(cli, &arguments.subject, &arguments.judge, Purpose::Judge);
    let request = Request { offline: true, quiet: true, ..request };
    let is_elsewhere = arguments.subject.lockfile.is_none()
        && arguments.subject.manifest_path.is_none()
        && !is_in_project(environment.current_dir());
    if is_elsewhere {
        return Ok(Outcome::Approved);
    }
    let made = Project::open(request, environment).and_then(|project| Assessment::of(project, BTreeSet::new()));
    let Ok(made) = made else {
        output::print(cli, report::status::short::undecided)?;
        return Ok(Outcome::Undecided);
    };
    let audit = report_of(cli, &made, None);
    output::print(cli, |out| report::status::short::write(&audit, out))?;
    Ok(outcome(&audit))
}

/// Whether a lock file lies in this folder or above.
fn is_in_project(folder: &Utf8Path) -> bool {
    folder.ancestors().any(|folder| folder.join("Cargo.lock").is_file())
}

/// The last moment at which time approves a release that a requirement accepts.
fn last_day(calendar: &Calendar) -> Option<Timestamp> {
    let held = calendar.entries.iter().flat_map(|entry| &entry.update.held);
    held.filter_map(Held::eligible_at).filter(|at| *at != Timestamp::MAX).max()
}

/// Reads the world once, for the decision and for the resolution that foretells; or says why nothing is resolved.
fn read(
    cli: &Cli,
    arguments: &cli::Status,
    environment: &Environment,
) -> Result<(Assessment, Option<String>), CommandError> {
    let request = request::of(cli, &arguments.subject, &arguments.judge, Purpose::Judge);
    let project = Project::open(request, environment)?;
    let undescribed = project.subject().workspace.as_ref().and_then(|workspace| workspace.failure.as_ref());
    let prevented = if arguments.subject.lockfile.is_some() {
        Some("a lock file alone has no manifests to resolve".to_owned())
    } else if arguments.judge.base.is_some() {
        Some("nothing is resolved where a change is compared with its base".to_owned())
    } else if let Some(failure) = undescribed {
        Some(failure.to_string().lines().next().unwrap_or_default().to_owned())
    } else if files::is_package_cache_locked(&environment.cargo_home()) {
        Some("another cargo holds the package cache, and this verb waits for nobody".to_owned())
    } else {
        None
    };
    let about = match prevented {
        Some(_) => About::These(project.subject().lock.packages.iter().filter_map(|one| one.id.crate_id()).collect()),
        None => About::AnyBeside(asked_crates(&project)),
    };
    Ok((Assessment::about(project, about)?, prevented))
}

/// What cargo makes of an update behind the filter, now and on the last day; or why that is not known.
fn foretell(made: &Assessment, last: Option<Timestamp>) -> Result<Ahead, String> {
    match behind(made.gathered(), |session| foretell_behind(session, last)) {
        Ok(ahead) => ahead.ok_or_else(|| "cargo finds no way; `cargo sequester update -n` says why".to_owned()),
        Err(error) => Err(error.to_string().lines().next().unwrap_or_default().to_owned()),
    }
}

fn foretell_behind(session: &Session<'_>, last: Option<Timestamp>) -> Result<Option<Ahead>, ResolveError> {
    let Some(now) = updated(session, None)? else { return Ok(None) };
    let later = match last {
        Some(last) => updated(session, Some(last))?.unwrap_or_else(|| now.clone()),
        None => now.clone(),
    };
    Ok(Some(Ahead { now, later }))
}

/// What an update locks as of a moment, found as `update` finds it.
fn updated(session: &Session<'_>, at: Option<Timestamp>) -> Result<Option<Vec<PackageId>>, ResolveError> {
    let moves = Moves::of(session, Which::Everything, Vec::new(), Vec::new());
    let settled = session.settle(&Trials {
        may_stay: &session.may_stay(&session.locked_before(), false),
        wanted: &moves.wanted(),
        exact: &moves.exact(),
        at,
        asked: &|parts| moves.commands(parts),
        aloud: false,
    })?;
    Ok(match settled.resolved {
        Resolved::Failed(_) => None,
        Resolved::Unlocked => Some(Vec::new()),
        Resolved::Judged(judged) => Some(judged.facts().packages.iter().map(|package| package.id.clone()).collect()),
    })
}
