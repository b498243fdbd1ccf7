//! The graph of a lock file: who pulls a package in, what is asked of it, and which platforms can build it.

use std::borrow::Cow;
use std::collections::{BTreeSet, VecDeque};

use cargo_platform::Platform;
use semver::{Version, VersionReq};

use crate::model::facts::{Facts, IndexFact};
use crate::model::index_line::{DependencyKind, Requirement};
use crate::model::package::{CrateId, Line, Package, PackageId};
use crate::model::source::{Registry, Source};
use crate::model::vendoring::TargetPlatform;

/// No honest way is longer; a lock file that is one long chain must not cost the square of its length.
const LONGEST_PATH: usize = 100;

/// The edges of a lock file, both ways, and a shortest path to everything.
#[derive(Debug)]
pub struct Graph {
    dependents: Vec<Vec<usize>>,
    /// The package before this one on a shortest path from a root; itself for a root.
    parents: Vec<usize>,
    /// The root at the start of that path; the package itself where no root reaches it.
    origins: Vec<usize>,
}

impl Graph {
    /// Reads the edges. Roots are the workspace's members; where those are unknown, every local package, and failing that every
    /// package that nothing depends on.
    #[must_use]
    pub fn new(packages: &[Package]) -> Self {
        let mut dependents = vec![Vec::new(); packages.len()];
        for (position, package) in packages.iter().enumerate() {
            for dependency in &package.dependencies {
                if let Some(list) = dependents.get_mut(*dependency) {
                    list.push(position);
                }
            }
        }
        let (parents, origins) = shortest_paths(packages, &dependents);
        Self { dependents, parents, origins }
    }

    /// The packages that depend on this one, in the lock file's order.
    #[must_use]
    pub fn dependents(&self, package: usize) -> &[usize] {
        self.dependents.get(package).map_or(&[], Vec::as_slice)
    }

    /// The packages that no other is needed for: see [`Graph::new`].
    #[must_use]
    pub fn roots(&self, packages: &[Package]) -> Vec<usize> {
        roots(packages, &self.dependents).into()
    }

    /// A shortest path from a root to the package, both included; just the package where no root reaches it.
    #[must_use]
    pub fn path(&self, package: usize) -> Vec<usize> {
        let mut path = vec![package];
        let mut at = package;
        while let Some(parent) = self.parents.get(at).copied().filter(|parent| *parent != at) {
            if path.len() + 1 == LONGEST_PATH {
                path.push(self.origins[at]);
                break;
            }
            path.push(parent);
            at = parent;
        }
        path.reverse();
        path
    }
}

fn roots(packages: &[Package], dependents: &[Vec<usize>]) -> VecDeque<usize> {
    let roots = |choose: &dyn Fn(usize) -> bool| (0..packages.len()).filter(|at| choose(*at)).collect::<VecDeque<_>>();
    let is_member = |at: usize| packages[at].local.as_ref().is_some_and(|local| local.member);
    let mut queue = roots(&is_member);
    if queue.is_empty() {
        queue = roots(&|at| packages[at].id.source == Source::Local && dependents[at].is_empty());
    }
    if queue.is_empty() {
        queue = roots(&|at| dependents[at].is_empty());
    }
    queue
}

/// Each package's place in the order of names, versions and sources.
fn ranks(packages: &[Package]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..packages.len()).collect();
    order.sort_by(|one, other| packages[*one].id.cmp(&packages[*other].id));
    let mut ranks = vec![0; packages.len()];
    for (rank, package) in order.into_iter().enumerate() {
        ranks[package] = rank;
    }
    ranks
}

/// For every package the one before it on a shortest path, and that path's root.
fn shortest_paths(packages: &[Package], dependents: &[Vec<usize>]) -> (Vec<usize>, Vec<usize>) {
    let mut queue = roots(packages, dependents);
    // Of several shortest paths the first by names and versions, wherever the lock file has them.
    let ranks = ranks(packages);
    queue.make_contiguous().sort_unstable_by_key(|at| ranks[*at]);
    let mut parents: Vec<usize> = (0..packages.len()).collect();
    let mut origins = parents.clone();
    let mut seen = vec![false; packages.len()];
    for root in &queue {
        seen[*root] = true;
    }
    while let Some(at) = queue.pop_front() {
        let mut dependencies = packages[at].dependencies.clone();
        dependencies.retain(|next| *next < packages.len());
        dependencies.sort_unstable_by_key(|next| ranks[*next]);
        for next in dependencies {
            if !std::mem::replace(&mut seen[next], true) {
                parents[next] = at;
                origins[next] = origins[at];
                queue.push_back(next);
            }
        }
    }
    (parents, origins)
}

/// Every requirement that this graph puts on a package: one list entry per dependent and dependency line; never empty. Where a
/// dependent's own requirements are not known, the locked version's compatible line stands in.
#[must_use]
pub(crate) fn requirements(facts: &Facts, graph: &Graph, package: usize) -> Vec<VersionReq> {
    requirements_by(facts, graph, package, |dependent| requirements_of(facts, dependent).unwrap_or_default().into())
}

/// The same for whoever asks about many packages and has read beforehand what each of them asks; nothing where nobody knows.
#[must_use]
pub(crate) fn requirements_by<'r>(
    facts: &Facts,
    graph: &Graph,
    package: usize,
    asked_by: impl Fn(usize) -> Cow<'r, [Requirement]>,
) -> Vec<VersionReq> {
    let Some(target) = facts.packages.get(package) else { return Vec::new() };
    let dependents = graph.dependents(package).iter();
    let mut all: Vec<VersionReq> =
        dependents.flat_map(|dependent| asked_of(facts, &target.id, *dependent, &asked_by(*dependent))).collect();
    if all.is_empty() {
        all.push(compatible_with(&line(&target.id.version)));
    }
    all
}

/// The requirements on a package that stand in manifests which nobody can edit here; `None` where no other asks for it.
#[must_use]
pub(crate) fn requirements_of_others(facts: &Facts, graph: &Graph, package: usize) -> Option<Vec<VersionReq>> {
    let target = facts.packages.get(package)?;
    let is_own = |at: &&usize| facts.packages[**at].local.as_ref().is_some_and(|local| local.inside_workspace);
    let (own, others): (Vec<&usize>, Vec<&usize>) = graph.dependents(package).iter().partition(is_own);
    if own.is_empty() {
        return None;
    }
    let of = |at: &usize| asked_of(facts, &target.id, *at, &requirements_of(facts, *at).unwrap_or_default());
    Some(others.into_iter().flat_map(of).collect())
}

/// What one dependent asks of a package; the compatible line of the locked version where that is not known.
fn asked_of(facts: &Facts, target: &PackageId, dependent: usize, asked: &[Requirement]) -> Vec<VersionReq> {
    let crate_id = target.crate_id();
    let found = asked
        .iter()
        .filter(|requirement| requirement.name == target.name)
        .filter(|requirement| asked_for(&facts.packages[dependent], requirement) == crate_id)
        .filter(|requirement| requirement.req.matches(&target.version))
        .map(|requirement| requirement.req.clone());
    let found: Vec<VersionReq> = found.collect();
    if found.is_empty() { vec![compatible_with(&line(&target.version))] } else { found }
}

/// The crate that a package's requirement asks for. Packages outside any registry ask crates.io where they name no other.
#[must_use]
pub(crate) fn asked_for(package: &Package, requirement: &Requirement) -> Option<CrateId> {
    let registry = match (&requirement.registry, &package.id.source) {
        (Some(url), _) => Registry::parse(url).ok()?,
        (None, Source::Registry(registry)) => registry.clone(),
        (None, Source::Local | Source::Git(_) | Source::Other(_)) => Registry::CratesIo,
    };
    Some(CrateId { registry, name: requirement.name.clone() })
}

/// Where a package asks so for another one, as far as it can be edited here.
#[must_use]
pub(crate) fn lines(package: &Package, of: &PackageId, req: &VersionReq) -> Vec<Line> {
    let (Some(local), Some(crate_id)) = (&package.local, of.crate_id()) else { return Vec::new() };
    let lines: BTreeSet<&Line> = local.lines(&crate_id, req).map(|written| &written.at).collect();
    lines.into_iter().cloned().collect()
}

/// What a locked package asks of others; `None` where nobody knows.
#[must_use]
pub(crate) fn requirements_of(facts: &Facts, package: usize) -> Option<Vec<Requirement>> {
    asks_of(facts, facts.packages.get(package)?)
}

/// What a package of any lock file asks of others; `None` where nobody knows.
#[must_use]
pub(crate) fn asks_of(facts: &Facts, package: &Package) -> Option<Vec<Requirement>> {
    if let Some(local) = &package.local {
        return Some(local.requirements.clone());
    }
    match facts.index.get(&package.id.crate_id()?)? {
        IndexFact::Read(history) => {
            let release = history.release(&package.id.version).ok()??;
            Some(release.dependencies.iter().filter(|one| one.kind != DependencyKind::Dev).cloned().collect())
        }
        IndexFact::Gone | IndexFact::Unavailable(_) => None,
    }
}

/// The Rust that a registry's release asks for, as its index line says.
#[must_use]
pub(crate) fn rust_needed(facts: &Facts, id: &PackageId) -> Option<Version> {
    match facts.index.get(&id.crate_id()?)? {
        IndexFact::Read(history) => history.release(&id.version).ok()??.rust_version.clone(),
        IndexFact::Gone | IndexFact::Unavailable(_) => None,
    }
}

/// The caret requirement of a version: what cargo takes for compatible.
#[must_use]
pub(crate) fn compatible_with(version: &Version) -> VersionReq {
    VersionReq {
        comparators: vec![semver::Comparator {
            op: semver::Op::Caret,
            major: version.major,
            minor: Some(version.minor),
            patch: Some(version.patch),
            pre: version.pre.clone(),
        }],
    }
}

/// Whether a release is newer than another and cargo takes it where the other is asked for: a pre-release only where the other one is
/// a pre-release of the same number.
#[must_use]
pub(crate) fn serves(older: &Version, newer: &Version) -> bool {
    newer > older && same_line(older, newer) && compatible_with(older).matches(newer)
}

/// Whether two versions are on one compatibility line: the same leftmost number that is not zero.
#[must_use]
pub(crate) const fn same_line(one: &Version, other: &Version) -> bool {
    if one.major != other.major {
        return false;
    }
    if one.major > 0 {
        return true;
    }
    if one.minor != other.minor {
        return false;
    }
    one.minor > 0 || one.patch == other.patch
}

/// The lowest version of a compatibility line, which stands for the line.
#[must_use]
pub(crate) const fn line(version: &Version) -> Version {
    match (version.major, version.minor) {
        (0, 0) => Version::new(0, 0, version.patch),
        (0, minor) => Version::new(0, minor, 0),
        (major, _) => Version::new(major, 0, 0),
    }
}

/// What a package of the lock file, by its position, asks of registries; `None` where nobody knows.
pub(crate) type Asked<'a> = dyn Fn(usize) -> Option<Vec<Requirement>> + 'a;

/// For each package of the lock file, whether a named platform can build it; all of them where none is named.
///
/// Where it is not known what a link asks for, it holds: a package too many costs space, one too few costs the build. Only the named
/// platforms count, also for build scripts and procedural macros, so that the answer is the same on every machine; who builds on
/// another platform than the named ones names that too.
#[must_use]
pub(crate) fn built_on(facts: &Facts, targets: &[TargetPlatform]) -> Vec<bool> {
    built_by(&facts.packages, &|at| requirements_of(facts, at), targets)
}

/// The same, of packages whose requirements are known by other means than the index.
#[must_use]
pub(crate) fn built_by(packages: &[Package], asked: &Asked<'_>, targets: &[TargetPlatform]) -> Vec<bool> {
    if targets.is_empty() {
        return vec![true; packages.len()];
    }
    let mut built = vec![false; packages.len()];
    for target in targets {
        for (at, reached) in reached_on(packages, asked, target).into_iter().enumerate() {
            if let Some(known) = built.get_mut(at) {
                *known |= reached;
            }
        }
    }
    built
}

fn reached_on(packages: &[Package], asked: &Asked<'_>, target: &TargetPlatform) -> Vec<bool> {
    let mut reached = vec![false; packages.len()];
    let mut queue: VecDeque<usize> = build_roots(packages).into();
    for root in &queue {
        reached[*root] = true;
    }
    while let Some(at) = queue.pop_front() {
        let asked = asked(at);
        for next in packages[at].dependencies.iter().copied() {
            let Some(dependency) = packages.get(next) else { continue };
            if !reached[next] && holds(&packages[at], asked.as_deref(), dependency, target) {
                reached[next] = true;
                queue.push_back(next);
            }
        }
    }
    reached
}

/// The workspace's members; where they are not known, every package without a source, or else every package.
fn build_roots(packages: &[Package]) -> Vec<usize> {
    let positions = |choose: &dyn Fn(&Package) -> bool| -> Vec<usize> {
        packages.iter().enumerate().filter(|(_, package)| choose(package)).map(|(at, _)| at).collect()
    };
    let members = positions(&|package| package.local.as_ref().is_some_and(|local| local.member));
    let local = if members.is_empty() { positions(&|package| package.id.source == Source::Local) } else { members };
    if local.is_empty() { (0..packages.len()).collect() } else { local }
}

/// Whether the platform builds `dependency` for `package`.
fn holds(package: &Package, asked: Option<&[Requirement]>, dependency: &Package, target: &TargetPlatform) -> bool {
    let Some(asked) = asked else { return true };
    // A manifest's requirements on folders and repositories are not among those that are known.
    if package.id.source == Source::Local && !matches!(dependency.id.source, Source::Registry(_)) {
        return true;
    }
    let mut known = false;
    for requirement in asked {
        if *requirement.name == *dependency.id.name && requirement.req.matches(&dependency.id.version) {
            known = true;
            let platform = requirement.target.as_deref().map(str::parse::<Platform>);
            match platform {
                None | Some(Err(_)) => return true,
                Some(Ok(platform)) if platform.matches(&target.triple, &target.cfgs) => return true,
                Some(Ok(_)) => {}
            }
        }
    }
    !known
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by it")]

    use super::{built_on, requirements_of_others};
    use crate::model::source::Source;
    use crate::model::vendoring::TargetPlatform;
    use crate::policy::by_hand::{World, days_ago, line};

    #[test]
    fn what_others_ask_stands_whatever_this_workspaces_manifests_are_edited_to() {
        let asking = line("bar", "1.0.0", days_ago(90), &[("foo", "^1.0"), ("deep", "^1.0")]);
        let world = World::new().publish_line(&asking).ask("foo", "=1.0.0").ask("bar", "1.0.0");
        let world =
            world.lock("bar", "1.0.0", &["app"]).lock("foo", "1.0.0", &["app", "bar"]).lock("deep", "1.0.0", &["bar"]);
        let judge = world.judge();
        let of_others = |name: &str| {
            let all = requirements_of_others(&world.facts, &judge.graph, world.at(name))?;
            Some(all.iter().map(ToString::to_string).collect::<Vec<_>>())
        };
        assert_eq!(of_others("foo"), Some(vec!["^1.0".to_owned()]));
        assert_eq!(of_others("bar"), Some(Vec::new()));
        // No edit here reaches it.
        assert_eq!(of_others("deep"), None);
    }

    #[test]
    fn what_a_manifest_asks_for_on_another_platform_is_not_built_on_this_one() {
        let world = World::new().ask("foo", "1.0.0").ask("bar", "1.0.0").lock("foo", "1.0.0", &["app"]);
        let world = world.lock("bar", "1.0.0", &["app"]).lock("tool", "1.0.0", &["app"]).with(|world| {
            let tool = world.at("tool");
            world.facts.packages[tool].id.source = Source::Local;
            world.facts.packages[0].local.as_mut().unwrap().requirements[0].target = Some("cfg(windows)".to_owned());
        });
        let on = |triple: &str, cfg: &str| {
            let platform = TargetPlatform { triple: triple.to_owned(), cfgs: vec![cfg.parse().unwrap()] };
            built_on(&world.facts, &[platform])
        };
        // `app`, `foo`, `bar`, and a folder whose requirement is not among those that are known.
        assert_eq!(on("x86_64-unknown-linux-gnu", "unix"), [true, false, true, true]);
        assert_eq!(on("x86_64-pc-windows-msvc", "windows"), [true; 4]);
    }
}
