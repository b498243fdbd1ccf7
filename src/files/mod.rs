//! The doors to the disk. Files are read within bounds ([`regular`]) and replaced whole ([`Replacement`]); locks are taken, and folders
//! brought to the disk, in one way each; and what this program puts beside other people's files has its names here.

mod lock;
pub mod names;
mod plain;
pub mod regular;
mod replace;
mod sync;
mod writable;

pub use lock::{Lock, PackageCacheLock, Taken, is_package_cache_locked, lock_folder, lock_package_cache};
pub use plain::plain;
pub use replace::{Replacement, Staged};
pub use sync::{sync_folder, sync_tree};
pub use writable::{ReadOnly, may_replace};
