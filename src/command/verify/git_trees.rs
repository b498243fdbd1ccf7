//! Vendored git dependencies, derived again: stock cargo vendors them from the locked commit in a home of its own, whose checkouts nobody
//! can have altered. What they need of registries it takes from the vendored packages.

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};

use super::Scene;
use crate::gather::cargo_config::{CargoConfig, ConfiguredRegistry};
use crate::gather::clean_place::{CleanPlace, CleanPlaceError};
use crate::gather::environment::Environment;
use crate::gather::git_packages::{self, GitRequest};
use crate::model::package::{Package, PackageId};
use crate::model::source::{Registry, Source};
use crate::model::verification::{Undecided, Verification};
use crate::policy::vendored::{Derived, derived};

/// Variables that would make the cargo that derives do something else than stock cargo.
const LEFT_OUT: [&str; 6] = ["CARGO_", "RUSTC", "RUSTDOC", "RUSTFLAGS", "RUSTDOCFLAGS", "GIT_"];
/// Of these, those that say how the network is reached.
const KEPT: [&str; 3] = ["CARGO_HTTP_", "CARGO_NET_", "GIT_SSH"];

/// How cargo may be run.
pub(super) struct Deriving<'a> {
    pub(super) config: &'a CargoConfig,
    pub(super) trusted: &'a CargoConfig,
    pub(super) offline: bool,
    pub(super) environment: &'a Environment,
}

/// Derives these packages, each repository by itself: what cannot be had of one says nothing of the others.
pub(super) fn add(scene: &Scene<'_>, wanted: &[&Package], deriving: &Deriving<'_>, verification: &mut Verification) {
    let mut repositories: BTreeMap<&Source, Vec<&Package>> = BTreeMap::new();
    for package in wanted {
        repositories.entry(&package.id.source).or_default().push(package);
    }
    for packages in repositories.values() {
        let ids: Vec<&PackageId> = packages.iter().map(|package| &package.id).collect();
        match one(scene, &ids, deriving) {
            Ok(found) => {
                for (package, listed) in packages.iter().zip(found) {
                    let held = scene.held();
                    // What has no entry or no folder is a finding already.
                    let (Some(release), Some(directory)) = (held.allowance(package), held.directory(package)) else {
                        continue;
                    };
                    let recorded = release.tree;
                    match derived(&Derived { id: &package.id, directory, checksums: &listed, recorded }) {
                        Some(finding) => verification.findings.push(finding),
                        None => verification.counts.derived += 1,
                    }
                }
            }
            Err(cause) => verification
                .blockers
                .extend(ids.into_iter().map(|id| Undecided::GitTree { id: id.clone(), cause: cause.clone() })),
        }
    }
}

fn one(
    scene: &Scene<'_>,
    ids: &[&PackageId],
    deriving: &Deriving<'_>,
) -> Result<Vec<crate::model::vendored::VendorChecksums>, String> {
    if ids.iter().any(|id| matches!(&id.source, Source::Git(git) if git.commit.is_none())) {
        return Err(
            "the lock file names no commit of it\nhelp: let cargo write the lock file anew: cargo update --workspace"
                .to_owned(),
        );
    }
    let (home, environment) = home(deriving).map_err(|error| error.to_string())?;
    let (proven, registries) = proven(scene);
    let names: Vec<(String, String)> = match deriving.config.registries() {
        Ok(registries) => registries.iter().filter_map(ConfiguredRegistry::index_variable).collect(),
        Err(error) => return Err(error.to_string()),
    };
    let request = GitRequest {
        root: &scene.subject.root,
        lock: &scene.subject.lock_path,
        offline: deriving.offline,
        proven: &proven,
        registries: &registries,
        names: &names,
    };
    let vendored = git_packages::vendor(ids, &request, &environment).map_err(|error| error.to_string());
    drop(home);
    Ok(vendored?.packages.into_iter().map(|package| package.listed).collect())
}

/// The vendored packages of registries, and where those come from.
fn proven(scene: &Scene<'_>) -> (Vec<Utf8PathBuf>, BTreeSet<Registry>) {
    let held = scene.held();
    let (mut folders, mut registries) = (Vec::new(), BTreeSet::new());
    for package in &scene.subject.lock.packages {
        if let (Source::Registry(registry), Some(directory)) = (&package.id.source, held.directory(package)) {
            folders.push(scene.place.join(&directory.name));
            registries.insert(registry.clone());
        }
    }
    (folders, registries)
}

/// An empty home. Offline it has the user's repositories, whose objects git knows by their content; never the user's checkouts.
fn home(deriving: &Deriving<'_>) -> Result<(CleanPlace, Environment), CleanPlaceError> {
    let place = CleanPlace::make("sequester-home-")?;
    place.write("config.toml", &deriving.trusted.for_fetching())?;
    let repositories = deriving.environment.cargo_home().join("git/db");
    if deriving.offline && repositories.is_dir() {
        place.folder("git")?;
        link(&repositories, &place.path().join("git/db"))?;
    }
    let stays = |name: &str| {
        name == "CARGO"
            || KEPT.iter().any(|prefix| name.starts_with(prefix))
            || !LEFT_OUT.iter().any(|prefix| name.starts_with(prefix))
    };
    let variables = deriving.environment.iter().filter(|(name, _)| stays(name));
    let home = [("CARGO_HOME", place.path().as_str())];
    let variables: Vec<(String, String)> =
        variables.chain(home).map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    Ok((place, deriving.environment.with(variables)))
}

#[cfg(unix)]
fn link(from: &Utf8Path, to: &Utf8Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(from, to)
}

/// Without links cargo says that it has no such repository, and that is what is told.
#[cfg(not(unix))]
fn link(_from: &Utf8Path, _to: &Utf8Path) -> std::io::Result<()> {
    Ok(())
}
