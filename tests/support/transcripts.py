"""Does what a page of the documentation says, in an empty folder, and compares what it shows with what comes out.

`make docs` writes today's output into the pages; `python tests/support/transcripts.py PAGE...` into those that need no
server.

What is done: `sh` blocks line by line; `console` blocks, whose commands begin with `$ ` and whose other lines are the
output, where a line `...` stands for any lines; `yaml` and `python` blocks that begin with the comment of a file name,
which are saved under that name; `diff` blocks, which are edits of the one YAML file that they fit.
"""

from __future__ import annotations

import os
import pty
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from click.testing import CliRunner
from git_repositories import BareRepository

from novita_infra.cli import root

ANY = "..."
MODULES = "https://github.com/acme/modules.git"
"""The repository of modules that pages name; a bare one on this machine stands for it."""
_INTERFACE = "apiVersion: novita-infra/v1\nkind: ModuleInterface\ninputs: {image: {type: string}}\n"
_HEAD = (
    "apiVersion: novita-infra/v1\nkind: Instance\nmetadata: {name: head}\n"
    "spec: {product: {gpu: RTX 4090}, image: '${var.image}', rootDiskGb: 60, ports: [22/tcp]}\n"
)
_NOT_HERE = ("make", "git", "pip", "python3", "terraform-compliance")
"""What sets the checkout up, and a program that has an environment of its own, is tried elsewhere."""
_SHELLISH = re.compile(r"[|&;<>$`]")
_OURS = re.compile(r"NOVITA_|NO_COLOR$|REGISTRY_")
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SAVED_AS = re.compile(r"# ([\w./-]+\.(?:ya?ml|py))\n")
_MOVING = re.compile(r"^(?:\w+ {2,}| {9})\S+: (?:create|update|upgrade|edit|start|stop|delete|wait)\b|^Still waiting: ")
"""Lines of progress: their order and times are those of one run, and signs of life come where it is slow."""
_MASKS = (
    (re.compile(r"\bsha256:[0-9a-f]{64}\b"), "DIGEST"),
    (re.compile(r"\b[0-9a-f]{16}(?:[0-9a-f]{16})?\b"), "ID"),
    (re.compile(r"(?<=[: ])[0-9]{5}\b"), "PORT"),
)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block of a page."""

    language: str
    text: str
    start: int
    """Where its text begins in the page."""
    line: int

    @property
    def saved_as(self) -> str:
        """The file that the reader is asked to save it as, or nothing."""
        found = _SAVED_AS.match(self.text)
        return found[1] if found and self.language in {"yaml", "python"} else ""


def blocks(page: str) -> Iterator[Block]:
    """The fenced blocks of a page, in order."""
    for found in _FENCE.finditer(page):
        yield Block(found[1], found[2], found.start(2), page.count("\n", 0, found.start(2)) + 1)


def exchanges(text: str) -> Iterator[tuple[str, str]]:
    """The commands of a console block, each with the output that is shown for it."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        yield command, output


def _modules(folder: Path) -> dict[str, str]:
    """Makes the repository of modules in a hidden folder; returns the settings by which git takes it."""
    repository = BareRepository.made(folder / ".modules.git")
    repository.commit({"train/novita-infra-module.yaml": _INTERFACE, "train/head.yaml": _HEAD}, tag="v1.2.0")
    return {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{repository.url}.insteadOf",
        "GIT_CONFIG_VALUE_0": MODULES,
        "NOVITA_INFRA_CACHE": str(folder / ".cache"),
    }


def _bare_environment() -> dict[str, str]:
    """This process's environment without our own settings, and with our command first on the path."""
    environ = {name: value for name, value in os.environ.items() if not _OURS.match(name)}
    return {**environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{environ.get('PATH', '')}"}


@dataclass(slots=True)
class Reader:
    """Someone who does what a page says. Whoever is asked a question says yes."""

    folder: Path
    environ: dict[str, str] = field(default_factory=_bare_environment)

    def __post_init__(self) -> None:
        """Gives the person a home, for pages write into it."""
        home = self.folder.with_name(f"home-of-{self.folder.name}")
        home.mkdir(exist_ok=True)
        self.environ["HOME"] = str(home)

    def follow(self, page: str) -> str:
        """Does everything on the page and returns it, with new output where the old one is no longer true.

        Ids, ports and progress do not count. Raises AssertionError where a command fails.
        """
        if MODULES in page:
            self.environ |= _modules(self.folder)
        made, end = "", 0
        for block in blocks(page):
            text = self._do(block)
            made += page[end : block.start] + text
            end = block.start + len(block.text)
        return made + page[end:]

    def _do(self, block: Block) -> str:
        if block.saved_as:
            file = self.folder / block.saved_as
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(block.text, encoding="utf-8")
        elif block.language == "diff":
            self._edit(block)
        elif block.language == "sh":
            for command in block.text.splitlines():
                self.run(command, line=block.line)
        elif block.language == "console":
            return "".join(
                f"$ {command}\n{_merged(shown, self.run(command, line=block.line))}"
                for command, shown in exchanges(block.text)
            )
        return block.text

    def run(self, command: str, *, line: int = 0) -> str:
        """What the command says, on both streams, as on a terminal."""
        words = shlex.split(command, comments=True)
        if not words or words[0] in _NOT_HERE:
            return ""
        if words[0] == "cd":
            self.folder = self.folder / words[1]
            assert self.folder.is_dir(), f"line {line}: {command}"
            return ""
        if words[0] == "export":
            self.environ.update(dict(word.split("=", 1) for word in words[1:]))
            return ""
        simple = words[0] == "novita-infra" and not _SHELLISH.search(command)
        asks = len(words) > 1 and words[1] in ("apply", "destroy") and "--auto-approve" not in words
        code, output = self._in_process(words[1:]) if simple and not asks else self._in_a_shell(command)
        assert code == 0, f"line {line}: {command}\n{output}"
        return output

    def _in_process(self, words: list[str]) -> tuple[int, str]:
        """Our own command without a start of Python each time."""
        settings: dict[str, str | None] = {**dict.fromkeys(filter(_OURS.match, os.environ)), **self.environ}
        with chdir(self.folder):
            ended = CliRunner().invoke(root, words, env=settings)
        return ended.exit_code, ended.output

    def _in_a_shell(self, command: str) -> tuple[int, str]:
        with _saying_yes() as answers:
            ended = subprocess.run(
                ["sh", "-c", command],
                cwd=self.folder,
                env=self.environ,
                stdin=answers,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=120,
                check=False,
            )
        return ended.returncode, ended.stdout.replace("Answer: ", "Answer: yes\n")

    def _edit(self, block: Block) -> None:
        lines = block.text.splitlines(keepends=True)
        old = "".join(item[1:] for item in lines if item[0] in " -")
        new = "".join(item[1:] for item in lines if item[0] in " +")
        fitting = [file for file in sorted(self.folder.glob("*.yaml")) if old in file.read_text(encoding="utf-8")]
        assert len(fitting) == 1, f"line {block.line}: the edit fits {len(fitting)} files"
        text = fitting[0].read_text(encoding="utf-8")
        assert text.count(old) == 1, f"line {block.line}: the edit fits {text.count(old)} places"
        fitting[0].write_text(text.replace(old, new), encoding="utf-8")


def hold(page: Path, reader: Reader) -> None:
    """Fails where doing what a page says gives something else than it shows; with RENEW set, the page is written."""
    text = page.read_text(encoding="utf-8")
    today = reader.follow(text)
    if os.environ.get("RENEW"):
        page.write_text(today, encoding="utf-8")
    else:
        assert today == text, "to renew it: make docs"


def _merged(shown: str, came: str) -> str:
    """The output for the page: as it was where it still tells the truth."""
    came = came if came.endswith("\n") or not came else f"{came}\n"
    return shown if _pattern(shown).fullmatch(_settled(came)) else came


def _pattern(shown: str) -> re.Pattern[str]:
    lines = (r"(?:.*\n)*" if line == ANY else re.escape(f"{line}\n") for line in _settled(shown).splitlines())
    return re.compile("".join(lines))


def _settled(output: str) -> str:
    """The output without what differs from run to run."""
    lines = [line.rstrip() for line in output.splitlines() if not _MOVING.match(line)]
    text = "".join(f"{line}\n" for line in lines).strip("\n")
    for pattern, name in _MASKS:
        text = pattern.sub(name, text)
    return f"{text}\n" if text else ""


@contextmanager
def _saying_yes() -> Iterator[int]:
    """The terminal of somebody who has already typed yes."""
    ours, theirs = pty.openpty()
    try:
        os.write(ours, b"yes\n")
        yield theirs
    finally:
        os.close(ours)
        os.close(theirs)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        page = Path(name)
        with tempfile.TemporaryDirectory() as empty:
            page.write_text(Reader(Path(empty)).follow(page.read_text(encoding="utf-8")), encoding="utf-8")
