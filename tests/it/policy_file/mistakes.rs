//! Every mistake in a policy file is named with its line and key.

use jiff::civil::date;

use super::{CHECKSUM, approval, bad, first, good};

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
    help: the keys of this table are: registries, quarantine, signals, override, advisories, sources, bans, licenses, sbom, approval
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
        "[sbom]",
        "[sbom.supplier]\nname='a'\nemail='a@example.org'",
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
    help: an approval lifts: too-new, new-crate, signal, inspection, pubtime-unknown, yanked, license-not-allowed
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
fn a_supplier_can_be_reached() {
    insta::assert_snapshot!(bad("[sbom.supplier]\nname = 'Ana'"), @r"
    sequester.toml:1: `sbom.supplier.email`: neither `email` nor `url` is there, and a name alone reaches nobody
    help: add `email`, `url` or both
    ");
    insta::assert_snapshot!(bad("[sbom]\nsupplier = { name = ' ', email = 'ana', url = 'file:///home/ana' }"), @r#"
    sequester.toml:2: `sbom.supplier.name`: must not be empty
    sequester.toml:2: `sbom.supplier.email`: "ana" is not an e-mail address
    sequester.toml:2: `sbom.supplier.url`: "file:///home/ana" is not an address of the web
    help: write something here, or remove the table that needs it
    "#);
    insta::assert_snapshot!(bad("[sbom.supplier]\nurl = 'https://example.org'"), @r"
    sequester.toml:1: `sbom.supplier.name`: this key is required
    help: add the key to this table
    ");
}

/// Whoever reads it has to know what to write.
#[test]
fn a_mistake_about_licences_signals_or_an_ignore_comes_with_what_would_be_right() {
    let help = |text: &str| {
        let told = bad(text);
        told.lines().last().and_then(|line| line.strip_prefix("help: ")).unwrap().to_owned()
    };
    let listed = |more: &str| format!("[licenses]\nallow = ['MIT']\n{more}");
    let clarify = |rest: &str| listed(&format!("[[licenses.clarify]]\ncrate = 'cc'\nexpression = 'MIT'\n{rest}"));
    let file = |path: &str, digest: &str| clarify(&format!("files = [{{ path = '{path}', sha256 = '{digest}' }}]\n"));
    good(&file("docs/LICENSE", CHECKSUM));
    for path in ["/LICENSE", "../LICENSE", "a\\b", "C:LICENSE", "a//b"] {
        let right = "write a path below the package's folder, such as \"LICENSE-MIT\"";
        assert_eq!(help(&file(path, CHECKSUM)), right, "{path}");
    }
    assert_eq!(help(&file("LICENSE", "00")), "take it of the file in the package's folder: sha256sum LICENSE");
    assert_eq!(first(&clarify("files = []\n")), "3: `licenses.clarify.files`: must not be empty");
    let long = format!("'MIT{}'\nfiles", " OR MIT".repeat(1_000));
    let long = file("LICENSE", CHECKSUM).replace("'MIT'\nfiles", &long);
    assert!(first(&long).contains("more than 4096 bytes"), "{}", first(&long));
    let exception = "[[licenses.exception]]\ncrate = 'cc'\nversion = 'one'\nallow = ['ISC']\n";
    assert_eq!(help(&listed(exception)), "write a requirement as in a manifest, such as \"1.2\" or \"=1.2.3\"");
    let unlisted = exception.replace("one", "1");
    assert_eq!(help(&unlisted), "list the licences that every release may have");
    let id = "write an id of https://spdx.org/licenses, such as \"Apache-2.0\"";
    assert_eq!(help("[licenses]\nallow = ['?']\n"), id);
    assert_eq!(help("[signals]\nlook-alike = 'deny'\n"), "write \"reason\", \"warn\" or \"off\"");
    let ignore =
        "[[advisories.ignore]]\nid = 'RUSTSEC-2023-0071'\nreason = 'r'\nuntil = 2027-01-31\njustification = 'x'\n";
    assert!(help(ignore).starts_with("write one of: "), "{}", help(ignore));
    let reached = |how: &str| format!("[sbom.supplier]\nname = 'Ana'\n{how}\n");
    assert_eq!(help(&reached("email = 'ana'")), "write an address such as \"security@example.org\"");
    assert_eq!(help(&reached("url = 'ftp://example.org'")), "write an address such as \"https://example.org/\"");
}
