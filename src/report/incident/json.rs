//! `incident --format json`: one document, by `docs/incident-v1.schema.json`.

use std::collections::BTreeSet;
use std::io::{self, Write};

use serde::Serialize;

use super::{IncidentReport, gap_words, source_words, suspect_words};
use crate::model::checksum::Checksum;
use crate::model::incident::{Locked, Published};
use crate::report::json;
#[cfg(test)]
use crate::report::shape;
use crate::report::way_out::Step;
use crate::report::words::rfc3339;

/// What a document of this form says in `schema`, and the schema's `$id`: a name, not an address.
pub(crate) const INCIDENT_V1: &str = "urn:cargo-sequester:incident-v1";

/// The document that `cargo sequester incident --format json` writes. Its field `schema` holds this schema's $id, which is a name and no
/// address. Texts from outside (names, titles, authors, paths, causes) are raw once read: escape them before showing them. Messages are
/// for people and may change in any release; everything else changes only with the version in the $id.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(title = "cargo sequester incident --format json, version 1", extend("$id" = INCIDENT_V1)))]
pub(in crate::report) struct Document<'a> {
    #[cfg_attr(test, schemars(extend("const" = INCIDENT_V1)))]
    schema: &'static str,
    /// When it was looked.
    #[cfg_attr(test, schemars(with = "shape::Time"))]
    now: String,
    /// Whether anything was found that counts.
    found: bool,
    /// Whether everything could be looked at: true exactly if there are no gaps. Where it is false, the command ends with exit code 2.
    complete: bool,
    /// The answer in a sentence.
    message: String,
    suspects: Vec<Asked<'a>>,
    /// When the releases that were found were published.
    published: Vec<Release>,
    /// A bad release in a lock file, over all of history.
    locked: Vec<InLock<'a>>,
    /// What was found beside lock files.
    traces: Vec<Trace<'a>>,
    /// Events of the audit trail that name one of them, newest first.
    recorded: Vec<Recorded<'a>>,
    /// What could not be looked at.
    gaps: Vec<Gap>,
    looked_at: LookedAt<'a>,
    /// What to do, in order.
    steps: Vec<ToDo>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[expect(clippy::struct_field_names, reason = "a word of the published schema")]
struct Asked<'a> {
    /// What the caller named.
    asked: &'a str,
    /// The crate.
    name: &'a str,
    /// The advisory that says which releases; null where a spec does.
    advisory: Option<Advisory<'a>>,
    /// Which releases, in words.
    message: String,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Advisory<'a> {
    id: &'a str,
    title: &'a str,
    /// Null where it names none.
    url: Option<&'a str>,
    aliases: Vec<&'a str>,
    #[cfg_attr(test, schemars(with = "shape::Day"))]
    date: String,
    /// Whether its authors took it back.
    withdrawn: bool,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Release {
    name: String,
    #[cfg_attr(test, schemars(with = "shape::Version"))]
    version: String,
    /// Null where the index does not tell, or could not be read.
    #[cfg_attr(test, schemars(with = "Option<shape::Time>"))]
    pubtime: Option<String>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct InLock<'a> {
    name: &'a str,
    #[cfg_attr(test, schemars(with = "shape::Version"))]
    version: String,
    /// Where the package comes from, in words: a registry, a git repository, this repository.
    source: String,
    /// What the lock files say of its bytes; several where they differ.
    checksums: &'a BTreeSet<Checksum>,
    /// The lock file, relative to the repository's top.
    path: &'a str,
    /// Whether the lock file is one that a vendored package brought along: cargo does not read it, and it does not count as found.
    packaged: bool,
    /// Packages of the repository that reach it in the lock file.
    products: Vec<&'a str>,
    /// Where it is locked now; empty where that is only in the past.
    tips: Vec<Tip<'a>>,
    /// How many commits have it.
    commits: usize,
    /// How many commits brought it in, and the first ten of them, earliest first.
    added: usize,
    added_by: Vec<Commit<'a>>,
    /// How many commits took it out, and the first ten of them, earliest first.
    removed: usize,
    removed_by: Vec<Commit<'a>>,
    /// The latest commit that has it; null where none has.
    last: Option<Commit<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Tip<'a> {
    #[cfg_attr(test, schemars(extend("enum" = ["working-tree", "index", "detached-head", "branch", "remote-branch", "tag", "stash", "other"])))]
    kind: &'static str,
    /// The reference without its folder, or a working tree's folder; empty for the index.
    name: &'a str,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Commit<'a> {
    id: &'a str,
    /// `Name <mail>`, as the commit says.
    author: &'a str,
    /// As the commit says; null where it says no time that can be read.
    #[cfg_attr(test, schemars(with = "Option<shape::Time>"))]
    authored: Option<String>,
    #[cfg_attr(test, schemars(with = "Option<shape::Time>"))]
    committed: Option<String>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Trace<'a> {
    #[cfg_attr(test, schemars(extend("enum" = ["allow-listed", "vendored", "archive", "unpacked", "installed", "built", "build-script-run"])))]
    kind: &'static str,
    name: &'a str,
    /// Null where nothing says which version it is.
    #[cfg_attr(test, schemars(with = "Option<shape::Version>"))]
    version: Option<String>,
    /// The file or folder on this machine.
    path: &'a str,
    /// When it was written, as the file system says; null where it does not.
    #[cfg_attr(test, schemars(with = "Option<shape::Time>"))]
    at: Option<String>,
    /// The SHA-256 of an archive, or the one that is listed; null where there is none.
    checksum: Option<Checksum>,
    /// Whether it is the one that a lock file or the audit trail has.
    #[cfg_attr(test, schemars(extend("enum" = ["as-locked", "other", "unknown"])))]
    bytes: &'static str,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Recorded<'a> {
    event: String,
    /// The event's kind.
    kind: &'static str,
    #[cfg_attr(test, schemars(with = "shape::Time"))]
    at: String,
    /// Null where the event does not say.
    who: Option<&'a str>,
    name: &'a str,
    #[cfg_attr(test, schemars(with = "shape::Version"))]
    version: String,
    /// What was decided then; null where the event decided nothing about it.
    verdict: Option<&'static str>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Gap {
    #[cfg_attr(test, schemars(extend("enum" = ["shallow-clone", "partial-clone", "no-history", "lock-file-unread", "lock-file-link", "place-unread", "version-untold", "trail-unread", "unknown-release", "project-unread"])))]
    code: &'static str,
    message: String,
    help: String,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct LookedAt<'a> {
    references: usize,
    commits: usize,
    /// Distinct lock files of all commits.
    lock_files: usize,
    working_trees: Vec<&'a str>,
    caches: Vec<&'a str>,
    build_folders: Vec<&'a str>,
    /// Submodules, whose repositories were not looked into.
    submodules: &'a [String],
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct ToDo {
    #[cfg_attr(test, schemars(extend("enum" = ["pin", "purge", "rotate"])))]
    step: &'static str,
    message: Option<String>,
    /// A command for a POSIX shell in the folder of the run; null where there is none.
    command: Option<String>,
    /// Lines for a file that the message names; null where there are none.
    edit: Option<String>,
}

/// Writes the document.
///
/// # Errors
/// The writer's.
pub(crate) fn write(report: &IncidentReport<'_>, out: &mut impl Write) -> io::Result<()> {
    let found = report.found;
    let document = Document {
        schema: INCIDENT_V1,
        now: rfc3339(report.now),
        found: found.is_found(),
        complete: found.gaps.is_empty(),
        message: report.verdict(),
        suspects: found.suspects.iter().map(asked).collect(),
        published: found.published.iter().map(release).collect(),
        locked: found.locked.iter().map(|one| in_lock(report, one)).collect(),
        traces: found
            .traces
            .iter()
            .map(|(trace, bytes)| Trace {
                kind: trace.kind.as_str(),
                name: &trace.name,
                version: trace.version.as_ref().map(ToString::to_string),
                path: trace.path.as_str(),
                at: trace.at.map(rfc3339),
                checksum: trace.checksum,
                bytes: bytes.as_str(),
            })
            .collect(),
        recorded: found
            .recorded
            .iter()
            .map(|one| Recorded {
                event: one.event.to_string(),
                kind: one.kind.as_str(),
                at: rfc3339(one.at),
                who: one.who.as_deref(),
                name: &one.name,
                version: one.version.to_string(),
                verdict: one.verdict.map(crate::model::verdict::VerdictCode::as_str),
            })
            .collect(),
        gaps: found
            .gaps
            .iter()
            .map(|gap| {
                let (message, way) = gap_words(gap);
                Gap { code: gap.code(), message, help: way.line() }
            })
            .collect(),
        looked_at: LookedAt {
            references: found.looked_at.references,
            commits: found.looked_at.commits,
            lock_files: found.looked_at.lock_files,
            working_trees: found.looked_at.working_trees.iter().map(|path| path.as_str()).collect(),
            caches: found.looked_at.caches.iter().map(|path| path.as_str()).collect(),
            build_folders: found.looked_at.build_folders.iter().map(|path| path.as_str()).collect(),
            submodules: &found.looked_at.submodules,
        },
        steps: steps(report),
    };
    json::write(&document, out)
}

fn asked(suspect: &crate::model::incident::Suspect) -> Asked<'_> {
    Asked {
        asked: &suspect.asked,
        name: &suspect.crate_name,
        advisory: suspect.advisory.as_ref().map(|cited| Advisory {
            id: &cited.id,
            title: &cited.title,
            url: cited.url.as_deref(),
            aliases: cited.aliases.iter().map(|alias| &**alias).collect(),
            date: cited.date.to_string(),
            withdrawn: cited.withdrawn,
        }),
        message: suspect_words(suspect),
    }
}

fn release(one: &Published) -> Release {
    Release { name: one.name.to_string(), version: one.version.to_string(), pubtime: one.pubtime.map(rfc3339) }
}

fn in_lock<'a>(report: &IncidentReport<'a>, one: &'a Locked) -> InLock<'a> {
    let commit = |at: &u32| {
        let told = report.found.commits.get(at)?;
        let (authored, committed) = (told.authored.map(rfc3339), told.committed.map(rfc3339));
        Some(Commit { id: &told.id, author: &told.author, authored, committed })
    };
    InLock {
        name: &one.id.name,
        version: one.id.version.to_string(),
        source: source_words(&one.id),
        checksums: &one.checksums,
        path: one.path.as_str(),
        packaged: one.packaged,
        products: one.products.iter().map(|name| &**name).collect(),
        tips: one.tips.iter().map(|tip| Tip { kind: tip.kind.as_str(), name: &tip.name }).collect(),
        commits: one.commits,
        added: one.added.len(),
        added_by: one.added.iter().take(super::TOLD).filter_map(commit).collect(),
        removed: one.removed.len(),
        removed_by: one.removed.iter().take(super::TOLD).filter_map(commit).collect(),
        last: one.last.as_ref().and_then(commit),
    }
}

fn steps(report: &IncidentReport<'_>) -> Vec<ToDo> {
    let of = |step: super::Step| {
        let printable = step.way.is_printable();
        let (command, edit) = match step.way.step.filter(|_| printable) {
            Some(Step::Run(text)) => (Some(text), None),
            Some(Step::Edit(text)) => (None, Some(text)),
            None => (None, None),
        };
        ToDo { step: step.kind.as_str(), message: step.way.words, command, edit }
    };
    report.steps().into_iter().map(of).collect()
}
