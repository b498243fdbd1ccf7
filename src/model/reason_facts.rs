//! What a reason and a signal say beside their codes, each fact by its name: for formats that give facts as well as a sentence.

use std::borrow::Cow;

use jiff::Timestamp;

use super::finding::{Alarm, Finding};
use super::license::LicenseLack;
use super::verdict::{HeldFix, Reason};

/// One fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact<'a> {
    /// In words, or a name.
    Text(Cow<'a, str>),
    /// Several such.
    Texts(Vec<String>),
    /// A number; its name says of what.
    Number(u64),
    Moment(Timestamp),
    /// Nobody knows.
    Unknown,
    /// An advisory, by its id: of those that are at hand more can be told.
    Advisory(&'a str),
    /// Facts that belong together.
    Group(Facts<'a>),
    /// Several such groups.
    Groups(Vec<Facts<'a>>),
    /// Whether something is so.
    Truth(bool),
}

/// Facts by their names, in a fixed order.
pub(crate) type Facts<'a> = Vec<(&'static str, Fact<'a>)>;

pub(super) fn text(text: &str) -> Fact<'_> {
    Fact::Text(Cow::Borrowed(text))
}

pub(super) fn maybe_text(found: Option<&str>) -> Fact<'_> {
    found.map_or(Fact::Unknown, text)
}

pub(super) fn said<'a>(said: &impl ToString) -> Fact<'a> {
    Fact::Text(Cow::Owned(said.to_string()))
}

pub(super) fn maybe_moment<'a>(moment: Option<Timestamp>) -> Fact<'a> {
    moment.map_or(Fact::Unknown, Fact::Moment)
}

impl Reason {
    /// What it says beside its code.
    #[must_use]
    pub fn facts(&self) -> Facts<'_> {
        match self {
            Self::TooNew { pubtime, min_age, rule, eligible_at, fix } => {
                let mut facts = vec![
                    ("pubtime", Fact::Moment(*pubtime)),
                    ("min_age_seconds", Fact::Number(min_age.as_secs())),
                    ("rule", said(rule)),
                    ("eligible_at", Fact::Moment(*eligible_at)),
                ];
                facts.extend(fix.as_ref().map(|HeldFix { advisory, min_age }| {
                    let min_age = Fact::Number(min_age.as_secs());
                    ("fix", Fact::Group(vec![("advisory", text(advisory)), ("min_age_seconds", min_age)]))
                }));
                facts
            }
            Self::NewCrate { first_published, min_age, eligible_at } => vec![
                ("first_published", maybe_moment(*first_published)),
                ("min_age_seconds", Fact::Number(min_age.as_secs())),
                ("eligible_at", Fact::Moment(*eligible_at)),
            ],
            Self::Signal { signal, eligible_at } => {
                let mut facts = signal.facts();
                facts.push(("eligible_at", maybe_moment(*eligible_at)));
                facts
            }
            Self::Inspection { alarm, eligible_at } => {
                let mut facts = alarm.facts();
                facts.push(("eligible_at", Fact::Moment(*eligible_at)));
                facts
            }
            Self::PubtimeUnknown { found } => vec![("found", maybe_text(found.as_deref()))],
            Self::PubtimeInFuture { pubtime, eligible_at } => {
                vec![("pubtime", Fact::Moment(*pubtime)), ("eligible_at", Fact::Moment(*eligible_at))]
            }
            Self::PubtimeChanged { recorded, found } => {
                vec![("recorded", Fact::Moment(*recorded)), ("found", maybe_moment(*found))]
            }
            Self::ChecksumMismatch { locked, expected, witness } => {
                vec![("locked", text(locked)), ("expected", said(expected)), ("witness", text(witness.as_str()))]
            }
            Self::ChecksumMissing
            | Self::NotInIndex
            | Self::IndexUnavailable
            | Self::Yanked
            | Self::SourceNotAllowed => Vec::new(),
            Self::IndexEntryUnreadable { cause } => vec![("cause", text(cause))],
            Self::AdvisoryUnreadable { advisory, file, cause } => {
                vec![("advisory", maybe_text(advisory.as_deref())), ("file", text(file)), ("cause", text(cause))]
            }
            Self::Malicious { advisory } => vec![("advisory", Fact::Advisory(advisory))],
            Self::Advisory { advisory, kind } => {
                vec![("kind", text(kind.as_str())), ("advisory", Fact::Advisory(advisory))]
            }
            Self::Denied { entry } => vec![("entry", text(entry))],
            Self::LicenseNotAllowed { expression, lack } => {
                let mut facts = vec![("expression", maybe_text(expression.as_deref()))];
                facts.extend(match lack {
                    LicenseLack::Unlisted { licenses } => Some(("not_listed", Fact::Texts(licenses.clone()))),
                    LicenseLack::Malformed { cause } => Some(("malformed", text(cause))),
                    LicenseLack::FileAlone { path, digest } => {
                        let digest = digest.as_ref().map_or(Fact::Unknown, said);
                        Some(("license_file", Fact::Group(vec![("path", text(path)), ("sha256", digest)])))
                    }
                    LicenseLack::Unstated => None,
                });
                facts
            }
            Self::LicenseUnknown { gap } => {
                vec![("gap", text(gap.code())), ("cause", maybe_text(gap.cause()))]
            }
        }
    }
}

impl Alarm {
    fn facts(&self) -> Facts<'_> {
        let count = |count: usize| Fact::Number(u64::try_from(count).unwrap_or(u64::MAX));
        let (findings, more, cause) = match self {
            Self::Findings { first, more } => (&first[..], *more, None),
            Self::Unreadable { cause } => (&[][..], 0, Some(&**cause)),
        };
        vec![
            ("findings", Fact::Groups(findings.iter().map(Finding::facts).collect())),
            ("more", count(more)),
            ("unreadable", maybe_text(cause)),
        ]
    }
}

impl Finding {
    fn facts(&self) -> Facts<'_> {
        vec![
            ("code", text(self.code.as_str())),
            ("file", maybe_text(self.file.as_deref())),
            ("line", self.line.map_or(Fact::Unknown, |line| Fact::Number(line.into()))),
            ("evidence", text(&self.evidence)),
        ]
    }
}
