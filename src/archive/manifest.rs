//! The `Cargo.toml` of an archive: what of it the registry's index must agree with.

use std::collections::BTreeMap;

use semver::{Version, VersionReq};
use toml::{Table, Value};

use super::fault::{Limits, ManifestFault};
use crate::model::index_line::{DependencyKind, Requirement};
use crate::model::manifest::About;
use crate::model::package::PackageId;
use crate::model::source::{Registry, Source};

/// The manifest of an [`OpenedCrate`](super::OpenedCrate); its name and version are the package's.
#[derive(Debug, Clone)]
pub struct VerifiedManifest {
    pub(super) registry: Option<Registry>,
    pub(super) requirements: Vec<Requirement>,
    pub(super) features: BTreeMap<String, Vec<String>>,
    pub(super) links: Option<String>,
    license: Option<String>,
    license_file: Option<String>,
    about: About,
    unusual: Option<String>,
}

impl VerifiedManifest {
    /// Reads the manifest of a vendored package.
    ///
    /// # Errors
    /// It is no manifest of this package.
    pub fn of_vendored(text: &[u8], id: &PackageId) -> Result<Self, ManifestFault> {
        Self::read(text, id, &Limits::default())
    }

    pub(super) fn read(text: &[u8], id: &PackageId, limits: &Limits) -> Result<Self, ManifestFault> {
        if text.len() > limits.manifest_bytes {
            return Err(ManifestFault::TooLarge);
        }
        let text = str::from_utf8(text).map_err(|_| ManifestFault::NotToml)?;
        let manifest: Table = toml::from_str(text).map_err(|_| ManifestFault::NotToml)?;
        // `project` is what `package` was called before Rust 1.0.
        let package =
            table(&manifest, "package")?.map_or_else(|| table(&manifest, "project"), |found| Ok(Some(found)))?;
        let package = package.ok_or_else(|| ManifestFault::Key("package".into()))?;
        let name = of_package(package, "name")?.ok_or_else(|| ManifestFault::Key("package.name".into()))?;
        let version = of_package(package, "version")?.ok_or_else(|| ManifestFault::Key("package.version".into()))?;
        // Cargo cuts white space off a version.
        if *name != *id.name || version.trim().parse::<Version>().ok().as_ref() != Some(&id.version) {
            return Err(ManifestFault::OtherPackage(format!("{name} {version}").into()));
        }
        let mut requirements = Vec::new();
        collect(&manifest, None, &mut requirements)?;
        for (target, tables) in table(&manifest, "target")?.into_iter().flatten() {
            let tables = tables.as_table().ok_or_else(|| ManifestFault::Key(format!("target.{target}").into()))?;
            collect(tables, Some(target), &mut requirements)?;
        }
        let mut features = BTreeMap::new();
        for (feature, values) in table(&manifest, "features")?.into_iter().flatten() {
            let values = texts(values);
            let values = values.map_err(|WrongKind| ManifestFault::Key(format!("features.{feature}").into()))?;
            features.insert(feature.clone(), values);
        }
        let registry = match &id.source {
            Source::Registry(registry) => Some(registry.clone()),
            Source::Local | Source::Git(_) | Source::Other(_) => None,
        };
        let links = of_package(package, "links")?.map(str::to_owned);
        let license = of_package(package, "license")?.map(str::to_owned);
        let license_file = of_package(package, "license-file")?.map(str::to_owned);
        let about = About { license: license.clone(), license_file: license_file.clone(), ..about(&manifest, package) };
        let unusual = unusual(&manifest, package);
        Ok(Self { registry, requirements, features, links, license, license_file, about, unusual })
    }

    /// The SPDX expression of `package.license`.
    #[must_use]
    pub fn license(&self) -> Option<&str> {
        self.license.as_deref()
    }

    /// The native library that it says it links.
    #[must_use]
    pub fn links(&self) -> Option<&str> {
        self.links.as_deref()
    }

    /// `package.license-file`, as it is written.
    #[must_use]
    pub fn license_file(&self) -> Option<&str> {
        self.license_file.as_deref()
    }

    /// What it tells people.
    #[must_use]
    pub const fn about(&self) -> &About {
        &self.about
    }

    /// A manifest with nothing but what this one asks of the cargo that loads it: an edition, a resolver or unstable features of which not
    /// every cargo knows. `None` where it asks for nothing but what has long been stable.
    #[must_use]
    pub fn unusual(&self) -> Option<&str> {
        self.unusual.as_deref()
    }

    /// What each feature turns on.
    #[must_use]
    pub(crate) const fn features(&self) -> &BTreeMap<String, Vec<String>> {
        &self.features
    }

    /// Every dependency that the manifest names with a version, of every kind and platform. Unlike in an index line, `registry` is
    /// `None` for crates.io.
    #[must_use]
    pub fn requirements(&self) -> &[Requirement] {
        &self.requirements
    }
}

/// What is only told to people decides nothing: in another form than cargo's it is as if it were not there.
fn about(manifest: &Table, package: &Table) -> About {
    let text = |key: &str| package.get(key).and_then(Value::as_str).map(str::to_owned);
    let authors = package.get("authors").and_then(Value::as_array).into_iter().flatten();
    let library = manifest.get("lib").and_then(Value::as_table);
    let is_macro = library.and_then(|library| library.get("proc-macro").or_else(|| library.get("proc_macro")));
    About {
        description: text("description"),
        authors: authors.filter_map(Value::as_str).map(str::to_owned).collect(),
        homepage: text("homepage"),
        repository: text("repository"),
        proc_macro: Some(is_macro.and_then(Value::as_bool).unwrap_or(false)),
        ..About::default()
    }
}

fn unusual(manifest: &Table, package: &Table) -> Option<String> {
    let known = |key: &str, values: &[&str]| {
        package.get(key).is_none_or(|value| value.as_str().is_some_and(|value| values.contains(&value)))
    };
    let features = manifest.get("cargo-features");
    let is_usual = known("edition", &["2015", "2018", "2021", "2024"]) && known("resolver", &["1", "2", "3"]);
    if is_usual && features.is_none_or(|features| features.as_array().is_some_and(Vec::is_empty)) {
        return None;
    }
    let mut probe = Table::new();
    for (key, value) in [("name", "probe"), ("version", "0.0.0")] {
        probe.insert(key.to_owned(), value.into());
    }
    for key in ["edition", "resolver"] {
        probe.extend(package.get(key).map(|value| (key.to_owned(), value.clone())));
    }
    let mut asked = Table::new();
    asked.extend(features.map(|features| ("cargo-features".to_owned(), features.clone())));
    asked.insert("package".to_owned(), probe.into());
    toml::to_string(&asked).ok()
}

/// The keys of the three kinds, old spellings included.
const KINDS: [(&str, DependencyKind); 5] = [
    ("dependencies", DependencyKind::Normal),
    ("dev-dependencies", DependencyKind::Dev),
    ("dev_dependencies", DependencyKind::Dev),
    ("build-dependencies", DependencyKind::Build),
    ("build_dependencies", DependencyKind::Build),
];

/// A value of another kind than cargo's.
struct WrongKind;

fn collect(tables: &Table, target: Option<&str>, found: &mut Vec<Requirement>) -> Result<(), ManifestFault> {
    for (key, kind) in KINDS {
        for (name, value) in table(tables, key)?.into_iter().flatten() {
            let requirement = requirement(name, value, kind, target);
            found.extend(requirement.map_err(|WrongKind| ManifestFault::Key(format!("{key}.{name}").into()))?);
        }
    }
    Ok(())
}

/// `None` for a development dependency without a version, which `cargo publish` leaves out of what it tells the registry.
fn requirement(
    alias: &str,
    value: &Value,
    kind: DependencyKind,
    target: Option<&str>,
) -> Result<Option<Requirement>, WrongKind> {
    let empty = Table::new();
    let (version, detail) = match value {
        Value::String(version) => (Some(version.as_str()), &empty),
        Value::Table(detail) => (text(detail, "version")?, detail),
        Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) | Value::Array(_) => {
            return Err(WrongKind);
        }
    };
    if version.is_none() && kind == DependencyKind::Dev {
        return Ok(None);
    }
    let package = text(detail, "package")?;
    let address = text(detail, "registry-index")?;
    // A registry's name means nothing in a published manifest: `cargo publish` puts the address in its place.
    if address.is_none() && detail.contains_key("registry") {
        return Err(WrongKind);
    }
    let default_features = flag(detail, "default-features")?.or(flag(detail, "default_features")?);
    Ok(Some(Requirement {
        name: package.unwrap_or(alias).into(),
        renamed: package.filter(|package| *package != alias).map(|_| alias.to_owned()),
        req: version.map_or(Ok(VersionReq::STAR), |version| version.parse().map_err(|_| WrongKind))?,
        registry: address.map(str::to_owned),
        kind,
        optional: flag(detail, "optional")?.unwrap_or(false),
        features: detail.get("features").map_or(Ok(Vec::new()), texts)?,
        default_features: default_features.unwrap_or(true),
        target: target.map(str::to_owned),
    }))
}

fn table<'a>(table: &'a Table, key: &str) -> Result<Option<&'a Table>, ManifestFault> {
    match table.get(key) {
        None => Ok(None),
        Some(Value::Table(inner)) => Ok(Some(inner)),
        Some(_) => Err(ManifestFault::Key(key.into())),
    }
}

fn text<'a>(table: &'a Table, key: &str) -> Result<Option<&'a str>, WrongKind> {
    table.get(key).map(|value| value.as_str().ok_or(WrongKind)).transpose()
}

fn flag(table: &Table, key: &str) -> Result<Option<bool>, WrongKind> {
    table.get(key).map(|value| value.as_bool().ok_or(WrongKind)).transpose()
}

fn texts(value: &Value) -> Result<Vec<String>, WrongKind> {
    let items = value.as_array().ok_or(WrongKind)?;
    items.iter().map(|item| item.as_str().map(str::to_owned).ok_or(WrongKind)).collect()
}

fn of_package<'a>(package: &'a Table, key: &str) -> Result<Option<&'a str>, ManifestFault> {
    text(package, key).map_err(|WrongKind| ManifestFault::Key(format!("package.{key}").into()))
}
