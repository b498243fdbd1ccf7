//! Where a registry serves a `.crate` file: the `dl` of its `config.json` with its markers filled in (RFC 2141; cargo's
//! `sources/registry/download.rs`).

use crate::gather::index::RegistryConfig;
use crate::model::checksum::Checksum;
use crate::model::package::PackageId;

const MARKERS: [&str; 5] = ["{crate}", "{version}", "{prefix}", "{lowerprefix}", "{sha256-checksum}"];

/// The address of the file. The name must be one that may stand in an address.
#[must_use]
pub fn download_address(config: &RegistryConfig, id: &PackageId, checksum: Checksum) -> String {
    let dl = &config.dl;
    if !MARKERS.iter().any(|marker| dl.contains(marker)) {
        return format!("{dl}/{}/{}/download", id.name, id.version);
    }
    let prefix = prefix(&id.name);
    let values =
        [id.name.to_string(), id.version.to_string(), prefix.clone(), prefix.to_lowercase(), checksum.to_string()];
    MARKERS.into_iter().zip(values).fold(dl.clone(), |address, (marker, value)| address.replace(marker, &value))
}

/// The folders of the crate's index file.
fn prefix(name: &str) -> String {
    let first = |count: usize| name.chars().take(count).collect::<String>();
    match name.chars().count() {
        short @ (0..=2) => short.to_string(),
        3 => format!("3/{}", first(1)),
        _ => format!("{}/{}", first(2), name.chars().skip(2).take(2).collect::<String>()),
    }
}
