"""`settings set`, `edit` and `rename`, and the changes of users and teams, who are in the same file.

Each is held against the records, price lists and files that there are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from inspect import Parameter
from typing import TYPE_CHECKING, Any, Literal, cast, get_args

from pipecli.cli.common.command import (
    Assignments,
    Changing,
    TeamName,
    UserName,
    argument,
    flag,
    noun,
    option,
    with_fields,
)
from pipecli.cli.common.edit import edit_file
from pipecli.cli.common.names_and_questions import names_of
from pipecli.cli.common.record_json import SECTIONS, find_section, settings_json
from pipecli.cli.common.record_verbs import given_slug
from pipecli.cli.common.session import Session, say
from pipecli.cli.common.transaction import Result, Transaction
from pipecli.cli.common.typed_values import split_assignment, validated, with_values
from pipecli.errors import PipecliError
from pipecli.records.compare_names import chosen_id
from pipecli.records.kinds import BY_NOUN, CUSTOMER, LEAD, OPPORTUNITY, SETTINGS_FILE
from pipecli.records.references import named_at
from pipecli.records.settings import Settings, Team, User
from pipecli.store.index.rows_for_followups import Responsibility, parts_sold, responsibilities
from pipecli.store.index.rows_for_verbs import (
    files_naming_part,
    files_with_word,
    ids_in_index,
    open_counts,
    records_naming_part,
)
from pipecli.store.index.sql_and_search import BadQuery, select_rows
from pipecli.store.pipeline import Pipeline
from pipecli.store.safe_files import path_inside
from pipecli.store.yaml import read
from pipecli.wording import count
from pipecli.workflow import Change, settings
from pipecli.workflow.assignment import hand_over, roles_left
from pipecli.workflow.settings import WORDS

if TYPE_CHECKING:
    from pipecli.records.customer import Customer
    from pipecli.records.lead import Lead
    from pipecli.records.opportunity import Opportunity

app = noun()

What = Literal["lost-reason", "disqualify-reason", "source", "type", "stage", "user", "team"]
_KINDS = f"One of {', '.join(get_args(What))}."


@app.command("set", cls=Changing)
def set_(transaction: Transaction, assignments: Assignments) -> None:
    """Set settings: path=value, path= to clear.

    For example auto_close.after_days=45 or exchange_rates.USD.2026-01-01=0.92. A list takes commas
    (lost_reasons=price,timing), a list of maps YAML: 'assignment_rules=[{name: all, users: [ana]}]'. A user,
    team, process or stage that records use can't be removed: rename it.
    """
    set_settings(transaction, assignments)


@app.command("edit", cls=Changing)
def edit(run: Session) -> None:
    """Open pipecli.yaml in $EDITOR."""
    edit_settings(run)


@app.command("rename", cls=Changing)
def rename(
    transaction: Transaction,
    what: What = argument(_KINDS, "WHAT"),
    old: str = argument("Its name now; a stage's is PROCESS/STAGE.", "OLD"),
    new: str = argument("Its name then; a stage's without the process.", "NEW"),
) -> Change:
    """Rename something in the settings and in all records.

    The settings and the records are one commit.
    """
    transaction.pipeline.require_all_readable()  # a file that isn't read might use it, too
    wanted = given_slug(new, what) if what in ("type", "stage", "user", "team") else new.strip()
    if not wanted:
        raise PipecliError(f"the new name of {old} is missing")
    present = _stage(transaction, old) if what == "stage" else old
    using = files_with_word if what in WORDS else files_naming_part
    paths = using(transaction.connection, what, present)
    return settings.rename_in_settings(
        transaction.settings, what, present, wanted, [transaction.pipeline.read(path) for path in paths]
    )


def _stage(transaction: Transaction, text: str) -> str:
    """A stage with its process, which may be left out where one process alone has it."""
    if "/" in text:
        return text
    stages = [
        f"{slug}/{text}"
        for slug, process in transaction.settings.processes.items()
        if process.position(text) is not None
    ]
    if len(stages) > 1:
        raise PipecliError(f"{text} is a stage of several processes", hint=f"name one of {', '.join(stages)}")
    return stages[0] if stages else text


def set_settings(
    transaction: Transaction, assignments: Sequence[str], printed: Result | None = None, *, summary: str = ""
) -> None:
    """Set fields of the settings; print them, or what `printed` says."""
    names = ", ".join(".".join(split_assignment(text)[0]) for text in assignments)
    after = with_values(transaction.settings, assignments, transaction.session)
    new = after.teams.keys() - transaction.settings.teams.keys()
    # `teams.x={}` is what `team add x` makes
    named = {slug: Team(name=slug) for slug in new if not after.teams[slug].plain()}
    after = after.with_(teams={**after.teams, **named})
    transaction.commit_and_print(change_to(transaction, after, summary or f"set {names}"), printed=printed)


def edit_settings(run: Session, printed: Callable[[Settings], Result] | None = None) -> None:
    """Open the settings in $EDITOR; print them, or what `printed` makes of them."""

    def allow(transaction: Transaction, _before: Any, after: Any) -> None:
        change_to(transaction, after, "edit")

    edit_file(run, lambda transaction: transaction.settings, allow, printed)


def change_to(transaction: Transaction, after: Settings, summary: str) -> Change:
    """The change of the settings to these. Raises PipecliError where what records use would be gone."""
    _refuse_broken_conditions(transaction, after)
    _refuse_missing_files(transaction, after)
    for slug in settings.users_leaving(transaction.settings, after):
        _say_what_is_left(transaction.pipeline, slug)
    gone = settings.dropped_names(transaction.settings, after)
    if gone:
        transaction.pipeline.require_all_readable()  # a file that isn't read might name it, too
    return settings.change_settings(
        transaction.settings,
        after,
        summary,
        used_by={name: records_naming_part(transaction.connection, name.noun, name.key) for name in gone},
        price_lists=ids_in_index(transaction.connection, "price-list"),
        words_left={
            dropped: len(files_with_word(transaction.connection, dropped.what, dropped.word))
            for dropped in settings.dropped_words(transaction.settings, after)
        },
    )


_MOST_LISTED = 20


def _say_what_is_left(pipeline: Pipeline, user: str) -> None:
    """Tell what is still open with a user who is taken out of use."""
    theirs = responsibilities(pipeline.connection, user)
    if not theirs:
        return
    say(f"{user} still has {summed(theirs)}: pipecli user handover {user} --to USER-OR-TEAM")
    for own in theirs[:_MOST_LISTED]:
        say(f"  {own.words}")
    if len(theirs) > _MOST_LISTED:
        say(f"  and {len(theirs) - _MOST_LISTED:,} more")


def summed(theirs: Sequence[Responsibility]) -> str:
    """`3 open deals, 1 open lead, 2 planned contacts and 1 customer`."""
    nouns = Counter(own.noun for own in theirs if own.is_owned)
    counts = [
        (nouns["opportunity"], "open deal"),
        (nouns["lead"], "open lead"),
        (sum(len(own.plans) for own in theirs), "planned contact"),
        (nouns["customer"], "customer"),
    ]
    *words, last = [count(number, what, ",") for number, what in counts if number] or ["nothing"]
    return f"{', '.join(words)} and {last}" if words else last


def _refuse_broken_conditions(transaction: Transaction, after: Settings) -> None:
    """Ask each condition that is new, of no record: one that can't be run is refused."""
    known = {condition for _, _, condition in transaction.settings.conditions()}
    for path, of_noun, condition in after.conditions():
        if condition in known:
            continue
        try:
            select_rows(transaction.connection, "1", BY_NOUN[of_noun].table, f"({condition}\n)", "LIMIT 0")
        except BadQuery as error:
            raise PipecliError(f"{path}: {error.message}", hint=error.hint, code=error.code) from None


def _refuse_missing_files(transaction: Transaction, after: Settings) -> None:
    """Refuse a logo or a template that is not there, where it is another than before."""
    before = transaction.settings
    for path, folder, old, new in (
        ("company.logo", "", before.company.logo, after.company.logo),
        ("quotations.template", "templates/", before.quotations.template, after.quotations.template),
    ):
        if new and new != old and not path_inside(transaction.pipeline.root, f"{folder}{new}").is_file():
            raise PipecliError(f"{path}: the file {folder}{new} is missing", hint="copy it there first")


@app.command("user add", cls=Changing)
def add_user(
    transaction: Transaction,
    slug: str = argument("Their slug: lower case, digits and hyphens.", "USER"),
    name: str = option("Their name.", "TEXT", default=...),
    email: str | None = option("Their e-mail address, by which git's identity is recognised.", "ADDRESS"),
    team: str | None = option("Their team; added if it is new.", "TEAM"),
    inactive: bool = flag("--inactive", "They are given nothing new."),
) -> None:
    """Add a user; prints their slug."""
    user = given_slug(slug, "user")
    given = {
        "name": name,
        "email": email or None,
        "team": given_slug(team, "team") if team else None,
        "active": not inactive,
    }
    transaction.commit_and_print(
        settings.add_user(transaction.settings, user, validated(User, given)),
        printed=Result("user", user, user, is_new=True),
    )


@app.command("user handover", cls=Changing)
def hand_over_user(
    transaction: Transaction,
    user: UserName,
    to: str = option("Who gets it: a user, or a team's least busy.", "USER-OR-TEAM", "--to", default=...),
) -> None:
    """Hand over what a user has open to another user or to a team.

    In one commit: open opportunities and leads, the customers they look after, and work planned for them, on
    others' records, too. In a team the least busy active users get it, and the whole team sees it.
    """
    transaction.pipeline.require_readable(OPPORTUNITY, LEAD, CUSTOMER)
    slug = find_section(transaction.session, "user", user, whole=True)
    names = names_of(transaction.session, "principal")
    recipient = chosen_id(to, names, f'no user or team matches "{to}"')
    theirs = responsibilities(transaction.connection, slug)
    changes = hand_over(
        cast("list[Lead | Opportunity | Customer]", [transaction.pipeline.read(own.path) for own in theirs]),
        transaction.settings,
        slug,
        recipient,
        today=transaction.today,
        open_deals=open_counts(transaction.connection, OPPORTUNITY),
    )
    for note in roles_left(transaction.settings, slug, parts_sold(transaction.connection, slug)):
        say(note)
    if not changes:
        say(f"{slug} has nothing to hand over")
    transaction.commit_and_print_many(changes, f"{slug}: hand over {summed(theirs)} to {recipient}")


@app.command("team add", cls=Changing)
def add_team(
    transaction: Transaction,
    slug: str = argument("Its slug: lower case, digits and hyphens.", "TEAM"),
    name: str | None = option("Its name. Default: the slug.", "TEXT"),
    manager: str | None = option("Who is responsible for it.", "USER"),
    parent: str | None = option("The team it belongs to.", "TEAM"),
) -> None:
    """Add a team; prints its slug."""
    team = given_slug(slug, "team")
    given = {
        "name": name or team,
        "manager": find_section(transaction.session, "user", manager) if manager else None,
        "parent": find_section(transaction.session, "team", parent) if parent else None,
    }
    transaction.commit_and_print(
        settings.add_team(transaction.settings, team, validated(Team, given)),
        printed=Result("team", team, team, is_new=True),
    )


def _with_key(run: Session, place: Sequence[str], assignment: str) -> str:
    """An assignment below a place of the settings, with the key of a user or a team by any name of theirs."""
    field, _, name = assignment.partition("=")
    names = named_at(Settings, (*place, field))
    return f"{field}={find_section(run, names.noun, name)}" if names and name else assignment


def _give_verbs(section: str, named: Any, remove_help: str) -> None:
    """Give users or teams their `set`, `edit` and `remove`; `named` is the argument that says which."""
    which = Parameter(section, Parameter.KEYWORD_ONLY, annotation=named)
    fields = Parameter("assignments", Parameter.KEYWORD_ONLY, annotation=Assignments)
    place = SECTIONS[section]

    @app.command(
        f"{section} set", cls=Changing, help=f"Set fields of a {section}: path=value, path= to clear."
    )
    @with_fields(which, fields)
    def set_part(transaction: Transaction, assignments: Sequence[str], **name: str) -> None:
        slug = find_section(transaction.session, section, name[section])
        run, within = transaction.session, (place, slug)
        inside = [f"{place}.{slug}.{_with_key(run, within, text)}" for text in assignments]
        set_settings(transaction, inside, Result(section, slug, slug))

    @app.command(f"{section} edit", cls=Changing, help=f"Open pipecli.yaml in $EDITOR, at that {section}.")
    @with_fields(which)
    def edit_part(run: Session, **name: str) -> None:
        slug = find_section(run, section, name[section])
        line, _ = read.locate(run.pipeline.text(SETTINGS_FILE), [place, slug])
        say(f"{section} {slug} is in {SETTINGS_FILE}, line {line}")

        def printed(after: Settings) -> Result:
            is_there = slug in getattr(after, place)
            return Result(section, slug, slug) if is_there else Result("settings", after.id, after.id)

        edit_settings(run, printed)

    @app.command(f"{section} remove", cls=Changing, help=remove_help)
    @with_fields(which)
    def remove(transaction: Transaction, **name: str) -> None:
        slug = find_section(transaction.session, section, name[section], whole=True)
        last = settings_json(transaction.session, section, slug)
        printed = Result(section, slug, slug, shown=last)
        set_settings(transaction, [f"{place}.{slug}="], printed, summary=f"remove {section} {slug}")


_give_verbs(
    "user",
    UserName,
    "Remove a user whom no record names.\n\nIf records name them, deactivate them: user set USER active=no.",
)
_give_verbs("team", TeamName, "Remove a team that no user and no record names.")
