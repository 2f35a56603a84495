"""Loads projects whose secrets come from programs, keyrings and vaults."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from manifest_files import INSTANCE, manifest, project_file

from novita_infra.manifests.language.expressions import secrets_of_environment
from novita_infra.manifests.project.loading import Project, load
from novita_infra.manifests.secrets.asking import with_secrets

ALLOWED = project_file("secretCommands: [op]\n")


def fetched(folder: Path, environ: Mapping[str, str]) -> Project:
    """The project in the folder, with its sources asked."""
    known = secrets_of_environment(environ)
    work = with_secrets(partial(load, folder, environ=environ), environ, secrets=known, report=lambda _: None)
    return asyncio.run(work)


def machine(env: str) -> str:
    """A machine with these variables."""
    return manifest("Instance", "a", f"{INSTANCE}  env: {env}\n")
