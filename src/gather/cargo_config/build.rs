//! `[build]`, as far as it says where build output lies.

use camino::{Utf8Path, Utf8PathBuf};

use super::CargoConfig;
use super::error::CargoConfigError;
use crate::model::policy::{Origin, Setting};

/// In `build.build-dir` it stands for a hash of the workspace's path: two digits of it, a slash, the others. Which hash is each
/// cargo's own business.
pub const PATH_HASH: &str = "{workspace-path-hash}";

impl CargoConfig {
    /// `build.target-dir` and `build.build-dir` (cargo 1.91) of a workspace, where they are set, absolute. Of cargo's templates
    /// [`PATH_HASH`] is left standing.
    ///
    /// # Errors
    /// A key of these is no string.
    pub fn build_folders(&self, workspace: &Utf8Path) -> Result<Vec<Setting<Utf8PathBuf>>, CargoConfigError> {
        let short = "CARGO_TARGET_DIR";
        let mut found = Vec::new();
        match self.environment.get(short) {
            Some(value) => {
                let value = self.environment.current_dir().join(value);
                found.push(Setting { value, origin: Origin::Environment(short.to_owned()) });
            }
            None => found.extend(self.build_folder("target-dir", workspace)?),
        }
        found.extend(self.build_folder("build-dir", workspace)?);
        Ok(found)
    }

    fn build_folder(&self, key: &str, workspace: &Utf8Path) -> Result<Option<Setting<Utf8PathBuf>>, CargoConfigError> {
        let keys = ["build", key];
        let expanded = |value: &str| {
            let value = value.replace("{workspace-root}", workspace.as_str());
            value.replace("{cargo-cache-home}", self.home().as_str())
        };
        if let Some(Setting { value, origin }) = self.in_environment(&keys) {
            return Ok(Some(Setting { value: self.environment.current_dir().join(expanded(&value)), origin }));
        }
        let Some(found) = self.in_files(&keys)? else { return Ok(None) };
        let base = found.layer.base.clone();
        let Setting { value, origin } = found.text()?;
        Ok(Some(Setting { value: base.join(expanded(&value)), origin }))
    }
}
