//! What the vendor folder holds beyond the wanted packages, and which of it this program wrote.

use std::collections::BTreeSet;

use camino::Utf8Path;

use super::VendorDir;
use super::error::VendorDirError;
use super::link;
use super::target::STAGE_MARK;
use crate::files::regular::{self, Links};
use crate::model::allow_list::{AllowList, AllowedId};
use crate::model::checksum::Checksum;
use crate::model::vendor::{VENDOR_ATTRIBUTES, VENDOR_ATTRIBUTES_FILE, VENDOR_CHECKSUMS_FILE, VendorChecksums};

/// The most that is read of a list of files.
const LARGEST_LIST: u64 = 64 << 20;

/// Entries of the vendor folder that are not wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Remains {
    /// Folders that this program wrote: the allow-list before has their tree under this name.
    pub ours: BTreeSet<String>,
    /// Everything else. It is left as it is.
    pub foreign: BTreeSet<String>,
}

impl VendorDir {
    /// Looks for entries that are not `wanted`. `previous` is the allow-list as the configuration has it; without one nothing is ours.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn remains(&self, previous: Option<&AllowList>, wanted: &BTreeSet<String>) -> Result<Remains, VendorDirError> {
        let mut remains = Remains::default();
        for (name, is_folder) in link::entries(self.target.path())? {
            if wanted.contains(&name) || name.starts_with(STAGE_MARK) || self.is_our_attributes(&name) {
                continue;
            }
            let path = self.join(&name);
            let ours = is_folder && previous.is_some_and(|previous| is_listed(&path, &name, previous));
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

fn is_listed(folder: &Utf8Path, name: &str, previous: &AllowList) -> bool {
    let Some(tree) = tree_digest(folder) else { return false };
    previous.releases.iter().any(|(id, release)| release.tree == tree && is_folder_of(name, id))
}

/// The package's name, bare or with its version or what else tells two apart.
pub(super) fn is_folder_of(folder: &str, id: &AllowedId) -> bool {
    let name = id.release().split('@').next().unwrap_or_default();
    folder.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

fn tree_digest(folder: &Utf8Path) -> Option<Checksum> {
    checksums(folder).map(|checksums| checksums.tree_digest())
}

/// What the folder's `.cargo-checksum.json` says, where it is a plain file of that form.
pub(super) fn checksums(folder: &Utf8Path) -> Option<VendorChecksums> {
    let path = folder.join(VENDOR_CHECKSUMS_FILE);
    VendorChecksums::parse(&regular::read(&path, Links::Refused, LARGEST_LIST).ok()?).ok()
}
