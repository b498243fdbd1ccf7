//! From words alone to what code does, for what has no structure that a parser takes: macros, files that are too large, files that are no Rust.

#![expect(clippy::similar_names, reason = "the names belong together")]

use std::collections::HashMap;

use super::lexer::{Lexer, Token};
use super::outline::{Function, MOST, Outline};
use super::words::{COMPUTED, Names, Said};

/// A word without its source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Flat {
    Name(String),
    /// What a string holds; of any other literal nothing.
    Text(String),
    Mark(char),
}

/// Notes what these words do.
pub(super) fn scan(
    words: &[(Flat, u32)],
    resolved: &dyn Fn(&[String]) -> Vec<String>,
    names: &Names<'_>,
    function: &mut Function,
) {
    let mut at = 0;
    while let Some((word, line)) = words.get(at) {
        match word {
            Flat::Text(text) => Names::text(text, *line, function),
            Flat::Mark(_) => {}
            Flat::Name(_) => {
                let is_method = at > 0 && matches!(words.get(at - 1), Some((Flat::Mark('.'), _)));
                let (path, end) = path(words, at);
                let is_called = matches!(words.get(end), Some((Flat::Mark('('), _)));
                let is_macro = matches!(words.get(end), Some((Flat::Mark('!'), _)));
                if let (true, Some(name)) = (is_method && is_called, path.first()) {
                    names.method(name, *line, function);
                } else if is_macro {
                    if let Some(name) = path.last() {
                        function.call(&format!("{name}!"));
                        if matches!(name.as_str(), "asm" | "global_asm") {
                            function.act(super::outline::Does::Assembly, *line, name);
                        }
                    }
                } else if is_called || path.len() > 1 {
                    let mut path = resolved(&path);
                    // `std::process::$a`
                    if is_computed(words, end) {
                        path.push(COMPUTED.to_owned());
                    }
                    let path: Vec<&str> = path.iter().map(String::as_str).collect();
                    let first = match (words.get(end), words.get(end + 1), words.get(end + 2)) {
                        (Some((Flat::Mark('('), _)), Some((Flat::Text(text), _)), Some((Flat::Mark(')' | ','), _))) => {
                            Said::Text(text.clone())
                        }
                        _ => Said::Unknown,
                    };
                    names.called(&path, &first, *line, function);
                }
                at = end;
                continue;
            }
        }
        at += 1;
    }
}

/// Whether a macro puts in how the path goes on that ends here.
fn is_computed(words: &[(Flat, u32)], end: usize) -> bool {
    let is = |at: usize, mark: char| matches!(words.get(at), Some((Flat::Mark(one), _)) if *one == mark);
    end >= 2 && is(end - 1, ':') && is(end - 2, ':') && is(end, '$')
}

/// The path that begins here, and where it ends.
fn path(words: &[(Flat, u32)], start: usize) -> (Vec<String>, usize) {
    let (mut path, mut at) = (Vec::new(), start);
    while let Some((Flat::Name(name), _)) = words.get(at) {
        path.push(name.clone());
        at += 1;
        match (words.get(at), words.get(at + 1)) {
            (Some((Flat::Mark(':'), _)), Some((Flat::Mark(':'), _))) => at += 2,
            _ => break,
        }
    }
    (path, at)
}

/// The outline of a text by its words, function by function as their braces say.
pub(super) fn outline(text: &str, network: &[String]) -> Outline {
    let (mut functions, mut imported) = (vec![Vec::new()], HashMap::new());
    let mut named = vec![String::new()];
    let (mut depth, mut open): (usize, Vec<(usize, usize)>) = (0, Vec::new());
    let mut ahead: Option<String> = None;
    let mut before = Flat::Mark(';');
    for word in Lexer::new(text) {
        let flat = match &word.token {
            Token::Name(name) => Flat::Name((*name).to_owned()),
            Token::Mark(mark) => Flat::Mark(*mark),
            Token::Text { .. } => Flat::Text(word.token.text().unwrap_or_default().into_owned()),
            Token::Character(_) | Token::Number(_) => Flat::Text(String::new()),
            Token::Lifetime(_) => continue,
        };
        match (&before, &flat) {
            (Flat::Name(keyword), Flat::Name(name)) if keyword == "fn" => ahead = Some(name.clone()),
            (_, Flat::Mark('{')) => {
                depth += 1;
                if let Some(name) = ahead.take()
                    && functions.len() < MOST
                {
                    open.push((depth, functions.len()));
                    functions.push(Vec::new());
                    named.push(name);
                }
            }
            (_, Flat::Mark('}')) => {
                if open.last().is_some_and(|(at, _)| *at == depth) {
                    open.pop();
                }
                depth = depth.saturating_sub(1);
            }
            (_, Flat::Mark(';')) => ahead = None,
            _ => {}
        }
        let at = open.last().map_or(0, |(_, at)| *at);
        if let Some(words) = functions.get_mut(at) {
            words.push((flat.clone(), word.line));
        }
        before = flat;
    }
    for words in &functions {
        imports(words, &mut imported);
    }
    let resolved = |path: &[String]| -> Vec<String> {
        let Some(known) = path.first().and_then(|first| imported.get(first)) else { return path.to_vec() };
        known.iter().chain(path.iter().skip(1)).cloned().collect()
    };
    let encoder = imported.values().flatten().any(|name| matches!(name.as_str(), "base64" | "hex" | "data_encoding"));
    let names = Names { network, foreign: &[], encoder };
    let mut found = Vec::new();
    for (name, words) in named.into_iter().zip(functions) {
        let mut function = Function::named(name);
        scan(&words, &resolved, &names, &mut function);
        if !function.is_empty() {
            found.push(function);
        }
    }
    Outline { functions: found }
}

/// `use a::b;`, `use a::b as c;` and `use a::{b, c as d};`, one group deep.
fn imports(words: &[(Flat, u32)], imported: &mut HashMap<String, Vec<String>>) {
    let mut at = 0;
    while let Some((word, _)) = words.get(at) {
        at += 1;
        if *word != Flat::Name("use".to_owned()) {
            continue;
        }
        let (base, end) = path(words, at);
        at = end;
        let grouped = matches!(words.get(at), Some((Flat::Mark('{'), _)));
        if !grouped {
            let renamed = alias(words, at);
            let known = renamed.or_else(|| base.last().cloned());
            imported.extend(known.map(|name| (name, base)));
            continue;
        }
        at += 1;
        while let Some((Flat::Name(_), _)) = words.get(at) {
            let (rest, end) = path(words, at);
            let renamed = alias(words, end);
            let whole: Vec<String> = base.iter().chain(&rest).cloned().collect();
            let known = renamed.clone().or_else(|| rest.last().cloned());
            imported.extend(known.map(|name| (name, whole)));
            at = if renamed.is_some() { end + 2 } else { end };
            if !matches!(words.get(at), Some((Flat::Mark(','), _))) {
                break;
            }
            at += 1;
        }
    }
}

fn alias(words: &[(Flat, u32)], at: usize) -> Option<String> {
    match (words.get(at), words.get(at + 1)) {
        (Some((Flat::Name(keyword), _)), Some((Flat::Name(name), _))) if keyword == "as" => Some(name.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_alone_tell_what_is_called() {
        let text = "use std::{env, net::TcpStream as T}; fn a() { env::vars(); ((( } fn b() { T::connect(\"1.2.3.4:5\"); helper!(x) }";
        let found = outline(text, &[]);
        let told: Vec<String> = found
            .functions
            .iter()
            .flat_map(|function| function.acts.iter().map(|act| format!("{} {:?}", function.name, act.does)))
            .collect();
        assert_eq!(told, ["a ReadsEnvironment", "b Connects"]);
        assert!(found.functions.iter().any(|function| function.calls.contains(&"helper!".to_owned())));
    }
}
