"""The reference page of lookups, generated from their types."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from novita_infra.lookups.lookup import LookupType
from novita_infra.lookups.registry import LOOKUPS
from novita_infra.schema.wording import default_of, limits_of, type_of

_BEGINNING: Final = """\
# Lookups

What a project takes from the account or from another project, without managing it. Under `lookups:` of
`novita-infra.yaml`, a name, a type and criteria; expressions read what was found.
[The reference](index.md). [How to use them](../how-to.md#look-up-what-others-manage).

```yaml
apiVersion: novita-infra/v1
kind: Project
metadata:
  name: training
lookups:
  card:
    product: {gpu: RTX, minGpuMemoryGb: 24, maxPricePerHour: 0.50, choose: cheapest}
  places:
    cluster: {region: US, features: [networkStorage], choose: all}
  network:
    outputs: {path: ../network}
outputs:
  card: ${lookup.card.name}
  price: ${lookup.card.pricePerHour}
  places: ${keys(lookup.places)}
  vpc: ${lookup.network.vpc}
```

* `plan`, `apply`, `drift` and others that need the account look up what an expression of a declared resource or an
  output reads, before anything else. Each list is read once, and the plan uses the same answers. `validate`, `fmt`,
  `render` and `graph` look up nothing: what uses a lookup has no value there. A `destroy` needs none.
* A plan shows what was found and what else there was. A plan file holds it: its apply uses these values, and looks up
  nothing. Every other plan looks again.
* A criterion may be an expression of variables, local values, the environment and other lookups. It must be known
  before the plan, and not secret.
* What fits must be one. If several fit, the plan stops and lists them; `choose` says which to take. With
  `choose: all` the lookup is a map by id, which [`forEach`](lifecycle.md#existence) takes:
  `forEach: ${lookup.places}`. Without a match, the plan stops and names what is nearest.
* A lookup is no promise: another product may be the cheapest tomorrow, and a resource whose `product` is
  `{id: "${lookup.card.id}"}` is then replaced. To choose once and keep what fits, write the
  [wishes into the resource](../how-to.md#ask-for-memory-a-price-or-a-region).
* A module reads no lookups; give it their values as inputs.
"""


def lookups_page() -> str:
    """The page, with every type of lookup."""
    return _BEGINNING + "\n".join(line for item in LOOKUPS.values() for line in _type(item)) + "\n"


def _type(of: LookupType) -> Iterator[str]:
    yield from ("", f"## {of.name}", "", of.summary, "")
    yield f"* Write: `{of.name}: {_flow(of.example)}`"
    if len(of.one_of) > 1:
        yield f"* At least one of {', '.join(f'`{name}`' for name in of.one_of)} is needed."
    yield from ("", "| Criterion | Type | Default | Limits | What it is |", "| --- | --- | --- | --- | --- |")
    for name, schema in of.criteria.items():
        default = (
            "required" if of.one_of == (name,) else f"`{default_of(schema['default'])}`" if "default" in schema else ""
        )
        limits = "" if "anyOf" in schema else ", ".join(limits_of(schema))
        yield f"| `{name}` | {type_of(schema)} | {default} | {limits} | {schema['description']} |"
    if not of.attributes:
        yield from ("", "`${lookup.NAME.OUTPUT}` is an output by its name; one that is secret cannot be read.")
        return
    yield from ("", "| Attribute | What it is |", "| --- | --- |")
    yield from (f"| `${{lookup.NAME.{name}}}` | {text} |" for name, text in of.attributes.items())


def _flow(value: object) -> str:
    """The value as YAML on one line."""
    match value:
        case dict():
            return "{" + ", ".join(f"{name}: {_flow(item)}" for name, item in value.items()) + "}"
        case list():
            return f"[{', '.join(map(_flow, value))}]"
        case str():
            return value
        case _:
            return json.dumps(value)
