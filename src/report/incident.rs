//! `incident`: what its formats share: who has what and since when, in words, and what to do in which order.

pub(crate) mod human;
pub(crate) mod json;
pub(crate) mod markdown;

use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8Path;

use super::context::{package_name, registry_name};
use super::escape::shell_word;
use super::way_out::{WayOut, command};
use super::words::{counted, few, moment};
use crate::model::Timestamp;
use crate::model::incident::{
    Affected, Bytes, CommitTold, Gap, Incident, Locked, RecordedSighting, Suspect, Tip, TipKind, Trace, TraceKind,
};
use crate::model::package::PackageId;
use crate::model::run::Invocation;
use crate::model::source::Source;

/// How many names of one kind a line shows before it counts the rest.
const NAMES: usize = 8;
/// How many commits of one kind are told one by one.
pub(crate) const TOLD: usize = 10;
/// The most paths in one command.
const PATHS: usize = 20;

/// Everything that a report of `incident` tells.
#[derive(Clone, Copy, Debug)]
pub(crate) struct IncidentReport<'a> {
    pub found: &'a Incident,
    /// When it is told.
    pub now: Timestamp,
    /// The folder of the run, in which commands are pasted.
    pub folder: &'a Utf8Path,
    /// What ways out have to fit.
    pub situation: &'a Invocation,
}

/// One part of what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub kind: StepKind,
    pub way: WayOut,
}

/// In which order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum StepKind {
    /// Lock another release, and keep it so.
    Pin,
    /// Take away what is left of it on this machine.
    Purge,
    /// Replace what it could have read.
    Rotate,
}

impl StepKind {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Pin => "pin",
            Self::Purge => "purge",
            Self::Rotate => "rotate",
        }
    }

    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Pin => "Pin",
            Self::Purge => "Purge",
            Self::Rotate => "Rotate",
        }
    }
}

impl IncidentReport<'_> {
    /// The answer in a sentence.
    pub(super) fn verdict(&self) -> String {
        let found = self.found;
        if !found.is_found() {
            return if found.gaps.is_empty() {
                "nothing of it was ever here, as far as this repository and this machine tell".to_owned()
            } else {
                "nothing of it was found, but not everything could be looked at".to_owned()
            };
        }
        let own = || found.locked.iter().filter(|one| !one.packaged);
        let has = |kind: TraceKind| found.traces.iter().any(|(trace, _)| trace.kind == kind);
        let mut parts = Vec::new();
        if own().any(|one| !one.tips.is_empty()) {
            parts.push("locked now");
        } else if own().next().is_some() {
            parts.push("locked in the past");
        }
        if own().any(|one| one.tips.iter().any(|tip| tip.kind == TipKind::Tag)) {
            parts.push("in a tag");
        }
        if has(TraceKind::Vendored) || has(TraceKind::Allowed) {
            parts.push("vendored");
        }
        if has(TraceKind::Archive) || has(TraceKind::Unpacked) {
            parts.push("downloaded to this machine");
        }
        if has(TraceKind::Installed) {
            parts.push("installed on it");
        }
        if has(TraceKind::BuildScriptRun) {
            parts.push("built here, its build script run");
        } else if has(TraceKind::Built) {
            parts.push("built here");
        }
        if parts.is_empty() {
            parts.push("recorded in the audit trail");
        }
        let partly = if found.gaps.is_empty() { "" } else { "; not everything could be looked at" };
        format!("{}{partly}", parts.join(", "))
    }

    pub(super) fn commit(&self, at: u32) -> Option<&CommitTold> {
        self.found.commits.get(&at)
    }

    /// When a commit was made, which one, and by whom.
    pub(super) fn commit_words(&self, at: u32) -> String {
        let Some(commit) = self.commit(at) else { return "a commit that cannot be read".to_owned() };
        let when = commit.committed.map_or_else(|| "at an unknown time".to_owned(), moment);
        let id = commit.id.get(..12).unwrap_or(&commit.id);
        format!("{when}, commit {id} by {}", commit.author)
    }

    /// What to do, in order.
    pub(super) fn steps(&self) -> Vec<Step> {
        let mut steps = Vec::new();
        if self.found.is_found() {
            self.pins(&mut steps);
            self.purges(&mut steps);
            self.rotations(&mut steps);
        }
        steps
    }

    fn pins(&self, steps: &mut Vec<Step>) {
        let mut pin = |way| {
            let step = Step { kind: StepKind::Pin, way };
            if !steps.contains(&step) {
                steps.push(step);
            }
        };
        // Before anything is resolved: a release that nothing stands against yet would be taken again.
        for entry in self.denials() {
            pin(WayOut::edit(
                "that it does not come back, add to `deny` under [bans] of sequester.toml".to_owned(),
                format!("\"{entry}\""),
            ));
        }
        let is_own = |one: &&Locked| !one.packaged;
        for one in self.found.locked.iter().filter(is_own) {
            let Some(manifest) = &one.manifest else { continue };
            let spec = format!("{}@{}", one.id.name, one.id.version);
            let whole = self.found.suspects.get(one.suspect).is_some_and(|of| matches!(of.affected, Affected::All));
            if whole || !matches!(one.id.source, Source::Registry(_)) {
                pin(WayOut::words(format!(
                    "no release of {} is to be trusted: take it out of the manifests of what asks for it in {}, then lock again",
                    one.id.name, one.path
                )));
                continue;
            }
            let words = format!("lock another release than {spec} in {}", one.path);
            let is_default = manifest == "Cargo.toml";
            let path = format!("{} --manifest-path {}", shell_word(&spec), shell_word(manifest.as_str()));
            let spec = if is_default { shell_word(&spec) } else { path };
            pin(WayOut::to_or(words, command(self.situation, "update", &spec)));
        }
        let tips = |kinds: &[TipKind]| {
            let of = self.found.locked.iter().filter(is_own).flat_map(|one| &one.tips);
            let names: BTreeSet<String> = of.filter(|tip| kinds.contains(&tip.kind)).map(tip_name).collect();
            names.into_iter().collect::<Vec<_>>()
        };
        let branches =
            tips(&[TipKind::Branch, TipKind::RemoteBranch, TipKind::DetachedHead, TipKind::Stash, TipKind::Other]);
        if !branches.is_empty() {
            pin(WayOut::words(format!("do the same wherever it is still locked: {}", few(&branches, NAMES))));
        }
        let tags = tips(&[TipKind::Tag]);
        if !tags.is_empty() {
            pin(WayOut::words(format!(
                "what was made from {} holds it: withdraw those releases, replace them, and tell who has them",
                few(&tags, NAMES)
            )));
        }
    }

    /// Entries of a policy's deny list for what was asked about by name; what an advisory hits, the policy rejects by the advisory.
    fn denials(&self) -> BTreeSet<String> {
        let of = self.found.suspects.iter().filter(|one| one.advisory.is_none());
        of.map(|one| match &one.affected {
            Affected::All | Affected::Hit(_) => one.crate_name.to_string(),
            Affected::Exactly(version) => format!("{}@={version}", one.crate_name),
            Affected::Within(wanted) => format!("{}@{wanted}", one.crate_name),
        })
        .collect()
    }

    fn purges(&self, steps: &mut Vec<Step>) {
        let mut purge = |way| steps.push(Step { kind: StepKind::Purge, way });
        let of = |kinds: &[TraceKind]| {
            let of = self.found.traces.iter().map(|(trace, _)| trace).filter(|trace| kinds.contains(&trace.kind));
            of.map(|trace| trace.path.as_path()).collect::<BTreeSet<&Utf8Path>>().into_iter().collect::<Vec<_>>()
        };
        if !of(&[TraceKind::Vendored, TraceKind::Allowed]).is_empty() {
            let words = "write the vendored sources anew, once another release is locked";
            purge(WayOut::to_or(words, command(self.situation, "vendor", "")));
        }
        let remove = |words: &str, paths: &[&Utf8Path]| -> Vec<WayOut> {
            let lines = paths.chunks(PATHS).map(|paths| {
                let here = |path: &Utf8Path| path.strip_prefix(self.folder).unwrap_or(path).to_string();
                let paths: Vec<String> = paths.iter().map(|path| shell_word(&here(path))).collect();
                WayOut::to(words, format!("rm -r {}", paths.join(" ")))
            });
            lines.collect()
        };
        let caches = of(&[TraceKind::Archive, TraceKind::Unpacked]);
        remove("take it out of cargo's download cache", &caches).into_iter().for_each(&mut purge);
        let built = of(&[TraceKind::Built, TraceKind::BuildScriptRun]);
        let folders = &self.found.looked_at.build_folders;
        let folders: BTreeSet<&Utf8Path> = built
            .iter()
            .filter_map(|path| folders.iter().find(|folder| path.starts_with(folder)).map(camino::Utf8PathBuf::as_path))
            .collect();
        let folders: Vec<&Utf8Path> = folders.into_iter().collect();
        remove("remove the whole build output: what ran could have written anywhere in it", &folders)
            .into_iter()
            .for_each(&mut purge);
        for (trace, _) in self.found.traces.iter().filter(|(trace, _)| trace.kind == TraceKind::Installed) {
            let name = shell_word(&trace.name);
            purge(WayOut::to("remove the installed program", format!("cargo uninstall {name}")));
        }
        let elsewhere = "caches of CI, build machines and containers, and other people's machines: run this there, or empty their caches";
        purge(WayOut::words(elsewhere));
    }

    fn rotations(&self, steps: &mut Vec<Step>) {
        let ran = self.found.traces.iter().any(|(trace, _)| {
            matches!(trace.kind, TraceKind::Built | TraceKind::BuildScriptRun | TraceKind::Installed)
        });
        let what = "tokens of registries (`credentials.toml` in cargo's home), variables of the environment, keys of SSH and git, cloud and CI tokens, sessions and wallets in the home folder";
        let here = if ran {
            format!("it was built here: replace every credential that a build on this machine could read: {what}")
        } else {
            format!(
                "no build of it was found here; where one was made, replace every credential that it could read: {what}"
            )
        };
        steps.push(Step { kind: StepKind::Rotate, way: WayOut::words(here) });
        let own = || self.found.locked.iter().filter(|one| !one.packaged);
        let first = own().filter_map(|one| one.added.first()).filter_map(|at| self.commit(*at)?.committed).min();
        if let Some(first) = first {
            let text = format!(
                "the same for the secrets of every CI job that built a commit which has it, from {} on",
                moment(first)
            );
            steps.push(Step { kind: StepKind::Rotate, way: WayOut::words(text) });
        }
    }
}

/// A tip as a list names it.
fn tip_name(tip: &Tip) -> String {
    match tip.kind {
        TipKind::WorkingTree => format!("the working tree {}", tip.name),
        TipKind::Index => "what is staged".to_owned(),
        TipKind::DetachedHead => format!("HEAD of {}", tip.name),
        TipKind::Branch => format!("branch {}", tip.name),
        TipKind::RemoteBranch => format!("remote branch {}", tip.name),
        TipKind::Tag => format!("tag {}", tip.name),
        TipKind::Stash => "the stash".to_owned(),
        TipKind::Other => tip.name.clone(),
    }
}

/// Where it is locked now.
fn tips_words(tips: &[Tip]) -> String {
    if tips.is_empty() {
        return "at no tip of the repository any more".to_owned();
    }
    let mut by_kind: BTreeMap<TipKind, Vec<String>> = BTreeMap::new();
    for tip in tips {
        by_kind.entry(tip.kind).or_default().push(tip.name.clone());
    }
    let of = |(kind, names): (TipKind, Vec<String>)| {
        let plural = |one: &str, several: &str| if names.len() == 1 { one.to_owned() } else { several.to_owned() };
        let words = match kind {
            TipKind::WorkingTree if names.len() == 1 => return "the working tree".to_owned(),
            TipKind::WorkingTree => "working trees".to_owned(),
            TipKind::Index => return "staged".to_owned(),
            TipKind::DetachedHead => return "a HEAD on no branch".to_owned(),
            TipKind::Branch => plural("branch", "branches"),
            TipKind::RemoteBranch => plural("remote branch", "remote branches"),
            TipKind::Tag => plural("tag", "tags"),
            TipKind::Stash => return "the stash".to_owned(),
            TipKind::Other => plural("reference", "references"),
        };
        format!("{words} {}", few(&names, NAMES))
    };
    by_kind.into_iter().map(of).collect::<Vec<_>>().join("; ")
}

/// What was asked about, and what is known of it.
fn suspect_words(suspect: &Suspect) -> String {
    let name = &suspect.crate_name;
    let range = match &suspect.affected {
        Affected::All => format!("every release of {name}"),
        Affected::Exactly(version) => format!("{name}@{version}"),
        Affected::Within(wanted) => format!("{name} {wanted}"),
        Affected::Hit(versions) => {
            let list =
                |wanted: &[semver::VersionReq]| wanted.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ");
            let (patched, unaffected) = (list(versions.patched()), list(versions.unaffected()));
            let spared =
                [patched, unaffected].into_iter().filter(|one| !one.is_empty()).collect::<Vec<_>>().join(" or ");
            if spared.is_empty() { format!("every release of {name}") } else { format!("{name}, but not {spared}") }
        }
    };
    match &suspect.advisory {
        None => range,
        Some(cited) => {
            let aliases: Vec<String> = cited.aliases.iter().map(ToString::to_string).collect();
            let aliases = if aliases.is_empty() { String::new() } else { format!(" ({})", aliases.join(", ")) };
            let withdrawn = if cited.withdrawn { "; the advisory was withdrawn" } else { "" };
            format!("{range}: {}{aliases} of {}: {}{withdrawn}", cited.id, cited.date, cited.title)
        }
    }
}

/// A package, its place and its products.
fn locked_words(one: &Locked) -> String {
    let name = match &one.id.source {
        Source::Local => format!("{}@{} (of this repository)", one.id.name, one.id.version),
        Source::Registry(_) | Source::Git(_) | Source::Other(_) => package_name(&one.id),
    };
    let packaged = if one.packaged { ", which a vendored package brought along and cargo does not read" } else { "" };
    format!("{name} in {}{packaged}", one.path)
}

fn products_words(one: &Locked) -> String {
    let names: Vec<String> = one.products.iter().map(ToString::to_string).collect();
    if names.is_empty() { "none that the lock file names".to_owned() } else { few(&names, NAMES) }
}

fn trace_words(trace: &Trace, bytes: Bytes) -> String {
    let version = trace.version.as_ref().map(|version| format!("@{version}")).unwrap_or_default();
    let at = trace.at.map(|at| format!(", {}", moment(at))).unwrap_or_default();
    let bytes = match (trace.kind, bytes) {
        (TraceKind::Archive | TraceKind::Vendored, Bytes::AsLocked) => ", the bytes that were locked",
        (TraceKind::Archive | TraceKind::Vendored, Bytes::Other) => ", and NOT the bytes that were locked",
        _ => "",
    };
    format!("{}{version} in {}{at}{bytes}", trace.name, trace.path)
}

fn recorded_words(one: &RecordedSighting) -> String {
    let who = one.who.as_ref().map(|who| format!(" by {who}")).unwrap_or_default();
    let verdict = one.verdict.map(|verdict| format!(", {}", verdict.as_str())).unwrap_or_default();
    format!(
        "{}@{} {} {}{who}, event {}{verdict}",
        one.name,
        one.version,
        one.kind.as_str(),
        moment(one.at),
        one.event.short()
    )
}

/// What was looked at, in a sentence.
fn looked_words(found: &Incident) -> String {
    let looked = &found.looked_at;
    format!(
        "{}, {}, {}, {}, {}, {}",
        counted(looked.references, "reference"),
        counted(looked.commits, "commit"),
        counted(looked.lock_files, "distinct lock file"),
        counted(looked.working_trees.len(), "working tree"),
        counted(looked.caches.len(), "folder") + " of cargo's caches",
        counted(looked.build_folders.len(), "folder") + " of build output",
    )
}

/// Why something could not be looked at, and what to do.
fn gap_words(gap: &Gap) -> (String, WayOut) {
    match gap {
        Gap::Shallow => (
            "the history was cut off (a shallow clone): what was locked before is not known".to_owned(),
            WayOut::to("get the rest", "git fetch --unshallow".to_owned()),
        ),
        Gap::Partial => (
            "objects were left at the server (a partial clone): what they hold is not known".to_owned(),
            WayOut::words("run this in a whole clone, made without `--filter`"),
        ),
        Gap::NoHistory { cause } => (
            format!("the history cannot be read: {cause}"),
            WayOut::words("run this in a whole clone of the repository, as the user who owns it"),
        ),
        Gap::LockFile { path, cause } => (
            format!("a lock file that may name it cannot be read, {path}: {cause}"),
            WayOut::words("look at it by hand"),
        ),
        Gap::Link { path } => (
            format!("{path} is a link to a file of another name, which is not looked at"),
            WayOut::words("look at what it leads to by hand"),
        ),
        Gap::Place { path, cause } => (
            format!("{path} cannot be looked at: {cause}"),
            WayOut::words("make it readable and run again, or look into it by hand"),
        ),
        Gap::VersionUntold { name, path } => (
            format!("{name} was built in {path}, and nothing says which version"),
            WayOut::words("take it for the bad one, or look at the files there by hand"),
        ),
        Gap::Trail { cause } => {
            (cause.clone(), WayOut::words("restore the audit trail from version control, and run again"))
        }
        Gap::Unknown { asked, has_crate } => {
            let what = if *has_crate { "release" } else { "crate" };
            (
                format!(
                    "{asked}: its registry knows no such {what}, so that it says little that nothing of it was found"
                ),
                WayOut::words(
                    "check the name and the version; what its registry has deleted, name by the id of its advisory",
                ),
            )
        }
        Gap::Project { cause } => {
            (format!("the project cannot be read: {cause}"), WayOut::words("mend that, and run again"))
        }
    }
}

/// When the releases that were found were published.
fn published_words(report: &IncidentReport<'_>) -> Vec<String> {
    let of = report.found.published.iter();
    of.map(|one| {
        let untold = if one.is_asked {
            "at a time that its index does not tell"
        } else {
            "at a time that is not known: its index entry could not be had"
        };
        let when = one.pubtime.map_or_else(|| untold.to_owned(), moment);
        format!("{}@{} {when}", one.name, one.version)
    })
    .collect()
}

/// What no run in one place can tell.
const LIMITS: &str =
    "one repository and this machine were looked at; other clones, CI runners, containers and their caches were not";

/// Where a package comes from, for a table.
fn source_words(id: &PackageId) -> String {
    match &id.source {
        Source::Local => "this repository".to_owned(),
        Source::Registry(registry) => registry_name(registry),
        source @ (Source::Git(_) | Source::Other(_)) => source.to_string(),
    }
}
