//! What is away, what is gone, and what says something else than before.

use crate::server::{NOW, OLD, Server, World, YOUNG, checksum};
use crate::support::{Package, Reply};

fn world() -> World {
    let world = World::new();
    Package::new("bar", "1.0.0").pubtime(OLD).publish(&world.registry);
    Package::new("bar", "1.1.0").pubtime("2025-06-01T00:00:00Z").publish(&world.registry);
    world
}

#[test]
fn a_registry_that_is_away_is_answered_for_as_long_as_its_last_answer_may_be_shown() {
    let world = world();
    let server = world.serve();
    server.index("team", "bar").expect(200);
    server.download(&world.registry, "team", "bar", "1.0.0").expect(200);
    let sum = checksum(&world.registry, "bar", "1.1.0");
    world.registry.reply("*", Reply::hang_up().times(10_000));
    assert_eq!(server.index("team", "bar").expect(200).header("x-sequester-stale"), Some("1"));
    server.download(&world.registry, "team", "bar", "1.0.0").expect(200);
    let unknown = server.index("team", "never-seen").expect(503);
    assert!(unknown.header("retry-after").is_some());
    server.get(&format!("/team/crates-io/crates/bar/1.1.0/{sum}")).expect(503);
    drop(server);
    // Ten days later, which is longer than the seven that are allowed.
    let later = Server::start(
        &world,
        &["--config", world.path("serve.toml").as_str(), "--store", world.path("store").as_str()],
        "2026-06-11T00:00:00Z",
    );
    later.index("team", "bar").expect(503);
    world.registry.be_itself();
    // A registry that could not be reached is left alone for a few seconds.
    let begun = std::time::Instant::now();
    while later.index("team", "bar").status != 200 {
        assert!(begun.elapsed().as_secs() < 20, "it is there again");
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
}

#[test]
fn what_the_registry_deletes_is_gone_for_what_is_new_and_kept_for_who_has_it() {
    let world = world();
    let server = world.serve();
    let project = world.project(&server, "team").dep("bar", "=1.1.0");
    project.cargo(&["build"]).expect_code(0);
    let lock = project.read("Cargo.lock");
    server.ask("PUT", "/team/locks/app", "", lock.as_bytes()).expect(200);
    let sum = checksum(&world.registry, "bar", "1.1.0");
    world.registry.delete("bar", "1.1.0");
    world.registry.forget_requests();
    assert_eq!(server.shows("team", "bar", "1.1.0"), Some(true), "kept, and chosen by nobody");
    // It is believed after a second answer that no cache between could have given.
    let asked = world.registry.requests();
    let asked: Vec<_> = asked.iter().filter(|one| one.path == "/index/3/b/bar").collect();
    assert_eq!(asked.len(), 2, "{asked:?}");
    assert_eq!(asked[1].headers.get("cache-control").map(String::as_str), Some("no-cache"));
    let again = world.project(&server, "team").dep("bar", "=1.1.0").file("Cargo.lock", &lock);
    again.cargo(&["build", "--locked"]).expect_code(0);
    let new = world.project(&server, "team").dep("bar", "=1.1.0");
    assert_ne!(new.cargo(&["generate-lockfile"]).code, 0);
    server.get(&format!("/team/crates-io/crates/bar/1.1.0/{sum}")).expect(200);
    world.registry.delete_crate("bar");
    server.index("team", "bar").expect(200);
    assert_eq!(server.shows("team", "bar", "1.0.0"), None, "nobody has it");
    assert!(server.end().contains("is gone"));
}

#[test]
fn a_release_that_comes_back_with_other_bytes_or_another_time_is_refused() {
    let world = world();
    let server = world.serve();
    assert_eq!(server.shows("team", "bar", "1.1.0"), Some(false));
    Package::new("bar", "1.1.0").pubtime("2025-06-01T00:00:00Z").file("src/evil.rs", "x").publish(&world.registry);
    Package::new("bar", "1.0.0").pubtime("2024-01-01T00:00:00Z").publish(&world.registry);
    assert_eq!(server.shows("team", "bar", "1.1.0"), Some(true));
    assert_eq!(server.shows("team", "bar", "1.0.0"), Some(true));
    let refused = server.download(&world.registry, "team", "bar", "1.1.0").expect(403);
    assert!(refused.text().contains("checksum"), "{}", refused.text());
    drop(server);
    // The store remembers, and so does another node.
    let server = world.serve();
    assert_eq!(server.shows("team", "bar", "1.1.0"), Some(true));
    assert!(server.end().is_empty() || !checksum(&world.registry, "bar", "1.1.0").is_empty());
}

#[test]
fn what_comes_late_with_an_old_date_is_as_old_as_the_first_look_at_it() {
    let world = world();
    Package::new("held", "1.0.0").pubtime(OLD).publish(&world.registry);
    Package::new("held", "1.1.0").pubtime(crate::server::YOUNG).publish(&world.registry);
    let server = world.serve();
    assert_eq!(server.shows("team", "held", "1.1.0"), Some(true));
    Package::new("held", "1.2.0").pubtime(OLD).publish(&world.registry);
    assert_eq!(server.shows("team", "held", "1.2.0"), Some(true));
    server.download(&world.registry, "team", "held", "1.2.0").expect(403);
    let metrics = server.get("/metrics").text();
    assert!(metrics.contains("contradiction"), "{metrics}");
    // Nor are held bytes given under another number.
    let (young, own) = (checksum(&world.registry, "held", "1.1.0"), checksum(&world.registry, "held", "1.0.0"));
    let lines = world.registry.index_file("held").unwrap();
    let first = lines.lines().next().unwrap().to_owned();
    let twin = first.replace("\"vers\":\"1.0.0\"", "\"vers\":\"1.0.9\"").replace(&own, &young);
    let path = crate::support::TestRegistry::index_path("held");
    world.registry.reply(&path, Reply::ok(format!("{lines}{twin}\n")));
    server.index("team", "held").expect(200);
    server.get(&format!("/team/crates-io/crates/held/1.0.9/{young}")).expect(403);
    server.download(&world.registry, "team", "held", "1.0.0").expect(200);
    // And nobody's first lock file makes up for that.
    let late = checksum(&world.registry, "held", "1.2.0");
    let lock = format!(
        "version = 4\n\n[[package]]\nname = \"held\"\nversion = \"1.2.0\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\nchecksum = \"{late}\"\n"
    );
    let posted = server.ask("PUT", "/team/locks/app", "", lock.as_bytes()).expect(200).text();
    assert!(posted.contains("#held@1.2.0"), "{posted}");
    server.download(&world.registry, "team", "held", "1.2.0").expect(403);
}

/// A lock file of one release, with these bytes.
fn locked(name: &str, version: &str, checksum: &str) -> String {
    format!(
        "version = 4\n\n[[package]]\nname = \"{name}\"\nversion = \"{version}\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\nchecksum = \"{checksum}\"\n"
    )
}

/// A registry that gives a number to other bytes takes those from nobody who has the first ones locked.
#[test]
fn what_was_locked_stays_when_its_registry_changes_it() {
    let world = world();
    let server = world.serve();
    let project = world.project(&server, "team").dep("bar", "=1.1.0");
    project.cargo(&["build"]).expect_code(0);
    let (lock, first) = (project.read("Cargo.lock"), checksum(&world.registry, "bar", "1.1.0"));
    Package::new("bar", "1.1.0").pubtime("2025-06-01T00:00:00Z").file("src/evil.rs", "x").publish(&world.registry);
    let (old, new) = (format!("/team/crates-io/crates/bar/1.1.0/{first}"), checksum(&world.registry, "bar", "1.1.0"));
    let new = format!("/team/crates-io/crates/bar/1.1.0/{new}");
    // As long as nobody has said that it is locked, it says whose doing that is.
    let refused = server.get(&old).expect(403).text();
    assert!(refused.contains("has changed it") && refused.contains("did nothing wrong"), "{refused}");
    server.get(&new).expect(403);
    let strange = server.get(&format!("/team/crates-io/crates/bar/1.1.0/{}", "a".repeat(64))).expect(403).text();
    assert!(strange.contains("these are other bytes"), "{strange}");
    server.ask("PUT", "/team/locks/app", "", locked("bar", "1.1.0", &first).as_bytes()).expect(200);
    server.get(&old).expect(200);
    server.get(&new).expect(403);
    let again = world.project(&server, "team").dep("bar", "=1.1.0").file("Cargo.lock", &lock);
    again.cargo(&["build", "--locked"]).expect_code(0);
    drop(server);
    // The store remembers, and so does another node; nobody takes it up anew.
    let server = world.serve();
    server.get(&old).expect(200);
    let again = world.project(&server, "team").dep("bar", "=1.1.0").file("Cargo.lock", &lock);
    again.cargo(&["build", "--locked"]).expect_code(0);
    let anew = world.project(&server, "team").dep("bar", "=1.1.0");
    assert_ne!(anew.cargo(&["generate-lockfile"]).code, 0);
}

/// An old line that suddenly asks for more is believed by nobody, and whoever has the release goes on with what it asked for.
#[test]
fn dependencies_that_change_under_an_old_number_are_not_believed() {
    let world = world();
    Package::new("evil", "1.0.0").pubtime(OLD).publish(&world.registry);
    let server = world.serve();
    let project = world.project(&server, "team").dep("bar", "=1.0.0");
    project.cargo(&["build"]).expect_code(0);
    let lock = project.read("Cargo.lock");
    drop(server);
    // Notes of a version that did not look at it are taken as they are.
    let notes = world.path("store/seen/crates-io/bar");
    let text = std::fs::read_to_string(&notes).unwrap();
    let mut older: serde_json::Value = serde_json::from_str(&text).unwrap();
    for release in older["releases"].as_object_mut().unwrap().values_mut() {
        assert!(release.as_object_mut().unwrap().remove("resolution").is_some());
    }
    std::fs::write(&notes, older.to_string()).unwrap();
    let server = world.serve();
    let lines = world.registry.index_file("bar").unwrap();
    let path = crate::support::TestRegistry::index_path("bar");
    // What says nothing new to a resolver is no contradiction.
    let respelled =
        lines.replace("\"features\":{}", "\"features\":{},\"features2\":{},\"rust_version\":\"1.60\",\"v\":2");
    world.registry.reply(&path, Reply::ok(respelled));
    assert_eq!(server.shows("team", "bar", "1.0.0"), Some(false));
    assert!(server.get("/metrics").text().contains("{kind=\"contradiction\"} 0\n"));
    let dependency = r#""deps":[{"name":"evil","req":"^1","features":[],"optional":false,"default_features":true,"target":null,"kind":"normal"}]"#;
    let more = lines.replacen("\"deps\":[]", dependency, 1);
    assert_ne!(more, lines);
    world.registry.be_itself().reply(&path, Reply::ok(more));
    assert_eq!((server.shows("team", "bar", "1.0.0"), server.shows("team", "bar", "1.1.0")), (Some(true), Some(false)));
    let shown = server.index("team", "bar").expect(200).text();
    assert!(!shown.contains("evil"), "{shown}");
    let refused = server.download(&world.registry, "team", "bar", "1.0.0").expect(403).text();
    assert!(refused.contains("other dependencies or features"), "{refused}");
    let page = server.get("/team/").expect(200).text();
    assert!(page.contains("bar 1.0.0 has other dependencies or features than before"), "{page}");
    let sum = checksum(&world.registry, "bar", "1.0.0");
    server.ask("PUT", "/team/locks/app", "", locked("bar", "1.0.0", &sum).as_bytes()).expect(200);
    let again = world.project(&server, "team").dep("bar", "=1.0.0").file("Cargo.lock", &lock);
    again.cargo(&["build", "--locked"]).expect_code(0);
    drop(server);
    let server = world.serve();
    assert!(!server.index("team", "bar").expect(200).text().contains("evil"));
    server.download(&world.registry, "team", "bar", "1.0.0").expect(200);
    drop(server);
    // Somebody looked at it, and says by the digest of the alarm that these are right.
    let now = page.split_once("than before (now ").unwrap().1.get(..64).unwrap();
    let correct = |digest: &str| {
        let entry = format!(
            "[[registries.crates-io.corrections]]\ncrate = \"bar\"\nversion = \"1.0.0\"\nchecksum = \"{sum}\"\npubtime = \"{OLD}\"\ndependencies = \"{digest}\"\nby = \"Ana\"\nreason = \"the registry says why\"\n"
        );
        world.serve_by(&format!("{}\n{entry}\n[teams.team]\npolicy = \"sequester.toml\"\n", world.registries()))
    };
    assert_eq!(correct(&"0".repeat(64)).shows("team", "bar", "1.0.0"), Some(true));
    assert_eq!(correct(now).shows("team", "bar", "1.0.0"), Some(false));
    let server = world.serve();
    assert_eq!(server.shows("team", "bar", "1.0.0"), Some(false));
    assert!(server.index("team", "bar").expect(200).text().contains("evil"));
}

#[test]
fn a_person_says_which_of_two_contradictions_is_right() {
    let world = world();
    drop({
        let server = world.serve();
        server.index("team", "bar").expect(200);
        server
    });
    Package::new("bar", "1.1.0")
        .pubtime("2025-06-01T00:00:00Z")
        .file("src/lib.rs", "// mended")
        .publish(&world.registry);
    let sum = checksum(&world.registry, "bar", "1.1.0");
    let start = |checksum: &str| {
        let registries = world.registries();
        world.serve_by(&format!(
            "{registries}\n[[registries.crates-io.corrections]]\ncrate = \"bar\"\nversion = \"1.1.0\"\nchecksum = \"{checksum}\"\npubtime = \"2025-06-01T00:00:00Z\"\nby = \"Ana\"\nreason = \"the registry says why\"\n\n[teams.team]\npolicy = \"sequester.toml\"\n"
        ))
    };
    // Other bytes than those that somebody looked at are no more believed than before.
    let server = start(&"0".repeat(64));
    assert_eq!(server.shows("team", "bar", "1.1.0"), Some(true));
    server.download(&world.registry, "team", "bar", "1.1.0").expect(403);
    drop(server);
    let server = start(&sum);
    assert_eq!(server.shows("team", "bar", "1.1.0"), Some(false));
    server.download(&world.registry, "team", "bar", "1.1.0").expect(200);
    drop(server);
    // It is done once, told for ever, and needs its entry no longer.
    let server = world.serve();
    assert_eq!(server.shows("team", "bar", "1.1.0"), Some(false));
    let events = std::fs::read_dir(world.path("store/trail")).unwrap();
    let events: Vec<String> = events.map(|one| std::fs::read_to_string(one.unwrap().path()).unwrap()).collect();
    let corrected: Vec<&String> = events.iter().filter(|event| event.contains("\"kind\":\"corrected\"")).collect();
    assert_eq!(corrected.len(), 1, "{events:?}");
    assert!(corrected[0].contains(&sum) && corrected[0].contains("Ana") && corrected[0].contains("says why"));
}

#[test]
fn without_todays_advisories_nothing_new_comes_and_what_came_stays() {
    let world = world();
    Package::new("new", "1.0.0").pubtime("2026-07-20T00:00:00Z").publish(&world.registry);
    world.policy("sequester.toml", "[quarantine]\nnew-crate-age = \"7 days\"\n");
    let server = world.serve();
    drop(server);
    // The newest advisory is of 2026-05-31; a copy of it counts for 30 days.
    let arguments = [
        "--config",
        world.path("serve.toml").into_string().leak(),
        "--store",
        world.path("store").into_string().leak(),
    ];
    let later = Server::start(&world, &arguments, "2026-08-01T00:00:00Z");
    assert_eq!(later.shows("team", "bar", "1.1.0"), Some(false), "it was approved while they were today's");
    assert_eq!(later.shows("team", "new", "1.0.0"), Some(true), "it would be by now");
    drop(later);
    let advisory = crate::support::Advisory::new("RUSTSEC-2026-0009", "nobodys").date("2026-07-31");
    world.advisories.add(&advisory);
    let fresh = Server::start(&world, &arguments, "2026-08-01T00:00:00Z");
    assert_eq!(fresh.shows("team", "new", "1.0.0"), Some(false));
}

#[test]
fn without_any_advisories_only_what_is_locked_is_given() {
    let world = world();
    world.write("sequester.toml", &format!("[advisories]\ndb = \"{}\"\n", world.path("nowhere")));
    let config = format!("{}\n[teams.team]\npolicy = \"sequester.toml\"\n", world.registries());
    world.write("serve.toml", &config);
    // It never becomes ready, and answers all the same.
    let server = Server::start_unready(&world, &config, NOW);
    assert_eq!(server.shows("team", "bar", "1.0.0"), Some(true));
    let refused = server.download(&world.registry, "team", "bar", "1.0.0").expect(403);
    assert!(refused.text().contains("no advisories"), "{}", refused.text());
}

#[test]
fn a_poisoned_store_is_healed_and_never_believed() {
    let world = world();
    let server = world.serve();
    server.index("team", "bar").expect(200);
    let sum = checksum(&world.registry, "bar", "1.0.0");
    let good = server.download(&world.registry, "team", "bar", "1.0.0").expect(200).body;
    std::fs::write(world.path(&format!("store/crate/{sum}")), b"poison").unwrap();
    let healed = server.download(&world.registry, "team", "bar", "1.0.0").expect(200).body;
    assert_eq!(good, healed);
    assert_eq!(std::fs::read(world.path(&format!("store/crate/{sum}"))).unwrap(), good);
    drop(server);
    // Lines that say that the young is old.
    Package::new("bar", "1.2.0").pubtime(YOUNG).publish(&world.registry);
    let server = world.serve();
    assert_eq!(server.shows("team", "bar", "1.2.0"), Some(true));
    let folder = world.path("store/index/crates-io/bar");
    for file in folder.read_dir_utf8().unwrap().map(Result::unwrap) {
        let text = std::fs::read_to_string(file.path()).unwrap();
        std::fs::write(file.path(), text.replace(YOUNG, OLD)).unwrap();
    }
    drop(server);
    let server = world.serve();
    assert_eq!(server.shows("team", "bar", "1.2.0"), Some(true));
    assert!(server.end().contains("its content is not what its name says"));
}
