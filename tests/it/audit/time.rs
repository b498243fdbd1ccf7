//! What the moment does to a verdict.

use super::*;

fn fresh() -> World {
    let world = World::new().dep("fresh", "1");
    Package::new("fresh", "1.0.0").publish(&world.registry);
    Package::new("fresh", "1.1.0").pubtime("2026-11-20T11:48:48Z").publish(&world.registry);
    world.lock();
    world
}

fn http_date(moment: jiff::Timestamp) -> String {
    moment.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

#[test]
fn d3_an_age_that_is_reached_to_the_second_passes() {
    let world = fresh();
    assert_eq!(reasons(&world.json(&["--now", "2026-11-27T11:48:47Z"], 1), "fresh"), ["too-new"]);
    world.json(&["--now", "2026-11-27T11:48:48Z"], 0);
    // The same moments with an offset, as a person may write them.
    world.json(&["--now", "2026-11-27T12:48:47+01:00"], 1);
    world.json(&["--now", "2026-11-27T12:48:48+01:00"], 0);
}

#[test]
fn d3_a_leap_day_is_a_day() {
    let world = World::new().dep("leap", "1");
    Package::new("leap", "1.0.0").publish(&world.registry);
    Package::new("leap", "1.1.0").pubtime("2028-02-28T00:00:00Z").publish(&world.registry);
    world.lock();
    let age = ["--min-publish-age", "2 days"];
    world.json(&[&age[..], &["--now", "2028-02-29T23:59:59Z"]].concat(), 1);
    world.json(&[&age[..], &["--now", "2028-03-01T00:00:00Z"]].concat(), 0);
}

#[test]
fn a_moment_in_the_past_or_future_is_judged_as_if_it_were_now() {
    let world = fresh();
    let past = world.json(&["--now", "2026-11-19T00:00:00Z"], 1);
    assert_eq!(reasons(&past, "fresh"), ["too-new", "pubtime-in-future"]);
    assert!(package(&past, "fresh")["age_seconds"].as_i64().unwrap() < 0);
    assert_eq!(past["now"], "2026-11-19T00:00:00Z");
    assert_eq!(reasons(&world.json(&["--now", "2099-01-01T00:00:00Z"], 2), "fresh"), [""; 0]);
}

#[test]
fn d1_a_machine_whose_clock_is_a_month_off_decides_nothing() {
    // The clock cannot be set here, so the registry's is: a month apart is a month apart.
    for days in [30_i64, -30] {
        let world = fresh();
        let now = cargo_sequester::door::gather::clock::now();
        let registry = now + jiff::SignedDuration::from_hours(24 * days);
        world.registry.date(&http_date(registry));
        let outcome = world.project.sequester(&["audit", "--format", "json"]).expect_code(2);
        let document = document(&outcome);
        assert_eq!(codes(&document["blockers"]), ["clock-skew"], "{document:#}");
        // The earlier of the two counts.
        let judged: jiff::Timestamp = document["now"].as_str().unwrap().parse().unwrap();
        let apart = judged.duration_since(now.min(registry)).unsigned_abs();
        assert!(apart.as_secs() < 60, "{judged} {registry}");
    }
}

#[test]
fn d1_ten_minutes_apart_are_no_difference() {
    let world = fresh();
    let now = cargo_sequester::door::gather::clock::now() + jiff::SignedDuration::from_mins(9);
    world.registry.date(&http_date(now));
    let outcome = world.project.sequester(&["audit", "--format", "json"]);
    assert_eq!(codes(&document(&outcome)["blockers"]), [""; 0]);
}

#[test]
fn d1_a_moment_that_was_given_is_compared_with_no_clock() {
    let world = fresh();
    world.registry.date("Sun, 22 Nov 2020 16:00:00 GMT");
    world.json(&["--now", "2026-12-22T00:00:00Z"], 0);
}

#[test]
fn d4_an_age_on_the_command_line_goes_before_the_policy() {
    let world = fresh();
    world.json(&["--min-publish-age", "0"], 0);
    world.json(&["--min-publish-age", "36 hours"], 0);
    world.json(&["--min-publish-age", "2 days"], 1);
    for wrong in ["7", "-1 days", "1 fortnight", "99999999999999999999 days", "1  day", ""] {
        let outcome = world.audit(&[&format!("--min-publish-age={wrong}")]).expect_code(2);
        assert!(outcome.stderr.contains("--min-publish-age"), "{}", outcome.stderr);
        assert_eq!(outcome.stdout, "");
    }
}

#[test]
fn e1_advisories_that_are_too_old_decide_nothing_and_the_rest_is_told() {
    let world = fresh();
    let text = world.project.read("sequester.toml").replace("120 months", "30 days");
    world.project.write("sequester.toml", text);
    let document = world.json(&[], 2);
    assert_eq!(codes(&document["blockers"]), ["advisories-stale"]);
    assert_eq!(document["complete"], false);
    assert_eq!(reasons(&document, "fresh"), ["too-new"]);
    insta::assert_snapshot!(world.redact(&world.audit(&[]).expect_code(2).stdout));
}
