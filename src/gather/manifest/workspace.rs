//! The workspace that a package inherits from, found as cargo finds it.

use camino::{Utf8Path, Utf8PathBuf};

use super::Documents;
use super::document::Place as Keys;
use crate::files::plain;
use crate::gather::toml_tree::Table;

/// The root manifest of the workspace that the package of this manifest belongs to: itself, the one that it names, or the nearest above
/// it that does not exclude it.
pub(super) fn root_of(manifest: &Utf8Path, documents: &mut Documents<'_>) -> Option<Utf8PathBuf> {
    let folder = manifest.parent()?;
    for above in folder.ancestors() {
        let path = above.join("Cargo.toml");
        if path != manifest && (above.as_str().ends_with("target/package") || !path.is_file()) {
            continue;
        }
        let Ok(table) = documents.read(&path) else { continue };
        if let Some(root) = named_by(&path, table, manifest) {
            return Some(root);
        }
    }
    None
}

/// The root that one manifest on the way up names for this package: itself, or another.
fn named_by(path: &Utf8Path, table: &Table, manifest: &Utf8Path) -> Option<Utf8PathBuf> {
    let folder = path.parent()?;
    let keys = Keys::root(table);
    if let Ok(Some(workspace)) = keys.inner("workspace") {
        // As in cargo's `WorkspaceRootConfig::is_excluded`, whose paths keep their `..`.
        let below = |key: &str| {
            let listed = workspace.texts(key).ok().flatten().unwrap_or_default();
            listed.iter().any(|one| manifest.starts_with(folder.join(one)))
        };
        let excluded = below("exclude") && !below("members");
        return (!excluded).then(|| path.to_owned());
    }
    let package = keys.inner(keys.spelled("package", "project")).ok().flatten()?;
    let pointer = package.text("workspace").ok().flatten()?;
    Some(plain(&folder.join(pointer)).join("Cargo.toml"))
}
