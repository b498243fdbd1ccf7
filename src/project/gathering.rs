//! Reads the world for a project once, and makes facts from it: about the lock file that was found, or about one that a cargo left.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use rayon::prelude::*;

use super::advisories::{advisories_lost, read_advisories, respelled};
use super::base::{Base, BaseCommit};
use super::error::ProjectError;
use super::inspections::KnownInspections;
use super::licenses::{self, KnownLicenses, Told};
use super::open::Project;
use super::progress::Progress;
use super::registries::Registries;
use super::request::{Purpose, Which};
use super::rules::Rules;
use super::shared_policy::without_what_others_use;
use super::subject::relative;
use super::{lock_answer, trail, ways};
use crate::gather::lock_file::LockFile;
use crate::gather::policy_file::PolicyFile;
use crate::gather::{adopt, allow_list, cargo, ways_around};
use crate::model::allow_list::AllowList;
use crate::model::evaluation::{Evaluation, Fetched, Notice};
use crate::model::facts::{AdvisoryFact, Facts, IndexFact, OldLock, Surroundings, TrailFact};
use crate::model::finding::Inspections;
use crate::model::history::Standing;
use crate::model::license::Licenses;
use crate::model::lock_proof::LockFact;
use crate::model::manifest::OwnDependency;
use crate::model::package::{CrateId, LockedChecksum, Package};
use crate::model::policy::Origin;
use crate::model::publication::PublicationFact;
use crate::model::source::{Registry, Source};
use crate::model::trail::Trail;
use crate::model::verdict::Reason;
use crate::policy::bom::Content;
use crate::policy::judge::Judge;
use crate::policy::signal::{self, Scope};
use crate::policy::{self, publication, publish_age, security_fix, side_effects};

/// The fixed crate and those around it, and then what the fix requires.
const FIX_ROUNDS: usize = 2;

/// What is read beside what the lock file's own packages need.
#[derive(Clone, Debug)]
pub(crate) enum About {
    /// The entries of these crates too, and the advisories about all of them.
    These(BTreeSet<CrateId>),
    /// The entries of these crates and of all that are locked, and every advisory: a resolution can bring any crate.
    AnyBeside(BTreeSet<CrateId>),
}

/// What was read of the world for a project.
#[derive(Debug)]
pub(crate) struct Gathered {
    project: Project,
    registries: Registries,
    index: BTreeMap<CrateId, IndexFact>,
    advisories: AdvisoryFact,
    /// Whether the lock file that was found answers the manifests.
    lock: LockFact,
    recorded: TrailFact,
    trail: Trail,
    surroundings: Surroundings,
    /// What was learned of licences so far.
    licenses: KnownLicenses,
    /// What was seen inside young releases so far.
    inspections: KnownInspections,
    notices: Vec<Notice>,
    /// What the registries' web API said, as far as it was asked.
    publications: Mutex<BTreeMap<CrateId, PublicationFact>>,
}

/// A lock file with the decision on it, and what that was made from.
#[derive(Debug)]
pub(crate) struct Decision {
    facts: Facts,
    lines: Vec<u32>,
    evaluation: Evaluation,
}

impl Gathered {
    /// Reads index entries, advisories and the trail side by side.
    pub(crate) fn read(project: Project, about: About) -> Result<Self, ProjectError> {
        let registries = Registries::of(&project)?;
        let (crates, all_advisories, asked_about) = match about {
            About::These(mut crates) => {
                let asked_about = Some(crates.clone());
                crates.extend(crates_in_question(&project));
                (crates, false, asked_about)
            }
            About::AnyBeside(mut crates) => {
                crates.extend(project.subject().lock.packages.iter().filter_map(|package| package.id.crate_id()));
                (crates, true, None)
            }
        };
        let asked: BTreeSet<Registry> = crates.iter().map(|id| id.registry.clone()).collect();
        registries.prepare(&asked)?;
        let names = (!all_advisories).then(|| names(&project, &crates));
        let folder = trail::folder(&project.policy_path());
        // A resolution reports its own progress.
        let resolves = project.request().purpose == Purpose::Resolve;
        let progress = Progress::new(project.request().quiet || resolves, "Fetching", "index entries");
        let mut advance = |done, of| progress.at(done, of);
        let base = project.base().and_then(Base::commit);
        let (mut index, advisories, trail, new_ways) = std::thread::scope(|scope| {
            let advisories = scope.spawn(|| read_advisories(&project, names.as_ref(), registries.http()));
            let trail = scope.spawn(|| trail::read(&folder, base));
            let ways = scope.spawn(|| ways::new(&project));
            let mut index = registries.read(&crates, &mut advance);
            index.extend(registries.read_whole(|| contradicting(&project.subject().lock.packages, &index)));
            (index, advisories.join(), trail.join(), ways.join())
        });
        drop(progress);
        let advisories = advisories.unwrap_or_else(|_| advisories_lost(&project));
        let (recorded, trail) = trail.map_err(|_| ProjectError::TrailLost { folder })??;
        let mut locked: BTreeSet<CrateId> =
            project.subject().lock.packages.iter().filter_map(|one| one.id.crate_id()).collect();
        locked.extend(project.base_packages().into_iter().flatten().filter_map(|package| package.id.crate_id()));
        let more = side_effects::wanted(&recorded.added, |id| index.contains_key(id), |id| locked.contains(id));
        if !more.is_empty() {
            registries.prepare(&more.iter().map(|id| id.registry.clone()).collect())?;
            index.extend(registries.read(&more, &mut |_, _| ()));
        }
        let new_ways = new_ways.map_err(|_| ProjectError::WaysLost)??;
        let allowed = project.base().and_then(Base::commit).map(|_| allowed(&project)).transpose()?.flatten();
        let base_committed = project.base().and_then(Base::commit).and_then(BaseCommit::committed);
        let exemptions = project.rules().exemptions.clone();
        let undescribed = project.subject().undescribed();
        let surroundings = Surroundings { undescribed, new_ways, exemptions, allowed, base_committed };
        let mut notices = advisories.notices;
        notices.extend(worth_knowing(&project, &asked));
        if let Some(base) = project.base() {
            notices.extend(base.notices(&project.rules().moved, recorded.gained));
        }
        // A resolution completes the lock file; what it leaves is cargo's own answer.
        let lock = match project.request().purpose {
            Purpose::Resolve | Purpose::Decide => LockFact::NotChecked,
            Purpose::Judge | Purpose::Prove | Purpose::Change => lock_answer::find(&project, &registries, &index)?,
        };
        let advisories = advisories.fact;
        let (licenses, inspections, publications) =
            (KnownLicenses::default(), KnownInspections::default(), Mutex::default());
        let mut read = Self {
            project,
            registries,
            index,
            advisories,
            lock,
            recorded,
            trail,
            surroundings,
            licenses,
            inspections,
            notices,
            publications,
        };
        if read.project.base_packages().is_some() {
            read.read_around_fixes();
        }
        read.ask_about_publications();
        read.read_births(asked_about.as_ref());
        read.learn_licenses(&read.project.subject().lock.packages, None);
        read.inspect(&read.index);
        Ok(read)
    }

    /// Reads the entries that tell how old the crates are that young releases begin to depend on: releases of the crates that are asked
    /// about, and of locked ones of which something will be told; of every crate where nothing says which.
    fn read_births(&mut self, asked_about: Option<&BTreeSet<CrateId>>) {
        let scope = asked_about.map_or(Scope::All, Scope::Beside);
        let facts = self.facts(self.project.subject().lock.packages.clone(), BTreeMap::new());
        let wanted = signal::wanted(&facts, &self.project.rules().policy, self.project.moment(), scope);
        if !wanted.is_empty() {
            self.index.extend(self.registries.read(&wanted, &mut |_, _| ()));
        }
    }

    /// Reads the entries that the rule on security fixes needs of what the base locks: the lock file's own packages do not lead to all
    /// of them. What a fix requires is known once its own entry is there.
    fn read_around_fixes(&mut self) {
        for _ in 0..FIX_ROUNDS {
            let facts = self.facts(Vec::new(), BTreeMap::new());
            let wanted = security_fix::wanted(&facts, &self.project.rules().policy, self.project.moment());
            if wanted.is_empty() {
                return;
            }
            self.index.extend(self.registries.read(&wanted, &mut |_, _| ()));
        }
    }

    /// Asks the registries' web API about what the decision is on, where the caller wants that.
    fn ask_about_publications(&self) {
        if !self.project.request().judge.facts {
            return;
        }
        let (policy, now) = (&self.project.rules().policy, self.project.moment());
        let facts = self.facts(self.project.subject().lock.packages.clone(), BTreeMap::new());
        let mut crates = publication::in_question(&facts, policy, now);
        if self.project.request().purpose == Purpose::Resolve {
            crates.extend(publication::candidates(&facts, policy, now));
        }
        self.ask_how_published(crates);
    }

    /// Asks how the releases of these crates were published, unless that was done, or the caller does not want to know.
    pub(crate) fn ask_how_published(&self, mut crates: BTreeSet<CrateId>) {
        if !self.project.request().judge.facts {
            return;
        }
        let mut known = self.publications.lock().unwrap_or_else(PoisonError::into_inner);
        crates.retain(|id| !known.contains_key(id));
        if crates.is_empty() {
            return;
        }
        let progress = Progress::new(self.project.request().quiet, "Asking", "crates' publications");
        known.extend(self.registries.publications(&crates, &mut |done, of| progress.at(done, of)));
    }

    /// What is known of how the releases of these crates were published, once they were asked about.
    pub(crate) fn publications(&self, crates: BTreeSet<CrateId>) -> BTreeMap<CrateId, PublicationFact> {
        self.ask_how_published(crates);
        self.publications.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What these packages state of their licences, as far as their bytes are at hand.
    pub(crate) fn licenses_at_hand(&self, packages: &[&Package]) -> Licenses {
        licenses::at_hand(&self.project, &self.registries, packages)
    }

    /// What is inside the locked packages, in their order, and what those in folders of this machine ask for.
    pub(crate) fn contents(&self) -> (Vec<Option<Content>>, BTreeMap<usize, Vec<OwnDependency>>) {
        let Self { project, registries, index, advisories, .. } = self;
        licenses::contents_of_project(Told { project, registries, index, more: None, advisories })
    }

    /// By position, whether a build has a package where nobody names features; `None` where no manifests are known.
    pub(crate) fn built_by_default(&self) -> Option<Vec<bool>> {
        lock_answer::built_by_default(&self.project, &self.index)
    }

    pub(super) fn learn_licenses(&self, packages: &[Package], more: Option<&BTreeMap<CrateId, IndexFact>>) {
        let Self { project, registries, index, advisories, .. } = self;
        self.licenses.learn(packages, Told { project, registries, index, more, advisories });
    }

    /// Looks into the young releases of these crates whose archives are at hand, where the policy asks for that; gives all that was seen so
    /// far.
    pub(crate) fn inspect(&self, entries: &BTreeMap<CrateId, IndexFact>) -> Inspections {
        self.inspections.learn(&self.project, &self.registries, entries);
        self.inspections.seen()
    }

    /// The project that it was read for.
    pub(crate) const fn project(&self) -> &Project {
        &self.project
    }

    /// The registries, to ask further.
    pub(crate) const fn registries(&self) -> &Registries {
        &self.registries
    }

    /// The audit trail that is believed.
    pub(crate) const fn trail(&self) -> &Trail {
        &self.trail
    }

    /// The facts about a lock file of this project that has these packages: the one builder of facts. `more` are entries that were read
    /// since; they go before those that were read first.
    pub(crate) fn facts(&self, packages: Vec<Package>, more: BTreeMap<CrateId, IndexFact>) -> Facts {
        self.facts_on(self.project.old_lock(), packages, more)
    }

    /// The same about a lock file that takes the place of the one that was found.
    pub(crate) fn facts_after(&self, packages: Vec<Package>, more: BTreeMap<CrateId, IndexFact>) -> Facts {
        self.facts_on(self.project.ground_of_resolution(), packages, more)
    }

    fn facts_on(&self, old_lock: OldLock, packages: Vec<Package>, more: BTreeMap<CrateId, IndexFact>) -> Facts {
        let mut index = self.index.clone();
        index.extend(more);
        let mut notices = self.notices.clone();
        // Of an empty cache nothing was read.
        if self.registries.http().is_none() && index.values().any(|fact| matches!(fact, IndexFact::Read(_))) {
            notices.push(Notice::IndexFromCache { oldest: self.registries.oldest_cached() });
        }
        notices.extend(self.registries.unkept().map(|cause| {
            let folder = self.registries.cargo_home().join("registry").into_string();
            Notice::NotKept { what: Fetched::Index, folder, cause }
        }));
        // A moment that the caller set is not compared with any clock.
        let by_clock = self.project.request().judge.now.is_none();
        let names = index.keys().map(|id| &id.name).chain(packages.iter().map(|package| &package.id.name));
        let advisories = respelled(&self.advisories, names.cloned());
        Facts {
            surroundings: self.surroundings.clone(),
            packages,
            advisories,
            index,
            publications: self.publications.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            registry_clock: self.registries.clock().filter(|_| by_clock),
            refused_mirrors: self.registries.refused(),
            base: self.project.base_locked(),
            old_lock,
            licenses: self.licenses.known().clone(),
            inspections: self.inspections.seen(),
            lock: LockFact::NotChecked,
            trail: TrailFact { machine_clock: by_clock.then_some(self.project.machine()), ..self.recorded.clone() },
            notices,
        }
    }

    /// The decision on the lock file as it was found.
    pub(crate) fn decide(&self) -> Decision {
        let lock = &self.project.subject().lock;
        let facts = Facts { lock: self.lock.clone(), ..self.facts(lock.packages.clone(), BTreeMap::new()) };
        let mut made = self.decision(facts, lock.lines.clone());
        made.evaluation.notices = without_what_others_use(made.evaluation.notices, &self.project);
        made
    }

    /// The same as what a resolution begins with, which completes a lock file that does not answer the manifests.
    pub(crate) fn decide_before_resolving(&self) -> Decision {
        let lock = &self.project.subject().lock;
        self.decision(self.facts_after(lock.packages.clone(), BTreeMap::new()), lock.lines.clone())
    }

    /// Whether the lock file that was found answers the manifests, for a resolution that may have to complete it.
    pub(crate) fn lock_answers(&self) -> Result<LockFact, ProjectError> {
        lock_answer::find(&self.project, &self.registries, &self.index)
    }

    /// The decision on a lock file that a cargo left. `more` are the entries that were read for that cargo; what is missing is read now.
    pub(crate) fn decide_on(&self, lock: LockFile, mut more: BTreeMap<CrateId, IndexFact>) -> Decision {
        let locked = lock.packages.iter().filter_map(|package| package.id.crate_id());
        let missing: BTreeSet<CrateId> =
            locked.filter(|id| !self.index.contains_key(id) && !more.contains_key(id)).collect();
        if !missing.is_empty() {
            more.extend(self.registries.read(&missing, &mut |_, _| ()));
        }
        self.learn_licenses(&lock.packages, Some(&more));
        self.inspect(&more);
        let mut facts = self.facts_after(lock.packages, more);
        if self.project.request().judge.facts {
            let rules = self.project.rules();
            self.ask_how_published(publication::in_question(&facts, &rules.policy, self.project.moment()));
            facts.publications = self.publications.lock().unwrap_or_else(PoisonError::into_inner).clone();
        }
        self.decision(facts, lock.lines)
    }

    fn decision(&self, facts: Facts, lines: Vec<u32>) -> Decision {
        let rules = self.project.rules();
        let mut evaluation = policy::evaluate(&facts, &rules.policy, &rules.approvals, self.project.moment());
        evaluation.notices.extend(self.pubtimes_missing(&evaluation));
        Decision { facts, lines, evaluation }
    }

    /// The registries whose index lacks times of publication: of all packages, or of several. One release without is its own affair.
    fn pubtimes_missing(&self, evaluation: &Evaluation) -> Vec<Notice> {
        let mut counts: BTreeMap<Registry, (usize, usize)> = BTreeMap::new();
        for judgement in &evaluation.judgements {
            let Source::Registry(registry) = &judgement.id.source else { continue };
            let is_unknown = |reason: &Reason| matches!(reason, Reason::PubtimeUnknown { found: None });
            let unknown = judgement.reasons().into_iter().flatten().any(is_unknown);
            let (missing, of) = counts.entry(registry.clone()).or_default();
            *missing += usize::from(unknown);
            *of += 1;
        }
        counts.retain(|_, (missing, of)| *missing > 1 || (*missing == 1 && of == missing));
        if counts.is_empty() {
            return Vec::new();
        }
        let access = self.registries.access();
        let notice = |(registry, (packages, of))| {
            let from = access.get(&registry).and_then(|access| access.stands_in(&registry));
            Notice::PubtimesMissing { registry, from, packages, of }
        };
        counts.into_iter().map(notice).collect()
    }

    /// A judge of single releases that knows these facts.
    pub(crate) fn judge<'a>(&'a self, facts: &'a Facts) -> Judge<'a> {
        let rules = self.project.rules();
        Judge::new(facts, &rules.policy, &rules.approvals, self.project.moment())
    }

    /// The rules with another file instead of the project's, and the decision that they make on the same facts.
    pub(crate) fn decide_by(&self, file: PolicyFile, facts: &Facts) -> (Rules, Evaluation) {
        let rules = self.project.rules().with(file);
        let evaluation = policy::evaluate(facts, &rules.policy, &rules.approvals, self.project.moment());
        (rules, evaluation)
    }
}

impl Decision {
    /// From what it was made.
    pub(crate) const fn facts(&self) -> &Facts {
        &self.facts
    }

    /// What was decided.
    pub(crate) const fn evaluation(&self) -> &Evaluation {
        &self.evaluation
    }

    /// Each package's line in the lock file.
    pub(crate) fn lines(&self) -> &[u32] {
        &self.lines
    }
}

/// The names whose advisories count: of the crates that are asked about, and of those that the base has.
fn names(project: &Project, crates: &BTreeSet<CrateId>) -> BTreeSet<Arc<str>> {
    let base = project.base_packages().unwrap_or_default().iter().filter(|package| package.id.crate_id().is_some());
    // What comes from git or from a folder may be a copy of a release that an advisory is about.
    let elsewhere = project.subject().lock.packages.iter().filter(|package| package.id.crate_id().is_none());
    let packages = base.chain(elsewhere).map(|package| Arc::clone(&package.id.name));
    crates.iter().map(|id| Arc::clone(&id.name)).chain(packages).collect()
}

/// The allow-list of the working tree, for what the change says of vendored trees.
fn allowed(project: &Project) -> Result<Option<AllowList>, ProjectError> {
    Ok(allow_list::read(&ways_around::own_config(&project.subject().root))?)
}

/// What is worth knowing about the project around the lock file.
fn worth_knowing(project: &Project, registries: &BTreeSet<Registry>) -> Vec<Notice> {
    let (subject, policy) = (project.subject(), &project.rules().policy);
    let mut all = Vec::new();
    if matches!(project.request().which, Which::LockFile(_)) {
        all.push(Notice::ManifestsNotChecked);
    }
    // Of a change it is told as what the change brings.
    if project.base().is_none() {
        let mut origin = project.configs().found().paths().ok().flatten();
        if let Some(Origin::File { path, .. }) = &mut origin {
            *path = relative(path, project.environment());
        }
        all.extend(origin.map(Notice::Paths));
    }
    let local = subject.lock.packages.iter().any(|package| package.id.source == Source::Local);
    let sets_age = policy.cargo.global.is_some() || !policy.cargo.registries.is_empty();
    // Asking for the version starts a process; it matters only where cargo's own key is set.
    let version = (sets_age && local).then(|| cargo::version(project.environment()).ok()).flatten();
    all.extend(publish_age::cargo_age_notices(policy, registries, version.as_ref()));
    all.extend(publish_age::cooldown_notice(policy, adopt::cooldown_age(&subject.root)));
    all
}

/// The crates whose index entries are needed: of the packages to be judged, of those that depend on them, for what they ask, and of
/// those that they depend on, which a security fix may need to come along.
fn crates_in_question(project: &Project) -> BTreeSet<CrateId> {
    let packages = &project.subject().lock.packages;
    let base = project.base_locked().unwrap_or_default();
    let judged: Vec<bool> = packages.iter().map(|package| !base.has(package)).collect();
    let mut wanted: BTreeSet<usize> = BTreeSet::new();
    for (position, package) in packages.iter().enumerate() {
        let is_judged = |position: &usize| judged.get(*position) == Some(&true);
        if is_judged(&position) {
            wanted.insert(position);
            wanted.extend(&package.dependencies);
        } else if package.dependencies.iter().any(is_judged) {
            wanted.insert(position);
        }
    }
    wanted.into_iter().filter_map(|position| packages.get(position)?.id.crate_id()).collect()
}

/// The crates whose index entry lacks what is locked of them, or has other bytes for it. A registry that confirmed that entry spoke of what it
/// sent, and not of what came: before anything is rejected for it, the whole is asked for.
fn contradicting(packages: &[Package], index: &BTreeMap<CrateId, IndexFact>) -> BTreeSet<CrateId> {
    let contradicts = |package: &Package| {
        let crate_id = package.id.crate_id()?;
        let IndexFact::Read(history) = index.get(&crate_id)? else { return None };
        if history.standing() != Standing::Confirmed {
            return None;
        }
        let outline = history.outline(&package.id.version);
        let agrees = match &package.checksum {
            LockedChecksum::Known(checksum) => {
                outline.is_ok_and(|outline| outline.is_some_and(|outline| outline.checksum == *checksum))
            }
            LockedChecksum::Missing | LockedChecksum::Malformed(_) => matches!(outline, Ok(Some(_))),
        };
        (!agrees).then_some(crate_id)
    };
    packages.par_iter().filter_map(contradicts).collect()
}

#[cfg(test)]
mod tests;
