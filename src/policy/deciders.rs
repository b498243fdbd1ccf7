//! Which setting decided: the key that a reader would change.

use std::collections::BTreeMap;

use super::judge::Judge;
use super::{advisory, publish_age};
use crate::model::advisory::AdvisoryKind;
use crate::model::explanation::Decider;
use crate::model::package::{CrateId, PackageId};
use crate::model::policy::{Ignore, Origin};
use crate::model::signal::Signal;
use crate::model::source::Source;
use crate::model::verdict::{Basis, Reason, Warning};

/// Where keys stand: see [`crate::model::explanation::Records::keys`].
pub(super) type Keys<'a> = Option<&'a BTreeMap<String, Origin>>;

pub(super) fn of_reason(id: &PackageId, reason: &Reason, keys: Keys<'_>) -> Decider {
    let key = match reason {
        Reason::TooNew { rule, .. } => return of_origin(rule, "quarantine.min-publish-age"),
        Reason::NewCrate { .. } => "quarantine.new-crate-age",
        Reason::Signal { signal, .. } => return of_signal(signal, keys),
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
        Warning::Signal(signal) => of_signal(signal, keys),
        Warning::OutsideWorkspace { .. } => Decider::Fixed,
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

/// What the policy makes of a signal.
pub(super) fn of_signal(signal: &Signal, keys: Keys<'_>) -> Decider {
    match signal {
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
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by it")]

    use std::collections::BTreeMap;

    use super::of_warning;
    use crate::model::explanation::Decider;
    use crate::model::policy::{Ignore, Origin};
    use crate::model::verdict::Warning;
    use crate::policy::by_hand::{World, package, vulnerability};

    #[test]
    fn an_ignored_advisory_was_ignored_by_the_entry_of_its_id_and_day() {
        let (id, end) = ("RUSTSEC-2026-9001", "2026-12-31");
        let entry = |id: &str, until: &str, line: u32| Ignore {
            id: id.into(),
            crate_name: None,
            reason: String::new(),
            until: until.parse().unwrap(),
            justification: None,
            line,
        };
        let origin = |line: u32, key: &str| Origin::File { path: "sequester.toml".into(), line, key: key.to_owned() };
        let keys = BTreeMap::from([("bans.deny".to_owned(), origin(1, "bans.deny"))]);
        let world = World::new().advise(vulnerability("foo", &[])).with(|world| {
            let other = entry("RUSTSEC-2026-9002", end, 3);
            world.policy.advisories.ignore = vec![other, entry(id, "2026-11-30", 5), entry(id, end, 7)];
        });
        let warning = Warning::Ignored { advisory: id.into(), until: end.parse().unwrap() };
        let key = "advisories.ignore";
        let decider = of_warning(&world.judge(), &package("foo", "1.0.0").id, &warning, Some(&keys));
        assert_eq!(decider, Decider::Policy { key: key.to_owned(), origin: Some(origin(7, key)) });
    }
}
