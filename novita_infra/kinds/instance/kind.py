"""The kind Instance: a GPU or CPU machine.

It has the most fields and calls of all kinds, so each part has a module: `fields`, `forms` (of values), `calls`
(requests), `parsing` (answers), `resolution` and `validation` (of a spec), `offers` (several products), `prices`,
`drift_causes`, `machine` (its daily life), `timing` (when it runs and when it ends).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from novita_infra.account.metrics import last_use, metrics_request
from novita_infra.api.json_values import object_of
from novita_infra.api.request import GPU, Pages, Request, get
from novita_infra.kinds.call import ApiCalls, Call, ReadCalls
from novita_infra.kinds.instance import calls, drift_causes, offers, parsing, prices, resolution, validation
from novita_infra.kinds.instance.fields import FIELDS
from novita_infra.kinds.instance.machine import MACHINE, START, STOP
from novita_infra.kinds.kind import DriftRules, Kind, Market, OutputKeys, PlacementRules, Resolution, UseMetrics
from novita_infra.kinds.toolkit.image_pulls import pull_of, pull_remedy
from novita_infra.kinds.toolkit.translation import product_by_id
from novita_infra.kinds.toolkit.wishes import memory_part
from novita_infra.model.lifecycle import Timeouts
from novita_infra.model.resources import PRESENT, STABLE, Live, Phase
from novita_infra.model.values import Spec, Value


def _get(instance: str) -> Request:
    return get(f"{GPU}/gpu/instance", instanceId=instance)


def _matches(spec: Spec, live: Live) -> bool:
    product, live_product = object_of(spec.get("product")).get("id"), object_of(live.values.get("product")).get("id")
    cluster, live_cluster = spec.get("cluster"), live.values.get("cluster")
    return (
        bool(spec.get("name") == live.name)
        and (not product or not live_product or bool(product == live_product))
        and (not cluster or not live_cluster or bool(cluster == live_cluster))
    )


def _deletion_refusal(live: Live) -> str:
    if live.values.get("billingMode") != "monthly":
        return ""
    return (
        f"a monthly instance cannot be deleted before its subscription ends{_on(live.outputs.get('endTime'))}; "
        "until then keep it declared, or let go of it with `state rm`"
    )


def _on(seconds: Value) -> str:
    try:
        return f" on {datetime.fromtimestamp(seconds, UTC):%Y-%m-%d}" if seconds else ""
    except (OverflowError, ValueError, OSError, TypeError):
        return ""


_RUNS: Final = frozenset({Phase.READY})

INSTANCE: Final = Kind(
    name="Instance",
    type="instance",
    summary="A GPU or CPU machine that runs one container.",
    fields=FIELDS,
    outputs={
        "status": "the API's own word, such as `running`",
        "sshCommand": "how to log in by SSH",
        "sshHost": "the host of its SSH login",
        "sshPort": "the port of its SSH login",
        "endpoints": "the address of each port, by port: `8888/http`",
        "url": "the address of its first HTTP port",
        "ip": "its address in the VPC",
        "endTime": "when the subscription ends, in Unix seconds; only for monthly",
        "spotStatus": "`running`, or how far a spot machine is reclaimed: `notified`, `reclaiming`, `terminated`",
        "reclaimAt": "when a spot machine is to be reclaimed, in Unix seconds",
        "productId": "the product that it is",
        "productName": "the product's name",
        "clusterId": "the cluster that it is in",
        "clusterName": "the cluster's name",
        "localDiskGb": "the size of its local disk",
        "dataKeptDays": "for how many days the service keeps its data when it is stopped",
        "createdAt": "when it was created, in Unix seconds, if its answers or its owner mark hold that",
    },
    api=ApiCalls(
        number_outputs=frozenset({"sshPort", "endTime", "reclaimAt", "localDiskGb", "dataKeptDays", "createdAt"}),
        read=ReadCalls(
            pages=Pages(path=f"{GPU}/gpu/instances", items=("instances",), identity=("id",), number="pageNum"),
            parse=parsing.parse,
            get=_get,
            unwrap=parsing.unwrap,
            stages={
                **dict.fromkeys(("pending", "toCreate", "creating"), "accept"),
                "pulling": "pull",
                **dict.fromkeys(("toStart", "starting", "toRestart", "restarting", "toReset", "resetting"), "ready"),
            },
        ),
        create=Call(name="create", summary="create: a new machine is rented", usual_seconds=120, request=calls.create),
        new_id=parsing.new_id,
        matches=_matches,
        updates=(
            START,
            Call(
                name="upgrade",
                summary="upgrade: the container restarts, data is kept unless keepData is false",
                usual_seconds=90,
                request=calls.upgrade,
                takes_down=True,
                allowed_phases=_RUNS | {Phase.FAILED},  # an image that cannot be pulled is mended by another one
                losses=calls.upgrade_losses,
            ),
            Call(
                name="edit",
                summary="edit: applied in place",
                usual_seconds=5,
                request=calls.edit,
                final_phases=STABLE,
            ),
            Call(
                name="convert",
                summary="convert: becomes a monthly subscription, which cannot be turned back",
                request=calls.convert,
                final_phases=STABLE,
                also_sets=("months",),
                took_effect=calls.is_monthly,
            ),
            Call(
                name="renew",
                summary="renew: buys the missing months",
                request=calls.renew,
                final_phases=STABLE,
                took_effect=calls.end_moved,
            ),
            Call(
                name="setAutoRenew",
                summary="setAutoRenew: applied in place",
                request=calls.set_auto_renew,
                final_phases=frozenset(),
            ),
            Call(
                name="setAutoMigrate",
                summary="setAutoMigrate: applied in place",
                request=calls.set_auto_migrate,
                final_phases=frozenset(),
                losses=calls.migration_losses,
            ),
            STOP,
        ),
        delete=Call(
            name="delete",
            summary="delete: the machine and its disks are gone; network storages stay",
            usual_seconds=150,
            request=calls.delete,
            final_phases=frozenset({Phase.GONE}),
            allowed_phases=PRESENT,
            losses=calls.delete_losses,
        ),
        deletion_refusal=_deletion_refusal,
        mark_place="the entry `NOVITA_INFRA_OWNER` of its `env`",
        lasting_outputs=parsing.lasting_outputs,
    ),
    resolution=Resolution(
        inherit=resolution.inherit,
        inherited=resolution.INHERITED,
        output_keys={"endpoints": OutputKeys(("ports", "tools"), resolution.declared_ports)},
        check=validation.check,
        catalogues=("clusters", "gpu", "cpu"),
        more_catalogues=lambda spec: memory_part(offers.declared_offers(spec)),
        resolve=resolution.resolve_spec,
        replacing=resolution.resolve_new_instance,
        resolved=frozenset({"product", "cluster", "billingMode"}),
        written={"product": product_by_id},
    ),
    placement=PlacementRules(
        cluster="cluster",
        product="product",
        benefits=pull_of,
    ),
    market=Market(
        offers=offers.offers_in_order,
        alternatives="several under product.anyOf",
        stock_needed=resolution.stock_needed,
        spec_needing=resolution.spec_needing,
        price_lists=("gpu", "cpu"),
        costs=prices.costs,
        purchases=prices.purchases,
        use=UseMetrics(measured=lambda live: live.values.get("type") != "cpu", request=metrics_request, read=last_use),
    ),
    drift=DriftRules(
        platform_event=drift_causes.platform_event,
        migrations=drift_causes.MIGRATIONS,
        stopped=lambda spec: spec.get("power") == "stopped",
        remedy=pull_remedy,
    ),
    machine=MACHINE,
    # Pulling a large image takes the longest, at the create and at an upgrade.
    # An image of 100 GB takes the better part of an hour to pull (dozens of GB were seen to take 25 minutes).
    timeouts=Timeouts(create=5400, update=5400, delete=600, stages={"accept": 900, "pull": 4500, "ready": 900}),
    example="""\
apiVersion: novita-infra/v1
kind: Instance
metadata:
  name: trainer
spec:
  product: {gpu: RTX 4090}
  gpuCount: 2
  image: docker.io/pytorch/pytorch:2.4.0-cuda12.4-cudnn9-runtime
  command: python -m http.server 8888
  rootDiskGb: 80
  ports: [8888/http, 22/tcp]
  env:
    EPOCHS: "3"
""",
)
"""Novita GPU and CPU instances."""
