//! Finds what is to be judged: the lock file, the workspace around it, and the policy beside it.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};

use super::error::ProjectError;
use super::request::{Purpose, Request, Which};
use crate::gather::environment::Environment;
use crate::gather::lock_file::{self, LockFile, LockFileError};
use crate::gather::workspace::{self, Workspace};

/// The name of the policy file, at the workspace's root.
pub(crate) const POLICY_FILE: &str = "sequester.toml";

/// What is to be judged.
#[derive(Debug)]
pub(crate) struct Subject {
    /// The folder in which the search began.
    pub(crate) start: Utf8PathBuf,
    /// The folder of the workspace, or of the lock file where that is judged alone.
    pub(crate) root: Utf8PathBuf,
    /// The lock file.
    pub(crate) lock_path: Utf8PathBuf,
    /// The workspace, unless the lock file is judged alone.
    pub(crate) workspace: Option<Workspace>,
    /// What the lock file says.
    pub(crate) lock: LockFile,
}

impl Subject {
    /// Finds and reads it. `cargo` is the environment in which cargo may be run for it.
    pub(super) fn find(
        request: &Request,
        environment: &Environment,
        cargo: &Environment,
    ) -> Result<Self, ProjectError> {
        let start = start(&request.which, environment);
        let (root, lock_path, workspace) = match &request.which {
            Which::LockFile(path) => (start.clone(), environment.current_dir().join(path), None),
            Which::Here | Which::Manifest(_) => {
                let workspace =
                    workspace::locate(cargo, manifest(&request.which, &start, environment, cargo).as_deref())?;
                (workspace.root.clone(), workspace.lock_file.clone(), Some(workspace))
            }
        };
        let resolves = request.purpose == Purpose::Resolve;
        if let Some(Workspace { root, failure: Some(failure), .. }) = workspace.as_ref().filter(|_| resolves) {
            return Err(ProjectError::Undescribed { root: root.clone(), failure: failure.clone() });
        }
        let mut lock = match lock_file::read(&lock_path) {
            // Cargo will write the first one.
            Err(LockFileError::Absent { .. } | LockFileError::Empty { .. }) if resolves => {
                LockFile { version: 4, packages: Vec::new(), unused_patches: Vec::new(), lines: Vec::new() }
            }
            read => read?,
        };
        if let Some(workspace) = &workspace {
            workspace::attach(&mut lock.packages, workspace);
        }
        Ok(Self { start, root, lock_path, workspace, lock })
    }

    /// Reads the lock file as a cargo has left it.
    pub(crate) fn lock_now(&self) -> Result<LockFile, LockFileError> {
        let mut lock = lock_file::read(&self.lock_path)?;
        if let Some(workspace) = &self.workspace {
            workspace::attach(&mut lock.packages, workspace);
        }
        Ok(lock)
    }

    /// The manifests that a cargo may edit: the root's and the members'.
    pub(crate) fn manifests(&self) -> BTreeSet<Utf8PathBuf> {
        let members = self.workspace.iter().flat_map(|workspace| &workspace.packages);
        let members = members.filter(|local| local.package.member).map(|local| local.package.root.join("Cargo.toml"));
        members.chain([self.root.join("Cargo.toml")]).collect()
    }
}

/// The folder in which the search for the workspace begins.
pub(super) fn start(which: &Which, environment: &Environment) -> Utf8PathBuf {
    let given = match which {
        Which::Here => None,
        Which::Manifest(path) | Which::LockFile(path) => Some(environment.current_dir().join(path)),
    };
    given.as_deref().and_then(Utf8Path::parent).unwrap_or(environment.current_dir()).to_owned()
}

/// The manifest that cargo is told. Where it runs elsewhere, it is told what it would have found here.
fn manifest(which: &Which, start: &Utf8Path, environment: &Environment, cargo: &Environment) -> Option<Utf8PathBuf> {
    if let Which::Manifest(path) = which {
        return Some(environment.current_dir().join(path));
    }
    let moved = cargo.current_dir() != environment.current_dir();
    let mut above = start.ancestors().map(|folder| folder.join("Cargo.toml")).filter(|_| moved);
    above.find(|path| path.is_file())
}

/// A path as a reader in this folder would write it.
pub(crate) fn relative(path: &Utf8Path, environment: &Environment) -> Utf8PathBuf {
    path.strip_prefix(environment.current_dir()).unwrap_or(path).to_owned()
}
