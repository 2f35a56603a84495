"""The lookup of a cluster by its name, its region, its features or the products that it has."""

from __future__ import annotations

from typing import Final

from novita_infra.catalogue.products import Catalogue, Cluster
from novita_infra.kinds.kind import SpecError
from novita_infra.kinds.toolkit.field_schemas import TEXT
from novita_infra.kinds.toolkit.lookup import matching
from novita_infra.kinds.toolkit.wishes import clusters_with, find_region
from novita_infra.lookups.found import Criteria, NoAnswer
from novita_infra.lookups.lookup import ALL, CHOOSE, LookupType, Match, Matches, Needs, ReadSoFar
from novita_infra.model.diagnostics import nearest

_FEATURES: Final = {"networkStorage": "network storage", "vpc": "private networks"}


def _needs(criteria: Criteria, _known: ReadSoFar) -> Needs:
    return Needs(parts=frozenset({"clusters", *(("gpu",) if "gpu" in criteria else ())}))


def _find(criteria: Criteria, known: ReadSoFar) -> Matches | NoAnswer:
    catalogue = known.catalogue
    clusters = _named(criteria, catalogue)
    if isinstance(clusters, NoAnswer):
        return clusters
    for feature in criteria.get("features", ()):
        able = tuple(item for item in clusters if _has(item, feature))
        if not able:
            others = ", ".join(map(_text, (item for item in catalogue.clusters if _has(item, feature))))
            listed = f"clusters that have it: {others}" if others else "no cluster of the account has it"
            return NoAnswer(f"no {_FEATURES[feature]} in {', '.join(map(_text, clusters))}", listed)
        clusters = able
    if "gpu" in criteria:
        products = matching(catalogue.gpu, criteria["gpu"])
        if not products:
            return NoAnswer(
                f'no product "{criteria["gpu"]}"', nearest(criteria["gpu"], [x.name for x in catalogue.gpu])
            )
        having = tuple(item for item in clusters if any(clusters_with(product, [item]) for product in products))
        if not having:
            places = {item.id: item for product in products for item in clusters_with(product, catalogue.clusters)}
            hint = f"clusters that have it: {', '.join(map(_text, places.values()))}"
            return NoAnswer(f'no "{criteria["gpu"]}" in {", ".join(map(_text, clusters))}', hint)
        clusters = having
    return Matches(tuple(_match(item) for item in sorted(clusters, key=lambda item: item.id)))


def _named(criteria: Criteria, catalogue: Catalogue) -> tuple[Cluster, ...] | NoAnswer:
    clusters = catalogue.clusters
    for key in ("name", "region"):
        if key not in criteria:
            continue
        found = find_region(Catalogue(clusters=clusters), criteria[key])
        if isinstance(found, SpecError):
            summary = found.summary if key == "region" else f'no cluster "{criteria[key]}"'
            return NoAnswer(summary, found.hint)
        clusters = found
    return clusters or NoAnswer("the account has no cluster")


def _names(catalogue: Catalogue) -> list[str]:
    return [item.name for item in catalogue.gpu]


def _has(cluster: Cluster, feature: str) -> bool:
    return cluster.network_storage if feature == "networkStorage" else cluster.vpc


def _text(cluster: Cluster) -> str:
    return f"{cluster.id} ({cluster.name})"


def _match(cluster: Cluster) -> Match:
    return Match(
        key=cluster.id,
        text=_text(cluster),
        attributes={
            "id": cluster.id,
            "name": cluster.name,
            "networkStorage": cluster.network_storage,
            "vpc": cluster.vpc,
        },
    )


LOOKUP: Final = LookupType(
    name="cluster",
    summary="A data centre.",
    criteria={
        "name": {**TEXT, "description": "Its id or its name, or a part of it."},
        "region": {**TEXT, "description": "A part of its name: `US`, `California`."},
        "features": {
            "type": "array",
            "items": {"enum": [*_FEATURES]},
            "minItems": 1,
            "uniqueItems": True,
            "description": "What it must offer.",
        },
        "gpu": {**TEXT, "description": "The name of a GPU product that it must have."},
        CHOOSE: {
            "enum": ["first", ALL],
            "description": "What to take where several fit: the first one by id, or `all` of them, by id.",
        },
    },
    one_of=("name", "region", "features", "gpu"),
    attributes={
        "id": "its id",
        "name": "its name",
        "networkStorage": "whether it has network storage",
        "vpc": "whether it has private networks",
    },
    example={"region": "California", "features": ["networkStorage"]},
    needs=_needs,
    find=_find,
    narrowing="name, region, features or gpu",
)
