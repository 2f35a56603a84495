"""`images`: the group of the commands that list and delete images."""

from __future__ import annotations

import click

from novita_infra.cli.lazy import LazyGroup

SUMMARY = "List and delete images"


@click.group(
    "images",
    cls=LazyGroup,
    table={
        "Images": {
            "list": (f"{__package__}.images:list_images", "List images, those that jobs have saved among them"),
            "delete": (f"{__package__}.images:delete_account_images", "Delete images with all of their tags"),
        }
    },
)
def images() -> None:
    """List and delete the images that the account can use. `instance save-image` and the kind SavedImage save one.

    \b
    Examples:
      novita-infra images list --own
      novita-infra images delete registry.example.com/team/model
    """
