//! Which dependencies a release brings that an earlier one did not have, for whoever only takes the newer release and changes nothing else:
//! with the features that there were before, under whatever names the manifest gives them.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use semver::{Comparator, Version, VersionReq};

use super::graph;
use crate::model::crate_name::canonical;
use crate::model::index_line::{DependencyKind, Release, Requirement};
use crate::model::signal::Swap;

/// What a release depends on, prepared for comparing.
#[derive(Debug)]
pub(super) struct Dependencies<'r> {
    release: &'r Release,
    by_crate: BTreeMap<Target, Vec<&'r Requirement>>,
    /// The keys of the optional dependencies that `default` turns on, once somebody asks.
    by_default: OnceCell<BTreeSet<&'r str>>,
}

/// A crate that is asked for: its registry as it is written, and its name in the one spelling.
pub(super) type Target = (Option<Box<str>>, String);

impl<'r> Dependencies<'r> {
    /// Those that a build can reach.
    pub(super) fn of(release: &'r Release) -> Self {
        let mut by_crate: BTreeMap<Target, Vec<&'r Requirement>> = BTreeMap::new();
        for dependency in release.dependencies.iter().filter(|dependency| dependency.kind != DependencyKind::Dev) {
            by_crate.entry(target(dependency)).or_default().push(dependency);
        }
        Self { release, by_crate, by_default: OnceCell::new() }
    }

    /// What is asked of one crate.
    pub(super) fn on(&self, target: &Target) -> &[&'r Requirement] {
        self.by_crate.get(target).map_or(&[], Vec::as_slice)
    }

    /// Every crate that is asked for, with what is asked.
    pub(super) fn all(&self) -> impl Iterator<Item = (&Target, &'r Requirement)> {
        self.by_crate.iter().filter_map(|(target, asked)| Some((target, *asked.first()?)))
    }

    /// One entry for each crate that this release brings to those who used the other.
    pub(super) fn added_since(&self, before: &Dependencies<'_>) -> Vec<&'r Requirement> {
        let known = before.features();
        let added = |(target, asked): (&Target, &Vec<&'r Requirement>)| {
            let earlier = before.on(target);
            if earlier.iter().any(|one| !one.optional) {
                return None;
            }
            let always = asked.iter().find(|one| !one.optional);
            always.copied().or_else(|| {
                let turned_on = |one: &&&'r Requirement| {
                    let mut features = self.features_for(one).into_iter();
                    let earlier: BTreeSet<&str> = earlier.iter().flat_map(|one| before.features_for(one)).collect();
                    features.any(|feature| known.contains(feature) && !earlier.contains(feature))
                };
                asked.iter().find(turned_on).copied()
            })
        };
        self.by_crate.iter().filter_map(added).collect()
    }

    /// Whether those who change nothing get this dependency.
    pub(super) fn reaches(&self, dependency: &Requirement) -> bool {
        !dependency.optional || self.by_default.get_or_init(|| self.turned_on_by_default()).contains(key(dependency))
    }

    /// The keys of the optional dependencies that `default` turns on. A feature is named by its value, and so is a dependency that no
    /// `dep:` names anywhere.
    fn turned_on_by_default(&self) -> BTreeSet<&'r str> {
        let features = &self.release.features;
        let explicit: BTreeSet<&str> =
            features.values().flatten().filter_map(|value| value.strip_prefix("dep:")).collect();
        let mut on = BTreeSet::new();
        let (mut seen, mut open) = (BTreeSet::from(["default"]), vec!["default"]);
        while let Some(feature) = open.pop() {
            if !explicit.contains(feature) {
                on.insert(feature);
            }
            for value in features.get(feature).into_iter().flatten() {
                if let Some(key) = value.strip_prefix("dep:") {
                    on.insert(key);
                } else if let Some((key, _)) = value.split_once('/') {
                    if !key.ends_with('?') {
                        on.insert(key);
                    }
                } else if seen.insert(value) {
                    open.push(value);
                }
            }
        }
        on
    }

    /// The features that somebody may have turned on: those that are named, those that optional dependencies make, and `default`, which
    /// nobody needs to turn on.
    fn features(&self) -> BTreeSet<&str> {
        let named = self.release.features.keys().map(String::as_str);
        let optional = self.release.dependencies.iter().filter(|one| one.optional).map(key);
        named.chain(optional).chain(["default"]).collect()
    }

    /// The features that turn an optional dependency on, directly or by way of others.
    fn features_for(&self, dependency: &'r Requirement) -> BTreeSet<&'r str> {
        let (features, key) = (&self.release.features, key(dependency));
        let explicit = format!("dep:{key}");
        let by_part = format!("{key}/");
        let is_implicit = !features.values().flatten().any(|value| *value == explicit);
        let turns_on = |value: &String| *value == explicit || value.starts_with(&by_part);
        let mut found: BTreeSet<&'r str> = features
            .iter()
            .filter(|(_, values)| values.iter().any(turns_on))
            .map(|(name, _)| name.as_str())
            .chain(is_implicit.then_some(key))
            .collect();
        let mut by_value: BTreeMap<&str, Vec<&'r str>> = BTreeMap::new();
        for (name, values) in features {
            for value in values {
                by_value.entry(value).or_default().push(name);
            }
        }
        let mut open: Vec<&str> = found.iter().copied().collect();
        while let Some(feature) = open.pop() {
            for name in by_value.get(feature).into_iter().flatten() {
                if found.insert(name) {
                    open.push(name);
                }
            }
        }
        found
    }
}

/// What stayed by name and is asked for on another compatibility line.
pub(super) fn swapped(now: &Dependencies<'_>, then: &Dependencies<'_>) -> Vec<Swap> {
    let swap = |(target, one): (&Target, &Requirement)| {
        let asked = then.on(target);
        let was = asked.first()?;
        let same = |other: &&Requirement| line_of(&other.req) == line_of(&one.req);
        (!asked.iter().any(same)).then(|| Swap {
            name: one.name.clone(),
            before: was.req.clone(),
            after: one.req.clone(),
        })
    };
    now.all().filter_map(swap).collect()
}

/// The compatibility line that a requirement begins on; `None` for one that begins nowhere.
fn line_of(req: &VersionReq) -> Option<Version> {
    let lowest = |one: &Comparator| Version::new(one.major, one.minor.unwrap_or(0), one.patch.unwrap_or(0));
    req.comparators.first().map(|one| graph::line(&lowest(one)))
}

/// The crate that is asked for.
pub(super) fn target(dependency: &Requirement) -> Target {
    (dependency.registry.as_deref().map(Box::from), canonical(&dependency.name))
}

/// The name that features call a dependency by.
fn key(dependency: &Requirement) -> &str {
    dependency.renamed.as_deref().unwrap_or(&dependency.name)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by it")]

    use proptest::prelude::*;
    use serde_json::json;

    use super::{Dependencies, swapped};
    use crate::model::history::{History, Standing};
    use crate::model::index_line::{DependencyKind, Release};
    use crate::policy::by_hand::{days_ago, line};

    #[test]
    fn a_dependency_is_swapped_where_it_is_asked_for_on_another_line() {
        let asking = |req: &str| {
            let line = line("old", "1.0.0", days_ago(90), &[("dep", req)]).to_string();
            Release::parse("old", line.as_bytes()).unwrap()
        };
        let is_swapped = |then: &str, now: &str| {
            let (then, now) = (asking(then), asking(now));
            !swapped(&Dependencies::of(&now), &Dependencies::of(&then)).is_empty()
        };
        assert!(is_swapped("^1.0", "^2.0") && is_swapped("0.3", "0.4.1") && is_swapped("=0.0.3", "=0.0.4"));
        assert!(!is_swapped("^1.0", "^1.4") && !is_swapped("0.3", "=0.3.9") && !is_swapped("*", "*"));
    }

    const VALUES: [&str; 12] =
        ["a", "b", "c", "dep:a", "dep:b", "a/x", "b?/x", "default", "std", "more", "dep:c", "c/y"];
    const FEATURES: [&str; 6] = ["default", "std", "more", "a", "b", "other"];

    proptest! {
        #[test]
        fn what_default_turns_on_is_the_same_from_either_end(
            features in prop::collection::btree_map(0..FEATURES.len(), prop::collection::vec(0..VALUES.len(), 0..4), 0..6),
        ) {
            let features: serde_json::Map<String, serde_json::Value> = features
                .into_iter()
                .map(|(name, values)| (FEATURES[name].to_owned(), values.into_iter().map(|at| VALUES[at]).collect()))
                .collect();
            let optional = |name: &str| {
                json!({ "name": name, "req": "*", "features": [], "optional": true, "default_features": true, "target": null, "kind": "normal" })
            };
            let line = json!({
                "name": "old", "vers": "1.0.0", "deps": [optional("a"), optional("b"), optional("c")],
                "cksum": "0".repeat(64), "yanked": false, "features": features,
            });
            let history = History::from_lines("old", line.to_string(), Standing::Confirmed);
            let release = history.release(&semver::Version::new(1, 0, 0)).unwrap().unwrap();
            let dependencies = Dependencies::of(&release);
            for one in release.dependencies.iter().filter(|one| one.kind != DependencyKind::Dev) {
                prop_assert_eq!(dependencies.reaches(one), dependencies.features_for(one).contains("default"), "{}", one.name);
            }
        }
    }
}
