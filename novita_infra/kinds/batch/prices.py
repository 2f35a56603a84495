"""The expected cost of a batch: the tokens that its requests may take, at the prices of the model."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Final

from novita_infra.api.json_values import fraction_of, int_of, object_of, text_of
from novita_infra.catalogue.models import LanguageModel
from novita_infra.catalogue.prices import Cost, PriceList
from novita_infra.catalogue.products import UNIT, Catalogue
from novita_infra.kinds.kind import SpecError
from novita_infra.model.diagnostics import nearest
from novita_infra.model.resources import Live
from novita_infra.model.values import Spec, Value

MILLION: Final = 1_000_000
"""The tokens that a price is for."""


def resolve_model(
    spec: Spec, catalogue: Catalogue, live: Live | None, _: Spec | None = None, /
) -> tuple[Spec, tuple[SpecError, ...]]:
    """As `resolve_new_batch`, for a batch that may exist: that one is as it is."""
    return (spec, ()) if live is not None else resolve_new_batch(spec, catalogue, live)


def resolve_new_batch(
    spec: Spec, catalogue: Catalogue, _live: Live | None, _: Spec | None = None, /
) -> tuple[Spec, tuple[SpecError, ...]]:
    """The spec with the longest answer of its model, where a request sets no limit. The model must take batches."""
    name = spec.get("model")
    if not isinstance(name, str):
        return spec, ()
    model = next((item for item in catalogue.models if item.id == name), None)
    if model is None:
        hint = nearest(name, [item.id for item in catalogue.models])
        return spec, (SpecError(("model",), f'there is no model "{name}"', hint, impossible=True),)
    if model.abilities.batches is False:
        hint = "`novita-infra models --json` tells of each (`batch`) whether it can"
        return spec, (SpecError(("model",), f"{name} does not take batches", hint, impossible=True),)
    return _with_longest(spec, model), ()


def _with_longest(spec: Spec, model: LanguageModel) -> Spec:
    given, longest = object_of(spec.get("input")), model.longest_output or model.context_size
    tokens = object_of(given.get("tokens"))
    open_ended = int_of(tokens.get("openEnded"), 0) or 0
    if not open_ended or longest is None:
        return spec
    most = (int_of(tokens.get("outputMost"), 0) or 0) + open_ended * longest
    return {**spec, "input": {**given, "tokens": {**tokens, "outputMost": most, "openEnded": 0}}}


def token_costs(before: Spec | None, spec: Spec, prices: PriceList) -> tuple[Cost, ...]:
    """What a new batch costs: its tokens, from the fewest to the most that are likely. Another spec buys nothing."""
    if before is not None:
        return ()
    model, tokens = text_of(spec.get("model")), object_of(object_of(spec.get("input")).get("tokens"))
    if not model or not tokens:
        return (Cost("tokens of a batch that is not known yet", None, hours=0),)
    output = None if tokens.get("openEnded") else int_of(tokens.get("outputMost"))
    lines = []
    for mode, least, most in (
        ("input", int_of(tokens.get("inputLeast"), 0), int_of(tokens.get("inputMost"))),
        ("output", 0, output),
    ):
        key, what = f"models/{model}/{mode}", f"{mode} tokens of {model}"
        if most is None:  # images, or answers without max_tokens of a model without a limit
            lines.append(Cost(f"{what} without a limit", None, hours=0))
            continue
        fewest = _at_one_price(prices, key, least or 0)
        lines.append(prices.cost(key, what, quantity=most, least=fewest, hours=0, per=MILLION, unit="token"))
    return tuple(lines)


def spent_on_tokens(outputs: Mapping[str, Value]) -> Fraction | None:
    """What a batch has cost by its recorded attributes, in 1/100000 USD; None where they do not say it."""
    usd = fraction_of(outputs.get("costUsd"))
    return None if usd is None else usd * UNIT


def _at_one_price(prices: PriceList, key: str, tokens: int) -> int:
    """The tokens, fewer by as much as the cheapest bracket is cheaper than the dearest, whose price the line has."""
    part, _, mode = key.rpartition("/")
    least, most = prices.prices.get(f"{part}/least-{mode}"), prices.prices.get(key)
    return tokens if least is None or not most else tokens * least // most
