"""Looks after each test for its secrets in clear: in all that the package has shown, raised and written meanwhile.

The hooks in `tests/conftest.py` call this for the whole suite. A secret is every value that was made a `Secret` in the
process, and what a command or a process of its own gets in a variable of the environment with the name of a secret.
"""

# ruff: noqa: PTH100, PTH113, PTH118, PTH120, PTH123 -- it looks at each file that a test opens or leaves behind

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
import traceback
import urllib.parse
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cache, wraps
from pathlib import Path
from types import FrameType
from typing import Any, Final, TypeAlias

import click.testing
import pytest

import novita_infra
from novita_infra.model.values import Secret, is_secret_name

_NAMED: Final = "the file any.txt holds its own name as a secret"
_BESIDE: Final = "a text of the manifest holds it in clear, too"
IN_CLEAR: Final = {
    "test_each_is_reported_with_its_places_and_exit_code_1[secret-sources]": _NAMED,
    "test_each_is_reported_as_json_alone[secret-sources]": _NAMED,
    "test_the_command_finds_the_simulator_in_its_environment": "the command of the test prints its environment",
    "test_an_import_writes_no_secret_of_a_command_or_an_image_in_clear[changed1]": _BESIDE,
    "test_an_import_writes_no_secret_of_a_command_or_an_image_in_clear[changed2]": _BESIDE,
    "test_an_import_without_a_manifest_records_no_known_secret_in_clear": "the image of the object holds it",
    "test_files_and_secrets_are_read_in_the_folder_of_the_module_alone": "the repository of the module holds it",
    "test_a_live_value_that_differs_from_the_declared_one_is_not_recorded_in_clear[env]": "an item that is declared "
    "in clear is shown as it is",
}
"""The tests in which a secret stands in clear, and why that is right."""
LEAST: Final = 7
"""Characters of a secret that is looked for: shorter ones stand in other words."""
_ID: Final = re.compile(r"[0-9a-f]{16}")
"""An id of the simulator: an environment variable may hold one, and what it holds counts as secret."""
MOST: Final = 50
"""Secrets of one test; a property draws thousands."""
_PACKAGE: Final = os.path.dirname(novita_infra.__file__) + os.sep
_TESTS: Final = str(Path(__file__).parents[1]) + os.sep
_WRITES: Final = os.O_WRONLY | os.O_RDWR
_CLOUD: Final = (".db", ".db-wal", ".db-shm", ".db-journal")
"""The files of a simulated account, which hold what the API was given."""

Text: TypeAlias = "str | bytes | Callable[[], str]"


class _Watch:
    """What was seen so far."""

    def __init__(self) -> None:
        self.module: object = None
        self.of_module: dict[str, None] = {}
        """The secrets that fixtures make: those of a module make theirs once."""
        self.secrets: dict[str, None] = {}
        """Of the test, with those of fixtures."""
        self.texts: list[bytes] = []
        self.given: set[str] = set()
        """The files that the tests themselves have written: manifests, secrets, programs."""


_SEEN: Final = _Watch()
_BEFORE: Final = dict(os.environ)


def forms(text: str) -> set[str]:
    """What a leak of the text may look like: each of its lines in each spelling."""
    found: set[str] = set()
    for line in {text, *text.split("\n")}:
        data = line.encode("utf-8", "surrogatepass")
        found |= {line, json.dumps(line)[1:-1], json.dumps(line, ensure_ascii=False)[1:-1], repr(line)[1:-1]}
        quoted = (urllib.parse.quote(data), urllib.parse.quote(data, safe=""), urllib.parse.quote_plus(data))
        found |= {*quoted, data.hex(), data.hex().upper()}
        for shift in range(3):  # base64 of a longer text that holds it: the letters that do not depend on the rest
            encoded = base64.b64encode(b"x" * shift + data).decode().rstrip("=")
            found.add(encoded[(0, 2, 3)[shift] : -1])
            found.add(encoded[(0, 2, 3)[shift] : -1].replace("+", "-").replace("/", "_"))
    return {form for form in found if len(form) >= LEAST}


def observe(text: Text) -> None:
    """Adds what the package has shown; a function gives it, and is called only where there are secrets."""
    if callable(text):
        text = text() if _SEEN.secrets else ""
    _SEEN.texts.append(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))


def begin(module: object) -> None:
    """The fixtures of a test of the module begin."""
    if module != _SEEN.module:
        _SEEN.module = module
        _SEEN.of_module.clear()
        _SEEN.given.clear()
    _SEEN.texts.clear()
    _SEEN.secrets = dict(_SEEN.of_module)


def begin_call() -> None:
    """The test itself begins."""
    _SEEN.of_module = dict(_SEEN.secrets)


def end(item: pytest.Item) -> None:
    """Fails if the test leaks, or is said to and does not."""
    for _, _, text in item._report_sections:
        observe(text)
    base = item.config._tmp_path_factory.getbasetemp()  # type: ignore[attr-defined]
    arguments = getattr(item, "funcargs", {}).values()
    leaked = found({value for value in arguments if isinstance(value, Path) and value.is_relative_to(base)})
    if item.name in IN_CLEAR:
        assert leaked, "it leaks nothing any more: take it out of leaks.IN_CLEAR"
    else:
        assert not leaked, f"secrets in clear: {', '.join(leaked)}"


def found(folders: Iterable[Path]) -> list[str]:
    """Each leak of the test: the secret, and where it stands."""
    if not _SEEN.secrets:
        return []
    places = {"the output": b"\n".join(_SEEN.texts), **dict(_written(folders))}
    return sorted({f"{secret!r} in {place}" for place, data in places.items() for secret in _leaks(data)})


def _leaks(data: bytes) -> Iterator[str]:
    for secret in _SEEN.secrets:
        if any(form in data for form in _forms_of(secret)):
            yield secret


@cache
def _forms_of(secret: str) -> tuple[bytes, ...]:
    return tuple(form.encode("utf-8", "surrogatepass") for form in forms(secret))


def _written(folders: Iterable[Path]) -> Iterator[tuple[str, bytes]]:
    """The files in the folders that no test has written, each with its name."""
    for folder in folders:
        for at, _, names in os.walk(folder):
            for name in names:
                path = os.path.join(at, name)
                if path in _SEEN.given or name.endswith((*_CLOUD, ".pyc")) or not os.path.isfile(path):
                    continue
                with suppress(OSError), open(path, "rb") as file:  # it may be gone, or not be readable
                    yield os.path.relpath(path, folder), name.encode("utf-8", "surrogateescape") + file.read()


# --- where it is seen -----------------------------------------------------------------------------------------------


def install() -> None:
    """Watches this process from now on."""
    sys.addaudithook(_audit)
    _after(Secret, "__init__", lambda _, secret, *__, **___: _keep(secret.value))
    _after(click.testing.CliRunner, "invoke", lambda ended, *_, **__: _of_command(ended))
    _after(subprocess.Popen, "communicate", lambda streams, *_, **__: _of_process(*streams))


def _after(of: type, name: str, look: Callable[..., object]) -> None:
    """Calls `look` with the result and the arguments of each call of the method."""
    method = getattr(of, name)

    @wraps(method)
    def observed(*args: Any, **named: Any) -> Any:
        result = method(*args, **named)
        look(result, *args, **named)
        return result

    setattr(of, name, observed)


def _keep(secret: str) -> None:
    if len(secret) >= LEAST and len(_SEEN.secrets) < MOST and not _ID.fullmatch(secret):
        _SEEN.secrets[secret] = None


def _keep_environment(environ: Mapping[str, str]) -> None:
    for name, text in environ.items():
        if is_secret_name(name) and not name.startswith("GIT_CONFIG_KEY_") and _BEFORE.get(name) != text:
            _keep(text)


def _of_command(ended: click.testing.Result) -> None:
    _keep_environment(os.environ)
    observe(ended.output)
    if ended.exc_info and not isinstance(ended.exception, SystemExit | None):
        observe("".join(traceback.format_exception(*ended.exc_info)))


def _of_process(*streams: str | bytes | None) -> None:
    for text in streams:
        observe(text or "")


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    """Remembers each file that a test writes, and not the package for it."""
    if event == "open":
        path, _, flags = arguments
        if flags & _WRITES and isinstance(path, str | os.PathLike) and _by_a_test(sys._getframe()):
            _SEEN.given.add(os.path.abspath(path))
    elif event == "subprocess.Popen":
        _keep_environment(arguments[3] or os.environ)
    elif event == "os.rename" and isinstance(arguments[1], str | os.PathLike) and _by_a_test(sys._getframe()):
        _SEEN.given.add(os.path.abspath(arguments[1]))


def _by_a_test(frame: FrameType | None) -> bool:
    """Whether the nearest function that is not of a library is one of the tests."""
    while frame is not None:
        name = frame.f_code.co_filename
        if name.startswith(_PACKAGE):
            return False
        if name.startswith(_TESTS) and name != __file__:
            return True
        frame = frame.f_back
    return True
