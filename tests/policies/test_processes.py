"""Programs of others, run with bounds."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from novita_infra.policies import processes
from novita_infra.policies.processes import Exited, run_process

pytestmark = pytest.mark.process


def _run(code: str, folder: Path, *, given: bytes = b"", timeout: float = 30.0, off: bool = False) -> Exited:
    event = threading.Event()
    if off:
        event.set()
    return run_process(
        [sys.executable, "-c", code], given, folder=folder, environ={"GREETING": "hello"}, timeout=timeout, off=event
    )


def test_a_program_gets_its_input_its_folder_and_nothing_but_the_given_environment(tmp_path: Path) -> None:
    code = "import os, sys; print(sys.stdin.read(), os.getcwd(), os.environ['GREETING'], 'HOME' in os.environ)"
    ended = _run(code, tmp_path, given=b"plan")
    assert ended.output.decode().split() == ["plan", str(tmp_path.resolve()), "hello", "False"]
    assert (ended.code, ended.trouble) == (0, "")


def test_a_program_that_reads_nothing_of_a_large_input_is_no_problem(tmp_path: Path) -> None:
    assert _run("print('done')", tmp_path, given=b"x" * 5_000_000).output == b"done\n"


def test_exit_codes_signals_and_complaints_are_reported(tmp_path: Path) -> None:
    ended = _run("import sys; sys.stderr.write('oh'); sys.exit(3)", tmp_path)
    assert (ended.code, ended.complaints) == (3, b"oh")
    assert _run("import os; os.kill(os.getpid(), 15)", tmp_path).code == -signal.SIGTERM


def test_what_takes_too_long_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys, time;"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']);"
        "print(child.pid, flush=True); time.sleep(600)"
    )
    ended = _run(code, tmp_path, timeout=0.7)
    assert ended.trouble == "it took more than 0.7 s"
    assert ended.code == -signal.SIGKILL
    assert _is_gone(int(ended.output))


def test_what_a_program_leaves_behind_is_ended_too(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys; quiet = subprocess.DEVNULL;"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'], stdout=quiet, stderr=quiet);"
        "print(child.pid)"
    )
    ended = _run(code, tmp_path)
    assert (ended.code, ended.trouble) == (0, "")
    assert _is_gone(int(ended.output))


def test_what_closes_its_streams_and_goes_on_is_ended_in_time(tmp_path: Path) -> None:
    ended = _run("import os, time; os.close(1); os.close(2); time.sleep(600)", tmp_path, timeout=0.7)
    assert ended.trouble == "it took more than 0.7 s"


def test_a_flood_of_output_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "MOST_OUTPUT", 100_000)
    ended = _run("import sys\nwhile True: sys.stdout.write('x' * 10000)", tmp_path)
    assert ended.trouble.startswith("it printed more than")
    assert len(ended.output) < 400_000


def test_a_flood_of_complaints_is_cut_and_no_problem(tmp_path: Path) -> None:
    ended = _run("import sys; sys.stderr.write('x' * 1_000_000); print('done')", tmp_path)
    assert (ended.output, len(ended.complaints)) == (b"done\n", processes.MOST_COMPLAINTS)


def test_a_run_that_is_called_off_ends_at_once(tmp_path: Path) -> None:
    assert _run("import time; time.sleep(600)", tmp_path, off=True).trouble == "it was called off"


def test_a_program_that_is_not_there_raises(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        run_process(["/not/there"], b"", folder=tmp_path, environ={}, timeout=1, off=threading.Event())


def _is_gone(pid: int) -> bool:
    """Dead; whoever inherited it may not have buried it yet."""
    for _ in range(200):
        try:
            os.kill(pid, 0)
            if Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] == "Z":
                return True
        except (ProcessLookupError, FileNotFoundError):
            return True
        time.sleep(0.01)  # a process of the system takes real time to die
    return False
