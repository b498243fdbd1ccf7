//! Finds what is to be judged: the lock file, the workspace around it, and the policy beside it.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};

use super::{ProjectError, base};
use crate::cli;
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
    pub(crate) fn find(
        arguments: &cli::Subject,
        environment: &Environment,
        cargo: &Environment,
    ) -> Result<Self, ProjectError> {
        let start = base::start(arguments, environment);
        let (root, lock_path, workspace) = if let Some(path) = &arguments.lockfile {
            (start.clone(), environment.current_dir().join(path), None)
        } else {
            let given = arguments.manifest_path.as_deref().map(|path| environment.current_dir().join(path));
            // Where cargo runs elsewhere, it is told what it would have found here.
            let found = || start.ancestors().map(|folder| folder.join("Cargo.toml")).find(|path| path.is_file());
            let moved = cargo.current_dir() != environment.current_dir();
            let manifest = given.or_else(|| if moved { found() } else { None });
            let workspace = workspace::locate(cargo, manifest.as_deref())?;
            (workspace.root.clone(), workspace.lock_file.clone(), Some(workspace))
        };
        let mut lock = lock_file::read(&lock_path)?;
        if let Some(workspace) = &workspace {
            workspace::attach(&mut lock.packages, workspace);
            is_whole(&lock, workspace, &lock_path)?;
        }
        Ok(Self { start, root, lock_path, workspace, lock })
    }

    /// Finds the workspace for a verb that resolves: it may have no lock file yet, but cargo must be able to describe it.
    pub(crate) fn to_resolve(manifest: Option<&Utf8Path>, environment: &Environment) -> Result<Self, ProjectError> {
        let workspace = workspace::locate(environment, manifest)?;
        if let Some(failure) = workspace.failure {
            return Err(ProjectError::Undescribed { root: workspace.root, failure });
        }
        let mut lock = match lock_file::read(&workspace.lock_file) {
            Ok(lock) => lock,
            Err(LockFileError::Absent { .. } | LockFileError::Empty { .. }) => {
                LockFile { version: 4, packages: Vec::new(), unused_patches: Vec::new(), lines: Vec::new() }
            }
            Err(error) => return Err(error.into()),
        };
        workspace::attach(&mut lock.packages, &workspace);
        let manifest = manifest.map(|path| environment.current_dir().join(path));
        let start = manifest.as_deref().and_then(Utf8Path::parent).unwrap_or(environment.current_dir());
        Ok(Self {
            start: start.to_owned(),
            root: workspace.root.clone(),
            lock_path: workspace.lock_file.clone(),
            workspace: Some(workspace),
            lock,
        })
    }

    /// The manifests that a cargo may edit: the root's and the members'.
    pub(crate) fn manifests(&self) -> BTreeSet<Utf8PathBuf> {
        let members = self.workspace.iter().flat_map(|workspace| &workspace.packages);
        let members = members.filter(|local| local.package.member).map(|local| local.package.root.join("Cargo.toml"));
        members.chain([self.root.join("Cargo.toml")]).collect()
    }

    /// The policy file that holds here, whether or not it exists.
    pub(crate) fn policy_path(&self, flag: Option<&Utf8Path>, environment: &Environment) -> Utf8PathBuf {
        flag.map_or_else(|| self.root.join(POLICY_FILE), |path| environment.current_dir().join(path))
    }
}

/// Whether the lock file has what the manifests of the workspace ask of registries. Where it has not, cargo would choose releases that
/// nobody judged.
fn is_whole(lock: &LockFile, workspace: &Workspace, path: &Utf8Path) -> Result<(), ProjectError> {
    for member in workspace.packages.iter().filter(|local| local.package.member) {
        for wanted in &member.package.requirements {
            let mut named = lock.packages.iter().filter(|package| package.id.name == wanted.name);
            if !named.any(|package| wanted.req.matches(&package.id.version)) {
                let wanted = format!("{} {}", wanted.name, wanted.req);
                return Err(ProjectError::LockOutdated {
                    path: path.to_owned(),
                    member: member.name.to_string(),
                    wanted,
                });
            }
        }
    }
    Ok(())
}

/// A path as a reader in this folder would write it.
pub(crate) fn relative(path: &Utf8Path, environment: &Environment) -> Utf8PathBuf {
    path.strip_prefix(environment.current_dir()).unwrap_or(path).to_owned()
}
