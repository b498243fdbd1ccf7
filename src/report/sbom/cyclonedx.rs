//! `CycloneDX` 1.7 and 1.6, in JSON (ECMA-424). Dependencies have no attributes there: what each is for, and on which platforms, stands in
//! properties of the component that asks.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;

use super::properties::{OWN, Property, TOOL, TOOL_VERSION, kind, of_component, of_document, uuid};
use crate::model::bom::{Bom, Component, FileForm, License, Need, PackageFile, Subject};
use crate::model::party::{Party, one_line};
use crate::report::json;
use crate::report::words::rfc3339;

/// A version of the format. Two licence expressions, the declared one and the concluded one, fit only the later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    V1_6,
    V1_7,
}

impl Version {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::V1_6 => "1.6",
            Self::V1_7 => "1.7",
        }
    }
}

/// The reference of a subject that is no package.
const WORKSPACE: &str = "workspace";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    #[serde(rename = "$schema")]
    schema: String,
    bom_format: &'a str,
    spec_version: &'a str,
    serial_number: String,
    version: u32,
    metadata: Metadata<'a>,
    components: Vec<Entry<'a>>,
    dependencies: Vec<Dependency<'a>>,
    compositions: Vec<Composition<'a>>,
}

#[derive(Serialize)]
struct Metadata<'a> {
    timestamp: String,
    lifecycles: [Lifecycle; 1],
    tools: Tools<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    authors: Vec<Contact>,
    #[serde(skip_serializing_if = "Option::is_none")]
    manufacturer: Option<Entity>,
    component: Entry<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    supplier: Option<Entity>,
    properties: Vec<NameAndValue>,
}

#[derive(Serialize)]
struct Lifecycle {
    phase: &'static str,
}

#[derive(Serialize)]
struct Tools<'a> {
    components: [Tool<'a>; 1],
}

#[derive(Serialize)]
struct Tool<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    name: &'a str,
    version: &'a str,
}

#[derive(Serialize)]
struct Contact {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
}

#[derive(Serialize)]
struct Entity {
    name: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    url: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    contact: Vec<Contact>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(rename = "bom-ref")]
    reference: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    supplier: Option<Entity>,
    #[serde(skip_serializing_if = "Option::is_none")]
    manufacturer: Option<Entity>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    authors: Vec<Contact>,
    name: &'a str,
    version: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hashes: Vec<Hash>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    licenses: Vec<Choice>,
    #[serde(skip_serializing_if = "Option::is_none")]
    purl: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    external_references: Vec<Reference<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    properties: Vec<NameAndValue>,
}

#[derive(Clone, Serialize)]
struct Hash {
    alg: &'static str,
    content: String,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Choice {
    Expression { expression: String, acknowledgement: &'static str },
    Named { license: Named },
}

#[derive(Serialize)]
struct Named {
    name: String,
    acknowledgement: &'static str,
}

#[derive(Serialize)]
struct Reference<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    url: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hashes: Vec<Hash>,
}

#[derive(Serialize)]
struct NameAndValue {
    name: String,
    value: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Dependency<'a> {
    #[serde(rename = "ref")]
    of: &'a str,
    depends_on: Vec<&'a str>,
}

#[derive(Serialize)]
struct Composition<'a> {
    aggregate: &'static str,
    dependencies: Vec<&'a str>,
}

/// Writes the document.
///
/// # Errors
/// The writer's.
pub(crate) fn write(bom: &Bom, version: Version, out: &mut impl Write) -> io::Result<()> {
    json::write(&document(bom, version)?, out)
}

fn document(bom: &Bom, version: Version) -> io::Result<Document<'_>> {
    let mut document = Document {
        schema: format!("http://cyclonedx.org/schema/bom-{}.schema.json", version.as_str()),
        bom_format: "CycloneDX",
        spec_version: version.as_str(),
        serial_number: String::new(),
        version: 1,
        metadata: metadata(bom, version),
        components: Vec::new(),
        dependencies: dependencies(bom),
        compositions: vec![Composition {
            aggregate: if bom.targets.is_empty() && !bom.without_dev { "complete" } else { "incomplete" },
            dependencies: bom.components.iter().map(|one| &*one.reference).chain(workspace(bom)).collect(),
        }],
    };
    let parts = bom.components.iter().enumerate().filter(|(at, _)| !bom.is_root(*at));
    document.components = parts.map(|(at, component)| entry(bom, at, component, version)).collect();
    // Of all that it says: the same document has the same number, and another one another.
    document.serial_number = format!("urn:uuid:{}", uuid(&serde_json::to_vec(&document)?));
    Ok(document)
}

fn workspace(bom: &Bom) -> Option<&'static str> {
    bom.root().is_none().then_some(WORKSPACE)
}

fn metadata(bom: &Bom, version: Version) -> Metadata<'_> {
    let root = match &bom.subject {
        Subject::Package(at) => bom.components.get(*at).map(|root| (*at, root)),
        Subject::Workspace { .. } => None,
    };
    let component = match root {
        Some((at, root)) => Entry { scope: None, ..entry(bom, at, root, version) },
        None => of_workspace(bom, version),
    };
    Metadata {
        timestamp: rfc3339(bom.created),
        lifecycles: [Lifecycle { phase: "pre-build" }],
        tools: Tools { components: [Tool { kind: "application", name: TOOL, version: TOOL_VERSION }] },
        authors: contacts(bom.author.as_slice()),
        manufacturer: entity(bom.author.as_slice()),
        component,
        supplier: entity(bom.supplier.as_slice()),
        properties: of_document(bom).into_iter().map(named).collect(),
    }
}

/// What a document is about that has several packages.
fn of_workspace(bom: &Bom, version: Version) -> Entry<'_> {
    let file = match &bom.subject {
        Subject::Workspace { file, .. } => file.as_ref(),
        Subject::Package(_) => None,
    };
    let own = bom.supplier.as_slice();
    let license = bom.license_of_members().map(|expression| License::Declared { expression, written: None });
    Entry {
        kind: "application",
        reference: WORKSPACE,
        supplier: entity(own),
        manufacturer: entity(own),
        authors: Vec::new(),
        name: bom.name(),
        // A workspace has no version of its own; what is locked tells one state of it from another.
        version: format!("lock-{}", bom.lock.to_string().get(..12).unwrap_or_default()),
        description: None,
        scope: None,
        hashes: Vec::new(),
        licenses: license.map(|license| licenses(&license, version)).unwrap_or_default(),
        purl: None,
        external_references: Vec::new(),
        properties: file.into_iter().flat_map(of_file).collect(),
    }
}

/// The properties that BSI TR-03183-2 has for the file that a component comes in.
fn of_file(file: &PackageFile) -> impl Iterator<Item = NameAndValue> {
    let archive = match file.form {
        FileForm::Archive => "archive",
        FileForm::Manifest => "no archive",
    };
    let all = [
        ("filename", &*file.name),
        ("executable", "non-executable"),
        ("archive", archive),
        ("structured", "structured"),
    ];
    all.map(|(name, value)| named((format!("bsi:component:{name}"), value.to_owned()))).into_iter()
}

fn named((name, value): Property) -> NameAndValue {
    NameAndValue { name, value }
}

fn entry<'a>(bom: &'a Bom, at: usize, component: &'a Component, version: Version) -> Entry<'a> {
    let hashes = component.archive().map(hashes).unwrap_or_default();
    let mut references = Vec::new();
    // What a registry offers is the source, and it is what a build takes.
    let kinds: &[&str] = if component.commit.is_some() { &["vcs"] } else { &["distribution", "source-distribution"] };
    for kind in kinds {
        references.extend(component.download.as_ref().map(|url| Reference { kind, url, hashes: hashes.clone() }));
    }
    references.extend(component.repository.as_ref().map(|url| Reference { kind: "vcs", url, hashes: Vec::new() }));
    references.extend(component.homepage.as_ref().map(|url| Reference { kind: "website", url, hashes: Vec::new() }));
    let asks = bom.edges_from(at).iter().flat_map(|edge| {
        let to = bom.components.get(edge.to).map_or("", |one| &one.reference);
        let of_lock = edge.asks.is_empty().then(|| (format!("{OWN}:dependency:unknown"), to.to_owned()));
        let of_manifest = edge.asks.iter().map(move |ask| {
            let optional = if ask.optional { " optional" } else { "" };
            let target = ask.target.as_ref().map(|target| format!(" {}", one_line(target))).unwrap_or_default();
            (format!("{OWN}:dependency:{}", kind(ask.kind)), format!("{to}{optional}{target}"))
        });
        of_manifest.chain(of_lock)
    });
    Entry {
        kind: if component.program || bom.is_root(at) { "application" } else { "library" },
        reference: &component.reference,
        supplier: entity(component.supplier.as_slice()),
        manufacturer: entity(&component.makers),
        authors: contacts(&component.authors),
        name: &component.id.name,
        version: component.id.version.to_string(),
        description: component.description.as_deref().map(one_line).filter(|text| !text.is_empty()),
        scope: Some(match component.need {
            Need::Runtime if component.optional => "optional",
            Need::Runtime => "required",
            Need::Build | Need::Development => "excluded",
        }),
        hashes,
        licenses: licenses(&component.license, version),
        purl: component.purl.as_deref(),
        external_references: references,
        properties: of_component(component)
            .into_iter()
            .chain(asks)
            .map(named)
            .chain(component.file.iter().flat_map(of_file))
            .collect(),
    }
}

/// Several parties as the one that the format has room for; `None` where nobody is known.
fn entity(parties: &[Party]) -> Option<Entity> {
    // Whoever can be reached stands for all.
    let first = parties.iter().find(|party| party.has_address()).or_else(|| parties.first())?;
    let contact =
        contacts(parties).into_iter().filter(|one| one.email.is_some() || one.name.as_deref() != first.shown());
    Some(Entity {
        name: first.shown()?.to_owned(),
        url: parties.iter().filter_map(|party| party.url.clone()).collect(),
        contact: contact.collect(),
    })
}

fn contacts(parties: &[Party]) -> Vec<Contact> {
    let people = parties.iter().filter(|party| party.name.is_some() || party.email.is_some());
    people.map(|party| Contact { name: party.name.clone(), email: party.email.clone() }).collect()
}

fn hashes(file: &PackageFile) -> Vec<Hash> {
    let short = file.sha256.map(|digest| Hash { alg: "SHA-256", content: digest.to_string() });
    let long = file.sha512.clone().map(|content| Hash { alg: "SHA-512", content });
    short.into_iter().chain(long).collect()
}

fn licenses(license: &License, version: Version) -> Vec<Choice> {
    let expression =
        |expression: &String, acknowledgement| Choice::Expression { expression: expression.clone(), acknowledgement };
    match license {
        License::Declared { expression: declared, .. } => match version {
            // Nobody concluded anything else.
            Version::V1_7 => vec![expression(declared, "declared"), expression(declared, "concluded")],
            Version::V1_6 => vec![expression(declared, "declared")],
        },
        License::Clarified { expression: concluded, declared } => match (version, declared) {
            (Version::V1_7, Some(declared)) => {
                vec![expression(declared, "declared"), expression(concluded, "concluded")]
            }
            (Version::V1_6 | Version::V1_7, _) => vec![expression(concluded, "concluded")],
        },
        License::Other(text) => {
            vec![Choice::Named { license: Named { name: one_line(text), acknowledgement: "declared" } }]
        }
        License::File(path) => {
            let name = format!("see the file {}", one_line(path));
            vec![Choice::Named { license: Named { name, acknowledgement: "declared" } }]
        }
        License::Unstated | License::Unknown => Vec::new(),
    }
}

fn dependencies(bom: &Bom) -> Vec<Dependency<'_>> {
    let mut below: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
    for edge in &bom.edges {
        below.entry(edge.from).or_default().extend(bom.components.get(edge.to).map(|one| &*one.reference));
    }
    let of_subject = match &bom.subject {
        Subject::Package(_) => None,
        Subject::Workspace { members, .. } => {
            let members = members.iter().filter_map(|at| bom.components.get(*at)).map(|one| &*one.reference);
            Some(Dependency { of: WORKSPACE, depends_on: sorted(members.collect()) })
        }
    };
    // A component without an entry would be one of which nobody knows what it needs.
    let all = bom.components.iter().enumerate().map(|(at, component)| Dependency {
        of: &component.reference,
        depends_on: sorted(below.remove(&at).unwrap_or_default()),
    });
    of_subject.into_iter().chain(all).collect()
}

fn sorted(mut references: Vec<&str>) -> Vec<&str> {
    references.sort_unstable();
    references.dedup();
    references
}
