//! `init --registry`: crates.io from a team registry, by cargo's own configuration.

use camino::Utf8Path;

use super::outcome::{CommandError, InitError};
use crate::gather::cargo_config::CargoConfig;
use crate::gather::http::{Http, HttpError, Request, shown};
use crate::gather::index::RegistryConfig;
use crate::model::source::Registry;
use crate::write::cargo_config::{ConfigError, ConfigFile, TeamSource, with_team_registry};

/// The most bytes of a registry's `config.json`.
const LARGEST_CONFIG: u64 = 64 << 10;
/// What a team registry calls crates.io.
const CRATES_IO: &str = "crates-io";

/// A team's crates.io.
#[derive(Debug)]
pub(super) struct TeamRegistry {
    /// The name that cargo is to know it by.
    pub(super) name: String,
    /// Where its index lies, without `sparse+`.
    index: String,
    pub(super) asks_for_token: bool,
}

impl TeamRegistry {
    /// Finds out what is behind a team's address: `https://HOST/TEAM/`, or the whole of its index, as the server prints it.
    ///
    /// # Errors
    /// The address is no team's, or nothing there answers as a registry.
    pub(super) fn find(url: &str, config: &CargoConfig) -> Result<Self, CommandError> {
        let (name, index) = read(url).map_err(|cause| InitError::Team { url: shown(url), cause })?;
        let http = Http::new(&config.http()?)?;
        let address = format!("{index}config.json");
        let request = Request { url: address.clone(), limit: LARGEST_CONFIG, past_caches: true, ..Request::default() };
        let asks_for_token = match http.get(&request) {
            Ok(answer) if answer.status == 200 => {
                RegistryConfig::parse(&answer.body)
                    .map_err(|_| InitError::NoRegistry { url: shown(&address) })?
                    .auth_required
            }
            Ok(_) => return Err(InitError::NoRegistry { url: shown(&address) }.into()),
            Err(HttpError::Status { status: 401, .. }) => true,
            Err(error) => return Err(error.into()),
        };
        Ok(Self { name, index, asks_for_token })
    }

    /// The registry as cargo, and a policy's `mirrors`, name it.
    pub(super) fn registry(&self) -> Registry {
        Registry::Sparse(self.index.as_str().into())
    }

    /// Cargo's configuration as it is to be; `None` where it says so already.
    ///
    /// # Errors
    /// The file cannot be read, or says something else.
    pub(super) fn config(&self, root: &Utf8Path) -> Result<Option<(ConfigFile, String)>, InitError> {
        let file = ConfigFile::read(root)?;
        let index = format!("sparse+{}", self.index);
        let team = TeamSource { name: &self.name, index: &index, asks_for_token: self.asks_for_token };
        let splice = |fault| ConfigError::Splice { path: file.path().to_owned(), fault };
        let bytes = with_team_registry(file.original(), &team).map_err(splice)?;
        if file.original() == Some(bytes.as_slice()) {
            return Ok(None);
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Ok(Some((file, text)))
    }
}

/// The name and the index that an address leads to, or what is wrong with it.
fn read(url: &str) -> Result<(String, String), &'static str> {
    let url = url.strip_prefix("sparse+").unwrap_or(url);
    let (scheme, rest) = url.split_once("://").ok_or("it has no `https://`")?;
    let rest = rest.trim_end_matches('/');
    let (host, path) = rest.split_once('/').ok_or("it does not name a team behind the host")?;
    if host.contains('@') {
        return Err("a name or password in it would be written into a file that everybody reads");
    }
    let is_loopback = matches!(host.split(':').next(), Some("127.0.0.1" | "localhost"));
    if scheme != "https" && !(scheme == "http" && is_loopback) {
        return Err("what comes from it could be changed on its way: it is not `https://`");
    }
    let path = path.strip_suffix(&format!("/{CRATES_IO}")).unwrap_or(path);
    let team = path.rsplit('/').next().unwrap_or_default();
    let is_plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    let is_path = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte));
    if team.is_empty()
        || !is_plain(team)
        || !is_path(path)
        || path.split('/').any(|part| part.trim_matches('.').is_empty())
    {
        return Err("it does not end in a team's name");
    }
    Ok((format!("sequester-{team}-{CRATES_IO}"), format!("{scheme}://{host}/{path}/{CRATES_IO}/")))
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn an_address_names_a_team() {
        let web = Ok(("sequester-web-crates-io".to_owned(), "https://x.example/web/crates-io/".to_owned()));
        for url in ["https://x.example/web", "https://x.example/web/", "sparse+https://x.example/web/crates-io/"] {
            assert_eq!(read(url), web, "{url}");
        }
        assert!(read("http://127.0.0.1:8080/default/").is_ok());
        assert!(read("https://x.example/below/web/").is_ok_and(|(_, index)| index.ends_with("/below/web/crates-io/")));
        let bad = [
            "x.example/web",
            "https://x.example",
            "https://x.example/",
            "https://ana:secret@x.example/web",
            "http://x.example/web",
            "http://127.0.0.1.example/web",
            "https://x.example/web?x",
            "https://x.example/../web",
            "https://x.example/we b",
            "https://x.example/\"web",
        ];
        for url in bad {
            assert!(read(url).is_err(), "{url}");
        }
    }
}
