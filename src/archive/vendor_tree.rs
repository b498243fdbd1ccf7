//! A package in the form that `cargo vendor` gives it.

use std::ops::Range;

use crate::model::vendored::{VENDOR_CHECKSUMS_FILE, VendorChecksums};

use super::file_set::PackedFile;
use super::opened::OpenedCrate;

/// A file to write.
#[derive(Debug)]
pub struct VendorFile<'a> {
    /// Below the package's folder, with `/` between the components.
    pub path: &'a str,
    /// The permission bits to create it with; the process's umask still applies.
    pub mode: u32,
    /// Its time of last change, in seconds since 1970.
    pub mtime: u64,
    /// Its bytes.
    pub content: Content<'a>,
}

/// Where a file's bytes are.
#[derive(Clone, Copy, Debug)]
pub enum Content<'a> {
    /// Here.
    Bytes(&'a [u8]),
    /// In the archive of [`VendorTree::archive`].
    Packed(PlaceInArchive<'a>),
}

/// A place in an opened archive.
#[derive(Clone, Copy, Debug)]
pub struct PlaceInArchive<'a>(pub(super) &'a Range<u64>);

/// All that a vendored package consists of beside its `.cargo-checksum.json`.
#[derive(Debug)]
pub struct VendorTree<'a> {
    /// In the order of the paths.
    pub files: Vec<VendorFile<'a>>,
    /// What `.cargo-checksum.json` will say.
    pub checksums: VendorChecksums,
    /// The archive that holds what is [`Content::Packed`].
    pub archive: Option<&'a OpenedCrate<'a>>,
}

/// The files that `cargo vendor` keeps of a registry's package, hashed. Cargo 1.95 (`ops/vendor.rs`) keeps all files verbatim but
/// `.gitattributes`, `.gitignore` and `.cargo-ok` in any folder, and all in a `.git`. A `.cargo-checksum.json` of the archive's root
/// is left out as well: cargo lists it and then writes over it, so that its own result does not build.
#[must_use]
pub fn vendor_files<'a>(opened: &'a OpenedCrate<'_>) -> VendorTree<'a> {
    let mut checksums = VendorChecksums { package: Some(opened.checksum()), ..VendorChecksums::default() };
    let mut files = Vec::with_capacity(opened.packed_files().len());
    for file in opened.packed_files().iter().filter(|file| is_kept(&file.path)) {
        checksums.files.insert((*file.path).to_owned(), file.digest);
        let content = Content::Packed(PlaceInArchive(&file.content));
        files.push(VendorFile { path: &file.path, mode: permissions(file.mode), mtime: mtime(file), content });
    }
    VendorTree { files, checksums, archive: Some(opened) }
}

pub(super) fn is_kept(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    path != VENDOR_CHECKSUMS_FILE
        && !matches!(name, ".gitattributes" | ".gitignore" | ".cargo-ok")
        && path.split('/').all(|component| component != ".git")
}

/// Cargo takes the permission bits and the umask. We never let group or others write, whatever the umask, and always let the owner
/// read: with the usual umask of 022 that is the same for every file that can be read at all.
pub(super) const fn permissions(mode: u32) -> u32 {
    mode & 0o755 | 0o400
}

/// The time that cargo gives files which have none of their own (`sources/registry`): 2006-07-24 01:21:28 UTC.
const GENERATED: u64 = 1_153_704_088;

/// As cargo sets it: what it generates itself when it packs a crate has a fixed time, and no file has the time 0. Times matter
/// because a build script's `rerun-if-changed` compares them.
pub(super) fn mtime(file: &PackedFile) -> u64 {
    match (&*file.path, file.mtime) {
        ("Cargo.lock" | "Cargo.toml" | ".cargo_vcs_info.json", _) | (_, None) => GENERATED,
        (_, Some(mtime)) => mtime.max(1),
    }
}
