//! Which setting decided: the key that a reader would change.

use std::collections::BTreeMap;

use semver::Version;

use super::judge::Judge;
use super::{advisory, graph, publish_age};
use crate::model::advisory::AdvisoryKind;
use crate::model::explanation::Decider;
use crate::model::package::{CrateId, PackageId};
use crate::model::policy::{Ignore, Origin};
use crate::model::signal::Signal;
use crate::model::source::Source;
use crate::model::verdict::{Basis, Reason, Warning};

/// Where keys stand: see [`crate::model::explanation::Records::keys`].
pub(super) type Keys<'a> = Option<&'a BTreeMap<String, Origin>>;

pub(super) fn of_reason(judge: &Judge<'_>, id: &PackageId, reason: &Reason, keys: Keys<'_>) -> Decider {
    let key = match reason {
        Reason::TooNew { rule, .. } => return of_origin(rule, "quarantine.min-publish-age"),
        Reason::NewCrate { .. } => "quarantine.new-crate-age",
        Reason::Signal { signal, .. } => return of_signal(judge, signal, &id.version, keys),
        Reason::Inspection { .. } => "quarantine.inspect",
        Reason::Advisory { kind, .. } => return of_kind(*kind, keys),
        Reason::Yanked => "advisories.yanked",
        Reason::SourceNotAllowed => match id.source {
            Source::Git(_) => "sources.allow-git",
            Source::Registry(_) => "sources.allow-registries",
            Source::Local | Source::Other(_) => return Decider::Fixed,
        },
        Reason::Denied { .. } => "bans.deny",
        Reason::LicenseNotAllowed { .. } | Reason::LicenseUnknown { .. } => "licenses.allow",
        Reason::PubtimeUnknown { .. }
        | Reason::PubtimeInFuture { .. }
        | Reason::PubtimeChanged { .. }
        | Reason::ChecksumMismatch { .. }
        | Reason::ChecksumMissing
        | Reason::NotInIndex
        | Reason::IndexUnavailable
        | Reason::IndexEntryUnreadable { .. }
        | Reason::AdvisoryUnreadable { .. }
        | Reason::Malicious { .. } => return Decider::Fixed,
    };
    setting(key, keys)
}

pub(super) fn of_warning(judge: &Judge<'_>, package: &PackageId, warning: &Warning, keys: Keys<'_>) -> Decider {
    match warning {
        Warning::Advisory { kind, .. } | Warning::NamedByAdvisory { kind, .. } => of_kind(*kind, keys),
        Warning::Ignored { advisory: id, until } => {
            let ignores = judge.policy.advisories.ignore.iter();
            let mut matching = ignores.filter(|ignore| {
                ignore.until == *until && advisory::is_ignored_by(&judge.facts.advisories, ignore, &package.name, id)
            });
            matching.next().map_or(Decider::Fixed, |ignore| of_ignore(ignore, keys))
        }
        Warning::Yanked => setting("advisories.yanked", keys),
        Warning::Signal(signal) => of_signal(judge, signal, &package.version, keys),
        Warning::OutsideWorkspace { .. } | Warning::OtherRepository { .. } => Decider::Fixed,
        Warning::LicenseUndecided => setting("licenses.allow", keys),
    }
}

pub(super) fn of_basis(judge: &Judge<'_>, crate_id: Option<&CrateId>, basis: &Basis, keys: Keys<'_>) -> Decider {
    match (basis, crate_id) {
        (Basis::Aged | Basis::TrustedRegistry, Some(crate_id)) => {
            of_origin(&publish_age::minimum(judge.policy, crate_id).origin, "quarantine.min-publish-age")
        }
        (Basis::AllowedSource, _) => setting("sources.allow-git", keys),
        (Basis::SecurityFix { .. }, _) => setting("quarantine.security-fix.enabled", keys),
        (Basis::Approval { given }, _) => {
            given.first().map_or(Decider::Fixed, |strongest| on_line("approval", strongest.line, keys))
        }
        (Basis::Aged | Basis::TrustedRegistry, None) => Decider::Fixed,
    }
}

/// What decided about an advisory that hits, and whether a person had it ignored.
pub(super) fn of_advisory(
    judge: &Judge<'_>,
    hit: &crate::model::advisory::Advisory,
    by_ignore: bool,
    keys: Keys<'_>,
) -> Decider {
    let ignores = judge.policy.advisories.ignore.iter();
    let in_force = ignores.filter(|ignore| advisory::names(ignore, hit) && ignore.until >= judge.today);
    match in_force.max_by_key(|ignore| ignore.until).filter(|_| by_ignore) {
        Some(ignore) => of_ignore(ignore, keys),
        None => of_kind(hit.kind, keys),
    }
}

/// What the policy makes of a signal of a release with this version.
fn of_signal(judge: &Judge<'_>, signal: &Signal, version: &Version, keys: Keys<'_>) -> Decider {
    let policy = &judge.policy.signals;
    match signal {
        // Of a release that opens a line, the lower of two levels counts.
        Signal::YoungDependency { since, .. }
            if !graph::same_line(since, version) && policy.young_dependency_new_line <= policy.young_dependency =>
        {
            setting("signals.young-dependency-new-line", keys)
        }
        Signal::YoungDependency { .. }
        | Signal::DormantGrowth { .. }
        | Signal::FirstBuildScriptInput { .. }
        | Signal::LookAlike { .. }
        | Signal::YankLure { .. }
        | Signal::PublisherChange { .. }
        | Signal::TrustedPublishingLost { .. } => setting(&format!("signals.{}", signal.code().as_str()), keys),
        Signal::Dormant { .. } | Signal::NewDependency { .. } | Signal::Burst { .. } | Signal::MajorSwap { .. } => {
            Decider::Fixed
        }
    }
}

fn of_kind(kind: AdvisoryKind, keys: Keys<'_>) -> Decider {
    match kind {
        AdvisoryKind::Malicious | AdvisoryKind::Vulnerability => Decider::Fixed,
        AdvisoryKind::Unsound => setting("advisories.unsound", keys),
        AdvisoryKind::Unmaintained => setting("advisories.unmaintained", keys),
        AdvisoryKind::Notice => setting("advisories.notice", keys),
    }
}

fn of_ignore(ignore: &Ignore, keys: Keys<'_>) -> Decider {
    on_line("advisories.ignore", ignore.line, keys)
}

/// An entry of a list, of which the line is known and the file is that of any key.
fn on_line(key: &str, line: u32, keys: Keys<'_>) -> Decider {
    let path = keys.and_then(|keys| {
        keys.values().find_map(|origin| match origin {
            Origin::File { path, .. } => Some(path.clone()),
            Origin::Default | Origin::Flag | Origin::Environment(_) => None,
        })
    });
    let origin = path.map(|path| Origin::File { path, line, key: key.to_owned() });
    Decider::Policy { key: key.to_owned(), origin }
}

fn of_origin(origin: &Origin, default: &str) -> Decider {
    let key = match origin {
        Origin::File { key, .. } => key.clone(),
        Origin::Flag => "--min-publish-age".to_owned(),
        Origin::Default | Origin::Environment(_) => default.to_owned(),
    };
    Decider::Policy { key, origin: Some(origin.clone()) }
}

fn setting(key: &str, keys: Keys<'_>) -> Decider {
    let origin = keys.map(|keys| keys.get(key).cloned().unwrap_or(Origin::Default));
    Decider::Policy { key: key.to_owned(), origin }
}

#[cfg(test)]
mod tests;
