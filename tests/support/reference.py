"""The operations of the API's reference, from the lists that are written by hand: one, and that of each kind."""

from __future__ import annotations

import re
from pathlib import Path

from quick_yaml import read_yaml

_TESTS = Path(__file__).parents[1]
_LIST = _TESTS / "contract" / "operations.yaml"
_OF_KINDS = _TESTS / "support" / "kind_facts"
_BASE = "/gpu-instance/openapi/v1"
_PATH_PART = re.compile(r"{\w+(:\w+)?}")


def operations() -> list[dict[str, str]]:
    """Method, whole path and page of each."""
    bases = read_yaml(_LIST.read_text(encoding="utf-8"))
    listed = [one | {"path": base["base"] + one["path"]} for base in bases for one in base["operations"]]
    return listed + [one for path in sorted(_OF_KINDS.glob("*/pairs.yaml")) for one in operations_of(path.parent.name)]


def operations_of(kind_type: str) -> list[dict[str, str]]:
    """The same of one kind: `operations` of its pairs."""
    data = read_yaml((_OF_KINDS / kind_type / "pairs.yaml").read_text(encoding="utf-8"))
    return [one | {"path": whole(one["path"])} for one in data.get("operations") or []]


def whole(path: str) -> str:
    """The path from the host on; one of the GPU cloud is given without its base."""
    return path if path.startswith(("/openapi", "/openai", "/gpus")) else f"{_BASE}{path}"


def place(method: str, path: str) -> str:
    """Where an operation is, whatever the parts of its path are called."""
    return f"{method} {_PATH_PART.sub('{}', path)}"
