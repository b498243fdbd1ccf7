//! The archive of advisories that all nodes read: one of them asks its origin, and the others take what it found from the store.
//!
//! Who asks is agreed on by a conditional write, for a minute. A node that dies in between keeps the others waiting no longer than that, and
//! one that the store fails asks for itself. Only what nobody has to call a rollback is given to the others; and what an origin said of
//! malicious releases and says no more is kept beside the archive, for all of them.

use std::sync::{Arc, Mutex, PoisonError};

use camino::{Utf8Path, Utf8PathBuf};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use super::advisories::{AdvisorySource, Fetched, read};
use super::alarms::{Alarm, Alarms};
use super::correction::Withdrawn;
use super::record::{Event, record};
use super::store::{Key, Put, Store, StoreError, Tag, digest_of};
use crate::files::{Errand, keep, temporary_folder};
use crate::gather::advisory_db::Memory;
use crate::gather::clock;
use crate::gather::environment::Environment;
use crate::gather::http::{Answer, Http, Request};
use crate::model::advisory::ForgottenAdvisory;
use crate::model::checksum::Checksum;
use crate::model::facts::AdvisoryFact;

/// An origin that was asked so recently need not be asked again.
const RECENT: SignedDuration = SignedDuration::from_mins(14);
/// How long it may take to ask it.
const TURN: SignedDuration = SignedDuration::from_mins(1);
/// The most bytes of the head, and of the archive.
const LARGEST_HEAD: u64 = 16 << 10;
const LARGEST: u64 = 64 << 20;

/// What people are told in the place of a folder of this machine, and of a copy that lies in one.
const HERE: &str = "a folder of the server's machine";
const KEPT: &str = "the last one that the server has";

/// What the nodes know of one source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    copy: Option<Copied>,
    /// Until when somebody is about to ask the origin.
    taken_until: Option<Timestamp>,
}

/// An archive as its origin sent it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Copied {
    digest: Checksum,
    etag: Option<String>,
    last_modified: Option<String>,
    /// When the origin last said that it is this one.
    confirmed: Timestamp,
}

/// What an origin said of malicious releases and says no more.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    advisories: Vec<ForgottenAdvisory>,
}

/// What a node needs to read a source for all of them.
#[derive(Debug)]
pub(crate) struct AdvisoryCopies {
    store: Store,
    http: Arc<Http>,
    alarms: Arc<Alarms>,
    environment: Environment,
    /// What people say was wrong.
    withdrawn: Vec<Withdrawn>,
    /// Where archives are unpacked, as long as this node lasts. What is known of them for longer is in the store.
    folder: Option<TempDir>,
}

impl AdvisoryCopies {
    pub(crate) fn new(
        store: Store,
        http: Arc<Http>,
        alarms: Arc<Alarms>,
        environment: Environment,
        withdrawn: Vec<Withdrawn>,
    ) -> Self {
        let folder = temporary_folder(Errand::Node).ok();
        Self { store, http, alarms, environment, withdrawn, folder }
    }

    /// Reads a source: what is in the store where that is recent, else by asking, where it is this node's turn.
    pub(crate) async fn read(&self, source: &AdvisorySource) -> AdvisoryFact {
        // A node lasts longer than what later runs take for left over, and reads again and again.
        self.folder.iter().for_each(keep);
        self.for_everybody(self.read_here(source).await, source)
    }

    /// The same without the folders of this machine: whoever reads a page or an answer is told none of them.
    fn for_everybody(&self, fact: AdvisoryFact, (db, base): &AdvisorySource) -> AdvisoryFact {
        let is_here = !db.contains("://") || db.starts_with("git+file:");
        let shown = if is_here { HERE.to_owned() } else { db.clone() };
        match fact {
            AdvisoryFact::Read(mut read) => {
                read.source = shown;
                read.copy = read.copy.map(|_| KEPT.to_owned());
                AdvisoryFact::Read(read)
            }
            AdvisoryFact::Unavailable { cause, .. } => {
                let folders = [base.join(db), self.home(), self.environment.cargo_home()];
                let cause = folders.iter().fold(cause, |cause, folder| cause.replace(folder.as_str(), HERE));
                AdvisoryFact::Unavailable { source: shown, cause }
            }
            AdvisoryFact::Skipped => AdvisoryFact::Skipped,
        }
    }

    async fn read_here(&self, source: &AdvisorySource) -> AdvisoryFact {
        if !is_archive(&source.0) {
            return self.by_asking(source, self.environment.cargo_home(), &[]).await.0;
        }
        match self.shared(source).await {
            Ok(fact) => fact,
            Err(error) => {
                self.alarms.raise(Alarm::StoreAway { cause: error.to_string() });
                self.by_asking(source, self.home(), &[]).await.0
            }
        }
    }

    async fn shared(&self, source: &AdvisorySource) -> Result<AdvisoryFact, StoreError> {
        let key = Key::advisories_head(digest_of(source.0.as_bytes()));
        let now = clock::now();
        let (head, tag) = self.head(&key).await?;
        // First what is known: only who has seen it can tell that the origin went back.
        let (kept, kept_tag) = self.kept(source).await?;
        let known = match &head.copy {
            Some(copied) => self.known(source, copied, &kept.advisories).await?,
            None => None,
        };
        let is_recent = |at: Timestamp| at <= now && now.duration_since(at) < RECENT;
        if let Some(fact) =
            known.as_ref().filter(|_| head.copy.as_ref().is_some_and(|copied| is_recent(copied.confirmed)))
        {
            return Ok(fact.clone());
        }
        let is_taken = head.taken_until.is_some_and(|until| now < until && until.duration_since(now) <= TURN);
        let until = now.checked_add(TURN).unwrap_or(Timestamp::MAX);
        let taken = Head { copy: head.copy.clone(), taken_until: Some(until) };
        let turn = if is_taken { Put::Lost } else { self.put(&key, &taken, tag.as_ref()).await? };
        let Put::Done(tag) = turn else {
            // Somebody else asks. Until that one has an answer, what is known serves; where nothing is, the next look comes soon.
            return Ok(known.unwrap_or_else(|| AdvisoryFact::Unavailable {
                source: source.0.clone(),
                cause: "another node is about to fetch them".to_owned(),
            }));
        };
        let (fact, answer) = self.by_asking(source, self.home(), &kept.advisories).await;
        let went_back = matches!(&fact, AdvisoryFact::Read(db) if db.rolled_back_from.is_some() || db.copy.is_some());
        let copy = match answer {
            Some(answer) if !went_back => match &fact {
                AdvisoryFact::Read(db) => {
                    // Before anybody reads the archive that lacks them.
                    let forgotten = Kept { advisories: db.forgotten.clone() };
                    self.keep(source, &kept, forgotten, kept_tag.as_ref()).await?;
                    self.copied(answer, head.copy.as_ref(), now).await?
                }
                AdvisoryFact::Unavailable { .. } | AdvisoryFact::Skipped => None,
            },
            Some(_) | None => None,
        };
        // Where nothing came of it, the turn runs out by itself, and the origin is left alone until then.
        if let Some(copied) = copy {
            let head = Head { copy: Some(copied), taken_until: None };
            // Whoever was faster after a minute knows no less.
            self.put(&key, &head, Some(&tag)).await?;
        }
        // An answer that cannot be had hides nothing that is known.
        Ok(match (fact, known) {
            (AdvisoryFact::Unavailable { .. }, Some(known)) => known,
            (fact, _) => fact,
        })
    }

    async fn head(&self, key: &Key) -> Result<(Head, Option<Tag>), StoreError> {
        let Some(stored) = self.store.get(key, LARGEST_HEAD).await? else { return Ok((Head::default(), None)) };
        let head = serde_json::from_slice(&stored.bytes).unwrap_or_else(|_| {
            self.alarms.raise(Alarm::Poisoned { key: key.to_string() });
            Head::default()
        });
        Ok((head, Some(stored.tag)))
    }

    /// What is kept of a source, without what a person says was wrong.
    async fn kept(&self, source: &AdvisorySource) -> Result<(Kept, Option<Tag>), StoreError> {
        let key = Key::advisories_kept(digest_of(source.0.as_bytes()));
        let Some(stored) = self.store.get(&key, LARGEST).await? else { return Ok((Kept::default(), None)) };
        let kept = serde_json::from_slice::<Kept>(&stored.bytes);
        let Ok(mut kept) = kept else {
            self.alarms.raise(Alarm::Poisoned { key: key.to_string() });
            return Ok((Kept::default(), Some(stored.tag)));
        };
        let count = kept.advisories.len();
        for Withdrawn { advisory, by, reason } in &self.withdrawn {
            if kept.advisories.iter().any(|one| one.id == *advisory) {
                // Written down first: nothing is taken back that nobody can be asked about later.
                record(&self.store, clock::now(), &Event::AdvisoryWithdrawn { advisory, by, reason }).await?;
                kept.advisories.retain(|one| one.id != *advisory);
            }
        }
        if kept.advisories.len() == count {
            return Ok((kept, Some(stored.tag)));
        }
        let bytes = serde_json::to_vec(&kept).unwrap_or_default();
        match self.store.replace(&key, bytes.into(), Some(&stored.tag)).await? {
            Put::Done(tag) => Ok((kept, Some(tag))),
            // Whoever was faster may have added some; this node believes the person all the same.
            Put::Lost => Ok((kept, None)),
        }
    }

    /// Writes down what is kept from now on, where that is something else than before.
    async fn keep(
        &self,
        source: &AdvisorySource,
        before: &Kept,
        now: Kept,
        tag: Option<&Tag>,
    ) -> Result<(), StoreError> {
        if now == *before {
            return Ok(());
        }
        let key = Key::advisories_kept(digest_of(source.0.as_bytes()));
        let bytes = serde_json::to_vec(&now).unwrap_or_default();
        match self.store.replace(&key, bytes.into(), tag).await? {
            Put::Done(_) => Ok(()),
            Put::Lost => Err(StoreError::Away { key, cause: "another node writes it".to_owned() }),
        }
    }

    async fn put(&self, key: &Key, head: &Head, before: Option<&Tag>) -> Result<Put, StoreError> {
        self.store.replace(key, serde_json::to_vec(head).unwrap_or_default().into(), before).await
    }

    /// Reads the archive that the store has, as confirmed when its origin was last asked.
    async fn known(
        &self,
        source: &AdvisorySource,
        copied: &Copied,
        kept: &[ForgottenAdvisory],
    ) -> Result<Option<AdvisoryFact>, StoreError> {
        let key = Key::advisories(copied.digest);
        let Some(stored) = self.store.get(&key, LARGEST).await? else { return Ok(None) };
        if digest_of(&stored.bytes) != copied.digest {
            self.alarms.raise(Alarm::Poisoned { key: key.to_string() });
            return Ok(None);
        }
        let copied = copied.clone();
        let confirmed = copied.confirmed.min(clock::now());
        let answer = move |request: &Request| {
            let same = request.etag.is_some() && request.etag == copied.etag;
            let body = if same { Vec::new() } else { stored.bytes.to_vec() };
            let (etag, last_modified) = (copied.etag.clone(), copied.last_modified.clone());
            Ok(Answer { status: if same { 304 } else { 200 }, etag, last_modified, date: None, body })
        };
        Ok(Some(self.aside(source, kept, self.home(), confirmed, answer).await))
    }

    /// Reads it from its origin, and gives what that answered.
    async fn by_asking(
        &self,
        source: &AdvisorySource,
        home: Utf8PathBuf,
        kept: &[ForgottenAdvisory],
    ) -> (AdvisoryFact, Option<Answer>) {
        let (http, heard) = (Arc::clone(&self.http), Arc::new(Mutex::new(None)));
        let last = Arc::clone(&heard);
        let fetch = move |request: &Request| {
            let answer = super::advisories::fetch(&http, request)?;
            *last.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer.clone());
            Ok(answer)
        };
        let fact = self.aside(source, kept, home, clock::now(), fetch).await;
        let heard = heard.lock().unwrap_or_else(PoisonError::into_inner).take();
        (fact, heard)
    }

    /// What is to be told to the others of an origin's answer; `None` where that says nothing about a copy that they can have.
    async fn copied(
        &self,
        answer: Answer,
        known: Option<&Copied>,
        now: Timestamp,
    ) -> Result<Option<Copied>, StoreError> {
        if answer.status == 304 {
            return Ok(known.map(|known| Copied { confirmed: now, ..known.clone() }));
        }
        let digest = digest_of(&answer.body);
        let key = Key::advisories(digest);
        self.store.ensure(&key, answer.body.into()).await?;
        let (etag, last_modified) = (answer.etag, answer.last_modified);
        Ok(Some(Copied { digest, etag, last_modified, confirmed: now }))
    }

    /// Reads on a thread that may wait.
    async fn aside(
        &self,
        source: &AdvisorySource,
        kept: &[ForgottenAdvisory],
        home: Utf8PathBuf,
        now: Timestamp,
        fetch: impl Fn(&Request) -> Fetched + Send + 'static,
    ) -> AdvisoryFact {
        let (of, kept, environment) = (source.clone(), kept.to_vec(), self.environment.clone());
        let withdrawn: Vec<String> = self.withdrawn.iter().map(|one| one.advisory.clone()).collect();
        let read = tokio::task::spawn_blocking(move || {
            let memory = Memory { kept: &kept, withdrawn: &withdrawn };
            read((&of, memory), &fetch, &home, now, &environment)
        });
        let read = read.await;
        read.unwrap_or_else(|error| AdvisoryFact::Unavailable { source: source.0.clone(), cause: error.to_string() })
    }

    fn home(&self) -> Utf8PathBuf {
        let own = self.folder.as_ref().and_then(|folder| Utf8Path::from_path(folder.path()));
        own.map_or_else(|| self.environment.cargo_home(), Utf8Path::to_owned)
    }
}

/// Whether it is fetched as one file. A repository is asked by git, and a folder lies on each machine.
fn is_archive(db: &str) -> bool {
    db.starts_with("https://") || db.starts_with("http://")
}
