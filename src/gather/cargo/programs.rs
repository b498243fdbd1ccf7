//! Which cargo and which compiler are run.

use camino::{Utf8Path, Utf8PathBuf};

use crate::gather::environment::Environment;

/// The toolchain of whoever started us: what a checkout says about either program counts for nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Programs {
    /// `$CARGO`, which cargo sets to itself, or the first on the path.
    pub cargo: Utf8PathBuf,
    /// `$RUSTC`, or the compiler beside that cargo, or the first on the path.
    pub rustc: Utf8PathBuf,
}

impl Programs {
    /// Finds them. What is nowhere keeps its bare name, and starting it tells so.
    #[must_use]
    pub fn find(environment: &Environment) -> Self {
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
pub(super) fn is_program(path: &Utf8Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
pub(super) fn is_program(path: &Utf8Path) -> bool {
    path.is_file()
}
