//! What the commit that is checked out locks.

use camino::Utf8Path;

use super::open::Project;
use crate::gather::base::Commit;
use crate::gather::lock_file;
use crate::model::package::Package;

/// The commit that is checked out around a project.
pub(crate) struct Committed {
    /// The packages of its lock file.
    pub(crate) packages: Vec<Package>,
    commit: Commit,
}

impl Committed {
    /// Reads it. `None` without git, without a commit, and where the commit has no lock file in this place that can be understood.
    pub(crate) fn of(project: &Project) -> Option<Self> {
        let subject = project.subject();
        let root = subject.root.canonicalize_utf8().ok()?;
        let commit = Commit::find(&root, "HEAD", project.environment()).ok()?;
        let path = root.join(subject.lock_path.strip_prefix(&subject.root).ok()?);
        let packages = lock_file::parse(&file(&commit, &path)?, &path).ok()?.packages;
        Some(Self { packages, commit })
    }

    /// The bytes of one of its files, by where the file would lie in the working tree.
    pub(crate) fn file(&self, path: &Utf8Path) -> Option<Vec<u8>> {
        file(&self.commit, path)
    }
}

fn file(commit: &Commit, path: &Utf8Path) -> Option<Vec<u8>> {
    let top = commit.repository().top().canonicalize_utf8().ok()?;
    commit.file(path.strip_prefix(&top).ok()?).ok()?
}
