//! `update`: lets cargo resolve behind the filter, judges what came out, and publishes it whole or not at all.

use semver::Version;

use super::moves::{Moves, Which as What};
use super::outcome::{CommandError, Outcome};
use super::vendoring::VendorRequest;
use super::{output, request, revoke, updated, vendoring};
use crate::cli::{self, Cli, HumanJsonOrMarkdown, Moving};
use crate::gather::cargo;
use crate::gather::environment::Environment;
use crate::gather::lock_file::LockFileError;
use crate::model::lock_proof::LockFact;
use crate::model::package::{Locked, PackageId};
use crate::model::resolution::{Change, Held, HeldFix, Hidden, Joined, Kept, Obstacle, View, Waits, versions};
use crate::policy::lock_changes::{self, Asked};
use crate::project::{Decision, Gathered, Project, Purpose, Request, Which};
use crate::report::update::{self, End, UpdateReport};
use crate::resolve::{Attempt, Ended, Parts, Resolution, ResolveError, Resolved, Session, Settled, Trials, Writes};

pub(super) fn run(cli: &Cli, arguments: &cli::Update, environment: &Environment) -> Result<Outcome, CommandError> {
    move_and_vendor(cli, wanted(cli, arguments), environment)
}

/// `fix`: the smallest change of the lock file that makes `audit` pass. What is not approved moves, with what must come along, and nothing
/// else; what cannot move stays and is named.
pub(super) fn fix(cli: &Cli, arguments: &cli::Fix, environment: &Environment) -> Result<Outcome, CommandError> {
    let Moving { dry_run, format, vendor: vendors, .. } = arguments.moving;
    let request = request::resolving(cli, &arguments.moving);
    let wanted = Wanted { request, what: What::Unapproved, breaking: false, vendors, dry_run, format };
    move_and_vendor(cli, wanted, environment)
}

/// Moves what is asked for, and then writes the approved sources where that is asked for too.
pub(super) fn move_and_vendor(cli: &Cli, wanted: Wanted, environment: &Environment) -> Result<Outcome, CommandError> {
    if wanted.vendors && wanted.format == HumanJsonOrMarkdown::Json {
        return Err(CommandError::Usage(
            "`--vendor` with `--format json` would print two documents as one\nhelp: run `cargo sequester vendor --format json` afterwards",
        ));
    }
    let (moved, published) = update(cli, &wanted, environment)?;
    if !wanted.vendors || !published {
        return Ok(moved);
    }
    // The same project and the same rules.
    let asked = Request { purpose: Purpose::Change, ..wanted.request };
    // A comment is one document: what became of the sources is told beside it.
    let aside = wanted.format == HumanJsonOrMarkdown::Markdown;
    let written = vendoring::vendor(cli, &VendorRequest::of(asked).aside(aside), environment)?;
    // What is kept was reported already, and fails the sources no more than the lock file.
    Ok(if written.only_kept { moved } else { written.outcome })
}

fn wanted(cli: &Cli, arguments: &cli::Update) -> Wanted {
    let what = if arguments.workspace {
        What::Manifests
    } else if arguments.specs.is_empty() && arguments.package.is_empty() {
        What::Everything
    } else {
        let (specs, precise) = ([&arguments.specs[..], &arguments.package].concat(), arguments.precise.clone());
        What::Named { specs, precise, recursive: arguments.recursive }
    };
    let Moving { dry_run, format, vendor: vendors, .. } = arguments.moving;
    let request = request::resolving(cli, &arguments.moving);
    Wanted { request, what, breaking: arguments.breaking, vendors, dry_run, format }
}

/// Of how many packages that stay it is found out what they wait for: each costs several runs of cargo.
const MOST_EXPLAINED: usize = 4;

/// What a run is asked to do.
pub(super) struct Wanted {
    /// Of which project, by whose rules.
    pub(super) request: Request,
    /// What is to move.
    pub(super) what: What,
    /// Whether requirements in manifests may be raised.
    pub(super) breaking: bool,
    /// Whether the approved sources are written afterwards.
    pub(super) vendors: bool,
    /// Whether everything is left as it is.
    pub(super) dry_run: bool,
    /// How the result is printed.
    pub(super) format: HumanJsonOrMarkdown,
}

impl Wanted {
    /// Cargo's options behind `update`.
    fn options(&self) -> Vec<String> {
        let mut options = Vec::new();
        if let Which::Manifest(path) = &self.request.which {
            options.extend([String::from("--manifest-path"), path.to_string()]);
        }
        if self.breaking {
            options.extend([String::from("-Zunstable-options"), String::from("--breaking")]);
        }
        options
    }
}

/// Moves what is asked for and reports it. Also returns whether the lock file is as it was asked for.
fn update(cli: &Cli, wanted: &Wanted, environment: &Environment) -> Result<(Outcome, bool), CommandError> {
    let writes = if wanted.dry_run { Writes::Nothing } else { Writes::LockFile };
    let resolution = Resolution::open(wanted.request.clone(), environment, writes)?;
    let at_once = |gathered: &Gathered| nothing_to_do(cli, wanted, gathered);
    resolution.run_unless(at_once, |session| {
        let moves = Moves::of(session, wanted.what.clone(), Vec::new(), wanted.options());
        Update { cli, wanted, session, moves, before: session.locked_before() }.run()
    })
}

/// Where all that is locked is approved and the lock file answers the manifests, some have nothing to move, and no cargo need be asked.
fn nothing_to_do(cli: &Cli, wanted: &Wanted, gathered: &Gathered) -> Result<Option<(Outcome, bool)>, CommandError> {
    let may_have_none = match wanted.what {
        What::Unapproved | What::Manifests => !wanted.breaking,
        What::Everything | What::Named { .. } => false,
    };
    let absent = gathered.project().subject().lock.packages.is_empty();
    if !may_have_none || absent || gathered.lock_answers().map_err(ResolveError::from)? != LockFact::Answered {
        return Ok(None);
    }
    let decision = gathered.decide_before_resolving();
    if !decision.evaluation().is_approved() {
        return Ok(None);
    }
    report(cli, wanted, gathered.project(), End::Unchanged, &Told::default(), &decision)?;
    Ok(Some((Outcome::Approved, true)))
}

struct Update<'u, 's> {
    cli: &'u Cli,
    wanted: &'u Wanted,
    session: &'u Session<'s>,
    moves: Moves<'u, 's>,
    /// What was locked before, which may stay.
    before: Locked,
}

/// What a report says beside its end.
#[derive(Default)]
struct Told {
    changes: Vec<Change>,
    joined: Vec<Joined>,
    kept: Vec<Kept>,
    waits: Vec<Waits>,
    held: Vec<Held>,
    held_fixes: Vec<HeldFix>,
    pruned: usize,
}

impl Update<'_, '_> {
    fn run(&self) -> Result<(Outcome, bool), CommandError> {
        if !self.session.before().evaluation().blockers.is_empty() {
            self.report_before(End::Undecided, &Told::default())?;
            return Ok((Outcome::Undecided, false));
        }
        if let Some((id, hidden)) = self.destination_hidden() {
            self.report_before(End::Precise(&id, &hidden), &Told::default())?;
            return Ok((Outcome::Held, false));
        }
        if let Some(refused) = self.version_absent() {
            return Err(refused);
        }
        match self.resolve_and_judge()? {
            Done::Failed { ended, parts } => {
                if let Some(refused) = self.refused_by_cargo()? {
                    return Err(refused);
                }
                let view = View { kept: versions(&parts.stay), exact: self.moves.exact(), ..View::default() };
                let attempt = Attempt { commands: self.moves.commands(&parts), view };
                let unresolved = self.session.explain(&ended, &attempt)?;
                let joined = self.moves.joined(&Parts::default());
                self.report_before(End::Unresolved(&unresolved), &Told { joined, ..Told::default() })?;
                Ok((if unresolved.obstacles().is_empty() { Outcome::Undecided } else { Outcome::Held }, false))
            }
            Done::Judged { judged, parts, whole } => {
                Ok((self.report_after(&judged, &parts, whole)?, whole == Outcome::Approved))
            }
        }
    }

    /// Runs cargo, judges, and publishes what is whole. The outcome says whether that is so.
    fn resolve_and_judge(&self) -> Result<Done, CommandError> {
        // A run that only takes away what is not approved makes nothing worse, whatever it must leave.
        let mut may_stay = self.session.may_stay(&self.before, self.wanted.what == What::Unapproved);
        may_stay.retain(|id| !self.moves.must_move(id));
        let Settled { resolved, written, parts, unpatched } = self.session.settle(&Trials {
            may_stay: &may_stay,
            wanted: &self.moves.wanted(),
            exact: &self.moves.exact(),
            at: None,
            asked: &|parts| self.moves.commands(parts),
            aloud: self.cli.verbose > 0,
        })?;
        output::print_aside(self.cli, |out| update::human::unpatched(&unpatched, out))?;
        let judged = match resolved {
            Resolved::Failed(ended) => return Ok(Done::Failed { ended, parts }),
            Resolved::Unlocked => {
                let path = self.session.subject().lock_path.clone();
                return Err(ResolveError::from(LockFileError::Absent { path }).into());
            }
            Resolved::Judged(judged) => judged,
        };
        if !judged.evaluation().blockers.is_empty() {
            return Ok(Done::Judged { judged, parts, whole: Outcome::Undecided });
        }
        let before = &self.session.subject().lock.packages;
        let changes = lock_changes::changes(before, judged.facts(), judged.evaluation(), &Asked::Everything);
        let whole = written.is_empty() || updated::is_approved(&judged, &changes);
        if whole && !written.is_empty() && !self.wanted.dry_run {
            let event = || updated::record(self.session.project(), &judged, &changes);
            updated::publish(&written, updated::only_removes(&changes), event)?;
        }
        Ok(Done::Judged { judged, parts, whole: if whole { Outcome::Approved } else { Outcome::Held } })
    }

    /// A release that `--precise` asks for and that no registry has, which needs no cargo to be known.
    fn version_absent(&self) -> Option<CommandError> {
        let What::Named { precise: Some(version), .. } = &self.wanted.what else { return None };
        let is_it = |one: &Version| {
            let same_build = version.build.is_empty() || one.build == version.build;
            same_build
                && (one.major, one.minor, one.patch, &one.pre)
                    == (version.major, version.minor, version.patch, &version.pre)
        };
        let absent = self.moves.named().find(|package| {
            let history = package.id.crate_id().and_then(|id| self.session.history(&id));
            history.is_some_and(|history| !history.outlines().any(|one| is_it(&one.version)))
        })?;
        Some(CommandError::NoSuchVersion { spec: format!("{}@{version}", absent.id.name) })
    }

    /// What cargo refuses whatever it is shown, and says in words that lead astray.
    fn refused_by_cargo(&self) -> Result<Option<CommandError>, CommandError> {
        let environment = self.session.project().environment();
        let is_stable = || cargo::version(environment).is_ok_and(|version| version.pre.is_empty());
        if self.wanted.breaking && environment.get("RUSTC_BOOTSTRAP").is_none() && is_stable() {
            return Ok(Some(CommandError::NotStable));
        }
        if let Some(spec) = self.moves.unlocked()
            && self.session.lock_answers()? != LockFact::Answered
        {
            return Ok(Some(CommandError::NotYetLocked { spec: spec.to_owned() }));
        }
        let What::Named { precise: Some(version), .. } = &self.wanted.what else { return Ok(None) };
        let names = self.moves.names();
        let locked = self.session.subject().lock.packages.iter();
        let mut absent = locked.filter(|package| names.contains(&*package.id.name)).filter(|package| {
            let history = package.id.crate_id().and_then(|id| self.session.history(&id));
            history.is_some_and(|history| !history.outlines().any(|one| one.version == *version))
        });
        let spec = absent.next().map(|package| format!("{}@{version}", package.id.name));
        Ok(spec.map(|spec| CommandError::NoSuchVersion { spec }))
    }

    /// The release that `--precise` asks for, where it is hidden: cargo would only say that it does not exist.
    fn destination_hidden(&self) -> Option<(PackageId, Hidden)> {
        self.moves.destinations().find_map(|id| Some((id.clone(), self.session.hides(&id)?)))
    }

    fn report_before(&self, end: End<'_>, told: &Told) -> Result<(), CommandError> {
        self.report(end, told, self.session.before())
    }

    fn report_after(&self, judged: &Decision, parts: &Parts, whole: Outcome) -> Result<Outcome, CommandError> {
        let before = &self.session.subject().lock.packages;
        let mut joined = self.moves.joined(parts);
        let along = joined.iter().map(|joined| joined.package.name.to_string());
        let asked = match self.wanted.what {
            What::Everything => Asked::Everything,
            What::Manifests | What::Unapproved | What::Named { .. } => {
                Asked::Names(self.moves.names().into_iter().chain(along).collect())
            }
        };
        let fixes = self.wanted.what == What::Unapproved;
        if fixes {
            // Who asks for a fix asks for all that is not approved.
            joined.retain(|joined| parts.join.contains(&joined.package));
        }
        // Whoever wants what is necessary wants what it takes.
        let expected = match self.wanted.what {
            What::Everything | What::Manifests | What::Unapproved => &Asked::Everything,
            What::Named { .. } => &asked,
        };
        let changes = lock_changes::changes(before, judged.facts(), judged.evaluation(), expected);
        let mut told = Told {
            changes: lock_changes::with_rust(changes, judged.facts()),
            joined,
            kept: match self.wanted.what {
                What::Unapproved => lock_changes::left(judged.evaluation(), &parts.stay),
                What::Everything | What::Manifests | What::Named { .. } => {
                    lock_changes::kept(judged.facts(), judged.evaluation(), &self.before, &parts.stay)
                }
            },
            waits: self.waits(parts)?,
            held: lock_changes::held(&self.session.judge(judged)),
            held_fixes: lock_changes::held_fixes(judged.evaluation()),
            pruned: 0,
        };
        // Who names packages has not asked about the others.
        if let Asked::Names(names) = &asked {
            let concerns =
                |id: &PackageId| names.contains(&*id.name) || told.changes.iter().any(|change| change.name == id.name);
            // What is kept is named, so that the fix that it waits for is, too.
            let waits = |id: &PackageId| told.kept.iter().any(|kept| kept.package == *id);
            told.held_fixes.retain(|fix| concerns(&fix.package) || waits(&fix.package));
            told.held.retain(|held| concerns(&held.package) || (fixes && waits(&held.package)));
        } else if whole == Outcome::Approved && !self.wanted.dry_run {
            told.pruned = revoke::lapsed_baseline(self.session.project(), judged)?;
        }
        let end = match whole {
            Outcome::Approved if told.changes.is_empty() => End::Unchanged,
            Outcome::Approved => End::Published,
            Outcome::Held => End::NotApproved,
            Outcome::Undecided | Outcome::Cargo(_) => End::Undecided,
        };
        self.report(end, &told, judged)?;
        // What is kept was there before and holds nothing back, but a run that was to fix everything says that it did not.
        let remains = lock_changes::remains(judged.evaluation(), if fixes { &[] } else { &told.kept });
        Ok(if whole == Outcome::Approved && remains { Outcome::Held } else { whole })
    }

    /// What would have to be approved so that what was to move and stays could move, whatever joined it.
    fn waits(&self, parts: &Parts) -> Result<Vec<Waits>, CommandError> {
        let mut waits = Vec::new();
        for package in self.moves.wanted().into_iter().filter(|id| parts.stay.contains(id)).take(MOST_EXPLAINED) {
            let mut free = Parts { stay: parts.stay.clone(), join: self.session.others() };
            free.stay.remove(&package);
            free.join.retain(|id| !free.stay.contains(id));
            let view = View { kept: versions(&free.stay), exact: self.moves.exact(), ..View::default() };
            let obstacles = self.session.obstacles(&Attempt { commands: self.moves.commands(&free), view })?;
            // What time does not lift is not waited for: another release that the advisory hits is nowhere to go. Nor does a release wait for
            // itself: when it comes, it need not move.
            let is_itself = |one: &Obstacle| one.id == package;
            if !obstacles.is_empty()
                && !obstacles.iter().any(is_itself)
                && obstacles.iter().all(|one| one.hidden.eligible_at().is_some())
            {
                waits.push(Waits { package, obstacles });
            }
        }
        Ok(waits)
    }

    fn report(&self, end: End<'_>, told: &Told, decision: &Decision) -> Result<(), CommandError> {
        report(self.cli, self.wanted, self.session.project(), end, told, decision)
    }
}

fn report(
    cli: &Cli,
    wanted: &Wanted,
    project: &Project,
    end: End<'_>,
    told: &Told,
    decision: &Decision,
) -> Result<(), CommandError> {
    let report = UpdateReport {
        end,
        changes: &told.changes,
        joined: &told.joined,
        kept: &told.kept,
        waits: &told.waits,
        held: &told.held,
        held_fixes: &told.held_fixes,
        pruned: told.pruned,
        evaluation: decision.evaluation(),
        packages: &decision.facts().packages,
        advisories: &decision.facts().advisories,
        judged_by: project.rules().judged_by(),
        situation: &cli.invocation,
        dry_run: wanted.dry_run,
        vendored: !wanted.vendors && project.subject().root.join("vendor").is_dir(),
    };
    output::print(cli, |out| match wanted.format {
        HumanJsonOrMarkdown::Human => update::human::write(&report, output::verbosity(cli), out),
        HumanJsonOrMarkdown::Json => update::json::write(&report, out),
        HumanJsonOrMarkdown::Markdown => update::markdown::write(&report, out),
    })
}

enum Done {
    Failed { ended: Ended, parts: Parts },
    Judged { judged: Box<Decision>, parts: Parts, whole: Outcome },
}
