//! `incident`: whether releases that turned out to be bad were ever here, where and since when, and what to do. It writes nothing.

mod asked;

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};

use self::asked::{Asked, cited, read_asked};
use super::outcome::{CommandError, Outcome};
use super::output;
use crate::cli::{self, Cli, HumanJsonOrMarkdown};
use crate::files::plain;
use crate::gather::cargo_config::CargoConfig;
use crate::gather::environment::Environment;
use crate::gather::git_history::{GitHistory, Needles, is_cargos};
use crate::gather::traces::Traces;
use crate::gather::working_tree::WorkingTree;
use crate::gather::{allow_list, clock, lock_file, ways_around};
use crate::model::crate_name::canonical;
use crate::model::error_text::parted;
use crate::model::facts::{AdvisoryFact, IndexFact};
use crate::model::history::Standing;
use crate::model::incident::{
    Affected, Gap, Hit, Incident, LockHistory, Locked, LooseLock, Published, Suspect, TipKind, Trace, TraceKind,
};
use crate::model::package::CrateId;
use crate::model::source::Registry;
use crate::model::trail::Trail;
use crate::policy::incident::{checksums, hits, locked, recorded, traces};
use crate::project::{AdvisoriesFrom, JudgeBy, Lookup, PolicyFrom, Project, Purpose, Request, Which, relative, trail};
use crate::report;
use crate::report::incident::{IncidentReport, TOLD};

/// The most names that are asked about only to learn whether there is such a crate.
const MAX_UNKNOWN: usize = 256;

pub(super) fn run(cli: &Cli, arguments: &cli::Incident, environment: &Environment) -> Result<Outcome, CommandError> {
    let asked = read_asked(&arguments.asked, environment)?;
    let project = Project::open(request(cli, arguments), environment);
    let suspects = suspects(&asked, &project)?;
    let found = find(suspects, &project, arguments, environment)?;
    let report = IncidentReport {
        found: &found,
        now: clock::now(),
        folder: environment.current_dir(),
        situation: &cli.invocation,
    };
    output::print(cli, |out| match arguments.format {
        HumanJsonOrMarkdown::Human => report::incident::human::write(&report, output::verbosity(cli), out),
        HumanJsonOrMarkdown::Json => report::incident::json::write(&report, out),
        HumanJsonOrMarkdown::Markdown => report::incident::markdown::write(&report, out),
    })?;
    Ok(match (found.gaps.is_empty(), found.is_found()) {
        (false, _) => Outcome::Undecided,
        (true, true) => Outcome::Held,
        (true, false) => Outcome::Approved,
    })
}

fn request(cli: &Cli, arguments: &cli::Incident) -> Request {
    let advisories = arguments.advisory_db.clone().map_or(AdvisoriesFrom::Policy, AdvisoriesFrom::Database);
    let policy = arguments.policy.clone().map_or(PolicyFrom::Project, PolicyFrom::File);
    Request {
        which: arguments.manifest_path.clone().map_or(Which::Here, Which::Manifest),
        judge: JudgeBy { policy, advisories, ..JudgeBy::default() },
        // The lock file need not be there.
        purpose: Purpose::Decide,
        offline: arguments.offline,
        quiet: cli.quiet,
        ..Request::default()
    }
}

/// What is looked for: specs as they are, and of an advisory what it hits.
fn suspects(
    asked: &[Asked],
    project: &Result<Project, crate::project::ProjectError>,
) -> Result<Vec<Suspect>, CommandError> {
    let mut suspects = Vec::new();
    let mut advisories = None;
    for one in asked {
        match one {
            Asked::Spec(suspect) => suspects.push((**suspect).clone()),
            Asked::Id(id) => {
                if advisories.is_none() {
                    let project = project.as_ref().map_err(|error| CommandError::AdvisoriesNeeded {
                        id: id.clone(),
                        cause: parted(&error.to_string()).0.to_owned(),
                    })?;
                    advisories = Some(Lookup::of(project)?.advisories().fact);
                }
                let db = match &advisories {
                    Some(AdvisoryFact::Read(db)) => db,
                    Some(AdvisoryFact::Unavailable { cause, .. }) => {
                        return Err(CommandError::AdvisoriesNeeded { id: id.clone(), cause: cause.clone() });
                    }
                    Some(AdvisoryFact::Skipped) | None => {
                        let cause = "the policy names no database".to_owned();
                        return Err(CommandError::AdvisoriesNeeded { id: id.clone(), cause });
                    }
                };
                let found = cited(db, id);
                if found.is_empty() {
                    let of = db.committed.map(|at| format!(" of {}", report::words::moment(at))).unwrap_or_default();
                    let db = format!("{}{of}", db.source);
                    return Err(CommandError::NoSuchAdvisory { id: id.clone(), db });
                }
                suspects.extend(found);
            }
        }
    }
    Ok(suspects)
}

/// What lies on this machine of the crates in question.
#[derive(Default)]
struct OnMachine {
    traces: Traces,
    loose: Vec<LooseLock>,
    gaps: Vec<Gap>,
}

fn find(
    suspects: Vec<Suspect>,
    project: &Result<Project, crate::project::ProjectError>,
    arguments: &cli::Incident,
    environment: &Environment,
) -> Result<Incident, CommandError> {
    let mut gaps = Vec::new();
    let start = arguments.manifest_path.as_ref().map(|path| environment.current_dir().join(path));
    let start = start.as_deref().and_then(Utf8Path::parent).unwrap_or(environment.current_dir());
    let root = match project {
        Ok(project) => project.subject().root.clone(),
        Err(error) => {
            gaps.push(Gap::Project { cause: parted(&error.to_string()).0.to_owned() });
            start.to_owned()
        }
    };
    let names: BTreeSet<String> = suspects.iter().map(|one| canonical(&one.crate_name)).collect();
    let needles = Needles::of(suspects.iter().map(|one| {
        let version = match &one.affected {
            Affected::Exactly(version) => Some(format!("{}.{}.{}", version.major, version.minor, version.patch)),
            Affected::All | Affected::Within(_) | Affected::Hit(_) => None,
        };
        (one.crate_name.clone(), version)
    }));
    let judge = |bytes: &[u8], path: &Utf8Path| -> Option<Result<Vec<Hit>, String>> {
        if !is_cargos(path, bytes) || !needles.may_be_in(bytes) {
            return None;
        }
        match lock_file::parse(bytes, path) {
            Ok(lock) => Some(Ok(hits(&lock.packages, &suspects))).filter(|hits| hits != &Ok(Vec::new())),
            Err(error) => Some(Err(parted(&error.to_string()).0.to_owned())),
        }
    };
    let mut history = match GitHistory::read(start, environment) {
        Ok(history) => Some(history),
        Err(error) => {
            gaps.push(Gap::NoHistory { cause: parted(&error.to_string()).0.to_owned() });
            None
        }
    };
    let trees = history.as_ref().map_or_else(|| vec![root.clone()], |history| history.working_trees.clone());
    let (read, machine) = std::thread::scope(|scope| {
        let machine = scope.spawn(|| on_machine(&trees, &root, &names, &judge, environment));
        let read = history.as_mut().map(|history| history.read_files(judge)).transpose();
        (read, machine.join())
    });
    let machine = machine.unwrap_or_else(|_| {
        let cause = "looking through it failed in a way that was not foreseen".to_owned();
        gaps.push(Gap::Place { path: root.to_string(), cause: cause.clone() });
        OnMachine::default()
    });
    let read = read.unwrap_or_else(|error| {
        gaps.push(Gap::NoHistory { cause: parted(&error.to_string()).0.to_owned() });
        None
    });
    let (mut by_file, nothing) = (BTreeMap::<u32, Vec<Hit>>::new(), LockHistory::default());
    let known = history.as_ref().map_or(&nothing, |history| &history.history);
    for (at, of) in read.into_iter().flatten() {
        match of {
            Ok(hits) => {
                by_file.insert(at, hits);
            }
            Err(cause) => {
                let id = known.blobs.get(at as usize).map_or("", |id| id.as_str());
                gaps.push(Gap::LockFile { path: format!("git object {id}"), cause });
            }
        }
    }
    let mut found = Incident { locked: locked(known, &by_file, &machine.loose), suspects, ..Incident::default() };
    settle_places(&mut found.locked, history.as_ref(), project.as_ref().ok(), environment)?;
    if let Some(history) = &history {
        let told = found.locked.iter().flat_map(|one| {
            let added = one.added.iter().take(TOLD);
            added.chain(one.removed.iter().take(TOLD)).chain(&one.last).copied().collect::<Vec<u32>>()
        });
        found.commits = history.tell(&told.collect())?;
        gaps.extend(history.gaps.iter().cloned());
        found.looked_at.references = history.references;
        found.looked_at.submodules.clone_from(&history.submodules);
    }
    found.looked_at.commits = known.commits.len();
    found.looked_at.lock_files = known.blobs.len();
    found.looked_at.working_trees = trees;
    let trail = match project {
        Ok(project) => match crate::gather::trail::read(&trail::folder(&project.policy_path())) {
            Ok(trail) => trail,
            Err(error) => {
                gaps.push(Gap::Trail { cause: parted(&error.to_string()).0.to_owned() });
                Trail::default()
            }
        },
        Err(_) => Trail::default(),
    };
    found.recorded = recorded(&trail, &found.suspects);
    let checksums = checksums(&found.locked, &trail, &found.suspects);
    let (of_suspects, untold) = traces(machine.traces.traces, &found.suspects, &checksums);
    found.traces = of_suspects;
    found.looked_at.caches = machine.traces.caches;
    found.looked_at.build_folders = machine.traces.build_folders;
    let unknown = unknown(&found, project.as_ref().ok());
    gaps.extend(machine.gaps.into_iter().chain(machine.traces.gaps).chain(untold).chain(unknown));
    gaps.sort();
    gaps.dedup();
    found.gaps = gaps;
    found.published = published(&found, project.as_ref().ok());
    Ok(found)
}

/// What a lock file's bytes at a path hold of what is looked for; `None` where they cannot, and a cause where they cannot be read.
type JudgeLock<'a> = &'a (dyn Fn(&[u8], &Utf8Path) -> Option<Result<Vec<Hit>, String>> + Sync);

/// Looks through working trees, cargo's home and build output.
fn on_machine(
    trees: &[Utf8PathBuf],
    root: &Utf8Path,
    names: &BTreeSet<String>,
    judge: JudgeLock<'_>,
    environment: &Environment,
) -> OnMachine {
    let mut all = OnMachine::default();
    let mut build_folders: Vec<(Utf8PathBuf, Utf8PathBuf)> = Vec::new();
    for tree in trees {
        let read = WorkingTree::read(tree, names);
        for lock in read.locks {
            let path = tree.join(&lock.path);
            match judge(&lock.bytes, &path) {
                None => {}
                Some(Ok(hits)) => {
                    all.loose.push(LooseLock { tree: tree.clone(), path: lock.path, hits, packaged: lock.packaged });
                }
                Some(Err(cause)) => all.gaps.push(Gap::LockFile { path: path.into_string(), cause }),
            }
        }
        all.traces.traces.extend(read.traces);
        all.gaps.extend(read.gaps);
        let of = |folder: Utf8PathBuf| (folder.parent().map(Utf8Path::to_owned).unwrap_or_default(), folder);
        build_folders.extend(read.build_folders.into_iter().map(of));
    }
    all.traces.of_cargo_home(&environment.cargo_home(), names);
    build_folders.push((root.to_owned(), root.join("target")));
    match CargoConfig::load(root, environment).and_then(|config| config.build_folders(root)) {
        Ok(folders) => {
            for folder in folders {
                let folder = plain(&folder.value);
                let hashed = ways_around::hashed(&folder).into_iter();
                build_folders.extend(hashed.chain([folder]).map(|folder| (root.to_owned(), folder)));
            }
        }
        Err(error) => all.gaps.push(Gap::Project { cause: parted(&error.to_string()).0.to_owned() }),
    }
    for (root, folder) in build_folders {
        all.traces.of_build_folder(&folder, &root, names);
    }
    let config = ways_around::own_config(root);
    match allow_list::read(&config) {
        Ok(list) => all.traces.traces.extend(list.into_iter().flat_map(|list| list.releases).filter_map(|(id, of)| {
            let (name, version) = id.release().split_once('@')?;
            names.contains(&canonical(name)).then(|| Trace {
                kind: TraceKind::Allowed,
                name: name.to_owned(),
                version: version.parse().ok(),
                path: config.clone(),
                at: None,
                checksum: of.checksum,
            })
        })),
        Err(error) => {
            let cause = parted(&error.to_string()).0.to_owned();
            all.gaps.push(Gap::Place { path: config.into_string(), cause });
        }
    }
    all
}

/// Tells lock files that vendored packages brought along from the repository's own, and where the manifests of the present ones are. The
/// lock file of the project that is looked at is its own, whatever lies beside it.
fn settle_places(
    locked: &mut [Locked],
    history: Option<&GitHistory>,
    project: Option<&Project>,
    environment: &Environment,
) -> Result<(), CommandError> {
    let own = project.and_then(|project| project.subject().lock_path.canonicalize_utf8().ok());
    let mut asked = Vec::new();
    for (at, one) in locked.iter().enumerate() {
        let commit = one.last.filter(|_| !one.packaged);
        let above = one.path.ancestors().skip(1).filter(|folder| !folder.as_str().is_empty());
        asked.extend(above.filter_map(|folder| Some((at, (commit?, folder.to_owned())))));
    }
    if let Some(history) = history {
        let folders: Vec<_> = asked.iter().map(|(_, folder)| folder.clone()).collect();
        for ((at, _), is) in asked.iter().zip(history.are_packaged(&folders)?) {
            if let Some(one) = locked.get_mut(*at) {
                one.packaged |= is;
            }
        }
    }
    let top = history.map_or_else(|| project.map(|project| project.subject().root.as_path()), |one| Some(one.top()));
    for one in locked {
        let Some(top) = top else { continue };
        let path = top.join(&one.path);
        one.packaged &= own.is_none() || path.canonicalize_utf8().ok() != own;
        let is_here = |tip: &crate::model::incident::Tip| tip.kind == TipKind::WorkingTree && tip.name == top.as_str();
        if one.tips.iter().any(is_here) {
            let manifest = path.with_file_name("Cargo.toml");
            one.manifest = manifest.is_file().then(|| relative(&manifest, environment));
        }
    }
    Ok(())
}

/// What nobody ever published, as far as the registries that the project uses tell: it was mistyped, or is deleted. That nothing of it was
/// found says little then. An advisory's word stands for itself.
fn unknown(found: &Incident, project: Option<&Project>) -> Vec<Gap> {
    let releases = found.releases();
    let is_found = |suspect: &Suspect| releases.iter().any(|(name, version)| suspect.is(name, version));
    let asked: Vec<&Suspect> =
        found.suspects.iter().filter(|one| one.advisory.is_none() && !is_found(one)).take(MAX_UNKNOWN).collect();
    let Some(project) = project.filter(|_| !asked.is_empty()) else { return Vec::new() };
    let Ok(lookup) = Lookup::of(project) else { return Vec::new() };
    let policy = &project.rules().policy;
    let registries: BTreeSet<&Registry> = [&Registry::CratesIo]
        .into_iter()
        .chain(policy.registries.keys())
        .chain(&policy.sources.allow_registries)
        .collect();
    let of = |suspect: &Suspect| {
        let id = |registry: &&Registry| CrateId { registry: (*registry).clone(), name: suspect.crate_name.clone() };
        registries.iter().map(id).collect::<Vec<_>>()
    };
    let index = lookup.index(&asked.iter().flat_map(|one| of(one)).collect());
    let unknown = asked.into_iter().filter_map(|suspect| {
        let facts: Vec<&IndexFact> = of(suspect).iter().filter_map(|id| index.get(id)).collect();
        let mut crates = facts.iter().filter_map(|fact| match fact {
            IndexFact::Read(history) => Some(history),
            IndexFact::Gone | IndexFact::Unavailable(_) => None,
        });
        // What a cached entry lacks may be newer than the entry.
        let is_told = |fact: &&IndexFact| match fact {
            IndexFact::Read(history) => history.standing() == Standing::Confirmed,
            IndexFact::Gone => true,
            IndexFact::Unavailable(_) => false,
        };
        if !facts.iter().all(is_told) {
            return None;
        }
        let has_crate = crates.clone().next().is_some();
        let has_release = match &suspect.affected {
            Affected::Exactly(_) => {
                crates.any(|history| history.outlines().any(|one| suspect.affected.has(&one.version)))
            }
            Affected::All | Affected::Within(_) | Affected::Hit(_) => has_crate,
        };
        (!has_release).then(|| Gap::Unknown { asked: suspect.asked.clone(), has_crate })
    });
    unknown.collect()
}

/// When what was found was published, where the index tells.
fn published(found: &Incident, project: Option<&Project>) -> Vec<Published> {
    let releases = found.releases();
    let registry_of = |name: &str| {
        let locked = found.locked.iter().find(|one| *one.id.name == *name).and_then(|one| one.id.crate_id());
        locked.unwrap_or_else(|| CrateId { registry: Registry::CratesIo, name: name.into() })
    };
    let crates: BTreeSet<CrateId> = releases.iter().map(|(name, _)| registry_of(name)).collect();
    if crates.is_empty() {
        return Vec::new();
    }
    let Some(lookup) = project.and_then(|project| Lookup::of(project).ok()) else { return Vec::new() };
    let index = lookup.index(&crates);
    let of = |(name, version): (String, semver::Version)| {
        let (outline, is_asked) = match index.get(&registry_of(&name)) {
            Some(IndexFact::Read(history)) => (history.outline(&version).ok().flatten(), true),
            Some(IndexFact::Gone) => (None, true),
            Some(IndexFact::Unavailable(_)) | None => (None, false),
        };
        let pubtime = outline.and_then(|outline| outline.pubtime.known());
        Published { name: name.into(), version, pubtime, is_asked }
    };
    releases.into_iter().map(of).collect()
}
