"""Checks a setup: programs, settings, network, key, clock, project, states and locks. No check stops the others."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping
from contextlib import suppress
from importlib import metadata
from typing import Final
from urllib.parse import urlsplit

from novita_infra import __version__
from novita_infra.account.balance import KEYS
from novita_infra.account.checkup import Checkup, Health, clock_checkup
from novita_infra.api.errors import ApiError, Refused, Unauthorized, Unreachable
from novita_infra.api.request import API_URL
from novita_infra.api.retries import RetryPolicy
from novita_infra.catalogue.keys import keys_in, own_keys
from novita_infra.manifests.project.discovery import find
from novita_infra.manifests.project.locating import Located, locate
from novita_infra.model.clock import RealClock
from novita_infra.model.diagnostics import Problems
from novita_infra.model.durations import in_words
from novita_infra.operations.account.view import AccountOptions
from novita_infra.operations.opening.account import OpenAccount, account_opener
from novita_infra.state.opening import open_backend, open_storages

_ONCE: Final = RetryPolicy(attempts=1, deadline=20)
"""A call that fails is no reason to wait."""
_SLOW: Final = 2.0
"""Seconds of a slow answer."""
_PREFIXES: Final = ("NOVITA_",)
_OTHERS: Final = ("NO_COLOR", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE")
"""Variables of others that change what the command does."""


async def examine(where: AccountOptions, environ: Mapping[str, str]) -> list[Checkup]:
    """All checks in their order. Raises nothing but for faults of the program."""
    found = [*_programs(), _variables(environ), _proxy(environ)]
    place, project = _project(where, environ)
    cloud = ""
    try:
        async with account_opener(environ, sim=where.sim, in_flight=None, patience=_ONCE) as opener:
            opened = await opener.open(place.root if place else where.project)
            cloud = opened.cloud
            found += await _api(opened, urlsplit(_url(environ)).netloc)
    except Problems as problems:
        failed = _failed("access", problems)
        found += [failed] if failed.detail not in {item.detail for item in found} else []
    found.append(project)
    if place is not None:
        found += [*_states(place, where.environment, cloud), *_locks(place, where.environment)]
    return found


def _programs() -> Iterator[Checkup]:
    system = f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"
    yield Checkup("version", Health.GOOD, f"novita-infra {__version__}, {system}")
    try:
        required = metadata.requires("novita-infra") or []
    except metadata.PackageNotFoundError:
        yield Checkup("packages", Health.UNKNOWN, "novita-infra runs from its source, not as an installed package")
        return
    names = sorted({_name_of(text) for text in required if "extra ==" not in text})
    versions, missing = dict[str, str](), list[str]()
    for name in names:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            missing.append(name)
    if missing:
        yield Checkup("packages", Health.ERROR, f"not installed: {', '.join(missing)}", "pip install novita-infra")
    else:
        detail = f"all {len(versions)} that it needs are installed; --json shows their versions"
        yield Checkup("packages", Health.GOOD, detail, versions=versions)


def _name_of(requirement: str) -> str:
    """The name of the package in `click<9,>=8.2`."""
    return next(requirement[:at] for at in range(1, len(requirement) + 1) if not _is_name(requirement[at : at + 1]))


def _is_name(mark: str) -> bool:
    return mark.isalnum() or (mark != "" and mark in "-_.")


def _variables(environ: Mapping[str, str]) -> Checkup:
    """The variables that are set; never a value, which may be a secret."""
    names = sorted(name for name in environ if environ[name] and (name.startswith(_PREFIXES) or name in _OTHERS))
    return Checkup("environment", Health.GOOD, ", ".join(names) or "no variable of ours is set")


def _proxy(environ: Mapping[str, str]) -> Checkup:
    import httpx  # noqa: PLC0415 -- takes 100 ms; the client needs it anyway

    from novita_infra.api.transport.proxies import proxy_to  # noqa: PLC0415 -- imports httpx

    try:
        proxy = proxy_to(httpx.URL(_url(environ)))
    except Problems as problems:
        return _failed("proxy", problems)
    except (httpx.InvalidURL, ValueError, KeyError):
        return Checkup("proxy", Health.UNKNOWN, "NOVITA_API_URL is no address")
    if proxy is None:
        return Checkup("proxy", Health.GOOD, "none for the API")
    return Checkup("proxy", Health.GOOD, f"{proxy.place}, by {proxy.variable}")


def _url(environ: Mapping[str, str]) -> str:
    return environ.get("NOVITA_API_URL", "").strip() or API_URL


async def _api(opened: OpenAccount, host: str) -> list[Checkup]:
    """The checks of the network, the key and the clock."""
    client, clock = opened.client, RealClock()
    host = "the simulator" if opened.sim else host
    try:
        answer = await client.send(KEYS)
        began = clock.now()
        await client.send(KEYS)
    except Unreachable as error:
        hint = error.advice or "check the network, the proxy settings and NOVITA_API_URL"
        return [Checkup("network", Health.ERROR, f"{host} cannot be reached: {error.message}", hint)]
    except Unauthorized as error:
        key = Checkup("key", Health.ERROR, f"the API refuses the key: {error.message}", error.advice)
        return [Checkup("network", Health.GOOD, f"{host} answers"), key, clock_checkup(client.dated)]
    except Refused as error:
        key = Checkup("key", Health.UNKNOWN, f"the list of keys is refused: {error.message}", error.advice)
        return [Checkup("network", Health.GOOD, f"{host} answers"), key, clock_checkup(client.dated)]
    except ApiError as error:
        return [Checkup("network", Health.ERROR, f"{host}: {error.message}", error.advice or "run it again")]
    took = clock.now() - began
    health = Health.WARNING if took > _SLOW else Health.GOOD
    hint = "plans and applies take longer" if took > _SLOW else ""
    names = " or ".join(key.name or key.id for key in own_keys(keys_in(answer), client.is_own))
    return [
        Checkup("network", health, f"{host} answers in {took * 1000:.0f} ms", hint),
        Checkup("key", Health.GOOD, f"valid: {names}" if names else "valid"),
        Checkup("clock", Health.GOOD, "that of the simulator") if opened.sim else clock_checkup(client.dated),
    ]


def _project(where: AccountOptions, environ: Mapping[str, str]) -> tuple[Located | None, Checkup]:
    try:
        found = find(where.project)
        if not (found.project_file or found.manifests):
            hint = "novita-infra init writes a first one"
            return None, Checkup("project", Health.UNKNOWN, f"none in {found.root.resolve()}", hint)
        place = locate(where.project, environment=where.environment, environ=environ)
    except Problems as problems:
        return None, _failed("project", problems)
    return place, Checkup("project", Health.GOOD, f"{place.name} in {place.root.resolve()}, states in {_place(place)}")


def _place(place: Located) -> str:
    with suppress(Problems):
        return open_backend(place.state).describe()
    return "a place that cannot be opened"


def _states(place: Located, environment: str, cloud: str) -> Iterator[Checkup]:
    """A check of each state: whether it can be read, and whether it is of this account."""
    try:
        backend = open_backend(place.state)
        names = [environment] if environment else list(backend.environments())
    except Problems as problems:
        yield _failed("state", problems)
        return
    if not names:
        yield Checkup("state", Health.GOOD, "none yet: nothing was applied")
    for name in names:
        try:
            state = backend.store(name).load()
        except Problems as problems:
            yield _failed(f"state {name}", problems)
            continue
        pending = sum(record.pending is not None for record in state.records.values())
        count = len(state.records)
        detail = f"version {state.serial}, {count:,} resource{'' if count == 1 else 's'}"
        if cloud and state.cloud not in {"", cloud}:
            hint = "set NOVITA_API_URL, or --sim, as for the apply that wrote it"
            yield Checkup(f"state {name}", Health.WARNING, f"{detail}, of {state.cloud}, not of {cloud}", hint)
        elif pending:
            hint = "novita-infra apply finishes them"
            yield Checkup(f"state {name}", Health.WARNING, f"{detail}, {pending} with an unfinished call", hint)
        else:
            yield Checkup(f"state {name}", Health.GOOD, detail)


def _locks(place: Located, environment: str) -> Iterator[Checkup]:
    try:
        held = [item for item in open_storages(place.state).locks() if environment in {"", item.environment}]
    except Problems as problems:
        yield _failed("lock", problems)
        return
    for item in held:
        age = f", last sign of life {in_words(item.age)} ago" if item.age is not None else ""
        who = item.holder or "a process that has only just begun"
        hint = f"wait for it; if it is dead: novita-infra state lock break --env {item.environment}"
        yield Checkup(f"lock {item.environment}", Health.WARNING, f"held by {who}{age}", hint)
    if not held:
        yield Checkup("lock", Health.GOOD, "free")


def _failed(name: str, problems: Problems) -> Checkup:
    first = problems.diagnostics[0]
    more = len(problems.diagnostics) - 1
    return Checkup(name, Health.ERROR, f"{first.summary}{f' (and {more} more)' if more else ''}", first.hint)
