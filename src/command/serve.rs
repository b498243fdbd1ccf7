//! `serve`: the team registry.

use camino::Utf8PathBuf;

use super::outcome::{CommandError, Outcome};
use super::output;
use crate::cli::{self, Cli};
use crate::gather::cargo_config::CargoConfig;
use crate::gather::environment::Environment;
use crate::project::nearest_policy;
use crate::report::serve::{checked, not_named, served, token};
use crate::serve::{Config, Place, Prepared, Unnamed, check, new_token, to_stderr};

/// Where the state is kept where nobody says.
const STORE: &str = ".sequester/store";

pub(super) fn run(cli: &Cli, arguments: &cli::Serve, environment: &Environment) -> Result<Outcome, CommandError> {
    if arguments.new_token {
        let (made, hash) = new_token()?;
        output::print(cli, |out| token(&made, &hash.to_string(), out))?;
        return Ok(Outcome::Approved);
    }
    let mut config = match &arguments.config {
        Some(path) => Config::read(&environment.current_dir().join(path))?,
        None => embedded(environment),
    };
    if let Some(listen) = &arguments.listen {
        config.listen_on(listen)?;
    }
    if let Some(store) = &arguments.store {
        config.store = match Place::parse(store)? {
            Place::Folder(folder) => Place::Folder(environment.current_dir().join(folder)),
            bucket @ Place::Bucket { .. } => bucket,
        };
    }
    if arguments.check {
        let unnamed = check(&config, environment)?;
        for Unnamed { team, registry, index } in &unnamed {
            output::print_aside(cli, |out| not_named(team, registry, index, out))?;
        }
        output::print(cli, |out| checked(config.teams.len(), config.registries.len(), unnamed.len(), out))?;
        return Ok(Outcome::Approved);
    }
    to_stderr(cli.verbose > 0);
    let settings = CargoConfig::load(environment.current_dir(), environment)?.http()?;
    let prepared = Prepared::new(config, arguments.now, settings, environment)?;
    output::print(cli, |out| served(prepared.url(), &prepared.store(), &prepared.cargo_configs(), out))?;
    prepared.serve();
    Ok(Outcome::Approved)
}

fn embedded(environment: &Environment) -> Config {
    let here = environment.current_dir();
    let policy: Utf8PathBuf = nearest_policy(here);
    let policy = policy.symlink_metadata().is_ok().then_some(policy);
    Config::embedded(policy, Place::Folder(here.join(STORE)))
}
