"""`pipecli find`: records of every kind by any of their words."""

from __future__ import annotations

from typing import Annotated

import typer

from pipecli.cli.common.command import Reading, noun
from pipecli.cli.common.output import Format
from pipecli.cli.common.reference import print_numbered
from pipecli.cli.common.session import say, session
from pipecli.cli.common.table import Column
from pipecli.errors import PipecliError
from pipecli.records.kinds import BY_NOUN, named
from pipecli.store.index.records import Hit, search

app = noun("Find records of every kind by any of their words.")

_MOST = 20


@app.command(cls=Reading)
def find(
    ctx: typer.Context,
    words: Annotated[list[str], typer.Argument(metavar="WORDS...", help="All of them must be there.")],
    kind: Annotated[
        list[str] | None,
        typer.Option(help="Only of this noun, as opp or contact; repeatable.", metavar="NOUN"),
    ] = None,
    limit: Annotated[int, typer.Option(min=0, help="The best N; 0 for all.", metavar="N")] = _MOST,
) -> None:
    """Find records by names, titles, notes, subjects, addresses or a telephone number, the best first.

    Case and accents don't matter, nor how a number is written. What is open comes before what has ended.
    """
    run = session(ctx)
    nouns = [_noun(name) for name in kind or ()]
    run.read(*(BY_NOUN[name] for name in nouns))
    hits = search(run.pipeline.index.connection, " ".join(words), nouns)
    shown = hits[:limit] if limit else hits
    if not hits and run.format is Format.TABLE:
        say(f"nothing holds {' and '.join(words)}")
        return
    print_numbered(run, [_record(hit) for hit in shown], _COLUMNS, [(hit.noun, hit.key) for hit in shown])
    if len(shown) < len(hits):
        say(f"the best {len(shown)} of {len(hits)}; --limit 0 shows all")


def _noun(name: str) -> str:
    collection = named(name)
    if collection is None or collection.kind is None:
        raise PipecliError(f'--kind: "{name}" isn\'t a kind of record', hint=f"one of {', '.join(BY_NOUN)}")
    return collection.noun


def _record(hit: Hit) -> dict[str, object]:
    return {
        "kind": hit.noun,
        "id": hit.key,
        "name": hit.label,
        "status": hit.status,
        "owner": hit.owner,
        "field": hit.field,
        "text": hit.text,
        "score": hit.score,
    }


_COLUMNS = (
    Column("kind", "KIND", rank=2),
    Column("id", "ID"),
    Column("name", "NAME", shrink=True, min_width=14),
    Column("status", "STATUS", rank=3),
    Column("field", "FIELD", shrink=True, rank=4),
    Column("text", "WHERE", shrink=True, min_width=14, rank=1),
)
