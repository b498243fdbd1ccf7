//! One run of a verb in a copy of its project, with a fault at one of its points, and what must be true then.

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use camino::{Utf8Path, Utf8PathBuf};
use cargo_sequester::door::files::names::{STAGED, STAGED_EVENT};
use serde_json::Value;

use super::kinds::kind;
use super::scenes::Scene;
use crate::support::{Outcome, Project};

/// What a point can meet.
pub const FAULTS: [&str; 5] = ["KILL", "ENOSPC", "EROFS", "EACCES", "EIO"];

/// A call by which the program changes something of the project's, of cargo's home or of its temporary folder.
#[derive(Clone, Debug)]
pub struct Point {
    /// Counted from 1.
    pub number: usize,
    /// Which one of its kind: threads make their calls in another order every time.
    pub turn: usize,
    pub call: String,
    /// Relative to the folder around the project.
    pub paths: Vec<String>,
    /// Which faults the call can meet.
    pub faults: Vec<String>,
}

/// The texts of the project's files, by their paths from the folder around it; an event by its place, without what differs with time.
pub type State = BTreeMap<String, Vec<u8>>;

/// A supervised run.
pub struct Run {
    pub outcome: Outcome,
    /// Those of the program itself.
    pub points: Vec<Point>,
    /// How many calls its children made.
    pub of_children: usize,
    /// Those that met the fault: the first, and what failed in consequence.
    pub met: Vec<Point>,
}

/// The program that breaks calls, or `None` where there is none: another system, no `rustc`, or a kernel that does not let it.
pub fn supervisor() -> Option<&'static Utf8Path> {
    static BUILT: OnceLock<Option<Utf8PathBuf>> = OnceLock::new();
    BUILT.get_or_init(|| build().map_err(|why| eprintln!("skipped: {why}")).ok()).as_deref()
}

fn build() -> Result<Utf8PathBuf, String> {
    if !cfg!(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))) {
        return Err("faults are injected on Linux alone".to_owned());
    }
    let source = concat!(include_str!("supervisor.rs"), include_str!("calls.rs"), include_str!("kinds.rs"));
    let folder = Utf8Path::new(env!("CARGO_TARGET_TMPDIR"));
    let digest = source.bytes().fold(0u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)));
    let program = folder.join(format!("supervisor-{digest:016x}"));
    if !program.exists() {
        let staged = tempfile::Builder::new().prefix("supervisor-").tempdir_in(folder).unwrap();
        let built = staged.path().join("supervisor");
        let project = Project::new();
        let rustc = Utf8Path::new(env!("CARGO")).with_file_name("rustc");
        let compiled = project
            .command(rustc.as_str())
            .args([
                "--edition",
                "2024",
                "-O",
                concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/faults/supervisor.rs"),
                "-o",
            ])
            .arg(&built)
            .output()
            .map_err(|error| format!("{rustc} cannot be run: {error}"))?;
        if !compiled.status.success() {
            return Err(format!("{rustc} fails: {}", String::from_utf8_lossy(&compiled.stderr)));
        }
        std::fs::rename(&built, &program).unwrap();
    }
    let project = Project::new();
    let log = project.path("log");
    let tried = Command::new(&program)
        .args([project.outside().as_str(), log.as_str(), "0", "", "KILL", "/bin/mkdir", project.path("made").as_str()])
        .status();
    match tried {
        Ok(status) if status.success() && project.read("log").contains("made") => Ok(program),
        _ => Err("this kernel does not tell of system calls".to_owned()),
    }
}

/// Runs the scene's verb in this copy of its project, with this fault at the point that has its place among those of its kind.
pub fn supervised(scene: &Scene, project: &Project, at: Option<(&Point, &str)>) -> Run {
    let log = tempfile::NamedTempFile::new().unwrap();
    let mut command = project.command(supervisor().expect("asked before").as_str());
    let (turn, kind, fault) = at.map_or_else(nowhere, |(at, fault)| (at.turn, at.kind(), fault));
    command.arg(project.outside()).arg(log.path()).args([&turn.to_string(), &kind, fault]);
    command.arg(env!("CARGO_BIN_EXE_cargo-sequester")).arg("sequester").args(scene.verb());
    let outcome = ended(in_temporary(&mut command, project));
    let log = std::fs::read_to_string(log.path()).unwrap();
    let (own, children): (Vec<&str>, Vec<&str>) = log.lines().partition(|line| line.contains("\town\t"));
    let points: Vec<(bool, Point)> = own.into_iter().map(|line| read_point(line, project)).collect();
    let met = points.iter().filter(|(met, _)| *met).map(|(_, point)| point.clone()).collect();
    Run { outcome, points: points.into_iter().map(|(_, point)| point).collect(), of_children: children.len(), met }
}

/// What a person does who finds the manifest as it was to be, and the lock file as it was.
fn finished(project: &Project) -> Outcome {
    let mut command = project.command(env!("CARGO_BIN_EXE_cargo-sequester"));
    command.args(["sequester", "cargo", "update", "--workspace"]);
    ended(in_temporary(&mut command, project))
}

/// No call has this place.
fn nowhere<'f>() -> (usize, String, &'f str) {
    (0, String::new(), "KILL")
}

/// Runs the scene's verb as it is.
pub fn undisturbed(scene: &Scene, project: &Project) -> Outcome {
    let mut command = project.command(env!("CARGO_BIN_EXE_cargo-sequester"));
    command.arg("sequester").args(scene.verb());
    ended(in_temporary(&mut command, project))
}

/// The program's temporary files are looked after as the project's are.
pub fn in_temporary<'c>(command: &'c mut Command, project: &Project) -> &'c mut Command {
    let folder = project.outside().join("tmp");
    std::fs::create_dir_all(&folder).unwrap();
    command.env("TMPDIR", folder).stdin(Stdio::null())
}

fn ended(command: &mut Command) -> Outcome {
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    Outcome { stdout: text(&output.stdout), stderr: text(&output.stderr), code: output.status.code().unwrap_or(-1) }
}

fn read_point(line: &str, project: &Project) -> (bool, Point) {
    let (met, line) = line.strip_prefix('!').map_or((false, line), |line| (true, line));
    let mut fields = line.split('\t');
    let number = fields.next().unwrap().parse().unwrap();
    let turn = fields.next().unwrap().parse().unwrap();
    let call = fields.nth(1).unwrap().to_owned();
    let faults = fields.next().unwrap().split(',').map(str::to_owned).collect();
    let within =
        |path: &str| path.strip_prefix(project.outside().as_str()).unwrap_or(path).trim_start_matches('/').to_owned();
    (met, Point { number, turn, call, paths: fields.map(within).collect(), faults })
}

impl Point {
    pub fn kind(&self) -> String {
        kind(&self.call, self.paths.iter().map(String::as_str))
    }
}

/// What is there only while a run is at work, by its name.
pub fn is_staged(path: &str) -> bool {
    if path == "project/.sequester/lock" {
        return true;
    }
    path.split('/').any(|name| {
        let is_temporary = [STAGED, STAGED_EVENT].iter().any(|form| form.is_of(name));
        is_temporary || name.contains(".sequester-stage") || name.starts_with(".tmp")
    })
}

/// The files of the project, but for what cargo builds and git keeps.
pub fn state(project: &Project) -> State {
    let mut state = State::new();
    let mut events = Vec::new();
    each_file(project.outside(), "project", &mut |path, bytes| {
        if path.starts_with("project/target/") || path.starts_with("project/.git/") {
            return;
        }
        // The same project lies in a folder of its own in each run.
        let bytes = String::from_utf8_lossy(&bytes).replace(project.outside().as_str(), "TOP").into_bytes();
        if path.starts_with("project/.sequester/trail/") && Utf8Path::new(&path).extension() == Some("json") {
            events.push(timeless(&bytes));
        } else {
            state.insert(path, bytes);
        }
    });
    events.sort();
    for (position, event) in events.into_iter().enumerate() {
        state.insert(format!("project/.sequester/trail/{position}"), event);
    }
    state
}

/// An event without its moment and what came before it; one that cannot be read as it is.
fn timeless(bytes: &[u8]) -> Vec<u8> {
    let Ok(Value::Object(mut event)) = serde_json::from_slice(bytes) else { return bytes.to_vec() };
    // The digest is of a text that may name the project's folder.
    for key in ["time", "machine_time", "parents", "policy"] {
        event.remove(key);
    }
    // The kind comes first, so that a list of events can be read.
    let kind = event["kind"].clone();
    format!("{kind}\n{}", Value::Object(event)).into_bytes()
}

pub fn each_file(top: &Utf8Path, below: &str, visit: &mut dyn FnMut(String, Vec<u8>)) {
    let Ok(entries) = top.join(below).read_dir_utf8() else { return };
    for entry in entries.map(Result::unwrap) {
        let path = format!("{below}/{}", entry.file_name());
        let metadata = std::fs::symlink_metadata(entry.path()).unwrap();
        if metadata.is_dir() {
            each_file(top, &path, visit);
        } else if metadata.is_symlink() {
            visit(path, std::fs::read_link(entry.path()).unwrap().to_string_lossy().into_owned().into_bytes());
        } else {
            visit(path, std::fs::read(entry.path()).unwrap());
        }
    }
}

/// What a run left that is nobody's: temporary names, wherever they are.
pub fn left_over(project: &Project) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for below in ["project", "cargo-home", "home"] {
        each_file(project.outside(), below, &mut |path, _| {
            if is_staged(&path) && !path.starts_with("project/target/") {
                found.insert(path);
            }
        });
    }
    let temporary = project.outside().join("tmp");
    for entry in temporary.read_dir_utf8().into_iter().flatten().map(Result::unwrap) {
        found.insert(format!("tmp/{}", entry.file_name()));
    }
    found
}

/// What lies around in temporary names was made long ago.
fn two_days_pass(project: &Project) {
    let then = std::time::SystemTime::from(cargo_sequester::door::gather::clock::now())
        - std::time::Duration::from_secs(48 * 3600);
    for path in left_over(project) {
        let path = project.outside().join(path);
        // A folder is opened for reading alone.
        let file = std::fs::File::options().append(true).open(&path).or_else(|_| std::fs::File::open(&path));
        if let Ok(file) = file {
            file.set_times(std::fs::FileTimes::new().set_modified(then)).unwrap();
        }
    }
}

/// Where a state is neither of two: such as half of a file, or a file that was lost.
fn neither(found: &State, old: &State, new: &State) -> Vec<String> {
    let is_event = |path: &str| path.starts_with("project/.sequester/trail/");
    let known: BTreeSet<&Vec<u8>> =
        old.iter().chain(new).filter(|(path, _)| is_event(path)).map(|(_, text)| text).collect();
    let mut faults = Vec::new();
    for (path, bytes) in found.iter().filter(|(path, _)| !is_staged(path)) {
        let is_known = if is_event(path) {
            known.contains(bytes)
        } else {
            [old, new].iter().any(|state| state.get(path) == Some(bytes))
        };
        // What a run that is at work keeps for the next one.
        let is_journal = path.starts_with("project/.sequester/") && !is_event(path);
        if !is_known && !is_journal {
            faults
                .push(format!("{path} is neither the old file nor the new one: {:?}", String::from_utf8_lossy(bytes)));
        }
    }
    for path in old.keys().filter(|path| new.contains_key(*path) && !found.contains_key(*path)) {
        faults.push(format!("{path} is lost"));
    }
    faults
}

/// Where two states differ.
pub fn differences(found: &State, expected: &State) -> Vec<String> {
    let paths: BTreeSet<&String> = found.keys().chain(expected.keys()).collect();
    let differing = paths.into_iter().filter(|path| found.get(*path) != expected.get(*path));
    let text = |state: &State, path: &String| {
        state.get(path).map(|bytes| String::from_utf8_lossy(bytes).chars().take(300).collect::<String>())
    };
    differing.map(|path| format!("{path}: {:?} in place of {:?}", text(found, path), text(expected, path))).collect()
}

/// What the scene's verb does when nothing goes wrong.
pub struct Expected {
    pub old: State,
    pub new: State,
    pub run: Run,
    /// How a second run ends, and what it makes.
    pub twice: (i32, State),
}

impl Expected {
    pub fn of(scene: &Scene) -> Self {
        let project = scene.project.copied();
        let old = state(&project);
        let run = supervised(scene, &project, None);
        assert_eq!(
            run.outcome.code, scene.code,
            "{}\n--- stdout\n{}\n--- stderr\n{}",
            scene.name, run.outcome.stdout, run.outcome.stderr
        );
        let new = state(&project);
        let twice = undisturbed(scene, &project);
        Self { old, new, run, twice: (twice.code, state(&project)) }
    }
}

/// How a fault was met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Held {
    /// The program was killed, and the next run made everything as it was to be.
    Killed,
    /// The program was killed, or the disk became read-only, between a change and the event of it: the change is there, whole, and the
    /// trail lacks its event.
    WithoutEvent,
    /// It ended as if nothing had happened: what it could not do need not be done.
    CarriedOn,
    /// It ended with an error, and everything was as before.
    Refused,
    /// It ended with an error, and what it was to write is there, whole, or a part of several documents is.
    Made,
    /// The call was not made in this run.
    NotMet,
}

const MANIFEST: &str = "project/Cargo.toml";
const LOCK_FILE: &str = "project/Cargo.lock";

impl Scene {
    /// Whether a removal got as far as the manifest, which goes first: a lock file with more than the manifests ask for does no harm.
    fn is_half(&self, found: &State, expected: &Expected) -> bool {
        let is = |name: &str, state: &State| found.get(name) == state.get(name);
        self.name == "cargo remove" && is(MANIFEST, &expected.new) && is(LOCK_FILE, &expected.old)
    }
}

/// Meets one fault and goes on; what was not as it must be.
pub fn attempt(scene: &Scene, expected: &Expected, at: &Point, fault: &str) -> Result<Held, String> {
    let project = scene.project.copied();
    let run = supervised(scene, &project, Some((at, fault)));
    // The program need not make the same calls in every run.
    let Some(struck) = run.met.first() else { return Ok(Held::NotMet) };
    let told = format!("{}{}", run.outcome.stdout, run.outcome.stderr);
    let found = without_staged(&state(&project));
    let mut faults = neither(&found, &expected.old, &expected.new);
    let mut held = met(scene, expected, &run, fault, &told, &found, &mut faults);
    // Nothing can be removed any more from a disk that became read-only, nor by who was killed.
    let cannot_remove = matches!(fault, "KILL" | "EROFS" | "EACCES");
    // What a change needs that the next run finishes waits for it; so does what is told to.
    let has_journal = found.contains_key("project/.sequester/journal.json");
    let waits = has_journal && told.contains("run the command again, which finishes it");
    let will_go = told.contains("files of this run, which the next one removes");
    let may_leave = cannot_remove || waits || will_go;
    let left = left_over(&project);
    if !left.is_empty() && !may_leave {
        faults.push(format!("left over: {left:?}"));
    }
    if held == Held::CarriedOn && will_go {
        undisturbed(scene, &project);
        let left = left_over(&project);
        if !left.is_empty() {
            faults.push(format!("the next run does not remove what it is said to: {left:?}"));
        }
    }
    if held != Held::CarriedOn {
        two_days_pass(&project);
        let again = if scene.is_half(&found, expected) { finished(&project) } else { undisturbed(scene, &project) };
        let after = state(&project);
        let cannot_undo = matches!(fault, "KILL" | "EROFS");
        // All was done, or all but the event.
        let is_done = cannot_undo && found == expected.new;
        let lacks_event = cannot_undo && !is_done && but_events(&found) == but_events(&expected.new);
        if lacks_event {
            let after = without_staged(&after);
            held = if after == expected.new { held } else { Held::WithoutEvent };
            faults.extend(differences(&but_events(&after), &but_events(&expected.twice.1)));
            faults.extend(neither(&after, &expected.old, &expected.twice.1));
        } else {
            let (code, state) =
                if is_done { (expected.twice.0, &expected.twice.1) } else { (scene.code, &expected.new) };
            if again.code != code {
                faults.push(format!("the next run ends with {}:\n{}{}", again.code, again.stdout, again.stderr));
            }
            let after = if is_done { without_staged(&after) } else { after };
            // Of several steps, one that was done lacks its event; the next run does the others.
            let lock_files = [&expected.old, &found, &expected.new].map(|state| state.get(LOCK_FILE));
            let is_step_done =
                cannot_undo && scene.in_steps && lock_files[0] != lock_files[1] && lock_files[1] == lock_files[2];
            if is_step_done && after != *state && but_events(&after) == but_events(state) {
                held = Held::WithoutEvent;
                faults.extend(neither(&after, &expected.old, state));
            } else {
                let after = differences(&after, state);
                faults.extend(after.into_iter().map(|one| format!("after the next run, {one}")));
            }
        }
        let left = left_over(&project);
        if !left.is_empty() {
            faults.push(format!("left over at the end: {left:?}"));
        }
    }
    if faults.is_empty() {
        return Ok(held);
    }
    let shown: String = told.chars().take(1500).collect();
    let (call, paths, faults) = (&struck.call, struck.paths.join(" "), faults.join("\n  - "));
    Err(format!("{fault} at {} ({call} {paths}):\n  - {faults}\n{shown}", struck.number))
}

/// What the run that met the fault came to.
fn met(
    scene: &Scene,
    expected: &Expected,
    run: &Run,
    fault: &str,
    told: &str,
    found: &State,
    faults: &mut Vec<String>,
) -> Held {
    let code = run.outcome.code;
    if told.contains("panicked at") {
        faults.push("it panicked".to_owned());
    }
    if fault == "KILL" {
        if code != 137 {
            faults.push(format!("it was not killed but ended with {code}"));
        }
        return Held::Killed;
    }
    if code == scene.code && *found == expected.new {
        return Held::CarriedOn;
    }
    if !matches!(code, 1 | 2) {
        faults.push(format!("it ended with {code}"));
    }
    if !told.contains("help: ") {
        faults.push("no help is told".to_owned());
    }
    if !run.met.iter().any(|point| names(told, point, &expected.run.points)) {
        faults.push(format!("{:?} is not named", run.met.iter().flat_map(|point| &point.paths).collect::<Vec<_>>()));
    }
    if *found == expected.old {
        return Held::Refused;
    }
    // What is one document replaces nothing else, vendored sources stay, as is told, without an event, which the next run writes; and on
    // a disk that became read-only nothing is put back.
    let is_made = *found == expected.new && run.met.iter().any(|point| point.call == "fsync");
    let told_so =
        ["no event of it could be written", "but the change is not over"].iter().any(|one| told.contains(one));
    let is_told = told_so && but_events(found) == but_events(&expected.new);
    let folders: Vec<String> = run
        .met
        .iter()
        .flat_map(|point| &point.paths)
        .filter_map(|path| Some(format!("{}/", Utf8Path::new(path).parent()?)))
        .collect();
    if !(is_made || is_told || scene.in_steps || fault == "EROFS") {
        // Where a folder refuses, what was put into it before stays, too.
        let stays = |one: &&String| fault == "EACCES" && folders.iter().any(|folder| one.starts_with(folder.as_str()));
        let differing = differences(found, &expected.old);
        faults.extend(differing.iter().filter(|one| !stays(one)).cloned());
    }
    Held::Made
}

fn but_events(state: &State) -> State {
    // With what a run that is at work keeps there for the next one.
    let is_ours = |path: &str| path.starts_with("project/.sequester/");
    state.iter().filter(|(path, _)| !is_ours(path)).map(|(path, bytes)| (path.clone(), bytes.clone())).collect()
}

fn without_staged(state: &State) -> State {
    state.iter().filter(|(path, _)| !is_staged(path)).map(|(path, bytes)| (path.clone(), bytes.clone())).collect()
}

/// Whether one of the point's files, or its folder, is named.
fn names(told: &str, struck: &Point, points: &[Point]) -> bool {
    let renamed_in = |folder: Option<&Utf8Path>| {
        let targets = points.iter().filter_map(|point| point.paths.get(1));
        let targets = targets.map(Utf8Path::new).filter(move |path| path.parent() == folder);
        targets.filter_map(Utf8Path::file_name).any(|name| told.contains(name))
    };
    struck.paths.iter().any(|path| {
        let path = Utf8Path::new(path);
        // A file that waits beside its place, or the folder in which it was renamed.
        if is_staged(path.as_str()) && renamed_in(path.parent()) || renamed_in(Some(path)) {
            return true;
        }
        let folder = path.ancestors().skip(1).filter_map(Utf8Path::file_name).find(|name| !is_staged(name));
        let file = path.file_name().filter(|name| !is_staged(name));
        path.as_str().starts_with("tmp/") && told.contains("TMPDIR")
            || file.is_some_and(|name| told.contains(name))
            || folder.is_some_and(|name| told.contains(name))
    })
}
