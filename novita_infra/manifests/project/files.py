"""The files of a project as they are read: their documents, their texts for messages, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from novita_infra.manifests.language.variables import Given, given_in
from novita_infra.manifests.project.collected import Collected
from novita_infra.manifests.project.discovery import reason
from novita_infra.manifests.yaml.parsing import ParsedFile, read
from novita_infra.manifests.yaml.positions import origin
from novita_infra.manifests.yaml.source_text import Sources
from novita_infra.model.addresses import Origin
from novita_infra.model.diagnostics import Diagnostic


class Files:
    """Reads files by their names relative to the root."""

    def __init__(self, root: Path, told: Collected, *, discreet: bool = False) -> None:
        """`discreet` files may hold secrets anywhere: of one that cannot be read, no line is shown."""
        self._root = root
        self._told = told
        self._discreet = discreet
        self.sources = Sources()
        self.torn = False
        """Whether some document could not be read, so that what it declares is not known."""

    def read(self, name: str) -> ParsedFile:
        try:
            reading = read((self._root / name).read_bytes(), name)
        except (OSError, ValueError) as error:
            diagnostic = Diagnostic(f"the file cannot be read: {reason(error)}", origin=Origin(name, 1, 1))
            reading = ParsedFile(diagnostics=[diagnostic], torn=True)
        self.sources.texts[name] = reading.text
        hidden = (0,) if self._discreet and reading.torn else ()
        self._told.add([replace(item, hidden=hidden) for item in reading.diagnostics])
        self.torn = self.torn or reading.torn
        return reading

    def variables(self, files: Sequence[Path]) -> list[Given]:
        """The values of files for `--var-file`, which are relative to the working directory."""
        given = []
        for file in files:
            reading = Files(Path(), self._told, discreet=True).read(str(file))
            self.sources.texts[str(file)] = reading.text
            for document in reading.documents:
                if not isinstance(document.data, dict):
                    hint = "it is a mapping of names to values"
                    self._told.add(
                        [Diagnostic("a file of variables holds no mapping", hint, origin=origin(document.spot))]
                    )
                given += given_in(document.data, document.spot, str(file))
        return given
