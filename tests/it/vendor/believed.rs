//! What a cache or the repository says of itself is not believed: index entries, notes, journals.

use sha2::Digest as _;

use super::{beside_trail, each_file, everything, locked, project, publish, vendor};
use crate::support::{Package, Project, TestRegistry};

fn sha(text: impl AsRef<[u8]>) -> String {
    sha2::Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Rewrites cargo's cached index entry of a crate, and leaves its validators as they are.
pub(crate) fn rewrite_cached(project: &Project, name: &str, old: &str, new: &str) {
    assert_eq!(old.len(), new.len(), "the entry keeps its length");
    let mut rewritten = 0;
    each_file(&project.cargo_home().join("registry/index"), &mut |path, _| {
        let mut bytes = std::fs::read(path).unwrap();
        if path.file_name() == Some(name)
            && let Some(at) = bytes.windows(old.len()).position(|part| part == old.as_bytes())
        {
            bytes[at..at + new.len()].copy_from_slice(new.as_bytes());
            std::fs::write(path, bytes).unwrap();
            rewritten += 1;
        }
    });
    assert_eq!(rewritten, 1);
}

const NOW: [&str; 2] = ["--now", "2026-11-21T00:00:00Z"];

#[test]
fn an_index_entry_that_was_rewritten_under_its_etag_is_not_confirmed_by_the_registry() {
    let registry = TestRegistry::new();
    publish(&registry);
    Package::new("fresh", "1.0.0").pubtime("2026-11-20T00:00:00Z").publish(&registry);
    let project = project(&registry).dep("bar", "1").dep("fresh", "1");
    project.lock_with_cargo();
    rewrite_cached(&project, "fresh", "2026-11-20", "2026-01-20");
    let before = everything(&project);
    let held = vendor(&project, &NOW).expect_code(1);
    assert!(held.stdout.contains("fresh@1.0.0") && held.stdout.contains("too-new"), "{}", held.stdout);
    assert_eq!(everything(&project), before);

    // Lock file, index entry and archive that were made to agree with one another do not agree with the registry.
    let genuine = sha(registry.archive("bar", "1.1.0").unwrap());
    let evil = Package::new("bar", "1.1.0").dep("leaf", "^0.1").file("src/lib.rs", "compile_error!();").archive();
    project.cargo(&["fetch", "--locked"]).expect_code(0);
    each_file(&project.cargo_home().join("registry/cache"), &mut |path, _| {
        if path.file_name() == Some("bar-1.1.0.crate") {
            std::fs::write(path, &evil).unwrap();
        }
    });
    rewrite_cached(&project, "bar", &genuine, &sha(&evil));
    let lock = project.read("Cargo.lock");
    project.write("Cargo.lock", lock.replace(&genuine, &sha(&evil)));
    let refused = vendor(&project, &NOW).expect_code(1);
    assert!(refused.stdout.contains("checksum-mismatch"), "{}", refused.stdout);
    assert!(!project.path("vendor").exists());
}

#[test]
fn offline_what_is_cached_is_used_and_called_so() {
    let registry = TestRegistry::new();
    let project = locked(&registry);
    project.cargo(&["fetch", "--locked"]).expect_code(0);
    let done = vendor(&project, &["--offline", "--format", "json"]).expect_code(0);
    let json = super::layout::document(&done.stdout);
    let codes: Vec<_> = json["audit"]["notices"].as_array().unwrap().iter().map(|one| one["code"].clone()).collect();
    assert!(codes.contains(&"index-from-cache".into()), "{codes:?}");
}

#[test]
fn notes_of_derived_trees_are_not_believed() {
    let registry = TestRegistry::new();
    let project = locked(&registry);
    vendor(&project, &[]).expect_code(0);
    let genuine = beside_trail(&project);
    // Tree, list and the notes that earlier versions kept, all of one mind.
    let evil = "compile_error!(\"evil\");\n";
    let list = project.read("vendor/bar/.cargo-checksum.json").replace(&sha("pub use leaf::leaf;\n"), &sha(evil));
    project.write("vendor/bar/src/lib.rs", evil).write("vendor/bar/.cargo-checksum.json", &list);
    let (archive, line) = (sha(registry.archive("bar", "1.1.0").unwrap()), registry.index_file("bar").unwrap());
    let notes = format!(
        "{{\"tool\":\"{}\",\"trees\":{{\"bar@1.1.0 {archive} tree\":{{\"line\":\"{}\",\"tree\":\"{}\"}}}}}}",
        env!("CARGO_PKG_VERSION"),
        sha(line.trim_end()),
        sha(&list)
    );
    let home = project.cargo_home().join("sequester");
    std::fs::create_dir_all(&home).unwrap();
    std::fs::write(home.join("derived-trees.json"), notes).unwrap();
    let printed = vendor(&project, &["--no-config"]).expect_code(0);
    assert!(!printed.stdout.contains(&sha(&list)), "{}", printed.stdout);
    assert_eq!(beside_trail(&project), genuine);
}

#[test]
fn a_journal_that_came_with_the_repository_is_not_followed() {
    let registry = TestRegistry::new();
    let project = locked(&registry);
    vendor(&project, &[]).expect_code(0);
    project.write("vendor/mine/notes.txt", "the only copy\n");
    project.write("vendor/.sequester-stage-7/.sequester-stage-id", "7");
    let journal = "{\"version\":1,\"id\":\"7\",\"target\":\"vendor\",\"inside\":true,\"method\":\"entries\",\"entries\":[{\"name\":\"mine\",\"old\":true,\"new\":false}],\"config\":null}";
    project.write(".sequester/journal.json", journal);
    let before = everything(&project);
    let refused = vendor(&project, &[]).expect_code(2);
    assert!(refused.stderr.contains("journal.json") && refused.stderr.contains("\nhelp: "), "{}", refused.stderr);
    assert_eq!(everything(&project), before);
    // The way out that it names works, and leaves what is not ours.
    std::fs::remove_file(project.path(".sequester/journal.json")).unwrap();
    vendor(&project, &[]).expect_code(1);
    assert_eq!(project.read("vendor/mine/notes.txt"), "the only copy\n");
}
