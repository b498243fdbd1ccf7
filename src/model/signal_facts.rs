//! What a signal says beside its code, each fact by its name.

use super::reason_facts::{Fact, Facts, maybe_moment, maybe_text, said, text};
use super::signal::{AddedDependency, Birth, Imitated, Signal, Swap};

impl Signal {
    /// Which it is, and its evidence.
    #[must_use]
    pub fn facts(&self) -> Facts<'_> {
        let mut facts = vec![("signal", text(self.code().as_str()))];
        facts.extend(match self {
            Self::YoungDependency { since, added } | Self::NewDependency { since, added } => {
                vec![("since", said(since)), ("added", dependencies(added))]
            }
            Self::DormantGrowth { before, before_pubtime, resumed, resumed_pubtime, added } => vec![
                ("before", said(before)),
                ("before_pubtime", Fact::Moment(*before_pubtime)),
                ("resumed", said(resumed)),
                ("resumed_pubtime", Fact::Moment(*resumed_pubtime)),
                ("added", dependencies(added)),
            ],
            Self::FirstBuildScriptInput { since, inputs, links } => {
                vec![("since", said(since)), ("inputs", dependencies(inputs)), ("links", maybe_text(links.as_deref()))]
            }
            Self::LookAlike { imitated, first_published } => {
                let mut facts = match imitated {
                    Imitated::Name { name, how } => vec![("resembles", text(name)), ("how", text(how.as_str()))],
                    Imitated::Twin { source } => vec![("twin_from", said(source))],
                };
                facts.push(("first_published", maybe_moment(*first_published)));
                facts
            }
            Self::YankLure { yanked, seen } => vec![
                ("yanked", Fact::Texts(yanked.iter().map(ToString::to_string).collect())),
                ("last_unyanked", maybe_moment(seen.map(|seen| seen.at))),
                ("seen_by", maybe_text(seen.map(|seen| seen.by.as_str()))),
            ],
            Self::PublisherChange { publisher, before } => vec![
                ("publisher", said(publisher)),
                ("before", Fact::Texts(before.iter().map(ToString::to_string).collect())),
            ],
            Self::TrustedPublishingLost { before, trusted, publisher: _ } => vec![
                ("before", said(before)),
                ("provider", text(&trusted.provider)),
                ("repository", maybe_text(trusted.repository.as_deref())),
            ],
            Self::Dormant { previous, previous_pubtime } => {
                vec![("previous", said(previous)), ("previous_pubtime", Fact::Moment(*previous_pubtime))]
            }
            Self::Burst { releases } => vec![("releases", Fact::Number(u64::try_from(*releases).unwrap_or(u64::MAX)))],
            Self::MajorSwap { since, swapped } => {
                vec![("since", said(since)), ("swapped", Fact::Groups(swapped.iter().map(swap).collect()))]
            }
        });
        facts
    }
}

fn dependencies(added: &[AddedDependency]) -> Fact<'_> {
    Fact::Groups(added.iter().map(dependency).collect())
}

fn dependency(added: &AddedDependency) -> Facts<'_> {
    let AddedDependency { name, renamed, registry, kind, optional, target, born } = added;
    vec![
        ("name", text(name)),
        ("renamed", maybe_text(renamed.as_deref())),
        ("registry", maybe_text(registry.as_deref())),
        ("kind", text(kind.as_str())),
        ("optional", Fact::Truth(*optional)),
        ("target", maybe_text(target.as_deref())),
        ("first_published", maybe_moment(born.moment())),
        ("gone", Fact::Truth(*born == Birth::Gone)),
    ]
}

fn swap(Swap { name, before, after }: &Swap) -> Facts<'_> {
    vec![("name", text(name)), ("before", said(before)), ("after", said(after))]
}
