"""What the commands of a job share: the job, the marks of what it writes, and texts without secrets."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable
from typing import Any, Final, TypeVar

import click

from novita_infra.api.known_secrets import OF_THIS_RUN
from novita_infra.api.redaction import without_secrets
from novita_infra.cli.rendering import Callback
from novita_infra.forges.forge import Forge, KeptPlan, Role
from novita_infra.forges.jobs import PipelineJob, job_of_pipeline
from novita_infra.forges.naming import kept_plan_names
from novita_infra.manifests.project.locating import Located
from novita_infra.model.diagnostics import Diagnostic, Problems
from novita_infra.operations.session import ProjectOptions, located
from novita_infra.views.content.diagnostics import FailureContent
from novita_infra.views.documents import document_text
from novita_infra.views.formats.markdown.remarks import marked_remark
from novita_infra.views.renderer import Renderer

T = TypeVar("T")
_ROLES: Final = {role.name.lower(): role for role in (Role.WRITE, Role.MAINTAIN, Role.ADMIN)}

approvers_option: Callable[[Callback], Callback] = click.option(
    "--approvers",
    type=click.Choice([*_ROLES]),
    callback=lambda _ctx, _option, word: _ROLES[word] if word else None,
    help="The role that a person needs to permit the loss of data and large changes; by default the one that merges: "
    "write on GitHub, maintain on GitLab (where developers are write, maintainers maintain, owners admin).",
)


class CommandJob:
    """The job that a command runs in, with the project that it is about."""

    def __init__(self, options: ProjectOptions, command: str, *, approvers: Role | None = None) -> None:
        """Raises Problems outside of a pipeline, and where there is no such project or environment."""
        self.job: PipelineJob = job_of_pipeline(os.environ)
        token = self.job.token
        OF_THIS_RUN.add(lambda: [token, os.environ.get("NOVITA_API_KEY", "")])
        self.place: Located = located(options)
        self.command = command
        self.approvers = approvers or self.job.forge.approvers

    @property
    def forge(self) -> Forge:
        return self.job.forge

    @property
    def kept(self) -> KeptPlan:
        """The names of the plan that is kept."""
        return kept_plan_names(self.place.name, self.place.environment)

    @property
    def where(self) -> str:
        """The project and the environment, for a title."""
        return f"project {self.place.name}, environment {self.place.environment}"

    def mark(self, command: str = "") -> str:
        """The first line of what the command writes about this project and environment."""
        return f"<!-- novita-infra ci {command or self.command} {self.place.name} {self.place.environment} -->"

    def text(self, document: str, *, record: str = "", closing: Iterable[str] = ()) -> str:
        """A document of ours as a comment, or an issue, of this command. No secret remains in it."""
        secrets = OF_THIS_RUN.all()
        texts = [without_secrets(text, secrets) for text in (document, *closing)]
        return marked_remark(texts[0], self.mark(), record=record, closing=[*texts[1:], f"[Job]({self.job.url})"])

    def failure(self, diagnostics: tuple[Diagnostic, ...]) -> str:
        """The document on errors that ended the command."""
        return document_text("markdown", FailureContent(f"ci {self.command} of {self.where}", diagnostics))


async def on_forge(call: Callable[..., T], *words: Any) -> T:
    """What a call to the forge returns. It blocks, so it is made in a thread."""
    return await asyncio.to_thread(call, *words)


async def after_failure(renderer: Renderer, call: Callable[..., None], *words: Any) -> None:
    """Makes a call to the forge about an error. Where that fails as well, both are reported."""
    try:
        await on_forge(call, *words)
    except Problems as problems:
        renderer.diagnostics(problems.diagnostics)
