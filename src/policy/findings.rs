//! What is known of single releases, before approvals and security fixes lift anything.

use std::sync::Arc;

use semver::Version;

use super::evidence::Evidence;
use super::{advisory, inspection, license, publish_age, signal, source, trail};
use crate::model::checksum::Checksum;
use crate::model::history::History;
use crate::model::index_line::Outline;
use crate::model::license::LicenseFact;
use crate::model::package::{CrateId, LockedChecksum, PackageId};
use crate::model::policy::Level;
use crate::model::signal::{Signal, SignalLevel};
use crate::model::source::Source;
use crate::model::verdict::{Reason, Warning, Witness};

/// What is known of one release.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    /// What stands against it.
    pub reasons: Vec<Reason>,
    /// What is worth knowing.
    pub warnings: Vec<Warning>,
    /// Every advisory that hits it, or may hit it because it cannot be read.
    pub advisories: Vec<Arc<str>>,
}

impl Evidence<'_> {
    /// What is known of a release that the index has, as if the lock file took exactly its bytes.
    ///
    /// A licence counts where it is known. Where it is not, nobody need know it before the release is chosen: it is judged once it is
    /// locked.
    #[must_use]
    pub fn findings(&self, crate_id: &CrateId, history: &History, release: &Outline) -> Findings {
        let locked = LockedChecksum::Known(release.checksum);
        let mut findings = self.locked_findings(crate_id, history, release, &locked);
        let policy = &self.policy.licenses;
        if policy.is_set() {
            match self.facts.licenses.of(crate_id, &release.version, release.checksum) {
                Some(LicenseFact::Read(stated)) => {
                    findings.reasons.extend(license::judged(policy, &package_id(crate_id, &release.version), stated));
                }
                Some(LicenseFact::Unknown(_)) | None => findings.warnings.push(Warning::LicenseUndecided),
            }
        }
        findings
    }

    /// What is known of a release that the index has, and that the lock file has with this checksum.
    #[must_use]
    pub fn locked_findings(
        &self,
        crate_id: &CrateId,
        history: &History,
        release: &Outline,
        locked: &LockedChecksum,
    ) -> Findings {
        let mut findings = Findings {
            reasons: publish_age::reasons(self.policy, crate_id, history, &release.pubtime, self.now),
            ..Findings::default()
        };
        for (signal, level, eligible_at) in signal::counting(self, crate_id, history, release) {
            match level {
                SignalLevel::Off => {}
                SignalLevel::Warn => findings.warnings.push(Warning::Signal(signal)),
                SignalLevel::Reason => findings.reasons.push(Reason::Signal { signal, eligible_at }),
            }
        }
        findings.reasons.extend(inspection::reason(self, crate_id, release));
        findings.reasons.extend(trail::reasons(&self.facts.trail.recorded, crate_id, release, locked));
        self.add_advisories(crate_id, &release.version, &mut findings);
        match self.policy.advisories.yanked {
            _ if !release.yanked => {}
            Level::Allow => {}
            Level::Warn => findings.warnings.push(Warning::Yanked),
            Level::Reject => findings.reasons.push(Reason::Yanked),
        }
        findings.reasons.extend(self.place(&package_id(crate_id, &release.version)));
        findings
    }

    /// Every signal that a release ever had, whatever the policy makes of it.
    #[must_use]
    pub(super) fn signals(&self, crate_id: &CrateId, history: &History, release: &Outline) -> Vec<Signal> {
        signal::all(self, crate_id, history, release)
    }

    /// The reasons that a package's name and source give, which need no index.
    pub fn place(&self, package: &PackageId) -> impl Iterator<Item = Reason> + use<> {
        let source = (!source::is_allowed(self.policy, &package.source)).then_some(Reason::SourceNotAllowed);
        let denied = source::denied(self.policy, &package.name, &package.version);
        source.into_iter().chain(denied.map(|ban| Reason::Denied { entry: ban.text.clone() }))
    }

    /// Adds what the advisories say of a version, whether or not the index has it.
    pub fn add_advisories(&self, crate_id: &CrateId, version: &Version, findings: &mut Findings) {
        let policy = &self.policy.advisories;
        let unreadable = advisory::unreadable(&self.facts.advisories, crate_id).into_iter();
        let unreadable =
            unreadable.map(|file| (file.ignorable.as_ref(), advisory::unreadable_effect(policy, file, self.today)));
        let hits = advisory::hits(&self.facts.advisories, crate_id, version);
        let hits = hits.map(|hit| (Some(&hit.id), advisory::effect(policy, hit, self.today)));
        for (id, effect) in unreadable.chain(hits) {
            findings.advisories.extend(id.cloned());
            match effect {
                advisory::Effect::Rejects(reason) => findings.reasons.push(reason),
                advisory::Effect::Warns(warning) => findings.warnings.push(warning),
                advisory::Effect::Nothing => {}
            }
        }
    }
}

fn package_id(crate_id: &CrateId, version: &Version) -> PackageId {
    let source = Source::Registry(crate_id.registry.clone());
    PackageId { name: crate_id.name.clone(), version: version.clone(), source }
}

/// The reason that a locked checksum gives, held against the index's.
#[must_use]
pub fn checksum_reason(locked: &LockedChecksum, index: Checksum) -> Option<Reason> {
    match locked {
        LockedChecksum::Known(locked) if *locked == index => None,
        LockedChecksum::Known(locked) => Some(mismatch(&locked.to_string(), index)),
        LockedChecksum::Malformed(text) => Some(mismatch(text, index)),
        LockedChecksum::Missing => Some(Reason::ChecksumMissing),
    }
}

fn mismatch(locked: &str, index: Checksum) -> Reason {
    Reason::ChecksumMismatch { locked: locked.into(), expected: index, witness: Witness::Index }
}
