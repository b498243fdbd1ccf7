//! Advisory files: kinds, spellings, what cannot be read.

use super::*;
use crate::support::shared::shared;

#[test]
fn e3_withdrawn_and_informational_advisories_are_told_apart() {
    let world = World::new();
    for (number, extra) in [
        (1, "informational = \"unsound\""),
        (2, "informational = \"unmaintained\""),
        (3, "informational = \"notice\""),
        (4, "informational = \"something-new\""),
        (5, ""),
        (6, "withdrawn = \"2026-08-02\"\naliases = [\"CVE-2026-0001\"]\nurl = \"https://example.org/a\""),
    ] {
        let id = format!("RUSTSEC-2026-900{number}");
        world.write(&format!("db/crates/lru-fixture/{id}.md"), &advisory(&id, "lru-fixture", extra, "A title"));
    }
    let reading = world.read("db", &["lru-fixture"], at(NOW), false);
    let db = db(&reading);
    let expected = [
        AdvisoryKind::Unsound,
        AdvisoryKind::Unmaintained,
        AdvisoryKind::Notice,
        AdvisoryKind::Notice,
        AdvisoryKind::Vulnerability,
        AdvisoryKind::Vulnerability,
    ];
    assert_eq!(kinds(db, "lru-fixture"), expected);
    let advisories = &db.by_crate["lru-fixture"];
    assert_eq!(
        advisories.iter().map(|one| one.withdrawn).collect::<Vec<_>>(),
        [false, false, false, false, false, true]
    );
    assert_eq!(
        (&*advisories[5].aliases[0], advisories[5].url.as_deref()),
        ("CVE-2026-0001", Some("https://example.org/a"))
    );
    assert!(advisories[4].versions.is_vulnerable(&"1.2.0-rc.1".parse().unwrap()), "ranges are OSV's");
    assert!(!advisories[4].versions.is_vulnerable(&"1.2.0".parse().unwrap()));
}

#[test]
fn e4_malicious_is_known_by_its_category_or_by_its_text() {
    let world = World::new();
    let deleted = "expect-deleted = true";
    let cases = [
        ("by-category", "categories = [\"malicious\"]", "It was removed", AdvisoryKind::Malicious),
        ("by-title", deleted, "It was removed due to malicious code", AdvisoryKind::Malicious),
        ("by-word", deleted, "Contained MALWARE", AdvisoryKind::Malicious),
        ("informational", "categories = [\"malicious\"]\ninformational = \"notice\"", "x", AdvisoryKind::Malicious),
        ("deleted-only", "expect-deleted = true\ninformational = \"unsound\"", "Bad pointer", AdvisoryKind::Unsound),
        ("text-only", "", "A malicious server can crash it", AdvisoryKind::Vulnerability),
    ];
    for (name, extra, title, _) in cases {
        let text = advisory("RUSTSEC-2026-9001", name, extra, title);
        world.write(&format!("db/crates/{name}/RUSTSEC-2026-9001.md"), &text);
    }
    let names: Vec<&str> = cases.iter().map(|case| case.0).collect();
    let reading = world.read("db", &names, at(NOW), false);
    for (name, _, _, kind) in cases {
        assert_eq!(kinds(db(&reading), name), [kind], "{name}");
    }
}

#[test]
fn e5_a_malformed_advisory_fails_its_own_crate_and_no_other() {
    let world = World::new();
    let good = advisory("RUSTSEC-2026-9001", "bad", "", "A title");
    let cases = [
        ("RUSTSEC-2026-9002.md", "no front matter, and longer than twenty bytes: äöü".to_owned()),
        ("RUSTSEC-2026-9003.md", good.replace("9001", "9003").replace("2026-08-01", "2026-13-41")),
        ("RUSTSEC-2026-9004.md", good.replace("9001", "9004").replace("\"bad\"", "\"worse\"")),
        ("RUSTSEC-2026-9005.md", good.clone()),
        ("RUSTSEC-2026-9006.md", good.replace("9001", "9006").replace(">= 1.2.0", "> 1.2.18446744073709551615")),
        ("RUSTSEC-2026-9007.md", good.replace("9001", "9007").replace("\">= 1.2.0\"", "\"= 1.2.0\", \"> 1.2.0\"")),
        ("RUSTSEC-2026-9008.md", good.replace("9001", "9008") + &"x".repeat(300 << 10)),
        ("RUSTSEC-2026-9009.md", String::new()),
    ];
    world.write("db/crates/bad/RUSTSEC-2026-9001.md", &good);
    for (file, text) in &cases {
        world.write(&format!("db/crates/bad/{file}"), text);
    }
    fs::write(world.path("db/crates/bad/RUSTSEC-2026-9010.md"), [b'`', 0xff]).unwrap();
    world.write("db/crates/good/RUSTSEC-2026-9011.md", &advisory("RUSTSEC-2026-9011", "good", "", "A title"));
    let reading = world.read("db", &["bad", "good"], at(NOW), false);
    let db = db(&reading);
    assert_eq!(ids(db, "bad"), ["RUSTSEC-2026-9001"]);
    assert_eq!(ids(db, "good"), ["RUSTSEC-2026-9011"]);
    let unreadable: Vec<&str> = db.unreadable.iter().map(|one| one.file.as_str()).collect();
    let expected: Vec<String> = (2..=9).map(|n| format!("crates/bad/RUSTSEC-2026-900{n}.md")).collect();
    assert_eq!(unreadable[..8], expected);
    assert_eq!(unreadable[8..], ["crates/bad/RUSTSEC-2026-9010.md"]);
    assert!(db.unreadable.iter().all(|one| &*one.crate_name == "bad" && !one.cause.is_empty()));
    assert_eq!(db.total, 11);
    // Nobody asks about `bad`: nothing is wrong.
    assert!(self::db(&world.read("db", &["good"], at(NOW), false)).unreadable.is_empty());
}

#[test]
fn a_crate_is_found_under_every_spelling_of_its_name() {
    let world = World::new();
    for (number, folder) in [(1, "some-Crate"), (2, "some_crate")] {
        let id = format!("RUSTSEC-2026-900{number}");
        world.write(&format!("db/crates/{folder}/{id}.md"), &advisory(&id, folder, "", "A title"));
    }
    let reading = world.read("db", &["Some_crate", "somecrate"], at(NOW), false);
    assert_eq!(ids(db(&reading), "Some_crate"), ["RUSTSEC-2026-9001", "RUSTSEC-2026-9002"]);
    assert!(ids(db(&reading), "somecrate").is_empty());
}

#[test]
fn titles_are_cut_to_a_length() {
    let world = World::new();
    let text = advisory("RUSTSEC-2026-9001", "long", "", &"ä\u{1b}".repeat(4_000));
    world.write("db/crates/long/RUSTSEC-2026-9001.md", &text);
    let reading = world.read("db", &["long"], at(NOW), false);
    assert!(db(&reading).by_crate["long"][0].title.len() <= 500);
}

#[cfg(unix)]
#[test]
fn links_among_the_advisories_fail_their_crate() {
    let world = World::new();
    world.write("elsewhere/RUSTSEC-2026-9001.md", &advisory("RUSTSEC-2026-9001", "linked", "", "A title"));
    fs::create_dir_all(world.path("db/crates/inner")).unwrap();
    std::os::unix::fs::symlink(world.path("elsewhere"), world.path("db/crates/linked")).unwrap();
    let target = world.path("elsewhere/RUSTSEC-2026-9001.md");
    std::os::unix::fs::symlink(target, world.path("db/crates/inner/RUSTSEC-2026-9001.md")).unwrap();
    let reading = world.read("db", &["linked", "inner"], at(NOW), true);
    let names: Vec<&str> = db(&reading).unreadable.iter().map(|one| &*one.crate_name).collect();
    assert_eq!(names, ["inner", "linked"]);
}

#[test]
fn e4_every_advisory_of_the_real_snapshot_is_read_and_its_kind_known() {
    let Some(folder) = shared("advisory-db") else { return };
    let world = World::new();
    let names: Vec<String> = fs::read_dir(folder.join("crates"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let reading = world.read(folder.as_str(), &names, at(NOW), false);
    let db = db(&reading);
    assert_eq!(db.unreadable, []);
    assert_eq!(db.by_crate.values().map(Vec::len).sum::<usize>(), db.total);
    assert!(db.total > 1_000);
    assert_eq!(db.newest, Some("2026-08-20".parse().unwrap()));
    for name in
        ["arone", "aronenao", "tinymember", "logprinter", "arrayref", "append-only-vec", "internment", "onering"]
    {
        assert!(kinds(db, name).contains(&AdvisoryKind::Malicious), "{name}");
    }
    assert_eq!(kinds(db, "vec-const"), [AdvisoryKind::Unsound]);
    let malicious = db.by_crate.values().flatten().filter(|one| one.kind == AdvisoryKind::Malicious);
    let malicious: BTreeSet<&str> = malicious.map(|one| &*one.id).collect();
    // Counted again in the plain text: the category, or a removal with a word for it.
    let mut expected = BTreeSet::new();
    for advisory in db.by_crate.values().flatten() {
        let file = folder.join("crates").join(&*advisory.crate_name).join(format!("{}.md", advisory.id));
        let text = fs::read_to_string(file).unwrap();
        let by_category = text.lines().any(|line| line.starts_with("categories") && line.contains("\"malicious\""));
        let removed = text.contains("expect-deleted = true");
        if by_category || removed && text.to_lowercase().contains("malicious") {
            expected.insert(&*advisory.id);
        }
    }
    assert_eq!(malicious, expected);
    assert_eq!(malicious.len(), 77);
}
