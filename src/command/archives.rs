//! The archives of single releases, for verbs that look into them: from cargo's cache or the registry, hashed in this run like every other.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::archive::{ArchiveError, VerifiedCrate};
use crate::gather::crate_files::{self, CrateCache, CrateFile, CratePlaces, WantedCrate};
use crate::gather::index::IndexMode;
use crate::model::checksum::Checksum;
use crate::model::package::PackageId;
use crate::project::{Assessment, Progress};

/// Why an archive cannot be looked into.
#[derive(Debug, thiserror::Error)]
pub(super) enum ArchiveLack {
    /// It could not be had, or has other bytes; the message says which and what to do.
    #[error("{0}")]
    NotHad(String),
    #[error(transparent)]
    Refused(#[from] ArchiveError),
    /// It was taken, and cannot be read again.
    #[error("the archive of `{id}` cannot be read: {cause}\nhelp: run the command again")]
    Unread { id: Box<PackageId>, cause: std::io::Error },
}

/// Whether archives may be downloaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum From {
    /// What lies in cargo's cache, and nothing else.
    Cache,
    /// The registry too, where the run may ask one.
    Anywhere,
}

/// Gets these archives, in their order. What was downloaded is put into cargo's cache.
///
/// # Errors
/// The first that cannot be had.
pub(super) fn archives(
    made: &Assessment,
    wanted: &[(PackageId, Checksum)],
    from: From,
    quiet: bool,
) -> Result<Vec<VerifiedCrate>, ArchiveLack> {
    let reached = made.reached();
    let places = CratePlaces {
        cargo_home: made.cargo_home(),
        access: &reached.access,
        configs: &reached.configs,
        mode: match from {
            From::Cache => IndexMode::Offline,
            From::Anywhere => made.mode(),
        },
    };
    let crates: Vec<WantedCrate<'_>> =
        wanted.iter().map(|(id, checksum)| WantedCrate { id, checksum: *checksum }).collect();
    let cache = CrateCache::new(made.cargo_home().to_owned());
    let came: Mutex<BTreeMap<usize, Result<VerifiedCrate, ArchiveError>>> = Mutex::default();
    let deliver = |at: usize, file: CrateFile| {
        let Some((id, checksum)) = wanted.get(at) else { return };
        let CrateFile { bytes, downloaded_for } = file;
        if let Some(path) = downloaded_for {
            cache.store(&path, &bytes);
        }
        let verified = VerifiedCrate::of(bytes, *checksum, id);
        came.lock().unwrap_or_else(PoisonError::into_inner).insert(at, verified);
    };
    let progress = Progress::new(quiet || from == From::Cache, "Fetching", "archives");
    let fetched =
        crate_files::take(&crates, &places, &deliver, &mut |at| progress.with_bytes(at.done, at.of, at.bytes));
    drop(progress);
    if let Some(failure) = fetched.failures.first() {
        return Err(ArchiveLack::NotHad(failure.to_string()));
    }
    let mut came = came.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mut all = Vec::with_capacity(wanted.len());
    for (at, (id, _)) in wanted.iter().enumerate() {
        let verified = came.remove(&at).ok_or_else(|| ArchiveLack::NotHad(not_delivered(id)))?;
        all.push(verified?);
    }
    Ok(all)
}

fn not_delivered(id: &PackageId) -> String {
    format!("the archive of `{id}` was not delivered\nhelp: run the command again")
}
