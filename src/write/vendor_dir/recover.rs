//! What becomes of a run that was killed.

use camino::Utf8Path;

use super::error::VendorDirError;
use super::faults::Faults;
use super::journal::{self, Journal};
use super::lock::{self, Holder};
use super::record::Record;
use super::swap::{Swap, is_stage_name};
use super::target::Target;
use super::{config, link};

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
    let half_done = link::is_there(&journal::path(root));
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
    for (name, _) in link::entries(target.above())? {
        if name.strip_prefix(&prefix).is_some_and(|id| id.bytes().all(|byte| byte.is_ascii_digit())) {
            link::remove(&target.above().join(name))?;
        }
    }
    for (name, _) in link::entries(target.path())? {
        if is_stage_name(&name) {
            link::remove(&target.path().join(name))?;
        }
    }
    config::sweep(target.root())
}
