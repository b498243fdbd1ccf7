//! The folders in which a cargo that is started builds this workspace by a configuration of its own.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use camino::{Utf8Path, Utf8PathBuf};

use super::Search;
use crate::files::plain;
use crate::gather::cargo_config::{CargoConfig, CargoConfigError};

/// A folder with a configuration that the workspace's root does not have.
pub(super) struct Start {
    /// The closest folder with a configuration, at or above the one in which cargo is started.
    pub(super) folder: Utf8PathBuf,
    /// What a cargo started there reads.
    pub(super) config: CargoConfig,
}

/// One for each configuration that counts beside the root's: those of the workspace's folders (`configured`), and those that lie on the
/// way up from a member, wherever it lies, and from the folder in which this run was started. A member that is reached by a link counts
/// where it really lies, as for the shell that goes there.
pub(super) fn find(search: &Search<'_>, configured: &[Utf8PathBuf]) -> Result<Vec<Start>, CargoConfigError> {
    let root = real(search.root);
    let mut starts = BTreeMap::new();
    let closest = search.starts().into_iter().filter_map(|folder| {
        let is_below = folder.starts_with(&root);
        // From the root upwards there is nothing that the root does not have. Who starts elsewhere does not come by the root, whose own
        // file wins over those above it.
        let mut own = folder.ancestors().take_while(|above| !(is_below && root.starts_with(above)));
        let own = own.find(|above| is_configured(&above.join(".cargo")))?;
        // Told by the paths that the reader knows.
        Some(own.strip_prefix(&root).map_or_else(|_| own.to_owned(), |below| search.root.join(below)))
    });
    for folder in closest.chain(configured.iter().cloned()) {
        if let Entry::Vacant(new) = starts.entry(folder) {
            let config = CargoConfig::load(new.key(), search.environment)?;
            new.insert(config);
        }
    }
    Ok(starts.into_iter().map(|(folder, config)| Start { folder, config }).collect())
}

/// Whether a `.cargo` folder has a configuration. A link counts for where it leads: cargo reads through it.
pub(super) fn is_configured(folder: &Utf8Path) -> bool {
    ["config", "config.toml"].iter().any(|name| folder.join(name).exists())
}

pub(super) fn real(path: &Utf8Path) -> Utf8PathBuf {
    path.canonicalize_utf8().unwrap_or_else(|_| plain(path))
}
