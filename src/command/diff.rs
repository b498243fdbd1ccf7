//! `diff`: what one release has that another has not, for whoever reviews it. Both archives are hashed, opened and read; nothing of them is
//! built or run, and nothing is written into the project.

use std::collections::{BTreeMap, BTreeSet};

use semver::Version;

use super::archives::{ArchiveLack, From, archives};
use super::audit::context_of;
use super::outcome::{CommandError, Outcome};
use super::spec::Spec;
use super::{output, pager, request};
use crate::archive::{Limits, OpenedCrate, VerifiedCrate};
use crate::cli::{self, Cli, DiffFormat};
use crate::gather::environment::Environment;
use crate::model::checksum::Checksum;
use crate::model::facts::{Facts, IndexFact};
use crate::model::history::History;
use crate::model::package::{CrateId, LockedChecksum, PackageId};
use crate::model::publication::PublicationFact;
use crate::model::release_diff::{CrateAge, ReleaseDiff};
use crate::model::source::{Registry, Source};
use crate::model::verdict::Verdict;
use crate::policy::publication::published;
use crate::project::{Assessment, Project, Purpose, Subject, parser};
use crate::report::diff::{DiffHint, DiffReport, Side};
use crate::report::{blocker, diff as report};
use crate::scrutiny::{Parser, difference, inspect};

pub(super) fn run(cli: &Cli, arguments: &cli::Diff, environment: &Environment) -> Result<Outcome, CommandError> {
    let spec = Spec::parse(&arguments.spec)?;
    let project = Project::open(request::of(cli, &arguments.subject, &arguments.judge, Purpose::Decide), environment)?;
    let crate_id = crate_named(&spec, project.subject())?;
    let asked = BTreeSet::from([crate_id.clone()]);
    let made = Assessment::of(project, asked.clone())?.with_publications(asked);
    let pair = Pair::named(&made, &crate_id, &spec, &arguments.versions)?;
    let mut difference = pair.compare(&made, From::Anywhere, cli.quiet)?;
    ask_about_new_dependencies(&made, &mut difference);
    let context = context_of(cli, &made);
    let report = DiffReport {
        difference: &difference,
        old: side(&made, &crate_id, &pair.old),
        new: side(&made, &crate_id, &pair.new),
        context: &context,
    };
    match arguments.format {
        DiffFormat::Json => output::print(cli, |out| report::json::write(&report, arguments.stat, out))?,
        DiffFormat::Markdown => output::print(cli, |out| report::markdown::write(&report, arguments.stat, out))?,
        DiffFormat::Human => {
            let text = output::text(|out| report::human::write(&report, arguments.stat, out))?;
            pager::show(cli, environment, &text)?;
        }
    }
    Ok(Outcome::Approved)
}

/// The crate that is meant; it comes from a registry.
fn crate_named(spec: &Spec, subject: &Subject) -> Result<CrateId, CommandError> {
    let packages = &subject.lock.packages;
    let mut named: Vec<(CrateId, &PackageId, String)> = packages
        .iter()
        .filter(|package| spec.names_locked(package))
        .filter_map(|package| Some((package.id.crate_id()?, &package.id, package.spec())))
        .collect();
    named.dedup_by(|one, other| one.0 == other.0);
    match named.as_slice() {
        [(crate_id, ..)] => Ok(crate_id.clone()),
        [] => match (spec.release(), spec.crate_name(), spec.whole_version()?) {
            (Some((crate_id, _)), ..) => Ok(crate_id),
            (None, Some(name), None) => Ok(CrateId { registry: Registry::CratesIo, name: name.into() }),
            (None, ..) => Err(spec.unknown(packages)),
        },
        several => Err(spec.ambiguous(several.iter().map(|(_, id, spec)| (*id, spec.clone())))),
    }
}

/// The two releases that are compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pair {
    crate_id: CrateId,
    pub(super) old: Version,
    pub(super) new: Version,
}

impl Pair {
    /// Those that a command line names, or else those that a reviewer would want to see.
    fn named(made: &Assessment, crate_id: &CrateId, spec: &Spec, given: &[Version]) -> Result<Self, CommandError> {
        let known = history(made, crate_id);
        let locked = locked(made, crate_id);
        let pair =
            |old: &Version, new: &Version| Self { crate_id: crate_id.clone(), old: old.clone(), new: new.clone() };
        let alone = |version: &Version| CommandError::NothingBefore { release: format!("{}@{version}", crate_id.name) };
        if let [old, new] = given {
            return Ok(pair(old, new));
        }
        let predecessor = |new: &Version| {
            let below = locked.keys().rev().find(|version| *version < new);
            match (below, known) {
                (Some(below), _) => Ok(below.clone()),
                (None, Some(known)) => before(known, new).ok_or_else(|| alone(new)),
                (None, None) => Err(unread(made, crate_id, spec)),
            }
        };
        let whole = spec.whole_version().ok().flatten();
        let new = given.first().cloned().or_else(|| whole.clone().filter(|version| !locked.contains_key(version)));
        if let Some(new) = new {
            // Against what is in use, also where that is newer: a way back is reviewed as well.
            let other = locked.keys().next_back().filter(|version| **version != new).filter(|_| locked.len() == 1);
            return other.map_or_else(|| Ok(pair(&predecessor(&new)?, &new)), |old| Ok(pair(old, &new)));
        }
        let named: Vec<&Version> =
            locked.keys().filter(|version| whole.as_ref().is_none_or(|whole| whole == *version)).collect();
        match named.as_slice() {
            [] => {
                let known = known.ok_or_else(|| unread(made, crate_id, spec))?;
                let new = newest(known, None).ok_or_else(|| spec.unknown(&made.facts().packages))?;
                Ok(pair(&predecessor(&new)?, &new))
            }
            [locked] => match known.and_then(|known| newest_held(made, crate_id, known, locked)) {
                Some(newer) => Ok(pair(locked, &newer)),
                None => Ok(pair(&predecessor(locked)?, locked)),
            },
            several => {
                let ids: Vec<PackageId> = several.iter().map(|version| id(crate_id, version)).collect();
                Err(spec.ambiguous(ids.iter().map(|id| (id, id.to_string()))))
            }
        }
    }

    /// A release and what it would take the place of: the locked release below it, or else the one before.
    pub(super) fn about(made: &Assessment, release: &PackageId) -> Option<Self> {
        let crate_id = release.crate_id()?;
        let new = release.version.clone();
        let locked = locked(made, &crate_id);
        let below = locked.keys().rev().find(|version| **version < new).cloned();
        let old = below.or_else(|| before(history(made, &crate_id)?, &new))?;
        Some(Self { crate_id, old, new })
    }

    /// What is shown of it to whoever is about to decide: both archives are looked into where they are at hand, and nothing is fetched for
    /// that. `None` where the comparison could not be had by a command either.
    pub(super) fn hint(&self, made: &Assessment) -> Option<DiffHint> {
        let history = history(made, &self.crate_id)?;
        let is_known = |version: &Version| matches!(history.outline(version), Ok(Some(_)));
        if !is_known(&self.old) || !is_known(&self.new) {
            return None;
        }
        let told = self.compare(made, From::Cache, true).ok().map(|difference| report::summary(&difference));
        // Offline the command has no more than this run had.
        if told.is_none() && made.http().is_none() {
            return None;
        }
        let name = match &self.crate_id.registry {
            Registry::CratesIo => self.crate_id.name.to_string(),
            registry @ (Registry::Sparse(_) | Registry::Git(_)) => format!("{registry}#{}", self.crate_id.name),
        };
        Some(DiffHint { name, old: self.old.clone(), new: self.new.clone(), told })
    }

    /// Gets both archives and compares what is in them.
    pub(super) fn compare(&self, made: &Assessment, from: From, quiet: bool) -> Result<ReleaseDiff, CommandError> {
        let wanted = [self.wanted(made, &self.old)?, self.wanted(made, &self.new)?];
        let verified = archives(made, &wanted, from, quiet)?;
        let [old, new] = verified.as_slice() else { return Err(self.no_such(&self.new)) };
        let (old_opened, new_opened) = (opened(old)?, opened(new)?);
        let parser = parser(made.project().environment());
        let sides = (self.side(made, &old_opened, &parser)?, self.side(made, &new_opened, &parser)?);
        Ok(difference::difference(sides.0, sides.1).map_err(|cause| unreadable(&new_opened, cause))?)
    }

    fn side<'a>(
        &self,
        made: &Assessment,
        opened: &'a OpenedCrate<'a>,
        parser: &Parser,
    ) -> Result<difference::Side<'a>, CommandError> {
        let line = history(made, &self.crate_id).and_then(|one| one.release(&opened.id().version).ok()?);
        let inspection = inspect(opened, line.as_deref(), parser).map_err(|cause| unreadable(opened, cause))?;
        Ok(difference::Side { opened, inspection })
    }

    /// The release with the bytes that the lock file has, or else the index.
    fn wanted(&self, made: &Assessment, version: &Version) -> Result<(PackageId, Checksum), CommandError> {
        let known = locked(made, &self.crate_id).get(version).copied().flatten();
        let outline = || history(made, &self.crate_id)?.outline(version).ok()?;
        let checksum = known.or_else(|| outline().map(|outline| outline.checksum));
        Ok((id(&self.crate_id, version), checksum.ok_or_else(|| self.unfound(made, version))?))
    }

    /// Why nothing is known of a release: its registry does not have it, or its entry could not be had.
    fn unfound(&self, made: &Assessment, version: &Version) -> CommandError {
        match made.facts().index.get(&self.crate_id) {
            Some(IndexFact::Unavailable(gap)) => CommandError::IndexUnread {
                spec: format!("{}@{version}", self.crate_id.name),
                cause: format!("its index entry {}", blocker::gap(gap, 1)),
            },
            Some(IndexFact::Read(_) | IndexFact::Gone) | None => self.no_such(version),
        }
    }

    fn no_such(&self, version: &Version) -> CommandError {
        CommandError::NoSuchRelease { spec: format!("{}@{version}", self.crate_id.name) }
    }
}

fn opened(verified: &VerifiedCrate) -> Result<OpenedCrate<'_>, CommandError> {
    Ok(verified.open(&Limits::default()).map_err(ArchiveLack::from)?)
}

fn unreadable(opened: &OpenedCrate<'_>, cause: std::io::Error) -> ArchiveLack {
    ArchiveLack::Unread { id: Box::new(opened.id().clone()), cause }
}

fn id(crate_id: &CrateId, version: &Version) -> PackageId {
    PackageId {
        name: crate_id.name.clone(),
        version: version.clone(),
        source: Source::Registry(crate_id.registry.clone()),
    }
}

fn history<'a>(made: &'a Assessment, crate_id: &CrateId) -> Option<&'a History> {
    match made.facts().index.get(crate_id)? {
        IndexFact::Read(history) => Some(history),
        IndexFact::Gone | IndexFact::Unavailable(_) => None,
    }
}

/// The locked releases of the crate, with their checksums.
fn locked(made: &Assessment, crate_id: &CrateId) -> BTreeMap<Version, Option<Checksum>> {
    let packages = made.facts().packages.iter().filter(|package| package.id.crate_id().as_ref() == Some(crate_id));
    packages
        .map(|package| {
            let checksum = match package.checksum {
                LockedChecksum::Known(checksum) => Some(checksum),
                LockedChecksum::Missing | LockedChecksum::Malformed(_) => None,
            };
            (package.id.version.clone(), checksum)
        })
        .collect()
}

/// The highest release, pre-releases aside unless one is asked for, and what is yanked as well.
fn newest(history: &History, below: Option<&Version>) -> Option<Version> {
    let takes_pre = below.is_some_and(|below| !below.pre.is_empty());
    let fits = |version: &Version| below.is_none_or(|below| version < below) && (takes_pre || version.pre.is_empty());
    let fitting = || history.outlines().filter(|one| fits(&one.version));
    let unyanked = fitting().filter(|one| !one.yanked).map(|one| &one.version).max();
    unyanked.or_else(|| fitting().map(|one| &one.version).max()).cloned()
}

/// The release before.
fn before(history: &History, version: &Version) -> Option<Version> {
    newest(history, Some(version))
}

/// The highest release above a locked one that is held, or else the highest.
fn newest_held(made: &Assessment, crate_id: &CrateId, history: &History, locked: &Version) -> Option<Version> {
    let judge = made.gathered().judge(made.facts());
    let newer = history
        .outlines()
        .filter(|one| one.version > *locked && !one.yanked)
        .filter(|one| one.version.pre.is_empty() || !locked.pre.is_empty());
    let mut newer: Vec<_> = newer.collect();
    newer.sort_by(|one, other| other.version.cmp(&one.version));
    let held = newer.iter().find(|one| !matches!(judge.verdict(crate_id, history, one), Verdict::Approved(_)));
    held.or(newer.first()).map(|one| one.version.clone())
}

fn unread(made: &Assessment, crate_id: &CrateId, spec: &Spec) -> CommandError {
    match made.facts().index.get(crate_id) {
        Some(IndexFact::Unavailable(gap)) => CommandError::IndexUnread {
            spec: spec.to_string(),
            cause: format!("its index entry {}", blocker::gap(gap, 1)),
        },
        Some(IndexFact::Read(_) | IndexFact::Gone) | None => spec.unknown(&made.facts().packages),
    }
}

/// What is known of one of the two beside its content.
fn side(made: &Assessment, crate_id: &CrateId, version: &Version) -> Side {
    let facts: &Facts = made.facts();
    let locked = locked(made, crate_id).contains_key(version);
    let outline = history(made, crate_id).and_then(|history| Some((history, history.outline(version).ok()??)));
    let judge = made.gathered().judge(facts);
    let judged = facts.packages.iter().zip(&made.evaluation().judgements);
    let of_lock =
        judged.filter(|(package, _)| package.id == id(crate_id, version)).find_map(|(_, one)| one.verdict.clone());
    Side {
        version: version.clone(),
        locked,
        pubtime: outline.as_ref().and_then(|(_, outline)| outline.pubtime.known()),
        yanked: outline.as_ref().is_some_and(|(_, outline)| outline.yanked),
        verdict: of_lock.or_else(|| outline.map(|(history, outline)| judge.verdict(crate_id, history, &outline))),
        decided: made.evaluation().blockers.is_empty(),
        published: published(facts, crate_id, version),
    }
}

/// How old the crates are that the newer release began to use, and who publishes them.
fn ask_about_new_dependencies(made: &Assessment, difference: &mut ReleaseDiff) {
    let crate_id = |registry: Option<&String>, name: &std::sync::Arc<str>| {
        let registry = registry.map_or(Some(Registry::CratesIo), |url| Registry::parse(url).ok())?;
        Some(CrateId { registry, name: name.clone() })
    };
    let wanted: BTreeSet<CrateId> =
        difference.added().filter_map(|one| crate_id(one.registry.as_ref(), &one.name)).collect();
    if wanted.is_empty() {
        return;
    }
    let read = made.gathered().registries().read(&wanted, &mut |_, _| ());
    let publications = made.gathered().publications(wanted);
    for one in difference.dependencies.iter_mut().filter(|one| one.old.is_empty()) {
        let Some(id) = crate_id(one.registry.as_ref(), &one.name) else { continue };
        one.age = match read.get(&id) {
            Some(IndexFact::Read(history)) => history.first_published().map_or(CrateAge::Unknown, CrateAge::Since),
            Some(IndexFact::Gone) => CrateAge::NoSuchCrate,
            Some(IndexFact::Unavailable(_)) | None => CrateAge::Unknown,
        };
        if let Some(PublicationFact::Read(all)) = publications.get(&id) {
            let latest = all.releases.values().max_by_key(|one| one.created_at);
            one.publisher = latest.and_then(crate::model::publication::Publication::publisher);
        }
    }
}
