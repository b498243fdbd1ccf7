//! `diff --format json`: one document, by `docs/diff-v1.schema.json`.

use std::io::{self, Write};

use serde::Serialize;

use super::DiffReport;
use crate::model::finding::Finding;
use crate::model::index_line::Requirement;
use crate::model::release_diff::{Change, ContentDiff, CrateAge, DependencyDiff, FileDiff, Hunk, ReleaseDiff};
use crate::model::verdict::Verdict;
#[cfg(test)]
use crate::report::shape;
use crate::report::words::rfc3339;
use crate::report::{json, publication};

/// What a document of this form says in `schema`, and the schema's `$id`: a name, not an address.
pub(crate) const DIFF_V1: &str = "urn:cargo-sequester:diff-v1";

/// The document that `cargo sequester diff --format json` writes. Its field `schema` holds this schema's $id, which is a name and no
/// address. Texts from outside (paths, lines, evidence, names) are raw once read: escape them before showing them.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(title = "cargo sequester diff --format json, version 1", extend("$id" = DIFF_V1)))]
pub(in crate::report) struct Document<'a> {
    #[cfg_attr(test, schemars(extend("const" = DIFF_V1)))]
    schema: &'static str,
    /// The moment that was judged by.
    #[cfg_attr(test, schemars(with = "shape::Time"))]
    now: String,
    /// The crate's name.
    name: &'a str,
    old: Side<'a>,
    new: Side<'a>,
    /// What became of the build script.
    #[cfg_attr(test, schemars(extend("enum" = ["added", "removed", "changed", "same"])))]
    build_script: &'static str,
    /// The findings that only the newer release has, the worst first.
    findings: Vec<Found<'a>>,
    /// How many findings of the older one the newer has not.
    findings_gone: usize,
    /// What they ask of other packages, where it differs; what only tests ask for is left out. What is new comes first.
    dependencies: Vec<Dependency<'a>>,
    features: Vec<Feature<'a>>,
    /// The files that differ. What a reviewer should look at first comes first.
    files: Vec<File<'a>>,
    /// Lines that came and went in all of them.
    lines: Counts,
}

/// One of the two releases.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Side<'a> {
    #[cfg_attr(test, schemars(with = "shape::Version"))]
    version: String,
    /// The SHA-256 of its archive.
    checksum: String,
    #[cfg_attr(test, schemars(with = "Option<shape::Time>"))]
    pubtime: Option<String>,
    /// Whether the lock file has it.
    locked: bool,
    yanked: bool,
    /// null: nothing could be judged, or the run could not decide.
    #[cfg_attr(test, schemars(extend("enum" = ["local", "approved", "quarantined", "rejected", null])))]
    verdict: Option<&'static str>,
    /// null where neither the registry nor the audit trail says.
    publication: Option<publication::Json<'a>>,
    /// The build script's path, where there is one.
    build_script: Option<&'a str>,
    /// Whether it runs inside the compiler.
    proc_macro: bool,
    links: Option<&'a str>,
    license: Option<&'a str>,
    /// The commit that `.cargo_vcs_info.json` names. Whoever packed the archive could write anything there.
    commit: Option<&'a str>,
}

/// A finding; codes are those of `inspect`.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Found<'a> {
    code: &'static str,
    #[cfg_attr(test, schemars(extend("enum" = ["high", "medium", "low", "note"])))]
    severity: &'static str,
    file: Option<&'a str>,
    #[cfg_attr(test, schemars(range(min = 1)))]
    line: Option<u32>,
    evidence: &'a str,
}

/// What the two ask of one crate.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Dependency<'a> {
    name: &'a str,
    /// The index address of its registry; null for crates.io.
    registry: Option<&'a str>,
    #[cfg_attr(test, schemars(extend("enum" = ["added", "removed", "changed"])))]
    change: &'static str,
    old: Vec<Asked<'a>>,
    new: Vec<Asked<'a>>,
    /// For one that is new: when the crate's first release was published. null: that is not known, or was not asked.
    #[cfg_attr(test, schemars(with = "Option<shape::Time>"))]
    first_published: Option<String>,
    /// For one that is new: whether its registry has no such crate.
    absent: bool,
    /// For one that is new, with `--facts`: who published its latest release.
    publisher: Option<String>,
}

/// One requirement.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Asked<'a> {
    req: String,
    #[cfg_attr(test, schemars(extend("enum" = ["normal", "build"])))]
    kind: &'static str,
    optional: bool,
    target: Option<&'a str>,
    /// The name that the manifest gives it, where that differs.
    renamed: Option<&'a str>,
}

/// A feature that differs.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Feature<'a> {
    name: &'a str,
    /// What it turns on; null where the release does not have it.
    old: Option<&'a [String]>,
    new: Option<&'a [String]>,
}

/// A file that differs.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct File<'a> {
    path: &'a str,
    #[cfg_attr(test, schemars(extend("enum" = [
        "build-script", "manifest", "source", "native-source", "script", "binary", "test", "packing", "documentation", "other",
    ])))]
    kind: &'static str,
    #[cfg_attr(test, schemars(extend("enum" = ["added", "removed", "changed", "moved"])))]
    change: &'static str,
    /// For one that only moved: where it lay.
    from: Option<&'a str>,
    /// Its SHA-256 in the older release; null where that does not have it.
    old: Option<String>,
    new: Option<String>,
    /// text: compared line by line. binary, too-large: told by size and digest alone.
    #[cfg_attr(test, schemars(extend("enum" = ["moved", "text", "binary", "too-large"])))]
    content: &'static str,
    /// For a text.
    lines: Option<Counts>,
    /// For one that is not compared: its size in bytes in the older release.
    old_bytes: Option<u64>,
    new_bytes: Option<u64>,
    /// Changed lines with those around them; empty with `--stat`.
    hunks: Vec<Lines>,
}

/// Numbers of lines.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Counts {
    added: usize,
    removed: usize,
}

/// A hunk of a unified diff.
#[expect(clippy::struct_field_names, reason = "git's own words")]
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Lines {
    /// The first line in the older file, counted from 1; 0 where the hunk has none of it.
    old_start: usize,
    old_lines: usize,
    new_start: usize,
    new_lines: usize,
    /// Each begins with `+`, `-` or a space.
    lines: Vec<String>,
}

/// Writes the document. With `stat` alone the lines are left out.
///
/// # Errors
/// The writer's.
pub(crate) fn write(report: &DiffReport<'_>, stat: bool, out: &mut impl Write) -> io::Result<()> {
    let difference: &ReleaseDiff = report.difference;
    let (added, removed) = difference.lines();
    let document = Document {
        schema: DIFF_V1,
        now: rfc3339(report.context.now),
        name: &difference.new.id.name,
        old: side(&report.old, &difference.old),
        new: side(&report.new, &difference.new),
        build_script: difference.build_script().as_str(),
        findings: difference.findings.iter().map(found).collect(),
        findings_gone: difference.findings_gone,
        dependencies: difference.dependencies.iter().map(dependency).collect(),
        features: difference
            .features
            .iter()
            .map(|one| Feature { name: &one.name, old: one.old.as_deref(), new: one.new.as_deref() })
            .collect(),
        files: difference.files.iter().map(|one| file(one, stat)).collect(),
        lines: Counts { added, removed },
    };
    json::write(&document, out)
}

fn side<'a>(side: &'a super::Side, inspection: &'a crate::model::finding::Inspection) -> Side<'a> {
    Side {
        version: side.version.to_string(),
        checksum: inspection.checksum.to_string(),
        pubtime: side.pubtime.map(rfc3339),
        locked: side.locked,
        yanked: side.yanked,
        verdict: side.verdict.as_ref().filter(|_| side.decided).map(Verdict::code),
        publication: side.published.as_ref().map(publication::json),
        build_script: inspection.build_script.as_deref(),
        proc_macro: inspection.proc_macro,
        links: inspection.links.as_deref(),
        license: inspection.license.as_deref(),
        commit: inspection.vcs.as_ref().and_then(|vcs| vcs.commit.as_deref()),
    }
}

fn found(finding: &Finding) -> Found<'_> {
    Found {
        code: finding.code.as_str(),
        severity: finding.severity.as_str(),
        file: finding.file.as_deref(),
        line: finding.line,
        evidence: &finding.evidence,
    }
}

fn dependency(one: &DependencyDiff) -> Dependency<'_> {
    Dependency {
        name: &one.name,
        registry: one.registry.as_deref(),
        change: one.change().as_str(),
        old: one.old.iter().map(asked).collect(),
        new: one.new.iter().map(asked).collect(),
        first_published: match one.age {
            CrateAge::Since(at) => Some(rfc3339(at)),
            CrateAge::NotAsked | CrateAge::Unknown | CrateAge::NoSuchCrate => None,
        },
        absent: one.age == CrateAge::NoSuchCrate,
        publisher: one.publisher.as_ref().map(publication::publisher),
    }
}

fn asked(one: &Requirement) -> Asked<'_> {
    Asked {
        req: one.req.to_string(),
        kind: one.kind.as_str(),
        optional: one.optional,
        target: one.target.as_deref(),
        renamed: one.renamed.as_deref(),
    }
}

fn file(one: &FileDiff, stat: bool) -> File<'_> {
    let (old_bytes, new_bytes, hunks) = match &one.content {
        ContentDiff::Binary { old, new } | ContentDiff::TooLarge { old, new } => (*old, *new, Vec::new()),
        ContentDiff::Text { hunks, .. } if !stat => (None, None, hunks.iter().map(lines).collect()),
        ContentDiff::Moved | ContentDiff::Text { .. } => (None, None, Vec::new()),
    };
    File {
        path: &one.path,
        kind: one.kind.as_str(),
        change: super::became(one),
        from: one.from.as_deref(),
        old: one.old.map(|digest| digest.to_string()),
        new: one.new.map(|digest| digest.to_string()),
        content: one.content.code(),
        lines: one.content.counts().map(|(added, removed)| Counts { added, removed }),
        old_bytes,
        new_bytes,
        hunks,
    }
}

fn lines(hunk: &Hunk) -> Lines {
    let mark = |change| match change {
        Change::Added => '+',
        Change::Removed => '-',
        Change::Same | Change::Changed => ' ',
    };
    Lines {
        old_start: hunk.old.0,
        old_lines: hunk.old.1,
        new_start: hunk.new.0,
        new_lines: hunk.new.1,
        lines: hunk.lines.iter().map(|line| format!("{}{}", mark(line.change), line.text)).collect(),
    }
}
