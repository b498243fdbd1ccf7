//! The names that an incident is about, searched for in the bytes of a lock file before it is parsed.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// The names that are looked for, to pass files over that cannot hold any of them without parsing them.
#[derive(Debug)]
pub(crate) struct Needles {
    /// Canonical names, with the versions that are looked for; none where any may be.
    by_name: HashMap<Vec<u8>, Option<BTreeSet<String>>>,
    /// How long names are: most texts between quotes have another length than all of them.
    lengths: BTreeSet<usize>,
    shortest: usize,
    longest: usize,
}

impl Needles {
    /// By name, with the exact version where only that is looked for.
    pub(crate) fn of(wanted: impl Iterator<Item = (Arc<str>, Option<String>)>) -> Self {
        let mut by_name: HashMap<Vec<u8>, Option<BTreeSet<String>>> = HashMap::new();
        for (name, version) in wanted {
            let entry = by_name.entry(canonical_bytes(name.as_bytes())).or_insert_with(|| Some(BTreeSet::new()));
            match (entry.as_mut(), version) {
                (Some(versions), Some(version)) => {
                    versions.insert(version);
                }
                (Some(_), None) => *entry = None,
                (None, _) => {}
            }
        }
        let lengths: BTreeSet<usize> = by_name.keys().map(Vec::len).collect();
        let (shortest, longest) = (lengths.first().copied().unwrap_or(1), lengths.last().copied().unwrap_or(0));
        Self { by_name, lengths, shortest, longest }
    }

    /// Whether a text can hold one of them. In TOML a value stands between quotes, and what does not stand there letter by letter needs a
    /// backslash.
    #[must_use]
    pub(crate) fn may_be_in(&self, bytes: &[u8]) -> bool {
        if memchr::memchr(b'\\', bytes).is_some() || memchr::memmem::find(bytes, b"\"\"\"").is_some() {
            return true;
        }
        let mut begin = 0;
        let mut canonical = Vec::with_capacity(64);
        for end in memchr::memchr2_iter(b'"', b'\'', bytes) {
            let token = bytes.get(begin..end).unwrap_or_default();
            begin = end + 1;
            if token.len() < self.shortest || token.len() > self.longest || !self.lengths.contains(&token.len()) {
                continue;
            }
            canonical.clear();
            canonical.extend(token.iter().map(|byte| canonical_byte(*byte)));
            let may = match self.by_name.get(&canonical) {
                None => false,
                Some(None) => true,
                Some(Some(versions)) => {
                    versions.iter().any(|version| memchr::memmem::find(bytes, version.as_bytes()).is_some())
                }
            };
            if may {
                return true;
            }
        }
        false
    }
}

fn canonical_bytes(name: &[u8]) -> Vec<u8> {
    name.iter().map(|byte| canonical_byte(*byte)).collect()
}

const fn canonical_byte(byte: u8) -> u8 {
    if byte == b'_' { b'-' } else { byte.to_ascii_lowercase() }
}
