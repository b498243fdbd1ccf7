//! Whatever the file says: our keys are as wanted, and every line outside them is there, byte for byte and in order.

use proptest::prelude::*;

use super::{allowed, wanted};
use cargo_sequester::door::write::cargo_config::spliced;

/// Lines that make up a configuration, with ours among them in odd places.
fn section() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "# a comment\n",
        "\n",
        "   \n",
        "[alias]\nb = \"build\" # x\n",
        "[build]\nrustflags = [\n  \"-C\", # one\n  \"debuginfo=0\",\n]\n",
        "[net]\nretry = 3\n\n",
        "[source.crates-io]\nprotocol = 'x'\n",
        "[source.crates-io] # with ours\n# before\nreplace-with = 'sequestered'\n# after\n",
        "[source.mine]\nregistry = \"sparse+https://r.example.org/\"\n",
        "[source.sequestered]\n# where\ndirectory = \"elsewhere\"\n",
        "[source.sequestered-local]\nlocal-registry = \"x\"\n",
        "[sequester]\nversion = 1\n",
        "[sequester.allow]\n# one\n\"zzz@1.0.0\" = { tree = \"x\" }\n# two\n",
        "[sequester.allow]\n\"bar@1.0.0\" = { tree = \"x\" } # stale\n",
        "[target.'cfg(unix)']\nrunner = \"r\"\n",
        "[env]\nTEXT = '''\n[source.crates-io]\nreplace-with = \"no\"\n'''\n",
    ])
}

fn is_ours(line: &str) -> bool {
    let line = line.trim_start();
    ["replace-with = 'seq", "directory = ", "local-registry", "[source.sequestered", "\"zzz@", "\"bar@", "\"foo@"]
        .iter()
        .any(|start| line.starts_with(start))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, max_global_rejects: 65536, ..ProptestConfig::default() })]

    #[test]
    fn g5_lines_outside_our_keys_stay(
        sections in prop::collection::vec(section(), 0..9),
        crlf: bool,
        mark: bool,
        cut: bool,
    ) {
        let mut original = sections.concat();
        if cut { original.truncate(original.trim_end().len()); }
        if crlf { original = original.replace('\n', "\r\n"); }
        if mark { original.insert(0, '\u{feff}'); }
        // The same table twice is no TOML.
        prop_assume!(original.trim_start_matches('\u{feff}').parse::<toml::Table>().is_ok());

        let allow = allowed(&["bar@1.0.0", "foo@2.0.0"]);
        let result = spliced(Some(original.as_bytes()), &wanted(&allow)).unwrap();
        prop_assert_eq!(&spliced(Some(&result), &wanted(&allow)).unwrap(), &result);
        let result = String::from_utf8(result).unwrap();

        let parsed: toml::Table = result.trim_start_matches('\u{feff}').parse().unwrap();
        prop_assert_eq!(parsed["source"]["crates-io"]["replace-with"].as_str(), Some("sequestered"));
        prop_assert_eq!(parsed["source"]["sequestered"].as_table().unwrap().len(), 1);
        prop_assert_eq!(parsed["source"]["sequestered"]["directory"].as_str(), Some("vendor"));
        prop_assert_eq!(parsed["sequester"]["allow"].as_table().unwrap().len(), 2);

        let plain = original.trim_start_matches('\u{feff}');
        prop_assert_eq!(result.starts_with('\u{feff}'), mark);
        let mut after = result.trim_start_matches('\u{feff}').split_inclusive('\n');
        for line in plain.split_inclusive('\n').filter(|line| !is_ours(line)) {
            let line = if line.ends_with('\n') { line.to_owned() } else { format!("{line}{}", if crlf && original.contains('\n') { "\r\n" } else { "\n" }) };
            prop_assert!(after.any(|kept| kept == line || kept == line.trim_end()), "{:?} is gone from\n{}", line, result);
        }
        prop_assert_eq!(result.ends_with('\n'), plain.is_empty() || plain.ends_with('\n'));
    }
}
