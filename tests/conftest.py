"""What the whole suite has in common."""

from __future__ import annotations

import gc
import logging
import os
import signal
import tempfile
from collections.abc import Generator

import leaks
import pytest
from hypothesis import Phase, settings
from hypothesis.internal.conjecture import engine

from novita_infra.encoding import digests
from novita_infra.simulator.world.engine import account_file
from novita_infra.state.encryption import passphrases

# The suite is the same on every run and on a busy machine; `make soak`, `wide` and `thorough` are where luck is tried.
# A failure is made smaller for half a minute, and not for five, and not explained, which traces each line.
suite = settings(
    derandomize=True,
    deadline=None,
    print_blob=True,
    max_examples=40,
    phases=[phase for phase in Phase if phase is not Phase.explain],
)
engine.MAX_SHRINKING_SECONDS = 30
settings.register_profile("suite", suite)
settings.register_profile("fast", suite, max_examples=8)  # the fast lane, see the Makefile
settings.register_profile("wide", suite, derandomize=False, max_examples=240)  # once a week, see the Makefile
settings.register_profile("thorough", suite, derandomize=False, max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "suite"))

# The calls of tests to an account outside of any apply are noted here, not in the log of whoever runs the suite.
os.environ["XDG_STATE_HOME"] = os.path.join(tempfile.gettempdir(), f"novita-infra-tests-{os.getuid()}")  # noqa: PTH118

for _name in ("GITHUB_ACTIONS", "GITLAB_CI", "FORCE_COLOR"):  # a job of ours runs the suite, too
    os.environ.pop(_name, None)

gc.set_threshold(20_000, 50, 50)  # the collector takes a twentieth of the time otherwise; see also below

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as under nohup; commands that a test starts would inherit it
    signal.signal(signal.SIGINT, signal.default_int_handler)

digests.COST = 1  # thousands of made-up secrets; the cost stands in each state, so other processes read them
passphrases.ROUNDS = 10  # as above; `test_wrapping` looks at the usual number

# A test kills processes, never the machine: what they wrote is there. What is synced when is seen by `Disk` in
# `tests/state/backends/local`. A third of a command's time is spent on it otherwise.
account_file.SYNCHRONOUS = "OFF"
account_file.PATIENCE = 1.0  # who looks at an account in use waits so long
os.fsync = os.fstat  # type: ignore[assignment]  # it, too, fails for a file that is closed


leaks.install()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """From here on, secrets are looked for in what the test shows and writes."""
    leaks.begin(item.path)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """A test that passes fails if it leaks."""
    leaks.begin_call()
    try:
        yield
    finally:
        log = logging.getLogger("novita_infra")  # a command in this process that logged would log for ever
        if log.handlers:
            log.handlers[:] = [one for one in log.handlers if type(one).__name__ != "StderrHandler"]
            log.setLevel(logging.NOTSET)
    leaks.end(item)


@pytest.hookimpl(optionalhook=True)  # xdist asks for it
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: where a test waits for a process or a disk, another one runs."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_finish() -> None:
    """The tests themselves remain until the end: the collector need not look through a million objects again."""
    gc.freeze()
