//! What makes a cargo build from something else than the lock file that is judged.

use super::outcome::CommandError;
use crate::gather::cargo_config::CargoConfig;
use crate::gather::command_line::{Action, CommandLine};
use crate::model::policy::Origin;
use crate::project::ProjectError;

/// Refuses another lock file, whatever is done with it, and folders in the place of what is locked where something may be built of them.
pub(super) fn check(line: &CommandLine, config: &CargoConfig) -> Result<(), CommandError> {
    let lock_file = config.lockfile_path()?.or_else(|| line.has(&["--lockfile-path"]).then_some(Origin::Flag));
    if let Some(origin) = lock_file {
        return Err(ProjectError::OtherLockFile { origin }.into());
    }
    let builds = matches!(line.action(), Action::Builds | Action::Unknown);
    match config.paths()?.filter(|_| builds) {
        Some(origin) => Err(ProjectError::Paths { origin }.into()),
        None => Ok(()),
    }
}
