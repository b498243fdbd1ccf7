//! Every signal in one plain sentence, without its full stop and with its evidence.

use super::context::Context;
use super::publication;
use super::words::{counted, distance, few, moment, span};
use crate::model::index_line::DependencyKind;
use crate::model::resemblance::Likeness;
use crate::model::signal::{AddedDependency, Birth, Imitated, SeenBy, Signal};
use crate::model::source::{Registry, Source};

/// How many dependencies or versions a sentence names before it counts the rest.
const NAMED: usize = 4;

/// What was seen, and how it is known.
#[must_use]
pub(crate) fn signal(signal: &Signal, context: &Context<'_>) -> String {
    match signal {
        Signal::YoungDependency { since, added } | Signal::NewDependency { since, added } => {
            format!("depends on {}; {since} did not", listed(added, true, context))
        }
        Signal::DormantGrowth { before, before_pubtime, resumed, resumed_pubtime, added } => {
            let silence = span(seconds_between(*before_pubtime, *resumed_pubtime));
            format!(
                "depends on {}, soon after a long silence of its crate: {silence} between {before} and {resumed}",
                listed(added, false, context)
            )
        }
        Signal::FirstBuildScriptInput { since, inputs, links } => {
            let inputs = (!inputs.is_empty()).then(|| listed(inputs, false, context));
            let links = links.as_ref().map(|links| format!("`links = \"{links}\"`"));
            let found: Vec<String> = inputs.into_iter().chain(links).collect();
            format!("has something for a build script to work with, as {since} had not: {}", found.join(" and "))
        }
        Signal::LookAlike { imitated, first_published } => {
            let born = first_published.map_or_else(
                || "of a crate whose age is not known".to_owned(),
                |at| format!("of a young crate, first published {} ({})", distance(context.now, at), moment(at)),
            );
            format!("{born}, {}", likeness(imitated))
        }
        Signal::YankLure { yanked, seen } => {
            let names: Vec<String> = yanked.iter().map(ToString::to_string).collect();
            let yanked = few(&names, NAMED);
            let seen = seen.map(|seen| {
                let by = match seen.by {
                    SeenBy::Trail => "the audit trail still saw one of them unyanked on",
                    SeenBy::Cache => "cargo's cache of the index still had one of them unyanked on",
                    SeenBy::Base => "the base still locks one of them, in its commit of",
                    SeenBy::Registry => "the registry says that one of them was yanked on",
                };
                format!("; {by} {}", moment(seen.at))
            });
            format!(
                "older compatible releases are yanked without an advisory that says why, which pushes users towards this one: {yanked}{}",
                seen.unwrap_or_default()
            )
        }
        Signal::PublisherChange { publisher, before } => format!(
            "published by {}, of whom no earlier release is; those are by {}",
            publication::publisher(publisher),
            publication::publishers(before)
        ),
        Signal::TrustedPublishingLost { before, trusted, publisher } => {
            let by = publisher.as_ref().map(|by| format!(" by {}", publication::publisher(by))).unwrap_or_default();
            format!("published with a token{by}, and {before} by {}", publication::run(trusted))
        }
        Signal::Dormant { previous, previous_pubtime } => format!(
            "published after a long silence: the release before it, {previous}, was published {} ({})",
            distance(context.now, *previous_pubtime),
            moment(*previous_pubtime)
        ),
        Signal::Burst { releases } => {
            format!("published as one of {} of its crate within a day", counted(*releases, "release"))
        }
        Signal::MajorSwap { since, swapped } => {
            let swaps: Vec<String> =
                swapped.iter().map(|one| format!("`{}` {} in place of {}", one.name, one.after, one.before)).collect();
            format!("depends on another line of what {since} depended on: {}", few(&swaps, NAMED))
        }
    }
}

/// What has to stand before the sentence to make a clause of it.
#[must_use]
pub(crate) const fn subject(signal: &Signal) -> &'static str {
    match signal {
        Signal::YoungDependency { .. }
        | Signal::NewDependency { .. }
        | Signal::DormantGrowth { .. }
        | Signal::FirstBuildScriptInput { .. }
        | Signal::MajorSwap { .. } => "it ",
        Signal::LookAlike { .. } => "it is ",
        Signal::Dormant { .. }
        | Signal::Burst { .. }
        | Signal::PublisherChange { .. }
        | Signal::TrustedPublishingLost { .. } => "it was ",
        Signal::YankLure { .. } => "",
    }
}

/// What keeps one signal of a kind apart from another of the same package, for who compares runs.
#[must_use]
pub(crate) fn key(signal: &Signal) -> String {
    let code = signal.code().as_str();
    let names = |added: &[AddedDependency]| added.iter().map(|one| one.name.to_string()).collect::<Vec<_>>().join(" ");
    match signal {
        Signal::YoungDependency { added, .. }
        | Signal::NewDependency { added, .. }
        | Signal::DormantGrowth { added, .. } => format!("{code} {}", names(added)),
        Signal::LookAlike { imitated: Imitated::Name { name, .. }, .. } => format!("{code} {name}"),
        Signal::YankLure { yanked, .. } => {
            let versions: Vec<String> = yanked.iter().map(ToString::to_string).collect();
            format!("{code} {}", versions.join(" "))
        }
        Signal::LookAlike { .. }
        | Signal::FirstBuildScriptInput { .. }
        | Signal::PublisherChange { .. }
        | Signal::TrustedPublishingLost { .. }
        | Signal::Dormant { .. }
        | Signal::Burst { .. }
        | Signal::MajorSwap { .. } => code.to_owned(),
    }
}

fn likeness(imitated: &Imitated) -> String {
    match imitated {
        Imitated::Twin { source } => {
            let from = match source {
                Source::Local => "from a folder".to_owned(),
                Source::Registry(Registry::CratesIo) => "from crates.io".to_owned(),
                Source::Registry(_) | Source::Git(_) | Source::Other(_) => format!("from {source}"),
            };
            format!("with the name of a package that the lock file has {from}")
        }
        Imitated::Name { name, how } => {
            let how = match how {
                Likeness::Separator => "the hyphens differ",
                Likeness::Confusable => "characters that look alike differ",
                Likeness::Swapped => "two characters changed places",
                Likeness::Doubled => "a character is doubled or not",
                Likeness::Affix => "a word was added or dropped that means nothing",
                Likeness::Suffix => "the number or the `s` at its end differs",
                Likeness::Reordered => "the words changed places",
                Likeness::Edit => "one character differs",
            };
            format!("whose name can be taken for `{name}`: {how}")
        }
    }
}

fn listed(added: &[AddedDependency], with_birth: bool, context: &Context<'_>) -> String {
    let names: Vec<String> = added.iter().map(|one| dependency(one, with_birth, context)).collect();
    few(&names, NAMED)
}

/// A dependency by its real name, with what a reader of the manifest would look for.
fn dependency(added: &AddedDependency, with_birth: bool, context: &Context<'_>) -> String {
    let mut notes = Vec::new();
    notes.extend(added.renamed.as_ref().map(|renamed| format!("called `{renamed}`")));
    match added.kind {
        DependencyKind::Normal => {}
        DependencyKind::Build => notes.push("to build".to_owned()),
        DependencyKind::Dev => notes.push("for tests".to_owned()),
    }
    if added.optional {
        notes.push("optional".to_owned());
    }
    notes.extend(added.target.as_ref().map(|target| format!("on {target}")));
    notes.extend(added.registry.as_ref().map(|registry| format!("from {registry}")));
    if with_birth {
        notes.push(match added.born {
            Birth::At(at) => format!("first published {}, {}", distance(context.now, at), moment(at)),
            Birth::Gone => "which its registry does not have".to_owned(),
            Birth::Unknown => "of an age that could not be had".to_owned(),
        });
    }
    let notes = if notes.is_empty() { String::new() } else { format!(" ({})", notes.join(", ")) };
    format!("`{}`{notes}", added.name)
}

fn seconds_between(from: jiff::Timestamp, to: jiff::Timestamp) -> u64 {
    to.duration_since(from).unsigned_abs().as_secs()
}
