//! `[build]`, as far as it says where build output lies.

use camino::{Utf8Path, Utf8PathBuf};

use super::CargoConfig;
use super::error::CargoConfigError;
use super::layers;
use crate::model::policy::{Origin, Setting};

impl CargoConfig {
    /// `build.target-dir` and `build.build-dir` (cargo 1.91) of a workspace, where they are set, absolute.
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
        // Of the folder for each workspace that the last of the templates stands for, the one above it is as good.
        let expanded = |value: &str| {
            let value = value.replace("{workspace-root}", workspace.as_str());
            value.replace("{cargo-cache-home}", self.home().as_str()).replace("{workspace-path-hash}", "")
        };
        if let Some(Setting { value, origin }) = self.in_environment(&keys) {
            return Ok(Some(Setting { value: self.environment.current_dir().join(expanded(&value)), origin }));
        }
        let Some(found) = self.in_files(&keys)? else { return Ok(None) };
        let base = layers::base(&found.layer.path);
        let Setting { value, origin } = found.text()?;
        Ok(Some(Setting { value: base.join(expanded(&value)), origin }))
    }
}
