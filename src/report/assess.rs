//! `assess`: what a repository answers to the requirements of a standard, one by one.
//!
//! No level, no grade, no sum: both standards assess organisations, and a repository is a part of one.

pub(crate) mod human;
pub(crate) mod in_toto;
pub(crate) mod json;

use super::context::Context;
use super::way_out::WayOut;
use super::words::{counted, few, rfc3339};
use crate::model::checksum::Checksum;
use crate::model::package::PackageId;
use crate::model::standard::{Assessed, Evidence, Lack, Question, Standard};

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

/// The standard's whole name, and which version is meant.
const fn title(standard: Standard) -> &'static str {
    match standard {
        Standard::SlsaDependency => "SLSA dependency track (draft of March 2026)",
        Standard::S2c2f => "Secure Supply Chain Consumption Framework 1.1",
    }
}

/// What a requirement asks, in our words.
fn asks(standard: Standard, id: &str) -> &'static str {
    match (standard, id) {
        (Standard::SlsaDependency, "level-1") => {
            "every dependency, transitive ones too, is listed for each released version"
        }
        (Standard::SlsaDependency, "level-2") => "known vulnerabilities are found and decided about before a release",
        (Standard::SlsaDependency, "level-3") => "builds take dependencies only from places that the producer controls",
        (Standard::SlsaDependency, "level-4") => "what comes in is judged first, and nothing comes in unjudged",
        (Standard::S2c2f, "ING-1") => "packages come through a package manager, from sources that are trusted",
        (Standard::S2c2f, "ING-2") => "packages are kept in an own store",
        (Standard::S2c2f, "ING-3") => "what is known to harm can be refused",
        (Standard::S2c2f, "ING-4") => "the source code of what is used is kept",
        (Standard::S2c2f, "SCA-1") => "what is used is held against known vulnerabilities",
        (Standard::S2c2f, "SCA-2") => "licences are looked at",
        (Standard::S2c2f, "SCA-3") => "it is known what nobody maintains any more",
        (Standard::S2c2f, "SCA-4") => "what is used is searched for malware",
        (Standard::S2c2f, "SCA-5") => "people review what is used, before anything is known against it",
        (Standard::S2c2f, "INV-1") => "an inventory of what is used is kept by a machine",
        (Standard::S2c2f, "INV-2") => "there is a plan for the day on which something harmful is found",
        (Standard::S2c2f, "UPD-1") => "what is vulnerable is replaced",
        (Standard::S2c2f, "UPD-2") => "updates are proposed by a machine",
        (Standard::S2c2f, "UPD-3") => "a proposed change shows what is known against what it brings",
        (Standard::S2c2f, "AUD-1") => "it is known where each package was made",
        (Standard::S2c2f, "AUD-2") => "it is checked that people take packages the approved way",
        (Standard::S2c2f, "AUD-3") => "the bytes that a build takes are the ones that were published",
        (Standard::S2c2f, "AUD-4") => "the SBOMs of what is used are checked",
        (Standard::S2c2f, "ENF-1") => {
            "the configuration leads package managers to the approved source and nowhere else"
        }
        (Standard::S2c2f, "ENF-2") => "only a curated set of releases can be used",
        (Standard::S2c2f, "REB-1") => "what is used is built again in a trusted place",
        (Standard::S2c2f, "REB-2") => "what was built again is signed",
        (Standard::S2c2f, "REB-3") => "what was built again has an SBOM",
        (Standard::S2c2f, "REB-4") => "the SBOMs that are made are signed",
        (Standard::S2c2f, "FIX-1") => "an urgent fix can be made, built and given back without waiting for others",
        (_, _) => "",
    }
}

/// What a requirement asks that no file of a repository shows.
fn asks_more(standard: Standard, id: &str) -> Option<&'static str> {
    Some(match (standard, id) {
        (Standard::SlsaDependency, "level-1") => {
            "that the list of each released version is kept: `cargo sequester sbom` makes one from its lock file"
        }
        (Standard::SlsaDependency, "level-2") => "that no release is made while something is open",
        (Standard::SlsaDependency, "level-4") => {
            "that no build can leave the judge out. That a security fix comes earlier than other releases is this policy's own rule"
        }
        (Standard::S2c2f, "ING-2") => "whether a repository is the store that the organisation wants",
        (Standard::S2c2f, "ING-4") => "whether a copy lies outside this repository",
        (Standard::S2c2f, "SCA-3") => "what no advisory says: RustSec learns of few abandoned crates",
        (Standard::S2c2f, "SCA-4") => {
            "a search of the code: `cargo sequester inspect` shows what stands out, for a person to judge"
        }
        (Standard::S2c2f, "SCA-5") => "whether somebody reviews: an approval tells who approved, not what was read",
        (Standard::S2c2f, "INV-2") => {
            "a plan of people: `cargo sequester incident` answers whether and since when something was here"
        }
        (Standard::S2c2f, "UPD-2") => "whether the host runs it",
        (Standard::S2c2f, "UPD-3") => "whether the host runs it, and whether a refusal stops a merge",
        (Standard::S2c2f, "AUD-1") => "who built a release, where its registry does not say",
        (Standard::S2c2f, "ENF-2") => "that no build can leave the judge out",
        (Standard::S2c2f, "REB-4") => "a key: the SBOM is the same bytes each time, so that it can be signed",
        (Standard::S2c2f, "AUD-4" | "REB-1" | "REB-2" | "REB-3" | "FIX-1") => "what is done outside this repository",
        (_, _) => return None,
    })
}

/// The command that shows the answer again.
const fn check(question: Question) -> &'static str {
    match question {
        Question::Inventory
        | Question::Scanned
        | Question::Triaged
        | Question::Licenses
        | Question::EndOfLife
        | Question::Malware
        | Question::Sources
        | Question::Integrity
        | Question::Ingestion => "audit",
        Question::Vendored | Question::Consumed => "verify",
        Question::AutomaticUpdates | Question::ChangesJudged => "assess",
    }
}

/// What shows an answer, in a line.
fn evidence(evidence: &Evidence) -> String {
    match evidence {
        Evidence::File(path) => path.to_string(),
        Evidence::Event { file, kind, time } => format!("event {file} ({}, {})", kind.as_str(), rfc3339(*time)),
        Evidence::Advisories { source, commit, confirmed } => {
            let commit = commit.as_ref().map(|commit| format!(" at commit {commit}")).unwrap_or_default();
            let confirmed = confirmed.map_or_else(
                || ", which nobody confirmed at its origin".to_owned(),
                |at| format!(", confirmed {}", rfc3339(at)),
            );
            format!("the advisories of {source}{commit}{confirmed}")
        }
        Evidence::Setting { key, value } => format!("{key}: {value}"),
        Evidence::Ignored { advisory, until } => format!("{advisory} is ignored until {until}"),
    }
}

/// What a requirement lacks, in a sentence without its end.
fn lack(lack: &Lack) -> String {
    let of = |packages: &[PackageId], what: &str| {
        let names: Vec<String> = packages.iter().map(|id| format!("{}@{}", id.name, id.version)).collect();
        format!("{} {what}: {}", counted(packages.len(), "package"), few(&names, 3))
    };
    match lack {
        Lack::LockDoubtful => "whether the lock file answers the manifests is not shown".to_owned(),
        Lack::AdvisoriesUnread => "no advisories were read".to_owned(),
        Lack::AdvisoriesNotFresh => "the advisories are not fresh".to_owned(),
        Lack::Vulnerable(packages) => of(packages, "with an open advisory"),
        Lack::NoLicenseList => "the policy names no licences".to_owned(),
        Lack::LicenseNotAllowed(packages) => of(packages, "with another licence, or one that is not known"),
        Lack::UnmaintainedAllowed => "the policy wants nothing told of what nobody maintains".to_owned(),
        Lack::SourceNotAllowed(packages) => of(packages, "from a place that the policy does not name"),
        Lack::Malicious(packages) => of(packages, "known to harm"),
        Lack::Mirrors(count) => {
            format!(
                "{} led to where the policy does not allow",
                counted(*count, "registry").replace("registrys", "registries")
            )
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
        Lack::NoWorkflow => "no workflow was found that does it".to_owned(),
        Lack::IndexUnread => "index entries could not be had".to_owned(),
    }
}

/// What would mend a lack.
fn way_out(lack: &Lack, context: &Context<'_>) -> WayOut {
    let run = |words: &str, verb: &str, more: &str| WayOut::to_or(words, context.command(verb, more));
    match lack {
        Lack::LockDoubtful => run("to let the lock file answer the manifests", "update", "--workspace"),
        Lack::AdvisoriesUnread | Lack::AdvisoriesNotFresh | Lack::IndexUnread | Lack::BytesDoubtful(_) => {
            run("it tells why, and what helps", "audit", "")
        }
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
        Lack::NotVendored => run("to write the approved sources into the repository", "vendor", ""),
        Lack::NotProven { .. } | Lack::ProofUndecided => run("each finding is named there", "verify", ""),
        Lack::NoPolicy => run("to write one", "init", ""),
        Lack::AgeTooShort { key, .. } => WayOut::words(format!("set a longer age at `{key}` in sequester.toml")),
        Lack::NoWorkflow => WayOut::words("docs/ci.md has workflows for each"),
    }
}
