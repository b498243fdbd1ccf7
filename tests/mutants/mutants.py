#!/usr/bin/env python3
"""Tries the tests on mutants of policy/, project/ and archive/: `tests/mutants/mutants.py FOLDER STEP [ARGUMENT...]`.

The mutants are of the kinds that cargo-mutants makes. One build holds them all (see weave/), and a file says which one lives: so a mutant
costs the tests that reach it and no build. Everything is kept in FOLDER and every step goes on where it was broken off; a mutant is known by
its own text and place, so that what was found out outlasts changes elsewhere.

  prepare              copies the checkout to FOLDER/tree, weaves the mutants in and builds the tests; again after every change
  record [PATTERN [SECONDS]]
                       runs each test alone, once, and notes which mutants it reaches; PATTERN is searched in `lib::…` and `it::…`. What
                       keeps the processor busy for longer than that is left out
  try [PATTERN [1/N [SECONDS [TESTS]]]]
                       lets the mutants live, one after another; PATTERN is searched in their names, 1/N takes a seeded part, SECONDS are
                       the most that the tests of one may take together, and TESTS is searched in the names of those
  again [PATTERN]      forgets the survivors, so that `try` tries them with tests that are new
  report               figures by file, and every survivor
"""

import collections
import fcntl
import hashlib
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOP = HERE.parent.parent
ROOMS = ["src/policy", "src/project", "src/archive"]
SWITCH = """//! Which mutant lives.
use std::io::Write as _;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

enum State {
    Quiet,
    Alive(usize),
    Recorded(Vec<AtomicBool>),
}

pub(crate) fn on(id: usize) -> bool {
    static STATE: OnceLock<State> = OnceLock::new();
    let state = STATE.get_or_init(|| match std::fs::read_to_string("FOLDER/alive").unwrap_or_default().trim() {
        "record" => State::Recorded((0..COUNT).map(|_| AtomicBool::new(false)).collect()),
        other => other.parse().map_or(State::Quiet, State::Alive),
    });
    match state {
        State::Quiet => false,
        State::Alive(alive) => *alive == id,
        State::Recorded(seen) => {
            if !seen[id].swap(true, Ordering::Relaxed) {
                let mut file = std::fs::OpenOptions::new().append(true).create(true).open("FOLDER/reached").unwrap();
                file.write_all(format!("{id}\\n").as_bytes()).unwrap();
            }
            false
        }
    }
}
"""


class Folder:
    def __init__(self, path):
        self.path = Path(path).resolve()
        self.tree = self.path / "tree"
        self.longest, self.wanted = float("inf"), ""
        self.environment = dict(os.environ, CARGO_TERM_COLOR="never", INSTA_UPDATE="no", INSTA_WORKSPACE_ROOT=str(self.tree))
        self.environment["PROPTEST_DISABLE_FAILURE_PERSISTENCE"] = "1"
        # What cargo says of a lock file has nothing to do with the mutants: it is asked once.
        self.environment["CARGO_SAID"] = str(self.path / "cargo-said")
        (self.path / "cargo-said").mkdir(parents=True, exist_ok=True)
        self.environment.setdefault("CARGO_TARGET_DIR", str(self.path / "target"))

    def read(self, name, otherwise=None):
        path = self.path / name
        return json.loads(path.read_text()) if path.exists() else otherwise

    def write(self, name, value):
        new = self.path / (name + ".new")
        new.write_text(json.dumps(value, indent=1))
        new.replace(self.path / name)

    def alive(self, what):
        (self.path / "alive").write_text(str(what))

    # prepare

    def copy(self):
        files = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=TOP, stdout=subprocess.PIPE, check=True)
        wanted = {name for name in files.stdout.decode().split("\0") if name and (TOP / name).is_file()}
        for name in wanted:
            # Content, not time, decides whether cargo builds again.
            new, target = (TOP / name).read_bytes(), self.tree / name
            if not target.is_file() or target.read_bytes() != new:
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(new)
                shutil.copymode(TOP / name, target)
        for room in ("src", "tests"):
            for path in list((self.tree / room).rglob("*")):
                if path.is_file() and str(path.relative_to(self.tree)) not in wanted:
                    path.unlink()

    def keys(self, mutants):
        """What a mutant is called, whatever moves elsewhere in its file."""
        seen, keys = collections.Counter(), []
        for one in mutants:
            start = one["span"]["start"]
            line = (self.tree / one["file"]).read_text().splitlines()[start["line"] - 1].strip()
            function = (one.get("function") or {}).get("function_name", "")
            key = f"{one['file']}: {function}: {one['genre']}: {one['replacement']}: {line}"
            seen[key] += 1
            keys.append(f"{key} #{seen[key]}")
        return keys

    def weaver(self, *arguments):
        command = ["cargo", "run", "-q", "--locked", "--manifest-path", str(HERE / "weave/Cargo.toml"), "--", *arguments]
        environment = dict(self.environment, CARGO_TARGET_DIR=str(self.path / "weave"))
        return subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True).stdout

    def sources(self):
        """The files of the rooms, without those that only tests have."""
        for room in ROOMS:
            for path in sorted((self.tree / room).rglob("*.rs")):
                parents = [path.parent / "mod.rs", path.parent.with_suffix(".rs")]
                declared = "".join(one.read_text() for one in parents if one.is_file() and one != path)
                if f"#[cfg(test)]\nmod {path.stem};" not in declared:
                    yield str(path.relative_to(self.tree))

    def weave(self, left_out):
        self.copy()
        self.write("left-out.json", sorted(left_out))
        out = self.weaver(str(self.path / "mutants.json"), str(self.path / "left-out.json"), str(self.tree))
        count = len(self.read("mutants.json"))
        (self.tree / "src/mutants.rs").write_text(SWITCH.replace("FOLDER", str(self.path)).replace("COUNT", str(count)))
        callers = [str(path.relative_to(self.tree)) for path in (self.tree / "src/resolve").rglob("*.rs")]
        for name in [*self.sources(), *callers]:
            # What is asked at run time can be no constant; the width stays, for the places' sake.
            path = self.tree / name
            path.write_text(path.read_text().replace("const fn", "      fn"))
        lib = self.tree / "src/lib.rs"
        lib.write_text(lib.read_text().replace("\nmod archive;", "\n#![allow(warnings)]\nmod mutants;\nmod archive;", 1))
        return json.loads(out)

    def cargo(self, *arguments):
        """The messages of a build."""
        command = ["cargo", *arguments, "--locked", "--message-format=json"]
        done = subprocess.run(command, cwd=self.tree, env=self.environment, stdout=subprocess.PIPE)
        return done.returncode, [json.loads(line) for line in done.stdout.decode().splitlines() if line.startswith("{")]

    def prepare(self):
        self.alive("")
        self.path.mkdir(parents=True, exist_ok=True)
        self.copy()
        (self.tree / "src/mutants.rs").unlink(missing_ok=True)
        (self.path / "mutants.json").write_bytes(self.weaver("list", str(self.tree), *self.sources()))
        keys = self.keys(self.read("mutants.json"))
        self.write("keys.json", keys)
        unviable = self.read("unviable.json", {})
        left_out = {number for number, key in enumerate(keys) if key in unviable}
        while True:
            woven = self.weave(left_out)
            # What is refused is refused in the one program as in the other.
            code, messages = self.cargo("test", "--no-run", "--lib")
            if code == 0:
                code, messages = self.cargo("test", "--no-run", "--lib", "--test", "it")
            if code == 0:
                break
            found = 0
            for message in (one["message"] for one in messages if one["reason"] == "compiler-message"):
                if message["level"] != "error":
                    continue
                for span in message["spans"]:
                    for place in woven["places"]:
                        same = place["file"] == span["file_name"]
                        if same and place["start"] <= span["byte_start"] and span["byte_end"] <= place["end"]:
                            if place["id"] not in left_out:
                                left_out.add(place["id"])
                                unviable[keys[place["id"]]] = message["message"]
                                found += 1
            print(f"{found} mutants that the compiler refuses", flush=True)
            if not found:
                errors = [one["message"]["rendered"] for one in messages if one["reason"] == "compiler-message" and one["message"]["level"] == "error"]
                sys.exit("\n".join(errors[:8]))
            self.write("unviable.json", unviable)
        self.write("unviable.json", unviable)
        self.write("unwoven.json", [keys[one] for one in woven["unwoven"]])
        programs = {}
        for one in messages:
            if one["reason"] == "compiler-artifact" and one["profile"]["test"]:
                programs["it" if one["target"]["name"] == "it" else "lib"] = one["executable"]
        self.write("programs.json", programs)
        print(f"{len(keys)} mutants, {len(left_out)} unviable, {len(woven['unwoven'])} not woven")

    # record and try

    def run(self, program, tests, seconds, busy=None):
        """True where all of these tests pass, None where they do not end; `busy` bounds the processor's time."""

        def bounds():
            os.setsid()
            resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))
            if busy:
                resource.setrlimit(resource.RLIMIT_CPU, (busy, busy))

        command = [self.read("programs.json")[program], "--exact", "--test-threads=1", *tests]
        child = subprocess.Popen(
            command, cwd=self.tree, env=self.environment, preexec_fn=bounds, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            return child.wait(seconds) == 0
        except subprocess.TimeoutExpired:
            return None
        finally:
            try:
                os.killpg(child.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            child.wait()

    def tests(self):
        for program, path in self.read("programs.json").items():
            out = subprocess.run([path, "--list", "--format", "terse"], cwd=self.tree, stdout=subprocess.PIPE, check=True).stdout.decode()
            ignored = subprocess.run([path, "--list", "--format", "terse", "--ignored"], cwd=self.tree, stdout=subprocess.PIPE, check=True)
            skipped = set(ignored.stdout.decode().splitlines())
            for line in out.splitlines():
                if line.endswith(": test") and line not in skipped:
                    yield f"{program}::{line.removesuffix(': test')}"

    def record(self, pattern="", busy="600"):
        reached, keys = self.read("reached.json", {}), self.read("keys.json")
        wanted = [one for one in self.tests() if one not in reached and re.search(pattern, one)]
        for number, test in enumerate(wanted):
            (self.path / "reached").unlink(missing_ok=True)
            self.alive("record")
            program, name = test.split("::", 1)
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            passed = self.run(program, [name], 600, int(busy))
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            # Of the processor, not of the clock: the machine may have other things to do.
            seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            file = self.path / "reached"
            ids = sorted({int(one) for one in file.read_text().split()}) if file.exists() else []
            reached[test] = {"seconds": round(seconds, 3), "passed": passed, "keys": [keys[one] for one in ids]}
            if not passed:
                print(f"does not pass: {test}", flush=True)
            if seconds > 2 or number % 20 == 19 or number + 1 == len(wanted):
                self.write("reached.json", reached)
                print(f"{number + 1} of {len(wanted)}", flush=True)
        self.alive("")

    def reaching(self, key):
        """Quick tests that reach little first: they are about this; and no more than are asked for."""
        tests = [(name, one) for name, one in self.of_key[key] if one["passed"] and re.search(self.wanted, name)]
        tests.sort(key=lambda test: (test[1]["seconds"] + 0.05) * len(test[1]["keys"]))
        length = 0.0
        for name, one in tests:
            length += one["seconds"]
            if length <= self.longest:
                yield one["seconds"], name

    def batches(self, key):
        bound, batch, length = 0.4, [], 0.0
        for seconds, name in self.reaching(key):
            if batch and (length + seconds > bound or batch[0][1].split("::")[0] != name.split("::")[0]):
                yield batch
                batch, length, bound = [], 0.0, min(bound * 2, 5)
            batch.append((seconds, name))
            length += seconds
        if batch:
            yield batch

    def tried(self, key, number):
        self.alive(number)
        for batch in self.batches(key):
            names = [name.split("::", 1)[1] for _, name in batch]
            passed = self.run(batch[0][1].split("::")[0], names, 120 + 60 * sum(seconds for seconds, _ in batch), 20 + int(10 * sum(seconds for seconds, _ in batch)))
            if not passed:
                return {"outcome": "caught" if passed is False else "timeout", "by": [name for _, name in batch][:3]}
        # What was tried with some of its tests alone may fall to the others.
        return {"outcome": "survived" if (self.longest, self.wanted) == (float("inf"), "") else "open", "by": []}

    def index(self):
        self.of_key = collections.defaultdict(list)
        for name, one in self.read("reached.json", {}).items():
            for key in one["keys"]:
                self.of_key[key].append((name, one))

    def attempt(self, pattern="", part="1/1", longest="inf", tests=""):
        self.longest, self.wanted = float(longest), tests
        self.index()
        keys, outcomes = self.read("keys.json"), self.read("outcomes.json", {})
        skip = set(self.read("unviable.json")) | set(self.read("unwoven.json"))
        share, of = map(int, part.split("/"))
        wanted = []
        for number, key in enumerate(keys):
            seed = int(hashlib.sha256(key.encode()).hexdigest(), 16) % of
            if key not in skip and key not in outcomes and seed == share - 1 and re.search(pattern, key):
                wanted.append((number, key))
        for done, (number, key) in enumerate(wanted):
            outcomes[key] = self.tried(key, number)
            if outcomes[key]["outcome"] in ("survived", "open"):
                print(f"{outcomes[key]['outcome']}: {key}", flush=True)
            self.write("outcomes.json", outcomes)
            if done % 10 == 9 or done + 1 == len(wanted):
                print(f"{done + 1} of {len(wanted)}", flush=True)
        self.alive("")

    def again(self, pattern=""):
        outcomes = self.read("outcomes.json", {})
        kept = {key: one for key, one in outcomes.items() if one["outcome"] not in ("survived", "open") or not re.search(pattern, key)}
        self.write("outcomes.json", kept)
        print(f"{len(outcomes) - len(kept)} to try again")

    def report(self):
        self.index()
        mutants, keys, outcomes = self.read("mutants.json"), self.read("keys.json"), self.read("outcomes.json", {})
        unviable, unwoven = self.read("unviable.json"), set(self.read("unwoven.json"))
        table = collections.defaultdict(collections.Counter)
        for one, key in zip(mutants, keys):
            row = table[one["file"]]
            row["all"] += 1
            kind = "unviable" if key in unviable else "unwoven" if key in unwoven else outcomes.get(key, {}).get("outcome", "untried")
            row[kind] += 1
            if kind in ("survived", "open"):
                print(f"{one['name']}  [{'reached' if self.of_key[key] else 'reached by no test'}]")
        columns = ["all", "caught", "timeout", "unviable", "unwoven", "untried", "open", "survived"]
        total = collections.Counter()
        print(f"\n{'':45}", *(f"{one:>9}" for one in columns))
        for file, row in sorted(table.items()):
            total.update(row)
            print(f"{file:45}", *(f"{row[one]:9}" for one in columns))
        print(f"{'':45}", *(f"{total[one]:9}" for one in columns))


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    folder, step, *arguments = sys.argv[1:]
    steps = {"prepare": "prepare", "record": "record", "try": "attempt", "again": "again", "report": "report"}
    Path(folder).mkdir(parents=True, exist_ok=True)
    # One at a time: which mutant lives is said in one place.
    lock = open(Path(folder) / "lock", "w")
    if step != "report":
        fcntl.flock(lock, fcntl.LOCK_EX)
    getattr(Folder(folder), steps[step])(*arguments)


main()
