//! `audit --post`: sends the lock file that was judged to a team registry.

use camino::Utf8Path;
use serde::Deserialize;

use super::outcome::CommandError;
use super::output;
use crate::cli::Cli;
use crate::files::regular::{self, Links};
use crate::gather::cargo_config::CargoConfig;
use crate::gather::credentials::Credentials;
use crate::gather::environment::Environment;
use crate::gather::http::{Http, shown};
use crate::gather::lock_file::{self, LockFileError};
use crate::model::source::Registry;
use crate::project::Assessment;
use crate::report::posted::{Posted, posted};

/// The variable that holds the token; the registry's own is taken where it is not set.
const TOKEN: &str = "SEQUESTER_TOKEN";

/// What a team registry says to a lock file.
#[derive(Deserialize)]
struct Receipt {
    packages: usize,
    refused: Vec<String>,
}

/// An error for an address that no lock file can be sent to, before anything is judged.
pub(super) fn check(url: &str) -> Result<(), CommandError> {
    match team_of(url) {
        Some(_) => Ok(()),
        None => Err(CommandError::PostAddress { url: shown(url), cause: "this is no address of a team's lock files" }),
    }
}

/// Sends the lock file as it was judged, and tells what came of it.
pub(super) fn post(cli: &Cli, made: &Assessment, url: &str, environment: &Environment) -> Result<(), CommandError> {
    let team = team_of(url).unwrap_or(url);
    let config = made.project().configs().trusted();
    let token = environment.get(TOKEN).map(str::to_owned);
    let token = if token.is_some() { token } else { registry_token(config, team)? };
    if token.is_some() && !url.starts_with("https://") && !is_loopback(url) {
        let cause = "a token would go over the network for everybody to read";
        return Err(CommandError::PostAddress { url: shown(url), cause });
    }
    let path: &Utf8Path = &made.subject().lock_path;
    let bytes = regular::read(path, Links::Followed, lock_file::MAX_BYTES)
        .map_err(|cause| LockFileError::Unreadable { path: path.to_owned(), cause })
        .map_err(crate::project::ProjectError::from)?;
    let http = Http::new(&config.http()?)?;
    let answer = http.put(url, token.as_deref(), bytes)?;
    let Receipt { packages, refused } =
        serde_json::from_slice(&answer).map_err(|_| CommandError::PostAnswer { url: shown(url) })?;
    output::print_aside(cli, |out| posted(&Posted { url: &shown(url), packages, refused: &refused }, out))
}

/// The token of the configured registry that is the team's.
fn registry_token(config: &CargoConfig, team: &str) -> Result<Option<String>, CommandError> {
    let below = format!("{team}/");
    let is_teams = |registry: &Registry| matches!(registry, Registry::Sparse(index) if index.starts_with(&below));
    let named = config.registries()?.into_iter().find(|named| is_teams(&named.registry.value));
    let credentials = named.map(|named| Credentials::of(&named, config)).unwrap_or_default();
    Ok(credentials.token().ok().map(|token| token.expose().to_owned()))
}

/// The address of the team whose lock files lie at this one.
fn team_of(url: &str) -> Option<&str> {
    let (team, project) = url.split_once("/locks").filter(|(team, _)| team.contains("://"))?;
    let is_project =
        project.is_empty() || project.strip_prefix('/').is_some_and(|name| !name.contains(['/', '?', '#']));
    is_project.then_some(team)
}

fn is_loopback(url: &str) -> bool {
    let host = url.split_once("://").map_or("", |(_, rest)| rest.split(['/', ':']).next().unwrap_or_default());
    matches!(host, "127.0.0.1" | "localhost")
}

#[cfg(test)]
mod tests {
    use super::{is_loopback, team_of};

    #[test]
    fn an_address_leads_to_the_lock_files_of_one_team() {
        assert_eq!(team_of("https://x.example/team/locks/app"), Some("https://x.example/team"));
        assert_eq!(team_of("https://x.example/team/locks"), Some("https://x.example/team"));
        assert_eq!(team_of("https://x.example/team/locks/a/b"), None);
        assert_eq!(team_of("https://x.example/team"), None);
        assert!(is_loopback("http://127.0.0.1:80/x") && !is_loopback("http://127.0.0.1.example/x"));
    }
}
