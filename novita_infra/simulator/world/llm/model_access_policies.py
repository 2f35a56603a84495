"""The policies of keys: the models that a key may call. A key without one has the default, and may call all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Final

from novita_infra.simulator.errors import ApiRefusal, invalid
from novita_infra.simulator.world.engine.account_records import ApiKey
from novita_infra.simulator.world.engine.records import WorldRecord
from novita_infra.simulator.world.engine.world import World
from novita_infra.simulator.world.llm import models

SELECTED: Final = "selected"
ALL: Final = "all_enabled"


@dataclass(slots=True, kw_only=True)
class ModelAccessPolicy(WorldRecord):
    """The policy that was set for a key, whose id it has. The default has no record."""

    LABEL: ClassVar[str] = "name"
    LOOKS: ClassVar[tuple[str, ...]] = ("mode", "allowed", "excluded")
    name: str
    """The name of the key."""
    mode: str = ALL
    allowed: list[str] = field(default_factory=list)
    excluded: list[str] = field(default_factory=list)
    updated: int = 0


RECORD = ModelAccessPolicy


def policy_for(world: World, key: ApiKey) -> ModelAccessPolicy | None:
    """The policy of the key; None where the default holds."""
    return world.table(RECORD).get(key.id)


def set_policy(
    world: World, key: ApiKey, *, mode: str, allowed: Sequence[str], excluded: Sequence[str]
) -> ModelAccessPolicy:
    """Replaces the policy. Models outside the mode and duplicates are dropped (key-put-model-access-policy)."""
    model_ids = list(dict.fromkeys(allowed if mode == SELECTED else excluded))
    if mode == SELECTED and not model_ids:
        raise invalid("allowedModels", "must name at least one model")
    available = {model.id for model in models.MODELS if model.status == 1}
    for model in model_ids:
        if model not in available:
            raise invalid("allowedModels" if mode == SELECTED else "excludedModels", f"{model} is not available")
    policies = world.table(RECORD)
    policy = policies.get(key.id) or policies.add(RECORD(id=key.id, created=world.moment, name=key.name))
    policy.mode, policy.updated = mode, int(world.moment)
    policy.allowed, policy.excluded = (model_ids, []) if mode == SELECTED else ([], model_ids)
    policies.touch(policy)
    return policy


def reset_policy(world: World, key: ApiKey) -> None:
    """Removes the policy, if there is one: every model may be called again."""
    policy = policy_for(world, key)
    if policy is not None:
        world.table(RECORD).remove(policy)


def check_policy(world: World, key: ApiKey, model: str) -> None:
    """Refuses with model_access_denied a model that the policy of the key excludes (llm-model-access)."""
    policy = policy_for(world, key)
    if policy and (model not in policy.allowed if policy.mode == SELECTED else model in policy.excluded):
        raise ApiRefusal("model_access_denied", f"the policy of the key excludes {model}")
