//! Packages as a lock file names them.

use std::fmt;
use std::sync::Arc;

use camino::Utf8PathBuf;
use semver::Version;

use super::checksum::Checksum;
use super::source::{Registry, Source};

/// A crate of one registry, whatever its version: the unit of an index file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CrateId {
    /// The registry that serves it.
    pub registry: Registry,
    /// Its name, in the spelling that the registry gave it.
    pub name: Arc<str>,
}

/// One exact package: name, version and source.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PackageId {
    /// The package's name.
    pub name: Arc<str>,
    /// The exact version, build metadata included: `1.0.0+a` and `1.0.0+b` are two packages.
    pub version: Version,
    /// Where it comes from.
    pub source: Source,
}

impl PackageId {
    /// The crate that this is a release of; `None` for anything but a registry's.
    #[must_use]
    pub fn crate_id(&self) -> Option<CrateId> {
        match &self.source {
            Source::Registry(registry) => Some(CrateId { registry: registry.clone(), name: self.name.clone() }),
            Source::Local | Source::Git(_) | Source::Other(_) => None,
        }
    }
}

/// A cargo package-id spec: `registry+https://…#cc@1.2.3`; a bare `name@version` for a package without a source; for git the
/// locked commit as `?rev=`, whatever the manifest asked for.
impl fmt::Display for PackageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            Source::Local => write!(f, "{}@{}", self.name, self.version),
            Source::Git(git) => {
                write!(f, "git+{}", git.url)?;
                match (&git.commit, &git.reference) {
                    (Some(commit), _) => write!(f, "?rev={commit}")?,
                    (None, Some(reference)) => write!(f, "?{reference}")?,
                    (None, None) => {}
                }
                write!(f, "#{}@{}", self.name, self.version)
            }
            source @ (Source::Registry(_) | Source::Other(_)) => write!(f, "{source}#{}@{}", self.name, self.version),
        }
    }
}

/// What the lock file says about a package's bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LockedChecksum {
    /// A well-formed digest of the `.crate` file.
    Known(Checksum),
    /// No checksum, or the `<none>` of format 1.
    Missing,
    /// A text that is no SHA-256 digest.
    Malformed(Box<str>),
}

/// One `[[package]]` of a lock file.
#[derive(Clone, Debug)]
pub struct Package {
    /// Name, version and source.
    pub id: PackageId,
    /// The recorded digest.
    pub checksum: LockedChecksum,
    /// The packages it depends on, as positions in the lock file's list.
    pub dependencies: Vec<usize>,
    /// For a local package: where it lies, when known.
    pub local: Option<LocalPackage>,
}

/// What `cargo metadata --no-deps` says of a package without a source.
#[derive(Clone, Debug)]
pub struct LocalPackage {
    /// The folder of its manifest.
    pub root: Utf8PathBuf,
    /// Whether it is a member of the workspace.
    pub member: bool,
    /// Whether it lies below the workspace root.
    pub inside_workspace: bool,
    /// The requirements of its manifest on packages of registries.
    pub requirements: Vec<super::index_line::Requirement>,
}
