//! From the bytes of a `.crate` file to a checked list of files, and to the files of a directory as `cargo vendor` writes it. Nothing is
//! written here.
//!
//! The steps are types, and none can be skipped: bytes become a [`VerifiedCrate`] only by hashing, a [`VerifiedCrate`] becomes an
//! [`OpenedCrate`] only when every entry of its archive is harmless and two readers agree on the list, and only an [`OpenedCrate`]
//! has a [`VendorTree`] that can be written.

mod crate_file;
mod fault;
mod file_set;
mod gzip;
mod index_agreement;
mod manifest;
mod memory;
mod second_reader;
mod vendor_tree;
mod walk;

pub(crate) use crate_file::Part;
pub use crate_file::{OpenedCrate, VerifiedCrate};
pub use fault::{ArchiveError, Fault, Limits, ManifestFault, PathFault};
pub use file_set::Notice;
pub use index_agreement::{Divergence, manifest_agrees};
pub(crate) use manifest::VerifiedManifest;
pub(crate) use memory::MemoryBudget;
pub(crate) use vendor_tree::stub_files;
pub use vendor_tree::{Content, VendorFile, VendorTree, vendor_files};
