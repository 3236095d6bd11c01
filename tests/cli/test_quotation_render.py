"""`quotation render`: a page in a file or on stdout, and never a file that is not what its name says."""

from __future__ import annotations

import base64

import pytest

pytestmark = pytest.mark.usefixtures("quotation")

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

    said = cli("quote", "render", QTN, "--output", str(page))

    assert (said.out, said.err) == ("", f"{QTN} is in {page}\n")
    html = page.read_text(encoding="utf-8")
    assert html.startswith("<!DOCTYPE html>")
    assert "Contoso Coffee" in html
    assert "María López" in html
    assert "4,998.00 EUR" in html
    assert git("rev-parse", "HEAD") == head


def test_a_page_goes_to_stdout(cli, tmp_path):
    page = tmp_path / "quote.html"
    cli("quote", "render", QTN, "-o", str(page))

    assert cli("quote", "render", QTN, "--output", "-").out == page.read_text(encoding="utf-8")


def test_rendering_again_replaces_the_page(cli, tmp_path):
    page = tmp_path / "quote.htm"
    page.write_text("old")

    cli("quote", "render", QTN, "--output", str(page))

    assert "old" not in page.read_text(encoding="utf-8")


def test_a_pdf_is_refused_with_the_page_as_the_way_out(refused, tmp_path):
    line = refused("quote", "render", QTN, "--output", str(tmp_path / "quote.pdf"))

    assert "PDF comes with the documents extra" in line
    assert line.endswith(f"pipecli quote render {QTN} --output {tmp_path / 'quote.html'}")
    assert not list(tmp_path.glob("quote.*"))


@pytest.mark.parametrize("name", ["quote.docx", "quote"])
def test_other_forms_are_refused(refused, tmp_path, name):
    line = refused("quote", "render", QTN, "--output", str(tmp_path / name))

    assert f"only .html can be written; name it {tmp_path / 'quote.html'}, or - for stdout" in line


def test_a_directory_that_does_not_exist_is_named(refused, tmp_path):
    assert "nowhere/quote.html: No such file" in refused(
        "quote", "render", QTN, "--output", str(tmp_path / "nowhere/quote.html")
    )


def test_without_an_output_it_is_a_matter_of_usage(cli):
    said = cli("quote", "render", QTN, code=2)

    assert "--output" in said.err
    assert said.out == ""


def test_the_logo_is_in_the_page(cli, root, git):
    (root / "templates").mkdir()
    (root / "templates/logo.png").write_bytes(PIXEL)
    letterhead(root, git, "  logo: templates/logo.png")

    html = cli("quote", "render", QTN, "--output", "-").out

    assert f'src="data:image/png;base64,{base64.b64encode(PIXEL).decode()}"' in html


@pytest.mark.parametrize(
    ("logo", "word"),
    [
        ("templates/missing.png", "there is no file templates/missing.png"),
        ("pipecli.yaml", "pipecli.yaml is none of .png"),
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

    assert "3,998.00 EUR" in cli("quote", "render", QTN, "--output", "-").out
    assert "4,998.00 EUR" in cli("quote", "render", QTN, "--output", "-", "--as-of", "HEAD~1").out
