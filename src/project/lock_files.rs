//! Every lock file of a repository, for a run that judges all of them.

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};

use super::error::ProjectError;
use crate::files::names::TRAIL_FOLDER;
use crate::files::regular::{self, Links};
use crate::gather::base::{Commit, Repository};
use crate::gather::environment::Environment;
use crate::gather::manifest::MAX_BYTES;
use crate::gather::ways_around::Replacing;
use crate::gather::workspace::is_of_workspace;
use crate::model::vendored::VENDOR_CHECKSUMS_FILE;

pub(super) const LOCK_FILE: &str = "Cargo.lock";
pub(super) const MANIFEST: &str = "Cargo.toml";

/// The lock files of a repository.
#[derive(Debug)]
pub(crate) struct LockFiles {
    /// Whole paths, in their order. A file may be missing beside a manifest: then there is a workspace that nothing locks any more.
    pub(crate) paths: Vec<Utf8PathBuf>,
    /// How many were passed over because vendored packages brought them: cargo reads none of those.
    pub(crate) vendored: usize,
    /// Manifests of workspaces whose lock file is not among them: git has none, or is told to ignore it.
    pub(crate) unlocked: Vec<Utf8PathBuf>,
}

/// Finds the lock files of the repository around the working directory: what git tracks or would track, and what the base has beside a
/// manifest that is still there, so that a change takes none out of sight by no longer tracking it.
///
/// # Errors
/// There is no repository, or git cannot tell.
pub(crate) fn lock_files(base: Option<&str>, environment: &Environment) -> Result<LockFiles, ProjectError> {
    lock_files_around(environment.current_dir(), base, environment)
}

/// The same of the repository around a folder.
pub(super) fn lock_files_around(
    here: &Utf8Path,
    base: Option<&str>,
    environment: &Environment,
) -> Result<LockFiles, ProjectError> {
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
    let mut places = Places::default();
    let manifests = repository.files_named(MANIFEST)?.into_iter().map(|path| top.join(path));
    let manifests: BTreeSet<Utf8PathBuf> = manifests.filter(|path| !places.have(path, top)).collect();
    let roots = manifests.iter().filter(|path| {
        let mut above = path.ancestors().skip(2).take_while(|folder| folder.starts_with(top));
        !above.any(|folder| manifests.contains(&folder.join(MANIFEST))) || is_of_workspace(&text_of(path))
    });
    let unlocked = roots.filter(|path| is_there(path) && !found.contains(&path.with_file_name(LOCK_FILE)));
    let unlocked = unlocked.cloned().collect();
    let (vendored, paths): (Vec<_>, Vec<_>) = found.into_iter().partition(|path| places.have(path, top));
    Ok(LockFiles { paths, vendored: vendored.len(), unlocked })
}

/// What cannot be read says nothing.
fn text_of(path: &Utf8Path) -> Vec<u8> {
    regular::read(path, Links::Followed, MAX_BYTES).unwrap_or_default()
}

pub(super) fn is_there(path: &Utf8Path) -> bool {
    path.symlink_metadata().is_ok()
}

/// Where the workspaces of a repository keep their vendored sources, by the folders that were looked at.
#[derive(Default)]
struct Places(BTreeMap<Utf8PathBuf, Option<Utf8PathBuf>>);

impl Places {
    /// Whether a file lies in the folder of a vendored package: one with a list of its files, right in the place that a configuration above
    /// names. The list alone would let a change take any workspace out of sight.
    fn have(&mut self, path: &Utf8Path, top: &Utf8Path) -> bool {
        let inside = |folder: &Utf8Path| folder.starts_with(top);
        let packages = path.ancestors().skip(1).take_while(|folder| inside(folder));
        let packages = packages.filter(|folder| is_there(&folder.join(VENDOR_CHECKSUMS_FILE)));
        packages
            .filter_map(Utf8Path::parent)
            .any(|place| place.ancestors().take_while(|folder| inside(folder)).any(|root| self.of(root) == Some(place)))
    }

    fn of(&mut self, root: &Utf8Path) -> Option<&Utf8Path> {
        let read = || Replacing::read(root).ok().and_then(|replacing| replacing.place).map(|place| place.path);
        self.0.entry(root.to_owned()).or_insert_with(read).as_deref()
    }
}
