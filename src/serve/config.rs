//! `serve.toml`: who is served, from which registries, and within what limits.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Deserializer};

use super::correction::{Correction, Withdrawn};
use super::store::{Place, PlaceError};
use super::tokens::{Token, TokenHash};
use crate::files::regular::{self, Links, ReadError};
use crate::model::age::Age;
use crate::model::crate_name::NamePattern;
use crate::model::source::{CRATES_IO_SPARSE_INDEX, Registry};

/// The largest configuration that is read, in bytes.
const LARGEST: u64 = 1 << 20;
/// The registry whose name is known without a configuration.
pub(crate) const CRATES_IO: &str = "crates-io";
/// The team that is served where nobody configured any.
pub(crate) const ONLY_TEAM: &str = "default";
/// What lies beside the registries below a team's path, and no registry may be called.
const TAKEN_BY_TEAMS: [&str; 8] = ["api", "locks", "release", "search", "held", "crate", "assets", "policy"];
/// What lies beside the teams, and no team may be called.
const TAKEN: [&str; 5] = ["health", "ready", "metrics", "assets", "api"];

/// Everything that a node is told.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    /// Where it listens.
    pub(crate) listen: SocketAddr,
    /// By which address clients reach it, without a slash at its end; `None` for the one that it listens on.
    pub(crate) url: Option<String>,
    pub(crate) store: Place,
    pub(crate) tls: Option<TlsFiles>,
    pub(crate) limits: Limits,
    /// By the name in its path.
    pub(crate) registries: BTreeMap<String, RegistryRules>,
    /// By the name in its path.
    pub(crate) teams: BTreeMap<String, TeamRules>,
    /// Advisories that a person says were wrong.
    pub(crate) withdrawn: Vec<Withdrawn>,
}

/// Certificate and key, as PEM.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct TlsFiles {
    pub(crate) certificate: Utf8PathBuf,
    pub(crate) key: Utf8PathBuf,
}

/// What one client, or all together, may take.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct Limits {
    /// Connections at one time.
    pub(crate) connections: usize,
    /// Requests a minute of one token, or of one address where no token is asked for.
    pub(crate) requests_per_minute: u32,
    /// The largest `.crate` file, in bytes.
    pub(crate) largest_crate: u64,
    /// What all `.crate` files that are on their way may have together, in bytes.
    pub(crate) spool: u64,
    /// What index files in memory may have together, in bytes.
    pub(crate) memory: u64,
    /// The largest lock file that is taken, in bytes.
    pub(crate) largest_lock: u64,
    /// The most lock files that one team may post, each under its own name.
    pub(crate) locks: usize,
    /// How long a request may take to come, and how long an answer may take to go, in seconds.
    pub(crate) seconds: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 1024,
            requests_per_minute: 60_000,
            largest_crate: 32 << 20,
            spool: 64 << 20,
            memory: 128 << 20,
            largest_lock: 8 << 20,
            locks: 1_000,
            seconds: 30,
        }
    }
}

impl Limits {
    pub(crate) const fn patience(&self) -> Duration {
        Duration::from_secs(self.seconds)
    }
}

/// One registry that stands behind this one.
#[derive(Clone, Debug)]
pub(crate) struct RegistryRules {
    /// Its identity, by which lock files and policies know it.
    pub(crate) registry: Registry,
    /// The address of its sparse index, with a slash at its end.
    pub(crate) index: String,
    /// How long an answer of it counts as today's.
    pub(crate) fresh_for: Duration,
    /// How long its last answer is shown while it is away.
    pub(crate) max_stale: Duration,
    /// The environment variable that holds the token for it.
    pub(crate) token_variable: Option<String>,
    /// Names that crates.io must not answer for, since they are this registry's.
    pub(crate) reserved: Vec<NamePattern>,
    /// Hosts beside its own to which its downloads may lead.
    pub(crate) download_hosts: Vec<String>,
    /// What it may say otherwise than before.
    pub(crate) corrections: Vec<Correction>,
}

/// One team.
#[derive(Clone, Debug)]
pub(crate) struct TeamRules {
    pub(crate) policy: PolicySource,
    /// The names of its registries.
    pub(crate) registries: Vec<String>,
    /// None where anybody may read who reaches the server.
    pub(crate) tokens: Vec<Token>,
    /// Whether that is meant.
    pub(crate) open: bool,
}

/// Where a team's policy is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PolicySource {
    /// A file of this machine; the defaults where `None`.
    File(Option<Utf8PathBuf>),
    /// A file of a git repository.
    Git { url: String, branch: Option<String>, path: String },
}

/// A configuration that cannot be meant.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    #[error("{path}: the configuration cannot be read: {cause}\nhelp: let `--config` name a readable file")]
    Unreadable { path: Utf8PathBuf, cause: ReadError },
    #[error("{path}: {message}\nhelp: see the keys of serve.toml in docs/serve.md")]
    Malformed { path: Utf8PathBuf, message: String },
    #[error("{place}: {message}\nhelp: {help}")]
    Wrong { place: String, message: String, help: &'static str },
    #[error(transparent)]
    Place(#[from] PlaceError),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Document {
    #[serde(default = "loopback")]
    listen: SocketAddr,
    url: Option<String>,
    #[serde(default = "default_store")]
    store: String,
    tls: Option<TlsFiles>,
    #[serde(default)]
    limits: Limits,
    #[serde(default)]
    registries: BTreeMap<String, DocumentRegistry>,
    teams: BTreeMap<String, DocumentTeam>,
    #[serde(default)]
    withdrawn: Vec<Withdrawn>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct DocumentRegistry {
    index: Option<String>,
    #[serde(default = "fresh_for", deserialize_with = "age")]
    fresh_for: Duration,
    #[serde(default = "max_stale", deserialize_with = "age")]
    max_stale: Duration,
    token_variable: Option<String>,
    #[serde(default)]
    reserved: Vec<String>,
    #[serde(default)]
    download_hosts: Vec<String>,
    #[serde(default)]
    corrections: Vec<Correction>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct DocumentTeam {
    policy: Option<Utf8PathBuf>,
    policy_git: Option<DocumentGit>,
    registries: Option<Vec<String>>,
    /// Whether anybody may read who reaches the server.
    #[serde(default)]
    open: bool,
    #[serde(default)]
    tokens: Vec<DocumentToken>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct DocumentGit {
    url: String,
    branch: Option<String>,
    #[serde(default = "policy_file")]
    path: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct DocumentToken {
    name: String,
    hash: TokenHash,
    #[serde(default)]
    post: bool,
}

fn loopback() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 8080))
}

fn default_store() -> String {
    "sequester-store".to_owned()
}

const fn fresh_for() -> Duration {
    Duration::from_secs(5 * 60)
}

const fn max_stale() -> Duration {
    Duration::from_secs(7 * 86_400)
}

fn policy_file() -> String {
    "sequester.toml".to_owned()
}

fn age<'de, D: Deserializer<'de>>(value: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(value)?;
    let age: Age = text.parse().map_err(serde::de::Error::custom)?;
    Ok(Duration::from_secs(age.as_secs()))
}

/// What a run without a configuration serves: crates.io, by the policy of one folder, on the loopback.
impl Config {
    pub(crate) fn embedded(policy: Option<Utf8PathBuf>, store: Place) -> Self {
        let team = TeamRules {
            policy: PolicySource::File(policy),
            registries: vec![CRATES_IO.to_owned()],
            tokens: Vec::new(),
            open: false,
        };
        Self {
            listen: loopback(),
            url: None,
            store,
            tls: None,
            limits: Limits::default(),
            registries: BTreeMap::from([(CRATES_IO.to_owned(), RegistryRules::crates_io())]),
            teams: BTreeMap::from([(ONLY_TEAM.to_owned(), team)]),
            withdrawn: Vec::new(),
        }
    }

    /// Reads a configuration file. Paths in it are relative to its folder.
    pub(crate) fn read(path: &Utf8Path) -> Result<Self, ConfigError> {
        let text = regular::text(path, Links::Followed, LARGEST)
            .map_err(|cause| ConfigError::Unreadable { path: path.to_owned(), cause })?;
        Self::parse(&text, path)
    }

    /// Reads the text of a configuration that stands in the file `path`.
    pub(crate) fn parse(text: &str, path: &Utf8Path) -> Result<Self, ConfigError> {
        let malformed = |error: toml::de::Error| ConfigError::Malformed {
            path: path.to_owned(),
            message: error.to_string().trim_end().to_owned(),
        };
        let document: Document = toml::from_str(text).map_err(malformed)?;
        let folder = path.parent().unwrap_or(Utf8Path::new("."));
        let wrong =
            |key: String, message: String, help| ConfigError::Wrong { place: format!("{path}: {key}"), message, help };
        let url = document.url.map(|url| url.trim_end_matches('/').to_owned());
        if url.as_ref().is_some_and(|url| !is_address(url)) {
            return Err(wrong("url".into(), "no address".into(), "write https://HOST or http://HOST:PORT"));
        }
        let mut registries = BTreeMap::new();
        for (name, one) in document.registries {
            let key = format!("registries.{name}");
            if !is_plain(&name) || TAKEN_BY_TEAMS.contains(&name.as_str()) {
                let help = "use lower-case letters, digits and `-`, and no word of this server's own paths";
                return Err(wrong(key, "the name cannot stand in a path".into(), help));
            }
            registries
                .insert(name.clone(), registry_of(&name, one).map_err(|(message, help)| wrong(key, message, help))?);
        }
        registries.entry(CRATES_IO.to_owned()).or_insert_with(RegistryRules::crates_io);
        let mut teams = BTreeMap::new();
        for (name, one) in document.teams {
            let key = format!("teams.{name}");
            if !is_plain(&name) || TAKEN.contains(&name.as_str()) {
                let help = "use lower-case letters, digits and `-`, and no word of this server's own paths";
                return Err(wrong(key, "the name cannot stand in a path".into(), help));
            }
            if one.tokens.is_empty() && !one.open && !document.listen.ip().is_loopback() {
                let help = "give it `[[teams.NAME.tokens]]`, or say `open = true`";
                return Err(wrong(key, "it has no token, and other machines reach this server".into(), help));
            }
            let team = team_of(one, folder, &registries).map_err(|(message, help)| wrong(key, message, help))?;
            teams.insert(name, team);
        }
        if teams.is_empty() {
            return Err(wrong("teams".into(), "there is none".into(), "add a table `[teams.NAME]`"));
        }
        let limits = document.limits;
        if limits.spool < limits.largest_crate || limits.seconds == 0 || limits.connections == 0 {
            let help = "let `spool` hold at least one crate, and neither `seconds` nor `connections` be 0";
            return Err(wrong("limits".into(), "nothing could be served within them".into(), help));
        }
        let store = match Place::parse(&document.store)? {
            Place::Folder(store) => Place::Folder(folder.join(store)),
            bucket @ Place::Bucket { .. } => bucket,
        };
        let tls =
            document.tls.map(|tls| TlsFiles { certificate: folder.join(tls.certificate), key: folder.join(tls.key) });
        Ok(Self { listen: document.listen, url, store, tls, limits, registries, teams, withdrawn: document.withdrawn })
    }

    /// Listens elsewhere.
    pub(crate) fn listen_on(&mut self, listen: &str) -> Result<(), ConfigError> {
        let wrong = |message: &str, help| ConfigError::Wrong {
            place: "--listen".to_owned(),
            message: message.to_owned(),
            help,
        };
        self.listen = listen.parse().map_err(|_| wrong("no address and port", "write it as 127.0.0.1:8080"))?;
        let is_bare = self.teams.values().any(|team| team.tokens.is_empty() && !team.open);
        if is_bare && !self.listen.ip().is_loopback() {
            let help =
                "name a configuration with `--config` in which each team has `[[teams.NAME.tokens]]` or `open = true`";
            return Err(wrong("a team has no token, and other machines reach this server", help));
        }
        Ok(())
    }

    /// The private registry of a team that a name is reserved for, where crates.io is asked.
    pub(crate) fn reserved_for<'t>(&self, team: &'t TeamRules, registry: &str, name: &str) -> Option<&'t str> {
        let others = team.registries.iter().filter(|other| other.as_str() != registry && registry == CRATES_IO);
        let mut others = others.filter_map(|other| Some((other, self.registries.get(other)?)));
        let reserves = |rules: &RegistryRules| rules.reserved.iter().any(|pattern| pattern.fits(name));
        others.find(|(_, rules)| reserves(rules)).map(|(other, _)| other.as_str())
    }
}

type Fault = (String, &'static str);

fn registry_of(name: &str, one: DocumentRegistry) -> Result<RegistryRules, Fault> {
    let index = match (one.index, name) {
        (Some(index), _) => index,
        (None, CRATES_IO) => format!("sparse+{CRATES_IO_SPARSE_INDEX}"),
        (None, _) => return Err(("it has no `index`".into(), "write index = \"sparse+https://…/\"")),
    };
    let unusable = || ("`index` is no sparse index".to_owned(), "write index = \"sparse+https://…/\"");
    let Ok(Registry::Sparse(address)) = Registry::parse(&index) else { return Err(unusable()) };
    if !is_address(address.trim_end_matches('/')) {
        return Err(unusable());
    }
    // Whatever serves it, crates.io stays crates.io: that is what lock files say.
    let registry = if name == CRATES_IO { Registry::CratesIo } else { Registry::Sparse(address.clone()) };
    Ok(RegistryRules {
        registry,
        index: address.to_string(),
        fresh_for: one.fresh_for,
        max_stale: one.max_stale,
        token_variable: one.token_variable,
        reserved: one.reserved.into_iter().map(|text| NamePattern::from(&*text)).collect(),
        download_hosts: one.download_hosts,
        corrections: one.corrections,
    })
}

fn team_of(
    one: DocumentTeam,
    folder: &Utf8Path,
    registries: &BTreeMap<String, RegistryRules>,
) -> Result<TeamRules, Fault> {
    let policy = match (one.policy, one.policy_git) {
        (Some(_), Some(_)) => return Err(("it has two policies".into(), "keep `policy` or `policy-git`")),
        (path, None) => PolicySource::File(path.map(|path| folder.join(path))),
        (None, Some(DocumentGit { url, branch, path })) => {
            let is_inside = !path.starts_with('/') && path.split('/').all(|part| !part.is_empty() && part != "..");
            if !is_inside || url.starts_with('-') || branch.as_ref().is_some_and(|branch| branch.starts_with('-')) {
                return Err((
                    "`policy-git` cannot be meant".into(),
                    "write url = \"https://…\", path = \"sequester.toml\"",
                ));
            }
            PolicySource::Git { url, branch, path }
        }
    };
    let named = one.registries.unwrap_or_else(|| vec![CRATES_IO.to_owned()]);
    if let Some(unknown) = named.iter().find(|name| !registries.contains_key(*name)) {
        return Err((format!("there is no registry `{unknown}`"), "add a table `[registries.NAME]`"));
    }
    let tokens = one.tokens.into_iter().map(|DocumentToken { name, hash, post }| Token { name, hash, may_post: post });
    Ok(TeamRules { policy, registries: named, tokens: tokens.collect(), open: one.open })
}

impl RegistryRules {
    fn crates_io() -> Self {
        Self {
            registry: Registry::CratesIo,
            index: CRATES_IO_SPARSE_INDEX.to_owned(),
            fresh_for: fresh_for(),
            max_stale: max_stale(),
            token_variable: None,
            reserved: Vec::new(),
            download_hosts: Vec::new(),
            corrections: Vec::new(),
        }
    }
}

/// A name that can stand in a path, a key and a host without a thought.
fn is_plain(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=40).contains(&name.len()) && name.bytes().all(plain) && !name.starts_with('-')
}

fn is_address(url: &str) -> bool {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    rest.is_some_and(|rest| {
        !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"?#@{}".contains(&byte))
    })
}

#[cfg(test)]
mod tests {
    use super::{Config, PolicySource};

    fn fault(text: &str) -> String {
        Config::parse(text, "etc/serve.toml".into()).map_or_else(|error| error.to_string(), |_| "none".to_owned())
    }

    #[test]
    fn paths_are_relative_to_the_file_and_crates_io_needs_no_words() {
        let Ok(config) = Config::parse("[teams.a]\npolicy = \"a.toml\"", "etc/serve.toml".into()) else {
            panic!("a configuration")
        };
        assert_eq!(config.teams["a"].policy, PolicySource::File(Some("etc/a.toml".into())));
        assert_eq!(config.registries["crates-io"].index, "https://index.crates.io/");
        assert_eq!(config.store.to_string(), "etc/sequester-store");
    }

    #[test]
    fn what_cannot_be_meant_is_refused_by_its_key() {
        for (text, expected) in [
            ("", "missing field `teams`"),
            ("[teams]", "teams: there is none"),
            ("tems = 1\n[teams.a]", "unknown field `tems`"),
            ("[teams.a]\nopne = true", "unknown field `opne`"),
            ("[teams.A]", "teams.A: the name cannot stand in a path"),
            ("[teams.metrics]", "teams.metrics: the name cannot stand in a path"),
            ("[teams.\"../x\"]", "the name cannot stand in a path"),
            ("[teams.a]\nregistries = [\"b\"]", "there is no registry `b`"),
            ("[registries.b]\n[teams.a]", "it has no `index`"),
            ("[registries.b]\nindex = \"https://b/\"\n[teams.a]", "no sparse index"),
            ("[registries.locks]\nindex = \"sparse+https://b/\"\n[teams.a]", "cannot stand in a path"),
            ("[registries.crates-io]\nfresh-for = \"5\"\n[teams.a]", "fresh-for"),
            ("listen = \"0.0.0.0:80\"\n[teams.a]", "it has no token"),
            ("url = \"ftp://x\"\n[teams.a]", "url: no address"),
            ("store = \"gs://x\"\n[teams.a]", "names no store"),
            ("[limits]\nspool = 1\n[teams.a]", "limits: nothing could be served"),
            ("[teams.a]\n[[teams.a.tokens]]\nname = \"x\"\nhash = \"secret\"", "no hash of a token"),
            ("[teams.a]\npolicy-git = { url = \"https://x\", path = \"../x\" }", "cannot be meant"),
        ] {
            assert!(fault(text).contains(expected), "{text}: {}", fault(text));
        }
        assert_eq!(fault("listen = \"0.0.0.0:80\"\n[teams.a]\nopen = true"), "none");
    }
}
