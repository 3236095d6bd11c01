"""The file by which a code host reviews what is to be merged into a pipeline, as `init --ci` writes it."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from importlib.resources import files as resources
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pipecli.errors import PipecliError
from pipecli.store import committing, files
from pipecli.store.location import inside

if TYPE_CHECKING:
    from pipecli.store.location import Location


class Host(NamedTuple):
    """A code host."""

    name: str
    file: str
    """Where it looks for the file, from the root of the repository."""
    filter: str
    """The key, after its indentation, that names the paths of a pipeline in a subfolder."""
    below: str
    """How a path filter says all that is in a folder."""


HOSTS = {
    "github": Host("github", ".github/workflows/pipecli.yml", "    paths", "**"),
    "gitlab": Host("gitlab", ".gitlab-ci.yml", "    changes", "**/*"),
}


def text(host: Host, prefix: str) -> str:
    """The file's text; `prefix` leads from the repository to the pipeline: `sales/`, or nothing."""
    template = resources("pipecli.store.ci").joinpath(f"{host.name}.yml").read_text(encoding="utf-8")
    paths = ""
    if prefix:
        folder = re.sub(r"([*+?!\[\]{}\\])", r"\\\1", prefix)
        paths = f"\n{host.filter}: {_quoted([folder + host.below, host.file])}"
    where = _quoted(prefix.rstrip("/") or ".")
    return template.replace("@paths@", paths).replace("@changes@", paths).replace("@dir@", where)


def require_absent(work_tree: Path, host: Host) -> None:
    """Refuse to overwrite what is there. Raises PipecliError."""
    path = inside(work_tree, host.file)
    if path.exists() or path.is_symlink():
        raise PipecliError(
            f"{host.file} exists already",
            hint="move it aside, run this again, and put the two together",
        )


def write(place: Location, host: Host) -> str:
    """Write the file, which is not there; its name in the repository. Raises PipecliError."""
    folder = host.file.rpartition("/")[0]
    files.make_folder(place.work_tree, folder)
    files.create(place.work_tree, host.file, text(host, place.prefix).encode())
    return host.file


def remove(place: Location, host: Host) -> None:
    """Take back what `write` wrote, with the folders it made."""
    files.remove(place.work_tree, host.file)
    for folder in list((place.work_tree / host.file).parents)[1:]:
        if folder == place.work_tree:
            break
        with suppress(OSError):
            folder.rmdir()


def add(place: Location, host: Host) -> None:
    """Add the file to a pipeline, as one commit. Raises PipecliError, and nothing is changed."""
    require_absent(place.work_tree, host)
    try:
        name = write(place, host)
        message = f"Review what is to be merged, on {host.name}\n\nPipecli-Event: ci-added"
        committing.commit(place.work_tree, message, changed=[], new=[name])
    except OSError as error:
        remove(place, host)
        raise PipecliError(f"{host.file}: can't be written: {error.strerror}") from None
    except BaseException:
        remove(place, host)
        raise


def _quoted(value: object) -> str:
    """JSON, which is YAML too."""
    return json.dumps(value, ensure_ascii=False)
