//! What all formats say alike: facts that only this tool knows, by names of our own, and texts from manifests in a form that a document
//! may have.

#![expect(clippy::needless_pass_by_value, reason = "it is made for this")]

use sha2::{Digest as _, Sha256};

use crate::model::bom::{Ask, Bom, Component, License, Subject};
use crate::model::index_line::DependencyKind;
use crate::model::source::{Registry, Source};
use crate::report::words::rfc3339;

/// Before each of our own names.
pub(super) const OWN: &str = "cargo-sequester";
/// The longest text that is taken over from a manifest, in characters.
const LONGEST: usize = 1000;
/// What every document calls this program.
pub(super) const TOOL: &str = env!("CARGO_PKG_NAME");
pub(super) const TOOL_VERSION: &str = env!("CARGO_PKG_VERSION");

/// A name of our own and its value.
pub(super) type Property = (String, String);

fn own(name: &str, value: impl ToString) -> Property {
    (format!("{OWN}:{name}"), value.to_string())
}

/// What was decided about a component, and what is not known of it.
pub(super) fn of_component(component: &Component) -> Vec<Property> {
    let decision = &component.decision;
    let mut all = vec![own("verdict", decision.verdict)];
    all.extend(decision.basis.map(|basis| own("basis", basis)));
    all.extend(decision.reasons.iter().map(|reason| own("reason", reason)));
    all.extend(decision.eligible_at.map(|at| own("eligible-at", rfc3339(at))));
    match &component.id.source {
        Source::Registry(_) => {
            all.push(own("pubtime", decision.pubtime.map_or_else(|| "unknown".to_owned(), rfc3339)));
            all.push(own("yanked", decision.yanked.map_or("unknown", |yanked| if yanked { "true" } else { "false" })));
        }
        Source::Local | Source::Git(_) | Source::Other(_) => {}
    }
    all.extend(decision.approved_until.map(|day| own("approval:until", day)));
    all.extend(decision.event.map(|event| own("trail:event", event)));
    all.push(own("need", component.need.as_str()));
    let proc_macro = component.proc_macro.map_or("unknown", |is| if is { "true" } else { "false" });
    all.push(own("proc-macro", proc_macro));
    if matches!(component.id.source, Source::Registry(_)) && component.sha512.is_none() {
        all.push(own("sha-512", "unknown: the archive was not at hand"));
    }
    let license = match &component.license {
        License::Declared { written, .. } => written.as_ref().map(|written| own("license:written", line(written))),
        License::Clarified { .. } => Some(own("license", "concluded by a person from the licence files")),
        License::Other(text) => Some(own("license", format!("no SPDX expression: {}", line(text)))),
        License::File(path) => Some(own("license", format!("in the file {}", line(path)))),
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
    all.push(own("lock-file:sha-256", bom.lock));
    all.push(own("development-dependencies", if bom.without_dev { "left out" } else { "included" }));
    all.push(own("features", "all: what the lock file has, whatever a build turns on"));
    if !bom.decided {
        all.push(own("verdicts", "undecided: what stood in the way is told by audit"));
    }
    all
}

/// Why a component is needed by another, in one word each for kind and platform: `normal`, `build cfg(windows)`.
pub(super) fn of_ask(ask: &Ask) -> Property {
    let kind = kind(ask.kind);
    let target = ask.target.as_ref().map(|target| format!(" {}", line(target))).unwrap_or_default();
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

/// A text of one line and bounded length.
pub(super) fn line(text: &str) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let words: String = words.chars().filter(|character| !character.is_control()).collect();
    match words.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", words.get(..end).unwrap_or_default()),
        None => words,
    }
}

/// A person as manifests and command lines write one: `Name <e-mail>`, a name, an e-mail address or an address of the web.
pub(super) struct Person {
    pub(super) name: Option<String>,
    pub(super) email: Option<String>,
    pub(super) url: Option<String>,
}

impl Person {
    pub(super) fn of(text: &str) -> Self {
        let text = line(text);
        let (name, address) = match text.split_once('<') {
            Some((name, rest)) => (name.trim().to_owned(), rest.trim_end_matches('>').trim().to_owned()),
            None if text.contains("://") || is_email(&text) => (String::new(), text),
            None => (text, String::new()),
        };
        let some = |text: String| (!text.is_empty()).then_some(text);
        let is_url = address.starts_with("https://") || address.starts_with("http://");
        Self {
            name: some(name),
            email: some(address.clone()).filter(|address| is_email(address)),
            url: some(address).filter(|_| is_url),
        }
    }

    /// What to call them where only one word has room.
    pub(super) fn shown(&self) -> Option<&str> {
        self.name.as_deref().or(self.email.as_deref()).or(self.url.as_deref())
    }
}

fn is_email(text: &str) -> bool {
    let plain = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_graphic() && !b"<>()[],;:\\\"@".contains(&byte))
    };
    text.split_once('@').is_some_and(|(user, host)| plain(user) && plain(host) && host.contains('.'))
}

/// Who hands a component out: a registry or the host of a repository. With an address where a reader finds it.
pub(super) fn supplier(component: &Component) -> Option<(String, Option<String>)> {
    match &component.id.source {
        Source::Registry(Registry::CratesIo) => {
            Some(("crates.io".to_owned(), Some(format!("https://crates.io/crates/{}", component.id.name))))
        }
        Source::Registry(Registry::Sparse(url) | Registry::Git(url)) => component.purl.as_ref().map(|_| of_url(url)),
        Source::Git(git) => component.purl.as_ref().map(|_| of_url(&git.url)),
        Source::Local | Source::Other(_) => None,
    }
}

fn of_url(url: &str) -> (String, Option<String>) {
    let web = url.starts_with("https://") || url.starts_with("http://");
    (host(url), web.then(|| url.to_owned()))
}

fn host(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    host.rsplit_once('@').map_or(host, |(_, host)| host).to_owned()
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

/// What a document is called.
pub(super) fn subject_name(bom: &Bom) -> &str {
    match &bom.subject {
        Subject::Package(at) => bom.components.get(*at).map_or("", |root| &root.id.name),
        Subject::Workspace(name, _) => name,
    }
}
