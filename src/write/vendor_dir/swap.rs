//! Puts a staged tree and configuration in their places, or takes that back. Every step finds out by itself whether it was done
//! before, so that a run that was killed anywhere can be gone through again.

use std::fs;
use std::io;

use camino::{Utf8Path, Utf8PathBuf};

use super::error::VendorDirError;
use super::faults::Faults;
use super::journal::{self, Entry, Journal, Method};
use super::record::Record;
use super::target::Target;
use super::{config, link, system};
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
        let Err(error) = self.forward() else { return Ok(self.clean().err()) };
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
                if !system::exchange(&self.stage, path).map_err(|source| VendorDirError::io(path, source))? {
                    self.journal.method = Method::Entries;
                    self.journal.write(self.target.root(), self.record)?;
                    return self.forward();
                }
            }
            Method::Entries => {
                let before = self.stage.join(BEFORE);
                if !link::is_there(&before) {
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
        if entry.new && !link::is_there(&fresh) {
            return Ok(());
        }
        if link::is_there(&live) {
            self.step()?;
            if !link::is_there(&before) {
                set_aside(&live, &before)?;
            }
            link::remove(&live)?;
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
            !entry.old || link::is_there(&before) || (link::is_there(&live) && (!entry.new || link::is_there(&fresh)))
        };
        self.journal.method != Method::Entries || self.journal.entries.iter().all(kept)
    }

    /// From wherever the last run got to, to the beginning.
    pub(super) fn back(&self) -> Result<(), VendorDirError> {
        let path = self.target.path();
        match self.journal.method {
            Method::Place if self.is_marked(path) => rename(path, &self.stage)?,
            Method::Exchange if self.is_marked(path) => {
                if !system::exchange(&self.stage, path).map_err(|source| VendorDirError::io(path, source))? {
                    return Err(self.lost(&self.stage));
                }
            }
            Method::Place | Method::Exchange => {}
            Method::Entries => {
                for entry in self.journal.entries.iter().rev() {
                    let [live, fresh, before] = self.places(entry);
                    if entry.new && link::is_there(&live) && !link::is_there(&fresh) {
                        rename(&live, &fresh)?;
                    }
                    if link::is_there(&before) {
                        link::remove(&live)?;
                        rename(&before, &live)?;
                    }
                }
                sync(path)?;
            }
        }
        sync(self.target.above())
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
        link::remove(&self.target.path().join(MARKER))?;
        self.step()?;
        link::remove(&self.stage)
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
            link::remove(&part)?;
            link::carry_over(live, &part)?;
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
