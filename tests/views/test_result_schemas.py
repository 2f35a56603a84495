"""The published schemas of results: valid, committed as made, and true to what the declarations print."""

from __future__ import annotations

import enum
import json
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, ClassVar

import jsonschema
import pytest

from novita_infra.catalogue.prices import Amount
from novita_infra.model.addresses import Address
from novita_infra.model.resources import Live, Phase
from novita_infra.planning.orphans import Orphan
from novita_infra.schema.resources import text_of_schema
from novita_infra.views.content.lines import plain
from novita_infra.views.content.listing import Facts, Listing, cell, fact
from novita_infra.views.result_schemas import result_schemas, write_result_schemas
from novita_infra.views.results.orphans import OrphanListing, orphan_listing

ROOT = Path(__file__).parents[2]
SCHEMAS = result_schemas()


class Colour(enum.Enum):
    RED = "red"


@dataclass(frozen=True, slots=True)
class Part:
    """A part."""

    name: str = fact("Its name.")


@dataclass(frozen=True, slots=True)
class Everything(Facts):
    """Every type of a fact."""

    name: ClassVar[str] = "everything"

    word: str = fact("A word.", title="Word")
    flag: bool = fact("A flag.", title="Flag")
    count: int | None = fact("A count.", title="Count")
    price: Fraction = fact("A price.", title="Price")
    range: Amount = fact("A range.", title="Range")
    colour: Colour = fact("A colour.", title="Colour")
    address: Address = fact("An address.", title="Address")
    words: tuple[str, ...] = fact("Words.", title="Words")
    parts: tuple[Part, ...] = fact("Parts.")
    by_name: Mapping[str, Part] = fact("Parts by name.")
    note: str = cell("Note")


@dataclass(frozen=True, slots=True)
class Row:
    """A row."""

    name: str = fact("Its name.", title="NAME")
    count: int = fact("A count.", title="COUNT")


@dataclass(frozen=True, slots=True)
class Rows(Listing):
    """Rows."""

    name: ClassVar[str] = "rows"
    row: ClassVar[type] = Row
    empty: ClassVar[str] = "No rows."

    rows: tuple[Row, ...]


EVERYTHING = Everything(
    word="w",
    flag=True,
    count=None,
    price=Fraction(50_000),
    range=Amount(Fraction(100_000), Fraction(200_000)),
    colour=Colour.RED,
    address=Address("vpc", "net"),
    words=("a", "b"),
    parts=(Part("p"),),
    by_name={"p": Part("p")},
    note="only text",
)


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_published_schema_is_valid_and_committed_as_made(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMAS[name])
    file = ROOT / "schemas/results" / f"{name}.json"
    assert file.exists(), "run: make schemas"
    assert file.read_text(encoding="utf-8") == text_of_schema(SCHEMAS[name]), "run: make schemas"


def test_the_folder_holds_no_schema_of_a_removed_result(tmp_path: Path) -> None:
    assert {path.stem for path in (ROOT / "schemas/results").iterdir()} == set(SCHEMAS), "run: make schemas"
    (tmp_path / "results").mkdir()
    (tmp_path / "results/removed.json").write_text("{}", encoding="utf-8")
    write_result_schemas(tmp_path)
    assert {path.stem for path in (tmp_path / "results").iterdir()} == set(SCHEMAS)


def test_the_json_of_facts_fits_their_schema() -> None:
    data = EVERYTHING.data()
    assert data == {
        "word": "w",
        "flag": True,
        "count": None,
        "price": "0.5",
        "range": {"least": "1", "most": "2"},
        "colour": "red",
        "address": "vpc.net",
        "words": ["a", "b"],
        "parts": [{"name": "p"}],
        "by_name": {"p": {"name": "p"}},
    }
    jsonschema.validate(json.loads(json.dumps(data)), Everything.schema())


@pytest.mark.parametrize("name", list(EVERYTHING.data()))
def test_a_fact_of_another_type_does_not_fit_the_schema(name: str) -> None:
    data: dict[str, Any] = {**EVERYTHING.data(), name: {"other": [0]}}
    assert not jsonschema.Draft202012Validator(Everything.schema()).is_valid(data)


def test_facts_are_lines_with_their_titles() -> None:
    assert plain(EVERYTHING.lines()).splitlines() == [
        "Word:    w",
        "Flag:    yes",
        "Count:   -",
        "Price:   $0.50",
        "Range:   $1.00 to $2.00",
        "Colour:  red",
        "Address: vpc.net",
        "Words:   a, b",
        "Note:    only text",
    ]


def test_rows_are_a_table_and_a_list() -> None:
    listing = Rows((Row("a", 1), Row("bcd", 20)))
    assert plain(listing.lines()) == "NAME  COUNT\na     1\nbcd   20\n"
    assert listing.data() == [{"name": "a", "count": 1}, {"name": "bcd", "count": 20}]
    assert Rows.schema()["items"]["required"] == ["name", "count"]
    assert plain(Rows(()).lines()) == "No rows.\n"


def test_the_json_of_orphans_fits_its_schema() -> None:
    live = Live("e1", "api", Phase.READY, "serving", {})
    jsonschema.validate(orphan_listing([Orphan("endpoint", live)], now=0.0).data(), OrphanListing.schema())
