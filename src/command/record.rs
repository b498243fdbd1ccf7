//! The one place where events are written: every verb that changes something ends here.
//!
//! The change itself comes first and the event last. A run that is killed between the two leaves a change without an event; the next
//! event of any verb is then preceded by one that tells in what the policy became looser meanwhile, that change included.

use camino::{Utf8Path, Utf8PathBuf};
use jiff::Timestamp;
use semver::Version;

use super::CommandError;
use super::policy_text::PolicyText;
use crate::gather::environment::Environment;
use crate::gather::git::git_user;
use crate::gather::{self, cargo, policy_file};
use crate::model::age::Age;
use crate::model::evaluation::Judgement;
use crate::model::facts::AdvisoryFact;
use crate::model::package::{LockedChecksum, Package};
use crate::model::trail::{AdvisoryCopy, Event, EventId, HealedFolder, Kind, KnownFrom, ReleaseRecord, Tools, Who};
use crate::policy::policy_drift::{PolicyDrift, policy_drift};
use crate::project::{AdvisoriesFrom, JudgeBy, Project, relative, trail};
use crate::write::trail::{append, may_append};

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
pub(super) fn release(package: &Package, judgement: &Judgement) -> Option<ReleaseRecord> {
    let mut record = ReleaseRecord::new(package.id.crate_id()?, package.id.version.clone());
    record.checksum = match package.checksum {
        LockedChecksum::Known(checksum) => Some(checksum),
        LockedChecksum::Missing | LockedChecksum::Malformed(_) => None,
    };
    record.pubtime = judgement.pubtime;
    Some(match &judgement.verdict {
        Some(verdict) => record.with_verdict(verdict),
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

    /// Writes an event of a verb that leaves the policy as it is.
    pub(super) fn write_beside_policy(
        &self,
        kind: Kind,
        releases: Vec<ReleaseRecord>,
    ) -> Result<EventId, CommandError> {
        let policy = self.policy_text()?;
        self.write(kind, releases, &policy, &policy)
    }

    /// Writes the event of vendored sources, in some of which something had been altered.
    pub(super) fn write_vendored(
        &self,
        releases: Vec<ReleaseRecord>,
        healed: Vec<HealedFolder>,
    ) -> Result<EventId, CommandError> {
        let policy = self.policy_text()?;
        self.write_event(Event { healed, releases, ..self.event(Kind::Vendored) }, &policy, &policy)
    }

    /// Refuses before anything is written where the event could not be.
    pub(super) fn is_possible(&self) -> Result<(), CommandError> {
        let folder = trail::folder(&self.policy);
        let trail = gather::trail::read(&folder)?;
        Ok(may_append(&folder, &trail, self.event(Kind::Init).written())?)
    }

    /// Writes an event, after one that tells in what the policy differs from the last event's, where it does. `before` is the
    /// policy as the run found it, and `after` as the run left it.
    pub(super) fn write(
        &self,
        kind: Kind,
        releases: Vec<ReleaseRecord>,
        before: &PolicyText,
        after: &PolicyText,
    ) -> Result<EventId, CommandError> {
        self.write_event(Event { releases, ..self.event(kind) }, before, after)
    }

    fn write_event(&self, event: Event, before: &PolicyText, after: &PolicyText) -> Result<EventId, CommandError> {
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
        if let Some(kind) = changed {
            let event = Event { loosened, policy: before.digest(), rules: Some(rules), ..self.event(kind) };
            append(&folder, &trail, event)?;
            trail = gather::trail::read(&folder)?;
        }
        let rules = Some(after.rules()).filter(|rules| trail.latest_rules() != Some(rules));
        let event = Event { policy: after.digest(), rules, ..event };
        Ok(append(&folder, &trail, event)?)
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
