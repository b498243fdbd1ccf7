//! Which Rust files a dependent's build compiles or runs, and when: from the targets along `mod`, `#[path]` and `include!`, by words alone,
//! so that a file that no parser takes still leads on. In doubt a file is reached.

#![expect(clippy::match_like_matches_macro, reason = "each arm says why")]
#![expect(clippy::needless_for_each, reason = "it reads as what it does")]
#![expect(clippy::similar_names, reason = "the names belong together")]

use std::collections::{BTreeMap, BTreeSet};

use super::lexer::{Lexer, Token, Word};
use super::manifest::Manifest;

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

/// Where a file leads.
#[derive(Debug, PartialEq, Eq)]
enum Lead {
    /// `mod name;`, within these inline modules.
    Module { inside: Vec<String>, name: String, path: Option<String> },
    /// `include!`: the path as far as it is written. What `include_str!` and `include_bytes!` take in is not compiled.
    Include(String),
    /// A module whose name a macro makes up.
    Unknown,
}

/// The most files that one archive may lead to.
const MOST_FILES: usize = 50_000;

/// The texts that are reached. `texts` are the archive's Rust files, and others that source may include.
pub(super) fn reached<'t>(manifest: &Manifest, texts: &'t BTreeMap<Box<str>, String>) -> BTreeMap<&'t str, Place> {
    let mut found: BTreeMap<&'t str, Place> = BTreeMap::new();
    let mut ahead: Vec<(&'t str, Place, bool)> = Vec::new();
    let mut begin = |path: &str, place: Place| {
        ahead.extend(texts.get_key_value(path).map(|(path, _)| (&**path, place, true)));
    };
    let build = match &manifest.build {
        Some(Some(path)) => Some(path.as_str()),
        Some(None) => None,
        None => Some("build.rs"),
    };
    build.into_iter().for_each(|path| begin(path, Place::BuildScript));
    let of_library = if manifest.proc_macro { Place::ProcMacro } else { Place::Library };
    begin(manifest.lib.as_deref().unwrap_or("src/lib.rs"), of_library);
    let mut all = false;
    while let Some((path, place, is_root)) = ahead.pop() {
        if found.len() > MOST_FILES || found.get(path).is_some_and(|known| *known <= place) {
            continue;
        }
        found.insert(path, place);
        let Some(text) = texts.get(path) else { continue };
        for lead in leads(text) {
            all |= lead == Lead::Unknown;
            let candidates = candidates(path, is_root, &lead);
            let there = candidates.iter().filter_map(|path| texts.get_key_value(path.as_str()));
            ahead.extend(there.map(|(path, _)| (&**path, place, false)));
        }
    }
    if all {
        let inside = texts.keys().filter(|path| {
            path.starts_with("src/")
                && !path.starts_with("src/bin/")
                && &***path != "src/main.rs"
                && path.ends_with(".rs")
        });
        for path in inside {
            found.entry(path).or_insert(of_library);
        }
    }
    found
}

/// Where the file of a lead may lie. Where several may, all are taken.
fn candidates(file: &str, is_root: bool, lead: &Lead) -> BTreeSet<String> {
    let (folder, name) = file.rsplit_once('/').unwrap_or(("", file));
    let stem = name.strip_suffix(".rs").unwrap_or(name);
    let own = if is_root || stem == "mod" { folder.to_owned() } else { joined(folder, stem) };
    let mut found = BTreeSet::new();
    match lead {
        Lead::Module { inside, name, path } => {
            let below = inside.iter().fold(own, |folder, name| joined(&folder, name));
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
        Lead::Include(path) => {
            found.extend(resolved(&joined(folder, path)));
            // From the package's folder on, where that is what stands before it.
            found.extend(resolved(path.trim_start_matches('/')));
        }
        Lead::Unknown => {}
    }
    found
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

fn leads(text: &str) -> Vec<Lead> {
    let mut found = Vec::new();
    let mut words = Lexer::new(text).peekable();
    // The braces that are open, and the module that each is of.
    let mut open: Vec<Option<(String, bool)>> = Vec::new();
    let (mut path, mut test) = (None, false);
    while let Some(word) = words.next() {
        match word.token {
            Token::Mark('#') => {
                if words.peek().is_some_and(|next| next.token.is('!')) {
                    words.next();
                }
                if words.peek().is_some_and(|next| next.token.is('[')) {
                    let attribute = bracketed(&mut words);
                    test |= is_test(&attribute);
                    path = path_of(&attribute).or(path);
                }
            }
            // Nobody lays modules so deep within each other; whoever does has all of his files looked at.
            Token::Name("mod") if open.len() > MOST_DEPTH => found.push(Lead::Unknown),
            Token::Name("mod") => match words.next().map(|next| next.token) {
                Some(Token::Name(name)) => {
                    let is_tested = test || open.iter().flatten().any(|(_, test)| *test);
                    match words.next().map(|next| next.token) {
                        Some(Token::Mark(';')) if !is_tested => {
                            let inside = open.iter().flatten().map(|(name, _)| name.clone()).collect();
                            found.push(Lead::Module { inside, name: name.to_owned(), path: path.take() });
                        }
                        Some(Token::Mark('{')) => {
                            open.push(Some((path.take().unwrap_or_else(|| name.to_owned()), test)));
                        }
                        _ => {}
                    }
                    (path, test) = (None, false);
                }
                Some(Token::Mark('$')) => found.push(Lead::Unknown),
                _ => {}
            },
            Token::Name("include") if words.peek().is_some_and(|next| next.token.is('!')) => {
                words.next();
                let written: Vec<_> = bracketed(&mut words).iter().filter_map(|word| word.token.text()).collect();
                // `concat!(env!("CARGO_MANIFEST_DIR"), "/src/x.rs")`
                let pieces = written.iter().filter(|text| !matches!(&***text, "CARGO_MANIFEST_DIR" | "OUT_DIR"));
                found.push(Lead::Include(pieces.map(|text| &**text).collect()));
            }
            Token::Mark('{') => {
                open.push(None);
                (path, test) = (None, false);
            }
            Token::Mark('}') => {
                open.pop();
                (path, test) = (None, false);
            }
            Token::Mark(';') => (path, test) = (None, false),
            Token::Name(_)
            | Token::Text { .. }
            | Token::Character(_)
            | Token::Number(_)
            | Token::Lifetime(_)
            | Token::Mark(_) => {}
        }
    }
    found
}

/// So deep modules and functions lie within each other.
const MOST_DEPTH: usize = 100;
/// The most words within one pair of brackets that are kept.
const MOST_WORDS: usize = 200;

/// What stands within the brackets that begin next, of whatever kind.
fn bracketed<'t>(words: &mut std::iter::Peekable<Lexer<'t>>) -> Vec<Word<'t>> {
    let (mut depth, mut inside) = (0_usize, Vec::new());
    for word in words.by_ref() {
        match word.token {
            Token::Mark('(' | '[' | '{') => depth += 1,
            Token::Mark(')' | ']' | '}') => depth = depth.saturating_sub(1),
            Token::Mark(_)
            | Token::Name(_)
            | Token::Text { .. }
            | Token::Character(_)
            | Token::Number(_)
            | Token::Lifetime(_) => {}
        }
        if inside.len() < MOST_WORDS {
            inside.push(word);
        }
        if depth == 0 {
            break;
        }
    }
    inside
}

/// `[cfg(test)]`, or `[cfg(all(test, …))]`: never set in a dependency.
fn is_test(attribute: &[Word<'_>]) -> bool {
    let names: Vec<_> = attribute.iter().take(6).map(|word| &word.token).collect();
    match names.as_slice() {
        [_, Token::Name("cfg"), _, Token::Name("test"), Token::Mark(')'), ..] => true,
        [_, Token::Name("cfg"), _, Token::Name("all"), _, Token::Name("test")] => true,
        [_, Token::Name("test"), Token::Mark(']'), ..] => true,
        _ => false,
    }
}

/// `[path = "…"]`, also behind a `cfg_attr`.
fn path_of(attribute: &[Word<'_>]) -> Option<String> {
    attribute.windows(3).find_map(|three| match three {
        [one, equals, text] if one.token.name() == Some("path") && equals.token.is('=') => {
            text.token.text().map(std::borrow::Cow::into_owned)
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(manifest: &Manifest, texts: &[(&str, &str)]) -> Vec<(String, Place)> {
        let texts: BTreeMap<Box<str>, String> =
            texts.iter().map(|(path, text)| ((*path).into(), (*text).to_owned())).collect();
        reached(manifest, &texts).into_iter().map(|(path, place)| (path.to_owned(), place)).collect()
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
