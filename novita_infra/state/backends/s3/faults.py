"""What a failed call of S3 means, an answer of the server or a fault of the network: one line with what to do."""

from __future__ import annotations

import re
from typing import Final

from novita_infra.model.diagnostics import Problems, problem
from novita_infra.state.objects.objects import AnswerLost, OutOfReach

_CODE: Final = re.compile(r"<Code>\s*(\w+)\s*</Code>")
_STATUS: Final = re.compile(r"status code: (\d{3})")
_REGION: Final = re.compile(r"<Region>\s*([a-z0-9-]+)\s*</Region>")
_UNSENT: Final = re.compile(r"HttpError \{\s*kind: Connect,")
"""The connection was not made: the server has seen nothing."""
_PASSING: Final = frozenset({"SlowDown", "ServiceUnavailable", "ConditionalRequestConflict", "OperationAborted"})
"""The server says that it did nothing, and that the caller should try again."""
_SKEWED: Final = frozenset({"RequestTimeTooSkewed", "RequestInTheFuture", "RequestExpired"})
_EXPIRED: Final = frozenset({"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"})
_UNKNOWN: Final = frozenset({"InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "InvalidClientTokenId"})
_FULL: Final = frozenset({"QuotaExceeded", "InsufficientStorage", "EntityTooLarge", "XMinioStorageFull"})
_CREDENTIALS: Final = (
    "169.254.169.254",
    "/latest/api/token",
    "/latest/meta-data",
    "fd00:ec2::254",
    "token file",
    "AssumeRoleWithWebIdentity",
    "External AWS credential provider",
    "Missing AccessKeyId",
    "Missing SecretAccessKey",
)
"""What the text of a fault holds that comes from the search for credentials, not from the bucket."""
_REASONS: Final = (
    ("UnknownIssuer", "the certificate of the server is of an authority that is not trusted"),
    ("InvalidCertificate", "the certificate of the server is not valid"),
    ("dns error", "the name of the server is not known"),
    ("ConnectionRefused", "the connection was refused"),
    ("TimedOut", "there was no answer in time"),
    ("kind: Timeout", "there was no answer in time"),
    ("ConnectionReset", "the connection was cut"),
    ("UnexpectedEof", "the connection was cut"),
    ("IncompleteMessage", "the connection was cut"),
    ("kind: Interrupted", "the connection was cut"),
    ("BrokenPipe", "the connection was cut"),
)


def error_code(error: BaseException) -> str:
    """The code of the server's answer, such as `NoSuchBucket`; empty if there was none."""
    match = _CODE.search(str(error))
    return match[1] if match else ""


def meaning_of(error: BaseException, *, place: str, bucket: str, writes: bool) -> Problems | AnswerLost | OutOfReach:
    """What to raise for a failed call. `place` is shown; the text of the error is not, as it may quote anything."""
    text = str(error)
    if any(mark in text for mark in _CREDENTIALS):
        return problem(
            "there are no credentials for S3, or their source did not give any",
            "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE; in CI let the job assume a role",
        )
    code = error_code(error)
    match = _STATUS.search(text)
    status = int(match[1]) if match else 0
    if code or status:
        return _answered(code, status, text, place=place, bucket=bucket, writes=writes)
    if "BareRedirect" in text or "redirect without LOCATION" in text:
        return _elsewhere(bucket, "REGION")
    reason = next((words for mark, words in _REASONS if mark in text), "the request failed")
    if "certificate" in reason:
        return problem(f"{place}: {reason}", "name the file of its authority: caFile under state, or AWS_CA_BUNDLE")
    return OutOfReach(reason) if not writes or _UNSENT.search(text) else AnswerLost(reason)


def _answered(
    code: str, status: int, text: str, *, place: str, bucket: str, writes: bool
) -> Problems | AnswerLost | OutOfReach:
    """What an answer of the server means."""
    region = _REGION.search(text)
    said = f"{status} {code}".strip() if status else code
    if code == "NoSuchBucket":
        return problem(f'there is no bucket "{bucket}" for the state', f"create it: aws s3 mb s3://{bucket}")
    if code in {"AuthorizationHeaderMalformed", "PermanentRedirect", "TemporaryRedirect"} or status in {301, 307}:
        return _elsewhere(bucket, region[1] if region else "REGION")
    if code in _EXPIRED:
        return problem(
            "the credentials for S3 have expired",
            "log in again, such as by aws sso login; in CI ask for a longer session of the role",
        )
    if code in _SKEWED:
        return problem(f"{place}: the clock of this machine is wrong by more than the server allows", "set the clock")
    if code in _UNKNOWN:
        return problem(
            f"{place}: the server does not accept the credentials ({said})",
            "check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, or the profile",
        )
    if status in {401, 403}:
        rights = "s3:PutObject and s3:DeleteObject" if writes else "s3:GetObject and s3:ListBucket"
        return problem(f"{place}: the server denies the access ({said})", f"allow {rights} on the bucket {bucket}")
    if code in _FULL or status == 507:
        return problem(f"{place}: the server has no space left ({said})", "free some space; then run the command again")
    if code in _PASSING or status in {429, 503}:
        return OutOfReach(f"the server answered {said}")
    if status >= 500 or status in {408, 409}:
        return AnswerLost(f"the server answered {said}") if writes else OutOfReach(f"the server answered {said}")
    return problem(f"{place}: the server refuses the request ({said})", "check the settings under state")


def _elsewhere(bucket: str, region: str) -> Problems:
    return problem(
        f'the bucket "{bucket}" is in another region', f"set region: {region} under state in the project file"
    )
