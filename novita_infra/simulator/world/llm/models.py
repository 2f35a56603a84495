"""The catalogue of language models, their prices and the rate limits. Prices: 1/10000 USD per million tokens."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from novita_infra.simulator.errors import ApiRefusal
from novita_infra.simulator.world.engine.world import World

CHAT: Final = "chat/completions"
TEXT: Final = "completions"
EMBEDDINGS: Final = "embeddings"
RERANK: Final = "rerank"
RESPONSES: Final = "responses"
MESSAGES: Final = "anthropic"
BATCH: Final = "batch-api"

_RPM: Final = (30, 100, 1_000, 3_000, 6_000)
_TPM: Final = (50_000_000,) * 5


@dataclass(frozen=True, slots=True)
class Bracket:
    """The price for prompts of at least this many tokens."""

    low: int
    high: int
    input: int
    output: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """An entry of the catalogue."""

    id: str
    name: str
    kind: str = "chat"
    input: int = 0
    output: int = 0
    brackets: tuple[Bracket, ...] = ()
    context: int = 131_072
    longest: int = 32_768
    """The most tokens of an answer."""
    endpoints: tuple[str, ...] = (CHAT, TEXT)
    features: tuple[str, ...] = ()
    sees: tuple[str, ...] = ("text",)
    status: int = 1
    created: int = 1_740_000_000
    rpm: tuple[int, ...] = _RPM
    tpm: tuple[int, ...] = _TPM
    """Requests and tokens per minute for the tiers T1 to T5."""
    size: int = 0
    """The length of an embedding."""

    def price(self, tokens: int) -> tuple[int, int]:
        """The prices of input and output for a prompt of this many tokens."""
        for bracket in sorted(self.brackets, key=lambda one: -one.low):
            if tokens >= bracket.low or bracket.low <= 1:
                return bracket.input, bracket.output
        return self.input, self.output


_TOOLS: Final = ("function-calling", "structured-outputs", "serverless")
_THINKS: Final = (*_TOOLS, "reasoning")
_ALL: Final = (CHAT, TEXT, MESSAGES, BATCH)
MODELS: Final = (
    Model(
        id="deepseek/deepseek-v3.2",
        name="DeepSeek V3.2",
        input=2690,
        output=4000,
        context=163_840,
        longest=65_536,
        endpoints=_ALL,
        features=_THINKS,
        rpm=(30, 100, 300, 500, 3_000),
        tpm=(2_000_000, 6_000_000, 50_000_000, 50_000_000, 50_000_000),
    ),
    Model(
        id="deepseek/deepseek-v3-0324",
        name="DeepSeek V3 0324",
        input=2700,
        output=11_200,
        context=163_840,
        longest=163_840,
        endpoints=_ALL,
        features=_TOOLS,
    ),
    Model(
        id="deepseek/deepseek-r1-0528",
        name="DeepSeek R1 0528",
        input=7000,
        output=25_000,
        context=163_840,
        endpoints=_ALL,
        features=_THINKS,
    ),
    Model(
        id="meta-llama/llama-3.3-70b-instruct",
        name="Llama 3.3 70B Instruct",
        input=1350,
        output=4000,
        endpoints=(CHAT, TEXT, BATCH),
        features=_TOOLS,
    ),
    Model(
        id="meta-llama/llama-3.1-8b-instruct",
        name="Llama 3.1 8B Instruct",
        input=200,
        output=500,
        context=16_384,
        longest=16_384,
        endpoints=(CHAT, TEXT, BATCH),
        features=("serverless",),
    ),
    Model(
        id="openai/gpt-oss-120b",
        name="OpenAI GPT OSS 120B",
        input=500,
        output=2500,
        endpoints=(*_ALL, RESPONSES),
        features=_THINKS,
    ),
    Model(
        id="qwen/qwen3-max",
        name="Qwen3 Max",
        brackets=(
            Bracket(32_001, 128_000, 24_000, 120_000),
            Bracket(1, 32_000, 12_000, 60_000),
            Bracket(128_001, 262_144, 30_000, 150_000),
        ),
        context=262_144,
        longest=65_536,
        endpoints=(CHAT, TEXT, MESSAGES),
        features=_TOOLS,
    ),
    Model(
        id="qwen/qwen3-vl-235b-a22b-instruct",
        name="Qwen3 VL 235B A22B Instruct",
        input=3000,
        output=15_000,
        endpoints=(CHAT,),
        features=_TOOLS,
        sees=("text", "image", "video"),
    ),
    Model(
        id="moonshotai/kimi-k2-instruct",
        name="Kimi K2 Instruct",
        input=5700,
        output=23_000,
        endpoints=(*_ALL, RESPONSES),
        features=_TOOLS,
    ),
    Model(id="Sao10K/L3-8B-Stheno-v3.2", name="L3 8B Stheno V3.2", input=500, output=500, context=8192, longest=8192),
    Model(
        id="google/gemma-3-1b-it",
        name="Gemma 3 1B",
        context=32_768,
        longest=8192,
        features=("serverless",),
    ),
    Model(
        id="baai/bge-m3",
        name="BGE M3",
        kind="embedding",
        input=100,
        context=8192,
        longest=96_000,
        endpoints=(EMBEDDINGS,),
        size=1024,
    ),
    Model(
        id="qwen/qwen3-embedding-0.6b",
        name="Qwen3 Embedding 0.6B",
        kind="embedding",
        input=700,
        context=32_768,
        endpoints=(EMBEDDINGS,),
        size=1024,
    ),
    Model(
        id="baai/bge-reranker-v2-m3",
        name="BGE Reranker V2 M3",
        kind="rerank",
        input=100,
        context=8000,
        longest=8000,
        endpoints=(RERANK,),
    ),
    Model(id="gryphe/mythomax-l2-13b", name="Mythomax L2 13B", input=900, output=900, context=4096, status=4),
    Model(id="ai_infer_test_chat", name="ai_infer_test_chat", context=0, longest=0, status=4),
)
_BY_ID: Final = {model.id: model for model in MODELS}
_STEPS: Final = (5_000_000, 50_000_000, 300_000_000, 1_000_000_000)
"""The top-ups in a month that open the tiers T2 to T5, in 1/100000 USD (llm-rate-limits)."""


def model_of(key: str) -> Model:
    """The model with this id, case-sensitive. Raises MODEL_NOT_FOUND."""
    model = _BY_ID.get(key)
    if model is None:
        raise ApiRefusal("MODEL_NOT_FOUND", "model not found")
    return model


def serving(key: str, endpoint: str) -> Model:
    """The model, if it serves this endpoint. Raises MODEL_NOT_FOUND, INVALID_REQUEST_BODY, SERVICE_NOT_AVAILABLE."""
    model = model_of(key)
    if endpoint not in model.endpoints:
        raise ApiRefusal("INVALID_REQUEST_BODY", f"model {key} does not support {endpoint}")
    if model.status != 1:
        raise ApiRefusal("SERVICE_NOT_AVAILABLE", f"model {key} is not available")
    return model


def tier(world: World) -> int:
    """The tier of the account, 1 to 5: the best of the present month and the two before it."""
    now = datetime.fromtimestamp(world.moment, UTC)
    first = now.year * 12 + now.month - 2
    by_month: Counter[int] = Counter()
    for payment in world.payments:
        if payment.kind == "recharge":
            at = datetime.fromtimestamp(payment.created, UTC)
            by_month[at.year * 12 + at.month] += payment.amount
    best = max((amount for month, amount in by_month.items() if month >= first), default=0)
    return 1 + (best > _STEPS[0]) + sum(best >= step for step in _STEPS[1:])
