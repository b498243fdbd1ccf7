//! Build output that a repository brings along. Cargo takes the finished units of packages that are no path dependencies for fresh by
//! their fingerprints alone: it links and runs what lies there, whatever the sources say.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};

use super::starts::real;
use super::{Search, bounded};
use crate::files::plain;
use crate::gather::base::Repository;
use crate::gather::cargo_config::{CargoConfig, CargoConfigError};
use crate::model::policy::{Origin, Setting};
use crate::model::way_around::{Scope, WayAround, WayKind};

/// Where cargo keeps build output, and what says so where something does.
pub(super) struct Output {
    pub(super) folder: Utf8PathBuf,
    origin: Option<Origin>,
}

/// Every folder in which a cargo with this configuration keeps build output of the workspace.
pub(super) fn folders(root: &Utf8Path, config: &CargoConfig) -> Result<Vec<Output>, CargoConfigError> {
    let mut folders = Vec::new();
    for setting in config.build_folders(root)? {
        let Setting { value, origin } = setting;
        folders.push(Output { folder: plain(&value), origin: Some(origin) });
    }
    folders.push(Output { folder: root.join("target"), origin: None });
    Ok(folders)
}

/// The ways that lead by these folders.
pub(super) fn ways(search: &Search<'_>, outputs: &[Output]) -> Vec<WayAround> {
    let default = search.root.join("target");
    // Without git nothing is tracked.
    let repository = Repository::around(search.root, search.environment).ok();
    let top = repository.as_ref().map_or(search.root, Repository::top);
    let inside = |folder: &Utf8Path| folder.starts_with(top);
    let mut ways = Vec::new();
    for output in outputs {
        let is_own = |path: &Utf8Path| path.starts_with(search.root) && !path.starts_with(search.config.home());
        if let Some(origin @ Origin::File { path, .. }) = &output.origin
            && is_own(path)
            && (inside(&output.folder) || inside(&real(&output.folder)))
            && !output.folder.starts_with(&default)
        {
            let value = bounded(output.folder.as_str());
            let scope = Scope::Repository;
            ways.push(WayAround { kind: WayKind::TargetDir, origin: origin.clone(), scope, value });
        }
    }
    let Some(repository) = repository else { return ways };
    let folders = outputs.iter().flat_map(|output| [output.folder.clone(), real(&output.folder)]);
    for folder in folders.collect::<BTreeSet<_>>() {
        let Ok(below) = folder.strip_prefix(repository.top()) else { continue };
        if let Some(tracked) = repository.first_tracked(below) {
            let origin = Origin::File { path: repository.top().join(tracked), line: 1, key: String::new() };
            ways.push(WayAround { kind: WayKind::BuildOutput, origin, scope: Scope::Repository, value: String::new() });
        }
    }
    ways.dedup();
    ways
}
