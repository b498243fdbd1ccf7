"""Every link between the pages, and from the README into them, leads to a file and, where it names one, to a heading; every page is in the summary; every input of the
action is told in the guide."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def without_code(text):
    return re.sub(r"```.*?```", "", text, flags=re.S)


def anchors(path):
    found = set()
    for line in without_code(path.read_text()).splitlines():
        if match := re.match(r"#+\s+(.*)", line):
            words = re.sub(r"[`*]", "", match.group(1)).lower()
            found.add(re.sub(r"\s", "-", re.sub(r"[^\w\s-]", "", words)))
    return found


def main(places):
    files = [file for place in map(Path, places) for file in ([place] if place.is_file() else sorted(place.glob("*.md")))]
    wrong = []
    for file in files:
        for link in LINK.findall(without_code(file.read_text())):
            if re.match(r"[a-z]+:", link):
                continue
            path, _, anchor = link.partition("#")
            target = (file.parent / path).resolve() if path else file.resolve()
            if file.parent.name == "docs" and path and not target.is_relative_to(ROOT / "docs"):
                wrong.append(f"{file}: {link} leads out of the book")
            elif not target.exists():
                wrong.append(f"{file}: {link} leads nowhere")
            elif anchor and anchor not in anchors(target):
                wrong.append(f"{file}: {link} names no heading")
    summary = (ROOT / "docs/SUMMARY.md").read_text()
    pages = {file.name for file in (ROOT / "docs").glob("*.md")} - {"SUMMARY.md"}
    wrong += [f"docs/{page} is not in the summary" for page in sorted(pages) if f"({page})" not in summary]
    inputs = re.findall(r"^  ([\w-]+):$", (ROOT / "action.yml").read_text().split("inputs:")[1].split("outputs:")[0], flags=re.M)
    guide = (ROOT / "docs/ci.md").read_text()
    wrong += [f"the input `{name}` is not told in docs/ci.md" for name in inputs if f"| `{name}` |" not in guide]
    print("\n".join(wrong) or f"{len(files)} pages: every link leads somewhere")
    return 1 if wrong else 0


sys.exit(main(sys.argv[1:]))
