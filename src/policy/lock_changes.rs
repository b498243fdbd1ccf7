//! What changed between two lock files, what stays although it is not approved, and what could be newer.

#![expect(clippy::type_complexity, reason = "named at its only place")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use semver::Version;

use super::advisory;
use super::graph;
use super::graph::{Graph, same_line};
use super::judge::Judge;
use crate::model::allow_list::{AllowList, AllowedId};
use crate::model::checksum::Checksum;
use crate::model::evaluation::{Evaluation, FixStanding, Judgement};
use crate::model::facts::Facts;
use crate::model::index_line::Outline;
use crate::model::package::{Locked, LockedChecksum, Package, PackageId};
use crate::model::resolution::{Change, Difference, Held, HeldFix, Hidden, HiddenBecause, Kept, NewerRust};
use crate::model::source::Source;
use crate::model::vendored::VendoredTree;
use crate::model::vendoring::KeptPlace;
use crate::model::verdict::{Basis, ReasonCode, Verdict};

/// What a caller asked to have changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// Everything may move.
    Everything,
    /// The packages of these names.
    Names(BTreeSet<String>),
}

/// Every difference between the packages that were locked before and those of `facts`, which `evaluation` judges.
#[must_use]
pub(crate) fn changes(before: &[Package], facts: &Facts, evaluation: &Evaluation, asked: &Asked) -> Vec<Change> {
    let judgements: BTreeMap<&PackageId, &Judgement> =
        evaluation.judgements.iter().map(|judgement| (&judgement.id, judgement)).collect();
    let mut groups: BTreeMap<(&Arc<str>, &Source), [BTreeMap<&Version, &Package>; 2]> = BTreeMap::new();
    for (side, packages) in [before, &facts.packages].into_iter().enumerate() {
        for package in packages {
            let group = groups.entry((&package.id.name, &package.id.source)).or_default();
            group[side].insert(&package.id.version, package);
        }
    }
    // A dependency that is new in a manifest of the workspace was asked for there.
    let own =
        facts.packages.iter().filter(|package| package.local.as_ref().is_some_and(|local| local.inside_workspace));
    let asked_there: BTreeSet<&PackageId> = own
        .flat_map(|package| &package.dependencies)
        .filter_map(|at| facts.packages.get(*at).map(|package| &package.id))
        .collect();
    let mut all = Vec::new();
    for ((name, source), [old, new]) in groups {
        // With its first lock file a project gets everything but itself.
        if before.is_empty() && *source == Source::Local {
            continue;
        }
        for (from, to) in pairs(&old, &new) {
            let judgement = to.and_then(|to| judgements.get(&to.id));
            all.push(Change {
                name: Arc::clone(name),
                source: source.clone(),
                from: from.map(|from| from.id.version.clone()),
                to: to.map(|to| to.id.version.clone()),
                pubtime: judgement.and_then(|judgement| judgement.pubtime),
                basis: judgement.and_then(|judgement| basis(judgement)).cloned(),
                asked: match asked {
                    Asked::Everything => true,
                    // What falls away was brought in by what moved.
                    Asked::Names(names) => {
                        let is_new = |to: &Package| from.is_none() && asked_there.contains(&to.id);
                        names.contains(&**name) || to.is_none_or(is_new)
                    }
                },
                newer_rust: None,
                dependencies: match (from, to) {
                    (Some(from), Some(to)) => {
                        Difference::between(&dependencies(from, before), &dependencies(to, &facts.packages))
                    }
                    (Some(_), None) | (None, _) => Difference::default(),
                },
                advisories: Difference::between(&advisories(from, facts), &advisories(to, facts)),
            });
        }
    }
    all
}

/// The releases before and after of one crate of one source: first those of one compatibility line, then any others, then those of which
/// only the bytes are others.
fn pairs<'p>(
    old: &BTreeMap<&Version, &'p Package>,
    new: &BTreeMap<&Version, &'p Package>,
) -> Vec<(Option<&'p Package>, Option<&'p Package>)> {
    let only_in =
        |one: &BTreeMap<&Version, &'p Package>, other: &BTreeMap<&Version, &'p Package>| -> Vec<&'p Package> {
            one.iter().filter(|(version, _)| !other.contains_key(*version)).map(|(_, package)| *package).collect()
        };
    let (mut gone, mut came) = (only_in(old, new), only_in(new, old));
    let mut pairs = Vec::new();
    came.retain(|to| match gone.iter().position(|from| same_line(&from.id.version, &to.id.version)) {
        Some(at) => {
            pairs.push((Some(gone.remove(at)), Some(*to)));
            false
        }
        None => true,
    });
    while !gone.is_empty() || !came.is_empty() {
        pairs.push((gone.pop(), came.pop()));
    }
    let same = old.iter().filter_map(|(version, from)| Some((*from, *new.get(version)?)));
    pairs.extend(same.filter(|(from, to)| from.checksum != to.checksum).map(|(from, to)| (Some(from), Some(to))));
    pairs
}

/// The names of what a package depends on in the lock file that has these packages.
fn dependencies(package: &Package, packages: &[Package]) -> BTreeSet<Arc<str>> {
    package.dependencies.iter().filter_map(|at| packages.get(*at)).map(|one| Arc::clone(&one.id.name)).collect()
}

/// The ids of the advisories that hit a release.
fn advisories(package: Option<&Package>, facts: &Facts) -> BTreeSet<Arc<str>> {
    let Some((package, crate_id)) = package.and_then(|one| Some((one, one.id.crate_id()?))) else {
        return BTreeSet::new();
    };
    advisory::hits(&facts.advisories, &crate_id, &package.id.version).map(|one| Arc::clone(&one.id)).collect()
}

/// The same with what they need of Rust, as far as that is more than the project promises. Where it promises nothing, whoever builds it
/// has a Rust that nobody here knows.
#[must_use]
pub(crate) fn with_rust(mut changes: Vec<Change>, facts: &Facts) -> Vec<Change> {
    let members = facts.packages.iter().filter_map(|package| package.local.as_ref()).filter(|local| local.member);
    let Some(declared) = members.filter_map(|local| local.rust_version.clone()).min() else { return changes };
    for change in &mut changes {
        let needed = change.after().and_then(|id| graph::rust_needed(facts, &id));
        change.newer_rust =
            needed.filter(|needed| *needed > declared).map(|needed| NewerRust { needed, declared: declared.clone() });
    }
    changes
}

/// The packages of a lock file that stay in it although they are not approved, and those that were let stay because they are yanked.
/// What is new, or may not stay, is not among them.
#[must_use]
pub(crate) fn kept(facts: &Facts, evaluation: &Evaluation, before: &Locked, stayed: &BTreeSet<PackageId>) -> Vec<Kept> {
    let packages = facts.packages.iter().zip(&evaluation.judgements);
    packages
        .filter_map(|(package, judgement)| {
            let because = match judgement.reasons() {
                Some(reasons) if may_stay(package, judgement, before) => HiddenBecause::Reasons(reasons.clone()),
                None if stayed.contains(&package.id) => HiddenBecause::Yanked,
                Some(_) | None => return None,
            };
            Some(Kept { package: package.id.clone(), because })
        })
        .collect()
}

/// The packages of a lock file that are not approved, whether they may stay or not, and those that were let stay because they are yanked.
#[must_use]
pub(crate) fn left(evaluation: &Evaluation, stayed: &BTreeSet<PackageId>) -> Vec<Kept> {
    let judgements = evaluation.judgements.iter();
    judgements
        .filter_map(|judgement| {
            let because = match judgement.reasons() {
                Some(reasons) => HiddenBecause::Reasons(reasons.clone()),
                None if stayed.contains(&judgement.id) => HiddenBecause::Yanked,
                None => return None,
            };
            Some(Kept { package: judgement.id.clone(), because })
        })
        .collect()
}

/// Whether anything is not approved beside what is kept.
#[must_use]
pub(crate) fn remains(evaluation: &Evaluation, kept: &[Kept]) -> bool {
    let not_approved = evaluation.judgements.iter().filter(|judgement| !judgement.passes());
    let kept: BTreeSet<&PackageId> = kept.iter().map(|kept| &kept.package).collect();
    not_approved.into_iter().any(|judgement| !kept.contains(&judgement.id))
}

/// The packages of registries that must move along when these do, because they ask for exactly what these leave: what a package that moves
/// to one release must accept is that release, and any other that may be used where it may go anywhere.
#[must_use]
pub(crate) fn in_lockstep(judge: &Judge<'_>, moving: &BTreeMap<usize, Option<Version>>) -> BTreeSet<usize> {
    let mut along = BTreeSet::new();
    let mut queue: Vec<(usize, Option<&Version>)> = moving.iter().map(|(at, to)| (*at, to.as_ref())).collect();
    while let Some((at, to)) = queue.pop() {
        let Some(package) = judge.facts.packages.get(at) else { continue };
        let elsewhere = places_to_go(judge, package, to);
        for dependent in judge.graph.dependents(at) {
            if moving.contains_key(dependent) || along.contains(dependent) {
                continue;
            }
            let from_registry = judge.facts.packages.get(*dependent).is_some_and(|one| one.id.crate_id().is_some());
            if from_registry && holds_back(judge, *dependent, package, &elsewhere) {
                along.insert(*dependent);
                queue.push((*dependent, None));
            }
        }
    }
    along
}

/// Where a package may go: the releases that may be used beside the one that it is.
fn places_to_go(judge: &Judge<'_>, package: &Package, to: Option<&Version>) -> Vec<Version> {
    if let Some(to) = to {
        return vec![to.clone()];
    }
    let Some(crate_id) = package.id.crate_id() else { return Vec::new() };
    let Some(history) = judge.history(&crate_id) else { return Vec::new() };
    let others = history.outlines().filter(|one| !one.yanked && one.version != package.id.version);
    let usable = others.filter(|one| matches!(judge.verdict(&crate_id, history, one), Verdict::Approved(_)));
    usable.map(|one| one.version.clone()).collect()
}

/// Whether a dependent accepts the package as it is and none of the places that it may go to.
fn holds_back(judge: &Judge<'_>, dependent: usize, package: &Package, places: &[Version]) -> bool {
    let asked = graph::requirements_of(judge.facts, dependent).unwrap_or_default();
    let crate_id = package.id.crate_id();
    asked.iter().any(|requirement| {
        graph::asked_for(&judge.facts.packages[dependent], requirement) == crate_id
            && requirement.req.matches(&package.id.version)
            && !places.iter().any(|version| requirement.req.matches(version))
    })
}

fn basis(judgement: &Judgement) -> Option<&Basis> {
    match &judgement.verdict {
        Some(Verdict::Approved(basis)) => Some(basis),
        Some(Verdict::Local | Verdict::Quarantined(_) | Verdict::Rejected(_)) | None => None,
    }
}

/// For every locked release of a registry: the newest release that all requirements of this graph accept, where that is newer and held.
#[must_use]
pub(crate) fn held(judge: &Judge<'_>) -> Vec<Held> {
    let graph = Graph::new(&judge.facts.packages);
    let packages = judge.facts.packages.iter().enumerate();
    packages.filter_map(|(position, package)| held_for(judge, &graph, position, package)).collect()
}

fn held_for(judge: &Judge<'_>, graph: &Graph, position: usize, package: &Package) -> Option<Held> {
    let crate_id = package.id.crate_id()?;
    let history = judge.history(&crate_id)?;
    let newer: Vec<&Outline> = history
        .outlines()
        .filter(|one| !one.yanked && one.version.pre.is_empty() && one.version > package.id.version)
        .collect();
    if newer.is_empty() {
        return None;
    }
    let requirements = graph::requirements(judge.facts, graph, position);
    let newest = newer
        .into_iter()
        .filter(|one| requirements.iter().all(|req| req.matches(&one.version)))
        .max_by(|one, other| one.version.cmp(&other.version))?;
    match judge.verdict(&crate_id, history, newest) {
        Verdict::Quarantined(reasons) | Verdict::Rejected(reasons) => {
            let candidate = Hidden::of(newest, HiddenBecause::Reasons(reasons));
            Some(Held { package: package.id.clone(), candidate })
        }
        Verdict::Local | Verdict::Approved(_) => None,
    }
}

/// The fixes that exist for what is locked and may not be used yet.
#[must_use]
pub(crate) fn held_fixes(evaluation: &Evaluation) -> Vec<HeldFix> {
    let judgements = evaluation.judgements.iter();
    judgements
        .flat_map(|judgement| {
            let held = judgement.fixes.iter().filter(|fix| matches!(fix.standing, FixStanding::Held(_)));
            held.map(|fix| HeldFix { package: judgement.id.clone(), fix: fix.clone() })
        })
        .collect()
}

/// What the commit that is checked out has.
#[derive(Clone, Debug, Default)]
pub(crate) struct Before {
    /// What its lock file names, with checksums.
    pub locked: Locked,
    /// Its allow-list.
    pub allowed: AllowList,
}

impl Before {
    /// From a lock file's packages and an allow-list.
    #[must_use]
    pub(crate) fn of(packages: &[Package], allowed: AllowList) -> Self {
        Self { locked: Locked::of(packages), allowed }
    }
}

/// Where each package that is not approved stays, by its position in the lock file; `None` where one of them may not, or where it could
/// not be decided.
///
/// What is locked may stay, only changes must be approved. Nothing of what stays is written, so one that nobody can replace today blocks
/// neither another crate's fix nor a removal.
#[must_use]
pub(crate) fn kept_places(
    facts: &Facts,
    evaluation: &Evaluation,
    found: &VendoredTree,
    before: &Before,
) -> Option<BTreeMap<usize, KeptPlace>> {
    if !(evaluation.blockers.is_empty() && evaluation.truncated.is_empty()) {
        return None;
    }
    let packages = facts.packages.iter().zip(&evaluation.judgements).enumerate();
    let held = packages.filter(|(_, (_, judgement))| !judgement.passes());
    held.map(|(at, (package, judgement))| Some((at, place(package, judgement, found, before)?))).collect()
}

fn place(package: &Package, judgement: &Judgement, found: &VendoredTree, before: &Before) -> Option<KeptPlace> {
    if !may_stay(package, judgement, &before.locked) {
        return None;
    }
    let id = AllowedId::of(&package.id)?;
    let release = before.allowed.releases.get(&id)?;
    if release.checksum != checksum(package) {
        return None;
    }
    let directory = found.directories.iter().find(|directory| {
        let is_its_own = directory
            .manifest
            .known()
            .is_some_and(|(name, version)| *name == package.id.name && *version == package.id.version);
        is_its_own && directory.whole().is_some_and(|listed| listed.tree_digest() == release.tree)
    })?;
    Some(KeptPlace { directory: directory.name.clone(), tree: release.tree, stub: release.stub })
}

/// Whether a package that is not approved may stay in the lock file: exactly these bytes were locked before, and nothing says that they do
/// harm or are others.
#[must_use]
pub(crate) fn may_stay(package: &Package, judgement: &Judgement, before: &Locked) -> bool {
    let forbids =
        |code| matches!(code, ReasonCode::Malicious | ReasonCode::ChecksumMismatch | ReasonCode::ChecksumMissing);
    let reasons = judgement.reasons();
    reasons.is_some_and(|reasons| !reasons.iter().any(|reason| forbids(reason.code()))) && before.has(package)
}

const fn checksum(package: &Package) -> Option<Checksum> {
    match package.checksum {
        LockedChecksum::Known(checksum) => Some(checksum),
        LockedChecksum::Missing | LockedChecksum::Malformed(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::{Before, held, in_lockstep, kept, kept_places, left, remains};
    use crate::model::advisory::{Advisory, AdvisoryKind};
    use crate::model::allow_list::{AllowList, AllowedId, AllowedRelease};
    use crate::model::evaluation::{Blocker, Evaluation};
    use crate::model::package::{Locked, PackageId};
    use crate::model::resolution::Kept;
    use crate::model::vendored::{
        EntryKind, FileDigest, Stated, VendorChecksums, VendoredDirectory, VendoredEntry, VendoredTree,
    };
    use crate::model::vendoring::KeptPlace;
    use crate::policy::by_hand::{World, checksum, days_ago, line, now, package, version, vulnerability};
    use crate::policy::evaluate;

    #[test]
    fn only_what_was_locked_and_may_stay_is_kept() {
        let world = World::new().publish("held", "1.0.0", 1).publish("new", "1.0.0", 1).publish("evil", "1.0.0", 90);
        let world = world
            .publish("fine", "1.0.0", 90)
            .advise(Advisory { kind: AdvisoryKind::Malicious, ..vulnerability("evil", &[]) });
        let names = ["held", "new", "evil", "fine"];
        let world = names.into_iter().fold(world, |world, name| world.lock(name, "1.0.0", &["app"]));
        let before = Locked::of(&["held", "evil", "fine"].map(|name| package(name, "1.0.0")));
        let evaluation = evaluate(&world.facts, &world.policy, &Vec::new(), now());
        let kept = kept(&world.facts, &evaluation, &before, &BTreeSet::new());
        let kept: Vec<_> = kept.iter().map(|one| &*one.package.name).collect();
        assert_eq!(kept, ["held"]);
    }

    #[test]
    fn whoever_takes_none_of_the_places_that_a_package_may_go_to_moves_along() {
        let asking = |name: &str, req: &str| line(name, "1.0.0", days_ago(90), &[("foo", req)]);
        let mut yanked = line("foo", "1.0.1", days_ago(90), &[]);
        yanked["yanked"] = true.into();
        let world = World::new().publish("foo", "1.0.0", 90).publish_line(&yanked).publish("foo", "1.1.0", 90);
        // Of `patches` only a yanked release would do, and nothing of `foo` is asked by `aside`.
        let world = world.publish("foo", "1.2.0", 1).publish_line(&asking("exact", "=1.0.0"));
        let world = world.publish_line(&asking("patches", "~1.0")).publish_line(&asking("young", ">=1.0.0, <1.1.0"));
        let world = world.publish_line(&asking("any", "^1.0")).publish("aside", "1.0.0", 90);
        let dependents = ["exact", "patches", "young", "any", "aside"];
        let world = dependents.into_iter().fold(world, |world, name| world.lock(name, "1.0.0", &["app"]));
        let world = world.lock("foo", "1.0.0", &["app", "exact", "patches", "young", "any", "aside"]);
        let judge = world.judge();
        let along = |moving: &[(&str, Option<&str>)]| {
            let moving: BTreeMap<_, _> = moving.iter().map(|(name, to)| (world.at(name), to.map(version))).collect();
            let along = in_lockstep(&judge, &moving).into_iter();
            along.map(|at| &*world.facts.packages[at].id.name).collect::<Vec<_>>()
        };
        assert_eq!(along(&[("foo", None)]), ["exact", "patches", "young"]);
        assert_eq!(along(&[("foo", Some("1.1.0"))]), ["exact", "patches", "young"]);
        assert_eq!(along(&[("foo", Some("1.0.1"))]), ["exact"]);
        // What moves already is not taken along: where to was asked.
        assert_eq!(along(&[("foo", None), ("exact", Some("1.1.0"))]), ["patches", "young"]);
    }

    #[test]
    fn what_is_not_approved_remains_unless_it_is_kept_and_the_rest_is_told_of() {
        let world = World::new().publish("held", "1.0.0", 1).publish("new", "1.0.0", 1).publish("fine", "1.0.0", 90);
        let locked =
            |world: World, names: &[&str]| names.iter().fold(world, |world, name| world.lock(name, "1.0.0", &["app"]));
        let world = locked(world, &["held", "new", "fine"]);
        let evaluation = evaluate(&world.facts, &world.policy, &Vec::new(), now());
        let stayed = BTreeSet::from([package("fine", "1.0.0").id]);
        let names = |kept: Vec<Kept>| kept.into_iter().map(|one| one.package.name.to_string()).collect::<Vec<_>>();
        let before = Locked::of(&[package("held", "1.0.0")]);
        let kept_of = |stayed: &BTreeSet<PackageId>| kept(&world.facts, &evaluation, &before, stayed);
        assert_eq!(names(kept_of(&stayed)), ["held", "fine"]);
        assert_eq!(names(left(&evaluation, &stayed)), ["held", "new", "fine"]);
        assert_eq!(names(left(&evaluation, &BTreeSet::new())), ["held", "new"]);
        assert!(remains(&evaluation, &kept_of(&stayed)) && remains(&evaluation, &[]));
        assert!(!remains(&evaluation, &left(&evaluation, &stayed)));
        let fine = locked(World::new().publish("fine", "1.0.0", 90), &["fine"]);
        assert!(!remains(&evaluate(&fine.facts, &fine.policy, &Vec::new(), now()), &[]));
    }

    #[test]
    fn what_is_held_is_the_newest_release_that_the_graph_accepts() {
        let held_of = |releases: &[(&str, i64, bool)]| {
            let mut world = World::new().publish("foo", "1.0.0", 90).ask("foo", "^1.0").lock("foo", "1.0.0", &["app"]);
            for (number, days, yanked) in releases {
                let mut line = line("foo", number, days_ago(*days), &[]);
                line["yanked"] = (*yanked).into();
                world = world.publish_line(&line);
            }
            let held = held(&world.judge()).into_iter();
            held.map(|one| one.candidate.version.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(held_of(&[("1.1.0", 2, false), ("1.2.0", 1, false), ("2.0.0", 1, false)]), ["1.2.0"]);
        assert_eq!(held_of(&[("1.1.0", 2, false), ("1.2.0", 1, true), ("1.3.0-rc.1", 1, false)]), ["1.1.0"]);
        assert_eq!(held_of(&[("1.1.0", 60, false), ("0.9.9", 1, false)]), [""; 0]);
        // The locked release itself is nothing newer, however young it is.
        let young = World::new().publish("foo", "1.0.0", 1).lock("foo", "1.0.0", &["app"]);
        assert_eq!(held(&young.judge()), []);
    }

    #[test]
    fn what_is_held_stays_vendored_where_these_very_bytes_were_allowed_and_lie_there_whole() {
        let world = World::new().publish("held", "1.0.0", 1).publish("fine", "1.0.0", 90);
        let world = world.lock("held", "1.0.0", &["app"]).lock("fine", "1.0.0", &["app"]);
        let files = || VendorChecksums {
            files: [("a".to_owned(), checksum("a"))].into(),
            package: Some(checksum("held@1.0.0")),
        };
        let folder = |name: &str, number: &str, text: &str| {
            let file = FileDigest { digest: checksum(text), with_line_feeds: None };
            VendoredTree {
                directories: vec![VendoredDirectory {
                    name: "held".to_owned(),
                    manifest: Stated::Known((name.into(), version(number))),
                    listed: Stated::Known(files()),
                    entries: vec![VendoredEntry { path: "a".to_owned(), kind: EntryKind::File(file) }],
                }],
                ..VendoredTree::default()
            }
        };
        let before = |bytes: &str, tree| {
            let release = AllowedRelease { checksum: Some(checksum(bytes)), tree, stub: false };
            let id = AllowedId::of(&package("held", "1.0.0").id);
            let releases = id.map(|id| (id, release)).into_iter().collect();
            Before::of(&[package("held", "1.0.0")], AllowList { releases, platforms: Vec::new() })
        };
        let evaluation = evaluate(&world.facts, &world.policy, &Vec::new(), now());
        let places = |found: &VendoredTree, before: &Before| kept_places(&world.facts, &evaluation, found, before);
        let (found, tree) = (folder("held", "1.0.0", "a"), files().tree_digest());
        let place = KeptPlace { directory: "held".to_owned(), tree, stub: false };
        let own = before("held@1.0.0", tree);
        assert_eq!(places(&found, &own), Some(BTreeMap::from([(world.at("held"), place)])));
        for other in [folder("other", "1.0.0", "a"), folder("held", "1.0.1", "a"), folder("held", "1.0.0", "b")] {
            assert_eq!(places(&other, &own), None, "{other:?}");
        }
        for other in [before("other", tree), before("held@1.0.0", checksum("tree")), Before::default()] {
            assert_eq!(places(&found, &other), None, "{other:?}");
        }
        let unlocked = Before { locked: Locked::default(), ..own.clone() };
        assert_eq!(places(&found, &unlocked), None);
        let blocker = Blocker::AdvisoriesUnavailable { source: String::new(), cause: String::new() };
        let undecided = Evaluation { blockers: vec![blocker], ..evaluation.clone() };
        assert_eq!(kept_places(&world.facts, &undecided, &found, &own), None);
    }
}
