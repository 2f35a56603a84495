"""A Python program on a disk of its own that is really full soon: a file system in memory, in a kernel namespace.

No rights are needed where the kernel gives user namespaces to everybody. The disk ends with the program.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

import novita_infra

_HEADER: Final = """
import subprocess
import sys
from pathlib import Path
disk = Path(sys.argv[1])

def fill(left=0):
    '''Fills the disk, up to the bytes that are left.'''
    with (disk / "filler").open("wb", buffering=0) as file:
        block = bytes(4096)
        try:
            while True:
                file.write(block)
        except OSError as error:
            assert error.errno == 28, error
        file.truncate(max(0, file.tell() - left))

def free():
    (disk / "filler").unlink()

def remount(mode):
    '''Makes the disk one that can only be read (`ro`), or one that can be written, too (`rw`).'''
    subprocess.run(["mount", "-o", f"remount,{mode}", str(disk)], check=True)
"""
_MOUNTS: Final = 'mount -t tmpfs -o size="$1"k none "$2" && shift 2 && exec "$@"'


def run_on_small_disk(disk: Path, script: str, *, kilobytes: int, as_root: bool = False) -> str:
    """What the script prints, in which `disk` is the folder, `fill(left)` fills it and `free()` undoes that;
    `remount` makes it one that can only be read.

    `as_root` needs the user root, and leaves it the right to become other users. Skips the test where the system gives
    no such disk, and fails where the script does.
    """
    disk.mkdir()
    unshare = shutil.which("unshare")
    namespace = [unshare or "", *(() if as_root else ("--user", "--map-root-user")), "--mount"]
    probe = [*namespace, "sh", "-c", _MOUNTS, "sh", "64", str(disk), "true"]
    if (
        unshare is None
        or (as_root and os.getuid())
        or subprocess.run(probe, capture_output=True, check=False).returncode
    ):
        pytest.skip("this system lets the tests mount no file system of their own")
    return _output([*namespace, "sh", "-c", _MOUNTS, "sh", str(kilobytes), str(disk)], script, disk)


def run_without_rights(folder: Path, script: str) -> str:
    """What the script prints, in which `disk` is the folder. Even as root, it has the rights of the files alone."""
    return _output(
        ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.getuid() == 0 else [], script, folder
    )


def _output(before: list[str], script: str, folder: Path) -> str:
    roots = (Path(novita_infra.__file__).parents[1], Path(__file__).parent)
    done = subprocess.run(
        [*before, sys.executable, "-c", _HEADER + script, str(folder)],
        env={**os.environ, "HOME": str(folder), "PYTHONPATH": os.pathsep.join(map(str, roots))},
        cwd=folder.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
