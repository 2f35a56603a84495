"""Templates: those of the account, and a few of the platform and of others."""

from __future__ import annotations

from dataclasses import fields
from typing import Final

from novita_infra.simulator.errors import ApiRefusal
from novita_infra.simulator.world.cloud.registry_auths import auth_of
from novita_infra.simulator.world.engine.cloud_records import Template
from novita_infra.simulator.world.engine.world import World

OFFERED: Final = (
    Template(
        id="101",
        name="PyTorch 2.5",
        image="registry.novita.ai/official/pytorch:2.5.1-cuda12.4",
        readme="PyTorch with Jupyter.",
        channel="official",
        rootfs=60,
        ports=[{"type": "http", "ports": [8888]}],
        tools=[{"name": "Jupyter", "describe": "Jupyter notebook", "port": 8888, "type": "http"}],
        cards=[{"gpuSpecId": "4090.16c62g", "cardNum": "1"}],
        cuda="12.4",
        owner="novita",
    ),
    Template(
        id="102",
        name="vLLM OpenAI server",
        image="vllm/vllm-openai:v0.8.5",
        readme="An OpenAI-compatible server.",
        channel="official",
        rootfs=100,
        ports=[{"type": "http", "ports": [8000]}],
        command="--model Qwen/Qwen2.5-7B-Instruct",
        owner="novita",
    ),
    Template(
        id="201",
        name="ComfyUI",
        image="docker.io/community/comfyui:1.0",
        channel="community",
        rootfs=80,
        ports=[{"type": "http", "ports": [8188]}],
        owner="someone",
    ),
    Template(id="202", name="Not yours", image="docker.io/other/private:1", rootfs=60, owner="someone"),
)
"""The templates of the platform and of others. The last one is private to another user."""


def template_of(world: World, key: str) -> Template:
    """A template that the account may read. Raises TEMPLATE_NOT_FOUND, TEMPLATE_IS_PRIVATE."""
    existing = world.templates.get(key) or next((offered for offered in OFFERED if offered.id == key), None)
    if existing is None:
        raise ApiRefusal("TEMPLATE_NOT_FOUND", f"template {key!r} not found")
    if existing.channel == "private" and existing.owner != world.owner:
        raise ApiRefusal("TEMPLATE_IS_PRIVATE", f"template {key!r} is private")
    return existing


def _own(world: World, key: str) -> Template:
    existing = template_of(world, key)
    if existing.owner != world.owner:
        raise ApiRefusal("FORBIDDEN", f"template {key!r} is not yours")
    return existing


def create(world: World, template: Template) -> Template:
    """Adds a template to the account."""
    if template.auth:
        auth_of(world, template.auth)
    template.id, template.created, template.owner = world.new_number("template"), world.moment, world.owner
    template.updated = world.moment
    return world.templates.add(template)


def update(world: World, template: Template) -> Template:
    """Replaces everything but the id, its creation and its owner."""
    existing = _own(world, template.id)
    if template.auth:
        auth_of(world, template.auth)
    template.created, template.owner, template.updated = existing.created, existing.owner, world.moment
    for field in fields(existing):
        setattr(existing, field.name, getattr(template, field.name))
    world.templates.touch(existing)
    return existing


def delete(world: World, key: str) -> None:
    """Removes a template, even if it was used."""
    world.templates.remove(_own(world, key))
