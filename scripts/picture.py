"""Draws `docs/plan.svg`, the picture in the README: the output of `plan` against the simulator, with its colours.

`python scripts/picture.py [FILE]` writes the SVG to FILE, by default to `docs/plan.svg`.
"""

from __future__ import annotations

import html
import io
import os
import pty
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

PICTURE = Path(__file__).parents[1] / "docs" / "plan.svg"
WIDTH = 130
COMMAND = [sys.executable, "-m", "novita_infra"]

_PROJECT = """\
apiVersion: novita-infra/v1
kind: Project
metadata: {name: research}
"""
_STORAGE = """\
---
apiVersion: novita-infra/v1
kind: NetworkStorage
metadata: {name: data}
spec: {cluster: us-dallas-nas-2, sizeGb: %d}
"""
_MACHINE = """\
---
apiVersion: novita-infra/v1
kind: Instance
metadata: {name: %s}
spec:
  product: {gpu: RTX 4090}
  gpuCount: %d
  image: acme/trainer:%s
  networkStorages: [{storage: data, mountPath: /data}]
"""
_NETWORK = """\
---
apiVersion: novita-infra/v1
kind: VPC
metadata: {name: fabric}
spec: {cluster: us-dallas-nas-2}
"""
_CREDENTIAL = """\
---
apiVersion: novita-infra/v1
kind: RegistryAuth
metadata: {name: acme}
spec:
  username: acme-bot
  password: {fromEnv: REGISTRY_PASSWORD}
"""
_BEFORE = _STORAGE % 50 + _MACHINE % ("trainer", 1, "1.4") + _MACHINE % ("evaluator", 1, "1.4") + _NETWORK
_AFTER = _STORAGE % 100 + _MACHINE % ("trainer", 1, "1.5") + _MACHINE % ("evaluator", 2, "1.4") + _CREDENTIAL


def picture() -> str:
    """Runs the commands and returns their last output as an SVG."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "novita-infra.yaml").write_text(_PROJECT, encoding="utf-8")
        (folder / "fleet.yaml").write_text(_BEFORE, encoding="utf-8")
        _run(folder, "apply", "--sim", "--auto-approve")
        (folder / "fleet.yaml").write_text(_AFTER, encoding="utf-8")
        shown = _run(folder, "plan", "--sim", "--allow-data-loss", "instance.evaluator")
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(Text.assemble(("$ ", "dim"), "novita-infra plan"))
    console.print(Text.from_ansi(shown.rstrip()))
    drawn = console.export_svg(title="novita-infra", unique_id="plan")
    return re.sub(r"\s*@font-face \{.*?\}\n", "\n", drawn, flags=re.DOTALL)  # loads no font from another host


def words(svg: str) -> list[str]:
    """Returns the text of the picture, line by line. Ids are replaced by `ID`, because they differ between runs."""
    lines: dict[str, str] = {}
    for at, text in re.findall(r'<text class="plan-r\d+" x="[^"]*" y="([^"]*)"[^>]*>([^<]*)</text>', svg):
        lines[at] = lines.get(at, "") + html.unescape(text).replace("\xa0", " ")
    return [re.sub(r"\b[0-9a-f]{16}\b", "ID", line.rstrip()) for line in lines.values()]


def _run(folder: Path, *arguments: str) -> str:
    """Runs a command in a terminal and returns its stdout, with colours."""
    ours, theirs = pty.openpty()
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("NOVITA_", "NO_COLOR"))}
    environ |= {
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "COLUMNS": str(WIDTH),
        "REGISTRY_PASSWORD": "secret",
    }
    process = subprocess.Popen(  # noqa: S603 -- runs our own command
        [*COMMAND, *arguments], cwd=folder, env=environ, stdout=theirs, stderr=subprocess.DEVNULL, text=True
    )
    os.close(theirs)
    shown = b""
    while piece := _read(ours):
        shown += piece
    os.close(ours)
    if process.wait():
        raise SystemExit(f"{' '.join(arguments)} failed")
    return shown.decode().replace("\r\n", "\n")


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # the terminal closes with its last process
        return b""


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURE
    target.write_text(picture(), encoding="utf-8")
