//! A vendored package against what its own archive unpacks to: the one proof that a tree and an allow-list which were edited together
//! cannot pass.

use std::collections::BTreeSet;

use crate::model::checksum::Checksum;
use crate::model::package::PackageId;
use crate::model::vendor::VendorChecksums;
use crate::model::vendored::VendoredDirectory;
use crate::model::verification::Finding;

/// The most paths that one finding names.
const MAX_PATHS: usize = 8;

/// A package, its folder, and what its archive says.
#[derive(Clone, Copy, Debug)]
pub struct Derived<'a> {
    /// The package.
    pub id: &'a PackageId,
    /// Its folder in the tree.
    pub directory: &'a VendoredDirectory,
    /// The `.cargo-checksum.json` of the archive's own tree, or of the stub that is made from it.
    pub checksums: &'a VendorChecksums,
    /// The tree's digest that the allow-list records.
    pub recorded: Checksum,
}

/// What differs from the archive's tree. Both the files and the recorded digest are held against it.
#[must_use]
pub fn derived(derived: &Derived<'_>) -> Option<Finding> {
    let mut paths: BTreeSet<&str> = BTreeSet::new();
    for (path, digest) in files(derived.directory) {
        // Converted line ends are a finding of their own, and no forgery.
        let is_listed = |listed: &Checksum| digest.iter().any(|digest| digest == listed);
        if !derived.checksums.files.get(path).is_some_and(is_listed) {
            paths.insert(path);
        }
    }
    let present: BTreeSet<&str> = files(derived.directory).map(|(path, _)| path).collect();
    paths.extend(derived.checksums.files.keys().map(String::as_str).filter(|path| !present.contains(path)));
    let is_recorded = derived.checksums.tree_digest() == derived.recorded;
    (!paths.is_empty() || !is_recorded).then(|| finding(derived, &paths))
}

fn finding(derived: &Derived<'_>, paths: &BTreeSet<&str>) -> Finding {
    Finding::NotFromArchive {
        id: derived.id.clone(),
        directory: derived.directory.name.clone(),
        paths: paths.iter().take(MAX_PATHS).map(|path| (*path).to_owned()).collect(),
        more: paths.len().saturating_sub(MAX_PATHS),
    }
}

/// Every file with its digests: its own, and the one with line feeds where that was worked out.
fn files(directory: &VendoredDirectory) -> impl Iterator<Item = (&str, Vec<Checksum>)> {
    directory.entries.iter().filter_map(|entry| {
        let file = entry.kind.file()?;
        Some((&*entry.path, [Some(file.digest), file.with_line_feeds].into_iter().flatten().collect()))
    })
}
