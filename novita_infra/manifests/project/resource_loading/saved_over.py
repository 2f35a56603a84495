"""Resources that save one image each under the same name: the second one would save over the first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from novita_infra.catalogue.images import full_name
from novita_infra.kinds import KINDS
from novita_infra.model.addresses import Address, Origin
from novita_infra.model.diagnostics import Diagnostic
from novita_infra.model.resources import Declared


def saved_over(every: Mapping[Address, Declared]) -> Iterator[Diagnostic]:
    """An error for each resource whose image another one saves, too, as far as the names are known."""
    first: dict[str, tuple[Address, Origin]] = {}
    for address in sorted(at for at in every if KINDS[at.type].api.saves):
        item, saves = every[address], KINDS[address.type].api.saves
        if saves is None or not (image := saves(item.spec)):
            continue
        place = _place(item, image)
        other, earlier = first.setdefault(full_name(image), (address, place))
        if other != address:
            hint = f"{other} saves it at {earlier}; give one of them another tag"
            yield Diagnostic(f"{address} would save over {image}", hint, origin=place)


def _place(item: Declared, image: str) -> Origin:
    """Where the name of the image is declared. The field is known by its value."""
    named = (name for name, value in item.spec.items() if value == image)
    return item.places.get(next(named, ""), item.origin)
