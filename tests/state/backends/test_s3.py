"""State in a bucket: what the servers' answers mean, the settings, and where credentials come from."""

from __future__ import annotations

import json
import os
import ssl
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import trustme
from fault_proxy import fault_proxy
from server_places import s3_objects, s3_settings
from servers import address_of, s3_environment

from novita_infra.model.diagnostics import Problems
from novita_infra.state.backends.s3 import BACKEND, open_s3
from novita_infra.state.backends.s3.objects import S3Objects
from novita_infra.state.objects.objects import ABSENT, AnswerLost, Conflict, Object, ObjectChange, OutOfReach
from novita_infra.state.settings import StateSettings

settings_in = s3_settings
CREATES = [ObjectChange("dev/head", b"1", ABSENT)]
Answer = Callable[[str, str, Mapping[str, str]], tuple[int, Mapping[str, str], bytes]]


@contextmanager
def answering(answer: Answer, certificates: ssl.SSLContext | None = None) -> Iterator[str]:
    """The address of a server that gives these answers; what it gets is the method, the path and the headers."""

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, headers, body = answer(self.command, self.path, dict(self.headers))
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _answer  # noqa: N815 - as http.server calls them

        def log_message(self, *_: Any) -> None:
            """Prints nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if certificates is not None:
        server.socket = certificates.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"{'https' if certificates else 'http'}://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def error(status: int, code: str, more: str = "") -> Answer:
    body = f"<Error><Code>{code}</Code><Message>of {s3_environment()['AWS_SECRET_ACCESS_KEY']}</Message>{more}</Error>"
    return lambda *_: (status, {}, body.encode())


def opened(endpoint: str, folder: Path = Path("/"), environ: Mapping[str, str] | None = None, **more: Any) -> S3Objects:
    settings = {"bucket": "states", "prefix": "training", "endpoint": endpoint, **more}
    return open_s3(StateSettings(folder, settings), s3_environment() if environ is None else environ)


def message(call: Callable[[], object]) -> str:
    """The text of the Problems that the call raises."""
    with pytest.raises(Problems) as caught:
        call()
    assert "s3cr3t" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("status", "code", "more", "text"),
    [
        (404, "NoSuchBucket", "", 'there is no bucket "states" for the state; create it: aws s3 mb s3://states'),
        (
            400,
            "AuthorizationHeaderMalformed",
            "<Region>eu-west-1</Region>",
            'the bucket "states" is in another region; set region: eu-west-1 under state in the project file',
        ),
        (
            301,
            "PermanentRedirect",
            "",
            'the bucket "states" is in another region; set region: REGION under state in the project file',
        ),
        (
            400,
            "ExpiredToken",
            "",
            "the credentials for S3 have expired; log in again, such as by aws sso login; in CI ask for a longer "
            "session of the role",
        ),
        (
            403,
            "RequestTimeTooSkewed",
            "",
            "s3://states/training/dev/head: the clock of this machine is wrong by more than the server allows; set the "
            "clock",
        ),
        (
            403,
            "InvalidAccessKeyId",
            "",
            "s3://states/training/dev/head: the server does not accept the credentials (403 InvalidAccessKeyId); check "
            "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, or the profile",
        ),
        (
            403,
            "AccessDenied",
            "",
            "s3://states/training/dev/head: the server denies the access (403 AccessDenied); allow s3:GetObject and "
            "s3:ListBucket on the bucket states",
        ),
        (
            418,
            "ShortAndStout",
            "",
            "s3://states/training/dev/head: the server refuses the request (418 ShortAndStout); check the settings "
            "under state",
        ),
    ],
)
def test_an_answer_that_stays_is_explained_with_what_to_do(status: int, code: str, more: str, text: str) -> None:
    with answering(error(status, code, more)) as address:
        assert message(lambda: opened(address).read("dev/head")) == text


def test_a_full_server_is_explained() -> None:
    with answering(error(507, "InsufficientStorage")) as address:
        assert message(lambda: opened(address).write(CREATES)) == (
            "s3://states/training/conditional-writes: the server has no space left (507 InsufficientStorage); free "
            "some space; then run the command again"
        )


@pytest.mark.parametrize(
    ("status", "code", "reading", "writing"),
    [
        (503, "SlowDown", OutOfReach, OutOfReach),
        (500, "InternalError", OutOfReach, AnswerLost),
        (504, "GatewayTimeout", OutOfReach, AnswerLost),
        (409, "ConditionalRequestConflict", OutOfReach, OutOfReach),
        (429, "TooManyRequests", OutOfReach, OutOfReach),
    ],
)
def test_an_answer_that_may_pass_is_no_conflict(
    status: int, code: str, reading: type[Exception], writing: type[Exception]
) -> None:
    with answering(error(status, code)) as address:
        objects = opened(address)
        with pytest.raises(reading, match=f"the server answered {status} {code}"):
            objects.read("dev/head")
        with pytest.raises(reading):
            objects.keys("dev/")
        with pytest.raises(reading):
            objects.read_all("dev/")
        with pytest.raises(writing):
            objects.write([ObjectChange("dev/head", b"1")])
        with pytest.raises(writing):
            objects.write(CREATES)


def test_a_server_that_ignores_conditions_is_refused() -> None:
    with answering(lambda *_: (200, {"ETag": '"1"'}, b"")) as address:
        objects = opened(address)
        for _ in range(2):
            assert message(lambda: objects.write(CREATES)) == (
                "s3://states/training: the server ignores the conditions of writes (If-Match, If-None-Match), so two "
                "runs could overwrite each other; use a newer version of the server, or another backend"
            )


def test_a_server_that_ignores_only_the_condition_of_creates_is_refused() -> None:
    def answer(_: str, __: str, headers: Mapping[str, str]) -> tuple[int, Mapping[str, str], bytes]:
        stale = {name.lower() for name in headers} >= {"if-match"}
        return (412, {}, b"<Error><Code>PreconditionFailed</Code></Error>") if stale else (200, {"ETag": '"1"'}, b"")

    with answering(answer) as address:
        assert "the server ignores the conditions of writes" in message(lambda: opened(address).write(CREATES))


def test_a_refused_connection_and_an_unknown_host_are_out_of_reach() -> None:
    for endpoint, reason in (
        ("http://127.0.0.1:1", "the connection was refused"),
        ("https://nowhere.invalid", "the name of the server is not known"),
    ):
        objects = opened(endpoint)
        with pytest.raises(OutOfReach, match=reason):
            objects.read("dev/head")
        with pytest.raises(OutOfReach, match=reason):
            objects.write(CREATES)


def test_the_authority_of_a_server_is_named_by_a_setting_or_the_environment(tmp_path: Path) -> None:
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with answering(error(404, "NoSuchKey"), context) as address:
        assert message(lambda: opened(address).read("dev/head")) == (
            "s3://states/training/dev/head: the certificate of the server is of an authority that is not trusted; name "
            "the file of its authority: caFile under state, or AWS_CA_BUNDLE"
        )
        assert opened(address, tmp_path, caFile="ca.pem").read("dev/head") is None
        environ = {**s3_environment(), "AWS_CA_BUNDLE": str(tmp_path / "ca.pem")}
        assert opened(address, tmp_path, environ).read("dev/head") is None
    (tmp_path / "empty.pem").write_text("")
    assert message(lambda: opened(address, tmp_path, caFile="empty.pem")) == (
        f"caFile ({tmp_path}/empty.pem) holds no certificate in the form PEM"
    )
    assert message(lambda: opened(address, tmp_path, caFile="no.pem")) == (
        f"caFile ({tmp_path}/no.pem) cannot be read: No such file or directory"
    )


def test_http_without_encryption_is_for_this_machine_unless_it_is_asked_for() -> None:
    endpoint = "http://10.1.2.3:9000"
    assert message(lambda: opened(endpoint)) == (
        "http://10.1.2.3:9000 is not encrypted; use https://, or set allowHttp: true under state"
    )
    assert opened(endpoint, allowHttp=True).describe() == "s3://states/training"
    for loopback in ("http://localhost:1", "http://[::1]:1", "http://127.8.8.8:1"):
        assert opened(loopback).describe("dev/head") == "s3://states/training/dev/head"


@pytest.mark.parametrize(
    ("endpoint", "text"),
    [
        ("s3.example.com", 'is not the URL of a server: "s3.example.com"'),
        ("https://", 'is not the URL of a server: "https://"'),
        ("https://[::1", 'is not the URL of a server: "https://[::1"'),
        ("https://a b", 'is not the URL of a server: "https://a b"'),
        ("https://exämple.com", 'is not the URL of a server: "https://exämple.com"'),
    ],
)
def test_an_endpoint_that_is_no_url_is_an_error_of_the_settings(endpoint: str, text: str) -> None:
    assert [item.summary for item in BACKEND.errors_of({"bucket": "states", "endpoint": endpoint})] == [text]
    environ = {**s3_environment(), "AWS_ENDPOINT_URL": endpoint}
    settings = StateSettings(Path("/"), {"bucket": "states"})
    assert message(lambda: open_s3(settings, environ)) == (
        "AWS_ENDPOINT_URL is not the URL of a server; such as https://s3.example.com"
    )


def test_the_endpoint_of_the_environment_is_used() -> None:
    with answering(error(404, "NoSuchKey")) as address:
        environ = {**s3_environment(), "AWS_ENDPOINT_URL_S3": address, "AWS_ENDPOINT_URL": "http://127.0.0.1:1"}
        objects = open_s3(StateSettings(Path("/"), {"bucket": "states"}), environ)
        assert objects.read("dev/head") is None
        assert objects.describe("dev/head") == "s3://states/dev/head"


def test_no_credentials_at_all_are_explained() -> None:
    assert message(lambda: opened("https://127.0.0.1:1", environ={"AWS_EC2_METADATA_DISABLED": "true"})) == (
        "there are no credentials for S3; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
    )


def profiles(folder: Path, credentials: str = "", config: str = "") -> dict[str, str]:
    """The environment in which these are the files of the command `aws`."""
    (folder / "credentials").write_text(credentials)
    (folder / "config").write_text(config)
    return {
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "credentials"),
        "AWS_CONFIG_FILE": str(folder / "config"),
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def keys(id: str) -> str:
    return f"aws_access_key_id = {id}\naws_secret_access_key = s3cr3t\naws_session_token = {id}-token\n"


def used_keys(environ: Mapping[str, str], folder: Path, **settings: Any) -> tuple[str, str, str]:
    """The id of the key with which a request is signed, its region, and its session token."""
    seen: dict[str, str] = {}

    def answer(_: str, __: str, headers: Mapping[str, str]) -> tuple[int, Mapping[str, str], bytes]:
        seen.update({name.lower(): value for name, value in headers.items()})
        return 404, {}, b"<Error><Code>NoSuchKey</Code></Error>"

    with answering(answer) as address:
        opened(address, folder, environ, **settings).read("dev/head")
    scope = seen["authorization"].partition("Credential=")[2].split("/")
    return scope[0], scope[2], seen.get("x-amz-security-token", "")


def test_keys_come_from_the_environment_then_the_profile_then_the_default_profile(tmp_path: Path) -> None:
    environ = profiles(
        tmp_path,
        f"[default]\n{keys('ID1')}\n[ci]\n{keys('ID2')}",
        "[default]\nregion = eu-west-1\n[profile ci]\nregion = eu-west-2\n",
    )
    assert used_keys(environ, tmp_path) == ("ID1", "eu-west-1", "ID1-token")
    assert used_keys({**environ, "AWS_PROFILE": "ci"}, tmp_path) == ("ID2", "eu-west-2", "ID2-token")
    assert used_keys({**environ, **s3_environment()}, tmp_path)[0] == s3_environment()["AWS_ACCESS_KEY_ID"]
    assert used_keys({**environ, **s3_environment()}, tmp_path, profile="ci")[0] == "ID2"
    assert used_keys({**environ, "AWS_REGION": "eu-west-3"}, tmp_path)[1] == "eu-west-3"
    assert used_keys({**environ, "AWS_REGION": "eu-west-3"}, tmp_path, region="eu-west-4")[1] == "eu-west-4"


def test_a_profile_that_does_not_exist_names_the_nearest(tmp_path: Path) -> None:
    environ = profiles(tmp_path, f"[ci-states]\n{keys('ID')}")
    assert message(lambda: opened("https://127.0.0.1:1", environ=environ, profile="ci-state")) == (
        'there is no profile "ci-state" for S3; did you mean "ci-states"?'
    )


def test_a_damaged_file_of_profiles_is_named_without_its_text(tmp_path: Path) -> None:
    environ = profiles(tmp_path, "aws_secret_access_key = s3cr3t\n[default]\n")
    assert message(lambda: opened("https://127.0.0.1:1", environ=environ)) == (
        f"{tmp_path}/credentials is not a file of profiles; aws configure"
    )


def test_a_profile_that_needs_a_login_is_left_to_boto3(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environ = profiles(tmp_path, config="[profile team]\nsso_session = company\nsso_account_id = 1\n")
    monkeypatch.setitem(sys.modules, "boto3", None)
    assert message(lambda: opened("https://127.0.0.1:1", environ=environ, profile="team")) == (
        'the profile "team" for S3 has no keys of its own, and the package that gets them is not installed; pip '
        'install boto3; or eval "$(aws configure export-credentials --profile team --format env)"'
    )


def test_the_keys_of_a_program_of_a_profile_come_by_boto3(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "keys"
    program.write_text('#!/bin/sh\necho \'{"Version": 1, "AccessKeyId": "ID7", "SecretAccessKey": "s3cr3t"}\'\n')
    program.chmod(0o755)
    environ = profiles(tmp_path, config=f"[profile team]\ncredential_process = {program}\n")
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert used_keys(environ, tmp_path, profile="team")[0] == "ID7"


def test_the_keys_of_a_container_and_of_a_role_by_web_identity_are_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """obstore does that by itself, from the environment of the process."""
    asked: list[str] = []

    def answer(method: str, path: str, _: Mapping[str, str]) -> tuple[int, Mapping[str, str], bytes]:
        asked.append(path)
        if path == "/container":
            keys = {
                "AccessKeyId": "ID8",
                "SecretAccessKey": "s3cr3t",
                "Token": "t",
                "Expiration": "2099-01-01T00:00:00Z",
            }
            return 200, {}, json.dumps(keys).encode()
        role = "<AccessKeyId>ID9</AccessKeyId><SecretAccessKey>s3cr3t</SecretAccessKey><SessionToken>t</SessionToken>"
        answer = f"<Credentials>{role}<Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>"
        return (
            200,
            {},
            (
                f"<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult>{answer}"
                "</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"
            ).encode(),
        )

    (tmp_path / "token").write_text("of-the-job")
    (tmp_path / "none").write_text("")
    files = {"AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"), "AWS_CONFIG_FILE": str(tmp_path / "none")}
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with answering(answer) as address, answering(answer, context) as safe:
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{address}/container")
        monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", str(tmp_path / "token"))
        assert used_keys({**os.environ, **files}, tmp_path)[0] == "ID8"
        monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(tmp_path / "token"))
        monkeypatch.setenv("AWS_ROLE_ARN", "arn:aws:iam::1:role/ci")
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", safe)
        assert used_keys({**os.environ, **files}, tmp_path, caFile="ca.pem")[0] == "ID9"
    assert "AssumeRoleWithWebIdentity" in asked[-1]


def test_a_missing_package_is_named_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "obstore.store", None)
    assert message(lambda: opened("https://127.0.0.1:1")) == (
        "the package for state in S3 is not installed; pip install 'novita-infra[s3]'"
    )


@pytest.mark.process
def test_a_key_without_the_right_to_write_reads_and_is_refused_to_write(tmp_path: Path) -> None:
    settings = s3_settings(tmp_path)
    s3_objects("seaweedfs", tmp_path).write(CREATES)
    reader = open_s3(StateSettings(tmp_path, settings), s3_environment(reader=True))
    found = reader.read("dev/head")
    assert found is not None
    assert found.data == b"1"
    assert message(lambda: reader.write([ObjectChange("dev/head", b"2", found.version)])) == (
        f"s3://states/{settings['prefix']}/conditional-writes: the server denies the access (403 AccessDenied); allow "
        "s3:PutObject and s3:DeleteObject on the bucket states"
    )


@pytest.mark.process
def test_a_wrong_key_and_a_missing_bucket_of_a_real_server_are_explained(tmp_path: Path) -> None:
    wrong = {**s3_environment(), "AWS_SECRET_ACCESS_KEY": "s3cr3t-of-another"}
    address = address_of("seaweedfs")
    assert message(lambda: opened(address, tmp_path, wrong).read("dev/head")) == (
        "s3://states/training/dev/head: the server does not accept the credentials (403 SignatureDoesNotMatch); check "
        "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, or the profile"
    )
    for call in ("read", "keys", "read_all"):
        objects = opened(address, tmp_path, bucket="no-such-bucket")
        assert message(lambda: getattr(objects, call)("dev/")).startswith(  # noqa: B023 - called at once
            'there is no bucket "no-such-bucket" for the state; create it'
        )


@pytest.mark.process
def test_a_write_whose_answer_is_cut_off_may_be_done(tmp_path: Path) -> None:
    address = urlsplit(address_of("seaweedfs"))
    with fault_proxy("127.0.0.1", address.port or 0) as proxy:
        objects = s3_objects("seaweedfs", tmp_path, endpoint=f"http://{proxy.address}")
        objects.write(CREATES)
        found = objects.read("dev/head")
        assert found is not None
        for done, cut in enumerate(({"sent": 100}, {"answered": 0})):
            proxy.cut_after(**cut)
            with pytest.raises(AnswerLost, match="the connection was cut"):
                objects.write([ObjectChange("dev/head", b"2", found.version)])
            with pytest.raises(OutOfReach, match="the connection was cut"):
                objects.read("dev/head")
            proxy.heal()
            present = objects.read("dev/head")
            assert present is not None
            assert present.data == (b"1", b"2")[done]


@pytest.mark.process
def test_keys_beyond_one_page_are_listed_and_deleted(tmp_path: Path) -> None:
    objects = s3_objects("moto", tmp_path)
    names = [f"dev/journal/a/{number:08d}" for number in range(1003)]
    objects.write([ObjectChange(name, b"x") for name in names])
    assert list(objects.keys("dev/journal/")) == names
    assert list(objects.read_all("dev/journal/")) == names
    objects.write([*(ObjectChange(name, None) for name in names[1:]), ObjectChange("locks", b"x", ABSENT)])
    assert list(objects.keys("")) == [names[0], "locks"]


@pytest.mark.process
def test_a_deleted_object_leaves_nothing_that_counts(tmp_path: Path) -> None:
    """A conditional delete writes a mark, because not every server deletes on a condition."""
    objects = s3_objects("seaweedfs", tmp_path)
    for _ in range(2):
        objects.write(CREATES)
        found = objects.read("dev/head")
        assert isinstance(found, Object)
        objects.write([ObjectChange("dev/head", None, found.version)])
        assert (objects.read("dev/head"), list(objects.keys("")), dict(objects.read_all(""))) == (None, [], {})
        with pytest.raises(Conflict):
            objects.write([ObjectChange("dev/head", b"2", found.version)])
