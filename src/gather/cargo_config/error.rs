//! What can be wrong with cargo's configuration, with the file, line and key of the mistake.

use camino::Utf8PathBuf;

use crate::files::regular::ReadError;
use crate::model::age::AgeError;
use crate::model::policy::Origin;

/// Why cargo's configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CargoConfigError {
    #[error(
        "{path}: this file of cargo's configuration cannot be read: {cause}\nhelp: make it a readable UTF-8 file, or move it away"
    )]
    Unreadable {
        path: Utf8PathBuf,
        #[source]
        cause: ReadError,
    },
    #[error("{path}:{line}: not TOML: {message}\nhelp: see https://toml.io for the grammar")]
    Syntax { path: Utf8PathBuf, line: u32, message: String },
    #[error("{origin}: expected {expected}, found {found}\nhelp: write {expected}, as cargo expects it too")]
    WrongType { origin: Origin, expected: &'static str, found: &'static str },
    #[error("{origin}: not {expected}\nhelp: write {expected}, as cargo expects it too")]
    Value { origin: Origin, expected: &'static str },
    #[error("{origin}: {cause}\nhelp: write \"0\", or an integer and a unit: \"12 hours\", \"7 days\", \"2 weeks\"")]
    Age {
        origin: Origin,
        #[source]
        cause: AgeError,
    },
    #[error(
        "{origin}: this key was dropped from cargo before it shipped, and no cargo obeys it\n\
         help: use `registry.global-min-publish-age`, or `registries.crates-io.min-publish-age` for crates.io alone"
    )]
    AgeDropped { origin: Origin },
    #[error(
        "{origin}: {text} is not the address of a registry\nhelp: write an address such as \"sparse+https://registry.example.org/index/\""
    )]
    RegistryAddress { origin: Origin, text: String },
    #[error(
        "{path}:{line}: `include`: {included} cannot be read: {cause}\nhelp: correct the path, or let its table say `optional = true`"
    )]
    Include {
        path: Utf8PathBuf,
        line: u32,
        included: Utf8PathBuf,
        #[source]
        cause: ReadError,
    },
    #[error(
        "{path}:{line}: `include`: {included} includes this file again\nhelp: remove one of the two `include` entries"
    )]
    IncludeCycle { path: Utf8PathBuf, line: u32, included: Utf8PathBuf },
    #[error("{path}:{line}: `include`: more than {limit} files are included\nhelp: include fewer files")]
    IncludeLimit { path: Utf8PathBuf, line: u32, limit: usize },
    #[error(
        "{origin}: this source has no place\nhelp: give it one of `registry`, `local-registry`, `directory` and `git`"
    )]
    SourceWithoutPlace { origin: Origin },
    #[error("{first} and {second}: one source cannot have two places\nhelp: remove one of the two keys")]
    SourceWithTwoPlaces { first: Origin, second: Origin },
    #[error(
        "{origin}: `source.{other}` has this place already\nhelp: keep one of the two tables; cargo refuses both together"
    )]
    SourceTwice { origin: Origin, other: String },
    #[error(
        "{origin}: there is no source and no registry of the name {name}\nhelp: define `[source.{name}]`, or remove the key"
    )]
    UnknownSource { origin: Origin, name: String },
    #[error("{origin}: the sources replace each other in a circle\nhelp: remove one of the `replace-with` keys")]
    ReplacementCycle { origin: Origin },
}
