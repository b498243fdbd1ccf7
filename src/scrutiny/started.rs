//! Files of the package that its build script names and that are no Rust: scripts that a shell is given, and what `make` and `cmake` read.
//! Words suffice: nobody need understand them to see that they fetch something and have it run.

use std::collections::{BTreeMap, BTreeSet};

use super::chain::Outlined;
use super::known::is_piped;
use super::lexer::{Lexer, Token};
use super::outline::{Does, Function, Outline};
use super::words::Names;

/// The most files that are looked at, and lines of each.
const MOST_FILES: usize = 100;
const MOST_LINES: usize = 20_000;

/// The files that are read by programs which build scripts start without naming them.
const READ_UNNAMED: [(&str, &[&str]); 3] = [
    ("make\"", &["Makefile", "makefile", "GNUmakefile"]),
    ("cmake", &["CMakeLists.txt"]),
    ("configure", &["configure"]),
];

/// What the named files do, each at the place of whoever names it.
pub(super) fn started<'t>(
    files: &[Outlined<'_>],
    description: Option<&str>,
    texts: &'t BTreeMap<Box<str>, String>,
) -> Vec<Outlined<'t>> {
    let mut found = Vec::new();
    for file in files.iter().filter(|file| file.place.at_build()) {
        let Some(text) = texts.get(file.path) else { continue };
        let mut named: BTreeMap<&'t str, bool> = BTreeMap::new();
        let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for word in Lexer::new(text) {
            let Token::Text { .. } = &word.token else { continue };
            let said = word.token.text().unwrap_or_default();
            for path in paths(&said, folder) {
                if let Some((path, _)) = texts.get_key_value(path.as_str()).filter(|(path, _)| !path.ends_with(".rs")) {
                    named.insert(path, true);
                }
            }
        }
        let acts: Vec<&str> =
            file.outline.functions.iter().flat_map(|function| &function.acts).map(|act| &*act.words).collect();
        for (program, read) in READ_UNNAMED {
            if acts.iter().any(|words| words.contains(program)) {
                for path in read.iter().filter_map(|path| texts.get_key_value(*path)) {
                    named.entry(path.0).or_insert(false);
                }
            }
        }
        found.extend(named.into_iter().take(MOST_FILES).filter_map(|(path, by_name)| {
            let outline = outline(path, texts.get(path)?, by_name && is_script(path, texts.get(path)?));
            Some(Outlined { path, place: file.place, outline })
        }));
        if let Some(description) = description.filter(|_| text.contains("CARGO_PKG_DESCRIPTION")) {
            let outline = outline("Cargo.toml", description, false);
            found.push(Outlined { path: "Cargo.toml", place: file.place, outline });
        }
    }
    found.retain(|one| one.outline.functions.iter().any(|function| !function.is_empty()));
    found
}

/// The files that a text may name.
fn paths(said: &str, folder: &str) -> BTreeSet<String> {
    let tidy = said.trim_start_matches("./").trim_start_matches('/').to_owned();
    let in_folder = if folder.is_empty() { tidy.clone() } else { format!("{folder}/{tidy}") };
    [tidy, in_folder].into_iter().filter(|path| !path.is_empty()).collect()
}

/// Whether a file is one that an interpreter is given.
fn is_script(path: &str, text: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let ends = [".sh", ".bash", ".py", ".pl", ".rb", ".js", ".mjs", ".ps1", ".bat", ".cmd"];
    text.starts_with("#!") || ends.iter().any(|end| name.ends_with(end))
}

fn outline(path: &str, text: &str, is_script: bool) -> Outline {
    let mut function = Function::named(path);
    for (number, line) in (1..).zip(text.lines()).take(MOST_LINES) {
        let line = line.trim();
        if line.starts_with('#') || line.starts_with("//") && !line.starts_with("#!") {
            continue;
        }
        if is_piped(&line.to_ascii_lowercase()) {
            function.act(Does::PipesToShell, number, line);
        } else if is_script {
            let mut of_line = Function::default();
            Names::text(line, number, &mut of_line);
            for act in of_line.acts.iter().filter(|act| matches!(act.does, Does::FetchingWords | Does::NamesSecretFile))
            {
                function.act(act.does, number, line);
            }
        }
    }
    Outline { functions: vec![function] }
}
