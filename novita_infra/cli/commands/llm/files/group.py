"""`files`: the group of the commands about files of the LLM API."""

from __future__ import annotations

import click

from novita_infra.cli.lazy import LazyGroup

SUMMARY = "Upload, list, download and delete files for batches"


@click.group(
    "files",
    cls=LazyGroup,
    table={
        "Reading": {
            "list": (f"{__package__}.reading:files_list", "List the files of the account"),
            "get": (f"{__package__}.reading:files_get", "Show one file"),
            "content": (f"{__package__}.reading:files_content", "Download what a file holds"),
        },
        "Changing": {
            "upload": (f"{__package__}.changing:files_upload", "Check an input for a batch, and upload it"),
            "delete": (f"{__package__}.changing:files_delete", "Delete files"),
        },
    },
)
def files() -> None:
    """Files for batches: inputs, which are kept 15 days, and results, which are kept 30.

    \b
    Examples:
      novita-infra files upload prompts.jsonl
      novita-infra files list
    """
