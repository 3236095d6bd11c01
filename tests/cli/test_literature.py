"""`literature`: documents by product and stage, offered for a deal, remembered once sent."""

from __future__ import annotations

import json

import pytest


@pytest.fixture
def library(shop, cli, root, once):
    """Four documents: for a product and a stage of the deal, for its product, for its stage, for any deal."""

    def build() -> None:
        (root / "literature").mkdir()
        (root / "literature/cafe.pdf").write_bytes(b"%PDF")
        cli("literature", "add", "company", "--title", "Who we are", "--url", "https://contoso.example")
        cli("literature", "add", "closing", "--title", "How we deliver", "--url", "https://contoso.example/d",
            "--stage", "propose")  # fmt: skip
        cli("literature", "add", "grinding", "--title", "On grinding", "--url", "https://contoso.example/g",
            "--product", "grinder", "--stage", "commit")  # fmt: skip
        cli("literature", "add", "brochure", "--title", "Café S-100", "--file", "literature/cafe.pdf",
            "--product", "cafe-s-100", "--stage", "propose")  # fmt: skip

    once(build)


def offered(cli) -> list[str]:
    return cli("literature", "suggest", "2q8", "--format", "ids").out.split()


def test_a_document_is_a_file_of_the_pipeline_or_an_address(library, cli, root):
    assert (root / "literature/brochure.yaml").read_text().endswith(
        "title: Café S-100\nfile: literature/cafe.pdf\nproducts:\n- cafe-s-100\nstages:\n- propose\n"
    )  # fmt: skip
    assert cli("literature", "list").out.splitlines()[2:] == [
        "brochure  Café S-100      cafe-s-100  propose  literature/cafe.pdf",
        "closing   How we deliver              propose  https://contoso.example/d",
        "company   Who we are                           https://contoso.example",
        "grinding  On grinding     grinder     commit   https://contoso.example/g",
    ]


def test_what_fits_best_is_offered_first(library, cli):
    cli("product", "add", "cup", "--name", "Cup")
    cli("literature", "add", "cups", "--title", "Cups", "--url", "https://x.example", "--product", "cup",
        "--stage", "propose")  # fmt: skip
    cli("literature", "add", "start", "--title", "Start", "--url", "https://x.example", "--stage", "qualify")

    assert offered(cli) == ["brochure", "grinding", "closing", "company"]
    first = json.loads(cli("literature", "suggest", "2q8", "--format", "json").out)[0]
    assert first == {
        "id": "brochure",
        "title": "Café S-100",
        "products": ["cafe-s-100"],
        "stage": "propose",
        "place": "literature/cafe.pdf",
    }


def test_what_was_sent_goes_to_the_end_and_says_when(library, cli):
    cli("--today", "2026-11-21T10:00:00", "literature", "send", "brochure", "2q8")

    assert offered(cli) == ["grinding", "closing", "company", "brochure"]
    assert cli("literature", "suggest", "2q8").out.splitlines()[-1].split()[-2:] == [
        "2026-11-21",
        "literature/cafe.pdf",
    ]


def test_sending_is_an_email_that_went_out(library, cli, given, root, git):
    cli("opp", "set", "2q8", "contacts.maria-lopez.primary=yes")

    said = cli(
        "--today",
        "2026-11-21T10:00:00",
        "literature",
        "send",
        "brochure",
        "espresso",
        "--note",
        "As promised",
    )

    assert said.out == "OPP-2Q8XA Espresso machines: send Café S-100\n"
    text = (root / "opportunities/2026/OPP-2Q8XA-espresso-machines.yaml").read_text()
    activity = text.partition("activities:\n")[2].splitlines()
    assert activity[0].startswith("- id: ")
    assert activity[1:] == [
        "  type: email",
        "  at: 2026-11-21T10:00:00+01:00",
        "  subject: Sent Café S-100",
        "  by: ana-ruiz",
        "  direction: out",
        "  done: true",
        "  contact: maria-lopez",
        "  literature: brochure",
        "  notes: As promised",
    ]
    assert "Pipecli-Event: literature-sent" in git("log", "-1", "--format=%b")


def test_it_is_sent_to_the_contact_that_is_named(library, cli):
    cli("contact", "add", "Luis Gil")

    shown = json.loads(
        cli("literature", "send", "company", "2q8", "--contact", "luis", "--format", "json").out
    )

    assert shown["activities"][-1]["contact"] == "luis-gil"


def test_a_document_that_was_sent_stays(library, cli, refused):
    cli("literature", "send", "brochure", "2q8")
    assert "brochure can't be removed, records use it: OPP-2Q8XA" in refused(
        "literature", "remove", "brochure"
    )


def test_a_document_whose_file_is_gone_is_not_sent(library, cli, refused, root):
    (root / "literature/cafe.pdf").unlink()
    said = refused("literature", "send", "brochure", "2q8")
    assert said.startswith(
        "error: brochure: literature/cafe.pdf isn't a file of the pipeline; copy it there first"
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--file", "literature/none.pdf"), "literature/none.pdf isn't a file of the pipeline"),
        (("--file", "literature"), "literature isn't a file of the pipeline"),
        (("--file", "../cafe.pdf"), "../cafe.pdf leads out of the pipeline"),
        (("--file", "/etc/hostname"), "/etc/hostname isn't a path inside the pipeline"),
        (("--file", "C:\\cafe.pdf"), "isn't a path inside the pipeline"),
        (("--file", "literature/out.pdf"), "literature/out.pdf leads out of the pipeline"),
        (("--url", "javascript://alert"), "javascript://alert isn't a web address"),
        (("--url", "contoso.example"), "it begins with https:// or http://"),
        ((), "literature has a file or a url, one of the two"),
        (("--file", "literature/cafe.pdf", "--url", "https://x.example"), "one of the two"),
        (("--url", "https://x.example", "--product", "nope"), "unknown product nope"),
        (("--url", "https://x.example", "--stage", "nope"), "unknown stage nope; known: qualify, demo"),
    ],
)  # fmt: skip
def test_a_wrong_document_is_refused(library, refused, root, arguments, said):
    (root / "literature/out.pdf").symlink_to("/etc/hostname")
    assert said in refused("literature", "add", "new", "--title", "New", *arguments)


def test_a_slug_is_given_once(library, refused):
    said = refused("literature", "add", "company", "--title", "x", "--url", "https://x.example")
    assert said.startswith("error: literature company exists already")


def test_set_is_held_to_the_same(library, cli, refused):
    assert "unknown stage nope" in refused("literature", "set", "company", "stages=nope")
    assert "isn't a file of the pipeline" in refused("literature", "set", "brochure", "file=literature/x.pdf")
    assert (
        cli("literature", "set", "company", "stages=demo,propose").out == "company Who we are: set stages\n"
    )


def test_an_unknown_document_deal_or_contact_is_refused(library, refused):
    assert 'no literature matches "nope"' in refused("literature", "send", "nope", "2q8")
    assert 'no opportunity matches "nope"' in refused("literature", "send", "company", "nope")
    assert 'no contact matches "nope"' in refused("literature", "send", "company", "2q8", "--contact", "nope")
