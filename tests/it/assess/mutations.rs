//! A project that meets what a repository can answer, and each way of breaking it with the requirements that must then change.

use std::fs;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{DEPENDABOT, JUDGE, OLD, POLICY, answers, document, exemplary, lacks, unseen, with};
use crate::audit::{NOW, World};
use crate::support::{Advisory, Package};

/// What must be said of a requirement.
#[derive(Clone, Copy)]
enum Then {
    /// It is not met, and lacks this.
    Lacks(&'static str),
    /// It is nobody's here, since this was not seen.
    Unseen(&'static str),
}

use Then::{Lacks, Unseen};

/// A way of breaking it: its name, whether it is committed, what it does, and what must change.
type Mutation = (&'static str, bool, fn(&World), &'static [(&'static str, Then)]);

/// Whether a run of the two judges fails.
fn fails(world: &World, verb: &str) -> bool {
    let now = if verb == "audit" { &["--now", NOW][..] } else { &[] };
    world.project.sequester(&[&[verb], now].concat()).code != 0
}

fn met(document: &Value) -> usize {
    with(document, "met").len() + with(document, "partly").len()
}

/// Tries each from the same state. The law: what makes one of the judges fail leaves less met than before.
fn tried(mutations: &[Mutation]) {
    let world = exemplary();
    let before = met(&document(&world, "s2c2f", 0));
    for (name, commits, mutate, then) in mutations {
        let head = world.git(&["rev-parse", "HEAD"]);
        mutate(&world);
        if *commits {
            world.commit();
        }
        let outcome = super::assess(&world, "s2c2f", &["--format", "json"]);
        let told: Value =
            serde_json::from_str(&outcome.stdout).unwrap_or_else(|_| panic!("{name}: {}", outcome.stderr));
        for (id, then) in *then {
            let answer = answers(&told).into_iter().find(|one| one.0 == *id).unwrap().1;
            match then {
                Lacks(code) => {
                    assert_eq!(answer, "not-met", "{name}: {id}");
                    assert!(lacks(&told, id).iter().any(|one| one == code), "{name}: {id} {:?}", lacks(&told, id));
                }
                Unseen(code) => {
                    assert_eq!(answer, "not-ours", "{name}: {id} {:?}", lacks(&told, id));
                    assert!(unseen(&told, id).iter().any(|one| one == code), "{name}: {id} {:?}", unseen(&told, id));
                }
            }
        }
        let is_failing = fails(&world, "audit") || fails(&world, "verify");
        assert!(met(&told) < before, "{name}: failing judges: {is_failing}");
        if is_failing {
            assert!(!with(&told, "not-met").is_empty(), "{name}");
        }
        world.git(&["reset", "-q", "--hard", head.trim()]);
        world.git(&["clean", "-fdxq"]);
    }
    assert_eq!(met(&document(&world, "s2c2f", 0)), before, "everything was put back");
}

fn sha256(text: &str) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Edits a vendored file and the digest that cargo holds it against.
fn tamper(world: &World) {
    let (old, new) = ("", "pub fn evil() {}\n");
    world.project.write("vendor/bar/src/lib.rs", new);
    let list = world.project.read("vendor/bar/.cargo-checksum.json");
    assert!(list.contains(&sha256(old)));
    world.project.write("vendor/bar/.cargo-checksum.json", list.replace(&sha256(old), &sha256(new)));
}

/// The same, with the digest of the tree in the allow-list.
fn tamper_all(world: &World) {
    let before = sha256(&canonical(&world.project.read("vendor/bar/.cargo-checksum.json")));
    tamper(world);
    let after = sha256(&canonical(&world.project.read("vendor/bar/.cargo-checksum.json")));
    let config = world.project.read(".cargo/config.toml");
    assert!(config.contains(&before), "{config}");
    world.project.write(".cargo/config.toml", config.replace(&before, &after));
    assert!(!fails(world, "verify"), "it agrees with itself");
}

/// The list with sorted keys, `files` and `package` alone.
fn canonical(list: &str) -> String {
    let read: Value = serde_json::from_str(list).unwrap();
    serde_json::json!({"files": read["files"], "package": read["package"]}).to_string()
}

fn policy(world: &World, more: &str) {
    world.policy(&format!("{POLICY}\n\n{more}"));
}

/// What lies in the repository.
const FILES: &[Mutation] = &[
    (
        "a file and its digest are edited",
        true,
        tamper,
        &[
            ("AUD-2", Lacks("not-proven")),
            ("AUD-3", Lacks("not-proven")),
            ("ENF-1", Lacks("not-proven")),
            ("ING-1", Lacks("not-proven")),
            ("ING-2", Lacks("not-proven")),
            ("ING-4", Lacks("not-proven")),
        ],
    ),
    (
        "the allow-list is edited along",
        true,
        tamper_all,
        &[("AUD-3", Lacks("not-proven")), ("ING-4", Lacks("not-proven"))],
    ),
    (
        "a file is edited and not committed",
        false,
        |world| {
            world.project.write("sequester.toml", world.project.read("sequester.toml") + "\n# later\n");
        },
        &[("ENF-2", Lacks("uncommitted")), ("SCA-2", Lacks("uncommitted")), ("ING-1", Lacks("uncommitted"))],
    ),
    (
        "git ignores all of it",
        true,
        |world| {
            world.project.write(".gitignore", "/vendor\nCargo.lock\n.sequester\n.cargo\nsequester.toml\n");
            world.git(&["rm", "-rq", "--cached", "vendor", "Cargo.lock", ".sequester", ".cargo", "sequester.toml"]);
        },
        &[
            ("ING-1", Lacks("uncommitted")),
            ("ING-2", Lacks("uncommitted")),
            ("ING-4", Lacks("uncommitted")),
            ("INV-1", Lacks("uncommitted")),
            ("SCA-2", Lacks("uncommitted")),
            ("AUD-1", Lacks("uncommitted")),
            ("AUD-2", Lacks("uncommitted")),
            ("AUD-3", Lacks("uncommitted")),
            ("ENF-1", Lacks("uncommitted")),
            ("ENF-2", Lacks("uncommitted")),
        ],
    ),
    (
        "git ignores one vendored file",
        true,
        |world| {
            world.project.write(".gitignore", "lib.rs\n");
            world.git(&["rm", "-q", "--cached", "vendor/bar/src/lib.rs"]);
        },
        &[("ING-4", Lacks("uncommitted")), ("AUD-3", Lacks("uncommitted"))],
    ),
    (
        "nothing is vendored",
        true,
        |world| {
            fs::remove_dir_all(world.project.path("vendor")).unwrap();
            fs::remove_dir_all(world.project.path(".cargo")).unwrap();
        },
        &[("AUD-2", Lacks("not-vendored")), ("ING-2", Lacks("not-vendored")), ("AUD-3", Unseen("bytes"))],
    ),
    (
        "nothing is vendored, and the sources are led elsewhere",
        true,
        |world| {
            fs::remove_dir_all(world.project.path("vendor")).unwrap();
            world.project.write(".cargo/config.toml", "paths = [\"evil\"]\n").write("evil/src/lib.rs", "");
            world.project.write("evil/Cargo.toml", "[package]\nname = \"bar\"\nversion = \"1.0.0\"\n[workspace]\n");
        },
        &[("AUD-3", Lacks("led-elsewhere")), ("ING-1", Lacks("led-elsewhere"))],
    ),
    (
        "a folder of the tree has its own configuration",
        true,
        |world| {
            let evil = "[source.crates-io]\nreplace-with = \"evil\"\n[source.evil]\ndirectory = \"/tmp/evil\"\n";
            world.project.write("src/.cargo/config.toml", evil);
        },
        &[("ENF-1", Lacks("not-proven")), ("AUD-3", Lacks("not-proven")), ("ING-4", Lacks("not-proven"))],
    ),
    (
        "the lock file does not answer the manifests",
        true,
        |world| {
            let manifest = world.project.read("Cargo.toml");
            world.project.write("Cargo.toml", manifest.replace("bar = \"1\"", "bar = \"2\""));
        },
        &[("INV-1", Lacks("lock-doubtful")), ("ENF-1", Lacks("proof-undecided")), ("ENF-2", Lacks("lock-doubtful"))],
    ),
    (
        "a checksum is another",
        true,
        |world| {
            let lock = world.project.read("Cargo.lock");
            let checksum = lock.lines().find(|line| line.starts_with("checksum")).unwrap().to_owned();
            world.project.write("Cargo.lock", lock.replace(&checksum, &format!("checksum = \"{}\"", "0".repeat(64))));
        },
        &[("AUD-1", Lacks("bytes-doubtful")), ("AUD-3", Lacks("bytes-doubtful")), ("ENF-1", Lacks("not-proven"))],
    ),
    (
        "an event of the trail is edited",
        true,
        |world| {
            let name = world.events().pop().unwrap();
            let path = format!(".sequester/trail/{name}");
            world.project.write(&path, world.project.read(&path).replace("vendored", "updated"));
        },
        &[("AUD-3", Lacks("undecided")), ("ENF-2", Lacks("undecided"))],
    ),
    (
        "git would check out other bytes",
        true,
        |world| {
            world.project.write(".gitattributes", "Cargo.lock ident\n");
        },
        &[("INV-1", Unseen("commit")), ("AUD-3", Unseen("commit"))],
    ),
];

#[test]
fn files() {
    tried(FILES);
}

/// What the policy and the workflows say.
const RULES: &[Mutation] = &[
    (
        "a shorter age",
        true,
        |world| {
            world.policy("[quarantine]\nmin-publish-age = \"2 days\"\n\n[licenses]\nallow = [\"MIT\"]");
        },
        &[("ENF-2", Lacks("age-too-short"))],
    ),
    (
        "a shorter age for some",
        true,
        |world| {
            policy(world, "[[override]]\ncrates = [\"b*\"]\nmin-publish-age = \"0\"\nreason = \"ours\"");
        },
        &[("ENF-2", Lacks("age-too-short"))],
    ),
    (
        "a registry without an age",
        true,
        |world| {
            policy(world, "[registries.x]\nindex = \"sparse+https://r.example.org/\"\nmin-publish-age = \"0\"");
        },
        &[("ENF-2", Lacks("age-too-short"))],
    ),
    (
        "holds of no time",
        true,
        |world| {
            world.policy(
                "[quarantine]\nnew-crate-age = \"0\"\nsignal-age = \"0\"\n[quarantine.security-fix]\nmin-publish-age = \"0\"\n\n[licenses]\nallow = [\"MIT\"]",
            );
        },
        &[("ENF-2", Lacks("switched-off"))],
    ),
    (
        "signals off",
        true,
        |world| policy(world, "[signals]\nyoung-dependency = \"off\""),
        &[("ENF-2", Lacks("signals-weakened"))],
    ),
    (
        "a whole host of git",
        true,
        |world| {
            let text = world
                .policy_text(POLICY)
                .replace("[sources]\n", "[sources]\nallow-git = [{ url = \"https://github.com\" }]\n");
            world.project.write("sequester.toml", text);
        },
        &[("ING-1", Lacks("git-wide")), ("ENF-2", Lacks("git-unpinned"))],
    ),
    (
        "any commit of a repository",
        true,
        |world| {
            let text = world.policy_text(POLICY);
            let text = text.replace("[sources]\n", "[sources]\nallow-git = [{ url = \"https://github.com/a/b\" }]\n");
            world.project.write("sequester.toml", text);
        },
        &[("ENF-2", Lacks("git-unpinned"))],
    ),
    (
        "no list of licences",
        true,
        |world| {
            world.policy("[quarantine]\nmin-publish-age = \"7 days\"");
        },
        &[("SCA-2", Lacks("no-license-list"))],
    ),
    (
        "another licence",
        true,
        |world| {
            world.policy("[licenses]\nallow = [\"Apache-2.0\"]");
        },
        &[("SCA-2", Lacks("license-not-allowed")), ("ENF-2", Lacks("not-approved"))],
    ),
    (
        "nothing of what nobody maintains",
        true,
        |world| {
            let text = world.policy_text(POLICY).replace("[advisories]\n", "[advisories]\nunmaintained = \"allow\"\n");
            world.project.write("sequester.toml", text);
        },
        &[("SCA-3", Lacks("unmaintained-allowed"))],
    ),
    (
        "no workflow",
        true,
        |world| {
            fs::remove_dir_all(world.project.path(".github")).unwrap();
        },
        &[("UPD-2", Lacks("no-workflow")), ("UPD-3", Lacks("no-workflow"))],
    ),
    (
        "workflows that never run",
        true,
        |world| {
            let never = JUDGE.replace("    runs-on", "    if: false\n    runs-on");
            world.project.write(".github/workflows/sequester.yml", never);
            world.project.write(".github/dependabot.yml", DEPENDABOT.replace("cargo", "npm"));
        },
        &[("UPD-2", Lacks("no-workflow")), ("UPD-3", Lacks("no-workflow"))],
    ),
    (
        "a workflow that only says it",
        true,
        |world| {
            let script = "run: echo cargo-sequester audit --base x";
            let text = JUDGE.replace("run: cargo-sequester audit --base \"$BASE\"", script);
            world.project.write(".github/workflows/sequester.yml", text);
        },
        &[("UPD-3", Lacks("no-workflow"))],
    ),
    (
        "a workflow of which nobody knows",
        true,
        |world| {
            let text = JUDGE.replace("cargo-sequester audit", "true || cargo-sequester audit");
            world.project.write(".github/workflows/sequester.yml", text);
        },
        &[("UPD-3", Unseen("workflows"))],
    ),
    (
        "a workflow that is not committed",
        false,
        |world| {
            world.git(&["rm", "-q", "--cached", ".github/workflows/sequester.yml"]);
            world.git(&["-c", "commit.gpgsign=false", "commit", "-qm", "gone"]);
        },
        &[("UPD-3", Lacks("no-workflow"))],
    ),
];

#[test]
fn rules() {
    tried(RULES);
}

/// What comes from outside the repository, each in a project of its own.
#[test]
fn what_is_known_outside() {
    let world = exemplary();
    world.advisories.add(&Advisory::new("RUSTSEC-2026-0901", "bar").date("2026-11-01").malicious());
    let told = document(&world, "s2c2f", 1);
    for (id, code) in
        [("UPD-1", "vulnerable"), ("ING-3", "malicious"), ("SCA-4", "malicious"), ("ENF-2", "not-approved")]
    {
        assert!(lacks(&told, id).iter().any(|one| one == code), "{id} {:?}", lacks(&told, id));
    }
    // Old advisories, by a policy that lets them be old.
    let world = exemplary();
    let later = world.project.sequester(&[
        "assess",
        "--standard",
        "s2c2f",
        "--now",
        "2027-03-01T00:00:00Z",
        "--format",
        "json",
    ]);
    let told: Value = serde_json::from_str(&later.expect_code(1).stdout).unwrap();
    for id in ["SCA-1", "SCA-3", "SCA-4", "ING-3", "UPD-1", "ENF-2"] {
        assert_eq!(lacks(&told, id), ["advisories-old"], "{id}");
    }
    // An index that no longer has the release.
    let world = exemplary();
    world.registry.delete("bar", "1.0.0");
    let told = document(&world, "s2c2f", 2);
    for code in ["bytes-doubtful", "index-unread"] {
        assert!(lacks(&told, "AUD-3").iter().any(|one| one == code), "{:?}", lacks(&told, "AUD-3"));
    }
    // Archives that cannot be had: the tree agrees with the allow-list, and that is all.
    let world = exemplary();
    fs::remove_dir_all(world.project.cargo_home().join("registry/cache")).unwrap();
    let told = super::assess(&world, "s2c2f", &["--format", "json", "--offline"]);
    let told: Value = serde_json::from_str(&told.stdout).unwrap();
    assert!(unseen(&told, "AUD-3").iter().any(|one| one == "not-derived"), "{:?}", lacks(&told, "AUD-3"));
    assert!(with(&told, "met").iter().any(|one| one == "ENF-1"));
}

/// A package in a folder outside the repository is in no clone of it.
#[test]
fn packages_from_elsewhere() {
    let world = exemplary();
    let outside = world.project.outside().join("outside");
    fs::create_dir_all(outside.join("src")).unwrap();
    fs::write(outside.join("src/lib.rs"), "").unwrap();
    let manifest =
        "[package]\nname = \"outside\"\nversion = \"0.1.0\"\nedition = \"2021\"\nlicense = \"MIT\"\n[workspace]\n";
    fs::write(outside.join("Cargo.toml"), manifest).unwrap();
    let manifest = world
        .project
        .read("Cargo.toml")
        .replace("[dependencies]", "[dependencies]\noutside = { path = \"../outside\" }");
    assert!(manifest.contains("../outside"));
    world.project.write("Cargo.toml", manifest);
    world.project.cargo(&["update", "--workspace", "--offline"]).expect_code(0);
    world.commit();
    let told = document(&world, "s2c2f", 0);
    for id in ["INV-1", "ING-1", "AUD-2", "AUD-3", "ENF-1", "UPD-1", "SCA-2"] {
        assert!(unseen(&told, id).iter().any(|one| one == "outside"), "{id}: {told:#}");
    }
    // RustSec has no advisories about another registry's crates.
    let other = crate::support::TestRegistry::new();
    Package::new("inner", "1.0.0").pubtime(OLD).license(Some("MIT")).publish(&other);
    let mut world =
        World::new().dep_toml(&format!("inner = {{ version = \"1\", registry-index = {:?} }}", other.url()));
    world.advisories = world.advisories.with(&Advisory::new("RUSTSEC-2026-0900", "other").date("2026-11-15"));
    world.policy(&format!("[registries.mine]\nindex = {:?}", other.url()));
    world.lock();
    world.repository();
    let told = document(&world, "s2c2f", 1);
    for id in ["SCA-1", "ING-3", "UPD-1"] {
        assert_eq!(unseen(&told, id), ["not-advised"], "{id}");
    }
}
