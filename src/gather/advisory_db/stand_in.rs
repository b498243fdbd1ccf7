//! Folders as they lie: the one that the policy names, and the checkouts that other tools left of RustSec's database.

use std::fs;

use camino::{Utf8Path, Utf8PathBuf};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::AdvisoryRequest;
use super::collection::Collection;
use super::error::AdvisoryDbError;
use super::git::Repository;
use super::origin::is_in_future;
use super::source::Source;
use crate::files::regular::{self, Links};
use crate::model::advisory::AdvisoryDb;

/// The most checkouts of cargo-deny's that are looked at.
const CHECKOUT_LIMIT: usize = 16;
/// A repository's configuration of more bytes is not looked at.
const CONFIG_LIMIT: u64 = 64 << 10;

/// The last day that an advisory's date is believed to be: tomorrow, for the east of us.
pub(super) fn latest_believed(now: Timestamp) -> Date {
    let tomorrow = now.saturating_add(SignedDuration::from_hours(24)).unwrap_or(now);
    tomorrow.to_zoned(TimeZone::UTC).date()
}

/// A folder that the policy names. Nobody confirms it.
pub(super) fn read_folder(request: &AdvisoryRequest<'_>, folder: &Utf8Path) -> Result<AdvisoryDb, AdvisoryDbError> {
    let collection = Collection::open(folder)?;
    // The top of a checkout only: a folder inside a project's repository has that project's commits, not the advisories'.
    let git = folder.join(".git");
    let head = || Repository::at(git.clone(), request.environment).head().ok();
    let crates = request.crates;
    let (head, selection) =
        rayon::join(|| git.symlink_metadata().ok().and_then(|_| head()), || collection.select(crates));
    let head = head.filter(|(_, committed)| !is_in_future(*committed, request.now));
    let latest = if head.is_some() { None } else { Some(latest_believed(request.now)) };
    let census = collection.census(latest)?;
    let (commit, committed) = head.unzip();
    Ok(AdvisoryDb {
        source: request.db.to_owned(),
        copy: None,
        commit,
        committed,
        newest: census.newest,
        confirmed: None,
        rolled_back_from: None,
        total: census.total,
        by_crate: selection.by_crate,
        unreadable: selection.unreadable,
    })
}

/// The usable checkouts of RustSec's database that cargo-audit and cargo-deny left.
pub(super) fn checkouts(request: &AdvisoryRequest<'_>) -> Vec<AdvisoryDb> {
    let audit = request.cargo_home.join("advisory-db");
    let deny = request.cargo_home.join("advisory-dbs");
    let mut folders: Vec<Utf8PathBuf> = fs::read_dir(&deny)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .map(|name| deny.join(name))
        .filter(|folder| folder.is_dir())
        .collect();
    folders.sort_unstable();
    folders.truncate(CHECKOUT_LIMIT);
    folders.insert(0, audit);
    folders
        .into_iter()
        .filter(|folder| is_rustsec(folder))
        .filter_map(|folder| {
            let db = read_folder(request, &folder).ok().filter(|db| db.total > 0)?;
            Some(AdvisoryDb { copy: Some(folder.into_string()), ..db })
        })
        .collect()
}

/// Whether the checkout's remote is RustSec's. cargo-deny keeps the databases of companies in the same place; a folder that says
/// nothing of its remote is RustSec's by its name alone.
fn is_rustsec(folder: &Utf8Path) -> bool {
    let Ok(text) = regular::text(&folder.join(".git").join("config"), Links::Followed, CONFIG_LIMIT) else {
        return folder.file_name().is_some_and(|name| name == "advisory-db" || name.starts_with("advisory-db-"));
    };
    let mut addresses = text.lines().filter_map(|line| {
        let (key, value) = line.split_once('=')?;
        key.trim().eq_ignore_ascii_case("url").then(|| value.trim().trim_matches('"'))
    });
    addresses.any(|address| Source::Git(address.to_owned()).is_rustsec())
}
