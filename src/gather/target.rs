//! What the compiler says of a platform.

use std::str::FromStr as _;

use cargo_platform::Cfg;

use super::cargo;
use super::environment::Environment;
use crate::model::vendoring::TargetPlatform;

/// The compiler does not know the platform, or could not be asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TargetError {
    #[error("`{}` is not a platform's name\nhelp: take one from the list of: rustc --print target-list", .0.escape_debug())]
    Name(String),
    #[error(
        "`{program}` could not be run to ask about `{triple}`: {source}\nhelp: install the Rust toolchain, or set RUSTC"
    )]
    NotRun {
        program: String,
        triple: String,
        #[source]
        source: std::io::Error,
    },
    #[error(
        "the compiler does not know the platform `{triple}`: {words}\nhelp: take one from the list of: rustc --print target-list"
    )]
    Unknown { triple: String, words: String },
}

/// Asks the installed compiler, which need not have the platform's standard library.
///
/// # Errors
/// It cannot be run, or does not know the platform.
pub(crate) fn read(triple: &str, environment: &Environment) -> Result<TargetPlatform, TargetError> {
    let plain = |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '.');
    // A path to a file with a platform's description would be obeyed too, and so would an option.
    if triple.is_empty() || triple.starts_with('-') || !triple.chars().all(plain) || triple.contains(".json") {
        return Err(TargetError::Name(triple.to_owned()));
    }
    let mut command = cargo::compiler(environment);
    let output = command.args(["--print", "cfg", "--target", triple]).output().map_err(|source| {
        let program = command.get_program().to_string_lossy().into_owned();
        TargetError::NotRun { program, triple: triple.to_owned(), source }
    })?;
    let text = String::from_utf8_lossy(&output.stdout);
    let cfgs: Vec<Cfg> = text.lines().filter_map(|line| Cfg::from_str(line.trim()).ok()).collect();
    if !output.status.success() || cfgs.is_empty() {
        let words = String::from_utf8_lossy(&output.stderr).lines().next().unwrap_or_default().to_owned();
        return Err(TargetError::Unknown { triple: triple.to_owned(), words });
    }
    Ok(TargetPlatform { triple: triple.to_owned(), cfgs })
}
