//! The page `docs/policy.md`: every key that a policy file can have. Which keys there are, and which of them must be there, is found by asking
//! the reader; a default is read by it; only what a key is for is said here.

#![expect(clippy::unwrap_used, reason = "all of it is a test")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use camino::Utf8Path;

use super::{Fault, PolicyError, PolicyFile, Problem, parse};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/policy.md");
const UNKNOWN: &str = "nobody-knows-this";

/// A table as it begins, what it is for, and its keys.
struct Table {
    header: &'static str,
    about: &'static str,
    keys: &'static [Key],
}

/// A key, the value that it has where it is not written (none: nothing), and what it is for.
struct Key(&'static str, Option<&'static str>, &'static str);

const TABLES: &[Table] = &[
    Table {
        header: "[quarantine]",
        about: "How long releases are held. Ages are cargo's: `\"0\"`, or a whole number and `seconds`, `minutes`, `hours`, `days`, `weeks` or `months` (of 2,629,746 seconds).",
        keys: &[
            Key(
                "min-publish-age",
                Some("\"7 days\""),
                "A release younger than this is held (`too-new`). Cargo's own keys can lengthen it, never shorten it.",
            ),
            Key(
                "new-crate-age",
                Some("\"30 days\""),
                "Every release of a crate is held until the crate's first release is so old (`new-crate`).",
            ),
            Key(
                "signal-age",
                Some("\"14 days\""),
                "How long a release is held that shows a sign of a takeover (`signal`).",
            ),
            Key(
                "inspect",
                Some("false"),
                "Whether what [`inspect`](inspection.md) finds of high severity holds a release as long (`inspection`), where its archive is at hand.",
            ),
        ],
    },
    Table {
        header: "[quarantine.security-fix]",
        about: "The early way for a release that an advisory names as its fix, where something locked needs it ([when a fix is held](held-fix.md)).",
        keys: &[
            Key("enabled", Some("true"), "Whether there is that way."),
            Key("min-publish-age", Some("\"1 day\""), "How old such a release must be."),
        ],
    },
    Table {
        header: "[signals]",
        about: "What becomes of a release that shows a sign of a takeover ([signs](signals.md)): `reason` holds it for `signal-age`, `warn` tells, `off` does not look.",
        keys: &[
            Key("young-dependency", Some("\"reason\""), "It brings a dependency on a crate that was hardly born."),
            Key("young-dependency-age", Some("\"30 days\""), "How young such a crate is."),
            Key(
                "young-dependency-new-line",
                Some("\"warn\""),
                "The same of a release that opens a compatibility line, to which no update leads; never more than `young-dependency`.",
            ),
            Key(
                "dormant-growth",
                Some("\"reason\""),
                "After a long silence it brings a dependency that nobody can leave out.",
            ),
            Key("dormant-growth-gap", Some("\"365 days\""), "How long a silence is long."),
            Key(
                "dormant-growth-window",
                Some("\"60 days\""),
                "For how long after its silence a crate counts as just awoken.",
            ),
            Key(
                "first-build-script-input",
                Some("\"reason\""),
                "It is the first of its line with a build-dependency or `links`.",
            ),
            Key(
                "look-alike",
                Some("\"reason\""),
                "Its crate is young and has a name that can be taken for another. Time does not lift this.",
            ),
            Key("look-alike-age", Some("\"365 days\""), "How young such a crate is."),
            Key("look-alike-known", Some("[]"), "Crates of crates.io that may be called what they are called."),
            Key("yank-lure", Some("\"reason\""), "Good older releases were yanked around its publication."),
            Key(
                "publisher-change",
                Some("\"warn\""),
                "With `--facts`: somebody published it who published none of the crate's releases before.",
            ),
            Key(
                "trusted-publishing-lost",
                Some("\"reason\""),
                "With `--facts`: it was not published by the trusted publisher that published before.",
            ),
        ],
    },
    Table {
        header: "[[override]]",
        about: "Another age for some crates. Of several that name a crate the longest counts.",
        keys: &[
            Key("crates", None, "Names, in which `*` stands for any characters."),
            Key(
                "registry",
                Some("\"crates-io\""),
                "The registry whose crates are meant: a name of `[registries]` or an address.",
            ),
            Key("min-publish-age", None, "Their age."),
            Key("reason", None, "Why. Required where the age is shorter than the one that would hold otherwise."),
        ],
    },
    Table {
        header: "[registries.NAME]",
        about: "A registry beside crates.io. To name it here allows it.",
        keys: &[
            Key(
                "index",
                None,
                "The address of its index, `sparse+https://…` or `registry+https://…`. It is the registry's identity; the name is only a name.",
            ),
            Key(
                "min-publish-age",
                None,
                "The age of its releases. `\"0\"` makes it a trusted registry, whose releases no age, `new-crate`, signal or unknown time of publication holds.",
            ),
            Key(
                "api",
                None,
                "The address of its web API, which `--facts` asks how releases were published, such as `https://crates.io`. Without it the one that the registry's `config.json` names; where that names none, nothing is asked, and that is said. A token goes there only where it is the registry's own host.",
            ),
        ],
    },
    Table {
        header: "[advisories]",
        about: "Where RustSec's advisories come from, and what becomes of a package that one is about. A vulnerability is always rejected, a malicious release too, whatever is ignored.",
        keys: &[
            Key(
                "db",
                Some("\"https://github.com/RustSec/advisory-db/archive/refs/heads/main.tar.gz\""),
                "An archive, a `git+` address, or a folder relative to this file.",
            ),
            Key("max-age", Some("\"3 days\""), "How long ago the database may have been confirmed at its origin."),
            Key(
                "max-copy-age",
                Some("\"30 days\""),
                "How old a folder, or a copy that could not be confirmed, may be: since its commit or its newest advisory.",
            ),
            Key("unsound", Some("\"warn\""), "What an advisory of this kind does: `reject`, `warn` or `allow`."),
            Key("unmaintained", Some("\"warn\""), "Likewise."),
            Key("notice", Some("\"warn\""), "Likewise."),
            Key(
                "yanked",
                Some("\"warn\""),
                "What a yank does. Think before you write `reject`: good releases have been yanked to lead people to a harmful one.",
            ),
        ],
    },
    Table {
        header: "[[advisories.ignore]]",
        about: "One advisory that does not count until a day. `cargo sequester approve NAME --id ID --until DATE --reason TEXT` writes it.",
        keys: &[
            Key("id", None, "Its id, or an alias of it (CVE, GHSA)."),
            Key("crate", None, "For this crate alone; without it for every crate that the advisory is about."),
            Key("reason", None, "Why."),
            Key("until", None, "The last day on which it is ignored, in UTC."),
            Key(
                "justification",
                None,
                "Why the package is not affected, in the words of VEX, such as `vulnerable_code_not_in_execute_path`; without it `vex` says that it is.",
            ),
        ],
    },
    Table {
        header: "[sources]",
        about: "Where packages may come from. crates.io is always known, and so are folders of the workspace.",
        keys: &[
            Key("allow-registries", Some("[]"), "Further registries: names of `[registries]` or addresses."),
            Key(
                "mirrors",
                Some("[]"),
                "Registries that may stand in for crates.io. A replacement that is not named here leaves the run undecided.",
            ),
        ],
    },
    Table {
        header: "[[sources.allow-git]]",
        about: "Git repositories from which packages may come, also written as a list of inline tables. Nothing quarantines what comes from them.",
        keys: &[
            Key("url", None, "The address; it stands for what lies below it by whole segments of the path."),
            Key("rev", None, "Only this commit, by its whole id."),
            Key("reason", None, "Why."),
        ],
    },
    Table {
        header: "[bans]",
        about: "What may not be built, whatever its age.",
        keys: &[Key("deny", Some("[]"), "`\"name\"`, or `\"name@REQUIREMENT\"` as in `\"time@<0.2\"`.")],
    },
    Table {
        header: "[licenses]",
        about: "Under which licences packages may come.",
        keys: &[Key(
            "allow",
            Some("[]"),
            "SPDX ids, each with `WITH` and an exception where it has one. Empty: licences are not looked at.",
        )],
    },
    Table {
        header: "[[licenses.exception]]",
        about: "What releases of one crate may have beside the list.",
        keys: &[
            Key("crate", None, "The crate."),
            Key("version", None, "Which of its releases, as a requirement; all where it is left out."),
            Key("allow", None, "SPDX ids."),
        ],
    },
    Table {
        header: "[[licenses.clarify]]",
        about: "What the licence files of a crate are, in place of what its manifest says. It counts as long as the files have these bytes.",
        keys: &[
            Key("crate", None, "The crate."),
            Key("version", None, "Which of its releases, as a requirement; all where it is left out."),
            Key("expression", None, "An SPDX expression."),
            Key("files", None, "The files that were read: `{ path = \"LICENSE\", sha256 = \"…\" }`."),
        ],
    },
    Table {
        header: "[sbom.supplier]",
        about: "Who hands out the project's own packages, for `sbom` and `vex`; it judges nothing. At least one of the two addresses is required.",
        keys: &[
            Key("name", None, "The name of the person or organisation."),
            Key("email", None, "An address that reaches them."),
            Key("url", None, "Their page."),
        ],
    },
    Table {
        header: "[[approval]]",
        about: "A person's exemption of exactly these bytes from exactly these reasons. `cargo sequester approve` writes it, `revoke` takes it away.",
        keys: &[
            Key("crate", None, "The crate."),
            Key("registry", Some("\"crates-io\""), "Its registry: a name of `[registries]` or an address."),
            Key("version", None, "One exact version."),
            Key("checksum", None, "The SHA-256 of its `.crate` file."),
            Key("lifts", None, "The codes of the reasons that it lifts."),
            Key("reason", None, "Why."),
            Key("by", None, "Who."),
            Key("at", None, "Since which day."),
            Key("until", None, "The last day on which it counts, in UTC. Required where time does not lift a reason."),
        ],
    },
];

fn problems(text: &str) -> Vec<Problem> {
    match parse(text, Utf8Path::new("sequester.toml")) {
        Err(PolicyError::Invalid { problems, .. }) => problems,
        Ok(_) | Err(PolicyError::Absent { .. } | PolicyError::Unreadable { .. }) => Vec::new(),
    }
}

/// The keys that the reader asks for in a table that begins so, and those that must be there; `None` where there is no such table.
fn asked_for(header: &str) -> Option<(BTreeSet<&'static str>, BTreeSet<String>)> {
    let problems = problems(&format!("{header}\n{UNKNOWN} = 1\n"));
    let known = problems.iter().find_map(|problem| {
        let Fault::UnknownKey { known } = &problem.fault else { return None };
        problem.key.as_deref()?.ends_with(UNKNOWN).then(|| known.iter().copied().collect())
    })?;
    let missing = problems.iter().filter(|problem| problem.fault == Fault::Missing);
    let last = |problem: &Problem| Some(problem.key.as_deref()?.rsplit('.').next()?.to_owned());
    Some((known, missing.filter_map(last).collect()))
}

/// Every table with its keys, by how it begins.
fn tables() -> BTreeMap<String, BTreeSet<&'static str>> {
    let mut found = BTreeMap::new();
    let (mut open, mut keys) = (Vec::new(), asked_for("").unwrap().0);
    let mut path = String::new();
    loop {
        open.extend(keys.iter().filter_map(|key| form(&path, key)));
        let values: BTreeSet<&str> = keys.iter().copied().filter(|key| form(&path, key).is_none()).collect();
        if !values.is_empty() {
            found.insert(path.clone(), values);
        }
        let Some(next) = open.pop() else { return found };
        keys = asked_for(&next).unwrap().0;
        path = next;
    }
}

/// How the table under this key begins; `None` where the key has a value.
fn form(within: &str, key: &str) -> Option<String> {
    let path = within.trim_matches(['[', ']']);
    let path = if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    [format!("[{path}]"), format!("[[{path}]]"), format!("[{path}.NAME]")]
        .into_iter()
        .find(|header| asked_for(header).is_some())
}

fn page() -> String {
    let mut page = String::from(
        "# `sequester.toml`\n\nThe policy lies beside the workspace's `Cargo.toml`, or in a folder above it in the same git repository; the nearest counts, alone. Every key is optional but for those that are called \
         required, and those only where their table is there. A key that does not exist is an error, with its line, and so is a value that cannot be meant. Days are TOML dates or strings, `2026-12-31`.\n\n\
         This page is written from the program's own reader.\n",
    );
    for table in TABLES {
        let (_, required) = asked_for(table.header).unwrap();
        write!(
            page,
            "\n## `{}`\n\n{}\n\n| key | default | what it is for |\n|---|---|---|\n",
            table.header, table.about
        )
        .unwrap();
        for Key(key, default, text) in table.keys {
            let default = match default {
                _ if required.contains(*key) => "required".to_owned(),
                Some(default) => format!("`{default}`"),
                None => "none".to_owned(),
            };
            writeln!(page, "| `{key}` | {default} | {text} |").unwrap();
        }
    }
    page
}

#[test]
fn every_key_of_a_policy_is_described_and_no_other() {
    let described: BTreeMap<String, BTreeSet<&str>> =
        TABLES.iter().map(|table| (table.header.to_owned(), table.keys.iter().map(|key| key.0).collect())).collect();
    assert_eq!(tables(), described, "what the reader asks for (left) is described in TABLES (right) of {}", file!());
}

#[test]
fn the_defaults_that_are_told_are_the_ones_that_hold() {
    let plain = |text: &str| {
        let mut file = parse(text, Utf8Path::new("sequester.toml")).unwrap_or_else(|error| panic!("{text}\n{error}"));
        // Where a value stands is no part of it.
        file.policy.quarantine.min_publish_age.origin = PolicyFile::default().policy.quarantine.min_publish_age.origin;
        file
    };
    // A table with a key that must be there has no defaults.
    let is_whole = |table: &&Table| !asked_for(table.header).unwrap().1.is_empty();
    for table in TABLES.iter().filter(|table| !is_whole(table) && !table.header.contains("NAME")) {
        for Key(key, default, _) in table.keys {
            let default = default.unwrap_or_else(|| panic!("{key} of {} has a default", table.header));
            let read = plain(&format!("{}\n{key} = {default}\n", table.header));
            assert_eq!(read, plain(""), "{key} of {}", table.header);
        }
    }
}

#[test]
fn the_page_says_what_the_reader_reads() {
    let written = crate::files::regular::text(Utf8Path::new(PAGE), crate::files::regular::Links::Followed, 1 << 20);
    assert_eq!(
        written.unwrap_or_default(),
        page(),
        "look at what `cargo test --lib write_policy_reference -- --ignored` changes"
    );
}

#[test]
#[ignore = "writes docs/policy.md"]
fn write_policy_reference() {
    std::fs::write(PAGE, page()).unwrap();
}
