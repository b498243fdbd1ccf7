//! The shape of a lock file, borrowed from its text, and its packages as the model has them, each dependency a position. Every look-up
//! is one in a map, so that the time grows with the file and not with its square.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, hash_map};
use std::sync::Arc;

use serde::Deserialize;

use crate::model::checksum::Checksum;
use crate::model::package::{LockedChecksum, Package, PackageId};
use crate::model::source::{GitSource, Registry, Source};

/// The whole file; keys that cargo does not read either are ignored.
#[derive(Default, Deserialize, PartialEq, Eq)]
pub(super) struct RawLockFile<'a> {
    pub(super) version: Option<i64>,
    /// The root package, which cargo wrote apart until 2017.
    #[serde(borrow)]
    root: Option<RawPackage<'a>>,
    #[serde(borrow, default)]
    pub(super) package: Vec<RawPackage<'a>>,
    #[serde(borrow, default)]
    pub(super) metadata: BTreeMap<Text<'a>, Text<'a>>,
    #[serde(borrow, default)]
    patch: RawPatch<'a>,
}

#[derive(Default, Deserialize, PartialEq, Eq)]
struct RawPatch<'a> {
    #[serde(borrow, default)]
    unused: Vec<RawPackage<'a>>,
}

#[derive(Deserialize, PartialEq, Eq)]
pub(super) struct RawPackage<'a> {
    #[serde(borrow)]
    pub(super) name: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) version: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) source: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) checksum: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) dependencies: Vec<Text<'a>>,
    /// What a `[replace]` table puts in this package's place.
    #[serde(borrow, default)]
    pub(super) replace: Option<Text<'a>>,
}

/// A string that serde borrows inside a collection, too.
#[derive(Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(transparent)]
pub(super) struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'a> Text<'a> {
    pub(super) const fn of(text: &'a str) -> Self {
        Self(Cow::Borrowed(text))
    }
}

impl<'a> RawLockFile<'a> {
    /// The checksums of format 1, by `NAME VERSION (SOURCE)`.
    pub(super) fn checksums(&self) -> impl Iterator<Item = (&str, &str)> {
        self.metadata.iter().filter_map(|(key, value)| Some((key.0.strip_prefix("checksum ")?, &*value.0)))
    }

    /// Every package with its position among the `[[package]]` headers, which the root package does not have.
    fn packages(&self) -> impl Iterator<Item = (Option<usize>, &RawPackage<'a>)> {
        let listed = self.package.iter().enumerate().map(|(position, package)| (Some(position), package));
        self.root.iter().map(|root| (None, root)).chain(listed)
    }
}

/// A problem, and the position of the `[[package]]` that has it.
pub(super) type Located = (Option<usize>, PackageProblem);

/// Longer names are no crate's; cargo sets no bound, file systems do.
const MAX_NAME: usize = 255;

/// What a dependency without further words could mean.
#[derive(Clone, Copy)]
enum Candidate {
    One(usize),
    Several,
}

/// The packages of each name.
#[derive(Default)]
struct Positions<'a> {
    by_name: HashMap<&'a str, Places<'a>>,
}

/// Where packages of one name stand, by version and source. Nearly every name has one.
enum Places<'a> {
    One((&'a str, SourceKey), usize),
    Several(BTreeMap<(&'a str, SourceKey), usize>),
}

/// All packages, in the file's order, and whether cargo drops their checksums.
pub(super) fn packages(raw: &RawLockFile<'_>) -> Result<(Vec<Package>, bool), Located> {
    let mut sources = Sources::default();
    let mut positions = Positions { by_name: HashMap::with_capacity(raw.package.len() + 1) };
    let mut packages = Vec::with_capacity(raw.package.len() + 1);
    for (position, (header, package)) in raw.packages().enumerate() {
        let located = |problem| (header, problem);
        let (name, version) = (&*package.name, &*package.version);
        let (key, id) = identity(package, &mut sources).map_err(located)?;
        if !positions.add(name, (version, key), position) {
            return Err(located(PackageProblem::Twice { name: name.to_owned(), version: version.to_owned() }));
        }
        packages.push(Package {
            id,
            checksum: checksum(package.checksum.as_deref()),
            dependencies: Vec::new(),
            local: None,
        });
    }
    for ((header, from), package) in raw.packages().zip(&mut packages) {
        package.dependencies = dependencies(from, &positions, &mut sources).map_err(|problem| (header, problem))?;
    }
    let drops = raw.checksums().next().is_some() && is_of_later_format(raw, &packages);
    add_metadata_checksums(raw, &positions, &mut sources, &mut packages, drops)?;
    Ok((packages, drops))
}

/// Whether the file is of a later format than 1: there alone a package has a checksum of its own, and a dependency no version, or no source
/// although its package has one. Cargo tells by the same, where no version is given.
fn is_of_later_format(raw: &RawLockFile<'_>, packages: &[Package]) -> bool {
    let is_short = |text: &Text<'_>, on: usize| match text.0.split(' ').count() {
        0 | 1 => true,
        2 => packages.get(on).is_some_and(|package| package.id.source != Source::Local),
        _ => false,
    };
    raw.version.is_some()
        || raw.packages().zip(packages).any(|((_, from), package)| {
            from.checksum.is_some()
                || from.dependencies.iter().zip(&package.dependencies).any(|(text, on)| is_short(text, *on))
        })
}

/// What the file says that a `[patch]` puts in without use.
pub(super) fn unused_patches(raw: &RawLockFile<'_>) -> Result<Vec<PackageId>, Located> {
    let mut sources = Sources::default();
    let unused = raw.patch.unused.iter();
    unused.map(|package| Ok(identity(package, &mut sources).map_err(|problem| (None, problem))?.1)).collect()
}

fn identity<'a>(
    package: &'a RawPackage<'a>,
    sources: &mut Sources<'a>,
) -> Result<(SourceKey, PackageId), PackageProblem> {
    let (name, version) = (&*package.name, &*package.version);
    // Before everything else: the name stands in every other message.
    let bad_name = || PackageProblem::Name { name: name.to_owned() };
    if !is_name(name) {
        return Err(bad_name());
    }
    let text = package.source.as_deref();
    let (key, source) = sources.read(text).ok_or_else(|| {
        let source_text = text.unwrap_or_default().to_owned();
        PackageProblem::Source { name: name.to_owned(), source_text }
    })?;
    if matches!(source, Source::Registry(_)) && !name.is_ascii() {
        return Err(bad_name());
    }
    let parsed =
        version.parse().map_err(|_| PackageProblem::Version { name: name.to_owned(), version: version.to_owned() })?;
    Ok((key, PackageId { name: Arc::from(name), version: parsed, source }))
}

fn dependencies<'a>(
    package: &'a RawPackage<'a>,
    positions: &Positions<'a>,
    sources: &mut Sources<'a>,
) -> Result<Vec<usize>, PackageProblem> {
    let named = package.dependencies.iter().chain(&package.replace);
    named
        .map(|text| match positions.find(&text.0, sources) {
            Some(Candidate::One(position)) => Ok(position),
            Some(Candidate::Several) => Err(PackageProblem::AmbiguousDependency {
                name: package.name.clone().into_owned(),
                dependency: text.0.clone().into_owned(),
            }),
            None => Err(PackageProblem::UnknownDependency {
                name: package.name.clone().into_owned(),
                dependency: text.0.clone().into_owned(),
            }),
        })
        .collect()
}

/// The checksums of format 1, unless cargo `drops` them. One that belongs to no package is left over from an earlier state, as in cargo.
fn add_metadata_checksums<'a>(
    raw: &'a RawLockFile<'a>,
    positions: &Positions<'a>,
    sources: &mut Sources<'a>,
    packages: &mut [Package],
    drops: bool,
) -> Result<(), Located> {
    for (spec, text) in raw.checksums() {
        let Some(Candidate::One(position)) = positions.find(spec, sources) else { continue };
        let Some(package) = packages.get_mut(position) else { continue };
        let found = checksum(Some(text));
        if package.checksum != LockedChecksum::Missing && package.checksum != found {
            let (name, version) = (package.id.name.to_string(), package.id.version.to_string());
            let header = raw.packages().nth(position).and_then(|(header, _)| header);
            return Err((header, PackageProblem::TwoChecksums { name, version }));
        }
        if !drops {
            package.checksum = found;
        }
    }
    Ok(())
}

fn checksum(text: Option<&str>) -> LockedChecksum {
    match text {
        None | Some("<none>") => LockedChecksum::Missing,
        Some(text) => {
            text.parse::<Checksum>().map_or_else(|_| LockedChecksum::Malformed(text.into()), LockedChecksum::Known)
        }
    }
}

/// Cargo's grammar for package names; registries moreover take ASCII only.
fn is_name(name: &str) -> bool {
    let letters = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
    !name.is_empty() && name.len() <= MAX_NAME && !name.starts_with('-') && name.chars().all(letters)
}

impl<'a> Positions<'a> {
    /// Whether the package is the first with this identity.
    fn add(&mut self, name: &'a str, release: (&'a str, SourceKey), position: usize) -> bool {
        let places = match self.by_name.entry(name) {
            hash_map::Entry::Vacant(new) => {
                new.insert(Places::One(release, position));
                return true;
            }
            hash_map::Entry::Occupied(known) => known.into_mut(),
        };
        if let Places::One(first, at) = *places {
            *places = Places::Several(BTreeMap::from([(first, at)]));
        }
        match places {
            Places::One(..) => false,
            Places::Several(all) => all.insert(release, position).is_none(),
        }
    }

    /// The package behind `NAME`, `NAME VERSION` or `NAME VERSION (SOURCE)`, by the rules of cargo's own reader.
    fn find(&self, text: &'a str, sources: &mut Sources<'a>) -> Option<Candidate> {
        // Nearly every one is a name and nothing else.
        let (name, rest) = match memchr::memchr(b' ', text.as_bytes()) {
            Some(end) => (text.get(..end)?, text.get(end + 1..)),
            None => (text, None),
        };
        let places = self.by_name.get(name)?;
        let mut words = rest.into_iter().flat_map(|rest| rest.splitn(2, ' '));
        let version = words.next();
        let source = match words.next() {
            Some(source) => Some(sources.read(Some(source.strip_prefix('(')?.strip_suffix(')')?))?.0),
            None => None,
        };
        places.find(version, source)
    }
}

impl Places<'_> {
    fn find(&self, version: Option<&str>, source: Option<SourceKey>) -> Option<Candidate> {
        let all = match self {
            Self::One((own, key), at) => {
                let fits = version.is_none_or(|version| version == *own) && source.is_none_or(|source| source == *key);
                return fits.then_some(Candidate::One(*at));
            }
            Self::Several(all) => all,
        };
        let (((lowest, _), _), ((highest, _), _)) = all.first_key_value().zip(all.last_key_value())?;
        let version = match version {
            Some(version) => version,
            None if lowest == highest => lowest,
            None => return Some(Candidate::Several),
        };
        // Of one name and version cargo prefers the package without a source, where a dependency names none.
        let exactly = |key| all.get(&(version, key)).copied().map(Candidate::One);
        if source.is_some() {
            return source.and_then(exactly);
        }
        exactly(SourceKey::LOCAL).or_else(|| {
            let mut of_version = all.range((version, SourceKey::LOCAL)..).take_while(|((own, _), _)| *own == version);
            let (_, first) = of_version.next()?;
            Some(if of_version.next().is_some() { Candidate::Several } else { Candidate::One(*first) })
        })
    }
}

/// Stands for all spellings of one source, a git reference's encoded and plain ones included. Like cargo's own comparison of sources it
/// disregards the locked git commit: dependencies name a git package without it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct SourceKey(usize);

impl SourceKey {
    /// No source at all: a local package. The lowest of all.
    const LOCAL: Self = Self(0);
}

/// The sources of one lock file; there are few, and thousands of packages share them.
#[derive(Default)]
struct Sources<'a> {
    /// The one that was read before, which most packages have in common with the next.
    last: Option<(&'a str, Option<(SourceKey, Source)>)>,
    spellings: HashMap<&'a str, Option<(SourceKey, Source)>>,
    keys: HashMap<Source, SourceKey>,
}

impl<'a> Sources<'a> {
    /// The source behind a text, `None` for no text at all being a local package; the outer `None` is a text that is no address.
    fn read(&mut self, text: Option<&'a str>) -> Option<(SourceKey, Source)> {
        let Some(text) = text else { return Some((SourceKey::LOCAL, Source::Local)) };
        if let Some((_, known)) = self.last.as_ref().filter(|(last, _)| *last == text) {
            return known.clone();
        }
        let read = match self.spellings.get(text) {
            Some(known) => known.clone(),
            None => parse_source(text).map(|source| (self.key(&source), source)),
        };
        self.spellings.insert(text, read.clone());
        self.last = Some((text, read.clone()));
        read
    }

    fn key(&mut self, source: &Source) -> SourceKey {
        let without_commit = match source {
            Source::Git(git) => {
                let reference = git.wanted().setting().map(|(key, value)| format!("{key}={value}").into());
                Source::Git(GitSource { commit: None, reference, url: git.url.clone() })
            }
            Source::Local | Source::Registry(_) | Source::Other(_) => source.clone(),
        };
        let next = SourceKey(self.keys.len() + 1);
        match self.keys.entry(without_commit) {
            hash_map::Entry::Occupied(known) => *known.get(),
            hash_map::Entry::Vacant(new) => *new.insert(next),
        }
    }
}

fn parse_source(text: &str) -> Option<Source> {
    if text.is_empty() || text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return None;
    }
    match text.split_once('+') {
        Some(("registry" | "sparse", _)) => Registry::parse(text).ok().map(Source::Registry),
        Some(("git", url)) => parse_git(url),
        _ => Some(Source::Other(text.into())),
    }
}

fn parse_git(text: &str) -> Option<Source> {
    let (rest, commit) = text.split_once('#').unwrap_or((text, ""));
    let (url, reference) = rest.split_once('?').unwrap_or((rest, ""));
    // Anything but a whole SHA-1 or SHA-256 object name pins nothing.
    let pins = matches!(commit.len(), 40 | 64) && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
    url.contains("://").then(|| {
        Source::Git(GitSource {
            url: url.into(),
            reference: (!reference.is_empty()).then(|| reference.into()),
            commit: pins.then(|| commit.into()),
        })
    })
}

/// What is wrong with one `[[package]]`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PackageProblem {
    /// No name that cargo would accept; names become paths and arguments.
    #[error("{name:?} is not a package name")]
    Name { name: String },
    #[error("package `{name}` has the version {version:?}, which is not a semantic version")]
    Version { name: String, version: String },
    #[error("package `{name}` has the source {source_text:?}, which is not an address")]
    Source { name: String, source_text: String },
    #[error("package `{name} {version}` occurs twice with the same source")]
    Twice { name: String, version: String },
    #[error("package `{name} {version}` has two checksums")]
    TwoChecksums { name: String, version: String },
    /// A dependency that is not in the file.
    #[error("package `{name}` depends on {dependency:?}, which is not in the lock file")]
    UnknownDependency { name: String, dependency: String },
    /// A dependency that could be several packages.
    #[error("package `{name}` depends on {dependency:?}, which several packages of the lock file answer to")]
    AmbiguousDependency { name: String, dependency: String },
}
