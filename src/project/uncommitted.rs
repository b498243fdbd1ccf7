//! What a change has built and no commit of its repository has: submodules, what lies behind links, and sources that git does not track.
//! Of none of it a review of the change shows a line.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};

use super::base::BaseCommit;
use super::error::ProjectError;
use super::lock_files::MANIFEST;
use super::open::Project;
use crate::files::plain;
use crate::gather::toml_tree::{self, Table, Value};
use crate::model::policy::Origin;
use crate::model::way_around::{Scope, WayAround, WayKind};

/// The largest manifest that is read.
const MAX_MANIFEST: u64 = 1 << 20;

pub(super) fn find(project: &Project, base: &BaseCommit) -> Result<Vec<WayAround>, ProjectError> {
    let mut found = submodules(base)?;
    found.extend(links(base)?);
    found.extend(sources(project, base)?);
    Ok(found)
}

fn way(kind: WayKind, path: Utf8PathBuf, value: String) -> WayAround {
    WayAround { kind, origin: Origin::File { path, line: 1, key: String::new() }, scope: Scope::Repository, value }
}

/// Those that the change brings or moves, wherever they lie: build scripts and manifests can reach each.
fn submodules(base: &BaseCommit) -> Result<Vec<WayAround>, ProjectError> {
    let moved = base.moved_submodules()?.into_iter();
    Ok(moved.map(|(path, commit)| way(WayKind::Submodule, base.repository.join(path), commit)).collect())
}

/// The links that the change brings or alters and that lead out of the repository, or to what git does not track.
fn links(base: &BaseCommit) -> Result<Vec<WayAround>, ProjectError> {
    let top = real(&base.repository);
    let mut found = Vec::new();
    let mut inside = Vec::new();
    for path in base.changed_links()? {
        let link = base.repository.join(&path);
        let Ok(to) = link.read_link_utf8() else { continue };
        match goal(&link, &to).strip_prefix(&top) {
            Ok(below) if below.as_str().is_empty() => {}
            Ok(below) => inside.push((link, to, below.to_owned())),
            Err(_) => found.push(way(WayKind::LinkOut, link, to.into_string())),
        }
    }
    let goals: Vec<Utf8PathBuf> = inside.iter().map(|(_, _, below)| below.clone()).collect();
    let untracked = base.untracked(&goals)?;
    let lost = inside.into_iter().filter(|(_, _, below)| untracked.contains(below));
    found.extend(lost.map(|(link, to, _)| way(WayKind::LinkOut, link, to.into_string())));
    Ok(found)
}

/// Where a link leads, whether or not anything is there.
fn goal(link: &Utf8Path, to: &Utf8Path) -> Utf8PathBuf {
    let folder = link.parent().unwrap_or(link);
    link.canonicalize_utf8().unwrap_or_else(|_| plain(&real(folder).join(to)))
}

/// Local packages whose manifest, or a target of which, git does not track, where the change has a manifest lead elsewhere or took that very
/// file out of git. What the base has built from elsewhere is not the change's.
fn sources(project: &Project, base: &BaseCommit) -> Result<Vec<WayAround>, ProjectError> {
    let top = real(&base.repository);
    let packages = project.subject().workspace.iter().flat_map(|workspace| &workspace.packages);
    let mut outside = Vec::new();
    let mut inside = Vec::new();
    for local in packages {
        let manifest = local.package.root.join(MANIFEST);
        for path in [&manifest].into_iter().chain(&local.sources) {
            match real(path).strip_prefix(&top) {
                Ok(below) => inside.push((&local.name, path.clone(), below.to_owned())),
                Err(_) => outside.push((&local.name, path.clone())),
            }
        }
    }
    let places: Vec<Utf8PathBuf> = inside.iter().map(|(_, _, below)| below.clone()).collect();
    let untracked = base.untracked(&places)?;
    inside.retain(|(_, _, below)| untracked.contains(below));
    if outside.is_empty() && inside.is_empty() {
        return Ok(Vec::new());
    }
    if !leads_elsewhere(base)? {
        outside.clear();
        let mut taken = Vec::new();
        for one in inside {
            if !base.never_had(&one.2)? {
                taken.push(one);
            }
        }
        inside = taken;
    }
    let mut found: Vec<_> = outside.into_iter().chain(inside.into_iter().map(|(name, path, _)| (name, path))).collect();
    found.sort_unstable();
    // One file of a package says it.
    found.dedup_by(|later, first| later.0 == first.0);
    Ok(found.into_iter().map(|(name, path)| way(WayKind::UntrackedSource, path, name.to_string())).collect())
}

/// The keys of a manifest that say where packages and the sources of targets lie.
const LEADING: [&str; 6] = ["path", "build", "members", "default-members", "exclude", "workspace"];

/// Whether a manifest that the change touches says of a place what none did before.
fn leads_elsewhere(base: &BaseCommit) -> Result<bool, ProjectError> {
    for path in base.changed(MANIFEST)? {
        let path = base.repository.join(path);
        let before = base.file(&path)?.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let before = before.and_then(|text| toml_tree::parse(&text).ok());
        // What cannot be read can say anything.
        let Ok(now) = toml_tree::read(&path, MAX_MANIFEST) else { return Ok(true) };
        let led: BTreeSet<String> = before.iter().flat_map(places).collect();
        if places(&now).iter().any(|place| !led.contains(place)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Each place that a manifest names, with the keys that lead to it.
fn places(manifest: &Table) -> Vec<String> {
    let mut found = Vec::new();
    let mut waiting: Vec<(String, &Value)> = manifest.iter().map(|(key, node)| (key.to_owned(), &node.value)).collect();
    while let Some((key, value)) = waiting.pop() {
        match value {
            Value::Table(table) => {
                waiting.extend(table.iter().map(|(inner, node)| (format!("{key}\n{inner}"), &node.value)));
            }
            // Of targets there are lists of tables.
            Value::List(nodes) => waiting.extend(nodes.iter().map(|node| (key.clone(), &node.value))),
            Value::Text(text) if key.rsplit('\n').next().is_some_and(|last| LEADING.contains(&last)) => {
                found.push(format!("{key}\n{text}"));
            }
            Value::Text(_) | Value::Integer(_) | Value::Float | Value::Boolean(_) | Value::Datetime(_) => {}
        }
    }
    found
}

/// With every link followed, as far as that leads anywhere.
fn real(path: &Utf8Path) -> Utf8PathBuf {
    path.canonicalize_utf8().unwrap_or_else(|_| plain(path))
}
