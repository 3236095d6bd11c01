"""Sending a message to an address, by apprise: in a bounded time, and with no secret in what is said of it.

apprise is imported here and nowhere else: it is an extra, and takes 100 ms.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from contextlib import suppress
from importlib.util import find_spec
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from pipecli.errors import PipecliError

if TYPE_CHECKING:
    from apprise import Apprise

    from pipecli.outbox.channels import Address
    from pipecli.reports.followups import Message

LONGEST = 20.0
"""Seconds that one message may take; a server that hangs costs no more than that."""

_SHORTEST_SECRET = 4
_WITH_A_HOST = re.compile(r"(mailto|json|xml|form|ntfy|gotify|mattermost|mmost|rocket|matrix|nctalk)s?")
"""Schemes whose first part is the name of a server, which may be said; of others it may be a token."""


def require_apprise() -> None:
    """Raises PipecliError where the extra is not installed."""
    if not find_spec("apprise"):
        raise PipecliError(
            "messages are sent by apprise, which is not installed", hint='pip install "pipecli[notify]"'
        )


class Courier:
    """Sends messages one after the other, to each service as many a second as it takes.

    An address that failed once has failed for all that follows: a server that hangs costs the time of one
    message and not of all.
    """

    def __init__(self, longest: float = LONGEST) -> None:
        require_apprise()
        self.longest = longest
        self._services: dict[str, Apprise] = {}
        self._failed: dict[str, str] = {}

    def send(self, address: Address, message: Message) -> str:
        """Send a message. Returns why it was not delivered; empty when it was."""
        reason = self._failed.get(address.url) or self._send(address, message)
        if reason:
            self._failed[address.url] = reason
        return reason

    def _send(self, address: Address, message: Message) -> str:
        from apprise import AppriseResultStatus, NotifyFormat

        service = self._service(address.url)
        if not len(service):
            return "its address is none that apprise knows"
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
        if result.status == AppriseResultStatus.TIMEOUT:
            return f"no answer within {self.longest:.0f} seconds"
        return without_secrets(_why([(each.level, each.message) for each in result.logs()]), address.url)

    def _service(self, url: str) -> Apprise:
        """The service of an address: one for all its messages, as it counts how many a second it sends."""
        if url not in self._services:
            from apprise import Apprise, AppriseAsset

            _overhear()
            made = Apprise(asset=AppriseAsset(app_id="pipecli", app_desc="pipecli", async_mode=False))
            made.add(url)
            self._services[url] = made
        return self._services[url]


def _overhear() -> None:
    """Have apprise log all, for its results, and print nothing: what goes wrong is told by us."""
    log = logging.getLogger("apprise")
    log.setLevel(logging.DEBUG)
    log.propagate = False
    if not log.handlers:  # without any, Python prints warnings
        log.addHandler(logging.NullHandler())


_EXCEPTION = "Socket Exception: "
_LONGEST_CAUSE = 120


def _why(logs: Sequence[tuple[str, str]]) -> str:
    """What went wrong: the first warning, and what the server or the system said to it."""
    warned = next((said for level, said in logs if level == "WARNING"), "it was refused")
    cause = next((said.removeprefix(_EXCEPTION) for _, said in logs if said.startswith(_EXCEPTION)), "")
    system = re.search(r"\[Errno -?\d+\] ([\w ]+)", cause)
    if system or " url: " in cause:  # of the web: a nest of names, with the address in it
        cause = system[1] if system else ""
    return f"{warned.rstrip('.')} ({cause[:_LONGEST_CAUSE]})" if cause else warned


def without_secrets(said: str, url: str) -> str:
    """What a service said, on one line, without any part of its address but the name of a server."""
    parts = re.split(r"[/:@?&=,]+", unquote(url))
    known = {parts[0]}
    if _WITH_A_HOST.fullmatch(parts[0]):
        with suppress(ValueError):
            known.add(urlsplit(url).hostname or "")
    secrets = sorted({part for part in parts if len(part) >= _SHORTEST_SECRET} - known, key=len, reverse=True)
    text = " ".join(said.split())
    for secret in secrets:
        text = text.replace(secret, "…")
    return text.rstrip(".")
