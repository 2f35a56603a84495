"""Reads what the names of expressions stand for: variables, the environment, resources and their attributes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from novita_infra.lookups.found import FoundLookup
from novita_infra.manifests.language.language_errors import LanguageError, MissingAt, at_offset
from novita_infra.manifests.language.scope import UNUSABLE, Reported, Scope
from novita_infra.manifests.language.tree import Attribute, Index, Literal, Name, Node, Splat, Step
from novita_infra.model.addresses import KEY, Address
from novita_infra.model.computing.effort import Missing, Uncomputable
from novita_infra.model.computing.types import as_text
from novita_infra.model.diagnostics import first_of, nearest
from novita_infra.model.frozen import dataclass
from novita_infra.model.printable import is_text
from novita_infra.model.values import Ref, Secret, Value, is_secret_name

MODULE: Final = "module"
"""The type of the address of a module."""
ESCAPE: Final = "write $${ for a plain ${"
EXAMPLES: Final = f"one looks like ${{var.x}}, ${{env.X}} or ${{instance.trainer.id}}; {ESCAPE}"
_ONLY: Final = {
    "env": f"the value of a variable may hold ${{env.NAME}}; {ESCAPE}",
    "var": "the rule of a variable is about variables: ${var.NAME}",
}
"""What is allowed where only one name is."""
_OF_SHELL: Final = re.compile(r"[A-Z_][A-Z0-9_]*")
_KEY: Final = re.compile(KEY)
_MOST_KEYS: Final = 12
"""The most keys that a message lists."""


@dataclass(frozen=True, slots=True)
class Addressed:
    """The resources that a reference names."""

    addresses: tuple[Address, ...]
    several: bool
    """Whether it names all of them by `[*]`."""


class Reader:
    """Reads names in a scope, and remembers the resources that were named."""

    def __init__(self, scope: Scope, *, secret: bool) -> None:
        self._scope = scope
        self._secret = secret
        self.needs: set[Address] = set()

    @property
    def resource_types(self) -> Mapping[str, object]:
        """The types whose attributes may be read; none where only the environment may."""
        return {} if self._scope.only else self._scope.resources.attributes

    def plain(self, name: Name, steps: Sequence[Step]) -> tuple[Value, int]:
        """Returns the value of a name that is no resource, and how many steps belong to it. Raises LanguageError."""
        scope = self._scope
        beside = [root for root, reader in (("local", scope.local), ("lookup", scope.lookup)) if reader]
        known = (scope.only,) if scope.only else ("var", "env", *beside, *scope.named)
        if scope.only and name.word != scope.only:
            raise LanguageError(name.at, f'"{name.word}" cannot be used here', _ONLY[scope.only])
        if name.word not in known:
            raise self._unknown(name, steps, known)
        if not steps or not isinstance(steps[0], Attribute):
            at = steps[0].at if steps else name.at
            raise LanguageError(at, f"{name.word} takes a name", f"write {name.word}.NAME; {ESCAPE}")
        word = steps[0].word
        try:
            if name.word == "lookup" and scope.lookup is not None:
                return _shown(scope.lookup(word, scope), steps[1:]), 1
            return self._guarded(self._plain(name.word, word), self._source(name.word, word)), 1
        except Uncomputable as error:
            raise at_offset(error, steps[0].at) from None

    def _source(self, root: str, word: str) -> str:
        """Returns the source of a secret that a name gives. An input of a module has another value for each use."""
        module = self._scope.module if root not in ("env", "project") else ""
        return f"{module}.{root}:{word}" if module else f"{root}:{word}"

    def addresses(self, name: Name, steps: Sequence[Step], value: Callable[[Node], Value]) -> tuple[Addressed, int]:
        """Returns the resources that the first steps name, and how many steps that are. Raises LanguageError."""
        if not steps or not isinstance(steps[0], Attribute):
            raise LanguageError(name.at, f"{name.word} names no resource", f"write {name.word}.NAME.id")
        word, find = steps[0], self._scope.resources.find
        following = steps[1] if len(steps) > 1 else None
        try:
            match following:
                case Splat():
                    base = self._scope.address(name.word, word.word)
                    found = tuple(base.with_key(key) for key in self._scope.resources.keys(base))
                    self._need(found)
                    return Addressed(found, several=True), 2
                case Index():
                    base = self._scope.address(name.word, word.word)
                    address = base.with_key(self._key_of(value(following.key), following.key.at, base))
                case _:
                    address = self._scope.address(name.word, word.word)
            find(address)
        except Uncomputable as error:
            raise at_offset(error, word.at) from None
        self._need((address,))
        return Addressed((address,), several=False), 2 if isinstance(following, Index) else 1

    def _need(self, addresses: Iterable[Address]) -> None:
        """Remembers resources that were named; an output of a module names its own."""
        self.needs.update(address for address in addresses if address.type != MODULE)

    def output(self, address: Address, step: Step | None, name: Name) -> Value:
        """Returns an output of a module. Raises LanguageError and Reported."""
        if not isinstance(step, Attribute):
            raise LanguageError(name.at, f"{address} names no output", f"write {address}.OUTPUT")
        if self._scope.resources.output is None:
            raise Reported
        try:
            value, needs = self._scope.resources.output(address, step.word)
        except Uncomputable as error:
            raise at_offset(error, step.at) from None
        self.needs.update(needs)
        return value

    def attribute(self, name: Name, steps: Sequence[Step], taken: int) -> Attribute:
        """Returns the step that names an attribute or a field. Raises LanguageError if none does."""
        resources, kind = self._scope.resources, name.word
        attributes = resources.attributes[kind]
        step = steps[taken] if len(steps) > taken else None
        if not isinstance(step, Attribute):
            written = f"{kind}.{steps[0].word}" if isinstance(steps[0], Attribute) else kind
            hint = f"write {written}.id; attributes: {', '.join(attributes)}"
            raise LanguageError(name.at, f"{written} names no attribute", hint)
        if step.word not in attributes and step.word not in resources.fields.get(kind, ()):
            known = (*attributes, *resources.fields.get(kind, ()))
            raise LanguageError(step.at, f'{kind} has no attribute "{step.word}"', nearest(step.word, known))
        return step

    def read(self, address: Address, attribute: Attribute) -> Value:
        """Returns the attribute as a Ref, or the declared value of the field. Raises LanguageError and Reported."""
        resources = self._scope.resources
        if attribute.word in resources.attributes[address.type]:
            return Ref(address, attribute.word)
        if resources.read is None:
            raise Reported
        try:
            return resources.read(address, attribute.word)
        except Uncomputable as error:
            raise at_offset(error, attribute.at) from None

    def check_key(self, address: Address, attribute: Attribute, key: Value, at: int) -> None:
        """Raises MissingAt for a key that the attribute of the declared resource will never have."""
        known = self._scope.resources.output_keys(address, attribute.word) if isinstance(key, str) else None
        if known is not None and key not in known:
            hint = f"it has {', '.join(sorted(known))}" if known else "it has none"
            raise MissingAt(at, f'{address}.{attribute.word} has no "{key}"', hint)

    def _plain(self, root: str, word: str) -> Value:
        scope = self._scope
        if root == "env":
            return _of_environment(scope.environ.get(word), word)
        if root == "local" and scope.local is not None:
            value, needs = scope.local(word, scope)
            self.needs.update(needs)
            return value
        if root != "var":
            values = scope.named[root]
            if word not in values:
                raise Uncomputable(f'{root} has no "{word}"', nearest(word, tuple(values)))
            if values[word] is UNUSABLE:
                raise Reported
            return values[word]
        if scope.variables is None:
            raise Reported
        if word not in scope.variables:
            what, where = ("input", "novita-infra-module.yaml") if scope.module else ("variable", "novita-infra.yaml")
            known = nearest(word, tuple(scope.variables)) or f"declare it under {what}s: in {where}"
            unknown = Uncomputable(f'there is no {what} "{word}"', known)
            unknown.cause = f"var.{word}"
            raise unknown
        if scope.variables[word] is None:
            scope.used.add(word)
            raise Reported
        return scope.variables[word]

    def _guarded(self, value: Value, source: str) -> Value:
        """Returns the value, its texts as secrets with their source where a secret is wanted."""
        if not self._secret:
            return value
        match value:
            case str():
                return Secret(value, source)
            case dict():
                return {name: self._guarded(item, f"{source}.{name}") for name, item in value.items()}
            case list():
                return [self._guarded(item, f"{source}.{index}") for index, item in enumerate(value)]
            case _:
                return value

    def _meant(self, word: str) -> str:
        """Returns what a bare word may mean: a variable, or a variable of a shell."""
        for root, known in (("var", self._scope.variables or {}), *self._scope.named.items()):
            if word in known:
                return f"did you mean ${{{root}.{word}}}?"
        if _OF_SHELL.fullmatch(word):
            return f"write ${{env.{word}}} for a variable of this environment, and $${{{word}}} for a plain ${{{word}}}"
        return EXAMPLES

    def _unknown(self, name: Name, steps: Sequence[Step], known: Sequence[str]) -> LanguageError:
        if not steps:
            return LanguageError(name.at, f'"{name.word}" is not an expression', self._meant(name.word))
        if name.word == "each":
            return LanguageError(name.at, "each is used without forEach", "only a document with forEach has keys")
        names = (*known, *self._scope.resources.attributes, MODULE)
        return LanguageError(name.at, f'"{name.word}" is no kind of resource', nearest(name.word, names))

    def _key_of(self, value: Value, at: int, base: Address) -> str:
        """Returns the key of an address. Raises LanguageError if the value is none."""
        if isinstance(value, str) and _KEY.fullmatch(value):
            return value
        keys = [key for key in self._scope.resources.keys(base) if key]
        text = as_text(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else ""
        summary = "the key of a resource is a text that is known before apply and not secret"
        if not keys:
            raise LanguageError(at, summary, f"{base} has no keys")
        one = text if text in keys else keys[0]
        names = first_of([f'"{key}"' for key in keys], _MOST_KEYS)
        raise LanguageError(at, summary, f'write {base}["{one}"], or {base}[*] for all; keys: {names}')


def _shown(found: FoundLookup, steps: Sequence[Step]) -> Value:
    """Returns what a lookup found. Raises LanguageError for an attribute that it withholds."""
    match steps:
        case [Attribute(word=str(name), at=at), *_] | [Index(key=Literal(value=str(name)), at=at), *_]:
            if name in found.withheld:
                raise LanguageError(at, f'lookup.{found.name} gives no "{name}": it {found.withheld[name]}')
    return dict(found.value)


def _of_environment(value: str | None, name: str) -> Value:
    if value is None:
        missing = Missing(f"the environment variable {name} is not set", f"set it: export {name}=...")
        missing.unset = name
        raise missing
    if not is_text(value):
        raise Uncomputable(f"the environment variable {name} is not UTF-8 text")
    return Secret(value, f"env:{name}") if is_secret_name(name) else value
