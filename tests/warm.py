"""A `pipecli` that starts in a tenth of the time: a command is a fork of a process that has imported it all.

So is the process for a template (`template_sandbox`); of its limits the stories try the real one. And so is
each process of pytest-xdist, if there are several.

For stories of many commands in a shell, and of what a killed one leaves. How the program starts and is
stopped, other stories try with the real one.
"""

from __future__ import annotations

import gc
import marshal
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from importlib import import_module
from io import StringIO
from pathlib import Path
from pkgutil import walk_packages
from select import select
from tempfile import TemporaryDirectory, TemporaryFile
from warnings import catch_warnings

import pipecli
from pipecli.records.kinds import KINDS

CLIENT = """\
#!{python} -IS
import _socket, marshal, os, sys
words = [os.path.basename(sys.argv[0]), *sys.argv[1:]]
if words[0] == "python":
    del words[0]
    module = words[2 if words[:1] == ["-P"] else 1 :]
    if "-m" not in words[:2] or module[0] not in ("pipecli", "pipecli.outbox.template_sandbox"):
        os.execv({python!r}, ["python", *words])
    words = module
request = marshal.dumps((words, os.getcwd(), dict(os.environ), False))
server = _socket.socket(_socket.AF_UNIX)
server.connect({address!r})
streams = b"".join(number.to_bytes(4, sys.byteorder) for number in range(3))
server.sendmsg([len(request).to_bytes(8)], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, streams)])
while request:
    request = request[server.send(request) :]
code = server.recv(1)
os._exit(code[0] if code else 1)
"""


@contextmanager
def warm_programs(folder: Path) -> Iterator[Path]:
    """A folder for a PATH, with `pipecli`, and with a `python` that is warm for pipecli's modules.

    And with `worker`, of which xdist makes its own: a `python -c` that has them imported.
    """
    address = folder / "socket"
    for name in ("pipecli", "python", "worker"):
        (folder / name).write_text(CLIENT.format(python=sys.executable, address=str(address)))
        (folder / name).chmod(0o755)
    command = [sys.executable, "-m", "tests.warm", str(address)]
    with subprocess.Popen(command, cwd=Path(__file__).parents[1], stdout=subprocess.PIPE) as server:
        assert server.stdout and server.stdout.readline() == b"listening\n"
        try:
            yield folder
        finally:
            server.terminate()


class Forked:
    """A command of the warm process that can be killed; as much of a Popen as that takes."""

    def __init__(self, folder: Path, *words: str) -> None:
        """`folder` is that of the warm programs; the command has a group of its own."""
        self._printed = TemporaryFile("w+"), TemporaryFile("w+")  # noqa: SIM115 - closed once it is read
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(str(folder / "socket"))
        request = marshal.dumps((["pipecli", *words], str(Path.cwd()), dict(os.environ), True))
        with open(os.devnull, "rb") as nothing:  # noqa: PTH123
            streams = [nothing.fileno(), *(file.fileno() for file in self._printed)]
            socket.send_fds(self._socket, [len(request).to_bytes(8, "big")], streams)
        self._socket.sendall(request)
        self.pid = int.from_bytes(self._socket.recv(4), "big")
        self.returncode: int | None = None

    def poll(self, timeout: float = 0) -> int | None:
        """The exit code; None while the command runs."""
        if self.returncode is None and select([self._socket], [], [], timeout)[0]:
            code = self._socket.recv(1)
            self.returncode = code[0] if code else -signal.SIGKILL
            self._socket.close()
        return self.returncode

    def communicate(self, timeout: float = 20) -> tuple[str, str]:
        """What it has printed by its end."""
        assert self.poll(timeout) is not None, "it goes on"
        printed = []
        for file in self._printed:
            with file:
                file.seek(0)
                printed.append(file.read())
        return printed[0], printed[1]

    def send_signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def serve(address: str) -> None:
    """Fork for each client; never returns. Who comes before all is imported waits for that."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen()
        os.write(1, b"listening\n")
        with catch_warnings(action="error"):  # as in a story, which may find all imported
            import_all()
        signal.signal(signal.SIGCHLD, _bury)
        while True:
            client, _ = listener.accept()
            if os.fork() == 0:
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                listener.close()
                code = answer(client)
                with suppress(OSError):  # who asked may have been ended
                    client.sendall(bytes([code]))
                os._exit(0)
            client.close()


def _bury(*_: object) -> None:
    """Have a fork that has ended be gone, as a program is: whose lock it held is asked by its number."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def import_all() -> None:
    import apprise  # noqa: F401
    import jinja2.sandbox  # noqa: F401 - which a module of ours imports where it is used
    import rapidfuzz.process  # noqa: F401
    import ryaml  # noqa: F401
    import slugify  # noqa: F401
    import typst  # noqa: F401

    for module in walk_packages(pipecli.__path__, "pipecli."):
        if "board" not in module.name and not module.name.endswith("__main__"):  # the board is textual's
            import_module(module.name)
    assert all(kind.model for kind in KINDS)
    warm_up()
    gc.collect()
    gc.freeze()


def warm_up() -> None:
    """Run some commands: each fork then has the options, the patterns and the models that they make."""
    from pipecli.cli.main import run

    os.environ |= dict.fromkeys(("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"), os.devnull)
    for who in ("AUTHOR", "COMMITTER"):
        os.environ |= {f"GIT_{who}_NAME": "Ana", f"GIT_{who}_EMAIL": "ana@contoso.example"}
    with TemporaryDirectory() as folder, redirect_stdout(StringIO()), redirect_stderr(StringIO()) as said:
        for line in COMMANDS:
            assert run(["-C", folder, *line.format(folder).split()]) == 0, f"{line}: {said.getvalue()}"
    assert threading.active_count() == 1  # a fork has one


COMMANDS = (
    "init {}", "customer add Sol", "product add g --name G", "lead add Rosa", "opp add Mills --customer sol",
    "opp item add mills --product g --price 199", "opp set mills type=sales", "opp list", "opp show mills",
    "quote new mills", "quote list", "call mills", "today", "check", "forecast", "report pipeline",
    "history mills", "diff HEAD~1..HEAD", "undo",
)  # fmt: skip


def answer(client: socket.socket) -> int:
    """Run the command of a client with its streams, folder and environment; its exit code."""
    from pipecli.cli import completion
    from pipecli.cli.main import run
    from pipecli.outbox import template_sandbox

    head, streams, *_ = socket.recv_fds(client, 8, 3)
    left = int.from_bytes(head)
    request = b""
    while len(request) < left:
        request += client.recv(left - len(request))
    (module, *words), folder, environment, is_apart = marshal.loads(request)
    if is_apart:
        os.setsid()
        client.sendall(os.getpid().to_bytes(4, "big"))
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w", buffering=1)  # noqa: SIM115
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    if module == "worker":
        sys.argv = ["-c"]
        exec(words[-1], {"__name__": "__main__"})
        code = 0  # it serves pytest until it ends the process
    elif module != "pipecli":
        code = template_sandbox.main(*words) or 0
    elif words[:1] == ["__complete"]:
        code = completion.main(words[1:]) or 0
    else:
        code = run(words)
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            stream.flush()
    return code


if __name__ == "__main__":
    serve(sys.argv[1])
