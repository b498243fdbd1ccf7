//! SPDX 3.0.1 as JSON-LD (ISO/IEC 5962's successor): one graph of elements. Each kind of dependency and each platform is a relationship of
//! its own.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::properties::{Property, TOOL, TOOL_VERSION, of_ask, of_component, of_document, uuid};
use super::spdx_item::{Document, Entry, Extension, Hash, Identifier, Item, Reference};
use crate::model::bom::{Bom, Component, Edge, FileForm, License, PackageFile, Subject};
use crate::model::index_line::DependencyKind;
use crate::model::party::{Party, one_line};
use crate::report::json;
use crate::report::words::rfc3339;

const CONTEXT: &str = "https://spdx.org/rdf/3.0.1/spdx-context.jsonld";
const CREATION: &str = "_:creation";
/// The licence of which nobody says anything.
const NO_ASSERTION: &str = "https://spdx.org/rdf/3.0.1/terms/Licensing/NoAssertion";

/// Writes the document.
///
/// # Errors
/// The writer's.
pub(crate) fn write(bom: &Bom, out: &mut impl Write) -> io::Result<()> {
    // The ids are of the content, and the content has the ids.
    let content = serde_json::to_vec(&Graph::of(bom, "").document(bom))?;
    let space = format!("urn:uuid:{}", uuid(&content));
    json::write(&Graph::of(bom, &space).document(bom), out)
}

/// The elements so far, and those that several others name.
struct Graph<'a> {
    space: &'a str,
    elements: Vec<Item>,
    agents: BTreeMap<(&'static str, Party), String>,
    licenses: BTreeMap<String, String>,
}

impl<'a> Graph<'a> {
    fn of(bom: &Bom, space: &'a str) -> Self {
        let mut graph = Self { space, elements: Vec::new(), agents: BTreeMap::new(), licenses: BTreeMap::new() };
        for (at, component) in bom.components.iter().enumerate() {
            graph.package(bom, at, component);
        }
        if let Subject::Workspace { name, members, file } = &bom.subject {
            let version = format!("lock-{}", bom.lock.to_string().get(..12).unwrap_or_default());
            let supplier = bom.supplier.as_ref().and_then(|supplier| graph.agent(supplier, "Organization"));
            let workspace = Item {
                name: Some(name.clone()),
                package_version: Some(version),
                purpose: Some("application"),
                copyright: Some("NOASSERTION"),
                originated_by: supplier.iter().cloned().collect(),
                supplied_by: supplier,
                ..graph.element("software_Package", "workspace")
            };
            graph.elements.push(workspace);
            if let Some(expression) = bom.license_of_members() {
                let license = graph.license(&expression);
                for (what, kind) in [("declared", "hasDeclaredLicense"), ("concluded", "hasConcludedLicense")] {
                    let relationship = Item {
                        from: Some(graph.id("workspace")),
                        relationship_type: Some(kind),
                        to: vec![license.clone()],
                        completeness: Some("complete"),
                        comment: Some("the licences of its members".to_owned()),
                        ..graph.element("Relationship", &format!("workspace-{what}-license"))
                    };
                    graph.elements.push(relationship);
                }
            }
            graph.file("workspace", file.as_ref(), None);
            let to = members.iter().map(|at| graph.id(&package_id(*at))).collect();
            let members = Item {
                from: Some(graph.id("workspace")),
                relationship_type: Some("contains"),
                to,
                completeness: Some("complete"),
                ..graph.element("Relationship", "members")
            };
            graph.elements.push(members);
        }
        for (at, edge) in bom.edges.iter().enumerate() {
            graph.edge(bom, at, edge);
        }
        graph
    }

    fn id(&self, name: &str) -> String {
        format!("{}#{name}", self.space)
    }

    fn element(&self, kind: &'static str, name: &str) -> Item {
        Item { kind, spdx_id: Some(self.id(name)), creation_info: Some(CREATION), ..Item::default() }
    }

    fn document(mut self, bom: &Bom) -> Document {
        let tool = Item { name: Some(format!("{TOOL} {TOOL_VERSION}")), ..self.element("Tool", "tool") };
        // Whom the project names as its supplier is one; a page alone is nobody's name.
        let of_author = |author: &Party| {
            let is_person = bom.supplier.as_ref() != Some(author) && author.url.is_none();
            if is_person { "Person" } else { "Organization" }
        };
        let author = bom.author.as_ref().and_then(|author| self.agent(author, of_author(author)));
        // Where nobody answers for it, the program made it.
        let author = author.unwrap_or_else(|| {
            let program = Item { name: Some(TOOL.to_owned()), ..self.element("SoftwareAgent", "program") };
            self.elements.push(program);
            self.id("program")
        });
        let root = match &bom.subject {
            Subject::Package(at) => self.id(&package_id(*at)),
            Subject::Workspace { .. } => self.id("workspace"),
        };
        let data_license = self.license("CC0-1.0");
        let creation = Item {
            kind: "CreationInfo",
            node: Some(CREATION),
            spec_version: Some("3.0.1"),
            created: Some(rfc3339(bom.created)),
            created_by: vec![author],
            created_using: vec![self.id("tool")],
            ..Item::default()
        };
        let elements: Vec<String> =
            self.elements.iter().chain([&tool]).filter_map(|element| element.spdx_id.clone()).collect();
        let sbom = Item {
            name: Some(format!("Cargo packages of {}", bom.name())),
            root_element: vec![root],
            element: elements.clone(),
            sbom_type: vec!["source"],
            extension: extension(of_document(bom)),
            ..self.element("software_Sbom", "sbom")
        };
        let document = Item {
            name: Some(format!("Cargo packages of {}", bom.name())),
            profile_conformance: vec!["core", "software", "simpleLicensing", "extension"],
            data_license: Some(data_license),
            root_element: vec![self.id("sbom")],
            element: elements.into_iter().chain([self.id("sbom")]).collect(),
            ..self.element("SpdxDocument", "document")
        };
        let graph = [creation, document, sbom, tool].into_iter().chain(self.elements).collect();
        Document { context: CONTEXT, graph }
    }

    fn package(&mut self, bom: &Bom, at: usize, component: &Component) {
        let supplied_by = component.supplier.as_ref().and_then(|supplier| self.agent(supplier, "Organization"));
        let mut originated_by: Vec<String> = component
            .makers
            .iter()
            .filter_map(|maker| self.agent(maker, if maker.url.is_some() { "Organization" } else { "Person" }))
            .collect();
        originated_by.sort();
        originated_by.dedup();
        let purl = component.purl.clone();
        let identifier = purl.clone().map(|value| Identifier {
            kind: "ExternalIdentifier",
            external_identifier_type: "packageUrl",
            value,
        });
        let reference = component.repository.clone().map(|locator| Reference {
            kind: "ExternalRef",
            external_ref_type: "vcs",
            locator: vec![locator],
        });
        let name = package_id(at);
        let package = Item {
            name: Some(component.id.name.to_string()),
            package_version: Some(component.id.version.to_string()),
            package_url: purl,
            description: component.description.as_deref().map(one_line).filter(|text| !text.is_empty()),
            download: component.download.clone(),
            home_page: component.homepage.clone(),
            purpose: Some(if component.program || bom.is_root(at) { "application" } else { "library" }),
            copyright: Some("NOASSERTION"),
            release_time: component.decision.pubtime.map(rfc3339),
            supplied_by,
            originated_by,
            verified_using: component.archive().map(hashes).unwrap_or_default(),
            external_identifier: identifier.into_iter().collect(),
            external_ref: reference.into_iter().collect(),
            extension: extension(of_component(component)),
            ..self.element("software_Package", &name)
        };
        self.elements.push(package);
        self.file(&name, component.file.as_ref(), component.download.as_deref());
        let is_taken_over = matches!(component.license, License::Declared { .. });
        let (declared, concluded) = self.licenses_of(&component.license);
        for (what, kind, license) in
            [("declared", "hasDeclaredLicense", declared), ("concluded", "hasConcludedLicense", concluded)]
        {
            let relationship = Item {
                from: Some(self.id(&name)),
                relationship_type: Some(kind),
                to: vec![license],
                completeness: Some("complete"),
                comment: (kind == "hasConcludedLicense" && is_taken_over)
                    .then(|| "taken over from what is declared".to_owned()),
                ..self.element("Relationship", &format!("{name}-{what}-license"))
            };
            self.elements.push(relationship);
        }
    }

    /// The file that a package comes in. Where BSI TR-03183-2 looks for them, it says what form the file has.
    fn file(&mut self, package: &str, file: Option<&PackageFile>, download: Option<&str>) {
        let Some(file) = file else { return };
        let name = format!("{package}-file");
        let reference = |external_ref_type| {
            let locator =
                download.filter(|_| file.form == FileForm::Archive).map(|address| vec![address.to_owned()])?;
            Some(Reference { kind: "ExternalRef", external_ref_type, locator })
        };
        // What a registry offers is the source, and it is what a build takes.
        let references = ["sourceArtifact", "binaryArtifact"].into_iter().filter_map(reference);
        let (purpose, additional_purpose) = match file.form {
            FileForm::Archive => ("source", vec!["archive", "container"]),
            FileForm::Manifest => ("manifest", vec!["container"]),
        };
        let element = Item {
            name: Some(file.name.clone()),
            purpose: Some(purpose),
            additional_purpose,
            copyright: Some("NOASSERTION"),
            verified_using: hashes(file),
            external_ref: references.collect(),
            ..self.element("software_File", &name)
        };
        self.elements.push(element);
        let (completeness, comment) = match file.form {
            FileForm::Archive => ("complete", None),
            FileForm::Manifest => {
                ("incomplete", Some("it lies in a repository, in no file of its own; this is its manifest"))
            }
        };
        let comes_in = Item {
            from: Some(self.id(package)),
            relationship_type: Some("hasDistributionArtifact"),
            to: vec![self.id(&name)],
            completeness: Some(completeness),
            comment: comment.map(str::to_owned),
            ..self.element("Relationship", &format!("{name}-of"))
        };
        self.elements.push(comes_in);
        if file.form == FileForm::Archive {
            let source = Item {
                from: Some(self.id(&name)),
                relationship_type: Some("generates"),
                to: vec![self.id(package)],
                completeness: Some("complete"),
                ..self.element("Relationship", &format!("{name}-source"))
            };
            self.elements.push(source);
        }
    }

    /// The declared licence and the concluded one.
    fn licenses_of(&mut self, license: &License) -> (String, String) {
        let unknown = || NO_ASSERTION.to_owned();
        match license {
            License::Declared { expression, .. } => {
                let id = self.license(expression);
                (id.clone(), id)
            }
            License::Clarified { expression, declared } => {
                let declared = declared.as_ref().map(|declared| self.license(declared));
                (declared.unwrap_or_else(unknown), self.license(expression))
            }
            License::Other(text) => (self.license_text(&one_line(text)), unknown()),
            License::File(path) => (self.license_text(&format!("see the file {}", one_line(path))), unknown()),
            License::Unstated | License::Unknown => (unknown(), unknown()),
        }
    }

    fn license(&mut self, expression: &str) -> String {
        if let Some(known) = self.licenses.get(expression) {
            return known.clone();
        }
        let name = format!("license-{}", self.licenses.len());
        let element = Item {
            expression: Some(expression.to_owned()),
            ..self.element("simplelicensing_LicenseExpression", &name)
        };
        self.elements.push(element);
        self.licenses.insert(expression.to_owned(), self.id(&name));
        self.id(&name)
    }

    fn license_text(&mut self, text: &str) -> String {
        let key = format!("text {text}");
        if let Some(known) = self.licenses.get(&key) {
            return known.clone();
        }
        let name = format!("license-{}", self.licenses.len());
        let element =
            Item { license_text: Some(text.to_owned()), ..self.element("simplelicensing_SimpleLicensingText", &name) };
        self.elements.push(element);
        self.licenses.insert(key, self.id(&name));
        self.id(&name)
    }

    fn agent(&mut self, party: &Party, kind: &'static str) -> Option<String> {
        let shown = party.shown()?.to_owned();
        let key = (kind, party.clone());
        if let Some(known) = self.agents.get(&key) {
            return Some(known.clone());
        }
        let name = format!("agent-{}", self.agents.len());
        let email = party.email.clone().map(|value| Identifier {
            kind: "ExternalIdentifier",
            external_identifier_type: "email",
            value,
        });
        let url = party.url.clone().map(|value| Identifier {
            kind: "ExternalIdentifier",
            external_identifier_type: "urlScheme",
            value,
        });
        let element = Item {
            name: Some(shown),
            external_identifier: email.into_iter().chain(url).collect(),
            ..self.element(kind, &name)
        };
        self.elements.push(element);
        self.agents.insert(key, self.id(&name));
        Some(self.id(&name))
    }

    fn edge(&mut self, bom: &Bom, number: usize, edge: &Edge) {
        let to_macro = bom.components.get(edge.to).is_some_and(|one| one.proc_macro == Some(true));
        // What only the lock file tells of may be for anything.
        let completeness = if edge.asks.is_empty() { "noAssertion" } else { "complete" };
        let relationship = |graph: &Self, kind: &'static str, name: &str| Item {
            from: Some(graph.id(&package_id(edge.from))),
            relationship_type: Some("dependsOn"),
            to: vec![graph.id(&package_id(edge.to))],
            completeness: Some(completeness),
            ..graph.element(kind, name)
        };
        for (at, ask) in edge.asks.iter().enumerate() {
            let scope = match ask.kind {
                DependencyKind::Normal if to_macro => "build",
                DependencyKind::Normal => "runtime",
                DependencyKind::Build => "build",
                DependencyKind::Dev => "test",
            };
            let element = Item {
                scope: Some(scope),
                extension: extension(vec![of_ask(ask)]),
                ..relationship(self, "LifecycleScopedRelationship", &format!("dependency-{number}-{at}"))
            };
            self.elements.push(element);
        }
        if edge.asks.is_empty() {
            self.elements.push(relationship(self, "Relationship", &format!("dependency-{number}")));
        }
    }
}

fn hashes(file: &PackageFile) -> Vec<Hash> {
    let hash = |algorithm, value| Hash { kind: "Hash", algorithm, value };
    let short = file.sha256.map(|digest| hash("sha256", digest.to_string()));
    let long = file.sha512.clone().map(|digits| hash("sha512", digits));
    short.into_iter().chain(long).collect()
}

fn package_id(at: usize) -> String {
    format!("package-{at}")
}

fn extension(properties: Vec<Property>) -> Vec<Extension> {
    let entry = |(name, value)| Entry { kind: "extension_CdxPropertyEntry", name, value };
    vec![Extension {
        kind: "extension_CdxPropertiesExtension",
        properties: properties.into_iter().map(entry).collect(),
    }]
}
