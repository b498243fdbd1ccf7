//! What can be wrong with a policy file, with the line and the key of each mistake.

use std::fmt;

use camino::Utf8PathBuf;
use jiff::civil::Date;

use crate::files::regular::ReadError;
use crate::gather::toml_tree::shown;
use crate::model::age::{Age, AgeError};
use crate::model::verdict::ReasonCode;
use crate::model::vex::Justification;

/// Why there is no policy to judge by.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// There is no such file; the caller knows whether the defaults may stand in for it.
    #[error("{path}: there is no policy file here\nhelp: write one with `cargo sequester init`")]
    Absent { path: Utf8PathBuf },
    #[error("{path}: the policy file cannot be read: {cause}\nhelp: a policy is a UTF-8 TOML file of at most 1 MiB")]
    Unreadable {
        path: Utf8PathBuf,
        #[source]
        cause: ReadError,
    },
    #[error("{}", Listing { path, problems })]
    Invalid {
        path: Utf8PathBuf,
        /// Every mistake that was found, in the order of the file; never empty.
        problems: Vec<Problem>,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Counted from 1.
    pub line: u32,
    /// The key with its tables, such as `quarantine.min-publish-age`; `None` where the text is not even TOML.
    pub key: Option<String>,
    pub fault: Fault,
}

/// What is wrong with one key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("not TOML: {0}")]
    Syntax(String),
    #[error("unknown key")]
    UnknownKey { known: Vec<&'static str> },
    #[error("expected {expected}, found {found}")]
    WrongType { expected: &'static str, found: &'static str },
    #[error("this key is required")]
    Missing,
    #[error("must not be empty")]
    Empty,
    #[error(transparent)]
    Age(#[from] AgeError),
    #[error("an age is a string with a unit, not a number")]
    AgeIsInteger { number: Option<i64> },
    #[error("not a day of the calendar in the form YYYY-MM-DD")]
    Date,
    #[error("{0} is not one exact version")]
    Version(String),
    #[error("{0} is not a version requirement")]
    Requirement(String),
    #[error("{0} is not a crate name")]
    CrateName(String),
    #[error("{0} is not a crate name in which `*` stands for any characters")]
    Glob(String),
    #[error("{0} is not the address of a registry")]
    RegistryAddress(String),
    #[error("{0} is not the address of a web API")]
    WebAddress(String),
    #[error("{0} is not the name of a registry in `[registries]`, and not an address")]
    UnknownRegistry(String),
    #[error("the same registry as `registries.{0}`")]
    SameRegistry(String),
    #[error("`crates-io` is the name of crates.io, and this is not its address")]
    ReservedName,
    #[error("{0} is not the address of a git repository")]
    GitAddress(String),
    #[error("not a full commit id of 40 hexadecimal digits")]
    Commit,
    #[error("not a SHA-256 digest of 64 lower-case hexadecimal digits")]
    Checksum,
    #[error("{0} is not a version requirement")]
    VersionReq(String),
    #[error("not a SHA-256 digest of 64 lower-case hexadecimal digits")]
    FileDigest,
    #[error("{0} is not the path of a file in an archive")]
    PathInArchive(String),
    #[error("{text} is not an SPDX licence expression: {cause}")]
    LicenseExpression { text: String, cause: String },
    #[error("required, because `{0}` only softens it")]
    NeededBy(&'static str),
    #[error("{text} is not an SPDX licence id")]
    License { text: String, nearest: Option<&'static str> },
    #[error("{0} is not the id of an advisory")]
    AdvisoryId(String),
    #[error("{0} is not an e-mail address")]
    Email(String),
    #[error("{0} is not an address of the web")]
    Page(String),
    #[error("neither `email` nor `url` is there, and a name alone reaches nobody")]
    Unreachable,
    #[error("{0} is not a justification of VEX")]
    Justification(String),
    #[error("{0} is not \"allow\", \"warn\" or \"reject\"")]
    Level(String),
    #[error("{0} is not \"reason\", \"warn\" or \"off\"")]
    SignalLevel(String),
    #[error("{0} is not the code of a reason")]
    ReasonCode(String),
    #[error("no approval lifts `{}`", .0.as_str())]
    NotLiftable(ReasonCode),
    #[error("named twice")]
    Repeated,
    #[error("required, because time does not lift `{}`", .0.as_str())]
    UntilRequired(ReasonCode),
    #[error("{until} is before `at`, {at}")]
    UntilBeforeAt { at: Date, until: Date },
    #[error("required, because {age} is shorter than {otherwise}, which would apply otherwise")]
    ReasonRequired { age: Age, otherwise: Age },
    #[error("the same release, checksum and reasons as the approval in line {line}")]
    Duplicate { line: u32 },
}

impl Fault {
    /// What to do about it, in one line.
    #[must_use]
    pub fn help(&self) -> String {
        let fixed = match self {
            Self::Syntax(_) => "see https://toml.io for the grammar",
            Self::UnknownKey { known } if known.is_empty() => "remove it",
            Self::UnknownKey { known } => return format!("the keys of this table are: {}", known.join(", ")),
            Self::WrongType { expected, .. } => return format!("write {expected}"),
            Self::Missing => "add the key to this table",
            Self::Empty => "write something here, or remove the table that needs it",
            Self::Age(_) => "write \"0\", or an integer and a unit: \"12 hours\", \"7 days\", \"2 weeks\"",
            Self::AgeIsInteger { number } => {
                return format!("write \"{} days\"", number.filter(|days| *days > 0).unwrap_or(7));
            }
            Self::Date => "write a date such as 2027-01-31",
            Self::Version(_) => "write all three numbers, such as \"1.2.3\"",
            Self::Requirement(_) => "write \"name\", or \"name@\" and a requirement: \"name@<1.2\", \"name@=1.2.3\"",
            Self::CrateName(_) => "a crate name has up to 64 ASCII letters, digits, `-` and `_`",
            Self::Glob(_) => "write a name such as \"serde\" or \"windows-*\"",
            Self::RegistryAddress(_) => "write an address such as \"sparse+https://registry.example.org/index/\"",
            Self::WebAddress(_) => {
                "write an address such as \"https://registry.example.org\", without a name or a password in it"
            }
            Self::UnknownRegistry(_) => "name a table of `[registries]`, or write the address of the registry's index",
            Self::SameRegistry(_) => "keep one of the two tables; the address is the registry's identity",
            Self::ReservedName => "give the registry another name",
            Self::GitAddress(_) => "write an address such as \"https://git.example.org/team/project\"",
            Self::Commit => "find the commit with `git rev-parse HEAD`, or leave `rev` out to allow every commit",
            Self::Checksum => "copy the `checksum` of the package from Cargo.lock",
            Self::VersionReq(_) => "write a requirement as in a manifest, such as \"1.2\" or \"=1.2.3\"",
            Self::FileDigest => "take it of the file in the package's folder: sha256sum LICENSE",
            Self::PathInArchive(_) => "write a path below the package's folder, such as \"LICENSE-MIT\"",
            Self::LicenseExpression { .. } => {
                "write ids of https://spdx.org/licenses with AND, OR and WITH, such as \"MIT OR Apache-2.0\""
            }
            Self::NeededBy(_) => "list the licences that every release may have",
            Self::License { nearest: Some(nearest), .. } => return format!("write \"{nearest}\""),
            Self::License { nearest: None, .. } => "write an id of https://spdx.org/licenses, such as \"Apache-2.0\"",
            Self::AdvisoryId(_) => "write an id such as \"RUSTSEC-2023-0071\"",
            Self::Email(_) => "write an address such as \"security@example.org\"",
            Self::Page(_) => "write an address such as \"https://example.org/\"",
            Self::Unreachable => "add `email`, `url` or both",
            Self::Justification(_) => {
                let names = Justification::ALL.map(Justification::as_str);
                return format!("write one of: {}; leave it out where the package is affected", names.join(", "));
            }
            Self::Level(_) => "write \"allow\", \"warn\" or \"reject\"",
            Self::SignalLevel(_) => "write \"reason\", \"warn\" or \"off\"",
            Self::ReasonCode(_) | Self::NotLiftable(_) => return all_liftable(),
            Self::Repeated => "remove one of the two",
            Self::UntilRequired(_) => "add `until`, the last day on which the approval counts",
            Self::UntilBeforeAt { .. } => "let `until` be the last day on which the approval counts",
            Self::ReasonRequired { .. } => "add `reason` and say why these crates may come earlier",
            Self::Duplicate { .. } => "keep one of the two",
        };
        fixed.to_owned()
    }
}

/// The reason of this name, which must be one that an approval can lift.
pub(super) fn liftable(name: &str) -> Result<ReasonCode, Fault> {
    let code = ReasonCode::named(name).ok_or_else(|| Fault::ReasonCode(shown(name)))?;
    if code.an_approval_lifts() { Ok(code) } else { Err(Fault::NotLiftable(code)) }
}

fn all_liftable() -> String {
    let codes: Vec<_> = ReasonCode::ALL.into_iter().filter(|code| code.an_approval_lifts()).collect();
    let names: Vec<_> = codes.iter().map(|code| code.as_str()).collect();
    format!("an approval lifts: {}", names.join(", "))
}

/// The most problems of one file that are told; whoever mends those sees the next.
const MOST_TOLD: usize = 20;

struct Listing<'a> {
    path: &'a Utf8PathBuf,
    problems: &'a [Problem],
}

/// A line for each mistake, then the first one's help.
impl fmt::Display for Listing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Problem { line, key, fault } in self.problems.iter().take(MOST_TOLD) {
            match key {
                Some(key) => writeln!(f, "{}:{line}: `{key}`: {fault}", self.path)?,
                None => writeln!(f, "{}:{line}: {fault}", self.path)?,
            }
        }
        if let Some(more) = self.problems.len().checked_sub(MOST_TOLD).filter(|more| *more > 0) {
            writeln!(f, "... and {more} more")?;
        }
        self.problems.first().map_or(Ok(()), |first| write!(f, "help: {}", first.fault.help()))
    }
}
