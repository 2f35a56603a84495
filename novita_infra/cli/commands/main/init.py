"""`init`: writes a starter project with schemas for the editor."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import click

from novita_infra.cli.command import Command
from novita_infra.cli.rendering import with_renderer
from novita_infra.manifests.project.discovery import check_path
from novita_infra.manifests.validation.documents import PROJECT_FILE
from novita_infra.manifests.yaml.emitting import emit_scalar
from novita_infra.model.diagnostics import naming_file, problem
from novita_infra.model.identity import new_project_id
from novita_infra.schema.resources import write_schemas
from novita_infra.state.registry import DEFAULT, backend_named
from novita_infra.views.content.lines import Tone, line
from novita_infra.views.renderer import Renderer

SUMMARY = "Write a starter project"

_SCHEMAS: Final = Path(".novita-infra") / "schemas"

_PROJECT: Final = """\
{modeline}
apiVersion: novita-infra/v1
kind: Project
metadata:
  name: {name}
  id: {id}  # made once: it distinguishes this project from others of the same name; keep it
variables:
  gpuCount: {{type: integer, default: 1, description: GPUs of the trainer}}
outputs:
  trainerId: ${{instance.trainer.id}}
"""

_FLEET: Final = """\
{modeline}
# A volume that outlives the machine, and a GPU machine that mounts it.
# `novita-infra explain Instance` lists all fields; `novita-infra plan` shows the effect and the cost of a change.
apiVersion: novita-infra/v1
kind: NetworkStorage
metadata:
  name: data
spec:
  cluster: us-ca-nas-2
  sizeGb: 100
---
apiVersion: novita-infra/v1
kind: Instance
metadata:
  name: trainer
spec:
  product: {{gpu: RTX 4090}}
  gpuCount: ${{var.gpuCount}}
  image: pytorch/pytorch:2.4.0-cuda12.4-cudnn9-devel
  rootDiskGb: 60
  ports: [22/tcp, 8888/http]
  networkStorages:
    - {{storage: data, mountPath: /data}}
"""

_IGNORED: Final = """\
# The simulator's account, saved plans, and files of running commands. A state holds no secret: keep it where the next
# run finds it, with its journal (state/*.journal): a run that is killed leaves one, with what that run created.
# The schemas in .novita-infra are for the editors of all contributors.
.novita-infra/*
!.novita-infra/schemas/
*.niplan
"""


@click.command(cls=Command)
@click.argument("path", metavar="[PATH]", default=".", type=click.Path(file_okay=False, path_type=Path), required=False)
@with_renderer
def init(*, path: Path, renderer: Renderer) -> int:
    """Write a starter project: a project file, two resources, schemas for the editor, a .gitignore.

    Existing files are not overwritten.

    \b
    Examples:
      novita-infra init
      novita-infra init fleet && novita-infra apply fleet --sim
    """
    check_path(path)
    texts = _texts(_name(path))
    taken = [name for name in texts if (path / name).exists() and name != ".gitignore"]
    if taken:
        raise problem(f"{path / taken[0]} already exists", "choose another folder: novita-infra init FOLDER")
    path.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        if not (path / name).exists():
            with naming_file(path / name):
                (path / name).write_text(text, encoding="utf-8")
            renderer.show([line(("wrote ", Tone.GOOD), str(path / name))])
    write_schemas(path / _SCHEMAS)
    renderer.show(
        [
            line(
                ("wrote ", Tone.GOOD),
                f"{path / _SCHEMAS} (for editors; `novita-infra schema --write FOLDER` updates them)",
            )
        ]
    )
    if above := next((folder for folder in path.resolve().parents if (folder / PROJECT_FILE).is_file()), None):
        renderer.note(f"This is a project of its own: the one in {above} reads nothing in it.")
    where = "" if path == Path() else f" {path}"
    renderer.message(
        "", "Try it without an account:", f"  novita-infra plan{where} --sim", f"  novita-infra apply{where} --sim"
    )
    return 0


def _texts(name: str) -> dict[str, str]:
    return {
        "novita-infra.yaml": _PROJECT.format(
            modeline=_modeline("project"), name=emit_scalar(name), id=new_project_id()
        ),
        "fleet.yaml": _FLEET.format(modeline=_modeline("manifest")),
        ".gitignore": _IGNORED + "".join(f"{pattern}\n" for pattern in backend_named(DEFAULT).unshared_files),
    }


def _modeline(schema: str) -> str:
    return f"# yaml-language-server: $schema={(_SCHEMAS / f'{schema}.json').as_posix()}"


def _name(path: Path) -> str:
    """A project name from the folder's name."""
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", path.resolve().name).strip("-")
    return name if re.match(r"[A-Za-z_]", name) else f"project-{name}".rstrip("-")
