//! What an event records of one release: which bytes, when published, what was decided and why.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use semver::Version;
use serde::{Deserialize, Serialize};

use super::moment;
use crate::model::checksum::Checksum;
use crate::model::finding::{Alarm, FindingCode};
use crate::model::license::LicenseStatement;
use crate::model::package::CrateId;
use crate::model::publication::PublicationRecord;
use crate::model::signal::{AddedDependency, Imitated, Signal, SignalCode};
use crate::model::source::Registry;
use crate::model::verdict::{Basis, BasisCode, FixRole, Reason, ReasonCode, Verdict, VerdictCode, Warning};

/// A release as an event has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(try_from = "Line", into = "Line")]
pub struct ReleaseRecord {
    /// The crate.
    pub crate_id: CrateId,
    /// The exact version.
    #[cfg_attr(test, schemars(with = "String"))]
    pub version: Version,
    /// The digest of its `.crate` file.
    pub checksum: Option<Checksum>,
    /// The digest of its vendored tree, where it was vendored.
    pub tree: Option<Checksum>,
    /// How it was published, where the registry's web API was asked.
    pub publication: Option<PublicationRecord>,
    /// When it was published, where that was known.
    pub pubtime: Option<Timestamp>,
    /// Whether it was yanked in the index, where that was known: a later yank shows against it.
    pub yanked: Option<bool>,
    /// What was decided.
    pub verdict: Option<VerdictCode>,
    /// What an approved release stands on.
    pub basis: Option<BasisRecord>,
    /// What stood against it.
    pub reasons: Vec<ReasonRecord>,
    /// The version that it took the place of.
    #[cfg_attr(test, schemars(with = "String"))]
    pub replaced: Option<Version>,
    /// For an approval: what a person lifted, and until when.
    pub approval: Option<ApprovalRecord>,
    /// What its manifest says of its licence, where it was vendored.
    pub license: Option<LicenseRecord>,
}

/// What the manifest of a release says of its licence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct LicenseRecord {
    /// Its SPDX expression, as it is written; absent where it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "String"))]
    pub expression: Option<String>,
    /// The licence file that it names; absent where it names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "String"))]
    pub file: Option<String>,
    /// The SHA-256 of the manifest, `Cargo.toml`.
    pub manifest: Checksum,
}

impl From<&LicenseStatement> for LicenseRecord {
    fn from(stated: &LicenseStatement) -> Self {
        Self {
            expression: stated.expression.as_deref().map(str::to_owned),
            file: stated.file.as_deref().map(str::to_owned),
            manifest: stated.manifest,
        }
    }
}

/// What a person decided about a release.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ApprovalRecord {
    /// The advisories that are ignored.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(test, schemars(length(min = 1)))]
    pub ignores: Vec<String>,
    /// The reasons that are lifted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(test, schemars(length(min = 1)))]
    pub lifts: Vec<ReasonCode>,
    /// Why, in the person's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "String"))]
    pub reason: Option<String>,
    /// The last UTC day on which it counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "String", extend("format" = "date")))]
    pub until: Option<Date>,
}

impl ReleaseRecord {
    /// A record of a release with nothing said about it.
    #[must_use]
    pub const fn new(crate_id: CrateId, version: Version) -> Self {
        Self {
            crate_id,
            version,
            checksum: None,
            tree: None,
            publication: None,
            pubtime: None,
            yanked: None,
            verdict: None,
            basis: None,
            reasons: Vec::new(),
            replaced: None,
            approval: None,
            license: None,
        }
    }

    /// The release's package URL.
    #[must_use]
    pub fn purl(&self) -> String {
        purl(&self.crate_id, &self.version)
    }

    /// Whether what it says of pubtime and checksum may be held against the registry later. A record of a mismatch may not: nobody
    /// knows which of the two was right.
    #[must_use]
    pub fn is_witness(&self) -> bool {
        !self
            .reasons
            .iter()
            .any(|reason| matches!(reason.code, ReasonCode::PubtimeChanged | ReasonCode::ChecksumMismatch))
    }
}

/// A record as the event writes it, in the order of its names.
#[derive(Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct Line {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "ApprovalRecord"))]
    approval: Option<ApprovalRecord>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "BasisRecord"))]
    basis: Option<BasisRecord>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "Checksum"))]
    checksum: Option<Checksum>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "LicenseRecord"))]
    license: Option<LicenseRecord>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "PublicationRecord"))]
    publication: Option<PublicationRecord>,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "moment::Optional")]
    #[cfg_attr(test, schemars(with = "moment::Written"))]
    pubtime: Option<Timestamp>,
    #[cfg_attr(test, schemars(extend("pattern" = r"^pkg:cargo/[^/@?#]+@[^/@?#]+(\?repository_url=[^?#]+)?$")))]
    purl: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(test, schemars(length(min = 1)))]
    reasons: Vec<ReasonRecord>,
    #[cfg_attr(test, schemars(extend("pattern" = r"^(registry|sparse)\+")))]
    registry: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "String"))]
    replaced: Option<Version>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "Checksum"))]
    tree: Option<Checksum>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "VerdictCode"))]
    verdict: Option<VerdictCode>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "bool"))]
    yanked: Option<bool>,
}

/// A record names its release in two ways that do not agree, or in none that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("`purl` and `registry` do not name a release")]
struct LineError;

impl TryFrom<Line> for ReleaseRecord {
    type Error = LineError;

    fn try_from(line: Line) -> Result<Self, LineError> {
        let registry = Registry::parse(&line.registry).map_err(|_| LineError)?;
        let (name, version) = parse_purl(&line.purl).map_err(|_| LineError)?;
        let crate_id = CrateId { registry, name: name.into() };
        if purl(&crate_id, &version) != line.purl {
            return Err(LineError);
        }
        Ok(Self {
            crate_id,
            version,
            checksum: line.checksum,
            tree: line.tree,
            publication: line.publication,
            pubtime: line.pubtime,
            yanked: line.yanked,
            verdict: line.verdict,
            basis: line.basis,
            reasons: line.reasons,
            replaced: line.replaced,
            approval: line.approval,
            license: line.license,
        })
    }
}

impl From<ReleaseRecord> for Line {
    fn from(record: ReleaseRecord) -> Self {
        Self {
            purl: record.purl(),
            registry: record.crate_id.registry.to_string(),
            approval: record.approval,
            basis: record.basis,
            checksum: record.checksum,
            license: record.license,
            publication: record.publication,
            pubtime: record.pubtime,
            reasons: record.reasons,
            replaced: record.replaced,
            tree: record.tree,
            verdict: record.verdict,
            yanked: record.yanked,
        }
    }
}

/// What an approved release stands on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct BasisRecord {
    /// For a security fix: the advisory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "String"))]
    pub advisory: Option<String>,
    /// For an approval: who gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "String"))]
    pub by: Option<String>,
    /// Its kind.
    pub code: BasisCode,
    /// For an approval: what it lifted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(test, schemars(length(min = 1)))]
    pub lifted: Vec<ReasonCode>,
    /// For a security fix by way of another release: that release, as `name@version`, or the yanked version that it stands in for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "String"))]
    pub of: Option<String>,
}

/// One thing that stood against a release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ReasonRecord {
    /// The advisory, crate, version, entry or expression that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "String"))]
    pub about: Option<String>,
    /// Its kind.
    pub code: ReasonCode,
    /// For a signal: which one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "SignalCode"))]
    pub signal: Option<SignalCode>,
    /// When time lifts it; for an advisory that the policy ignores, when it counts again.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "moment::Optional")]
    #[cfg_attr(test, schemars(with = "moment::Written"))]
    pub until: Option<Timestamp>,
}

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

impl ReleaseRecord {
    /// Takes over which advisories stood against it that the policy ignores, and until when: what an approved release leans on beside its
    /// basis.
    #[must_use]
    pub fn with_ignored(mut self, warnings: &[Warning]) -> Self {
        for warning in warnings {
            let Warning::Ignored { advisory, until } = warning else { continue };
            let until = until.tomorrow().and_then(|day| day.to_zoned(TimeZone::UTC)).ok().map(|day| day.timestamp());
            let about = Some(advisory.to_string());
            self.reasons.push(ReasonRecord { about, code: ReasonCode::Advisory, signal: None, until });
        }
        self
    }
}

impl From<&Basis> for BasisRecord {
    fn from(basis: &Basis) -> Self {
        let plain = Self { advisory: None, by: None, code: basis.code(), lifted: Vec::new(), of: None };
        match basis {
            Basis::Aged | Basis::TrustedRegistry | Basis::AllowedSource => plain,
            Basis::SecurityFix { advisory, fix, need: _ } => Self {
                advisory: Some(advisory.to_string()),
                of: match fix {
                    FixRole::Named => None,
                    FixRole::Companion { of, version } | FixRole::Dependent { of, version } => {
                        Some(format!("{of}@{version}"))
                    }
                },
                ..plain
            },
            Basis::Approval { given } => {
                let mut by: Vec<&str> = given.iter().filter_map(|one| one.by.as_deref()).collect();
                by.dedup();
                Self {
                    by: (!by.is_empty()).then(|| by.join(", ")),
                    lifted: given.iter().flat_map(|one| one.lifted.iter().copied()).collect(),
                    ..plain
                }
            }
        }
    }
}

impl From<&Reason> for ReasonRecord {
    fn from(reason: &Reason) -> Self {
        let (about, signal) = match reason {
            Reason::Signal { signal, .. } => (Some(about_signal(signal)), Some(signal.code())),
            Reason::Malicious { advisory } | Reason::Advisory { advisory, .. } => (Some(advisory.to_string()), None),
            Reason::AdvisoryUnreadable { file, .. } => (Some(file.clone()), None),
            Reason::Denied { entry } => (Some(entry.clone()), None),
            Reason::Inspection { alarm, .. } => (Some(about_alarm(alarm)), None),
            Reason::LicenseNotAllowed { expression, lack: _ } => (expression.clone(), None),
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
            | Reason::SourceNotAllowed
            | Reason::LicenseUnknown { .. } => (None, None),
        };
        Self { about, code: reason.code(), signal, until: reason.eligible_at().map(moment::whole_seconds) }
    }
}

fn about_signal(signal: &Signal) -> String {
    let names = |added: &[AddedDependency]| added.iter().map(|one| one.name.to_string()).collect::<Vec<_>>();
    match signal {
        Signal::YoungDependency { added, .. }
        | Signal::DormantGrowth { added, .. }
        | Signal::NewDependency { added, .. } => names(added).join(", "),
        Signal::FirstBuildScriptInput { inputs, links, .. } => names(inputs)
            .into_iter()
            .chain(links.iter().map(|links| format!("links {links}")))
            .collect::<Vec<_>>()
            .join(", "),
        Signal::LookAlike { imitated: Imitated::Name { name, .. }, .. } => name.to_string(),
        Signal::LookAlike { imitated: Imitated::Twin { source }, .. } => source.to_string(),
        Signal::YankLure { yanked, .. } => yanked.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        Signal::PublisherChange { publisher, .. } => publisher.to_string(),
        Signal::TrustedPublishingLost { before, .. } | Signal::Dormant { previous: before, .. } => before.to_string(),
        Signal::Burst { releases } => releases.to_string(),
        Signal::MajorSwap { swapped, .. } => {
            swapped.iter().map(|one| one.name.to_string()).collect::<Vec<_>>().join(", ")
        }
    }
}

/// The kinds of what was found, each once: texts from an archive are in no record.
fn about_alarm(alarm: &Alarm) -> String {
    let Alarm::Findings { first, .. } = alarm else { return alarm.code().to_owned() };
    let codes: BTreeSet<FindingCode> = first.iter().map(|finding| finding.code).collect();
    codes.into_iter().map(FindingCode::as_str).collect::<Vec<_>>().join(", ")
}

/// A text is no package URL of a cargo release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a package URL of a release: expected `pkg:cargo/NAME@VERSION`")]
pub struct PurlError;

/// The package URL of a release (the purl specification and its definition of the type `cargo`): `pkg:cargo/NAME@VERSION`, with
/// `repository_url` for any registry but crates.io. A name keeps its case; build metadata's `+` is percent-encoded, as the specification asks.
#[must_use]
pub fn purl(crate_id: &CrateId, version: &Version) -> String {
    let mut purl = String::from("pkg:cargo/");
    encode_purl(&mut purl, &crate_id.name);
    purl.push('@');
    encode_purl(&mut purl, &version.to_string());
    match &crate_id.registry {
        Registry::CratesIo => {}
        Registry::Sparse(url) | Registry::Git(url) => {
            purl.push_str("?repository_url=");
            encode_purl(&mut purl, url);
        }
    }
    purl
}

/// The name and the version that a package URL says. Qualifiers are passed over: `repository_url` does not tell a sparse index from
/// a git one, so a record names its registry in a field of its own.
///
/// # Errors
/// It is of another type, has no version, a namespace or a subpath, or a part that is not properly encoded.
pub fn parse_purl(text: &str) -> Result<(String, Version), PurlError> {
    let rest = text.strip_prefix("pkg:cargo/").ok_or(PurlError)?;
    let path = rest.split_once('?').map_or(rest, |(path, _)| path);
    let (name, version) = path.split_once('@').ok_or(PurlError)?;
    let (name, version) = (decode(name)?, decode(version)?);
    if name.is_empty() {
        return Err(PurlError);
    }
    Ok((name, version.parse().map_err(|_| PurlError)?))
}

/// The specification leaves letters, digits, `.`, `-`, `_`, `~` and `:` as they are.
const fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'~' | b':')
}

/// Adds a part with what the specification wants encoded.
pub(crate) fn encode_purl(purl: &mut String, part: &str) {
    for byte in part.bytes() {
        if is_plain(byte) {
            purl.push(char::from(byte));
        } else {
            let _ = write!(purl, "%{byte:02X}");
        }
    }
}

fn decode(part: &str) -> Result<String, PurlError> {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'%' => {
                let mut digit = || rest.next().and_then(|byte| char::from(byte).to_digit(16)).ok_or(PurlError);
                let value = digit()? * 16 + digit()?;
                bytes.push(u8::try_from(value).map_err(|_| PurlError)?);
            }
            byte if is_plain(byte) => bytes.push(byte),
            _ => return Err(PurlError),
        }
    }
    String::from_utf8(bytes).map_err(|_| PurlError)
}
