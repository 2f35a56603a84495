"""The daily life of an instance."""

from __future__ import annotations

from novita_infra.api.json_values import int_of, object_of, text_of
from novita_infra.kinds.instance.timing import TIMES
from novita_infra.kinds.machine import Login, Machine
from novita_infra.model.resources import Live


def _product(live: Live) -> str:
    name = text_of(live.outputs.get("productName")) or text_of(object_of(live.values.get("product")).get("name"))
    count = int_of(live.values.get("gpuCount")) or 1
    return f"{count} x {name}" if name and count > 1 else name


def _place(live: Live) -> str:
    return text_of(live.outputs.get("clusterName")) or text_of(live.values.get("cluster"))


def _login(live: Live) -> Login | None:
    host, port = text_of(live.outputs.get("sshHost")), int_of(live.outputs.get("sshPort"))
    words = text_of(live.outputs.get("sshCommand")).split()
    user = next((word.partition("@")[0] for word in words if word.endswith(f"@{host}")), "root")
    return Login(host, port, user) if host and port else None


MACHINE = Machine(product=_product, place=_place, login=_login, times=TIMES)
