"""Carries out a GitHub workflow or a composite action on this machine, step by step: `run:` in bash with the event's values, and a stand-in for each action that
is used. It knows just enough of GitHub's expressions for our own files, and refuses what it does not know."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import yaml


class Refused(Exception):
    """The file asks for something that this stand-in does not know."""


# -- Expressions ------------------------------------------------------------------------------------------------------------------------

TOKEN = re.compile(r"\s*(\|\||&&|==|!=|!|\(|\)|\.|'(?:[^']|'')*'|[A-Za-z_][\w-]*(?:\.[A-Za-z_*][\w-]*)*|\d+|$)")


class Expression:
    """`a.b || c == 'd' && !cancelled()`, by recursive descent."""

    def __init__(self, text, context):
        self.context, self.tokens, at = context, [], 0
        while at < len(text.rstrip()):
            match = TOKEN.match(text, at)
            if not match or match.end() == at:
                raise Refused(f"expression: {text}")
            self.tokens.append(match.group(1))
            at = match.end()

    def value(self):
        value = self.either()
        if self.tokens:
            raise Refused(f"expression goes on: {self.tokens}")
        return value

    def take(self, *wanted):
        return self.tokens.pop(0) if self.tokens and self.tokens[0] in wanted else None

    def either(self):
        value = self.both()
        while self.take("||"):
            other = self.both()
            value = value or other
        return value

    def both(self):
        value = self.compared()
        while self.take("&&"):
            other = self.compared()
            value = value and other
        return value

    def compared(self):
        value = self.single()
        while sign := self.take("==", "!="):
            other = self.single()
            value = (text_of(value).lower() == text_of(other).lower()) == (sign == "==")
        return value

    def single(self):
        if self.take("!"):
            return not self.single()
        if self.take("("):
            value = self.either()
            assert self.take(")")
            return value
        token = self.tokens.pop(0)
        if token.startswith("'"):
            return token[1:-1].replace("''", "'")
        if token.isdigit():
            return int(token)
        if self.take("("):
            assert self.take(")"), "functions here have no arguments"
            return {"cancelled": False, "always": True, "failure": self.context["failed"], "success": not self.context["failed"]}[token]
        found = self.context
        for part in token.split("."):
            found = found.get(part, "") if isinstance(found, dict) else ""
        return found


def text_of(value):
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def filled(text, context):
    return re.sub(r"\$\{\{(.*?)\}\}", lambda found: text_of(Expression(found.group(1).strip(), context).value()), text_of(text), flags=re.S)


def holds(condition, context):
    """A step or job without a status function runs only where nothing failed."""
    if condition is None:
        return not context["failed"]
    text = str(condition).strip()
    whole = re.fullmatch(r"\$\{\{(.*)\}\}", text, flags=re.S)
    text = whole.group(1).strip() if whole else text
    value = bool(Expression(text, context).value())
    asks = any(word in text for word in ("cancelled(", "always(", "failure(", "success("))
    return value and (asks or not context["failed"])


def outputs_of(path):
    found, lines = {}, iter(Path(path).read_text().splitlines())
    for line in lines:
        if match := re.fullmatch(r"([\w-]+)<<(.+)", line):
            value = []
            for inner in lines:
                if inner == match.group(2):
                    break
                value.append(inner)
            else:
                raise Refused("an output that does not end")
            found[match.group(1)] = "\n".join(value)
        elif line:
            name, _, value = line.partition("=")
            found[name] = value
    return found


# -- Running ----------------------------------------------------------------------------------------------------------------------------


class Runner:
    """One machine of one job. `tools` is a folder that goes before everything on the path, `origin` the repository, `artifacts` what jobs hand on."""

    def __init__(self, place, tools, origin, artifacts, environment):
        self.place, self.tools, self.origin, self.artifacts = Path(place), tools, origin, artifacts
        self.temp, self.workspace = self.place / "_temp", self.place / "work"
        for folder in (self.temp, self.workspace, self.place / "home"):
            folder.mkdir(parents=True)
        self.environment, self.paths, self.summary, self.log, self.uploaded = environment, [], "", "", []

    def script(self, text, env, directory):
        if "${{" in text:
            raise Refused("an expression inside a script: what it stands for would be run")
        script, said = self.temp / "step.sh", {}
        script.write_text(text)
        for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_PATH", "GITHUB_ENV"):
            said[name] = self.temp / name
            said[name].write_text("")
        inherited = {name: os.environ[name] for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "CARGO_HTTP_CAINFO", "RUSTUP_HOME", "http_proxy", "https_proxy") if name in os.environ}
        inherited.setdefault("RUSTUP_HOME", str(Path.home() / ".rustup"))
        home = self.place / "home"
        path = ":".join([*self.paths, str(self.tools), str(home / ".cargo/bin"), os.environ["PATH"]])
        env = {**inherited, "HOME": str(home), "CARGO_HOME": str(home / ".cargo"), "PATH": path, "LANG": "C.UTF-8", "RUNNER_TEMP": str(self.temp),
               "RUNNER_OS": "Linux", "RUNNER_ARCH": "X64", "GITHUB_WORKSPACE": str(self.workspace), "GIT_CONFIG_NOSYSTEM": "1",
               **self.environment, **{name: str(path) for name, path in said.items()}, **env}
        ran = subprocess.run(["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)], cwd=self.workspace / directory, env=env,
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=600)
        self.log += ran.stdout
        self.summary += said["GITHUB_STEP_SUMMARY"].read_text()
        self.paths = said["GITHUB_PATH"].read_text().split() + self.paths
        return ran.returncode, outputs_of(said["GITHUB_OUTPUT"])

    def used(self, step, context):
        """What the actions that our files use would do."""
        name, _, version = step["uses"].partition("@")
        given = {key: filled(value, context) for key, value in step.get("with", {}).items()}
        if not re.fullmatch(r"[0-9a-f]{40}", version):
            raise Refused(f"{step['uses']} is not pinned by its commit")
        if name == "actions/checkout":
            if given.get("persist-credentials") != "false":
                raise Refused("a checkout that leaves its token in the repository")
            shutil.rmtree(self.workspace)
            depth = [] if given.get("fetch-depth") == "0" else ["--depth=1"]
            commands = [["git", "init", "--quiet", str(self.workspace)], ["git", "fetch", "--quiet", *depth, "file://" + str(self.origin), context["github"]["sha"]],
                        ["git", "checkout", "--quiet", "FETCH_HEAD"], ["git", "remote", "add", "origin", "file://" + str(self.origin)]]
            for command in commands:
                subprocess.run(command, cwd=self.workspace if command[1] != "init" else self.place, check=True, capture_output=True)
        elif name == "actions/upload-artifact":
            folder = self.artifacts / given["name"]
            folder.mkdir(parents=True, exist_ok=True)
            for path in given["path"].split():
                shutil.copy(path, folder)
        elif name == "actions/download-artifact":
            shutil.copytree(self.artifacts / given["name"], given["path"], dirs_exist_ok=True)
        elif name == "github/codeql-action/upload-sarif":
            self.uploaded.append(json.loads(Path(given["sarif_file"]).read_text()))
        else:
            raise Refused(f"no stand-in for {name}")

    def steps(self, steps, context, env):
        """Whether all went well."""
        for step in steps:
            if not holds(step.get("if"), context):
                continue
            if "uses" in step:
                self.used(step, context)
                continue
            own = {name: filled(value, context) for name, value in {**env, **step.get("env", {})}.items()}
            code, outputs = self.script(step["run"], own, filled(step.get("working-directory", "."), context))
            if "id" in step:
                context["steps"][step["id"]] = {"outputs": outputs}
            if code != 0:
                context["failed"] = True
        return not context["failed"]


def github(event, sha, server, repository, payload):
    return {"event_name": event, "sha": sha, "event": payload, "repository": repository, "server_url": server, "run_id": "7", "token": "a-token",
            "ref_name": "main", "action_path": ""}


def variables(about):
    return {"GITHUB_ACTIONS": "true", "CI": "true", "GITHUB_SHA": about["sha"], "GITHUB_EVENT_NAME": about["event_name"], "GITHUB_REPOSITORY": about["repository"],
            "GITHUB_SERVER_URL": about["server_url"]}


def run_action(file, runner, about, inputs):
    """Whether the job would be green."""
    action = yaml.safe_load(Path(file).read_text())
    unknown = set(inputs) - set(action["inputs"])
    if unknown:
        raise Refused(f"inputs that the action does not have: {unknown}")
    context = {"github": about, "failed": False, "steps": {}, "inputs": {}}
    defaults = {name: filled(one.get("default", ""), context) for name, one in action["inputs"].items()}
    context["inputs"] = {**defaults, **inputs}
    runner.environment = {**runner.environment, **variables(about), "GITHUB_ACTION_PATH": str(Path(file).resolve().parent)}
    return runner.steps(action["runs"]["steps"], context, {})


def run_workflow(file, machine, about, inputs=None):
    """Runs every job; `machine` makes a runner for a job's name. Returns the runners, and which jobs were green."""
    workflow = yaml.safe_load(Path(file).read_text())
    if workflow.get("permissions") != {}:
        raise Refused("a workflow gives its jobs nothing, and each job says what it needs")
    runners, green, needs = {}, {}, {}
    for name, job in workflow["jobs"].items():
        wanted = job.get("needs", [])
        wanted = [wanted] if isinstance(wanted, str) else wanted
        context = {"github": about, "failed": not all(green.get(one, False) for one in wanted), "steps": {}, "inputs": inputs or {}, "secrets": {},
                   "needs": {one: needs[one] for one in wanted if one in needs}, "runner": {}}
        if not holds(job.get("if"), context):
            continue
        context["failed"] = False
        runner = machine(name)
        context["runner"]["temp"] = str(runner.temp)
        runner.environment = {**runner.environment, **variables(about)}
        env = {key: filled(value, context) for key, value in {**workflow.get("env", {}), **job.get("env", {})}.items()}
        green[name] = runner.steps(job["steps"], context, env)
        needs[name] = {"outputs": {key: filled(value, context) for key, value in job.get("outputs", {}).items()}, "result": "success" if green[name] else "failure"}
        runners[name] = runner
    return runners, green
