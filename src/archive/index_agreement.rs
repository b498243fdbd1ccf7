//! Whether an archive's manifest says what the registry's index said when the release was judged.
//!
//! Cargo resolves from the index and builds from the manifest: a dependency that only one of them has was never judged.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use cargo_platform::Platform;
use semver::{Comparator, Op, Version, VersionReq};

use super::manifest::VerifiedManifest;
use crate::model::index_line::{DependencyKind, Release, Requirement};
use crate::model::source::Registry;

/// The first difference between a manifest and its index line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Divergence {
    /// They link different native libraries.
    #[error("the manifest links {}, the index says {}", library(manifest.as_deref()), library(index.as_deref()))]
    Links {
        /// The manifest's `links`.
        manifest: Option<String>,
        /// The index line's.
        index: Option<String>,
    },
    /// A feature that only one has, or that turns on different things.
    #[error("the feature `{}` differs between manifest and index", .0.escape_debug())]
    Feature(String),
    /// A dependency that the index does not have in this form.
    #[error("the manifest depends on `{}`, the index does not", .0.escape_debug())]
    OnlyInManifest(String),
    /// A dependency that the manifest does not have in this form.
    #[error("the index says that it depends on `{}`, the manifest does not", .0.escape_debug())]
    OnlyInIndex(String),
}

fn library(links: Option<&str>) -> String {
    links.map_or_else(|| "nothing".to_owned(), |links| format!("`{}`", links.escape_debug()))
}

/// Compares dependencies, features and `links` as cargo would understand them, whatever their order and spelling. Development
/// dependencies are left out: cargo never resolves or builds those of a registry's package, and old index lines have them wrong.
///
/// # Errors
/// The first difference.
pub fn manifest_agrees(manifest: &VerifiedManifest, release: &Release) -> Result<(), Divergence> {
    if manifest.links != release.links {
        return Err(Divergence::Links { manifest: manifest.links.clone(), index: release.links.clone() });
    }
    features_agree(&manifest.features, &release.features)?;
    let in_manifest = dependencies(&manifest.requirements, Some(&Registry::CratesIo));
    let in_index = dependencies(&release.dependencies, manifest.registry.as_ref());
    if let Some(only) = in_manifest.keys().find(|one| !in_index.contains_key(*one)) {
        return Err(Divergence::OnlyInManifest(only.described(in_manifest.get(only))));
    }
    match in_index.keys().find(|one| !in_manifest.contains_key(*one)) {
        Some(only) => Err(Divergence::OnlyInIndex(only.described(in_index.get(only)))),
        None => Ok(()),
    }
}

/// Each with its requirement as it is written. `home` is the registry that an absent `registry` means.
fn dependencies(requirements: &[Requirement], home: Option<&Registry>) -> BTreeMap<Dependency, String> {
    let built = requirements.iter().filter(|requirement| requirement.kind != DependencyKind::Dev);
    built.map(|requirement| (Dependency::of(requirement, home), requirement.req.to_string())).collect()
}

type Features = BTreeMap<String, Vec<String>>;

fn features_agree(manifest: &Features, index: &Features) -> Result<(), Divergence> {
    let names: BTreeSet<&String> = manifest.keys().chain(index.keys()).collect();
    for name in names {
        let same = match (manifest.get(name), index.get(name)) {
            (Some(one), Some(other)) => set(one) == set(other),
            (None, _) | (_, None) => false,
        };
        if !same {
            return Err(Divergence::Feature(name.clone()));
        }
    }
    Ok(())
}

/// Early cargo published an empty text for "no features".
fn set(values: &[String]) -> BTreeSet<&str> {
    values.iter().map(String::as_str).filter(|value| !value.is_empty()).collect()
}

/// A dependency in one spelling.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Dependency {
    name: String,
    alias: String,
    range: RequirementRange,
    registry: Option<String>,
    kind: DependencyKind,
    optional: bool,
    default_features: bool,
    features: BTreeSet<String>,
    target: Option<String>,
}

impl Dependency {
    fn of(requirement: &Requirement, home: Option<&Registry>) -> Self {
        let registry = match &requirement.registry {
            Some(address) => {
                Registry::parse(address).map_or_else(|_| Some(address.clone()), |known| Some(known.to_string()))
            }
            None => home.map(ToString::to_string),
        };
        let target = requirement
            .target
            .as_ref()
            .map(|text| text.parse::<Platform>().map_or_else(|_| text.clone(), |platform| platform.to_string()));
        Self {
            name: requirement.name.to_string(),
            alias: requirement.renamed.clone().unwrap_or_else(|| requirement.name.to_string()),
            range: RequirementRange::of(&requirement.req),
            registry,
            kind: requirement.kind,
            optional: requirement.optional,
            default_features: requirement.default_features,
            features: set(&requirement.features).into_iter().map(str::to_owned).collect(),
            target,
        }
    }

    /// As a message tells it, with the requirement as it is written.
    fn described(&self, req: Option<&String>) -> String {
        let mut text = format!("{} {}", self.name, req.map_or("*", String::as_str));
        if self.alias != self.name {
            let _ = write!(text, " as {}", self.alias);
        }
        if self.kind == DependencyKind::Build {
            text.push_str(", build");
        }
        if self.optional {
            text.push_str(", optional");
        }
        if !self.default_features {
            text.push_str(", without default features");
        }
        if !self.features.is_empty() {
            let _ = write!(text, ", features {:?}", self.features);
        }
        if let Some(target) = &self.target {
            let _ = write!(text, ", on {target}");
        }
        if let Some(registry) = self.registry.as_ref().filter(|one| **one != Registry::CratesIo.to_string()) {
            let _ = write!(text, ", of {registry}");
        }
        text
    }
}

/// Which versions a requirement accepts, however it is spelled: from one version, included, to another, excluded; without pre-releases.
/// Some tools publish another spelling than the manifest's: `>=0.17.0, <0.18.0` for `^0.17.0`, `^0.3` for `0.3.*`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum RequirementRange {
    /// All from the first up to the second, where there is one.
    Between(Version, Option<Version>),
    /// A requirement that names a pre-release, as it is written: which of those it accepts depends on more than the bounds.
    Written(String),
}

impl RequirementRange {
    fn of(req: &VersionReq) -> Self {
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
