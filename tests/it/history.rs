//! Index files as they come: one question each, hostile lines among good ones.

use cargo_sequester::door::model::Version;
use cargo_sequester::door::model::history::{History, Standing};
use cargo_sequester::door::model::index_line::{DependencyKind, LineError, Pubtime};

const DIGEST: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

fn line(name: &str, version: &str, rest: &str) -> String {
    format!(r#"{{"name":"{name}","vers":"{version}","deps":[],"cksum":"{DIGEST}","features":{{}}{rest}}}"#)
}

fn history(lines: &[String]) -> History {
    History::from_lines("bar", lines.join("\n"), Standing::Confirmed)
}

fn version(text: &str) -> Version {
    text.parse().unwrap()
}

#[test]
fn c1_a_malformed_line_hides_no_other_and_is_named_when_wanted() {
    let bad = String::from(r#"{"name":"bar","vers":"1.1.0","cksum":"#);
    let history = history(&[line("bar", "1.0.0", ""), bad, line("bar", "1.2.0", ""), String::from("garbage")]);
    assert!(history.release(&version("1.0.0")).unwrap().is_some());
    assert!(history.release(&version("1.2.0")).unwrap().is_some());
    assert!(matches!(history.release(&version("1.1.0")), Err(LineError::Malformed(_))));
    assert_eq!(history.release(&version("1.3.0")), Ok(None));
    assert_eq!(history.outlines().count(), 2);
    assert_eq!(history.outlined_lines().count(), 2);
}

#[test]
fn c1_a_garbled_second_line_does_not_pass_for_one() {
    let bad = String::from(r#"{"name":"bar","vers" : "1.0.0","cksum":"#);
    let history = history(&[line("bar", "1.0.0", ""), bad]);
    assert_eq!(history.release(&version("1.0.0")), Err(LineError::Ambiguous));
}

#[test]
fn c2_a_newer_format_is_not_guessed_at() {
    let odd = String::from(r#"{"name":"bar","vers":"1.1.0","v":3,"cksum":{"sha512":"…"}}"#);
    let history = history(&[line("bar", "1.0.0", r#","v":99"#), odd, line("bar", "1.2.0", r#","v":2"#)]);
    assert_eq!(history.release(&version("1.0.0")), Err(LineError::Unsupported(99)));
    assert_eq!(history.release(&version("1.1.0")), Err(LineError::Unsupported(3)));
    assert!(history.release(&version("1.2.0")).unwrap().is_some());
    assert_eq!(history.outlines().count(), 1);
}

#[test]
fn c3_a_missing_pubtime_is_absent() {
    for rest in ["", r#","pubtime":null"#] {
        let history = history(&[line("bar", "1.0.0", rest)]);
        assert_eq!(history.release(&version("1.0.0")).unwrap().unwrap().outline.pubtime, Pubtime::Absent);
        assert_eq!(history.first_published(), None);
    }
}

#[test]
fn c5_only_the_canonical_pubtime_is_believed() {
    for text in [
        "2026-01-02T03:04:05+00:00",
        "2026-01-02 03:04:05Z",
        "2026-1-2T03:04:05Z",
        "2016-12-31T23:59:60Z",
        "0000-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "2026-01-02T03:04:05.5Z",
        "2026-01-02t03:04:05z",
        "2026-02-30T00:00:00Z",
        "2026-01-02T24:00:00Z",
        "+026-01-02T03:04:05Z",
        "",
        "1767323045",
        "２026-01-02T03:04:0Z",
    ] {
        assert!(matches!(Pubtime::parse(text), Pubtime::Malformed(_)), "{text}");
    }
    let history = history(&[line("bar", "1.0.0", r#","pubtime":"2026-01-02T03:04:05Z""#)]);
    let found = history.release(&version("1.0.0")).unwrap().unwrap().outline.pubtime.known();
    assert_eq!(found.unwrap().to_string(), "2026-01-02T03:04:05Z");
}

#[test]
fn c12_a_line_about_another_name_is_refused() {
    let history = history(&[line("Bar", "1.0.0", ""), line("b-ar", "1.1.0", ""), line("b_ar", "1.2.0", "")]);
    assert_eq!(history.release(&version("1.0.0")), Err(LineError::WrongName("Bar".into())));
    assert_eq!(history.release(&version("1.1.0")), Err(LineError::WrongName("b-ar".into())));
    assert_eq!(history.outlines().count(), 0);
}

#[test]
fn c13_build_metadata_tells_releases_apart() {
    let history = history(&[line("bar", "1.0.0+a", ""), line("bar", "1.0.0+b", r#","yanked":true"#)]);
    assert!(!history.release(&version("1.0.0+a")).unwrap().unwrap().outline.yanked);
    assert!(history.release(&version("1.0.0+b")).unwrap().unwrap().outline.yanked);
    assert_eq!(history.release(&version("1.0.0")), Ok(None));
}

#[test]
fn two_lines_for_one_version_must_be_the_same() {
    let twice = [line("bar", "1.0.0", ""), line("bar", "1.0.0", "")];
    assert!(history(&twice).release(&version("1.0.0")).unwrap().is_some());
    let differing = [line("bar", "1.0.0", ""), line("bar", "1.0.0", r#","yanked":true"#)];
    assert_eq!(history(&differing).release(&version("1.0.0")), Err(LineError::Ambiguous));
}

#[test]
fn a_second_line_cannot_hide_behind_an_escape() {
    let escaped = line("bar", "1.0.0", r#","yanked":true"#).replace("\"1.0.0\"", r#""1.0.\u0030""#);
    assert_eq!(
        history(&[line("bar", "1.0.0", ""), escaped.clone()]).release(&version("1.0.0")),
        Err(LineError::Ambiguous)
    );
    assert!(history(&[escaped]).release(&version("1.0.0")).unwrap().unwrap().outline.yanked);
}

#[test]
fn a_version_that_a_line_only_mentions_is_not_its_own() {
    let mentions = line("bar", "2.0.0", r#","links":"1.0.0","seen":{"vers":"1.0.0"}"#);
    let history = history(&[mentions]);
    assert_eq!(history.release(&version("1.0.0")), Ok(None));
    assert!(history.release(&version("2.0.0")).unwrap().is_some());
}

#[test]
fn white_space_and_line_ends_do_not_matter() {
    let spaced = line("bar", "1.0.0", r#", "pubtime" : "2026-01-02T03:04:05Z""#).replace("\"vers\":", "\t\"vers\" : ");
    let text = format!("\r\n{spaced}\r\n\n  \n{}\r\n", line("bar", "1.1.0", ""));
    let history = History::from_lines("bar", text, Standing::Confirmed);
    assert_eq!(history.lines().count(), 2);
    assert!(history.release(&version("1.0.0")).unwrap().is_some());
    assert!(history.release(&version("1.1.0")).unwrap().is_some());
    assert_eq!(history.first_published().unwrap().to_string(), "2026-01-02T03:04:05Z");
}

#[test]
fn the_first_release_is_the_earliest_that_can_be_believed() {
    let at = |moment: &str| format!(r#","pubtime":"{moment}""#);
    let good = line("bar", "1.0.0", &at("2025-06-01T00:00:00Z"));
    let first = |lines: &[String]| history(lines).first_published().map(|moment| moment.to_string());
    assert_eq!(
        first(&[line("bar", "2.0.0", &at("2026-01-01T00:00:00Z")), good.clone()]).unwrap(),
        "2025-06-01T00:00:00Z"
    );
    let mut lines = vec![good];
    for hostile in [
        line("baz", "0.1.0", &at("2015-01-01T00:00:00Z")),
        line("bar", "0.1.0", r#","note":{"pubtime":"2015-01-01T00:00:00Z"}"#),
        line("bar", "0.1.0", r#","v":99,"pubtime":"2015-01-01T00:00:00Z""#),
        line("bar", "0.1.0", &at("2015-01-01T00:00:0Z")),
        line("bar", "0.1.0", &at("0000-01-01T00:00:00Z")),
        line("bar", "0.1.0", &at("2015-13-01T00:00:00Z")),
        String::from(r#"{"name":"bar","vers":"0.1.0","pubtime":"2015-01-01T00:00:00Z""#),
        line("bar", "0.2.0", ""),
    ] {
        lines.push(hostile);
        assert_eq!(first(&lines).unwrap(), "2025-06-01T00:00:00Z", "{}", lines.last().unwrap());
    }
}

#[test]
fn b6_a_checksum_in_another_form_is_refused() {
    for bad in [DIGEST.to_uppercase(), DIGEST[1..].to_owned(), format!("{DIGEST} "), String::new()] {
        let history = history(&[line("bar", "1.0.0", "").replace(DIGEST, &bad)]);
        assert!(matches!(history.release(&version("1.0.0")), Err(LineError::Malformed(_))), "{bad}");
    }
}

#[test]
fn dependencies_read_as_cargo_reads_them() {
    let deps = r#"[
        {"name":"renamed","package":"real","req":"^1","kind":"build","registry":"https://example.org/index","later":1},
        {"name":"plain","req":"*","optional":true,"default_features":false,"features":["a\"b"],"target":"cfg(unix)","kind":null},
        {"name":"odd","req":"=1.0.0","kind":"some-day"}]"#
        .replace('\n', "");
    let one = line("bar", "1.0.0", r#","features2":{"f":["dep:plain"],"g":[]},"v":2,"links":"z""#)
        .replace(r#""deps":[]"#, &format!(r#""deps":{deps}"#))
        .replace(r#""features":{}"#, r#""features":{"f":["odd"]}"#);
    let release = history(std::slice::from_ref(&one)).release(&version("1.0.0")).unwrap().unwrap();
    let [renamed, plain, odd] = release.dependencies.as_slice() else { panic!("{release:?}") };
    assert_eq!(
        (&*renamed.name, renamed.renamed.as_deref(), renamed.kind),
        ("real", Some("renamed"), DependencyKind::Build)
    );
    assert_eq!(renamed.registry.as_deref(), Some("https://example.org/index"));
    assert!(renamed.default_features && !renamed.optional);
    assert!(plain.optional && !plain.default_features);
    assert_eq!((plain.features.as_slice(), plain.kind), ([String::from("a\"b")].as_slice(), DependencyKind::Normal));
    assert_eq!(odd.kind, DependencyKind::Normal);
    assert_eq!(release.features["f"], ["odd", "dep:plain"], "the two tables of features are joined name by name");
    assert_eq!(release.links.as_deref(), Some("z"));

    let bad = one.replace("\"^1\"", "\"^^1\"");
    assert!(matches!(history(std::slice::from_ref(&bad)).release(&version("1.0.0")), Err(LineError::Malformed(_))));
    assert_eq!(history(&[bad]).outlines().count(), 1, "its time and checksum can still be told");
}

#[test]
fn a_cached_file_is_read_by_its_keys_and_the_line_must_agree() {
    let file =
        format!("header\0{}\0{}\0{}\0{}\0", "1.0.0", line("bar", "1.0.0", ""), "1.1.0", line("bar", "9.9.9", ""));
    let history = History::from_cache("bar", file, 7, Standing::Cached(None)).unwrap();
    assert_eq!(history.lines().count(), 2);
    assert!(history.release(&version("1.0.0")).unwrap().is_some());
    assert_eq!(history.release(&version("1.1.0")), Err(LineError::WrongVersion("9.9.9".into())));
    assert_eq!(history.release(&version("9.9.9")), Ok(None));
    for (file, start) in
        [("short", 99), ("1.0.0", 0), ("1.0.0\0{}", 0), ("1.0.0\0{}\0x", 0), ("1.0.0\0{}\x001.1.0\0", 0)]
    {
        assert!(History::from_cache("bar", file, start, Standing::Cached(None)).is_none(), "{file:?}");
    }
}

#[test]
fn what_is_told_does_not_hang_on_what_was_asked_before() {
    let numbers: Vec<String> = (0..40).map(|minor| format!("1.{minor}.0")).collect();
    let lines = numbers.iter().map(|number| line("bar", number, ""));
    // What it depends on is no list: the release cannot be taken, and its outline can be told.
    let half = |number: &str| line("bar", number, "").replace(r#""deps":[]"#, r#""deps":7"#);
    let lines: Vec<String> = lines.chain([half("2.0.0")]).collect();
    let checked = |history: &History, number: &str| {
        let (release, outline) = (history.release(&version(number)), history.outline(&version(number)));
        let (release, outline) = (release.unwrap().unwrap(), outline.unwrap().unwrap());
        assert_eq!((&release.outline.version, &release.outline), (&version(number), &outline));
    };
    let fresh = || history(&lines);
    for number in &numbers {
        checked(&fresh(), number);
    }
    let history = fresh();
    for _ in 0..2 {
        assert_eq!(history.outline(&version("2.0.0")).unwrap().unwrap().version, version("2.0.0"));
        assert!(matches!(history.release(&version("2.0.0")), Err(LineError::Malformed(_))));
        assert_eq!(history.outline(&version("3.0.0")), Ok(None));
        numbers.iter().rev().for_each(|number| checked(&history, number));
    }
}

#[test]
fn versions_are_told_newest_first_and_above_a_floor_only_those_that_nothing_contradicts() {
    let other = line("bar", "1.2.0", "").replace(DIGEST, &DIGEST.replace('0', "1"));
    let twice = line("bar", "1.1.0", "");
    let lines = [line("bar", "1.0.0-rc.1", ""), line("bar", "1.2.0", ""), twice.clone(), twice, other];
    let keyed: String = ["1.0.0-rc.1", "1.2.0", "1.1.0", "1.1.0", "1.2.0"]
        .iter()
        .zip(&lines)
        .map(|(key, line)| format!("{key}\0{line}\0"))
        .collect();
    let cached = History::from_cache("bar", keyed, 0, Standing::Cached(None)).unwrap();
    for history in [history(&lines), cached] {
        let told = |all: Vec<(_, usize)>| -> Vec<String> {
            assert!(all.iter().all(|(version, place)| history.outline_at(*place).unwrap().version == *version));
            all.into_iter().map(|(version, _)| version.to_string()).collect()
        };
        assert_eq!(told(history.newest_first()), ["1.2.0", "1.2.0", "1.1.0", "1.1.0", "1.0.0-rc.1"]);
        assert_eq!(told(history.above(&version("0.9.0"))), ["1.1.0", "1.0.0-rc.1"]);
        assert_eq!(told(history.above(&version("1.0.0"))), ["1.1.0"]);
    }
}
