//! What is said of vulnerabilities in packages, before any format (VEX: Vulnerability Exploitability eXchange).

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::party::Party;

/// Why a package is not affected by what is known of it: the list of `OpenVEX` and CISA.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Justification {
    ComponentNotPresent,
    VulnerableCodeNotPresent,
    VulnerableCodeNotInExecutePath,
    VulnerableCodeCannotBeControlledByAdversary,
    InlineMitigationsAlreadyExist,
}

names!(Justification read {
    ComponentNotPresent => "component_not_present",
    VulnerableCodeNotPresent => "vulnerable_code_not_present",
    VulnerableCodeNotInExecutePath => "vulnerable_code_not_in_execute_path",
    VulnerableCodeCannotBeControlledByAdversary => "vulnerable_code_cannot_be_controlled_by_adversary",
    InlineMitigationsAlreadyExist => "inline_mitigations_already_exist",
});

/// Everything that a document says.
#[derive(Clone, Debug)]
pub(crate) struct Vex {
    /// By advisory and package, each once.
    pub statements: Vec<Statement>,
    pub created: Timestamp,
    /// Who answers for it, as in [`super::bom::Bom`].
    pub author: Option<Party>,
}

/// A bill of materials that was published, and its packages by their package URLs.
#[derive(Clone, Debug)]
pub(crate) struct BomLink {
    /// The UUID of its serial number.
    pub serial: String,
    pub version: u64,
    /// What it calls them.
    pub references: BTreeMap<String, String>,
}

/// What is said of one advisory and one package.
#[derive(Clone, Debug)]
pub(crate) struct Statement {
    /// RustSec's id.
    pub advisory: Arc<str>,
    /// The same issue's ids in other databases.
    pub aliases: Vec<String>,
    /// In one line.
    pub title: String,
    /// Where to read on.
    pub url: Option<String>,
    /// The package's reference in the bill of materials.
    pub reference: String,
    /// The package's name.
    pub name: Arc<str>,
    /// The package URL.
    pub purl: String,
    pub version: String,
    /// The SHA-256 of its `.crate` file.
    pub sha256: Option<String>,
    pub status: Status,
}

/// What an advisory means for a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// A person says so, and why.
    NotAffected { justification: Justification, impact: String },
    /// A person accepts it for a time, or it was made to do harm; this is what is done about it.
    Affected { action: String },
    /// Its version is one that the advisory names, or only its name and version are; nobody has said more.
    UnderInvestigation { note: String, fixed_by: Option<String> },
}

impl Statement {
    /// Every id under which the issue is looked up.
    pub(crate) fn ids(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&*self.advisory).chain(self.aliases.iter().map(String::as_str))
    }
}
