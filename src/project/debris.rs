//! What killed runs left beside the files of a project: goes with the next run that may change the project, also where it comes to no change.

use camino::{Utf8Path, Utf8PathBuf};

use super::trail;
use crate::files::names::{STAGED, STAGED_EVENT};
use crate::files::remove_debris;

/// Removes it from the places in which runs replace files: the project's root, these folders, and those of the policy and of its trail.
pub(crate) fn remove(root: &Utf8Path, policy: &Utf8Path, folders: impl IntoIterator<Item = Utf8PathBuf>) {
    let own = [root.to_owned(), root.join(".cargo")].into_iter().chain(policy.parent().map(Utf8Path::to_owned));
    own.chain(folders).for_each(|folder| remove_debris(&folder, STAGED));
    remove_debris(&trail::folder(policy), STAGED_EVENT);
}
