//! Chains: what code does that is harmless step by step and not together. At build time everything of a place counts together; elsewhere a
//! function with those that it calls.

#![expect(clippy::similar_names, reason = "the names belong together")]

use std::collections::BTreeMap;

use super::known::host_of;
use super::outline::{Act, Does, Function, Outline};
use super::reach::Place;
use crate::model::finding::{Finding, FindingCode, Severity};

/// The outline of a file, and when it runs.
pub(super) struct Outlined<'t> {
    pub(super) path: &'t str,
    pub(super) place: Place,
    pub(super) outline: Outline,
}

impl Outlined<'_> {
    fn runs_before_main(&self) -> bool {
        let mut acts = self.outline.functions.iter().flat_map(|function| &function.acts);
        acts.any(|act| act.does == Does::BeforeMain)
    }
}

/// An act, and its file.
#[derive(Clone, Copy)]
struct Step<'t> {
    file: &'t str,
    act: &'t Act,
}

/// The most functions of one name that a call is followed to.
const MOST_OF_NAME: usize = 4;

/// Reads the outlines. `own` are the hosts that the package names as its own.
pub(super) fn findings(files: &[Outlined<'_>], own: &[String]) -> Vec<Finding> {
    let mut found = Vec::new();
    for place in [Place::BuildScript, Place::ProcMacro, Place::Library] {
        let here: Vec<&Outlined<'_>> = files.iter().filter(|file| file.place == place).collect();
        let functions: Vec<(&str, &Function)> =
            here.iter().flat_map(|file| file.outline.functions.iter().map(|function| (file.path, function))).collect();
        if place.at_build() {
            let all = functions.iter().flat_map(|(file, function)| steps(file, function)).collect();
            found.extend(Unit { steps: all, at_build: true, own }.findings());
            continue;
        }
        // What runs before `main` is called by nobody, so that its whole file counts together.
        for file in here.iter().filter(|file| file.runs_before_main()) {
            let all = file.outline.functions.iter().flat_map(|function| steps(file.path, function)).collect();
            found.extend(Unit { steps: all, at_build: false, own }.before_main());
        }
        let known = Known::of(&functions);
        for (at, (file, function)) in functions.iter().enumerate() {
            let mut all: Vec<Step<'_>> = steps(file, function).collect();
            for helper in function.calls.iter().flat_map(|name| known.followed(name, file)) {
                if *helper != at {
                    all.extend(functions.get(*helper).into_iter().flat_map(|(file, function)| steps(file, function)));
                }
            }
            found.extend(Unit { steps: all, at_build: false, own }.findings());
        }
    }
    found
}

fn steps<'t>(file: &'t str, function: &'t Function) -> impl Iterator<Item = Step<'t>> {
    function.acts.iter().map(move |act| Step { file, act })
}

/// The functions of a name, in each file and in the package.
#[derive(Default)]
struct Known<'t> {
    in_file: BTreeMap<(&'t str, &'t str), Vec<usize>>,
    /// `None` where more have the name than a call is followed to.
    anywhere: BTreeMap<&'t str, Option<Vec<usize>>>,
}

impl<'t> Known<'t> {
    fn of(functions: &[(&'t str, &'t Function)]) -> Self {
        let mut known = Self::default();
        for (at, (file, function)) in functions.iter().enumerate() {
            let name = function.name.as_str();
            let own = known.in_file.entry((file, name)).or_default();
            if own.len() < MOST_OF_NAME {
                own.push(at);
            }
            let all = known.anywhere.entry(name).or_insert_with(|| Some(Vec::new()));
            match all {
                Some(several) if several.len() < MOST_OF_NAME => several.push(at),
                _ => *all = None,
            }
        }
        known
    }

    /// What a call may mean: functions of its own file, or of the package where few have the name.
    fn followed(&self, name: &'t str, file: &'t str) -> &[usize] {
        let own = self.in_file.get(&(file, name));
        own.or_else(|| self.anywhere.get(name)?.as_ref()).map_or(&[], Vec::as_slice)
    }
}

/// Steps that count together.
struct Unit<'t> {
    steps: Vec<Step<'t>>,
    at_build: bool,
    own: &'t [String],
}

const WRITES: [Does; 4] = [Does::Writes, Does::WritesHere, Does::WritesAbsolute, Does::WritesUp];
const RUNS: [Does; 4] = [Does::RunsUnknown, Does::RunsPath, Does::RunsShell, Does::RunsTool];

impl<'t> Unit<'t> {
    /// The first of these.
    fn one(&self, does: &[Does]) -> Option<Step<'t>> {
        self.steps.iter().find(|step| does.contains(&step.act.does)).copied()
    }

    fn has(&self, does: &[Does]) -> bool {
        self.one(does).is_some()
    }

    /// How it reaches the network.
    fn connects(&self) -> Option<Step<'t>> {
        self.one(&[Does::Connects]).or_else(|| self.one(&[Does::FetchingWords]).filter(|_| self.has(&RUNS)))
    }

    fn findings(&self) -> Vec<Finding> {
        let chains = [self.sends(), self.pipes().or_else(|| self.fetches()), self.unpacks(), self.writes()];
        let mut found: Vec<Finding> = chains.into_iter().flatten().collect();
        found.extend(self.singles(&found));
        found
    }

    fn sends(&self) -> Option<Finding> {
        let connects = self.connects()?;
        let encodes = self.one(&[Does::Encodes]);
        let file = self.one(&[Does::NamesSecretFile]).filter(|_| self.has(&[Does::ReadsFile]));
        let strong = self.one(&[Does::ReadsEnvironment]).or(file);
        let (reads, severity) = if self.at_build {
            let own = [Does::ReadsSecretVariable, Does::NamesSecretFile, Does::ReadsIdentity];
            let encoded = self.one(&[Does::ReadsVariable]).filter(|_| encodes.is_some());
            (strong.or_else(|| self.one(&own)).or(encoded)?, Severity::High)
        } else {
            match strong {
                Some(strong) => (strong, Severity::High),
                None => match self.one(&[Does::ReadsSecretVariable]) {
                    Some(secret) => (secret, Severity::Medium),
                    None => return self.sends_files(connects),
                },
            }
        };
        Some(told(FindingCode::ReadsAndSends, severity, [Some(reads), encodes, Some(connects)]))
    }

    /// Files that go to an address that stands in the source: what a client does is told by whoever calls it.
    fn sends_files(&self, connects: Step<'t>) -> Option<Finding> {
        let reads = self.one(&[Does::ReadsFile])?;
        let mut addresses = self.steps.iter().filter(|step| step.act.does == Does::NamesAddress);
        let foreign = addresses.find(|step| !is_own_host(&step.act.words, self.own))?;
        Some(told(FindingCode::ReadsAndSends, Severity::Medium, [Some(reads), Some(*foreign), Some(connects)]))
    }

    /// A command line that fetches something and has it run, or the like of a program that gets packages.
    fn pipes(&self) -> Option<Finding> {
        let piped = self.one(&[Does::PipesToShell]).filter(|_| self.at_build || self.has(&RUNS));
        let step = piped.or_else(|| self.one(&[Does::Installs]).filter(|_| self.at_build))?;
        Some(told(FindingCode::FetchesAndRuns, Severity::High, [Some(step), None, None]))
    }

    /// What runs before `main`, and is more than setting something up.
    fn before_main(&self) -> Option<Finding> {
        let begins = self.one(&[Does::BeforeMain])?;
        let does = self
            .one(&[Does::PipesToShell, Does::Connects, Does::RunsShell, Does::RunsPath, Does::RunsUnknown])
            .or_else(|| self.one(&[Does::FetchingWords]))?;
        Some(told(FindingCode::RunsBeforeMain, Severity::High, [Some(begins), None, Some(does)]))
    }

    fn fetches(&self) -> Option<Finding> {
        let connects = self.connects()?;
        let writes = self.one(&WRITES);
        let (runs, severity) = if self.at_build {
            let runs = [Does::RunsUnknown, Does::RunsPath, Does::RunsShell, Does::MakesCode, Does::MakesRunnable];
            (self.one(&runs)?, Severity::High)
        } else {
            let runs = [Does::RunsUnknown, Does::RunsPath, Does::MakesRunnable];
            let runs = self.one(&runs).filter(|_| writes.is_some());
            match (runs, self.one(&[Does::RunsShell])) {
                (Some(runs), _) => (runs, Severity::High),
                (None, shell) => (shell?, Severity::Medium),
            }
        };
        Some(told(FindingCode::FetchesAndRuns, severity, [Some(connects), writes, Some(runs)]))
    }

    fn unpacks(&self) -> Option<Finding> {
        let packed = self.one(&[Does::Embeds, Does::Decodes])?;
        let writes = self.one(&WRITES);
        let starts = self.one(&[Does::RunsUnknown, Does::RunsPath]);
        let (runs, severity) = match (starts, self.one(&[Does::MakesCode])) {
            (Some(runs), _) if writes.is_some() => (runs, Severity::High),
            (_, Some(code)) => (code, if self.at_build { Severity::High } else { Severity::Medium }),
            (Some(runs), None) if self.at_build => (runs, Severity::Medium),
            _ => return None,
        };
        Some(told(FindingCode::UnpacksAndRuns, severity, [Some(packed), writes, Some(runs)]))
    }

    fn writes(&self) -> Option<Finding> {
        let (place, severity) = match (self.one(&[Does::NamesOutside]), self.one(&[Does::WritesAbsolute])) {
            (Some(place), _) => (place, if self.at_build { Severity::High } else { Severity::Medium }),
            (None, Some(place)) => (place, if self.at_build { Severity::Medium } else { Severity::Low }),
            (None, None) if self.at_build => match self.one(&[Does::ReadsIdentity]) {
                Some(home) => (home, Severity::Medium),
                None => match self.one(&[Does::WritesUp]) {
                    Some(up) => (up, Severity::Medium),
                    None => (self.one(&[Does::WritesHere])?, Severity::Low),
                },
            },
            (None, None) => return None,
        };
        let writes = self.one(&WRITES)?;
        let writes = Some(writes).filter(|_| !WRITES.contains(&place.act.does));
        Some(told(FindingCode::WritesOutside, severity, [Some(place), None, writes]))
    }

    /// What is told of single steps, unless a chain tells it already.
    fn singles(&self, chains: &[Finding]) -> Vec<Finding> {
        let has = |code| chains.iter().any(|chain| chain.code == code);
        let at_build = |severity, otherwise| if self.at_build { Some(severity) } else { otherwise };
        let mut found = Vec::new();
        let mut tell = |code, severity: Option<Severity>, step: Option<Step<'t>>| {
            if let (Some(severity), Some(step)) = (severity, step) {
                found.push(told(code, severity, [Some(step), None, None]));
            }
        };
        let hidden = self.steps.iter().filter(|step| step.act.does == Does::Assembles);
        for step in hidden.take(5) {
            tell(FindingCode::AssembledText, at_build(Severity::High, Some(Severity::Medium)), Some(*step));
        }
        if !has(FindingCode::ReadsAndSends) {
            let file = self.one(&[Does::NamesSecretFile]).filter(|_| self.has(&[Does::ReadsFile]));
            tell(FindingCode::ReadsSecrets, at_build(Severity::Medium, Some(Severity::Low)), file);
            tell(FindingCode::ReadsSecrets, at_build(Severity::Medium, None), self.one(&[Does::ReadsSecretVariable]));
        }
        if !has(FindingCode::ReadsAndSends) && !has(FindingCode::FetchesAndRuns) {
            tell(FindingCode::NetworkAtBuild, at_build(Severity::Medium, None), self.connects());
        }
        tell(FindingCode::RunsOwnFile, at_build(Severity::Medium, None), self.one(&[Does::RunsPath]));
        tell(FindingCode::RunsShell, at_build(Severity::Low, None), self.one(&[Does::RunsShell]));
        tell(FindingCode::RunsBeforeMain, Some(Severity::Medium), self.one(&[Does::BeforeMain]));
        tell(FindingCode::AssemblyAtBuild, at_build(Severity::Low, None), self.one(&[Does::Assembly]));
        found
    }
}

/// Whether an address is of a host that the package names as its own, or of one that examples and namespaces name.
fn is_own_host(address: &str, own: &[String]) -> bool {
    let Some(host) = host_of(address) else { return true };
    let is_of = |known: &str| host == known || host.ends_with(&format!(".{known}"));
    let nobodys = ["localhost", "127.0.0.1", "example.com", "example.org", "w3.org", "crates.io", "docs.rs"];
    own.iter().any(|known| is_of(known)) || nobodys.iter().any(|known| is_of(known))
}

/// A chain, at its last step.
fn told(code: FindingCode, severity: Severity, steps: [Option<Step<'_>>; 3]) -> Finding {
    let last = steps.iter().flatten().next_back();
    let shown = |step: &Step<'_>| {
        let elsewhere = last.is_some_and(|last| last.file != step.file);
        let place =
            if elsewhere { format!("{}:{}", step.file, step.act.line) } else { format!("line {}", step.act.line) };
        format!("{} ({place})", step.act.words)
    };
    let all: Vec<&Step<'_>> = steps.iter().flatten().collect();
    let evidence = match all.as_slice() {
        [only] => only.act.words.clone(),
        several => several.iter().map(|step| shown(step)).collect::<Vec<_>>().join(" → "),
    };
    let finding = Finding::new(code, severity, evidence);
    match last {
        Some(step) => finding.at(step.file, step.act.line),
        None => finding,
    }
}
