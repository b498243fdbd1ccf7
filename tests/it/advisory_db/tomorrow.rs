//! Advisory files that are written for a later version: their ranges are what counts, and what cannot be told is told of their crate alone.

use super::*;
use crate::support::shared::shared;

/// An advisory with more tables behind its ranges.
fn with_tables(id: &str, extra: &str, tables: &str) -> String {
    let text = advisory(id, "foo", extra, "A title");
    let (head, rest) = text.split_once("\n```\n").unwrap();
    format!("{head}\n{tables}\n```\n{rest}")
}

#[test]
fn e5_a_field_of_tomorrow_leaves_the_ranges_to_count() {
    let cases = [
        ("an unknown system", "", "[affected]\nos = [\"linux\", \"nuttx\", \"a-new-os\"]"),
        ("an unknown architecture", "", "[affected]\narch = [\"riscv128\"]"),
        ("a score of a later version", "cvss = \"CVSS:5.0/AV:N\"", ""),
        ("a function by an odd path", "", "[affected.functions]\n\"alone\" = [\"< 1.2.0\"]"),
        ("a function by no path", "", "[affected.functions]\n\"foo::<T>::bar\" = [\"< 1.2.0\"]"),
        ("a version of a function", "", "[affected.functions]\n\"foo::bar\" = [\"next\"]"),
        ("a platform as a text", "", "[affected]\nos = \"windows\""),
        ("an address of another form", "url = \"see the tracker\"", ""),
        ("references of another form", "references = [{ id = 1 }]", ""),
        ("a kind of another form", "informational = { kind = \"unsound\" }", ""),
        ("an id of another form", "aliases = [\"CVE-x\", 7]", ""),
        ("keywords of another form", "keywords = 3", ""),
        ("a moment instead of a day", "withdrawn-by = 2026-08-02", "[advisory.more]\nx = 1"),
    ];
    for (what, extra, tables) in cases {
        let world = World::new();
        world.write("db/crates/foo/RUSTSEC-2026-9001.md", &with_tables("RUSTSEC-2026-9001", extra, tables));
        let reading = world.read("db", &["foo"], at(NOW), false);
        let db = db(&reading);
        assert_eq!(db.unreadable, [], "{what}");
        let [one] = &db.by_crate["foo"][..] else { panic!("{what}") };
        assert_eq!((&*one.id, one.kind, &*one.title), ("RUSTSEC-2026-9001", AdvisoryKind::Vulnerability, "A title"));
        assert!(one.versions.is_vulnerable(&"1.1.9".parse().unwrap()), "{what}");
        assert!(!one.versions.is_vulnerable(&"1.2.0".parse().unwrap()), "{what}");
    }
}

#[test]
fn the_platforms_of_an_advisory_are_kept_known_or_not() {
    let platforms = |tables: &str| {
        let world = World::new();
        world.write("db/crates/foo/RUSTSEC-2026-9001.md", &with_tables("RUSTSEC-2026-9001", "", tables));
        let reading = world.read("db", &["foo"], at(NOW), false);
        let one = &db(&reading).by_crate["foo"][0];
        let texts = |list: &[Box<str>]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
        (texts(&one.os), texts(&one.arch))
    };
    let list = |texts: &[&str]| texts.iter().map(ToString::to_string).collect::<Vec<_>>();
    let known = platforms("[affected]\nos = [\"windows\"]\narch = [\"x86\", \"x86_64\"]");
    assert_eq!(known, (list(&["windows"]), list(&["x86", "x86_64"])));
    let unknown = platforms("[affected]\nos = [\"windows\", \"a-new-os\"]\narch = [\"x86\"]");
    assert_eq!(unknown, (list(&["windows", "a-new-os"]), list(&["x86"])));
    assert_eq!(platforms(""), (list(&[]), list(&[])));
}

#[test]
fn e4_malice_is_believed_in_whatever_form_it_is_said() {
    for extra in [
        "cvss = \"CVSS:5.0/AV:N\"\ncategories = [\"malicious\"]",
        "categories = [{ name = \"Malicious\" }]",
        "categories = \"malicious\"",
        "keywords = 3\nexpect-deleted = \"since 2026\"",
    ] {
        let world = World::new();
        let text = advisory("RUSTSEC-2026-9001", "foo", extra, "It contained malware");
        world.write("db/crates/foo/RUSTSEC-2026-9001.md", &text);
        let reading = world.read("db", &["foo"], at(NOW), false);
        assert_eq!(kinds(db(&reading), "foo"), [AdvisoryKind::Malicious], "{extra}");
    }
}

#[test]
fn e3_a_withdrawn_advisory_never_counts_however_it_is_written() {
    let withdrawn = |text: &str| {
        let world = World::new();
        world.write("db/crates/foo/RUSTSEC-2026-9001.md", text);
        let reading = world.read("db", &["foo"], at(NOW), false);
        let db = db(&reading);
        db.unreadable.is_empty() && db.by_crate.values().flatten().all(|one| one.withdrawn)
    };
    let day = "withdrawn = \"2026-08-02\"";
    assert!(withdrawn(&with_tables("RUSTSEC-2026-9001", day, "[affected.functions]\n\"alone\" = [\"*\"]")));
    assert!(withdrawn(&with_tables("RUSTSEC-2026-9001", "withdrawn = 2026-08-02", "")));
    assert!(withdrawn(&advisory("RUSTSEC-2026-9001", "foo", day, "x").replace(">= 1.2.0", "from tomorrow on")));
    // Only a day says so.
    assert!(!withdrawn(&advisory("RUSTSEC-2026-9001", "foo", "withdrawn = \"soon\"", "x")));
    assert!(!withdrawn(&advisory("RUSTSEC-2026-9001", "foo", "", "x").replace(">= 1.2.0", "from tomorrow on")));
}

#[test]
fn what_cannot_be_read_may_be_ignored_unless_it_may_be_malice() {
    let ignorable = |text: &str| {
        let world = World::new();
        world.write("db/crates/foo/RUSTSEC-2026-9001.md", text);
        let reading = world.read("db", &["foo"], at(NOW), false);
        let [one] = &db(&reading).unreadable[..] else { panic!("{text}") };
        assert!(!one.cause.contains('\n'), "{}", one.cause);
        one.ignorable.as_deref().map(str::to_owned)
    };
    let unreadable =
        |extra: &str| advisory("RUSTSEC-2026-9001", "foo", extra, "A malicious peer").replace(">= 1.2.0", "tomorrow");
    assert_eq!(ignorable(&unreadable("")).as_deref(), Some("RUSTSEC-2026-9001"));
    assert_eq!(ignorable(&unreadable("categories = [\"malicious\"]")), None);
    assert_eq!(ignorable(&unreadable("expect-deleted = true")), None);
    assert_eq!(ignorable("malicious, and without any form"), None);
}

/// Whatever rustsec reads, the way around it reads alike: with a field of tomorrow every real advisory says the same.
#[test]
fn every_advisory_of_the_real_snapshot_is_read_alike_with_a_field_of_tomorrow() {
    let Some(folder) = shared("advisory-db") else { return };
    let names: Vec<String> = fs::read_dir(folder.join("crates"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let world = World::new();
    for name in &names {
        for file in fs::read_dir(folder.join("crates").join(name)).unwrap() {
            let file = Utf8PathBuf::try_from(file.unwrap().path()).unwrap();
            let text = fs::read_to_string(&file).unwrap();
            let later = text.replacen("[advisory]\n", "[advisory]\ncollection = [\"of tomorrow\"]\n", 1);
            assert_ne!(later, text, "{file}");
            world.write(&format!("db/crates/{name}/{}", file.file_name().unwrap()), &later);
        }
    }
    let (today, tomorrow) =
        (world.read(folder.as_str(), &names, at(NOW), false), world.read("db", &names, at(NOW), false));
    let (today, tomorrow) = (db(&today), db(&tomorrow));
    assert_eq!(tomorrow.unreadable, []);
    for (name, advisories) in &today.by_crate {
        for (one, other) in advisories.iter().zip(&tomorrow.by_crate[name]) {
            assert_eq!(
                (&one.id, one.date, one.kind, one.withdrawn),
                (&other.id, other.date, other.kind, other.withdrawn)
            );
            assert_eq!(
                (&one.title, &one.aliases, &one.os, &one.arch),
                (&other.title, &other.aliases, &other.os, &other.arch)
            );
            assert_eq!(one.versions, other.versions, "{}", one.id);
        }
    }
}
