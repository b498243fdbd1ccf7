"""What cargo-deny needs to judge a lock file that has no project beside it, and lock files of a wanted length. Nobody is asked for anything."""

import shutil
import subprocess
import tomllib
from pathlib import Path

CRATES_IO = "registry+https://github.com/rust-lang/crates.io-index"
DENY = """[advisories]
db-path = "{place}"
db-urls = ["https://github.com/RustSec/advisory-db"]
maximum-db-staleness = "P10Y"
unmaintained = "all"
unsound = "all"
"""


def depended_on(packages):
    """For each package what it depends on, as the lock file names it."""
    by_name = {}
    for one in packages:
        by_name.setdefault(one["name"], []).append(one)

    def named(text):
        name, version, source = (text.split(" ") + [None, None])[:3]
        fitting = [one for one in by_name[name] if version in (None, one["version"])]
        return next((one for one in fitting if source in (None, f"({one.get('source')})")), fitting[0])

    return [[named(one) for one in package.get("dependencies", [])] for package in packages]


def identity(package):
    return f"{package.get('source', 'path+file:///made-up')}#{package['name']}@{package['version']}"


def metadata(lock):
    """What `cargo metadata` would say, as far as the lock file knows it."""
    packages = tomllib.loads(Path(lock).read_text())["package"]
    told, nodes = [], []
    for package, targets in zip(packages, depended_on(packages)):
        told.append({
            "name": package["name"], "version": package["version"], "id": identity(package), "source": package.get("source"),
            "dependencies": [{
                "name": one["name"], "source": one.get("source"), "req": f"={one['version'].split('+')[0]}", "kind": None, "rename": None, "optional": False,
                "uses_default_features": True, "features": [], "target": None, "registry": None,
            } for one in targets],
            "targets": [{"kind": ["lib"], "crate_types": ["lib"], "name": package["name"].replace("-", "_"), "src_path": "/made-up/lib.rs", "edition": "2021", "doctest": False, "test": False, "doc": False}],
            "features": {}, "manifest_path": f"/made-up/{package['name']}-{package['version']}/Cargo.toml", "edition": "2021", "authors": [], "categories": [], "keywords": [],
        })
        nodes.append({
            "id": identity(package), "features": [], "dependencies": [identity(one) for one in targets],
            "deps": [{"name": one["name"].replace("-", "_"), "pkg": identity(one), "dep_kinds": [{"kind": None, "target": None}]} for one in targets],
        })
    members = [identity(one) for one in packages if "source" not in one]
    return {
        "packages": told, "workspace_members": members, "workspace_default_members": members, "resolve": {"nodes": nodes, "root": None},
        "target_directory": "/made-up/target", "version": 1, "workspace_root": "/made-up", "metadata": None,
    }


def commit(advisories, place):
    """The folder as the checkout that cargo-deny expects below its `db-path`, where it fetched one itself."""
    folder = place / "advisory-db-3157b0e258782691"
    shutil.copytree(advisories, folder, ignore=shutil.ignore_patterns(".git"))
    git = ["git", "-C", folder, "-c", "user.name=nobody", "-c", "user.email=nobody@localhost"]
    for arguments in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "a copy"]):
        subprocess.run([*git, *arguments], check=True)
    head = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()
    (folder / ".git" / "FETCH_HEAD").write_text(f"{head}\t\tbranch 'main' of https://github.com/RustSec/advisory-db\n")


def cut(lock, length):
    """A lock file with so many of the packages, each with all that it depends on, and with one made-up root for all of them."""
    packages = tomllib.loads(Path(lock).read_text())["package"]
    below = {identity(one): targets for one, targets in zip(packages, depended_on(packages))}
    taken, seen = [], set()

    def take(package):
        if identity(package) not in seen:
            seen.add(identity(package))
            for one in below[identity(package)]:
                take(one)
            if package.get("source") == CRATES_IO:
                taken.append(package)

    for package in packages:
        take(package)
    taken = taken[: length - 1]
    if len(taken) < length - 1:
        raise ValueError(f"{lock} has {len(taken)} packages of crates.io")
    root = {"name": "cut-off", "version": "0.1.0", "dependencies": [f"{one['name']} {one['version']}" for one in taken]}
    lines = ["version = 4\n"]
    for package in sorted([root, *taken], key=lambda one: (one["name"], one["version"])):
        lines += ["[[package]]", *(f'{key} = "{package[key]}"' for key in ("name", "version", "source", "checksum") if key in package)]
        if targets := package.get("dependencies"):
            lines += ["dependencies = [", *(f' "{one}",' for one in targets), "]"]
        lines.append("")
    return "\n".join(lines)
