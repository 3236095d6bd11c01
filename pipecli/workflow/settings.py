"""Changes of the settings, `rename` included: none takes a name away that is in use, or brings one without
meaning.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from shlex import quote
from typing import Any, NamedTuple

from pipecli.records.base import Plain, Record
from pipecli.records.catalogue import Literature
from pipecli.records.compare_names import name_key
from pipecli.records.emails_and_phones import email_key, users_by_address
from pipecli.records.references import Reference, references, relinked
from pipecli.records.settings import Settings, Team, User
from pipecli.wording import a, count, first_of
from pipecli.workflow import Change, Refused
from pipecli.workflow.customer import refuse_unreachable
from pipecli.workflow.opportunity.advance import fault_of_requirement


class WordList(NamedTuple):
    """A list of the settings whose words records use."""

    key: str
    what: str
    field: str
    """The field of a record that has the word, dotted: `closed.reasons`."""


WORDS = {
    "lost-reason": WordList("lost_reasons", "reason for losing", "closed.reasons"),
    "disqualify-reason": WordList("disqualify_reasons", "reason to disqualify", "disqualified.reason"),
    "source": WordList("sources", "source", "source"),
    "type": WordList("opportunity_types", "type of opportunity", "type"),
}
_PRINCIPALS = ("user", "team", "principal")
"""Users and teams have one set of slugs between them."""


def rename_in_settings(
    settings: Settings, what: str, old: str, new: str, records: Sequence[Record]
) -> Change:
    """Rename `old` to `new` in the settings and in `records`, which are all that use it.

    A stage is named `process/stage` in `old`, and alone in `new`.
    """
    if (old.rpartition("/")[2] if what == "stage" else old) == new:
        raise Refused(f"it is {new} already")
    if what in WORDS:
        after = _with_word(settings, WORDS[what], old, new, is_used=bool(records))
    elif what == "stage":
        after = _with_stage(settings, old, new)
    else:
        after = _with_principal(settings, what, old, new)
    own = [record for record in records if not _is_for_others(record, settings, old)]
    rewritten = tuple(_in_record(record, what, old, new) for record in own)
    changed = f"{count(len(rewritten), 'record')} changed"
    return Change(
        after,
        f"rename {what} {old} → {new}",
        "renamed",
        also=rewritten,
        notes=(changed, *_conditions_to_look_at(after, old.rpartition("/")[2])),
    )


def _is_for_others(record: Record, settings: Settings, old: str) -> bool:
    """True for a document of a stage that other processes have too, and keep."""
    process, _, stage = old.partition("/")
    return record.noun == "literature" and any(
        slug != process and every.position(stage) is not None for slug, every in settings.processes.items()
    )


class EarlierWords:
    """The words that `settings rename` made others, by what they were called before."""

    def __init__(self, renames: Iterable[tuple[str, str, str]]) -> None:
        """`renames` are what was renamed from what to what, as `settings rename` has it, oldest first."""
        self._today: dict[tuple[str, str], str] = {}
        for what, old, new in renames:
            place, slash, _ = old.rpartition("/") if what == "stage" else ("", "", "")
            former, today = (what, _word_key(old)), f"{place}{slash}{new}"
            as_old = [known for known, name in self._today.items() if (known[0], _word_key(name)) == former]
            self._today |= dict.fromkeys([*as_old, former], today)

    def of_today(self, what: str, word: str, known: Iterable[str] = ()) -> str:
        """The word as it is called now; one that is among the `known` is meant as it stands."""
        today = self._today.get((what, _word_key(word)))
        return word if today is None or _word_key(word) in map(_word_key, known) else today

    def stage_of_today(self, process: str, stage: str, settings: Settings) -> str:
        """The id of a stage as it is called now; one that the process has is meant as it stands."""
        stages = settings.processes[process].stages if process in settings.processes else ()
        if not self._today or any(stage.casefold() in (own.id, own.label.casefold()) for own in stages):
            return stage
        return self.of_today("stage", f"{process}/{stage}").removeprefix(f"{process}/")

    def in_record(self, plain: Plain, settings: Settings) -> Plain:
        """A record with the stage, the type, the source and the reasons of today."""
        if not self._today:
            return plain
        plain = dict(plain)
        for slug in [plain["process"]] if "process" in plain else settings.processes:
            if "stage" in plain:
                plain["stage"] = self.stage_of_today(slug, plain["stage"], settings)
        for what, (key, _, field) in WORDS.items():
            section, _, name = field.rpartition(".")
            part = dict(plain.get(section) or {}) if section else plain
            if words := part.get(name):
                several = [words] if isinstance(words, str) else words
                renamed = dict.fromkeys(self.of_today(what, word, getattr(settings, key)) for word in several)
                part[name] = next(iter(renamed)) if isinstance(words, str) else [*renamed]
                plain |= {section: part} if section else {}
        return plain

    def have(self, name: str) -> bool:
        """True of one that was renamed, whatever it was: a stage in any process, a user, a reason."""
        key = _word_key(name)
        return any(key == (of if what != "stage" else of.rpartition("/")[2]) for what, of in self._today)


def _word_key(word: str) -> str:
    """A word for comparing; a stage's is `process/stage`."""
    return "/".join(map(name_key, word.split("/")))


# In the settings


def _with_word(settings: Settings, word: WordList, old: str, new: str, *, is_used: bool) -> Settings:
    known: tuple[str, ...] = getattr(settings, word.key)
    if old not in known:
        if not is_used:
            raise Refused(f"{old} isn't {a(word.what)}", hint=f"there are {', '.join(known) or 'none'}")
        if known and new not in known:
            raise Refused(f"{new} isn't {a(word.what)}", hint=f"there are {', '.join(known)}")
        after = settings
    elif new in known:
        raise Refused(
            f"{new} is a {word.what} already",
            hint=f"to join the two, take {old} out of {word.key} first, and rename it then",
        )
    else:
        after = settings.with_(**{word.key: _swapped(known, old, new)})
    if word.key == "lost_reasons" and settings.auto_close.reason == old:
        after = after.with_(auto_close=settings.auto_close.with_(reason=new))
    return after


def _with_stage(settings: Settings, old: str, new: str) -> Settings:
    slug, _, stage = old.partition("/")
    process = settings.processes.get(slug)
    place = process.position(stage) if process else None
    if process is None or place is None:
        known = [f"{name}/{stage.id}" for name, every in settings.processes.items() for stage in every.stages]
        raise Refused(f"unknown stage {old}", hint=f"there are {', '.join(known)}")
    if process.position(new) is not None:
        raise Refused(f"{slug} has a stage {new} already", hint="choose another name")
    stages = tuple(
        own.with_(id=new, name=_name_after(own.name, stage, new)) if own.id == stage else own
        for own in process.stages
    )
    return settings.with_(processes={**settings.processes, slug: process.with_(stages=stages)})


def _with_principal(settings: Settings, what: str, old: str, new: str) -> Settings:
    known: dict[str, Any] = settings.users if what == "user" else settings.teams
    if old not in known:
        raise Refused(f"unknown {what} {old}", hint=f"there are {', '.join(known) or 'none'}")
    refuse_taken(settings, new)
    rekeyed = {new if slug == old else slug: value for slug, value in known.items()}
    if what == "team":  # a person is called as ever
        rekeyed[new] = rekeyed[new].with_(name=_name_after(rekeyed[new].name, old, new))
    return relinked(settings.with_(**{f"{what}s": rekeyed}), _PRINCIPALS, old, new)


def _name_after(name: str | None, old: str, new: str) -> str | None:
    """What people read: in the new id's words where it was in the old one's, else as somebody chose it."""
    return {old: new, _in_words(old): _in_words(new)}.get(name or "", name)


def _in_words(slug: str) -> str:
    return slug.replace("-", " ").capitalize()


def _conditions_to_look_at(settings: Settings, old: str) -> list[str]:
    """The SQL conditions that name the old word: they are a person's to change."""
    return [
        f"{path} names '{old}': look at it in pipecli.yaml"
        for path, _, condition in settings.conditions()
        if f"'{old}'" in condition
    ]


# In the records


def _in_record(record: Record, what: str, old: str, new: str) -> Record:
    if what in WORDS:
        section, _, field = WORDS[what].field.rpartition(".")
        part = getattr(record, section) if section else record
        value = getattr(part, field)
        renamed: Record = part.with_(
            **{field: _swapped(value, old, new) if isinstance(value, tuple) else new}
        )
        return record.with_(**{section: renamed}) if section else renamed
    if what != "stage":
        return relinked(record, _PRINCIPALS, old, new)
    if isinstance(record, Literature):
        return record.with_(stages=_swapped(record.stages, old.partition("/")[2], new))
    return record.with_(stage=new)


def _swapped(words: Iterable[str], old: str, new: str) -> tuple[str, ...]:
    """The words with `new` in the place of `old`, each once."""
    return tuple(dict.fromkeys(new if word == old else word for word in words))


_MOST_NAMED = 5


class SettingsName(NamedTuple):
    """A user, a team, a process, or a stage as `process/stage`."""

    noun: str
    key: str


class DroppedWord(NamedTuple):
    what: str
    """The kind of word, as `settings rename` calls it: lost-reason."""
    word: str


def change_settings(
    before: Settings,
    after: Settings,
    summary: str,
    *,
    used_by: Mapping[SettingsName, Sequence[str]],
    price_lists: Collection[str],
    words_left: Mapping[DroppedWord, int] | None = None,
) -> Change:
    """The settings as they were set.

    `used_by` tells for each of `dropped_names` which records name it, `words_left` for each of
    `dropped_words` how many have it. What was wrong before may stay so: it is for `check` to tell.
    """
    for name, users in used_by.items():
        if users:
            _refuse_in_use(name, users)
    for slug in after.users.keys() & after.teams.keys() - (before.users.keys() & before.teams.keys()):
        raise Refused(f"{slug} would be a user and a team", hint="choose another slug for one of them")
    for slug, parent in after.looping_teams.items():
        if slug not in before.looping_teams and before.teams.get(slug) != after.teams[slug]:
            raise Refused(
                f"the team {slug} would belong to itself, through {parent}",
                hint=f"give it another parent, or none: pipecli team set {slug} parent=",
            )
    if before.auto_close.reason != after.auto_close.reason:
        require_auto_close_reason(after)
    refuse_unreachable(after.company, before.company)
    for slug, user in after.users.items():
        refuse_unreachable(user, before.users.get(slug))
    _refuse_unmeetable(before, after)
    known = set(references(before))
    for reference in map(Reference._make, references(after)):
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


def users_leaving(before: Settings, after: Settings) -> list[str]:
    """The users who were active, and no longer are."""
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
                f"pipecli settings rename {what} {quote(word)} NEW"
            )


def _refuse_unmeetable(before: Settings, after: Settings) -> None:
    """Refuse a stage that asks for what no opportunity has, where it did not ask for it before."""

    def requirements(settings: Settings) -> Iterator[tuple[str, str]]:
        for process in settings.processes.values():
            for stage in process.stages:
                yield from ((stage.id, wanted) for wanted in stage.requires)

    known = {wanted for _, wanted in requirements(before)}
    for stage, wanted in requirements(after):
        if wanted not in known and (fault := fault_of_requirement(stage, wanted)):
            raise Refused(fault)


def _left_to_do(before: Settings, after: Settings) -> Iterator[str]:
    """The next thing to set: the list of reasons may go before the one of them that auto-close gives."""
    reason = after.auto_close.reason
    if reason in before.lost_reasons and after.closes_for_unlisted_reason:
        yield (
            f"auto_close.reason is {reason}, which lost_reasons lists no more: nothing closes by itself "
            "until you choose one: pipecli settings set auto_close.reason=…"
        )


def dropped_names(before: Settings, after: Settings) -> list[SettingsName]:
    """The names that are gone, which no record may use."""
    kept = set(after.names())
    return [SettingsName(*name) for name in before.names() if name not in kept]


def _refuse_in_use(name: SettingsName, users: Sequence[str]) -> None:
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
    raise Refused(f"{reference.field}: unknown {_what(reference)} {reference.key}", hint=hint)


def _what(reference: Reference) -> str:
    return {"principal": "user or team", "price-list": "price list"}.get(reference.noun, reference.noun)


def add_user(settings: Settings, slug: str, user: User) -> Change:
    """Add a user to the settings."""
    refuse_taken(settings, slug)
    refuse_unreachable(user)
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
            f"unknown user {team.manager} to manage {slug}",
            hint=f"see `pipecli user list`, or add them with `pipecli user add {team.manager}`",
        )
    return Change(
        settings.with_(teams={**settings.teams, slug: team}), f"add team {slug}", "settings-changed"
    )


def refuse_taken(settings: Settings, slug: str) -> None:
    """Refuse a name that a user or a team has."""
    for what, names in (("user", settings.users), ("team", settings.teams)):
        if slug in names:
            raise Refused(
                f"there is a {what} {slug} already",
                hint=f"change it with `pipecli {what} set {slug} …`, or choose another slug",
            )


def require_auto_close_reason(settings: Settings) -> None:
    """Refuse a reason for closing by itself that the settings don't list, where they list any."""
    if settings.closes_for_unlisted_reason:
        raise Refused(
            f"auto_close.reason: {settings.auto_close.reason} isn't one of lost_reasons: "
            f"{', '.join(settings.lost_reasons)}",
            hint="give one of those: pipecli settings set auto_close.reason=…, or add yours to the list",
        )
