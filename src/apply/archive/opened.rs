//! An archive whose every entry was checked.

use std::ops::Range;

use crate::model::checksum::Checksum;
use crate::model::package::PackageId;

use super::error::Fault;
use super::file_set::{self, FileSet, PackedFile};
use super::gzip::gunzip;
use super::limits::Limits;
use super::manifest::VerifiedManifest;
use super::notice::Notice;
use super::verified::VerifiedCrate;
use super::{second_reader, walk};

/// The files of a [`VerifiedCrate`], unpacked in memory: each path is harmless on every system, and name and version of the
/// manifest are the package's.
#[derive(Debug)]
pub struct OpenedCrate {
    id: PackageId,
    checksum: Checksum,
    tar: Vec<u8>,
    files: Vec<PackedFile>,
    manifest: VerifiedManifest,
    notices: Vec<Notice>,
}

impl OpenedCrate {
    pub(super) fn of(verified: &VerifiedCrate, limits: &Limits) -> Result<Self, Fault> {
        let id = verified.id();
        let tar = gunzip(verified.bytes(), limits)?;
        let members = walk::members(&tar, limits)?;
        second_reader::confirm(&tar, &members)?;
        let prefix = format!("{}-{}", id.name, id.version);
        let FileSet { files, notices } = file_set::collect(&tar, &members, &prefix, limits)?;
        let text = files
            .binary_search_by(|file| (*file.path).cmp("Cargo.toml"))
            .ok()
            .and_then(|at| files.get(at))
            .and_then(|file| tar.get(file.content.clone()))
            .ok_or(Fault::NoManifest)?;
        let manifest = VerifiedManifest::read(text, id, limits).map_err(Fault::Manifest)?;
        Ok(Self { id: id.clone(), checksum: verified.checksum(), tar, files, manifest, notices })
    }

    /// The package.
    #[must_use]
    pub const fn id(&self) -> &PackageId {
        &self.id
    }

    /// The digest of the `.crate` file.
    #[must_use]
    pub const fn checksum(&self) -> Checksum {
        self.checksum
    }

    /// What its `Cargo.toml` says.
    #[must_use]
    pub const fn manifest(&self) -> &VerifiedManifest {
        &self.manifest
    }

    /// What a person may want to know of, in a fixed order.
    #[must_use]
    pub fn notices(&self) -> &[Notice] {
        &self.notices
    }

    /// Every file of the archive, in the order of the paths: the path below the package's folder, and its bytes.
    pub fn files(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.files.iter().map(|file| (&*file.path, self.bytes(&file.content)))
    }

    pub(super) fn packed_files(&self) -> &[PackedFile] {
        &self.files
    }

    pub(super) fn bytes(&self, content: &Range<usize>) -> &[u8] {
        self.tar.get(content.clone()).unwrap_or_default()
    }
}
