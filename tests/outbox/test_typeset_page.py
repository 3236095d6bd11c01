"""HTML: what the PDF says, from the same template; whatever a template is like, no word is lost unsaid."""

from __future__ import annotations

import io
import re
import shutil
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from pipecli.errors import PipecliError
from pipecli.outbox.printed_papers import Labelled, PrintedAddress
from pipecli.outbox.typesetting import typeset
from tests.later import Later
from tests.printing import CREATED, ITEM, MARKUP, printed, template_in

pypdf = Later("pypdf")
pytestmark = pytest.mark.usefixtures("warm_calls")

VOID = {"meta", "br", "img", "hr"}
DOC = "#let doc = json(bytes(sys.inputs.document))\n"


class Reader(HTMLParser):
    """The tags, attributes and words of a page; fails on a tag that is not closed."""

    def __init__(self, page):
        super().__init__()
        self.open, self.tags, self.attributes, self.words = [], [], [], []
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.words.append(data)


def page(document, template=None, **options):
    return typeset(document, template, form="html", created=CREATED, **options).content.decode()


def words(html):
    return " ".join(" ".join(Reader(html).words).split())


@pytest.fixture
def template(tmp_path):
    return template_in(tmp_path)


def test_the_page_says_what_the_pdf_says():
    document = printed(
        stamp="Draft, not an offer",
        watermark="Draft",
        opening="Dear reader,",
        items=[ITEM, replace(ITEM, detail="pallet of forty")],
        blanks=["Lead time"],
        validity="Valid for a month.",
        terms="Net 30.\n\nSecond",
    )
    html = page(document)

    assert page(document) == html
    pdf = pypdf.PdfReader(io.BytesIO(typeset(document, created=CREATED).content)).pages[0].extract_text()
    on_paper = re.sub(r"\u200b|Page 1 of 1", "", pdf).split()
    assert sorted(set(words(html).casefold().split()) ^ {word.casefold() for word in on_paper}) == ["–"]
    assert [word for word in Reader(html).words if word.strip()][:2] == [
        "Quotation QTN-A1111 – Contoso",
        "Draft",
    ]


def test_markup_prints_as_itself():
    html = page(
        printed(
            id=MARKUP[1],
            items=[replace(ITEM, description=text, detail=text) for text in MARKUP],
            customer=PrintedAddress(MARKUP[0], MARKUP, MARKUP[1]),
            company=PrintedAddress(MARKUP[2], MARKUP),
            terms="\n".join([*MARKUP, "o\x00n\x85e\x7f t\ufdd0wo"]),  # which HTML may not hold
        )
    )

    read = Reader(html)
    assert not {"script", "img", "a", "link", "iframe"} & set(read.tags)
    assert not [name for name, _ in read.attributes if name.startswith("on") or name in ("src", "href")]
    said = words(html)
    for text in MARKUP:
        assert said.count(" ".join(text.split())) >= 5
    assert "one two" in said


def test_persian_runs_from_right_to_left():
    html = page(printed("fa", customer=PrintedAddress("فروشگاه قهوهٔ تهران", [])))

    assert '<html lang="fa" dir="rtl">' in html
    assert "<bdi>فروشگاه قهوهٔ تهران</bdi>" in html
    assert 'counter(page, persian) " از "' in html


def test_the_logo_is_in_the_page(tmp_path):
    (tmp_path / "logo.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')

    html = page(printed(), logo=tmp_path / "logo.svg")

    assert [value[:26] for name, value in Reader(html).attributes if name == "src"] == [
        "data:image/svg+xml;base64,"
    ]


PAPER = """
#set page(paper: "a4", margin: (x: 2cm))
#align(right, text(20pt)[#doc.company.name])
#v(1cm) #line(length: 100%)
#let cells = doc.items.map(item => (item.description, item.amount)).flatten()
#grid(columns: (1fr, auto), grid.header[Item][Sum], ..cells)
#place(bottom, rect[Placed]) #pad(1cm)[Padded] #stack(2pt, [One], 1fr, [Two]) #columns(2)[Columns]
#rotate(5deg)[Turned] #table(columns: 2)[A][B]
"""


def test_a_template_that_knows_paper_only_loses_no_word(template):
    done = typeset(printed("fa"), template(DOC + PAPER), form="html", created=CREATED)

    html = done.content.decode()
    said = "Contoso Item Sum Café S-100 4,373.25 Placed Padded One Two Columns Turned A B"
    assert (words(html), done.sheet) == (said, "")
    assert '<html dir="rtl" lang="en">' in html
    assert (
        '<div style="display: grid; gap: 0 1.5em; grid-template-columns: repeat(2, auto)"><div>Item</div>'
        in html
    )
    assert "Content-Security-Policy" in html


def test_what_stands_on_every_sheet_is_left_out_and_said(template):
    own = template('#let a = 1\n#set page(\n  paper: "a5",\n  header: [Ours],\n)\nText')

    assert typeset(printed(), own, form="html", created=CREATED).sheet == "templates/own.typ:2"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "\n#layout(size => [x])",
            "own.typ:2: typst has no layout in HTML; write it differently where target()",
        ),
        (
            'Hi\n#set page(paper: "a5")\nMore',
            "own.typ:2: page configuration is not allowed inside of containers; set",
        ),
        ('Hi\n#read("../secret.txt")', 'own.typ:2: path `"../secret.txt"` would escape'),
        ('\n#import "@preview/cetz:0.3.0": *', "own.typ:2: a template can't import a package"),
        ("#let x = 0\n#while x < 1 { x = x * 1 }", "own.typ:2: loop seems to be infinite"),
        ('#html.elem("script", "alert(1)")', "own.typ makes a page with an element <script>"),
    ],
)
def test_a_template_that_may_not_is_refused_as_for_paper(template, text, said):
    with pytest.raises(PipecliError, match=re.escape(f"templates/{said}")):
        page(printed(), template(text))


CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
TOO_WIDE = """() => [document.documentElement, ...document.querySelectorAll("td, th, dd, dt, p, div")]
    .filter(each => each.scrollWidth > each.clientWidth + 1).map(each => each.outerHTML.slice(0, 80))"""


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")
def test_nothing_overflows_and_nothing_runs_in_a_browser(tmp_path):
    from playwright.sync_api import sync_playwright

    huge = "3,000,000,000,000.00"
    long = ["w" * 500, "Very long " * 50, "قهوه " * 100, "☕👩‍💻" * 60, "<script>alert(1)</script>" * 20]
    file = tmp_path / "quote.html"
    file.write_text(
        page(
            printed(
                items=[replace(ITEM, description=each, unit_price=huge, amount=huge) for each in long],
                company=PrintedAddress(long[1], long),
                customer=PrintedAddress(long[3], long, long[0]),
                sums=[Labelled("Net", f"€{huge}")],
                terms="\n".join(long),
                watermark="Superseded",
            )
        ),
        encoding="utf-8",
    )
    heard = []
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"],
        )
        tab = chromium.new_page()
        for event in ("console", "dialog", "pageerror", "request"):
            tab.on(event, lambda what: heard.append(what))
        tab.goto(file.as_uri())
        for width in (1200, 720, 390):
            tab.set_viewport_size({"width": width, "height": 900})
            assert tab.evaluate(TOO_WIDE) == []
        chromium.close()
    assert [each.url for each in heard] == [file.as_uri()]
