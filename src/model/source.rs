//! Where a package comes from: a registry, a git repository, or the file system.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// A registry by its identity, the address of its index. The name that a configuration gives it is only a name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Registry {
    /// crates.io, in either of the two spellings that cargo uses for it.
    CratesIo,
    /// A sparse index: the address without `sparse+`, ending in a slash.
    Sparse(Arc<str>),
    /// A git index: the address without `registry+`.
    Git(Arc<str>),
}

/// The identity of crates.io's index in lock files and package-id specs (cargo's `CRATES_IO_INDEX`).
pub(crate) const CRATES_IO_INDEX: &str = "https://github.com/rust-lang/crates.io-index";
/// The address of crates.io's sparse index (cargo's `CRATES_IO_HTTP_INDEX`).
pub(crate) const CRATES_IO_SPARSE_INDEX: &str = "https://index.crates.io/";

/// The text is no registry address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a registry address: expected `sparse+https://…` or `registry+https://…`")]
pub struct RegistryError;

impl Registry {
    /// Reads an address as manifests, lock files, index lines and cargo's `[registries]` write it: `sparse+URL`, or a bare URL for a git
    /// index; `registry+URL`, the lock file's spelling, is read too. Cargo takes crates.io's sparse address for another registry there.
    ///
    /// # Errors
    /// The text is empty or holds white space or control characters.
    pub fn parse(text: &str) -> Result<Self, RegistryError> {
        if text.bytes().any(|byte| byte <= b' ' || byte == 0x7f) || !text.contains("://") {
            return Err(RegistryError);
        }
        if let Some(url) = text.strip_prefix("sparse+") {
            let url = if url.ends_with('/') { url.to_owned() } else { format!("{url}/") };
            return Ok(Self::Sparse(url.into()));
        }
        let url = text.strip_prefix("registry+").unwrap_or(text);
        let canonical = url.strip_suffix('/').unwrap_or(url);
        let canonical = canonical.strip_suffix(".git").unwrap_or(canonical);
        Ok(if canonical == CRATES_IO_INDEX { Self::CratesIo } else { Self::Git(url.into()) })
    }

    /// Reads an address as people write it in a policy or on a command line, and cargo in `[source]`: there crates.io's sparse address is
    /// crates.io.
    ///
    /// # Errors
    /// As [`Registry::parse`].
    pub fn meant(text: &str) -> Result<Self, RegistryError> {
        Ok(match Self::parse(text)? {
            Self::Sparse(url) if *url == *CRATES_IO_SPARSE_INDEX => Self::CratesIo,
            registry @ (Self::CratesIo | Self::Sparse(_) | Self::Git(_)) => registry,
        })
    }
}

/// As in a package-id spec: `registry+https://…` or `sparse+https://…`.
impl fmt::Display for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CratesIo => write!(f, "registry+{CRATES_IO_INDEX}"),
            Self::Sparse(url) => write!(f, "sparse+{url}"),
            Self::Git(url) => write!(f, "registry+{url}"),
        }
    }
}

/// Where cargo takes a package's files from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// A package without a `source` in the lock file: a workspace member, a path dependency, or a `[patch]` to a path.
    Local,
    /// A release of a registry.
    Registry(Registry),
    /// A commit of a git repository.
    Git(GitSource),
    /// A kind that is never approved because nothing is known about it (`directory+`, `local-registry+`, …), as the lock file wrote it.
    Other(Arc<str>),
}

impl Source {
    /// The source without its locked commit, which plays no part in where cargo takes it from.
    #[must_use]
    pub fn without_commit(&self) -> Self {
        match self {
            Self::Git(git) => Self::Git(GitSource { commit: None, ..git.clone() }),
            Self::Local | Self::Registry(_) | Self::Other(_) => self.clone(),
        }
    }
}

/// A git dependency as the lock file pins it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GitSource {
    /// The repository's address, without `git+`, query and fragment.
    pub url: Arc<str>,
    /// What the manifest asked for, as the lock file's query writes it, percent-encoded: `branch=main`, `tag=v1`, `rev=…`; absent for
    /// the default branch.
    pub reference: Option<Arc<str>>,
    /// The locked commit; absent where the lock file does not pin one.
    pub commit: Option<Arc<str>>,
}

/// What a git dependency asks its repository for, in plain text, as manifests and cargo's configuration write it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GitReference {
    /// Nothing: the default branch.
    DefaultBranch,
    /// `branch`.
    Branch(String),
    /// `tag`.
    Tag(String),
    /// `rev`.
    Rev(String),
}

impl GitSource {
    /// A reference as a lock file's query writes it.
    #[must_use]
    pub fn query(key: &str, value: &str) -> Arc<str> {
        form_urlencoded::Serializer::new(String::new()).append_pair(key, value).finish().into()
    }

    /// The reference with its encoding undone, as cargo reads a lock file's query: the last of several keys counts, and `ref` is an old
    /// name of `branch`.
    #[must_use]
    pub fn wanted(&self) -> GitReference {
        let mut wanted = GitReference::DefaultBranch;
        for (key, value) in form_urlencoded::parse(self.reference.as_deref().unwrap_or_default().as_bytes()) {
            match &*key {
                "branch" | "ref" => wanted = GitReference::Branch(value.into_owned()),
                "tag" => wanted = GitReference::Tag(value.into_owned()),
                "rev" => wanted = GitReference::Rev(value.into_owned()),
                _ => {}
            }
        }
        wanted
    }
}

impl GitReference {
    /// The key of cargo's configuration and manifests, and its value; `None` for the default branch.
    #[must_use]
    pub const fn setting(&self) -> Option<(&'static str, &str)> {
        match self {
            Self::DefaultBranch => None,
            Self::Branch(name) => Some(("branch", name.as_str())),
            Self::Tag(name) => Some(("tag", name.as_str())),
            Self::Rev(name) => Some(("rev", name.as_str())),
        }
    }
}

/// As the lock file writes it; `Local` is empty.
impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local => Ok(()),
            Self::Registry(registry) => registry.fmt(f),
            Self::Git(git) => {
                write!(f, "git+{}", git.url)?;
                git.reference.iter().try_for_each(|reference| write!(f, "?{reference}"))?;
                git.commit.iter().try_for_each(|commit| write!(f, "#{commit}"))
            }
            Self::Other(text) => f.write_str(text),
        }
    }
}

/// A text whose addresses have nothing that lets somebody in: no user and no password before the host. The name `git`, under which hosts
/// take every key of `ssh`, is no secret and stays.
#[must_use]
pub fn without_credentials(text: &str) -> Cow<'_, str> {
    stripped(text, |behind| behind.find(ends_authority).unwrap_or(behind.len()))
}

/// The same for a JSON document, whose texts have some of their characters as escapes (RFC 8259, section 7).
#[must_use]
pub(crate) fn without_credentials_in_json(document: &str) -> Cow<'_, str> {
    stripped(document, authority_in_json)
}

const fn ends_authority(character: char) -> bool {
    character.is_whitespace() || matches!(character, '/' | '?' | '#' | '\\' | '"' | '\'' | '<' | '>' | '`')
}

/// How long the authority at the start of this part of a document is.
fn authority_in_json(document: &str) -> usize {
    let mut characters = document.char_indices();
    while let Some((at, character)) = characters.next() {
        let meant = match character {
            '\\' => match characters.next() {
                Some((_, 'u')) => {
                    let digits = characters.as_str().get(..4);
                    let code = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
                    let Some(code) = code else { return at };
                    characters.nth(3);
                    // Half of a pair stands for a character that ends nothing.
                    char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
                }
                Some((_, 'b')) => '\u{8}',
                // A quote, a slash, white space.
                _ => return at,
            },
            itself => itself,
        };
        if ends_authority(meant) {
            return at;
        }
    }
    document.len()
}

fn stripped(text: &str, authority: impl Fn(&str) -> usize) -> Cow<'_, str> {
    let (mut safe, mut rest) = (String::new(), text);
    while let Some(at) = rest.find("://") {
        let (before, behind) = rest.split_at(at + 3);
        let (authority, behind) = behind.split_at(authority(behind));
        safe.push_str(before);
        match authority.rsplit_once('@') {
            Some(("git", _)) if before.ends_with("ssh://") => safe.push_str(authority),
            Some((_, host)) => safe.push_str(host),
            None => safe.push_str(authority),
        }
        rest = behind;
    }
    if safe.is_empty() {
        return Cow::Borrowed(text);
    }
    safe.push_str(rest);
    Cow::Owned(safe)
}

#[cfg(test)]
mod tests {
    use super::{GitReference, GitSource, without_credentials, without_credentials_in_json};

    #[test]
    fn what_lets_somebody_in_is_left_out() {
        for (with, without) in [
            ("https://ana:secret@git.example.org/x@1", "https://git.example.org/x@1"),
            ("https://token@git.example.org", "https://git.example.org"),
            ("https://a@b:secret@git.example.org/x", "https://git.example.org/x"),
            ("ssh://git@git.example.org/x", "ssh://git@git.example.org/x"),
            ("git+ssh://git:secret@git.example.org/x", "git+ssh://git.example.org/x"),
            ("ssh://ana@git.example.org:22/x", "ssh://git.example.org:22/x"),
            ("https://git.example.org/a@b", "https://git.example.org/a@b"),
            ("no address, ana@example.org", "no address, ana@example.org"),
            ("from `https://a:b@x.org` to http://c@y.org/z, a@b", "from `https://x.org` to http://y.org/z, a@b"),
        ] {
            assert_eq!(without_credentials(with), without);
            assert_eq!(without_credentials_in_json(with), without);
        }
    }

    #[test]
    fn an_escape_in_a_document_hides_no_password() {
        for (with, without) in [
            (r#"["https://ana:se\u0001cret@example.org/x"]"#, r#"["https://example.org/x"]"#),
            (r#"["https://ana:se\bcret@example.org/x"]"#, r#"["https://example.org/x"]"#),
            (r#"["https://example.org\n","ana@example.org"]"#, r#"["https://example.org\n","ana@example.org"]"#),
            (r#"["https://example.org\u000bana@example.org"]"#, r#"["https://example.org\u000bana@example.org"]"#),
            (r#"["https://a\\","b@c"]"#, r#"["https://a\\","b@c"]"#),
            (r#"["https://a\"b@c"]"#, r#"["https://a\"b@c"]"#),
        ] {
            assert_eq!(without_credentials_in_json(with), without);
        }
    }

    #[test]
    fn a_reference_is_decoded_as_cargo_decodes_it() {
        let wanted = |reference: &str| {
            let git =
                GitSource { url: "https://git.example.org/x".into(), reference: Some(reference.into()), commit: None };
            git.wanted()
        };
        assert_eq!(wanted("branch=feat%2Fx%2By%23z%25"), GitReference::Branch("feat/x+y#z%".to_owned()));
        assert_eq!(wanted("tag=v1%2Frc"), GitReference::Tag("v1/rc".to_owned()));
        assert_eq!(wanted("rev=refs%2Fheads%2Fmain"), GitReference::Rev("refs/heads/main".to_owned()));
        assert_eq!(wanted("ref=main").setting(), Some(("branch", "main")));
        assert_eq!(wanted("branch=a&tag=b").setting(), Some(("tag", "b")));
        assert_eq!(wanted("").setting(), None);
    }
}
