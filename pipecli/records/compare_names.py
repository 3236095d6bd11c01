"""Names as people compare them (in capitals, without accents, from another keyboard), and words of the
settings by id or name: a stage, a user, a team, a reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pipecli.errors import PipecliError
from pipecli.wording import first_of

# What Arabic and Persian keyboards type differently for the same letter, and digits of both.
_LETTERS = str.maketrans(
    "يىكةۀە۰۱۲۳۴۵۶۷۸۹٠١٢٣٤٥٦٧٨٩",
    "ییکههه01234567890123456789",
    # Joiners, direction marks and the stretched line are hardly seen, and so not always typed.
    "\u200c\u200d\u200e\u200f\u0640",
)


def folded(text: str) -> str:
    """Text for comparing: without case, accents and marks, Arabic letters as Persian types them."""
    if text.isascii():
        return text.casefold()
    import unicodedata  # few texts need it

    plain = unicodedata.normalize("NFKD", text.translate(_LETTERS)).translate(_LETTERS)
    return "".join([char for char in plain if not unicodedata.combining(char)]).casefold()


def name_key(name: str) -> str:
    """The key that two spellings of one name share: its letters and digits, without punctuation.

    Never empty: a name without letters is its own key.
    """
    return "".join([char for char in folded(name) if char.isalnum()]) or name.strip()


_UNSPACED = "\u0e00"
"""From Thai on, scripts write words without a space between them; any place may begin one."""


def typed_words(text: str) -> list[str]:
    """The words of what a person typed, as `begins_words` compares them: folded, no signs around them."""
    return [_trimmed(word) for word in folded(text).split()]


def _trimmed(word: str) -> str:
    """A word without signs around it; one of signs alone, such as a picture, as it is."""
    signs = "".join([char for char in word if not char.isalnum()])
    return word.strip(signs) or word


def begins_words(words: Sequence[str], text: str) -> bool:
    """True if each of the typed words begins a word of the text: `can` begins Cancity, and not Vulcan."""
    plain = folded(text)
    return all(_begins_one(word, plain) for word in words)


def _begins_one(word: str, plain: str) -> bool:
    place = plain.find(word)
    while place > 0 and plain[place - 1].isalnum() and word[0].isalnum() and word[0] < _UNSPACED:
        place = plain.find(word, place + 1)
    return place >= 0


# Words that say what form a company has, not which one it is.
_LEGAL_FORMS = frozenset(
    "sa sl slu sau sll sc sas sarl srl spa snc gmbh ag kg ug ohg ltd limited inc incorporated llc llp plc "
    "pty corp corporation co company cia compania sociedad anonima limitada bv nv oy ab as aps pjsc "
    "شرکت سهامی خاص عام".split()
)


def name_words(name: str) -> list[str]:
    """The words of a name without its legal form: `Contoso Coffee, S.L.` as contoso, coffee."""
    words = re.findall(r"\w+", folded(name).replace(".", "").replace("_", " "))
    return [word for word in words if word not in _LEGAL_FORMS] or words


def is_of_firm(name: str) -> bool:
    """True for a name with a word for a legal form, `Hermanos Muñoz S.L.`: nobody is called so."""
    return not _LEGAL_FORMS.isdisjoint(folded(name).replace(".", "").split()[1:])


def may_be_one_person(one: str, other: str) -> bool:
    """True where the words of one name begin those of the other, in any order: `Lopez, M.` and María López.

    However their letters are written: `Lukasz` and Łukasz, `Juergen` and Jürgen. An address for a name is
    nobody else's name, and `????` nobody's.
    """
    if "@" in one + other or name_key(one) == name_key(other):
        return True
    from slugify import slugify

    names = (re.sub("(?<=[aou])e", "", slugify(name)).split("-") for name in (one, other))
    fewer, more = sorted(names, key=len)
    for word in fewer:
        same = next((known for known in more if known.startswith(word) or word.startswith(known)), None)
        if not (same and word):
            return False
        more.remove(same)
    return True


_MOST_OFFERED = 3
_RESEMBLING = 85.0


def similar_names(name: str, names: Mapping[str, str]) -> list[str]:
    """The keys of `names` that resemble `name`, the closest first, whatever legal form and order of words."""
    from rapidfuzz import fuzz, process

    close = process.extract(
        " ".join(name_words(name)),
        {key: " ".join(name_words(known)) for key, known in names.items()},
        scorer=fuzz.token_set_ratio,
        score_cutoff=_RESEMBLING,
        limit=_MOST_OFFERED,
    )
    return [key for _, _, key in close]


FEWEST_DIGITS = 6
"""Of a telephone number: fewer don't tell one person from another."""


def digits_of(text: str) -> str:
    """The digits of a telephone number as it was typed, without zeros in front; empty for other text."""
    number = folded(text).strip()
    digits = "".join([char for char in number if char.isdigit()])
    is_number = len(digits) >= FEWEST_DIGITS and not any(char not in "+()-./ 0123456789" for char in number)
    return digits.lstrip("0") if is_number else ""


def same_number(digits: str, number: str) -> bool:
    """True if a telephone number ends as the typed digits do: with or without its country's code."""
    other = digits_of(number)
    return bool(digits and other) and (other.endswith(digits) or digits.endswith(other))


Names = Mapping[str, Sequence[str]]
"""By the id of each: what else people call it."""
_MOST_SHOWN = 12
_MOST_LIKELY = 2
_LIKE = 65
"""Percent of the letters."""
_ABOUT = 8
"""What is this much less like than the likeliest is not what was meant."""


def chosen_id(
    word: str,
    known: Names,
    fault: str,
    *,
    hint: str = "known: {known}",
    error: type[PipecliError] = PipecliError,
) -> str:
    """The id that a person means by it or by a name, without regard to case, accents and signs.

    Raises `error` with `fault`, the likeliest ones, and a `hint` in which `{known}` stands for all there are.
    """
    fits = fitting(word, known)
    if len(fits) == 1:
        return fits[0]
    if fits:
        raise error(
            f'"{word}" is {len(fits)} of them: {listed_ids(fits, known)}',
            hint="name one in full",
            code="ambiguous",
        )
    close = _similar(word, known)
    likely = f"did you mean {listed_ids(close, known, ' or ')}? " if close else ""
    way = likely + hint.replace("{known}", listed_ids(known, known) or "none")
    raise error(fault, hint=way.rstrip(), code="not-found")


def all_chosen(word: str, known: Names, fault: str) -> list[str]:
    """The ids of one name: several processes may have a stage that is called so. Raises PipecliError."""
    fits = fitting(word, known)
    names = {name_key(known[id_][0]) for id_ in fits if known[id_]}
    return fits if len(fits) > 1 and len(names) == 1 else [chosen_id(word, known, fault)]


def fitting(word: str, known: Names) -> list[str]:
    """The ids that a word fits: as the id, else as a whole name, else by the beginnings of words."""
    if word in known:
        return [word]
    key, words = name_key(word), typed_words(word)
    called = {id_: (id_, *names) for id_, names in known.items()}
    whole = [id_ for id_, names in called.items() if key in map(name_key, names)]
    return whole or [id_ for id_, names in called.items() if words and begins_words(words, "\n".join(names))]


def listed_ids(ids: Iterable[str], known: Names, between: str = ", ") -> str:
    """Ids, with the name of each that says more: `qualify, s2 (Negociação)`."""
    shown = [
        f"{id_} ({known[id_][0]})" if known[id_] and name_key(known[id_][0]) != name_key(id_) else id_
        for id_ in ids
    ]
    return first_of(shown, _MOST_SHOWN) if between == ", " else between.join(shown)


def own_names(words: Iterable[str]) -> Names:
    """A list of the settings whose words are their own names: sources, reasons."""
    return dict.fromkeys(words, ())


def stages_of(process: Mapping[str, Any]) -> Names:
    """The stages of a process as the settings have it written."""
    return {stage["id"]: [stage.get("name") or stage["id"]] for stage in process.get("stages", ())}


def people_of(section: Mapping[str, Mapping[str, Any]]) -> Names:
    """The users or teams of settings as they are written, by name and e-mail address."""
    return {
        slug: [entry.get("name") or slug, *filter(None, [entry.get("email"), *entry.get("emails", ())])]
        for slug, entry in section.items()
    }


def likeliest(word: str, words: Iterable[str]) -> str:
    """`did you mean amount? ` of words that are spelled much like one; empty where none is."""
    known = own_names(sorted(words))
    close = _similar(word, known)
    return f"did you mean {listed_ids(close, known, ' or ')}? " if close else ""


def _similar(word: str, known: Names) -> list[str]:
    """The ids whose id or name is spelled much alike, the likeliest first."""
    from rapidfuzz import fuzz

    typed = name_key(word)
    likeness = {
        id_: max(
            fuzz.ratio(typed, name_key(part)) for name in (id_, *names) for part in (name, *name.split())
        )
        for id_, names in known.items()
    }
    close = sorted(known, key=lambda id_: (-likeness[id_], id_))
    enough = max([_LIKE, *(likeness[id_] - _ABOUT for id_ in close[:1])])
    return [id_ for id_ in close[:_MOST_LIKELY] if likeness[id_] >= enough]


_CODE = r"\d+|[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}|(?=\w*\d)[0-9A-Za-z]{15,18}|\w+[_.:]\w*\d+|\w{0,4}\d+\w?"
"""An id of a system, no name of anybody: 4711, 005A, 005b0000001AbCdEFG, res_users.7."""


def is_code(text: str) -> bool:
    """True for an id of another system, which names nobody to a person."""
    return re.fullmatch(_CODE, text) is not None
