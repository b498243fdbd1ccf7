//! `audit`: judges every package of the lock file and says so. It writes nothing into the project.

use std::collections::BTreeSet;
use std::mem::ManuallyDrop;
use std::time::{Duration, Instant};

use camino::{Utf8Path, Utf8PathBuf};

use super::outcome::{CommandError, Outcome};
use super::{output, post, request};
use crate::cli::{self, Cli, Format};
use crate::files::plain;
use crate::files::regular::{self, Links};
use crate::gather::environment::Environment;
use crate::gather::{git, lock_file, policy_file};
use crate::model::evaluation::Evaluation;
use crate::model::package::{Line, Package};
use crate::model::policy::Origin;
use crate::model::resolution::Change;
use crate::model::run::Invocation;
use crate::model::side_effect::SideEffect;
use crate::policy::lock_changes::{self, Asked};
use crate::project::{Assessment, LockFiles, Project, Purpose, Request, Which, lock_files, relative, trail};
use crate::report;
use crate::report::audit::all::{self, Counts, Fate, Judged, Unlocked};
use crate::report::audit::places::{MarkedFile, Places};
use crate::report::audit::{AuditReport, gitlab, sarif};
use crate::report::context::Context;
use crate::report::markdown::MOST_BYTES;
use crate::report::way_out::WayOut;

pub(super) fn run(cli: &Cli, arguments: &cli::Audit, environment: &Environment) -> Result<Outcome, CommandError> {
    if arguments.all {
        return all(cli, arguments, environment);
    }
    let started = Instant::now();
    let made = match judged(cli, arguments, environment) {
        // The process ends with this verb: giving tens of megabytes of index back piece by piece would take as long as judging them.
        Ok(made) => ManuallyDrop::new(made),
        Err(error) => {
            failed(cli, arguments.format, &error)?;
            return Err(error);
        }
    };
    let outcome = print(cli, &made, arguments.format, started)?;
    if let Some(url) = &arguments.post {
        // What could not be decided is no lock file that anybody merged by this judgement.
        if outcome == Outcome::Undecided {
            return Err(CommandError::NotPosted);
        }
        post::post(cli, &made, url, environment)?;
    }
    Ok(outcome)
}

fn judged(cli: &Cli, arguments: &cli::Audit, environment: &Environment) -> Result<Assessment, CommandError> {
    if let Some(url) = &arguments.post {
        post::check(url)?;
    }
    let asked = request::of(cli, &arguments.subject, &arguments.judge, Purpose::Judge);
    let project = Project::open(Request { fetch: arguments.fetch, ..asked }, environment)?;
    Ok(Assessment::of(project, BTreeSet::new())?)
}

/// What stands in the place of a report that there is none of. Code hosts take what is not there for a report without findings; everybody
/// else has the error, on standard error.
fn failed(cli: &Cli, format: Format, error: &CommandError) -> Result<(), CommandError> {
    let text = error.to_string().replace("\nhelp: ", ". Help: ").replace('\n', " ");
    match format {
        Format::Gitlab => output::print(cli, |out| gitlab::failure(&text, out)),
        Format::Sarif => output::print(cli, |out| sarif::failure(&text, out)),
        Format::Human | Format::Json | Format::Github | Format::Markdown => Ok(()),
    }
}

/// Judges every lock file of the repository, one after the other: one that cannot be judged keeps no other from it.
fn all(cli: &Cli, arguments: &cli::Audit, environment: &Environment) -> Result<Outcome, CommandError> {
    if !matches!(arguments.format, Format::Human | Format::Json | Format::Github | Format::Markdown) {
        return Err(CommandError::Usage(
            "this format holds the findings about one lock file\nhelp: in place of --all, name each workspace with --manifest-path PATH",
        ));
    }
    let base = arguments.judge.base.as_deref();
    if base.is_some_and(|base| Utf8Path::new(base).extension() == Some("lock")) {
        return Err(CommandError::Usage(
            "with --all the base is a commit: a lock file is that of one workspace\nhelp: give --base the id of a commit",
        ));
    }
    let LockFiles { paths, vendored, unlocked } = lock_files(base, environment)?;
    if paths.is_empty() {
        return Err(CommandError::Usage(
            "git tracks no Cargo.lock in this repository\nhelp: commit the lock files that are to be judged",
        ));
    }
    let mut counts = Counts { vendored, ..Counts::default() };
    let mut judged = Vec::new();
    let room = all::room_of_one(paths.len());
    for path in &paths {
        let shown = relative(path, environment);
        let (outcome, text) = one_of_all(cli, arguments, (path, &shown), room, environment).unwrap_or_else(|failure| {
            output::error_about(cli, &about(cli, path, &shown), &failure);
            (failure.outcome(), Vec::new())
        });
        let (fate, count) = match outcome {
            Outcome::Approved => (Fate::AllApproved, &mut counts.approved),
            Outcome::Held => (Fate::NotApproved, &mut counts.held),
            Outcome::Undecided | Outcome::Cargo(_) => (Fate::Undecided, &mut counts.undecided),
        };
        *count += 1;
        // One document is told whole; everything else as soon as it is known.
        if arguments.format == Format::Markdown {
            judged.push(Judged { lock: shown, fate, text });
        } else {
            output::report(cli, &text)?;
        }
    }
    let unlocked: Vec<Unlocked> =
        unlocked.iter().map(|manifest| not_locked(cli, &relative(manifest, environment))).collect();
    if arguments.format == Format::Human && !cli.quiet {
        output::print(cli, |out| {
            all::unlocked(&unlocked, out)?;
            all::counts(&counts, out)
        })?;
    } else if arguments.format == Format::Markdown {
        output::print(cli, |out| all::markdown(&judged, &unlocked, out))?;
    }
    Ok(match (counts.undecided, counts.held) {
        (0, 0) => Outcome::Approved,
        (0, _) => Outcome::Held,
        (_, _) => Outcome::Undecided,
    })
}

/// A workspace without a lock file, and the command that writes one.
fn not_locked(cli: &Cli, manifest: &Utf8Path) -> Unlocked {
    let situation = request::about(&cli.invocation, "manifest-path", manifest.as_str());
    let way = WayOut::of_text("to write one: cargo sequester cargo generate-lockfile", &situation);
    Unlocked { manifest: manifest.to_owned(), way }
}

/// The run that would be about this lock file alone.
fn about(cli: &Cli, path: &Utf8Path, shown: &Utf8Path) -> Invocation {
    let manifest = shown.with_file_name("Cargo.toml");
    let has_manifest = path.with_file_name("Cargo.toml").symlink_metadata().is_ok();
    let (option, value) = if has_manifest { ("manifest-path", &*manifest) } else { ("lockfile", shown) };
    request::about(&cli.invocation, option, value.as_str())
}

/// Judges one lock file as a run that names it would, and gives the report on it; people are told which one it is before that is known. A
/// report in Markdown has at most `room` bytes.
fn one_of_all(
    cli: &Cli,
    arguments: &cli::Audit,
    (path, shown): (&Utf8Path, &Utf8Path),
    room: usize,
    environment: &Environment,
) -> Result<(Outcome, Vec<u8>), CommandError> {
    let started = Instant::now();
    if arguments.format == Format::Human {
        output::print(cli, |out| all::heading(shown, out))?;
    }
    let manifest = shown.with_file_name("Cargo.toml");
    let open = |manifest: Option<&Utf8Path>| {
        let which = manifest.map_or_else(|| Which::LockFile(shown.to_owned()), |path| Which::Manifest(path.to_owned()));
        let request = request::of(cli, &arguments.subject, &arguments.judge, Purpose::Judge);
        Project::open(Request { which, fetch: arguments.fetch, ..request }, environment)
    };
    let has_manifest = path.with_file_name("Cargo.toml").symlink_metadata().is_ok();
    let mut project = open(has_manifest.then_some(&*manifest))?;
    let mut option = ("manifest-path", &*manifest);
    // Beside a member cargo takes the workspace's lock file, and nothing reads this one; it is judged as it lies there.
    if !has_manifest || project.subject().lock_path.canonicalize_utf8().ok() != path.canonicalize_utf8().ok() {
        project = if has_manifest { open(None)? } else { project };
        option = ("lockfile", shown);
    }
    let made = Assessment::of(project, BTreeSet::new())?;
    let situation = request::about(&cli.invocation, option.0, option.1.as_str());
    written(cli, &situation, &made, (arguments.format, room), started)
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
    report_for(&cli.invocation, made, elapsed)
}

fn report_for<'a>(situation: &'a Invocation, made: &'a Assessment, elapsed: Option<Duration>) -> AuditReport<'a> {
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
        situation,
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
    let (outcome, text) = written(cli, &cli.invocation, made, (format, MOST_BYTES), started)?;
    output::report(cli, &text)?;
    Ok(outcome)
}

/// The report on a decision; `room` is the most bytes of one in Markdown.
fn written(
    cli: &Cli,
    situation: &Invocation,
    made: &Assessment,
    (format, room): (Format, usize),
    started: Instant,
) -> Result<(Outcome, Vec<u8>), CommandError> {
    let changes = (format == Format::Markdown).then(|| changes(made)).flatten();
    let named = matches!(format, Format::Sarif | Format::Gitlab | Format::Github).then(|| named_from_root(made));
    let mut report =
        AuditReport { changes: changes.as_deref(), ..report_for(situation, made, Some(started.elapsed())) };
    if let Some((packages, evaluation)) = &named {
        (report.packages, report.evaluation) = (packages, evaluation);
    }
    let text = output::text(|out| match format {
        Format::Human => report::audit::human::write(&report, output::verbosity(cli), out),
        Format::Json => report::audit::json::write(&report, out),
        Format::Sarif => report::audit::sarif::write(&report, &places(made), out),
        Format::Gitlab => report::audit::gitlab::write(&report, &places(made), out),
        Format::Github => report::audit::github::write(&report, &places(made), out),
        Format::Markdown => report::audit::markdown::write_within(&report, room, out),
    })?;
    Ok((outcome(&report), text))
}

/// With a base: every package that is not what the base has.
fn changes(made: &Assessment) -> Option<Vec<Change>> {
    let before = made.project().base_packages()?;
    Some(lock_changes::changes(before, made.facts(), made.evaluation(), &Asked::Everything))
}

/// The root of the repository around the lock file, or else of the project.
fn root(made: &Assessment) -> &Utf8Path {
    made.subject().lock_path.parent().and_then(git::root_around).unwrap_or(&made.subject().root)
}

/// Packages and decision with the files that they name by their paths from that root, as code hosts show them, wherever a run began.
fn named_from_root(made: &Assessment) -> (Vec<Package>, Evaluation) {
    let name = |path: &mut Utf8PathBuf| {
        let whole = plain(&made.project().environment().current_dir().join(&*path));
        if let Ok(inside) = whole.strip_prefix(root(made)) {
            *path = inside.to_owned();
        }
    };
    let (mut packages, mut evaluation) = (made.facts().packages.clone(), made.evaluation().clone());
    let written = packages.iter_mut().filter_map(|package| package.local.as_mut()).flat_map(|local| &mut local.written);
    written.for_each(|written| name(&mut written.at.file));
    for also in &mut evaluation.also {
        if let SideEffect::Way { way, .. } = also
            && let Origin::File { path, .. } = &mut way.origin
        {
            name(path);
        }
    }
    (packages, evaluation)
}

/// The files that findings are about, from the root of the repository around them, or else of the project.
fn places(made: &Assessment) -> Places {
    let (lock, policy) = (&made.subject().lock_path, made.project().policy_path());
    let root = root(made);
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
