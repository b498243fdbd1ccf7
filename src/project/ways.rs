//! Ways around what is judged that a change brings: with a base commit, each is compared with what that commit has in the same place.

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};

use super::base::{Base, BaseCommit};
use super::error::ProjectError;
use super::lock_files::{LOCK_FILE, MANIFEST, is_there};
use super::open::Project;
use super::subject::relative;
use super::uncommitted;
use crate::files::names::TRAIL_FOLDER;
use crate::gather::allow_list;
use crate::gather::base::{BaseError, TreeEntry};
use crate::gather::cargo_config::CargoConfig;
use crate::gather::toml_tree::{self, Table, Value, shown_key};
use crate::gather::ways_around::{self, Replacing, Search};
use crate::model::package::Package;
use crate::model::policy::Origin;
use crate::model::source::Source;
use crate::model::way_around::{Scope, WayAround, WayKind};

/// The largest manifest that is read for its name.
const MAX_MANIFEST: u64 = 1 << 20;

/// The ways that the base does not have; none without a base commit, of which nothing could be compared. What the machine, its user or its
/// environment set is no change's.
pub(super) fn new(project: &Project) -> Result<Vec<WayAround>, ProjectError> {
    let Some(base) = project.base().and_then(Base::commit) else { return Ok(Vec::new()) };
    let (root, environment) = (&project.subject().root, project.environment());
    let config = CargoConfig::load(root, environment)?;
    let replacing = Replacing::read(root)?;
    let (members, sources) = (project.subject().members(), project.subject().sources());
    let search = Search {
        root,
        members: &members,
        sources: &sources,
        vendor: replacing.place.as_ref().map(|place| place.path.as_path()),
        replacing: &replacing,
        config: &config,
        environment,
    };
    let found = ways_around::find(&search)?;
    // What was not looked at could hold anything.
    if found.ended_early {
        return Err(ProjectError::SearchEnded { root: relative(root, environment), limit: ways_around::MAX_NAMES });
    }
    if let Some(words) = found.unasked.into_iter().next() {
        return Err(ProjectError::BuildOutput(words));
    }
    let mut comparison = Comparison { base, documents: BTreeMap::new() };
    let included = comparison.newly_included(&config)?;
    let mut new = Vec::new();
    for way in vendored(&replacing, root)?.into_iter().chain(found.ways) {
        let Origin::File { path, key, .. } = &way.origin else { continue };
        if base.inside(path).is_none() {
            continue;
        }
        let is_new = included.contains(path)
            || match comparison.is_new(path, key) {
                // The lock file of a submodule is judged in a checkout of that repository.
                Err(ProjectError::Base(BaseError::NotAFile { kind: TreeEntry::Submodule, .. }))
                    if way.kind == WayKind::OtherLockFile =>
                {
                    false
                }
                is_new => is_new? && !(way.kind == WayKind::VendoredPlace && comparison.is_one_place(path, key)?),
            };
        if is_new {
            new.push(shown(way, project));
        }
    }
    let elsewhere = |path: &Utf8Path| {
        let vendored = replacing.place.as_ref().is_some_and(|place| path.starts_with(&place.path));
        // Cargo reads none beside a member.
        !vendored
            && path.parent().is_some_and(|folder| folder != root && !members.iter().any(|member| *member == folder))
    };
    new.extend(left_out(project, base)?.into_iter().map(|way| shown(way, project)));
    let gone =
        unlocked(base)?.into_iter().filter(|way| matches!(&way.origin, Origin::File { path, .. } if elsewhere(path)));
    new.extend(gone.chain(uncommitted::find(project, base)?).map(|way| shown(way, project)));
    Ok(new)
}

/// Manifests whose lock file the change took away.
fn unlocked(base: &BaseCommit) -> Result<Vec<WayAround>, ProjectError> {
    let lost = base.lost(LOCK_FILE, TRAIL_FOLDER)?.into_iter().map(|path| base.repository.join(path));
    let lost = lost.filter(|path| path.file_name() == Some(LOCK_FILE));
    let unlocked = lost.filter(|path| !is_there(path) && is_there(&path.with_file_name(MANIFEST)));
    let way = |path| WayAround {
        kind: WayKind::LockFileGone,
        origin: Origin::File { path, line: 1, key: String::new() },
        scope: Scope::Repository,
        value: String::new(),
    };
    Ok(unlocked.map(way).collect())
}

/// Packages of the repository that the base's lock file has and the change's has not, and that no other lock file around them has: whoever
/// builds one has it resolved anew.
fn left_out(project: &Project, base: &BaseCommit) -> Result<Vec<WayAround>, ProjectError> {
    let is_local = |package: &&Package| package.id.source == Source::Local;
    let locked: BTreeSet<&str> =
        project.subject().lock.packages.iter().filter(is_local).map(|package| &*package.id.name).collect();
    let before = project.base_packages().into_iter().flatten().filter(is_local).map(|package| &*package.id.name);
    let left: BTreeSet<&str> = before.filter(|name| !locked.contains(name)).collect();
    if left.is_empty() {
        return Ok(Vec::new());
    }
    let root = &project.subject().root;
    let mut found = Vec::new();
    for manifest in base.manifests()? {
        let above = manifest.ancestors().skip(1).take_while(|folder| *folder != base.repository);
        let mut locks = above.filter(|folder| folder != root).map(|folder| folder.join(LOCK_FILE));
        let name = || {
            let table = toml_tree::read(&manifest, MAX_MANIFEST).ok()?;
            table.find(&["package", "name"]).ok()??.value.as_text().cloned()
        };
        let Some(name) = name().filter(|name| left.contains(name.as_str())) else { continue };
        if !locks.any(|lock| is_there(&lock)) {
            let origin = Origin::File { path: manifest, line: 1, key: String::new() };
            found.push(WayAround { kind: WayKind::LockFileGone, origin, scope: Scope::Repository, value: name });
        }
    }
    Ok(found)
}

/// The vendored place itself: to have one is no way around, but to gain one or to take another is. Beside an allow-list, `verify` proves what
/// lies there.
fn vendored(replacing: &Replacing, root: &Utf8Path) -> Result<Option<WayAround>, ProjectError> {
    let (Some(_), Some(origin)) = (&replacing.place, &replacing.origin) else { return Ok(None) };
    let is_listed = allow_list::read(&ways_around::own_config(root))?.is_some();
    let kind = if is_listed { WayKind::VendoredPlace } else { WayKind::SourceOverride };
    let value = replacing.written.clone();
    Ok(Some(WayAround { kind, origin: origin.clone(), scope: Scope::Repository, value }))
}

/// With its path as a reader in the working directory would write it.
fn shown(mut way: WayAround, project: &Project) -> WayAround {
    if let Origin::File { path, .. } = &mut way.origin {
        *path = relative(path, project.environment());
    }
    way
}

struct Comparison<'b> {
    base: &'b BaseCommit,
    /// Each file as the base has it and as it is now; `None` for what is not there or no TOML.
    documents: BTreeMap<Utf8PathBuf, (Option<Table>, Option<Table>)>,
}

impl Comparison<'_> {
    /// The files of the configuration that an `include` of the change brings in, wherever they were before.
    fn newly_included(&mut self, config: &CargoConfig) -> Result<BTreeSet<Utf8PathBuf>, ProjectError> {
        let mut new = BTreeSet::new();
        // A file stands before what it includes.
        for layer in config.layers() {
            let Some((by, _)) = &layer.included_by else { continue };
            if new.contains(by) || (self.base.inside(by).is_some() && self.is_new(by, "include")?) {
                new.insert(layer.path.clone());
            }
        }
        Ok(new)
    }

    /// Whether the base does not say the same at this key of the same file; without a key, whether it has another file or none.
    fn is_new(&mut self, path: &Utf8Path, key: &str) -> Result<bool, ProjectError> {
        if key.is_empty() {
            let before = self.base.file(path)?;
            return Ok(before.is_none_or(|before| {
                ways_around::file_text(path).ok().flatten().is_none_or(|now| now.as_bytes() != before)
            }));
        }
        let (before, now) = self.values(path, key)?;
        Ok(!before.zip(now).is_some_and(|(before, now)| before.says_the_same_as(&now)))
    }

    /// Whether the base has the same folder at this key of the same file. A `..` may lead elsewhere where a link is another one.
    fn is_one_place(&mut self, path: &Utf8Path, key: &str) -> Result<bool, ProjectError> {
        let (before, now) = self.values(path, key)?;
        let folder = |value: &Value| {
            let text = Utf8Path::new(value.as_text()?);
            Some(text.components().filter(|part| *part != Utf8Component::CurDir).collect::<Utf8PathBuf>())
        };
        Ok(before
            .zip(now)
            .is_some_and(|(before, now)| folder(&before).zip(folder(&now)).is_some_and(|(before, now)| before == now)))
    }

    /// What the base and the working tree have at a key of a file.
    fn values(&mut self, path: &Utf8Path, key: &str) -> Result<(Option<Value>, Option<Value>), ProjectError> {
        if !self.documents.contains_key(path) {
            let parsed = |text: String| toml_tree::parse(&text).ok();
            let before = self.base.file(path)?.and_then(|bytes| String::from_utf8(bytes).ok()).and_then(parsed);
            let now = ways_around::file_text(path)?.and_then(parsed);
            self.documents.insert(path.to_owned(), (before, now));
        }
        let (before, now) = self.documents.get(path).map_or((&None, &None), |(before, now)| (before, now));
        let at = |table: &Option<Table>| table.as_ref().and_then(|table| at(table, key)).cloned();
        Ok((at(before), at(now)))
    }
}

/// The value of a key as [`Origin`] writes it.
fn at<'t>(table: &'t Table, key: &str) -> Option<&'t Value> {
    table.iter().find_map(|(name, entry)| {
        // Some keys are printed as they stand, and not as they would have to be quoted.
        [shown_key(name), name.to_owned()].iter().find_map(|shown| {
            let rest = key.strip_prefix(shown.as_str())?;
            if rest.is_empty() {
                return Some(&entry.value);
            }
            at(entry.value.as_table()?, rest.strip_prefix('.')?)
        })
    })
}
