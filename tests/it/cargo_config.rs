//! Cargo's configuration as cargo 1.95 would read it; the rules asserted here were tried out on that cargo.

mod sources;

use std::fs;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use cargo_sequester::door::gather::adopt::cooldown_age;
use cargo_sequester::door::gather::cargo_config::{CargoConfig, CargoConfigError, Replacement};
use cargo_sequester::door::gather::environment::Environment;
use cargo_sequester::door::model::age::Age;
use cargo_sequester::door::model::policy::{CargoAges, Origin};
use cargo_sequester::door::model::source::Registry;

/// A folder with a project in `a/b` and a `CARGO_HOME` in `home`.
struct World {
    root: Utf8PathBuf,
    variables: Vec<(String, String)>,
    _folder: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let root = Utf8Path::from_path(folder.path()).expect("UTF-8").canonicalize_utf8().expect("a path");
        for name in ["a/b/.cargo", "a/.cargo", "home"] {
            fs::create_dir_all(root.join(name)).expect("made");
        }
        let variables = vec![("CARGO_HOME".to_owned(), root.join("home").into_string())];
        Self { root, variables, _folder: folder }
    }

    /// A world with this in the project's own configuration.
    fn with(text: &str) -> Self {
        Self::new().file("a/b/.cargo/config.toml", text)
    }

    fn file(self, path: &str, text: &str) -> Self {
        let path = self.root.join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, text).expect("written");
        self
    }

    fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    fn load(&self) -> Result<CargoConfig, CargoConfigError> {
        let start = self.root.join("a/b");
        CargoConfig::load(&start, &Environment::of(start.clone(), self.variables.clone()))
    }

    fn config(&self) -> CargoConfig {
        self.load().unwrap_or_else(|error| panic!("{error}"))
    }

    /// The message, with the world's root left out; it must end with its line of help.
    fn message(&self, error: &CargoConfigError) -> String {
        let message = error.to_string().replace(&format!("{}/", self.root), "");
        assert!(message.lines().last().is_some_and(|line| line.starts_with("help: ")), "{message}");
        message
    }

    fn error<T>(&self, ask: impl FnOnce(&CargoConfig) -> Result<T, CargoConfigError>) -> String {
        let answer = self.load().and_then(|config| ask(&config));
        self.message(&answer.err().expect("an error"))
    }

    fn layers(&self) -> Vec<String> {
        let relative = |path: &Utf8Path| path.as_str().replace(&format!("{}/", self.root), "");
        self.config().layers().iter().map(|layer| relative(&layer.path)).collect()
    }

    fn at(&self, path: &str, line: u32, key: &str) -> Origin {
        Origin::File { path: self.root.join(path), line, key: key.to_owned() }
    }
}

const PROJECT: &str = "a/b/.cargo/config.toml";

fn sparse(url: &str) -> Registry {
    Registry::Sparse(url.into())
}

#[test]
fn the_closest_file_wins_and_the_environment_before_it() {
    let world = World::with("[http]\ntimeout = 2\n")
        .file("a/.cargo/config.toml", "[http]\ntimeout = 3\nproxy = \"above\"\n[net]\nretry = 7\n")
        .file(
            "home/config.toml",
            "[net]\nretry = 9\noffline = true\n[http]\ncainfo = \"ca.pem\"\nmultiplexing = false\n",
        );
    assert_eq!(world.layers(), [PROJECT, "a/.cargo/config.toml", "home/config.toml"]);
    let http = world.config().http().expect("settings");
    assert_eq!(
        (http.timeout, http.proxy.as_deref(), http.retry),
        (Some(Duration::from_secs(2)), Some("above"), Some(7))
    );
    assert_eq!(http.cainfo, Some(world.root.join("ca.pem")));
    assert!(http.no_multiplexing);
    assert!(world.config().offline().expect("a setting"));

    let world = world
        .variable("CARGO_HTTP_TIMEOUT", "5")
        .variable("CARGO_HTTP_PROXY", "from-environment")
        .variable("CARGO_HTTP_CAINFO", "own.pem")
        .variable("CARGO_HTTP_MULTIPLEXING", "true")
        .variable("CARGO_NET_RETRY", "0")
        .variable("CARGO_NET_OFFLINE", "false");
    let http = world.config().http().expect("settings");
    assert_eq!((http.timeout, http.proxy.as_deref()), (Some(Duration::from_secs(5)), Some("from-environment")));
    assert_eq!((http.retry, http.cainfo), (Some(0), Some(world.root.join("a/b/own.pem"))));
    assert!(!http.no_multiplexing);
    assert!(!world.config().offline().expect("a setting"));
}

#[test]
fn nothing_configured_is_nothing_set() {
    let config = World::new().config();
    assert!(config.layers().is_empty());
    assert_eq!(config.ages().expect("ages"), CargoAges::default());
    assert_eq!(config.replacement(&Registry::CratesIo).expect("an answer"), Replacement::Itself);
    let http = config.http().expect("settings");
    assert!(http.proxy.is_none() && http.timeout.is_none() && http.retry.is_none() && !http.no_multiplexing);
}

#[test]
fn g7_the_legacy_file_wins_and_says_what_it_shadows() {
    let world = World::with("[http]\ntimeout = 2\n").file("a/b/.cargo/config", "[http]\nproxy = \"legacy\"\n");
    let config = world.config();
    assert_eq!(world.layers(), ["a/b/.cargo/config"]);
    assert_eq!(config.layers()[0].shadows, Some(world.root.join(PROJECT)));
    let http = config.http().expect("settings");
    assert_eq!((http.proxy.as_deref(), http.timeout), (Some("legacy"), None));
}

#[test]
fn a_home_that_lies_above_the_project_is_read_once() {
    let mut world = World::with("").file("a/.cargo/config.toml", "");
    world.variables = vec![("CARGO_HOME".to_owned(), world.root.join("a/.cargo").into_string())];
    assert_eq!(world.layers(), [PROJECT, "a/.cargo/config.toml"]);
}

#[test]
fn g7_included_files_are_read_and_the_last_one_wins() {
    let world = World::with(
        "include = [\"../inc/one.toml\", { path = \"none.toml\", optional = true }, { path = \"two.toml\" }]\n[http]\ntimeout = 2\n",
    )
    .file("a/b/inc/one.toml", "[http]\ntimeout = 10\nproxy = \"one\"\ncainfo = \"one.pem\"\n")
    .file("a/b/.cargo/two.toml", "include = ['three.toml']\n[http]\nproxy = \"two\"\n")
    .file("a/b/.cargo/three.toml", "[net]\nretry = 1\n[http]\nproxy = 'three'\n");
    assert_eq!(world.layers(), [PROJECT, "a/b/.cargo/two.toml", "a/b/.cargo/three.toml", "a/b/.cargo/../inc/one.toml"]);
    let config = world.config();
    assert_eq!(config.layers()[2].included_by, Some((world.root.join("a/b/.cargo/two.toml"), 1)));
    let http = config.http().expect("settings");
    assert_eq!((http.timeout, http.proxy.as_deref(), http.retry), (Some(Duration::from_secs(2)), Some("two"), Some(1)));
    assert_eq!(http.cainfo, Some(world.root.join("a/b/.cargo/../one.pem")));
}

#[test]
fn what_an_older_cargo_would_include_is_read_too() {
    let world = World::with("include = \"two\"\n").file("a/b/.cargo/two", "[http]\nproxy = \"two\"\n");
    assert_eq!(world.config().http().expect("settings").proxy.as_deref(), Some("two"));
}

#[test]
fn bad_includes_are_named() {
    let load = |text: &str| World::with(text).error(|_| Ok(()));
    insta::assert_snapshot!(load("\ninclude = ['none.toml']"), @r"
    a/b/.cargo/config.toml:2: `include`: a/b/.cargo/none.toml cannot be read: No such file or directory (os error 2)
    help: correct the path, or let its table say `optional = true`
    ");
    insta::assert_snapshot!(load("include = [1]"), @r"
    `include` in a/b/.cargo/config.toml:1: expected a list of strings or of tables, found an integer
    help: write a list of strings or of tables, as cargo expects it too
    ");
    insta::assert_snapshot!(load("include = [{ optional = true }]"), @r"
    `include` in a/b/.cargo/config.toml:1: not a table with the key `path`
    help: write a table with the key `path`, as cargo expects it too
    ");
    insta::assert_snapshot!(load("include = [\n{ path = 'x.toml', optional = 1 }]"), @r"
    `include` in a/b/.cargo/config.toml:2: expected `true` or `false`, found an integer
    help: write `true` or `false`, as cargo expects it too
    ");
    insta::assert_snapshot!(load("include = ['config.toml']"), @r"
    a/b/.cargo/config.toml:1: `include`: a/b/.cargo/config.toml includes this file again
    help: remove one of the two `include` entries
    ");
    let world = World::with("include = ['one.toml']")
        .file("a/b/.cargo/one.toml", "include = ['two.toml']")
        .file("a/b/.cargo/two.toml", "# over\ninclude = ['../.cargo/one.toml']");
    insta::assert_snapshot!(world.error(|_| Ok(())), @r"
    a/b/.cargo/two.toml:2: `include`: a/b/.cargo/../.cargo/one.toml includes this file again
    help: remove one of the two `include` entries
    ");
    let many: Vec<String> = (0..70).map(|_| "'x.toml'".to_owned()).collect();
    let world = World::with(&format!("include = [{}]", many.join(","))).file("a/b/.cargo/x.toml", "");
    insta::assert_snapshot!(world.error(|_| Ok(())), @r"
    a/b/.cargo/config.toml:1: `include`: more than 64 files are included
    help: include fewer files
    ");
}

#[test]
fn a_file_that_is_broken_is_named_with_its_line() {
    insta::assert_snapshot!(World::with("[http]\ntimeout = \n").error(|_| Ok(())), @r"
    a/b/.cargo/config.toml:2: not TOML: string values must be quoted, expected literal string
    help: see https://toml.io for the grammar
    ");
    let world = World::new();
    fs::write(world.root.join(PROJECT), [0xff]).expect("written");
    insta::assert_snapshot!(world.error(|_| Ok(())), @r"
    a/b/.cargo/config.toml: this file of cargo's configuration cannot be read: it is not UTF-8 text
    help: make it a readable UTF-8 file, or move it away
    ");
    insta::assert_snapshot!(World::new().file("home/credentials.toml", "[").error(|_| Ok(())), @r"
    home/credentials.toml:1: not TOML: unquoted keys cannot be empty, expected letters, numbers, `-`, `_`
    help: see https://toml.io for the grammar
    ");
}

#[test]
fn wrong_types_are_named_with_file_line_and_key() {
    insta::assert_snapshot!(World::with("[http]\ntimeout = '3'").error(CargoConfig::http), @r"
    `http.timeout` in a/b/.cargo/config.toml:2: expected an integer from 0 to 4294967295, found a string
    help: write an integer from 0 to 4294967295, as cargo expects it too
    ");
    insta::assert_snapshot!(World::with("http.timeout = -1").error(CargoConfig::http), @r"
    `http.timeout` in a/b/.cargo/config.toml:1: not an integer from 0 to 4294967295
    help: write an integer from 0 to 4294967295, as cargo expects it too
    ");
    insta::assert_snapshot!(World::with("http.proxy = true").error(CargoConfig::http), @r"
    `http.proxy` in a/b/.cargo/config.toml:1: expected a string, found a boolean
    help: write a string, as cargo expects it too
    ");
    insta::assert_snapshot!(World::with("http = 1").error(CargoConfig::http), @r"
    `http` in a/b/.cargo/config.toml:1: expected a table, found an integer
    help: write a table, as cargo expects it too
    ");
    insta::assert_snapshot!(World::with("[net]\noffline = 1").error(CargoConfig::offline), @r"
    `net.offline` in a/b/.cargo/config.toml:2: expected `true` or `false`, found an integer
    help: write `true` or `false`, as cargo expects it too
    ");
    insta::assert_snapshot!(World::new().variable("CARGO_NET_OFFLINE", "1").error(CargoConfig::offline), @r"
    the environment variable CARGO_NET_OFFLINE: not `true` or `false`
    help: write `true` or `false`, as cargo expects it too
    ");
    insta::assert_snapshot!(World::with("[registries]\nfoo = 1").error(CargoConfig::registries), @r"
    `registries.foo` in a/b/.cargo/config.toml:2: expected a table, found an integer
    help: write a table, as cargo expects it too
    ");
    insta::assert_snapshot!(World::with("[registries.foo]\nindex = 'foo'").error(CargoConfig::registries), @r#"
    `registries.foo.index` in a/b/.cargo/config.toml:2: "foo" is not the address of a registry
    help: write an address such as "sparse+https://registry.example.org/index/"
    "#);
    insta::assert_snapshot!(World::with("[registries.'fo o']\nindex = 1").error(CargoConfig::registries), @r#"
    `registries."fo o".index` in a/b/.cargo/config.toml:2: expected a string, found an integer
    help: write a string, as cargo expects it too
    "#);
    // A mistake further up is cargo's business too, so it is ours.
    let world = World::with("[net]\noffline = true").file("home/config.toml", "net = 1");
    insta::assert_snapshot!(world.error(CargoConfig::offline), @r"
    `net` in home/config.toml:1: expected a table, found an integer
    help: write a table, as cargo expects it too
    ");
}

#[test]
fn no_debug_output_shows_a_token() {
    let world = World::with("[registry]\ntoken = \"secret-in-config\"")
        .file("home/credentials.toml", "[registries.one]\ntoken = \"secret-in-credentials\"\n")
        .variable("CARGO_REGISTRY_TOKEN", "secret-in-environment");
    assert!(!format!("{:?}", world.config()).contains("secret"));
}

#[test]
fn the_age_of_cargo_cooldown_is_found() {
    let ask = |text: &str| {
        let world = World::new().file("cooldown.toml", text);
        cooldown_age(&world.root).map(|(path, age)| (path.file_name().map(str::to_owned), age))
    };
    let found = |age| Some((Some("cooldown.toml".to_owned()), age));
    assert_eq!(ask("[cooldown]\nx = 1\n[registry]\nglobal-min-publish-age = \"14 days\"\n"), found(Age::days(14)));
    assert_eq!(ask("cooldown_minutes = 1440\n"), found(Age::days(1)));
    for text in [
        "",
        "cooldown_minutes = -1",
        "cooldown_minutes = '1'",
        "registry = 1",
        "[registry]\nglobal-min-publish-age = 14",
        "[",
    ] {
        assert_eq!(ask(text), None, "{text}");
    }
    assert_eq!(cooldown_age(&World::new().root), None);
}
