//! A bill of materials that was made before, in JSON of `CycloneDX`: what another document needs to lead into it.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use serde::Deserialize;

use crate::files::regular::{self, Links, ReadError};
use crate::model::vex::BomLink;

/// The most bytes of a document; one of 2,000 packages has 4 MiB.
const MAX_BYTES: u64 = 64 << 20;

/// It cannot be referred to.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BomFileError {
    #[error("{path}: cannot be read: {cause}\nhelp: name the file that `cargo sequester sbom --out FILE` wrote")]
    Unread { path: Utf8PathBuf, cause: ReadError },
    #[error(
        "{path}: is no CycloneDX document in JSON with a serial number\nhelp: name the file that `cargo sequester sbom --out FILE` wrote"
    )]
    Other { path: Utf8PathBuf },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    bom_format: String,
    serial_number: String,
    #[serde(default = "first")]
    version: u64,
    #[serde(default)]
    metadata: Metadata,
    #[serde(default)]
    components: Vec<Component>,
}

#[derive(Default, Deserialize)]
struct Metadata {
    component: Option<Component>,
}

#[derive(Deserialize)]
struct Component {
    #[serde(rename = "bom-ref")]
    reference: Option<String>,
    purl: Option<String>,
}

const fn first() -> u64 {
    1
}

/// Reads one.
///
/// # Errors
/// There is no such document.
pub(crate) fn read(path: &Utf8Path) -> Result<BomLink, BomFileError> {
    let text = regular::read(path, Links::Followed, MAX_BYTES)
        .map_err(|cause| BomFileError::Unread { path: path.to_owned(), cause })?;
    let other = || BomFileError::Other { path: path.to_owned() };
    let document: Document = serde_json::from_slice(&text).map_err(|_| other())?;
    let serial = document.serial_number.strip_prefix("urn:uuid:").map(str::to_owned);
    let is_uuid = |text: &String| text.len() == 36 && text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit());
    let serial = serial.filter(is_uuid).filter(|_| document.bom_format == "CycloneDX").ok_or_else(other)?;
    let references: BTreeMap<String, String> = document
        .metadata
        .component
        .into_iter()
        .chain(document.components)
        .filter_map(|one| Some((one.purl?, one.reference?)))
        .collect();
    Ok(BomLink { serial, version: document.version, references })
}
