//! Finds what is to be judged: the lock file, the workspace around it, and the policy beside it.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};

use super::error::ProjectError;
use super::request::{Purpose, Request, Which};
use crate::gather::cargo_config::CargoConfig;
use crate::gather::environment::Environment;
use crate::gather::lock_file::{self, LockFile, LockFileError};
use crate::gather::manifest::{self, Roots};
use crate::gather::workspace::{self, Local, Workspace};
use crate::model::package::Package;
use crate::model::source::Source;

/// The name of the policy file, at the workspace's root or above it.
pub(crate) const POLICY_FILE: &str = "sequester.toml";

/// What is to be judged.
#[derive(Debug)]
pub(crate) struct Subject {
    /// The folder in which the search began.
    pub(crate) start: Utf8PathBuf,
    /// The folder of the workspace, or of the lock file where that is judged alone.
    pub(crate) root: Utf8PathBuf,
    /// The lock file.
    pub(crate) lock_path: Utf8PathBuf,
    /// The workspace, unless the lock file is judged alone.
    pub(crate) workspace: Option<Workspace>,
    /// What the lock file says.
    pub(crate) lock: LockFile,
}

impl Subject {
    /// Finds and reads it. `config` is cargo's configuration as the working directory has it.
    pub(super) fn find(
        request: &Request,
        environment: &Environment,
        config: &CargoConfig,
    ) -> Result<Self, ProjectError> {
        let start = start(&request.which, environment);
        let (root, lock_path, workspace) = match &request.which {
            Which::LockFile(path) => (start.clone(), environment.current_dir().join(path), None),
            Which::Here | Which::Manifest(_) => {
                let mut workspace = workspace::locate(environment, config, given_manifest(&request.which))?;
                if request.purpose != Purpose::Prove {
                    tell_lines(&mut workspace, environment, config);
                }
                (workspace.root.clone(), workspace.lock_file.clone(), Some(workspace))
            }
        };
        let resolves = request.purpose == Purpose::Resolve;
        if let Some(Workspace { root, failure: Some(failure), .. }) = workspace.as_ref().filter(|_| resolves) {
            return Err(ProjectError::Undescribed { root: root.clone(), failure: failure.clone() });
        }
        let may_be_absent = match request.purpose {
            // Cargo will write the first one.
            Purpose::Resolve => true,
            // What a person decides may be what the first one waits for.
            Purpose::Decide => workspace.is_some(),
            Purpose::Judge | Purpose::Prove | Purpose::Change => false,
        };
        let mut lock = match lock_file::read(&lock_path) {
            Err(LockFileError::Absent { .. } | LockFileError::Empty { .. }) if may_be_absent => LockFile {
                version: 4,
                packages: Vec::new(),
                unused_patches: Vec::new(),
                drops_checksums: false,
                lines: Vec::new(),
            },
            // Cargo would write another one.
            Err(LockFileError::Absent { path }) if workspace.is_none() => {
                return Err(LockFileError::NotThere { path }.into());
            }
            read => read?,
        };
        if let Some(workspace) = &workspace {
            workspace::attach(&mut lock.packages, workspace);
        }
        Ok(Self { start, root, lock_path, workspace, lock })
    }

    /// What a cargo has written as the lock file.
    pub(crate) fn lock_of(&self, bytes: &[u8]) -> Result<LockFile, LockFileError> {
        let mut lock = lock_file::parse(bytes, &self.lock_path)?;
        if let Some(workspace) = &self.workspace {
            workspace::attach(&mut lock.packages, workspace);
        }
        Ok(lock)
    }

    /// Whether the lock file still locks what was read.
    pub(crate) fn is_as_read(&self) -> bool {
        let Ok(now) = lock_file::read(&self.lock_path) else { return false };
        let same = |(one, other): (&Package, &Package)| one.id == other.id && one.checksum == other.checksum;
        now.packages.len() == self.lock.packages.len() && now.packages.iter().zip(&self.lock.packages).all(same)
    }

    /// What cargo told of a package in a folder of this machine.
    pub(super) fn local(&self, package: &Package) -> Option<&Local> {
        let folder = &package.local.as_ref()?.root;
        let mut all = self.workspace.iter().flat_map(|workspace| &workspace.packages);
        all.find(|local| local.package.root == *folder && local.version.is_some())
    }

    /// The sources that must be taken from the vendored place: all that the lock file names.
    pub(crate) fn sources(&self) -> BTreeSet<Source> {
        let sources = self.lock.packages.iter().map(|package| package.id.source.without_commit());
        sources.filter(|source| matches!(source, Source::Registry(_) | Source::Git(_))).collect()
    }

    /// The folders of the workspace's members.
    pub(crate) fn members(&self) -> Vec<Utf8PathBuf> {
        let packages = self.workspace.iter().flat_map(|workspace| &workspace.packages);
        packages.filter(|local| local.package.member).map(|local| local.package.root.clone()).collect()
    }

    /// Why cargo could not describe the workspace: its error and their causes, as one sentence.
    pub(super) fn undescribed(&self) -> Option<String> {
        let failure = self.workspace.as_ref()?.failure.as_ref()?.to_string();
        let lines = failure.lines().map(str::trim).filter(|line| !line.is_empty() && *line != "Caused by:");
        Some(lines.collect::<Vec<_>>().join(": "))
    }

    /// The manifests that a cargo may edit: the root's and the members'.
    pub(crate) fn manifests(&self) -> BTreeSet<Utf8PathBuf> {
        let members = self.workspace.iter().flat_map(|workspace| &workspace.packages);
        let members = members.filter(|local| local.package.member).map(|local| local.package.root.join("Cargo.toml"));
        members.chain([self.root.join("Cargo.toml")]).collect()
    }
}

/// The folder in which the search for the workspace begins.
pub(super) fn start(which: &Which, environment: &Environment) -> Utf8PathBuf {
    let given = match which {
        Which::Here => None,
        Which::Manifest(path) | Which::LockFile(path) => Some(environment.current_dir().join(path)),
    };
    given.as_deref().and_then(Utf8Path::parent).unwrap_or(environment.current_dir()).to_owned()
}

/// The manifest that was asked for.
fn given_manifest(which: &Which) -> Option<&Utf8Path> {
    match which {
        Which::Manifest(path) => Some(path),
        Which::Here | Which::LockFile(_) => None,
    }
}

/// Says of the packages of a workspace where their requirements are written.
fn tell_lines(workspace: &mut Workspace, environment: &Environment, config: &CargoConfig) {
    let members: Vec<Utf8PathBuf> = workspace.folders().into_iter().collect();
    let manifests = manifest::read(&Roots { root: &workspace.root, members: &members, config });
    let mut written = manifest::written(&manifests, |file| relative(file, environment));
    for local in workspace.packages.iter_mut().filter(|local| local.package.inside_workspace) {
        local.package.written = written.remove(&local.package.root).unwrap_or_default();
    }
}

/// A path as a reader in this folder would write it.
pub(crate) fn relative(path: &Utf8Path, environment: &Environment) -> Utf8PathBuf {
    path.strip_prefix(environment.current_dir()).unwrap_or(path).to_owned()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by it")]

    use crate::gather::lock_file::LockFileError;
    use crate::project::by_hand::{Checkout, LOCK, MANIFEST};
    use crate::project::request::{Purpose, Request, Which};
    use crate::project::{Project, ProjectError};

    fn opened(checkout: &Checkout, request: Request) -> Result<Project, ProjectError> {
        Project::open(request, &checkout.environment(&checkout.top))
    }

    #[test]
    fn a_workspace_that_cargo_cannot_describe_is_judged_with_that_told_and_not_resolved() {
        let checkout =
            Checkout::of(&[("Cargo.toml", "[package]\nname = \"app\"\nedition = \"x\"\n"), ("Cargo.lock", LOCK)]);
        let judged = opened(&checkout, Request::default()).unwrap();
        let told = judged.subject().undescribed().unwrap();
        assert!(told.contains("edition") && !told.contains("Caused by") && !told.contains('\n'), "{told}");
        let resolved = opened(&checkout, Request { purpose: Purpose::Resolve, ..Request::default() });
        assert!(matches!(resolved, Err(ProjectError::Undescribed { .. })), "{resolved:?}");
        let described = opened(&Checkout::of_app(&[]), Request { purpose: Purpose::Resolve, ..Request::default() });
        assert_eq!(described.unwrap().subject().undescribed(), None);
    }

    #[test]
    fn a_lock_file_that_cargo_would_write_is_absent_and_one_that_was_named_is_not_there() {
        let checkout = Checkout::of(&[("Cargo.toml", MANIFEST), ("src/lib.rs", "")]);
        let found = opened(&checkout, Request::default());
        assert!(matches!(found, Err(ProjectError::LockFile(LockFileError::Absent { .. }))), "{found:?}");
        let named = Request { which: Which::LockFile("Cargo.lock".into()), ..Request::default() };
        let named = opened(&checkout, named);
        assert!(matches!(named, Err(ProjectError::LockFile(LockFileError::NotThere { .. }))), "{named:?}");
    }
}
