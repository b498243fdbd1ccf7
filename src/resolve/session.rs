//! One run of the filter, with as many cargos behind it as a verb needs.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use semver::Version;

use super::child::{self, Ended, Voice};
use super::error::ResolveError;
use super::failure;
use super::interrupts::Interrupts;
use super::private_copy::{PrivateCopy, Written};
use crate::gather::cargo::Cargo;
use crate::gather::lock_file::LockFile;
use crate::model::crate_name::{CrateName, is_same};
use crate::model::evaluation::IndexGap;
use crate::model::facts::{Facts, IndexFact};
use crate::model::history::History;
use crate::model::license::LicenseGap;
use crate::model::lock_proof::LockFact;
use crate::model::package::{CrateId, Package, PackageId};
use crate::model::resolution::{Hidden, HiddenBecause, Versions, View};
use crate::model::source::{Registry, Source};
use crate::model::verdict::Reason;
use crate::policy::judge::Judge;
use crate::policy::source::is_allowed;
use crate::project::{Decision, Gathered, Project, Subject};
use crate::registry::{Filter, Root};

/// A running filter.
pub(crate) struct Session<'s> {
    pub(super) gathered: &'s Gathered,
    pub(super) before: &'s Decision,
    pub(super) filter: &'s Filter<'s>,
    /// Values for cargo's `--config`.
    pub(super) overrides: Vec<String>,
    pub(super) cargo: &'s Cargo,
    /// Where cargo resolves.
    pub(super) copy: &'s PrivateCopy,
    pub(super) interrupts: &'s Interrupts,
    /// Whether a cargo's own words were passed on as they came.
    pub(super) heard: &'s AtomicBool,
    /// What the last cargo left unused of `[patch]` and the lock file that was found does not.
    pub(super) unpatched: RefCell<Vec<PackageId>>,
    /// Releases that only looking inside showed not to pass.
    pub(super) found_out: RefCell<BTreeMap<CrateId, Vec<Hidden>>>,
}

/// What cargo is to do behind the filter.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    /// Its command lines, each with the verb first.
    pub(crate) commands: Vec<Vec<String>>,
    /// Who hears its words.
    pub(crate) voice: Voice,
}

/// What came of it.
pub(crate) enum Resolved {
    /// A cargo failed; no later one was run.
    Failed(Ended),
    /// There is no lock file: `add --dry-run`, or a workspace without a member, may write none.
    Unlocked,
    /// The decision on the lock file as it is now.
    Judged(Box<Decision>),
}

impl Session<'_> {
    /// The project in which cargo resolves.
    pub(crate) const fn project(&self) -> &Project {
        self.gathered.project()
    }

    /// The workspace and its lock file, as they were found.
    pub(crate) const fn subject(&self) -> &Subject {
        self.project().subject()
    }

    /// The decision on the lock file as it was found.
    pub(crate) const fn before(&self) -> &Decision {
        self.before
    }

    /// Runs cargo with these arguments, the verb first. It finds what the last one left.
    fn cargo(&self, arguments: &[String], voice: Voice) -> Result<Ended, ResolveError> {
        if voice == Voice::Aloud {
            self.heard.store(true, Ordering::Relaxed);
        }
        let overrides = self.overrides.iter().flat_map(|value| [String::from("--config"), value.clone()]);
        let (here, subject) = (self.project().environment().current_dir(), self.subject());
        let named = child::from_elsewhere(arguments, here, &subject.start, &subject.root);
        let all: Vec<String> = overrides.chain(self.copy.arguments(named)).collect();
        let ended = child::run(self.cargo, &all, voice, self.interrupts, |words| {
            failure::reworded(&self.copy.unled(words), &self.overrides)
        })?;
        self.refuse_signal()?;
        if !ended.status.success() {
            self.refuse_unnamed(&ended)?;
        }
        Ok(ended)
    }

    /// An error where cargo failed for want of a crate whose registry was not asked.
    fn refuse_unnamed(&self, ended: &Ended) -> Result<(), ResolveError> {
        let facts = self.filter.facts().into_iter();
        let unnamed = facts.filter(|(_, fact)| matches!(fact, IndexFact::Unavailable(IndexGap::NotNamed)));
        let wanted = failure::crates_named(&ended.words);
        match unnamed.map(|(id, _)| id).find(|id| wanted.contains(&*id.name)) {
            Some(CrateId { registry, name }) => {
                Err(ResolveError::RegistryNotNamed { name: name.to_string(), registry })
            }
            None => self.refuse_withheld(&wanted),
        }
    }

    /// An error where a crate that cargo wanted leads to a registry that only its own index line names.
    fn refuse_withheld(&self, wanted: &BTreeSet<String>) -> Result<(), ResolveError> {
        let withheld = self.filter.withheld().into_iter();
        let Some((CrateId { name, .. }, registry)) = withheld.into_iter().find(|(id, _)| wanted.contains(&*id.name))
        else {
            return Ok(());
        };
        let name = name.to_string();
        Err(if is_allowed(&self.project().rules().policy, &Source::Registry(registry.clone())) {
            ResolveError::RegistryNotConfigured { name, registry }
        } else {
            ResolveError::RegistryNotNamed { name, registry }
        })
    }

    /// Shows the next cargo what this view has, but for what was found out of single releases meanwhile and the view does not show by name.
    pub(crate) fn look(&self, view: View) {
        let is_shown = |id: &CrateId, one: &Hidden| {
            view.all || view.shown.get(id).is_some_and(|shown| shown.contains(&one.version))
        };
        let mut found_out = Versions::new();
        for (id, all) in &*self.found_out.borrow() {
            for one in all.iter().filter(|one| !is_shown(id, one)) {
                found_out.entry(id.clone()).or_default().insert(one.version.clone());
            }
        }
        self.filter.look(View { found_out, ..view });
    }

    /// Whether a decision found out of releases that were not locked before that what is inside them does not pass. The next cargo is not
    /// shown them.
    pub(super) fn finds_out(&self, resolved: &Resolved) -> bool {
        let Resolved::Judged(judged) = resolved else { return false };
        let before: BTreeSet<&PackageId> = self.before.facts().packages.iter().map(|package| &package.id).collect();
        let is_inside = |reason: &Reason| {
            matches!(reason, Reason::LicenseNotAllowed { .. })
                || matches!(reason, Reason::LicenseUnknown { gap } if *gap != LicenseGap::NotAtHand)
        };
        let judgements = judged.evaluation().judgements.iter().filter(|one| !before.contains(&one.id));
        let failed = judgements.filter_map(|one| Some((&one.id, one.reasons()?)));
        let mut known = self.found_out.borrow_mut();
        let mut is_new = false;
        for (id, reasons) in failed.filter(|(_, reasons)| reasons.iter().all(is_inside)) {
            let Some(crate_id) = id.crate_id() else { continue };
            let history = self.history(&crate_id);
            let outline = history.and_then(|history| history.outline(&id.version).ok().flatten());
            let hidden = outline.map(|outline| Hidden::of(&outline, HiddenBecause::Reasons(reasons.clone())));
            let of_crate = known.entry(crate_id).or_default();
            if let Some(hidden) = hidden.filter(|hidden| of_crate.iter().all(|one| one.version != hidden.version)) {
                of_crate.push(hidden);
                is_new = true;
            }
        }
        is_new
    }

    /// Lets cargo find what stays of these crates where it looks them up.
    pub(crate) fn look_up(&self, crates: HashSet<CrateName>) {
        self.filter.look_up(crates);
    }

    /// Whether the lock file as it was found answers the manifests, which needs no cargo.
    pub(crate) fn lock_answers(&self) -> Result<LockFact, ResolveError> {
        Ok(self.gathered.lock_answers()?)
    }

    /// An error where a signal came: whatever was done must be undone.
    fn refuse_signal(&self) -> Result<(), ResolveError> {
        match self.interrupts.caught() {
            Some(signal) => Err(ResolveError::Interrupted { signal }),
            None => Ok(()),
        }
    }

    /// An error where something that cargo asked for could not be had: what it decided without it does not count.
    pub(crate) fn refuse_gaps(&self) -> Result<(), ResolveError> {
        refuse_gaps(self.filter)
    }

    /// Reads what the manifests and the lock file lead to, which is not done in advance where the run is blocked.
    pub(crate) fn read_in_spite(&self) -> Result<(), ResolveError> {
        self.filter.prefetch(self.before.facts().index.clone(), roots(self.project()));
        self.refuse_gaps()
    }

    /// Why the policy hides a release, whatever the view; `None` for one that it does not, or that the index does not have.
    pub(crate) fn hides(&self, id: &PackageId) -> Option<Hidden> {
        let crate_id = id.crate_id()?;
        self.filter.hides(&crate_id, &id.version).or_else(|| {
            let known = self.found_out.borrow();
            known.get(&crate_id)?.iter().find(|one| one.version == id.version).cloned()
        })
    }

    /// Everything that the policy hides, by crate, also what it could only hide once somebody looked inside.
    pub(crate) fn hidden(&self) -> BTreeMap<CrateId, Vec<Hidden>> {
        let mut hidden = self.filter.hidden();
        for (id, found) in &*self.found_out.borrow() {
            let all = hidden.entry(id.clone()).or_default();
            let new: Vec<Hidden> =
                found.iter().filter(|one| all.iter().all(|other| other.version != one.version)).cloned().collect();
            all.extend(new);
        }
        hidden
    }

    /// A crate's releases, where its entry was read.
    pub(crate) fn history(&self, id: &CrateId) -> Option<Arc<History>> {
        match self.facts_of(id)? {
            IndexFact::Read(history) => Some(history),
            IndexFact::Gone | IndexFact::Unavailable(_) => None,
        }
    }

    /// A crate's releases, of which the registry is asked where nothing led to it yet.
    pub(crate) fn ask(&self, id: &CrateId) -> Option<Arc<History>> {
        self.filter.ask(id);
        self.history(id)
    }

    /// A crate's entry, where it was read.
    pub(super) fn facts_of(&self, id: &CrateId) -> Option<IndexFact> {
        self.filter.facts().remove(id)
    }

    /// Lets cargo do what is asked with the workspace as it was found, one command after the other. Gives the one that failed, where one
    /// did; no later one is run. Cargo's words are added to `heard`.
    fn run(&self, asked: &Asked, heard: &mut Vec<u8>) -> Result<Option<Ended>, ResolveError> {
        self.copy.restore().map_err(ResolveError::Temporary)?;
        for command in &asked.commands {
            let ended = self.cargo(command, asked.voice)?;
            heard.extend_from_slice(&ended.raw);
            self.refuse_gaps()?;
            if !ended.status.success() {
                return Ok(Some(ended));
            }
        }
        Ok(None)
    }

    /// The lock file as the last cargo left it; `None` where there is none.
    fn lock_left(&self) -> Result<Option<LockFile>, ResolveError> {
        let bytes = self.copy.read(&self.subject().lock_path).map_err(ResolveError::Temporary)?;
        Ok(bytes.map(|bytes| self.subject().lock_of(&bytes)).transpose()?)
    }

    /// Lets cargo do what is asked, and judges the lock file that it left, on the ground that it was resolved on.
    pub(super) fn resolve(&self, asked: &Asked, heard: &mut Vec<u8>) -> Result<Resolved, ResolveError> {
        if let Some(ended) = self.run(asked, heard)? {
            return Ok(Resolved::Failed(ended));
        }
        let Some(lock) = self.lock_left()? else { return Ok(Resolved::Unlocked) };
        let before = &self.subject().lock.unused_patches;
        let unused = lock.unused_patches.iter().filter(|id| !before.contains(id));
        self.unpatched.replace(unused.cloned().collect());
        let decision = self.gathered.decide_on(lock, self.filter.entries());
        self.refuse_signal()?;
        Ok(Resolved::Judged(Box::new(decision)))
    }

    /// Lets cargo do the same unheard, and gives the packages that it locks; none where it writes no lock file, `None` where it fails.
    pub(crate) fn lock_by(&self, commands: Vec<Vec<String>>) -> Result<Option<Vec<Package>>, ResolveError> {
        let asked = Asked { commands, voice: Voice::Silent };
        if self.run(&asked, &mut Vec::new())?.is_some() {
            return Ok(None);
        }
        Ok(Some(self.lock_left()?.map(|lock| lock.packages).unwrap_or_default()))
    }

    /// Whether cargo can do this with the workspace as it was found.
    pub(crate) fn succeeds(&self, command: Vec<String>) -> Result<bool, ResolveError> {
        let asked = Asked { commands: vec![command], voice: Voice::Silent };
        Ok(self.run(&asked, &mut Vec::new())?.is_none())
    }

    /// What the last cargo changed of the project's files.
    pub(super) fn written(&self) -> Result<Vec<Written>, ResolveError> {
        self.copy.written().map_err(ResolveError::Temporary)
    }

    /// What is known about a lock file with these packages.
    pub(super) fn facts_about(&self, packages: Vec<Package>) -> Facts {
        self.gathered.facts_after(packages, self.filter.entries())
    }

    /// The newest release of a crate that the policy does not hide.
    pub(super) fn newest_visible(&self, id: &CrateId) -> Option<Version> {
        let history = self.history(id)?;
        let hidden = self.hidden().remove(id).unwrap_or_default();
        let hidden: BTreeSet<&Version> = hidden.iter().map(|one| &one.version).collect();
        let visible = history.outlines().map(|one| &one.version).filter(|version| !hidden.contains(version));
        visible.filter(|version| version.pre.is_empty()).max().cloned()
    }

    /// A judge of single releases that knows what this decision knew.
    pub(crate) fn judge<'j>(&'j self, decision: &'j Decision) -> Judge<'j> {
        self.gathered.judge(decision.facts())
    }
}

/// What the manifests ask of registries. Cargo resolves with every feature of every member on.
pub(super) fn roots(project: &Project) -> Vec<Root> {
    let locals = project.subject().workspace.iter().flat_map(|workspace| &workspace.packages);
    let requirements = locals.flat_map(|local| &local.package.requirements);
    requirements
        .filter_map(|requirement| {
            let registry = match &requirement.registry {
                None => Registry::CratesIo,
                Some(url) => Registry::parse(url).ok()?,
            };
            Some(Root {
                crate_id: CrateId { registry, name: requirement.name.clone() },
                req: requirement.req.clone(),
                features: requirement.features.clone(),
                default_features: requirement.default_features,
            })
        })
        .collect()
}

pub(super) fn refuse_gaps(filter: &Filter<'_>) -> Result<(), ResolveError> {
    let gaps = filter.gaps();
    let Some(first) = gaps.first() else { return Ok(()) };
    let cause = match &first.cause {
        IndexGap::Failed(cause) | IndexGap::Denied(cause) | IndexGap::Forbidden(cause) => cause.clone(),
        IndexGap::NotCached => String::from("offline, and cargo's cache does not have it"),
        IndexGap::Unconfirmed => String::from("cargo's cached copy of its index entry was not confirmed"),
        IndexGap::NotInCachedEntry => String::from("offline, and cargo's cache is older than it"),
        IndexGap::GitIndex => String::from("its registry has a git index"),
        IndexGap::BadName => String::from("no crate can have this name"),
        IndexGap::Refused => String::from("the policy does not allow what replaces its registry"),
        IndexGap::NotNamed => String::from("the policy does not name its registry"),
    };
    // Cargo asks again, and for other spellings of a name.
    let others = gaps.iter().filter(|gap| !is_same(&gap.crate_id.name, &first.crate_id.name));
    let others: HashSet<CrateName> = others.map(|gap| gap.crate_id.name.clone().into()).collect();
    Err(ResolveError::IndexGaps { first: first.crate_id.name.to_string(), others: others.len(), cause })
}
