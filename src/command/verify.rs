//! `verify`: shows that lock file, allow-list and vendored tree are consistent and that nothing leads around them. It writes nothing, and
//! needs a network only for archives that cargo's cache lacks where trees are derived again.

use std::collections::BTreeSet;
use std::time::Instant;

use camino::{Utf8Path, Utf8PathBuf};

use super::archives::Archives;
use super::{CommandError, Outcome, output, rederive};
use crate::apply::vendor_dir::{Interrupted, interrupted};
use crate::cli::{self, Cli, VerifyFormat};
use crate::gather::cargo_config::{CargoConfig, Replacement};
use crate::gather::environment::Environment;
use crate::gather::ways_around::{self, Replacing, Search, WaysAround};
use crate::gather::{allow_list, vendor_tree};
use crate::model::allow_list::AllowList;
use crate::model::source::{Registry, Source};
use crate::model::vendored::VendorRoot;
use crate::model::verification::{Finding, Note, Outside, Undecided, Verification};
use crate::policy::source::is_allowed;
use crate::policy::vendored::{Held, compare};
use crate::policy::ways_around::weighed;
use crate::project::{AdvisoriesFrom, JudgeBy, PolicyFrom, Project, Purpose, Request, Rules, Subject, Which, relative};
use crate::report::verify::{self, Proof, VerifyReport};

/// Where the tree is looked for when no configuration names it.
const DEFAULT_FOLDER: &str = "vendor";

/// What is held against each other.
pub(super) struct Scene<'a> {
    pub(super) subject: &'a Subject,
    pub(super) allowed: Option<AllowList>,
    pub(super) tree: VendorRoot,
    pub(super) replaced: BTreeSet<Source>,
    folder: Utf8PathBuf,
}

impl Scene<'_> {
    pub(super) fn held(&self) -> Held<'_> {
        Held {
            packages: &self.subject.lock.packages,
            allowed: self.allowed.as_ref(),
            tree: &self.tree,
            folder: self.folder.as_str(),
            replaced: &self.replaced,
        }
    }
}

pub(super) fn run(cli: &Cli, arguments: &cli::Verify, environment: &Environment) -> Result<Outcome, CommandError> {
    let started = Instant::now();
    let project = Project::open(asked(cli, arguments), environment)?;
    let (subject, rules) = (project.subject(), project.rules());
    let configs = project.configs().at_root(&subject.root, environment)?;
    let config = configs.found();
    let replacing = Replacing::read(&subject.root)?;
    let allowed = allow_list::read(&ways_around::own_config(&subject.root))?;
    let folder = replacing.folder.clone().unwrap_or_else(|| subject.root.join(DEFAULT_FOLDER));
    let search = Search { root: &subject.root, vendor: Some(&folder), replacing: &replacing, config, environment };
    let (tree, ways) = rayon::join(|| vendor_tree::read(&subject.root, &folder), || ways_around::find(&search));
    let (tree, ways) = (tree?, ways?);

    let mut verification = Verification::default();
    match interrupted(&subject.root) {
        Some(Interrupted::HalfDone(run)) => {
            verification.findings.push(Finding::Interrupted { run: run.to_string() });
        }
        Some(Interrupted::Running(run)) => verification.blockers.push(Undecided::Running(run.to_string())),
        Some(Interrupted::Stopped(run)) => verification.notes.push(Note::Stopped(run.to_string())),
        None => {}
    }
    let replaced = replaced(subject, &replacing, config, &folder, &mut verification);
    if folder.strip_prefix(&subject.root).map_or(true, |below| below.as_str().is_empty()) {
        verification.findings.push(Finding::TreeOutside { path: folder.to_string() });
    }
    let scene = Scene { allowed, tree, replaced, folder: relative(&folder, environment), subject };
    compare(&scene.held(), &mut verification);
    outside(&scene, rules, &mut verification);
    take_ways(ways, &mut verification);
    if let Some(failure) = subject.workspace.as_ref().and_then(|workspace| workspace.failure.as_ref()) {
        verification.notes.push(Note::Workspace(failure.to_string()));
    }
    let proof = match (&arguments.base, arguments.deep) {
        (_, true) => Proof::All,
        (Some(base), false) => Proof::Changed { base },
        (None, false) => Proof::Consistent,
    };
    if project.base().is_some() || arguments.deep {
        let archives = Archives { project: &project, configs: &configs };
        // Everything is derived where no base is believed.
        rederive::add(&scene, (!arguments.deep).then_some(&project), &archives, &mut verification)?;
    }

    let lock_path = relative(&subject.lock_path, environment);
    let report = VerifyReport {
        verification: &verification,
        proof,
        judged_by: rules.judged_by(),
        root: &subject.root,
        folder: &scene.folder,
        locked: &lock_path,
        elapsed: Some(started.elapsed()),
    };
    let mut text = Vec::new();
    match arguments.format {
        VerifyFormat::Human => verify::human(&report, output::verbosity(cli), &mut text),
        VerifyFormat::Json => verify::json(&report, &mut text),
    }
    .map_err(CommandError::Output)?;
    output::report(cli, &text)?;
    Ok(outcome(&verification))
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
        offline: project.offline || project.frozen,
        quiet: cli.quiet,
    }
}

/// The sources that must be taken from the tree, and whether cargo does take them from there.
fn replaced(
    subject: &Subject,
    replacing: &Replacing,
    config: &CargoConfig,
    folder: &Utf8Path,
    verification: &mut Verification,
) -> BTreeSet<Source> {
    let locked = || subject.lock.packages.iter().map(|package| &package.id.source);
    let mut replaced = ways_around::replaced_sources(replacing, locked());
    let crates_io = Source::Registry(Registry::CratesIo);
    if locked().any(|source| *source == crates_io) {
        replaced.insert(crates_io);
    }
    for source in &replaced {
        let Source::Registry(registry) = source else { continue };
        let by = match config.replacement(registry) {
            Ok(Replacement::Directory { path, .. }) if is_same(&path, folder) && replacing.folder.is_some() => continue,
            Ok(Replacement::Itself) => None,
            Ok(
                Replacement::Directory { origin, .. }
                | Replacement::Registry { origin, .. }
                | Replacement::LocalRegistry { origin, .. }
                | Replacement::Git { origin, .. },
            ) => Some(origin),
            Err(error) => {
                verification.blockers.push(Undecided::Config(error.to_string()));
                continue;
            }
        };
        verification.findings.push(Finding::NotReplaced { registry: registry.clone(), by });
    }
    verification.blockers.dedup();
    replaced
}

fn is_same(one: &Utf8Path, other: &Utf8Path) -> bool {
    one == other || ways_around::plain(one) == other
}

/// What is built from elsewhere, and what the policy allows from nowhere.
fn outside(scene: &Scene<'_>, rules: &Rules, verification: &mut Verification) {
    let root = &scene.subject.root;
    for package in &scene.subject.lock.packages {
        let allowed = is_allowed(&rules.policy, &package.id.source);
        if !allowed {
            verification.findings.push(Finding::SourceNotAllowed { id: package.id.clone() });
        }
        let folder = package.local.as_ref().map(|local| local.root.clone());
        let listed = match (&package.id.source, &folder) {
            (Source::Local, Some(folder)) => !ways_around::lies_below(root, folder),
            // Cargo said nothing of it: where it lies is not known.
            (Source::Local, None) => scene.subject.workspace.as_ref().is_none_or(|known| known.failure.is_none()),
            (Source::Registry(_) | Source::Git(_) | Source::Other(_), _) => !scene.held().covers(package),
        };
        if listed {
            verification.outside.push(Outside { id: package.id.clone(), folder, allowed });
        }
    }
}

fn take_ways(found: WaysAround, verification: &mut Verification) {
    verification.ways = weighed(found.ways);
    if found.ended_early {
        verification.blockers.push(Undecided::SearchEnded { limit: ways_around::MAX_NAMES });
    }
}
