//! Which dependencies a release brings that an earlier one did not have, for whoever only takes the newer release and changes nothing else:
//! with the features that there were before, under whatever names the manifest gives them.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::crate_name::canonical;
use crate::model::index_line::{DependencyKind, Release, Requirement};

/// What a release depends on, prepared for comparing.
#[derive(Debug)]
pub(super) struct Dependencies<'r> {
    release: &'r Release,
    by_crate: BTreeMap<Target, Vec<&'r Requirement>>,
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
        Self { release, by_crate }
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
        !dependency.optional || self.features_for(dependency).contains("default")
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

/// The crate that is asked for.
pub(super) fn target(dependency: &Requirement) -> Target {
    (dependency.registry.as_deref().map(Box::from), canonical(&dependency.name))
}

/// The name that features call a dependency by.
fn key(dependency: &Requirement) -> &str {
    dependency.renamed.as_deref().unwrap_or(&dependency.name)
}
