"""A repository to try recipes on: a policy, its adoption on the main branch, and changes of every kind. Its advisories are a git repository beside it, its registry is
crates.io; ages are chosen so that the verdicts are the same on every day."""

import json
import os
import subprocess
from pathlib import Path

POLICY = """[quarantine]
min-publish-age = "7 days"

# Too new for the next thousand years.
[[override]]
crates = ["memchr"]
min-publish-age = "12000 months"

[advisories]
db = "git+file://{advisories}"
"""

ADVISORY = """```toml
[advisory]
id = "RUSTSEC-2020-0001"
package = "nobody-has-this"
date = "2020-01-01"

[versions]
patched = [">= 2.0.0"]
```

# An advisory about a crate that nobody here has
"""

MANIFEST = """[package]
name = "scratch"
version = "0.1.0"
edition = "2021"

[dependencies]
{dependencies}
"""


class Scratch:
    def __init__(self, place, program):
        self.place, self.program = Path(place), program
        self.origin, self.work, self.home = self.place / "origin.git", self.place / "scratch", self.place / "home"
        self.home.mkdir(parents=True)
        advisories = self.place / "advisories"
        folder = advisories / "crates/nobody-has-this"
        folder.mkdir(parents=True)
        (folder / "RUSTSEC-2020-0001.md").write_text(ADVISORY)
        self.commit_in(advisories)
        self.work.mkdir()
        self.write("sequester.toml", POLICY.format(advisories=advisories))
        self.write("src/lib.rs", "")
        self.depend('cfg-if = "=1.0.0"')
        self.main = self.commit_in(self.work)
        subprocess.run(["git", "clone", "--quiet", "--bare", str(self.work), str(self.origin)], check=True)
        self.git("config", "uploadpack.allowAnySHA1InWant", "true", folder=self.origin)

    def environment(self):
        return {**os.environ, "HOME": str(self.home), "CARGO_HOME": str(self.home / ".cargo"), "RUSTUP_HOME": os.environ.get("RUSTUP_HOME", str(Path.home() / ".rustup")),
                "GIT_CONFIG_NOSYSTEM": "1", "GIT_AUTHOR_NAME": "Ana", "GIT_AUTHOR_EMAIL": "ana@example.org", "GIT_COMMITTER_NAME": "Ana", "GIT_COMMITTER_EMAIL": "ana@example.org"}

    def run(self, *command, folder=None, codes=(0,)):
        ran = subprocess.run(command, cwd=folder or self.work, env=self.environment(), text=True, capture_output=True, check=False)
        assert ran.returncode in codes, f"{command}: {ran.returncode}\n{ran.stdout}\n{ran.stderr}"
        return ran.stdout.strip()

    def git(self, *words, folder=None):
        return self.run("git", *words, folder=folder)

    def commit_in(self, folder):
        if not (folder / ".git").exists():
            self.git("init", "--quiet", "--initial-branch=main", folder=folder)
        self.git("add", "--all", "--force", folder=folder)
        self.git("commit", "--quiet", "--allow-empty", "--message", "a change", folder=folder)
        return self.git("rev-parse", "HEAD", folder=folder)

    def write(self, path, text):
        path = self.work / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def depend(self, *lines):
        """As someone without the quarantine would do it: by stock cargo."""
        self.write("Cargo.toml", MANIFEST.format(dependencies="\n".join(lines)))
        self.run("cargo", "generate-lockfile", "--quiet")

    def sequester(self, *words, codes=(0,)):
        return self.run(self.program, *words, codes=codes)

    def change(self, name, how):
        """A branch off the main branch, merged into it as GitHub merges it for a check; what is checked out there, and its base."""
        self.git("switch", "--quiet", "--detach", self.main)
        how()
        head = self.commit_in(self.work)
        self.git("switch", "--quiet", "--detach", self.main)
        self.git("merge", "--quiet", "--no-ff", "--message", "merged", head)
        merged = self.git("rev-parse", "HEAD")
        self.git("push", "--quiet", "--force", str(self.origin), f"{merged}:refs/pull/{name}/merge")
        return merged

    def advance(self, how):
        """A commit on the main branch."""
        self.git("switch", "--quiet", "--detach", self.main)
        how()
        self.main = self.commit_in(self.work)
        self.git("push", "--quiet", "--force", str(self.origin), f"{self.main}:refs/heads/main")
        return self.main

    def state(self):
        path = self.place / "github.json"
        return json.loads(path.read_text()) if path.exists() else {"comments": [], "issues": [], "pulls": []}
