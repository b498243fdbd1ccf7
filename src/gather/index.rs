//! Reads the registry index: what was ever published of each crate in question.
//!
//! Cargo's own index cache is shared. Online, its entries save the transfer of what has not changed; offline they are all there is.
//! An entry is as good as this run's only where the registry confirmed it in this run. Sparse registries are asked (RFC 2789), by the
//! cache's validators where those may be believed.

mod cache;
mod registry;
mod yanks;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use camino::Utf8Path;
use jiff::{SignedDuration, Timestamp};
use rayon::prelude::*;
use semver::Version;
use tame_index::KrateName;

pub(crate) use self::cache::Entries;
pub(in crate::gather) use self::cache::{in_use, registry_folders};
pub(in crate::gather) use self::registry::crate_name;
pub use self::registry::{IndexOrigin, RegistryAccess, RegistryConfig};

use self::cache::{Change, Entry, IndexFolder, LARGEST, Sought, Validators, store, version_of};
use self::registry::LARGEST_CONFIG;
use self::yanks::{Yanks, newly_yanked};
use crate::gather::http::{Answer, Http, HttpError, Request, shown};
use crate::model::evaluation::IndexGap;
use crate::model::facts::IndexFact;
use crate::model::history::{History, Standing};
use crate::model::package::CrateId;
use crate::model::source::Registry;

/// How far two answers' times may lie apart and both be the registry's clock: the difference that the decision tolerates.
const SPREAD: SignedDuration = SignedDuration::from_mins(10);

/// Whether the registries may be asked.
#[derive(Clone, Copy, Debug)]
pub enum IndexMode<'a> {
    /// With this client. What cargo's cache has is believed where the registry confirms it.
    Online(&'a Http),
    /// With this client, which asks for everything whole: an entry that somebody rewrote in the cache would be confirmed like any other.
    Afresh(&'a Http),
    /// With this client, and nothing is written into cargo's cache: a cargo that is running may hold its lock.
    Beside(&'a Http),
    /// Cargo's cache only.
    Offline,
}

#[derive(Debug, Default)]
pub struct IndexReading {
    /// One fact for every crate that was asked for.
    pub index: BTreeMap<CrateId, IndexFact>,
    /// The time by the registries' own clocks, the earliest where they differ; `None` where none was asked or none said.
    pub clock: Option<Timestamp>,
    /// When the oldest of the cached entries that nobody confirmed was written, where the file system knows.
    pub oldest_cached: Option<Timestamp>,
    /// The registries' `config.json`, those that could be had.
    pub configs: BTreeMap<Registry, RegistryConfig>,
    /// Why what came could not be kept in cargo's cache, where it could not.
    pub unkept: Option<String>,
}

type Asked<'a> = (&'a RegistryAccess, &'a IndexFolder);
type Tokens = BTreeMap<Registry, Result<Option<String>, IndexGap>>;

/// A crate that may be asked for, and what cargo's cache has of it.
struct Wanted<'a> {
    id: &'a CrateId,
    name: KrateName<'a>,
    access: &'a RegistryAccess,
    folder: &'a IndexFolder,
    cached: Option<Entry>,
}

/// Reads the index entry of every crate in `crates`. A registry that `access` lacks is asked directly. `progress` hears how many
/// crates of how many are done.
#[must_use]
pub fn read(
    crates: &BTreeSet<CrateId>,
    access: &BTreeMap<Registry, RegistryAccess>,
    cargo_home: &Utf8Path,
    mode: IndexMode<'_>,
    progress: &mut dyn FnMut(usize, usize),
) -> IndexReading {
    let before = Before { configs: &BTreeMap::new(), entries: &mut Entries::default() };
    read_on(crates, access, before, cargo_home, mode, progress)
}

/// What was read before.
#[derive(Debug)]
pub(crate) struct Before<'b> {
    /// Registries whose `config.json` is among these are not asked for it again.
    pub(crate) configs: &'b BTreeMap<Registry, RegistryConfig>,
    /// Of cargo's cache. What is used is taken out.
    pub(crate) entries: &'b mut Entries,
}

/// What cargo's cache has of these crates, for [`read_on`] in a moment.
#[must_use]
pub(crate) fn read_ahead(
    crates: &BTreeSet<CrateId>,
    access: &BTreeMap<Registry, RegistryAccess>,
    cargo_home: &Utf8Path,
) -> Entries {
    let folders: BTreeMap<&Registry, IndexFolder> = access
        .iter()
        .filter_map(|(registry, access)| Some((registry, IndexFolder::of(cargo_home, &access.from)?)))
        .collect();
    let sought = crates.iter().filter_map(|id| {
        let (folder, name) = (folders.get(&id.registry)?, crate_name(&id.name)?);
        Some(Sought { folder, id, name })
    });
    Entries::of(&sought.collect::<Vec<_>>())
}

/// As [`read`], for one who has read before.
#[must_use]
pub(crate) fn read_on(
    crates: &BTreeSet<CrateId>,
    access: &BTreeMap<Registry, RegistryAccess>,
    Before { configs, entries }: Before<'_>,
    cargo_home: &Utf8Path,
    mode: IndexMode<'_>,
    progress: &mut dyn FnMut(usize, usize),
) -> IndexReading {
    let mut reading = IndexReading::default();
    let registries: BTreeSet<&Registry> = crates.iter().map(|id| &id.registry).collect();
    let folders: BTreeMap<&Registry, (RegistryAccess, Option<IndexFolder>)> = registries
        .into_iter()
        .map(|registry| {
            let access = access.get(registry).cloned().unwrap_or_else(|| RegistryAccess::direct(registry));
            let folder = IndexFolder::of(cargo_home, &access.from);
            (registry, (access, folder))
        })
        .collect();
    let mut wanted = Vec::with_capacity(crates.len());
    for id in crates {
        let gap = match (folders.get(&id.registry), crate_name(&id.name)) {
            (Some((access, Some(folder))), Some(name)) => {
                wanted.push(Wanted { id, name, access, folder, cached: None });
                continue;
            }
            (Some((RegistryAccess { from: IndexOrigin::Refused, .. }, _)), _) => IndexGap::Refused,
            (Some((RegistryAccess { from: IndexOrigin::NotNamed, .. }, _)), _) => IndexGap::NotNamed,
            (_, None) => IndexGap::BadName,
            (_, Some(_)) => IndexGap::Failed(String::from("the registry's address cannot be used")),
        };
        reading.index.insert(id.clone(), IndexFact::Unavailable(gap));
    }
    let sought: Vec<_> =
        wanted.iter().map(|Wanted { folder, id, name, .. }| Sought { folder, id, name: *name }).collect();
    for (wanted, cached) in wanted.iter_mut().zip(IndexFolder::read(&sought, entries)) {
        wanted.cached = cached;
    }
    for (registry, (_, folder)) in &folders {
        if let Some(config) = folder.as_ref().and_then(IndexFolder::config) {
            reading.configs.insert((*registry).clone(), config);
        }
    }
    let (asked, unasked): (Vec<_>, Vec<_>) = wanted.into_iter().partition(|wanted| {
        !matches!(mode, IndexMode::Offline) && matches!(wanted.access.from, IndexOrigin::Sparse(_))
    });
    let yanks = Yanks::load(cargo_home);
    from_cache(unasked, &yanks, &mut reading);
    let http = match mode {
        IndexMode::Online(http) | IndexMode::Afresh(http) | IndexMode::Beside(http) => http,
        IndexMode::Offline => return reading,
    };
    let validators = !matches!(mode, IndexMode::Afresh(_));
    let (changes, seen) = ask(asked, configs, (http, validators), &yanks, &mut reading, progress);
    yanks.keep(seen);
    if matches!(mode, IndexMode::Online(_) | IndexMode::Afresh(_)) {
        reading.unkept = store(cargo_home, &changes);
    }
    reading
}

/// Reads nothing but the `config.json` of these registries: as the registry sends it, else as cargo's cache has it. Nothing is written.
#[must_use]
pub(crate) fn read_configs(
    registries: &BTreeSet<Registry>,
    access: &BTreeMap<Registry, RegistryAccess>,
    cargo_home: &Utf8Path,
    http: &Http,
) -> BTreeMap<Registry, RegistryConfig> {
    let mut reading = IndexReading::default();
    let places: Vec<(&Registry, RegistryAccess, IndexFolder)> = registries
        .iter()
        .filter_map(|registry| {
            let access = access.get(registry).cloned().unwrap_or_else(|| RegistryAccess::direct(registry));
            let folder = IndexFolder::of(cargo_home, &access.from)?;
            Some((registry, access, folder))
        })
        .collect();
    for (registry, _, folder) in &places {
        if let Some(config) = folder.config() {
            reading.configs.insert((*registry).clone(), config);
        }
    }
    let sparse = places.iter().filter(|(_, access, _)| matches!(access.from, IndexOrigin::Sparse(_)));
    let asked = sparse.map(|(registry, access, folder)| (*registry, (access, folder))).collect();
    ask_only_for_configs(asked, http, &mut reading);
    reading.configs
}

fn from_cache(wanted: Vec<Wanted<'_>>, yanks: &Yanks, reading: &mut IndexReading) {
    let read: Vec<_> = wanted
        .into_par_iter()
        .map(|wanted| {
            let Some(entry) = wanted.cached else {
                let gap = match wanted.access.from {
                    IndexOrigin::Git(_) => IndexGap::GitIndex,
                    IndexOrigin::Sparse(_) | IndexOrigin::Refused | IndexOrigin::NotNamed => IndexGap::NotCached,
                };
                return (wanted.id, None, IndexFact::Unavailable(gap));
            };
            let written = entry.written;
            let history = entry.history.with_unyanked(yanks.of(wanted.id));
            (wanted.id, written, IndexFact::Read(Arc::new(history)))
        })
        .collect();
    for (id, written, fact) in read {
        if let Some(written) = written {
            reading.oldest_cached = Some(reading.oldest_cached.map_or(written, |oldest| oldest.min(written)));
        }
        reading.index.insert(id.clone(), fact);
    }
}

/// Asks for every crate in `wanted`, with the cache's validators or without, and returns what cargo can use the next time. `configs` are
/// those that were read before.
fn ask<'w>(
    wanted: Vec<Wanted<'w>>,
    configs: &BTreeMap<Registry, RegistryConfig>,
    (http, validators): (&Http, bool),
    yanks: &Yanks,
    reading: &mut IndexReading,
    progress: &mut dyn FnMut(usize, usize),
) -> (Vec<Change>, Vec<Seen<'w>>) {
    let (mut changes, mut dates) = (Vec::new(), Vec::new());
    let registries = wanted.iter().map(|wanted| (&wanted.id.registry, (wanted.access, wanted.folder))).collect();
    let tokens = ask_for_configs(registries, configs, http, reading, &mut changes, &mut dates);
    let total = wanted.len();
    let (mut sent, mut requests) = (Vec::new(), Vec::new());
    for wanted in wanted {
        match entry_request(&wanted, &tokens, validators) {
            Ok(request) => {
                requests.push(request);
                sent.push(wanted);
            }
            Err(gap) => {
                reading.index.insert(wanted.id.clone(), IndexFact::Unavailable(gap));
            }
        }
    }
    let failed = total - sent.len();
    let answers = http.get_all(requests, &mut |done| progress(failed + done, total));
    dates.extend(answers.iter().filter_map(|answer| answer.as_ref().ok()?.date));
    reading.clock = clock(&dates);
    let read: Vec<_> = sent
        .into_par_iter()
        .zip(answers)
        .map(|(wanted, answer)| read_answer(wanted, answer, validators, yanks))
        .collect();
    let mut seen = Vec::new();
    for Answered { id, fact, change, seen: anew } in read {
        changes.extend(change);
        seen.extend((!anew.is_empty()).then_some((id, anew)));
        reading.index.insert(id.clone(), fact);
    }
    (changes, seen)
}

/// Asks for nothing but each registry's `config.json`.
fn ask_only_for_configs(registries: BTreeMap<&Registry, Asked<'_>>, http: &Http, reading: &mut IndexReading) {
    ask_for_configs(registries, &BTreeMap::new(), http, reading, &mut Vec::new(), &mut Vec::new());
}

fn address(access: &RegistryAccess, path: &str) -> String {
    match &access.from {
        IndexOrigin::Sparse(url) => format!("{url}{path}"),
        IndexOrigin::Git(_) | IndexOrigin::Refused | IndexOrigin::NotNamed => String::new(),
    }
}

/// Reads each registry's `config.json`, first without a token as cargo does, and says which token its crates need.
fn ask_for_configs(
    mut registries: BTreeMap<&Registry, Asked<'_>>,
    configs: &BTreeMap<Registry, RegistryConfig>,
    http: &Http,
    reading: &mut IndexReading,
    changes: &mut Vec<Change>,
    dates: &mut Vec<Timestamp>,
) -> Tokens {
    let mut tokens = Tokens::new();
    registries.retain(|registry, (access, _)| {
        let Some(config) = configs.get(*registry) else { return true };
        tokens.insert((*registry).clone(), token_for(registry, access, config));
        reading.configs.insert((*registry).clone(), config.clone());
        false
    });
    let request = |access: &RegistryAccess, authorization| Request {
        url: address(access, "config.json"),
        authorization,
        limit: LARGEST_CONFIG,
        ..Request::default()
    };
    let requests = registries.values().map(|(access, _)| request(access, None)).collect();
    let answers = http.get_all(requests, &mut |_| ());
    for ((registry, (access, folder)), mut answer) in registries.into_iter().zip(answers) {
        let refused = matches!(answer, Err(HttpError::Status { status: 401 | 403, .. }));
        if refused && let Ok(token) = access.credentials.token() {
            answer = http.get(&request(access, Some(token.expose().to_owned())));
        }
        let token = match config_of(answer, access) {
            Ok((config, answer)) => {
                dates.extend(answer.date);
                let token = token_for(registry, access, &config);
                if reading.configs.get(registry) != Some(&config) {
                    changes.push(Change::Config { path: folder.config_path(), body: answer.body });
                }
                reading.configs.insert(registry.clone(), config);
                token
            }
            Err(gap) => Err(gap),
        };
        tokens.insert(registry.clone(), token);
    }
    tokens
}

fn token_for(
    registry: &Registry,
    access: &RegistryAccess,
    config: &RegistryConfig,
) -> Result<Option<String>, IndexGap> {
    if !config.auth_required {
        return Ok(None);
    }
    let token = access.credentials.token().map(|token| Some(token.expose().to_owned()));
    token.map_err(|lack| IndexGap::Denied(format!("{registry}: the registry asks for a token, and {lack}")))
}

/// Why an entry is missing after a request that failed; where the registry refused it, with what it was given.
fn gap_after(error: &HttpError, access: &RegistryAccess) -> IndexGap {
    let cause = error.first_line();
    let HttpError::Status { status: status @ (401 | 403), words, .. } = error else { return IndexGap::Failed(cause) };
    if *status == 403 {
        return if words.is_empty() { IndexGap::Denied(cause) } else { IndexGap::Forbidden(cause) };
    }
    IndexGap::Denied(match access.credentials.token() {
        Ok(_) => format!("{cause}, and its token was sent"),
        Err(lack) => format!("{cause}, and {lack}"),
    })
}

fn config_of(answer: Result<Answer, HttpError>, access: &RegistryAccess) -> Result<(RegistryConfig, Answer), IndexGap> {
    let answer = answer.map_err(|error| gap_after(&error, access))?;
    if answer.status != 200 {
        let words = String::from_utf8_lossy(&answer.body);
        let said = if words.is_empty() { String::new() } else { format!(": {words}") };
        let status = answer.status;
        let cause = format!(
            "{}: the registry has no config.json: status {status}{said}",
            shown(&address(access, "config.json"))
        );
        return Err(if status == 451 { IndexGap::Forbidden(cause) } else { IndexGap::Failed(cause) });
    }
    let config = RegistryConfig::parse(&answer.body)
        .map_err(|error| IndexGap::Failed(format!("the registry's config.json cannot be read: {error}")))?;
    Ok((config, answer))
}

fn entry_request(wanted: &Wanted<'_>, tokens: &Tokens, validators: bool) -> Result<Request, IndexGap> {
    let authorization = tokens.get(&wanted.id.registry).cloned().unwrap_or(Ok(None))?;
    // What cannot be what the registry has is asked for whole.
    let sound = wanted.cached.as_ref().filter(|entry| validators && !entry.history.has_garbled_line());
    let Validators { etag, last_modified } = sound.map(|entry| entry.validators.clone()).unwrap_or_default();
    let url = address(wanted.access, &wanted.name.relative_path(Some('/')));
    Ok(Request { url, etag, last_modified, authorization, limit: LARGEST, ..Request::default() })
}

/// What an older entry showed of releases that are yanked by now.
type Seen<'a> = (&'a CrateId, BTreeMap<Version, Timestamp>);

/// What came of one crate.
struct Answered<'a> {
    id: &'a CrateId,
    fact: IndexFact,
    change: Option<Change>,
    seen: BTreeMap<Version, Timestamp>,
}

fn read_answer<'w>(
    wanted: Wanted<'w>,
    answer: Result<Answer, HttpError>,
    validators: bool,
    yanks: &Yanks,
) -> Answered<'w> {
    let Wanted { id, name, folder, cached, access } = wanted;
    let told = |fact, change| Answered { id, fact, change, seen: BTreeMap::new() };
    let failed = |cause| told(IndexFact::Unavailable(IndexGap::Failed(cause)), None);
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => return told(IndexFact::Unavailable(gap_after(&error, access)), None),
    };
    match (answer.status, cached) {
        (200, cached) => {
            let history = History::from_lines(&id.name, answer.body, Standing::Confirmed);
            if !history.lines().any(|line| version_of(line).is_some()) {
                return failed(format!("{}: the registry's answer has no release in it", id.name));
            }
            // Kept with its validators, it would be confirmed from now on.
            if history.is_cut_short() {
                return failed(format!("{}: the registry's answer breaks off within a line", id.name));
            }
            let dated = cached.as_ref().and_then(|entry| Some((entry, entry.written?)));
            let seen: BTreeMap<Version, Timestamp> = dated.map_or_else(BTreeMap::new, |(entry, written)| {
                newly_yanked(&entry.history, &history).into_iter().map(|version| (version, written)).collect()
            });
            let known = yanks.of(id).into_iter().chain(seen.clone()).collect();
            let history = Arc::new(history.with_unyanked(known));
            // Nor is it confirmed where a line of it was garbled, or is left out of the cache for having no version.
            let is_sound = !history.has_garbled_line() && history.lines().all(|line| version_of(line).is_some());
            let validators = Some(Validators::of(answer.etag, answer.last_modified)).filter(|_| is_sound);
            let validators = validators.unwrap_or_default();
            // Registries without validators send everything every time, and nearly all of it is what the cache has.
            let known =
                cached.is_some_and(|entry| entry.validators == validators && entry.history.lines().eq(history.lines()));
            let path = folder.entry_path(name);
            let change = (!known).then(|| Change::Entry { path, validators, history: Arc::clone(&history) });
            Answered { id, fact: IndexFact::Read(history), change, seen }
        }
        (304, Some(entry)) if validators => {
            let history = entry.history.confirmed().with_unyanked(yanks.of(id));
            told(IndexFact::Read(Arc::new(history)), None)
        }
        (304, _) => failed(format!("{}: the registry confirmed an entry that was not asked about", id.name)),
        (_, cached) => {
            let change = cached.map(|_| Change::Removal { path: folder.entry_path(name) });
            told(IndexFact::Gone, change)
        }
    }
}

/// The registry's clock: the earliest of its answers' times, but for those that a later one proves to be kept from before.
fn clock(dates: &[Timestamp]) -> Option<Timestamp> {
    let latest = dates.iter().max()?;
    dates.iter().filter(|date| latest.duration_since(**date) <= SPREAD).min().copied()
}
