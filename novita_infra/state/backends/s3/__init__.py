"""State in a bucket of S3 or of a compatible server, by conditional writes; nothing beside the bucket is needed."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from novita_infra.model.diagnostics import problem, reason
from novita_infra.state.backend import Backend, OpenBackend, SettingError
from novita_infra.state.objects.objects import ObjectTraits
from novita_infra.state.objects.settings import shared_settings, with_settings
from novita_infra.state.settings import StateSettings

if TYPE_CHECKING:
    from obstore.store import ClientConfig

    from novita_infra.state.backends.s3.objects import S3Objects

_TIMEOUT: Final = "50s"
"""For a whole request, the upload of a large state included."""
_URL: Final = re.compile(r"[!-~]+")
"""The characters of a URL; obstore panics at others."""
_ENDPOINTS: Final = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
_AUTHORITIES: Final = ("AWS_CA_BUNDLE", "SSL_CERT_FILE")

_TRAITS: Final = ObjectTraits()


def open_s3(settings: StateSettings, environ: Mapping[str, str] = os.environ) -> S3Objects:
    """The objects of the bucket that the settings name. Nothing is read from it yet. Raises Problems."""
    try:
        from obstore.store import S3Store  # noqa: PLC0415 -- an extra

        from novita_infra.state.backends.s3.credentials import find_credentials  # noqa: PLC0415
        from novita_infra.state.backends.s3.objects import S3Objects  # noqa: PLC0415
    except ImportError:
        raise problem("the package for state in S3 is not installed", "pip install 'novita-infra[s3]'") from None
    options = settings.options
    bucket, prefix = str(options["bucket"]), str(options.get("prefix", "")).strip("/")
    endpoint = _endpoint(options, environ)
    allows_http = bool(options.get("allowHttp")) or _is_loopback(endpoint)
    if endpoint.startswith("http://") and not allows_http:
        raise problem(f"{endpoint} is not encrypted", "use https://, or set allowHttp: true under state")
    credentials = find_credentials(environ, str(options.get("profile", "")))
    region = str(options.get("region") or environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or "")
    client: ClientConfig = {"allow_http": allows_http, "timeout": _TIMEOUT, "connect_timeout": "10s"}
    if authorities := _authorities(settings, environ):
        client["root_certificate"] = authorities
    config = {"region": region or credentials.region or "us-east-1", **credentials.options}
    if endpoint:
        config["endpoint"] = endpoint
    try:
        store = S3Store(bucket, prefix=prefix or None, client_options=client, retry_config={"max_retries": 0}, **config)
    except Exception as error:  # obstore raises ValueError and classes of its own, whose texts may quote a setting
        raise problem(
            "the settings of S3 cannot be used", "check those under state, and the variables AWS_..."
        ) from error
    return S3Objects(store, bucket=bucket, prefix=prefix)


def errors_of(options: Mapping[str, Any]) -> Iterable[SettingError]:
    """The settings that the schema accepts and S3 does not."""
    endpoint = options.get("endpoint")
    if isinstance(endpoint, str) and not _is_url(endpoint):
        yield SettingError("endpoint", f'is not the URL of a server: "{endpoint}"', "such as https://s3.example.com")
    elif isinstance(endpoint, str) and urlsplit(endpoint).username is not None:
        yield SettingError("endpoint", "holds a name or a password", "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")


def _endpoint(options: Mapping[str, Any], environ: Mapping[str, str]) -> str:
    """The URL of the server; empty for that of AWS."""
    if options.get("endpoint"):
        return str(options["endpoint"]).rstrip("/")
    for name in _ENDPOINTS:
        if value := environ.get(name):
            if not _is_url(value):
                raise problem(f"{name} is not the URL of a server", "such as https://s3.example.com")
            return value.rstrip("/")
    return ""


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return (
            parts.scheme in {"http", "https"}
            and bool(parts.hostname)
            and parts.port != 0
            and _URL.fullmatch(text) is not None
        )
    except ValueError:
        return False


def _is_loopback(endpoint: str) -> bool:
    host = urlsplit(endpoint).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _authorities(settings: StateSettings, environ: Mapping[str, str]) -> bytes:
    """The certificates of authorities that are trusted beside those of the system; empty for none."""
    named = settings.options.get("caFile")
    name = "caFile" if named else next((name for name in _AUTHORITIES if environ.get(name)), "")
    if not name:
        return b""
    path = settings.root / named if named else Path(environ[name])
    try:
        content = path.read_bytes()
    except OSError as error:
        raise problem(f"{name} ({path}) cannot be read: {reason(error)}") from error
    if b"-----BEGIN CERTIFICATE-----" not in content:
        raise problem(f"{name} ({path}) holds no certificate in the form PEM")
    return content


def _open(settings: StateSettings) -> OpenBackend:
    from novita_infra.state.objects.place import ObjectPlace  # noqa: PLC0415 -- only its users pay for it

    return ObjectPlace(open_s3(settings), with_settings(_TRAITS, settings.options))


BACKEND: Final = Backend(
    summary="Objects in a bucket of S3 or of a compatible server. Needs `pip install 'novita-infra[s3]'`.",
    open=_open,
    settings={
        "bucket": {"type": "string", "minLength": 3, "description": "The bucket. It must exist."},
        "prefix": {
            "type": "string",
            "pattern": "^[A-Za-z0-9._~/-]{0,500}$",
            "default": "",
            "examples": ["training"],
            "description": "What the keys of all objects begin with: one for each project, such as `training`.",
        },
        "region": {
            "type": "string",
            "minLength": 1,
            "description": "The region of the bucket. Default: that of `AWS_REGION` or the profile, else `us-east-1`.",
        },
        "endpoint": {
            "type": "string",
            "minLength": 1,
            "description": "The URL of a server other than AWS. Default: `AWS_ENDPOINT_URL_S3`, `AWS_ENDPOINT_URL`.",
        },
        "profile": {
            "type": "string",
            "minLength": 1,
            "description": "The profile of `~/.aws` with the credentials. Default: `AWS_PROFILE`, else the first of "
            "these that has any: the environment, the role of the job, `~/.aws`, the machine.",
        },
        "caFile": {
            "type": "string",
            "minLength": 1,
            "description": "A file of certificates, relative to the project, that are trusted beside those of the "
            "system. Default: `AWS_CA_BUNDLE` or `SSL_CERT_FILE`.",
        },
        "allowHttp": {
            "type": "boolean",
            "default": False,
            "description": "Whether an `endpoint` that is not encrypted is used on another machine than this one.",
        },
        **shared_settings(_TRAITS),
    },
    required=("bucket",),
    errors_of=errors_of,
)
