"""The kind ModelAccessPolicy: the language models that an API key may call.

A key has one policy at most, whose id is that of the key: a create sets it, a delete brings the default back. The list
of the keys shows which of them have one, and how many models it names; the models are in a get of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from novita_infra.api.json_values import object_of, text_of
from novita_infra.api.request import Pages, Request
from novita_infra.catalogue.keys import (
    ALL,
    KEYS_WITH_POLICIES,
    SELECTED,
    ListedKey,
    policy_of,
    policy_request,
    policy_reset,
    policy_setting,
)
from novita_infra.catalogue.products import Catalogue
from novita_infra.kinds.call import ApiCalls, Call, ReadCalls, Target
from novita_infra.kinds.field import By, Default, Field, Replaces
from novita_infra.kinds.kind import Kind, Resolution, SpecError
from novita_infra.model.diagnostics import nearest
from novita_infra.model.lifecycle import Timeouts
from novita_infra.model.resources import PRESENT, Live, Phase
from novita_infra.model.values import Spec, Value

CURRENT: Final = "current"
"""The word for the key in use."""
_KEY: Final = "key"
_ALLOWED: Final = "allowedModels"
_EXCLUDED: Final = "excludedModels"
_MODELS: Final[Mapping[str, Any]] = {
    "type": "array",
    "items": {"type": "string", "minLength": 1, "maxLength": 255},
    "minItems": 1,
}


def _same_models(wanted: Value, found: Value) -> bool:
    """Whether two lists name the same models: the service drops duplicates, and no page promises an order."""
    return _normal(wanted) == _normal(found)


def _same_key(wanted: Value, found: Value) -> bool:
    """Whether it is the same key, whatever its name is now."""
    return bool(_id_of(wanted) == _id_of(found))


def _id_of(key: Value) -> Value:
    """The id of a key, which earlier states hold alone."""
    return key.get("id") if isinstance(key, dict) else key


def _named(id: str, name: str) -> dict[str, Value]:
    """The key as plans and states hold it: its name is what a person knows it by."""
    return {"name": name, "id": id} if name else {"id": id}


def _normal(models: Value) -> frozenset[str]:
    return frozenset(model.lower() for model in _listed(models))


_FIELDS: Final = (
    Field(
        name=_KEY,
        other_names=("apikey", "keyid", "stringid"),
        schema={"type": "string", "minLength": 1, "maxLength": 255},
        doc=f"The API key, by its id or its name; `{CURRENT}` is the key that novita-infra uses.",
        api="stringId, in the path (key-put-model-access-policy)",
        change=Replaces("a policy belongs to one key: the old key gets the default again, the new one the policy"),
        required=True,
        compared=_same_key,
    ),
    Field(
        name=_ALLOWED,
        other_names=("models", "allowed", "allow"),
        schema=_MODELS,
        doc=f"The models that the key may call, and no others; either these or `{_EXCLUDED}`.",
        api="allowedModels, with the mode `selected` (key-put-model-access-policy)",
        change=By("set"),
        absent=Default([]),
        compared=_same_models,
    ),
    Field(
        name=_EXCLUDED,
        other_names=("excluded", "exclude", "exceptmodels", "denied"),
        schema=_MODELS,
        doc=f"The models that the key may not call, while it may call all others; either these or `{_ALLOWED}`.",
        api="excludedModels, with the mode `all_enabled` (key-put-model-access-policy)",
        change=By("set"),
        absent=Default([]),
        compared=_same_models,
    ),
)


def _create(target: Target) -> Request:
    return _setting(text_of(_id_of(target.spec.get(_KEY))), target)


def _set(target: Target) -> Request:
    return _setting(target.id, target)


def _setting(id: str, target: Target) -> Request:
    declares = any(target.spec.get(name) for name in (_ALLOWED, _EXCLUDED))
    read = target.spec.get if declares else target.value
    return policy_setting(id, allowed=_listed(read(_ALLOWED)), excluded=_listed(read(_EXCLUDED)))


def _listed(models: Value) -> list[str]:
    return [model for model in models if isinstance(model, str)] if isinstance(models, list) else []


def _delete(target: Target) -> Request:
    return policy_reset(target.id)


def _new_id(answer: Any) -> str:
    return text_of(object_of(answer).get("stringId"))


def _parse(item: Mapping[str, Any]) -> Live:
    """The policy of a key, from the list of the keys or from its own get. The default is no policy."""
    key = text_of(item.get("stringId"))
    policy = policy_of(item)
    values: dict[str, Value] = {}
    # An answer to a developer leaves the models out: then they are not known.
    if policy.mode == SELECTED and policy.allowed:
        values = {_ALLOWED: sorted(policy.allowed), _EXCLUDED: []}
    elif policy.mode == ALL and policy.excluded:
        values = {_ALLOWED: [], _EXCLUDED: sorted(policy.excluded)}
    return Live(
        id=key,
        name=text_of(item.get("name")),
        phase=Phase.GONE if _is_default(item) else Phase.READY,
        status="set",
        values={_KEY: _named(key, text_of(item.get("name"))), **values} if key else values,
        outputs={"id": key},
    )


def _is_default(item: Mapping[str, Any]) -> bool:
    """Whether the key surely has the default, or a policy that says the same: all models, without an exception."""
    policy, summary = policy_of(item), object_of(item.get("modelAccessPolicy"))
    if policy.mode:
        return policy.mode == ALL and not policy.excluded and not item.get("excludedModelCount")
    return text_of(summary.get("mode")) == ALL and not summary.get("excludedModelCount")


def _matches(spec: Spec, live: Live) -> bool:
    """Whether key and models agree: a policy with other models is that of somebody else."""
    return _id_of(spec.get(_KEY)) == live.id and all(
        _same_models(spec.get(name), live.values[name]) for name in (_ALLOWED, _EXCLUDED) if name in live.values
    )


def _check(spec: Spec) -> Iterator[SpecError]:
    named = [name for name in (_ALLOWED, _EXCLUDED) if spec.get(name)]
    if len(named) > 1:
        hint = "name the models that the key may call, or those that it may not call"
        yield SpecError((_EXCLUDED,), f"{_ALLOWED} and {_EXCLUDED} exclude each other", hint)
    if not named:
        hint = "a key without a policy may call all models; remove the manifest to bring that back"
        yield SpecError((_ALLOWED,), f"neither {_ALLOWED} nor {_EXCLUDED} is declared", hint, lacks=_ALLOWED)


def _resolve(
    spec: Spec, catalogue: Catalogue, live: Live | None, _: Spec | None = None, /
) -> tuple[Spec, tuple[SpecError, ...]]:
    """The spec with the name and the id of the key, and with the models as the service writes them."""
    chosen, errors = dict(spec), list[SpecError]()
    if isinstance(word := spec.get(_KEY), str):
        kept = live.values.get(_KEY) if live else None
        is_kept = kept is not None and (word == _id_of(kept) or not catalogue.keys)
        found = kept if is_kept else _key_named(word, catalogue)
        if isinstance(found, SpecError):
            errors.append(found)
        else:
            chosen[_KEY] = found
    for name in (_ALLOWED, _EXCLUDED):
        if name in spec:
            chosen[name], wrong = _models_named(name, spec[name], catalogue, live)
            errors += wrong
    return chosen, tuple(errors)


def _forbids(spec: Spec, catalogue: Catalogue, model: str) -> bool:
    """Whether the policy keeps the key in use from the model. Several keys may look like the one in use."""
    if _id_of(spec.get(_KEY)) not in catalogue.own_keys:
        return False
    allowed, excluded = _normal(spec.get(_ALLOWED)), _normal(spec.get(_EXCLUDED))
    return model.lower() not in allowed if allowed else model.lower() in excluded


def _key_named(word: str, catalogue: Catalogue) -> Value | SpecError:
    """The name and the id of the key, or what is wrong with the word for it."""
    keys = catalogue.keys
    if word == CURRENT:
        found = [key for key in keys if key.id in catalogue.own_keys]
    else:
        found = [key for key in keys if word in {key.id, key.number}] or [key for key in keys if word == key.name]
    match found:
        case [key]:
            return _named(key.id, key.name)
        case []:
            words = [text for key in keys for text in (key.name, key.id)]
            hint = nearest(word, words) or "`novita-infra keys` lists them; keys are created in the console only"
            return SpecError((_KEY,), f'there is no API key "{word}" that this key may see', hint, impossible=True)
    return SpecError((_KEY,), f'"{word}" may be {_in_words(found)}', "name the key by its id", impossible=True)


def _in_words(keys: list[ListedKey]) -> str:
    return " or ".join(f"{key.id} ({key.name})" if key.name else key.id for key in keys)


def _models_named(
    name: str, declared: Value, catalogue: Catalogue, live: Live | None
) -> tuple[Value, tuple[SpecError, ...]]:
    """The models in the spelling of the service, each once, and those that a policy cannot name now.

    A model that the live policy names may have gone since: it is an error only where the policy changes.
    """
    if not isinstance(declared, list) or not all(isinstance(model, str) for model in declared):
        return declared, ()
    kept = {model.lower(): model for model in _listed(live.values.get(name))} if live else {}
    offered = {model.id.lower(): model for model in catalogue.models}
    is_kept = bool(kept) and (kept.keys() == {model.lower() for model in declared} or not offered)
    errors, spelled = [], dict[str, None]()
    for index, model in enumerate(declared):
        found = offered.get(model.lower())
        spelled[found.id if found else kept.get(model.lower(), model)] = None
        if is_kept or (found and found.serving is not False):
            continue
        wrong = f'the model "{found.id}" is not served now' if found else f'there is no model "{model}"'
        hint = "" if found else nearest(model, [item.id for item in catalogue.models])
        errors.append(SpecError((name, index), wrong, hint or "`novita-infra models` lists them", impossible=True))
    return [*spelled], tuple(errors)


MODEL_ACCESS_POLICY: Final = Kind(
    name="ModelAccessPolicy",
    type="model_access_policy",
    summary="The language models that an API key may call: these alone, or all but these.",
    fields=_FIELDS,
    api=ApiCalls(
        read=ReadCalls(
            pages=Pages(
                path=KEYS_WITH_POLICIES.path, items=("keys",), identity=("stringId",), query=KEYS_WITH_POLICIES.query
            ),
            parse=_parse,
            get=policy_request,
            unwrap=object_of,
            partial=True,
        ),
        create=Call(
            name="create",
            summary="create: the key may call these models from now on",
            request=_create,
            final_phases=frozenset(),
        ),
        new_id=_new_id,
        matches=_matches,
        part_of=_KEY,
        updates=(
            Call(
                name="set",
                summary="set: the key may call these models now, instead of those before",
                request=_set,
            ),
        ),
        delete=Call(
            name="delete",
            summary="delete: the key gets the default again, and may call all models",
            request=_delete,
            final_phases=frozenset({Phase.GONE}),
            allowed_phases=PRESENT,
            disturbs=False,
        ),
    ),
    resolution=Resolution(
        check=_check,
        catalogues=("keys", "models"),
        resolve=_resolve,
        forbids=_forbids,
        written={_KEY: _id_of},
        resolved=frozenset({_KEY, _ALLOWED, _EXCLUDED}),
    ),
    timeouts=Timeouts(create=60, update=60, delete=60),
    example="""\
apiVersion: novita-infra/v1
kind: ModelAccessPolicy
metadata:
  name: ci
spec:
  key: ci
  allowedModels:
    - deepseek/deepseek-v3.2
    - meta-llama/llama-3.1-8b-instruct
""",
)
