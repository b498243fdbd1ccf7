//! What a change makes looser than its base has it, and what becomes of that.

use super::approval::Approval;
use super::policy::Ignore;

/// Something that a change makes looser than its base has it: for the code owner to see who merges it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loosening {
    /// What kind of thing it is.
    pub kind: LooseningKind,
    /// The key, with its tables and what tells it from others of its kind: `quarantine.min-publish-age`, `approval cc@1.2.3`.
    pub key: String,
    /// What the base says; `None` where it has no such entry.
    pub base: Option<String>,
    /// What the change says; `None` where it has no such entry.
    pub head: Option<String>,
    /// Why, where the change's entry has room for a reason.
    pub reason: Option<String>,
}

/// What becomes of what a change decides itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Lane {
    /// Nothing of it counts, and all of it fails the run.
    #[default]
    Fail,
    /// What a person may decide counts and is told first; everything else fails the run.
    Report,
}

names!(Lane read { Fail => "fail", Report => "report" });

/// What a change makes looser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LooseningKind {
    /// A rule: an age, a level, where releases and advisories come from.
    Rule,
    /// It exempts a release: exactly these bytes.
    Approval(Box<Approval>),
    /// It ignores an advisory until a day.
    Ignore(Box<Ignore>),
    /// It brings the first policy.
    Adoption,
    /// What is judged, or judged by, is not where the base has it, so that the base's own could not be held against it.
    Place,
}

codes!(LooseningKind {
    Rule => "rule",
    Approval => "approval",
    Ignore => "ignore",
    Adoption => "adoption",
    Place => "place",
});

impl LooseningKind {
    /// Whether a person may decide it in the change itself, where whoever merges it is shown it first: what is exempted by its bytes or
    /// ends by itself, and the first policy. Everything else makes every later change pass more easily.
    #[must_use]
    pub const fn may_be_decided(&self) -> bool {
        match self {
            Self::Approval(_) | Self::Ignore(_) | Self::Adoption => true,
            Self::Rule | Self::Place => false,
        }
    }
}
