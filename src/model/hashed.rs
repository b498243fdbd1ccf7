//! Bytes together with their digest.

use sha2::{Digest as _, Sha256};

use super::checksum::Checksum;

/// Bytes whose SHA-256 was computed from exactly these bytes: there is no other way to make one, and no way to change it. Who has
/// one need not hash again.
#[derive(Clone, Debug)]
pub struct Hashed {
    bytes: Vec<u8>,
    checksum: Checksum,
}

impl Hashed {
    /// Hashes the bytes.
    #[must_use]
    pub fn of(bytes: Vec<u8>) -> Self {
        let checksum = Checksum::from_bytes(Sha256::digest(&bytes).into());
        Self { bytes, checksum }
    }

    /// The digest.
    #[must_use]
    pub const fn checksum(&self) -> Checksum {
        self.checksum
    }

    /// The bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}
