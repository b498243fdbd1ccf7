//! One dependency of a manifest: what of, which versions, where from.

use camino::Utf8Path;
use reqwest::Url;
use semver::VersionReq;

use super::document::Place as Keys;
use crate::files::plain;
use crate::gather::cargo_config::CargoConfig;
use crate::gather::toml_tree::{Entry, Value};
use crate::model::index_line::DependencyKind;
use crate::model::manifest::{Declared, DependencySource, ManifestProblem, Unsupported};
use crate::model::source::{GitReference, Registry};

/// Where an entry stands and what it can refer to.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    /// What its relative paths start from.
    pub(super) folder: &'a Utf8Path,
    pub(super) kind: DependencyKind,
    pub(super) config: &'a CargoConfig,
}

/// An entry as it was read; with what cannot be followed in it, where there is such.
pub(super) struct Read {
    pub(super) declared: Declared,
    /// The line on which its versions stand.
    pub(super) line: u32,
    pub(super) unsupported: Option<Unsupported>,
}

/// Reads an entry that inherits nothing.
pub(super) fn read(keys: &Keys<'_>, key: &str, scope: &Scope<'_>) -> Result<Read, ManifestProblem> {
    let entry = keys.table.get(key).ok_or(ManifestProblem::NoPackage)?;
    if let Value::Text(text) = &entry.node.value {
        let declared = Declared {
            key: key.to_owned(),
            name: key.into(),
            req: Some(requirement(keys, key, entry, text)?),
            from: DependencySource::Registry(Registry::CratesIo),
            kind: scope.kind,
            optional: false,
            features: Vec::new(),
            default_features: true,
        };
        return Ok(Read { declared, line: entry.line, unsupported: None });
    }
    let inner = keys.inner(key)?.ok_or(ManifestProblem::NoPackage)?;
    let req = match (inner.table.get("version"), inner.text("version")?) {
        (Some(entry), Some(text)) => Some(requirement(&inner, "version", entry, text)?),
        _ => None,
    };
    let (from, mut unsupported) = place(keys, key, entry, &inner, scope)?;
    if req.is_none() && matches!(from, DependencySource::Registry(_)) {
        return Err(keys.wrong(key, entry, "a dependency with a version, a path or a repository"));
    }
    let odd = [("artifact", Unsupported::Artifact), ("target", Unsupported::Artifact), ("lib", Unsupported::Artifact)];
    unsupported = odd.iter().find(|(key, _)| inner.table.get(key).is_some()).map(|(_, what)| *what).or(unsupported);
    let declared = Declared {
        key: key.to_owned(),
        name: inner.text("package")?.unwrap_or(key).into(),
        req,
        from,
        kind: scope.kind,
        optional: inner.boolean("optional")?.unwrap_or(false),
        features: inner.texts("features")?.unwrap_or_default(),
        default_features: default_features(&inner)?.unwrap_or(true),
    };
    Ok(Read { declared, line: inner.table.get("version").unwrap_or(entry).line, unsupported })
}

/// `default-features`, in either spelling.
pub(super) fn default_features(keys: &Keys<'_>) -> Result<Option<bool>, ManifestProblem> {
    keys.boolean(keys.spelled("default-features", "default_features"))
}

fn requirement(keys: &Keys<'_>, key: &str, entry: &Entry, text: &str) -> Result<VersionReq, ManifestProblem> {
    text.parse().map_err(|_| keys.wrong(key, entry, "a version requirement"))
}

fn place(
    keys: &Keys<'_>,
    key: &str,
    entry: &Entry,
    inner: &Keys<'_>,
    scope: &Scope<'_>,
) -> Result<(DependencySource, Option<Unsupported>), ManifestProblem> {
    let (git, path) = (inner.text("git")?, inner.text("path")?);
    let (name, index) = (inner.text("registry")?, inner.text("registry-index")?);
    if inner.table.get("base").is_some() {
        return Ok((DependencySource::Path(scope.folder.to_owned()), Some(Unsupported::PathBase)));
    }
    match (git, path, name, index) {
        (Some(url), None, None, None) => repository(inner, url),
        (None, Some(path), _, _) => Ok((DependencySource::Path(plain(&scope.folder.join(path))), None)),
        (None, None, Some(name), None) => match scope.config.registry_named(name) {
            Ok(Some(registry)) => Ok((DependencySource::Registry(registry), None)),
            _ => Err(keys.wrong(key, entry, "a dependency on a registry that cargo's configuration names")),
        },
        (None, None, None, Some(url)) => {
            let registry = inner.table.get("registry-index").zip(Registry::parse(url).ok());
            let (_, registry) =
                registry.ok_or_else(|| keys.wrong(key, entry, "a dependency with a registry's address"))?;
            Ok((DependencySource::Registry(registry), None))
        }
        (None, None, None, None) => Ok((DependencySource::Registry(Registry::CratesIo), None)),
        _ => Err(keys.wrong(key, entry, "a dependency from one place")),
    }
}

fn repository(inner: &Keys<'_>, url: &str) -> Result<(DependencySource, Option<Unsupported>), ManifestProblem> {
    let wrong = |expected| {
        let entry = inner.table.get("git");
        entry.map_or(ManifestProblem::NoPackage, |entry| inner.wrong("git", entry, expected))
    };
    let parsed = Url::parse(url).map_err(|_| wrong("an address"))?;
    let named = (inner.text("branch")?, inner.text("tag")?, inner.text("rev")?);
    let reference = match named {
        (None, None, None) => GitReference::DefaultBranch,
        (Some(name), None, None) => GitReference::Branch(name.to_owned()),
        (None, Some(name), None) => GitReference::Tag(name.to_owned()),
        (None, None, Some(name)) => GitReference::Rev(name.to_owned()),
        _ => return Err(wrong("a repository with at most one of `branch`, `tag` and `rev`")),
    };
    let odd = parsed.fragment().is_some() || parsed.query().is_some() || parsed.cannot_be_a_base();
    Ok((DependencySource::Git { url: parsed.into(), reference }, odd.then_some(Unsupported::Address)))
}
