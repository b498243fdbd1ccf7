//! A project that joins: `init --registry` writes what plain cargo needs, and nothing that is there is lost.

use crate::server::{OLD, World, YOUNG};
use crate::support::{Package, Project};

fn world() -> World {
    let world = World::new();
    Package::new("bar", "1.0.0").pubtime(OLD).publish(&world.registry);
    Package::new("bar", "1.1.0").pubtime(YOUNG).publish(&world.registry);
    world
}

#[test]
fn a_project_joins_with_one_command_and_judges_by_what_the_registry_says() {
    let world = world();
    let server = world.serve();
    let db = world.advisories.root();
    let project = Project::new().dep("bar", "1");
    let config = "# ours\r\n[alias]\r\nb = \"build\"\r\n\r\n[source.other]\r\ndirectory = \"x\"\r\n";
    project.write(".cargo/config.toml", config);
    let address = format!("{}/team/", server.url);
    let init = ["init", "--registry", &address, "--advisory-db", db.as_str()];
    let now = ["--now", crate::server::NOW];

    // Nothing is written unless somebody agrees.
    let shown = project.sequester(&[&init[..], &["--dry-run"]].concat()).expect_code(0);
    assert!(shown.stdout.contains("replace-with = \"sequester-team-crates-io\""), "{}", shown.stdout);
    assert_eq!(project.read(".cargo/config.toml"), config);
    project.sequester(&init).expect_code(2);
    assert_eq!(project.read(".cargo/config.toml"), config);

    // There is no lock file yet, so there is nothing to judge; cargo can make one now, from there.
    let told = project.sequester(&[&init[..], &["--yes"]].concat()).expect_code(2);
    assert!(told.stdout.contains("Wrote .cargo/config.toml"), "{}", told.stdout);
    let written = project.read(".cargo/config.toml");
    assert!(written.starts_with(config), "{written}");
    project.cargo(&["build"]).expect_code(0);
    assert!(
        project.read("Cargo.lock").contains("name = \"bar\"\nversion = \"1.0.0\""),
        "{}",
        project.read("Cargo.lock")
    );

    let told = project.sequester(&[&init[..], &["--yes"], &now].concat()).expect_code(0);
    assert!(
        !told.stdout.contains(".cargo/config.toml,") && told.stdout.contains("Takes crates.io from"),
        "{}",
        told.stdout
    );
    assert_eq!(project.read(".cargo/config.toml"), written);
    assert!(project.read("sequester.toml").contains(&format!("sparse+{address}crates-io/")));
    let judged = project.sequester(&[&["audit", "--advisory-db", db.as_str()], &now[..]].concat()).expect_code(0);
    assert!(judged.stdout.contains("1 approved"), "{}", judged.stdout);

    // And once more changes nothing.
    project.sequester(&[&init[..], &["--yes"], &now].concat()).expect_code(0);
    assert_eq!(project.read(".cargo/config.toml"), written);
}

/// A project whose policy lets the server stand in for crates.io; cargo's own configuration, below its home, leads there.
fn behind(world: &World, server: &crate::server::Server) -> Project {
    let (db, index) = (world.advisories.root(), format!("sparse+{}/team/crates-io/", server.url));
    let project = Project::new()
        .dep("bar", "1")
        .policy(&format!("[sources]\nmirrors = [\"{index}\"]\n\n[advisories]\ndb = \"{db}\"\n"));
    std::fs::create_dir_all(project.cargo_home()).unwrap();
    let config = format!("[source.crates-io]\nreplace-with = \"ours\"\n\n[registries.ours]\nindex = \"{index}\"\n");
    std::fs::write(project.cargo_home().join("config.toml"), config).unwrap();
    project
}

#[test]
fn our_own_verbs_work_behind_it_and_see_what_the_registry_says_of_a_yank() {
    let world = world();
    Package::new("bar", "1.0.1").pubtime(OLD).yanked().publish(&world.registry);
    let server = world.serve();
    let project = behind(&world, &server);
    project.lock_with_cargo();
    let run = |arguments: &[&str], code: i32| {
        project.sequester(&[arguments, &["--now", crate::server::NOW]].concat()).expect_code(code).stdout
    };
    assert!(run(&["audit"], 0).contains("1 approved"));
    // What the server calls yanked because it is held is told as held; what the registry yanked as yanked.
    let told = run(&["explain", "bar@1.1.0"], 1);
    let own = told.lines().filter(|line| line.contains("1.1.0")).collect::<String>();
    assert!(told.contains("too-new") && !own.to_lowercase().contains("yanked"), "{told}");
    let told = run(&["explain", "bar@1.0.1"], 0);
    assert!(told.to_lowercase().contains("yanked"), "{told}");
    let lock = project.read("Cargo.lock");
    let told = run(&["update"], 0);
    assert_eq!(project.read("Cargo.lock"), lock, "{told}");
    assert!(!run(&["update", "bar", "--precise", "1.1.0", "--dry-run"], 1).is_empty());
    run(&["vendor"], 0);
    project.sequester(&["verify"]).expect_code(0);
    assert!(project.path("vendor/bar/Cargo.toml").exists());
    // From now on nobody is needed.
    drop(server);
    project.cargo(&["build", "--locked", "--offline"]).expect_code(0);
}

#[test]
fn a_policy_that_is_there_is_a_persons_to_change() {
    let world = world();
    let server = world.serve();
    let project = Project::new().dep("bar", "1").policy("[quarantine]\nmin-publish-age = \"7 days\"\n");
    let index = format!("sparse+{}/team/crates-io/", server.url);
    let told = project.sequester(&["init", "--registry", &index, "--yes"]).expect_code(0);
    let entry = told.stdout.split_once("in sequester.toml, have:\n").unwrap().1;
    let entry: Vec<&str> = entry.lines().take(2).map(str::trim).collect();
    assert_eq!(entry, ["[sources]", &format!("mirrors = [\"{index}\"]")]);
    project.write("sequester.toml", format!("{}\n{}\n", project.read("sequester.toml"), entry.join("\n")));
    let told = project.sequester(&["init", "--registry", &index, "--yes"]).expect_code(0);
    assert!(!told.stdout.contains("mirrors"), "{}", told.stdout);
    project.cargo(&["build"]).expect_code(0);
}

/// Where the policy cannot be made, cargo is configured as before.
#[test]
fn joining_is_done_whole_or_not_at_all() {
    let world = world();
    let server = world.serve();
    for config in [None, Some("# ours\n[alias]\nb = \"build\"\n")] {
        let project = Project::new().dep("bar", "1");
        project.write("Cargo.lock", behind(&world, &server).lock_with_cargo());
        if let Some(config) = config {
            project.write(".cargo/config.toml", config);
        }
        let address = format!("{}/team/", server.url);
        let nowhere = world.path("no-advisories");
        let init = ["init", "--registry", &address, "--yes", "--now", crate::server::NOW, "--advisory-db"];
        let told = project.sequester(&[&init[..], &[nowhere.as_str()]].concat()).expect_code(2);
        assert!(told.stderr.contains("is as it was"), "{}", told.stderr);
        match config {
            Some(config) => assert_eq!(project.read(".cargo/config.toml"), config),
            None => assert!(!project.path(".cargo").exists()),
        }
        assert!(!project.path("sequester.toml").exists());
        // The same again, where the advisories can be had.
        project.sequester(&[&init[..], &[world.advisories.root().as_str()]].concat()).expect_code(0);
        assert!(project.read(".cargo/config.toml").contains("sequester-team-crates-io"));
        assert!(project.path("sequester.toml").exists());
    }
}

#[test]
fn whoever_asks_for_a_token_is_given_one_by_cargo() {
    let world = world();
    let (token, table) = crate::teams::token(&world, "developers", false);
    let registries = world.registries();
    world.policy("sequester.toml", "");
    let server = world
        .serve_by(&format!("{registries}\n[teams.web]\npolicy = \"sequester.toml\"\n\n[[teams.web.tokens]]\n{table}"));
    let project = Project::new().dep("bar", "1").policy("");
    let address = format!("{}/web", server.url);
    let told = project.sequester(&["init", "--registry", &address, "--yes"]).expect_code(0);
    assert!(told.stdout.contains("cargo login --registry sequester-web-crates-io"), "{}", told.stdout);
    assert!(!project.read(".cargo/config.toml").contains(&token));
    let refused = project.cargo(&["build"]).expect_code(101);
    assert!(refused.stderr.contains("sequester-web-crates-io"), "{}", refused.stderr);
    project
        .run("sh", &["-c", &format!("printf %s {token} | cargo login --registry sequester-web-crates-io")])
        .expect_code(0);
    project.cargo(&["build"]).expect_code(0);
}

#[test]
fn what_stands_there_is_never_written_over() {
    let world = world();
    let server = world.serve();
    let address = format!("{}/team", server.url);
    for text in [
        "[source.crates-io]\nreplace-with = \"sequestered\"\n",
        "source.crates-io.replace-with = \"mine\"\n",
        "[registries.sequester-team-crates-io]\nindex = \"sparse+https://elsewhere.example/\"\n",
    ] {
        let project = Project::new().dep("bar", "1").policy("").config(text);
        let before = project.read(".cargo/config.toml");
        let told = project.sequester(&["init", "--registry", &address, "--yes"]).expect_code(2);
        assert!(told.stderr.contains("never written over"), "{}", told.stderr);
        assert_eq!(project.read(".cargo/config.toml"), before);
    }
    let project = Project::new().dep("bar", "1").policy("");
    for (address, words) in [
        (format!("{}/nobody", server.url), "no registry answers there"),
        (format!("{}/", server.url), "no address of a team registry"),
        ("http://crates.example.org/team".to_owned(), "it is not `https://`"),
        ("https://ana:secret@crates.example.org/team".to_owned(), "everybody reads"),
    ] {
        let told = project.sequester(&["init", "--registry", &address, "--yes"]).expect_code(2);
        assert!(told.stderr.contains(words) && !told.stderr.contains("secret"), "{}", told.stderr);
    }
    let told = project.sequester(&["init", "--registry", &address, "--offline"]).expect_code(2);
    assert!(told.stderr.contains("leave --offline out"), "{}", told.stderr);
    assert!(!project.path(".cargo/config.toml").exists());
}
