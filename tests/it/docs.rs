//! What README and book say: every command in them is one that this program takes.

use camino::Utf8Path;
use cargo_sequester::door::cli::{EXAMPLES, refused};

use crate::audit::World;
use crate::support::Package;

/// Words that stand for a reader's own in what is not to be typed as it stands.
const NO_COMMANDS: [&str; 6] = ["VERB", "ARGS", "SUB", "x", "<args>", "<TAB>"];

/// The README and every page, each with its text.
fn pages() -> Vec<(String, String)> {
    let root = Utf8Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = root.join("docs").read_dir_utf8().unwrap().map(|entry| entry.unwrap().path().to_owned());
    let mut files: Vec<_> =
        folder.filter(|path| path.extension() == Some("md")).chain([root.join("README.md")]).collect();
    files.sort();
    files
        .into_iter()
        .map(|path| (path.strip_prefix(root).unwrap().to_string(), std::fs::read_to_string(&path).unwrap()))
        .collect()
}

/// The commands of a page: lines of code, and code within a sentence, which can be a form.
fn commands(text: &str) -> Vec<(&str, bool)> {
    let mut found = Vec::new();
    let mut fenced = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if fenced {
            found.push((line.trim_start_matches([' ', '$', '-']).trim_start_matches("run: "), false));
        } else {
            found.extend(line.split('`').skip(1).step_by(2).map(|code| (code, true)));
        }
    }
    found.retain(|(command, _)| command.starts_with("cargo sequester ") || command.starts_with("cargo-sequester "));
    found
}

/// The words behind the program's name, as a shell would have them, up to what is the shell's.
fn words(command: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), String::new(), None);
    let command = command.replacen("cargo sequester", "cargo-sequester", 1);
    for letter in command.chars() {
        match (quote, letter) {
            (None, '"' | '\'') => quote = Some(letter),
            (Some(open), _) if open == letter => quote = None,
            (None, '|' | '>' | '<' | ';' | '&') => break,
            (None, ' ') => words.push(std::mem::take(&mut word)),
            (_, _) => word.push(letter),
        }
    }
    words.push(word);
    let own = words.into_iter().take_while(|word| !word.starts_with("2>") && word != "#" && word != "2");
    own.filter(|word| !word.is_empty()).skip(1).collect()
}

#[test]
fn every_command_on_a_page_is_one() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for (page, text) in pages() {
        for (command, form) in commands(&text) {
            let words = words(command);
            // What has a part that may be left out, or is a part itself, is for people.
            let is_part = command.contains(['…', '[']) || words.iter().any(|word| NO_COMMANDS.contains(&&**word));
            // The team registry is a feature of its own, whose grammar only a build with it has.
            let is_absent = words.first().is_some_and(|verb| verb == "serve") && !cfg!(feature = "serve");
            if is_part || is_absent || words.is_empty() {
                continue;
            }
            count += 1;
            wrong.extend(refused(&words, form).map(|why| format!("{page}: {command}\n  {why}")));
        }
    }
    assert!(count > 80, "{count}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What each verb that has JSON needs to be asked.
const WITH_JSON: &[&[&str]] = &[
    &["assess", "--standard", "s2c2f"],
    &["audit"],
    &["backtest"],
    &["diff", "old", "1.0.0", "1.0.0"],
    &["explain", "old"],
    &["fix"],
    &["inspect", "old"],
    &["log", "--expect-head", "0"],
    &["status"],
    &["update"],
    &["vendor"],
    &["verify"],
];

/// `docs/stability.md`: standard output has one whole document or nothing.
#[test]
fn a_run_that_fails_writes_no_json() {
    let world = World::new().dep("old", "1");
    Package::new("old", "1.0.0").publish(&world.registry);
    world.lock();
    // `incident` looks at everything, whatever cannot be read: its document names the gaps.
    let with_json = EXAMPLES.iter().map(|(verb, _)| *verb).filter(|verb| *verb != "incident").filter(|verb| {
        let help = world.project.sequester(&[verb, "--help"]).expect_code(0).stdout;
        let values = |line: &str| line.starts_with("- json:") || line.starts_with("[possible values: human, json");
        help.lines().any(|line| values(line.trim_start()))
    });
    let mut verbs: Vec<&str> = with_json.collect();
    verbs.sort_unstable();
    assert_eq!(verbs, WITH_JSON.iter().map(|words| words[0]).collect::<Vec<_>>());
    world.project.write("sequester.toml", "nonsense = true\n");
    world.project.write("Cargo.lock", "nonsense");
    for words in WITH_JSON {
        let told = world.project.sequester(&[words, &["--format", "json"][..]].concat()).expect_code(2);
        assert_eq!(told.stdout, "", "{words:?}");
        assert!(told.stderr.starts_with("error: "), "{words:?}: {}", told.stderr);
    }
}
