//! What all formats say alike: facts that only this tool knows, by names of our own, and texts from manifests in a form that a document
//! may have.

use sha2::{Digest as _, Sha256};

use crate::model::bom::{Ask, Bom, Component, License};
use crate::model::index_line::DependencyKind;
use crate::model::party::{Party, one_line};
use crate::model::source::Source;
use crate::report::words::rfc3339;

/// Before each of our own names.
pub(super) const OWN: &str = "cargo-sequester";
/// What every document calls this program.
pub(super) const TOOL: &str = env!("CARGO_PKG_NAME");
pub(super) const TOOL_VERSION: &str = env!("CARGO_PKG_VERSION");

/// A name of our own and its value.
pub(super) type Property = (String, String);

fn own(name: &str, value: impl Into<String>) -> Property {
    (format!("{OWN}:{name}"), value.into())
}

/// What was decided about a component, and what is not known of it.
pub(super) fn of_component(component: &Component) -> Vec<Property> {
    let decision = &component.decision;
    let mut all = vec![own("verdict", decision.verdict)];
    all.extend(decision.basis.map(|basis| own("basis", basis)));
    all.extend(decision.reasons.iter().map(|reason| own("reason", *reason)));
    all.extend(decision.eligible_at.map(|at| own("eligible-at", rfc3339(at))));
    match &component.id.source {
        Source::Registry(_) => {
            all.push(own("pubtime", decision.pubtime.map_or_else(|| "unknown".to_owned(), rfc3339)));
            all.push(own("yanked", decision.yanked.map_or("unknown", |yanked| if yanked { "true" } else { "false" })));
        }
        Source::Local | Source::Git(_) | Source::Other(_) => {}
    }
    all.extend(decision.approved_until.map(|day| own("approval:until", day.to_string())));
    all.extend(decision.event.map(|event| own("trail:event", event.to_string())));
    all.extend(component.commit.as_deref().map(|commit| own("commit", commit)));
    if component.optional {
        all.push(own("optional", "no default feature of the project turns it on"));
    }
    all.push(own("need", component.need.as_str()));
    let proc_macro = component.proc_macro.map_or("unknown", |is| if is { "true" } else { "false" });
    all.push(own("proc-macro", proc_macro));
    if component.archive().is_some_and(|file| file.sha512.is_none()) {
        all.push(own("sha-512", "unknown: the archive was not at hand"));
    }
    // What is not known is not left to be guessed from what is missing.
    if component.supplier.is_none() {
        all.push(own("supplier", "unknown"));
    }
    if !component.makers.iter().any(Party::has_address) {
        all.push(own("producer", if component.makers.is_empty() { "unknown" } else { "no address is known" }));
    }
    let license = match &component.license {
        License::Declared { written, .. } => {
            all.extend(written.as_ref().map(|written| own("license:written", one_line(written))));
            Some(own("license:concluded", "taken over from what is declared"))
        }
        License::Clarified { .. } => Some(own("license", "concluded by a person from the licence files")),
        License::Other(text) => Some(own("license", format!("no SPDX expression: {}", one_line(text)))),
        License::File(path) => Some(own("license", format!("in the file {}", one_line(path)))),
        License::Unstated => Some(own("license", "not stated")),
        License::Unknown => Some(own("license", "unknown: no manifest was at hand")),
    };
    all.extend(license);
    all
}

/// What a document says of itself.
pub(super) fn of_document(bom: &Bom) -> Vec<Property> {
    let mut all = Vec::new();
    match bom.targets.as_slice() {
        [] => all.push(("cdx:rustc:sbom:target:all_targets".to_owned(), "true".to_owned())),
        targets => {
            all.extend(targets.iter().map(|one| ("cdx:rustc:sbom:target:triple".to_owned(), one.clone())));
        }
    }
    all.push(own("lock-file:sha-256", bom.lock.to_string()));
    all.push(own("development-dependencies", if bom.without_dev { "left out" } else { "included" }));
    all.push(own("features", "all: what the lock file has, whatever a build turns on"));
    let verdicts = if bom.decided {
        "as if no advisory were known: those are for VEX"
    } else {
        "undecided: what stood in the way is told by audit"
    };
    all.push(own("verdicts", verdicts));
    all
}

/// Why a component is needed by another, in one word each for kind and platform: `normal`, `build cfg(windows)`.
pub(super) fn of_ask(ask: &Ask) -> Property {
    let kind = kind(ask.kind);
    let target = ask.target.as_ref().map(|target| format!(" {}", one_line(target))).unwrap_or_default();
    let optional = if ask.optional { " optional" } else { "" };
    own(&format!("dependency:{kind}"), format!("{kind}{optional}{target}"))
}

pub(super) const fn kind(kind: DependencyKind) -> &'static str {
    match kind {
        DependencyKind::Normal => "normal",
        DependencyKind::Build => "build",
        DependencyKind::Dev => "dev",
    }
}

/// An UUID of a document's content (version 8 of RFC 9562: the digest, cut).
pub(super) fn uuid(content: &[u8]) -> String {
    let digest: [u8; 32] = Sha256::digest(content).into();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    bytes[6] = (bytes[6] & 0x0f) | 0x80;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let digits: String = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(hexadecimal).collect();
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
}

fn hexadecimal(digit: u8) -> char {
    char::from_digit(u32::from(digit), 16).unwrap_or('0')
}
