//! Licences: what the policy allows, and what the bytes of a release say of themselves.

use std::collections::BTreeMap;
use std::sync::Arc;

use semver::{Version, VersionReq};

use super::checksum::Checksum;
use super::crate_name::CrateName;
use super::package::{CrateId, LockedChecksum, Package, PackageId};

/// `[licenses]`.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct LicensePolicy {
    /// The SPDX ids that every release may have, each with an exception where it has one: `Apache-2.0 WITH LLVM-exception`. Empty
    /// means that licences are not judged.
    pub allow: Vec<String>,
    /// `[[licenses.exception]]`, in the file's order.
    pub exceptions: Vec<LicenseException>,
    /// `[[licenses.clarify]]`, in the file's order.
    pub clarify: Vec<Clarification>,
}

impl LicensePolicy {
    /// Whether licences are judged at all.
    #[must_use]
    pub const fn is_set(&self) -> bool {
        !self.allow.is_empty()
    }

    /// The licence files whose digests the clarifications of a release ask for.
    pub fn files_of<'a>(&'a self, name: &'a str, version: &'a Version) -> impl Iterator<Item = &'a str> {
        let about = self.clarify.iter().filter(move |one| one.releases.has(name, version));
        about.flat_map(|one| one.files.iter().map(|file| &*file.path))
    }
}

/// The releases of one crate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReleasesOf {
    pub crate_name: CrateName,
    /// Which of its releases; all where absent.
    pub version: Option<VersionReq>,
}

impl ReleasesOf {
    /// Whether a release is one of them.
    #[must_use]
    pub fn has(&self, name: &str, version: &Version) -> bool {
        self.crate_name.names(name) && self.version.as_ref().is_none_or(|req| req.matches(version))
    }
}

/// As `[bans] deny` writes it: `name`, or `name@` and a requirement.
impl std::fmt::Display for ReleasesOf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.version {
            None => write!(f, "{}", self.crate_name),
            Some(req) => write!(f, "{}@{req}", self.crate_name),
        }
    }
}

/// One `[[licenses.exception]]`: what releases of one crate may have beside the general list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LicenseException {
    pub releases: ReleasesOf,
    /// As [`LicensePolicy::allow`].
    pub allow: Vec<String>,
    /// Its line in the policy file.
    pub line: u32,
}

/// One `[[licenses.clarify]]`: a person read the licence files of a crate and says what they are. It counts as long as the files are those.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clarification {
    pub releases: ReleasesOf,
    /// An SPDX expression, in place of whatever the manifest says.
    pub expression: String,
    /// The files that were read; never empty.
    pub files: Vec<LicenseFile>,
    /// Its line in the policy file.
    pub line: u32,
}

/// A file with a licence's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LicenseFile {
    /// Below the package's folder, with `/` between the components.
    pub path: Box<str>,
    /// The SHA-256 of its bytes.
    pub digest: Checksum,
}

/// What the verified bytes of a release say of its licence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LicenseStatement {
    /// `package.license` of its manifest, as it is written.
    pub expression: Option<Box<str>>,
    /// `package.license-file` of its manifest, as it is written.
    pub file: Option<Box<str>>,
    /// The SHA-256 of its `Cargo.toml`.
    pub manifest: Checksum,
    /// The digests of its licence files, as far as the manifest or a clarification names them and they are there.
    pub files: BTreeMap<Box<str>, Checksum>,
}

/// What was learned of one release's licence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LicenseFact {
    Read(Arc<LicenseStatement>),
    Unknown(LicenseGap),
}

/// Why nothing was learned of a release's licence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LicenseGap {
    /// No archive and no vendored tree of it is at hand, and none was to be fetched.
    NotAtHand,
    /// It could not be fetched.
    NotFetched(String),
    /// The archive has the locked bytes and cannot be used.
    Unreadable(String),
}

impl LicenseGap {
    /// In the words of whatever failed.
    #[must_use]
    pub fn cause(&self) -> Option<&str> {
        match self {
            Self::NotAtHand => None,
            Self::NotFetched(cause) | Self::Unreadable(cause) => Some(cause),
        }
    }
}

codes!(LicenseGap { NotAtHand => "not-at-hand", NotFetched => "not-fetched", Unreadable => "unreadable" });

/// Why a licence is not allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LicenseLack {
    /// These licences of the expression are not on the list, and without them it is not met.
    Unlisted { licenses: Vec<String> },
    /// It is no SPDX expression.
    Malformed { cause: String },
    /// The manifest names a file with a text, which only a person can tell the licence of.
    FileAlone {
        /// As the manifest writes it.
        path: Box<str>,
        /// The digest of that file; `None` where the release does not have it.
        digest: Option<Checksum>,
    },
    /// The manifest says nothing.
    Unstated,
}

/// What was learned of the licences of releases, each by the digest of its `.crate` file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Licenses(BTreeMap<(CrateId, Version), (Checksum, LicenseFact)>);

impl Licenses {
    /// Takes over what was learned of a registry's package whose locked digest is known; of others nothing is kept.
    pub fn learn(&mut self, package: &Package, fact: LicenseFact) {
        if let LockedChecksum::Known(checksum) = package.checksum {
            self.learn_of(&package.id, checksum, fact);
        }
    }

    /// Takes over what was learned of a registry's release with these bytes; of others nothing is kept.
    pub(crate) fn learn_of(&mut self, id: &PackageId, checksum: Checksum, fact: LicenseFact) {
        if let Some(key) = key(id) {
            self.0.insert(key, (checksum, fact));
        }
    }

    /// What was learned of the release with these bytes.
    #[must_use]
    pub fn of(&self, crate_id: &CrateId, version: &Version, checksum: Checksum) -> Option<&LicenseFact> {
        let (known, fact) = self.0.get(&(crate_id.clone(), version.clone()))?;
        (*known == checksum).then_some(fact)
    }

    /// What was learned of a locked package.
    #[must_use]
    pub fn of_package(&self, package: &Package) -> Option<&LicenseFact> {
        let LockedChecksum::Known(checksum) = package.checksum else { return None };
        self.of(&package.id.crate_id()?, &package.id.version, checksum)
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn key(id: &PackageId) -> Option<(CrateId, Version)> {
    Some((id.crate_id()?, id.version.clone()))
}
