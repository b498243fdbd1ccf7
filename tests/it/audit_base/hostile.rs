//! Changes that want to judge themselves.

use super::*;

/// What the rest of the repository has for cargo would be told by nobody.
#[test]
fn a_crowd_of_configurations_hides_nothing() {
    let change = Change::new();
    for number in 0..300 {
        change.world.project.write(&format!("many/{number}/.cargo/config.toml"), "# nothing\n");
    }
    change.finish();
    let outcome = change.world.audit(&["--base", "base"]).expect_code(2);
    assert!(
        outcome.stderr.contains("the rest was not searched") && outcome.stderr.contains("help: "),
        "{}",
        outcome.stderr
    );
}

/// The head's wishes; none of them may have an effect.
fn nothing_got_through(document: &Value) {
    assert_eq!(reasons(document, "fresh"), ["too-new"], "{document:#}");
    assert_eq!(document["policy"]["min_age_seconds"], 864_000);
    assert_eq!(document["policy"]["judged_by"], "base");
}

#[test]
fn a_policy_that_frees_itself_is_listed_and_not_obeyed() {
    let change = Change::new().with_fresh();
    let text = change.world.project.read("Cargo.lock");
    let checksum = text.split("name = \"fresh\"").nth(1).and_then(|rest| rest.split('"').nth(5)).unwrap().to_owned();
    change
        .world
        .project
        .write("db/crates/none/RUSTSEC-2026-0009.md", Advisory::new("RUSTSEC-2026-0009", "none").text());
    change.world.project.write(
        "sequester.toml",
        format!(
            r#"
[quarantine]
min-publish-age = "0"
new-crate-age = "0"
signal-age = "0"
[quarantine.security-fix]
min-publish-age = "0"
[[override]]
crates = ["fresh"]
min-publish-age = "0"
reason = "mine"
[registries.mine]
index = "sparse+https://registry.example.org/index/"
min-publish-age = "0"
[advisories]
db = "db"
max-age = "99 months"
max-copy-age = "999 months"
unsound = "allow"
unmaintained = "allow"
notice = "allow"
yanked = "allow"
[[advisories.ignore]]
id = "RUSTSEC-2026-0001"
reason = "mine"
until = 2099-01-01
[sources]
allow-registries = ["sparse+https://other.example.org/index/"]
allow-git = [{{ url = "https://git.example.org/mine" }}]
mirrors = [{mirror:?}, "sparse+https://mirror.example.org/index/"]
[[approval]]
crate = "fresh"
version = "1.1.0"
checksum = "{checksum}"
lifts = ["too-new"]
reason = "mine"
"#,
            mirror = change.world.registry.url()
        ),
    );
    let document = change.json(1);
    nothing_got_through(&document);
    insta::assert_snapshot!(change.world.redact(&serde_json::to_string_pretty(&document["loosened"]).unwrap()));
    let text = change.world.audit(&["--base", "base"]).expect_code(1).stdout;
    assert!(text.contains("policy-loosened") || text.contains("Loosened"), "{text}");
}

#[test]
fn loosening_alone_is_code_1() {
    let change = Change::new();
    change.edit("sequester.toml", "10 days", "9 days");
    assert_eq!(loosened(&change.json(1)), ["quarantine.min-publish-age"]);
}

#[test]
fn a_deleted_policy_is_a_looser_one() {
    let change = Change::new().with_fresh();
    std::fs::remove_file(change.world.project.path("sequester.toml")).unwrap();
    let document = change.json(1);
    nothing_got_through(&document);
    assert!(loosened(&document).contains(&"quarantine.min-publish-age".to_owned()), "{document:#}");
}

#[cfg(unix)]
#[test]
fn a_policy_that_became_a_link_is_listed() {
    let change = Change::new();
    std::fs::rename(change.world.project.path("sequester.toml"), change.world.project.path("real.toml")).unwrap();
    std::os::unix::fs::symlink("real.toml", change.world.project.path("sequester.toml")).unwrap();
    assert_eq!(loosened(&change.json(1)), ["sequester.toml"]);
    // Were it merged all the same, the next run would not fall back to the defaults.
    change.git(&["branch", "--force", "base"]);
    let outcome = change.world.audit(&["--base", "base"]).expect_code(2);
    assert!(outcome.stderr.contains("symbolic link"), "{}", outcome.stderr);
}

/// Where the letters' case tells no files apart, a checkout has one of the two.
#[test]
fn a_file_that_differs_from_a_judged_one_in_case_alone_is_refused() {
    for name in ["cargo.lock", "Sequester.toml", ".Cargo/config.toml"] {
        let change = Change::new();
        change.world.project.write(name, "# another\n");
        change.finish();
        let told = change.world.audit(&["--base", "base"]).expect_code(2).stderr;
        assert!(told.contains(&format!("`{name}` differs only in the case")), "{told}");
    }
}

/// Nobody can say which of the three would be committed.
#[test]
fn a_file_in_the_middle_of_a_merge_is_not_judged() {
    let change = Change::new();
    change.git(&["checkout", "--quiet", "-b", "theirs"]);
    change.append("Cargo.toml", "# theirs");
    change.finish();
    change.git(&["checkout", "--quiet", "work"]);
    change.append("Cargo.toml", "# ours");
    change.finish();
    change.json(0);
    change.git(&["read-tree", "-m", "base", "work", "theirs"]);
    let told = change.world.audit(&["--base", "base"]).expect_code(2).stderr;
    assert!(told.contains("`Cargo.toml` is in the middle of a merge\nhelp: "), "{told}");
}

#[test]
fn a_broken_policy_is_an_error_and_not_the_defaults() {
    let change = Change::new();
    change.world.project.write("sequester.toml", "[quarantine\n");
    change.finish();
    change.world.audit(&["--base", "base"]).expect_code(2);
}

#[test]
fn other_bytes_under_a_known_version_are_judged() {
    let change = Change::new();
    let lock = change.world.project.read("Cargo.lock");
    let checksum = lock.split("checksum = \"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    for other in ["f".repeat(64), "F".repeat(64), "f".repeat(63), String::new()] {
        change.world.project.write("Cargo.lock", lock.replace(checksum, &other));
        let document = change.json(1);
        assert_eq!(reasons(&document, "old"), ["checksum-mismatch"], "{other}");
    }
    let bare: Vec<_> = lock.lines().filter(|line| !line.starts_with("checksum")).collect();
    change.world.project.write("Cargo.lock", bare.join("\n"));
    assert_eq!(reasons(&change.json(1), "old"), ["checksum-missing"]);
}

#[test]
fn a_known_package_from_another_place_is_judged() {
    let change = Change::new();
    let lock = change.world.project.read("Cargo.lock");
    let source = "registry+https://github.com/rust-lang/crates.io-index";
    for other in ["git+https://127.0.0.1:1/old#0123456789abcdef0123456789abcdef01234567", "directory+file:///tmp/old"] {
        change.world.project.write("Cargo.lock", lock.replace(source, other));
        // The manifest asks for another place, too.
        assert_eq!(reasons(&change.json(2), "old"), ["source-not-allowed"], "{other}");
    }
}

#[test]
fn a_replaced_source_is_refused() {
    let other = TestRegistry::new();
    let change = Change::new().with_fresh();
    change.edit(".cargo/config.toml", &change.world.registry.url(), &other.url());
    change.append("sequester.toml", "");
    change.edit("sequester.toml", "mirrors = [", &format!("mirrors = [{:?}, ", other.url()));
    let document = change.json(2);
    assert!(codes(&document["blockers"]).contains(&"mirror-not-allowed".to_owned()), "{document:#}");
    assert_eq!(other.requested_paths(), [""; 0]);
    assert_eq!(loosened(&document), ["sources.mirrors"]);
}

#[test]
fn the_way_to_the_network_is_not_the_changes() {
    let spy = TestRegistry::new();
    let change = Change::new().with_fresh();
    let config = format!("[http]\nproxy = \"{}\"\ncainfo = \"evil.pem\"\n[net]\noffline = true\n", spy.address(""));
    change.append(".cargo/config.toml", &config);
    change.world.project.write("evil.pem", "nothing");
    change.world.registry.forget_requests();
    nothing_got_through(&change.json(1));
    assert_eq!(spy.requested_paths(), [""; 0]);
    assert!(!change.world.registry.requested_paths().is_empty());
}

#[test]
fn a_token_does_not_follow_a_name_to_another_address() {
    let (mine, thief) = (TestRegistry::new(), TestRegistry::new());
    Package::new("inner", "1.0.0").publish(&mine);
    Package::new("inner", "1.0.0").publish(&thief);
    let mut world = World::new();
    world.project = world.project.registry("mine", &mine).env("CARGO_REGISTRIES_MINE_TOKEN", "secret-of-mine");
    world.project = world.project.dep_toml("inner = { version = \"1\", registry = \"mine\" }");
    world.policy(&format!("[registries.mine]\nindex = {:?}", mine.url()));
    world.lock();
    let change = Change::commit(world);
    change.edit(".cargo/config.toml", &mine.url(), &thief.url());
    change.edit("Cargo.lock", &mine.url(), &thief.url());
    thief.config(&format!("{{\"dl\":\"{}\",\"auth-required\":true}}", thief.address("/dl"))).forget_requests();
    change.finish();
    let outcome = change.world.audit(&["--base", "base", "--format", "json"]);
    assert_ne!(outcome.code, 0);
    let sent = thief.requests().into_iter().filter(|request| request.headers.contains_key("authorization")).count();
    assert_eq!(sent, 0);
}

#[cfg(unix)]
#[test]
fn no_program_of_the_change_is_run() {
    use std::os::unix::fs::PermissionsExt as _;
    let change = Change::new().with_fresh();
    let project = &change.world.project;
    let witness = project.outside().join("witness");
    for program in ["tools/bin/cargo", "tools/bin/rustc", "cargo", "git"] {
        project.write(program, format!("#!/bin/sh\ntouch {witness}\nexit 1\n"));
        std::fs::set_permissions(project.path(program), std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    project.write("rust-toolchain.toml", format!("[toolchain]\npath = {:?}\n", project.path("tools").as_str()));
    change.append(
        ".cargo/config.toml",
        "[build]\nrustc = \"./tools/bin/rustc\"\nrustc-wrapper = \"./tools/bin/rustc\"\n[alias]\nmetadata = \"run\"\n",
    );
    // What rustup's stand-in does: it looks from the working directory upwards for the toolchain to run.
    let stand_in = project.outside().join("bin/cargo");
    std::fs::create_dir(stand_in.parent().unwrap()).unwrap();
    let real = env!("CARGO");
    std::fs::write(
        &stand_in,
        format!(
            "#!/bin/sh\nd=$PWD\nwhile [ \"$d\" != / ]; do\n  if [ -f \"$d/rust-toolchain.toml\" ]; then exec {}/bin/cargo; fi\n  d=$(dirname \"$d\")\ndone\nexec {real} \"$@\"\n",
            project.path("tools")
        ),
    )
    .unwrap();
    std::fs::set_permissions(&stand_in, std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut change = change;
    change.world.project = change.world.project.env("CARGO", stand_in.as_str());
    let document = change.json(1);
    nothing_got_through(&document);
    assert_eq!(codes(&document["notices"]), [""; 0], "{document:#}");
    assert!(!witness.exists());
}

#[test]
fn a_workspace_that_moved_does_not_take_the_policy_along() {
    let world = World::new().dep("old", "1");
    Package::new("old", "1.0.0").publish(&world.registry);
    world.policy("[quarantine]\nmin-publish-age = \"10 days\"");
    world.project.write("fixture/sequester.toml", world.policy_text("[quarantine]\nmin-publish-age = \"0\""));
    world.lock();
    let change = Change::commit(world).with_fresh();
    let manifest = change.world.project.read("Cargo.toml");
    for (folder, policy) in [("fixture", Some("fixture/sequester.toml")), ("elsewhere", None)] {
        change.world.project.write(
            "Cargo.toml",
            manifest.replace("[dependencies]", &format!("workspace = {folder:?}\n[dependencies]")),
        );
        change
            .world
            .project
            .write(&format!("{folder}/Cargo.toml"), "[workspace]\nmembers = [\"..\"]\nresolver = \"2\"\n");
        std::fs::copy(
            change.world.project.path("Cargo.lock"),
            change.world.project.path(&format!("{folder}/Cargo.lock")),
        )
        .unwrap();
        change.finish();
        if let Some(policy) = policy {
            let outcome = change.world.audit(&["--base", "base"]).expect_code(2);
            assert!(outcome.stderr.contains(policy) && outcome.stderr.contains("--policy"), "{}", outcome.stderr);
        } else {
            // The base's policy holds for what lies below it, too; that another lock file is judged is told.
            let outcome = change.world.audit(&["--base", "base"]).expect_code(1);
            let told = format!("Cargo.lock → {folder}/Cargo.lock");
            assert!(outcome.stdout.contains("Elsewhere") && outcome.stdout.contains(&told), "{}", outcome.stdout);
            nothing_got_through(&change.world.json(&["--base", "base"], 1));
        }
        // As the caller says, the base's own holds.
        let document = change.world.json(&["--base", "base", "--policy", "sequester.toml"], 1);
        nothing_got_through(&document);
    }
}

#[test]
fn a_policy_beside_the_workspace_is_the_bases_too() {
    let world = World::new().dep("old", "1");
    Package::new("old", "1.0.0").publish(&world.registry);
    world.lock();
    let policy = world.policy_text("[quarantine]\nmin-publish-age = \"10 days\"");
    let top = world.project.outside().to_owned();
    std::fs::create_dir(top.join("ci")).unwrap();
    std::fs::write(top.join("ci/policy.toml"), policy).unwrap();
    std::fs::write(top.join(".gitignore"), "/cargo-home\n/home\n").unwrap();
    git(&world.project, top.as_str(), &["init", "--quiet", "--initial-branch=work"]);
    git(&world.project, top.as_str(), &["add", "-A"]);
    git(&world.project, top.as_str(), &["commit", "--quiet", "-m", "base"]);
    git(&world.project, top.as_str(), &["branch", "base"]);
    let change = Change { world }.with_fresh();
    std::fs::write(top.join("ci/policy.toml"), change.world.policy_text("[quarantine]\nmin-publish-age = \"0\""))
        .unwrap();
    for policy in ["../ci/policy.toml", top.join("ci/policy.toml").as_str(), "src/../../ci/./policy.toml"] {
        let document = change.world.json(&["--base", "base", "--policy", policy], 1);
        nothing_got_through(&document);
        assert_eq!(loosened(&document), ["quarantine.min-publish-age"]);
    }
}

#[test]
fn advisories_inside_the_repository_are_refused() {
    let world = World::new().dep("old", "1");
    Package::new("old", "1.0.0").publish(&world.registry);
    world.lock();
    world.project.write("db/crates/none/RUSTSEC-2026-0009.md", Advisory::new("RUSTSEC-2026-0009", "none").text());
    let inside = world.policy_text("").replace(world.advisories.root().as_str(), "db");
    world.project.write("sequester.toml", &inside);
    let change = Change::commit(world);
    let absolute = change.world.project.path("db");
    let git_address = format!("git+file://{}", change.world.project.root());
    for arguments in
        [&[][..], &["--advisory-db", "db"], &["--advisory-db", absolute.as_str()], &["--advisory-db", &git_address]]
    {
        let outcome = change.world.audit(&[&["--base", "base"], arguments].concat()).expect_code(2);
        assert!(outcome.stderr.contains("inside the repository"), "{arguments:?}: {}", outcome.stderr);
    }
    // One that git does not track was put there by the workflow, not by the change.
    change.world.project.write(".gitignore", "/checkout\n");
    let copy = change.world.project.path("checkout/crates/none");
    std::fs::create_dir_all(&copy).unwrap();
    std::fs::copy(change.world.project.path("db/crates/none/RUSTSEC-2026-0009.md"), copy.join("RUSTSEC-2026-0009.md"))
        .unwrap();
    change.finish();
    change.world.json(&["--base", "base", "--advisory-db", "checkout"], 0);
}

#[test]
fn a_cargo_home_that_the_change_fills_is_refused() {
    let change = Change::new().with_fresh();
    let home = change.world.project.path(".cargo");
    let mut change = change;
    change.world.project = change.world.project.env("CARGO_HOME", home.as_str());
    change.finish();
    let outcome = change.world.audit(&["--base", "base"]).expect_code(2);
    assert!(outcome.stderr.contains("CARGO_HOME"), "{}", outcome.stderr);
}

#[test]
fn cargos_own_age_cannot_be_taken_away() {
    let world = World::new().dep("old", "1");
    Package::new("old", "1.0.0").publish(&world.registry);
    Package::new("ripe", "1.0.0").publish(&world.registry);
    Package::new("ripe", "1.1.0").pubtime("2026-11-01T00:00:00Z").publish(&world.registry);
    world.lock();
    let config = world.project.read(".cargo/config.toml");
    world.project.write(".cargo/config.toml", format!("{config}\n[registry]\nglobal-min-publish-age = \"30 days\"\n"));
    let mut change = Change::commit(world);
    change.add_dependency("ripe");
    assert_eq!(reasons(&change.json(1), "ripe"), ["too-new"]);
    change.edit(".cargo/config.toml", "30 days", "1 day");
    let document = change.json(1);
    assert_eq!(reasons(&document, "ripe"), ["too-new"]);
    assert_eq!(loosened(&document), ["cargo's minimum age for every registry"]);
}

#[test]
fn a_change_is_judged_by_what_the_registry_sends_in_this_run() {
    let change = Change::new().with_fresh();
    change.finish();
    // Whoever can write to the machine's cache of the index cannot make a release older, although its `ETag` is the registry's.
    crate::vendor::believed::rewrite_cached(&change.world.project, "fresh", "2026-11-20T", "2026-01-20T");
    let json = change.world.json(&["--base", "base"], 1);
    assert!(reasons(&json, "fresh").contains(&"too-new".to_owned()), "{json:#}");
    // Offline nobody can say so, and what the base has is not asked about.
    let json = change.world.json(&["--base", "base", "--offline"], 2);
    let blockers = json["blockers"].as_array().unwrap();
    let about: Vec<_> = blockers.iter().filter(|one| one["code"] == "index-unavailable").collect();
    assert_eq!(about.len(), 1, "{json:#}");
    assert!(about[0]["package"].as_str().unwrap().ends_with("#fresh@1.1.0"));
}
