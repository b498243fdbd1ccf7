//! What every test builds its world from: a registry on a loopback port, a project of its own, a small advisory database.
//!
//! Nothing here reads the machine's `CARGO_HOME` or reaches beyond loopback.

pub mod advisories;
pub mod dice;
pub mod facts;
pub mod fix_worlds;
pub mod project;
pub mod registry;
pub mod rules;
pub mod shared;
pub mod weather;

pub use advisories::{Advisory, AdvisoryFolder};
pub use dice::Dice;
pub use project::{Outcome, Project};
pub use registry::{Dependency, Disturbance, Package, Reply, Step, TestRegistry};
