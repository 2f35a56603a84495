"""The files of a module from git: which are refused, how they are written, and their digest."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from novita_infra.encoding.files import read_file
from novita_infra.model.printable import is_text

MOST_FILES: Final = 2_000
"""The most files of a module."""
MOST_BYTES: Final = 32 * 2**20
"""The most bytes of all files of a module."""
DIGEST: Final = "sha256:"


class UnfitTree(Exception):
    """Raised for files that no module has. The message is read behind the source."""


class TreeFile(NamedTuple):
    """A file or a link of a module."""

    path: str
    """Relative to the folder of the module."""
    content: bytes
    """The bytes of the file, or the target of the link."""
    is_link: bool = False


def checked_name(path: bytes) -> str:
    """Returns the path of a file in a repository. Raises UnfitTree for one that no module has."""
    text = os.fsdecode(path)
    if not is_text(text) or not text.isprintable():
        raise UnfitTree("the name of a file in it is not UTF-8 text that can be printed")
    parts = text.split("/")
    if any(part.lower() == ".git" for part in parts):
        raise UnfitTree(f"it holds {text}, which belongs to another repository")
    if "\\" in text or any(part in ("", ".", "..") for part in parts):
        raise UnfitTree(f"the name {text} in it is no path")
    return text


def write_tree(folder: Path, files: Iterable[TreeFile]) -> None:
    """Writes the files into a new folder. Raises UnfitTree for a link that leads out of it."""
    folder.mkdir()
    links: list[Path] = []
    for file in files:
        path = folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        if file.is_link:
            links.append(path)
            path.symlink_to(os.fsdecode(file.content))
        else:
            path.write_bytes(file.content)
    root = os.path.realpath(folder)
    for link in links:
        if not f"{os.path.realpath(link)}/".startswith(f"{root}/"):
            raise UnfitTree(f"the link {link.relative_to(folder).as_posix()} in it leads out of the module")


def tree_digest(files: Iterable[TreeFile]) -> str:
    """Returns the digest of the files, in whatever order they come: of their paths and contents."""
    lines = sorted(
        b"%s %s %s\0" % (b"link" if file.is_link else b"file", hashlib.sha256(file.content).hexdigest().encode(), path)
        for file in files
        for path in (os.fsencode(file.path),)
    )
    return f"{DIGEST}{hashlib.sha256(b''.join(lines)).hexdigest()}"


def files_in(folder: Path) -> Iterator[TreeFile]:
    """Yields the files and links in a folder. No link is followed. Raises OSError."""
    waiting = [""]
    left, count = MOST_BYTES, 0
    while waiting:
        below = waiting.pop()
        with os.scandir(folder / below) as entries:
            for entry in entries:
                path = f"{below}/{entry.name}" if below else entry.name
                mode = entry.stat(follow_symlinks=False).st_mode
                count += 1
                if stat.S_ISDIR(mode):
                    waiting.append(path)
                elif stat.S_ISLNK(mode):
                    yield TreeFile(path, os.fsencode(os.readlink(entry.path)), is_link=True)  # noqa: PTH115 -- as it is
                elif stat.S_ISREG(mode) and count <= 2 * MOST_FILES:
                    content = read_file(Path(entry.path), most=left)
                    left -= len(content)
                    yield TreeFile(path, content)
                else:
                    raise OSError(f"{path} is no file of a module")
