//! `init`: writes a policy that fits the project, and a baseline so that the gate can be turned on today.

mod ask;
mod draft;
mod error;
mod event;
mod files;

use std::io;

use camino::{Utf8Path, Utf8PathBuf};

use super::audit::{context_of, report_of};
use super::record::Record;
use super::{CommandError, Outcome, output};
use crate::cli::{self, Cli};
use crate::files::names::TRAIL_FOLDER;
use crate::gather::cargo_config::CargoConfig;
use crate::gather::environment::Environment;
use crate::gather::{adopt, clock, workspace};
use crate::model::policy::JudgedBy;
use crate::model::trail::Kind;
use crate::policy::baseline::settled;
use crate::policy::publish_age::CLOCK_TOLERANCE;
use crate::project::{Assessment, POLICY_FILE, relative};
use crate::report;
use crate::report::audit::AuditReport;
use crate::report::context::Verbosity;
use crate::report::init::InitReport;
use crate::report::way_out::WayOut;
use draft::Draft;
use files::Files;

pub use error::InitError;

/// How many names a line has before it counts the rest.
const NAMES: usize = 6;

pub(super) fn run(cli: &Cli, arguments: &cli::Init, environment: &Environment) -> Result<Outcome, CommandError> {
    let machine = clock::now();
    if let Some(now) = arguments.now.filter(|now| *now > CLOCK_TOLERANCE.after(machine)) {
        return Err(InitError::Ahead { now, machine }.into());
    }
    let root = root(&arguments.subject, environment)?;
    let path = root.join(POLICY_FILE);
    if std::fs::symlink_metadata(&path).is_ok() {
        return Err(InitError::Exists { path: relative(&path, environment) }.into());
    }
    let config = CargoConfig::load(environment.current_dir(), environment)?;
    let adopted = settled(adopt::read(&root, &config)?, arguments.min_publish_age);
    let made = Draft::judge(cli, arguments, &adopted, environment)?;
    let record = Record::of(made.project(), Some(&made.facts().advisories), arguments.by.as_deref());
    let by = record.who.as_ref().map(|who| who.name.as_str());
    let draft = Draft::of(&made, adopted, arguments, by)?;
    let is_decided = made.evaluation().blockers.is_empty();
    let files = Files::plan(&root, &draft, arguments.native)?;
    if is_decided && !arguments.yes {
        show(cli, |out| files.texts().into_iter().try_for_each(|(name, text)| report::init::preview(name, text, out)))?;
    }
    tell(cli, &made, &draft)?;
    if !is_decided {
        return Ok(Outcome::Undecided);
    }
    let context = context_of(cli, &made);
    let names: Vec<String> = files.texts().into_iter().map(|(name, _)| name.to_owned()).collect();
    if !arguments.yes {
        let written = WayOut::to("write it", context.again(&["dry-run"], "--yes"));
        show(cli, |out| report::init::files(false, &names, &written, out))?;
        if !arguments.dry_run {
            ask::agreement()?;
        }
    }
    let is_approved = draft.evaluation.is_approved();
    if !arguments.dry_run {
        record.is_possible()?;
        let before = record.policy_text()?;
        let after = before.edited(Ok(draft.text.clone()))?;
        files.write()?;
        record.write(Kind::Init, event::releases(&made, &draft), &before, &after)?;
        let names: Vec<String> = names.into_iter().chain([TRAIL_FOLDER.to_owned()]).collect();
        let words = if is_approved {
            "commit these, and let CI run"
        } else {
            "what is listed above no baseline may carry: follow its help, then run"
        };
        let help = WayOut::to_or(words, context.command("audit", ""));
        show(cli, |out| report::init::files(true, &names, &help, out))?;
    }
    Ok(if is_approved { Outcome::Approved } else { Outcome::Held })
}

/// The folder of the workspace, or of the lock file where that is judged alone.
fn root(arguments: &cli::Subject, environment: &Environment) -> Result<Utf8PathBuf, CommandError> {
    if let Some(path) = &arguments.lockfile {
        let path = environment.current_dir().join(path);
        return Ok(path.parent().unwrap_or(&path).to_owned());
    }
    let config = CargoConfig::load(environment.current_dir(), environment)?;
    Ok(workspace::locate(environment, &config, arguments.manifest_path.as_deref())?.root)
}

/// What was found, what is carried, and what is left under the new policy.
fn tell(cli: &Cli, made: &Assessment, draft: &Draft) -> Result<(), CommandError> {
    let verbosity = output::verbosity(cli);
    let names = if verbosity == Verbosity::Verbose { usize::MAX } else { NAMES };
    let init = InitReport { adopted: &draft.adopted, baseline: &draft.baseline, names };
    let audit = AuditReport {
        evaluation: &draft.evaluation,
        carried: draft.carried(made),
        policy: &draft.rules.policy,
        judged_by: JudgedBy::File(Utf8Path::new(POLICY_FILE)),
        ..report_of(cli, made, None)
    };
    show(cli, |out| {
        if verbosity > Verbosity::Quiet {
            report::init::init(&init, out)?;
        }
        report::audit::human::write(&audit, verbosity, out)
    })
}

fn show(cli: &Cli, write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> Result<(), CommandError> {
    let mut text = Vec::new();
    write(&mut text).map_err(CommandError::Output)?;
    output::report(cli, &text)
}
