"""What the files of a pipeline are made from."""

from __future__ import annotations

from novita_infra.model.frozen import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineSettings:
    """The settings of the pipeline of one project. Every text is safe in YAML and in a shell."""

    project: str
    environments: tuple[str, ...]
    path: str = ""
    """The folder of the project in its repository; empty for the repository itself."""
    branch: str = "main"
    cron: str
    package: str
    """What `pip install` installs."""
    approvers: str = ""
    """The role that permits a loss; empty for the default."""
    secrets: tuple[str, ...] = ()
    """The variables that the jobs need beside the key."""

    def words(self, command: str, environment: str) -> str:
        """The line that a job runs."""
        words = ["novita-infra", "ci", command]
        if self.path:
            words.append(self.path)
        if environment:
            words += ["--env", environment]
        if command == "apply":
            words += ["--lock-timeout", "1h"]
        if self.approvers and command != "drift":
            words += ["--approvers", self.approvers]
        return " ".join(words)
