//! What `--base` names: a commit, whose files a change cannot have rewritten, or a lock file that was put aside.

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};

use super::error::ProjectError;
use crate::gather::base::{Commit, Files};
use crate::gather::cargo_config::CargoConfig;
use crate::gather::environment::Environment;
use crate::gather::lock_file;
use crate::model::package::Package;

/// What a change is compared with.
#[derive(Debug)]
pub(crate) struct Base {
    /// As the command line names it.
    pub(crate) name: String,
    /// Where it lies.
    pub(crate) place: Place,
}

/// The two kinds of base.
#[derive(Debug)]
pub(crate) enum Place {
    /// A commit of the repository that the change is checked out in: rules, packages and all else are read from it.
    Commit(BaseCommit),
    /// A lock file: only its packages are known, and the rules are those of the working tree.
    LockFile(Utf8PathBuf),
}

/// A commit and the working tree whose files the change could have rewritten.
#[derive(Debug)]
pub(crate) struct BaseCommit {
    commit: Commit,
    /// The top of the working tree.
    pub(crate) repository: Utf8PathBuf,
}

impl Base {
    /// Finds it from the folder in which the search for the workspace begins.
    ///
    /// What ends in `.lock` is a file and everything else a reference. Git allows no such ending in the name of a branch or tag, so a
    /// file that a change brings along can never stand in for a reference that the caller meant.
    pub(super) fn find(name: &str, start: &Utf8Path, environment: &Environment) -> Result<Self, ProjectError> {
        let file = Utf8Path::new(name);
        let place = if file.extension() == Some("lock") || file.file_name() == Some(".lock") {
            Place::LockFile(environment.current_dir().join(file))
        } else {
            let commit = Commit::find(start, name, environment)?;
            Place::Commit(BaseCommit { repository: commit.repository().top().to_owned(), commit })
        };
        Ok(Self { name: name.to_owned(), place })
    }

    /// The commit, where it is one.
    pub(crate) const fn commit(&self) -> Option<&BaseCommit> {
        match &self.place {
            Place::Commit(commit) => Some(commit),
            Place::LockFile(_) => None,
        }
    }

    /// The packages of its lock file; a commit without this lock file has none.
    pub(super) fn packages(&self, lock_path: &Utf8Path) -> Result<Vec<Package>, ProjectError> {
        Ok(match &self.place {
            Place::LockFile(path) => lock_file::read(path)?.packages,
            Place::Commit(commit) => match commit.file(lock_path)? {
                Some(bytes) => lock_file::parse(&bytes, lock_path)?.packages,
                None => Vec::new(),
            },
        })
    }
}

impl BaseCommit {
    /// The commit's whole id.
    pub(crate) fn id(&self) -> &str {
        self.commit.id()
    }

    /// The path below the top of the working tree; `None` for one that lies elsewhere. The way down from the top is taken as it is
    /// written: a folder that the change made a link must not lead to another file of the base.
    pub(crate) fn inside(&self, path: &Utf8Path) -> Option<Utf8PathBuf> {
        let top = real(&self.repository);
        let path = plain(path);
        if let Some(at) = path.ancestors().find(|ancestor| real(ancestor) == top) {
            return path.strip_prefix(at).ok().map(Utf8Path::to_owned);
        }
        real(&path).strip_prefix(&top).ok().map(Utf8Path::to_owned)
    }

    /// A file of the commit by its path in the working tree; `None` where the commit has none, or could not.
    pub(crate) fn file(&self, path: &Utf8Path) -> Result<Option<Vec<u8>>, ProjectError> {
        match self.inside(path) {
            Some(inside) => Ok(self.commit.file(&inside)?),
            None => Ok(None),
        }
    }

    /// The files right in a folder, by its path in the working tree; `None` for a folder that lies elsewhere.
    pub(crate) fn folder(&self, path: &Utf8Path) -> Result<Option<Files>, ProjectError> {
        match self.inside(path) {
            Some(inside) => Ok(Some(self.commit.folder(&inside)?)),
            None => Ok(None),
        }
    }

    /// Whether the change brings files of its own to this place.
    pub(crate) fn is_rewritable(&self, path: &Utf8Path) -> Result<bool, ProjectError> {
        let ways = [self.inside(path), real(path).strip_prefix(real(&self.repository)).ok().map(Utf8Path::to_owned)];
        for inside in ways.into_iter().flatten() {
            if self.commit.repository().has_tracked(&inside)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The folder around the repository, whose configuration the change did not write.
    pub(crate) fn outside(&self) -> &Utf8Path {
        self.repository.parent().unwrap_or(&self.repository)
    }

    /// Cargo's configuration for a cargo started in `start`, as the commit and the folders around the repository have it: who writes the
    /// configuration says how the network is reached, which registry gets which token, and how long cargo waits.
    pub(crate) fn cargo_config(
        &self,
        start: &Utf8Path,
        environment: &Environment,
    ) -> Result<CargoConfig, ProjectError> {
        let copy = tempfile::tempdir().map_err(ProjectError::Temporary)?;
        let top = Utf8PathBuf::try_from(copy.path().to_owned())
            .map_err(|error| ProjectError::Temporary(error.into_io_error()))?;
        let mut folders = Vec::new();
        for folder in self.folders_above(start) {
            let Some(inside) = self.inside(&folder) else { continue };
            for (path, bytes) in self.commit.files_below(&inside.join(".cargo"))? {
                let path = top.join(path);
                let folder = path.parent().unwrap_or(&top);
                std::fs::create_dir_all(folder)
                    .and_then(|()| std::fs::write(&path, bytes))
                    .map_err(ProjectError::Temporary)?;
            }
            folders.push(top.join(inside));
        }
        let folders = folders.iter().map(Utf8PathBuf::as_path).chain(self.outside().ancestors());
        Ok(CargoConfig::load_from(folders, environment)?)
    }

    /// The folders of the working tree from `start` up to its top.
    pub(crate) fn folders_above(&self, start: &Utf8Path) -> Vec<Utf8PathBuf> {
        let start = plain(start);
        start.ancestors().take_while(|folder| self.inside(folder).is_some()).map(Utf8Path::to_owned).collect()
    }
}

/// With every link resolved, as far as the path exists.
fn real(path: &Utf8Path) -> Utf8PathBuf {
    path.canonicalize_utf8().unwrap_or_else(|_| plain(path))
}

/// Without `.` and `..`.
fn plain(path: &Utf8Path) -> Utf8PathBuf {
    let mut plain = Utf8PathBuf::new();
    for component in path.components() {
        match component {
            Utf8Component::CurDir => {}
            Utf8Component::ParentDir => {
                plain.pop();
            }
            Utf8Component::Prefix(_) | Utf8Component::RootDir | Utf8Component::Normal(_) => plain.push(component),
        }
    }
    plain
}
