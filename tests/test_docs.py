"""The documentation is true: what its pages say is done, what they show is compared, what they point at is there."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import jsonschema
import pytest
from quick_yaml import read_all_yaml, read_yaml
from script_modules import script
from transcripts import Block, Reader, blocks, exchanges, hold

from novita_infra.cli import root
from novita_infra.simulator import fault_of, scenario_of
from novita_infra.simulator.scenarios.events import ACTS

pytestmark = pytest.mark.docs

ROOT = Path(__file__).parents[1]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
DONE = [
    ROOT / name
    for name in (
        "README.md",
        "docs/tutorial.md",
        "docs/team.md",
        "docs/how-to.md",
        "docs/market.md",
        "docs/account.md",
        "docs/batches.md",
        "docs/machines.md",
        "docs/images.md",
        "docs/schedules.md",
        "docs/hooks.md",
        "docs/reports.md",
        "docs/state.md",
        "docs/audit.md",
        "docs/notifications.md",
        "docs/terminal.md",
        "docs/handbook.md",
        "docs/skypilot-dstack.md",
        "docs/simulator.md",
        "docs/library.md",
        "docs/models-and-tasks.md",
    )
]
DONE_ELSEWHERE = {
    "docs/pipelines.md": "tests/cli/commands/pipelines/test_page.py",
    **dict.fromkeys(
        (f"docs/share-state-{place}.md" for place in ("git", "gitlab", "postgres", "s3")),
        "tests/state/backends/test_pages.py",
    ),
}
"""The tests that do what a page says where it needs a repository or a server."""
NOT_DONE = {
    "CONTRIBUTING.md": "its commands set the checkout up and run this suite",
    "docs/network.md": "its proxy and the authority of its network are those of the reader",
}
"""Why what a page says is not done."""
TYPED = {"sh", "console"}
"""The languages of blocks that are done. Blocks of `shell` and `bash` are only read: their commands must exist."""
LINK = re.compile(r"(?<!\\)!?\[[^\]]*\]\(([^)\s]+)\)")
OUR_COMMAND = re.compile(r"\bnovita-infra ((?:[a-z-]+ ?)+.*)")


def _name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", DONE, ids=_name)
def test_doing_what_a_page_says_gives_what_it_shows(page: Path, tmp_path: Path) -> None:
    hold(page, Reader(tmp_path))


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_page_with_commands_to_type_is_done(page: Path) -> None:
    typed = [block.line for block in blocks(page.read_text(encoding="utf-8")) if block.language in TYPED]
    name = _name(page)
    if page in DONE or not typed:
        assert name not in DONE_ELSEWHERE | NOT_DONE.keys(), "remove it from the list in tests/test_docs.py"
    elif name in DONE_ELSEWHERE:
        assert page.name in (ROOT / DONE_ELSEWHERE[name]).read_text(encoding="utf-8")
    else:
        assert name in NOT_DONE, (
            f"no test does what lines {typed} say: add the page to DONE in tests/test_docs.py; where it needs a server,"
            " write a test that does it and name it in DONE_ELSEWHERE; blocks of commands for other programs are `bash`"
        )


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_link_inside_leads_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert [link for link in LINK.findall(_prose(text)) if not _leads_somewhere(page, link)] == []


@pytest.mark.parametrize("page", [page for page in PAGES if page.parent.name != "reference"], ids=_name)
def test_every_manifest_on_a_page_fits_the_published_schema(page: Path) -> None:
    schema = json.loads((ROOT / "schemas" / "manifest.json").read_text(encoding="utf-8"))
    published = jsonschema.Draft202012Validator(schema)
    for block in _blocks(page, "yaml"):
        for written in read_all_yaml(block.text):
            if "kind" not in written and page not in DONE:  # a file of another program, or a part of one
                continue
            # on a page that is done, a document without a kind is a part of the project file
            head = {} if "kind" in written else {"apiVersion": "novita-infra/v1", "kind": "Project"}
            document = {"metadata": {"name": "a"}, **head, **written}
            problems = [f"{error.json_path}: {error.message}" for error in published.iter_errors(document)]
            assert problems == [], f"line {block.line}"


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_command_on_a_page_exists_with_its_options(page: Path) -> None:
    for line in _commands(page):
        _check(line)


def test_the_fleet_of_a_team_has_at_most_60_lines() -> None:
    lines = [line for block in _blocks(ROOT / "docs/team.md", "yaml") for line in block.text.split("\n")]
    assert len([line for line in lines if line]) <= 60


def test_every_target_of_make_in_the_readme_exists() -> None:
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    said = re.findall(r"^make (\w+)", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert said == ["demo", "test"]
    assert set(said) <= set(targets)


def test_every_fault_in_the_simulator_page_can_be_ordered() -> None:
    said = [text for block in _blocks(ROOT / "docs/simulator.md", "shell") for text in _sent(block)]
    assert len(said) == 2
    for fault in said:
        for one in fault if isinstance(fault, list) else [fault]:
            assert fault_of(one).kind.value == one["kind"]


def test_the_simulator_page_shows_scenarios_that_can_be_lived_through_and_names_every_event() -> None:
    page = ROOT / "docs/simulator.md"
    shown = [scenario_of(read_yaml(block.text)).name for block in _blocks(page, "yml")]
    assert shown == ["tight-market", "old-answers"]
    assert [act for act in ACTS if f"`{act}`" not in page.read_text(encoding="utf-8")] == []


@pytest.mark.parametrize("name", ["picture", "cast"])
def test_a_picture_of_the_readme_shows_what_comes_out_today(name: str, tmp_path: Path) -> None:
    drawer, today = script(name), tmp_path / "today.svg"
    subprocess.run([sys.executable, ROOT / "scripts" / f"{name}.py", today], check=True)
    shown = [drawer.words(picture.read_text(encoding="utf-8")) for picture in (drawer.PICTURE, today)]
    assert shown[0] == shown[1], f"to renew it: python scripts/{name}.py"


def test_the_moving_picture_is_small_and_stands_still_where_that_is_asked_for() -> None:
    drawn = (ROOT / "docs" / "cast.svg").read_text(encoding="utf-8")
    assert len(drawn) < 200_000
    assert "@media (prefers-reduced-motion:reduce){#strip{animation:none}}" in drawn
    assert "<script" not in drawn


def _blocks(page: Path, language: str) -> list[Block]:
    return [block for block in blocks(page.read_text(encoding="utf-8")) if block.language == language]


def _prose(text: str) -> str:
    """The page without its blocks and code."""
    return re.sub(r"`[^`\n]*`", "code", _unblocked(text))


def _unblocked(text: str) -> str:
    for block in blocks(text):
        text = text.replace(block.text, "")
    return text


def _leads_somewhere(page: Path, link: str) -> bool:
    if re.match(r"[a-z]+:", link):
        return True
    path, _, anchor = link.partition("#")
    target = (page.parent / path).resolve() if path else page
    if not target.is_relative_to(ROOT) or not target.exists():
        return False
    return not anchor or anchor in _anchors(target)


def _anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives a page's headings."""
    titles = re.findall(r"^#+ +(.+?) *$", _unblocked(page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def _commands(page: Path) -> Iterator[str]:
    """Every command of ours in the blocks and in the text of a page."""
    text = page.read_text(encoding="utf-8")
    for block in blocks(text):
        if block.language in {"sh", "shell", "bash"}:
            yield from block.text.splitlines()
        elif block.language == "console":
            yield from (command for command, _ in exchanges(block.text))
    yield from re.findall(r"`(novita-infra [^`]+)`", text)


def _check(line: str) -> None:
    for part in re.split(r"[|;<>]|&&|\$\(| -- ", line.partition(" # ")[0]):
        found = OUR_COMMAND.search(part)
        if found is None:
            continue
        words = shlex.split(found[1].strip(" )"))
        command: click.Command = root
        while isinstance(command, click.Group) and words:
            inner = command.get_command(click.Context(command), words[0])
            assert inner is not None or words[0].startswith("-"), line
            if inner is None:
                break
            command, words = inner, words[1:]
        known = {"-h", "--help"} | {name for parameter in command.params for name in parameter.opts}
        assert {word.partition("=")[0] for word in words if word.startswith("--")} <= known, line


def _sent(block: Block) -> Iterator[Any]:
    """What the requests of a block send."""
    return (json.loads(text) for text in re.findall(r"-d '([^']*)'", block.text))
