"""The pipeline of GitLab CI."""

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
BASE: Final = """\
.novita-infra:
  image: python:3.13
  before_script:
    - python -m pip install --quiet {package}
"""
"""What every job extends."""
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


def gitlab_pipeline(settings: PipelineSettings) -> str:
    """The text of the pipeline: three jobs for each environment."""
    jobs = [pipeline_jobs(settings, name) for name in settings.environments]
    return "".join([_HEAD, BASE.format(package=settings.package), *jobs])


def pipeline_jobs(settings: PipelineSettings, environment: str) -> str:
    """The three jobs of an environment."""
    kept = kept_plan_names(settings.project, environment)
    words = {command: settings.words(command, environment) for command in ("plan", "apply", "drift")}
    return _JOBS.format(stem=f"{settings.project}-{environment}", file=kept.file, **words)
