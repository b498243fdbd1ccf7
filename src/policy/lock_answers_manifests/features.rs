//! `[features]` as cargo's dependency resolver reads them.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::ask::Need;

/// What a feature turns on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Enables<'a> {
    /// Another feature of the package.
    Feature(&'a str),
    /// `dep:name`.
    Dependency(&'a str),
    /// `name/feature`, or, weak, `name?/feature`.
    FeatureOf { dependency: &'a str, feature: &'a str, weak: bool },
}

/// The features of one package, the implicit ones of its optional dependencies among them.
pub(super) struct Features<'a> {
    all: HashMap<&'a str, Vec<Enables<'a>>>,
    /// One that turns on what there is not: cargo takes no package that has such a feature.
    odd: Option<&'a str>,
}

impl<'a> Features<'a> {
    pub(super) fn new(written: &'a BTreeMap<String, Vec<String>>, needs: &[Need<'a>]) -> Self {
        let mut all: HashMap<&str, Vec<Enables<'a>>> = HashMap::with_capacity(written.len());
        let mut explicit: HashSet<&str> = HashSet::new();
        for (name, list) in written {
            let enables: Vec<_> = list.iter().map(|text| Enables::parse(text)).collect();
            explicit.extend(enables.iter().filter_map(|one| match one {
                Enables::Dependency(name) => Some(*name),
                Enables::Feature(_) | Enables::FeatureOf { .. } => None,
            }));
            all.insert(name, enables);
        }
        for need in needs.iter().filter(|need| need.optional && !explicit.contains(need.key)) {
            all.entry(need.key).or_insert_with(|| vec![Enables::Dependency(need.key)]);
        }
        let mut features = Self { all, odd: None };
        // The first by name, so that two runs say the same.
        features.odd = written.keys().map(String::as_str).find(|name| features.is_odd(name, needs));
        features
    }

    /// Whether a feature turns on something that cargo does not take (its `build_feature_map`).
    fn is_odd(&self, name: &str, needs: &[Need<'a>]) -> bool {
        let any = |key: &str| needs.iter().any(|need| need.key == key);
        let optional = |key: &str| needs.iter().any(|need| need.key == key && need.optional);
        self.all.get(name).into_iter().flatten().any(|one| match *one {
            Enables::Feature(feature) => !self.all.contains_key(feature),
            Enables::Dependency(dependency) => !optional(dependency),
            Enables::FeatureOf { dependency, feature, weak } => {
                feature.contains('/') || !any(dependency) || (weak && !optional(dependency))
            }
        })
    }

    pub(super) const fn odd(&self) -> Option<&'a str> {
        self.odd
    }

    pub(super) fn of(&self, name: &str) -> Option<(&'a str, &[Enables<'a>])> {
        self.all.get_key_value(name).map(|(name, enables)| (*name, enables.as_slice()))
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &'a str> {
        self.all.keys().copied()
    }
}

impl<'a> Enables<'a> {
    fn parse(text: &'a str) -> Self {
        if let Some((dependency, feature)) = text.split_once('/') {
            let strong = dependency.strip_suffix('?');
            return Self::FeatureOf { dependency: strong.unwrap_or(dependency), feature, weak: strong.is_some() };
        }
        text.strip_prefix("dep:").map_or(Self::Feature(text), Self::Dependency)
    }
}

#[cfg(test)]
mod tests {
    use super::Enables;

    #[test]
    fn every_form_is_read() {
        let weak = |weak| Enables::FeatureOf { dependency: "x", feature: "f", weak };
        assert_eq!(Enables::parse("x"), Enables::Feature("x"));
        assert_eq!(Enables::parse("dep:x"), Enables::Dependency("x"));
        assert_eq!(Enables::parse("x/f"), weak(false));
        assert_eq!(Enables::parse("x?/f"), weak(true));
    }
}
