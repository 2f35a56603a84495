"""The operations of the API's reference, from the list that was written by hand."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

_LIST = Path(__file__).parents[1] / "contract" / "operations.yaml"
_PATH_PART = re.compile(r"{\w+(:\w+)?}")


def operations() -> list[dict[str, str]]:
    """Method, whole path and page of each."""
    bases = yaml.safe_load(_LIST.read_text(encoding="utf-8"))
    return [one | {"path": base["base"] + one["path"]} for base in bases for one in base["operations"]]


def place(method: str, path: str) -> str:
    """Where an operation is, whatever the parts of its path are called."""
    return f"{method} {_PATH_PART.sub('{}', path)}"
