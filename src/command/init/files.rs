//! The files of an adoption: worked out before anything is written, then written one after another, each whole.

use camino::{Utf8Path, Utf8PathBuf};

use super::InitError;
use super::draft::Draft;
use crate::project::POLICY_FILE;
use crate::write::cargo_config::{ConfigError, ConfigFile, with_minimum_age};
use crate::write::project_file::replace;

/// What is to be written.
pub(super) struct Files {
    root: Utf8PathBuf,
    policy: String,
    /// Cargo's configuration: what was there, and what is to be.
    config: Option<(ConfigFile, String)>,
}

impl Files {
    /// Reads what `--native` needs, and works out every text.
    pub(super) fn plan(root: &Utf8Path, draft: &Draft, native: bool) -> Result<Self, InitError> {
        let config = native.then(|| native_config(root, draft)).transpose()?.flatten();
        Ok(Self { root: root.to_owned(), policy: draft.text.clone(), config })
    }

    /// Each file's name and its text.
    pub(super) fn texts(&self) -> Vec<(&str, &str)> {
        let config = self.config.iter().map(|(_, text)| (".cargo/config.toml", text.as_str()));
        [(POLICY_FILE, self.policy.as_str())].into_iter().chain(config).collect()
    }

    /// Writes them, the policy last: as long as it is not there, the command can be run again.
    pub(super) fn write(&self) -> Result<(), InitError> {
        if let Some((file, text)) = &self.config {
            if let Some(folder) = file.path().parent() {
                std::fs::create_dir_all(folder)
                    .map_err(|cause| InitError::Folder { path: folder.to_owned(), cause })?;
            }
            let original = file.original().map(String::from_utf8_lossy);
            replace(file.path(), original.as_deref(), text)?;
        }
        Ok(replace(&self.root.join(POLICY_FILE), None, &self.policy)?)
    }
}

/// Cargo's configuration with its minimum age; `None` where it has one.
fn native_config(root: &Utf8Path, draft: &Draft) -> Result<Option<(ConfigFile, String)>, InitError> {
    let file = ConfigFile::read(root)?;
    let age = draft.rules.policy.quarantine.min_publish_age.value;
    let splice = |fault| ConfigError::Splice { path: file.path().to_owned(), fault };
    let bytes = with_minimum_age(file.original(), age).map_err(splice)?;
    if file.original() == Some(bytes.as_slice()) {
        return Ok(None);
    }
    let text = String::from_utf8_lossy(&bytes).into_owned();
    Ok(Some((file, text)))
}
