//! Cargo's own words.

use std::collections::BTreeSet;

use crate::gather::cargo_config::STAND_IN;

/// What could be a crate in what cargo says from its first error on: everything in backticks that begins with a name. It tells where to look
/// first, and never what is the matter.
pub(super) fn crates_named(words: &str) -> BTreeSet<String> {
    let words = error_of(words);
    let quoted = words.split('`').skip(1).step_by(2);
    let names = quoted.map(|part| part.split([' ', '@']).next().unwrap_or_default());
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    names.filter(|name| !name.is_empty() && name.bytes().all(plain)).map(str::to_owned).collect()
}

/// What cargo says from its first error on, without the functions of its own that it was in (`RUST_BACKTRACE`).
pub(super) fn error_of(words: &str) -> String {
    let lines = words.lines().skip_while(|line| !line.starts_with("error"));
    let lines = lines.take_while(|line| !line.to_ascii_lowercase().starts_with("stack backtrace"));
    lines.filter(|line| !is_misleading(line)).collect::<Vec<_>>().join("\n")
}

/// What cargo guesses about replaced sources, which does not hold for this one.
fn is_misleading(line: &str) -> bool {
    line.starts_with("perhaps a crate was updated and forgotten to be re-vendored")
        || (line.contains("location searched") && line.contains(STAND_IN))
}

/// Whole lines of cargo's words, to be heard: nobody knows the sources that stand in for registries. `overrides` are the values of
/// `--config` by which they do.
pub(super) fn reworded(words: &[u8], overrides: &[String]) -> Vec<u8> {
    if !words.windows(STAND_IN.len()).any(|part| part == STAND_IN.as_bytes()) {
        return words.to_vec();
    }
    let text = String::from_utf8_lossy(words);
    let mut text: String = text.split_inclusive('\n').filter(|line| !is_misleading(line)).collect();
    for value in overrides {
        let Some((key, stand_in)) = value.split_once(".replace-with=") else { continue };
        let registry = key.trim_start_matches("source.").trim_matches(['"', '\'']);
        let registry = if registry == "crates-io" { "crates.io".to_owned() } else { format!("`{registry}`") };
        text = text.replace(&format!("`{}`", stand_in.trim_matches(['"', '\''])), &registry);
    }
    text.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::{crates_named, error_of, reworded};

    #[test]
    fn a_stand_in_has_the_name_of_its_registry() {
        let overrides = [
            "source.sequester-filter.registry=\"sparse+http://127.0.0.1:1/\"",
            "source.\"crates-io\".replace-with=\"sequester-filter\"",
            "source.\"corp\".replace-with=\"sequester-filterx\"",
        ]
        .map(str::to_owned);
        let words = b"    Updating `sequester-filterx` index\n    Updating `sequester-filter` index\n\
                      location searched: `sequester-filter` index (which is replacing registry `crates-io`)\nAdding x\n";
        let heard = String::from_utf8_lossy(&reworded(words, &overrides)).into_owned();
        assert_eq!(heard, "    Updating `corp` index\n    Updating crates.io index\nAdding x\n");
        assert_eq!(reworded(b"perhaps \xff", &overrides), b"perhaps \xff");
    }

    #[test]
    fn what_stands_before_the_error_is_left_out() {
        let words = "    Updating `index`\nerror: failed to select a version for the requirement `bar = \"^1.1\"` (locked to 1.1.0)\n\
                     required by package `app v0.1.0 (/tmp/app)`\nstack backtrace:\n `no`\n";
        assert!(error_of(words).starts_with("error: failed"));
        assert_eq!(crates_named(words).into_iter().collect::<Vec<_>>(), ["app", "bar"]);
    }
}
