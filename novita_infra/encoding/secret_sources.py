"""Secrets in a file that outlives the command: each as the source to read it from again, with a digest to check it."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from typing import TypeAlias

from novita_infra.encoding.digests import secret_digest
from novita_infra.encoding.values import Json, Malformed, SecretReader, decode, encode
from novita_infra.model.computing.compute import resolve
from novita_infra.model.computing.effort import Uncomputable
from novita_infra.model.diagnostics import Diagnostic, Problems
from novita_infra.model.values import Computation, Digest, Secret, Value, sources_of

Resolver: TypeAlias = Callable[[str], str]
"""Reads the text of a source such as `env:NAME` again. Raises Problems if it cannot."""


def encode_with_sources(value: Value, key: str) -> Json:
    """As `encode`, with each Secret as its source and its digest under the key."""

    def write(secret: Secret) -> Json:
        source: Json = secret.source
        if secret.computed is not None:
            written = encode(secret.computed, secrets=write)
            source = written.get("$join", written)
        return {"$secret": source, "digest": secret_digest(secret.value, key)}

    return encode(value, secrets=write)


def decode_with_sources(data: Json, resolver: Resolver, key: str) -> Value:
    """The value that `encode_with_sources` wrote, its secrets read again. Raises Problems, all at once.

    A secret that cannot be read or has changed is a problem.
    """
    problems: list[Diagnostic] = []
    found = decode(data, secrets=reading_again(resolver, key, problems=problems))
    if problems:
        raise Problems(problems)
    return found


def reading_again(resolver: Resolver, key: str, *, problems: list[Diagnostic]) -> SecretReader:
    """A reader that reads each source once, checks it against its digest, and adds to the problems."""
    known: dict[str, str | None] = {}

    def text_of(source: str) -> str | None:
        if source not in known:
            known[source] = None
            try:
                known[source] = resolver(source)
            except Problems as error:
                problems.extend(error.diagnostics)
        return known[source]

    def read(data: Mapping[str, Json]) -> Value:
        source, hidden = data["$secret"], as_digest(data)
        if not isinstance(source, str):
            computed = _computed(source, read, problems)
            return computed if isinstance(computed, Secret) else hidden
        text = text_of(source)
        if text is None:
            return hidden
        if not hmac.compare_digest(secret_digest(text, key), hidden.hex):
            known[source] = None
            problems.append(
                Diagnostic(f"the secret from {source} has changed since the plan was made", "make the plan again")
            )
            return hidden
        return Secret(text, source)

    return read


def as_digest(data: Mapping[str, Json]) -> Digest:
    """The digest that replaces a secret in a plan that is only shown."""
    return Digest(data["digest"])


def as_source(data: Mapping[str, Json]) -> Value:
    """A Secret without its value, for a computation that only needs the source of each secret."""
    source = data["$secret"]
    return Secret("", source) if isinstance(source, str) else Secret("", sources_of(_computation(source, as_source)))


def _computed(source: Json, reader: SecretReader, problems: list[Diagnostic]) -> Value:
    """The secret that the computation gives now."""
    try:
        return resolve(_computation(source, reader), lambda ref: ref)
    except Uncomputable as error:
        problems.append(Diagnostic(f"a secret of the plan cannot be computed: {error.summary}", "make the plan again"))
        return None


def _computation(source: Json, reader: SecretReader) -> Computation:
    """The computation that gives a secret."""
    computation = decode({"$join": source} if isinstance(source, list) else source, secrets=reader)
    if isinstance(computation, Computation):
        return computation
    raise Malformed("this is no computation of a secret")
