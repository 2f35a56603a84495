"""Opening of files for their owner alone, and the links in shared folders that are refused.

In a folder that others may write, anybody can put a link in the place of a file that a run is about to make: the run
would then write where the link leads. Temporary files, locks, journals and plans are opened here.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Final

from novita_infra.model.diagnostics import EXIT_REFUSED, Problems, problem

_MOST_LINKS: Final = 40
"""Links that lead to links, as many as Linux follows."""
_OTHERS_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH


def open_private(path: Path, flags: int) -> int:
    """Opens the file; a new one has the mode 0600. Raises Problems if the path is a link or no file, and OSError.

    Waits for nobody: a pipe in the place of the file is refused like a device, also if no process reads it.
    """
    try:
        file = _open(path, flags | os.O_NONBLOCK)
    except OSError as error:
        if error.errno == errno.ENXIO:
            raise _no_file(path) from error
        raise
    try:
        check_regular(file, path)
    except (Problems, OSError):
        os.close(file)
        raise
    return file


def check_regular(file: int, path: Path) -> None:
    """Raises Problems if the open file is a pipe, a device or the like, and IsADirectoryError."""
    mode = os.fstat(file).st_mode
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(mode):
        raise _no_file(path)


def _no_file(path: Path) -> Problems:
    return problem(f"{path} is a pipe or a device, and no file", "look who made it; then remove it", code=EXIT_REFUSED)


def _open(path: Path, flags: int) -> int:
    try:
        return os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        if error.errno in {errno.ELOOP, errno.EEXIST}:
            refuse_link(path)
        raise


def open_output(path: Path) -> int:
    """Opens a file that a person named, to write it from its begin with the mode 0600. A link of theirs is followed.

    Raises Problems as `refuse_foreign_link`, and for a file that another user put into a folder that others may write;
    OSError if it cannot be opened.
    """
    refuse_foreign_link(path)
    flags = os.O_WRONLY | os.O_CREAT
    file = os.open(path, flags | os.O_CLOEXEC, 0o600) if path.is_symlink() else _open(path, flags)
    about = os.fstat(file)
    if not stat.S_ISREG(about.st_mode):  # such as /dev/stdout
        return file
    if about.st_uid == os.geteuid():
        os.fchmod(file, 0o600)
    elif path.parent.stat().st_mode & _OTHERS_WRITE:
        os.close(file)
        raise problem(
            f"{path} belongs to user {about.st_uid}, in a folder that others may write",
            "name another file",
            code=EXIT_REFUSED,
        )
    os.ftruncate(file, 0)
    return file


def refuse_link(path: Path) -> None:
    """Raises Problems if the path is a link."""
    if path.is_symlink():
        raise problem(
            f"{path} is a link to {path.readlink()}, and this file is never opened through a link",
            "look who made it; then remove it",
            code=EXIT_REFUSED,
        )


def refuse_foreign_link(path: Path) -> None:
    """Raises Problems if another user made a link on the way to the file, in a folder that others may write."""
    for start in (path.parent, path):
        link = start
        for _ in range(_MOST_LINKS):
            try:
                about = os.lstat(link)
                if not stat.S_ISLNK(about.st_mode):
                    break
                folder = link.parent.stat()
            except OSError:
                break
            if about.st_uid not in {os.geteuid(), 0} and folder.st_mode & _OTHERS_WRITE:
                raise problem(
                    f"{link} is a link to {link.readlink()}, and user {about.st_uid} made it in a folder that others "
                    "may write",
                    "look where it leads; then remove it, or make the link yourself",
                    code=EXIT_REFUSED,
                )
            link = link.parent / link.readlink()


def unreadable(path: Path, error: OSError) -> Problems:
    """The problem to raise if the file, or the one beside it that the error names, cannot be read or written."""
    place = error.filename or path
    words = error.strerror or str(error)
    is_other = error.errno in {errno.EISDIR, errno.ENOTDIR, errno.ELOOP}
    hint = "something else is in its place: move it away" if is_other else "check the permissions and the free space"
    return problem(f"{place}: {words[:1].lower()}{words[1:]}", hint)
