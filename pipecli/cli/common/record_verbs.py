"""`set`, `edit` and `remove` of every noun, of one record or many, and the slugs that records are given."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from shlex import quote
from typing import Annotated, Any, TypeVar

import typer

from pipecli.cli.common.command import Changing, Ref, argument, flag, option, shared_option
from pipecli.cli.common.edit import edit_file
from pipecli.cli.common.names_and_questions import can_ask, confirm, names_of
from pipecli.cli.common.output import print_records
from pipecli.cli.common.session import Session
from pipecli.cli.common.table import Column
from pipecli.cli.common.terminal_and_own_config import paged
from pipecli.cli.common.transaction import Transaction, changing, in_full
from pipecli.cli.common.typed_values import split_assignment, with_values
from pipecli.cli.nouns import ALIASES
from pipecli.errors import PipecliError, Question
from pipecli.records.base import Record
from pipecli.records.compare_names import fitting
from pipecli.records.kinds import BY_NOUN, RANDOM, Kind
from pipecli.store.ids_and_files import WINDOWS_DEVICES, slug
from pipecli.store.index.rows_for_verbs import OPEN, labels, open_counts, records_naming
from pipecli.store.index.sql_and_search import select_rows
from pipecli.store.record_meant import Care
from pipecli.wording import a, count, first_of
from pipecli.workflow import Change, Refused, assignment

R = TypeVar("R", bound=Record)

Refs = Annotated[
    list[str] | None,
    typer.Argument(metavar="REF...", help="Ids, their starts, or names; - reads ids from stdin."),
]

_ASSIGNMENT = r"[A-Za-z_][\w-]*(\.[^\s=]+)*=.*"
_ASKED_FROM = 20
"""More records than these are changed at a terminal only once a person has said yes."""


class ChangingMany(Changing):
    """A verb that changes one record or many; with `--dry-run` many are listed, one is shown as a diff."""

    when_dry = "Print the diff, or of several a list; change nothing."

    def shared(self) -> list[Any]:
        where = shared_option(
            "--where", "Change all for which this SQL condition is true; columns as in `sql`.", "EXPR"
        )
        return [where, *super().shared()]


def change_each(
    transaction: Transaction,
    model: type[R],
    refs: Sequence[str] | None,
    decide: Callable[[R], Change],
    what: str,
    care: Care = Care.LIKELY,
    get: Callable[[str], R] | None = None,
) -> None:
    """Change the records that are named, or for which `--where` holds; `what` is the verb, for the commit.

    One that can't be changed stops all. `get` finds a record by its name where it may be of other kinds, too.
    Raises PipecliError.
    """
    names = list(refs or ())
    where = str(transaction.session.option("where") or "")
    named = get or (lambda name: transaction.get(model, name, care))
    if len(names) == 1 and names != ["-"] and not where:
        transaction.commit_and_print(decide(named(names[0])))
        return
    records = _records(transaction, model, names, where, named)
    nouns = {record.noun for record in records}
    noun = "record" if len(nouns) > 1 else model.noun if not nouns else nouns.pop()
    plural = count(len(records), noun.replace("-", " "), ",")
    changes = _decided(records, decide, where)
    if transaction.session.dry_run:
        pairs = zip(records, changes, strict=True)
        rows = [{"id": record.key, "what": in_full(change, record)} for record, change in pairs]
        columns = (Column("id", "ID"), Column("what", "WHAT", shrink=True, min_width=20))
        with paged(transaction.session.directory):
            print_records(rows, columns, transaction.session.format)
        return
    if len(records) > _ASKED_FROM:
        confirm(transaction.session, f"{what} {plural}?", "not confirmed; nothing is changed")
    transaction.commit_and_print_many(changes, f"{what} {plural}")


def _records(
    transaction: Transaction, model: type[R], names: list[str], where: str, named: Callable[[str], R]
) -> list[R]:
    """The records, each once, in the order in which they are named. Raises PipecliError."""
    kind = BY_NOUN[model.noun]
    if where and names:
        raise PipecliError("--where names the records already", hint="give ids, or --where")
    if where:
        transaction.pipeline.require_readable(kind)
        connection, condition = transaction.connection, f"({where}\n)"
        rows = select_rows(connection, kind.identity, kind.table, condition, "ORDER BY 1").rows
        keys = [str(row[0]) for row in rows]
        if not keys:
            raise PipecliError(
                f"--where: no {kind.noun} matches",
                hint=f"try it: pipecli {_typed(kind)} list --where {_typed_condition(where)}",
            )
        return [transaction.pipeline.get(model, key) for key in keys]
    is_piped = "-" in names
    if is_piped:
        place, answers = names.index("-"), transaction.session.answers
        if "-" not in answers:  # which a question after it doesn't read again
            answers["-"] = sys.stdin.read()
        names[place : place + 1] = answers["-"].split()
    if not names:
        raise PipecliError(
            f"no {kind.noun} is named",
            hint="name one or more, - for ids on stdin, or --where EXPR",
            code="refused" if is_piped else "usage",
        )
    return list({record.key: record for record in map(named, names)}.values())


def _decided(records: Sequence[R], decide: Callable[[R], Change], where: str) -> list[Change]:
    """The change of each record. Raises PipecliError with the first that can't be, and how many more."""
    changes, faults = [], list[tuple[R, PipecliError]]()
    for record in records:
        try:
            changes.append(decide(record))
        except PipecliError as error:
            faults.append((record, error))
    if faults and isinstance(faults[0][1], Question) and can_ask():
        raise faults[0][1]
    if faults:
        first = faults[0][1]
        more = f" (and {len(faults) - 1} more can't be changed)" if len(faults) > 1 else ""
        hint = first.hint
        if where and changes and not any(getattr(record, "is_open", True) for record, _ in faults):
            only = _typed_condition(f"{OPEN[faults[0][0].noun]} AND ({where})")
            hint = f"leave out what has ended: --where {only}"
        raise PipecliError(f"{first.message}{more}; nothing is changed", hint=hint)
    return changes


def _typed_condition(where: str) -> str:
    """A condition as a shell takes it: in double quotes, as it has single ones itself."""
    return quote(where) if re.search(r'["$`\\!]', where) else f'"{where}"'


_LONGEST = 80


def given_slug(text: str, what: str) -> str:
    """The slug that names a new `what`. Raises PipecliError with the slug that the text could be."""
    if text in WINDOWS_DEVICES:
        raise PipecliError(
            f'"{text}" can\'t name a {what}: Windows allows no file of that name',
            hint=f"write it as {slug(text)}",
        )
    if len(text) <= _LONGEST and re.fullmatch("[a-z0-9]+(-[a-z0-9]+)*", text):
        return text
    hint = f"write it as {slug(text)}" if text.strip() else "write it as cafe-s-100"
    raise PipecliError(f'"{text}" can\'t name a {what}: use lowercase letters, digits and hyphens', hint=hint)


Setting = Callable[[Transaction, Any, list[str], str], Change]
"""The `set` of a noun: from the record, the assignments and the commit's summary to the change."""
Rule = Callable[[Transaction, Any, Any], None]
"""Refuses a `set` or `edit`, given the record before and after; called with one record twice at first."""
Outcome = Callable[[Transaction, Any, Any, str], Change]
"""The change from a record to another, by `set` or `edit`, in these words of the commit. Raises Refused."""


def _typed(kind: Kind) -> str:
    """The noun as it is typed, by which a verb is found in a module that several share."""
    return ALIASES.get(kind.noun, kind.noun)


def _one(kind: Kind) -> str:
    return a(kind.noun.replace("-", " "))


def register_set_and_edit(
    app: typer.Typer,
    kind: Kind,
    *,
    rule: Rule = lambda *_: None,
    reserved: Callable[[Any, dict[str, str]], None] = lambda *_: None,
    outcome: Outcome = lambda _transaction, _before, after, summary: Change(after, summary, "changed"),
    tidied: Callable[[Any, Any], Any] = lambda after, _before: after,
) -> None:
    """Give a noun its `set` and `edit`, with the same rules.

    `reserved` refuses fields, given with their values, that verbs of their own change; `tidied` is a record
    that was set as `add` would write it.
    """
    one = _one(kind)

    def allowed(transaction: Transaction, record: Any, assignments: list[str], summary: str) -> Change:
        rule(transaction, record, record)
        reserved(record, {path[0]: value for path, value in map(split_assignment, assignments)})
        after = tidied(with_values(record, assignments, transaction.session), record)
        rule(transaction, record, after)
        return outcome(transaction, record, after, summary)

    def allow_edit(transaction: Transaction, before: Any, after: Any) -> None:
        rule(transaction, before, after)
        changed = [name for name in kind.model.model_fields if getattr(before, name) != getattr(after, name)]
        reserved(before, {name: str(getattr(after, name)) for name in changed})
        outcome(transaction, before, after, "edit")

    @app.command(
        f"{_typed(kind)} set",
        cls=ChangingMany,
        help=f"Set fields of {one}, or of many.\n\nPATH=VALUE sets one, PATH= clears it. "
        "A date may be fri or +2w, an amount 12k.",
    )
    def set_fields(
        transaction: Transaction,
        words: list[str] = argument(
            "Records, or - for ids on stdin; then fields and their values.", "REF... PATH=VALUE..."
        ),
    ) -> None:
        assignments = [word for word in words if re.fullmatch(_ASSIGNMENT, word, re.DOTALL)]
        if not assignments:
            fault = f'"{words[-1]}" isn\'t an assignment'
            raise PipecliError(fault, hint="write path=value, or path= to clear")
        refs = [word for word in words if word not in assignments]
        names = ", ".join(".".join(split_assignment(text)[0]) for text in assignments)

        def decide(record: Any) -> Change:
            return allowed(transaction, record, assignments, f"set {names}")

        change_each(transaction, kind.model, refs, decide, f"set {names} of")

    @app.command(f"{_typed(kind)} edit", cls=Changing, help=f"Open {one} in $EDITOR.")
    def edit(run: Session, ref: Ref) -> None:
        edit_file(run, lambda transaction: transaction.get(kind.model, ref), allow_edit)

    if "tags" in kind.model.model_fields:
        _add_tags(app, kind, allowed)


def _add_tags(app: typer.Typer, kind: Kind, setting: Setting) -> None:
    """Give a noun its `tag add` and `tag remove`, of one record or of many."""

    def add_verb(verb: str) -> None:
        @app.command(f"{_typed(kind)} tag {verb}", cls=ChangingMany, help=f"{verb.capitalize()} a tag.")
        def tagged(
            transaction: Transaction,
            words: list[str] = argument("Records, or - for ids on stdin; then the tag.", "REF... TAG"),
        ) -> None:
            *refs, tag = words
            if "," in tag or not tag.strip():
                raise PipecliError(f'"{tag}" can\'t be a tag: it is empty or has a comma')

            def decide(record: Any) -> Change:
                tags = list(record.tags or ())
                if (tag in tags) != (verb == "add"):
                    tags = [*tags, tag] if verb == "add" else [other for other in tags if other != tag]
                return setting(transaction, record, [f"tags={','.join(tags)}"], f"{verb} tag {tag}")

            change_each(transaction, kind.model, refs, decide, f"{verb} tag {tag}:")

    add_verb("add")
    add_verb("remove")


def register_assign(app: typer.Typer, kind: Kind) -> None:
    """Give a noun its `assign`, of one record or of many."""

    @app.command(
        f"{_typed(kind)} assign", cls=ChangingMany, help=f"Give {_one(kind)}, or many, to a user or team."
    )
    def give(
        transaction: Transaction,
        words: list[str] | None = argument(
            "Records, or - for ids on stdin; then who gets them.", "REF... [USER-OR-TEAM]", default=None
        ),
        team: str | None = option("To the least busy user of this team; the whole team sees it.", "TEAM"),
    ) -> None:
        refs, user = list(words or ()), ""
        if team is None and refs:
            *refs, user = refs
        if user in transaction.settings.teams:
            team, user = user, ""
        is_user = bool(refs) and refs[-1] in transaction.settings.users
        if is_user if team else not user or not (refs or transaction.session.option("where")):
            raise PipecliError("name who gets it: a user, or a team with --team", code="usage")
        owned = open_counts(transaction.connection, kind)

        def decide(record: Any) -> Change:
            if team is None:
                return assignment.assign_to_user(record, transaction.settings, user)
            change = assignment.assign_to_team(
                record, transaction.settings, team, owned, today=transaction.today
            )
            seller = getattr(change.record, "owner", None)
            if seller and seller != record.owner:
                owned[seller] = owned.get(seller, 0) + 1
            return change

        change_each(transaction, kind.model, refs, decide, f"assign to {user or team}:")


def register_share(app: typer.Typer, kind: Kind) -> None:
    """Give a noun its `share`, of one record or of many."""

    @app.command(
        f"{_typed(kind)} share",
        cls=ChangingMany,
        help=f"Share {_one(kind)}, or many: others see it in `list --mine`.",
    )
    def share(
        run: Session,
        words: list[str] = argument(
            "A record, or many by their ids or - for stdin; then users and teams.", "REF... USER-OR-TEAM..."
        ),
        remove: bool = flag("--remove", "Stop sharing it with them."),
    ) -> None:
        has_where, known = bool(run.option("where")), names_of(run, "principal")
        is_ref = rf"-|@\d*|{kind.prefix}-{RANDOM}"
        # Before the last word, which is with whom, a name that isn't a user's or a team's is a record's.
        between = [] if remove else [word for word in words[1:-1] if not fitting(word, known)]
        named = [] if has_where else [words[0], *between]
        refs = [word for word in words if word in named or re.fullmatch(is_ref, word.upper())]
        principals = [word for word in words if word not in refs]
        if not principals:
            raise PipecliError("name with whom it is shared: users or teams", code="usage")
        with changing(run) as transaction:

            def decide(record: Any) -> Change:
                change = assignment.unshare_record if remove else assignment.share_record
                return change(record, transaction.settings, principals)

            change_each(transaction, kind.model, refs, decide, "unshare" if remove else "share")


def register_remove(
    app: typer.Typer,
    kind: Kind,
    *,
    way_out: str = "change those first",
    help_text: str = "",
    allow: Callable[[Transaction, Any], None] = lambda *_: None,
    hangs: Callable[[Any], bool] = lambda _: False,
) -> None:
    """Give a noun its `remove`; `way_out` is what to do about the records that use one, `{key}` its slug.

    `allow` refuses a record that is more than a mistake; one that `hangs` on it, and that nothing else names,
    goes along.
    """
    help_text = help_text or f"Remove {_one(kind)} that no record uses."

    @app.command(f"{_typed(kind)} remove", cls=Changing, help=help_text)
    def remove(transaction: Transaction, ref: Ref) -> Change:
        record: Any = transaction.get(kind.model, ref, Care.WHOLE)
        allow(transaction, record)
        used_by, hanging = [], []
        for key, file in users_of(transaction, kind, record.key):
            other = transaction.pipeline.read(file)
            if hangs(other) and not users_of(transaction, BY_NOUN[other.noun], key):
                hanging.append(other)
            else:
                used_by.append(key)
        if used_by:
            used = f"{record.key} can't be removed, records use it: {first_of(used_by, 5)}"
            raise Refused(used, hint=way_out.format(key=record.key))
        if hanging:
            keys = first_of([other.key for other in hanging], 5)
            along = f"its {count(len(hanging), hanging[0].noun)} {keys}"
            asked = f"Remove {record.key} {record.label} and {along}?"
            confirm(transaction.session, asked, f"{record.key} stays")
        also = f" and {', '.join(other.key for other in hanging)}" if hanging else ""
        summary = f"remove {record.noun} {record.label}{also}"
        return Change(record, summary, "removed", removed=(record, *hanging))


def register_merge(
    app: typer.Typer,
    kind: Kind,
    merge: Callable[[Transaction, Any, Any, list[Record]], Change],
    help_text: str,
) -> None:
    """Give a noun its `merge`, of the record that goes, the one that stays, and those that name the first."""
    goes: Any = argument(f"The {kind.noun} that goes.", "FROM")
    stays: Any = argument(f"The {kind.noun} that stays.", "INTO")

    @app.command(f"{_typed(kind)} merge", cls=Changing, help=help_text)
    def merge_(transaction: Transaction, source: str = goes, target: str = stays) -> Change:
        first, second = (transaction.get(kind.model, name, Care.WHOLE) for name in (source, target))
        users = [transaction.pipeline.read(file) for _, file in users_of(transaction, kind, first.key)]
        return merge(transaction, first, second, users)


def users_of(transaction: Transaction, kind: Kind, key: str) -> list[tuple[str, str]]:
    """The records that name this one, each by its id and its file."""
    transaction.pipeline.require_all_readable()  # a file that isn't read might name it, too
    return records_naming(transaction.connection, kind.noun, key)


def names_by_slug(transaction: Transaction, noun: str) -> dict[str, str]:
    """The name of every record of a kind, by its slug."""
    return labels(transaction.connection, noun)
