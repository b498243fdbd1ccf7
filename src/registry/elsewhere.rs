//! Where an index line leads beside its own registry. Cargo asks every registry that it is led to.

use std::collections::BTreeSet;

use memchr::memmem;
use serde::Deserialize;

use crate::model::source::Registry;

#[derive(Deserialize)]
struct Line {
    #[serde(default)]
    deps: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    #[serde(default)]
    registry: Option<String>,
}

/// Whether any line of this text could: nearly none does, and need not be read. A key may be written with escapes.
pub(super) fn may_be_in(text: &[u8]) -> bool {
    memmem::find(text, b"\"registry\"").is_some() || memmem::find(text, b"\\u").is_some()
}

/// A registry that the line leads to and that is not among `served`. An address that is none leads nowhere: cargo skips the line.
pub(super) fn of(line: &[u8], served: &BTreeSet<Registry>) -> Option<Registry> {
    if !may_be_in(line) {
        return None;
    }
    let read: Line = serde_json::from_slice(line).ok()?;
    let named = read.deps.iter().filter_map(|dependency| Registry::parse(dependency.registry.as_deref()?).ok());
    named.into_iter().find(|registry| !served.contains(registry))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::of;
    use crate::model::source::Registry;

    #[test]
    fn what_is_not_served_is_found_however_it_is_written() {
        let there = Registry::parse("sparse+https://there.example/index/").unwrap();
        let line = |dependency: &str| format!(r#"{{"name":"a","vers":"1.0.0","deps":[{{"name":"b",{dependency}}}]}}"#);
        let none = BTreeSet::new();
        for key in ["registry", r"registr\u0079"] {
            let led = line(&format!(r#""{key}":"sparse+https://there.example/index/""#));
            assert_eq!(of(led.as_bytes(), &none), Some(there.clone()), "{led}");
            assert_eq!(of(led.as_bytes(), &BTreeSet::from([there.clone()])), None, "{led}");
        }
        assert_eq!(of(line(r#""registry":null"#).as_bytes(), &none), None);
        assert_eq!(of(b"no line", &none), None);
    }
}
