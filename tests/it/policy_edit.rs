//! Entries that are put into `sequester.toml` and taken out again: what people wrote stays, byte for byte.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};
use cargo_sequester::door::gather::policy_file;
use cargo_sequester::door::model::approval::Approvals;
use cargo_sequester::door::model::checksum::Checksum;
use cargo_sequester::door::model::crate_name::CrateName;
use cargo_sequester::door::model::policy::{CargoAges, Policy};
use cargo_sequester::door::model::source::Registry;
use cargo_sequester::door::model::verdict::ReasonCode;
use cargo_sequester::door::write::policy_file::{
    NewApproval, NewIgnore, PolicyEditError, approval_entry, ignore_entry, with_approval, with_ignore,
    without_approval, without_entries,
};
use cargo_sequester::door::write::project_file::{PolicyWriteError, replace};
use tempfile::TempDir;

fn approval(name: &str, version: &str) -> NewApproval {
    NewApproval {
        crate_name: name.to_owned(),
        registry: Registry::CratesIo,
        version: version.parse().unwrap(),
        checksum: Checksum::from_bytes([7; 32]),
        lifts: vec![ReasonCode::TooNew, ReasonCode::Yanked],
        reason: "read the diff".to_owned(),
        by: Some("Ana <ana@example.org>".to_owned()),
        at: "2026-11-22".parse().unwrap(),
        until: Some("2026-12-22".parse().unwrap()),
    }
}

fn ignore(id: &str, crate_name: Option<&str>) -> NewIgnore {
    NewIgnore {
        id: id.to_owned(),
        crate_name: crate_name.map(str::to_owned),
        reason: "not reached".to_owned(),
        until: "2027-01-31".parse().unwrap(),
        justification: None,
    }
}

fn parsed(text: &str) -> (Policy, Approvals) {
    let read =
        policy_file::parse(text, Utf8Path::new("sequester.toml")).unwrap_or_else(|error| panic!("{error}\n{text}"));
    read.under(CargoAges::default())
}

/// A file with an opinion about everything: comments, odd spaces, quotes, keys in no order.
const WRITTEN: &str = "\
# The policy of example.org.   Do not reformat.

[advisories]   # see the wiki
max-age='2 days'
# unsound = \"reject\"

[[approval]]
crate    = \"bar\"   # the one that everybody asks about
version  = '1.0.0'
checksum = \"0707070707070707070707070707070707070707070707070707070707070707\"
lifts    = [
  \"too-new\", # for now
]
reason   = \"\"\"
several
lines\"\"\"
# until the audit

# Looked at in the spring:
[[approval]]
crate = \"tokio\"
version = \"1.9.0\"
checksum = \"0707070707070707070707070707070707070707070707070707070707070707\"
lifts = [\"too-new\"]
reason = \"x\"

[quarantine]
min-publish-age = \"3 days\"
# the end";

#[test]
fn an_entry_reads_back_as_what_it_was_made_from() {
    let mut new = approval("bar", "1.0.0+build.7");
    new.registry = Registry::parse("sparse+https://registry.example.org/index/").unwrap();
    new.reason = "a \"quote\", a \\, two\nlines,\ta tab, \u{202e}turned\u{1b}[31m".to_owned();
    let entry = approval_entry(&new);
    assert!(entry.lines().all(|line| !line.contains(['\u{202e}', '\u{1b}'])), "{entry}");
    let (_, approvals) =
        parsed(&format!("sources.allow-registries = [\"sparse+https://registry.example.org/index/\"]\n\n{entry}"));
    let read = &approvals[0];
    assert_eq!((read.crate_name.as_written(), &read.version, &read.registry), ("bar", &new.version, &new.registry));
    assert_eq!((&read.lifts, &read.reason, &read.by), (&new.lifts, &new.reason, &new.by));
    assert_eq!((read.checksum, read.at, read.until), (new.checksum, Some(new.at), new.until));
    let new = ignore("RUSTSEC-2020-0001", Some("bar"));
    let read = &parsed(&ignore_entry(&new)).0.advisories.ignore[0];
    assert_eq!(
        (&*read.id, read.crate_name.as_ref().map(CrateName::as_written), &*read.reason),
        (&*new.id, Some("bar"), &*new.reason)
    );
    assert_eq!(read.until, new.until);
}

#[test]
fn every_place_in_the_order_leaves_the_other_bytes_alone() {
    for ending in ["\n", "\r\n"] {
        for bom in ["", "\u{feff}"] {
            let text = format!("{bom}{}", WRITTEN.replace('\n', ending));
            for (name, version) in
                [("aa", "1.0.0"), ("bar", "0.9.0"), ("bar", "1.0.1"), ("cc", "1.0.0"), ("zz", "1.0.0")]
            {
                let with = with_approval(&text, &approval(name, version)).unwrap();
                let entry = approval_entry(&approval(name, version)).replace('\n', ending);
                assert!(with.contains(&entry), "{with}");
                let names: Vec<_> =
                    parsed(&with).1.iter().map(|one| format!("{}@{}", one.crate_name, one.version)).collect();
                assert!(names.is_sorted(), "{names:?}");
                // What was set apart by an empty line is so still.
                let rest = with.replacen(&entry, "", 1).replace(&ending.repeat(3), &ending.repeat(2));
                assert_eq!(rest.trim_end(), text.trim_end(), "{name}@{version}");
                let line = parsed(&with)
                    .1
                    .iter()
                    .find(|one| one.crate_name.names(name) && one.version.to_string() == version)
                    .unwrap()
                    .clone();
                assert_eq!(without_approval(&with, &line).unwrap(), text, "{name}@{version}");
            }
        }
    }
}

#[test]
fn the_first_entry_goes_to_the_end() {
    for (text, expected) in [
        ("", ""),
        ("[quarantine]\n", "[quarantine]\n\n"),
        ("[quarantine]", "[quarantine]\n\n"),
        ("[quarantine]\r\n# x\r\n", "[quarantine]\r\n# x\r\n\r\n"),
        ("# only words\n\n", "# only words\n\n"),
    ] {
        let ending = if text.contains("\r\n") { "\r\n" } else { "\n" };
        let new = ignore("RUSTSEC-2020-0001", None);
        let with = with_ignore(text, &new).unwrap();
        assert_eq!(with, format!("{expected}{}", ignore_entry(&new).replace('\n', ending)));
        assert_eq!(parsed(&with).0.advisories.ignore.len(), 1);
    }
}

#[test]
fn taking_out_keeps_every_comment_outside_the_entry() {
    let both = without_entries(WRITTEN, &parsed(WRITTEN).1.iter().map(|one| one.line).collect()).unwrap();
    let kept = "\
# The policy of example.org.   Do not reformat.

[advisories]   # see the wiki
max-age='2 days'
# unsound = \"reject\"

# until the audit

# Looked at in the spring:

[quarantine]
min-publish-age = \"3 days\"
# the end";
    assert_eq!(both, kept);
}

/// Comments that lead up to a header stay with it, without an empty line between them and the entry too.
#[test]
fn what_leads_up_to_the_next_table_stays_with_it() {
    let one = with_approval("", &approval("a", "1.0.0")).unwrap();
    for next in ["# of bans\n# and more\n[bans]\ndeny = []\n", "[bans]\ndeny = []\n"] {
        let both = with_approval(&format!("{one}{next}"), &approval("b", "1.0.0")).unwrap();
        assert!(both.starts_with(&one) && both.ends_with(&format!("\n\n{next}")), "{both}");
        assert_eq!(parsed(&both).1.len(), 2);
        // Comments right below an entry that nothing follows are its own.
        let told = format!("{one}# of this one\n");
        assert!(with_approval(&told, &approval("b", "1.0.0")).unwrap().starts_with(&told));
    }
}

#[test]
fn what_is_inline_is_refused_by_name() {
    let inline = "approval = [{ crate = \"a\" }]\n";
    let told = with_approval(inline, &approval("b", "1.0.0")).unwrap_err();
    assert_eq!(told, PolicyEditError::Inline { key: "approval", table: "approval" });
    for text in ["advisories = { max-age = \"1 day\" }\n", "advisories.max-age = \"1 day\"\n"] {
        let told = with_ignore(text, &ignore("RUSTSEC-2020-0001", None)).unwrap_err();
        assert_eq!(told, PolicyEditError::Inline { key: "advisories", table: "advisories" });
    }
    let told = with_ignore("[advisories]\nignore = []\n", &ignore("RUSTSEC-2020-0001", None)).unwrap_err();
    assert_eq!(told, PolicyEditError::Inline { key: "advisories.ignore", table: "advisories.ignore" });
    assert_eq!(without_entries(inline, &BTreeSet::from([1])), Err(PolicyEditError::NoEntry { line: 1 }));
    assert_eq!(without_entries("[x]\n[[", &BTreeSet::from([1])), Err(PolicyEditError::NotToml { line: 2 }));
    assert_eq!(with_approval("[x]\n[[", &approval("b", "1.0.0")), Err(PolicyEditError::NotToml { line: 2 }));
}

fn folder() -> (TempDir, Utf8PathBuf) {
    let folder = TempDir::with_prefix("sequester-policy-").unwrap();
    let path = Utf8Path::from_path(folder.path()).unwrap().join("sequester.toml");
    (folder, path)
}

#[test]
fn g2_a_file_that_may_only_be_read_stays_as_it_is() {
    let (_folder, path) = folder();
    replace(&path, None, "a = 1\n").unwrap();
    let set = |path: &Utf8Path, readonly| {
        let mut permissions = std::fs::metadata(path).unwrap().permissions();
        permissions.set_readonly(readonly);
        std::fs::set_permissions(path, permissions).unwrap();
    };
    for place in [path.clone(), path.parent().unwrap().to_owned()] {
        set(&place, true);
        let told = replace(&path, Some("a = 1\n"), "b = 2\n").unwrap_err();
        set(&place, false);
        assert!(matches!(&told, PolicyWriteError::ReadOnly { path } if *path == place), "{told}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "a = 1\n");
        assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }
}

#[test]
fn g3_what_another_program_wrote_is_not_overwritten() {
    let (_folder, path) = folder();
    std::fs::write(&path, "theirs\n").unwrap();
    for old in [None, Some("mine\n")] {
        let told = replace(&path, old, "new\n").unwrap_err();
        assert!(matches!(told, PolicyWriteError::Changed { .. }), "{told}");
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "theirs\n");
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    let told = replace(&path, None, "new\n").unwrap_err();
    assert!(matches!(told, PolicyWriteError::NotAFile { .. }), "{told}");
}

#[cfg(unix)]
#[test]
fn the_permissions_stay_and_a_link_is_not_followed() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let (_folder, path) = folder();
    std::fs::write(&path, "old\n").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    replace(&path, Some("old\n"), "new\n").unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
    let elsewhere = path.with_file_name("elsewhere");
    std::fs::rename(&path, &elsewhere).unwrap();
    symlink(&elsewhere, &path).unwrap();
    let told = replace(&path, Some("new\n"), "newer\n").unwrap_err();
    assert!(matches!(told, PolicyWriteError::NotAFile { .. }), "{told}");
    assert_eq!(std::fs::read_to_string(&elsewhere).unwrap(), "new\n");
}
