//! Which packages are to move, in the words of `cargo update`.

use std::collections::{BTreeMap, BTreeSet};

use semver::Version;

use super::spec::Spec;
use crate::model::package::{CrateId, Package, PackageId};
use crate::model::resolution::{Exact, Joined, JoinedBecause};
use crate::model::source::Source;
use crate::policy::lock_changes::in_lockstep;
use crate::resolve::{Parts, Session};

/// Which packages are to move.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Which {
    /// Everything that can.
    Everything,
    /// What the manifests make necessary.
    Manifests,
    /// What is not approved.
    Unapproved,
    /// The packages that these specs name.
    Named { specs: Vec<String>, precise: Option<Version>, recursive: bool },
}

/// The moves of one run: what cargo is asked while some releases stay where they are.
pub(super) struct Moves<'m, 's> {
    session: &'m Session<'s>,
    which: Which,
    /// Cargo's words around the specs: its options before the command and behind it.
    before: Vec<String>,
    behind: Vec<String>,
    /// By spec, the position of the locked package that it names; `None` where it names none or several, which cargo will say.
    named: Vec<(String, Option<usize>)>,
    /// Where a package is to go, by its position.
    precise: BTreeMap<usize, Version>,
    /// The locked packages that cargo is not shown, by their positions.
    hidden: BTreeSet<usize>,
}

impl<'m, 's> Moves<'m, 's> {
    /// Reads the specs. `before` and `behind` are cargo's options around `update`.
    pub(super) fn of(session: &'m Session<'s>, which: Which, before: Vec<String>, behind: Vec<String>) -> Self {
        let packages = &session.subject().lock.packages;
        let (specs, to) = match &which {
            Which::Named { specs, precise, .. } => (specs.as_slice(), precise.as_ref()),
            Which::Everything | Which::Manifests | Which::Unapproved => (&[][..], None),
        };
        let locked = |spec: &String| Spec::parse(spec).ok()?.locked(packages).ok()?;
        let named: Vec<(String, Option<usize>)> = specs.iter().map(|spec| (spec.clone(), locked(spec))).collect();
        let of_index = |at: &usize| to.filter(|to| has(session, &packages[*at], to));
        let precise = named.iter().filter_map(|(_, at)| at.as_ref());
        let precise = precise.filter_map(|at| Some((*at, of_index(at)?.clone()))).collect();
        let hidden = (0..packages.len()).filter(|at| session.hides(&packages[*at].id).is_some()).collect();
        Self { session, which, before, behind, named, precise, hidden }
    }

    /// The names of the packages that are asked for, with `--recursive` of their dependencies too.
    pub(super) fn names(&self) -> BTreeSet<String> {
        let packages = self.packages();
        let is_recursive = matches!(self.which, Which::Named { recursive: true, .. });
        let mut below: BTreeSet<usize> = BTreeSet::new();
        let mut waiting: Vec<usize> = self.named.iter().filter_map(|(_, at)| at.filter(|_| is_recursive)).collect();
        while let Some(package) = waiting.pop().and_then(|at| packages.get(at)) {
            waiting.extend(package.dependencies.iter().copied().filter(|at| below.insert(*at)));
        }
        let below = below.into_iter().filter_map(|at| Some(packages.get(at)?.id.name.to_string()));
        let spelled = self.named.iter().filter_map(|(spec, _)| Some(Spec::parse(spec).ok()?.crate_name()?.to_owned()));
        let locked = self.named.iter().filter_map(|(_, at)| Some(packages.get((*at)?)?.id.name.to_string()));
        spelled.chain(locked).chain(below).collect()
    }

    /// The locked packages that are named.
    pub(super) fn named(&self) -> impl Iterator<Item = &'m Package> + '_ {
        self.named.iter().filter_map(|(_, at)| self.packages().get((*at)?))
    }

    /// A spec that names no locked package, nor several.
    pub(super) fn unlocked(&self) -> Option<&str> {
        let is_unlocked =
            |spec: &str| Spec::parse(spec).is_ok_and(|one| matches!(one.locked(self.packages()), Ok(None)));
        self.named.iter().map(|(spec, _)| &**spec).find(|spec| is_unlocked(spec))
    }

    /// Where the named packages are to go, each with its id there.
    pub(super) fn destinations(&self) -> impl Iterator<Item = PackageId> + '_ {
        let packages = self.packages();
        self.precise.iter().map(|(at, to)| PackageId { version: to.clone(), ..packages[*at].id.clone() })
    }

    /// The moves to exactly one release.
    pub(super) fn exact(&self) -> BTreeMap<CrateId, Vec<Exact>> {
        let mut exact: BTreeMap<CrateId, Vec<Exact>> = BTreeMap::new();
        for (at, to) in &self.precise {
            let id = &self.packages()[*at].id;
            if let Some(crate_id) = id.crate_id() {
                exact.entry(crate_id).or_default().push(Exact { from: id.version.clone(), to: to.clone() });
            }
        }
        exact
    }

    /// The packages that also move although they were not named: with some named, cargo leaves all others where they are, and fails on
    /// those that it is not shown.
    pub(super) fn joined(&self, parts: &Parts) -> Vec<Joined> {
        let packages = self.packages();
        let along = if self.which == Which::Everything { BTreeSet::new() } else { self.along(parts) };
        let joined = along.into_iter().map(|at| Joined {
            package: packages[at].id.clone(),
            because: if self.hidden.contains(&at) { JoinedBecause::NotApproved } else { JoinedBecause::InTheWay },
        });
        joined.collect()
    }

    /// What is to move even if others must join it: what is named and not approved, or named with the release to go to.
    pub(super) fn wanted(&self) -> BTreeSet<PackageId> {
        let named = self.named.iter().filter_map(|(_, at)| *at);
        let wanted: BTreeSet<usize> = match &self.which {
            Which::Everything | Which::Manifests => BTreeSet::new(),
            Which::Unapproved => self.hidden.clone(),
            Which::Named { precise: Some(_), .. } => named.collect(),
            Which::Named { .. } => named.filter(|at| self.hidden.contains(at)).collect(),
        };
        wanted.into_iter().map(|at| self.packages()[at].id.clone()).collect()
    }

    /// Whether a package must not stay where it is: who says where it is to go is not served with anything else.
    pub(super) fn must_move(&self, id: &PackageId) -> bool {
        let is_precise = matches!(self.which, Which::Named { precise: Some(_), .. });
        is_precise && self.named.iter().any(|(_, at)| at.is_some_and(|at| self.packages()[at].id == *id))
    }

    /// What cargo is asked while some stay and some join.
    pub(super) fn commands(&self, parts: &Parts) -> Vec<Vec<String>> {
        let (packages, stayed) = (self.packages(), &parts.stay);
        let specs = match &self.which {
            Which::Everything if stayed.is_empty() => return vec![self.command(Vec::new())],
            // A full update keeps nothing that is yanked; it is the same as one of all others.
            Which::Everything => {
                let others = (0..packages.len()).filter(|at| packages[*at].id.source != Source::Local);
                self.specs(others.filter(|at| !stayed.contains(&packages[*at].id)))
            }
            Which::Manifests | Which::Unapproved => self.specs(self.along(parts)),
            Which::Named { precise, recursive, .. } => {
                let stays = |at: &Option<usize>| at.is_some_and(|at| stayed.contains(&packages[at].id));
                let named = self.named.iter().filter(|(_, at)| !stays(at)).map(|(spec, _)| spec.clone());
                let mut named: Vec<String> = named.collect();
                let along = self.specs(self.along(parts));
                if let Some(version) = precise.as_ref().filter(|_| self.precise.len() < self.named.len()) {
                    // What the index does not list, cargo finds itself, or says why it cannot.
                    let first = (!along.is_empty()).then(|| self.command(along));
                    named.extend([String::from("--precise"), version.to_string()]);
                    return first.into_iter().chain([self.command(named)]).collect();
                }
                named.extend(along);
                if *recursive && !named.is_empty() {
                    named.insert(0, String::from("--recursive"));
                }
                named
            }
        };
        vec![self.command(if specs.is_empty() { vec![String::from("--workspace")] } else { specs })]
    }

    fn specs(&self, positions: impl IntoIterator<Item = usize>) -> Vec<String> {
        positions.into_iter().map(|at| self.spec(&self.packages()[at].id)).collect()
    }

    fn command(&self, specs: Vec<String>) -> Vec<String> {
        [self.before.clone(), vec![String::from("update")], self.behind.clone(), specs].concat()
    }

    /// The hidden packages that must move because these alone stay, what must move with them or with what goes to one release, and what
    /// joins. What is named is not among them.
    fn along(&self, parts: &Parts) -> BTreeSet<usize> {
        let (packages, stayed) = (self.packages(), &parts.stay);
        let hidden = self.hidden.iter().filter(|at| !stayed.contains(&packages[**at].id));
        let mut moving: BTreeMap<usize, Option<Version>> = hidden.map(|at| (*at, None)).collect();
        moving.extend(self.precise.iter().map(|(at, to)| (*at, Some(to.clone()))));
        let judge = self.session.judge(self.session.before());
        let mut all: BTreeSet<usize> = in_lockstep(&judge, &moving);
        all.extend(moving.keys());
        all.extend((0..packages.len()).filter(|at| parts.join.contains(&packages[*at].id)));
        all.retain(|at| {
            !stayed.contains(&packages[*at].id) && !self.named.iter().any(|(_, named)| *named == Some(*at))
        });
        all
    }

    /// The shortest spec that names one locked package.
    fn spec(&self, id: &PackageId) -> String {
        let packages = self.packages().iter();
        let same = packages.filter(|other| other.id.name == id.name && other.id.version == id.version).count();
        if same == 1 { format!("{}@{}", id.name, id.version) } else { id.to_string() }
    }

    fn packages(&self) -> &'m [Package] {
        &self.session.subject().lock.packages
    }
}

/// Whether the index lists this version of a package.
fn has(session: &Session<'_>, package: &Package, version: &Version) -> bool {
    let id = package.id.crate_id();
    let history = id.as_ref().and_then(|id| session.history(id));
    history.is_some_and(|history| matches!(history.outline(version), Ok(Some(_))))
}
