"""Runs the action and every template, step by step, on scratch repositories: what must be green is green, what must be red is red, and what a pull request can write is
run by nobody. Needs crates.io's index; SEQUESTER is the program under test."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import yaml

from scratch import Scratch
from workflow import Runner, github, run_action, run_workflow

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PROGRAM = os.environ["SEQUESTER"]
REPOSITORY = "owner/scratch"
# A title, a branch and a name as an attacker would choose them.
HOSTILE = '"; touch pwned; $(touch pwned) `touch pwned` ${{ github.token }}'


class Case(unittest.TestCase):
    def setUp(self):
        self.place = Path(tempfile.mkdtemp(prefix="recipes-"))
        self.addCleanup(shutil.rmtree, self.place, ignore_errors=True)
        self.program = PROGRAM
        self.scratch = Scratch(self.place, PROGRAM)
        self.count = 0

    def machine(self, name="job"):
        self.count += 1
        tools = {"RECIPES": str(self.place), "SEQUESTER": self.program}
        return Runner(self.place / f"machine-{self.count}-{name}", HERE / "tools", self.scratch.origin, self.place / "artifacts", tools)

    def event(self, event, sha, payload=None, fork=False):
        whole = dict(payload or {})
        if event == "pull_request":
            whole.setdefault("pull_request", {"base": {"sha": self.scratch.main}})
            whole["pull_request"].update(number=5, title=HOSTILE, head={"ref": HOSTILE, "repo": {"full_name": "stranger/scratch" if fork else REPOSITORY}})
        return github(event, sha, f"file://{self.place}/server", REPOSITORY, whole)

    def judge(self, event, sha, inputs=None, payload=None, fork=False):
        """The action after a checkout, as its guide has it: whether the job is green, and the machine."""
        runner, about = self.machine(), self.event(event, sha, payload, fork)
        checkout = {"uses": "actions/checkout@" + "0" * 40, "with": {"fetch-depth": "0", "persist-credentials": "false"}}
        runner.used(checkout, {"github": about})
        green = run_action(ROOT / "action.yml", runner, about, inputs or {})
        self.assertEqual(list(self.place.rglob("pwned")), [], "what an event says was run")
        return green, runner

    def red(self, *arguments, says="", **named):
        green, runner = self.judge(*arguments, **named)
        self.assertFalse(green, runner.log)
        self.assertIn(says, runner.log)
        return runner

    def green(self, *arguments, **named):
        green, runner = self.judge(*arguments, **named)
        self.assertTrue(green, runner.log)
        return runner

    # Changes.

    def good(self):
        return self.scratch.change("good", lambda: self.scratch.depend('cfg-if = "=1.0.0"', 'fnv = "=1.0.7"'))

    def held(self):
        return self.scratch.change("held", lambda: self.scratch.depend('cfg-if = "=1.0.0"', 'memchr = "2"'))

    def looser(self):
        policy = (self.scratch.work / "sequester.toml").read_text()

        def how():
            self.scratch.depend('cfg-if = "=1.0.0"', 'memchr = "2"')
            self.scratch.write("sequester.toml", policy.replace("12000 months", "0").replace("[[override]]", "[[override]]\nreason = 'ours'"))

        return self.scratch.change("looser", how)


class Action(Case):
    def test_a_change_that_locks_what_is_approved_is_green(self):
        runner = self.green("pull_request", self.good())
        self.assertIn("1 approved", runner.summary)
        self.assertEqual(runner.uploaded, [])

    def test_a_change_that_locks_what_is_held_is_red_and_told_everywhere(self):
        runner = self.red("pull_request", self.held(), says="::error", inputs={"sarif": "true", "comment": "problems"})
        self.assertIn("memchr", runner.summary)
        [sarif] = runner.uploaded
        self.assertTrue(sarif["runs"][0]["results"])
        [comment] = self.scratch.state()["comments"]
        self.assertTrue(comment["body"].startswith("<!-- cargo-sequester -->\n"))
        self.assertIn("too-new", comment["body"])
        # A later run of the same pull request changes the same comment.
        self.green("pull_request", self.good(), inputs={"comment": "problems"})
        [comment] = self.scratch.state()["comments"]
        self.assertNotIn("too-new", comment["body"])

    def test_all_judges_every_lock_file(self):
        inputs = {"all": "true", "sarif": "true"}

        def how():
            tool = self.scratch.work / "tools/extra"
            tool.mkdir(parents=True)
            for name in ("Cargo.toml", "Cargo.lock", "src"):
                source = self.scratch.work / name
                (shutil.copytree if source.is_dir() else shutil.copy)(source, tool / name)
            self.scratch.depend('cfg-if = "=1.0.0"', 'memchr = "2"')

        runner = self.red("pull_request", self.scratch.change("all", how), inputs=inputs, says="Judging tools/extra/Cargo.lock")
        self.assertIn("memchr", runner.summary)
        self.assertEqual(runner.uploaded, [])
        self.red("pull_request", self.good(), inputs={"all": "yes"}, says='the input "all"')

    def test_a_change_cannot_loosen_what_it_is_judged_by(self):
        self.red("pull_request", self.looser(), says="override")

    def test_a_merge_group_is_judged_by_its_own_base(self):
        payload = {"merge_group": {"base_sha": self.scratch.main}}
        self.red("merge_group", self.held(), payload=payload, says="memchr")
        self.green("merge_group", self.good(), payload=payload)

    def test_another_target_branch_is_another_base(self):
        # The event `edited`: what an older branch has is no part of the newer one.
        old = self.scratch.main
        self.scratch.advance(lambda: self.scratch.depend('cfg-if = "=1.0.0"', 'fnv = "=1.0.7"'))
        held = self.held()
        self.red("pull_request", held, payload={"action": "edited", "pull_request": {"base": {"sha": old}}}, says="memchr")

    def test_without_a_change_the_whole_lock_file_is_judged(self):
        self.green("push", self.scratch.main)
        self.scratch.advance(lambda: self.scratch.depend('memchr = "2"'))
        self.red("schedule", self.scratch.main, says="memchr")

    def test_what_would_judge_nothing_is_refused(self):
        self.red("pull_request_target", self.scratch.main, says="pull_request_target")
        self.red("pull_request", self.scratch.main, says="the checkout is the base itself")
        self.red("pull_request", self.held(), payload={"pull_request": {"base": {}}}, says="whole commit id")
        self.red("merge_group", self.held(), says="whole commit id")
        self.red("pull_request", self.good(), inputs={"loosened": "never"}, says="loosened")
        self.red("pull_request", self.good(), inputs={"base": "main"}, says="whole commit id")
        self.red("pull_request", self.good(), inputs={"working-directory": "elsewhere"}, says="working-directory")

    def test_a_fork_has_no_token_to_write_with(self):
        runner = self.red("pull_request", self.held(), fork=True, inputs={"sarif": "true", "comment": "always"})
        self.assertEqual((runner.uploaded, self.scratch.state()["comments"]), ([], []))

    def test_a_comment_of_a_person_is_never_taken_for_ours(self):
        forged = {"id": 1, "user": {"type": "User"}, "body": "<!-- cargo-sequester -->\nAll is well."}
        (self.place / "github.json").write_text(json.dumps({**self.scratch.state(), "comments": [forged]}))
        self.red("pull_request", self.held(), inputs={"comment": "always"})
        comments = self.scratch.state()["comments"]
        self.assertEqual(comments[0], forged)
        self.assertEqual(len(comments), 2)

    def vendored(self):
        self.scratch.advance(lambda: self.scratch.sequester("vendor"))

    def test_what_is_vendored_is_proven_without_being_asked(self):
        self.vendored()
        self.green("pull_request", self.scratch.change("same", lambda: self.scratch.write("src/lib.rs", "// changed\n")))
        edited = self.scratch.change("edited", lambda: self.scratch.write("vendor/cfg-if/src/lib.rs", "// edited\n"))
        self.assertIn("not proven", self.red("pull_request", edited, says="vendor/cfg-if/src/lib.rs").summary)

        def without():
            (self.scratch.work / ".cargo/config.toml").unlink()

        self.red("pull_request", self.scratch.change("without", without), says="allow-list")
        self.red("push", self.scratch.change("never", without), inputs={"verify": "always"}, says="allow-list")

    def test_no_name_of_a_file_is_taken_for_a_command(self):
        self.vendored()

        def how():
            for name in ("::error::forged", "::set-output name=exit-code::0", "::endgroup::"):
                self.scratch.write(f"vendor/{name}/x", "")

        runner = self.red("pull_request", self.scratch.change("names", how))
        lines, paused = runner.log.splitlines(), None
        for line in lines:
            if line.startswith("::stop-commands::"):
                paused = line.rsplit("::", 1)[1]
            elif paused and line == f"::{paused}::":
                paused = None
            elif not paused:
                self.assertFalse(line.lstrip().startswith(("::set-output", "::error::forged")), line)

    def test_a_built_program_is_taken_by_its_digest_alone(self):
        own = self.place / "action"
        shutil.copytree(ROOT / ".github/action", own / ".github/action")
        shutil.copy(ROOT / "action.yml", own)
        name = "cargo-sequester-x86_64-unknown-linux-musl"
        with tarfile.open(self.place / "archive.tgz", "w:gz") as archive:
            archive.add(PROGRAM, f"{name}/cargo-sequester")
        digest = hashlib.sha256((self.place / "archive.tgz").read_bytes()).hexdigest()
        list_of = own / ".github/action/binaries.sha256"
        for known, green in ((digest, True), ("0" * 64, False)):
            list_of.write_text(f"# a comment\n{known}  https://example.org/v9.9.9/{name}.tgz\n")
            runner, about = self.machine(), self.event("push", self.scratch.main)
            runner.used({"uses": "actions/checkout@" + "0" * 40, "with": {"persist-credentials": "false"}}, {"github": about})
            self.assertEqual(run_action(own / "action.yml", runner, about, {}), green, runner.log)
        self.assertFalse((self.place / "asked").exists(), "nothing was built")
        # Elsewhere it is built, from the action's own commit, and not where the checkout's configuration counts.
        list_of.write_text("# nothing\n")
        self.green("push", self.scratch.main)
        [asked] = (self.place / "asked").read_text().splitlines()
        where, words = asked.split(": ", 1)
        self.assertIn(f"--locked --path {ROOT} ", words)
        self.assertTrue(where.endswith("_temp/cargo-sequester"), where)


def template(name, place, directory="."):
    """As `init --ci` writes it."""
    text = (ROOT / "examples/ci" / name).read_text()
    for key, value in {"URL": "https://example.org/owner/cargo-sequester", "COMMIT": "0" * 40, "DIRECTORY": directory, "LOOSENED": "fail"}.items():
        text = text.replace(f"@{key}@", value)
    assert not re.search("@[A-Z]+@", text), "a placeholder is left"
    file = place / Path(name).name
    file.write_text(text)
    return file


class GitHubTemplates(Case):
    def workflow(self, name, event, sha, payload=None, inputs=None):
        return run_workflow(template(f"github/{name}.yml", self.place), self.machine, self.event(event, sha, payload), inputs)

    def test_the_judge(self):
        for change, green in ((self.good(), True), (self.held(), False), (self.looser(), False)):
            runners, jobs = self.workflow("sequester", "pull_request", change)
            self.assertEqual(jobs, {"sequester": green}, runners["sequester"].log)
            self.assertTrue(runners["sequester"].summary)
        self.assertEqual(list(self.place.rglob("pwned")), [])
        [where] = {line.split(": ")[0].rsplit("/", 1)[1] for line in (self.place / "asked").read_text().splitlines()}
        self.assertEqual(where, "work")

    def test_the_night_keeps_one_issue(self):
        _, jobs = self.workflow("sequester-nightly", "schedule", self.scratch.main)
        self.assertEqual((jobs, self.scratch.state()["issues"]), ({"judge": True, "tell": True}, []))
        self.scratch.advance(lambda: self.scratch.depend('memchr = "2"'))
        for _ in range(2):
            runners, jobs = self.workflow("sequester-nightly", "schedule", self.scratch.main)
            self.assertEqual(jobs, {"judge": True, "tell": False}, runners["tell"].log)
            [issue] = self.scratch.state()["issues"]
            self.assertEqual(issue["state"], "open")
            self.assertIn("memchr", issue["body"])
        self.scratch.advance(lambda: self.scratch.depend('cfg-if = "=1.0.0"'))
        self.workflow("sequester-nightly", "schedule", self.scratch.main)
        self.assertEqual([one["state"] for one in self.scratch.state()["issues"]], ["closed"])

    def test_a_night_without_a_verdict_is_told_too(self):
        self.scratch.advance(lambda: self.scratch.write("sequester.toml", "[nobody-knows]\n"))
        _, jobs = self.workflow("sequester-nightly", "schedule", self.scratch.main)
        self.assertEqual(jobs, {"judge": True, "tell": False})
        [issue] = self.scratch.state()["issues"]
        self.assertIn("could not be judged", issue["title"])

    def test_the_week_proposes_what_is_approved(self):
        server = self.place / "server/owner"
        server.mkdir(parents=True)
        (server / "scratch").symlink_to(self.scratch.origin)
        nothing = self.workflow("sequester-update", "schedule", self.scratch.main)[1]
        self.assertEqual(nothing, {"move": True})
        # memchr is held and stays; fnv and what is vendored of it move.
        self.scratch.advance(lambda: self.scratch.depend('fnv = "1.0"', 'memchr = "2"'))
        self.scratch.advance(lambda: self.scratch.run("cargo", "update", "--quiet", "fnv", "--precise", "1.0.6"))
        for _ in range(2):
            runners, jobs = self.workflow("sequester-update", "schedule", self.scratch.main)
            self.assertEqual(jobs, {"move": True, "propose": True}, "\n".join(runner.log for runner in runners.values()))
            [pull] = self.scratch.state()["pulls"]
            self.assertEqual((pull["head"], pull["base"]), ("sequester/update", "main"))
            self.assertIn("approved", pull["body"])
            lock = self.scratch.git("show", "sequester/update:Cargo.lock", folder=self.scratch.origin)
            self.assertIn('name = "fnv"\nversion = "1.0.7"', lock)
            files = self.scratch.git("diff", "--name-only", "main", "sequester/update", folder=self.scratch.origin).splitlines()
            self.assertEqual({file.split("/")[0] for file in files}, {"Cargo.lock", ".sequester"})

    def test_the_week_applies_nothing_else(self):
        wrapper = self.place / "wrapper"
        wrapper.write_text(f"""#!/usr/bin/env bash
if [[ $1 == update ]]; then mkdir -p .github/workflows && echo evil > .github/workflows/evil.yml && git add .github; fi
exec {PROGRAM} "$@"
""")
        wrapper.chmod(0o755)
        self.program = str(wrapper)
        runners, jobs = self.workflow("sequester-update", "schedule", self.scratch.main)
        self.assertEqual(jobs, {"move": True, "propose": False})
        self.assertIn("evil.yml", runners["propose"].log)
        self.assertEqual(self.scratch.state()["pulls"], [])


class GitLabTemplate(Case):
    def job(self, name, sha, variables):
        document = yaml.safe_load(template("gitlab/sequester.yml", self.place).read_text())
        base, job = document[".sequester"], document[name]
        self.assertEqual(job["extends"], ".sequester")
        self.assertNotIn("cache", {**base, **job})
        runner = self.machine()
        runner.used({"uses": "actions/checkout@" + "0" * 40, "with": {"fetch-depth": "0", "persist-credentials": "false"}}, {"github": {"sha": sha}})
        lines = [*base["before_script"], *job["script"]]
        own = {**{key: str(value) for key, value in base["variables"].items()}, "CI_PROJECT_DIR": str(runner.workspace), **variables}
        # GitLab runs each line in one shell, and stops at the first that fails.
        code, _ = runner.script("\n".join(["set -eo pipefail", *lines]), own, ".")
        return code, runner

    def test_merge_requests(self):
        self.scratch.git("push", "--quiet", str(self.scratch.origin), f"{self.scratch.main}:refs/heads/main")
        for known in ({"CI_MERGE_REQUEST_TARGET_BRANCH_SHA": self.scratch.main}, {"CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main"}):
            for change, expected in ((self.good(), 0), (self.held(), 1), (self.looser(), 1)):
                code, runner = self.job("sequester", change, known)
                self.assertEqual(code, expected, runner.log)

    def test_nights(self):
        self.assertEqual(self.job("sequester-nightly", self.scratch.main, {})[0], 0)


@unittest.skipUnless(shutil.which("pre-commit"), "pre-commit is not installed")
class PreCommit(Case):
    def test_a_commit_with_something_held_is_stopped(self):
        hooks = self.place / "hooks"
        hooks.mkdir()
        shutil.copy(ROOT / ".pre-commit-hooks.yaml", hooks)
        revision = self.scratch.commit_in(hooks)
        self.scratch.write(".pre-commit-config.yaml", f"repos: [{{repo: '{hooks}', rev: '{revision}', hooks: [{{id: cargo-sequester-audit}}, {{id: cargo-sequester-verify}}]}}]\n")
        self.scratch.commit_in(self.scratch.work)
        folder = self.place / "bin"
        folder.mkdir()
        (folder / "cargo-sequester").symlink_to(PROGRAM)

        def hook():
            self.scratch.git("add", "--all")
            environment = {**self.scratch.environment(), "PATH": f"{folder}:{os.environ['PATH']}"}
            return subprocess.run(["pre-commit", "run"], cwd=self.scratch.work, env=environment, text=True, capture_output=True, check=False)

        self.scratch.depend('cfg-if = "=1.0.0"', 'fnv = "=1.0.7"')
        passed = hook()
        self.assertEqual(passed.returncode, 0, passed.stdout + passed.stderr)
        self.scratch.depend('memchr = "2"')
        stopped = hook()
        self.assertEqual(stopped.returncode, 1, stopped.stdout + stopped.stderr)
        self.assertIn("memchr", stopped.stdout)


def cases(suite):
    for one in suite:
        yield from cases(one) if isinstance(one, unittest.TestSuite) else (one,)


def tried(case):
    result = unittest.TestResult()
    case.run(result)
    faults = [text for _, text in (*result.failures, *result.errors)]
    print(f"{case.id().removeprefix('__main__.')} ... {'FAILED' if faults else 'ok'}", flush=True)
    return faults


def main():
    """All cases, or those that are named. Most of their time is waiting for git, cargo and a registry, so many run at once."""
    loader = unittest.defaultTestLoader
    suite = loader.loadTestsFromNames(sys.argv[1:], sys.modules["__main__"]) if sys.argv[1:] else loader.loadTestsFromModule(sys.modules["__main__"])
    with ThreadPoolExecutor(max_workers=8) as pool:
        found = list(pool.map(tried, cases(suite)))
    faults = [fault for one in found for fault in one]
    print("\n".join([*faults, f"{len(found)} cases, {sum(map(bool, found))} failed"]))
    return 1 if faults or not found else 0


if __name__ == "__main__":
    sys.exit(main())
