"""The workflow of GitHub Actions."""

from __future__ import annotations

from typing import Final

from novita_infra.forges.naming import kept_plan_names
from novita_infra.forges.pipelines.settings import PipelineSettings

FILE: Final = ".github/workflows/novita-infra.yml"

_HEAD: Final = """\
# Written by `novita-infra ci init github`: run that again after a change of the environments.
# A request is planned, and its plan is kept. After the merge exactly that plan is applied. Every night the drift of
# each environment is looked for. The secret NOVITA_API_KEY of the repository is all that must be set up.
# Do not change pull_request to pull_request_target: that would give the secrets to requests from forks.
name: novita-infra

on:
  pull_request:
    branches: [{branch}]
    types: [opened, reopened, synchronize, labeled, unlabeled]  # a label may permit the loss of data
  push:
    branches: [{branch}]
  schedule:
    - cron: "{cron}"
  workflow_dispatch:

permissions: {{}}

jobs:
"""
_PLAN: Final = """\
  plan-{environment}:
    if: github.event_name == 'pull_request'
    name: plan {stem}
    runs-on: ubuntu-latest
    timeout-minutes: 30
    permissions:
      contents: write  # the first plan of a project stores its state
      pull-requests: write
      issues: write  # the label that permits a loss
    concurrency:
      group: novita-infra-plan-{stem}-${{{{ github.event.number }}}}
      cancel-in-progress: true
    steps:
{set_up}
      - name: Plan and comment
        run: {plan}
{env}
      - name: Keep the plan
        uses: actions/upload-artifact@v6
        with:
          name: {artefact}
          path: {file}
          if-no-files-found: error
          overwrite: true

"""
_APPLY: Final = """\
  apply-{environment}:
    if: github.event_name == 'push'
    name: apply {stem}
    runs-on: ubuntu-latest
    timeout-minutes: 180
    permissions:
      contents: write  # the state
      pull-requests: write
      issues: write
      actions: read  # the plan that was kept
    concurrency:
      group: novita-infra-apply-{stem}
      queue: max  # every merge is applied, one after the other; the lock of the state holds off all other runs
    steps:
{set_up}
      - name: Apply the plan of the merged request
        run: {apply}
{env}

"""
_DRIFT: Final = """\
  drift-{environment}:
    if: github.event_name == 'schedule' || github.event_name == 'workflow_dispatch'
    name: drift {stem}
    runs-on: ubuntu-latest
    timeout-minutes: 30
    permissions:
      contents: read
      issues: write
    concurrency:
      group: novita-infra-drift-{stem}
    steps:
{set_up}
      - name: Look for drift
        run: {drift}
{env}

"""
_SET_UP: Final = """\
      - uses: actions/checkout@v6
      - uses: actions/setup-python@v6
        with:
          python-version: "3.13"
      - name: Install novita-infra
        run: python -m pip install --quiet {package}"""


def github_workflow(settings: PipelineSettings) -> str:
    """The text of the workflow: a job for each environment that plans, one that applies, one that looks for drift."""
    jobs = [_job(part, settings, name) for part in (_PLAN, _APPLY, _DRIFT) for name in settings.environments]
    return _HEAD.format(branch=settings.branch, cron=settings.cron) + "".join(jobs).rstrip("\n") + "\n"


def _job(part: str, settings: PipelineSettings, environment: str) -> str:
    kept = kept_plan_names(settings.project, environment)
    return part.format(
        environment=environment,
        stem=f"{settings.project}-{environment}",
        artefact=kept.artefact,
        file=kept.file,
        set_up=_SET_UP.format(package=settings.package),
        env=_environment(settings),
        **{command: settings.words(command, environment) for command in ("plan", "apply", "drift")},
    )


def _environment(settings: PipelineSettings) -> str:
    """The secrets, for the one step that needs them."""
    secrets = [f"{name}: ${{{{ secrets.{name} }}}}" for name in ("NOVITA_API_KEY", *settings.secrets)]
    lines = ["env:", *(f"  {line}" for line in (*secrets, "GITHUB_TOKEN: ${{ github.token }}"))]
    return "\n".join(f"        {line}" for line in lines)
