//! `cargo sequester audit --base`: who judges a change, in real git repositories.

mod also;
mod exemptions;
mod hostile;
mod lanes;
mod ordinary;
mod places;
mod references;
mod repositories;
mod reviewed;
mod uncommitted;
mod unlocked;
mod unseen;

use cargo_sequester::door::model::package::CrateId;
use cargo_sequester::door::model::source::Registry;
use cargo_sequester::door::model::trail::{Event, EventId, Kind, ReleaseRecord, Tools};
use serde_json::Value;

use crate::audit::{NOW, World, codes, document, package, reasons};
use crate::support::{Advisory, AdvisoryFolder, Outcome, Package, Project, TestRegistry};

/// A project whose state is committed as `base`, and a change on top of it.
pub struct Change {
    pub world: World,
}

impl Change {
    /// Commits a project that locks `old` 1.0.0, in a policy with a longer age than the default.
    pub fn new() -> Self {
        let world = World::new().dep("old", "1");
        Package::new("old", "1.0.0").publish(&world.registry);
        world.policy("[quarantine]\nmin-publish-age = \"10 days\"");
        world.lock();
        Self::commit(world)
    }

    /// Commits the project as it is.
    pub fn commit(world: World) -> Self {
        let change = Self { world };
        change.git(&["init", "--quiet", "--initial-branch=work"]);
        change.git(&["add", "-A"]);
        change.git(&["commit", "--quiet", "-m", "base"]);
        change.git(&["branch", "base"]);
        change
    }

    /// Runs git in the project.
    #[track_caller]
    pub fn git(&self, arguments: &[&str]) -> String {
        git(&self.world.project, self.world.project.root().as_str(), arguments)
    }

    /// Commits everything, as a pull request's checkout has it.
    pub fn finish(&self) {
        self.git(&["add", "-A"]);
        self.git(&["commit", "--quiet", "--allow-empty", "-m", "change"]);
    }

    /// Adds a crate to manifest and lock file.
    pub fn add_dependency(&mut self, name: &str) {
        let manifest = self.world.project.read("Cargo.toml");
        self.world.project.write("Cargo.toml", format!("{manifest}{name} = \"1\"\n"));
        self.world.project.cargo(&["update", "--workspace"]).expect_code(0);
    }

    /// Publishes and adds a release that is two days old.
    pub fn with_fresh(mut self) -> Self {
        Package::new("fresh", "1.0.0").publish(&self.world.registry);
        Package::new("fresh", "1.1.0").pubtime("2026-11-20T00:00:00Z").publish(&self.world.registry);
        self.add_dependency("fresh");
        self
    }

    /// `audit --base base` as JSON.
    pub fn json(&self, code: i32) -> Value {
        self.finish();
        self.world.json(&["--base", "base"], code)
    }

    /// The text without what differs from run to run, the base's id among it.
    pub fn redact(&self, text: &str) -> String {
        self.world.redact(text).replace(&self.git(&["rev-parse", "base"]), "[COMMIT]")
    }

    /// Changes a file by a replacement that must be possible.
    #[track_caller]
    pub fn edit(&self, file: &str, from: &str, to: &str) {
        let text = self.world.project.read(file);
        assert!(text.contains(from), "{text}");
        self.world.project.write(file, text.replace(from, to));
    }

    /// Adds to a file's end.
    pub fn append(&self, file: &str, more: &str) {
        let text = self.world.project.read(file);
        self.world.project.write(file, format!("{text}\n{more}\n"));
    }
}

/// Runs git away from the machine's own configuration.
#[track_caller]
pub fn git(project: &Project, folder: &str, arguments: &[&str]) -> String {
    let output = project
        .command("git")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .args([
            "-C",
            folder,
            "-c",
            "user.name=ana",
            "-c",
            "user.email=ana@example.org",
            "-c",
            "protocol.file.allow=always",
        ])
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// The keys of what was made looser.
pub fn loosened(document: &Value) -> Vec<String> {
    document["loosened"].as_array().unwrap().iter().map(|one| one["key"].as_str().unwrap().to_owned()).collect()
}

/// What the change does as well: the codes, and whether the change is refused for each.
fn also(document: &Value) -> Vec<(String, bool)> {
    let all = document["also"].as_array().unwrap().iter();
    all.map(|one| (one["code"].as_str().unwrap().to_owned(), one["fails"].as_bool().unwrap())).collect()
}

fn expected(all: &[(&str, bool)]) -> Vec<(String, bool)> {
    all.iter().map(|(code, fails)| ((*code).to_owned(), *fails)).collect()
}

fn record(name: &str, version: &str) -> ReleaseRecord {
    ReleaseRecord::new(CrateId { registry: Registry::CratesIo, name: name.into() }, version.parse().unwrap())
}

fn event(time: &str, releases: Vec<ReleaseRecord>) -> Event {
    let tools = Tools { cargo: None, sequester: "0.1.0".parse().unwrap() };
    Event { releases, ..Event::new(Kind::Updated, time.parse().unwrap(), tools) }
}

/// Puts an event into the change's trail as a run of this tool would have named it.
fn forge(change: &Change, event: &Event) {
    let bytes = event.to_bytes().unwrap();
    let name = event.file_name(EventId::of(&bytes));
    change.world.project.write(&format!(".sequester/trail/{name}"), bytes);
}
