"""Sends a notification as mail. A text in it can neither add a header nor a recipient."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Collection
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from novita_infra.api.transport.trust import tls_context
from novita_infra.model.diagnostics import Problems
from novita_infra.model.printable import printable
from novita_infra.notices.delivery.attempts import TIMEOUT, Sleep, Undelivered, delivered_by_attempts, said, said_by
from novita_infra.notices.delivery.channels import Email, MailTls
from novita_infra.notices.delivery.posting import is_loopback
from novita_infra.notices.delivery.wording import Wording, cut_to_fit

_MOST_LINES = 2000


def send_mail(
    channel: Email, wording: Wording, *, message_id: str, at: float, secrets: Collection[str], sleep: Sleep
) -> str:
    """Hands the message to the server of the channel. Returns what the server did. Raises Undelivered."""
    if channel.password and channel.tls is MailTls.NONE and not is_loopback(channel.host):
        raise Undelivered("a password is sent only over TLS: tls: startTls or tls: tls")
    message = _message(channel, wording, message_id, at)

    def once() -> str:
        try:
            with _connected(channel) as server:
                if channel.user:
                    server.login(channel.user, channel.password)
                refused = server.send_message(message, channel.sender, channel.recipients)
        except (smtplib.SMTPException, OSError, OverflowError, ValueError) as error:
            raise _failure(error, secrets) from None
        except Problems as wrong:
            raise Undelivered(printable("; ".join(map(str, wrong.diagnostics)))) from None
        if refused:
            raise Undelivered(
                f"it takes mail for {len(channel.recipients) - len(refused)} of {len(channel.recipients)}"
            )
        return "sent"

    return delivered_by_attempts(once, sleep)


def _connected(channel: Email) -> smtplib.SMTP:
    """A connection, encrypted as the channel says: a server without STARTTLS gets nothing."""
    name = "[127.0.0.1]"  # looking the name of this machine up may take long, and no receiver needs it
    if channel.tls is MailTls.TLS:
        return smtplib.SMTP_SSL(channel.host, channel.port, name, timeout=TIMEOUT, context=tls_context())
    server = smtplib.SMTP(channel.host, channel.port, name, timeout=TIMEOUT)
    if channel.tls is MailTls.START_TLS:
        try:
            server.starttls(context=tls_context())
        except BaseException:
            server.close()
            raise
    return server


def _failure(error: Exception, secrets: Collection[str]) -> Undelivered:
    passes = isinstance(error, OSError) and not isinstance(error, (smtplib.SMTPException, ssl.SSLError))
    match error:
        case smtplib.SMTPRecipientsRefused():
            codes = sorted({code for code, _ in error.recipients.values()})
            return Undelivered(f"it refuses every recipient ({', '.join(map(str, codes))})", may_pass=max(codes) < 500)
        case smtplib.SMTPResponseException():
            code, words = error.smtp_code, error.smtp_error
            text = words.decode("utf-8", "replace") if isinstance(words, bytes) else str(words)
            return Undelivered(f"it answered {code}: {said(text, secrets)}", may_pass=400 <= code < 500)
        case smtplib.SMTPServerDisconnected():
            return Undelivered("it closed the connection", may_pass=True)
        case smtplib.SMTPNotSupportedError():
            return Undelivered(said(str(error), secrets))
        case _:
            return Undelivered(said_by(error, secrets), may_pass=passes)


def _message(channel: Email, wording: Wording, message_id: str, at: float) -> EmailMessage:
    message = EmailMessage(SMTP)
    message["Subject"] = wording.title
    message["From"] = channel.sender
    message["To"] = ", ".join(channel.recipients)
    message["Date"] = format_datetime(datetime.fromtimestamp(at, UTC))
    message["Message-ID"] = f"<{message_id}@novita-infra.invalid>"
    message["Auto-Submitted"] = "auto-generated"
    lines = [*wording.facts, "", *cut_to_fit(wording.items, wording.left_out, lambda shown: len(shown) <= _MOST_LINES)]
    message.set_content("\n".join(lines).rstrip() + "\n")
    return message
