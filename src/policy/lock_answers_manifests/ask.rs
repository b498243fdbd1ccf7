//! What a locked package asks of others, from its manifest or its index line, in one shape.

use std::borrow::Cow;

use semver::VersionReq;

use super::features::Features;
use crate::model::index_line::{DependencyKind, Release};
use crate::model::manifest::{Manifest, Place};
use crate::model::package::Package;
use crate::model::source::{Registry, Source};

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
    pub(super) from: Cow<'a, Place>,
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
                from: Cow::Owned(Place::Registry(registry)),
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
