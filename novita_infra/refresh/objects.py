"""Reads objects of the account: all of a kind, or one."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from novita_infra.api.errors import NotFound, Unanswered
from novita_infra.api.protocol import ApiClient
from novita_infra.api.traces.tracing import span
from novita_infra.kinds.kind import Kind
from novita_infra.model.clock import GRACE, Clock
from novita_infra.model.concurrency import together
from novita_infra.model.resources import PRESENT, Live, LiveWorker, Phase
from novita_infra.model.values import Spec, Value, leaves

_STATUS: Final = re.compile(r"[A-Za-z]{1,30}")
"""A status as the API documents them: one word of letters. Anything else is a text."""
_NEVER_SECRET: Final = frozenset({"id", "status"})
"""Outputs that `_parsed` has read as what they are."""


class Lives(dict[str, Live]):
    """Live objects by id."""

    is_certain = True
    """Whether an object that is not among them does not exist; see `api.paging.WalkedItems`."""


async def read_all(
    client: ApiClient, kind: Kind, *, recorded: Mapping[str, Mapping[str, Value]] | None = None
) -> Lives:
    """Every live object of the type, without those that are gone.

    Secrets are taken out of the outputs of all; with `recorded`, the recorded outputs by id, only out of those of these
    objects that differ from them. See `redact_outputs`.
    """
    with span(f"read {kind.type}") as traced:
        items = await client.walk(kind.api.read.pages)
        traced.note("objects", len(items))
    lives = Lives((live.id, live) for live in _parsed(client, kind, items) if live.phase is not Phase.GONE)
    if kind.api.read.partial:
        found = await together(*(read_one(client, kind, id) for id in lives))
        lives = Lives((live.id, _whole(live, lives[live.id])) for live in found if live is not None)
    outputs = recorded or {}
    shown = lives.values() if recorded is None else [lives[id] for id in recorded if id in lives]
    changed = [live for live in shown if live.outputs != outputs.get(live.id)]
    known = {text for live in changed for text in _texts_of(outputs.get(live.id, {}))}
    lives |= {live.id: live for live in redact_outputs(client, changed, known=known)}
    lives.is_certain = items.is_certain
    return lives


def _whole(got: Live, listed: Live) -> Live:
    """The object of a get, with what only the list shows of it."""
    return replace(got, name=listed.name, values={**got.values, **listed.values})


async def read_one(client: ApiClient, kind: Kind, id: str) -> Live | None:
    """One object, or None where it does not exist. Raises Unanswered if the answer of a get is empty: it says neither.

    An answer without a list gives None, too; callers for whom that is not enough use `read_all`.
    """
    if kind.api.read.get is None:
        return (await read_all(client, kind)).get(id)
    request = kind.api.read.get(id)
    try:
        answer = await client.send(request)
    except NotFound:
        return None
    if not answer and not only_listed(kind):
        raise Unanswered(request, text=f"the answer is empty: it does not say whether {id} exists")
    found: Mapping[str, Any] | None = kind.api.read.unwrap(answer) if kind.api.read.unwrap else answer
    if not found:
        return None
    (live,) = redact_outputs(client, _parsed(client, kind, [found]))
    if live.phase is Phase.GONE or (live.id and live.id != id):
        return None
    return live if live.id else replace(live, id=id)


async def read_lists(client: ApiClient, kinds: Iterable[Kind]) -> dict[str, tuple[Live, ...]]:
    """By type, every live object that is not history. Raises ApiError."""
    kinds = list(kinds)
    lists = await together(*(read_all(client, kind) for kind in kinds))
    return {
        kind.type: tuple(live for live in by_id.values() if not kind.is_history(live))
        for kind, by_id in zip(kinds, lists, strict=True)
    }


async def still_listed(client: ApiClient, kind: Kind, lives: tuple[Live, ...], *, clock: Clock) -> tuple[Live, ...]:
    """The listed objects that exist and are not being deleted: a list may show one that was deleted a moment ago."""
    if only_listed(kind):
        await clock.sleep(GRACE)
        again = await read_all(client, kind)
        got = [again.get(live.id) for live in lives]
    else:
        got = await together(*(read_one(client, kind, live.id) for live in lives))
    return tuple(live for live, now in zip(lives, got, strict=True) if now and now.phase is not Phase.LEAVING)


def redact_outputs(client: ApiClient, lives: Iterable[Live], *, known: Collection[str] = ()) -> list[Live]:
    """The live objects with outputs in which no text holds a secret of the project, the plan or the environment.

    The state stores outputs in clear, and other resources may use them. Texts that are `known` hold none.
    """
    lives = list(lives)
    texts = {text for live in lives for text in _texts_of(live.outputs)}.difference(known)
    clean = client.secrets_in_values(sorted(texts)) if texts else {}
    if not clean:
        return lives
    return [replace(live, outputs=_replaced(live.outputs, clean)) for live in lives]


def _texts_of(outputs: Mapping[str, Value]) -> Iterator[str]:
    """The texts in the outputs, without the id and the status."""
    for name, value in outputs.items():
        if name not in _NEVER_SECRET:
            yield from (leaf for leaf in leaves(value) if isinstance(leaf, str))


def _replaced(outputs: Mapping[str, Value], clean: Mapping[str, str]) -> dict[str, Value]:
    def inside(value: Value) -> Value:
        match value:
            case str():
                return clean.get(value, value)
            case dict():
                return {name: inside(item) for name, item in value.items()}
            case list():
                return [inside(item) for item in value]
            case _:
                return value

    return {name: value if name in _NEVER_SECRET else inside(value) for name, value in outputs.items()}


def _parsed(client: ApiClient, kind: Kind, items: Iterable[Mapping[str, Any]]) -> Iterator[Live]:
    """The live objects of the items. Their texts for people are free of secrets from here on."""
    for item in items:
        live = kind.api.read.parse(item)
        if live.trouble:
            live = replace(live, trouble=client.redacted(live.trouble))
        if live.workers:
            live = replace(live, workers=tuple(_redacted(client, worker) for worker in live.workers))
        if live.status and not _STATUS.fullmatch(live.status):
            status = client.redacted(live.status)
            outputs = {name: status if value == live.status else value for name, value in live.outputs.items()}
            live = replace(live, status=status, outputs=outputs)
        yield live


def _redacted(client: ApiClient, worker: LiveWorker) -> LiveWorker:
    if not worker.trouble and _STATUS.fullmatch(worker.status):
        return worker
    return replace(worker, status=client.redacted(worker.status), trouble=client.redacted(worker.trouble))


def only_listed(kind: Kind) -> bool:
    """Whether one object is read from a list too, which may lag behind a write; a get of its own does not."""
    return kind.api.read.get is None or kind.api.read.get("any").path == kind.api.read.pages.path


def candidates(
    kind: Kind, spec: Spec, lives: Iterable[Live], *, known: frozenset[str], mark: str = ""
) -> tuple[Live, ...]:
    """The objects that a create of this spec may have made: not known before, with the same name and place.

    Where the create wrote an owner mark, only an object that carries it counts. What is the one part of something has
    the same id each time that it is made.
    """
    whole = kind.api.whole_of(spec)
    return tuple(
        live
        for live in lives
        if (live.id not in known or live.id == whole)
        and live.phase in PRESENT
        and (live.mark == mark if mark else kind.api.matches(spec, live))
    )


async def still_there(client: ApiClient, kind: Kind, lives: tuple[Live, ...]) -> tuple[Live, ...]:
    """The objects that exist: a list that lags shows deleted ones, a get does not."""
    if only_listed(kind):
        return lives
    got = await together(*(read_one(client, kind, live.id) for live in lives))
    return tuple(live for live, there in zip(lives, got, strict=True) if there is not None)
