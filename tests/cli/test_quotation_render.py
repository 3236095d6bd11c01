"""`quotation render`: a PDF or a page, whole or not at all, and never what its name does not say."""

from __future__ import annotations

import base64
import sys

import pytest

from pipecli.extras import install_command
from tests.later import Later

pypdf = Later("pypdf")

pytestmark = pytest.mark.usefixtures("quotation", "warm_calls")

QTN = "QTN-A1111"
FILE = "quotations/2026/QTN-A1111-contoso-coffee.yaml"
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@pytest.fixture
def quotation(shop, given):
    given(
        {
            FILE: """\
id: QTN-A1111
created: 2026-11-10T09:00:00+01:00
opportunity: OPP-2Q8XA
date: 2026-11-10
valid_until: 2026-12-05
status: sent
customer: contoso-coffee
contact: maria-lopez
currency: EUR
items:
- description: Café S-100
  quantity: 2
  unit_price: 2499.00
"""
        }
    )


def letterhead(root, git, *lines):
    settings = root / "pipecli.yaml"
    text = settings.read_text().replace("  name: Contoso\n", "\n".join(["  name: Contoso", *lines, ""]))
    assert text != settings.read_text()
    settings.write_text(text)
    git("commit", "-qam", "letterhead")


def test_a_page_is_written_beside_nothing_else(cli, tmp_path, git):
    head = git("rev-parse", "HEAD")
    page = tmp_path / "quote.html"
    page.write_text("old")

    said = cli("quote", "render", QTN, "--output", str(page))

    assert (said.out, said.err) == ("", f"{QTN} is in {page}\n")
    html = page.read_text(encoding="utf-8")
    assert html.startswith("<!DOCTYPE html>")
    assert "Contoso Coffee" in html
    assert "María López" in html
    assert "4.998,00\xa0€" in html
    assert git("rev-parse", "HEAD") == head
    assert cli("quote", "render", QTN, "--output", "-").out == html


def text_of(pdf):
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(pdf).pages)


def test_the_same_quotation_gives_the_same_pdf(cli, tmp_path, git):
    head = git("rev-parse", "HEAD")
    pdf, again = tmp_path / "quote.pdf", tmp_path / "again.PDF"

    said = cli("quote", "render", QTN, "--output", str(pdf))
    cli("quote", "render", QTN, "--output", str(again))

    assert (said.out, said.err) == ("", f"{QTN} is in {pdf}\n")
    assert pdf.read_bytes() == again.read_bytes()
    text = text_of(pdf)
    assert "Contoso Coffee" in text
    assert "María López" in text
    assert "4.998,00 €" in text.replace("\xa0", " ")
    assert git("rev-parse", "HEAD") == head


@pytest.mark.parametrize("package", ["typst", "babel"])
def test_without_the_extra_a_document_is_refused(refused, monkeypatch, tmp_path, package):
    monkeypatch.setitem(sys.modules, package, None)

    for output in (tmp_path / "quote.pdf", tmp_path / "quote.html", "-"):
        line = refused("quote", "render", QTN, "--output", str(output))
        assert line == (
            "error: documents need typst and babel, which are not installed; " + install_command("pdf")
        )
    assert not list(tmp_path.glob("quote.*"))


def test_what_cannot_be_written_is_refused(refused, tmp_path):
    for name in ("quote.docx", "quote", ".pdf"):
        line = refused("quote", "render", QTN, "--output", str(tmp_path / name))
        assert "only .pdf and .html can be written; name it " in line
    for name in ("quote.pdf", "quote.html"):
        line = refused("quote", "render", QTN, "--output", str(tmp_path / "nowhere" / name))
        assert f"the directory {tmp_path / 'nowhere'} does not exist" in line
    (tmp_path / "quote.pdf").mkdir()
    assert "is a directory" in refused("quote", "render", QTN, "--output", str(tmp_path / "quote.pdf"))


def test_what_was_there_stays_when_the_template_is_refused(refused, root, given, git, tmp_path):
    named(root, given, git, "#let = 3\n")
    for file in (tmp_path / "quote.pdf", tmp_path / "quote.html"):
        file.write_text("the last one")

        line = refused("quote", "render", QTN, "-o", str(file))

        assert "templates/quotation.typ:1: expected pattern" in line
        assert file.read_text() == "the last one"
    assert sorted(each.name for each in tmp_path.iterdir() if each.is_file()) == ["quote.html", "quote.pdf"]


def named(root, given, git, text, file="quotation.typ"):
    """A template of the pipeline, and its name in the settings."""
    given({"templates/quotation.typ": text})
    settings = root / "pipecli.yaml"
    written = settings.read_text().replace("  # template: quotation.typ", f"  template: {file}")
    assert written != settings.read_text()
    settings.write_text(written)
    git("commit", "-qam", "template")


def test_a_template_of_the_pipeline_is_taken(cli, root, given, git, tmp_path):
    named(root, given, git, "#let doc = json(bytes(sys.inputs.document))\nOurs: #doc.id, #doc.total.text")

    cli("quote", "render", QTN, "-o", str(tmp_path / "quote.pdf"))

    assert text_of(tmp_path / "quote.pdf").replace("\xa0", " ") == f"Ours: {QTN}, 4.998,00 €"
    assert f"<body><p>Ours: {QTN}, 4.998,00\xa0€</p></body>" in cli("quote", "render", QTN, "-o", "-").out


def test_what_a_page_leaves_out_is_said(cli, root, given, git):
    named(root, given, git, "#set page(header: [Ours])\nOurs")

    assert cli("quote", "render", QTN, "-o", "-").err == (
        "templates/quotation.typ:1: HTML has no sheets: what `set page` puts on each of them is left out\n"
    )


def test_the_template_of_pipecli_is_a_beginning(cli, root, given, git, tmp_path):
    named(root, given, git, cli("quote", "template").out)

    cli("quote", "render", QTN, "-o", str(tmp_path / "quote.pdf"))

    assert "Contoso Coffee" in text_of(tmp_path / "quote.pdf")


def test_a_template_that_is_missing_is_named_with_the_way_to_one(refused, root, given, git, tmp_path):
    named(root, given, git, "x", file="other.typ")

    line = refused("quote", "render", QTN, "-o", str(tmp_path / "quote.pdf"))

    assert "the file templates/other.typ is missing" in line
    assert "pipecli quote template > templates/other.typ" in line


@pytest.mark.parametrize("file", ["link.typ", "../pipecli.yaml", "../../secret.typ"])
def test_a_template_from_elsewhere_is_refused(refused, root, given, git, tmp_path, file):
    (tmp_path / "secret.typ").write_text("secret")
    named(root, given, git, "x", file=file)
    (root / "templates/link.typ").symlink_to(root / "templates/quotation.typ")

    line = refused("quote", "render", QTN, "-o", str(tmp_path / "quote.pdf"))

    assert "leads elsewhere" in line or "leads out of the pipeline" in line


def test_a_revision_says_which_it_is_and_what_it_replaces(cli, given, root, tmp_path):
    first = (root / FILE).read_text().replace("status: sent", "status: superseded")
    second = first.replace(QTN, "QTN-B2222").replace(
        "status: superseded", f"revision_of: {QTN}\nstatus: draft"
    )
    given({FILE: first, "quotations/2026/QTN-B2222-contoso-coffee.yaml": second})

    cli("quote", "render", "QTN-B2222", "-o", str(tmp_path / "b.pdf"))
    cli("quote", "render", QTN, "-o", str(tmp_path / "a.pdf"))

    new, old = text_of(tmp_path / "b.pdf"), text_of(tmp_path / "a.pdf")
    assert "Revisión 2" in " ".join(new.split())
    assert f"Sustituye a {QTN}" in " ".join(new.split())
    assert "Borrador, no es una oferta" in new
    assert "Sustituido por QTN-B2222" in " ".join(old.split())
    assert "ya no es una oferta" in old


def test_an_order_is_written_too(cli, tmp_path):
    cli("quote", "accept", QTN)
    order = cli("order", "new", QTN, "--format", "ids").id

    cli("order", "render", order, "-o", str(tmp_path / "order.pdf"))

    text = " ".join(text_of(tmp_path / "order.pdf").split())
    assert "Pedido" in text
    assert f"Presupuesto {QTN}" in text
    assert "Pedido" in cli("order", "render", order, "-o", "-").out


def test_without_an_output_it_is_a_matter_of_usage(cli):
    said = cli("quote", "render", QTN, code=2)

    assert "--output" in said.err
    assert said.out == ""


def test_the_logo_is_in_the_page_and_in_the_pdf(cli, root, git, tmp_path):
    (root / "templates").mkdir()
    (root / "templates/logo.png").write_bytes(PIXEL)
    letterhead(root, git, "  logo: templates/logo.png")
    pdf = tmp_path / "q.pdf"

    html = cli("quote", "render", QTN, "--output", "-").out

    assert f'<img src="data:image/png;base64,{base64.b64encode(PIXEL).decode()}"' in html
    assert cli("quote", "render", QTN, "--output", str(pdf)).err == f"{QTN} is in {pdf}\n"
    assert "/Image" in [each["/Subtype"] for each in objects(pdf)]


def objects(pdf):
    """The images and the like of the first page."""
    return [
        each.get_object() for each in pypdf.PdfReader(pdf).pages[0]["/Resources"].get("/XObject", {}).values()
    ]


def test_a_logo_that_is_no_image_is_said_and_left_out(cli, root, git, tmp_path):
    (root / "logo.png").write_text("no image")
    letterhead(root, git, "  logo: logo.png")

    said = cli("quote", "render", QTN, "--output", str(tmp_path / "q.pdf"))

    assert "company.logo: logo.png can't be read as an image; the document is without it" in said.err
    assert "Contoso Coffee" in text_of(tmp_path / "q.pdf")


@pytest.mark.parametrize(
    ("logo", "word"),
    [
        ("templates/missing.png", "the file templates/missing.png is missing"),
        ("pipecli.yaml", "pipecli.yaml isn't one of .png"),
    ],
)
def test_a_logo_that_cannot_be_used_is_said(cli, root, git, logo, word):
    letterhead(root, git, f"  logo: {logo}")

    said = cli("quote", "render", QTN, "--output", "-")

    assert word in said.err
    assert "<img" not in said.out


def test_a_logo_outside_the_pipeline_is_not_read(refused, root, git, tmp_path):
    (tmp_path / "secret.png").write_bytes(PIXEL)
    (root / "logo.png").symlink_to(tmp_path / "secret.png")
    letterhead(root, git, "  logo: logo.png")

    assert "leads out of the pipeline" in refused("quote", "render", QTN, "--output", "-")


def test_a_page_as_the_quotation_stood(cli, given, root, git):
    given({FILE: (root / FILE).read_text().replace("2499.00", "1999.00")})

    assert "3.998,00\xa0€" in cli("quote", "render", QTN, "--output", "-").out
    assert "4.998,00\xa0€" in cli("quote", "render", QTN, "--output", "-", "--as-of", "HEAD~1").out
