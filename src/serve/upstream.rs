//! A registry that stands behind this one, and how it is asked: at its own address, at the hosts that are named for its downloads, and
//! nowhere else, whatever it says.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;

use super::config::{CRATES_IO, RegistryRules};
use crate::gather::crate_files::download_address;
use crate::gather::http::{Answer, Http, HttpError, Request, shown};
use crate::gather::index::RegistryConfig;
use crate::model::checksum::Checksum;
use crate::model::index_line::index_path;
use crate::model::package::PackageId;

/// More than this is no `config.json`.
const LARGEST_CONFIG: u64 = 64 << 10;
/// The largest index file.
const LARGEST_INDEX: u64 = 64 << 20;
/// Requests of one registry at one time.
const AT_ONCE: usize = 64;
/// How long a `config.json` is believed, and how long it is after a failure until the next try.
const CONFIG_LASTS: Duration = Duration::from_secs(10 * 60);
/// How long a registry that could not be reached is left alone.
const AWAY: Duration = Duration::from_secs(5);
/// Where crates.io keeps its files.
const CRATES_IO_HOSTS: [&str; 2] = ["static.crates.io", "crates.io"];

/// One registry.
#[derive(Debug)]
pub(crate) struct Upstream {
    pub(crate) name: String,
    pub(crate) rules: RegistryRules,
    token: Option<String>,
    http: Arc<Http>,
    config: Mutex<Option<(RegistryConfig, Instant)>>,
    permits: Semaphore,
    /// Until when it counts as away without being asked.
    away: Mutex<Option<(Instant, String)>>,
}

/// What an index file was last known by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Validators {
    pub(crate) etag: Option<String>,
    pub(crate) last_modified: Option<String>,
}

/// Why a registry gave no answer that can be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UpstreamError {
    #[error("{}", .0.first_line())]
    Http(#[from] HttpError),
    #[error("{name}: its config.json has status {status}")]
    NoConfig { name: String, status: u16 },
    #[error("{name}: its config.json cannot be read: {cause}")]
    Config { name: String, cause: serde_json::Error },
    #[error("{name}: its config.json leads downloads to `{host}`, which `download-hosts` does not name")]
    Host { name: String, host: String },
}

impl Upstream {
    pub(crate) fn new(name: &str, rules: RegistryRules, token: Option<String>, http: Arc<Http>) -> Self {
        Self {
            name: name.to_owned(),
            rules,
            token,
            http,
            config: Mutex::default(),
            permits: Semaphore::new(AT_ONCE),
            away: Mutex::default(),
        }
    }

    /// A crate's index file. With validators the answer may be that it is the same; `past_caches` asks the registry itself.
    pub(crate) async fn index(
        &self,
        name: &str,
        validators: Validators,
        past_caches: bool,
    ) -> Result<Answer, UpstreamError> {
        let Validators { etag, last_modified } = validators;
        let url = format!("{}{}", self.rules.index, index_path(name));
        let request = Request { url, etag, last_modified, limit: LARGEST_INDEX, past_caches, ..self.request() };
        Ok(self.ask(request).await?)
    }

    /// A `.crate` file of at most `limit` bytes; `None` where the registry does not have it.
    pub(crate) async fn crate_file(
        &self,
        id: &PackageId,
        checksum: Checksum,
        limit: u64,
    ) -> Result<Option<Vec<u8>>, UpstreamError> {
        let config = self.config().await?;
        let url = download_address(&config, id, checksum);
        self.refuse_other_hosts(&url)?;
        // The token is for the index's own host.
        let authorization =
            self.token.clone().filter(|_| config.auth_required && origin(&url) == origin(&self.rules.index));
        let answer = self.ask(Request { url, authorization, limit, ..self.request() }).await?;
        Ok((answer.status == 200).then_some(answer.body))
    }

    fn request(&self) -> Request {
        Request { authorization: self.token.clone(), redirect_hosts: Some(self.hosts()), ..Request::default() }
    }

    /// The hosts beside its own.
    fn hosts(&self) -> Vec<String> {
        let built_in = CRATES_IO_HOSTS.iter().filter(|_| self.name == CRATES_IO).map(|host| (*host).to_owned());
        self.rules.download_hosts.iter().cloned().chain(built_in).collect()
    }

    fn refuse_other_hosts(&self, url: &str) -> Result<(), UpstreamError> {
        let host = origin(url).unwrap_or_default();
        let bare = host.split_once("://").map_or(&*host, |(_, host)| host);
        let is_named = self.hosts().iter().any(|named| named == bare && url.starts_with("https://"));
        if is_named || Some(&host) == origin(&self.rules.index).as_ref() {
            return Ok(());
        }
        Err(UpstreamError::Host { name: self.name.clone(), host: bare.to_owned() })
    }

    async fn config(&self) -> Result<RegistryConfig, UpstreamError> {
        if let Some(config) = self.known_config(false) {
            return Ok(config);
        }
        let request =
            Request { url: format!("{}config.json", self.rules.index), limit: LARGEST_CONFIG, ..self.request() };
        let config = match self.ask(request).await {
            Ok(answer) if answer.status == 200 => serde_json::from_slice(&answer.body)
                .map_err(|cause| UpstreamError::Config { name: self.name.clone(), cause }),
            Ok(answer) => Err(UpstreamError::NoConfig { name: self.name.clone(), status: answer.status }),
            Err(error) => Err(error.into()),
        };
        match (config, self.known_config(true)) {
            (Ok(config), _) => {
                *self.config.lock().unwrap_or_else(PoisonError::into_inner) =
                    Some((RegistryConfig::clone(&config), Instant::now()));
                Ok(config)
            }
            // What it said last serves while it is away.
            (Err(_), Some(config)) => Ok(config),
            (Err(error), None) => Err(error),
        }
    }

    fn known_config(&self, however_old: bool) -> Option<RegistryConfig> {
        let known = self.config.lock().unwrap_or_else(PoisonError::into_inner);
        let (config, since) = known.as_ref()?;
        (however_old || since.elapsed() < CONFIG_LASTS).then(|| config.clone())
    }

    async fn ask(&self, request: Request) -> Result<Answer, HttpError> {
        self.refuse_while_away(&request)?;
        // Never closed.
        let _permit = self.permits.acquire().await;
        // Whoever waited for it need not find out again.
        self.refuse_while_away(&request)?;
        let answer = self.http.ask(request).await;
        if let Err(HttpError::Unreachable { cause, .. }) = &answer {
            *self.away.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now() + AWAY, cause.clone()));
        }
        answer
    }

    /// An error while nobody need be kept waiting for a registry that could not be reached a moment ago.
    fn refuse_while_away(&self, request: &Request) -> Result<(), HttpError> {
        let mut away = self.away.lock().unwrap_or_else(PoisonError::into_inner);
        match &*away {
            Some((until, cause)) if *until > Instant::now() => {
                Err(HttpError::Unreachable { url: shown(&request.url), cause: cause.clone() })
            }
            Some(_) => {
                *away = None;
                Ok(())
            }
            None => Ok(()),
        }
    }
}

/// `https://host:port` of an address, without the port that the scheme has anyway.
fn origin(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let usual = match scheme {
        "https" => ":443",
        _ => ":80",
    };
    let authority = authority.strip_suffix(usual).unwrap_or(authority);
    // Whoever writes a user before a host means to be read in two ways.
    (!authority.is_empty() && !authority.contains('@'))
        .then(|| format!("{scheme}://{}", authority.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::origin;

    #[test]
    fn an_origin_is_read_in_one_way() {
        for (written, plain) in
            [("https://a.example:443/x", "https://a.example"), ("http://a.example:80", "http://a.example")]
        {
            assert_eq!(origin(written).as_deref(), Some(plain), "the port that its scheme has anyway");
        }
        assert_eq!(origin("http://a.example:443").as_deref(), Some("http://a.example:443"));
        assert_eq!(origin("https://A.example:1/x?y").as_deref(), Some("https://a.example:1"));
        assert_eq!(origin("https://a.example@b.example/"), None);
        assert_eq!(origin("https:///x"), None);
        assert_eq!(origin("nothing"), None);
    }
}
