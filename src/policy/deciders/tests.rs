//! Which key a reader would change.
#![expect(clippy::unwrap_used, reason = "a test fails by it")]

use std::collections::BTreeMap;

use super::{of_basis, of_reason, of_warning};
use crate::model::advisory::AdvisoryKind;
use crate::model::explanation::Decider;
use crate::model::license::LicenseLack;
use crate::model::package::PackageId;
use crate::model::policy::{Ignore, Origin};
use crate::model::signal::{Signal, SignalLevel};
use crate::model::source::{GitSource, Registry, Source};
use crate::model::verdict::{Basis, Exemption, Reason, Warning};
use crate::policy::by_hand::{World, crates_io, package, version, vulnerability};

const FIXED: &str = "no setting";

fn key(decider: Decider) -> String {
    match decider {
        Decider::Policy { key, .. } => key,
        Decider::Fixed => FIXED.to_owned(),
    }
}

fn origin(line: u32, key: &str) -> Origin {
    Origin::File { path: "sequester.toml".into(), line, key: key.to_owned() }
}

fn from(source: Source) -> PackageId {
    PackageId { source, ..package("foo", "1.0.0").id }
}

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

#[test]
fn a_refusal_names_the_list_that_would_allow_it() {
    let world = World::new();
    let judge = world.judge();
    let of = |source: Source, reason: Reason| key(of_reason(&judge, &from(source), &reason, None));
    let other = || Source::Registry(Registry::parse("sparse+https://registry.example.org/").unwrap());
    let git = || Source::Git(GitSource { url: "https://git.example.org/x".into(), reference: None, commit: None });
    assert_eq!(of(other(), Reason::SourceNotAllowed), "sources.allow-registries");
    assert_eq!(of(git(), Reason::SourceNotAllowed), "sources.allow-git");
    assert_eq!(of(Source::Other("elsewhere".into()), Reason::SourceNotAllowed), FIXED);
    assert_eq!(of(other(), Reason::Denied { entry: "foo".to_owned() }), "bans.deny");
    let unlisted = Reason::LicenseNotAllowed { expression: None, lack: LicenseLack::Unstated };
    assert_eq!(of(other(), unlisted), "licenses.allow");
    assert_eq!(of(other(), Reason::Yanked), "advisories.yanked");
    assert_eq!(of(other(), Reason::ChecksumMissing), FIXED);
}

#[test]
fn a_kind_of_advisory_is_decided_by_the_level_of_its_name_and_a_vulnerability_by_none() {
    let world = World::new();
    let judge = world.judge();
    let of = |kind| {
        let (id, advisory) = (package("foo", "1.0.0").id, || "RUSTSEC-2026-9001".into());
        let keys = [
            of_reason(&judge, &id, &Reason::Advisory { advisory: advisory(), kind }, None),
            of_warning(&judge, &id, &Warning::Advisory { advisory: advisory(), kind }, None),
            of_warning(&judge, &id, &Warning::NamedByAdvisory { advisory: advisory(), kind }, None),
        ]
        .map(key);
        assert!(keys.iter().all(|one| *one == keys[0]), "{keys:?}");
        keys[0].clone()
    };
    let kinds =
        [AdvisoryKind::Vulnerability, AdvisoryKind::Unsound, AdvisoryKind::Unmaintained, AdvisoryKind::Notice].map(of);
    assert_eq!(kinds, [FIXED, "advisories.unsound", "advisories.unmaintained", "advisories.notice"]);
}

#[test]
fn an_approved_release_names_what_lets_it_through() {
    let world = World::new();
    let judge = world.judge();
    let of = |basis: Basis, of_registry: bool| {
        let keys = BTreeMap::from([("bans.deny".to_owned(), origin(1, "bans.deny"))]);
        of_basis(&judge, of_registry.then(|| crates_io("foo")).as_ref(), &basis, Some(&keys))
    };
    assert_eq!(key(of(Basis::Aged, true)), "quarantine.min-publish-age");
    // Only a registry's releases have an age.
    assert_eq!(key(of(Basis::Aged, false)), FIXED);
    assert_eq!(key(of(Basis::AllowedSource, false)), "sources.allow-git");
    let given = |line| Exemption { adopted: false, line, by: None, lifted: Vec::new(), missed_after: None };
    let (name, approval) = ("approval".to_owned(), Basis::Approval { given: vec![given(9), given(5)] });
    let strongest = Decider::Policy { key: name.clone(), origin: Some(origin(9, &name)) };
    assert_eq!(of(approval, true), strongest);
}

/// `[signals]` has two levels for a young dependency, and of a release that opens a line the lower one counts.
#[test]
fn a_young_dependency_names_the_level_that_counted() {
    let of = |version: &str, levels: (SignalLevel, SignalLevel)| {
        let world = World::new().with(|world| {
            let signals = &mut world.policy.signals;
            (signals.young_dependency, signals.young_dependency_new_line) = levels;
        });
        let signal = || Signal::YoungDependency { since: "1.4.0".parse().unwrap(), added: Vec::new() };
        let (judge, id) = (world.judge(), package("foo", version).id);
        let told = key(of_warning(&judge, &id, &Warning::Signal(signal()), None));
        let held = Reason::Signal { signal: signal(), eligible_at: None };
        assert_eq!(key(of_reason(&judge, &id, &held, None)), told);
        told
    };
    let (any, new_line) = ("signals.young-dependency", "signals.young-dependency-new-line");
    let (reason, warn) = (SignalLevel::Reason, SignalLevel::Warn);
    assert_eq!(of("1.5.0", (reason, warn)), any);
    assert_eq!(of("2.0.0", (reason, warn)), new_line);
    assert_eq!(of("2.0.0", (reason, reason)), new_line);
    assert_eq!(of("2.0.0", (warn, reason)), any);
}

#[test]
fn what_no_setting_makes_is_no_settings_doing() {
    let world = World::new();
    let of = |warning: &Warning| key(of_warning(&world.judge(), &package("foo", "1.0.0").id, warning, None));
    assert_eq!(of(&Warning::OutsideWorkspace { path: "/elsewhere".into() }), FIXED);
    assert_eq!(of(&Warning::OtherRepository { path: "/app/elsewhere".into() }), FIXED);
    assert_eq!(of(&Warning::Signal(Signal::NewDependency { since: version("0.9.0"), added: Vec::new() })), FIXED);
    assert_eq!(of(&Warning::LicenseUndecided), "licenses.allow");
}
