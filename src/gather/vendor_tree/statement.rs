//! What a vendored package says of itself: `Cargo.toml` and `.cargo-checksum.json`.

use std::sync::Arc;

use camino::Utf8Path;
use semver::Version;
use serde::Deserialize;

use super::{MAX_STATEMENT, VendorTreeError, digest, unreadable};
use crate::model::vendored::{Stated, VENDOR_CHECKSUMS_FILE, VendorChecksums};

/// A file's bytes; `None` where it is larger than any honest file of its kind.
pub(super) fn bytes(path: &Utf8Path) -> Result<Option<Vec<u8>>, VendorTreeError> {
    digest::read_bounded(path, MAX_STATEMENT).map_err(|source| unreadable(path, source))
}

pub(super) fn listed(package: &Utf8Path, present: bool) -> Result<Stated<VendorChecksums>, VendorTreeError> {
    if !present {
        return Ok(Stated::Absent);
    }
    let Some(text) = bytes(&package.join(VENDOR_CHECKSUMS_FILE))? else {
        return Ok(Stated::Malformed(format!("it is larger than {MAX_STATEMENT} bytes")));
    };
    Ok(match VendorChecksums::parse(&text) {
        Ok(listed) => Stated::Known(listed),
        Err(error) => Stated::Malformed(error.to_string()),
    })
}

#[derive(Deserialize)]
struct Manifest {
    package: Option<Package>,
    project: Option<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    // Cargo takes a manifest without a version for 0.0.0.
    version: Option<String>,
}

pub(super) fn manifest(package: &Utf8Path, present: bool) -> Result<Stated<(Arc<str>, Version)>, VendorTreeError> {
    if !present {
        return Ok(Stated::Absent);
    }
    let Some(text) = bytes(&package.join("Cargo.toml"))? else {
        return Ok(Stated::Malformed(format!("it is larger than {MAX_STATEMENT} bytes")));
    };
    let Ok(text) = String::from_utf8(text) else {
        return Ok(Stated::Malformed("it is not UTF-8 text".to_owned()));
    };
    Ok(match identity(&text) {
        Ok(identity) => Stated::Known(identity),
        Err(cause) => Stated::Malformed(cause),
    })
}

fn identity(text: &str) -> Result<(Arc<str>, Version), String> {
    let manifest: Manifest = toml::from_str(text.strip_prefix('\u{feff}').unwrap_or(text))
        .map_err(|error| error.message().lines().next().unwrap_or_default().to_owned())?;
    // Cargo reads `[project]`, the oldest name of the table, where there is no `[package]`.
    let package = manifest.package.or(manifest.project).ok_or("it has no `[package]`")?;
    let version = package.version.as_deref().unwrap_or("0.0.0");
    // Cargo cuts white space off a version.
    let version = version.trim().parse().map_err(|_| "its version is none".to_owned())?;
    Ok((package.name.into(), version))
}
