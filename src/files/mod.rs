//! The doors to the disk. Files are read within bounds ([`regular`]), many at once where there are many, and replaced whole
//! ([`Replacement`]); locks are taken, and folders brought to the disk, in one way each; what this program puts beside other people's files
//! has its names here, and what a killed run left of it is removed.

mod abandoned;
mod lock;
pub(crate) mod names;
mod plain;
pub(crate) mod regular;
mod replace;
mod sync;
mod together;
mod writable;

#[cfg(feature = "serve")]
pub(crate) use abandoned::keep;
pub(crate) use abandoned::{Errand, temporary_file, temporary_folder};
pub use lock::Lock;
pub(crate) use lock::{PackageCacheLock, Taken, is_package_cache_locked, lock_folder, lock_package_cache};
pub(crate) use plain::{as_opened, plain};
pub use replace::Replacement;
pub(crate) use replace::{Staged, remove_debris};
pub(crate) use sync::{sync_folder, sync_tree};
pub(crate) use together::{Whole, read_together};
pub(crate) use writable::{ReadOnly, may_replace};
