//! Verdicts as events record them: codes and names, without the sentences.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::moment;
use super::release::ReleaseRecord;
use crate::model::verdict::{Basis, FixRole, Reason, ReasonCode, Signal, Verdict};

/// A verdict on a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "each is documented at the Verdict of the same name")]
pub enum VerdictCode {
    Approved,
    Quarantined,
    Rejected,
}

/// What an approved release stands on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BasisRecord {
    /// For a security fix: the advisory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advisory: Option<String>,
    /// For an approval: who gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Its kind.
    pub code: BasisCode,
    /// For an approval: what it lifted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lifted: Vec<ReasonCode>,
    /// For a security fix by way of another release: that release, as `name@version`, or the yanked version that it stands in for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
}

/// The kind of a basis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "each is documented at the Basis of the same name")]
pub enum BasisCode {
    Aged,
    TrustedRegistry,
    AllowedSource,
    SecurityFix,
    Approval,
}

/// One thing that stood against a release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReasonRecord {
    /// The advisory, crate, version, entry or expression that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// Its kind.
    pub code: ReasonCode,
    /// For a signal: which one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<SignalCode>,
    /// When time lifts it.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "moment::option")]
    pub until: Option<Timestamp>,
}

/// The kind of a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "each is documented at the Signal of the same name")]
pub enum SignalCode {
    NewDependency,
    Dormant,
    LookAlike,
    YankLure,
}

macro_rules! names {
    ($code:ty { $($variant:ident => $name:literal),+ $(,)? }) => {
        impl $code {
            /// As the event writes it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }
        }
    };
}

names!(VerdictCode { Approved => "approved", Quarantined => "quarantined", Rejected => "rejected" });
names!(BasisCode {
    Aged => "aged",
    TrustedRegistry => "trusted-registry",
    AllowedSource => "allowed-source",
    SecurityFix => "security-fix",
    Approval => "approval",
});
names!(SignalCode {
    NewDependency => "new-dependency",
    Dormant => "dormant",
    LookAlike => "look-alike",
    YankLure => "yank-lure",
});

impl ReleaseRecord {
    /// Takes over what was decided.
    #[must_use]
    pub fn with_verdict(mut self, verdict: &Verdict) -> Self {
        self.basis = None;
        self.reasons = Vec::new();
        self.verdict = match verdict {
            Verdict::Local => None,
            Verdict::Approved(basis) => {
                self.basis = Some(basis.into());
                Some(VerdictCode::Approved)
            }
            Verdict::Quarantined(reasons) => {
                self.reasons = reasons.iter().map(ReasonRecord::from).collect();
                Some(VerdictCode::Quarantined)
            }
            Verdict::Rejected(reasons) => {
                self.reasons = reasons.iter().map(ReasonRecord::from).collect();
                Some(VerdictCode::Rejected)
            }
        };
        self
    }
}

impl From<&Basis> for BasisRecord {
    fn from(basis: &Basis) -> Self {
        let plain = |code| Self { advisory: None, by: None, code, lifted: Vec::new(), of: None };
        match basis {
            Basis::Aged => plain(BasisCode::Aged),
            Basis::TrustedRegistry => plain(BasisCode::TrustedRegistry),
            Basis::AllowedSource => plain(BasisCode::AllowedSource),
            Basis::SecurityFix { advisory, fix, need: _ } => Self {
                advisory: Some(advisory.to_string()),
                of: match fix {
                    FixRole::Named => None,
                    FixRole::Companion { of, version } | FixRole::Dependent { of, version } => {
                        Some(format!("{of}@{version}"))
                    }
                },
                ..plain(BasisCode::SecurityFix)
            },
            Basis::Approval { given } => {
                let mut by: Vec<&str> = given.iter().filter_map(|one| one.by.as_deref()).collect();
                by.dedup();
                Self {
                    by: (!by.is_empty()).then(|| by.join(", ")),
                    lifted: given.iter().flat_map(|one| one.lifted.iter().copied()).collect(),
                    ..plain(BasisCode::Approval)
                }
            }
        }
    }
}

impl From<&Reason> for ReasonRecord {
    fn from(reason: &Reason) -> Self {
        let (about, signal) = match reason {
            Reason::Signal { signal, .. } => {
                let (about, code) = signal_record(signal);
                (Some(about), Some(code))
            }
            Reason::Malicious { advisory } | Reason::Advisory { advisory, .. } => (Some(advisory.to_string()), None),
            Reason::AdvisoryUnreadable { file, .. } => (Some(file.clone()), None),
            Reason::Denied { entry } => (Some(entry.clone()), None),
            Reason::LicenseNotAllowed { expression } => (expression.clone(), None),
            Reason::IndexEntryUnreadable { cause } => (Some(cause.clone()), None),
            Reason::PubtimeUnknown { found } => (found.as_ref().map(ToString::to_string), None),
            Reason::ChecksumMismatch { locked, .. } => (Some(locked.to_string()), None),
            Reason::PubtimeChanged { found, .. } => (found.map(|found| found.to_string()), None),
            Reason::TooNew { .. }
            | Reason::NewCrate { .. }
            | Reason::PubtimeInFuture { .. }
            | Reason::ChecksumMissing
            | Reason::NotInIndex
            | Reason::IndexUnavailable
            | Reason::Yanked
            | Reason::SourceNotAllowed => (None, None),
        };
        Self { about, code: reason.code(), signal, until: reason.eligible_at().map(moment::whole_seconds) }
    }
}

fn signal_record(signal: &Signal) -> (String, SignalCode) {
    match signal {
        Signal::NewDependency { dependency, .. } => (dependency.to_string(), SignalCode::NewDependency),
        Signal::Dormant { previous, .. } => (previous.to_string(), SignalCode::Dormant),
        Signal::LookAlike { resembles } => (resembles.to_string(), SignalCode::LookAlike),
        Signal::YankLure { yanked } => {
            let yanked: Vec<_> = yanked.iter().map(ToString::to_string).collect();
            (yanked.join(", "), SignalCode::YankLure)
        }
    }
}
