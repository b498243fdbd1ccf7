//! SHA-256 digests as the registry index, the lock file and our own files write them.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};

/// A SHA-256 digest. Its text form is 64 lower-case hexadecimal digits and nothing else: cargo writes no other form, and a
/// second spelling of one digest is a way to slip past a comparison of strings.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Checksum(#[cfg_attr(test, schemars(with = "String", extend("pattern" = "^[0-9a-f]{64}$")))] [u8; 32]);

/// The text is not 64 lower-case hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a SHA-256 digest of 64 lower-case hexadecimal digits")]
pub struct ChecksumError;

impl Checksum {
    /// Wraps the 32 bytes that a hasher returned.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The digest's 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// In the place of a letter's digit, where it is none.
const NO_DIGIT: u8 = 0x80;

/// The digit of each letter. A history of lock files has millions of them.
const DIGITS: [u8; 256] = {
    let mut digits = [NO_DIGIT; 256];
    let mut digit: u8 = 0;
    while digit < 16 {
        digits[b"0123456789abcdef"[digit as usize] as usize] = digit;
        digit += 1;
    }
    digits
};

impl FromStr for Checksum {
    type Err = ChecksumError;

    fn from_str(text: &str) -> Result<Self, ChecksumError> {
        let mut bytes = [0; 32];
        let text = text.as_bytes();
        if text.len() != 64 {
            return Err(ChecksumError);
        }
        let mut all = 0;
        for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
            let (high, low) = (DIGITS[usize::from(pair[0])], DIGITS[usize::from(pair[1])]);
            all |= high | low;
            *byte = high << 4 | low & 0xf;
        }
        if all & NO_DIGIT != 0 {
            return Err(ChecksumError);
        }
        Ok(Self(bytes))
    }
}

impl Checksum {
    /// Its digits: a trail of some years writes tens of thousands of them to see whether its events are in their one form.
    fn digits(&self) -> [u8; 64] {
        const LETTERS: [u8; 16] = *b"0123456789abcdef";
        let mut digits = [0; 64];
        for (pair, byte) in digits.chunks_exact_mut(2).zip(self.0) {
            pair[0] = LETTERS[usize::from(byte >> 4)];
            pair[1] = LETTERS[usize::from(byte & 0xf)];
        }
        digits
    }
}

impl fmt::Display for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.digits()).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl serde::Serialize for Checksum {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let digits = self.digits();
        serializer.serialize_str(std::str::from_utf8(&digits).map_err(serde::ser::Error::custom)?)
    }
}

impl<'de> serde::Deserialize<'de> for Checksum {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

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
