"""Finds what the expressions in a written value refer to, as text. It evaluates nothing and reports nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from novita_infra.manifests.language.expressions import OPENING, pieces_of
from novita_infra.manifests.language.tree import Apply, Attribute, Expression, Index, Literal, Name, Node, Splat, Step


def references_in(value: Any) -> tuple[str, ...]:
    """The references inside a written value, each once, as Terraform lists them: `vpc.net.id`, then `vpc.net`."""
    found: dict[str, None] = {}
    for text in _texts(value):
        for name, steps in _chains(text):
            words = [name.word, *_words(steps)]
            subject = 3 if len(words) > 2 and words[2].startswith('["') else 2
            if len(words) > 1:
                found.update(dict.fromkeys(("".join(words), "".join(words[:subject]))))
    return tuple(found)


def names_in(value: Any) -> Iterator[tuple[str, str]]:
    """Yields the first two words of each reference inside a value: `var` and `region`, `instance` and `trainer`."""
    for text in _texts(value):
        for name, steps in _chains(text):
            if steps and isinstance(steps[0], Attribute):
                yield name.word, steps[0].word


def _texts(value: Any) -> Iterator[str]:
    """Yields the texts inside a value that may hold expressions."""
    match value:
        case str() if OPENING in value:
            yield value
        case dict():
            for item in value.values():
                yield from _texts(item)
        case list():
            for item in value:
                yield from _texts(item)


def _chains(text: str) -> Iterator[tuple[Name, list[Step]]]:
    """Yields the name and the steps of each reference in a text, in the order of the text."""
    waiting: list[Node] = [piece.root for piece in pieces_of(text) if isinstance(piece, Expression)][::-1]
    while waiting:
        node, steps = waiting.pop(), []
        while isinstance(node, (Attribute, Index, Splat)):
            steps.append(node)
            node = node.target
        waiting += [step.key for step in steps if isinstance(step, Index)]
        match node:
            case Name():
                yield node, steps[::-1]
            case Apply(arguments=arguments):
                waiting += reversed(arguments)
            case _:
                pass


def _words(steps: list[Step]) -> Iterator[str]:
    """Yields the steps as they are written, up to a key that is computed."""
    for step in steps:
        match step:
            case Attribute(word=word):
                yield f".{word}"
            case Splat():
                yield "[*]"
            case Index(key=Literal(value=str() as key)):
                yield f'["{key}"]'
            case Index(key=Literal(value=int() as position)):
                yield f"[{position}]"
            case _:
                return
