"""The store of a state file by its path, as the local backend opens it, with what a test replaces in it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from novita_infra.state.backends.local.disk import Disk
from novita_infra.state.backends.local.files import LocalFiles
from novita_infra.state.guarded import GuardedStore
from novita_infra.state.state import new_state


class LocalStore(GuardedStore):
    """The store of one state file."""

    def __init__(
        self,
        path: Path,
        *,
        project: str = "",
        environment: str = "default",
        randomness: Callable[[int], bytes] = os.urandom,
        now: Callable[[], float] = time.time,
        disk: Disk | None = None,
    ) -> None:
        new = partial(new_state, project, environment, randomness=randomness)
        super().__init__(LocalFiles(path, now=now, disk=disk), new)
        self.path = path
