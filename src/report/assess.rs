//! `assess`: what a repository answers to the requirements of a standard, one by one.
//!
//! No level, no grade, no sum: both standards assess organisations, and a repository is a part of one.

pub(crate) mod human;
pub(crate) mod in_toto;
pub(crate) mod json;
pub(crate) mod requirements;

use super::context::Context;
use super::way_out::WayOut;
use super::words::{counted, few, rfc3339};
use crate::model::checksum::Checksum;
use crate::model::package::PackageId;
use crate::model::standard::{AdvisoriesRead, Assessed, CommitGap, Evidence, Lack, Part, Question, Standard, Unseen};

/// Everything that a report of `assess` tells.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AssessReport<'a> {
    pub standard: Standard,
    pub assessed: &'a [Assessed],
    pub context: Context<'a>,
    /// The digest of the lock file that it is about.
    pub lock_file: Checksum,
    /// The digest of the policy that was judged by; `None` where nobody wrote one.
    pub policy: Option<Checksum>,
}

/// The verb that does the check again, with its option.
const fn check(question: Question) -> (&'static str, &'static str) {
    match question {
        Question::Inventory
        | Question::Scanned
        | Question::Triaged
        | Question::Licenses
        | Question::EndOfLife
        | Question::Malware
        | Question::Sources
        | Question::Origin
        | Question::Ingestion => ("audit", ""),
        Question::Vendored | Question::Consumed => ("verify", ""),
        Question::Integrity => ("verify", "--deep"),
        Question::AutomaticUpdates | Question::ChangesJudged => ("assess", ""),
    }
}

/// The command that does the check again.
fn check_command(question: Question, report: &AssessReport<'_>) -> Option<String> {
    let (verb, option) = check(question);
    let standard = format!("--standard {}", report.standard.as_str());
    report.context.command(verb, if verb == "assess" { &standard } else { option })
}

/// What shows an answer, in a line.
fn evidence(evidence: &Evidence) -> String {
    match evidence {
        Evidence::File(path) => path.to_string(),
        Evidence::Commit(id) => format!("as commit {id} has it"),
        Evidence::Event { file, kind, time } => format!("event {file} ({}, {})", kind.as_str(), rfc3339(*time)),
        Evidence::Advisories(read) => advisories(read),
        Evidence::Setting { key, value } => format!("{key}: {value}"),
        Evidence::Ignored { advisory, until } => format!("{advisory} is ignored until {until}"),
        Evidence::Exempted { releases, adopted } => {
            let adopted = if *adopted > 0 { format!(", {adopted} of them since the adoption") } else { String::new() };
            format!("{} approved by a person's word{adopted}", counted(*releases, "release"))
        }
        Evidence::Derived(packages) => format!("{} compared with the archives", counted(*packages, "package")),
    }
}

fn advisories(read: &AdvisoriesRead) -> String {
    let source = read.address.as_deref().unwrap_or("a folder");
    let commit = read.commit.as_ref().map(|commit| format!(" at commit {commit}")).unwrap_or_default();
    let of = match (read.committed, read.newest) {
        (Some(at), _) => format!(" of {}", rfc3339(at)),
        (None, Some(day)) => format!(", the newest of {day}"),
        (None, None) => String::new(),
    };
    let confirmed = read.confirmed.map_or_else(
        || "which nobody confirmed at its origin".to_owned(),
        |at| format!("confirmed at its origin {}", rfc3339(at)),
    );
    format!("the advisories of {source}{commit}{of}, {} in all, {confirmed}", read.total)
}

fn packages_of(packages: &[PackageId]) -> String {
    let names: Vec<String> = packages.iter().map(|id| format!("{}@{}", id.name, id.version)).collect();
    few(&names, 3)
}

const fn part(part: Part) -> &'static str {
    match part {
        Part::LockFile => "the lock file",
        Part::Manifests => "manifests",
        Part::Policy => "the policy",
        Part::Config => "cargo's configuration",
        Part::Trail => "the audit trail",
        Part::Sources => "the vendored sources",
    }
}

fn uncommitted(of: Part, gap: &CommitGap) -> String {
    let how = if gap.is_absent {
        "in no commit, so that no clone has it"
    } else {
        "not what the commit that is checked out has, and so not what a clone has"
    };
    let more = if gap.files > 1 { format!("; {} more of it likewise", gap.files - 1) } else { String::new() };
    format!("{} ({}) is {how}{more}", gap.first, part(of))
}

/// What a requirement lacks, in a sentence without its end.
fn lack(lack: &Lack) -> String {
    let of = |packages: &[PackageId], what: &str| {
        format!("{} {what}: {}", counted(packages.len(), "package"), packages_of(packages))
    };
    match lack {
        Lack::LockDoubtful => "whether the lock file answers the manifests is not shown".to_owned(),
        Lack::Uncommitted { part, gap } => uncommitted(*part, gap),
        Lack::AdvisoriesUnread => "no advisories were read".to_owned(),
        Lack::AdvisoriesNotFresh => "the advisories are not fresh".to_owned(),
        Lack::AdvisoriesOld { since } => {
            let since = since.map_or_else(
                || "nobody knows how old they are".to_owned(),
                |at| format!("they are of {}", rfc3339(at)),
            );
            format!("the advisories are not of the last 30 days, whatever the policy allows: {since}")
        }
        Lack::Vulnerable(packages) => of(packages, "with an open advisory"),
        Lack::NoLicenseList => "the policy names no licences".to_owned(),
        Lack::LicenseNotAllowed(packages) => of(packages, "with another licence, or one that is not known"),
        Lack::UnmaintainedAllowed => "the policy wants nothing told of what nobody maintains".to_owned(),
        Lack::SourceNotAllowed(packages) => of(packages, "from a place that the policy does not name"),
        Lack::GitWide(rules) => {
            format!("`allow-git` names no repository, but all that lie below an address: {}", few(rules, 3))
        }
        Lack::GitUnpinned(rules) => {
            format!("`allow-git` lets any commit of a repository in, of any age: {}", few(rules, 3))
        }
        Lack::Malicious(packages) => of(packages, "known to harm, or about which an advisory could not be read"),
        Lack::Mirrors(count) => {
            format!(
                "{} led to where the policy does not allow",
                counted(*count, "registry").replace("registrys", "registries")
            )
        }
        Lack::LedElsewhere(count) => {
            format!("cargo's configuration leads elsewhere than to the sources that are locked ({count} found)")
        }
        Lack::NotVendored => "nothing is vendored".to_owned(),
        Lack::NotProven { findings } => {
            format!("the proof of the vendored sources ends with {}", counted(*findings, "finding"))
        }
        Lack::ProofUndecided => "the proof of the vendored sources could not be made".to_owned(),
        Lack::BytesDoubtful(packages) => of(packages, "whose bytes or times are not the ones known"),
        Lack::NotApproved(packages) => of(packages, "not approved"),
        Lack::NoPolicy => "no policy is written down".to_owned(),
        Lack::AgeTooShort { key, age } => format!("`{key}` lets releases in after {age}, less than 3 days"),
        Lack::SwitchedOff { key } => format!("`{key}` is 0, which holds nothing"),
        Lack::SignalsWeakened(keys) => format!("signals hold less than by default: {}", few(keys, 5)),
        Lack::NoWorkflow => "no workflow was found that does it".to_owned(),
        Lack::IndexUnread => "index entries could not be had".to_owned(),
        Lack::Undecided(codes) => format!("the run could not decide: {}", codes.join(", ")),
    }
}

/// What would mend a lack.
fn way_out(lack: &Lack, context: &Context<'_>) -> WayOut {
    let run = |words: &str, verb: &str, more: &str| WayOut::to_or(words, context.command(verb, more));
    match lack {
        Lack::LockDoubtful => run("to let the lock file answer the manifests", "update", "--workspace"),
        Lack::Uncommitted { .. } => {
            WayOut::words("commit it as it was judged; what an ignore file names is added with `git add --force`")
        }
        Lack::AdvisoriesUnread
        | Lack::AdvisoriesNotFresh
        | Lack::IndexUnread
        | Lack::BytesDoubtful(_)
        | Lack::Undecided(_) => run("it tells why, and what helps", "audit", ""),
        Lack::AdvisoriesOld { .. } => WayOut::words(
            "read RustSec's database as it is today, or renew the copy that `db` under [advisories] names",
        ),
        Lack::Vulnerable(_) | Lack::Malicious(_) | Lack::NotApproved(_) => {
            run("to move what is held or vulnerable, and nothing else", "fix", "")
        }
        Lack::NoLicenseList | Lack::LicenseNotAllowed(_) => {
            WayOut::words("list what is allowed as `allow` under [licenses] in sequester.toml")
        }
        Lack::UnmaintainedAllowed => {
            WayOut::words("set `unmaintained` under [advisories] in sequester.toml to \"warn\"")
        }
        Lack::SourceNotAllowed(_) | Lack::Mirrors(_) => {
            run("each is named there, with what the policy would have to say", "audit", "")
        }
        Lack::GitWide(_) => WayOut::words("name each repository, with its owner and name, as `url` in `allow-git`"),
        Lack::GitUnpinned(_) => WayOut::words("pin the locked commit as `rev` in `allow-git`"),
        Lack::NotVendored => run("to write the approved sources into the repository", "vendor", ""),
        Lack::NotProven { .. } | Lack::ProofUndecided | Lack::LedElsewhere(_) => {
            run("each finding is named there", "verify", "")
        }
        Lack::NoPolicy => run("to write one", "init", ""),
        Lack::AgeTooShort { key, .. } => WayOut::words(format!("set a longer age at `{key}` in sequester.toml")),
        Lack::SwitchedOff { key } => WayOut::words(format!("leave `{key}` out of sequester.toml")),
        Lack::SignalsWeakened(_) => WayOut::words("leave these keys out of [signals] in sequester.toml"),
        Lack::NoWorkflow => WayOut::words("docs/ci.md has workflows for each"),
    }
}

/// What was not seen, in a sentence without its end, and how to look at it.
fn unseen(unseen: &Unseen, context: &Context<'_>) -> (String, WayOut) {
    let of = |packages: &[PackageId]| format!("{} ({})", counted(packages.len(), "package"), packages_of(packages));
    let run = |words: &str, verb: &str, more: &str| WayOut::to_or(words, context.command(verb, more));
    match unseen {
        Unseen::Commit { cause } => (
            format!("whether a clone would have these files: {cause}"),
            WayOut::words("commit them, and assess a checkout of the commit"),
        ),
        Unseen::Outside(packages) => (
            format!("what is in {}, which no clone of this repository has", of(packages)),
            WayOut::words("look at how it comes onto the machines that build"),
        ),
        Unseen::NotAdvised(packages) => (
            format!("whether anything is known against {}: RustSec's advisories are about crates.io alone", of(packages)),
            WayOut::words("look at what its own source publishes"),
        ),
        Unseen::AdvisoriesNamed => (
            "whether the advisories are those that the policy names: the command line named others".to_owned(),
            WayOut::words("leave `--advisory-db` out, or let `db` under [advisories] in sequester.toml name them"),
        ),
        Unseen::Manifests(packages) => (
            format!("what {} asks for, whose manifest is not at hand", of(packages)),
            WayOut::run("cargo fetch --locked".to_owned()),
        ),
        Unseen::LicenseUndecided(packages) => (
            format!("which licence {} has", of(packages)),
            WayOut::words("look into its repository: only releases of a registry are judged"),
        ),
        Unseen::Bytes => (
            "which bytes a build takes: nothing is vendored, and cargo compares each archive with the lock file where it unpacks it".to_owned(),
            run("to write the approved sources into the repository", "vendor", ""),
        ),
        Unseen::NotDerived(packages) => (
            format!("whether {} has the bytes that were published: the archive could not be had", of(packages)),
            run("it downloads what is missing", "verify", "--deep"),
        ),
        Unseen::Stubs(packages) => (
            format!("the code of {}, vendored as a stub for platforms that nobody recorded", counted(*packages, "package")),
            run("without `--target` all are written whole", "vendor", ""),
        ),
        Unseen::Ways(count) => (
            format!("what comes of ways around that are in effect and break nothing by themselves ({count} found)"),
            run("each is named there", "verify", ""),
        ),
        Unseen::Workflows(paths) => {
            let paths: Vec<String> = paths.iter().map(ToString::to_string).collect();
            (
                format!("what becomes of the words for it in {}", few(&paths, 3)),
                WayOut::words("read whether its trigger, its conditions and its script lead there"),
            )
        }
    }
}
