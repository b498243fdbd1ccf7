//! `update`: lets cargo resolve behind the filter, judges what came out, and publishes it whole or not at all.

use std::collections::BTreeSet;

use super::{CommandError, Outcome, output, prune, updated, vendor};
use crate::apply::kept_file::KeptFile;
use crate::cli::{self, Cli, UpdateFormat};
use crate::gather::environment::Environment;
use crate::gather::lock_file::LockFileError;
use crate::model::moves::{Change, Held, HeldFix};
use crate::model::package::PackageId;
use crate::model::visibility::Hidden;
use crate::policy::moves::{self, Asked};
use crate::project::{Decision, Purpose, Request, Which};
use crate::report::update::{self, End, UpdateReport};
use crate::resolve::{self, Ended, Resolution, ResolveError, Resolved, Session};

pub(super) fn run(cli: &Cli, arguments: &cli::Update, environment: &Environment) -> Result<Outcome, CommandError> {
    if arguments.vendor && arguments.format == UpdateFormat::Json {
        return Err(CommandError::Usage(
            "`--vendor` with `--format json` would print two documents as one\nhelp: run `cargo sequester vendor --format json` afterwards",
        ));
    }
    let updated = update(cli, arguments, environment)?;
    if !arguments.vendor || updated != Outcome::Approved {
        return Ok(updated);
    }
    // The same project and the same rules.
    let asked = Request { purpose: Purpose::Change, ..asked(cli, arguments) };
    vendor::vendor(cli, &vendor::Wanted::of(asked), environment)
}

fn asked(cli: &Cli, arguments: &cli::Update) -> Request {
    Request {
        which: arguments.manifest_path.clone().map_or(Which::Here, Which::Manifest),
        judge: (&arguments.judge).into(),
        purpose: Purpose::Resolve,
        config: Vec::new(),
        afresh: false,
        offline: arguments.offline,
        quiet: cli.quiet,
    }
}

fn update(cli: &Cli, arguments: &cli::Update, environment: &Environment) -> Result<Outcome, CommandError> {
    let resolution = Resolution::open(asked(cli, arguments), environment)?;
    resolution.run(|session| Update { cli, arguments, session }.run())
}

struct Update<'u, 's> {
    cli: &'u Cli,
    arguments: &'u cli::Update,
    session: &'u Session<'s>,
}

/// What a report tells beside its end.
#[derive(Default)]
struct Told {
    changes: Vec<Change>,
    joined: Vec<PackageId>,
    held: Vec<Held>,
    held_fixes: Vec<HeldFix>,
    pruned: usize,
}

impl Update<'_, '_> {
    fn run(&self) -> Result<Outcome, CommandError> {
        if !self.session.before().evaluation().blockers.is_empty() {
            self.report_before(End::Undecided, &Told::default())?;
            return Ok(Outcome::Undecided);
        }
        if let Some((id, hidden)) = self.precise_to_hidden() {
            self.report_before(End::Precise(&id, &hidden), &Told::default())?;
            return Ok(Outcome::Held);
        }
        let joined = self.joined();
        let kept = self.keep()?;
        let done = self.resolve_and_judge(&joined, &kept);
        // Whatever went wrong, and wherever: the files are as they were before anything is told.
        let published = matches!(&done, Ok(Done::Judged(_, Outcome::Approved))) && !self.arguments.dry_run;
        if !published {
            kept.iter().try_for_each(KeptFile::put_back)?;
        }
        match done? {
            Done::Failed(ended) => {
                let unresolved = self.session.explain(&ended);
                self.report_before(End::Unresolved(&unresolved), &Told { joined, ..Told::default() })?;
                Ok(if unresolved.obstacles.is_empty() { Outcome::Undecided } else { Outcome::Held })
            }
            Done::Judged(judged, outcome) => self.report_after(&judged, outcome, joined),
        }
    }

    /// Runs cargo and judges. The outcome says whether the result may be published.
    fn resolve_and_judge(&self, joined: &[PackageId], kept: &[KeptFile]) -> Result<Done, CommandError> {
        let asked = resolve::Asked { commands: self.cargo_arguments(joined), aloud: self.cli.verbose };
        let judged = match self.session.resolve(&asked)? {
            Resolved::Failed(ended) => return Ok(Done::Failed(ended)),
            Resolved::Unlocked => {
                let path = self.session.subject().lock_path.clone();
                return Err(ResolveError::from(LockFileError::Absent { path }).into());
            }
            Resolved::Judged(judged) => judged,
        };
        if !judged.evaluation().blockers.is_empty() {
            return Ok(Done::Judged(judged, Outcome::Undecided));
        }
        let before = &self.session.subject().lock.packages;
        let changes = moves::changes(before, &judged.facts().packages, judged.evaluation(), &Asked::Everything);
        let approved = |change: &Change| {
            change.after().is_none_or(|id| {
                let judgement = judged.evaluation().judgements.iter().find(|judgement| judgement.id == id);
                judgement.is_some_and(crate::model::evaluation::Judgement::passes)
            })
        };
        let unchanged = kept.iter().all(KeptFile::is_unchanged);
        let whole = changes.iter().all(approved) || unchanged;
        if whole && !unchanged && !self.arguments.dry_run {
            updated::record(self.session.project(), &judged, &changes)?;
        }
        Ok(Done::Judged(judged, if whole { Outcome::Approved } else { Outcome::Held }))
    }

    /// The lock file, and with `--breaking` the manifests that cargo may edit.
    fn keep(&self) -> Result<Vec<KeptFile>, CommandError> {
        let subject = self.session.subject();
        let mut kept = vec![KeptFile::keep(&subject.lock_path)?];
        if self.arguments.breaking {
            for manifest in subject.manifests() {
                kept.push(KeptFile::keep(&manifest)?);
            }
        }
        Ok(kept)
    }

    /// With packages named, cargo leaves all others where they are, and fails on those that are hidden: they move along.
    fn joined(&self) -> Vec<PackageId> {
        if self.arguments.specs.is_empty() && !self.arguments.workspace {
            return Vec::new();
        }
        let named = self.named();
        let hidden = self.session.hidden_locked().into_iter();
        hidden.filter(|id| self.arguments.recursive || !named.contains(&*id.name)).collect()
    }

    /// The names in the specs: what stands behind `#`, before `@` or `:`.
    fn named(&self) -> BTreeSet<String> {
        self.arguments.specs.iter().map(|spec| name_of(spec)).collect()
    }

    fn cargo_arguments(&self, joined: &[PackageId]) -> Vec<Vec<String>> {
        let arguments = self.arguments;
        let mut common = vec![String::from("update")];
        if let Some(path) = &arguments.manifest_path {
            common.extend([String::from("--manifest-path"), path.to_string()]);
        }
        let specs = |ids: &[PackageId]| -> Vec<String> { ids.iter().map(|id| self.spec(id)).collect() };
        if let Some(version) = &arguments.precise {
            // Cargo would take the version for all of them.
            let mut runs = Vec::new();
            if !joined.is_empty() {
                runs.push([common.clone(), specs(joined)].concat());
            }
            let precise = vec![String::from("--precise"), version.to_string()];
            runs.push([common, arguments.specs.clone(), precise].concat());
            return runs;
        }
        if arguments.breaking {
            common.extend([String::from("-Zunstable-options"), String::from("--breaking")]);
        }
        if arguments.recursive {
            common.push(String::from("--recursive"));
        }
        if arguments.workspace && joined.is_empty() {
            common.push(String::from("--workspace"));
        }
        common.extend(arguments.specs.iter().cloned());
        common.extend(specs(joined));
        vec![common]
    }

    /// The shortest spec that names one locked package.
    fn spec(&self, id: &PackageId) -> String {
        let packages = &self.session.subject().lock.packages;
        let same = packages.iter().filter(|other| other.id.name == id.name && other.id.version == id.version).count();
        if same == 1 { format!("{}@{}", id.name, id.version) } else { id.to_string() }
    }

    /// The release that `--precise` asks for, where it is hidden: cargo would only say that it does not exist.
    fn precise_to_hidden(&self) -> Option<(PackageId, Hidden)> {
        let version = self.arguments.precise.as_ref()?;
        let named = self.named();
        let locked = self.session.subject().lock.packages.iter();
        locked.filter(|package| named.contains(&*package.id.name)).find_map(|package| {
            let id = PackageId { version: version.clone(), ..package.id.clone() };
            Some((id.clone(), self.session.hides(&id)?))
        })
    }

    fn report_before(&self, end: End<'_>, told: &Told) -> Result<(), CommandError> {
        self.report(end, told, self.session.before())
    }

    fn report_after(
        &self,
        judged: &Decision,
        outcome: Outcome,
        joined: Vec<PackageId>,
    ) -> Result<Outcome, CommandError> {
        let before = &self.session.subject().lock.packages;
        let asked = if self.arguments.specs.is_empty() && !self.arguments.workspace {
            Asked::Everything
        } else {
            Asked::Names(self.named().into_iter().chain(joined.iter().map(|id| id.name.to_string())).collect())
        };
        let mut told = Told {
            changes: moves::changes(before, &judged.facts().packages, judged.evaluation(), &asked),
            joined,
            held: moves::held(&self.session.judge(judged)),
            held_fixes: moves::held_fixes(judged.evaluation()),
            pruned: 0,
        };
        // Who names packages has not asked about the others.
        if let Asked::Names(names) = &asked {
            let concerns =
                |id: &PackageId| names.contains(&*id.name) || told.changes.iter().any(|change| change.name == id.name);
            told.held.retain(|held| concerns(&held.package));
            told.held_fixes.retain(|fix| concerns(&fix.package));
        } else if outcome == Outcome::Approved && !self.arguments.dry_run {
            told.pruned = prune::lapsed_baseline(self.session.project(), judged)?;
        }
        let end = match outcome {
            Outcome::Approved if told.changes.is_empty() => End::Unchanged,
            Outcome::Approved => End::Published,
            Outcome::Held => End::NotApproved,
            Outcome::Undecided | Outcome::Cargo(_) => End::Undecided,
        };
        self.report(end, &told, judged)?;
        let remains = outcome == Outcome::Approved && !judged.evaluation().is_approved();
        Ok(if remains { Outcome::Held } else { outcome })
    }

    fn report(&self, end: End<'_>, told: &Told, decision: &Decision) -> Result<(), CommandError> {
        let report = UpdateReport {
            end,
            changes: &told.changes,
            joined: &told.joined,
            held: &told.held,
            held_fixes: &told.held_fixes,
            pruned: told.pruned,
            evaluation: decision.evaluation(),
            packages: &decision.facts().packages,
            advisories: &decision.facts().advisories,
            judged_by: self.session.project().rules().judged_by(),
            situation: &self.cli.situation,
            dry_run: self.arguments.dry_run,
            vendored: self.session.subject().root.join("vendor").is_dir(),
        };
        let mut text = Vec::new();
        match self.arguments.format {
            UpdateFormat::Human => update::human::update(&report, output::verbosity(self.cli), &mut text),
            UpdateFormat::Json => update::json::update(&report, &mut text),
        }
        .map_err(CommandError::Output)?;
        output::report(self.cli, &text)
    }
}

enum Done {
    Failed(Ended),
    Judged(Box<Decision>, Outcome),
}

/// The crate in a package-id spec: `name`, `name@1`, `name:1`, `https://…/name`, `https://…#name@1`, `https://…#1`.
fn name_of(spec: &str) -> String {
    let (address, last) = spec.rsplit_once('#').unwrap_or(("", spec));
    let path_name = |address: &str| address.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_owned();
    if last.contains("://") {
        return path_name(last);
    }
    let name = last.split(['@', ':']).next().unwrap_or_default();
    if name.starts_with(|first: char| first.is_ascii_digit()) && !address.is_empty() {
        return path_name(address);
    }
    name.to_owned()
}
