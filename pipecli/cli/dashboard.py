"""`pipecli dashboard`: one page for those who look before they read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipecli.cli.command import noun
from pipecli.cli.output import Format, write_text
from pipecli.cli.output_file import ending_of, write_whole
from pipecli.cli.report_options import Currency, currency_code
from pipecli.cli.session import say, session
from pipecli.cli.whose import Report, whose
from pipecli.errors import PipecliError

app = noun("Write a page with the key figures, charts and tables.")


@app.command(cls=Report)
def dashboard(
    ctx: typer.Context,
    output: Annotated[
        str,
        typer.Option(
            "--output", "-o", help="The page, .html, or a directory for an index.html.", metavar="FILE|DIR"
        ),
    ],
    currency: Currency = "",
) -> None:
    """Write a page with the key figures, charts and tables, in one file that fetches nothing.

    The key figures stand beside what they were a week and a month ago, as git's history tells. JSON has the
    figures of the page.
    """
    from pipecli.cli.dashboard_content import content_of
    from pipecli.outbox.charts.drawing import require_altair

    file = _file(output)
    require_altair()
    run = session(ctx)
    content = content_of(run, whose(run), currency_code(currency))
    from pipecli.outbox.dashboard import dashboard_page

    page = dashboard_page(content).encode()
    if not file.parent.exists():
        file.parent.mkdir()
    write_whole(str(file), page)
    if run.format is Format.JSON:
        from pipecli.jsontext import dumps

        write_text(dumps({"file": str(file), **content.plain()}) + "\n")
    else:
        say(f"the dashboard is in {file}")


def _file(output: str) -> Path:
    """The page to write. Raises PipecliError for what can't be written, before any work is done."""
    path = Path(output)
    if path.suffix.lower() == ".html" and not path.is_dir():
        ending_of(output, (".html",), "dashboard")
        return path
    if path.exists() and not path.is_dir():
        raise PipecliError(
            f"{output} is no directory and no .html", hint=f"name it {path.with_suffix('.html')}"
        )
    if not path.parent.is_dir():
        raise PipecliError(f"{output}: there is no directory {path.parent}", hint="make it, or name another")
    return path / "index.html"
