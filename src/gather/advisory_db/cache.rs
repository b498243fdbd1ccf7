//! The copy of one source that is kept below Cargo's home.
//!
//! Each unpacked copy is a folder of its own, a generation; the state file names the current one and is replaced by a rename. A
//! reader that has just read the state still finds its generation: a replaced one is kept for an hour.

use std::fs::{self, File};
use std::io::ErrorKind;

use camino::{Utf8Path, Utf8PathBuf};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde::de::Error as _;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::request::AdvisoryDbError;
use crate::files::names::in_cargo_home;
use crate::files::regular::{self, Links};
use crate::files::{Errand, Lock, Replacement, sync_tree, temporary_folder};
use crate::gather::http::shown;
use crate::model::checksum::Checksum;
use crate::model::run::{Listener, Waiting};

/// The form of the state file.
const SCHEMA: u32 = 1;
/// The most bytes that a state file may have.
const STATE_LIMIT: u64 = 64 << 10;
/// What a generation's name starts with; nothing else is ever removed.
const GENERATION: &str = "generation-";
/// How long a replaced generation is kept for those who still read it.
const RETIREMENT: SignedDuration = SignedDuration::from_hours(1);
/// How long an unfinished generation, or one that no state names, may belong to a running process.
const ABANDONED: SignedDuration = SignedDuration::from_hours(24);

/// The folder of one source.
#[derive(Debug)]
pub(super) struct Cache {
    folder: Utf8PathBuf,
    source: String,
    /// Removed with this value.
    _temporary: Option<TempDir>,
    /// For a run alone: the folder that what is remembered comes from.
    lasting: Option<Utf8PathBuf>,
}

/// What is remembered of a source.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct State {
    schema: u32,
    source: String,
    generation: String,
    pub(super) validators: Validators,
    pub(super) confirmed: Timestamp,
    pub(super) newest: Option<Date>,
    pub(super) seen: Seen,
    retired: Vec<Retired>,
}

/// The youngest copy that this source has shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Seen {
    pub(super) commit: Option<String>,
    pub(super) committed: Option<Timestamp>,
    pub(super) total: usize,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Retired {
    generation: String,
    at: Timestamp,
}

/// What a conditional request repeats.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Validators {
    pub(super) etag: Option<String>,
    pub(super) last_modified: Option<String>,
}

impl Seen {
    /// This copy's name, if a copy of that time is older than it. A copy without a time cannot show that it is not.
    pub(super) fn younger_than(&self, committed: Option<Timestamp>) -> Option<String> {
        (self.committed > committed).then(|| self.name())
    }

    /// The commit, or what there is in its place.
    pub(super) fn name(&self) -> String {
        match (&self.commit, self.committed) {
            (Some(commit), _) => commit.clone(),
            (None, Some(committed)) => committed.to_string(),
            (None, None) => format!("{} advisories", self.total),
        }
    }
}

impl State {
    /// The same copy, confirmed anew.
    pub(super) fn confirm(self, now: Timestamp) -> Self {
        Self { confirmed: now, ..self }
    }
}

impl Cache {
    /// The cache of the source that the policy writes so.
    pub(super) fn of(cargo_home: &Utf8Path, source: &str) -> Self {
        let digest = Checksum::from_bytes(Sha256::digest(source.as_bytes()).into()).to_string();
        let folder = in_cargo_home(cargo_home, "advisory-db").join(digest);
        Self { folder, source: source.to_owned(), _temporary: None, lasting: None }
    }

    /// A cache of the same source for this run alone. It knows what this one remembers, so that a rollback can be recognised.
    pub(super) fn for_this_run(&self) -> Result<Self, AdvisoryDbError> {
        let failed = AdvisoryDbError::io("the temporary folder");
        let folder = temporary_folder(Errand::Advisories).map_err(failed)?;
        let path = Utf8PathBuf::try_from(folder.path().to_owned())
            .map_err(|error| AdvisoryDbError::io("a folder that is not UTF-8")(error.into_io_error()))?;
        let lasting = Some(self.folder.clone());
        let cache = Self { folder: path, source: self.source.clone(), _temporary: Some(folder), lasting };
        if let Some(state) = self.state()? {
            cache.remember(&state)?;
        }
        Ok(cache)
    }

    pub(super) fn folder(&self) -> &Utf8Path {
        &self.folder
    }

    pub(super) fn state_file(&self) -> Utf8PathBuf {
        self.folder.join("state.json")
    }

    pub(super) fn generation(&self, state: &State) -> Utf8PathBuf {
        self.folder.join(&state.generation)
    }

    /// Whether the state's copy is still there.
    pub(super) fn holds(&self, state: &State) -> bool {
        self.generation(state).join("crates").is_dir()
    }

    /// The state's copy, wherever it is; `None` where it is gone.
    pub(super) fn last(&self, state: &State) -> Option<Utf8PathBuf> {
        let folders = std::iter::once(&self.folder).chain(&self.lasting);
        folders.map(|folder| folder.join(&state.generation)).find(|folder| folder.join("crates").is_dir())
    }

    /// What is remembered; `None` where nothing is. A state that cannot be read is an error: without it no rollback can be recognised.
    pub(super) fn state(&self) -> Result<Option<State>, AdvisoryDbError> {
        let path = self.state_file();
        let text = match regular::read(&path, Links::Followed, STATE_LIMIT) {
            Ok(text) => text,
            Err(error) if error.is_absent() => return Ok(None),
            // A file stands where one of the folders would: nothing can have been remembered.
            Err(regular::ReadError::Io(error)) if error.kind() == ErrorKind::NotADirectory => return Ok(None),
            Err(error) => return Err(AdvisoryDbError::io(path)(error.into())),
        };
        let state = serde_json::from_slice::<State>(&text).and_then(|state| {
            let generations = std::iter::once(&state.generation).chain(state.retired.iter().map(|old| &old.generation));
            if state.schema != SCHEMA {
                Err(serde_json::Error::custom(format_args!("its schema is {}, not {SCHEMA}", state.schema)))
            } else if state.source != self.source {
                Err(serde_json::Error::custom("it is of another source"))
            } else if !generations.into_iter().all(|name| is_generation(name)) {
                Err(serde_json::Error::custom("it names no generation"))
            } else {
                Ok(state)
            }
        });
        state.map(Some).map_err(|source| AdvisoryDbError::State { path, source })
    }

    /// Makes the folder and keeps other refreshes of this source waiting until the lock is dropped.
    pub(super) fn lock(&self, listener: &Listener) -> Result<Option<Lock>, AdvisoryDbError> {
        fs::create_dir_all(&self.folder).map_err(AdvisoryDbError::io(&self.folder))?;
        let path = self.folder.join("lock");
        let file = File::options().create(true).append(true).open(&path).map_err(AdvisoryDbError::io(&path))?;
        let of = || format!("the advisories of {}", shown(&self.source));
        let taken = Lock::take(file, || listener.tell(&Waiting::Lock { of: of() }));
        // Where the file system has no locks, two refreshes at once cost a second download: each installs by a rename.
        taken.map(|taken| taken.lock).map_err(AdvisoryDbError::io(&path))
    }

    /// A new folder to unpack to, removed again unless it is installed.
    pub(super) fn stage(&self) -> Result<TempDir, AdvisoryDbError> {
        tempfile::Builder::new().prefix(GENERATION).tempdir_in(&self.folder).map_err(AdvisoryDbError::io(&self.folder))
    }

    /// Makes the staged copy the current one.
    pub(super) fn install(
        &self,
        staged: TempDir,
        old: Option<State>,
        seen: Seen,
        newest: Option<Date>,
        validators: Validators,
        now: Timestamp,
    ) -> Result<(), AdvisoryDbError> {
        let generation = staged.path().file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        let folder = self.folder.join(&generation);
        sync_tree(&folder).map_err(AdvisoryDbError::io(folder))?;
        let mut retired = Vec::new();
        if let Some(old) = old {
            retired = old.retired;
            retired.push(Retired { generation: old.generation, at: now });
        }
        let source = self.source.clone();
        let mut state = State { schema: SCHEMA, source, generation, validators, confirmed: now, newest, seen, retired };
        let due = self.due(&mut state, now);
        self.remember(&state)?;
        let _installed = staged.keep();
        for generation in due {
            // What cannot be removed now is abandoned, and so removed by a later refresh.
            let _ = fs::remove_dir_all(self.folder.join(generation));
        }
        Ok(())
    }

    /// Replaces the state file.
    pub(super) fn remember(&self, state: &State) -> Result<(), AdvisoryDbError> {
        let path = self.state_file();
        let mut text =
            serde_json::to_vec_pretty(state).map_err(|source| AdvisoryDbError::State { path: path.clone(), source })?;
        text.push(b'\n');
        Replacement::of(&path).private().write(&text).map_err(AdvisoryDbError::io(&path))
    }

    /// The generations that nobody can be reading any more; the retired ones among them are taken out of the state.
    fn due(&self, state: &mut State, now: Timestamp) -> Vec<String> {
        let mut due = Vec::new();
        state.retired.retain(|old| {
            let over = now.duration_since(old.at) > RETIREMENT;
            if over {
                due.push(old.generation.clone());
            }
            !over
        });
        for entry in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            let Ok(name) = entry.file_name().into_string() else { continue };
            let named = name == state.generation || state.retired.iter().any(|old| old.generation == name);
            let Ok(found) = entry.metadata() else { continue };
            let age = found.modified().ok().and_then(|modified| Timestamp::try_from(modified).ok());
            let abandoned = age.is_some_and(|modified| now.duration_since(modified) > ABANDONED);
            if is_generation(&name) && !named && found.is_dir() && abandoned {
                due.push(name);
            }
        }
        due
    }
}

fn is_generation(name: &str) -> bool {
    name.strip_prefix(GENERATION)
        .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}
