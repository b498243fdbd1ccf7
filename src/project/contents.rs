//! What the bytes of locked releases say of themselves: from the vendored tree, or from archives that have the locked digest. Whatever is
//! not proven to be these bytes says nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use camino::Utf8PathBuf;
use rayon::prelude::*;

use super::open::Project;
use super::progress::Progress;
use super::registries::Registries;
use crate::archive::{Limits, MemoryBudget, OpenedCrate, VerifiedCrate, VerifiedManifest};
use crate::gather::allow_list;
use crate::gather::crate_files::{
    self, CrateCache, CrateFailure, CrateFault, CrateFile, CratePlaces, CratesProgress, WantedCrate,
};
use crate::gather::index::IndexMode;
use crate::gather::vendor_tree::{MAX_STATEMENT, read_bounded};
use crate::gather::ways_around::{self, Replacing};
use crate::model::allow_list::{AllowList, AllowedId};
use crate::model::checksum::{Checksum, Hashed};
use crate::model::license::{LicenseFact, LicenseGap, LicenseStatement};
use crate::model::package::{LockedChecksum, Package, PackageId};
use crate::model::source::Source;
use crate::model::vendored::{VENDOR_CHECKSUMS_FILE, VendorChecksums, VendoredForm};

/// The longest licence expression that is looked at: the longest of popular crates has 160 bytes.
const EXPRESSION: usize = 4096;

/// How bytes may be got.
#[derive(Clone, Copy)]
pub(crate) struct Look<'a> {
    /// Whether a vendored tree is believed where the allow-list names it. A change under judgement could have written both.
    pub(crate) trees: bool,
    /// The packages whose archives may be downloaded; others are taken from cargo's download cache or not at all.
    pub(crate) fetch: &'a dyn Fn(&Package) -> bool,
}

/// What is inside one release.
#[derive(Clone, Copy)]
pub(crate) struct Inside<'a> {
    pub(crate) manifest: &'a VerifiedManifest,
    /// The SHA-256 of its `Cargo.toml`.
    pub(crate) manifest_digest: Checksum,
    /// The SHA-256 of each of its files.
    pub(crate) digest_of: &'a dyn Fn(&str) -> Option<Checksum>,
    /// The `.crate` file, where the bytes are from one.
    pub(crate) archive: Option<&'a [u8]>,
}

/// Looks into each of these packages that come from a registry with a digest, and hands on what is found with its position, from a worker
/// thread and in any order. The others are passed over.
pub(crate) fn look_inside(
    project: &Project,
    registries: &Registries,
    packages: &[&Package],
    look: Look<'_>,
    deliver: &(dyn Fn(usize, Result<Inside<'_>, LicenseGap>) + Sync),
) {
    let vendored = look.trees.then(|| Vendored::find(project)).flatten();
    let wanted: Vec<(usize, WantedCrate<'_>)> = packages
        .iter()
        .enumerate()
        .filter_map(|(at, package)| match (&package.id.source, &package.checksum) {
            (Source::Registry(_), LockedChecksum::Known(checksum)) => {
                Some((at, WantedCrate { id: &package.id, checksum: *checksum }))
            }
            _ => None,
        })
        .collect();
    let rest: Vec<(usize, WantedCrate<'_>)> = wanted
        .into_par_iter()
        .filter(|(at, _)| {
            let tree = vendored.as_ref().and_then(|vendored| vendored.read(packages.get(*at)?));
            let Some(Tree { manifest, manifest_digest, listed }) = tree else { return true };
            let digest_of = |path: &str| listed.files.get(path).copied();
            deliver(*at, Ok(Inside { manifest: &manifest, manifest_digest, digest_of: &digest_of, archive: None }));
            false
        })
        .collect();
    let (fetched, cached): (Vec<_>, Vec<_>) =
        rest.into_iter().partition(|(at, _)| packages.get(*at).is_some_and(|package| (look.fetch)(package)));
    let mode = registries.http().map_or(IndexMode::Offline, IndexMode::Online);
    for (mode, wanted) in [(IndexMode::Offline, cached), (mode, fetched)] {
        from_archives(project, registries, mode, &wanted, deliver);
    }
}

fn from_archives(
    project: &Project,
    registries: &Registries,
    mode: IndexMode<'_>,
    wanted: &[(usize, WantedCrate<'_>)],
    deliver: &(dyn Fn(usize, Result<Inside<'_>, LicenseGap>) + Sync),
) {
    if wanted.is_empty() {
        return;
    }
    let (access, configs) = (registries.access(), registries.configs());
    let places = CratePlaces { cargo_home: registries.cargo_home(), access: &access, configs: &configs, mode };
    let (memory, cache) = (MemoryBudget::default(), CrateCache::new(registries.cargo_home().to_owned()));
    let crates: Vec<WantedCrate<'_>> = wanted.iter().map(|(_, wanted)| *wanted).collect();
    let one = |at: usize, file: CrateFile| {
        let Some((at, wanted)) = wanted.get(at) else { return };
        if let Some(path) = &file.downloaded_for {
            // What cannot be kept is downloaded again.
            let _ = cache.store(path, &file.bytes);
        }
        open(wanted, file.bytes, &memory, &|inside| deliver(*at, inside));
    };
    let progress = Progress::new(project.request().quiet, "Reading", "crates");
    let mut advance = |at: CratesProgress| progress.with_bytes(at.done, at.of, at.bytes);
    let taken = crate_files::take(&crates, &places, &one, &mut advance);
    drop(progress);
    let mut positions: BTreeMap<&PackageId, usize> = BTreeMap::new();
    for (at, wanted) in wanted {
        positions.entry(wanted.id).or_insert(*at);
    }
    for CrateFailure { id, fault } in taken.failures {
        // Another run may get it.
        let is_to_come = matches!(fault, CrateFault::NotCached | CrateFault::Poisoned { .. });
        let gap = if is_to_come { LicenseGap::NotAtHand } else { LicenseGap::NotFetched(fault.to_string()) };
        if let Some(at) = positions.get(&*id) {
            deliver(*at, Err(gap));
        }
    }
}

fn open(
    wanted: &WantedCrate<'_>,
    bytes: Hashed,
    memory: &MemoryBudget,
    deliver: &dyn Fn(Result<Inside<'_>, LicenseGap>),
) {
    let limits = Limits::default();
    let verified = match VerifiedCrate::of(bytes, wanted.checksum, wanted.id) {
        Ok(verified) => verified,
        Err(error) => return deliver(Err(LicenseGap::Unreadable(error.fault.to_string()))),
    };
    let _share = memory.take(verified.room(&limits));
    match verified.open(&limits) {
        Err(error) => deliver(Err(LicenseGap::Unreadable(error.fault.to_string()))),
        Ok(opened) => with_inside(&verified, &opened, |inside| deliver(Ok(inside))),
    }
}

/// What an archive states of its licence, with the digests of these of its files.
pub(crate) fn stated_license<'f>(
    verified: &VerifiedCrate,
    opened: &OpenedCrate<'_>,
    files: impl Iterator<Item = &'f str>,
) -> LicenseFact {
    with_inside(verified, opened, |inside| inside.license(files))
}

fn with_inside<R>(verified: &VerifiedCrate, opened: &OpenedCrate<'_>, look: impl FnOnce(Inside<'_>) -> R) -> R {
    look(Inside {
        manifest: opened.manifest(),
        manifest_digest: Hashed::of(opened.manifest_text().to_vec()).checksum(),
        // One or two of them are asked for.
        digest_of: &|path| opened.files().find(|(one, _)| *one == path).map(|(_, digest)| digest),
        archive: Some(verified.bytes()),
    })
}

/// The vendored tree, and which trees the allow-list names.
struct Vendored {
    allowed: AllowList,
    folder: Utf8PathBuf,
}

/// One package's folder whose list of files is the one that was allowed.
struct Tree {
    manifest: VerifiedManifest,
    manifest_digest: Checksum,
    listed: VendorChecksums,
}

impl Vendored {
    /// `None` where there is none. One that cannot be read says nothing either; `verify` says what is wrong with it.
    fn find(project: &Project) -> Option<Self> {
        let root = &project.subject().root;
        let allowed = allow_list::read(&ways_around::own_config(root)).ok().flatten()?;
        let place = Replacing::read(root).ok()?.place?;
        (place.form == VendoredForm::Directory).then_some(Self { allowed, folder: place.path })
    }

    fn read(&self, package: &Package) -> Option<Tree> {
        let id = &package.id;
        let allowed = self.allowed.releases.get(&AllowedId::of(id)?)?;
        let is_locked = allowed.checksum.is_some_and(|one| package.checksum == LockedChecksum::Known(one));
        // A stub has the manifest, and none of the licence files.
        if !is_locked || allowed.stub {
            return None;
        }
        let folders = [format!("{}-{}", id.name, id.version), id.name.to_string()];
        folders.into_iter().find_map(|name| {
            let folder = self.folder.join(name);
            let text = read_bounded(&folder.join(VENDOR_CHECKSUMS_FILE), MAX_STATEMENT).ok()??;
            let listed = VendorChecksums::parse(&text).ok()?;
            if listed.tree_digest() != allowed.tree || listed.package != allowed.checksum {
                return None;
            }
            let manifest = Hashed::of(read_bounded(&folder.join("Cargo.toml"), MAX_STATEMENT).ok()??);
            let manifest_digest = manifest.checksum();
            if listed.files.get("Cargo.toml") != Some(&manifest_digest) {
                return None;
            }
            let manifest = VerifiedManifest::of_vendored(manifest.bytes(), id).ok()?;
            Some(Tree { manifest, manifest_digest, listed })
        })
    }
}

impl Inside<'_> {
    /// What it says of its licence, with the digests of these files beside that of its own licence file.
    pub(crate) fn license<'f>(&self, files: impl Iterator<Item = &'f str>) -> LicenseFact {
        let too_long = |text: &str| text.len() > EXPRESSION;
        let stated = [self.manifest.license(), self.manifest.license_file()];
        if stated.into_iter().flatten().any(too_long) {
            let cause = format!("its manifest names a licence in more than {EXPRESSION} bytes");
            return LicenseFact::Unknown(LicenseGap::Unreadable(cause));
        }
        let [expression, file] = stated.map(|text| text.map(Box::from));
        let named: BTreeSet<Box<str>> = files.map(Box::from).chain(file.clone()).collect();
        let digests = named.into_iter().filter_map(|path| {
            let digest = (self.digest_of)(path.strip_prefix("./").unwrap_or(&path))?;
            Some((path, digest))
        });
        LicenseFact::Read(Arc::new(LicenseStatement {
            expression,
            file,
            manifest: self.manifest_digest,
            files: digests.collect(),
        }))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by it")]

    use crate::archive::VerifiedManifest;
    use crate::model::checksum::Hashed;
    use crate::model::license::{LicenseFact, LicenseGap};
    use crate::model::package::PackageId;
    use crate::model::source::{Registry, Source};
    use crate::project::contents::{EXPRESSION, Inside};

    #[test]
    fn an_expression_of_the_greatest_length_is_read_and_a_longer_one_is_not() {
        let of = |length: usize| {
            let license = "M".repeat(length);
            let text = format!("[package]\nname = \"bar\"\nversion = \"1.0.0\"\nlicense = \"{license}\"\n");
            let source = Source::Registry(Registry::CratesIo);
            let id = PackageId { name: "bar".into(), version: "1.0.0".parse().unwrap(), source };
            let manifest = VerifiedManifest::of_vendored(text.as_bytes(), &id).unwrap();
            let manifest_digest = Hashed::of(text.into_bytes()).checksum();
            Inside { manifest: &manifest, manifest_digest, digest_of: &|_| None, archive: None }
                .license(std::iter::empty())
        };
        let fits = of(EXPRESSION);
        assert!(matches!(fits, LicenseFact::Read(_)), "{fits:?}");
        assert!(matches!(of(EXPRESSION + 1), LicenseFact::Unknown(LicenseGap::Unreadable(_))));
    }
}
