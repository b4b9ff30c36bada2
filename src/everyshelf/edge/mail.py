"""Messages as e-mail, through the mail server that `EVERYSHELF_SMTP_URL` names.

`smtp://user:password@host:587?from=shop@example.com` speaks STARTTLS where the server offers it,
`smtps://` TLS from the start. A mail carries the message's id, so a repeat can be told. Text
messages to phones are another messenger's work.
"""

from __future__ import annotations

import os
import smtplib
import ssl
from email.message import EmailMessage
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit

from everyshelf.base.errors import Code
from everyshelf.edge.notify import Message, Messenger, Silent

SETTING: Final = "EVERYSHELF_SMTP_URL"
TIMEOUT_SECONDS: Final = 20
INVALID: Final = Code(
    "notify.smtp_invalid",
    500,
    "EVERYSHELF_SMTP_URL is not of the form smtp://host:port?from=shop@example.com.",
)


def messenger() -> Messenger:
    """The messenger that the settings name; without one nobody is told anything."""
    url = os.environ.get(SETTING, "")
    return Mail(url) if url else Silent()


class Mail:
    """Sends each message as a mail of its own. Raises when the mail server does not take it."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        sender = parse_qs(parts.query).get("from", [""])[0]
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname or "@" not in sender:
            raise INVALID()
        self.host, self.port = parts.hostname, parts.port or (465 if parts.scheme[4:] else 587)
        self.user, self.password = unquote(parts.username or ""), unquote(parts.password or "")
        self.tls = parts.scheme == "smtps"
        self.sender = sender

    def send(self, message_id: str, message: Message) -> None:
        """One connection a mail; a buyer without an address is not told."""
        if message.email:
            with self._connect() as server:
                server.send_message(self._mail(message_id, message))

    def _connect(self) -> smtplib.SMTP:
        if self.tls:
            secure = ssl.create_default_context()
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                self.host, self.port, timeout=TIMEOUT_SECONDS, context=secure
            )
        else:
            server = smtplib.SMTP(self.host, self.port, timeout=TIMEOUT_SECONDS)
            server.ehlo()
            if server.has_extn("starttls"):
                server.starttls(context=ssl.create_default_context())
        if self.user:
            server.login(self.user, self.password)
        return server

    def _mail(self, message_id: str, message: Message) -> EmailMessage:
        mail = EmailMessage()
        mail["From"], mail["To"] = self.sender, message.email
        mail["Subject"] = f"Your order {message.order_id}"
        mail["Message-ID"] = f"<{message_id}@{self.sender.partition('@')[2]}>"
        mail.set_content(message.text)
        return mail
