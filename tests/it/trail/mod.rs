//! The audit trail: its form, its verification, what it holds registries to, and how it is told.

mod branches;
mod form;
mod integrity;
mod recorded;
mod telling;
mod writing;

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use cargo_sequester::door::gather::trail::read;
use cargo_sequester::door::model::checksum::Checksum;
use cargo_sequester::door::model::package::CrateId;
use cargo_sequester::door::model::source::Registry;
use cargo_sequester::door::model::trail::{
    Event, EventId, Kind, KnownFrom, ReleaseRecord, Tools, Trail, TrailProblem, Who,
};
use cargo_sequester::door::model::{Timestamp, Version};
use cargo_sequester::door::write::trail::append;
use tempfile::TempDir;

/// A trail's folder of its own.
pub struct Folder {
    _folder: TempDir,
    pub dir: Utf8PathBuf,
}

impl Folder {
    pub fn new() -> Self {
        let folder = TempDir::with_prefix("sequester-trail-").unwrap();
        let dir = Utf8Path::from_path(folder.path()).unwrap().join(".sequester/trail");
        Self { _folder: folder, dir }
    }

    pub fn read(&self) -> Trail {
        read(&self.dir).unwrap()
    }

    pub fn add(&self, event: Event) -> EventId {
        append(&self.dir, &self.read(), event).unwrap()
    }

    /// The path of an event's file.
    pub fn path(&self, id: EventId) -> Utf8PathBuf {
        let name = self.names().into_iter().find(|name| name.contains(&id.to_string())).unwrap();
        self.dir.join(name)
    }

    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = std::fs::read_dir(&self.dir)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// The problems' codes by file name.
    pub fn problems(&self) -> BTreeMap<String, &'static str> {
        let problems = self.read().problems;
        let codes: BTreeMap<_, _> =
            problems.iter().map(|problem| (problem.file.clone(), problem.kind.code())).collect();
        assert_eq!(codes.len(), problems.len(), "{problems:?}");
        codes
    }
}

pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The `day`th of November 2026, at noon.
pub fn noon(day: u32) -> Timestamp {
    at(&format!("2026-11-{day:02}T12:00:00Z"))
}

pub fn version(text: &str) -> Version {
    text.parse().unwrap()
}

pub fn crates_io(name: &str) -> CrateId {
    CrateId { registry: Registry::CratesIo, name: name.into() }
}

pub fn checksum(fill: u8) -> Checksum {
    Checksum::from_bytes([fill; 32])
}

pub fn tools() -> Tools {
    Tools { cargo: Some(version("1.95.0")), sequester: version("0.1.0") }
}

pub fn event(kind: Kind, time: Timestamp) -> Event {
    let who = Some(Who { known_from: KnownFrom::Git, name: "Ana <ana@example.org>".to_owned() });
    Event { who, ..Event::new(kind, time, tools()) }
}

/// A release with a checksum and a pubtime.
pub fn release(name: &str, number: &str, fill: u8, pubtime: &str) -> ReleaseRecord {
    let mut record = ReleaseRecord::new(crates_io(name), version(number));
    record.checksum = Some(checksum(fill));
    record.pubtime = Some(at(pubtime));
    record
}

/// Four events, one a day, each after the one before.
pub fn four() -> (Folder, [EventId; 4]) {
    let folder = Folder::new();
    let kinds = [Kind::Init, Kind::Approved, Kind::Vendored, Kind::Updated];
    let mut day = 0;
    let ids = kinds.map(|kind| {
        day += 1;
        folder.add(event(kind, noon(day)))
    });
    (folder, ids)
}
