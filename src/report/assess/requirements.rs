//! The requirements of each standard, in its order: what each asks, which question answers it, and what it asks beyond that.
//!
//! They are told in our own words. What no file of a repository shows stands beside the question, so that nothing is met of which only a part
//! was looked at.

use crate::model::standard::{Question, Requirement, Standard};

/// The standard's whole name, and which version is meant.
pub(in crate::report) const fn title(standard: Standard) -> &'static str {
    match standard {
        Standard::SlsaDependency => "SLSA dependency track (draft of March 2026)",
        Standard::S2c2f => "Secure Supply Chain Consumption Framework 1.1",
    }
}

/// The requirements of a standard, in its order.
#[must_use]
pub(crate) const fn requirements(standard: Standard) -> &'static [Requirement] {
    match standard {
        Standard::SlsaDependency => &SLSA_DEPENDENCY,
        Standard::S2c2f => &S2C2F,
    }
}

/// One that a question answers whole.
const fn whole(id: &'static str, asks: &'static str, question: Question) -> Requirement {
    Requirement { id, asks, question: Some(question), beyond: None }
}

/// One that asks for more than the question.
const fn partly(id: &'static str, asks: &'static str, question: Question, beyond: &'static str) -> Requirement {
    Requirement { id, asks, question: Some(question), beyond: Some(beyond) }
}

/// One of which a repository shows nothing.
const fn others(id: &'static str, asks: &'static str, beyond: &'static str) -> Requirement {
    Requirement { id, asks, question: None, beyond: Some(beyond) }
}

const OUTSIDE: &str = "what is done outside this repository";

const SLSA_DEPENDENCY: [Requirement; 4] = [
    partly(
        "level-1",
        "every dependency, transitive ones too, is listed for each released version",
        Question::Inventory,
        "that the list of each released version is kept: `cargo sequester sbom` makes one from its lock file",
    ),
    partly(
        "level-2",
        "known vulnerabilities are found and decided about before a release",
        Question::Triaged,
        "that no release is made while something is open",
    ),
    whole("level-3", "builds take dependencies only from places that the producer controls", Question::Consumed),
    partly(
        "level-4",
        "what comes in is judged first, and nothing comes in unjudged",
        Question::Ingestion,
        "that no build can leave the judge out. That a security fix comes earlier than other releases is this policy's own rule",
    ),
];

const S2C2F: [Requirement; 25] = [
    whole("ING-1", "packages come through a package manager, from sources that are trusted", Question::Sources),
    partly(
        "ING-2",
        "packages are kept in an own store",
        Question::Vendored,
        "whether a repository is the store that the organisation wants",
    ),
    whole("ING-3", "what is known to harm can be refused", Question::Malware),
    partly(
        "ING-4",
        "the source code of what is used is kept",
        Question::Vendored,
        "whether a copy lies outside this repository",
    ),
    whole("SCA-1", "what is used is held against known vulnerabilities", Question::Scanned),
    whole("SCA-2", "licences are looked at", Question::Licenses),
    partly(
        "SCA-3",
        "it is known what nobody maintains any more",
        Question::EndOfLife,
        "what no advisory says: RustSec learns of few abandoned crates",
    ),
    partly(
        "SCA-4",
        "what is used is searched for malware",
        Question::Malware,
        "a search of the code: `cargo sequester inspect` shows what stands out, for a person to judge",
    ),
    others(
        "SCA-5",
        "people review what is used, before anything is known against it",
        "whether somebody reviews: an approval tells who approved, not what was read",
    ),
    whole("INV-1", "an inventory of what is used is kept by a machine", Question::Inventory),
    others(
        "INV-2",
        "there is a plan for the day on which something harmful is found",
        "a plan of people: `cargo sequester incident` answers whether and since when something was here",
    ),
    whole("UPD-1", "what is vulnerable is replaced", Question::Triaged),
    partly(
        "UPD-2",
        "updates are proposed by a machine",
        Question::AutomaticUpdates,
        "whether the host runs it, and what becomes of what it moves",
    ),
    partly(
        "UPD-3",
        "a proposed change shows what is known against what it brings",
        Question::ChangesJudged,
        "whether the host runs it, and whether a refusal stops a merge",
    ),
    partly(
        "AUD-1",
        "it is known where each package was made",
        Question::Origin,
        "who built a release and from which commit, where its registry does not say",
    ),
    whole("AUD-2", "it is checked that people take packages the approved way", Question::Consumed),
    whole("AUD-3", "the bytes that a build takes are the ones that were published", Question::Integrity),
    others("AUD-4", "the SBOMs of what is used are checked", OUTSIDE),
    whole(
        "ENF-1",
        "the configuration leads package managers to the approved source and nowhere else",
        Question::Consumed,
    ),
    partly(
        "ENF-2",
        "only a curated set of releases can be used",
        Question::Ingestion,
        "that no build can leave the judge out",
    ),
    others("REB-1", "what is used is built again in a trusted place", OUTSIDE),
    others("REB-2", "what was built again is signed", OUTSIDE),
    others("REB-3", "what was built again has an SBOM", OUTSIDE),
    others(
        "REB-4",
        "the SBOMs that are made are signed",
        "a key: the SBOM is the same bytes each time, so that it can be signed",
    ),
    others("FIX-1", "an urgent fix can be made, built and given back without waiting for others", OUTSIDE),
];
