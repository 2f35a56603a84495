"""`state rm` and `state mv` with `--dry-run`: what would be done, and nothing is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from click.testing import Result

Invoke = Callable[..., Result]


def contents(project: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in (project / "state").rglob("*") if path.is_file()}


def test_a_dry_run_of_rm_and_mv_names_the_records_and_saves_nothing(run: Invoke, project: Path) -> None:
    assert run("apply", "--sim", "--auto-approve").exit_code == 0
    before = contents(project)
    removed = run("state", "rm", "network_storage.data", "--dry-run")
    assert (removed.exit_code, removed.stdout.partition(" (")[0], removed.stderr) == (
        0, "Would be removed from the state: network_storage.data", "",
    )  # fmt: skip
    moved = run("state", "mv", "network_storage.data", "network_storage.more", "--dry-run")
    assert moved.stdout == "Would be moved in the state: network_storage.data to network_storage.more\n"
    assert contents(project) == before


def test_a_dry_run_of_what_is_not_recorded_is_refused_alike(run: Invoke) -> None:
    run("apply", "--sim", "--auto-approve")
    ended = run("state", "rm", "network_storage.daata", "--dry-run")
    assert ended.exit_code == 1
    assert 'there is no record of network_storage.daata; did you mean "network_storage.data"?' in ended.stderr.replace(
        "\n    ", "; "
    )
