//! Finds the workspace, its lock file and the packages that lie on this machine, by `cargo metadata --no-deps`: that needs no
//! network, writes nothing, and takes about 10 ms.
//!
//! Where cargo cannot describe the workspace (a missing member, an undefined registry, a newer edition, an absent toolchain), the lock
//! file is found by walking up and cargo's words are kept, so that the packages can be judged all the same.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};
use cargo_metadata::{Dependency, Metadata, TargetKind};
use semver::Version;

use super::cargo::{Cargo, CargoFailure};
use super::cargo_config::CargoConfig;
use super::environment::Environment;
use super::toml_tree::{self, Node, Table, Value};
use crate::files::plain;
use crate::files::regular::{self, Links, ReadError};
use crate::model::index_line::{DependencyKind, Requirement};
use crate::model::manifest::{About, OwnDependency};
use crate::model::package::{LocalPackage, Package};
use crate::model::source::Source;

const MAX_MANIFEST: u64 = 32 << 20;
/// The most manifests that are looked at; the largest known workspaces have some hundreds of members.
const MAX_MANIFESTS: usize = 10_000;
/// The most foreign workspaces that are asked about their packages: each costs one run of cargo.
const MAX_FOREIGN: usize = 64;

/// Where the lock file lies and what cargo says of the packages around it.
#[derive(Clone, Debug)]
pub struct Workspace {
    pub root: Utf8PathBuf,
    /// `Cargo.lock` at the root. A `resolver.lockfile-path` of cargo's configuration (cargo 1.97) goes before it; metadata does
    /// not tell it.
    pub lock_file: Utf8PathBuf,
    /// The members, then the path dependencies and `[patch]` paths that are none.
    pub packages: Vec<Local>,
    /// Why cargo could not describe the workspace; `packages` is empty then.
    pub failure: Option<CargoFailure>,
}

impl Workspace {
    #[must_use]
    pub fn folders(&self) -> BTreeSet<Utf8PathBuf> {
        self.packages.iter().map(|local| local.package.root.clone()).collect()
    }
}

/// There is nothing to judge.
#[derive(Debug, thiserror::Error)]
pub enum WorkspaceError {
    #[error("there is no manifest at {path}\nhelp: give `--manifest-path` the path of a Cargo.toml")]
    NoManifest { path: Utf8PathBuf },
    /// Something that is no file, or is larger than any manifest, stands where cargo would read one.
    #[error("the manifest {path} cannot be read: {cause}\nhelp: put the manifest itself there, or take it away")]
    Manifest {
        path: Utf8PathBuf,
        #[source]
        cause: ReadError,
    },
    /// There is no place for what cargo must be told.
    #[error("a temporary file cannot be written: {0}\nhelp: set TMPDIR to a folder with free space")]
    Temporary(#[source] std::io::Error),
    /// Cargo finds no workspace, and no folder above has a lock file.
    #[error(
        "no workspace was found from {folder}: {failure}\nhelp: run inside a cargo workspace, or name its manifest: --manifest-path PATH"
    )]
    NotFound { folder: Utf8PathBuf, failure: CargoFailure },
}

/// A package in a folder of this machine.
#[derive(Clone, Debug)]
pub struct Local {
    pub name: Arc<str>,
    /// Its version; `None` where its manifest could not be read.
    pub version: Option<Version>,
    /// Where it lies and what it asks of registries.
    pub package: LocalPackage,
    /// The source files of its targets, as cargo writes their paths.
    pub sources: Vec<Utf8PathBuf>,
    /// What its manifest tells people.
    pub about: About,
    /// What it asks for, also of folders and repositories.
    pub dependencies: Vec<OwnDependency>,
}

/// Finds the workspace of `manifest_path`, or else of the working directory. Cargo is told what `config` says of registries, since it
/// runs where it finds no configuration of the checkout.
///
/// # Errors
/// The manifest is absent, or there is neither a workspace nor a lock file.
pub fn locate(
    environment: &Environment,
    config: &CargoConfig,
    manifest_path: Option<&Utf8Path>,
) -> Result<Workspace, WorkspaceError> {
    let manifest = manifest_path.map(|path| environment.current_dir().join(path));
    if let Some(path) = manifest.as_ref().filter(|path| !path.is_file()) {
        return Err(WorkspaceError::NoManifest { path: path.clone() });
    }
    let start = manifest.as_deref().and_then(Utf8Path::parent).unwrap_or(environment.current_dir());
    let above = || start.ancestors().map(|folder| folder.join("Cargo.toml"));
    check_manifests(above().chain(manifest.clone()))?;
    let cargo = Cargo::away(config, environment).map_err(WorkspaceError::Temporary)?;
    let described = match manifest.clone().or_else(|| above().find(|path| path.exists())) {
        Some(manifest) => cargo.metadata(&manifest),
        None => Err(CargoFailure::NoManifest(start.to_owned())),
    };
    match described {
        Ok(metadata) => {
            let root = metadata.workspace_root.clone();
            let packages = local_packages(&cargo, metadata);
            Ok(Workspace { lock_file: root.join("Cargo.lock"), root, packages, failure: None })
        }
        Err(failure) => {
            let Some(root) = root_by_lock_file(start) else {
                return Err(WorkspaceError::NotFound { folder: start.to_owned(), failure });
            };
            Ok(Workspace { lock_file: root.join("Cargo.lock"), root, packages: Vec::new(), failure: Some(failure) })
        }
    }
}

/// The nearest folder, from `folder` upwards, that has a lock file beside the manifest of a workspace; else the nearest that has a lock
/// file at all. A lock file that somebody left in a member's folder thus does not stand in for the workspace's.
pub(crate) fn root_by_lock_file(folder: &Utf8Path) -> Option<Utf8PathBuf> {
    let with_lock_file = || folder.ancestors().filter(|folder| folder.join("Cargo.lock").is_file());
    with_lock_file().find(|folder| is_workspace(folder)).or_else(|| with_lock_file().next()).map(Utf8Path::to_owned)
}

/// By the text alone: a manifest that cargo refuses may not be TOML.
fn is_workspace(folder: &Utf8Path) -> bool {
    is_of_workspace(&regular::read(&folder.join("Cargo.toml"), Links::Followed, MAX_MANIFEST).unwrap_or_default())
}

/// Whether a manifest is a workspace's root.
#[must_use]
pub(crate) fn is_of_workspace(manifest: &[u8]) -> bool {
    manifest.split(|byte| *byte == b'\n').any(|line| line.trim_ascii_start().starts_with(b"[workspace"))
}

/// Refuses what is no file in the place of a manifest that these lead to: by `workspace`, by the members that they list, or by a path.
/// What cannot be read is cargo's to tell.
fn check_manifests(first: impl Iterator<Item = Utf8PathBuf>) -> Result<(), WorkspaceError> {
    let mut waiting: VecDeque<Utf8PathBuf> = first.collect();
    let mut known: BTreeSet<Utf8PathBuf> = BTreeSet::new();
    while let Some(path) = waiting.pop_front() {
        if known.len() >= MAX_MANIFESTS || !known.insert(path.clone()) {
            continue;
        }
        is_manifest(&path)?;
        let Ok(table) = toml_tree::read(&path, MAX_MANIFEST) else { continue };
        let folder = path.parent().unwrap_or(&path);
        let mut named = BTreeSet::new();
        collect(&table, &mut named);
        waiting.extend(named.iter().map(|name| plain(&folder.join(name)).join("Cargo.toml")));
        let members = table.find(&["workspace", "members"]).ok().flatten();
        let listed = members.and_then(|entry| entry.value.as_list()).into_iter().flatten();
        for pattern in listed.filter_map(|node| node.value.as_text()) {
            waiting.extend(expand(folder, Utf8Path::new(pattern)).into_iter().map(|member| member.join("Cargo.toml")));
        }
    }
    Ok(())
}

/// The values of `path` and `workspace`, wherever they stand: too many rather than too few.
fn collect(table: &Table, named: &mut BTreeSet<String>) {
    for (key, entry) in table.iter() {
        let value = &entry.value;
        if let Some(text) = value.as_text().filter(|_| matches!(key, "path" | "workspace")) {
            named.insert(text.clone());
        }
        let items = value.as_list().into_iter().flatten().map(|node| &node.value);
        [value].into_iter().chain(items).filter_map(Value::as_table).for_each(|table| collect(table, named));
    }
}

/// The folders that a pattern can mean; a component with a wildcard is taken for every folder.
fn expand(folder: &Utf8Path, pattern: &Utf8Path) -> Vec<Utf8PathBuf> {
    let mut found = vec![folder.to_owned()];
    for component in pattern.components() {
        let is_wild = matches!(component, Utf8Component::Normal(name) if name.contains(['*', '?', '[']));
        if is_wild {
            let entries = found.iter().filter_map(|folder| folder.read_dir_utf8().ok()).flatten().flatten();
            found = entries.take(MAX_MANIFESTS).map(|entry| entry.path().to_owned()).collect();
        } else {
            found = found.into_iter().map(|folder| plain(&folder.join(component))).collect();
        }
    }
    found
}

/// Refuses what cargo, which looks for manifests in every folder above, would wait for or choke on. What is absent or may not be read it
/// passes over, or tells itself.
fn is_manifest(path: &Utf8Path) -> Result<(), WorkspaceError> {
    let cause = match regular::open(path, Links::Followed) {
        Ok(file) if file.metadata.len() > MAX_MANIFEST => ReadError::TooLarge(MAX_MANIFEST),
        Err(cause @ ReadError::Irregular(_)) => cause,
        Ok(_) | Err(_) => return Ok(()),
    };
    Err(WorkspaceError::Manifest { path: path.to_owned(), cause })
}

/// A folder that a manifest names, and the package that it expects there.
type Pointer = (String, Utf8PathBuf);

/// The members, and what they lead to outside the workspace: a path dependency there has a manifest that metadata does not read, so
/// that cargo is asked about each such folder in turn.
fn local_packages(cargo: &Cargo, metadata: Metadata) -> Vec<Local> {
    let root = metadata.workspace_root.clone();
    let mut found = Vec::new();
    let mut pointers: Vec<Pointer> = patches(&root);
    take(metadata, &root, true, &mut found, &mut pointers);
    let mut known: BTreeSet<Utf8PathBuf> = found.iter().map(|local| local.package.root.clone()).collect();
    let mut asked = 0;
    while let Some((name, folder)) = pointers.pop() {
        if known.contains(&folder) {
            continue;
        }
        asked += 1;
        let manifest = folder.join("Cargo.toml");
        let before = found.len();
        if asked <= MAX_FOREIGN
            && manifest.is_file()
            && let Ok(foreign) = cargo.metadata(&manifest)
        {
            take(foreign, &root, false, &mut found, &mut pointers);
        }
        known.extend(found.iter().skip(before).map(|local| local.package.root.clone()));
        if known.insert(folder.clone()) {
            let package = local_package(folder, &root, false, Vec::new());
            let (sources, about, dependencies) = Default::default();
            found.push(Local { name: name.into(), version: None, package, sources, about, dependencies });
        }
    }
    found
}

fn take(metadata: Metadata, root: &Utf8Path, member: bool, found: &mut Vec<Local>, pointers: &mut Vec<Pointer>) {
    for package in metadata.packages {
        let folder = package.manifest_path.parent().unwrap_or(root).to_owned();
        let paths = package.dependencies.iter();
        pointers.extend(paths.filter_map(|dependency| Some((dependency.name.clone(), dependency.path.clone()?))));
        let about = about(&package);
        let dependencies = package.dependencies.iter().map(own_dependency).collect();
        let requirements = package.dependencies.into_iter().filter_map(requirement).collect();
        let sources: Vec<Utf8PathBuf> = package.targets.into_iter().map(|target| target.src_path).collect();
        let local = local_package(folder, root, member, requirements);
        let is_inside = local.inside_workspace && !local.other_repository;
        let is_elsewhere = |source: &&Utf8PathBuf| is_inside && leads_away(root, &local.root, source);
        let source_elsewhere = sources.iter().filter(is_elsewhere).min().cloned();
        let other_repository =
            local.other_repository || source_elsewhere.iter().any(|source| is_of_other_repository(root, source));
        found.push(Local {
            name: package.name.as_str().into(),
            version: Some(package.version),
            sources,
            about,
            dependencies,
            package: LocalPackage { rust_version: package.rust_version, source_elsewhere, other_repository, ..local },
        });
    }
}

fn local_package(folder: Utf8PathBuf, root: &Utf8Path, member: bool, requirements: Vec<Requirement>) -> LocalPackage {
    let inside_workspace = lies_inside(root, &folder);
    LocalPackage {
        inside_workspace,
        other_repository: inside_workspace && is_of_other_repository(root, &folder),
        source_elsewhere: None,
        root: folder,
        member,
        requirements,
        written: Vec::new(),
        rust_version: None,
    }
}

/// By its words and behind every link: one that is committed can lead anywhere.
fn lies_inside(root: &Utf8Path, folder: &Utf8Path) -> bool {
    let (real_root, real_folder) = (root.as_std_path().canonicalize(), folder.as_std_path().canonicalize());
    folder.starts_with(root) && real_root.is_ok_and(|root| real_folder.is_ok_and(|folder| folder.starts_with(root)))
}

/// Whether a source file of a package that lies in the workspace and its repository does not, by its words or behind a link.
fn leads_away(root: &Utf8Path, folder: &Utf8Path, source: &Utf8Path) -> bool {
    let climbs = source.components().any(|component| component == Utf8Component::ParentDir);
    let mut below = source.ancestors().take_while(|step| *step != folder);
    if !climbs && source.starts_with(folder) && !below.any(Utf8Path::is_symlink) {
        return false;
    }
    let is_inside = match (root.canonicalize_utf8(), source.canonicalize_utf8()) {
        (Ok(root), Ok(source)) => source.starts_with(root),
        _ => plain(source).starts_with(root),
    };
    !is_inside || is_of_other_repository(root, source)
}

/// Whether this, which lies below the root, or a folder between the two is the top of a working tree.
fn is_of_other_repository(root: &Utf8Path, place: &Utf8Path) -> bool {
    let (Ok(root), Ok(place)) = (root.canonicalize_utf8(), place.canonicalize_utf8()) else { return false };
    place.starts_with(&root)
        && place
            .ancestors()
            .take_while(|above| *above != root)
            .any(|above| above.join(".git").symlink_metadata().is_ok())
}

fn about(package: &cargo_metadata::Package) -> About {
    let has = |kind: &TargetKind| package.targets.iter().any(|target| target.kind.contains(kind));
    About {
        license: package.license.clone(),
        license_file: package.license_file.as_ref().map(ToString::to_string),
        description: package.description.clone(),
        authors: package.authors.clone(),
        homepage: package.homepage.clone(),
        repository: package.repository.clone(),
        proc_macro: Some(has(&TargetKind::ProcMacro)),
        program: has(&TargetKind::Bin),
    }
}

fn own_dependency(dependency: &Dependency) -> OwnDependency {
    OwnDependency {
        name: dependency.name.as_str().into(),
        req: dependency.req.clone(),
        kind: kind(dependency.kind),
        target: dependency.target.as_ref().map(ToString::to_string),
        optional: dependency.optional,
        from_registry: dependency.source.as_ref().is_some_and(|source| is_registry(&source.repr)),
    }
}

fn is_registry(source: &str) -> bool {
    source.starts_with("registry+") || source.starts_with("sparse+")
}

const fn kind(kind: cargo_metadata::DependencyKind) -> DependencyKind {
    match kind {
        cargo_metadata::DependencyKind::Build => DependencyKind::Build,
        cargo_metadata::DependencyKind::Development => DependencyKind::Dev,
        // A kind of the future is as binding as a normal one.
        cargo_metadata::DependencyKind::Normal | cargo_metadata::DependencyKind::Unknown => DependencyKind::Normal,
    }
}

/// What a manifest asks of a registry; `None` for a path or git dependency.
fn requirement(dependency: Dependency) -> Option<Requirement> {
    let source = dependency.source?.repr;
    if !is_registry(&source) {
        return None;
    }
    let kind = kind(dependency.kind);
    Some(Requirement {
        name: dependency.name.into(),
        renamed: dependency.rename,
        req: dependency.req,
        registry: dependency.registry,
        kind,
        optional: dependency.optional,
        features: dependency.features,
        default_features: dependency.uses_default_features,
        target: dependency.target.map(|platform| platform.to_string()),
    })
}

/// The `[patch]` entries of the root manifest that lead to folders, which metadata leaves out.
fn patches(root: &Utf8Path) -> Vec<Pointer> {
    // Cargo has read this file just now; what it took and this reader does not is no path.
    let document = toml_tree::read(&root.join("Cargo.toml"), MAX_MANIFEST).unwrap_or_default();
    let sources = document.get("patch").and_then(|patch| patch.value.as_table()).into_iter().flat_map(Table::iter);
    let entries = sources.filter_map(|(_, source)| source.value.as_table()).flat_map(Table::iter);
    let pointer = |(key, entry): (&str, &Node)| {
        let patch = entry.value.as_table()?;
        Some((patch.text("package").unwrap_or(key).to_owned(), plain(&root.join(patch.text("path")?))))
    };
    entries.filter_map(pointer).collect()
}

/// Fills in where the packages without a source lie, as far as the workspace knows.
pub fn attach(packages: &mut [Package], workspace: &Workspace) {
    for package in packages.iter_mut().filter(|package| package.id.source == Source::Local) {
        let named = || workspace.packages.iter().filter(|local| local.name == package.id.name);
        let exact = named().find(|local| local.version.as_ref() == Some(&package.id.version));
        // Where no manifest told the version, the name has to do.
        package.local =
            exact.or_else(|| named().find(|local| local.version.is_none())).map(|local| local.package.clone());
    }
}
