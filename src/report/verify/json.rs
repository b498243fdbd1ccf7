//! One document, by `docs/verify-v1.schema.json`.

use std::io::{self, Write};

use serde::Serialize;

use super::finding::told;
use super::remedy::Remedy;
use super::{LIMITS, Proof, VerifyReport, blocker, note, outside, shown};
use crate::model::package::PackageId;
use crate::model::policy::Origin;
use crate::model::vendored::Destination;
use crate::model::verification::{self as model, Undecided};
use crate::model::way_around::{WayAround, Weight};
use crate::report::way_out::completed;
use crate::report::{json, verify};

/// What a document of this form says in `schema`, and the schema's `$id`: a name, not an address.
pub(crate) const VERIFY_V1: &str = "urn:cargo-sequester:verify-v1";

/// Fields are only ever added within version 1; codes may be added too, so a reader treats an unknown one as it treats the known ones
/// of its list.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(title = "The result of `cargo sequester verify --format json`", extend("$id" = VERIFY_V1)))]
pub(in crate::report) struct Document<'a> {
    #[cfg_attr(test, schemars(extend("const" = VERIFY_V1)))]
    schema: &'static str,
    /// Whether everything could be decided; if not, the exit code is 2.
    complete: bool,
    /// Whether nothing at all stands against the proof; the exit code is then 0.
    proven: bool,
    /// How far the proof goes: the three agree; trees that the base does not have are moreover their archives'; all are.
    #[cfg_attr(test, schemars(extend("enum" = ["consistent", "changed-authentic", "authentic"])))]
    proof: &'static str,
    /// As `--base` names it.
    base: Option<&'a str>,
    /// The whole id of the commit that it names; null for a lock file.
    #[cfg_attr(test, schemars(extend("pattern" = "^([0-9a-f]{40}|[0-9a-f]{64})$")))]
    base_commit: Option<&'a str>,
    lock_file: &'a str,
    /// The vendored tree.
    folder: &'a str,
    summary: Summary,
    /// Every package of the lock file, in its order, and where cargo will take it from: a folder of this machine (it has no source),
    /// the vendored place, its own registry or repository, or elsewhere. From several folders of the workspace the worst counts.
    packages: Vec<Package>,
    blockers: Vec<Blocker>,
    findings: Vec<Told>,
    ways_around: Vec<Way<'a>>,
    /// Packages that are not built from the tree.
    outside: Vec<Outside>,
    notes: Vec<Coded>,
    /// What nothing in a repository can prevent; the same in every document.
    limits: Vec<Coded>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Summary {
    /// Of the lock file.
    packages: usize,
    /// Of them, those that must lie in the vendored place: all that have a source.
    vendored: usize,
    stubs: usize,
    /// Trees that were derived from their archives and found equal.
    derived: usize,
    /// Files that were hashed.
    files: u64,
    /// Their bytes.
    bytes: u64,
    findings: usize,
    failing_ways: usize,
    warnings: usize,
    outside: usize,
    /// How many packages cargo will take from where; see `packages`.
    taken_from: TakenFrom,
}

/// How many packages cargo will take from where; see `packages`.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct TakenFrom {
    local: usize,
    vendored: usize,
    registry: usize,
    repository: usize,
    elsewhere: usize,
    unknown: usize,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Package {
    id: String,
    #[cfg_attr(test, schemars(extend("enum" = ["local", "vendored", "registry", "repository", "elsewhere", "unknown"])))]
    taken_from: &'static str,
    /// The folder or address, where that is `elsewhere`.
    place: Option<String>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Blocker {
    #[cfg_attr(test, schemars(extend("enum" = ["workspace-unread", "no-archive", "git-tree", "config", "build-output-unknown", "search-ended", "running", "platform", "lock-outdated", "lock-refused", "lock-unproven"])))]
    code: &'static str,
    /// A cargo package-id spec, in a finding about the allow-list or the tree possibly without its source.
    package: Option<String>,
    message: String,
    help: String,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Told {
    #[cfg_attr(test, schemars(extend("enum" = ["not-replaced", "no-allow-list", "no-tree", "tree-is-link", "tree-is-no-folder", "tree-outside", "interrupted", "not-allowed", "not-locked", "allowed-checksum-differs", "checksum-missing", "not-vendored", "directory-not-locked", "no-package", "package-twice", "shared", "stray", "no-list", "nothing-listed", "package-hash-differs", "tree-differs", "file-edited", "file-not-listed", "file-missing", "not-a-file", "collision", "line-endings", "not-from-archive", "archive-differs", "index-differs", "stub-needed", "archive-refused", "source-not-allowed"])))]
    code: &'static str,
    /// A cargo package-id spec, in a finding about the allow-list or the tree possibly without its source.
    package: Option<String>,
    /// A folder's name in the tree.
    directory: Option<String>,
    /// A file below that folder; of the tree itself where `directory` is null.
    path: Option<String>,
    message: String,
    help: String,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Way<'a> {
    #[cfg_attr(test, schemars(extend("enum" = ["paths", "config-patch", "patch-outside", "manifest-patch", "source-override", "other-source", "vendored-place", "legacy-config", "lockfile-path", "other-lock-file", "program", "runner", "flags", "links-override", "credential-provider", "sequester-alias", "builtin-alias", "alias-options", "alias-manifest", "alias-install", "env-override", "env-table", "build-output", "target-dir", "toolchain-path", "index-way", "fetch-check"])))]
    code: &'static str,
    /// Whether it breaks the proof or is told of only.
    #[cfg_attr(test, schemars(extend("enum" = ["fails", "warns"])))]
    effect: &'static str,
    #[cfg_attr(test, schemars(extend("enum" = ["repository", "above", "cargo-home", "environment"])))]
    scope: &'static str,
    /// Relative to the workspace where it lies below it.
    file: Option<&'a str>,
    #[cfg_attr(test, schemars(range(min = 1)))]
    line: Option<u32>,
    key: Option<&'a str>,
    variable: Option<&'a str>,
    /// Cut after 160 characters; null where it is not told.
    value: Option<&'a str>,
    message: String,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Outside {
    /// Only `path`: whatever has a source must be vendored.
    #[cfg_attr(test, schemars(extend("enum" = ["path", "git", "registry", "other"])))]
    kind: &'static str,
    id: String,
    folder: Option<String>,
    /// Whether the policy allows its source.
    allowed: bool,
    message: String,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Coded {
    code: &'static str,
    message: String,
}

/// Writes the document and a line end.
///
/// # Errors
/// The writer's.
pub(crate) fn write(report: &VerifyReport<'_>, out: &mut impl Write) -> io::Result<()> {
    json::write(&document(report), out)
}

fn document<'a>(report: &VerifyReport<'a>) -> Document<'a> {
    let verification = report.verification;
    let (counts, remedy) = (verification.counts, Remedy::of(report));
    let (proof, base) = match report.proof {
        Proof::Consistent => ("consistent", None),
        Proof::Changed { base } => ("changed-authentic", Some(base)),
        Proof::All => ("authentic", None),
    };
    Document {
        schema: VERIFY_V1,
        complete: verification.blockers.is_empty(),
        proven: verification.is_proven(),
        proof,
        base,
        base_commit: base.and(report.base_commit()),
        lock_file: report.locked.as_str(),
        folder: report.folder.as_str(),
        summary: Summary {
            packages: counts.packages,
            vendored: counts.vendored,
            stubs: counts.stubs,
            derived: counts.derived,
            files: counts.files,
            bytes: counts.bytes,
            findings: verification.findings.len(),
            failing_ways: verification.failing_ways().count(),
            warnings: verification.warning_ways().count() + verification.notes.len(),
            outside: verification.outside.len(),
            taken_from: TakenFrom {
                local: verification.taken_from("local"),
                vendored: verification.taken_from("vendored"),
                registry: verification.taken_from("registry"),
                repository: verification.taken_from("repository"),
                elsewhere: verification.taken_from("elsewhere"),
                unknown: verification.taken_from("unknown"),
            },
        },
        packages: verification.taken.iter().map(|(id, from)| package(id, from)).collect(),
        blockers: verification.blockers.iter().map(|one| undecided(one, report)).collect(),
        findings: verification
            .findings
            .iter()
            .map(|finding| {
                let told = told(finding, report.folder.as_str());
                let paths: Vec<String> = remedy.foreign(finding).into_iter().collect();
                Told {
                    code: told.code,
                    package: told.package,
                    directory: told.directory,
                    path: told.path,
                    message: told.message,
                    help: completed(&remedy.help(finding, &paths), report.situation),
                }
            })
            .collect(),
        ways_around: verification.ways.iter().map(|(weight, one)| way_around(*weight, one, report)).collect(),
        outside: verification
            .outside
            .iter()
            .map(|one| {
                let (kind, message) = outside(one);
                let folder = one.folder.as_ref().map(ToString::to_string);
                Outside { kind, id: one.id.to_string(), folder, allowed: one.allowed, message }
            })
            .collect(),
        notes: verification
            .notes
            .iter()
            .map(|one| {
                let (code, message) = note(one, report);
                Coded { code, message }
            })
            .collect(),
        limits: LIMITS.iter().map(|(code, message)| Coded { code, message: (*message).to_owned() }).collect(),
    }
}

fn package(id: &PackageId, from: &model::TakenFrom) -> Package {
    let place = match from {
        model::TakenFrom::Elsewhere(Destination::Folder(place)) => Some(place.path.to_string()),
        model::TakenFrom::Elsewhere(Destination::Elsewhere(address)) => Some(address.clone()),
        model::TakenFrom::Elsewhere(Destination::Itself)
        | model::TakenFrom::Local
        | model::TakenFrom::Vendored
        | model::TakenFrom::Registry
        | model::TakenFrom::Repository
        | model::TakenFrom::Unknown => None,
    };
    Package { id: id.to_string(), taken_from: from.code(), place }
}

fn undecided(one: &Undecided, report: &VerifyReport<'_>) -> Blocker {
    let (code, message, help) = blocker(one);
    let package = match one {
        Undecided::NoArchive { id, .. } | Undecided::GitTree { id, .. } => Some(id.to_string()),
        Undecided::LockOutdated(discord) => discord.package().map(ToString::to_string),
        Undecided::WorkspaceUnread { .. }
        | Undecided::LockUnproven { .. }
        | Undecided::LockRefused { .. }
        | Undecided::Running(_)
        | Undecided::Platform(_)
        | Undecided::Config(_)
        | Undecided::BuildOutput(_)
        | Undecided::SearchEnded { .. } => None,
    };
    Blocker { code, package, message, help: completed(&help, report.situation) }
}

fn way_around<'a>(weight: Weight, one: &'a WayAround, report: &VerifyReport<'a>) -> Way<'a> {
    let (file, line, key, variable) = match &one.origin {
        Origin::File { path, line, key } => {
            (Some(shown(path, report.root).as_str()), Some(*line), Some(key.as_str()), None)
        }
        Origin::Environment(name) => (None, None, None, Some(name.as_str())),
        Origin::Default | Origin::Flag => (None, None, None, None),
    };
    let some = |text: &'a str| Some(text).filter(|text| !text.is_empty());
    Way {
        code: one.kind.as_str(),
        effect: weight.as_str(),
        scope: one.scope.as_str(),
        file,
        line,
        key: key.and_then(some),
        variable,
        value: some(&one.value),
        message: verify::way_sentence(one, report.root),
    }
}
