//! The manifests as documents, each read once, and the workspace that one of them belongs to.

use std::collections::BTreeMap;
use std::io::ErrorKind;

use camino::{Utf8Path, Utf8PathBuf};

use crate::files::plain;
use crate::files::regular::ReadError;
use crate::gather::cargo_config::CargoConfig;
use crate::gather::toml_tree::{self, DocumentError, Section, SyntaxError, Table, WrongType};
use crate::model::manifest::ManifestProblem;

/// The most bytes of a manifest; the largest known have 0.2 MiB.
pub(crate) const MAX_BYTES: u64 = 4 * 1024 * 1024;

impl From<WrongType> for ManifestProblem {
    fn from(WrongType { line, key, expected, .. }: WrongType) -> Self {
        Self::Key { line, key, expected }
    }
}

/// The documents that were read, each once: every member looks into its workspace's root.
pub(super) struct Documents<'a> {
    pub(super) config: &'a CargoConfig,
    known: BTreeMap<Utf8PathBuf, Result<Table, ManifestProblem>>,
}

impl<'a> Documents<'a> {
    pub(super) const fn new(config: &'a CargoConfig) -> Self {
        Self { config, known: BTreeMap::new() }
    }

    pub(super) fn read(&mut self, path: &Utf8Path) -> Result<&Table, ManifestProblem> {
        let read = self.known.entry(path.to_owned()).or_insert_with(|| document(path));
        read.as_ref().map_err(Clone::clone)
    }

    /// The root manifest of the workspace that the package of this manifest belongs to: itself, the one that it names, or the nearest
    /// above it that does not exclude it.
    pub(super) fn root_of(&mut self, manifest: &Utf8Path) -> Option<Utf8PathBuf> {
        let folder = manifest.parent()?;
        for above in folder.ancestors() {
            let path = above.join("Cargo.toml");
            if path != manifest && (above.as_str().ends_with("target/package") || !path.is_file()) {
                continue;
            }
            let Ok(table) = self.read(&path) else { continue };
            if let Some(root) = named_by(&path, table, manifest) {
                return Some(root);
            }
        }
        None
    }
}

fn document(path: &Utf8Path) -> Result<Table, ManifestProblem> {
    toml_tree::read(path, MAX_BYTES).map_err(|error| match error {
        DocumentError::Syntax(SyntaxError { line, message }) => ManifestProblem::Syntax { line, message },
        DocumentError::Read(ReadError::Io(error))
            if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) =>
        {
            ManifestProblem::Absent
        }
        DocumentError::Read(ReadError::Irregular(_)) => ManifestProblem::NotAFile,
        DocumentError::Read(cause) => ManifestProblem::Unreadable(cause.to_string()),
    })
}

/// The root that one manifest on the way up names for this package: itself, or another.
fn named_by(path: &Utf8Path, table: &Table, manifest: &Utf8Path) -> Option<Utf8PathBuf> {
    let folder = path.parent()?;
    let document = Section::root(table);
    if let Ok(Some(workspace)) = document.section("workspace") {
        // As in cargo's `WorkspaceRootConfig::is_excluded`, whose paths keep their `..`.
        let below = |key: &str| {
            let listed = workspace.texts(key).ok().flatten().unwrap_or_default();
            listed.iter().any(|one| manifest.starts_with(folder.join(one)))
        };
        let excluded = below("exclude") && !below("members");
        return (!excluded).then(|| path.to_owned());
    }
    let package = document.section(spelled(&document, "package", "project")).ok().flatten()?;
    let pointer = package.text("workspace").ok().flatten()?;
    Some(plain(&folder.join(pointer)).join("Cargo.toml"))
}

/// The spelling of a key that this table uses, of which older manifests have another; cargo prefers today's.
pub(super) fn spelled<'k>(section: &Section<'_>, today: &'k str, old: &'k str) -> &'k str {
    if section.table.get(today).is_none() && section.table.get(old).is_some() { old } else { today }
}
