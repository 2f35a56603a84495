"""Credentials of container registries: they remain until no resource uses them."""

from __future__ import annotations

from novita_infra.simulator.errors import ApiRefusal, no_such
from novita_infra.simulator.world.engine.cloud_records import RegistryAuth
from novita_infra.simulator.world.engine.world import World


def auth_of(world: World, key: str) -> RegistryAuth:
    """The credential with this id. Raises RESOURCE_NOT_FOUND, because the API has no reason of its own for it."""
    auth = world.registry_auths.get(key)
    if auth is None:
        raise no_such(f"registry auth {key!r}")
    return auth


def save(world: World, *, name: str, username: str, password: str) -> RegistryAuth:
    """Adds a credential. Names may repeat."""
    return world.registry_auths.add(
        RegistryAuth(id=world.new_uuid("auth"), created=world.moment, name=name, username=username, password=password)
    )


def delete(world: World, key: str) -> None:
    """Removes a credential that no instance, template, endpoint or unfinished prewarm uses."""
    auth = auth_of(world, key)
    user = _user(world, key)
    if user:
        raise ApiRefusal("IMAGE_AUTH_IN_USE", f"registry auth {key} is used by {user}")
    world.registry_auths.remove(auth)


def _user(world: World, key: str) -> str:
    instances = (f"instance {one.id}" for one in world.instances if one.auth == key and one.status != "removed")
    templates = (f"template {one.id}" for one in world.templates if one.auth == key)
    endpoints = (f"endpoint {one.id}" for one in world.endpoints if one.auth == key)
    prewarms = (
        f"prewarm task {one.id}" for one in world.prewarms if one.auth == key and one.state in {"Pending", "Running"}
    )
    return next((user for users in (instances, templates, endpoints, prewarms) for user in users), "")
