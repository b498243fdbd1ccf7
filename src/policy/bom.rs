//! Makes a bill of materials from the facts of a decision: which package needs which, for what, and on which platforms.

#[cfg(test)]
mod by_package;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use semver::Version;
use spdx::{Expression, ParseMode};

use super::graph::{self, asked_for, requirements_of};
use super::license;
use crate::model::approval::Approval;
use crate::model::bom::{
    Ask, Bom, Component, Decision, Edge, FileForm, License, Need, PackageFile, Subject, is_of_machine, package_url,
};
use crate::model::checksum::Checksum;
use crate::model::evaluation::{Evaluation, Judgement};
use crate::model::facts::Facts;
use crate::model::index_line::DependencyKind;
use crate::model::license::{LicensePolicy, LicenseStatement};
use crate::model::manifest::{About, OwnDependency};
use crate::model::package::{CrateId, LockedChecksum, Package};
use crate::model::party::{Party, is_web};
use crate::model::source::{Registry, Source, without_credentials};
use crate::model::trail::{EventId, Trail};
use crate::model::vendoring::TargetPlatform;
use crate::model::verdict::{Basis, Verdict};

/// What is known of the packages beside the facts of the decision.
#[derive(Debug)]
pub(crate) struct Known<'a> {
    pub facts: &'a Facts,
    /// The decision as it would be if no advisory were known.
    pub evaluation: &'a Evaluation,
    /// The decision as it is: a release that is approved because it mends another is so in every document.
    pub fixes: &'a Evaluation,
    pub approvals: &'a [Approval],
    pub licenses: &'a LicensePolicy,
    pub trail: &'a Trail,
    /// What is inside each package, as far as a manifest of it was at hand.
    pub contents: &'a [Option<Content>],
    /// By position, what the manifests of the project's own packages ask for.
    pub own: &'a BTreeMap<usize, Vec<OwnDependency>>,
    /// By position, whether a build has it where nobody names features; `None` where that is not known.
    pub by_default: Option<&'a [bool]>,
    /// By position, where packages can be downloaded.
    pub downloads: &'a BTreeMap<usize, String>,
}

/// What a package's manifest and archive say.
#[derive(Clone, Debug)]
pub(crate) struct Content {
    pub about: About,
    /// `None` for the project's own packages, whose licence files nobody is asked about.
    pub statement: Option<LicenseStatement>,
    /// The SHA-512 of its `.crate` file, in hexadecimal digits.
    pub sha512: Option<String>,
    /// Its manifest as a file, where it lies in a repository.
    pub manifest: Option<PackageFile>,
}

/// What the document is to have.
#[derive(Clone, Debug)]
pub(crate) struct Wanted<'a> {
    pub created: jiff::Timestamp,
    pub author: Option<Party>,
    /// Who hands out the project's own packages.
    pub supplier: Option<Party>,
    pub lock: Checksum,
    pub targets: &'a [TargetPlatform],
    pub without_dev: bool,
    /// What a workspace is called that has no package of its own.
    pub name: &'a str,
    /// The manifest of the workspace.
    pub file: Option<PackageFile>,
    /// The member that stands for all, where its manifest is the workspace's.
    pub root: Option<usize>,
}

/// Makes it.
#[must_use]
pub(crate) fn bom(known: &Known<'_>, wanted: &Wanted<'_>) -> Bom {
    let packages = &known.facts.packages;
    let members = members(packages);
    let built = graph::built_by(packages, &|at| requirements_of(known.facts, at), wanted.targets);
    let edges = edges(known);
    let needs = needs(known, &members, &edges);
    let kept: Vec<usize> = (0..packages.len())
        .filter(|at| built.get(*at) == Some(&true) && needs.contains_key(at))
        .filter(|at| !wanted.without_dev || needs.get(at) != Some(&Need::Development))
        .collect();
    let place: BTreeMap<usize, usize> = kept.iter().enumerate().map(|(new, old)| (*old, new)).collect();
    let events = events(known.trail);
    let supplier = wanted.supplier.as_ref();
    let mut components: Vec<Component> = kept
        .iter()
        .map(|at| component(known, &events, *at, needs.get(at).copied().unwrap_or(Need::Runtime), supplier))
        .collect();
    tell_apart(&mut components);
    let edges = edges.into_iter().filter_map(|edge| {
        let asks: Vec<Ask> =
            edge.asks.iter().filter(|ask| !wanted.without_dev || ask.kind != DependencyKind::Dev).cloned().collect();
        // An edge that only tests have goes with them.
        if asks.is_empty() && !edge.asks.is_empty() {
            return None;
        }
        Some(Edge { from: *place.get(&edge.from)?, to: *place.get(&edge.to)?, asks })
    });
    let members: Vec<usize> = members.iter().filter_map(|at| place.get(at).copied()).collect();
    let root = wanted.root.and_then(|at| place.get(&at).copied());
    let subject = match (members.as_slice(), root) {
        ([only], _) => Subject::Package(*only),
        ([], Some(root)) => Subject::Package(root),
        // No member leads to all the others, so that none stands for them.
        (_, root) => {
            let name = root.and_then(|root| components.get(root)).map_or(wanted.name, |root| &root.id.name).to_owned();
            Subject::Workspace { name, members, file: wanted.file.clone() }
        }
    };
    Bom {
        subject,
        components,
        edges: edges.collect(),
        created: wanted.created,
        // Whoever hands it out answers for what is said of it, where nobody else does.
        author: wanted.author.clone().or_else(|| wanted.supplier.clone()),
        supplier: wanted.supplier.clone(),
        lock: wanted.lock,
        targets: wanted.targets.iter().map(|target| target.triple.clone()).collect(),
        without_dev: wanted.without_dev,
        decided: known.evaluation.blockers.is_empty(),
    }
}

/// The events about each release, newest first, with the digest that they name.
type Events = BTreeMap<(CrateId, Version), Vec<(EventId, Option<Checksum>)>>;

fn events(trail: &Trail) -> Events {
    let mut events = Events::new();
    for (id, event) in trail.newest_first() {
        for record in &event.releases {
            let release = (record.crate_id.clone(), record.version.clone());
            events.entry(release).or_default().push((id, record.checksum));
        }
    }
    events
}

/// The workspace's members; where they are not known, the packages without a source on which no other depends.
fn members(packages: &[Package]) -> Vec<usize> {
    let positions = |choose: &dyn Fn(usize, &Package) -> bool| -> Vec<usize> {
        packages.iter().enumerate().filter(|(at, package)| choose(*at, package)).map(|(at, _)| at).collect()
    };
    let members = positions(&|_, package| package.local.as_ref().is_some_and(|local| local.member));
    if !members.is_empty() {
        return members;
    }
    let needed: BTreeSet<usize> = packages.iter().flat_map(|package| package.dependencies.iter().copied()).collect();
    let tops = positions(&|at, package| package.id.source == Source::Local && !needed.contains(&at));
    if tops.is_empty() { positions(&|at, _| !needed.contains(&at)) } else { tops }
}

fn edges(known: &Known<'_>) -> Vec<Edge> {
    let packages = &known.facts.packages;
    let mut edges = Vec::new();
    for (from, package) in packages.iter().enumerate() {
        let asked = requirements_of(known.facts, from).unwrap_or_default();
        let own = known.own.get(&from).map_or(&[][..], Vec::as_slice);
        let unique: BTreeSet<usize> = package.dependencies.iter().copied().collect();
        for to in unique {
            let Some(dependency) = packages.get(to) else { continue };
            let crate_id = dependency.id.crate_id();
            let of_index = asked
                .iter()
                .filter(|_| package.id.source != Source::Local || own.is_empty())
                .filter(|one| one.name == dependency.id.name && asked_for(package, one) == crate_id)
                .filter(|one| one.req.matches(&dependency.id.version))
                .map(|one| Ask { kind: one.kind, target: one.target.clone(), optional: one.optional });
            let of_manifest = own
                .iter()
                .filter(|one| *one.name == *dependency.id.name && one.accepts(&dependency.id.version))
                .map(|one| Ask { kind: one.kind, target: one.target.clone(), optional: one.optional });
            let asks: BTreeSet<Ask> = of_index.chain(of_manifest).collect();
            edges.push(Edge { from, to, asks: asks.into_iter().collect() });
        }
    }
    edges
}

/// What each package is needed for, from the members down. What nothing leads to is not built at all.
fn needs(known: &Known<'_>, members: &[usize], edges: &[Edge]) -> BTreeMap<usize, Need> {
    let is_macro = |at: usize| {
        known.contents.get(at).and_then(Option::as_ref).and_then(|content| content.about.proc_macro) == Some(true)
    };
    let mut below: BTreeMap<usize, Vec<&Edge>> = BTreeMap::new();
    for edge in edges {
        below.entry(edge.from).or_default().push(edge);
    }
    let mut needs: BTreeMap<usize, Need> = BTreeMap::new();
    let mut queue: VecDeque<(usize, Need)> = members.iter().map(|at| (*at, Need::Runtime)).collect();
    while let Some((at, need)) = queue.pop_front() {
        if needs.get(&at).is_some_and(|known| *known <= need) {
            continue;
        }
        needs.insert(at, need);
        for edge in below.get(&at).into_iter().flatten() {
            let kinds: Vec<DependencyKind> = edge.asks.iter().map(|ask| ask.kind).collect();
            // What only the lock file tells of may be for anything.
            let strongest = kinds.iter().map(|kind| of_kind(*kind)).min().unwrap_or(Need::Runtime);
            let own = if is_macro(edge.to) { strongest.max(Need::Build) } else { strongest };
            queue.push_back((edge.to, need.max(own)));
        }
    }
    needs
}

const fn of_kind(kind: DependencyKind) -> Need {
    match kind {
        DependencyKind::Normal => Need::Runtime,
        DependencyKind::Build => Need::Build,
        DependencyKind::Dev => Need::Development,
    }
}

/// Gives each component a reference that no other has.
fn tell_apart(components: &mut [Component]) {
    let mut known = BTreeSet::new();
    for (at, component) in components.iter_mut().enumerate() {
        if !known.insert(component.reference.clone()) {
            component.reference = format!("{}#{at}", component.reference);
            known.insert(component.reference.clone());
        }
    }
}

fn component(known: &Known<'_>, events: &Events, at: usize, need: Need, supplier: Option<&Party>) -> Component {
    let package = &known.facts.packages[at];
    let content = known.contents.get(at).and_then(Option::as_ref);
    let about = content.map(|content| &content.about);
    let purl = package_url(package);
    let web = |address: Option<&String>| {
        address.map(|address| without_credentials(address).into_owned()).filter(|one| is_web(one))
    };
    let homepage = web(about.and_then(|about| about.homepage.as_ref()));
    let repository = web(about.and_then(|about| about.repository.as_ref()));
    let authors: Vec<Party> =
        about.into_iter().flat_map(|about| &about.authors).filter_map(|text| Party::of(text)).collect();
    let (place, commit) = match &package.id.source {
        Source::Git(git) => {
            (Some(without_credentials(&git.url).into_owned()).filter(|url| is_web(url)), git.commit.clone())
        }
        Source::Local | Source::Registry(_) | Source::Other(_) => (None, None),
    };
    let repository = place.clone().or(repository);
    let of_commit = place.zip(commit.as_ref()).map(|(place, commit)| format!("git+{place}@{commit}"));
    let page = homepage.clone().or_else(|| repository.clone()).or_else(|| page_of(package));
    Component {
        reference: purl.clone().unwrap_or_else(|| format!("{}@{}#{at}", package.id.name, package.id.version)),
        makers: makers(package, &authors, page, supplier),
        supplier: supplied(package, supplier),
        file: file(package, content),
        purl,
        id: package.id.clone(),
        need,
        optional: known.by_default.and_then(|built| built.get(at)) == Some(&false),
        proc_macro: about.and_then(|about| about.proc_macro),
        program: about.is_some_and(|about| about.program),
        license: stated(known.licenses, package, content),
        description: about.and_then(|about| about.description.clone()),
        authors,
        homepage,
        repository,
        commit,
        download: web(known.downloads.get(&at)).or(of_commit),
        decision: judgement(known, at).map(|one| decision(known, events, package, one)).unwrap_or_default(),
    }
}

/// The file that it comes in. A package of a registry has one whose name follows from its own.
fn file(package: &Package, content: Option<&Content>) -> Option<PackageFile> {
    match package.id.source {
        Source::Registry(_) => Some(PackageFile {
            name: format!("{}-{}.crate", package.id.name, package.id.version),
            form: FileForm::Archive,
            sha256: match package.checksum {
                LockedChecksum::Known(checksum) => Some(checksum),
                LockedChecksum::Missing | LockedChecksum::Malformed(_) => None,
            },
            sha512: content.and_then(|content| content.sha512.clone()),
        }),
        Source::Local | Source::Git(_) | Source::Other(_) => content.and_then(|content| content.manifest.clone()),
    }
}

/// The authors; where none of them gives an address, whoever is behind the project's page as well. Nobody is made up.
fn makers(package: &Package, authors: &[Party], page: Option<String>, supplier: Option<&Party>) -> Vec<Party> {
    let mut makers = authors.to_vec();
    if !makers.iter().any(Party::has_address) {
        let of_page = page.map(|url| Party {
            name: Some(format!("the authors of {}", package.id.name)),
            email: None,
            url: Some(url),
        });
        let own = supplier.filter(|_| package.id.source == Source::Local).cloned();
        makers.extend(own.or(of_page));
    }
    makers.sort();
    makers.dedup();
    makers
}

/// The page of a project whose manifest names none: crates.io has one of each crate, and a repository is one.
fn page_of(package: &Package) -> Option<String> {
    match &package.id.source {
        Source::Registry(Registry::CratesIo) => Some(format!("https://crates.io/crates/{}", package.id.name)),
        Source::Git(git) => Some(without_credentials(&git.url).into_owned()).filter(|url| is_web(url)),
        Source::Registry(Registry::Sparse(_) | Registry::Git(_)) | Source::Local | Source::Other(_) => None,
    }
}

/// Who hands a package out: a registry, the host of a repository, or for the project's own whom it names.
fn supplied(package: &Package, own: Option<&Party>) -> Option<Party> {
    let by_host = |url: &str| {
        let url = without_credentials(url).into_owned();
        let host = url.split_once("://").map_or(&*url, |(_, rest)| rest).split(['/', '?', '#']).next()?;
        let name = host.rsplit_once('@').map_or(host, |(_, host)| host).to_owned();
        (!is_of_machine(&url)).then(|| Party {
            name: Some(name),
            email: None,
            url: Some(url).filter(|url| is_web(url)),
        })
    };
    match &package.id.source {
        Source::Registry(Registry::CratesIo) => {
            Some(Party { name: Some("crates.io".to_owned()), email: None, url: page_of(package) })
        }
        Source::Registry(Registry::Sparse(url) | Registry::Git(url)) => by_host(url),
        Source::Git(git) => by_host(&git.url),
        Source::Local => own.cloned(),
        Source::Other(_) => None,
    }
}

fn stated(policy: &LicensePolicy, package: &Package, content: Option<&Content>) -> License {
    let Some(content) = content else { return License::Unknown };
    let written = content.about.license.as_deref();
    let canonical = |text: &str| {
        let lax = Expression::parse_mode(text, ParseMode::LAX).ok()?;
        // The parser keeps the words of the text; a document has those of the specification.
        let fixed = Expression::canonicalize(text).ok().flatten().unwrap_or_else(|| text.to_owned());
        Expression::parse_mode(&fixed, ParseMode { allow_deprecated: true, ..ParseMode::STRICT })
            .map(|parsed| parsed.to_string())
            .ok()
            .or_else(|| Some(lax.to_string()))
            .filter(|text| {
                Expression::parse_mode(text, ParseMode { allow_deprecated: true, ..ParseMode::STRICT }).is_ok()
            })
    };
    let declared = written.and_then(canonical);
    let clarified = content.statement.as_ref().filter(|_| policy.is_set()).and_then(|statement| {
        let counts = license::expression(policy, &package.id, statement)?;
        (statement.expression.as_deref() != Some(counts)).then(|| counts.to_owned())
    });
    match (clarified, declared, written, &content.about.license_file) {
        (Some(expression), declared, ..) => License::Clarified { expression, declared },
        (None, Some(expression), written, _) => {
            let written = written.filter(|written| **written != *expression).map(str::to_owned);
            License::Declared { expression, written }
        }
        (None, None, Some(other), _) => License::Other(other.to_owned()),
        (None, None, None, Some(file)) => License::File(file.clone()),
        (None, None, None, None) => License::Unstated,
    }
}

fn judgement<'k>(known: &Known<'k>, at: usize) -> Option<&'k Judgement> {
    let is_fix = |one: &&Judgement| matches!(one.verdict, Some(Verdict::Approved(Basis::SecurityFix { .. })));
    known.fixes.judgements.get(at).filter(is_fix).or_else(|| known.evaluation.judgements.get(at))
}

fn decision(known: &Known<'_>, events: &Events, package: &Package, judgement: &Judgement) -> Decision {
    let decided = known.evaluation.blockers.is_empty();
    let until = match &judgement.verdict {
        Some(Verdict::Approved(Basis::Approval { given })) => {
            let on_line = |line| known.approvals.iter().find(move |one| one.line == line);
            given.iter().filter_map(|one| on_line(one.line)?.until).min()
        }
        _ => None,
    };
    let event = package.id.crate_id().and_then(|crate_id| {
        let records = events.get(&(crate_id, package.id.version.clone()))?;
        let is_it = |checksum: &Option<Checksum>| {
            checksum.is_none_or(|checksum| package.checksum == LockedChecksum::Known(checksum))
        };
        records.iter().find(|(_, checksum)| is_it(checksum)).map(|(id, _)| *id)
    });
    Decision {
        verdict: match &judgement.verdict {
            _ if !decided => "undecided",
            None => "not-judged",
            Some(verdict) => verdict.code(),
        },
        basis: match &judgement.verdict {
            Some(Verdict::Approved(basis)) if decided => Some(basis.code().as_str()),
            _ => None,
        },
        reasons: judgement.reasons().into_iter().flatten().map(|reason| reason.code().as_str()).collect(),
        eligible_at: judgement.reasons().and_then(crate::model::verdict::Reasons::eligible_at),
        pubtime: judgement.pubtime,
        yanked: judgement.yanked,
        approved_until: until,
        event,
    }
}

/// The page on which crates.io offers a release.
#[must_use]
pub(crate) fn crates_io_download(package: &Package) -> Option<String> {
    let Source::Registry(Registry::CratesIo) = package.id.source else { return None };
    Some(format!("https://crates.io/api/v1/crates/{}/{}/download", package.id.name, package.id.version))
}
