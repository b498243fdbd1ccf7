//! What cargo's configuration is to say: where the approved sources lie, which sources they stand in for, and what may be built.

use toml_edit::{Item, TableLike};

use crate::model::allow_list::AllowList;
use crate::model::source::{GitSource, Registry};

/// What the file is to say.
#[derive(Clone, Debug)]
pub struct Wanted<'a> {
    /// Where the approved sources lie.
    pub location: Location<'a>,
    /// The sources that this location stands in for, beside crates.io, which it always replaces. In any order.
    pub replaced: &'a [Replaced],
    /// What may be built.
    pub allow: &'a AllowList,
}

/// Where cargo is to take sources from. The path is relative to the folder that holds `.cargo`, as cargo resolves it, with `/`
/// between the components.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Location<'a> {
    /// A directory source, which holds unpacked packages.
    Directory(&'a str),
    /// A local registry, which holds an index and `.crate` files.
    LocalRegistry(&'a str),
}

/// The names of our two sources. They differ by kind: cargo refuses a source that has two locations.
pub(super) const SOURCE_NAMES: [&str; 2] = ["sequestered", "sequestered-local"];

impl Location<'_> {
    pub(super) const fn source_name(self) -> &'static str {
        match self {
            Self::Directory(_) => "sequestered",
            Self::LocalRegistry(_) => "sequestered-local",
        }
    }

    pub(super) const fn key(self) -> &'static str {
        match self {
            Self::Directory(_) => "directory",
            Self::LocalRegistry(_) => "local-registry",
        }
    }

    pub(super) const fn path(&self) -> &str {
        match self {
            Self::Directory(path) | Self::LocalRegistry(path) => path,
        }
    }
}

/// A source that is replaced.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Replaced {
    /// A registry. crates.io is always replaced and need not be named.
    Registry(Registry),
    /// A git repository, by its address and what the manifest asks for; the locked commit plays no part.
    Git(GitSource),
}

impl Replaced {
    /// The key below `[source]` that stock `cargo vendor` gives it.
    pub(super) fn key(&self) -> String {
        match self {
            Self::Registry(Registry::CratesIo) => "crates-io".to_owned(),
            Self::Registry(registry) => registry.to_string(),
            Self::Git(git) => {
                let reference = git.reference.as_deref().map(|reference| format!("?{reference}")).unwrap_or_default();
                format!("git+{}{reference}", git.url)
            }
        }
    }

    /// The keys that say which source it is, and their values.
    pub(super) fn definition(&self) -> Vec<(&str, String)> {
        match self {
            Self::Registry(Registry::CratesIo) => Vec::new(),
            Self::Registry(Registry::Sparse(url)) => vec![("registry", format!("sparse+{url}"))],
            Self::Registry(Registry::Git(url)) => vec![("registry", url.to_string())],
            Self::Git(git) => {
                let mut keys = vec![("git", git.url.to_string())];
                keys.extend(git.wanted().setting().map(|(key, value)| (key, value.to_owned())));
                keys
            }
        }
    }

    /// Whether a table below `[source]` defines this source, whatever its key is.
    pub(super) fn is_defined_by(&self, table: &dyn TableLike) -> bool {
        let text = |key: &str| table.get(key).and_then(Item::as_str);
        match self {
            Self::Registry(registry) => {
                text("registry").is_some_and(|url| Registry::meant(url).is_ok_and(|found| found == *registry))
            }
            Self::Git(git) => {
                let found = ["branch", "tag", "rev"].into_iter().find_map(|key| Some((key, text(key)?)));
                text("git").is_some_and(|url| *url == *git.url) && found == git.wanted().setting()
            }
        }
    }
}

/// Whether a table below `[source]` says nothing but which source it is, in the form that we write: then it is ours to remove.
pub(super) fn is_only_a_definition(key: &str, table: &dyn TableLike) -> bool {
    let known = |key: &str| matches!(key, "registry" | "git" | "branch" | "tag" | "rev" | "replace-with");
    key.contains('+') && key.contains("://") && table.iter().all(|(key, _)| known(key))
}
