//! From the bytes of a `.crate` file to a checked list of files, and to a directory as `cargo vendor` writes it.
//!
//! The steps are types, and none can be skipped: bytes become a [`VerifiedCrate`] only by hashing, a [`VerifiedCrate`] becomes an
//! [`OpenedCrate`] only when every entry of its archive is harmless and two readers agree on the list, and only an [`OpenedCrate`]
//! has a [`VendorTree`] that can be written.

mod entry_path;
mod error;
mod file_set;
mod gzip;
mod header;
mod index_agreement;
mod limits;
mod manifest;
mod notice;
mod opened;
mod pax;
mod requirement_range;
mod second_reader;
mod stub;
mod vendor_tree;
mod verified;
mod walk;
mod write;

pub use entry_path::PathFault;
pub use error::{ArchiveError, Fault};
pub use index_agreement::{Divergence, manifest_agrees};
pub use limits::Limits;
pub use manifest::{ManifestFault, VerifiedManifest};
pub use notice::Notice;
pub use opened::OpenedCrate;
pub use stub::stub_files;
pub use vendor_tree::{Content, PlaceInArchive, VendorFile, VendorTree, vendor_files};
pub use verified::VerifiedCrate;
pub use write::{WriteError, write_into};
