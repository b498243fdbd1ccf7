//! F1 and F2: text from outside does no harm in any format.

use std::sync::Arc;

use cargo_sequester::door::model::advisory::AdvisoryKind;
use cargo_sequester::door::model::checksum::Checksum;
use cargo_sequester::door::model::evaluation::{Blocker, IndexGap, Notice};
use cargo_sequester::door::model::finding::{Alarm, Finding, FindingCode, Severity};
use cargo_sequester::door::model::index_line::DependencyKind;
use cargo_sequester::door::model::license::{LicenseGap, LicenseLack};
use cargo_sequester::door::model::loosening::{Loosening, LooseningKind};
use cargo_sequester::door::model::policy::Origin;
use cargo_sequester::door::model::resemblance::Likeness;
use cargo_sequester::door::model::resolution::{Change, Difference};
use cargo_sequester::door::model::signal::{AddedDependency, Birth, Imitated, Signal};
use cargo_sequester::door::model::source::{GitSource, Registry, Source};
use cargo_sequester::door::model::verdict::{Basis, Exemption, Reason, Verdict, Warning};
use cargo_sequester::door::report::context::Verbosity;
use cargo_sequester::door::report::escape;
use proptest::prelude::*;

use super::cases::too_new;
use super::scene::{Scene, advisory, crates_io, id, quarantined, rejected};
use super::{
    assert_valid, github_text, gitlab_text, human_raw, human_text, json_text, markdown_text, sarif_text, schema,
};

/// Controls, bidirectional controls and characters that show nothing: a list of the tests' own, so that a gap in the code's list
/// does not hide itself.
fn harmful(character: char) -> bool {
    let listed = [
        '\u{61c}'..='\u{61c}',
        '\u{200b}'..='\u{200f}',
        '\u{2028}'..='\u{202e}',
        '\u{2060}'..='\u{2064}',
        '\u{2066}'..='\u{2069}',
        '\u{feff}'..='\u{feff}',
        '\u{e0020}'..='\u{e007f}',
    ];
    character.is_control() || listed.iter().any(|range| range.contains(&character))
}

fn inside(alarm: Alarm) -> Reason {
    Reason::Inspection { alarm: Arc::new(alarm), eligible_at: too_new().eligible_at().unwrap() }
}

fn warnings(text: &str) -> Vec<Warning> {
    vec![
        Warning::Advisory { advisory: text.into(), kind: AdvisoryKind::Notice },
        Warning::OutsideWorkspace { path: text.into() },
        Warning::OtherRepository { path: text.into() },
    ]
}

/// Puts a text wherever one from outside can stand.
pub fn everywhere(text: &str) -> Scene {
    let mut scene = Scene::new();
    let own = || text.to_owned();
    scene.locked = own();
    for kind in [AdvisoryKind::Malicious, AdvisoryKind::Vulnerability] {
        let mut known = advisory(text, text, kind, text);
        known.url = Some(text.into());
        scene.know(known);
    }
    let finding = Finding::new(FindingCode::AssembledText, Severity::High, text);
    let reasons = vec![
        too_new(),
        Reason::Signal {
            signal: Signal::YoungDependency {
                since: "1.0.0".parse().unwrap(),
                added: vec![AddedDependency {
                    name: text.into(),
                    renamed: Some(text.into()),
                    registry: Some(text.into()),
                    kind: DependencyKind::Normal,
                    optional: false,
                    target: Some(text.into()),
                    born: Birth::Unknown,
                }],
            },
            eligible_at: too_new().eligible_at(),
        },
        Reason::Signal {
            signal: Signal::LookAlike {
                imitated: Imitated::Name { name: text.into(), how: Likeness::Edit },
                first_published: None,
            },
            eligible_at: None,
        },
        inside(Alarm::Findings { first: vec![finding.at(text, 3)], more: 1 }),
        inside(Alarm::Unreadable { cause: text.into() }),
        Reason::PubtimeUnknown { found: Some(text.into()) },
        Reason::IndexEntryUnreadable { cause: own() },
        Reason::Malicious { advisory: text.into() },
        Reason::Advisory { advisory: text.into(), kind: AdvisoryKind::Vulnerability },
        Reason::Denied { entry: own() },
        Reason::LicenseNotAllowed { expression: Some(own()), lack: LicenseLack::Malformed { cause: own() } },
        Reason::LicenseNotAllowed { expression: Some(own()), lack: LicenseLack::Unlisted { licenses: vec![own()] } },
        Reason::LicenseNotAllowed {
            expression: None,
            lack: LicenseLack::FileAlone { path: text.into(), digest: Some(Checksum::from_bytes([9; 32])) },
        },
        Reason::LicenseUnknown { gap: LicenseGap::NotFetched(own()) },
        Reason::SourceNotAllowed,
    ];
    let git = GitSource { url: text.into(), reference: Some(text.into()), commit: Some(text.into()) };
    for source in
        [crates_io(), Source::Git(git), Source::Other(text.into()), Source::Registry(Registry::Sparse(text.into()))]
    {
        let judged = scene.add(id(text, "1.0.0", source), Some(rejected(reasons.clone())));
        judged.newest_approved = Some("0.9.0".parse().unwrap());
        judged.advisories.push(text.into());
        judged.warnings = warnings(text);
    }
    let rule = Origin::File { path: text.into(), line: 1, key: own() };
    let Reason::TooNew { pubtime, min_age, eligible_at, .. } = too_new() else { unreachable!() };
    scene.release(
        text,
        "2.0.0",
        quarantined(vec![Reason::TooNew { pubtime, min_age, rule: rule.clone(), eligible_at, fix: None }]),
    );
    let basis = Basis::Approval {
        given: vec![Exemption { adopted: false, line: 1, by: Some(own()), lifted: Vec::new(), missed_after: None }],
    };
    scene.release(text, "3.0.0", Verdict::Approved(basis)).warnings = vec![Warning::Yanked];
    scene.loosened = vec![Loosening {
        kind: LooseningKind::Rule,
        key: own(),
        base: Some(own()),
        head: Some(own()),
        reason: Some(own()),
    }];
    scene.evaluation.notices = vec![Notice::AdvisoriesFromCopy { source: own(), copy: own() }];
    let texts = || Difference { came: vec![text.into()], went: vec![text.into()] };
    let changed = |from: Option<&str>, to: Option<&str>| Change {
        name: text.into(),
        source: crates_io(),
        from: from.map(|version| version.parse().unwrap()),
        to: to.map(|version| version.parse().unwrap()),
        pubtime: None,
        basis: None,
        asked: false,
        newer_rust: None,
        dependencies: texts(),
        advisories: texts(),
    };
    scene.changes = Some(vec![
        changed(Some("0.9.0"), Some("1.0.0")),
        changed(Some("2.0.0"), Some("2.0.0")),
        changed(None, Some("3.0.0")),
        changed(Some("4.0.0"), None),
    ]);
    scene
}

fn with_blockers(text: &str) -> Scene {
    let mut scene = everywhere(text);
    scene.evaluation.blockers = vec![
        Blocker::WorkspaceUnread { cause: text.to_owned() },
        Blocker::AdvisoriesUnavailable { source: text.to_owned(), cause: text.to_owned() },
        Blocker::IndexUnavailable { package: id(text, "1.0.0", crates_io()), cause: IndexGap::Failed(text.to_owned()) },
        Blocker::MirrorNotAllowed { registry: Registry::CratesIo, by: text.to_owned(), origin: Origin::Default },
    ];
    scene
}

/// Every format of both scenes, with its name.
fn all(text: &str) -> Vec<(&'static str, String)> {
    let both = [everywhere(text), with_blockers(text)];
    let formats = |scene: &Scene| {
        [
            ("human", human_text_checked(scene)),
            ("json", json_text(scene)),
            ("sarif", sarif_text(scene)),
            ("github", github_text(scene)),
            ("gitlab", gitlab_text(scene)),
            ("markdown", markdown_text(scene)),
        ]
    };
    both.iter().flat_map(formats).collect()
}

/// The report without our own colours; whatever else the stripper would take out, it must not find.
fn human_text_checked(scene: &Scene) -> String {
    let raw = human_raw(scene, Verbosity::Verbose);
    let mut text = String::new();
    let mut rest = raw.as_str();
    while let Some((before, after)) = rest.split_once("\x1b[") {
        let (codes, after) = after.split_once('m').unwrap();
        assert!(codes.bytes().all(|byte| byte.is_ascii_digit() || byte == b';'), "{codes:?}");
        text.push_str(before);
        rest = after;
    }
    text.push_str(rest);
    text
}

fn assert_harmless(text: &str) {
    for (format, report) in all(text) {
        for line in report.split('\n') {
            assert!(!line.chars().any(harmful), "{format}: {line:?}");
            let lower = line.to_lowercase();
            assert!(!lower.contains("##[") && !lower.contains("##vso["), "{format}: {line:?}");
            if format != "github" {
                assert!(!line.trim_start().starts_with("::"), "{format}: {line:?}");
            }
        }
    }
}

/// The number of lines is ours to choose, whatever the text.
fn assert_no_more_lines(text: &str) {
    let (mut plain, mut tested) = (all("x"), all(text));
    for ((format, plain), (_, tested)) in plain.iter_mut().zip(&mut tested) {
        // The words of a cure depend on whether a name may be pasted.
        let count = |report: &str| report.lines().filter(|line| !line.trim_start().starts_with("help: ")).count();
        assert_eq!(count(tested), count(plain), "{format}: {tested}");
    }
}

#[test]
fn f1_control_and_bidi_characters_are_shown_and_not_obeyed() {
    let texts = [
        "\x1b[2J\x1b[31mred",
        "\x1b]8;;https://evil.example.org\x1b\\click\x1b]8;;\x1b\\",
        "\x07bell\rover\x08\x7f\u{9b}31m",
        "\u{202e}gpj.exe\u{2066}a\u{2069}\u{200f}\u{61c}",
        "zero\u{200b}width\u{feff}\u{ad}\u{2028}\u{e0041}",
        "line\nbreak\u{85}\u{2029}",
    ];
    for text in texts {
        assert_harmless(text);
        assert_no_more_lines(text);
    }
    assert_eq!(escape::terminal("\x1b[31m\u{202e}\n"), r"\u{1b}[31m\u{202e}\u{a}");
    assert_eq!(escape::json("\"\u{202e}\u{7f}\u{e0041}\""), "\"\\u202e\\u007f\\udb40\\udc41\"");
    assert_eq!(escape::sarif("[a](b) {0}\u{1b}"), r"\[a\](b) {{0}}U+001B");
}

#[test]
fn f1_json_reads_back_as_it_was() {
    let text = "\u{202e}##[x]\x1b\u{e0041} é →";
    let document: serde_json::Value = serde_json::from_str(&json_text(&everywhere(text))).unwrap();
    assert_eq!(document["packages"][1]["name"], text);
    assert_valid(&schema(), "hostile", &json_text(&with_blockers(text)));
}

#[test]
fn f1_markdown_keeps_its_structure() {
    let text =
        "|a|`b`<script>[x](https://evil.example.org)![y](z) @team #77 *b* _c_ ~~d~~ www.evil.example.org --> &lt; $x$";
    let report = markdown_text(&everywhere(text));
    for line in report.lines().filter(|line| line.starts_with('|')) {
        let cells = line.matches('|').count();
        assert!([5, 6, 7].contains(&cells), "{line}");
    }
    for mark in ["<script", "](", "`", "@team", "#77", "*b*", "_c_", "~~", "www.", "-->", "://", "&lt;", "$x$"] {
        assert!(!report.contains(mark), "{mark}: {report}");
    }
}

#[test]
fn f2_no_workflow_command_comes_from_outside() {
    let texts = [
        "\n::error::gotcha",
        "::set-output name=a::b",
        "  ::warning file=x::y",
        "%0A::error::gotcha",
        "##vso[task.setvariable variable=a]b",
        "##[command]x",
        "###vso[task.complete]",
        "x,line=1,title=y::z",
    ];
    for text in texts {
        assert_harmless(text);
        assert_no_more_lines(text);
        for line in github_text(&with_blockers(text)).lines() {
            let name = line.strip_prefix("::").and_then(|line| line.split(' ').next()).unwrap();
            assert!(["error", "warning", "notice"].contains(&name), "{line}");
            let (properties, _) = line[2..].split_once("::").unwrap();
            let (_, properties) = properties.split_once(' ').unwrap();
            for property in properties.split(',') {
                let (key, value) = property.split_once('=').unwrap();
                assert!(["file", "line", "title"].contains(&key), "{line}");
                assert!(!value.contains(':'), "{line}");
            }
            assert!(properties.contains("title="), "{line}");
        }
    }
    assert_eq!(escape::github_message("100%0A"), "100%250A");
    assert_eq!(escape::github_property("a:b,c\n"), "a%3Ab%2Cc\\u{a}");
}

#[test]
fn what_is_pasted_is_one_command() {
    for name in ["$(reboot)", "a;b", "-Zx", "a b", "", "é"] {
        let mut scene = Scene::new();
        scene.release(name, "1.0.0", quarantined(vec![too_new()])).newest_approved = Some("0.9.0".parse().unwrap());
        let text = human_text(&scene, Verbosity::Normal);
        assert!(!text.contains("sequester update") && !text.contains("cargo sequester approve"), "{text}");
    }
    assert_eq!(escape::shell_word("it's $(x)"), r"'it'\''s $(x)'");
}

fn any_text() -> impl Strategy<Value = String> {
    let pieces = prop_oneof![
        any::<char>().prop_map(String::from),
        proptest::sample::select(vec![
            "\x1b", "\u{202e}", "\u{2069}", "\r", "\n", "::", "##", "vso[", "[", "%", "|", "`", "<", "&", "\\", "\"",
            "{", "@", "#", "'", ",", "=", " ", "\u{200b}", "\u{85}", "error",
        ])
        .prop_map(str::to_owned),
    ];
    proptest::collection::vec(pieces, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn f1_f2_no_text_is_obeyed_in_any_format(text in any_text()) {
        assert_harmless(&text);
    }

    #[test]
    fn every_text_reads_back_from_json(text in any_text()) {
        let document: serde_json::Value = serde_json::from_str(&json_text(&everywhere(&text))).unwrap();
        prop_assert_eq!(&document["packages"][1]["name"], &serde_json::Value::from(text.clone()));
        let sarif: serde_json::Value = serde_json::from_str(&sarif_text(&everywhere(&text))).unwrap();
        prop_assert!(sarif["runs"][0]["results"].is_array());
    }

    #[test]
    fn terminal_text_is_printable(text in any::<String>()) {
        let safe = escape::terminal(&text);
        prop_assert!(!safe.chars().any(harmful));
        prop_assert!(!safe.contains("##"));
    }
}
