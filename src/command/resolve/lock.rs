//! One run at a time changes a workspace: a second one would put back what the first one found.

use camino::Utf8Path;

use crate::command::CommandError;

/// Held as long as it lives. It is the folder itself that is locked, so no file is left behind.
#[derive(Debug)]
pub(in crate::command) struct WorkspaceLock {
    _folder: Option<std::fs::File>,
    /// Whether another run held it first: what was read before may be old.
    pub(in crate::command) waited: bool,
}

impl WorkspaceLock {
    /// Waits for it. File systems that know no locks have none to wait for.
    #[cfg(unix)]
    pub(in crate::command) fn take(root: &Utf8Path) -> Result<Self, CommandError> {
        use rustix::fs::{FlockOperation, flock};
        use rustix::io::Errno;
        let failed = |source| CommandError::NotLocked { path: root.to_owned(), source };
        let folder = std::fs::File::open(root).map_err(failed)?;
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
    pub(in crate::command) fn take(_root: &Utf8Path) -> Result<Self, CommandError> {
        Ok(Self { _folder: None, waited: false })
    }
}
