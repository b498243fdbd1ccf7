//! What stands out inside an archive: opened and checked by `archive`, read here, never built or run.
//!
//! Everything here is a function of bytes. Source is looked at twice: by words, which no text can stop, and by its structure, for which it is
//! parsed in a process of its own.

#![expect(clippy::case_sensitive_file_extension_comparisons, reason = "these names are written in one way")]

mod binary;
mod chain;
mod constant;
pub(crate) mod difference;
mod imports;
mod known;
mod leads;
mod lexer;
mod lists;
mod manifest;
mod meanings;
mod outline;
mod package;
mod parser;
mod pieces;
mod reach;
mod scan;
mod started;
mod syntax;
mod text;
mod words;

use std::collections::BTreeMap;
use std::io::{self, Read as _};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::archive::{OpenedCrate, Part};
use crate::model::finding::{Finding, FindingCode, Inspection, Looked, Severity, in_order};
use crate::model::index_line::Release;
use chain::Outlined;
use known::NETWORK_CRATES;
use manifest::Manifest;
use outline::Outline;
use package::{MOST_STATEMENT, Statements};
pub use parser::Parser;
pub(crate) use parser::serve_if_asked;
use parser::{Parsed, Patience};
use reach::Place;

/// The most bytes of a file whose structure is looked at.
const MOST_PARSED: usize = 1 << 20;
/// The most bytes of one source file whose words are looked at.
const MOST_SOURCE: u64 = 32 << 20;
/// The most bytes of source that are held at once.
const MOST_HELD: u64 = 96 << 20;

/// Whether a text is Rust that the parser reads, here and now: nothing bounds what this takes.
#[must_use]
pub fn parses(text: &str) -> bool {
    syntax::outline(text, &[]).is_ok()
}

/// Looks inside an archive. `line` is the release's line in the index, where it is known; source is parsed by `parser`.
///
/// # Errors
/// The archive cannot be read a second time.
pub fn inspect(opened: &OpenedCrate<'_>, line: Option<&Release>, parser: &Parser) -> io::Result<Inspection> {
    let manifest = Manifest::read(opened.manifest_text());
    let mut taken = Taken::default();
    opened.contents(|path, part| taken.file(path, part))?;
    let Taken { texts, statements, mut findings, mut looked, .. } = taken;
    findings.extend(package::findings(opened, &manifest, &statements, line));
    let network = network(&manifest);
    let reached = reach::reached(&manifest, &texts);
    findings.extend(reached.findings);
    // What is not looked at whole and runs at build time could do anything.
    for finding in findings.iter_mut().filter(|finding| finding.code == FindingCode::NotLookedAt) {
        let place = finding.file.as_deref().and_then(|file| reached.files.get(file));
        if place.is_some_and(|place| place.at_build()) || finding.file.as_deref() == manifest.build_path() {
            finding.severity = Severity::High;
        }
    }
    let sources: Vec<Source<'_>> = reached
        .files
        .iter()
        .filter_map(|(path, place)| Some(Source { path, place: *place, text: texts.get(*path)? }))
        .collect();
    let mut files = Vec::with_capacity(sources.len());
    for (source, read) in sources.iter().zip(outlines(&sources, &network, parser)) {
        looked.sources += 1;
        findings.extend(text::findings(source.path, source.text, source.place));
        let outline = match read {
            Ok(outline) => {
                looked.parsed += 1;
                outline
            }
            Err(finding) => {
                looked.scanned += 1;
                findings.extend(finding);
                scan::outline(source.text, &network)
            }
        };
        files.push(Outlined { path: source.path, place: source.place, outline });
    }
    files.extend(started::started(&files, manifest.description.as_deref(), &texts));
    findings.extend(chain::findings(&files, &manifest.hosts));
    let build_script = build_script(&manifest, &texts);
    findings.extend(runs(&manifest, build_script.as_deref(), opened));
    Ok(Inspection {
        id: opened.id().clone(),
        checksum: opened.checksum(),
        findings: in_order(few_of_each(in_order(findings))),
        build_script,
        proc_macro: manifest.proc_macro,
        links: opened.manifest().links().map(Into::into),
        license: manifest.license.as_deref().map(Into::into),
        vcs: package::vcs_info(&statements),
        looked,
    })
}

/// The most files of one kind that are named one by one.
const MOST_NAMED: usize = 50;

/// The first of each kind, and one that says how many more there are: import libraries come in thousands.
fn few_of_each(findings: Vec<Finding>) -> Vec<Finding> {
    let mut counts: BTreeMap<(Severity, FindingCode), usize> = BTreeMap::new();
    let mut few = Vec::new();
    for finding in findings {
        let count = counts.entry((finding.severity, finding.code)).or_default();
        *count += 1;
        if *count <= MOST_NAMED {
            few.push(finding);
        }
    }
    let more = counts.into_iter().filter(|(_, count)| *count > MOST_NAMED);
    few.extend(
        more.map(|((severity, code), count)| {
            Finding::new(code, severity, format!("{} more files", count - MOST_NAMED))
        }),
    );
    few
}

/// The names by which this package's source reaches the network through other crates.
fn network(manifest: &Manifest) -> Vec<String> {
    let is_network = |name: &str| NETWORK_CRATES.contains(&name);
    let own = NETWORK_CRATES.iter().map(|name| (*name).to_owned());
    let renamed = manifest.renamed.iter().filter(|(_, package)| is_network(package)).map(|(name, _)| name.clone());
    own.chain(renamed).collect()
}

/// A file that a build compiles or runs.
struct Source<'t> {
    path: &'t str,
    place: Place,
    text: &'t str,
}

/// So many files are worth a thread of their own.
const FILES_A_THREAD: usize = 64;
/// The most threads for one archive; whoever looks into several has as many for each.
const MOST_THREADS: usize = 4;

type Read = Result<Outline, Option<Finding>>;

/// The outlines of these files, in their order. Threads of the pool that everything else shares would wait for each other here: an archive that
/// is held in memory by one may be waited for by another.
fn outlines(sources: &[Source<'_>], network: &[String], parser: &Parser) -> Vec<Read> {
    let (patience, next) = (Patience::default(), AtomicUsize::new(0));
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let threads = (sources.len() / FILES_A_THREAD).clamp(1, cores.min(MOST_THREADS));
    let slots: Vec<OnceLock<Read>> = sources.iter().map(|_| OnceLock::new()).collect();
    let work = || {
        while let Some((source, slot)) = {
            let at = next.fetch_add(1, Ordering::Relaxed);
            sources.get(at).zip(slots.get(at))
        } {
            let _ = slot.set(parsed(source, network, parser, &patience));
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(work);
        }
        work();
    });
    // None is left out: a thread that failed took the whole run with it.
    slots.into_iter().map(|slot| slot.into_inner().unwrap_or(Err(None))).collect()
}

/// A file's outline by its structure; or why there is none, where that is to be told.
fn parsed(source: &Source<'_>, network: &[String], parser: &Parser, patience: &Patience) -> Read {
    let Source { path, place, text } = *source;
    if text.len() > MOST_PARSED {
        let evidence = format!("{} bytes", text.len());
        let severity = if place.at_build() { Severity::High } else { Severity::Note };
        return Err(Some(Finding::new(FindingCode::OnlyScanned, severity, evidence).of_file(path)));
    }
    match parser.outline(text, network, patience) {
        Parsed::Outline(outline) => Ok(outline),
        Parsed::NoRust { line, cause } => {
            let severity = if place.at_build() { Severity::Medium } else { Severity::Note };
            Err(Some(Finding::new(FindingCode::NotParsed, severity, cause).at(path, line)))
        }
        // No honest source does that, wherever it stands: what cannot be looked at counts as what is found.
        Parsed::Ended { cause } => Err(Some(Finding::new(FindingCode::NotParsed, Severity::High, cause).of_file(path))),
        Parsed::Unavailable => {
            let evidence = "no process could be started to parse it";
            Err(Some(Finding::new(FindingCode::NotParsed, Severity::Low, evidence).of_file(path)))
        }
    }
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
