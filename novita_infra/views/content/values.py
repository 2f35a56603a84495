"""Values of a spec on one line; unknown and secret parts by name, never by content. Pure."""

from __future__ import annotations

import json
from typing import Final

from novita_infra.model.printable import printable
from novita_infra.model.values import Computation, Digest, Ref, Secret, Value, is_secret

UNKNOWN: Final = "(known after apply)"


SECRET: Final = "(secret)"  # noqa: S105 -- what is shown instead of one


def inline(value: Value) -> str:
    """The value on one line, in YAML's flow style."""
    match value:
        case Secret() | Digest():
            return SECRET
        case Ref():
            return UNKNOWN
        case Computation():
            return SECRET if is_secret(value) else UNKNOWN
        case dict():
            return f"{{{', '.join(f'{name}: {inline(item)}' for name, item in value.items())}}}"
        case list() | tuple():
            return f"[{', '.join(inline(item) for item in value)}]"
        case _:
            return printable(json.dumps(value, ensure_ascii=False, default=str))
