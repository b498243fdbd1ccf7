//! A `.crate` file on its way from bytes to checked files: first the proof that they are the bytes that were asked for, then that every
//! entry was checked.

use std::io::{self, Read as _};
use std::ops::Range;

use super::fault::{ArchiveError, Fault, Limits};
use super::file_set::{FileSet, Notice, PackedFile, collect};
use super::gzip::{Unpacked, announced, gunzip};
use super::manifest::VerifiedManifest;
use super::second_reader::confirm;
use super::walk::{Walked, walk};
use crate::model::checksum::{Checksum, Hashed};
use crate::model::package::PackageId;

/// What reading an archive takes beside its content: buffers, and the list of its entries.
const PARTS: u64 = 1 << 20;

/// The bytes of a `.crate` file whose SHA-256 was computed in this run and is the expected one. There is no other way to make one.
#[derive(Clone, Debug)]
pub struct VerifiedCrate {
    id: PackageId,
    file: Hashed,
}

impl VerifiedCrate {
    /// Hashes the bytes of the `.crate` file of the package `id`.
    ///
    /// # Errors
    /// The hash is not the expected one.
    pub fn verify(bytes: Vec<u8>, expected: Checksum, id: &PackageId) -> Result<Self, ArchiveError> {
        Self::of(Hashed::of(bytes), expected, id)
    }

    /// As [`Self::verify`], for bytes that were hashed already.
    ///
    /// # Errors
    /// The hash is not the expected one.
    pub fn of(file: Hashed, expected: Checksum, id: &PackageId) -> Result<Self, ArchiveError> {
        let found = file.checksum();
        if found == expected {
            Ok(Self { id: id.clone(), file })
        } else {
            let fault = Fault::ChecksumMismatch { expected, found };
            Err(ArchiveError { id: Box::new(id.clone()), fault })
        }
    }

    /// Unpacks and checks every entry. Needs [`Self::room`] in memory.
    ///
    /// # Errors
    /// The first thing that is wrong with the archive.
    pub fn open(&self, limits: &Limits) -> Result<OpenedCrate<'_>, ArchiveError> {
        OpenedCrate::of(self, limits).map_err(|fault| ArchiveError { id: Box::new(self.id.clone()), fault })
    }

    /// The most bytes that [`Self::open`] and what it gives will hold, beside the file itself.
    #[must_use]
    pub fn room(&self, limits: &Limits) -> u64 {
        let announced = announced(self.bytes());
        if announced > limits.held { PARTS } else { announced + PARTS }
    }

    /// The package.
    #[must_use]
    pub const fn id(&self) -> &PackageId {
        &self.id
    }

    /// The digest of [`Self::bytes`].
    #[must_use]
    pub const fn checksum(&self) -> Checksum {
        self.file.checksum()
    }

    /// The `.crate` file.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.file.bytes()
    }
}

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
    fn of(verified: &'v VerifiedCrate, limits: &Limits) -> Result<Self, Fault> {
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
        confirm(&unpacked, &members)?;
        let FileSet { files, notices } = collect(&members, &prefix, limits)?;
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

    /// Hands on every file with its content, in the archive's order.
    ///
    /// # Errors
    /// The archive cannot be read again, or `take`'s.
    pub(crate) fn contents<E: From<io::Error>>(
        &self,
        mut take: impl FnMut(&str, Part<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut files: Vec<&PackedFile> = self.files.iter().collect();
        files.sort_unstable_by_key(|file| file.content.start);
        self.read(files.iter().map(|file| &file.content), |at, part| {
            files.get(at).map_or(Ok(()), |file| take(&file.path, part))
        })
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
pub(crate) enum Part<'p> {
    Whole(&'p [u8]),
    /// To be read to its end.
    Stream(&'p mut dyn io::Read),
}
