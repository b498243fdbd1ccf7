//! The proof that an archive's bytes are the ones that were asked for.

use crate::model::checksum::{Checksum, Hashed};
use crate::model::package::PackageId;

use super::error::{ArchiveError, Fault};
use super::gzip::announced;
use super::limits::Limits;
use super::opened::OpenedCrate;

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
