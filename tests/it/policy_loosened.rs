//! What a change makes looser than its base.

use crate::support::facts::{World, age, checksum, date, other_registry};
use crate::support::rules::{COMMIT, ban, ignore, longer_rule, of_everything, set};
use cargo_sequester::door::model::approval::Approval;
use cargo_sequester::door::model::license::{Clarification, LicenseException, LicenseFile, LicensePolicy, ReleasesOf};
use cargo_sequester::door::model::loosening::LooseningKind;
use cargo_sequester::door::model::policy::{GitRule, Level, Policy, RegistryPolicy};
use cargo_sequester::door::model::signal::SignalLevel;
use cargo_sequester::door::model::source::Registry;
use cargo_sequester::door::policy::policy_drift::{decided, let_count, loosened, since};

/// What the head loosens against a base, by key.
fn loose(base: &dyn Fn(&mut World), head: &dyn Fn(&mut World)) -> Vec<String> {
    let (base, head) = (World::new().with(|world| base(world)), World::new().with(|world| head(world)));
    let all = loosened((&base.policy, &base.approvals), (&head.policy, &head.approvals));
    all.into_iter().map(|one| one.key).collect()
}

fn licenses(allow: &[&str]) -> LicensePolicy {
    LicensePolicy { allow: allow.iter().map(|one| (*one).to_owned()).collect(), ..LicensePolicy::default() }
}

fn licensed(allow: &[&str], exception: Option<&str>) -> Box<dyn Fn(&mut World)> {
    let mut policy = licenses(allow);
    let releases = ReleasesOf { crate_name: "ring".into(), version: None };
    policy.exceptions.extend(exception.map(|id| LicenseException { releases, allow: vec![id.to_owned()], line: 1 }));
    Box::new(move |world| world.policy.licenses = policy.clone())
}

fn clarified(expression: &str) -> Box<dyn Fn(&mut World)> {
    let mut policy = licenses(&["MIT"]);
    policy.clarify.push(Clarification {
        releases: ReleasesOf { crate_name: "ring".into(), version: None },
        expression: expression.to_owned(),
        files: vec![LicenseFile { path: "LICENSE".into(), digest: checksum("ring", "LICENSE") }],
        line: 1,
    });
    Box::new(move |world| world.policy.licenses = policy.clone())
}

fn git_rule(url: &str, rev: Option<&str>) -> GitRule {
    GitRule { url: url.into(), rev: rev.map(Into::into), reason: None }
}

/// Whoever answers there says who published what, so that no change of it is harmless.
#[test]
fn another_address_of_a_registrys_api_is_named_either_way() {
    let with = |address: Option<&str>| {
        let api = address.map(Box::from);
        let own = RegistryPolicy { name: "crates-io".into(), min_publish_age: None, api };
        let mut policy = Policy::default();
        policy.registries.insert(Registry::CratesIo, own);
        policy
    };
    let (none, one, other) = (with(None), with(Some("https://a.example")), with(Some("https://b.example")));
    for (base, head) in
        [(&none, &one), (&one, &none), (&one, &other), (&one, &Policy::default()), (&Policy::default(), &one)]
    {
        let all = loosened((base, &[]), (head, &[]));
        let keys: Vec<&str> = all.iter().map(|one| one.key.as_str()).collect();
        assert!(keys.len() == 1 && keys[0].ends_with(" api"), "{keys:?}");
    }
    assert!(loosened((&one, &[]), (&one, &[])).is_empty());
}

#[expect(clippy::too_many_lines, reason = "a table, one line a key")]
#[test]
fn i7_each_loosening_is_named_and_its_reverse_is_silent() {
    type Change = Box<dyn Fn(&mut World)>;
    let policy = |change: fn(&mut Policy)| -> Change { Box::new(move |world| change(&mut world.policy)) };
    let approve = |change: fn(&mut Approval)| -> Change {
        Box::new(move |world| {
            let mut one = of_everything(7);
            change(&mut one);
            world.approvals.push(one);
        })
    };
    let none = || -> Change { Box::new(|_| {}) };
    let cases: Vec<(&str, Change, Change)> = vec![
        ("quarantine.min-publish-age", none(), policy(|one| one.quarantine.min_publish_age = set("6 days"))),
        ("quarantine.new-crate-age", none(), policy(|one| one.quarantine.new_crate_age = age("29 days"))),
        ("quarantine.inspect", policy(|one| one.quarantine.inspect = true), none()),
        ("quarantine.signal-age", none(), policy(|one| one.quarantine.signal_age = age("13 days"))),
        ("signals.young-dependency", none(), policy(|one| one.signals.young_dependency = SignalLevel::Warn)),
        (
            "signals.young-dependency-new-line",
            policy(|one| one.signals.young_dependency_new_line = SignalLevel::Reason),
            none(),
        ),
        ("signals.dormant-growth", none(), policy(|one| one.signals.dormant_growth = SignalLevel::Off)),
        (
            "signals.first-build-script-input",
            none(),
            policy(|one| one.signals.first_build_script_input = SignalLevel::Off),
        ),
        ("signals.look-alike", none(), policy(|one| one.signals.look_alike = SignalLevel::Warn)),
        ("signals.yank-lure", none(), policy(|one| one.signals.yank_lure = SignalLevel::Off)),
        ("signals.publisher-change", none(), policy(|one| one.signals.publisher_change = SignalLevel::Off)),
        (
            "signals.trusted-publishing-lost",
            none(),
            policy(|one| one.signals.trusted_publishing_lost = SignalLevel::Warn),
        ),
        ("signals.young-dependency-age", none(), policy(|one| one.signals.young_dependency_age = age("29 days"))),
        ("signals.dormant-growth-gap", none(), policy(|one| one.signals.dormant_growth_gap = age("366 days"))),
        ("signals.dormant-growth-window", none(), policy(|one| one.signals.dormant_growth_window = age("59 days"))),
        ("signals.look-alike-age", none(), policy(|one| one.signals.look_alike_age = age("30 days"))),
        ("signals.look-alike-known", none(), policy(|one| one.signals.look_alike_known.push("serdo".into()))),
        ("quarantine.security-fix.min-publish-age", none(), policy(|one| one.quarantine.security_fix_age = age("0"))),
        ("quarantine.security-fix.enabled", policy(|one| one.quarantine.security_fix = false), none()),
        ("override foo", none(), policy(|one| one.overrides.push(longer_rule("foo", Registry::CratesIo, "1 day")))),
        ("override foo", policy(|one| one.overrides.push(longer_rule("foo", Registry::CratesIo, "9 days"))), none()),
        (
            "override foo",
            policy(|one| one.overrides.push(longer_rule("foo", Registry::CratesIo, "9 days"))),
            policy(|one| one.overrides.push(longer_rule("foo", Registry::CratesIo, "8 days"))),
        ),
        (
            "registries",
            none(),
            policy(|one| {
                one.registries
                    .insert(other_registry(), RegistryPolicy { name: "own".into(), min_publish_age: None, api: None });
            }),
        ),
        (
            "registries",
            none(),
            policy(|one| {
                let own = RegistryPolicy { name: "crates-io".into(), min_publish_age: Some(set("0")), api: None };
                one.registries.insert(Registry::CratesIo, own);
            }),
        ),
        ("cargo registry.global", policy(|one| one.cargo.global = Some(set("9 days"))), none()),
        (
            "cargo min-publish-age of",
            policy(|one| one.cargo.global = Some(set("9 days"))),
            policy(|one| {
                one.cargo.global = Some(set("9 days"));
                one.cargo.registries.insert(Registry::CratesIo, set("1 day"));
            }),
        ),
        ("advisories.max-age", none(), policy(|one| one.advisories.max_age = age("4 days"))),
        ("advisories.max-copy-age", none(), policy(|one| one.advisories.max_copy_age = age("31 days"))),
        ("advisories.unsound", none(), policy(|one| one.advisories.unsound = Level::Allow)),
        ("advisories.unmaintained", none(), policy(|one| one.advisories.unmaintained = Level::Allow)),
        ("advisories.notice", none(), policy(|one| one.advisories.notice = Level::Allow)),
        ("advisories.yanked", none(), policy(|one| one.advisories.yanked = Level::Allow)),
        ("advisories.ignore", none(), policy(|one| one.advisories.ignore.push(ignore("X", "2026-12-31")))),
        (
            "advisories.ignore",
            policy(|one| one.advisories.ignore.push(ignore("X", "2026-12-31"))),
            policy(|one| one.advisories.ignore.push(ignore("X", "2027-01-01"))),
        ),
        ("sources.allow-registries", none(), policy(|one| one.sources.allow_registries.push(other_registry()))),
        ("sources.mirrors", none(), policy(|one| one.sources.mirrors.push(other_registry()))),
        (
            "sources.allow-git",
            policy(|one| one.sources.allow_git.push(git_rule("https://e.org/a/b", None))),
            policy(|one| one.sources.allow_git.push(git_rule("https://e.org/a", None))),
        ),
        (
            "sources.allow-git",
            policy(|one| {
                one.sources.allow_git.push(git_rule("https://e.org/a", Some(COMMIT)));
            }),
            policy(|one| one.sources.allow_git.push(git_rule("https://e.org/a", None))),
        ),
        ("bans.deny", policy(|one| one.deny.push(ban("foo"))), none()),
        ("bans.deny", policy(|one| one.deny.push(ban("foo"))), policy(|one| one.deny.push(ban("foo@<1")))),
        ("licenses.allow", licensed(&["MIT"], None), none()),
        ("licenses.allow", licensed(&["MIT"], None), licensed(&["MIT", "ISC"], None)),
        ("licenses.exception ring", licensed(&["MIT"], None), licensed(&["MIT"], Some("ISC"))),
        ("licenses.clarify ring", licensed(&["MIT"], None), clarified("ISC")),
        ("approval foo@1.0.0", none(), approve(|_| {})),
        ("approval foo@1.0.0", approve(|one| one.until = Some(date("2026-11-30"))), approve(|_| {})),
        ("approval foo@1.0.0", approve(|_| {}), approve(|one| one.until = None)),
        ("approval foo@1.0.0", approve(|one| one.lifts.truncate(1)), approve(|_| {})),
    ];
    for (number, (key, base, head)) in cases.iter().enumerate() {
        let found = loose(base, head);
        assert!(found.iter().any(|found| found.starts_with(key)), "{number}: {key} in {found:?}");
        assert_eq!(loose(head, base), Vec::<String>::new(), "{number}: the reverse of {key}");
        assert_eq!(loose(base, base), Vec::<String>::new(), "{number}: {key} unchanged");
    }
    // Without the one, the other applies, which is shorter still.
    let wide = |one: &mut Policy| one.overrides.push(longer_rule("*", Registry::CratesIo, "3 days"));
    let both = |world: &mut World| {
        wide(&mut world.policy);
        world.policy.overrides.push(longer_rule("foo", Registry::CratesIo, "5 days"));
    };
    assert_eq!(loose(&both, &|world| wide(&mut world.policy)).len(), 1);
    // Of the source of advisories nobody can tell which knows less.
    let elsewhere = policy(|one| one.advisories.db = Some("./db".into()));
    assert_eq!(loose(&none(), &elsewhere), ["advisories.db"]);
    assert_eq!(loose(&elsewhere, &none()), ["advisories.db"]);
    // Other bytes are another approval.
    let other = approve(|one| one.checksum = checksum("foo", "evil"));
    assert_eq!(loose(&approve(|_| {}), &other), ["approval foo@1.0.0"]);
}

#[test]
fn an_approval_stands_for_one_release_of_one_registry() {
    let with = |change: fn(&mut Approval)| {
        move |world: &mut World| {
            let mut one = of_everything(7);
            change(&mut one);
            world.approvals.push(one);
        }
    };
    let foo = with(|_| {});
    let others: [fn(&mut Approval); 4] = [
        |one| one.crate_name = "bar".into(),
        |one| one.registry = other_registry(),
        |one| one.version = "1.0.1".parse().unwrap(),
        |one| one.checksum = checksum("foo", "evil"),
    ];
    for other in others.map(with) {
        let (there, back) = (loose(&foo, &other), loose(&other, &foo));
        assert!(matches!(&*there, [key] if key.starts_with("approval ")), "{there:?}");
        assert_eq!(back, ["approval foo@1.0.0"]);
        // Beside it, too.
        let both = |world: &mut World| {
            foo(world);
            other(world);
        };
        assert_eq!((loose(&foo, &both), loose(&both, &foo)), (there, Vec::new()));
    }
}

#[test]
fn an_exception_or_a_clarification_of_a_licence_stands_for_its_own_releases() {
    let of = |name: &str| ReleasesOf { crate_name: name.into(), version: None };
    let exceptions = |all: &[(&str, &[&str])]| {
        let mut policy = licenses(&["MIT"]);
        policy.exceptions.extend(all.iter().map(|(name, allow)| {
            let allow = allow.iter().map(|one| (*one).to_owned()).collect();
            LicenseException { releases: of(name), allow, line: 1 }
        }));
        move |world: &mut World| world.policy.licenses = policy.clone()
    };
    let (ring, zstd) = (exceptions(&[("ring", &["ISC"])]), exceptions(&[("zstd", &["ISC"])]));
    let (both, more) =
        (exceptions(&[("zstd", &["ISC"]), ("ring", &["ISC"])]), exceptions(&[("ring", &["ISC", "Zlib"])]));
    assert_eq!(loose(&ring, &zstd), ["licenses.exception zstd"]);
    assert_eq!(loose(&zstd, &both), ["licenses.exception ring"]);
    assert_eq!(loose(&ring, &more), ["licenses.exception ring"]);
    assert_eq!((loose(&both, &ring), loose(&more, &ring)), (Vec::new(), Vec::new()));

    let clarification = |name: &str, expression: &str, text: &str| {
        let files = vec![LicenseFile { path: "LICENSE".into(), digest: checksum("ring", text) }];
        Clarification { releases: of(name), expression: expression.to_owned(), files, line: 1 }
    };
    let clarifies = |one: Clarification| {
        let mut policy = licenses(&["MIT"]);
        policy.clarify.push(one);
        move |world: &mut World| world.policy.licenses = policy.clone()
    };
    let ours = clarifies(clarification("ring", "ISC", "a"));
    assert_eq!(loose(&ours, &clarifies(clarification("ring", "ISC", "a"))), [""; 0]);
    for other in [("zstd", "ISC", "a"), ("ring", "Zlib", "a"), ("ring", "ISC", "b")] {
        let (name, expression, text) = other;
        let key = format!("licenses.clarify {name}");
        assert_eq!(loose(&ours, &clarifies(clarification(name, expression, text))), [key]);
    }
}

/// What is told of a change that grew from these states, by key, and what of the base is said to have moved on.
fn told(grown_from: &[&World], today: &World, head: &World) -> (Vec<String>, Vec<String>) {
    let grown_from: Vec<_> = grown_from.iter().map(|world| (&world.policy, &*world.approvals)).collect();
    let (all, moved) = since(&grown_from, (&today.policy, &today.approvals), (&head.policy, &head.approvals));
    (all.into_iter().map(|one| one.key).collect(), moved)
}

#[test]
fn a_change_is_held_against_what_it_grew_from() {
    let aged = |days: &str| World::new().with(|world| world.policy.quarantine.min_publish_age = set(days));
    let (seven, ten, five) = (aged("7 days"), aged("10 days"), aged("5 days"));
    let key = || vec!["quarantine.min-publish-age".to_owned()];
    assert_eq!(told(&[&seven], &ten, &seven), (Vec::new(), key()));
    assert_eq!(told(&[&seven], &ten, &five), (key(), Vec::new()));
    assert_eq!(told(&[&ten], &seven, &seven), (key(), Vec::new()));
    // Of several the strictest counts, once; without any the base itself.
    assert_eq!(told(&[&seven, &ten], &ten, &seven), (key(), Vec::new()));
    assert_eq!(told(&[], &ten, &seven), (key(), Vec::new()));
    assert_eq!(told(&[], &seven, &ten), (Vec::new(), Vec::new()));
}

#[test]
fn only_what_names_bytes_or_ends_is_decided_in_a_change() {
    let base = World::new();
    let head = World::new().with(|world| {
        world.policy.quarantine.min_publish_age = set("1 day");
        world.policy.sources.allow_git.push(git_rule("https://git.example.org/mine", Some(COMMIT)));
        world.policy.advisories.ignore.push(ignore("RUSTSEC-2026-0001", "2026-12-01"));
        world.approvals.push(of_everything(7));
    });
    let all = loosened((&base.policy, &base.approvals), (&head.policy, &head.approvals));
    let (decided, refused) = decided(all);
    assert!(decided.iter().all(|one| matches!(one.kind, LooseningKind::Approval(_) | LooseningKind::Ignore(_))));
    assert_eq!((decided.len(), refused.len()), (2, 2));
    let (mut policy, mut approvals) = (base.policy.clone(), base.approvals.clone());
    let_count(&decided, &mut policy, &mut approvals);
    assert_eq!((&policy.advisories.ignore, &approvals), (&head.policy.advisories.ignore, &head.approvals));
    assert_eq!((&policy.quarantine, policy.sources.allow_git.len()), (&base.policy.quarantine, 0));
    // What counts that way loosens nothing more.
    assert!(
        loosened((&policy, &approvals), (&head.policy, &head.approvals)).iter().all(|one| !one.kind.may_be_decided())
    );
}
