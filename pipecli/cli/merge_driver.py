"""`merge-driver`, which git runs for each record that both sides of a merge changed."""

from __future__ import annotations

from pathlib import Path

from pipecli.cli.common.command import Verb, argument, flag, noun
from pipecli.cli.common.session import say
from pipecli.errors import PipecliError
from pipecli.harmless_text import terminal_line
from pipecli.records.kinds import BY_FOLDER, SETTINGS_FILE
from pipecli.store.merge_setup import CONFLICT
from pipecli.store.safe_files import LARGEST_ANY, read_regular, refuse_link_out

app = noun()


class MergeConflict(PipecliError):
    """Fields are in conflict, as nothing but this tells git: a driver that fails hasn't merged."""

    code = "conflict"
    exit_code = CONFLICT


@app.command("merge-driver", cls=Verb)
def merge_driver(
    base: Path = argument("The version both began with; may be empty.", "BASE"),
    ours: Path = argument("Our version; the merge is written to it.", "OURS"),
    theirs: Path = argument("The other version.", "THEIRS"),
    path: str = argument("The record's file in the repository.", "PATH"),
    ancestor: bool = flag("--ancestor", "Leave what is in conflict as in BASE, for a merge of bases."),
) -> None:
    """Merge a record field by field; `init` and `sync` have git run it.

    Exits with 3 if fields are in conflict; they are marked in OURS and listed on stderr.
    """
    from pipecli.merge_versions.merge_file import merge_file

    before, mine, other = map(_version, (base, ours, theirs))
    merged = merge_file(_file_of(path), before or None, mine, other, "base" if ancestor else None)
    ours.write_bytes(merged.content)
    name = terminal_line(path)
    if merged.by_line and not ancestor:
        say(f"{name}: merged line by line, not by field: {terminal_line(merged.by_line)}")
    for conflict in merged.conflicts:
        say(f"{name}: {terminal_line(conflict.words)}")
    if merged.conflicts:
        fields = len(merged.conflicts)
        what = "the file is" if merged.by_line else "1 field is" if fields == 1 else f"{fields} fields are"
        raise MergeConflict(f"{name}: {what} in conflict", hint="resolve it in the file, then `git add` it")


def _version(file: Path) -> bytes:
    """The content of a file that git has made for us, which is no link."""
    refuse_link_out(file)
    return read_regular(file, str(file), LARGEST_ANY)


def _file_of(path: str) -> str:
    """The file from its pipeline's root, which may be a folder of the repository that git runs us in."""
    parts = path.split("/")
    if parts[-1] == SETTINGS_FILE:
        return SETTINGS_FILE
    places = [place for place, part in enumerate(parts[:-1]) if part in BY_FOLDER]
    here = (place for place in reversed(places) if Path(*parts[:place], SETTINGS_FILE).is_file())
    place = next(here, places[-1] if places else 0)
    return "/".join(parts[place:])
