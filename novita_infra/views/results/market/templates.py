"""The templates that instances can be created from. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import ClassVar

from novita_infra.catalogue.templates import ListedTemplate
from novita_infra.model.clock import timestamp
from novita_infra.model.frozen import dataclass
from novita_infra.views.content.listing import Facts, Listing, fact


@dataclass(frozen=True, slots=True)
class TemplateRow:
    """A template, as a list of the API shows it."""

    id: str = fact("The id.", title="ID")
    name: str = fact("The name.", title="NAME")
    channel: str = fact("Who offers it: `official`, `community` or `private`.", title="CHANNEL")
    address: str | None = fact("The address of its resource; null if no state of the project records it.")
    root_disk_gb: int | None = fact("The root disk in GB; null if it is not known.", title="DISK GB")
    ports: tuple[str, ...] = fact("The ports, such as `8888/http`.", title="PORTS")
    image: str = fact("The image.", title="IMAGE")


@dataclass(frozen=True, slots=True)
class TemplateListing(Listing):
    """The templates of the chosen channels, as `templates --json` prints them."""

    name: ClassVar[str] = "templates"
    row: ClassVar[type] = TemplateRow
    empty: ClassVar[str] = "No template is listed there."

    rows: tuple[TemplateRow, ...]


@dataclass(frozen=True, slots=True)
class TemplateFacts(Facts):
    """A template, as `templates ID --json` prints it."""

    name: ClassVar[str] = "template"

    id: str = fact("The id.", title="Id")
    template: str = fact("The name.", title="Name")
    channel: str = fact("Who offers it: `official`, `community` or `private`.", title="Channel")
    address: str | None = fact("The address of its resource; null if no state records it.", title="Address")
    image: str = fact("The image.", title="Image")
    root_disk_gb: int | None = fact("The root disk in GB; null if it is not known.", title="Disk in GB")
    ports: tuple[str, ...] = fact("The ports, such as `8888/http`.", title="Ports")
    command: str = fact("The command; empty for that of the image.", title="Command")
    entrypoint: str = fact("The entrypoint; empty for that of the image.", title="Entrypoint")
    env: tuple[str, ...] = fact("The names of the environment variables.", title="Variables")
    min_cuda_version: str = fact("The lowest CUDA version; empty for any.", title="CUDA from")
    recommended: tuple[str, ...] = fact("The ids of recommended products.", title="Recommended")
    created: str | None = fact("When it was created, in UTC; null if it is not known.", title="Created")


def template_listing(templates: Iterable[ListedTemplate], address_of: Callable[[str], str]) -> TemplateListing:
    """The templates in their order; `address_of` gives the address of an id, empty for none."""
    return TemplateListing(
        tuple(
            TemplateRow(
                id=item.id,
                name=item.name,
                channel=item.channel,
                address=address_of(item.id) or None,
                root_disk_gb=item.root_gb,
                ports=item.ports,
                image=item.image,
            )
            for item in templates
        )
    )


def template_facts(template: ListedTemplate, address: str) -> TemplateFacts:
    """The facts of a template; `address` is empty where no state records it."""
    return TemplateFacts(
        id=template.id,
        template=template.name,
        channel=template.channel,
        address=address or None,
        image=template.image,
        root_disk_gb=template.root_gb,
        ports=template.ports,
        command=template.command,
        entrypoint=template.entrypoint,
        env=template.env,
        min_cuda_version=template.cuda,
        recommended=template.recommended,
        created=timestamp(template.created) if template.created else None,
    )
