//! Runs the cargo that the user asked for, with the arguments as they were typed.

use std::process::Command;

use super::outcome::{CommandError, Outcome};
use crate::gather::command_line::CommandLine;
use crate::gather::environment::Environment;
use crate::resolve::ResolveError;

/// The environment in which every cargo of this run is the toolchain's. `$CARGO` is a cargo of one toolchain, so with another one it is
/// the stand-in on the path that is run.
pub(super) fn for_toolchain(environment: &Environment, toolchain: Option<&str>) -> Environment {
    let Some(toolchain) = toolchain else { return environment.clone() };
    let kept = environment.iter().filter(|(name, _)| !matches!(*name, "CARGO" | "RUSTUP_TOOLCHAIN"));
    let chosen = [("RUSTUP_TOOLCHAIN", toolchain)];
    environment.with(kept.chain(chosen).map(|(name, value)| (name.to_owned(), value.to_owned())))
}

/// Runs cargo with the user's arguments on the usual sources. Where the system can, this process becomes that cargo: signals, exit code
/// and terminal are then its own.
pub(super) fn run_itself(environment: &Environment, line: &CommandLine, locked: bool) -> Result<Outcome, CommandError> {
    let program = environment.cargo();
    let mut command = Command::new(program);
    if let Some(toolchain) = &line.toolchain {
        // Only rustup's stand-in knows this word; any other cargo refuses it, as it should.
        command.arg(format!("+{toolchain}")).env_remove("CARGO").env_remove("RUSTUP_TOOLCHAIN");
    }
    command.args(line.arguments(locked));
    replace(command).map_err(|source| ResolveError::CargoNotRun { program: program.to_owned(), source }.into())
}

#[cfg(unix)]
fn replace(mut command: Command) -> std::io::Result<Outcome> {
    use std::os::unix::process::CommandExt as _;
    Err(command.exec())
}

#[cfg(not(unix))]
fn replace(mut command: Command) -> std::io::Result<Outcome> {
    let status = command.status()?;
    Ok(Outcome::Cargo(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(101)))
}
