"""Makes the picture of the README out of what the program really prints about the project in this folder:

    SEQUESTER=target/debug/cargo-sequester python3 examples/quickstart/picture.py > docs/session.svg

The program runs in a terminal of 104 columns; its colours are taken over, and no font is brought along."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path
from xml.sax.saxutils import escape

HERE = Path(__file__).resolve().parent
NOW = "2026-07-09T12:00:00Z"
COLUMNS, CELL, LINE, MARGIN = 104, 8.0, 19, 18
COLORS = {"31": "#ff7b72", "32": "#7ee787", "33": "#e3b341", "34": "#79c0ff", "35": "#d2a8ff", "36": "#56d4dd", "91": "#ff7b72", "92": "#7ee787", "93": "#e3b341", "94": "#79c0ff", "96": "#56d4dd"}
PLAIN, DIM, BACK = "#e6edf3", "#8b949e", "#0d1117"


def said(*words):
    """What the program writes to a terminal."""
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 60, COLUMNS, 0, 0))
    program = str(Path(os.environ["SEQUESTER"]).resolve())
    child = subprocess.Popen([program, *words, "--color=always", "--now", NOW], cwd=HERE, stdout=follower, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    os.close(follower)
    text = b""
    while True:
        try:
            more = os.read(leader, 65536)
        except OSError:
            break
        if not more:
            break
        text += more
    child.wait()
    return text.decode().replace("\r\n", "\n").rstrip("\n").split("\n")


def spans(line):
    """The parts of a line with their columns and styles."""
    column, color, bold, dim, found = 0, None, False, False, []
    for text, codes in re.findall(r"([^\x1b]+)|\x1b\[([\d;]*)m", line):
        if text:
            found.append((column, text, color, bold, dim))
            column += len(text)
            continue
        for code in (codes or "0").split(";"):
            if code == "0":
                color, bold, dim = None, False, False
            elif code == "1":
                bold = True
            elif code == "2":
                dim = True
            elif code in COLORS:
                color = COLORS[code]
            elif code == "39":
                color = None
            elif code == "22":
                bold = dim = False
    return found


def picture(lines):
    width, height = int(COLUMNS * CELL + 2 * MARGIN), len(lines) * LINE + 2 * MARGIN
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" aria-labelledby="title">',
        '<title id="title">cargo sequester audits a project: one release is rejected for a vulnerability whose fix may be used at once, one is held until it is a week old, and fix moves both</title>',
        f'<rect width="{width}" height="{height}" rx="8" fill="{BACK}"/>',
        f'<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, \'DejaVu Sans Mono\', monospace" font-size="13" fill="{PLAIN}">',
    ]
    for number, line in enumerate(lines):
        y = MARGIN + LINE * number + 14
        for column, text, color, bold, dim in spans(line):
            start = len(text) - len(text.lstrip(" "))
            shown = text.strip(" ")
            if not shown:
                continue
            x = MARGIN + (column + start) * CELL
            style = f' fill="{color or (DIM if dim else PLAIN)}"' if color or dim else ""
            weight = ' font-weight="bold"' if bold else ""
            # As wide as in a terminal, whatever font the reader has.
            out.append(f'<text x="{x:g}" y="{y}" textLength="{len(shown) * CELL:g}" lengthAdjust="spacingAndGlyphs" xml:space="preserve"{style}{weight}>{escape(shown)}</text>')
    out += ["</g>", "</svg>", ""]
    return "\n".join(out)


PROMPT = "\x1b[32m$\x1b[0m "
sys.stdout.write(picture([PROMPT + "cargo sequester audit", *said("audit"), "", PROMPT + "cargo sequester fix --dry-run", *said("fix", "--dry-run")]))
