//! `cargo sequester audit` from the outside: the program itself, against a registry on loopback that stands in for crates.io.

mod hostile;
mod network;
mod outcomes;
mod rules;
mod surroundings;
mod terminal;
mod time;

use std::fmt::Write as _;

use serde_json::Value;

use crate::support::{Advisory, AdvisoryFolder, Outcome, Package, Project, TestRegistry};

/// The moment that these tests judge by, unless they say otherwise.
pub const NOW: &str = "2026-11-22T00:00:00Z";

/// A registry, an advisory database and a project that uses both.
pub struct World {
    pub registry: TestRegistry,
    pub advisories: AdvisoryFolder,
    pub project: Project,
}

impl World {
    /// A project without dependencies, whose policy allows the registry to stand in for crates.io.
    pub fn new() -> Self {
        let registry = TestRegistry::new();
        let advisories = AdvisoryFolder::new().with(&Advisory::new("RUSTSEC-2026-0001", "unrelated"));
        let project = Project::new().crates_io(&registry);
        let world = Self { registry, advisories, project };
        world.policy("");
        world
    }

    /// Writes the policy that the tests need, with more at its end.
    pub fn policy(&self, more: &str) {
        self.project.write("sequester.toml", self.policy_text(more));
    }

    /// What [`Self::policy`] writes. A folder of advisories is as old as its newest advisory, which the tests have no use for.
    pub fn policy_text(&self, more: &str) -> String {
        let (mirror, db) = (self.registry.url(), self.advisories.root());
        format!(
            "[sources]\nmirrors = [{mirror:?}]\n\n[advisories]\ndb = {:?}\nmax-copy-age = \"120 months\"\n\n{more}\n",
            db.as_str()
        )
    }

    /// Adds a dependency of `app`.
    pub fn dep(mut self, name: &str, req: &str) -> Self {
        self.project = self.project.dep(name, req);
        self
    }

    /// Adds a line to the dependencies of `app`.
    pub fn dep_toml(mut self, line: &str) -> Self {
        self.project = self.project.dep_toml(line);
        self
    }

    /// Lets cargo write the lock file.
    pub fn lock(&self) -> String {
        self.project.lock_with_cargo()
    }

    /// `audit`, with the moment of these tests unless `--now` is among the arguments.
    pub fn audit(&self, arguments: &[&str]) -> Outcome {
        let now = if arguments.contains(&"--now") { &[][..] } else { &["--now", NOW] };
        self.project.sequester(&[&["audit"], arguments, now].concat())
    }

    /// The result as JSON, valid by the published schema.
    pub fn json(&self, arguments: &[&str], code: i32) -> Value {
        document(&self.audit(&[&["--format", "json"], arguments].concat()).expect_code(code))
    }

    /// The text without what differs from run to run: ports, folders, the time taken.
    pub fn redact(&self, text: &str) -> String {
        redact(&self.project, &[(&self.registry, "[REGISTRY]")], &self.advisories, text)
    }

    /// Human text and JSON of the same run, for a snapshot.
    pub fn both(&self, arguments: &[&str], code: i32) -> String {
        let human = self.audit(arguments).expect_code(code);
        let json = self.json(arguments, code);
        assert_eq!(human.stderr, "");
        let mut text = self.redact(&human.stdout);
        let _ = write!(text, "\n--- json\n{}\n", self.redact(&serde_json::to_string_pretty(&json).unwrap()));
        text
    }
}

/// Reads a JSON result and holds it against the published schema.
pub fn document(outcome: &Outcome) -> Value {
    let document: Value = serde_json::from_str(&outcome.stdout)
        .unwrap_or_else(|error| panic!("{error}\n--- stdout\n{}\n--- stderr\n{}", outcome.stdout, outcome.stderr));
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/audit-v1.schema.json");
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let schema = jsonschema::draft202012::options().should_validate_formats(true).build(&schema).unwrap();
    let errors: Vec<String> =
        schema.iter_errors(&document).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{}", errors.join("\n"));
    document
}

/// The entry of a package.
#[track_caller]
pub fn package<'a>(document: &'a Value, name: &str) -> &'a Value {
    let packages = document["packages"].as_array().unwrap();
    packages.iter().find(|package| package["name"] == name).unwrap_or_else(|| panic!("no {name} in {document:#}"))
}

/// The codes of a package's reasons.
pub fn reasons(document: &Value, name: &str) -> Vec<String> {
    codes(&package(document, name)["reasons"])
}

/// The codes of a list.
pub fn codes(list: &Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(|entry| entry["code"].as_str().unwrap().to_owned()).collect()
}

/// Replaces what differs from run to run.
pub fn redact(
    project: &Project,
    registries: &[(&TestRegistry, &str)],
    advisories: &AdvisoryFolder,
    text: &str,
) -> String {
    let mut text = text.replace(advisories.root().as_str(), "[ADVISORIES]");
    text = text.replace(project.outside().as_str(), "[TOP]");
    for (registry, name) in registries {
        text = text.replace(registry.address("").as_str(), name);
    }
    let elapsed = |word: &str| word.len() > 1 && word.ends_with('s') && word[..word.len() - 1].parse::<f64>().is_ok();
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines() {
        let words: Vec<&str> = line.split(' ').map(|word| if elapsed(word) { "[TIME]" } else { word }).collect();
        lines.push(words.join(" "));
    }
    lines.join("\n")
}
