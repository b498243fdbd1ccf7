//! Which versions a requirement accepts, however it is spelled.
//!
//! Some tools publish another spelling than the manifest's: `>=0.17.0, <0.18.0` for `^0.17.0`, `^0.3` for `0.3.*`.

use semver::{Comparator, Op, Version, VersionReq};

/// From one version, included, to another, excluded; without pre-releases.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum RequirementRange {
    /// All from the first up to the second, where there is one.
    Between(Version, Option<Version>),
    /// A requirement that names a pre-release, as it is written: which of those it accepts depends on more than the bounds.
    Written(String),
}

impl RequirementRange {
    pub(super) fn of(req: &VersionReq) -> Self {
        let mut from = Version::new(0, 0, 0);
        let mut to: Option<Version> = None;
        for comparator in &req.comparators {
            let Some((lower, upper)) = bounds(comparator) else { return Self::Written(req.to_string()) };
            from = from.max(lower);
            to = match (to, upper) {
                (Some(one), Some(other)) => Some(one.min(other)),
                (one, other) => one.or(other),
            };
        }
        Self::Between(from, to)
    }
}

/// By semver's grammar, as cargo reads it. `None` for a pre-release, and for an operator of the future.
fn bounds(comparator: &Comparator) -> Option<(Version, Option<Version>)> {
    let Comparator { op, major, minor, patch, pre } = comparator;
    if !pre.is_empty() {
        return None;
    }
    let (major, zero) = (*major, Version::new(0, 0, 0));
    let lower = Version::new(major, minor.unwrap_or(0), patch.unwrap_or(0));
    // The first version beyond all that have the given parts.
    let beyond = match (minor, patch) {
        (None, _) => Version::new(major.saturating_add(1), 0, 0),
        (Some(minor), None) => Version::new(major, minor.saturating_add(1), 0),
        (Some(minor), Some(patch)) => Version::new(major, *minor, patch.saturating_add(1)),
    };
    Some(match op {
        Op::Exact | Op::Wildcard => (lower, Some(beyond)),
        Op::Greater => (beyond, None),
        Op::GreaterEq => (lower, None),
        Op::Less => (zero, Some(lower)),
        Op::LessEq => (zero, Some(beyond)),
        Op::Tilde => match minor {
            Some(minor) => (lower, Some(Version::new(major, minor.saturating_add(1), 0))),
            None => (lower, Some(beyond)),
        },
        Op::Caret => match (major, minor, patch) {
            (0, Some(0), Some(_)) => (lower, Some(beyond)),
            (0, Some(minor), _) => (lower, Some(Version::new(0, minor.saturating_add(1), 0))),
            (major, _, _) => (lower, Some(Version::new(major.saturating_add(1), 0, 0))),
        },
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn range(req: &str) -> RequirementRange {
        RequirementRange::of(&req.parse().unwrap_or_default())
    }

    #[test]
    fn spellings_of_one_requirement_are_one_range() {
        for (one, other) in [
            ("^0.17.0", ">=0.17.0, <0.18.0"),
            ("0.3.*", "^0.3"),
            ("1", ">=1.0.0, <2.0.0"),
            ("~1.2", "1.2.*"),
            ("=1.2.3", ">1.2.2, <=1.2.3"),
            ("^0.0.3", "=0.0.3"),
            ("^0.0", "~0.0"),
            ("*", ">=0.0.0"),
        ] {
            assert_eq!(range(one), range(other), "{one} {other}");
        }
        for (one, other) in [("^0.17.0", "^0.17.1"), ("1", ">=1"), ("1.0.0-a", "1.0.0"), ("1.0.0-a", "1.0.0-b")] {
            assert_ne!(range(one), range(other), "{one} {other}");
        }
    }

    proptest! {
        #[test]
        fn a_range_accepts_what_the_requirement_accepts(
            op in prop::sample::select(vec!["", "=", ">", ">=", "<", "<=", "~", "^"]),
            (major, minor, patch) in (0_u64..3, prop::option::of(0_u64..3), prop::option::of(0_u64..3)),
            version in (0_u64..4, 0_u64..4, 0_u64..4),
        ) {
            let patch = patch.filter(|_| minor.is_some());
            let parts = [Some(major), minor, patch].into_iter().flatten().map(|part| part.to_string());
            let text = format!("{op}{}", parts.collect::<Vec<_>>().join("."));
            let req: VersionReq = text.parse().map_err(|_| TestCaseError::reject("no requirement"))?;
            let version = Version::new(version.0, version.1, version.2);
            let RequirementRange::Between(from, to) = RequirementRange::of(&req) else { panic!("{text}") };
            let within = version >= from && to.is_none_or(|to| version < to);
            prop_assert_eq!(within, req.matches(&version), "{} {}", text, version);
        }
    }
}
