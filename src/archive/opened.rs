//! An archive whose every entry was checked.

use std::io::{self, Read as _};
use std::ops::Range;

use crate::model::checksum::Checksum;
use crate::model::package::PackageId;

use super::error::Fault;
use super::file_set::{self, FileSet, PackedFile};
use super::gzip::{Unpacked, gunzip};
use super::limits::Limits;
use super::manifest::VerifiedManifest;
use super::notice::Notice;
use super::second_reader;
use super::verified::VerifiedCrate;
use super::walk::{Walked, walk};

/// The files of a [`VerifiedCrate`]: each path is harmless on every system, and name and version of the manifest are the package's.
/// A small archive is held unpacked; a large one is unpacked again wherever its files are read, so that memory is bounded.
#[derive(Debug)]
pub struct OpenedCrate<'v> {
    id: PackageId,
    checksum: Checksum,
    unpacked: Unpacked<'v>,
    manifest_text: Vec<u8>,
    files: Vec<PackedFile>,
    manifest: VerifiedManifest,
    notices: Vec<Notice>,
}

impl<'v> OpenedCrate<'v> {
    pub(super) fn of(verified: &'v VerifiedCrate, limits: &Limits) -> Result<Self, Fault> {
        let id = verified.id();
        let unpacked = gunzip(verified.bytes(), limits)?;
        let prefix = format!("{}-{}", id.name, id.version);
        let manifest = format!("{prefix}/Cargo.toml");
        let Walked { members, manifest } = match &unpacked {
            Unpacked::Held(tar) => walk(&mut tar.as_slice(), &manifest, limits)?,
            Unpacked::Again(packed) => {
                let mut stream = packed.stream();
                let walked = walk(&mut stream, &manifest, limits)?;
                stream.end()?;
                walked
            }
        };
        second_reader::confirm(&unpacked, &members)?;
        let FileSet { files, notices } = file_set::collect(&members, &prefix, limits)?;
        let manifest_text = manifest.ok_or(Fault::NoManifest)?;
        let manifest = VerifiedManifest::read(&manifest_text, id, limits).map_err(Fault::Manifest)?;
        Ok(Self { id: id.clone(), checksum: verified.checksum(), unpacked, manifest_text, files, manifest, notices })
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

    /// The bytes of its `Cargo.toml`.
    #[must_use]
    pub fn manifest_text(&self) -> &[u8] {
        &self.manifest_text
    }

    /// What a person may want to know of, in a fixed order.
    #[must_use]
    pub fn notices(&self) -> &[Notice] {
        &self.notices
    }

    /// Every file of the archive, in the order of the paths: the path below the package's folder, and its digest.
    pub fn files(&self) -> impl Iterator<Item = (&str, Checksum)> {
        self.files.iter().map(|file| (&*file.path, file.digest))
    }

    pub(super) fn packed_files(&self) -> &[PackedFile] {
        &self.files
    }

    /// Hands on the content of each of these places in the tar stream, which are in ascending order and do not overlap.
    pub(super) fn read<'p, E: From<io::Error>>(
        &self,
        places: impl Iterator<Item = &'p Range<u64>>,
        mut take: impl FnMut(usize, Part<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let cut_short = || E::from(io::ErrorKind::UnexpectedEof.into());
        match &self.unpacked {
            Unpacked::Held(tar) => {
                for (at, place) in places.enumerate() {
                    let within = |offset: u64| usize::try_from(offset).unwrap_or(usize::MAX);
                    let bytes = tar.get(within(place.start)..within(place.end)).ok_or_else(cut_short)?;
                    take(at, Part::Whole(bytes))?;
                }
            }
            Unpacked::Again(packed) => {
                let (mut stream, mut read) = (packed.stream(), 0);
                for (at, place) in places.enumerate() {
                    let skipped = place.start.checked_sub(read).ok_or_else(cut_short)?;
                    io::copy(&mut (&mut stream).take(skipped), &mut io::sink())?;
                    let mut content = (&mut stream).take(place.end.saturating_sub(place.start));
                    take(at, Part::Stream(&mut content))?;
                    if content.limit() > 0 {
                        return Err(cut_short());
                    }
                    read = place.end;
                }
            }
        }
        Ok(())
    }
}

/// A file's content.
pub(super) enum Part<'p> {
    Whole(&'p [u8]),
    /// To be read to its end.
    Stream(&'p mut dyn io::Read),
}
