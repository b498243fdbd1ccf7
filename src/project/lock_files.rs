//! Every lock file of a repository, for a run that judges all of them.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};

use super::error::ProjectError;
use crate::files::names::TRAIL_FOLDER;
use crate::gather::base::{Commit, Repository};
use crate::gather::environment::Environment;
use crate::model::vendored::VENDOR_CHECKSUMS_FILE;

const LOCK_FILE: &str = "Cargo.lock";
const MANIFEST: &str = "Cargo.toml";

/// The lock files of a repository.
#[derive(Debug)]
pub(crate) struct LockFiles {
    /// Whole paths, in their order. A file may be missing beside a manifest: then there is a workspace that nothing locks any more.
    pub(crate) paths: Vec<Utf8PathBuf>,
    /// How many were passed over because vendored packages brought them: cargo reads none of those.
    pub(crate) vendored: usize,
}

/// Finds the lock files of the repository around the working directory: what git tracks or would track, and what the base has beside a
/// manifest that is still there, so that a change takes none out of sight by no longer tracking it.
///
/// # Errors
/// There is no repository, or git cannot tell.
pub(crate) fn lock_files(base: Option<&str>, environment: &Environment) -> Result<LockFiles, ProjectError> {
    let here = environment.current_dir();
    let (repository, lost) = match base {
        None => (Repository::around(here, environment)?, Vec::new()),
        Some(reference) => {
            let commit = Commit::find(here, reference, environment)?;
            (commit.repository().clone(), commit.lost(LOCK_FILE, TRAIL_FOLDER)?)
        }
    };
    let top = repository.top();
    let tracked = repository.files_named(LOCK_FILE)?;
    let lost = lost.iter().filter(|path| path.file_name() == Some(LOCK_FILE)).map(|path| top.join(path));
    let lost = lost.filter(|path| is_there(&path.with_file_name(MANIFEST)));
    let mut found: BTreeSet<Utf8PathBuf> = tracked.into_iter().map(|path| top.join(path)).chain(lost).collect();
    // A name that is no text cannot be looked up; it stays, so that whoever judges it says so.
    found.retain(|path| {
        is_there(path) || is_there(&path.with_file_name(MANIFEST)) || path.as_str().contains('\u{fffd}')
    });
    let (vendored, paths): (Vec<_>, Vec<_>) = found.into_iter().partition(|path| is_vendored(path, top));
    Ok(LockFiles { paths, vendored: vendored.len() })
}

fn is_there(path: &Utf8Path) -> bool {
    path.symlink_metadata().is_ok()
}

/// Whether it lies in the folder of a vendored package.
fn is_vendored(path: &Utf8Path, top: &Utf8Path) -> bool {
    let mut above = path.ancestors().skip(1).take_while(|folder| folder.starts_with(top));
    above.any(|folder| is_there(&folder.join(VENDOR_CHECKSUMS_FILE)))
}
