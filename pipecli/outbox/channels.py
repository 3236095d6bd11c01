"""Messages to channels and users: their addresses, and sending by apprise in a bounded time.

Addresses come from the environment and the user's own files, never from a pipeline, which only names
channels: a clone of a stranger's pipeline sends nothing to the stranger. No error tells the secrets of an
address. apprise is imported here and nowhere else: it is an extra, and takes 100 ms.
"""

from __future__ import annotations

import logging
import os
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from pipecli.errors import PipecliError, system_refusal
from pipecli.extras import require_extra
from pipecli.records.compare_names import folded

if TYPE_CHECKING:
    from apprise import Apprise

    from pipecli.reports.today_and_followups import Message

_ENVIRONMENT = "PIPECLI_CHANNEL"
_DEFAULT = "default"


@dataclass(frozen=True)
class Address:
    """One address of a channel."""

    channel: str
    url: str = field(repr=False)
    """As apprise writes it: it holds passwords and tokens, and is shown nowhere."""


class Channels:
    """The addresses that this user of this machine has configured."""

    def __init__(
        self, file: Path, written: Mapping[str, Any], environment: Mapping[str, str], *, is_dry: bool = False
    ) -> None:
        self.file = file
        self._is_dry = is_dry
        self._named = _table(file, written, "channels")
        self._users = _table(file, written, "users")
        self._environment = environment
        unknown = [name for name in written if name not in ("channels", "users")]
        if unknown:
            raise PipecliError(f"{file}: unknown table {unknown[0]}", hint="write [channels] and [users]")

    @property
    def are_none(self) -> bool:
        """True where no address at all is configured."""
        return not (self._named or self._users) and not any(
            name.startswith(_ENVIRONMENT) and value.strip() for name, value in self._environment.items()
        )

    def require_any(self) -> None:
        """Refuse to send where no address is configured; a dry run sends nothing."""
        if self.are_none and not self._is_dry:
            raise PipecliError(
                "no channel is configured, and nothing can be sent",
                hint=f"set PIPECLI_CHANNEL_<NAME>, or write {self.file}; see docs/notifications.md",
            )

    def of(self, name: str, *, is_user: bool) -> list[Address]:
        """The addresses of a channel, else of the default; of a user first those in [users]."""
        if is_user and variable(name) not in self._environment and name in self._users:
            return self._addresses(name, self._users[name])
        return self._own(name) or self._default(name)

    def _own(self, name: str) -> list[Address]:
        if texts := self._environment.get(variable(name), "").split():
            return self._addresses(name, texts)
        return self._addresses(name, self._named.get(name, ()))

    def _default(self, name: str) -> list[Address]:
        texts = self._environment.get(_ENVIRONMENT, "").split() or self._named.get(_DEFAULT, ())
        if self._is_dry and not texts:  # nothing is sent: who has no address yet is shown all the same
            return [Address(f"{name}, which is not configured here", f"none://{name}")]
        return [Address(_DEFAULT, address.url) for address in self._addresses(name, texts)]

    def _addresses(self, name: str, texts: tuple[str, ...] | list[str]) -> list[Address]:
        """The addresses that texts give: one is an address itself, or the name of a channel."""
        addresses = []
        for text in texts:
            if "://" in text:
                addresses.append(Address(name, text))
            elif text == name or not (named := self._own(text)):
                raise PipecliError(
                    f'the channel {name}: "{_start(text)}" is neither an address nor another channel',
                    hint="an address begins as mailto:// or slack://; see docs/notifications.md",
                )
            else:
                addresses += named
        return addresses


def channels(environment: Mapping[str, str] = os.environ, *, is_dry: bool = False) -> Channels:
    """The channels that this user has configured; `is_dry`: and stand-ins for those that are missing.

    Raises PipecliError where the file can't be read.
    """
    file = configuration_file(environment)
    with system_refusal(file, "read"):
        text = file.read_text(encoding="utf-8") if file.exists() else ""
    try:
        written = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PipecliError(
            f"{file}: {error}", hint="it is written in TOML; see docs/notifications.md"
        ) from None
    return Channels(file, written, environment, is_dry=is_dry)


def configuration_file(environment: Mapping[str, str]) -> Path:
    """PIPECLI_CONFIG, else `pipecli/config.toml` where programs keep their configuration."""
    if named := environment.get("PIPECLI_CONFIG"):
        return Path(named)
    home = environment.get("XDG_CONFIG_HOME", "")
    # XDG: a path that is not absolute is ignored. Here it could be a directory of the pipeline.
    folder = Path(home) if Path(home).is_absolute() else Path.home() / ".config"
    return folder / "pipecli" / "config.toml"


def variable(name: str) -> str:
    """The environment variable that gives the addresses of a channel or user: PIPECLI_CHANNEL_ANA_RUIZ."""
    return f"{_ENVIRONMENT}_{re.sub('[^A-Z0-9]', '_', folded(name).upper())}"


def _table(file: Path, written: Mapping[str, Any], name: str) -> dict[str, tuple[str, ...]]:
    table = written.get(name, {})
    if not isinstance(table, dict):
        raise PipecliError(f"{file}: {name} isn't a table", hint=f"write [{name}] on a line of its own")
    addresses = {}
    for key, value in table.items():
        texts = value if isinstance(value, list) else [value]
        if not all(isinstance(text, str) and text.strip() for text in texts):
            raise PipecliError(
                f"{file}: {name}.{key}: give an address, or a list of them",
                hint=f'as {key} = "mailto://…"',
            )
        addresses[key] = tuple(text.strip() for text in texts)
    return addresses


def _start(text: str) -> str:
    """The start of a text: enough to find it, too little to tell a secret."""
    return text if len(text) <= 8 else f"{text[:4]}…"


LONGEST = 20.0
"""Seconds that one message may take."""

_SHORTEST_SECRET = 4
_WITH_A_HOST = re.compile(r"(mailto|json|xml|form|ntfy|gotify|mattermost|mmost|rocket|matrix|nctalk)s?")
"""Schemes whose first part is the name of a server, which may be said; of others it may be a token."""


class Courier:
    """Sends messages one after the other, to each service as many a second as it takes.

    An address that failed once has failed for all that follows: a server that hangs costs the time of one
    message and not of all. Where it stands for several people (`&cc=`, `&to=`) and only some got the message,
    it is delivered, and `say` is told: sent again, it would come to them with each run.
    """

    def __init__(self, say: Callable[[str], None], longest: float = LONGEST) -> None:
        require_extra("notify")
        self._say = say
        self.longest = longest
        self._services: dict[str, Apprise] = {}
        self._failed: dict[str, str] = {}

    def send(self, address: Address, message: Message) -> str:
        """Send a message; the reason why it was not delivered, or empty when it was."""
        reason = self._failed.get(address.url) or self._send(address, message)
        if reason:
            self._failed[address.url] = reason
        return reason

    def _send(self, address: Address, message: Message) -> str:
        from apprise import AppriseResultStatus, NotifyFormat

        service = self._service(address.url)
        if not len(service):
            return "its address isn't one that apprise knows"
        title = " ".join(message.title.split())  # a line break would begin another header
        result = service.notify(
            message.body,
            title=title,
            body_format=NotifyFormat.TEXT,
            timeout=self.longest,
            log_level=logging.DEBUG,
        )
        if result:
            return ""
        logs = [(log.level, log.message) for log in result.logs()]
        reason = without_secrets(_reason(logs), address.url)
        if result.status == AppriseResultStatus.TIMEOUT:
            reason = f"no answer within {self.longest:.0f} seconds"
        if any(_SOME_GOT_IT.match(text) for _, text in logs):
            self._say(f"the channel {address.channel} brought it to some, and not to all: {reason}")
            return ""
        return reason

    def _service(self, url: str) -> Apprise:
        """The service of an address: one for all its messages, as it counts how many a second it sends."""
        if url not in self._services:
            from apprise import Apprise, AppriseAsset

            _overhear()
            service = Apprise(asset=AppriseAsset(app_id="pipecli", app_desc="pipecli", async_mode=False))
            service.add(url)
            self._services[url] = service
        return self._services[url]


def _overhear() -> None:
    """Make apprise log everything, for its results, and print nothing."""
    log = logging.getLogger("apprise")
    log.setLevel(logging.DEBUG)
    log.propagate = False
    if not log.handlers:  # without any, Python prints warnings
        log.addHandler(logging.NullHandler())


_SOME_GOT_IT = re.compile(r"Sent |SMTP recipient \S+ was refused")
"""apprise's words for one target of several that got it, and for one of a mail that others got."""
_EXCEPTION = "Socket Exception: "
_LONGEST_CAUSE = 120


def _reason(logs: Sequence[tuple[str, str]]) -> str:
    """The reason of a failure: the first warning of the log, and the answer of the server or the system."""
    warned = next((text for level, text in logs if level == "WARNING"), "it was refused")
    cause = next((text.removeprefix(_EXCEPTION) for _, text in logs if text.startswith(_EXCEPTION)), "")
    system = re.search(r"\[Errno -?\d+\] ([\w ]+)", cause)
    if system or " url: " in cause:  # of the web: a nest of names, with the address in it
        cause = system[1] if system else ""
    return f"{warned.rstrip('.')} ({cause[:_LONGEST_CAUSE]})" if cause else warned


def without_secrets(text: str, url: str) -> str:
    """The words of a service on one line, without any part of its address but the name of a server."""
    parts = re.split(r"[/:@?&=,]+", unquote(url))
    known = {parts[0]}
    if _WITH_A_HOST.fullmatch(parts[0]):
        with suppress(ValueError):
            known.add(urlsplit(url).hostname or "")
    secrets = sorted({part for part in parts if len(part) >= _SHORTEST_SECRET} - known, key=len, reverse=True)
    text = " ".join(text.split())
    for secret in secrets:
        text = text.replace(secret, "…")
    return text.rstrip(".")
