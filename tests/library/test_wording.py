"""Messages name the keyword arguments of the library, not the options of the command."""

from __future__ import annotations

import ast
import asyncio
import inspect
from pathlib import Path

import click
import pytest

from novita_infra import AsyncClient, AsyncProject, Client, PlanChoices, Problems, Project
from novita_infra.cli import root
from novita_infra.library.wording import FLAGS, NAMING, OTHERS, in_keywords

PAGE = Path(__file__).parents[2] / "docs" / "library.md"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("run it again with --allow-data-loss network_storage.data", "allow_data_loss=['network_storage.data']"),
        ("""leave it out: --exclude 'instance.a["0"]'""", """excludes=['instance.a["0"]']"""),
        ("apply without --target and --exclude", "apply without targets and excludes"),
        ("start with a new state: --new-state", "start with a new state: new_state=True"),
        ("--env or NOVITA_INFRA_ENV: there is none", "environment: there is none"),
        ("write it into it, or leave out --env", "leave out environment"),
        ("name the environment: --env prod", "environment='prod'"),
        ("give it with --var size=..., a --var-file, or", "variables={'size': ...}, a var_files, or"),
        ("ask for less time with --runway HOURS", "ask for less time with runway_minutes"),
        ("run it with --sim, or with", "run it with simulated=True, or with"),
        ("`--replace` makes another one", "`replaces` makes another one"),
    ],
)
def test_an_option_becomes_a_keyword(text: str, words: str) -> None:
    assert words in in_keywords(text)
    assert "--" not in in_keywords(text)


@pytest.mark.parametrize(
    "text",
    [
        "`novita-infra orphans --adopt vpc.a --id ID --env prod`",
        "if it is dead: novita-infra state lock break --env prod",
        "the program printed --target-dir and --checked",
    ],
)
def test_command_lines_and_other_words_stay(text: str) -> None:
    assert in_keywords(text) == text


def test_every_option_that_the_library_has_is_known() -> None:
    context = click.Context(root)
    commands = [root.get_command(context, name) for name in ("plan", "destroy")]
    options = {name for command in commands if command for item in command.params for name in item.opts}
    keywords = {
        *PlanChoices.__annotations__,
        *inspect.signature(Project).parameters,
        *inspect.signature(Project.applying).parameters,
    }
    for option in options & {*NAMING, *FLAGS, *OTHERS}:
        word = NAMING.get(option) or FLAGS.get(option, "").partition("=")[0] or OTHERS[option]
        assert word in keywords, option
    known = {keyword.replace("_", "-") for keyword in keywords}
    options = {option for option in options if option.startswith("--")}
    similar = {option for option in options if option[2:] in known or f"{option[2:]}s" in known}
    assert similar <= {*NAMING, *FLAGS, *OTHERS}


def test_a_client_without_a_key_names_the_keyword(folder: Path) -> None:
    with pytest.raises(Problems, match="simulated=True"):
        Client(folder).get("/v3/user/balance")

    async def open_one() -> None:
        async with AsyncClient(folder):
            pass

    with pytest.raises(Problems, match="simulated=True"):
        asyncio.run(open_one())


def test_the_problems_of_a_project_name_keywords(folder: Path) -> None:
    project = Project(folder, simulated=True)
    project.apply()
    plan = project.plan(destroy=True)
    assert all("--" not in f"{item}" for item in plan.problems)
    with pytest.raises(Problems, match=r"allow_data_loss=\['network_storage\.data'\]") as caught:
        project.destroy()
    assert caught.value.code == 5
    with pytest.raises(Problems, match=r"^environment: there is no environment"):
        Project(folder, environment="nope", simulated=True).plan()


@pytest.mark.parametrize("face", [Project, AsyncProject, Client, AsyncClient], ids=lambda face: face.__name__)
def test_the_page_shows_every_signature_as_it_is(face: type) -> None:
    shown = _methods(_class(ast.parse(_stubs()), face.__name__.removeprefix("Async")))
    real = _methods(_class(ast.parse(inspect.getsource(face)), face.__name__))
    if face.__name__.startswith("Async"):
        real = {
            name: text.replace("AsyncApplyRun", "ApplyRun").replace("AsyncClient", "Client")
            for name, text in real.items()
        }
        shown = {name: text for name, text in shown.items() if name in real}
    assert shown == real


def test_the_page_shows_every_keyword_of_a_plan() -> None:
    _, _, table = PAGE.read_text(encoding="utf-8").partition("| Keyword of `PlanChoices` |")
    rows = [line.split("`") for line in table.partition("\n## ")[0].splitlines()[2:] if line.startswith("|")]
    types = {row[1]: row[3].replace("\\|", "|").replace('"', "'") for row in rows}
    assert types == {
        name: str(kind.__forward_arg__).replace('"', "'") for name, kind in PlanChoices.__annotations__.items()
    }


def _stubs() -> str:
    _, _, part = PAGE.read_text(encoding="utf-8").partition("## Signatures")
    return part.split("```python\n")[1].split("```")[0]


def _class(tree: ast.Module, name: str) -> ast.ClassDef:
    return next(item for item in tree.body if isinstance(item, ast.ClassDef) and item.name == name)


def _methods(found: ast.ClassDef) -> dict[str, str]:
    """By public method: its parameters and what it returns."""
    return {
        item.name: f"({ast.unparse(item.args)}) -> {ast.unparse(item.returns) if item.returns else None}"
        for item in found.body
        if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef)
        and (item.name == "__init__" or not item.name.startswith("_"))
    }
