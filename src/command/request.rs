//! From the command line to what is asked of a project: the one place that knows both.

use crate::cli::{self, Cli};
use crate::project::{AdvisoriesFrom, JudgeBy, PolicyFrom, Purpose, Request, Which};

/// A decision about the project that the options name.
pub(super) fn of(cli: &Cli, subject: &cli::Subject, judge: &cli::JudgeBy, purpose: Purpose) -> Request {
    by(cli, subject, judge.into(), purpose)
}

/// The same by rules that other options name.
pub(super) fn by(cli: &Cli, subject: &cli::Subject, judge: JudgeBy, purpose: Purpose) -> Request {
    let which = match (&subject.lockfile, &subject.manifest_path) {
        (Some(path), _) => Which::LockFile(path.clone()),
        (None, Some(path)) => Which::Manifest(path.clone()),
        (None, None) => Which::Here,
    };
    Request {
        which,
        judge,
        purpose,
        config: Vec::new(),
        afresh: false,
        offline: subject.is_offline(),
        quiet: cli.quiet,
    }
}

impl From<&cli::JudgeBy> for JudgeBy {
    fn from(judge: &cli::JudgeBy) -> Self {
        Self {
            policy: judge.policy.clone().map_or(PolicyFrom::Project, PolicyFrom::File),
            base: judge.base.clone(),
            loosened: judge.loosened,
            min_publish_age: judge.min_publish_age,
            advisories: advisories(judge.advisory_db.as_deref(), judge.no_advisories),
            now: judge.now,
        }
    }
}

/// Where advisories come from by the two options for that.
pub(super) fn advisories(db: Option<&str>, none: bool) -> AdvisoriesFrom {
    match db {
        Some(db) => AdvisoriesFrom::Database(db.to_owned()),
        None if none => AdvisoriesFrom::Nowhere,
        None => AdvisoriesFrom::Policy,
    }
}

/// The project in which a cargo is to resolve, and what it is judged by.
pub(super) fn resolving(cli: &Cli, moving: &cli::Moving) -> Request {
    Request {
        which: moving.manifest_path.clone().map_or(Which::Here, Which::Manifest),
        judge: (&moving.judge).into(),
        purpose: Purpose::Resolve,
        config: Vec::new(),
        afresh: false,
        offline: moving.offline,
        quiet: cli.quiet,
    }
}
