//! Registries, their tokens and ages, and what stands in for them.

use cargo_sequester::door::gather::cargo_config::{CargoConfig, Program, Provider, Replacement};
use cargo_sequester::door::model::age::Age;
use cargo_sequester::door::model::policy::Origin;
use cargo_sequester::door::model::source::Registry;

use super::{PROJECT, World, sparse};

#[test]
fn ages_come_from_files_and_variables_with_their_origin() {
    let world = World::with(
        "[registry]\nglobal-min-publish-age = \"10 days\"\n[registries.crates-io]\nmin-publish-age = \"2 weeks\"\n\
         [registries.mine]\nindex = \"sparse+https://mine.example.org/\"\n[registries.nowhere]\nmin-publish-age = \"9 days\"\n",
    )
    .variable("CARGO_REGISTRIES_MINE_MIN_PUBLISH_AGE", "3 days");
    let ages = world.config().ages().expect("ages");
    let global = ages.global.as_ref().expect("a global age");
    assert_eq!(
        (global.value, &global.origin),
        (Age::days(10), &world.at(PROJECT, 2, "registry.global-min-publish-age"))
    );
    assert_eq!(ages.registries.len(), 2);
    let crates_io = &ages.registries[&Registry::CratesIo];
    assert_eq!(crates_io.origin, world.at(PROJECT, 4, "registries.crates-io.min-publish-age"));
    let mine = &ages.registries[&sparse("https://mine.example.org/")];
    let variable = Origin::Environment("CARGO_REGISTRIES_MINE_MIN_PUBLISH_AGE".to_owned());
    assert_eq!((mine.value, &mine.origin), (Age::days(3), &variable));

    let world = world.variable("CARGO_REGISTRY_GLOBAL_MIN_PUBLISH_AGE", "0");
    assert_eq!(world.config().ages().expect("ages").global.map(|age| age.value), Some(Age::ZERO));
}

#[test]
fn two_names_of_one_registry_have_the_longer_age() {
    let table = |name, age| {
        format!("[registries.{name}]\nindex='sparse+https://r.example.org/'\nmin-publish-age='{age} days'\n")
    };
    for (first, second) in [(3, 5), (5, 3)] {
        let ages = World::with(&format!("{}{}", table("a", first), table("b", second))).config().ages().expect("ages");
        assert_eq!(ages.registries[&sparse("https://r.example.org/")].value, Age::days(5));
    }
}

#[test]
fn d4_bad_ages_are_named_with_file_line_and_key() {
    let ages = |text: &str| World::with(text).error(CargoConfig::ages);
    insta::assert_snapshot!(ages("[registry]\n\nglobal-min-publish-age = '14'"), @r#"
    `registry.global-min-publish-age` in a/b/.cargo/config.toml:3: a unit is missing; write "14 days" or "14 hours"
    help: write "0", or an integer and a unit: "12 hours", "7 days", "2 weeks"
    "#);
    insta::assert_snapshot!(ages("registry.global-min-publish-age = 14"), @r"
    `registry.global-min-publish-age` in a/b/.cargo/config.toml:1: expected a string, found an integer
    help: write a string, as cargo expects it too
    ");
    insta::assert_snapshot!(ages("[registries.crates-io]\nmin-publish-age = '-1 days'"), @r#"
    `registries.crates-io.min-publish-age` in a/b/.cargo/config.toml:2: expected "0" or an integer and a unit, such as "7 days"
    help: write "0", or an integer and a unit: "12 hours", "7 days", "2 weeks"
    "#);
    insta::assert_snapshot!(ages("[registry]\nmin-publish-age = '14 days'"), @r"
    `registry.min-publish-age` in a/b/.cargo/config.toml:2: this key was dropped from cargo before it shipped, and no cargo obeys it
    help: use `registry.global-min-publish-age`, or `registries.crates-io.min-publish-age` for crates.io alone
    ");
    let world = World::new().variable("CARGO_REGISTRY_MIN_PUBLISH_AGE", "14 days");
    insta::assert_snapshot!(world.error(CargoConfig::ages), @r"
    the environment variable CARGO_REGISTRY_MIN_PUBLISH_AGE: this key was dropped from cargo before it shipped, and no cargo obeys it
    help: use `registry.global-min-publish-age`, or `registries.crates-io.min-publish-age` for crates.io alone
    ");
    let world = World::new().variable("CARGO_REGISTRY_GLOBAL_MIN_PUBLISH_AGE", "99999999999999999999 days");
    insta::assert_snapshot!(world.error(CargoConfig::ages), @r#"
    the environment variable CARGO_REGISTRY_GLOBAL_MIN_PUBLISH_AGE: the duration is too large
    help: write "0", or an integer and a unit: "12 hours", "7 days", "2 weeks"
    "#);
}

#[test]
fn registries_have_their_tokens() {
    let world = World::with(
        "[registries.one]\nindex = \"sparse+https://one.example.org/\"\ntoken = \"from-config\"\n\
         [registries.two-b]\nindex = \"https://two.example.org/index\"\n[registries.three]\nindex = \"sparse+https://three.example.org/\"\n",
    )
    .file("home/credentials.toml", "[registry]\ntoken = \"main\"\n[registries.one]\ntoken = \"from-credentials\"\n")
    .variable("CARGO_REGISTRIES_TWO_B_TOKEN", "from-environment")
    .variable("CARGO_REGISTRIES_FOUR_X_INDEX", "sparse+https://four.example.org/");
    let registries = world.config().registries().expect("registries");
    let shown: Vec<_> = registries
        .iter()
        .map(|one| (one.name.as_str(), one.registry.value.to_string(), one.token().map(|token| token.value.expose())))
        .collect();
    assert_eq!(
        shown,
        [
            ("crates-io", "registry+https://github.com/rust-lang/crates.io-index".to_owned(), Some("main")),
            ("one", "sparse+https://one.example.org/".to_owned(), Some("from-credentials")),
            ("three", "sparse+https://three.example.org/".to_owned(), None),
            ("two-b", "registry+https://two.example.org/index".to_owned(), Some("from-environment")),
            ("four-x", "sparse+https://four.example.org/".to_owned(), None),
        ]
    );
    assert_eq!(
        registries[1].token().expect("a token").origin,
        world.at("home/credentials.toml", 4, "registries.one.token")
    );
    assert_eq!(registries[1].registry.origin, world.at(PROJECT, 2, "registries.one.index"));
    assert!(!format!("{registries:?}").contains("from-credentials"));

    let world = World::new()
        .variable("CARGO_REGISTRY_TOKEN", "x")
        .file("home/credentials.toml", "[registry]\ntoken = \"main\"");
    let registries = world.config().registries().expect("registries");
    assert_eq!(registries[0].token().map(|token| token.value.expose()), Some("x"));
}

#[test]
fn a_token_with_a_line_break_is_refused() {
    let world = World::new().file("home/credentials.toml", "[registry]\ntoken = \"a\\r\\nX: y\"");
    insta::assert_snapshot!(world.error(CargoConfig::registries), @r"
    `registry.token` in home/credentials.toml:2: not a token of printable ASCII characters
    help: write a token of printable ASCII characters, as cargo expects it too
    ");
}

/// The providers of the registry `one` in words.
fn providers(world: &World) -> Vec<String> {
    let one = world.config().registries().expect("registries").remove(1);
    let words = one.providers.into_iter().map(|provider| match provider {
        Provider::Token(token) => format!("token {}", token.is_some()),
        Provider::Program(Program { form, path, arguments, .. }) => format!("{form:?} {path} {arguments:?}"),
        Provider::NotRun { shown, why } => format!("not {shown}: {why:?}"),
    });
    words.collect()
}

#[test]
fn case_37_only_the_users_own_configuration_names_a_program_that_is_run() {
    let index = "[registries.one]\nindex = \"sparse+https://one.example.org/\"\ntoken = \"t\"\n";
    let project = |text: &str| providers(&World::with(&format!("{index}{text}")));
    let home = |text: &str| providers(&World::with(index).file("home/config.toml", text));
    assert_eq!(project(""), ["token true"]);
    assert_eq!(project("credential-provider = 'cargo:token'"), ["token true"]);
    for (text, name) in [
        ("credential-provider = ['/bin/provide', '--now']", "/bin/provide"),
        ("credential-provider = 'cargo:token-from-stdout /bin/provide s3cret'", "cargo:token-from-stdout /bin/provide"),
        ("[registry]\nglobal-credential-providers = ['/bin/provide']", "/bin/provide"),
    ] {
        let found = project(text);
        assert!(found.len() == 1 && found[0].starts_with(&format!("not {name}: Elsewhere")), "{found:?}");
        assert!(!found[0].contains("s3cret"), "{found:?}");
    }
    let registry = |text: &str| home(&format!("[registries.one]\n{text}"));
    assert_eq!(registry("credential-provider = ['/bin/provide', '--now']"), ["Protocol /bin/provide [\"--now\"]"]);
    assert_eq!(registry("credential-provider = 'cargo:token-from-stdout get it'"), ["Stdout get [\"it\"]"]);
    assert_eq!(registry("credential-provider = 'cargo:libsecret'"), ["not cargo:libsecret: BuiltIn"]);
    assert_eq!(registry("credential-provider = 'cargo:paseto'"), ["not cargo:paseto: Asymmetric"]);
    assert_eq!(registry("credential-provider = 'cargo:token-from-stdout'"), ["not cargo:token-from-stdout: NoProgram"]);
    let alias = "credential-provider = 'mine'\n[credential-alias]\nmine = ['/bin/provide', 'x']";
    assert_eq!(registry(alias), ["Protocol /bin/provide [\"x\"]"]);
    // Of the global ones the last is asked first.
    let global = "[registry]\nglobal-credential-providers = ['cargo:token', 'other']";
    assert_eq!(home(global), ["Protocol other []", "token true"]);
    // Of a variable every word is one, and they go before those of the files.
    let variable = |name: &str, value: &str| {
        let world = World::with(index).file("home/config.toml", global);
        providers(&world.variable(name, value))
    };
    assert_eq!(
        variable("CARGO_REGISTRY_GLOBAL_CREDENTIAL_PROVIDERS", "first second"),
        ["Protocol second []", "Protocol first []", "Protocol other []", "token true"]
    );
    assert_eq!(variable("CARGO_REGISTRIES_ONE_CREDENTIAL_PROVIDER", "get it"), ["Protocol get [\"it\"]"]);
    // A checkout's alias of that name is as much its choice as the name would be.
    let world =
        World::with(&format!("{index}[credential-alias]\nother = '/bin/mine'")).file("home/config.toml", global);
    let found = providers(&world);
    assert!(found[0].starts_with("not /bin/mine: Elsewhere") && found[1] == "token true", "{found:?}");
    let world = World::with("[registries.one]\nindex = \"sparse+https://one.example.org/\"\nsecret-key = \"k3\"");
    assert_eq!(providers(&world), ["token false", "not cargo:paseto: Asymmetric"]);
}

#[test]
fn replacements_are_followed_to_their_end() {
    let ask = |world: &World, registry: &Registry| world.config().replacement(registry).expect("a replacement");
    let world = World::with(
        "[source.crates-io]\nreplace-with = \"first\"\n[source.first]\nregistry = \"sparse+https://first.example.org/\"\nreplace-with = \"second\"\n\
         [source.second]\nregistry = \"https://second.example.org/index\"\n[source.own]\nregistry = \"https://own.example.org/index.git\"\nreplace-with = \"kept\"\n\
         [source.kept]\ndirectory = \"vendor\"\n",
    );
    let origin = world.at(PROJECT, 2, "source.crates-io.replace-with");
    let second = Registry::Git("https://second.example.org/index".into());
    assert_eq!(ask(&world, &Registry::CratesIo), Replacement::Registry { registry: second.clone(), origin });
    assert_eq!(ask(&world, &second), Replacement::Itself);
    let own = Registry::Git("https://own.example.org/index".into());
    let origin = world.at(PROJECT, 10, "source.own.replace-with");
    assert_eq!(ask(&world, &own), Replacement::Directory { path: world.root.join("a/b/vendor"), origin });

    for (place, expected) in [
        ("local-registry = 'mirror'", "the local registry /a/b/mirror"),
        ("git = 'https://git.example.org/x'", "the git repository https://git.example.org/x"),
        ("registry = 'sparse+https://m.example.org'", "sparse+https://m.example.org/"),
    ] {
        let world = World::with(&format!("[source.crates-io]\nreplace-with='x'\n[source.x]\n{place}\n"));
        let shown = ask(&world, &Registry::CratesIo).to_string().replace(world.root.as_str(), "");
        assert_eq!(shown, expected);
    }
}

#[test]
fn a_source_may_be_put_together_from_several_files() {
    let world = World::with("[source.crates-io]\nreplace-with = 'x'\n")
        .file("home/config.toml", "[source.x]\ndirectory = \"kept\"\n[source.crates-io]\nreplace-with = 'y'\n");
    let origin = world.at(PROJECT, 2, "source.crates-io.replace-with");
    let expected = Replacement::Directory { path: world.root.join("kept"), origin };
    assert_eq!(world.config().replacement(&Registry::CratesIo).expect("a replacement"), expected);
}

#[test]
fn a_replacement_may_be_the_name_of_a_registry() {
    let world = World::with("[source.crates-io]\nreplace-with = 'foo'\n")
        .variable("CARGO_REGISTRIES_FOO_INDEX", "sparse+https://foo.example.org/");
    let replacement = world.config().replacement(&Registry::CratesIo).expect("a replacement");
    assert_eq!(replacement.to_string(), "sparse+https://foo.example.org/");
}

#[test]
fn crates_io_with_another_place_is_replaced_without_replace_with() {
    let world = World::with("[source.crates-io]\nregistry = \"sparse+https://evil.example.org/\"\n");
    let origin = world.at(PROJECT, 2, "source.crates-io.registry");
    let registry = sparse("https://evil.example.org/");
    let replacement = world.config().replacement(&Registry::CratesIo).expect("a replacement");
    assert_eq!(replacement, Replacement::Registry { registry, origin });
    let world = World::with("[source.crates-io]\nregistry = \"https://github.com/rust-lang/crates.io-index\"\n");
    assert_eq!(world.config().replacement(&Registry::CratesIo).expect("an answer"), Replacement::Itself);
}

#[test]
fn variables_do_not_replace_sources_and_cargo_ignores_an_index_for_crates_io() {
    let world = World::with("[registries.crates-io]\nindex = \"sparse+https://evil.example.org/\"\n")
        .variable("CARGO_SOURCE_CRATES_IO_REPLACE_WITH", "x")
        .variable("CARGO_REGISTRIES_CRATES_IO_INDEX", "sparse+https://evil.example.org/");
    assert_eq!(world.config().replacement(&Registry::CratesIo).expect("an answer"), Replacement::Itself);
    let registries = world.config().registries().expect("registries");
    assert_eq!(registries.iter().map(|one| one.registry.value.clone()).collect::<Vec<_>>(), [Registry::CratesIo]);
}

#[test]
fn sources_that_cargo_refuses_are_refused() {
    let ask = |text: &str| World::with(text).error(|config| config.replacement(&Registry::CratesIo));
    let start = "[source.crates-io]\nreplace-with = 'x'\n";
    insta::assert_snapshot!(ask(&format!("{start}[source.x]\nreplace-with = 'crates-io'\nregistry = 'sparse+https://x.example.org/'")), @r"
    `source.x.replace-with` in a/b/.cargo/config.toml:4: the sources replace each other in a circle
    help: remove one of the `replace-with` keys
    ");
    insta::assert_snapshot!(ask("[source.crates-io]\nreplace-with = 'crates-io'"), @r"
    `source.crates-io.replace-with` in a/b/.cargo/config.toml:2: the sources replace each other in a circle
    help: remove one of the `replace-with` keys
    ");
    insta::assert_snapshot!(ask(start), @r#"
    `source.crates-io.replace-with` in a/b/.cargo/config.toml:2: there is no source and no registry of the name "x"
    help: define `[source."x"]`, or remove the key
    "#);
    insta::assert_snapshot!(ask(&format!("{start}[source.x]\n")), @r"
    `source.x` in a/b/.cargo/config.toml:3: this source has no place
    help: give it one of `registry`, `local-registry`, `directory` and `git`
    ");
    insta::assert_snapshot!(ask(&format!("{start}[source.x]\ndirectory = 'v'\nregistry = 'sparse+https://x.example.org/'")), @r"
    `source.x.registry` in a/b/.cargo/config.toml:5 and `source.x.directory` in a/b/.cargo/config.toml:4: one source cannot have two places
    help: remove one of the two keys
    ");
    insta::assert_snapshot!(ask("[source.x]\nregistry = 'sparse+https://index.crates.io/'\nreplace-with = 'y'"), @r"
    `source.x.registry` in a/b/.cargo/config.toml:2: `source.crates-io` has this place already
    help: keep one of the two tables; cargo refuses both together
    ");
    insta::assert_snapshot!(ask("[source.x]\ngit = 'https://x.example.org/'\n[source.y]\ngit = 'https://x.example.org/'"), @r#"
    `source.y.git` in a/b/.cargo/config.toml:4: `source."x"` has this place already
    help: keep one of the two tables; cargo refuses both together
    "#);
    insta::assert_snapshot!(ask("[source.x]\nregistry = 'x'"), @r#"
    `source.x.registry` in a/b/.cargo/config.toml:2: "x" is not the address of a registry
    help: write an address such as "sparse+https://registry.example.org/index/"
    "#);
    insta::assert_snapshot!(ask("[source]\nx = 1"), @r"
    `source.x` in a/b/.cargo/config.toml:2: expected a table, found an integer
    help: write a table, as cargo expects it too
    ");
}

/// Each pair was put before cargo 1.95, the first as `registries.own.index`, the second as the `registry` of a replaced source.
#[test]
fn addresses_that_cargo_takes_for_one_are_one() {
    for (index, source, one) in [
        ("https://a.example.org/index", "https://a.example.org/index.git", true),
        ("https://github.com/Foo/Bar", "https://github.com/foo/bar", true),
        ("sparse+https://a.example.org/index/", "sparse+https://a.example.org/index.git", true),
        ("sparse+https://a.example.org/index/", "sparse+https://a.example.org/index//", false),
        ("sparse+https://a.example.org/index/", "https://a.example.org/index/", false),
        ("sparse+https://A.Example.ORG/index/", "sparse+https://a.example.org:443/index/", false),
    ] {
        let world =
            World::with(&format!("[source.o]\nregistry='{source}'\nreplace-with='k'\n[source.k]\ndirectory='kept'\n"));
        let registry = Registry::parse(index).expect("an address");
        let replacement = world.config().replacement(&registry).expect("an answer");
        assert_eq!(replacement != Replacement::Itself, one, "{index} and {source}");
    }
}
