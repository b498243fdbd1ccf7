//! What is written about decisions: the policy file, for the verbs that change it, and the events of the audit trail.
//!
//! Everything that needs room is written beside its place first. Then the change itself is made, and the event gets its name last: if that
//! cannot be, the change is taken back. A run that is killed between the two leaves a change without an event; the next event of any verb
//! is then preceded by one that records in what the policy became looser meanwhile, that change included.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};
use jiff::Timestamp;
use semver::Version;
use sha2::{Digest as _, Sha256};

use super::outcome::CommandError;
use crate::files::lock_folder;
use crate::gather::environment::Environment;
use crate::gather::git::git_user;
use crate::gather::policy_file::{self, PolicyFile};
use crate::gather::{self, cargo};
use crate::model::age::Age;
use crate::model::approval::Approvals;
use crate::model::checksum::Checksum;
use crate::model::evaluation::Judgement;
use crate::model::facts::{AdvisoryFact, Facts};
use crate::model::package::{LockedChecksum, Package};
use crate::model::policy::Policy;
use crate::model::trail::{AdvisoryCopy, Event, EventId, HealedFolder, Kind, KnownFrom, ReleaseRecord, Tools, Who};
use crate::policy::policy_drift::{PolicyDrift, policy_drift};
use crate::policy::publication::recordable;
use crate::project::{AdvisoriesFrom, JudgeBy, Project, relative, trail};
use crate::report::curation;
use crate::write::policy_file::{PolicyEditError, without_entries};
use crate::write::project_file::{FileChange, change_all};
use crate::write::trail::{StagedEvent, may_append, stage};

/// What an event says beside what happened.
#[derive(Debug)]
pub(super) struct Record<'a> {
    /// The policy file beside which the trail lies.
    pub(super) policy: Utf8PathBuf,
    /// The machine's clock when the run began.
    pub(super) machine: Timestamp,
    /// The options of the run.
    pub(super) judge: &'a JudgeBy,
    /// The advisories that were judged by, where any were read.
    pub(super) advisories: Option<&'a AdvisoryFact>,
    /// Who did it.
    pub(super) who: Option<Who>,
    /// The environment of the run.
    pub(super) environment: &'a Environment,
}

/// What was decided of one release of a registry, and from which facts; `None` for any other package.
pub(super) fn release(package: &Package, judgement: &Judgement, facts: &Facts) -> Option<ReleaseRecord> {
    let mut record = ReleaseRecord::new(package.id.crate_id()?, package.id.version.clone());
    record.publication = recordable(facts, &record.crate_id, &record.version);
    record.checksum = match package.checksum {
        LockedChecksum::Known(checksum) => Some(checksum),
        LockedChecksum::Missing | LockedChecksum::Malformed(_) => None,
    };
    record.pubtime = judgement.pubtime;
    record.yanked = judgement.yanked;
    Some(match &judgement.verdict {
        Some(verdict) => record.with_verdict(verdict).with_ignored(&judgement.warnings),
        None => record,
    })
}

/// Who acts: as `--by` says, or as git's configuration says.
pub(super) fn who(by: Option<&str>, folder: &Utf8Path, environment: &Environment) -> Option<Who> {
    match by {
        Some(name) => Some(Who { known_from: KnownFrom::Flag, name: name.to_owned() }),
        None => git_user(folder, environment).map(|name| Who { known_from: KnownFrom::Git, name }),
    }
}

impl<'a> Record<'a> {
    /// What an event of this run says beside what happened. `advisories` are those that were judged by, where any were read.
    pub(super) fn of(project: &'a Project, advisories: Option<&'a AdvisoryFact>, by: Option<&str>) -> Self {
        Self {
            policy: project.policy_path(),
            machine: project.machine(),
            judge: &project.request().judge,
            advisories,
            who: who(by, &project.subject().root, project.environment()),
            environment: project.environment(),
        }
    }

    /// The policy file as it is now, by the path that messages name.
    pub(super) fn policy_text(&self) -> Result<PolicyText, CommandError> {
        PolicyText::read(&relative(&self.policy, self.environment))
    }

    /// The event of a verb that leaves the policy as it is.
    pub(super) fn beside_policy(&self, kind: Kind, releases: Vec<ReleaseRecord>) -> Result<StagedEvents, CommandError> {
        let policy = self.policy_text()?;
        self.stage(Event { releases, ..self.event(kind) }, &policy, &policy)
    }

    /// Writes the event of vendored sources, with the folders in which something had been altered.
    pub(super) fn write_vendored(
        &self,
        releases: Vec<ReleaseRecord>,
        healed: Vec<HealedFolder>,
    ) -> Result<EventId, CommandError> {
        let policy = self.policy_text()?;
        self.stage(Event { healed, releases, ..self.event(Kind::Vendored) }, &policy, &policy)?.put()
    }

    /// Refuses before anything is written where the event could not be.
    pub(super) fn is_possible(&self) -> Result<(), CommandError> {
        let folder = trail::folder(&self.policy);
        let trail = gather::trail::read(&folder)?;
        Ok(may_append(&folder, &trail, self.event(Kind::Init).written())?)
    }

    /// Replaces the policy as the run found it by another, together with these files, and writes the event of it: all, or everything is
    /// as it was.
    pub(super) fn write(
        &self,
        kind: Kind,
        releases: Vec<ReleaseRecord>,
        before: &PolicyText,
        after: &PolicyText,
        mut files: Vec<FileChange>,
    ) -> Result<EventId, CommandError> {
        // Last: as long as it is as it was, the command can be run again.
        files.push(FileChange::of_text(&before.path, before.text.as_deref(), after.as_str())?);
        let event = self.stage(Event { releases, ..self.event(kind) }, before, after)?;
        // Another run that has read the same policy waits, and then finds that it is not what it has read. Where the file system has no
        // locks, the one that comes too late by a moment writes over what the other wrote.
        let folder = trail::folder(&self.policy);
        let _lock = folder.parent().map(|folder| lock_folder(folder, || {}));
        change_all(files, || event.put())
    }

    /// An event, preceded by one that records how the policy differs from the last event's, where it does. `before` is the policy as
    /// the run found it, and `after` as the run leaves it.
    fn stage(&self, event: Event, before: &PolicyText, after: &PolicyText) -> Result<StagedEvents, CommandError> {
        let folder = trail::folder(&self.policy);
        let mut trail = gather::trail::read(&folder)?;
        let recorded = trail.latest_rules().and_then(|rules| policy_file::parse(rules, &self.policy).ok());
        let rules = before.rules();
        let drift = policy_drift(
            &trail,
            recorded.map(|read| read.policy().clone()),
            (&before.policy, &before.approvals),
            &rules,
        );
        let (changed, loosened) = match drift {
            PolicyDrift::None => (None, Vec::new()),
            PolicyDrift::Changed => (Some(Kind::PolicyChanged), Vec::new()),
            PolicyDrift::Loosened(loosened) => (Some(Kind::PolicyLoosened), loosened),
        };
        let mut staged = Vec::new();
        let latest_rules = if let Some(kind) = changed {
            let rules = Some(rules);
            let event = Event { loosened, policy: before.digest(), rules: rules.clone(), ..self.event(kind) };
            let first = stage(&folder, &trail, event)?;
            trail.heads = BTreeSet::from([first.id()]);
            staged.push(first);
            rules
        } else {
            trail.latest_rules().map(str::to_owned)
        };
        let rules = Some(after.rules()).filter(|rules| latest_rules.as_ref() != Some(rules));
        let event = Event { policy: after.digest(), rules, ..event };
        let last = stage(&folder, &trail, event)?;
        Ok(StagedEvents { before: staged, last })
    }

    /// What is the same in every event of this run.
    fn event(&self, kind: Kind) -> Event {
        let sequester = Version::parse(env!("CARGO_PKG_VERSION")).unwrap_or(Version::new(0, 0, 0));
        let tools = Tools { cargo: cargo::version(self.environment).ok(), sequester };
        let now = self.judge.now;
        let mut event = Event::new(kind, now.unwrap_or(self.machine), tools);
        event.machine_time = now.and_then(|_| Timestamp::from_second(self.machine.as_second()).ok());
        event.min_publish_age_seconds = self.judge.min_publish_age.map(Age::as_secs);
        event.who.clone_from(&self.who);
        event.without_advisories = self.judge.advisories == AdvisoriesFrom::Nowhere;
        if let Some(AdvisoryFact::Read(db)) = self.advisories {
            let (commit, source, time) = (db.commit.clone(), db.source.clone(), db.committed);
            let time = time.and_then(|time| Timestamp::from_second(time.as_second()).ok());
            event.advisories = Some(AdvisoryCopy { commit, source, time });
        }
        event
    }
}

/// The events of a change, which wait beside their places in the trail until it is made.
#[derive(Debug)]
pub(super) struct StagedEvents {
    before: Vec<StagedEvent>,
    last: StagedEvent,
}

impl StagedEvents {
    /// Adds them to the trail; the id of the change's own.
    pub(super) fn put(self) -> Result<EventId, CommandError> {
        for event in self.before {
            event.put()?;
        }
        Ok(self.last.put()?)
    }
}

/// Reports an event that was written.
pub(super) fn recorded(id: EventId, who: Option<&Who>, text: &mut Vec<u8>) -> Result<(), CommandError> {
    let who = who.map_or_else(|| ", author unknown".to_owned(), |who| format!(" by {}", who.name));
    curation::written("Recorded", &format!("event {}{who}", id.short()), None, text).map_err(CommandError::Output)
}

/// One state of the policy file.
#[derive(Clone, Debug)]
pub(super) struct PolicyText {
    path: Utf8PathBuf,
    /// `None` where there is no file.
    text: Option<String>,
    /// What it says.
    pub(super) policy: Policy,
    /// What it exempts.
    pub(super) approvals: Approvals,
}

impl PolicyText {
    /// Reads the file; one that is not there says what the defaults say.
    pub(super) fn read(path: &Utf8Path) -> Result<Self, CommandError> {
        let text = policy_file::text(path)?;
        let file = text.as_deref().map(|text| policy_file::parse(text, path)).transpose()?.unwrap_or_default();
        Ok(Self::of(path, text, &file))
    }

    fn of(path: &Utf8Path, text: Option<String>, file: &PolicyFile) -> Self {
        let (policy, approvals) = (file.policy().clone(), file.approvals().clone());
        Self { path: path.to_owned(), text, policy, approvals }
    }

    /// The text, which is empty where there is no file.
    pub(super) fn as_str(&self) -> &str {
        self.text.as_deref().unwrap_or_default()
    }

    /// The file with another text, not yet written. The text is read back first: what cannot be read must not be left behind.
    pub(super) fn edited(&self, text: Result<String, PolicyEditError>) -> Result<Self, CommandError> {
        let text = text.map_err(|cause| CommandError::PolicyEdit { path: self.path.clone(), cause })?;
        let file = policy_file::parse(&text, &self.path)?;
        Ok(Self::of(&self.path, Some(text), &file))
    }

    /// The digest of the file.
    pub(super) fn digest(&self) -> Option<Checksum> {
        self.text.as_ref().map(|text| Checksum::from_bytes(Sha256::digest(text).into()))
    }

    /// The text without approvals and ignores, which events record one by one.
    pub(super) fn rules(&self) -> String {
        let ignores = self.policy.advisories.ignore.iter().map(|ignore| ignore.line);
        let lines = self.approvals.iter().map(|approval| approval.line).chain(ignores).collect();
        without_entries(self.as_str(), &lines).unwrap_or_else(|_| self.as_str().to_owned())
    }
}
