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
    // What cargo guesses about replaced sources does not hold for this one.
    let misleading = |line: &&str| {
        line.starts_with("perhaps a crate was updated and forgotten to be re-vendored")
            || (line.contains("location searched") && line.contains(STAND_IN))
    };
    lines.filter(|line| !misleading(line)).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::{crates_named, error_of};

    #[test]
    fn what_stands_before_the_error_is_left_out() {
        let words = "    Updating `index`\nerror: failed to select a version for the requirement `bar = \"^1.1\"` (locked to 1.1.0)\n\
                     required by package `app v0.1.0 (/tmp/app)`\nstack backtrace:\n `no`\n";
        assert!(error_of(words).starts_with("error: failed"));
        assert_eq!(crates_named(words).into_iter().collect::<Vec<_>>(), ["app", "bar"]);
    }
}
