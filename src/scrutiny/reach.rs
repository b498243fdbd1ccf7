//! Which Rust files a dependent's build compiles or runs, and when: from the targets along `mod`, `#[path]` and `include!`, by words alone,
//! so that a file that no parser takes still leads on. In doubt a file is reached.

use std::collections::{BTreeMap, BTreeSet};

use super::leads::{Lead, Written, leads};
use super::lexer::{Lexer, Token};
use super::manifest::Manifest;
use crate::model::finding::{Finding, FindingCode, Severity};

/// When code runs. Ordered: what is earlier in a build counts for a file that several reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// Before the package is compiled.
    BuildScript,
    /// Inside the compiler.
    ProcMacro,
    /// In whatever is built with it.
    Library,
}

impl Place {
    /// Whether it runs on the machine that builds.
    pub(super) const fn at_build(self) -> bool {
        matches!(self, Self::BuildScript | Self::ProcMacro)
    }
}

/// What is reached, and what stood out on the way.
pub(super) struct Reached<'t> {
    pub(super) files: BTreeMap<&'t str, Place>,
    pub(super) findings: Vec<Finding>,
}

/// The most files that one archive may lead to.
const MOST_FILES: usize = 50_000;
/// The most findings of one archive here.
const MOST_FINDINGS: usize = 20;
/// The most pieces of one text that may each be a path.
const MOST_PIECES: usize = 200;

/// The texts that are reached. `texts` are the archive's Rust files, and others that source may include.
pub(super) fn reached<'t>(manifest: &Manifest, texts: &'t BTreeMap<Box<str>, String>) -> Reached<'t> {
    let mut walk = Walk { texts, files: BTreeMap::new(), ahead: Vec::new(), findings: Vec::new() };
    let of_library = if manifest.proc_macro { Place::ProcMacro } else { Place::Library };
    let build = match &manifest.build {
        Some(Some(path)) => Some(path.as_str()),
        Some(None) => None,
        None => Some("build.rs"),
    };
    for (path, place) in build
        .map(|path| (path, Place::BuildScript))
        .into_iter()
        .chain([(manifest.lib.as_deref().unwrap_or("src/lib.rs"), of_library)])
    {
        match resolved(path).filter(|_| !is_absolute(path)) {
            Some(inside) => walk.begin(&inside, place, true),
            None => walk.leaves("Cargo.toml", None, path, Place::BuildScript),
        }
    }
    let mut unknown: BTreeSet<bool> = BTreeSet::new();
    let mut widened: BTreeSet<&'t str> = BTreeSet::new();
    loop {
        while let Some((path, place, is_root)) = walk.ahead.pop() {
            if walk.files.len() > MOST_FILES || walk.files.get(path).is_some_and(|known| *known <= place) {
                continue;
            }
            walk.files.insert(path, place);
            let Some(text) = texts.get(path) else { continue };
            for lead in leads(text) {
                if lead == Lead::Unknown || matches!(lead, Lead::Computed { .. }) {
                    unknown.insert(place.at_build());
                }
                walk.follow(path, place, is_root, &lead);
            }
        }
        // Where a macro makes names up, whatever is named in the same code may be what it takes in.
        let wide: Vec<(&'t str, Place)> = walk.files.iter().map(|(path, place)| (*path, *place)).collect();
        for (path, place) in wide {
            if !unknown.is_empty() && widened.len() < MOST_WIDENED && widened.insert(path) {
                walk.widen(path, place);
            }
        }
        if walk.ahead.is_empty() {
            break;
        }
    }
    let Walk { mut files, findings, .. } = walk;
    if unknown.contains(&of_library.at_build()) {
        let inside = texts.keys().filter(|path| {
            path.starts_with("src/")
                && !path.starts_with("src/bin/")
                && &***path != "src/main.rs"
                && path.ends_with(".rs")
        });
        for path in inside {
            files.entry(path).or_insert(of_library);
        }
    }
    Reached { files, findings }
}

/// The most files whose every name is followed.
const MOST_WIDENED: usize = 2_000;

struct Walk<'t> {
    texts: &'t BTreeMap<Box<str>, String>,
    files: BTreeMap<&'t str, Place>,
    /// The files that are still to be read, and whether each is the root of a target.
    ahead: Vec<(&'t str, Place, bool)>,
    findings: Vec<Finding>,
}

impl Walk<'_> {
    fn begin(&mut self, path: &str, place: Place, is_root: bool) {
        self.ahead.extend(self.texts.get_key_value(path).map(|(path, _)| (&**path, place, is_root)));
    }

    fn follow(&mut self, file: &str, place: Place, is_root: bool, lead: &Lead) {
        let found = candidates(file, is_root, lead);
        let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
        let written = match lead {
            Lead::Module { inside, path: Some(path), line, .. } => {
                // Within an inline module it lies in that one's folder.
                let below = if inside.is_empty() { folder.to_owned() } else { below(file, is_root, inside) };
                Some((path, *line, resolved(&joined(&below, path)).filter(|_| !is_absolute(path))))
            }
            Lead::Include(Written { path, from_variable: true, line })
            | Lead::Embed(Written { path, from_variable: true, line }) => {
                Some((path, *line, resolved(path.trim_start_matches(['/', '\\']))))
            }
            Lead::Include(Written { path, line, .. }) | Lead::Embed(Written { path, line, .. }) => {
                Some((path, *line, resolved(&joined(folder, path)).filter(|_| !is_absolute(path))))
            }
            Lead::Computed { line } => {
                let severity = if place.at_build() { Severity::High } else { Severity::Low };
                self.tell(Finding::new(FindingCode::CodeNotFound, severity, "include!").at(file, *line));
                None
            }
            Lead::Module { .. } | Lead::Unknown => None,
        };
        if let Some((path, line, None)) = written {
            let is_code = !matches!(lead, Lead::Embed(_));
            self.leaves(file, Some(line), path, if is_code { Place::BuildScript } else { place });
        }
        if !matches!(lead, Lead::Embed(_)) {
            for path in found {
                self.begin(&path, place, false);
            }
        }
    }

    /// Tells of a path that leads out of the package.
    fn leaves(&mut self, file: &str, line: Option<u32>, path: &str, place: Place) {
        let severity = if place.at_build() { Severity::High } else { Severity::Medium };
        let finding = Finding::new(FindingCode::LeavesPackage, severity, path);
        self.tell(match line {
            Some(line) => finding.at(file, line),
            None => finding.of_file(file),
        });
    }

    fn tell(&mut self, finding: Finding) {
        if self.findings.len() < MOST_FINDINGS {
            self.findings.push(finding);
        }
    }

    /// Takes every name and text of a file for what a macro may take in.
    fn widen(&mut self, file: &str, place: Place) {
        let Some(text) = self.texts.get(file) else { return };
        let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
        let own = joined(folder, file.rsplit('/').next().unwrap_or_default().trim_end_matches(".rs"));
        let mut paths = BTreeSet::new();
        for word in Lexer::new(text) {
            match &word.token {
                Token::Name(name) => {
                    for folder in [folder, &own] {
                        paths.insert(joined(folder, &format!("{name}.rs")));
                        paths.insert(joined(&joined(folder, name), "mod.rs"));
                    }
                }
                Token::Text { .. } => {
                    let text = word.token.text().unwrap_or_default();
                    let pieces = text.split(['=', ' ', ',', ';']).filter(|piece| !piece.is_empty());
                    for piece in pieces.take(MOST_PIECES) {
                        for folder in [folder, &own, "src", ""] {
                            paths.extend(resolved(&joined(folder, piece)));
                        }
                    }
                }
                Token::Character(_) | Token::Number(_) | Token::Lifetime(_) | Token::Mark(_) => {}
            }
        }
        let is_code = |path: &str| path.ends_with(".rs") || !is_document(path);
        for path in paths.into_iter().filter(|path| is_code(path)) {
            if !self.files.contains_key(path.as_str()) {
                self.begin(&path, place, false);
            }
        }
    }
}

/// What is named in source for other ends than to be compiled.
fn is_document(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    matches!(
        name,
        "Cargo.toml" | "Cargo.lock" | "Cargo.toml.orig" | "README.md" | "LICENSE" | "LICENSE-MIT" | "LICENSE-APACHE"
    ) || [
        ".toml", ".json", ".md", ".html", ".css", ".js", ".c", ".h", ".cc", ".cpp", ".hpp", ".S", ".s", ".asm", ".pl",
        ".py", ".sh", ".yml",
    ]
    .iter()
    .any(|end| name.ends_with(end))
}

fn is_absolute(path: &str) -> bool {
    path.starts_with(['/', '\\']) || path.get(1..3).is_some_and(|rest| rest == ":\\" || rest == ":/")
}

/// Where the file of a lead may lie. Where several may, all are taken; none where it is outside of the package.
fn candidates(file: &str, is_root: bool, lead: &Lead) -> BTreeSet<String> {
    let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut found = BTreeSet::new();
    match lead {
        Lead::Module { inside, name, path, .. } => {
            let below = below(file, is_root, inside);
            if let Some(path) = path {
                found.extend(resolved(&joined(folder, path)));
                found.extend(resolved(&joined(&below, path)));
            } else {
                found.insert(joined(&below, &format!("{name}.rs")));
                found.insert(joined(&joined(&below, name), "mod.rs"));
                // Whoever includes a file gives it his own folder.
                found.insert(joined(folder, &format!("{name}.rs")));
            }
        }
        Lead::Include(Written { path, .. }) | Lead::Embed(Written { path, .. }) => {
            found.extend(resolved(&joined(folder, path)));
            // From the package's folder on, where that is what stands before it.
            found.extend(resolved(path.trim_start_matches('/')));
        }
        Lead::Computed { .. } | Lead::Unknown => {}
    }
    found
}

/// The folder of what lies within inline modules of a file.
fn below(file: &str, is_root: bool, inside: &[String]) -> String {
    let (folder, name) = file.rsplit_once('/').unwrap_or(("", file));
    let stem = name.strip_suffix(".rs").unwrap_or(name);
    let own = if is_root || stem == "mod" { folder.to_owned() } else { joined(folder, stem) };
    inside.iter().fold(own, |folder, name| joined(&folder, name))
}

fn joined(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

/// Without `.` and `..`; `None` for what leads out of the package.
fn resolved(path: &str) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split(['/', '\\']) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(manifest: &Manifest, texts: &[(&str, &str)]) -> Vec<(String, Place)> {
        let texts: BTreeMap<Box<str>, String> =
            texts.iter().map(|(path, text)| ((*path).into(), (*text).to_owned())).collect();
        reached(manifest, &texts).files.into_iter().map(|(path, place)| (path.to_owned(), place)).collect()
    }

    fn paths(manifest: &Manifest, texts: &[(&str, &str)]) -> Vec<String> {
        found(manifest, texts).into_iter().map(|(path, _)| path).collect()
    }

    #[test]
    fn modules_lead_to_files() {
        let texts = [
            (
                "src/lib.rs",
                "mod a; pub(crate) mod b { mod c; } #[cfg(test)] mod tests; #[path = \"../odd.txt\"] mod d; cfg_if! { if #[cfg(x)] { mod e; } }",
            ),
            ("src/a.rs", "mod inner;"),
            ("src/a/inner.rs", ""),
            ("src/b/c/mod.rs", "include!(\"more.in\");"),
            ("src/b/c/more.in", ""),
            ("src/tests.rs", ""),
            ("src/e.rs", ""),
            ("odd.txt", ""),
            ("src/main.rs", "mod only_here;"),
            ("src/only_here.rs", ""),
            ("tests/t.rs", ""),
        ];
        let expected =
            ["odd.txt", "src/a.rs", "src/a/inner.rs", "src/b/c/mod.rs", "src/b/c/more.in", "src/e.rs", "src/lib.rs"];
        assert_eq!(paths(&Manifest::default(), &texts), expected);
    }

    #[test]
    fn the_build_script_is_reached_under_any_name() {
        let texts = [
            ("build.rs", ""),
            (
                "x/setup.rs",
                "#[cfg_attr(all(), path = \"y.rs\")] mod z; include!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/w.rs\"));",
            ),
            ("x/y.rs", ""),
            ("w.rs", ""),
            ("src/lib.rs", "#[path = \"../x/y.rs\"] mod y;"),
        ];
        let named = Manifest { build: Some(Some("x/setup.rs".to_owned())), ..Manifest::default() };
        let places = found(&named, &texts);
        let build = Place::BuildScript;
        let expected = [("src/lib.rs", Place::Library), ("w.rs", build), ("x/setup.rs", build), ("x/y.rs", build)];
        assert_eq!(places, expected.map(|(path, place)| (path.to_owned(), place)));
        assert!(paths(&Manifest::default(), &texts).contains(&"build.rs".to_owned()));
        let none = Manifest { build: Some(None), ..Manifest::default() };
        assert!(!paths(&none, &texts).contains(&"build.rs".to_owned()));
    }

    #[test]
    fn names_that_a_macro_makes_up_reach_everything() {
        let texts =
            [("src/lib.rs", "macro_rules! m { ($n:ident) => { mod $n; } }"), ("src/x.rs", ""), ("src/bin/b.rs", "")];
        assert_eq!(paths(&Manifest::default(), &texts), ["src/lib.rs", "src/x.rs"]);
    }
}
