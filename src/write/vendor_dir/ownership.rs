//! Which of the things in a folder a run may write over: those that a run of `vendor` wrote, by this program's record or by the form that
//! `cargo vendor` gives them. Everything else is somebody's, and may be the only copy there is.

use std::collections::BTreeSet;
use std::fs;

use camino::Utf8Path;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::error::{TargetFault, VendorDirError};
use super::folder::VendorDir;
use super::tree;
use crate::files::names::STAGE_MARK;
use crate::files::regular::{self, Links};
use crate::model::allow_list::AllowList;
use crate::model::vendored::{
    VENDOR_ATTRIBUTES, VENDOR_ATTRIBUTES_FILE, VENDOR_CHECKSUMS_FILE, VendorChecksums, VendoredDirectory, VendoredTree,
};

/// What the configuration knows of the folder.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// The allow-list of the run before, where the configuration names this very folder as its place.
    pub listed: Option<&'a AllowList>,
    /// Whether the folder is a local registry, which holds an index and archives.
    pub local_registry: bool,
}

impl Known<'_> {
    /// Whether the allow-list has a package with a folder of this name.
    #[must_use]
    pub fn lists(&self, folder: &str) -> bool {
        self.listed.is_some_and(|list| list.releases.keys().any(|id| id.has_folder(folder)))
    }
}

/// A local registry's index.
const INDEX: &str = "index";

impl VendorDir {
    /// Refuses a folder that has something in it but nothing of ours. Packages of the project's own may lie in it.
    ///
    /// # Errors
    /// The first entry that does not belong there, or the folder cannot be read.
    pub fn is_a_place(&self, known: Known<'_>, is_the_projects: impl Fn(&str) -> bool) -> Result<(), VendorDirError> {
        if known.listed.is_some() {
            return Ok(());
        }
        let entries = tree::entries(self.target.path())?;
        let is_vendored = |(name, is_folder): &(String, bool)| *is_folder && self.has_checksums(name);
        if !known.local_registry && entries.iter().any(is_vendored) {
            return Ok(());
        }
        let occupied = entries.iter().find(|(name, is_folder)| {
            let belongs = known.local_registry && self.is_of_a_registry(name, *is_folder);
            !(belongs || name.starts_with('.') || is_the_projects(name))
        });
        occupied.map_or(Ok(()), |(name, _)| {
            let fault = TargetFault::Occupied(name.clone());
            Err(VendorDirError::Target { path: self.target.relative().into(), fault })
        })
    }

    /// Refuses to write over entries that no run wrote, or that hold something of the project's own.
    ///
    /// # Errors
    /// Names all of them.
    pub fn may_replace(
        &self,
        names: &BTreeSet<String>,
        known: Known<'_>,
        is_the_projects: impl Fn(&str) -> bool,
    ) -> Result<(), VendorDirError> {
        let in_the_way = |name: &&String| {
            let is_there = tree::is_there(&self.join(name));
            is_there && (is_the_projects(name) || !self.is_replaceable(name, known))
        };
        self.in_the_way(names.iter().filter(in_the_way).cloned().collect(), known)
    }

    /// Refuses to write over these, paths below the folder, which no run wrote.
    ///
    /// # Errors
    /// Names them, where there are any.
    pub fn in_the_way(&self, names: BTreeSet<String>, known: Known<'_>) -> Result<(), VendorDirError> {
        if names.is_empty() {
            return Ok(());
        }
        let (folder, names) = (self.target.relative().to_owned(), names.into_iter().collect());
        let elsewhere =
            if known.local_registry { "--local-registry third-party/registry" } else { "third-party/vendor" };
        Err(VendorDirError::InTheWay { folder, names, elsewhere })
    }

    /// By what it is and by its name. What is in a folder, and which lines are in an index, is looked at when what belongs there is known.
    fn is_replaceable(&self, name: &str, known: Known<'_>) -> bool {
        let Ok(found) = fs::symlink_metadata(self.join(name)) else { return false };
        // The bytes of a file may be the only copy. A link or a pipe has none.
        let has_bytes = found.is_file();
        if !known.local_registry {
            return if found.is_dir() {
                known.lists(name) || self.has_checksums(name)
            } else {
                known.lists(name) && !has_bytes
            };
        }
        if name == INDEX {
            return found.is_dir() || (known.listed.is_some() && !has_bytes);
        }
        let is_archive = |list: &AllowList| list.releases.keys().any(|id| id.archive_name() == name);
        !found.is_dir() && known.listed.is_some_and(is_archive)
    }

    fn has_checksums(&self, name: &str) -> bool {
        checksums(&self.join(name)).is_some()
    }

    fn is_of_a_registry(&self, name: &str, is_folder: bool) -> bool {
        if is_folder {
            name == INDEX && is_index(&self.join(name), 0)
        } else {
            name == VENDOR_ATTRIBUTES_FILE || Utf8Path::new(name).extension() == Some("crate")
        }
    }
}

/// Whether a folder holds index files and nothing else.
fn is_index(folder: &Utf8Path, depth: usize) -> bool {
    let Ok(entries) = tree::entries(folder) else { return false };
    depth <= 3
        && entries.iter().all(|(name, is_folder)| {
            let path = folder.join(name);
            if *is_folder { is_index(&path, depth + 1) } else { is_index_file(&path) }
        })
}

/// A line of an index, as far as it tells what it is.
#[derive(Deserialize)]
struct IndexLine {
    #[serde(rename = "name")]
    _name: IgnoredAny,
    #[serde(rename = "vers")]
    _vers: IgnoredAny,
    #[serde(rename = "cksum")]
    _cksum: IgnoredAny,
}

/// The most that is read of one index file.
const LARGEST_INDEX: u64 = 64 << 20;

fn is_index_file(path: &Utf8Path) -> bool {
    regular::text(path, Links::Refused, LARGEST_INDEX)
        .is_ok_and(|text| !text.is_empty() && text.lines().all(|line| serde_json::from_str::<IndexLine>(line).is_ok()))
}

/// The most that is read of a list of files.
const LARGEST_LIST: u64 = 64 << 20;

/// Entries of the vendor folder that are not wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Remains {
    /// Folders that this program wrote: the allow-list before has their tree under this name, and every file is as it says.
    pub ours: BTreeSet<String>,
    /// Everything else. It is left as it is.
    pub foreign: BTreeSet<String>,
}

impl VendorDir {
    /// Looks for entries that are not `wanted`. `previous` is the allow-list as the configuration has it; without one nothing is ours.
    /// `found` is the folder as it was read, its files hashed: a folder of ours in which anything was altered is somebody's, too.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn remains(
        &self,
        found: &VendoredTree,
        previous: Option<&AllowList>,
        wanted: &BTreeSet<String>,
    ) -> Result<Remains, VendorDirError> {
        let mut remains = Remains::default();
        for (name, _) in tree::entries(self.target.path())? {
            if wanted.contains(&name) || name.starts_with(STAGE_MARK) || self.is_our_attributes(&name) {
                continue;
            }
            let directory = found.directories.iter().find(|directory| directory.name == name);
            let tree = directory.and_then(VendoredDirectory::whole).map(VendorChecksums::tree_digest);
            let ours = previous.zip(tree).is_some_and(|(previous, tree)| {
                previous.releases.iter().any(|(id, release)| release.tree == tree && id.has_folder(&name))
            });
            if ours {
                remains.ours.insert(name)
            } else {
                remains.foreign.insert(name)
            };
        }
        Ok(remains)
    }

    fn is_our_attributes(&self, name: &str) -> bool {
        name == VENDOR_ATTRIBUTES_FILE
            && regular::read(&self.join(name), Links::Refused, LARGEST_LIST)
                .is_ok_and(|text| text == VENDOR_ATTRIBUTES.as_bytes())
    }
}

/// What the folder's `.cargo-checksum.json` says, where it is a plain file of that form.
fn checksums(folder: &Utf8Path) -> Option<VendorChecksums> {
    let path = folder.join(VENDOR_CHECKSUMS_FILE);
    VendorChecksums::parse(&regular::read(&path, Links::Refused, LARGEST_LIST).ok()?).ok()
}
