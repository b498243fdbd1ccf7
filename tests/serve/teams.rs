//! Teams: who may read and post, whose policy it is, and that none sees what is another's.

use crate::server::{OLD, World, YOUNG, sequester};
use crate::support::{Package, TestRegistry};

/// A new token and the table of a configuration that knows it.
pub fn token(world: &World, name: &str, post: bool) -> (String, String) {
    let made = sequester(world, &["serve", "--new-token"]).expect_code(0).stdout;
    let token = made.lines().next().unwrap().to_owned();
    let hash = made.lines().find(|line| line.starts_with("hash = ")).unwrap().to_owned();
    (token, format!("name = \"{name}\"\n{hash}\npost = {post}\n"))
}

#[test]
fn each_team_is_judged_by_its_own_policy_and_let_in_by_its_own_tokens() {
    let world = World::new();
    Package::new("bar", "1.0.0").pubtime(OLD).publish(&world.registry);
    Package::new("bar", "1.1.0").pubtime(YOUNG).publish(&world.registry);
    world.policy("careful.toml", "").policy("quick.toml", "[quarantine]\nmin-publish-age = \"1 day\"\n");
    let ((careful, for_careful), (quick, for_quick)) = (token(&world, "ci", false), token(&world, "ci", false));
    let server = world.serve_by(&format!(
        "{}\n[teams.careful]\npolicy = \"careful.toml\"\n[[teams.careful.tokens]]\n{for_careful}\n\
         [teams.quick]\npolicy = \"quick.toml\"\n[[teams.quick.tokens]]\n{for_quick}\n",
        world.registries()
    ));
    let ask = |team: &str, token: &str| {
        server.ask("GET", &format!("/{team}/crates-io/3/b/bar"), &format!("Authorization: {token}\r\n"), b"")
    };
    let held = |text: String| text.lines().any(|line| line.contains("1.1.0") && line.contains("\"yanked\":true"));
    assert!(held(ask("careful", &careful).expect(200).text()));
    assert!(!held(ask("quick", &quick).expect(200).text()));
    for (team, token) in [("careful", &*quick), ("quick", &*careful), ("quick", ""), ("quick", "nonsense")] {
        let refused = ask(team, token).expect(401);
        assert_eq!(refused.header("www-authenticate"), Some("Cargo"), "{team}");
    }
    for path in ["config.json", "3/b/bar"] {
        server.get(&format!("/quick/crates-io/{path}")).expect(401);
    }
    server.get("/nobodys/crates-io/config.json").expect(404);
    let config = server.ask("GET", "/quick/crates-io/config.json", &format!("Authorization: Bearer {quick}\r\n"), b"");
    assert!(config.expect(200).text().contains("\"auth-required\":true"));
    // Cargo brings the token along.
    let project = world
        .project(&server, "quick")
        .config("credential-provider = [\"cargo:token\"]\n")
        .env("CARGO_REGISTRIES_OURS_TOKEN", &quick)
        .dep("bar", "1");
    project.cargo(&["build"]).expect_code(0);
    assert!(project.read("Cargo.lock").contains("version = \"1.1.0\""));
    let said = server.end();
    for secret in [&*careful, &*quick, careful.trim_start_matches("sequester_"), "upstream-secret"] {
        assert!(!said.contains(secret), "{said}");
    }
}

#[test]
fn a_private_registry_has_its_own_path_and_its_names() {
    let world = World::new();
    let private = TestRegistry::new();
    Package::new("corp-core", "1.0.0").pubtime(YOUNG).publish(&private);
    Package::new("corp-core", "9.0.0").pubtime(OLD).publish(&world.registry);
    private.require_token("upstream-secret");
    let url = private.url();
    world.policy("sequester.toml", &format!("[registries.corp]\nindex = \"{url}\"\nmin-publish-age = \"0\"\n"));
    world.policy("plain.toml", "");
    let server = world.serve_by(&format!(
        "{}\n[registries.corp]\nindex = \"{url}\"\nreserved = [\"corp-*\"]\ntoken-variable = \"UPSTREAM_TOKEN\"\n\
         [teams.team]\npolicy = \"sequester.toml\"\nregistries = [\"crates-io\", \"corp\"]\n\
         [teams.other]\npolicy = \"plain.toml\"\n",
        world.registries()
    ));
    let confused = server.index("team", "corp-core").expect(403);
    assert!(confused.text().contains("reserved for the registry `corp`"), "{}", confused.text());
    server.get("/other/corp/co/rp/corp-core").expect(404);
    server.get("/other/corp/config.json").expect(404);
    // Who does not have the registry has not its names either.
    server.index("other", "corp-core").expect(200);
    let project = world
        .project(&server, "team")
        .config(&format!(
            "[source.corp]\nregistry = \"{url}\"\nreplace-with = \"our-corp\"\n\n[registries.corp]\nindex = \"{url}\"\n\n\
             [registries.our-corp]\nindex = \"sparse+{}/team/corp/\"\n",
            server.url
        ))
        .dep_toml("corp-core = { version = \"1\", registry = \"corp\" }");
    project.cargo(&["build"]).expect_code(0);
    assert!(project.read("Cargo.lock").contains(&url), "the lock file says what it always said");
}

#[test]
fn a_policy_changes_without_a_restart_and_a_bad_one_changes_nothing() {
    let world = World::new();
    Package::new("bar", "1.0.0").pubtime(OLD).publish(&world.registry);
    Package::new("bar", "1.1.0").pubtime(YOUNG).publish(&world.registry);
    let server = world.serve();
    assert_eq!(server.shows("team", "bar", "1.1.0"), Some(true));
    let until = |shown: Option<bool>| {
        let begun = std::time::Instant::now();
        while server.shows("team", "bar", "1.1.0") != shown {
            assert!(begun.elapsed().as_secs() < 30, "the policy was not taken up");
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
    };
    world.policy("sequester.toml", "[quarantine]\nmin-publish-age = \"1 day\"\n");
    until(Some(false));
    world.policy("sequester.toml", "[quarantine]\nmin-publish-age = \"soon\"\n");
    std::thread::sleep(std::time::Duration::from_millis(2500));
    assert_eq!(server.shows("team", "bar", "1.1.0"), Some(false));
    assert!(server.end().contains("the last one holds"));
}

/// What a writer leaves who is stopped on any line of it is laxer, and what is there while it is written is no policy at all.
#[test]
fn a_policy_that_is_being_written_is_not_believed_and_a_laxer_one_is_told() {
    let world = World::new();
    Package::new("bar", "1.0.0").pubtime(OLD).publish(&world.registry);
    Package::new("bar", "1.1.0").pubtime(YOUNG).publish(&world.registry);
    world.policy("sequester.toml", "[quarantine]\nmin-publish-age = \"90 days\"\n\n[bans]\ndeny = [\"bar\"]\n");
    let whole = std::fs::read_to_string(world.path("sequester.toml")).unwrap();
    let server = world.serve();
    assert_eq!(server.shows("team", "bar", "1.0.0"), None);
    let page = || server.get("/team/").expect(200).text();
    // Written piece by piece, each a policy that can be read.
    let ends = [0, whole.find("[quarantine]").unwrap(), whole.find("[bans]").unwrap()].repeat(8);
    for (at, end) in ends.into_iter().chain([whole.len()]).enumerate() {
        world.write("sequester.toml", &format!("{}# {at}\n", &whole[..end]));
        assert_eq!(server.shows("team", "bar", "1.0.0"), None, "{end}");
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    std::thread::sleep(std::time::Duration::from_secs(3));
    assert_eq!(server.shows("team", "bar", "1.0.0"), None);
    assert!(!page().contains("policy-loosened"), "{}", page());
    // Nothing takes the place of something.
    world.write("sequester.toml", "");
    std::thread::sleep(std::time::Duration::from_secs(4));
    assert_eq!(server.shows("team", "bar", "1.0.0"), None);
    assert!(page().contains("policy-refused") && page().contains("the policy is empty"), "{}", page());
    // One that was cut off and stays so is a policy; what it lets through is told.
    world.write("sequester.toml", &whole[..whole.find("[bans]").unwrap()]);
    let begun = std::time::Instant::now();
    while server.shows("team", "bar", "1.0.0").is_none() {
        assert!(begun.elapsed().as_secs() < 30, "the policy was not taken up");
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    assert!(page().contains("policy-loosened") && page().contains("bans.deny"), "{}", page());
    assert!(server.get("/metrics").text().contains("kind=\"policy-loosened\""));
    drop(server);
    // A node that was away meanwhile sees it too, and the record has it.
    world.write("sequester.toml", &whole[..whole.find("[quarantine]").unwrap()]);
    let server = world.serve();
    let page = server.get("/team/").expect(200).text();
    assert!(page.contains("policy-loosened") && page.contains("quarantine.min-publish-age: 90 days"), "{page}");
    let told = || {
        let events = std::fs::read_dir(world.path("store/trail")).unwrap();
        let events = events.map(|one| std::fs::read_to_string(one.unwrap().path()).unwrap());
        events.filter(|event| event.contains("\"policy-loosened\"")).collect::<Vec<_>>()
    };
    let begun = std::time::Instant::now();
    while told().len() < 2 {
        assert!(begun.elapsed().as_secs() < 30, "{:?}", told());
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    assert!(told().iter().any(|event| event.contains("bans.deny")), "{:?}", told());
}

#[test]
fn a_policy_in_a_repository_is_read_from_there() {
    let world = World::new();
    Package::new("bar", "1.1.0").pubtime(YOUNG).publish(&world.registry);
    world.policy("repository/sequester.toml", "[quarantine]\nmin-publish-age = \"1 day\"\nnew-crate-age = \"0\"\n");
    let git = |arguments: &[&str]| {
        let status = std::process::Command::new("git")
            .args(["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main"])
            .args(arguments)
            .current_dir(world.path("repository"))
            .stdout(std::process::Stdio::null())
            .status();
        assert!(status.unwrap().success(), "{arguments:?}");
    };
    git(&["init", "-q"]);
    git(&["add", "."]);
    git(&["commit", "-qm", "a policy"]);
    let server = world.serve_by(&format!(
        "{}\n[teams.team]\npolicy-git = {{ url = \"file://{}\" }}\n",
        world.registries(),
        world.path("repository")
    ));
    assert_eq!(server.shows("team", "bar", "1.1.0"), Some(false));
}

#[test]
fn a_configuration_is_checked_before_it_is_used() {
    let world = World::new();
    world.policy("sequester.toml", "");
    world.write("serve.toml", "[teams.team]\npolicy = \"sequester.toml\"\n");
    sequester(&world, &["serve", "--check", "--config", "serve.toml"]).expect_code(0);
    // A registry that the policy does not name gives the team nothing, and that is said, with the lines that mend it.
    let url = "sparse+https://corp.example.org/index/";
    let both = "[teams.team]\npolicy = \"sequester.toml\"\nregistries = [\"crates-io\", \"corp\"]\n";
    world.write("serve.toml", &format!("[registries.corp]\nindex = \"{url}\"\n\n{both}"));
    let told = sequester(&world, &["serve", "--check", "--config", "serve.toml"]).expect_code(0);
    assert!(told.stdout.contains("1 warning") && told.stderr.contains("`corp`"), "{} {}", told.stdout, told.stderr);
    let lines: Vec<&str> = told.stderr.split_once("in that policy, have\n").unwrap().1.lines().collect();
    world.policy("sequester.toml", &lines.join("\n"));
    let told = sequester(&world, &["serve", "--check", "--config", "serve.toml"]).expect_code(0);
    assert!(told.stdout.contains("no fault") && told.stderr.is_empty(), "{} {}", told.stdout, told.stderr);
    world.write("serve.toml", "[teams.team]\npolicy = \"none.toml\"\n");
    let refused = sequester(&world, &["serve", "--check", "--config", "serve.toml"]).expect_code(2);
    assert!(refused.stderr.contains("none.toml") && refused.stderr.contains("help:"), "{}", refused.stderr);
    world.write("serve.toml", "[teams.team]\npolice = \"sequester.toml\"\n");
    let refused = sequester(&world, &["serve", "--check", "--config", "serve.toml"]).expect_code(2);
    assert!(refused.stderr.contains("unknown field `police`"), "{}", refused.stderr);
}
