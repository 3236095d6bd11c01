"""The lead that a stranger's mail makes, and the id of a mail's activity."""

from __future__ import annotations

import pytest

from pipecli.workflow.incoming_mail import id_of_mail, organization_of


@pytest.mark.parametrize(
    ("email", "organization"),
    [
        ("maria@contoso-coffee.example", "Contoso Coffee"),
        ("maria@mail.contoso.co.uk", "Contoso"),
        ("maria@co.uk", "Co"),
        ("maria@gmail.com", None),
        ("maria@yahoo.co.uk", None),
        ("maria@xn--caf-dma.example", "Café"),
        ("maria@xn--999999999.example", "Xn 999999999"),
        ("maria@localhost", None),
        ("maria", None),
    ],
)
def test_an_organisation_is_called_as_its_domain(email, organization):
    assert organization_of(email) == organization


def test_the_same_mail_has_the_same_id_while_it_is_free():
    first = id_of_mail("<1@coffee.example>", lambda _: False)
    second = id_of_mail("<1@coffee.example>", {first}.__contains__)

    assert id_of_mail("<1@coffee.example>", lambda _: False) == first != second
    assert id_of_mail("<1@coffee.example>", {first}.__contains__) == second
