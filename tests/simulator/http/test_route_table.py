"""The route table finds a target by path and method."""

from __future__ import annotations

import pytest

from novita_infra.simulator.http.route_table import RouteTable

TABLE = RouteTable(
    [
        ("GET", "/files", "list"),
        ("POST", "/files", "create"),
        ("GET", "/files/{id}", "get"),
        ("DELETE", "/files/{id}", "delete"),
        ("GET", "/files/newest", "never: an earlier path fits"),
        ("POST", "/files/newest", "renew"),
        ("GET", "/models/{name:path}", "model"),
    ]
)


@pytest.mark.parametrize(
    ("method", "path", "target", "values"),
    [
        ("GET", "/files", "list", {}),
        ("HEAD", "/files", "list", {}),
        ("POST", "/files", "create", {}),
        ("GET", "/files/x", "get", {"id": "x"}),
        ("DELETE", "/files/newest", "delete", {"id": "newest"}),
        ("GET", "/files/newest", "get", {"id": "newest"}),
        ("POST", "/files/newest", "renew", {}),
        ("GET", "/models/a/b", "model", {"name": "a/b"}),
    ],
)
def test_the_route_table_finds_the_first_path_that_has_the_method(
    method: str, path: str, target: str, values: dict[str, str]
) -> None:
    assert TABLE.find(path, method)[:2] == (target, values)


def test_the_route_table_names_the_methods_of_a_path_that_lacks_this_one() -> None:
    assert TABLE.find("/files/newest", "PUT") == (None, {}, ["GET", "HEAD", "DELETE"])


@pytest.mark.parametrize("path", ["", "/", "/files/", "//files", "/files/x/y", "/models/", "/Files"])
def test_the_route_table_has_no_methods_for_a_missing_path(path: str) -> None:
    assert TABLE.find(path, "GET")[2] == ([] if path != "/models/" else ["GET", "HEAD"])
