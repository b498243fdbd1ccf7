//! What the manifests of a project say as far as a resolution depends on it, inheritance and registry names resolved.

use std::collections::BTreeMap;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use semver::{Version, VersionReq};

use super::index_line::DependencyKind;
use super::package::Line;
use super::source::{GitReference, Registry};

/// The manifests that a resolution of the workspace can need.
#[derive(Clone, Debug, Default)]
pub struct Manifests {
    /// The members, and every package that a path dependency or a `[patch]` leads to, each folder once.
    pub packages: Vec<Manifest>,
    /// `[patch]` of the root manifest and of cargo's configuration.
    pub patches: Vec<Patch>,
    /// Folders outside the workspace's members whose manifest could not be read. That matters where something is built from there.
    pub unread: BTreeMap<Utf8PathBuf, ManifestProblem>,
    /// What is wrong with the root manifest, a member's, or a `[patch]`: the file, and why.
    pub problems: Vec<(Utf8PathBuf, ManifestProblem)>,
    /// What is said about the workspace as a whole and cannot be followed here.
    pub unfollowed: Vec<Unfollowed>,
}

impl Manifests {
    /// The same with everything that lies below one folder told as if it lay below another.
    #[must_use]
    pub fn moved(mut self, from: &Utf8Path, to: &Utf8Path) -> Self {
        let there = |path: &mut Utf8PathBuf| {
            if let Ok(below) = path.strip_prefix(from) {
                *path = to.join(below);
            }
        };
        let place = |declared: &mut Declared| {
            if let DependencySource::Path(folder) = &mut declared.from {
                there(folder);
            }
        };
        for manifest in &mut self.packages {
            there(&mut manifest.path);
            manifest.dependencies.iter_mut().for_each(place);
            manifest.lines.iter_mut().for_each(|line| there(&mut line.file));
            manifest.unfollowed.iter_mut().for_each(|unfollowed| there(&mut unfollowed.path));
        }
        for patch in &mut self.patches {
            there(&mut patch.path);
            place(&mut patch.with);
        }
        self.problems.iter_mut().for_each(|(path, _)| there(path));
        self.unfollowed.iter_mut().for_each(|unfollowed| there(&mut unfollowed.path));
        let unread = std::mem::take(&mut self.unread).into_iter();
        self.unread = unread
            .map(|(mut folder, problem)| {
                there(&mut folder);
                (folder, problem)
            })
            .collect();
        self
    }
}

/// One package's manifest.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// The file.
    pub path: Utf8PathBuf,
    /// The package's name.
    pub name: Arc<str>,
    /// Its version; 0.0.0 where the manifest gives none.
    pub version: Version,
    /// Whether it is a member of the workspace.
    pub member: bool,
    /// The native library that it links.
    pub links: Option<String>,
    /// What it depends on: of every kind, and for every platform.
    pub dependencies: Vec<Declared>,
    /// Where the versions of each of them are written, in the same order.
    pub lines: Vec<Line>,
    /// `[features]`, as written.
    pub features: BTreeMap<String, Vec<String>>,
    /// What it says and cannot be followed here.
    pub unfollowed: Vec<Unfollowed>,
}

impl Manifest {
    /// The folder that it lies in.
    #[must_use]
    pub fn folder(&self) -> &Utf8Path {
        self.path.parent().unwrap_or(&self.path)
    }
}

/// A dependency as a manifest declares it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declared {
    /// The name that it has in the manifest.
    pub key: String,
    /// The package's real name.
    pub name: Arc<str>,
    /// The accepted versions; `None` accepts every one, pre-releases too.
    pub req: Option<VersionReq>,
    /// Where it must come from.
    pub from: DependencySource,
    /// `normal`, `build` or `dev`.
    pub kind: DependencyKind,
    /// Whether a feature must turn it on.
    pub optional: bool,
    /// The features that are asked for.
    pub features: Vec<String>,
    /// Whether the default features are asked for.
    pub default_features: bool,
}

/// What a manifest tells people of its package.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// An SPDX expression, or what somebody took for one.
    pub license: Option<String>,
    /// A file of the package.
    pub license_file: Option<String>,
    pub description: Option<String>,
    /// Each a name, an e-mail address in angle brackets, or both.
    pub authors: Vec<String>,
    pub homepage: Option<String>,
    pub repository: Option<String>,
    /// Whether it is compiled into the compiler; `None` where nobody said.
    pub proc_macro: Option<bool>,
    /// Whether it builds a program.
    pub program: bool,
}

/// A dependency as `cargo metadata` tells it of a package in a folder of this machine, wherever it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnDependency {
    /// The package's real name.
    pub name: Arc<str>,
    pub req: VersionReq,
    pub kind: DependencyKind,
    /// The platform that it is limited to: a target triple or a `cfg(…)`.
    pub target: Option<String>,
    /// Whether a feature must turn it on.
    pub optional: bool,
    /// Whether a registry is to give it, and no folder or repository.
    pub from_registry: bool,
}

impl OwnDependency {
    /// Whether a package of its name can be meant. A patch may have put it in another's place.
    #[must_use]
    pub fn accepts(&self, version: &Version) -> bool {
        self.req == VersionReq::STAR || self.req.matches(version)
    }
}

/// Where a manifest wants a package from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DependencySource {
    Registry(Registry),
    /// A git repository.
    Git {
        /// Its address.
        url: String,
        /// What of it.
        reference: GitReference,
    },
    /// A folder.
    Path(Utf8PathBuf),
}

/// One entry of a `[patch]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patch {
    /// The source that is patched, as [`DependencySource::address`] tells it.
    pub of: String,
    /// What is put there.
    pub with: Declared,
    /// The file that says so.
    pub path: Utf8PathBuf,
}

/// Something that the proof does not follow; whether the lock file answers is then for cargo to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfollowed {
    /// The file.
    pub path: Utf8PathBuf,
    pub key: String,
    /// What it is.
    pub what: Unsupported,
}

/// What the proof does not follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsupported {
    /// `cargo-features`: something unstable.
    CargoFeatures,
    /// A dependency on an artifact.
    Artifact,
    /// A dependency below a named base folder.
    PathBase,
    /// `[replace]`.
    Replace,
    /// `paths` of cargo's configuration.
    PathOverrides,
    /// An address in a spelling that is not compared.
    Address,
    /// A table of patches for a source that another table is for, in another spelling.
    SamePatches,
    /// More manifests than are read.
    TooMany,
}

/// Why a manifest, or a dependency in it, is not known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ManifestProblem {
    /// There is none.
    #[error("there is no such file")]
    Absent,
    /// It is a folder, a pipe or a device.
    #[error("it is not a regular file")]
    NotAFile,
    /// It could not be opened or read.
    #[error("it cannot be read: {0}")]
    Unreadable(String),
    /// It is not TOML.
    #[error("line {line}: not TOML: {message}")]
    Syntax {
        /// The line, counted from 1.
        line: u32,
        /// The parser's words.
        message: String,
    },
    /// A key has another type or form than cargo takes.
    #[error("line {line}: `{key}` is not {expected}")]
    Key {
        /// The line, counted from 1.
        line: u32,
        /// The key, with its tables.
        key: String,
        /// What cargo takes.
        expected: &'static str,
    },
    /// A key that cargo demands.
    #[error("`{0}` is missing")]
    Missing(&'static str),
    /// A key inherits what the workspace does not have.
    #[error("line {line}: `{key}` is inherited, and the workspace does not have it")]
    NotInherited {
        /// The line, counted from 1.
        line: u32,
        /// The key, with its tables.
        key: String,
    },
    /// It is the root of a workspace and no package.
    #[error("it has no `[package]`")]
    NoPackage,
}

impl DependencySource {
    /// The address by which `[patch]` tells sources from each other, whatever their kind: cargo's `CanonicalUrl`. Folders have none.
    #[must_use]
    pub fn address(&self) -> Option<String> {
        match self {
            Self::Registry(registry) => Some(registry.address()),
            Self::Git { url, .. } => Some(canonical(url)),
            Self::Path(_) => None,
        }
    }
}

impl Registry {
    /// The address by which cargo compares it.
    #[must_use]
    pub fn address(&self) -> String {
        match self {
            Self::CratesIo => canonical(super::source::CRATES_IO_INDEX),
            Self::Sparse(url) | Self::Git(url) => canonical(url),
        }
    }
}

/// An address as cargo compares them: without one slash and one `.git` at its end, and on github.com without regard to case.
#[must_use]
pub(crate) fn canonical(url: &str) -> String {
    let (url, query) = url.split_once('?').map_or((url, None), |(url, query)| (url, Some(query)));
    let url = url.strip_prefix("sparse+").unwrap_or(url);
    let url = url.strip_suffix('/').unwrap_or(url);
    let on_github = url.split_once("://").map(|(_, rest)| rest).filter(|rest| host(rest) == "github.com");
    let url = on_github.map_or_else(|| url.to_owned(), |rest| format!("https://{}", rest.to_lowercase()));
    let url = url.strip_suffix(".git").unwrap_or(&url);
    query.map_or_else(|| url.to_owned(), |query| format!("{url}?{query}"))
}

fn host(rest: &str) -> String {
    let authority = rest.split('/').next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    host.split(':').next().unwrap_or_default().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::canonical;

    #[test]
    fn spellings_of_one_address_are_one() {
        for (one, other) in [
            ("https://github.com/Rust-Lang/Foo.git", "https://github.com/rust-lang/foo/"),
            ("https://example.org/a/", "https://example.org/a"),
            ("https://example.org/a.git", "https://example.org/a"),
            ("sparse+https://example.org/index/", "https://example.org/index/"),
        ] {
            assert_eq!(canonical(one), canonical(other), "{one} {other}");
        }
        assert_ne!(canonical("https://example.org/A"), canonical("https://example.org/a"));
        assert_ne!(canonical("https://example.org/a?x=1"), canonical("https://example.org/a"));
    }
}
