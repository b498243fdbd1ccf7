//! What would cure a problem, as lines that can be followed or pasted.

use super::duration::eligible;
use super::problem::{Problem, Severity};
use super::{AuditReport, escape, remark};
use crate::model::evaluation::{Fix, FixStanding};
use crate::model::package::{LockedChecksum, PackageId};
use crate::model::source::{GitSource, Registry, Source};
use crate::model::verdict::{Reason, ReasonCode};

/// One way out: words, a line to paste, or both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cure {
    /// What it is for.
    pub words: Option<String>,
    /// A command, or a line of the policy file.
    pub paste: Option<String>,
}

impl Cure {
    fn command(paste: String) -> Self {
        Self { words: None, paste: Some(paste) }
    }

    fn words(words: &str) -> Self {
        Self { words: Some(words.to_owned()), paste: None }
    }

    fn both(words: &str, paste: String) -> Self {
        Self { words: Some(words.to_owned()), paste: Some(paste) }
    }

    /// Both in one line.
    #[must_use]
    pub fn line(&self) -> String {
        match (&self.words, &self.paste) {
            (Some(words), Some(paste)) => format!("{words}: {paste}"),
            (words, paste) => words.iter().chain(paste).map(String::as_str).collect(),
        }
    }
}

/// Every way out of a problem, the best first. No line leads to a release that is not approved.
#[must_use]
pub fn cures(problem: &Problem<'_>, report: &AuditReport<'_>) -> Vec<Cure> {
    let id = &problem.package.id;
    let mut cures = Vec::new();
    cures.extend(other_release(problem, report));
    for reason in problem.reasons {
        cures.extend(for_reason(reason, id, report));
    }
    let liftable = problem.reasons.iter().all(|reason| reason.code().an_approval_lifts());
    let bytes_known = matches!(problem.package.checksum, LockedChecksum::Known(_));
    if let (true, true, true, Some(spec)) =
        (liftable, bytes_known, report.evaluation.blockers.is_empty(), unique_spec(id, report))
    {
        let lifts = |code| report.approvals_by_change(problem.package).any(|approval| approval.lifts.contains(&code));
        cures.push(if problem.reasons.iter().all(|reason| lifts(reason.code())) {
            Cure::words(
                "this change approves it already: that counts once the base has it, or as said of the change above",
            )
        } else {
            Cure::both("to exempt it after looking inside", format!("cargo sequester approve {spec} --reason TEXT"))
        });
    }
    let registry = matches!(id.source, Source::Registry(_));
    if cures.is_empty() && registry && problem.severity == Severity::Rejected && report.evaluation.blockers.is_empty() {
        cures.push(no_release(problem, report));
    }
    // A line that had to be escaped to be shown is no longer the line to paste.
    cures.retain(|cure| cure.paste.as_ref().is_none_or(|paste| escape::terminal(paste) == *paste));
    cures
}

/// Moving to the newest approved release, or to an approved fix where no newer one is known.
fn other_release(problem: &Problem<'_>, report: &AuditReport<'_>) -> Option<Cure> {
    let id = &problem.package.id;
    // Before the run is decided no release is known to be approved.
    if !report.evaluation.blockers.is_empty() {
        return None;
    }
    let newest = problem.judgement.newest_approved.as_ref();
    let approved_fix = || {
        let approved = |fix: &&Fix| matches!(fix.standing, FixStanding::Approved(_));
        problem.judgement.fixes.iter().filter(approved).map(|fix| &fix.version).max()
    };
    let target = newest.or_else(approved_fix).filter(|version| **version != id.version);
    if let (Some(version), Some(spec)) = (target, update_spec(id, report)) {
        return Some(Cure::command(format!("cargo sequester update {spec} --precise {version}")));
    }
    (problem.severity == Severity::Malicious).then(|| {
        Cure::words(
            "no approved release was found that every requirement accepts: remove the crate, or what pulls it in",
        )
    })
}

/// What is left where nothing else helps.
fn no_release(problem: &Problem<'_>, report: &AuditReport<'_>) -> Cure {
    let advisory = problem.reasons.iter().any(|reason| reason.code() == ReasonCode::Advisory);
    let ignored = |reason: &Reason| matches!(reason, Reason::Advisory { advisory, .. } if report.ignored_by_change(advisory, &problem.package.id.name));
    if problem.reasons.iter().all(ignored) {
        return Cure::words(
            "this change ignores it already: that counts once the base has it, or as said of the change above",
        );
    }
    Cure::words(match (advisory, problem.judgement.fixes.is_empty()) {
        (true, false) => {
            "until a fix is approved: do without the crate, or have the policy ignore the advisory until a date"
        }
        (true, true) => {
            "no approved release was found that every requirement accepts: do without the crate, or have the policy ignore \
             the advisory until a date"
        }
        (false, _) => {
            "no approved release was found that every requirement accepts: do without the crate, or loosen a requirement"
        }
    })
}

fn for_reason(reason: &Reason, id: &PackageId, report: &AuditReport<'_>) -> Option<Cure> {
    match reason {
        Reason::Malicious { .. } => {
            Some(Cure::words("neither time nor an approval lifts this; where it was built, its code may have run"))
        }
        Reason::ChecksumMismatch { .. } => Some(Cure::both(
            "do not build it before you know which change brought this checksum",
            format!("git log -p -- {}", shell_path(report)),
        )),
        Reason::ChecksumMissing => Some(Cure::both(
            "find the last lock file that had its checksum",
            format!("git log -p -- {}", shell_path(report)),
        )),
        Reason::SourceNotAllowed => allowed_source(&id.source),
        Reason::Denied { .. } => {
            Some(Cure::words("remove the crate, or what pulls it in; or change `deny` under [bans]"))
        }
        Reason::AdvisoryUnreadable { advisory: Some(advisory), .. } => {
            let spec = unique_spec(id, report)?;
            let line = format!("cargo sequester approve {spec} --id {advisory} --reason TEXT --until YYYY-MM-DD");
            Some(Cure::both("read it, update this tool, or ignore it until a day", line))
        }
        Reason::AdvisoryUnreadable { advisory: None, .. } => {
            Some(Cure::words("look at the file, and get the advisory database anew; nobody can ignore what it may say"))
        }
        Reason::PubtimeChanged { .. } => {
            Some(Cure::words("ask the registry's operators why a published fact changed; nothing here lifts this"))
        }
        Reason::TooNew { .. }
        | Reason::NewCrate { .. }
        | Reason::Signal { .. }
        | Reason::PubtimeUnknown { .. }
        | Reason::PubtimeInFuture { .. }
        | Reason::NotInIndex
        | Reason::IndexUnavailable
        | Reason::IndexEntryUnreadable { .. }
        | Reason::Advisory { .. }
        | Reason::Yanked
        | Reason::LicenseNotAllowed { .. } => None,
    }
}

/// The line of the policy that would name the source.
fn allowed_source(source: &Source) -> Option<Cure> {
    match source {
        Source::Git(GitSource { url, commit: Some(commit), .. }) => Some(Cure::both(
            "to allow this one commit, under [sources] of the policy",
            format!("allow-git = [{{ url = {}, rev = {} }}]", toml_string(url), toml_string(commit)),
        )),
        Source::Git(_) => Some(Cure::words("have the lock file pin a commit: cargo update")),
        Source::Registry(registry @ (Registry::Sparse(_) | Registry::Git(_))) => Some(Cure::both(
            "to allow this registry, under [sources] of the policy",
            format!("allow-registries = [{}]", toml_string(&registry.to_string())),
        )),
        Source::Registry(Registry::CratesIo) | Source::Local | Source::Other(_) => None,
    }
}

/// What an advisory's fix is worth now, in a sentence.
#[must_use]
pub fn fix(fix: &Fix, crate_name: &str, report: &AuditReport<'_>) -> String {
    let Fix { advisory, version, standing } = fix;
    match standing {
        FixStanding::Approved(_) if !report.evaluation.blockers.is_empty() => {
            format!(
                "{advisory} is fixed by {crate_name} {version}; whether that may be used, this run could not decide"
            )
        }
        FixStanding::Approved(basis) => {
            format!(
                "{advisory} is fixed by {crate_name} {version}: approved ({})",
                remark::basis(basis, &report.context())
            )
        }
        FixStanding::Held(reasons) => {
            let codes: Vec<&str> = reasons.iter().map(Reason::code).map(ReasonCode::as_str).collect();
            let until = match reasons.eligible_at() {
                Some(at) => format!("held ({}), eligible {}", codes.join(", "), eligible(report.evaluation.now, at)),
                None => format!("rejected ({})", codes.join(", ")),
            };
            format!("{advisory} is fixed by {crate_name} {version}: {until}")
        }
    }
}

/// The shortest spec by which `cargo update` finds exactly this package, quoted for a shell; `None` for a name that is no crate's,
/// because a line to paste must not be an attacker's.
#[must_use]
pub fn update_spec(id: &PackageId, report: &AuditReport<'_>) -> Option<String> {
    let same_name = report.packages.iter().filter(|package| package.id.name == id.name).count();
    if same_name <= 1 && is_plain(&id.name) { Some(id.name.to_string()) } else { unique_spec(id, report) }
}

fn unique_spec(id: &PackageId, report: &AuditReport<'_>) -> Option<String> {
    if !is_plain(&id.name) {
        return None;
    }
    let same = |other: &PackageId| other.name == id.name && other.version == id.version;
    let same_release = report.packages.iter().filter(|package| same(&package.id)).count();
    let crates_io = matches!(id.source, Source::Registry(Registry::CratesIo));
    let spec = if same_release <= 1 && crates_io { format!("{}@{}", id.name, id.version) } else { id.to_string() };
    Some(escape::shell_word(&spec))
}

/// Whether a name is one that crates.io could have: nothing that a shell or an option parser reads otherwise.
fn is_plain(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

fn shell_path(report: &AuditReport<'_>) -> String {
    escape::shell_word(report.locked.as_str())
}

/// A text as a TOML string.
#[must_use]
pub fn toml_string(text: &str) -> String {
    toml::Value::from(text).to_string()
}
