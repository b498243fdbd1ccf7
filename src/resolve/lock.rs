//! One run at a time changes a workspace: a second one would put back what the first one found.

use camino::Utf8Path;

use super::ResolveError;

/// Held as long as it lives. It is the folder itself that is locked, so no file is left behind.
#[derive(Debug)]
pub(crate) struct WorkspaceLock {
    _folder: Option<std::fs::File>,
    /// Whether another run held it first: what was read before may be old.
    pub(crate) waited: bool,
}

impl WorkspaceLock {
    /// Waits for it. File systems that know no locks have none to wait for.
    #[cfg(unix)]
    pub(crate) fn take(root: &Utf8Path) -> Result<Self, ResolveError> {
        use rustix::fs::{FlockOperation, flock};
        use rustix::io::Errno;

        use crate::files::open_folder;
        let failed = |source| ResolveError::NotLocked { path: root.to_owned(), source };
        let folder = open_folder(root).map_err(failed)?;
        let waited = match flock(&folder, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => false,
            Err(Errno::WOULDBLOCK) => {
                flock(&folder, FlockOperation::LockExclusive).map_err(|error| failed(error.into()))?;
                true
            }
            Err(_) => return Ok(Self { _folder: None, waited: false }),
        };
        Ok(Self { _folder: Some(folder), waited })
    }

    /// Folders cannot be locked here.
    #[cfg(not(unix))]
    pub(crate) fn take(_root: &Utf8Path) -> Result<Self, ResolveError> {
        Ok(Self { _folder: None, waited: false })
    }
}
