"""Delivery as mail, against a real SMTP server on the loopback: STARTTLS, TLS, logins, and hostile texts."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from novita_infra.notices.delivery.attempts import Undelivered
from novita_infra.notices.delivery.channels import Email, MailTls
from novita_infra.notices.delivery.delivering import deliver

DOCUMENT: dict[str, Any] = {
    "event": "failure",
    "project": "fleet",
    "environment": "prod",
    "command": "apply",
    "time": "2026-12-01T00:00:00Z",
    "outcome": "failed",
    "summary": {"create": 1},
    "errors": ["it fails"],
    "items": [{"address": "instance.worker", "what": "create"}],
}
PASSWORD = "canary-of-mail-42"


class Box:
    """Keeps what is delivered. `answers` are given before mail is taken."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.recipients: list[list[str]] = []
        self.answers: list[str] = []
        self.encrypted: list[bool] = []

    async def handle_DATA(self, _server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 -- aiosmtpd's name
        if self.answers:
            return self.answers.pop(0)
        self.encrypted.append(session.ssl is not None)
        self.recipients.append(envelope.rcpt_tos)
        mail = message_from_bytes(envelope.content, policy=default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        return "250 OK"


@pytest.fixture
def box() -> Box:
    return Box()


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    made = trustme.CA()
    made.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.issue_cert("127.0.0.1").configure_cert(context)
    return context


class _AnyPort(Controller):
    """A server on a port that the system chooses."""

    def _trigger_server(self) -> None:
        assert isinstance(self.server, asyncio.Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]


def _server(box: Box, **more: Any) -> Iterator[Controller]:
    controller = _AnyPort(box, hostname="127.0.0.1", port=0, **more)
    controller.start()
    try:
        yield controller
    finally:
        controller.stop()


def _channel(controller: Controller, **more: Any) -> Email:
    return Email("127.0.0.1", controller.port, "infra@example.com", ("a@example.com", "b@example.com"), **more)


def _login(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
    good = isinstance(data, LoginPassword) and (data.login, data.password) == (b"infra", PASSWORD.encode())
    return AuthResult(success=good, handled=False)


def test_mail_goes_over_starttls_with_a_login(box: Box, authority: ssl.SSLContext) -> None:
    for server in _server(box, tls_context=authority, require_starttls=True, authenticator=_login, auth_required=True):
        channel = _channel(server, user="infra", password=PASSWORD)
        assert deliver(DOCUMENT, channel) == "sent"
        with pytest.raises(Undelivered, match="it answered 535") as failure:
            deliver(DOCUMENT, _channel(server, user="infra", password="wrong-canary"), sleep=lambda _: None)
        assert "canary" not in str(failure.value)
    (mail,) = box.mails
    assert box.encrypted == [True]
    assert box.recipients == [["a@example.com", "b@example.com"]]
    assert mail["Subject"] == "fleet (prod): failure: failed"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert "create: 1" not in mail.get_content()
    assert "instance.worker create" in mail.get_content()


def test_mail_goes_over_tls_from_the_start(box: Box, authority: ssl.SSLContext) -> None:
    for server in _server(box, ssl_context=authority):
        assert deliver(DOCUMENT, _channel(server, tls=MailTls.TLS)) == "sent"
    assert len(box.mails) == 1


def test_mail_is_not_sent_to_a_server_without_starttls(box: Box) -> None:
    for server in _server(box):
        with pytest.raises(Undelivered, match="STARTTLS"):
            deliver(DOCUMENT, _channel(server))
    assert not box.mails


def test_mail_is_not_sent_to_a_server_with_a_foreign_certificate(
    box: Box, authority: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    for server in _server(box, tls_context=authority):
        with pytest.raises(Undelivered, match="certificate verify failed"):
            deliver(DOCUMENT, _channel(server))
    assert not box.mails


def test_mail_never_sends_a_password_in_clear() -> None:
    with pytest.raises(Undelivered, match="only over TLS"):
        deliver(DOCUMENT, Email("mail.example.com", 25, "a@b", ("c@d",), MailTls.NONE, "infra", PASSWORD))


@pytest.mark.parametrize("port", [1, 70_000])
def test_mail_to_a_server_that_cannot_be_reached_says_why_in_words(port: int) -> None:
    with pytest.raises(Undelivered, match=r"^Connection refused$"):
        deliver(DOCUMENT, Email("127.0.0.1", port, "a@b", ("c@d",)), sleep=lambda _: None)


def test_mail_is_tried_again_after_a_fault_that_may_pass(box: Box) -> None:
    pauses: list[float] = []
    for server in _server(box):
        box.answers = ["451 later", "451 later"]
        assert deliver(DOCUMENT, _channel(server, tls=MailTls.NONE), sleep=pauses.append) == "sent"
        box.answers = ["554 never"]
        with pytest.raises(Undelivered, match="it answered 554: never"):
            deliver(DOCUMENT, _channel(server, tls=MailTls.NONE), sleep=pauses.append)
    assert pauses == [1.0, 2.0]


def test_mail_takes_no_header_from_a_hostile_text(box: Box) -> None:
    hostile = "x\r\nBcc: all@example.com\r\n\r\nbody\x1b[31m"
    document = {**DOCUMENT, "project": hostile, "errors": [hostile], "items": [{"address": hostile, "what": "create"}]}
    for server in _server(box):
        assert deliver(document, _channel(server, tls=MailTls.NONE)) == "sent"
    (mail,) = box.mails
    assert mail["Bcc"] is None
    assert box.recipients == [["a@example.com", "b@example.com"]]
    assert "\x1b" not in mail.as_string()
    assert "\\r\\nBcc: all@example.com" in mail["Subject"]
