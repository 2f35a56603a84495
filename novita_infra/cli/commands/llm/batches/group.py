"""`batches`: the group of the commands about batches of the LLM API."""

from __future__ import annotations

import click

from novita_infra.cli.lazy import LazyGroup

SUMMARY = "Check inputs of batches, list and cancel batches, fetch results"


@click.group(
    "batches",
    cls=LazyGroup,
    table={
        "Before": {"check": (f"{__package__}.inputs:batches_check", "Check an input, and say what it may cost")},
        "Batches": {
            "list": (f"{__package__}.running:batches_list", "List the batches of the account"),
            "get": (f"{__package__}.running:batches_get", "Show one batch"),
            "cancel": (f"{__package__}.running:batches_cancel", "Cancel batches that are not over"),
            "results": (f"{__package__}.results:batches_results", "Download results beside their requests"),
        },
    },
)
def batches() -> None:
    """Batches of requests to language models, which are answered within two days.

    \b
    Examples:
      novita-infra batches check prompts.jsonl
      novita-infra batches results batch.questions --into answers.jsonl
    """
