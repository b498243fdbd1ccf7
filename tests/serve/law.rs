//! The law: what the server admits, `audit` admits under the same policy, advisories, approvals and posted lock file.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::server::{NOW, World, checksum};
use crate::support::{Advisory, Dice, Package, Project};

/// Names that nobody takes for one another.
const NAMES: [&str; 8] = ["alphabet", "bravery", "cobalt", "dolphin", "elephant", "foxglove", "gymnast", "harvest"];
/// A crate with a vulnerability whose fix is two days old.
const MENDED: &str = "kestrel";
const TIMES: [&str; 7] = [
    "2024-03-01T00:00:00Z",
    "2025-01-01T00:00:00Z",
    "2026-04-20T00:00:00Z",
    "2026-05-20T00:00:00Z",
    "2026-05-27T00:00:00Z",
    "2026-05-30T00:00:00Z",
    "2026-05-31T18:00:00Z",
];
const SOURCE: &str = "registry+https://github.com/rust-lang/crates.io-index";

type Releases = Vec<(&'static str, String)>;

/// A registry of some crates with a few releases each, most of them old.
fn publish(world: &World, dice: &mut Dice) -> Releases {
    let mut releases = Vec::new();
    for name in NAMES {
        let mut at = dice.roll(4);
        for patch in 0..=dice.roll(4) {
            let version = format!("1.{}.{patch}", dice.roll(2));
            if releases.contains(&(name, version.clone())) {
                continue;
            }
            let mut package = Package::new(name, &version).pubtime(TIMES[at.min(TIMES.len() - 1)]);
            if dice.one_in(3) {
                package = package.dep(dice.pick::<&str>(&NAMES), "1");
            }
            if dice.one_in(8) {
                package = package.yanked();
            }
            if dice.one_in(15) {
                package = package.no_pubtime();
            }
            package.publish(&world.registry);
            releases.push((name, version));
            at += dice.roll(3);
        }
    }
    // In each world something is mended that somebody has.
    for (version, at) in [("1.0.0", TIMES[1]), ("1.0.1", "2026-05-30T00:00:00Z")] {
        Package::new(MENDED, version).pubtime(at).publish(&world.registry);
        releases.push((MENDED, version.to_owned()));
    }
    releases
}

fn advise(world: &World, releases: &Releases, dice: &mut Dice) {
    for number in 0..4 {
        let (name, version) = dice.pick(releases);
        let advisory = Advisory::new(&format!("RUSTSEC-2026-010{number}"), name).date("2026-05-28");
        let advisory = match dice.roll(5) {
            0 => advisory.malicious().unaffected(&format!("< {version}")),
            1 => advisory.informational("unsound"),
            _ => advisory.patched(&format!(">= {version}")),
        };
        world.advisories.add(&advisory);
    }
    world.advisories.add(&Advisory::new("RUSTSEC-2026-0198", MENDED).date("2026-05-28").patched(">= 1.0.1"));
    world.advisories.add(&Advisory::new("RUSTSEC-2026-0199", "nobodys").date("2026-06-01"));
}

/// A lock file with these releases.
fn lock(world: &World, releases: impl IntoIterator<Item = (&'static str, String)>) -> String {
    let mut text = "version = 4\n".to_owned();
    for (name, version) in releases {
        let sum = checksum(&world.registry, name, &version);
        let _ = write!(
            text,
            "\n[[package]]\nname = \"{name}\"\nversion = \"{version}\"\nsource = \"{SOURCE}\"\nchecksum = \"{sum}\"\n"
        );
    }
    text
}

fn policy(world: &World, releases: &Releases, dice: &mut Dice) {
    let age = dice.pick::<&str>(&["7 days", "3 days", "14 days", "0"]);
    let (name, version) = dice.pick(releases);
    let sum = checksum(&world.registry, name, version);
    let denied = dice.pick(releases).0;
    let mirror = world.registry.url();
    world.policy(
        "sequester.toml",
        &format!(
            "[quarantine]\nmin-publish-age = \"{age}\"\n\n[sources]\nmirrors = [\"{mirror}\"]\n\n[bans]\ndeny = [\"{denied}@<1.0.1\"]\n\n\
             [[approval]]\ncrate = \"{name}\"\nversion = \"{version}\"\nchecksum = \"{sum}\"\n\
             lifts = [\"too-new\", \"new-crate\", \"signal\", \"pubtime-unknown\"]\nreason = \"looked at\"\n\
             by = \"ana@example.org\"\nat = 2026-05-31\nuntil = 2026-07-01\n"
        ),
    );
}

/// The verdict of `audit` on each of these releases, as new beside the lock file.
fn audited(world: &World, releases: &Releases, locked: &str) -> BTreeMap<(String, String), (String, String)> {
    let project = Project::new().crates_io(&world.registry);
    project.write("old.lock", locked).write("new.lock", lock(world, releases.iter().cloned()));
    let policy = world.path("sequester.toml");
    let arguments = ["audit", "--lockfile", "new.lock", "--base", "old.lock", "--policy", policy.as_str()];
    let said = project.sequester(&[&arguments[..], &["--now", NOW, "--format", "json"]].concat());
    let report: serde_json::Value = serde_json::from_str(&said.stdout).unwrap_or_else(|_| panic!("{}", said.stderr));
    let text = |package: &serde_json::Value, key: &str| package[key].as_str().unwrap().to_owned();
    assert_eq!(report["blockers"], serde_json::json!([]));
    let packages = report["packages"].as_array().unwrap().iter();
    packages
        .map(|one| ((text(one, "name"), text(one, "version")), (text(one, "verdict"), one["reasons"].to_string())))
        .collect()
}

#[test]
fn what_the_server_admits_audit_admits() {
    let (mut admitted, mut fixes, mut held) = (0, 0, 0);
    for seed in 0..8 {
        let mut dice = Dice(seed);
        let world = World::new();
        let releases = publish(&world, &mut dice);
        advise(&world, &releases, &mut dice);
        policy(&world, &releases, &mut dice);
        let mut chosen: BTreeMap<&'static str, String> = BTreeMap::new();
        for (name, version) in releases.iter().filter(|(name, _)| *name != MENDED) {
            if dice.one_in(2) {
                chosen.insert(name, version.clone());
            }
        }
        chosen.insert(MENDED, "1.0.0".to_owned());
        let locked = lock(&world, chosen.clone());
        let server = world.serve();
        let admits = |name: &str, version: &str| is_admitted(&world, &server, name, version);
        let without_lock: Vec<bool> = releases.iter().map(|(name, version)| admits(name, version)).collect();
        server.ask("PUT", "/team/locks/app", "", locked.as_bytes()).expect(200);
        let verdicts = audited(&world, &releases, &locked);
        for ((name, version), before) in releases.iter().zip(without_lock) {
            let is_locked = chosen.get(name) == Some(version);
            let (verdict, reasons) = &verdicts[&((*name).to_owned(), version.clone())];
            let admits = admits(name, version);
            if is_locked {
                continue;
            }
            if admits {
                assert_eq!(verdict, "approved", "seed {seed}: {name} {version}: {reasons}\n{}", policy_text(&world));
                admitted += 1;
                fixes += usize::from(!before);
            } else {
                // And nothing is held here that audit would let in: the same rules were asked.
                assert_ne!(verdict, "approved", "seed {seed}: {name} {version} is held in vain");
                held += 1;
            }
        }
    }
    assert!(admitted > 40 && held > 15, "{admitted} admitted, {held} held");
    assert!(fixes >= 3, "{fixes} worlds had a fix that somebody needed");
}

fn policy_text(world: &World) -> String {
    std::fs::read_to_string(world.path("sequester.toml")).unwrap()
}

/// Whether the server gives a release to whoever asks for it.
fn is_admitted(world: &World, server: &crate::server::Server, name: &str, version: &str) -> bool {
    let status = server.download(&world.registry, "team", name, version).status;
    assert!(matches!(status, 200 | 403), "{name} {version}: {status}");
    let is_shown = server.shows("team", name, version);
    // What cargo may choose it is also given.
    assert!(status == 200 || is_shown != Some(false), "{name} {version}: {is_shown:?}");
    status == 200
}
