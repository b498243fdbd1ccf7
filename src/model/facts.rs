//! Everything that the decision may know, gathered before it is made.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::advisory::AdvisoryDb;
use super::allow_list::AllowList;
use super::approval::Approval;
use super::evaluation::{IndexGap, Notice};
use super::finding::Inspections;
use super::history::History;
use super::license::Licenses;
use super::lock_proof::LockFact;
use super::package::{CrateId, Locked, Package};
use super::policy::{Ignore, Origin};
use super::publication::PublicationFact;
use super::recorded::Recorded;
use super::source::Registry;
use super::trail::{Event, EventFileName, TrailProblem};
use super::way_around::WayAround;

/// The world as it was read, once, for one decision.
#[derive(Clone, Debug)]
pub struct Facts {
    /// What lies around the lock file.
    pub surroundings: Surroundings,
    /// The packages of the lock file, in its order.
    pub packages: Vec<Package>,
    /// What the index said of each crate in question.
    pub index: BTreeMap<CrateId, IndexFact>,
    /// How the releases of some crates were published, where the caller had their registry's web API asked.
    pub publications: BTreeMap<CrateId, PublicationFact>,
    /// The advisories about them.
    pub advisories: AdvisoryFact,
    /// The registry's own time, from the `Date` of its answers; `None` where it was not asked, or where the caller set the time.
    pub registry_clock: Option<Timestamp>,
    /// Registries that the configuration replaces by something that the policy does not allow.
    pub refused_mirrors: Vec<RefusedMirror>,
    /// With a base: what it locks already, which is not judged.
    pub base: Option<Locked>,
    /// What was locked before: whether a security fix is needed is asked there.
    pub old_lock: OldLock,
    /// What the audit trail recorded.
    pub trail: TrailFact,
    /// What was learned of licences; nothing where the policy judges none.
    pub licenses: Licenses,
    /// What was seen inside young releases; nothing where the policy does not ask for it.
    pub inspections: Inspections,
    /// Whether the lock file answers the manifests.
    pub lock: LockFact,
    /// What was noticed while gathering.
    pub notices: Vec<Notice>,
}

/// What is known of the project around the lock file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// Why cargo could not describe the workspace, in its words: nobody then knows whether this is the lock file that it would use.
    pub undescribed: Option<String>,
    /// With a base commit: the ways around what is judged that the change brings, with paths as a reader in the working directory would
    /// write them.
    pub new_ways: Vec<WayAround>,
    /// With a base commit that has a policy: what the policy of the change itself exempts.
    pub exemptions: Option<Exemptions>,
    /// The allow-list beside the lock file, where there is one.
    pub allowed: Option<AllowList>,
    /// When the base was committed, where it is a commit.
    pub base_committed: Option<Timestamp>,
}

/// What a policy file exempts by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exemptions {
    /// Of releases.
    pub approvals: Vec<Approval>,
    /// Of advisories.
    pub ignores: Vec<Ignore>,
}

/// The lock file on which a security fix must be needed. What a change writes itself makes nothing needed.
///
/// The requirements of its local packages count where they are known. Where they are not, nobody can say that they keep an older
/// release out, so that less comes early.
#[derive(Clone, Debug, Default)]
pub enum OldLock {
    /// Nobody said which. Nothing is needed on it.
    #[default]
    Unknown,
    /// The judged lock file is all there is.
    Judged,
    /// The base's lock file; empty where the base has none.
    Base(Vec<Package>),
    /// The lock file that a resolution replaces; empty where there was none.
    Replaced(Vec<Package>),
}

/// What the index said of one crate.
#[derive(Clone, Debug)]
pub enum IndexFact {
    /// Its releases.
    Read(Arc<History>),
    /// The registry answered in this run that it has no such crate (404, 410 or 451).
    Gone,
    /// Nothing could be learned.
    Unavailable(IndexGap),
}

/// What was learned since the facts were gathered, of crates that a resolution came upon.
#[derive(Clone, Debug, Default)]
pub struct Beside {
    /// As [`Facts::index`].
    pub index: BTreeMap<CrateId, IndexFact>,
    /// As [`Facts::inspections`].
    pub inspections: Inspections,
}

/// What was learned of the advisories.
#[derive(Clone, Debug)]
pub enum AdvisoryFact {
    /// The caller wanted none.
    Skipped,
    /// There are none to be had.
    Unavailable {
        /// What was asked for.
        source: String,
        /// What went wrong.
        cause: String,
    },
    /// They were read.
    Read(AdvisoryDb),
}

/// What is known from the audit trail; its default is that of a project without one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrailFact {
    /// What it recorded, of every event that could be verified.
    pub recorded: Recorded,
    /// What is wrong with its files.
    pub problems: Vec<TrailProblem>,
    /// With a base: its events that the change does not have.
    pub truncated: Vec<EventFileName>,
    /// With a base: how many of its events came after the change grew from it, and are not missing from the change.
    pub gained: usize,
    /// With a base commit: what the change adds, of which nothing is believed.
    pub added: AddedEvents,
    /// The machine's clock; `None` where the caller set the time, which is held against no clock.
    pub machine_clock: Option<Timestamp>,
}

/// What a change adds to the audit trail.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddedEvents {
    /// Its events, by their files.
    pub events: Vec<(EventFileName, Event)>,
    /// What is wrong with its files.
    pub problems: Vec<TrailProblem>,
}

/// A source replacement that the policy does not allow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedMirror {
    /// The registry that is replaced.
    pub registry: Registry,
    /// What stands in for it.
    pub by: String,
    /// Where the configuration says so.
    pub origin: Origin,
}
