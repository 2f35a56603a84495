"""The web terminal of an instance, which only v2 has (gpus-v2-set-web-terminal). Requests, and a reader of answers."""

from __future__ import annotations

from dataclasses import field
from typing import Any

from novita_infra.api.json_values import flag_of, object_of, text_of
from novita_infra.api.request import GPU_V2, Request, get
from novita_infra.model.frozen import dataclass


@dataclass(frozen=True, slots=True)
class WebTerminal:
    """A shell in the browser, on one instance."""

    enabled: bool
    address: str
    """Its URL; empty where it is off, or not up yet."""
    username: str
    password: str = field(repr=False)


def terminal_request(id: str, *, enable: bool) -> Request:
    """Switches the terminal of an instance on or off."""
    return Request("PUT", f"{GPU_V2}/instances/{id}/web-terminal", body={"enable": enable}, repeatable=True)


def terminal_read(id: str) -> Request:
    """Reads an instance, of which the terminal is a part (gpus-v2-get-instance)."""
    return get(f"{GPU_V2}/instances/{id}")


def terminal_in(answer: Any) -> WebTerminal:
    """The terminal in the answer to a read. Fields that are missing are empty."""
    tools = object_of(object_of(answer).get("tools"))
    found = object_of(tools.get("web_terminal"))
    return WebTerminal(
        enabled=flag_of(found.get("enabled")),
        address=text_of(found.get("endpoint")),
        username=text_of(found.get("username")),
        password=text_of(found.get("password")),
    )
