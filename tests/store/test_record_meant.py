"""docs/references.md: each line of its tables is what the resolver answers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipecli.errors import Ambiguous
from pipecli.records.kinds import CONTACT, CUSTOMER, LEAD, OPPORTUNITY, QUOTATION, Kind
from pipecli.store.pipeline import NotFound, Pipeline
from pipecli.store.record_meant import Care, record_meant
from tests.conftest import copied

PAGE = Path(__file__).resolve().parents[2] / "docs" / "references.md"
COMMANDS: dict[str, tuple[Care, tuple[Kind, ...]]] = {
    "opp show": (Care.LIKELY, (OPPORTUNITY,)),
    "opp lost": (Care.ONLY, (OPPORTUNITY,)),
    "quote show": (Care.LIKELY, (QUOTATION,)),
    "contact show": (Care.LIKELY, (CONTACT,)),
    "contact remove": (Care.WHOLE, (CONTACT,)),
    "customer show": (Care.LIKELY, (CUSTOMER,)),
    "customer remove": (Care.WHOLE, (CUSTOMER,)),
    "activity add": (Care.LIKELY, (LEAD, OPPORTUNITY)),
    "history": (Care.LIKELY, ()),
}


def table(heading: str) -> Iterator[list[str]]:
    """The rows of the page's table with this first heading."""
    (text,) = re.findall(rf"^\| {heading} \|.*\n\| ---.*\n((?:\|.*\n)+)", PAGE.read_text(), re.MULTILINE)
    for line in text.splitlines():
        yield [cell.strip() for cell in line.strip("|").split("|")]


DEAL = """\
id: {id}
created: 2026-11-02T10:00:00+01:00
title: {title}
type: sales
customer: {customer}
process: standard
stage: qualify
status: {status}
owner: {owner}
currency: EUR
"""


@pytest.fixture(scope="module")
def pipeline(founded: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """The pipeline of the page."""
    root = copied(founded, tmp_path_factory.mktemp("references") / "contoso")
    files = {
        "customers/nordwind.yaml": "id: nordwind\nname: Nordwind GmbH\n",
        "customers/cancity.yaml": "id: cancity\nname: Cancity\n",
        "customers/kaffa.yaml": "id: kaffa\nname: Café Kaffa\n",
        "customers/acme-nuts.yaml": "id: acme-nuts\nname: Acme Nuts\n",
        "customers/cancan-2.yaml": "id: cancan-2\nname: Cancan\n",
        "customers/nuts.yaml": "id: nuts\nname: Pecan Ltd\n",
        "customers/grinders-and-co.yaml": "id: grinders-and-co\nname: Grinders & Co\n",
        "contacts/maria-lopez.yaml": "id: maria-lopez\nname: María López\ncustomer: cancity\n"
        "emails: [maria@cancity.example]\nphones: [+34 600 123 456]\n",
        "leads/2026/11/LEAD-M8A77-cancity.yaml": "id: LEAD-M8A77\ncreated: 2026-11-01T10:00:00+01:00\n"
        "status: converted\nname: María López\norganization: Cancity\nemail: maria@cancity.example\n"
        "converted: {date: 2026-11-02, customer: cancity, opportunities: [OPP-7K3M9]}\n",
        "quotations/2026/11/QTN-9HT4B-cancity.yaml": "id: QTN-9HT4B\nopportunity: OPP-7K3M9\n"
        "created: 2026-11-03T10:00:00+01:00\ndate: 2026-11-03\nvalid_until: 2026-12-03\nstatus: draft\n"
        "customer: cancity\ncontact: maria-lopez\ncurrency: EUR\nitems:\n- description: Espresso\n"
        "  quantity: 1\n  unit_price: 10\n",
    }
    for key, title, customer, status, owner in table("Deal"):
        text = DEAL.format(id=key, title=title, customer=customer, status=status, owner=owner)
        if key == "OPP-7K3M9":
            text += "lead: LEAD-M8A77\ncontacts:\n- contact: maria-lopez\n"
        if key == "OPP-V0A11":
            text = text.replace("currency:", "shared_with: [ana-ruiz]\ncurrency:")
        if status == "won":
            text += "closed: {date: 2026-11-10, amount: 10}\n"
        if status == "lost":
            text += "closed: {date: 2026-11-10, reason: price}\n"
        files[f"opportunities/2026/11/{key}-of-the-page.yaml"] = text
    for name, text in files.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    opened = Pipeline.find(root)
    assert opened.index.faults() == []
    yield opened
    opened.close()


@pytest.mark.parametrize(("command", "typed", "answer"), [tuple(row[:3]) for row in table("Command")])
def test_each_line_of_the_page(pipeline, command, typed, answer):
    care, kinds = COMMANDS[command]
    try:
        found = record_meant(pipeline, typed, *kinds, care=care, me=lambda: ("ana-ruiz", None)).key
    except NotFound:
        found = "none"
    except Ambiguous as question:
        keys = [key for _, key in question.candidates]
        assert all(key in str(question) for key in keys)
        found = ", ".join(keys)
        if care is not Care.LIKELY:
            found = f"refused: {found}"
    assert found == answer


def test_nobody_is_asked_who_they_are_where_one_record_fits(pipeline):
    def who():
        raise AssertionError("git is asked for a name, which takes a process")

    assert record_meant(pipeline, "foyers", OPPORTUNITY, me=who).key == "OPP-CAN42"


def test_who_is_no_user_has_the_open_before_the_closed(pipeline):
    assert record_meant(pipeline, "oven", OPPORTUNITY).key == "OPP-V0A11"
    with pytest.raises(Ambiguous, match="is 2 records"):
        record_meant(pipeline, "espresso", OPPORTUNITY)


def test_what_is_not_there_has_its_likeliest_and_a_word_on_short_starts(pipeline):
    with pytest.raises(NotFound, match=r"did you mean Foyers of four cinemas \(OPP-CAN42\)"):
        record_meant(pipeline, "Foyer of for cinemas", OPPORTUNITY)
    with pytest.raises(NotFound, match=r"did you mean Nordwind GmbH \(nordwind\)"):  # the customer of a deal
        record_meant(pipeline, "norwind", OPPORTUNITY, LEAD)
    with pytest.raises(NotFound, match=r"did you mean .*Pecan Ltd \(nuts\)"):  # a slug is a name, too
        record_meant(pipeline, "nutz", CUSTOMER)
    with pytest.raises(NotFound, match=r"see `pipecli opportunity list`"):  # a random id is like no other
        record_meant(pipeline, "OPP-7K3M8", OPPORTUNITY)
    with pytest.raises(NotFound, match=r"no opportunity matches.*has 3 characters or more"):
        record_meant(pipeline, "7k", OPPORTUNITY)
    for start in ("zzz", "zzzz"):  # three are enough to be the start of an id
        with pytest.raises(NotFound, match=r"see `pipecli opportunity list`"):
            record_meant(pipeline, start, OPPORTUNITY)
    with pytest.raises(NotFound, match=r"no record matches.*each noun's `list`"):
        record_meant(pipeline, "zzzz")


def test_a_careful_verb_says_what_it_asks_for(pipeline):
    with pytest.raises(Ambiguous, match=r"this takes a whole id or a name$"):
        record_meant(pipeline, "7k3m", OPPORTUNITY, care=Care.ONLY)
    with pytest.raises(Ambiguous, match=r"this takes a whole id or a whole name, of a namesake its id$"):
        record_meant(pipeline, "acme", CUSTOMER, care=Care.WHOLE)
