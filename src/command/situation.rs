//! From the command line to what the ways out of this run have to fit.

use clap::parser::ValueSource;
use clap::{ArgMatches, CommandFactory as _};

use crate::cli::Cli;
use crate::gather::environment::Environment;
use crate::gather::{clock, git};
use crate::model::Timestamp;
use crate::model::run::{Given, Invocation};

/// The options that say which project is meant, by what it is judged and whether a registry may be asked; and whether they have a value.
const OPTIONS: [(&str, bool); 11] = [
    ("manifest-path", true),
    ("lockfile", true),
    ("policy", true),
    ("base", true),
    ("loosened", true),
    ("min-publish-age", true),
    ("advisory-db", true),
    ("no-advisories", false),
    ("now", true),
    ("offline", false),
    ("frozen", false),
];

/// What was typed, by the parsed options and the words that they were parsed from.
pub(super) fn situation(matches: &ArgMatches, words: &[String], environment: &Environment) -> Invocation {
    let Some((verb, matches)) = matches.subcommand() else { return Invocation::default() };
    let mut given: Vec<Given> = OPTIONS.iter().filter_map(|option| of(matches, *option)).collect();
    if verb == "cargo" {
        given.extend(of_cargo(words));
    }
    let now = given.iter().find(|given| given.name == "now").and_then(|given| given.value.as_deref());
    let now = now.and_then(|now| now.parse::<Timestamp>().ok());
    let begin = words.iter().position(|word| word == verb).unwrap_or(words.len());
    Invocation {
        verb: verb.to_owned(),
        words: words.get(begin..).unwrap_or_default().to_vec(),
        options: if given.is_empty() { [].into() } else { options() },
        given,
        looks_ahead: now.is_some_and(|now| now > clock::now()),
        repository: git::root_around(environment.current_dir()).is_some(),
    }
}

fn of(matches: &ArgMatches, (name, has_value): (&str, bool)) -> Option<Given> {
    let id = name.replace('-', "_");
    let is_there = matches.try_contains_id(&id).unwrap_or(false);
    if !is_there || matches.value_source(&id) != Some(ValueSource::CommandLine) {
        return None;
    }
    let value = matches.get_raw(&id).into_iter().flatten().next_back();
    let value = value.map(|value| value.to_string_lossy().into_owned());
    Some(Given { name: name.to_owned(), value: value.filter(|_| has_value) })
}

/// Which project cargo's own arguments mean, and whether they forbid the network.
fn of_cargo(words: &[String]) -> Vec<Given> {
    let mut given = Vec::new();
    let mut words = words.iter().skip_while(|word| *word != "cargo").take_while(|word| *word != "--");
    while let Some(word) = words.next() {
        let value = match word.split_once('=') {
            Some(("--manifest-path", path)) => Some(path.to_owned()),
            None if word == "--manifest-path" => words.next().cloned(),
            Some(_) | None => None,
        };
        given.extend(value.map(|value| Given { name: "manifest-path".to_owned(), value: Some(value) }));
        if word == "--offline" || word == "--frozen" {
            given.push(Given { name: "offline".to_owned(), value: None });
        }
    }
    given
}

/// The long names of the options that each verb takes.
fn options() -> std::collections::BTreeMap<String, std::collections::BTreeSet<String>> {
    let names =
        |verb: &clap::Command| verb.get_arguments().filter_map(|one| one.get_long().map(str::to_owned)).collect();
    Cli::command().get_subcommands().map(|verb| (verb.get_name().to_owned(), names(verb))).collect()
}
