"""The kind Endpoint: a pool of identical serverless workers behind one URL.

The service starts and releases workers by itself. They are no part of a spec; they only show whether the endpoint is
ready.
"""

from __future__ import annotations

from novita_infra.api.json_values import object_of, text_of
from novita_infra.api.request import GPU, Pages, Request, get
from novita_infra.inference.queues import queue_name
from novita_infra.kinds.call import ApiCalls, Call, ReadCalls
from novita_infra.kinds.endpoint import calls, parsing, prices, resolution
from novita_infra.kinds.endpoint.fields import FIELDS
from novita_infra.kinds.endpoint.machine import MACHINE
from novita_infra.kinds.kind import CheckRules, DriftRules, Kind, Market, PlacementRules, Resolution
from novita_infra.kinds.toolkit.image_pulls import pull_of, pull_remedy
from novita_infra.kinds.toolkit.translation import product_by_id
from novita_infra.model.lifecycle import Timeouts
from novita_infra.model.resources import PRESENT, Live, Phase
from novita_infra.model.values import Spec


def _get(endpoint_id: str) -> Request:
    return get(f"{GPU}/endpoint", id=endpoint_id)


def _matches(spec: Spec, live: Live) -> bool:
    """Whether app name, name and product agree. An app name is unique; without one, name and product decide."""
    wanted, found = object_of(spec.get("product")), object_of(live.values.get("product"))
    app = spec.get("appName") in (None, live.values.get("appName"))
    return bool(app and spec.get("name") == live.name and wanted.get("id") == found.get("id"))


ENDPOINT = Kind(
    name="Endpoint",
    type="endpoint",
    summary="A serverless endpoint: identical GPU workers behind one URL, more or fewer with the load.",
    fields=FIELDS,
    outputs={
        "url": "the base of the HTTP service",
        "appName": "the name in the URL",
        "state": "the service's own word for its state",
        "workers": "the number of workers, starting ones included",
        "readyWorkers": "the number of healthy running workers",
    },
    api=ApiCalls(
        number_outputs=frozenset({"workers", "readyWorkers"}),
        read=ReadCalls(
            pages=Pages(path=f"{GPU}/endpoints", items=("endpoints", "data"), identity=("id",), number="pageNum"),
            parse=parsing.parse,
            get=_get,
            unwrap=parsing.unwrap,
        ),
        create=Call(
            name="create", summary="create: the endpoint and its workers start", usual_seconds=120, request=calls.create
        ),
        new_id=parsing.new_id,
        matches=_matches,
        updates=(
            Call(
                name="update",
                summary="update: new workers start before the old ones are released, the URL stays",
                usual_seconds=120,
                request=calls.update,
                takes_down=True,
                # Workers that cannot start leave an endpoint unready for ever; it must still accept a corrected image.
                allowed_phases=PRESENT,
            ),
        ),
        delete=Call(
            name="delete",
            summary="delete: all workers are removed, the URL stops answering",
            usual_seconds=20,
            request=calls.delete,
            final_phases=frozenset({Phase.GONE}),
            allowed_phases=PRESENT,
            losses=calls.worker_losses,
        ),
        mark_place="the entry `NOVITA_INFRA_OWNER` of its `env`",
    ),
    resolution=Resolution(
        inherit=resolution.inherit,
        inherited={"cluster": ("networkStorages",)},
        check=resolution.check,
        catalogues=("clusters", "serverless", "endpoint_limits"),
        resolve=resolution.resolve_spec,
        replacing=resolution.resolve_new_endpoint,
        resolved=frozenset({"product", "cluster"}),
        written={"product": product_by_id},
        checks=CheckRules(
            types=("http", "chat", "completion", "embedding", "queue"),
            url=lambda live: text_of(live.outputs.get("url")),
            queue=lambda live: queue_name(live.id, text_of(live.outputs.get("appName"))),
        ),
    ),
    placement=PlacementRules(
        cluster="cluster",
        product="product",
        benefits=pull_of,
    ),
    market=Market(
        stock_needed=resolution.stock_needed,
        spec_needing=resolution.spec_needing,
        price_lists=("serverless", "endpoint_limits"),
        costs=prices.costs,
    ),
    drift=DriftRules(
        platform_event=parsing.platform_event,
        remedy=pull_remedy,
    ),
    machine=MACHINE,
    timeouts=Timeouts(create=1800, update=1800, delete=900),
    example="""\
apiVersion: novita-infra/v1
kind: Endpoint
metadata:
  name: api
spec:
  product: {gpu: RTX 4090}
  image: docker.io/library/nginx:1.27
  ports: ["80/http"]
  healthPath: /
  workers: {min: 0, max: 3, idleTimeout: 60, maxConcurrency: 8, requestTimeout: 600}
  scaling: {type: queue, value: 10}
  env:
    LOG_LEVEL: info
""",
)
