//! Git dependencies as cargo itself vendors them: it checks out the locked commit and writes a normalised manifest, which nothing else
//! does the same way. Cargo works in a folder of its own, from which only the wanted packages are taken.

use std::io;
use std::process::Command;

use camino::{Utf8Path, Utf8PathBuf};
use tempfile::TempDir;

use super::environment::Environment;
use super::vendor_tree::{self, VendorTreeError};
use crate::model::checksum::Checksum;
use crate::model::package::PackageId;
use crate::model::vendored::{Stated, VendorRoot, VendoredDirectory};

/// How cargo is to be run.
#[derive(Clone, Copy, Debug)]
pub struct GitRequest<'a> {
    /// The workspace's root.
    pub root: &'a Utf8Path,
    /// Whether it must not use the network.
    pub offline: bool,
    /// Whether a mirror stands in for a registry. Cargo then heeds the machine's source replacement, and not the project's, which
    /// leads to the folder that is to be written.
    pub mirrored: bool,
}

/// What cargo wrote; the folder is removed when this value is dropped.
#[derive(Debug)]
pub struct GitPackages {
    _folder: TempDir,
    /// In the order of the request.
    pub packages: Vec<GitPackage>,
}

/// One package.
#[derive(Debug)]
pub struct GitPackage {
    /// Its folder.
    pub folder: Utf8PathBuf,
    /// The digest of its tree, every file of it hashed.
    pub tree: Checksum,
}

/// Git dependencies could not be had.
#[derive(Debug, thiserror::Error)]
pub enum GitPackagesError {
    /// No folder to work in.
    #[error(
        "no temporary folder could be made for cargo to work in: {0}\nhelp: see that the temporary folder may be written"
    )]
    Folder(#[source] io::Error),
    /// Cargo could not be started.
    #[error("`{program}` could not be run for the git dependencies: {source}\nhelp: install cargo, or set CARGO")]
    NotRun {
        /// What was to be run.
        program: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Cargo refused.
    #[error(
        "cargo could not fetch the git dependencies: {words}\nhelp: see whether `cargo fetch --locked` works from outside the vendored sources"
    )]
    Refused {
        /// Its error.
        words: String,
    },
    /// What it wrote cannot be read.
    #[error(transparent)]
    Tree(#[from] VendorTreeError),
    /// It wrote something else than was asked for.
    #[error(
        "`{id}` is not among what cargo vendored, or not whole: {cause}\nhelp: run `cargo vendor` in another folder to see what it makes of it"
    )]
    Absent {
        /// The package.
        id: Box<PackageId>,
        /// What is wrong.
        cause: &'static str,
    },
}

/// Lets cargo vendor the workspace into a temporary folder and finds these packages there.
///
/// # Errors
/// Cargo fails, or one of the packages is not there as a plain tree of listed files.
pub fn vendor(
    wanted: &[&PackageId],
    request: &GitRequest<'_>,
    environment: &Environment,
) -> Result<GitPackages, GitPackagesError> {
    let folder = tempfile::Builder::new().prefix("sequester-git-").tempdir().map_err(GitPackagesError::Folder)?;
    let path = Utf8PathBuf::try_from(folder.path().to_path_buf())
        .map_err(|error| GitPackagesError::Folder(error.into_io_error()))?;
    let path = path.canonicalize_utf8().map_err(GitPackagesError::Folder)?;
    run(request, &path, environment)?;
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
                let tree = whole(directory).map_err(absent)?;
                Ok(GitPackage { folder: path.join("vendor").join(&directory.name), tree })
            }
            (Some(_), Some(_)) => Err(absent("there are two of it")),
            (None, _) => Err(absent("there is none of it")),
        }
    });
    let packages = packages.collect::<Result<_, _>>()?;
    Ok(GitPackages { _folder: folder, packages })
}

/// The tree's digest, where it is exactly the listed files and says of itself that it comes from no archive.
fn whole(directory: &VendoredDirectory) -> Result<Checksum, &'static str> {
    let listed = directory.whole().ok_or("its files are not the listed ones")?;
    if listed.package.is_some() { Err("it is a registry's package") } else { Ok(listed.tree_digest()) }
}

fn run(request: &GitRequest<'_>, folder: &Utf8Path, environment: &Environment) -> Result<(), GitPackagesError> {
    let program = environment.cargo();
    let mut command = Command::new(program);
    command.args(["vendor", "--locked", "--versioned-dirs", "--quiet", "--color=never", "--manifest-path"]);
    command.arg(request.root.join("Cargo.toml"));
    if request.offline {
        command.arg("--offline");
    }
    // Without the option cargo heeds no replacement at all, so that what it fetches is not what is vendored already.
    let from = if request.mirrored {
        command.arg("--respect-source-config");
        folder
    } else {
        request.root
    };
    command.arg(folder.join("vendor")).current_dir(from).env_clear().envs(environment.iter());
    let output = command.output().map_err(|source| GitPackagesError::NotRun { program: program.to_owned(), source })?;
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stderr);
    let words: Vec<&str> = text.lines().skip_while(|line| !line.starts_with("error")).take(12).collect();
    Err(GitPackagesError::Refused { words: words.join("\n") })
}
