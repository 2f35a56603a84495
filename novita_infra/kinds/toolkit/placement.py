"""Resolves the cluster of a spec to its id, for every kind that has one. Pure."""

from __future__ import annotations

from collections.abc import Callable

from novita_infra.api.json_values import text_of
from novita_infra.catalogue.products import Catalogue, Cluster
from novita_infra.kinds.kind import SpecError
from novita_infra.kinds.toolkit.lookup import find_cluster
from novita_infra.model.resources import Live
from novita_infra.model.values import Spec


def with_cluster_id(
    spec: Spec,
    catalogue: Catalogue,
    live: Live | None,
    *,
    offers: Callable[[Cluster], bool] = lambda _: True,
    what: str = "",
) -> tuple[Spec, tuple[SpecError, ...]]:
    """The spec with its cluster as an id. A new object needs a cluster that `offers` the named thing (`what`).

    A cluster that is not declared or not known yet is left alone.
    """
    wish = spec.get("cluster")
    if not isinstance(wish, str):
        return spec, ()
    kept = text_of(live.values.get("cluster")) if live else ""
    found = find_cluster(catalogue, wish, kept=kept)
    if isinstance(found, SpecError):
        return spec, (found,)
    lacking = [item for item in catalogue.clusters if item.id == found != kept and not offers(item)]
    if lacking:
        able = ", ".join(f"{item.id} ({item.name})" for item in catalogue.clusters if offers(item))
        hint = f"clusters that have it: {able}" if able else "no cluster of the account has it"
        summary = f"cluster {lacking[0].id} ({lacking[0].name}) has no {what}"
        return spec, (SpecError(("cluster",), summary, hint, impossible=True),)
    return {**spec, "cluster": found}, ()
