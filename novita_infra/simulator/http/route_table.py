"""Finds what serves a request by its path and method. It is built once, so that a request is not compared with each
route.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Generic, TypeAlias, TypeVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import compile_path

from novita_infra.simulator.world.engine.world import World

T = TypeVar("T")
Handler: TypeAlias = Callable[[World, Request], Awaitable[Response]]
"""Answers a request to the simulator that is no operation of the API."""


class RouteTable(Generic[T]):
    """Targets by path and method. A path may have parts in braces, such as `/files/{id}`."""

    def __init__(self, routes: Iterable[tuple[str, str, T]]) -> None:
        """`routes` are method, path and target. The first path that fits a request counts, and the last target of a
        path and method. A target for GET also serves HEAD.
        """
        by_path: dict[str, dict[str, T]] = {}
        for method, path, target in routes:
            methods = (method, "HEAD") if method == "GET" else (method,)
            by_path.setdefault(path, {}).update(dict.fromkeys(methods, target))
        self._patterns = [(path.partition("{")[0], compile_path(path)[0], targets) for path, targets in by_path.items()]
        self._plain = {path: self._matching(path) for path in by_path if "{" not in path}

    def find(self, path: str, method: str) -> tuple[T | None, Mapping[str, str], list[str]]:
        """The target, the values of the parts in braces, and the methods of the path: empty if no route has it."""
        matching = self._plain.get(path) or self._matching(path)
        for targets, values in matching:
            if method in targets:
                return targets[method], values, list(targets)
        return None, {}, list(matching[0][0]) if matching else []

    def _matching(self, path: str) -> list[tuple[Mapping[str, T], Mapping[str, str]]]:
        """The targets by method of each pattern that fits the path, with the values of the parts in braces."""
        found = ((pattern.match(path), targets) for begin, pattern, targets in self._patterns if path.startswith(begin))
        return [(targets, match.groupdict()) for match, targets in found if match]
