"""Real servers on loopback that take mail and web hooks, and some that fail as servers do."""

from __future__ import annotations

import getpass
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, NamedTuple

import pytest

from tests.later import Later

aiosmtpd = Later("aiosmtpd.controller")


class Mails(NamedTuple):
    """A mail server and what it took."""

    port: int
    taken: list[EmailMessage]

    def url(self, to: str = "ana@contoso.example") -> str:
        return mail_url(self.port, to)


def mail_url(port: int, to: str = "ana@contoso.example") -> str:
    """An address of apprise's, for a server here that knows no encryption."""
    return f"mailto://127.0.0.1:{port}?from=crm@contoso.example&to={to}&mode=insecure&cto=5"


@contextmanager
def mail_server(refused: str = "") -> Iterator[Mails]:
    """A mail server; the recipient `refused` it does not know."""
    mails = Mails(_free_port(), [])

    class Handler:
        async def handle_RCPT(  # noqa: N802 - as aiosmtpd calls it
            self, server: Any, session: Any, envelope: Any, address: str, options: Any
        ) -> str:
            if address == refused:
                return "550 no such user"
            envelope.rcpt_tos.append(address)
            return "250 OK"

        async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
            mails.taken.append(message_from_bytes(envelope.content, policy=policy.default))  # type: ignore[arg-type]
            return "250 OK"

    controller = aiosmtpd.Controller(Handler(), hostname="127.0.0.1", port=mails.port)
    controller.start()
    try:
        yield mails
    finally:
        controller.stop()


class Hooks(NamedTuple):
    """A web server and what was posted to it; while `status` holds a number, that is its answer."""

    port: int
    taken: list[dict[str, Any]]
    status: list[int]

    def url(self, path: str = "hook") -> str:
        return f"json://127.0.0.1:{self.port}/{path}"

    @property
    def titles(self) -> list[str]:
        return [each["title"] for each in self.taken]


@contextmanager
def web_server() -> Iterator[Hooks]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status = hooks.status[-1] if hooks.status else 200
            if status == 200:
                hooks.taken.append({**said, "path": self.path.removeprefix("/")})
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hooks = Hooks(server.server_port, [], [])
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield hooks
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def bad_mail_server(answers: list[str]) -> Iterator[int]:
    """A mail server that gives these answers, one a line it hears, and then dies; without any it hangs."""
    listening = socket.create_server(("127.0.0.1", 0))
    listening.settimeout(10)
    held: list[socket.socket] = []

    def serve() -> None:
        try:
            client, _ = listening.accept()
        except OSError:
            return
        held.append(client)
        if not answers:
            return
        with client, client.makefile("rb") as lines:
            for answer in answers:
                client.sendall(f"{answer}\r\n".encode())
                lines.readline()

    thread = Thread(target=serve)
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        listening.close()
        thread.join()
        for client in held:
            client.close()


@contextmanager
def postgresql() -> Iterator[str]:
    """The address of a database on a server of its own; skips where PostgreSQL isn't installed."""
    folders = [*Path("/usr/lib/postgresql").glob("*/bin"), *Path("/opt/homebrew/opt").glob("postgresql*/bin")]
    path = os.pathsep.join([os.environ["PATH"], *map(str, sorted(folders, reverse=True))])
    initdb, server = (shutil.which(name, path=path) for name in ("initdb", "postgres"))
    if not initdb or not server:
        pytest.skip("PostgreSQL is not installed")
    with tempfile.TemporaryDirectory() as folder:
        who: dict[str, Any] = {}
        if os.geteuid() == 0:  # which the server refuses to be
            who = {"user": "postgres"}
            shutil.chown(folder, "postgres")
        data, port = f"{folder}/data", _free_port()
        quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": folder}
        subprocess.run([initdb, "-D", data, "-U", "crm", "-A", "trust", "-N"], check=True, **quiet, **who)
        options = ["-p", str(port), "-k", folder, "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"]
        process = subprocess.Popen([server, "-D", data, *options], **quiet, **who)
        try:
            for _ in range(100):
                with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                    break
                time.sleep(0.1)
            yield f"postgresql://crm@127.0.0.1:{port}/postgres"
        finally:
            process.send_signal(signal.SIGINT)  # not waiting for connections
            process.wait(30)


@contextmanager
def git_over_http(folder: Path) -> Iterator[str]:
    """The address of the repositories in a folder, served by `git http-backend`; everybody may push."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path, _, query = self.path.partition("?")
            environment = {
                **os.environ, "GIT_PROJECT_ROOT": str(folder), "GIT_HTTP_EXPORT_ALL": "1", "PATH_INFO": path,
                "QUERY_STRING": query, "REQUEST_METHOD": self.command, "REMOTE_USER": "ana",
                "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            }  # fmt: skip
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            done = subprocess.run(["git", "http-backend"], input=body, capture_output=True, env=environment)
            head, _, content = done.stdout.partition(b"\r\n\r\n")
            headers = dict(line.split(": ", 1) for line in head.decode().splitlines())
            self.send_response(int(headers.pop("Status", "200").split()[0]))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_GET  # noqa: N815 - as http.server calls it

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def git_over_ssh(folder: Path, patch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a folder by a real sshd with a key of its own; skips where there is none."""
    sshd = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin")
    if not sshd or not shutil.which("ssh-keygen"):
        pytest.skip("OpenSSH's server is not installed")
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as keys:
        for name in ("host", "user"):
            subprocess.run(
                ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", f"{keys}/{name}"], check=True
            )
        port = _free_port()
        options = {
            "Port": port, "ListenAddress": "127.0.0.1", "HostKey": f"{keys}/host", "StrictModes": "no",
            "AuthorizedKeysFile": f"{keys}/user.pub", "PidFile": "none", "UsePAM": "no",
        }  # fmt: skip
        words = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
        process = subprocess.Popen([sshd, "-D", "-e", "-f", "/dev/null", *words], stderr=subprocess.DEVNULL)
        try:
            for _ in range(100):
                with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                    break
                time.sleep(0.05)
            known = "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR"
            patch.setenv("GIT_SSH_COMMAND", f"ssh -F none -i {keys}/user -o BatchMode=yes {known}")
            yield f"ssh://{getpass.getuser()}@127.0.0.1:{port}{folder}"
        finally:
            process.terminate()
            process.wait(10)


def nobody() -> int:
    """A port that nobody listens at."""
    return _free_port()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
    return port
