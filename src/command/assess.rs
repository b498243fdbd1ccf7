//! `assess`: what the project shows of what a standard asks. It writes nothing.

use camino::{Utf8Path, Utf8PathBuf};

use super::audit::{assess, context_of};
use super::outcome::{CommandError, Outcome};
use super::record::PolicyText;
use super::{output, request, verify};
use crate::cli::{self, AssessFormat, Cli};
use crate::files::regular::{self, Links};
use crate::gather::environment::Environment;
use crate::gather::lock_file::MAX_BYTES;
use crate::gather::{automation, git};
use crate::model::checksum::Hashed;
use crate::model::standard::{Answer, Automation, VendoredProof};
use crate::policy::standard::{Grounds, assess as answers};
use crate::project::{AdvisoriesFrom, JudgeBy, Project, Purpose, relative, trail};
use crate::report::assess::{AssessReport, human, in_toto, json};

const WHOLE: &str =
    "`--base` judges a change, and what is assessed is a whole project\nhelp: leave `--base` and `--loosened` out";

pub(super) fn run(cli: &Cli, arguments: &cli::Assess, environment: &Environment) -> Result<Outcome, CommandError> {
    if arguments.judge.base.is_some() {
        return Err(CommandError::Usage(WHOLE));
    }
    let made = assess(cli, &arguments.subject, &arguments.judge, Purpose::Judge, environment)?;
    let subject = made.subject();
    let from_root = |path: &Utf8Path| path.strip_prefix(&subject.root).unwrap_or(path).to_owned();
    let policy_path = made.project().policy_path();
    let policy_file = made.rules().file.is_some().then(|| from_root(&policy_path));
    let trail_folder = from_root(&trail::folder(&policy_path));
    let vendored = vendored(cli, arguments, environment)?;
    let repository = subject.lock_path.parent().and_then(git::root_around).unwrap_or(&subject.root);
    let automation = if subject.workspace.is_some() { automation::find(repository) } else { Automation::default() };
    let grounds = Grounds {
        facts: made.facts(),
        policy: &made.rules().policy,
        evaluation: made.evaluation(),
        trail: made.trail(),
        policy_file: policy_file.as_deref().map(Utf8Path::as_str),
        trail_folder: trail_folder.as_str(),
        vendored: &vendored,
        automation: &automation,
    };
    let assessed = answers(arguments.standard, &grounds);
    let lock_file = regular::read(&subject.lock_path, Links::Followed, MAX_BYTES);
    let lock_file = lock_file.map_err(|_| CommandError::ChangedMeanwhile { path: subject.lock_path.clone() })?;
    let report = AssessReport {
        standard: arguments.standard,
        assessed: &assessed,
        context: context_of(cli, &made),
        lock_file: Hashed::of(lock_file).checksum(),
        policy: PolicyText::read(&relative(&policy_path, environment))?.digest(),
    };
    output::print(cli, |out| match arguments.format {
        AssessFormat::Human => human::write(&report, output::verbosity(cli), out),
        AssessFormat::Json => json::write(&report, out),
        AssessFormat::InToto => in_toto::write(&report, arguments.verifier_id.as_deref().unwrap_or_default(), out),
    })?;
    let is_met = assessed.iter().all(|one| one.answer != Answer::NotMet);
    Ok(match (is_met, made.evaluation().blockers.is_empty()) {
        (true, _) => Outcome::Approved,
        (false, true) => Outcome::Held,
        (false, false) => Outcome::Undecided,
    })
}

/// What `verify` says; nothing is vendored beside a lock file that is judged alone.
fn vendored(cli: &Cli, arguments: &cli::Assess, environment: &Environment) -> Result<VendoredProof, CommandError> {
    if arguments.subject.lockfile.is_some() {
        return Ok(VendoredProof::NotVendored);
    }
    let judge: JudgeBy = (&arguments.judge).into();
    let judge = JudgeBy { advisories: AdvisoriesFrom::Nowhere, ..judge };
    let project = Project::open(request::by(cli, &arguments.subject, judge, Purpose::Prove), environment)?;
    if !verify::is_vendored(project.subject())? {
        return Ok(VendoredProof::NotVendored);
    }
    let root = &project.subject().root;
    let configs = project.configs().at_root(root, environment)?;
    let proved = verify::prove(&project, &configs, false)?;
    Ok(if !proved.verification.blockers.is_empty() {
        VendoredProof::Undecided
    } else if proved.verification.is_proven() {
        let folder: Utf8PathBuf = proved.place.path.strip_prefix(root).unwrap_or(&proved.place.path).to_owned();
        VendoredProof::Proven(folder)
    } else {
        VendoredProof::Broken(proved.verification.findings.len())
    })
}
