//! Adopting the gate in a project that exists already: what other tools' files say, and what is carried for a while.

use std::fmt;

use semver::Version;

use super::age::Age;
use super::approval::Approval;
use super::policy::{GitRule, Ignore, Level, Origin, Setting};
use super::source::Registry;

/// How the reason of everything begins that is in the policy only because it was there before the policy was. Whatever stands behind
/// it, after a colon, says more.
pub(crate) const ADOPTION_REASON: &str = "existing at adoption";

/// Whether a reason marks its entry as one from adoption.
#[must_use]
pub(crate) fn is_from_adoption(reason: &str) -> bool {
    reason.strip_prefix(ADOPTION_REASON).is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
}

/// What a run still lets pass only because of adoption.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Carried {
    /// Locked releases that pass by an approval from adoption.
    pub releases: usize,
    /// Advisories that hit something locked and are ignored from adoption.
    pub advisories: usize,
    /// Commits of git repositories that are locked and allowed from adoption.
    pub git: usize,
}

impl Carried {
    /// All of it.
    #[must_use]
    pub const fn total(self) -> usize {
        self.releases + self.advisories + self.git
    }
}

/// What makes the gate pass on the day it is turned on; everything in it is marked by [`ADOPTION_REASON`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Baseline {
    /// Of releases that only their age holds, each until the day it matures.
    pub approvals: Vec<Approval>,
    /// Of advisories about locked releases, each for one crate and for so many days.
    pub ignores: Vec<Ignore>,
    /// One for each locked commit of a git repository.
    pub git: Vec<GitRule>,
}

/// What the files of other tools say that a policy can say too, each with its place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Adopted {
    /// Ages for all releases; the longest is taken.
    pub ages: Vec<Setting<Age>>,
    /// Registries with ages of their own.
    pub registries: Vec<Setting<AdoptedRegistry>>,
    /// Crates with ages of their own.
    pub overrides: Vec<Setting<AdoptedOverride>>,
    /// Registries that stand in for crates.io.
    pub mirrors: Vec<Setting<Registry>>,
    /// Registries that packages may come from.
    pub allow_registries: Vec<Setting<Registry>>,
    /// Git repositories that packages may come from.
    pub allow_git: Vec<Setting<String>>,
    /// What is made of kinds of advisories, and of yanked releases; of several the strictest is taken.
    pub levels: Vec<Setting<(LevelKey, Level)>>,
    /// Advisories that are to be ignored, with the reason that was given.
    pub ignores: Vec<Setting<(String, Option<String>)>>,
    /// Crates that must not be used, as `[bans] deny` writes them.
    pub deny: Vec<Setting<String>>,
    /// Licences, as SPDX ids.
    pub licenses: Vec<Setting<String>>,
    /// What single crates may have beside these.
    pub license_exceptions: Vec<Setting<AdoptedLicenses>>,
    /// Releases that somebody looked at or exempted.
    pub vouched: Vec<Setting<Vouched>>,
    /// The files that were read.
    pub files: Vec<camino::Utf8PathBuf>,
    /// What could not be converted, in the order of its discovery.
    pub left: Vec<Setting<NotTaken>>,
}

/// A registry of another tool's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdoptedRegistry {
    /// What the file calls it.
    pub name: String,
    /// Its identity.
    pub registry: Registry,
    /// The age of its releases.
    pub min_publish_age: Age,
}

/// A crate of crates.io that another tool's file gives an age of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdoptedOverride {
    /// The crate.
    pub crate_name: String,
    /// The age of its releases.
    pub min_publish_age: Age,
}

/// A crate that another tool's file allows licences of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdoptedLicenses {
    pub crate_name: String,
    /// Which of its releases, as a requirement; all where absent.
    pub version: Option<String>,
    /// As SPDX ids.
    pub allow: Vec<String>,
}

/// A key of `[advisories]` that takes a level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the key of its name")]
pub enum LevelKey {
    Unsound,
    Unmaintained,
    Notice,
    Yanked,
}

names!(LevelKey {
    Unsound => "unsound",
    Unmaintained => "unmaintained",
    Notice => "notice",
    Yanked => "yanked",
});

/// One exact release that somebody vouched for elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vouched {
    /// The crate.
    pub crate_name: String,
    pub version: Version,
    /// In words that follow the file's name: `audited as safe-to-deploy by …`.
    pub how: String,
}

/// Why something was not taken over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotTaken {
    /// The file cannot be read.
    Unreadable(String),
    /// A policy has nothing of the kind.
    NoCounterpart,
    /// It is written in a form that is not known.
    UnknownForm,
    /// It is laxer than what always holds here.
    AlwaysRefused,
    /// It would switch the hold off.
    NoHold,
    /// Another file asks for this longer age.
    Shorter(Age),
    /// The command line asks for this age.
    Overruled(Age),
    /// Another key asks for this stricter level.
    Laxer(Level),
    /// It holds on this machine only.
    MachineOnly,
    /// The advisory hits nothing that is locked.
    HitsNothing(String),
    /// So many releases are vouched for that nothing holds.
    NotHeld(usize),
    /// So many audits are of a difference between two releases, not of one exact release.
    Differences(usize),
    /// It names licence files by a digest that is not SHA-256.
    OtherDigest,
    /// It was said before.
    Repeated,
    /// Another registry of this name was taken.
    NameTaken,
    /// There are more entries than are read.
    TooMany(usize),
}

/// In words that follow the key and its place.
impl fmt::Display for NotTaken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(cause) => write!(f, "cannot be read: {cause}"),
            Self::NoCounterpart => f.write_str("has no counterpart"),
            Self::UnknownForm => f.write_str("is written in a form that is not known"),
            Self::AlwaysRefused => f.write_str("is laxer than what always holds here: what no rule names is refused"),
            Self::NoHold => f.write_str("would switch the hold off"),
            Self::Shorter(age) => write!(f, "is shorter than the {age} that is taken"),
            Self::Overruled(age) => write!(f, "gives way to the {age} of the command line"),
            Self::Laxer(level) => write!(f, "is laxer than the \"{level}\" that is taken"),
            Self::MachineOnly => f.write_str("holds on this machine only"),
            Self::HitsNothing(id) => write!(f, "{id} hits nothing that is locked"),
            Self::NotHeld(count) => write!(f, "{count} of its releases need no approval, because nothing holds them"),
            Self::Differences(count) => {
                write!(f, "{count} of its audits are of a difference between releases, not of one exact release")
            }
            Self::OtherDigest => {
                f.write_str("names its licence files by another digest than SHA-256: write `[[licenses.clarify]]` anew")
            }
            Self::Repeated => f.write_str("says again what is taken already"),
            Self::NameTaken => f.write_str("has the name of another registry that is taken already"),
            Self::TooMany(limit) => write!(f, "has more than {limit} entries; the rest was not read"),
        }
    }
}

impl Adopted {
    /// Notes something that is not taken over.
    pub fn leave(&mut self, origin: Origin, why: NotTaken) {
        self.left.push(Setting { value: why, origin });
    }
}
