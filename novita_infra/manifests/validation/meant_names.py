"""Says what is meant by a field that a schema does not know: where it stands, or what another tool means by it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from novita_infra.kinds.toolkit.other_words import meant_field, plain_word
from novita_infra.manifests.validation.subject import Subject
from novita_infra.manifests.yaml.positions import Path

_BESIDE_SPEC: Final = frozenset({"lifecycle", "metadata", "labels"})
"""Fields that users write into a spec although they belong beside it."""

_REPETITION: Final = "write forEach: ${range(3)} beside spec"
_AFTER: Final = "write lifecycle: {dependsOn: [TYPE.NAME]}"
_OTHER_WORDS: Final[dict[tuple[str, str], str]] = {
    **{(part, word): _REPETITION for part in ("", "spec") for word in ("count", "replicas", "foreach")},
    **{(part, word): _AFTER for part in ("", "spec") for word in ("dependson", "needs", "after")},
    ("lifecycle", "preventdestroy"): "write protect: true",
    ("lifecycle", "forcedestroy"): "plan with --allow-data-loss",
    ("metadata", "annotations"): "write labels",
    ("metadata", "tags"): "write labels",
    ("metadata", "namespace"): "there are no namespaces; novita-infra.yaml declares environments",
}
"""What users of Terraform and Kubernetes write, by the part of the document and the plain word: what to write here."""
_SPEC: Final = "spec"
_INPUTS: Final = "inputs"
_LIKE_INPUTS: Final = frozenset({"variables", "vars", "parameters"})
"""What users of other tools call the inputs of a module."""


def of_module(name: str, properties: Mapping[str, Any]) -> str:
    """Returns where an unknown name of a document about a module belongs; empty in other documents."""
    inner = properties.get(_SPEC, {}).get("properties", {})
    word = _INPUTS if name in _LIKE_INPUTS else name
    if _INPUTS in inner and word in inner:
        return "it belongs into spec" if word == name else f"it belongs into spec, as {word}"
    return f'did you mean "{word}"?' if word != name and word in properties else ""


def meant(name: str, path: Path, subject: Subject) -> str:
    """Returns where an unknown name stands, or what another tool means by it; empty if that is not known."""
    if not subject.fields:
        return ""
    if path == ("spec",) and name in _BESIDE_SPEC:
        return f"{name} stands beside spec, not in it"
    if path in ((), ("metadata",)) and name in subject.fields:
        return f"{name} stands in spec"
    if path == ("metadata",) and name == "spec":
        return "spec stands beside metadata, not in it"
    word = _OTHER_WORDS.get((str(path[0]) if path else "", plain_word(name)), "")
    return word or (meant_field(name, subject.fields.values()) if path == ("spec",) else "")
