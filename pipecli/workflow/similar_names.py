"""Names that resemble one: what a person may have meant, offered and never taken."""

from __future__ import annotations

from collections.abc import Mapping

from pipecli.workflow.party_identity import name_words

_MOST_OFFERED = 3
_RESEMBLING = 85.0


def similar_names(name: str, names: Mapping[str, str]) -> list[str]:
    """The keys of `names` that resemble `name`, the closest first, whatever legal form and order of words."""
    from rapidfuzz import fuzz, process

    found = process.extract(
        " ".join(name_words(name)),
        {key: " ".join(name_words(known)) for key, known in names.items()},
        scorer=fuzz.token_set_ratio,
        score_cutoff=_RESEMBLING,
        limit=_MOST_OFFERED,
    )
    return [key for _, _, key in found]
