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


def project_file(rest: str = "", *, name: str = "training") -> str:
    return f"apiVersion: novita-infra/v1\nkind: Project\nmetadata: {{name: {name}}}\n{rest}"


def endpoint(name: str, *, least: int, most: int) -> str:
    """An endpoint with so many workers, as the simulator serves it."""
    workers = f"{{min: {least}, max: {most}, idleTimeout: 60, maxConcurrency: 8, requestTimeout: 600}}"
    return manifest(
        "Endpoint",
        name,
        "  product: {gpu: RTX 4090}\n  image: docker.io/library/nginx:1.27\n"
        f'  ports: ["80/http"]\n  healthPath: /\n  workers: {workers}\n  scaling: {{type: queue, value: 10}}\n',
    )


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
