"""PDF of a printed document: a template and what it says, set by typst in a process that can do no harm.

A template sees a copy of the pipeline's `templates/` and the logo, and nothing else: the copy has no links,
so that none leads out.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from dataclasses import asdict
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from pipecli.errors import PipecliError
from pipecli.outbox.printed import Printed

SECONDS = 20
MEMORY = 1 << 30
_LARGEST_FOLDER = 64 << 20
_OWN = Path(__file__).parent / "templates"
_DEFAULT = "quotation.typ"


class Template(NamedTuple):
    """A template of a pipeline: its folder, and its file in it."""

    folder: Path
    file: str


class Typeset(NamedTuple):
    pdf: bytes
    missing: str
    """The characters that no font here has, with blanks between; as U+F1234 those that can't be shown."""
    logo_is_read: bool


def require_typst() -> None:
    """Raises PipecliError where the extra is not installed."""
    if not (find_spec("typst") and find_spec("babel")):
        raise PipecliError(
            "PDF needs typst and babel, which are not installed",
            hint="pip install 'pipecli[pdf]', or write a page: --output FILE.html",
        )


def default_template() -> str:
    """The template that comes with pipecli."""
    return (_OWN / _DEFAULT).read_text(encoding="utf-8")


def typeset(
    printed: Printed,
    template: Template | None = None,
    *,
    fonts: Path | None = None,
    logo: Path | None = None,
    created: datetime,
    seconds: int = SECONDS,
) -> Typeset:
    """The PDF by a template, or by the one that comes with pipecli. `created` is the time it bears.

    `fonts` is a folder with fonts beside those of the system; it need not exist.
    Raises PipecliError with file and line for a template that can't be set.
    """
    name = f"{template.folder.name}/{template.file}" if template else _DEFAULT
    with TemporaryDirectory(prefix="pipecli-") as made:
        root = Path(made).resolve()
        _copy(template.folder if template else _OWN, root)
        if fonts is not None:
            _copy(fonts, root / ".fonts")
        inputs = {"document": json.dumps(asdict(printed), default=str, ensure_ascii=False)}
        if logo is not None:
            placed = root / f".logo{logo.suffix.lower()}"
            shutil.copyfile(logo, placed)
            inputs["logo"] = f"/{placed.name}"
        answer, pdf = _in_a_process(
            {
                "root": str(root),
                "template": str(root / (template.file if template else _DEFAULT)),
                "packages": str(root / ".no-packages"),
                "fonts": [str(root / ".fonts")],
                "inputs": inputs,
                "created": created.isoformat(),
                "memory": MEMORY,
                "seconds": seconds,
            },
            name,
            seconds,
        )
        if "error" in answer:
            folder = template.folder.name if template else "pipecli's own"
            raise _refusal(answer["error"], answer["diagnostic"], folder, root, name)
    return Typeset(pdf, answer["missing"], answer["logo"])


def _copy(folder: Path, to: Path) -> None:
    """Copy the files of a folder; links are left out, for they may lead anywhere."""
    if folder.is_symlink():
        return
    left = _LARGEST_FOLDER
    for file in sorted(folder.rglob("*")):
        relative = file.relative_to(folder)
        if not file.is_file() or any((folder / part).is_symlink() for part in [relative, *relative.parents]):
            continue
        left -= file.stat().st_size
        if left < 0:
            raise PipecliError(
                f"{folder.name}/ is larger than {_LARGEST_FOLDER >> 20} MB",
                hint="keep in it only what templates read",
            )
        (to / relative).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, to / relative)


def _in_a_process(request: dict[str, Any], name: str, seconds: int) -> tuple[dict[str, Any], bytes]:
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "pipecli.outbox.typesetter"],
            input=json.dumps(request).encode(),
            cwd=request["root"],
            capture_output=True,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        limit = f"{seconds} seconds" if seconds > 1 else "a second"
        raise PipecliError(f"{name} takes more than {limit}", hint="look for a loop without an end") from None
    head, newline, pdf = done.stdout.partition(b"\n")
    if done.returncode or not newline:
        if b"memory" in done.stderr.lower() or b"MemoryError" in done.stderr:
            raise PipecliError(
                f"{name} takes more than {MEMORY >> 30} GB of memory", hint="look for what grows in it"
            )
        last = done.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["no reason given"]
        raise PipecliError(f"{name} can't be set: {last[0]}")
    return json.loads(head), pdf


_PLACE = re.compile(r"┌─ (.+?):(\d+):\d+")


def _refusal(message: str, diagnostic: str, folder: str, root: Path, name: str) -> PipecliError:
    """What typst says of a template, as file:line and what to do."""
    found = _PLACE.search(diagnostic)
    place = f"{folder}/{found[1]}:{found[2]}" if found else name
    said = " ".join(message.replace(f"{root}/", "").split())
    hint = ""
    if "package" in said and ("download" in said or "not found" in said):
        said, hint = "a template can't import a package", "put its files into templates/ and import those"
    elif "escape" in said or "searched at" in said:
        said = said.partition(" (searched at")[0]
        hint = "a template reads files of templates/, and no links"
    return PipecliError(f"{place}: {said}", hint=hint)
