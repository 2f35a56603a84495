"""`ci init`: writes the pipeline of a project for GitHub Actions or GitLab CI."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

import click

from novita_infra import __version__
from novita_infra.cli.command import Command
from novita_infra.cli.completing.offers import environments
from novita_infra.cli.options import path_argument
from novita_infra.cli.rendering import with_renderer
from novita_infra.forges.pipelines import github, gitlab
from novita_infra.forges.pipelines.settings import PipelineSettings
from novita_infra.manifests.project.locating import Located
from novita_infra.manifests.project.rules.project_notifications import notifications_at
from novita_infra.manifests.validation.documents import PROJECT_FILE
from novita_infra.model.diagnostics import EXIT_ERROR, naming_file, problem
from novita_infra.operations.session import ProjectOptions, located, unset_in, validate_project
from novita_infra.schema.frame import NAME
from novita_infra.state.opening import open_backend
from novita_infra.state.registry import DEFAULT
from novita_infra.views.content.lines import Tone, line
from novita_infra.views.renderer import Renderer

_VARIABLE: Final = re.compile(r"[A-Z_][A-Z0-9_]*|NOVITA_INFRA_VAR_\w+", re.ASCII)
_OWN: Final = frozenset({"NOVITA_API_KEY", "GITHUB_TOKEN"})
_PATH: Final = re.compile(r"[\w./-]+", re.ASCII)
_PACKAGE: Final = re.compile(r"[\w.=+:/@-]+", re.ASCII)
_STATE: Final = re.compile(r"^(state|---|\.\.\.)", re.MULTILINE)
_FIELD: Final = re.compile(r"[0-9*/,-]+")
_STATE_LINE: Final = "state: {backend: git}  # a branch of this repository: nothing must be set up\n"


def _plain(form: re.Pattern[str], what: str) -> Callable[[click.Context, click.Parameter, str], str]:
    """A callback for a text that stands in a pipeline as it is, so that it may hold nothing else."""

    def check(_ctx: click.Context, _option: click.Parameter, text: str) -> str:
        if not form.fullmatch(text) or ".." in text or text.startswith("-"):
            raise click.BadParameter(f"{text!r} is {what}")
        return text

    return check


def _cron(_ctx: click.Context, _option: click.Parameter, text: str) -> str:
    """Five fields of numbers, `*`, `/`, `,` and `-`."""
    fields = text.split()
    if len(fields) != 5 or not all(map(_FIELD.fullmatch, fields)):
        raise click.BadParameter(f'{text!r} is no schedule; one is five fields such as "23 3 * * *", in UTC')
    return " ".join(fields)


@click.command("init", cls=Command)
@click.argument("system", type=click.Choice(["github", "gitlab"]))
@path_argument
@click.option(
    "-o",
    "--out",
    "root",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    metavar="DIR",
    help="The folder of the repository; by default the one above that holds .git.",
)
@click.option(
    "-e",
    "--env",
    "chosen",
    multiple=True,
    shell_complete=environments,
    metavar="NAME",
    help="Only this environment; repeatable.",
)
@click.option(
    "--branch",
    default="main",
    show_default=True,
    callback=_plain(_PATH, "no name of a branch that can stand in a workflow"),
    metavar="NAME",
    help="The branch that requests are merged into. On GitLab it is always the default branch.",
)
@click.option(
    "--cron", default="23 3 * * *", show_default=True, callback=_cron, help="When GitHub looks for drift, UTC."
)
@click.option(
    "--package",
    default=f"novita-infra=={__version__}",
    show_default=True,
    callback=_plain(_PACKAGE, "nothing that pip installs"),
    help="What the jobs install with pip.",
)
@click.option(
    "--approvers",
    type=click.Choice(["write", "maintain", "admin"]),
    help="The role that a person needs to permit the loss of data; by default the one that merges.",
)
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 if the pipeline is not what would be written.")
@with_renderer
def ci_init(  # noqa: PLR0913 -- the settings of a pipeline
    *,
    system: str,
    path: Path,
    root: Path | None,
    chosen: tuple[str, ...],
    branch: str,
    cron: str,
    package: str,
    approvers: str | None,
    check: bool,
    renderer: Renderer,
) -> int:
    """Write the pipeline of a project: plan on a request, apply of that plan on the merge, a nightly look for drift.

    Each environment has its own jobs. Files of an earlier run are written again; others are left as they are. A project
    without a state and without `state:` gets `state: {backend: git}`.

    \b
    Examples:
      novita-infra ci init github
      novita-infra ci init gitlab fleet --env prod --approvers admin
      novita-infra ci init github --check
    """
    root = (root or _repository(path)).resolve()
    place = located(ProjectOptions(path=path))
    environments = chosen or place.environments or (place.environment,)
    for name in environments:
        located(ProjectOptions(path=path, environment=name))
    settings = PipelineSettings(
        project=_name(place),
        environments=tuple(environments),
        path=_path_in(root, place.root),
        branch=branch,
        cron=cron,
        package=package,
        approvers=approvers or "",
        secrets=_secrets(path, environments),
    )
    texts = _texts(system, settings, root)
    if check:
        return _checked(texts, root, renderer)
    for name, text in texts.items():
        _write(root / name, text)
        renderer.show([line(("wrote ", Tone.GOOD), name)])
    _share_state(place, renderer)
    renderer.message("", *_next(system, settings, root))
    return 0


def _repository(path: Path) -> Path:
    """The nearest folder above the project with .git, or the current one."""
    folder = path.resolve()
    return next((item for item in (folder, *folder.parents) if (item / ".git").exists()), Path())


def _name(place: Located) -> str:
    if place.id is None or not re.fullmatch(NAME, place.name):
        raise problem(
            f"the project in {place.root} has no {PROJECT_FILE} that names it",
            "write one, as `novita-infra init` does: jobs on different machines must know the project by its name",
        )
    return place.name


def _path_in(root: Path, project: Path) -> str:
    try:
        path = project.resolve().relative_to(root).as_posix()
    except ValueError:
        raise problem(f"the project in {project} is not inside of {root}", "name the repository with --out") from None
    if not _PATH.fullmatch(path) or path.startswith("-"):
        raise problem(
            f"the folder {path} has characters that a pipeline does not take", "use letters, digits, dots and dashes"
        )
    return "" if path == "." else path


def _secrets(path: Path, environments: tuple[str, ...]) -> tuple[str, ...]:
    """The variables of the environment that the manifests and the notifications read."""
    found: set[str] = set()
    for name in environments:
        project = validate_project(ProjectOptions(path=path, environment=name), {}, lenient=True)
        names = {re.sub(r"^var\.", "NOVITA_INFRA_VAR_", item.unset) for item in unset_in(project)}
        notifications = notifications_at(path, name, {})
        names |= notifications.unset() if notifications else frozenset()
        found |= {name for name in names if _VARIABLE.fullmatch(name)}
    return tuple(sorted(found - _OWN))


def _texts(system: str, settings: PipelineSettings, root: Path) -> dict[str, str]:
    if system == "github":
        return {github.FILE: github.github_workflow(settings)}
    texts = {gitlab.FILE: gitlab.gitlab_pipeline(settings)}
    if not (root / gitlab.INCLUDING).exists():
        texts[gitlab.INCLUDING] = gitlab.INCLUDE
    return texts


def _checked(texts: dict[str, str], root: Path, renderer: Renderer) -> int:
    stale = [name for name, text in texts.items() if not (root / name).is_file() or _read(root / name) != text]
    for name in stale:
        renderer.show([line(("not as `ci init` writes it: ", Tone.BAD), name)])
    return EXIT_ERROR if stale else 0


def _read(file: Path) -> str:
    with naming_file(file):
        return file.read_bytes().decode("utf-8", "replace")


def _write(file: Path, text: str) -> None:
    """Writes the file. Raises Problems for one that another program or a person wrote."""
    if file.exists() and "novita-infra" not in _read(file).partition("\n")[0] and file.name != gitlab.INCLUDING:
        raise problem(f"{file} exists and was not written by `ci init`", "rename it, or give another --out")
    with naming_file(file):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


def _share_state(place: Located, renderer: Renderer) -> None:
    """Puts the state of a new project into its repository, where every job finds it."""
    if str(place.state.options.get("backend", DEFAULT)) != DEFAULT:
        return
    file = place.root / PROJECT_FILE
    text = _read(file)
    environments = place.environments or (place.environment,)
    backend = open_backend(place.state)
    has_state = any(backend.store(name, project=place.name).load().serial for name in environments)
    if place.state.options or has_state or _STATE.search(text):
        renderer.message(
            "",
            "The state is in files, which no other job finds. To move it into this repository:",
            "  novita-infra state migrate --to git",
            "and then write `state: {backend: git}` into novita-infra.yaml.",
        )
        return
    with naming_file(file):
        file.write_text(text.rstrip("\n") + "\n" + _STATE_LINE, encoding="utf-8")
    renderer.show([line(("wrote ", Tone.GOOD), f"{PROJECT_FILE} (state: a branch of the repository)")])


def _next(system: str, settings: PipelineSettings, root: Path) -> list[str]:
    """What remains to be set up."""
    names = ", ".join(("NOVITA_API_KEY", *settings.secrets))
    if system == "github":
        return [f"Next: commit the files, and set the secrets of the repository: {names}"]
    including = _read(root / gitlab.INCLUDING) if (root / gitlab.INCLUDING).is_file() else ""
    include = [] if gitlab.FILE in including else [f"Add to {gitlab.INCLUDING}:", f"  {gitlab.INCLUDE.strip()}"]
    return [
        *include,
        f"Next: commit the files, and set masked, not protected variables: {names}, NOVITA_INFRA_GITLAB_TOKEN",
        f"The head of {gitlab.FILE} lists the rest.",
    ]
