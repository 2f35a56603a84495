"""The environment of the programs of others, and a served simulator for them."""

from __future__ import annotations

import fcntl
import hashlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from processes import serving

ROOT = Path(__file__).parents[2]
LOCK = ROOT / "requirements" / "sdk.txt"
HOME = ROOT / ".venv-sdk"


@pytest.fixture(scope="session")
def python() -> Path:
    """The interpreter of the environment, which is made once for each state of the lock file."""
    HOME.mkdir(exist_ok=True)
    environment, stamp = HOME / "env", HOME / "installed"
    content = hashlib.sha256(LOCK.read_bytes() + sys.version.encode()).hexdigest()
    with (HOME / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another worker of the same test run may be at it
        if not stamp.exists() or stamp.read_text(encoding="utf-8") != content:
            _uv("venv", "--quiet", "--clear", "--python", sys.executable, str(environment))
            _uv("pip", "install", "--quiet", "--python", str(environment), "--require-hashes", "-r", str(LOCK))
            stamp.write_text(content, encoding="utf-8")
    return environment / "bin" / "python"


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The address of a simulator that answers as the live service does."""
    with serving("--profile", "live", time_scale=1) as (address, _):
        yield address


def _uv(*words: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "uv", *words], capture_output=True, text=True, check=False, timeout=500
    )
    if ended.returncode:  # the index is out of reach, or has no packages for this machine
        pytest.skip(f"there is no environment for other programs: {' '.join(ended.stderr.split())}")
