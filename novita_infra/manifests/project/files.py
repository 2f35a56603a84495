"""Reads the files of a project: documents, texts for messages, diagnostics."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from novita_infra.encoding.files import read_file
from novita_infra.manifests.language.secrets import manifest_path
from novita_infra.manifests.language.variables import Given, given_in
from novita_infra.manifests.project.collected import Collected
from novita_infra.manifests.secrets.dotenv import NoDotenv, dotenv_entries
from novita_infra.manifests.validation.documents import left_out
from novita_infra.manifests.yaml.composing import ParsedFile
from novita_infra.manifests.yaml.decoding import LARGEST
from novita_infra.manifests.yaml.parsing import read
from novita_infra.manifests.yaml.positions import origin
from novita_infra.manifests.yaml.scalars import reading_in_yaml_1_1
from novita_infra.manifests.yaml.source_text import Sources
from novita_infra.model.addresses import Origin
from novita_infra.model.diagnostics import Diagnostic, Severity, reason

_LONG: Final = 2**20
"""Bytes of a file that is read only if it holds one of these."""
_OURS: Final = (b"novita", b"sops")


class Files:
    """Reads files by their names relative to the root."""

    def __init__(self, root: Path, diagnostics: Collected, *, redacted: bool = False) -> None:
        """`redacted` files may hold secrets anywhere: no line of an unreadable one is shown."""
        self._root = root
        self._diagnostics = diagnostics
        self._redacted = redacted
        self.sources = Sources()
        self.checkouts: dict[str, Path] = {}
        """The folders of the modules from git, by what the names of their files begin with."""
        self.torn = False
        """Whether a document could not be read, so that its declarations are unknown."""
        self._read_otherwise: list[tuple[Origin, str]] = []

    def read(self, name: str) -> ParsedFile:
        try:
            raw = read_file(manifest_path(name, self._root, self.checkouts), most=LARGEST)
            parsed = self._too_long(raw, name) or read(raw, name)
        except (OSError, ValueError) as error:
            diagnostic = Diagnostic(f"the file cannot be read: {reason(error)}", origin=Origin(name, 1, 1))
            parsed = ParsedFile(diagnostics=[diagnostic], torn=True)
        self.sources.texts[name] = parsed.text
        hidden = (0,) if self._redacted and parsed.torn else ()
        self._diagnostics.add([replace(item, hidden=hidden) for item in parsed.diagnostics])
        self.torn = self.torn or parsed.torn
        self._read_otherwise += parsed.read_otherwise
        return parsed

    def _too_long(self, raw: bytes, name: str) -> ParsedFile | None:
        """Returns the error about a long file that holds nothing of ours: to read megabytes of YAML takes a minute."""
        if len(raw) <= _LONG or self._redacted or any(word in raw for word in _OURS):
            return None
        summary = f"the file has {len(raw):,} bytes and is no manifest"
        return ParsedFile(diagnostics=[Diagnostic(summary, left_out(name), origin=Origin(name, 1, 1))], torn=True)

    def unquoted(self) -> list[Diagnostic]:
        """Returns a warning for each unquoted text that a program with YAML 1.1 reads as something else."""
        return [
            Diagnostic(
                f"{(shown := self.sources.quotable(text, place)) or 'this value'} is text here, "
                f"and {reading_in_yaml_1_1(text)} by the rules of YAML 1.1",
                "write it in quotes" if shown is None else f'write it in quotes: "{shown}"',
                origin=place,
                severity=Severity.WARNING,
            )
            for place, text in self._read_otherwise
        ]

    def variables(self, files: Sequence[Path]) -> list[Given]:
        """Returns the values of the files of `--var-file`. Paths are relative to the working directory."""
        given = []
        for file in files:
            if _is_dotenv(file):
                given += self._dotenv(file)
                continue
            parsed = Files(Path(), self._diagnostics, redacted=True).read(str(file))
            self.sources.texts[str(file)] = parsed.text
            for document in parsed.documents:
                if not isinstance(document.data, dict):
                    is_other = isinstance(document.data, str) and "=" in document.data
                    hint = f"write each as NAME: VALUE{', not NAME = VALUE' if is_other else ''}"
                    summary = "a file of variables is a mapping of names to values"
                    self._diagnostics.add([Diagnostic(summary, hint, origin=origin(document.position))])
                given += given_in(document.data, document.position, str(file))
            self._read_otherwise += parsed.read_otherwise
        return given

    def _dotenv(self, file: Path) -> list[Given]:
        """Returns the values of a dotenv file, each as text. Of an unreadable file no line is shown."""
        line, hint, given = 1, "", []
        try:
            text = read_file(file, most=LARGEST).decode("utf-8")
            starts = [0, *(match.end() for match in re.finditer("\n", text))]
            for name, value, offset in dotenv_entries(text):
                number = bisect_right(starts, offset)
                if value is None:
                    raise NoDotenv(number)
                column = offset - starts[number - 1] + 1
                given.append(
                    Given(name, value, str(file), (str(file), number, column, number, column, None), is_text=True)
                )
        except NoDotenv as error:
            summary, line = "the line is no NAME=value", error.line
            hint = "write NAME=value; a value with blanks, # or several lines stands in quotes"
        except UnicodeDecodeError:
            summary = "the file is not UTF-8 text"
        except (OSError, ValueError) as error:
            summary = f"the file cannot be read: {reason(error)}"
        else:
            self.sources.texts[str(file)] = text
            return given
        self._diagnostics.add([Diagnostic(summary, hint, origin=Origin(str(file), line, 1), hidden=(0,))])
        return []


def _is_dotenv(file: Path) -> bool:
    """Returns whether the name is that of a dotenv file: `.env`, `.env.prod`, `prod.env`."""
    return file.suffix == ".env" or file.name == ".env" or file.name.startswith(".env.")
