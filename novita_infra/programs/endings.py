"""Where a program of the user is, and how it ended in words."""

from __future__ import annotations

import os
import re
import shutil
import signal
from pathlib import Path
from typing import Final

from novita_infra.model.printable import lines_of

_FRAME: Final = re.compile(r'^[ \t]*File "(?P<file>[^"\n]+)", line (?P<line>\d+)', re.MULTILINE)
"""A position in a traceback of Python."""
_LAST_WORDS: Final = 300
"""Characters of the standard error that are shown."""


class ProgramMissing(Exception):
    """There is no such program, or it cannot be run; the text says which and what to do."""


def find_program(word: str, root: Path, path: str | None) -> str:
    """The path of an executable file of the project in the folder `root`, or of a program on the PATH.

    Raises ProgramMissing.
    """
    own = root / word
    if own.is_file():
        if not os.access(own, os.X_OK):
            raise ProgramMissing(f"{word} is not executable; `chmod +x` it, or `run: [INTERPRETER, {word}]`")
        return str(own)  # a link is not resolved: a virtual environment is known by its link
    program = shutil.which(word, path=path) if "/" not in word else None
    if program is None:
        raise ProgramMissing(f"there is no program {word}")
    return program


def ending(code: int) -> str:
    """The end of a program with that exit code, which is negative for a signal."""
    if code < 0:
        return f"it was ended by {signal.Signals(-code).name}"
    return f"it ended with exit code {code}"


def last_words(complaints: str, root: Path) -> str:
    """The last words of the standard error on one line, after `: `; empty without any.

    Of a Python traceback, the error with its last position in a file of the project.
    """
    text = _raised(complaints, root)
    lines: list[str] = []
    for line in reversed([] if text else lines_of(complaints)):
        if lines and len(line) + sum(map(len, lines)) > _LAST_WORDS:
            break
        lines += [" ".join(line.split())] if line.strip() else []
    text = text or " | ".join(reversed(lines))[-_LAST_WORDS:]
    return f": {text}" if text else ""


def _raised(complaints: str, root: Path) -> str:
    """The error of a Python traceback with its last position in a file of the project; empty without a traceback."""
    frames = list(_FRAME.finditer(complaints))
    if not frames:
        return ""
    following = lines_of(complaints[frames[-1].end() :])[1:]
    error = " ".join(line for line in following if line[:1].strip())  # not the code, which is indented
    frame = next((item for item in reversed(frames) if Path(item["file"]).is_relative_to(root)), frames[-1])
    file = Path(frame["file"])
    name = file.relative_to(root) if file.is_relative_to(root) else file.name
    return f"{name}, line {frame['line']}: {error}"[:_LAST_WORDS] if error else ""
