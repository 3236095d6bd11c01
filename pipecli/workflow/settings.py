"""Changes of the settings: none takes a name away that is in use, or brings one that has no meaning."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from pipecli.records.references import Reference, references
from pipecli.records.settings import Settings, Team, User
from pipecli.wording import count, first_of
from pipecli.workflow.change import Change, Refused, refuse_taken, require_auto_close_reason
from pipecli.workflow.party_identity import email_key, users_by_address
from pipecli.workflow.rename_setting import WORDS
from pipecli.workflow.requirements import can_be_met, unmeetable

_MOST_NAMED = 5


class Name(NamedTuple):
    """A user, a team, a process, or a stage as `process/stage`."""

    noun: str
    key: str


class DroppedWord(NamedTuple):
    what: str
    """The kind of word, as `settings rename` calls it: lost-reason."""
    word: str


def change(
    before: Settings,
    after: Settings,
    summary: str,
    *,
    used_by: Mapping[Name, Sequence[str]],
    price_lists: Collection[str],
    words_left: Mapping[DroppedWord, int] | None = None,
) -> Change:
    """The settings as they were set.

    `used_by` tells for each of `dropped` which records name it, `words_left` for each of `dropped_words` how
    many have it. What was wrong before may stay so: it is for `check` to tell.
    """
    for name, users in used_by.items():
        if users:
            _refuse_in_use(name, users)
    for slug in after.users.keys() & after.teams.keys() - (before.users.keys() & before.teams.keys()):
        raise Refused(f"{slug} would be a user and a team", hint="choose another slug for one of them")
    if before.auto_close.reason != after.auto_close.reason:
        require_auto_close_reason(after)
    _refuse_unmeetable(before, after)
    known = set(references(before))
    for reference in references(after):
        if _means_something(reference, after, price_lists):
            continue
        if reference not in known:
            _refuse_unknown(reference)
        if _means_something(reference, before, price_lists):
            raise Refused(
                f"{reference.field} names the {_what(reference)} {reference.key}",
                hint=f"change it first: pipecli settings set {reference.field}=…",
            )
    notes = (*_left_to_do(before, after), *_left_behind(words_left or {}))
    return Change(after, summary, "settings-changed", notes=notes)


def leaving(before: Settings, after: Settings) -> list[str]:
    """The users who were active, and are no more."""
    return [
        slug
        for slug, user in after.users.items()
        if not user.active and slug in before.users and before.users[slug].active
    ]


def dropped_words(before: Settings, after: Settings) -> list[DroppedWord]:
    """The words that lists of the settings have no more, where records may only have those of the list."""
    return [
        DroppedWord(what, word)
        for what, (key, *_) in WORDS.items()
        if getattr(after, key)
        for word in getattr(before, key)
        if word not in getattr(after, key)
    ]


def _left_behind(words: Mapping[DroppedWord, int]) -> Iterator[str]:
    """The records whose word is of no list: a rename joins them to another word."""
    for (what, word), number in words.items():
        if number:
            have = f"{count(number, 'record')} {'has' if number == 1 else 'have'}"
            yield (
                f"{WORDS[what].key} lists {word} no more, and {have} it: "
                f"pipecli settings rename {what} {word} NEW"
            )


def _refuse_unmeetable(before: Settings, after: Settings) -> None:
    """Refuse a stage that asks for what no opportunity has, where it did not ask for it before."""
    known = {
        wanted
        for process in before.processes.values()
        for stage in process.stages
        for wanted in stage.requires
    }
    for process in after.processes.values():
        for stage in process.stages:
            for wanted in stage.requires:
                if wanted not in known and not can_be_met(wanted):
                    raise Refused(unmeetable(stage.id, wanted))


def _left_to_do(before: Settings, after: Settings) -> Iterator[str]:
    """The next thing to set: the list of reasons may go before the one of them that auto-close gives."""
    reason = after.auto_close.reason
    if reason in before.lost_reasons and after.lost_reasons and reason not in after.lost_reasons:
        yield (
            f"auto_close.reason is {reason}, which lost_reasons lists no more: nothing closes by itself "
            "until you choose one: pipecli settings set auto_close.reason=…"
        )


def dropped(before: Settings, after: Settings) -> list[Name]:
    """The names that are gone, which no record may use."""
    kept = set(after.names())
    return [Name(*name) for name in before.names() if name not in kept]


def _refuse_in_use(name: Name, users: Sequence[str]) -> None:
    named = first_of(users, _MOST_NAMED)
    way_out = {
        "user": f"take them out of use instead: pipecli user set {name.key} active=no",
        "team": f"change those first, or rename it: pipecli settings rename team {name.key} NEW",
        "process": "move those to another process first",
        "stage": f"move those first, or rename it: pipecli settings rename stage {name.key} NEW",
    }[name.noun]
    raise Refused(f"{name.noun} {name.key} can't be removed, records use it: {named}", hint=way_out)


def _means_something(reference: Reference, settings: Settings, price_lists: Collection[str]) -> bool:
    match reference.noun:
        case "user":
            return reference.key in settings.users
        case "team":
            return reference.key in settings.teams
        case "principal":
            return reference.key in settings.users or reference.key in settings.teams
    return reference.key in price_lists


def _refuse_unknown(reference: Reference) -> None:
    hint = {
        "user": f"add them first: pipecli user add {reference.key}",
        "team": f"add it first: pipecli team add {reference.key}",
        "principal": "see `pipecli user list` and `pipecli team list`",
    }.get(reference.noun, "see `pipecli price-list list`")
    raise Refused(f"{reference.field}: there is no {_what(reference)} {reference.key}", hint=hint)


def _what(reference: Reference) -> str:
    return {"principal": "user or team", "price-list": "price list"}.get(reference.noun, reference.noun)


def add_user(settings: Settings, slug: str, user: User) -> Change:
    """Add a user to the settings."""
    refuse_taken(settings, slug)
    if user.team == slug or user.team in settings.users:
        raise Refused(
            f"{user.team} is a user, and can't be a team too", hint="choose another name for the team"
        )
    teams, notes = settings.teams, _same_address(settings, user)
    if user.team and user.team not in teams:
        teams = {**teams, user.team: Team(name=user.team)}
        notes = (
            *notes,
            f"team {user.team} is new; name its manager with `pipecli team set {user.team} manager=…`",
        )
    return Change(
        settings.with_(users={**settings.users, slug: user}, teams=teams),
        f"add user {slug}",
        "settings-changed",
        notes=notes,
    )


def _same_address(settings: Settings, user: User) -> tuple[str, ...]:
    """A note where two users have one address: a commit with it is taken for the first one's."""
    owners = users_by_address(settings.plain().get("users") or {})
    return tuple(
        f"{owners[key]} has the address {email} too: by git's identity you are {owners[key]}"
        for email in (user.email, *user.emails)
        if (key := email_key(email)) in owners
    )[:1]


def add_team(settings: Settings, slug: str, team: Team) -> Change:
    """Add a team to the settings."""
    refuse_taken(settings, slug)
    if team.manager and team.manager not in settings.users:
        raise Refused(
            f"there is no user {team.manager} to manage {slug}",
            hint=f"see `pipecli user list`, or add them with `pipecli user add {team.manager}`",
        )
    return Change(
        settings.with_(teams={**settings.teams, slug: team}), f"add team {slug}", "settings-changed"
    )
