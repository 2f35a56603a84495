"""`task submit`, `get` and `wait`: files that appear whole, and never in the place of others."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from novita_infra.inference.tasks import OPERATIONS

Invoke = Callable[..., Result]
FOX = '{"prompt": "a red fox", "image_num": 2}'


def submitted(run: Invoke, operation: str = "txt2img", body: str = FOX) -> str:
    ended = run("task", "submit", operation, "--data", body, "--sim", "--query", "id")
    assert ended.exit_code == 0, ended.output
    return ended.stdout.strip()


def test_a_task_is_awaited_and_its_results_are_fetched(run: Invoke, project: Path) -> None:
    id = submitted(run)
    ended = run("task", "wait", id, "--into", "pictures/new", "--sim", "--json")
    assert ended.exit_code == 0, ended.output
    data = json.loads(ended.stdout)
    assert (data["id"], data["status"]) == (id, "TASK_STATUS_SUCCEED")
    files = sorted(path.name for path in (project / "pictures" / "new").iterdir())
    assert files == [f"{id}-0.png", f"{id}-1.png"]
    assert [row["file"] for row in data["results"]] == [f"pictures/new/{name}" for name in files]
    assert all((project / "pictures" / "new" / name).read_bytes().startswith(b"\x89PNG") for name in files)
    assert run("task", "get", id, "--sim").stdout.splitlines()[0] == f"{id}: succeed"


def test_a_file_is_never_replaced_without_a_flag(run: Invoke, project: Path) -> None:
    id = submitted(run)
    (project / f"{id}-1.png").symlink_to("elsewhere")
    refused = run("task", "wait", id, "--into", ".", "--sim")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert refused.stderr.endswith(f"error: {id}-1.png exists; to replace it, add --overwrite\n")
    assert not (project / f"{id}-0.png").exists()
    assert run("task", "wait", id, "--into", ".", "--overwrite", "--sim").exit_code == 0
    assert not (project / "elsewhere").exists()
    assert (project / f"{id}-1.png").read_bytes().startswith(b"\x89PNG")


def test_a_file_that_is_too_large_leaves_nothing(run: Invoke, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    id = submitted(run)
    monkeypatch.setattr("novita_infra.cli.commands.llm.task.tasks._MEGABYTE", 16)
    refused = run("task", "wait", id, "--into", "out", "--max-size", "1", "--sim")
    assert (refused.exit_code, list((project / "out").iterdir())) == (1, [])
    assert "the image is larger than" in refused.stderr
    assert "allow more with --max-size" in refused.stderr


def test_a_failed_task_ends_with_its_reason(run: Invoke) -> None:
    id = submitted(
        run,
        body='{"prompt": "x", "image_num": 1, "extra": {"webhook": {"url": "http://127.0.0.1:9/x", '
        '"test_mode": {"enabled": true, "return_task_status": "TASK_STATUS_FAILED"}}}}',
    )
    ended = run("task", "wait", id, "--sim", "--into", "out")
    assert ended.exit_code == 1
    assert ended.stdout.startswith(f"{id}: failed: ")


def test_sounds_and_films_have_their_endings(run: Invoke, project: Path) -> None:
    for operation, ending in (("txt2speech", "wav"), ("txt2video", "mp4")):
        ended = run("task", "submit", operation, "--data", '{"text": "Hello", "prompt": "a"}', "--into", "out", "--sim")
        assert ended.exit_code == 0, ended.output
        assert list((project / "out").glob(f"*.{ending}"))


def test_an_unknown_task_and_a_timeout_have_exit_codes(run: Invoke) -> None:
    unknown = run("task", "wait", "nothing", "--sim")
    assert (unknown.exit_code, "TASK_NOT_FOUND" in unknown.stderr) == (1, True)
    late = run("task", "wait", submitted(run, "txt2video", '{"prompt": "a"}'), "--timeout", "1s", "--sim")
    assert late.exit_code == 4
    assert "--overwrite is about files that are fetched" in run("task", "wait", "x", "--overwrite", "--sim").stderr


def test_image_models_are_listed_and_searched(run: Invoke) -> None:
    everything = json.loads(run("image-models", "--sim", "--json").stdout)
    assert len(everything) > 3
    assert len(json.loads(run("image-models", "--limit", "2", "--sim", "--json").stdout)) == 2
    lora = json.loads(run("image-models", "--type", "lora", "--sim", "--json").stdout)
    assert {row["type"] for row in lora} == {"lora"}
    assert run("image-models", "no-such-model-name", "--sim").stdout == "No such model is listed.\n"


def test_an_operation_that_there_is_not_is_named_with_the_nearest(run: Invoke) -> None:
    refused = run("task", "submit", "text2image", "--data", FOX, "--sim")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert 'did you mean "txt2img"?' in refused.stderr
    assert "NOVITA_API_URL" not in refused.stderr


def test_the_page_lists_the_operations() -> None:
    page = (Path(__file__).parents[4] / "docs/models-and-tasks.md").read_text(encoding="utf-8")
    assert [name for name in OPERATIONS if f"`{name}`" not in page] == []
