//! Package URLs of releases: `pkg:cargo/NAME@VERSION`, with `repository_url` for any registry but crates.io (the purl specification
//! and its definition of the type `cargo`).

use std::fmt::Write as _;

use semver::Version;

use crate::model::package::CrateId;
use crate::model::source::Registry;

/// A text is no package URL of a cargo release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a package URL of a release: expected `pkg:cargo/NAME@VERSION`")]
pub struct PurlError;

/// The package URL of a release. A name keeps its case; build metadata's `+` is percent-encoded, as the specification asks.
#[must_use]
pub fn purl(crate_id: &CrateId, version: &Version) -> String {
    let mut purl = String::from("pkg:cargo/");
    encode(&mut purl, &crate_id.name);
    purl.push('@');
    encode(&mut purl, &version.to_string());
    match &crate_id.registry {
        Registry::CratesIo => {}
        Registry::Sparse(url) | Registry::Git(url) => {
            purl.push_str("?repository_url=");
            encode(&mut purl, url);
        }
    }
    purl
}

/// The name and the version that a package URL says. Qualifiers are passed over: `repository_url` does not tell a sparse index from
/// a git one, so a record names its registry in a field of its own.
///
/// # Errors
/// It is of another type, has no version, a namespace or a subpath, or a part that is not properly encoded.
pub fn parse_purl(text: &str) -> Result<(String, Version), PurlError> {
    let rest = text.strip_prefix("pkg:cargo/").ok_or(PurlError)?;
    let path = rest.split_once('?').map_or(rest, |(path, _)| path);
    let (name, version) = path.split_once('@').ok_or(PurlError)?;
    let (name, version) = (decode(name)?, decode(version)?);
    if name.is_empty() {
        return Err(PurlError);
    }
    Ok((name, version.parse().map_err(|_| PurlError)?))
}

/// The specification leaves letters, digits, `.`, `-`, `_`, `~` and `:` as they are.
const fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'~' | b':')
}

fn encode(purl: &mut String, part: &str) {
    for byte in part.bytes() {
        if is_plain(byte) {
            purl.push(char::from(byte));
        } else {
            let _ = write!(purl, "%{byte:02X}");
        }
    }
}

fn decode(part: &str) -> Result<String, PurlError> {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'%' => {
                let mut digit = || rest.next().and_then(|byte| char::from(byte).to_digit(16)).ok_or(PurlError);
                let value = digit()? * 16 + digit()?;
                bytes.push(u8::try_from(value).map_err(|_| PurlError)?);
            }
            byte if is_plain(byte) => bytes.push(byte),
            _ => return Err(PurlError),
        }
    }
    String::from_utf8(bytes).map_err(|_| PurlError)
}
