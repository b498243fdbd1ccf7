//! A project for every verb, in which it has something to do.

use crate::support::{Advisory, AdvisoryFolder, Package, Project, Reply, TestRegistry};

/// Old enough for every rule.
const OLD: &str = "2025-01-01T00:00:00Z";
const TOOL: &str = "https://git.example.org/sequester#0123456789012345678901234567890123456789";

/// A verb about to be run.
pub struct Scene {
    pub name: &'static str,
    verb: &'static [&'static str],
    /// How it ends when nothing goes wrong.
    pub code: i32,
    /// Whether it writes several things, each by itself: documents, or first the lock file and then what is vendored.
    pub in_steps: bool,
    pub project: Project,
    pub registry: TestRegistry,
    advisories: AdvisoryFolder,
}

impl Scene {
    /// `URL` in an argument is the address of the registry, `DB` the folder of the advisories.
    pub fn verb(&self) -> Vec<String> {
        let (address, db) = (self.registry.address(""), self.advisories.root());
        self.verb.iter().map(|word| word.replace("URL", &address).replace("DB", db.as_str())).collect()
    }
}

/// How a scene comes about.
pub struct Plan {
    pub name: &'static str,
    pub verb: &'static [&'static str],
    pub code: i32,
    prepare: fn(World) -> World,
}

impl Plan {
    pub const fn verb_name(&self) -> &'static str {
        self.verb[0]
    }

    pub fn scene(&self) -> Scene {
        let World { registry, advisories, project } = (self.prepare)(World::new());
        let in_steps = self.verb.contains(&"--out") || self.verb == ["update", "--vendor"];
        Scene { name: self.name, verb: self.verb, code: self.code, in_steps, project, registry, advisories }
    }
}

const fn plan(name: &'static str, verb: &'static [&'static str], code: i32, prepare: fn(World) -> World) -> Plan {
    Plan { name, verb, code, prepare }
}

/// Every verb that changes something of the project, in each way that it does.
pub const WRITERS: &[Plan] = &[
    plan(
        "init",
        &[
            "init",
            "--yes",
            "--ci",
            "github",
            "--tool",
            TOOL,
            "--by",
            "ana",
            "--advisory-db",
            "DB",
            "--now",
            "2026-01-05T00:00:00Z",
        ],
        0,
        |world| world.locked().without_policy(),
    ),
    plan("init --ci", &["init", "--yes", "--ci", "gitlab", "--tool", TOOL], 0, World::locked),
    plan("init --registry", &["init", "--yes", "--registry", "URL/web"], 0, World::locked),
    plan("approve", &["approve", "young", "--reason", "looked at", "--by", "ana"], 0, World::held),
    plan(
        "approve --id",
        &["approve", "bar", "--id", "RUSTSEC-2025-0002", "--reason", "unused", "--by", "ana", "--until", "2030-01-01"],
        0,
        World::vulnerable,
    ),
    plan("approve --prune", &["approve", "--prune", "--by", "ana"], 0, |world| {
        let world = world.held().run(&["approve", "young", "--reason", "looked at", "--by", "ana"]);
        world.without("young").run_cargo(&["update", "--workspace"])
    }),
    plan("revoke", &["revoke", "young", "--by", "ana"], 0, |world| {
        world.held().run(&["approve", "young", "--reason", "looked at", "--by", "ana"])
    }),
    plan("update", &["update"], 0, World::outdated),
    plan("update --vendor", &["update", "--vendor"], 0, |world| world.locked().run(&["vendor"]).newer()),
    plan("fix", &["fix"], 0, |world| world.vulnerable().newer()),
    plan("vendor", &["vendor"], 0, World::locked),
    plan("vendor again", &["vendor"], 0, |world| {
        let world = world.locked().run(&["vendor"]).newer();
        world.run(&["update"])
    }),
    plan("vendor --local-registry", &["vendor", "--local-registry", "packages"], 0, World::locked),
    plan("cargo add", &["cargo", "add", "leaf"], 0, World::locked),
    plan("cargo remove", &["cargo", "remove", "bar"], 0, World::locked),
    plan("cargo update", &["cargo", "update"], 0, World::outdated),
    plan("cargo generate-lockfile", &["cargo", "generate-lockfile"], 0, World::outdated),
    plan("cargo build", &["cargo", "build", "--quiet"], 0, World::unlocked),
    plan("report --out", &["report", "--out", "page.html", "--now", "2026-11-01T00:00:00Z"], 0, World::locked),
    plan("sbom --out", &["sbom", "--out", "bom.json", "--now", "2026-11-01T00:00:00Z"], 0, World::locked),
    plan("vex --out", &["vex", "--out", "vex.json", "--now", "2026-11-01T00:00:00Z"], 0, World::locked),
    plan("man --out", &["man", "--out", "pages"], 0, World::locked),
];

/// Every verb that leaves the project as it is. It keeps what it asked for below cargo's home.
pub const READERS: &[Plan] = &[
    plan("audit", &["audit"], 0, World::of_an_archive),
    plan("status", &["status"], 0, World::locked),
    plan("explain", &["explain", "bar"], 0, World::locked),
    plan("incident", &["incident", "bar@1.1.0"], 0, |world| world.outdated().committed()),
    plan("diff", &["diff", "bar", "1.0.0", "1.1.0"], 0, World::outdated),
    plan("inspect", &["inspect", "bar"], 0, World::locked),
    plan("verify", &["verify", "--deep"], 0, |world| world.locked().run(&["vendor"])),
    plan("assess", &["assess", "--standard", "s2c2f"], 1, World::locked),
    plan("log", &["log", "--verify"], 0, |world| world.locked().run(&["vendor"])),
    plan("backtest", &["backtest", "--now", "2026-11-01T00:00:00Z"], 0, World::locked),
    plan("completions", &["completions", "bash"], 0, World::locked),
];

/// A registry in crates.io's place, a project that depends on it, and advisories.
pub struct World {
    registry: TestRegistry,
    advisories: AdvisoryFolder,
    project: Project,
}

impl World {
    /// `bar` 1.0.0, which needs `leaf`, is locked by the project.
    fn new() -> Self {
        let registry = TestRegistry::new();
        let advisories = AdvisoryFolder::new().with(&Advisory::new("RUSTSEC-2025-0001", "unrelated"));
        Package::new("leaf", "1.0.0").pubtime(OLD).file("src/lib.rs", "pub fn leaf() {}\n").publish(&registry);
        Package::new("bar", "1.0.0").pubtime(OLD).dep("leaf", "1").publish(&registry);
        let team = format!("{{\"dl\":\"{}\"}}", registry.address("/dl"));
        registry.reply("/web/crates-io/config.json", Reply::ok(team));
        let project = Project::new().dep("bar", "1");
        let url = registry.url();
        // The machine's configuration: the project's own belongs to `vendor`.
        let config =
            format!("[source.crates-io]\nreplace-with = \"mirror\"\n\n[source.mirror]\nregistry = \"{url}\"\n");
        std::fs::write(project.cargo_home().join("config.toml"), config).unwrap();
        Self { registry, advisories, project }.advised_by(None)
    }

    fn advised_by(self, archive: Option<&str>) -> Self {
        let db = archive.map_or_else(|| self.advisories.root().to_string(), str::to_owned);
        let url = self.registry.url();
        let policy =
            format!("[advisories]\ndb = {db:?}\nmax-copy-age = \"120 months\"\n\n[sources]\nmirrors = [{url:?}]\n");
        self.project.write("sequester.toml", policy);
        self
    }

    fn unlocked(self) -> Self {
        self
    }

    fn locked(self) -> Self {
        self.project.lock_with_cargo();
        self
    }

    fn publish(self, name: &str, version: &str) -> Self {
        Package::new(name, version).pubtime(OLD).dep("leaf", "1").publish(&self.registry);
        self
    }

    fn newer(self) -> Self {
        self.publish("bar", "1.1.0")
    }

    fn outdated(self) -> Self {
        self.locked().newer()
    }

    fn held(mut self) -> Self {
        let yesterday = cargo_sequester::door::gather::clock::now().as_second() - 25 * 3600;
        let yesterday = jiff::Timestamp::from_second(yesterday).unwrap().to_string();
        Package::new("young", "1.0.0").pubtime(&yesterday).publish(&self.registry);
        self.project = self.project.dep("young", "1");
        self.locked()
    }

    fn vulnerable(self) -> Self {
        self.advisories.add(&Advisory::new("RUSTSEC-2025-0002", "bar").date("2025-02-01").patched(">= 1.1.0"));
        self.locked()
    }

    fn of_an_archive(self) -> Self {
        let archive = self.advisories.archive(&"a".repeat(40), 1_795_219_200); // 2026-11-21
        self.registry.reply("/db.tar.gz", Reply::ok(archive));
        let db = self.registry.address("/db.tar.gz");
        let world = self.advised_by(Some(&db)).locked();
        std::fs::remove_dir_all(world.project.cargo_home().join("registry")).unwrap();
        world
    }

    fn without_policy(self) -> Self {
        std::fs::remove_file(self.project.path("sequester.toml")).unwrap();
        self
    }

    fn without(self, name: &str) -> Self {
        let manifest = self.project.read("Cargo.toml");
        let kept: String =
            manifest.lines().filter(|line| !line.starts_with(name)).map(|line| format!("{line}\n")).collect();
        self.project.write("Cargo.toml", kept);
        self
    }

    fn run(self, verb: &[&str]) -> Self {
        self.project.sequester(verb).expect_code(0);
        self
    }

    fn committed(self) -> Self {
        for arguments in [
            &["init", "-qb", "main"][..],
            &["add", "-A", "."],
            &[
                "-c",
                "user.name=Ana",
                "-c",
                "user.email=ana@example.org",
                "-c",
                "commit.gpgsign=false",
                "commit",
                "-qm",
                "x",
            ],
        ] {
            self.project.run("git", arguments).expect_code(0);
        }
        self
    }

    fn run_cargo(self, arguments: &[&str]) -> Self {
        self.project.cargo(arguments).expect_code(0);
        self
    }
}
