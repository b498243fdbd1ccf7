//! `cargo sequester init` from the outside: the gate can be turned on today, and what is carried goes away.

mod ci;
mod native;
mod refusals;
mod taken_over;
mod writing;

use camino::Utf8Path;
use cargo_sequester::door::gather::policy_file;
use cargo_sequester::door::model::approval::Approvals;
use cargo_sequester::door::model::crate_name::CrateName;
use cargo_sequester::door::model::policy::{CargoAges, Policy};
use serde_json::Value;

use crate::support::{Advisory, AdvisoryFolder, Outcome, Package, Project, TestRegistry};

/// The moment of adoption.
pub const NOW: &str = "2026-02-01T00:00:00Z";

pub struct World {
    pub registry: TestRegistry,
    pub advisories: AdvisoryFolder,
    pub project: Project,
}

impl World {
    /// A project whose registry stands in for crates.io, without a policy.
    pub fn new() -> Self {
        let registry = TestRegistry::new();
        let advisories =
            AdvisoryFolder::new().with(&Advisory::new("RUSTSEC-2026-0001", "unrelated").date("2026-01-30"));
        let project = Project::new().crates_io(&registry);
        Self { registry, advisories, project }
    }

    /// Publishes `name` 0.9.0 in 2020 and 1.0.0 at this time, and depends on the latter.
    pub fn dep(mut self, name: &str, pubtime: &str) -> Self {
        Package::new(name, "0.9.0").publish(&self.registry);
        Package::new(name, "1.0.0").pubtime(pubtime).publish(&self.registry);
        self.project = self.project.dep(name, "1");
        self
    }

    pub fn lock(self) -> Self {
        self.project.lock_with_cargo();
        self
    }

    pub fn run(&self, verb: &str, arguments: &[&str]) -> Outcome {
        let db = self.advisories.root();
        let now = if arguments.contains(&"--now") { &[][..] } else { &["--now", NOW] };
        self.project.sequester(&[&[verb, "--advisory-db", db.as_str()], arguments, now].concat())
    }

    /// `init --yes`.
    pub fn init(&self, arguments: &[&str], code: i32) -> Outcome {
        self.run("init", &[&["--yes"], arguments].concat()).expect_code(code)
    }

    /// The counts of an audit.
    #[track_caller]
    pub fn summary(&self, arguments: &[&str], code: i32) -> Value {
        let outcome = self.run("audit", &[&["--format", "json"], arguments].concat()).expect_code(code);
        let document: Value = serde_json::from_str(&outcome.stdout).unwrap();
        let schema: Value = serde_json::from_str(include_str!("../../../docs/audit-v1.schema.json")).unwrap();
        let errors: Vec<_> =
            jsonschema::validator_for(&schema).unwrap().iter_errors(&document).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:?}");
        document["summary"].clone()
    }

    /// What was written, as the strict reader reads it.
    #[track_caller]
    pub fn policy(&self) -> (Policy, Approvals) {
        policy_file::read(&self.project.path("sequester.toml")).unwrap().under(CargoAges::default())
    }

    pub fn has(&self, path: &str) -> bool {
        std::fs::symlink_metadata(self.project.path(path)).is_ok()
    }

    /// Makes a later audit's copy of the advisories a fresh one.
    pub fn long_lived_copy(&self) {
        let policy = self.project.read("sequester.toml");
        self.project
            .write("sequester.toml", policy.replace("max-copy-age = \"30 days\"", "max-copy-age = \"12 months\""));
    }
}

/// The whole promise: what is locked passes today, nothing younger does, and every exception ends.
#[test]
fn a_real_project_passes_today_and_carries_less_every_day() {
    let world = World::new().dep("aged", "2021-01-01T00:00:00Z").dep("young", "2026-01-30T12:00:00Z");
    Package::new("newborn", "1.0.0").pubtime("2026-01-15T00:00:00Z").publish(&world.registry);
    let world = World { project: world.project.dep("newborn", "1"), ..world };
    let world = world.dep("flawed", "2021-01-01T00:00:00Z").dep("both", "2026-01-31T00:00:00Z").lock();
    world.advisories.add(&Advisory::new("RUSTSEC-2026-0002", "flawed").date("2026-01-10"));
    world.advisories.add(&Advisory::new("RUSTSEC-2026-0003", "both").date("2026-01-31"));

    let told = world.init(&["--by", "ana@example.org"], 0).stdout;
    assert!(told.contains("Carrying 3 releases that only age holds, the last until 2026-02-14"), "{told}");
    assert!(told.contains("Carrying 2 advisories, ignored until 2026-05-02"), "{told}");
    assert!(told.contains("5 carried from adoption"), "{told}");

    let (policy, approvals) = world.policy();
    let said: Vec<_> = approvals
        .iter()
        .map(|one| {
            let lifts: Vec<_> = one.lifts.iter().map(|code| code.as_str()).collect();
            (one.crate_name.as_written(), lifts.join("+"), one.until.unwrap().to_string())
        })
        .collect();
    assert_eq!(
        said,
        [
            ("both", "too-new".to_owned(), "2026-02-07".to_owned()),
            ("newborn", "new-crate".to_owned(), "2026-02-14".to_owned()),
            ("young", "too-new".to_owned(), "2026-02-06".to_owned()),
        ]
    );
    assert!(
        approvals
            .iter()
            .all(|one| one.reason == "existing at adoption" && one.by.as_deref() == Some("ana@example.org"))
    );
    let ignored: Vec<_> = policy
        .advisories
        .ignore
        .iter()
        .map(|one| (&*one.id, one.crate_name.as_ref().map(CrateName::as_written)))
        .collect();
    assert_eq!(ignored, [("RUSTSEC-2026-0002", Some("flawed")), ("RUSTSEC-2026-0003", Some("both"))]);

    let carried = |summary: Value| {
        let counts = &summary["carried"];
        ["releases", "advisories", "git"].map(|key| counts[key].as_u64().unwrap())
    };
    assert_eq!(carried(world.summary(&[], 0)), [3, 2, 0]);
    let told = world.run("audit", &[]).expect_code(0).stdout;
    assert!(told.contains("5 carried from adoption"), "{told}");
    let told = world.run("audit", &["--format", "markdown"]).expect_code(0).stdout;
    assert!(told.contains("5 carried from adoption"), "{told}");

    world.long_lived_copy();
    // On the day itself the release has its age only from noon on; the approval covers the whole day.
    assert_eq!(carried(world.summary(&["--now", "2026-02-06T11:00:00Z"], 0)), [3, 2, 0]);
    assert_eq!(carried(world.summary(&["--now", "2026-02-06T13:00:00Z"], 0)), [2, 2, 0]);
    assert_eq!(carried(world.summary(&["--now", "2026-03-01T00:00:00Z"], 0)), [0, 2, 0]);
    assert_eq!(carried(world.summary(&["--now", "2026-05-02T23:59:59Z"], 0)), [0, 2, 0]);
    let summary = world.summary(&["--now", "2026-05-03T00:00:00Z"], 1);
    assert_eq!((summary["rejected"].as_u64(), carried(summary)), (Some(2), [0, 0, 0]));
}

#[test]
fn a_release_that_comes_later_is_not_carried() {
    let world = World::new().dep("young", "2026-01-30T12:00:00Z").lock();
    world.init(&[], 0);
    Package::new("young", "1.0.1").pubtime("2026-01-31T00:00:00Z").publish(&world.registry);
    world.project.cargo(&["update"]).expect_code(0);
    let summary = world.summary(&[], 1);
    assert_eq!((summary["quarantined"].as_u64(), summary["carried"]["releases"].as_u64()), (Some(1), Some(0)));
}

#[test]
fn git_sources_are_pinned_to_what_is_locked() {
    let world = World::new();
    let commit = "0123456789abcdef0123456789abcdef01234567";
    let lock = |commit: &str| {
        let source = format!("git+https://git.example.org/team/tool.git?branch=main#{commit}");
        let package =
            |name: &str| format!("\n[[package]]\nname = {name:?}\nversion = \"0.1.0\"\nsource = {source:?}\n");
        format!("version = 4\n{}{}", package("tool"), package("tool-derive"))
    };
    world.project.write("Cargo.lock", lock(commit));
    let alone = ["--lockfile", "Cargo.lock"];
    world.init(&alone, 0);
    let rules = world.policy().0.sources.allow_git;
    assert_eq!(rules.len(), 1);
    assert_eq!(
        (rules[0].url.as_str(), rules[0].rev.as_deref()),
        ("https://git.example.org/team/tool.git", Some(commit))
    );
    assert_eq!(world.summary(&alone, 0)["carried"]["git"], 1);
    world.project.write("Cargo.lock", lock("fedcba9876543210fedcba9876543210fedcba98"));
    let summary = world.summary(&alone, 1);
    assert_eq!((summary["rejected"].as_u64(), summary["carried"]["git"].as_u64()), (Some(2), Some(0)));
}

/// Without anything to carry or to take over, the file says what holds without one.
#[test]
fn the_written_defaults_are_the_defaults() {
    let world = World::new().dep("aged", "2021-01-01T00:00:00Z").lock();
    world.init(&[], 0);
    let (mut policy, approvals) = world.policy();
    assert!(approvals.is_empty());
    assert_eq!(policy.sources.mirrors.len(), 1, "the registry that stands in for crates.io is taken over");
    policy.sources.mirrors.clear();
    policy.quarantine.min_publish_age.origin = cargo_sequester::door::model::policy::Origin::Default;
    assert_eq!(policy, Policy::default());
    let text = world.project.read("sequester.toml");
    for section in [
        "[quarantine]",
        "[quarantine.security-fix]",
        "[[override]]",
        "[advisories]",
        "[sources]",
        "[bans]",
        "[licenses]",
    ] {
        assert!(text.contains(section), "{section} in\n{text}");
    }
    // What is only shown as an example is right too.
    let uncommented: String = text
        .lines()
        .map(|line| {
            line.strip_prefix("# ").filter(|rest| rest.starts_with('[') || rest.contains(" = ")).unwrap_or(line)
        })
        .map(|line| format!("{line}\n"))
        .collect();
    policy_file::parse(&uncommented, Utf8Path::new("sequester.toml")).unwrap();
}

/// A file of another tool may name an advisory by the id that another list gives it.
#[test]
fn an_ignore_by_alias_is_taken_over_under_rustsecs_id() {
    let world = World::new().dep("flawed", "2021-01-01T00:00:00Z").lock();
    let advisory =
        Advisory::new("RUSTSEC-2026-0002", "flawed").date("2026-01-10").line("aliases = [\"CVE-2026-0007\"]");
    world.advisories.add(&advisory);
    world.project.write("deny.toml", "[advisories]\nignore = [\"CVE-2026-0007\", \"CVE-2026-0008\"]\n");
    let told = world.init(&[], 0).stdout;
    assert!(told.contains("CVE-2026-0008 hits nothing that is locked"), "{told}");
    assert!(!told.contains("CVE-2026-0007 hits nothing"), "{told}");
    let ignores = world.policy().0.advisories.ignore;
    let ignores: Vec<_> = ignores.iter().map(|one| (&*one.id, one.reason.as_str())).collect();
    assert_eq!(ignores, [("RUSTSEC-2026-0002", "existing at adoption: deny.toml:2 ignores it")]);
    // Written by hand, the alias carries as much, and is no more unused than the id.
    let text = world.project.read("sequester.toml").replace("\"RUSTSEC-2026-0002\"", "\"CVE-2026-0007\"");
    world.project.write("sequester.toml", text);
    assert_eq!(world.summary(&[], 0)["carried"]["advisories"], 1);
    let told = world.run("approve", &["--prune"]).expect_code(0).stdout;
    assert!(told.contains("every approval and ignore is in use"), "{told}");
}

/// What other tools were told already holds in the policy, and the baseline says who vouched for what.
#[test]
fn other_tools_files_become_the_policy() {
    let world = World::new()
        .dep("flawed", "2021-01-01T00:00:00Z")
        .dep("old", "2021-01-01T00:00:00Z")
        .dep("seen", "2026-01-25T00:00:00Z")
        .dep("young", "2026-01-31T00:00:00Z")
        .lock();
    world.advisories.add(&Advisory::new("RUSTSEC-2026-0002", "flawed").date("2026-01-10"));
    world.advisories.add(&Advisory::new("RUSTSEC-2026-0003", "old").informational("unmaintained").date("2026-01-10"));
    let ignored = |id: &str| format!("\"RUSTSEC-2026-{id}\"");
    let ignore = [ignored("0002"), ignored("0003"), ignored("0099")].join(", ");
    world.project.write(
        "deny.toml",
        format!("[advisories]\nyanked = \"deny\"\nignore = [{ignore}]\n[bans]\ndeny = [\"openssl-sys\"]\nskip = []\n"),
    );
    world.project.write("cooldown.toml", "cooldown_minutes = 14400\n");
    world.project.write(
        "supply-chain/config.toml",
        "[[exemptions.seen]]\nversion = \"1.0.0\"\ncriteria = \"safe-to-deploy\"\n[[exemptions.young]]\nversion = \"0.9.0\"\ncriteria = \"safe-to-deploy\"\n",
    );
    let told = world.init(&[], 0).stdout;
    for line in [
        "Read cooldown.toml, deny.toml, supply-chain/config.toml",
        "Took over the minimum age of 10 days, from `cooldown_minutes` in cooldown.toml:1",
        "Took over 1 level: yanked = reject",
        "Took over 1 banned crate: openssl-sys",
        "Left out deny.toml: `bans.skip` (line 6): has no counterpart",
        "Left out deny.toml: `advisories.ignore` (line 3): RUSTSEC-2026-0099 hits nothing that is locked",
        "Left out supply-chain/config.toml: `exemptions.young` (line 4): 1 of its releases need no approval, because nothing holds them",
    ] {
        assert!(told.contains(line), "{line} in\n{told}");
    }
    let (policy, approvals) = world.policy();
    let reasons: Vec<_> = approvals.iter().map(|one| (one.crate_name.as_written(), one.reason.as_str())).collect();
    let seen = "existing at adoption: supply-chain/config.toml:1 exempts it from safe-to-deploy";
    assert_eq!(reasons, [("seen", seen), ("young", "existing at adoption")]);
    let reasons: Vec<_> = policy.advisories.ignore.iter().map(|one| one.reason.as_str()).collect();
    assert_eq!(reasons, ["existing at adoption: deny.toml:3 ignores it"; 2]);
    assert_eq!(policy.deny[0].text, "openssl-sys");
    assert_eq!(policy.advisories.yanked, cargo_sequester::door::model::policy::Level::Reject);
    let text = world.project.read("sequester.toml");
    assert!(text.contains("min-publish-age = \"10 days\" # from cooldown.toml:1\n"), "{text}");
    let summary = world.summary(&[], 0);
    assert_eq!(
        (summary["carried"]["releases"].as_u64(), summary["carried"]["advisories"].as_u64()),
        (Some(2), Some(2))
    );
}
