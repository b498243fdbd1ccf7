//! `.cargo/config.toml` is changed in our keys and nowhere else.

mod laws;
mod obeyed;

use cargo_sequester::door::gather::allow_list::{self, AllowListError};
use cargo_sequester::door::model::allow_list::{AllowList, AllowedId, AllowedRelease};
use cargo_sequester::door::model::checksum::Checksum;
use cargo_sequester::door::model::package::PackageId;
use cargo_sequester::door::model::source::{GitSource, Registry, Source};
use cargo_sequester::door::write::cargo_config::{
    ConfigError, ConfigFile, Location, Replaced, SpliceError, Wanted, spliced,
};

pub fn allowed(ids: &[&str]) -> AllowList {
    let releases = ids.iter().enumerate().map(|(at, id)| {
        let byte = u8::try_from(at).unwrap();
        let checksum = (!id.starts_with("git+")).then(|| Checksum::from_bytes([byte; 32]));
        let tree = Checksum::from_bytes([byte + 100; 32]);
        (id.parse().unwrap(), AllowedRelease { checksum, tree, stub: id.contains("stub") })
    });
    AllowList { releases: releases.collect(), ..AllowList::default() }
}

pub fn wanted(allow: &AllowList) -> Wanted<'_> {
    Wanted { location: Location::Directory("vendor"), replaced: &[], allow }
}

fn text(original: &str, wanted: &Wanted<'_>) -> String {
    String::from_utf8(spliced(Some(original.as_bytes()), wanted).unwrap()).unwrap()
}

/// The result, which a second run leaves as it is.
fn settled(original: &str, wanted: &Wanted<'_>) -> String {
    let once = text(original, wanted);
    assert_eq!(text(&once, wanted), once, "a second run changes something");
    once
}

const ZEROS: &str = "0000000000000000000000000000000000000000000000000000000000000000";
const HUNDRED: &str = "6464646464646464646464646464646464646464646464646464646464646464";

#[test]
fn without_a_file_the_block_is_as_the_design_shows_it() {
    let allow = allowed(&["serde@1.0.228"]);
    let block = String::from_utf8(spliced(None, &wanted(&allow)).unwrap()).unwrap();
    assert_eq!(
        block,
        format!(
            "[source.crates-io]\nreplace-with = \"sequestered\"\n[source.sequestered]\ndirectory = \"vendor\"\n[sequester]\nversion = 1\n\
             [sequester.allow]\n\"serde@1.0.228\" = {{ checksum = \"{ZEROS}\", tree = \"{HUNDRED}\" }}\n"
        )
    );
    assert_eq!(settled(&block, &wanted(&allow)), block);
}

#[test]
fn g5_comments_order_line_endings_mark_and_missing_final_newline_stay() {
    let allow = allowed(&["bar@1.0.0"]);
    let original = "\u{feff}# ours\r\n[alias]\r\nb = \"build\"   # short\r\n\r\n[build]\r\njobs=2";
    let result = settled(original, &wanted(&allow));
    let rest = result.strip_prefix(original).expect("the original is the beginning");
    assert!(rest.starts_with("\r\n\r\n[source.crates-io]\r\n"), "{rest:?}");
    assert!(!rest.ends_with('\n') && !rest.replace("\r\n", "").contains('\n'), "{rest:?}");

    // In place: a table of crates.io's with another key, a list with a comment in it and one entry too many, another source.
    let original = "[sequester.allow] # do not edit\n# kept for the release\n\"aaa@1.0.0\" = { tree = \"x\" } # old\n\n[source.crates-io] # hi\nprotocol = \"x\"\n# end\n\n\
                    [source.mine]\nregistry = \"https://r.example.org/i\"\n[sequester]\nversion = 1\n";
    let result = settled(original, &wanted(&allow));
    for line in original.lines().filter(|line| !line.starts_with("\"aaa@")) {
        assert!(result.lines().any(|kept| kept == line), "{line:?} is gone from:\n{result}");
    }
    assert!(result.contains("# hi\nprotocol = \"x\"\nreplace-with = \"sequestered\"\n# end\n"), "{result}");
    assert!(result.starts_with("[sequester.allow] # do not edit\n\"bar@1.0.0\" = { checksum"), "{result}");
}

#[test]
fn g5_a_second_run_and_a_shorter_list_touch_their_lines_only() {
    let three = allowed(&["bar@1.0.0", "baz@2.0.0", "foo@3.0.0"]);
    let before = settled("# top\n", &wanted(&three));
    let before = before.replace("\"baz@2.0.0\"", "# about baz\n\"baz@2.0.0\"");
    let mut two = three.clone();
    two.releases.remove(&"bar@1.0.0".parse().unwrap());
    let after = settled(&before, &wanted(&two));
    let gone: Vec<&str> = before.lines().filter(|line| !after.contains(line)).collect();
    assert_eq!(gone.len(), 1, "{gone:?}");
    assert!(gone[0].starts_with("\"bar@1.0.0\""));
    assert_eq!(settled(&after, &wanted(&three)), before);
}

#[test]
fn dotted_and_inline_tables_are_changed_in_their_own_form() {
    let allow = allowed(&[]);
    let dotted = settled("source.crates-io.protocol = \"x\"\nnet.offline = true\n", &wanted(&allow));
    assert!(
        dotted.starts_with(
            "source.crates-io.protocol = \"x\"\nsource.crates-io.replace-with = \"sequestered\"\nnet.offline = true\n"
        ),
        "{dotted}"
    );
    let inline = settled("[source]\ncrates-io = { protocol = \"x\" } # c\n", &wanted(&allow));
    assert!(
        inline.starts_with("[source]\ncrates-io = { replace-with = \"sequestered\", protocol = \"x\" } # c\n"),
        "{inline}"
    );

    let error = spliced(Some(b"[net]\nretry = 1\n\n[x]\n[x.y]\n\nsource = 1\n"), &wanted(&allow));
    assert!(error.is_ok(), "a key of that name in another table is nobody's business");
    let whole = spliced(Some(b"# c\nsource = { }\n"), &wanted(&allow)).unwrap_err();
    assert!(matches!(whole, SpliceError::Shape { line: 2, .. }), "{whole}");
}

/// Whichever of TOML's forms somebody gave it.
#[test]
fn the_other_name_of_our_source_goes_whole_and_nothing_beside_it() {
    let allow = allowed(&[]);
    for ours in [
        "[source.sequestered-local]\nlocal-registry = \"x\"\n",
        "source.sequestered-local.local-registry = \"x\"\n",
        "[source]\nsequestered-local.local-registry = \"x\"\n",
        "[source]\nsequestered-local = { local-registry = \"x\" }\n",
        "[source.sequestered-local]\nmore.deep.a = 1\nlocal-registry = \"x\"\n",
        "[source.sequestered-local]\n[source.sequestered-local.more]\na = 1\n[source.sequestered-local.more.deep]\nb = 1\n",
    ] {
        let result = settled(&format!("net.offline = true # c\n{ours}\n[build]\njobs = 2\n"), &wanted(&allow));
        let parsed: toml::Table = result.parse().unwrap();
        let sources: Vec<&String> = parsed["source"].as_table().unwrap().keys().collect();
        assert_eq!(sources, ["crates-io", "sequestered"], "{result}");
        assert!(result.starts_with("net.offline = true # c\n"), "{result}");
        assert!(result.contains("\n[build]\njobs = 2\n"), "{result}");
    }
    // What would have to be taken out of the middle of a line, or is no table at all, is left to whoever wrote it.
    for (line, odd) in [
        (1, "source = { sequestered-local = { local-registry = \"x\" } }\n"),
        (1, "source = { crates-io.protocol = \"x\" }\n"),
        (2, "[source.sequestered-local]\n[[source.sequestered-local.more]]\n"),
        (1, "[source.sequestered.directory]\nx = 1\n"),
    ] {
        let error = spliced(Some(odd.as_bytes()), &wanted(&allow)).unwrap_err();
        assert!(matches!(error, SpliceError::Shape { line: of, .. } if of == line), "{odd}: {error}");
    }
}

#[test]
fn g6_a_conflicting_replacement_is_refused_with_the_difference() {
    let allow = allowed(&["bar@1.0.0"]);
    let original = b"# mirror\n[source.crates-io]\nreplace-with = \"mirror\" # of ours\n[source.mirror]\nregistry = \"sparse+https://m.example.org/\"\n";
    let error = spliced(Some(original), &wanted(&allow)).unwrap_err();
    let SpliceError::Conflict { line, key, old, new } = &error else { panic!("{error}") };
    assert_eq!((*line, key.as_str()), (3, "source.crates-io.replace-with"));
    assert_eq!((old.as_str(), new.as_str()), ("replace-with = \"mirror\" # of ours", "replace-with = \"sequestered\""));

    let folder = tempfile::tempdir().unwrap();
    let root = camino::Utf8Path::from_path(folder.path()).unwrap();
    std::fs::create_dir(root.join(".cargo")).unwrap();
    std::fs::write(root.join(".cargo/config.toml"), original).unwrap();
    let error = ConfigFile::read(root).unwrap().spliced(&wanted(&allow)).unwrap_err();
    let message = error.to_string();
    assert!(message.contains("/.cargo/config.toml:3: `source.crates-io.replace-with` is set"), "{message}");
    assert!(
        message.contains("\n  - replace-with = \"mirror\"") && message.contains("\n  + replace-with ="),
        "{message}"
    );
}

#[test]
fn the_local_registry_has_a_source_of_another_name_and_takes_the_others_place() {
    let allow = allowed(&["bar@1.0.0"]);
    let directory = settled("", &wanted(&allow));
    let local = Wanted { location: Location::LocalRegistry("third-party/registry"), ..wanted(&allow) };
    let result = settled(&directory, &local);
    assert!(result.contains("[source.sequestered-local]\nlocal-registry = \"third-party/registry\"\n"), "{result}");
    assert!(result.contains("replace-with = \"sequestered-local\"") && !result.contains("directory ="), "{result}");
    assert!(!result.contains("[source.sequestered]"), "{result}");
    let back = settled(&result, &wanted(&allow));
    assert!(back.contains("directory = \"vendor\"") && !back.contains("local"), "{back}");
}

#[test]
fn other_registries_and_git_sources_are_replaced_under_the_key_they_have_and_let_go_again() {
    let allow = allowed(&["bar@1.0.0"]);
    let replaced = [
        Replaced::Registry(Registry::parse("sparse+https://a.example.org/index/").unwrap()),
        Replaced::Registry(Registry::parse("https://b.example.org/index").unwrap()),
        Replaced::Git(GitSource {
            url: "https://g.example.org/x".into(),
            reference: Some("branch=main".into()),
            commit: None,
        }),
    ];
    let all = Wanted { replaced: &replaced, ..wanted(&allow) };
    let original = "[source.team]\nregistry = \"sparse+https://a.example.org/index/\"\n";
    let result = settled(original, &all);
    assert!(result.starts_with(&format!("{original}replace-with = \"sequestered\"\n")), "{result}");
    assert!(result.contains(
        "[source.\"registry+https://b.example.org/index\"]\nregistry = \"https://b.example.org/index\"\nreplace-with = "
    ));
    assert!(result.contains("[source.\"git+https://g.example.org/x?branch=main\"]\ngit = \"https://g.example.org/x\"\nbranch = \"main\"\nreplace-with = "));
    let fewer = settled(&result, &wanted(&allow));
    assert!(
        fewer.starts_with(original) && !fewer.contains("example.org/x") && !fewer.contains("b.example.org"),
        "{fewer}"
    );
}

#[test]
fn f3_names_are_refused_by_grammar_and_paths_are_quoted() {
    for name in ["a\"]\n[patch.crates-io]", "a b", "a]", ""] {
        let id = PackageId {
            name: name.into(),
            version: "1.0.0".parse().unwrap(),
            source: Source::Registry(Registry::CratesIo),
        };
        let id = AllowedId::of(&id).unwrap();
        let release = AllowedRelease { checksum: None, tree: Checksum::from_bytes([1; 32]), stub: false };
        let allow = AllowList { releases: [(id, release)].into(), ..AllowList::default() };
        assert!(matches!(spliced(None, &wanted(&allow)), Err(SpliceError::Name(_))), "{name:?}");
    }
    let allow = allowed(&[]);
    for path in ["a\nb", "", "a\u{7f}", "a\u{2028}b"] {
        let wanted = Wanted { location: Location::Directory(path), ..wanted(&allow) };
        assert!(matches!(spliced(None, &wanted), Err(SpliceError::Name(_))), "{path:?}");
    }
    for path in ["a\"]", "it's \"x\" \\ y", "]", "#"] {
        let result = settled("", &Wanted { location: Location::Directory(path), ..wanted(&allow) });
        let parsed: toml::Table = result.parse().unwrap();
        assert_eq!(parsed["source"]["sequestered"]["directory"].as_str(), Some(path));
    }
}

#[test]
fn what_is_no_configuration_is_refused() {
    let allow = allowed(&[]);
    assert!(matches!(spliced(Some(b"\xff"), &wanted(&allow)), Err(SpliceError::NotUtf8)));
    assert!(matches!(spliced(Some(b"[a]\n]\n"), &wanted(&allow)), Err(SpliceError::Syntax { line: 2, .. })));
    assert!(matches!(
        spliced(Some(b"[sequester]\nversion = 2\n"), &wanted(&allow)),
        Err(SpliceError::Version { line: 2, .. })
    ));
    let folder = tempfile::tempdir().unwrap();
    let root = camino::Utf8Path::from_path(folder.path()).unwrap();
    std::fs::create_dir(root.join(".cargo")).unwrap();
    std::fs::write(root.join(".cargo/config"), "").unwrap();
    assert!(matches!(ConfigFile::read(root), Err(ConfigError::Legacy { .. })));
}

#[test]
fn the_list_reads_back_as_it_was_written() {
    let allow = allowed(&[
        "bar@1.0.0+a",
        "git+https://g.example.org/x?rev=abc#y@0.1.0",
        "sparse+https://r.example.org/#stub@1.0.0",
    ]);
    let folder = tempfile::tempdir().unwrap();
    let path = camino::Utf8Path::from_path(folder.path()).unwrap().join("config.toml");
    assert_eq!(allow_list::read(&path).unwrap(), None);
    std::fs::write(&path, settled("\u{feff}[net]\r\noffline = true\r\n", &wanted(&allow))).unwrap();
    assert_eq!(allow_list::read(&path).unwrap(), Some(allow));
}

#[test]
fn a_list_that_vendor_would_not_write_is_refused_by_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = camino::Utf8Path::from_path(folder.path()).unwrap().join("config.toml");
    let tree = format!("tree = \"{ZEROS}\"");
    let both = format!("checksum = \"{ZEROS}\", {tree}");
    let cases: &[(&str, u32, &str)] = &[
        ("[sequester]\nversion = 1\nallowed = 1\n[sequester.allow]\n", 3, "unknown key `allowed`"),
        ("[sequester]\nversion = 3\n[sequester.allow]\n", 2, "is 3"),
        ("[sequester]\nversion = \"1\"\n[sequester.allow]\n", 2, "expected an integer"),
        ("[net]\n[sequester]\n[sequester.allow]\n", 2, "`sequester.version` is missing"),
        ("[sequester]\nversion = 1\n", 1, "`sequester.allow` is missing"),
        ("sequester = 1\n", 1, "expected a table"),
        ("[sequester]\nversion = 1\nplatforms = 1\n[sequester.allow]\n", 3, "an array of strings"),
        ("[sequester]\nversion = 1\nplatforms = [\n\"x\", 1]\n[sequester.allow]\n", 3, "an array of strings"),
        ("[sequester]\nversion = 1\n[sequester.allow]\n\"a@1.0.0\" = { B }\n", 4, "unknown key `x`"),
        ("[sequester]\nversion = 1\n[sequester.allow]\n\"a@1.0.0\" = { T }\n", 4, "`checksum` of"),
        ("[sequester]\nversion = 1\n[sequester.allow]\n\"a@1.0.0\" = { tree = \"F\" }\n", 4, "checksum"),
        (
            "[sequester]\nversion = 1\n[sequester.allow]\n\"a@1.0.0\" = { checksum = \"0\", T }\n",
            4,
            "`checksum` of \"a@1.0.0\" is not",
        ),
        ("[sequester]\nversion = 1\n[sequester.allow]\n\"a\" = { C }\n", 4, "not the id of one exact release"),
        ("[sequester]\nversion = 1\n[sequester.allow]\n\"a@1.0.0\" = { C }\n\"a@1.0.0\" = { C }\n", 5, "not TOML"),
        (
            "[sequester]\nversion = 1\n[sequester.allow]\n\"registry+https://github.com/rust-lang/crates.io-index#a@1.0.0\" = { C }\n",
            4,
            "not how the release is listed",
        ),
    ];
    for (source, line, words) in cases {
        let source =
            source.replace("{ B }", &format!("{{ {both}, x = 1 }}")).replace("{ T }", &format!("{{ {tree} }}"));
        let source = source.replace(", T }", &format!(", {tree} }}")).replace("{ C }", &format!("{{ {both} }}"));
        std::fs::write(&path, &source).unwrap();
        let error = allow_list::read(&path).expect_err(&source);
        let AllowListError::Invalid { line: found, .. } = &error else { panic!("{error}") };
        assert_eq!(found, line, "{error}\n{source}");
        assert!(error.to_string().contains(words), "{error}\n{source}");
        assert!(error.to_string().contains("\nhelp: "), "{error}");
    }
}
