//! From the command line to the domain's words: what is asked of a project, and what the ways out of this run have to fit.

use std::collections::{BTreeMap, BTreeSet};

use clap::parser::ValueSource;
use clap::{ArgMatches, CommandFactory as _};

use crate::cli::{self, Cli};
use crate::gather::environment::Environment;
use crate::gather::{clock, git};
use crate::model::Timestamp;
use crate::model::run::{Given, Invocation};
use crate::project::{AdvisoriesFrom, JudgeBy, PolicyFrom, Purpose, Request, Which};

/// A decision about the project that the options name.
pub(super) fn of(cli: &Cli, subject: &cli::Subject, judge: &cli::JudgeBy, purpose: Purpose) -> Request {
    by(cli, subject, judge.into(), purpose)
}

/// The same by rules that other options name.
pub(super) fn by(cli: &Cli, subject: &cli::Subject, judge: JudgeBy, purpose: Purpose) -> Request {
    let which = match (&subject.lockfile, &subject.manifest_path) {
        (Some(path), _) => Which::LockFile(path.clone()),
        (None, Some(path)) => Which::Manifest(path.clone()),
        (None, None) => Which::Here,
    };
    Request {
        which,
        judge,
        purpose,
        config: Vec::new(),
        afresh: false,
        fetch: false,
        offline: subject.is_offline(),
        quiet: cli.quiet,
    }
}

impl From<&cli::JudgeBy> for JudgeBy {
    fn from(judge: &cli::JudgeBy) -> Self {
        Self {
            policy: judge.policy.clone().map_or(PolicyFrom::Project, PolicyFrom::File),
            base: judge.base.clone(),
            loosened: judge.loosened,
            min_publish_age: judge.min_publish_age,
            advisories: advisories(judge.advisory_db.as_deref(), judge.no_advisories),
            facts: judge.facts,
            now: judge.now,
        }
    }
}

/// Where advisories come from by the two options for that.
pub(super) fn advisories(db: Option<&str>, none: bool) -> AdvisoriesFrom {
    match db {
        Some(db) => AdvisoriesFrom::Database(db.to_owned()),
        None if none => AdvisoriesFrom::Nowhere,
        None => AdvisoriesFrom::Policy,
    }
}

/// The project in which a cargo is to resolve, and what it is judged by.
pub(super) fn resolving(cli: &Cli, moving: &cli::Moving) -> Request {
    Request {
        which: moving.manifest_path.clone().map_or(Which::Here, Which::Manifest),
        judge: (&moving.judge).into(),
        purpose: Purpose::Resolve,
        config: Vec::new(),
        afresh: false,
        fetch: true,
        offline: moving.offline,
        quiet: cli.quiet,
    }
}

/// The options that say which project is meant, by what it is judged and whether a registry may be asked; and whether they have a value.
const OPTIONS: [(&str, bool); 12] = [
    ("manifest-path", true),
    ("lockfile", true),
    ("policy", true),
    ("base", true),
    ("loosened", true),
    ("min-publish-age", true),
    ("advisory-db", true),
    ("no-advisories", false),
    ("facts", false),
    ("now", true),
    ("offline", false),
    ("frozen", false),
];

/// What was typed, by the parsed options and the words that they were parsed from.
pub(super) fn invocation(matches: &ArgMatches, words: &[String], environment: &Environment) -> Invocation {
    let Some((verb, matches)) = matches.subcommand() else { return Invocation::default() };
    let mut given: Vec<Given> = OPTIONS.iter().filter_map(|option| given(matches, *option)).collect();
    if verb == "cargo" {
        given.extend(given_to_cargo(words));
    }
    let now = given.iter().find(|given| given.name == "now").and_then(|given| given.value.as_deref());
    let now = now.and_then(|now| now.parse::<Timestamp>().ok());
    let begin = words.iter().position(|word| word == verb).unwrap_or(words.len());
    Invocation {
        verb: verb.to_owned(),
        words: words.get(begin..).unwrap_or_default().to_vec(),
        options: if given.is_empty() { [].into() } else { options_by_verb() },
        given,
        looks_ahead: now.is_some_and(|now| now > clock::now()),
        repository: git::root_around(environment.current_dir()).is_some(),
    }
}

/// The same run about one project, which this option names.
pub(super) fn about(invocation: &Invocation, option: &str, value: &str) -> Invocation {
    let mut about = invocation.clone();
    about.given.push(Given { name: option.to_owned(), value: Some(value.to_owned()) });
    about.options = options_by_verb();
    about
}

fn given(matches: &ArgMatches, (name, has_value): (&str, bool)) -> Option<Given> {
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
fn given_to_cargo(words: &[String]) -> Vec<Given> {
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
fn options_by_verb() -> BTreeMap<String, BTreeSet<String>> {
    let names =
        |verb: &clap::Command| verb.get_arguments().filter_map(|one| one.get_long().map(str::to_owned)).collect();
    Cli::command().get_subcommands().map(|verb| (verb.get_name().to_owned(), names(verb))).collect()
}
