//! What reports of `status` say, word for word, on every width of terminal, and that nothing from outside does harm in them.

use cargo_sequester::door::model::advisory::AdvisoryKind;
use cargo_sequester::door::model::evaluation::Notice;
use cargo_sequester::door::model::facts::AdvisoryFact;
use cargo_sequester::door::report::context::Verbosity;
use cargo_sequester::door::report::escape;
use cargo_sequester::door::report::status::{Canvas, human, json, markdown};

use super::world::{Seen, World, days_ago, now};

const FILE: Canvas = Canvas { width: None, ascii: false };

/// A package of every need, and more than one on some days.
fn every_need() -> Seen {
    let pin = r#","deps":[{"name":"pinned","req":"=1.0.0","features":[],"optional":false,"default_features":true,"target":null,"kind":"normal"}]"#;
    let mut world = World::new().locked("pins", "1.0.0").locked("pinned", "1.0.0").below();
    world = world.line("pins", "1.0.0", 100, pin).released("pinned", "1.0.0", 100).released("pinned", "1.0.4", 90);
    for name in ["current", "beyond", "later", "sooner", "update", "fixed", "half-fixed", "vulnerable", "malicious"] {
        world = world.locked(name, "1.0.0").released(name, "1.0.0", 100).released(name, "0.9.0", 400);
    }
    world
        .locked("held", "1.0.3")
        .released("held", "1.0.2", 100)
        .released("held", "1.0.3", 3)
        .locked("withdrawn", "1.0.0")
        .line("withdrawn", "1.0.0", 100, r#","yanked":true"#)
        .released("beyond", "2.0.0", 50)
        .released("later", "1.0.1", 1)
        .released("sooner", "1.0.1", 6)
        .released("sooner", "1.0.2", 2)
        .released("update", "1.0.1", 60)
        .released("update", "1.1.0", 5)
        .released("update", "2.0.0", 5)
        .released("fixed", "1.0.1", 2)
        .released("half-fixed", "1.0.1", 0)
        .advisory("RUSTSEC-2026-0001", "fixed", ">= 1.0.1")
        .advisory("RUSTSEC-2026-0002", "half-fixed", ">= 1.0.1")
        .advisory("RUSTSEC-2026-0003", "vulnerable", "")
        .advisory_of(AdvisoryKind::Malicious, "RUSTSEC-2026-0004", "malicious", ">= 2.0.0, < 2.0.1")
        .advisory_of(AdvisoryKind::Unmaintained, "RUSTSEC-2026-0005", "current", "")
        .see()
}

fn undecided() -> Seen {
    let mut world = World::new().locked("foo", "1.0.0").released("foo", "1.0.0", 100).released("foo", "1.0.1", 50);
    world = world.released("foo", "1.0.2", 3).locked("bar", "1.0.0");
    world = world.released("bar", "1.0.0", 100).released("bar", "1.0.1", 50);
    world = world.advisory("RUSTSEC-2026-0001", "bar", ">= 1.0.1");
    let AdvisoryFact::Read(db) = &mut world.facts.advisories else { unreachable!() };
    db.confirmed = Some(days_ago(10));
    world.see()
}

fn quiet_lock_file() -> Seen {
    World::new().locked("foo", "1.0.0").released("foo", "1.0.0", 100).see()
}

fn cases() -> Vec<(&'static str, Seen)> {
    vec![("every_need", every_need()), ("undecided", undecided()), ("nothing_ahead", quiet_lock_file())]
}

fn raw(seen: &Seen, canvas: Canvas, verbosity: Verbosity, days: Option<i64>) -> String {
    let mut out = Vec::new();
    human::write(&seen.report(days.map(|days| days_ago(-days))), canvas, verbosity, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn human_text(seen: &Seen, canvas: Canvas, verbosity: Verbosity, days: Option<i64>) -> String {
    anstream::adapter::strip_str(&raw(seen, canvas, verbosity, days)).to_string()
}

fn json_text(seen: &Seen) -> String {
    let mut out = Vec::new();
    json::write(&seen.report(None), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn markdown_text(seen: &Seen) -> String {
    let mut out = Vec::new();
    markdown::write(&seen.report(Some(days_ago(-14))), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

pub fn schema() -> jsonschema::Validator {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/status-v1.schema.json");
    let schema: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    jsonschema::draft202012::meta::validate(&schema).unwrap();
    jsonschema::draft202012::options().should_validate_formats(true).build(&schema).unwrap()
}

#[track_caller]
pub fn assert_valid(name: &str, document: &str) {
    let document: serde_json::Value = serde_json::from_str(document).unwrap();
    let schema = schema();
    let errors: Vec<String> =
        schema.iter_errors(&document).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{name}: {}", errors.join("\n"));
}

#[test]
fn reports_read_well() {
    for (name, seen) in cases() {
        insta::assert_snapshot!(format!("{name}.human"), human_text(&seen, FILE, Verbosity::Normal, None));
        insta::assert_snapshot!(format!("{name}.markdown"), markdown_text(&seen));
        insta::assert_snapshot!(format!("{name}.json"), json_text(&seen));
    }
    let seen = every_need();
    insta::assert_snapshot!("every_need.verbose", human_text(&seen, FILE, Verbosity::Verbose, Some(5)));
    insta::assert_snapshot!("every_need.quiet", human_text(&seen, FILE, Verbosity::Quiet, Some(5)));
    assert_eq!(human_text(&quiet_lock_file(), FILE, Verbosity::Quiet, None), "");
}

#[test]
fn the_picture_fits_the_terminal() {
    let seen = every_need();
    for (width, ascii) in [(120, false), (80, false), (60, true), (40, false), (200, true)] {
        let canvas = Canvas { width: Some(width), ascii };
        let text = human_text(&seen, canvas, Verbosity::Normal, None);
        let start = text.find("Timeline").unwrap();
        let picture: String = text[start..].lines().skip(1).take(6).map(|line| format!("{line}\n")).collect();
        insta::assert_snapshot!(format!("timeline.{width}"), picture);
        assert_eq!(picture.contains('█'), !ascii && width >= 60, "{picture}");
        if width >= 60 {
            assert!(picture.lines().all(|line| line.chars().count() <= width), "{picture}");
        }
        if ascii {
            assert!(text.is_ascii(), "{text}");
        }
    }
}

#[test]
fn a_long_name_is_cut_in_the_picture_and_whole_in_the_table() {
    let name = "a-crate-with-a-name-that-goes-on-and-on-for-sixty-four-characters";
    let seen = World::new().locked(name, "1.0.0").released(name, "1.0.0", 100).released(name, "1.0.1", 3).see();
    for ascii in [false, true] {
        let text = human_text(&seen, Canvas { width: Some(80), ascii }, Verbosity::Normal, None);
        assert!(text.contains(if ascii { "~ =" } else { "… █" }), "{text}");
        for width in 60..=140 {
            let text = human_text(&seen, Canvas { width: Some(width), ascii }, Verbosity::Normal, Some(400));
            let row = text.lines().skip_while(|line| !line.contains("Timeline")).nth(1).unwrap();
            assert!(row.chars().count() <= width && row.contains("2026-11-26 00:00 UTC"), "{width}: {row}");
        }
        assert!(text.lines().any(|line| line.contains("Waiting") && line.contains(name)), "{text}");
    }
}

#[test]
fn what_only_lies_beyond_requirements_has_no_rows_until_asked_for() {
    let seen = World::new().locked("foo", "1.0.0").released("foo", "1.0.0", 100).released("foo", "2.0.0", 3).see();
    let text = human_text(&seen, FILE, Verbosity::Normal, None);
    assert!(text.contains("    Timeline 1 held release, out of reach; run with -v for all\n"), "{text}");
    assert!(human_text(&seen, FILE, Verbosity::Verbose, None).contains("foo 2.0.0 (major) in 4 days"), "{text}");
}

#[test]
fn a_fix_that_a_requirement_keeps_out_says_so() {
    let pin = r#","deps":[{"name":"low","req":"=1.0.0","features":[],"optional":false,"default_features":true,"target":null,"kind":"normal"}]"#;
    let seen = World::new()
        .locked("high", "1.0.0")
        .locked("low", "1.0.0")
        .below()
        .line("high", "1.0.0", 100, pin)
        .released("low", "1.0.0", 100)
        .released("low", "1.0.1", 50)
        .advisory("RUSTSEC-2026-0001", "low", ">= 1.0.1")
        .see();
    let text = human_text(&seen, FILE, Verbosity::Normal, None);
    assert!(text.contains("    Fixed by low  1.0.0 → 1.0.1  a requirement does not accept it; RUSTSEC"), "{text}");
}

#[test]
fn long_lists_are_counted_and_verbose_lists_them() {
    let mut world = World::new();
    for number in 0..50 {
        let name = format!("crate-{number}");
        world = world.locked(&name, "1.0.0").released(&name, "1.0.0", 100).released(&name, "1.0.1", 3);
    }
    let seen = world.see();
    let normal = human_text(&seen, FILE, Verbosity::Normal, None);
    assert!(normal.contains("and 30 with newer releases that are held; run with -v for details"), "{normal}");
    assert!(normal.contains("and 30 more, later or out of reach; run with -v for all"), "{normal}");
    let verbose = human_text(&seen, FILE, Verbosity::Verbose, None);
    assert!(!verbose.contains("-v"), "{verbose}");
    assert_eq!(verbose.matches("crate-49 ").count(), 2, "{verbose}");
}

#[test]
fn the_json_follows_its_schema_and_the_schema_is_strict() {
    for (name, seen) in cases() {
        assert_valid(name, &json_text(&seen));
    }
    let document: serde_json::Value = serde_json::from_str(&json_text(&every_need())).unwrap();
    let schema = schema();
    for (pointer, value) in
        [("/packages/0/need", "soon"), ("/packages/0/update/extra", "x"), ("/days/0/date", "Monday"), ("/until", "x")]
    {
        let mut other = document.clone();
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        other.pointer_mut(parent).unwrap()[key] = value.into();
        assert!(!schema.is_valid(&other), "{pointer}");
    }
}

#[test]
fn nothing_is_called_approved_where_the_run_could_not_decide() {
    let seen = undecided();
    for text in [human_text(&seen, FILE, Verbosity::Verbose, Some(9)), markdown_text(&seen)] {
        for line in text.lines().filter(|line| line.contains("approved")) {
            assert!(line.contains("nothing is approved"), "{line}");
        }
        assert!(!text.contains("Update") && !text.contains("Fixed by"), "{text}");
        assert!(text.contains("could not decide"), "{text}");
    }
    assert!(json_text(&seen).contains("\"complete\": false"));
}

/// A text from outside wherever one can stand.
fn everywhere(text: &str) -> Seen {
    let mut world = World::new();
    world =
        world.locked(text, "1.0.0").released(text, "1.0.0", 100).released(text, "1.0.1", 3).released(text, "2.0.0", 3);
    world = world.locked(text, "1.0.1").locked("bare", "1.0.0").released("bare", "1.0.0", 90);
    world = world.advisory(text, text, ">= 1.0.1").advisory_of(AdvisoryKind::Notice, text, "bare", "");
    world.facts.notices.push(Notice::AdvisoriesFromCopy { source: text.to_owned(), copy: text.to_owned() });
    world.see()
}

#[test]
fn f1_hostile_text_is_shown_as_an_escape() {
    let harmful = "\x1b[2Jx\u{202e}y\r\x07z\u{200b}\n::error::q ##vso[task] \x1b]8;;https://example.org\x07";
    let seen = everywhere(harmful);
    let wide = Canvas { width: Some(120), ascii: false };
    for (canvas, days) in [(FILE, None), (wide, Some(30)), (Canvas { width: Some(61), ascii: true }, None)] {
        // Our own colours are the only escapes: nothing else may be left once they are taken out.
        let mut text = raw(&seen, canvas, Verbosity::Verbose, days);
        while let Some(at) = text.find("\x1b[") {
            let end = at + text[at..].find('m').unwrap();
            assert!(text[at + 2..end].bytes().all(|byte| byte.is_ascii_digit() || byte == b';'), "{text}");
            text.replace_range(at..=end, "");
        }
        for line in text.split('\n') {
            assert!(!line.chars().any(escape::is_hostile), "{line:?}");
            assert!(!line.contains("##") && !line.trim_start().starts_with("::"), "{line:?}");
        }
    }
    for text in [json_text(&seen), markdown_text(&seen)] {
        for line in text.split('\n') {
            assert!(!line.chars().any(escape::is_hostile), "{line:?}");
            assert!(!line.contains("##v") && !line.trim_start().starts_with("::"), "{line:?}");
        }
    }
    let document: serde_json::Value = serde_json::from_str(&json_text(&seen)).unwrap();
    assert_eq!(document["packages"][0]["locked"]["name"], harmful);
    let marked = markdown_text(&everywhere("<b>|`@a`[x](https://example.org)"));
    assert!(!marked.contains("<b>") && !marked.contains("](") && !marked.contains("@a"), "{marked}");
}

#[test]
fn the_moment_of_every_case_is_the_same() {
    assert!(cases().iter().all(|(_, seen)| seen.calendar.now == now()));
}
