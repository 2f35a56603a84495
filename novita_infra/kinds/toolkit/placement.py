"""Resolves the cluster of a spec to its id, for every kind that has one. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

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
    found = find_cluster(_with_cluster_of(live, catalogue), wish, kept=kept)
    if isinstance(found, SpecError):
        return spec, (found,)
    lacking = [item for item in catalogue.clusters if item.id == found != kept and not offers(item)]
    if lacking:
        able = ", ".join(f"{item.id} ({item.name})" for item in catalogue.clusters if offers(item))
        hint = f"clusters that have it: {able}" if able else "no cluster of the account has it"
        summary = f"cluster {lacking[0].id} ({lacking[0].name}) has no {what}"
        return spec, (SpecError(("cluster",), summary, hint, impossible=True),)
    return {**spec, "cluster": found}, ()


def _with_cluster_of(live: Live | None, catalogue: Catalogue) -> Catalogue:
    """The catalogue with the live object's cluster, which may no longer be listed."""
    id = text_of(live.values.get("cluster")) if live else ""
    if live is None or not id or any(item.id == id for item in catalogue.clusters):
        return catalogue
    cluster = Cluster(id, text_of(live.outputs.get("clusterName")) or id, network_storage=True, vpc=True)
    return replace(catalogue, clusters=(*catalogue.clusters, cluster))
