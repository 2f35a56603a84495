"""The pipeline of GitLab CI, and the same as a CI/CD component."""

from __future__ import annotations

from typing import Final

from novita_infra.forges.naming import kept_plan_names
from novita_infra.forges.pipelines.settings import PipelineSettings

FILE: Final = ".gitlab/novita-infra.yml"
INCLUDING: Final = ".gitlab-ci.yml"
"""The pipeline of a repository, which includes the file."""
INCLUDE: Final = f"include:\n  - local: {FILE}\n"

_HEAD: Final = """\
# Written by `novita-infra ci init gitlab`: run that again after a change of the environments.
# A request is planned, and its plan is kept. After the merge exactly that plan is applied. A pipeline schedule looks
# for the drift of each environment. To set up: the masked variables NOVITA_API_KEY and NOVITA_INFRA_GITLAB_TOKEN (a
# project access token, role Developer, scope api), both without "protected"; under Job token permissions, allow Git
# pushes to the repository, which keep the state; a pipeline schedule for the nightly look.
"""
_BASE: Final = """\
.novita-infra:
  image: python:3.13
  before_script:
    - python -m pip install --quiet {package}
"""
_JOBS: Final = """
plan {stem}:
  extends: .novita-infra
  stage: test
  rules:
    - if: $CI_PIPELINE_SOURCE == "merge_request_event"
  interruptible: true
  timeout: 30 minutes
  script:
    - {plan}
  artifacts:
    paths: [{file}]
    access: developer
    expire_in: 90 days

apply {stem}:
  extends: .novita-infra
  stage: deploy
  rules:
    - if: $CI_PIPELINE_SOURCE == "push" && $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH
  resource_group: novita-infra-{stem}
  interruptible: false
  timeout: 3 hours
  script:
    - {apply}

drift {stem}:
  extends: .novita-infra
  stage: test
  rules:
    - if: $CI_PIPELINE_SOURCE == "schedule"
  timeout: 30 minutes
  script:
    - {drift}
"""
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


def gitlab_pipeline(settings: PipelineSettings) -> str:
    """The text of the pipeline: three jobs for each environment."""
    jobs = [_jobs(settings, name) for name in settings.environments]
    return "".join([_HEAD, _BASE.format(package=settings.package), *jobs])


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
    jobs = _jobs(settings, *settings.environments).replace("paths: [", 'paths: ["').replace(".niplan]", '.niplan"]')
    return "".join([_SPEC.format(package=package), _BASE.format(package=settings.package), jobs])


def _jobs(settings: PipelineSettings, environment: str) -> str:
    kept = kept_plan_names(settings.project, environment)
    words = {command: settings.words(command, environment) for command in ("plan", "apply", "drift")}
    return _JOBS.format(stem=f"{settings.project}-{environment}", file=kept.file, **words)
