//! The vendor folder on disk, which is at any moment the old one or the new one, together with cargo's configuration.
//!
//! A new tree is built beside the old one. When all of it is on the disk, a journal is written, and from then on the change is
//! decided: a run that is killed is finished by the next one. The trees are exchanged in one step where the file system can do
//! that, and crate by crate where not.

mod config;
mod error;
mod faults;
mod folder;
mod journal;
mod lock;
mod ownership;
mod stage;
mod swap;
mod target;
mod tree;

pub use error::{TargetFault, VendorDirError};
pub use faults::Faults;
pub use folder::VendorDir;
pub use lock::Opening;
pub(crate) use ownership::Known;
pub(crate) use stage::Stage;
pub use stage::{Applied, Changes};
pub use swap::{Interrupted, interrupted};
