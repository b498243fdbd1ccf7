//! What can be asked, and what is said.

use super::*;
use crate::support::Advisory;

#[test]
fn a_list_names_specs_and_ids() {
    let world = with_bad();
    world.advisories.add(
        &Advisory::new("RUSTSEC-2026-0400", "bad")
            .patched(">= 1.0.1")
            .line("aliases = [\"CVE-2026-4000\", \"GHSA-aaaa-bbbb-cccc\"]"),
    );
    Package::new("other", "1.0.0").pubtime(OLD).publish(&world.registry);
    world.project.write("bad.txt", "# of this week\nother@1.0.0\n\nCVE-2026-4000 # an alias\n");
    let document = world.found(&["./bad.txt"], 1);
    assert_eq!(document["suspects"].as_array().unwrap().len(), 2);
    for id in ["RUSTSEC-2026-0400", "ghsa-aaaa-bbbb-cccc", "cve-2026-4000"] {
        assert_eq!(world.found(&[id], 1)["locked"][0]["name"], "bad", "{id}");
    }
    // A withdrawn one is still looked for, and said to be.
    world.advisories.add(&Advisory::new("RUSTSEC-2026-0401", "bad").withdrawn("2026-11-01"));
    let document = world.found(&["RUSTSEC-2026-0401"], 1);
    assert_eq!(document["suspects"][0]["advisory"]["withdrawn"], true);
}

#[test]
fn what_cannot_be_asked_is_refused_with_a_way_out() {
    let world = with_bad();
    world.project.write("empty.txt", "# nothing\n").write("broken.txt", "fine@1.0.0\nnot a spec\n");
    for (asked, says) in [
        ("a b", "is neither a release nor an advisory's id"),
        ("bad@!", "is neither a release nor an advisory's id"),
        ("./none.txt", "cannot be used"),
        ("./empty.txt", "it names nothing"),
        ("./broken.txt", "line 2: `not a spec`"),
        ("RUSTSEC-2099-0001", "there is no advisory `RUSTSEC-2099-0001`"),
    ] {
        let outcome = world.incident(&[asked]).expect_code(2);
        assert!(outcome.stderr.contains(says) && outcome.stderr.contains("help: "), "{asked}: {}", outcome.stderr);
        assert_eq!(outcome.stdout, "");
    }
    world.incident(&[]).expect_code(2);
}

#[test]
fn names_and_ranges_are_compared_as_crates_io_does() {
    let world = with_bad();
    world.project.write("x/Cargo.lock", lock_with("Some_Name", "1.5.0-beta.1"));
    for asked in ["some-name", "SOME_NAME@1.5.0-beta.1", "some-name@<1.5.0", "some-name@>=1, <2", "some_name@1.5"] {
        world.found(&[asked, "--offline"], 1);
    }
    for asked in ["some-nam", "some-name@1.5.0", "some-name@<1.4", "some-name@2"] {
        world.found(&[asked, "--offline"], 0);
    }
}

/// Without a project that can be opened, the repository is looked through all the same.
#[test]
fn a_project_that_cannot_be_opened_is_told() {
    let world = with_bad();
    world.project.write("sequester.toml", "this is no policy");
    let document = world.found(&["bad@1.0.0"], 2);
    assert_eq!(gaps(&document), ["project-unread"]);
    assert_eq!(document["found"], true);
    let outcome = world.incident(&["RUSTSEC-2026-0001"]).expect_code(2);
    assert!(outcome.stderr.contains("what `RUSTSEC-2026-0001` hits is not known"), "{}", outcome.stderr);
}
