//! The quick way through a lock file that is laid out as cargo lays it out, which nearly every one is: line by line, in a small part of the
//! time that TOML takes. A history of lock files is thousands of them.
//!
//! Whatever has any other line is left to the TOML reader: one that is spelled otherwise, says something twice, or is wrong.

use std::borrow::Cow;

use memchr::Memchr;

use super::graph::{RawLockFile, RawPackage, Text};

/// What the file says, as TOML would have it; `None` for one that is not laid out so.
pub(super) fn as_written(text: &str) -> Option<RawLockFile<'_>> {
    // A line that ends otherwise, or a value with an escape, is TOML's to read.
    if memchr::memchr2(b'\\', b'\r', text.as_bytes()).is_some() {
        return None;
    }
    let mut file = RawLockFile::default();
    let mut lines = Lines::of(text);
    while let Some(line) = lines.next() {
        match line {
            "" => {}
            "[[package]]" => file.package.push(package(&mut lines)?),
            // It is the last table, so that nothing below can belong to another.
            "[metadata]" => {
                for line in lines.by_ref() {
                    let (key, value) = line.split_once(" = ")?;
                    if file.metadata.insert(Text::of(quoted(key)?), Text::of(quoted(value)?)).is_some() {
                        return None;
                    }
                }
            }
            _ if line.starts_with('#') && is_plain(line) => {}
            // Below a package it would be the package's.
            _ if file.version.is_none() && file.package.is_empty() => {
                let version = line.strip_prefix("version = ")?;
                file.version = version.parse().ok().filter(|_| matches!(version.as_bytes(), [b'1'..=b'9']));
                file.version?;
            }
            _ => return None,
        }
    }
    Some(file)
}

/// The lines of a text that has no `\r`, as [`str::lines`] gives them in twice the time.
struct Lines<'a> {
    text: &'a str,
    ends: Memchr<'a>,
    begin: usize,
}

impl<'a> Lines<'a> {
    fn of(text: &'a str) -> Self {
        Self { text, ends: memchr::memchr_iter(b'\n', text.as_bytes()), begin: 0 }
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let Some(end) = self.ends.next() else {
            let last = self.text.get(self.begin..).filter(|last| !last.is_empty());
            self.begin = self.text.len();
            return last;
        };
        let line = self.text.get(self.begin..end);
        self.begin = end + 1;
        line
    }
}

/// What a package may have beside its dependencies.
const KEYS: [&str; 5] = ["name = ", "version = ", "source = ", "checksum = ", "replace = "];

/// The lines below a `[[package]]`, up to an empty one.
fn package<'a>(lines: &mut Lines<'a>) -> Option<RawPackage<'a>> {
    let mut texts: [Option<&'a str>; 5] = [None; 5];
    let mut dependencies = None;
    while let Some(line) = lines.next().filter(|line| !line.is_empty()) {
        if let Some(opening) = line.strip_prefix("dependencies = ") {
            if dependencies.replace(list(opening, lines)?).is_some() {
                return None;
            }
            continue;
        }
        let (text, value) = texts.iter_mut().zip(KEYS).find_map(|(text, key)| Some((text, line.strip_prefix(key)?)))?;
        if text.replace(quoted(value)?).is_some() {
            return None;
        }
    }
    let [name, version, source, checksum, replace] = texts;
    Some(RawPackage {
        name: Cow::Borrowed(name?),
        version: Cow::Borrowed(version?),
        source: source.map(Cow::Borrowed),
        checksum: checksum.map(Cow::Borrowed),
        dependencies: dependencies.unwrap_or_default(),
        replace: replace.map(Text::of),
    })
}

/// A list with a line for each text.
fn list<'a>(opening: &str, lines: &mut Lines<'a>) -> Option<Vec<Text<'a>>> {
    if opening != "[" {
        return None;
    }
    let mut all = Vec::new();
    loop {
        let line = lines.next()?;
        if line == "]" {
            return Some(all);
        }
        all.push(Text::of(quoted(line.strip_prefix(' ')?.strip_suffix(',')?)?));
    }
}

/// What stands between two quotes, letter by letter.
fn quoted(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('"')?.strip_suffix('"')?;
    // All of it in any case, so that many letters are looked at together.
    let others = inner.bytes().map(|byte| u32::from(is_control(byte) || byte == b'"')).sum::<u32>();
    (others == 0).then_some(inner)
}

/// Whether a text has no control characters, which TOML does not take or not everywhere.
fn is_plain(text: &str) -> bool {
    !text.bytes().any(is_control)
}

const fn is_control(byte: u8) -> bool {
    byte < b' ' || byte == 0x7f
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by it")]

    use proptest::prelude::*;

    use super::as_written;
    use crate::gather::lock_file::graph::RawLockFile;

    const LINES: [&str; 34] = [
        "",
        "version = 4",
        "version = 3",
        "version = 04",
        "version = \"4\"",
        "# by cargo",
        "# a \u{7f}",
        "[[package]]",
        "[[package]] ",
        "[[package]]\r",
        "[package]",
        "[root]",
        "[metadata]",
        "[[patch.unused]]",
        "name = \"a\"",
        "name = \"b\" ",
        "name = 'a'",
        "name = \"a\\u0062\"",
        "name = \"\"\"a\"\"\"",
        "name = \"a\" # b",
        "version = \"1.0.0\"",
        "source = \"registry+https://github.com/rust-lang/crates.io-index\"",
        "checksum = \"00\"",
        "checksum = \"\"",
        "replace = \"a\"",
        "dependencies = [",
        "dependencies = []",
        "dependencies = [\"a\"]",
        " \"a\",",
        " \"b 1.0.0 (x)\",",
        " \"b\"",
        "]",
        "\"checksum a 1.0.0 (x)\" = \"<none>\"",
        "unknown = \"\u{e9}\"",
    ];

    fn text(lines: &[&str]) -> String {
        lines.iter().flat_map(|line| [line, "\n"]).collect()
    }

    /// As cargo writes it, and with some lines in the place of others.
    fn files() -> impl Strategy<Value = String> {
        let package = prop::collection::vec(prop::sample::select(&LINES[20..25]), 0..3).prop_map(|more| {
            let all = ["[[package]]", "name = \"a\"", "version = \"1.0.0\""].into_iter().chain(more);
            text(&all.chain(["dependencies = [", " \"a\",", "]", ""]).collect::<Vec<_>>())
        });
        let whole = prop::collection::vec(package, 0..3).prop_map(|all| format!("version = 4\n\n{}", all.concat()));
        let spoilt = (whole, prop::collection::vec((0..30_usize, prop::sample::select(&LINES[..])), 0..3));
        let spoilt = spoilt.prop_map(|(whole, changes)| {
            let mut lines: Vec<&str> = whole.lines().collect();
            for (at, line) in changes {
                let at = at % (lines.len() + 1);
                lines.insert(at, line);
                if at.is_multiple_of(2) && at + 1 < lines.len() {
                    lines.remove(at + 1);
                }
            }
            text(&lines)
        });
        prop_oneof![spoilt, prop::collection::vec(prop::sample::select(&LINES[..]), 0..12).prop_map(|all| text(&all))]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 4096, ..ProptestConfig::default() })]

        #[test]
        fn what_is_read_line_by_line_is_what_toml_reads(text in files()) {
            let toml = toml::from_str::<RawLockFile<'_>>(&text).ok();
            if let Some(quick) = as_written(&text) {
                prop_assert!(toml.as_ref() == Some(&quick), "{text}");
            }
        }
    }

    #[test]
    fn what_cargo_writes_is_read_line_by_line() {
        let own = include_str!("../../../Cargo.lock");
        assert!(as_written(own).unwrap() == toml::from_str(own).unwrap());
        let first = "[[package]]\nname = \"a\"\nversion = \"1.0.0\"\ndependencies = [\n \"b 1.0.0 (x)\",\n]\n\n[metadata]\n\"checksum b 1.0.0 (x)\" = \"00\"\n";
        assert!(as_written(first).unwrap() == toml::from_str(first).unwrap());
        assert!(as_written("version = 4\n\n[[package]]\nname = \"a\"\n").is_none(), "it has no version");
    }
}
