//! Gets the `.crate` files of locked releases: from cargo's download cache, or from their registries.
//!
//! Every file is hashed in this run, whatever it came from, and only one whose digest is the locked one is handed on. Cargo's folder
//! of unpacked sources is never read. Nothing is written here: who receives a file may put it into the cache.
//!
//! Reading and downloading go on at once: workers hash and hand on, the calling thread waits for the network.

mod cache;
mod places;
mod wanted;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rayon::Scope;

pub(crate) use self::cache::{CrateCache, Stored};
pub use self::places::{CratePlaces, download_address};
pub(crate) use self::wanted::{CrateFailure, CratesProgress, LARGEST_CRATE, PoisonedEntry};
pub use self::wanted::{CrateFault, CrateFile, CratesTaken, WantedCrate};

use self::places::{CacheFolder, CachedFile};
use crate::gather::http::{Answer, Http, HttpError, Request, shown};
use crate::gather::index::{IndexMode, RegistryAccess, crate_name};
use crate::model::checksum::Hashed;
use crate::model::source::{Registry, Source};

/// Downloaded bytes that may wait for a worker.
const WAITING: u64 = 16 << 20;
/// How often the progress is reported.
const TICK: Duration = Duration::from_millis(100);

/// Everything that the workers share.
struct Work<'a> {
    wanted: &'a [WantedCrate<'a>],
    places: &'a CratePlaces<'a>,
    access: BTreeMap<&'a Registry, RegistryAccess>,
    folders: BTreeMap<&'a Registry, Option<CacheFolder>>,
    deliver: &'a (dyn Fn(usize, CrateFile) + Sync),
    done: AtomicUsize,
    load: Mutex<Load>,
    changed: Condvar,
    outcome: Mutex<Outcome>,
}

/// What the workers have before them.
#[derive(Default)]
struct Load {
    tasks: usize,
    bytes: u64,
}

#[derive(Default)]
struct Outcome {
    /// What the cache was thought to have and has not.
    again: BTreeSet<usize>,
    poisoned: BTreeMap<usize, PoisonedEntry>,
    failures: BTreeMap<usize, CrateFault>,
    downloaded: usize,
    bytes: u64,
}

/// Gets every file and hands each on, with its position in `wanted`, from a worker thread and in any order. No more than a bounded
/// number of bytes waits for the workers at any time.
#[must_use]
pub fn take(
    wanted: &[WantedCrate<'_>],
    places: &CratePlaces<'_>,
    deliver: &(dyn Fn(usize, CrateFile) + Sync),
    progress: &mut dyn FnMut(CratesProgress),
) -> CratesTaken {
    let work = Work::new(wanted, places, deliver);
    let (cached, missing): (Vec<usize>, Vec<usize>) = (0..wanted.len()).partition(|at| work.is_cached(*at));
    rayon::in_place_scope(|scope| {
        for at in cached {
            work.spawn(scope, 0, move |work| work.read_cached(at));
        }
        work.download(scope, missing, progress);
        work.wait(progress);
        // Found only by reading, so only now: what has to be fetched because the cache has something else.
        let again = std::mem::take(&mut work.outcome().again).into_iter().collect();
        work.download(scope, again, progress);
        work.wait(progress);
    });
    let Outcome { poisoned, failures, downloaded, bytes, .. } =
        work.outcome.into_inner().unwrap_or_else(PoisonError::into_inner);
    let failure = |(at, fault): (usize, _)| Some(CrateFailure { id: Box::new(wanted.get(at)?.id.clone()), fault });
    CratesTaken {
        poisoned: poisoned.into_values().collect(),
        failures: failures.into_iter().filter_map(failure).collect(),
        downloaded,
        bytes,
    }
}

impl<'a> Work<'a> {
    fn new(
        wanted: &'a [WantedCrate<'a>],
        places: &'a CratePlaces<'a>,
        deliver: &'a (dyn Fn(usize, CrateFile) + Sync),
    ) -> Self {
        let registries = wanted.iter().filter_map(|one| match &one.id.source {
            Source::Registry(registry) => Some(registry),
            Source::Local | Source::Git(_) | Source::Other(_) => None,
        });
        let access: BTreeMap<&Registry, RegistryAccess> = registries
            .map(|registry| {
                let configured = places.access.get(registry).cloned();
                (registry, configured.unwrap_or_else(|| RegistryAccess::direct(registry)))
            })
            .collect();
        let folders =
            access.iter().map(|(registry, access)| (*registry, CacheFolder::of(places.cargo_home, &access.from)));
        Self {
            wanted,
            places,
            folders: folders.collect(),
            access,
            deliver,
            done: AtomicUsize::new(0),
            load: Mutex::default(),
            changed: Condvar::new(),
            outcome: Mutex::default(),
        }
    }

    fn outcome(&self) -> MutexGuard<'_, Outcome> {
        self.outcome.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn load(&self) -> MutexGuard<'_, Load> {
        self.load.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The release's registry and its folder in the cache; `None` for a name that must not become part of a path.
    fn place(&self, at: usize) -> Option<(&'a WantedCrate<'a>, &'a Registry, Option<&CacheFolder>)> {
        let wanted = self.wanted.get(at)?;
        let Source::Registry(registry) = &wanted.id.source else { return None };
        crate_name(&wanted.id.name)?;
        Some((wanted, registry, self.folders.get(registry).and_then(Option::as_ref)))
    }

    fn is_cached(&self, at: usize) -> bool {
        self.place(at).is_some_and(|(wanted, _, folder)| folder.is_some_and(|folder| folder.has(wanted.id)))
    }

    /// Lets a worker do it; `bytes` count as waiting until it is done.
    fn spawn<'s>(&'s self, scope: &Scope<'s>, bytes: u64, task: impl FnOnce(&Self) + Send + 's) {
        let mut load = self.load();
        load.tasks += 1;
        load.bytes += bytes;
        drop(load);
        scope.spawn(move |_| {
            // Also where the task panics: whoever waits for it must not wait for ever.
            let _done = Done { work: self, bytes };
            task(self);
        });
    }

    fn read_cached(&self, at: usize) {
        let Some((wanted, _, folder)) = self.place(at) else { return };
        let (found, path) = match folder.and_then(|folder| folder.read(wanted.id)) {
            Some(CachedFile::File(bytes, _)) if bytes.checksum() == wanted.checksum => {
                return self.hand_on(at, CrateFile { bytes, downloaded_for: None });
            }
            Some(CachedFile::File(bytes, path)) => (Some(bytes.checksum()), path),
            Some(CachedFile::TooLarge(path)) => (None, path),
            // It was there a moment ago; whoever took it away, the registry has it.
            None => {
                self.outcome().again.insert(at);
                return;
            }
        };
        let id = wanted.id.clone();
        let mut outcome = self.outcome();
        outcome.again.insert(at);
        outcome.poisoned.insert(at, PoisonedEntry { id, path, expected: wanted.checksum, found });
    }

    fn hand_on(&self, at: usize, file: CrateFile) {
        (self.deliver)(at, file);
        self.done.fetch_add(1, Ordering::Relaxed);
    }

    fn fail(&self, at: usize, fault: CrateFault) {
        self.outcome().failures.insert(at, fault);
        self.done.fetch_add(1, Ordering::Relaxed);
    }

    /// Downloads these. A worker takes each as it comes; while too much waits for them, no more is taken from the network.
    fn download<'s>(&'s self, scope: &Scope<'s>, positions: Vec<usize>, progress: &mut dyn FnMut(CratesProgress)) {
        let http = match self.places.mode {
            IndexMode::Online(http) | IndexMode::Afresh(http) | IndexMode::Beside(http) => http,
            IndexMode::Offline => {
                for at in positions {
                    let poisoned = self.outcome().poisoned.get(&at).map(|entry| entry.path.clone());
                    self.fail(at, poisoned.map_or(CrateFault::NotCached, |path| CrateFault::Poisoned { path }));
                }
                return;
            }
        };
        let (mut asked, mut requests) = (Vec::new(), Vec::new());
        for at in positions {
            match self.request(at) {
                Ok(request) => {
                    asked.push((at, shown(&request.url)));
                    requests.push(request);
                }
                Err(cause) => self.fail(at, CrateFault::NoAddress(cause)),
            }
        }
        self.fetch(scope, http, &asked, requests, progress);
    }

    fn fetch<'s>(
        &'s self,
        scope: &Scope<'s>,
        http: &Http,
        asked: &[(usize, String)],
        requests: Vec<Request>,
        progress: &mut dyn FnMut(CratesProgress),
    ) {
        let before = self.outcome().bytes;
        let mut each = |position: usize, answer: Result<Answer, HttpError>| {
            let Some((at, url)) = asked.get(position) else { return };
            let (at, url) = (*at, url.clone());
            match answer {
                Ok(answer) if answer.status == 200 => {
                    let length = answer.body.len() as u64;
                    self.make_room(length);
                    self.spawn(scope, length, move |work| work.check_downloaded(at, url, answer.body));
                }
                Ok(answer) => {
                    let words = String::from_utf8_lossy(&answer.body).into_owned();
                    self.fail(at, CrateFault::NotServed { url, status: answer.status, words });
                }
                Err(error @ HttpError::Status { status: 401 | 403, .. }) => {
                    self.fail(at, CrateFault::Denied(error.first_line()));
                }
                Err(error) => self.fail(at, CrateFault::Download(error.first_line())),
            }
        };
        http.get_each(requests, &mut each, &mut |_, bytes| progress(self.progress(before + bytes)));
    }

    fn request(&self, at: usize) -> Result<Request, String> {
        let Some((wanted, registry, _)) = self.place(at) else {
            return Err(String::from("its name cannot be a crate's"));
        };
        let config = self.places.configs.get(registry);
        let config = config.ok_or_else(|| format!("the config.json of {registry} could not be read"))?;
        let authorization = match self.access.get(registry).filter(|_| config.auth_required) {
            None => None,
            Some(access) => match access.credentials.token() {
                Ok(token) => Some(token.expose().to_owned()),
                Err(lack) => return Err(format!("{registry}: the registry asks for a token, and {lack}")),
            },
        };
        let url = download_address(config, wanted.id, wanted.checksum);
        Ok(Request { url, authorization, limit: LARGEST_CRATE, resume: true, ..Request::default() })
    }

    fn check_downloaded(&self, at: usize, url: String, body: Vec<u8>) {
        let Some((wanted, _, folder)) = self.place(at) else { return };
        let bytes = Hashed::of(body);
        let (expected, found) = (wanted.checksum, bytes.checksum());
        if found != expected {
            let what = looks_like(bytes.bytes());
            return self.fail(at, CrateFault::WrongBytes { url, what, expected, found });
        }
        let mut outcome = self.outcome();
        outcome.downloaded += 1;
        outcome.bytes += bytes.bytes().len() as u64;
        let poisoned = outcome.poisoned.get(&at).map(|entry| entry.path.clone());
        drop(outcome);
        let downloaded_for = poisoned.or_else(|| folder.map(|folder| folder.path(wanted.id)));
        self.hand_on(at, CrateFile { bytes, downloaded_for });
    }

    fn make_room(&self, bytes: u64) {
        let mut load = self.load();
        // One that is larger than all the room waits until it is alone.
        while load.bytes > 0 && load.bytes + bytes > WAITING {
            load = self.changed.wait(load).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn wait(&self, progress: &mut dyn FnMut(CratesProgress)) {
        let mut load = self.load();
        while load.tasks > 0 {
            let waited = self.changed.wait_timeout(load, TICK).unwrap_or_else(PoisonError::into_inner);
            load = waited.0;
            if waited.1.timed_out() {
                let bytes = self.outcome().bytes;
                progress(self.progress(bytes));
            }
        }
    }

    fn progress(&self, bytes: u64) -> CratesProgress {
        CratesProgress { done: self.done.load(Ordering::Relaxed), of: self.wanted.len(), bytes }
    }
}

/// Takes a task off the load when it ends.
struct Done<'w, 'a> {
    work: &'w Work<'a>,
    bytes: u64,
}

impl Drop for Done<'_, '_> {
    fn drop(&mut self) {
        let mut load = self.work.load();
        load.tasks -= 1;
        load.bytes -= self.bytes;
        drop(load);
        self.work.changed.notify_all();
    }
}

/// What a body that is not the crate seems to be.
fn looks_like(body: &[u8]) -> &'static str {
    match body.trim_ascii_start() {
        [] => "an empty body",
        [0x1f, 0x8b, ..] => "a gzip file",
        [b'<', ..] => "a web page",
        _ => "something that is no gzip file",
    }
}
