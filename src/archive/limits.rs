//! How large an archive may be.

/// The bounds of an archive. The default's sizes are cargo's (`max_unpack_size` of its `sources/registry`), so that every crate
/// that cargo unpacks passes; the others are far above what real crates have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes that any archive may unpack to, headers included.
    pub unpacked: u64,
    /// How many times its compressed size an archive may unpack to, where that is more than [`Self::unpacked`].
    pub ratio: u64,
    /// Unpacked bytes that are held in memory: an archive that has more is unpacked again for each use.
    pub held: u64,
    /// Entries in the archive.
    pub entries: usize,
    /// Bytes of an entry's path, the `name-version/` prefix included.
    pub path_bytes: usize,
    /// Bytes of one component of a path: what file systems hold.
    pub component_bytes: usize,
    /// Components of a path.
    pub path_depth: usize,
    /// Bytes of `Cargo.toml`.
    pub manifest_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            unpacked: 512 << 20,
            ratio: 20,
            held: 32 << 20,
            entries: 100_000,
            path_bytes: 1024,
            component_bytes: 255,
            path_depth: 64,
            manifest_bytes: 16 << 20,
        }
    }
}

impl Limits {
    /// The bytes that an archive of `compressed` bytes may unpack to.
    pub(super) fn unpacked_from(&self, compressed: usize) -> u64 {
        self.unpacked.max((compressed as u64).saturating_mul(self.ratio))
    }
}
