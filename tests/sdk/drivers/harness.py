"""Calls another program one call after the other, and prints what became of each. It runs in their environment."""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Callable, Collection
from typing import Any
from urllib.request import Request, urlopen

KEY = "sk_driven"


class Calls:
    """The calls of one program so far, by name: "ok", or the error in one line."""

    def __init__(self) -> None:
        self.url = sys.argv[1]
        self.outcomes: dict[str, str] = {}

    def call(self, name: str, function: Callable[..., Any], /, *args: Any, **values: Any) -> Any:
        """Calls the function and returns its result; None where it fails. The first failure of a name counts."""
        try:
            result = function(*args, **values)
        except Exception as error:  # noqa: BLE001 -- whatever it is, it is this call's outcome
            if self.outcomes.get(name, "ok") == "ok":
                self.outcomes[name] = " ".join(f"{type(error).__name__}: {error}".split())
            traceback.print_exc()
            return None
        self.outcomes.setdefault(name, "ok")
        return result

    def advance(self, seconds: float) -> None:
        """Lets simulated time pass."""
        self._post("advance", {"seconds": seconds})

    def _post(self, path: str, data: Any) -> None:
        request = Request(  # noqa: S310 -- the simulator on the loopback
            f"{self.url}/_sim/{path}", json.dumps(data).encode(), {"Content-Type": "application/json"}
        )
        urlopen(request).close()  # noqa: S310

    def end(self, offered: Collection[str]) -> None:
        """Prints the outcomes, and all the calls that the program offers."""
        json.dump({"offered": sorted(offered), "outcomes": self.outcomes}, sys.stdout)


def check(holds: object, what: str) -> None:
    """Raises AssertionError with the text unless it holds."""
    if not holds:
        raise AssertionError(what)
