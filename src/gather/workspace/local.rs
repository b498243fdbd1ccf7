//! The packages that cargo builds from this machine's folders: members, path dependencies, `[patch]` paths.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use cargo_metadata::{Dependency, Metadata};
use semver::Version;
use serde::Deserialize;

use super::MAX_MANIFEST;
use crate::files::plain;
use crate::files::regular::{self, Links};
use crate::gather::cargo::Cargo;
use crate::model::index_line::{DependencyKind, Requirement};
use crate::model::package::LocalPackage;

/// The most foreign workspaces that are asked about their packages: each costs one run of cargo.
const MAX_FOREIGN: usize = 64;

/// A package in a folder of this machine.
#[derive(Clone, Debug)]
pub struct Local {
    /// Its name.
    pub name: Arc<str>,
    /// Its version; `None` where its manifest could not be read.
    pub version: Option<Version>,
    /// Where it lies and what it asks of registries.
    pub package: LocalPackage,
}

/// A folder that a manifest names, and the package that it expects there.
type Pointer = (String, Utf8PathBuf);

/// The members, and what they lead to outside the workspace: a path dependency there has a manifest that metadata does not read, so
/// that cargo is asked about each such folder in turn.
pub(super) fn packages(cargo: &Cargo, metadata: Metadata) -> Vec<Local> {
    let root = metadata.workspace_root.clone();
    let mut found = Vec::new();
    let mut pointers: Vec<Pointer> = patches(&root);
    take(metadata, &root, true, &mut found, &mut pointers);
    let mut known: BTreeSet<Utf8PathBuf> = found.iter().map(|local| local.package.root.clone()).collect();
    let mut asked = 0;
    while let Some((name, folder)) = pointers.pop() {
        if known.contains(&folder) {
            continue;
        }
        asked += 1;
        let manifest = folder.join("Cargo.toml");
        let before = found.len();
        if asked <= MAX_FOREIGN
            && manifest.is_file()
            && let Ok(foreign) = cargo.metadata(&manifest)
        {
            take(foreign, &root, false, &mut found, &mut pointers);
        }
        known.extend(found.iter().skip(before).map(|local| local.package.root.clone()));
        if known.insert(folder.clone()) {
            let package = local_package(folder, &root, false, Vec::new());
            found.push(Local { name: name.into(), version: None, package });
        }
    }
    found
}

fn take(metadata: Metadata, root: &Utf8Path, member: bool, found: &mut Vec<Local>, pointers: &mut Vec<Pointer>) {
    for package in metadata.packages {
        let folder = package.manifest_path.parent().unwrap_or(root).to_owned();
        let paths = package.dependencies.iter();
        pointers.extend(paths.filter_map(|dependency| Some((dependency.name.clone(), dependency.path.clone()?))));
        let requirements = package.dependencies.into_iter().filter_map(requirement).collect();
        found.push(Local {
            name: package.name.as_str().into(),
            version: Some(package.version),
            package: local_package(folder, root, member, requirements),
        });
    }
}

fn local_package(folder: Utf8PathBuf, root: &Utf8Path, member: bool, requirements: Vec<Requirement>) -> LocalPackage {
    LocalPackage { inside_workspace: folder.starts_with(root), root: folder, member, requirements, written: Vec::new() }
}

/// What a manifest asks of a registry; `None` for a path or git dependency.
fn requirement(dependency: Dependency) -> Option<Requirement> {
    let source = dependency.source?.repr;
    if !source.starts_with("registry+") && !source.starts_with("sparse+") {
        return None;
    }
    let kind = match dependency.kind {
        cargo_metadata::DependencyKind::Build => DependencyKind::Build,
        cargo_metadata::DependencyKind::Development => DependencyKind::Dev,
        // A kind of the future is as binding as a normal one.
        cargo_metadata::DependencyKind::Normal | cargo_metadata::DependencyKind::Unknown => DependencyKind::Normal,
    };
    Some(Requirement {
        name: dependency.name.into(),
        renamed: dependency.rename,
        req: dependency.req,
        registry: dependency.registry,
        kind,
        optional: dependency.optional,
        features: dependency.features,
        default_features: dependency.uses_default_features,
        target: dependency.target.map(|platform| platform.to_string()),
    })
}

#[derive(Deserialize)]
struct RootManifest {
    #[serde(default)]
    patch: BTreeMap<String, BTreeMap<String, Patch>>,
}

#[derive(Deserialize)]
struct Patch {
    package: Option<String>,
    path: Option<Utf8PathBuf>,
}

/// The `[patch]` entries of the root manifest that lead to folders, which metadata leaves out.
fn patches(root: &Utf8Path) -> Vec<Pointer> {
    // Cargo has read this file just now; what it took and this reader does not is no path.
    let text = regular::text(&root.join("Cargo.toml"), Links::Followed, MAX_MANIFEST).unwrap_or_default();
    let manifest = toml::from_str(&text).unwrap_or(RootManifest { patch: BTreeMap::new() });
    let entries = manifest.patch.into_values().flatten();
    entries.filter_map(|(key, patch)| Some((patch.package.unwrap_or(key), plain(&root.join(patch.path?))))).collect()
}
