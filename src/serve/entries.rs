//! The index files of all registries: in memory, behind that in the store, and behind that the registry itself, which is asked once however
//! many ask here.
//!
//! What is known of a crate goes forward through the store alone, so that every node goes the same way: a younger answer of the registry
//! replaces an older one and never the other way round. While the store is away a node shows what it has in memory; while a registry is
//! away, its last answer for as long as the configuration allows.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::alarms::{Alarm, Alarms};
use super::correction::{Correction, correct};
use super::memory::{Flights, Memory};
use super::moment::Moment;
use super::record::{Event, record};
use super::seen::{self, Seen, vanished};
use super::store::{Key, Put, Store, StoreError, Tag, digest_of};
use super::upstream::{Upstream, UpstreamError, Validators};
use crate::gather::http::Answer;
use crate::model::checksum::Checksum;
use crate::model::history::{History, Standing};
use crate::model::package::CrateId;

/// The largest index file that is kept, in bytes.
const LARGEST: u64 = 64 << 20;
/// The largest head, in bytes.
const LARGEST_HEAD: u64 = 64 << 10;
/// What an entry costs beside its text, in bytes.
const OVERHEAD: u64 = 512;
/// So often a conditional write is tried again after somebody was faster.
const TRIES: usize = 8;
/// A registry's confirmation is written down where the last one is so old: that a restart does not forget how long ago it was.
const WORTH_WRITING: SignedDuration = SignedDuration::from_hours(1);

/// What is known of one crate.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) crate_id: CrateId,
    /// Its index file as the registry sent it; `None` where the registry has it no more.
    pub(crate) history: Option<Arc<History>>,
    pub(crate) seen: Arc<Seen>,
    /// The digest of file and notes: what is decided of an entry is of this one.
    pub(crate) digest: Checksum,
    /// When the registry last said so.
    pub(crate) checked: Timestamp,
    /// Whether the registry is away, and this is its last answer.
    pub(crate) stale: bool,
    head: Head,
}

impl Entry {
    /// How far the registry's clock was behind this machine's when it said so.
    pub(crate) fn clock_behind(&self) -> SignedDuration {
        self.head.checked.duration_since(self.head.origin).max(SignedDuration::ZERO)
    }
}

/// What is known of a crate's name.
#[derive(Clone, Debug)]
pub(crate) enum Known {
    Entry(Arc<Entry>),
    /// Its registry has no such crate, and never had since this is looked at.
    Absent,
}

/// Nothing is known, and nobody can be asked.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{cause}")]
pub(crate) struct Away {
    pub(crate) cause: String,
}

/// Which index file is today's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    /// `None` where the crate is gone.
    digest: Option<Checksum>,
    etag: Option<String>,
    last_modified: Option<String>,
    /// The registry's time when it said so; the node's where it told none.
    origin: Timestamp,
    /// The node's time when it was last confirmed.
    checked: Timestamp,
}

/// Registry and crate.
type Name = (Arc<str>, Arc<str>);

/// All of them.
#[derive(Debug)]
pub(crate) struct Entries {
    upstreams: BTreeMap<String, Upstream>,
    store: Store,
    moment: Moment,
    alarms: Arc<Alarms>,
    memory: Memory<Name, Known>,
    flights: Flights<Name>,
}

impl Entries {
    pub(crate) fn new(
        upstreams: BTreeMap<String, Upstream>,
        store: Store,
        moment: Moment,
        alarms: Arc<Alarms>,
        room: u64,
    ) -> Self {
        let (memory, flights) = (Memory::new(room), Flights::default());
        Self { upstreams, store, moment, alarms, memory, flights }
    }

    /// A registry by the name in its path.
    pub(crate) fn upstream(&self, registry: &str) -> Option<&Upstream> {
        self.upstreams.get(registry)
    }

    /// The name in its path of a registry.
    pub(crate) fn name_of(&self, crate_id: &CrateId) -> Option<&str> {
        self.upstreams.iter().find(|(_, one)| one.rules.registry == crate_id.registry).map(|(name, _)| &**name)
    }

    /// How many entries are in memory, and how many bytes their texts have.
    pub(crate) fn size(&self) -> (usize, u64) {
        self.memory.size()
    }

    /// What is known of a crate by now, without asking anybody.
    pub(crate) fn at_hand(&self, registry: &str, name: &str) -> Option<Known> {
        let upstream = self.upstreams.get(registry)?;
        let (known, age) = self.memory.get(&(Arc::from(registry), Arc::from(name)))?;
        (age < upstream.rules.fresh_for).then_some(known)
    }

    /// What is known of a crate, by its name in any spelling.
    pub(crate) async fn get(&self, registry: &str, name: &str) -> Result<Known, Away> {
        let name = name.to_lowercase();
        if let Some(known) = self.at_hand(registry, &name) {
            return Ok(known);
        }
        let Some(upstream) = self.upstreams.get(registry) else {
            return Err(Away { cause: format!("there is no registry `{registry}` here") });
        };
        let key: Name = (registry.into(), name.as_str().into());
        let flight = self.flights.of(&key);
        let _alone = flight.lock().await;
        // Whoever was here before may have brought it.
        if let Some(known) = self.at_hand(registry, &name) {
            return Ok(known);
        }
        let known = self.renew(upstream, &name).await?;
        self.keep(key, known.clone());
        Ok(known)
    }

    /// The last answer of whatever age, from memory or from the store.
    async fn last(&self, upstream: &Upstream, name: &str) -> Result<Option<Arc<Entry>>, StoreError> {
        let in_memory = match self.memory.get(&(Arc::from(&*upstream.name), Arc::from(name))) {
            Some((Known::Entry(entry), _)) => Some(entry),
            Some((Known::Absent, _)) | None => None,
        };
        match self.stored(upstream, name).await {
            // What another node learned since goes before what this one remembers.
            Ok(stored) => Ok(match (stored, in_memory) {
                (Some(stored), Some(remembered))
                    if remembered.checked > stored.checked && remembered.head.digest == stored.head.digest =>
                {
                    Some(remembered)
                }
                (Some(stored), _) => Some(stored),
                (None, remembered) => remembered,
            }),
            Err(error) => {
                self.alarms.raise(Alarm::StoreAway { cause: error.to_string() });
                in_memory.map(Some).ok_or(error)
            }
        }
    }

    async fn stored(&self, upstream: &Upstream, name: &str) -> Result<Option<Arc<Entry>>, StoreError> {
        let registry = &*upstream.name;
        let Some((Some(head), _)) = self.head(registry, name).await? else { return Ok(None) };
        let text = match head.digest {
            None => None,
            Some(digest) => {
                let key = Key::index(registry, name, digest);
                let stored = self.store.get(&key, LARGEST).await?;
                let text = stored.map(|stored| stored.bytes).filter(|bytes| digest_of(bytes) == digest);
                if text.is_none() {
                    // Whatever lies there is not what a node wrote: the registry is asked for all of it again.
                    self.alarms.raise(Alarm::Poisoned { key: key.to_string() });
                    return Ok(None);
                }
                text
            }
        };
        let (seen, _) = self.seen(registry, name).await?;
        Ok(Some(Arc::new(Self::entry(upstream, name, text.as_deref(), seen, head))))
    }

    /// What is there, and by what it is replaced. One that no node wrote says nothing: the registry does, and the notes keep it to its word.
    async fn head(&self, registry: &str, name: &str) -> Result<Option<(Option<Head>, Tag)>, StoreError> {
        let key = Key::index_head(registry, name);
        let Some(stored) = self.store.get(&key, LARGEST_HEAD).await? else { return Ok(None) };
        let head = serde_json::from_slice(&stored.bytes).ok();
        if head.is_none() {
            self.alarms.raise(Alarm::Poisoned { key: key.to_string() });
        }
        Ok(Some((head, stored.tag)))
    }

    async fn seen(&self, registry: &str, name: &str) -> Result<(Seen, Option<Tag>), StoreError> {
        let key = Key::seen(registry, name);
        let Some(stored) = self.store.get(&key, seen::LARGEST).await? else { return Ok((Seen::default(), None)) };
        match serde_json::from_slice(&stored.bytes) {
            Ok(seen) => Ok((seen, Some(stored.tag))),
            // Notes that cannot be read must not be taken for none: what they held a registry to would be forgotten.
            Err(error) => {
                self.alarms.raise(Alarm::Poisoned { key: key.to_string() });
                Err(StoreError::Away { key, cause: error.to_string() })
            }
        }
    }

    fn entry(upstream: &Upstream, name: &str, text: Option<&[u8]>, seen: Seen, head: Head) -> Entry {
        let history = text.map(|text| Arc::new(history_of(name, text)));
        let spelled = history.as_ref().map_or_else(|| Arc::from(name), |history| Arc::clone(history.name()));
        let crate_id = CrateId { registry: upstream.rules.registry.clone(), name: spelled };
        let notes = serde_json::to_vec(&seen).unwrap_or_default();
        let of_text = head.digest.map_or_else(String::new, |digest| digest.to_string());
        let digest = digest_of(&[of_text.as_bytes(), &notes].concat());
        let checked = head.checked;
        Entry { crate_id, history, seen: Arc::new(seen), digest, checked, stale: false, head }
    }

    /// Asks the registry, by what was last known where that can be had.
    async fn renew(&self, upstream: &Upstream, name: &str) -> Result<Known, Away> {
        let last = self.last(upstream, name).await.map_err(|error| Away { cause: error.to_string() })?;
        let now = self.moment.now();
        if let Some(entry) = &last
            && now.duration_since(entry.checked).unsigned_abs() < upstream.rules.fresh_for
        {
            return Ok(Known::Entry(Arc::clone(entry)));
        }
        let validators = last
            .as_ref()
            // An answer that is to be believed from now on is asked for whole.
            .filter(|entry| !upstream.rules.corrections.iter().any(|one| one.is_pending(name, &entry.seen)))
            // Nor is what was garbled on its way confirmed: the registry would speak of what it sent.
            .filter(|entry| entry.history.as_ref().is_some_and(|history| !history.has_garbled_line()))
            .map(|entry| Validators { etag: entry.head.etag.clone(), last_modified: entry.head.last_modified.clone() });
        let answer = match upstream.index(name, validators.unwrap_or_default(), false).await {
            Ok(answer) => answer,
            Err(error) => return self.without_registry(upstream, last, &error),
        };
        let fault = if answer.status == 200 { fault_of(name, &answer.body) } else { None };
        match (answer.status, &last) {
            (304, Some(entry)) if entry.history.is_some() => {
                Ok(Known::Entry(self.confirmed(upstream, name, entry, &answer).await))
            }
            (200, _) if fault.is_some() => {
                let fault = fault.unwrap_or_default();
                let error = Away { cause: format!("{}: the registry's answer about `{name}` {fault}", upstream.name) };
                self.alarms.raise(Alarm::UpstreamAway { registry: upstream.name.clone(), cause: error.cause.clone() });
                last.map(|entry| Known::Entry(stale(&entry))).ok_or(error)
            }
            (200 | 404 | 410 | 451, _) => match self.learn(upstream, name, last.as_deref(), answer).await {
                Ok(known) => Ok(known),
                Err(error) => {
                    // What cannot be written down is not shown: no other node would know what this one has promised.
                    self.alarms.raise(Alarm::StoreAway { cause: error.clone() });
                    last.map(|entry| Known::Entry(stale(&entry))).ok_or(Away { cause: error })
                }
            },
            (status, _) => {
                let cause = format!("{}: the registry answered with status {status}", upstream.name);
                last.map(|entry| Known::Entry(stale(&entry))).ok_or(Away { cause })
            }
        }
    }

    /// The last answer of a registry that is away, for as long as it may be shown.
    fn without_registry(
        &self,
        upstream: &Upstream,
        last: Option<Arc<Entry>>,
        error: &UpstreamError,
    ) -> Result<Known, Away> {
        let cause = error.to_string();
        self.alarms.raise(Alarm::UpstreamAway { registry: upstream.name.clone(), cause: cause.clone() });
        let age = |entry: &Entry| self.moment.now().duration_since(entry.checked).unsigned_abs();
        match last {
            Some(entry) if age(&entry) <= upstream.rules.max_stale => Ok(Known::Entry(stale(&entry))),
            Some(_) => Err(Away { cause: format!("{cause}; its last answer is too old to be shown") }),
            None => Err(Away { cause }),
        }
    }

    /// The same entry, confirmed now. Where the store is away it is confirmed all the same: nothing new is said.
    async fn confirmed(&self, upstream: &Upstream, name: &str, entry: &Entry, answer: &Answer) -> Arc<Entry> {
        let now = self.moment.now();
        let head =
            Head { checked: now, origin: answer.date.unwrap_or(now).max(entry.head.origin), ..entry.head.clone() };
        if now.duration_since(entry.head.checked) >= WORTH_WRITING
            && let Ok(Some((Some(there), tag))) = self.head(&upstream.name, name).await
            && there.digest == entry.head.digest
            && let Ok(bytes) = serde_json::to_vec(&head)
        {
            // Whoever is faster has said the same.
            let _ = self.store.replace(&Key::index_head(&upstream.name, name), bytes.into(), Some(&tag)).await;
        }
        Arc::new(Entry {
            crate_id: entry.crate_id.clone(),
            history: entry.history.clone(),
            seen: Arc::clone(&entry.seen),
            digest: entry.digest,
            checked: now,
            stale: false,
            head,
        })
    }

    /// Takes a new answer into the store and gives what is known then: it, or what another node has learned since.
    async fn learn(
        &self,
        upstream: &Upstream,
        name: &str,
        last: Option<&Entry>,
        mut answer: Answer,
    ) -> Result<Known, String> {
        let before = last.and_then(|entry| entry.history.clone());
        if answer.status != 200 && last.is_none() {
            return Ok(Known::Absent);
        }
        let mut after = (answer.status == 200).then(|| history_of(name, &answer.body));
        let loses =
            |after: Option<&History>| before.as_ref().is_some_and(|before| vanished(before, after).next().is_some());
        if loses(after.as_ref()) {
            // A cache between may hold an older answer: gone is what the registry itself says is gone.
            answer = upstream.index(name, Validators::default(), true).await.map_err(|error| error.to_string())?;
            if !matches!(answer.status, 200 | 404 | 410 | 451) {
                return Err(format!("{}: the registry answered with status {}", upstream.name, answer.status));
            }
            after = (answer.status == 200).then(|| history_of(name, &answer.body));
        }
        let now = self.moment.now();
        let origin = answer.date.unwrap_or(now);
        let at = origin.min(now);
        let away = |error: StoreError| error.to_string();
        let digest = after.is_some().then(|| digest_of(&answer.body));
        if let Some(digest) = digest {
            let key = Key::index(&upstream.name, name, digest);
            self.store.ensure(&key, answer.body.clone().into()).await.map_err(away)?;
        }
        let seen = self.note(upstream, name, (before.as_deref(), last), after.as_ref(), at).await.map_err(away)?;
        let head = Head { digest, etag: answer.etag, last_modified: answer.last_modified, origin, checked: now };
        let bytes = serde_json::to_vec(&head).map_err(|error| error.to_string())?;
        for _ in 0..TRIES {
            let there = self.head(&upstream.name, name).await.map_err(away)?;
            if let Some((Some(there), _)) = &there
                && there.origin > head.origin
                && there.digest != head.digest
                // Where it leads nowhere it is written over.
                && let Some(younger) = self.stored(upstream, name).await.map_err(away)?
            {
                // Another node has heard something younger.
                return Ok(Known::Entry(younger));
            }
            let key = Key::index_head(&upstream.name, name);
            let tag = there.as_ref().map(|(_, tag)| tag);
            if let Put::Done(_) = self.store.replace(&key, bytes.clone().into(), tag).await.map_err(away)? {
                let text = digest.map(|_| answer.body.as_slice());
                return Ok(Known::Entry(Arc::new(Self::entry(upstream, name, text, seen, head))));
            }
        }
        Err(format!("{}: too many nodes write about `{name}` at once", upstream.name))
    }

    /// Adds what an answer says to the notes on the crate, and gives all of them.
    async fn note(
        &self,
        upstream: &Upstream,
        name: &str,
        (before, last): (Option<&History>, Option<&Entry>),
        after: Option<&History>,
        at: Timestamp,
    ) -> Result<Seen, StoreError> {
        let key = Key::seen(&upstream.name, name);
        for _ in 0..TRIES {
            let (known, tag) = self.seen(&upstream.name, name).await?;
            let mut seen = known.clone();
            if let (Some(before), Some(last)) = (before, last) {
                seen.confirm(before, last.checked);
            }
            let corrected = match after {
                Some(after) => correct(&mut seen, after, &upstream.rules.corrections, at),
                None => Vec::new(),
            };
            // Written down first: nothing is believed that nobody can be asked about later.
            for Correction { version, checksum, by, reason, .. } in corrected {
                let what = format!("{name} {version}");
                let event = Event::Corrected { registry: &upstream.name, what: &what, checksum: *checksum, by, reason };
                record(&self.store, self.moment.now(), &event).await?;
            }
            let contradictions = after
                .map(|after| seen.learn(after, at, before.and(last).map(|last| last.checked), before))
                .unwrap_or_default();
            let gone = before.map(|before| seen.lose(before, after, at)).unwrap_or_default();
            if seen != known {
                let bytes = serde_json::to_vec(&seen)
                    .map_err(|error| StoreError::Away { key: key.clone(), cause: error.to_string() })?;
                if self.store.replace(&key, bytes.into(), tag.as_ref()).await? == Put::Lost {
                    continue;
                }
            }
            let registry = &*upstream.name;
            for contradiction in contradictions {
                let what = format!("{name} {contradiction}");
                let event = Event::Contradiction { registry, what: &what };
                record(&self.store, self.moment.now(), &event).await?;
                self.alarms.raise(Alarm::Contradiction { registry: registry.to_owned(), what });
            }
            for version in gone {
                let what = format!("{name} {version}");
                record(&self.store, self.moment.now(), &Event::Deleted { registry, what: &what }).await?;
                self.alarms.raise(Alarm::Deleted { registry: registry.to_owned(), what });
            }
            return Ok(seen);
        }
        Err(StoreError::Away { key, cause: "too many nodes write it at once".to_owned() })
    }

    fn keep(&self, key: Name, known: Known) {
        let length = |history: &Arc<History>| history.lines().map(|line| line.len() as u64 + 1).sum();
        let text = match &known {
            Known::Entry(entry) => entry.history.as_ref().map_or(0, length),
            Known::Absent => 0,
        };
        self.memory.put(key, known, OVERHEAD + text);
    }
}

/// What is wrong with an answer that says that it is a crate's index file.
fn fault_of(name: &str, body: &[u8]) -> Option<&'static str> {
    let history = History::from_lines(name, body.to_vec(), Standing::Confirmed);
    if !history.lines().any(|line| line.starts_with(b"{")) {
        return Some("has no release in it");
    }
    history.is_cut_short().then_some("breaks off within a line")
}

/// A registry's last answer while it is away.
fn stale(entry: &Entry) -> Arc<Entry> {
    Arc::new(Entry {
        crate_id: entry.crate_id.clone(),
        history: entry.history.clone(),
        seen: Arc::clone(&entry.seen),
        digest: entry.digest,
        checked: entry.checked,
        stale: true,
        head: entry.head.clone(),
    })
}

/// An index file by the spelling that its first line gives the name: its lines are read by that name and no other.
fn history_of(name: &str, text: &[u8]) -> History {
    #[derive(Deserialize)]
    struct Line {
        name: String,
    }
    let first = text.split(|byte| *byte == b'\n').find(|line| !line.trim_ascii().is_empty());
    let spelled = first.and_then(|line| serde_json::from_slice::<Line>(line).ok()).map(|line| line.name);
    let spelled = spelled.filter(|spelled| spelled.to_lowercase() == name);
    History::from_lines(spelled.as_deref().unwrap_or(name), text.to_vec(), Standing::Confirmed)
}
