//! What the package says of itself, held against what it is: manifest and index, manifest and its author's own, lists, licence, commit.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::lists::Patterns;
use super::manifest::Manifest;
use crate::archive::{OpenedCrate, manifest_agrees};
use crate::model::finding::{Finding, FindingCode, Severity, VcsInfo};
use crate::model::index_line::Release;

/// The few files of an archive that speak of the package.
#[derive(Default)]
pub(super) struct Statements {
    /// `Cargo.toml.orig`.
    pub(super) original: Option<Vec<u8>>,
    /// `.cargo_vcs_info.json`.
    pub(super) vcs: Option<Vec<u8>>,
}

/// The most bytes of a statement that are read.
pub(super) const MOST_STATEMENT: u64 = 4 << 20;

/// Everything but the source.
pub(super) fn findings(
    opened: &OpenedCrate<'_>,
    manifest: &Manifest,
    statements: &Statements,
    line: Option<&Release>,
) -> Vec<Finding> {
    let paths: BTreeSet<&str> = opened.files().map(|(path, _)| path).collect();
    let mut found = Vec::new();
    if let Some(Err(divergence)) = line.map(|line| manifest_agrees(opened.manifest(), line)) {
        let finding = Finding::new(FindingCode::ManifestDiffers, Severity::High, divergence.to_string());
        found.push(finding.of_file("Cargo.toml"));
    }
    if let Some(original) = &statements.original {
        found.extend(unlike_original(manifest, &Manifest::read(original)));
    }
    found.extend(licence(manifest, &paths));
    found.extend(vcs(statements));
    found.extend(missing(manifest, &paths));
    found.extend(unlisted(manifest, &paths));
    found
}

/// Cargo writes the manifest anew when it packs; what it could not have had from the author's is another's.
fn unlike_original(manifest: &Manifest, original: &Manifest) -> Vec<Finding> {
    let told = |text: String| Finding::new(FindingCode::OriginalDiffers, Severity::Medium, text).of_file("Cargo.toml");
    let mut found = Vec::new();
    // An original that is none has nothing to compare with.
    if original.dependencies.is_empty()
        && original.build.is_none()
        && original.license.is_none()
        && original.lib.is_none()
    {
        return found;
    }
    let added = manifest.dependencies.difference(&original.dependencies);
    found.extend(added.take(MOST_NAMED).map(|name| told(format!("dependency `{name}`"))));
    if let (Some(Some(build)), Some(named)) = (&manifest.build, &original.build)
        && named.as_ref() != Some(build)
    {
        found.push(told(format!("build = {build:?}")));
    }
    if manifest.proc_macro && !original.proc_macro {
        found.push(told("proc-macro = true".to_owned()));
    }
    found
}

/// What may hold the text of a licence.
const LICENSE_NAMES: [&str; 6] = ["license", "licence", "copying", "unlicense", "notice", "copyright"];

fn licence(manifest: &Manifest, paths: &BTreeSet<&str>) -> Option<Finding> {
    let told = |text: String| Finding::new(FindingCode::License, Severity::Note, text);
    match (&manifest.license, &manifest.license_file) {
        (None, None) => return Some(told("no licence".to_owned())),
        (_, Some(file)) if !paths.contains(&**file) && !file.starts_with("../") => {
            return Some(told(format!("license-file = {file:?}, which the archive does not have")));
        }
        (Some(expression), _)
            if expression.len() > 1000 || spdx::Expression::parse_mode(expression, spdx::ParseMode::LAX).is_err() =>
        {
            return Some(told(format!("license = {expression:?}, which is no SPDX expression")));
        }
        (_, Some(_)) => return None,
        (Some(_), None) => {}
    }
    let is_licence = |path: &&str| {
        let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
        LICENSE_NAMES.iter().any(|word| name.contains(word)) || path.starts_with("LICENSES/")
    };
    (!paths.iter().any(is_licence)).then(|| told("the archive has no text of its licence".to_owned()))
}

/// What the archive says of the commit that it was packed from.
pub(super) fn vcs_info(statements: &Statements) -> Option<VcsInfo> {
    #[derive(Deserialize)]
    struct Document {
        git: Option<Git>,
        path_in_vcs: Option<String>,
    }
    #[derive(Deserialize)]
    struct Git {
        sha1: Option<String>,
        #[serde(default)]
        dirty: bool,
    }
    let document: Document = serde_json::from_slice(statements.vcs.as_deref()?).ok()?;
    let git = document.git?;
    let commit = git.sha1.filter(|commit| commit.len() <= 64 && commit.bytes().all(|byte| byte.is_ascii_hexdigit()));
    Some(VcsInfo { commit: commit.map(Into::into), dirty: git.dirty, path: document.path_in_vcs.map(Into::into) })
}

fn vcs(statements: &Statements) -> Option<Finding> {
    let file = ".cargo_vcs_info.json";
    match vcs_info(statements) {
        Some(VcsInfo { dirty: true, commit, .. }) => {
            let commit = commit.map_or_else(|| "no commit".to_owned(), |commit| format!("commit {commit}"));
            Some(Finding::new(FindingCode::VcsDirty, Severity::Low, format!("dirty, on {commit}")).of_file(file))
        }
        Some(VcsInfo { commit: Some(_), .. }) => None,
        Some(VcsInfo { commit: None, .. }) => {
            Some(Finding::new(FindingCode::VcsUnknown, Severity::Note, "it names no commit").of_file(file))
        }
        None if statements.vcs.is_some() => {
            Some(Finding::new(FindingCode::VcsUnknown, Severity::Note, "it cannot be read").of_file(file))
        }
        None => {
            Some(Finding::new(FindingCode::VcsUnknown, Severity::Note, "the archive has no `.cargo_vcs_info.json`"))
        }
    }
}

fn missing(manifest: &Manifest, paths: &BTreeSet<&str>) -> Vec<Finding> {
    let build = manifest.build.iter().flatten();
    let named = build.chain(&manifest.lib).chain(&manifest.others);
    let gone = named.filter(|path| !paths.contains(&***path));
    gone.take(MOST_NAMED)
        .map(|path| Finding::new(FindingCode::MissingTarget, Severity::Note, path).of_file("Cargo.toml"))
        .collect()
}

/// What cargo packs whatever the lists say.
const ALWAYS: [&str; 5] = ["Cargo.toml", "Cargo.toml.orig", "Cargo.lock", ".cargo_vcs_info.json", ".cargo-ok"];
/// The most of one kind that are named.
const MOST_NAMED: usize = 20;
/// The most patterns that are tried, and files that they are tried on.
const MOST_PATTERNS: usize = 200;
const MOST_FILES: usize = 5_000;

fn unlisted(manifest: &Manifest, paths: &BTreeSet<&str>) -> Vec<Finding> {
    let targets = manifest.build.iter().flatten().chain(&manifest.lib).chain(&manifest.others);
    let always: BTreeSet<&str> =
        targets.chain(&manifest.license_file).chain(&manifest.readme).map(String::as_str).chain(ALWAYS).collect();
    let list = manifest.include.as_deref().unwrap_or(&manifest.exclude);
    let (patterns, wanted) = (Patterns::of(list), manifest.include.is_some());
    if list.is_empty() || list.len() > MOST_PATTERNS {
        return Vec::new();
    }
    let unlike =
        paths.iter().take(MOST_FILES).filter(|path| !always.contains(**path) && patterns.take(path) == Some(!wanted));
    let key = if wanted { "not in `include`" } else { "in `exclude`" };
    let told = |path: &&str| {
        let is_code = path.rsplit_once('.').is_some_and(|(_, extension)| extension.eq_ignore_ascii_case("rs"));
        let severity = if is_code { Severity::Low } else { Severity::Note };
        Finding::new(FindingCode::UnlistedFile, severity, key).of_file(path)
    };
    unlike.take(MOST_NAMED).map(told).collect()
}
