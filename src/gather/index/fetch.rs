//! Asks sparse registries (RFC 2789), by the cache's validators where those may be believed.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use rayon::prelude::*;

use super::cache::{Change, IndexFolder};
use super::config::{LARGEST_CONFIG, RegistryConfig};
use super::entry::{LARGEST, Validators};
use super::lines::version_of;
use super::{IndexOrigin, IndexReading, RegistryAccess, Wanted};
use crate::gather::http::{Answer, Http, HttpError, Request, shown};
use crate::model::evaluation::IndexGap;
use crate::model::facts::IndexFact;
use crate::model::history::{History, Standing};
use crate::model::source::Registry;

/// How far two answers' times may lie apart and both be the registry's clock: the difference that the decision tolerates.
const SPREAD: SignedDuration = SignedDuration::from_mins(10);

pub(super) type Asked<'a> = (&'a RegistryAccess, &'a IndexFolder);
type Tokens = BTreeMap<Registry, Result<Option<String>, IndexGap>>;

/// Asks for every crate in `wanted`, with the cache's validators or without, and returns what cargo can use the next time. `configs` are
/// those that were read before.
pub(super) fn ask(
    wanted: Vec<Wanted<'_>>,
    configs: &BTreeMap<Registry, RegistryConfig>,
    (http, validators): (&Http, bool),
    reading: &mut IndexReading,
    progress: &mut dyn FnMut(usize, usize),
) -> Vec<Change> {
    let (mut changes, mut dates) = (Vec::new(), Vec::new());
    let registries = wanted.iter().map(|wanted| (&wanted.id.registry, (wanted.access, wanted.folder))).collect();
    let tokens = ask_for_configs(registries, configs, http, reading, &mut changes, &mut dates);
    let total = wanted.len();
    let (mut sent, mut requests) = (Vec::new(), Vec::new());
    for wanted in wanted {
        match request(&wanted, &tokens, validators) {
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
    let read: Vec<_> =
        sent.into_par_iter().zip(answers).map(|(wanted, answer)| heed(wanted, answer, validators)).collect();
    for (id, fact, change) in read {
        changes.extend(change);
        reading.index.insert(id.clone(), fact);
    }
    changes
}

/// Asks for nothing but each registry's `config.json`.
pub(super) fn ask_only_for_configs(
    registries: BTreeMap<&Registry, Asked<'_>>,
    http: &Http,
    reading: &mut IndexReading,
) {
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
        let token = match config(answer, access) {
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

/// What is told of a request that failed; where the registry refused it, with what it was given.
fn gap(error: &HttpError, access: &RegistryAccess) -> IndexGap {
    let told = error.first_line();
    let HttpError::Status { status: status @ (401 | 403), .. } = error else { return IndexGap::Failed(told) };
    if *status == 403 {
        return IndexGap::Denied(told);
    }
    IndexGap::Denied(match access.credentials.token() {
        Ok(_) => format!("{told}, and its token was sent"),
        Err(lack) => format!("{told}, and {lack}"),
    })
}

fn config(answer: Result<Answer, HttpError>, access: &RegistryAccess) -> Result<(RegistryConfig, Answer), IndexGap> {
    let answer = answer.map_err(|error| gap(&error, access))?;
    if answer.status != 200 {
        let words = String::from_utf8_lossy(&answer.body);
        let said = if words.is_empty() { String::new() } else { format!(": {words}") };
        let status = answer.status;
        let told = format!(
            "{}: the registry has no config.json: status {status}{said}",
            shown(&address(access, "config.json"))
        );
        return Err(if status == 451 { IndexGap::Denied(told) } else { IndexGap::Failed(told) });
    }
    let config = RegistryConfig::parse(&answer.body)
        .map_err(|error| IndexGap::Failed(format!("the registry's config.json cannot be read: {error}")))?;
    Ok((config, answer))
}

fn request(wanted: &Wanted<'_>, tokens: &Tokens, validators: bool) -> Result<Request, IndexGap> {
    let authorization = tokens.get(&wanted.id.registry).cloned().unwrap_or(Ok(None))?;
    let Validators { etag, last_modified } =
        wanted.cached.as_ref().filter(|_| validators).map(|entry| entry.validators.clone()).unwrap_or_default();
    let url = address(wanted.access, &wanted.name.relative_path(Some('/')));
    Ok(Request { url, etag, last_modified, authorization, limit: LARGEST, resume: false })
}

type Heeded<'a> = (&'a crate::model::package::CrateId, IndexFact, Option<Change>);

fn heed(wanted: Wanted<'_>, answer: Result<Answer, HttpError>, validators: bool) -> Heeded<'_> {
    let Wanted { id, name, folder, cached, access } = wanted;
    let failed = |cause| (id, IndexFact::Unavailable(IndexGap::Failed(cause)), None);
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => return (id, IndexFact::Unavailable(gap(&error, access)), None),
    };
    match (answer.status, cached) {
        (200, cached) => {
            let history = Arc::new(History::from_lines(&id.name, answer.body, Standing::Confirmed));
            if !history.lines().any(|line| version_of(line).is_some()) {
                return failed(format!("{}: the registry's answer has no release in it", id.name));
            }
            let validators = Validators::of(answer.etag, answer.last_modified);
            // Registries without validators send everything every time, and nearly all of it is what the cache has.
            let known =
                cached.is_some_and(|entry| entry.validators == validators && entry.history.lines().eq(history.lines()));
            let path = folder.entry_path(name);
            let change = (!known).then(|| Change::Entry { path, validators, history: Arc::clone(&history) });
            (id, IndexFact::Read(history), change)
        }
        (304, Some(entry)) if validators => (id, IndexFact::Read(Arc::new(entry.history.confirmed())), None),
        (304, _) => failed(format!("{}: the registry confirmed an entry that was not asked about", id.name)),
        (_, cached) => {
            let change = cached.map(|_| Change::Removal { path: folder.entry_path(name) });
            (id, IndexFact::Gone, change)
        }
    }
}

/// The registry's clock: the earliest of its answers' times, but for those that a later one proves to be kept from before.
fn clock(dates: &[Timestamp]) -> Option<Timestamp> {
    let latest = dates.iter().max()?;
    dates.iter().filter(|date| latest.duration_since(**date) <= SPREAD).min().copied()
}
