//! Reads from cargo's error which crates it could not place.

use std::collections::BTreeSet;

use semver::{Version, VersionReq};

use super::child::Ended;
use super::session::Session;
use crate::gather::cargo_config::STAND_IN;
use crate::model::facts::IndexFact;
use crate::model::package::{CrateId, PackageId};
use crate::model::source::Source;
use crate::model::unresolved::{Obstacle, Unresolved};
use crate::model::visibility::{Hidden, HiddenBecause};

/// The most hidden releases of one crate that are told.
const MOST: usize = 4;

impl Session<'_> {
    /// What the filter has to do with a failure of cargo; no obstacles where it has nothing to do with it.
    pub(crate) fn explain(&self, ended: &Ended) -> Unresolved {
        let words = error_of(&ended.words);
        let hidden = self.hidden();
        let mut obstacles: Vec<Obstacle> = Vec::new();
        let mut told: BTreeSet<(String, Option<String>)> = BTreeSet::new();
        for named in named(&words) {
            if !told.insert((named.name.clone(), named.requirement.as_ref().map(ToString::to_string))) {
                continue;
            }
            let crates = hidden.iter().filter(|(id, hidden)| *id.name == *named.name && !hidden.is_empty());
            for (id, hidden) in crates {
                let fits = |one: &&Hidden| match (&named.locked, &named.requirement) {
                    (Some(locked), _) => one.version == *locked,
                    (None, Some(req)) => req.matches(&one.version),
                    (None, None) => one.version.pre.is_empty(),
                };
                // That a yanked release is not taken is cargo's own rule.
                let held = hidden.iter().filter(|one| one.because != HiddenBecause::Yanked);
                let mut releases: Vec<&Hidden> = held.filter(fits).collect();
                releases.sort_by(|one, other| other.version.cmp(&one.version));
                if releases.is_empty() {
                    continue;
                }
                obstacles.push(Obstacle {
                    name: id.name.clone(),
                    requirement: named.requirement.clone(),
                    required_by: named.required_by.clone(),
                    hidden: releases.into_iter().take(MOST).map(|one| (package(id, one), one.clone())).collect(),
                    newest_visible: self.newest_visible(id, hidden),
                });
            }
        }
        // The requirement that failed is named first; the others are the way to it.
        if obstacles.first().is_some_and(|first| first.requirement.is_some()) {
            obstacles.truncate(1);
        }
        Unresolved { words, obstacles }
    }

    fn newest_visible(&self, id: &CrateId, hidden: &[Hidden]) -> Option<Version> {
        let facts = self.facts_of(id)?;
        let IndexFact::Read(history) = facts else { return None };
        let hidden: BTreeSet<&Version> = hidden.iter().map(|one| &one.version).collect();
        let visible = history.outlines().map(|one| &one.version).filter(|version| !hidden.contains(version));
        visible.filter(|version| version.pre.is_empty()).max().cloned()
    }
}

fn package(id: &CrateId, hidden: &Hidden) -> PackageId {
    let source = Source::Registry(id.registry.clone());
    PackageId { name: id.name.clone(), version: hidden.version.clone(), source }
}

/// The crates that cargo's error names.
pub(super) fn crates_named(words: &str) -> BTreeSet<String> {
    named(&error_of(words)).into_iter().map(|named| named.name).collect()
}

/// What cargo says from its first error on, without the functions of its own that it was in (`RUST_BACKTRACE`).
fn error_of(words: &str) -> String {
    let lines = words.lines().skip_while(|line| !line.starts_with("error"));
    let lines = lines.take_while(|line| !line.to_ascii_lowercase().starts_with("stack backtrace"));
    // What cargo guesses about replaced sources does not hold for this one.
    let misleading = |line: &&str| {
        line.starts_with("perhaps a crate was updated and forgotten to be re-vendored")
            || (line.contains("location searched") && line.contains(STAND_IN))
    };
    lines.filter(|line| !misleading(line)).collect::<Vec<_>>().join("\n")
}

struct Named {
    name: String,
    requirement: Option<VersionReq>,
    locked: Option<Version>,
    required_by: Option<String>,
}

/// Everything in backticks that can be a crate, with what stands beside it: `` `name = "^1"` (locked to 1.2.3) ``.
fn named(words: &str) -> Vec<Named> {
    let required_by = words
        .lines()
        .find_map(|line| line.split_once("required by package `"))
        .map(|(_, rest)| rest.split('`').next().unwrap_or_default().to_owned());
    let locked = |after: &str| {
        let version = after.trim_start().strip_prefix("(locked to ")?.split(')').next()?;
        version.parse().ok()
    };
    let parts: Vec<&str> = words.split('`').collect();
    let mut all = Vec::new();
    for (position, part) in parts.iter().enumerate().skip(1).step_by(2) {
        let (name, rest) = part.split_once([' ', '@']).unwrap_or((part, ""));
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if name.is_empty() || !name.bytes().all(plain) {
            continue;
        }
        let requirement = rest.strip_prefix("= \"").and_then(|rest| rest.strip_suffix('"')?.parse().ok());
        let locked = parts.get(position + 1).copied().and_then(locked);
        all.push(Named { name: name.to_owned(), requirement, locked, required_by: required_by.clone() });
    }
    all
}

#[cfg(test)]
mod tests {
    use super::{error_of, named};

    #[test]
    fn a_requirement_and_who_asks_are_found() {
        let words = "    Updating index\nerror: failed to select a version for the requirement `bar = \"^1.1\"` (locked to 1.1.0)\n\
                     candidate versions found which didn't match: 1.0.0\nrequired by package `app v0.1.0 (/tmp/app)`\n";
        let words = error_of(words);
        assert!(words.starts_with("error: failed"), "{words}");
        let found = named(&words);
        assert_eq!(found[0].name, "bar");
        assert_eq!(found[0].requirement, "^1.1".parse().ok());
        assert_eq!(found[0].locked, "1.1.0".parse().ok());
        assert_eq!(found[0].required_by.as_deref(), Some("app v0.1.0 (/tmp/app)"));
    }
}
