"""The manifests of a project in Terraform's plan representation: `variables`, `configuration`, `relevant_attributes`.

A secret and the value of a secret variable are `(secret)`. An expression shows only what it refers to. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from novita_infra.kinds import KINDS
from novita_infra.manifests.language.references import references_in
from novita_infra.manifests.language.variable_types import may_be_secret
from novita_infra.manifests.modules.interface import OUTPUTS, UseOfModule
from novita_infra.manifests.modules.use import INPUTS, SOURCE, in_use
from novita_infra.manifests.project.loading import Project
from novita_infra.model.addresses import Address
from novita_infra.model.resources import Declared
from novita_infra.model.values import Value, is_secret_name, leaves, refs
from novita_infra.planning.plan.configuration import (
    Configuration,
    WrittenModule,
    WrittenResource,
    WrittenValue,
    WrittenVariable,
)
from novita_infra.views.formats.json.values import PROVIDER, Json, named, sensitive, shown_json

_ADDRESS: Final = re.compile(r'\w+\.[\w-]+(?:\["[^"]*"\])?')
_ATTRIBUTE: Final = re.compile(r'(?P<subject>\w+\.[\w-]+(?:\["[^"]*"\])?)\.(?P<path>.+)')
_PART: Final = re.compile(r'[^.\["\]]+')


def configuration_of(project: Project) -> Configuration:
    """What the manifests of the project declare, without secrets."""
    written = project.written
    modules = written.modules()
    documents = {
        **written.documents,
        **{name: data for item in modules.values() for name, data in item.documents.items()},
    }
    first: dict[Address, Declared] = {}
    for item in project.declared:
        first.setdefault(item.address.unkeyed, item)
    return Configuration(
        variables={name: _variable(project, name, item) for name, item in sorted(written.variables.items())},
        resources=tuple(_resource(address, item, documents.get(address) or {}) for address, item in first.items()),
        outputs={name: _value(value, written.outputs.get(name)) for name, value in sorted(project.outputs.items())},
        modules=tuple(_module(address, item) for address, item in modules.items()),
    )


def variables_json(configuration: Configuration) -> Json:
    """The values of the variables."""
    return {name: {"value": item.value} for name, item in configuration.variables.items()}


def configuration_json(configuration: Configuration) -> Json:
    """The manifests in Terraform's representation of a configuration."""
    inside: dict[str, list[WrittenResource]] = {}
    for resource in configuration.resources:
        inside.setdefault(resource.address.module, []).append(resource)

    def module(address: str, variables: Mapping[str, WrittenVariable], outputs: Mapping[str, WrittenValue]) -> Json:
        parts: Json = {
            "outputs": {
                name: {"expression": _expression(item), **({"sensitive": True} if item.secret else {})}
                for name, item in outputs.items()
            },
            "resources": [_resource_json(item) for item in inside.get(address, ())],
            "variables": {name: _variable_json(item) for name, item in variables.items()},
            "module_calls": {item.address.name: call(item) for item in calls.get(address, ())},
        }
        return {name: part for name, part in parts.items() if part}

    def call(item: WrittenModule) -> Json:
        return {
            "source": item.source,
            "expressions": {name: _expression(value) for name, value in item.expressions.items()},
            **({"for_each_expression": _expression(item.for_each)} if item.for_each else {}),
            "module": module(str(item.address), item.variables, item.outputs),
        }

    calls: dict[str, list[WrittenModule]] = {}
    for used in configuration.modules:
        calls.setdefault(used.address.module, []).append(used)
    return {
        "provider_config": {PROVIDER: {"name": PROVIDER, "full_name": PROVIDER}},
        "root_module": module("", configuration.variables, configuration.outputs),
    }


def _variable_json(item: WrittenVariable) -> Json:
    return {
        **({"default": item.default} if item.default is not None else {}),
        **({"description": item.description} if item.description else {}),
        **({"sensitive": True} if item.secret else {}),
    }


def relevant_attributes_json(configuration: Configuration, changing: Iterable[Address]) -> list[Json]:
    """The attributes of resources that the manifests of the changing resources refer to."""
    declared = {str(item.address) for item in configuration.resources}
    changed = {address.unkeyed for address in changing}
    relevant = {
        (f"{within}{match['subject']}", *_PART.findall(match["path"]))
        for item in configuration.resources
        if item.address in changed
        for within in (f"{item.address.module}." if item.address.module else "",)
        for value in item.spec.values()
        for reference in value.references
        if (match := _ATTRIBUTE.fullmatch(reference)) and f"{within}{match['subject'].partition('[')[0]}" in declared
    }
    return [{"resource": subject, "attribute": attribute} for subject, *attribute in sorted(relevant)]


def _module(address: Address, item: UseOfModule) -> WrittenModule:
    """A document of kind Module without secrets."""
    given, declared = _mapping(in_use(item.data, INPUTS)), item.interface.part(INPUTS)
    variables = {name: _declared_variable(name, part) for name, part in sorted(declared.items())}
    values = {name: _value(item.inputs.get(name), text) for name, text in given.items() if name in declared}
    outputs = sorted(item.interface.part(OUTPUTS).items())
    return WrittenModule(
        address,
        str(in_use(item.data, SOURCE)),
        {
            name: replace(value, constant=None, secret=True) if variables[name].secret else value
            for name, value in values.items()
        },
        for_each=_value(item.data["forEach"], item.data["forEach"]) if "forEach" in item.data else None,
        variables=variables,
        outputs={name: WrittenValue(tuple(references_in(text))) for name, text in outputs},
    )


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _declared_variable(name: str, declaration: Any) -> WrittenVariable:
    """A variable of a module, without a value."""
    secret = may_be_secret(declaration) or is_secret_name(name)
    parts = _mapping(declaration)
    default = None if secret else parts.get("default")
    return WrittenVariable(None, default, str(parts.get("description", "")), secret)


def _resource(address: Address, declared: Declared, document: Mapping[str, Any]) -> WrittenResource:
    spec, lifecycle = document.get("spec"), document.get("lifecycle")
    places = spec if isinstance(spec, dict) else {}
    referred = {ref.address for ref in refs(dict(declared.spec))}
    module = declared.address.module
    return WrittenResource(
        address,
        spec={name: _value(value, places.get(name), module) for name, value in declared.spec.items()},
        for_each=_value(document["forEach"], document["forEach"]) if "forEach" in document else None,
        depends_on=tuple(other for other in declared.needs if other not in referred)
        if isinstance(lifecycle, dict) and "dependsOn" in lifecycle
        else (),
        preconditions=bool(declared.lifecycle.preconditions),
        postconditions=bool(declared.lifecycle.postconditions),
    )


def _value(value: Value, written: Any, module: str = "") -> WrittenValue:
    """A value with what it refers to: by a name alone, and by the expressions in its text; named as in the module."""
    if isinstance(value, str | int) and value == written and "${" not in str(value):
        return WrittenValue(constant=value)
    within = f"{module}." if module else ""
    own = ((str(ref.address).removeprefix(within), ref) for ref in refs(value) if ref.address.module == module)
    by_name = (name for text, ref in own for name in (f"{text}.{ref.attribute}", text))
    references = tuple(dict.fromkeys((*by_name, *references_in(written))))
    secret = any(map(sensitive, leaves(value)))
    whole = secret and not isinstance(value, (dict, list))
    return WrittenValue(references, None if references or whole else shown_json(value), secret)


def _variable(project: Project, name: str, declaration: Any) -> WrittenVariable:
    secret = name not in project.variables or is_secret_name(name)
    parts = declaration if isinstance(declaration, dict) else {}
    return WrittenVariable(
        value="(secret)" if secret else shown_json(project.variables[name]),
        default=None if secret else parts.get("default"),
        description=str(parts.get("description", "")),
        secret=secret,
    )


def _expression(item: WrittenValue, fields: Collection[str] = ()) -> Json:
    """The value as an expression. `fields` are those of the resource that it belongs to.

    A reference to a `vpc` in a resource with a field `vpc` has a key of its own: terraform-compliance adds the object
    of a reference to the resource under the name of its type, and fails where that is a field.
    """
    clashing = [name for name in item.references if name.partition(".")[0] in fields]
    references = [name for name in item.references if name not in clashing]
    if clashing or references:
        return {
            **({"references": references} if references else {}),
            **({"novita_references": clashing} if clashing else {}),
        }
    return {} if item.secret and item.constant is None else {"constant_value": item.constant}


def _resource_json(item: WrittenResource) -> Json:
    fields = KINDS[item.address.type].by_name if item.address.type in KINDS else ()
    needs = {str(other) for other in item.depends_on} | {
        name
        for value in item.spec.values()
        for name in value.references
        if name.partition(".")[0] in fields and _ADDRESS.fullmatch(name)
    }
    return {
        **named(replace(item.address, module="")),
        "provider_config_key": PROVIDER,
        "expressions": {name: _expression(value, fields) for name, value in item.spec.items()},
        "schema_version": 0,
        **({"for_each_expression": _expression(item.for_each)} if item.for_each else {}),
        **({"depends_on": sorted(needs)} if needs else {}),
    }
