"""The reference page of errors: the exit codes, the refusals of the API, the sorts of findings, and the messages.

`python -m novita_infra.cli.pages.errors_page FILE` writes it. The messages are read from the source, where they are
made: a message cannot be added without a line on the page.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final, NamedTuple

import novita_infra
from novita_infra.api import errors
from novita_infra.api.error_mapping import known_reasons
from novita_infra.api.errors import BLOCKING, ApiError
from novita_infra.cli.commands.main import plan as plan_command
from novita_infra.cli.lazy import EXIT_ERROR, EXIT_INTERRUPTED
from novita_infra.model import diagnostics
from novita_infra.model.diagnostics import EXIT_BLOCKED, EXIT_OVER_BUDGET, EXIT_REFUSED
from novita_infra.views.reports.report import RULES

_HEAD: Final = """\
# Errors

Generated from the code by `make schemas`. What the program says when something is wrong, and what to do then. In the
middle of the night, begin with [the handbook](../handbook.md). [The reference](index.md).

Every message says where, what is wrong, what is allowed, and what to type next. All mistakes are reported at once. No
message holds a secret. What was under way when a command ended is recorded: run the same command again.

## Exit codes

| Code | Means | What to do |
| --- | --- | --- |
"""
_CODES: Final[tuple[tuple[int, str, str], ...]] = (
    (0, "done, or nothing to do", "nothing"),
    (EXIT_ERROR, "an error; what was done before it is recorded", "read the message, and run the same command again"),
    (
        plan_command.EXIT_CHANGES,
        "there are changes: with `plan --detailed-exitcode`. Other commands that look for something give it where "
        "they found some, with the same option: idle machines, orphans. `fmt --check`: a file is not formatted",
        "look at the plan or the list",
    ),
    (plan_command.EXIT_DRIFT, "drift and no other changes", "`novita-infra drift` names the cause of each"),
    (
        EXIT_BLOCKED,
        "blocked: no capacity, no quota, no money. `wait`: the time is over",
        "ask for something else, or run it again later",
    ),
    (
        EXIT_REFUSED,
        "refused: by a policy, a protection, a loss of data that nobody permitted, a doubtful owner, or a state that "
        "may not be the newest",
        "the message names the option that permits it; look before you use it",
    ),
    (EXIT_OVER_BUDGET, "over a budget", "plan less, or raise the budget in the project file"),
    (EXIT_INTERRUPTED, "interrupted by Ctrl-C or SIGTERM; running calls were awaited", "run the same command again"),
)
_ADVICE: Final[Mapping[type[ApiError], str]] = {
    errors.Refused: "correct the value that the answer names",
    errors.NotFound: "`novita-infra drift` shows whether it was deleted; the next apply makes what is declared",
    errors.InUse: "the run has tried for a while; `novita-infra graph` shows what uses it",
    errors.Busy: "the run has tried for a while; run the same command again in some minutes",
}
"""What to do where the message itself depends on the call."""
_AREAS: Final[Mapping[str, str]] = {
    "manifests": "Manifests, variables, modules and secrets",
    "lookups": "Lookups",
    "kinds": "Kinds of resources",
    "planning": "Plans",
    "policies": "Policies",
    "operations": "Commands and what they work on",
    "account": "Account",
    "catalogue": "Products and places",
    "inference": "Models and endpoints",
    "batches": "Batches",
    "state": "States, locks and their backends",
    "refresh": "Reading the account",
    "applying": "Applying",
    "api": "The API and the network",
    "forges": "GitHub and GitLab",
    "programs": "Programs of others",
    "encoding": "Files and texts",
    "cli": "Options and arguments",
    "views": "Output",
    "schema": "Schemas",
    "library": "The Python library",
    "simulator": "The simulator",
    "testing": "Scenarios and test helpers",
}
"""The packages whose messages people see, by what these are about. One without a name here stops `make schemas`."""
_MAKERS: Final = frozenset({"Diagnostic", "problem"})
"""What makes a message; its first argument is what is wrong, its second what to do."""


class Message(NamedTuple):
    """A message as it stands in the source, with PLACEHOLDERS for what it quotes."""

    area: str
    """The package."""
    summary: str
    hint: str
    code: int | None
    """The exit code; None for a warning."""


def errors_page() -> str:
    """The page."""
    return _HEAD + "\n".join([*_codes(), *_refusals(), *_findings(), *_messages()]) + "\n"


def _codes() -> Iterator[str]:
    yield from (f"| {code} | {means} | {advice} |" for code, means, advice in _CODES)


def _refusals() -> Iterator[str]:
    yield from ("", "## What the API answers", "")
    yield "The message names the call, the reason in the words of the API, and how often it was tried."
    yield from (
        "",
        "| Error | Means | What to do | Exit code | Reasons of the API |",
        "| --- | --- | --- | --- | --- |",
    )
    for kind in _descendants(ApiError):
        means = (kind.__doc__ or "").strip().partition("\n")[0]
        code = EXIT_BLOCKED if issubclass(kind, BLOCKING) else EXIT_ERROR
        reasons = ", ".join(f"`{reason}`" for reason in known_reasons(kind))
        advice = kind.advice or _ADVICE[kind]
        yield f"| {kind.__name__} | {_cell(means)} | {_cell(advice)} | {code} | {reasons} |"


def _descendants(kind: type[ApiError]) -> Iterator[type[ApiError]]:
    """The classes of the module in the order of their tree."""
    for inner in kind.__subclasses__():
        if inner.__module__ == errors.__name__:
            yield inner
            yield from _descendants(inner)


def _findings() -> Iterator[str]:
    yield from ("", "## Sorts of findings", "")
    yield "The rule of a finding in SARIF, JUnit and code quality reports. It stays the same in later versions."
    yield from ("", "| Rule | Title | Means |", "| --- | --- | --- |")
    yield from (f"| `{rule.id}` | {_cell(rule.title)} | {_cell(rule.help)} |" for rule in RULES)
    yield "| `policy/NAME` | A policy of the project | The policy speaks against the plan. |"


def _messages() -> Iterator[str]:
    found = messages()
    if without := unknown_areas(found):
        raise LookupError(f"name what the messages of these packages are about: {', '.join(sorted(without))}")
    yield from ("", "## Messages", "")
    yield "Words in capitals stand for what a message quotes, and … for a longer part. Search for the words between."
    yield "What is said of one field, option or command is not here: it names what is allowed there."
    for area, title in _AREAS.items():
        of_area = {item for item in found if item.area == area}
        rows = sorted(of_area, key=lambda item: (item.summary.lower(), item.hint, item.code or 0))
        if rows:
            yield from ("", f"### {title}", "", "| Message | What to do | Exit code |", "| --- | --- | --- |")
        for item in rows:
            yield f"| {_cell(item.summary)} | {_cell(item.hint)} | {'warning' if item.code is None else item.code} |"


def messages() -> list[Message]:
    """The messages whose words stand where they are made, or in a name before."""
    top = Path(novita_infra.__file__).parent
    return [
        item
        for path in sorted(top.rglob("*.py"))
        for item in messages_in(path.relative_to(top).parts[0], path.read_text(encoding="utf-8"))
    ]


def messages_in(area: str, source: str) -> Iterator[Message]:
    """The messages that one module makes, in its order."""
    tree = ast.parse(source)
    texts = _assigned(tree.body)  # its constants
    nodes = [*ast.walk(tree)]
    calls = [node for node in nodes if isinstance(node, ast.Call)]
    functions = [node for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    statements = sorted((node for node in nodes if isinstance(node, ast.Assign | ast.AnnAssign)), key=_line)
    for call in sorted(calls, key=lambda call: (call.lineno, call.col_offset)):
        if isinstance(call.func, ast.Name) and call.func.id in _MAKERS and call.args:
            first = min((part.lineno for part in functions if _spans(part, call)), default=call.lineno)
            known = texts | _assigned((node for node in statements if first < node.lineno < call.lineno), texts)
            named = {word.arg: word.value for word in call.keywords}
            hint = call.args[1] if len(call.args) > 1 else named.get("hint")
            if summary := _words(call.args[0], known):
                yield Message(area, summary, _words(hint, known) if hint else "", _code(named))


def _line(node: ast.stmt) -> int:
    return node.lineno


def _spans(part: ast.stmt, call: ast.Call) -> bool:
    return part.lineno <= call.lineno <= (part.end_lineno or 0)


def _assigned(statements: Iterable[ast.stmt], known: Mapping[str, str] = MappingProxyType({})) -> dict[str, str]:
    """The names that the statements give to texts; the last one counts."""
    found: dict[str, str] = {}
    for node in statements:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                if isinstance(target, ast.Name) and (text := _words(node.value, {**known, **found})):
                    found[target.id] = text
    return found


def _code(named: Mapping[str | None, ast.expr]) -> int | None:
    if "severity" in named and ast.unparse(named["severity"]) == "Severity.WARNING":
        return None
    code = named.get("code")
    return int(getattr(diagnostics, code.id)) if isinstance(code, ast.Name) and code.id.isupper() else EXIT_ERROR


def _words(node: ast.expr, constants: Mapping[str, str]) -> str:
    """The text of an expression; empty where its words stand elsewhere."""
    match node:
        case ast.Constant(value=str() as text):
            return text
        case ast.JoinedStr(values=parts):
            text = "".join(_words(part, constants) or _placeholder(part) for part in parts)
            text = re.sub("(?<=[a-z])(?=[A-Z…])", " ", text)  # an ending that is not always there
            return text if re.search("[a-z]{2}", text) else ""
        case ast.FormattedValue(value=ast.Name(id=name)) | ast.Name(id=name):
            return constants.get(name, "")
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return (_words(left, constants) or "…") + (_words(right, constants) or "…")
        case ast.IfExp(body=body, orelse=orelse):
            return " / ".join(filter(None, (_words(body, constants), _words(orelse, constants))))
    return ""


def _placeholder(node: ast.expr) -> str:
    value = node.value if isinstance(node, ast.FormattedValue) else node
    match value:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name.strip("_").upper()
    return "…"


def _cell(text: str) -> str:
    """The text in a table of Markdown."""
    parts = " ".join(text.split()).split("`")
    for at in range(0, len(parts), 2):  # what is not code
        parts[at] = re.sub(r"([<>*_\[\]\\$])", r"\\\1", parts[at])
    return "`".join(parts).replace("|", "\\|")


def unknown_areas(found: Iterable[Message]) -> set[str]:
    """The packages with messages that have no part of the page."""
    return {item.area for item in found} - set(_AREAS)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(errors_page(), encoding="utf-8")
