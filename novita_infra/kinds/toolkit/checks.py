"""Checks of fields that several kinds have, beyond their schemas: products, ports, env and mounts.

Unknown values, and values that the schema refuses, are skipped: each error is reported once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from novita_infra.kinds.kind import SpecError
from novita_infra.kinds.toolkit.owner_marks import ENV_NAME
from novita_infra.kinds.toolkit.translation import RESERVED_PORTS, is_port, port_of
from novita_infra.kinds.toolkit.wishes import has_wish
from novita_infra.model.values import Secret, Value


def port_errors(
    ports: Value, *, taken: Sequence[Value] = (), most: int = 15, name: str = "ports"
) -> Iterator[SpecError]:
    """The errors of declared ports: no port number, reserved by the platform, used twice, or too many.

    `taken` are port numbers that another field of the object uses (tools); `most` counts both.
    """
    if not isinstance(ports, list):
        return
    seen = {number for number in taken if isinstance(number, int)}
    for index, port in enumerate(ports):
        if not isinstance(port, str) or not is_port(port):
            continue
        number, _ = port_of(port)
        yield from port_number_errors(number, path=(name, index))
        if number in seen:
            yield SpecError((name, index), f"port {number} is used twice", "each port number may be used once")
        seen.add(number)
    if len(ports) + len(taken) > most:
        yield SpecError(
            (name,), f"{len(ports) + len(taken)} ports, more than {most}", f"at most {most} ports are possible"
        )


def port_number_errors(number: Value, *, path: tuple[str | int, ...]) -> Iterator[SpecError]:
    """The error of one port number: out of 1-65535, or reserved by the platform."""
    if not isinstance(number, int) or isinstance(number, bool):
        return
    if not 1 <= number <= 65535:
        yield SpecError(path, f"port {number} does not exist", "ports are 1-65535")
    elif number in RESERVED_PORTS:
        yield SpecError(path, f"port {number} is kept by the platform", "2222, 2223 and 2224 cannot be used")


def env_errors(env: Value, *, name: str = "env") -> Iterator[SpecError]:
    """The errors of variables: too many, too long, no text, or the name of the owner mark.

    The limits are those of `envs` (gpu-instance-create-instance). The schema knows neither the variables of a template
    nor the length of a secret. No error shows a secret's value.
    """
    if not isinstance(env, Mapping):
        return
    if len(env) > 100:
        yield SpecError(
            (name,), f"{len(env)} variables, more than 100", "at most 100 are possible, a template's included"
        )
    for key, value in env.items():
        text = value.value if isinstance(value, Secret) else value
        if not key or len(key) > 511 or "=" in key:
            yield SpecError((name, key), "this is no name of a variable", "1-511 characters without `=`")
        if key == ENV_NAME:
            yield SpecError((name, key), f"{key} is kept by novita-infra for the owner mark", "choose another name")
        if isinstance(text, str) and len(text) > 4095:
            yield SpecError((name, key), f"a value of {len(text)} characters", "at most 4095 are possible")
        if isinstance(text, (bool, int, float)):
            yield SpecError((name, key), f"{text!r} is no text", f'put it in quotes: "{text}"')


def mount_errors(mounts: Value, *, taken: Sequence[Value] = (), name: str = "networkStorages") -> Iterator[SpecError]:
    """The errors of mounts: a path used twice. `taken` are paths that another field (a local storage) uses."""
    seen = {path for path in taken if isinstance(path, str)}
    for index, mount in enumerate(mounts if isinstance(mounts, list) else ()):
        path = mount.get("mountPath") if isinstance(mount, Mapping) else None
        if not isinstance(path, str):
            continue
        if path in seen:
            yield SpecError(
                (name, index, "mountPath"), f"{path} is mounted twice", "each mount needs a path of its own"
            )
        seen.add(path)


def choice_errors(product: Mapping[str, Value], *, path: tuple[str | int, ...]) -> Iterator[SpecError]:
    """The error of a declared `choose` where no name leaves a choice."""
    if "choose" in product and ("id" in product or not ({"gpu", "cpu"} & product.keys() or has_wish(product))):
        yield SpecError((*path, "choose"), "there is nothing to choose from", "it stands beside the name of a product")
