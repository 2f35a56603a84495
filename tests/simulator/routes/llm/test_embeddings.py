"""Embeddings and rerank."""

from __future__ import annotations

import base64
import math
import struct
from typing import Any

LLM = "/openai/v1"


MODEL = "openai/gpt-oss-120b"


def test_embeddings_are_unit_vectors_in_either_encoding(cloud: Any) -> None:
    path = f"{LLM}/embeddings"
    answer = cloud.post(path, {"model": "baai/bge-m3", "input": ["one", "two", "one"]})
    first, second, third = (row["embedding"] for row in answer["data"])
    assert [row["index"] for row in answer["data"]] == [0, 1, 2]
    assert first == third != second
    assert len(first) == 1024
    assert math.isclose(sum(number * number for number in first), 1, abs_tol=1e-4)
    (row,) = cloud.post(path, {"model": "baai/bge-m3", "input": "one", "encoding_format": "base64"})["data"]
    numbers = struct.unpack("<1024f", base64.b64decode(row["embedding"]))
    assert all(math.isclose(a, b, abs_tol=1e-6) for a, b in zip(first, numbers, strict=True))
    assert answer["usage"] == {"prompt_tokens": 3, "total_tokens": 3}
    bad: dict[str, Any]
    for bad in ({"input": []}, {"input": ""}, {"input": 5}, {"encoding_format": "hex"}, {"model": MODEL}):
        body: dict[str, Any] = {"model": "baai/bge-m3", "input": "x"} | bad
        assert cloud.refused("POST", path, json=body) == (400, "INVALID_REQUEST_BODY")


def test_embeddings_have_as_many_dimensions_as_requested(cloud: Any) -> None:
    path = f"{LLM}/embeddings"
    body: dict[str, Any] = {"model": "qwen/qwen3-embedding-0.6b", "input": ["one", "two"]}
    whole = [row["embedding"] for row in cloud.post(path, body)["data"]]
    for length in (1, 256, 1024):
        rows = [row["embedding"] for row in cloud.post(path, body | {"dimensions": length})["data"]]
        assert [len(row) for row in rows] == [length, length]
        assert all(math.isclose(sum(number * number for number in row), 1, abs_tol=1e-4) for row in rows)
        scale = rows[0][0] / whole[0][0]  # the beginning of the whole vector
        assert all(math.isclose(a, scale * b, abs_tol=1e-4) for a, b in zip(rows[0], whole[0], strict=False))
    coded = cloud.post(path, body | {"dimensions": 256, "encoding_format": "base64"})["data"]
    assert [len(base64.b64decode(row["embedding"])) for row in coded] == [1024, 1024]
    for dimensions in (0, 1025, -1, "many"):
        refused = cloud.refused("POST", path, json=body | {"dimensions": dimensions})
        assert refused == (400, "INVALID_REQUEST_BODY")


def test_rerank_orders_documents_by_relevance(cloud: Any) -> None:
    body = {
        "model": "baai/bge-reranker-v2-m3",
        "query": "the red river",
        "documents": ["a blue sky", "the red river flows", "a red car"],
        "top_n": 2,
    }
    answer = cloud.post(f"{LLM}/rerank", body)
    assert [row["index"] for row in answer["results"]] == [1, 2]
    scores = [row["relevance_score"] for row in answer["results"]]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)
    assert answer["results"][0]["document"]["text"] == "the red river flows"
