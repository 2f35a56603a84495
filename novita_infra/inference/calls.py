"""The calls of a language model as values: chat, completion, embeddings, rerank; the same for an endpoint."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any, Final

from novita_infra.model.frozen import dataclass

MODELS: Final = "/openai"
"""What stands before the path of a call of the API's own models; nothing does before that of an endpoint."""


class CallType(enum.Enum):
    """What is asked of a model. The value is the path (models.md 1.3), which servers such as vLLM have, too."""

    CHAT = "/v1/chat/completions"
    COMPLETION = "/v1/completions"
    EMBEDDING = "/v1/embeddings"
    RERANK = "/v1/rerank"


@dataclass(frozen=True, slots=True)
class ModelCall:
    """One call. Its body is what was asked, which may be confidential: the repr leaves it out."""

    type: CallType
    body: Mapping[str, Any] = field(repr=False)

    @property
    def streamed(self) -> ModelCall:
        """The same with an answer that comes in pieces, of which the last one holds the tokens."""
        more = {"stream": True, "stream_options": {"include_usage": True}}
        return ModelCall(self.type, {**self.body, **more})


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplingOptions:
    """How a text is made; None leaves it to the model."""

    max_tokens: int | None = None
    temperature: float | None = None

    def given(self) -> dict[str, Any]:
        """The options that are not left to the model, as the API names them."""
        named = {"max_tokens": self.max_tokens, "temperature": self.temperature}
        return {name: value for name, value in named.items() if value is not None}


def chat_call(model: str, prompt: str, *, system: str = "", options: SamplingOptions | None = None) -> ModelCall:
    """One question to a model."""
    messages = [{"role": "system", "content": system}] if system else []
    messages.append({"role": "user", "content": prompt})
    return ModelCall(CallType.CHAT, {"model": model, "messages": messages, **_given(options)})


def completion_call(model: str, prompt: str, *, options: SamplingOptions | None = None) -> ModelCall:
    """A text that the model goes on with."""
    return ModelCall(CallType.COMPLETION, {"model": model, "prompt": prompt, **_given(options)})


def embedding_call(model: str, texts: Sequence[str], *, dimensions: int | None = None) -> ModelCall:
    """The vectors of the texts."""
    more = {} if dimensions is None else {"dimensions": dimensions}
    return ModelCall(CallType.EMBEDDING, {"model": model, "input": list(texts), "encoding_format": "float", **more})


def rerank_call(model: str, query: str, documents: Sequence[str], *, top: int | None = None) -> ModelCall:
    """How well each document answers the query."""
    more = {} if top is None else {"top_n": top}
    return ModelCall(CallType.RERANK, {"model": model, "query": query, "documents": list(documents), **more})


def _given(options: SamplingOptions | None) -> dict[str, Any]:
    return options.given() if options else {}
