"""Searches for inputs that break a reader, guided by the coverage of the package: `make fuzz`.

Atheris (libFuzzer) changes the inputs, and keeps in `.fuzz/` those that reach new code. Each reader has a process of
its own. An input that breaks it is added to `tests/fuzzing/inputs/`, so that the suite fails until that is mended.
"""

from __future__ import annotations

import io
import json
import os
import pkgutil
import re
import sys
import tempfile
import traceback
from collections.abc import Sequence
from contextlib import redirect_stderr
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from random import Random
from typing import Final, NoReturn

import atheris

with redirect_stderr(io.StringIO()), atheris.instrument_imports(include=["novita_infra"], enable_loader_override=False):
    from driving import READING, Copy, damaged, keep_input, kept_inputs
    from readers import READERS, Reader, make_project

    import novita_infra

    for module in pkgutil.walk_packages(novita_infra.__path__, "novita_infra."):
        if not module.name.endswith("__main__"):
            import_module(module.name)
    from novita_infra.model.computing.compute import known_functions
    from novita_infra.schema.resources import schemas

FOLDER: Final = Path(".fuzz")
LONGEST: Final = 4096
"""Bytes of an input."""
_STRUCTURED: Final = 0.3
"""The share of changes that know the structure of the input, such as the value of a key in YAML."""
_FOUND: Final = "crash-"
"""The beginning of the name that libFuzzer gives to an input that breaks a reader."""


class _Fuzzing:
    """The fuzzing of one reader, in a process of its own."""

    def __init__(self, reader: Reader, project: Path, folder: Path) -> None:
        self._reader = reader
        self._copy = Copy(reader, project, folder)

    def run(self, own: Path, *, words: Path, seconds: int) -> None:
        """Does not return: libFuzzer ends the process."""
        corpus = own / "corpus"
        corpus.mkdir(parents=True, exist_ok=True)
        for data in (self._copy.sample[:LONGEST], *kept_inputs(self._reader)):
            (corpus / sha256(data).hexdigest()).write_bytes(data)
        options = {"max_total_time": seconds, "max_len": LONGEST, "dict": words, "artifact_prefix": f"{own}/"}
        options |= {"rss_limit_mb": 2048, "verbosity": 1}
        atheris.Setup(
            [sys.argv[0], *(f"-{name}={value}" for name, value in options.items()), str(corpus)],
            self._copy.read,
            custom_mutator=self._changed,
        )
        atheris.Fuzz()

    def _changed(self, data: bytes, most: int, seed: int) -> bytes:
        random = Random(seed)
        if random.random() < _STRUCTURED:
            damage = random.choice(self._reader.damages)
            for _, other in damaged(damage, data or self._copy.sample, random, 1):
                return other[:most]
        changed: bytes = atheris.Mutate(data, most)
        return changed


def fuzz(readers: Sequence[Reader], project: Path, *, minutes: float) -> dict[str, list[bytes]]:
    """Fuzzes each reader for its share of the minutes. Returns the inputs that broke it by its name; they are kept."""
    found: dict[str, list[bytes]] = {}
    words = FOLDER / "words"
    words.write_text("".join(f'"{word}"\n' for word in _words()), encoding="utf-8")
    for reader in readers:
        own = FOLDER / reader.file_name
        own.mkdir(exist_ok=True)
        sys.stderr.write(f"{reader.name}\n")
        child = os.fork()
        if child == 0:
            _run(reader, project, own, words=words, seconds=round(minutes * 60 / len(readers)) or 1)
        _, status = os.waitpid(child, 0)
        broken = sorted(own.glob(f"{_FOUND}*"))
        for file in broken:
            found.setdefault(reader.name, []).append(file.read_bytes())
            keep_input(reader, file.read_bytes())
            file.unlink()
        if status and not broken:
            raise SystemExit(f"{own / 'log'}: the search has failed")
    return found


def _run(reader: Reader, project: Path, own: Path, *, words: Path, seconds: int) -> NoReturn:
    """Fuzzes in this process, which ends with it."""
    with (own / "log").open("wb") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    try:
        _Fuzzing(reader, project, project.parent / f"copy-of-{reader.file_name}").run(own, words=words, seconds=seconds)
    except BaseException:  # noqa: BLE001 -- what the parent process cleans up is not for this one
        traceback.print_exc()
    os._exit(1)


def _words() -> list[str]:
    """The words of the formats: keys, values that a schema names, functions, and what is special in YAML and JSON."""
    text = json.dumps(schemas())
    quoted = set(re.findall(r'"([A-Za-z$][\w$./-]{1,30})"', text))
    special = {
        "${",
        "}",
        "$${",
        "---\\x0a",
        ": ",
        "\\x0a- ",
        "&a ",
        "*a",
        "<<: *a",
        "!!",
        "|\\x0a",
        "\\\\ud800",
        "[*]",
        "..",
        "/",
    }
    return sorted({*quoted, *known_functions(), *special, "each.key", "var.", "env.", "module.", "local.", "file("})


def main(words: list[str]) -> int:
    """`MINUTES [READER...]`: 0 if nothing was found, 1 with an input that breaks a reader, 2 with an unknown name."""
    minutes, names = float(words[0]), words[1:] or [reader.file_name for reader in READERS]
    chosen = [reader for reader in READERS if reader.file_name in names]
    if len(chosen) < len(names):
        sys.stderr.write(f"the readers are {' '.join(reader.file_name for reader in READERS)}\n")
        return 2
    os.nice(10)
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder, "project")
        project.mkdir()
        os.environ.update(READING, XDG_CACHE_HOME=str(Path(folder, "cache")))
        found = fuzz(chosen, make_project(project), minutes=minutes)
    for name, inputs in found.items():
        sys.stdout.writelines(f"{name}: {data!r}\n" for data in inputs)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
