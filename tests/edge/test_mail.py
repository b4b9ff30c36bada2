"""Messages as e-mail, against a mail server on the loopback that speaks SMTP (RFC 5321)."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from everyshelf.base import ids
from everyshelf.base.errors import Refused
from everyshelf.edge import mail
from everyshelf.edge.notify import Message, Silent
from everyshelf.orders import OrderId

ORDER = ids.new(OrderId)
MESSAGE = Message("ada@example.com", "", "Ada", ORDER, "Your code is 123456.")


class Receiver(socketserver.StreamRequestHandler):
    """Takes mails, or says that it is too busy."""

    def handle(self) -> None:
        server: Any = self.server
        self.say("220 post office")
        while line := self.rfile.readline().decode().strip():
            word = line.split()[0].upper()
            if word == "EHLO":
                self.say("250 at your service")
            elif word == "DATA":
                self.say("354 go on")
                text = b""
                while not text.endswith(b"\r\n.\r\n"):
                    text += self.rfile.readline()
                server.got.append(text.decode())
                self.say("250 taken")
            elif word == "MAIL" and server.busy:
                self.say("451 too busy")
            else:
                self.say("221 bye" if word == "QUIT" else "250 ok")
            if word == "QUIT":
                return

    def say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


@pytest.fixture
def office() -> Iterator[Any]:
    """A mail server with what it `got`; `busy` makes it refuse."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Receiver) as server:
        server.got, server.busy = [], False  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def url(office: Any) -> str:
    return f"smtp://127.0.0.1:{office.server_address[1]}?from=shop@example.com"


def test_a_message_arrives_with_its_id(office: Any) -> None:
    mail.Mail(url(office)).send("evt_1", MESSAGE)
    [text] = office.got
    assert "To: ada@example.com" in text
    assert "Message-ID: <evt_1@example.com>" in text
    assert f"Subject: Your order {ORDER}" in text
    assert "Your code is 123456." in text


def test_a_buyer_without_an_address_is_not_mailed(office: Any) -> None:
    mail.Mail(url(office)).send("evt_1", Message("", "+12125550123", "Ada", ORDER, "text"))
    assert office.got == []


def test_a_busy_server_is_an_error_so_the_message_is_tried_again(office: Any) -> None:
    office.busy = True
    with pytest.raises(OSError, match="too busy"):
        mail.Mail(url(office)).send("evt_1", MESSAGE)


def test_a_header_cannot_be_smuggled_in(office: Any) -> None:
    evil = Message("ada@example.com\nBcc: eve@example.com", "", "Ada", ORDER, "text")
    with pytest.raises(ValueError, match="linefeed"):
        mail.Mail(url(office)).send("evt_1", evil)
    assert office.got == []


@pytest.mark.parametrize("wrong", ["http://x?from=a@b", "smtp://?from=a@b", "smtp://host"])
def test_a_wrong_url_is_refused(wrong: str) -> None:
    with pytest.raises(Refused) as refused:
        mail.Mail(wrong)
    assert refused.value.code == "notify.smtp_invalid"


def test_the_setting_chooses_the_messenger(
    monkeypatch: pytest.MonkeyPatch, office: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv(mail.SETTING, raising=False)
    silent = mail.messenger()
    assert isinstance(silent, Silent)
    silent.send("evt_1", MESSAGE)
    said = capsys.readouterr().out
    assert str(ORDER) in said
    assert "123456" not in said
    assert "ada@" not in said
    monkeypatch.setenv(mail.SETTING, url(office))
    assert isinstance(mail.messenger(), mail.Mail)
