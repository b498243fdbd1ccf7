//! What the vendor folder holds beyond the wanted packages, and which of it this program wrote.

use std::collections::BTreeSet;

use camino::Utf8Path;

use super::error::VendorDirError;
use super::{VendorDir, link};
use crate::files::names::STAGE_MARK;
use crate::files::regular::{self, Links};
use crate::model::allow_list::AllowList;
use crate::model::vendored::{
    VENDOR_ATTRIBUTES, VENDOR_ATTRIBUTES_FILE, VENDOR_CHECKSUMS_FILE, VendorChecksums, VendoredDirectory, VendoredTree,
};

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
        for (name, _) in link::entries(self.target.path())? {
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
pub(super) fn checksums(folder: &Utf8Path) -> Option<VendorChecksums> {
    let path = folder.join(VENDOR_CHECKSUMS_FILE);
    VendorChecksums::parse(&regular::read(&path, Links::Refused, LARGEST_LIST).ok()?).ok()
}
