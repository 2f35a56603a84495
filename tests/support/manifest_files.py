"""Projects as dicts of file texts, for tests that load them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from novita_infra.manifests.project.loading import Project, load
from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import Problems
from novita_infra.model.resources import Declared

INSTANCE = "  product: {gpu: RTX 4090}\n  image: pytorch/pytorch:2.4.0\n"
"""The fewest fields of an instance."""


def manifest(kind: str, name: str, spec: str = "", *, head: str = "") -> str:
    """One document; the lines of `spec` are indented by two."""
    return f"---\napiVersion: novita-infra/v1\nkind: {kind}\nmetadata: {{name: {name}}}\n{head}spec:\n{spec}"


def project_file(rest: str = "") -> str:
    return f"apiVersion: novita-infra/v1\nkind: Project\nmetadata: {{name: training}}\n{rest}"


def write(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    """Writes the files and returns the folder."""
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def loaded(
    folder: Path,
    files: Mapping[str, str | bytes],
    *,
    path: str = "",
    environment: str = "",
    variables: Mapping[str, str] | None = None,
    var_files: tuple[str, ...] = (),
    environ: Mapping[str, str] | None = None,
) -> Project:
    """The project of these files."""
    write(folder, files)
    return load(
        folder / path,
        environment=environment,
        variables=variables,
        var_files=[folder / name for name in var_files],
        environ=environ or {},
    )


def one(project: Project, address: str) -> Declared:
    """The resource at the address."""
    return next(item for item in project.declared if item.address == Address.parse(address))


def refused(folder: Path, files: Mapping[str, str | bytes], **options: object) -> list[str]:
    """The messages with which the project is refused."""
    try:
        loaded(folder, files, **options)  # type: ignore[arg-type]  # passed on as they are
    except Problems as problems:
        return [str(item) for item in problems.diagnostics]
    raise AssertionError("nothing was found wrong")
