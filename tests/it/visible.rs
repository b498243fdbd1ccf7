//! What of an index file cargo is shown: by the policy, and by a view that asks for something else.

use cargo_sequester::door::model::advisory::AdvisoryKind;
use cargo_sequester::door::model::facts::Beside;
use cargo_sequester::door::model::resolution::{Exact, Versions, View, versions};
use cargo_sequester::door::policy::judge::Judge;
use cargo_sequester::door::policy::visible::{Filtered, filtered_lines};
use semver::Version;

use crate::support::facts::{Line, World, advisory, crates_io, days_ago, now, version, vulnerability};

/// Three old releases, of which the first has a vulnerability and one harms; a fresh one; another line. `0.1.0` and `1.0.0` are locked.
fn world() -> World {
    World::new()
        .publish(Line::new("bar", "0.1.0"))
        .publish(Line::new("bar", "0.1.1"))
        .publish(Line::new("bar", "1.0.0"))
        .publish(Line::new("bar", "1.0.1"))
        .publish(Line::new("bar", "1.1.0").days_old(2))
        .publish(Line::new("bar", "1.2.0"))
        .advise(vulnerability("bar", &["> 1.0.0", "< 1.0.0"]))
        .advise(advisory("RUSTSEC-2026-9002", "bar", AdvisoryKind::Malicious, &["< 1.2.0"], &[]))
        .lock("bar", "0.1.0")
        .lock("bar", "1.0.0")
}

fn shown(world: &World, view: &View) -> Filtered {
    let facts = world.facts();
    let judge = Judge::new(&facts, &world.policy, &world.approvals, now());
    let judge = view.at.map_or_else(|| judge.as_of(now()), |at| judge.as_of(at));
    let id = crates_io("bar");
    let locked = versions(world.packages.iter().map(|package| &package.id));
    filtered_lines(&judge, &Beside::default(), &id, judge.history(&id).unwrap(), &locked[&id], view)
}

fn visible(world: &World, view: &View) -> String {
    let all: Vec<String> = shown(world, view).visible.iter().map(Version::to_string).collect();
    all.join(" ")
}

fn of_bar(texts: &[&str]) -> Versions {
    [(crates_io("bar"), texts.iter().map(|text| version(text)).collect())].into()
}

#[test]
fn the_ordinary_view_is_the_policy_s() {
    let world = world();
    assert_eq!(visible(&world, &View::default()), "0.1.0 0.1.1 1.0.1");
    let hidden: Vec<String> =
        shown(&world, &View::default()).hidden.iter().map(|one| one.version.to_string()).collect();
    assert_eq!(hidden, ["1.0.0", "1.1.0", "1.2.0"]);
}

#[test]
fn what_is_kept_is_shown_yanked_and_everything_else_verbatim() {
    let world = world();
    let ordinary = shown(&world, &View::default());
    let view = View { kept: of_bar(&["1.0.0"]), ..View::default() };
    let kept = shown(&world, &view);
    assert_eq!(visible(&world, &view), "0.1.0 0.1.1 1.0.0 1.0.1");
    assert_eq!(kept.hidden, ordinary.hidden);
    let text = String::from_utf8(kept.lines).unwrap();
    let line = Line::new("bar", "1.0.0").text();
    let yanked = line.replace("\"yanked\":false", "\"yanked\":true");
    assert_ne!(line, yanked);
    assert_eq!(text.replace(&format!("{yanked}\n"), "").as_bytes(), ordinary.lines);
}

#[test]
fn what_is_shown_all_the_same_is_still_told_as_hidden() {
    let world = world();
    let view = View { shown: of_bar(&["1.1.0"]), ..View::default() };
    assert_eq!(visible(&world, &view), "0.1.0 0.1.1 1.0.1 1.1.0");
    assert_eq!(shown(&world, &view).hidden, shown(&world, &View::default()).hidden);
    let all = View { all: true, ..View::default() };
    assert_eq!(visible(&world, &all), "0.1.0 0.1.1 1.0.0 1.0.1 1.1.0", "never what is malicious");
}

#[test]
fn a_move_to_exactly_one_release_leaves_other_lines_alone() {
    let world = world();
    let exact = |from: &str, to: &str| {
        let exact = vec![Exact { from: version(from), to: version(to) }];
        visible(&world, &View { exact: [(crates_io("bar"), exact)].into(), ..View::default() })
    };
    assert_eq!(exact("1.0.0", "1.0.1"), "0.1.0 0.1.1 1.0.1");
    assert_eq!(exact("0.1.0", "0.1.1"), "0.1.1 1.0.1");
    assert_eq!(exact("0.1.0", "1.0.1"), "1.0.1");
    // What the policy hides stays hidden.
    assert_eq!(exact("0.1.0", "1.1.0"), "");
}

#[test]
fn another_day_hides_other_releases() {
    let world = world();
    let later = View { at: Some(days_ago(-6)), ..View::default() };
    assert_eq!(visible(&world, &later), "0.1.0 0.1.1 1.0.1 1.1.0");
    let earlier = View { at: Some(days_ago(364)), ..View::default() };
    assert_eq!(visible(&world, &earlier), "", "all were new then");
}

#[test]
fn what_the_index_tells_twice_and_differently_is_shown_to_nobody() {
    let twice = |line: Line| world().publish(line);
    // The same line twice says the same; two lines do not say which is right.
    let same = twice(Line::new("bar", "1.0.1"));
    assert_eq!(visible(&same, &View::default()), "0.1.0 0.1.1 1.0.1 1.0.1");
    let other = twice(Line::new("bar", "1.0.1").dep("other", "1"));
    let all = View { all: true, ..View::default() };
    for view in [&all, &View { shown: of_bar(&["1.0.1"]), ..View::default() }, &View::default()] {
        assert!(!visible(&other, view).contains("1.0.1"), "{}", visible(&other, view));
    }
    assert!(shown(&other, &View::default()).hidden.iter().any(|one| one.version == version("1.0.1")));
}
