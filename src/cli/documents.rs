//! The verbs that write documents for others' tools: `sbom` and `vex`.

use camino::Utf8PathBuf;
use clap::{Args, ValueEnum};

use super::options::{JudgeBy, Subject};
use crate::model::party::Party;

/// Below `sbom -h` and `vex -h`.
pub(super) const DOCUMENT_EXIT_CODES: &str = "Exit codes:
  0  the document was written, whatever it says
  2  it could not be made: usage, files, network

SOURCE_DATE_EPOCH sets the moment that the document names and that releases are judged by, so that it can be made again.";

/// `sbom`.
#[derive(Debug, Args)]
pub(crate) struct Sbom {
    /// How to write it
    #[arg(long, value_name = "FORMAT", default_value = "cyclonedx")]
    pub(crate) format: SbomFormat,
    /// Everything that `vex` takes too
    #[command(flatten)]
    pub(crate) document: Document,
}

/// `vex`.
#[derive(Debug, Args)]
pub(crate) struct Vex {
    /// How to write it
    #[arg(long, value_name = "FORMAT", default_value = "openvex")]
    pub(crate) format: VexFormat,
    /// Lead into this bill of materials, which was published as `CycloneDX`; without it statements stand by themselves
    #[arg(long, value_name = "FILE")]
    pub(crate) sbom: Option<Utf8PathBuf>,
    /// Everything that `sbom` takes too
    #[command(flatten)]
    pub(crate) document: Document,
}

/// What both documents are about. The same options make them fit each other.
#[derive(Debug, Args)]
pub(crate) struct Document {
    /// Write into this file in place of standard output
    #[arg(short, long, value_name = "FILE")]
    pub(crate) out: Option<Utf8PathBuf>,
    /// Only what is built for this platform; several times for several
    #[arg(long, value_name = "TRIPLE|all")]
    pub(crate) target: Vec<String>,
    /// Leave out what only tests, benches and examples need
    #[arg(long)]
    pub(crate) no_dev: bool,
    /// Download the archives that are not at hand into cargo's cache: licences and SHA-512 are read from them
    #[arg(long, conflicts_with_all = ["offline", "frozen"])]
    pub(crate) fetch: bool,
    /// Who answers for the document: "Name <e-mail>", an e-mail address or an address of the web; by default the supplier
    #[arg(long, value_name = "WHO", value_parser = party)]
    pub(crate) author: Option<Party>,
    /// Who hands out the project's own packages, in place of `[sbom.supplier]`: "Name <e-mail>" or "Name <address of the web>"
    #[arg(long, value_name = "WHO", value_parser = party)]
    pub(crate) supplier: Option<Party>,
    /// What to call a workspace that has no package of its own
    #[arg(long, value_name = "NAME", default_value = "workspace")]
    pub(crate) name: String,
    /// What it is about
    #[command(flatten)]
    pub(crate) subject: Subject,
    /// What releases are judged by
    #[command(flatten)]
    pub(crate) judge: JudgeBy,
}

fn party(text: &str) -> Result<Party, String> {
    let found = Party::of(text).filter(Party::has_address);
    found.ok_or_else(|| {
        "write \"Name <e-mail>\", \"Name <https://…>\", an e-mail address or an address of the web".to_owned()
    })
}

/// A format of a bill of materials.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SbomFormat {
    /// `CycloneDX` 1.7 in JSON
    Cyclonedx,
    /// `CycloneDX` 1.6 in JSON, which has room for one licence expression only
    #[value(name = "cyclonedx-1.6")]
    Cyclonedx16,
    /// SPDX 3.0.1 in JSON-LD
    Spdx,
}

/// A format of statements about vulnerabilities.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum VexFormat {
    /// `OpenVEX` 0.2.0
    Openvex,
    /// `CycloneDX` 1.7 in JSON
    Cyclonedx,
}
