//! The allow-list: what may be built from the vendored sources, by digest. `vendor` writes it into `.cargo/config.toml`, `verify`
//! holds the lock file and the tree against it.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use semver::Version;

use super::checksum::Checksum;
use super::package::PackageId;
use super::source::{GitSource, Registry, Source};

/// The version of the `[sequester]` table. A key never changes its type between versions: a type conflict between two configuration
/// files breaks every cargo command.
pub(crate) const ALLOW_LIST_VERSION: u32 = 1;

/// `[sequester]` of `.cargo/config.toml`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowList {
    /// `[sequester.allow]`, by package.
    pub releases: BTreeMap<AllowedId, AllowedRelease>,
    /// The platforms that `vendor` was told to vendor for, sorted; empty where no package is a stub. A stub is right only for these.
    pub platforms: Vec<String>,
}

/// A key of `[sequester.allow]`: a cargo package-id spec, without the source where that is crates.io, and with the locked commit of git.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AllowedId(String);

/// What is known of one vendored package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowedRelease {
    /// The `.crate` file's digest; `None` for a git dependency, which has no such file.
    pub checksum: Option<Checksum>,
    /// The digest of the canonical `.cargo-checksum.json` of its unpacked tree.
    pub tree: Checksum,
    /// Whether the tree is a stub: a manifest and empty targets in the place of a package that no wanted platform builds.
    pub stub: bool,
}

/// The text is no package-id spec of an exact release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a package-id spec such as `name@1.2.3` or `sparse+https://…#name@1.2.3`")]
pub struct AllowedIdError;

impl AllowedId {
    /// The key of a package; `None` for a local one, which is never vendored.
    #[must_use]
    pub fn of(id: &PackageId) -> Option<Self> {
        match &id.source {
            Source::Local => None,
            Source::Registry(Registry::CratesIo) => Some(Self(format!("{}@{}", id.name, id.version))),
            // The commit takes the place of whatever the manifest asked for: the list is of what is locked.
            Source::Git(GitSource { url, commit: Some(commit), .. }) => {
                Some(Self(format!("git+{url}?rev={commit}#{}@{}", id.name, id.version)))
            }
            source @ (Source::Registry(_) | Source::Git(_) | Source::Other(_)) => {
                let source = source.to_string();
                let address = source.split_once('#').map_or(&*source, |(address, _)| address);
                Some(Self(format!("{address}#{}@{}", id.name, id.version)))
            }
        }
    }

    /// As the file writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name and version at its end.
    #[must_use]
    pub fn release(&self) -> &str {
        self.0.rsplit_once('#').map_or(&*self.0, |(_, release)| release)
    }
}

impl AllowedId {
    /// The name of its archive in a local registry.
    #[must_use]
    pub fn archive_name(&self) -> String {
        format!("{}.crate", self.release().replace('@', "-"))
    }

    /// Whether a vendored package's folder of this name is its own: the package's name, bare or with its version or what else tells two
    /// apart.
    #[must_use]
    pub fn has_folder(&self, folder: &str) -> bool {
        folder.strip_prefix(self.name()).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    }

    /// The package's name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.release().split('@').next().unwrap_or_default()
    }
}

impl FromStr for AllowedId {
    type Err = AllowedIdError;

    fn from_str(text: &str) -> Result<Self, AllowedIdError> {
        let release = text.rsplit_once('#').map_or(text, |(_, release)| release);
        let (name, version) = release.split_once('@').ok_or(AllowedIdError)?;
        let is_name = !name.is_empty()
            && name.chars().all(|character| character.is_alphanumeric() || matches!(character, '-' | '_'));
        if !is_name || version.parse::<Version>().is_err() || text.chars().any(char::is_control) {
            return Err(AllowedIdError);
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for AllowedId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
