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
use crate::support::{Disturbance, Outcome, Project, Step};

/// What a registry does in place of answering.
struct Weather {
    name: &'static str,
    disturbance: Disturbance,
    /// Whether another try helps where it happens once: then nobody notices.
    passes: bool,
}

const fn passing(name: &'static str, disturbance: Disturbance) -> Weather {
    Weather { name, disturbance, passes: true }
}

const fn lasting(name: &'static str, disturbance: Disturbance) -> Weather {
    Weather { name, disturbance, passes: false }
}

/// Longer than any run waits here.
const SILENCE: Duration = Duration::from_secs(20);

const WEATHERS: &[Weather] = &[
    passing("hangs up at once", |_, _| vec![]),
    passing("hangs up within the head", |head, _| vec![send(&head[..head.len() / 2])]),
    passing("says nothing", |_, _| vec![Step::Wait(SILENCE)]),
    passing("falls silent within the body", |head, body| {
        vec![send(whole_head(head, body.len())), send(half(body)), Step::Wait(SILENCE)]
    }),
    passing("drips", |head, body| {
        vec![send(whole_head(head, body.len().max(40))), Step::Drip(b" ".to_vec(), 40, Duration::from_millis(400))]
    }),
    passing("promises more than it sends", |head, body| vec![send(whole_head(head, body.len() + 100)), send(body)]),
    passing("hangs up within the body", |head, body| vec![send(whole_head(head, body.len() + 1)), send(half(body))]),
    passing("counts its chunks wrongly", |head, body| {
        vec![send(head), send("Transfer-Encoding: chunked\r\n\r\n4\r\n"), send(body)]
    }),
    passing("speaks no HTTP", |_, _| vec![send(b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03".repeat(8))]),
    passing("has headers without end", |_, _| {
        vec![send("HTTP/1.1 200 -\r\n"), send(b"X-Header: is a header among many\r\n".repeat(60_000))]
    }),
    passing("answers 429 at once", |_, _| refusal("429 -\r\nRetry-After: 0")),
    passing("answers 429 and wants a second", |_, _| refusal("429 -\r\nRetry-After: 1")),
    passing("answers 500", |_, _| refusal("500 -")),
    passing("answers 503", |_, _| refusal("503 -\r\nRetry-After: 0")),
    passing("takes its time", |head, body| {
        vec![Step::Wait(Duration::from_millis(700)), send(whole_head(head, body.len())), send(body)]
    }),
    lasting("is not encoded as it says", |head, body| {
        vec![send(whole_head(&format!("{head}Content-Encoding: gzip\r\n"), body.len())), send(body)]
    }),
    lasting("promises less than it sends", |head, body| vec![send(whole_head(head, body.len() / 2)), send(body)]),
    lasting("ends in the middle, without a length", |head, body| vec![send(head), send("\r\n"), send(half(body))]),
    lasting("has a wrong byte", |head, body| {
        let mut body = body.to_vec();
        let middle = body.len() / 2;
        body.iter_mut().skip(middle).take(1).for_each(|byte| *byte = 0xff);
        vec![send(whole_head(head, body.len())), send(body)]
    }),
    lasting("is a page to log in at", |_, _| {
        let page = "<!doctype html><title>Welcome</title><p>Log in to use this network.\n";
        vec![send(whole_head("HTTP/1.1 200 -\r\nContent-Type: text/html\r\n", page.len())), send(page)]
    }),
    lasting("is empty", |head, _| vec![send(whole_head(head, 0))]),
    lasting("never ends", |head, body| {
        let part = [body, b"\n"].concat().repeat(1 + (1 << 20) / (body.len() + 1));
        vec![send(head), send("\r\n"), Step::Drip(part, 4096, Duration::ZERO)]
    }),
    lasting("is another part than was asked for", |head, body| {
        let head = head.replacen(" 200 ", " 206 ", 1);
        let length = body.len();
        vec![send(whole_head(&format!("{head}Content-Range: bytes 3-{length}/{length}\r\n"), length)), send(body)]
    }),
    lasting("is 304 to whoever has nothing", |_, _| vec![send("HTTP/1.1 304 -\r\nETag: \"x\"\r\n\r\n")]),
    lasting("leads in a circle", |_, _| refusal("302 -\r\nLocation: ?again")),
    lasting("leads elsewhere", |_, _| refusal("302 -\r\nLocation: http://127.0.0.1:1/x")),
    lasting("leads to a file", |_, _| refusal("302 -\r\nLocation: file:///etc/hostname")),
    lasting("leads nowhere", |_, _| refusal("302 -")),
    lasting("answers 401", |_, _| refusal("401 -")),
    lasting("answers 403", |_, _| refusal("403 -")),
    lasting("answers 404", |_, _| refusal("404 -")),
    lasting("answers 410", |_, _| refusal("410 -")),
    lasting("answers 451", |_, _| refusal("451 -")),
    lasting("answers 418", |_, _| refusal("418 -")),
    // Such as a node of a network that has not heard of the last release yet, beside others that have.
    lasting("is an older answer", |head, body| {
        let lines: Vec<&[u8]> = body.split_inclusive(|byte| *byte == b'\n').collect();
        let older = lines[..lines.len().saturating_sub(1).max(1).min(lines.len())].concat();
        let head: String = head.split_inclusive("\r\n").filter(|line| !line.starts_with("ETag")).collect();
        vec![send(whole_head(&head, older.len())), send(older)]
    }),
];

fn send(bytes: impl AsRef<[u8]>) -> Step {
    Step::Send(bytes.as_ref().to_vec())
}

fn half(body: &[u8]) -> &[u8] {
    &body[..body.len() / 2]
}

fn whole_head(head: &str, length: usize) -> String {
    if head.starts_with("HTTP/1.1 304") {
        return format!("{head}Connection: close\r\n\r\n");
    }
    format!("{head}Content-Length: {length}\r\nConnection: close\r\n\r\n")
}

fn refusal(status: &str) -> Vec<Step> {
    vec![send(format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"))]
}

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
    } else if found == fair.old && (matches!(outcome.code, 1 | 2) || is_cargos && outcome.code == 101) {
        // A verdict is no error.
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
    } else if outcome.code == scene.code && (found == fair.old || found == fair.new) {
        if is_belief(weather) { Held::Believed } else { Held::Told }
    } else {
        faults.push(format!("it ended with {}", outcome.code));
        faults.extend(differences(&found, &fair.old).into_iter().map(|one| format!("neither nor: {one}")));
        Held::Told
    };
    if held == Held::Told && !outcome.stderr.contains("warning") && !told.contains("could not") {
        faults.push(format!("nothing is told of it:\n{}", outcome.stdout));
    }
    if once && weather.passes && held != Held::Unnoticed {
        faults.push(format!("once was not borne: {held:?}, code {}", outcome.code));
    }
    let left = left_over(&project);
    if !left.is_empty() {
        faults.push(format!("left over: {left:?}"));
    }
    // The weather is fair again, and nothing of what was heard counts.
    let again =
        run(scene, &project, false).ok_or_else(|| format!("{path} {}: the next run does not end", weather.name))?;
    let after = state(&project);
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

/// What no client can tell from the truth.
fn is_belief(weather: &Weather) -> bool {
    ["is an older answer", "answers 404", "answers 410", "answers 451"].contains(&weather.name)
}

/// Everything at one verb: what did not hold.
fn every_request(plan: &Plan, caches: Caches) -> Vec<String> {
    let scene = plan.scene();
    let fair = Fair::of(&scene, caches);
    let mut held: BTreeMap<String, usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    for path in &fair.asked {
        for weather in WEATHERS {
            for once in [false, true] {
                // What no other try helps against is met by the first.
                if once && !weather.passes {
                    continue;
                }
                match attempt(&scene, &fair, caches, path, weather, once) {
                    Ok(how) => *held.entry(format!("{how:?}")).or_default() += 1,
                    Err(why) => wrong.push(format!("{}: {why}", plan.name)),
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
    let jobs: Vec<_> = plans.flat_map(|plan| [(plan, Caches::Empty), (plan, Caches::Full)]).collect();
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
