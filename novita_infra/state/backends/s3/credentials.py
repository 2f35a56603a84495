"""Where the credentials for S3 come from, beyond the sources that obstore asks by itself.

obstore asks for a role with a web identity (GitHub, Kubernetes), the container's and the machine's metadata. It does
not know profiles: keys in `~/.aws/credentials` are read here, and what needs a login or
a program (SSO, `role_arn`, `credential_process`) is left to the package `boto3`.
"""

from __future__ import annotations

import configparser
from collections.abc import Callable, Mapping
from dataclasses import field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from novita_infra.model.diagnostics import nearest, problem, reason
from novita_infra.model.frozen import dataclass

_FOUND_BY_OBSTORE: Final = (
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)
"""The variables that say where obstore finds credentials."""
_FRESH: Final = timedelta(minutes=5)
"""How long keys of a file are used before the file is read again: a login writes new ones."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Where the credentials come from."""

    options: Mapping[str, Any] = field(default_factory=dict)
    """The options of the store that hold or give the keys; empty to let obstore search by itself."""
    region: str = ""
    """The region of the profile, if it has one."""


def find_credentials(environ: Mapping[str, str], profile: str = "") -> Credentials:
    """The credentials of the profile, or the first ones that are found. Raises Problems if the profile has none."""
    named = profile or environ.get("AWS_PROFILE", "")
    if not named and environ.get("AWS_ACCESS_KEY_ID") and environ.get("AWS_SECRET_ACCESS_KEY"):
        token = environ.get("AWS_SESSION_TOKEN")
        return Credentials(
            {
                "access_key_id": environ["AWS_ACCESS_KEY_ID"],
                "secret_access_key": environ["AWS_SECRET_ACCESS_KEY"],
                **({"session_token": token} if token else {}),
            }
        )
    if not named and any(environ.get(name) for name in _FOUND_BY_OBSTORE):
        return Credentials()
    settings = _profile(environ, named or "default")
    region = settings.get("region", "")
    if settings.get("aws_access_key_id") and settings.get("aws_secret_access_key"):
        return Credentials({"credential_provider": lambda: _keys(environ, named or "default")}, region)
    if named and not settings:
        raise problem(f'there is no profile "{named}" for S3', nearest(named, _names(environ)) or "aws configure")
    if named or settings.keys() & {"sso_session", "sso_start_url", "role_arn", "credential_process"}:
        return Credentials({"credential_provider": _by_boto3(named or "default")}, region)
    if environ.get("AWS_EC2_METADATA_DISABLED", "").lower() == "true":
        raise problem(
            "there are no credentials for S3", "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
        )
    return Credentials(region=region)


def _keys(environ: Mapping[str, str], profile: str) -> Mapping[str, Any]:
    """The keys of the profile as they are in the file now."""
    settings = _profile(environ, profile)
    return {
        "access_key_id": settings["aws_access_key_id"],
        "secret_access_key": settings["aws_secret_access_key"],
        "token": settings.get("aws_session_token"),
        "expires_at": datetime.now(UTC) + _FRESH,
    }


def _by_boto3(profile: str) -> Callable[[], Mapping[str, Any]]:
    """Credentials that boto3 fetches. Raises Problems if it is not installed, or finds none."""
    try:
        import boto3  # noqa: PLC0415 -- not needed for most sources; takes 0.3 s
        from obstore.auth.boto3 import Boto3CredentialProvider  # noqa: PLC0415
    except ImportError:
        raise problem(
            f'the profile "{profile}" for S3 has no keys of its own, and the package that gets them is not installed',
            f'pip install boto3; or eval "$(aws configure export-credentials --profile {profile} --format env)"',
        ) from None
    try:
        session = boto3.Session(profile_name=profile)
        provider: Callable[[], Mapping[str, Any]] = Boto3CredentialProvider(session)
    except Exception as error:  # botocore has dozens of them, without a common meaning
        raise problem(
            f'the profile "{profile}" gives no credentials for S3', f"aws sso login --profile {profile}"
        ) from error
    return provider


def _profile(environ: Mapping[str, str], name: str) -> dict[str, str]:
    """The settings of a profile in both files; those of the file of credentials take precedence."""
    settings: dict[str, str] = {}
    for parser, section in ((_config(environ), _section(name)), (_shared(environ), name)):
        if parser.has_section(section):
            settings.update(parser.items(section))
    return settings


def _names(environ: Mapping[str, str]) -> list[str]:
    """The names of all profiles."""
    return [*_shared(environ).sections(), *(name.removeprefix("profile ") for name in _config(environ).sections())]


def _section(profile: str) -> str:
    return profile if profile == "default" else f"profile {profile}"


def _config(environ: Mapping[str, str]) -> configparser.RawConfigParser:
    return _parsed(environ, "AWS_CONFIG_FILE", "config")


def _shared(environ: Mapping[str, str]) -> configparser.RawConfigParser:
    return _parsed(environ, "AWS_SHARED_CREDENTIALS_FILE", "credentials")


def _parsed(environ: Mapping[str, str], variable: str, name: str) -> configparser.RawConfigParser:
    """A file of the command `aws`; empty if it does not exist. Raises Problems, never with its text: it has secrets."""
    path = Path(environ.get(variable) or f"~/.aws/{name}").expanduser()
    parser = configparser.RawConfigParser(default_section="")
    try:
        parser.read_string(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        pass
    except (OSError, UnicodeDecodeError) as error:
        raise problem(f"{path} cannot be read: {reason(error)}") from error
    except configparser.Error:
        raise problem(f"{path} is not a file of profiles", "aws configure") from None
    return parser
