//! As much of an index line as a cache entry needs.

use std::borrow::Cow;

use semver::Version;
use serde::Deserialize;

/// The version that a line is about; `None` for a line that is no JSON object with one, which cargo leaves out of its cache too.
///
/// Registries write the name first and the version second, and of such a line no more is read: what is wrong further on comes out
/// when the release is asked about.
pub(super) fn version_of(line: &[u8]) -> Option<Version> {
    #[derive(Deserialize)]
    struct Line<'a> {
        #[serde(borrow)]
        vers: Cow<'a, str>,
    }
    // A zero byte would end the line within the entry, and what follows would be read as another release.
    if memchr::memchr(0, line).is_some() {
        return None;
    }
    if let Some(version) = second(line) {
        return version.parse().ok();
    }
    serde_json::from_slice::<Line<'_>>(line).ok()?.vers.parse().ok()
}

/// The second member's text, where the line begins with a plain `name` and a plain `vers` and ends as an object does.
fn second(line: &[u8]) -> Option<&str> {
    let line = line.trim_ascii();
    if !line.ends_with(b"}") {
        return None;
    }
    let rest = line.strip_prefix(b"{")?;
    let (_, rest) = member(rest, b"\"name\"")?;
    let (version, _) = member(rest.trim_ascii_start().strip_prefix(b",")?, b"\"vers\"")?;
    std::str::from_utf8(version).ok()
}

/// A member of this key with a text without escapes, and what comes behind it.
fn member<'l>(text: &'l [u8], key: &[u8]) -> Option<(&'l [u8], &'l [u8])> {
    let text = text.trim_ascii_start().strip_prefix(key)?.trim_ascii_start().strip_prefix(b":")?;
    let text = text.trim_ascii_start().strip_prefix(b"\"")?;
    let end = memchr::memchr2(b'"', b'\\', text)?;
    let (value, rest) = text.split_at_checked(end)?;
    Some((value, rest.strip_prefix(b"\"")?))
}

#[cfg(test)]
mod tests {
    use super::version_of;

    fn version(line: &str) -> Option<String> {
        version_of(line.as_bytes()).map(|version| version.to_string())
    }

    #[test]
    fn the_version_is_the_lines_own() {
        for line in [
            r#"{"name":"a","vers":"1.0.0+x","deps":[]}"#,
            "{ \"name\" : \"a\" , \"vers\" : \"1.0.0+x\" }\r",
            r#"{"vers":"1.0.0+x","name":"a"}"#,
            r#"{"name":"a\"","vers":"1.0.\u0030+x"}"#,
            r#"{"name":"a","deps":[{"vers":"9.9.9"}],"vers":"1.0.0+x"}"#,
        ] {
            assert_eq!(version(line).as_deref(), Some("1.0.0+x"), "{line}");
        }
    }

    #[test]
    fn what_is_no_release_has_no_version() {
        for line in [
            "",
            "{}",
            "<html>",
            r#"{"name":"a"}"#,
            r#"{"name":"a","vers":"1.0.0""#,
            r#"{"name":"a","vers":"1.0"}"#,
            "{\"name\":\"a\",\"vers\":\"1.0.0\",\"x\":\"\0\"}",
            r#"{"name":"a","vers":["1.0.0"]}"#,
            r#"{"name":"a","vers":"1.0.0","#,
            r#"{"deps":[{"vers":"9.9.9"}]}"#,
        ] {
            assert_eq!(version(line), None, "{line}");
        }
    }
}
