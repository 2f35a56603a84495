"""Writes the skeleton of a new kind of resource: `make new-kind NAME=Subnet`. It needs no installed package.

The kind, its record, behaviour and routes in the simulator, the folder of what the tests know of it, and a changelog
fragment. Nothing else is edited: all of it is found by its place. Then the suite fails and lists what is still to be
written.
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
  1. Replace every WRITE in these files by what the reference of the API says. This lists what is left to write:
       .venv/bin/python -m pytest -q tests/kinds/test_conformance.py -k {type}
  2. Generate the schemas and the reference pages:
       make schemas
  3. Lint, types and import contracts:
       make check
  4. The tests of kinds, of request and answer pairs, of the project, and the journeys:
       .venv/bin/python -m pytest -q -n auto tests/kinds tests/contract tests/schema tests/simulator tests/project
       .venv/bin/python -m pytest -q -n auto tests/journeys tests/test_examples.py -k {words}
       .venv/bin/python -m pytest -q -n auto tests/crash tests/journeys/test_every_field.py -k {type}
  5. Before a pull request:
       make test
docs/adding-a-kind.md describes the parts."""


def new_kind(name: str, root: Path = ROOT) -> list[str]:
    """Writes the files under the root; returns their paths. Raises ValueError where the name cannot be used."""
    if not re.fullmatch(r"[A-Z][A-Za-z]+", name):
        raise ValueError(f"{name!r} is no name of a kind: letters only, the first one a capital, such as Subnet")
    address_type = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()
    spaced = address_type.replace("_", " ")
    words = {
        "name": name,
        "type": address_type,
        "constant": address_type.upper(),
        "table": f"{address_type}s",
        "path": address_type.replace("_", "/"),
        "words": spaced,
        "title": spaced.capitalize(),
        "given": address_type.replace("_", ""),
    }
    texts = {
        f"novita_infra/kinds/{address_type}.py": _filled("kind.py", words),
        f"{SIMULATOR}/world/cloud/{words['table']}.py": _filled("world.py", words),
        f"{SIMULATOR}/routes/cloud/{words['table']}.py": _filled("routes.py", words),
        f"tests/support/kind_facts/{address_type}/__init__.py": _filled("facts.py", words),
        f"tests/support/kind_facts/{address_type}/pairs.yaml": _filled("pairs.yaml", words),
        f"changelog.d/{address_type.replace('_', '-')}.added.md": f"The kind `{name}`, described in "
        f"`docs/reference/{address_type}.md`.\n",
    }
    known = [path for path in texts if (root / path).exists()]
    if known:
        raise ValueError(f"{known[0]} exists: there is a kind {name} already")
    for path, text in texts.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    return list(texts)


def _filled(template: str, words: dict[str, str]) -> str:
    return Template((TEMPLATES / f"{template}.in").read_text(encoding="utf-8")).substitute(words)


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
    kind_type = Path(paths[0]).stem
    words = " or ".join(sorted({kind_type, kind_type.replace("_", "-")}))
    commands = NEXT.format(type=kind_type, words=f"'{words}'")
    sys.stdout.write("".join(f"wrote {path}\n" for path in paths) + commands + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
