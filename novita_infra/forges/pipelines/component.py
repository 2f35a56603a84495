"""The CI/CD component of this repository for GitLab: the jobs that `ci init gitlab` writes, with inputs in them.

`python -m novita_infra.forges.pipelines.component templates` writes it.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from novita_infra import __version__
from novita_infra.forges.pipelines.gitlab import BASE, pipeline_jobs
from novita_infra.forges.pipelines.settings import PipelineSettings

_SPEC: Final = """\
# A CI/CD component with the jobs that `novita-infra ci init gitlab` writes, for one environment of one project.
spec:
  inputs:
    project:
      description: The name of the project, as its novita-infra.yaml has it.
      regex: ^[A-Za-z_][A-Za-z0-9_-]*$
    environment:
      description: The environment.
      default: default
      regex: ^[A-Za-z_][A-Za-z0-9_-]*$
    path:
      description: The folder of the project in its repository.
      default: .
      regex: ^[A-Za-z0-9_.\\/-]+$
    package:
      description: What pip installs.
      default: {package}
      regex: ^[A-Za-z0-9_.=+:\\/@-]+$
    approvers:
      description: The role that a person needs to permit the loss of data.
      default: maintain
      options: [write, maintain, admin]
---
"""


def gitlab_component(package: str) -> str:
    """The text of the component. Its inputs stand where `gitlab_pipeline` has the values."""
    settings = PipelineSettings(
        project="$[[ inputs.project ]]",
        environments=("$[[ inputs.environment ]]",),
        path="$[[ inputs.path ]]",
        cron="",
        package="$[[ inputs.package ]]",
        approvers="$[[ inputs.approvers ]]",
    )
    jobs = (
        pipeline_jobs(settings, *settings.environments)
        .replace("paths: [", 'paths: ["')
        .replace(".niplan]", '.niplan"]')
    )
    return "".join([_SPEC.format(package=package), BASE.format(package=settings.package), jobs])


if __name__ == "__main__":
    text = gitlab_component(f"novita-infra=={__version__}")
    (Path(sys.argv[1]) / "novita-infra.yml").write_text(text, encoding="utf-8")
