//! One package's manifest and each of its dependencies, with what they inherit from the workspace.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use reqwest::Url;
use semver::{Version, VersionReq};

use super::documents::{Documents, spelled};
use crate::files::plain;
use crate::gather::cargo_config::CargoConfig;
use crate::gather::toml_tree::{Node, Section, Table, Value, WrongType};
use crate::model::index_line::DependencyKind;
use crate::model::manifest::{Declared, DependencySource, Manifest, ManifestProblem, Unfollowed, Unsupported};
use crate::model::package::Line;
use crate::model::source::{GitReference, Registry};

/// The tables of dependencies, today's name and the old one.
const TABLES: [(&str, &str, DependencyKind); 3] = [
    ("dependencies", "dependencies", DependencyKind::Normal),
    ("dev-dependencies", "dev_dependencies", DependencyKind::Dev),
    ("build-dependencies", "build_dependencies", DependencyKind::Build),
];

/// Reads the manifest at `path`.
pub(super) fn read_package(
    path: &Utf8Path,
    member: bool,
    documents: &mut Documents<'_>,
) -> Result<Manifest, ManifestProblem> {
    let table = documents.read(path)?.clone();
    let document = Section::root(&table);
    let package = document.section(spelled(&document, "package", "project"))?.ok_or(ManifestProblem::NoPackage)?;
    let mut reader =
        Reader { path, root: None, documents, dependencies: Vec::new(), lines: Vec::new(), unfollowed: Vec::new() };
    let name = package.text("name")?.ok_or(ManifestProblem::Missing("package.name"))?;
    let version = reader.version(&package)?;
    if document.table.get("cargo-features").is_some() {
        reader.note(String::from("cargo-features"), Unsupported::CargoFeatures);
    }
    reader.dependency_tables(&document)?;
    if let Some(targets) = document.section("target")? {
        for target in targets.sections() {
            reader.dependency_tables(&target?.1)?;
        }
    }
    let features = match document.section("features")? {
        Some(features) => {
            let lists = features.table.iter().map(|(name, _)| {
                let list = features.texts(name)?.unwrap_or_default();
                Ok((name.to_owned(), list))
            });
            lists.collect::<Result<_, ManifestProblem>>()?
        }
        None => BTreeMap::new(),
    };
    Ok(Manifest {
        path: path.to_owned(),
        name: name.into(),
        version,
        member,
        links: package.text("links")?.map(str::to_owned),
        dependencies: reader.dependencies,
        lines: reader.lines,
        features,
        unfollowed: reader.unfollowed,
    })
}

struct Reader<'a, 'd> {
    path: &'a Utf8Path,
    /// The workspace's root manifest, once something is inherited from it.
    root: Option<(Utf8PathBuf, Table)>,
    documents: &'a mut Documents<'d>,
    dependencies: Vec<Declared>,
    lines: Vec<Line>,
    unfollowed: Vec<Unfollowed>,
}

impl Reader<'_, '_> {
    fn note(&mut self, key: String, what: Unsupported) {
        self.unfollowed.push(Unfollowed { path: self.path.to_owned(), key, what });
    }

    fn version(&mut self, package: &Section<'_>) -> Result<Version, ManifestProblem> {
        let Some(node) = package.table.get("version") else { return Ok(Version::new(0, 0, 0)) };
        let wrong = || package.wrong("version", node, "a version");
        let parse = |text: &str| text.trim().parse().map_err(|_| wrong().into());
        if let Some(text) = node.value.as_text() {
            return parse(text);
        }
        let inherited = package.section("version")?.and_then(|keys| keys.boolean("workspace").ok().flatten());
        if inherited != Some(true) {
            return Err(wrong().into());
        }
        let not_there = || ManifestProblem::NotInherited { line: node.line, key: package.dotted("version") };
        let (_, root) = self.root().ok_or_else(not_there)?;
        let shared = inheritable(root, "package")?;
        parse(shared.map(|shared| shared.text("version")).transpose()?.flatten().ok_or_else(not_there)?)
    }

    fn dependency_tables(&mut self, section: &Section<'_>) -> Result<(), ManifestProblem> {
        for (today, old, kind) in TABLES {
            let Some(entries) = section.section(spelled(section, today, old))? else { continue };
            for (key, node) in entries.table.iter() {
                let (Dependency { declared, line, unsupported }, file) = self.dependency(&entries, key, node, kind)?;
                if let Some(what) = unsupported {
                    self.note(entries.dotted(key), what);
                }
                self.dependencies.push(declared);
                self.lines.push(Line { file, number: line });
            }
        }
        Ok(())
    }

    /// A dependency, and the file that says which versions it accepts.
    fn dependency(
        &mut self,
        entries: &Section<'_>,
        key: &str,
        node: &Node,
        kind: DependencyKind,
    ) -> Result<(Dependency, Utf8PathBuf), ManifestProblem> {
        let config = self.documents.config;
        let own = node.value.as_table();
        let inherits = own.and_then(|table| table.get("workspace")).and_then(|node| node.value.as_boolean());
        if inherits != Some(true) {
            let folder = self.path.parent().unwrap_or(self.path);
            let read = read_dependency(entries, key, node, &Scope { folder, kind, config })?;
            return Ok((read, self.path.to_owned()));
        }
        let not_there = || ManifestProblem::NotInherited { line: node.line, key: entries.dotted(key) };
        let (root, table) = self.root().ok_or_else(not_there)?;
        let shared = inheritable(table, "dependencies")?.ok_or_else(not_there)?;
        let shared_node = shared.table.get(key).ok_or_else(not_there)?;
        let folder = root.parent().unwrap_or(root);
        let file = root.to_owned();
        let mut read = read_dependency(&shared, key, shared_node, &Scope { folder, kind, config })?;
        let own = entries.inner(key, node)?;
        read.declared.features.extend(own.texts("features")?.unwrap_or_default());
        read.declared.optional = own.boolean("optional")?.unwrap_or(false);
        // A package can add the default features to what the workspace takes without them, and cannot take them away.
        read.declared.default_features |= default_features(&own)? == Some(true);
        Ok((read, file))
    }

    fn root(&mut self) -> Option<(&Utf8Path, &Table)> {
        if self.root.is_none() {
            let path = self.documents.root_of(self.path)?;
            let table = self.documents.read(&path).ok()?.clone();
            self.root = Some((path, table));
        }
        self.root.as_ref().map(|(path, table)| (path.as_path(), table))
    }
}

/// `[workspace.package]` or `[workspace.dependencies]`.
fn inheritable<'t>(root: &'t Table, key: &str) -> Result<Option<Section<'t>>, ManifestProblem> {
    match Section::root(root).section("workspace")? {
        Some(workspace) => Ok(workspace.section(key)?),
        None => Ok(None),
    }
}

/// What a dependency can refer to.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    /// What its relative paths start from.
    pub(super) folder: &'a Utf8Path,
    pub(super) kind: DependencyKind,
    pub(super) config: &'a CargoConfig,
}

pub(super) struct Dependency {
    pub(super) declared: Declared,
    /// The line on which its versions stand.
    line: u32,
    /// What cannot be followed in it.
    pub(super) unsupported: Option<Unsupported>,
}

/// Reads a dependency that inherits nothing.
pub(super) fn read_dependency(
    entries: &Section<'_>,
    key: &str,
    node: &Node,
    scope: &Scope<'_>,
) -> Result<Dependency, ManifestProblem> {
    if let Value::Text(text) = &node.value {
        let declared = Declared {
            key: key.to_owned(),
            name: key.into(),
            req: Some(requirement(entries, key, node, text)?),
            from: DependencySource::Registry(Registry::CratesIo),
            kind: scope.kind,
            optional: false,
            features: Vec::new(),
            default_features: true,
        };
        return Ok(Dependency { declared, line: node.line, unsupported: None });
    }
    let own = entries.inner(key, node)?;
    let req = match (own.table.get("version"), own.text("version")?) {
        (Some(node), Some(text)) => Some(requirement(&own, "version", node, text)?),
        _ => None,
    };
    let wrong = |expected| entries.wrong(key, node, expected);
    let (from, mut unsupported) = place(&own, wrong, scope)?;
    if req.is_none() && matches!(from, DependencySource::Registry(_)) {
        return Err(wrong("a dependency with a version, a path or a repository").into());
    }
    let odd = [("artifact", Unsupported::Artifact), ("target", Unsupported::Artifact), ("lib", Unsupported::Artifact)];
    unsupported = odd.iter().find(|(key, _)| own.table.get(key).is_some()).map(|(_, what)| *what).or(unsupported);
    let declared = Declared {
        key: key.to_owned(),
        name: own.text("package")?.unwrap_or(key).into(),
        req,
        from,
        kind: scope.kind,
        optional: own.boolean("optional")?.unwrap_or(false),
        features: own.texts("features")?.unwrap_or_default(),
        default_features: default_features(&own)?.unwrap_or(true),
    };
    Ok(Dependency { declared, line: own.table.get("version").unwrap_or(node).line, unsupported })
}

/// `default-features`, in either spelling.
fn default_features(own: &Section<'_>) -> Result<Option<bool>, ManifestProblem> {
    Ok(own.boolean(spelled(own, "default-features", "default_features"))?)
}

fn requirement(section: &Section<'_>, key: &str, node: &Node, text: &str) -> Result<VersionReq, ManifestProblem> {
    text.parse().map_err(|_| section.wrong(key, node, "a version requirement").into())
}

fn place(
    own: &Section<'_>,
    wrong: impl Fn(&'static str) -> WrongType,
    scope: &Scope<'_>,
) -> Result<(DependencySource, Option<Unsupported>), ManifestProblem> {
    let (git, path) = (own.text("git")?, own.text("path")?);
    let (name, index) = (own.text("registry")?, own.text("registry-index")?);
    if own.table.get("base").is_some() {
        return Ok((DependencySource::Path(scope.folder.to_owned()), Some(Unsupported::PathBase)));
    }
    match (git, path, name, index) {
        (Some(url), None, None, None) => repository(own, url),
        (None, Some(path), _, _) => Ok((DependencySource::Path(plain(&scope.folder.join(path))), None)),
        (None, None, Some(name), None) => match scope.config.registry_named(name) {
            Ok(Some(registry)) => Ok((DependencySource::Registry(registry), None)),
            _ => Err(wrong("a dependency on a registry that cargo's configuration names").into()),
        },
        (None, None, None, Some(url)) => match Registry::parse(url) {
            Ok(registry) => Ok((DependencySource::Registry(registry), None)),
            Err(_) => Err(wrong("a dependency with a registry's address").into()),
        },
        (None, None, None, None) => Ok((DependencySource::Registry(Registry::CratesIo), None)),
        _ => Err(wrong("a dependency from one place").into()),
    }
}

fn repository(own: &Section<'_>, url: &str) -> Result<(DependencySource, Option<Unsupported>), ManifestProblem> {
    let wrong = |expected| {
        let node = own.table.get("git");
        node.map_or(ManifestProblem::NoPackage, |node| own.wrong("git", node, expected).into())
    };
    let parsed = Url::parse(url).map_err(|_| wrong("an address"))?;
    let named = (own.text("branch")?, own.text("tag")?, own.text("rev")?);
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
