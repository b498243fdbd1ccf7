//! The names of crates, compared in one way: crates.io tells neither `-` from `_` nor upper from lower case, so a rule of the policy
//! that is written in another spelling than the lock file's is about the same crate.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// A crate's name as somebody wrote it. Two are equal where they name one crate.
#[derive(Clone, Debug)]
pub struct CrateName(Arc<str>);

impl CrateName {
    /// As it was written.
    #[must_use]
    pub fn as_written(&self) -> &str {
        &self.0
    }

    /// Whether it names this crate.
    #[must_use]
    pub fn names(&self, name: &str) -> bool {
        is_same(&self.0, name)
    }
}

/// As it was written.
impl fmt::Display for CrateName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl PartialEq for CrateName {
    fn eq(&self, other: &Self) -> bool {
        is_same(&self.0, &other.0)
    }
}

impl Eq for CrateName {}

impl Hash for CrateName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.len().hash(state);
        self.0.bytes().map(canonical_byte).for_each(|byte| byte.hash(state));
    }
}

impl<T: Into<Arc<str>>> From<T> for CrateName {
    fn from(name: T) -> Self {
        Self(name.into())
    }
}

/// A crate's name in which `*` stands for any characters.
#[derive(Clone, Debug)]
pub struct NamePattern(Box<str>);

impl NamePattern {
    /// Whether a crate's name fits it.
    #[must_use]
    pub fn fits(&self, name: &str) -> bool {
        let (pattern, name) = (canonical(&self.0), canonical(name));
        let mut parts = pattern.split('*');
        let Some(rest) = parts.next().and_then(|first| name.strip_prefix(first)) else { return false };
        let Some(last) = pattern.contains('*').then(|| parts.next_back()).flatten() else { return rest.is_empty() };
        let middle = parts.try_fold(rest, |rest, part| rest.find(part).map(|at| &rest[at + part.len()..]));
        middle.is_some_and(|rest| rest.ends_with(last))
    }
}

/// As it was written.
impl fmt::Display for NamePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl PartialEq for NamePattern {
    fn eq(&self, other: &Self) -> bool {
        is_same(&self.0, &other.0)
    }
}

impl Eq for NamePattern {}

impl<T: Into<Box<str>>> From<T> for NamePattern {
    fn from(pattern: T) -> Self {
        Self(pattern.into())
    }
}

/// Whether two names are one crate's.
#[must_use]
pub fn is_same(one: &str, other: &str) -> bool {
    one.len() == other.len() && one.bytes().map(canonical_byte).eq(other.bytes().map(canonical_byte))
}

/// The spelling that all spellings of one name have in common, to look names up by.
#[must_use]
pub fn canonical(name: &str) -> String {
    let mut name = name.replace('_', "-");
    name.make_ascii_lowercase();
    name
}

const fn canonical_byte(byte: u8) -> u8 {
    if byte == b'_' { b'-' } else { byte.to_ascii_lowercase() }
}
