"""The requests that a template makes of rows: of a data file, or of the manifest itself."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Final, TextIO

from novita_infra.api.json_values import object_of, text_of
from novita_infra.encoding.json_text import parse_json
from novita_infra.kinds.job import FileFault
from novita_infra.model.diagnostics import nearest, reason
from novita_infra.model.frozen import dataclass
from novita_infra.model.values import Spec

_PLACE: Final = re.compile(r"\{\{([^{}]{1,255})\}\}")
_ENDINGS: Final = (".csv", ".jsonl", ".json")
_LARGEST: Final = 16 * 1024 * 1024
"""Characters of a cell, and bytes of a JSON file with all rows in one list."""


class RowFault(Exception):
    """A row, or the file of the rows, that cannot be used."""

    def __init__(self, fault: FileFault) -> None:
        super().__init__(fault.summary)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class DataRow:
    """One row."""

    number: int
    """Counted from 1."""
    cells: Mapping[str, Any]
    place: FileFault
    """Its place, with an empty summary."""


def rendered_request(spec: Spec, row: DataRow) -> tuple[str, dict[str, Any]]:
    """The custom_id and the body of the request for one row. Raises RowFault for a column that the row has not."""
    given = object_of(spec.get("input"))
    id = text_of(_filled(given.get("customId") or f"{row.number}", row))
    body = object_of(_filled(dict(object_of(given.get("template"))), row))
    model = {"model": spec["model"]} if isinstance(spec.get("model"), str) else {}
    return id, {**model, **body}


def rows_of(spec: Spec, folder: Path) -> Iterator[DataRow]:
    """The rows of the input of a spec; the path of a data file is relative to the folder. Raises RowFault."""
    given = object_of(spec.get("input"))
    rows, data = given.get("rows"), text_of(given.get("data"))
    if isinstance(rows, list):
        for number, row in enumerate(rows, 1):
            yield DataRow(number, object_of(row), FileFault(("input", "rows", number - 1), ""))
        return
    if Path(data).suffix.lower() not in _ENDINGS:
        fault = FileFault(("input", "data"), f"{data} is no file of rows", f"only {', '.join(_ENDINGS)} are read")
        raise RowFault(fault)
    try:
        for number, (line, cells) in enumerate(_read_rows(folder / data, data), 1):
            place = FileFault(("input", "data"), "", file=data, line=line)
            if not isinstance(cells, Mapping):
                raise RowFault(_with(place, "the row is no object", "each row is an object of columns and values"))
            yield DataRow(number, cells, place)
    except (OSError, ValueError, csv.Error) as error:
        raise RowFault(FileFault(("input", "data"), f"{data} cannot be read: {_why(error)}")) from None


def _why(error: Exception) -> str:
    """Why a data file cannot be read."""
    match error:
        case OSError():
            return reason(error)
        case UnicodeDecodeError():
            return "it is no UTF-8 text"
        case csv.Error():
            return f"it is no table of rows: {error}"
        case _:
            return str(error)


def _read_rows(path: Path, data: str) -> Iterator[tuple[int, Any]]:
    """The rows of a file with the lines at which they end. `data` is its path as the spec has it. Raises RowFault."""
    match path.suffix.lower():
        case ".csv":
            csv.field_size_limit(_LARGEST)
            with path.open(newline="", encoding="utf-8-sig") as table:
                yield from _table_rows(table, data)
        case ".jsonl":
            with path.open("rb") as lines:
                for number, line in enumerate(lines, 1):
                    if line.strip():
                        yield number, _json(line, data, number)
        case _:
            with path.open("rb") as file:
                text = _bounded(file)
            rows = _json(text, data)
            if not isinstance(rows, list):
                raise ValueError("it holds no list of rows")
            yield from zip(_lines_of_items(text.decode()), rows, strict=True)


def _table_rows(table: TextIO, data: str) -> Iterator[tuple[int, _TableRow]]:
    """The rows of a table below its header; an empty line is none. A row may lack its last cells. Raises RowFault."""
    reader = csv.reader(table, strict=True)
    lines = ((reader.line_num, cells) for cells in reader if cells)
    line, header = next(lines, (1, []))
    twice = next((name for name in header if name and header.count(name) > 1), None)
    if twice is not None:
        hint = "give each column its own name"
        raise RowFault(
            FileFault(("input", "data"), f'the column "{twice}" stands twice in the header', hint, data, line)
        )
    for number, (line, cells) in enumerate(lines, 1):
        if len(cells) > len(header):
            summary = f"row {number} has {len(cells)} cells, the header {len(header)}"
            raise RowFault(FileFault(("input", "data"), summary, "quote texts with commas", data, line))
        yield line, _TableRow(zip(header, cells, strict=False), header=header)


class _TableRow(dict[str, str]):
    """The cells of a row of a table by their columns, and the header: the last columns may have no cell."""

    def __init__(self, cells: Iterable[tuple[str, str]], *, header: Sequence[str]) -> None:
        super().__init__(cells)
        self.header = header


def _bounded(file: BinaryIO) -> bytes:
    data = file.read(_LARGEST + 1)
    if len(data) > _LARGEST:
        raise ValueError(f"it has more than {_LARGEST // 1024**2} MiB; JSON lines (.jsonl) may have more")
    return data


def _lines_of_items(text: str) -> Iterator[int]:
    """The line at which each item of a JSON list begins; the text is known to hold one."""
    decoder, line, counted = json.JSONDecoder(), 1, 0
    at = _after_gap(text, text.index("[") + 1)
    while text[at] != "]":
        line, counted = line + text.count("\n", counted, at), at
        yield line
        at = _after_gap(text, decoder.raw_decode(text, at)[1])


def _after_gap(text: str, at: int) -> int:
    """The next place in a JSON list that is neither blank nor a comma."""
    while text[at] in " \t\r\n,":
        at += 1
    return at


def _json(text: bytes, data: str, line: int = 0) -> Any:
    """The value of a text: of that line of the file, or of the whole of it. Raises RowFault."""
    try:
        return parse_json(text)
    except ValueError as error:
        place, words = line or 1, "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)
        if isinstance(error, json.JSONDecodeError):
            place, words = line or error.lineno, error.msg[:1].lower() + error.msg[1:]
        raise RowFault(FileFault(("input", "data"), f"no JSON: {words}", file=data, line=place)) from None


def _filled(value: Any, row: DataRow) -> Any:
    """The value with the cells of the row in place of `{{column}}`. A text that is one place alone gets the cell as it
    is, such as a number; inside of a text, anything but a text is written as JSON.
    """
    if isinstance(value, str):
        whole = _PLACE.fullmatch(value)
        if whole:
            return _cell(whole[1], row)
        return _PLACE.sub(lambda match: _words(_cell(match[1], row)), value)
    if isinstance(value, Mapping):
        return {name: _filled(item, row) for name, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, row) for item in value]
    return value


def _cell(place: str, row: DataRow) -> Any:
    name = place.strip()
    header = row.cells.header if isinstance(row.cells, _TableRow) else ()
    if name in header and name not in row.cells:
        cells = f"{len(row.cells)} cell{'s' if len(row.cells) > 1 else ''}, and the header {len(header)}"
        hint = "write each cell, also an empty one: a comma for each column but the last"
        raise RowFault(_with(row.place, f'row {row.number} has only {cells}: there is none for "{name}"', hint))
    if row.cells.get(name, 0) is None:
        hint = "give it a value, or leave the row out"
        raise RowFault(_with(row.place, f'row {row.number}: "{name}" is null', hint))
    if name not in row.cells:
        hint = nearest(name, [column for column in row.cells if isinstance(column, str)])
        raise RowFault(_with(row.place, f'row {row.number} has no "{name}"', hint))
    return row.cells[name]


def _words(cell: Any) -> str:
    return cell if isinstance(cell, str) else json.dumps(cell, ensure_ascii=False)


def _with(place: FileFault, summary: str, hint: str) -> FileFault:
    return FileFault(place.path, summary, hint, place.file, place.line)
