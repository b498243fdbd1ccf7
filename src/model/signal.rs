//! Signs of a takeover, each with its evidence, and what the policy makes of them.

use std::sync::Arc;

use jiff::Timestamp;
use semver::{Version, VersionReq};

use super::age::Age;
use super::crate_name::CrateName;
use super::index_line::DependencyKind;
use super::publication::{Publisher, TrustedPublisher};
use super::resemblance::Likeness;
use super::source::Source;

/// A sign of a takeover. All is told as it was when the release was published, so that passing time changes none of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signal {
    /// It brings dependencies on crates that were hardly born when it was published.
    YoungDependency {
        /// The release that it was compared with.
        since: Version,
        /// Those dependencies; never empty.
        added: Vec<AddedDependency>,
    },
    /// After a long silence of its crate it brings dependencies that nobody can leave out.
    DormantGrowth {
        /// The last release before the silence.
        before: Version,
        /// When that was published.
        before_pubtime: Timestamp,
        /// The release that ended it: this one, or one shortly before.
        resumed: Version,
        /// When that was published.
        resumed_pubtime: Timestamp,
        /// Those dependencies; never empty.
        added: Vec<AddedDependency>,
    },
    /// The first of its compatibility line that has something for a build script to work with.
    FirstBuildScriptInput {
        /// The release that it was compared with.
        since: Version,
        /// Its build-dependencies.
        inputs: Vec<AddedDependency>,
        /// The native library that it links.
        links: Option<String>,
    },
    /// A young crate of crates.io, where anybody can take a name, that can be taken for another.
    LookAlike {
        /// The other.
        imitated: Imitated,
        /// When the young crate was first published; `None` where that cannot be told.
        first_published: Option<Timestamp>,
    },
    /// Older compatible releases were yanked around its publication, and no advisory says why.
    YankLure {
        /// The yanked releases.
        yanked: Vec<Version>,
        /// When one of them was yanked, or was last known not to be, and who says so; `None` where nobody knows when they were.
        seen: Option<Sighting>,
    },
    /// Nobody is known to have published a release of this crate under this name before.
    PublisherChange {
        publisher: Publisher,
        /// Those who did, in the order of their names; never empty.
        before: Vec<Publisher>,
    },
    /// The release before came from a CI run that the registry had checked, this one from somebody with a token.
    TrustedPublishingLost {
        /// The release before.
        before: Version,
        /// What published that.
        trusted: TrustedPublisher,
        /// Who published this one, where the registry says.
        publisher: Option<Publisher>,
    },
    /// Published after a long silence of its crate.
    Dormant {
        /// The release before it.
        previous: Version,
        /// When that one was published.
        previous_pubtime: Timestamp,
    },
    /// It brings dependencies, of whatever age.
    NewDependency {
        /// The release that it was compared with.
        since: Version,
        /// Those dependencies; never empty.
        added: Vec<AddedDependency>,
    },
    /// One of many releases of its crate within a day.
    Burst {
        /// How many, itself included.
        releases: usize,
    },
    /// It asks for another compatibility line of what it depended on before.
    MajorSwap {
        /// The release that it was compared with.
        since: Version,
        /// Those dependencies; never empty.
        swapped: Vec<Swap>,
    },
}

codes!(Signal as
/// The kind of a signal.
SignalCode {
    YoungDependency => "young-dependency",
    DormantGrowth => "dormant-growth",
    FirstBuildScriptInput => "first-build-script-input",
    LookAlike => "look-alike",
    YankLure => "yank-lure",
    PublisherChange => "publisher-change",
    TrustedPublishingLost => "trusted-publishing-lost",
    Dormant => "dormant",
    NewDependency => "new-dependency",
    Burst => "burst",
    MajorSwap => "major-swap",
});

impl SignalCode {
    /// Whether it ends by itself, once the release has the age for releases with a signal. A name stays the same name.
    #[must_use]
    pub const fn time_lifts(self) -> bool {
        !matches!(self, Self::LookAlike)
    }
}

/// A dependency that an earlier release did not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddedDependency {
    /// The crate's real name.
    pub name: Arc<str>,
    /// The name that the manifest gives it, where that differs.
    pub renamed: Option<Box<str>>,
    /// Its registry, where that is not the dependent's; as it is written.
    pub registry: Option<Box<str>>,
    /// Whether it is for running or for building.
    pub kind: DependencyKind,
    /// Whether a feature turns it on: one that was there before.
    pub optional: bool,
    /// The platform that it is limited to.
    pub target: Option<Box<str>>,
    /// When its crate was first published.
    pub born: Birth,
}

/// When a crate was first published, as far as its registry could be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Birth {
    /// At this moment.
    At(Timestamp),
    /// The registry has no such crate, or not any more.
    Gone,
    /// Its index entry could not be had in this run, or does not say.
    Unknown,
}

impl Birth {
    /// The moment, where it is known.
    #[must_use]
    pub const fn moment(self) -> Option<Timestamp> {
        match self {
            Self::At(moment) => Some(moment),
            Self::Gone | Self::Unknown => None,
        }
    }
}

/// What a crate can be taken for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Imitated {
    /// A crate with nearly its name.
    Name {
        /// As it is usually written.
        name: Arc<str>,
        /// What sets the two apart.
        how: Likeness,
    },
    /// A package that the lock file has under the same name from elsewhere.
    Twin {
        /// From where.
        source: Source,
    },
}

codes!(Imitated { Name => "name", Twin => "twin" });

/// That a release was known not to be yanked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// At this moment.
    pub at: Timestamp,
    /// By whom.
    pub by: SeenBy,
}

/// Who saw a release that was not yanked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SeenBy {
    /// The audit trail.
    Trail,
    /// An older copy of the index, in cargo's cache on this machine.
    Cache,
    /// The base, whose lock file has it: cargo takes no yanked release anew. The moment is the commit's.
    Base,
    /// The registry, which says when it was yanked.
    Registry,
}

names!(SeenBy { Trail => "trail", Cache => "cache", Base => "base", Registry => "registry" });

/// A dependency that stayed by name and changed its compatibility line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Swap {
    /// The crate.
    pub name: Arc<str>,
    /// What was asked for.
    pub before: VersionReq,
    /// What is asked for now.
    pub after: VersionReq,
}

/// What a signal does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SignalLevel {
    /// Nothing is said.
    Off,
    /// It is said.
    Warn,
    /// It stands against the release.
    Reason,
}

names!(SignalLevel read { Off => "off", Warn => "warn", Reason => "reason" });

/// `[signals]`: what is made of each signal, and when it is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignalPolicy {
    pub young_dependency: SignalLevel,
    /// A crate that is younger than this when another begins to depend on it is a young one.
    pub young_dependency_age: Age,
    /// The same of a release that opens a compatibility line: no update leads there. Never more than `young_dependency`.
    pub young_dependency_new_line: SignalLevel,
    pub dormant_growth: SignalLevel,
    /// A crate without a release for longer than this is dormant.
    pub dormant_growth_gap: Age,
    /// For so long after its silence ended a crate counts as just awoken.
    pub dormant_growth_window: Age,
    pub first_build_script_input: SignalLevel,
    pub look_alike: SignalLevel,
    /// Only crates that are younger than this are held against other names.
    pub look_alike_age: Age,
    /// Crates of crates.io that may be called what they are called.
    pub look_alike_known: Vec<CrateName>,
    pub yank_lure: SignalLevel,
    /// Of what only `--facts` or the audit trail knows.
    pub publisher_change: SignalLevel,
    /// The same.
    pub trusted_publishing_lost: SignalLevel,
}

impl Default for SignalPolicy {
    fn default() -> Self {
        Self {
            young_dependency: SignalLevel::Reason,
            young_dependency_age: Age::days(30),
            // Two of three honest releases that bring a young crate open a line: families of crates that are published together.
            young_dependency_new_line: SignalLevel::Warn,
            dormant_growth: SignalLevel::Reason,
            dormant_growth_gap: Age::days(365),
            dormant_growth_window: Age::days(60),
            first_build_script_input: SignalLevel::Reason,
            look_alike: SignalLevel::Reason,
            look_alike_age: Age::days(365),
            look_alike_known: Vec::new(),
            yank_lure: SignalLevel::Reason,
            // Maintainers come and go: how many honest releases have a new publisher was not measured.
            publisher_change: SignalLevel::Warn,
            trusted_publishing_lost: SignalLevel::Reason,
        }
    }
}

impl SignalPolicy {
    /// What is made of a kind of signal. What many honest releases show is never more than told on demand.
    #[must_use]
    pub const fn level(&self, code: SignalCode) -> SignalLevel {
        match code {
            SignalCode::YoungDependency => self.young_dependency,
            SignalCode::DormantGrowth => self.dormant_growth,
            SignalCode::FirstBuildScriptInput => self.first_build_script_input,
            SignalCode::LookAlike => self.look_alike,
            SignalCode::YankLure => self.yank_lure,
            SignalCode::PublisherChange => self.publisher_change,
            SignalCode::TrustedPublishingLost => self.trusted_publishing_lost,
            SignalCode::Dormant | SignalCode::NewDependency | SignalCode::Burst | SignalCode::MajorSwap => {
                SignalLevel::Off
            }
        }
    }

    /// Whether a crate of crates.io may be called what it is called.
    #[must_use]
    pub fn knows(&self, name: &str) -> bool {
        self.look_alike_known.iter().any(|known| known.names(name))
    }
}
