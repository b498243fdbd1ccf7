//! Puts a staged tree and configuration in their places, or takes that back. Every step finds out by itself whether it was done
//! before, so that a run that was killed anywhere can be gone through again, by the next one.

use std::fs;
use std::io;

use camino::{Utf8Path, Utf8PathBuf};

use super::error::{Holder, VendorDirError};
use super::faults::Faults;
use super::journal::{self, Entry, Journal, Method, Record};
use super::target::Target;
use super::{config, lock, tree};
use crate::files::names::STAGE_MARK;
use crate::files::regular::{self, Links};
use crate::files::sync_folder;

/// The file that tells the new tree from the old one until the change is complete.
pub(super) const MARKER: &str = ".sequester-stage-id";

/// In a stage: the entries that were in the vendor folder before.
const BEFORE: &str = ".sequester-stage-before";

/// A decided change.
pub(super) struct Swap<'a> {
    target: &'a Target,
    journal: Journal,
    record: &'a Record,
    faults: &'a Faults,
    stage: Utf8PathBuf,
}

impl<'a> Swap<'a> {
    pub(super) fn new(target: &'a Target, journal: Journal, record: &'a Record, faults: &'a Faults) -> Self {
        let stage = journal.stage(target);
        Self { target, journal, record, faults, stage }
    }

    /// Decides the change by its journal and carries it out. On an error it is taken back where that can be done; where not, the journal
    /// stays, and the next run finishes it.
    ///
    /// What comes back without an error says what of it could not be tidied up afterwards.
    pub(super) fn run(mut self) -> Result<Option<VendorDirError>, VendorDirError> {
        self.step()?;
        self.journal.write(self.target.root(), self.record)?;
        let Err(error) = self.forward() else {
            return Ok(self.clean().err().map(|error| self.as_unfinished(error)));
        };
        if self.can_go_back() && self.back().is_ok() {
            // Should this fail, the next run does it; the first error is the one to tell.
            let _ = self.clean();
        }
        Err(error)
    }

    /// From wherever the last run got to, to the end.
    pub(super) fn forward(&mut self) -> Result<(), VendorDirError> {
        let path = self.target.path();
        match self.journal.method {
            Method::Place | Method::Exchange if self.is_marked(path) => {}
            _ if !self.is_marked(&self.stage) => return Err(self.lost(&self.stage)),
            Method::Place => {
                self.step()?;
                rename(&self.stage, path)?;
            }
            Method::Exchange => {
                self.step()?;
                if !tree::exchange(&self.stage, path).map_err(|source| VendorDirError::io(path, source))? {
                    self.journal.method = Method::Entries;
                    self.journal.write(self.target.root(), self.record)?;
                    return self.forward();
                }
            }
            Method::Entries => {
                let before = self.stage.join(BEFORE);
                if !tree::is_there(&before) {
                    fs::create_dir(&before).map_err(|source| VendorDirError::io(&before, source))?;
                }
                self.journal.entries.iter().try_for_each(|entry| self.entry_forward(entry))?;
                sync(path)?;
            }
        }
        sync(self.target.above())?;
        if self.journal.config.is_some() {
            self.step()?;
            config::put_by_id(self.target.root(), &self.journal.id)?;
        }
        Ok(())
    }

    fn entry_forward(&self, entry: &Entry) -> Result<(), VendorDirError> {
        let [live, fresh, before] = self.places(entry);
        if entry.new && !tree::is_there(&fresh) {
            return Ok(());
        }
        if tree::is_there(&live) {
            self.step()?;
            if !tree::is_there(&before) {
                set_aside(&live, &before)?;
            }
            tree::remove(&live)?;
        }
        if entry.new {
            self.step()?;
            rename(&fresh, &live)?;
        }
        Ok(())
    }

    /// Whether everything that was in the vendor folder before still is somewhere.
    pub(super) fn can_go_back(&self) -> bool {
        let kept = |entry: &Entry| {
            let [live, fresh, before] = self.places(entry);
            !entry.old || tree::is_there(&before) || (tree::is_there(&live) && (!entry.new || tree::is_there(&fresh)))
        };
        self.journal.method != Method::Entries || self.journal.entries.iter().all(kept)
    }

    /// From wherever the last run got to, to the beginning.
    pub(super) fn back(&self) -> Result<(), VendorDirError> {
        let path = self.target.path();
        match self.journal.method {
            Method::Place if self.is_marked(path) => rename(path, &self.stage)?,
            Method::Exchange if self.is_marked(path) => {
                if !tree::exchange(&self.stage, path).map_err(|source| VendorDirError::io(path, source))? {
                    return Err(self.lost(&self.stage));
                }
            }
            Method::Place | Method::Exchange => {}
            Method::Entries => {
                for entry in self.journal.entries.iter().rev() {
                    let [live, fresh, before] = self.places(entry);
                    if entry.new && tree::is_there(&live) && !tree::is_there(&fresh) {
                        rename(&live, &fresh)?;
                    }
                    if tree::is_there(&before) {
                        tree::remove(&live)?;
                        rename(&before, &live)?;
                    }
                }
                sync(path)?;
            }
        }
        sync(self.target.above())
    }

    /// Who finds the journal takes the change for half done, however far it came.
    fn as_unfinished(&self, error: VendorDirError) -> VendorDirError {
        let VendorDirError::Io { path, source } = error else { return error };
        if tree::is_there(&journal::path(self.target.root())) {
            VendorDirError::Unfinished { path, source }
        } else {
            VendorDirError::Io { path, source }
        }
    }

    /// Forgets the change, done or taken back, and removes what it leaves.
    pub(super) fn clean(&self) -> Result<(), VendorDirError> {
        let root = self.target.root();
        if self.journal.config.is_some() {
            config::sync(root)?;
        }
        self.step()?;
        // From here on nothing is at stake: what is left over is removed by the next run at the latest.
        Journal::remove(root, self.record)?;
        self.step()?;
        config::discard(root, &self.journal.id)?;
        tree::remove(&self.target.path().join(MARKER))?;
        self.step()?;
        tree::remove(&self.stage)
    }

    /// In the vendor folder, in the stage, and where the stage keeps what was there before.
    fn places(&self, entry: &Entry) -> [Utf8PathBuf; 3] {
        let before = self.stage.join(BEFORE);
        [self.target.path().join(&entry.name), self.stage.join(&entry.name), before.join(&entry.name)]
    }

    fn is_marked(&self, folder: &Utf8Path) -> bool {
        let marker = folder.join(MARKER);
        regular::read(&marker, Links::Refused, 64).is_ok_and(|id| id == self.journal.id.as_bytes())
    }

    pub(super) fn lost(&self, path: &Utf8Path) -> VendorDirError {
        VendorDirError::Lost { path: path.to_owned(), journal: journal::path(self.target.root()) }
    }

    fn step(&self) -> Result<(), VendorDirError> {
        self.faults.step().map_err(|source| VendorDirError::io(self.target.path(), source))
    }
}

/// Keeps what was there before, whole under that name or not at all. It may stay where it was, too.
fn set_aside(live: &Utf8Path, before: &Utf8Path) -> Result<(), VendorDirError> {
    match fs::rename(live, before) {
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
            // A folder of an overlay's lower layer can be copied and removed, but not renamed.
            let part = before.with_file_name(format!("{STAGE_MARK}part"));
            tree::remove(&part)?;
            tree::carry_over(live, &part)?;
            rename(&part, before)
        }
        renamed => renamed.map_err(|source| VendorDirError::io(live, source)),
    }
}

fn rename(from: &Utf8Path, to: &Utf8Path) -> Result<(), VendorDirError> {
    fs::rename(from, to).map_err(|source| VendorDirError::io(to, source))
}

fn sync(folder: &Utf8Path) -> Result<(), VendorDirError> {
    sync_folder(folder).map_err(|source| VendorDirError::io(folder, source))
}

/// Whether a name in the vendor folder is one that only an unfinished run leaves there.
pub(super) fn is_stage_name(name: &str) -> bool {
    name.starts_with(STAGE_MARK)
}

/// How the change of a killed run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recovered {
    /// It was finished: tree and configuration are the new ones.
    Finished,
    /// It was taken back, because the configuration was changed in the meantime: tree and configuration are the old ones.
    TakenBack,
}

/// A run that is not over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Interrupted {
    /// It is still at work.
    Running(Holder),
    /// It was killed before it changed anything that counts.
    Stopped(Holder),
    /// It was killed while it changed the tree and the configuration, which may not belong together. The next `vendor` sets that right.
    HalfDone(Holder),
}

/// Looks for a run that is not over. Reads only.
#[must_use]
pub fn interrupted(root: &Utf8Path) -> Option<Interrupted> {
    let half_done = tree::is_there(&journal::path(root));
    match lock::look(root) {
        Some((holder, true)) => Some(Interrupted::Running(holder)),
        Some((holder, false)) if !half_done => Some(Interrupted::Stopped(holder)),
        found => half_done.then(|| Interrupted::HalfDone(found.map(|(holder, _)| holder).unwrap_or_default())),
    }
}

/// Finishes the change that a journal decides, or takes it back.
pub(super) fn recover(root: &Utf8Path, record: &Record, faults: &Faults) -> Result<Option<Recovered>, VendorDirError> {
    let Some(journal) = Journal::read(root, record)? else { return Ok(None) };
    let target = Target::of(root, journal.target.as_str().into())?;
    let (id, change) = (journal.id.clone(), journal.config);
    let mut swap = Swap::new(&target, journal, record, faults);

    let now = config::current(root)?;
    // Whoever changed the file since did so knowing the old one, and writing over it would lose that.
    let back = match change {
        None => false,
        Some(change) if config::is_waiting(root, &id) => now != change.old,
        Some(change) => now == change.old,
    };
    if !back {
        swap.forward()?;
    } else if swap.can_go_back() {
        swap.back()?;
    } else {
        return Err(swap.lost(&root.join(".cargo/config.toml")));
    }
    swap.clean()?;
    Ok(Some(if back { Recovered::TakenBack } else { Recovered::Finished }))
}

/// Removes what killed runs left that no journal speaks of.
pub(super) fn sweep(target: &Target) -> Result<(), VendorDirError> {
    let prefix = target.stage_prefix();
    for (name, _) in tree::entries(target.above())? {
        if name.strip_prefix(&prefix).is_some_and(|id| id.bytes().all(|byte| byte.is_ascii_digit())) {
            tree::remove(&target.above().join(name))?;
        }
    }
    for (name, _) in tree::entries(target.path())? {
        if is_stage_name(&name) {
            tree::remove(&target.path().join(name))?;
        }
    }
    config::sweep(target.root())
}
