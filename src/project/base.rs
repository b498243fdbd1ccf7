//! What `--base` names: a commit, whose files a change cannot have rewritten, or a lock file that was put aside.

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};
use jiff::Timestamp;

use super::error::ProjectError;
use crate::files::regular::{self, Links};
use crate::files::{Errand, plain, temporary_folder};
use crate::gather::base::{Commit, Files, Linked};
use crate::gather::cargo_config::{self, CargoConfig, CargoConfigError};
use crate::gather::environment::Environment;
use crate::gather::lock_file::{self, LockFileError};
use crate::gather::workspace;
use crate::model::evaluation::Notice;
use crate::model::loosening::Loosening;
use crate::model::package::Package;
use crate::model::policy::CargoAges;
use crate::policy::publish_age;

/// What a message calls the base where it names one of its files, as git names files of a commit.
const BASE: &str = "BASE";

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
    /// As it is today: whose rules judge, and what is locked already.
    tip: Commit,
    /// What the change is held against: the commits from which it and the base grew apart. Without one, as in a clone whose history is
    /// cut off, the tip.
    grown_from: Vec<Commit>,
    /// Whether those are known.
    pub(crate) has_merge_base: bool,
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
            Place::Commit(BaseCommit::of(Commit::find(start, name, environment)?)?)
        };
        Ok(Self { name: name.to_owned(), place })
    }

    /// The notices about it: that it protects nothing, is not the state that the change grew from, or that this is unknown.
    pub(super) fn notices(&self, moved: &[String], gained: usize) -> Vec<Notice> {
        let Some(commit) = self.commit() else {
            return vec![Notice::BaseWithoutRules { base: self.name.clone() }];
        };
        let moved_on = || Notice::BaseMovedOn { keys: moved.to_vec(), events: gained };
        let unknown = (!commit.has_merge_base).then_some(Notice::NoMergeBase);
        unknown.into_iter().chain((!moved.is_empty() || gained > 0).then(moved_on)).collect()
    }

    /// The commit, where it is one.
    pub(crate) const fn commit(&self) -> Option<&BaseCommit> {
        match &self.place {
            Place::Commit(commit) => Some(commit),
            Place::LockFile(_) => None,
        }
    }

    /// A file of the working tree as the base has it, and as the commits have it from which the change grew: code hosts show a change
    /// against these. `None` where nothing is compared; empty where none of them has it.
    pub(crate) fn texts(&self, path: &Utf8Path, lock_path: &Utf8Path) -> Option<Vec<String>> {
        match &self.place {
            Place::LockFile(base) if path == lock_path => {
                regular::text(base, Links::Followed, lock_file::MAX_BYTES).ok().map(|text| vec![text])
            }
            Place::LockFile(_) => None,
            Place::Commit(commit) => {
                // What cannot be read here is as good as absent: then more lines count as new.
                let of = |commit: &BaseCommit| commit.file(path).ok().flatten();
                let files = commit.grown_from().filter_map(|one| of(&one)).chain(of(commit));
                Some(files.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).collect())
            }
        }
    }

    /// The packages of its lock file; a commit without this lock file has none.
    pub(super) fn packages(&self, lock_path: &Utf8Path) -> Result<Vec<Package>, ProjectError> {
        Ok(match &self.place {
            Place::LockFile(path) => match lock_file::read(path) {
                Err(LockFileError::Absent { path }) => return Err(LockFileError::NoBase { path }.into()),
                read => read?.packages,
            },
            Place::Commit(commit) => match commit.file(lock_path)? {
                Some(bytes) => lock_file::parse(&bytes, lock_path)?.packages,
                None => Vec::new(),
            },
        })
    }
}

impl BaseCommit {
    fn of(tip: Commit) -> Result<Self, ProjectError> {
        let mut grown_from = tip.merge_bases()?;
        let has_merge_base = !grown_from.is_empty();
        if !has_merge_base {
            grown_from.push(tip.clone());
        }
        Ok(Self { repository: tip.repository().top().to_owned(), tip, grown_from, has_merge_base })
    }

    /// The commit's whole id.
    pub(crate) fn id(&self) -> &str {
        self.tip.id()
    }

    /// When it was committed, where that is told.
    pub(super) fn committed(&self) -> Option<Timestamp> {
        self.tip.committed()
    }

    /// The commits from which the change grew, to be asked in place of the base as it is today; none where that is this one.
    pub(crate) fn grown_from(&self) -> impl Iterator<Item = Self> + '_ {
        let others = self.grown_from.iter().filter(|commit| commit.id() != self.tip.id());
        others.map(|commit| Self {
            tip: commit.clone(),
            grown_from: vec![commit.clone()],
            has_merge_base: true,
            repository: self.repository.clone(),
        })
    }

    /// The links on the way to judged files and folders, all below the top; each must be what git would commit.
    pub(super) fn links(&self, files: &[Utf8PathBuf], folders: &[Utf8PathBuf]) -> Result<Vec<Linked>, ProjectError> {
        Ok(self.tip.repository().judged(files, folders)?)
    }

    /// The first link on the way down from the top to a path of the working tree.
    pub(super) fn link_to(&self, path: &Utf8Path) -> Option<Linked> {
        self.tip.repository().link_to(&self.inside(path)?)
    }

    /// Whether the commit has anything at a path below the top.
    pub(super) fn has(&self, path: &Utf8Path) -> Result<bool, ProjectError> {
        Ok(self.tip.has(path)?)
    }

    /// Whether neither the base nor a commit from which the change grew has anything at a path below the top.
    pub(super) fn never_had(&self, path: &Utf8Path) -> Result<bool, ProjectError> {
        for commit in self.grown_from.iter().chain([&self.tip]) {
            if commit.has(path)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The files of this name, and of folders of that name, which the change took away.
    pub(super) fn lost(&self, file: &str, folder: &str) -> Result<Vec<Utf8PathBuf>, ProjectError> {
        let mut lost = Vec::new();
        for commit in &self.grown_from {
            lost.extend(commit.lost(file, folder)?);
        }
        lost.sort_unstable();
        lost.dedup();
        Ok(lost)
    }

    /// The submodules that the change brings or moves, by path, and the commit that each has now. What the base's tip has in the same way
    /// came from there.
    pub(super) fn moved_submodules(&self) -> Result<BTreeMap<Utf8PathBuf, String>, ProjectError> {
        let beyond_tip: BTreeMap<_, _> = self.tip.moved_submodules()?.into_iter().collect();
        let mut moved = BTreeMap::new();
        for commit in &self.grown_from {
            moved.extend(commit.moved_submodules()?);
        }
        moved.retain(|path, _| beyond_tip.contains_key(path));
        Ok(moved)
    }

    /// The links that the change brings or alters, below the top.
    pub(super) fn changed_links(&self) -> Result<BTreeSet<Utf8PathBuf>, ProjectError> {
        let beyond_tip: BTreeSet<_> = self.tip.changed_links()?.into_iter().collect();
        let mut changed = BTreeSet::new();
        for commit in &self.grown_from {
            changed.extend(commit.changed_links()?);
        }
        Ok(changed.intersection(&beyond_tip).cloned().collect())
    }

    /// The files of this name, anywhere below the top, that the change touches, as far as they are still there.
    pub(super) fn changed(&self, file: &str) -> Result<BTreeSet<Utf8PathBuf>, ProjectError> {
        let mut changed = BTreeSet::new();
        for commit in &self.grown_from {
            changed.extend(commit.changed_files(file)?);
        }
        Ok(changed)
    }

    /// Of these files and folders below the top those at or below which git tracks nothing.
    pub(super) fn untracked(&self, paths: &[Utf8PathBuf]) -> Result<BTreeSet<Utf8PathBuf>, ProjectError> {
        Ok(self.tip.repository().untracked(paths)?.into_iter().collect())
    }

    /// Every manifest of the checkout that git tracks or would track.
    pub(super) fn manifests(&self) -> Result<Vec<Utf8PathBuf>, ProjectError> {
        let named = self.tip.repository().files_named("Cargo.toml")?;
        Ok(named.into_iter().map(|path| self.repository.join(path)).collect())
    }

    /// The lock file that the commit has for this folder, below the top: beside the nearest workspace above it, else the nearest.
    pub(super) fn lock_file_above(&self, start: &Utf8Path) -> Result<Option<Utf8PathBuf>, ProjectError> {
        let mut nearest = None;
        for folder in self.folders_above(start).iter().filter_map(|folder| self.inside(folder)) {
            let path = folder.join("Cargo.lock");
            if !self.has(&path)? {
                continue;
            }
            let manifest = self.tip.file(&folder.join("Cargo.toml"))?.unwrap_or_default();
            if workspace::is_of_workspace(&manifest) {
                return Ok(Some(path));
            }
            nearest = nearest.or(Some(path));
        }
        Ok(nearest)
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
            Some(inside) => Ok(self.tip.file(&inside)?),
            None => Ok(None),
        }
    }

    /// A file of the commit by its path below the top.
    pub(super) fn at(&self, inside: &Utf8Path) -> Result<Option<Vec<u8>>, ProjectError> {
        Ok(self.tip.file(inside)?)
    }

    /// The files right in a folder, by its path in the working tree; `None` for a folder that lies elsewhere.
    pub(crate) fn folder(&self, path: &Utf8Path) -> Result<Option<Files>, ProjectError> {
        match self.inside(path) {
            Some(inside) => Ok(Some(self.tip.folder(&inside)?)),
            None => Ok(None),
        }
    }

    /// Whether the change brings files of its own to this place.
    pub(crate) fn is_rewritable(&self, path: &Utf8Path) -> Result<bool, ProjectError> {
        let ways = [self.inside(path), real(path).strip_prefix(real(&self.repository)).ok().map(Utf8Path::to_owned)];
        for inside in ways.into_iter().flatten() {
            if self.tip.repository().has_tracked(&inside)? {
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
        let copy = temporary_folder(Errand::Config).map_err(ProjectError::Temporary)?;
        let top = Utf8PathBuf::try_from(copy.path().to_owned())
            .map_err(|error| ProjectError::Temporary(error.into_io_error()))?;
        let mut folders = Vec::new();
        for folder in self.folders_above(start) {
            let Some(inside) = self.inside(&folder) else { continue };
            let own = inside.join(".cargo");
            for (path, bytes) in self.tip.files_below(&own)? {
                lay_out(&top.join(path), &bytes)?;
            }
            for name in ["config", "config.toml"] {
                // What is no file here, but a link, hides what the base says.
                if self.tip.file(&own.join(name))?.is_some() {
                    self.lay_out_included(&top, top.join(&own).join(name))?;
                }
            }
            folders.push(top.join(inside));
        }
        let folders = folders.iter().map(Utf8PathBuf::as_path).chain(self.outside().ancestors());
        match CargoConfig::load_from(folders, environment) {
            Ok(config) => Ok(config.of_commit(&top, BASE)),
            Err(error) => Err(named_as_base(&error, &top)),
        }
    }

    /// Lays out what a file of the configuration includes, wherever in the commit that lies.
    fn lay_out_included(&self, top: &Utf8Path, file: Utf8PathBuf) -> Result<(), ProjectError> {
        let mut waiting = vec![file];
        let mut known: BTreeSet<Utf8PathBuf> = BTreeSet::new();
        while let Some(file) = waiting.pop() {
            let included = cargo_config::included(&file);
            for included in included.map_err(|error| named_as_base(&error, top))? {
                let path = plain(&included);
                let Ok(inside) = path.strip_prefix(top) else {
                    let file = file.strip_prefix(top).unwrap_or(&file).to_owned();
                    let included = included.strip_prefix(top).unwrap_or(&included).to_owned();
                    return Err(ProjectError::IncludeOutside { file, included });
                };
                if !known.insert(path.clone()) {
                    continue;
                }
                if let Some(bytes) = self.tip.file(inside)? {
                    lay_out(&path, &bytes)?;
                    waiting.push(path);
                }
            }
        }
        Ok(())
    }

    /// Of what the head's configuration shortens against the base's as it is today, what it shortens against the commits that it grew
    /// from; the keys of the rest are what the base has lengthened since.
    pub(super) fn ages_since(
        &self,
        head: &CargoAges,
        today: Vec<Loosening>,
        environment: &Environment,
    ) -> Result<(Vec<Loosening>, Vec<String>), ProjectError> {
        let mut grown_from = self.grown_from().peekable();
        if today.is_empty() || grown_from.peek().is_none() {
            return Ok((today, Vec::new()));
        }
        let mut shortened = Vec::new();
        for commit in grown_from {
            let ages = commit.cargo_config(environment.current_dir(), environment)?.ages()?;
            shortened.extend(publish_age::longest_cargo_ages(ages, head.clone()).1.into_iter().map(|one| one.key));
        }
        let (kept, gone): (Vec<_>, Vec<_>) = today.into_iter().partition(|one| shortened.contains(&one.key));
        Ok((kept, gone.into_iter().map(|one| one.key).collect()))
    }

    /// The folders of the working tree from `start` up to its top.
    pub(crate) fn folders_above(&self, start: &Utf8Path) -> Vec<Utf8PathBuf> {
        let start = plain(start);
        start.ancestors().take_while(|folder| self.inside(folder).is_some()).map(Utf8Path::to_owned).collect()
    }
}

/// Writes a file of the commit into a folder of ours.
pub(super) fn lay_out(path: &Utf8Path, bytes: &[u8]) -> Result<(), ProjectError> {
    let folder = path.parent().unwrap_or(path);
    std::fs::create_dir_all(folder).and_then(|()| std::fs::write(path, bytes)).map_err(ProjectError::Temporary)
}

/// A mistake in the commit's configuration. Its files were laid out below `top`, a folder of ours that a reader need not know.
fn named_as_base(error: &CargoConfigError, top: &Utf8Path) -> ProjectError {
    ProjectError::BaseCargoConfig(error.to_string().replace(&format!("{top}/"), &format!("{BASE}:")).into())
}

/// With every link resolved, as far as the path exists.
fn real(path: &Utf8Path) -> Utf8PathBuf {
    path.canonicalize_utf8().unwrap_or_else(|_| plain(path))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by it")]

    use crate::project::by_hand::Checkout;

    #[test]
    fn a_base_was_committed_when_its_committer_says() {
        let checkout = Checkout::of_app(&[]);
        assert_eq!(checkout.commit().committed(), Some("2026-11-20T00:00:00Z".parse().unwrap()));
    }
}
