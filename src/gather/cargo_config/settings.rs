//! The keys that say how the network is reached and where build output lies, and `[alias]`, the commands of the user's own making.

use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};

use super::config::CargoConfig;
use super::error::CargoConfigError;
use crate::gather::http::{self, HttpSettings};
use crate::model::policy::{Origin, Setting};

/// In `build.build-dir` it stands for a hash of the workspace's path: two digits of it, a slash, the others. Which hash is each
/// cargo's own business.
pub(crate) const PATH_HASH: &str = "{workspace-path-hash}";

impl CargoConfig {
    /// How to reach the network.
    ///
    /// # Errors
    /// A key of these has the wrong type.
    pub fn http(&self) -> Result<HttpSettings, CargoConfigError> {
        Ok(HttpSettings {
            proxy: self.text(&["http", "proxy"])?.map(|setting| setting.value),
            proxy_variables: http::proxy_variables()
                .filter_map(|name| Some((name, self.environment.get(name)?.to_owned())))
                .collect(),
            cainfo: self.path(&["http", "cainfo"])?,
            timeout: self.count(&["http", "timeout"])?.map(|seconds| Duration::from_secs(seconds.into())),
            retry: self.count(&["net", "retry"])?,
            no_multiplexing: self.boolean(&["http", "multiplexing"])? == Some(false),
            listener: self.environment.listener().clone(),
        })
    }

    /// `net.offline`: whether the network must be left alone.
    ///
    /// # Errors
    /// It is neither `true` nor `false`.
    pub fn offline(&self) -> Result<bool, CargoConfigError> {
        Ok(self.boolean(&["net", "offline"])?.unwrap_or(false))
    }

    /// Where `resolver.lockfile-path` stands, which lets cargo 1.97 and later use another lock file.
    ///
    /// # Errors
    /// It is no string.
    pub(crate) fn lockfile_path(&self) -> Result<Option<Origin>, CargoConfigError> {
        Ok(self.text(&["resolver", "lockfile-path"])?.map(|setting| setting.origin))
    }

    /// Where a `paths` stands that is not empty; cargo joins those of all files.
    ///
    /// # Errors
    /// A key of these is no table.
    pub(crate) fn paths(&self) -> Result<Option<Origin>, CargoConfigError> {
        for layer in self.layers() {
            let found = layer.find(&["paths"])?;
            if let Some(found) = found.filter(|found| found.value.as_list().is_none_or(|all| !all.is_empty())) {
                return Ok(Some(found.origin));
            }
        }
        Ok(None)
    }

    /// `build.target-dir` and `build.build-dir` (cargo 1.91) of a workspace, where they are set, absolute. Of cargo's templates
    /// [`PATH_HASH`] is left standing. A variable is this run's alone, so what files say is given beside it.
    ///
    /// # Errors
    /// A key of these is no string.
    pub(crate) fn build_folders(&self, workspace: &Utf8Path) -> Result<Vec<Setting<Utf8PathBuf>>, CargoConfigError> {
        let short = "CARGO_TARGET_DIR";
        let mut found = Vec::new();
        if let Some(value) = self.environment.get(short) {
            let value = self.environment.current_dir().join(value);
            found.push(Setting { value, origin: Origin::Environment(short.to_owned()) });
        }
        for key in ["target-dir", "build-dir"] {
            let keys = ["build", key];
            let expanded = |value: &str| {
                let value = value.replace("{workspace-root}", workspace.as_str());
                value.replace("{cargo-cache-home}", self.home().as_str())
            };
            if let Some(Setting { value, origin }) = self.in_environment(&keys) {
                found.push(Setting { value: self.environment.current_dir().join(expanded(&value)), origin });
            }
            if let Some(in_file) = self.in_files(&keys)? {
                let base = in_file.layer.base.clone();
                let Setting { value, origin } = in_file.text()?;
                found.push(Setting { value: base.join(expanded(&value)), origin });
            }
        }
        Ok(found)
    }

    /// What the alias `name` stands for; `None` where there is none.
    ///
    /// # Errors
    /// It is neither a string nor a list of strings.
    pub fn alias(&self, name: &str) -> Result<Option<Vec<String>>, CargoConfigError> {
        let split = |text: &str| text.split_whitespace().map(str::to_owned).collect();
        // A point in the name leads into a table, as in any key of cargo's.
        let keys: Vec<&str> = ["alias"].into_iter().chain(name.split('.')).collect();
        if let Some(setting) = self.in_environment(&keys) {
            return Ok(Some(split(&setting.value)));
        }
        let mut lists: Vec<Vec<String>> = Vec::new();
        for layer in self.layers() {
            let Some(found) = layer.find(&keys)? else { continue };
            if found.value.as_list().is_none() {
                let text = found.text()?.value;
                if lists.is_empty() {
                    return Ok(Some(split(&text)));
                }
                continue;
            }
            lists.push(found.value.as_texts().ok_or_else(|| found.wrong_type("a string or a list of strings"))?);
        }
        // Cargo joins the lists of all files, those of the closer ones behind those of the farther.
        let joined: Vec<String> = lists.iter().rev().flatten().cloned().collect();
        Ok((!lists.is_empty()).then_some(joined))
    }
}
