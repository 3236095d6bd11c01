"""`supplier-quotation render`: a supplier is told what we want, not for whom nor at what price."""

from __future__ import annotations

import pytest

from tests.later import Later
from tests.records_given import OPP

pypdf = Later("pypdf")

pytestmark = pytest.mark.usefixtures("shop", "warm_calls")

SECRETS = ("Contoso Coffee", "contoso-coffee", "María", "OPP-", "Espresso machines", "2499", "2,499", "4,998")


@pytest.fixture
def asked(cli):
    cli("supplier", "set", "acme", "address=Via Po 1", "language=en")
    options = (
        "--supplier",
        "acme",
        "--answer-by",
        "2026-11-28",
        "--notes",
        "For Contoso Coffee",
        "--format",
        "ids",
    )
    return cli("supplier-quote", "new", OPP, *options).id


def test_a_supplier_is_sent_what_is_wanted_and_no_more(cli, asked, tmp_path, git):
    head = git("rev-parse", "HEAD")
    pdf = tmp_path / "request.pdf"

    said = cli("supplier-quote", "render", asked, "--output", str(pdf))

    assert (said.out, said.err) == ("", f"{asked} is in {pdf}\n")
    assert git("rev-parse", "HEAD") == head
    on_paper = " ".join(" ".join(page.extract_text() for page in pypdf.PdfReader(pdf).pages).split())
    on_page = cli("supplier-quote", "render", asked, "--output", "-").out
    for text in (on_paper, on_page):
        for wanted in (
            "Contoso",
            "Acme",
            "Via Po 1",
            asked,
            "28 November 2026",
            "Café S-100",
            "2 unit",
            "Lead time",
        ):
            assert wanted in text
        for secret in SECRETS:
            assert secret not in text
    assert not any(secret in str(pypdf.PdfReader(pdf).metadata) for secret in SECRETS)


def test_it_is_in_the_language_of_the_supplier(cli, asked):
    cli("supplier", "set", "acme", "language=es")

    assert "<h1>Solicitud de oferta</h1>" in cli("supplier-quote", "render", asked, "-o", "-").out


def test_their_answer_does_not_change_what_was_asked(cli, asked):
    before = cli("supplier-quote", "render", asked, "-o", "-").out
    cli("supplier-quote", "receive", asked, "--price", "1=990", "--price", "2=77")

    assert cli("supplier-quote", "render", asked, "-o", "-").out == before


def test_a_request_that_is_not_there_is_refused(refused, tmp_path):
    assert "SQ-00000" in refused("supplier-quote", "render", "SQ-00000", "-o", str(tmp_path / "request.pdf"))
