//! Whether the locked bytes are the ones that the registry published.

use crate::model::checksum::Checksum;
use crate::model::package::LockedChecksum;
use crate::model::verdict::{Reason, Witness};

/// The reason that a locked checksum gives, held against the index's.
#[must_use]
pub fn checksum(locked: &LockedChecksum, index: Checksum) -> Option<Reason> {
    match locked {
        LockedChecksum::Known(locked) if *locked == index => None,
        LockedChecksum::Known(locked) => Some(mismatch(&locked.to_string(), index)),
        LockedChecksum::Malformed(text) => Some(mismatch(text, index)),
        LockedChecksum::Missing => Some(Reason::ChecksumMissing),
    }
}

fn mismatch(locked: &str, index: Checksum) -> Reason {
    Reason::ChecksumMismatch { locked: locked.into(), expected: index, witness: Witness::Index }
}
