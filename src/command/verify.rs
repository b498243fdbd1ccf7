//! `verify`: shows that lock file, allow-list and vendored tree are consistent and that nothing leads around them. It writes nothing, and
//! needs a network only for archives that cargo's cache lacks where trees are derived again.

mod evidence;
mod rederive;
mod sealed;

use std::time::Instant;

use camino::{Utf8Path, Utf8PathBuf};

use super::outcome::{CommandError, Outcome};
use super::output;
use crate::cli::{self, Cli, HumanOrJson};
use crate::gather::environment::Environment;
use crate::gather::ways_around::{self, Replacing, Search, WaysAround};
use crate::gather::{allow_list, local_registry, vendor_tree};
use crate::model::lock_proof::LockFact;
use crate::model::source::Source;
use crate::model::vendored::{VendorRoot, VendoredForm, VendoredPlace};
use crate::model::verification::{Finding, Note, Outside, Undecided, Verification};
use crate::policy::side_effects::weighed;
use crate::policy::source::is_allowed;
use crate::policy::vendored::{compare, follow};
use crate::project::{
    AdvisoriesFrom, Base, Configs, JudgeBy, PolicyFrom, Project, Purpose, Request, Rules, Subject, Which, lock_answer,
    relative,
};
use crate::report::verify::{self, Proof, VerifyReport};
use crate::write::vendor_dir::{Interrupted, interrupted};
use evidence::Evidence;
use rederive::Archives;
use sealed::{Sealed, SealedCommand};

/// Where the tree is looked for when no configuration names it.
const DEFAULT_FOLDER: &str = "vendor";

pub(super) fn run(cli: &Cli, arguments: &cli::Verify, environment: &Environment) -> Result<Outcome, CommandError> {
    let started = Instant::now();
    // A command that cannot be run is refused before anything is done.
    let command = arguments.sealed.then(|| SealedCommand::read(&arguments.command)).transpose()?;
    let project = Project::open(asked(cli, arguments), environment)?;
    let subject = project.subject();
    if arguments.if_vendored && !is_vendored(subject)? && !base_vendors(&project)? {
        if !cli.quiet {
            output::print(cli, |out| verify::human::nothing_vendored(arguments.base.as_deref(), out))?;
        }
        return Ok(Outcome::Approved);
    }
    let configs = project.configs().at_root(&subject.root, environment)?;
    let Proved { verification, place, folder } = prove(&project, &configs, arguments.deep)?;
    let proof = match (&arguments.base, arguments.deep) {
        (_, true) => Proof::All,
        (Some(base), false) => Proof::Changed { base },
        (None, false) => Proof::Consistent,
    };
    let lock_path = relative(&subject.lock_path, environment);
    let report = VerifyReport {
        verification: &verification,
        proof,
        form: place.form,
        judged_by: project.rules().judged_by(),
        root: &subject.root,
        folder: &folder,
        locked: &lock_path,
        situation: &cli.invocation,
        elapsed: Some(started.elapsed()),
    };
    let text = output::text(|out| match arguments.format {
        HumanOrJson::Human => verify::human::write(&report, output::verbosity(cli), out),
        HumanOrJson::Json => verify::json::write(&report, out),
    })?;
    let Some(command) = command else {
        output::report(cli, &text)?;
        return Ok(outcome(&verification));
    };
    // Standard output is the command's.
    output::aside(cli, &text);
    match outcome(&verification) {
        Outcome::Approved => {
            let (sources, config) = (subject.sources(), configs.found());
            let sealed = Sealed { root: &subject.root, place: &place, sources: &sources, config, environment };
            sealed.run(cli, &command)
        }
        other @ (Outcome::Held | Outcome::Undecided | Outcome::Cargo(_)) => Ok(other),
    }
}

/// What the proof came to.
pub(super) struct Proved {
    pub(super) verification: Verification,
    /// Where the sources lie, or would.
    pub(super) place: VendoredPlace,
    /// The same, as a reader in the working directory would write it.
    folder: Utf8PathBuf,
}

/// Whether the workspace's own configuration leads to vendored sources, or says that there are some.
pub(super) fn is_vendored(subject: &Subject) -> Result<bool, CommandError> {
    let allowed = allow_list::read(&ways_around::own_config(&subject.root))?;
    Ok(allowed.is_some() || Replacing::read(&subject.root)?.place.is_some())
}

/// Holds lock file, allow-list and vendored tree against each other, and looks for ways around them. With a base, or where it is to go
/// `deep`, trees are derived again from their archives.
pub(super) fn prove(project: &Project, configs: &Configs, deep: bool) -> Result<Proved, CommandError> {
    let (subject, environment) = (project.subject(), project.environment());
    let replacing = Replacing::read(&subject.root)?;
    let allowed = allow_list::read(&ways_around::own_config(&subject.root))?;
    let place = replacing
        .place
        .clone()
        .unwrap_or_else(|| VendoredPlace { form: VendoredForm::Directory, path: subject.root.join(DEFAULT_FOLDER) });
    let members = subject.members();
    let sources = subject.sources();
    let search = Search {
        root: &subject.root,
        members: &members,
        sources: &sources,
        vendor: Some(&place.path),
        replacing: &replacing,
        config: configs.found(),
        environment,
    };
    let (tree, ways) = rayon::join(|| read(subject, &place), || ways_around::find(&search));
    let (tree, ways) = (tree?, ways?);

    let mut verification = Verification::default();
    if let Some(failure) = subject.workspace.as_ref().and_then(|workspace| workspace.failure.as_ref()) {
        verification.blockers.push(Undecided::WorkspaceUnread { cause: failure.to_string() });
    }
    match interrupted(&subject.root) {
        Some(Interrupted::HalfDone(run)) => {
            verification.findings.push(Finding::Interrupted { run: run.to_string() });
        }
        Some(Interrupted::Running(run)) => verification.blockers.push(Undecided::Running(run.to_string())),
        Some(Interrupted::Stopped(run)) => verification.notes.push(Note::Stopped(run.to_string())),
        None => {}
    }
    follow(&subject.lock.packages, &ways.leads, replacing.place.as_ref(), &mut verification);
    if place.path.strip_prefix(&subject.root).map_or(true, |below| below.as_str().is_empty()) {
        verification.findings.push(Finding::TreeOutside { path: place.path.to_string() });
    }
    let folder = relative(&place.path, environment);
    let mut held = Evidence { allowed, tree, place: place.path.clone(), folder, subject };
    let opened = evidence::open_archives(&mut held, &place.path);
    verification.findings.extend(opened);
    compare(&held.held(), &mut verification);
    outside(&held, project.rules(), &mut verification);
    take_ways(ways, &mut verification);
    evidence::check_stubs(&held, environment, &mut verification);
    lock(project, configs, &held, &place.path, &mut verification)?;
    if project.base().is_some() || deep {
        let archives = Archives { project, configs };
        // Everything is derived where no base is believed.
        rederive::rederive(&held, (!deep).then_some(project), &archives, &mut verification)?;
    }

    Ok(Proved { verification, place, folder: held.folder })
}

/// Whether the base has an allow-list, or something in its place that cannot be read: a change that takes it away must not be asked less
/// than one that leaves it.
fn base_vendors(project: &Project) -> Result<bool, CommandError> {
    let Some(commit) = project.base().and_then(Base::commit) else { return Ok(false) };
    let path = ways_around::own_config(&project.subject().root);
    let Some(bytes) = commit.file(&path)? else { return Ok(false) };
    let read = String::from_utf8(bytes).ok().map(|text| allow_list::read_text(&text, &path));
    Ok(!matches!(read, Some(Ok(None))))
}

fn read(subject: &Subject, place: &VendoredPlace) -> Result<VendorRoot, CommandError> {
    Ok(match place.form {
        VendoredForm::Directory => vendor_tree::read(&subject.root, &place.path)?,
        VendoredForm::LocalRegistry => local_registry::list(&subject.root, &place.path)?,
    })
}

/// Whether the lock file answers the manifests. What the vendored packages ask is in their own manifests, which the tree is about.
fn lock(
    project: &Project,
    configs: &Configs,
    evidence: &Evidence<'_>,
    folder: &Utf8Path,
    verification: &mut Verification,
) -> Result<(), CommandError> {
    let held = evidence.held();
    let vendored = evidence.subject.lock.packages.iter().map(|package| {
        let directory = held.directory(package).filter(|_| matches!(package.id.source, Source::Registry(_)))?;
        Some(folder.join(&directory.name))
    });
    match lock_answer::by_vendored(project, configs, &vendored.collect::<Vec<_>>())? {
        LockFact::NotChecked | LockFact::Answered => {}
        LockFact::Refused(words) => verification.blockers.push(Undecided::LockRefused { words }),
        LockFact::Unseen(packages) => verification.notes.push(Note::ManifestsUnseen(packages)),
        LockFact::Broken(discords) => {
            verification.blockers.extend(discords.into_iter().map(Undecided::LockOutdated));
        }
        LockFact::Unproven { why, .. } => verification.blockers.push(Undecided::LockUnproven { why }),
    }
    Ok(())
}

/// As for `audit`, not knowing goes before everything.
fn outcome(verification: &Verification) -> Outcome {
    if !verification.blockers.is_empty() {
        Outcome::Undecided
    } else if verification.is_proven() {
        Outcome::Approved
    } else {
        Outcome::Held
    }
}

/// Advisories and ages are `audit`'s business; only the policy's sources are asked for here.
fn asked(cli: &Cli, arguments: &cli::Verify) -> Request {
    let project = &arguments.project;
    Request {
        which: project.manifest_path.clone().map_or(Which::Here, Which::Manifest),
        judge: JudgeBy {
            policy: arguments.policy.clone().map_or(PolicyFrom::Project, PolicyFrom::File),
            base: arguments.base.clone(),
            advisories: AdvisoriesFrom::Nowhere,
            ..JudgeBy::default()
        },
        purpose: Purpose::Prove,
        config: Vec::new(),
        afresh: false,
        fetch: false,
        offline: project.offline || project.frozen,
        quiet: cli.quiet,
    }
}

/// What is built from elsewhere, and what the policy allows from nowhere.
fn outside(evidence: &Evidence<'_>, rules: &Rules, verification: &mut Verification) {
    let root = &evidence.subject.root;
    for package in &evidence.subject.lock.packages {
        let allowed = is_allowed(&rules.policy, &package.id.source);
        if !allowed {
            verification.findings.push(Finding::SourceNotAllowed { id: package.id.clone() });
        }
        let local = package.local.as_ref();
        let folder = local.map(|local| local.source_elsewhere.as_ref().unwrap_or(&local.root).clone());
        let other_repository = local.is_some_and(|local| local.other_repository);
        let listed = match (&package.id.source, &folder) {
            (Source::Local, Some(folder)) => other_repository || !ways_around::lies_below(root, folder),
            // Cargo said nothing of it: where it lies is not known.
            (Source::Local, None) => evidence.subject.workspace.as_ref().is_none_or(|known| known.failure.is_none()),
            // Whatever has a source must be vendored, or is a finding.
            (Source::Registry(_) | Source::Git(_) | Source::Other(_), _) => false,
        };
        if listed {
            verification.outside.push(Outside { id: package.id.clone(), folder, other_repository, allowed });
        }
    }
}

fn take_ways(found: WaysAround, verification: &mut Verification) {
    verification.ways = weighed(found.ways);
    verification.blockers.extend(found.contradictions.into_iter().map(Undecided::Config));
    verification.blockers.extend(found.unasked.into_iter().map(Undecided::BuildOutput));
    if found.ended_early {
        verification.blockers.push(Undecided::SearchEnded { limit: ways_around::MAX_NAMES });
    }
}
