"""`ssh`, `cp` and `port-forward`: the command line that they run, and what a machine lacks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Invoke = Callable[..., Result]
Applied = Callable[..., Path]

MACHINE = """\
apiVersion: novita-infra/v1
kind: Instance
metadata: {name: web}
spec: {image: nginx, product: {gpu: RTX 4090}, gpuCount: 1, rootDiskGb: 20, power: running}
"""


@pytest.fixture
def machine(applied: Applied, project: Path) -> Path:
    """A project with one machine, which runs."""
    return applied(project, {"fleet.yaml": MACHINE})


def _printed(run: Invoke, *words: str) -> list[str]:
    """The words of the program, with the made-up words of the machine named."""
    shown = run(*words, "--sim", "--print")
    assert (shown.exit_code, shown.stderr) == (0, "")
    found = shown.stdout.split()
    id = next(word.partition("=")[2] for word in found if word.startswith("HostKeyAlias="))
    port = found[next(at for at, word in enumerate(found) if word in {"-p", "-P"}) + 1]
    place = next(word for word in found if "proxy." in word)
    host = place.rpartition("@")[2].partition(":")[0]
    return shown.stdout.replace(id, "ID").replace(port, "PORT").replace(host, "HOST").split()


def test_ssh_knows_the_machine_by_its_id(run: Invoke, machine: Path) -> None:
    known = f"""'UserKnownHostsFile="{machine}/.novita-infra/known_hosts"'"""
    ours = ["-o", "HostKeyAlias=ID", "-o", "StrictHostKeyChecking=accept-new", "-o", known, "-p", "PORT", "-l", "root"]
    assert _printed(run, "ssh", "instance.web") == ["ssh", *ours, "--", "HOST"]
    assert _printed(run, "ssh", "-Av", "-i", "key", "instance.web", "-oUser=me") == [
        *("ssh", "-A", "-v", "-i", "key", "-o", "User=me"),
        *(*ours, "--", "HOST"),
    ]


def test_the_command_behind_the_dashes_is_the_machines(run: Invoke, machine: Path) -> None:
    shown = run("ssh", "instance.web", "--sim", "--print", "--", "ls", "-A", "--wait", "--", "x y")
    assert shown.stdout.endswith(" ls -A --wait -- 'x y'\n")
    assert " -A -o" not in shown.stdout


def test_cp_takes_scps_own_flags(run: Invoke, machine: Path) -> None:
    words = _printed(run, "cp", "-r", "instance.web:/out", ".")
    assert words[:2] == ["scp", "-r"]
    assert words[-3:] == ["--", "root@HOST:/out", "."]
    assert words[words.index("-P") + 1] == "PORT"


def test_port_forward_opens_ports_on_this_machine_alone(run: Invoke, machine: Path) -> None:
    words = _printed(run, "port-forward", "instance.web", "8888", "8080:80")
    assert words[:8] == [
        *("ssh", "-N", "-o", "ExitOnForwardFailure=yes"),
        *("-L", "127.0.0.1:8888:localhost:8888", "-L", "127.0.0.1:8080:localhost:80"),
    ]


def test_nobody_logs_in_to_a_made_up_machine(run: Invoke, machine: Path) -> None:
    refused = run("ssh", "instance.web", "--sim")
    assert (refused.exit_code, refused.stderr) == (
        1,
        "error: instance.web is a machine of the built-in simulator: nobody is at its address; "
        "--print shows the command line\n",
    )


def test_a_stopped_machine_has_no_login(run: Invoke, machine: Path) -> None:
    (machine / "fleet.yaml").write_text(MACHINE.replace("running", "stopped"))
    assert run("apply", "--sim", "--auto-approve").exit_code == 0
    for more in ([], ["--wait"]):
        refused = run("ssh", "instance.web", "--sim", *more)
        assert (refused.exit_code, refused.stderr) == (
            1,
            "error: instance.web is stopped; start it: novita-infra instance start instance.web\n",
        )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["ssh", "instance.wob"], 'no object of this project is recorded as instance.wob; did you mean "instance'),
        (
            ["ssh", "instance.web", "ls"],
            "Got unexpected extra argument (ls); a command for the machine stands behind --",
        ),
        (["ssh"], "Missing argument 'ADDR'."),
        (["ssh", "-z", "instance.web"], "No such option '-z'."),
        (["cp", "a", "b"], "neither path is on a machine; write one of them as ADDR:PATH, such as instance.trai"),
        (["cp", "instance.a:x", "instance.b:y"], "both paths are on machines, and cp copies from or to this one"),
        (["port-forward", "instance.web"], "Missing argument '[LOCAL:]REMOTE...'."),
        (["port-forward", "instance.web", "0:80"], '"0:80" names no ports: write LOCAL:REMOTE such as 8080:80, or '),
        (["port-forward", "instance.web", "80:99999"], '"80:99999" names no ports: write LOCAL:REMOTE such as'),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_word_that_means_nothing_is_reported(run: Invoke, machine: Path, words: list[str], message: str) -> None:
    refused = run(*words, "--sim")
    assert refused.exit_code == 1
    assert message in refused.stderr
