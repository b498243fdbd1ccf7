//! Getting `.crate` files: from the cache or the registry, hashed every time.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use cargo_sequester::door::gather::cargo_config::Token;
use cargo_sequester::door::gather::crate_files::{
    CrateFault, CrateFile, CratePlaces, CratesTaken, WantedCrate, download_address, take,
};
use cargo_sequester::door::gather::credentials::Credentials;
use cargo_sequester::door::gather::http::{Http, HttpSettings};
use cargo_sequester::door::gather::index::{IndexMode, RegistryAccess, RegistryConfig};
use cargo_sequester::door::model::checksum::Checksum;
use cargo_sequester::door::model::package::PackageId;
use cargo_sequester::door::model::source::{Registry, Source};
use tempfile::TempDir;

use crate::support::{Package, Reply, TestRegistry};

/// A registry and an empty `$CARGO_HOME`.
struct World {
    registry: TestRegistry,
    home: TempDir,
    access: BTreeMap<Registry, RegistryAccess>,
    configs: BTreeMap<Registry, RegistryConfig>,
    wanted: Vec<(PackageId, Checksum)>,
}

/// The files that were handed on, by name, and the rest.
type Taken = (BTreeMap<String, CrateFile>, CratesTaken);

impl World {
    fn new() -> Self {
        let registry = TestRegistry::new();
        let configs = BTreeMap::from([(identity(&registry), config(&registry.address("/dl"), false))]);
        Self { registry, home: tempfile::tempdir().unwrap(), access: BTreeMap::new(), configs, wanted: Vec::new() }
    }

    /// Publishes `name` 1.0.0 and wants it.
    fn with(mut self, name: &str) -> Self {
        let noise: Vec<u8> = (0_u32..5_000).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
        let checksum = Package::new(name, "1.0.0").file("noise", noise).publish(&self.registry);
        let id = PackageId {
            name: name.into(),
            version: "1.0.0".parse().unwrap(),
            source: Source::Registry(identity(&self.registry)),
        };
        self.wanted.push((id, checksum.parse().unwrap()));
        self
    }

    fn home(&self) -> &Utf8Path {
        Utf8Path::from_path(self.home.path()).unwrap()
    }

    fn online(&self) -> Taken {
        let timeout = Some(Duration::from_secs(5));
        let settings = HttpSettings { proxy: Some(String::new()), timeout, retry: Some(2), ..HttpSettings::default() };
        let http = Http::new(&settings).unwrap();
        self.take(IndexMode::Online(&http))
    }

    fn take(&self, mode: IndexMode<'_>) -> Taken {
        let wanted: Vec<_> = self.wanted.iter().map(|(id, checksum)| WantedCrate { id, checksum: *checksum }).collect();
        let places = CratePlaces { cargo_home: self.home(), access: &self.access, configs: &self.configs, mode };
        let files = Mutex::new(BTreeMap::new());
        let deliver = |at: usize, file: CrateFile| {
            assert_eq!(file.bytes.checksum(), wanted[at].checksum);
            files.lock().unwrap().insert(wanted[at].id.name.to_string(), file);
        };
        let taken = take(&wanted, &places, &deliver, &mut |_| ());
        (files.into_inner().unwrap(), taken)
    }

    /// Downloads everything and puts it where cargo would, returning each path.
    fn fill_cache(&self) -> BTreeMap<String, Utf8PathBuf> {
        let (files, taken) = self.online();
        assert!(taken.failures.is_empty(), "{:?}", taken.failures);
        let paths: BTreeMap<_, _> =
            files.iter().map(|(name, file)| (name.clone(), file.downloaded_for.clone().unwrap())).collect();
        for (name, path) in &paths {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, files[name].bytes.bytes()).unwrap();
        }
        self.registry.forget_requests();
        paths
    }
}

fn identity(registry: &TestRegistry) -> Registry {
    Registry::parse(&registry.url()).unwrap()
}

fn config(dl: &str, auth_required: bool) -> RegistryConfig {
    RegistryConfig { dl: dl.to_owned(), api: None, auth_required }
}

#[test]
fn what_the_cache_has_is_not_asked_for() {
    let world = World::new().with("bar").with("foo");
    world.fill_cache();
    let (files, taken) = world.online();
    assert_eq!(files.len(), 2);
    assert!(files.values().all(|file| file.downloaded_for.is_none()));
    assert_eq!((taken.downloaded, taken.bytes), (0, 0));
    assert!(world.registry.requests().is_empty());
    assert_eq!(world.take(IndexMode::Offline).0.len(), 2);
}

#[test]
fn the_cache_is_the_folder_that_cargo_itself_uses() {
    let world = World::new().with("bar");
    let paths = world.fill_cache();
    let folder = paths["bar"].parent().unwrap();
    assert_eq!(folder.parent().unwrap(), world.home().join("registry/cache"));
    let project = crate::support::Project::new()
        .registry("mine", &world.registry)
        .dep_toml("bar = { version = \"1\", registry = \"mine\" }");
    project.lock_with_cargo();
    project.cargo(&["fetch", "--locked"]).expect_code(0);
    let theirs = project.cargo_home().join("registry/cache").join(folder.file_name().unwrap()).join("bar-1.0.0.crate");
    assert!(theirs.is_file(), "{theirs}");
}

#[test]
fn b1_a_wrong_body_is_refused() {
    let world = World::new().with("bar").with("foo");
    let other = Package::new("bar", "1.0.0").file("evil", "x").archive();
    world.registry.reply(&TestRegistry::download_path("bar", "1.0.0"), Reply::ok(other));
    let (files, taken) = world.online();
    assert_eq!(files.keys().collect::<Vec<_>>(), ["foo"], "the other one is none the worse");
    let [failure] = &taken.failures[..] else { panic!("{taken:?}") };
    assert!(matches!(failure.fault, CrateFault::WrongBytes { what: "a gzip file", .. }), "{failure}");
    assert!(failure.to_string().contains("bar@1.0.0") && failure.to_string().contains("\nhelp: "), "{failure}");
}

#[test]
fn a16_what_is_no_crate_is_refused_and_named() {
    for (body, what) in
        [("<!doctype html>", "a web page"), ("", "an empty body"), ("oops", "something that is no gzip")]
    {
        let world = World::new().with("bar");
        world.registry.reply(&TestRegistry::download_path("bar", "1.0.0"), Reply::ok(body));
        let (files, taken) = world.online();
        assert!(files.is_empty());
        assert!(taken.failures[0].to_string().contains(what), "{}", taken.failures[0]);
    }
    let world = World::new().with("bar");
    let mut cut = world.registry.archive("bar", "1.0.0").unwrap();
    cut.truncate(cut.len() / 2);
    world.registry.reply(&TestRegistry::download_path("bar", "1.0.0"), Reply::ok(cut));
    assert!(matches!(world.online().1.failures[0].fault, CrateFault::WrongBytes { .. }));
}

#[test]
fn b2_a_poisoned_entry_is_reported_and_fetched_anew() {
    let world = World::new().with("bar").with("foo");
    let paths = world.fill_cache();
    std::fs::write(&paths["bar"], Package::new("bar", "1.0.0").file("evil", "x").archive()).unwrap();
    let (files, taken) = world.online();
    assert_eq!(files["bar"].downloaded_for.as_ref(), Some(&paths["bar"]));
    let [poisoned] = &taken.poisoned[..] else { panic!("{taken:?}") };
    assert_eq!((&*poisoned.id.name, &poisoned.path), ("bar", &paths["bar"]));
    assert!(poisoned.found.is_some_and(|found| found != poisoned.expected));
    assert_eq!(world.registry.requested_paths(), [TestRegistry::download_path("bar", "1.0.0")]);

    let (files, taken) = world.take(IndexMode::Offline);
    assert_eq!(files.keys().collect::<Vec<_>>(), ["foo"]);
    assert!(matches!(&taken.failures[0].fault, CrateFault::Poisoned { path } if *path == paths["bar"]));
}

#[test]
fn offline_everything_that_is_missing_is_named() {
    let world = World::new().with("bar").with("foo").with("wing");
    let (files, taken) = world.take(IndexMode::Offline);
    assert!(files.is_empty());
    let names: Vec<_> = taken.failures.iter().map(|failure| &*failure.id.name).collect();
    assert_eq!(names, ["bar", "foo", "wing"]);
    assert!(taken.failures.iter().all(|failure| matches!(failure.fault, CrateFault::NotCached)));
    assert!(world.registry.requests().is_empty());
}

#[test]
fn a_broken_download_is_continued_where_the_server_can() {
    let world = World::new().with("bar");
    let whole = world.registry.archive("bar", "1.0.0").unwrap();
    let (half, path) = (whole.len() / 2, TestRegistry::download_path("bar", "1.0.0"));
    let range = format!("bytes {half}-{}/{}", whole.len() - 1, whole.len());
    world.registry.reply(&path, Reply::usual().header("ETag", "\"e\"").truncated().times(1));
    world.registry.reply(&path, Reply::status(206).header("Content-Range", &range).body(&whole[half..]).times(1));
    let (files, taken) = world.online();
    assert_eq!(files["bar"].bytes.bytes(), whole, "{taken:?}");
    let asked = world.registry.requests();
    assert_eq!(asked.len(), 2);
    assert_eq!(asked[1].headers.get("range"), Some(&format!("bytes={half}-")));
    assert_eq!(asked[1].headers.get("if-range").map(String::as_str), Some("\"e\""));
    assert_eq!(asked[0].headers.get("accept-encoding").map(String::as_str), Some("identity"));
    assert_eq!(taken.bytes, whole.len() as u64);
}

#[test]
fn a_broken_download_begins_anew_where_the_server_cannot_continue() {
    let world = World::new().with("bar");
    let whole = world.registry.archive("bar", "1.0.0").unwrap();
    let path = TestRegistry::download_path("bar", "1.0.0");
    world.registry.reply(&path, Reply::usual().truncated().times(1));
    assert_eq!(world.online().0["bar"].bytes.bytes(), whole);
    world.registry.reply(&path, Reply::usual().truncated().times(1));
    // A part from elsewhere must not be taken for the rest.
    let lie = format!("bytes 1-{}/{}", whole.len() - 1, whole.len());
    world.registry.reply(&path, Reply::status(206).header("Content-Range", &lie).body(&whole[1..]).times(1));
    assert_eq!(world.online().0["bar"].bytes.bytes(), whole);
    world.registry.reply(&path, Reply::usual().header("Accept-Ranges", "none").truncated().times(1)).forget_requests();
    assert_eq!(world.online().0["bar"].bytes.bytes(), whole);
    assert!(world.registry.requests().iter().all(|request| !request.headers.contains_key("range")));
    world.registry.reply(&path, Reply::usual().truncated());
    assert!(matches!(world.online().1.failures[0].fault, CrateFault::Download(_)));
}

#[test]
fn a_registry_that_does_not_serve_it_is_named() {
    let world = World::new().with("bar").with("foo");
    world.registry.delete("bar", "1.0.0");
    let (files, taken) = world.online();
    assert!(files.contains_key("foo"));
    assert!(matches!(taken.failures[0].fault, CrateFault::NotServed { status: 404, .. }), "{:?}", taken.failures);
    let mut world = World::new().with("bar");
    world.configs.clear();
    assert!(matches!(world.online().1.failures[0].fault, CrateFault::NoAddress(_)));
}

#[test]
fn the_token_goes_where_it_is_asked_for_and_nowhere_else() {
    let mut world = World::new().with("bar");
    let registry = identity(&world.registry);
    let access = RegistryAccess {
        credentials: Credentials::known(Token::parse("secret".to_owned()).unwrap()),
        ..RegistryAccess::direct(&registry)
    };
    world.access.insert(registry.clone(), access);
    assert_eq!(world.online().0.len(), 1);
    assert!(world.registry.requests().iter().all(|request| !request.headers.contains_key("authorization")));
    world.registry.require_token("secret").forget_requests();
    world.configs.insert(registry.clone(), config(&world.registry.address("/dl"), true));
    assert_eq!(world.online().0.len(), 1);
    assert_eq!(world.registry.requests()[0].headers.get("authorization").map(String::as_str), Some("secret"));
    world.access.clear();
    assert!(matches!(world.online().1.failures[0].fault, CrateFault::NoAddress(_)));
}

#[test]
fn a_hundred_files_arrive_whole() {
    let world = (0..100).fold(World::new(), |world, number| world.with(&format!("crate-{number}")));
    let (files, taken) = world.online();
    assert!(taken.failures.is_empty(), "{:?}", taken.failures.first());
    assert_eq!((files.len(), taken.downloaded), (100, 100));
}

#[test]
fn every_marker_of_the_address_is_filled_in() {
    let checksum: Checksum = "ab".repeat(32).parse().unwrap();
    let address = |dl: &str, name: &str| {
        let id = PackageId {
            name: name.into(),
            version: "1.0.0-rc.1+b".parse().unwrap(),
            source: Source::Registry(Registry::CratesIo),
        };
        download_address(&config(dl, false), &id, checksum)
    };
    assert_eq!(address("https://r.example.org/dl", "Cargo"), "https://r.example.org/dl/Cargo/1.0.0-rc.1+b/download");
    assert_eq!(
        address("https://r.example.org/{prefix}/{lowerprefix}/{crate}-{version}?{sha256-checksum}", "MyCrate"),
        format!("https://r.example.org/My/Cr/my/cr/MyCrate-1.0.0-rc.1+b?{checksum}")
    );
    for (name, prefix) in [("a", "1"), ("ab", "2"), ("Abc", "3/A"), ("Abcd", "Ab/cd")] {
        assert_eq!(address("https://r.example.org/{prefix}", name), format!("https://r.example.org/{prefix}"));
    }
}
