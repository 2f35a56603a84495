"""Values to JSON and back, and the digests that stand for secrets."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from trees import trees

from novita_infra.encoding import (
    Malformed,
    as_digest,
    canonical,
    compact,
    decode,
    decode_with_sources,
    derived_key,
    digest,
    encode,
    encode_with_sources,
    fingerprint,
    matches_digest,
    parse_json,
)
from novita_infra.model import addresses
from novita_infra.model.addresses import Address
from novita_infra.model.computing.compute import resolve
from novita_infra.model.diagnostics import Problems, problem
from novita_infra.model.values import Computation, Digest, Ref, Secret, Value, is_secret, joined_text, leaves, refs

KEY = "0b" * 32
OTHER_KEY = "0c" * 32
VPC = Ref(Address("vpc", "net"))


def secret(name: str) -> Secret:
    """A secret whose text nothing else holds by chance, one for each source."""
    return Secret(f"hush-{name}-hush", f"env:{name}")


def read_again(source: str) -> str:
    return secret(source.removeprefix("env:")).value


def joined_now(parts: list[Any]) -> Value:
    return resolve(joined_text(tuple(parts)), lambda ref: ref)


NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_-]*", fullmatch=True)
LABELS = st.text(min_size=1).filter(lambda key: re.fullmatch(addresses.KEY, key))
ADDRESSES = st.builds(Address, st.from_regex(r"[a-z_]+", fullmatch=True), NAMES, st.one_of(st.just(""), LABELS))
REFS = st.builds(Ref, ADDRESSES, NAMES)
DIGESTS = st.builds(Digest, st.binary(min_size=32, max_size=32).map(bytes.hex))
PLAIN_SECRETS = st.builds(secret, NAMES)
JOINED_SECRETS = st.tuples(PLAIN_SECRETS, st.lists(st.one_of(st.text(max_size=5), PLAIN_SECRETS), min_size=1)).map(
    lambda drawn: joined_now([drawn[0], *drawn[1]])
)
COMPUTED_SECRETS = st.tuples(st.sampled_from(["upper", "jsonencode", "base64encode"]), PLAIN_SECRETS).map(
    lambda drawn: resolve(Computation(*drawn[:1], drawn[1:]), lambda ref: ref)
)
SECRETS = st.one_of(PLAIN_SECRETS, JOINED_SECRETS, COMPUTED_SECRETS)
TEXTS = st.text(st.characters(), max_size=8)
KEYS = st.one_of(
    TEXTS, st.sampled_from(["$", "$$", "$ref", "$$ref", "$join", "$digest", "$secret", "$compute", "$number"])
)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), TEXTS)


def joined(*parts: st.SearchStrategy[Any]) -> st.SearchStrategy[Computation]:
    return st.builds(joined_text, st.lists(st.one_of(TEXTS, *parts), max_size=4).map(tuple))


def computed(*parts: st.SearchStrategy[Any]) -> st.SearchStrategy[Computation]:
    """Computations with a reference, one inside the other."""
    names = st.sampled_from(["text", "[]", "list", "?:", "upper"])
    decimals = st.decimals(allow_nan=False, allow_infinity=False, min_value=-1000, max_value=1000, places=3)
    leaf = st.one_of(SCALARS, decimals, *parts)
    inner = st.builds(Computation, names, st.tuples(REFS, leaf))
    return st.builds(Computation, names, st.tuples(inner, leaf, leaf))


OPEN_VALUES = trees(st.one_of(SCALARS, REFS, DIGESTS, joined(REFS, DIGESTS), computed(DIGESTS)), KEYS, size=4)
VALUES = trees(
    st.one_of(SCALARS, REFS, DIGESTS, SECRETS, joined(REFS, DIGESTS, SECRETS), computed(SECRETS)), KEYS, size=4
)


@given(OPEN_VALUES)
def test_a_value_comes_back_as_it_went(value: Value) -> None:
    again = decode(parse_json(compact(encode(value))))
    assert again == value
    assert canonical(again) == canonical(value)


@given(VALUES)
def test_a_value_with_secrets_comes_back_when_its_sources_are_read_again(value: Value) -> None:
    text = compact(encode_with_sources(value, KEY))
    assert b"hush-" not in text
    assert decode_with_sources(parse_json(text), read_again, KEY) == value


@given(VALUES)
def test_a_digested_value_holds_no_secret_and_waits_for_the_same_resources(value: Value) -> None:
    hidden = digest(value, KEY)
    assert not any(isinstance(leaf, Secret) for leaf in leaves(hidden))
    assert b"hush-" not in canonical(hidden)
    assert refs(hidden) == refs(value)
    assert is_secret(hidden) == is_secret(value)
    assert matches_digest(value, hidden, KEY)


@given(VALUES)
def test_a_plan_that_is_only_shown_needs_no_secret(value: Value) -> None:
    shown = decode(encode_with_sources(value, KEY), secrets=as_digest)
    assert not any(isinstance(leaf, Secret) for leaf in leaves(shown))
    assert set(refs(shown)) == set(refs(value))


@given(joined(SECRETS).filter(is_secret))
def test_a_digest_is_the_same_before_and_after_a_text_is_joined(value: Computation) -> None:
    assert digest(value, KEY) == digest(resolve(value, lambda ref: ref), KEY)


@given(VALUES)
def test_a_secret_without_a_writer_is_refused(value: Value) -> None:
    if any(isinstance(leaf, Secret) for leaf in leaves(value)):
        with pytest.raises(TypeError, match=r"the secret from env:") as caught:
            encode(value)
        assert "hush-" not in str(caught.value)
    else:
        encode(value)


@given(st.dictionaries(TEXTS, st.integers()))
def test_the_order_of_keys_makes_no_difference(value: dict[str, int]) -> None:
    turned = dict(reversed(value.items()))
    assert canonical(turned) == canonical(value)
    assert fingerprint(turned) == fingerprint(value)


def test_the_written_forms_are_these() -> None:
    hidden = digest(secret("A"), KEY)
    value = {
        "vpc": VPC,
        "url": joined_text(("http://", VPC, ":80")),
        "password": hidden,
        "$price": 5,
        "worker": Ref(Address("instance", "w", "eu"), "url"),
    }
    assert encode(value) == {
        "$$price": 5,
        "password": {"$digest": hidden.hex},
        "url": {"$join": ["http://", {"$ref": "vpc.net", "attribute": "id"}, ":80"]},
        "vpc": {"$ref": "vpc.net", "attribute": "id"},
        "worker": {"$ref": 'instance.w["eu"]', "attribute": "url"},
    }
    assert encode_with_sources([secret("A")], KEY) == [{"$secret": "env:A", "digest": hidden.hex}]


def test_a_map_of_any_kind_is_written_as_an_object() -> None:
    assert encode(MappingProxyType({"a": MappingProxyType({})})) == {"a": {}}


@pytest.mark.parametrize("value", [object(), {1: "one"}, [{"a": b"bytes"}], {"when": {1, 2}}, Address])
def test_a_value_without_a_json_form_is_refused(value: Value) -> None:
    with pytest.raises(TypeError, match="has no form in JSON"):
        encode(value)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_a_number_that_json_has_not_is_refused(number: float) -> None:
    with pytest.raises(ValueError, match="JSON"):
        canonical({"a": number})


@pytest.mark.parametrize("text", [b"NaN", b"[Infinity]", b"\xff", b"{", b"", b"[" * 100_000, b"1" * 10_000])
def test_bytes_that_hold_no_json_are_a_value_error(text: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 -- the words are Python's, the kind is the contract
        parse_json(text)


@pytest.mark.parametrize(
    "data",
    [
        {"$ref": 5, "attribute": "id"},
        {"$ref": "vpc.net"},
        {"$ref": "nowhere", "attribute": "id"},
        {"$ref": "vpc.net", "attribute": "id", "more": 1},
        {"$join": "text"},
        {"$join": [["list"]]},
        {"$digest": None},
        {"$secret": "env:A", "digest": "00"},
        {"$later": 1},
        {"$": 1},
    ],
)
def test_a_form_that_is_never_written_is_malformed(data: Any) -> None:
    with pytest.raises(Malformed):
        decode(data)


def test_a_secret_that_changed_is_a_problem_reported_once() -> None:
    diagnostics = encode_with_sources({"a": secret("A"), "b": [secret("A")], "c": secret("C")}, KEY)
    with pytest.raises(Problems) as caught:
        decode_with_sources(diagnostics, lambda _: "another", KEY)
    assert [item.summary for item in caught.value.diagnostics] == [
        "the secret from env:A has changed since the plan was made",
        "the secret from env:C has changed since the plan was made",
    ]
    assert "another" not in str(caught.value)


def test_all_sources_that_cannot_be_read_are_reported_together() -> None:
    def missing(source: str) -> str:
        raise problem(f"{source} is not set")

    both = joined_now(["user:", secret("A"), "@", secret("B")])
    with pytest.raises(Problems) as caught:
        decode_with_sources(encode_with_sources([both, secret("A")], KEY), missing, KEY)
    assert [item.summary for item in caught.value.diagnostics] == ["env:A is not set", "env:B is not set"]


def test_each_source_is_read_once() -> None:
    asked: list[str] = []

    def read(source: str) -> str:
        asked.append(source)
        return read_again(source)

    decode_with_sources(encode_with_sources([secret("A")] * 3, KEY), read, KEY)
    assert asked == ["env:A"]


@pytest.mark.parametrize(
    ("value", "same"),
    [
        (secret("A"), True),
        ("hush-A-hush", True),
        (joined_now(["hush-", Secret("A", "env:X"), "-hush"]), True),
        (joined_text(("hush-", Secret("A-hush", "env:X"))), True),
        (secret("B"), False),
        ("hush", False),
        (None, False),
        (VPC, False),
        (joined_text(("hush-", VPC)), False),
    ],
)
def test_a_value_is_compared_with_a_digest_by_its_text(value: Value, same: bool) -> None:
    recorded = digest(secret("A"), KEY)
    assert matches_digest(value, recorded, KEY) is same
    assert matches_digest({"TOKEN": value, "n": [1]}, {"TOKEN": recorded, "n": [1]}, KEY) is same
    assert matches_digest([value], [recorded], KEY) is same
    assert not matches_digest([value, 1], [recorded], KEY)
    assert not matches_digest({"TOKEN": value}, {}, KEY)


def test_a_digest_under_another_key_is_another() -> None:
    assert digest(secret("A"), KEY) != digest(secret("A"), OTHER_KEY)
    assert not matches_digest(secret("A"), digest(secret("A"), OTHER_KEY), KEY)
    keys: Mapping[str, str] = {purpose: derived_key(KEY, purpose) for purpose in ("plan", "other")}
    assert len({KEY, *keys.values()}) == 3


def test_a_digest_is_an_hmac_that_others_can_compute() -> None:
    # echo -n text | openssl dgst -sha256 -mac HMAC -macopt hexkey:0b0b...
    assert digest(Secret("Hi There", "env:A"), "0b" * 20) == Digest(
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"  # RFC 4231, test case 1
    )
