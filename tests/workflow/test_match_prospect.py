"""Which customer a prospect already is: sure signs, in their order, and what isn't a sign at all."""

from __future__ import annotations

import pytest

from pipecli.records.customer import Contact, Customer, CustomerKind
from pipecli.workflow import Refused
from pipecli.workflow.match_prospect import (
    KnownContact,
    KnownCustomer,
    Prospect,
    contact_completed,
    customer_and_contact,
    match_caller,
    match_contact,
    match_customer,
    new_customer,
)


def customer(
    id: str, name: str = "", *, email: str = "", website: str = "", person: bool = False
) -> KnownCustomer:
    return KnownCustomer(id, name or id, person, (email,) if email else (), website or None)


def matched(prospect: Prospect, *known: KnownCustomer | KnownContact) -> str | None:
    customers = [each for each in known if isinstance(each, KnownCustomer)]
    return match_customer(prospect, customers, [each for each in known if isinstance(each, KnownContact)]).id


def test_the_name_decides_before_the_domain() -> None:
    by_name, by_domain = customer("a", "Contoso"), customer("b", "Fabrikam", website="contoso.example")
    assert matched(Prospect(organization="Contoso", email="x@contoso.example"), by_domain, by_name) == "a"


@pytest.mark.parametrize("name", ["CONTOSO", "Cóntoso", "con toso", "Contoso."])
def test_one_name_in_any_spelling(name: str) -> None:
    assert matched(Prospect(organization=name), customer("a", "Contoso")) == "a"


@pytest.mark.parametrize("name", ["Contoso Coffee", "Contoso S.L.", "Contos"])
def test_a_resembling_name_is_only_offered(name: str) -> None:
    match = match_customer(Prospect(organization=name), [customer("a", "Contoso")], [])
    assert match.id is None
    assert [each.id for each in match.similar] == ["a"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://www.contoso.example/es?x=1", "contoso.example"),
        ("HTTP://Contoso.example:8080/", "www.contoso.example/shop"),
        ("https://españa.example", "xn--espaa-rta.example"),
        ("https://facebook.com/contoso/", "www.facebook.com/Contoso"),
    ],
)
def test_one_website_in_any_spelling(one: str, other: str) -> None:
    assert matched(Prospect(organization="X", website=one), customer("a", website=other)) == "a"


@pytest.mark.parametrize(
    ("theirs", "known"),
    [
        ({"website": "facebook.com/fabrikam"}, customer("a", website="facebook.com/contoso")),
        ({"website": "facebook.com"}, customer("a", website="facebook.com")),
        ({"email": "x@gmail.com"}, customer("a", email="y@gmail.com")),
        ({"email": "x@yahoo.co.uk"}, customer("a", email="y@yahoo.co.uk")),
        ({"email": "x@outlook.es"}, customer("a", website="outlook.es")),
        ({"email": "x@gmail.com"}, customer("a", website="gmail.com")),
        ({"email": "no address"}, customer("a", email="no address")),
        ({"email": "x@contoso.example"}, customer("a", email="y@contoso.example", person=True)),
        ({"website": "n/a"}, customer("a", website="n/a")),
    ],
)
def test_what_many_share_is_no_sign(theirs: dict[str, str], known: KnownCustomer) -> None:
    assert matched(Prospect(organization="Fabrikam", **theirs), known) is None


def test_the_domain_of_a_contact_is_that_of_the_customer() -> None:
    maria = KnownContact("maria", "María", "contoso", ("maria@contoso.example",))
    assert (
        matched(Prospect(name="Luis", email="luis@contoso.example"), customer("contoso"), maria) == "contoso"
    )


def test_a_contact_who_comes_from_elsewhere_does_not_bring_their_old_customer() -> None:
    maria = KnownContact("maria", "María", "contoso", ("maria@gmail.com",))
    contoso = customer("contoso", "Contoso Coffee")
    assert matched(Prospect("María", "Fabrikam", email="maria@gmail.com"), contoso, maria) is None
    assert (
        matched(Prospect("María", "Contoso Coffee SL", email="maria@gmail.com"), contoso, maria) == "contoso"
    )
    assert matched(Prospect("María", email="maria@gmail.com"), contoso, maria) == "contoso"


def test_two_with_the_same_sign_are_refused_and_named() -> None:
    with pytest.raises(Refused, match=r"Contoso could be a or b, by the same name; .*--customer"):
        matched(Prospect(organization="Contoso"), customer("a", "Contoso"), customer("b", "CONTOSO"))


def test_a_person_of_the_same_name_is_the_same_but_for_two_addresses() -> None:
    mariana = customer("m", "Mariana Reis", email="m@gmail.com", person=True)
    silent = customer("m", "Mariana Reis", person=True)
    assert matched(Prospect("Mariana Reis"), mariana) == "m"
    assert matched(Prospect("Mariana Reis", email="M@gmail.com"), mariana) == "m"
    assert matched(Prospect("Mariana Reis", email="reis@gmail.com"), silent) == "m"
    assert matched(Prospect("Mariana Reis", email="reis@gmail.com"), mariana) is None


def test_two_of_one_name_are_told_apart_by_the_website() -> None:
    known = [customer(slug, "Contoso", website=f"contoso.{slug}") for slug in ("es", "de")]
    assert matched(Prospect(organization="Contoso", website="https://contoso.de"), *known) == "de"


@pytest.mark.parametrize("website", [None, "contoso.fr"])
def test_two_of_one_name_stay_two_where_no_website_tells_them_apart(website: str | None) -> None:
    known = [customer("es", "Contoso"), customer("de", "Contoso", website="contoso.de")]
    with pytest.raises(Refused, match="Contoso"):
        matched(Prospect(organization="Contoso", website=website), *known)


def test_a_contact_by_e_mail_is_preferred_where_the_customer_is() -> None:
    here, there = (KnownContact(at, "María", at, ("m@gmail.com",)) for at in ("here", "there"))
    prospect = Prospect("María", email="M@gmail.com")
    assert match_contact(prospect, "there", [here, there]).id == "there"
    assert match_contact(prospect, "nowhere", [here, there]).id == "here"


def test_a_name_is_a_contact_only_at_its_customer() -> None:
    maria = KnownContact("maria", "María López", "contoso", ())
    assert match_contact(Prospect("maria lopez"), "contoso", [maria]).id == "maria"
    assert match_contact(Prospect("maria lopez"), "fabrikam", [maria]).id is None


def test_a_caller_is_who_has_the_address() -> None:
    maria, luis = (
        KnownContact(name, name, at, (f"{name}@b.c",)) for name, at in (("maria", "a"), ("luis", "z"))
    )
    buyer, person = match_caller("Maria@b.c", None, [customer("a"), customer("z")], [maria, luis])

    assert (buyer.id, person.id) == ("a", "maria")
    with pytest.raises(Refused, match="nobody we know"):
        match_caller("ana@b.c", None, [customer("a")], [maria, luis])
    with pytest.raises(Refused, match="María, who is at no customer"):
        match_caller(None, PHONE, [customer("a")], [calling("María", None)])
    with pytest.raises(Refused, match="could be María or Luis; name the right one with --person"):
        match_caller(None, PHONE, [customer("a")], [calling("María", "a"), calling("Luis", "a")])
    buyer, person = match_caller(None, PHONE, [customer("a")], [calling("María", "a")])
    assert (buyer.id, person.id) == ("a", "María")


PHONE = "600 100 200"


def calling(name: str, customer: str | None) -> KnownContact:
    return KnownContact(name, name, customer, (), (PHONE,))


def test_a_telephone_is_that_of_one_whose_name_may_be_theirs() -> None:
    maria = calling("María López", "contoso")
    others = [calling("María Gil", "fabrikam"), calling("Luis", "contoso")]
    prospect = Prospect("maria", phone="600100200")
    assert match_contact(prospect, "contoso", [maria, *others]).id == maria.id
    assert match_contact(prospect, "contoso", others).id is None
    assert match_contact(prospect, "contoso", [calling("María", None)]).id == "María"
    contoso = customer("contoso", "Contoso")
    assert matched(prospect, contoso, maria) == "contoso"
    assert matched(Prospect("Ana", phone=PHONE), contoso, maria) is None  # of the switchboard
    assert matched(Prospect("Ana", "Contoso Coffee", phone=PHONE), contoso, maria) == "contoso"
    alone = KnownContact("eva", "Eva", None, (), (PHONE,))
    assert matched(Prospect("Eva", phone=PHONE), contoso, alone) is None
    eva = KnownContact("eva", "Eva", "contoso", (), (PHONE,))
    assert matched(Prospect("Eva", phone=PHONE), contoso, alone, eva) == "contoso"
    assert matched(prospect, contoso, calling("María", None)) is None


def test_a_contact_that_is_known_takes_what_is_new() -> None:
    maria = Contact.model_validate({"id": "maria", "name": "María", "emails": ["m@b.c"], "phones": ["112"]})
    assert contact_completed(maria, Prospect("María", email="M@B.c", phone="112"), "a") == maria.with_(
        customer="a"
    )
    more = contact_completed(maria, Prospect("María", email="new@b.c", phone=PHONE), "a")
    assert (more.emails, len(more.phones)) == (("m@b.c", "new@b.c"), 2)
    titled = contact_completed(maria, Prospect("María", title="Buyer"), "a")
    assert contact_completed(titled, Prospect("María", title="CEO"), "b") == titled
    assert (titled.title, titled.customer) == ("Buyer", "a")


class Known(dict[tuple[type[object], str], object]):
    """Records by model and id."""

    def get(self, model, key):  # type: ignore[no-untyped-def, override]
        return self[model, key]


def test_a_prospect_nobody_knows_makes_a_customer_and_a_contact() -> None:
    ana = Prospect("Ana", "Contoso Coffee", email="ana@contoso.example")
    others = [customer("contoso", "Contoso")]
    made = customer_and_contact(ana, Known(), others, [], lambda noun, name: f"{noun}-{name[:3]}".lower())
    assert (made.customer.id, made.contact and made.contact.customer) == ("customer-con", "customer-con")
    assert made.written == (made.customer, made.contact)
    assert made.notes[0] == "new customer customer-con (Contoso Coffee)"
    assert made.notes[1].startswith("similar: contoso (Contoso); to use it: --customer contoso")


def test_a_known_prospect_makes_nothing_and_teaches_what_is_new() -> None:
    contoso = Customer(id="contoso", name="Contoso", kind=CustomerKind.ORGANIZATION)
    ana = Contact(id="ana", name="Ana", customer="contoso", emails=("ana@contoso.example",))
    known = Known({(Customer, "contoso"): contoso, (Contact, "ana"): ana})
    parties = ([customer("contoso", "Contoso")], [KnownContact("ana", "Ana", "contoso", ana.emails)])
    same = Prospect("Ana", "Contoso", email="ana@contoso.example")

    def none_new(noun: str, name: str) -> str:
        raise AssertionError(f"a new {noun} {name}")

    assert customer_and_contact(same, known, *parties, none_new)[:3] == (contoso, ana, ())
    called = customer_and_contact(same._replace(phone="600 100 200"), known, *parties, none_new)
    assert [record.key for record in called.written] == ["ana"]
    assert called.contact and called.contact.phones == ("600 100 200",)


def test_the_address_of_a_person_at_a_firm_is_not_the_firms() -> None:
    for named, email in (
        ({"name": "Ana"}, "ana@x.example"),
        ({"organization": "Contoso"}, "ana@x.example"),
        ({"name": "Ana", "organization": "Contoso"}, None),
    ):
        made = new_customer(Prospect(**named, email="ana@x.example", phone="112"), "x")
        assert (made.email, made.phone) == (email, email and "112")
