"""`export`: records as CSV, JSON or JSON Lines, which `import` reads back; `mirror`: all for other tools."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from shlex import quote
from typing import Any, Literal

from pipecli.cli.common.command import Verb, argument, noun, option
from pipecli.cli.common.output import ending_of, print_record, write_text, write_whole
from pipecli.cli.common.record_json import record_json
from pipecli.cli.common.session import Session, say
from pipecli.errors import PipecliError
from pipecli.json_and_csv import dumps, loads
from pipecli.outbox import export as bookkeeping
from pipecli.outbox.export import collections, csv_text, export_files, vcard_book
from pipecli.records import kinds
from pipecli.records.kinds import CONTACT, CUSTOMER, INVOICE, KINDS, SETTINGS_FILE, Kind
from pipecli.store.index.rows_for_verbs import files_beside, labels
from pipecli.store.index.sql_and_search import select_rows
from pipecli.store.pipeline import Pipeline
from pipecli.store.safe_files import LARGEST_ANY, files_below, read_bytes
from pipecli.wording import count

app = noun()

_UNFINISHED = ".unfinished"
"""In a folder whose export was cut off: the same command may write over it."""
_FORMATS = ("csv", "tsv", "json", "jsonl", "ids")


@app.command("export")
def export(
    run: Session,
    kind: str | None = argument("What: leads, customers, users, …", "[KIND]", default=None),
    output: Path | None = option(
        "The file to write; its ending chooses the format.", "FILE", "--output", "-o"
    ),
    where: str | None = option("Only where this SQL condition is true.", "EXPR", "--where"),
    all_: Path | None = option("Every kind into a new folder or .zip, for `import run`.", "DIR", "--all"),
    journal: Literal["hledger", "beancount"] | None = option("Export invoices as bookkeeping entries."),
) -> None:
    """Export all fields of the records of a kind, as CSV by default.

    Invoices can also be a journal for hledger or beancount (--journal).
    """
    if all_ is not None:
        if kind or output or where:
            raise PipecliError(
                "--all takes every kind, whole", hint=f"pipecli export --all {quote(str(all_))}", code="usage"
            )
        _export_all(run, all_)
        return
    if kind is None:
        raise PipecliError(
            "the kind to export is missing", hint="give a kind, such as customers, or --all DIR", code="usage"
        )
    if journal:
        _export_journal(run, kind, journal, output, where)
        return
    collection = collection_of(kind)
    form = _format(run, output)
    pipeline = run.read(*([collection] if collection.folder else []))
    texts = _written(pipeline, collection, where)
    if output and output.suffix.lower() == ".vcf":
        if collection != CONTACT:
            raise PipecliError(
                "only contacts make an address book", hint="pipecli export contacts -o FILE.vcf"
            )

        names = labels(run.read(CUSTOMER).connection, "customer")
        _put(vcard_book(map(loads, texts), names), len(texts), collection, output)
        return
    _put(_in_form(texts, collection, form), len(texts), collection, output)


def collection_of(kind: str) -> Kind:
    """The kind of record that KIND says. Raises PipecliError."""
    collection = kinds.collection_named(kind)
    if collection is None:
        known = ", ".join(kind.plural for kind in kinds.COLLECTIONS)
        raise PipecliError(f'"{kind}" isn\'t a kind of record', hint=f"give one of {known}", code="usage")
    return collection


def _put(text: str, number: int, collection: Kind, output: Path | None) -> None:
    """Print so many records, or write them to a file."""
    if output is None:
        write_text(text)
        return
    write_whole(output, text.encode())
    say(f"{number:,} {collection.plural if number != 1 else collection.noun} in {output}")


def _export_journal(run: Session, kind: str, journal: str, output: Path | None, where: str | None) -> None:
    """Write the issued invoices and their payments as entries, or those for which a condition holds."""
    collection = collection_of(kind)
    if collection != INVOICE:
        raise PipecliError(
            f"{collection.plural} can't be a journal", hint="pipecli export invoices --journal hledger"
        )
    keys = [loads(text)["id"] for text in _written(run.read(INVOICE), collection, where)]
    invoices = [record for key in keys if "number" in (record := record_json(run, "invoice", key))]
    text = bookkeeping.hledger(invoices) if journal == "hledger" else bookkeeping.beancount(invoices)
    _put(text, len(invoices), collection, output)


def _export_all(run: Session, target: Path) -> None:
    """Write every kind, and how to read it back; never over anything that is there."""
    import zipfile

    unfinished = target / _UNFINISHED
    if target.exists() and not unfinished.exists() and (not target.is_dir() or any(target.iterdir())):
        raise PipecliError(f"{target} is there already", hint="name a new folder or .zip")
    pipeline = run.read(*KINDS)
    records = {one.plural: [loads(text) for text in _written(pipeline, one, None)] for one in collections()}
    contents = {
        name: text.encode() for name, text in export_files(records, pipeline.text(SETTINGS_FILE)).items()
    } | dict(_files_beside(pipeline))
    if target.suffix.lower() == ".zip":
        whole = io.BytesIO()
        with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in contents.items():
                archive.writestr(name, content)
        write_whole(target, whole.getvalue())
    else:
        target.mkdir(parents=True, exist_ok=True)
        write_whole(unfinished, b"")
        for name, content in contents.items():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            write_whole(target / name, content)
        unfinished.unlink()
    say(f"{sum(map(len, records.values())):,} records in {target}")


def _files_beside(pipeline: Pipeline) -> Iterator[tuple[str, bytes]]:
    """The files that records and settings name, and the templates; what isn't there is said."""
    root = pipeline.root
    for name in dict.fromkeys([*files_beside(pipeline.connection), *files_below(root, "templates")]):
        try:
            yield name, read_bytes(root, name, LARGEST_ANY)
        except (OSError, PipecliError) as error:
            say(f"warning: {name} stays behind: {getattr(error, 'strerror', None) or error}")


def _format(run: Session, output: Path | None) -> str:
    """The format that was asked for, else that of the file's ending, else CSV."""
    asked = run.format_name
    if asked == "table":
        endings = [*(f".{form}" for form in _FORMATS), ".vcf"]
        ending = ending_of(str(output), endings, "") if output and output.suffix else ""
        return ending[1:] if ending[1:] in _FORMATS else "csv"
    if asked not in _FORMATS:
        raise PipecliError(f"records can't be exported as {asked}", hint=f"give one of {', '.join(_FORMATS)}")
    return asked


def _written(pipeline: Pipeline, collection: Kind, where: str | None) -> list[str]:
    """The records as JSON, one each, in the order of their ids."""
    # the newline ends a comment that would hide the rest
    condition = f"({where}\n)" if where else "1"
    columns = "json" if collection.folder else "id"
    order = f"ORDER BY {collection.identity}"
    selected = select_rows(pipeline.connection, columns, collection.table, condition, order)
    if collection.folder:
        return [str(row[0]) for row in selected.rows]
    parts: dict[str, Any] = pipeline.settings_as_written.get(collection.plural, {})
    return [dumps({"id": key} | parts[str(key)], indent=None) for (key,) in selected.rows]


def _in_form(texts: list[str], collection: Kind, form: str) -> str:
    match form:
        case "json":
            inner = ",\n".join(texts)
            return f"[\n{inner}\n]\n" if texts else "[]\n"
        case "jsonl":
            return "".join(f"{text}\n" for text in texts)
        case "ids":
            return "".join(f"{loads(text)[collection.identity]}\n" for text in texts)
    return csv_text([loads(text) for text in texts], "\t" if form == "tsv" else ",")


@app.command("mirror", cls=Verb)
def mirror(
    run: Session,
    target: str = argument("A folder for Parquet files, or postgresql://HOST/DATABASE.", "TARGET"),
    schema: str = option("In PostgreSQL: the schema, which only the mirror uses.", "NAME", default="pipecli"),
) -> None:
    """Copy every table of `sql`, and the history, for other tools to read.

    As Parquet files, or into PostgreSQL in one transaction. Run it again at any time: the events of new
    commits are added, and nothing is ever read back.
    """
    from pipecli.history.history_index import open_history
    from pipecli.outbox.mirror import MirroredPipeline, to_parquet, to_postgresql
    from pipecli.sync.upstream_and_readiness import first_files, uncommitted

    location = run.present.location
    files = uncommitted(location)
    if files:
        say(f"warning: {first_files(files)} not committed: the tables have these changes, the events don't")
    source = MirroredPipeline(run.read(*KINDS), open_history(location, say), is_committed=not files)
    is_database = target.startswith(("postgresql://", "postgres://"))
    if not is_database and "://" in target:
        raise PipecliError(
            f"{target.partition('://')[0]}:// can't be mirrored to", hint="postgresql://, or a folder"
        )
    done = (
        to_postgresql(source, target, schema)
        if is_database
        else to_parquet(source, run.directory_for(Path(target)))
    )
    for note in done.notes:
        say(f"note: {note}")
    summary = {"commit": done.commit, "new_events": done.new_events, "rows": done.rows}
    text = f"nothing to do: the mirror is at commit {done.commit[:7]} and of today\n"
    if done.rows:
        text = (
            f"mirrored {count(len(done.rows), 'table')} with {count(sum(done.rows.values()), 'row')}, "
            f"{count(done.new_events, 'new event')} up to commit {done.commit[:7]}\n"
        )
    print_record(summary, run.format, text, id_key="commit")
