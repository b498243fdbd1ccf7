//! Cargo's package-id specs: `name`, `name@1.2`, `registry+https://…#name@1.2.3`, and what they name.

use std::fmt;

use semver::Version;

use super::outcome::CommandError;
use crate::model::crate_name::is_same;
use crate::model::package::{CrateId, Package, PackageId};
use crate::model::source::{CRATES_IO_SPARSE_INDEX, GitSource, Registry, Source};
use crate::report::context::package_name;

/// What a caller named.
#[derive(Clone, Debug)]
pub(super) struct Spec {
    text: String,
    /// The address, with the kind of source where the caller gave it.
    url: Option<String>,
    name: Option<String>,
    version: Option<String>,
}

impl Spec {
    /// Reads it.
    pub(super) fn parse(text: &str) -> Result<Self, CommandError> {
        let bad = || CommandError::BadSpec { spec: text.to_owned() };
        let (url, rest) = if text.contains("://") {
            let (url, fragment) = text.split_once('#').map_or((text, None), |(url, rest)| (url, Some(rest)));
            (Some(url.to_owned()), fragment)
        } else {
            (None, Some(text))
        };
        let is_version = |text: &str| text.starts_with(|first: char| first.is_ascii_digit());
        let (name, version) = match rest {
            None => (last_segment(url.as_deref().unwrap_or_default()), None),
            Some(rest) => match rest.split_once('@').or_else(|| rest.split_once(':')) {
                Some((name, version)) => (Some(name), Some(version)),
                None if url.is_some() && is_version(rest) => {
                    (last_segment(url.as_deref().unwrap_or_default()), Some(rest))
                }
                None => (Some(rest), None),
            },
        };
        let is_name = |name: &str| {
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        };
        if !name.is_some_and(is_name) || version.is_some_and(|version| !is_version(version)) {
            return Err(bad());
        }
        let (name, version) = (name.map(str::to_owned), version.map(str::to_owned));
        Ok(Self { text: text.to_owned(), url, name, version })
    }

    /// Whether it names this locked package.
    pub(super) fn names_locked(&self, package: &Package) -> bool {
        match (&self.url, package.local_address()) {
            (Some(url), Some(address)) => {
                let is_it = url.strip_prefix("path+").unwrap_or(url) == address;
                is_it && Self { url: None, ..self.clone() }.names(&package.id)
            }
            (Some(_) | None, _) => self.names(&package.id),
        }
    }

    /// Whether it names this package.
    pub(super) fn names(&self, id: &PackageId) -> bool {
        self.name.as_ref().is_none_or(|name| is_same(name, &id.name)) && self.is_version(&id.version) && self.is_at(id)
    }

    /// The crate's name.
    pub(super) fn crate_name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The version, where one is given; it must be a whole one.
    pub(super) fn whole_version(&self) -> Result<Option<Version>, CommandError> {
        let parse = |text: &String| text.parse().map_err(|_| CommandError::BadSpec { spec: self.text.clone() });
        self.version.as_ref().map(parse).transpose()
    }

    /// The position of the one locked package that it names.
    pub(super) fn locked(&self, packages: &[Package]) -> Result<Option<usize>, CommandError> {
        let found: Vec<_> = (0..packages.len()).filter(|at| self.names_locked(&packages[*at])).collect();
        match found.as_slice() {
            [] => Ok(None),
            [one] => Ok(Some(*one)),
            several => Err(self.ambiguous(several.iter().map(|at| (&packages[*at].id, packages[*at].spec())))),
        }
    }

    /// The release that it names where no lock file is asked: a whole version of a registry's crate.
    pub(super) fn release(&self) -> Option<(CrateId, Version)> {
        let version = Version::parse(self.version.as_deref()?).ok()?;
        let registry = match self.url.as_deref() {
            None | Some(CRATES_IO_SPARSE_INDEX) => Registry::CratesIo,
            Some(url) => Registry::meant(url).ok()?,
        };
        Some((CrateId { registry, name: self.name.as_deref()?.into() }, version))
    }

    /// The error that lists what it could mean.
    pub(super) fn ambiguous<'a>(&self, found: impl Iterator<Item = (&'a PackageId, String)>) -> CommandError {
        let found: Vec<_> = found.collect();
        let alike =
            |id: &PackageId| found.iter().filter(|(one, _)| one.name == id.name && one.version == id.version).count();
        let candidates: Vec<_> = found
            .iter()
            .map(|(id, spec)| if alike(id) > 1 { spec.clone() } else { format!("{}@{}", id.name, id.version) })
            .collect();
        CommandError::Ambiguous { spec: self.text.clone(), candidates: candidates.join("\n  ") }
    }

    /// The error that nothing is named by it.
    pub(super) fn unknown(&self, packages: &[Package]) -> CommandError {
        let same: Vec<_> = packages
            .iter()
            .filter(|package| self.name.as_deref().is_some_and(|name| is_same(name, &package.id.name)))
            .map(|package| package_name(&package.id))
            .collect();
        let locked = if same.is_empty() {
            let names = packages.iter().map(|package| &*package.id.name);
            meant(self.name.as_deref().unwrap_or_default(), names)
        } else {
            format!("; it has {} of that name", same.join(", "))
        };
        CommandError::NotInGraph { spec: self.text.clone(), locked }
    }

    fn is_version(&self, version: &Version) -> bool {
        let Some(wanted) = &self.version else { return true };
        if let Ok(wanted) = Version::parse(wanted) {
            // As cargo has it: build metadata counts only where it is given.
            return if wanted.build.is_empty() { wanted.cmp_precedence(version).is_eq() } else { wanted == *version };
        }
        let numbers = [version.major, version.minor, version.patch];
        let parts: Vec<_> = wanted.split('.').map(str::parse::<u64>).collect();
        version.pre.is_empty()
            && parts.len() < 3
            && parts.iter().zip(numbers).all(|(part, number)| part.as_ref().is_ok_and(|part| *part == number))
    }

    fn is_at(&self, id: &PackageId) -> bool {
        let Some(url) = self.url.as_deref() else { return true };
        match &id.source {
            Source::Registry(registry) => {
                Registry::meant(url).is_ok_and(|given| given == *registry)
                    || Registry::meant(&format!("sparse+{url}")).is_ok_and(|given| given == *registry)
            }
            // As cargo has it: with the kind of the source the reference must be the one that is asked for, or none.
            Source::Git(git) => match url.strip_prefix("git+") {
                Some(url) => {
                    let (url, reference) =
                        url.split_once('?').map_or((url, None), |(url, reference)| (url, Some(reference.into())));
                    let given = GitSource { url: url.into(), reference, commit: None };
                    given.url == git.url && given.wanted() == git.wanted()
                }
                None => url == &*git.url,
            },
            Source::Local | Source::Other(_) => false,
        }
    }
}

impl fmt::Display for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// How many names are offered in place of one that is unknown.
const MOST_MEANT: usize = 3;
/// Nothing that is longer is a name or an id.
const LONGEST_WORD: usize = 64;

/// `; did you mean serde or serde_json?`: the known words that are nearest to one that is not; nothing where none is near.
pub(super) fn meant<'k>(word: &str, known: impl Iterator<Item = &'k str>) -> String {
    near(word, known, (word.chars().count() / 3).clamp(1, 3))
}

/// The same for an id, whose digits all count: one slip, and no more.
pub(super) fn meant_id<'k>(id: &str, known: impl Iterator<Item = &'k str>) -> String {
    near(id, known, 1)
}

fn near<'k>(word: &str, known: impl Iterator<Item = &'k str>, most: usize) -> String {
    if word.is_empty() || word.len() > LONGEST_WORD {
        return String::new();
    }
    let word = word.to_ascii_lowercase().replace('_', "-");
    let near = |name: &'k str| {
        let plain = name.to_ascii_lowercase().replace('_', "-");
        let distance = strsim::osa_distance(&word, &plain);
        // What only begins alike is meant as well, but not before what is nearly the same.
        let begins = word.len() > 2 && plain.starts_with(&word);
        (distance <= most).then_some((0, distance)).or_else(|| begins.then_some((1, distance)))
    };
    let short = known.filter(|name| name.len() <= LONGEST_WORD);
    let mut found: Vec<_> = short.filter_map(|name| Some((near(name)?, name))).collect();
    found.sort_unstable();
    found.dedup();
    let names: Vec<&str> = found.into_iter().map(|(_, name)| name).take(MOST_MEANT).collect();
    if names.is_empty() { String::new() } else { format!("; did you mean {}?", names.join(" or ")) }
}

fn last_segment(url: &str) -> Option<&str> {
    let path = url.split(['?', '#']).next()?;
    path.trim_end_matches('/').rsplit('/').next().map(|name| name.trim_end_matches(".git"))
}
