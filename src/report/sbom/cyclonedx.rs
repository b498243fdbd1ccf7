//! `CycloneDX` 1.7 and 1.6, in JSON (ECMA-424). Dependencies have no attributes there: what each is for, and on which platforms, stands in
//! properties of the component that asks.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;

use super::properties::{
    OWN, Person, Property, TOOL, TOOL_VERSION, kind, line, of_component, of_document, subject_name, supplier, uuid,
};
use crate::model::bom::{Bom, Component, License, Need, Subject};
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
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp: Option<String>,
    lifecycles: [Lifecycle; 1],
    tools: Tools<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    authors: Vec<Contact>,
    #[serde(skip_serializing_if = "Option::is_none")]
    manufacturer: Option<Entity>,
    component: Entry<'a>,
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
    json::write(&document(bom, version, Some(bom.created)), out)
}

/// The serial number that the document with this content has, at whatever moment it is made.
pub(super) fn serial(bom: &Bom, version: Version) -> String {
    document(bom, version, None).serial_number
}

fn document(bom: &Bom, version: Version, at: Option<jiff::Timestamp>) -> Document<'_> {
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
    // Of everything but the moment, so that two runs on the same facts make the same document.
    let content = serde_json::to_vec(&document).unwrap_or_default();
    document.serial_number = format!("urn:uuid:{}", uuid(&content));
    document.metadata.timestamp = at.map(rfc3339);
    document
}

fn workspace(bom: &Bom) -> Option<&'static str> {
    bom.root().is_none().then_some(WORKSPACE)
}

fn metadata(bom: &Bom, version: Version) -> Metadata<'_> {
    let author = bom.author.as_deref().map(Person::of);
    let url = author.as_ref().and_then(|author| author.url.clone());
    let manufacturer = author.as_ref().filter(|author| author.url.is_some()).and_then(|author| {
        Some(Entity { name: author.shown()?.to_owned(), url: url.into_iter().collect(), contact: Vec::new() })
    });
    let contact = author.filter(|author| author.url.is_none() && author.shown().is_some());
    let component = match &bom.subject {
        Subject::Package(at) => {
            bom.components.get(*at).map(|root| Entry { scope: None, ..entry(bom, *at, root, version) })
        }
        Subject::Workspace(..) => None,
    };
    let of_workspace = || Entry {
        kind: "application",
        reference: WORKSPACE,
        supplier: None,
        manufacturer: None,
        authors: Vec::new(),
        name: subject_name(bom),
        // A workspace has no version of its own; what is locked tells one state of it from another.
        version: format!("lock-{}", bom.lock.to_string().get(..12).unwrap_or_default()),
        description: None,
        scope: None,
        hashes: Vec::new(),
        licenses: Vec::new(),
        purl: None,
        external_references: Vec::new(),
        properties: Vec::new(),
    };
    Metadata {
        timestamp: None,
        lifecycles: [Lifecycle { phase: "pre-build" }],
        tools: Tools { components: [Tool { kind: "application", name: TOOL, version: TOOL_VERSION }] },
        authors: contact.map(|one| Contact { name: one.name, email: one.email }).into_iter().collect(),
        manufacturer,
        component: component.unwrap_or_else(of_workspace),
        properties: of_document(bom).into_iter().map(named).collect(),
    }
}

fn named((name, value): Property) -> NameAndValue {
    NameAndValue { name, value }
}

fn entry<'a>(bom: &'a Bom, at: usize, component: &'a Component, version: Version) -> Entry<'a> {
    let hashes = hashes(component);
    let mut references = Vec::new();
    if let Some(url) = &component.download {
        references.push(Reference { kind: "distribution", url, hashes: hashes.clone() });
    }
    references.extend(component.repository.as_ref().map(|url| Reference { kind: "vcs", url, hashes: Vec::new() }));
    references.extend(component.homepage.as_ref().map(|url| Reference { kind: "website", url, hashes: Vec::new() }));
    let edges = bom.edges.iter().filter(|edge| edge.from == at);
    let asks = edges.flat_map(|edge| {
        let to = bom.components.get(edge.to).map_or("", |one| &one.reference);
        let of_lock = edge.asks.is_empty().then(|| (format!("{OWN}:dependency:unknown"), to.to_owned()));
        let of_manifest = edge.asks.iter().map(move |ask| {
            let optional = if ask.optional { " optional" } else { "" };
            let target = ask.target.as_ref().map(|target| format!(" {}", line(target))).unwrap_or_default();
            (format!("{OWN}:dependency:{}", kind(ask.kind)), format!("{to}{optional}{target}"))
        });
        of_manifest.chain(of_lock)
    });
    Entry {
        kind: if component.program || bom.is_root(at) { "application" } else { "library" },
        reference: &component.reference,
        supplier: supplier(component).map(|(name, url)| Entity {
            name,
            url: url.into_iter().collect(),
            contact: Vec::new(),
        }),
        manufacturer: maker(component),
        authors: people(component),
        name: &component.id.name,
        version: component.id.version.to_string(),
        description: component.description.as_deref().map(line).filter(|text| !text.is_empty()),
        scope: Some(match component.need {
            Need::Runtime => "required",
            Need::Build | Need::Development => "excluded",
        }),
        hashes,
        licenses: licenses(&component.license, version),
        purl: component.purl.as_deref(),
        external_references: references,
        properties: of_component(component).into_iter().chain(asks).map(named).collect(),
    }
}

/// Who makes it, by the address that its manifest gives; `None` where nobody knows.
fn maker(component: &Component) -> Option<Entity> {
    let url: Vec<String> = component.homepage.iter().chain(&component.repository).take(1).cloned().collect();
    let contact = people(component);
    let name = contact.iter().find_map(|one| one.name.clone().or_else(|| one.email.clone()));
    let name = name.or_else(|| (!url.is_empty()).then(|| format!("the authors of {}", component.id.name)))?;
    Some(Entity { name, url, contact })
}

fn people(component: &Component) -> Vec<Contact> {
    let people = component.authors.iter().map(|text| Person::of(text));
    people
        .filter(|one| one.name.is_some() || one.email.is_some())
        .map(|one| Contact { name: one.name, email: one.email })
        .collect()
}

fn hashes(component: &Component) -> Vec<Hash> {
    let short = component.sha256.map(|digest| Hash { alg: "SHA-256", content: digest.to_string() });
    let long = component.sha512.clone().map(|content| Hash { alg: "SHA-512", content });
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
            vec![Choice::Named { license: Named { name: line(text), acknowledgement: "declared" } }]
        }
        License::File(path) => {
            let name = format!("see the file {}", line(path));
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
        Subject::Workspace(_, members) => {
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
