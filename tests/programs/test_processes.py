"""Programs of others, run with bounds."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from novita_infra.programs import processes
from novita_infra.programs.processes import Exited, run_process

pytestmark = pytest.mark.process

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc and prctl")


def _run(
    code: str,
    folder: Path,
    *,
    given: bytes = b"",
    timeout: float = 30.0,
    off: bool = False,
    most_output: int = processes.MOST_OUTPUT,
) -> Exited:
    event = threading.Event()
    if off:
        event.set()
    return run_process(
        [sys.executable, "-c", code],
        given,
        folder=folder,
        environ={"GREETING": "hello"},
        timeout=timeout,
        off=event,
        most_output=most_output,
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


def test_a_flood_of_output_is_stopped(tmp_path: Path) -> None:
    ended = _run("import sys\nwhile True: sys.stdout.write('x' * 10000)", tmp_path, most_output=1 << 20)
    assert ended.trouble == "it printed more than 1 MB"
    assert len(ended.output) < 2_000_000


def test_a_flood_of_complaints_is_cut_and_no_problem(tmp_path: Path) -> None:
    ended = _run("import sys; sys.stderr.write('x' * 1_000_000); print('done')", tmp_path)
    assert (ended.output, len(ended.complaints)) == (b"done\n", processes.MOST_COMPLAINTS)


def test_a_run_that_is_called_off_ends_at_once(tmp_path: Path) -> None:
    assert _run("import time; time.sleep(600)", tmp_path, off=True).trouble == "it was called off"


def test_a_program_that_is_not_there_raises(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        run_process(["/not/there"], b"", folder=tmp_path, environ={}, timeout=1, off=threading.Event())


# A grandchild in a session of its own, whose parent has ended: no group and no parent leads to it.
DAEMON = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        print(os.getpid(), flush=True)
        {then}
        time.sleep(600)
    os._exit(0)
os.wait()
{last}
"""


@LINUX
def test_a_daemon_that_holds_the_output_is_ended_in_time(tmp_path: Path) -> None:
    ended = _run(DAEMON.format(then="", last=""), tmp_path, timeout=0.7)
    assert ended.trouble == "it took more than 0.7 s"
    assert _is_gone(int(ended.output))


@LINUX
def test_a_daemon_that_closed_its_streams_is_ended_with_the_program(tmp_path: Path) -> None:
    ended = _run(DAEMON.format(then="os.close(1); os.close(2)", last="time.sleep(0.2)"), tmp_path)
    assert (ended.code, ended.trouble) == (0, "")
    assert _is_gone(int(ended.output))


@LINUX
def test_a_program_that_kills_its_supervisor_is_ended_too(tmp_path: Path) -> None:
    code = "import os, time; print(os.getpid(), flush=True); os.kill(os.getppid(), 9); time.sleep(600)"
    ended = _run(code, tmp_path, timeout=0.7)
    assert ended.trouble == "it took more than 0.7 s"
    assert _is_gone(int(ended.output))


@LINUX
def test_a_program_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    program = "import os, time; open('pid', 'w').write(str(os.getpid())); os.replace('pid', 'ready'); time.sleep(600)"
    code = (
        "import sys, threading; from pathlib import Path; from novita_infra.programs.processes import run_process;"
        f"run_process([sys.executable, '-c', {program!r}], b'', folder=Path(), environ={{}}, timeout=600,"
        " off=threading.Event())"
    )
    with subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path) as process:
        for _ in range(2000):
            if (tmp_path / "ready").exists():
                break
            time.sleep(0.01)  # a process of the system takes real time to start
        process.kill()
    assert _is_gone(int((tmp_path / "ready").read_text(encoding="ascii")))


@LINUX
def test_the_environment_of_the_process_is_hidden_from_programs(tmp_path: Path) -> None:
    code = (
        "import os, subprocess; from novita_infra.programs.privacy import hide_environment;"
        "hide_environment({'PATH', 'SHOWN'});"
        "show = ['cat', f'/proc/{os.getpid()}/environ'];"
        "print(subprocess.run(show, capture_output=True, env={'PATH': os.environ['PATH']}).stdout.count(b'sk_'),"
        "os.environ['NOVITA_API_KEY'], subprocess.run(['env'], capture_output=True).stdout.count(b'sk_key'),"
        "subprocess.run(show, capture_output=True).stdout.count(b'fine'))"
    )
    environ = {**os.environ, "NOVITA_API_KEY": "sk_key", "SHOWN": "fine"}
    ended = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True)
    shown, key, inherited, fine = ended.stdout.split()
    assert (shown, key, inherited) == ("0", "sk_key", "1")
    assert fine == ("1" if os.getuid() == 0 else "0")  # nobody but root may look at all


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
