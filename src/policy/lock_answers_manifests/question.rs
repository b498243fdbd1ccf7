//! What a locked package asks of others, from its manifest or its index line, in one shape.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use semver::VersionReq;

use crate::model::index_line::{DependencyKind, Release};
use crate::model::lock_proof::Discord;
use crate::model::manifest::Manifests;
use crate::model::manifest::{DependencySource, Manifest};
use crate::model::package::Package;
use crate::model::package::PackageId;
use crate::model::source::{Registry, Source};

/// What the proof is about.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    pub manifests: &'a Manifests,
    /// The packages of the lock file, in its order.
    pub packages: &'a [Package],
    /// What the lock file records as patches that nothing uses.
    pub unused_patches: &'a [PackageId],
    /// The lock file's format.
    pub version: u8,
    /// For each of them, what tells of its dependencies; those that have a manifest of [`Self::manifests`] need nothing.
    pub told: &'a [Told],
}

/// What tells of a locked package's dependencies.
#[derive(Clone, Debug)]
pub enum Told {
    /// Its index line.
    Line(Arc<Release>),
    /// Its own manifest, as it is vendored.
    Manifest(Box<Manifest>),
    /// Nothing that is at hand.
    Nothing,
}

/// What a package asks.
pub(super) enum Asks<'a> {
    /// All that a resolution needs to know of it.
    Known(Summary<'a>),
    /// Nobody knows.
    Unknown,
}

/// A package as cargo's resolver sees it.
pub(super) struct Summary<'a> {
    pub(super) needs: Vec<Need<'a>>,
    pub(super) features: Features<'a>,
    pub(super) links: Option<&'a str>,
    /// Whether it is a member: a resolution begins with all of its features and its dev-dependencies.
    pub(super) member: bool,
}

/// One dependency.
pub(super) struct Need<'a> {
    pub(super) key: &'a str,
    pub(super) name: &'a str,
    pub(super) req: Option<&'a VersionReq>,
    pub(super) from: Cow<'a, DependencySource>,
    pub(super) kind: DependencyKind,
    pub(super) optional: bool,
    pub(super) features: &'a [String],
    pub(super) default_features: bool,
}

impl<'a> Asks<'a> {
    pub(super) fn of_manifest(manifest: &'a Manifest) -> Self {
        let needs = manifest.dependencies.iter().map(|declared| Need {
            key: &declared.key,
            name: &declared.name,
            req: declared.req.as_ref(),
            from: Cow::Borrowed(&declared.from),
            kind: declared.kind,
            optional: declared.optional,
            features: &declared.features,
            default_features: declared.default_features,
        });
        let needs: Vec<_> = needs.collect();
        let features = Features::new(&manifest.features, &needs);
        Self::Known(Summary { needs, features, links: manifest.links.as_deref(), member: manifest.member })
    }

    /// Unknown where the line names a registry by something that is no address.
    pub(super) fn of_release(package: &Package, release: &'a Release) -> Self {
        let Source::Registry(own) = &package.id.source else { return Self::Unknown };
        let needs = release.dependencies.iter().map(|requirement| {
            let registry = match &requirement.registry {
                None => own.clone(),
                Some(url) => Registry::parse(url).ok()?,
            };
            Some(Need {
                key: requirement.renamed.as_deref().unwrap_or(&requirement.name),
                name: &requirement.name,
                req: Some(&requirement.req),
                from: Cow::Owned(DependencySource::Registry(registry)),
                kind: requirement.kind,
                optional: requirement.optional,
                features: &requirement.features,
                default_features: requirement.default_features,
            })
        });
        let Some(needs) = needs.collect::<Option<Vec<_>>>() else { return Self::Unknown };
        let features = Features::new(&release.features, &needs);
        Self::Known(Summary { needs, features, links: release.links.as_deref(), member: false })
    }

    pub(super) const fn known(&self) -> Option<&Summary<'a>> {
        match self {
            Self::Known(summary) => Some(summary),
            Self::Unknown => None,
        }
    }
}

impl Summary<'_> {
    /// Whether a resolution looks at this dependency at all.
    pub(super) fn counts(&self, need: &Need<'_>) -> bool {
        need.kind != DependencyKind::Dev || self.member
    }
}

impl Need<'_> {
    pub(super) fn accepts(&self, package: &Package) -> bool {
        *package.id.name == *self.name && self.req.is_none_or(|req| req.matches(&package.id.version))
    }
}

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

/// The name of a feature that a package turns on for itself where it exists.
pub(super) const DEFAULT: &str = "default";

/// An error about a feature.
pub(super) fn no_feature(by: &Package, of: &Package, feature: &str) -> Discord {
    Discord::NoFeature { by: by.id.clone(), of: of.id.clone(), feature: feature.to_owned() }
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
