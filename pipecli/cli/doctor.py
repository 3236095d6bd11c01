"""`pipecli doctor`: what is wrong with this clone, and the way out of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from pipecli.cli.common.command import Verb, noun
from pipecli.cli.common.output import Format, print_records, wrapped, write_text
from pipecli.cli.common.session import Session, say, session
from pipecli.cli.common.table import Column, clean, isolated
from pipecli.cli.common.terminal import terminal_width
from pipecli.errors import PipecliError
from pipecli.sync.doctor import examine, mend
from pipecli.sync.doctor_clone import Diagnosis
from pipecli.wording import count

app = noun("Find what is wrong with the clone, and mend it.")


@app.command(cls=Verb)
def doctor(
    ctx: typer.Context,
    fix: Annotated[
        bool, typer.Option("--fix", help="Mend what can be mended without losing anything.")
    ] = False,
) -> None:
    """Look at the clone: git, who you are, what is not finished or not shared, what makes it slow.

    Nothing is changed without --fix. Exits with 1 when there are errors; warnings leave it at 0. What the
    records say is looked at by `pipecli check`.
    """
    run = session(ctx)
    place = run.present.location
    if fix:
        from pipecli.store.journal import working

        with run.present.exclusive(), working(place, "doctor --fix"):
            diagnoses = [mend(diagnosis) for diagnosis in examine(place)]
    else:
        diagnoses = list(examine(place))
    _print(run, diagnoses)
    _sum_up(diagnoses)


def _print(run: Session, diagnoses: Sequence[Diagnosis]) -> None:
    if run.format is Format.TABLE:
        write_text("".join(f"{line}\n" for diagnosis in diagnoses for line in _lines(diagnosis)))
        return
    columns = [Column(name, name.upper()) for name in ("name", "state", "what", "way_out", "can_fix")]
    records = [
        {
            "name": diagnosis.name,
            "state": diagnosis.state.value,
            "what": diagnosis.what,
            "way_out": diagnosis.way_out or None,
            "can_fix": diagnosis.remedy is not None,
        }
        for diagnosis in diagnoses
    ]
    print_records(records, columns, run.format, id_key="name")


def _lines(diagnosis: Diagnosis) -> list[str]:
    """`warning  driver  git does not know …`, and below it the way out after an arrow."""
    width = terminal_width()
    indent = " " * 21
    room = None if width is None else max(width - len(indent), 30)
    first, *rest = wrapped(diagnosis.what, room)
    out = wrapped(diagnosis.way_out, room and room - 2) if diagnosis.way_out else []
    lines = [
        f"{diagnosis.state.value:<9}{diagnosis.name:<12}{first}",
        *(indent + line for line in rest),
        *(f"{indent}{'  ' if number else '→ '}{line}" for number, line in enumerate(out)),
    ]
    return [isolated(clean(line)) for line in lines]


def _sum_up(diagnoses: Sequence[Diagnosis]) -> None:
    states = [diagnosis.state.value for diagnosis in diagnoses]
    errors, warnings = states.count("error"), states.count("warning")
    mendable = sum(diagnosis.remedy is not None for diagnosis in diagnoses)
    counted = " and ".join(
        count(number, word) for number, word in ((errors, "error"), (warnings, "warning")) if number
    )
    total = errors + warnings
    mends = f"`pipecli doctor --fix` mends {'it' if total == mendable == 1 else f'{mendable} of them'}"
    way = mends if mendable else "each has its way out above"
    if errors:
        raise PipecliError(counted, hint=way)
    say(f"{counted}; {way}" if warnings else "all is well")
