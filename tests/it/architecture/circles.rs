//! Files that import each other, directly or by way of others, read from the paths in the source text.

use std::collections::{BTreeMap, BTreeSet};

use super::File;
use super::scan::{code, paths};

/// A module by the names that lead to it from the crate's root.
type Module = Vec<String>;

/// Every circle of imports between files below `src`: the modules that all reach each other, in the order of their names.
pub(super) fn circles(files: &[File]) -> Vec<Vec<String>> {
    let modules: BTreeMap<Module, String> =
        files.iter().filter_map(|(path, text)| Some((module(path)?, own(text)))).collect();
    let imports: BTreeMap<&Module, BTreeSet<&Module>> =
        modules.iter().map(|(module, code)| (module, imported(module, code, &modules))).collect();
    let reached: BTreeMap<&Module, BTreeSet<&Module>> =
        modules.keys().map(|module| (module, reachable(module, &imports))).collect();
    let mut circles: Vec<Vec<String>> = Vec::new();
    let mut seen: BTreeSet<&Module> = BTreeSet::new();
    for (module, reaches) in &reached {
        if !reaches.contains(module) || seen.contains(module) {
            continue;
        }
        let members: Vec<&Module> = reaches.iter().copied().filter(|other| reached[other].contains(module)).collect();
        seen.extend(&members);
        circles.push(members.iter().map(|member| member.join("::")).collect());
    }
    circles
}

/// What a file is called as a module; `None` for the binary, and for what lies outside `src`.
fn module(path: &str) -> Option<Module> {
    let inner = path.strip_prefix("src/")?.strip_suffix(".rs")?;
    let inner = inner.strip_suffix("/mod").unwrap_or(inner);
    match inner {
        "main" => None,
        "lib" => Some(Vec::new()),
        _ => Some(inner.split('/').map(str::to_owned).collect()),
    }
}

/// The code of a file without its unit tests, which may look at everything.
pub(super) fn own(text: &str) -> String {
    code(before_tests(text))
}

/// What stands before a file's unit tests. Where a file only says that another one has them, what follows is its own.
pub(super) fn before_tests(text: &str) -> &str {
    let start = "#[cfg(test)]\nmod ";
    let is_line = |at: usize| text[..at].is_empty() || text[..at].ends_with('\n');
    let is_whole =
        |at: usize| text[at + start.len()..].trim_start_matches(|c: char| c != '{' && c != ';').starts_with('{');
    let mut tests = text.match_indices(start).map(|(at, _)| at);
    tests.find(|at| is_line(*at) && is_whole(*at)).map_or(text, |at| &text[..at])
}

fn imported<'m>(module: &Module, code: &str, modules: &'m BTreeMap<Module, String>) -> BTreeSet<&'m Module> {
    let targets = paths(code).into_iter().filter_map(|path| {
        let mut whole = absolute(module, &path, modules)?;
        // The longest start of a path that is a file: what follows are its items.
        while !modules.contains_key(&whole) {
            whole.pop()?;
        }
        modules.get_key_value(&whole).map(|(target, _)| target)
    });
    targets.filter(|target| *target != module).collect()
}

/// A path from the crate's root; `None` for one that leads into another crate or to an item of the file itself.
fn absolute(module: &Module, path: &[String], modules: &BTreeMap<Module, String>) -> Option<Module> {
    let child = |name: &String| module.iter().chain([name]).cloned().collect::<Module>();
    let (first, rest) = path.split_first()?;
    match first.as_str() {
        "crate" => Some(rest.to_vec()),
        "self" => Some(module.iter().chain(rest).cloned().collect()),
        "super" => {
            let ups = path.iter().take_while(|name| *name == "super").count();
            let parent = module.get(..module.len().checked_sub(ups)?)?;
            Some(parent.iter().chain(&path[ups..]).cloned().collect())
        }
        _ if modules.contains_key(&child(first)) => Some(module.iter().chain(path).cloned().collect()),
        _ => None,
    }
}

/// Everything that a module leads to; itself only where it is part of a circle.
fn reachable<'m>(start: &Module, imports: &BTreeMap<&'m Module, BTreeSet<&'m Module>>) -> BTreeSet<&'m Module> {
    let mut reached = BTreeSet::new();
    let mut open: Vec<&'m Module> = imports[start].iter().copied().collect();
    while let Some(next) = open.pop() {
        if reached.insert(next) {
            open.extend(imports[next].iter().copied());
        }
    }
    reached
}
