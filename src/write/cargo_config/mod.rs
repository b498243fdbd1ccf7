//! `.cargo/config.toml`: what it is to say, its text with that in it, and the file.

mod file;
mod splice;
mod team;
mod wanted;

pub use file::{ConfigError, ConfigFile};
pub use splice::{SpliceError, spliced, with_minimum_age};
pub use team::{TeamSource, with_team_registry};
pub use wanted::{Location, Replaced, Wanted};
