"""Makes the resources of documents: one for each key of `forEach`, and only those that exist in this environment.

All resources of a document share its data. Every error of `forEach`, `enabled` and `environments` is reported here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import field, replace
from typing import Any, Final

from novita_infra.kinds.kind import NAME
from novita_infra.manifests.language.interpolation import Interpolation
from novita_infra.manifests.language.reading import MODULE
from novita_infra.manifests.language.scope import UNUSABLE, DeclaredResources, Scope
from novita_infra.manifests.resources.fields import ATTRIBUTES, FIELDS
from novita_infra.manifests.resources.names import Absence, DeclaredNames
from novita_infra.manifests.validation.documents import IdentifiedDocument
from novita_infra.manifests.validation.subject import kind_of
from novita_infra.manifests.yaml.composing import Document
from novita_infra.manifests.yaml.positions import Position, inside, key_origin, origin, position_at, with_item
from novita_infra.manifests.yaml.source_text import Sources
from novita_infra.model.addresses import Address, never_in_key
from novita_infra.model.computing.effort import Uncomputable
from novita_infra.model.computing.types import as_text
from novita_infra.model.diagnostics import Diagnostic, nearest
from novita_infra.model.frozen import dataclass
from novita_infra.model.printable import is_text, shortened
from novita_infra.model.values import Computation, Digest, Ref, Secret, Value, refs

FOR_EACH: Final = "forEach"
ENABLED: Final = "enabled"
ENVIRONMENTS: Final = "environments"
BESIDE_SPEC: Final = (FOR_EACH, ENABLED, ENVIRONMENTS)
"""The keys of a document that decide which resources it makes."""

_HINT: Final = (
    "forEach is a map, a list of texts, or an expression that gives one, such as ${var.regions} or ${range(8)}"
)
_EARLY: Final = "take what forEach and enabled use from variables: they decide which resources there are"


@dataclass(frozen=True, slots=True)
class Expanded:
    """The resources of one document."""

    document: IdentifiedDocument
    """Without what decides which resources it makes."""
    items: tuple[IdentifiedDocument, ...]
    """Those that exist here, each with its key."""
    usable: bool = True
    """Whether its keys are known. If not, the one item stands for them, and its errors are those of all."""


@dataclass(frozen=True, slots=True)
class Expanding:
    """Makes the resources of documents. Errors are added to `diagnostics`."""

    scope: Scope
    """The names that `forEach` and `enabled` may use, apart from resources."""
    sources: Sources
    environments: Collection[str]
    """The environments of the project. The chosen one is in the scope."""
    names: DeclaredNames
    """Where the addresses are added, those without an object included."""
    diagnostics: list[Diagnostic]
    needed: list[tuple[Address, Position]] = field(default_factory=list)
    """The resources that the values of a `forEach` name, with its place."""

    def expand(self, identified: IdentifiedDocument) -> Expanded:
        """Returns the resources of one document."""
        document, base = identified.document, identified.address
        if document.data.keys().isdisjoint(BESIDE_SPEC):
            self.names.add(base)
            return Expanded(identified, (with_name(identified),))
        data = {name: item for name, item in document.data.items() if name not in BESIDE_SPEC}
        body = replace(identified, document=replace(document, data=data))
        position = document.position
        chosen = self.scope.named["environment"]["name"]
        absence, errors = absence_here(document.data, position, chosen=chosen, known=self.environments)
        self.diagnostics.extend(errors)
        if absence is not None:
            self.names.add_absent(base, absence)
            return Expanded(body, ())
        if FOR_EACH not in document.data:
            absence = self._disabled(document.data, position, self._scope())
            if absence is not None:
                self.names.add_absent(base, absence)
                return Expanded(body, ())
            self.names.add(base)
            return Expanded(body, (with_name(body),))
        pairs = self._pairs(document.data[FOR_EACH], inside(position, FOR_EACH))
        if pairs is None:
            self.names.add_unknown(base)
            each = {"key": UNUSABLE, "value": UNUSABLE}
            return Expanded(body, (with_name(replace(body, each=each)),), usable=False)
        items = []
        for key, value in pairs.items():
            each = {"key": key, "value": value}
            absence = self._disabled(document.data, position, self._scope(each))
            if absence is None:
                items.append(replace(body, address=base.with_key(key), each=each))
            else:
                self.names.add_absent(base.with_key(key), absence)
        self.names.add_keys(base, [item.address.key for item in items], key_origin(inside(position, FOR_EACH)))
        return Expanded(body, tuple(self._with_names(items, body, inside(position, FOR_EACH))))

    def look_up_needed(self) -> None:
        """Reports the resources that a `forEach` names and that do not exist. All documents are expanded then."""
        for address, position in self.needed:
            try:
                self.names.find(address)
            except Uncomputable as error:
                self._tell(error.summary, error.hint, position)

    # --- keys -----------------------------------------------------------------------------------------------------

    def _pairs(self, written: Any, position: Position) -> dict[str, Value] | None:
        """Returns the keys with their values; None if there is an error."""
        found = self._evaluated(written, position, self._scope(), name=FOR_EACH)
        if found is UNUSABLE:
            return None
        match found:
            case dict():
                pairs = [(name, value, inside(position, name)) for name, value in found.items()]
            case list():
                pairs = [(item, item, inside(position, index)) for index, item in enumerate(found)]
            case _:
                self._tell(f"forEach {_unfit(found)}", _HINT, position)
                return None
        keys: dict[str, Value] = {}
        sound = True
        for item, value, place in pairs:
            key = self._key(item, place)
            if key is not None and key in keys:
                self._tell(f"forEach has the key {_quoted(key)} twice", "a key names one resource", place)
                key = None
            if key is None:
                sound = False
            else:
                keys[key] = value
        return keys if sound else None

    def _key(self, item: Value, position: Position) -> str | None:
        """Returns the text of a key; None if there is an error."""
        if isinstance(item, (int, float)) and not isinstance(item, bool):
            return as_text(item)
        if not isinstance(item, str):
            self._tell(f"a key of forEach {_unfit(item)}", "a key is a text or a number", position)
        elif not item:
            self._tell("a key of forEach is empty", "a key is part of the address", position)
        elif character := never_in_key(item):
            why = f"the key {_quoted(item)} of forEach holds {_named(character)}"
            self._tell(why, 'an address can hold neither ", nor ], nor control characters', position)
        elif not is_text(item):
            self._tell("a key of forEach is not UTF-8 text", "a key is part of the address", position)
        else:
            return item
        return None

    def _with_names(
        self, items: Sequence[IdentifiedDocument], body: IdentifiedDocument, position: Position
    ) -> Iterable[IdentifiedDocument]:
        """Yields the items with the default names of their objects; each name belongs to one key."""
        if not items or not _lacks_name(body):
            yield from items
            return
        shared = _position_with_name(body.document.position)
        longest = body.kind.by_name[NAME].schema.get("maxLength", 255)
        taken: dict[str, str] = {}
        for item in items:
            key = item.address.key
            name = item.address.object_name
            hint = "write a name: into the spec, such as name: ${each.key}"
            if name == f"{item.address.name}-":
                self._tell(f"the key {_quoted(key)} gives no name for its object", hint, position)
            elif len(name) > longest:
                why = f'the key {_quoted(key)} gives the name "{name}", which is longer than {longest} characters'
                self._tell(why, hint, position)
            elif name in taken:
                why = f'the keys {_quoted(taken[name])} and {_quoted(key)} both give the name "{name}"'
                self._tell(why, hint, position)
            taken.setdefault(name, key)
            yield _named_document(item, name[:longest], shared)

    # --- existence ------------------------------------------------------------------------------------------------

    def _disabled(self, data: Mapping[str, Any], position: Position, scope: Scope) -> Absence | None:
        """Returns why the resource is disabled; None if it is not."""
        if ENABLED not in data:
            return None
        place = inside(position, ENABLED)
        found = self._evaluated(data[ENABLED], place, scope, name=ENABLED)
        if found is UNUSABLE or found is True:
            return None
        if found is False:
            return Absence("it is disabled", key_origin(place))
        self._tell(f"enabled {_unfit(found)}", "it is true or false, such as ${var.monitoring}", place)
        return None

    # --- values ---------------------------------------------------------------------------------------------------

    def _scope(self, each: Mapping[str, Value] | None = None) -> Scope:
        return early_scope(self.scope).within(each)

    def _evaluated(self, written: Any, position: Position, scope: Scope, *, name: str) -> Value:
        """Returns the value; UNUSABLE if it has none, or is not known before apply. That is reported."""
        found: list[Diagnostic] = []
        needs: set[Address] = set()
        interpolated = Interpolation(scope, self.sources, found, needs=needs).of(written, position)
        self.diagnostics.extend(item if item.unasked else replace(item, unset="") for item in found)
        if found or interpolated.unusable:
            if not found and self.scope.lenient:
                self._tell(f"{name} has no value", "set the variable that it uses", position)
            return UNUSABLE
        if isinstance(interpolated.values, (Ref, Computation)) and (waits := refs(interpolated.values)):
            self._tell(f"{name} is known only after apply: it uses {waits[0]}", _EARLY, position)
            return UNUSABLE
        self.needed.extend((address, position) for address in sorted(needs))
        return interpolated.values

    def _tell(self, summary: str, hint: str, position: Position) -> None:
        self.diagnostics.append(Diagnostic(summary, hint, origin=origin(position)))


def absence_here(
    data: Mapping[str, Any], position: Position, *, chosen: str, known: Collection[str]
) -> tuple[Absence | None, list[Diagnostic]]:
    """Returns why what is written there does not exist in the chosen environment, and the errors of `environments:`.

    None if it exists there. `known` are the environments of the project.
    """
    if ENVIRONMENTS not in data:
        return None, []
    listed, position = data[ENVIRONMENTS], inside(position, ENVIRONMENTS)
    if not isinstance(listed, list) or not listed:
        hint = "such as environments: [prod]"
        return None, [Diagnostic("environments wants a list of names", hint, origin=origin(position))]
    errors = []
    for index, name in enumerate(listed):
        if not isinstance(name, str) or name not in known:
            summary = f"there is no environment {_quoted(name)}" if isinstance(name, str) else "this is no name"
            errors.append(
                Diagnostic(summary, nearest(str(name), sorted(known)), origin=origin(inside(position, index)))
            )
    absent = chosen not in listed
    return Absence(f"its environments leave out {chosen}", key_origin(position)) if absent else None, errors


def early_scope(scope: Scope) -> Scope:
    """Returns the scope in which resources have no fields: it is not known yet which ones there are."""
    return replace(scope, resources=_EARLY_RESOURCES, lenient=False)


def with_name(identified: IdentifiedDocument) -> IdentifiedDocument:
    """Returns the document with the resource's name as `spec.name`, if the kind has that field and it is omitted."""
    if not _lacks_name(identified):
        return identified
    position = _position_with_name(identified.document.position)
    return _named_document(identified, identified.address.object_name, position)


def _lacks_name(identified: IdentifiedDocument) -> bool:
    spec = identified.document.data.get("spec")
    if not isinstance(spec, dict) or NAME in spec or identified.address.type == MODULE:
        return False
    return NAME in identified.kind.by_name


def _position_with_name(position: Position) -> Position:
    name = position_at(position, ("metadata", "name"))
    return with_item(position, "spec", with_item(inside(position, "spec"), NAME, name))


def _named_document(identified: IdentifiedDocument, name: str, position: Position) -> IdentifiedDocument:
    document = identified.document
    data = {**document.data, "spec": {NAME: name, **document.data["spec"]}}
    named = Document(document.file, data, position, document.expressions)
    return IdentifiedDocument(named, identified.kind, identified.address, identified.each)


def _refuse(*_: object) -> Any:
    raise Uncomputable("this is no place for the fields of resources", _EARLY)


_EARLY_RESOURCES: Final = DeclaredResources(
    attributes=ATTRIBUTES, fields=FIELDS, read=_refuse, keys=_refuse, output=_refuse, early=True
)
"""One for all scopes, so that a local value is computed once for all documents."""


def _unfit(value: Value) -> str:
    """Returns why a value is no boolean, no key, and no list of keys, to be read after its name."""
    match value:
        case Secret() | Digest():
            return "is secret, and it would be shown"
        case Ref() | Computation():
            waits = refs(value)
            return f"is known only after apply: it uses {waits[0]}" if waits else "is secret, and it would be shown"
        case None:
            return "is empty"
        case _:
            return f"is {kind_of(value)}"


def _quoted(text: str) -> str:
    return f'"{shortened(text)}"'


def _named(character: str) -> str:
    return character if character.isprintable() else f"the control character U+{ord(character):04X}"
