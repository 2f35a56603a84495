"""The bodies of requests of v2 about instances."""

from __future__ import annotations

from typing import Final

from novita_infra.simulator.request_schema import Fields, Flag, Items, Text, Whole, may, need
from novita_infra.simulator.routes.cloud_v2.declaring import (
    AUTO_MIGRATE,
    AUTO_RENEW,
    COMMAND,
    ID,
    OTHER_ID,
    PAIRS,
    PORT_NUMBER,
    PORTS,
)
from novita_infra.simulator.routes.cloud_v2.instance_shapes import BILLING_MODES

MONTHS: Final = Whole(1, 120)
_PREPAID: Final = Fields({"months": need(MONTHS), "auto_renew": may(AUTO_RENEW)})
_JUPYTER: Final = Fields(
    {"enabled": need(Flag()), "port": may(PORT_NUMBER, 8888), "protocol": may(Text(one_of=("http", "tcp")), "http")}
)
_VOLUME: Final = Fields(
    {
        "type": may(Text(one_of=("network",)), "network"),
        "id": need(ID),
        "mount_point": may(Text(1, 4095), "/network"),
    }
)
CREATE: Final = {
    "name": need(Text(1, 255)),
    "product_id": need(ID),
    "image": need(Text(1, 500)),
    "billing": need(Fields({"mode": need(Text(one_of=tuple(BILLING_MODES))), "prepaid": may(_PREPAID)})),
    "resource": need(
        Fields(
            {
                "rootfs_size_gb": may(Whole(0, 6144)),
                "gpu_num": may(Whole(1, 8)),
                "min_cuda_version": OTHER_ID,
            }
        )
    ),
    "type": may(Text(one_of=("gpu", "cpu")), "gpu"),
    "registry_auth_id": OTHER_ID,
    "entrypoint": may(COMMAND, ""),
    "command": may(COMMAND, ""),
    "envs": may(PAIRS, []),
    "ports": may(PORTS, []),
    "network": may(Fields({"id": OTHER_ID, "ip": may(Text(0, 15), "")})),
    "volumes": may(Items(_VOLUME, high=30), []),
    "candidate_regions": may(Items(ID, high=100), []),
    "tools": may(Fields({"jupyter": may(_JUPYTER)})),
    "auto_migrate": may(AUTO_MIGRATE),
}
UPGRADE: Final = {
    "image": need(Text(1, 500)),
    "registry_auth_id": may(Text(0, 255)),
    "entrypoint": may(COMMAND),
    "command": may(COMMAND),
    "envs": may(PAIRS),
    "save_data": may(Flag(), default=False),
}
