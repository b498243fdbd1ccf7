//! Build output that a repository brings along. Cargo takes the finished units of packages that are no path dependencies for fresh by
//! their fingerprints alone: it links and runs what lies there, whatever the sources say.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};

use super::commands::target_dirs;
use super::documents::real;
use super::search::Search;
use crate::files::{as_opened, plain};
use crate::gather::base::{BaseError, Repository};
use crate::gather::cargo_config::{CargoConfig, CargoConfigError, PATH_HASH};
use crate::gather::git;
use crate::model::error_text::parted;
use crate::model::policy::{Origin, Setting};
use crate::model::way_around::{Scope, WayAround, WayKind};

/// The folders in which cargo keeps what it goes by to call a unit fresh: as it is now, and as it is to be.
const FINGERPRINTS: [&str; 2] = [".fingerprint", "fingerprint"];
/// The most folders that the template for a workspace's hash is taken to stand for.
const MAX_HASHES: usize = 256;

/// Where cargo keeps build output, and what says so where something does.
pub(super) struct Output {
    pub(super) folder: Utf8PathBuf,
    origin: Option<Origin>,
    /// The same from wherever cargo is started, where that decides.
    anywhere: Option<Utf8PathBuf>,
}

/// Every folder in which a cargo with this configuration keeps build output of the workspace, started in `start` or by one of its aliases.
pub(super) fn folders(
    search: &Search<'_>,
    start: &Utf8Path,
    config: &CargoConfig,
) -> Result<Vec<Output>, CargoConfigError> {
    let mut folders = Vec::new();
    for Setting { value, origin } in config.build_folders(search.root)? {
        let value = as_opened(&value);
        folders.extend(hashed(&value).into_iter().map(|folder| Output {
            folder,
            origin: Some(origin.clone()),
            anywhere: None,
        }));
        folders.push(Output { folder: value, origin: Some(origin), anywhere: None });
    }
    for Setting { value, origin } in target_dirs(config, search.environment) {
        // From folders below, what climbs out of one can end in any other.
        let below = plain(&value);
        let anywhere = (value.is_relative() && !below.as_str().is_empty()).then_some(below);
        folders.push(Output { folder: as_opened(&start.join(value)), origin: Some(origin), anywhere });
    }
    folders.push(Output { folder: search.root.join("target"), origin: None, anywhere: None });
    Ok(folders)
}

/// The folders that are there for a path with cargo's template for a workspace's hash in it.
pub(crate) fn hashed(path: &Utf8Path) -> Vec<Utf8PathBuf> {
    let Some(at) = path.components().position(|component| component.as_str().contains(PATH_HASH)) else {
        return Vec::new();
    };
    let above: Utf8PathBuf = path.components().take(at).collect();
    let below: Utf8PathBuf = path.components().skip(at + 1).collect();
    let component = path.components().nth(at).map_or("", |component| component.as_str());
    let (before, behind) = component.split_once(PATH_HASH).unwrap_or_default();
    let is_hex = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let named = |folder: &Utf8Path, before: &str, behind: &str| -> Vec<Utf8PathBuf> {
        let entries = folder.read_dir_utf8().into_iter().flatten().flatten();
        let is_one =
            |name: &str| name.strip_prefix(before).and_then(|name| name.strip_suffix(behind)).is_some_and(is_hex);
        entries.filter(|entry| is_one(entry.file_name())).map(|entry| entry.path().to_owned()).collect()
    };
    let first = named(&above, before, "").into_iter().take(MAX_HASHES);
    let second = first.flat_map(|folder| named(&folder, "", behind)).take(MAX_HASHES);
    second.map(|folder| folder.join(&below)).collect()
}

/// The ways that lead by these folders, and what git could not be asked about them.
pub(super) fn ways(search: &Search<'_>, outputs: &[Output]) -> (Vec<WayAround>, Vec<String>) {
    let mut unasked = Vec::new();
    let asked = Repository::holding(search.root, search.environment).map(|(repository, _)| repository);
    let checkout = git::root_around(search.root);
    let top = asked.as_ref().ok().map(Repository::top).or(checkout);
    let mut ways = settings(search, outputs, top.unwrap_or(search.root));
    // Without a repository nothing is tracked.
    let Some(top) = top else { return (ways, unasked) };
    let folders: BTreeSet<Utf8PathBuf> =
        outputs.iter().flat_map(|output| [output.folder.clone(), real(&output.folder)]).collect();
    match &asked {
        Ok(repository) => {
            let anywhere: BTreeSet<&Utf8Path> =
                outputs.iter().filter_map(|output| output.anywhere.as_deref()).collect();
            let below = folders.iter().filter(|folder| folder.starts_with(top));
            let tracked = below.map(|folder| tracked(search, repository, folder));
            let tracked = tracked.chain(anywhere.into_iter().map(|path| {
                let found = repository.first_tracked_anywhere(path, &FINGERPRINTS)?;
                Ok(found.map(|found| repository.top().join(found)))
            }));
            for found in tracked {
                match found {
                    Ok(Some(path)) => {
                        let origin = Origin::File { path, line: 1, key: String::new() };
                        let (kind, scope) = (WayKind::BuildOutput, Scope::Repository);
                        ways.push(WayAround { kind, origin, scope, value: String::new() });
                    }
                    Ok(None) => {}
                    Err(error) => unasked.push(error.to_string()),
                }
            }
        }
        Err(error) => {
            let is_there = folders.iter().find(|folder| folder.starts_with(top) && folder.exists());
            unasked.extend(is_there.map(|folder| {
                let error = error.to_string();
                let (cause, help) = parted(&error);
                let help = help.unwrap_or("make git answer there");
                let help = help.split(", or give a lock file").next().unwrap_or(help);
                format!("{folder}: {cause}\nhelp: {help}; or remove the folder, so that cargo builds anew")
            }));
        }
    }
    ways.dedup();
    (ways, unasked)
}

/// The repository's own settings that lead build output to another of its folders than `target`.
fn settings(search: &Search<'_>, outputs: &[Output], top: &Utf8Path) -> Vec<WayAround> {
    let default = search.root.join("target");
    let mut ways = Vec::new();
    for output in outputs {
        let is_own = |path: &Utf8Path| path.starts_with(search.root) && !path.starts_with(search.config.home());
        if let Some(origin @ Origin::File { path, .. }) = &output.origin
            && is_own(path)
            && (output.folder.starts_with(top) || real(&output.folder).starts_with(top))
            && !output.folder.starts_with(&default)
        {
            let value = output.folder.to_string();
            let scope = Scope::Repository;
            ways.push(WayAround { kind: WayKind::TargetDir, origin: origin.clone(), scope, value });
        }
    }
    ways
}

/// The first file that git tracks in a folder below the top; in a submodule its own repository knows.
fn tracked(search: &Search<'_>, repository: &Repository, folder: &Utf8Path) -> Result<Option<Utf8PathBuf>, BaseError> {
    let top = repository.top();
    let submodule = folder.ancestors().take_while(|above| *above != top);
    let submodule = submodule.into_iter().find(|above| above.join(".git").symlink_metadata().is_ok());
    let inner = submodule.map(|inner| Repository::holding(inner, search.environment)).transpose()?;
    let repository = inner.as_ref().map_or(repository, |(inner, _)| inner);
    let Ok(below) = folder.strip_prefix(repository.top()) else { return Ok(None) };
    Ok(repository.first_tracked(below)?.map(|tracked| repository.top().join(tracked)))
}
