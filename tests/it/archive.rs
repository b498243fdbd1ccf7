//! `.crate` files: what is refused, what comes out, and that it is what `cargo vendor` writes.

mod census;
mod contents;
mod hostile;
mod index_agreement;
mod raw_tar;
mod real_crates;
mod stock_vendor;

use camino::Utf8Path;
use cargo_sequester::door::archive::{ArchiveError, Limits, OpenedCrate, VerifiedCrate, vendor_files};
use cargo_sequester::door::model::checksum::Checksum;
use cargo_sequester::door::model::package::PackageId;
use cargo_sequester::door::model::source::{Registry, Source};
use cargo_sequester::door::write::package::write_into;
use sha2::{Digest, Sha256};

/// `name@1.0.0` of crates.io.
fn package(name: &str) -> PackageId {
    release(name, "1.0.0")
}

fn release(name: &str, version: &str) -> PackageId {
    let version = version.parse().unwrap();
    PackageId { name: name.into(), version, source: Source::Registry(Registry::CratesIo) }
}

fn hash(bytes: &[u8]) -> Checksum {
    Checksum::from_bytes(Sha256::digest(bytes).into())
}

/// Opens bytes under their own hash. Held whole or unpacked again for each use, an archive is the same one. What is opened borrows from
/// the file, which these tests never let go.
fn open(bytes: Vec<u8>, id: &PackageId, limits: &Limits) -> Result<OpenedCrate<'static>, ArchiveError> {
    let checksum = hash(&bytes);
    let verified: &VerifiedCrate = Box::leak(Box::new(VerifiedCrate::verify(bytes, checksum, id)?));
    let (held, again) = (verified.open(limits), verified.open(&Limits { held: 0, ..*limits }));
    match (&held, &again) {
        (Ok(held), Ok(again)) => {
            assert_eq!(held.notices(), again.notices());
            assert_eq!(vendor_files(held).checksums, vendor_files(again).checksums);
        }
        (held, again) => assert_eq!(held.is_ok(), again.is_ok(), "{held:?} {again:?}"),
    }
    held
}

/// Goes all the way from bytes to a folder below `staging`.
fn unpack(bytes: Vec<u8>, id: &PackageId, limits: &Limits, staging: &Utf8Path) -> Result<(), ArchiveError> {
    let opened = open(bytes, id, limits)?;
    write_into(&staging.join("package"), &vendor_files(&opened), None).unwrap();
    Ok(())
}
