"""What both scripts about documents ask of any of them."""

import json
import pathlib
import re
import sys

from license_expression import get_spdx_licensing
from packageurl import PackageURL

LENGTHS = {"sha256": 64, "sha512": 128}
licensing = get_spdx_licensing()
folder = pathlib.Path(sys.argv[1]) / "sbom"
faults = []


def fault(name, text):
    faults.append(f"{name}: {text}"[:400])


def documents(ending):
    """The documents with this ending, by name, each as text and read."""
    found = {path.name: path.read_text() for path in sorted(folder.glob(f"*{ending}"))}
    if not found:
        sys.exit(f"no *{ending} was found: run the tests first")
    return {name: (text, json.loads(text)) for name, text in found.items()}


def check_purl(name, text):
    try:
        purl = PackageURL.from_string(text)
    except ValueError as error:
        fault(name, f"{text}: {error}")
        return
    # One spelling, or two documents do not find each other.
    if purl.to_string() != text:
        fault(name, f"{text} is written {purl.to_string()}")
    if "@" in (purl.qualifiers.get("vcs_url") or "").split("://")[-1].split("/")[0]:
        fault(name, f"{text} has somebody's credentials")


def check_expression(name, expression):
    found = licensing.validate(expression, strict=True)
    if found.errors:
        fault(name, f"{expression}: {found.errors}")


def check_hash(name, algorithm, digits):
    algorithm = algorithm.replace("-", "").lower()
    if LENGTHS.get(algorithm) != len(digits) or not re.fullmatch("[0-9a-f]+", digits):
        fault(name, f"{digits} is no {algorithm}")


def same(name, what, ours, theirs):
    if ours != theirs:
        fault(name, f"{what}: {ours} were written and {theirs} read")


def finish(what):
    print(f"{what}, {len(faults)} faults")
    print("\n".join(faults))
    sys.exit(1 if faults else 0)
