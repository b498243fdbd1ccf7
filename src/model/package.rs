//! Packages as a lock file names them.

use std::collections::BTreeSet;
use std::fmt::{self, Write as _};
use std::sync::Arc;

use camino::Utf8PathBuf;
use semver::{Version, VersionReq};

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

    /// What follows an address in a package-id spec: cargo leaves out a name that the address ends in.
    fn write_fragment(&self, address: &str, f: &mut impl fmt::Write) -> fmt::Result {
        if address.rsplit('/').next() == Some(&*self.name) {
            write!(f, "#{}", self.version)
        } else {
            write!(f, "#{}@{}", self.name, self.version)
        }
    }
}

/// The package-id spec that `cargo pkgid` prints: `registry+https://…#cc@1.2.3`, `git+https://…?branch=main#cfg@0.1.0`, and without
/// the name where the address ends in it. A package without a source is a bare `name@version`: see [`Package::spec`].
impl fmt::Display for PackageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            Source::Local => write!(f, "{}@{}", self.name, self.version),
            Source::Git(git) => {
                let address = format!("git+{}", git.url);
                f.write_str(&address)?;
                if let Some((key, value)) = git.wanted().setting() {
                    write!(f, "?{key}=")?;
                    form_urlencoded::byte_serialize(value.as_bytes()).try_for_each(|part| f.write_str(part))?;
                }
                self.write_fragment(&address, f)
            }
            source @ (Source::Registry(_) | Source::Other(_)) => {
                let address = source.to_string();
                f.write_str(&address)?;
                self.write_fragment(&address, f)
            }
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

impl Package {
    /// The package-id spec that `cargo pkgid` prints: as that of its id, and `path+file://…` for a local package of which the folder is
    /// known. No two packages of a lock file have the same.
    #[must_use]
    pub fn spec(&self) -> String {
        let Some(address) = self.local_address() else { return self.id.to_string() };
        let mut spec = format!("path+{address}");
        // Writing to a string cannot fail.
        let _ = self.id.write_fragment(&address, &mut spec);
        spec
    }

    /// The folder of a local package as an address, where it is known.
    #[must_use]
    pub fn local_address(&self) -> Option<String> {
        let local = self.local.as_ref().filter(|_| self.id.source == Source::Local)?;
        Some(file_address(local.root.as_str()))
    }
}

/// A folder as cargo's addresses have it: what the URL standard leaves alone in a path, but for `%`, stays as it is.
fn file_address(folder: &str) -> String {
    let mut address = "file://".to_owned();
    if !folder.starts_with('/') {
        address.push('/');
    }
    for byte in folder.bytes() {
        match byte {
            b'\\' => address.push('/'),
            b' ' | b'"' | b'#' | b'%' | b'<' | b'>' | b'?' | b'`' | b'{' | b'}' => escape(byte, &mut address),
            b'!'..=b'~' => address.push(char::from(byte)),
            _ => escape(byte, &mut address),
        }
    }
    address
}

fn escape(byte: u8, address: &mut String) {
    // Writing to a string cannot fail.
    let _ = write!(address, "%{byte:02X}");
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
    /// Whether it, or the source of a target, lies there in the working tree of another repository, as in a submodule: of that, the workspace's repository has an
    /// address and a commit.
    pub other_repository: bool,
    /// The source file of a target of it that lies outside the workspace or in another repository, where the package itself does not.
    pub source_elsewhere: Option<Utf8PathBuf>,
    /// The requirements of its manifest on packages of registries.
    pub requirements: Vec<super::index_line::Requirement>,
    /// Where they are written, as far as that is known and somebody here can edit it.
    pub written: Vec<Written>,
    /// The oldest Rust that its manifest promises to build with.
    pub rust_version: Option<Version>,
}

/// A requirement of a manifest on a crate of a registry, and where to edit it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The crate.
    pub crate_id: CrateId,
    /// The accepted versions.
    pub req: VersionReq,
    /// Where the versions stand: in the root manifest, where they are inherited from there.
    pub at: Line,
}

/// A line of a file, shown as editors and terminals open it: `Cargo.toml:7`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Line {
    pub file: Utf8PathBuf,
    /// The line, counted from 1.
    pub number: u32,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.number)
    }
}

impl LocalPackage {
    /// Where its manifest asks so for releases of a crate; several tables can.
    pub fn lines<'p>(&'p self, crate_id: &'p CrateId, req: &'p VersionReq) -> impl Iterator<Item = &'p Written> {
        self.written.iter().filter(move |one| one.crate_id == *crate_id && one.req == *req)
    }
}

/// The packages of a lock file by all that tells one from every other: name, version, source and checksum.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Locked(BTreeSet<(PackageId, Option<Checksum>)>);

impl Locked {
    /// Those of these packages.
    #[must_use]
    pub fn of(packages: &[Package]) -> Self {
        Self(packages.iter().filter_map(identity).collect())
    }

    /// Whether exactly this package is among them.
    #[must_use]
    pub fn has(&self, package: &Package) -> bool {
        identity(package).is_some_and(|identity| self.0.contains(&identity))
    }

    pub fn ids(&self) -> impl Iterator<Item = &PackageId> {
        self.0.iter().map(|(id, _)| id)
    }
}

impl FromIterator<(PackageId, Option<Checksum>)> for Locked {
    fn from_iter<I: IntoIterator<Item = (PackageId, Option<Checksum>)>>(packages: I) -> Self {
        Self(packages.into_iter().collect())
    }
}

/// `None` where the checksum is no digest: two such texts cannot be told apart, and neither is a reason to look away.
fn identity(package: &Package) -> Option<(PackageId, Option<Checksum>)> {
    match package.checksum {
        LockedChecksum::Known(checksum) => Some((package.id.clone(), Some(checksum))),
        LockedChecksum::Missing => Some((package.id.clone(), None)),
        LockedChecksum::Malformed(_) => None,
    }
}
