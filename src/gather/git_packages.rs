//! Git dependencies as cargo itself vendors them: it checks out the locked commit and writes a normalised manifest, which nothing else
//! does the same way.
//!
//! Cargo works in a folder of its own, on a workspace of the git packages alone. Everything that they need from registries it takes from
//! packages that were proven before: it reads no archive and asks no registry. What it writes is taken only where its lock file still has
//! the locked commits.

use std::collections::BTreeSet;
use std::{fs, io};

use camino::{Utf8Path, Utf8PathBuf};
use toml::{Table, Value};

use super::cargo::{self, Programs};
use super::clean_place::TemporaryFolder;
use super::environment::Environment;
use super::lock_file;
use super::vendor_tree::{self, VendorTreeError};
use crate::files::Errand;
use crate::files::regular::{self, Links};
use crate::model::package::PackageId;
use crate::model::source::{Registry, Source};
use crate::model::vendored::{Stated, VendorChecksums, VendorRoot, VendoredDirectory};

/// The most bytes of a manifest or a lock file that is taken over.
const LARGEST_FILE: u64 = 32 << 20;

/// How cargo is to be run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GitRequest<'a> {
    /// The workspace's root: its `[patch]` counts for the packages, and its lock file pins them.
    pub root: &'a Utf8Path,
    pub lock: &'a Utf8Path,
    /// Whether cargo must not use the network.
    pub offline: bool,
    /// Every locked package of a registry as a folder whose bytes were proven.
    pub proven: &'a [Utf8PathBuf],
    /// The registries that those come from.
    pub registries: &'a BTreeSet<Registry>,
    /// Variables that give cargo the names of registries, as manifests in the repositories may use them.
    pub names: &'a [(String, String)],
}

/// What cargo wrote; the folder is removed when this value is dropped.
#[derive(Debug)]
pub(crate) struct GitPackages {
    _folder: TemporaryFolder,
    /// In the order of the request.
    pub packages: Vec<GitPackage>,
}

#[derive(Debug)]
pub(crate) struct GitPackage {
    pub folder: Utf8PathBuf,
    /// Its files, each of them hashed.
    pub listed: VendorChecksums,
}

/// Git dependencies could not be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GitPackagesError {
    /// No folder to work in.
    #[error(
        "no temporary folder could be prepared for cargo to work in: {0}\nhelp: see that the temporary folder may be written and has room"
    )]
    Folder(#[source] io::Error),
    /// Cargo could not be started.
    #[error("`{program}` could not be run for the git dependencies: {source}\nhelp: install cargo, or set CARGO")]
    NotRun {
        program: String,
        #[source]
        source: io::Error,
    },
    /// Cargo refused.
    #[error(
        "cargo could not vendor the git dependencies: {words}\nhelp: see whether cargo can vendor them by itself, into a folder that you remove again: cargo vendor --locked target/git-dependencies"
    )]
    Refused { words: String },
    /// What it wrote cannot be read.
    #[error(transparent)]
    Tree(#[from] VendorTreeError),
    /// It wrote something else than was asked for.
    #[error(
        "`{id}` is not among what cargo vendored, or not whole: {cause}\nhelp: run `cargo vendor` in another folder to see what it makes of it"
    )]
    Absent { id: Box<PackageId>, cause: &'static str },
}

/// Lets cargo vendor these packages into a temporary folder and finds them there.
///
/// # Errors
/// Cargo fails, or one of the packages is not there as a plain tree of listed files of the locked commit.
pub(crate) fn vendor(
    wanted: &[&PackageId],
    request: &GitRequest<'_>,
    environment: &Environment,
) -> Result<GitPackages, GitPackagesError> {
    let folder = TemporaryFolder::make(Errand::Git).map_err(GitPackagesError::Folder)?;
    let path = folder.path().to_owned();
    prepare(wanted, request, &path).map_err(GitPackagesError::Folder)?;
    run(request, &path, environment)?;
    let pinned = lock_file::read(&path.join("Cargo.lock")).map(|lock| lock.packages).unwrap_or_default();
    for id in wanted {
        if !pinned.iter().any(|package| package.id == **id) {
            let cause = "cargo took another commit than the locked one";
            return Err(GitPackagesError::Absent { id: Box::new((*id).clone()), cause });
        }
    }
    let VendorRoot::Read(tree) = vendor_tree::read(&path, &path.join("vendor"))? else {
        let words = String::from("it wrote no folder");
        return Err(GitPackagesError::Refused { words });
    };
    let packages = wanted.iter().map(|id| {
        let absent = |cause| GitPackagesError::Absent { id: Box::new((*id).clone()), cause };
        let is_it = |directory: &&VendoredDirectory| {
            matches!(&directory.manifest, Stated::Known((name, version)) if *name == id.name && *version == id.version)
        };
        let mut found = tree.directories.iter().filter(is_it);
        match (found.next(), found.next()) {
            (Some(directory), None) => {
                let listed = whole(directory).map_err(absent)?.clone();
                Ok(GitPackage { folder: path.join("vendor").join(&directory.name), listed })
            }
            (Some(_), Some(_)) => Err(absent("there are two of it")),
            (None, _) => Err(absent("there is none of it")),
        }
    });
    let packages = packages.collect::<Result<_, _>>()?;
    Ok(GitPackages { _folder: folder, packages })
}

/// The tree's files, where it is exactly the listed ones and says of itself that it comes from no archive.
fn whole(directory: &VendoredDirectory) -> Result<&VendorChecksums, &'static str> {
    let listed = directory.whole().ok_or("its files are not the listed ones")?;
    if listed.package.is_some() { Err("it is a registry's package") } else { Ok(listed) }
}

/// The folder with everything that cargo needs.
fn prepare(wanted: &[&PackageId], request: &GitRequest<'_>, folder: &Utf8Path) -> io::Result<()> {
    let proven = folder.join("proven");
    fs::create_dir(&proven)?;
    for package in request.proven {
        lend(package, &proven.join(package.file_name().unwrap_or_default()))?;
    }
    fs::create_dir(folder.join(".cargo"))?;
    fs::write(folder.join(".cargo/config.toml"), configuration(request, &proven).to_string())?;
    fs::write(folder.join("Cargo.toml"), manifest(wanted, request).to_string())?;
    fs::write(folder.join("lib.rs"), "")?;
    let lock = regular::read(request.lock, Links::Followed, LARGEST_FILE)?;
    fs::write(folder.join("Cargo.lock"), lock)
}

#[cfg(unix)]
fn lend(package: &Utf8Path, place: &Utf8Path) -> io::Result<()> {
    std::os::unix::fs::symlink(package, place)
}

#[cfg(windows)]
fn lend(package: &Utf8Path, place: &Utf8Path) -> io::Result<()> {
    std::os::windows::fs::symlink_dir(package, place)
}

#[cfg(not(any(unix, windows)))]
fn lend(_package: &Utf8Path, _place: &Utf8Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Every registry leads to the proven packages.
fn configuration(request: &GitRequest<'_>, proven: &Utf8Path) -> Table {
    let text = |text: &str| Value::String(text.to_owned());
    let mut sources = Table::new();
    sources
        .insert("proven".to_owned(), Value::Table(Table::from_iter([("directory".to_owned(), text(proven.as_str()))])));
    for registry in request.registries.iter().chain([&Registry::CratesIo]) {
        let (key, address) = match registry {
            Registry::CratesIo => ("crates-io".to_owned(), None),
            Registry::Sparse(url) => (format!("sparse+{url}"), Some(format!("sparse+{url}"))),
            Registry::Git(url) => (url.to_string(), Some(url.to_string())),
        };
        let mut source = Table::from_iter([("replace-with".to_owned(), text("proven"))]);
        source.extend(address.map(|address| ("registry".to_owned(), Value::String(address))));
        sources.insert(key, Value::Table(source));
    }
    Table::from_iter([("source".to_owned(), Value::Table(sources))])
}

/// A package that depends on each of them and asks for no feature: nothing is needed then that the lock file does not have.
fn manifest(wanted: &[&PackageId], request: &GitRequest<'_>) -> Table {
    let text = |text: &str| Value::String(text.to_owned());
    let mut dependencies = Table::new();
    for (at, id) in wanted.iter().enumerate() {
        let Source::Git(git) = &id.source else { continue };
        let mut dependency = Table::from_iter([
            ("package".to_owned(), text(&id.name)),
            ("git".to_owned(), text(&git.url)),
            ("default-features".to_owned(), Value::Boolean(false)),
        ]);
        dependency.extend(git.wanted().setting().map(|(key, value)| (key.to_owned(), text(value))));
        dependencies.insert(format!("git-package-{at}"), Value::Table(dependency));
    }
    let package = [("name", "sequester-git-packages"), ("version", "0.0.0"), ("edition", "2021")];
    let mut manifest = Table::from_iter([
        (
            "package".to_owned(),
            Value::Table(package.map(|(key, value)| (key.to_owned(), text(value))).into_iter().collect()),
        ),
        ("lib".to_owned(), Value::Table(Table::from_iter([("path".to_owned(), text("lib.rs"))]))),
        ("workspace".to_owned(), Value::Table(Table::new())),
        ("dependencies".to_owned(), Value::Table(dependencies)),
    ]);
    manifest.extend(patches(request.root));
    manifest
}

/// `[patch]` and `[replace]` of the workspace: without them the packages would need others than the lock file has.
fn patches(root: &Utf8Path) -> Vec<(String, Value)> {
    let text = regular::text(&root.join("Cargo.toml"), Links::Followed, LARGEST_FILE).unwrap_or_default();
    let mut manifest: Table = text.parse().unwrap_or_default();
    let mut found = Vec::new();
    for key in ["patch", "replace"] {
        if let Some(mut value) = manifest.remove(key) {
            make_absolute(&mut value, root);
            found.push((key.to_owned(), value));
        }
    }
    found
}

fn make_absolute(value: &mut Value, root: &Utf8Path) {
    let Value::Table(table) = value else { return };
    for (key, inner) in table.iter_mut() {
        if let Value::String(path) = inner
            && key == "path"
        {
            *path = root.join(&*path).into_string();
        } else {
            make_absolute(inner, root);
        }
    }
}

fn run(request: &GitRequest<'_>, folder: &Utf8Path, environment: &Environment) -> Result<(), GitPackagesError> {
    let program = Programs::find(environment).cargo;
    let mut command = cargo::guarded(&program, environment);
    command.args(["vendor", "--versioned-dirs", "--respect-source-config", "--color=never"]);
    command.arg("--manifest-path").arg(folder.join("Cargo.toml"));
    if request.offline {
        command.arg("--offline");
    }
    command.arg(folder.join("vendor")).current_dir(folder).env_clear().envs(environment.iter());
    command.envs(request.names.iter().map(|(name, value)| (name, value)));
    let output = cargo::output(command, environment.listener())
        .map_err(|source| GitPackagesError::NotRun { program: program.to_string(), source })?;
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stderr);
    let words: Vec<&str> = text.lines().skip_while(|line| !line.starts_with("error")).take(12).collect();
    Err(GitPackagesError::Refused { words: words.join("\n") })
}
