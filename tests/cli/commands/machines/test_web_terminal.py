"""`instance web-terminal`: shown without the password, and switched."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from click.testing import Result

Invoke = Callable[..., Result]


def test_the_password_is_shown_only_on_demand(run: Invoke, machines: Path) -> None:
    shown = run("instance", "web-terminal", "instance.trainer", "--sim")
    assert shown.exit_code == 0
    assert "(hidden)" in shown.stdout
    (row,) = json.loads(run("instance", "web-terminal", "instance.trainer", "--sim", "--json").stdout)
    assert (row["enabled"], row["username"], row["password"]) == (True, "root", None)
    (known,) = json.loads(
        run("instance", "web-terminal", "instance.trainer", "--credentials", "--sim", "--json").stdout
    )
    assert known["password"]
    assert known["password"] not in shown.stdout + shown.stderr
    assert known["password"] in run("instance", "web-terminal", "instance.trainer", "--credentials", "--sim").stdout


def test_it_is_switched_off_and_on(run: Invoke, machines: Path) -> None:
    for option, enabled in (("--off", False), ("--off", False), ("--on", True)):
        (row,) = json.loads(run("instance", "web-terminal", "instance.trainer", option, "--sim", "--json").stdout)
        assert (row["enabled"], row["url"] is not None) == (enabled, enabled)
    wrong = run("instance", "web-terminal", "instance.trainer", "--on", "--off", "--sim")
    assert (wrong.exit_code, wrong.stderr) == (1, "error: --on and --off exclude each other; choose one\n")
    assert run("instance", "web-terminal", "nobody", "--sim").exit_code == 1


def test_a_machine_of_others_is_left_alone_unless_one_insists(run: Invoke, machines: Path, tmp_path: Path) -> None:
    (id,) = [row["id"] for row in json.loads(run("ps", "instance.trainer", "--sim", "--json").stdout)]
    (machines / "novita-infra.yaml").write_text(
        "apiVersion: novita-infra/v1\nkind: Project\nmetadata: {name: another, id: another-1}\n"
    )
    for path in (machines / "state").iterdir():
        path.unlink()
    refused = run("instance", "web-terminal", id, "--off", "--sim")
    assert refused.exit_code == 5
    assert "carries the owner mark of project" in refused.stderr
    assert run("instance", "web-terminal", id, "--off", "--steal", "--sim").exit_code == 0
