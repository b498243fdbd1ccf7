//! One run at a time changes a workspace: a second one would put back what the first one found.

use camino::Utf8Path;

use super::ResolveError;
use crate::files::{Lock, Taken, lock_folder};
use crate::model::run::{Listener, Waiting};

/// Held as long as it lives. It is the folder itself that is locked, so no file is left behind.
#[derive(Debug)]
pub(crate) struct WorkspaceLock {
    _lock: Option<Lock>,
    /// Whether another run held it first: what was read before may be old.
    pub(crate) waited: bool,
}

impl WorkspaceLock {
    /// Waits for it. File systems that know no locks have none to wait for.
    pub(crate) fn take(root: &Utf8Path, listener: &Listener) -> Result<Self, ResolveError> {
        let of = || format!("the project's folder {root}, in which another run is at work");
        let Taken { lock, waited } = lock_folder(root, || listener.tell(&Waiting::Lock { of: of() }))
            .map_err(|source| ResolveError::NotLocked { path: root.to_owned(), source })?;
        Ok(Self { _lock: lock, waited })
    }
}
