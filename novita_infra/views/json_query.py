"""JMESPath, the language of `--query`. The library is imported only for a query."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from novita_infra.model.diagnostics import problem


def query_error(expression: str) -> str:
    """Why this is no expression; empty for one."""
    from jmespath import compile as compiled  # noqa: PLC0415 -- only with --query
    from jmespath.exceptions import JMESPathError  # noqa: PLC0415
    from jmespath.functions import Functions  # noqa: PLC0415

    try:
        called = set(_functions(compiled(expression).parsed))
    except (JMESPathError, RecursionError) as error:
        return str(error).partition("\n")[0].strip(": ") or type(error).__name__
    unknown = sorted(called - Functions.FUNCTION_TABLE.keys())
    return f"there is no function {unknown[0]}()" if unknown else ""


def selected(expression: str, data: Any) -> Any:
    """What the expression selects of JSON data; None for nothing. Raises Problems where a function gets wrong data."""
    from jmespath import search  # noqa: PLC0415 -- only with --query
    from jmespath.exceptions import JMESPathError  # noqa: PLC0415

    try:
        return search(expression, data)
    except (JMESPathError, RecursionError, ArithmeticError) as error:
        text = str(error).partition("\n")[0].strip(": ") or type(error).__name__
        raise problem(f"--query {expression!r} does not fit the result: {text}") from None


def _functions(node: Mapping[str, Any]) -> Iterator[str]:
    """The functions that a parsed expression calls."""
    if node["type"] == "function_expression":
        yield node["value"]
    for child in node["children"]:
        if isinstance(child, Mapping):
            yield from _functions(child)
