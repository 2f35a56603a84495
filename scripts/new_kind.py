"""Writes the skeleton of a new kind of resource: `make new-kind NAME=Subnet`. It needs no installed package.

The kind, its line in the registry, the simulator's record and routes, the folder of what the tests know of it, an
example, and a changelog fragment. Then the suite fails and lists what is still to be written.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from string import Template

ROOT = Path(__file__).parents[1]
TEMPLATES = Path(__file__).parent / "new_kind"
SIMULATOR = "novita_infra/simulator"
NEXT = """\
Next:
  1. Replace every WRITE in these files by what the API's reference says.
  2. make schemas
  3. .venv/bin/python -m pytest tests/kinds/test_conformance.py lists what is still to be written.
docs/adding-a-kind.md describes the parts."""


def new_kind(name: str, root: Path = ROOT) -> list[str]:
    """Writes the files under the root; returns their paths. Raises ValueError where the name cannot be used."""
    if not re.fullmatch(r"[A-Z][A-Za-z]+", name):
        raise ValueError(f"{name!r} is no name of a kind: letters only, the first one a capital, such as Subnet")
    address_type = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()
    words = {
        "name": name,
        "type": address_type,
        "constant": address_type.upper(),
        "table": f"{address_type}s",
        "path": address_type.replace("_", "/"),
        "words": address_type.replace("_", " "),
        "folder": address_type.replace("_", "-"),
    }
    created = {
        f"novita_infra/kinds/{address_type}.py": _filled("kind.py", words),
        f"{SIMULATOR}/routes/cloud/{words['table']}.py": _filled("routes.py", words),
        f"tests/support/kind_facts/{address_type}/__init__.py": _filled("facts.py", words),
        f"tests/support/kind_facts/{address_type}/pairs.yaml": _filled("pairs.yaml", words),
        f"examples/{words['folder']}/manifest.yaml": _filled("manifest.yaml", words),
        f"examples/{words['folder']}/novita-infra.yaml": _filled("project.yaml", words),
        f"changelog.d/{words['folder']}.added.md": f"A kind `{name}`: WRITE what it is for.\n",
    }
    known = [path for path in created if (root / path).exists()]
    if known:
        raise ValueError(f"{known[0]} exists: there is a kind {name} already")
    changed = {
        "novita_infra/kinds/__init__.py": _in_kinds,
        f"{SIMULATOR}/world/engine/cloud_records.py": _in_records,
        f"{SIMULATOR}/routes/registry.py": _in_routes,
    }
    texts = created | {path: edit((root / path).read_text(encoding="utf-8"), words) for path, edit in changed.items()}
    for path, text in texts.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    return list(texts)


def _filled(template: str, words: dict[str, str]) -> str:
    return Template((TEMPLATES / f"{template}.in").read_text(encoding="utf-8")).substitute(words)


def _in_kinds(text: str, words: dict[str, str]) -> str:
    """The registry with the import and the constant of the kind."""
    package = "novita_infra.kinds"
    imports = re.findall(rf"^from {package}\..*\n", text, re.MULTILINE)
    more = sorted([*imports, f"from {package}.{words['type']} import {words['constant']}\n"])
    return _changed(
        _changed(text, "".join(imports), "".join(more)), "    )\n}", f"        {words['constant']},\n    )\n}}"
    )


def _in_records(text: str, words: dict[str, str]) -> str:
    """The records with the class, the entry and the table of the kind."""
    name, table = words["name"], words["table"]
    text = _changed(text, "CLOUD_RECORDS: ", f"{_filled('record.py', words)}CLOUD_RECORDS: ")
    text = _changed(text, '    "jobs": Job,\n', f'    "jobs": Job,\n    "{table}": {name},\n')
    last = '        self.jobs = new("jobs", Job)\n'
    return _changed(text, last, f'{last}        self.{table} = new("{table}", {name})\n')


def _in_routes(text: str, words: dict[str, str]) -> str:
    """The list of operations with those of the kind."""
    head = "from novita_infra.simulator.routes.cloud import (\n"
    block = re.search(rf"{re.escape(head)}((?:    \w+,\n)+)\)", text)
    if block is None:
        raise ValueError(f"{head.strip()!r} is not where the script looks for it")
    names = sorted([*re.findall(r"\w+", block[1]), words["table"]])
    text = text.replace(block[1], "".join(f"    {name},\n" for name in names), 1)
    last = "    *endpoints.OPERATIONS,\n"
    return _changed(text, last, f"{last}    *{words['table']}.OPERATIONS,\n")


def _changed(text: str, old: str, new: str) -> str:
    if old not in text:
        raise ValueError(f"{old.strip()!r} is not where the script looks for it")
    return text.replace(old, new, 1)


def main(arguments: list[str]) -> int:
    """Prints the paths; the exit code."""
    if len(arguments) != 1:
        sys.stderr.write("usage: make new-kind NAME=Subnet\n")
        return 2
    try:
        paths = new_kind(arguments[0])
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write("".join(f"wrote {path}\n" for path in paths) + NEXT + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
