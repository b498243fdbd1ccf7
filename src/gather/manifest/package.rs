//! One package's manifest, with what it inherits.

use camino::{Utf8Path, Utf8PathBuf};
use semver::Version;

use super::dependency::{self, Read, Scope};
use super::document::Place as Keys;
use super::{Documents, workspace};
use crate::gather::toml_tree::Table;
use crate::model::index_line::DependencyKind;
use crate::model::manifest::{Declared, Manifest, ManifestProblem, Unfollowed, Unsupported};
use crate::model::package::Line;

/// The tables of dependencies, today's name and the old one.
const TABLES: [(&str, &str, DependencyKind); 3] = [
    ("dependencies", "dependencies", DependencyKind::Normal),
    ("dev-dependencies", "dev_dependencies", DependencyKind::Dev),
    ("build-dependencies", "build_dependencies", DependencyKind::Build),
];

/// Reads the manifest at `path`.
pub(super) fn read(path: &Utf8Path, member: bool, documents: &mut Documents<'_>) -> Result<Manifest, ManifestProblem> {
    let table = documents.read(path)?.clone();
    let keys = Keys::root(&table);
    let package = keys.inner(keys.spelled("package", "project"))?.ok_or(ManifestProblem::NoPackage)?;
    let mut reader =
        Reader { path, root: None, documents, dependencies: Vec::new(), lines: Vec::new(), unfollowed: Vec::new() };
    let name = package.text("name")?.ok_or(ManifestProblem::Missing("package.name"))?;
    let version = reader.version(&package)?;
    if keys.table.get("cargo-features").is_some() {
        reader.note(String::from("cargo-features"), Unsupported::CargoFeatures);
    }
    reader.tables(&keys)?;
    if let Some(targets) = keys.inner("target")? {
        for target in targets.inners() {
            reader.tables(&target?.1)?;
        }
    }
    let features = match keys.inner("features")? {
        Some(features) => {
            let lists = features.table.iter().map(|(name, _)| {
                let list = features.texts(name)?.unwrap_or_default();
                Ok((name.to_owned(), list))
            });
            lists.collect::<Result<_, ManifestProblem>>()?
        }
        None => std::collections::BTreeMap::new(),
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

    fn version(&mut self, package: &Keys<'_>) -> Result<Version, ManifestProblem> {
        let Some(entry) = package.table.get("version") else { return Ok(Version::new(0, 0, 0)) };
        let wrong = || package.wrong("version", entry, "a version");
        let parse = |text: &str| text.trim().parse().map_err(|_| wrong());
        if let Some(text) = entry.node.value.as_text() {
            return parse(text);
        }
        let inherited = package.inner("version")?.and_then(|keys| keys.boolean("workspace").ok().flatten());
        if inherited != Some(true) {
            return Err(wrong());
        }
        let not_there = || ManifestProblem::NotInherited { line: entry.line, key: package.dotted("version") };
        let (_, root) = self.root().ok_or_else(not_there)?;
        let shared = Keys::root(root).inner("workspace")?.map(|keys| keys.inner("package")).transpose()?.flatten();
        parse(shared.map(|keys| keys.text("version")).transpose()?.flatten().ok_or_else(not_there)?)
    }

    fn tables(&mut self, keys: &Keys<'_>) -> Result<(), ManifestProblem> {
        for (modern, old, kind) in TABLES {
            let Some(entries) = keys.inner(keys.spelled(modern, old))? else { continue };
            for (key, _) in entries.table.iter() {
                let (Read { declared, line, unsupported }, file) = self.dependency(&entries, key, kind)?;
                if let Some(what) = unsupported {
                    self.note(entries.dotted(key), what);
                }
                self.dependencies.push(declared);
                self.lines.push(Line { file, number: line });
            }
        }
        Ok(())
    }

    /// An entry, and the file that says which versions it accepts.
    fn dependency(
        &mut self,
        keys: &Keys<'_>,
        key: &str,
        kind: DependencyKind,
    ) -> Result<(Read, Utf8PathBuf), ManifestProblem> {
        let config = self.documents.config;
        let own = keys.table.get(key).and_then(|entry| entry.node.value.as_table()).filter(|_| true);
        let inherits = own.and_then(|table| table.get("workspace")).and_then(|entry| entry.node.value.as_boolean());
        if inherits != Some(true) {
            let folder = self.path.parent().unwrap_or(self.path);
            let read = dependency::read(keys, key, &Scope { folder, kind, config })?;
            return Ok((read, self.path.to_owned()));
        }
        let line = keys.table.get(key).map_or(1, |entry| entry.line);
        let not_there = || ManifestProblem::NotInherited { line, key: keys.dotted(key) };
        let (root, table) = self.root().ok_or_else(not_there)?;
        let shared =
            Keys::root(table).inner("workspace")?.map(|keys| keys.inner("dependencies")).transpose()?.flatten();
        let shared = shared.filter(|shared| shared.table.get(key).is_some()).ok_or_else(not_there)?;
        let folder = root.parent().unwrap_or(root);
        let file = root.to_owned();
        let mut read = dependency::read(&shared, key, &Scope { folder, kind, config })?;
        let own = keys.inner(key)?.ok_or_else(not_there)?;
        read.declared.features.extend(own.texts("features")?.unwrap_or_default());
        read.declared.optional = own.boolean("optional")?.unwrap_or(false);
        // A package can add the default features to what the workspace takes without them, and cannot take them away.
        read.declared.default_features |= dependency::default_features(&own)? == Some(true);
        Ok((read, file))
    }

    fn root(&mut self) -> Option<(&Utf8Path, &Table)> {
        if self.root.is_none() {
            let path = workspace::root_of(self.path, self.documents)?;
            let table = self.documents.read(&path).ok()?.clone();
            self.root = Some((path, table));
        }
        self.root.as_ref().map(|(path, table)| (path.as_path(), table))
    }
}
