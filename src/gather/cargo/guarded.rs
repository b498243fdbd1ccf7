//! A cargo that ends with this program, even where this one is killed and can pass nothing on.
//!
//! Linux ends a process with the one that started it, where the process itself asks for that before it becomes another program; so this
//! program is started once more, asks, and becomes cargo. Other systems know no such thing. There a cargo that resolves fails at its next
//! question, since nobody answers it any more, and what it writes lies in a folder of its own.

use std::ffi::OsString;
use std::process::Command;

use camino::Utf8Path;

use crate::gather::environment::Environment;

/// The name under which this program is started to become another one.
#[cfg(target_os = "linux")]
const NAME: &str = "cargo-sequester: to become cargo";

/// The command that runs a program, which ends with this one.
#[must_use]
pub fn guarded(program: &Utf8Path, environment: &Environment) -> Command {
    #[cfg(target_os = "linux")]
    // What cannot be started is tried here, where its error is told.
    if let Some(own) = environment.own_program().filter(|_| super::programs::is_program(program)) {
        use std::os::unix::process::CommandExt as _;
        let mut command = Command::new(own);
        command.arg0(NAME).arg(std::process::id().to_string()).arg(program);
        return command;
    }
    let _ = environment;
    Command::new(program)
}

/// Where this program was started to become another one, becomes it, and does not return but with the error.
#[must_use]
pub fn become_other(arguments: &[OsString]) -> Option<std::io::Error> {
    #[cfg(target_os = "linux")]
    if let [name, parent, program, rest @ ..] = arguments
        && name == NAME
    {
        use std::os::unix::process::CommandExt as _;

        use rustix::process::{Signal, getppid, set_parent_process_death_signal};
        // A kernel that cannot do it leaves cargo as it would be without.
        let _ = set_parent_process_death_signal(Some(Signal::KILL));
        // The other may have ended before.
        let parent = parent.to_str().and_then(|parent| parent.parse().ok());
        if getppid().map(|id| id.as_raw_nonzero().get()) != parent {
            return Some(std::io::Error::other("the run that wanted it has ended"));
        }
        return Some(Command::new(program).args(rest).exec());
    }
    let _ = arguments;
    None
}
