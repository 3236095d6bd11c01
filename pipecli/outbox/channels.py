"""Where messages go: the addresses of channels and users, from the environment and the user's own files.

Never from a pipeline: that only names channels. Who clones a pipeline of a stranger sends nothing to the
stranger's addresses.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipecli.errors import PipecliError
from pipecli.records.values import folded

_ENVIRONMENT = "PIPECLI_CHANNEL"
_DEFAULT = "default"


@dataclass(frozen=True)
class Address:
    """One address of a channel, and how a person knows it."""

    channel: str
    url: str = field(repr=False)
    """As apprise writes it: it holds passwords and tokens, and is shown nowhere."""


class Channels:
    """The addresses that this user of this machine has configured."""

    def __init__(self, file: Path, written: Mapping[str, Any], environment: Mapping[str, str]) -> None:
        self.file = file
        self._named = _table(file, written, "channels")
        self._users = _table(file, written, "users")
        self._environment = environment
        unknown = [name for name in written if name not in ("channels", "users")]
        if unknown:
            raise PipecliError(f"{file}: there is no table {unknown[0]}", hint="write [channels] and [users]")

    @property
    def are_none(self) -> bool:
        """Whether nothing at all is configured."""
        return not (self._named or self._users) and not any(
            name.startswith(_ENVIRONMENT) and value.strip() for name, value in self._environment.items()
        )

    def of_channel(self, name: str) -> list[Address]:
        """The addresses of the channel of this name, else of the default; none where there is neither."""
        return self._own(name) or self._default(name)

    def of_user(self, slug: str) -> list[Address]:
        """The addresses of a user: those in [users], of a channel of the same name, or the default."""
        if variable(slug) not in self._environment and slug in self._users:
            return self._addresses(slug, self._users[slug])
        return self._own(slug) or self._default(slug)

    def _own(self, name: str) -> list[Address]:
        if texts := self._environment.get(variable(name), "").split():
            return self._addresses(name, texts)
        return self._addresses(name, self._named.get(name, ()))

    def _default(self, name: str) -> list[Address]:
        texts = self._environment.get(_ENVIRONMENT, "").split() or self._named.get(_DEFAULT, ())
        return [Address(_DEFAULT, each.url) for each in self._addresses(name, texts)]

    def _addresses(self, name: str, texts: tuple[str, ...] | list[str]) -> list[Address]:
        """The addresses that texts give: one is an address itself, or the name of a channel."""
        found = []
        for text in texts:
            if "://" in text:
                found.append(Address(name, text))
            elif text == name or not (named := self._own(text)):
                raise PipecliError(
                    f'the channel {name}: "{_start(text)}" is no address, and no name of another channel',
                    hint="an address begins as mailto:// or slack://; see docs/notifications.md",
                )
            else:
                found += named
        return found


def channels(environment: Mapping[str, str] = os.environ) -> Channels:
    """What this user has configured. Raises PipecliError where the file can't be read."""
    file = configuration_file(environment)
    try:
        written = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        written = {}
    except (OSError, UnicodeDecodeError) as error:
        raise PipecliError(f"{file} can't be read: {getattr(error, 'strerror', error)}") from None
    except tomllib.TOMLDecodeError as error:
        raise PipecliError(
            f"{file}: {error}", hint="it is written in TOML; see docs/notifications.md"
        ) from None
    return Channels(file, written, environment)


def configuration_file(environment: Mapping[str, str]) -> Path:
    """PIPECLI_CONFIG, else `pipecli/config.toml` where programs keep their configuration."""
    if named := environment.get("PIPECLI_CONFIG"):
        return Path(named)
    home = environment.get("XDG_CONFIG_HOME", "")
    # XDG: what is not absolute is to be ignored. Here it could be a directory of the pipeline.
    folder = Path(home) if Path(home).is_absolute() else Path.home() / ".config"
    return folder / "pipecli" / "config.toml"


def variable(name: str) -> str:
    """The environment variable that gives the addresses of a channel or user: PIPECLI_CHANNEL_ANA_RUIZ."""
    return f"{_ENVIRONMENT}_{re.sub('[^A-Z0-9]', '_', folded(name).upper())}"


def _table(file: Path, written: Mapping[str, Any], name: str) -> dict[str, tuple[str, ...]]:
    table = written.get(name, {})
    if not isinstance(table, dict):
        raise PipecliError(f"{file}: {name} is no table", hint=f"write [{name}] on a line of its own")
    found = {}
    for key, value in table.items():
        texts = value if isinstance(value, list) else [value]
        if not all(isinstance(text, str) and text.strip() for text in texts):
            raise PipecliError(
                f"{file}: {name}.{key}: an address is wanted, or a list of them",
                hint=f'as {key} = "mailto://…"',
            )
        found[key] = tuple(text.strip() for text in texts)
    return found


def _start(text: str) -> str:
    """Enough of a text to find it, and too little to tell a secret."""
    return text if len(text) <= 8 else f"{text[:4]}…"
