"""A place for each test on the servers that all tests share: a prefix of a bucket, a schema of a database."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from servers import BUCKET, address_of, s3_environment

from novita_infra.state.backends.postgres import open_postgres
from novita_infra.state.backends.s3 import open_s3
from novita_infra.state.settings import StateSettings

if TYPE_CHECKING:  # the clients take 0.1 s, which a process that uses another backend need not spend
    from novita_infra.state.backends.postgres.objects import PostgresObjects
    from novita_infra.state.backends.s3.objects import S3Objects

OTHER_COUNTERPARTS: Final = (("git", "http"), ("s3", "moto"))
"""The backends with a further server for the tests, and its name."""
SERVED: Final = frozenset({"git-http", "postgres", "s3", "s3-encrypted", "s3-moto", "s3-seaweedfs"})
"""The places that lie on a server which the tests start."""


def own_name(folder: Path) -> str:
    """A name for the place of the test with that folder."""
    return f"t{hashlib.sha256(str(folder).encode()).hexdigest()[:20]}"


def s3_settings(folder: Path, server: str = "seaweedfs") -> Mapping[str, Any]:
    """The settings of a place in the bucket of a server, whose keys are in the environment from then on."""
    os.environ.update(s3_environment())
    return {"bucket": BUCKET, "prefix": f"tests/{own_name(folder)}", "endpoint": address_of(server)}


def postgres_settings(folder: Path) -> Mapping[str, Any]:
    """The settings of a place in the database of the server, whose password is in the environment from then on."""
    url = urlsplit(address_of("postgres"))
    os.environ["PGPASSWORD"] = url.password or ""
    in_clear = url._replace(netloc=f"{url.username}@{url.hostname}:{url.port or 5432}").geturl()
    return {"url": in_clear, "schema": own_name(folder)}


def s3_objects(server: str, folder: Path, **settings: Any) -> S3Objects:
    """The objects of a place of a server of S3."""
    return open_s3(StateSettings(folder, {**s3_settings(folder, server), **settings}), s3_environment())


def postgres_objects(folder: Path, **settings: Any) -> PostgresObjects:
    """The objects of a place of PostgreSQL."""
    return open_postgres(StateSettings(folder, {**postgres_settings(folder), **settings}))
