//! The configuration file on disk: read once, and compared before it is replaced.

use std::fs;
use std::io;

use camino::{Utf8Path, Utf8PathBuf};

use super::splice::{SpliceError, spliced};
use super::wanted::{Location, Wanted};
use crate::files::regular::{self, Links, ReadError};

/// 1,300 packages need a quarter of a mebibyte.
const LIMIT: u64 = 16 * 1024 * 1024;

/// `.cargo/config.toml` as it was when this run began.
#[derive(Clone, Debug)]
pub struct ConfigFile {
    path: Utf8PathBuf,
    original: Option<Vec<u8>>,
}

impl ConfigFile {
    /// Reads the file of the project whose root this is; there need not be one.
    ///
    /// # Errors
    /// It cannot be read, is no plain file in a plain folder, or goes by cargo's old name.
    pub fn read(root: &Utf8Path) -> Result<Self, ConfigError> {
        let folder = root.join(".cargo");
        if fs::symlink_metadata(&folder).is_ok_and(|found| !found.is_dir()) {
            return Err(ConfigError::NotAFolder { path: folder });
        }
        let legacy = folder.join("config");
        if fs::symlink_metadata(&legacy).is_ok() {
            return Err(ConfigError::Legacy { path: legacy });
        }
        let path = folder.join("config.toml");
        let original = match fs::symlink_metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(cause) => return Err(ConfigError::Read { path, cause }),
            Ok(found) if !found.is_file() => return Err(ConfigError::NotAFile { path }),
            Ok(_) => Some(content(&path)?),
        };
        Ok(Self { path, original })
    }

    /// Where it lies.
    #[must_use]
    pub fn path(&self) -> &Utf8Path {
        &self.path
    }

    /// Its bytes; `None` where there is no such file.
    #[must_use]
    pub fn original(&self) -> Option<&[u8]> {
        self.original.as_deref()
    }

    /// Whether it says already that vendored sources lie there.
    #[must_use]
    pub fn names(&self, location: Location<'_>) -> bool {
        let text = self.original().and_then(|bytes| std::str::from_utf8(bytes).ok());
        let document = text.and_then(|text| text.trim_start_matches('\u{feff}').parse::<toml::Table>().ok());
        let said = document
            .as_ref()
            .and_then(|document| document.get("source")?.get(location.source_name())?.get(location.key())?.as_str());
        said.is_some_and(|said| said.trim_end_matches('/') == location.path())
    }

    /// Its bytes with our keys as wanted; see [`spliced`].
    ///
    /// # Errors
    /// The content leaves no room for ours.
    pub fn spliced(&self, wanted: &Wanted<'_>) -> Result<Vec<u8>, ConfigError> {
        spliced(self.original(), wanted).map_err(|fault| ConfigError::Splice { path: self.path.clone(), fault })
    }
}

fn content(path: &Utf8Path) -> Result<Vec<u8>, ConfigError> {
    regular::read(path, Links::Refused, LIMIT).map_err(|cause| match cause {
        ReadError::TooLarge(limit) => ConfigError::TooLarge { path: path.to_owned(), limit },
        cause @ (ReadError::Io(_) | ReadError::Irregular(_) | ReadError::NotUtf8) => {
            ConfigError::Read { path: path.to_owned(), cause: cause.into() }
        }
    })
}

/// The file cannot be changed. It is as it was.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file could not be read.
    #[error("cannot read `{path}`: {cause}\nhelp: see that this file may be read, then run the command again")]
    Read {
        /// The file.
        path: Utf8PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// It is larger than any honest file of its kind.
    #[error("`{path}` is larger than {limit} bytes\nhelp: move what is not cargo's configuration elsewhere")]
    TooLarge {
        /// The file.
        path: Utf8PathBuf,
        /// The bound.
        limit: u64,
    },
    /// It is a link, or something else that is no file; replacing it would change more than the project.
    #[error(
        "`{path}` is not a plain file, so it is left alone\nhelp: put a file in its place, or let `vendor` leave it out with `--no-config`"
    )]
    NotAFile {
        /// What is no file.
        path: Utf8PathBuf,
    },
    /// The folder of the configuration is reached through a link.
    #[error(
        "`{path}` is not a plain folder, so it is left alone\nhelp: put a folder in its place, or let `vendor` leave it out with `--no-config`"
    )]
    NotAFolder {
        /// What is no folder.
        path: Utf8PathBuf,
    },
    /// Cargo prefers a file without the ending where both are there.
    #[error(
        "`{path}` has cargo's old name, and cargo would read it and not `config.toml`\nhelp: rename it: git mv '{path}' '{path}.toml'"
    )]
    Legacy {
        /// The file with the old name.
        path: Utf8PathBuf,
    },
    /// Its content leaves no room for ours.
    #[error("{path}:{fault}")]
    Splice {
        /// The file.
        path: Utf8PathBuf,
        /// Why.
        #[source]
        fault: SpliceError,
    },
}
