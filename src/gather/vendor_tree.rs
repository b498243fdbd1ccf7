//! Reads a vendored tree as it is: every name in it, every file's digest, and what each package says of itself. It decides nothing.

mod files;

use std::sync::Arc;

use camino::Utf8Path;
use rayon::prelude::*;
use semver::Version;
use serde::Deserialize;

pub(super) use self::files::instead_of_a_folder;
pub(crate) use self::files::{MAX_STATEMENT, VendorTreeError, read_bounded};

use self::files::{Budget, Name, NameKind, everything, fill_digests, line_feeds, names_in, unreadable};
use crate::model::vendored::{
    Attributes, EntryKind, Stated, VENDOR_ATTRIBUTES, VENDOR_ATTRIBUTES_FILE, VENDOR_CHECKSUMS_FILE, VendorChecksums,
    VendorRoot, VendoredDirectory, VendoredEntry, VendoredTree,
};

/// Reads the tree in `folder`, which should lie below `root` without a link on the way.
///
/// # Errors
/// Something cannot be read, or there is more than any honest tree has.
pub fn read(root: &Utf8Path, folder: &Utf8Path) -> Result<VendorRoot, VendorTreeError> {
    if let Some(instead) = instead_of_a_folder(root, folder)? {
        return Ok(instead);
    }
    let budget = Budget::new(folder);
    let mut tree = VendoredTree::default();
    let mut names = Vec::new();
    for Name { path, kind } in names_in(folder, "", &budget)? {
        match kind {
            NameKind::Folder => names.push(path),
            NameKind::File if path == VENDOR_ATTRIBUTES_FILE => tree.attributes = attributes(folder)?,
            NameKind::File => tree.strays.push(VendoredEntry { path, kind: EntryKind::Unread }),
            NameKind::Other(kind) => tree.strays.push(VendoredEntry { path, kind }),
        }
    }
    names.sort_unstable();
    tree.strays.sort_by(|one, other| one.path.cmp(&other.path));
    tree.directories = names.into_par_iter().map(|name| directory(folder, name, &budget)).collect::<Result<_, _>>()?;
    let (files, bytes) = fill_digests(folder, &mut tree.directories)?;
    (tree.files, tree.bytes) = (files, bytes);
    Ok(VendorRoot::Read(tree))
}

/// The folder with the digests of those files, too, that `listed` has and its own list does not name.
///
/// # Errors
/// A file cannot be read.
pub(crate) fn against(
    tree: &Utf8Path,
    directory: &VendoredDirectory,
    listed: &VendorChecksums,
) -> Result<VendoredDirectory, VendorTreeError> {
    let mut again = VendoredDirectory { listed: Stated::Known(listed.clone()), ..directory.clone() };
    fill_digests(tree, std::slice::from_mut(&mut again))?;
    again.listed = directory.listed.clone();
    Ok(again)
}

/// A package's folder, its files not yet hashed.
fn directory(folder: &Utf8Path, name: String, budget: &Budget<'_>) -> Result<VendoredDirectory, VendorTreeError> {
    let path = folder.join(&name);
    let mut entries = everything(&path, budget)?;
    let is_regular = |entries: &[VendoredEntry], file: &str| {
        entries.iter().any(|entry| entry.path == file && matches!(entry.kind, EntryKind::File(_)))
    };
    let listed = listed_files(&path, is_regular(&entries, VENDOR_CHECKSUMS_FILE))?;
    let manifest = manifest_identity(&path, is_regular(&entries, "Cargo.toml"))?;
    entries.retain(|entry| entry.path != VENDOR_CHECKSUMS_FILE || !matches!(entry.kind, EntryKind::File(_)));
    entries.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(VendoredDirectory { name, manifest, listed, entries })
}

fn attributes(folder: &Utf8Path) -> Result<Attributes, VendorTreeError> {
    let text = statement_bytes(&folder.join(VENDOR_ATTRIBUTES_FILE))?;
    // A checkout that converts line ends has converted this file first of all.
    let ours = |bytes: &[u8]| line_feeds(bytes) == VENDOR_ATTRIBUTES.as_bytes();
    Ok(if text.is_some_and(|bytes| ours(&bytes)) { Attributes::Ours } else { Attributes::Other })
}

/// A file's bytes; `None` where it is larger than any honest file of its kind.
fn statement_bytes(path: &Utf8Path) -> Result<Option<Vec<u8>>, VendorTreeError> {
    read_bounded(path, MAX_STATEMENT).map_err(|source| unreadable(path, source))
}

fn listed_files(package: &Utf8Path, present: bool) -> Result<Stated<VendorChecksums>, VendorTreeError> {
    if !present {
        return Ok(Stated::Absent);
    }
    let Some(text) = statement_bytes(&package.join(VENDOR_CHECKSUMS_FILE))? else {
        return Ok(Stated::Malformed(format!("it is larger than {MAX_STATEMENT} bytes")));
    };
    Ok(match VendorChecksums::parse(&text) {
        Ok(listed) => Stated::Known(listed),
        Err(error) => Stated::Malformed(error.to_string()),
    })
}

#[derive(Deserialize)]
struct Manifest {
    package: Option<Package>,
    project: Option<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    // Cargo takes a manifest without a version for 0.0.0.
    version: Option<String>,
}

fn manifest_identity(package: &Utf8Path, present: bool) -> Result<Stated<(Arc<str>, Version)>, VendorTreeError> {
    if !present {
        return Ok(Stated::Absent);
    }
    let Some(text) = statement_bytes(&package.join("Cargo.toml"))? else {
        return Ok(Stated::Malformed(format!("it is larger than {MAX_STATEMENT} bytes")));
    };
    let Ok(text) = String::from_utf8(text) else {
        return Ok(Stated::Malformed("it is not UTF-8 text".to_owned()));
    };
    Ok(match identity(&text) {
        Ok(identity) => Stated::Known(identity),
        Err(cause) => Stated::Malformed(cause),
    })
}

fn identity(text: &str) -> Result<(Arc<str>, Version), String> {
    let manifest: Manifest = toml::from_str(text.strip_prefix('\u{feff}').unwrap_or(text))
        .map_err(|error| error.message().lines().next().unwrap_or_default().to_owned())?;
    // Cargo reads `[project]`, the oldest name of the table, where there is no `[package]`.
    let package = manifest.package.or(manifest.project).ok_or("it has no `[package]`")?;
    let version = package.version.as_deref().unwrap_or("0.0.0");
    // Cargo cuts white space off a version.
    let version = version.trim().parse().map_err(|_| "its version is none".to_owned())?;
    Ok((package.name.into(), version))
}
