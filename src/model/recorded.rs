//! What a trail knows about releases, gathered from all its events: what a registry is held to.

use std::collections::BTreeMap;

use jiff::Timestamp;
use semver::Version;

use super::checksum::Checksum;
use super::package::CrateId;
use super::publication::PublicationRecord;
use super::trail::event::{Event, Kind};
use super::trail::release::ReleaseRecord;
use super::trail::{EventId, Trail};
use super::verdict::{BasisCode, VerdictCode};

/// The recorded facts of a whole trail.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recorded {
    /// By crate.
    pub crates: BTreeMap<CrateId, RecordedCrate>,
    /// When the latest event was written.
    pub latest: Option<Timestamp>,
}

/// What is recorded of one crate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordedCrate {
    pub releases: BTreeMap<Version, RecordedRelease>,
}

/// What is recorded of one release: of each fact the first record, since whatever differs came later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedRelease {
    /// The event that names it first.
    pub event: EventId,
    /// When that was written.
    pub since: Timestamp,
    /// When it was published.
    pub pubtime: Option<Timestamp>,
    /// The digest of its `.crate` file.
    pub checksum: Option<Checksum>,
    /// The digest of its vendored tree.
    pub tree: Option<Checksum>,
    /// How it was published.
    pub publication: Option<PublicationRecord>,
    /// When it was last recorded as not yanked.
    pub unyanked: Option<Timestamp>,
    /// The latest approval, by policy or by a person; `None` where there was none, or where the latest event took it back.
    pub approved: Option<RecordedApproval>,
    /// Whether the project moved off it: an approval was taken back, or another release took its place, and nothing since used it.
    pub left: bool,
    /// Whether an event says that it was in use; an approval alone does not.
    pub used: bool,
}

/// That a release was approved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedApproval {
    /// The event that says so.
    pub event: EventId,
    /// When that was written.
    pub at: Timestamp,
    /// The person who did what the event tells.
    pub by: Option<String>,
    /// What it stands on; `None` for a person's approval that is not yet used.
    pub basis: Option<BasisCode>,
}

impl RecordedCrate {
    /// The release that was published first of all that are recorded, and when. The crate itself may be older.
    #[must_use]
    pub fn oldest(&self) -> Option<(&Version, Timestamp)> {
        self.releases
            .iter()
            .filter_map(|(version, release)| Some((version, release.pubtime?)))
            .min_by_key(|(_, pubtime)| *pubtime)
    }
}

impl Recorded {
    /// Gathers the facts of every event that could be verified, in the order in which they were written.
    #[must_use]
    pub fn of(trail: &Trail) -> Self {
        let mut recorded = Self { crates: BTreeMap::new(), latest: trail.latest() };
        for (id, event) in trail.newest_first().into_iter().rev() {
            for record in &event.releases {
                recorded.add(id, event, record);
            }
        }
        recorded
    }

    /// What is recorded of a release.
    #[must_use]
    pub fn release(&self, crate_id: &CrateId, version: &Version) -> Option<&RecordedRelease> {
        self.crates.get(crate_id)?.releases.get(version)
    }

    fn add(&mut self, id: EventId, event: &Event, record: &ReleaseRecord) {
        let releases = &mut self.crates.entry(record.crate_id.clone()).or_default().releases;
        if let Some(before) = &record.replaced
            && let Some(release) = releases.get_mut(before)
        {
            release.left = true;
        }
        let release = releases.entry(record.version.clone()).or_insert_with(|| RecordedRelease {
            event: id,
            since: event.written(),
            pubtime: None,
            checksum: None,
            tree: None,
            publication: None,
            unyanked: None,
            approved: None,
            left: false,
            used: false,
        });
        if record.is_witness() {
            release.pubtime = release.pubtime.or(record.pubtime);
            release.checksum = release.checksum.or(record.checksum);
            release.tree = release.tree.or(record.tree);
            if release.publication.is_none() {
                release.publication.clone_from(&record.publication);
            }
            release.unyanked = release.unyanked.max((record.yanked == Some(false)).then(|| event.written()));
        }
        // What is said of an advisory says nothing about whether the release is used.
        if record.approval.as_ref().is_some_and(|approval| approval.lifts.is_empty() && !approval.ignores.is_empty()) {
            return;
        }
        release.left = event.kind == Kind::Revoked;
        release.used |= event.kind.is_of_use();
        let approved = match event.kind {
            Kind::Revoked => false,
            // A dated ignore of an advisory exempts from that advisory and approves nothing.
            Kind::Approved => record.approval.as_ref().is_some_and(|approval| !approval.lifts.is_empty()),
            Kind::Init | Kind::Vendored | Kind::Updated | Kind::PolicyChanged | Kind::PolicyLoosened => {
                record.verdict == Some(VerdictCode::Approved)
            }
        };
        let by = event.who.as_ref().map(|who| who.name.clone());
        let basis = record.basis.as_ref().map(|basis| basis.code);
        match (event.kind, approved) {
            (_, true) => release.approved = Some(RecordedApproval { event: id, at: event.written(), by, basis }),
            (Kind::Revoked, false) => release.approved = None,
            (_, false) => {}
        }
    }
}
