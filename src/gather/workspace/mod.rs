//! Finds the workspace, its lock file and the packages that lie on this machine, by `cargo metadata --no-deps`: that needs no
//! network, writes nothing, and takes about 10 ms.
//!
//! Where cargo cannot describe the workspace (a missing member, an undefined registry, a newer edition, an absent toolchain), the lock
//! file is found by walking up and cargo's words are kept, so that the packages can be judged all the same.

mod find;
mod local;
mod reach;

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};

use super::cargo::{Cargo, CargoFailure};
use super::cargo_config::CargoConfig;
use super::environment::Environment;
use crate::files::regular::{self, Links, ReadError};
use crate::model::package::Package;
use crate::model::source::Source;

pub use find::is_of_workspace;
pub use local::Local;

/// The most bytes of a manifest.
const MAX_MANIFEST: u64 = 32 << 20;

/// Where the lock file lies and what cargo says of the packages around it.
#[derive(Clone, Debug)]
pub struct Workspace {
    /// The folder of the root manifest.
    pub root: Utf8PathBuf,
    /// `Cargo.lock` at the root. A `resolver.lockfile-path` of cargo's configuration (cargo 1.97) goes before it; metadata does
    /// not tell it.
    pub lock_file: Utf8PathBuf,
    /// The members, then the path dependencies and `[patch]` paths that are none.
    pub packages: Vec<Local>,
    /// Why cargo could not describe the workspace; `packages` is empty then.
    pub failure: Option<CargoFailure>,
}

impl Workspace {
    /// The folders of the packages.
    #[must_use]
    pub fn folders(&self) -> BTreeSet<Utf8PathBuf> {
        self.packages.iter().map(|local| local.package.root.clone()).collect()
    }
}

/// There is nothing to judge.
#[derive(Debug, thiserror::Error)]
pub enum WorkspaceError {
    /// The manifest that was asked for is no file.
    #[error("there is no manifest at {path}\nhelp: give `--manifest-path` the path of a Cargo.toml")]
    NoManifest {
        /// What was asked for.
        path: Utf8PathBuf,
    },
    /// Something that is no file, or is larger than any manifest, stands where cargo would read one.
    #[error("the manifest {path} cannot be read: {cause}\nhelp: put the manifest itself there, or take it away")]
    Manifest {
        /// Where.
        path: Utf8PathBuf,
        /// What it is.
        #[source]
        cause: ReadError,
    },
    /// There is no place for what cargo must be told.
    #[error("a temporary file cannot be written: {0}\nhelp: set TMPDIR to a folder with free space")]
    Temporary(#[source] std::io::Error),
    /// Cargo finds no workspace, and no folder above has a lock file.
    #[error(
        "no workspace was found from {folder}: {failure}\nhelp: run inside a cargo workspace, or give `--lockfile PATH`"
    )]
    NotFound {
        /// Where the search began.
        folder: Utf8PathBuf,
        /// What cargo said.
        failure: CargoFailure,
    },
}

/// Finds the workspace of `manifest_path`, or else of the working directory. Cargo is told what `config` says of registries, since it
/// runs where it finds no configuration of the checkout.
///
/// # Errors
/// The manifest is absent, or there is neither a workspace nor a lock file.
pub fn locate(
    environment: &Environment,
    config: &CargoConfig,
    manifest_path: Option<&Utf8Path>,
) -> Result<Workspace, WorkspaceError> {
    let manifest = manifest_path.map(|path| environment.current_dir().join(path));
    if let Some(path) = manifest.as_ref().filter(|path| !path.is_file()) {
        return Err(WorkspaceError::NoManifest { path: path.clone() });
    }
    let start = manifest.as_deref().and_then(Utf8Path::parent).unwrap_or(environment.current_dir());
    let above = || start.ancestors().map(|folder| folder.join("Cargo.toml"));
    reach::check(above().chain(manifest.clone()))?;
    let cargo = Cargo::away(config, environment).map_err(WorkspaceError::Temporary)?;
    let described = match manifest.clone().or_else(|| above().find(|path| path.exists())) {
        Some(manifest) => cargo.metadata(&manifest),
        None => Err(CargoFailure::NoManifest(start.to_owned())),
    };
    match described {
        Ok(metadata) => {
            let root = metadata.workspace_root.clone();
            let packages = local::packages(&cargo, metadata);
            Ok(Workspace { lock_file: root.join("Cargo.lock"), root, packages, failure: None })
        }
        Err(failure) => {
            let Some(root) = find::root(start) else {
                return Err(WorkspaceError::NotFound { folder: start.to_owned(), failure });
            };
            Ok(Workspace { lock_file: root.join("Cargo.lock"), root, packages: Vec::new(), failure: Some(failure) })
        }
    }
}

/// Refuses what cargo, which looks for manifests in every folder above, would wait for or choke on. What is absent or may not be read it
/// passes over, or tells itself.
fn is_manifest(path: &Utf8Path) -> Result<(), WorkspaceError> {
    let cause = match regular::open(path, Links::Followed) {
        Ok(file) if file.metadata.len() > MAX_MANIFEST => ReadError::TooLarge(MAX_MANIFEST),
        Err(cause @ ReadError::Irregular(_)) => cause,
        Ok(_) | Err(_) => return Ok(()),
    };
    Err(WorkspaceError::Manifest { path: path.to_owned(), cause })
}

/// Fills in where the packages without a source lie, as far as the workspace knows.
pub fn attach(packages: &mut [Package], workspace: &Workspace) {
    for package in packages.iter_mut().filter(|package| package.id.source == Source::Local) {
        let named = || workspace.packages.iter().filter(|local| local.name == package.id.name);
        let exact = named().find(|local| local.version.as_ref() == Some(&package.id.version));
        // Where no manifest told the version, the name has to do.
        package.local =
            exact.or_else(|| named().find(|local| local.version.is_none())).map(|local| local.package.clone());
    }
}
