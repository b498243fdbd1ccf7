//! `sequester.toml`: what it means, and how each mistake in it is named.

mod mistakes;

use camino::{Utf8Path, Utf8PathBuf};
use cargo_sequester::door::gather::policy_file::{PolicyError, parse, read};
use cargo_sequester::door::model::age::{Age, AgeError};
use cargo_sequester::door::model::approval::Approvals;
use cargo_sequester::door::model::policy::{CargoAges, GitRule, Level, Origin, Policy, Quarantine};
use cargo_sequester::door::model::source::Registry;
use cargo_sequester::door::model::verdict::ReasonCode;
use jiff::civil::date;
use proptest::prelude::*;

const CHECKSUM: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

fn good(text: &str) -> (Policy, Approvals) {
    let read = parse(text, Utf8Path::new("sequester.toml")).unwrap_or_else(|error| panic!("{error}\n---\n{text}"));
    read.under(CargoAges::default())
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
[signals]
young-dependency = "reason"
young-dependency-age = "30 days"
young-dependency-new-line = "warn"
dormant-growth = "reason"
dormant-growth-gap = "365 days"
dormant-growth-window = "60 days"
first-build-script-input = "reason"
look-alike = "reason"
look-alike-age = "365 days"
look-alike-known = []
yank-lure = "reason"
publisher-change = "warn"
trusted-publishing-lost = "reason"
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
    assert_eq!((&*ignore.id, ignore.until, ignore.line), ("RUSTSEC-2023-0071", date(2027, 1, 31), 38));
    assert_eq!(policy.signals, default.signals);
    assert_eq!(policy.sources, default.sources);
    assert_eq!(policy.licenses, default.licenses);
    assert_eq!((policy.deny[0].crate_name.as_written(), &policy.deny[0].req), ("openssl-sys", &None));

    let own = Registry::parse("sparse+https://my.registry/index/").expect("an address");
    assert_eq!(policy.registries[&own].name, "my-registry");
    assert_eq!(policy.registries[&own].min_publish_age.as_ref().map(|age| age.value), Some(Age::ZERO));
    assert_eq!(policy.overrides[0].registry, Registry::CratesIo);
    assert_eq!(policy.overrides[0].min_publish_age.value, Age::days(14));

    let [approval] = approvals.as_slice() else { panic!("one approval") };
    assert_eq!((approval.crate_name.as_written(), approval.version.to_string().as_str()), ("cc", "1.11.3"));
    assert_eq!((approval.at, approval.until), (Some(date(2026, 11, 22)), Some(date(2026, 12, 22))));
    assert_eq!((approval.lifts.as_slice(), approval.line), ([ReasonCode::TooNew].as_slice(), 50));
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
    assert_eq!(policy.sources.allow_git[1], GitRule { url: "https://git.example.org/x".to_owned(), rev, reason: None });
    assert_eq!(policy.sources.allow_git[0].rev, None);
    assert_eq!(policy.overrides.iter().map(|one| one.registry.clone()).collect::<Vec<_>>(), [one, Registry::CratesIo]);
}

#[test]
fn levels_bans_and_licences_are_read() {
    let (policy, _) = good(
        "[advisories]\nunsound = \"reject\"\nyanked = \"allow\"\n[bans]\ndeny = [\"a@<1.2\", \"b\"]\n[licenses]\nallow = [\"MIT\", \"Apache-2.0\", \"LicenseRef-foo.1\"]",
    );
    assert_eq!((policy.advisories.unsound, policy.advisories.yanked), (Level::Reject, Level::Allow));
    assert_eq!(policy.deny[0].req.as_ref().map(ToString::to_string).as_deref(), Some("<1.2"));
    assert_eq!((policy.deny[0].text.as_str(), policy.licenses.allow.len()), ("a@<1.2", 3));
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
fn the_projects_own_policy_is_one() {
    let path = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("sequester.toml");
    read(&path).unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn files_that_cannot_be_read_are_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = Utf8PathBuf::try_from(folder.path().join("sequester.toml")).expect("UTF-8");
    assert!(matches!(read(&path), Err(PolicyError::Absent { .. })));
    std::fs::write(&path, [0xff]).expect("written");
    assert!(read(&path).expect_err("not UTF-8").to_string().contains("not UTF-8"));
    std::fs::write(&path, "#".repeat(1024 * 1024)).expect("written");
    assert_eq!(*read(&path).expect("1 MiB").policy(), Policy::default());
    std::fs::write(&path, "#".repeat(1024 * 1024 + 1)).expect("written");
    assert!(read(&path).expect_err("too large").to_string().contains("larger than 1048576 bytes"));
    assert!(matches!(read(path.parent().expect("a parent")), Err(PolicyError::Unreadable { .. })));
}

#[test]
fn of_thousands_of_mistakes_the_first_are_told_and_the_rest_counted() {
    let text = "[[override]]\ncrates = [\"a\"]\nmin-publish-age = \"0\"\n".repeat(2_000);
    let told = parse(&text, Utf8Path::new("x")).expect_err("no reason is given").to_string();
    assert_eq!(told.lines().count(), 22, "{told}");
    assert!(told.contains("\n... and 1980 more\nhelp: "), "{told}");
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
