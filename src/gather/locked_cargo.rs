//! Asks cargo whether it would take a lock file as it is, without a download and without the network.
//!
//! Cargo works in a folder of its own, with the project's configuration as far as resolving depends on it: no program that a checkout names
//! is run. In the place of every registry it sees a folder with the index lines of exactly what is locked, so that it can choose
//! nothing else; what it cannot see it must leave, or refuse.

use std::collections::BTreeMap;
use std::io;

use camino::{Utf8Path, Utf8PathBuf};
use tame_index::index::cache::IndexCache;

use super::cargo::{self, Cargo};
use super::cargo_config::{CargoConfig, CargoConfigError};
use super::clean_place::TemporaryFolder;
use super::environment::Environment;
use super::index::crate_name;
use crate::files::Errand;
use crate::model::package::CrateId;
use crate::model::source::Registry;

/// The most characters of cargo's words that are kept.
const MAX_WORDS: usize = 2_000;

/// What is asked about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LockQuestion<'a> {
    /// The root manifest.
    pub manifest: &'a Utf8Path,
    /// The configuration of a cargo that is started in the project.
    pub config: &'a CargoConfig,
    /// The lines of the locked releases, by crate.
    pub lines: &'a BTreeMap<CrateId, Vec<Vec<u8>>>,
    /// Registries that manifests name, whether or not anything of theirs is locked.
    pub registries: &'a [Registry],
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CargoSays {
    /// It takes the lock file as it is.
    Yes,
    /// It would write another one, or cannot resolve at all: its words.
    No(String),
    /// A git repository is not at hand, so it cannot tell.
    NoRepository(String),
}

/// It could not be asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AskError {
    /// No folder to work in.
    #[error("no temporary folder could be made for cargo to work in: {0}")]
    Folder(#[source] io::Error),
    #[error("`{program}` could not be run: {source}")]
    NotRun {
        program: String,
        #[source]
        source: io::Error,
    },
    /// The configuration makes no sense.
    #[error(transparent)]
    Config(#[from] CargoConfigError),
}

/// # Errors
/// Cargo could not be asked; that it refuses is an answer.
pub(crate) fn ask(question: &LockQuestion<'_>, environment: &Environment) -> Result<CargoSays, AskError> {
    let folder = TemporaryFolder::make(Errand::Ask).map_err(AskError::Folder)?;
    let asked = Cargo::away(question.config, environment).map_err(AskError::Folder)?;
    let mut registries: Vec<&Registry> = question.lines.keys().map(|id| &id.registry).collect();
    registries.extend(question.registries);
    registries.push(&Registry::CratesIo);
    registries.sort();
    registries.dedup();
    let mut places = Vec::new();
    for (number, registry) in registries.into_iter().enumerate() {
        let place = folder.path().join(number.to_string());
        write_index(&place.join("index"), registry, question.lines).map_err(AskError::Folder)?;
        places.push((registry, place.into_string()));
    }
    // Cargo sees these and what every cargo reads at home.
    let there = asked.config()?.with_command_line(&[asked.settings().to_owned()])?;
    let mut command = asked.command();
    for value in there.folder_stand_ins(places)? {
        command.arg("--config").arg(value);
    }
    command.args(["update", "--workspace", "--locked", "--offline", "--color=never", "--manifest-path"]);
    command.arg(question.manifest);
    let program = asked.programs().cargo.to_string();
    let output =
        cargo::output(command, environment.listener()).map_err(|source| AskError::NotRun { program, source })?;
    Ok(if output.status.success() { CargoSays::Yes } else { refusal(&String::from_utf8_lossy(&output.stderr)) })
}

fn write_index(folder: &Utf8Path, registry: &Registry, lines: &BTreeMap<CrateId, Vec<Vec<u8>>>) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    for (id, lines) in lines.iter().filter(|(id, _)| id.registry == *registry) {
        let Some(name) = crate_name(&id.name) else { continue };
        // The cache's own folder is `.cache`; below it the paths are those of every index.
        let below = IndexCache::at_path(Utf8PathBuf::new()).cache_path(name);
        let path = folder.join(below.strip_prefix(".cache").unwrap_or(&below));
        if let Some(above) = path.parent() {
            std::fs::create_dir_all(above)?;
        }
        std::fs::write(path, lines.join(&b'\n'))?;
    }
    Ok(())
}

fn refusal(words: &str) -> CargoSays {
    let error: Vec<&str> = words.lines().skip_while(|line| !line.starts_with("error")).collect();
    let error: String = error.join("\n").trim().chars().take(MAX_WORDS).collect();
    if error.contains("can't checkout from") { CargoSays::NoRepository(error) } else { CargoSays::No(error) }
}
