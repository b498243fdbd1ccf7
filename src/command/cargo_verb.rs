//! `cargo <args>`: any cargo command behind the same quarantine.
//!
//! Commands that resolve run behind the filter. All others run on the user's own sources, because under a replaced source everything
//! would be downloaded and compiled anew; before that the lock file is completed behind the filter, and judged.

use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8PathBuf;
use semver::VersionReq;

use super::cargo_itself::{for_toolchain, run_itself};
use super::moves::{Moves, Which as What};
use super::outcome::{CommandError, Outcome};
use super::{elsewhere, output, packaging, updated};
use crate::cli::{self, Cli};
use crate::gather::cargo_config::CargoConfig;
use crate::gather::command_line::{Action, CommandLine, UpdateWords};
use crate::gather::environment::Environment;
use crate::gather::{allow_list, clock, ways_around, workspace};
use crate::model::allow_list::AllowedId;
use crate::model::crate_name::CrateName;
use crate::model::evaluation::{Blocker, Judgement};
use crate::model::lock_proof::LockFact;
use crate::model::package::{CrateId, Locked, PackageId};
use crate::model::resolution::{Cause, Exact, HiddenBecause, Kept, View, versions};
use crate::model::source::Registry;
use crate::model::verdict::{ReasonCode, Reasons};
use crate::policy::baseline::carried;
use crate::policy::lock_changes::{self, Asked};
use crate::project::{Decision, InputDigests, Purpose, Question, Request, Which, relative};
use crate::report;
use crate::report::audit::AuditReport;
use crate::report::context::{Context, Verbosity};
use crate::report::update::{self, End, UpdateReport};
use crate::resolve::{Attempt, Ended, Parts, Resolution, Resolved, Session, Settled, Trials, Writes, Written};

/// How many aliases may stand behind each other.
const MOST_ALIASES: usize = 8;

pub(super) fn run(cli: &Cli, arguments: &cli::Cargo, environment: &Environment) -> Result<Outcome, CommandError> {
    let mut line = CommandLine::read(&arguments.arguments);
    let environment = for_toolchain(environment, line.toolchain.as_deref());
    let config = CargoConfig::load(environment.current_dir(), &environment)?;
    for _ in 0..MOST_ALIASES {
        let Some(verb) = line.verb.clone().filter(|_| !line.is_built_in()) else { break };
        let Some(words) = config.alias(&verb)? else { break };
        line.expand(&words);
    }
    line.expand_short();
    if line.changes_folder() {
        return Err(CommandError::OtherFolder);
    }
    if let Some(option) = line.unread() {
        return Err(CommandError::UnknownOption { option: option.to_owned() });
    }
    let config = config.with_command_line(&line.config())?;
    elsewhere::check(&line, &config)?;
    let action = line.action();
    match action {
        Action::Passes => {}
        Action::Installs => return Err(CommandError::Install),
        Action::Script => return Err(CommandError::Script),
        Action::Resolves | Action::Builds | Action::Unknown => {
            packaging::check(&line, &config, &environment)?;
            let asked = request(cli, arguments, &line);
            let question = Question::of(&asked, line.toolchain.as_deref(), &config, &environment);
            let question = question.filter(|_| action != Action::Resolves);
            if question.as_ref().is_some_and(|question| was_approved(question, action, &config, &environment)) {
                return run_itself(&environment, &line, action == Action::Builds);
            }
            let outcome = behind_quarantine(cli, asked, &environment, &line, (action, question.as_ref()))?;
            if outcome != Outcome::Approved || action == Action::Resolves {
                return Ok(outcome);
            }
        }
    }
    run_itself(&environment, &line, action == Action::Builds)
}

fn request(cli: &Cli, arguments: &cli::Cargo, line: &CommandLine) -> Request {
    Request {
        which: line.manifest_path().map_or(Which::Here, Which::Manifest),
        judge: (&arguments.judge).into(),
        purpose: Purpose::Resolve,
        config: line.config(),
        afresh: false,
        fetch: true,
        offline: line.has(&["--offline", "--frozen"]),
        quiet: cli.quiet,
    }
}

/// Whether the very same was approved a short while ago. A command that gets `--locked` refuses a workspace that has grown since; of any
/// other cargo is asked which packages the workspace has.
fn was_approved(question: &Question, action: Action, config: &CargoConfig, environment: &Environment) -> bool {
    let members = || workspace::locate(environment, config, None).ok().map(|found| found.folders());
    let now = clock::now();
    match action {
        Action::Builds => question.was_approved(now, None),
        Action::Unknown => question.was_approved(now, None) && question.was_approved(now, members().as_ref()),
        Action::Passes | Action::Installs | Action::Script | Action::Resolves => false,
    }
}

fn behind_quarantine(
    cli: &Cli,
    request: Request,
    environment: &Environment,
    line: &CommandLine,
    (action, question): (Action, Option<&Question>),
) -> Result<Outcome, CommandError> {
    let manifest = line.manifest_path();
    // What builds writes only where the lock file is not whole.
    let is_told_not_to = line.has(&["--dry-run", "--locked", "--frozen"]);
    let writes = if action == Action::Resolves && !is_told_not_to { Writes::LockFile } else { Writes::Nothing };
    let resolution = Resolution::open(request, environment, writes)?;
    // What builds may have completed the lock file before it was killed; for what resolves it was looked after already.
    if action != Action::Resolves && !is_told_not_to {
        resolution.project().remove_debris();
    }
    if action != Action::Resolves && is_approved_as_it_is(&resolution, question)? {
        return Ok(Outcome::Approved);
    }
    resolution.run(|session| {
        let run = Run { cli, session, line, manifest, before: session.locked_before() };
        if action == Action::Resolves { run.resolve() } else { run.complete() }
    })
}

/// Whether the lock file is whole and approved, so that nothing need be resolved; that is remembered.
fn is_approved_as_it_is(resolution: &Resolution, question: Option<&Question>) -> Result<bool, CommandError> {
    // What cannot be read is not remembered; the error is reported where it is needed.
    let inputs = question.and_then(|_| InputDigests::of(resolution.project()).ok().flatten());
    let found = resolution.as_it_is()?;
    if !found.decision().evaluation().is_approved() || !found.lock_answers()? {
        return Ok(false);
    }
    if let (Some(question), Some(inputs)) = (question, inputs) {
        // A folder that cannot be written to costs the next run its time, and no more.
        let _ = question.remember(&inputs, found.project(), found.decision());
    }
    Ok(true)
}

struct Run<'r, 's> {
    cli: &'r Cli,
    session: &'r Session<'s>,
    line: &'r CommandLine,
    manifest: Option<Utf8PathBuf>,
    /// What was locked before, which may stay.
    before: Locked,
}

impl Run<'_, '_> {
    /// A command that changes the lock file, and perhaps manifests.
    fn resolve(&self) -> Result<Outcome, CommandError> {
        let blockers = &self.session.before().evaluation().blockers;
        if !blockers.is_empty() {
            if !self.may_remove_in_spite(blockers) {
                self.tell(self.session.before());
                return Ok(Outcome::Undecided);
            }
            self.session.read_in_spite()?;
        }
        // Without a package nothing gets worse, so that whatever else is wrong must not stand in the way of a removal.
        let mut may_stay = self.session.may_stay(&self.before, self.removes());
        let (globals, words) = self.line.behind_filter();
        let Some(update) = self.line.update() else {
            let command = [globals, words].concat();
            self.session.look_up(self.line.added().into_iter().map(|(name, _)| CrateName::from(name)).collect());
            let may_stay = if self.asks_in_vain()? { Vec::new() } else { may_stay };
            return self.change(&may_stay, &Moving::default(), &|_| vec![command.clone()]);
        };
        let what = match &update {
            UpdateWords { workspace: true, .. } => What::Manifests,
            UpdateWords { specs, .. } if specs.is_empty() => What::Everything,
            UpdateWords { specs, precise, recursive, .. } => {
                let precise = precise.as_ref().and_then(|version| version.parse().ok());
                What::Named { specs: specs.clone(), precise, recursive: *recursive }
            }
        };
        let as_typed = (what == What::Everything).then(|| [globals.clone(), words].concat());
        let moves = Moves::of(self.session, what, globals, update.options);
        may_stay.retain(|id| !moves.must_move(id));
        let moving = Moving { exact: moves.exact(), wanted: moves.wanted() };
        self.change(&may_stay, &moving, &|parts| match &as_typed {
            Some(command) if parts.stay.is_empty() => vec![command.clone()],
            Some(_) | None => moves.commands(parts),
        })
    }

    /// Whether packages are only removed: that is done, and what is left is reported.
    fn removes(&self) -> bool {
        self.line.verb.as_deref() == Some("remove")
    }

    /// Whether all that is not known is what advisories say, which is about packages that stay, and nobody need know for one to go.
    fn may_remove_in_spite(&self, blockers: &[Blocker]) -> bool {
        let is_of_advisories = |blocker: &Blocker| {
            matches!(
                blocker,
                Blocker::AdvisoriesUnavailable { .. }
                    | Blocker::AdvisoriesStale { .. }
                    | Blocker::AdvisoriesRolledBack { .. }
            )
        };
        self.removes() && blockers.iter().all(is_of_advisories)
    }

    /// Whether `add` asks for a release that its registry does not have, hidden or not: then nothing else need be tried, and cargo says so.
    fn asks_in_vain(&self) -> Result<bool, CommandError> {
        let added = self.line.added();
        if added.iter().all(|(_, req)| req.is_none()) {
            return Ok(false);
        }
        let config = self.session.project().configs().found();
        let registry = match self.line.registry() {
            Some(name) => config.registry_named(name)?,
            None => (!config.has_default_registry()?).then_some(Registry::CratesIo),
        };
        let Some(registry) = registry else { return Ok(false) };
        let is_vain = |name: &str, req: &VersionReq| {
            let history = self.session.ask(&CrateId { registry: registry.clone(), name: name.into() });
            history.is_some_and(|history| !history.outlines().any(|one| req.matches(&one.version)))
        };
        let mut asked = added.iter().filter_map(|(name, req)| Some((name, VersionReq::parse((*req)?).ok()?)));
        Ok(asked.any(|(name, req)| is_vain(name, &req)))
    }

    /// Any other command: the lock file must be whole before it runs, and all in it approved or endangered only by what a build does not
    /// touch off.
    fn complete(&self) -> Result<Outcome, CommandError> {
        let before = self.session.before().evaluation();
        let endangered = self.endangered();
        if !before.blockers.is_empty() || lock_changes::remains(before, &endangered) {
            self.tell(self.session.before());
            return Ok(if before.blockers.is_empty() { Outcome::Held } else { Outcome::Undecided });
        }
        let done = self.completed(&endangered)?;
        if done == Outcome::Approved && !endangered.is_empty() {
            self.tell_kept(&endangered, self.session.before())?;
        }
        Ok(done)
    }

    /// What is locked and vulnerable, and nothing worse.
    fn endangered(&self) -> Vec<Kept> {
        let decision = self.session.before();
        let kept = lock_changes::kept(decision.facts(), decision.evaluation(), &self.before, &BTreeSet::new());
        let only_vulnerable = |kept: &Kept| match &kept.because {
            HiddenBecause::Reasons(reasons) => reasons.iter().all(|reason| reason.code() == ReasonCode::Advisory),
            HiddenBecause::Yanked | HiddenBecause::Ambiguous => false,
        };
        kept.into_iter().filter(only_vulnerable).collect()
    }

    /// Completes the lock file where it is not whole; whatever is endangered stays where it is.
    fn completed(&self, endangered: &[Kept]) -> Result<Outcome, CommandError> {
        let absent = self.session.subject().lock.packages.is_empty();
        if !absent && self.session.lock_answers()? == LockFact::Answered {
            return Ok(Outcome::Approved);
        }
        let stays = versions(endangered.iter().map(|kept| &kept.package));
        self.session.look(View { kept: stays, ..View::default() });
        if !absent {
            let probe = self.with_manifest(&["update", "--workspace", "--locked"]);
            if self.session.succeeds(probe)? {
                return Ok(Outcome::Approved);
            }
        }
        // Cargo itself says what is wrong where it may not be changed; it runs with the same option. The cargo of an external command
        // may run without it.
        if self.line.has(&["--locked", "--frozen"]) {
            return match self.line.action() {
                Action::Unknown => Err(CommandError::Incomplete { path: self.session.subject().lock_path.clone() }),
                Action::Resolves | Action::Passes | Action::Installs | Action::Builds | Action::Script => {
                    Ok(Outcome::Approved)
                }
            };
        }
        let verb: &[&str] = if absent { &["generate-lockfile"] } else { &["update", "--workspace"] };
        let command = self.with_manifest(verb);
        let may_stay: Vec<PackageId> = endangered.iter().map(|kept| kept.package.clone()).collect();
        self.change(&may_stay, &Moving::default(), &|_| vec![command.clone()])
    }

    fn with_manifest(&self, words: &[&str]) -> Vec<String> {
        let mut all: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        if let Some(path) = &self.manifest {
            all.extend([String::from("--manifest-path"), path.to_string()]);
        }
        all
    }

    /// Runs cargo behind the filter and keeps what it wrote only where all that is new in it is approved.
    fn change(
        &self,
        may_stay: &[PackageId],
        moving: &Moving,
        asked: &dyn Fn(&Parts) -> Vec<Vec<String>>,
    ) -> Result<Outcome, CommandError> {
        let Moving { wanted, exact } = moving;
        let aloud = !self.cli.quiet;
        let settled = self.session.settle(&Trials { may_stay, wanted, exact, at: None, asked, aloud })?;
        match self.publish(settled)? {
            Changed::Unlocked => Ok(Outcome::Approved),
            Changed::Approved { judged, kept, written } => {
                self.tell_kept(&kept, &judged)?;
                self.tell_vendored(&judged, &written)?;
                // A removal leaves everything where it is, also what does harm.
                let harms = kept.iter().any(|kept| matches!(&kept.because, HiddenBecause::Reasons(all) if all.harm()));
                // What is left after a removal need not be decided.
                let is_undecided = !judged.evaluation().blockers.is_empty();
                let remains = !is_undecided && lock_changes::remains(judged.evaluation(), &kept);
                if harms || remains || is_undecided {
                    self.tell(&judged);
                }
                Ok(if harms || remains { Outcome::Held } else { Outcome::Approved })
            }
            Changed::Failed { ended, parts } => {
                if self.asks_in_vain()? {
                    return Ok(Outcome::Cargo(ended.code()));
                }
                let view = View { kept: versions(&parts.stay), exact: exact.clone(), ..View::default() };
                self.tell_failure(&ended, &Attempt { commands: asked(&parts), view })?;
                Ok(Outcome::Cargo(ended.code()))
            }
            Changed::Unapproved(judged) => {
                self.tell(&judged);
                Ok(if judged.evaluation().blockers.is_empty() { Outcome::Held } else { Outcome::Undecided })
            }
        }
    }

    fn context(&self) -> Context<'_> {
        let decision = self.session.before();
        Context {
            now: decision.evaluation().now,
            advisories: &decision.facts().advisories,
            judged_by: self.session.project().rules().judged_by(),
            situation: &self.cli.invocation,
        }
    }

    /// A lock file that changed leaves the vendored sources behind, unless it changed back to what they are; manifests alone do not.
    fn tell_vendored(&self, judged: &Decision, written: &[Written]) -> Result<(), CommandError> {
        let root = &self.session.subject().root;
        let locked: BTreeSet<AllowedId> =
            judged.facts().packages.iter().filter_map(|package| AllowedId::of(&package.id)).collect();
        let listed = allow_list::read(&ways_around::own_config(root)).ok().flatten();
        let is_vendored = match &listed {
            Some(list) => !list.releases.keys().eq(&locked),
            None => root.join("vendor").is_dir(),
        };
        let lock = &self.session.subject().lock_path;
        if is_vendored && written.iter().any(|file| file.path == *lock) {
            output::print_aside(self.cli, |out| update::human::left_behind(&self.context(), out))?;
        }
        Ok(())
    }

    /// Judges what cargo did, and writes it into the project where all that is new is approved.
    fn publish(&self, settled: Settled) -> Result<Changed, CommandError> {
        let written = settled.written;
        let judged = match settled.resolved {
            Resolved::Failed(ended) => return Ok(Changed::Failed { ended, parts: settled.parts }),
            Resolved::Unlocked => {
                updated::publish(&written, false, || Ok(None))?;
                return Ok(Changed::Unlocked);
            }
            Resolved::Judged(judged) => judged,
        };
        let before = &self.session.subject().lock.packages;
        let changes = lock_changes::changes(before, judged.facts(), judged.evaluation(), &Asked::Everything);
        let blockers = &judged.evaluation().blockers;
        let is_decided = blockers.is_empty() || (self.may_remove_in_spite(blockers) && updated::only_removes(&changes));
        if !(is_decided && updated::is_approved(&judged, &changes)) {
            return Ok(Changed::Unapproved(judged));
        }
        let event = || updated::record(self.session.project(), &judged, &changes);
        updated::publish(&written, updated::only_removes(&changes), event)?;
        let kept = if self.removes() {
            lock_changes::left(judged.evaluation(), &settled.parts.stay)
        } else {
            lock_changes::kept(judged.facts(), judged.evaluation(), &self.before, &settled.parts.stay)
        };
        Ok(Changed::Approved { judged, kept, written })
    }

    /// What stays in the lock file although it is not approved.
    fn tell_kept(&self, kept: &[Kept], judged: &Decision) -> Result<(), CommandError> {
        let (evaluation, packages) = (judged.evaluation(), &judged.facts().packages);
        output::print_aside(self.cli, |out| update::human::kept(kept, evaluation, packages, &self.context(), out))?;
        Ok(())
    }

    /// What the filter has to do with cargo's failure; cargo's own words were shown as they came.
    fn tell_failure(&self, ended: &Ended, attempt: &Attempt) -> Result<(), CommandError> {
        let mut unresolved = self.session.explain(ended, attempt)?;
        if unresolved.cause == Cause::Elsewhere {
            return Ok(());
        }
        // It must not stay where it is, and not every command moves what is locked.
        let mut before = self.session.before().evaluation().judgements.iter().filter_map(Judgement::reasons);
        if matches!(unresolved.cause, Cause::Unknown(_)) && before.any(Reasons::harm) {
            self.tell(self.session.before());
            return Ok(());
        }
        unresolved.words.clear();
        let report = UpdateReport {
            end: End::Unresolved(&unresolved),
            changes: &[],
            joined: &[],
            kept: &[],
            waits: &[],
            held: &[],
            held_fixes: &[],
            pruned: 0,
            evaluation: self.session.before().evaluation(),
            packages: &self.session.subject().lock.packages,
            advisories: &self.session.before().facts().advisories,
            judged_by: self.session.project().rules().judged_by(),
            situation: &self.cli.invocation,
            dry_run: false,
            vendored: false,
        };
        output::print_aside(self.cli, |out| update::human::write(&report, Verbosity::Normal, out))?;
        Ok(())
    }

    /// The problems of a decision, on standard error: standard output is cargo's.
    fn tell(&self, decision: &Decision) {
        let project = self.session.project();
        let rules = project.rules();
        let report = AuditReport {
            packages: &decision.facts().packages,
            evaluation: decision.evaluation(),
            advisories: &decision.facts().advisories,
            carried: carried(decision.evaluation(), &decision.facts().advisories, &rules.policy, &rules.approvals),
            loosened: &[],
            decided: &[],
            policy: &rules.policy,
            judged_by: rules.judged_by(),
            locked: &relative(&project.subject().lock_path, project.environment()),
            lines: decision.lines(),
            situation: &self.cli.invocation,
            changes: None,
            elapsed: None,
        };
        let mut text = Vec::new();
        if report::audit::human::write(&report, Verbosity::Quiet, &mut text).is_ok() {
            output::aside(self.cli, &text);
        }
    }
}

/// What is to go where.
#[derive(Default)]
struct Moving {
    /// To exactly one release.
    exact: BTreeMap<CrateId, Vec<Exact>>,
    /// With others, where it cannot alone.
    wanted: BTreeSet<PackageId>,
}

enum Changed {
    /// There is no lock file to judge.
    Unlocked,
    /// What is new is approved; what is kept was there before.
    Approved {
        judged: Box<Decision>,
        kept: Vec<Kept>,
        written: Vec<Written>,
    },
    Failed {
        ended: Ended,
        parts: Parts,
    },
    Unapproved(Box<Decision>),
}
