//! `sequester.toml`: what it means, and how each mistake in it is named.

use camino::{Utf8Path, Utf8PathBuf};
use cargo_sequester::gather::policy_file::{PolicyError, parse, read};
use cargo_sequester::model::age::{Age, AgeError};
use cargo_sequester::model::approval::Approvals;
use cargo_sequester::model::policy::{GitRule, Level, Origin, Policy, Quarantine};
use cargo_sequester::model::source::Registry;
use cargo_sequester::model::verdict::ReasonCode;
use jiff::civil::date;
use proptest::prelude::*;

const CHECKSUM: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

fn good(text: &str) -> (Policy, Approvals) {
    parse(text, Utf8Path::new("sequester.toml")).unwrap_or_else(|error| panic!("{error}\n---\n{text}"))
}

/// The whole message; every one must end with its line of help.
fn bad(text: &str) -> String {
    let error = parse(text, Utf8Path::new("sequester.toml")).expect_err(text).to_string();
    assert!(error.lines().last().is_some_and(|line| line.starts_with("help: ")), "{error}");
    error
}

/// The message's first line, without the file.
fn first(text: &str) -> String {
    let message = bad(text);
    let line = message.lines().next().unwrap_or_default();
    line.strip_prefix("sequester.toml:").unwrap_or_else(|| panic!("{line}")).to_owned()
}

fn approval(rest: &str) -> String {
    format!(
        "[[approval]]\ncrate = \"cc\"\nversion = \"1.2.3\"\nchecksum = \"{CHECKSUM}\"\nreason = \"read it\"\n{rest}\n"
    )
}

/// The example of the design, section 4, with the two dots filled in.
const EXAMPLE: &str = r#"
[quarantine]
min-publish-age = "7 days"
new-crate-age   = "30 days"
signal-age      = "14 days"
[quarantine.security-fix]
enabled = true
min-publish-age = "1 day"
[[override]]
crates = ["windows-*"]
min-publish-age = "14 days"
reason = "large and often released"
[registries.my-registry]
index = "sparse+https://my.registry/index/"
min-publish-age = "0"
[advisories]
db = "https://github.com/RustSec/advisory-db/archive/refs/heads/main.tar.gz"
max-age = "3 days"
max-copy-age = "30 days"
unsound = "warn"
unmaintained = "warn"
notice = "warn"
yanked = "warn"
[[advisories.ignore]]
id = "RUSTSEC-2023-0071"
reason = "not reachable"
until = "2027-01-31"
[sources]
allow-registries = []
allow-git = []
mirrors = []
[bans]
deny = ["openssl-sys"]
[licenses]
allow = []
[[approval]]
crate = "cc"
version = "1.11.3"
checksum = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
lifts = ["too-new"]
reason = "reviewed the diff from 1.11.2"
by = "ana@example.org"
at = 2026-11-22
until = 2026-12-22
"#;

#[test]
fn the_example_says_the_defaults_and_what_it_adds() {
    let (policy, approvals) = good(EXAMPLE);
    let default = Policy::default();
    let quarantine =
        Quarantine { min_publish_age: default.quarantine.min_publish_age.clone(), ..policy.quarantine.clone() };
    assert_eq!(quarantine, default.quarantine);
    assert_eq!(policy.quarantine.min_publish_age.value, default.quarantine.min_publish_age.value);
    let key = "quarantine.min-publish-age".to_owned();
    assert_eq!(policy.quarantine.min_publish_age.origin, Origin::File { path: "sequester.toml".into(), line: 3, key });

    let mut advisories = policy.advisories.clone();
    let ignore = advisories.ignore.pop().expect("one ignore");
    assert_eq!(advisories, default.advisories);
    assert_eq!((&*ignore.id, ignore.until, ignore.line), ("RUSTSEC-2023-0071", date(2027, 1, 31), 24));
    assert_eq!(policy.sources, default.sources);
    assert_eq!(policy.licenses, default.licenses);
    assert_eq!((policy.deny[0].crate_name.as_str(), &policy.deny[0].req), ("openssl-sys", &None));

    let own = Registry::parse("sparse+https://my.registry/index/").expect("an address");
    assert_eq!(policy.registries[&own].name, "my-registry");
    assert_eq!(policy.registries[&own].min_publish_age.as_ref().map(|age| age.value), Some(Age::ZERO));
    assert_eq!(policy.overrides[0].registry, Registry::CratesIo);
    assert_eq!(policy.overrides[0].min_publish_age.value, Age::days(14));

    let [approval] = approvals.as_slice() else { panic!("one approval") };
    assert_eq!((&*approval.crate_name, approval.version.to_string().as_str()), ("cc", "1.11.3"));
    assert_eq!((approval.at, approval.until), (Some(date(2026, 11, 22)), Some(date(2026, 12, 22))));
    assert_eq!((approval.lifts.as_slice(), approval.line), ([ReasonCode::TooNew].as_slice(), 36));
    assert_eq!((approval.by.as_deref(), &approval.registry), (Some("ana@example.org"), &Registry::CratesIo));
}

#[test]
fn an_empty_file_is_the_default() {
    assert_eq!(good("").0, Policy::default());
    assert_eq!(good("\u{feff}# nothing\r\n").0, Policy::default());
}

#[test]
fn a_byte_order_mark_and_crlf_change_neither_meaning_nor_lines() {
    let windows = format!("\u{feff}{}", EXAMPLE.replace('\n', "\r\n"));
    assert_eq!(good(&windows), good(EXAMPLE));
}

#[test]
fn registries_are_named_by_name_or_by_address() {
    let (policy, _) = good(
        "[registries.one]\nindex = \"sparse+https://one.example.org/\"\nmin-publish-age = \"2 days\"\n\
         [sources]\nallow-registries = [\"one\", \"https://two.example.org/index\"]\n\
         mirrors = [\"sparse+https://mirror.example.org/index\"]\n\
         allow-git = [{ url = \"https://git.example.org/team\" }, \
         { url = \"https://git.example.org/x\", rev = \"0123456789ABCDEF0123456789abcdef01234567\" }]\n\
         [[override]]\ncrates = [\"a\"]\nregistry = \"one\"\nmin-publish-age = \"3 days\"\n\
         [[override]]\ncrates = [\"b\"]\nregistry = \"crates-io\"\nmin-publish-age = \"8 days\"\n",
    );
    let one = Registry::Sparse("https://one.example.org/".into());
    assert_eq!(policy.sources.allow_registries, [one.clone(), Registry::Git("https://two.example.org/index".into())]);
    assert_eq!(policy.sources.mirrors, [Registry::Sparse("https://mirror.example.org/index/".into())]);
    let rev = Some("0123456789abcdef0123456789abcdef01234567".to_owned());
    assert_eq!(policy.sources.allow_git[1], GitRule { url: "https://git.example.org/x".to_owned(), rev });
    assert_eq!(policy.sources.allow_git[0].rev, None);
    assert_eq!(policy.overrides.iter().map(|one| one.registry.clone()).collect::<Vec<_>>(), [one, Registry::CratesIo]);
}

#[test]
fn levels_bans_and_licences_are_read() {
    let (policy, _) = good(
        "[advisories]\nunsound = \"reject\"\nyanked = \"allow\"\n[bans]\ndeny = [\"a@<1.2\", \"b\"]\n[licenses]\nallow = [\"MIT\", \"Apache-2.0\"]",
    );
    assert_eq!((policy.advisories.unsound, policy.advisories.yanked), (Level::Reject, Level::Allow));
    assert_eq!(policy.deny[0].req.as_ref().map(ToString::to_string).as_deref(), Some("<1.2"));
    assert_eq!((policy.deny[0].text.as_str(), policy.licenses.len()), ("a@<1.2", 2));
}

#[test]
fn d4_ages_have_cargos_grammar() {
    for (text, seconds) in [
        ("0", 0),
        ("0 days", 0),
        ("1 second", 1),
        ("90 minutes", 5_400),
        ("1hour", 3_600),
        ("7 day", 604_800),
        ("2 weeks", 1_209_600),
        ("1 month", 2_629_746),
        ("9223372036854775807 seconds", i64::MAX.unsigned_abs()),
    ] {
        assert_eq!(text.parse::<Age>().map(Age::as_secs), Ok(seconds), "{text}");
    }
    for (text, error) in [
        ("", AgeError::Malformed),
        ("-1 days", AgeError::Malformed),
        ("+1 days", AgeError::Malformed),
        (" 1 day", AgeError::Malformed),
        ("day", AgeError::Malformed),
        ("\u{661} day", AgeError::Malformed),
        ("7", AgeError::NoUnit(7)),
        ("00", AgeError::NoUnit(0)),
        ("7 ", AgeError::UnknownUnit),
        ("7  days", AgeError::UnknownUnit),
        ("7\tdays", AgeError::UnknownUnit),
        ("7 days ", AgeError::UnknownUnit),
        ("7 Days", AgeError::UnknownUnit),
        ("7 dayss", AgeError::UnknownUnit),
        ("1.5 days", AgeError::UnknownUnit),
        ("1 year", AgeError::UnknownUnit),
        ("1 d", AgeError::UnknownUnit),
        ("9223372036854775808 seconds", AgeError::Overflow),
        ("99999999999999999999 days", AgeError::Overflow),
        ("9223372036854775807 months", AgeError::Overflow),
    ] {
        assert_eq!(text.parse::<Age>(), Err(error), "{text}");
    }
}

#[test]
fn d4_a_bad_age_is_named_with_file_line_and_key() {
    insta::assert_snapshot!(bad("[quarantine]\n\nmin-publish-age = \"7\"\n"), @r#"
    sequester.toml:3: `quarantine.min-publish-age`: a unit is missing; write "7 days" or "7 hours"
    help: write "0", or an integer and a unit: "12 hours", "7 days", "2 weeks"
    "#);
    insta::assert_snapshot!(bad("[quarantine]\nmin-publish-age = 14\n"), @r#"
    sequester.toml:2: `quarantine.min-publish-age`: an age is a string with a unit, not a number
    help: write "14 days"
    "#);
    insta::assert_snapshot!(first("quarantine.security-fix.min-publish-age = '-1 days'"), @r#"1: `quarantine.security-fix.min-publish-age`: expected "0" or an integer and a unit, such as "7 days""#);
    insta::assert_snapshot!(first("advisories.max-age = '1 year'"), @"1: `advisories.max-age`: unknown unit; use seconds, minutes, hours, days, weeks or months");
    insta::assert_snapshot!(first("advisories.max-copy-age = '9223372036854775807 days'"), @"1: `advisories.max-copy-age`: the duration is too large");
}

#[test]
fn every_mistake_is_named_in_the_order_of_the_file() {
    let text = "typo = 1\n[quarantine]\nmin-age = \"7 days\"\nsignal-age = true\n[bans]\ndeny = \"x\"\n\n[[approval]]\ncrate = \"cc\"\n";
    insta::assert_snapshot!(bad(text), @r"
    sequester.toml:1: `typo`: unknown key
    sequester.toml:3: `quarantine.min-age`: unknown key
    sequester.toml:4: `quarantine.signal-age`: expected a string, found a boolean
    sequester.toml:6: `bans.deny`: expected a list, found a string
    sequester.toml:8: `approval.version`: this key is required
    sequester.toml:8: `approval.checksum`: this key is required
    sequester.toml:8: `approval.lifts`: this key is required
    sequester.toml:8: `approval.reason`: this key is required
    help: the keys of this table are: registries, quarantine, override, advisories, sources, bans, licenses, approval
    ");
}

#[test]
fn unknown_keys_are_errors_in_every_table() {
    for table in [
        "[quarantine]",
        "[quarantine.security-fix]",
        "[[override]]\ncrates=['a']\nmin-publish-age='8 days'",
        "[registries.x]\nindex='sparse+https://x.example.org/'",
        "[advisories]",
        "[[advisories.ignore]]\nid='RUSTSEC-2023-0071'\nreason='r'\nuntil='2027-01-31'",
        "[sources]",
        "[[sources.allow-git]]\nurl='https://x.example.org/'",
        "[bans]",
        "[licenses]",
        &approval("lifts = ['too-new']"),
    ] {
        let message = first(&format!("{table}\nminimum = 1"));
        assert!(message.ends_with("minimum`: unknown key"), "{message}");
    }
    insta::assert_snapshot!(first("\"a\\nb\" = 1"), @r#"1: `"a\nb"`: unknown key"#);
}

#[test]
fn what_is_not_toml_is_named_by_line() {
    insta::assert_snapshot!(bad("[quarantine]\nmin-publish-age = \n"), @r"
    sequester.toml:2: not TOML: string values must be quoted, expected literal string
    help: see https://toml.io for the grammar
    ");
    insta::assert_snapshot!(bad("[a]\n[a]\n"), @r"
    sequester.toml:2: not TOML: duplicate key
    help: see https://toml.io for the grammar
    ");
    let deep = format!("a = {}", "[".repeat(100_000));
    assert!(bad(&deep).starts_with("sequester.toml:1: not TOML: "));
}

#[test]
fn overrides() {
    insta::assert_snapshot!(bad("[[override]]\ncrates = ['serde']\nmin-publish-age = '1 day'"), @r"
    sequester.toml:1: `override.reason`: required, because 1 day is shorter than 7 days, which would apply otherwise
    help: add `reason` and say why these crates may come earlier
    ");
    insta::assert_snapshot!(first("[[override]]\ncrates = ['serde']\nmin-publish-age = '1 day'\nreason = ' '"), @"4: `override.reason`: must not be empty");
    insta::assert_snapshot!(first("[[override]]\ncrates = []\nmin-publish-age = '8 days'"), @"2: `override.crates`: must not be empty");
    insta::assert_snapshot!(first("[[override]]\ncrates = [\n'a',\n'win[d]ows']\nmin-publish-age = '8 days'"), @r#"4: `override.crates`: "win[d]ows" is not a crate name in which `*` stands for any characters"#);
    insta::assert_snapshot!(first("[[override]]\ncrates = ['a']\nregistry = 'mine'\nmin-publish-age = '8 days'"), @r#"3: `override.registry`: "mine" is not the name of a registry in `[registries]`, and not an address"#);
    insta::assert_snapshot!(first("[[override]]\ncrates = ['a']"), @"1: `override.min-publish-age`: this key is required");
    // The registry's own age is what applies otherwise, in both directions.
    let own = |age| format!("[registries.r]\nindex='sparse+https://r.example.org/'\nmin-publish-age='{age}'\n");
    let override_ = "[[override]]\ncrates=['a']\nregistry='r'\nmin-publish-age='3 days'\n";
    good(&format!("{}{override_}", own("0")));
    let message = first(&format!("{override_}{}", own("4 days")));
    assert_eq!(
        message,
        "1: `override.reason`: required, because 3 days is shorter than 4 days, which would apply otherwise"
    );
}

#[test]
fn registries_and_sources() {
    insta::assert_snapshot!(first("[registries.x]\nmin-publish-age='0'"), @"1: `registries.x.index`: this key is required");
    insta::assert_snapshot!(first("[registries.x]\nindex='x.example.org'"), @r#"2: `registries.x.index`: "x.example.org" is not the address of a registry"#);
    insta::assert_snapshot!(first("[registries]\nx = 'sparse+https://x.example.org/'"), @"2: `registries.x`: expected a table, found a string");
    insta::assert_snapshot!(first("[registries.a]\nindex='sparse+https://x.example.org'\n[registries.b]\nindex='sparse+https://x.example.org/'"), @"4: `registries.b.index`: the same registry as `registries.a`");
    insta::assert_snapshot!(first("[registries.crates-io]\nindex='sparse+https://x.example.org'"), @"2: `registries.crates-io.index`: `crates-io` is the name of crates.io, and this is not its address");
    insta::assert_snapshot!(first("[sources]\nallow-registries=['nobody']"), @r#"2: `sources.allow-registries`: "nobody" is not the name of a registry in `[registries]`, and not an address"#);
    insta::assert_snapshot!(first("[sources]\nmirrors=['sparse+ftp://x.example.org/']"), @r#"2: `sources.mirrors`: "sparse+ftp://x.example.org/" is not the address of a registry"#);
    insta::assert_snapshot!(first("[sources]\nallow-git=[{url='https://x.example.org/y', rev='abc'}]"), @"2: `sources.allow-git.rev`: not a full commit id of 40 hexadecimal digits");
    insta::assert_snapshot!(first("[sources]\nallow-git=[{rev='0123456789abcdef0123456789abcdef01234567'}]"), @"2: `sources.allow-git.url`: this key is required");
    insta::assert_snapshot!(first("[sources]\nallow-git=['https://x.example.org/y']"), @"2: `sources.allow-git`: expected a table, found a string");
    for url in [
        "https://",
        "https:///x",
        "git@x.example.org:a/b",
        "https://x.example.org/a b",
        "https://x.example.org/?a",
        "/srv/git",
    ] {
        let message = first(&format!("[sources]\nallow-git=[{{url='{url}'}}]"));
        assert!(message.ends_with("is not the address of a git repository"), "{message}");
    }
}

#[test]
fn advisories_bans_and_licences() {
    insta::assert_snapshot!(first("[advisories]\nunsound='deny'"), @r#"2: `advisories.unsound`: "deny" is not "allow", "warn" or "reject""#);
    insta::assert_snapshot!(first("[advisories]\ndb=''"), @"2: `advisories.db`: must not be empty");
    insta::assert_snapshot!(first("[[advisories.ignore]]\nid='RUSTSEC-2023-0071'\nreason='r'"), @"1: `advisories.ignore.until`: this key is required");
    insta::assert_snapshot!(first("[[advisories.ignore]]\nid='2023'\nreason='r'\nuntil='2027-01-31'"), @r#"2: `advisories.ignore.id`: "2023" is not the id of an advisory"#);
    insta::assert_snapshot!(first("[[advisories.ignore]]\nid='RUSTSEC-2023-0071'\nreason=''\nuntil='2027-01-31'"), @"3: `advisories.ignore.reason`: must not be empty");
    let twice = "[[advisories.ignore]]\nid='RUSTSEC-2023-0071'\nreason='r'\nuntil='2027-01-31'\n".repeat(2);
    insta::assert_snapshot!(first(&twice), @"5: `advisories.ignore.id`: named twice");
    insta::assert_snapshot!(first("[bans]\ndeny=['a@one']"), @r#"2: `bans.deny`: "one" is not a version requirement"#);
    insta::assert_snapshot!(first("[bans]\ndeny=['a b']"), @r#"2: `bans.deny`: "a b" is not a crate name"#);
    insta::assert_snapshot!(bad("[licenses]\nallow=['MIT', 'apache2']"), @r#"
    sequester.toml:2: `licenses.allow`: "apache2" is not an SPDX licence id
    help: write "Apache-2.0"
    "#);
    insta::assert_snapshot!(bad("[licenses]\nallow=['MIT+']"), @r#"
    sequester.toml:2: `licenses.allow`: "MIT+" is not an SPDX licence id
    help: write "MIT"
    "#);
}

#[test]
fn dates_are_days_of_the_calendar() {
    let until = |value: &str| format!("[[advisories.ignore]]\nid='RUSTSEC-2023-0071'\nreason='r'\nuntil={value}");
    for value in ["2028-02-29", "'2028-02-29'"] {
        assert_eq!(good(&until(value)).0.advisories.ignore[0].until, date(2028, 2, 29));
    }
    for value in [
        "'2027-02-29'",
        "'2027-1-31'",
        "'20270131'",
        "''",
        "'2027-01-31T00:00:00Z'",
        "2027-01-31T00:00:00Z",
        "'+002027-01-31'",
    ] {
        assert_eq!(
            first(&until(value)),
            "4: `advisories.ignore.until`: not a day of the calendar in the form YYYY-MM-DD"
        );
    }
    assert_eq!(first(&until("20270131")), "4: `advisories.ignore.until`: expected a string, found an integer");
}

#[test]
fn approvals() {
    insta::assert_snapshot!(bad(&approval("lifts = ['malicious']")), @r"
    sequester.toml:6: `approval.lifts`: no approval lifts `malicious`
    help: an approval lifts: too-new, new-crate, signal, pubtime-unknown, yanked, license-not-allowed
    ");
    insta::assert_snapshot!(first(&approval("lifts = ['too-old']")), @r#"6: `approval.lifts`: "too-old" is not the code of a reason"#);
    insta::assert_snapshot!(first(&approval("lifts = []")), @"6: `approval.lifts`: must not be empty");
    insta::assert_snapshot!(first(&approval("lifts = 'too-new'")), @"6: `approval.lifts`: expected a list, found a string");
    insta::assert_snapshot!(first(&approval("lifts = ['too-new', 'too-new']")), @"1: `approval.lifts`: named twice");
    insta::assert_snapshot!(first(&approval("lifts = ['too-new', 'yanked']")), @"1: `approval.until`: required, because time does not lift `yanked`");
    insta::assert_snapshot!(first(&approval("lifts = ['too-new']\nat = 2026-11-22\nuntil = 2026-11-21")), @"8: `approval.until`: 2026-11-21 is before `at`, 2026-11-22");
    insta::assert_snapshot!(first(&approval("lifts = ['too-new']\nregistry = 'nobody'")), @r#"7: `approval.registry`: "nobody" is not the name of a registry in `[registries]`, and not an address"#);
    let good_one = approval("lifts = ['too-new', 'signal']");
    good(&good_one);
    insta::assert_snapshot!(first(&good_one.replace("1.2.3", "1.2")), @r#"3: `approval.version`: "1.2" is not one exact version"#);
    insta::assert_snapshot!(first(&good_one.replace("1.2.3", "^1.2.3")), @r#"3: `approval.version`: "^1.2.3" is not one exact version"#);
    insta::assert_snapshot!(first(&good_one.replace(CHECKSUM, &CHECKSUM.to_uppercase())), @"4: `approval.checksum`: not a SHA-256 digest of 64 lower-case hexadecimal digits");
    insta::assert_snapshot!(first(&good_one.replace("\"cc\"", "\"../cc\"")), @r#"2: `approval.crate`: "../cc" is not a crate name"#);
}

#[test]
fn the_same_approval_twice_is_an_error_and_another_one_is_not() {
    let one = approval("lifts = ['too-new', 'signal']");
    let turned = approval("lifts = ['signal', 'too-new']");
    insta::assert_snapshot!(first(&format!("{one}\n{turned}")), @"8: `approval.crate`: the same release, checksum and reasons as the approval in line 1");
    assert_eq!(good(&format!("{one}{}", approval("lifts = ['too-new']"))).1.len(), 2);
    // Build metadata makes another release (C13).
    assert_eq!(good(&format!("{one}{}", one.replace("1.2.3", "1.2.3+b"))).1.len(), 2);
}

#[test]
fn files_that_cannot_be_read_are_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = Utf8PathBuf::try_from(folder.path().join("sequester.toml")).expect("UTF-8");
    assert!(matches!(read(&path), Err(PolicyError::Absent { .. })));
    std::fs::write(&path, [0xff]).expect("written");
    assert!(read(&path).expect_err("not UTF-8").to_string().contains("not UTF-8"));
    std::fs::write(&path, "#".repeat(1024 * 1024)).expect("written");
    assert_eq!(read(&path).expect("1 MiB").0, Policy::default());
    std::fs::write(&path, "#".repeat(1024 * 1024 + 1)).expect("written");
    assert!(read(&path).expect_err("too large").to_string().contains("larger than 1048576 bytes"));
    assert!(matches!(read(path.parent().expect("a parent")), Err(PolicyError::Unreadable { .. })));
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in ".{0,200}") {
        drop(parse(&text, Utf8Path::new("x")));
    }

    /// Mutations of the example get further into the reader than noise does.
    #[test]
    fn no_mutation_makes_the_reader_panic(cuts in prop::collection::vec((0..EXAMPLE.len(), 0..40_usize, "[\\[\\]{}=\"'\n.a-z0-9,]{0,6}"), 1..6)) {
        let mut text = EXAMPLE.to_owned();
        for (at, length, new) in cuts {
            let start = at.min(text.len());
            let end = (start + length).min(text.len());
            text.replace_range(start..end, &new);
        }
        if let Err(error) = parse(&text, Utf8Path::new("x")) {
            let message = error.to_string();
            prop_assert!(message.lines().last().is_some_and(|line| line.starts_with("help: ")), "{}", message);
        }
    }
}
