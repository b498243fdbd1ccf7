//! Whether the lock file answers the manifests, held against cargo itself.

mod attacks;
mod example;
mod examples;
mod manifests;
mod mutate;
mod project;
mod substitutes;
mod universe;
mod unseen;

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use camino::{Utf8Path, Utf8PathBuf};
use cargo_sequester::door::gather::cargo_config::CargoConfig;
use cargo_sequester::door::gather::environment::Environment;
use cargo_sequester::door::gather::lock_file;
use cargo_sequester::door::gather::manifest::{self, Roots};
use cargo_sequester::door::model::lock_proof::{Discord, Proof};
use cargo_sequester::door::policy::lock_answers_manifests::{Question, answers, told_by_index};

use self::mutate::mutate;
use self::project::Project;
use self::universe::Universe;
use crate::support::Dice;

/// Mutations of each generated project.
const MUTATIONS: usize = 9;

/// One comparison.
struct Case {
    seed: u64,
    done: &'static str,
    /// What cargo said; `None` where it took the lock file.
    cargo: Option<String>,
    proof: Result<Proof, String>,
}

struct Ground {
    top: Utf8PathBuf,
    universe: Universe,
}

impl Ground {
    fn new(top: &Utf8Path) -> Self {
        let top = top.canonicalize_utf8().unwrap();
        Self { universe: Universe::write(&top.join("universe")), top }
    }

    /// A home for every thread: cargos that share one wait for each other.
    fn variables(&self) -> Vec<(String, String)> {
        let tools = Utf8Path::new(env!("CARGO")).parent().unwrap();
        let thread = format!("home-{:?}", std::thread::current().id());
        let home = self.top.join(thread.replace(['(', ')'], "-")).into_string();
        [("PATH", tools.as_str()), ("HOME", &home), ("CARGO_HOME", &home)]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into()
    }

    /// `None` where cargo is content.
    fn cargo(&self, folder: &Utf8Path, arguments: &[&str]) -> Option<String> {
        let mut command = Command::new(env!("CARGO"));
        command.args(arguments).current_dir(folder).env_clear().envs(self.variables());
        let output = command.output().unwrap();
        (!output.status.success()).then(|| String::from_utf8_lossy(&output.stderr).into_owned())
    }

    /// Cargo's word, as it was kept by an earlier run in the folder that `CARGO_SAID` names: for who tries the proof on the same many times.
    fn said(&self, name: &str, ask: impl FnOnce() -> Option<String>) -> Option<String> {
        let environment = Environment::read().unwrap();
        let Some(file) = environment.get("CARGO_SAID").map(|folder| Utf8Path::new(folder).join(name)) else {
            return ask();
        };
        let kept =
            std::fs::read_to_string(&file).ok().map(|text| serde_json::from_str::<Option<String>>(&text).unwrap());
        let word = kept.unwrap_or_else(|| {
            let word = ask().map(|word| word.replace(self.top.as_str(), "@TOP@"));
            std::fs::write(&file, serde_json::to_string(&word).unwrap()).unwrap();
            word
        });
        word.map(|word| word.replace("@TOP@", self.top.as_str()))
    }

    fn prove(&self, folder: &Utf8Path, members: &[&str]) -> Result<Proof, String> {
        let environment = Environment::of(folder.to_owned(), self.variables());
        let config = CargoConfig::load(folder, &environment).map_err(|error| error.to_string())?;
        let members: Vec<_> = members.iter().map(|one| folder.join(one)).collect();
        let manifests = manifest::read(&Roots { root: folder, members: &members, config: &config });
        let lock = lock_file::read(&folder.join("Cargo.lock")).map_err(|error| error.to_string())?;
        Ok(answers(&Question {
            manifests: &manifests,
            packages: &lock.packages,
            unused_patches: &lock.unused_patches,
            version: lock.version,
            told: &told_by_index(&lock.packages, &self.universe.index),
        }))
    }

    /// One project with its mutations; `None` where cargo cannot resolve it.
    fn compare(&self, seed: u64) -> Option<Vec<Case>> {
        let mut dice = Dice(seed);
        let project = Project::any(&mut dice);
        let top = self.top.join(format!("case-{seed}"));
        let folder = top.join("ws");
        project.write(&top, &self.universe);
        let lock = self.said(&format!("{seed}-lock"), || {
            let refused = self.cargo(&folder, &["generate-lockfile", "--offline", "--quiet"]).is_some();
            (!refused).then(|| std::fs::read_to_string(folder.join("Cargo.lock")).unwrap())
        })?;
        let mut cases = Vec::new();
        for number in 0..=MUTATIONS {
            let (mut changed, mut text) = (project.clone(), lock.clone());
            let done = if number == 0 { "untouched" } else { mutate(&mut changed, &mut text, &mut dice) };
            changed.write(&top, &self.universe);
            std::fs::write(folder.join("Cargo.lock"), &text).unwrap();
            let proof = self.prove(&folder, &[".", "m1", "m2"]);
            let cargo = self.said(&format!("{seed}-{number}"), || {
                self.cargo(&folder, &["update", "--workspace", "--locked", "--offline"])
            });
            let case = Case { seed, done, cargo, proof };
            if case.wrong().is_some() {
                let kept = self.top.join(format!("wrong-{seed}-{number}"));
                copy(&top, &kept);
            }
            cases.push(case);
        }
        std::fs::remove_dir_all(&top).unwrap();
        Some(cases)
    }
}

fn copy(from: &Utf8Path, to: &Utf8Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in from.read_dir_utf8().unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

impl Case {
    /// Stricter than cargo on purpose: a package without a source that no manifest has.
    fn is_stricter(&self) -> bool {
        matches!(&self.proof, Ok(Proof::Broken(discords))
            if discords.iter().any(|one| matches!(one, Discord::Unexplained(_))))
            // It makes dependencies ambiguous.
            || (self.proof.is_err() && self.done == "a decoy without a source")
    }

    /// What is wrong, where cargo and the proof disagree.
    fn wrong(&self) -> Option<&'static str> {
        match (&self.cargo, &self.proof) {
            (Some(_), Ok(Proof::Answered)) => Some("laxer than cargo"),
            (None, Ok(Proof::Broken(_))) if !self.is_stricter() => Some("a false alarm"),
            (None, Err(_)) if !self.is_stricter() => Some("a lock file that cargo reads is not read"),
            _ => None,
        }
    }
}

/// The comparison over this many projects, in as many threads as there are cores.
fn compare(projects: u64) -> (Vec<Case>, tempfile::TempDir) {
    let folder = tempfile::Builder::new().prefix("sequester-proof-").tempdir().unwrap();
    let ground = Ground::new(Utf8Path::from_path(folder.path()).unwrap());
    let next = AtomicU64::new(0);
    let all = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= projects {
                        break;
                    }
                    let cases = ground.compare(seed).unwrap_or_default();
                    all.lock().unwrap().extend(cases);
                }
            });
        }
    });
    let mut all = all.into_inner().unwrap();
    all.sort_by_key(|case| case.seed);
    (all, folder)
}

fn check(projects: u64, at_least: usize) {
    let (cases, folder) = compare(projects);
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for case in &cases {
        let cargo = if case.cargo.is_some() { "cargo refuses" } else { "cargo takes it" };
        let proof = match &case.proof {
            Ok(Proof::Answered) => "answered",
            Ok(Proof::Broken(_)) if case.cargo.is_none() => "stricter",
            Ok(Proof::Broken(_)) => "broken",
            Ok(Proof::Unproven(_)) => "unproven",
            Err(_) => "not read",
        };
        *counts.entry((cargo, proof)).or_default() += 1;
    }
    eprintln!("{} comparisons with cargo: {counts:?}", cases.len());
    let wrong: Vec<_> = cases.iter().filter(|case| case.wrong().is_some()).collect();
    if !wrong.is_empty() {
        let kept = folder.keep();
        for case in &wrong {
            let (seed, done, what) = (case.seed, case.done, case.wrong().unwrap());
            eprintln!("seed {seed}, {done}: {what}\n  proof: {:?}\n  cargo: {:?}", case.proof, case.cargo);
        }
        panic!("{} of {} disagree; their files are in {}", wrong.len(), cases.len(), kept.display());
    }
    let of = |cargo, proof| counts.get(&(cargo, proof)).copied().unwrap_or_default();
    assert!(cases.len() >= at_least, "{} comparisons", cases.len());
    assert!(of("cargo takes it", "answered") >= at_least / 5, "{counts:?}");
    assert!(of("cargo refuses", "broken") >= at_least / 5, "{counts:?}");
    // Asking cargo is for what is out of the ordinary.
    let unproven = of("cargo takes it", "unproven") + of("cargo refuses", "unproven");
    assert!(unproven * 5 <= cases.len(), "{counts:?}");
}

#[test]
fn cargo_and_the_proof_agree() {
    check(45, 320);
}

#[test]
#[ignore = "thousands of runs of cargo; for whoever changes the proof"]
fn cargo_and_the_proof_agree_at_length() {
    check(400, 3_000);
}
