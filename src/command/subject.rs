//! Finds what is to be judged: the lock file, the workspace around it, and the policy beside it.

use camino::{Utf8Path, Utf8PathBuf};

use super::CommandError;
use crate::cli;
use crate::gather::environment::Environment;
use crate::gather::lock_file::{self, LockFile};
use crate::gather::workspace::{self, Workspace};

/// The name of the policy file, at the workspace's root.
pub(super) const POLICY_FILE: &str = "sequester.toml";

/// What is to be judged.
#[derive(Debug)]
pub(super) struct Subject {
    /// The folder of the workspace, or of the lock file where that is judged alone.
    pub(super) root: Utf8PathBuf,
    /// The lock file.
    pub(super) lock_path: Utf8PathBuf,
    /// The workspace, unless the lock file is judged alone.
    pub(super) workspace: Option<Workspace>,
    /// What the lock file says.
    pub(super) lock: LockFile,
}

impl Subject {
    /// Finds and reads it.
    pub(super) fn find(arguments: &cli::Subject, environment: &Environment) -> Result<Self, CommandError> {
        let (root, lock_path, workspace) = if let Some(path) = &arguments.lockfile {
            let path = environment.current_dir().join(path);
            (path.parent().unwrap_or(&path).to_owned(), path, None)
        } else {
            let workspace = workspace::locate(environment, arguments.manifest_path.as_deref())?;
            (workspace.root.clone(), workspace.lock_file.clone(), Some(workspace))
        };
        let mut lock = lock_file::read(&lock_path)?;
        if let Some(workspace) = &workspace {
            workspace::attach(&mut lock.packages, workspace);
        }
        Ok(Self { root, lock_path, workspace, lock })
    }

    /// The policy file that holds here, whether or not it exists.
    pub(super) fn policy_path(&self, flag: Option<&Utf8Path>, environment: &Environment) -> Utf8PathBuf {
        flag.map_or_else(|| self.root.join(POLICY_FILE), |path| environment.current_dir().join(path))
    }
}

/// A path as a reader in this folder would write it.
pub(super) fn relative(path: &Utf8Path, environment: &Environment) -> Utf8PathBuf {
    path.strip_prefix(environment.current_dir()).unwrap_or(path).to_owned()
}
