"""Mail servers on loopback for tests: one that takes mail, and one that says whatever a test wants it to."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace

from tests.later import Later
from tests.servers import nobody

aiosmtpd = Later("aiosmtpd.controller")

WELCOME = ("220 here", "250 hello", "250 sender", "250 recipient", "354 go on", "250 taken", "221 bye")
"""What a server says to one mail to one recipient, line by line."""
HANG, DIE = "hang", "die"


@contextmanager
def mail_server(**handlers) -> Iterator[SimpleNamespace]:
    """A real SMTP server; `.port`, and `.mails`, what it took. `handlers` override aiosmtpd's by name."""
    got = SimpleNamespace(mails=[], port=nobody())

    class Handler:
        async def handle_DATA(self, _server, _session, envelope):  # noqa: N802 - aiosmtpd's name
            got.mails.append(envelope)
            return "250 taken"

    handler = Handler()
    options = handlers.pop("options", {})
    for name, function in handlers.items():
        setattr(handler, name, function)
    controller = aiosmtpd.Controller(handler, hostname="127.0.0.1", port=got.port, **options)
    controller.start()
    try:
        yield got
    finally:
        controller.stop()


@contextmanager
def scripted_server(*says: str) -> Iterator[SimpleNamespace]:
    """A server that answers with these lines; HANG: nothing more, ever; DIE: it ends the connection.

    `.port`, and `.heard`, the commands it got.
    """
    listener = socket.create_server(("127.0.0.1", 0))
    got = SimpleNamespace(port=listener.getsockname()[1], heard=[])
    over = threading.Event()

    def serve():
        while not over.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection, connection.makefile("rb") as lines:
                _answer(connection, lines)

    def _answer(connection, lines):
        for place, answer in enumerate(says):
            if place and not hear(lines, says[place - 1]):
                return
            if answer == HANG:
                over.wait(20)
                return
            if answer == DIE:
                return
            connection.sendall(f"{answer}\r\n".encode())

    def hear(lines, last):
        """One command; after 354 the whole message."""
        while line := lines.readline():
            got.heard.append(line)
            if not last.startswith("354") or line == b".\r\n":
                return True
        return False

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield got
    finally:
        over.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)
