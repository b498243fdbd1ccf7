//! `docs/hostile-cases.md` and the tests that are named after its cases.

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};

/// A case's letter and number.
type Case = (char, u32);

fn root() -> &'static Utf8Path {
    Utf8Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// `A1` or `a1`.
fn case(text: &str) -> Option<Case> {
    let mut letters = text.chars();
    let letter = letters.next()?.to_ascii_uppercase();
    let number = letters.as_str();
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    (letter.is_ascii_uppercase() && is_number && number.len() < 3).then(|| (letter, number.parse().unwrap()))
}

/// The cases of the page, in its order.
fn listed() -> Vec<Case> {
    let page = std::fs::read_to_string(root().join("docs/hostile-cases.md")).unwrap();
    page.lines().filter_map(|line| case(line.strip_prefix("| ")?.split(' ').next()?)).collect()
}

fn sources(folder: &Utf8Path, found: &mut Vec<Utf8PathBuf>) {
    for entry in folder.read_dir_utf8().unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            sources(entry.path(), found);
        } else if entry.path().extension() == Some("rs") {
            found.push(entry.path().to_owned());
        }
    }
}

/// The tests of a file that are named after cases. What merely helps a test is no test.
fn named(text: &str) -> Vec<(Vec<Case>, String)> {
    let mut is_test = false;
    let mut found = Vec::new();
    for line in text.lines().map(str::trim) {
        if let Some(rest) = line.strip_prefix("fn ").filter(|_| is_test) {
            let name: String = rest.chars().take_while(|one| one.is_alphanumeric() || *one == '_').collect();
            let cases: Vec<Case> = name.split('_').map_while(case).collect();
            if !cases.is_empty() {
                found.push((cases, name));
            }
        }
        // Only attributes stand between the mark of a test and its name.
        is_test = line == "#[test]" || (is_test && line.starts_with("#["));
    }
    found
}

#[test]
fn every_case_has_a_test_and_every_test_of_a_case_is_listed() {
    let listed = listed();
    assert_eq!(listed.iter().collect::<BTreeSet<_>>().len(), listed.len(), "a case stands twice on the page");
    assert!(listed.len() > 80);
    let mut files = Vec::new();
    sources(&root().join("tests"), &mut files);
    sources(&root().join("src"), &mut files);
    files.sort();
    let mut tests: BTreeMap<Case, Vec<String>> = BTreeMap::new();
    for path in &files {
        let shown = path.strip_prefix(root()).unwrap();
        for (cases, name) in named(&std::fs::read_to_string(path).unwrap()) {
            for case in cases {
                tests.entry(case).or_default().push(format!("{shown} {name}"));
            }
        }
    }
    let id = |(letter, number): &Case| format!("{letter}{number}");
    for case in &listed {
        for (at, test) in tests.get(case).into_iter().flatten().enumerate() {
            eprintln!("{:<4} {test}", if at == 0 { id(case) } else { String::new() });
        }
    }
    let gaps: Vec<String> = listed.iter().filter(|case| !tests.contains_key(case)).map(id).collect();
    assert!(gaps.is_empty(), "no test is named after {}", gaps.join(", "));
    let unlisted: Vec<String> = tests.keys().filter(|case| !listed.contains(case)).map(id).collect();
    assert!(unlisted.is_empty(), "docs/hostile-cases.md does not have {}", unlisted.join(", "));
}

#[test]
fn only_tests_count() {
    let text = "#[test]\n#[cfg(unix)]\nfn a1_h10_what_is_tried() {}\nfn b2_no_test() {}\n#[test]\nfn other() {}\n";
    assert_eq!(named(text), [(vec![('A', 1), ('H', 10)], "a1_h10_what_is_tried".to_owned())]);
}
