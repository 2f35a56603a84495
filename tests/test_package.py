"""The wheel and the sdist: built, looked into, and the wheel installed into an environment of its own and run."""

from __future__ import annotations

import ast
import email
import email.message
import json
import os
import re
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from novita_infra import __version__
from novita_infra.schema.resources import schemas, text_of_schema

pytestmark = pytest.mark.process

ROOT = Path(__file__).parents[1]
IN_WHEEL = re.compile(
    r"novita_infra/.+\.py|novita_infra/__init__\.pyi|novita_infra/views/formats/html/page\.(css|js|html\.jinja)|novita_infra/py\.typed|novita_infra/schemas/(draft-07/|results/)?\w+\.json|novita_infra-[^/]+\.dist-info/.+"
)
IN_SDIST = re.compile(
    r"(novita_infra|schemas|docs|examples|tests|scripts|benchmarks|requirements|changelog\.d|\.ci|\.github|templates)/.+|state/README\.md"
    r"|Makefile|(README|CHANGELOG|CONTRIBUTING|SECURITY)\.md|LICENSE|\.gitlab-ci\.yml|\.pre-commit-(config|hooks)\.yaml|action\.yml|Containerfile|(pyproject|zensical)\.toml|PKG-INFO|\.gitignore"
)
LOADED_BY_PYTEST = "pytest_plugin.py"
"""Nobody else imports it, so pytest need not be installed for the rest."""
STRAY = re.compile(
    r"__pycache__|\.pyc$|\.niplan$|\.novita-infra/|/state/.*\.json|^(?!.*tests/compat/).*\.journal(?:\.backup)?$|\.lock$|~$|\.orig$|\.rej$"
)
"""What a run leaves behind. `tests/compat` holds the state and journal of an old version on purpose."""


@dataclass(frozen=True)
class Built:
    """What `python -m build` made."""

    wheel: Path
    sdist: Path

    def in_wheel(self) -> list[str]:
        with zipfile.ZipFile(self.wheel) as file:
            return file.namelist()

    def in_sdist(self) -> list[str]:
        """Without the folder that everything lies in."""
        with tarfile.open(self.sdist) as file:
            return [name.partition("/")[2] for name in file.getnames()]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Without isolation, so without the network; the wheel is made from the sdist, so the sdist is whole."""
    folder = tmp_path_factory.mktemp("dist")
    _done([sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)])
    (wheel,), (sdist,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    return Built(wheel, sdist)


@pytest.fixture(scope="module")
def installed(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of a fresh environment that holds the wheel; its dependencies are borrowed from this one."""
    folder = tmp_path_factory.mktemp("fresh")
    _done([sys.executable, "-m", "venv", "--without-pip", str(folder)])
    python = folder / "bin" / "python"
    install = ["install", "--quiet", "--no-deps", "--no-index", "--disable-pip-version-check", str(built.wheel)]
    _done([sys.executable, "-m", "pip", "--python", str(python), *install])
    (site,) = folder.glob("lib/python*/site-packages")
    (site / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return folder / "bin"


def test_the_wheel_holds_the_package_the_schemas_and_nothing_else(built: Built) -> None:
    names = built.in_wheel()
    assert [name for name in names if not IN_WHEEL.fullmatch(name) or STRAY.search(name)] == []
    modules = {path.relative_to(ROOT).as_posix() for path in _modules()}
    assert {name for name in names if name.endswith(".py")} == modules
    assert {f"novita_infra/views/formats/html/page.{end}" for end in ("css", "js", "html.jinja")} <= set(names)
    with zipfile.ZipFile(built.wheel) as file:
        for name, schema in schemas().items():
            assert file.read(f"novita_infra/schemas/{name}").decode() == text_of_schema(schema)


def test_the_sdist_holds_tests_docs_examples_and_no_stray_file(built: Built) -> None:
    names = built.in_sdist()
    assert [name for name in names if not IN_SDIST.fullmatch(name) or STRAY.search(name)] == []
    for folder in ("schemas", "docs", "examples", "tests", "scripts"):
        there = {path.relative_to(ROOT).as_posix() for path in _files(ROOT / folder)}
        assert there - set(names) == set()
    assert {"Makefile", "README.md", "CHANGELOG.md"} <= set(names)


def test_every_third_party_import_is_a_declared_dependency(built: Built) -> None:
    required = _metadata(built).get_all("Requires-Dist", [])
    declared = {_plain(str(text)) for text in required if "extra ==" not in str(text)}
    distributions = packages_distributions()
    imported = {name for path in _modules() if path.name != LOADED_BY_PYTEST for name in _imported(path)}
    imported -= sys.stdlib_module_names | {"novita_infra"}
    undeclared = {name for name in imported if not {_plain(dist) for dist in distributions.get(name, ())} & declared}
    # extras, and boto3 for the credentials that obstore cannot find: what imports each says what to install
    extras = {"boto3", "keyring", "obstore", "opentelemetry", "psycopg", "pyrage", "socksio"}
    assert undeclared == {*extras, "markupsafe"}  # jinja2 marks its texts with it, and requires it


def test_the_installed_command_runs_far_from_the_checkout(installed: Path, tmp_path: Path) -> None:
    command = str(installed / "novita-infra")
    assert _run(tmp_path, command, "--version") == f"novita-infra {__version__}\n"
    where = "import novita_infra; print(novita_infra.__file__)"
    assert Path(_run(tmp_path, str(installed / "python"), "-c", where).strip()).is_relative_to(installed.parent)
    assert json.loads(_run(tmp_path, command, "schema")) == schemas()["manifest.json"]
    _run(tmp_path, command, "init", "first")
    assert (tmp_path / "first" / ".novita-infra" / "schemas" / "manifest.json").exists()
    assert _run(tmp_path, command, "validate", "first") == "Valid: 2 resources.\n"
    planned = _run(tmp_path, str(installed / "python"), "-m", "novita_infra", "plan", "first", "--sim")
    assert "Plan: 2 to create" in planned


def test_the_wheel_tells_pytest_of_its_fixture(built: Built) -> None:
    with zipfile.ZipFile(built.wheel) as file:
        (entries,) = (name for name in file.namelist() if name.endswith(".dist-info/entry_points.txt"))
        assert "[pytest11]\nnovita_sim = novita_infra.testing.pytest_plugin\n" in file.read(entries).decode()


def test_the_metadata_names_urls_and_links_that_work_on_an_index(built: Built) -> None:
    metadata = _metadata(built)
    assert {url.partition(", ")[0] for url in metadata.get_all("Project-URL", [])} >= {
        "Homepage",
        "Changelog",
        "Issues",
    }
    readme = str(metadata.get_payload())
    links = [link for link in re.findall(r"\]\(([^)\s]+)\)", readme) if not link.startswith("#")]
    for picture in ("plan.svg", "cast.svg"):
        assert f"https://raw.githubusercontent.com/novita-infra/novita-infra/v{__version__}/docs/{picture}" in links
    assert [link for link in links if not link.startswith("https://")] == []
    tree = f"https://github.com/novita-infra/novita-infra/blob/v{__version__}/"
    assert [link for link in links if link.startswith(tree) and not (ROOT / link.removeprefix(tree)).exists()] == []


def _metadata(built: Built) -> email.message.Message:
    with zipfile.ZipFile(built.wheel) as file:
        (metadata,) = (name for name in file.namelist() if name.endswith(".dist-info/METADATA"))
        return email.message_from_bytes(file.read(metadata))


def _done(words: list[str], *, cwd: Path | None = None) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("NOVITA_", "PYTHON"))}
    ended = subprocess.run(words, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def _run(folder: Path, *words: str) -> str:
    return _done(list(words), cwd=folder)


def _files(folder: Path) -> Iterator[Path]:
    """Those that belong to the project, not to a run of it."""
    return (path for path in folder.rglob("*") if path.is_file() and not STRAY.search(path.as_posix()))


def _modules() -> list[Path]:
    return [path for path in _files(ROOT / "novita_infra") if path.suffix == ".py"]


def _imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            yield node.module.partition(".")[0]


def _plain(name: str) -> str:
    """A distribution's name in the one spelling for comparing, without version and extras."""
    return re.sub(r"[-_.]+", "-", re.split(r"[^A-Za-z0-9_.-]", name, maxsplit=1)[0]).lower()
