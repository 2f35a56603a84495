"""The market over HTTP: a served simulator, an account in which nothing is offered, and one of 10,000 products."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from click.testing import CliRunner, Result
from processes import OURS, Cloud, serving

from novita_infra.cli import root

pytestmark = pytest.mark.process

GPU = "/gpu-instance/openapi/v1"
LISTS = ("offers", "products", "clusters", "templates", "models")
OPERATIONS = (
    "clusters.list",
    "products.list",
    "cpu_products.list",
    "products_v2.list",
    "templates.list",
    "templates.get",
    "models.list",
    "models.get",
)
"""Of instances.md 5.1 to 5.3, resources.md 1.4, 2.1 and 2.2, serverless.md 4, and models.md 1.1 and 1.2."""
MANY = 10_000
CLUSTERS = 20
NAMES = {"v2": "/gpus/v2/products", "models": "/openai/v1/models"}


class Market:
    """An account with so many products, templates and models, and how often each path was called."""

    def __init__(self, count: int, *, suffix: str = "") -> None:
        self.count = count
        self.suffix = suffix
        """The end of the name of each product."""
        self.calls: Counter[str] = Counter()

    def answer(self, path: str, query: Mapping[str, str]) -> Any:
        self.calls[path] += 1
        match path.removeprefix(GPU):
            case "/clusters":
                return {"data": [self._cluster(number) for number in range(min(self.count, CLUSTERS))]}
            case "/products" | "/cpu/products":
                kind = "cpu" if "cpu" in path else "gpu"
                numbers = range(self.count) if kind == "gpu" else range(0)
                here = query.get("clusterId")
                return {"data": [self._product(each) for each in numbers if here in {None, f"c{each % CLUSTERS}"}]}
            case "/gpus/v2/products":
                return self._page_of_v2(query)
            case "/templates":
                return self._page_of_templates(query)
            case "/openai/v1/models":
                return {"data": [{"id": f"vendor/m{number}"} for number in range(self.count)]}
        return None

    def _cluster(self, number: int) -> dict[str, Any]:
        return {"id": f"c{number}", "name": f"XX-{number} (Nowhere)", "supportNetworkStorage": True}

    def _product(self, number: int) -> dict[str, Any]:
        price = str(10_000 + number)
        place = [f"XX-{number % CLUSTERS} (Nowhere)"]
        return {
            "id": f"p{number}",
            "name": f"GPU {number}{self.suffix}",
            "price": price,
            "availableDeploy": True,
            "regions": place,
        }

    def _page_of_v2(self, query: Mapping[str, str]) -> Any:
        start, size = int(query.get("cursor", "0")), int(query["limit"])
        spec = {"gpu": {"memory_gb": 24}}
        items = [{"id": f"p{at}", "resource_spec": spec} for at in range(start, min(start + size, self.count))]
        after = start + size
        return {"data": items, "has_more": after < self.count, "next_cursor": str(after) if after < self.count else ""}

    def _page_of_templates(self, query: Mapping[str, str]) -> Any:
        number, size = int(query["pageNum"]), int(query["pageSize"])
        total = self.count if query["channel"] == "community" else 0
        numbers = range(max(number, 0) * size, min((number + 1) * size, total))
        return {
            "template": [{"Id": str(at), "name": f"t{at}", "channel": "community"} for at in numbers],
            "total": total,
        }


@contextmanager
def served(market: Market) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            found = market.answer(parts.path, {name: values[0] for name, values in parse_qs(parts.query).items()})
            body = json.dumps(found).encode()
            self.send_response(404 if found is None else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def run(server: str, *words: str, expect: int = 0) -> Result:
    settings = {**dict.fromkeys(OURS), "NOVITA_API_URL": server, "NOVITA_API_KEY": "sk_test"}
    result = CliRunner().invoke(root, list(words), env=settings)
    assert result.exit_code == expect, result.output
    return result


@pytest.fixture(scope="module")
def simulator() -> Iterator[str]:
    with serving(time_scale=1.0) as (address, _):
        yield address


@pytest.mark.parametrize("command", LISTS)
def test_the_market_is_shown_over_http_in_text_and_json(command: str, simulator: str) -> None:
    shown = run(simulator, command)
    assert (shown.stderr, len(shown.stdout.splitlines()) > 1) == ("", True)
    rows = json.loads(run(simulator, command, "--json").stdout)
    assert len(rows) > 1


def test_one_of_the_market_is_shown_over_http(simulator: str) -> None:
    model = json.loads(run(simulator, "models", "--json").stdout)[-1]["id"]
    assert json.loads(run(simulator, "models", model, "--json").stdout)["id"] == model
    assert "Name:        PyTorch 2.5\n" in run(simulator, "templates", "101").stdout
    assert run(simulator, "templates", "none", expect=1).stderr.startswith("error: there is no template none;")
    assert run(simulator, "offers", "--gpu", "none", expect=1).stderr.startswith('error: no product "none"; known: ')


def test_every_operation_of_the_market_is_reached_by_a_command() -> None:
    with serving(time_scale=1.0) as (address, _):
        for words in (*((command,) for command in LISTS), ("templates", "101"), ("models", "qwen/qwen3-max")):
            run(address, *words)
        calls = {name: Cloud(address).calls(name) > 0 for name in OPERATIONS}
    assert calls == dict.fromkeys(OPERATIONS, True)


def test_a_market_without_stock_shows_prices_and_that_nothing_is_free() -> None:
    with serving("--scenario", "no-stock", time_scale=1.0) as (address, _):
        shown = run(address, "offers", "--gpu", "5090", "--cluster", "us-ca-6").stdout.splitlines()
        assert shown[1].split()[:6] == ["RTX", "5090", "32GB", "5090.16c96g", "us-ca-6", "no"]
        assert shown[3:] == [
            "For the first one, in the spec of an Instance:",
            "  product: {gpu: RTX 5090 32GB}",
            "  cluster: us-ca-6",
            "",
            "Clusters:",
            "  us-ca-6: US-CA-06 (California)",
        ]
        nothing = run(address, "offers", "--gpu", "5090", "--free").stdout
        assert nothing == "No offer fits: none is free: RTX 5090 32GB.\n"
        assert {tuple(row["free"]) for row in json.loads(run(address, "clusters", "--json").stdout)} == {()}


def test_an_empty_market_is_said_to_be_empty() -> None:
    with served(Market(0)) as server:
        assert {command: run(server, command).stdout for command in LISTS} == {
            "offers": "No offer fits: the API lists no product.\n",
            "products": "The API lists no product.\n",
            "clusters": "The API lists no cluster.\n",
            "templates": "No template is listed there.\n",
            "models": "No language model is listed there.\n",
        }
        assert {run(server, command, "--json").stdout for command in LISTS} == {"[]\n"}


@pytest.mark.parametrize(
    ("command", "suffix", "calls"),
    [
        ("offers", " 24GB", {"clusters": 1, "products": 3 + CLUSTERS, "cpu/products": 1}),
        ("products", " 24GB", {"products": 3, "cpu/products": 1, "v2": MANY // 100}),
        ("offers", "", {"clusters": 1, "products": 3 + CLUSTERS, "cpu/products": 1, "v2": MANY // 100}),
        ("products", "", {"products": 3, "cpu/products": 1, "v2": 2 * MANY // 100}),
        ("clusters", "", {"clusters": 1, "products": CLUSTERS}),
        ("templates", "", {"templates": MANY // 100 + 2}),
        ("models", "", {"models": 1}),
    ],
)
def test_a_market_of_ten_thousand_takes_as_many_calls_as_pages(
    command: str, suffix: str, calls: Mapping[str, int]
) -> None:
    market = Market(MANY, suffix=suffix)
    with served(market) as server:
        rows = json.loads(run(server, command, "--json").stdout)
    assert len(rows) in {MANY, CLUSTERS, 2 * MANY}
    assert market.calls == {NAMES.get(name, f"{GPU}/{name}"): count for name, count in calls.items()}
