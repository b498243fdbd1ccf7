//! What stands out inside a package's archive: findings, each with the place and the words that were seen; sentences are in `report`.

use std::collections::BTreeMap;
use std::sync::Arc;

use semver::Version;

use super::checksum::Checksum;
use super::package::{CrateId, PackageId};

/// How much a finding says against a release. Ordered: the last is the worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing; most releases have some.
    Note,
    /// Unusual, and seldom more than that.
    Low,
    /// A reviewer should look at it.
    Medium,
    /// Honest releases hardly ever have it.
    High,
}

names!(Severity read { Note => "note", Low => "low", Medium => "medium", High => "high" });

/// What a finding is about. The order is the order of reports among findings of one severity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FindingCode {
    /// Reads what is the user's, and reaches the network.
    ReadsAndSends,
    /// Reaches the network, and runs what it may have fetched.
    FetchesAndRuns,
    /// Turns encoded or packed bytes into a program that it runs.
    UnpacksAndRuns,
    /// Writes to places that are not its own.
    WritesOutside,
    /// Names of commands, addresses or secrets that are put together from pieces.
    AssembledText,
    /// Reads files or variables that hold secrets.
    ReadsSecrets,
    /// Reaches the network while other packages are built.
    NetworkAtBuild,
    /// Runs a file by its path.
    RunsOwnFile,
    /// Takes in code from outside of the package.
    LeavesPackage,
    /// Takes in code whose place is computed.
    CodeNotFound,
    /// Runs a command line of a shell or an interpreter.
    RunsShell,
    /// Runs before `main`.
    RunsBeforeMain,
    /// Machine code in the source of something that runs at build time.
    AssemblyAtBuild,
    /// A file that is run while the package is built is no text that can be read as Rust.
    NotParsed,
    /// The manifest says something else than the registry's index.
    ManifestDiffers,
    /// The manifest has what the one that its author wrote has not.
    OriginalDiffers,
    /// Characters that turn the reading direction.
    BidirectionalText,
    /// Characters that are not seen.
    InvisibleText,
    /// Code that stands where no reader looks.
    CodeAfterBlank,
    /// Machine code in a file whose name says something else.
    DisguisedBinary,
    /// A file with machine code.
    BinaryFile,
    /// A long constant of encoded bytes.
    EncodedConstant,
    /// A file that the manifest's own lists do not take in.
    UnlistedFile,
    /// A target of the manifest that the archive does not have.
    MissingTarget,
    /// A build script under another name than cargo's own.
    UnusualBuildScript,
    /// Packed from another commit than the one that the registry saw it published from.
    CommitDiffers,
    /// Packed with changes that no commit has.
    VcsDirty,
    /// Nothing says which commit it was packed from.
    VcsUnknown,
    /// No licence, one that is no SPDX expression, or one whose file is missing.
    License,
    /// A file that is too large to be parsed: its words were looked at, not what they do together.
    OnlyScanned,
    /// Files that were not looked at.
    NotLookedAt,
    /// Runs a build script.
    BuildScript,
    /// Runs inside the compiler.
    ProcMacro,
    /// Links a native library.
    Links,
}

names!(FindingCode read {
    ReadsAndSends => "reads-and-sends",
    FetchesAndRuns => "fetches-and-runs",
    UnpacksAndRuns => "unpacks-and-runs",
    WritesOutside => "writes-outside",
    AssembledText => "assembled-text",
    ReadsSecrets => "reads-secrets",
    NetworkAtBuild => "network-at-build",
    RunsOwnFile => "runs-own-file",
    LeavesPackage => "leaves-package",
    CodeNotFound => "code-not-found",
    RunsShell => "runs-shell",
    RunsBeforeMain => "runs-before-main",
    AssemblyAtBuild => "assembly-at-build",
    NotParsed => "not-parsed",
    ManifestDiffers => "manifest-differs",
    OriginalDiffers => "original-differs",
    BidirectionalText => "bidirectional-text",
    InvisibleText => "invisible-text",
    CodeAfterBlank => "code-after-blank",
    DisguisedBinary => "disguised-binary",
    BinaryFile => "binary-file",
    EncodedConstant => "encoded-constant",
    UnlistedFile => "unlisted-file",
    MissingTarget => "missing-target",
    UnusualBuildScript => "unusual-build-script",
    CommitDiffers => "commit-differs",
    VcsDirty => "vcs-dirty",
    VcsUnknown => "vcs-unknown",
    License => "license",
    OnlyScanned => "only-scanned",
    NotLookedAt => "not-looked-at",
    BuildScript => "build-script",
    ProcMacro => "proc-macro",
    Links => "links",
});

/// One thing that stands out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub code: FindingCode,
    pub severity: Severity,
    /// Below the package's folder; `None` where it is about the package as a whole.
    pub file: Option<Box<str>>,
    /// From 1; `None` where it is about a file as a whole.
    pub line: Option<u32>,
    /// What was seen, as it was written: text from the archive, not yet escaped, cut after 160 characters.
    pub evidence: Box<str>,
}

/// The most characters of a finding's evidence.
const MOST_EVIDENCE: usize = 160;

impl Finding {
    /// About the package as a whole.
    #[must_use]
    pub fn new(code: FindingCode, severity: Severity, evidence: impl AsRef<str>) -> Self {
        Self { code, severity, file: None, line: None, evidence: cut(evidence.as_ref()) }
    }

    /// About this file.
    #[must_use]
    pub fn of_file(self, file: &str) -> Self {
        Self { file: Some(file.into()), ..self }
    }

    /// About this line of a file.
    #[must_use]
    pub fn at(self, file: &str, line: u32) -> Self {
        Self { file: Some(file.into()), line: Some(line), ..self }
    }

    /// Whether another release's finding is the same one: a line that only moved makes none new.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        (self.code, self.severity, &self.file, &self.evidence)
            == (other.code, other.severity, &other.file, &other.evidence)
    }
}

fn cut(text: &str) -> Box<str> {
    match text.char_indices().nth(MOST_EVIDENCE) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()).into(),
        None => text.into(),
    }
}

/// What `.cargo_vcs_info.json` says of where the archive was packed from. Whoever packed it could write anything there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VcsInfo {
    /// The commit's id.
    pub commit: Option<Box<str>>,
    /// Whether files differed from that commit.
    pub dirty: bool,
    /// The package's folder in the repository.
    pub path: Option<Box<str>>,
}

/// How much was looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Looked {
    /// Files of the archive.
    pub files: usize,
    /// Their bytes.
    pub bytes: u64,
    /// Rust files that dependents compile or run.
    pub sources: usize,
    /// Those of them that were parsed.
    pub parsed: usize,
    /// Those of which only the words were looked at.
    pub scanned: usize,
}

/// Everything that was seen inside one archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspection {
    pub id: PackageId,
    /// The digest of the `.crate` file.
    pub checksum: Checksum,
    /// The worst first, and in a fixed order.
    pub findings: Vec<Finding>,
    /// The build script's path, where there is one.
    pub build_script: Option<Box<str>>,
    /// Whether it runs inside the compiler.
    pub proc_macro: bool,
    /// The native library that it says it links.
    pub links: Option<Box<str>>,
    /// The manifest's licence, as it is written.
    pub license: Option<Box<str>>,
    pub vcs: Option<VcsInfo>,
    pub looked: Looked,
}

impl Inspection {
    /// The same held against the commit that the registry saw the release published from, by its trusted publisher. A release job may commit
    /// before it packs, so that another commit is unusual and proves nothing.
    #[must_use]
    pub fn against_commit(mut self, seen: &str) -> Self {
        let said = self.vcs.as_ref().and_then(|vcs| vcs.commit.as_deref());
        let (severity, said) = match said {
            Some(said) if said.eq_ignore_ascii_case(seen) => return self,
            Some(said) => (Severity::Medium, format!("commit {said}")),
            None => (Severity::Low, "no commit".to_owned()),
        };
        let evidence = format!("the archive names {said}, the registry {seen}");
        let finding = Finding::new(FindingCode::CommitDiffers, severity, evidence);
        self.findings.push(finding.of_file(".cargo_vcs_info.json"));
        self.findings = in_order(self.findings);
        self
    }

    /// The worst severity among the findings.
    #[must_use]
    pub fn worst(&self) -> Option<Severity> {
        self.findings.iter().map(|finding| finding.severity).max()
    }

    /// The findings of this severity.
    pub fn of_severity(&self, severity: Severity) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(move |finding| finding.severity == severity)
    }
}

/// In the order of reports: the worst first, then by code, file and line. Several of one code in one file that say the same are one.
#[must_use]
pub(crate) fn in_order(mut findings: Vec<Finding>) -> Vec<Finding> {
    findings.sort_by(|one, other| {
        let key = |finding: &Finding| (finding.code, finding.file.clone(), finding.line, finding.evidence.clone());
        other.severity.cmp(&one.severity).then_with(|| key(one).cmp(&key(other)))
    });
    findings.dedup_by(|later, first| later.is_same(first));
    findings
}

/// What inside an archive holds its release longer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Alarm {
    /// Findings of high severity.
    Findings {
        /// The first of them in the order of reports; never empty.
        first: Vec<Finding>,
        /// How many there are beside these.
        more: usize,
    },
    /// The archive has the bytes that the index names, and cannot be looked into.
    Unreadable {
        /// What is wrong with it.
        cause: Box<str>,
    },
}

codes!(Alarm { Findings => "findings", Unreadable => "unreadable" });

/// The most findings that are told of one release; the rest are counted.
const MOST_TOLD: usize = 5;

impl Alarm {
    /// `None` for an inspection without a finding of high severity.
    #[must_use]
    pub fn of(inspection: &Inspection) -> Option<Self> {
        let high: Vec<&Finding> = inspection.of_severity(Severity::High).collect();
        let first: Vec<Finding> = high.iter().take(MOST_TOLD).copied().cloned().collect();
        (!first.is_empty()).then(|| Self::Findings { more: high.len() - first.len(), first })
    }
}

/// What was seen inside the archives of young releases that are at hand, each by the digest of its `.crate` file. A release that is not
/// here was not looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inspections(BTreeMap<(CrateId, Version), LookedInto>);

/// A release that was looked into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LookedInto {
    /// The digest of its `.crate` file.
    checksum: Checksum,
    /// What holds it longer; `None` where nothing does.
    pub(crate) alarm: Option<Arc<Alarm>>,
}

impl Inspections {
    /// Takes over what was seen inside the archive with this digest; `None` where nothing holds the release longer.
    pub fn learn(&mut self, crate_id: CrateId, version: Version, checksum: Checksum, alarm: Option<Alarm>) {
        let alarm = alarm.map(Arc::new);
        self.0.insert((crate_id, version), LookedInto { checksum, alarm });
    }

    /// What was seen inside the release with these bytes; `None` where nobody looked.
    #[must_use]
    pub fn of(&self, crate_id: &CrateId, version: &Version, checksum: Checksum) -> Option<&LookedInto> {
        self.0.get(&(crate_id.clone(), version.clone())).filter(|known| known.checksum == checksum)
    }

    /// Takes over all that another has.
    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A release that could not be looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NotInspected {
    pub id: PackageId,
    /// `no-archive`, `not-had` or `archive-refused`.
    pub code: &'static str,
    pub message: String,
    /// Empty where there is none.
    pub help: String,
}
