//! What a person is shown of one release before deciding about it: everything that is known, its own approvals aside.

use std::collections::BTreeSet;

use super::outcome::CommandError;
use super::spec::Spec;
use crate::model::approval::Approvals;
use crate::model::checksum::Checksum;
use crate::model::evaluation::{Blocker, Judgement};
use crate::model::history::History;
use crate::model::index_line::{DependencyKind, Outline, Pubtime, Requirement};
use crate::model::package::{CrateId, LockedChecksum, PackageId};
use crate::model::source::Source;
use crate::model::verdict::{Basis, Verdict};
use crate::policy::evaluate;
use crate::policy::judge::Judge;
use crate::project::{Assessment, Subject};
use crate::report::context::package_name;
use crate::report::curation::{DependencyChange, ReleaseFacts};

/// How many older releases are asked whether they may be built.
const OLDER: usize = 50;

/// One release as it is judged without its own approvals.
#[derive(Debug)]
pub(super) struct ReleasePreview {
    /// Its position in the lock file; `None` for one that the lock file does not have.
    pub(super) position: Option<usize>,
    pub(super) judgement: Judgement,
    /// Its bytes, as the lock file or else the index has them.
    pub(super) checksum: Option<Checksum>,
    /// Why the run could not decide.
    pub(super) blockers: Vec<Blocker>,
    dependencies: Option<DependencyChange>,
}

/// The crate that must be asked about beside those of the lock file; an error where the spec names nothing.
pub(super) fn crates_beside(spec: &Spec, subject: &Subject) -> Result<BTreeSet<CrateId>, CommandError> {
    let packages = &subject.lock.packages;
    match (spec.locked(packages)?, spec.release()) {
        (Some(_), _) => Ok(BTreeSet::new()),
        (None, Some((crate_id, _))) => Ok(BTreeSet::from([crate_id])),
        (None, None) => Err(spec.unknown(packages)),
    }
}

impl ReleasePreview {
    /// Judges the release that the spec names.
    pub(super) fn of(spec: &Spec, made: &Assessment) -> Result<Self, CommandError> {
        let packages = &made.facts().packages;
        let position = spec.locked(packages)?;
        let id = match position {
            Some(position) => packages[position].id.clone(),
            None => spec.release().map(named).ok_or_else(|| spec.unknown(packages))?,
        };
        let others: Approvals = made
            .rules()
            .approvals
            .iter()
            .filter(|one| !one.crate_name.names(&id.name) || one.version != id.version)
            .cloned()
            .collect();
        let now = made.moment();
        let mut evaluation = evaluate(made.facts(), &made.rules().policy, &others, now);
        let judge = Judge::new(made.facts(), &made.rules().policy, &others, now);
        let (judgement, checksum) = if let Some(position) = position {
            let checksum = match packages[position].checksum {
                LockedChecksum::Known(checksum) => Some(checksum),
                LockedChecksum::Missing | LockedChecksum::Malformed(_) => None,
            };
            (evaluation.judgements.swap_remove(position), checksum)
        } else {
            let outline = id.crate_id().and_then(|crate_id| outline(&judge, &crate_id, &id));
            let (history, outline) = outline.ok_or_else(|| CommandError::NoSuchRelease { spec: package_name(&id) })?;
            (unlocked(&judge, id.clone(), history, &outline), Some(outline.checksum))
        };
        let dependencies = dependencies(&judge, &id);
        Ok(Self { position, judgement, checksum, blockers: evaluation.blockers, dependencies })
    }

    /// The crate, where it is a registry's.
    pub(super) fn crate_id(&self) -> Option<CrateId> {
        self.judgement.id.crate_id()
    }

    /// As the report wants it.
    pub(super) fn facts<'a>(&'a self, made: &'a Assessment) -> ReleaseFacts<'a> {
        let packages = &made.facts().packages;
        let names = |positions: &[usize]| positions.iter().filter_map(|at| packages.get(*at)).collect::<Vec<_>>();
        let dependents = packages
            .iter()
            .filter(|package| self.position.is_some_and(|position| package.dependencies.contains(&position)))
            .map(|package| package_name(&package.id));
        ReleaseFacts {
            id: &self.judgement.id,
            locked: self.position.is_some(),
            pubtime: self.judgement.pubtime,
            reasons: self.judgement.reasons(),
            basis: self.basis(),
            warnings: &self.judgement.warnings,
            advisories: &self.judgement.advisories,
            path: names(&self.judgement.path).into_iter().map(|package| &*package.id.name).collect(),
            dependents: dependents.collect(),
            dependencies: self.dependencies.clone(),
        }
    }

    const fn basis(&self) -> Option<&Basis> {
        match &self.judgement.verdict {
            Some(Verdict::Approved(basis)) => Some(basis),
            Some(Verdict::Local | Verdict::Quarantined(_) | Verdict::Rejected(_)) | None => None,
        }
    }
}

fn named((crate_id, version): (CrateId, semver::Version)) -> PackageId {
    PackageId { name: crate_id.name, version, source: Source::Registry(crate_id.registry) }
}

fn outline<'a>(judge: &Judge<'a>, crate_id: &CrateId, id: &PackageId) -> Option<(&'a History, Outline)> {
    let history = judge.history(crate_id)?;
    Some((history, history.outline(&id.version).ok()??))
}

fn unlocked(judge: &Judge<'_>, id: PackageId, history: &History, outline: &Outline) -> Judgement {
    let crate_id = id.crate_id();
    let findings =
        crate_id.as_ref().map(|crate_id| judge.evidence().findings(crate_id, history, outline)).unwrap_or_default();
    Judgement {
        verdict: crate_id.map(|crate_id| judge.verdict(&crate_id, history, outline)),
        warnings: findings.warnings,
        advisories: findings.advisories,
        pubtime: match outline.pubtime {
            Pubtime::Known(at) => Some(at),
            Pubtime::Absent | Pubtime::Malformed(_) => None,
        },
        yanked: Some(outline.yanked),
        path: Vec::new(),
        newest_approved: None,
        if_edited: None,
        detour: None,
        fixes: Vec::new(),
        id,
    }
}

/// What changed since the newest older release that was locked, recorded or may be built.
fn dependencies(judge: &Judge<'_>, id: &PackageId) -> Option<DependencyChange> {
    let crate_id = id.crate_id()?;
    let history = judge.history(&crate_id)?;
    let mut older: Vec<_> = history.outlines().filter(|one| one.version < id.version).collect();
    older.sort_by(|one, other| other.version.cmp(&one.version));
    let is_known = |one: &&Outline| {
        judge.facts.trail.recorded.release(&crate_id, &one.version).is_some()
            || matches!(judge.verdict(&crate_id, history, one), Verdict::Approved(_))
    };
    let since = older.into_iter().take(OLDER).find(is_known)?;
    let before = required(history, since)?;
    let after = required(history, &history.outline(&id.version).ok()??)?;
    let names = |list: &[Requirement]| list.iter().map(|one| one.name.to_string()).collect::<BTreeSet<_>>();
    let (had, has) = (names(&before), names(&after));
    let asks = |list: &[Requirement], name: &str| {
        list.iter().filter(|one| *one.name == *name).map(|one| one.req.to_string()).collect::<BTreeSet<_>>()
    };
    Some(DependencyChange {
        since: since.version.clone(),
        added: has.difference(&had).cloned().collect(),
        removed: had.difference(&has).cloned().collect(),
        changed: has.intersection(&had).filter(|name| asks(&before, name) != asks(&after, name)).cloned().collect(),
    })
}

fn required(history: &History, outline: &Outline) -> Option<Vec<Requirement>> {
    let release = history.release(&outline.version).ok()??;
    Some(release.dependencies.iter().filter(|one| one.kind != DependencyKind::Dev).cloned().collect())
}
