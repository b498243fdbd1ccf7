//! A bill of materials, before any format: what a lock file has, how its packages depend on each other, and what was decided about them.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use sha2::{Digest as _, Sha512};

use super::checksum::{Checksum, Hashed};
use super::index_line::DependencyKind;
use super::package::{CrateId, Package, PackageId};
use super::party::Party;
use super::source::{GitSource, Registry, Source, without_credentials};
use super::trail::EventId;
use super::trail::release::{encode_purl, purl};

/// Everything that a document says.
#[derive(Clone, Debug)]
pub(crate) struct Bom {
    /// What the packages are parts of.
    pub subject: Subject,
    /// The packages, in the lock file's order.
    pub components: Vec<Component>,
    /// By positions in `components`, each pair once, in the order of `from`.
    pub edges: Vec<Edge>,
    /// The moment of the decision.
    pub created: Timestamp,
    /// Who makes the document and answers for it.
    pub author: Option<Party>,
    /// Who hands out what it is about.
    pub supplier: Option<Party>,
    /// The SHA-256 of `Cargo.lock`.
    pub lock: Checksum,
    /// The platforms that it is limited to; empty where it has all.
    pub targets: Vec<String>,
    /// Whether what only tests, benches and examples need was left out.
    pub without_dev: bool,
    /// Whether the run could decide; where it could not, no verdict stands.
    pub decided: bool,
}

/// What a document is about.
#[derive(Clone, Debug)]
pub(crate) enum Subject {
    /// One of the packages, by its position.
    Package(usize),
    /// Several packages without one that stands for all.
    Workspace {
        name: String,
        /// Their positions.
        members: Vec<usize>,
        /// The manifest that lists them.
        file: Option<PackageFile>,
    },
}

/// One package.
#[derive(Clone, Debug)]
pub(crate) struct Component {
    pub id: PackageId,
    /// A name that no other component of the document has: the package URL where there is one.
    pub reference: String,
    /// The package URL; `None` for a package that only this machine knows the place of.
    pub purl: Option<String>,
    /// What it is needed for, the strongest of all.
    pub need: Need,
    /// Whether a feature must turn it on that nobody has by default.
    pub optional: bool,
    /// Whether it is compiled into the compiler; `None` where no manifest of it was at hand.
    pub proc_macro: Option<bool>,
    /// Whether it builds a program.
    pub program: bool,
    /// The file that it comes in, as far as it has one.
    pub file: Option<PackageFile>,
    pub license: License,
    pub description: Option<String>,
    /// Who wrote it, as its manifest says.
    pub authors: Vec<Party>,
    /// Who makes it: the authors, and where these give no address, a page of the project. Empty where nobody is known.
    pub makers: Vec<Party>,
    /// Who hands it out: its registry, the host of its repository, or whom the project names.
    pub supplier: Option<Party>,
    /// An address of the web.
    pub homepage: Option<String>,
    /// An address of the web: where its source is kept.
    pub repository: Option<String>,
    /// The commit that it is of, where it comes from git.
    pub commit: Option<Arc<str>>,
    /// Where it can be downloaded.
    pub download: Option<String>,
    pub decision: Decision,
}

/// The file that a package comes in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PackageFile {
    /// Without any folder.
    pub name: String,
    pub form: FileForm,
    pub sha256: Option<Checksum>,
    /// Where the bytes were at hand; in hexadecimal digits.
    pub sha512: Option<String>,
}

impl PackageFile {
    /// The manifest of a package that lies in a repository.
    pub(crate) fn manifest(bytes: Vec<u8>) -> Self {
        let sha512 = Some(sha512(&bytes));
        Self {
            name: "Cargo.toml".to_owned(),
            form: FileForm::Manifest,
            sha256: Some(Hashed::of(bytes).checksum()),
            sha512,
        }
    }
}

/// A SHA-512 in hexadecimal digits.
pub(crate) fn sha512(bytes: &[u8]) -> String {
    Sha512::digest(bytes).iter().fold(String::with_capacity(128), |mut digits, byte| {
        let _ = write!(digits, "{byte:02x}");
        digits
    })
}

/// What kind of file it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FileForm {
    /// A `.crate` file: the whole package, to be unpacked.
    Archive,
    /// The `Cargo.toml` of a package that lies in a repository and has no file of its own.
    Manifest,
}

/// What was decided about a package, and from what.
#[derive(Clone, Debug, Default)]
pub(crate) struct Decision {
    /// `approved`, `quarantined`, `rejected`, `local` or `not-judged`.
    pub verdict: &'static str,
    /// What an approved release stands on.
    pub basis: Option<&'static str>,
    /// The codes of what stands against it.
    pub reasons: Vec<&'static str>,
    /// When time alone will have lifted these.
    pub eligible_at: Option<Timestamp>,
    pub pubtime: Option<Timestamp>,
    /// Whether its registry has yanked it; `None` where nobody asked.
    pub yanked: Option<bool>,
    /// The last day of the approval that it stands on.
    pub approved_until: Option<Date>,
    /// The newest event of the audit trail about this release.
    pub event: Option<EventId>,
}

/// What a package is needed for. The order is that of strength.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Need {
    /// It is part of what is built.
    Runtime,
    /// It runs while something is built: a build script's dependency, or a procedural macro.
    Build,
    /// Only for tests, benches and examples.
    Development,
}

names!(Need { Runtime => "runtime", Build => "build", Development => "development" });

/// What is known of a package's licence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum License {
    /// Its manifest has an SPDX expression.
    Declared {
        /// As the specification has it.
        expression: String,
        /// As the manifest writes it, where that differs.
        written: Option<String>,
    },
    /// A person read its licence files; the policy says what they are.
    Clarified {
        expression: String,
        /// What the manifest says, where that is an expression.
        declared: Option<String>,
    },
    /// Its manifest has a text that is none.
    Other(String),
    /// Its manifest names a file.
    File(String),
    /// Its manifest says nothing.
    Unstated,
    /// No manifest of it was at hand.
    Unknown,
}

/// One package needs another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Edge {
    pub from: usize,
    pub to: usize,
    /// For what, and on which platforms, sorted; empty where only the lock file tells of it.
    pub asks: Vec<Ask>,
}

/// One table of a manifest that asks for a package.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ask {
    pub kind: DependencyKind,
    /// The platform that it is limited to: a target triple or a `cfg(…)`.
    pub target: Option<String>,
    /// Whether a feature must turn it on.
    pub optional: bool,
}

impl Component {
    /// The `.crate` file.
    pub(crate) fn archive(&self) -> Option<&PackageFile> {
        self.file.as_ref().filter(|file| file.form == FileForm::Archive)
    }

    /// The SHA-256 of the `.crate` file, from the lock file.
    pub(crate) fn sha256(&self) -> Option<Checksum> {
        self.archive()?.sha256
    }
}

impl Bom {
    /// The component that a document is about, where it is one.
    pub(crate) fn root(&self) -> Option<&Component> {
        match self.subject {
            Subject::Package(at) => self.components.get(at),
            Subject::Workspace { .. } => None,
        }
    }

    /// The licence of a workspace: those of all its members; `None` where that of one is not known.
    pub(crate) fn license_of_members(&self) -> Option<String> {
        let Subject::Workspace { members, .. } = &self.subject else { return None };
        let of = |at: &usize| match &self.components.get(*at)?.license {
            License::Declared { expression, .. } | License::Clarified { expression, .. } => Some(&**expression),
            License::Other(_) | License::File(_) | License::Unstated | License::Unknown => None,
        };
        let all = members.iter().map(of).collect::<Option<BTreeSet<&str>>>()?;
        let several = all.len() > 1;
        let part = |one: &str| if several && one.contains(" OR ") { format!("({one})") } else { one.to_owned() };
        Some(all.into_iter().map(part).collect::<Vec<_>>().join(" AND ")).filter(|text| !text.is_empty())
    }

    /// What it is about, in a word.
    pub(crate) fn name(&self) -> &str {
        match &self.subject {
            Subject::Package(at) => self.components.get(*at).map_or("", |root| &root.id.name),
            Subject::Workspace { name, .. } => name,
        }
    }

    /// Whether a component is what the document is about.
    pub(crate) const fn is_root(&self, at: usize) -> bool {
        matches!(self.subject, Subject::Package(root) if root == at)
    }

    /// What the package at this position asks for.
    pub(crate) fn edges_from(&self, at: usize) -> &[Edge] {
        let begin = self.edges.partition_point(|edge| edge.from < at);
        let length = self.edges[begin..].partition_point(|edge| edge.from == at);
        &self.edges[begin..begin + length]
    }
}

/// The package URL (the purl specification and its definition of the type `cargo`). A package that comes from no registry is not one of
/// crates.io, whatever its name: from git it has the commit that was locked, and the project's own has the type `generic`. `None` where
/// its place is an address on this machine. Nothing in it lets anybody in.
#[must_use]
pub(crate) fn package_url(package: &Package) -> Option<String> {
    let id = &package.id;
    let named = |kind: &str| {
        let mut text = format!("pkg:{kind}/");
        encode_purl(&mut text, &id.name);
        text.push('@');
        encode_purl(&mut text, &id.version.to_string());
        text
    };
    match &id.source {
        Source::Local => Some(named("generic")),
        Source::Registry(Registry::Sparse(url) | Registry::Git(url)) if is_of_machine(url) => None,
        Source::Registry(registry) => {
            let registry = match registry {
                Registry::CratesIo => Registry::CratesIo,
                Registry::Sparse(url) => Registry::Sparse((&*without_credentials(url)).into()),
                Registry::Git(url) => Registry::Git((&*without_credentials(url)).into()),
            };
            Some(purl(&CrateId { registry, ..id.crate_id()? }, &id.version))
        }
        Source::Git(GitSource { url, commit, .. }) if !is_of_machine(url) => {
            let mut text = named("cargo");
            let mut place = format!("git+{}", without_credentials(url));
            if let Some(commit) = commit {
                let _ = write!(place, "@{commit}");
            }
            text.push_str("?vcs_url=");
            encode_purl(&mut text, &place);
            Some(text)
        }
        Source::Git(_) | Source::Other(_) => None,
    }
}

/// Whether an address leads to a folder of this machine, which is nobody else's business.
#[must_use]
pub(crate) fn is_of_machine(url: &str) -> bool {
    let rest = url.split_once("://").map(|(_, rest)| rest);
    let host = rest.map(|rest| rest.split(['/', '?', '#']).next().unwrap_or_default());
    let host = host.map(|host| host.rsplit_once('@').map_or(host, |(_, host)| host));
    let host = host.map(|host| host.split(':').next().unwrap_or_default());
    url.starts_with("file:") || host.is_none_or(str::is_empty)
}
