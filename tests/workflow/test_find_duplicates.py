"""Likely duplicates: which pairs are listed, how sure, and why; and how many are compared."""

from __future__ import annotations

import pytest

from pipecli.workflow.duplicates import Duplicate, LeadOrCustomer, find_duplicates
from tests.steps import steps


def party(
    id: str, person: str = "", organization: str = "", *, email: str = "", phone: str = "", website: str = ""
) -> LeadOrCustomer:
    return LeadOrCustomer(
        id,
        person=person or None,
        organization=organization or None,
        emails=[email] if email else [],
        phones=[phone] if phone else [],
        website=website or None,
    )


def found(*parties: LeadOrCustomer) -> list[Duplicate]:
    return find_duplicates(parties)


@pytest.mark.parametrize(
    ("one", "other", "why"),
    [
        (party("a", "Ana", email="Ana@x.example"), party("b", "Luis", email="ana@X.example"), ("e-mail",)),
        (party("a", "Ana", email="ana@x.example"), party("b", email="ana@x.example"), ("e-mail",)),
        (party("a", phone="+34 600 100 200"), party("b", phone="600-100-200"), ("phone",)),
        (party("a", phone="۰۹۱۲۳۴۵۶۷۸۹"), party("b", phone="+98 912 345 6789"), ("phone",)),
        (
            party("a", organization="Contoso", website="contoso.example"),
            party("b", organization="Fabrikam", email="x@contoso.example"),
            ("domain contoso.example",),
        ),
        (party("a", organization="Contoso S.L."), party("b", organization="CONTOSO"), ("same name",)),
        (
            party("a", organization="Contoso Coffee"),
            party("b", organization="Contoso Cofee"),
            ("similar name, 96 %",),
        ),
        (
            party("a", organization="Contoso"),
            party("b", organization="Contoso Coffee"),
            ("similar name, 90 %",),
        ),
        (
            party("a", organization="Coffee Contoso"),
            party("b", organization="Contoso Coffee"),
            ("similar name, 99 %",),
        ),
        (party("a", "María López"), party("b", "Lopez, Maria"), ("similar name, 99 %",)),
        (party("a", organization="فروشگاه تهران"), party("b", organization="فروشگاه  تهران"), ("same name",)),
    ],
)
def test_likely_pairs_say_why(one: LeadOrCustomer, other: LeadOrCustomer, why: tuple[str, ...]) -> None:
    (pair,) = found(one, other)
    assert (pair.first, pair.second, pair.why) == ("a", "b", why)
    assert 60 <= pair.score <= 100


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (party("a", organization="Contoso"), party("b", organization="Fabrikam")),
        (
            party("a", "Ana", "Contoso", email="a@x.example"),
            party("b", "Luis", "Contoso", email="l@x.example"),
        ),
        (party("a", "Juan García", "Contoso"), party("b", "Juan García", "Fabrikam")),
        (party("a", "Ana", email="a@gmail.com"), party("b", "Luis", email="l@gmail.com")),
        (party("a", organization="Hotel Sol"), party("b", organization="Hotel Mar")),
        (party("a", phone="112"), party("b", phone="112")),
    ],
)
def test_what_is_no_duplicate_is_not_listed(one: LeadOrCustomer, other: LeadOrCustomer) -> None:
    assert found(one, other) == []


def test_more_signs_are_surer_and_the_surest_come_first() -> None:
    pairs = found(
        party("a", organization="Contoso Coffee", phone="600 100 200"),
        party("b", organization="Contoso Cofee", phone="600 100 200"),
        party("c", organization="Fabrikam Bikes"),
        party("d", organization="Fabrikam Bikez"),
    )
    assert [(pair.first, pair.second) for pair in pairs] == [("a", "b"), ("c", "d")]
    assert pairs[0].score > pairs[1].score


def test_a_word_that_many_names_have_tells_nothing() -> None:
    hotels = [
        party(f"h{place}", organization=f"Hotel {word}")
        for place, word in enumerate(["Sol", "Mar", "Rey", "Luz"])
    ]
    assert find_duplicates([*hotels, party("x", organization="Hotel")]) == []
    assert len(find_duplicates([*hotels[:3], party("x", organization="Hotel")])) == 3


def test_of_two_thousand_few_pairs_are_compared() -> None:
    first, last = (
        "Ana Luis María Juan Sara Ali Reza Elena Pedro Lucía".split(),
        "García López Ruiz Gil Rezaei".split(),
    )
    trade, place = (
        "Café Hotel Taller Librería Bodega".split(),
        "Madrid Sevilla Tehran Shiraz Lugo Vigo Jaén".split(),
    )
    parties = [
        party(
            str(number),
            f"{first[number % 10]} {last[number % 5]}",
            f"{trade[number % 5]} {place[number % 7]} {number % 400}",
            email=f"p{number}@shop{number % 700}.example",
            phone=f"600{number:06}",
        )
        for number in range(2000)
    ]
    assert steps(lambda: find_duplicates(parties)) < 500_000  # there are two million pairs


def test_what_is_no_address_tells_nothing() -> None:
    assert party("a", "Ana", email="at the fair").signs == party("b", "Ana").signs


def test_names_speak_for_one_from_a_likeness_on_and_for_two_below_another():
    name = "abcdefghijklmnopqrstuvwxy"
    site = {"website": "contoso.example"}
    similar = name.translate(str.maketrans("agm", "zzz"))  # 22 of 25 letters
    (pair,) = found(party("a", organization=name, **site), party("b", organization=similar, **site))
    assert pair.why == ("domain contoso.example", "similar name, 88 %")
    other = name.translate(str.maketrans("agm", "zzz")) + name.translate(str.maketrans("agmt", "zzzz"))
    (pair,) = found(party("a", name * 2, phone="600100200"), party("b", other, phone="600100200"))
    assert (pair.score, pair.why) == (80, ("phone",))  # 43 of 50 letters


def test_a_sign_that_very_many_share_tells_none_of_them():
    parties = [party(f"p-{place}", phone="600100200") for place in range(101)]
    assert (len(found(*parties[1:])), found(*parties)) == (100 * 99 // 2, [])
