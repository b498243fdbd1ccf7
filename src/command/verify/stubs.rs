//! Whether no recorded platform needs what is a stub. The allow-list says which packages are; that alone would let a change put an empty
//! package in the place of one that is built.

use super::Scene;
use crate::archive::VerifiedManifest;
use crate::gather::environment::Environment;
use crate::gather::target;
use crate::gather::vendor_tree::{MAX_STATEMENT, read_bounded};
use crate::model::index_line::{DependencyKind, Requirement};
use crate::model::package::Package;
use crate::model::verification::{Finding, Undecided, Verification};
use crate::policy::graph::built_by;

/// Adds every stub that a recorded platform can build. What is asked of whom is read from the vendored manifests, which stubs have whole.
pub(super) fn check(scene: &Scene<'_>, environment: &Environment, verification: &mut Verification) {
    let (held, packages) = (scene.held(), &scene.subject.lock.packages);
    let is_stub = |package: &Package| held.allowance(package).is_some_and(|release| release.stub);
    if !packages.iter().any(is_stub) {
        return;
    }
    let platforms = scene.allowed.as_ref().map(|allowed| allowed.platforms.as_slice()).unwrap_or_default();
    let asked = |at: usize| requirements(scene, packages.get(at)?);
    let mut needed = vec![Vec::new(); packages.len()];
    for platform in platforms {
        let target = match target::read(platform, environment) {
            Ok(target) => target,
            Err(error) => return verification.blockers.push(Undecided::Platform(error.to_string())),
        };
        for (at, is_built) in built_by(packages, &asked, std::slice::from_ref(&target)).into_iter().enumerate() {
            if is_built && let Some(needed) = needed.get_mut(at) {
                needed.push(platform.clone());
            }
        }
    }
    for (package, needed) in packages.iter().zip(needed).filter(|(package, _)| is_stub(package)) {
        if platforms.is_empty() || !needed.is_empty() {
            verification.findings.push(Finding::StubNeeded { id: package.id.clone(), platforms: needed });
        }
    }
}

fn requirements(scene: &Scene<'_>, package: &Package) -> Option<Vec<Requirement>> {
    if let Some(local) = &package.local {
        return Some(local.requirements.clone());
    }
    let directory = scene.held().directory(package)?;
    let path = scene.place.join(&directory.name).join("Cargo.toml");
    let text = read_bounded(&path, MAX_STATEMENT).ok()??;
    let manifest = VerifiedManifest::of_vendored(&text, &package.id).ok()?;
    let needed = manifest.requirements().iter().filter(|requirement| requirement.kind != DependencyKind::Dev);
    Some(needed.cloned().collect())
}
