//! What a run comes to: exit codes, the blocks for people, the document for machines.

use super::*;

#[test]
fn everything_approved_is_code_0() {
    let world = World::new().dep("old", "1");
    Package::new("old", "1.0.0").publish(&world.registry);
    world.lock();
    insta::assert_snapshot!(world.both(&[], 0));
}

#[test]
fn what_time_lifts_is_quarantined_with_its_end() {
    let world = World::new().dep("fresh", "1").dep("newborn", "1");
    Package::new("fresh", "1.0.0").publish(&world.registry);
    Package::new("fresh", "1.1.0").pubtime("2026-11-20T11:48:48Z").publish(&world.registry);
    Package::new("newborn", "1.0.0").pubtime("2026-11-01T00:00:00Z").publish(&world.registry);
    world.lock();
    insta::assert_snapshot!(world.both(&[], 1));
}

#[test]
fn what_time_does_not_lift_is_rejected() {
    let world = World::new().dep("bad", "1").dep("undated", "1").dep("banned", "1").dep("middle", "1");
    Package::new("bad", "1.0.0").publish(&world.registry);
    Package::new("undated", "1.0.0").no_pubtime().publish(&world.registry);
    Package::new("banned", "1.0.0").publish(&world.registry);
    Package::new("middle", "1.0.0").dep("leaf", "1").publish(&world.registry);
    Package::new("leaf", "1.0.0").publish(&world.registry);
    Package::new("leaf", "1.0.1").publish(&world.registry);
    world.lock();
    world.advisories.add(&Advisory::new("RUSTSEC-2026-0002", "bad").malicious());
    world.advisories.add(&Advisory::new("RUSTSEC-2026-0003", "leaf").patched(">= 1.0.2"));
    Package::new("leaf", "1.0.2").pubtime("2026-11-21T18:00:00Z").publish(&world.registry);
    world.policy("[bans]\ndeny = [\"banned\"]");
    insta::assert_snapshot!(world.both(&[], 1));
}

#[test]
fn other_bytes_than_the_index_has_are_rejected() {
    let world = World::new().dep("swapped", "1").dep("bare", "1").dep("gone", "1");
    for name in ["swapped", "bare", "gone"] {
        Package::new(name, "1.0.0").publish(&world.registry);
    }
    let lock = world.lock();
    let (before, entry) = lock.split_once("name = \"bare\"").unwrap();
    let (kept, _, rest) = {
        let start = entry.find("checksum").unwrap();
        let end = start + entry[start..].find('\n').unwrap();
        (&entry[..start], &entry[start..end], &entry[end + 1..])
    };
    world.project.write("Cargo.lock", format!("{before}name = \"bare\"{kept}{rest}"));
    Package::new("swapped", "1.0.0").file("src/lib.rs", "pub fn other() {}").publish(&world.registry);
    world.registry.delete_crate("gone");
    let document = world.json(&[], 1);
    assert_eq!(reasons(&document, "swapped"), ["checksum-mismatch"]);
    assert_eq!(reasons(&document, "bare"), ["checksum-missing"]);
    assert_eq!(reasons(&document, "gone"), ["not-in-index"]);
    let human = world.audit(&[]).expect_code(1).stdout;
    insta::assert_snapshot!(world.redact(&human));
}

/// Which command moves it is told, and that it works.
#[test]
fn other_bytes_go_by_the_command_that_is_printed() {
    let world = World::new().dep("swapped", "1");
    Package::new("swapped", "1.0.0").publish(&world.registry);
    Package::new("swapped", "1.0.1").publish(&world.registry);
    let lock = world.lock();
    let start = lock.find("checksum = \"").unwrap() + "checksum = \"".len();
    let other = if lock[start..].starts_with('0') { "1" } else { "0" };
    world.project.write("Cargo.lock", format!("{}{other}{}", &lock[..start], &lock[start + 1..]));
    let told = world.audit(&[]).expect_code(1).stdout;
    let command = told.lines().find_map(|line| Some(line.split_once("help: ")?.1.split_once("cargo sequester ")?.1));
    let command = command.unwrap_or_else(|| panic!("{told}"));
    assert!(command.starts_with("fix "), "{command}");
    world.project.sequester(&command.split(' ').collect::<Vec<_>>()).expect_code(0);
    world.audit(&[]).expect_code(0);
}

/// Cargo resolves nothing beside a locked checksum that the index contradicts; behind the filter one crate's trouble is its own.
#[test]
fn other_bytes_of_one_release_keep_no_other_from_moving() {
    for has_way_out in [true, false] {
        let world = World::new().dep("swapped", "1").dep("young", "1");
        if has_way_out {
            Package::new("swapped", "1.0.0").publish(&world.registry);
        }
        Package::new("swapped", "1.0.1").publish(&world.registry);
        Package::new("young", "1.0.0").publish(&world.registry);
        Package::new("young", "1.0.1").pubtime("2026-11-21T23:00:00Z").publish(&world.registry);
        let lock = world.lock();
        let at = lock.find("name = \"swapped\"").unwrap();
        let at = at + lock[at..].find("checksum = \"").unwrap() + "checksum = \"".len();
        world.project.write("Cargo.lock", format!("{}{}{}", &lock[..at], "0".repeat(64), &lock[at + 64..]));
        let folder = world.advisories.root();
        let run = |verb: &str| world.project.sequester(&[verb, "--now", NOW, "--advisory-db", folder.as_str()]);
        let done = run("fix");
        let after = world.project.read("Cargo.lock");
        let versions: Vec<&str> = after.lines().filter_map(|line| line.strip_prefix("version = \"")).collect();
        if has_way_out {
            done.expect_code(0);
            assert_eq!(versions, ["0.1.0\"", "1.0.0\"", "1.0.0\""]);
            world.audit(&[]).expect_code(0);
        } else {
            assert!(done.stdout.contains("Kept swapped@1.0.1: not approved, because the lock file has"), "{done:?}");
            done.expect_code(1);
            // It stays with the checksum that it had, and nobody takes it for approved.
            assert_eq!(versions, ["0.1.0\"", "1.0.1\"", "1.0.0\""]);
            assert!(after.contains(&"0".repeat(64)), "{after}");
            assert_eq!(reasons(&world.json(&[], 1), "swapped"), ["checksum-mismatch"]);
        }
    }
}

#[test]
fn c8_a_yank_is_a_warning_and_never_a_reason_to_move() {
    let world = World::new().dep("lured", "1");
    Package::new("lured", "1.0.0").publish(&world.registry);
    world.lock();
    Package::new("lured", "1.0.0").yanked().publish(&world.registry);
    Package::new("lured", "1.0.1").pubtime("2026-11-21T23:00:00Z").publish(&world.registry);
    insta::assert_snapshot!(world.both(&["-v"], 0));
    world.policy("");
    let text = world.project.read("sequester.toml").replace("[advisories]", "[advisories]\nyanked = \"reject\"");
    world.project.write("sequester.toml", text);
    let document = world.json(&[], 1);
    assert_eq!(reasons(&document, "lured"), ["yanked"]);
    assert_eq!(package(&document, "lured")["newest_approved"], Value::Null);
}

#[test]
fn a_security_fix_is_approved_early_and_says_why() {
    let world = World::new().dep("mended", "1");
    Package::new("mended", "1.0.0").publish(&world.registry);
    Package::new("mended", "1.0.1").pubtime("2026-11-19T00:00:00Z").publish(&world.registry);
    world.lock();
    world.advisories.add(&Advisory::new("RUSTSEC-2026-0002", "mended").date("2026-11-18").patched(">= 1.0.1"));
    world.advisories.add(&Advisory::new("RUSTSEC-2026-0009", "unrelated").date("2026-11-22"));
    let document = world.json(&["-v"], 0);
    assert_eq!(package(&document, "mended")["basis"]["code"], "security-fix", "{document:#}");
    assert!(world.audit(&["-v"]).stdout.contains("RUSTSEC-2026-0002"));
}

#[test]
fn an_approval_is_of_these_bytes_and_these_reasons() {
    let world = World::new().dep("fresh", "1");
    Package::new("fresh", "1.0.0").publish(&world.registry);
    let checksum = Package::new("fresh", "1.1.0").pubtime("2026-11-20T11:48:48Z").publish(&world.registry);
    world.lock();
    let approval = |checksum: &str, until: &str| {
        format!(
            "[[approval]]\ncrate = \"fresh\"\nversion = \"1.1.0\"\nchecksum = {checksum:?}\nlifts = [\"too-new\"]\n\
             reason = \"read the diff\"\nby = \"ana@example.org\"\nat = 2026-11-21\nuntil = {until}\n"
        )
    };
    world.policy(&approval(&checksum, "2026-12-22"));
    let document = world.json(&[], 0);
    assert_eq!(package(&document, "fresh")["basis"]["code"], "approval");
    world.policy(&approval(&"0".repeat(64), "2026-12-22"));
    assert_eq!(codes(&world.json(&[], 1)["notices"]), ["approval-of-other-bytes"]);
    world.policy(&approval(&checksum, "2026-11-21"));
    assert_eq!(codes(&world.json(&[], 1)["notices"]), ["approval-lapsed"]);
}

#[test]
fn a_crate_in_several_versions_is_judged_by_each() {
    let world = World::new().dep("twice", "1").dep_toml("again = { package = \"twice\", version = \"2\" }");
    Package::new("twice", "1.0.0").publish(&world.registry);
    Package::new("twice", "2.0.0").pubtime("2026-11-21T00:00:00Z").publish(&world.registry);
    world.lock();
    let document = world.json(&[], 1);
    let verdicts: Vec<_> = document["packages"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|package| package["name"] == "twice")
        .map(|package| (package["version"].as_str().unwrap(), package["verdict"].as_str().unwrap()))
        .collect();
    assert_eq!(verdicts, [("1.0.0", "approved"), ("2.0.0", "quarantined")]);
}
