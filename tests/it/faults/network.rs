//! C11, C14: every verb that asks a registry is disturbed at each of its requests. Which those are is what the registry was asked when
//! nothing was disturbed, so that a new one cannot be forgotten.
//!
//! The suite tries one disturbance of every verb, and all of them at one request of one verb; everything is tried by
//! `cargo test --test it faults::network::whole -- --ignored --nocapture`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::scenes::{Plan, READERS, Scene, WRITERS};
use super::trial::{State, differences, in_temporary, left_over, state};
use crate::support::weather::{WEATHERS, Weather};
use crate::support::{Outcome, Project};

/// How a disturbance was met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Held {
    /// As if nothing had happened.
    Unnoticed,
    /// An error, and everything was as before.
    Refused,
    /// It did less, and said so.
    Told,
    /// It believed what it heard, which nothing contradicts: an older answer, a crate that is gone.
    Believed,
}

/// A run is given up, and did not hold, after so long.
const LONGEST: Duration = Duration::from_secs(90);

/// Whether the machine's caches are empty: then all is asked, and otherwise only whether it changed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Caches {
    Empty,
    Full,
}

impl Caches {
    fn project(self, scene: &Scene) -> Project {
        let project = scene.project.copied();
        if self == Self::Empty {
            for below in ["registry", "sequester"] {
                let _ = std::fs::remove_dir_all(project.cargo_home().join(below));
            }
        }
        project
    }
}

/// Runs the verb; in bad weather nobody waits long. `None` where it does not end.
fn run(scene: &Scene, project: &Project, impatient: bool) -> Option<Outcome> {
    let mut command = project.command(env!("CARGO_BIN_EXE_cargo-sequester"));
    command.arg("sequester").args(scene.verb());
    if impatient {
        command.envs([("CARGO_HTTP_TIMEOUT", "1"), ("CARGO_NET_RETRY", "1")]);
    }
    let [out, err] = ["stdout", "stderr"].map(|name| project.outside().join(name));
    let [for_out, for_err] = [&out, &err].map(|path| std::fs::File::create(path).unwrap());
    let mut child = in_temporary(&mut command, project).stdout(for_out).stderr(for_err).spawn().unwrap();
    let begun = Instant::now();
    let code = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status.code().unwrap_or(-1);
        }
        if begun.elapsed() > LONGEST {
            child.kill().unwrap();
            child.wait().unwrap();
            return None;
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let text = |path| String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned();
    Some(Outcome { stdout: text(&out), stderr: text(&err), code })
}

/// What the verb does in fair weather.
struct Fair {
    /// What it asks, by path.
    asked: BTreeSet<String>,
    old: State,
    new: State,
    /// The same run once more: its code, and what it makes.
    twice: (i32, State),
    stdout: String,
}

impl Fair {
    fn of(scene: &Scene, caches: Caches) -> Self {
        let project = caches.project(scene);
        let old = state(&project);
        scene.registry.forget_requests();
        let first = run(scene, &project, false).unwrap().expect_code(scene.code);
        let asked = scene.registry.requested_paths().into_iter().collect();
        let (new, stdout) = (state(&project), comparable(&first.stdout, &project));
        let twice = run(scene, &project, false).unwrap();
        Self { asked, old, new, twice: (twice.code, state(&project)), stdout }
    }
}

/// Without the folder that each run has of its own, and times.
fn comparable(text: &str, project: &Project) -> String {
    let text = text.replace(project.outside().as_str(), "TOP");
    let is_time =
        |word: &str| word.trim_end_matches([',', ';', ':']).strip_suffix('s').is_some_and(|s| s.parse::<f64>().is_ok());
    let timeless = |line: &str| line.split(' ').filter(|word| !is_time(word)).collect::<Vec<_>>().join(" ");
    // An event has its moment in its digest.
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("Recorded event"));
    let lines = lines.map(|line| line.split("; judged ").next().unwrap_or_default());
    lines.map(|line| timeless(line) + "\n").collect()
}

fn attempt(
    scene: &Scene,
    fair: &Fair,
    caches: Caches,
    path: &str,
    weather: &Weather,
    once: bool,
) -> Result<Held, String> {
    let project = caches.project(scene);
    scene.registry.disturb(path, if once { 1 } else { usize::MAX }, weather.disturbance);
    let outcome = run(scene, &project, true);
    scene.registry.calm();
    let found = state(&project);
    let mut faults = Vec::new();
    let Some(outcome) = outcome else { return Err(format!("{path} {}: it does not end", weather.name)) };
    let told = format!("{}{}", outcome.stdout, outcome.stderr);
    if told.contains("panicked at") {
        faults.push("it panicked".to_owned());
    }
    let says_the_same = comparable(&outcome.stdout, &project) == fair.stdout;
    let is_cargos = scene.verb()[0] == "cargo";
    let held = if outcome.code == scene.code && found == fair.new && says_the_same {
        Held::Unnoticed
    } else if found == fair.old && matches!(outcome.code, 1 | 2) && !is_cargos
        || is_cargos && outcome.code != scene.code && (found == fair.old || found == fair.new)
    {
        // Of cargo's verbs the lock file may be new: cargo's own downloads come after it. And a verdict is no error.
        if outcome.code == 2 && !told.contains("help: ") {
            faults.push("no help is told".to_owned());
        }
        let name = path.split('/').nth_back(if path.ends_with("/download") { 2 } else { 0 }).unwrap();
        let address = scene.registry.address("");
        if !told.contains(name) && !told.contains(address.trim_start_matches("http://")) {
            faults.push(format!("neither {name} nor {address} is named"));
        }
        Held::Refused
    } else if scene.in_steps && matches!(outcome.code, 0..=2) {
        // A document is written whole, with what is known.
        Held::Told
    } else if outcome.code == scene.code && found == fair.old && is_belief(caches, path, weather) {
        Held::Believed
    } else if outcome.code == scene.code && (found == fair.old || found == fair.new) {
        Held::Told
    } else if matches!(outcome.code, 0 | 1) && says_why(&told) {
        // What a person decides, and what a project begins with, stands with the reasons that there are.
        Held::Told
    } else {
        faults.push(format!("it ended with {}", outcome.code));
        faults.extend(differences(&found, &fair.old).into_iter().map(|one| format!("neither nor: {one}")));
        Held::Told
    };
    if held == Held::Told && !scene.in_steps && !says_why(&told) {
        faults.push(format!("nothing is told of it:\n{}", outcome.stdout));
    }
    let is_cargos_download = is_cargos && path.starts_with("/dl/");
    if once && weather.passes && held != Held::Unnoticed && !is_cargos_download {
        faults.push(format!("once was not borne: {held:?}, code {}", outcome.code));
    }
    let left = left_over(&project);
    if !left.is_empty() {
        faults.push(format!("left over: {left:?}"));
    }
    if once && held == Held::Unnoticed && faults.is_empty() {
        return Ok(held);
    }
    // The weather is fair again, and nothing of what was heard counts.
    let again =
        run(scene, &project, false).ok_or_else(|| format!("{path} {}: the next run does not end", weather.name))?;
    let after = state(&project);
    // Its own validators confirm an answer that lacks whole lines, and only the registry can tell them from the whole.
    let lasts = path.starts_with("/index/") && LACK_LINES.contains(&weather.name);
    if lasts && after == found && again.code == outcome.code {
        return if faults.is_empty() { Ok(held) } else { Err(faults.join("\n")) };
    }
    // What was decided without an answer is decided, and the next run decides anew.
    let stands = held == Held::Told && !scene.in_steps && found != fair.old && found != fair.new;
    if stands {
        return if faults.is_empty() { Ok(held) } else { Err(faults.join("\n")) };
    }
    let (code, expected) =
        if found == fair.new && fair.new != fair.old { (fair.twice.0, &fair.twice.1) } else { (scene.code, &fair.new) };
    if again.code != code {
        faults.push(format!("the next run ends with {}:\n{}{}", again.code, again.stdout, again.stderr));
    }
    faults.extend(differences(&after, expected).into_iter().map(|one| format!("after the next run, {one}")));
    if faults.is_empty() {
        return Ok(held);
    }
    let how_often = if once { "once" } else { "always" };
    let shown: String = told.chars().take(1500).collect();
    let faults = faults.join("\n  - ");
    Err(format!("{path} {} ({how_often}), code {}:\n  - {faults}\n{shown}", weather.name, outcome.code))
}

/// Where the half that comes ends with a line, nothing tells that it is not the whole, and the validators are genuine.
const LACK_LINES: [&str; 2] = ["ends in the middle, without a length", "promises less than it sends"];

/// Whether it says what it did without.
fn says_why(told: &str) -> bool {
    let whys = ["warning", "could not", "not-in-index", "index-entry-unreadable", "asks who reads it", "not judged"];
    whys.iter().any(|why| told.contains(why)) || told.contains("does not have this release")
}

/// What no client can tell from the truth: a crate that is gone, lines that are not there yet, or not any more.
fn is_belief(caches: Caches, path: &str, weather: &Weather) -> bool {
    // A line that cannot be read is left out, as cargo leaves it out.
    let lacks_lines = |name| LACK_LINES.contains(&name) || ["is an older answer", "has a wrong byte"].contains(&name);
    match weather.name {
        "answers 404" | "answers 410" | "answers 451" => true,
        "is 304 to whoever has nothing" => caches == Caches::Full,
        name => path.starts_with("/index/") && lacks_lines(name),
    }
}

/// Everything at one verb: what did not hold.
fn every_request(plan: &Plan, caches: Caches) -> Vec<String> {
    let scene = plan.scene();
    let fair = Fair::of(&scene, caches);
    let mut held: BTreeMap<String, usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    // Of archives, pages of the web API and the like one of each kind.
    let mut kinds = BTreeSet::new();
    let kind = |path: &str| path.split('/').filter(|part| !part.is_empty()).take(1).collect::<String>();
    let asked = fair.asked.iter().filter(|path| path.starts_with("/index/") || kinds.insert(kind(path)));
    for path in asked {
        for weather in WEATHERS {
            for once in [false, true] {
                // What no other try helps against is met by the first.
                if once && !weather.passes {
                    continue;
                }
                match attempt(&scene, &fair, caches, path, weather, once) {
                    Ok(how) => *held.entry(format!("{how:?}")).or_default() += 1,
                    Err(why) => {
                        eprintln!("BROKEN {}: {why}", plan.name);
                        wrong.push(format!("{}: {why}", plan.name));
                    }
                }
            }
        }
    }
    let cold = if caches == Caches::Empty { "empty" } else { "full" };
    let (requests, tried) = (fair.asked.len(), held.values().sum::<usize>() + wrong.len());
    eprintln!("TABLE {} | {cold} | {requests} requests | {tried} tried | {held:?} | {} broken", plan.name, wrong.len());
    wrong
}

#[test]
#[ignore = "tries everything at every request: half an hour"]
fn whole() {
    #[expect(clippy::disallowed_methods, reason = "which verbs are tried is told by the environment")]
    let only = std::env::var("FAULTS_OF").unwrap_or_default();
    let plans =
        WRITERS.iter().chain(READERS).filter(|plan| only.is_empty() || only.split(',').any(|one| one == plan.name));
    // With full caches only those that do more with an answer than judge by it.
    let warm = ["audit", "update", "vendor again", "cargo update", "cargo add"];
    let jobs: Vec<_> = plans
        .flat_map(|plan| {
            let full = warm.contains(&plan.name).then_some((plan, Caches::Full));
            [Some((plan, Caches::Empty)), full].into_iter().flatten()
        })
        .collect();
    let (jobs, wrong) = (Mutex::new(jobs.into_iter()), Mutex::new(Vec::new()));
    // They wait most of the time.
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                loop {
                    let Some((plan, caches)) = jobs.lock().unwrap().next() else { return };
                    let found = every_request(plan, caches);
                    wrong.lock().unwrap().extend(found);
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{} times:\n{}", wrong.len(), wrong.join("\n\n"));
}

/// One disturbance of each verb that asks anything: another verb, another disturbance and another request.
fn some_of(part: usize, parts: usize) {
    let mut wrong = Vec::new();
    let plans = WRITERS.iter().chain(READERS).enumerate().skip(part).step_by(parts);
    for (position, plan) in plans {
        let scene = plan.scene();
        let fair = Fair::of(&scene, Caches::Empty);
        let Some(path) = fair.asked.iter().nth(position % fair.asked.len().max(1)) else { continue };
        let weather = &WEATHERS[position * 7 % WEATHERS.len()];
        if let Err(why) = attempt(&scene, &fair, Caches::Empty, path, weather, weather.passes) {
            wrong.push(format!("{}: {why}", plan.name));
        }
    }
    assert!(wrong.is_empty(), "{} times:\n{}", wrong.len(), wrong.join("\n\n"));
}

#[test]
fn c11_c14_a_disturbance_of_each_verb_a() {
    some_of(0, 3);
}

#[test]
fn c11_c14_a_disturbance_of_each_verb_b() {
    some_of(1, 3);
}

#[test]
fn c11_c14_a_disturbance_of_each_verb_c() {
    some_of(2, 3);
}

#[test]
fn c11_c14_every_disturbance_of_one_crate() {
    let plan = READERS.iter().find(|plan| plan.name == "status").unwrap();
    let scene = plan.scene();
    let fair = Fair::of(&scene, Caches::Empty);
    let path = fair.asked.iter().find(|path| path.ends_with("/bar")).unwrap();
    let tried = WEATHERS.iter().map(|weather| attempt(&scene, &fair, Caches::Empty, path, weather, weather.passes));
    let wrong: Vec<String> = tried.filter_map(Result::err).collect();
    assert!(wrong.is_empty(), "{} times:\n{}", wrong.len(), wrong.join("\n\n"));
}

/// The genuine validators came with an answer that lacked the last line. What is locked there is asked for once more, whole.
#[test]
fn c11_what_is_locked_is_not_rejected_for_an_answer_that_lacked_lines() {
    let scene = READERS.iter().find(|plan| plan.name == "audit").unwrap().scene();
    let old = "2025-01-01T00:00:00Z";
    let project = Caches::Empty.project(&scene);
    crate::support::Package::new("bar", "1.1.0").pubtime(old).dep("leaf", "1").publish(&scene.registry);
    project.cargo(&["update"]).expect_code(0);
    std::fs::remove_dir_all(project.cargo_home().join("registry")).unwrap();
    scene.registry.disturb("/index/3/b/bar", usize::MAX, |head, body| {
        let first = body.split_inclusive(|byte| *byte == b'\n').next().unwrap();
        let head = format!("{head}Content-Length: {}\r\n\r\n", first.len());
        vec![crate::support::Step::Send([head.as_bytes(), first].concat())]
    });
    let told = run(&scene, &project, false).unwrap().expect_code(1);
    assert!(told.stdout.contains("not-in-index"), "{}", told.stdout);
    scene.registry.calm();
    run(&scene, &project, false).unwrap().expect_code(0);
}
