//! The small grammars inside the strings of a policy file.

use semver::{Version, VersionReq};

use super::fault::Fault;
use crate::gather::toml_tree::shown;
use crate::model::checksum::Checksum;
use crate::model::crate_name::{CrateName, NamePattern};
use crate::model::party::{is_email, is_web};
use crate::model::policy::{Ban, Level};
use crate::model::signal::SignalLevel;
use crate::model::source::Registry;
use crate::model::vex::Justification;

/// The longest crate name that crates.io takes.
const NAME_LIMIT: usize = 64;
/// The longest licence expression that somebody writes.
const EXPRESSION_LIMIT: usize = 4096;

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}

fn is_name(text: &str) -> bool {
    (1..=NAME_LIMIT).contains(&text.len()) && text.bytes().all(is_name_byte)
}

pub(super) fn crate_name(text: &str) -> Result<CrateName, Fault> {
    if is_name(text) { Ok(text.into()) } else { Err(Fault::CrateName(shown(text))) }
}

/// A crate's name in which `*` stands for any characters.
pub(super) fn glob(text: &str) -> Result<NamePattern, Fault> {
    let good = (1..=NAME_LIMIT).contains(&text.len()) && text.bytes().all(|byte| byte == b'*' || is_name_byte(byte));
    if good { Ok(text.into()) } else { Err(Fault::Glob(shown(text))) }
}

pub(super) fn version(text: &str) -> Result<Version, Fault> {
    Version::parse(text).map_err(|_| Fault::Version(shown(text)))
}

/// `name`, or `name@` and a requirement as Cargo.toml writes it.
pub(super) fn ban(text: &str) -> Result<Ban, Fault> {
    let (name, requirement) = text.split_once('@').map_or((text, None), |(name, req)| (name, Some(req)));
    let req =
        requirement.map(|text| VersionReq::parse(text).map_err(|_| Fault::Requirement(shown(text)))).transpose()?;
    Ok(Ban { crate_name: crate_name(name)?, req, text: text.to_owned() })
}

/// A text that says something.
pub(super) fn prose(text: &str) -> Result<String, Fault> {
    if text.trim().is_empty() { Err(Fault::Empty) } else { Ok(text.to_owned()) }
}

pub(super) fn email(text: &str) -> Result<String, Fault> {
    if is_email(text) { Ok(text.to_owned()) } else { Err(Fault::Email(shown(text))) }
}

pub(super) fn page(text: &str) -> Result<String, Fault> {
    if is_web(text) { Ok(text.to_owned()) } else { Err(Fault::Page(shown(text))) }
}

/// What to do about something that is not plainly bad.
pub(super) fn level(text: &str) -> Result<Level, Fault> {
    match text {
        "allow" => Ok(Level::Allow),
        "warn" => Ok(Level::Warn),
        "reject" => Ok(Level::Reject),
        _ => Err(Fault::Level(shown(text))),
    }
}

/// What a signal does.
pub(super) fn signal_level(text: &str) -> Result<SignalLevel, Fault> {
    SignalLevel::named(text).ok_or_else(|| Fault::SignalLevel(shown(text)))
}

/// Why a package is not affected, in the words of VEX.
pub(super) fn justification(text: &str) -> Result<Justification, Fault> {
    Justification::named(text).ok_or_else(|| Fault::Justification(shown(text)))
}

/// An advisory's id: words of ASCII letters and digits, joined by hyphens.
pub(super) fn advisory_id(text: &str) -> Result<String, Fault> {
    let mut words = text.split('-');
    let good = text.len() <= NAME_LIMIT
        && text.contains('-')
        && words.all(|word| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    if good { Ok(text.to_owned()) } else { Err(Fault::AdvisoryId(shown(text))) }
}

/// A full commit id, in lower case as git and cargo write it.
pub(super) fn commit(text: &str) -> Result<String, Fault> {
    let good = text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if good { Ok(text.to_ascii_lowercase()) } else { Err(Fault::Commit) }
}

pub(super) fn registry_address(text: &str) -> Result<Registry, Fault> {
    let url = text.strip_prefix("sparse+").or_else(|| text.strip_prefix("registry+")).unwrap_or(text);
    if is_address(url) { Registry::meant(text).ok() } else { None }.ok_or_else(|| Fault::RegistryAddress(shown(text)))
}

pub(super) fn git_address(text: &str) -> Result<String, Fault> {
    if is_address(text) { Ok(text.to_owned()) } else { Err(Fault::GitAddress(shown(text))) }
}

/// Where a web API is asked: no name and password stand in it, since addresses are printed.
pub(super) fn web_address(text: &str) -> Result<String, Fault> {
    let is_web = text.starts_with("https://") || text.starts_with("http://");
    if is_web && is_address(text) && !text.contains('@') {
        Ok(text.to_owned())
    } else {
        Err(Fault::WebAddress(shown(text)))
    }
}

/// A scheme that cargo can fetch from, and something behind it. Queries and fragments would make a second spelling of one place.
fn is_address(url: &str) -> bool {
    let Some((scheme, rest)) = url.split_once("://") else {
        return false;
    };
    let rest_begins = if scheme == "file" { rest.starts_with('/') } else { !rest.starts_with('/') };
    matches!(scheme, "https" | "http" | "ssh" | "git" | "file")
        && !rest.is_empty()
        && rest_begins
        && !rest.contains(['?', '#', '\\'])
        && !rest.contains(|letter: char| letter.is_whitespace() || letter.is_control())
}

/// An SPDX id in its exact spelling, and an exception behind `WITH` where there is one, or a `LicenseRef-…` of somebody's own; `spdx` itself would take `MIT+` for `MIT`.
pub(super) fn license(text: &str) -> Result<String, Fault> {
    // A licence that the list of SPDX does not have, as manifests name one.
    let is_own = text.starts_with("LicenseRef-") || text.starts_with("DocumentRef-");
    if is_own && spdx::Licensee::parse(text).is_ok_and(|one| one.to_string() == text) {
        return Ok(text.to_owned());
    }
    let (id, exception) = text.split_once(" WITH ").map_or((text, None), |(id, exception)| (id, Some(exception)));
    let is_id = spdx::license_id(id).is_some_and(|known| known.name == id);
    if is_id && exception.is_none_or(|exception| spdx::exception_id(exception).is_some_and(|one| one.name == exception))
    {
        return Ok(text.to_owned());
    }
    let nearest = spdx::imprecise_license_id(text).map(|(id, _)| id.name);
    Err(Fault::License { text: shown(text), nearest })
}

/// An SPDX expression as the specification has it.
pub(super) fn license_expression(text: &str) -> Result<String, Fault> {
    let fault = |cause: String| Fault::LicenseExpression { text: shown(text), cause };
    if text.len() > EXPRESSION_LIMIT {
        return Err(fault(format!("more than {EXPRESSION_LIMIT} bytes")));
    }
    let parsed = spdx::Expression::parse(text).map_err(|error| fault(error.reason.to_string()))?;
    Ok(parsed.to_string())
}

pub(super) fn requirement(text: &str) -> Result<VersionReq, Fault> {
    text.parse().map_err(|_| Fault::VersionReq(shown(text)))
}

pub(super) fn file_digest(text: &str) -> Result<Checksum, Fault> {
    text.parse().map_err(|_| Fault::FileDigest)
}

/// A path below a package's folder, in its one spelling.
pub(super) fn path_in_archive(text: &str) -> Result<Box<str>, Fault> {
    let is_name = |part: &str| !matches!(part, "" | "." | "..") && !part.contains(['\\', ':']);
    if !text.contains(char::is_control) && text.split('/').all(is_name) {
        Ok(text.into())
    } else {
        Err(Fault::PathInArchive(shown(text)))
    }
}
