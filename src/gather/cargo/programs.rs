//! Which cargo and which compiler are run, and how a cargo is started so that it ends with this program, even where this one is killed and
//! can pass nothing on.
//!
//! Linux ends a process with the one that started it, where the process itself asks for that before it becomes another program; so this
//! program is started once more, asks, and becomes cargo. Other systems know no such thing. There a cargo that resolves fails at its next
//! question, since nobody answers it any more, and what it writes lies in a folder of its own.

use std::ffi::OsString;
use std::process::Command;

use camino::{Utf8Path, Utf8PathBuf};

use crate::gather::environment::Environment;

/// The toolchain of whoever started us: what a checkout says about either program counts for nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Programs {
    /// `$CARGO`, which cargo sets to itself, or the first on the path.
    pub cargo: Utf8PathBuf,
    /// `$RUSTC`, or the compiler beside that cargo, or the first on the path.
    pub rustc: Utf8PathBuf,
}

impl Programs {
    /// Finds them. What is nowhere keeps its bare name, and starting it says so.
    #[must_use]
    pub(crate) fn find(environment: &Environment) -> Self {
        let cargo = named(environment, environment.cargo());
        let beside = || {
            let rustc = cargo.with_file_name(format!("rustc{}", std::env::consts::EXE_SUFFIX));
            Some(rustc).filter(|rustc| rustc.is_absolute() && rustc.is_file())
        };
        let rustc = match environment.get("RUSTC") {
            Some(rustc) => named(environment, rustc),
            None => beside().unwrap_or_else(|| named(environment, "rustc")),
        };
        Self { cargo, rustc }
    }
}

/// A path as the working directory has it; a bare name by the folders of the path, of which a relative one would mean another folder
/// wherever the program is started.
fn named(environment: &Environment, program: &str) -> Utf8PathBuf {
    if program.contains(std::path::is_separator) {
        return environment.current_dir().join(program);
    }
    let folders = environment.get("PATH").unwrap_or_default();
    let folders = std::env::split_paths(folders).filter_map(|folder| Utf8PathBuf::try_from(folder).ok());
    let file_name =
        format!("{}{}", program.trim_end_matches(std::env::consts::EXE_SUFFIX), std::env::consts::EXE_SUFFIX);
    let found = folders.filter(|folder| folder.is_absolute()).map(|folder| folder.join(&file_name));
    found.into_iter().find(|path| is_program(path)).unwrap_or_else(|| program.into())
}

/// Whether it is a file that may be run.
#[cfg(unix)]
fn is_program(path: &Utf8Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(path: &Utf8Path) -> bool {
    path.is_file()
}

/// The name under which this program is started to become another one.
#[cfg(target_os = "linux")]
const NAME: &str = "cargo-sequester: to become cargo";

/// The command that runs a program, which ends with this one.
#[must_use]
pub(crate) fn guarded(program: &Utf8Path, environment: &Environment) -> Command {
    #[cfg(target_os = "linux")]
    // What cannot be started is tried here, where its error can be reported.
    if let Some(own) = environment.own_program().filter(|_| is_program(program)) {
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
pub(crate) fn become_other(arguments: &[OsString]) -> Option<std::io::Error> {
    #[cfg(target_os = "linux")]
    if let [name, parent, program, rest @ ..] = arguments
        && name == NAME
    {
        use std::os::unix::process::CommandExt as _;

        use rustix::process::{Signal, getppid, set_parent_process_death_signal};
        // Where the kernel cannot do it, cargo merely outlives a killed run.
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
