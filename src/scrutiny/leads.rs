//! Where a Rust file leads: `mod`, `#[path]` and `include!`, found by words alone, so that a file that no parser takes still says so.

#![expect(clippy::match_like_matches_macro, reason = "each arm says why")]
#![expect(clippy::similar_names, reason = "the names belong together")]

use super::lexer::{Lexer, Token, Word};

/// Where a file leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Lead {
    /// `mod name;`, within these inline modules.
    Module { inside: Vec<String>, name: String, path: Option<String>, line: u32 },
    /// `include!`: the path as far as it is written.
    Include(Written),
    /// `include_str!` and `include_bytes!`: what they take in is not compiled.
    Embed(Written),
    /// `include!` of a path that is computed.
    Computed { line: u32 },
    /// A module or a path that a macro makes up.
    Unknown,
}

/// A path as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) path: String,
    /// Whether it begins in the package's own folder, or in the one that its build script writes to.
    pub(super) from_variable: bool,
    pub(super) line: u32,
}

/// A pair of braces that is open: the name of the module that it is of, and whether it is only there in tests.
struct Open {
    module: Option<String>,
    test: bool,
}

/// The leads of a file, as far as a build that is no test follows them.
pub(super) fn leads(text: &str) -> Vec<Lead> {
    let mut found = Vec::new();
    let mut words = Lexer::new(text).peekable();
    let mut open: Vec<Open> = Vec::new();
    let (mut path, mut test) = (None, false);
    while let Some(word) = words.next() {
        let is_tested = |open: &[Open], test: bool| test || open.iter().any(|one| one.test);
        match word.token {
            Token::Mark('#') => {
                if words.peek().is_some_and(|next| next.token.is('!')) {
                    words.next();
                }
                if words.peek().is_some_and(|next| next.token.is('[')) {
                    let attribute = bracketed(&mut words);
                    test |= is_test(&attribute);
                    if has_computed_path(&attribute) {
                        found.push(Lead::Unknown);
                    }
                    path = path_of(&attribute).or(path);
                }
            }
            // Nobody lays modules so deep within each other; whoever does has all of his files looked at.
            Token::Name("mod") if open.len() > MOST_DEPTH => found.push(Lead::Unknown),
            Token::Name("mod") => match words.next().map(|next| next.token) {
                Some(Token::Name(name)) => {
                    let line = word.line;
                    match words.next().map(|next| next.token) {
                        Some(Token::Mark(';')) if !is_tested(&open, test) => {
                            let inside = open.iter().filter_map(|one| one.module.clone()).collect();
                            found.push(Lead::Module { inside, name: name.to_owned(), path: path.take(), line });
                        }
                        Some(Token::Mark('{')) => {
                            let module = Some(path.take().unwrap_or_else(|| name.to_owned()));
                            open.push(Open { module, test });
                        }
                        _ => {}
                    }
                    (path, test) = (None, false);
                }
                Some(Token::Mark('$')) => found.push(Lead::Unknown),
                _ => {}
            },
            Token::Name(name @ ("include" | "include_str" | "include_bytes"))
                if words.peek().is_some_and(|next| next.token.is('!')) =>
            {
                words.next();
                let inside = bracketed(&mut words);
                if !is_tested(&open, test) {
                    found.extend(included(name == "include", &inside, word.line));
                }
            }
            Token::Mark('{') => {
                open.push(Open { module: None, test });
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

/// Where an `include!` or its like leads, by what stands within its brackets: `concat!(env!("CARGO_MANIFEST_DIR"), "/src/x.rs")`.
fn included(is_code: bool, inside: &[Word<'_>], line: u32) -> Option<Lead> {
    let is_known = |text: &str| matches!(text, "CARGO_MANIFEST_DIR" | "OUT_DIR");
    let (mut path, mut from_variable, mut in_variable) = (String::new(), false, false);
    for word in inside {
        match &word.token {
            Token::Mark('$') => return is_code.then_some(Lead::Unknown),
            Token::Name("env" | "option_env") => in_variable = true,
            Token::Name("concat") | Token::Mark(_) => {}
            Token::Text { .. } => {
                let text = word.token.text().unwrap_or_default();
                if !std::mem::take(&mut in_variable) {
                    path.push_str(&text);
                } else if is_known(&text) {
                    from_variable = true;
                } else {
                    return is_code.then_some(Lead::Computed { line });
                }
            }
            Token::Name(_) | Token::Character(_) | Token::Number(_) | Token::Lifetime(_) => {
                return is_code.then_some(Lead::Computed { line });
            }
        }
    }
    let written = Written { path, from_variable, line };
    Some(if is_code { Lead::Include(written) } else { Lead::Embed(written) })
}

/// `[path = $p]`, and whatever else is no text.
fn has_computed_path(attribute: &[Word<'_>]) -> bool {
    attribute.windows(3).any(|three| match three {
        [one, equals, value] => one.token.name() == Some("path") && equals.token.is('=') && value.token.is('$'),
        _ => false,
    })
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
