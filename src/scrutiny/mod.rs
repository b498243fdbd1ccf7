//! What stands out inside an archive: opened and checked by `archive`, read here, never built or run.
//!
//! Everything here is a function of bytes. Source is looked at twice: by words, which no text can stop, and by its structure, for which it is
//! parsed in a process of its own.

mod binary;
pub(crate) mod difference;
mod lexer;
mod lists;
mod manifest;
mod package;
mod reach;
mod text;

use std::collections::BTreeMap;
use std::io::{self, Read as _};

use crate::archive::{OpenedCrate, Part};
use crate::model::finding::{Finding, FindingCode, Inspection, Looked, Severity, in_order};
use crate::model::index_line::Release;
use manifest::Manifest;
use package::{MOST_STATEMENT, Statements};

/// The most bytes of a file whose structure is looked at.
const MOST_PARSED: usize = 1 << 20;
/// The most bytes of one source file whose words are looked at.
const MOST_SOURCE: u64 = 32 << 20;
/// The most bytes of source that are held at once.
const MOST_HELD: u64 = 96 << 20;

/// Looks inside an archive. `line` is the release's line in the index, where it is known.
///
/// # Errors
/// The archive cannot be read a second time.
pub fn inspect(opened: &OpenedCrate<'_>, line: Option<&Release>) -> io::Result<Inspection> {
    let manifest = Manifest::read(opened.manifest_text());
    let mut taken = Taken::default();
    opened.contents(|path, part| taken.file(path, part))?;
    let Taken { texts, statements, mut findings, mut looked, .. } = taken;
    findings.extend(package::findings(opened, &manifest, &statements, line));
    let reached = reach::reached(&manifest, &texts);
    for (path, place) in &reached {
        let Some(text) = texts.get(*path) else { continue };
        looked.sources += 1;
        looked.scanned += 1;
        findings.extend(text::findings(path, text, *place));
        if text.len() > MOST_PARSED {
            let evidence = format!("{} bytes", text.len());
            findings.push(Finding::new(FindingCode::OnlyScanned, Severity::Note, evidence).of_file(path));
        }
    }
    let build_script = build_script(&manifest, &texts);
    findings.extend(runs(&manifest, build_script.as_deref(), opened));
    Ok(Inspection {
        id: opened.id().clone(),
        checksum: opened.checksum(),
        findings: in_order(findings),
        build_script,
        proc_macro: manifest.proc_macro,
        links: opened.manifest().links().map(Into::into),
        license: manifest.license.as_deref().map(Into::into),
        vcs: package::vcs_info(&statements),
        looked,
    })
}

/// The build script that cargo runs, if the archive has one.
fn build_script(manifest: &Manifest, texts: &BTreeMap<Box<str>, String>) -> Option<Box<str>> {
    let named = match &manifest.build {
        Some(Some(path)) => path.as_str(),
        Some(None) => return None,
        None => "build.rs",
    };
    texts.contains_key(named).then(|| named.into())
}

/// What runs before or while the package is compiled.
fn runs(manifest: &Manifest, build_script: Option<&str>, opened: &OpenedCrate<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    if let Some(path) = build_script {
        found.push(Finding::new(FindingCode::BuildScript, Severity::Note, path).of_file(path));
        if path != "build.rs" {
            let severity = if path.ends_with(".rs") { Severity::Note } else { Severity::Medium };
            let evidence = format!("build = {path:?}");
            found.push(Finding::new(FindingCode::UnusualBuildScript, severity, evidence).of_file("Cargo.toml"));
        }
    }
    if manifest.proc_macro {
        let root = manifest.lib.as_deref().unwrap_or("src/lib.rs");
        found.push(Finding::new(FindingCode::ProcMacro, Severity::Note, "proc-macro = true").of_file(root));
    }
    if let Some(library) = opened.manifest().links() {
        let evidence = format!("links = {library:?}");
        found.push(Finding::new(FindingCode::Links, Severity::Note, evidence).of_file("Cargo.toml"));
    }
    found
}

/// What is kept of the archive's files while they pass by.
#[derive(Default)]
struct Taken {
    /// Rust files, and small ones that Rust may include.
    texts: BTreeMap<Box<str>, String>,
    statements: Statements,
    findings: Vec<Finding>,
    looked: Looked,
    held: u64,
}

/// Files that may be included as source under another name are held up to this size.
const MOST_OTHER: u64 = 256 << 10;

impl Taken {
    fn file(&mut self, path: &str, part: Part<'_>) -> io::Result<()> {
        let is_source = path.rsplit_once('.').is_some_and(|(_, extension)| extension == "rs");
        let most = match path {
            "Cargo.toml.orig" | ".cargo_vcs_info.json" => MOST_STATEMENT,
            _ if is_source => MOST_SOURCE,
            _ => MOST_OTHER,
        };
        let (mut bytes, mut size) = (Vec::new(), 0);
        match part {
            Part::Whole(whole) => {
                size = whole.len() as u64;
                let kept = usize::try_from(most.min(size)).unwrap_or_default();
                bytes.extend_from_slice(whole.get(..kept).unwrap_or_default());
            }
            Part::Stream(stream) => {
                size += stream.take(most).read_to_end(&mut bytes)? as u64;
                size += io::copy(stream, &mut io::sink())?;
            }
        }
        self.looked.files += 1;
        self.looked.bytes += size;
        self.findings.extend(binary::finding(path, bytes.get(..binary::HEAD.min(bytes.len())).unwrap_or_default()));
        match path {
            "Cargo.toml.orig" => self.statements.original = Some(bytes),
            ".cargo_vcs_info.json" => self.statements.vcs = Some(bytes),
            _ => self.keep(path, bytes, size, is_source),
        }
        Ok(())
    }

    fn keep(&mut self, path: &str, bytes: Vec<u8>, size: u64, is_source: bool) {
        let length = bytes.len() as u64;
        if !is_source && (length < size || bytes.contains(&0)) {
            return;
        }
        if length < size || self.held + length > MOST_HELD {
            let evidence = format!("{size} bytes of source");
            self.findings.push(Finding::new(FindingCode::NotLookedAt, Severity::Medium, evidence).of_file(path));
            if self.held + length > MOST_HELD {
                return;
            }
        }
        self.held += length;
        let text =
            String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
        self.texts.insert(path.into(), text);
    }
}
