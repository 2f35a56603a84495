"""Draws `docs/cast.svg`, the moving picture in the README: its first project on the simulator, as a terminal shows it.

`python scripts/cast.py [FILE]` writes the SVG to FILE, by default to `docs/cast.svg`. It holds no script: a strip of
screens is moved by CSS, and whoever asks for less motion sees the last screen.
"""

from __future__ import annotations

import html
import os
import re
import sys
import tempfile
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import pexpect
import pyte
from rich.terminal_theme import SVG_EXPORT_THEME

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs" / "cast.svg"
COLUMNS, ROWS = 100, 30
WIDTH, HEIGHT = 8.4, 18
"""Of a character."""
BORDER, BAR = 12, 30
TYPED_AT_ONCE = 4
SECONDS = {"typing": 0.15, "running": 0.7, "still": 4, "last": 8}
"""How long a screen is shown: while somebody types, while calls run, after a command, and at the end."""
QUESTION = "Answer: "
FAINT = "#9a9b99"
_COLOURS = ("black", "red", "green", "brown", "blue", "magenta", "cyan", "white")
_FAINT = re.compile(r"\x1b\[2(?=[;m])")
_REDRAWN = re.compile(r"(?=\r\x1b\[2K)")
_VARYING = (
    (re.compile(r"\b[0-9a-f]{16}\b|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "ID"),
    (re.compile(r"\b(?:\d+[hm] )*\d+s\b"), "TIME"),
)


@dataclass(frozen=True)
class Shot:
    """What the terminal shows for some time."""

    rows: tuple[str, ...]
    """As SVG."""
    sort: str
    """One of `SECONDS`. Which screens there are while calls run depends on the machine."""


class Recorder:
    """A terminal, and the shots of it."""

    def __init__(self) -> None:
        """Makes an empty terminal."""
        self.screen = pyte.Screen(COLUMNS, ROWS)
        self.shots: list[Shot] = []
        self._stream = pyte.Stream(self.screen)

    def show(self, output: str) -> None:
        """Writes output. What is drawn while the cursor is hidden is progress, and each step of it becomes a shot."""
        for piece in _REDRAWN.split(_FAINT.sub("\x1b[90", output)):
            self._stream.feed(piece)
            if self.screen.cursor.hidden:
                self.shoot("running")

    def type(self, text: str) -> None:
        """Types a text, a few characters at a time."""
        for at in range(0, len(text), TYPED_AT_ONCE):
            self._stream.feed(text[at : at + TYPED_AT_ONCE])
            self.shoot("typing")

    def shoot(self, sort: str) -> None:
        """Keeps what the terminal shows. A step of progress in which only figures have changed is none."""
        shot = Shot(tuple(_row(self.screen, line) for line in range(ROWS)), sort)
        if sort != "running" or _without_figures(self.shots[-1]) != _without_figures(shot):
            self.shots.append(shot)


def cast() -> str:
    """Does what the README says and returns the SVG."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    manifest = re.search(r"^```yaml\n# fleet.yaml\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL)
    edit = re.search(r"^-( +ports: .*)\n\+( +ports: .*)\n", readme, re.MULTILINE)
    if not manifest or not edit or edit[1] not in manifest[1]:
        raise SystemExit("README.md has no manifest fleet.yaml whose ports it edits")
    recorder = Recorder()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name, "first")
        folder.mkdir()
        (folder / "fleet.yaml").write_text(manifest[1], encoding="utf-8")
        _play(recorder, folder, "novita-infra apply --sim")
        recorder.show("$ ")
        recorder.type(f"# in fleet.yaml, write {edit[2].strip()}")
        recorder.shoot("still")
        recorder.show("\r\n")
        (folder / "fleet.yaml").write_text(manifest[1].replace(edit[1], edit[2]), encoding="utf-8")
        _play(recorder, folder, "novita-infra plan --sim")
    recorder.show("$ ")
    recorder.shoot("last")
    return _drawn(recorder.shots)


def words(svg: str) -> list[str]:
    """Returns the rows that the SVG shows while nobody types and nothing runs, each once, without times and ids."""
    texts = {name: _text(row) for name, row in re.findall(r'<g id="(r\d+)">(.*?)</g>', svg)}
    shots = re.findall(r'<g class="(?:still|last)".*?</g>', svg)
    return list(dict.fromkeys(_settled(texts[name]) for shot in shots for name in re.findall(r'"#(r\d+)"', shot)))


def _play(recorder: Recorder, folder: Path, command: str) -> None:
    """Types a command and shows what it prints. It is answered yes."""
    recorder.show("$ ")
    recorder.type(command)
    environ = {
        name: value
        for name, value in os.environ.items()
        if not re.match(r"NOVITA_|NO_COLOR|FORCE_COLOR|COLORTERM|COLUMNS|LINES", name)
    }
    child = pexpect.spawn(
        sys.executable,
        ["-m", "novita_infra", *command.split()[1:]],
        cwd=str(folder),
        env={**environ, "TERM": "xterm-256color"},
        dimensions=(ROWS, COLUMNS),
        encoding="utf-8",
        timeout=120,
    )
    asked = child.expect_exact([QUESTION, pexpect.EOF]) == 0
    recorder.show("\r\n" + (child.before or ""))
    if asked:
        recorder.show(QUESTION)
        recorder.shoot("still")
        recorder.type("yes")
        child.setecho(False)
        child.sendline("yes")
        child.expect(pexpect.EOF)
        recorder.show("\r\n" + (child.before or ""))
    child.close()
    if child.exitstatus:
        raise SystemExit(f"{command} failed:\n{child.before}")
    recorder.shoot("still")


def _without_figures(shot: Shot) -> list[str]:
    return [re.sub(r"\d+", "0", _text(row)).rstrip() for row in shot.rows]


def _settled(text: str) -> str:
    for pattern, name in _VARYING:
        text = pattern.sub(name, text)
    return text


def _row(screen: pyte.Screen, line: int) -> str:
    """A line of the screen: a text for each run of one look, as wide as its characters are many."""
    characters = [screen.buffer[line][column] for column in range(COLUMNS)]
    row, at = "", 0
    for look, run in groupby(characters, key=lambda one: (one.fg, one.bold)):
        text = "".join(one.data for one in run)
        shown = text.strip()
        if shown:
            begin = at + len(text) - len(text.lstrip())
            look_of = f'x="{begin * WIDTH:.1f}" textLength="{len(shown) * WIDTH:.1f}"{_style(*look)}'
            row += f"<text {look_of}>{html.escape(shown)}</text>"
        at += len(text)
    return row


def _text(row: str) -> str:
    """What a row of the SVG says, with the spaces between its texts."""
    text = ""
    for begin, said in re.findall(r'<text x="([^"]+)"[^>]*>([^<]*)</text>', row):
        text = text.ljust(round(float(begin) / WIDTH)) + html.unescape(said)
    return text


def _style(colour: str, bold: bool) -> str:
    if colour == "brightblack":
        fill = f' fill="{FAINT}"'
    elif colour in _COLOURS:
        fill = f' fill="{SVG_EXPORT_THEME.ansi_colors[_COLOURS.index(colour)].hex}"'
    else:
        fill = ""
    return fill + ' font-weight="bold"' * bold


def _drawn(shots: list[Shot]) -> str:
    """The SVG: each row once, a strip of the shots that use them, and the times at which the strip moves."""
    rows = {row: f"r{number}" for number, row in enumerate(dict.fromkeys(row for shot in shots for row in shot.rows))}
    wide, high = round(COLUMNS * WIDTH), ROWS * HEIGHT
    whole, at, moves = sum(SECONDS[shot.sort] for shot in shots), 0.0, ""
    for number, shot in enumerate(shots):
        moves += f"{at / whole:.3%}{{transform:translateX({-number * wide}px)}}"
        at += SECONDS[shot.sort]
    strip = "\n".join(_frame(shot, rows, number * wide) for number, shot in enumerate(shots))
    told = html.escape("\n".join(words(f"{_defined(rows)}{strip}")))
    ground, ink = SVG_EXPORT_THEME.background_color.hex, SVG_EXPORT_THEME.foreground_color.hex
    return f"""\
<svg xmlns="http://www.w3.org/2000/svg" fill="{ink}" role="img" aria-labelledby="title told" \
viewBox="0 0 {wide + 2 * BORDER} {high + BAR + BORDER}">
<title id="title">novita-infra in a terminal</title>
<desc id="told">{told}</desc>
<style>
text{{font-family:ui-monospace,Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:14px;white-space:pre}}
#strip{{transform:translateX({-(len(shots) - 1) * wide}px);animation:play {whole:.2f}s step-end infinite}}
@keyframes play{{{moves}}}
@media (prefers-reduced-motion:reduce){{#strip{{animation:none}}}}
</style>
<defs>
{_defined(rows)}
</defs>
<rect width="100%" height="100%" rx="8" fill="{ground}"/>
<circle cx="20" cy="15" r="6" fill="#ff5f57"/><circle cx="40" cy="15" r="6" fill="#febc2e"/>\
<circle cx="60" cy="15" r="6" fill="#28c840"/>
<svg x="{BORDER}" y="{BAR}" width="{wide}" height="{high}">
<g id="strip">
{strip}
</g>
</svg>
</svg>
"""


def _defined(rows: dict[str, str]) -> str:
    return "\n".join(f'<g id="{name}">{row}</g>' for row, name in rows.items() if row)


def _frame(shot: Shot, rows: dict[str, str], left: int) -> str:
    used = "".join(_used(rows[row], line) for line, row in enumerate(shot.rows) if row)
    return f'<g class="{shot.sort}" transform="translate({left})">{used}</g>'


def _used(name: str, line: int) -> str:
    return f'<use href="#{name}" y="{line * HEIGHT + 14}"/>'


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURE
    target.write_text(cast(), encoding="utf-8")
