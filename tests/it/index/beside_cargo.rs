//! The index cache that is shared with cargo: beside real cargo, and against a second reader of the same entries.

use camino::Utf8Path;
use cargo_sequester::door::model::facts::IndexFact;
use cargo_sequester::door::model::history::Standing;

use super::{DIGEST, World, has, history, line, with_etag};
use crate::loopback::{Ask, Reply};

/// Runs the cargo that builds these tests, as far from this machine's settings as it goes.
fn cargo(world: &World, project: &Utf8Path, offline: bool) -> Result<String, String> {
    let mut command = std::process::Command::new(env!("CARGO"));
    command.arg("generate-lockfile").current_dir(project).env_clear();
    command.env("CARGO_HOME", &world.home).env("HOME", project).env("NO_PROXY", "127.0.0.1");
    command.args(offline.then_some("--offline"));
    let output = command.output().unwrap();
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    Ok(std::fs::read_to_string(project.join("Cargo.lock")).unwrap())
}

fn project(world: &World, root: &Utf8Path) {
    std::fs::create_dir_all(root.join("src")).unwrap();
    std::fs::create_dir_all(root.join(".cargo")).unwrap();
    std::fs::write(root.join("src/lib.rs"), "").unwrap();
    let manifest = "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[dependencies]\n\
         bar = { version = \"1\", registry = \"loop\" }\n";
    std::fs::write(root.join("Cargo.toml"), manifest).unwrap();
    let config = format!("[registries.loop]\nindex = \"sparse+{}\"\n", world.server.url);
    std::fs::write(root.join(".cargo/config.toml"), config).unwrap();
}

#[test]
fn cargo_uses_what_was_written_and_its_own_entries_are_read() {
    for validators in [true, false] {
        let answer = move |ask: &Ask| match ask.path.as_str() {
            "/3/b/bar" if validators => with_etag(ask),
            "/3/b/bar" => Reply::new(200, format!("{}\r\n\n", line("bar", "1.0.0"))),
            _ => Reply::new(404, ""),
        };
        let ours = World::new(answer);
        let dir = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(dir.path()).unwrap();
        project(&ours, root);
        assert!(cargo(&ours, root, true).is_err(), "without a cache cargo knows nothing offline");
        ours.read(&["bar"], true);
        let lock = cargo(&ours, root, true).unwrap();
        assert!(lock.contains("name = \"bar\"\nversion = \"1.0.0\"") && lock.contains(DIGEST), "{lock}");
        let written = std::fs::read(ours.cached("3/b/bar").unwrap()).unwrap();

        std::fs::remove_dir_all(&ours.home).unwrap();
        std::fs::remove_file(root.join("Cargo.lock")).unwrap();
        cargo(&ours, root, false).unwrap();
        assert_eq!(std::fs::read(ours.cached("3/b/bar").unwrap()).unwrap(), written, "the two write the same bytes");
        let cached = ours.read(&["bar"], false);
        assert!(matches!(&cached.index[&ours.id("bar")], IndexFact::Read(history) if has(history, "1.0.0")));
        assert_eq!(cached.configs.len(), 1);
        let asked = ours.server.asked_for("/3/b/bar").len();
        assert_eq!(history(ours.one("bar", true)).standing(), Standing::Confirmed);
        let again = ours.server.asked_for("/3/b/bar")[asked].clone();
        assert_eq!(again.header("if-none-match"), validators.then_some("\"e1\""));
    }
}

#[test]
fn another_reader_of_the_same_cache_agrees() {
    let yanked = line("bar", "1.1.0-rc.1+x").replace("\"yanked\":false", "\"yanked\":true");
    let body = format!("{}\n{}\n{}\n", line("bar", "1.0.0"), yanked, line("bar", "1.2.0"));
    let world = World::new(move |_| Reply::new(200, body.clone()).with("etag", "W/\"weak\""));
    let ours = history(world.one("bar", true));
    let url = format!("sparse+{}", world.server.url);
    let stable = crates_index::HashKind::Stable;
    let theirs = crates_index::SparseIndex::with_path_and_hash_kind(&world.home, url, &stable).unwrap();
    let theirs = theirs.crate_from_cache("bar").unwrap();
    assert_eq!(theirs.versions().len(), 3);
    for version in theirs.versions() {
        let release = ours.release(&version.version().parse().unwrap()).unwrap().unwrap().outline.clone();
        assert_eq!(release.checksum.as_bytes(), version.checksum());
        assert_eq!(release.yanked, version.is_yanked());
        assert_eq!(release.pubtime.known().map(|moment| moment.to_string()).as_deref(), version.pubtime());
    }
}
