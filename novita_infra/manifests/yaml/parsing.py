"""Parses YAML to plain data with the file, line and column of every value, one document at a time.

It applies the rules of YAML 1.2 to libyaml's events. Errors become diagnostics, and parsing continues.
"""

from __future__ import annotations

from functools import partial
from itertools import islice
from typing import Final

import yaml

from novita_infra.manifests.yaml import syntax_errors as syntax
from novita_infra.manifests.yaml.composing import TOO_DEEP, Composer, ParsedFile, StopReading
from novita_infra.manifests.yaml.decoding import decode_manifest, is_json
from novita_infra.manifests.yaml.stand_ins import line_separators, surrogate_pairs
from novita_infra.model.addresses import Origin
from novita_infra.model.diagnostics import Diagnostic

MOST_ERRORS: Final = 50
"""The most errors of one file. After every syntax error the rest is scanned again."""
_MOST_FOR_PURE_PARSER: Final = 2**19
"""The most characters for the pure parser; it reads them in about a second."""


def read(raw: bytes, file: str) -> ParsedFile:
    """Parses all documents of a file, one of a `.json` file. A file with only comments has none. Never raises."""
    text, error = decode_manifest(raw, file)
    if error is not None:
        return ParsedFile(diagnostics=[error], torn=True)
    if is_json(file):
        from novita_infra.manifests.yaml.json_reading import read_json_text  # noqa: PLC0415 -- most projects have none

        return read_json_text(text, file)
    return read_text(text, file)


def read_text(text: str, file: str) -> ParsedFile:
    """Parses all documents of a text. After a syntax error, parsing continues with the next document."""
    parsed = ParsedFile(text=text)
    separators = line_separators(text)
    text, whole = separators.text if separators else text, len(text)
    pairs = surrogate_pairs(text)
    text = pairs.text if pairs else text
    first = 0
    while text and len(parsed.diagnostics) < MOST_ERRORS:
        composer = Composer(text, file, first, parsed)
        if separators:
            composer.quoted = partial(separators.quoted, before=whole - len(text))
        composer.joined = pairs.joined if pairs else None
        try:
            composer.run()
            break
        except yaml.YAMLError as error:
            parsed.diagnostics.append(
                _nesting(error, text, file, first)
                or syntax.explain_syntax_error(error, text, start=Origin(file, first + 1, 1), whole=parsed.text)
            )
            mark = getattr(error, "problem_mark", None)
            at = composer.began if mark is None else mark.line
        except StopReading as stop:
            parsed.diagnostics.append(stop.diagnostic)
            at = composer.began + 1
        parsed.torn = True
        skipped, text = syntax.next_document(text, max(at, composer.began + 1))
        first += skipped
    for line, column, name in islice(separators.outside_of_quotes(), MOST_ERRORS) if separators else ():
        hint = "remove it, or write the value in double quotes"
        place = Origin(file, line, column)
        parsed.diagnostics.append(Diagnostic(f"the character {name} stands outside of quotes", hint, origin=place))
    return parsed


def _nesting(error: yaml.YAMLError, text: str, file: str, first: int) -> Diagnostic | None:
    """Returns the diagnostic if libyaml itself refuses the nesting (1,000 levels since libyaml 0.2.6).

    libyaml stops before it delivers the events, so the pure parser finds the place where our own limit is passed.
    """
    mark = getattr(error, "problem_mark", None)
    if mark is None or "nesting depth" not in str(getattr(error, "problem", "")):
        return None
    lines = text.split("\n", mark.line + 1)
    until = "\n".join([*lines[: mark.line], lines[mark.line][: mark.column]])
    if len(until) <= _MOST_FOR_PURE_PARSER:
        try:
            Composer(until, file, first, ParsedFile(), parser=yaml.SafeLoader).run()
        except StopReading as stop:
            return stop.diagnostic
        except yaml.YAMLError:
            pass
    return Diagnostic(TOO_DEEP, origin=Origin(file, first + mark.line + 1, mark.column + 1))
