//! One run at a time changes a workspace: a second one would put back what the first one found.

use camino::Utf8Path;

use super::ResolveError;
#[cfg(unix)]
use crate::files;
use crate::model::waiting::Listener;
#[cfg(unix)]
use crate::model::waiting::Waiting;

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
    pub(crate) fn take(root: &Utf8Path, listener: &Listener) -> Result<Self, ResolveError> {
        let failed = |source| ResolveError::NotLocked { path: root.to_owned(), source };
        let folder = files::open_folder(root).map_err(failed)?;
        let of = || format!("the project's folder {root}, in which another run is at work");
        Ok(match files::lock(&folder, || listener.tell(&Waiting::Lock { of: of() })) {
            Ok(waited) => Self { _folder: Some(folder), waited },
            Err(_) => Self { _folder: None, waited: false },
        })
    }

    /// Folders cannot be locked here.
    #[cfg(not(unix))]
    pub(crate) fn take(_root: &Utf8Path, _listener: &Listener) -> Result<Self, ResolveError> {
        Ok(Self { _folder: None, waited: false })
    }
}
