"""The requests that a template makes of rows: of a data file, or of the manifest itself."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Mapping
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
                        yield number, _json(line, path, number)
        case _:
            with path.open("rb") as file:
                rows = _json(_bounded(file), path, 1)
            for item in rows if isinstance(rows, list) else [None]:
                yield 1, item


def _table_rows(table: TextIO, data: str) -> Iterator[tuple[int, dict[str, str]]]:
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
        yield line, dict(zip(header, cells, strict=False))


def _bounded(file: BinaryIO) -> bytes:
    data = file.read(_LARGEST + 1)
    if len(data) > _LARGEST:
        raise ValueError(f"it has more than {_LARGEST // 1024**2} MiB; JSON lines (.jsonl) may have more")
    return data


def _json(text: bytes, path: Path, line: int) -> Any:
    try:
        return parse_json(text)
    except ValueError as error:
        words = error.msg if isinstance(error, json.JSONDecodeError) else "it is not UTF-8"
        fault = FileFault(("input", "data"), f"no JSON: {words.lower()}", file=path.name, line=line)
        raise RowFault(fault) from None


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
    if name not in row.cells or row.cells[name] is None:
        hint = nearest(name, [column for column in row.cells if isinstance(column, str)])
        raise RowFault(_with(row.place, f'row {row.number} has no "{name}"', hint))
    return row.cells[name]


def _words(cell: Any) -> str:
    return cell if isinstance(cell, str) else json.dumps(cell, ensure_ascii=False)


def _with(place: FileFault, summary: str, hint: str) -> FileFault:
    return FileFault(place.path, summary, hint, place.file, place.line)
