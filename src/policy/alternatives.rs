//! The way out for a package that is not approved: releases that could take its place.

use std::collections::BTreeMap;

use semver::Version;

use super::graph::{same_line, serves};
use super::judge::Judge;
use super::{advisory, graph};
use crate::model::advisory::AdvisoryKind;
use crate::model::evaluation::{Fix, FixStanding};
use crate::model::history::History;
use crate::model::index_line::Outline;
use crate::model::package::CrateId;
use crate::model::verdict::{ReasonCode, Reasons, Verdict};

/// The releases that could take a locked one's place, newest first, each judged at most once however many packages ask.
#[derive(Debug)]
pub struct Candidates<'j> {
    judge: &'j Judge<'j>,
    by_crate: BTreeMap<CrateId, Vec<Candidate<'j>>>,
}

#[derive(Debug)]
struct Candidate<'j> {
    release: &'j Outline,
    is_approved: Option<bool>,
}

impl<'j> Candidates<'j> {
    /// No crate has been asked about yet.
    #[must_use]
    pub const fn new(judge: &'j Judge<'j>) -> Self {
        Self { judge, by_crate: BTreeMap::new() }
    }

    /// The newest release that every requirement in this graph accepts and the policy approves. For a malicious one only older
    /// releases are named: what its publisher put out afterwards is no way out.
    #[must_use]
    pub fn newest_approved(&mut self, package: usize, reasons: &Reasons) -> Option<Version> {
        let requirements = graph::requirements(self.judge.facts, &self.judge.graph, package);
        self.newest(package, reasons, |version| requirements.iter().all(|req| req.matches(version)))
    }

    /// The newest that the policy approves and that no requirement but those of this workspace's own manifests keeps out, preferably one
    /// that is compatible with the locked one. From an advisory nothing older of another line is a way out.
    #[must_use]
    pub fn newest_if_edited(&mut self, package: usize, reasons: &Reasons) -> Option<Version> {
        let others = graph::requirements_of_others(self.judge.facts, &self.judge.graph, package)?;
        let locked = &self.judge.facts.packages.get(package)?.id.version;
        let accepted = |version: &Version| version.pre.is_empty() && others.iter().all(|req| req.matches(version));
        let back = reasons.iter().all(|reason| reason.code().time_lifts() || reason.code() == ReasonCode::Malicious);
        self.newest(package, reasons, |version| accepted(version) && same_line(version, locked))
            .or_else(|| self.newest(package, reasons, |version| accepted(version) && (back || version > locked)))
    }

    fn newest(&mut self, package: usize, reasons: &Reasons, fits: impl Fn(&Version) -> bool) -> Option<Version> {
        let judge = self.judge;
        let locked = judge.facts.packages.get(package)?;
        let crate_id = locked.id.crate_id()?;
        let history = judge.history(&crate_id)?;
        let older_only = reasons.iter().any(|reason| reason.code() == ReasonCode::Malicious);
        let candidates = self.by_crate.entry(crate_id.clone()).or_insert_with(|| candidates(history));
        for Candidate { release, is_approved } in candidates {
            let version = &release.version;
            if *is_approved == Some(false) {
                continue;
            }
            if !fits(version) || *version == locked.id.version || (older_only && *version > locked.id.version) {
                continue;
            }
            let approves = || matches!(judge.verdict(&crate_id, history, release), Verdict::Approved(_));
            if *is_approved.get_or_insert_with(approves) {
                return Some(version.clone());
            }
        }
        None
    }

    /// For each vulnerability or other advisory that hits a locked release: the lowest compatible release after it that is not hit,
    /// and what the policy makes of that release. The lowest, because patched ranges are open-ended and a later release proves
    /// nothing.
    #[must_use]
    pub fn fixes(&mut self, crate_id: &CrateId, locked: &Version) -> Vec<Fix> {
        let judge = self.judge;
        let Some(history) = judge.history(crate_id) else { return Vec::new() };
        // An advisory that names no fix, as of a crate that nobody maintains, has none to look for in a large index file.
        let mended: Vec<_> = advisory::hits(&judge.facts.advisories, crate_id, locked)
            .filter(|hit| hit.kind != AdvisoryKind::Malicious && !hit.versions.patched().is_empty())
            .collect();
        if mended.is_empty() {
            return Vec::new();
        }
        let all = self.by_crate.entry(crate_id.clone()).or_insert_with(|| candidates(history));
        let newer = all.partition_point(|one| one.release.version > *locked);
        let mut fixes = Vec::new();
        for hit in mended {
            let upwards = all.iter().take(newer).rev().map(|one| one.release);
            let lowest = upwards
                .take_while(|one| same_line(&one.version, locked))
                .find(|one| serves(locked, &one.version) && !hit.versions.is_vulnerable(&one.version));
            let Some(lowest) = lowest else { continue };
            let standing = match judge.verdict(crate_id, history, lowest) {
                Verdict::Approved(basis) => FixStanding::Approved(basis),
                Verdict::Quarantined(reasons) | Verdict::Rejected(reasons) => FixStanding::Held(reasons),
                Verdict::Local => continue,
            };
            fixes.push(Fix { advisory: hit.id.clone(), version: lowest.version.clone(), standing });
        }
        fixes
    }
}

/// The releases that a resolver may take, newest first.
fn candidates(history: &History) -> Vec<Candidate<'_>> {
    let mut all: Vec<_> = history
        .outlines()
        .filter(|release| !release.yanked)
        .map(|release| Candidate { release, is_approved: None })
        .collect();
    all.sort_by(|one, other| other.release.version.cmp(&one.release.version));
    all
}
