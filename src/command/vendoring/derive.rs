//! From planned packages to their trees: each archive fetched, hashed, opened, held against its index line, and handed on.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::archive::{
    ArchiveError, Divergence, Limits, MemoryBudget, OpenedCrate, VendorTree, VerifiedCrate, manifest_agrees,
    stub_files, vendor_files,
};
use crate::cli::Cli;
use crate::gather::cargo::{self, CargoFailure};
use crate::gather::crate_files::{
    self, CrateCache, CrateFailure, CrateFault, CrateFile, CratePlaces, Stored, WantedCrate,
};
use crate::gather::environment::Environment;
use crate::model::checksum::Checksum;
use crate::model::error_text::parted;
use crate::model::facts::IndexFact;
use crate::model::history::History;
use crate::model::license::Licenses;
use crate::model::package::PackageId;
use crate::model::vendoring::{PlannedFrom, PlannedPackage, Poisoned, Unvendorable};
use crate::project::{Assessment, Progress, stated_license};
use crate::write::vendor_dir::VendorDirError;

/// An archive that was hashed, opened and held against its index line.
pub(super) struct Proven<'a> {
    pub(super) verified: &'a VerifiedCrate,
    pub(super) opened: &'a OpenedCrate<'a>,
    /// What is written of it.
    pub(super) tree: &'a VendorTree<'a>,
}

/// Takes a package's archive, from a worker thread.
pub(super) type Sink<'s> = dyn Fn(&PlannedPackage, Proven<'_>) -> Result<(), VendorDirError> + Sync + 's;

/// What came of all packages that were derived so far.
#[derive(Default)]
pub(super) struct Derived {
    /// The trees' digests, by position in the lock file.
    pub(super) trees: BTreeMap<usize, Checksum>,
    /// Packages that cannot be vendored.
    pub(super) problems: Vec<Unvendorable>,
    pub(super) poisoned: Vec<Poisoned>,
    pub(super) remarks: Vec<(PackageId, String)>,
    /// What their archives state.
    pub(super) licenses: Licenses,
    pub(super) downloaded: usize,
    pub(super) bytes: u64,
    /// The first thing that could not be written.
    failed: Option<VendorDirError>,
    stored: BTreeMap<PackageId, Stored>,
}

/// What the workers share.
struct Tools {
    cache: CrateCache,
    memory: MemoryBudget,
    /// What cargo says to manifests that not every cargo loads; `None` where it loads them.
    loaded: Mutex<BTreeMap<String, Option<CargoFailure>>>,
}

/// Why one archive is not used.
enum Refusal {
    Archive(Box<ArchiveError>),
    NoLine,
    Diverges(Divergence),
    /// Cargo could not load its manifest, and so build nothing that has it in the vendored sources.
    NotLoaded(CargoFailure),
    Write(VendorDirError),
}

/// Derives these packages and hands each tree to `sink`.
///
/// # Errors
/// The sink's first error. What is wrong with packages goes into [`Derived::problems`].
pub(super) fn derive(
    cli: &Cli,
    made: &Assessment,
    packages: &[&PlannedPackage],
    derived: &mut Derived,
    sink: &Sink<'_>,
) -> Result<(), VendorDirError> {
    let wanted: Vec<(&PlannedPackage, WantedCrate<'_>)> = packages
        .iter()
        .filter_map(|package| match package.from {
            PlannedFrom::Crate(checksum) => Some((*package, WantedCrate { id: &package.id, checksum })),
            PlannedFrom::Git => None,
        })
        .collect();
    if wanted.is_empty() {
        return Ok(());
    }
    let reached = made.reached();
    let places = CratePlaces {
        cargo_home: made.cargo_home(),
        access: &reached.access,
        configs: &reached.configs,
        mode: made.mode(),
    };
    let tools = Tools {
        cache: CrateCache::new(made.cargo_home().to_owned()),
        memory: MemoryBudget::default(),
        loaded: Mutex::default(),
    };
    let shared = Mutex::new(std::mem::take(derived));
    let deliver = |at: usize, file: CrateFile| {
        let Some((package, _)) = wanted.get(at) else { return };
        let Err(refusal) = one(made, package, file, &tools, &shared, sink) else { return };
        let mut derived = lock(&shared);
        match refusal {
            Refusal::Write(error) => derived.failed = derived.failed.take().or(Some(error)),
            refusal @ (Refusal::Archive(_) | Refusal::NoLine | Refusal::Diverges(_) | Refusal::NotLoaded(_)) => {
                derived.problems.push(refusal.tell(&package.id));
            }
        }
    };
    let crates: Vec<WantedCrate<'_>> = wanted.iter().map(|(_, wanted)| *wanted).collect();
    let progress = Progress::new(cli.quiet, "Unpacking", "crates");
    let mut advance = |at: crate_files::CratesProgress| progress.with_bytes(at.done, at.of, at.bytes);
    let taken = crate_files::take(&crates, &places, &deliver, &mut advance);
    drop(progress);
    *derived = shared.into_inner().unwrap_or_else(PoisonError::into_inner);
    derived.downloaded += taken.downloaded;
    derived.bytes += taken.bytes;
    derived.problems.extend(taken.failures.iter().map(not_had));
    let stored = std::mem::take(&mut derived.stored);
    derived.poisoned.extend(taken.poisoned.into_iter().map(|entry| {
        let replaced = stored.get(&entry.id) == Some(&Stored::Yes);
        Poisoned { id: entry.id, path: entry.path, expected: entry.expected, found: entry.found, replaced }
    }));
    derived.failed.take().map_or(Ok(()), Err)
}

fn one(
    made: &Assessment,
    package: &PlannedPackage,
    file: CrateFile,
    tools: &Tools,
    shared: &Mutex<Derived>,
    sink: &Sink<'_>,
) -> Result<(), Refusal> {
    let PlannedFrom::Crate(checksum) = package.from else { return Ok(()) };
    let CrateFile { bytes, downloaded_for } = file;
    if let Some(path) = downloaded_for {
        let stored = tools.cache.store(&path, &bytes);
        lock(shared).stored.insert(package.id.clone(), stored);
    }
    let verified = VerifiedCrate::of(bytes, checksum, &package.id).map_err(refused)?;
    let _share = tools.memory.take(verified.room(&Limits::default()));
    let opened = verified.open(&Limits::default()).map_err(refused)?;
    let release = history(made, &package.id).and_then(|history| history.release(&package.id.version).ok()?);
    let release = release.ok_or(Refusal::NoLine)?;
    manifest_agrees(opened.manifest(), &release).map_err(Refusal::Diverges)?;
    if let Some(manifest) = opened.manifest().unusual() {
        tools.loads(manifest, made.project().environment()).map_err(Refusal::NotLoaded)?;
    }
    let tree = tree(package, &opened);
    let files = made.rules().policy.licenses.files_of(&package.id.name, &package.id.version);
    let license = stated_license(&verified, &opened, files);
    sink(package, Proven { verified: &verified, opened: &opened, tree: &tree }).map_err(Refusal::Write)?;
    let mut derived = lock(shared);
    derived.trees.insert(package.position, tree.checksums.tree_digest());
    derived.licenses.learn_of(&package.id, checksum, license);
    derived.remarks.extend(opened.notices().iter().map(|notice| (package.id.clone(), notice.to_string())));
    Ok(())
}

impl Tools {
    /// Asks cargo once about each such manifest.
    fn loads(&self, manifest: &str, environment: &Environment) -> Result<(), CargoFailure> {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(said) = loaded.get(manifest) {
            return said.clone().map_or(Ok(()), Err);
        }
        let said = cargo::loads(manifest, environment);
        loaded.insert(manifest.to_owned(), said.clone().err());
        said
    }
}

fn tree<'o>(package: &PlannedPackage, opened: &'o OpenedCrate<'_>) -> VendorTree<'o> {
    if package.stub { stub_files(opened) } else { vendor_files(opened) }
}

/// What the index has of the package's crate.
pub(super) fn history<'a>(made: &'a Assessment, id: &PackageId) -> Option<&'a History> {
    match made.facts().index.get(&id.crate_id()?)? {
        IndexFact::Read(history) => Some(history),
        IndexFact::Gone | IndexFact::Unavailable(_) => None,
    }
}

fn refused(error: ArchiveError) -> Refusal {
    Refusal::Archive(Box::new(error))
}

fn lock(shared: &Mutex<Derived>) -> MutexGuard<'_, Derived> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Refusal {
    fn tell(self, id: &PackageId) -> Unvendorable {
        let (code, text) = match self {
            Self::Archive(error) => ("archive-refused", error.to_string()),
            Self::NoLine => (
                "no-index-line",
                String::from("its index line could not be read a second time\nhelp: run the command again"),
            ),
            Self::Diverges(divergence) => (
                "index-manifest-divergence",
                format!(
                    "the archive of `{id}` is refused: {divergence}\nhelp: do not build this release: what was judged is not what would be built"
                ),
            ),
            Self::NotLoaded(failure) => {
                let refused = matches!(failure, CargoFailure::Refused(_));
                let text = format!(
                    "cargo does not load the manifest of `{id}`, and would build nothing from a folder that holds it: {failure}\nhelp: lock another \
                     version, or use a cargo that knows what it asks for"
                );
                return problem(id, "manifest-not-loaded", &text, refused);
            }
            Self::Write(error) => ("not-written", error.to_string()),
        };
        problem(id, code, &text, true)
    }
}

fn not_had(failure: &CrateFailure) -> Unvendorable {
    let (code, refused) = match failure.fault {
        CrateFault::NotCached => ("not-cached", false),
        CrateFault::Poisoned { .. } => ("poisoned-cache", false),
        CrateFault::NoAddress(_) => ("no-address", false),
        CrateFault::NotServed { .. } | CrateFault::Denied(_) => ("not-served", false),
        CrateFault::Download(_) => ("download-failed", false),
        CrateFault::WrongBytes { .. } => ("wrong-bytes", true),
    };
    problem(&failure.id, code, &failure.to_string(), refused)
}

fn problem(id: &PackageId, code: &'static str, text: &str, refused: bool) -> Unvendorable {
    let (message, help) = parted(text);
    Unvendorable {
        id: id.clone(),
        code,
        message: message.to_owned(),
        help: help.unwrap_or_default().to_owned(),
        refused,
    }
}
