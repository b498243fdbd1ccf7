//! `.cargo/config.toml`: what it is to say, its text with that in it, and the file.

mod file;
mod splice;
mod wanted;

pub use file::{ConfigError, ConfigFile};
pub use splice::{SpliceError, spliced, with_minimum_age};
pub use wanted::{Location, Replaced, Wanted};
