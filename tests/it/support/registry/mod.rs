//! A sparse registry on a loopback port. It lives as long as its value.
//!
//! ```ignore
//! let registry = TestRegistry::new();
//! Package::new("bar", "1.1.0").pubtime("2026-01-01T00:00:00Z").dep("foo", "^1").yanked().publish(&registry);
//! registry.reply("/index/3/b/bar", Reply::status(503).times(2));     // twice, then as usual
//! ```

mod package;
mod reply;
mod server;

use std::collections::BTreeMap;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

pub use package::{Dependency, Package};
pub use reply::{Disturbance, Reply, Step};

/// A registry with an index below `/index/` and downloads below `/dl/`.
pub struct TestRegistry {
    address: SocketAddr,
    shared: Arc<Shared>,
}

/// One request that was received.
#[derive(Clone, Debug)]
pub struct LoggedRequest {
    /// Such as `/index/config.json`.
    pub path: String,
    /// Names are in lower case.
    pub headers: BTreeMap<String, String>,
}

/// One published release.
struct Stored {
    version: String,
    line: String,
    archive: Vec<u8>,
}

#[derive(Default)]
struct Shelf {
    /// By the name in lower case, in the order of publication.
    crates: BTreeMap<String, Vec<Stored>>,
    config: String,
    replies: BTreeMap<String, Vec<Reply>>,
    /// By path: how often, and what.
    disturbances: BTreeMap<String, (usize, Disturbance)>,
    requests: Vec<LoggedRequest>,
    token: Option<String>,
    date: Option<String>,
    latency: Duration,
    no_etag: bool,
    last_modified: Option<String>,
    connections: Vec<TcpStream>,
}

#[derive(Default)]
struct Shared {
    shelf: Mutex<Shelf>,
    stopped: AtomicBool,
}

impl Shared {
    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap()
    }
}

impl TestRegistry {
    /// An empty registry that sends `ETag` and no `Last-Modified`, as crates.io does.
    pub fn new() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared::default());
        shared.shelf().config = format!("{{\"dl\":\"http://{address}/dl\",\"api\":\"http://{address}\"}}");
        let for_server = Arc::clone(&shared);
        std::thread::spawn(move || server::run(&listener, &for_server));
        Self { address, shared }
    }

    /// The address of `path`, which starts with a slash.
    pub fn address(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The registry's identity: `sparse+http://127.0.0.1:PORT/index/`.
    pub fn url(&self) -> String {
        format!("sparse+{}", self.address("/index/"))
    }

    /// The path of a crate's index file: `/index/se/rd/serde`.
    pub fn index_path(name: &str) -> String {
        let name = name.to_lowercase();
        match name.len() {
            0 => String::from("/index/"),
            1 | 2 => format!("/index/{}/{name}", name.len()),
            3 => format!("/index/3/{}/{name}", &name[..1]),
            _ => format!("/index/{}/{}/{name}", &name[..2], &name[2..4]),
        }
    }

    /// The path of a release's `.crate` file.
    pub fn download_path(name: &str, version: &str) -> String {
        format!("/dl/{name}/{version}/download")
    }

    /// Answers requests for `path` this way; several replies to one path serve in the order in which they were given, each as often
    /// as it says, and then the registry is itself again. The path `*` stands for every path that has no reply of its own.
    pub fn reply(&self, path: &str, reply: Reply) -> &Self {
        self.shared.shelf().replies.entry(path.to_owned()).or_default().push(reply);
        self
    }

    /// Disturbs the answers to `path`, whatever they are, so many times.
    pub fn disturb(&self, path: &str, times: usize, disturbance: Disturbance) -> &Self {
        self.shared.shelf().disturbances.insert(path.to_owned(), (times, disturbance));
        self
    }

    /// Disturbs nothing any more.
    pub fn calm(&self) -> &Self {
        self.shared.shelf().disturbances.clear();
        self
    }

    /// Takes back every reply that was given.
    pub fn be_itself(&self) -> &Self {
        self.shared.shelf().replies.clear();
        self
    }

    /// Wants this token as `Authorization` for everything, answers 401 without it, and says so in `config.json` (RFC 3139).
    pub fn require_token(&self, token: &str) -> &Self {
        self.shared.shelf().token = Some(token.to_owned());
        let (dl, api) = (self.address("/dl"), self.address(""));
        self.config(&format!("{{\"dl\":\"{dl}\",\"api\":\"{api}\",\"auth-required\":true}}"))
    }

    /// Serves this as `config.json`.
    pub fn config(&self, json: &str) -> &Self {
        json.clone_into(&mut self.shared.shelf().config);
        self
    }

    /// Sends this as `Date` (RFC 9110: `Sun, 22 Nov 2026 16:00:00 GMT`) with every answer; without it the header is left out.
    pub fn date(&self, date: &str) -> &Self {
        self.shared.shelf().date = Some(date.to_owned());
        self
    }

    /// Waits this long before each answer.
    pub fn latency(&self, latency: Duration) -> &Self {
        self.shared.shelf().latency = latency;
        self
    }

    /// Sends no `ETag`.
    pub fn without_etag(&self) -> &Self {
        self.shared.shelf().no_etag = true;
        self
    }

    /// Sends this as `Last-Modified` with index files and answers 304 where a request repeats it.
    pub fn last_modified(&self, date: &str) -> &Self {
        self.shared.shelf().last_modified = Some(date.to_owned());
        self
    }

    /// Takes one release out of the index and off the download server, as crates.io does with malware.
    pub fn delete(&self, name: &str, version: &str) -> &Self {
        if let Some(releases) = self.shared.shelf().crates.get_mut(&name.to_lowercase()) {
            releases.retain(|release| release.version != version);
        }
        self
    }

    /// Takes a whole crate away: its index file is then a 404.
    pub fn delete_crate(&self, name: &str) -> &Self {
        self.shared.shelf().crates.remove(&name.to_lowercase());
        self
    }

    /// A crate's index file as it is served now.
    pub fn index_file(&self, name: &str) -> Option<String> {
        self.shared.shelf().index_file(&name.to_lowercase())
    }

    /// A release's archive as it is served now.
    pub fn archive(&self, name: &str, version: &str) -> Option<Vec<u8>> {
        self.shared.shelf().archive(name, version)
    }

    /// Every request since the start or since [`Self::forget_requests`].
    pub fn requests(&self) -> Vec<LoggedRequest> {
        self.shared.shelf().requests.clone()
    }

    /// The paths of [`Self::requests`], in order.
    pub fn requested_paths(&self) -> Vec<String> {
        self.requests().into_iter().map(|request| request.path).collect()
    }

    /// Starts the request log anew.
    pub fn forget_requests(&self) -> &Self {
        self.shared.shelf().requests.clear();
        self
    }

    fn store(&self, name: &str, release: Stored) {
        let mut shelf = self.shared.shelf();
        let releases = shelf.crates.entry(name.to_lowercase()).or_default();
        match releases.iter_mut().find(|stored| stored.version == release.version) {
            Some(stored) => *stored = release,
            None => releases.push(release),
        }
    }
}

impl Shelf {
    fn index_file(&self, name: &str) -> Option<String> {
        let releases = self.crates.get(name)?;
        Some(releases.iter().map(|release| format!("{}\n", release.line)).collect())
    }

    fn archive(&self, name: &str, version: &str) -> Option<Vec<u8>> {
        let releases = self.crates.get(&name.to_lowercase())?;
        releases.iter().find(|release| release.version == version).map(|release| release.archive.clone())
    }
}

impl Drop for TestRegistry {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        // The server waits in `accept`; one more connection lets it see the flag.
        drop(TcpStream::connect(self.address));
        for connection in self.shared.shelf().connections.drain(..) {
            // A connection that its client has closed already cannot be shut down again.
            let _ = connection.shutdown(Shutdown::Both);
        }
    }
}
