//! `--native`: cargo's own key, and not a byte beside it.

use cargo_sequester::door::model::age::Age;
use cargo_sequester::door::write::cargo_config::with_minimum_age;

use super::World;

#[track_caller]
fn spliced(original: &str) -> String {
    String::from_utf8(with_minimum_age(Some(original.as_bytes()), Age::days(7)).unwrap()).unwrap()
}

#[test]
fn g5_everything_else_stays_byte_for_byte() {
    let key = "global-min-publish-age = \"7 days\"";
    assert_eq!(spliced(""), format!("[registry]\n{key}\n"));
    assert_eq!(
        spliced("# mine\n[net]\nretry = 3 # three\n"),
        format!("# mine\n[net]\nretry = 3 # three\n\n[registry]\n{key}\n")
    );
    assert_eq!(
        spliced("[registry] # here\ndefault = \"x\"\n\n[net]\n"),
        format!("[registry] # here\ndefault = \"x\"\n{key}\n\n[net]\n")
    );
    assert_eq!(
        spliced("\u{feff}[net]\r\nretry = 3\r\n"),
        format!("\u{feff}[net]\r\nretry = 3\r\n\r\n[registry]\r\n{key}\r\n")
    );
    assert_eq!(spliced("registry.default = \"x\"\n"), format!("registry.default = \"x\"\nregistry.{key}\n"));
    for kept in ["[registry]\nglobal-min-publish-age = \"3 days\"\n", "registry = { global-min-publish-age = \"0\" }\n"]
    {
        assert_eq!(spliced(kept), kept);
    }
    for refused in ["registry = 3\n", "[[registry]]\n", "[registry"] {
        with_minimum_age(Some(refused.as_bytes()), Age::days(7)).unwrap_err();
    }
}

#[test]
fn cargo_holds_new_releases_by_the_same_age() {
    let world = World::new().dep("aged", "2021-01-01T00:00:00Z").lock();
    let before = world.project.read(".cargo/config.toml");
    world.init(&["--native", "--min-publish-age", "9 days"], 0);
    let after = world.project.read(".cargo/config.toml");
    assert!(after.starts_with(before.trim_end()), "{after}");
    assert!(after.ends_with("[registry]\nglobal-min-publish-age = \"9 days\"\n"), "{after}");
    assert_eq!(world.policy().0.quarantine.min_publish_age.value, Age::days(9));
    world.summary(&[], 0);
    world.project.cargo(&["metadata", "--no-deps", "--format-version=1"]).expect_code(0);
}

#[test]
fn an_age_that_cargo_has_already_stays_and_is_taken_over() {
    let world = World::new().dep("young", "2026-01-28T00:00:00Z").lock();
    let config =
        format!("{}[registry]\nglobal-min-publish-age = \"3 days\"\n", world.project.read(".cargo/config.toml"));
    world.project.write(".cargo/config.toml", &config);
    let told = world.init(&["--native"], 0).stdout;
    assert!(
        told.contains(
            "Took over the minimum age of 3 days, from `registry.global-min-publish-age` in .cargo/config.toml:"
        ),
        "{told}"
    );
    assert_eq!(world.project.read(".cargo/config.toml"), config);
    assert!(world.policy().1.is_empty(), "four days are enough");
}

#[test]
fn a_configuration_that_cannot_be_changed_stops_it_before_anything_is_written() {
    let world = World::new().dep("aged", "2021-01-01T00:00:00Z").lock();
    std::fs::rename(world.project.path(".cargo/config.toml"), world.project.path(".cargo/config")).unwrap();
    let outcome = world.init(&["--native"], 2);
    assert!(outcome.stderr.contains("help: rename it"), "{}", outcome.stderr);
    assert!(!world.has("sequester.toml") && !world.has(".sequester") && !world.has(".cargo/config.toml"));
}
