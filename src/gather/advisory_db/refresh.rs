//! Asks a source's origin whether the cached copy is still the newest, and takes the newer one in.

use camino::{Utf8Path, Utf8PathBuf};
use jiff::SignedDuration;
use jiff::civil::Date;
use tempfile::TempDir;

use super::cache::{Cache, Seen, State, Validators};
use super::collection::Collection;
use super::forgotten;
use super::git::AdvisoryRepository;
use super::request::{AdvisoryDbError, AdvisoryRequest, Fetch, Source, is_in_future, latest_believed};
use super::unpack::{Unpacked, unpack, unpack_gzip};
use crate::gather::http::{Answer, Request};

/// A confirmation so young is not asked for again.
const RECENT: SignedDuration = SignedDuration::from_mins(10);
/// The most bytes of the compressed archive.
const ARCHIVE_LIMIT: u64 = 64 << 20;

/// What asking came to.
#[derive(Debug)]
pub(super) enum Refreshed {
    /// The cache holds the origin's newest copy.
    Current,
    /// The origin shows an older copy than it did before.
    RolledBack { offered: Offered, seen: String },
}

/// A copy as the origin offers it, unpacked but not yet taken in.
#[derive(Debug)]
pub(super) struct Offered {
    pub(super) seen: Seen,
    pub(super) newest: Option<Date>,
    folder: Utf8PathBuf,
    staged: TempDir,
}

impl Offered {
    pub(super) fn folder(&self) -> &Utf8Path {
        &self.folder
    }
}

/// Brings the cache up to date.
pub(super) fn refresh(
    request: &AdvisoryRequest<'_>,
    source: &Source,
    cache: &Cache,
) -> Result<Refreshed, AdvisoryDbError> {
    let local = matches!(source, Source::Git(address) if address.starts_with("file:"));
    if request.network.is_none() && !local {
        return Err(AdvisoryDbError::NotCached { address: request.db.to_owned() });
    }
    let is_recent = |state: &State| {
        let age = request.now.duration_since(state.confirmed);
        !local && !age.is_negative() && age < RECENT && cache.holds(state)
    };
    if cache.state()?.as_ref().is_some_and(is_recent) {
        return Ok(Refreshed::Current);
    }
    let _guard = cache.lock(request.environment.listener())?;
    let state = cache.state()?;
    // Another run may have asked while this one waited.
    if state.as_ref().is_some_and(is_recent) {
        return Ok(Refreshed::Current);
    }
    match (source, request.network) {
        (Source::Archive(address), Some(fetch)) => refresh_archive(request, address, cache, state, fetch),
        (Source::Git(address), _) => refresh_git(request, address, cache, state),
        (Source::Archive(_) | Source::Folder(_), _) => {
            Err(AdvisoryDbError::NotCached { address: request.db.to_owned() })
        }
    }
}

fn refresh_archive(
    request: &AdvisoryRequest<'_>,
    address: &str,
    cache: &Cache,
    state: Option<State>,
    fetch: &Fetch<'_>,
) -> Result<Refreshed, AdvisoryDbError> {
    let usable = state.as_ref().filter(|state| cache.holds(state));
    let conditional = Request {
        url: address.to_owned(),
        etag: usable.and_then(|state| state.validators.etag.clone()),
        last_modified: usable.and_then(|state| state.validators.last_modified.clone()),
        limit: ARCHIVE_LIMIT,
        ..Request::default()
    };
    let asked = conditional.etag.is_some() || conditional.last_modified.is_some();
    let answer =
        fetch(&conditional).map_err(|source| AdvisoryDbError::Fetch { address: address.to_owned(), source })?;
    let Answer { status, etag, last_modified, body, .. } = answer;
    match (status, state) {
        (304, Some(state)) if asked => {
            cache.remember(&state.confirm(request.now))?;
            Ok(Refreshed::Current)
        }
        (200, state) => {
            let staged = cache.stage()?;
            let folder = staged_folder(&staged)?;
            let refused = |source| AdvisoryDbError::Archive { address: address.to_owned(), source };
            let unpacked = unpack_gzip(&body, &folder).map_err(refused)?;
            let offered = offer(request, staged, folder, unpacked)?;
            take_in(request, cache, state, offered, Validators { etag, last_modified }, None)
        }
        (status, _) => {
            let words = String::from_utf8_lossy(&body).into_owned();
            Err(AdvisoryDbError::Status { address: address.to_owned(), status, words })
        }
    }
}

fn refresh_git(
    request: &AdvisoryRequest<'_>,
    address: &str,
    cache: &Cache,
    state: Option<State>,
) -> Result<Refreshed, AdvisoryDbError> {
    let repository = AdvisoryRepository::at(cache.folder().join("repository.git"), request.environment);
    let commit = repository.fetch(address)?;
    let last = state.as_ref().and_then(|state| state.seen.commit.clone());
    let current = state.as_ref().filter(|state| last.as_deref() == Some(&*commit) && cache.holds(state));
    if let Some(state) = current {
        cache.remember(&state.clone().confirm(request.now))?;
        return Ok(Refreshed::Current);
    }
    let staged = cache.stage()?;
    let folder = staged_folder(&staged)?;
    let archive = repository.archive(&commit)?;
    let refused = |source| AdvisoryDbError::Archive { address: address.to_owned(), source };
    let mut unpacked = unpack(archive.as_slice(), &folder).map_err(refused)?;
    unpacked.committed = Some(repository.committed(&commit)?);
    unpacked.commit = Some(commit.clone());
    let offered = offer(request, staged, folder, unpacked)?;
    let strayed = match &last {
        Some(last) if *last != commit => repository.has_strayed(last, &commit)?.then(|| last.clone()),
        _ => None,
    };
    take_in(request, cache, state, offered, Validators::default(), strayed)
}

fn staged_folder(staged: &TempDir) -> Result<Utf8PathBuf, AdvisoryDbError> {
    Utf8PathBuf::try_from(staged.path().to_owned())
        .map_err(|error| AdvisoryDbError::io("a folder that is not UTF-8")(error.into_io_error()))
}

fn offer(
    request: &AdvisoryRequest<'_>,
    staged: TempDir,
    folder: Utf8PathBuf,
    unpacked: Unpacked,
) -> Result<Offered, AdvisoryDbError> {
    let Unpacked { commit, committed, total } = unpacked;
    if let Some(committed) = committed.filter(|committed| is_in_future(*committed, request.now)) {
        return Err(AdvisoryDbError::FutureCommit { address: request.db.to_owned(), committed });
    }
    let newest = match committed {
        Some(_) => None,
        None => Collection::open(&folder)?.census(Some(latest_believed(request.now)))?.newest,
    };
    Ok(Offered { seen: Seen { commit, committed, total }, newest, folder, staged })
}

/// Installs the offered copy, unless it is older than, or a torso of, what was seen before.
fn take_in(
    request: &AdvisoryRequest<'_>,
    cache: &Cache,
    state: Option<State>,
    offered: Offered,
    validators: Validators,
    strayed: Option<String>,
) -> Result<Refreshed, AdvisoryDbError> {
    if let Some(state) = &state {
        let known = &state.seen;
        let shrunk = offered.seen.total < known.total / 2;
        let seen = strayed.or_else(|| known.younger_than(offered.seen.committed));
        if let Some(seen) = seen.or_else(|| shrunk.then(|| known.name())) {
            return Ok(Refreshed::RolledBack { offered, seen });
        }
        if known.commit.is_some() && *known == offered.seen && cache.holds(state) {
            let mut state = state.clone().confirm(request.now);
            state.validators = validators;
            cache.remember(&state)?;
            return Ok(Refreshed::Current);
        }
    }
    let before = state.as_ref().and_then(|state| cache.last(state));
    let forgotten = forgotten::since(before.as_deref(), request.memory, &Collection::open(&offered.folder)?)?;
    forgotten::write(&forgotten, &offered.folder)?;
    cache.install(offered.staged, state, offered.seen, offered.newest, validators, request.now)?;
    Ok(Refreshed::Current)
}
