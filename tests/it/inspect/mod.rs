//! Looking inside archives: what stands out is found, and hostile content stops nothing.

mod evasions;
mod held;
mod hostile;
mod package;
mod source;
mod verb;

use cargo_sequester::door::archive::{Limits, VerifiedCrate};
use cargo_sequester::door::model::checksum::Checksum;
use cargo_sequester::door::model::finding::{Finding, Inspection, Severity};
use cargo_sequester::door::model::package::PackageId;
use cargo_sequester::door::model::source::{Registry, Source};
use cargo_sequester::door::scrutiny::{Parser, inspect};
use sha2::{Digest as _, Sha256};

use crate::support::Package;

/// What is seen inside the archive of this package, which is called `looked` 1.0.0.
fn inside(package: &Package) -> Inspection {
    inside_by(package, &Parser::of(env!("CARGO_BIN_EXE_cargo-sequester")))
}

fn inside_by(package: &Package, parser: &Parser) -> Inspection {
    let archive = package.archive();
    let checksum = Checksum::from_bytes(Sha256::digest(&archive).into());
    let version = "1.0.0".parse().unwrap();
    let id = PackageId { name: "looked".into(), version, source: Source::Registry(Registry::CratesIo) };
    let verified = VerifiedCrate::verify(archive, checksum, &id).unwrap();
    let opened = verified.open(&Limits::default()).unwrap();
    inspect(&opened, None, parser).unwrap()
}

fn looked() -> Package {
    Package::new("looked", "1.0.0")
}

/// `code severity place`, of all that is more than a note.
fn told(inspection: &Inspection) -> Vec<String> {
    let more = inspection.findings.iter().filter(|finding| finding.severity > Severity::Note);
    more.map(one).collect()
}

fn one(finding: &Finding) -> String {
    let line = finding.line.map(|line| format!(":{line}")).unwrap_or_default();
    let file = finding.file.as_deref().unwrap_or("-");
    format!("{} {} {file}{line}", finding.code.as_str(), finding.severity.as_str())
}

/// Its manifest with more in it.
fn manifest(more: &str) -> String {
    format!("[package]\nname = \"looked\"\nversion = \"1.0.0\"\nedition = \"2021\"\nlicense = \"MIT\"\n{more}")
}
