"""Decodes a file: UTF-8 only, with the place of the first wrong byte."""

from __future__ import annotations

import codecs
import re
from typing import Final

from novita_infra.model.addresses import Origin
from novita_infra.model.diagnostics import Diagnostic

LARGEST: Final = 64 * 2**20
"""The largest file in bytes. Ten thousand manifests have about four million."""

_CONTROL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")
_CONTROL_IN_JSON: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")
_WIDE: Final = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def is_json(file: str) -> bool:
    """Returns whether the file is JSON by its name."""
    return file[-5:].lower() == ".json"


def decode_manifest(raw: bytes, file: str) -> tuple[str, Diagnostic | None]:
    """Returns the text without a byte order mark and with plain line ends, or a diagnostic."""
    start = Origin(file, 1, 1)
    if len(raw) > LARGEST:
        return "", Diagnostic(f"the file has {len(raw):,} bytes", f"a manifest has at most {LARGEST:,}", origin=start)
    if raw.startswith(_WIDE) or _looks_wide(raw):
        return "", Diagnostic("the file is UTF-16 or UTF-32 text", "save it as UTF-8", origin=start)
    if b"\0" in raw:
        return "", Diagnostic("the file is binary, not text", "a manifest is YAML in UTF-8", origin=start)
    body = raw.removeprefix(codecs.BOM_UTF8)
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        place = _place(body[: error.start].decode("utf-8"), file)
        byte = body[error.start]
        return "", Diagnostic(f"the byte 0x{byte:02x} is not UTF-8", "save the file as UTF-8", origin=place)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    language, pattern, escape = ("JSON", _CONTROL_IN_JSON, r"\u00..") if is_json(file) else ("YAML", _CONTROL, r"\x..")
    errors = pattern.search(text)
    if errors is None:
        return text, None
    summary = f"the control character U+{ord(errors[0]):04X} is not allowed in {language}"
    hint = f'remove it, or write it as "{escape}" in quotes'
    return "", Diagnostic(summary, hint, origin=_place(text[: errors.start()], file))


def _looks_wide(raw: bytes) -> bool:
    """Returns whether the data looks like UTF-16 without a mark: every second byte is zero."""
    head = raw[:1000]
    return len(head) >= 4 and (not any(head[1::2]) or not any(head[::2])) and any(head)


def _place(before: str, file: str) -> Origin:
    before = before.replace("\r\n", "\n").replace("\r", "\n")
    return Origin(file, before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1)
