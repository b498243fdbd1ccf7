//! The manifests of the base at the places where the change has its own, for what cannot be seen of a lock file otherwise.

use camino::{Utf8Path, Utf8PathBuf};
use toml::{Table, Value};

use super::base::{BaseCommit, lay_out};
use super::error::ProjectError;
use super::open::Project;
use crate::files::regular::{self, Links};
use crate::gather::manifest::{self, MAX_BYTES, Roots};
use crate::gather::workspace::Workspace;
use crate::model::manifest::Manifests;

/// The keys by which cargo finds out what is a member.
const MEMBERSHIP: [(&str, &[&str]); 2] = [("workspace", &["members", "exclude"]), ("package", &["workspace"])];

/// Reads them as if they lay in the working tree; `None` where the base does not have one of them, or another workspace, so that nothing
/// can be held against it.
pub(super) fn read(
    project: &Project,
    workspace: &Workspace,
    head: &Manifests,
    commit: &BaseCommit,
) -> Result<Option<Manifests>, ProjectError> {
    let copy = tempfile::tempdir().map_err(ProjectError::Temporary)?;
    let top = Utf8PathBuf::try_from(copy.path().to_owned())
        .map_err(|error| ProjectError::Temporary(error.into_io_error()))?;
    let (Some(root), Some(prefix)) = (commit.inside(&workspace.root), prefix(commit, &workspace.root)) else {
        return Ok(None);
    };
    let own = head.packages.iter().map(|manifest| manifest.path.clone());
    let wanted = own.chain([workspace.root.join("Cargo.toml")]);
    for path in wanted {
        if !lay_out_manifest(commit, &path, &top)? {
            return Ok(None);
        }
    }
    let config = commit.cargo_config(&workspace.root, project.environment())?;
    let members = head.packages.iter().filter(|manifest| manifest.member);
    let members: Option<Vec<Utf8PathBuf>> =
        members.map(|manifest| Some(top.join(commit.inside(manifest.folder())?))).collect();
    let Some(members) = members else { return Ok(None) };
    let read = manifest::read(&Roots { root: &top.join(root), members: &members, config: &config });
    Ok(Some(read.moved(&top, &prefix)))
}

/// The top of the working tree, spelled as the workspace's root is.
fn prefix(commit: &BaseCommit, root: &Utf8Path) -> Option<Utf8PathBuf> {
    let inside = commit.inside(root)?;
    root.ancestors().find(|above| above.join(&inside) == root).map(Utf8Path::to_owned)
}

/// Lays out a manifest and those above it, of which it may inherit; false where the base does not have it, or where it says otherwise
/// what is a member.
fn lay_out_manifest(commit: &BaseCommit, path: &Utf8Path, top: &Utf8Path) -> Result<bool, ProjectError> {
    let Some(inside) = commit.inside(path) else { return Ok(false) };
    let Some(before) = commit.file(path)? else { return Ok(false) };
    let now = regular::read(path, Links::Followed, MAX_BYTES).ok();
    if membership(&before).is_none_or(|before| now.and_then(|now| membership(&now)) != Some(before)) {
        return Ok(false);
    }
    for folder in inside.ancestors().skip(1) {
        let at = top.join(folder).join("Cargo.toml");
        if !at.exists()
            && let Some(bytes) = commit.at(&folder.join("Cargo.toml"))?
        {
            lay_out(&at, &bytes)?;
        }
    }
    Ok(true)
}

/// What a manifest says of workspaces; `None` for what is no manifest.
fn membership(manifest: &[u8]) -> Option<Vec<Option<Value>>> {
    let table: Table = toml::from_str(std::str::from_utf8(manifest).ok()?).ok()?;
    let said = MEMBERSHIP.iter().flat_map(|(section, keys)| {
        let section = table.get(*section);
        keys.iter().map(move |key| section.and_then(|section| section.get(key)).cloned())
    });
    Some(said.collect())
}
