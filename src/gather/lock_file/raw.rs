//! The shape of a lock file, borrowed from its text.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;

/// The whole file; keys that cargo does not read either are ignored.
#[derive(Deserialize)]
pub(super) struct LockFile<'a> {
    pub(super) version: Option<i64>,
    /// The root package, which cargo wrote apart until 2017.
    #[serde(borrow)]
    pub(super) root: Option<Package<'a>>,
    #[serde(borrow, default)]
    pub(super) package: Vec<Package<'a>>,
    #[serde(borrow, default)]
    metadata: BTreeMap<Text<'a>, Text<'a>>,
    #[serde(borrow, default)]
    pub(super) patch: Patch<'a>,
}

#[derive(Default, Deserialize)]
pub(super) struct Patch<'a> {
    #[serde(borrow, default)]
    pub(super) unused: Vec<Package<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Package<'a> {
    #[serde(borrow)]
    pub(super) name: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) version: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) source: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) checksum: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) dependencies: Vec<Text<'a>>,
    /// What a `[replace]` table puts in this package's place.
    #[serde(borrow, default)]
    pub(super) replace: Option<Text<'a>>,
}

/// A string that serde borrows inside a collection, too.
#[derive(Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(transparent)]
pub(super) struct Text<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);

impl<'a> LockFile<'a> {
    /// The checksums of format 1, by `NAME VERSION (SOURCE)`.
    pub(super) fn checksums(&self) -> impl Iterator<Item = (&str, &str)> {
        self.metadata.iter().filter_map(|(key, value)| Some((key.0.strip_prefix("checksum ")?, &*value.0)))
    }

    /// Every package with its position among the `[[package]]` headers, which the root package does not have.
    pub(super) fn packages(&self) -> impl Iterator<Item = (Option<usize>, &Package<'a>)> {
        let listed = self.package.iter().enumerate().map(|(position, package)| (Some(position), package));
        self.root.iter().map(|root| (None, root)).chain(listed)
    }
}
