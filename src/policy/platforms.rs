//! Which packages some platform can build: those that a chain of dependencies reaches whose every link holds on that platform.
//!
//! Where it is not known what a link asks for, it holds: a package too many costs space, one too few costs the build. Only the named
//! platforms count, also for build scripts and procedural macros, so that the answer is the same on every machine; who builds on
//! another platform than the named ones names that too.

use std::collections::VecDeque;

use cargo_platform::Platform;

use super::graph::requirements_of;
use crate::model::facts::Facts;
use crate::model::index_line::Requirement;
use crate::model::package::Package;
use crate::model::plan::TargetPlatform;
use crate::model::source::Source;

/// What a package of the lock file, by its position, asks of registries; `None` where nobody knows.
pub type Asked<'a> = dyn Fn(usize) -> Option<Vec<Requirement>> + 'a;

/// For each package of the lock file, whether a named platform can build it; all of them where none is named.
#[must_use]
pub fn built(facts: &Facts, targets: &[TargetPlatform]) -> Vec<bool> {
    built_by(&facts.packages, &|at| requirements_of(facts, at), targets)
}

/// The same, of packages whose requirements are known by other means than the index.
#[must_use]
pub fn built_by(packages: &[Package], asked: &Asked<'_>, targets: &[TargetPlatform]) -> Vec<bool> {
    if targets.is_empty() {
        return vec![true; packages.len()];
    }
    let mut built = vec![false; packages.len()];
    for target in targets {
        for (at, reached) in reached(packages, asked, target).into_iter().enumerate() {
            if let Some(known) = built.get_mut(at) {
                *known |= reached;
            }
        }
    }
    built
}

fn reached(packages: &[Package], asked: &Asked<'_>, target: &TargetPlatform) -> Vec<bool> {
    let mut reached = vec![false; packages.len()];
    let mut queue: VecDeque<usize> = roots(packages).into();
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
fn roots(packages: &[Package]) -> Vec<usize> {
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
