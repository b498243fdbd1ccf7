//! The index reader against a loopback registry.

mod beside_cargo;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use cargo_sequester::door::gather::cargo_config::Token;
use cargo_sequester::door::gather::credentials::Credentials;
use cargo_sequester::door::gather::http::{Http, HttpSettings};
use cargo_sequester::door::gather::index::{IndexMode, IndexOrigin, IndexReading, RegistryAccess, read};
use cargo_sequester::door::model::Version;
use cargo_sequester::door::model::evaluation::IndexGap;
use cargo_sequester::door::model::facts::IndexFact;
use cargo_sequester::door::model::history::{History, Standing};
use cargo_sequester::door::model::package::CrateId;
use cargo_sequester::door::model::source::Registry;

use crate::loopback::{Ask, Loopback, Reply};

const DIGEST: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
const DATE: &str = "Sun, 22 Nov 2026 10:00:00 GMT";

fn line(name: &str, version: &str) -> String {
    format!(
        r#"{{"name":"{name}","vers":"{version}","deps":[],"cksum":"{DIGEST}","features":{{}},"yanked":false,"pubtime":"2026-01-02T03:04:05Z"}}"#
    )
}

fn config() -> Reply {
    Reply::new(200, r#"{"dl":"http://127.0.0.1:1/dl"}"#).with("date", DATE)
}

struct World {
    _dir: tempfile::TempDir,
    home: Utf8PathBuf,
    server: Loopback,
    http: Http,
    token: Option<String>,
}

impl World {
    /// A registry whose crates are answered by `answer`.
    fn new(answer: impl Fn(&Ask) -> Reply + Send + Sync + 'static) -> Self {
        let server = Loopback::start(move |ask| if ask.path == "/config.json" { config() } else { answer(ask) });
        Self::of(server)
    }

    fn of(server: Loopback) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let home = Utf8PathBuf::try_from(dir.path().join("home")).unwrap();
        let settings = HttpSettings {
            proxy: Some(String::new()),
            timeout: Some(Duration::from_secs(1)),
            retry: Some(1),
            ..HttpSettings::default()
        };
        Self { _dir: dir, home, server, http: Http::new(&settings).unwrap(), token: None }
    }

    fn registry(&self) -> Registry {
        Registry::Sparse(self.server.url.as_str().into())
    }

    fn id(&self, name: &str) -> CrateId {
        CrateId { registry: self.registry(), name: name.into() }
    }

    fn read(&self, names: &[&str], online: bool) -> IndexReading {
        let crates: BTreeSet<CrateId> = names.iter().map(|name| self.id(name)).collect();
        let mode = if online { IndexMode::Online(&self.http) } else { IndexMode::Offline };
        let access = RegistryAccess {
            credentials: credentials(self.token.as_deref()),
            ..RegistryAccess::direct(&self.registry())
        };
        read(&crates, &BTreeMap::from([(self.registry(), access)]), &self.home, mode, &mut |_, _| ())
    }

    fn one(&self, name: &str, online: bool) -> IndexFact {
        let mut reading = self.read(&[name], online);
        reading.index.remove(&self.id(name)).unwrap()
    }

    /// The one cached entry of this home.
    fn cached(&self, path: &str) -> Option<Utf8PathBuf> {
        let root = self.home.join("registry/index");
        let folder = std::fs::read_dir(root).ok()?.next()?.ok()?.path();
        let path = Utf8PathBuf::try_from(folder).ok()?.join(".cache").join(path);
        path.exists().then_some(path)
    }
}

fn history(fact: IndexFact) -> Arc<History> {
    let IndexFact::Read(history) = fact else { panic!("{fact:?}") };
    history
}

fn failure(fact: IndexFact) -> String {
    let IndexFact::Unavailable(IndexGap::Failed(cause) | IndexGap::Denied(cause)) = fact else { panic!("{fact:?}") };
    cause
}

fn has(history: &History, version: &str) -> bool {
    history.release(&version.parse::<Version>().unwrap()).unwrap().is_some()
}

fn with_etag(ask: &Ask) -> Reply {
    if ask.header("if-none-match") == Some("\"e1\"") {
        return Reply::new(304, "").with("date", DATE);
    }
    Reply::new(200, line("bar", "1.0.0")).with("etag", "\"e1\"").with("last-modified", DATE).with("date", DATE)
}

#[test]
fn what_was_fetched_once_is_confirmed_the_next_time_and_read_offline() {
    let world = World::new(with_etag);
    let first = world.read(&["bar"], true);
    assert_eq!(first.clock.unwrap().to_string(), "2026-11-22T10:00:00Z");
    assert_eq!(first.configs[&world.registry()].dl, "http://127.0.0.1:1/dl");
    assert_eq!(first.oldest_cached, None);
    let second = history(world.one("bar", true));
    assert_eq!(second.standing(), Standing::Confirmed);
    assert!(has(&second, "1.0.0"));
    let asked = world.server.asked_for("/3/b/bar");
    assert_eq!(asked.len(), 2);
    assert_eq!(asked[1].header("if-modified-since"), None, "one validator, as cargo sends");

    let offline = world.read(&["bar"], false);
    assert_eq!(world.server.asked_for("/3/b/bar").len(), 2);
    let Some(IndexFact::Read(cached)) = offline.index.get(&world.id("bar")) else { panic!("{offline:?}") };
    let Standing::Cached(Some(written)) = cached.standing() else { panic!("{cached:?}") };
    assert_eq!((offline.oldest_cached, offline.clock), (Some(written), None));
    assert!(offline.configs.contains_key(&world.registry()));
}

#[test]
fn last_modified_serves_where_there_is_no_etag_and_without_both_all_is_fetched() {
    let world = World::new(|ask| match (ask.path.as_str(), ask.header("if-modified-since")) {
        ("/3/b/bar", Some(DATE)) => Reply::new(304, ""),
        ("/3/b/bar", _) => Reply::new(200, line("bar", "1.0.0")).with("last-modified", DATE),
        _ => Reply::new(200, line("baz", "1.0.0")),
    });
    world.read(&["bar", "baz"], true);
    let entry = std::fs::read(world.cached("3/b/baz").unwrap()).unwrap();
    assert!(entry.starts_with(b"\x03\x02\0\0\0Unknown\0"));
    assert_eq!(history(world.one("bar", true)).standing(), Standing::Confirmed);
    assert_eq!(history(world.one("baz", true)).standing(), Standing::Confirmed);
    assert_eq!(world.server.asked_for("/3/b/baz")[1].header("if-none-match"), None);
}

#[test]
fn an_entry_that_did_not_change_is_not_written_again() {
    let world = World::new(|_| Reply::new(200, line("bar", "1.0.0")));
    world.read(&["bar"], true);
    let path = world.cached("3/b/bar").unwrap();
    let before = std::fs::metadata(&path).unwrap().modified().unwrap();
    std::thread::sleep(Duration::from_millis(20));
    assert_eq!(history(world.one("bar", true)).standing(), Standing::Confirmed);
    assert_eq!(std::fs::metadata(&path).unwrap().modified().unwrap(), before);
}

#[test]
fn c1_good_lines_survive_a_malformed_one_in_the_cache_too() {
    let body = format!("{}\n{{\"name\":\"bar\"\n<html>\n{}\n", line("bar", "1.0.0"), line("bar", "1.2.0"));
    let world = World::new(move |_| Reply::new(200, body.clone()));
    for online in [true, false] {
        let history = history(world.one("bar", online));
        assert!(has(&history, "1.0.0") && has(&history, "1.2.0"));
    }
    assert_eq!(history(world.one("bar", false)).lines().count(), 2);
}

#[test]
fn c11_a_garbled_answer_is_not_confirmed_from_then_on() {
    for garbled in ["{\"name\":\"bar\",\"vers\":\"1.1.0\",\"de\u{fffd}", "{\"name\":\"bar\",\"vers\":\"1.1.0\"", "<p>"]
    {
        let garbled = garbled.replace('\u{fffd}', "\0").into_bytes();
        let garbled: Vec<u8> = garbled.into_iter().map(|byte| if byte == 0 { 0xff } else { byte }).collect();
        let first = AtomicBool::new(true);
        let world = World::new(move |ask| {
            if ask.header("if-none-match").is_some() {
                return Reply::new(304, "").with("etag", "\"same\"");
            }
            let second = line("bar", "1.1.0").into_bytes();
            let second = if first.swap(false, Ordering::SeqCst) { garbled.clone() } else { second };
            let body = [line("bar", "1.0.0").as_bytes(), b"\n", &second, b"\n"].concat();
            Reply::new(200, body).with("etag", "\"same\"")
        });
        let read = history(world.one("bar", true));
        assert!(has(&read, "1.0.0"));
        assert!(has(&history(world.one("bar", true)), "1.1.0"), "{}", read.lines().count());
    }
}

#[test]
fn c10_a_shorter_index_is_read_as_it_is() {
    let shorter = Arc::new(AtomicBool::new(false));
    let state = Arc::clone(&shorter);
    let world = World::new(move |_| {
        let both = format!("{}\n{}", line("bar", "1.0.0"), line("bar", "1.1.0"));
        let body = if state.load(Ordering::SeqCst) { line("bar", "1.0.0") } else { both };
        Reply::new(200, body).with("etag", "\"same\"")
    });
    assert!(has(&history(world.one("bar", true)), "1.1.0"));
    shorter.store(true, Ordering::SeqCst);
    assert!(!has(&history(world.one("bar", true)), "1.1.0"));
    assert!(!has(&history(world.one("bar", false)), "1.1.0"));
}

#[test]
fn c11_an_answer_that_cannot_be_used_is_a_gap_and_is_not_cached() {
    let world = World::new(|ask| match ask.path.as_str() {
        "/en/dl/endless" => Reply::endless(b"{}", Duration::from_millis(400)),
        "/mo/ve/moved" => Reply::new(302, "").with("location", "https://example.org/"),
        "/pa/ge/page" => Reply::new(200, "<html>not an index</html>"),
        "/no/ne/none" => Reply::new(200, ""),
        "/ha/lf/half" => {
            Reply::new(200, format!("{}\n{{\"name\":\"half\",\"vers\":\"1.1.0\",\"de", line("half", "1.0.0")))
        }
        "/fa/ls/false304" => Reply::new(304, ""),
        _ => Reply::new(200, line("good", "1.0.0")),
    });
    let mut reading = world.read(&["endless", "moved", "page", "none", "half", "false304", "good"], true);
    let mut cause = |name: &str| failure(reading.index.remove(&world.id(name)).unwrap());
    assert!(cause("endless").contains("too slow"));
    assert!(cause("moved").contains("redirect"));
    assert!(cause("page").contains("no release"));
    assert!(cause("none").contains("no release"));
    assert!(cause("half").contains("breaks off"));
    assert!(cause("false304").contains("not asked about"));
    assert!(has(&history(reading.index.remove(&world.id("good")).unwrap()), "1.0.0"));
    for path in ["pa/ge/page", "no/ne/none", "ha/lf/half", "en/dl/endless"] {
        assert_eq!(world.cached(path), None);
    }
}

#[test]
fn c12_names_are_asked_for_in_lower_case_and_as_they_are_spelled() {
    let world = World::new(|ask| {
        Reply::new(200, if ask.path.starts_with("/in/") { line("Inflector", "0.1.0") } else { line("a-b", "0.1.0") })
    });
    let mut reading = world.read(&["Inflector", "inflector", "a_b"], true);
    let mut release =
        |name: &str| history(reading.index.remove(&world.id(name)).unwrap()).release(&"0.1.0".parse().unwrap()).is_ok();
    assert!(release("Inflector"));
    assert!(!release("inflector"), "the registry spells it otherwise");
    assert!(!release("a_b"));
    assert_eq!(world.server.asked_for("/in/fl/inflector").len(), 2);
    assert_eq!(world.server.asked_for("/3/a/a_b").len(), 1);
}

#[test]
fn names_that_could_leave_the_cache_are_never_asked_for() {
    let world = World::new(with_etag);
    let long = "a".repeat(300);
    let names = ["", "..", "../../x", "a/b", "a b", "é", "a\0b", "con:", "a%2f", long.as_str()];
    let reading = world.read(&names, true);
    assert_eq!(reading.index.len(), names.len());
    for fact in reading.index.values() {
        assert!(matches!(fact, IndexFact::Unavailable(IndexGap::BadName)), "{fact:?}");
    }
    assert!(world.server.asked().is_empty());
}

#[test]
fn c14_a_crate_that_is_gone_is_gone_and_leaves_the_cache() {
    for status in [404, 410, 451] {
        let gone = Arc::new(AtomicBool::new(false));
        let state = Arc::clone(&gone);
        let world =
            World::new(move |ask| if state.load(Ordering::SeqCst) { Reply::new(status, "") } else { with_etag(ask) });
        assert!(matches!(world.one("bar", true), IndexFact::Read(_)));
        assert!(world.cached("3/b/bar").is_some());
        gone.store(true, Ordering::SeqCst);
        assert!(matches!(world.one("bar", true), IndexFact::Gone));
        assert_eq!(world.cached("3/b/bar"), None);
        assert!(matches!(world.one("bar", false), IndexFact::Unavailable(IndexGap::NotCached)));
    }
}

#[test]
fn c14_a_server_in_trouble_is_a_gap_even_where_something_is_cached() {
    let down = Arc::new(AtomicBool::new(false));
    let state = Arc::clone(&down);
    let world = World::new(move |ask| if state.load(Ordering::SeqCst) { Reply::new(500, "") } else { with_etag(ask) });
    world.read(&["bar"], true);
    down.store(true, Ordering::SeqCst);
    assert!(failure(world.one("bar", true)).contains("status 500"));
    assert!(world.cached("3/b/bar").is_some());
}

#[test]
fn c15_offline_without_a_cache_nothing_is_known() {
    let world = World::new(with_etag);
    assert!(matches!(world.one("bar", false), IndexFact::Unavailable(IndexGap::NotCached)));
    assert!(world.server.asked().is_empty());
    assert!(!world.home.exists(), "looking writes nothing");
}

#[test]
fn a_damaged_entry_is_no_entry() {
    let world = World::new(with_etag);
    world.read(&["bar"], true);
    let path = world.cached("3/b/bar").unwrap();
    let whole = std::fs::read(&path).unwrap();
    for length in 0..whole.len() {
        std::fs::write(&path, &whole[..length]).unwrap();
        assert!(matches!(world.one("bar", false), IndexFact::Unavailable(IndexGap::NotCached)), "cut at {length}");
    }
    let asked = world.server.asked_for("/3/b/bar").len();
    assert!(has(&history(world.one("bar", true)), "1.0.0"));
    assert_eq!(world.server.asked_for("/3/b/bar")[asked].header("if-none-match"), None);
    assert_eq!(std::fs::read(&path).unwrap(), whole);
}

#[test]
fn while_cargo_holds_its_lock_the_cache_is_left_alone() {
    let world = World::new(with_etag);
    std::fs::create_dir_all(&world.home).unwrap();
    let lock = std::fs::File::create(world.home.join(".package-cache")).unwrap();
    lock.lock().unwrap();
    assert!(has(&history(world.one("bar", true)), "1.0.0"));
    assert_eq!(world.cached("3/b/bar"), None);
    drop(lock);
    world.read(&["bar"], true);
    assert!(world.cached("3/b/bar").is_some());
}

fn guarded(ask: &Ask, open_config: bool) -> Reply {
    let known = ask.header("authorization") == Some("secret");
    match ask.path.as_str() {
        "/config.json" if known || open_config => {
            Reply::new(200, r#"{"dl":"http://127.0.0.1:1","auth-required":true}"#)
        }
        _ if known => Reply::new(200, line("bar", "1.0.0")),
        _ => Reply::new(401, ""),
    }
}

#[test]
fn a_token_is_sent_where_the_registry_requires_it() {
    for open_config in [true, false] {
        let mut world = World::of(Loopback::start(move |ask| guarded(ask, open_config)));
        assert!(failure(world.one("bar", true)).contains(if open_config { "token" } else { "status 401" }));
        world.token = Some(String::from("secret"));
        assert!(has(&history(world.one("bar", true)), "1.0.0"));
    }
    let mut world = World::new(with_etag);
    world.token = Some(String::from("secret"));
    world.read(&["bar"], true);
    assert!(world.server.asked().iter().all(|ask| ask.header("authorization").is_none()), "nobody asked for it");
}

#[test]
fn a_registry_without_a_config_cannot_be_used() {
    let world = World::of(Loopback::start(|_| Reply::new(404, "")));
    assert!(failure(world.one("bar", true)).contains("config.json"));
    let world = World::of(Loopback::start(|_| Reply::new(200, "not json")));
    assert!(failure(world.one("bar", true)).contains("config.json"));
}

#[test]
fn a_refused_replacement_is_not_asked_and_not_read() {
    let world = World::new(with_etag);
    world.read(&["bar"], true);
    let asked = world.server.asked().len();
    let access = BTreeMap::from([(
        world.registry(),
        RegistryAccess { from: IndexOrigin::Refused, credentials: Credentials::default() },
    )]);
    let reading =
        read(&BTreeSet::from([world.id("bar")]), &access, &world.home, IndexMode::Online(&world.http), &mut |_, _| ());
    assert!(matches!(reading.index[&world.id("bar")], IndexFact::Unavailable(IndexGap::Refused)));
    assert_eq!(world.server.asked().len(), asked);
}

#[test]
fn a_mirror_answers_for_the_registry_that_it_stands_in_for() {
    let world = World::new(with_etag);
    let id = CrateId { registry: Registry::CratesIo, name: "bar".into() };
    let from = IndexOrigin::Sparse(world.server.url.as_str().into());
    let access = BTreeMap::from([(Registry::CratesIo, RegistryAccess { from, credentials: Credentials::default() })]);
    let reading =
        read(&BTreeSet::from([id.clone()]), &access, &world.home, IndexMode::Online(&world.http), &mut |_, _| ());
    assert!(matches!(reading.index[&id], IndexFact::Read(_)));
    assert!(world.cached("3/b/bar").unwrap().as_str().contains("/127.0.0.1-"));
}

#[test]
fn a_git_index_is_read_from_cargos_cache_or_not_at_all() {
    let dir = tempfile::tempdir().unwrap();
    let home = Utf8Path::from_path(dir.path()).unwrap();
    let url = "https://example.org/team/index.git";
    let id = CrateId { registry: Registry::Git(url.into()), name: "bar".into() };
    let crates = BTreeSet::from([id.clone()]);
    let look = || read(&crates, &BTreeMap::new(), home, IndexMode::Offline, &mut |_, _| ()).index.remove(&id).unwrap();
    assert!(matches!(look(), IndexFact::Unavailable(IndexGap::GitIndex)));
    let folder = tame_index::utils::url_to_local_dir(url, true).unwrap().dir_name;
    let cache = home.join("registry/index").join(folder).join(".cache/3/b");
    std::fs::create_dir_all(&cache).unwrap();
    let commit = "0123456789abcdef0123456789abcdef01234567";
    let entry = format!("\x03\x02\0\0\0{commit}\x001.0.0\0{}\0", line("bar", "1.0.0"));
    std::fs::write(cache.join("bar"), entry).unwrap();
    assert!(has(&history(look()), "1.0.0"));
}

fn credentials(token: Option<&str>) -> Credentials {
    token.map(|token| Credentials::known(Token::parse(token.to_owned()).unwrap())).unwrap_or_default()
}
