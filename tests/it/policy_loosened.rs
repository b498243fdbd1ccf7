//! What a change makes looser than its base.

use crate::support::facts::{World, age, checksum, date, other_registry};
use crate::support::rules::{COMMIT, ban, ignore, longer_rule, of_everything, set};
use cargo_sequester::model::approval::Approval;
use cargo_sequester::model::policy::{GitRule, Level, Policy, RegistryPolicy};
use cargo_sequester::model::source::Registry;
use cargo_sequester::policy::loosened::loosened;

/// What the head loosens against a base, by key.
fn loose(base: &dyn Fn(&mut World), head: &dyn Fn(&mut World)) -> Vec<String> {
    let (base, head) = (World::new().with(|world| base(world)), World::new().with(|world| head(world)));
    let all = loosened((&base.policy, &base.approvals), (&head.policy, &head.approvals));
    all.into_iter().map(|one| one.key).collect()
}

fn git_rule(url: &str, rev: Option<&str>) -> GitRule {
    GitRule { url: url.into(), rev: rev.map(Into::into), reason: None }
}

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
        ("quarantine.signal-age", none(), policy(|one| one.quarantine.signal_age = age("13 days"))),
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
                one.registries.insert(other_registry(), RegistryPolicy { name: "own".into(), min_publish_age: None });
            }),
        ),
        (
            "registries",
            none(),
            policy(|one| {
                let own = RegistryPolicy { name: "crates-io".into(), min_publish_age: Some(set("0")) };
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
        ("licenses.allow", policy(|one| one.licenses.push("MIT".into())), none()),
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
