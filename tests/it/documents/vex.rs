//! `vex`: what is said where nobody decided, where somebody did, and of what the policy makes of a fix.

use serde_json::Value;

use crate::audit::{NOW, World};
use crate::support::{Advisory, Package};

/// A package for each answer, each locked at 1.0.0: with a fix that is approved, with a fresh one and with one that is banned; with an
/// ignore that gives no justification; one that does harm, which is ignored in vain; and a folder with the name of somebody else's crate.
fn world() -> World {
    let world = World::new().dep_toml("beside = { path = \"beside\" }");
    let names = ["approved", "young", "banned", "accepted", "harmful"];
    let world = names.iter().fold(world, |world, name| world.dep(name, "1"));
    for (number, name) in names.iter().enumerate() {
        Package::new(name, "1.0.0").publish(&world.registry);
        let advisory = Advisory::new(&format!("RUSTSEC-2026-010{number}"), name);
        world.advisories.add(&match *name {
            "harmful" => advisory.malicious(),
            "accepted" => advisory,
            _ => advisory.patched(">= 1.0.1"),
        });
    }
    world.advisories.add(&Advisory::new("RUSTSEC-2026-0109", "beside").patched(">= 1.0.1"));
    let project = &world.project;
    project.write("beside/src/lib.rs", "");
    project.write("beside/Cargo.toml", "[package]\nname = \"beside\"\nversion = \"1.0.0\"\n");
    let ignore =
        |id: &str| format!("[[advisories.ignore]]\nid = {id:?}\nreason = \"never called\"\nuntil = \"2099-12-31\"\n");
    let deny = "[bans]\ndeny = [\"banned@1.0.1\"]\n";
    world.policy(&[deny, &ignore("RUSTSEC-2026-0103"), &ignore("RUSTSEC-2026-0104")].concat());
    world.lock();
    for name in ["approved", "banned"] {
        Package::new(name, "1.0.1").publish(&world.registry);
    }
    Package::new("young", "1.0.1").pubtime("2026-11-21T23:00:00Z").publish(&world.registry);
    world
}

#[test]
fn each_answer_says_what_to_do_and_claims_no_more() {
    let world = world();
    let told = world.project.sequester(&["vex", "--now", NOW, "--author", "Ana <ana@example.org>"]);
    let document: Value = serde_json::from_str(&told.expect_code(0).stdout).unwrap();
    let of = |id: &str| -> (String, String) {
        let all = document["statements"].as_array().unwrap();
        let one = all.iter().find(|one| one["vulnerability"]["name"] == id).unwrap_or_else(|| panic!("{document:#}"));
        let said = one["action_statement"].as_str().or(one["status_notes"].as_str()).unwrap();
        (one["status"].as_str().unwrap().to_owned(), said.to_owned())
    };
    let open = |words: &str| {
        ("under_investigation".to_owned(), format!("nobody has said whether the code is reached; {words}"))
    };
    let affected = |words: &str| ("affected".to_owned(), words.to_owned());
    assert_eq!(of("RUSTSEC-2026-0100"), open("approved 1.0.1 mends it, which the policy approves"));
    let (status, words) = of("RUSTSEC-2026-0101");
    assert_eq!(status, "under_investigation");
    assert!(words.contains("young 1.0.1 mends it, which the policy holds until 2026-11-"), "{words}");
    assert!(words.ends_with("(too-new)"), "{words}");
    assert_eq!(of("RUSTSEC-2026-0102"), open("banned 1.0.1 mends it, which the policy rejects (denied)"));
    assert_eq!(of("RUSTSEC-2026-0103"), affected("accepted until the end of 2099-12-31: never called"));
    assert_eq!(of("RUSTSEC-2026-0104"), affected("remove harmful: it was made to do harm"));
    // Of a folder nobody knows whether it is the same code, whatever mends the crate of its name.
    let (status, words) = of("RUSTSEC-2026-0109");
    assert_eq!(status, "under_investigation");
    assert!(words.contains("whether this code is the same, nobody has said"), "{words}");
}
