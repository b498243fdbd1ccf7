//! Hostile archives.

use super::*;

#[test]
fn hostile_archives_are_refused_and_leave_nothing() {
    let world = World::new();
    let base = || small(ONE, "2026-08-20T08:00:00Z");
    let linked = |kind| {
        let mut archive = base();
        archive.entry(kind, "db-main/crates/evil/RUSTSEC-2026-9002.md", b"", "/etc/passwd");
        archive.gz()
    };
    let whole = base().gz();
    let mut trailing = whole.clone();
    trailing.extend_from_slice(b"more");
    let tar = base().tar();
    let mut corrupt = whole.clone();
    let end = corrupt.len() - 6;
    corrupt[end] ^= 0xff;
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("parent", base().file("db-main/crates/../../../x.md", "x").gz(), "leads out"),
        ("parent outside crates", base().file("../x", "x").gz(), "leads out"),
        ("absolute", base().file("/db/crates/x/RUSTSEC-2026-9002.md", "x").gz(), "leads out"),
        ("backslashes", base().file("db-main\\..\\..\\x.md", "x").gz(), "leads out"),
        ("drive", base().file("C:/crates/x/RUSTSEC-2026-9002.md", "x").gz(), "leads out"),
        ("symlink", linked(tar::EntryType::Symlink), "neither a file nor a folder"),
        ("hard link", linked(tar::EntryType::Link), "neither a file nor a folder"),
        ("device", linked(tar::EntryType::Char), "neither a file nor a folder"),
        ("fifo", linked(tar::EntryType::Fifo), "neither a file nor a folder"),
        ("twice", base().advisory("RUSTSEC-2026-9001", "lru-fixture").gz(), "collides"),
        ("two tops", base().file("elsewhere/crates/x/RUSTSEC-2026-9002.md", "x").gz(), "collides"),
        ("odd name", base().file("db-main/crates/x/RUSTSEC 2026.md", "x").gz(), "name that no advisory has"),
        ("no crates", TarFixture::of(ONE, NOW).file("db-main/README.md", "x").gz(), "no `crates` folder"),
        ("truncated", whole[..whole.len() / 2].to_vec(), "no whole archive"),
        ("truncated tail", whole[..whole.len() - 4].to_vec(), "no whole archive"),
        ("corrupt checksum", corrupt, "no whole archive"),
        ("truncated tar", gzip(&tar[..tar.len() / 2 - 100]), "no whole archive"),
        ("trailing bytes", trailing, "follows its end"),
        ("a page", b"<!doctype html><p>Sign in".to_vec(), "no whole archive"),
        ("nothing", Vec::new(), "no whole archive"),
    ];
    for (name, body, expected) in cases {
        world.archive("\"x\"", body);
        let reading = world.read(CUSTOM, &["evil", "lru-fixture"], at(NOW), true);
        assert!(cause(&reading).contains(expected), "{name}: {}", cause(&reading));
        assert_eq!(world.generations(), 0, "{name}");
    }
    let left: Vec<_> = fs::read_dir(world.path("")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["cargo-home"]);
}

#[test]
fn a_bomb_is_cut_off() {
    let world = World::new();
    let mut archive = small(ONE, "2026-08-20T08:00:00Z");
    let mut header = tar::Header::new_ustar();
    header.set_path("db-main/bomb").unwrap();
    header.set_size(64 << 20);
    header.set_cksum();
    archive.builder.append(&header, std::io::Read::take(std::io::repeat(0), 64 << 20)).unwrap();
    world.archive("\"x\"", archive.gz());
    let reading = world.read(CUSTOM, &[], at(NOW), true);
    assert!(cause(&reading).contains("too large"), "{}", cause(&reading));
}
