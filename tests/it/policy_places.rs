//! Where releases may come from, and which could take a held one's place.

use crate::support::facts::{Line, World, advisory, crates_io, other_registry, short, version, vulnerability};
use crate::support::rules::{COMMIT, ban, git, plain};
use cargo_sequester::door::model::advisory::AdvisoryKind;
use cargo_sequester::door::model::policy::{GitRule, Policy};
use cargo_sequester::door::model::source::{Registry, Source};

#[test]
fn git_rules_match_whole_segments_of_what_cannot_move() {
    let outcome = |rule: (&str, Option<&str>), url: &str, commit: Option<&str>| {
        let world = World::new().lock_source("foo", "1.0.0", git(url, commit)).edge("app", "foo").with(|world| {
            let rule = GitRule { url: rule.0.into(), rev: rule.1.map(Into::into), reason: None };
            world.policy.sources.allow_git.push(rule);
        });
        world.outcome("foo") == "approved allowed-source"
    };
    let org = ("https://example.org/org", None);
    for (url, allowed) in [
        ("https://example.org/org", true),
        ("https://example.org/org/", true),
        ("https://example.org/org.git", true),
        ("https://example.org/org/repo.git", true),
        ("https://example.org/organised", false),
        ("https://example.org/org@evil.example/repo", false),
        ("https://example.org.evil.example/org", false),
        ("http://example.org/org", false),
        ("https://user@example.org/org", false),
        ("https://example.org/org/../evil", false),
        ("https://example.org/org/./repo", false),
        ("https://example.org/org/%2e%2e/evil", false),
        ("https://example.org/org/..\\evil", false),
        ("https://example.org/org/.\t./evil", false),
        ("https://example.org/org/.\n./evil", false),
    ] {
        assert_eq!(outcome(org, url, Some(COMMIT)), allowed, "{url}");
    }
    // The lock file must pin a whole commit, not a name that can come to mean another.
    for commit in [None, Some(""), Some("main"), Some("0123456"), Some("0123456789ABCDEF0123456789ABCDEF01234567")] {
        assert!(!outcome(org, "https://example.org/org/repo", commit), "{commit:?}");
    }
    let pinned = ("https://example.org/org/repo", Some(COMMIT));
    assert!(outcome(pinned, "https://example.org/org/repo.git", Some(COMMIT)));
    assert!(!outcome(pinned, "https://example.org/org/repo/fork", Some(COMMIT)));
    assert!(!outcome(pinned, "https://example.org/org/repo", Some("1123456789abcdef0123456789abcdef01234567")));
    // An address that names no host allows nothing.
    for rule in ["", "https://", "https:", "/"] {
        assert!(!outcome((rule, None), "https://evil.example/repo", Some(COMMIT)), "{rule}");
    }
}

#[test]
fn sources_other_than_crates_io_need_the_policy() {
    let from = |source: Source, change: &dyn Fn(&mut Policy)| {
        let world = World::new().publish_in(other_registry(), Line::new("foo", "1.0.0"));
        world.lock_source("foo", "1.0.0", source).with(|world| change(&mut world.policy)).outcome("foo")
    };
    let registry = || Source::Registry(other_registry());
    assert_eq!(from(registry(), &|_| {}), "rejected source-not-allowed");
    assert_eq!(from(registry(), &|policy| policy.sources.allow_registries.push(other_registry())), "approved aged");
    // A mirror of crates.io is no registry of its own.
    assert_eq!(
        from(registry(), &|policy| policy.sources.mirrors.push(other_registry())),
        "rejected source-not-allowed"
    );
    assert_eq!(from(git("https://example.org/x", Some(COMMIT)), &|_| {}), "rejected source-not-allowed");
    assert_eq!(from(Source::Other("directory+file:///x".into()), &|_| {}), "rejected source-not-allowed");
    assert_eq!(from(Source::Local, &|policy| policy.deny.push(ban("foo"))), "local");
}

#[test]
fn bans_cover_spellings_versions_and_pre_releases() {
    let denied = |entry: &str, name: &str, locked: &str| {
        let world = World::new().publish(Line::new(name, locked)).lock(name, locked);
        world.with(|world| world.policy.deny.push(ban(entry))).outcome(name) == "rejected denied"
    };
    for (entry, name, locked, expected) in [
        ("openssl-sys", "openssl-sys", "1.0.0", true),
        ("openssl-sys", "OpenSSL_sys", "1.0.0", true),
        ("openssl-sys", "openssl", "1.0.0", false),
        ("foo@<1.2", "foo", "1.1.9", true),
        ("foo@<1.2", "foo", "1.2.0", false),
        ("foo@<1.2", "foo", "1.2.0-rc.1", true),
        ("foo@<1.2", "foo", "1.1.9-rc.1", true),
        ("foo@<1.2", "foo", "1.2.1-rc.1", false),
        ("foo@>=1.2", "foo", "1.2.0-rc.1", true),
        ("foo@>=1.2, <1.4", "foo", "1.4.0-rc.1", true),
        ("foo@=1.2.3", "foo", "1.2.3+build", true),
        ("foo@=1.2.3", "foo", "1.2.4-rc.1", false),
        ("foo@*", "foo", "3.0.0-rc.1", true),
    ] {
        assert_eq!(denied(entry, name, locked), expected, "{entry} {name} {locked}");
    }
}

#[test]
fn newest_approved_is_one_that_everybody_accepts_and_the_policy_too() {
    let world = World::new()
        .publish(Line::new("foo", "1.0.0"))
        .publish(Line::new("foo", "1.1.0"))
        .publish(Line::new("foo", "1.2.0"))
        .publish(Line::new("foo", "1.3.0").yanked())
        .publish(Line::new("foo", "1.4.0-rc.1"))
        .publish(Line::new("foo", "1.4.0").days_old(1))
        .publish(Line::new("foo", "2.0.0"))
        .lock("foo", "1.4.0");
    assert_eq!(world.newest("foo").as_deref(), Some("1.2.0"));
    // Members and dependents each put their requirement on it.
    assert_eq!(world.clone().require("foo", ">=1.0, <1.2").newest("foo").as_deref(), Some("1.2.0"));
    assert_eq!(world.clone().require("foo", "~1.4").newest("foo"), None);
    let below = |req: &str| {
        world
            .clone()
            .require("foo", "1")
            .publish(Line::new("mid", "1.0.0").dep("foo", req))
            .lock("mid", "1.0.0")
            .edge("mid", "foo")
    };
    assert_eq!(below(">=1, <3").newest("foo").as_deref(), Some("1.2.0"));
    // A dependency for tests of a dependent says nothing; then the locked release's line stands in.
    let tests =
        world.clone().require("foo", ">=1").publish(Line::new("mid", "1.0.0").dep_of_kind("foo", ">=1.4", "dev"));
    assert_eq!(tests.lock("mid", "1.0.0").edge("mid", "foo").newest("foo").as_deref(), Some("1.2.0"));
    assert_eq!(world.clone().require("foo", ">=1").newest("foo").as_deref(), Some("2.0.0"));
    assert_eq!(world.clone().require("foo", ">=1.4.0-rc.1, <1.5").newest("foo").as_deref(), Some("1.4.0-rc.1"));
    // Never one with an advisory; a package that is approved needs none.
    let hit = world.clone().require("foo", "1").advise(vulnerability("foo", &["<1.2.0"]));
    assert_eq!(hit.newest("foo").as_deref(), Some("1.1.0"));
    assert_eq!(plain().newest("foo"), None);
}

#[test]
fn newest_approved_takes_the_line_of_a_package_that_nobody_asks_for() {
    let world = World::new()
        .publish(Line::new("foo", "1.0.0"))
        .publish(Line::new("foo", "1.1.0").days_old(1))
        .publish(Line::new("foo", "2.0.0"))
        .lock_source("foo", "1.1.0", Source::Registry(Registry::CratesIo));
    assert_eq!(world.newest("foo").as_deref(), Some("1.0.0"));
}

#[test]
fn a_detour_is_told_only_where_nothing_leads_out_directly() {
    let world = World::new()
        .publish(Line::new("foo", "1.0.1").days_old(2))
        .publish(Line::new("wrap", "1.0.0").dep("foo", "^1"))
        .publish(Line::new("wrap", "1.1.0"))
        .lock("wrap", "1.0.0")
        .lock_below("wrap", "foo", "1.0.1");
    let judgement = world.judgement("foo");
    assert_eq!(judgement.newest_approved, None);
    let moves: Vec<_> = judgement.detour.unwrap().moves.into_iter().map(|id| id.version.to_string()).collect();
    assert_eq!(moves, ["1.1.0"]);
    let judgement = world.publish(Line::new("foo", "1.0.0")).judgement("foo");
    assert_eq!(judgement.newest_approved, Some(version("1.0.0")));
    assert_eq!(judgement.detour, None);
}

#[test]
fn a_detour_moves_those_that_must_and_leads_to_what_is_approved() {
    let world = World::new()
        .publish(Line::new("foo", "0.9.0"))
        .publish(Line::new("foo", "1.0.1").days_old(2))
        .publish(Line::new("wide", "1.0.0").dep("foo", ">=0.9, <2"))
        .publish(Line::new("strict", "1.0.0").dep("foo", "^1"))
        .publish(Line::new("strict", "1.0.1").dep("foo", "^1"))
        .publish(Line::new("strict", "1.1.0").dep("foo", "^0.9").dep_of_kind("foo", "^1", "dev"))
        .publish(Line::new("strict", "1.2.0").days_old(1))
        .publish(Line::new("strict", "1.3.0").yanked())
        .lock("wide", "1.0.0")
        .lock("strict", "1.0.0")
        .lock_below("wide", "foo", "1.0.1")
        .edge("strict", "foo");
    let detour = world.judgement("foo").detour.unwrap();
    let moves: Vec<_> = detour.moves.iter().map(|id| (&*id.name, id.version.to_string())).collect();
    assert_eq!((moves, detour.to), (vec![("strict", "1.1.0".to_owned())], Some(version("0.9.0"))));
}

#[test]
fn a_detour_around_more_than_eight_packages_is_not_told() {
    let among = |number: usize| {
        let mut world = World::new().publish(Line::new("foo", "1.0.1").days_old(2));
        for one in (0..number).map(|one| format!("wrap-{one}")) {
            world = world.publish(Line::new(&one, "1.0.0").dep("foo", "^1")).publish(Line::new(&one, "1.1.0"));
            world = world.lock(&one, "1.0.0");
            world = if one == "wrap-0" { world.lock_below(&one, "foo", "1.0.1") } else { world.edge(&one, "foo") };
        }
        world.judgement("foo").detour.map(|detour| (detour.moves.len(), detour.to))
    };
    assert_eq!(among(8), Some((8, None)));
    assert_eq!(among(9), None);
}

#[test]
fn out_of_malice_only_older_releases_lead() {
    let world = World::new()
        .publish(Line::new("foo", "1.0.0"))
        .publish(Line::new("foo", "1.0.1"))
        .publish(Line::new("foo", "1.0.2"))
        .lock("foo", "1.0.1")
        .require("foo", "1");
    let with = |kind| world.clone().advise(advisory("RUSTSEC-2026-9001", "foo", kind, &["<1.0.1", ">=1.0.2"], &[]));
    assert_eq!(with(AdvisoryKind::Malicious).newest("foo").as_deref(), Some("1.0.0"));
    assert_eq!(with(AdvisoryKind::Vulnerability).newest("foo").as_deref(), Some("1.0.2"));
}

#[test]
fn a_long_chain_costs_no_square_of_its_length() {
    let length = 20_000;
    let mut world = World::new();
    for at in 1..=length {
        world.packages.push(world.packages[0].clone());
        world.packages[at].local = None;
        world.packages[at - 1].dependencies = vec![at];
    }
    let evaluation = world.evaluate();
    let last = &evaluation.judgements[length].path;
    assert_eq!((last.len(), last.first(), last.last()), (100, Some(&0), Some(&length)));
    assert_eq!(evaluation.judgements[3].path, [0, 1, 2, 3]);
}

#[test]
fn many_versions_of_a_crate_with_many_releases_are_judged_in_one_go() {
    let many = 20_000;
    let mut world = World::new();
    let lines = (0..many).map(|patch| Line::new("foo", &format!("1.0.{patch}")).days_old(1).text()).collect();
    world.lines.insert(crates_io("foo"), lines);
    for patch in 0..5_000 {
        world = world.lock_source("foo", &format!("1.0.{patch}"), Source::Registry(Registry::CratesIo));
    }
    let world = world.advise(vulnerability("foo", &[">=1.0.10"]));
    let start = std::time::Instant::now();
    let evaluation = world.evaluate();
    assert_eq!(short(&evaluation.judgements[5]), "rejected too-new new-crate advisory");
    assert!(start.elapsed().as_secs() < 60, "{:?}", start.elapsed());
}

/// Whatever the many are held against, none of them searches the others.
#[test]
fn signals_of_many_releases_take_no_more_time_for_what_was_there_before() {
    let many = 20_000;
    let young = |patch: usize| Line::new("foo", &format!("1.1.{patch}")).days_old(1).dep("evil", "1").text();
    let yanked = |patch: usize| Line::new("foo", &format!("1.0.{patch}")).days_old(400).yanked().text();
    let mut world = World::new().publish(Line::new("evil", "1.0.0").days_old(2));
    let good = Line::new("foo", "1.0.2000").days_old(300).text();
    let lines = [good].into_iter().chain((0..2_000).map(yanked)).chain((0..many).map(young)).collect();
    world.lines.insert(crates_io("foo"), lines);
    for patch in 0..200 {
        world = world.lock_source("foo", &format!("1.1.{}", many - 1 - patch), Source::Registry(Registry::CratesIo));
    }
    let start = std::time::Instant::now();
    let evaluation = world.evaluate();
    assert_eq!(short(&evaluation.judgements[199]), "quarantined too-new signal");
    assert!(start.elapsed().as_secs() < 60, "{:?}", start.elapsed());
}
