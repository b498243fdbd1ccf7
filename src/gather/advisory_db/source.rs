//! What the policy's `db` names.

use camino::{Utf8Path, Utf8PathBuf};

use super::error::AdvisoryDbError;

/// Where advisories come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    /// A gzipped tar archive.
    Archive(String),
    /// A git repository, by its address without `git+`.
    Git(String),
    /// A folder that has `crates` in it.
    Folder(Utf8PathBuf),
}

impl Source {
    /// Reads the policy's text; a relative folder is relative to `base`.
    pub(super) fn parse(text: &str, base: &Utf8Path) -> Result<Self, AdvisoryDbError> {
        let refuse = |why| Err(AdvisoryDbError::Address { address: text.to_owned(), why });
        if text.is_empty() || text.starts_with('-') || text.chars().any(char::is_control) {
            return refuse("the text cannot be an address or a path");
        }
        if let Some(address) = text.strip_prefix("git+") {
            return match address.split_once("://") {
                Some(("https" | "file", rest)) if !rest.is_empty() && !rest.starts_with('-') => {
                    Ok(Self::Git(address.to_owned()))
                }
                _ => refuse("git is spoken over `https://` and `file://` only"),
            };
        }
        match text.split_once("://") {
            None => Ok(Self::Folder(base.join(text))),
            Some(("https", rest)) if !rest.is_empty() => Ok(Self::Archive(text.to_owned())),
            Some(("http", rest)) if is_loopback(rest) => Ok(Self::Archive(text.to_owned())),
            Some(("http", _)) => refuse("an unencrypted answer could be anybody's"),
            Some(_) => refuse("the scheme is unknown"),
        }
    }

    /// Whether this is RustSec's own database or a mirror that says so in its path; another tool's checkout of RustSec may stand
    /// in for these, and for no other.
    pub(super) fn is_rustsec(&self) -> bool {
        let (Self::Archive(address) | Self::Git(address)) = self else { return false };
        let path = address.split_once("://").map_or("", |(_, rest)| rest);
        let path = path.split(['?', '#']).next().unwrap_or_default();
        let segments: Vec<&str> = path.split('/').skip(1).collect();
        segments.windows(2).any(|pair| {
            let [owner, name] = pair else { return false };
            let name = name.strip_suffix(".git").unwrap_or(name);
            owner.eq_ignore_ascii_case("rustsec") && name.eq_ignore_ascii_case("advisory-db")
        })
    }
}

/// A host that only this machine can be.
fn is_loopback(rest: &str) -> bool {
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = match authority.strip_prefix('[') {
        Some(bracketed) => bracketed.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    !authority.contains('@') && matches!(host, "127.0.0.1" | "::1" | "localhost")
}
