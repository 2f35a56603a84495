"""Watches what the package does with data of others: what it opens, runs and imports, and how long it computes.

An audit hook sees every such event of the process. It records an offence instead of raising an error there, which the
package might catch and report as a message.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, Final

import novita_infra

SECONDS: Final = 2.0
"""Processor time that one input may take."""
NEVER_READ: Final = "never-read.txt"
"""A file that only a value names: whoever opens it has evaluated the value."""
PAYLOAD: Final = f'${{file("{NEVER_READ}")}}'
"""The value."""

_PACKAGE: Final = os.path.realpath(Path(novita_infra.__file__).parent)
_OURS: Final = tuple(
    f"{os.path.realpath(place)}{os.sep}" for place in (_PACKAGE, sys.prefix, sys.base_prefix, Path(__file__).parents[1])
)
"""Where code comes from: the package, Python and what is installed, the tests."""
_NAMED_BY_THE_USER: Final = (f"{_PACKAGE}/manifests/secrets/paths.py", f"{_PACKAGE}/state/")
"""`{fromFile: ...}` and `state: {path: ...}` may name any file of the user; docs/security.md says so."""
_OF_CLASSES: Final = f"{_PACKAGE}/model/frozen.py"
"""Makes the `__init__` of a class from the names of its fields when it is first used."""
_FILES: Final = frozenset({"open", "sqlite3.connect", "os.listdir", "os.scandir"})
_ALWAYS: Final = frozenset(
    {"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "pty.spawn"}
    | {"socket.connect", "socket.getaddrinfo", "pickle.find_class", "code.__new__"}
)
"""Programs, connections and code that no reader needs."""
_IMPORTING: Final = "<frozen importlib._bootstrap>"


class Hang(BaseException):
    """Raised in the middle of the work that takes too long."""


class _Watch:
    """The events since `guarded` began; `folders` is empty outside of it."""

    folders: tuple[str, ...] = ()
    offences: list[str]
    imports: list[str]


_WATCH: Final = _Watch()


@contextmanager
def guarded(*folders: Path, seconds: float = SECONDS) -> Iterator[None]:
    """Fails where the work inside does what data must never cause, and after the seconds of processor time.

    It may open files of the folders and of the installed packages alone. It starts no program, opens no connection,
    and runs and imports no code but of these packages. What the package imports lazily is allowed.
    """
    _install()
    _WATCH.offences, _WATCH.imports = [], []
    before = signal.signal(signal.SIGVTALRM, _too_long)
    _WATCH.folders = tuple(f"{os.path.realpath(folder)}{os.sep}" for folder in folders)
    sys.meta_path.insert(0, _Finder)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        with suppress(Hang):
            yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        _WATCH.folders = ()
        signal.signal(signal.SIGVTALRM, before)
        sys.meta_path.remove(_Finder)
    _WATCH.offences += [f"imports {name}" for name in _WATCH.imports if name not in sys.modules]
    assert not _WATCH.offences, "; ".join(_WATCH.offences)


def _too_long(_: int, frame: FrameType | None) -> None:
    _WATCH.offences.append(f"takes too long: {''.join(traceback.format_stack(frame)[-3:])}")
    raise Hang


@cache
def _install() -> None:
    sys.addaudithook(_audit)  # it cannot be removed


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if not _WATCH.folders:
        return
    if event in _FILES:
        _check_file(event, arguments[0])
    elif event in {"exec", "compile"}:
        of = arguments[0].co_filename if isinstance(arguments[0], CodeType) else arguments[1]
        if str(of) == "<unknown>" and any(f"{os.sep}deepdiff{os.sep}" in frame for frame in _files()):
            return  # it reads back the literal that it has written for a key: that builds a value and runs nothing
        if not _is_ours(str(of)) and not _is_made_at_import():
            _WATCH.offences.append(f"{event} of {of}")
    elif event in _ALWAYS:
        _WATCH.offences.append(f"{event} {arguments!r:.200}")


def _check_file(event: str, path: object) -> None:
    if isinstance(path, int) or path in {os.devnull, ":memory:"}:
        return
    name = os.path.realpath(os.fsdecode(path or "."))  # type: ignore[arg-type]
    inside = f"{name}{os.sep}".startswith(_WATCH.folders)
    if inside and not name.endswith(f"{os.sep}{NEVER_READ}"):
        return
    if not inside and (_is_ours(name) or any(frame.startswith(_NAMED_BY_THE_USER) for frame in _files())):
        return
    _WATCH.offences.append(f"{event} of {name}")


class _Finder:
    """Looks at the imports of the package, and finds nothing: `importlib.import_module` causes no event.

    By a name from data, it would import what does not exist, or is not its own.
    """

    @staticmethod
    def find_spec(name: str, *_: object) -> None:
        importer, *others = (file for file in _files() if not file.startswith("<frozen"))
        by_name = importer.endswith("/importlib/__init__.py")
        if (others[0] if by_name else importer).startswith(_PACKAGE):
            _WATCH.imports.append(name)
            if by_name and not name.startswith("novita_infra."):
                _WATCH.offences.append(f"imports {name} by its name")


def _is_ours(name: str) -> bool:
    return f"{os.path.realpath(name)}{os.sep}".startswith(_OURS)


def _is_made_at_import() -> bool:
    files = _files()
    return _IMPORTING in files or files[0] == _OF_CLASSES


def _files() -> list[str]:
    """The file of each frame that led to the event, the innermost first."""
    frame: FrameType | None = sys._getframe()
    files = []
    while frame is not None:
        files.append(frame.f_code.co_filename)
        frame = frame.f_back
    return [file for file in files if file != __file__]
