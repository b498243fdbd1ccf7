//! VEX as `OpenVEX` 0.2.0 and as `CycloneDX`. Readers join on the exact id and the package, and some look at nothing but `products[].@id`: each
//! id has a statement of its own, and the package URL of the dependency is the product.

use std::io::{self, Write};

use serde::Serialize;

use super::cyclonedx::Version;
use super::properties::{OWN, TOOL, TOOL_VERSION, uuid};
use crate::model::party::{is_web, one_line};
use crate::model::vex::{BomLink, Justification, Statement, Status, Vex};
use crate::report::json;
use crate::report::words::rfc3339;

const RUSTSEC: &str = "https://rustsec.org";

#[derive(Serialize)]
struct Open<'a> {
    #[serde(rename = "@context")]
    context: &'static str,
    #[serde(rename = "@id")]
    id: String,
    author: String,
    role: &'static str,
    timestamp: Option<String>,
    version: u32,
    tooling: String,
    statements: Vec<OpenStatement<'a>>,
}

#[derive(Serialize)]
struct OpenStatement<'a> {
    vulnerability: OpenVulnerability<'a>,
    products: [Product<'a>; 1],
    status: &'static str,
    /// The document's, which some readers do not look at.
    timestamp: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    justification: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    impact_statement: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    action_statement: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_notes: Option<String>,
}

#[derive(Serialize)]
struct OpenVulnerability<'a> {
    #[serde(rename = "@id", skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    name: &'a str,
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    aliases: Vec<&'a str>,
}

#[derive(Serialize)]
struct Product<'a> {
    #[serde(rename = "@id")]
    id: &'a str,
    identifiers: Identifiers<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hashes: Option<Hashes<'a>>,
}

#[derive(Serialize)]
struct Identifiers<'a> {
    purl: &'a str,
}

#[derive(Serialize)]
struct Hashes<'a> {
    #[serde(rename = "sha-256")]
    sha256: &'a str,
}

/// Writes `OpenVEX` 0.2.0.
///
/// # Errors
/// The writer's.
pub(crate) fn openvex(vex: &Vex, out: &mut impl Write) -> io::Result<()> {
    let statements = vex.statements.iter().flat_map(|statement| {
        statement.ids().map(move |id| {
            let (status, justification, impact, action, notes) = match &statement.status {
                Status::NotAffected { justification, impact } => {
                    ("not_affected", Some(justification.as_str()), Some(one_line(impact)), None, None)
                }
                Status::Affected { action } => ("affected", None, None, Some(one_line(action)), None),
                Status::UnderInvestigation { note, .. } => {
                    ("under_investigation", None, None, None, Some(one_line(note)))
                }
            };
            OpenStatement {
                vulnerability: OpenVulnerability {
                    id: address(id),
                    name: id,
                    description: one_line(&statement.title),
                    aliases: statement.ids().filter(|other| *other != id).collect(),
                },
                products: [Product {
                    id: &statement.purl,
                    identifiers: Identifiers { purl: &statement.purl },
                    hashes: statement.sha256.as_deref().map(|sha256| Hashes { sha256 }),
                }],
                status,
                timestamp: None,
                justification,
                impact_statement: impact,
                action_statement: action,
                status_notes: notes,
            }
        })
    });
    let mut document = Open {
        context: "https://openvex.dev/ns/v0.2.0",
        id: String::new(),
        author: vex
            .author
            .as_ref()
            .map_or_else(|| format!("{TOOL}, for an author who is not named"), ToString::to_string),
        role: "Document Creator",
        timestamp: None,
        version: 1,
        tooling: format!("{TOOL} {TOOL_VERSION}"),
        statements: statements.collect(),
    };
    document.id = format!("urn:uuid:{}", uuid(&serde_json::to_vec(&document)?));
    document.timestamp = Some(rfc3339(vex.created));
    for statement in &mut document.statements {
        statement.timestamp.clone_from(&document.timestamp);
    }
    json::write(&document, out)
}

/// Where an id of a known database is described.
fn address(id: &str) -> Option<String> {
    let is_plain = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    (is_plain && id.starts_with("RUSTSEC-")).then(|| format!("{RUSTSEC}/advisories/{id}"))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    #[serde(rename = "$schema")]
    schema: String,
    bom_format: &'static str,
    spec_version: &'static str,
    serial_number: String,
    version: u32,
    metadata: Metadata,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    components: Vec<Component<'a>>,
    vulnerabilities: Vec<Vulnerability<'a>>,
}

#[derive(Serialize)]
struct Component<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(rename = "bom-ref")]
    reference: &'a str,
    name: &'a str,
    version: &'a str,
    purl: &'a str,
}

#[derive(Serialize)]
struct Metadata {
    timestamp: String,
    tools: Tools,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    authors: Vec<Author>,
}

#[derive(Serialize)]
struct Tools {
    components: [Tool; 1],
}

#[derive(Serialize)]
struct Tool {
    #[serde(rename = "type")]
    kind: &'static str,
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct Author {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
}

#[derive(Serialize)]
struct Vulnerability<'a> {
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<Origin>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    references: Vec<Reference<'a>>,
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    recommendation: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    advisories: Vec<Link<'a>>,
    analysis: Analysis,
    affects: [Affected<'a>; 1],
    properties: Vec<Property>,
}

#[derive(Serialize)]
struct Origin {
    name: &'static str,
    url: String,
}

#[derive(Serialize)]
struct Reference<'a> {
    id: &'a str,
    source: Origin,
}

#[derive(Serialize)]
struct Link<'a> {
    url: &'a str,
}

#[derive(Serialize)]
struct Analysis {
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    justification: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    response: Vec<&'static str>,
    detail: String,
}

#[derive(Serialize)]
struct Affected<'a> {
    #[serde(rename = "ref")]
    reference: String,
    versions: [AffectedVersion<'a>; 1],
}

#[derive(Serialize)]
struct AffectedVersion<'a> {
    version: &'a str,
    status: &'static str,
}

#[derive(Serialize)]
struct Property {
    name: String,
    value: String,
}

/// Writes `CycloneDX`, an entry for each advisory with its other ids. What it speaks of stands in a published bill of materials, where one
/// is given, and else in the document itself.
///
/// # Errors
/// The writer's.
pub(crate) fn cyclonedx(vex: &Vex, link: Option<&BomLink>, version: Version, out: &mut impl Write) -> io::Result<()> {
    let vulnerabilities = vex.statements.iter().map(|statement| Vulnerability {
        id: &statement.advisory,
        source: Some(origin(&statement.advisory)),
        references: statement.aliases.iter().map(|id| Reference { id, source: origin(id) }).collect(),
        description: one_line(&statement.title),
        recommendation: recommendation(statement),
        advisories: statement.url.as_deref().filter(|url| is_web(url)).map(|url| Link { url }).into_iter().collect(),
        analysis: analysis(&statement.status),
        affects: [Affected {
            reference: match link {
                Some(BomLink { serial, version, references }) => {
                    let reference = references.get(&statement.purl).unwrap_or(&statement.reference);
                    format!("urn:cdx:{serial}/{version}#{}", encoded(reference))
                }
                None => statement.reference.clone(),
            },
            versions: [AffectedVersion {
                version: &statement.version,
                status: match statement.status {
                    Status::NotAffected { .. } => "unaffected",
                    Status::Affected { .. } => "affected",
                    Status::UnderInvestigation { .. } => "unknown",
                },
            }],
        }],
        properties: vec![Property { name: format!("{OWN}:purl"), value: statement.purl.clone() }],
    });
    let spoken_of = vex.statements.iter().filter(|_| link.is_none());
    let mut components: Vec<Component<'_>> = spoken_of
        .map(|Statement { reference, name, version, purl, .. }| Component {
            kind: "library",
            reference,
            name,
            version,
            purl,
        })
        .collect();
    components.sort_by_key(|component| component.reference);
    components.dedup_by_key(|component| component.reference);
    let mut document = Document {
        schema: format!("http://cyclonedx.org/schema/bom-{}.schema.json", version.as_str()),
        bom_format: "CycloneDX",
        spec_version: version.as_str(),
        serial_number: String::new(),
        version: 1,
        metadata: Metadata {
            timestamp: rfc3339(vex.created),
            tools: Tools { components: [Tool { kind: "application", name: TOOL, version: TOOL_VERSION }] },
            authors: vex
                .author
                .iter()
                .map(|author| Author { name: author.name.clone().or(author.url.clone()), email: author.email.clone() })
                .collect(),
        },
        components,
        vulnerabilities: vulnerabilities.collect(),
    };
    document.serial_number = format!("urn:uuid:{}", uuid(&serde_json::to_vec(&document)?));
    json::write(&document, out)
}

/// The database that an id is of.
fn origin(id: &str) -> Origin {
    let (name, url) = if id.starts_with("RUSTSEC-") {
        ("RustSec", address(id).unwrap_or_else(|| RUSTSEC.to_owned()))
    } else if id.starts_with("CVE-") {
        ("NVD", "https://nvd.nist.gov".to_owned())
    } else if id.starts_with("GHSA-") {
        ("GitHub", "https://github.com/advisories".to_owned())
    } else {
        ("other", RUSTSEC.to_owned())
    };
    Origin { name, url }
}

fn recommendation(statement: &Statement) -> Option<String> {
    match &statement.status {
        Status::UnderInvestigation { fixed_by: Some(version), .. } => Some(format!("update to {version}")),
        Status::UnderInvestigation { fixed_by: None, .. } | Status::Affected { .. } | Status::NotAffected { .. } => {
            None
        }
    }
}

fn analysis(status: &Status) -> Analysis {
    match status {
        Status::NotAffected { justification, impact } => Analysis {
            state: "not_affected",
            justification: Some(match justification {
                Justification::ComponentNotPresent | Justification::VulnerableCodeNotPresent => "code_not_present",
                Justification::VulnerableCodeNotInExecutePath => "code_not_reachable",
                Justification::VulnerableCodeCannotBeControlledByAdversary => "requires_environment",
                Justification::InlineMitigationsAlreadyExist => "protected_by_mitigating_control",
            }),
            response: Vec::new(),
            detail: one_line(impact),
        },
        Status::Affected { action } => {
            Analysis { state: "exploitable", justification: None, response: Vec::new(), detail: one_line(action) }
        }
        Status::UnderInvestigation { note, fixed_by } => Analysis {
            state: "in_triage",
            justification: None,
            response: fixed_by.iter().map(|_| "update").collect(),
            detail: one_line(note),
        },
    }
}

/// As a fragment of an address may have it.
fn encoded(reference: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?@!$&'()*+,;=".contains(&byte);
    reference
        .bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}
