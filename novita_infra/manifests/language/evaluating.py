"""Evaluates parsed expressions in a scope. Values are computed, and never evaluated again."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from novita_infra.manifests.language.files import read_project_file
from novita_infra.manifests.language.language_errors import LanguageError, at_offset
from novita_infra.manifests.language.reading import MODULE, Reader
from novita_infra.manifests.language.scope import Reported, Scope
from novita_infra.manifests.language.tree import (
    Apply,
    Attribute,
    Index,
    Literal,
    Name,
    Node,
    Splat,
    Step,
)
from novita_infra.model.addresses import Address
from novita_infra.model.computing.compute import LAZY, compute
from novita_infra.model.computing.effort import Effort, Uncomputable
from novita_infra.model.computing.types import type_words
from novita_infra.model.values import Computation, Ref, Value, is_known, is_secret


class Evaluator:
    """Evaluates the expressions of one string."""

    def __init__(self, scope: Scope, *, secret: bool = False) -> None:
        """With `secret`, every text of a variable and of the environment is a Secret."""
        self._scope = scope
        self._effort = Effort()
        self._reader = Reader(scope, secret=secret)

    @property
    def needs(self) -> set[Address]:
        """The resources that were named."""
        return self._reader.needs

    def value(self, node: Node) -> Value:
        """Returns the value of a node. Raises LanguageError and Reported."""
        match node:
            case Literal(value=value):
                return value
            case Apply():
                return self._applied(node)
            case _:
                return self._chain(node)

    def apply(self, at: int, function: str, *arguments: Value) -> Value:
        """Returns the result for these values. Raises LanguageError at the offset."""
        return self._computed(at, function, [partial(_same, item) for item in arguments])

    def _applied(self, node: Apply) -> Value:
        if node.function == "file":
            return self._file(node)
        arguments = [partial(self.value, item) for item in node.arguments]
        if node.function not in LAZY:
            arguments = [partial(_same, value) for value in self._all(arguments)]
        return self._computed(node.at, node.function, arguments)

    def _all(self, arguments: Sequence[partial[Value]]) -> list[Value]:
        """Returns the values of all arguments. Raises the first error, which holds the others, and Reported."""
        values: list[Value] = []
        errors: list[LanguageError] = []
        reported = False
        for argument in arguments:
            try:
                values.append(argument())
            except LanguageError as error:
                errors += (error, *error.others)
            except Reported:
                reported = True
        if errors:
            errors[0].others = tuple(errors[1:])
            raise errors[0]
        if reported:
            raise Reported
        return values

    def _computed(self, at: int, function: str, arguments: Sequence[partial[Value]]) -> Value:
        try:
            return compute(function, arguments, self._effort)
        except Uncomputable as error:
            raise at_offset(error, at) from None

    def _chain(self, node: Node) -> Value:
        """Evaluates `root.a["b"][0]`: the root takes the steps that belong to it, the others look into its value."""
        steps: list[Step] = []
        while isinstance(node, (Attribute, Index, Splat)):
            steps.append(node)
            node = node.target
        steps.reverse()
        if not isinstance(node, Name):
            return self._walked(self.value(node), steps)
        try:
            return self._named(node, steps)
        except Uncomputable as error:
            raise at_offset(error, node.at) from None

    def _named(self, name: Name, steps: list[Step]) -> Value:
        reader = self._reader
        if name.word == MODULE and reader.resource_types:
            return self._output(name, steps)
        if name.word not in reader.resource_types:
            value, taken = reader.plain(name, steps)
            return self._walked(value, steps[taken:])
        found, taken = reader.addresses(name, steps, self.value)
        attribute = reader.attribute(name, steps, taken)
        values = [reader.read(address, attribute) for address in found.addresses]
        rest = steps[taken + 1 :]
        if rest and not isinstance(rest[0], Splat) and any(isinstance(value, Ref) for value in values):
            key = self._key(rest[0])
            for address in found.addresses:
                reader.check_key(address, attribute, key, rest[0].at)
        if found.several:
            return [self._walked(value, rest) for value in values]
        return self._walked(values[0], rest)

    def _output(self, name: Name, steps: list[Step]) -> Value:
        """Returns an output of a module, or the list of it for all keys of one."""
        found, taken = self._reader.addresses(name, steps, self.value)
        step, rest = (steps[taken] if len(steps) > taken else None), steps[taken + 1 :]
        values = [self._walked(self._reader.output(address, step, name), rest) for address in found.addresses]
        return values if found.several else values[0]

    def _walked(self, value: Value, steps: Sequence[Step]) -> Value:
        """Returns what the steps lead to from the value."""
        for number, step in enumerate(steps):
            if isinstance(step, Splat):
                return self._each(value, step, steps[number + 1 :])
            value = self.apply(step.at, "[]", value, self._key(step))
        return value

    def _each(self, value: Value, splat: Splat, rest: Sequence[Step]) -> Value:
        if isinstance(value, list):
            self._effort_for(splat, len(value))
            return [self._walked(item, rest) for item in value]
        if not isinstance(value, (Ref, Computation)):
            raise LanguageError(splat.at, f"[*] wants a list, not {type_words(value)}")
        keys = []
        for step in rest:
            if isinstance(step, Splat):
                raise LanguageError(step.at, "a second [*] cannot follow a list that is known only after apply")
            keys.append(self._key(step))
        return self.apply(splat.at, "[*]", value, *keys)

    def _effort_for(self, splat: Splat, size: int) -> None:
        try:
            self._effort.spend(size)
        except Uncomputable as error:
            raise at_offset(error, splat.at) from None

    def _key(self, step: Attribute | Index) -> Value:
        return step.word if isinstance(step, Attribute) else self.value(step.key)

    def _file(self, node: Apply) -> Value:
        """Reads a file of the project: the path must be known, and the text is never evaluated."""
        if len(node.arguments) != 1:
            raise LanguageError(node.at, f"file takes 1 argument, not {len(node.arguments)}", "write file(path)")
        path = self.value(node.arguments[0])
        at = node.arguments[0].at
        if not is_known(path) or is_secret(path) or not isinstance(path, str):
            raise LanguageError(at, "file wants a path that is known and not secret", 'such as file("setup.sh")')
        try:
            text = read_project_file(self._scope.folder, path)
            self._effort.spend(len(text))
        except Uncomputable as error:
            raise at_offset(error, at) from None
        return text


def _same(value: Value) -> Value:
    return value
